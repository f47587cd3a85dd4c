/* The life of a child: which moves are allowed, and what a family knows. */
#include "unit.h"

#include "core/family.h"

static void test_moves(void **state)
{
    static const char *const allowed[XY_CHILD_STATES] = {
        /* from: to none, born, ready, lost, ending, gone */
        [XY_CHILD_NONE] = " b    ", [XY_CHILD_BORN] = "n r e ",   [XY_CHILD_READY] = "   leg",
        [XY_CHILD_LOST] = "  r eg", [XY_CHILD_ENDING] = "n     ", [XY_CHILD_GONE] = "n     "};
    (void)state;
    for (int from = 0; from < XY_CHILD_STATES; from++)
        for (int to = 0; to < XY_CHILD_STATES; to++)
            assert_int_equal(xy_child_may((xy_child_state)from, (xy_child_state)to),
                             allowed[from][to] != ' ');
}

static void test_a_move_ends_the_deadline(void **state)
{
    xy_child child = {.deadline_ms = 7};
    (void)state;
    xy_child_move(&child, XY_CHILD_BORN);
    assert_true(child.deadline_ms == XY_NEVER);
}

static void test_find_and_count(void **state)
{
    xy_family family = {0};
    (void)state;
    assert_null(xy_family_find(&family, 0));
    assert_true(xy_family_at_rest(&family));
    assert_true(xy_family_deadline(&family) == XY_NEVER);
    family.children[0] = (xy_child){.state = XY_CHILD_READY, .incarnation = 3, .deadline_ms = 90};
    family.children[1] =
        (xy_child){.state = XY_CHILD_GONE, .incarnation = 4, .deadline_ms = XY_NEVER};
    assert_ptr_equal(xy_family_find(&family, 3), &family.children[0]);
    assert_ptr_equal(xy_family_find(&family, 4), &family.children[1]);
    assert_null(xy_family_find(&family, 5));
    assert_int_equal(xy_family_count(&family, XY_CHILD_READY), 1);
    assert_false(xy_family_at_rest(&family));
    assert_true(xy_family_deadline(&family) == 90);
    family.children[0].state = XY_CHILD_GONE;
    assert_true(xy_family_at_rest(&family));
}

static void test_who_speaks(void **state)
{
    (void)state;
    for (int i = 0; i < XY_CHILD_STATES; i++)
        assert_int_equal(xy_child_speaks(&(xy_child){.state = (xy_child_state)i}),
                         i == XY_CHILD_READY || i == XY_CHILD_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_a_move_ends_the_deadline),
        cmocka_unit_test(test_find_and_count),
        cmocka_unit_test(test_who_speaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
