/* network: the public interface, over a controlling node and a world. */
#include "api/network.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/sim.h"
#include "core/memory.h"
#include "service/service.h"
#include "world/process_world.h"

static xy_handle *handle_of(xylem *network)
{
    return network ? &network->handle : NULL;
}

/* Events. */

/* Of more events than that, which are not taken, the oldest are lost. */
enum { EVENTS_MAX = 65536 };

/* One that waits to be taken. */
struct waiting {
    xylem_event event;
    uint64_t turn;
};

static void add_event(xylem *network, const xylem_event *event)
{
    const struct waiting new = {*event, network->turns + 1};
    struct waiting oldest;
    if (network->events.count == EVENTS_MAX)
        xy_ring_pop(&network->events, &oldest);
    if (!xy_ring_push(&network->events, &new))
        return;
    network->turns++;
    network->news = true;
}

static const enum xylem_event_kind event_kinds[] = {
    [XY_NOTICE_UNAVAILABLE] = XYLEM_NODE_UNAVAILABLE, [XY_NOTICE_AVAILABLE] = XYLEM_NODE_AVAILABLE,
    [XY_NOTICE_ADOPTED] = XYLEM_NODE_ADOPTED,         [XY_NOTICE_RESTARTED] = XYLEM_NODE_RESTARTED,
    [XY_NOTICE_RETIRED] = XYLEM_NODE_RETIRED,
};

static void add_notice(xylem *network, const xy_action *action)
{
    const xy_notice kind = action->notice.kind;
    const bool counts = kind == XY_NOTICE_RESTARTED || kind == XY_NOTICE_RETIRED;
    xylem_event event = {.size = sizeof event,
                         .kind = event_kinds[kind],
                         .id = action->notice.id,
                         .life = action->notice.life.number,
                         .cause = action->notice.cause.kind,
                         .number = counts ? action->notice.restarts : action->notice.cause.number,
                         .origin = action->notice.origin,
                         .parent = kind == XY_NOTICE_ADOPTED ? action->notice.parent : XY_NO_ID};
    add_event(network, &event);
}

/* The one that came first. */
static bool take_event(xylem *network)
{
    const xy_chunk *published = network->published;
    struct waiting waiting;
    bool any = network->events.count > 0;
    const struct waiting *first = any ? xy_ring_at(&network->events, 0) : NULL;
    if (published && (!any || published->turn < first->turn)) {
        xy_network_show_published(network);
        return true;
    }
    if (xy_ring_pop(&network->events, &waiting))
        network->event = waiting.event;
    return any;
}

const xylem_event *xylem_next_event(xylem *network)
{
    if (xy_handle_enter(handle_of(network)))
        return NULL;
    bool any = take_event(network);
    xy_network_leave(network);
    return any ? &network->event : NULL;
}

/* What the controlling node says to its network. */

xy_result xy_result_of(xy_action *reply)
{
    xy_result answer = {.status = reply->reply.status,
                        .value = reply->reply.value,
                        .text = reply->reply.text,
                        .size = reply->reply.size};
    reply->reply.text = NULL;
    return answer;
}

void xy_result_clear(xy_result *answer)
{
    xy_release(answer->text);
    *answer = (xy_result){.status = XYLEM_OK};
}

/* One that nothing takes is that of a call that was interrupted. */
static void take_reply(xylem *network, xy_action *reply)
{
    if (reply->reply.command != network->command) {
        xy_futures_take(network, reply);
        return;
    }
    network->answer = xy_result_of(reply);
    network->command = 0;
}

static void deliver(void *owner, xy_action *action)
{
    xylem *network = owner;
    if (action->kind == XY_ACTION_REPLY)
        take_reply(network, action);
    else if (action->kind == XY_ACTION_CHUNK)
        xy_futures_take_chunk(network, action);
    else if (action->kind == XY_ACTION_NOTICE)
        add_notice(network, action);
    else if (action->kind == XY_ACTION_ROOM)
        add_event(network, &(xylem_event){.size = sizeof(xylem_event),
                                          .kind = XYLEM_HAS_ROOM,
                                          .id = XY_NO_ID,
                                          .origin = XY_NO_ID,
                                          .parent = XY_NO_ID});
}

/* Calls. */

void xy_network_forget_reason(xylem *network)
{
    network->error.code = XYLEM_OK;
    network->error.text[0] = '\0';
}

static void forget_answer(xylem *network)
{
    xy_result_clear(&network->answer);
    xy_network_forget_reason(network);
}

int xy_network_use(xylem *network)
{
    return xy_handle_enter(handle_of(network));
}

/* Called by the public function itself: its frame tells of a callback that was left. */
__attribute__((noinline)) int xy_network_enter(xylem *network)
{
    int error = xy_network_use(network);
    if (error)
        return error;
    if ((uintptr_t)__builtin_frame_address(0) >= (uintptr_t)network->callbacks.frame)
        network->callbacks.frame = NULL;
    forget_answer(network);
    return XYLEM_OK;
}

void xy_network_leave(xylem *network)
{
    xy_network_arm(network);
    xy_handle_leave(&network->handle);
}

int xy_network_refuse(xylem *network, int error, const char *why)
{
    int misuse = xy_network_enter(network);
    if (misuse)
        return misuse;
    xy_error_set(&network->error, error, "%s", why);
    xy_network_leave(network);
    return error;
}

void xy_network_arm(xylem *network)
{
    if (!network->polled || network->closed)
        return;
    bool due = network->news || network->busy || network->callbacks.first;
    network->world->ops->arm(network->world,
                             due ? 0 : xy_controller_deadline(&network->controller));
}

void xy_network_rest(xylem *network)
{
    xy_network_leave(network);
    xy_futures_call_back(network);
}

static int finish(xylem *network)
{
    const xy_result *answer = &network->answer;
    int status = answer->status;
    if (status && answer->text)
        xy_error_set(&network->error, status, "%s", (const char *)answer->text);
    xy_network_leave(network);
    return status;
}

uint64_t xy_network_next(const xylem *network)
{
    return network->controller.command + 1;
}

int xy_network_command(xylem *network, const xy_command *command)
{
    bool begun = network->world->ops->command(network->world, command) != 0;
    return begun ? XYLEM_OK : XYLEM_NO_MEMORY;
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

bool xy_network_await(xylem *network, int64_t until_ms, bool (*enough)(const void *context),
                      const void *context)
{
    const xy_world_ops *ops = network->world->ops;
    if (ops->listen && !enough(context) && !atomic_load(&network->interrupted))
        ops->listen(network->world, until_ms);
    return xy_network_run(network, until_ms, enough, context);
}

static bool is_answered(const void *network)
{
    return ((const xylem *)network)->command == 0;
}

/* What the launcher has a part in does not come by the link alone. */
static bool await(xylem *network, xy_command_kind kind)
{
    if (kind == XY_COMMAND_EXEC || kind == XY_COMMAND_PING || kind == XY_COMMAND_CAST)
        return xy_network_await(network, XY_NEVER, is_answered, network);
    return xy_network_run(network, XY_NEVER, is_answered, network);
}

/* XYLEM_OK: the answer is here. */
static int ask(xylem *network, const xy_command *command)
{
    if (network->closed)
        return XYLEM_INTERRUPTED;
    network->command = xy_network_next(network);
    int error = xy_network_command(network, command);
    if (!error && !await(network, command->kind))
        error = XYLEM_INTERRUPTED;
    network->command = 0;
    return error;
}

int xy_network_call(xylem *network, const xy_command *command)
{
    int error = xy_network_use(network);
    if (error)
        return error;
    xy_result before = network->answer;
    network->answer = (xy_result){.status = XYLEM_OK};
    xy_network_forget_reason(network);
    error = ask(network, command);
    if (error)
        network->answer.status = error;
    xy_result_clear(&before);
    return finish(network);
}

bool xy_network_is_duration(int64_t ms)
{
    return ms >= 0 && ms <= INT32_MAX;
}

/* Letting it run. */

/* The network's turn; whether that was all there is to do. */
static bool turn(xylem *network)
{
    const xy_world_ops *ops = network->world->ops;
    network->busy = true;
    for (int steps = 0; network->busy && steps < ops->turn; steps++) {
        network->busy = ops->work(network->world);
        if (network->news || network->callbacks.first)
            break;
    }
    return !network->busy;
}

/* What xylem_run returns for before its time. A callback of this thread that is under way waits
 * for none of those that are due after it. */
static bool has_come(xylem *network)
{
    bool due = network->callbacks.first && !xy_futures_are_calling(network);
    return network->news || due || atomic_load(&network->interrupted) ||
           atomic_exchange(&network->woken, false);
}

static int run(xylem *network, int64_t duration_ms)
{
    const xy_world_ops *ops = network->world->ops;
    int64_t until_ms = ops->now(network->world) + (duration_ms > 0 ? duration_ms : 0);
    for (;;) {
        bool idle = turn(network);
        if (has_come(network) || ops->now(network->world) >= until_ms)
            break;
        if (idle)
            ops->wait(network->world, until_ms);
    }
    network->news = false;
    return atomic_load(&network->interrupted) ? XYLEM_INTERRUPTED : XYLEM_OK;
}

int xylem_run(xylem *network, int64_t duration_ms)
{
    if (duration_ms > 0 && !xy_network_is_duration(duration_ms))
        return xy_network_refuse(network, XYLEM_INVALID, "the duration is above 2147483647 ms");
    int error = xy_network_enter(network);
    if (error)
        return error;
    error = network->closed ? XYLEM_INTERRUPTED : run(network, duration_ms);
    xy_network_rest(network);
    return error;
}

int xylem_fd(xylem *network)
{
    if (xy_handle_enter(handle_of(network)))
        return -1;
    network->polled = true;
    int fd = network->closed ? -1 : network->world->ops->fd(network->world);
    xy_network_leave(network);
    return fd;
}

int64_t xylem_now(const xylem *network)
{
    xylem *used = (xylem *)(uintptr_t)network;
    if (xy_handle_enter(handle_of(used)))
        return 0;
    int64_t now_ms = network->closed ? 0 : network->world->ops->now(network->world);
    xy_handle_leave(&used->handle);
    return now_ms;
}

/* What another thread or a signal handler may still do something to. */
static bool can_be_woken(const xylem *network)
{
    return network && !network->closed && !xy_handle_is_foreign(&network->handle);
}

void xylem_interrupt(xylem *network)
{
    if (!can_be_woken(network))
        return;
    atomic_store(&network->interrupted, true);
    network->world->ops->wake(network->world);
}

void xylem_wake(xylem *network)
{
    if (!can_be_woken(network))
        return;
    atomic_store(&network->woken, true);
    network->world->ops->wake(network->world);
}

void xylem_clear_interrupt(xylem *network)
{
    if (network)
        atomic_store(&network->interrupted, false);
}

const char *xylem_reason(const xylem *network)
{
    const char *refusal = xy_handle_refusal(network ? &network->handle : NULL);
    return refusal ? refusal : network->error.text;
}

/* Opening and closing. */

void xylem_worker(int argc, char **argv)
{
    xy_process_worker(argc, argv);
}

enum { RESTARTS_MAX = 1000 };

static const char *fault_of_repair(const xylem_options *options)
{
    if (options->repair < XYLEM_REPAIR_NONE || options->repair > XYLEM_REPAIR_RESTART)
        return "the option repair is not a value of enum xylem_repair";
    if (options->restart != XYLEM_ONE_FOR_ONE && options->restart != XYLEM_REST_FOR_SUBTREE)
        return "the option restart is not a value of enum xylem_restart";
    if (options->restarts < 1 || options->restarts > RESTARTS_MAX)
        return "the option restarts is not from 1 to 1000";
    if (!xy_network_is_duration(options->restart_window_ms) || options->restart_window_ms == 0)
        return "the option restart_window_ms is not from 1 to 2147483647";
    return NULL;
}

/* What is wrong with the options; NULL: nothing. */
static const char *fault_of(const xylem_options *options)
{
    if (options->world < XYLEM_THREAD || options->world > XYLEM_SIMULATED)
        return "the option world is not a value of enum xylem_world";
    if (options->transport != XYLEM_IPC && options->transport != XYLEM_TCP)
        return "the option transport is not a value of enum xylem_transport";
    if (options->log_level < XYLEM_LOG_ERROR || options->log_level > XYLEM_LOG_DEBUG)
        return "the option log_level is not a value of enum xylem_log_level";
    if (!xy_network_is_duration(options->heartbeat_ms))
        return "the option heartbeat_ms is not from 0 to 2147483647";
    if (!xy_network_is_duration(options->timeout_ms) || options->timeout_ms == 0)
        return "the option timeout_ms is not from 1 to 2147483647";
    if (!xy_network_is_duration(options->job_ms) || options->job_ms == 0)
        return "the option job_ms is not from 1 to 2147483647";
    if (!options->service || !options->service[0])
        return "the option service is not the name of a service";
    if (!options->topology)
        return "the option topology is not the name of a topology";
    return fault_of_repair(options);
}

const char *xy_network_size_fault(size_t given, size_t known, const char *unknown)
{
    if (given > known)
        return "the size of the options is that of a newer version than this "
               "library, " XYLEM_VERSION;
    return given < known ? unknown : NULL;
}

static void topology_missing(const char *name, xy_error *error)
{
    int length = xy_service_excerpt(name);
    xy_error_set(error, XYLEM_INVALID, "there is no topology '%.*s%s'; there are", length, name,
                 name[length] ? "..." : "");
    for (size_t i = 0; xy_topologies[i]; i++) {
        size_t used = strlen(error->text);
        snprintf(error->text + used, sizeof error->text - used, "%s %s", i > 0 ? "," : "",
                 xy_topologies[i]->name);
    }
}

/* Takes the caller's options, and what is wrong with them. */
static const char *take_options(xylem_options *options, const xylem_options *given)
{
    static const xylem_options standard = XYLEM_OPTIONS;
    *options = standard;
    if (!given)
        return NULL;
    const char *fault =
        xy_network_size_fault(given->size, sizeof *given,
                              "the size of the options is unknown: initialize them with "
                              "XYLEM_OPTIONS");
    if (fault)
        return fault;
    *options = *given;
    return fault_of(options);
}

static xy_world *(*const begin_world[])(const xy_world_options *, xy_error *) = {
    [XYLEM_THREAD] = xy_thread_world,
    [XYLEM_PROCESS] = xy_process_world,
    [XYLEM_SIMULATED] = xy_simulated_world,
};

static_assert((int)XYLEM_REPAIR_ADOPT == (int)XY_REPAIR_ADOPT &&
                  (int)XYLEM_REPAIR_RESTART == (int)XY_REPAIR_RESTART,
              "repairs");

static xy_controller_options begin_of(const xylem_options *options)
{
    return (xy_controller_options){.topology = xy_topology_named(options->topology),
                                   .repair = (xy_repair)options->repair,
                                   .rest_for_subtree = options->restart == XYLEM_REST_FOR_SUBTREE,
                                   .restarts_max = options->restarts,
                                   .restart_window_ms = options->restart_window_ms,
                                   .timeout_ms = options->timeout_ms,
                                   .heartbeat_ms = options->heartbeat_ms};
}

static bool open_world(xylem *network, const xylem_options *options, xylem_sim *sim,
                       xy_error *error)
{
    network->log = xy_log_sink_open(options->log, options->log_owner);
    if (!network->log)
        return xy_error_code(error, XYLEM_NO_MEMORY);
    xy_world_options settings = {.controller = &network->controller,
                                 .begin = begin_of(options),
                                 .transport = options->transport,
                                 .seed = options->seed,
                                 .clock = sim ? &sim->clock : NULL,
                                 .log_level = options->log_level,
                                 .log = network->log,
                                 .deliver = deliver,
                                 .owner = network};
    snprintf(network->service, sizeof network->service, "%s", options->service);
    network->job_ms = options->job_ms;
    network->world = begin_world[options->world](&settings, error);
    if (network->world)
        return true;
    xy_log_sink_release(network->log);
    error->code = XYLEM_CANNOT_OPEN;
    return false;
}

static bool check_names(const xylem_options *options, xy_error *error)
{
    if (!xy_service_named(options->service))
        xy_service_missing(options->service, error);
    else if (!xy_topology_named(options->topology))
        topology_missing(options->topology, error);
    else
        return true;
    error->code = XYLEM_INVALID;
    return false;
}

static xylem *open_network(const xylem_options *options, xylem_sim *sim, xy_error *error)
{
    xylem *network = calloc(1, sizeof *network);
    if (!network) {
        xy_error_code(error, XYLEM_NO_MEMORY);
        return NULL;
    }
    network->events.item_size = sizeof(struct waiting);
    if (open_world(network, options, sim, error))
        return network;
    free(network);
    return NULL;
}

static int fail_to_open(int error, const char *why)
{
    xy_handle_refuse(NULL, why);
    return error;
}

int xy_network_open(xylem **result, const xylem_options *given, xylem_sim *sim)
{
    xy_error error;
    xylem_options options;
    if (!result)
        return fail_to_open(XYLEM_INVALID, "the pointer that the network is stored in is NULL");
    *result = NULL;
    const char *fault = take_options(&options, given);
    if (fault)
        return fail_to_open(XYLEM_INVALID, fault);
    xylem *network = check_names(&options, &error) ? open_network(&options, sim, &error) : NULL;
    if (!network)
        return fail_to_open(error.code, error.text);
    xy_handle_open(&network->handle, sim ? &sim->handle : NULL);
    if (sim)
        xy_sim_attach(sim, network);
    *result = network;
    return XYLEM_OK;
}

int xylem_open(xylem **network, const xylem_options *options)
{
    return xy_network_open(network, options, NULL);
}

/* How long the nodes may take to end when they are killed: the world ends what is left. */
enum { KILLING_MS = 300 };

static void end_nodes(xylem *network)
{
    const xy_world_ops *ops = network->world->ops;
    const xy_command close = {.kind = XY_COMMAND_CLOSE};
    int64_t time_ms = xy_grace_max_ms(network->controller.map.count) + KILLING_MS;
    int64_t until_ms = ops->now(network->world) + time_ms;
    bool told = false;
    while (!ops->stopped(network->world) && ops->now(network->world) < until_ms) {
        told = told || !xy_network_command(network, &close);
        if (!ops->work(network->world) && !ops->stopped(network->world))
            ops->wait(network->world, until_ms);
    }
}

static void free_network(xylem *network)
{
    xy_log_sink_release(network->log);
    xy_result_clear(&network->answer);
    xy_ring_clear(&network->events);
    xy_chunks_free(&network->published);
    xy_chunk_free(network->shown);
    free(network->nodes);
    free(network->ids);
    xy_sim_release(network);
    free(network);
}

/* In a child made by fork: the nodes, the sockets and the files are its parent's. */
static void discard(xylem *network)
{
    xy_handle_close(&network->handle);
    xy_futures_detach(network);
    xy_sim_detach(network);
    network->world->ops->discard(network->world);
    free_network(network);
}

void xylem_close(xylem **result)
{
    xylem *network = result ? *result : NULL;
    if (network && xy_handle_is_inherited(&network->handle)) {
        *result = NULL;
        discard(network);
        return;
    }
    if (!network || xy_handle_enter(&network->handle))
        return;
    if (xy_futures_are_calling(network)) {
        xy_handle_refuse(&network->handle, "a callback may not close its own network");
        xy_handle_leave(&network->handle);
        return;
    }
    *result = NULL;
    end_nodes(network);
    network->closed = true;
    xy_sim_detach(network);
    network->world->ops->close(network->world);
    xy_log_sink_close(network->log);
    xy_handle_leave(&network->handle);
    xy_futures_end(network);
    xy_handle_close(&network->handle);
    free_network(network);
}
