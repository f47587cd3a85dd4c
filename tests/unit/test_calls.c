/* What calls a service back: in which order, what is cancelled, and that nothing is left. */
#include "unit.h"

#include "../shortage.h"

#include "core/step.h"
#include "service/calls.h"

static char noted[64];

static void note(xylem_context *context, void *owner)
{
    (void)context;
    strcat(noted, owner);
}

static void run_note(xy_call *call, xylem_context *context)
{
    (void)call;
    note(context, (void *)(uintptr_t) "+");
}

static void free_note(xy_call *call)
{
    strcat(noted, ".");
    xy_release(call);
}

static void add(xy_calls *calls)
{
    xy_call *new = xy_allocate(1, sizeof *new);
    assert_non_null(new);
    *new = (xy_call){.run = run_note, .free = free_note};
    xy_calls_add(calls, new);
}

static uint64_t set(xy_calls *calls, int64_t due_ms, const char *name)
{
    uint64_t number;
    assert_int_equal(xy_calls_set(calls, due_ms, note, (void *)(uintptr_t)name, &number), XYLEM_OK);
    return number;
}

static void run_all(xy_calls *calls)
{
    for (xy_call *call; (call = xy_calls_take(calls));)
        xy_call_run(call, NULL);
}

static void expect(const char *wanted)
{
    assert_string_equal(noted, wanted);
    noted[0] = '\0';
}

static int set_up(void **state)
{
    memory_is_back();
    noted[0] = '\0';
    *state = calloc(1, sizeof(xy_calls));
    return 0;
}

static int tear_down(void **state)
{
    xy_calls_close(*state);
    free(*state);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void test_order(void **state)
{
    xy_calls *calls = *state;
    assert_true(xy_calls_deadline(calls) == XY_NEVER);
    set(calls, 30, "c");
    set(calls, 10, "a");
    set(calls, 20, "b");
    set(calls, 20, "B");
    assert_true(xy_calls_deadline(calls) == 10);
    assert_false(xy_calls_ripen(calls, 9));
    assert_true(xy_calls_ripen(calls, 20));
    assert_true(xy_calls_deadline(calls) == 30);
    add(calls);
    run_all(calls);
    expect("abB+.");
    assert_true(xy_calls_ripen(calls, 1000));
    run_all(calls);
    expect("c");
    assert_false(xy_calls_ripen(calls, XY_NEVER));
}

/* Before and after it is due; no other one. */
static void test_cancel(void **state)
{
    xy_calls *calls = *state;
    uint64_t a = set(calls, 10, "a"), b = set(calls, 10, "b"), c = set(calls, 10, "c");
    assert_true(a != 0 && a != b && b != c);
    xy_calls_cancel(calls, a);
    assert_true(xy_calls_ripen(calls, 10));
    xy_calls_cancel(calls, c);
    xy_calls_cancel(calls, c);
    xy_calls_cancel(calls, c + 1);
    run_all(calls);
    expect("b");
    xy_calls_cancel(calls, b);
    assert_true(set(calls, 20, "d") > c); /* a number is not used again */
}

static void test_too_many(void **state)
{
    xy_calls *calls = *state;
    uint64_t number = 0;
    for (int i = 0; i < XY_TIMERS_MAX; i++)
        set(calls, i % 2, "");
    assert_int_equal(xy_calls_set(calls, 0, note, NULL, &number), XYLEM_BUSY);
    assert_true(xy_calls_ripen(calls, 0)); /* what is due counts until it is called */
    assert_int_equal(xy_calls_set(calls, 0, note, NULL, &number), XYLEM_BUSY);
    xy_call_run(xy_calls_take(calls), NULL);
    set(calls, 0, "");
}

static void test_close(void **state)
{
    xy_calls *calls = *state;
    uint64_t number;
    set(calls, 10, "a");
    set(calls, 20, "b");
    add(calls);
    xy_calls_ripen(calls, 10);
    xy_calls_close(calls);
    expect(".");
    assert_false(xy_calls_ripen(calls, 100));
    assert_int_equal(xy_calls_set(calls, 1, note, NULL, &number), XYLEM_CANCELLED);
    add(calls);
    expect(".");
    assert_null(xy_calls_take(calls));
}

static void test_no_memory(void **state)
{
    xy_calls *calls = *state;
    for (size_t fails = 1; fails < 30; fails++) {
        uint64_t number;
        memory_fails(fails, SIZE_MAX);
        for (int i = 0; i < 20; i++) {
            size_t before = calls->timers.count;
            int status = xy_calls_set(calls, 1, note, (void *)(uintptr_t) "", &number);
            assert_true(status == XYLEM_OK || status == XYLEM_NO_MEMORY);
            assert_int_equal(calls->timers.count, before + !status);
        }
        xy_calls_ripen(calls, 1);
        run_all(calls);
        assert_int_equal(calls->timers.count, 0);
        memory_is_back();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_order), TEST(test_cancel), TEST(test_too_many),
                                       TEST(test_close), TEST(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
