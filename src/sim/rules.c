#include "sim/rules.h"

#include <stdlib.h>
#include <utlist.h>

enum { CERTAIN = 1000, OCCASIONS = XYLEM_SIM_REQUEST | XYLEM_SIM_REPLY | XYLEM_SIM_HEARTBEAT };

static bool is_time(int64_t us)
{
    return us >= 0 && us <= INT64_C(1000) * INT32_MAX;
}

static const char *fault_of_start(const xylem_sim_rule *rule)
{
    bool start = rule->on & XYLEM_SIM_START;
    if (start && rule->fault != XYLEM_SIM_CRASH && rule->fault != XYLEM_SIM_NO_START)
        return "of a start the fault is XYLEM_SIM_NO_START or XYLEM_SIM_CRASH";
    if (rule->fault == XYLEM_SIM_NO_START && rule->on != XYLEM_SIM_START)
        return "XYLEM_SIM_NO_START goes with the occasion XYLEM_SIM_START alone";
    return NULL;
}

const char *xy_rule_fault(const xylem_sim_rule *rule)
{
    if (rule->fault < XYLEM_SIM_DROP || rule->fault >= XYLEM_SIM_PARTITION)
        return "the member fault is not a fault that a rule can have";
    if (rule->on == 0 || rule->on & ~(unsigned)(OCCASIONS | XYLEM_SIM_START))
        return "the member on is not made of bits of enum xylem_sim_occasion";
    if (rule->id < 0 && rule->id != XYLEM_ANY)
        return "the member id is not an id or XYLEM_ANY";
    if (rule->nth == 0)
        return "the member nth is 0: the first occasion is 1";
    if (rule->chance > CERTAIN)
        return "the member chance is above 1000";
    if (!is_time(rule->us) || !is_time(rule->most_us) || !is_time(rule->by_us))
        return "a time of the rule is not from 0 to 2147483647000 us";
    return fault_of_start(rule);
}

int xy_rules_add(xy_rules *rules, const xylem_sim_rule *rule, uint64_t *number)
{
    if (rules->count == XY_RULES_MAX)
        return XYLEM_BUSY;
    xy_rule *new = malloc(sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    *new = (xy_rule){.what = *rule, .number = ++rules->number};
    DL_APPEND(rules->first, new);
    rules->count++;
    *number = new->number;
    return XYLEM_OK;
}

const xy_rule *xy_rules_find(const xy_rules *rules, uint64_t number)
{
    const xy_rule *each;
    DL_SEARCH_SCALAR(rules->first, each, number, number);
    return each;
}

static void drop(xy_rules *rules, xy_rule *rule)
{
    DL_DELETE(rules->first, rule); /* NOLINT: has a next if first */
    rules->count--;
    free(rule);
}

bool xy_rules_drop(xy_rules *rules, uint64_t number)
{
    const xy_rule *found = xy_rules_find(rules, number);
    if (found)
        drop(rules, (xy_rule *)(uintptr_t)found);
    return found != NULL;
}

void xy_rules_drop_of(xy_rules *rules, const xylem *network)
{
    xy_rule *each, *next;
    DL_FOREACH_SAFE(rules->first, each, next)
    if (each->what.network == network)
        drop(rules, each);
}

void xy_rules_clear(xy_rules *rules)
{
    while (rules->first)
        drop(rules, rules->first);
}

static bool matches(const xylem_sim_rule *rule, const xy_occasion *occasion)
{
    return rule->on & occasion->on && (rule->id == XYLEM_ANY || rule->id == occasion->id) &&
           (!rule->network || rule->network == occasion->network);
}

static bool is_due(xy_rules *rules, const xy_rule *rule)
{
    const xylem_sim_rule *what = &rule->what;
    if (rule->met < what->nth || (what->times > 0 && rule->fired >= what->times))
        return false;
    return what->chance == CERTAIN || xy_draw_below(&rules->random, CERTAIN) < what->chance;
}

static xy_fate fire(xy_rules *rules, xy_rule *rule)
{
    const xylem_sim_rule *what = &rule->what;
    int64_t us = what->us;
    if (what->most_us > us)
        us += (int64_t)xy_draw_below(&rules->random, (uint64_t)(what->most_us - us) + 1);
    rule->fired++;
    return (xy_fate){.fault = what->fault, .us = us, .by_us = what->by_us};
}

xy_fate xy_rules_judge(xy_rules *rules, const xy_occasion *occasion)
{
    xy_fate fate = {.fault = XYLEM_SIM_NO_FAULT};
    for (xy_rule *each = rules->first; each; each = each->next) {
        if (!matches(&each->what, occasion))
            continue;
        each->met++;
        if (fate.fault == XYLEM_SIM_NO_FAULT && is_due(rules, each))
            fate = fire(rules, each);
    }
    return fate;
}
