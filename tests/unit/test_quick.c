/* A service that takes long, but not with short texts: which thread does what. */
#include "counts.h"

#include <poll.h>
#include <stdatomic.h>

#include "core/memory.h"
#include "driver/clock.h"
#include "driver/executor.h"

enum { QUICK_SIZE = 5 };

static pthread_t own_thread; /* the node's own: that of the test */

static const char *this_thread(void)
{
    return pthread_equal(pthread_self(), own_thread) ? "own" : "second";
}

/* Which thread does it, and whether it can rest there. */
static int tell(void *state, xylem_work *work)
{
    char text[100];
    (void)state;
    bool wanted = xylem_work_wanted(work);
    bool rests = xylem_work_rest(work, 1), awaits = xylem_work_await(work, 1);
    int size = snprintf(text, sizeof text, "%s%s%s%s", this_thread(), wanted ? "" : " unwanted",
                        rests ? " rests" : "", awaits ? " awaits" : "");
    return xylem_work_reply(work, text, (size_t)size);
}

/* Callbacks count themselves, by thread. */
static atomic_int by_own, by_second;

static void count_call(void)
{
    atomic_fetch_add(strcmp(this_thread(), "own") == 0 ? &by_own : &by_second, 1);
}

static void timer(xylem_context *context, void *owner)
{
    (void)context;
    (void)owner;
    count_call();
}

static void answer(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                   size_t count, void *owner)
{
    (void)context;
    (void)outcomes;
    (void)owner;
    if (error == XYLEM_BUSY && count == 0)
        count_call();
}

/* "ask" or "timer". */
static int want_call(void *state, xylem_work *work)
{
    xylem_context *context = xylem_work_context(work);
    (void)state;
    return strcmp(xylem_work_text(work, NULL), "ask") == 0
               ? xylem_work_ask(work, "9", "", 0, -1, answer, NULL)
               : xylem_context_timer(context, 1, timer, NULL, NULL);
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "tell", .exec = tell, .takes_long = true, .quick_size = QUICK_SIZE),
    XYLEM_SERVICE(.name = "always", .exec = tell, .takes_long = true),
    XYLEM_SERVICE(.name = "want", .exec = want_call, .takes_long = true, .quick_size = QUICK_SIZE)};

static xy_executor *open_service(const char *service)
{
    static const xy_log log = {.id = 1};
    xy_birth birth = {.id = 1, .life = {1}};
    xy_error error;
    snprintf(birth.service, sizeof birth.service, "%s", service);
    xy_executor *executor = xy_executor_open(&birth, &log, NULL, &error);
    assert_non_null(executor);
    own_thread = pthread_self();
    atomic_store(&by_own, 0);
    atomic_store(&by_second, 0);
    return executor;
}

/* Whether it is done at once. */
static bool give(xy_executor *executor, const char *text, xy_done *done)
{
    size_t size = strlen(text);
    xy_action work = {.kind = XY_ACTION_WORK, .work = {.request = {1, 1}, .size = size}};
    work.work.text = xy_resize(NULL, size + 1);
    assert_non_null(work.work.text);
    memcpy(work.work.text, text, size + 1);
    return xy_executor_do(executor, &work, 0, done);
}

static void expect_reply(xy_done *done, const char *wanted)
{
    assert_int_equal(done->status, XYLEM_OK);
    assert_string_equal(done->text ? done->text : "", wanted);
    free(done->text);
}

static void expect_quick(xy_executor *executor, const char *text, const char *wanted)
{
    xy_done done;
    assert_true(give(executor, text, &done));
    assert_false(xy_executor_busy(executor));
    expect_reply(&done, wanted);
}

static void expect_taken(xy_executor *executor, const char *wanted)
{
    xy_done done;
    struct pollfd polled = {.fd = xy_executor_fd(executor), .events = POLLIN};
    assert_int_equal(poll(&polled, 1, COUNTS_CEILING_MS), 1);
    assert_true(xy_executor_take(executor, &done));
    expect_reply(&done, wanted);
}

static void expect_long(xy_executor *executor, const char *text)
{
    xy_done done;
    assert_false(give(executor, text, &done));
    assert_true(xy_executor_busy(executor));
    expect_taken(executor, "second rests awaits");
}

static void test_short_texts(void **state)
{
    (void)state;
    xy_executor *executor = open_service("tell");
    expect_quick(executor, "", "own");
    expect_quick(executor, "12345", "own");
    assert_int_equal(xy_executor_fd(executor), -1);
    assert_false(xy_executor_may_ring(executor));
    expect_long(executor, "123456");
    expect_quick(executor, "12345", "own");
    expect_long(executor, "1234567");
    assert_true(xy_executor_close(&executor));
}

static void test_no_text_is_short(void **state)
{
    (void)state;
    xy_executor *executor = open_service("always");
    expect_long(executor, "");
    assert_true(xy_executor_close(&executor));
}

/* Callbacks. */

static void wait_for(const atomic_int *count, int wanted)
{
    int64_t until_ms = xy_clock_now_ms() + COUNTS_CEILING_MS;
    while (atomic_load(count) < wanted && xy_clock_now_ms() < until_ms)
        sched_yield();
    assert_int_equal(atomic_load(count), wanted);
}

static atomic_int begun, may_end;

static void run_until_told(xy_call *call, xylem_context *context)
{
    (void)call;
    (void)context;
    count_call();
    atomic_store(&begun, 1);
    wait_for(&may_end, 1);
}

static void free_call(xy_call *call)
{
    free(call);
}

/* A short text waits for the second thread then: the service is not called twice at once. */
static void test_while_it_is_called_back(void **state)
{
    (void)state;
    xy_executor *executor = open_service("tell");
    xy_call *call = calloc(1, sizeof *call);
    xy_done done;
    assert_non_null(call);
    *call = (xy_call){.run = run_until_told, .free = free_call};
    xy_executor_call(executor, call);
    wait_for(&begun, 1);
    assert_false(give(executor, "1", &done));
    assert_true(xy_executor_busy(executor));
    assert_false(xy_executor_take(executor, &done));
    atomic_store(&may_end, 1);
    expect_taken(executor, "second rests awaits");
    int64_t until_ms = xy_clock_now_ms() + COUNTS_CEILING_MS;
    while (xy_executor_may_ring(executor) && xy_clock_now_ms() < until_ms)
        sched_yield();
    expect_quick(executor, "1", "own");
    assert_int_equal(atomic_load(&by_second), 1);
    assert_true(xy_executor_close(&executor));
}

/* What a short text wants to hear of later comes by the second thread. */

static void test_a_timer(void **state)
{
    (void)state;
    xy_executor *executor = open_service("want");
    expect_quick(executor, "timer", "");
    assert_true(xy_executor_deadline(executor) < XY_NEVER);
    assert_false(xy_executor_call_due(executor, xy_executor_deadline(executor)));
    wait_for(&by_second, 1);
    assert_int_equal(atomic_load(&by_own), 0);
    assert_true(xy_executor_close(&executor));
}

static void test_a_question(void **state)
{
    (void)state;
    xy_executor *executor = open_service("want");
    xy_action answered = {.kind = XY_ACTION_ANSWERED, .answered.status = XYLEM_BUSY};
    expect_quick(executor, "ask", "");
    xy_question *question = xy_executor_take_question(executor);
    assert_non_null(question);
    answered.answered.ask = question->ask;
    xy_release(question);
    xy_executor_answered(executor, &answered);
    wait_for(&by_second, 1);
    assert_int_equal(atomic_load(&by_own), 0);
    assert_true(xy_executor_close(&executor));
}

int main(void)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_texts), cmocka_unit_test(test_no_text_is_short),
        cmocka_unit_test(test_while_it_is_called_back), cmocka_unit_test(test_a_timer),
        cmocka_unit_test(test_a_question)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
