/* Callbacks of futures: they do not nest, they may be left, and none is lost. And when xylem_run
 * returns. */
#include "sleeping.h"
#include "worlds.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <unistd.h>

enum { RETRIES = 3000, JOBS = 900, TURN_MAX = 300, CEILING_MS = 30000 };

static atomic_int executed;

static int count_work(void *state, xylem_work *work)
{
    (void)state, (void)work;
    executed++;
    return XYLEM_OK;
}

static const xylem_service own = XYLEM_SERVICE(.name = "counter", .exec = count_work);

/* A callback that tries again what fails at once. */

struct retry {
    xylem *network;
    int64_t id;
    int calls, depth, deepest;
};

static void try_again(xylem_future *future, void *owner)
{
    struct retry *retry = owner;
    retry->depth++;
    retry->calls++;
    if (retry->depth > retry->deepest)
        retry->deepest = retry->depth;
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_NOT_FOUND);
    xylem_future_free(&future);
    if (retry->calls < RETRIES)
        xylem_future_then(start(retry->network, retry->id, "time"), try_again, retry);
    retry->depth--;
}

static void test_retries(void **state)
{
    xylem *network = OPEN("timer");
    struct retry retry = {.network = network, .id = 7};
    xylem_future_then(start(network, 7, "time"), try_again, &retry);
    assert_int_equal(retry.calls, 1);
    for (int before = -1; retry.calls > before && retry.calls < RETRIES;) {
        before = retry.calls;
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
        assert_true(retry.calls <= before + 2); /* and not all of them in one call */
    }
    assert_int_equal(retry.calls, RETRIES);
    assert_int_equal(retry.deepest, 1);
    xylem_close(&network);
}

/* The same after the network's end, where no later call could call back. */

struct chain {
    xylem_future *futures[RETRIES];
    int calls, depth, deepest;
};

static void go_on(xylem_future *future, void *owner)
{
    struct chain *chain = owner;
    int next = ++chain->calls;
    chain->deepest = ++chain->depth > chain->deepest ? chain->depth : chain->deepest;
    (void)future;
    if (next < RETRIES)
        xylem_future_then(chain->futures[next], go_on, chain);
    chain->depth--;
}

static void test_chain_without_network(void **state)
{
    static struct chain chain;
    xylem *network = OPEN("timer");
    chain = (struct chain){.calls = 0};
    for (int i = 0; i < RETRIES; i++)
        chain.futures[i] = start(network, 7, "time");
    xylem_close(&network);
    for (int before = -1; chain.calls > before && chain.calls < RETRIES;) {
        before = chain.calls;
        xylem_future_then(chain.futures[chain.calls], go_on, &chain);
    }
    assert_int_equal(chain.calls, RETRIES);
    assert_int_equal(chain.deepest, 1);
    for (int i = 0; i < RETRIES; i++)
        xylem_future_free(&chain.futures[i]);
}

/* Leaving a callback. */

static jmp_buf outside;

static void leave(xylem_future *future, void *owner)
{
    (void)future;
    ++*(int *)owner;
    longjmp(outside, 1);
}

static void count(xylem_future *future, void *owner)
{
    (void)future;
    ++*(int *)owner;
}

static void run_or_leave(xylem *network)
{
    if (setjmp(outside) == 0)
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
}

static void test_longjmp(void **state)
{
    xylem *network = OPEN("timer");
    int left = 0, called = 0;
    xylem_future *futures[4];
    for (int i = 0; i < 4; i++) {
        futures[i] = start(network, 0, "time");
        xylem_future_then(futures[i], i < 2 ? leave : count, i < 2 ? &left : &called);
    }
    for (int i = 0; i < 4; i++)
        while (xylem_future_result(futures[i], NULL, NULL) == XYLEM_PENDING)
            assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    run_or_leave(network);
    assert_int_equal(left, 1);
    run_or_leave(network);
    assert_int_equal(left, 2);
    assert_int_equal(called, 0);
    run_or_leave(network);
    assert_int_equal(called, 2);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    for (int i = 0; i < 4; i++)
        xylem_future_free(&futures[i]);
    xylem_close(&network);
}

/* When xylem_run returns. */

static int count_finished(xylem_future *const *futures)
{
    int finished = 0;
    for (int i = 0; i < JOBS; i++)
        finished += xylem_future_result(futures[i], NULL, NULL) != XYLEM_PENDING;
    return finished;
}

/* All answers are there, so all could be taken at once. */
static void test_bounded_turn(void **state)
{
    xylem *network = OPEN("counter");
    xylem_future *futures[JOBS];
    int finished = 0, turns = 0;
    executed = 0;
    for (int i = 0; i < JOBS; i++)
        futures[i] = start(network, 0, "");
    while (executed < JOBS)
        sched_yield();
    for (; finished < JOBS; turns++) {
        int before = finished;
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
        finished = count_finished(futures);
        assert_true(finished - before <= TURN_MAX);
    }
    assert_true(turns >= JOBS / TURN_MAX);
    for (int i = 0; i < JOBS; i++)
        xylem_future_free(&futures[i]);
    xylem_close(&network);
}

static void test_event_not_taken(void **state)
{
    xylem *network = OPEN("timer");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, false, -1), XYLEM_OK);
    assert_int_equal(xylem_run(network, 1000), XYLEM_OK); /* returns for the event */
    int64_t before_ms = xylem_now(network);
    assert_int_equal(xylem_run(network, 100), XYLEM_OK);
    assert_true(xylem_now(network) >= before_ms + 100);
    assert_non_null(xylem_next_event(network));
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

static void test_event_not_taken_is_quiet(void **state)
{
    xylem *network = OPEN("timer");
    struct pollfd polled = {.fd = xylem_fd(network), .events = POLLIN};
    int rounds = 0;
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, false, -1), XYLEM_OK);
    assert_int_equal(poll(&polled, 1, CEILING_MS), 1);
    do
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    while (poll(&polled, 1, 0) == 1 && ++rounds < 1000);
    assert_true(rounds < 1000);
    xylem_close(&network);
}

/* Waking up. */

static void *wake(void *network)
{
    while (!main_thread_sleeps())
        sched_yield();
    xylem_wake(network);
    return NULL;
}

static void test_wake(void **state)
{
    pthread_t thread;
    xylem *network = OPEN("timer");
    assert_int_equal(pthread_create(&thread, NULL, wake, network), 0);
    int64_t deadline_ms = xylem_now(network) + CEILING_MS;
    assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    assert_true(xylem_now(network) < deadline_ms);
    pthread_join(thread, NULL);
    int64_t before_ms = xylem_now(network);
    assert_int_equal(xylem_run(network, 20), XYLEM_OK); /* not for ever */
    assert_true(xylem_now(network) >= before_ms + 20);
    xylem_wake(network); /* the next one */
    deadline_ms = xylem_now(network) + CEILING_MS;
    assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    assert_true(xylem_now(network) < deadline_ms);
    xylem_close(&network);
}

#define IN_THREADS(test)                                                                           \
    {                                                                                              \
#test " thread", test, NULL, NULL, (void *)1                                               \
    }

int main(int argc, char **argv)
{
    if (xylem_register(&own) != XYLEM_OK)
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_retries),
        EVERYWHERE(test_chain_without_network),
        EVERYWHERE(test_longjmp),
        IN_THREADS(test_bounded_turn),
        EVERYWHERE(test_event_not_taken),
        IN_THREADS(test_event_not_taken_is_quiet),
        IN_THREADS(test_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
