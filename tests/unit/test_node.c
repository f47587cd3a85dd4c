/* A compute node, and with it the branch below a node: events in, actions out. */
#include "machines.h"

#include "core/node.h"

enum { SELF = 50, LEFT = 25, RIGHT = 75 };
enum { LEFT_LIFE = 7, RIGHT_LIFE = 8 }; /* incarnations */

typedef struct fixture {
    xy_node node;
    xy_machine machine;
} fixture;

static void expect_reply(xy_machine machine, uint64_t request, int status)
{
    xy_message reply = expect_sent(machine, XY_PARENT, XY_REPLY);
    assert_true(reply.request == request);
    assert_int_equal(reply.status, status);
}

static void expect_change(xy_machine machine, xy_change change, int64_t id, uint64_t incarnation)
{
    xy_message message = expect_sent(machine, XY_PARENT, XY_CHANGE);
    assert_int_equal(message.code, change);
    assert_true(message.id == id && message.incarnation == incarnation);
}

/* A welcome node without heartbeats at time 0. */
static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    xy_birth birth = {.id = SELF, .incarnation = 3, .secret = {9}};
    *state = f;
    if (!xy_node_init(&f->node, &birth, 4711))
        return 1;
    f->machine = xy_node_machine(&f->node);
    feed(f->machine, XY_EVENT_OPEN, 0, NULL, 0, 0);
    xy_message hello = expect_sent(f->machine, XY_PARENT, XY_HELLO);
    assert_true(hello.id == SELF && hello.incarnation == 3 && hello.value == 4711);
    hear(f->machine, XY_PARENT, (xy_message){.kind = XY_WELCOME}, 0);
    expect_sent(f->machine, XY_PARENT, XY_BEAT);
    expect_nothing(f->machine);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_node_clear(&f->node);
    free(f);
    return 0;
}

static void create_child(xy_machine m, uint64_t request, int64_t id, uint64_t life, int64_t now_ms)
{
    hear(m, XY_PARENT, request_for(XY_CREATE, request, id, life), now_ms);
    assert_true(expect(m, XY_ACTION_START, life).id == id);
    born(m, life, now_ms);
    expect_nothing(m);
    hear(m, life, hello_of(id, life), now_ms);
    expect_sent(m, life, XY_WELCOME);
    expect_reply(m, request, XYLEM_OK);
}

static void expect_beat(xy_machine m, bool lossy)
{
    xy_action action;
    assert_true(xy_actions_pop(m.actions, &action));
    assert_true(action.kind == XY_ACTION_SEND && action.peer == XY_PARENT);
    assert_true(action.message.kind == XY_BEAT && action.lossy == lossy);
}

/* The answer to a new interval may be the only beat, so it must not get lost. */
static void pace(xy_machine m, int64_t interval_ms, int64_t now_ms, int children)
{
    hear(m, XY_PARENT, (xy_message){.kind = XY_PACE, .value = interval_ms}, now_ms);
    for (int i = 0; i < children; i++)
        assert_int_equal(expect(m, XY_ACTION_SEND, i ? RIGHT_LIFE : LEFT_LIFE).value, interval_ms);
    expect_beat(m, false);
}

static void test_nothing_before_the_welcome(void **state)
{
    xy_node node;
    xy_birth birth = {.id = SELF, .incarnation = 3};
    (void)state;
    assert_true(xy_node_init(&node, &birth, 1));
    xy_machine m = xy_node_machine(&node);
    hear(m, XY_PARENT, request_for(XY_PING, 1, SELF, 3), 0);
    hear(m, XY_PARENT, (xy_message){.kind = XY_PACE, .value = 100}, 0);
    expect_nothing(m);
    assert_true(m.deadline(m.self) == XY_NEVER);
    xy_node_clear(&node);
}

static void worked(xy_machine m, uint64_t request, const char *text, int64_t now_ms)
{
    m.step(m.self,
           &(xy_event){
               .kind = XY_EVENT_WORKED, .request = request, .bytes = text, .size = strlen(text)},
           now_ms);
}

static void test_requests_for_itself(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_PING, 1, SELF, 3), 0);
    expect_reply(m, 1, XYLEM_OK);
    hear(m, XY_PARENT, request_for(XY_PING, 2, SELF, 2), 0); /* for an earlier life */
    expect_reply(m, 2, XYLEM_NOT_FOUND);
    hear(m, XY_PARENT, request_for(XY_CREATE, 3, SELF, 3), 0);
    expect_reply(m, 3, XYLEM_EXISTS);
    xy_message exec = request_for(XY_EXEC, 4, SELF, 3);
    exec.payload = (const uint8_t *)"start";
    exec.payload_size = 5;
    hear(m, XY_PARENT, exec, 0);
    assert_true(expect_text(m, XY_ACTION_WORK, 0, "start").request == 4);
    m.step(m.self,
           &(xy_event){.kind = XY_EVENT_WORKED, .request = 4, .status = XYLEM_BAD_SUBCOMMAND}, 0);
    expect_reply(m, 4, XYLEM_BAD_SUBCOMMAND);
    exec.request = 5;
    hear(m, XY_PARENT, exec, 0);
    assert_true(expect_text(m, XY_ACTION_WORK, 0, "start").request == 5);
    worked(m, 6, "nobody asked", 0);
    worked(m, 5, "0 ms", 0);
    assert_true(expect_text(m, XY_ACTION_SEND, XY_PARENT, "0 ms").request == 5);
    expect_nothing(m);
}

static void test_request_0_wants_no_reply(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_REMOVE, 0, SELF, 2), 0); /* of an earlier life */
    expect_nothing(m);
    hear(m, XY_PARENT, request_for(XY_EXEC, 0, SELF, 3), 0); /* so it need not be done */
    expect_nothing(m);
    hear(m, XY_PARENT, request_for(XY_CANCEL, 0, SELF, 3), 0);
    expect_nothing(m);
    hear(m, XY_PARENT, (xy_message){.kind = XY_STOP}, 0);
    expect(m, XY_ACTION_STOP, 0);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 0, LEFT, LEFT_LIFE), 0);
    expect_nothing(m);
}

static xy_message part_for(uint64_t request, uint8_t part, int64_t id, uint64_t incarnation)
{
    xy_message message = request_for(XY_EXEC, request, id, incarnation);
    message.part = part;
    message.payload = (const uint8_t *)"text";
    message.payload_size = 4;
    return message;
}

static const uint8_t first = XY_PART_MORE, middle = XY_PART_MORE | XY_PART_CONTINUED,
                     last = XY_PART_CONTINUED;

static void test_work_in_parts(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX, SIZE = 2 * PART + 3 };
    static char answer[SIZE];
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, part_for(1, first, SELF, 3), 0);
    hear(m, XY_PARENT, part_for(1, middle, SELF, 3), 0);
    expect_nothing(m);
    hear(m, XY_PARENT, part_for(1, last, SELF, 3), 0);
    assert_true(expect_text(m, XY_ACTION_WORK, 0, "texttexttext").request == 1);
    m.step(m.self,
           &(xy_event){.kind = XY_EVENT_WORKED, .request = 1, .bytes = answer, .size = SIZE}, 0);
    for (int i = 0; i < 3; i++) {
        xy_action action;
        assert_true(xy_actions_pop(m.actions, &action));
        assert_true(action.message.kind == XY_REPLY && action.message.request == 1);
        assert_int_equal(action.message.part, i == 0 ? first : i == 1 ? middle : last);
        assert_int_equal(action.message.payload_size, i == 2 ? SIZE - 2 * PART : PART);
        xy_action_clear(&action);
    }
    expect_nothing(m);
}

/* What is refused is refused once. */
static void test_parts_that_are_refused(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, part_for(1, first, SELF, 2), 0); /* of an earlier life */
    expect_reply(m, 1, XYLEM_NOT_FOUND);
    hear(m, XY_PARENT, part_for(1, last, SELF, 2), 0);
    expect_nothing(m);
    hear(m, XY_PARENT, part_for(2, first, LEFT, LEFT_LIFE), 0);
    expect_reply(m, 2, XYLEM_NOT_FOUND);
    hear(m, XY_PARENT, part_for(2, last, LEFT, LEFT_LIFE), 0);
    expect_nothing(m);
    create_child(m, 3, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, (xy_message){.kind = XY_STOP}, 0);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    hear(m, XY_PARENT, part_for(4, first, SELF, 3), 0);
    expect_reply(m, 4, XYLEM_UNAVAILABLE);
    hear(m, XY_PARENT, part_for(4, last, SELF, 3), 0);
    expect_nothing(m);
}

/* Each part takes the way of the first, until that is answered. */
static void test_parts_are_passed_on(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    create_child(m, 2, RIGHT, RIGHT_LIFE, 0);
    hear(m, XY_PARENT, part_for(3, first, LEFT - 1, 20), 0);
    assert_int_equal(expect_sent(m, LEFT_LIFE, XY_REQUEST).part, first);
    hear(m, XY_PARENT, part_for(3, middle, LEFT - 1, 20), 0);
    assert_int_equal(expect_sent(m, LEFT_LIFE, XY_REQUEST).part, middle);
    hear(m, XY_PARENT, part_for(3, middle, RIGHT, 20), 0); /* not the way of the first */
    expect_nothing(m);
    m.step(
        m.self,
        &(xy_event){.kind = XY_EVENT_UNSENT, .peer = LEFT_LIFE, .request = 3, .status = XYLEM_BUSY},
        0);
    expect_reply(m, 3, XYLEM_BUSY);
    hear(m, XY_PARENT, part_for(3, last, LEFT - 1, 20), 0);
    expect_nothing(m);
}

static void reply_in_part(xy_machine m, uint64_t request, uint8_t part, int64_t now_ms)
{
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_REPLY, .request = request, .part = part}, now_ms);
}

static void test_replies_in_parts_are_passed_on(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    for (uint64_t request = 2; request <= 3; request++) {
        hear(m, XY_PARENT, request_for(XY_EXEC, request, LEFT, LEFT_LIFE), 0);
        expect_sent(m, LEFT_LIFE, XY_REQUEST);
        reply_in_part(m, request, first, 0);
        assert_int_equal(expect_sent(m, XY_PARENT, XY_REPLY).part, first);
    }
    reply_in_part(m, 2, last, 0);
    assert_int_equal(expect_sent(m, XY_PARENT, XY_REPLY).part, last);
    reply_in_part(m, 2, last, 0); /* nobody waits for more */
    expect_nothing(m);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, NULL, 0, 0); /* in the middle of the other one */
    expect_change(m, XY_CHANGE_GONE, LEFT, LEFT_LIFE);
    expect_reply(m, 3, XYLEM_UNAVAILABLE);
    expect_nothing(m);
}

static xy_message cancel_for(uint64_t request, int64_t id, uint64_t incarnation)
{
    xy_message message = request_for(XY_CANCEL, 0, id, incarnation);
    message.value = (int64_t)request;
    return message;
}

static void test_cancel(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_EXEC, 1, SELF, 3), 0);
    expect(m, XY_ACTION_WORK, 0);
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
    hear(m, XY_PARENT, cancel_for(1, SELF, 2), 0); /* of an earlier life */
    expect_nothing(m);
    hear(m, XY_PARENT, cancel_for(2, SELF, 3), 0);
    expect_reply(m, 2, XYLEM_CANCELLED);
    hear(m, XY_PARENT, cancel_for(1, SELF, 3), 0);
    assert_true(expect(m, XY_ACTION_CANCEL, 0).request == 1);
    expect_reply(m, 1, XYLEM_CANCELLED);
    worked(m, 1, "0 ms", 0);
    expect_nothing(m);
}

static void test_cancel_is_passed_on(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, cancel_for(9, LEFT, LEFT_LIFE), 0); /* there is nobody */
    expect_nothing(m);
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, cancel_for(9, LEFT, LEFT_LIFE), 0);
    xy_message passed = expect_sent(m, LEFT_LIFE, XY_REQUEST);
    assert_true(passed.code == XY_CANCEL && passed.value == 9 && passed.request == 0);
    expect_nothing(m);
}

static void test_work_that_takes_too_long(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_EXEC, 1, SELF, 3), 0);
    int64_t due_ms = 4000 - 1000; /* see desk.h */
    assert_int_equal(expect(m, XY_ACTION_WORK, 0).budget_ms, due_ms);
    assert_int_equal(m.deadline(m.self), due_ms);
    tick(m, due_ms);
    assert_true(expect(m, XY_ACTION_CANCEL, 0).request == 1);
    expect_reply(m, 1, XYLEM_TIMED_OUT);
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), due_ms);
    expect_nothing(m);
    worked(m, 1, "late", due_ms + 50);
    assert_true(expect(m, XY_ACTION_WORK, 0).request == 2);
    expect_nothing(m);
}

/* Nobody is told: those above know that all of it ends. */
static void test_stop_at_work(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_EXEC, 1, SELF, 3), 0);
    expect(m, XY_ACTION_WORK, 0);
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
    hear(m, XY_PARENT, (xy_message){.kind = XY_STOP}, 0);
    assert_true(expect(m, XY_ACTION_CANCEL, 0).request == 1);
    expect(m, XY_ACTION_STOP, 0);
    worked(m, 1, "late", 0);
    expect_nothing(m);
}

static void test_the_service_of_a_child(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    xy_message create = request_for(XY_CREATE, 1, LEFT, LEFT_LIFE);
    create.payload = (const uint8_t *)"sleep";
    create.payload_size = 5;
    hear(m, XY_PARENT, create, 0);
    expect_text(m, XY_ACTION_START, LEFT_LIFE, "sleep");
    born(m, LEFT_LIFE, 0);
    hear(m, LEFT_LIFE, hello_of(LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_WELCOME);
    expect_reply(m, 1, XYLEM_OK);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 2, LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    create.request = 3;
    create.incarnation = LEFT_LIFE + 5;
    hear(m, XY_PARENT, create, 0); /* its place is not free yet */
    expect_nothing(m);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, NULL, 0, 0);
    expect_reply(m, 2, XYLEM_OK);
    expect_text(m, XY_ACTION_START, LEFT_LIFE + 5, "sleep");
    feed(m, XY_EVENT_STILLBORN, LEFT_LIFE + 5, "", 0, 0);
    expect_reply(m, 3, XYLEM_CANNOT_START);
}

static void test_garbage_is_ignored(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    feed(m, XY_EVENT_FRAME, XY_PARENT, "xy", 2, 0);
    feed(m, XY_EVENT_FRAME, 99, "", 0, 0);
    hear(m, 99, hello_of(LEFT, 99), 0);
    hear(m, 99, (xy_message){.kind = XY_REPLY, .request = 1}, 0);
    hear(m, XY_PARENT, (xy_message){.kind = XY_REPLY, .request = 1}, 0);
    hear(m, XY_PARENT, hello_of(LEFT, LEFT_LIFE), 0);
    expect_nothing(m);
}

static void test_only_the_child_itself_is_let_in(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    uint8_t wrong[XY_SECRET_SIZE] = {1, 2, 4};
    hear(m, XY_PARENT, request_for(XY_CREATE, 1, LEFT, LEFT_LIFE), 0);
    expect(m, XY_ACTION_START, LEFT_LIFE);
    born(m, LEFT_LIFE, 0);
    xy_message hello = hello_of(LEFT, LEFT_LIFE);
    hear(m, 99, hello, 0); /* from somebody else */
    hello.payload = wrong;
    hear(m, LEFT_LIFE, hello, 0);
    hello = hello_of(LEFT, LEFT_LIFE);
    hello.payload_size--;
    hear(m, LEFT_LIFE, hello, 0);
    hear(m, LEFT_LIFE, hello_of(LEFT + 1, LEFT_LIFE), 0);
    hear(m, LEFT_LIFE, hello_of(LEFT, LEFT_LIFE + 1), 0);
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_BEAT}, 0); /* before its hello */
    expect_nothing(m);
    hear(m, LEFT_LIFE, hello_of(LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_WELCOME);
    xy_message reply = expect_sent(m, XY_PARENT, XY_REPLY);
    assert_true(reply.request == 1 && reply.value == LEFT + 1000);
    hear(m, LEFT_LIFE, hello_of(LEFT, LEFT_LIFE), 0); /* a second one changes nothing */
    expect_nothing(m);
}

static void test_a_child_that_does_not_start(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_CREATE, 1, LEFT, LEFT_LIFE), 0);
    expect(m, XY_ACTION_START, LEFT_LIFE);
    feed(m, XY_EVENT_STILLBORN, LEFT_LIFE, "no luck", 7, 0);
    xy_message reply = expect_text(m, XY_ACTION_SEND, XY_PARENT, "no luck");
    assert_int_equal(reply.status, XYLEM_CANNOT_START);
    hear(m, XY_PARENT, request_for(XY_CREATE, 2, LEFT, LEFT_LIFE + 1), 0);
    expect(m, XY_ACTION_START, LEFT_LIFE + 1);
    born(m, LEFT_LIFE + 1, 0);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE + 1, "it fell", 7, 0);
    reply = expect_text(m, XY_ACTION_SEND, XY_PARENT, "it fell");
    assert_int_equal(reply.status, XYLEM_CANNOT_START);
    create_child(m, 3, LEFT, LEFT_LIFE + 2, 0); /* the place is free again */
}

static void test_a_child_without_a_hello(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_CREATE, 1, LEFT, LEFT_LIFE), 0);
    expect(m, XY_ACTION_START, LEFT_LIFE);
    born(m, LEFT_LIFE, 0);
    assert_true(m.deadline(m.self) == 3000); /* three quarters of the budget */
    tick(m, 2999);
    expect_nothing(m);
    tick(m, 3000);
    expect_reply(m, 1, XYLEM_CANNOT_START);
    expect(m, XY_ACTION_KILL, LEFT_LIFE);
    hear(m, LEFT_LIFE, hello_of(LEFT, LEFT_LIFE), 3001); /* too late */
    hear(m, XY_PARENT, request_for(XY_CREATE, 2, LEFT, LEFT_LIFE + 1), 3001);
    expect_nothing(m); /* its end is waited for */
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 3002);
    expect(m, XY_ACTION_START, LEFT_LIFE + 1);
}

static void test_routing(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    create_child(m, 2, RIGHT, RIGHT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_PING, 3, 49, 20), 0);
    assert_true(expect_sent(m, LEFT_LIFE, XY_REQUEST).id == 49);
    hear(m, XY_PARENT, request_for(XY_PING, 4, 51, 21), 0);
    assert_true(expect_sent(m, RIGHT_LIFE, XY_REQUEST).id == 51);
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_REPLY, .request = 4}, 0); /* not the one asked */
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_REPLY, .request = 5}, 0); /* nobody asked */
    expect_nothing(m);
    hear(m, RIGHT_LIFE, (xy_message){.kind = XY_REPLY, .request = 4}, 0);
    expect_reply(m, 4, XYLEM_OK);
    hear(m, RIGHT_LIFE, (xy_message){.kind = XY_REPLY, .request = 4}, 0); /* a second time */
    expect_nothing(m);
    hear(m, LEFT_LIFE, change_of(XY_CHANGE_LOST, 30, 40), 0);
    expect_change(m, XY_CHANGE_LOST, 30, 40);
    hear(m, LEFT_LIFE, change_of(XY_CHANGE_LOST, 60, 40), 0); /* not below that child */
    expect_nothing(m);
}

static void test_no_such_place(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    hear(m, XY_PARENT, request_for(XY_PING, 1, LEFT, LEFT_LIFE), 0);
    expect_reply(m, 1, XYLEM_NOT_FOUND);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 2, LEFT, LEFT_LIFE), 0);
    expect_reply(m, 2, XYLEM_NOT_FOUND);
    create_child(m, 3, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_CREATE, 4, LEFT, 77), 0);
    expect_reply(m, 4, XYLEM_EXISTS);
}

static void test_a_request_that_cannot_be_sent(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_PING, 2, LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_REQUEST);
    xy_event unsent = {
        .kind = XY_EVENT_UNSENT, .peer = LEFT_LIFE, .request = 2, .status = XYLEM_BUSY};
    m.step(m.self, &unsent, 0);
    expect_reply(m, 2, XYLEM_BUSY);
    m.step(m.self, &unsent, 0);
    expect_nothing(m);
}

static void test_too_many_requests(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    for (uint64_t i = 2; i < 2 + XY_PENDING_MAX; i++) {
        hear(m, XY_PARENT, request_for(XY_PING, i, LEFT, LEFT_LIFE), 0);
        expect_sent(m, LEFT_LIFE, XY_REQUEST);
    }
    hear(m, XY_PARENT, request_for(XY_PING, 1, LEFT, LEFT_LIFE), 0);
    expect_reply(m, 1, XYLEM_BUSY);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 0); /* each of them gets its answer */
    expect_change(m, XY_CHANGE_GONE, LEFT, LEFT_LIFE);
    for (uint64_t i = 2; i < 2 + XY_PENDING_MAX; i++)
        expect_reply(m, i, XYLEM_UNAVAILABLE);
    expect_nothing(m);
}

static void test_a_child_dies(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, 30, 40), 0);
    expect_sent(m, LEFT_LIFE, XY_REQUEST);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 5);
    expect_change(m, XY_CHANGE_GONE, LEFT, LEFT_LIFE);
    expect_reply(m, 2, XYLEM_UNAVAILABLE);
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_REPLY, .request = 2}, 6);
    hear(m, XY_PARENT, request_for(XY_PING, 3, LEFT, LEFT_LIFE), 7);
    expect_reply(m, 3, XYLEM_UNAVAILABLE);
    hear(m, XY_PARENT, request_for(XY_CREATE, 4, 30, 41), 7); /* below the dead one */
    expect_reply(m, 4, XYLEM_UNAVAILABLE);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 5, LEFT, LEFT_LIFE - 1), 8); /* an earlier life */
    expect_reply(m, 5, XYLEM_NOT_FOUND);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 6, LEFT, LEFT_LIFE), 8);
    expect_reply(m, 6, XYLEM_OK);
    create_child(m, 7, LEFT, LEFT_LIFE + 10, 9);
}

static void test_create_in_place_of_a_dead_one(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 5);
    expect_change(m, XY_CHANGE_GONE, LEFT, LEFT_LIFE);
    create_child(m, 2, LEFT, LEFT_LIFE + 1, 6); /* its removal took another way */
}

static void test_silence(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    pace(m, 100, 1000, 1);
    for (int64_t now = 1050; now <= 1400; now += 50)
        tick(m, now);
    xy_action action;
    while (xy_actions_pop(m.actions, &action))
        assert_int_equal(action.message.kind, XY_BEAT);
    hear(m, XY_PARENT, request_for(XY_PING, 2, LEFT, LEFT_LIFE), 1401);
    expect_sent(m, LEFT_LIFE, XY_REQUEST);
    tick(m, 1449); /* 4 T and the margin of T / 2 are over at 1450 */
    expect_nothing(m);
    tick(m, 1450);
    expect_change(m, XY_CHANGE_LOST, LEFT, LEFT_LIFE);
    expect_reply(m, 2, XYLEM_UNAVAILABLE);
    hear(m, XY_PARENT, request_for(XY_PING, 3, LEFT, LEFT_LIFE), 1460);
    expect_reply(m, 3, XYLEM_UNAVAILABLE);
    xy_message removal = request_for(XY_REMOVE, 0, 10, 60); /* reaches a lost child all the same */
    hear(m, XY_PARENT, removal, 1460);
    expect_sent(m, LEFT_LIFE, XY_REQUEST);
    /* Back with word of one below it: that goes up first. */
    hear(m, LEFT_LIFE, change_of(XY_CHANGE_GONE, 30, 40), 1470);
    expect_change(m, XY_CHANGE_GONE, 30, 40);
    expect_change(m, XY_CHANGE_BACK, LEFT, LEFT_LIFE);
    hear(m, LEFT_LIFE, (xy_message){.kind = XY_REPLY, .request = 2}, 1480); /* has been answered */
    expect_nothing(m);
}

/* A child has a say about those below it only: not about itself, its parent, its sibling, or those
 * further up. */
static void test_word_of_others(void **state)
{
    static const int64_t others[] = {SELF, RIGHT, LEFT, LEFT - 1};
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    create_child(m, 2, RIGHT, RIGHT_LIFE, 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        hear(m, RIGHT_LIFE, change_of(XY_CHANGE_GONE, others[i], 1), 10);
        expect_nothing(m);
    }
    hear(m, RIGHT_LIFE, change_of(XY_CHANGE_GONE, RIGHT + 1, 9), 10);
    expect_change(m, XY_CHANGE_GONE, RIGHT + 1, 9);
}

static void test_beats(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    pace(m, 100, 1000, 0);
    assert_true(m.deadline(m.self) == 1100);
    tick(m, 1099);
    expect_nothing(m);
    tick(m, 1100);
    assert_true(expect_sent(m, XY_PARENT, XY_BEAT).id == SELF);
    tick(m, 5000); /* late: one beat, not forty */
    expect_beat(m, true);
    expect_nothing(m);
    assert_true(m.deadline(m.self) == 5100);
    pace(m, 0, 5100, 0);
    assert_true(m.deadline(m.self) == XY_NEVER);
}

static void test_who_wakes_up_late_forgives(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    pace(m, 100, 1000, 1);
    tick(m, 1100);
    expect_sent(m, XY_PARENT, XY_BEAT);
    tick(m, 9000); /* itself away since 1100: 7800 late */
    expect_sent(m, XY_PARENT, XY_BEAT);
    expect_nothing(m);
    for (int64_t now = 9100; now < 9200; now += 100) {
        tick(m, now);
        expect_sent(m, XY_PARENT, XY_BEAT);
        expect_nothing(m);
    }
    tick(m, 9249);
    expect_sent(m, XY_PARENT, XY_BEAT);
    expect_nothing(m);
    tick(m, 9250); /* 1450 and the 7800 that were forgiven */
    expect_change(m, XY_CHANGE_LOST, LEFT, LEFT_LIFE);
}

static void test_remove(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_PING, 2, LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_REQUEST);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 3, LEFT, LEFT_LIFE), 100);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    expect_reply(m, 2, XYLEM_UNAVAILABLE);
    expect_nothing(m); /* the reply comes when it has ended */
    tick(m, 100 + XY_GRACE_MS - 1);
    expect_nothing(m);
    tick(m, 100 + XY_GRACE_MS);
    expect(m, XY_ACTION_KILL, LEFT_LIFE);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 600);
    expect_reply(m, 3, XYLEM_OK);
    create_child(m, 4, LEFT, LEFT_LIFE + 1, 700);
}

static void test_remove_in_a_hurry(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    xy_message removal = request_for(XY_REMOVE, 2, LEFT, LEFT_LIFE);
    removal.budget_ms = 300;
    hear(m, XY_PARENT, removal, 0);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    tick(m, 150); /* half of its time: so that the answer is not too late */
    expect(m, XY_ACTION_KILL, LEFT_LIFE);
}

static void test_a_successor(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 0, LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    hear(m, XY_PARENT, request_for(XY_CREATE, 2, 30, 20), 10); /* in the same place */
    expect_nothing(m);
    hear(m, XY_PARENT, request_for(XY_CREATE, 3, LEFT, 21), 10); /* one is enough */
    expect_reply(m, 3, XYLEM_EXISTS);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 4, 30, 19), 10); /* of another life */
    expect_reply(m, 4, XYLEM_UNAVAILABLE);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 20);
    assert_true(expect(m, XY_ACTION_START, 20).id == 30);
    born(m, 20, 20);
    hear(m, 20, hello_of(30, 20), 30);
    expect_sent(m, 20, XY_WELCOME);
    expect_reply(m, 2, XYLEM_OK);
}

static void test_a_successor_that_nobody_wants_any_more(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 0, LEFT, LEFT_LIFE), 0);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    hear(m, XY_PARENT, request_for(XY_CREATE, 2, 30, 20), 10);
    hear(m, XY_PARENT, request_for(XY_REMOVE, 3, 30, 20), 11);
    expect_reply(m, 2, XYLEM_CANNOT_START);
    expect_reply(m, 3, XYLEM_OK);
    hear(m, XY_PARENT, request_for(XY_CREATE, 4, 31, 21), 12);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 4012); /* its time is over */
    expect_nothing(m);
    create_child(m, 5, LEFT, 22, 4013);
}

static void test_stop(void **state)
{
    xy_machine m = ((fixture *)*state)->machine;
    create_child(m, 1, LEFT, LEFT_LIFE, 0);
    create_child(m, 2, RIGHT, RIGHT_LIFE, 0);
    hear(m, XY_PARENT, (xy_message){.kind = XY_STOP}, 10);
    expect_sent(m, LEFT_LIFE, XY_STOP);
    expect_sent(m, RIGHT_LIFE, XY_STOP);
    hear(m, XY_PARENT, request_for(XY_PING, 3, SELF, 3), 11);
    expect_reply(m, 3, XYLEM_UNAVAILABLE);
    feed(m, XY_EVENT_EXITED, RIGHT_LIFE, "", 0, 12);
    expect_nothing(m);
    tick(m, 10 + XY_GRACE_MS);
    expect(m, XY_ACTION_KILL, LEFT_LIFE);
    feed(m, XY_EVENT_EXITED, LEFT_LIFE, "", 0, 500);
    expect(m, XY_ACTION_STOP, 0);
    tick(m, 10000);
    expect_nothing(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_before_the_welcome),
        TEST(test_requests_for_itself),
        TEST(test_request_0_wants_no_reply),
        TEST(test_work_in_parts),
        TEST(test_parts_that_are_refused),
        TEST(test_parts_are_passed_on),
        TEST(test_replies_in_parts_are_passed_on),
        TEST(test_cancel),
        TEST(test_cancel_is_passed_on),
        TEST(test_work_that_takes_too_long),
        TEST(test_stop_at_work),
        TEST(test_the_service_of_a_child),
        TEST(test_garbage_is_ignored),
        TEST(test_only_the_child_itself_is_let_in),
        TEST(test_a_child_that_does_not_start),
        TEST(test_a_child_without_a_hello),
        TEST(test_routing),
        TEST(test_no_such_place),
        TEST(test_a_request_that_cannot_be_sent),
        TEST(test_too_many_requests),
        TEST(test_a_child_dies),
        TEST(test_create_in_place_of_a_dead_one),
        TEST(test_silence),
        TEST(test_word_of_others),
        TEST(test_beats),
        TEST(test_who_wakes_up_late_forgives),
        TEST(test_remove),
        TEST(test_remove_in_a_hurry),
        TEST(test_a_successor),
        TEST(test_a_successor_that_nobody_wants_any_more),
        TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
