/* machine: what every state machine of xylem takes and gives.
 *
 *     step (machine, event, now)  ->  actions in the machine's queue
 *     deadline (machine)          ->  when to step it again at the latest, with a tick
 *
 * A step never waits, never calls out and never fails. Whoever runs a machine performs the actions
 * in their order before the next step, except for the steps that an action itself gives rise to.
 * Time is in milliseconds from an arbitrary start and never goes back.
 */
#ifndef XY_MACHINE_H
#define XY_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/message.h"

#define XY_NEVER       INT64_MAX
#define XY_NO_ID       (-1)
#define XY_SECRET_SIZE 32

/* A neighbour is named by a number: the parent by this one, a child by its incarnation. */
#define XY_PARENT 0

typedef enum xy_event_kind {
    XY_EVENT_OPEN,      /* the node has begun */
    XY_EVENT_TICK,      /* time has passed */
    XY_EVENT_FRAME,     /* peer; bytes, size: a frame from that neighbour */
    XY_EVENT_BORN,      /* peer; bytes, size: the secret that the child was started with */
    XY_EVENT_STILLBORN, /* peer; bytes, size: why the child could not be started, a text */
    XY_EVENT_EXITED,    /* peer; bytes, size: how the child ended, a text; nothing of it is left */
    XY_EVENT_WORKED,    /* request, status; bytes, size: what the service answered */
    XY_EVENT_UNSENT     /* peer, request, status: a request that could not be sent, and why */
} xy_event_kind;

typedef struct xy_event {
    xy_event_kind kind;
    uint64_t peer;
    uint64_t request;
    int status;
    const void *bytes; /* lent for the step */
    size_t size;
} xy_event;

typedef enum xy_action_kind {
    XY_ACTION_SEND,   /* message to the neighbour `peer`; a lossy one may be dropped */
    XY_ACTION_START,  /* start child `peer`: message.id, message.incarnation, the payload names its
                         service; gives rise to BORN or STILLBORN, and after BORN one day to EXITED
                       */
    XY_ACTION_KILL,   /* end child `peer` at once, whatever it does; gives rise to its EXITED */
    XY_ACTION_WORK,   /* have the service do message.payload, for message.budget_ms at most; gives
                         rise to WORKED with the request; one at a time */
    XY_ACTION_CANCEL, /* the work of message.request is not wanted any more; its WORKED is due all
                         the same */
    XY_ACTION_STOP,   /* nothing is left below: end */
    /* Of the controlling node only, for the network that it serves: */
    XY_ACTION_REPLY,  /* message.request has got its one reply: status, value, payload */
    XY_ACTION_NOTICE, /* message.id has become available (value 1) or unavailable (0) */
    XY_ACTION_FORGET, /* message.incarnation is over: nothing that was its own is needed */
    XY_ACTION_FAULT   /* do to message.incarnation, whose pid is value, the xy_fault in code */
} xy_action_kind;

typedef enum xy_fault { XY_FAULT_KILL = 1, XY_FAULT_PAUSE, XY_FAULT_RESUME } xy_fault;

typedef struct xy_action {
    xy_action_kind kind;
    bool lossy;
    uint64_t peer;
    xy_message message; /* its payload belongs to the action */
} xy_action;

/* What becomes of a message that cannot be sent at once. */
typedef enum xy_urgency {
    XY_LOSSY,     /* it is dropped */
    XY_REFUSABLE, /* it waits, unless too much does: then whoever asked is told */
    XY_VITAL      /* it waits, in a reserve too: nobody asks for it twice */
} xy_urgency;

xy_urgency xy_action_urgency(const xy_action *action);

/* A queue of actions, first in, first out. All zero is an empty one. */
typedef struct xy_actions {
    xy_action *items;
    size_t head, count, capacity;
} xy_actions;

/* Makes room for `room` more actions; false when there is no memory for it. */
bool xy_actions_reserve(xy_actions *actions, size_t room);

/* Appends an action with a copy of the message's payload, and a NUL behind it. False, and nothing
 * appended, when there is no memory: never for a message without payload into reserved room. */
bool xy_actions_push(xy_actions *actions, const xy_action *action);

/* The same without a copy: the payload, memory of xy_resize with a NUL behind it, is the action's
 * from then on, and is given back also when there is no memory. */
bool xy_actions_push_owned(xy_actions *actions, const xy_action *action);

/* Takes the oldest action, which belongs to the caller from then on; false when there is none. */
bool xy_actions_pop(xy_actions *actions, xy_action *action);

/* Frees what an action owns, and what a queue owns. */
void xy_action_clear(xy_action *action);
void xy_actions_clear(xy_actions *actions);

/* A machine as those see it who run it: a node or a controlling node. */
typedef struct xy_machine {
    void *self;
    void (*step)(void *self, const xy_event *event, int64_t now_ms);
    int64_t (*deadline)(const void *self);
    xy_actions *actions;
} xy_machine;

#endif
