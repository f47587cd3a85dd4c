/* run: one network under random commands and random faults, watched by a check.
 *
 * For a while there are faults, then it is calm until all must be well again; so until the time is
 * over. At last the network is closed, be it calm or not.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdio.h>

#include "core/controller.h"
#include "sim/check.h"
#include "sim/draw.h"
#include "sim/plan.h"
#include "sim/trace.h"
#include "sim/verdict.h"

/* Runs a seed. `file` takes the trace, and may be NULL. */
struct verdict run_seed(uint64_t seed, const struct limits *limits, FILE *file);

/* Of the run's own files. */

struct run {
    struct plan plan;
    xy_controller controller;
    xy_world *world;
    struct check check;
    xy_trace trace;
    struct verdict verdict;
    xy_draw workload, jobs, faults[FAULTS_TIMED];
    int64_t next_command_us, next_fault_us[FAULTS_TIMED];
    int64_t faulty_until_us; /* the latest end of a fault under way */
    int64_t vacated;         /* the id whose place has become free last, or -1 */
    size_t blocks;           /* of core's memory, before it began */
    int64_t held_until_us;   /* the controlling node does nothing until then */
};

int64_t run_now_us(const struct run *run);

/* From 1 to twice the mean. */
int64_t run_gap_us(xy_draw *random, int64_t mean_us);

/* A life that is not over, or 0. */
uint64_t run_pick(const struct run *run, xy_draw *random);

void run_command(struct run *run, const xy_command *command);

/* A command was answered. */
void run_answered(struct run *run, uint64_t command);

/* What a new node is to do, and two commands. */
const char *run_service(struct run *run);
void run_job(struct run *run);
void run_cancel(struct run *run);
void run_cast(struct run *run);

/* Chunks that have come are taken, as a rule. */
void run_take(struct run *run);

/* A fault is injected: it is counted and traced. */
void run_count(struct run *run, enum fault fault, uint64_t node);

/* The next command or fault, and when the one after it comes. */
void run_next_command(struct run *run);
void run_fault(struct run *run, enum fault fault);

#endif
