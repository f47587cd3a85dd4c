/* bench: figures of xylem, each beside its floor: what the least code that could do the same needs,
 * measured in the same run. Nothing here says whether a figure is good enough.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "xylem.h"

/* What is measured. Each measure takes of it what it needs. */
struct setting {
    size_t nodes; /* how many, or how deep */
    enum xylem_world world;
    enum xylem_transport transport;
    double seconds; /* for how long, where that is a matter of choice */
};

/* Measures once, in a process of its own, which ends afterwards. Less than 0: it could not. */
typedef double measure(const struct setting *setting);

struct benchmark {
    const char *name, *what, *unit;
    measure *xylem, *floor; /* without a floor `reach` is an absolute figure */
    struct setting setting;
    double reach; /* the ratio to the floor that is wanted */
    bool more;    /* more is better */
    bool pinned;  /* to one processor: waking an idle one takes longer than what is measured */
    bool quick;   /* part of a quick run */
    bool figure;  /* the figure itself is to reach that, not its ratio */
};

extern const struct benchmark benchmarks[];
extern const size_t benchmark_count;

/* Round trips through a chain of nodes, one at a time: microseconds for each hop. */
measure hop_xylem, hop_floor;

/* Requests to the end of a chain, many at a time: answered in a second. */
measure rate_xylem, rate_floor;

/* A tree of nodes that come in random order: microseconds to create and to close each, KiB of
 * memory for each. */
measure create_xylem, create_floor, close_xylem, close_floor, memory_xylem, memory_floor;

/* How many of the nodes that are wanted run, with heartbeats, and answer. */
measure capacity_xylem;

/* Heartbeats of a tree of nodes, each second: percent of a processor. */
measure beats_xylem, beats_floor;

/* Workers: milliseconds until each is connected and has answered, and KiB of its own. */
measure start_xylem, start_floor, worker_memory_xylem, worker_memory_floor;

/* Simulated events, and entries put through a queue: millions in a second. */
measure events_xylem, events_floor;

/* Milliseconds until the program has shown a large tree. */
measure all_xylem, tree_xylem;

/* The program is started again as a worker with nothing to do: does it, and does not return. */
void spawned_floor(int argc, char **argv);

#endif
