/* A star in the thread world: many children of one node. */
#include <pthread.h>
#include <stdlib.h>
#include <zmq.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/raw.h"

static const double star_seconds = 0.4;

enum { STACK = 64 * 1024, FIRST = 0x43000001 }; /* no name of a peer begins with a zero byte */

/* Microseconds for each hop of trips to all in turn, until the time is over. */
static double time_trips(void (*trip)(void *self, size_t child), void *self, size_t children)
{
    size_t trips = 0;
    double begun = clock_now(), now;
    do {
        trip(self, trips % children);
        trips++;
        now = clock_now();
    } while (now - begun < star_seconds);
    return 1e6 * (now - begun) / (double)trips / 2;
}

static void ask_child(void *self, size_t child)
{
    expect(xylem_exec(self, (int64_t)child, "time", NULL), "exec");
}

double star_xylem(const struct setting *setting)
{
    xylem *network = network_open(setting, 0);
    network_chain(network, setting->nodes); /* in the shape `tree` they are all children */
    double result = time_trips(ask_child, network, setting->nodes);
    xylem_close(&network);
    return result;
}

/* The floor: threads that send back what they get. */

struct child {
    void *socket;
    pthread_t thread;
};

static void *serve(void *argument)
{
    struct child *child = argument;
    struct raw_frame frame;
    char name;
    do {
        raw_receive(child->socket, &name, &frame);
        raw_send(child->socket, 'P', &frame);
    } while (frame.kind != RAW_QUIT);
    zmq_close(child->socket);
    return NULL;
}

static void begin(struct raw_node *top, struct child *child, uint32_t number)
{
    pthread_attr_t attributes;
    child->socket = raw_socket(top->context, 'C');
    zmq_setsockopt(child->socket, ZMQ_ROUTING_ID, &number, sizeof number);
    raw_connect(child->socket, "inproc://-1");
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    must(pthread_create(&child->thread, &attributes, serve, child) == 0, "thread");
    pthread_attr_destroy(&attributes);
}

static void ask_number(struct raw_node *top, uint32_t number, enum raw_kind kind)
{
    struct raw_frame frame = {.kind = kind};
    must(zmq_send(top->socket, &number, sizeof number, ZMQ_SNDMORE) >= 0, "send");
    must(zmq_send(top->socket, &frame, sizeof frame, 0) >= 0, "send");
    must(zmq_recv(top->socket, &number, sizeof number, 0) == sizeof number, "receive");
    must(zmq_recv(top->socket, &frame, sizeof frame, 0) == sizeof frame, "receive");
}

static void ask_raw_child(void *self, size_t child)
{
    ask_number(self, FIRST + (uint32_t)child, RAW_ASK);
}

double star_floor(const struct setting *setting)
{
    struct raw_node top;
    struct child *children = calloc(setting->nodes, sizeof *children);
    must(children != NULL, "memory");
    raw_open(&top, 0);
    for (size_t i = 0; i < setting->nodes; i++)
        begin(&top, &children[i], FIRST + (uint32_t)i);
    double result = time_trips(ask_raw_child, &top, setting->nodes);
    for (size_t i = 0; i < setting->nodes; i++) {
        ask_number(&top, FIRST + (uint32_t)i, RAW_QUIT);
        pthread_join(children[i].thread, NULL);
    }
    raw_close(&top);
    free(children);
    return result;
}
