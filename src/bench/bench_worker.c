/* Worker processes, beside processes that only connect. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/pipeline.h"

enum { KEY_SIZE = 41 };

static char floor_flag[] = "--floor";

static void set_key(void *socket, int option, const char *key)
{
    must(zmq_setsockopt(socket, option, key, KEY_SIZE) == 0, "key");
}

/* Over tcp everything is encrypted, as in xylem. */
static void encrypt(void *socket, const char *server)
{
    char public[KEY_SIZE], secret[KEY_SIZE];
    must(zmq_curve_keypair(public, secret) == 0, "keys");
    set_key(socket, ZMQ_CURVE_SERVERKEY, server);
    set_key(socket, ZMQ_CURVE_PUBLICKEY, public);
    set_key(socket, ZMQ_CURVE_SECRETKEY, secret);
}

/* Connects, says so, and waits to be killed. */
void spawned_floor(int argc, char **argv)
{
    char rest[8];
    if (argc != 4 || strcmp(argv[1], floor_flag) != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER);
    if (argv[3][0])
        encrypt(socket, argv[3]);
    if (zmq_connect(socket, argv[2]) == 0)
        zmq_send(socket, "hello", 5, 0);
    zmq_recv(socket, rest, sizeof rest, 0);
    exit(EXIT_FAILURE);
}

/* KiB that belong to a process alone. */
static double own_memory_kib(int64_t pid)
{
    char path[64], line[256];
    double sum = 0, part;
    snprintf(path, sizeof path, "/proc/%lld/smaps_rollup", (long long)pid);
    FILE *file = fopen(path, "re");
    must(file != NULL, path);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Private_Clean: %lf", &part) == 1 ||
            sscanf(line, "Private_Dirty: %lf", &part) == 1)
            sum += part;
    fclose(file);
    return sum;
}

struct costs {
    double start_ms, memory_kib; /* of each */
};

static struct costs costs_of_xylem(const struct setting *setting)
{
    const xylem_node *const *nodes;
    size_t count;
    struct costs costs = {0};
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, 0);
    double begun = clock_now();
    network_fill(network, ids, setting->nodes);
    costs.start_ms = 1e3 * (clock_now() - begun) / (double)setting->nodes;
    expect(xylem_list(network, &nodes, &count), "list");
    for (size_t i = 0; i < count; i++)
        costs.memory_kib += own_memory_kib(nodes[i]->pid) / (double)count;
    xylem_close(&network);
    free(ids);
    return costs;
}

/* Where the floor's processes connect to. */
struct place {
    void *socket;
    char folder[32], endpoint[64], public[KEY_SIZE]; /* of the socket, over ipc */
};

static void spawn(pid_t *pid, struct place *place)
{
    static char name[] = "xylem-bench";
    char *arguments[] = {name, floor_flag, place->endpoint, place->public, NULL};
    errno = posix_spawn(pid, "/proc/self/exe", NULL, NULL, arguments, environ);
    must(errno == 0, "spawn");
}

static void await_hello(void *socket)
{
    char frame[16];
    for (int frames = 0; frames < 2; frames++)
        must(zmq_recv(socket, frame, sizeof frame, 0) >= 0, "receive");
}

static struct place bind_floor(void *context, const struct setting *setting)
{
    char secret[KEY_SIZE];
    int one = 1;
    int backlog = 65535; /* or the kernel turns some away, which try again after a second */
    struct place place = {.socket = zmq_socket(context, ZMQ_ROUTER),
                          .folder = "/tmp/xylem-bench-XXXXXX"};
    size_t size = sizeof place.endpoint;
    if (setting->transport == XYLEM_IPC) {
        must(mkdtemp(place.folder) != NULL, "folder");
        snprintf(place.endpoint, size, "ipc://%s/0", place.folder);
    } else {
        snprintf(place.endpoint, size, "tcp://127.0.0.1:*");
        must(zmq_curve_keypair(place.public, secret) == 0, "keys");
        zmq_setsockopt(place.socket, ZMQ_CURVE_SERVER, &one, sizeof one);
        set_key(place.socket, ZMQ_CURVE_SECRETKEY, secret);
    }
    zmq_setsockopt(place.socket, ZMQ_BACKLOG, &backlog, sizeof backlog);
    must(zmq_bind(place.socket, place.endpoint) == 0, "bind");
    zmq_getsockopt(place.socket, ZMQ_LAST_ENDPOINT, place.endpoint, &size);
    return place;
}

/* As many at a time as `together`. */
static struct costs costs_of_floor(const struct setting *setting, size_t together)
{
    struct costs costs = {0};
    pid_t *pids = calloc(setting->nodes, sizeof *pids);
    void *context = zmq_ctx_new();
    struct place place = bind_floor(context, setting);
    must(pids != NULL, "memory");
    double begun = clock_now();
    for (size_t i = 0; i < setting->nodes; i++) {
        spawn(&pids[i], &place);
        if ((i + 1) % together == 0)
            for (size_t heard = 0; heard < together; heard++)
                await_hello(place.socket);
    }
    costs.start_ms = 1e3 * (clock_now() - begun) / (double)setting->nodes;
    for (size_t i = 0; i < setting->nodes; i++)
        costs.memory_kib += own_memory_kib(pids[i]) / (double)setting->nodes;
    for (size_t i = 0; i < setting->nodes; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    if (setting->transport == XYLEM_IPC) {
        unlink(place.endpoint + strlen("ipc://"));
        rmdir(place.folder);
    }
    zmq_close(place.socket);
    zmq_ctx_term(context);
    free(pids);
    return costs;
}

/* Side by side: each is a child of the controlling node. */
double together_xylem(const struct setting *setting)
{
    struct pipeline pipeline;
    struct setting star = *setting;
    star.topology = "tree";
    pipeline_open(&pipeline, &star);
    double begun = clock_now();
    for (size_t i = 0; i < setting->nodes; i++)
        pipeline_give(&pipeline, XY_COMMAND_CREATE, (int64_t)i, "timer");
    pipeline_await(&pipeline, setting->nodes);
    double result = 1e3 * (clock_now() - begun) / (double)setting->nodes;
    pipeline_close(&pipeline);
    return result;
}

double together_floor(const struct setting *setting)
{
    return costs_of_floor(setting, setting->nodes).start_ms;
}

double start_xylem(const struct setting *setting)
{
    return costs_of_xylem(setting).start_ms;
}

double start_floor(const struct setting *setting)
{
    return costs_of_floor(setting, 1).start_ms;
}

double worker_memory_xylem(const struct setting *setting)
{
    return costs_of_xylem(setting).memory_kib;
}

double worker_memory_floor(const struct setting *setting)
{
    return costs_of_floor(setting, 1).memory_kib;
}
