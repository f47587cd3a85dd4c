/* outflow: what a service sends before its answer, on its way to the node; and how much of that the
 * program has not taken: no more than the window of each request. Of a request whose answer does
 * not come in parts they are put together here.
 *
 * This is only what there is: the owner has a lock.
 */
#ifndef XY_OUTFLOW_H
#define XY_OUTFLOW_H

#include "core/chunks.h"
#include "service/calls.h"

/* What is sent for one request. */
typedef struct xy_outflow {
    struct xy_outflow *prev, *next;
    xy_number request;
    uint64_t sent;   /* how many chunks */
    size_t on_way;   /* what those cost that were not taken */
    bool waits;      /* there was no room */
    xy_buffer parts; /* of an answer that does not come in parts */
} xy_outflow;

/* All zero are none. */
typedef struct xy_outflows {
    xy_outflow *all;
    xy_chunk *ready; /* those that the node has not taken, in their order */
} xy_outflows;

/* Sends a chunk; `streams`: the answer comes in parts. XYLEM_BUSY: the window is full, and
 * xy_outflows_taken tells when it is not; XYLEM_TOO_LONG, XYLEM_NO_MEMORY. */
int xy_outflows_send(xy_outflows *outflows, xy_number request, bool streams, const void *bytes,
                     size_t size);

/* Takes out the oldest chunk, for the node; NULL: there is none. */
xy_chunk *xy_outflows_take(xy_outflows *outflows);

/* So much of what was sent for a request was taken by the program. Whether something waited. */
bool xy_outflows_taken(xy_outflows *outflows, uint64_t request, size_t cost);

/* A request is answered: nothing more is sent for it. Makes `text`, memory of malloc or NULL, all
 * of the answer: what was put together comes before it. XYLEM_TOO_LONG, XYLEM_NO_MEMORY: and all is
 * as it was. */
int xy_outflows_end(xy_outflows *outflows, xy_number request, char **text, size_t *size);

/* A request is over, and what was put together for it is dropped. */
void xy_outflows_drop(xy_outflows *outflows, xy_number request);

void xy_outflows_clear(xy_outflows *outflows);

/* How the service is told of room: a callback that is there before it is needed. */
typedef struct xy_room {
    xy_call call;
    bool due;
} xy_room;

/* Has the service told, unless it is to be told already. The room lasts as long as the calls. */
void xy_room_tell(xy_room *room, xy_calls *calls);

#endif
