/* Requests that wait for their answer. */
#include "unit.h"

#include <string.h>

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

/* Adds and takes in any order, beside an array that is searched from its front. */
static void test_model(void **state)
{
    enum { ROUNDS = 20000, MOST = 200 };
    xy_pending pending = {0};
    xy_pending_entry model[MOST], taken;
    size_t count = 0;
    uint64_t random = 1;
    (void)state;
    for (uint64_t request = 1; request <= ROUNDS; request++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned draw = (unsigned)(random >> 40);
        if (count < MOST && draw % 5 < 3) {
            int64_t deadline_ms = (int64_t)request + (draw % 64 == 0 ? 50 : 100);
            model[count++] = (xy_pending_entry){.request = request, .deadline_ms = deadline_ms};
            add(&pending, request, 0, deadline_ms);
        } else if (count > 0) {
            size_t i = draw % 7 == 0 ? draw / 7 % count : 0;
            assert_true(xy_pending_take(&pending, model[i].request, &taken));
            assert_true(taken.deadline_ms == model[i].deadline_ms);
            memmove(&model[i], &model[i + 1], (--count - i) * sizeof *model);
        }
        int64_t earliest_ms = XY_NEVER;
        for (size_t i = 0; i < count; i++) {
            assert_true(xy_pending_at(&pending, i)->request == model[i].request);
            if (model[i].deadline_ms < earliest_ms)
                earliest_ms = model[i].deadline_ms;
        }
        assert_int_equal(pending.count, count);
        assert_int_equal(xy_pending_deadline(&pending), earliest_ms);
    }
    xy_pending_clear(&pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
