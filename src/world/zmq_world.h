/* zmq_world: what the two real worlds have in common: the controlling node and its loop, run in the
 * thread that uses the network, and a descriptor for those who poll.
 */
#ifndef XY_ZMQ_WORLD_H
#define XY_ZMQ_WORLD_H

#include <stdatomic.h>

#include "world/loop.h"
#include "world/world.h"

typedef struct xy_zmq_world {
    xy_world world;
    xy_controller *controller; /* lent */
    xy_queue queue;
    xy_loop loop;
    int poll_fd, timer_fd, wake_fd;
    int64_t armed_ms; /* when the timer makes poll_fd readable */
    atomic_bool woken;
} xy_zmq_world;

/* How many descriptors xy_zmq_world_open takes. */
#define XY_ZMQ_WORLD_DESCRIPTORS 3

/* What the two have each their own: they stay the caller's, and last longer. */
typedef struct xy_zmq_world_parts {
    xy_link *link;
    xy_launcher *launcher;
    bool keyed;     /* children attach with a key */
    bool past_tree; /* the launcher takes TELL */
} xy_zmq_world_parts;

/* Begins the controlling node and its loop. False, nothing left or begun, and the error, when
 * descriptors or random numbers cannot be had. */
bool xy_zmq_world_open(xy_zmq_world *real, const xy_world_options *options,
                       const xy_zmq_world_parts *parts, xy_error *error);

/* Ends the loop, and clears the controlling node. */
void xy_zmq_world_close(xy_zmq_world *real);

/* In a child made by fork: the same, but closes no descriptor. */
void xy_zmq_world_discard(xy_zmq_world *real);

/* The world's functions that are the same in both. */
int64_t xy_zmq_world_now(const xy_world *world);
uint64_t xy_zmq_world_command(xy_world *world, const xy_command *command);
bool xy_zmq_world_work(xy_world *world);
void xy_zmq_world_wait(xy_world *world, int64_t until_ms);
void xy_zmq_world_listen(xy_world *world, int64_t until_ms);
void xy_zmq_world_wake(xy_world *world);
int xy_zmq_world_fd(const xy_world *world);
void xy_zmq_world_arm(xy_world *world, int64_t due_ms);
bool xy_zmq_world_stopped(const xy_world *world);

/* The part of a world's table that these fill. */
#define XY_ZMQ_WORLD_OPS                                                                           \
    .turn = 1, .now = xy_zmq_world_now, .command = xy_zmq_world_command,                           \
    .work = xy_zmq_world_work, .wait = xy_zmq_world_wait, .listen = xy_zmq_world_listen,           \
    .wake = xy_zmq_world_wake, .fd = xy_zmq_world_fd, .arm = xy_zmq_world_arm,                     \
    .stopped = xy_zmq_world_stopped

#endif
