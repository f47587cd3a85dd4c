/* Simulations: networks on one virtual clock, and their faults. */
#include "api/sim.h"

#include <stdlib.h>
#include <utlist.h>

/* What the random numbers are for. */
enum { STREAM_SEEDS = 300, STREAM_NUMBERS = 301, STREAM_RULES = 302 };

enum { CERTAIN = 1000, DRIFT_MAX = 100000 };

static const int64_t longest_us = INT64_C(1000) * INT32_MAX;

/* Why a call fails, for xylem_reason (NULL). */
static int refuse(int error, const char *why)
{
    xy_handle_refuse(NULL, why);
    return error;
}

static int enter(xylem_sim *sim)
{
    return sim ? xy_handle_enter(&sim->handle) : refuse(XYLEM_INVALID, "the simulation is NULL");
}

static void leave(xylem_sim *sim)
{
    xy_handle_leave(&sim->handle);
}

/* Opening and closing. */

static bool is_time(int64_t us)
{
    return us >= 0 && us <= longest_us;
}

static const char *fault_of(const xylem_sim_options *options)
{
    const unsigned chances[] = {options->lost_requests,   options->lost_replies,
                                options->lost_heartbeats, options->delays,
                                options->crashes,         options->pauses,
                                options->failed_starts,   options->early_ends};
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
        if (chances[i] > CERTAIN)
            return "a chance of the options is above 1000";
    if (!is_time(options->delay_us) || !is_time(options->pause_us) || !is_time(options->jitter_us))
        return "a time of the options is not from 0 to 2147483647000 us";
    if (options->drift < 0 || options->drift > DRIFT_MAX)
        return "the option drift is not from 0 to 100000";
    return NULL;
}

/* Takes the caller's options, and what is wrong with them; NULL: nothing. */
static const char *take_options(xylem_sim_options *options, const xylem_sim_options *given)
{
    static const xylem_sim_options standard = XYLEM_SIM_OPTIONS;
    *options = standard;
    if (!given)
        return NULL;
    const char *fault =
        xy_network_size_fault(given->size, sizeof *given,
                              "the size of the options is unknown: initialize them with "
                              "XYLEM_SIM_OPTIONS");
    if (fault)
        return fault;
    *options = *given;
    return fault_of(options);
}

static bool add_chance(xylem_sim *sim, enum xylem_sim_fault fault, unsigned on, unsigned chance,
                       int64_t most_us)
{
    uint64_t number;
    xylem_sim_rule rule = XYLEM_SIM_RULE;
    rule.fault = fault;
    rule.on = on;
    rule.times = 0;
    rule.chance = chance;
    rule.most_us = most_us;
    return chance == 0 || !xy_rules_add(&sim->rules, &rule, &number);
}

static bool add_chances(xylem_sim *sim, const xylem_sim_options *options)
{
    const unsigned both = XYLEM_SIM_REQUEST | XYLEM_SIM_REPLY;
    return add_chance(sim, XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, options->lost_requests, 0) &&
           add_chance(sim, XYLEM_SIM_DROP, XYLEM_SIM_REPLY, options->lost_replies, 0) &&
           add_chance(sim, XYLEM_SIM_DROP, XYLEM_SIM_HEARTBEAT, options->lost_heartbeats, 0) &&
           add_chance(sim, XYLEM_SIM_DELAY, both, options->delays, options->delay_us) &&
           add_chance(sim, XYLEM_SIM_CRASH, both, options->crashes, 0) &&
           add_chance(sim, XYLEM_SIM_PAUSE, both, options->pauses, options->pause_us) &&
           add_chance(sim, XYLEM_SIM_NO_START, XYLEM_SIM_START, options->failed_starts, 0) &&
           add_chance(sim, XYLEM_SIM_CRASH, XYLEM_SIM_START, options->early_ends, 0);
}

static xylem_sim *make(const xylem_sim_options *options)
{
    xylem_sim *sim = calloc(1, sizeof *sim);
    if (!sim)
        return NULL;
    sim->seed = options->seed;
    sim->seeds = xy_draw_stream(options->seed, STREAM_SEEDS);
    sim->numbers = xy_draw_stream(options->seed, STREAM_NUMBERS);
    sim->rules.random = xy_draw_stream(options->seed, STREAM_RULES);
    sim->rates = (xy_fault_rates){.jitter_us = options->jitter_us, .drift = options->drift};
    if (add_chances(sim, options))
        return sim;
    xy_rules_clear(&sim->rules);
    free(sim);
    return NULL;
}

int xylem_sim_open(xylem_sim **result, const xylem_sim_options *given)
{
    xylem_sim_options options;
    if (!result)
        return refuse(XYLEM_INVALID, "the pointer that the simulation is stored in is NULL");
    *result = NULL;
    const char *fault = take_options(&options, given);
    if (fault)
        return refuse(XYLEM_INVALID, fault);
    xylem_sim *sim = make(&options);
    if (!sim)
        return refuse(XYLEM_NO_MEMORY, "");
    xy_handle_open(&sim->handle, NULL);
    *result = sim;
    return XYLEM_OK;
}

static void free_if_unused(xylem_sim *sim)
{
    if (sim->closed && sim->users == 0)
        free(sim);
}

static void calm(xylem_sim *sim)
{
    xylem *each;
    xy_rules_clear(&sim->rules);
    sim->rates.jitter_us = 0;
    DL_FOREACH2(sim->networks, each, next_of_sim)
    {
        xy_simulation_end_rates(each->world);
        xy_simulation_calm(each->world);
    }
}

/* In a child made by fork its networks are its parent's, and only their memory is the child's. */
void xylem_sim_close(xylem_sim **result)
{
    xylem_sim *sim = result ? *result : NULL;
    bool inherited = sim && xy_handle_is_inherited(&sim->handle);
    if (!sim || (!inherited && enter(sim)))
        return;
    *result = NULL;
    calm(sim);
    sim->observer = NULL;
    sim->closed = true;
    if (!inherited)
        leave(sim);
    xy_handle_close(&sim->handle);
    free_if_unused(sim);
}

void xy_sim_attach(xylem_sim *sim, xylem *network)
{
    network->sim = sim;
    sim->users++;
    DL_APPEND2(sim->networks, network, previous_of_sim, next_of_sim);
    xy_simulation_set_fault_rates(network->world, &sim->rates);
    xy_sim_watch(network);
}

void xy_sim_detach(xylem *network)
{
    xylem_sim *sim = network->sim;
    if (!sim)
        return;
    DL_DELETE2(sim->networks, network, previous_of_sim, next_of_sim);
    sim->steps += xy_simulation_stats(network->world).steps;
    xy_rules_drop_of(&sim->rules, network);
}

void xy_sim_release(xylem *network)
{
    xylem_sim *sim = network->sim;
    if (!sim)
        return;
    sim->users--;
    free_if_unused(sim);
}

static xy_fate fate(void *self, int64_t id, unsigned on)
{
    xylem *network = self;
    return xy_rules_judge(&network->sim->rules,
                          &(xy_occasion){.network = network, .id = id, .on = on});
}

int xylem_sim_network(xylem_sim *sim, xylem **network, const xylem_options *given)
{
    xylem_options options = XYLEM_OPTIONS;
    int error = enter(sim);
    if (error)
        return error;
    if (given && given->size == sizeof options)
        options = *given;
    else if (given)
        options.size = given->size; /* which is refused */
    options.world = XYLEM_SIMULATED;
    options.seed = xy_draw_next(&sim->seeds);
    error = xy_network_open(network, &options, sim);
    if (!error)
        xy_simulation_set_judge((*network)->world, &(xy_judge){.self = *network, .fate = fate});
    leave(sim);
    return error;
}

/* Time. */

bool xylem_sim_step(xylem_sim *sim)
{
    if (enter(sim))
        return false;
    int64_t due_us = xy_sim_clock_due_us(&sim->clock);
    bool due = due_us != XY_NEVER;
    if (due) {
        xy_sim_clock_advance(&sim->clock, due_us);
        xy_sim_clock_happen(&sim->clock);
    }
    leave(sim);
    return due;
}

int xylem_sim_run(xylem_sim *sim, int64_t us)
{
    int error = enter(sim);
    if (error)
        return error;
    if (is_time(us))
        xy_sim_clock_run(&sim->clock, sim->clock.now_us + us);
    leave(sim);
    return is_time(us) ? XYLEM_OK
                       : refuse(XYLEM_INVALID, "the time is not from 0 to 2147483647000 us");
}

int64_t xylem_sim_now(const xylem_sim *sim)
{
    xylem_sim *used = (xylem_sim *)(uintptr_t)sim;
    if (enter(used))
        return -1;
    int64_t now_us = used->clock.now_us;
    leave(used);
    return now_us;
}

uint64_t xylem_sim_draw(xylem_sim *sim, uint64_t limit)
{
    if (enter(sim))
        return 0;
    uint64_t number = limit > 0 ? xy_draw_below(&sim->numbers, limit) : 0;
    leave(sim);
    return number;
}

/* Rules. */

static bool is_of(const xylem_sim *sim, const xylem *network)
{
    const xylem *each;
    DL_FOREACH2(sim->networks, each, next_of_sim)
    if (each == network)
        return true;
    return false;
}

static const char *fault_of_rule(const xylem_sim *sim, const xylem_sim_rule *rule)
{
    const char *fault =
        !rule ? "the rule is NULL"
              : xy_network_size_fault(rule->size, sizeof *rule,
                                      "the size of the rule is unknown: initialize it with "
                                      "XYLEM_SIM_RULE");
    if (fault)
        return fault;
    if (rule->network && !is_of(sim, rule->network))
        return "the network of the rule is not of this simulation";
    return xy_rule_fault(rule);
}

int xylem_sim_add(xylem_sim *sim, const xylem_sim_rule *rule, uint64_t *number)
{
    uint64_t added;
    int error = enter(sim);
    if (error)
        return error;
    const char *fault = fault_of_rule(sim, rule);
    if (fault)
        error = refuse(XYLEM_INVALID, fault);
    else
        error = xy_rules_add(&sim->rules, rule, &added);
    if (!error && number)
        *number = added;
    if (error == XYLEM_BUSY)
        refuse(error, "there are 1000 rules: remove some, or use xylem_sim_calm");
    leave(sim);
    return error;
}

uint64_t xylem_sim_fired(xylem_sim *sim, uint64_t number)
{
    if (enter(sim))
        return 0;
    const xy_rule *rule = xy_rules_find(&sim->rules, number);
    uint64_t fired = rule ? rule->fired : 0;
    leave(sim);
    return fired;
}

int xylem_sim_remove(xylem_sim *sim, uint64_t number)
{
    int error = enter(sim);
    if (error)
        return error;
    bool found = xy_rules_drop(&sim->rules, number);
    leave(sim);
    return found ? XYLEM_OK : refuse(XYLEM_NOT_FOUND, "there is no such rule");
}

int xylem_sim_calm(xylem_sim *sim)
{
    int error = enter(sim);
    if (error)
        return error;
    calm(sim);
    leave(sim);
    return XYLEM_OK;
}

/* What is seen. */

int xylem_sim_observe(xylem_sim *sim, xylem_sim_observer observer, void *owner)
{
    int error = enter(sim);
    if (error)
        return error;
    sim->observer = observer;
    sim->owner = owner;
    leave(sim);
    return XYLEM_OK;
}

int xylem_sim_status(xylem_sim *sim, const xylem_sim_counts **counts)
{
    xylem *each;
    int error = enter(sim);
    if (error)
        return error;
    const uint64_t *faults = sim->faults;
    sim->counts = (xylem_sim_counts){.size = sizeof sim->counts,
                                     .events = sim->steps,
                                     .drops = faults[XYLEM_SIM_DROP],
                                     .delays = faults[XYLEM_SIM_DELAY],
                                     .holds = faults[XYLEM_SIM_HOLD],
                                     .crashes = faults[XYLEM_SIM_CRASH],
                                     .pauses = faults[XYLEM_SIM_PAUSE],
                                     .slows = faults[XYLEM_SIM_SLOW],
                                     .no_starts = faults[XYLEM_SIM_NO_START],
                                     .partitions = faults[XYLEM_SIM_PARTITION]};
    DL_FOREACH2(sim->networks, each, next_of_sim)
    sim->counts.events += xy_simulation_stats(each->world).steps;
    *counts = &sim->counts;
    leave(sim);
    return XYLEM_OK;
}
