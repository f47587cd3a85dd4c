/* workshop: where one node's work is done: what is quick at once, by the node's own thread; what
 * takes long by a thread of the workshop's own, which is there from the first such work on.
 */
#ifndef XY_WORKSHOP_H
#define XY_WORKSHOP_H

#include "core/message.h"
#include "service/service.h"

typedef struct xy_workshop xy_workshop;

/* Work that has been done. */
typedef struct xy_done {
    uint64_t request;
    int status;
    char *text; /* the answer, `size` bytes; the taker's, who frees it */
    size_t size;
} xy_done;

/* Opens the service with this name. NULL, and the reason, when there is none, or it cannot be
 * opened. */
xy_workshop *xy_workshop_open(const char *service, char reason[XYLEM_REASON_SIZE]);

/* Does a request's payload, memory of core with a NUL behind it, which is the workshop's from then
 * on: it is taken out of the message. True: it is done; false: it takes long and is under way, one
 * at a time, and xy_workshop_take will tell. */
bool xy_workshop_do(xy_workshop *workshop, xy_message *request, int64_t now_ms, xy_done *done);

/* Whether some work is under way or has not been taken. */
bool xy_workshop_busy(const xy_workshop *workshop);

/* Takes work that took long and is done; false when there is none. */
bool xy_workshop_take(xy_workshop *workshop, xy_done *done);

/* A descriptor that is readable when there is some to take; -1 before the first that takes long. */
int xy_workshop_fd(const xy_workshop *workshop);

/* The work under way, if it is for this request, is not wanted any more. */
void xy_workshop_cancel(xy_workshop *workshop, uint64_t request);

/* Closes the service, after the work under way has ended. False: that did not end in time, and is
 * abandoned: its thread and its state are left to themselves until it does. */
bool xy_workshop_close(xy_workshop **workshop);

#endif
