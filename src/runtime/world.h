/* world: what a network needs of the world that it lives in. Each world runs the machine of the
 * controlling node, and those of the compute nodes wherever they are.
 */
#ifndef XY_WORLD_H
#define XY_WORLD_H

#include "core/machine.h"
#include "runtime/log.h"

typedef struct xy_world xy_world;

typedef struct xy_world_options {
    xy_machine controller;
    enum xylem_transport transport; /* of the process world */
    uint64_t seed;                  /* of the simulated world */
    enum xylem_log_level log_level;
    void (*deliver)(void *owner, const xy_action *action); /* takes replies and notices */
    void *owner;
} xy_world_options;

/* Each begins one world, which the caller ends with its close. The machine of the controlling node
 * must last longer. NULL, and the reason, when it cannot be had. */
xy_world *xy_thread_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE]);
xy_world *xy_process_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE]);
xy_world *xy_simulated_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE]);

typedef struct xy_world_ops {
    int64_t (*now)(const xy_world *world);

    /* Does what the controlling node's queue holds: after a command. */
    void (*perform)(xy_world *world);

    /* Does what can be done without waiting; true when there may be more. */
    bool (*work)(xy_world *world);

    /* Waits, or lets virtual time pass, until there may be something to do, until `until_ms` at
     * most. */
    void (*wait)(xy_world *world, int64_t until_ms);

    /* Returns from waiting; may be called from anywhere. */
    void (*wake)(xy_world *world);

    /* A descriptor that becomes readable when there is something to do, once `arm` was called;
     * `due_ms`: when it is to be readable at the latest. -1: there is none. */
    int (*fd)(const xy_world *world);
    void (*arm)(xy_world *world, int64_t due_ms);

    /* Whether the machine has stopped. */
    bool (*stopped)(const xy_world *world);

    /* Does what the action FAULT says to a node, from outside of the network. */
    void (*fault)(xy_world *world, const xy_message *target);

    /* Clears up after a node that is over, wherever its parent could not; may be NULL. */
    void (*forget)(xy_world *world, uint64_t incarnation);

    /* Ends whatever is left of the nodes, by force, and the world. */
    void (*close)(xy_world *world);
} xy_world_ops;

struct xy_world {
    const xy_world_ops *ops;
};

#endif
