/* limits: asking before libzmq asks, which ends the program when it is refused. */
#ifndef XY_LIMITS_H
#define XY_LIMITS_H

#include <stdbool.h>

#include "xylem.h"

/* Whether `wanted` more descriptors can be had, with some kept in reserve. If not, `reason` says
 * what to do. */
bool xy_limits_descriptors(int wanted, char reason[XYLEM_REASON_SIZE]);

/* Whether `wanted` more threads can be had. If not, `reason` says what to do. */
bool xy_limits_threads(int wanted, char reason[XYLEM_REASON_SIZE]);

/* The explanation for a thread or a process that could not be had, from an errno. */
void xy_limits_explain(const char *what, int error, char reason[XYLEM_REASON_SIZE]);

#endif
