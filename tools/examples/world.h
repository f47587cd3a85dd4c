/* What the examples share: a network in the world that the command line names. */
#ifndef WORLD_H
#define WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xylem.h>

static const struct world {
    const char *name;
    enum xylem_world world;
    enum xylem_transport transport;
} worlds[] = {
    {"thread", XYLEM_THREAD, XYLEM_IPC},
    {"ipc", XYLEM_PROCESS, XYLEM_IPC},
    {"tcp", XYLEM_PROCESS, XYLEM_TCP},
    {"simulated", XYLEM_SIMULATED, XYLEM_IPC},
};

static inline _Noreturn void show_usage(const char *program)
{
    fprintf(stderr, "usage: %s thread|ipc|tcp|simulated\n", program);
    exit(2);
}

static inline const struct world *find_world(const char *name)
{
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        if (name && strcmp(worlds[i].name, name) == 0)
            return &worlds[i];
    return NULL;
}

/* Opens a network in the world that the first argument names, or ends the program. */
static inline xylem *open_network(char **argv, xylem_options options)
{
    const struct world *world = find_world(argv[1]);
    xylem *network;
    if (!world)
        show_usage(argv[0]);
    options.world = world->world;
    options.transport = world->transport;
    if (xylem_open(&network, &options)) {
        fprintf(stderr, "%s: %s\n", argv[0], xylem_reason(NULL));
        exit(1);
    }
    return network;
}

/* The network's descriptor, for an event loop; ends the program in the simulated world. */
static inline int descriptor_of(xylem *network)
{
    int descriptor = xylem_fd(network);
    if (descriptor >= 0)
        return descriptor;
    fprintf(stderr,
            "the simulated world has no descriptor, because nothing happens there by itself\n");
    xylem_close(&network);
    exit(2);
}

/* Says what went wrong, if something did, ends the network, and returns the program's status. */
static inline int close_network(xylem *network, int error)
{
    if (error)
        fprintf(stderr, "%s %s\n", xylem_strerror(error), xylem_reason(network));
    xylem_close(&network);
    return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
