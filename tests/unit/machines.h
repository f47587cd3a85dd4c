/* machines: driving a state machine by hand, and looking at what it gives. */
#ifndef XY_TEST_MACHINES_H
#define XY_TEST_MACHINES_H

#include "unit.h"

#include "core/machine.h"

static const uint8_t secret_of_child[XY_SECRET_SIZE] = {1, 2, 3};

static inline void feed(xy_machine machine, xy_event_kind kind, uint64_t peer, const void *bytes,
                        size_t size, int64_t now_ms)
{
    xy_event event = {.kind = kind, .peer = peer, .bytes = bytes, .size = size};
    machine.step(machine.self, &event, now_ms);
}

static inline void tick(xy_machine machine, int64_t now_ms)
{
    feed(machine, XY_EVENT_TICK, 0, NULL, 0, now_ms);
}

static inline void hear(xy_machine machine, uint64_t peer, xy_message message, int64_t now_ms)
{
    uint8_t frame[XY_MESSAGE_HEADER + 64];
    xy_message_encode(&message, frame);
    feed(machine, XY_EVENT_FRAME, peer, frame, xy_message_size(&message), now_ms);
}

static inline void born(xy_machine machine, uint64_t child, int64_t now_ms)
{
    feed(machine, XY_EVENT_BORN, child, secret_of_child, XY_SECRET_SIZE, now_ms);
}

static inline xy_message hello_of(int64_t id, uint64_t incarnation)
{
    return (xy_message){.kind = XY_HELLO,
                        .id = id,
                        .incarnation = incarnation,
                        .value = id + 1000, /* the pid */
                        .payload = secret_of_child,
                        .payload_size = XY_SECRET_SIZE};
}

static inline xy_message request_for(xy_operation operation, uint64_t request, int64_t id,
                                     uint64_t incarnation)
{
    return (xy_message){.kind = XY_REQUEST,
                        .code = (uint8_t)operation,
                        .request = request,
                        .id = id,
                        .incarnation = incarnation,
                        .budget_ms = 4000};
}

static inline xy_message change_of(xy_change change, int64_t id, uint64_t incarnation)
{
    return (xy_message){
        .kind = XY_CHANGE, .code = (uint8_t)change, .id = id, .incarnation = incarnation};
}

/* The next action, which must be of this kind and concern this neighbour. Its payload is dropped:
 * `text`, unless NULL, must be what it was. */
static inline xy_message expect_text(xy_machine machine, xy_action_kind kind, uint64_t peer,
                                     const char *text)
{
    xy_action action;
    assert_true(xy_actions_pop(machine.actions, &action));
    assert_int_equal(action.kind, kind);
    assert_true(action.peer == peer);
    if (text) {
        assert_int_equal(action.message.payload_size, strlen(text));
        if (*text)
            assert_memory_equal(action.message.payload, text, strlen(text));
    }
    xy_action_clear(&action);
    return action.message;
}

static inline xy_message expect(xy_machine machine, xy_action_kind kind, uint64_t peer)
{
    return expect_text(machine, kind, peer, NULL);
}

static inline xy_message expect_sent(xy_machine machine, uint64_t peer, xy_kind kind)
{
    xy_message message = expect(machine, XY_ACTION_SEND, peer);
    assert_int_equal(message.kind, kind);
    return message;
}

static inline void expect_nothing(xy_machine machine)
{
    assert_int_equal(machine.actions->count, 0);
}

#endif
