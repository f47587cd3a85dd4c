/* What a trace writes of events and actions. Of the trace's own files. */
#ifndef XY_TRACE_WRITE_H
#define XY_TRACE_WRITE_H

#include <stdio.h>

#include "core/step.h"

/* Begins an object that says what happens to a node. */
void xy_trace_write_begin(FILE *file, int64_t now_us, uint64_t node, const char *key,
                          const char *what);

void xy_trace_write_event(FILE *file, int64_t now_us, uint64_t node, const xy_event *event,
                          bool forged);
void xy_trace_write_action(FILE *file, int64_t now_us, uint64_t node, const xy_action *action);

/* The life that an action for the launcher is about; otherwise 0. */
uint64_t xy_trace_target(const xy_action *action);

#endif
