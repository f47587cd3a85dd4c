#include "sim/run.h"

#include "sim/asker.h"
#include "sim/heap.h"
#include "sim/later.h"
#include "sim/need.h"
#include "sim/own.h"
#include "sim/sender.h"
#include "sim/steps.h"

enum { STREAM_WORKLOAD = 101, STREAM_WORK = 103, STREAM_FAULTS = 200, SECOND_US = 1000000 };

int64_t run_now_us(const struct run *run)
{
    return xy_simulation_now_us(run->world);
}

int64_t run_gap_us(xy_draw *random, int64_t mean_us)
{
    return 1 + (int64_t)xy_draw_below(random, (uint64_t)(2 * mean_us));
}

uint64_t run_pick(const struct run *run, xy_draw *random)
{
    const struct model *model = &run->check.model;
    size_t nth = model->entered ? xy_draw_below(random, model->entered) : 0;
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id] && nth-- == 0)
            return model->present[id];
    return 0;
}

void run_command(struct run *run, const xy_command *command)
{
    check_asking(&run->check, command);
    xy_trace_command(&run->trace, run_now_us(run), run->controller.command + 1, command);
    run->world->ops->command(run->world, command);
    check_asked(&run->check);
}

/* What the world says. */

static void halt_if_broken(const struct run *run)
{
    if (run->verdict.broken)
        xy_simulation_halt(run->world);
}

static void stepping(void *self, xy_life node, const xy_event *event, bool forged)
{
    struct run *run = self;
    xy_trace_event(&run->trace, run_now_us(run), node.number, event, forged);
    check_stepping(&run->check, node.number, event, forged);
}

static void acting(void *self, xy_life node, const xy_action *action)
{
    struct run *run = self;
    xy_trace_action(&run->trace, run_now_us(run), node.number, action);
    check_acting(&run->check, node.number, action);
    if (action->kind == XY_ACTION_REPLY)
        run_answered(run, action->reply.command);
    halt_if_broken(run); /* before what must not be done is done */
}

static void stepped(void *self, xy_life node)
{
    struct run *run = self;
    check_stepped(&run->check, node.number);
    halt_if_broken(run);
}

static void started(void *self, xy_life node, const xy_birth *birth)
{
    struct run *run = self;
    xy_trace_started(&run->trace, run_now_us(run), node.number);
    check_started(&run->check, node.number, birth);
}

static void ended(void *self, xy_life node, xy_end end)
{
    struct run *run = self;
    xy_trace_ended(&run->trace, run_now_us(run), node.number, end);
    check_ended(&run->check, node.number, end);
}

static void signalled(void *self, xy_life node, xy_fault fault)
{
    struct run *run = self;
    xy_trace_signalled(&run->trace, run_now_us(run), node.number, fault);
    check_signalled(&run->check, node.number, fault);
}

static void rests(void *self, xy_life node, xy_number request, int64_t ms)
{
    struct run *run = self;
    xy_trace_rest(&run->trace, run_now_us(run), node.number, request.request, ms);
}

/* The check has seen it as an action. */
static void deliver(void *owner, xy_action *action)
{
    (void)owner;
    (void)action;
}

/* The phases. */

static bool is_over(const struct run *run)
{
    return run->verdict.broken != NULL;
}

/* The earliest thing to do until then: a fault, or FAULTS_TIMED for a command, or -1. */
static int next_of(const struct run *run, int64_t *when_us)
{
    int next = -1;
    if (run->next_command_us < *when_us) {
        next = FAULTS_TIMED;
        *when_us = run->next_command_us;
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
    run->next_command_us = run_now_us(run) + 1;
}

static void storm(struct run *run, int64_t until_us)
{
    plan_faults(run);
    while (!is_over(run) && run_now_us(run) < until_us) {
        int64_t when_us = until_us;
        int next = next_of(run, &when_us);
        xy_simulation_run(run->world, when_us);
        if (next == FAULTS_TIMED)
            run_next_command(run);
        else if (next >= 0)
            run_fault(run, (enum fault)next);
    }
}

static void let_pass(struct run *run, int64_t for_us)
{
    xy_simulation_run(run->world, run_now_us(run) + for_us);
}

/* The nodes that can be reached answer, the others do not. */
static void ping_all(struct run *run)
{
    for (int64_t id = 0; id < run->check.model.ids && !is_over(run); id++)
        if (run->check.model.present[id])
            run_command(run, &(xy_command){.kind = XY_COMMAND_PING, .id = id, .timeout_ms = -1});
    let_pass(run, run->plan.timeout_ms * 1000 + SECOND_US);
}

static void resume_all(struct run *run)
{
    for (uint64_t i = 0; i < run->check.model.count; i++)
        model_resume(&run->check.model, i, run_now_us(run));
    xy_simulation_calm(run->world);
}

/* A tree that arranges itself may need several moves one after the other, and each of them an order
 * that comes late. */
enum { ROUNDS = 10 };

static void let_settle(struct run *run)
{
    const xy_requests *errands = &run->controller.errands;
    let_pass(run, check_recovery_us(&run->check));
    for (int round = 1; round < ROUNDS && xy_requests_count(errands) > 0 && !is_over(run); round++)
        let_pass(run, check_recovery_us(&run->check));
}

static void calm(struct run *run)
{
    if (run->faulty_until_us > run_now_us(run))
        xy_simulation_run(run->world, run->faulty_until_us);
    resume_all(run);
    let_settle(run);
    if (!is_over(run))
        check_quiet(&run->check);
    if (!is_over(run))
        ping_all(run);
    if (!is_over(run))
        check_quiet(&run->check);
}

static void end(struct run *run)
{
    if (run->held_until_us > run_now_us(run))
        xy_simulation_run(run->world, run->held_until_us);
    run_command(run, &(xy_command){.kind = XY_COMMAND_CLOSE});
    let_pass(run, (xy_grace_max_ms(run->controller.map.count) + 100) * 1000 +
                      check_lateness_us(&run->check) + 2 * check_order_us(&run->check));
    if (!is_over(run))
        check_end(&run->check);
}

/* The whole. */

static void begin_world(struct run *run)
{
    static const xy_observer observer = {.stepping = stepping,
                                         .acting = acting,
                                         .stepped = stepped,
                                         .started = started,
                                         .ended = ended,
                                         .signalled = signalled,
                                         .rests = rests};
    xy_error error;
    const struct plan *plan = &run->plan;
    xy_world_options options = {.controller = &run->controller,
                                .begin = {.topology = xy_topology_named(shape_names[plan->shape]),
                                          .repair = plan->repair,
                                          .rest_for_subtree = plan->rest_for_subtree,
                                          .restarts_max = plan->restarts_max,
                                          .restart_window_ms = plan->restart_window_ms,
                                          .timeout_ms = plan->timeout_ms,
                                          .heartbeat_ms = plan->interval_ms},
                                .seed = plan->seed,
                                .deliver = deliver,
                                .owner = run};
    xy_observer watching = observer;
    watching.self = run;
    run->world = need(xy_simulated_world(&options, &error));
    run->controller.bound = plan->bound;
    xy_simulation_set_fault_rates(run->world, &plan->rates);
    xy_simulation_observe(run->world, &watching);
}

static void begin(struct run *run, uint64_t seed, const struct limits *limits, FILE *file)
{
    run->plan = plan_draw(seed, limits);
    run->workload = xy_draw_stream(seed, STREAM_WORKLOAD);
    run->jobs = xy_draw_stream(seed, STREAM_WORK);
    for (uint64_t i = 0; i < FAULTS_TIMED; i++)
        run->faults[i] = xy_draw_stream(seed, STREAM_FAULTS + i);
    xy_trace_begin(&run->trace, file, seed, shape_names[run->plan.shape],
                   repair_names[run->plan.repair]);
    begin_world(run);
    check_init(&run->check, &run->plan, run->world, &run->controller, &run->verdict);
    steps_begin(&run->check);
    later_register();
    asker_register();
    own_begin(&run->check);
    sender_begin(&run->check);
}

/* What was said of the ends of nodes is what their services have seen. */
static void look_at_hooks(struct run *run)
{
    struct steps seen = steps_counts();
    seen.closed += own_count_closed();
    seen.released += own_count_released();
    if (seen.closed != run->check.closed || seen.released != run->check.released)
        check_broken(&run->check, "I5",
                     "%zu services were closed and %zu released instead of %zu and %zu",
                     seen.closed, seen.released, run->check.closed, run->check.released);
}

/* Nothing is under way or kept when the world has ended. */
static void look_at_remains(struct run *run, int64_t now_us)
{
    struct steps seen = steps_counts();
    size_t kept = heap_blocks() - run->blocks;
    size_t states = seen.opened - seen.closed - seen.released + own_count_left();
    size_t works = seen.begun - seen.returned;
    if (kept + states + works > 0)
        verdict_broken(&run->verdict, "I7", now_us,
                       "%zu blocks of memory and %zu states are never freed, %zu works "
                       "do not return",
                       kept, states, works);
}

static void finish(struct run *run)
{
    int64_t now_us = run_now_us(run);
    look_at_hooks(run);
    xy_stats stats = xy_simulation_stats(run->world);
    run->verdict.hash = run->trace.hash;
    run->verdict.events = stats.steps;
    run->verdict.faults[FAULT_STILLBORN] = stats.fault_counts.stillborn;
    run->verdict.faults[FAULT_EARLY_END] = stats.fault_counts.early_end;
    run->verdict.faults[FAULT_LATE_HELLO] = stats.fault_counts.late_hello;
    run->verdict.faults[FAULT_SLOW_END] = stats.fault_counts.slow_end;
    run->verdict.faults[FAULT_SLOW_ORDER] = stats.fault_counts.slow_order;
    run->verdict.faults[FAULT_SLOW_START] = stats.fault_counts.slow_start;
    run->verdict.faults[FAULT_SLOW_REPORT] = stats.fault_counts.slow_report;
    run->verdict.turns[TURN_FALSE_ALARM] = run->controller.counts.false_silences;
    run->verdict.faults[FAULT_DRIFT] = run->plan.rates.drift > 0;
    xy_simulation_observe(run->world, &(xy_observer){0});
    steps_hush();
    own_hush();
    sender_hush();
    run->world->ops->close(run->world);
    check_clear(&run->check);
    look_at_remains(run, now_us);
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
