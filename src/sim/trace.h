/* trace: all that happens in a run, as a hash, and as a file of one JSON object a line. */
#ifndef XY_TRACE_H
#define XY_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "core/controller.h"
#include "sim/scheduler.h"

typedef struct xy_trace {
    FILE *file; /* or NULL; not the trace's own */
    uint64_t hash;
} xy_trace;

void xy_trace_begin(xy_trace *trace, FILE *file, uint64_t seed, const char *topology,
                    const char *repair);

void xy_trace_event(xy_trace *trace, int64_t now_us, uint64_t node, const xy_event *event,
                    bool forged);
void xy_trace_action(xy_trace *trace, int64_t now_us, uint64_t node, const xy_action *action);
void xy_trace_started(xy_trace *trace, int64_t now_us, uint64_t node);
void xy_trace_ended(xy_trace *trace, int64_t now_us, uint64_t node, xy_end end);
void xy_trace_signalled(xy_trace *trace, int64_t now_us, uint64_t node, xy_fault fault);
void xy_trace_rest(xy_trace *trace, int64_t now_us, uint64_t node, uint64_t request, int64_t ms);
void xy_trace_command(xy_trace *trace, int64_t now_us, uint64_t number, const xy_command *command);

/* A fault that is about a node. */
void xy_trace_fault(xy_trace *trace, int64_t now_us, uint64_t node, const char *fault);

#endif
