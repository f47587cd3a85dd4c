#include "sim/trace.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "sim/trace_write.h"

/* FNV-1a, by words of 64 bits. */
static void mix(xy_trace *trace, uint64_t word)
{
    trace->hash = (trace->hash ^ word) * 0x100000001b3;
    trace->hash ^= trace->hash >> 29; /* so that high bits count too */
}

/* The same on every machine. */
static void mix_bytes(xy_trace *trace, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word = 0;
    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        mix(trace, be64toh(word));
    }
    word = 0;
    for (size_t i = 0; i < size; i++)
        word = word << 8 | at[i];
    if (size > 0)
        mix(trace, word);
}

static void mix_peer(xy_trace *trace, const xy_peer *peer)
{
    mix(trace, (uint64_t)peer->role ^ peer->link.number << 8);
    mix(trace, peer->tag);
}

static void mix_message(xy_trace *trace, const xy_message *message)
{
    uint8_t header[XY_MESSAGE_HEADER];
    xy_message alone = *message;
    alone.route_size = alone.route_offset = 0;
    alone.payload_size = 0;
    alone.body = NULL;
    xy_message_encode(&alone, header);
    mix_bytes(trace, header, sizeof header);
    mix_bytes(trace, message->body, (size_t)message->route_size + message->payload_size);
}

void xy_trace_begin(xy_trace *trace, FILE *file, uint64_t seed, const char *topology,
                    const char *repair)
{
    trace->file = file;
    trace->hash = 0xcbf29ce484222325;
    mix(trace, seed);
    mix_bytes(trace, topology, strlen(topology));
    mix_bytes(trace, repair, strlen(repair));
    if (file)
        fprintf(file, "{\"seed\":%" PRIu64 ",\"topology\":\"%s\",\"repair\":\"%s\"}\n", seed,
                topology, repair);
}

static void mix_event(xy_trace *trace, const xy_event *event)
{
    switch (event->kind) {
    case XY_EVENT_MESSAGE:
        mix_peer(trace, &event->message.from);
        mix_bytes(trace, event->message.frame, event->message.size);
        break;
    case XY_EVENT_UNSENT:
        mix(trace, event->unsent.request.request << 8 | (uint64_t)event->unsent.status);
        break;
    case XY_EVENT_ATTACH:
        mix_peer(trace, &event->attach.parent);
        break;
    case XY_EVENT_TOLD:
        mix_bytes(trace, event->told.frame, event->told.size);
        break;
    case XY_EVENT_WORKED:
        mix(trace, event->worked.request.request << 8 | (uint64_t)event->worked.status);
        mix_bytes(trace, event->worked.text, event->worked.size);
        break;
    case XY_EVENT_DEFERRED:
        mix(trace, event->deferred.request.request);
        break;
    case XY_EVENT_COMBINED:
        mix(trace, event->combined.cast.request << 8 | (uint64_t)event->combined.status);
        mix_bytes(trace, event->combined.text, event->combined.size);
        break;
    case XY_EVENT_STARTED:
        mix(trace, event->started.life.number);
        break;
    case XY_EVENT_ENDED:
        mix(trace, event->ended.life.number << 8 | (uint64_t)event->ended.cause.kind);
        break;
    case XY_EVENT_SIGNALLED:
        mix(trace, event->signalled.command << 8 | (uint64_t)event->signalled.status);
        break;
    default:
        break;
    }
}

void xy_trace_event(xy_trace *trace, int64_t now_us, uint64_t node, const xy_event *event,
                    bool forged)
{
    mix(trace, (uint64_t)now_us);
    mix(trace, node << 8 | (uint64_t)event->kind << 1 | forged);
    mix_event(trace, event);
    if (trace->file)
        xy_trace_write_event(trace->file, now_us, node, event, forged);
}

static void mix_action(xy_trace *trace, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        mix_peer(trace, &action->send.to);
        mix_message(trace, &action->send.message);
        break;
    case XY_ACTION_FORWARD:
        mix_peer(trace, &action->forward.to);
        break;
    case XY_ACTION_EXPECT:
        mix_peer(trace, &action->expect.child);
        break;
    case XY_ACTION_LET_GO:
        mix_peer(trace, &action->let_go.child);
        break;
    case XY_ACTION_CONNECT:
        mix_peer(trace, &action->connect.parent);
        break;
    case XY_ACTION_DISCONNECT:
        mix_peer(trace, &action->disconnect.parent);
        break;
    case XY_ACTION_WORK:
        mix(trace, action->work.request.request);
        mix_bytes(trace, action->work.text, action->work.size);
        break;
    case XY_ACTION_REPLY:
        mix(trace, action->reply.command << 8 | (uint64_t)action->reply.status);
        mix(trace, (uint64_t)action->reply.value);
        mix_bytes(trace, action->reply.text, action->reply.size);
        break;
    case XY_ACTION_NOTICE:
        mix(trace, (uint64_t)action->notice.id << 8 | (uint64_t)action->notice.kind);
        break;
    default:
        mix(trace, xy_trace_target(action));
    }
}

void xy_trace_action(xy_trace *trace, int64_t now_us, uint64_t node, const xy_action *action)
{
    mix(trace, node << 8 | (uint64_t)action->kind);
    mix_action(trace, action);
    if (trace->file)
        xy_trace_write_action(trace->file, now_us, node, action);
}

/* What else happens to a node: its kind, and what it is, with a number. */
static void happen(xy_trace *trace, int64_t now_us, uint64_t node, const char *key,
                   const char *what)
{
    mix(trace, (uint64_t)now_us);
    mix(trace, node);
    mix_bytes(trace, what, strlen(what));
    if (!trace->file)
        return;
    xy_trace_write_begin(trace->file, now_us, node, key, what);
    fputs("}\n", trace->file);
}

void xy_trace_started(xy_trace *trace, int64_t now_us, uint64_t node)
{
    happen(trace, now_us, node, "launcher", "starts");
}

void xy_trace_signalled(xy_trace *trace, int64_t now_us, uint64_t node, xy_fault fault)
{
    static const char *const names[] = {
        [XY_FAULT_KILL] = "kills", [XY_FAULT_PAUSE] = "pauses", [XY_FAULT_RESUME] = "resumes"};
    happen(trace, now_us, node, "launcher", names[fault]);
}

void xy_trace_ended(xy_trace *trace, int64_t now_us, uint64_t node, xy_end end)
{
    static const char *const names[] = {[XY_END_STOPPED] = "stopped",
                                        [XY_END_KILLED] = "killed",
                                        [XY_END_CRASHED] = "crashed",
                                        [XY_END_EARLY] = "ended early"};
    happen(trace, now_us, node, "end", names[end]);
}

void xy_trace_fault(xy_trace *trace, int64_t now_us, uint64_t node, const char *fault)
{
    happen(trace, now_us, node, "fault", fault);
}

void xy_trace_rest(xy_trace *trace, int64_t now_us, uint64_t node, uint64_t request, int64_t ms)
{
    mix(trace, (uint64_t)now_us);
    mix(trace, node << 8 ^ request << 32 ^ (uint64_t)ms);
    if (!trace->file)
        return;
    xy_trace_write_begin(trace->file, now_us, node, "work", "rests");
    fprintf(trace->file, ",\"request\":%" PRIu64 ",\"ms\":%" PRId64 "}\n", request, ms);
}

void xy_trace_command(xy_trace *trace, int64_t now_us, uint64_t number, const xy_command *command)
{
    static const char *const names[] = {
        [XY_COMMAND_CREATE] = "create",       [XY_COMMAND_REMOVE] = "remove",
        [XY_COMMAND_EXEC] = "exec",           [XY_COMMAND_PING] = "ping",
        [XY_COMMAND_HEARTBEAT] = "heartbeat", [XY_COMMAND_WAIT] = "wait",
        [XY_COMMAND_FAULT] = "fault",         [XY_COMMAND_CLOSE] = "close",
        [XY_COMMAND_CANCEL] = "cancel",       [XY_COMMAND_MOVE] = "move",
        [XY_COMMAND_CAST] = "cast",           [XY_COMMAND_TAKE] = "take"};
    mix(trace, (uint64_t)now_us);
    mix(trace, number << 8 | (uint64_t)command->kind);
    mix(trace, (uint64_t)command->id ^ (uint64_t)command->parent << 20);
    if (!trace->file)
        return;
    xy_trace_write_begin(trace->file, now_us, 0, "command", names[command->kind]);
    fprintf(trace->file, ",\"request\":%" PRIu64 ",\"id\":%" PRId64 ",\"value\":%" PRId64, number,
            command->id, command->value);
    if (command->kind == XY_COMMAND_CREATE || command->kind == XY_COMMAND_MOVE)
        fprintf(trace->file, ",\"parent\":%" PRId64, command->parent);
    fputs("}\n", trace->file);
}
