/* Services and jobs through the public interface, in every world. */
#include <unistd.h>

#include "worlds.h"

enum { ROUNDS_MAX = 600 };

/* Services of one's own. */

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size);
}

/* How often it was asked. */
static int count(void *state, xylem_work *work)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d", ++*(int *)state);
    return xylem_work_reply(work, text, (size_t)length);
}

static int open_count(void **state)
{
    *state = calloc(1, sizeof(int));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* Does not ask whether its result is waited for. */
static int stuck(void *state, xylem_work *work)
{
    (void)state, (void)work;
    for (;;)
        pause();
    return XYLEM_OK;
}

static int refuse_to_open(void **state)
{
    (void)state;
    return XYLEM_BUSY;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "echo", .exec = echo),
    XYLEM_SERVICE(.name = "long-echo", .exec = echo, .takes_long = true),
    XYLEM_SERVICE(.name = "count", .open = open_count, .exec = count, .close = free,
                  .release = free, .takes_long = true),
    XYLEM_SERVICE(.name = "stuck", .exec = stuck, .takes_long = true),
    XYLEM_SERVICE(.name = "shut", .open = refuse_to_open, .exec = echo)};

static void expect_exec(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply = NULL;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

/* The services of the library, and one's own. */
static void test_services(void **state)
{
    xylem *network = OPEN("timer", "sum", "dict", "find", "sleep", "echo", "long-echo", "count");
    expect_exec(network, 0, "start", "start");
    expect_exec(network, 1, "3 1 2 3", "6");
    expect_exec(network, 2, "a 5", "");
    expect_exec(network, 2, "a", "5");
    assert_int_equal(xylem_exec(network, 2, "b", NULL), XYLEM_FAILED);
    assert_string_equal(xylem_reason(network), "'b' not found");
    expect_exec(network, 3, "abcdefgabc abc", "0;7");
    expect_exec(network, 4, "1", "");
    expect_exec(network, 5, "x", "x");
    expect_exec(network, 6, "x", "x");
    expect_exec(network, 7, "", "1");
    expect_exec(network, 7, "", "2");
    assert_int_equal(xylem_exec(network, 1, "x", NULL), XYLEM_BAD_SUBCOMMAND);
    assert_string_equal(xylem_reason(network), "'x' (sum takes N and then N numbers)");
    expect_end(start(network, 1, "x"), XYLEM_BAD_SUBCOMMAND,
               "'x' (sum takes N and then N numbers)");
    xylem_close(&network);
}

static void test_no_such_service(void **state)
{
    xylem *network = OPEN("timer");
    assert_int_equal(create_serving(network, 1, "nothing"), XYLEM_CANNOT_START);
    assert_string_equal(xylem_reason(network),
                        "there is no service 'nothing'; there are timer, sum, dict, find, sleep, ask, "
                        "echo, long-echo, count, stuck, shut");
    assert_int_equal(create_serving(network, 1, "shut"), XYLEM_CANNOT_START);
    assert_int_equal(create_serving(network, 1, "a name that is longer than a name may be"),
                     XYLEM_CANNOT_START);
    assert_int_equal(create_serving(network, 1, "sum"), XYLEM_OK);
    xylem_close(&network);
}

/* In its order at one node, and meanwhile at another. */
static void test_order(void **state)
{
    xylem *network = OPEN("sleep", "count");
    xylem_future *slow = start(network, 0, "3600000"), *counts[20];
    char wanted[8];
    assert_int_equal(xylem_future_result(slow, NULL, NULL), XYLEM_PENDING);
    for (int i = 0; i < 20; i++)
        counts[i] = start(network, 1, "");
    for (int i = 0; i < 20; i++) {
        snprintf(wanted, sizeof wanted, "%d", i + 1);
        expect_end(counts[i], XYLEM_OK, wanted);
    }
    assert_int_equal(xylem_future_result(slow, NULL, NULL), XYLEM_PENDING);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK); /* which is busy */
    assert_int_equal(xylem_future_wait(slow, 0), XYLEM_TIMED_OUT);
    xylem_future_cancel(slow);
    expect_end(slow, XYLEM_CANCELLED, "");
    xylem_close(&network);
}

static void test_cancel(void **state)
{
    xylem *network = OPEN("sleep");
    xylem_future *first = start(network, 0, "3600000"), *second = start(network, 0, "3600000"),
                 *third = start(network, 0, "1");
    xylem_future_cancel(second);
    expect_end(second, XYLEM_CANCELLED, "");
    assert_int_equal(xylem_future_result(third, NULL, NULL), XYLEM_PENDING);
    xylem_future_cancel(first);
    xylem_future_cancel(first);
    expect_end(first, XYLEM_CANCELLED, "");
    expect_end(third, XYLEM_OK, "");
    second = start(network, 0, "3600000");
    xylem_future_free(&second); /* cancels it */
    expect_exec(network, 0, "1", "");
    xylem_close(&network);
}

/* The node says that the time is over, a second before the asker would take it for unreachable: in
 * the simulated world. On a busy machine a second may pass before the node says anything. */
static void expect_too_late(void **state, xylem_future *future)
{
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    int status = xylem_future_result(future, NULL, NULL);
    bool unheard = status == XYLEM_UNAVAILABLE && (uintptr_t)*state != 0;
    assert_true(status == XYLEM_TIMED_OUT || unheard);
    xylem_future_free(&future);
}

/* What takes too long is cut off, also when it waits for something that does. */
static void test_time_limit(void **state)
{
    xylem *network = OPEN("sleep");
    xylem_future *first, *second;
    assert_int_equal(xylem_start(network, 0, "3600000", 4100, &first), XYLEM_OK);
    assert_int_equal(xylem_start(network, 0, "3600000", 4000, &second), XYLEM_OK);
    expect_too_late(state, second);
    expect_too_late(state, first);
    expect_exec(network, 0, "1", "");
    xylem_close(&network);
}

static void test_bad_calls(void **state)
{
    xylem *network = OPEN("echo");
    xylem_future *future;
    assert_int_equal(xylem_start_bytes(network, 0, "", XYLEM_TEXT_MAX + 1, -1, &future),
                     XYLEM_TOO_LONG);
    assert_null(future);
    assert_int_equal(xylem_start(network, 0, "", INT64_MAX, &future), XYLEM_INVALID);
    assert_null(future);
    expect_end(start(network, 9, ""), XYLEM_NOT_FOUND, "");
    xylem_close(&network);
}

static void test_a_node_that_goes(void **state)
{
    xylem *network = OPEN("sleep", "sleep", "sleep");
    xylem_future *killed = start(network, 2, "3600000"), *removed = start(network, 1, "3600000"),
                 *closed = start(network, 0, "3600000");
    assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
    expect_end(killed, XYLEM_UNAVAILABLE, "");
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    expect_end(removed, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
    expect_end(closed, XYLEM_INTERRUPTED, "");
}

/* Callbacks may do anything: these go on to the next node, from 0 to 3. */

struct relay {
    xylem *network;
    int64_t id;
    char text[8];
};

static void pass_on(xylem_future *future, void *owner)
{
    struct relay *relay = owner;
    const char *reply;
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_OK);
    snprintf(relay->text, sizeof relay->text, "%s%d", reply, (int)relay->id);
    xylem_future_free(&future);
    if (++relay->id < 4)
        xylem_future_then(start(relay->network, relay->id, relay->text), pass_on, relay);
}

static void test_callbacks(void **state)
{
    xylem *network = OPEN("echo", "long-echo", "echo", "long-echo");
    struct relay relay = {.network = network};
    xylem_future_then(start(network, 0, "x"), pass_on, &relay);
    for (int round = 0; relay.id < 4; round++) {
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(xylem_run(network, 100), XYLEM_OK);
    }
    assert_string_equal(relay.text, "x0123");
    xylem_close(&network);
}

static void never(xylem_future *future, void *owner)
{
    (void)future, (void)owner;
    fail();
}

static void test_free_before_callback(void **state)
{
    xylem *network = OPEN("echo", "sleep");
    xylem_future *done = start(network, 0, "x"), *under_way = start(network, 1, "3600000");
    xylem_future_then(under_way, never, NULL);
    assert_int_equal(xylem_future_wait(done, -1), XYLEM_OK);
    xylem_future_free(&under_way);
    xylem_future_free(&done);
    xylem_future_free(&done);
    xylem_close(&network);
}

/* Once is once, also when the callback is named again between the end and the call. */

static void count_call(xylem_future *future, void *owner)
{
    (void)future;
    ++*(int *)owner;
}

static void test_callback_named_again(void **state)
{
    xylem *network = OPEN("echo", "sleep");
    xylem_future *future = start(network, 0, "x");
    int unread = 0, calls = 0;
    xylem_future_then(future, count_call, &unread);
    for (int round = 0; xylem_future_result(future, NULL, NULL) == XYLEM_PENDING; round++) {
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(xylem_exec(network, 1, "5", NULL), XYLEM_OK); /* no callback is called */
    }
    xylem_future_then(future, count_call, &calls);
    assert_int_equal(xylem_run(network, 50), XYLEM_OK);
    xylem_future_free(&future);
    xylem_close(&network);
    assert_int_equal(calls, 1);
}

/* A service that never returns: its node still answers, and can be removed. */
static void test_stuck(void **state)
{
    if ((uintptr_t)*state == 0)
        skip(); /* in the simulated world there is no other thread to leave it to */
    xylem *network = OPEN("timer", "stuck", "stuck");
    xylem_future *first, *second = start(network, 2, "");
    assert_int_equal(xylem_start(network, 1, "", 4000, &first), XYLEM_OK);
    expect_too_late(state, first);
    assert_int_equal(xylem_ping(network, 1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    expect_end(second, XYLEM_UNAVAILABLE, "");
    assert_int_equal(create_serving(network, 1, "stuck"), XYLEM_OK);
    first = start(network, 1, "");
    xylem_close(&network);
    expect_end(first, XYLEM_INTERRUPTED, "");
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_services),
        EVERYWHERE(test_no_such_service),
        EVERYWHERE(test_order),
        EVERYWHERE(test_cancel),
        EVERYWHERE(test_time_limit),
        EVERYWHERE(test_bad_calls),
        EVERYWHERE(test_a_node_that_goes),
        EVERYWHERE(test_callbacks),
        EVERYWHERE(test_free_before_callback),
        EVERYWHERE(test_callback_named_again),
        EVERYWHERE(test_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
