#include "sim/trace_write.h"

#include <inttypes.h>

#include "core/chunks.h"

static const char *const message_names[XY_KIND_END] = {
    [XY_HELLO] = "hello",       [XY_WELCOME] = "welcome", [XY_HEARTBEAT] = "heartbeat",
    [XY_INTERVAL] = "interval", [XY_REPORT] = "report",   [XY_CHANGE] = "change",
    [XY_REQUEST] = "request",   [XY_REPLY] = "reply",     [XY_CAST] = "cast",
    [XY_MERGED] = "merged",     [XY_ASK] = "ask",         [XY_STATE] = "state",
    [XY_CHUNK] = "chunk"};
static const char *const operation_names[XY_OPERATION_END] = {
    "", "expect", "let-go", "exec", "recall", "ping", "cancel", "answered", "stream", "taken"};
static const char *const change_names[XY_CHANGE_END] = {"", "silent", "back"};
static const char *const signals[] = {"", "kill", "pause", "resume"};
static const char *const notices[] = {"unavailable", "available", "adopted", "restarted",
                                      "retired"};

void xy_trace_write_begin(FILE *file, int64_t now_us, uint64_t node, const char *key,
                          const char *what)
{
    fprintf(file, "{\"us\":%" PRId64 ",\"life\":%" PRIu64 ",\"%s\":\"%s\"", now_us, node, key,
            what);
}

static void write_peer(FILE *file, const char *key, const xy_peer *peer)
{
    static const char *const roles[] = {
        [XY_STRANGER] = "stranger", [XY_PARENT] = "parent", [XY_CHILD] = "child"};
    fprintf(file, ",\"%s\":\"%s\",\"link\":%" PRIu64, key, roles[peer->role], peer->link.number);
}

static void write_message(FILE *file, const xy_message *message)
{
    fprintf(file, ",\"message\":\"%s\"", message_names[message->kind]);
    if (message->kind == XY_REQUEST)
        fprintf(file, ",\"operation\":\"%s\"", operation_names[message->code]);
    if (message->kind == XY_CHANGE)
        fprintf(file, ",\"change\":\"%s\",\"about\":%" PRIu64, change_names[message->code],
                message->link.number);
    if (message->kind == XY_REQUEST && message->code == XY_LET_GO)
        fprintf(file, ",\"about\":%" PRId64, message->value);
    if (message->kind == XY_REQUEST || message->kind == XY_REPLY || message->kind == XY_CAST ||
        message->kind == XY_MERGED || message->kind == XY_CHUNK)
        fprintf(file, ",\"request\":%" PRIu64, message->number.request);
    if (message->kind == XY_ASK)
        fprintf(file, ",\"ask\":%" PRIu64, message->number.request);
    if (message->kind == XY_REPLY)
        fprintf(file, ",\"status\":\"%s\"", xylem_strerror(message->status));
    if (message->kind == XY_STATE || message->kind == XY_CHUNK)
        fprintf(file, ",\"number\":%" PRId64, message->value);
    if (message->kind == XY_REQUEST || message->kind == XY_CHANGE || message->kind == XY_HELLO ||
        message->kind == XY_ASK || message->kind == XY_STATE || message->kind == XY_CHUNK)
        fprintf(file, ",\"id\":%" PRId64 ",\"target\":%" PRIu64, message->id, message->life.number);
    if (message->kind == XY_INTERVAL || message->kind == XY_WELCOME)
        fprintf(file, ",\"interval_ms\":%" PRId64 ",\"version\":%" PRIu64, message->value,
                message->number.request);
}

static void write_frame(FILE *file, const xy_event *event, bool forged)
{
    xy_message message;
    write_peer(file, "from", &event->message.from);
    if (forged)
        fputs(",\"forged\":true", file);
    if (xy_message_decode(&message, event->message.frame, event->message.size))
        write_message(file, &message);
}

/* A request past the tree. */
static void write_told(FILE *file, const uint8_t *frame, size_t size)
{
    xy_message message;
    if (xy_message_decode(&message, frame, size))
        write_message(file, &message);
}

static void write_request(FILE *file, xy_number request, int status)
{
    fprintf(file, ",\"request\":%" PRIu64 ",\"status\":\"%s\"", request.request,
            xylem_strerror(status));
}

static void write_chunk(FILE *file, const xy_chunk *chunk)
{
    fprintf(file, ",\"request\":%" PRIu64 ",\"number\":%" PRIu64, chunk->request.request,
            chunk->place);
}

static void write_target(FILE *file, xy_life life)
{
    fprintf(file, ",\"target\":%" PRIu64, life.number);
}

static void write_attachment(FILE *file, xy_life life, xy_link_number link)
{
    write_target(file, life);
    fprintf(file, ",\"link\":%" PRIu64, link.number);
}

void xy_trace_write_event(FILE *file, int64_t now_us, uint64_t node, const xy_event *event,
                          bool forged)
{
    static const char *const names[] = {
        [XY_EVENT_OPEN] = "open",         [XY_EVENT_TICK] = "tick",
        [XY_EVENT_MESSAGE] = "frame",     [XY_EVENT_UNSENT] = "unsent",
        [XY_EVENT_ATTACH] = "attach",     [XY_EVENT_END] = "end",
        [XY_EVENT_WORKED] = "worked",     [XY_EVENT_STARTED] = "started",
        [XY_EVENT_EXPECTED] = "expected", [XY_EVENT_ATTACHED] = "attached",
        [XY_EVENT_ENDED] = "ended",       [XY_EVENT_SIGNALLED] = "signalled",
        [XY_EVENT_COMBINED] = "combined", [XY_EVENT_DEFERRED] = "deferred",
        [XY_EVENT_ASKED] = "asked",       [XY_EVENT_SAVED] = "saved",
        [XY_EVENT_TOLD] = "told",         [XY_EVENT_SENT] = "sent"};
    xy_trace_write_begin(file, now_us, node, "event", names[event->kind]);
    if (event->kind == XY_EVENT_MESSAGE)
        write_frame(file, event, forged);
    else if (event->kind == XY_EVENT_UNSENT)
        write_request(file, event->unsent.request, event->unsent.status);
    else if (event->kind == XY_EVENT_WORKED)
        write_request(file, event->worked.request, event->worked.status);
    else if (event->kind == XY_EVENT_DEFERRED)
        fprintf(file, ",\"request\":%" PRIu64, event->deferred.request.request);
    else if (event->kind == XY_EVENT_ASKED)
        fprintf(file, ",\"request\":%" PRIu64 ",\"ask\":%" PRIu64, event->asked.request.request,
                event->asked.ask);
    else if (event->kind == XY_EVENT_SENT)
        write_chunk(file, event->sent.chunk);
    else if (event->kind == XY_EVENT_COMBINED)
        write_request(file, event->combined.cast, event->combined.status);
    else if (event->kind == XY_EVENT_TOLD)
        write_told(file, event->told.frame, event->told.size);
    else if (event->kind == XY_EVENT_ATTACH)
        fprintf(file, ",\"link\":%" PRIu64, event->attach.parent.link.number);
    else if (event->kind == XY_EVENT_STARTED)
        write_target(file, event->started.life);
    else if (event->kind == XY_EVENT_EXPECTED)
        write_attachment(file, event->expected.life, event->expected.link);
    else if (event->kind == XY_EVENT_ATTACHED)
        write_attachment(file, event->attached.life, event->attached.link);
    else if (event->kind == XY_EVENT_ENDED)
        write_target(file, event->ended.life);
    else if (event->kind == XY_EVENT_SIGNALLED)
        fprintf(file, ",\"request\":%" PRIu64, event->signalled.command);
    fputs("}\n", file);
}

/* Actions. */

uint64_t xy_trace_target(const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_EXPECT:
        return action->expect.life.number;
    case XY_ACTION_EXPECTED:
        return action->expected.life.number;
    case XY_ACTION_ATTACHED:
        return action->attached.life.number;
    case XY_ACTION_START:
        return action->start.life.number;
    case XY_ACTION_ATTACH:
        return action->attach.life.number;
    case XY_ACTION_END:
        return action->end.life.number;
    case XY_ACTION_KILL:
        return action->kill.life.number;
    case XY_ACTION_SIGNAL:
        return action->signal.life.number;
    case XY_ACTION_NOTICE:
        return action->notice.life.number;
    default:
        return 0;
    }
}

/* The link that an action is about, or NULL. */
static const xy_link_number *link_in(const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_EXPECT:
        return &action->expect.child.link;
    case XY_ACTION_LET_GO:
        return &action->let_go.child.link;
    case XY_ACTION_CONNECT:
        return &action->connect.parent.link;
    case XY_ACTION_DISCONNECT:
        return &action->disconnect.parent.link;
    case XY_ACTION_ATTACH:
        return &action->attach.to.parent.link;
    case XY_ACTION_EXPECTED:
        return &action->expected.link;
    case XY_ACTION_ATTACHED:
        return &action->attached.link;
    default:
        return NULL;
    }
}

/* The request that an action of a node is about, or NULL. */
static const uint64_t *request_in(const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_WORK:
        return &action->work.request.request;
    case XY_ACTION_CANCEL:
        return &action->cancel.request.request;
    case XY_ACTION_COMBINE:
        return &action->combine.cast.request;
    case XY_ACTION_TAKEN:
        return &action->taken.request;
    default:
        return NULL;
    }
}

/* What an action says besides what it is about. */
static void write_rest(FILE *file, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        write_peer(file, "to", &action->send.to);
        write_message(file, &action->send.message);
        break;
    case XY_ACTION_FORWARD:
        write_peer(file, "to", &action->forward.to);
        break;
    case XY_ACTION_TELL:
        write_told(file, action->tell.frame, action->tell.size);
        break;
    case XY_ACTION_ANSWERED:
        fprintf(file, ",\"ask\":%" PRIu64 ",\"status\":\"%s\"", action->answered.ask,
                xylem_strerror(action->answered.status));
        break;
    case XY_ACTION_NEIGHBOURS:
        fprintf(file, ",\"parent\":%" PRId64 ",\"children\":%zu", action->neighbours.parent,
                action->neighbours.count);
        break;
    case XY_ACTION_CHUNK:
        write_chunk(file, action->chunk.chunk);
        break;
    case XY_ACTION_KILL:
        fprintf(file, ",\"late\":%s", action->kill.late ? "true" : "false");
        break;
    case XY_ACTION_SIGNAL:
        fprintf(file, ",\"signal\":\"%s\"", signals[action->signal.fault]);
        break;
    case XY_ACTION_REPLY:
        write_request(file, (xy_number){.request = action->reply.command}, action->reply.status);
        break;
    case XY_ACTION_NOTICE:
        fprintf(file, ",\"id\":%" PRId64 ",\"what\":\"%s\"", action->notice.id,
                notices[action->notice.kind]);
        break;
    default:
        break;
    }
}

void xy_trace_write_action(FILE *file, int64_t now_us, uint64_t node, const xy_action *action)
{
    static const char *const names[] = {[XY_ACTION_SEND] = "send",
                                        [XY_ACTION_FORWARD] = "forward",
                                        [XY_ACTION_EXPECT] = "expect",
                                        [XY_ACTION_LET_GO] = "let-go",
                                        [XY_ACTION_CONNECT] = "connect",
                                        [XY_ACTION_DISCONNECT] = "disconnect",
                                        [XY_ACTION_WORK] = "work",
                                        [XY_ACTION_CANCEL] = "cancel",
                                        [XY_ACTION_EXPECTED] = "expected",
                                        [XY_ACTION_ATTACHED] = "attached",
                                        [XY_ACTION_STOP] = "stop",
                                        [XY_ACTION_START] = "start",
                                        [XY_ACTION_ATTACH] = "attach",
                                        [XY_ACTION_TELL] = "tell",
                                        [XY_ACTION_END] = "end",
                                        [XY_ACTION_KILL] = "kill",
                                        [XY_ACTION_SIGNAL] = "signal",
                                        [XY_ACTION_REPLY] = "reply",
                                        [XY_ACTION_NOTICE] = "notice",
                                        [XY_ACTION_ROOM] = "room",
                                        [XY_ACTION_COMBINE] = "combine",
                                        [XY_ACTION_ANSWERED] = "answered",
                                        [XY_ACTION_NEIGHBOURS] = "neighbours",
                                        [XY_ACTION_TAKEN] = "taken",
                                        [XY_ACTION_CHUNK] = "chunk"};
    xy_trace_write_begin(file, now_us, node, "action", names[action->kind]);
    if (xy_trace_target(action))
        fprintf(file, ",\"target\":%" PRIu64, xy_trace_target(action));
    if (link_in(action))
        fprintf(file, ",\"link\":%" PRIu64, link_in(action)->number);
    if (request_in(action))
        fprintf(file, ",\"request\":%" PRIu64, *request_in(action));
    write_rest(file, action);
    fputs("}\n", file);
}
