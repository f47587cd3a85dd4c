/* outbox: frames that a neighbour cannot take yet, for each neighbour in the order of sending, and
 * with a common bound.
 */
#ifndef XY_OUTBOX_H
#define XY_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

#include "core/requests.h"
#include "core/step.h"

/* How much may wait, in bytes: what may be under way, and, in reserve, as much again of what is not
 * asked for twice. And what a frame costs. */
#define XY_OUTBOX_MAX        (XY_IN_FLIGHT_MAX + XY_IN_FLIGHT_RESERVE(XY_IN_FLIGHT_MAX))
#define XY_OUTBOX_RESERVE    XY_OUTBOX_MAX
#define XY_OUTBOX_COST(size) ((size) + 128)

typedef struct xy_waiting_frame {
    struct xy_waiting_frame *next, *prev;
    zmq_msg_t message;
} xy_waiting_frame;

/* What waits for one neighbour: never nothing. */
typedef struct xy_outbox {
    struct xy_outbox *next, *prev;
    xy_peer to;
    xy_waiting_frame *frames;
} xy_outbox;

/* Those of all neighbours that have to wait. All zero are none. */
typedef struct xy_outboxes {
    xy_outbox *all;
    size_t cost; /* of all frames */
} xy_outboxes;

/* The outbox of a neighbour, or NULL. */
xy_outbox *xy_outboxes_find(const xy_outboxes *outboxes, const xy_peer *to);

/* Moves a frame to the end of a neighbour's outbox. After an error it is still the caller's:
 * XYLEM_BUSY: too much waits; XYLEM_NO_MEMORY. */
int xy_outboxes_add(xy_outboxes *outboxes, const xy_peer *to, zmq_msg_t *frame, xy_urgency urgency);

/* Sends a frame to a neighbour. True: it is not to be tried again, and the frame is empty or not
 * wanted any more. */
typedef bool xy_outbox_send(void *owner, const xy_peer *to, zmq_msg_t *frame);

/* Has each neighbour's frames sent, the oldest first, until one has to wait. */
void xy_outboxes_flush(xy_outboxes *outboxes, xy_outbox_send *send, void *owner);

/* Drops what waits for a neighbour; for all. */
void xy_outboxes_drop(xy_outboxes *outboxes, const xy_peer *to);
void xy_outboxes_clear(xy_outboxes *outboxes);

#endif
