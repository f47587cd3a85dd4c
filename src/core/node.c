#include "core/node.h"

#include <string.h>

static bool tell_parent(xy_node *node, const xy_message *message, bool lossy)
{
    xy_action action = {
        .kind = XY_ACTION_SEND, .peer = XY_PARENT, .lossy = lossy, .message = *message};
    return xy_actions_push(&node->out, &action);
}

/* Upwards from this node is its parent. */
static void up(void *owner, const xy_message *message)
{
    if (tell_parent(owner, message, false))
        return;
    xy_message bare = *message; /* no memory for the payload: an answer all the same */
    bare.status = XYLEM_NO_MEMORY;
    bare.part = 0; /* nor is it a part of one */
    bare.payload_size = 0;
    tell_parent(owner, &bare, false);
}

/* How many others a step may have to answer besides. */
static size_t room_of_others(const xy_node *node)
{
    return node->desk.waiting + node->branch.pending.count + XY_BRANCH_ROOM;
}

/* Request 0 wants no reply. */
static void reply(xy_node *node, uint64_t request, int status, const void *text, size_t size)
{
    xy_message message = {.kind = XY_REPLY, .status = status, .request = request};
    size_t more = size / XY_MESSAGE_PAYLOAD_MAX;
    if (request == 0)
        return;
    if (more > 0 && !xy_actions_reserve(&node->out, more + room_of_others(node))) {
        message.status = XYLEM_NO_MEMORY;
        size = 0;
    }
    xy_parcel_send(&message, text, size, up, node);
}

/* Of what is refused in parts only the first is answered. */
static void refuse(xy_node *node, const xy_message *request, int status)
{
    if (!(request->part & XY_PART_CONTINUED))
        reply(node, request->request, status, NULL, 0);
}

static void answer(void *owner, uint64_t request, int status)
{
    reply(owner, request, status, NULL, 0);
}

bool xy_node_init(xy_node *node, const xy_birth *birth, int64_t pid)
{
    *node = (xy_node){.birth = *birth, .pid = pid, .beat_ms = XY_NEVER};
    xy_desk_init(&node->desk, birth->id, birth->incarnation, &node->out, answer, node);
    return xy_branch_init(&node->branch, birth->id, &node->out, up, node);
}

void xy_node_clear(xy_node *node)
{
    xy_desk_clear(&node->desk);
    xy_branch_clear(&node->branch);
    xy_actions_clear(&node->out);
}

/* A beat that is one of many may get lost. */
static void beat(xy_node *node, bool lossy, int64_t now_ms)
{
    int64_t interval_ms = node->branch.detector.interval_ms;
    tell_parent(node, &(xy_message){.kind = XY_BEAT, .id = node->birth.id}, lossy);
    node->beat_ms = interval_ms > 0 ? now_ms + interval_ms : XY_NEVER;
}

/* A new interval is answered by a beat at once, even if it is 0: the parent may have given up, and
 * there may be no other one. */
static void pace(xy_node *node, int64_t interval_ms, int64_t now_ms)
{
    xy_branch_pace(&node->branch, interval_ms, now_ms);
    beat(node, false, now_ms);
}

static void do_request(xy_node *node, const xy_message *request, int64_t now_ms)
{
    if (request->incarnation != node->birth.incarnation)
        refuse(node, request, XYLEM_NOT_FOUND);
    else if (request->code == XY_EXEC && request->request != 0) /* or else it is for nobody */
        xy_desk_request(&node->desk, request, now_ms);
    else if (request->code == XY_CANCEL)
        xy_desk_cancel(&node->desk, (uint64_t)request->value);
    else if (request->code == XY_PING)
        reply(node, request->request, XYLEM_OK, NULL, 0);
    else if (request->code == XY_CREATE)
        reply(node, request->request, XYLEM_EXISTS, NULL, 0);
}

static void take_request(xy_node *node, const xy_message *request, int64_t now_ms)
{
    node->desk.besides = node->branch.pending.count + XY_BRANCH_ROOM;
    node->branch.besides = node->desk.waiting;
    if (node->stopping)
        refuse(node, request, XYLEM_UNAVAILABLE);
    else if (request->id == node->birth.id)
        do_request(node, request, now_ms);
    else
        xy_branch_request(&node->branch, request, now_ms);
}

static void stop(xy_node *node, int64_t now_ms)
{
    node->stopping = true;
    xy_desk_close(&node->desk);
    xy_branch_end(&node->branch, now_ms);
}

/* A node that cannot even do that ends, which the parent hears of. */
static void say_hello(xy_node *node, int64_t now_ms)
{
    xy_message hello = {.kind = XY_HELLO,
                        .id = node->birth.id,
                        .incarnation = node->birth.incarnation,
                        .value = node->pid,
                        .payload = node->birth.secret,
                        .payload_size = XY_SECRET_SIZE};
    if (!tell_parent(node, &hello, false))
        stop(node, now_ms);
}

static void hear_parent(xy_node *node, const xy_message *message, int64_t now_ms)
{
    if (message->kind == XY_STOP) {
        stop(node, now_ms);
    } else if (message->kind == XY_WELCOME) {
        node->welcome = true;
        pace(node, message->value, now_ms);
    } else if (message->kind == XY_PACE && node->welcome) {
        pace(node, message->value, now_ms);
    } else if (message->kind == XY_REQUEST && node->welcome) {
        take_request(node, message, now_ms);
    }
}

static void hear(xy_node *node, const xy_event *event, int64_t now_ms)
{
    xy_message message;
    if (!xy_message_decode(&message, event->bytes, event->size))
        return;
    if (event->peer == XY_PARENT)
        hear_parent(node, &message, now_ms);
    else
        xy_branch_hear(&node->branch, event->peer, &message, now_ms);
}

static void worked(xy_node *node, const xy_event *event, int64_t now_ms)
{
    if (xy_desk_done(&node->desk, event->request))
        reply(node, event->request, event->status, event->bytes, event->size);
    if (!node->stopping)
        xy_desk_next(&node->desk, now_ms);
}

static void end_if_done(xy_node *node)
{
    if (!node->stopping || node->stopped || !xy_family_at_rest(&node->branch.family))
        return;
    node->stopped = true;
    xy_action action = {.kind = XY_ACTION_STOP};
    xy_actions_push(&node->out, &action);
}

void xy_node_step(xy_node *node, const xy_event *event, int64_t now_ms)
{
    switch (event->kind) {
    case XY_EVENT_OPEN:
        say_hello(node, now_ms);
        break;
    case XY_EVENT_FRAME:
        hear(node, event, now_ms);
        break;
    case XY_EVENT_WORKED:
        worked(node, event, now_ms);
        break;
    case XY_EVENT_TICK:
        if (now_ms >= node->beat_ms)
            beat(node, true, now_ms);
        xy_desk_tick(&node->desk, now_ms);
        xy_branch_event(&node->branch, event, now_ms);
        break;
    default:
        xy_branch_event(&node->branch, event, now_ms);
    }
    end_if_done(node);
}

int64_t xy_node_deadline(const xy_node *node)
{
    int64_t earliest_ms = xy_branch_deadline(&node->branch);
    int64_t work_ms = xy_desk_deadline(&node->desk);
    if (work_ms < earliest_ms)
        earliest_ms = work_ms;
    return node->beat_ms < earliest_ms ? node->beat_ms : earliest_ms;
}

static void step(void *self, const xy_event *event, int64_t now_ms)
{
    xy_node_step(self, event, now_ms);
}

static int64_t deadline(const void *self)
{
    return xy_node_deadline(self);
}

xy_machine xy_node_machine(xy_node *node)
{
    return (xy_machine){node, step, deadline, &node->out};
}
