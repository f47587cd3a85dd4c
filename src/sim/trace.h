/* trace: all that happens in a run, as a hash, and as a file of one JSON object a line. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdint.h>
#include <stdio.h>

#include "core/controller.h"
#include "sim/scheduler.h"

struct trace {
    FILE *file; /* or NULL; not the trace's own */
    uint64_t hash;
};

void trace_begin(struct trace *trace, FILE *file, uint64_t seed, const char *topology,
                 const char *repair);

void trace_event(struct trace *trace, int64_t now_us, uint64_t node, const xy_event *event,
                 bool forged);
void trace_action(struct trace *trace, int64_t now_us, uint64_t node, const xy_action *action);
void trace_started(struct trace *trace, int64_t now_us, uint64_t node);
void trace_ended(struct trace *trace, int64_t now_us, uint64_t node, xy_end end);
void trace_signalled(struct trace *trace, int64_t now_us, uint64_t node, xy_fault fault);
void trace_rest(struct trace *trace, int64_t now_us, uint64_t node, uint64_t request, int64_t ms);
void trace_command(struct trace *trace, int64_t now_us, uint64_t number, const xy_command *command);

/* A fault that is about a node. */
void trace_fault(struct trace *trace, int64_t now_us, uint64_t node, const char *fault);

#endif
