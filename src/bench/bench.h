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
    size_t jobs;  /* how many are under way */
    enum xylem_world world;
    enum xylem_transport transport;
    const char *topology; /* NULL: "bst" */
    const char *service;  /* of casts */
    size_t bytes;         /* of their text; 0: a short one */
    enum xylem_repair repair;
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

/* Jobs: microseconds for each, when many are under way; the floor: when a hundred are. */
measure job_xylem, job_floor;

/* A tree of nodes that come in random order: microseconds to create and to close each, KiB of
 * memory for each. */
measure create_xylem, create_floor, close_xylem, close_floor, memory_xylem, memory_floor;

/* How many of the nodes that are wanted run, with heartbeats, and answer. */
measure capacity_xylem;

/* Heartbeats of a tree of nodes, each second: percent of a processor. */
measure beats_xylem, beats_floor;

/* A leaf gets another parent: microseconds; the floor: it is created there. */
measure move_xylem, move_floor;

/* Ids in ascending order in the shape avl: microseconds to create each, and for an exec of the node
 * that is farthest away. The floor: the same in the shape bst, which is a chain. */
measure avl_create_xylem, avl_create_floor, avl_exec_xylem, avl_exec_floor;

/* Workers of which one with two children is killed: milliseconds until both answer again. The
 * floor: until the kernel reports the death of a process. */
measure repair_xylem, repair_floor;

/* A star: microseconds for a round trip to one of many children, in turn. */
measure star_xylem, star_floor;

/* A cast to all nodes: milliseconds. The floors: the same with the least code; a request to each.
 */
measure cast_xylem, cast_floor, singles_floor;

/* A large text through a chain: MiB a second. */
measure large_xylem, large_floor;

/* Workers: milliseconds until each is connected and has answered, one after the other and side by
 * side, and KiB of its own. The floor executes a program that only connects. */
measure start_xylem, start_floor, together_xylem, together_floor;
measure worker_memory_xylem, worker_memory_floor;

/* The same of a program that is linked dynamically: of xylem-bench-dynamic, which is this one. */
measure dynamic_start_xylem, dynamic_start_floor, dynamic_together_xylem, dynamic_together_floor;

/* Simulated events, and entries put through a queue: millions in a second. */
measure events_xylem, events_floor;

/* Milliseconds until the program has shown a large tree. */
measure all_xylem, tree_xylem;

/* Takes texts and answers with nothing. Adds up numbers as the sum does, but in the node's own
 * thread. */
extern const xylem_service swallow_service, adder_service;

/* The program is started again as a worker with nothing to do: does it, and does not return. */
void spawned_floor(int argc, char **argv);

#endif
