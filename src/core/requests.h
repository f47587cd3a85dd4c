/* requests: what the controlling node has asked, or was asked, and has not been answered; and how
 * much of that may be under way. Only the controlling node keeps any.
 */
#ifndef XY_REQUESTS_H
#define XY_REQUESTS_H

#include "core/buffer.h"
#include "core/message.h"
#include "core/table.h"

/* What a request costs besides its text, while it is under way. */
#define XY_REQUEST_COST 256

/* How much may be under way, and how much more of what has no text: so jobs do not refuse it. */
#define XY_IN_FLIGHT_MAX            (2 * (size_t)XYLEM_TEXT_MAX + 1024 * 1024)
#define XY_IN_FLIGHT_RESERVE(bound) ((bound) / 8)

/* Whether a request may be under way besides what is, all in bytes; the first one always may. */
static inline bool xy_in_flight_fits(size_t in_flight, size_t cost, size_t bound)
{
    return in_flight == 0 || (in_flight <= bound && cost <= bound - in_flight);
}

/* The node in whose name something is asked. */
typedef struct xy_asker {
    xy_life life;  /* 0: none, it is a command of the network's user */
    uint64_t ask;  /* the number of the ask in that life, */
    uint64_t work; /* and the request that it belongs to */
} xy_asker;

typedef struct xy_request {
    xy_slot slot;                   /* its key is the number of the command */
    uint64_t tag;                   /* of its number: cannot be guessed */
    struct xy_request *next, *prev; /* of the same node, in the order of asking */
    int kind;                       /* an xy_command_kind; of an errand an xy_operation */
    int64_t id;
    xy_life life;
    int64_t value;     /* what the command was given with; of a create: when its reply is due */
    uint64_t cast;     /* of one that is a part of a cast: its number, */
    uint32_t position; /* and whom in it this is about. 0: it is a command of its own */
    xy_asker asker;
    bool asks;                /* a node that works on it has asked others */
    xy_buffer text;           /* of an exec that may have to be sent again */
    bool sent;                /* once at least, */
    bool again;               /* and more than once */
    int status;               /* of one that has failed, and is answered when its node is over, */
    xy_buffer reason;         /* and why: a text, or none */
    struct xy_inflow *stream; /* of an exec whose answer may come in parts; or NULL */
} xy_request;

/* Requests that the controlling node makes for itself: an errand has no command, and its number is
 * one that no command has. Its kind is an operation. */
#define XY_ERRAND (UINT64_C(1) << 63)

static inline bool xy_is_errand(const xy_request *request)
{
    return request->slot.request & XY_ERRAND;
}

static inline xy_number xy_request_number(const xy_request *request)
{
    return (xy_number){request->slot.request, request->tag};
}

/* All zero are none. */
typedef struct xy_requests {
    xy_table table;
    xy_request *spare; /* the one that ended last, for the next; or NULL */
} xy_requests;

/* Adds a copy of a request whose number is not there yet. It lasts until it is ended. NULL when
 * there is no memory. */
xy_request *xy_requests_add(xy_requests *requests, const xy_request *request);

/* The request of a number; the one with the earliest deadline, if that has come; the oldest; the
 * one after it. Or NULL. */
xy_request *xy_requests_find(const xy_requests *requests, uint64_t number);
xy_request *xy_requests_due(const xy_requests *requests, int64_t now_ms);
xy_request *xy_requests_first(const xy_requests *requests);
xy_request *xy_requests_next(const xy_request *request);

size_t xy_requests_count(const xy_requests *requests);

/* The earliest deadline, or XY_NEVER. */
int64_t xy_requests_deadline(const xy_requests *requests);

/* Takes a request out and frees it. The caller has taken it out of its node's list. */
void xy_requests_end(xy_requests *requests, xy_request *request);

void xy_requests_clear(xy_requests *requests);

#endif
