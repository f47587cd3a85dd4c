/* What a node was asked is asked again when its way changes: in order, and each of it once. */
#include "controlling.h"

enum { LONG = 64 * 1024 + 1 };

static char text[LONG];

/* 1 and 2 at the top, 3 below 1 and 4 below 3. */
static int set_up_four(void **state)
{
    fixture *f = new_fixture(false, &xy_topology_tree);
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_root(f, 2);
    create_below(f, 3, 1);
    create_below(f, 4, 3);
    *state = f;
    return 0;
}

/* 3 moves from 1 to 2, or back. Up to what is sent again. */
static void move_three(fixture *f)
{
    int64_t from = node_of(f, 3)->linked.parent->id, to = 3 - from;
    uint64_t link = node_of(f, 3)->peer.link.number;
    f->parent = to;
    command(f, XY_COMMAND_MOVE, 3, 0);
    expect_asked_for(f, to, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    expect_nothing(&f->r);
    arrive(f, 3);
    answer(f, expect_let_go_of(f, from, link), from, XYLEM_OK);
}

static void expect_moved(fixture *f)
{
    expect(&f->r, XY_ACTION_REPLY);
    assert_int_equal(f->r.hand.reply.status, XYLEM_OK);
    expect_nothing(&f->r);
}

static xy_number exec(fixture *f, int64_t id, size_t size)
{
    xy_command given = {
        .kind = XY_COMMAND_EXEC, .id = id, .timeout_ms = -1, .text = text, .size = size};
    xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
    const xy_message *sent = expect_asked(f, id, XY_EXEC);
    assert_int_equal(sent->payload_size, size);
    return sent->number;
}

static xy_number ping(fixture *f, int64_t id)
{
    command(f, XY_COMMAND_PING, id, 0);
    return expect_asked(f, id, XY_PING)->number;
}

static void recalled(fixture *f, xy_number number, xy_answer_kind kind)
{
    xy_message reply = reply_to(number, XYLEM_OK);
    reply.code = (uint8_t)kind;
    hear_from(f, 4, reply);
}

static void expect_again(fixture *f, int64_t id, xy_operation operation, xy_number number)
{
    assert_number(expect_asked(f, id, operation)->number, number);
}

static void expect_answered(fixture *f, xy_number number, int status)
{
    answer(f, number, 4, status);
    expect_reply(f, number.request, status);
}

static void test_short_ones(void **state)
{
    fixture *f = *state;
    f->r.now_ms = 100;
    xy_number one = exec(f, 4, 5), two = ping(f, 4), other = exec(f, 2, 5);
    f->r.now_ms = 150;
    move_three(f);
    expect_again(f, 4, XY_EXEC, one);
    assert_int_equal(f->r.hand.send.message.payload_size, 5);
    assert_int_equal(f->r.hand.send.message.budget_ms, TIMEOUT_MS - 50);
    expect_again(f, 4, XY_PING, two);
    expect_moved(f);
    expect_answered(f, two, XYLEM_OK);
    expect_answered(f, one, XYLEM_FAILED);
    answer(f, other, 2, XYLEM_OK);
    expect_reply(f, other.request, XYLEM_OK);
    move_three(f);
    expect_moved(f);
}

/* What is long is asked for first; what is behind it, old or new, waits for that. */
static void begin_recall(fixture *f, xy_number asked[3])
{
    asked[0] = ping(f, 4);
    asked[1] = exec(f, 4, LONG);
    asked[2] = ping(f, 4);
    move_three(f);
    expect_again(f, 4, XY_PING, asked[0]);
    expect_again(f, 4, XY_RECALL, asked[1]);
    assert_int_equal(f->r.hand.send.message.payload_size, 0);
    expect_moved(f);
}

static void test_a_long_one_that_is_here(void **state)
{
    fixture *f = *state;
    xy_number asked[3];
    begin_recall(f, asked);
    uint64_t new = command(f, XY_COMMAND_PING, 4, 0);
    recalled(f, asked[0], XY_ANSWER_HERE); /* it was not asked about */
    expect_nothing(&f->r);
    recalled(f, asked[1], XY_ANSWER_HERE);
    expect_again(f, 4, XY_PING, asked[2]);
    assert_true(expect_asked(f, 4, XY_PING)->number.request == new);
    expect_nothing(&f->r);
    recalled(f, asked[1], XY_ANSWER_MISSING); /* a second answer */
    expect_nothing(&f->r);
    expect_answered(f, asked[1], XYLEM_OK);
}

static void test_a_long_one_that_is_missing(void **state)
{
    fixture *f = *state;
    xy_number asked[3];
    begin_recall(f, asked);
    recalled(f, asked[1], XY_ANSWER_MISSING);
    expect_again(f, 4, XY_EXEC, asked[1]);
    assert_int_equal(f->r.hand.send.message.payload_size, LONG);
    expect_again(f, 4, XY_PING, asked[2]);
    expect_nothing(&f->r);
}

static void test_a_long_one_that_is_answered(void **state)
{
    fixture *f = *state;
    xy_number asked[3];
    begin_recall(f, asked);
    answer(f, asked[1], 4, XYLEM_FAILED);
    expect_again(f, 4, XY_PING, asked[2]);
    expect_reply(f, asked[1].request, XYLEM_FAILED);
    expect_nothing(&f->r);
}

/* The way changes once more before the answer of the node. */
static void test_a_long_one_on_two_ways(void **state)
{
    fixture *f = *state;
    xy_number asked[3];
    begin_recall(f, asked);
    move_three(f);
    expect_again(f, 4, XY_PING, asked[0]);
    expect_again(f, 4, XY_RECALL, asked[1]);
    expect_moved(f);
    recalled(f, asked[1], XY_ANSWER_HERE);
    expect_again(f, 4, XY_PING, asked[2]);
    expect_nothing(&f->r);
}

/* Its time is over meanwhile: those behind it go on. */
static void test_a_long_one_whose_time_is_over(void **state)
{
    fixture *f = *state;
    f->r.now_ms = 1;
    xy_number late = exec(f, 4, LONG);
    f->r.now_ms = 2;
    xy_number behind = ping(f, 4);
    move_three(f);
    expect_again(f, 4, XY_RECALL, late);
    expect_moved(f);
    tick(&f->r, TIMEOUT_MS + 1);
    expect_again(f, 4, XY_PING, behind);
    expect_reply(f, late.request, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
}

/* An exec says how far back those begin that are not answered: so the node forgets the others. */
static void test_what_is_kept(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1);
    assert_int_equal(f->r.hand.send.message.keep, 1);
    xy_number other = exec(f, 2, 1);
    assert_int_equal(f->r.hand.send.message.keep, 1);
    xy_number pinged = ping(f, 4);
    assert_int_equal(f->r.hand.send.message.keep, 0);
    xy_number two = exec(f, 4, 1);
    assert_int_equal(f->r.hand.send.message.keep, two.request - one.request + 1);
    expect_answered(f, pinged, XYLEM_OK);
    expect_answered(f, one, XYLEM_OK);
    xy_number three = exec(f, 4, 1);
    assert_int_equal(f->r.hand.send.message.keep, three.request - two.request + 1);
    expect_answered(f, two, XYLEM_OK);
    expect_answered(f, three, XYLEM_OK);
    ping(f, 4); /* its answer is not kept */
    exec(f, 4, 1);
    assert_int_equal(f->r.hand.send.message.keep, 1);
    (void)other;
}

static void unsent(fixture *f, xy_number number, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_REQUEST;
    event.unsent.request = number;
    event.unsent.status = status;
    feed(&f->r, &event);
}

/* What may have been done is not refused any more: it is sent once more. */
static void test_one_that_is_refused_on_its_way(void **state)
{
    fixture *f = *state;
    static const int statuses[] = {XYLEM_BUSY, XYLEM_NO_MEMORY};
    for (int i = 0; i < 4; i++) {
        xy_number one = exec(f, 4, 1), two = ping(f, 4);
        move_three(f);
        expect_again(f, 4, XY_EXEC, one);
        expect_again(f, 4, XY_PING, two);
        expect_moved(f);
        if (i % 2 == 0)
            undelivered(f, one, 4, statuses[i / 2]);
        else
            unsent(f, one, statuses[i / 2]);
        expect_nothing(&f->r);
        uint64_t new = command(f, XY_COMMAND_PING, 4, 0);
        expect_nothing(&f->r); /* it waits behind that */
        tick(&f->r, deadline_of(&f->r));
        expect_again(f, 4, XY_EXEC, one);
        expect_again(f, 4, XY_PING, two);
        assert_true(expect_asked(f, 4, XY_PING)->number.request == new);
        xy_number last = f->r.hand.send.message.number;
        expect_nothing(&f->r);
        expect_answered(f, one, XYLEM_OK);
        expect_answered(f, two, XYLEM_OK);
        expect_answered(f, last, XYLEM_OK);
    }
}

static void test_one_that_is_refused_at_once(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1);
    undelivered(f, one, 4, XYLEM_BUSY);
    expect_reply(f, one.request, XYLEM_BUSY);
    expect_nothing(&f->r);
}

/* Word of the way that is not there any more: it is sent again on another, or word of the end of
 * its node comes. */
static void test_undelivered_on_the_old_way(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1);
    undelivered(f, one, 4, XYLEM_NOT_FOUND);
    undelivered(f, one, 4, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    move_three(f);
    expect_again(f, 4, XY_EXEC, one);
    expect_moved(f);
    undelivered(f, one, 4, XYLEM_NOT_FOUND);
    expect_nothing(&f->r);
    expect_answered(f, one, XYLEM_OK);
}

/* What is told without a command is told again, too, until it has been heard. */
static void test_errands(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1);
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)one.request);
    expect_reply(f, one.request, XYLEM_CANCELLED);
    xy_number told = expect_asked(f, 4, XY_CANCEL)->number;
    assert_true(told.request != 0 && f->r.hand.send.message.value == (int64_t)one.request);
    expect_reply(f, cancel, XYLEM_OK);
    ended(f, life_of(f, 4));
    xy_number let_go = expect_let_go_of(f, 3, 4); /* what 4 was told is forgotten */
    expect_notice(f, 4, false);
    move_three(f);
    expect_again(f, 3, XY_LET_GO, let_go);
    assert_int_equal(f->r.hand.send.message.value, 4);
    expect_moved(f);
    answer(f, let_go, 3, XYLEM_OK);
    move_three(f);
    expect_moved(f);
    assert_int_equal(xy_requests_count(&f->controller.errands), 0);
}

static void test_a_cancel_is_told_again(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1);
    command(f, XY_COMMAND_CANCEL, 0, (int64_t)one.request);
    expect_reply(f, one.request, XYLEM_CANCELLED);
    xy_number told = expect_asked(f, 4, XY_CANCEL)->number;
    expect(&f->r, XY_ACTION_REPLY);
    move_three(f);
    expect_again(f, 4, XY_CANCEL, told);
    expect_moved(f);
    answer(f, told, 4, XYLEM_OK);
    move_three(f);
    expect_moved(f);
}

/* There was no memory for what is to be sent again: it is tried again, from the beginning. */
static void test_without_memory(void **state)
{
    fixture *f = *state;
    xy_number one = exec(f, 4, 1), two = exec(f, 4, 1);
    for (size_t fails = 1; fails < 12; fails++) {
        size_t seen = 0;
        f->parent = 3 - node_of(f, 3)->linked.parent->id;
        command(f, XY_COMMAND_MOVE, 3, 0);
        expect_asked_for(f, f->parent, 3);
        expected(f, 3);
        expect_attach(f, life_of(f, 3), "below");
        memory_fails(fails, fails + 1);
        arrive(f, 3);
        memory_is_back();
        if (!node_of(f, 3)->unsettled)
            tick(&f->r, f->r.now_ms + 10);
        else
            arrive(f, 3);
        xy_action action;
        while (xy_queue_pop(&f->r.out, &action)) {
            bool exec_again = action.kind == XY_ACTION_SEND && //
                              action.send.message.code == XY_EXEC;
            if (exec_again && seen < 2 &&
                action.send.message.number.request == (seen == 0 ? one : two).request)
                seen++;
            if (action.kind == XY_ACTION_SEND && action.send.message.code == XY_LET_GO)
                hear(&f->r, action.send.to, reply_to(action.send.message.number, XYLEM_OK));
            xy_action_clear(&action);
        }
        assert_int_equal(seen, 2); /* in their order */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_four, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_short_ones),
        TEST(test_a_long_one_that_is_here),
        TEST(test_a_long_one_that_is_missing),
        TEST(test_a_long_one_that_is_answered),
        TEST(test_a_long_one_on_two_ways),
        TEST(test_a_long_one_whose_time_is_over),
        TEST(test_what_is_kept),
        TEST(test_one_that_is_refused_on_its_way),
        TEST(test_one_that_is_refused_at_once),
        TEST(test_undelivered_on_the_old_way),
        TEST(test_errands),
        TEST(test_a_cancel_is_told_again),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
