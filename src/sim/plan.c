#include "sim/plan.h"

#include "core/requests.h"
#include "sim/draw.h"

#define NAME(name, text) text,
const char *const fault_names[FAULTS] = {TIMED_FAULTS(NAME) START_FAULTS(NAME)};
const char *const command_names[COMMANDS] = {WORKLOAD(NAME)};
const char *const turn_names[TURNS_COUNT] = {TURNS(NAME)};
const char *const repair_names[REPAIRS] = {
    [XY_REPAIR_NONE] = "none", [XY_REPAIR_ADOPT] = "adopt", [XY_REPAIR_RESTART] = "restart"};

enum {
    STREAM_PLAN = 100,
    STREAM_JOBS = 102,
    STREAM_BOUND = 104,
    STREAM_SHAPE = 105,
    STREAM_REPAIR = 106,
    STREAM_CASTS = 107,
    MS = 1000,
    SECOND = 1000 * MS
};

static const int64_t timeouts_ms[] = {150, 600, 2000, 5000};
static const int64_t intervals_ms[] = {0,    100,  250,  500,  1000, 1000, 1000, 1000,
                                       2000, 2000, 2000, 2000, 5000, 5000, 5000, 5000};
static const int64_t gaps_us[] = {50 * MS, 100 * MS, 300 * MS, 1 * SECOND};
static const unsigned usual[COMMANDS] = {
    [COMMAND_CREATE] = 400, [COMMAND_REMOVE] = 100,   [COMMAND_EXEC] = 200,
    [COMMAND_PING] = 200,   [COMMAND_HEARTBEAT] = 15, [COMMAND_WAIT] = 30};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t below(xy_draw *random, uint64_t bound)
{
    return xy_draw_below(random, bound);
}

int64_t plan_interval_ms(uint64_t random)
{
    return intervals_ms[random % COUNT(intervals_ms)];
}

static void draw_weights(struct plan *plan, xy_draw *random)
{
    for (int i = 0; i < COMMAND_JOB; i++)
        plan->weights[i] = below(random, 4) > 0 ? usual[i] : 0;
    plan->weights[COMMAND_CREATE] = usual[COMMAND_CREATE];
    plan->weights[COMMAND_BURST] = below(random, 20) == 0;
}

/* From a stream of its own: without jobs the rest of a run is what it was. */
static void draw_jobs(struct plan *plan)
{
    xy_draw random = xy_draw_stream(plan->seed, STREAM_JOBS);
    if (below(&random, 4) == 0)
        return;
    plan->weights[COMMAND_JOB] = 50 + (unsigned)below(&random, 400);
    plan->weights[COMMAND_CANCEL] = below(&random, 4) > 0 ? 20 + (unsigned)below(&random, 200) : 0;
    plan->large = below(&random, 2) > 0 ? 1 + (unsigned)below(&random, 10) : 0;
}

/* Where there is a burst, little may be under way. */
static size_t draw_bound(const struct plan *plan)
{
    enum { LEAST = 64 * 1024, DOUBLINGS = 5 };
    xy_draw random = xy_draw_stream(plan->seed, STREAM_BOUND);
    return plan->weights[COMMAND_BURST] ? (size_t)LEAST << below(&random, DOUBLINGS)
                                        : XY_IN_FLIGHT_MAX;
}

/* From a second to some minutes, short and long ones alike. */
static int64_t draw_rate(xy_draw *random)
{
    int64_t longest_us = (int64_t)SECOND << below(random, 8);
    return longest_us / 2 + (int64_t)below(random, (uint64_t)longest_us);
}

static void draw_faults(struct plan *plan, xy_draw *random)
{
    for (int i = 0; i < FAULTS_TIMED; i++) {
        int64_t every_us = draw_rate(random);
        plan->every_us[i] = below(random, 2) == 0 ? every_us : 0;
    }
}

static void draw_odds(struct plan *plan, xy_draw *random)
{
    xy_fault_rates *rates = &plan->rates;
    unsigned chances[FAULT_DRIFT + 1 - FAULTS_TIMED] = {0};
    for (size_t i = 0; i < COUNT(chances); i++)
        chances[i] = below(random, 2) == 0 ? (unsigned)below(random, 200) : 0;
    rates->stillborn = chances[FAULT_STILLBORN - FAULTS_TIMED];
    rates->early_end = chances[FAULT_EARLY_END - FAULTS_TIMED];
    rates->late_hello = chances[FAULT_LATE_HELLO - FAULTS_TIMED];
    rates->late_hello_us = plan->timeout_ms * 3 / 2 * MS;
    if (chances[FAULT_DRIFT - FAULTS_TIMED] > 0) {
        rates->drift = 10000;
        rates->clock_span_us = 86400LL * SECOND;
    }
    rates->jitter_us = below(random, 2) == 0 ? plan->timeout_ms * (int64_t)below(random, 6) : 0;
}

/* Only what was drawn is taken out: the rest of the run stays as it was. */
static void leave_out(struct plan *plan, const struct limits *limits)
{
    for (int i = 0; i < COMMANDS; i++)
        if (limits->without_commands & 1u << i)
            plan->weights[i] = 0;
    for (int i = 0; i < FAULTS_TIMED; i++)
        if (limits->without_faults & 1u << i)
            plan->every_us[i] = 0;
    if (limits->without_faults & 1u << FAULT_STILLBORN)
        plan->rates.stillborn = 0;
    if (limits->without_faults & 1u << FAULT_EARLY_END)
        plan->rates.early_end = 0;
    if (limits->without_faults & 1u << FAULT_LATE_HELLO)
        plan->rates.late_hello = 0;
    if (limits->without_faults & 1u << FAULT_DRIFT)
        plan->rates.drift = plan->rates.clock_span_us = 0;
    if (limits->without_faults & 1u << FAULT_SLOW_END)
        plan->rates.slow_end = 0;
    if (limits->without_faults & 1u << FAULT_SLOW_ORDER)
        plan->rates.slow_order = 0;
    if (limits->without_faults & 1u << FAULT_SLOW_START)
        plan->rates.slow_start = 0;
    if (limits->without_faults & 1u << FAULT_SLOW_REPORT)
        plan->rates.slow_report = 0;
}

static void draw_casts(struct plan *plan)
{
    xy_draw random = xy_draw_stream(plan->seed, STREAM_CASTS);
    if (below(&random, 3) > 0)
        plan->weights[COMMAND_CAST] = 20 + (unsigned)below(&random, 200);
}

/* From a stream of its own: so a run of one shape is like one of another. */
static enum shape draw_shape(uint64_t seed, const struct limits *limits)
{
    xy_draw random = xy_draw_stream(seed, STREAM_SHAPE);
    return limits->shape == SHAPES ? (enum shape)below(&random, SHAPES) : limits->shape;
}

/* A run that is repaired is like one that is not, but for that. */
static void draw_repair(struct plan *plan, const struct limits *limits)
{
    static const int64_t windows_ms[] = {1000, 5000, 20000, 60000};
    xy_draw random = xy_draw_stream(plan->seed, STREAM_REPAIR);
    uint64_t drawn = below(&random, REPAIRS);
    plan->repair = (xy_repair)(limits->repair == REPAIRS ? (int)drawn : limits->repair);
    plan->rest_for_subtree = below(&random, 3) == 0;
    plan->restarts_max = 1 + (int)below(&random, 5);
    plan->restart_window_ms = windows_ms[below(&random, COUNT(windows_ms))];
    if (plan->shape == SHAPE_TREE)
        plan->weights[COMMAND_MOVE] =
            below(&random, 4) > 0 ? 20 + (unsigned)below(&random, 300) : 0;
    plan->large *= 4; /* so some are under way when their node moves */
    if (below(&random, 4) == 0)
        plan->rates.slow_start = (unsigned)below(&random, 300);
    plan->rates.slow_start_us = plan->timeout_ms * MS;
    if (below(&random, 4) == 0)
        plan->rates.slow_report = (unsigned)below(&random, 300);
    plan->rates.slow_report_us = plan->timeout_ms * MS;
}

struct plan plan_draw(uint64_t seed, const struct limits *limits)
{
    xy_draw random = xy_draw_stream(seed, STREAM_PLAN);
    struct plan plan = {.seed = seed, .nodes = limits->nodes, .duration_us = limits->duration_us};
    plan.timeout_ms = timeouts_ms[below(&random, COUNT(timeouts_ms))];
    plan.interval_ms = plan_interval_ms(xy_draw_next(&random));
    plan.gap_us = gaps_us[below(&random, COUNT(gaps_us))];
    plan.chain = below(&random, 8) == 0;
    plan.storm_us = SECOND * (int64_t)(10 + below(&random, 110));
    draw_weights(&plan, &random);
    draw_odds(&plan, &random);
    if (below(&random, 16) > 0) /* else nothing goes wrong */
        draw_faults(&plan, &random);
    if (below(&random, 3) == 0)
        plan.rates.slow_end = (unsigned)below(&random, 300);
    plan.rates.slow_end_us = plan.timeout_ms * MS;
    if (below(&random, 4) == 0)
        plan.rates.slow_order = (unsigned)below(&random, 300);
    plan.rates.slow_order_us = plan.timeout_ms * MS;
    plan.shape = draw_shape(seed, limits);
    plan.bound = draw_bound(&plan);
    draw_jobs(&plan);
    draw_repair(&plan, limits);
    draw_casts(&plan);
    leave_out(&plan, limits);
    return plan;
}
