#include "sim/trace.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

/* FNV-1a, by words of 64 bits. */
static void mix(struct trace *trace, uint64_t word)
{
    trace->hash = (trace->hash ^ word) * 0x100000001b3;
    trace->hash ^= trace->hash >> 29; /* so that high bits count too */
}

/* The same on every machine. */
static void mix_bytes(struct trace *trace, const uint8_t *bytes, size_t size)
{
    uint64_t word = 0;
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        mix(trace, be64toh(word));
    }
    word = 0;
    for (size_t i = 0; i < size; i++)
        word = word << 8 | bytes[i];
    if (size > 0)
        mix(trace, word);
}

void trace_begin(struct trace *trace, FILE *file, uint64_t seed)
{
    trace->file = file;
    trace->hash = 0xcbf29ce484222325;
    mix(trace, seed);
    if (file)
        fprintf(file, "{\"seed\":%" PRIu64 "}\n", seed);
}

/* What is written. */

static const char *const message_names[XY_KIND_END] = {
    [XY_HELLO] = "hello",     [XY_WELCOME] = "welcome", [XY_BEAT] = "beat", [XY_CHANGE] = "change",
    [XY_REQUEST] = "request", [XY_REPLY] = "reply",     [XY_PACE] = "pace", [XY_STOP] = "stop"};
static const char *const operation_names[XY_OPERATION_END] = {"",     "create", "remove",
                                                              "exec", "ping",   "cancel"};
static const char *const change_names[XY_CHANGE_END] = {"", "lost", "back", "gone"};

static void write_message(FILE *file, const xy_message *message)
{
    fprintf(file, ",\"message\":\"%s\"", message_names[message->kind]);
    if (message->kind == XY_REQUEST)
        fprintf(file, ",\"operation\":\"%s\"", operation_names[message->code]);
    if (message->kind == XY_CHANGE)
        fprintf(file, ",\"change\":\"%s\"", change_names[message->code]);
    if (message->kind == XY_REQUEST || message->kind == XY_REPLY)
        fprintf(file, ",\"request\":%" PRIu64, message->request);
    if (message->kind == XY_REPLY)
        fprintf(file, ",\"status\":\"%s\"", xylem_strerror(message->status));
    if (message->kind == XY_REQUEST || message->kind == XY_CHANGE || message->kind == XY_HELLO)
        fprintf(file, ",\"id\":%" PRId64 ",\"incarnation\":%" PRIu64, message->id,
                message->incarnation);
    if (message->kind == XY_PACE || message->kind == XY_WELCOME)
        fprintf(file, ",\"interval_ms\":%" PRId64, message->value);
}

static void write_begin(FILE *file, int64_t now_us, uint64_t node, const char *key,
                        const char *what)
{
    fprintf(file, "{\"us\":%" PRId64 ",\"life\":%" PRIu64 ",\"%s\":\"%s\"", now_us, node, key,
            what);
}

/* What happens. */

static void write_event(FILE *file, int64_t now_us, uint64_t node, const xy_event *event,
                        bool forged)
{
    static const char *const names[] = {
        [XY_EVENT_OPEN] = "open",           [XY_EVENT_TICK] = "tick",
        [XY_EVENT_FRAME] = "frame",         [XY_EVENT_BORN] = "born",
        [XY_EVENT_STILLBORN] = "stillborn", [XY_EVENT_EXITED] = "exited",
        [XY_EVENT_WORKED] = "worked",       [XY_EVENT_UNSENT] = "unsent"};
    xy_message message;
    write_begin(file, now_us, node, "event", names[event->kind]);
    if (event->kind == XY_EVENT_FRAME) {
        fprintf(file, ",\"from\":%" PRIu64 "%s", event->peer, forged ? ",\"forged\":true" : "");
        if (xy_message_decode(&message, event->bytes, event->size))
            write_message(file, &message);
    } else if (event->kind == XY_EVENT_WORKED || event->kind == XY_EVENT_UNSENT) {
        fprintf(file, ",\"request\":%" PRIu64, event->request);
    } else if (event->kind != XY_EVENT_OPEN && event->kind != XY_EVENT_TICK) {
        fprintf(file, ",\"child\":%" PRIu64, event->peer);
    }
    fputs("}\n", file);
}

void trace_event(struct trace *trace, int64_t now_us, uint64_t node, const xy_event *event,
                 bool forged)
{
    mix(trace, (uint64_t)now_us);
    mix(trace, node << 8 | (uint64_t)event->kind << 1 | forged);
    mix(trace, event->peer);
    mix(trace, event->request << 8 | (uint64_t)event->status);
    mix_bytes(trace, event->bytes, event->size);
    if (trace->file)
        write_event(trace->file, now_us, node, event, forged);
}

static void write_action(FILE *file, int64_t now_us, uint64_t node, const xy_action *action)
{
    static const char *const names[] = {
        [XY_ACTION_SEND] = "send",     [XY_ACTION_START] = "start",   [XY_ACTION_KILL] = "kill",
        [XY_ACTION_WORK] = "work",     [XY_ACTION_STOP] = "stop",     [XY_ACTION_REPLY] = "reply",
        [XY_ACTION_NOTICE] = "notice", [XY_ACTION_FORGET] = "forget", [XY_ACTION_FAULT] = "fault",
        [XY_ACTION_CANCEL] = "cancel"};
    const xy_message *message = &action->message;
    write_begin(file, now_us, node, "action", names[action->kind]);
    if (action->kind == XY_ACTION_SEND)
        fprintf(file, ",\"to\":%" PRIu64, action->peer);
    if (action->kind == XY_ACTION_SEND)
        write_message(file, message);
    else if (action->kind == XY_ACTION_REPLY)
        fprintf(file, ",\"request\":%" PRIu64 ",\"status\":\"%s\"", message->request,
                xylem_strerror(message->status));
    else if (action->kind == XY_ACTION_NOTICE)
        fprintf(file, ",\"id\":%" PRId64 ",\"available\":%s", message->id,
                message->value ? "true" : "false");
    else if (action->kind == XY_ACTION_START || action->kind == XY_ACTION_KILL)
        fprintf(file, ",\"child\":%" PRIu64, action->peer);
    else if (action->kind == XY_ACTION_FORGET || action->kind == XY_ACTION_FAULT)
        fprintf(file, ",\"incarnation\":%" PRIu64, message->incarnation);
    fputs("}\n", file);
}

void trace_action(struct trace *trace, int64_t now_us, uint64_t node, const xy_action *action)
{
    const xy_message *message = &action->message;
    mix(trace, node << 8 | (uint64_t)action->kind << 1 | action->lossy);
    mix(trace, action->peer ^ message->incarnation << 32);
    mix(trace, message->request << 16 | (uint64_t)message->status << 8 | message->kind);
    mix(trace, (uint64_t)message->id ^ (uint64_t)message->value << 32);
    if (trace->file)
        write_action(trace->file, now_us, node, action);
}

void trace_ended(struct trace *trace, int64_t now_us, uint64_t node, xy_end end)
{
    static const char *const names[] = {[XY_END_STOPPED] = "stopped",
                                        [XY_END_KILLED] = "killed",
                                        [XY_END_CRASHED] = "crashed",
                                        [XY_END_EARLY] = "ended early",
                                        [XY_END_ORPHANED] = "orphaned"};
    mix(trace, node << 8 | (uint64_t)end);
    if (!trace->file)
        return;
    write_begin(trace->file, now_us, node, "end", names[end]);
    fputs("}\n", trace->file);
}

void trace_command(struct trace *trace, int64_t now_us, uint64_t request, const xy_command *command)
{
    static const char *const names[] = {
        [XY_COMMAND_CREATE] = "create",  [XY_COMMAND_REMOVE] = "remove",
        [XY_COMMAND_EXEC] = "exec",      [XY_COMMAND_PING] = "ping",
        [XY_COMMAND_PACE] = "heartbeat", [XY_COMMAND_WAIT] = "wait",
        [XY_COMMAND_FAULT] = "fault",    [XY_COMMAND_CLOSE] = "close",
        [XY_COMMAND_CANCEL] = "cancel"};
    mix(trace, (uint64_t)now_us);
    mix(trace, request << 8 | (uint64_t)command->kind);
    if (!trace->file)
        return;
    write_begin(trace->file, now_us, XY_PARENT, "command", names[command->kind]);
    fprintf(trace->file, ",\"request\":%" PRIu64 ",\"id\":%" PRId64 ",\"value\":%" PRId64 "}\n",
            request, command->id, command->value);
}

void trace_fault(struct trace *trace, int64_t now_us, uint64_t node, const char *fault,
                 int64_t for_us)
{
    mix(trace, (uint64_t)now_us);
    mix(trace, node ^ (uint64_t)for_us << 20);
    if (!trace->file)
        return;
    write_begin(trace->file, now_us, node, "fault", fault);
    fprintf(trace->file, ",\"for_us\":%" PRId64 "}\n", for_us);
}
