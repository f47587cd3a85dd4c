#include "sim/run.h"

#include "sim/heap.h"
#include "sim/memory.h"

enum { STREAM_CHORES = 101, STREAM_WORK = 103, STREAM_FAULTS = 200, SECOND_US = 1000000 };

int64_t run_now_us(const struct run *run)
{
    return xy_simulation_now_us(run->world);
}

int64_t run_gap_us(xy_random *random, int64_t mean_us)
{
    return 1 + (int64_t)xy_random_below(random, (uint64_t)(2 * mean_us));
}

uint64_t run_pick(const struct run *run, xy_random *random)
{
    const struct model *model = &run->judge.model;
    size_t nth = model->entered ? xy_random_below(random, model->entered) : 0;
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id] && nth-- == 0)
            return model->present[id];
    return 0;
}

void run_command(struct run *run, const xy_command *command)
{
    judge_asking(&run->judge, command);
    trace_command(&run->trace, run_now_us(run), run->controller.request + 1, command);
    xy_controller_command(&run->controller, command, run->world->ops->now(run->world));
    judge_asked(&run->judge);
    run->world->ops->perform(run->world);
}

/* What the world says. */

static void stepping(void *self, uint64_t node, const xy_event *event, bool forged)
{
    struct run *run = self;
    trace_event(&run->trace, run_now_us(run), node, event, forged);
    judge_stepping(&run->judge, node, event, forged);
}

static void acting(void *self, uint64_t node, const xy_action *action)
{
    struct run *run = self;
    trace_action(&run->trace, run_now_us(run), node, action);
    judge_acting(&run->judge, node, action);
    if (action->kind == XY_ACTION_REPLY)
        run_answered(run, action->message.request);
}

static void started(void *self, uint64_t node, uint64_t parent, int64_t id)
{
    struct run *run = self;
    judge_started(&run->judge, node, parent, id);
}

static void ended(void *self, uint64_t node, xy_end end)
{
    struct run *run = self;
    trace_ended(&run->trace, run_now_us(run), node, end);
    judge_ended(&run->judge, node, end);
}

static void stepped(void *self, uint64_t node)
{
    struct run *run = self;
    judge_stepped(&run->judge, node);
    if (run->verdict.broken)
        xy_simulation_halt(run->world);
}

static void deliver(void *owner, const xy_action *action)
{
    struct run *run = owner;
    if (action->kind == XY_ACTION_FAULT)
        run->world->ops->fault(run->world, &action->message);
}

/* The phases. */

static bool is_over(const struct run *run)
{
    return run->verdict.broken != NULL;
}

/* The earliest thing to do until then: a fault, or FAULTS_TIMED for a chore, or -1. */
static int next_of(const struct run *run, int64_t *when_us)
{
    int next = -1;
    if (run->next_chore_us < *when_us) {
        next = FAULTS_TIMED;
        *when_us = run->next_chore_us;
    }
    for (int i = 0; i < FAULTS_TIMED; i++)
        if (run->next_fault_us[i] < *when_us) {
            next = i;
            *when_us = run->next_fault_us[i];
        }
    return next;
}

static void plan_faults(struct run *run)
{
    for (int i = 0; i < FAULTS_TIMED; i++) {
        int64_t every_us = run->plan.every_us[i];
        run->next_fault_us[i] =
            every_us ? run_now_us(run) + run_gap_us(&run->faults[i], every_us) : INT64_MAX;
    }
    run->next_chore_us = run_now_us(run) + 1;
}

static void storm(struct run *run, int64_t until_us)
{
    plan_faults(run);
    while (!is_over(run) && run_now_us(run) < until_us) {
        int64_t when_us = until_us;
        int next = next_of(run, &when_us);
        xy_simulation_run(run->world, when_us);
        if (next == FAULTS_TIMED)
            run_chore(run);
        else if (next >= 0)
            run_fault(run, (enum fault)next);
    }
}

static void let_pass(struct run *run, int64_t for_us)
{
    xy_simulation_run(run->world, run_now_us(run) + for_us);
}

/* Whoever can be reached answers, nobody else does. */
static void ping_all(struct run *run)
{
    for (int64_t id = 0; id < run->judge.model.ids && !is_over(run); id++)
        if (run->judge.model.present[id])
            run_command(run, &(xy_command){.kind = XY_COMMAND_PING, .id = id, .timeout_ms = -1});
    let_pass(run, run->plan.timeout_ms * 1000 + SECOND_US);
}

static void resume_all(struct run *run)
{
    for (uint64_t i = 0; i < run->judge.model.count; i++)
        model_resume(&run->judge.model, i, run_now_us(run));
    xy_simulation_calm(run->world);
}

static void calm(struct run *run)
{
    if (run->faulty_until_us > run_now_us(run))
        xy_simulation_run(run->world, run->faulty_until_us);
    resume_all(run);
    let_pass(run, judge_recovery_us(&run->judge));
    if (!is_over(run))
        judge_quiet(&run->judge);
    if (!is_over(run))
        ping_all(run);
    if (!is_over(run))
        judge_quiet(&run->judge);
}

static void end(struct run *run)
{
    if (run->held_until_us > run_now_us(run))
        xy_simulation_run(run->world, run->held_until_us);
    run_command(run, &(xy_command){.kind = XY_COMMAND_CLOSE});
    let_pass(run, (XY_GRACE_MS + 100) * 1000 + judge_lateness_us(&run->judge));
    if (!is_over(run))
        judge_end(&run->judge);
}

/* The whole. */

static void begin(struct run *run, uint64_t seed, const struct limits *limits, FILE *file)
{
    char reason[XYLEM_REASON_SIZE];
    run->plan = plan_draw(seed, limits);
    run->chores = xy_random_stream(seed, STREAM_CHORES);
    run->jobs = xy_random_stream(seed, STREAM_WORK);
    for (uint64_t i = 0; i < FAULTS_TIMED; i++)
        run->faults[i] = xy_random_stream(seed, STREAM_FAULTS + i);
    trace_begin(&run->trace, file, seed);
    if (!xy_controller_init(&run->controller, run->plan.timeout_ms, run->plan.interval_ms))
        need(NULL);
    xy_world_options options = {.controller = xy_controller_machine(&run->controller),
                                .seed = seed,
                                .deliver = deliver,
                                .owner = run};
    run->world = need(xy_simulated_world(&options, reason));
    xy_simulation_set_odds(run->world, &run->plan.odds);
    xy_simulation_watch(run->world, &(xy_watcher){run, stepping, acting, started, ended, stepped});
    judge_init(&run->judge, &run->plan, run->world, &run->controller, &run->verdict);
}

static void finish(struct run *run)
{
    int64_t now_us = run_now_us(run);
    xy_census census = xy_simulation_census(run->world);
    run->verdict.hash = run->trace.hash;
    run->verdict.events = census.steps;
    run->verdict.faults[FAULT_STILLBORN] = census.mishaps.stillborn;
    run->verdict.faults[FAULT_EARLY_END] = census.mishaps.early_end;
    run->verdict.faults[FAULT_LATE_HELLO] = census.mishaps.late_hello;
    run->verdict.faults[FAULT_SLOW_END] = census.mishaps.slow_end;
    run->verdict.faults[FAULT_DRIFT] = run->plan.odds.drift > 0;
    xy_simulation_watch(run->world, &(xy_watcher){0});
    run->world->ops->close(run->world);
    xy_controller_clear(&run->controller);
    judge_clear(&run->judge);
    if (heap_blocks() > run->blocks)
        verdict_broken(&run->verdict, "I7", now_us, "%zu blocks of memory are never given back",
                       heap_blocks() - run->blocks);
}

struct verdict run_seed(uint64_t seed, const struct limits *limits, FILE *file)
{
    static struct run one;
    one = (struct run){.vacated = -1, .blocks = heap_blocks()};
    begin(&one, seed, limits, file);
    while (!is_over(&one) && run_now_us(&one) < one.plan.duration_us) {
        int64_t until_us = run_now_us(&one) + one.plan.storm_us;
        bool last = until_us > one.plan.duration_us;
        storm(&one, last ? one.plan.duration_us : until_us);
        if (!is_over(&one) && !last)
            calm(&one);
    }
    if (!is_over(&one))
        end(&one);
    finish(&one);
    return one.verdict;
}
