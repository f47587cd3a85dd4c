/* desk: what a node has been asked to do: one piece of work under way, the others waiting in order,
 * each answered by its deadline at the latest.
 *
 * Its time is over before whoever asked gives up, by a quarter of it and a second at most, who so
 * learns that it is the work that takes too long, and not the way.
 */
#ifndef XY_DESK_H
#define XY_DESK_H

#include "core/machine.h"
#include "core/parcel.h"

/* How many pieces of work may wait. */
#define XY_DESK_MAX 1024

/* Takes an answer that has no text. */
typedef void xy_desk_answer(void *owner, uint64_t request, int status);

typedef struct xy_desk {
    int64_t id; /* of the node */
    uint64_t incarnation;
    uint64_t running;    /* the request whose work is under way; 0: none */
    bool answered;       /* nobody waits for that any more */
    int64_t deadline_ms; /* of that */
    xy_parcels arriving;
    xy_parcel *first, **last; /* what waits */
    size_t waiting;
    size_t besides; /* how many actions the owner may append besides the answers to what waits */
    int64_t now_ms; /* of the step under way */
    xy_actions *out;
    xy_desk_answer *answer;
    void *owner;
} xy_desk;

/* Begins with nothing to do, for this life of a node. The desk must stay where it is. */
void xy_desk_init(xy_desk *desk, int64_t id, uint64_t incarnation, xy_actions *out,
                  xy_desk_answer *answer, void *owner);
void xy_desk_clear(xy_desk *desk);

/* Takes a request, or a part of one: its work begins when all before it is done. XYLEM_BUSY when
 * too much waits. */
void xy_desk_request(xy_desk *desk, const xy_message *request, int64_t now_ms);

/* The work under way has been done: whether its answer is wanted. Then, once that is given, the
 * next may begin. */
bool xy_desk_done(xy_desk *desk, uint64_t request);
void xy_desk_next(xy_desk *desk, int64_t now_ms);

/* A request is given up by whoever asked: XYLEM_CANCELLED, if it has not been answered. */
void xy_desk_cancel(xy_desk *desk, uint64_t request);

/* Nothing more is to be done; nothing is answered. */
void xy_desk_close(xy_desk *desk);

/* Answers those whose time is over: XYLEM_TIMED_OUT. */
void xy_desk_tick(xy_desk *desk, int64_t now_ms);
int64_t xy_desk_deadline(const xy_desk *desk);

#endif
