/* A supervisor: it watches what becomes of its nodes, and recreates those that die.
 *
 *     supervisor thread|ipc|tcp|simulated
 *
 * Events say that something has happened; what is to be done about it follows from how things are.
 * So every event has the same answer: whatever is missing is created, from the top of the tree
 * downwards. That is right also when several nodes die at once, or while others are recreated. To
 * show it, the program kills a leaf of its tree, and then the node above all others.
 */
#include "world.h"

static const int64_t ids[] = {50, 25, 75}; /* each comes after the one that is above it */

enum { NODES = sizeof ids / sizeof *ids };

static bool is_available(xylem *network, int64_t id)
{
    return xylem_wait(network, id, true, 0) == XYLEM_OK;
}

/* The place of a dead node is free once it is removed, and with it all that is below it. */
static int restore(xylem *network, int64_t id)
{
    int error = xylem_remove(network, id);
    if (!error || error == XYLEM_NOT_FOUND)
        error = xylem_create(network, id, NULL);
    if (!error)
        printf("node %d is there again\n", (int)id);
    return error;
}

/* What is above it may die just now: then there will be another event, and another attempt. */
static int restore_all(xylem *network)
{
    int error = XYLEM_OK;
    for (size_t i = 0; !error && i < NODES; i++)
        if (!is_available(network, ids[i]))
            error = restore(network, ids[i]);
    return error == XYLEM_PARENT_UNAVAILABLE ? XYLEM_OK : error;
}

/* Whether a node has died. A node that hung may also become available again. */
static bool take_events(xylem *network)
{
    const xylem_event *event;
    bool dead = false;
    while ((event = xylem_next_event(network))) {
        if (event->kind != XYLEM_NODE_UNAVAILABLE)
            continue;
        printf("node %d is unavailable\n", (int)event->id);
        dead = true;
    }
    return dead;
}

static bool is_complete(xylem *network)
{
    for (size_t i = 0; i < NODES; i++)
        if (!is_available(network, ids[i]))
            return false;
    return true;
}

/* What a supervisor does all the time: here until a node has died and all are there again. */
static int supervise(xylem *network)
{
    bool repaired = false;
    int error = XYLEM_OK;
    while (!error && !repaired) {
        error = xylem_run(network, 1000); /* less, if there is an event */
        if (error || !take_events(network))
            continue;
        error = restore_all(network);
        repaired = is_complete(network);
    }
    return error;
}

static int survive(xylem *network, int64_t id)
{
    printf("node %d is killed\n", (int)id);
    int error = xylem_kill(network, id);
    return error ? error : supervise(network);
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem_worker(argc, argv);
    options.heartbeat_ms = 1000; /* who dies is missed at once, who hangs after four of these */
    xylem *network = open_network(argv, options);
    int error = XYLEM_OK;
    for (size_t i = 0; !error && i < NODES; i++)
        error = xylem_create(network, ids[i], NULL);
    if (!error)
        error = survive(network, 75);
    if (!error)
        error = survive(network, 50);
    return close_network(network, error);
}
