/* log: lines for a person, to standard error, or to a function of the program.
 *
 * Nothing here waits for a reader of standard error: a line that cannot be written at once and
 * whole is lost and counted, and the next line that is written says how many were, and why. Any
 * thread may write; lines of several threads and processes do not mix.
 */
#ifndef XY_LOG_H
#define XY_LOG_H

#include <stdint.h>

#include "xylem.h"

/* Where the lines of a network go: to the function `take`, one at a time, or to standard error when
 * that is NULL. A thread that is abandoned may outlast the network: so the sink is shared, and is
 * freed when the last that holds it has released it. Once it is closed, which the network does, its
 * lines are dropped; `take` is not called after the return of that. */
typedef struct xy_log_sink xy_log_sink;

/* Opens a sink, which the caller holds. NULL when there is no memory. */
xy_log_sink *xy_log_sink_open(xylem_log take, void *owner);
void xy_log_sink_close(xy_log_sink *sink);

/* Holds it once more; NULL is passed over. Releasing takes no lock: a child made by fork may do
 * it. */
xy_log_sink *xy_log_sink_hold(xy_log_sink *sink);
void xy_log_sink_release(xy_log_sink *sink);

typedef struct xy_log {
    enum xylem_log_level level; /* less important lines are not written */
    int64_t id;                 /* the node that speaks; XY_NO_ID: the controlling node */
    xy_log_sink *sink;          /* lent; NULL: standard error */
} xy_log;

/* Room for one line, its final NUL included: a longer one is cut. */
#define XY_LOG_SIZE 512

/* Makes one line, as in printf, and delivers it. */
__attribute__((format(printf, 3, 4))) void
xy_log_line(const xy_log *log, enum xylem_log_level level, const char *format, ...);

/* The same with a text of a service, whose newlines become blanks: see xylem_context. `log` is an
 * xy_log. */
void xy_log_of_service(void *log, enum xylem_log_level level, const char *text);

/* Writes one line, which has no newline, to standard error. */
void xy_log_deliver(int64_t id, enum xylem_log_level level, const char *text);

#endif
