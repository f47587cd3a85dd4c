/* Work that takes long: whose it is, and what it leaves. */
#include "counts.h"

#include <poll.h>
#include <stdatomic.h>

#include "core/memory.h"
#include "driver/clock.h"
#include "driver/executor.h"

enum { ROUNDS = 10, REST_MS = 2 };

static atomic_int rests; /* how often the work has rested */

static int see(void **state, xylem_context *context);

static int go_on(void *state, xylem_work *work)
{
    (void)state;
    while (xylem_work_rest(work, REST_MS))
        atomic_fetch_add(&rests, 1);
    return xylem_work_reply(work, "ended", 5);
}

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size);
}

/* It saves what it was asked last. */

static char kept[100];

static int keep(void *state, xylem_work *work)
{
    (void)state;
    snprintf(kept, sizeof kept, "%s", xylem_work_text(work, NULL));
    return xylem_work_reply(work, "kept", 4);
}

static int save(void *state, xylem_work *work)
{
    (void)state;
    return *kept ? xylem_work_reply(work, kept, strlen(kept)) : XYLEM_OK;
}

static int load(void *state, const void *saved, size_t size)
{
    (void)state;
    snprintf(kept, sizeof kept, "%s", (const char *)saved);
    return strlen(kept) == size ? XYLEM_OK : XYLEM_FAILED;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "endless", .exec = go_on, .takes_long = true, .open_with = see),
    XYLEM_SERVICE(.name = "quick", .exec = echo, .open_with = see),
    XYLEM_SERVICE(.name = "echo", .exec = echo, .takes_long = true),
    XYLEM_SERVICE(.name = "keep", .exec = keep, .takes_long = true, .save = save, .load = load)};

static xy_executor *open_with_saved(const char *service, const char *saved)
{
    static const xy_log log = {.id = 1};
    xy_birth birth = {.id = 1, .life = {1}};
    xy_error error;
    birth.has_saved = saved != NULL;
    birth.saved = (const uint8_t *)saved;
    birth.saved_size = saved ? strlen(saved) : 0;
    snprintf(birth.service, sizeof birth.service, "%s", service);
    xy_executor *executor = xy_executor_open(&birth, &log, NULL, &error);
    assert_non_null(executor);
    return executor;
}

static xy_executor *open_workshop(const char *service)
{
    return open_with_saved(service, NULL);
}

static void begin(xy_executor *executor, uint64_t number, const char *text)
{
    xy_action work = {.kind = XY_ACTION_WORK};
    work.work.request.request = number;
    xy_done done;
    work.work.size = strlen(text);
    work.work.text = xy_resize(NULL, strlen(text) + 1);
    assert_non_null(work.work.text);
    memcpy(work.work.text, text, strlen(text) + 1);
    assert_false(xy_executor_do(executor, &work, 0, &done));
    assert_null(work.work.text); /* it is the executor's */
    assert_true(xy_executor_busy(executor));
}

static bool has_rung(const xy_executor *executor, int timeout_ms)
{
    struct pollfd polled = {.fd = xy_executor_fd(executor), .events = POLLIN};
    return poll(&polled, 1, timeout_ms) == 1;
}

static void expect_done(xy_executor *executor, uint64_t number, int status, const char *text)
{
    xy_done done;
    assert_true(has_rung(executor, COUNTS_CEILING_MS));
    assert_true(xy_executor_take(executor, &done));
    assert_false(has_rung(executor, 0));
    assert_true(done.request.request == number);
    assert_int_equal(done.status, status);
    assert_int_equal(done.size, strlen(text));
    assert_memory_equal(done.text ? done.text : "", text, strlen(text));
    free(done.text);
    assert_false(xy_executor_busy(executor));
}

/* What is saved with it; NULL: what was saved before. */
static void expect_saved(xy_executor *executor, uint64_t number, const char *text,
                         const char *saved)
{
    xy_done done;
    begin(executor, number, text);
    assert_true(has_rung(executor, COUNTS_CEILING_MS));
    assert_true(xy_executor_take(executor, &done));
    assert_int_equal(done.saves, saved != NULL);
    if (saved) {
        assert_int_equal(done.saved_size, strlen(saved));
        assert_string_equal(done.saved, saved);
    }
    free(done.text);
}

static void expect_going_on(xy_executor *executor)
{
    int64_t until_ms = xy_clock_now_ms() + COUNTS_CEILING_MS;
    xy_done done;
    for (int before = atomic_load(&rests); atomic_load(&rests) < before + 3; sched_yield()) {
        assert_false(xy_executor_take(executor, &done));
        assert_true(xy_clock_now_ms() < until_ms);
    }
}

/* Only the work that is meant is cancelled: no other, and none that comes later. */
static void test_cancel(void **state)
{
    xy_executor *executor = open_workshop("endless");
    (void)state;
    begin(executor, 5, "");
    for (uint64_t other = 1; other < 10; other += other == 4 ? 2 : 1)
        xy_executor_cancel(executor, (xy_number){.request = other});
    expect_going_on(executor);
    for (uint64_t number = 5; number < 8; number++) {
        xy_executor_cancel(executor, (xy_number){.request = number});
        expect_done(executor, number, XYLEM_OK, "ended");
        xy_executor_cancel(executor, (xy_number){.request = number}); /* too late */
        begin(executor, number + 1, "");
        expect_going_on(executor);
    }
    assert_true(xy_executor_close(&executor));
}

/* Only what is another state than before; at first than that which was loaded. */
static void test_saving(void **state)
{
    static const char *const given[] = {NULL, "", "one"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        xy_executor *executor = open_with_saved("keep", given[i]);
        assert_string_equal(kept, given[i] ? given[i] : "");
        expect_saved(executor, 1, "one", i == 2 ? NULL : "one");
        expect_saved(executor, 2, "one", NULL);
        expect_saved(executor, 3, "", "");
        expect_saved(executor, 4, "", NULL);
        expect_saved(executor, 5, "two", "two");
        expect_saved(executor, 6, "twp", "twp");
        expect_saved(executor, 7, "twp", NULL);
        assert_true(xy_executor_close(&executor));
        kept[0] = '\0';
    }
    xy_executor *executor = open_workshop("keep");
    expect_saved(executor, 1, "", ""); /* the first is one in any case */
    expect_saved(executor, 2, "", NULL);
    assert_true(xy_executor_close(&executor));
    executor = open_workshop("echo");
    expect_saved(executor, 1, "text", NULL);
    assert_true(xy_executor_close(&executor));
}

static void use_workshop(void)
{
    xy_executor *executor = open_workshop("echo");
    begin(executor, 1, "one");
    expect_done(executor, 1, XYLEM_OK, "one");
    begin(executor, 2, "two");
    expect_done(executor, 2, XYLEM_OK, "two");
    begin(executor, 3, "three"); /* and it is not taken */
    assert_true(xy_executor_close(&executor));
    assert_null(executor);
}

/* Calls of a service, which count themselves. */

struct counted {
    xy_call call; /* its beginning */
    const xylem_context *context;
};

static atomic_int calls_run, calls_freed;

static void run_call(xy_call *call, xylem_context *context)
{
    if (((struct counted *)call)->context == context)
        atomic_fetch_add(&calls_run, 1);
}

static void free_call(xy_call *call)
{
    atomic_fetch_add(&calls_freed, 1);
    free(call);
}

static xylem_context *seen; /* of the service that was opened last */

static int see(void **state, xylem_context *context)
{
    *state = NULL;
    seen = context;
    return XYLEM_OK;
}

static void add_call(xy_executor *executor)
{
    struct counted *new = calloc(1, sizeof *new);
    assert_non_null(new);
    *new = (struct counted){{.run = run_call, .free = free_call}, seen};
    xy_executor_call(executor, &new->call);
}

static void expect_calls(int run, int freed)
{
    int64_t until_ms = xy_clock_now_ms() + COUNTS_CEILING_MS;
    while (atomic_load(&calls_freed) < freed && xy_clock_now_ms() < until_ms)
        sched_yield();
    assert_int_equal(atomic_load(&calls_run), run);
    assert_int_equal(atomic_load(&calls_freed), freed);
    atomic_store(&calls_run, 0);
    atomic_store(&calls_freed, 0);
}

/* By the node's own thread, when the loop has them called. */
static void test_calls_of_what_is_quick(void **state)
{
    (void)state;
    xy_executor *executor = open_workshop("quick");
    assert_true(xy_executor_deadline(executor) == XY_NEVER);
    assert_false(xy_executor_call_due(executor, 0));
    for (int i = 0; i < 3; i++)
        add_call(executor);
    assert_true(xy_executor_deadline(executor) == 0);
    assert_int_equal(atomic_load(&calls_freed), 0);
    assert_true(xy_executor_call_due(executor, 0));
    expect_calls(3, 3);
    assert_true(xy_executor_deadline(executor) == XY_NEVER);
    add_call(executor); /* which nothing calls any more */
    assert_true(xy_executor_close(&executor));
    expect_calls(0, 1);
}

/* By the other thread, between pieces of work, and while one rests. */
static void test_calls_of_what_takes_long(void **state)
{
    (void)state;
    xy_executor *executor = open_workshop("endless");
    add_call(executor);
    add_call(executor);
    expect_calls(2, 2);
    begin(executor, 1, "");
    expect_going_on(executor);
    add_call(executor);
    expect_calls(1, 1);
    expect_going_on(executor);
    xy_executor_cancel(executor, (xy_number){.request = 1});
    expect_done(executor, 1, XYLEM_OK, "ended");
    assert_true(xy_executor_close(&executor));
}

static void test_nothing_left(void **state)
{
    (void)state;
    use_workshop();
    counts before = count_all(NULL, 0);
    for (int round = 0; round < ROUNDS; round++)
        use_workshop();
    expect_counts(before, NULL, 0, NULL, NULL);
}

int main(void)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_calls_of_what_is_quick),
        cmocka_unit_test(test_calls_of_what_takes_long),
        cmocka_unit_test(test_saving),
        cmocka_unit_test(test_nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
