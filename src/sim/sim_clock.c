#include "sim/sim_clock.h"

#include <utlist.h>

void xy_sim_clock_join(xy_sim_clock *clock, xy_scheduler *scheduler)
{
    scheduler->now_us = clock->now_us;
    LL_APPEND(clock->first, scheduler);
}

void xy_sim_clock_leave(xy_sim_clock *clock, xy_scheduler *scheduler)
{
    LL_DELETE(clock->first, scheduler);
}

/* Nothing happens any more in a network that has stopped. */
static int64_t due_us(const xy_scheduler *scheduler)
{
    bool over = scheduler->halted || xy_scheduler_stopped(scheduler);
    return over ? XY_NEVER : xy_scheduler_due_us(scheduler);
}

static xy_scheduler *earliest(const xy_sim_clock *clock)
{
    xy_scheduler *found = clock->first;
    for (xy_scheduler *each = found; each; each = each->next)
        if (due_us(each) < due_us(found))
            found = each;
    return found;
}

int64_t xy_sim_clock_due_us(const xy_sim_clock *clock)
{
    const xy_scheduler *next = earliest(clock);
    return next ? due_us(next) : XY_NEVER;
}

bool xy_sim_clock_happen(xy_sim_clock *clock)
{
    xy_scheduler *next = earliest(clock);
    bool due = next && due_us(next) <= clock->now_us;
    if (due)
        xy_scheduler_happen(next);
    return due;
}

void xy_sim_clock_advance(xy_sim_clock *clock, int64_t to_us)
{
    if (to_us <= clock->now_us)
        return;
    clock->now_us = to_us;
    for (xy_scheduler *each = clock->first; each; each = each->next)
        each->now_us = to_us;
}

void xy_sim_clock_run(xy_sim_clock *clock, int64_t until_us)
{
    for (int64_t due; (due = xy_sim_clock_due_us(clock)) <= until_us && due != XY_NEVER;) {
        xy_sim_clock_advance(clock, due);
        xy_sim_clock_happen(clock);
    }
    xy_sim_clock_advance(clock, until_us);
}
