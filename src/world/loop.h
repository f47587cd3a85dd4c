/* loop: runs one node of a real world: looks for what it is told from outside, drains its link,
 * steps its machine, performs what it says, and sleeps until something happens or its deadline
 * comes.
 *
 * The controlling node's loop has a launcher, and is run a turn at a time by the thread that uses
 * the network. A compute node's has an executor, and a thread or a process of its own.
 */
#ifndef XY_LOOP_H
#define XY_LOOP_H

#include "driver/driver.h"
#include "driver/executor.h"
#include "driver/log.h"
#include "launch/launcher.h"
#include "link/zmq_link.h"

typedef struct xy_loop {
    /* Set before xy_loop_open; what is pointed to is not the loop's own, and lasts longer. */
    xy_link *link;
    xy_log log;
    int wake_fd; /* readable: return from waiting; -1: none */

    /* The controlling node's: what starts and ends lives, and who takes its replies and notices;
     * the action is lent, the text may be taken out of a reply. */
    xy_launcher *launcher;
    void (*deliver)(void *owner, xy_action *action);
    void *owner;

    /* A compute node's: where its work is done. */
    xy_executor *executor;

    /* A compute node's: looked at in each turn, after each wake-up, and before each frame; either
     * may be NULL. `attend` holds the loop up while the node is paused, and sets `held` if it was;
     * false: die at once. `order` takes the next event that the node is given from outside, ATTACH,
     * TOLD or END; what that points to lasts until the next call; false: there is none. To have
     * them looked at, ring the link, have wake_fd become readable, or interrupt the thread by a
     * signal.
     */
    bool (*attend)(void *attendant, bool *held);
    bool (*order)(void *attendant, xy_event *event);
    void *attendant;

    /* A compute node's: has the launcher report EXPECTED and ATTACHED to the controlling node. */
    void (*report)(void *attendant, const xy_action *action);

    /* Connects the link to a parent; NULL: xy_link_connect does. */
    bool (*connect)(void *attendant, const xy_attachment *to, xy_error *error);

    /* The loop's own. Its time is when this turn began, or when what took long in it ended. */
    xy_driver driver;
    int64_t deadline_ms;    /* of the machine, at the end of the latest turn */
    bool replied;           /* something was waited for, and has been delivered in this turn */
    bool no_reports;        /* the launcher's descriptor was not readable just now */
    int64_t worked_ms;      /* when xy_loop_work looked at everything last */
    int turns_without_look; /* how often a frame is waited for before it is looked for more */
    size_t late; /* nodes that were killed in this turn because they did not end in time */
} xy_loop;

/* Begins, and steps the machine for the first time. The queue is the machine's alone, or of several
 * machines of this thread. */
void xy_loop_open(xy_loop *loop, const xy_machine *machine, xy_queue *queue);

/* Looks at the clock: the time for a command. */
int64_t xy_loop_now(xy_loop *loop);

/* Performs what the queue holds: after a command. */
void xy_loop_perform(xy_loop *loop);

/* Does what can be done without waiting; true when there may be more. After the machine has
 * stopped, or `attend` has said that the node is to die, driver.stopped is set and nothing is done.
 */
bool xy_loop_work(xy_loop *loop);

/* Waits until there may be something to do, until `until_ms` at most. */
void xy_loop_wait(xy_loop *loop, int64_t until_ms);

/* Waits for a frame alone, until `until_ms` and for XY_LISTEN_MS at most, and does what it says:
 * for a reply that comes soon this takes half of the system calls. Everything else is late by as
 * long. Does nothing when xy_loop_work was called that long ago. */
enum { XY_LISTEN_MS = 5 }; /* a timer that is due before the next tick of the system costs more */
void xy_loop_listen(xy_loop *loop, int64_t until_ms);

/* When the loop is to work at the latest, if the machine need not be stepped before `due_ms` and no
 * descriptor becomes readable. */
int64_t xy_loop_due(const xy_loop *loop, int64_t due_ms);

/* Works and waits until the machine stops or the node is to die. A loop without wake_fd waits for
 * nothing but its link, unless work is under way: that takes two system calls less. */
void xy_loop_run(xy_loop *loop);

#endif
