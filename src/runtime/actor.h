/* actor: one node of a simulated world: its machine, its clock, what holds it up, and its link to
 * its parent. The controlling node is one too, without a link.
 */
#ifndef XY_ACTOR_H
#define XY_ACTOR_H

#include "core/node.h"
#include "service/service.h"

/* What is going to happen to an actor. */
typedef struct xy_occurrence {
    struct xy_occurrence *next; /* in the list of an actor that is held up */
    enum { XY_OCCUR_EVENT, XY_OCCUR_WAKE, XY_OCCUR_END } sort;
    xy_event_kind kind; /* of an event: OPEN, TICK, FRAME, EXITED or WORKED */
    bool forged;        /* a frame that no actor has sent */
    uint64_t actor;     /* whom it happens to */
    uint64_t peer;
    uint64_t turn;    /* which one of its ticks or works it is: only the latest counts */
    uint64_t request; /* of a work, */
    int status;       /* and what became of it */
    size_t size;
    uint8_t bytes[];
} xy_occurrence;

/* One direction of a link: first in, first out. */
typedef struct xy_lane {
    int64_t latest_us;     /* when the frame that was sent last arrives */
    int64_t full_until_us; /* it takes nothing that can be refused until then */
    size_t frames;         /* sent and not yet heard */
} xy_lane;

typedef struct xy_actor {
    struct xy_actor *parent, *children, *sibling;
    uint64_t incarnation; /* XY_PARENT: the controlling node */
    xy_machine machine;
    xy_node node; /* of a compute node */
    const xylem_service *service;
    void *service_state;
    uint64_t work;    /* the number of its latest work that takes time */
    xy_lane up, down; /* to its parent, and from it */
    bool dead;        /* but its parent has not noticed yet */

    bool paused;                         /* held up until it is resumed, */
    int64_t held_until_us;               /* or until then */
    xy_occurrence *held, **held_last;    /* what has happened to it in the meantime */
    int64_t slow_by_us, slow_until_us;   /* what it does comes that much later at most */
    int64_t clock_ahead_us, clock_drift; /* its clock; drift in millionths */
    int64_t tick_ms;                     /* when its next tick is due, by its clock */
    uint64_t tick;
} xy_actor;

/* Begins an actor around a machine: the controlling node. */
void xy_actor_init(xy_actor *actor, xy_machine machine);

/* A compute node below `parent`; NULL, and the reason, when there is no memory, or no such service,
 * or it cannot be opened. Ended by xy_actor_free, after all that is below it. */
xy_actor *xy_actor_new(xy_actor *parent, const xy_birth *birth, char reason[XYLEM_REASON_SIZE]);
void xy_actor_free(xy_actor *actor);

/* Keeps what happens to an actor that is held up. */
void xy_actor_hold(xy_actor *actor, xy_occurrence *what);
void xy_actor_drop_held(xy_actor *actor);

/* The time by its clock, and the earliest time at which its clock shows this. XY_NEVER remains. */
int64_t xy_actor_clock_ms(const xy_actor *actor, int64_t now_us);
int64_t xy_actor_time_us(const xy_actor *actor, int64_t clock_ms);

#endif
