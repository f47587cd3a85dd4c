/* limits: whether descriptors, threads, memory and ports can be had, before libzmq asks for them:
 * it ends the program when it is refused. */
#ifndef XY_LIMITS_H
#define XY_LIMITS_H

#include <stdbool.h>

#include "core/error.h"

/* Whether `wanted` more descriptors can be had, with some kept in reserve. If not, the error says
 * what to do, as in all that follow. */
bool xy_limits_descriptors(int wanted, xy_error *error);

/* How many more descriptors there can be. */
size_t xy_limits_descriptors_left(void);

/* Around asking for descriptors and taking them, wherever another thread of the process may do so
 * too: no thread takes what another was promised. */
void xy_limits_hold(void);
void xy_limits_release(void);

/* How much memory must be free before a node is started: far more than the start takes, so that
 * there is room for what libzmq needs later, and for a few of the largest messages. */
#define XY_MEMORY_TO_START ((size_t)16 << 20)

/* Whether `wanted` more bytes of memory can be had at once. */
bool xy_limits_memory(size_t wanted, xy_error *error);

/* Whether the memory for `wanted` more threads can be had, and to start a node. Cheap. */
bool xy_limits_stacks(int wanted, xy_error *error);

/* Whether the threads can be had, too: makes them. */
bool xy_limits_threads(int wanted, xy_error *error);

/* Whether two more tcp ports can be had: to listen, and to connect. */
bool xy_limits_ports(xy_error *error);

/* Whether one more can be had, at 127.0.0.1: false, and errno, if not. Cheap, unlike the above. */
bool xy_limits_port(void);

/* What to do about an errno of a tcp socket at 127.0.0.1, to be put behind its text; "" when
 * nothing is known. */
const char *xy_limits_tcp_advice(int error);

/* Explains by the number of an errno why something, as "start a thread", could not be done, and
 * what to do: XYLEM_CANNOT_START. Returns false. */
bool xy_limits_explain(const char *what, int number, xy_error *error);

#endif
