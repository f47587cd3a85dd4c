/* Faults that a test has happen at once, to a node or to links of one network of a simulation. */
#include "api/sim.h"

#include <stdlib.h>

static const int64_t longest_us = INT64_C(1000) * INT32_MAX;

static int refuse(int error, const char *why)
{
    xy_handle_refuse(NULL, why);
    return error;
}

/* Begins a call, which xy_network_leave ends. */
static int enter(xylem *network)
{
    int error = xy_network_use(network);
    if (error || (network->sim && !network->closed))
        return error;
    xy_network_leave(network);
    return refuse(XYLEM_INVALID,
                  "the network is of no simulation: xylem_sim_network opens one that is");
}

static int leave(xylem *network, int error)
{
    xy_network_leave(network);
    if (error == XYLEM_NOT_FOUND)
        return refuse(error, "there is no such node");
    if (error == XYLEM_UNAVAILABLE)
        return refuse(error, "the node has not started, or has ended");
    return error;
}

/* The life of a node that a fault can happen to. */
static int find(xylem *network, int64_t id, xy_life *life)
{
    const xy_map_node *node = xy_map_find(&network->controller.map, id);
    if (!node)
        return XYLEM_NOT_FOUND;
    *life = node->life;
    return xy_simulation_lives(network->world, *life) ? XYLEM_OK : XYLEM_UNAVAILABLE;
}

static int find_any(xylem *network, int64_t id, xy_life *life)
{
    *life = (xy_life){0};
    return id == XYLEM_CONTROLLER ? XYLEM_OK : find(network, id, life);
}

static bool is_time(int64_t us)
{
    return us >= 0 && us <= longest_us;
}

static const char bad_time[] = "the time is not from 0 to 2147483647000 us";

int xylem_sim_crash(xylem *network, int64_t id)
{
    xy_life life;
    int error = enter(network);
    if (error)
        return error;
    error = find(network, id, &life);
    if (!error) {
        xy_sim_count(network, life, id, XYLEM_SIM_CRASH);
        xy_simulation_crash(network->world, life);
    }
    return leave(network, error);
}

int xylem_sim_pause(xylem *network, int64_t id, int64_t us)
{
    xy_life life;
    if (!is_time(us))
        return refuse(XYLEM_INVALID, bad_time);
    int error = enter(network);
    if (error)
        return error;
    error = find_any(network, id, &life);
    if (!error) {
        xy_sim_count(network, life, id, XYLEM_SIM_PAUSE);
        xy_simulation_hold(network->world, life, us);
    }
    return leave(network, error);
}

int xylem_sim_slow(xylem *network, int64_t id, int64_t by_us, int64_t us)
{
    xy_life life;
    if (!is_time(us) || !is_time(by_us))
        return refuse(XYLEM_INVALID, bad_time);
    int error = enter(network);
    if (error)
        return error;
    error = find_any(network, id, &life);
    if (!error) {
        xy_sim_count(network, life, id, XYLEM_SIM_SLOW);
        xy_simulation_slow(network->world, life, by_us, us);
    }
    return leave(network, error);
}

/* Links. */

int xylem_sim_hold(xylem *network, int64_t id, unsigned ways)
{
    xy_life life;
    if (ways == 0 || ways & ~(unsigned)(XYLEM_SIM_DOWN | XYLEM_SIM_UP))
        return refuse(XYLEM_INVALID, "the ways are not bits of enum xylem_sim_way");
    int error = enter(network);
    if (error)
        return error;
    error = find(network, id, &life);
    if (!error) {
        xy_sim_count(network, life, id, XYLEM_SIM_HOLD);
        xy_simulation_hold_link(network->world, life, ways);
    }
    return leave(network, error);
}

int xylem_sim_release(xylem *network, int64_t id)
{
    xy_life life;
    int error = enter(network);
    if (error)
        return error;
    if (id == XYLEM_ANY) {
        xy_simulation_release_all(network->world);
    } else {
        error = find(network, id, &life);
        if (!error)
            xy_simulation_release(network->world, life);
    }
    return leave(network, error);
}

/* The lives of nodes, which the caller frees; an error, and there are none. */
static int find_all(xylem *network, const int64_t *ids, size_t count, xy_life **lives)
{
    int error = XYLEM_OK;
    *lives = calloc(count + 1, sizeof **lives);
    if (!*lives)
        return XYLEM_NO_MEMORY;
    for (size_t i = 0; i < count && !error; i++)
        error = find(network, ids[i], &(*lives)[i]);
    if (error)
        free(*lives);
    return error;
}

int xylem_sim_partition(xylem *network, const int64_t *ids, size_t count)
{
    xy_life *lives;
    if (!ids && count > 0)
        return refuse(XYLEM_INVALID, "the ids are NULL");
    int error = enter(network);
    if (error)
        return error;
    error = find_all(network, ids, count, &lives);
    if (!error) {
        for (size_t i = 0; i < count; i++)
            xy_sim_count(network, lives[i], ids[i], XYLEM_SIM_PARTITION);
        xy_simulation_separate(network->world, lives, count);
        free(lives);
    }
    return leave(network, error);
}

int xylem_sim_heal(xylem *network)
{
    int error = enter(network);
    if (error)
        return error;
    xy_simulation_heal(network->world);
    return leave(network, XYLEM_OK);
}

/* The trace, from the next event on. */

int xylem_sim_trace(xylem *network, FILE *file)
{
    static const char *const repairs[] = {
        [XY_REPAIR_NONE] = "none", [XY_REPAIR_ADOPT] = "adopt", [XY_REPAIR_RESTART] = "restart"};
    int error = enter(network);
    if (error)
        return error;
    network->traced = file != NULL;
    if (file)
        xy_trace_begin(&network->trace, file, network->sim->seed,
                       network->controller.topology->name, repairs[network->controller.repair]);
    return leave(network, XYLEM_OK);
}
