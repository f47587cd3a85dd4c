/* The controlling node: commands in, one reply for each; notices of who can be reached. */
#include "machines.h"

#include "core/controller.h"

enum { TIMEOUT_MS = 4000 };

typedef struct fixture {
    xy_controller controller;
    xy_machine machine;
    int64_t now_ms;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!xy_controller_init(&f->controller, TIMEOUT_MS, 0))
        return 1;
    f->machine = xy_controller_machine(&f->controller);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_controller_clear(&f->controller);
    free(f);
    return 0;
}

static uint64_t command(fixture *f, xy_command_kind kind, int64_t id, int64_t value)
{
    xy_command given = {.kind = kind, .id = id, .value = value, .timeout_ms = -1};
    return xy_controller_command(&f->controller, &given, f->now_ms);
}

static xy_message expect_reply(fixture *f, uint64_t request, int status)
{
    xy_message reply = expect(f->machine, XY_ACTION_REPLY, 0);
    assert_true(reply.request == request);
    assert_int_equal(reply.status, status);
    return reply;
}

/* A command that is answered at once. */
static void expect_at_once(fixture *f, xy_command_kind kind, int64_t id, int64_t value, int status)
{
    expect_reply(f, command(f, kind, id, value), status);
    expect_nothing(f->machine);
}

static void expect_notice(fixture *f, int64_t id, bool available)
{
    xy_message notice = expect(f->machine, XY_ACTION_NOTICE, 0);
    assert_true(notice.id == id && notice.value == available);
}

static void expect_forgotten(fixture *f, uint64_t incarnation)
{
    assert_true(expect(f->machine, XY_ACTION_FORGET, 0).incarnation == incarnation);
}

static void answer(fixture *f, uint64_t request, int status, int64_t value)
{
    xy_message reply = {.kind = XY_REPLY, .request = request, .status = status, .value = value};
    hear(f->machine, 1, reply, f->now_ms);
}

/* Creates the topmost node, whose incarnation is 1. */
static void create_root(fixture *f, int64_t id)
{
    uint64_t request = command(f, XY_COMMAND_CREATE, id, 0);
    assert_true(expect(f->machine, XY_ACTION_START, 1).id == id);
    born(f->machine, 1, f->now_ms);
    hear(f->machine, 1, hello_of(id, 1), f->now_ms);
    expect_sent(f->machine, 1, XY_WELCOME);
    assert_true(expect_reply(f, request, XYLEM_OK).value == id + 1000);
    expect_nothing(f->machine);
}

/* Creates a node below it. */
static void create(fixture *f, int64_t id)
{
    uint64_t request = command(f, XY_COMMAND_CREATE, id, 0);
    xy_message asked = expect_sent(f->machine, 1, XY_REQUEST);
    assert_true(asked.code == XY_CREATE && asked.id == id && asked.request == request);
    answer(f, request, XYLEM_OK, id + 1000);
    expect_reply(f, request, XYLEM_OK);
    expect_nothing(f->machine);
}

static uint64_t life_of(const fixture *f, int64_t id)
{
    return xy_tree_find(&f->controller.tree, id)->incarnation;
}

static void change(fixture *f, xy_change what, int64_t id)
{
    hear(f->machine, 1, change_of(what, id, life_of(f, id)), f->now_ms);
}

/* 50 above 25 and 75, 75 above 60 and 90. */
static void create_five(fixture *f)
{
    create_root(f, 50);
    create(f, 25);
    create(f, 75);
    create(f, 60);
    create(f, 90);
}

static void test_without_nodes(void **state)
{
    fixture *f = *state;
    expect_at_once(f, XY_COMMAND_REMOVE, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_EXEC, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_PING, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_PACE, 0, 100, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_FAULT, 1, XY_FAULT_KILL, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_WAIT, 1, 0, XYLEM_OK);
    assert_true(f->machine.deadline(f->machine.self) == XY_NEVER);
}

static void test_create_fails(void **state)
{
    fixture *f = *state;
    uint64_t request = command(f, XY_COMMAND_CREATE, 50, 0);
    expect(f->machine, XY_ACTION_START, 1);
    expect_at_once(f, XY_COMMAND_CREATE, 50, 0, XYLEM_EXISTS);
    expect_at_once(f, XY_COMMAND_CREATE, 60, 0, XYLEM_PARENT_UNAVAILABLE); /* it starts only */
    expect_at_once(f, XY_COMMAND_PING, 50, 0, XYLEM_NOT_FOUND);
    feed(f->machine, XY_EVENT_STILLBORN, 1, "no room", 7, 0);
    expect_forgotten(f, 1);
    xy_message reply = expect_text(f->machine, XY_ACTION_REPLY, 0, "no room");
    assert_true(reply.request == request && reply.status == XYLEM_CANNOT_START);
    assert_int_equal(f->controller.tree.count, 0);
    request = command(f, XY_COMMAND_CREATE, 50, 0);
    expect(f->machine, XY_ACTION_START, 2); /* another life */
}

static void test_create_below(void **state)
{
    static const struct {
        int told, answered;
    } cases[] = {{XYLEM_CANNOT_START, XYLEM_CANNOT_START},
                 {XYLEM_UNAVAILABLE, XYLEM_PARENT_UNAVAILABLE},
                 {XYLEM_NOT_FOUND, XYLEM_PARENT_UNAVAILABLE},
                 {XYLEM_BUSY, XYLEM_BUSY}};
    fixture *f = *state;
    create_five(f);
    expect_at_once(f, XY_COMMAND_CREATE, 90, 0, XYLEM_EXISTS);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t request = command(f, XY_COMMAND_CREATE, 95, 0);
        expect_sent(f->machine, 1, XY_REQUEST);
        uint64_t life = life_of(f, 95);
        answer(f, request, cases[i].told, 0);
        expect_forgotten(f, life); /* it may have begun to live below one that has died since */
        if (cases[i].answered == XYLEM_PARENT_UNAVAILABLE) { /* should it be done after all */
            xy_message removal = expect_sent(f->machine, 1, XY_REQUEST);
            assert_true(removal.code == XY_REMOVE && removal.request == 0);
        }
        expect_reply(f, request, cases[i].answered);
        assert_null(xy_tree_find(&f->controller.tree, 95));
    }
}

static void test_exec_and_ping(void **state)
{
    fixture *f = *state;
    create_five(f);
    xy_command exec = {
        .kind = XY_COMMAND_EXEC, .id = 90, .timeout_ms = -1, .text = "time", .size = 4};
    uint64_t request = xy_controller_command(&f->controller, &exec, 0);
    xy_message asked = expect_text(f->machine, XY_ACTION_SEND, 1, "time");
    assert_true(asked.code == XY_EXEC && asked.incarnation == life_of(f, 90));
    hear(f->machine, 1,
         (xy_message){.kind = XY_REPLY,
                      .request = request,
                      .payload = (const uint8_t *)"7 ms",
                      .payload_size = 4},
         1);
    assert_true(expect_text(f->machine, XY_ACTION_REPLY, 0, "7 ms").request == request);
    answer(f, request, XYLEM_OK, 0); /* once more: nobody waits */
    expect_nothing(f->machine);
    request = command(f, XY_COMMAND_PING, 25, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, request, XYLEM_UNAVAILABLE, 0);
    expect_reply(f, request, XYLEM_UNAVAILABLE);
}

static uint64_t start_job(fixture *f, int64_t id)
{
    uint64_t request = command(f, XY_COMMAND_EXEC, id, 0);
    assert_int_equal(expect_sent(f->machine, 1, XY_REQUEST).code, XY_EXEC);
    return request;
}

static void test_cancel(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t job = start_job(f, 90), ping = command(f, XY_COMMAND_PING, 25, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)job);
    expect_reply(f, job, XYLEM_CANCELLED);
    xy_message told = expect_sent(f->machine, 1, XY_REQUEST);
    assert_true(told.code == XY_CANCEL && told.request == 0 && told.value == (int64_t)job);
    assert_true(told.id == 90 && told.incarnation == life_of(f, 90));
    expect_reply(f, cancel, XYLEM_OK);
    answer(f, job, XYLEM_OK, 0); /* too late */
    expect_nothing(f->machine);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)job, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)ping, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, 0, XYLEM_NOT_FOUND);
    answer(f, ping, XYLEM_OK, 0);
    expect_reply(f, ping, XYLEM_OK);
}

/* The answer is there at once, whether the node can be told or not. */
static void test_cancel_what_cannot_be_reached(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t job = start_job(f, 50);
    command(f, XY_COMMAND_PACE, 0, 100);
    expect_sent(f->machine, 1, XY_PACE);
    expect(f->machine, XY_ACTION_REPLY, 0);
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)job);
    expect_reply(f, job, XYLEM_CANCELLED);
    expect_sent(f->machine, 1, XY_REQUEST);
    expect_reply(f, cancel, XYLEM_OK);
    for (f->now_ms = 100; f->now_ms <= 500; f->now_ms += 100)
        tick(f->machine, f->now_ms);
    expect_notice(f, 50, false);
    expect_nothing(f->machine);
}

static void test_a_long_request_goes_in_parts(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    static const char text[2 * PART + 1];
    static const uint8_t parts[] = {XY_PART_MORE, XY_PART_MORE | XY_PART_CONTINUED,
                                    XY_PART_CONTINUED};
    fixture *f = *state;
    create_root(f, 50);
    xy_command exec = {.kind = XY_COMMAND_EXEC, .id = 50, .timeout_ms = 70, .text = text};
    exec.size = sizeof text;
    uint64_t request = xy_controller_command(&f->controller, &exec, 0);
    for (int i = 0; i < 3; i++) {
        xy_message sent = expect_sent(f->machine, 1, XY_REQUEST);
        assert_true(sent.request == request && sent.part == parts[i] && sent.budget_ms == 70);
    }
    expect_nothing(f->machine);
}

static void answer_in_part(fixture *f, uint64_t request, uint8_t part, const char *text)
{
    hear(f->machine, 1,
         (xy_message){.kind = XY_REPLY,
                      .request = request,
                      .part = part,
                      .status = XYLEM_FAILED,
                      .payload = (const uint8_t *)text,
                      .payload_size = (uint32_t)strlen(text)},
         f->now_ms);
}

static void test_an_answer_in_parts(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t one = start_job(f, 25), other = start_job(f, 90);
    answer_in_part(f, one, XY_PART_MORE, "it ");
    answer_in_part(f, other, XY_PART_MORE, "another ");
    answer_in_part(f, one, XY_PART_MORE | XY_PART_CONTINUED, "does not ");
    expect_nothing(f->machine);
    answer_in_part(f, one, XY_PART_CONTINUED, "work");
    xy_message reply = expect_text(f->machine, XY_ACTION_REPLY, 0, "it does not work");
    assert_true(reply.request == one && reply.status == XYLEM_FAILED);
    answer_in_part(f, other, XY_PART_CONTINUED, "reason");
    assert_true(expect_text(f->machine, XY_ACTION_REPLY, 0, "another reason").request == other);
    expect_nothing(f->machine);
}

static void test_an_answer_in_parts_that_stops(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t job = start_job(f, 90);
    answer_in_part(f, job, XY_PART_MORE, "it ");
    answer(f, job, XYLEM_UNAVAILABLE, 0);
    assert_int_equal(expect_text(f->machine, XY_ACTION_REPLY, 0, "").status, XYLEM_UNAVAILABLE);
    answer_in_part(f, job, XY_PART_CONTINUED, "works");
    expect_nothing(f->machine);
    assert_null(f->controller.arriving.first);
}

static void test_an_answer_in_parts_that_comes_too_late(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t job = start_job(f, 90), cancelled = start_job(f, 90);
    answer_in_part(f, job, XY_PART_MORE, "it ");
    answer_in_part(f, cancelled, XY_PART_MORE, "it ");
    command(f, XY_COMMAND_CANCEL, 0, (int64_t)cancelled);
    expect_reply(f, cancelled, XYLEM_CANCELLED);
    expect_sent(f->machine, 1, XY_REQUEST);
    expect(f->machine, XY_ACTION_REPLY, 0);
    tick(f->machine, TIMEOUT_MS);
    assert_int_equal(expect_text(f->machine, XY_ACTION_REPLY, 0, "").status, XYLEM_UNAVAILABLE);
    answer_in_part(f, job, XY_PART_CONTINUED, "works");
    answer_in_part(f, cancelled, XY_PART_CONTINUED, "works");
    expect_nothing(f->machine);
    assert_null(f->controller.arriving.first);
}

/* Only what a service answers comes in parts. */
static void test_other_answers_in_parts_are_none(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t ping = command(f, XY_COMMAND_PING, 50, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer_in_part(f, ping, XY_PART_MORE, "");
    answer_in_part(f, ping, XY_PART_CONTINUED, "");
    expect_nothing(f->machine);
    tick(f->machine, TIMEOUT_MS);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
}

static void test_the_service_of_a_node(void **state)
{
    fixture *f = *state;
    xy_command made = {
        .kind = XY_COMMAND_CREATE, .id = 50, .timeout_ms = -1, .text = "sum", .size = 3};
    xy_controller_command(&f->controller, &made, 0);
    expect_text(f->machine, XY_ACTION_START, 1, "sum");
}

static void test_deadlines(void **state)
{
    fixture *f = *state;
    create_five(f);
    f->now_ms = 100;
    uint64_t ping = command(f, XY_COMMAND_PING, 25, 0);
    uint64_t created = command(f, XY_COMMAND_CREATE, 10, 0);
    uint64_t life = life_of(f, 10);
    expect_sent(f->machine, 1, XY_REQUEST);
    expect_sent(f->machine, 1, XY_REQUEST);
    assert_true(f->machine.deadline(f->machine.self) == 100 + TIMEOUT_MS);
    tick(f->machine, 99 + TIMEOUT_MS);
    expect_nothing(f->machine);
    tick(f->machine, 100 + TIMEOUT_MS);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
    expect_forgotten(f, life);
    xy_message removal = expect_sent(f->machine, 1, XY_REQUEST); /* should it start after all */
    assert_true(removal.code == XY_REMOVE && removal.request == 0 && removal.incarnation == life);
    expect_reply(f, created, XYLEM_PARENT_UNAVAILABLE);
    answer(f, created, XYLEM_OK, 1);
    answer(f, ping, XYLEM_OK, 1);
    expect_nothing(f->machine);
    assert_null(xy_tree_find(&f->controller.tree, 10));
}

static void test_notices_ascend(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_LOST, 75);
    expect_notice(f, 60, false);
    expect_notice(f, 75, false);
    expect_notice(f, 90, false);
    expect_nothing(f->machine);
    change(f, XY_CHANGE_LOST, 75); /* once per change */
    expect_nothing(f->machine);
    expect_at_once(f, XY_COMMAND_PING, 90, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_EXEC, 75, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_CREATE, 91, 0, XYLEM_PARENT_UNAVAILABLE);
    change(f, XY_CHANGE_GONE, 90); /* told late: it could not be reached anyway */
    expect_nothing(f->machine);
    change(f, XY_CHANGE_BACK, 75);
    expect_notice(f, 60, true);
    expect_notice(f, 75, true);
    expect_nothing(f->machine);                                                 /* 90 stays away */
    hear(f->machine, 1, change_of(XY_CHANGE_LOST, 60, life_of(f, 60) + 50), 0); /* another life */
    hear(f->machine, 1, change_of(XY_CHANGE_LOST, 61, 4), 0);                   /* no such node */
    expect_nothing(f->machine);
}

static void test_the_root_dies(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    create(f, 25);
    uint64_t ping = command(f, XY_COMMAND_PING, 25, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    feed(f->machine, XY_EVENT_EXITED, 1, "", 0, 5);
    expect_notice(f, 25, false); /* before the reply */
    expect_notice(f, 50, false);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_FAULT, 25, XY_FAULT_RESUME, XYLEM_OK); /* nobody to do it to */
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 50, 0);
    expect_forgotten(f, 1);
    expect_forgotten(f, 2);
    expect_reply(f, removal, XYLEM_OK);
    assert_int_equal(f->controller.tree.count, 0);
}

static void test_remove(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    assert_int_equal(expect_sent(f->machine, 1, XY_REQUEST).code, XY_REMOVE);
    expect_at_once(f, XY_COMMAND_PING, 90, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CREATE, 95, 0, XYLEM_PARENT_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_REMOVE, 75, 0, XYLEM_NOT_FOUND);
    answer(f, removal, XYLEM_OK, 0);
    expect_forgotten(f, 3);
    expect_forgotten(f, 4);
    expect_forgotten(f, 5);
    expect_reply(f, removal, XYLEM_OK);
    assert_int_equal(f->controller.tree.count, 2);
    create(f, 75);
    assert_true(life_of(f, 75) == 6);
}

static void test_a_removal_overtakes_a_create(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t created = command(f, XY_COMMAND_CREATE, 95, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, created, XYLEM_OK, 1095);
    expect_reply(f, created, XYLEM_OK);
    expect_at_once(f, XY_COMMAND_PING, 95, 0, XYLEM_NOT_FOUND); /* it is ending all the same */
    change(f, XY_CHANGE_LOST, 75);
    expect_nothing(f->machine); /* no notice of what is ending */
    answer(f, removal, XYLEM_OK, 0);
    for (int i = 0; i < 4; i++)
        expect(f->machine, XY_ACTION_FORGET, 0);
    expect_reply(f, removal, XYLEM_OK);
}

/* And is answered first: the node is gone, whatever its create says, and so is not one of the same
 * id that came after it. */
static void test_a_create_is_answered_after_its_removal(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t late = command(f, XY_COMMAND_CREATE, 95, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, removal, XYLEM_OK, 0);
    for (int i = 0; i < 4; i++)
        expect(f->machine, XY_ACTION_FORGET, 0);
    expect_reply(f, removal, XYLEM_OK);
    uint64_t again = command(f, XY_COMMAND_CREATE, 95, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, late, XYLEM_OK, 1095);
    expect_reply(f, late, XYLEM_CANNOT_START);
    expect_nothing(f->machine);
    answer(f, again, XYLEM_OK, 2095);
    assert_true(expect_reply(f, again, XYLEM_OK).value == 2095);
    assert_true(xy_tree_find(&f->controller.tree, 95)->pid == 2095);
}

static void expect_killed(fixture *f, int64_t id, uint64_t life)
{
    xy_message fault = expect(f->machine, XY_ACTION_FAULT, 0);
    assert_true(fault.code == XY_FAULT_KILL && fault.id == id && fault.incarnation == life &&
                fault.value == id + 1000);
}

static void test_remove_what_cannot_be_reached(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_LOST, 75);
    for (int i = 0; i < 3; i++)
        expect(f->machine, XY_ACTION_NOTICE, 0);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 90, 0);
    xy_message request = expect_sent(f->machine, 1, XY_REQUEST);
    assert_true(request.code == XY_REMOVE && request.request == 0 && request.incarnation == 5);
    expect_killed(f, 90, 5);
    expect_forgotten(f, 5);
    expect_reply(f, removal, XYLEM_OK);
}

/* Nobody answers; somebody on the way cannot be reached, or cannot pass it on: it is done by force,
 * and whoever holds the node's place is told, so that another one finds it free. */
static void test_remove_in_vain(void **state)
{
    static const int statuses[] = {XYLEM_TIMED_OUT, XYLEM_UNAVAILABLE, XYLEM_NO_MEMORY};
    static const int64_t ids[] = {90, 60, 75};
    fixture *f = *state;
    create_five(f);
    for (int i = 0; i < 3; i++) {
        uint64_t life = life_of(f, ids[i]), removal = command(f, XY_COMMAND_REMOVE, ids[i], 0);
        expect_sent(f->machine, 1, XY_REQUEST);
        if (statuses[i] == XYLEM_TIMED_OUT)
            tick(f->machine, TIMEOUT_MS);
        else
            answer(f, removal, statuses[i], 0);
        xy_message request = expect_sent(f->machine, 1, XY_REQUEST);
        assert_true(request.code == XY_REMOVE && request.request == 0);
        assert_true(request.id == ids[i] && request.incarnation == life);
        expect_killed(f, ids[i], life);
        expect_forgotten(f, life);
        expect_reply(f, removal, XYLEM_OK);
        assert_null(xy_tree_find(&f->controller.tree, ids[i]));
    }
}

/* Whoever holds its place has not heard of it: so it is gone, without force. */
static void test_remove_what_is_gone_already(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 90, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, removal, XYLEM_NOT_FOUND, 0);
    expect_forgotten(f, 5);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(f->machine);
}

/* The later removal, of the node above, is answered first. */
static void test_two_removals(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t below = command(f, XY_COMMAND_REMOVE, 60, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    uint64_t above = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    answer(f, above, XYLEM_OK, 0);
    for (int i = 0; i < 3; i++)
        expect(f->machine, XY_ACTION_FORGET, 0);
    expect_reply(f, above, XYLEM_OK);
    answer(f, below, XYLEM_UNAVAILABLE, 0);
    expect_reply(f, below, XYLEM_OK);
    expect_nothing(f->machine);
}

/* From the dead nothing is heard any more, whatever is still on its way. */
static void test_the_dead_stay_dead(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_GONE, 60);
    expect_notice(f, 60, false);
    change(f, XY_CHANGE_BACK, 60);
    expect_nothing(f->machine);
    expect_at_once(f, XY_COMMAND_PING, 60, 0, XYLEM_UNAVAILABLE);
}

static void test_garbage_is_ignored(void **state)
{
    static const uint8_t garbage[XY_MESSAGE_HEADER] = "xy";
    fixture *f = *state;
    create_root(f, 50);
    uint64_t ping = command(f, XY_COMMAND_PING, 50, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    feed(f->machine, XY_EVENT_FRAME, 1, garbage, sizeof garbage, 0);
    expect_nothing(f->machine);
    answer(f, ping, XYLEM_OK, 0);
    expect_reply(f, ping, XYLEM_OK);
}

static void test_wait(void **state)
{
    fixture *f = *state;
    create_five(f);
    expect_at_once(f, XY_COMMAND_WAIT, 90, 1, XYLEM_OK);
    uint64_t down = command(f, XY_COMMAND_WAIT, 90, 0);
    uint64_t up = command(f, XY_COMMAND_WAIT, 99, 1);
    expect_nothing(f->machine);
    change(f, XY_CHANGE_LOST, 75);
    for (int i = 0; i < 3; i++)
        expect(f->machine, XY_ACTION_NOTICE, 0);
    expect_reply(f, down, XYLEM_OK);
    expect_nothing(f->machine);
    tick(f->machine, TIMEOUT_MS);
    expect_reply(f, up, XYLEM_TIMED_OUT);
    uint64_t back = command(f, XY_COMMAND_WAIT, 60, 1);
    change(f, XY_CHANGE_BACK, 75);
    for (int i = 0; i < 3; i++)
        expect(f->machine, XY_ACTION_NOTICE, 0);
    expect_reply(f, back, XYLEM_OK);
}

/* Whoever waits for a node to go need not wait for its end. */
static void test_wait_for_the_end(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t down = command(f, XY_COMMAND_WAIT, 50, 0);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 50, 0);
    expect_reply(f, down, XYLEM_OK);
    expect_sent(f->machine, 1, XY_STOP);
    expect_at_once(f, XY_COMMAND_WAIT, 50, 0, XYLEM_OK);
    feed(f->machine, XY_EVENT_EXITED, 1, "", 0, f->now_ms);
    expect_forgotten(f, 1);
    expect_reply(f, removal, XYLEM_OK);
}

static void test_pace(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t request = command(f, XY_COMMAND_PACE, 0, 250);
    assert_int_equal(expect_sent(f->machine, 1, XY_PACE).value, 250);
    expect_reply(f, request, XYLEM_OK);
    tick(f->machine, 0);
    for (int64_t now = 250; now <= 1000; now += 250)
        tick(f->machine, now);
    expect_nothing(f->machine);
    tick(f->machine, 1125); /* 4 T and the margin */
    expect_notice(f, 50, false);
}

static void test_faults(void **state)
{
    fixture *f = *state;
    create_five(f);
    for (int fault = XY_FAULT_KILL; fault <= XY_FAULT_RESUME; fault++) {
        uint64_t request = command(f, XY_COMMAND_FAULT, 60, fault);
        xy_message done = expect(f->machine, XY_ACTION_FAULT, 0);
        assert_true(done.code == fault && done.incarnation == 4 && done.value == 1060);
        expect_reply(f, request, XYLEM_OK);
    }
}

static void test_too_many_commands(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    for (int i = 0; i < XY_PENDING_MAX; i++) {
        command(f, XY_COMMAND_PING, 50, 0);
        expect_sent(f->machine, 1, XY_REQUEST);
    }
    expect_at_once(f, XY_COMMAND_PING, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_WAIT, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_CREATE, 25, 0, XYLEM_BUSY);
    assert_null(xy_tree_find(&f->controller.tree, 25));
    expect_at_once(f, XY_COMMAND_REMOVE, 50, 0, XYLEM_BUSY);
    assert_int_equal(xy_tree_find(&f->controller.tree, 50)->stage, XY_STAGE_PRESENT);
}

static void test_close(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t ping = command(f, XY_COMMAND_PING, 50, 0);
    expect_sent(f->machine, 1, XY_REQUEST);
    uint64_t end = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, ping, XYLEM_INTERRUPTED);
    expect_sent(f->machine, 1, XY_STOP);
    expect_reply(f, end, XYLEM_OK);
    tick(f->machine, XY_GRACE_MS);
    expect(f->machine, XY_ACTION_KILL, 1);
    feed(f->machine, XY_EVENT_EXITED, 1, "", 0, XY_GRACE_MS + 1);
    expect(f->machine, XY_ACTION_STOP, 0);
    expect_nothing(f->machine);
}

static void test_close_while_an_answer_arrives(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t job = start_job(f, 50);
    answer_in_part(f, job, XY_PART_MORE, "it ");
    command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, job, XYLEM_INTERRUPTED);
    assert_null(f->controller.arriving.first);
}

static void test_close_without_nodes(void **state)
{
    fixture *f = *state;
    uint64_t end = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, end, XYLEM_OK);
    expect(f->machine, XY_ACTION_STOP, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_nodes),
        TEST(test_create_fails),
        TEST(test_create_below),
        TEST(test_exec_and_ping),
        TEST(test_cancel),
        TEST(test_cancel_what_cannot_be_reached),
        TEST(test_a_long_request_goes_in_parts),
        TEST(test_an_answer_in_parts),
        TEST(test_an_answer_in_parts_that_stops),
        TEST(test_an_answer_in_parts_that_comes_too_late),
        TEST(test_other_answers_in_parts_are_none),
        TEST(test_the_service_of_a_node),
        TEST(test_deadlines),
        TEST(test_notices_ascend),
        TEST(test_the_root_dies),
        TEST(test_remove),
        TEST(test_a_removal_overtakes_a_create),
        TEST(test_a_create_is_answered_after_its_removal),
        TEST(test_remove_what_cannot_be_reached),
        TEST(test_remove_in_vain),
        TEST(test_remove_what_is_gone_already),
        TEST(test_two_removals),
        TEST(test_the_dead_stay_dead),
        TEST(test_garbage_is_ignored),
        TEST(test_wait),
        TEST(test_wait_for_the_end),
        TEST(test_pace),
        TEST(test_faults),
        TEST(test_too_many_commands),
        TEST(test_close),
        TEST(test_close_while_an_answer_arrives),
        TEST(test_close_without_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
