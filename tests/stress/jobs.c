/* stress_jobs: a thousand jobs at a hundred nodes, also while nodes are killed, and one large one
 * beside heartbeats.
 *
 *     stress_jobs [--world thread|ipc|tcp|simulated] [--heartbeat MS] [--seed N]
 *
 * The seed repeats what is drawn, not the moments at which it happens; in the simulated world it
 * repeats everything.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xylem.h>

enum {
    NODES = 100,
    JOBS = 1000,
    KILLS = 20,
    NUMBERS = 10000000, /* in the large job */
    ROUNDS = 20,        /* of pings */
    HELD_UP_MS = 100,   /* who is held up by the machine for as long may be given up */
    TIMEOUT_MS = 60000
};

static void must(bool true_of_all, const char *what)
{
    if (true_of_all)
        return;
    fprintf(stderr, "stress_jobs: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t seed;
static int64_t heartbeat_ms = 50; /* beside the large one */

static unsigned draw(unsigned below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % below;
}

/* How long the machine held a thread up that only wanted to sleep a little. */

static atomic_long longest_ms;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void *probe(void *unused)
{
    for (;;) {
        int64_t before = now_ms();
        usleep(5000);
        long late = (long)(now_ms() - before) - 5;
        if (late > atomic_load(&longest_ms))
            atomic_store(&longest_ms, late);
    }
    return unused;
}

static bool was_held_up(void)
{
    return atomic_load(&longest_ms) > HELD_UP_MS;
}

/* Networks. */

struct place {
    enum xylem_world world;
    enum xylem_transport transport;
    uint64_t seed;
};

static xylem *open_network(const struct place *place, const char *service, int64_t nodes)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = place->world;
    options.transport = place->transport;
    options.seed = place->seed;
    options.service = service;
    options.timeout_ms = TIMEOUT_MS;
    must(xylem_open(&network, &options) == XYLEM_OK, "no network");
    for (int64_t i = 0; i < nodes; i++)
        must(xylem_create(network, i * 37 % nodes, NULL) == XYLEM_OK, "no node");
    return network;
}

/* A thousand jobs. */

struct job {
    int64_t node;
    int answers, status;
};

static void count(xylem_future *future, void *owner)
{
    struct job *job = owner;
    job->answers++;
    job->status = xylem_future_result(future, NULL, NULL);
}

static xylem_future *begin(xylem *network, struct job *job)
{
    char text[16];
    xylem_future *future;
    snprintf(text, sizeof text, "%u", draw(20));
    must(xylem_start(network, job->node, text, -1, &future) == XYLEM_OK, "no job");
    xylem_future_then(future, count, job);
    return future;
}

static void kill_some(xylem *network, bool killed[NODES])
{
    for (int i = 0; i < KILLS; i++) {
        int64_t victim = NODES / 2 + draw(NODES / 2);
        int status = xylem_kill(network, victim);
        must(status == XYLEM_OK, "no kill");
        killed[victim] = true;
        must(xylem_run(network, draw(20)) == XYLEM_OK, "run");
    }
}

static void check(const struct job *job, const bool *killed)
{
    bool refused = job->status == XYLEM_UNAVAILABLE && killed;
    must(job->answers == 1, "a job is not answered once");
    must(job->status == XYLEM_OK || refused, xylem_strerror(job->status));
}

static void thousand_jobs(const struct place *place, bool kills)
{
    static struct job jobs[JOBS];
    static xylem_future *futures[JOBS];
    bool killed[NODES] = {false};
    size_t refused = 0;
    xylem *network = open_network(place, "sleep", NODES);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.node = draw(NODES)};
        futures[i] = begin(network, &jobs[i]);
    }
    if (kills)
        kill_some(network, killed);
    for (size_t i = 0; i < JOBS; i++)
        must(xylem_future_wait(futures[i], TIMEOUT_MS) == XYLEM_OK, "a job has no end");
    must(xylem_run(network, 0) == XYLEM_OK, "run");
    for (size_t i = 0; i < JOBS; i++) {
        check(&jobs[i], kills ? killed : NULL);
        refused += jobs[i].status != XYLEM_OK;
        xylem_future_free(&futures[i]);
    }
    must(kills || refused == 0, "a job is refused");
    printf("%d jobs%s: each answered once, %zu refused\n", JOBS, kills ? " and kills" : "",
           refused);
    xylem_close(&network);
}

/* A large one. */

static char *make_numbers(size_t *size)
{
    char *text = malloc(2 * NUMBERS + 16);
    must(text != NULL, "no memory");
    *size = (size_t)sprintf(text, "%d", NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
        text[(*size)++] = ' ';
        text[(*size)++] = '1';
    }
    return text;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + (double)now.tv_nsec / 1e3;
}

/* Every node but the one that works. */
static void ping_others(xylem *network, int64_t nodes, int64_t busy, const char *when)
{
    double times[ROUNDS * 30];
    size_t pings = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (int64_t id = 0; id < nodes; id++) {
            double before = clock_us();
            int status = id == busy ? XYLEM_OK : xylem_ping(network, id);
            must(status == XYLEM_OK || was_held_up(), "no answer to a ping");
            if (id != busy)
                times[pings++] = clock_us() - before;
        }
    qsort(times, pings, sizeof *times, compare);
    printf("ping %s: %.0f us (median of %zu), %.0f us at the longest\n", when, times[pings / 2],
           pings, times[pings - 1]);
}

static void large_job(const struct place *place)
{
    enum { CROWD = 30, BUSY = 7 };
    xylem *network = open_network(place, "sum", CROWD);
    xylem_future *future;
    const char *sum;
    size_t size;
    char *text = make_numbers(&size);
    must(xylem_heartbeat(network, heartbeat_ms) == XYLEM_OK, "no heartbeat");
    ping_others(network, CROWD, BUSY, "before");
    must(xylem_start_bytes(network, BUSY, text, size, -1, &future) == XYLEM_OK, "no job");
    ping_others(network, CROWD, BUSY, "meanwhile");
    must(xylem_future_wait(future, TIMEOUT_MS) == XYLEM_OK, "the large job has no end");
    must(xylem_future_result(future, &sum, NULL) == XYLEM_OK && strcmp(sum, "10000000") == 0,
         "a wrong sum");
    must(xylem_run(network, 10 * heartbeat_ms) == XYLEM_OK, "run");
    bool late = xylem_next_event(network) != NULL;
    printf("the sum of %d numbers, %zu bytes; heartbeats of %d ms: %s; the machine: %ld ms late\n",
           NUMBERS, size, (int)heartbeat_ms, late ? "late" : "none late", atomic_load(&longest_ms));
    must(!late || was_held_up(), "a node was given up");
    xylem_future_free(&future);
    xylem_close(&network);
    free(text);
}

/* The program. */

static const struct {
    const char *name;
    struct place place;
} places[] = {{"thread", {XYLEM_THREAD, XYLEM_IPC, 0}},
              {"ipc", {XYLEM_PROCESS, XYLEM_IPC, 0}},
              {"tcp", {XYLEM_PROCESS, XYLEM_TCP, 0}},
              {"simulated", {XYLEM_SIMULATED, XYLEM_IPC, 0}}};

static const struct argp_option known[] = {
    {"world", 'w', "WORLD", 0, "thread, ipc, tcp or simulated", 0},
    {"heartbeat", 'h', "MS", 0, "the heartbeat interval beside the large job", 0},
    {"seed", 's', "N", 0, "what is drawn; random if it is not given", 0},
    {0}};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct place *place = state->input;
    size_t count = sizeof places / sizeof *places, i = 0;
    switch (key) {
    case 'w':
        while (i < count && strcmp(places[i].name, text) != 0)
            i++;
        if (i == count)
            argp_error(state, "no such world: %s", text);
        *place = places[i].place;
        return 0;
    case 'h':
        heartbeat_ms = atoi(text);
        return 0;
    case 's':
        seed = strtoull(text, NULL, 10);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp parser = {known, parse, NULL, NULL, NULL, NULL, NULL};
    struct place place = places[0].place;
    pthread_t thread;
    xylem_worker(argc, argv);
    seed = (uint64_t)now_ms() ^ (uint64_t)getpid() << 32;
    argp_parse(&parser, argc, argv, 0, NULL, &place);
    place.seed = seed;
    printf("--seed %" PRIu64 "\n", seed);
    fflush(stdout);
    must(pthread_create(&thread, NULL, probe, NULL) == 0, "no thread");
    thousand_jobs(&place, false);
    thousand_jobs(&place, true);
    large_job(&place);
    return EXIT_SUCCESS;
}
