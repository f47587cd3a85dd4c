/* Faults: what goes wrong, and where. What is forged is in forgery.c. */
#include "sim/run.h"

#include "sim/forgery.h"

enum { MS = 1000, SECOND = 1000 * MS };

static uint64_t draw(struct run *run, enum fault fault, uint64_t bound)
{
    return xy_draw_below(&run->faults[fault], bound);
}

/* Short ones, and such as make silence longer than any parent bears. */
static int64_t duration_us(struct run *run, enum fault fault)
{
    int64_t longest_us = (20 * MS) << draw(run, fault, 11);
    return 1 + (int64_t)draw(run, fault, (uint64_t)longest_us);
}

static void lasts(struct run *run, int64_t for_us)
{
    int64_t until_us = run_now_us(run) + for_us;
    if (until_us > run->faulty_until_us)
        run->faulty_until_us = until_us;
}

static bool is_alive(const struct run *run, uint64_t node)
{
    return run->check.model.lives[node].alive;
}

static bool can_command(const struct run *run)
{
    return run_now_us(run) >= run->held_until_us;
}

/* A command does the same as the fault itself, on another way; and nothing to a node that is dead.
 */
static bool by_command(struct run *run, enum fault fault, uint64_t node)
{
    return (draw(run, fault, 4) == 0 || !is_alive(run, node)) && can_command(run);
}

static void inject(struct run *run, uint64_t node, xy_fault what)
{
    run_command(run, &(xy_command){.kind = XY_COMMAND_FAULT,
                                   .id = run->check.model.lives[node].id,
                                   .value = what,
                                   .timeout_ms = -1});
    lasts(run, check_order_us(&run->check) + MS); /* it may be done that late */
}

static void crash(struct run *run, uint64_t node)
{
    if (by_command(run, FAULT_CRASH, node)) {
        inject(run, node, XY_FAULT_KILL);
    } else {
        check_crash(&run->check, node);
        xy_simulation_crash(run->world, (xy_life){node});
    }
}

static void pause(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_PAUSE);
    if (by_command(run, FAULT_PAUSE, node)) {
        inject(run, node, draw(run, FAULT_PAUSE, 2) ? XY_FAULT_PAUSE : XY_FAULT_RESUME);
        return;
    }
    check_hold(&run->check, node, for_us);
    xy_simulation_hold(run->world, (xy_life){node}, for_us);
    lasts(run, for_us);
}

static void hold_up(struct run *run, uint64_t node)
{
    (void)node;
    int64_t for_us = duration_us(run, FAULT_HOLD_UP);
    check_hold(&run->check, 0, for_us);
    xy_simulation_hold(run->world, (xy_life){0}, for_us);
    lasts(run, for_us);
    if (run->held_until_us < run_now_us(run) + for_us)
        run->held_until_us = run_now_us(run) + for_us;
}

static void slow(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_SLOW);
    int64_t by_us = (int64_t)draw(run, FAULT_SLOW, CHECK_SLOWNESS_US);
    if (draw(run, FAULT_SLOW, 8) == 0)
        node = 0;
    check_slow(&run->check, node, for_us);
    xy_simulation_slow(run->world, (xy_life){node}, by_us, for_us);
    lasts(run, for_us + CHECK_SLOWNESS_US);
}

static void stall(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_STALL);
    check_stall(&run->check, node, for_us);
    xy_simulation_stall(run->world, (xy_life){node}, draw(run, FAULT_STALL, 2), for_us);
    lasts(run, for_us);
}

static void fill(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_FULL);
    check_stall(&run->check, node, for_us);
    xy_simulation_fill(run->world, (xy_life){node}, draw(run, FAULT_FULL, 2), for_us);
    lasts(run, for_us);
}

void run_count(struct run *run, enum fault fault, uint64_t node)
{
    xy_trace_fault(&run->trace, run_now_us(run), node, fault_names[fault]);
    run->verdict.faults[fault]++;
}

void run_fault(struct run *run, enum fault fault)
{
    static void (*const faults[FAULT_MALFORMED])(struct run *, uint64_t) = {
        [FAULT_CRASH] = crash, [FAULT_PAUSE] = pause, [FAULT_HOLD_UP] = hold_up,
        [FAULT_SLOW] = slow,   [FAULT_STALL] = stall, [FAULT_FULL] = fill};
    run->next_fault_us[fault] =
        run_now_us(run) + run_gap_us(&run->faults[fault], run->plan.every_us[fault]);
    uint64_t node = run_pick(run, &run->faults[fault]);
    if (!node) {
        return;
    } else if (fault >= FAULT_MALFORMED) {
        forge(run, fault, node);
    } else if (fault == FAULT_HOLD_UP || is_alive(run, node) ||
               (fault <= FAULT_PAUSE && can_command(run))) {
        run_count(run, fault, node);
        faults[fault](run, node);
    }
}
