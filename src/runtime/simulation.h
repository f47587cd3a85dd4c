/* simulation: what a test may do to a simulated world, and see of it, beyond what every world can.
 *
 * A node is named by its incarnation, the controlling node by XY_PARENT. Times are microseconds of
 * virtual time since the world began.
 */
#ifndef XY_SIMULATION_H
#define XY_SIMULATION_H

#include "core/branch.h"
#include "runtime/world.h"

/* Why a node has ended. */
typedef enum xy_end {
    XY_END_STOPPED, /* it was told to, and everything below it had ended */
    XY_END_KILLED,  /* its parent has killed it */
    XY_END_CRASHED, /* something from outside of the network has */
    XY_END_EARLY,   /* it never began */
    XY_END_ORPHANED /* its parent has ended */
} xy_end;

/* Who is told of all that happens, while it happens. What is pointed to is lent for the call. */
typedef struct xy_watcher {
    void *self;
    void (*stepping)(void *self, uint64_t node, const xy_event *event, bool forged);
    void (*acting)(void *self, uint64_t node, const xy_action *action);
    void (*started)(void *self, uint64_t node, uint64_t parent, int64_t id);
    void (*ended)(void *self, uint64_t node, xy_end end);
    void (*stepped)(void *self, uint64_t node); /* what its step gave rise to has been done */
} xy_watcher;

void xy_simulation_watch(xy_world *world, const xy_watcher *watcher);

/* What may go wrong at the start and at the end of a node, and with its clock. Chances are in 1000.
 * All zero, as at the beginning, is a world in which all goes well. */
typedef struct xy_odds {
    unsigned stillborn;
    unsigned early_end;  /* between its start and its hello */
    unsigned late_hello; /* by late_hello_us at most */
    int64_t late_hello_us;
    unsigned slow_end; /* its end is noticed late, by slow_end_us at most */
    int64_t slow_end_us;
    int64_t jitter_us;     /* what a frame takes longer at most */
    int64_t drift;         /* of a clock, at most, in millionths */
    int64_t clock_span_us; /* of what clocks show at the beginning */
} xy_odds;

void xy_simulation_set_odds(xy_world *world, const xy_odds *odds);

/* What has become of the odds. */
typedef struct xy_mishaps {
    uint64_t stillborn, early_end, late_hello, slow_end;
} xy_mishaps;

/* Faults. Those of a node that is gone do nothing. `up` is the way from a node to its parent, the
 * other one that from its parent. */
void xy_simulation_crash(xy_world *world, uint64_t node);
void xy_simulation_hold(xy_world *world, uint64_t node, int64_t for_us);
void xy_simulation_slow(xy_world *world, uint64_t node, int64_t by_us, int64_t for_us);
void xy_simulation_stall(xy_world *world, uint64_t node, bool up, int64_t for_us);
void xy_simulation_fill(xy_world *world, uint64_t node, bool up, int64_t for_us);

/* A frame that seems to come from the neighbour `peer`. */
void xy_simulation_forge(xy_world *world, uint64_t node, uint64_t peer, const void *frame,
                         size_t size);

/* Ends every fault under way; the odds remain. */
void xy_simulation_calm(xy_world *world);

/* Lets virtual time pass, and everything happen that is due until then. */
void xy_simulation_run(xy_world *world, int64_t until_us);

/* Nothing happens any more, from now on. */
void xy_simulation_halt(xy_world *world);

int64_t xy_simulation_now_us(const xy_world *world);

/* What is known of a world. */
typedef struct xy_census {
    size_t living;       /* compute nodes, those included that hang */
    size_t remains;      /* those that have ended, and whose parent has not noticed */
    size_t on_their_way; /* frames and ends that have not been heard of */
    uint64_t steps;      /* events that have happened */
    xy_mishaps mishaps;
} xy_census;

xy_census xy_simulation_census(const xy_world *world);

/* Whether a node lives, and what it has below it; NULL when it is gone. */
bool xy_simulation_lives(const xy_world *world, uint64_t node);
const xy_branch *xy_simulation_branch(const xy_world *world, uint64_t node);

#endif
