/* worker: the side of a worker process towards its agent: its birth, the orders that it gets, and
 * its lifeline.
 *
 * All come over one descriptor. A worker may be forked before there is a life for it, and prepares
 * itself meanwhile. A worker that waits for its node's socket alone does not look at it: an
 * order, and the end of the lifeline, raise SIGIO. Its handler interrupts the waiting; at the end
 * of the lifeline it kills the worker with all of its process group, also when the service hangs.
 * So a service may neither block nor handle SIGIO.
 */
#ifndef XY_WORKER_H
#define XY_WORKER_H

#include "launch/channel.h"

/* The signal of the lifeline. */
#define XY_WORKER_SIGNAL SIGIO

/* What a worker is called in the list of processes: with the id of its node, or without one. */
#define XY_WORKER_TITLE "--xylem-worker"
#define XY_WORKER_SPARE "--xylem-spare"

typedef struct xy_worker {
    xy_setting setting;
    xy_birth birth; /* once it is born: a copy, which its owner clears */
    xy_channel agent;
    uint8_t told[XY_TOLD_MAX]; /* the frame of the order TELL that was taken last */
    char *title;               /* where the list of processes has what it is called */
    size_t title_size;
} xy_worker;

/* Begins in a process that was forked for this worker and has but one thread: `fd` leads to the
 * agent, `arguments` are the agent's. The setting has been filled in. */
void xy_worker_open(xy_worker *worker, int fd, char **arguments);

/* Waits for the life of the worker, and begins to watch the lifeline. False when the process is to
 * end: its agent has no use for it, or there is no memory, or the lifeline cannot be watched, which
 * the agent has been told then. When the agent is gone it ends the process. */
bool xy_worker_born(xy_worker *worker);

/* Takes the next order as an event: ATTACH, TOLD or END; false when there is none. Costs nothing
 * while there is none. The attendant is the xy_worker: see xy_loop. */
bool xy_worker_order(void *attendant, xy_event *event);

/* Tells the agent the worker's public key: over tcp it says STARTED only when it has that. */
void xy_worker_key(xy_worker *worker, const char key[XY_KEY_SIZE]);

/* Has the agent report an action EXPECTED or ATTACHED: see xy_loop. */
void xy_worker_report(void *attendant, const xy_action *action);

/* While libzmq takes what it needs: it ends the process by abort when it is refused a thread. The
 * agent gets this error then, and the process ends with it. For one thread; NULL: as before. */
void xy_worker_explain_abort(const xy_worker *worker, const xy_error *error);

/* Tells the agent why the worker cannot begin; the worker ends then. */
void xy_worker_fail(xy_worker *worker, const xy_error *error);

#endif
