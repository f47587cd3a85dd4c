/* message: what nodes say to each other, and its bytes on the wire.
 *
 * One frame is one message: a header of fixed size, all numbers in network order, the route of a
 * request, and a payload.
 *
 *     offset  0  'x' 'y'      4  code      6  status (2)     8  request (8)     16  tag (8)
 *             2  version      5  part     24  id (8)        32  life (8)        40  value (8)
 *             3  kind        48  link (8) 56  budget_ms (4) 60  payload size (4)
 *                            64  route size (2)             66  route offset (2)
 *                            68  keep (4)
 *
 * A route is the links on the way down from the controlling node, each as the difference from the
 * one before it. A relay reads the next one and moves the offset; nothing grows on the way. A cast
 * has no route, but a plan: see plan.
 */
#ifndef XY_MESSAGE_H
#define XY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

#define XY_MESSAGE_VERSION     6
#define XY_MESSAGE_HEADER      72
#define XY_MESSAGE_ROUTE_MAX   UINT16_MAX
#define XY_MESSAGE_PAYLOAD_MAX (256 * 1024) /* what is larger goes in fragments */
#define XY_MESSAGE_MAX         (XY_MESSAGE_HEADER + XY_MESSAGE_ROUTE_MAX + XY_MESSAGE_PAYLOAD_MAX)

/* The longest heartbeat interval: sums with one that has come in cannot overflow. */
#define XY_INTERVAL_MAX_MS INT32_MAX

#define XY_SECRET_SIZE 32

/* A public key as ZeroMQ writes it: 40 characters and a NUL. */
#define XY_KEY_SIZE 41

/* Room for the address at which the children of a node reach it, a final NUL included. Its text is
 * the world's business. */
#define XY_ADDRESS_SIZE 128

/* What a node is called is its id, an int64_t. A life is one start of it; a link is one attachment
 * to a parent. The controlling node gives both out in turn, from 1, and never uses one twice. */
typedef struct xy_life {
    uint64_t number;
} xy_life;

typedef struct xy_link_number {
    uint64_t number;
} xy_link_number;

/* A neighbour: the other end of a link. The tag is a part of its name at the socket, which cannot
 * be guessed. */
typedef struct xy_peer {
    enum { XY_STRANGER, XY_PARENT, XY_CHILD } role;
    xy_link_number link;
    uint64_t tag;
} xy_peer;

bool xy_peer_is(const xy_peer *a, const xy_peer *b);

/* A request: its number in the order of asking, and a tag that cannot be guessed. */
typedef struct xy_number {
    uint64_t request; /* 0: no reply is wanted */
    uint64_t tag;
} xy_number;

typedef enum xy_kind {
    XY_HELLO = 1, /* child to parent, first of all: id, life, payload: its secret */
    XY_WELCOME,   /* parent to child, once: value: the heartbeat interval, request: its version;
                     id, life: the parent's own, or life 0: the controlling node */
    XY_HEARTBEAT, /* child to parent: it lives */
    XY_INTERVAL,  /* to every node below: value: the heartbeat interval, request: its version; the
                     highest version counts */
    XY_REPORT, /* to every node below: say again what you have saved and what you ask, which of your
                  children are silent, and which are back: word of that may have been lost on a
                  way that is not there any more */
    XY_CHANGE, /* up to the controlling node: link, tag: the link's own; code: an xy_change,
                  value: the how manieth of this link: the highest counts */
    XY_REQUEST, /* down, along a route, to a life: code: an xy_operation; budget_ms, keep */
    XY_REPLY,   /* up: request, tag, status, payload; code: an xy_answer_kind */
    XY_CAST,    /* down, to many: code: XY_EXEC, XY_PING or XY_CANCEL; budget_ms; payload: the
                   plan for the node, `keep` bytes of it, and then the text. Only the first
                   fragment has a plan */
    XY_MERGED,  /* up: request, tag; payload: the answers to a cast of the node and of all below
                   it: see merge. With a status there are none, for that reason */
    XY_ASK,     /* up: a node asks others: id, life: its own; request: the number of the ask in
                   this life, value, tag: the request that it works on; budget_ms; payload: a set,
                   a NUL, a text. With a status it was not passed on, for that reason */
    XY_STATE,   /* up to the controlling node: id, life, tag: the life's own; payload: what its
                   service has saved, value: the how manieth: the highest counts. With a status
                   that is lost, for that reason */
    XY_CHUNK,   /* up: a part of the answer to a request; request, tag, id, life: the node's own;
                   value: the how manieth part. Of request 0, with a tag of the life's own: what it
                   publishes. With a status it was not passed on */
    XY_KIND_END
} xy_kind;

typedef enum xy_operation {
    XY_EXPECT = 1, /* a child may attach: payload: see xy_expectation; only a failure is a reply */
    XY_LET_GO,     /* the child on link `value` is not the node's any more */
    XY_EXEC,       /* do the payload, once; the reply's payload is the answer */
    XY_RECALL,   /* an exec of this number was sent before: answer it, or say whether it is here */
    XY_PING,     /* answer */
    XY_CANCEL,   /* request number `value` need not be done any more; what it has sent is dropped */
    XY_ANSWERED, /* ask number `value` of the node has this status; payload: see outcomes */
    XY_STREAM, /* as an exec, and the answer may come in parts: the id of the reply is the place of
                  the last chunk that the controlling node may not have; 0: there is none */
    XY_TAKEN,  /* `value` chunks of a request were taken by the program; payload: see chunks */
    XY_OPERATION_END
} xy_operation;

/* What a reply says. */
typedef enum xy_answer_kind {
    XY_ANSWER,             /* it is the answer */
    XY_ANSWER_UNDELIVERED, /* the request did not reach its node; link: the one on which it could
                              not go on, as a number on the route, `status` says why */
    XY_ANSWER_HERE,        /* of a recall: the request is here, and will be answered */
    XY_ANSWER_MISSING,     /* of a recall: it never came */
    XY_ANSWER_END
} xy_answer_kind;

/* Of the child of a link. */
typedef enum xy_change {
    XY_CHANGE_SILENT = 1, /* it was not heard for too long */
    XY_CHANGE_BACK,       /* it is heard again */
    XY_CHANGE_END
} xy_change;

/* Why a life is over: an enum xylem_cause and its number, an exit status or a signal. */
typedef struct xy_cause {
    enum xylem_cause kind;
    int number;
} xy_cause;

/* Which fragment of a payload it is: bits. Only an exec and its reply may come in fragments. The
 * value of the first of several is the size of the whole, that of the others where they begin. So
 * one that comes twice is known. */
enum xy_part {
    XY_PART_MORE = 1,     /* more fragments follow */
    XY_PART_CONTINUED = 2 /* it is not the first */
};

typedef struct xy_message {
    xy_kind kind;
    uint8_t part; /* enum xy_part; 0: all of it */
    uint8_t code; /* an xy_operation, xy_change or xy_answer_kind, as the kind says; otherwise 0 */
    int status;   /* enum xylem_error */
    xy_number number;
    int64_t id;
    xy_life life;
    int64_t value;
    xy_link_number link;
    uint32_t budget_ms; /* how long the asker waits */
    uint32_t keep; /* of an exec or a recall. 0: its answer need not be kept. N: it is kept until
                      the controlling node has it, and all requests to this life up to N before this
                      one have been answered. Of an answer: the state that belongs to it is the Nth
                      of its life, which comes before it; 0: none does */
    uint16_t route_size, route_offset;
    uint32_t payload_size; /* at most XY_MESSAGE_PAYLOAD_MAX */
    const uint8_t *body;   /* the route and then the payload; lent */
} xy_message;

/* The payload of a message, lent. */
const uint8_t *xy_message_payload(const xy_message *message);

/* The size of the message's frame in bytes. */
size_t xy_message_size(const xy_message *message);

/* Writes the message's frame, xy_message_size bytes of it. Its body may be in its place already. */
void xy_message_encode(const xy_message *message, uint8_t *frame);

/* Reads a frame from anyone; false, and the message is nothing to go by, when it is not a
 * well-formed one. The message's body points into the frame and lasts as long as that. */
bool xy_message_decode(xy_message *message, const void *frame, size_t size);

/* Reads the next link of a request's route and moves on; false at its end, or when it is malformed.
 * xy_message_mark writes how far the message has come into its frame. */
bool xy_message_next(xy_message *message, xy_link_number *next);
void xy_message_mark(const xy_message *message, uint8_t *frame);

/* Writes a link that follows the link `before` on a route to `at`, or only counts when that is
 * NULL; returns its size in bytes, 10 at most. */
size_t xy_route_put(uint8_t *at, xy_link_number before, xy_link_number link);

/* A child that may attach, as the payload of XY_EXPECT. */
typedef struct xy_expectation {
    int64_t id;
    xy_life life;
    xy_peer child;
    uint8_t secret[XY_SECRET_SIZE];
    char key[XY_KEY_SIZE]; /* its public key; "" where there are none */
} xy_expectation;

enum { XY_EXPECTATION_SIZE = 4 * 8 + XY_SECRET_SIZE + XY_KEY_SIZE };

void xy_expectation_encode(const xy_expectation *expectation, uint8_t bytes[XY_EXPECTATION_SIZE]);
bool xy_expectation_decode(xy_expectation *expectation, const void *bytes, size_t size);

#endif
