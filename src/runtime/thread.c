/* The thread world: each node is a pthread with its own inproc socket, started by the thread of its
 * parent.
 *
 * What the kernel does for processes is done here with two flags for each thread, `killed` and
 * `paused`, which are looked at before anything is done; an empty frame wakes up a thread that
 * waits.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "core/node.h"
#include "runtime/limits.h"
#include "runtime/real.h"

#ifndef XY_STACK_KIB
#define XY_STACK_KIB 128 /* libzmq uses up to 15 of them: the rest is for services */
#endif

typedef struct thread thread;

/* The children of one node, or of the controlling node. */
typedef struct nursery {
    xy_nursery nursery;
    struct threads *world;
    xy_link *link; /* of the node itself */
    thread *children;
} nursery;

typedef struct threads {
    xy_real real;
    nursery nursery;
    void *context;
    xy_log log;
    pthread_mutex_t mutex;   /* guards the rest */
    thread *first;           /* every node that can be found from outside */
    thread *held;            /* the one that must stay in the list */
    pthread_cond_t released; /* nothing is held any more */
} threads;

/* One node. Belongs to its parent's nursery, which frees it after its end. */
struct thread {
    threads *world;
    thread *next, *previous; /* in the world's list */
    thread *sibling;         /* in the nursery's */
    pthread_t id;
    xy_birth birth;
    xy_workshop *workshop;
    char reason[XYLEM_REASON_SIZE]; /* why it could not begin; empty if it could */
    xy_link *link;                  /* made by the parent, then the thread's own */
    nursery nursery;
    atomic_bool killed, paused, ended;
    pthread_mutex_t mutex;  /* guards `still`, and changes of the flags */
    pthread_cond_t changed; /* any of them has changed */
    bool still;             /* it is paused or past its last turn: it does nothing */
};

/* The world's list. */

static void enter_list(thread *node)
{
    threads *world = node->world;
    pthread_mutex_lock(&world->mutex);
    node->next = world->first;
    if (node->next)
        node->next->previous = node;
    world->first = node;
    pthread_mutex_unlock(&world->mutex);
}

/* From then on the node may be freed, and its endpoint unbound. */
static void leave_list(thread *node)
{
    threads *world = node->world;
    pthread_mutex_lock(&world->mutex);
    while (world->held == node)
        pthread_cond_wait(&world->released, &world->mutex);
    if (node->next)
        node->next->previous = node->previous;
    if (node->previous)
        node->previous->next = node->next;
    else
        world->first = node->next;
    pthread_mutex_unlock(&world->mutex);
}

/* What stands for signals. */

static void set_flags(thread *node, bool kill, bool pause)
{
    pthread_mutex_lock(&node->mutex);
    if (kill)
        atomic_store(&node->killed, true);
    atomic_store(&node->paused, pause);
    pthread_cond_broadcast(&node->changed);
    pthread_mutex_unlock(&node->mutex);
}

static void set_still(thread *node, bool still)
{
    node->still = still;
    pthread_cond_broadcast(&node->changed);
}

static bool attend(void *attendant)
{
    thread *node = attendant;
    if (atomic_load(&node->paused)) {
        pthread_mutex_lock(&node->mutex);
        set_still(node, true);
        while (atomic_load(&node->paused) && !atomic_load(&node->killed))
            pthread_cond_wait(&node->changed, &node->mutex);
        set_still(node, false);
        pthread_mutex_unlock(&node->mutex);
    }
    return !atomic_load(&node->killed);
}

/* How long a fault waits for a node that is in the middle of something. */
enum { STILL_MAX_MS = 500 };

/* Waits until the node does nothing more, as after a signal that stops or kills. */
static void await_still(thread *node)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += STILL_MAX_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&node->mutex);
    while (!node->still &&
           pthread_cond_timedwait(&node->changed, &node->mutex, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&node->mutex);
}

/* The life of a node's thread. */

static void nursery_init(nursery *own, threads *world, xy_link *link);
static void kill_children(nursery *own);
static void bury_children(nursery *own);

static void live(thread *self, xy_node *node)
{
    xy_host host = {.machine = xy_node_machine(node),
                    .link = self->link,
                    .nursery = &self->nursery.nursery,
                    .log = {self->world->log.level, self->birth.id},
                    .workshop = self->workshop,
                    .wake_fd = -1,
                    .attend = attend,
                    .attendant = self};
    xy_host_open(&host);
    xy_host_run(&host);
    xy_host_close(&host);
}

static void close_workshop(thread *self)
{
    const xy_log log = {self->world->log.level, self->birth.id};
    if (!xy_workshop_close(&self->workshop))
        xy_log_line(&log, XYLEM_LOG_WARNING, "its work does not end, and is abandoned");
}

static void be_still(thread *self)
{
    pthread_mutex_lock(&self->mutex);
    set_still(self, true);
    pthread_mutex_unlock(&self->mutex);
}

/* Nobody outlives the parent, and all end at the same time: each may have to abandon its work. */
static void *run(void *argument)
{
    thread *self = argument;
    xy_node node;
    self->workshop = xy_workshop_open(self->birth.service, self->reason);
    if (self->workshop && xy_node_init(&node, &self->birth, gettid())) {
        live(self, &node);
        xy_node_clear(&node);
    }
    kill_children(&self->nursery);
    close_workshop(self);
    be_still(self);
    bury_children(&self->nursery);
    leave_list(self);
    atomic_store(&self->ended, true);
    xy_link_ring(self->link, XY_PARENT);
    xy_link_close(&self->link);
    return NULL;
}

/* Starting. */

static void name_endpoint(char endpoint[XY_ENDPOINT_SIZE], uint64_t incarnation)
{
    snprintf(endpoint, XY_ENDPOINT_SIZE, "inproc://%llu", (unsigned long long)incarnation);
}

static bool open_link(xy_link **link, threads *world, uint64_t self, const char *parent,
                      char reason[XYLEM_REASON_SIZE])
{
    char endpoint[XY_ENDPOINT_SIZE];
    name_endpoint(endpoint, self);
    xy_limits_hold();
    bool done = xy_limits_descriptors(1, reason) && xy_limits_memory(XY_MEMORY_TO_START, reason) &&
                xy_link_open(link,
                             &(xy_link_options){.context = world->context,
                                                .self = self,
                                                .parent = parent,
                                                .endpoint = endpoint},
                             reason) == XYLEM_OK;
    xy_limits_release();
    return done;
}

static int create_thread(thread *node)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, XY_STACK_KIB * 1024);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    int error = pthread_create(&node->id, &attributes, run, node);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static thread *make_thread(nursery *parent, const xy_birth *birth, char reason[XYLEM_REASON_SIZE])
{
    thread *node = calloc(1, sizeof *node);
    if (!node) {
        strncpy(reason, xylem_strerror(XYLEM_NO_MEMORY), XYLEM_REASON_SIZE - 1);
        return NULL;
    }
    node->world = parent->world;
    node->birth = *birth;
    pthread_mutex_init(&node->mutex, NULL);
    pthread_cond_init(&node->changed, NULL);
    return node;
}

static void free_thread(thread *node)
{
    pthread_mutex_destroy(&node->mutex);
    pthread_cond_destroy(&node->changed);
    free(node);
}

static bool start(xy_nursery *base, const xy_birth *birth, char reason[XYLEM_REASON_SIZE])
{
    nursery *parent = (nursery *)base;
    thread *node = make_thread(parent, birth, reason);
    if (!node)
        return false;
    const char *above = xy_link_endpoint(parent->link);
    if (!open_link(&node->link, parent->world, birth->incarnation, above, reason))
        goto no_link;
    nursery_init(&node->nursery, node->world, node->link);
    enter_list(node);
    int error = create_thread(node);
    if (error) {
        xy_limits_explain("thread", error, reason);
        goto no_thread;
    }
    node->sibling = parent->children;
    parent->children = node;
    return true;

no_thread:
    leave_list(node);
    xy_link_close(&node->link);
no_link:
    free_thread(node);
    return false;
}

/* Ending. */

static void kill_thread(nursery *parent, thread *node)
{
    set_flags(node, true, false);
    xy_link_ring(parent->link, node->birth.incarnation);
}

static void kill_child(xy_nursery *base, uint64_t incarnation)
{
    nursery *parent = (nursery *)base;
    for (thread *node = parent->children; node; node = node->sibling)
        if (node->birth.incarnation == incarnation)
            kill_thread(parent, node);
}

static void bury(thread **at)
{
    thread *node = *at;
    *at = node->sibling;
    pthread_join(node->id, NULL);
    free_thread(node);
}

static bool reap(xy_nursery *base, uint64_t *incarnation, char reason[XYLEM_REASON_SIZE])
{
    nursery *parent = (nursery *)base;
    for (thread **at = &parent->children; *at; at = &(*at)->sibling)
        if (atomic_load(&(*at)->ended)) {
            bool killed = atomic_load(&(*at)->killed);
            const char *how = killed ? "it was killed" : "it ended";
            snprintf(reason, XYLEM_REASON_SIZE, "%s", (*at)->reason[0] ? (*at)->reason : how);
            *incarnation = (*at)->birth.incarnation;
            bury(at);
            return true;
        }
    return false;
}

static void nursery_init(nursery *own, threads *world, xy_link *link)
{
    static const xy_nursery_ops ops = {start, kill_child, reap};
    *own = (nursery){.nursery = {&ops, -1}, .world = world, .link = link};
}

static void kill_children(nursery *own)
{
    for (thread *node = own->children; node; node = node->sibling)
        kill_thread(own, node);
}

static void bury_children(nursery *own)
{
    while (own->children)
        bury(&own->children);
}

/* The world. */

/* Finds a node and keeps it in the list until it is released; NULL when there is none. */
static thread *hold(threads *world, uint64_t incarnation)
{
    pthread_mutex_lock(&world->mutex);
    thread *node = world->first;
    while (node && node->birth.incarnation != incarnation)
        node = node->next;
    world->held = node;
    pthread_mutex_unlock(&world->mutex);
    return node;
}

static void release(threads *world)
{
    pthread_mutex_lock(&world->mutex);
    world->held = NULL;
    pthread_cond_broadcast(&world->released);
    pthread_mutex_unlock(&world->mutex);
}

static void fault(xy_world *base, const xy_message *target)
{
    threads *world = (threads *)base;
    thread *node = hold(world, target->incarnation);
    if (!node)
        return;
    char endpoint[XY_ENDPOINT_SIZE];
    name_endpoint(endpoint, target->incarnation);
    set_flags(node, target->code == XY_FAULT_KILL, target->code == XY_FAULT_PAUSE);
    xy_link_ring_at(world->real.host.link, endpoint);
    if (target->code != XY_FAULT_RESUME)
        await_still(node);
    release(world);
}

static void close_world(xy_world *base)
{
    threads *world = (threads *)base;
    kill_children(&world->nursery);
    bury_children(&world->nursery);
    xy_real_close(&world->real);
    xy_link_close(&world->nursery.link);
    zmq_ctx_term(world->context);
    pthread_cond_destroy(&world->released);
    pthread_mutex_destroy(&world->mutex);
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

static bool settle(threads *world, const xy_world_options *options, char reason[XYLEM_REASON_SIZE])
{
    xy_link *link;
    if (!open_link(&link, world, XY_PARENT, NULL, reason))
        return false;
    nursery_init(&world->nursery, world, link);
    if (xy_real_open(&world->real, options, link, &world->nursery.nursery, reason))
        return true;
    xy_link_close(&link);
    return false;
}

/* The context's own descriptors and threads: libzmq would end the program for the lack of one. */
enum { CONTEXT_DESCRIPTORS = 3, CONTEXT_THREADS = 1 };

xy_world *xy_thread_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE])
{
    static const xy_world_ops ops = {XY_REAL_OPS, .fault = fault, .close = close_world};
    if (!xy_limits_descriptors(CONTEXT_DESCRIPTORS + XY_REAL_DESCRIPTORS + 1, reason) ||
        !xy_limits_threads(CONTEXT_THREADS, reason))
        return NULL;
    threads *world = calloc(1, sizeof *world);
    void *context = make_context();
    if (!world || !context) {
        strncpy(reason, xylem_strerror(XYLEM_NO_MEMORY), XYLEM_REASON_SIZE - 1);
        goto no_memory;
    }
    world->real.world.ops = &ops;
    world->context = context;
    world->log.level = options->log_level;
    pthread_mutex_init(&world->mutex, NULL);
    pthread_cond_init(&world->released, NULL);
    if (settle(world, options, reason))
        return &world->real.world;
    pthread_cond_destroy(&world->released);
    pthread_mutex_destroy(&world->mutex);

no_memory:
    if (context)
        zmq_ctx_term(context);
    free(world);
    return NULL;
}
