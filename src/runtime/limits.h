/* limits: asking before libzmq asks, which ends the program when it is refused. */
#ifndef XY_LIMITS_H
#define XY_LIMITS_H

#include <stdbool.h>

#include "xylem.h"

/* Whether `wanted` more descriptors can be had, with some kept in reserve. If not, `reason` says
 * what to do. */
bool xy_limits_descriptors(int wanted, char reason[XYLEM_REASON_SIZE]);

/* Around asking for descriptors and taking them, wherever another thread of the process may do so
 * too: nobody takes what another was promised. */
void xy_limits_hold(void);
void xy_limits_release(void);

/* What there must be room for before a node is started: far more than it takes, so that what libzmq
 * needs later, and a few of the largest messages, can be had too. */
#define XY_MEMORY_TO_START ((size_t)16 << 20)

/* Whether `wanted` more bytes of memory can be had at once. If not, `reason` says what to do. */
bool xy_limits_memory(size_t wanted, char reason[XYLEM_REASON_SIZE]);

/* Whether `wanted` more threads can be had, and the memory for them. If not, `reason` says what to
 * do. */
bool xy_limits_threads(int wanted, char reason[XYLEM_REASON_SIZE]);

/* Whether two more tcp ports can be had: to listen, and to connect. If not, `reason` says what to
 * do. */
bool xy_limits_ports(char reason[XYLEM_REASON_SIZE]);

/* The explanation for a thread or a process that could not be had, from an errno. */
void xy_limits_explain(const char *what, int error, char reason[XYLEM_REASON_SIZE]);

#endif
