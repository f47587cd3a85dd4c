/* host: the loop of one node: see which children have ended, drain the link, step the machine, do
 * what it says, sleep until something happens or its deadline comes.
 */
#ifndef XY_HOST_H
#define XY_HOST_H

#include "core/machine.h"
#include "core/node.h"
#include "runtime/link.h"
#include "runtime/log.h"
#include "runtime/workshop.h"

/* What a host does with its children; one nursery for each host, each world has its own kind. It
 * promises that no child outlives it: a node whose parent is gone is ended by its world. */
typedef struct xy_nursery xy_nursery;

typedef struct xy_nursery_ops {
    /* Starts a child; false, with nothing left of it and the reason, when that cannot be. */
    bool (*start)(xy_nursery *nursery, const xy_birth *birth, char reason[XYLEM_REASON_SIZE]);

    /* Ends a child at once. */
    void (*kill)(xy_nursery *nursery, uint64_t incarnation);

    /* Names a child that has ended and clears up after it; false when there is none. */
    bool (*reap)(xy_nursery *nursery, uint64_t *incarnation, char reason[XYLEM_REASON_SIZE]);
} xy_nursery_ops;

struct xy_nursery {
    const xy_nursery_ops *ops;
    int fd; /* readable when a child has ended; -1: the host's link is rung instead */
};

typedef struct xy_host {
    xy_machine machine;
    xy_link *link;
    xy_nursery *nursery;
    xy_log log;

    /* A compute node's: where its work is done. */
    xy_workshop *workshop;

    /* The controlling node's: who takes its replies, notices and faults; the action is lent. */
    void (*deliver)(void *owner, const xy_action *action);
    void *owner;

    int wake_fd; /* readable: return from waiting; -1: none */

    /* Asked each turn and before each frame, may be NULL: holds the host up while it is paused;
     * false: die. */
    bool (*attend)(void *attendant);
    void *attendant;

    int64_t now_ms;      /* when this turn began, or what took long in it ended */
    int64_t deadline_ms; /* of the machine, at the end of the latest turn */
    bool stopped;
    bool replied;    /* something was waited for, and has been delivered in this turn */
    bool none_ended; /* the nursery's descriptor was not readable just now */
    uint8_t *frame;  /* room for one frame, grown as needed */
    size_t frame_size;
} xy_host;

/* Steps the machine for the first time. */
void xy_host_open(xy_host *host);

/* Frees what the host made; the machine, the link, the nursery and the workshop are not its own. */
void xy_host_close(xy_host *host);

/* Does what the machine's queue holds. */
void xy_host_perform(xy_host *host);

/* Does what can be done without waiting; true when there may be more. */
bool xy_host_work(xy_host *host);

/* Waits until there may be something to do, until `until_ms` at most. */
void xy_host_wait(xy_host *host, int64_t until_ms);

/* Works and waits until the machine stops or the host is to die. */
void xy_host_run(xy_host *host);

#endif
