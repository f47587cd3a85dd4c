/* The nodes of a network in the public interface: making and ending them, asking them, and what the
 * controlling node knows of them. */
#include "api/future.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"

/* Making and ending. */

static_assert(XYLEM_CONTROLLER == XY_PARENT_CONTROLLER, "parents"); /* NOLINT: it is meant so */
static_assert(XYLEM_ANY == XY_PARENT_ANY, "parents");               /* NOLINT */

/* Takes the caller's options, and what is wrong with them; NULL: nothing. */
static const char *take_options(xylem_create_options *options, const xylem_create_options *given)
{
    static const xylem_create_options standard = XYLEM_CREATE_OPTIONS;
    *options = standard;
    if (!given)
        return NULL;
    const char *fault =
        xy_network_size_fault(given->size, sizeof *given,
                              "the size of the options is unknown: initialize them with "
                              "XYLEM_CREATE_OPTIONS");
    if (fault)
        return fault;
    *options = *given;
    if (!options->arguments && options->arguments_size > 0)
        return "the option arguments is NULL, and arguments_size is not 0";
    return options->parent >= XYLEM_ANY
               ? NULL
               : "the option parent is not an id, XYLEM_CONTROLLER or XYLEM_ANY";
}

typedef struct birth {
    xy_command command;
    char service[XY_SERVICE_NAME_SIZE]; /* its text */
} birth;

static const char too_long[] = "the arguments of the node are longer than 65536 bytes";

/* The command that creates a node, or the refusal of the call. */
static int prepare_create(xylem *network, int64_t id, const xylem_create_options *given, birth *new)
{
    xylem_create_options options;
    xy_error missing;
    int error = xy_network_use(network);
    if (error)
        return error;
    const char *fault = take_options(&options, given);
    const char *service = options.service ? options.service : network->service;
    bool fits =
        snprintf(new->service, sizeof new->service, "%s", service) < (int)sizeof new->service;
    const xylem_service *found = xy_service_named(service);
    xy_handle_leave(&network->handle);
    new->command = (xy_command){.kind = XY_COMMAND_CREATE,
                                .id = id,
                                .parent = options.parent,
                                .timeout_ms = -1,
                                .text = new->service,
                                .size = strlen(new->service),
                                .arguments = options.arguments,
                                .arguments_size = options.arguments_size,
                                .combines = found && found->combine,
                                .fresh = options.fresh};
    if (id < 0)
        fault = "the id is less than 0";
    if (fault)
        return xy_network_refuse(network, XYLEM_INVALID, fault);
    if (options.arguments_size > XYLEM_ARGUMENTS_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG, too_long);
    if (new->service[0] && fits)
        return XYLEM_OK;
    xy_service_missing(service, &missing);
    return xy_network_refuse(network, missing.code, missing.text);
}

int xylem_create_with(xylem *network, int64_t id, const xylem_create_options *options, int64_t *pid)
{
    birth new;
    int error = prepare_create(network, id, options, &new);
    if (!error)
        error = xy_network_call(network, &new.command);
    if (!error && pid)
        *pid = network->answer.value;
    return error;
}

int xylem_start_create(xylem *network, int64_t id, const xylem_create_options *options,
                       xylem_future **future)
{
    birth new;
    if (future)
        *future = NULL;
    int error = prepare_create(network, id, options, &new);
    return error ? error : xy_future_begin(network, &new.command, future);
}

int xylem_create(xylem *network, int64_t id, int64_t *pid)
{
    return xylem_create_with(network, id, NULL, pid);
}

/* Of a removal that has killed some of so many nodes. */
static void explain_kills(xylem *network, int64_t id, size_t nodes)
{
    long long killed = network->answer.value;
    if (killed > 0 && nodes <= 1)
        xy_error_set(
            &network->error, XYLEM_OK,
            "node %lld did not end in time and was killed: the close function of its service "
            "was not called, or was cut off",
            (long long)id);
    else if (killed > 0)
        xy_error_set(
            &network->error, XYLEM_OK,
            "from node %lld downwards %lld of %zu nodes did not end in time and had to be "
            "killed: the close functions of their services were not called, or were cut off",
            (long long)id, killed, nodes);
}

/* How many nodes the removal of this one ends; 0 also when the network may not be used. */
static size_t extent_of(xylem *network, int64_t id)
{
    if (xy_network_use(network))
        return 0;
    const bool alone = network->controller.topology->arranges;
    xy_map_node *top = xy_map_find(&network->controller.map, id);
    size_t extent = top ? 1 : 0;
    for (xy_map_node *node = top; node && !alone; node = xy_map_below(top, node, XY_WANTED))
        extent += node != top;
    xy_handle_leave(&network->handle);
    return extent;
}

int xylem_remove(xylem *network, int64_t id)
{
    size_t nodes = extent_of(network, id);
    int error = xy_network_call(
        network, &(xy_command){.kind = XY_COMMAND_REMOVE, .id = id, .timeout_ms = -1});
    if (!error)
        explain_kills(network, id, nodes);
    return error;
}

int xylem_start_remove(xylem *network, int64_t id, xylem_future **future)
{
    return xy_future_begin(
        network, &(xy_command){.kind = XY_COMMAND_REMOVE, .id = id, .timeout_ms = -1}, future);
}

static const char no_parent[] = "the parent is not an id or XYLEM_CONTROLLER";

int xylem_move(xylem *network, int64_t id, int64_t parent)
{
    if (parent < XYLEM_CONTROLLER)
        return xy_network_refuse(network, XYLEM_INVALID, no_parent);
    return xy_network_call(
        network,
        &(xy_command){.kind = XY_COMMAND_MOVE, .id = id, .parent = parent, .timeout_ms = -1});
}

int xylem_start_move(xylem *network, int64_t id, int64_t parent, xylem_future **future)
{
    if (future)
        *future = NULL;
    if (parent < XYLEM_CONTROLLER)
        return xy_network_refuse(network, XYLEM_INVALID, no_parent);
    return xy_future_begin(
        network,
        &(xy_command){.kind = XY_COMMAND_MOVE, .id = id, .parent = parent, .timeout_ms = -1},
        future);
}

/* Asking. */

int xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size, const char **reply,
                     size_t *reply_size)
{
    if (size > XYLEM_TEXT_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG, "");
    if (!text && size > 0)
        return xy_network_refuse(network, XYLEM_INVALID, "the text is NULL");
    int error = xy_network_call(
        network,
        &(xy_command){
            .kind = XY_COMMAND_EXEC, .id = id, .timeout_ms = -1, .text = text, .size = size});
    if (error)
        return error;
    if (reply)
        *reply = network->answer.text ? (const char *)network->answer.text : "";
    if (reply_size)
        *reply_size = network->answer.size;
    return XYLEM_OK;
}

int xylem_exec(xylem *network, int64_t id, const char *text, const char **reply)
{
    if (!text)
        return xy_network_refuse(network, XYLEM_INVALID, "the text is NULL");
    return xylem_exec_bytes(network, id, text, strlen(text), reply, NULL);
}

int xylem_ping(xylem *network, int64_t id)
{
    return xy_network_call(network,
                           &(xy_command){.kind = XY_COMMAND_PING, .id = id, .timeout_ms = -1});
}

int xylem_start_ping(xylem *network, int64_t id, xylem_future **future)
{
    return xy_future_begin(
        network, &(xy_command){.kind = XY_COMMAND_PING, .id = id, .timeout_ms = -1}, future);
}

int xylem_heartbeat(xylem *network, int64_t interval_ms)
{
    if (!xy_network_is_duration(interval_ms))
        return xy_network_refuse(network, XYLEM_INVALID,
                                 "the interval is not from 0 to 2147483647 ms");
    return xy_network_call(network,
                           &(xy_command){.kind = XY_COMMAND_HEARTBEAT, .value = interval_ms});
}

int xylem_wait(xylem *network, int64_t id, bool available, int64_t timeout_ms)
{
    if (timeout_ms > INT32_MAX)
        return xy_network_refuse(network, XYLEM_INVALID, "the timeout is above 2147483647 ms");
    return xy_network_call(network, &(xy_command){.kind = XY_COMMAND_WAIT,
                                                  .id = id,
                                                  .value = available,
                                                  .timeout_ms = timeout_ms});
}

/* Faults. */

static int inject(xylem *network, int64_t id, xy_fault fault)
{
    return xy_network_call(
        network,
        &(xy_command){.kind = XY_COMMAND_FAULT, .id = id, .value = fault, .timeout_ms = -1});
}

int xylem_kill(xylem *network, int64_t id)
{
    return inject(network, id, XY_FAULT_KILL);
}

int xylem_pause(xylem *network, int64_t id)
{
    return inject(network, id, XY_FAULT_PAUSE);
}

int xylem_resume(xylem *network, int64_t id)
{
    return inject(network, id, XY_FAULT_RESUME);
}

/* What is known. */

bool xy_network_shows(const xy_map_node *node)
{
    return node->stage == XY_STAGE_PRESENT || node->stage == XY_STAGE_RESTARTING;
}

static int64_t now(const xylem *network)
{
    return network->closed ? 0 : network->world->ops->now(network->world);
}

static xylem_node describe(const xy_map_node *node, int64_t now_ms)
{
    const xy_map_node *parent = node->wanted.parent;
    xylem_node result = {.size = sizeof result,
                         .id = node->id,
                         .life = node->life.number,
                         .parent = parent ? parent->id : XYLEM_CONTROLLER,
                         .pid = node->pid,
                         .available = node->available,
                         .children = node->wanted.children,
                         .service = node->service,
                         .requests = node->asked,
                         .heard_ms = now_ms - node->heard_ms,
                         .restarts = node->restarts};
    return result;
}

/* A walk over all nodes that knows how deep it is: each step costs the same, on average. */
struct walk {
    xy_map_node *node; /* NULL: it is over */
    size_t depth;
};

static struct walk walk_begin(const xylem *network)
{
    return (struct walk){.node = network->controller.map.wanted.first_child};
}

static void walk_on(struct walk *walk)
{
    xy_map_node *from = walk->node;
    walk->node = xy_map_after(from, XY_WANTED);
    if (!walk->node)
        return;
    walk->depth++;
    for (; from != walk->node->wanted.parent; from = from->wanted.parent)
        walk->depth--;
}

static int compare(const void *id, const void *node)
{
    const int64_t one = *(const int64_t *)id, other = ((const xylem_node *)node)->id;
    return (one > other) - (one < other);
}

static void fill_depths(const xylem *network, xylem_node *nodes, size_t count)
{
    for (struct walk walk = walk_begin(network); walk.node; walk_on(&walk)) {
        xylem_node *node = bsearch(&walk.node->id, nodes, count, sizeof *nodes, compare);
        if (node)
            node->depth = walk.depth;
    }
}

/* The nodes, and before them a pointer to each. */
static size_t fill_list(const xylem *network, const xylem_node **list)
{
    const xy_map *map = &network->controller.map;
    xylem_node *nodes = (xylem_node *)(list + map->count);
    const int64_t now_ms = now(network);
    size_t listed = 0;
    for (const xy_map_node *node = map->lowest; node; node = node->higher)
        if (xy_network_shows(node)) {
            nodes[listed] = describe(node, now_ms);
            list[listed] = &nodes[listed];
            listed++;
        }
    fill_depths(network, nodes, listed);
    return listed;
}

int xylem_list(xylem *network, const xylem_node *const **nodes, size_t *count)
{
    int error = xy_network_enter(network);
    if (error)
        return error;
    size_t most = network->controller.map.count + 1;
    void *list = realloc(network->nodes, most * (sizeof(xylem_node *) + sizeof(xylem_node)));
    if (list) {
        network->nodes = list;
        *count = fill_list(network, list);
        *nodes = list;
    }
    xy_network_leave(network);
    return list ? XYLEM_OK : XYLEM_NO_MEMORY;
}

int xylem_info(xylem *network, int64_t id, const xylem_node **node)
{
    int error = xy_network_enter(network);
    if (error)
        return error;
    const xy_map_node *found = xy_map_find(&network->controller.map, id);
    bool shown = found && xy_network_shows(found);
    if (shown) {
        network->node = describe(found, now(network));
        network->node.depth = xy_map_depth(found, XY_WANTED);
        *node = &network->node;
    }
    xy_network_leave(network);
    return shown ? XYLEM_OK : XYLEM_NOT_FOUND;
}

static xylem_counts count(const xylem *network)
{
    const xy_controller *controller = &network->controller;
    xylem_counts counts = {.size = sizeof counts,
                           .requests = xy_requests_count(&controller->requests) +
                                       xy_requests_count(&controller->waits),
                           .false_silences = controller->counts.false_silences,
                           .moves = controller->counts.moves,
                           .repairs = controller->counts.repairs,
                           .restarts = controller->counts.restarts,
                           .adrift_ms = controller->counts.adrift_ms,
                           .states_lost = controller->states.lost};
    for (struct walk walk = walk_begin(network); walk.node; walk_on(&walk)) {
        if (!xy_network_shows(walk.node))
            continue;
        counts.nodes++;
        counts.unavailable += !walk.node->available;
        if (walk.depth >= counts.depth)
            counts.depth = walk.depth + 1;
    }
    return counts;
}

int xylem_status(xylem *network, const xylem_counts **counts)
{
    int error = xy_network_enter(network);
    if (error)
        return error;
    network->counts = count(network);
    *counts = &network->counts;
    xy_network_leave(network);
    return XYLEM_OK;
}
