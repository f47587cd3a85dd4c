/* world: what a network needs of the world that it lives in: a link, a launcher and a clock. Each
 * world runs the controlling node by a driver, and the compute nodes wherever they are.
 */
#ifndef XY_WORLD_H
#define XY_WORLD_H

#include "core/controller.h"
#include "driver/log.h"

typedef struct xy_world xy_world;

typedef struct xy_world_options {
    /* The controlling node, which has not begun. The world begins it, with `begin` and what only
     * the world knows: `address`, `keyed` and `seed`, which the caller leaves out. It clears it at
     * its own end. The memory is the caller's and lasts longer. */
    xy_controller *controller;
    xy_controller_options begin;

    enum xylem_transport transport; /* of the process world */
    uint64_t seed;                  /* of the simulated world, */
    struct xy_sim_clock *clock;     /* and its clock, lent; lasts longer; NULL: one of its own */
    enum xylem_log_level log_level;
    xy_log_sink *log; /* lent; lasts longer; NULL: standard error */

    /* Takes a REPLY, NOTICE or ROOM. The action is lent for the call; the text may be taken out of
     * a reply. It may not call the world. */
    void (*deliver)(void *owner, xy_action *action);
    void *owner;
} xy_world_options;

/* Each begins one world, which the caller ends with its close. NULL, and the error, when it cannot
 * be had: then the controlling node has not begun either. */
xy_world *xy_thread_world(const xy_world_options *options, xy_error *error);
xy_world *xy_process_world(const xy_world_options *options, xy_error *error);
xy_world *xy_simulated_world(const xy_world_options *options, xy_error *error);

/* One thread uses a world at a time; only `wake` may be called by any thread, and by signal
 * handlers. */
typedef struct xy_world_ops {
    int turn; /* how many calls of `work` are one bounded turn */

    int64_t (*now)(const xy_world *world);

    /* Gives the controlling node a command, and performs the actions that come of it; returns the
     * command's number. The reply may have been delivered then. */
    uint64_t (*command)(xy_world *world, const xy_command *command);

    /* Does what can be done without waiting; true when there may be more. */
    bool (*work)(xy_world *world);

    /* Waits, or lets virtual time pass, until there may be something to do, until `until_ms` at
     * most. */
    void (*wait)(xy_world *world, int64_t until_ms);

    /* Waits a short while for a message alone, and does what it says: for the reply of a node. What
     * `work` would find, and `wake`, are late by as long. NULL: this saves nothing. */
    void (*listen)(xy_world *world, int64_t until_ms);

    /* Returns from waiting. */
    void (*wake)(xy_world *world);

    /* A descriptor that becomes readable when there is something to do, once `arm` was called;
     * `due_ms`: when it is to be readable at the latest. -1: there is none. */
    int (*fd)(const xy_world *world);
    void (*arm)(xy_world *world, int64_t due_ms);

    /* Whether the controlling node has stopped: every life is over. */
    bool (*stopped)(const xy_world *world);

    /* Ends whatever is left of the nodes, by force, and the world. Delivers nothing. */
    void (*close)(xy_world *world);

    /* In a child made by fork: frees memory of the world, clears the controlling node, and touches
     * nothing that its parent has: no socket, descriptor, process or file. */
    void (*discard)(xy_world *world);
} xy_world_ops;

struct xy_world {
    const xy_world_ops *ops;
};

#endif
