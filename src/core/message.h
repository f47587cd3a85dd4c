/* message: what nodes say to each other, and its bytes on the wire.
 *
 * One frame is one message: a header of fixed size, all numbers in network order, and a payload.
 *
 *     offset  0  'x' 'y'        4  code        6  status (2)    8  request (8)   16  id (8)
 *             2  version        5  part       24  incarnation (8)               32  value (8)
 *             3  kind                         40  budget_ms (4)                 44  payload size
 * (4)
 */
#ifndef XY_MESSAGE_H
#define XY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xylem.h"

#define XY_MESSAGE_VERSION     1
#define XY_MESSAGE_HEADER      48
#define XY_MESSAGE_PAYLOAD_MAX (256 * 1024) /* what is larger goes in parts: see parcel */
#define XY_MESSAGE_MAX         (XY_MESSAGE_HEADER + XY_MESSAGE_PAYLOAD_MAX)

/* The longest heartbeat interval: whoever computes with one that has come in cannot overflow. */
#define XY_INTERVAL_MAX_MS INT32_MAX

typedef enum xy_kind {
    XY_HELLO =
        1, /* child to parent, first of all: id, incarnation, value: its pid, payload: secret */
    XY_WELCOME, /* parent to child, once: value: the heartbeat interval, at most INT32_MAX */
    XY_BEAT,    /* child to parent: it lives */
    XY_CHANGE,  /* up to the controlling node: id, incarnation, code: an xy_change */
    XY_REQUEST, /* down to a node: request, id, incarnation, budget_ms, code: an xy_operation */
    XY_REPLY,   /* up, the same way back: request, status, value, payload */
    XY_PACE,    /* down to every node: value: the heartbeat interval from now on */
    XY_STOP,    /* parent to child: end what is below, then end */
    XY_KIND_END
} xy_kind;

typedef enum xy_operation {
    XY_CREATE = 1, /* start node `id` as `incarnation`, with the service that the payload names;
                      the reply's value is its pid */
    XY_REMOVE,     /* end node `id`, if it is still `incarnation`; request 0 wants no reply */
    XY_EXEC,       /* have node `id` do the payload; the reply's payload is the answer. The value of
                      the first of several parts is the size of the whole */
    XY_PING,       /* ask node `id` */
    XY_CANCEL,     /* node `id` need not do request `value` any more; request 0 wants no reply */
    XY_OPERATION_END
} xy_operation;

typedef enum xy_change {
    XY_CHANGE_LOST = 1, /* silent for too long */
    XY_CHANGE_BACK,     /* heard from again */
    XY_CHANGE_GONE,     /* ended without having been told to */
    XY_CHANGE_END
} xy_change;

/* Which part of a payload it is: bits. Only an exec and its reply may come in parts. */
enum xy_part {
    XY_PART_MORE = 1,     /* more parts follow */
    XY_PART_CONTINUED = 2 /* it is not the first */
};

typedef struct xy_message {
    xy_kind kind;
    uint8_t part;         /* enum xy_part; 0: all of it */
    uint8_t code;         /* an xy_operation or an xy_change, as the kind says; otherwise 0 */
    int status;           /* enum xylem_error */
    uint64_t request;     /* the request that this asks or answers */
    int64_t id;           /* the node that it is about */
    uint64_t incarnation; /* which life of that node */
    int64_t value;
    uint32_t budget_ms;     /* how long the asker will wait */
    const uint8_t *payload; /* belongs to whoever made the message */
    uint32_t payload_size;  /* at most XY_MESSAGE_PAYLOAD_MAX; 0 but for hello, request, reply; of
                               a create less than XYLEM_SERVICE_NAME_SIZE */
} xy_message;

/* The size of the message's frame in bytes. */
size_t xy_message_size(const xy_message *message);

/* Writes the message's frame, xy_message_size bytes of it. */
void xy_message_encode(const xy_message *message, uint8_t *frame);

/* Reads a frame from anyone; false, and nothing written, when it is not a well-formed message. The
 * message's payload points into the frame and lasts as long as that. */
bool xy_message_decode(xy_message *message, const void *frame, size_t size);

#endif
