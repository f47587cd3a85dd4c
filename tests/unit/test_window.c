/* Which numbers have come, each once. */
#include "unit.h"

#include "core/window.h"

enum { LAST = 5000 };

static void test_in_turn(void **state)
{
    xy_window window = {0};
    (void)state;
    assert_false(xy_window_take(&window, 0));
    for (uint64_t number = 1; number <= LAST; number++) {
        assert_true(xy_window_take(&window, number));
        assert_false(xy_window_take(&window, number));
    }
}

/* Those between are not forgotten, as long as they are in the window. */
static void test_out_of_turn(void **state)
{
    xy_window window = {0};
    (void)state;
    assert_true(xy_window_take(&window, XY_WINDOW_SIZE + 5));
    for (uint64_t number = 6; number < XY_WINDOW_SIZE + 5; number++)
        assert_true(xy_window_take(&window, number));
    assert_false(xy_window_take(&window, 5));
    assert_false(xy_window_take(&window, XY_WINDOW_SIZE + 5));
}

static void test_a_jump(void **state)
{
    xy_window window = {0};
    (void)state;
    assert_true(xy_window_take(&window, 3));
    assert_true(xy_window_take(&window, UINT64_C(1) << 40));
    assert_false(xy_window_take(&window, 3));
    assert_true(xy_window_take(&window, (UINT64_C(1) << 40) - 1));
    assert_false(xy_window_take(&window, (UINT64_C(1) << 40) - 1));
}

static void test_any_order(void **state)
{
    static bool taken[LAST + 1];
    xy_window window = {0};
    uint64_t seed = unit_seed(), highest = 0;
    (void)state;
    for (int step = 0; step < 200000; step++) {
        uint64_t number = highest + unit_random(&seed) % 1400;
        number = number > 1350 ? number - 1350 : 0;
        number = number > LAST ? LAST : number;
        bool old = number == 0 || number + XY_WINDOW_SIZE <= highest;
        bool fresh = !old && !taken[number];
        assert_int_equal(xy_window_take(&window, number), fresh);
        taken[number] |= fresh;
        highest = number > highest ? number : highest;
    }
    assert_int_equal(highest, LAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_turn),
        cmocka_unit_test(test_out_of_turn),
        cmocka_unit_test(test_a_jump),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
