/* The machines when memory runs out: what is refused leaves no trace, what is promised is done. */
#include "machines.h"

#include "../shortage.h"

#include "core/controller.h"
#include "core/node.h"

enum { SELF = 50, CHILD = 75, CHILD_LIFE = 8, TIMEOUT_MS = 4000 };

/* From now on there is none. */
static void no_memory(void)
{
    memory_fails(1, SIZE_MAX);
}

static int set_up(void **state)
{
    (void)state;
    memory_is_back();
    shortage.outstanding = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return shortage.outstanding != 0;
}

static void test_a_queue_that_cannot_grow(void **state)
{
    (void)state;
    xy_actions actions = {0};
    xy_action action;
    assert_true(xy_actions_reserve(&actions, 2));
    assert_true(xy_actions_push(&actions, &(xy_action){.peer = 1}));
    assert_true(xy_actions_push(&actions, &(xy_action){.peer = 2}));
    no_memory();
    assert_false(xy_actions_push(&actions, &(xy_action){.peer = 3}));
    for (uint64_t peer = 1; peer <= 2; peer++)
        assert_true(xy_actions_pop(&actions, &action) && action.peer == peer);
    assert_false(xy_actions_pop(&actions, &action));
    xy_actions_clear(&actions);
}

static void expect_reply(xy_machine m, uint64_t request, int status)
{
    xy_message reply = expect_sent(m, XY_PARENT, XY_REPLY);
    assert_true(reply.request == request);
    assert_int_equal(reply.status, status);
    assert_int_equal(reply.payload_size, 0);
}

static const xy_birth birth = {.id = SELF, .incarnation = 3, .secret = {9}};

/* A welcome node, with a child. */
static xy_machine begin_node(xy_node *node)
{
    assert_true(xy_node_init(node, &birth, 4711));
    xy_machine m = xy_node_machine(node);
    feed(m, XY_EVENT_OPEN, 0, NULL, 0, 0);
    expect_sent(m, XY_PARENT, XY_HELLO);
    hear(m, XY_PARENT, (xy_message){.kind = XY_WELCOME}, 0);
    expect_sent(m, XY_PARENT, XY_BEAT);
    hear(m, XY_PARENT, request_for(XY_CREATE, 1, CHILD, CHILD_LIFE), 0);
    expect(m, XY_ACTION_START, CHILD_LIFE);
    born(m, CHILD_LIFE, 0);
    hear(m, CHILD_LIFE, hello_of(CHILD, CHILD_LIFE), 0);
    expect_sent(m, CHILD_LIFE, XY_WELCOME);
    expect_reply(m, 1, XYLEM_OK);
    return m;
}

static void test_no_beginning(void **state)
{
    (void)state;
    xy_node node;
    xy_controller controller;
    no_memory();
    assert_false(xy_node_init(&node, &birth, 4711));
    assert_false(xy_controller_init(&controller, TIMEOUT_MS, 0));
}

static void test_no_hello(void **state)
{
    (void)state;
    xy_node node;
    assert_true(xy_node_init(&node, &birth, 4711));
    xy_machine m = xy_node_machine(&node);
    no_memory();
    feed(m, XY_EVENT_OPEN, 0, NULL, 0, 0);
    expect(m, XY_ACTION_STOP, 0);
    expect_nothing(m);
    xy_node_clear(&node);
}

static void test_work_that_cannot_be_done(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message exec = request_for(XY_EXEC, 2, SELF, 3);
    exec.payload = (const uint8_t *)"time";
    exec.payload_size = 4;
    no_memory();
    hear(m, XY_PARENT, exec, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    expect_nothing(m);
    xy_node_clear(&node);
}

static void test_an_answer_that_cannot_be_given(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_event worked = {.kind = XY_EVENT_WORKED, .request = 2, .bytes = "0 ms", .size = 4};
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
    expect(m, XY_ACTION_WORK, 0);
    no_memory();
    m.step(m.self, &worked, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    expect_nothing(m);
    xy_node_clear(&node);
}

enum { PART = XY_MESSAGE_PAYLOAD_MAX, LARGE = 2 * PART + 7 };

static uint8_t large[40 * PART];

/* Takes what the node says to its parent: all of it, or an error instead, and then nothing that
 * could be taken for a part of it. */
static void expect_large_reply(xy_machine m, bool short_of)
{
    size_t size = 0;
    bool over = false;
    xy_action action;
    while (xy_actions_pop(m.actions, &action)) {
        const xy_message reply = action.message;
        xy_action_clear(&action);
        if (over) /* which the parent drops */
            continue;
        over = !(reply.part & XY_PART_MORE);
        size += reply.payload_size;
        if (over)
            assert_int_equal(reply.status, size == LARGE && !short_of ? XYLEM_OK : XYLEM_NO_MEMORY);
    }
    assert_true(over);
}

static void test_an_answer_in_parts_that_cannot_be_given(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 6; n++)
        for (int for_good = 0; for_good < 2; for_good++) {
            xy_node node;
            xy_machine m = begin_node(&node);
            xy_event worked = {
                .kind = XY_EVENT_WORKED, .request = 2, .bytes = large, .size = LARGE};
            hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
            expect(m, XY_ACTION_WORK, 0);
            memory_fails(n, for_good ? SIZE_MAX : n + 1);
            m.step(m.self, &worked, 0);
            bool short_of = shortage.failed > 0;
            memory_is_back();
            expect_large_reply(m, short_of);
            xy_node_clear(&node);
        }
}

/* The longest answers have more parts than there is room for. */
static void test_no_room_for_an_answer_in_parts(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_event worked = {.kind = XY_EVENT_WORKED, .request = 2, .bytes = large, .size = sizeof large};
    hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
    expect(m, XY_ACTION_WORK, 0);
    no_memory();
    m.step(m.self, &worked, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    expect_nothing(m);
    xy_node_clear(&node);
}

static void test_work_that_cannot_wait(void **state)
{
    (void)state;
    xy_message exec = request_for(XY_EXEC, 3, SELF, 3);
    exec.payload = (const uint8_t *)"time";
    exec.payload_size = 4;
    for (size_t first = 1; first <= 2; first++) { /* nothing to keep it in; no text */
        xy_node node;
        xy_machine m = begin_node(&node);
        hear(m, XY_PARENT, request_for(XY_EXEC, 2, SELF, 3), 0);
        expect(m, XY_ACTION_WORK, 0);
        memory_fails(first, SIZE_MAX);
        hear(m, XY_PARENT, exec, 0);
        expect_reply(m, 3, XYLEM_NO_MEMORY);
        expect_nothing(m);
        memory_is_back();
        xy_node_clear(&node);
    }
}

/* What waits has all that it needs to begin. */
static void test_waiting_work_begins_without_memory(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message exec = request_for(XY_EXEC, 2, SELF, 3);
    exec.payload = (const uint8_t *)"time";
    exec.payload_size = 4;
    for (; exec.request <= 4; exec.request++)
        hear(m, XY_PARENT, exec, 0);
    expect(m, XY_ACTION_WORK, 0);
    no_memory();
    feed(m, XY_EVENT_WORKED, 0, NULL, 0, 0); /* not what is under way */
    for (uint64_t request = 2; request < 4; request++) {
        m.step(m.self, &(xy_event){.kind = XY_EVENT_WORKED, .request = request}, 0);
        expect_reply(m, request, XYLEM_OK);
        assert_true(expect(m, XY_ACTION_WORK, 0).request == request + 1);
    }
    expect_nothing(m);
    xy_node_clear(&node);
}

/* The name of its service cannot be kept: there is no child, and room for another one. */
static void test_a_child_that_cannot_be_asked_for(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message create = request_for(XY_CREATE, 2, SELF - 1, 9);
    create.payload = (const uint8_t *)"sum";
    create.payload_size = 3;
    no_memory();
    hear(m, XY_PARENT, create, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    expect_nothing(m);
    memory_is_back();
    hear(m, XY_PARENT, create, 0);
    expect_text(m, XY_ACTION_START, 9, "sum");
    xy_node_clear(&node);
}

/* Nothing is lost that was handed over. */
static void test_an_owned_payload_without_room(void **state)
{
    (void)state;
    xy_actions actions = {0};
    xy_action action = {.message = {.payload = xy_resize(NULL, 5), .payload_size = 4}};
    assert_non_null(action.message.payload);
    no_memory();
    assert_false(xy_actions_push_owned(&actions, &action));
    assert_int_equal(actions.count, 0);
    xy_actions_clear(&actions);
}

/* A part that cannot be passed on is the end of its request. */
static void test_a_part_that_cannot_be_passed_on(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message exec = request_for(XY_EXEC, 2, CHILD, CHILD_LIFE);
    exec.payload = (const uint8_t *)"time";
    exec.payload_size = 4;
    exec.part = XY_PART_MORE;
    hear(m, XY_PARENT, exec, 0);
    expect_sent(m, CHILD_LIFE, XY_REQUEST);
    exec.part = XY_PART_MORE | XY_PART_CONTINUED;
    memory_fails(1, 2);
    hear(m, XY_PARENT, exec, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    hear(m, XY_PARENT, exec, 0);
    expect_nothing(m);
    xy_node_clear(&node);
}

/* Its place stays free. */
static void test_a_child_that_cannot_be_started(void **state)
{
    enum { OTHER = 25, OTHER_LIFE = 9 };
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message create = request_for(XY_CREATE, 2, OTHER, OTHER_LIFE);
    create.payload = (const uint8_t *)"sleep";
    create.payload_size = 5;
    memory_fails(1, 2);
    hear(m, XY_PARENT, create, 0);
    expect_reply(m, 2, XYLEM_NO_MEMORY);
    create.request = 3;
    create.incarnation = OTHER_LIFE + 1;
    hear(m, XY_PARENT, create, 0);
    expect_text(m, XY_ACTION_START, OTHER_LIFE + 1, "sleep");
    expect_nothing(m);
    xy_node_clear(&node);
}

enum { JOBS = 300, PINGS = 300, FIRST_PING = 1000 };

static void ask_jobs(xy_machine m)
{
    for (uint64_t request = 2; request < 2 + JOBS; request++)
        hear(m, XY_PARENT, request_for(XY_EXEC, request, SELF, 3), 0);
    expect(m, XY_ACTION_WORK, 0);
}

static void ask_pings(xy_machine m)
{
    for (uint64_t request = FIRST_PING; request < FIRST_PING + PINGS; request++) {
        hear(m, XY_PARENT, request_for(XY_PING, request, CHILD, CHILD_LIFE), 0);
        expect_sent(m, CHILD_LIFE, XY_REQUEST);
    }
}

/* Also of work that waits, when its time is over; and of both at once. */
static void room_for_every_job(void (*first)(xy_machine), void (*then)(xy_machine))
{
    xy_node node;
    memory_is_back();
    xy_machine m = begin_node(&node);
    first(m);
    then(m);
    no_memory();
    tick(m, 3999);
    feed(m, XY_EVENT_EXITED, CHILD_LIFE, NULL, 0, 3999);
    for (uint64_t request = 3; request < 2 + JOBS; request++)
        expect_reply(m, request, XYLEM_TIMED_OUT);
    expect(m, XY_ACTION_CANCEL, 0);
    expect_reply(m, 2, XYLEM_TIMED_OUT);
    expect_sent(m, XY_PARENT, XY_CHANGE);
    for (uint64_t request = FIRST_PING; request < FIRST_PING + PINGS; request++)
        expect_reply(m, request, XYLEM_UNAVAILABLE);
    expect_nothing(m);
    xy_node_clear(&node);
}

static void test_room_for_every_job(void **state)
{
    (void)state;
    room_for_every_job(ask_jobs, ask_pings);
    room_for_every_job(ask_pings, ask_jobs);
}

/* Refused, and forgotten: the end of the child answers nothing twice. */
static void test_a_request_that_cannot_be_passed_on(void **state)
{
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    xy_message exec = request_for(XY_EXEC, 2, CHILD, CHILD_LIFE);
    exec.payload = (const uint8_t *)"time";
    exec.payload_size = 4;
    for (size_t first = 1; first <= 2; first++) { /* no entry; no message */
        memory_fails(first, SIZE_MAX);
        hear(m, XY_PARENT, exec, 0);
        expect_reply(m, 2, XYLEM_NO_MEMORY);
        expect_nothing(m);
    }
    feed(m, XY_EVENT_EXITED, CHILD_LIFE, NULL, 0, 0);
    expect_sent(m, XY_PARENT, XY_CHANGE);
    expect_nothing(m);
    xy_node_clear(&node);
}

/* Each request that was taken is answered without any more memory. */
static void test_room_for_every_answer(void **state)
{
    enum { REQUESTS = 300 };
    (void)state;
    xy_node node;
    xy_machine m = begin_node(&node);
    for (uint64_t request = 2; request < 2 + REQUESTS; request++) {
        hear(m, XY_PARENT, request_for(XY_PING, request, CHILD, CHILD_LIFE), 0);
        expect_sent(m, CHILD_LIFE, XY_REQUEST);
    }
    no_memory();
    feed(m, XY_EVENT_EXITED, CHILD_LIFE, NULL, 0, 0);
    expect_sent(m, XY_PARENT, XY_CHANGE);
    for (uint64_t request = 2; request < 2 + REQUESTS; request++)
        expect_reply(m, request, XYLEM_UNAVAILABLE);
    expect_nothing(m);
    xy_node_clear(&node);
}

/* The controlling node. */

static uint64_t command(xy_controller *controller, xy_command_kind kind, int64_t id)
{
    return xy_controller_command(controller,
                                 &(xy_command){.kind = kind, .id = id, .timeout_ms = -1}, 0);
}

static void expect_answer(xy_machine m, uint64_t request, int status)
{
    xy_message reply = expect(m, XY_ACTION_REPLY, 0);
    assert_true(reply.request == request);
    assert_int_equal(reply.status, status);
}

/* A controlling node above the node SELF, whose incarnation is 1. */
static xy_machine begin_controller(xy_controller *controller)
{
    assert_true(xy_controller_init(controller, TIMEOUT_MS, 0));
    xy_machine m = xy_controller_machine(controller);
    uint64_t request = command(controller, XY_COMMAND_CREATE, SELF);
    expect(m, XY_ACTION_START, 1);
    born(m, 1, 0);
    hear(m, 1, hello_of(SELF, 1), 0);
    expect_sent(m, 1, XY_WELCOME);
    expect_answer(m, request, XYLEM_OK);
    return m;
}

static void test_an_answer_that_cannot_be_handed_out(void **state)
{
    (void)state;
    xy_controller controller;
    xy_machine m = begin_controller(&controller);
    uint64_t request = command(&controller, XY_COMMAND_EXEC, SELF);
    expect_sent(m, 1, XY_REQUEST);
    no_memory();
    hear(m, 1,
         (xy_message){.kind = XY_REPLY,
                      .request = request,
                      .payload = (const uint8_t *)"0 ms",
                      .payload_size = 4},
         0);
    expect_answer(m, request, XYLEM_NO_MEMORY);
    expect_nothing(m);
    xy_controller_clear(&controller);
}

/* Whichever allocation is the first to fail: one answer, and none when none has. */
static void test_a_request_in_parts_that_cannot_be_sent(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        xy_controller controller;
        xy_machine m = begin_controller(&controller);
        xy_command exec = {.kind = XY_COMMAND_EXEC,
                           .id = SELF,
                           .timeout_ms = -1,
                           .text = (const char *)large,
                           .size = sizeof large};
        xy_action action;
        size_t answers = 0;
        memory_fails(n, SIZE_MAX);
        uint64_t request = xy_controller_command(&controller, &exec, 0);
        failed = shortage.failed > 0;
        memory_is_back();
        while (xy_actions_pop(m.actions, &action)) {
            answers += action.kind == XY_ACTION_REPLY;
            if (action.kind == XY_ACTION_REPLY)
                assert_true(action.message.request == request &&
                            action.message.status == XYLEM_NO_MEMORY);
            xy_action_clear(&action);
        }
        assert_int_equal(answers, failed);
        xy_controller_clear(&controller);
    }
}

static void test_an_answer_in_parts_that_cannot_be_put_together(void **state)
{
    (void)state;
    xy_message part = {.kind = XY_REPLY, .part = XY_PART_MORE};
    part.payload = (const uint8_t *)"te";
    part.payload_size = 2;
    for (size_t first = 1; first <= 2; first++) {
        xy_controller controller;
        xy_machine m = begin_controller(&controller);
        part.request = command(&controller, XY_COMMAND_EXEC, SELF);
        expect_sent(m, 1, XY_REQUEST);
        memory_fails(first, SIZE_MAX);
        hear(m, 1, part, 0);
        expect_answer(m, part.request, XYLEM_NO_MEMORY);
        hear(m, 1, part, 0);
        expect_nothing(m);
        memory_is_back();
        xy_controller_clear(&controller);
    }
}

/* A chain of nodes below SELF. */
static void create_chain(xy_controller *controller, xy_machine m, int64_t length)
{
    for (int64_t id = SELF + 1; id <= SELF + length; id++) {
        uint64_t request = command(controller, XY_COMMAND_CREATE, id);
        expect_sent(m, 1, XY_REQUEST);
        hear(m, 1, (xy_message){.kind = XY_REPLY, .request = request}, 0);
        expect_answer(m, request, XYLEM_OK);
    }
}

/* The topmost node falls silent while every node below it is being removed: each removal is done by
 * force, and answered. */
static void remove_chain(int64_t length)
{
    xy_controller controller;
    xy_machine m = begin_controller(&controller);
    create_chain(&controller, m, length);
    xy_branch_pace(&controller.branch, 100, 0);
    expect_sent(m, 1, XY_PACE);
    for (int64_t id = SELF + length; id > SELF; id--) {
        command(&controller, XY_COMMAND_REMOVE, id);
        expect_sent(m, 1, XY_REQUEST);
    }
    no_memory();
    for (int64_t now_ms = 100; now_ms <= 500; now_ms += 100)
        tick(m, now_ms);
    memory_is_back();
    assert_int_equal(expect(m, XY_ACTION_NOTICE, 0).id, SELF);
    for (int64_t id = SELF + length; id > SELF; id--) {
        assert_int_equal(expect_sent(m, 1, XY_REQUEST).id, id);
        assert_int_equal(expect(m, XY_ACTION_FAULT, 0).id, id);
        assert_int_equal(expect(m, XY_ACTION_FORGET, 0).id, id);
        assert_int_equal(expect(m, XY_ACTION_REPLY, 0).status, XYLEM_OK);
    }
    expect_nothing(m);
    xy_controller_clear(&controller);
}

static void test_room_for_every_removal(void **state)
{
    (void)state;
    for (int64_t length = 1; length <= 100; length++)
        remove_chain(length);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_queue_that_cannot_grow),
        TEST(test_no_beginning),
        TEST(test_no_hello),
        TEST(test_work_that_cannot_be_done),
        TEST(test_an_answer_that_cannot_be_given),
        TEST(test_an_answer_in_parts_that_cannot_be_given),
        TEST(test_no_room_for_an_answer_in_parts),
        TEST(test_work_that_cannot_wait),
        TEST(test_waiting_work_begins_without_memory),
        TEST(test_an_owned_payload_without_room),
        TEST(test_a_child_that_cannot_be_asked_for),
        TEST(test_a_request_that_cannot_be_passed_on),
        TEST(test_a_part_that_cannot_be_passed_on),
        TEST(test_a_child_that_cannot_be_started),
        TEST(test_room_for_every_job),
        TEST(test_room_for_every_answer),
        TEST(test_an_answer_that_cannot_be_handed_out),
        TEST(test_a_request_in_parts_that_cannot_be_sent),
        TEST(test_an_answer_in_parts_that_cannot_be_put_together),
        TEST(test_room_for_every_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
