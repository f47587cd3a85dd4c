/* executor: where one node's work is done: what is quick at once, by the node's own thread; what
 * takes long by a thread of the executor's own, which is there from the first such work on, or from
 * the first timer or question to other nodes. That one calls a service back that takes long, also
 * if it does short texts quickly. Never both call the service at once.
 */
#ifndef XY_EXECUTOR_H
#define XY_EXECUTOR_H

#include "core/step.h"
#include "driver/log.h"
#include "service/outflow.h"
#include "service/service.h"

/* The network whose services this thread runs; NULL: none. A thread of a network sets it for good,
 * and so it is set in the threads of its executor. */
extern _Thread_local const void *xy_served_network;

typedef struct xy_executor xy_executor;

/* Work that has been done. */
typedef struct xy_done {
    xy_number request;
    int status;
    char *text; /* the answer, `size` bytes; the taker's, who frees it */
    size_t size;
    bool deferred; /* there is no answer yet: it comes later, as work that has been done */
    bool saves;    /* the service has another state than before: lent until the next work begins */
    const char *saved;
    size_t saved_size;
} xy_done;

/* What a world does around each call of a function of the service by the node's own
 * thread. */
typedef struct xy_guard {
    /* Before the call. False: the node has been killed, and the function must not be called; one
     * that releases the state may be all the same. */
    bool (*enter)(void *owner);

    /* After the call, also after one that was not made. False: the function did not return for so
     * long that the node was taken from its thread, which touches nothing of it any more and ends.
     */
    bool (*leave)(void *owner);
    void *owner;
} xy_guard;

/* Opens the service of a life, whose log lines go to `log`. Copies both, and holds the sink of the
 * log. NULL, and the error, when there is no such service, or it cannot be opened, or the node has
 * been killed. The guard (NULL: none is needed) is copied, and works from
 * then on: this function and those marked (guarded) do not return when it says that the node was
 * taken from its thread. Then they free the executor, with the service's function `release`, and
 * end the thread. */
xy_executor *xy_executor_open(const xy_birth *birth, const xy_log *log, const xy_guard *guard,
                              xy_error *error);

/* Does the action WORK, and takes its text out. True: it is done; false: it takes long and is under
 * way, one at a time, and xy_executor_take will tell; or the node has been killed, and nothing is
 * done. (guarded) */
bool xy_executor_do(xy_executor *executor, xy_action *work, int64_t now_ms, xy_done *done);

/* Does the action COMBINE. False: the node has been killed, and nothing is done. (guarded) */
bool xy_executor_combine(xy_executor *executor, const xy_action *combine, xy_done *done);

/* Whether some work is under way or has not been taken. */
bool xy_executor_busy(const xy_executor *executor);

/* Whether the descriptor may become readable. */
bool xy_executor_may_ring(const xy_executor *executor);

/* Takes work that took long and is done, or an answer that was deferred; false when there is none.
 */
bool xy_executor_take(xy_executor *executor, xy_done *done);

/* A descriptor that is readable when there is some to take, or the deadline has changed; -1 before
 * the first work or timer that takes a thread, and the first answer that is deferred. */
int xy_executor_fd(const xy_executor *executor);

/* The descriptor was readable. xy_executor_take follows. */
void xy_executor_heard(const xy_executor *executor);

/* Has the service called back, in its turn; the call is the executor's. It is freed without having
 * been run after the end, and when a service that takes long needs a thread that cannot be had. By
 * the node's own thread. */
void xy_executor_call(xy_executor *executor, xy_call *call);

/* Takes out the oldest question of the service to other nodes, which the caller frees by
 * xy_release; NULL: there is none. Those of a service that takes long make the descriptor readable;
 * others are there after xy_executor_do and xy_executor_call_due. */
xy_question *xy_executor_take_question(xy_executor *executor);

/* Takes out the oldest chunk that the service has sent, which belongs to the caller then; NULL:
 * there is none. Those of other threads make the descriptor readable. */
xy_chunk *xy_executor_take_chunk(const xy_executor *executor);

/* Does the action TAKEN: the service is called back in its turn, if it waits for room. */
void xy_executor_taken(xy_executor *executor, const xy_action *taken);

/* Does the action ANSWERED, and takes its outcomes out: the service is called back in its turn. */
void xy_executor_answered(xy_executor *executor, xy_action *answered);

/* Does the action NEIGHBOURS, and takes its children out: the service may be called back in its
 * turn. */
void xy_executor_neighbours(xy_executor *executor, xy_action *neighbours);

/* When xy_executor_call_due is to be called, or XY_NEVER. */
int64_t xy_executor_deadline(const xy_executor *executor);

/* Has all callbacks run that are due: now, by this thread, or soon, by that of a service that takes
 * long. True: some of them have been run. (guarded) */
bool xy_executor_call_due(xy_executor *executor, int64_t now_ms);

/* After that: whether a callback of a service that is quick has changed its state; then *done says
 * what is saved. */
bool xy_executor_take_saved(xy_executor *executor, xy_done *done);

/* The work under way, if it is for this request, or the answer that was deferred is not wanted any
 * more. */
void xy_executor_cancel(xy_executor *executor, xy_number request);

/* Ends the service: nothing calls it back any more. After the work under way has ended it is
 * closed, or only its state is released when the node has been killed. False: the work did not end
 * in time, and is abandoned: its thread and the service's state are left to themselves until it
 * does, and then released. (guarded) */
bool xy_executor_close(xy_executor **executor);

#endif
