/* step: what every state machine of xylem takes and gives.
 *
 *     step (machine, event, now, queue)  ->  actions at the end of the queue
 *     deadline (machine)                 ->  when to step it again at the latest, with a tick
 *
 * A step never waits, never calls out and never fails. The caller performs the actions in their
 * order before the next step, except for the steps that an action itself gives rise to. Time is in
 * milliseconds from an arbitrary start and never goes back.
 */
#ifndef XY_STEP_H
#define XY_STEP_H

#include "core/message.h"
#include "core/random.h"
#include "core/ring.h"

#define XY_NEVER INT64_MAX
#define XY_NO_ID (-1)

/* The longest request that goes past the tree, as a frame. */
enum { XY_TOLD_MAX = XY_MESSAGE_HEADER + XY_EXPECTATION_SIZE };

/* What a node is given at its start. */
typedef struct xy_birth {
    int64_t id;
    xy_life life;
    uint8_t secret[XY_SECRET_SIZE]; /* it proves to its parents who it is */
    xy_random random;               /* of the service: no other node knows it */
    char service[XY_SERVICE_NAME_SIZE];
    const uint8_t *arguments; /* of the service: lent, unless the birth is a copy; or NULL */
    size_t arguments_size;
    bool has_saved;       /* there is a state that an earlier life has saved: */
    const uint8_t *saved; /* as the arguments; or NULL: it has no bytes */
    size_t saved_size;
} xy_birth;

/* Makes a copy that owns its arguments and its saved state, with a NUL behind each. False, and it
 * has none, when there is no memory. The others free what a copy owns: all, or the state. */
bool xy_birth_copy(xy_birth *copy, const xy_birth *birth);
void xy_birth_clear(xy_birth *copy);
void xy_birth_clear_saved(xy_birth *copy);

/* Where a node is attached: to whom, and how it is known there. */
typedef struct xy_attachment {
    xy_peer parent;                /* the link, and its tag */
    char address[XY_ADDRESS_SIZE]; /* of the parent */
} xy_attachment;

typedef enum xy_fault { XY_FAULT_KILL = 1, XY_FAULT_PAUSE, XY_FAULT_RESUME } xy_fault;

typedef enum xy_event_kind {
    XY_EVENT_OPEN,    /* the machine begins */
    XY_EVENT_TICK,    /* time has passed */
    XY_EVENT_MESSAGE, /* a frame from a neighbour */
    XY_EVENT_UNSENT,  /* a request, a cast, an answer or a state could not be sent or passed on */
    /* Of a node: */
    XY_EVENT_ATTACH,   /* it is to attach to a parent */
    XY_EVENT_TOLD,     /* a request to it has come through the launcher, past the tree */
    XY_EVENT_END,      /* it is to end */
    XY_EVENT_WORKED,   /* the service has done a piece of work, or answers one that it deferred */
    XY_EVENT_DEFERRED, /* the service has begun a piece of work, and answers it later */
    XY_EVENT_ASKED,    /* the service asks other nodes */
    XY_EVENT_SENT,     /* the service sends a part of its answer, or publishes something */
    XY_EVENT_SAVED,    /* the service has another state than before, without having done work */
    /* Of both: */
    XY_EVENT_COMBINED, /* the service has combined two answers */
    /* Of the controlling node, from the launcher: */
    XY_EVENT_STARTED,  /* a life has begun */
    XY_EVENT_EXPECTED, /* a life may attach on this link, its parent to be has said */
    XY_EVENT_ATTACHED, /* a life has attached, it has said */
    XY_EVENT_ENDED,    /* a life is over, or could not begin: nothing of it is left */
    XY_EVENT_SIGNALLED /* a fault was injected, or could not be */
} xy_event_kind;

/* What is pointed to is lent for the step. */
typedef struct xy_event {
    xy_event_kind kind;
    union {
        struct {
            xy_peer from;
            uint8_t *frame; /* the step may change what is on its way in the header */
            size_t size;
        } message;
        struct {
            xy_kind kind; /* XY_REQUEST, XY_REPLY, XY_CAST, XY_MERGED, XY_ASK, XY_STATE, XY_CHUNK */
            xy_number request;
            int64_t id; /* of an ask: the asker, */
            xy_life life;
            int64_t value;       /* and the request that it works on; of a chunk its place */
            xy_link_number link; /* on which it was to go */
            bool bare;           /* it had no payload: nothing smaller can be sent in its place */
            int status;          /* why: XYLEM_UNAVAILABLE, XYLEM_BUSY, XYLEM_NO_MEMORY */
        } unsent;
        xy_attachment attach;
        struct {
            const uint8_t *frame; /* a request without a route */
            size_t size;
        } told;
        struct {
            xy_number request;
            int status;
            const void *text;
            size_t size;
            bool saves; /* the service has another state than before: */
            const void *saved;
            size_t saved_size;
        } worked;
        struct {
            xy_number request; /* that it works on */
            uint64_t ask;      /* its number: above that of each one before */
            uint32_t budget_ms;
            const void *payload; /* a set, a NUL, a text */
            size_t size;
        } asked;
        struct {
            xy_number request;
        } deferred;
        struct {
            struct xy_chunk *chunk; /* belongs to the machine then: see chunks */
        } sent;
        struct {
            const void *bytes;
            size_t size;
        } saved;
        struct {
            xy_number cast;
            int status;
            const void *text;
            size_t size;
        } combined;
        struct {
            xy_life life;
            int64_t pid;
            const char *key; /* its public key; "" where there are none */
        } started;
        struct {
            xy_life life;
            xy_link_number link;
            uint64_t tag; /* of the link: only those who were told of it know that */
        } expected;
        struct {
            xy_life life;
            xy_link_number link;
            const char *address; /* where its children reach it */
        } attached;
        struct {
            xy_life life;
            bool begun; /* false: it could not be started, and `reason` says why */
            xy_cause cause;
            const char *reason; /* for a person */
        } ended;
        struct {
            uint64_t command;
            int status;         /* XYLEM_OK, or XYLEM_NO_SIGNAL */
            const char *reason; /* why nothing was done; otherwise "" */
        } signalled;
    };
} xy_event;

/* What becomes of a message that cannot be sent at once. */
typedef enum xy_urgency {
    XY_LOSSY,     /* it is dropped */
    XY_REFUSABLE, /* it waits, unless too much does: then the asker is told */
    XY_VITAL      /* it waits, in a reserve too: it is not asked for twice */
} xy_urgency;

typedef enum xy_notice {
    XY_NOTICE_UNAVAILABLE,
    XY_NOTICE_AVAILABLE,
    XY_NOTICE_ADOPTED,   /* a node that had lost its parent has a new one */
    XY_NOTICE_RESTARTED, /* a node has been started again */
    XY_NOTICE_RETIRED    /* it was started again too often, and is not any more */
} xy_notice;

typedef enum xy_action_kind {
    XY_ACTION_SEND,    /* send a message to a neighbour */
    XY_ACTION_FORWARD, /* pass the frame of the event in hand on to a neighbour, as it is */
    XY_ACTION_EXPECT,  /* let a child attach that bears this name */
    XY_ACTION_LET_GO,  /* a child is not to be heard any more */
    XY_ACTION_COMBINE, /* have a service combine two answers; gives rise to COMBINED */
    /* Of a node: */
    XY_ACTION_CONNECT,    /* connect to a parent */
    XY_ACTION_DISCONNECT, /* end the connection to a parent */
    XY_ACTION_WORK,       /* have the service do a request; one at a time; gives rise to WORKED */
    XY_ACTION_CANCEL,   /* the work under way is not wanted any more; its WORKED is due all the same
                         */
    XY_ACTION_ANSWERED, /* tell the service what has become of an ask, once for each ASKED */
    XY_ACTION_NEIGHBOURS, /* tell the service who the node's parent and children are now */
    XY_ACTION_TAKEN,      /* tell the service that there is room for more of what it sends */
    XY_ACTION_STOP,       /* the machine has ended */
    /* Of a node, for the launcher to report to the controlling node. It comes in any case, also
       while the way up the tree is broken: */
    XY_ACTION_EXPECTED, /* a child may attach: the event EXPECTED */
    XY_ACTION_ATTACHED, /* the node has attached: the event ATTACHED */
    /* Of the controlling node, for the launcher: */
    XY_ACTION_START,  /* start a life; gives rise to STARTED and one day ENDED, or to ENDED */
    XY_ACTION_ATTACH, /* have a life attach: it gets the event ATTACH */
    XY_ACTION_TELL,   /* have a life do a request: it gets the event TOLD */
    XY_ACTION_END,    /* have a life end by itself: it gets the event END */
    XY_ACTION_KILL,   /* end a life at once, whatever it does */
    XY_ACTION_SIGNAL, /* inject a fault; gives rise to SIGNALLED */
    /* Of the controlling node, for the network that it serves: */
    XY_ACTION_REPLY,  /* a command has got its one reply */
    XY_ACTION_CHUNK,  /* a part of an answer has come, or something that was published */
    XY_ACTION_NOTICE, /* something has changed for a node */
    XY_ACTION_ROOM    /* an exec was refused because too much is under way; now there is room */
} xy_action_kind;

typedef struct xy_action {
    xy_action_kind kind;
    union {
        struct {
            xy_peer to;
            bool lossy; /* it may be dropped */
            xy_message message;
            uint8_t *frame; /* memory of core, the action's own: room for the header of the message,
                               and its body; or NULL */
            const uint8_t *lent; /* the payload, while it is not in the body: it lasts until the
                                    action is performed; or NULL */
        } send;
        struct {
            xy_peer to;
            xy_urgency urgency;
        } forward;
        struct {
            xy_peer child;
            xy_life life;
            char key[XY_KEY_SIZE]; /* of the child; "" where there are none */
        } expect;
        struct {
            xy_peer child;
        } let_go;
        struct {
            xy_number cast;
            char service[XY_SERVICE_NAME_SIZE];
            uint8_t *texts; /* belongs to the action: one text, a NUL, the other, a NUL */
            size_t a_size, b_size;
        } combine;
        xy_attachment connect;
        struct {
            xy_peer parent;
        } disconnect;
        struct {
            xy_number request;
            uint32_t budget_ms;
            bool streams;  /* the answer may come in parts */
            uint8_t *text; /* belongs to the action, with a NUL behind it; or NULL */
            size_t size;
        } work;
        struct {
            xy_number request;
        } cancel;
        struct {
            uint64_t ask;
            int status;
            uint8_t *outcomes; /* belongs to the action, with a NUL behind it; or NULL */
            size_t size;
        } answered;
        struct {
            int64_t parent;    /* XY_NO_ID: the controlling node */
            int64_t *children; /* ascending; belongs to the action, or NULL */
            size_t count;
        } neighbours;
        struct {
            uint64_t request;
            size_t cost; /* of what was taken: see chunks */
        } taken;
        struct {
            xy_life life; /* the child's */
            xy_link_number link;
            uint64_t tag; /* of the link */
        } expected;
        struct {
            xy_life life; /* the node's own */
            xy_link_number link;
            char address[XY_ADDRESS_SIZE]; /* where its children reach it */
        } attached;
        xy_birth start; /* a copy: owns its arguments and its saved state */
        struct {
            xy_life life;
            xy_attachment to;
        } attach;
        struct {
            xy_life life;
            size_t size;
            uint8_t frame[XY_TOLD_MAX];
        } tell;
        struct {
            xy_life life;
        } end;
        struct {
            xy_life life;
            int64_t id;
            bool late; /* it was told to end and did not in time */
        } kill;
        struct {
            uint64_t command;
            xy_life life;
            int64_t id;
            xy_fault fault;
        } signal;
        struct {
            uint64_t command;
            int status;
            int64_t value;
            uint8_t *text; /* belongs to the action, with a NUL behind it; or NULL */
            size_t size;
        } reply;
        struct {
            uint64_t command;       /* 0: it was published */
            struct xy_chunk *chunk; /* belongs to the action; or NULL */
        } chunk;
        struct {
            xy_notice kind;
            int64_t id;
            xy_life life;
            xy_cause cause; /* of a node that has become unavailable, or of what a repair mends; */
            int64_t origin; /* and where that began: an id, or XY_NO_ID */
            int64_t parent; /* ADOPTED: the new one, or XY_NO_ID: the controlling node */
            int restarts;   /* RESTARTED: how often within the window */
        } notice;
    };
} xy_action;

/* Of a message that is not lossy. */
xy_urgency xy_message_urgency(const xy_message *message);

/* Makes room for the body of the message of a SEND, which the action owns: NULL when there is no
 * memory. */
uint8_t *xy_action_room(xy_action *send, size_t size);

/* Gives the message of a SEND a body, the action's own: copies of a route of the message's
 * route_size (NULL: none) and of a payload. False, and there is no body, when there is no memory.
 */
bool xy_action_own(xy_action *send, const uint8_t *route, const void *payload, size_t size);

/* Copies the payload that is lent to a SEND, if one is, into its body. So the fragments of a large
 * text are copied one by one, and are on their way meanwhile. False, and the message is emptied,
 * when there is no memory. */
bool xy_action_gather(xy_action *action);

/* The event that an action EXPECTED or ATTACHED gives rise to; what it points to is the action's.
 */
xy_event xy_reported_event(const xy_action *action);

/* A queue of actions, first in, first out. All zero is an empty one.
 *
 * A promise is room for one more action, which is there until the promise is kept or taken back.
 * So what was accepted can be answered without memory. */
typedef struct xy_queue {
    xy_ring actions;
    size_t promised;
} xy_queue;

/* Promises room for one action; false when there is no memory. */
bool xy_queue_promise(xy_queue *queue);
void xy_queue_take_back(xy_queue *queue, size_t promises);

/* Appends an action; what it owns is the queue's from then on, and is freed on failure. False, and
 * nothing appended, when there is no memory. */
bool xy_queue_push(xy_queue *queue, const xy_action *action);

/* Appends an action of this kind, which the caller fills in at once: cheaper than a copy. NULL when
 * there is no memory. */
xy_action *xy_queue_add(xy_queue *queue, xy_action_kind kind);

/* Appends a copy with a promise, which is kept thereby: never fails. */
void xy_queue_keep(xy_queue *queue, const xy_action *action);

/* Takes the oldest action out, gathered, which belongs to the caller from then on; false when there
 * is none. */
bool xy_queue_pop(xy_queue *queue, xy_action *action);

/* The oldest action, in its place: it is in hand until it is dropped, with what it owns. Meanwhile
 * others may be appended. One at a time; NULL when there is none. */
xy_action *xy_queue_take(xy_queue *queue);
void xy_queue_drop(xy_queue *queue);

/* Frees what an action owns, and what a queue owns. */
void xy_action_clear(xy_action *action);
void xy_queue_clear(xy_queue *queue);

/* A machine for those that run it: a node or a controlling node. */
typedef struct xy_machine {
    void *self;
    void (*step)(void *self, const xy_event *event, int64_t now_ms, xy_queue *out);
    int64_t (*deadline)(const void *self);
} xy_machine;

#endif
