/* Nodes that get another parent: by a command, by the shape, after a death. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"

/* Moves of a leaf in a binary tree, from one parent to another. */

enum { MOVES = 1000, STEP = 37 };

static xylem *open_binary(const struct setting *setting)
{
    xylem *network = network_open(setting, 0);
    for (int64_t id = 0; id < (int64_t)setting->nodes; id++) {
        xylem_create_options how = XYLEM_CREATE_OPTIONS;
        how.parent = (id + 1) / 2 - 1; /* -1: the controlling node */
        expect(xylem_create_with(network, id, &how, NULL), xylem_reason(network));
    }
    return network;
}

static int64_t parent_of_turn(const struct setting *setting, size_t turn)
{
    size_t others = setting->nodes - 1;
    must(others > 0, "nodes");
    return (int64_t)(turn * STEP % others);
}

double move_xylem(const struct setting *setting)
{
    xylem *network = open_binary(setting);
    double begun = clock_now();
    for (size_t turn = 0; turn < MOVES; turn++)
        expect(xylem_move(network, (int64_t)setting->nodes - 1, parent_of_turn(setting, turn)),
               xylem_reason(network));
    double result = 1e6 * (clock_now() - begun) / MOVES;
    xylem_close(&network);
    return result;
}

/* The floor: it is created there. */
double move_floor(const struct setting *setting)
{
    xylem *network = open_binary(setting);
    double used = 0;
    for (size_t turn = 0; turn < MOVES; turn++) {
        xylem_create_options how = XYLEM_CREATE_OPTIONS;
        how.parent = parent_of_turn(setting, turn);
        expect(xylem_remove(network, (int64_t)setting->nodes - 1), xylem_reason(network));
        double begun = clock_now();
        expect(xylem_create_with(network, (int64_t)setting->nodes - 1, &how, NULL),
               xylem_reason(network));
        used += clock_now() - begun;
    }
    xylem_close(&network);
    return 1e6 * used / MOVES;
}

/* Ids in ascending order: kept balanced, and as a chain. */

static xylem *open_ascending(const struct setting *setting, const char *topology, double *us)
{
    struct setting shaped = *setting;
    shaped.topology = topology;
    xylem *network = network_open(&shaped, 0);
    double begun = clock_now();
    network_chain(network, setting->nodes);
    *us = 1e6 * (clock_now() - begun) / (double)setting->nodes;
    return network;
}

static double ascending(const struct setting *setting, const char *topology)
{
    double us;
    xylem *network = open_ascending(setting, topology, &us);
    xylem_close(&network);
    return us;
}

double avl_create_xylem(const struct setting *setting)
{
    return ascending(setting, "avl");
}

double avl_create_floor(const struct setting *setting)
{
    return ascending(setting, "bst");
}

static int64_t deepest(xylem *network)
{
    const xylem_node *const *nodes, *found = NULL;
    size_t count;
    expect(xylem_list(network, &nodes, &count), "list");
    for (size_t i = 0; i < count; i++)
        if (!found || nodes[i]->depth > found->depth)
            found = nodes[i];
    if (!found)
        give_up("avl", "there is no node");
    return found->id;
}

/* An exec of the node that is farthest away, when no node moves any more. */
static double farthest(const struct setting *setting, const char *topology)
{
    enum { SETTLING_MS = 300, TRIPS = 50 };
    double us;
    xylem *network = open_ascending(setting, topology, &us);
    int64_t id = deepest(network);
    expect(xylem_run(network, SETTLING_MS), "run");
    double begun = clock_now();
    for (int i = 0; i < TRIPS; i++)
        expect(xylem_exec(network, id, "time", NULL), "exec");
    us = 1e6 * (clock_now() - begun) / TRIPS;
    xylem_close(&network);
    return us;
}

double avl_exec_xylem(const struct setting *setting)
{
    return farthest(setting, "avl");
}

double avl_exec_floor(const struct setting *setting)
{
    return farthest(setting, "bst");
}

/* Repair: from the kill of a worker with two children until both answer again. */

enum { KILLS = 10 };

static const xylem_node *with_two_children(const xylem_node *const *nodes, size_t count)
{
    const xylem_node *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (nodes[i]->children == 2 && (!found || nodes[i]->depth > found->depth))
            found = nodes[i];
    must(found, "list");
    return found;
}

static void await_death(xylem *network, int64_t id)
{
    enum { LONGEST_MS = 10000 };
    for (;;) {
        const xylem_event *event = xylem_next_event(network);
        if (event && event->id == id && event->kind == XYLEM_NODE_UNAVAILABLE)
            return;
        if (!event)
            expect(xylem_run(network, LONGEST_MS), "run");
    }
}

/* Seconds; then the node is there again. */
static double repair_one(xylem *network)
{
    const xylem_node *const *nodes;
    int64_t children[2] = {0, 0};
    size_t count, found = 0;
    expect(xylem_list(network, &nodes, &count), "list");
    const xylem_node *node = with_two_children(nodes, count);
    int64_t id = node->id;
    for (size_t i = 0; i < count && found < 2; i++)
        if (nodes[i]->parent == id)
            children[found++] = nodes[i]->id;
    must(found == 2, "list");
    double begun = clock_now();
    must(kill((pid_t)node->pid, SIGKILL) == 0, "kill");
    await_death(network, id);
    for (size_t i = 0; i < 2; i++)
        expect(xylem_ping(network, children[i]), "ping");
    double used = clock_now() - begun;
    expect(xylem_remove(network, id), "remove");
    expect(xylem_create(network, id, NULL), xylem_reason(network));
    return used;
}

double repair_xylem(const struct setting *setting)
{
    double used = 0;
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, 0);
    network_fill(network, ids, setting->nodes);
    for (int i = 0; i < KILLS; i++)
        used += repair_one(network);
    xylem_close(&network);
    free(ids);
    return 1e3 * used / KILLS;
}

/* The floor: until the kernel reports the death of a process. */
double repair_floor(const struct setting *setting)
{
    double used = 0;
    (void)setting;
    for (int i = 0; i < KILLS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            for (;;)
                pause();
        must(pid > 0, "fork");
        struct pollfd death = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
        must(death.fd >= 0, "pidfd");
        double begun = clock_now();
        must(kill(pid, SIGKILL) == 0 && poll(&death, 1, -1) == 1, "kill");
        used += clock_now() - begun;
        close(death.fd);
        waitpid(pid, NULL, 0);
    }
    return 1e3 * used / KILLS;
}
