/* machines: driving a state machine by hand, and looking at what it gives. */
#ifndef XY_TEST_MACHINES_H
#define XY_TEST_MACHINES_H

#include "unit.h"

#include "core/memory.h"
#include "core/step.h"

static const uint8_t secret_of_child[XY_SECRET_SIZE] = {1, 2, 3};

enum { FRAME_MAX = XY_MESSAGE_HEADER + 4096 };

/* A machine, its queue, and what is in hand: the action that was looked at last, and the frame that
 * was heard last, as the step has left it. */
typedef struct rig {
    xy_machine machine;
    xy_queue out;
    int64_t now_ms;
    bool tells; /* of NEIGHBOURS, which are passed over otherwise */
    xy_action hand;
    uint8_t frame[FRAME_MAX];
    size_t frame_size;
} rig;

static inline void rig_clear(rig *r)
{
    xy_action_clear(&r->hand);
    assert_int_equal(r->out.promised, 0);
    xy_queue_clear(&r->out);
}

static inline void feed(rig *r, const xy_event *event)
{
    r->machine.step(r->machine.self, event, r->now_ms, &r->out);
}

static inline void tick(rig *r, int64_t now_ms)
{
    r->now_ms = now_ms;
    feed(r, &(xy_event){.kind = XY_EVENT_TICK});
}

static inline int64_t deadline_of(const rig *r)
{
    return r->machine.deadline(r->machine.self);
}

/* Neighbours. Each link has its own tag. */

static inline uint64_t tag_of(uint64_t link)
{
    return link * 1000003 + 17;
}

static inline xy_peer child_on(uint64_t link)
{
    return (xy_peer){XY_CHILD, {link}, tag_of(link)};
}

static inline xy_peer parent_on(uint64_t link)
{
    return (xy_peer){XY_PARENT, {link}, tag_of(link)};
}

static inline xy_expectation expectation_of(uint64_t link, int64_t id, uint64_t life)
{
    xy_expectation expectation = {.id = id, .life = {life}, .child = child_on(link)};
    memcpy(expectation.secret, secret_of_child, XY_SECRET_SIZE);
    return expectation;
}

/* Messages. Bodies are put together in one place, and last until the next one. */

static uint8_t rig_body[FRAME_MAX];

/* Gives a message a route, from its link on, and a payload; `links` ends with 0. */
static inline xy_message with(xy_message message, const uint64_t *links, const void *payload,
                              size_t size)
{
    size_t at = 0;
    for (uint64_t before = message.link.number; links && *links; before = *links++)
        at += xy_route_put(rig_body + at, (xy_link_number){before}, (xy_link_number){*links});
    message.route_size = (uint16_t)at;
    if (size > 0)
        memcpy(rig_body + at, payload, size);
    message.payload_size = (uint32_t)size;
    message.body = rig_body;
    return message;
}

static inline xy_message with_text(xy_message message, const char *text)
{
    return with(message, NULL, text, strlen(text));
}

/* For a node at the end of a route; `links` may be NULL. */
static inline xy_message along(const uint64_t *links, xy_message message)
{
    return with(message, links, NULL, 0);
}

static inline xy_number number_of(uint64_t request)
{
    return (xy_number){request, request ? request * 77 + 5 : 0};
}

static inline xy_message request_for(xy_operation operation, uint64_t request, int64_t id,
                                     uint64_t life)
{
    return (xy_message){.kind = XY_REQUEST,
                        .code = (uint8_t)operation,
                        .number = number_of(request),
                        .id = id,
                        .life = {life},
                        .budget_ms = 4000};
}

static inline xy_message hello_of(int64_t id, uint64_t life)
{
    xy_message hello = {.kind = XY_HELLO, .id = id, .life = {life}};
    return with(hello, NULL, secret_of_child, XY_SECRET_SIZE);
}

static inline xy_message change_of(xy_change change, uint64_t link)
{
    return (xy_message){
        .kind = XY_CHANGE, .code = (uint8_t)change, .link = {link}, .number.tag = tag_of(link)};
}

static inline xy_message reply_to(xy_number number, int status)
{
    return (xy_message){.kind = XY_REPLY, .number = number, .status = status};
}

static inline void hear_bytes(rig *r, xy_peer from, const void *bytes, size_t size)
{
    assert_true(size <= sizeof r->frame);
    if (size > 0)
        memcpy(r->frame, bytes, size);
    r->frame_size = size;
    xy_event event = {.kind = XY_EVENT_MESSAGE};
    event.message.from = from;
    event.message.frame = r->frame;
    event.message.size = size;
    feed(r, &event);
}

static inline void hear(rig *r, xy_peer from, xy_message message)
{
    uint8_t frame[FRAME_MAX];
    assert_true(xy_message_size(&message) <= sizeof frame);
    xy_message_encode(&message, frame);
    hear_bytes(r, from, frame, xy_message_size(&message));
}

/* The frame that was heard last, as it would be passed on. */
static inline xy_message frame_in_hand(rig *r)
{
    xy_message message;
    assert_true(xy_message_decode(&message, r->frame, r->frame_size));
    return message;
}

/* What comes out. */

static inline bool next_action(rig *r)
{
    bool popped = xy_queue_pop(&r->out, &r->hand);
    for (; popped && r->hand.kind == XY_ACTION_NEIGHBOURS && !r->tells;
         popped = xy_queue_pop(&r->out, &r->hand))
        xy_action_clear(&r->hand);
    return popped;
}

/* The next action, which must be of this kind; it lasts until the next one. */
static inline const xy_action *expect(rig *r, xy_action_kind kind)
{
    xy_action_clear(&r->hand);
    assert_true(next_action(r));
    assert_int_equal(r->hand.kind, kind);
    return &r->hand;
}

static inline void expect_nothing(rig *r)
{
    bool more = r->out.actions.count > 0;
    if (more && !r->tells) {
        xy_action_clear(&r->hand);
        more = next_action(r);
    }
    assert_false(more);
}

static inline void assert_peer(xy_peer is, xy_peer wanted)
{
    assert_int_equal(is.role, wanted.role);
    assert_true(is.link.number == wanted.link.number && is.tag == wanted.tag);
}

static inline void assert_number(xy_number is, xy_number wanted)
{
    assert_true(is.request == wanted.request);
    assert_true(is.tag == wanted.tag);
}

static inline void assert_bytes(const void *is, size_t size, const char *wanted)
{
    assert_int_equal(size, strlen(wanted));
    if (size > 0)
        assert_memory_equal(is, wanted, size);
}

static inline const xy_message *expect_sent(rig *r, xy_peer to, xy_kind kind)
{
    const xy_action *action = expect(r, XY_ACTION_SEND);
    assert_peer(action->send.to, to);
    assert_int_equal(action->send.message.kind, kind);
    return &action->send.message;
}

static inline void expect_forward(rig *r, xy_peer to)
{
    assert_peer(expect(r, XY_ACTION_FORWARD)->forward.to, to);
}

static inline void expect_expected(rig *r, xy_peer child, uint64_t life)
{
    const xy_action *action = expect(r, XY_ACTION_EXPECT);
    assert_peer(action->expect.child, child);
    assert_true(action->expect.life.number == life);
}

/* For the controlling node: a child may attach, as its parent to be says; a node has attached. */

static inline void expect_said_expected(rig *r, uint64_t life, uint64_t link)
{
    const xy_action *action = expect(r, XY_ACTION_EXPECTED);
    assert_true(action->expected.life.number == life);
    assert_true(action->expected.link.number == link);
    assert_true(action->expected.tag == child_on(link).tag);
}

static inline void expect_said_attached(rig *r, uint64_t life, uint64_t link, const char *address)
{
    const xy_action *action = expect(r, XY_ACTION_ATTACHED);
    assert_true(action->attached.life.number == life);
    assert_true(action->attached.link.number == link);
    assert_string_equal(action->attached.address, address);
}

static inline void expect_let_go(rig *r, xy_peer child)
{
    assert_peer(expect(r, XY_ACTION_LET_GO)->let_go.child, child);
}

#endif
