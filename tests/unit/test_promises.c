/* What xylem.h promises of replies, reasons, callbacks and services, in every world. */
#include <pthread.h>

#include "worlds.h"

/* Services. */

static int open_here(void **state)
{
    pthread_t *self = malloc(sizeof *self);
    if (self)
        *self = pthread_self();
    *state = self;
    return self ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* Whether it is the node's own thread that has opened it. */
static int tell_thread(void *state, xylem_work *work)
{
    bool same = pthread_equal(*(pthread_t *)state, pthread_self());
    const char *text = same ? "the same" : "another";
    return xylem_work_reply(work, text, strlen(text));
}

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size);
}

static int never_finish(void *state, xylem_work *work)
{
    (void)state, (void)work;
    return XYLEM_PENDING;
}

static int use_stack(void *state, xylem_work *work)
{
    volatile char room[96 * 1024];
    (void)state, (void)work;
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = (char)i;
    return XYLEM_OK;
}

static int fail_to_open(void **state)
{
    (void)state;
    return XYLEM_UNAVAILABLE;
}

/* Fails with the error that it is told, and says so. */
static int tell_error(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size) ? XYLEM_NO_MEMORY : atoi(text);
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "teller", .exec = tell_error),

    XYLEM_SERVICE(.name = "thread", .open = open_here, .exec = tell_thread, .close = free,
                  .release = free),
    XYLEM_SERVICE(.name = "echo", .exec = echo),
    XYLEM_SERVICE(.name = "pending", .exec = never_finish),
    XYLEM_SERVICE(.name = "deep", .exec = use_stack),
    XYLEM_SERVICE(.name = "broken", .open = fail_to_open, .exec = echo)};

/* A node opens its service itself: it holds up no other one. */
static void test_opened_by_its_node(void **state)
{
    xylem *network = OPEN("thread", "thread");
    const char *reply;
    for (int64_t id = 0; id < 2; id++) {
        assert_int_equal(xylem_exec(network, id, "", &reply), XYLEM_OK);
        assert_string_equal(reply, "the same");
    }
    xylem_close(&network);
}

static void test_fails_to_open(void **state)
{
    xylem *network = OPEN("echo");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(create_serving(network, 1, "broken"), XYLEM_CANNOT_START);
        assert_string_equal(xylem_reason(network), xylem_strerror(XYLEM_UNAVAILABLE));
    }
    assert_int_equal(create_serving(network, 1, ""), XYLEM_CANNOT_START);
    assert_memory_equal(xylem_reason(network), "there is no service ''; there are timer,", 39);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    xylem_close(&network);
}

static void test_stack(void **state)
{
    xylem *network = OPEN("deep");
    assert_int_equal(xylem_exec(network, 0, "", NULL), XYLEM_OK);
    xylem_close(&network);
}

static void test_answers_pending(void **state)
{
    xylem *network = OPEN("pending");
    assert_int_equal(xylem_exec(network, 0, "", NULL), XYLEM_FAILED);
    expect_end(start(network, 0, ""), XYLEM_FAILED, "");
    xylem_close(&network);
}

/* An error of the network is never a service's, and the text that a service gives with any error is
 * kept. */
static void test_errors_of_services(void **state)
{
    static const struct {
        int returned, seen;
    } errors[] = {{XYLEM_UNAVAILABLE, XYLEM_FAILED},
                  {XYLEM_TIMED_OUT, XYLEM_FAILED},
                  {XYLEM_INTERRUPTED, XYLEM_FAILED},
                  {XYLEM_NOT_FOUND, XYLEM_FAILED},
                  {XYLEM_CANCELLED, XYLEM_FAILED},
                  {XYLEM_BUSY, XYLEM_FAILED},
                  {XYLEM_PENDING, XYLEM_FAILED},
                  {4711, XYLEM_FAILED},
                  {-1, XYLEM_FAILED},
                  {XYLEM_BAD_SUBCOMMAND, XYLEM_BAD_SUBCOMMAND},
                  {XYLEM_TOO_LONG, XYLEM_TOO_LONG},
                  {XYLEM_NO_MEMORY, XYLEM_NO_MEMORY}};
    xylem *network = OPEN("teller");
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", errors[i].returned);
        assert_int_equal(xylem_exec(network, 0, text, NULL), errors[i].seen);
        assert_string_equal(xylem_reason(network), text);
        expect_end(start(network, 0, text), errors[i].seen, text);
    }
    xylem_close(&network);
}

/* Replies and reasons. */

/* What a node has answered is there until the next call has been made: also for that call. */
static void test_reply_is_asked_again(void **state)
{
    xylem *network = OPEN("echo", "echo");
    const char *reply;
    size_t size = 1024 * 1024;
    char *text = calloc(1, size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    assert_int_equal(xylem_exec(network, 0, text, &reply), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 1, reply, &reply), XYLEM_OK);
    assert_int_equal(xylem_exec_bytes(network, 0, reply, size, &reply, &size), XYLEM_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(reply, text, size);
    xylem_close(&network);
    free(text);
}

static void test_no_reason_of_an_earlier_call(void **state)
{
    xylem *network = OPEN("dict");
    xylem_future *future;
#define EXPECT(call, status)                                                                       \
    assert_int_equal(xylem_exec(network, 0, "absent", NULL), XYLEM_FAILED);                        \
    assert_int_equal(call, status);                                                                \
    assert_null(strstr(xylem_reason(network), "not found"))
    EXPECT(xylem_create(network, -1, NULL), XYLEM_INVALID);
    EXPECT(xylem_heartbeat(network, -5), XYLEM_INVALID);
    EXPECT(xylem_wait(network, 0, true, INT64_MAX), XYLEM_INVALID);
    EXPECT(xylem_run(network, INT64_MAX), XYLEM_INVALID);
    EXPECT(xylem_exec_bytes(network, 0, "", XYLEM_TEXT_MAX + 1, NULL, NULL), XYLEM_TOO_LONG);
    EXPECT(xylem_start_bytes(network, 0, "", XYLEM_TEXT_MAX + 1, -1, &future), XYLEM_TOO_LONG);
    EXPECT(xylem_start(network, 0, "", INT64_MAX, &future), XYLEM_INVALID);
#undef EXPECT
    xylem_close(&network);
}

/* Futures. */

enum { ROUNDS_MAX = 20000 };

static void test_polled(void **state)
{
    if ((uintptr_t)*state == 0)
        skip(); /* where no time passes without a wait */
    xylem *network = OPEN("echo");
    xylem_future *future = start(network, 0, "x");
    for (int round = 0; xylem_future_wait(future, 0) == XYLEM_TIMED_OUT; round++) {
        assert_true(round < ROUNDS_MAX);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    expect_end(future, XYLEM_OK, "x");
    xylem_close(&network);
}

static void count_call(xylem_future *future, void *owner)
{
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_OK);
    ++*(int *)owner;
}

/* One that has been finished by a call that calls no callback. */
static xylem_future *finish(xylem *network, void (*callback)(xylem_future *, void *), void *owner)
{
    xylem_future *future = start(network, 0, "x");
    xylem_future_then(future, callback, owner);
    for (int round = 0; xylem_future_result(future, NULL, NULL) == XYLEM_PENDING; round++) {
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    }
    return future;
}

/* After a wait or a cancel no callback is called any more. */
static void test_waiting_calls_back(void **state)
{
    xylem *network = OPEN("echo");
    int calls = 0;
    xylem_future *waited = finish(network, count_call, &calls);
    assert_int_equal(calls, 0);
    assert_int_equal(xylem_future_wait(waited, -1), XYLEM_OK);
    assert_int_equal(calls, 1);
    xylem_future *cancelled = finish(network, count_call, &calls);
    xylem_future_cancel(cancelled);
    assert_int_equal(calls, 2);
    xylem_future_free(&waited);
    xylem_future_free(&cancelled);
    xylem_close(&network);
}

static void test_freeing_calls_no_callback(void **state)
{
    xylem *network = OPEN("echo", "sleep");
    int calls = 0;
    xylem_future *freed = start(network, 1, "3600000");
    xylem_future *other = finish(network, count_call, &calls);
    xylem_future_free(&freed);
    assert_int_equal(calls, 0);
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    assert_int_equal(calls, 1);
    xylem_future_free(&other);
    xylem_close(&network);
}

enum { PAUSE_MS = 30 };

static void let_time_pass(xylem_future *future, void *owner)
{
    xylem *network = owner;
    int64_t before_ms = xylem_now(network);
    (void)future;
    assert_int_equal(xylem_run(network, PAUSE_MS), XYLEM_OK);
    assert_true(xylem_now(network) >= before_ms + PAUSE_MS);
}

/* Who is called back can let the network run, though others are still to be called. */
static void test_time_passes_in_a_callback(void **state)
{
    xylem *network = OPEN("echo");
    xylem_future *first = finish(network, let_time_pass, network);
    xylem_future *second = finish(network, let_time_pass, network);
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    xylem_future_free(&first);
    xylem_future_free(&second);
    xylem_close(&network);
}

/* A callback that is called because the network is closed can begin nothing. */

struct insistence {
    xylem *network;
    int calls;
};

static void ask_again(xylem_future *future, void *owner)
{
    struct insistence *insistence = owner;
    xylem *network = insistence->network;
    const xylem_node *const *nodes, *node;
    const xylem_counts *counts;
    const int64_t *ids;
    size_t count;
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_INTERRUPTED);
    xylem_future_free(&future);
    assert_int_equal(xylem_exec(network, 0, "1", NULL), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_create(network, 7, NULL), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_remove(network, 0), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_wait(network, 7, true, 200), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_kill(network, 0), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_run(network, 100), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_list(network, &nodes, &count), XYLEM_OK);
    assert_int_equal(count, 0);
    assert_int_equal(xylem_info(network, 0, &node), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->nodes, 0);
    assert_int_equal(xylem_ping_all(network, &ids, &count), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_start(network, 0, "3600000", -1, &future), XYLEM_INTERRUPTED);
    assert_null(future);
    xylem_close(&network);
    assert_non_null(network);
    assert_string_equal(xylem_reason(network), "a callback may not close its own network");
    insistence->calls++;
}

static void test_callback_at_the_end(void **state)
{
    xylem *network = OPEN("sleep");
    struct insistence insistence = {.network = network};
    xylem_future_then(start(network, 0, "3600000"), ask_again, &insistence);
    xylem_close(&network);
    assert_int_equal(insistence.calls, 1);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_opened_by_its_node),
        EVERYWHERE(test_fails_to_open),
        EVERYWHERE(test_stack),
        EVERYWHERE(test_answers_pending),
        EVERYWHERE(test_errors_of_services),
        EVERYWHERE(test_reply_is_asked_again),
        EVERYWHERE(test_no_reason_of_an_earlier_call),
        EVERYWHERE(test_polled),
        EVERYWHERE(test_waiting_calls_back),
        EVERYWHERE(test_freeing_calls_no_callback),
        EVERYWHERE(test_time_passes_in_a_callback),
        EVERYWHERE(test_callback_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
