/* scheduler: what makes a simulated world go: its clock, what is going to happen, and the nodes
 * that it happens to.
 *
 * A node is named by its life, the controlling node by life 0. Times are microseconds of virtual
 * time since the world began. The same seed and the same calls give the same run.
 */
#ifndef XY_SCHEDULER_H
#define XY_SCHEDULER_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/controller.h"
#include "driver/log.h"
#include "link/queue_link.h"
#include "sim/draw.h"
#include "sim/event_queue.h"
#include "sim/rules.h"
#include "sim/sim_node.h"

/* Why a life has ended. */
typedef enum xy_end {
    XY_END_STOPPED, /* it was told to end */
    XY_END_KILLED,  /* the launcher was told to kill it */
    XY_END_CRASHED, /* a fault has ended it */
    XY_END_EARLY    /* it ended by itself before its hello */
} xy_end;

/* Sees all that happens, while it happens. What is pointed to is lent for the call. */
typedef struct xy_observer {
    void *self;

    /* A machine is going to be stepped: with what another one has sent, or the launcher, unless it
     * is forged. An action is going to be performed, those for the launcher too: it takes them up
     * later. What the step gave rise to has been performed. */
    void (*stepping)(void *self, xy_life node, const xy_event *event, bool forged);
    void (*acting)(void *self, xy_life node, const xy_action *action);
    void (*stepped)(void *self, xy_life node);

    /* A life begins, or is over: its report to the controlling node comes later. */
    void (*started)(void *self, xy_life node, const xy_birth *birth);
    void (*ended)(void *self, xy_life node, xy_end end);

    /* The launcher does a fault to a life that is not over. */
    void (*signalled)(void *self, xy_life node, xy_fault fault);

    /* The work of a request rests. */
    void (*rests)(void *self, xy_life node, xy_number request, int64_t ms);

    /* The controlling node is given a command, which will have this number. */
    void (*asking)(void *self, uint64_t number, const xy_command *command);

    /* A fault is going to happen to a node, or on its link to its parent. */
    void (*faulted)(void *self, xy_life node, int64_t id, enum xylem_sim_fault fault);
} xy_observer;

/* Says what is to go wrong; no function: nothing is. */
typedef struct xy_judge {
    void *self;
    xy_fate (*fate)(void *self, int64_t id, unsigned on);
} xy_judge;

/* What may go wrong at the start and at the end of a node, with its launcher and with its clock.
 * Chances are in 1000. All zero, as at the beginning, is a world in which all goes well. */
typedef struct xy_fault_rates {
    unsigned stillborn;
    unsigned early_end;  /* it ends between its start and its hello */
    unsigned late_hello; /* it is told to attach, and does so late, by late_hello_us at most */
    int64_t late_hello_us;
    unsigned slow_end; /* its end is reported late, by slow_end_us at most */
    int64_t slow_end_us;
    unsigned slow_order; /* the launcher takes an order late, by slow_order_us at most */
    int64_t slow_order_us;
    unsigned slow_start; /* the start of a node is reported late, by slow_start_us at most */
    int64_t slow_start_us;
    unsigned slow_report; /* what a node has reported comes late, by slow_report_us at most */
    int64_t slow_report_us;
    int64_t jitter_us;     /* what a frame takes longer at most */
    int64_t drift;         /* of a clock, at most, in millionths */
    int64_t clock_span_us; /* of what clocks show at the beginning */
} xy_fault_rates;

/* What has become of the rates. */
typedef struct xy_fault_counts {
    uint64_t stillborn, early_end, late_hello, slow_end, slow_order, slow_start, slow_report;
} xy_fault_counts;

/* What is known of a world. */
typedef struct xy_stats {
    size_t living;       /* compute nodes that have begun, those included that hang */
    size_t starting;     /* those that have not begun */
    size_t remains;      /* those that are over, and whose end was not reported */
    size_t on_their_way; /* frames, orders and reports that have not arrived */
    uint64_t steps;      /* events that have happened */
    xy_fault_counts fault_counts;
} xy_stats;

typedef struct xy_scheduler {
    struct xy_scheduler *next; /* on the same clock: see sim_clock */
    xy_event_queue queue;
    xy_draw network, birth, delay, launch; /* a stream for each: a draw from one changes no other */
    xy_fault_rates rates;
    xy_fault_counts fault_counts;
    xy_observer observer;
    xy_judge judge;
    uint64_t sides;   /* how many partitions there were */
    xy_stacks stacks; /* of work that takes long */
    xy_queue actions; /* of all machines */
    xy_queue_links links;
    xy_frame *in_hand; /* the frame of the event in hand, unless it was passed on */
    bool forged;       /* the event in hand is */
    int64_t now_us;
    uint64_t steps;
    xy_sim_node controller;
    xy_sim_node **nodes; /* by life; NULL where nothing is left of it */
    size_t capacity;
    bool keyed;
    bool halted; /* nothing happens any more */
    void (*deliver)(void *owner, xy_action *action);
    void *owner;
    xy_log log;              /* of services */
    _Atomic(pthread_t) user; /* the thread that uses the network, or did so last */
} xy_scheduler;

/* The scheduler runs the machine of the controlling node, which lasts longer. It must stay where it
 * is. `deliver` takes REPLY, NOTICE and ROOM. */
typedef struct xy_scheduler_options {
    uint64_t seed;
    bool keyed; /* a life has a key, which STARTED tells */
    xy_machine controller;
    void (*deliver)(void *owner, xy_action *action);
    void *owner;
    xy_log log; /* where services write to; its sink lasts longer */
} xy_scheduler_options;

void xy_scheduler_init(xy_scheduler *scheduler, const xy_scheduler_options *options);

/* Ends all nodes, and frees everything but `actions`, with which the controlling node is cleared.
 */
void xy_scheduler_clear(xy_scheduler *scheduler);

/* The time by the clock of the controlling node, and when it shows this time. */
int64_t xy_scheduler_clock_ms(const xy_scheduler *scheduler);
int64_t xy_scheduler_time_us(const xy_scheduler *scheduler, int64_t clock_ms);

/* Performs what the controlling node says to a command. */
void xy_scheduler_perform(xy_scheduler *scheduler);

/* When the earliest event is due; XY_NEVER when there is none. Has it happen, at a time that has
 * come. */
int64_t xy_scheduler_due_us(const xy_scheduler *scheduler);
void xy_scheduler_happen(xy_scheduler *scheduler);

/* Whether the controlling node has stopped. */
bool xy_scheduler_stopped(const xy_scheduler *scheduler);

/* The node of a life, or NULL when nothing is left of it; or when it is over, or has not begun. */
xy_sim_node *xy_scheduler_find(const xy_scheduler *scheduler, xy_life life);
xy_sim_node *xy_scheduler_find_living(const xy_scheduler *scheduler, xy_life life);

/* A node ends by a fault. It is held up for a time; it gets everything later for a time. A frame
 * arrives now, as it is. All faults end. */
void xy_scheduler_crash(xy_scheduler *scheduler, xy_sim_node *who);
void xy_scheduler_hold(xy_scheduler *scheduler, xy_sim_node *who, int64_t for_us);
void xy_scheduler_slow(xy_scheduler *scheduler, xy_sim_node *who, int64_t by_us, int64_t for_us);
void xy_scheduler_forge(xy_scheduler *scheduler, xy_sim_node *who, const xy_peer *from,
                        const void *frame, size_t size);
void xy_scheduler_calm(xy_scheduler *scheduler);

/* What a message is to a test, one bit of enum xylem_sim_occasion; 0: it is of another kind. */
unsigned xy_occasion_of(const xy_message *message);

/* Holds the link of a node to its parent on more ways; lets go what is held on it, or on all links
 * of those nodes. */
void xy_scheduler_hold_link(xy_sim_node *child, unsigned ways);
void xy_scheduler_release(xy_scheduler *scheduler, xy_sim_node *child);
void xy_scheduler_release_all(xy_scheduler *scheduler);

/* Separates a node from those that are on another side; all nodes are on one side again. */
void xy_scheduler_separate(xy_sim_node *who, uint64_t side);
void xy_scheduler_heal(xy_scheduler *scheduler);

/* Gives a node a clock of its own. */
void xy_scheduler_set_clock(xy_scheduler *scheduler, xy_sim_node *who);

xy_stats xy_scheduler_stats(const xy_scheduler *scheduler);

#endif
