/* xylem_sim: simulated networks under a test's control: their virtual time, and their faults.
 *
 * A simulation is a virtual clock, random numbers from a seed, faults and what sees them. Networks
 * are opened on it, and every function of xylem.h works on them as on any other. The same seed and
 * the same calls give the same run, on every machine.
 *
 *     xylem_sim *sim;
 *     xylem *net;
 *     xylem_sim_options options = XYLEM_SIM_OPTIONS;
 *     xylem_sim_rule rule = XYLEM_SIM_RULE;
 *     options.seed = 17;
 *     rule.fault = XYLEM_SIM_DROP;
 *     rule.on = XYLEM_SIM_REPLY;
 *     rule.nth = 3;
 *     if (!xylem_sim_open(&sim, &options) && !xylem_sim_network(sim, &net, NULL))
 *         xylem_sim_add(sim, &rule, NULL);
 *     ...
 *     xylem_close(&net);
 *     xylem_sim_close(&sim);
 *
 * Time: virtual time is in microseconds from the opening of the simulation. It passes in the calls
 * of xylem_sim_step and xylem_sim_run, and while a call on one of the networks waits. It is one
 * clock: what is due in the other networks happens meanwhile, too.
 *
 * Messages: a message takes 40 to 80 us over each link of the tree. What a fault is about is a
 * request, a reply or a heartbeat of one node, and counts once, however deep the node is: a request
 * when it arrives at its node, a reply and a heartbeat when they arrive at the parent of their
 * node. Of a text that goes in fragments the first one counts. The messages by which the library
 * arranges the tree are held and delayed with the others on their link, but never dropped.
 *
 * What a lost message means: a link of ZeroMQ loses nothing as long as it exists. What is lost in
 * reality is what was on a link that broke, what its node could not send for want of room, or what
 * a process had in hand when it ended. So
 * - after a lost request or reply the network goes on. The call ends with XYLEM_UNAVAILABLE when
 *   its time is over. With a lost request the node has not done the work, with a lost reply it has.
 *   A request is sent again, and not done twice, if its node gets another parent meanwhile.
 * - a lost heartbeat is made good by the next one. A node of which none has come for four and a
 *   half intervals is silent, and available again with the next message that comes of it.
 * - what is held or delayed is not lost: it arrives later, in its order, and if that takes too long
 *   the node is silent meanwhile.
 *
 * Threads: as with a network, one thread at a time uses a simulation with all its networks. No
 * function of this header may be called by a service or an observer. A simulation belongs to the
 * process that opened it. Misuse is found and reported as xylem.h says.
 */
#ifndef XYLEM_SIM_H
#define XYLEM_SIM_H

#include <stdio.h>

#include "xylem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A simulation. */
typedef struct xylem_sim xylem_sim;

/* What a fault is about: bits, which can be combined. */
enum xylem_sim_occasion {
    XYLEM_SIM_REQUEST = 1,   /* a text for the service, a ping, or a cast, arrives at its node */
    XYLEM_SIM_REPLY = 2,     /* the answer of a node arrives at its parent */
    XYLEM_SIM_HEARTBEAT = 4, /* a heartbeat of a node arrives at its parent */
    XYLEM_SIM_START = 8      /* a node is going to start */
};

/* What a fault does. New ones are added at the end. */
enum xylem_sim_fault {
    XYLEM_SIM_NO_FAULT, /* none; a rule has another one */
    XYLEM_SIM_DROP,     /* the message is lost */
    XYLEM_SIM_DELAY,    /* it, and all that is behind it on its link, comes later */
    XYLEM_SIM_HOLD,     /* it, and all that is behind it, waits for xylem_sim_release */
    XYLEM_SIM_CRASH,    /* the node ends, without having got the request, or with its reply lost;
                           when it starts: before it is attached to a parent */
    XYLEM_SIM_PAUSE,    /* the node does nothing for a time; then it does all that is due */
    XYLEM_SIM_SLOW,     /* the node gets everything later for a time */
    XYLEM_SIM_NO_START, /* the node cannot be started: XYLEM_CANNOT_START */
    XYLEM_SIM_PARTITION /* only by xylem_sim_partition */
};

/* The ways of a link: bits. */
enum xylem_sim_way {
    XYLEM_SIM_DOWN = 1, /* from the parent to the node */
    XYLEM_SIM_UP = 2    /* from the node to the parent */
};

/* How a simulation is to be. Start from XYLEM_SIM_OPTIONS, which contains the defaults: seed 1, and
 * nothing goes wrong. A chance is in 1000, for each occasion; each node that a network has, or will
 * have, is meant. xylem_sim_calm ends them all but the last. */
typedef struct xylem_sim_options {
    size_t size;              /* sizeof (xylem_sim_options): the version of the struct */
    uint64_t seed;            /* of the networks, the faults and xylem_sim_draw */
    unsigned lost_requests;   /* the chance that a request is lost, */
    unsigned lost_replies;    /* that a reply is, */
    unsigned lost_heartbeats; /* that a heartbeat is, */
    unsigned delays;          /* that a request or a reply is delayed, */
    int64_t delay_us;         /* by so long at most, */
    unsigned crashes;         /* that a node crashes at a request or a reply, */
    unsigned pauses;          /* that it pauses there, */
    int64_t pause_us;         /* for so long at most, */
    unsigned failed_starts;   /* that a node cannot be started, */
    unsigned early_ends;      /* that it ends before it is attached */
    int64_t jitter_us;        /* what a message may take longer on each link, at most */
    int64_t drift;            /* by how many millionths clocks go wrong, at most; up to 100000 */
} xylem_sim_options;

#define XYLEM_SIM_OPTIONS                                                                          \
    {                                                                                              \
        sizeof(xylem_sim_options), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                           \
    }

/* Opens a simulation without networks. `options` may be NULL: the defaults. The caller owns *sim
 * and ends it with xylem_sim_close. XYLEM_INVALID: an option is out of range, or the options have
 * the size of another version; XYLEM_NO_MEMORY. xylem_reason (NULL) tells more. */
int xylem_sim_open(xylem_sim **sim, const xylem_sim_options *options);

/* Ends a simulation: its faults end as by xylem_sim_calm, and nothing is observed any more.
 * Networks that are still open go on, on their common clock; each is ended by xylem_close, before
 * or after. Sets the caller's pointer to NULL; does nothing if it is NULL already. */
void xylem_sim_close(xylem_sim **sim);

/* Opens a network on the simulation: as xylem_open, but `world` and `seed` of the options do not
 * count. `options` may be NULL. The caller owns *network and ends it with xylem_close. Errors as
 * with xylem_open, and xylem_reason (NULL) tells more. */
int xylem_sim_network(xylem_sim *sim, xylem **network, const xylem_options *options);

/* Has the next event of all networks happen: one step of one node, or of what starts and ends
 * nodes. Virtual time goes on to that moment. False: nothing is going to happen, or the call was
 * refused. Like xylem_sim_run it calls no callbacks of futures: the next call on their network
 * does. */
bool xylem_sim_step(xylem_sim *sim);

/* Lets `us` microseconds pass, and all that is due until then happen; 0: what is due now.
 * XYLEM_INVALID: it is less than 0, or the call was refused. */
int xylem_sim_run(xylem_sim *sim, int64_t us);

/* The virtual time in microseconds; -1 if the call was refused. */
int64_t xylem_sim_now(const xylem_sim *sim);

/* A random number from 0 to below `limit`, for the test itself. Its stream is its own: to draw more
 * numbers changes nothing else. 0 if the limit is 0, or the call was refused. */
uint64_t xylem_sim_draw(xylem_sim *sim, uint64_t limit);

/* A fault that happens on certain occasions: at the nth that matches, and after that at each one
 * until it has happened `times` times. Start from XYLEM_SIM_RULE, which contains the defaults: the
 * loss of the next request. */
typedef struct xylem_sim_rule {
    size_t size;                /* sizeof (xylem_sim_rule): the version of the struct */
    enum xylem_sim_fault fault; /* default XYLEM_SIM_DROP */
    unsigned on;                /* occasions: default XYLEM_SIM_REQUEST. XYLEM_SIM_START goes with
                                   XYLEM_SIM_CRASH and XYLEM_SIM_NO_START alone, and that with
                                   nothing else */
    xylem *network;             /* a network of the simulation; default NULL: each */
    int64_t id;                 /* the node; default XYLEM_ANY: each */
    uint64_t nth;               /* default 1: the first since the rule was added */
    uint64_t times;             /* default 1; 0: without end */
    unsigned chance;            /* in 1000, from the nth on; default 1000 */
    int64_t us;                 /* of a delay, a pause or slowness: how long it lasts. Default 0 */
    int64_t most_us;            /* if it is more than `us`, the time is drawn from `us` to it */
    int64_t by_us;              /* of slowness: how much later things come, at most. Default 0 */
} xylem_sim_rule;

#define XYLEM_SIM_RULE                                                                             \
    {                                                                                              \
        sizeof(xylem_sim_rule), XYLEM_SIM_DROP, XYLEM_SIM_REQUEST, NULL, XYLEM_ANY, 1, 1, 1000, 0, \
            0, 0                                                                                   \
    }

/* Adds a rule, which is copied. *number (`number` may be NULL) is for xylem_sim_fired and
 * xylem_sim_remove. On one occasion one rule has its fault happen, the oldest; all that match count
 * the occasion. Rules that name a network end with it. XYLEM_INVALID: a member is out of range, or
 * the network is not of this simulation; XYLEM_BUSY: there are 1000 rules; XYLEM_NO_MEMORY.
 * xylem_reason (NULL) tells more. */
int xylem_sim_add(xylem_sim *sim, const xylem_sim_rule *rule, uint64_t *number);

/* How often the fault of a rule has happened; 0 also if there is no such rule any more. */
uint64_t xylem_sim_fired(xylem_sim *sim, uint64_t number);

/* Ends a rule. XYLEM_NOT_FOUND: there is no such rule, or not any more. */
int xylem_sim_remove(xylem_sim *sim, uint64_t number);

/* Faults that happen at once. `id` is a node of a network of a simulation; it may be
 * XYLEM_CONTROLLER for xylem_sim_pause and xylem_sim_slow. XYLEM_NOT_FOUND: there is no such node.
 * XYLEM_UNAVAILABLE: it has not started, or has ended. XYLEM_INVALID: an argument is out of range,
 * or the network is of no simulation. xylem_reason (NULL) tells more.
 *
 * A node ends, as by xylem_kill, but at this moment. What is on its links is lost.
 * A node does nothing for `us`; then it does all that is due. Unlike xylem_pause it needs no
 * xylem_resume.
 * For `us` a node gets each message up to `by_us` later. */
int xylem_sim_crash(xylem *network, int64_t id);
int xylem_sim_pause(xylem *network, int64_t id, int64_t us);
int xylem_sim_slow(xylem *network, int64_t id, int64_t by_us, int64_t us);

/* Holds what goes over the link between a node and its parent, for itself and for all nodes below
 * it, on the ways `ways`: bits of enum xylem_sim_way. It waits there, also when the node gets
 * another parent, until the node is released. Errors as above. */
int xylem_sim_hold(xylem *network, int64_t id, unsigned ways);

/* Lets go all that is held on the link of a node, also by a rule: it arrives now, in its order.
 * XYLEM_ANY: of all nodes. Errors as above. */
int xylem_sim_release(xylem *network, int64_t id);

/* Separates nodes from all others, and from the controlling node: what goes over links between
 * those of `ids` and others is held, on both ways, until xylem_sim_heal. A second call separates
 * these from those, too: three groups. Nodes are still started and ended, which needs no link. One
 * that is started later is on the side of the controlling node, and cannot attach to a parent that
 * is on another side. Errors as above, and then nothing is separated. */
int xylem_sim_partition(xylem *network, const int64_t *ids, size_t count);

/* Ends all partitions of a network; what was held by them arrives now. XYLEM_INVALID. */
int xylem_sim_heal(xylem *network);

/* Ends all faults of all networks: rules, the chances of the options, pauses (xylem_pause
 * included), slowness, what is held, and partitions. Nodes that have ended remain so. From then on
 * a network recovers: a test waits for that, and looks whether all is well. XYLEM_INVALID. */
int xylem_sim_calm(xylem_sim *sim);

enum xylem_sim_event_kind {
    XYLEM_SIM_STARTED, /* a node begins */
    XYLEM_SIM_ENDED,   /* a node is over; the controlling node will hear of it */
    XYLEM_SIM_SENT,    /* a node sends a message over one link */
    XYLEM_SIM_ARRIVED, /* a message over one link has arrived, and the node is going to get it */
    XYLEM_SIM_LEARNED, /* a node is going to learn anything else: that time has passed, that work is
                          done, what has been started or ended */
    XYLEM_SIM_FAULTED  /* a fault is going to happen to a node, or on its link */
};

/* What an observer is shown. */
typedef struct xylem_sim_event {
    size_t size;
    int64_t us; /* virtual time */
    xylem *network;
    enum xylem_sim_event_kind kind;
    int64_t id;     /* of the node; XYLEM_CONTROLLER for the controlling node */
    uint64_t life;  /* of the node: see xylem_node; 0 for the controlling node */
    int64_t child;  /* of a message: the node whose link to its parent it goes over; otherwise -1 */
    unsigned about; /* of a message: XYLEM_SIM_REQUEST, XYLEM_SIM_REPLY or XYLEM_SIM_HEARTBEAT, also
                       if it is only passed on; 0: it is of another kind, or there is none */
    enum xylem_sim_fault fault; /* of XYLEM_SIM_FAULTED; otherwise XYLEM_SIM_NO_FAULT */
} xylem_sim_event;

/* Sees each event of all networks while it happens. The event is valid during the call. It may call
 * no function of this library. */
typedef void (*xylem_sim_observer)(void *owner, const xylem_sim_event *event);

/* Has `observer` called with `owner` for each event from now on, in place of an earlier one; NULL:
 * nothing is observed. The owner must be valid until then, or until xylem_sim_close.
 * XYLEM_INVALID. */
int xylem_sim_observe(xylem_sim *sim, xylem_sim_observer observer, void *owner);

/* Writes all that happens in a network from now on to a file, one JSON object a line, as xylem-sim
 * writes its traces; xylem-sim(1) describes them. The file stays the caller's, who looks for its
 * errors, and must be open until a call with NULL, or xylem_close. XYLEM_INVALID. */
int xylem_sim_trace(xylem *network, FILE *file);

/* What has happened in a simulation. */
typedef struct xylem_sim_counts {
    size_t size;
    uint64_t events;     /* steps of the nodes of all networks */
    uint64_t drops;      /* messages that were lost, */
    uint64_t delays;     /* delayed, */
    uint64_t holds;      /* how often the link of a node was held, */
    uint64_t crashes;    /* and how often a node crashed, early ends included, */
    uint64_t pauses;     /* paused, */
    uint64_t slows;      /* became slow, */
    uint64_t no_starts;  /* could not be started, */
    uint64_t partitions; /* and was separated from others */
} xylem_sim_counts;

/* How often each fault has happened. *counts belongs to the simulation and lasts until the next
 * call of this function. XYLEM_INVALID. */
int xylem_sim_status(xylem_sim *sim, const xylem_sim_counts **counts);

#ifdef __cplusplus
}
#endif

#endif
