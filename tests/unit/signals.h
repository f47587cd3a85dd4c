/* signals: many signals that the program has a handler for, so that its calls are broken off.
 */
#ifndef XY_TEST_SIGNALS_H
#define XY_TEST_SIGNALS_H

#include "unit.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

static atomic_int signals; /* how many have come, to any thread */

static inline void signals_count(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

/* From now on, so often; 0: no more. */
static inline void signals_have(int every_us)
{
    struct sigaction action = {.sa_handler = signals_count};
    struct itimerval timer = {.it_interval.tv_usec = every_us, .it_value.tv_usec = every_us};
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

#endif
