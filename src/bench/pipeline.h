/* pipeline: a network of xylem that is given many commands at a time. The public interface waits
 * for each create, so this is what it is made of.
 */
#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include "bench/bench.h"
#include "world/world.h"

struct pipeline {
    xy_controller controller;
    xy_world *world;
    size_t answered;
};

void pipeline_open(struct pipeline *pipeline, const struct setting *setting);
void pipeline_close(struct pipeline *pipeline);

/* Gives a command, whose answer has to be OK. */
void pipeline_give(struct pipeline *pipeline, xy_command_kind kind, int64_t id, const char *text);

/* Waits until so many have been answered since `answered` was 0. */
void pipeline_await(struct pipeline *pipeline, size_t answered);

#endif
