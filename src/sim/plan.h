/* plan: what one simulated run is going to be like, all of it drawn from its seed.
 *
 * Each run has a random subset of the faults, each with a rate of its own (swarm testing): a run
 * that has all of them hides what only a few of them bring about.
 */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/controller.h"
#include "sim/model.h"
#include "sim/scheduler.h"

/* Faults that come again and again, and faults that a node may have at its start or its end. */
#define TIMED_FAULTS(_)                                                                            \
    _(CRASH, "crash")             /* a node ends */                                                \
    _(PAUSE, "pause")             /* a node does nothing for a while, then all at once */          \
    _(HOLD_UP, "hold-up")         /* the same of the controlling node */                           \
    _(SLOW, "slow")               /* a node does everything later */                               \
    _(STALL, "stall")             /* a link delivers nothing for a while */                        \
    _(FULL, "full")               /* a link takes nothing for a while */                           \
    _(MALFORMED, "malformed")     /* a frame that is no message */                                 \
    _(TRUNCATED, "truncated")     /* a frame of a wrong length */                                  \
    _(OLD, "old")                 /* a message over a link of an earlier life */                   \
    _(STRANGER, "stranger")       /* a message under a name with a wrong link or tag */            \
    _(IMPOSTOR, "impostor")       /* a child that has not proved who it is */                      \
    _(ASTRAY, "astray")           /* a request whose route leads nowhere */                        \
    _(MISDIRECTED, "misdirected") /* a request to another life */                                  \
    _(LIAR, "liar")               /* a change of a link with a wrong tag */                        \
    _(UNASKED, "unasked")         /* a reply with a wrong tag or number */
#define START_FAULTS(_)                                                                            \
    _(STILLBORN, "stillborn")     /* a node cannot be started */                                   \
    _(EARLY_END, "early-end")     /* a node ends before its hello */                               \
    _(LATE_HELLO, "late-hello")   /* a node says hello late */                                     \
    _(DRIFT, "drift")             /* clocks differ, and drift apart */                             \
    _(SLOW_END, "slow-end")       /* the end of a node is reported late */                         \
    _(SLOW_ORDER, "slow-order")   /* the launcher takes an order late */                           \
    _(SLOW_START, "slow-start")   /* the start of a node is reported late */                       \
    _(SLOW_REPORT, "slow-report") /* what a node reports of an attachment comes late */

#define FAULT_NAME(name, text) FAULT_##name,
enum fault {
    TIMED_FAULTS(FAULT_NAME) FAULTS_TIMED,
    FAULT_BEFORE_START = FAULTS_TIMED - 1,
    START_FAULTS(FAULT_NAME) FAULTS
};
#undef FAULT_NAME

/* What the user of the network does. */
#define WORKLOAD(_)                                                                                \
    _(CREATE, "create")                                                                            \
    _(REMOVE, "remove")                                                                            \
    _(EXEC, "exec")                                                                                \
    _(PING, "ping")                                                                                \
    _(HEARTBEAT, "heartbeat")                                                                      \
    _(WAIT, "wait")                                                                                \
    _(BURST, "burst") /* more requests at once than may be under way */                            \
    _(JOB, "job")     /* work that may take long, and wait for other work */                       \
    _(CANCEL, "cancel")                                                                            \
    _(MOVE, "move") /* a node and all below it get another parent; in a tree */                    \
    _(CAST, "cast") /* a request to many nodes */

/* What happens to attachments and to requests because of all that. */
#define TURNS(_)                                                                                   \
    _(MOVES_BEGUN, "begun")       /* a node that has a parent, or had one, gets another */         \
    _(MOVES_DONE, "done")         /* it is attached there */                                       \
    _(MOVES_GIVEN_UP, "given up") /* it is not, and will not be by that link */                    \
    _(OLD_PARENT_DIED, "old parent died")                                                          \
    _(NEW_PARENT_DIED, "new parent died")                                                          \
    _(MOVED_DIED, "moved node died")                                                               \
    _(FALSE_ALARM, "false alarms")    /* a node that was given up came back */                     \
    _(UNDONE, "undone")               /* an attachment that came too late, or is not wanted */     \
    _(RESENT, "sent again")           /* a request */                                              \
    _(RECALLED, "recalled")           /* a request: is it there? */                                \
    _(REPEATED, "answered again")     /* by the answer that was kept */                            \
    _(RESTARTED, "restarted")         /* a node */                                                 \
    _(RETIRED, "retired")             /* a node, which was started again too often */              \
    _(CAST_ANSWERED, "cast answered") /* by one node, */                                           \
    _(CAST_MISSED, "cast missed")     /* or not, */                                                \
    _(CAST_PARTS, "cast alone")       /* or it is asked by itself */                               \
    _(COMBINED, "combined")           /* the answers to one */                                     \
    _(DEFERRED, "deferred")           /* a request: it is answered later, */                       \
    _(GIVEN, "answered later")        /* which it is, */                                           \
    _(GIVEN_UP, "not wanted")         /* or nothing is wanted any more */                          \
    _(CALLED, "timers")               /* that called a service */                                  \
    _(STATE_SAVED, "saved")           /* a state */                                                \
    _(STATE_AGAIN, "saved again")     /* one that may have been lost */                            \
    _(STATE_GIVEN, "given")           /* to the next life */                                       \
    _(ASKS, "asks")                   /* of nodes, which the controlling node has heard */         \
    _(ASKS_ANSWERED, "asks answered") /* by outcomes, */                                           \
    _(ASKS_GIVEN_UP, "asks given up") /* or without */                                             \
    _(CHUNK_SENT, "chunks sent")      /* before an answer, */                                      \
    _(CHUNK_CAME, "chunks come")      /* and passed on to the user */                              \
    _(PUBLISHED, "published")         /* an event */

#define COMMAND_NAME(name, text) COMMAND_##name,
enum command { WORKLOAD(COMMAND_NAME) COMMANDS };
#undef COMMAND_NAME

#define TURN_NAME(name, text) TURN_##name,
enum turn { TURNS(TURN_NAME) TURNS_COUNT };
#undef TURN_NAME

enum { REPAIRS = XY_REPAIR_RESTART + 1 };

extern const char *const fault_names[FAULTS],
    *const command_names[COMMANDS], *const turn_names[TURNS_COUNT], *const repair_names[REPAIRS];

/* What a user may take out of a run, so that a failure is easier to understand. */
struct limits {
    enum shape shape; /* SHAPES: it is drawn */
    int repair;       /* an xy_repair; REPAIRS: it is drawn */
    int64_t nodes;
    int64_t duration_us;
    unsigned without_faults, without_commands; /* sets of bits */
};

struct plan {
    uint64_t seed;
    enum shape shape;
    xy_repair repair;
    bool rest_for_subtree;
    int restarts_max;
    int64_t restart_window_ms;
    int64_t nodes, duration_us;
    int64_t timeout_ms, interval_ms;
    int64_t gap_us;             /* between two commands, on average */
    bool chain;                 /* nodes are created in ascending order */
    size_t bound;               /* how much may be under way, in bytes */
    unsigned weights[COMMANDS]; /* without jobs, every node has a timer */
    unsigned large; /* how often of 1000 times there are jobs with texts that go in parts */
    int64_t every_us[FAULTS_TIMED]; /* between two faults, on average; 0: none in this run */
    int64_t storm_us;               /* how long the faults go on before it is calm for a while */
    xy_fault_rates rates;
};

struct plan plan_draw(uint64_t seed, const struct limits *limits);

/* An interval for heartbeats. */
int64_t plan_interval_ms(uint64_t random);

#endif
