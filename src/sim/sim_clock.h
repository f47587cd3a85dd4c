/* sim_clock: the schedulers of several networks, on one clock. What is due at the same time happens
 * in the order in which the networks began.
 */
#ifndef XY_SIM_CLOCK_H
#define XY_SIM_CLOCK_H

#include "sim/scheduler.h"

/* All zero is one without networks, at time 0. */
typedef struct xy_sim_clock {
    xy_scheduler *first; /* a list; the oldest first */
    int64_t now_us;
} xy_sim_clock;

/* A scheduler goes by this clock, until it leaves it. */
void xy_sim_clock_join(xy_sim_clock *clock, xy_scheduler *scheduler);
void xy_sim_clock_leave(xy_sim_clock *clock, xy_scheduler *scheduler);

/* When the earliest event is due; XY_NEVER when there is none. */
int64_t xy_sim_clock_due_us(const xy_sim_clock *clock);

/* Has one event happen that is due; false: none is. */
bool xy_sim_clock_happen(xy_sim_clock *clock);

/* Time goes on to this moment; never back. */
void xy_sim_clock_advance(xy_sim_clock *clock, int64_t to_us);

/* Lets time pass, and everything happen that is due until then. */
void xy_sim_clock_run(xy_sim_clock *clock, int64_t until_us);

#endif
