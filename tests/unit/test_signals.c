/* Signals that ask the program to stop. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "cli/signals.h"

enum { CEILING_MS = 20000 };

static bool is_readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

/* What was ignored when the program began stays ignored; anything else stops it, and leaves errno
 * as it was. */
static void test_signals(void **state)
{
    (void)state;
    signal(SIGHUP, SIG_IGN);
    assert_true(signals_install());
    assert_int_equal(raise(SIGHUP), 0);
    assert_false(signals_stop_requested());
    assert_false(is_readable(signals_fd()));
    errno = ENOENT;
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(errno, ENOENT);
    assert_true(signals_stop_requested());
    assert_true(is_readable(signals_fd()));
}

/* A network that is waited in after the signal is interrupted too. */
static void test_network(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    (void)state;
    options.world = XYLEM_SIMULATED;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    signals_interrupt_network(network);
    assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_INTERRUPTED);
    signals_interrupt_network(NULL);
    assert_int_equal(raise(SIGTERM), 0);
    xylem_close(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
