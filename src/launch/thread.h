/* thread: the launcher of the thread world: each life is a thread of this process.
 *
 * What the kernel does for processes is done here with flags of each thread, which it looks at
 * before it does anything; a ring wakes it up when it waits. To ring takes longer than to end: of
 * many threads that are to end the launcher rings the topmost, and each that ends rings those
 * that are attached to it; the launcher sees to the children of one that hangs. What a node
 * consists of is the world's business: it comes as a table of functions.
 *
 * A thread cannot be stopped while it is in a function of its service. A killed node whose service
 * does not return is abandoned: the launcher takes all that is the node's from the thread, except
 * for the executor with the service's state. When the service returns after all, the thread frees
 * that and ends.
 */
#ifndef XY_THREAD_H
#define XY_THREAD_H

#include "driver/executor.h"
#include "driver/log.h"
#include "launch/launcher.h"

/* One life; and what starts and ends them. */
typedef struct xy_thread xy_thread;
typedef struct xy_thread_launcher xy_thread_launcher;

/* What a node consists of. */
typedef struct xy_thread_ops {
    /* By the launcher: makes what is to be there before the thread. NULL, and the error, when that
     * cannot be. */
    void *(*make)(void *world, xy_thread *thread, const xy_birth *birth, xy_error *error);

    /* By the thread: the whole life, from opening the executor, with the guard of the thread, to
     * closing it. When the node ends it rings those that are attached to it. When it could not
     * begin, the error says why. */
    void (*run)(void *node, xy_error *error);

    /* By the thread: closes what can be closed in parallel. It is not rung any more. */
    void (*close)(void *node);

    /* By the launcher: wakes up the thread where it waits; `name` is how it is known to the one
     * that it was last told to attach to, all zero before. */
    void (*ring)(void *node, const xy_peer *name);

    /* By the launcher: the life that can be reached at an address; 0: the controlling node. */
    xy_life (*life_at)(const char *address);

    /* By the launcher, after the end of the thread or instead of it: frees all but the executor. */
    void (*free)(void *node);
} xy_thread_ops;

/* Opens a launcher for a world; takes XY_THREAD_DESCRIPTORS descriptors, which the caller has made
 * sure of. NULL, and the error, when it cannot be had. */
enum { XY_THREAD_DESCRIPTORS = 1 };
xy_thread_launcher *xy_thread_open(const xy_thread_ops *ops, void *world, const xy_log *log,
                                   xy_error *error);

/* Kills all that live, waits for them or abandons them, and ends the launcher. */
void xy_thread_close(xy_thread_launcher *launcher);

/* In a child made by fork, where the threads do not exist: frees the launcher's memory. */
void xy_thread_discard(xy_thread_launcher *launcher);

xy_launcher *xy_thread_launcher_of(xy_thread_launcher *launcher);

/* What a thread asks about itself, from here on. */

/* Holds the thread up while it is paused, and sets `held` if it was; false when it was killed: see
 * xy_loop. */
bool xy_thread_attend(xy_thread *thread, bool *held);

/* Waits until the thread has been told something, and attends to that: for a node that has not
 * attached, and so hears nothing. It is not rung before it has attended for the first time. */
bool xy_thread_await(xy_thread *thread);

/* Takes the next order, ATTACH or END: see xy_loop. */
bool xy_thread_order(xy_thread *thread, xy_event *order);

/* Has the launcher report EXPECTED or ATTACHED. */
void xy_thread_report(xy_thread *thread, const xy_action *action);

/* What its executor has to call around the functions of its service. */
xy_guard xy_thread_guard(xy_thread *thread);

/* The node has begun; `pid` is the number that it names as its own. */
void xy_thread_started(xy_thread *thread, int64_t pid);

/* The node has ended, and does nothing more to the network. */
void xy_thread_stopped(xy_thread *thread);

/* Whether a life can be connected to: it does not close before the release, which follows in any
 * case, and soon. */
bool xy_thread_hold(xy_thread *thread, xy_life life);
void xy_thread_release(xy_thread *thread, xy_life life);

#endif
