/* work_queue: what a node has been asked to do: one piece of work is under way, the others wait,
 * and some have not come whole. Some were begun and deferred: their answers come later, in any
 * order, and the node goes on meanwhile.
 *
 * The work of a request has three quarters of its budget, or all but a second of a long one: so the
 * node can still tell that it is the work that takes too long, and not the way.
 */
#ifndef XY_WORK_QUEUE_H
#define XY_WORK_QUEUE_H

#include "core/fragment.h"
#include "core/requests.h"
#include "core/step.h"

/* How much work may wait, in bytes: not less than may be under way. */
#define XY_WORK_QUEUE_MAX (XY_IN_FLIGHT_MAX + XY_IN_FLIGHT_RESERVE(XY_IN_FLIGHT_MAX))

/* Takes an answer that has no text, for which there is a promise in the queue. */
typedef void xy_work_answer(void *owner, xy_number request, int status, xy_queue *out);

/* How many may be deferred. */
#define XY_DEFERRED_MAX 1024

typedef struct xy_work_queue {
    xy_number running;   /* the request whose work is under way; 0: none */
    bool answered;       /* its answer is not waited for any more */
    int64_t deadline_ms; /* of that */
    size_t promises; /* of the caller's queue that are held: one for each request not answered */
    xy_assemblies arriving, waiting;
    xy_assemblies deferred; /* without their texts */
    xy_work_answer *answer;
    void *owner;
} xy_work_queue;

/* Begins with nothing to do. The work queue must stay where it is. Each request that it has taken
 * and not answered holds a promise of the caller's queue. */
void xy_work_queue_init(xy_work_queue *work, xy_work_answer *answer, void *owner);
void xy_work_queue_clear(xy_work_queue *work, xy_queue *out);

/* Takes a request, or a fragment of one: its work begins when all before it is done. XYLEM_BUSY
 * when too much waits. What is here already is not taken again. True: with this the request has
 * come whole, or was refused. */
bool xy_work_queue_request(xy_work_queue *work, const xy_message *request, int64_t now_ms,
                           xy_queue *out);

/* Whether a request is here, whole and not answered; whether some of it is, and the rest is not. */
bool xy_work_queue_has(const xy_work_queue *work, uint64_t request);
bool xy_work_queue_expects(const xy_work_queue *work, uint64_t request);

/* The work under way has been done, or what was deferred is answered. True: the answer is wanted,
 * and the caller has its promise. Then, once that is given, the next may begin. */
bool xy_work_queue_done(xy_work_queue *work, xy_number request);

/* The work under way is answered later, by xy_work_queue_done, and the next may begin. Without
 * memory, or when too many are deferred, it is answered at once: XYLEM_NO_MEMORY, XYLEM_BUSY. */
void xy_work_queue_defer(xy_work_queue *work, xy_number request, xy_queue *out);

void xy_work_queue_next(xy_work_queue *work, int64_t now_ms, xy_queue *out);

/* A request is given up by its asker: XYLEM_CANCELLED, if it has not been answered. */
void xy_work_queue_cancel(xy_work_queue *work, uint64_t request, xy_queue *out);

/* The same, and no answer is given. */
void xy_work_queue_drop(xy_work_queue *work, uint64_t request, xy_queue *out);

/* Nothing more is to be done; nothing is answered. */
void xy_work_queue_close(xy_work_queue *work, xy_queue *out);

/* Answers those whose time is over: XYLEM_TIMED_OUT. */
void xy_work_queue_tick(xy_work_queue *work, int64_t now_ms, xy_queue *out);

/* When a request that is worked on, or whose answer is deferred, is given up; XY_NEVER: it is none
 * of these, or its answer is not waited for. */
int64_t xy_work_queue_due(const xy_work_queue *work, xy_number request);

int64_t xy_work_queue_deadline(const xy_work_queue *work);

#endif
