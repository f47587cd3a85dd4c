/* What is in use before something is done many times, and after: the same, in every world. */
#include "counts.h"
#include "signals.h"
#include "worlds.h"

enum { ROUNDS = 12, WAIT_MS = 20000 };

static char folder[] = "/tmp/xy-leaks-XXXXXX"; /* where networks make theirs */

static bool is_process(void **state)
{
    return places[(uintptr_t)*state].world == XYLEM_PROCESS;
}

static void let_run(void *network)
{
    assert_int_equal(xylem_run(network, 5), XYLEM_OK);
}

/* Does something once, so that what stays for good is there, and then many times. */
static void repeat(xylem *network, int64_t worker, void (*something)(xylem *network))
{
    something(network);
    counts before = count_all(folder, worker);
    for (int round = 0; round < ROUNDS; round++)
        something(network);
    expect_counts(before, folder, worker, let_run, network);
    xylem_close(&network);
}

static void pause_and_resume(xylem *network)
{
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    assert_int_equal(xylem_resume(network, 0), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
}

static void test_faults(void **state)
{
    repeat(OPEN("timer"), 0, pause_and_resume);
}

static void create(xylem *network, int64_t id, const char *service)
{
    assert_int_equal(create_serving(network, id, service), XYLEM_OK);
}

static void create_and_remove(xylem *network)
{
    create(network, 1, "timer");
    create(network, 2, "sum");
    assert_int_equal(xylem_exec(network, 2, "2 3 4", NULL), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
}

/* Below another node, which gives back what it has had too. */
static void test_create_and_remove(void **state)
{
    int64_t pid = 0;
    xylem *network = open_network((uintptr_t)*state);
    assert_int_equal(xylem_create(network, 0, &pid), XYLEM_OK);
    repeat(network, is_process(state) ? pid : 0, create_and_remove);
}

static void create_at_the_top(xylem *network)
{
    create(network, 0, "timer");
    create(network, 1, "timer");
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
}

static void test_create_at_the_top(void **state)
{
    repeat(open_network((uintptr_t)*state), 0, create_at_the_top);
}

/* A node dies, and what is below it: nothing of either is left when it is removed. */
static void create_and_kill(xylem *network)
{
    create(network, 0, "timer");
    create(network, 1, "timer");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 1, false, WAIT_MS), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
}

static void test_create_and_kill(void **state)
{
    repeat(open_network((uintptr_t)*state), 0, create_and_kill);
}

/* Of a node that has died nothing but its id is left, also before it is removed. */
static void test_killed(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    create_and_kill(network);
    counts before = count_all(folder, 0);
    create(network, 0, "timer");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, false, WAIT_MS), XYLEM_OK);
    expect_counts(before, folder, 0, let_run, network);
    xylem_close(&network);
}

static void begin_jobs(xylem *network)
{
    xylem_future *cancelled = start(network, 0, "3600000"), *freed = start(network, 0, "3600000");
    expect_end(start(network, 1, "2 3 4"), XYLEM_OK, "7");
    xylem_future_free(&freed);
    xylem_future_cancel(cancelled);
    expect_end(cancelled, XYLEM_CANCELLED, "");
}

static void test_jobs(void **state)
{
    repeat(OPEN("sleep", "sum"), 0, begin_jobs);
}

static void fail_calls(xylem *network)
{
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_EXISTS);
    assert_int_equal(create_serving(network, 1, "broken"), XYLEM_CANNOT_START);
    assert_int_equal(xylem_exec(network, 7, "", NULL), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_exec(network, 0, "nothing", NULL), XYLEM_BAD_SUBCOMMAND);
    assert_int_equal(xylem_remove(network, 7), XYLEM_NOT_FOUND);
}

static void test_failed_calls(void **state)
{
    repeat(OPEN("timer"), 0, fail_calls);
}

/* A whole network. */

static void open_and_close(void **state)
{
    xylem *network = OPEN("timer", "sleep", "sum");
    assert_int_equal(xylem_exec(network, 2, "2 3 4", NULL), XYLEM_OK);
    xylem_future *future = start(network, 1, "3600000");
    xylem_close(&network);
    assert_int_not_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    xylem_future_free(&future);
}

static void test_open_and_close(void **state)
{
    open_and_close(state);
    counts before = count_all(folder, 0);
    for (int round = 0; round < ROUNDS; round++)
        open_and_close(state);
    expect_counts(before, folder, 0, NULL, NULL);
}

static void test_open_and_close_among_signals(void **state)
{
    open_and_close(state);
    counts before = count_all(folder, 0);
    signals_have(100);
    for (int round = 0; round < ROUNDS; round++)
        open_and_close(state);
    signals_have(0);
    expect_counts(before, folder, 0, NULL, NULL);
}

static int refuse_to_open(void **state)
{
    (void)state;
    return XYLEM_BUSY;
}

static int nothing(void *state, xylem_work *work)
{
    (void)state, (void)work;
    return XYLEM_OK;
}

int main(int argc, char **argv)
{
    static const xylem_service broken =
        XYLEM_SERVICE(.name = "broken", .open = refuse_to_open, .exec = nothing);
    if (xylem_register(&broken) != XYLEM_OK)
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_faults),
        EVERYWHERE(test_create_and_remove),
        EVERYWHERE(test_create_at_the_top),
        EVERYWHERE(test_create_and_kill),
        EVERYWHERE(test_killed),
        EVERYWHERE(test_jobs),
        EVERYWHERE(test_failed_calls),
        EVERYWHERE(test_open_and_close),
        EVERYWHERE(test_open_and_close_among_signals),
    };
    if (!mkdtemp(folder) || setenv("XDG_RUNTIME_DIR", folder, 1) != 0)
        return EXIT_FAILURE;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) == 0 ? failed : EXIT_FAILURE;
}
