#include "core/node.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "core/outcomes.h"

/* What is said to the parent. */

/* The subtree's word of a child. */
static bool pass_up(void *owner, const xy_message *change, xy_queue *out)
{
    xy_node *node = owner;
    xy_action action = {.kind = XY_ACTION_SEND, .send = {.to = node->parent, .message = *change}};
    return xy_action_own(&action, NULL, change->body, change->payload_size) &&
           xy_queue_push(out, &action);
}

static xy_action reply_of(const xy_node *node, xy_number number, int status)
{
    return (xy_action){.kind = XY_ACTION_SEND,
                       .send = {.to = node->parent,
                                .message = {.kind = XY_REPLY, .status = status, .number = number}}};
}

/* A reply without a text. Number 0 wants none. Without memory there is none: the controlling node
 * gives the request up at its deadline. */
static void reply(const xy_node *node, xy_number number, int status, xy_queue *out)
{
    xy_action action = reply_of(node, number, status);
    if (number.request != 0)
        xy_queue_push(out, &action);
}

static void reply_code(const xy_node *node, xy_number number, xy_answer_kind code, xy_queue *out)
{
    xy_action action = reply_of(node, number, XYLEM_OK);
    action.send.message.code = (uint8_t)code;
    xy_queue_push(out, &action);
}

/* The request comes back unexecuted: it could not go on over this link. */
static void give_back(const xy_node *node, xy_number number, xy_link_number link, int status,
                      xy_queue *out)
{
    xy_action action = reply_of(node, number, status);
    action.send.message.code = XY_ANSWER_UNDELIVERED;
    action.send.message.link = link;
    if (number.request != 0)
        xy_queue_push(out, &action);
}

/* Of what is refused in fragments only the first is answered. */
static void refuse(const xy_node *node, const xy_message *request, int status, xy_queue *out)
{
    if (!(request->part & XY_PART_CONTINUED))
        give_back(node, request->number, request->link, status, out);
}

/* The state that belongs to an answer goes before it: its number tells the controlling node whether
 * that has come. */
static xy_action answer_of(const xy_node *node, xy_number number, int status)
{
    xy_action action = reply_of(node, number, status);
    uint64_t state = node->state.number;
    action.send.message.keep = state < UINT32_MAX ? (uint32_t)state : UINT32_MAX;
    action.send.message.id = (int64_t)xy_chunks_last(&node->chunks, number.request);
    return action;
}

/* After how long a state is sent again that could not be sent. */
enum { STATE_RETRY_MS = 10 };

static void say_state_later(xy_node *node)
{
    node->state.retry_ms = node->now_ms + STATE_RETRY_MS;
}

/* What the service has saved last. It waits for no answer: answers wait for it. */
static void say_state(xy_node *node, xy_queue *out)
{
    const xy_node_state *state = &node->state;
    xy_action action = {.kind = XY_ACTION_SEND,
                        .send = {.to = node->parent,
                                 .message = {.kind = XY_STATE,
                                             .status = state->lost ? XYLEM_NO_MEMORY : XYLEM_OK,
                                             .number = {.tag = xy_random_at(&node->birth.random,
                                                                            XY_STREAM_STATE, 0)},
                                             .id = node->birth.id,
                                             .life = node->birth.life,
                                             .value = (int64_t)state->number}}};
    if (state->number == 0)
        return;
    node->state.retry_ms = XY_NEVER;
    if (!xy_action_own(&action, NULL, state->bytes.bytes, state->bytes.size) ||
        !xy_queue_push(out, &action))
        say_state_later(node);
}

/* What is for a cast goes there, and needs no action of its own; false: it is for none. */
static bool answer_cast(xy_node *node, xy_number number, int status, const void *text, size_t size,
                        xy_queue *out)
{
    xy_cast *cast = xy_casts_find(&node->casts, number);
    if (!cast)
        return false;
    xy_queue_take_back(out, 1);
    if (cast->own > 0)
        xy_casts_own(&node->casts, cast, cast->range.from, status, text, size, out);
    return true;
}

/* The answer of a request that was taken, which has no text. */
static void answer(void *owner, xy_number number, int status, xy_queue *out)
{
    xy_node *node = owner;
    if (answer_cast(node, number, status, NULL, 0, out))
        return;
    xy_action action = answer_of(node, number, status);
    xy_answers_keep(&node->answers, number, status, NULL, 0);
    xy_queue_keep(out, &action);
}

/* Pushes all fragments of a text but the last; false when there is no memory for one. */
static bool push_fragments(xy_action *action, const uint8_t *text, size_t size, size_t *offset,
                           xy_queue *out)
{
    for (; size - *offset > XY_MESSAGE_PAYLOAD_MAX; *offset += XY_MESSAGE_PAYLOAD_MAX) {
        xy_action part = *action;
        xy_fragment_at(&part.send.message, size, *offset);
        if (!xy_action_own(&part, NULL, text + *offset, XY_MESSAGE_PAYLOAD_MAX) ||
            !xy_queue_push(out, &part))
            return false;
    }
    return true;
}

/* The same, and makes the action the last fragment, which is not pushed. */
static bool push_but_last(xy_action *action, const uint8_t *text, size_t size, xy_queue *out)
{
    size_t offset = 0;
    xy_action last = *action;
    if (!push_fragments(action, text, size, &offset, out))
        return false;
    xy_fragment_at(&last.send.message, size, offset);
    *action = last;
    return xy_action_own(action, NULL, size > 0 ? text + offset : NULL, size - offset);
}

/* What the service has answered. The last fragment keeps the promise; so does an error in its
 * place, which ends the others too. */
static void answer_with(xy_node *node, const xy_event *event, xy_queue *out)
{
    xy_number number = event->worked.request;
    if (answer_cast(node, number, event->worked.status, event->worked.text, event->worked.size,
                    out))
        return;
    xy_action action = answer_of(node, number, event->worked.status);
    xy_answers_keep(&node->answers, number, event->worked.status, event->worked.text,
                    event->worked.size);
    if (push_but_last(&action, event->worked.text, event->worked.size, out))
        xy_queue_keep(out, &action);
    else
        answer(node, number, XYLEM_NO_MEMORY, out);
}

/* An answer that was given before; its state may have been lost, too. Without memory the
 * controlling node gives the request up at its deadline. */
static void answer_again(xy_node *node, xy_number number, xy_queue *out)
{
    say_state(node, out);
    const xy_kept *kept = xy_answers_find(&node->answers, number.request);
    if (!kept) {
        reply(node, number, XYLEM_ANSWER_LOST, out);
        return;
    }
    xy_action action = answer_of(node, number, kept->status);
    if (push_but_last(&action, kept->text.bytes, kept->text.size, out))
        xy_queue_push(out, &action);
}

/* Casts. */

/* All that was asked below the node is without an answer, for one reason. */
static xy_action none_of(const xy_node *node, xy_number number, int status)
{
    xy_action action = reply_of(node, number, status);
    action.send.message.kind = XY_MERGED;
    return action;
}

static void answer_none(const xy_node *node, xy_number number, int status, xy_queue *out)
{
    xy_action action = none_of(node, number, status);
    xy_queue_push(out, &action);
}

/* A cast is over here. What the node itself has not answered is given up. */
static void cast_over(void *owner, xy_cast *cast, xy_queue *out)
{
    xy_node *node = owner;
    xy_number number = {cast->slot.request, cast->tag};
    xy_action action = none_of(node, number, XYLEM_OK);
    xy_buffer bytes = {0};
    if (cast->own > 0) {
        xy_merge_add(&cast->merge, XYLEM_UNAVAILABLE, NULL, 0, (xy_range){cast->range.from, 1});
        xy_work_queue_drop(&node->work, number.request, out);
    }
    if (!xy_merge_write(&cast->merge, &bytes) ||
        !push_but_last(&action, bytes.bytes, bytes.size, out))
        action = none_of(node, number, XYLEM_NO_MEMORY);
    xy_queue_keep(out, &action);
    xy_buffer_clear(&bytes);
}

/* Nothing that is under way is answered any more. */
static void drop_casts(xy_node *node, xy_queue *out)
{
    xy_queue_take_back(out, node->casts.table.count);
    xy_casts_clear(&node->casts);
}

/* Asks. */

static xy_action ask_of(const xy_node *node, xy_number ask, int64_t work)
{
    return (xy_action){.kind = XY_ACTION_SEND,
                       .send = {.to = node->parent,
                                .message = {.kind = XY_ASK,
                                            .number = ask,
                                            .id = node->birth.id,
                                            .life = node->birth.life,
                                            .value = work}}};
}

/* What it has to be answered by comes a little earlier than its end here: so it is told why. */
enum { ASK_LEAD_PART = 8, ASK_LEAD_MAX_MS = 500 };

static uint32_t budget_of(const xy_ask *ask, int64_t now_ms)
{
    int64_t left_ms = ask->slot.deadline_ms - now_ms, lead_ms = left_ms / ASK_LEAD_PART;
    left_ms -= lead_ms < ASK_LEAD_MAX_MS ? lead_ms : ASK_LEAD_MAX_MS;
    return left_ms > 0 ? (uint32_t)left_ms : 0;
}

static void send_ask(xy_node *node, const xy_ask *ask, int64_t now_ms, xy_queue *out)
{
    const xy_number number = {ask->slot.request, ask->work.tag};
    xy_action action = ask_of(node, number, (int64_t)ask->work.request);
    action.send.message.budget_ms = budget_of(ask, now_ms);
    if (!xy_action_own(&action, NULL, ask->text.bytes, ask->text.size) ||
        !xy_queue_push(out, &action))
        xy_asks_answer(&node->asks, ask->slot.request, XYLEM_NO_MEMORY, NULL, 0, out);
}

/* On a new way up: those that are on the old one may be lost. */
static void ask_again(xy_node *node, int64_t now_ms, xy_queue *out)
{
    const xy_ask *next;
    for (const xy_ask *ask = xy_asks_first(&node->asks); ask; ask = next) {
        next = xy_asks_next(ask);
        send_ask(node, ask, now_ms, out);
    }
}

/* What has no work any more is cancelled at once. Without memory for as much as an answer there is
 * none. */
static void ask(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    xy_number work = event->asked.request;
    int64_t due_ms = xy_work_queue_due(&node->work, work);
    int64_t deadline_ms = now_ms + event->asked.budget_ms;
    int status =
        due_ms == XY_NEVER || node->ended
            ? XYLEM_CANCELLED
            : xy_asks_add(&node->asks, work, event->asked.ask, event->asked.payload,
                          event->asked.size, due_ms < deadline_ms ? due_ms : deadline_ms, out);
    xy_action refused = {.kind = XY_ACTION_ANSWERED,
                         .answered = {.ask = event->asked.ask, .status = status}};
    if (status)
        xy_queue_push(out, &refused);
    else
        send_ask(node, xy_asks_last(&node->asks), now_ms, out);
}

/* One of another node, for which there was no room: the controlling node answers it. */
static void pass_refusal(const xy_node *node, const xy_event *event, xy_queue *out)
{
    xy_action action = ask_of(node, event->unsent.request, event->unsent.value);
    action.send.message.id = event->unsent.id;
    action.send.message.life = event->unsent.life;
    action.send.message.status = event->unsent.status;
    xy_queue_push(out, &action);
}

static void ask_unsent(xy_node *node, const xy_event *event, xy_queue *out)
{
    if (event->unsent.status == XYLEM_UNAVAILABLE)
        return; /* it is said again on a new way */
    if (event->unsent.life.number == node->birth.life.number)
        xy_asks_answer(&node->asks, event->unsent.request.request, event->unsent.status, NULL, 0,
                       out);
    else if (!event->unsent.bare)
        pass_refusal(node, event, out);
}

/* Answers in parts. */

static xy_chunk_sender sender_of(const xy_node *node)
{
    return (xy_chunk_sender){node->parent, node->birth.id, node->birth.life};
}

/* What has no work any more is not wanted. */
static void send_chunk(xy_node *node, xy_chunk *chunk, int64_t now_ms, xy_queue *out)
{
    const xy_chunk_sender sender = sender_of(node);
    bool published = chunk->request.request == 0;
    if (published)
        chunk->request.tag = xy_random_at(&node->birth.random, XY_STREAM_PUBLISHED, 0);
    if (node->ended || (!published && xy_work_queue_due(&node->work, chunk->request) == XY_NEVER))
        xy_chunk_free(chunk);
    else
        xy_chunks_add(&node->chunks, chunk, &sender, now_ms, out);
}

static void say_chunks(xy_node *node, int64_t now_ms, xy_queue *out)
{
    const xy_chunk_sender sender = sender_of(node);
    xy_chunks_say(&node->chunks, &sender, now_ms, out);
}

/* One of another node, for which there was no room: the controlling node asks for it again. */
static void pass_loss(const xy_node *node, const xy_event *event, xy_queue *out)
{
    xy_action action = reply_of(node, event->unsent.request, event->unsent.status);
    action.send.message.kind = XY_CHUNK;
    action.send.message.id = event->unsent.id;
    action.send.message.life = event->unsent.life;
    action.send.message.value = event->unsent.value;
    xy_queue_push(out, &action);
}

/* Over a broken way it is not: it is said again over another. */
static void chunk_unsent(xy_node *node, const xy_event *event, xy_queue *out)
{
    if (event->unsent.status == XYLEM_UNAVAILABLE)
        return;
    if (event->unsent.life.number == node->birth.life.number)
        xy_chunks_again(&node->chunks, event->unsent.request.request, (uint64_t)event->unsent.value,
                        node->now_ms);
    else if (!event->unsent.bare)
        pass_loss(node, event, out);
}

/* Without memory to tell the service that there is room the controlling node says it again. */
static void taken(xy_node *node, const xy_message *request, xy_queue *out)
{
    const xy_taken what = xy_taken_decode(xy_message_payload(request));
    const uint64_t place = (uint64_t)request->value;
    size_t cost = xy_chunks_cost(&node->chunks, what.request, place);
    const xy_action action = {.kind = XY_ACTION_TAKEN,
                              .taken = {.request = what.request, .cost = cost}};
    if (cost > 0 && !xy_queue_push(out, &action)) {
        give_back(node, request->number, request->link, XYLEM_NO_MEMORY, out);
        return;
    }
    xy_chunks_taken(&node->chunks, what.request, place);
    if (what.missing > 0)
        xy_chunks_again(&node->chunks, what.request, what.missing, node->now_ms);
    reply(node, request->number, XYLEM_OK, out);
}

/* Beginning and ending. */

void xy_node_init(xy_node *node, const xy_birth *birth, const char *address)
{
    *node = (xy_node){.birth = *birth,
                      .heartbeat_ms = XY_NEVER,
                      .capacity = SIZE_MAX,
                      .state.retry_ms = XY_NEVER};
    node->birth.arguments = node->birth.saved = NULL; /* they are for the service alone */
    node->birth.arguments_size = node->birth.saved_size = 0;
    assert(strlen(address) < sizeof node->address);
    snprintf(node->address, sizeof node->address, "%s", address);
    xy_subtree_init(&node->subtree, pass_up, node);
    xy_work_queue_init(&node->work, answer, node);
    xy_casts_init(&node->casts, cast_over, node);
    xy_chunks_init(&node->chunks);
}

void xy_node_clear(xy_node *node, xy_queue *out)
{
    xy_work_queue_clear(&node->work, out);
    drop_casts(node, out);
    xy_asks_clear(&node->asks, out);
    xy_answers_clear(&node->answers);
    xy_buffer_clear(&node->state.bytes);
    xy_chunks_clear(&node->chunks);
    xy_subtree_clear(&node->subtree);
}

static void end(xy_node *node, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_STOP};
    drop_casts(node, out);
    xy_asks_clear(&node->asks, out);
    xy_work_queue_close(&node->work, out);
    if (!node->ended && xy_queue_push(out, &action)) /* without memory it is killed */
        node->ended = true;
}

/* A node that cannot even say hello is given up by the controlling node. */
static void say_hello(const xy_node *node, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND,
                        .send = {.to = node->coming,
                                 .message = {.kind = XY_HELLO,
                                             .id = node->birth.id,
                                             .life = node->birth.life,
                                             .payload_size = XY_SECRET_SIZE}}};
    if (xy_action_own(&action, NULL, node->birth.secret, XY_SECRET_SIZE))
        xy_queue_push(out, &action);
}

/* Without memory the connection stays, and what comes over it is not heard. */
static void disconnect(xy_peer *parent, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_DISCONNECT, .disconnect = {*parent}};
    if (parent->link.number != 0)
        xy_queue_push(out, &action);
    *parent = (xy_peer){0};
}

/* The highest link counts, of all that the node was ever told: an attempt under a lower one is
 * given up. The present parent stays until the new one says welcome. */
static void attach(xy_node *node, const xy_attachment *to, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_CONNECT, .connect = *to};
    if (to->parent.link.number <= node->latest)
        return;
    node->latest = to->parent.link.number;
    disconnect(&node->coming, out);
    if (!xy_queue_push(out, &action))
        return;
    node->coming = to->parent;
    say_hello(node, out);
}

/* Heartbeats. */

/* One of many may get lost. */
static void send_heartbeat(xy_node *node, bool lossy, int64_t now_ms, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_SEND,
                        .send = {.to = node->parent,
                                 .lossy = lossy,
                                 .message = {.kind = XY_HEARTBEAT, .id = node->birth.id}}};
    xy_queue_push(out, &action);
    node->heartbeat_ms = node->interval_ms > 0 ? now_ms + node->interval_ms : XY_NEVER;
}

/* A new interval is answered by a heartbeat at once, even if it is 0: the parent may have given the
 * node up, and there may be no other one. A new parent may not have heard of the latest interval
 * yet, and watches the node by the one that it says. */
static void set_interval(xy_node *node, const xy_message *message, int64_t now_ms, xy_queue *out)
{
    uint64_t version = message->number.request;
    if (message->kind == XY_WELCOME || version > node->version) {
        node->interval_ms = message->value;
        node->version = version;
    }
    xy_subtree_set_interval(&node->subtree, message->value, version, now_ms, out);
    send_heartbeat(node, false, now_ms, out);
}

/* Moving. */

/* What was on its way up over the old parent may be lost. Requests and their replies are asked for
 * again by the controlling node. Without memory to say so the node has not attached. */
static void welcome(xy_node *node, const xy_message *message, int64_t now_ms, xy_queue *out)
{
    bool moved = node->parent.link.number != 0;
    xy_action attached = {.kind = XY_ACTION_ATTACHED,
                          .attached = {.life = node->birth.life, .link = node->coming.link}};
    memcpy(attached.attached.address, node->address, XY_ADDRESS_SIZE);
    if (!xy_queue_push(out, &attached))
        return;
    disconnect(&node->parent, out);
    node->parent = node->coming;
    node->coming = (xy_peer){0};
    if (moved)
        say_state(node, out);
    set_interval(node, message, now_ms, out);
    say_chunks(node, now_ms, out);
    if (moved) {
        ask_again(node, now_ms, out);
        xy_subtree_report(&node->subtree, now_ms, out);
    }
}

/* Requests. */

/* There is room for no more children. */
static void refuse_child(const xy_node *node, const xy_message *request, xy_queue *out)
{
    static const char full[] =
        "its parent has as many children as its descriptors are enough for (ulimit -n)";
    xy_action action = reply_of(node, request->number, XYLEM_CANNOT_START);
    if (xy_action_own(&action, NULL, full, sizeof full - 1))
        xy_queue_push(out, &action);
}

static void let_attach(xy_node *node, const xy_message *request, const xy_expectation *child,
                       xy_queue *out)
{
    const xy_action expected = {.kind = XY_ACTION_EXPECTED,
                                .expected = {child->life, child->child.link, child->child.tag}};
    int status = xy_subtree_expect(&node->subtree, child, out);
    if (!status && !xy_queue_push(out, &expected))
        status = XYLEM_NO_MEMORY;
    if (status)
        reply(node, request->number, status, out);
}

static bool has_room(const xy_node *node, const xy_expectation *child)
{
    const xy_children *children = &node->subtree.children;
    return xy_children_count(children) < node->capacity ||
           xy_children_find(children, child->child.link);
}

static void expect(xy_node *node, const xy_message *request, xy_queue *out)
{
    xy_expectation expectation;
    if (!xy_expectation_decode(&expectation, xy_message_payload(request), request->payload_size))
        reply(node, request->number, XYLEM_INVALID, out);
    else if (!has_room(node, &expectation))
        refuse_child(node, request, out);
    else
        let_attach(node, request, &expectation, out);
}

/* What has come before is not done again, unless its answers are not kept: then it is not sent
 * again. */
static void exec(xy_node *node, const xy_message *request, int64_t now_ms, xy_queue *out)
{
    uint64_t number = request->number.request;
    bool again = request->keep > 0 && xy_answers_seen(&node->answers, number) &&
                 !xy_work_queue_has(&node->work, number) &&
                 !xy_work_queue_expects(&node->work, number);
    xy_answers_hear(&node->answers, request);
    if (again && !(request->part & XY_PART_CONTINUED))
        answer_again(node, request->number, out);
    else if (!again && xy_work_queue_request(&node->work, request, now_ms, out))
        xy_answers_note(&node->answers, number);
}

static void recall(xy_node *node, const xy_message *request, xy_queue *out)
{
    uint64_t number = request->number.request;
    xy_answers_hear(&node->answers, request);
    if (xy_work_queue_has(&node->work, number))
        reply_code(node, request->number, XY_ANSWER_HERE, out);
    else if (xy_answers_seen(&node->answers, number) && !xy_work_queue_expects(&node->work, number))
        answer_again(node, request->number, out);
    else
        reply_code(node, request->number, XY_ANSWER_MISSING, out);
}

static void answered(xy_node *node, const xy_message *request, xy_queue *out)
{
    const uint8_t *outcomes = xy_message_payload(request);
    bool valid = xy_outcomes_valid(outcomes, request->payload_size);
    xy_asks_answer(&node->asks, (uint64_t)request->value, valid ? request->status : XYLEM_FAILED,
                   outcomes, valid ? request->payload_size : 0, out);
    reply(node, request->number, XYLEM_OK, out);
}

static void do_request(xy_node *node, const xy_message *request, int64_t now_ms, xy_queue *out)
{
    switch (request->code) {
    case XY_EXPECT:
        expect(node, request, out);
        break;
    case XY_LET_GO:
        xy_subtree_let_go(&node->subtree, (xy_link_number){(uint64_t)request->value}, out);
        reply(node, request->number, XYLEM_OK, out);
        break;
    case XY_EXEC: /* one that wants no reply is not done */
    case XY_STREAM:
        if (request->number.request != 0)
            exec(node, request, now_ms, out);
        break;
    case XY_RECALL:
        if (request->number.request != 0)
            recall(node, request, out);
        break;
    case XY_PING:
        reply(node, request->number, XYLEM_OK, out);
        break;
    case XY_CANCEL:
        xy_work_queue_cancel(&node->work, (uint64_t)request->value, out);
        xy_asks_drop(&node->asks, (xy_number){.request = (uint64_t)request->value}, out);
        if (request->value > 0)
            xy_chunks_taken(&node->chunks, (uint64_t)request->value, UINT64_MAX);
        reply(node, request->number, XYLEM_OK, out);
        break;
    case XY_ANSWERED:
        answered(node, request, out);
        break;
    case XY_TAKEN:
        taken(node, request, out);
        break;
    default:
        assert(false);
    }
}

static void forward(const xy_peer *to, const xy_message *message, uint8_t *frame, xy_queue *out)
{
    xy_action *action = xy_queue_add(out, XY_ACTION_FORWARD);
    xy_message_mark(message, frame);
    if (!action)
        return;
    action->forward.to = *to;
    action->forward.urgency = xy_message_urgency(message);
}

/* The route leads on to a child, or ends here. */
static void take_request(xy_node *node, xy_message *request, uint8_t *frame, int64_t now_ms,
                         xy_queue *out)
{
    xy_link_number next;
    xy_peer child;
    int status = XYLEM_OK;
    if (node->ended) {
        status = XYLEM_UNAVAILABLE;
    } else if (request->link.number != node->parent.link.number) { /* NOLINT: as below */
        status = XYLEM_NOT_FOUND; /* it is on a way that is not its own */
    } else if (xy_message_next(request, &next)) {
        status = xy_subtree_next(&node->subtree, next, &child);
        if (status == XYLEM_UNAVAILABLE && request->number.request == 0)
            status = XYLEM_OK; /* it is not asked for twice: the child may come back */
        if (!status)
            forward(&child, request, frame, out);
    } else if (request->route_offset < request->route_size || request->id != node->birth.id ||
               request->life.number != node->birth.life.number) {
        status = XYLEM_NOT_FOUND;
    } else {
        do_request(node, request, now_ms, out);
    }
    if (status)
        refuse(node, request, status, out);
}

/* A cast may ask the node itself, and those below it. */

/* What the node itself is asked: like any other request, but its answer is not kept. */
static void do_own(xy_node *node, const xy_message *message, const uint8_t *text, size_t size,
                   int64_t now_ms, xy_queue *out)
{
    xy_message request = *message;
    request.kind = XY_REQUEST;
    request.keep = 0;
    request.payload_size = (uint32_t)size;
    request.body = text;
    if (xy_work_queue_request(&node->work, &request, now_ms, out))
        xy_answers_note(&node->answers, request.number.request);
}

/* It may have been answered at once, and be over. */
static void look_at_cast(xy_node *node, xy_number number, xy_queue *out)
{
    xy_cast *cast = xy_casts_find(&node->casts, number);
    if (cast)
        xy_casts_look_at(&node->casts, cast, out);
}

static void begin_cast(xy_node *node, const xy_message *message, int64_t now_ms, xy_queue *out)
{
    xy_plan plan;
    const uint8_t *payload = xy_message_payload(message);
    const size_t size = message->payload_size - message->keep;
    if (!xy_plan_read(&plan, payload, message->keep) || !xy_queue_promise(out))
        return; /* the parent answers for it when it is due */
    bool asked = plan.asked;
    xy_cast *cast = xy_casts_begin(&node->casts, &node->subtree, &plan, asked, message,
                                   payload + message->keep, size, now_ms + plan.head.time_ms, out);
    if (!cast) {
        xy_action action = none_of(node, message->number, XYLEM_NO_MEMORY);
        xy_queue_keep(out, &action);
    } else if (asked && message->code == XY_PING) {
        xy_casts_own(&node->casts, cast, cast->range.from, XYLEM_OK, NULL, 0, out);
    } else {
        if (asked)
            do_own(node, message, payload + message->keep, size, now_ms, out);
        look_at_cast(node, message->number, out);
    }
}

static void continue_cast(xy_node *node, xy_cast *cast, const xy_message *message, int64_t now_ms,
                          xy_queue *out)
{
    const uint8_t *text = xy_message_payload(message);
    xy_casts_pass(cast, message, text, message->payload_size, &node->subtree, out);
    if (cast->own > 0)
        do_own(node, message, text, message->payload_size, now_ms, out);
    look_at_cast(node, message->number, out);
}

static void cancel_cast(xy_node *node, xy_cast *cast, const xy_message *message, xy_queue *out)
{
    bool own = cast->own > 0;
    xy_casts_pass(cast, message, NULL, 0, &node->subtree, out);
    xy_casts_forget(&node->casts, cast);
    xy_queue_take_back(out, 1);
    if (own) {
        xy_work_queue_drop(&node->work, message->number.request, out);
        xy_asks_drop(&node->asks, message->number, out);
    }
}

static void take_cast(xy_node *node, const xy_message *message, int64_t now_ms, xy_queue *out)
{
    xy_cast *cast = xy_casts_find(&node->casts, message->number);
    bool first = message->keep > 0 && message->keep <= message->payload_size;
    if (node->ended)
        return;
    if (cast && message->code == XY_CANCEL)
        cancel_cast(node, cast, message, out);
    else if (cast && !first)
        continue_cast(node, cast, message, now_ms, out);
    else if (!cast && first && message->code != XY_CANCEL)
        begin_cast(node, message, now_ms, out);
}

/* Events. */

static void report_again(xy_node *node, int64_t now_ms, xy_queue *out)
{
    say_state(node, out);
    ask_again(node, now_ms, out);
    say_chunks(node, now_ms, out);
    xy_subtree_report(&node->subtree, now_ms, out);
}

static void hear_parent(xy_node *node, xy_message *message, uint8_t *frame, int64_t now_ms,
                        xy_queue *out)
{
    if (message->kind == XY_INTERVAL)
        set_interval(node, message, now_ms, out);
    else if (message->kind == XY_REPORT)
        report_again(node, now_ms, out);
    else if (message->kind == XY_REQUEST)
        take_request(node, message, frame, now_ms, out);
    else if (message->kind == XY_CAST)
        take_cast(node, message, now_ms, out);
}

/* Of a parent to which the node attaches only its welcome counts; of one that is not its parent any
 * more, or not yet, nothing. */
static void hear_above(xy_node *node, const xy_peer *from, xy_message *message, uint8_t *frame,
                       int64_t now_ms, xy_queue *out)
{
    if (xy_peer_is(from, &node->parent))
        hear_parent(node, message, frame, now_ms, out);
    else if (xy_peer_is(from, &node->coming) && message->kind == XY_WELCOME)
        welcome(node, message, now_ms, out);
}

static void hear(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    xy_message message;
    const xy_peer *from = &event->message.from;
    uint8_t *frame = event->message.frame;
    if (!xy_message_decode(&message, frame, event->message.size))
        return;
    if (from->role == XY_PARENT) {
        hear_above(node, from, &message, frame, now_ms, out);
    } else if (xy_subtree_hear(&node->subtree, from, &message, now_ms, out)) {
        if (message.kind == XY_MERGED)
            xy_casts_hear(&node->casts, from, &message, out);
        else
            forward(&node->parent, &message, frame, out);
        xy_subtree_heard(&node->subtree, from, now_ms, out);
    }
}

/* Of a state for which there is no memory only that is said. */
static void take_state(xy_node *node, const void *bytes, size_t size, xy_queue *out)
{
    xy_node_state *state = &node->state;
    xy_buffer_clear(&state->bytes);
    state->number++;
    state->lost = size > 0 && !xy_buffer_add(&state->bytes, bytes, size);
    say_state(node, out);
}

static void worked(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    if (event->worked.saves)
        take_state(node, event->worked.saved, event->worked.saved_size, out);
    if (xy_work_queue_done(&node->work, event->worked.request))
        answer_with(node, event, out);
    xy_asks_drop(&node->asks, event->worked.request, out);
    if (!node->ended)
        xy_work_queue_next(&node->work, now_ms, out);
}

static void deferred(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    xy_work_queue_defer(&node->work, event->deferred.request, out);
    if (!node->ended)
        xy_work_queue_next(&node->work, now_ms, out);
}

/* Over a broken way it is not: it is said again over another. That of another node is asked for
 * again when an answer comes without it. */
static void state_unsent(xy_node *node, const xy_event *event)
{
    bool own = event->unsent.request.tag == xy_random_at(&node->birth.random, XY_STREAM_STATE, 0);
    if (own && event->unsent.status != XYLEM_UNAVAILABLE)
        say_state_later(node);
}

/* What could not be sent to a child comes back unexecuted. A reply for which there is no room is
 * replaced by an error, which is small. One whose way is broken is not: it is asked for again over
 * another. */
static void unsent(xy_node *node, const xy_event *event, xy_queue *out)
{
    xy_number number = event->unsent.request;
    int status = event->unsent.status;
    bool gone = status == XYLEM_UNAVAILABLE;
    if (event->unsent.kind == XY_REQUEST)
        give_back(node, number, event->unsent.link, status, out);
    else if (event->unsent.kind == XY_ASK)
        ask_unsent(node, event, out);
    else if (event->unsent.kind == XY_STATE)
        state_unsent(node, event);
    else if (event->unsent.kind == XY_CHUNK)
        chunk_unsent(node, event, out);
    else if (event->unsent.kind == XY_CAST)
        xy_casts_unsent(&node->casts, number, event->unsent.link, status, out);
    else if (!event->unsent.bare && !gone && event->unsent.kind == XY_REPLY)
        reply(node, number, status, out);
    else if (!event->unsent.bare && !gone)
        answer_none(node, number, status, out);
}

static void tick(xy_node *node, int64_t now_ms, xy_queue *out)
{
    if (now_ms >= node->heartbeat_ms)
        send_heartbeat(node, true, now_ms, out);
    if (now_ms >= node->state.retry_ms)
        say_state(node, out);
    const xy_chunk_sender sender = sender_of(node);
    xy_chunks_tick(&node->chunks, &sender, now_ms, out);
    xy_work_queue_tick(&node->work, now_ms, out);
    xy_subtree_tick(&node->subtree, now_ms, out);
    xy_casts_tick(&node->casts, now_ms, out);
    xy_asks_tick(&node->asks, now_ms, out);
}

/* A child that is lost does not answer. */
static void look_at_children(xy_node *node, xy_queue *out)
{
    if (node->subtree.lost)
        xy_casts_look(&node->casts, &node->subtree, out);
    node->subtree.lost = false;
}

void xy_node_step(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    assert(now_ms >= node->now_ms);
    node->now_ms = now_ms;
    switch (event->kind) {
    case XY_EVENT_ATTACH:
        attach(node, &event->attach, out);
        break;
    case XY_EVENT_MESSAGE:
        hear(node, event, now_ms, out);
        break;
    case XY_EVENT_UNSENT:
        unsent(node, event, out);
        break;
    case XY_EVENT_WORKED:
        worked(node, event, now_ms, out);
        break;
    case XY_EVENT_ASKED:
        ask(node, event, now_ms, out);
        break;
    case XY_EVENT_SENT:
        send_chunk(node, event->sent.chunk, now_ms, out);
        break;
    case XY_EVENT_SAVED:
        take_state(node, event->saved.bytes, event->saved.size, out);
        break;
    case XY_EVENT_DEFERRED:
        deferred(node, event, now_ms, out);
        break;
    case XY_EVENT_COMBINED:
        xy_casts_combined(&node->casts, event->combined.cast, event->combined.status,
                          event->combined.text, event->combined.size, out);
        break;
    case XY_EVENT_END:
        end(node, out);
        break;
    case XY_EVENT_TICK:
        tick(node, now_ms, out);
        break;
    default:
        break;
    }
    look_at_children(node, out);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t xy_node_deadline(const xy_node *node)
{
    int64_t own_ms = earlier(earlier(node->heartbeat_ms, node->state.retry_ms), //
                             node->chunks.retry_ms);
    return earlier(
        earlier(xy_subtree_deadline(&node->subtree), xy_work_queue_deadline(&node->work)),
        earlier(earlier(xy_casts_deadline(&node->casts), xy_asks_deadline(&node->asks)), own_ms));
}

static void step(void *self, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    xy_node_step(self, event, now_ms, out);
}

static int64_t deadline(const void *self)
{
    return xy_node_deadline(self);
}

xy_machine xy_node_machine(xy_node *node)
{
    return (xy_machine){node, step, deadline};
}
