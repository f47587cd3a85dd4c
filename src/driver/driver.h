/* driver: runs one machine: steps it, and performs what it says over the five operations of a
 * world: send, launch, execute, deliver and report. The one interpreter of actions: every world
 * runs its machines with it, and adds a link, a launcher, an executor and a clock.
 */
#ifndef XY_DRIVER_H
#define XY_DRIVER_H

#include "core/step.h"

typedef struct xy_driver xy_driver;

/* The action is lent for the call. A function of an operation that the machine has no action for
 * may be NULL. */
typedef struct xy_driver_ops {
    /* SEND, FORWARD, EXPECT, LET_GO, CONNECT and DISCONNECT. Never waits. May take the memory out
     * of a SEND. XYLEM_OK; an error of a SEND that is not lossy, or of a FORWARD:
     * XYLEM_UNAVAILABLE: there is no such neighbour; XYLEM_BUSY: too much waits for it;
     * XYLEM_NO_MEMORY. */
    int (*send)(xy_driver *driver, xy_action *action);

    /* START, ATTACH, TELL, END, KILL and SIGNAL. Never waits: what becomes of it comes as an event.
     */
    void (*launch)(xy_driver *driver, const xy_action *action);

    /* WORK, CANCEL, COMBINE, ANSWERED, NEIGHBOURS and TAKEN. May take the text out of a WORK. May
     * step the machine with its WORKED or COMBINED, or have that come later. */
    void (*execute)(xy_driver *driver, xy_action *action);

    /* REPLY, CHUNK, NOTICE and ROOM. */
    void (*deliver)(xy_driver *driver, xy_action *action);

    /* EXPECTED and ATTACHED. Never waits. */
    void (*report)(xy_driver *driver, const xy_action *action);
} xy_driver_ops;

struct xy_driver {
    xy_machine machine;
    xy_queue *queue; /* lent; may be shared by the machines of one thread */
    const xy_driver_ops *ops;
    void *world; /* of the operations */
    int64_t now_ms;
    const xy_event *event; /* the one in hand, whose frame FORWARD passes on */
    bool stopped;          /* the machine has */

    /* Sees each event before its step (then `action` is NULL), and each action before it is
     * performed (then `event` is NULL); may be NULL. */
    void (*observe)(xy_driver *driver, const xy_event *event, const xy_action *action);
};

/* Steps the machine, and performs all that its queue holds then. `now_ms` is not before that of the
 * step before. */
void xy_driver_step(xy_driver *driver, const xy_event *event, int64_t now_ms);

/* Steps the machine in the middle of an action, which is being performed: not with a message. What
 * it says comes at the end of the queue, and so is performed too. */
void xy_driver_step_within(xy_driver *driver, const xy_event *event);

/* Performs what the queue holds: after a command. */
void xy_driver_perform(xy_driver *driver);

#endif
