/* log: lines for a person, to stderr. */
#ifndef XY_LOG_H
#define XY_LOG_H

#include <stdint.h>

#include "xylem.h"

typedef struct xy_log {
    enum xylem_log_level level; /* less important lines are not written */
    int64_t id;                 /* the node that speaks; XY_NO_ID: the controlling node */
} xy_log;

/* Writes one line, whole, in one write. */
__attribute__((format(printf, 3, 4))) void
xy_log_line(const xy_log *log, enum xylem_log_level level, const char *format, ...);

#endif
