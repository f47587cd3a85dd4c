#include "sim/plan.h"

#include "runtime/random.h"

#define NAME(name, text) text,
const char *const fault_names[FAULTS] = {TIMED_FAULTS(NAME) START_FAULTS(NAME)};
const char *const chore_names[CHORES] = {CHORES_LIST(NAME)};

enum { STREAM_PLAN = 100, STREAM_JOBS = 102, MS = 1000, SECOND = 1000 * MS };

static const int64_t timeouts_ms[] = {150, 600, 2000, 5000};
static const int64_t intervals_ms[] = {0,    100,  250,  500,  1000, 1000, 1000, 1000,
                                       2000, 2000, 2000, 2000, 5000, 5000, 5000, 5000};
static const int64_t gaps_us[] = {50 * MS, 100 * MS, 300 * MS, 1 * SECOND};
static const unsigned usual[CHORES] = {
    [CHORE_CREATE] = 400, [CHORE_REMOVE] = 100, [CHORE_EXEC] = 200,
    [CHORE_PING] = 200,   [CHORE_PACE] = 15,    [CHORE_WAIT] = 30};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t below(xy_random *random, uint64_t bound)
{
    return xy_random_below(random, bound);
}

int64_t plan_interval_ms(uint64_t random)
{
    return intervals_ms[random % COUNT(intervals_ms)];
}

static void draw_chores(struct plan *plan, xy_random *random)
{
    for (int i = 0; i < CHORE_JOB; i++)
        plan->weights[i] = below(random, 4) > 0 ? usual[i] : 0;
    plan->weights[CHORE_CREATE] = usual[CHORE_CREATE];
    plan->weights[CHORE_BURST] = below(random, 20) == 0;
}

/* From a stream of its own: what was drawn before jobs were known is what it was. */
static void draw_jobs(struct plan *plan)
{
    xy_random random = xy_random_stream(plan->seed, STREAM_JOBS);
    if (below(&random, 4) == 0)
        return;
    plan->weights[CHORE_JOB] = 50 + (unsigned)below(&random, 400);
    plan->weights[CHORE_CANCEL] = below(&random, 4) > 0 ? 20 + (unsigned)below(&random, 200) : 0;
    plan->large = below(&random, 2) > 0 ? 1 + (unsigned)below(&random, 10) : 0;
}

/* From a second to some minutes, short and long ones alike. */
static int64_t draw_rate(xy_random *random)
{
    int64_t longest_us = (int64_t)SECOND << below(random, 8);
    return longest_us / 2 + (int64_t)below(random, (uint64_t)longest_us);
}

static void draw_faults(struct plan *plan, xy_random *random)
{
    for (int i = 0; i < FAULTS_TIMED; i++) {
        int64_t every_us = draw_rate(random);
        plan->every_us[i] = below(random, 2) == 0 ? every_us : 0;
    }
}

static void draw_odds(struct plan *plan, xy_random *random)
{
    xy_odds *odds = &plan->odds;
    unsigned chances[FAULT_DRIFT + 1 - FAULTS_TIMED] = {0};
    for (size_t i = 0; i < COUNT(chances); i++)
        chances[i] = below(random, 2) == 0 ? (unsigned)below(random, 200) : 0;
    odds->stillborn = chances[FAULT_STILLBORN - FAULTS_TIMED];
    odds->early_end = chances[FAULT_EARLY_END - FAULTS_TIMED];
    odds->late_hello = chances[FAULT_LATE_HELLO - FAULTS_TIMED];
    odds->late_hello_us = plan->timeout_ms * 3 / 2 * MS;
    if (chances[FAULT_DRIFT - FAULTS_TIMED] > 0) {
        odds->drift = 10000;
        odds->clock_span_us = 86400LL * SECOND;
    }
    odds->jitter_us = below(random, 2) == 0 ? plan->timeout_ms * (int64_t)below(random, 6) : 0;
}

/* Only what was drawn is taken out: the rest of the run stays as it was. */
static void leave_out(struct plan *plan, const struct limits *limits)
{
    for (int i = 0; i < CHORES; i++)
        if (limits->without_chores & 1u << i)
            plan->weights[i] = 0;
    for (int i = 0; i < FAULTS_TIMED; i++)
        if (limits->without_faults & 1u << i)
            plan->every_us[i] = 0;
    if (limits->without_faults & 1u << FAULT_STILLBORN)
        plan->odds.stillborn = 0;
    if (limits->without_faults & 1u << FAULT_EARLY_END)
        plan->odds.early_end = 0;
    if (limits->without_faults & 1u << FAULT_LATE_HELLO)
        plan->odds.late_hello = 0;
    if (limits->without_faults & 1u << FAULT_DRIFT)
        plan->odds.drift = plan->odds.clock_span_us = 0;
    if (limits->without_faults & 1u << FAULT_SLOW_END)
        plan->odds.slow_end = 0;
}

struct plan plan_draw(uint64_t seed, const struct limits *limits)
{
    xy_random random = xy_random_stream(seed, STREAM_PLAN);
    struct plan plan = {.seed = seed, .nodes = limits->nodes, .duration_us = limits->duration_us};
    plan.timeout_ms = timeouts_ms[below(&random, COUNT(timeouts_ms))];
    plan.interval_ms = plan_interval_ms(xy_random_next(&random));
    plan.gap_us = gaps_us[below(&random, COUNT(gaps_us))];
    plan.chain = below(&random, 8) == 0;
    plan.storm_us = SECOND * (int64_t)(10 + below(&random, 110));
    draw_chores(&plan, &random);
    draw_odds(&plan, &random);
    if (below(&random, 16) > 0) /* else nothing goes wrong */
        draw_faults(&plan, &random);
    if (below(&random, 3) == 0)
        plan.odds.slow_end = (unsigned)below(&random, 300);
    plan.odds.slow_end_us = plan.timeout_ms * MS;
    draw_jobs(&plan);
    leave_out(&plan, limits);
    return plan;
}
