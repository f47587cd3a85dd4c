/* real: what the two real worlds have in common: the controlling node's host, run in the thread of
 * whoever uses the network, and a descriptor for those who poll.
 */
#ifndef XY_REAL_H
#define XY_REAL_H

#include <stdatomic.h>

#include "runtime/host.h"
#include "runtime/world.h"

typedef struct xy_real {
    xy_world world;
    xy_host host;
    int poll_fd, timer_fd, wake_fd;
    int64_t armed_ms; /* when the timer makes poll_fd readable */
    atomic_bool woken;
} xy_real;

/* How many descriptors xy_real_open takes. */
#define XY_REAL_DESCRIPTORS 3

/* Sets up the host for a link and a nursery, which stay the caller's. False, nothing left, and the
 * reason, when descriptors cannot be had. */
bool xy_real_open(xy_real *real, const xy_world_options *options, xy_link *link,
                  xy_nursery *nursery, char reason[XYLEM_REASON_SIZE]);
void xy_real_close(xy_real *real);

/* The world's functions that are the same in both. */
int64_t xy_real_now(const xy_world *world);
void xy_real_perform(xy_world *world);
bool xy_real_work(xy_world *world);
void xy_real_wait(xy_world *world, int64_t until_ms);
void xy_real_wake(xy_world *world);
int xy_real_fd(const xy_world *world);
void xy_real_arm(xy_world *world, int64_t due_ms);
bool xy_real_stopped(const xy_world *world);

/* The part of a world's table that these fill. */
#define XY_REAL_OPS                                                                                \
    .now = xy_real_now, .perform = xy_real_perform, .work = xy_real_work, .wait = xy_real_wait,    \
    .wake = xy_real_wake, .fd = xy_real_fd, .arm = xy_real_arm, .stopped = xy_real_stopped

#endif
