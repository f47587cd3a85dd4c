/* Requests that wait for their answer. */
#include "unit.h"

#include "core/machine.h"
#include "core/pending.h"

static void add(xy_pending *pending, uint64_t request, uint64_t peer, int64_t deadline_ms)
{
    xy_pending_entry entry = {.request = request, .peer = peer, .deadline_ms = deadline_ms};
    assert_int_equal(xy_pending_add(pending, &entry), XYLEM_OK);
}

static void test_take(void **state)
{
    xy_pending pending = {0};
    xy_pending_entry entry;
    (void)state;
    for (uint64_t i = 1; i <= 20; i++)
        add(&pending, i, i % 2, (int64_t)(100 - i));
    assert_int_equal(xy_pending_find(&pending, 7)->deadline_ms, 93);
    assert_true(xy_pending_take(&pending, 7, &entry));
    assert_true(entry.request == 7 && entry.peer == 1);
    assert_false(xy_pending_take(&pending, 7, &entry));
    assert_null(xy_pending_find(&pending, 7));
    for (uint64_t i = 2; i <= 20; i += 2) { /* in the order of adding */
        assert_true(xy_pending_take_of(&pending, 0, &entry));
        assert_true(entry.request == i);
    }
    assert_false(xy_pending_take_of(&pending, 0, NULL));
    assert_int_equal(pending.count, 9);
    xy_pending_clear(&pending);
}

static void test_deadlines(void **state)
{
    xy_pending pending = {0};
    xy_pending_entry entry;
    (void)state;
    assert_true(xy_pending_deadline(&pending) == XY_NEVER);
    add(&pending, 1, 0, 30);
    add(&pending, 2, 0, 10);
    add(&pending, 3, 0, 20);
    assert_int_equal(xy_pending_deadline(&pending), 10);
    assert_false(xy_pending_take_due(&pending, 9, &entry));
    assert_true(xy_pending_take_due(&pending, 20, &entry) && entry.request == 2);
    assert_true(xy_pending_take_due(&pending, 20, &entry) && entry.request == 3);
    assert_false(xy_pending_take_due(&pending, 20, &entry));
    xy_pending_clear(&pending);
}

static void test_bound(void **state)
{
    xy_pending pending = {0};
    (void)state;
    for (uint64_t i = 1; i <= XY_PENDING_MAX; i++)
        add(&pending, i, 0, 0);
    assert_int_equal(xy_pending_add(&pending, &(xy_pending_entry){.request = 9999}), XYLEM_BUSY);
    assert_true(xy_pending_take(&pending, 1, NULL));
    assert_int_equal(xy_pending_add(&pending, &(xy_pending_entry){.request = 9999}), XYLEM_OK);
    xy_pending_clear(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
