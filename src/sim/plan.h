/* plan: what one simulated run is going to be like, all of it drawn from its seed.
 *
 * Each run has a random subset of the faults, each with a rate of its own (swarm testing): a run
 * that has all of them hides what only a few of them bring about.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/simulation.h"

/* Faults that come again and again, and faults that a node may have at its start or its end. */
#define TIMED_FAULTS(_)                                                                            \
    _(CRASH, "crash")         /* a node ends */                                                    \
    _(PAUSE, "pause")         /* a node does nothing for a while, then all at once */              \
    _(HOLD_UP, "hold-up")     /* the same of the controlling node */                               \
    _(SLOW, "slow")           /* a node does everything later */                                   \
    _(STALL, "stall")         /* a link delivers nothing for a while */                            \
    _(FULL, "full")           /* an outbox takes nothing for a while */                            \
    _(MALFORMED, "malformed") /* a frame that is no message */                                     \
    _(TRUNCATED, "truncated") /* a frame of a wrong length */                                      \
    _(OLD, "old")             /* a message of, for or about an earlier life */                     \
    _(STRANGER, "stranger")   /* a message from nobody */                                          \
    _(LIAR, "liar")           /* a node has a say about one that is not below it */
#define START_FAULTS(_)                                                                            \
    _(STILLBORN, "stillborn")   /* a node cannot be started */                                     \
    _(EARLY_END, "early-end")   /* a node ends before its hello */                                 \
    _(LATE_HELLO, "late-hello") /* a node says hello late */                                       \
    _(DRIFT, "drift")           /* clocks differ, and drift apart */                               \
    _(SLOW_END, "slow-end")     /* the end of a node is noticed late */

#define FAULT_NAME(name, text) FAULT_##name,
enum fault {
    TIMED_FAULTS(FAULT_NAME) FAULTS_TIMED,
    FAULT_BEFORE_START = FAULTS_TIMED - 1,
    START_FAULTS(FAULT_NAME) FAULTS
};
#undef FAULT_NAME

/* What the user of the network does. */
#define CHORES_LIST(_)                                                                             \
    _(CREATE, "create")                                                                            \
    _(REMOVE, "remove")                                                                            \
    _(EXEC, "exec")                                                                                \
    _(PING, "ping")                                                                                \
    _(PACE, "heartbeat")                                                                           \
    _(WAIT, "wait")                                                                                \
    _(BURST, "burst") /* more requests at once than may be under way */                            \
    _(JOB, "job")     /* work that may take long, and wait for other work */                       \
    _(CANCEL, "cancel")

#define CHORE_NAME(name, text) CHORE_##name,
enum chore { CHORES_LIST(CHORE_NAME) CHORES };
#undef CHORE_NAME

extern const char *const fault_names[FAULTS], *const chore_names[CHORES];

/* What a user may take out of a run, so that a failure is easier to understand. */
struct limits {
    int64_t nodes;
    int64_t duration_us;
    unsigned without_faults, without_chores; /* sets of bits */
};

struct plan {
    uint64_t seed;
    int64_t nodes, duration_us;
    int64_t timeout_ms, interval_ms;
    int64_t gap_us;           /* between two chores, on average */
    bool chain;               /* nodes are created in ascending order */
    unsigned weights[CHORES]; /* without jobs, every node has a timer */
    unsigned large; /* how often of 1000 times there are jobs with texts that go in parts */
    int64_t every_us[FAULTS_TIMED]; /* between two faults, on average; 0: none in this run */
    int64_t storm_us;               /* how long the faults go on before it is calm for a while */
    xy_odds odds;
};

struct plan plan_draw(uint64_t seed, const struct limits *limits);

/* An interval for heartbeats. */
int64_t plan_interval_ms(uint64_t random);

#endif
