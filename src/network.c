/* network: the public interface, over a controlling node and a world. */
#include "network.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/process.h"

/* Events. */

static xylem_event *event_at(const xylem *network, size_t index)
{
    size_t at = network->first + index;
    return &network->events[at < network->capacity ? at : at - network->capacity];
}

/* Of more events than that, which nobody takes, the oldest are lost. */
enum { EVENTS_MAX = 65536 };

static bool make_room(xylem *network)
{
    xylem_event oldest;
    if (network->count == EVENTS_MAX)
        xylem_next_event(network, &oldest);
    if (network->count < network->capacity)
        return true;
    size_t capacity = network->capacity ? 2 * network->capacity : 16;
    xylem_event *events = malloc(capacity * sizeof *events);
    if (!events)
        return false;
    for (size_t i = 0; i < network->count; i++)
        events[i] = *event_at(network, i);
    free(network->events);
    network->events = events;
    network->first = 0;
    network->capacity = capacity;
    return true;
}

static void add_event(xylem *network, const xy_message *notice)
{
    xylem_event event = {notice->value ? XYLEM_NODE_AVAILABLE : XYLEM_NODE_UNAVAILABLE, notice->id};
    if (make_room(network))
        *event_at(network, network->count++) = event;
}

bool xylem_next_event(xylem *network, xylem_event *event)
{
    if (network->count == 0)
        return false;
    *event = *event_at(network, 0);
    network->first = network->first + 1 < network->capacity ? network->first + 1 : 0;
    network->count--;
    return true;
}

/* What the controlling node says to its network. */

static void take_reply(xylem *network, const xy_action *action)
{
    const xy_message *reply = &action->message;
    if (reply->request != network->request) {
        xy_futures_take(network, action); /* or of a call that was interrupted */
        return;
    }
    network->reply = *action;
    network->reply.message.payload = NULL;
    network->text = malloc((size_t)reply->payload_size + 1);
    network->size = network->text ? reply->payload_size : 0;
    if (network->size > 0)
        memcpy(network->text, reply->payload, reply->payload_size);
    if (network->text)
        network->text[network->size] = '\0';
    else if (!reply->status)
        network->reply.message.status = XYLEM_NO_MEMORY;
    network->request = 0;
}

static void deliver(void *owner, const xy_action *action)
{
    xylem *network = owner;
    if (action->kind == XY_ACTION_REPLY)
        take_reply(network, action);
    else if (action->kind == XY_ACTION_NOTICE)
        add_event(network, &action->message);
    else if (action->kind == XY_ACTION_FAULT)
        network->world->ops->fault(network->world, &action->message);
    else if (action->kind == XY_ACTION_FORGET && network->world->ops->forget)
        network->world->ops->forget(network->world, action->message.incarnation);
}

/* Calls. */

static void forget_answer(xylem *network)
{
    free(network->text);
    network->text = NULL;
    network->reason[0] = '\0';
}

int xy_network_refuse(xylem *network, int error)
{
    forget_answer(network);
    return error;
}

void xy_network_arm(xylem *network)
{
    if (!network->polled)
        return;
    bool news = network->count > 0 || network->finished != NULL;
    int64_t due_ms = news ? 0 : xy_controller_deadline(&network->controller);
    network->world->ops->arm(network->world, due_ms);
}

void xy_network_rest(xylem *network)
{
    xy_futures_call_back(network);
    xy_network_arm(network);
}

static bool has_reason(int status)
{
    return status == XYLEM_CANNOT_START || status == XYLEM_FAILED;
}

static int finish(xylem *network)
{
    const char *text = network->text ? network->text : "";
    int status = network->reply.message.status;
    if (has_reason(status))
        snprintf(network->reason, sizeof network->reason, "%s", text);
    xy_network_arm(network);
    return status;
}

uint64_t xy_network_command(xylem *network, const xy_command *command)
{
    const xy_world_ops *ops = network->world->ops;
    uint64_t request =
        xy_controller_command(&network->controller, command, ops->now(network->world));
    ops->perform(network->world);
    return request;
}

bool xy_network_run(xylem *network, int64_t until_ms, bool (*enough)(const void *context),
                    const void *context)
{
    const xy_world_ops *ops = network->world->ops;
    while (!enough(context) && !atomic_load(&network->interrupted)) {
        bool busy = ops->work(network->world);
        if (until_ms != XY_NEVER && ops->now(network->world) >= until_ms)
            break;
        if (!busy && !enough(context))
            ops->wait(network->world, until_ms);
    }
    return enough(context);
}

static bool is_answered(const void *network)
{
    return ((const xylem *)network)->request == 0;
}

/* Has the controlling node do a command, and waits for its reply. The command may be about the
 * answer of the one before. */
static int call(xylem *network, const xy_command *command)
{
    char *before = network->text;
    if (network->closed)
        return xy_network_refuse(network, XYLEM_INTERRUPTED);
    network->text = NULL;
    network->request = network->controller.request + 1;
    xy_network_command(network, command);
    free(before);
    network->reason[0] = '\0';
    if (!xy_network_run(network, XY_NEVER, is_answered, network)) {
        network->request = 0;
        network->reply.message.status = XYLEM_INTERRUPTED;
    }
    return finish(network);
}

int xylem_create_with(xylem *network, int64_t id, const char *service, int64_t *pid)
{
    const char *name = service ? service : network->service;
    if (id < 0)
        return xy_network_refuse(network, XYLEM_INVALID);
    if (!name[0] || strlen(name) >= XYLEM_SERVICE_NAME_SIZE) {
        snprintf(network->reason, sizeof network->reason, "there is no service '%.100s'", name);
        return XYLEM_CANNOT_START;
    }
    int error = call(network, &(xy_command){.kind = XY_COMMAND_CREATE,
                                            .id = id,
                                            .timeout_ms = -1,
                                            .text = name,
                                            .size = strlen(name)});
    if (!error && pid)
        *pid = network->reply.message.value;
    return error;
}

int xylem_create(xylem *network, int64_t id, int64_t *pid)
{
    return xylem_create_with(network, id, NULL, pid);
}

int xylem_remove(xylem *network, int64_t id)
{
    return call(network, &(xy_command){.kind = XY_COMMAND_REMOVE, .id = id, .timeout_ms = -1});
}

int xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size, const char **reply,
                     size_t *reply_size)
{
    if (size > XYLEM_TEXT_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG);
    int error =
        call(network,
             &(xy_command){
                 .kind = XY_COMMAND_EXEC, .id = id, .timeout_ms = -1, .text = text, .size = size});
    if (!error && reply)
        *reply = network->text;
    if (!error && reply_size)
        *reply_size = network->size;
    return error;
}

int xylem_exec(xylem *network, int64_t id, const char *text, const char **reply)
{
    return xylem_exec_bytes(network, id, text, strlen(text), reply, NULL);
}

int xylem_ping(xylem *network, int64_t id)
{
    return call(network, &(xy_command){.kind = XY_COMMAND_PING, .id = id, .timeout_ms = -1});
}

static bool is_duration(int64_t ms)
{
    return ms >= 0 && ms <= INT32_MAX;
}

int xylem_heartbeat(xylem *network, int64_t interval_ms)
{
    if (!is_duration(interval_ms))
        return xy_network_refuse(network, XYLEM_INVALID);
    return call(network, &(xy_command){.kind = XY_COMMAND_PACE, .value = interval_ms});
}

int xylem_wait(xylem *network, int64_t id, bool available, int64_t timeout_ms)
{
    if (timeout_ms > INT32_MAX)
        return xy_network_refuse(network, XYLEM_INVALID);
    return call(network, &(xy_command){.kind = XY_COMMAND_WAIT,
                                       .id = id,
                                       .value = available,
                                       .timeout_ms = timeout_ms});
}

static int inject(xylem *network, int64_t id, xy_fault fault)
{
    return call(network, &(xy_command){.kind = XY_COMMAND_FAULT, .id = id, .value = fault});
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

/* The list. */

static xylem_node describe(const xy_tree_node *node)
{
    xylem_node result = {.id = node->id,
                         .parent = node->parent ? node->parent->id : XY_NO_ID,
                         .pid = node->pid,
                         .depth = node->depth,
                         .available = node->available};
    return result;
}

int xylem_list(xylem *network, const xylem_node **nodes, size_t *count)
{
    const xy_tree *tree = &network->controller.tree;
    xylem_node *list = realloc(network->nodes, (tree->count + 1) * sizeof *list);
    if (!list)
        return XYLEM_NO_MEMORY;
    network->nodes = list;
    size_t listed = 0;
    for (xy_tree_node *node = xy_tree_first(tree->root); node;
         node = xy_tree_next(tree->root, node))
        if (node->stage == XY_STAGE_PRESENT)
            list[listed++] = describe(node);
    *nodes = list;
    *count = listed;
    return XYLEM_OK;
}

/* Letting it run. */

/* Who is called back waits for nobody who is to be called back after it. */
static bool may_rest(const xylem *network)
{
    return network->count == 0 && (!network->finished || network->calling_back) &&
           !atomic_load(&network->interrupted);
}

/* How much longer there may be something to do at once, when the time is over. */
enum { OVERTIME_MS = 100 };

int xylem_run(xylem *network, int64_t duration_ms)
{
    const xy_world_ops *ops = network->world->ops;
    if (duration_ms > 0 && !is_duration(duration_ms))
        return xy_network_refuse(network, XYLEM_INVALID);
    if (network->closed)
        return xy_network_refuse(network, XYLEM_INTERRUPTED);
    int64_t until_ms = ops->now(network->world) + (duration_ms > 0 ? duration_ms : 0);
    forget_answer(network);
    for (;;) {
        bool busy = ops->work(network->world);
        int64_t over_ms = ops->now(network->world) - until_ms;
        if (!may_rest(network) || over_ms >= (busy ? OVERTIME_MS : 0))
            break;
        if (!busy)
            ops->wait(network->world, until_ms);
    }
    xy_network_rest(network);
    return atomic_load(&network->interrupted) ? XYLEM_INTERRUPTED : XYLEM_OK;
}

int xylem_fd(xylem *network)
{
    network->polled = true;
    xy_network_arm(network);
    return network->world->ops->fd(network->world);
}

int64_t xylem_now(const xylem *network)
{
    return network->world->ops->now(network->world);
}

void xylem_interrupt(xylem *network)
{
    atomic_store(&network->interrupted, true);
    network->world->ops->wake(network->world);
}

const char *xylem_reason(const xylem *network)
{
    return network->reason;
}

/* Opening and closing. */

void xylem_worker(int argc, char **argv)
{
    xy_process_worker(argc, argv);
}

static bool in_range(const xylem_options *options)
{
    return options->world >= XYLEM_THREAD && options->world <= XYLEM_SIMULATED &&
           (options->transport == XYLEM_IPC || options->transport == XYLEM_TCP) &&
           is_duration(options->heartbeat_ms) && is_duration(options->timeout_ms) &&
           options->timeout_ms > 0 && options->log_level >= XYLEM_LOG_ERROR &&
           options->log_level <= XYLEM_LOG_DEBUG && is_duration(options->job_ms) &&
           options->job_ms > 0 && options->service[0] &&
           strlen(options->service) < XYLEM_SERVICE_NAME_SIZE;
}

/* What the caller has set of the options that his version of them has, and the standard for the
 * rest. False when they are of no version that there was. */
static bool complete(xylem_options *all, const xylem_options *given)
{
    static const xylem_options standard = XYLEM_OPTIONS;
    *all = standard;
    if (!given)
        return true;
    if (given->size != sizeof *given && given->size != offsetof(xylem_options, service))
        return false;
    memcpy(all, given, given->size);
    if (!all->service)
        all->service = standard.service;
    return in_range(all);
}

static xy_world *(*const begin_world[])(const xy_world_options *, char[XYLEM_REASON_SIZE]) = {
    [XYLEM_THREAD] = xy_thread_world,
    [XYLEM_PROCESS] = xy_process_world,
    [XYLEM_SIMULATED] = xy_simulated_world,
};

static int open_world(xylem *network, const xylem_options *options, char *reason)
{
    if (!xy_controller_init(&network->controller, options->timeout_ms, options->heartbeat_ms))
        return XYLEM_NO_MEMORY;
    xy_world_options settings = {.controller = xy_controller_machine(&network->controller),
                                 .transport = options->transport,
                                 .seed = options->seed,
                                 .log_level = options->log_level,
                                 .deliver = deliver,
                                 .owner = network};
    snprintf(network->service, sizeof network->service, "%s", options->service);
    network->job_ms = options->job_ms;
    network->world = begin_world[options->world](&settings, reason);
    if (network->world)
        return XYLEM_OK;
    xy_controller_clear(&network->controller);
    return XYLEM_CANNOT_OPEN;
}

int xylem_open(xylem **result, const xylem_options *given, char reason[XYLEM_REASON_SIZE])
{
    char unread[XYLEM_REASON_SIZE];
    xylem_options options;
    if (!reason)
        reason = unread;
    *result = NULL;
    reason[0] = '\0';
    bool valid = complete(&options, given);
    xylem *network = valid ? calloc(1, sizeof *network) : NULL;
    int error = network ? open_world(network, &options, reason)
                : valid ? XYLEM_NO_MEMORY
                        : XYLEM_INVALID;
    if (error && !reason[0])
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(error));
    if (error)
        free(network);
    else
        *result = network;
    return error;
}

/* How long the nodes may take to end by themselves: the world ends what is left. */
enum { CLOSING_MS = XY_GRACE_MS + 300 };

static void end_nodes(xylem *network)
{
    const xy_world_ops *ops = network->world->ops;
    int64_t until_ms = ops->now(network->world) + CLOSING_MS;
    xy_controller_command(&network->controller, &(xy_command){.kind = XY_COMMAND_CLOSE},
                          ops->now(network->world));
    ops->perform(network->world);
    while (!ops->stopped(network->world) && ops->now(network->world) < until_ms)
        if (!ops->work(network->world) && !ops->stopped(network->world))
            ops->wait(network->world, until_ms);
}

void xylem_close(xylem **result)
{
    xylem *network = *result;
    if (!network)
        return;
    end_nodes(network);
    network->closed = true;
    xy_futures_end(network);
    network->world->ops->close(network->world);
    xy_controller_clear(&network->controller);
    free(network->text);
    free(network->events);
    free(network->nodes);
    free(network);
    *result = NULL;
}
