/* The thread world: each node is a thread of this process with its own inproc socket. The launcher
 * starts and ends them: see launch/thread.h.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "core/node.h"
#include "driver/clock.h"
#include "driver/limits.h"
#include "launch/thread.h"
#include "link/unbroken.h"
#include "world/zmq_world.h"

typedef struct threads {
    xy_zmq_world real;
    void *context;
    xy_link *link; /* of the controlling node */
    xy_thread_launcher *launcher;
    xy_log log;
    int64_t ended_ms; /* when a node ended last */
} threads;

/* A compute node. The link and the machine are taken from the thread when it is abandoned; the
 * executor is always the thread's own. */
typedef struct compute_node {
    threads *world;
    xy_thread *thread;
    xy_birth birth; /* a copy */
    xy_link *link;
    bool begun; /* the machine has */
    xy_node machine;
    xy_queue queue;
    xy_loop loop;
} compute_node;

/* Links. */

enum { LIFE_OF_CONTROLLER = 0 };
static const char address_format[] = "inproc://%" PRIu64;

static xy_link *try_to_open(const threads *world, uint64_t life, xy_error *error)
{
    char endpoint[XY_ADDRESS_SIZE];
    const xy_link_options options = {.context = world->context, .endpoint = endpoint};
    snprintf(endpoint, sizeof endpoint, address_format, life);
    xy_limits_hold();
    bool possible = xy_limits_descriptors(XY_LINK_DESCRIPTORS, error) &&
                    xy_limits_memory(XY_MEMORY_TO_START, error);
    xy_link *link = possible ? xy_link_open(&options, error) : NULL;
    xy_limits_release();
    return link;
}

/* libzmq closes the socket of a node that has ended in a thread of its own, soon after its end. The
 * links of its neighbours have a part in it. */
static bool is_being_closed(const threads *world)
{
    enum { SOON_MS = 250, LOOK_MS = 1 };
    if (xy_clock_now_ms() >= world->ended_ms + SOON_MS)
        return false;
    xy_link_settle(world->link);
    return poll(NULL, 0, LOOK_MS) == 0;
}

static xy_link *open_link(const threads *world, uint64_t life, xy_error *error)
{
    xy_link *link;
    while (!(link = try_to_open(world, life, error)) && is_being_closed(world))
        ;
    return link;
}

/* A node. */

static void *make_node(void *world, xy_thread *thread, const xy_birth *birth, xy_error *error)
{
    compute_node *node = calloc(1, sizeof *node);
    if (!node || !xy_birth_copy(&node->birth, birth)) {
        xy_error_code(error, XYLEM_NO_MEMORY);
        free(node);
        return NULL;
    }
    node->world = world;
    node->thread = thread;
    node->link = open_link(world, birth->life.number, error);
    if (node->link)
        return node;
    xy_birth_clear(&node->birth);
    free(node);
    return NULL;
}

static bool attend(void *attendant, bool *held)
{
    return xy_thread_attend(((compute_node *)attendant)->thread, held);
}

static bool order(void *attendant, xy_event *event)
{
    return xy_thread_order(((compute_node *)attendant)->thread, event);
}

static xy_life life_at(const char *address)
{
    xy_life life = {LIFE_OF_CONTROLLER};
    return sscanf(address, "inproc://%" SCNu64, &life.number) == 1 ? life
                                                                   : (xy_life){LIFE_OF_CONTROLLER};
}

static void report(void *attendant, const xy_action *action)
{
    xy_thread_report(((compute_node *)attendant)->thread, action);
}

/* libzmq keeps a socket, also a closed one, that was connected to an inproc address which is not
 * bound. So the parent must not close meanwhile. */
static bool connect_node(void *attendant, const xy_attachment *to, xy_error *error)
{
    compute_node *node = attendant;
    xy_life parent = life_at(to->address);
    if (parent.number == LIFE_OF_CONTROLLER)
        return xy_link_connect(node->link, to, error);
    bool connected =
        xy_thread_hold(node->thread, parent)
            ? xy_link_connect(node->link, to, error)
            : xy_error_set(error, XYLEM_UNAVAILABLE, "the node at %s has ended", to->address);
    xy_thread_release(node->thread, parent);
    return connected;
}

/* Those below are told to end at the same time, and look sooner for a ring. */
static void ring_children(compute_node *node)
{
    const xy_children *children = &node->machine.subtree.children;
    for (xy_child *child = xy_children_first(children); child; child = xy_children_next(child)) {
        const xy_peer name = xy_child_peer(child);
        xy_link_ring(node->link, &name);
    }
}

static void live(compute_node *node, xy_executor *executor, const xy_log *log)
{
    xy_node_init(&node->machine, &node->birth, xy_link_address(node->link));
    node->begun = true;
    node->loop = (xy_loop){.link = node->link,
                           .log = *log,
                           .wake_fd = -1,
                           .executor = executor,
                           .attend = attend,
                           .order = order,
                           .report = report,
                           .connect = connect_node,
                           .attendant = node};
    const xy_machine machine = xy_node_machine(&node->machine);
    xy_thread_started(node->thread, gettid());
    xy_loop_open(&node->loop, &machine, &node->queue);
    if (xy_thread_await(node->thread))
        xy_loop_run(&node->loop);
    ring_children(node);
}

static void run_node(void *argument, xy_error *error)
{
    compute_node *node = argument;
    const threads *world = node->world;
    const xy_log log = {world->log.level, node->birth.id, world->log.sink};
    const xy_guard guard = xy_thread_guard(node->thread);
    xy_served_network = world->real.loop.owner;
    xy_executor *executor = xy_executor_open(&node->birth, &log, &guard, error);
    if (executor)
        live(node, executor, &log);
    xy_thread_stopped(node->thread);
    if (!xy_executor_close(&executor))
        xy_log_line(&log, XYLEM_LOG_WARNING,
                    "the exec function of its service did not return within 100 ms of being told "
                    "to end; its thread is abandoned");
}

static void close_node(void *argument)
{
    compute_node *node = argument;
    xy_link_close(&node->link);
}

/* By the controlling node. A new connection takes longer than one that there is. */
static void ring_node(void *argument, const xy_peer *name)
{
    const compute_node *node = argument;
    if (!xy_link_ring(node->world->link, name))
        xy_link_ring_at(node->world->link, xy_link_address(node->link));
}

static void free_node(void *argument)
{
    compute_node *node = argument;
    node->world->ended_ms = xy_clock_now_ms();
    xy_link_close(&node->link);
    if (node->begun)
        xy_node_clear(&node->machine, &node->queue);
    xy_queue_clear(&node->queue);
    xy_birth_clear(&node->birth);
    free(node);
}

/* The world. */

static void close_world(xy_world *base)
{
    threads *world = (threads *)base;
    xy_thread_close(world->launcher);
    xy_zmq_world_close(&world->real);
    xy_link_close(&world->link);
    xy_unbroken_term(world->context);
    free(world);
}

/* The threads, and what they and their sockets use, do not exist in a child. */
static void discard(xy_world *base)
{
    threads *world = (threads *)base;
    xy_thread_discard(world->launcher);
    xy_zmq_world_discard(&world->real);
    free(world);
}

static void *make_context(void)
{
    void *context = zmq_ctx_new();
    if (context) {
        zmq_ctx_set(context, ZMQ_IO_THREADS, 0); /* inproc needs none */
        zmq_ctx_set(context, ZMQ_MAX_SOCKETS, zmq_ctx_get(context, ZMQ_SOCKET_LIMIT));
    }
    return context;
}

static bool open_launcher(threads *world, xy_error *error)
{
    static const xy_thread_ops ops = {make_node, run_node, close_node,
                                      ring_node, life_at,  free_node};
    world->launcher = xy_thread_open(&ops, world, &world->log, error);
    return world->launcher != NULL;
}

static bool settle(threads *world, const xy_world_options *options, xy_error *error)
{
    world->link = open_link(world, LIFE_OF_CONTROLLER, error);
    if (!world->link)
        return false;
    if (!open_launcher(world, error))
        goto no_launcher;
    const xy_zmq_world_parts parts = {.link = world->link,
                                      .launcher = xy_thread_launcher_of(world->launcher)};
    if (xy_zmq_world_open(&world->real, options, &parts, error))
        return true;
    xy_thread_close(world->launcher);

no_launcher:
    xy_link_close(&world->link);
    return false;
}

/* The context's own descriptors and threads: libzmq would end the program for the lack of one. */
enum { CONTEXT_DESCRIPTORS = 3, CONTEXT_THREADS = 1 };
enum {
    DESCRIPTORS =
        CONTEXT_DESCRIPTORS + XY_ZMQ_WORLD_DESCRIPTORS + XY_LINK_DESCRIPTORS + XY_THREAD_DESCRIPTORS
};

xy_world *xy_thread_world(const xy_world_options *options, xy_error *error)
{
    static const xy_world_ops ops = {XY_ZMQ_WORLD_OPS, .close = close_world, .discard = discard};
    if (!xy_limits_descriptors(DESCRIPTORS, error) || !xy_limits_threads(CONTEXT_THREADS, error))
        return NULL;
    threads *world = calloc(1, sizeof *world);
    void *context = make_context();
    if (world && context) {
        world->real.world.ops = &ops;
        world->context = context;
        world->log = (xy_log){options->log_level, XY_NO_ID, options->log};
        if (settle(world, options, error))
            return &world->real.world;
    } else
        xy_error_code(error, XYLEM_NO_MEMORY);
    if (context)
        xy_unbroken_term(context);
    free(world);
    return NULL;
}
