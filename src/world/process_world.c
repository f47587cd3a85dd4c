/* The process world: each node is a worker process, which an agent forks: see launch/agent.h.
 */
#include "world/process_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "core/node.h"
#include "driver/limits.h"
#include "launch/agent_launcher.h"
#include "launch/rundir.h"
#include "link/unbroken.h"
#include "world/zmq_world.h"

/* What libzmq takes for a context and a link in it: it ends the process for the lack of one. */
enum { PLACE_DESCRIPTORS = 16, PLACE_THREADS = 2 };

/* Bytes of the longest name of a socket in the folder: a life. */
enum { SOCKET_NAME_MAX = 20 };

/* The life whose address the controlling node has. */
static const xy_life controller = {0};

/* What a worker and the controlling process have in common: a link in a context of its own. */

typedef struct place {
    void *context;
    xy_keys keys; /* over tcp */
    xy_link *link;
} place;

static void close_place(place *closed)
{
    xy_link_close(&closed->link);
    if (closed->context)
        xy_unbroken_term(closed->context);
    xy_keys_forget(&closed->keys);
}

static bool make_keys(place *opened, const xy_setting *setting, xy_error *error)
{
    if (setting->transport != XYLEM_TCP || xy_keys_make(&opened->keys))
        return true;
    return xy_error_set(error, XYLEM_CANNOT_START,
                        "tcp needs CURVE encryption, which this libzmq does not have: use ipc");
}

/* Of the program, which must not end. */
static bool check_limits(const xy_setting *setting, xy_error *error)
{
    return xy_limits_descriptors(PLACE_DESCRIPTORS, error) &&
           xy_limits_threads(PLACE_THREADS, error) &&
           (setting->transport != XYLEM_TCP || xy_limits_ports(error));
}

static bool bind_place(const place *bound, const xy_setting *setting, xy_life life, xy_error *error)
{
    char endpoint[XY_ADDRESS_SIZE];
    xy_setting_endpoint(setting, life, endpoint);
    return xy_link_bind(bound->link, endpoint, error);
}

/* The keys have been made, and the limits looked at. It is not bound yet. False, nothing left, and
 * the error, on failure. */
static bool open_place(place *opened, const xy_setting *setting, xy_error *error)
{
    xy_link_options options = {.context = NULL};
    if (setting->transport == XYLEM_TCP)
        options.keys = &opened->keys;
    opened->context = options.context = zmq_ctx_new();
    if (!opened->context)
        xy_error_code(error, XYLEM_NO_MEMORY);
    else if ((opened->link = xy_link_open(&options, error)))
        return true;
    close_place(opened);
    return false;
}

/* A worker. */

typedef struct compute_node {
    xy_worker *worker;
    xy_node machine;
    xy_queue queue;
    xy_loop loop;
    bool attached, failed;
    xy_error *error; /* gets why it has failed */
} compute_node;

static bool order(void *attendant, xy_event *event)
{
    return xy_worker_order(((compute_node *)attendant)->worker, event);
}

static void report(void *attendant, const xy_action *action)
{
    xy_worker_report(((compute_node *)attendant)->worker, action);
}

/* Without its first parent a node is of no use to anyone. */
static bool connect_node(void *attendant, const xy_attachment *to, xy_error *error)
{
    compute_node *node = attendant;
    bool connected = xy_link_connect(node->loop.link, to, error);
    node->failed = !connected && !node->attached;
    node->attached = node->attached || connected;
    if (node->failed) {
        *node->error = *error;
        node->loop.driver.stopped = true;
    }
    return connected;
}

/* False, and the error, when the node cannot begin. */
static bool run_node(xy_worker *worker, const place *own, xy_executor *executor, xy_error *error)
{
    compute_node node = {.worker = worker,
                         .error = error,
                         .loop = {.link = own->link,
                                  .log = {worker->setting.log_level, worker->birth.id, NULL},
                                  .wake_fd = -1,
                                  .executor = executor,
                                  .order = order,
                                  .report = report,
                                  .connect = connect_node,
                                  .attendant = &node}};
    xy_node_init(&node.machine, &worker->birth, xy_link_address(own->link));
    node.machine.capacity = xy_limits_descriptors_left(); /* a connection each */
    const xy_machine machine = xy_node_machine(&node.machine);
    xy_loop_open(&node.loop, &machine, &node.queue);
    xy_loop_run(&node.loop);
    xy_node_clear(&node.machine, &node.queue);
    xy_queue_clear(&node.queue);
    return !node.failed;
}

/* To try first whether threads can be had takes as long as to start them. */
static bool open_own(xy_worker *worker, place *own, xy_error *error)
{
    xy_error no_thread;
    xy_limits_explain("start a thread", EAGAIN, &no_thread);
    if (!xy_limits_descriptors(PLACE_DESCRIPTORS, error) || !xy_limits_stacks(PLACE_THREADS, error))
        return false;
    xy_worker_explain_abort(worker, &no_thread);
    bool opened = open_place(own, &worker->setting, error);
    xy_worker_explain_abort(worker, NULL);
    return opened;
}

/* Over tcp any port will do, so it needs no life. */
static bool is_bound_ahead(const xy_setting *setting)
{
    return setting->transport == XYLEM_TCP;
}

/* What can be done before there is a life. False, nothing left, and the error, on failure. */
static bool prepare(xy_worker *worker, place *own, xy_error *error)
{
    const xy_setting *setting = &worker->setting;
    if (!make_keys(own, setting, error))
        return false;
    if (setting->transport == XYLEM_TCP)
        xy_worker_key(worker, own->keys.public);
    if (!open_own(worker, own, error))
        return false;
    if (!is_bound_ahead(setting) || bind_place(own, setting, controller, error))
        return true;
    close_place(own);
    return false;
}

static int live(xy_worker *worker, place *own)
{
    xy_error error;
    const xy_log log = {worker->setting.log_level, worker->birth.id, NULL};
    xy_executor *executor = xy_executor_open(&worker->birth, &log, NULL, &error);
    xy_birth_clear(&worker->birth); /* the executor has a copy */
    bool bound = executor && (is_bound_ahead(&worker->setting) ||
                              bind_place(own, &worker->setting, worker->birth.life, &error));
    bool lived = bound && run_node(worker, own, executor, &error);
    close_place(own);
    if (!lived)
        xy_worker_fail(worker, &error);
    int status = lived ? EXIT_SUCCESS : EXIT_FAILURE;
    if (xy_executor_close(&executor))
        return status;
    xy_log_line(&log, XYLEM_LOG_WARNING,
                "the exec function of its service did not return within 100 ms of being told to "
                "end; its process ends");
    _exit(status); /* nothing may be cleared away under it */
}

static int work(xy_worker *worker)
{
    xy_error error;
    place own = {.context = NULL};
    if (!prepare(worker, &own, &error)) {
        xy_worker_fail(worker, &error);
        return EXIT_FAILURE;
    }
    if (xy_worker_born(worker))
        return live(worker, &own);
    close_place(&own);
    return EXIT_FAILURE;
}

/* libzmq, and what it is built on, look at the processor and for the protocols of the system when
 * the first context of a process is made. A context without a socket has no thread; it lasts as
 * long as the agent. The keys are used for nothing. */
static void set_up(void)
{
    static void *volatile first_context; /* nothing reads it, but it is not lost */
    xy_keys keys;
    first_context = zmq_ctx_new();
    if (first_context && xy_keys_make(&keys))
        xy_keys_forget(&keys);
}

static bool may_start_agent; /* this program knows what to do when it is executed as one */

void xy_process_worker(int argc, char **argv)
{
    static const xy_worker_ops ops = {set_up, work};
    may_start_agent = true;
    xy_agent_remember_program();
    xy_agent_run(argc, argv, &ops);
}

/* The world. */

typedef struct processes {
    xy_zmq_world real;
    xy_setting setting;
    xy_rundir folder;
    place place;
    xy_launcher *launcher;
} processes;

static void close_folder(processes *world)
{
    xy_error error;
    const xy_log *log = &world->real.loop.log;
    if (world->setting.transport == XYLEM_IPC && !xy_rundir_close(&world->folder, &error))
        xy_log_line(log, XYLEM_LOG_WARNING, "%s", error.text);
}

static void close_world(xy_world *base)
{
    processes *world = (processes *)base;
    xy_agent_launcher_close(world->launcher);
    xy_zmq_world_close(&world->real);
    close_place(&world->place);
    close_folder(world);
    free(world);
}

/* The agent, the sockets and the folder are the parent's. */
static void discard(xy_world *base)
{
    processes *world = (processes *)base;
    xy_agent_launcher_discard(world->launcher);
    xy_zmq_world_discard(&world->real);
    free(world);
}

static bool open_folder(processes *world, xy_error *error)
{
    xy_setting *setting = &world->setting;
    if (setting->transport != XYLEM_IPC)
        return true;
    if (!xy_rundir_open(&world->folder, SOCKET_NAME_MAX, error))
        return false;
    strncpy(setting->rundir, world->folder.path, sizeof setting->rundir - 1);
    return true;
}

static bool settle(processes *world, const xy_world_options *options, xy_error *error)
{
    bool keyed = world->setting.transport == XYLEM_TCP;
    if (!make_keys(&world->place, &world->setting, error) || !open_folder(world, error))
        return false;
    world->launcher = xy_agent_launcher_open(&world->setting, error);
    if (world->launcher && check_limits(&world->setting, error) &&
        open_place(&world->place, &world->setting, error)) {
        const xy_zmq_world_parts parts = {.link = world->place.link,
                                          .launcher = world->launcher,
                                          .keyed = keyed,
                                          .past_tree = true};
        if (bind_place(&world->place, &world->setting, controller, error) &&
            xy_zmq_world_open(&world->real, options, &parts, error))
            return true;
        close_place(&world->place);
    }
    if (world->launcher)
        xy_agent_launcher_close(world->launcher);
    close_folder(world);
    xy_keys_forget(&world->place.keys);
    return false;
}

xy_world *xy_process_world(const xy_world_options *options, xy_error *error)
{
    static const xy_world_ops ops = {XY_ZMQ_WORLD_OPS, .close = close_world, .discard = discard};
    processes *world = may_start_agent ? calloc(1, sizeof *world) : NULL;
    if (!may_start_agent)
        xy_error_set(
            error, XYLEM_CANNOT_START,
            "the program has not called xylem_worker, which must be the first call in main");
    else if (!world)
        xy_error_code(error, XYLEM_NO_MEMORY);
    if (!world)
        return NULL;
    world->real.world.ops = &ops;
    world->setting = (xy_setting){.version = XY_AGENT_VERSION,
                                  .transport = options->transport,
                                  .log_level = options->log_level};
    world->real.loop.log = (xy_log){options->log_level, XY_NO_ID, options->log};
    if (settle(world, options, error))
        return &world->real.world;
    free(world);
    return NULL;
}
