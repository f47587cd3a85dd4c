/* rules: the faults that a test has asked for: on which occasions, and how often. A rule decides,
 * and knows nothing of what it is about; the scheduler does what it says.
 */
#ifndef XY_RULES_H
#define XY_RULES_H

#include "sim/draw.h"
#include "xylem_sim.h"

/* How many faults there are, that of no fault included. */
enum { XY_SIM_FAULTS = XYLEM_SIM_PARTITION + 1 };

/* What happens on an occasion; XYLEM_SIM_NO_FAULT: nothing. */
typedef struct xy_fate {
    enum xylem_sim_fault fault;
    int64_t us, by_us;
} xy_fate;

/* An occasion: one bit of enum xylem_sim_occasion, of a node of a network. */
typedef struct xy_occasion {
    const xylem *network;
    int64_t id;
    unsigned on;
} xy_occasion;

typedef struct xy_rule {
    struct xy_rule *next, *prev;
    xylem_sim_rule what;
    uint64_t number;
    uint64_t met, fired; /* occasions, and those on which its fault happened */
} xy_rule;

typedef struct xy_rules {
    xy_rule *first;  /* a list, the oldest first */
    uint64_t number; /* of the latest */
    size_t count;
    xy_draw random;
} xy_rules;

/* Of what a test may ask for no more than this is kept. */
enum { XY_RULES_MAX = 1000 };

/* Why a rule cannot be; NULL: it can. */
const char *xy_rule_fault(const xylem_sim_rule *rule);

/* Adds a copy; XYLEM_BUSY: there are too many; XYLEM_NO_MEMORY. Finds one, or NULL. Drops one. */
int xy_rules_add(xy_rules *rules, const xylem_sim_rule *rule, uint64_t *number);
const xy_rule *xy_rules_find(const xy_rules *rules, uint64_t number);
bool xy_rules_drop(xy_rules *rules, uint64_t number);

/* Drops those that name a network; all of them. */
void xy_rules_drop_of(xy_rules *rules, const xylem *network);
void xy_rules_clear(xy_rules *rules);

/* What happens on this occasion: all rules that it matches count it, and the oldest of those that
 * are due decides. */
xy_fate xy_rules_judge(xy_rules *rules, const xy_occasion *occasion);

#endif
