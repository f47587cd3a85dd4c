#include "bench/raw.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "bench/bench_clock.h"
#include "bench/must.h"

enum { STACK = 64 * 1024 };

/* Sockets. */

void *raw_socket(void *context, char name)
{
    int zero = 0, one = 1;
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    must(socket != NULL, "socket");
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &one, sizeof one);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, &name, 1);
    return socket;
}

void raw_bind(void *socket, const char *endpoint)
{
    must(zmq_bind(socket, endpoint) == 0, endpoint);
}

void raw_connect(void *socket, const char *endpoint)
{
    zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, "P", 1);
    must(zmq_connect(socket, endpoint) == 0, endpoint);
}

void raw_send(void *socket, char name, const struct raw_frame *frame)
{
    must(zmq_send(socket, &name, 1, ZMQ_SNDMORE) == 1, "send");
    must(zmq_send(socket, frame, sizeof *frame, 0) == sizeof *frame, "send");
}

int raw_receive(void *socket, char *name, struct raw_frame *frame)
{
    if (zmq_recv(socket, name, 1, 0) != 1)
        return 0;
    must(zmq_recv(socket, frame, sizeof *frame, 0) == sizeof *frame, "receive");
    return 1;
}

/* Threads. */

static const char names[] = "LR";

static void endpoint_of(const struct raw_node *node, char endpoint[32])
{
    snprintf(endpoint, 32, "inproc://%lld", (long long)node->id);
}

static void *serve(void *argument);

static struct raw_node *start(struct raw_node *parent, int64_t id)
{
    int side = id > parent->id;
    char endpoint[32];
    pthread_attr_t attributes;
    struct raw_node *node = calloc(1, sizeof *node);
    must(node != NULL, "memory");
    *node = (struct raw_node){.context = parent->context,
                              .id = id,
                              .heartbeat_ms = parent->heartbeat_ms,
                              .parent = parent};
    node->socket = raw_socket(node->context, names[side]);
    endpoint_of(node, endpoint);
    raw_bind(node->socket, endpoint);
    endpoint_of(parent, endpoint);
    raw_connect(node->socket, endpoint);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    must(pthread_create(&node->thread, &attributes, serve, node) == 0, "thread");
    pthread_attr_destroy(&attributes);
    return node;
}

static void end_children(struct raw_node *node)
{
    for (int side = 0; side < 2; side++)
        if (node->children[side])
            raw_send(node->socket, names[side], &(struct raw_frame){.kind = RAW_QUIT});
    for (int side = 0; side < 2; side++)
        if (node->children[side]) {
            pthread_join(node->children[side]->thread, NULL);
            free(node->children[side]);
        }
}

static void close_socket(struct raw_node *node)
{
    char endpoint[32];
    endpoint_of(node, endpoint);
    zmq_unbind(node->socket, endpoint);
    zmq_close(node->socket);
}

/* A new child's own hello is the answer to its create. */
static void pass_down(struct raw_node *node, const struct raw_frame *frame)
{
    int side = frame->id > node->id;
    if (frame->id == node->id)
        raw_send(node->socket, 'P', frame);
    else if (node->children[side])
        raw_send(node->socket, names[side], frame);
    else
        node->children[side] = start(node, frame->id);
}

/* How long until the next heartbeat is due; -1: there are none. */
static int time_left(const struct raw_node *node, double due)
{
    double left = 1000 * (due - clock_now());
    return node->heartbeat_ms == 0 ? -1 : left > 1 ? (int)left : 1;
}

static void send_heartbeat(struct raw_node *node, double *due)
{
    if (node->heartbeat_ms == 0 || clock_now() < *due)
        return;
    raw_send(node->socket, 'P', &(struct raw_frame){.kind = RAW_HEARTBEAT});
    *due += (double)node->heartbeat_ms / 1000;
}

static void *serve(void *argument)
{
    struct raw_node *node = argument;
    struct raw_frame frame = {.kind = RAW_CREATE, .id = node->id};
    double due = clock_now() + (double)node->heartbeat_ms / 1000;
    char name = 'P';
    raw_send(node->socket, 'P', &frame);
    while (frame.kind != RAW_QUIT) {
        int timeout = time_left(node, due);
        if (timeout >= 0)
            zmq_setsockopt(node->socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
        if (!raw_receive(node->socket, &name, &frame))
            ;
        else if (name == 'P' && frame.kind != RAW_QUIT)
            pass_down(node, &frame);
        else if (name != 'P' && frame.kind != RAW_HEARTBEAT)
            raw_send(node->socket, 'P', &frame);
        send_heartbeat(node, &due);
    }
    end_children(node);
    close_socket(node);
    return NULL;
}

/* The topmost node. */

void raw_open(struct raw_node *top, int64_t heartbeat_ms)
{
    char endpoint[32];
    *top = (struct raw_node){.context = zmq_ctx_new(), .id = -1, .heartbeat_ms = heartbeat_ms};
    zmq_ctx_set(top->context, ZMQ_IO_THREADS, 0);
    zmq_ctx_set(top->context, ZMQ_MAX_SOCKETS, zmq_ctx_get(top->context, ZMQ_SOCKET_LIMIT));
    top->socket = raw_socket(top->context, 'T');
    endpoint_of(top, endpoint);
    raw_bind(top->socket, endpoint);
}

void raw_say(struct raw_node *top, enum raw_kind kind, int64_t id)
{
    pass_down(top, &(struct raw_frame){.kind = kind, .id = id});
}

void raw_hear(struct raw_node *top)
{
    struct raw_frame frame;
    char name;
    do
        must(raw_receive(top->socket, &name, &frame), "receive");
    while (frame.kind == RAW_HEARTBEAT);
}

void raw_close(struct raw_node *top)
{
    end_children(top);
    close_socket(top);
    zmq_ctx_term(top->context);
}
