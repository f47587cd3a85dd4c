/* A large text through a chain, beside relays that pass messages on. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/raw.h"

enum { MIB = 1024 * 1024, TEXT_MIB = 16, TIMES = 8, PART = 256 * 1024 };
enum { PARTS = TEXT_MIB * MIB / PART };

static double rate_of(double seconds)
{
    return TIMES * TEXT_MIB / seconds;
}

/* A service that takes texts and answers with nothing. */

static int swallow(void *state, xylem_work *work)
{
    (void)state;
    (void)work;
    return XYLEM_OK;
}

const xylem_service swallow_service = XYLEM_SERVICE(.name = "swallow", .exec = swallow);

double large_xylem(const struct setting *setting)
{
    int64_t last = (int64_t)setting->nodes - 1;
    char *text = malloc(TEXT_MIB * MIB);
    xylem *network = network_open(setting, 0);
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    must(text != NULL, "memory");
    memset(text, 'x', TEXT_MIB * MIB);
    network_chain(network, setting->nodes - 1);
    options.service = swallow_service.name;
    expect(xylem_create_with(network, last, &options, NULL), xylem_reason(network));
    expect(xylem_exec_bytes(network, last, text, TEXT_MIB * MIB, NULL, NULL), "exec");
    double begun = clock_now();
    for (int i = 0; i < TIMES; i++)
        expect(xylem_exec_bytes(network, last, text, TEXT_MIB * MIB, NULL, NULL), "exec");
    double result = rate_of(clock_now() - begun);
    xylem_close(&network);
    free(text);
    return result;
}

/* The floor: a ROUTER each, as xylem has it; the last one answers the last part of a text. They end
 * with the process of the measurement. */

struct relay {
    void *context;
    char parent[64], own[64]; /* endpoints */
    bool last;
};

static void send_word(void *socket, const char *peer, const char *word)
{
    must(zmq_send(socket, peer, 1, ZMQ_SNDMORE) == 1, "send");
    must(zmq_send(socket, word, 1, 0) == 1, "send");
}

/* Takes the next message, and passes it on or swallows it. */
static void pass(void *socket, bool last)
{
    char name;
    zmq_msg_t part;
    must(zmq_recv(socket, &name, 1, 0) == 1, "receive");
    zmq_msg_init(&part);
    must(zmq_msg_recv(&part, socket, 0) >= 0, "receive");
    bool end = *(const char *)zmq_msg_data(&part) == 'e';
    if (name != 'P' || !last) {
        must(zmq_send(socket, name == 'P' ? "R" : "P", 1, ZMQ_SNDMORE) == 1, "send");
        must(zmq_msg_send(&part, socket, 0) >= 0, "send");
    } else if (end) {
        send_word(socket, "P", "e");
    }
    zmq_msg_close(&part);
}

static void *serve(void *argument)
{
    struct relay *relay = argument;
    void *socket = raw_socket(relay->context ? relay->context : zmq_ctx_new(), 'R');
    raw_bind(socket, relay->own);
    raw_connect(socket, relay->parent);
    send_word(socket, "P", "h");
    for (;;)
        pass(socket, relay->last);
    return NULL;
}

static void begin_thread(struct relay *relay)
{
    pthread_t thread;
    must(pthread_create(&thread, NULL, serve, relay) == 0, "thread");
}

static void begin_process(struct relay *relay)
{
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    relay->context = NULL;
    serve(relay);
    _exit(EXIT_FAILURE);
}

static void await_word(void *socket)
{
    char name, word[PART];
    must(zmq_recv(socket, &name, 1, 0) == 1, "receive");
    must(zmq_recv(socket, word, sizeof word, 0) >= 1, "receive");
}

static void send_text(void *socket, char *part)
{
    for (int i = 0; i < PARTS; i++) {
        part[0] = i == PARTS - 1 ? 'e' : 'x';
        must(zmq_send(socket, "R", 1, ZMQ_SNDMORE) == 1, "send");
        must(zmq_send(socket, part, PART, 0) == PART, "send");
    }
    await_word(socket);
}

/* Each begins when the hello of the one above it has come all the way: that one is bound then. */
static void begin_relays(void *context, void *socket, const struct setting *setting,
                         const char *where, struct relay *relays)
{
    for (size_t i = 0; i < setting->nodes; i++) {
        struct relay *relay = &relays[i];
        *relay = (struct relay){.context = context, .last = i == setting->nodes - 1};
        snprintf(relay->parent, sizeof relay->parent, "%s%zu", where, i);
        snprintf(relay->own, sizeof relay->own, "%s%zu", where, i + 1);
        if (setting->world == XYLEM_THREAD)
            begin_thread(relay);
        else
            begin_process(relay);
        await_word(socket);
    }
}

double large_floor(const struct setting *setting)
{
    char folder[] = "/tmp/xylem-bench-XXXXXX", where[48] = "inproc://", part[PART] = "x";
    struct relay *relays = calloc(setting->nodes, sizeof *relays);
    must(relays != NULL && mkdtemp(folder) != NULL, "folder");
    if (setting->world == XYLEM_PROCESS)
        snprintf(where, sizeof where, "ipc://%s/", folder);
    void *context = zmq_ctx_new(), *socket = raw_socket(context, 'T');
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "%s0", where);
    raw_bind(socket, endpoint);
    begin_relays(context, socket, setting, where, relays);
    send_text(socket, part);
    double begun = clock_now();
    for (int i = 0; i < TIMES; i++)
        send_text(socket, part);
    double result = rate_of(clock_now() - begun);
    for (size_t i = 0; setting->world == XYLEM_PROCESS && i <= setting->nodes; i++) {
        snprintf(endpoint, sizeof endpoint, "%s/%zu", folder, i);
        unlink(endpoint);
    }
    rmdir(folder);
    return result;
}
