/* When silence means death. */
#include "unit.h"

#include "core/detector.h"
#include "core/step.h"

static void test_off(void **state)
{
    xy_detector detector = {0};
    (void)state;
    assert_true(xy_detector_expiry(&detector, 5) == XY_NEVER);
    assert_true(xy_detector_deadline(&detector) == XY_NEVER);
    assert_int_equal(xy_detector_look(&detector, 1000000), 0);
}

static void test_four_intervals_and_a_margin(void **state)
{
    static const struct {
        int64_t interval, margin;
    } cases[] = {
        {1, 20}, {20, 20}, {40, 20}, {50, 25}, {100, 50}, {1000, 500}, {INT32_MAX, INT32_MAX / 2}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xy_detector detector;
        xy_detector_set_interval(&detector, cases[i].interval, 100);
        assert_true(xy_detector_margin_ms(cases[i].interval) == cases[i].margin);
        assert_true(xy_detector_expiry(&detector, 1000) ==
                    1000 + 4 * cases[i].interval + cases[i].margin);
        assert_true(xy_detector_deadline(&detector) == 100 + cases[i].interval);
    }
}

static void test_forgives_its_own_lateness(void **state)
{
    xy_detector detector;
    (void)state;
    xy_detector_set_interval(&detector, 100, 0);
    assert_int_equal(xy_detector_look(&detector, 100), 0); /* on time */
    assert_int_equal(xy_detector_look(&detector, 150), 0); /* early: planned for 200 */
    assert_int_equal(xy_detector_look(&detector, 300), 0); /* 50 late: the margin covers it */
    assert_int_equal(xy_detector_look(&detector, 451), 51);
    assert_int_equal(xy_detector_look(&detector, 9551), 9000);
    assert_true(xy_detector_deadline(&detector) == 9651);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_four_intervals_and_a_margin),
        cmocka_unit_test(test_forgives_its_own_lateness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
