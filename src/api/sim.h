/* sim: a simulation in the public interface: a clock for several networks, and what a test does to
 * them.
 */
#ifndef XY_API_SIM_H
#define XY_API_SIM_H

#include "api/network.h"
#include "sim/sim_clock.h"
#include "world/simulated_world.h"
#include "xylem_sim.h"

/* It is freed when it is closed, and all networks that were opened on it are. */
struct xylem_sim {
    xy_handle handle;
    bool closed;
    size_t users; /* networks that have not been freed */
    xy_sim_clock clock;
    xy_rules rules;
    xy_fault_rates rates;   /* of networks that begin */
    xy_draw seeds, numbers; /* of networks, and for the test */
    uint64_t seed;
    xylem *networks; /* those that have a world: a list, the oldest first */
    uint64_t faults[XY_SIM_FAULTS];
    uint64_t steps;          /* of networks that were closed */
    xylem_sim_counts counts; /* for the caller */
    xylem_sim_observer observer;
    void *owner;
    unsigned in_hand; /* what the message is that a node has got last: see xy_occasion_of */
};

/* A network that has just been opened is one of the simulation. */
void xy_sim_attach(xylem_sim *sim, xylem *network);

/* Has all that happens in a network of a simulation seen by its observer and its trace. */
void xy_sim_watch(xylem *network);

/* A fault is going to happen: it is counted and seen. */
void xy_sim_count(xylem *network, xy_life node, int64_t id, enum xylem_sim_fault fault);

#endif
