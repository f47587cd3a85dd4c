/* The timer service. */
#include "unit.h"

#include "service/timer.h"

static void expect(void *timer, const char *text, int64_t now_ms, const char *wanted)
{
    const char *reply = "";
    assert_int_equal(xy_timer.exec(timer, text, now_ms, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

static void test_stopwatch(void **state)
{
    void *timer;
    (void)state;
    assert_int_equal(xy_timer.open(&timer), XYLEM_OK);
    expect(timer, "time", 1000, "0 ms");
    expect(timer, "stop", 1500, "stop");
    expect(timer, "time", 2000, "0 ms");
    expect(timer, "start", 3000, "start");
    expect(timer, "time", 3250, "250 ms");
    expect(timer, "stop", 7577, "stop");
    expect(timer, "time", 9000, "4577 ms");
    expect(timer, "stop", 9500, "stop"); /* it does not run: nothing changes */
    expect(timer, "time", 9900, "4577 ms");
    expect(timer, "start", 10000, "start");
    expect(timer, "start", 10500, "start"); /* from zero */
    expect(timer, "time", 10501, "1 ms");
    xy_timer.close(timer);
}

static void test_bad_subcommands(void **state)
{
    static const char *const bad[] = {"", "star", "startt", "Start", "start now", "time "};
    const char *reply = "";
    void *timer;
    (void)state;
    assert_int_equal(xy_timer.open(&timer), XYLEM_OK);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(xy_timer.exec(timer, bad[i], 1, &reply), XYLEM_BAD_SUBCOMMAND);
    xy_timer.close(timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stopwatch),
        cmocka_unit_test(test_bad_subcommands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
