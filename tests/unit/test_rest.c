/* Work that rests, in the simulated world: what happens in the meantime, and when it sees that
 * it is not wanted any more. Virtual time is exact, so each test knows how far the work has come.
 */
#include "worlds.h"

/* What the services have done, of the node under test. */
static struct {
    int begun, steps, unwanted, returned;
    bool caring;    /* they return when they are not wanted any more, */
    bool surprised; /* and have seen that differ from what their rest had said */
    int closed, released;
    char order[64]; /* the first letters of the texts of those that step */
} seen;

/* Its text is a letter; each of its ten steps takes 100 ms. */
static int take_steps(void *state, xylem_work *work)
{
    void *memory = malloc(100); /* as work has that must return */
    (void)state;
    seen.begun++;
    for (int i = 0; i < 10; i++) {
        bool wanted = xylem_work_rest(work, 100);
        seen.surprised = seen.surprised || xylem_work_wanted(work) != wanted;
        seen.unwanted += !wanted;
        if (!wanted && seen.caring)
            break;
        seen.steps++;
        strncat(seen.order, xylem_work_text(work, NULL), 1);
    }
    free(memory);
    seen.returned++;
    return XYLEM_OK;
}

static int rest_for_ever(void *state, xylem_work *work)
{
    (void)state;
    for (;; seen.steps++)
        xylem_work_rest(work, 100);
    return XYLEM_OK;
}

static int rest_for_no_time(void *state, xylem_work *work)
{
    (void)state;
    while (xylem_work_rest(work, 0))
        seen.steps++;
    return XYLEM_CANCELLED;
}

static int ask_for_ever(void *state, xylem_work *work)
{
    (void)state;
    while (xylem_work_wanted(work))
        seen.steps++;
    return XYLEM_CANCELLED;
}

static int rest_till_the_end_of_time(void *state, xylem_work *work)
{
    (void)state;
    return xylem_work_rest(work, INT64_MAX) ? XYLEM_OK : XYLEM_CANCELLED;
}

static int rest_deep_down(void *state, xylem_work *work)
{
    volatile char room[96 * 1024];
    (void)state;
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = (char)i;
    xylem_work_rest(work, 100);
    for (size_t i = 0; i < sizeof room; i += 1024)
        if (room[i] != (char)i)
            return XYLEM_FAILED;
    return XYLEM_OK;
}

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    xylem_work_rest(work, 10);
    return xylem_work_reply(work, text, size);
}

static int open_counted(void **state)
{
    *state = malloc(1);
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void close_counted(void *state)
{
    free(state);
    seen.closed++;
}

static void release_counted(void *state)
{
    free(state);
    seen.released++;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "steps", .open = open_counted, .exec = take_steps, .close = close_counted,
                  .release = release_counted, .takes_long = true),
    XYLEM_SERVICE(.name = "for-ever", .exec = rest_for_ever, .close = close_counted,
                  .release = release_counted, .takes_long = true),
    XYLEM_SERVICE(.name = "no-time", .exec = rest_for_no_time, .takes_long = true),
    XYLEM_SERVICE(.name = "asks", .exec = ask_for_ever, .takes_long = true),
    XYLEM_SERVICE(.name = "end-of-time", .exec = rest_till_the_end_of_time, .takes_long = true),
    XYLEM_SERVICE(.name = "deep", .exec = rest_deep_down, .takes_long = true),
    XYLEM_SERVICE(.name = "echo", .exec = echo, .takes_long = true)};

/* Lets time pass. Each event ends one xylem_run. */
static void pass(xylem *network, int64_t ms)
{
    int64_t until_ms = xylem_now(network) + ms;
    const xylem_event *event;
    while (xylem_now(network) < until_ms) {
        assert_int_equal(xylem_run(network, until_ms - xylem_now(network)), XYLEM_OK);
        while ((event = xylem_next_event(network)))
            continue;
    }
}

static int forget(void **state)
{
    memset(&seen, 0, sizeof seen);
    seen.caring = true;
    *state = (void *)0; /* the simulated world */
    return 0;
}

/* How it ends. */

static void test_steps_take_time(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    for (int i = 0; i < 10; i++) {
        pass(network, i == 0 ? 50 : 100);
        assert_int_equal(seen.steps, i);
        assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
        assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    }
    expect_end(future, XYLEM_OK, "");
    assert_int_equal(seen.steps, 10);
    assert_int_equal(seen.unwanted, 0);
    xylem_close(&network);
}

static void test_at_different_nodes(void **state)
{
    xylem *network = OPEN("steps", "steps");
    xylem_future *first = start(network, 0, "a");
    pass(network, 50);
    xylem_future *second = start(network, 1, "b");
    expect_end(second, XYLEM_OK, "");
    expect_end(first, XYLEM_OK, "");
    assert_string_equal(seen.order, "abababababababababab");
    xylem_close(&network);
}

/* After three steps of ten; and it has given back what it held. */
static void expect_three(bool told)
{
    assert_int_equal(seen.steps, 3);
    assert_int_equal(seen.unwanted, 1);
    assert_int_equal(seen.returned, seen.begun);
    assert_false(seen.surprised);
    assert_int_equal(seen.closed, told);
    assert_int_equal(seen.released, !told);
}

static void test_killed(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    expect_three(false);
    expect_end(future, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
    expect_three(false);
}

static void test_parent_killed(void **state)
{
    xylem *network = OPEN("echo", "steps");
    xylem_future *future = start(network, 1, "a");
    pass(network, 350);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    pass(network, 1); /* what is below it is killed when its end is known */
    expect_three(false);
    expect_end(future, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
}

static void test_removed(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    expect_three(true);
    expect_end(future, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
}

static void test_closed(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    xylem_close(&network);
    expect_three(true);
    expect_end(future, XYLEM_INTERRUPTED, "");
}

static void test_cancelled(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    xylem_future_cancel(future);
    expect_end(future, XYLEM_CANCELLED, "");
    pass(network, 1);
    assert_int_equal(seen.steps, 3);
    assert_int_equal(seen.returned, 1);
    expect_end(start(network, 0, "a"), XYLEM_OK, ""); /* a whole one: 10 steps */
    assert_int_equal(seen.steps, 13);
    xylem_close(&network);
}

static void test_timed_out(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future;
    assert_int_equal(xylem_start(network, 0, "a", 460, &future), XYLEM_OK); /* 345 of it */
    expect_end(future, XYLEM_TIMED_OUT, "");
    assert_int_equal(seen.steps, 3);
    assert_int_equal(seen.returned, 1);
    xylem_close(&network);
}

/* A node that is paused does nothing; but time goes on. */
static void test_paused(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 150);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    pass(network, 1000);
    assert_int_equal(seen.steps, 1);
    assert_int_equal(xylem_resume(network, 0), XYLEM_OK);
    pass(network, 1);
    assert_int_equal(seen.steps, 2);
    pass(network, 98);
    assert_int_equal(seen.steps, 2);
    pass(network, 2);
    assert_int_equal(seen.steps, 3);
    expect_end(future, XYLEM_OK, "");
    xylem_close(&network);
}

static void test_killed_while_paused(void **state)
{
    xylem *network = OPEN("steps");
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    pass(network, 200);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    expect_three(false);
    expect_end(future, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
}

/* Work that does not care. */

static void test_finishes_all_the_same(void **state)
{
    xylem *network = OPEN("steps");
    seen.caring = false;
    xylem_future *future = start(network, 0, "a");
    pass(network, 350);
    xylem_future_cancel(future);
    expect_end(future, XYLEM_CANCELLED, "");
    expect_end(start(network, 0, "a"), XYLEM_OK, "");
    assert_int_equal(seen.steps, 20);
    assert_int_equal(seen.unwanted, 7);
    xylem_close(&network);
}

/* The node answers, but does no other work, as in a thread; and its state is left alone. */
static void test_never_returns(void **state)
{
    xylem *network = OPEN("for-ever", "for-ever", "for-ever");
    xylem_future *cancelled = start(network, 0, ""), *removed = start(network, 1, ""),
                 *killed = start(network, 2, ""), *next;
    pass(network, 350);
    xylem_future_cancel(cancelled);
    expect_end(cancelled, XYLEM_CANCELLED, "");
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    assert_int_equal(xylem_start(network, 0, "", 1000, &next), XYLEM_OK);
    expect_end(next, XYLEM_TIMED_OUT, "");
    assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    expect_end(removed, XYLEM_UNAVAILABLE, "");
    expect_end(killed, XYLEM_UNAVAILABLE, "");
    int steps = seen.steps;
    assert_int_equal(create_serving(network, 3, "echo"), XYLEM_OK);
    expect_end(start(network, 3, "x"), XYLEM_OK, "x"); /* on one of their stacks */
    xylem_close(&network);
    assert_int_equal(seen.steps, steps);
    assert_int_equal(seen.closed + seen.released, 0);
}

static void expect_timed_out(void **state, const char *service)
{
    xylem *network = OPEN(service);
    xylem_future *future;
    int64_t before_ms = xylem_now(network);
    assert_int_equal(xylem_start(network, 0, "", 400, &future), XYLEM_OK);
    expect_end(future, XYLEM_TIMED_OUT, "");
    assert_in_range(xylem_now(network) - before_ms, 300, 302);
    assert_in_range(seen.steps, 300 * 999, 302 * 1001);
    future = start(network, 0, "");
    xylem_close(&network);
    expect_end(future, XYLEM_INTERRUPTED, "");
}

static void test_asks_for_ever(void **state)
{
    expect_timed_out(state, "asks");
}

static void test_rests_for_no_time(void **state)
{
    expect_timed_out(state, "no-time");
}

static void test_rests_till_the_end_of_time(void **state)
{
    xylem *network = OPEN("end-of-time");
    xylem_future *future;
    assert_int_equal(xylem_start(network, 0, "", INT32_MAX, &future), XYLEM_OK);
    pass(network, INT32_MAX - 2000);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    expect_end(future, XYLEM_TIMED_OUT, "");
    xylem_close(&network);
}

/* Stacks. */

static void test_deep(void **state)
{
    xylem *network = OPEN("deep", "deep");
    xylem_future *first = start(network, 0, ""), *second = start(network, 1, "");
    expect_end(first, XYLEM_OK, "");
    expect_end(second, XYLEM_OK, "");
    xylem_close(&network);
}

static void test_many(void **state)
{
    enum { NODES = 300 };
    xylem *network = open_network((uintptr_t)*state);
    xylem_future *futures[NODES];
    char text[8];
    for (int64_t id = 0; id < NODES; id++)
        assert_int_equal(create_serving(network, id * 7919 % NODES, "echo"), XYLEM_OK);
    for (int round = 0; round < 3; round++) {
        for (int64_t id = 0; id < NODES; id++) {
            snprintf(text, sizeof text, "%d", (int)id);
            futures[id] = start(network, id, text);
        }
        for (int64_t id = 0; id < NODES; id++) {
            snprintf(text, sizeof text, "%d", (int)id);
            expect_end(futures[id], XYLEM_OK, text);
        }
    }
    xylem_close(&network);
}

#define TEST(test) cmocka_unit_test_setup(test, forget)

int main(void)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        TEST(test_steps_take_time),
        TEST(test_at_different_nodes),
        TEST(test_killed),
        TEST(test_parent_killed),
        TEST(test_removed),
        TEST(test_closed),
        TEST(test_cancelled),
        TEST(test_timed_out),
        TEST(test_paused),
        TEST(test_killed_while_paused),
        TEST(test_finishes_all_the_same),
        TEST(test_never_returns),
        TEST(test_asks_for_ever),
        TEST(test_rests_for_no_time),
        TEST(test_rests_till_the_end_of_time),
        TEST(test_deep),
        TEST(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
