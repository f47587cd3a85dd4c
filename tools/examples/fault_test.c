/* A test of one's own service among faults: nodes are killed and paused at random moments.
 *
 *     fault_test simulated          many runs, each drawn from a seed of its own
 *     fault_test simulated 17       the run of seed 17 again, to the letter
 *     fault_test thread|ipc|tcp     a few runs; there a seed repeats what is drawn, but not when
 *
 * The service counts additions. A caller without an answer does not know whether its addition was
 * counted, and asks again; so each addition has a number, by which the service knows it when it
 * comes twice. What must hold: the answer to the n-th addition is n, whatever has happened before.
 *
 * A test that has never failed may be one that cannot: compile it with -DKNOWS_NUMBERS=0, and it
 * finds that what is asked for again is counted again.
 */
#include <inttypes.h>

#include "world.h"

#ifndef KNOWS_NUMBERS
#define KNOWS_NUMBERS 1
#endif

/* The service. */

struct counter {
    long long last; /* the number of the latest addition */
    long long count;
};

static int open_counter(void **state)
{
    *state = calloc(1, sizeof(struct counter));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int add(void *state, xylem_work *work)
{
    struct counter *counter = state;
    long long number = atoll(xylem_work_text(work, NULL));
    char answer[32];
    if (!KNOWS_NUMBERS || number != counter->last)
        counter->count++;
    counter->last = number;
    int length = snprintf(answer, sizeof answer, "%lld", counter->count);
    return xylem_work_reply(work, answer, (size_t)length);
}

static const xylem_service service = XYLEM_SERVICE(.name = "counter", .open = open_counter,
                                                   .exec = add, .close = free, .release = free);

/* One run of the test. */

enum { NODES = 4, STEPS = 25, PATIENCE_MS = 100 };

struct run {
    xylem *network;
    uint64_t seed;
    uint64_t random;
    int counts[NODES]; /* of the additions to each node that were answered, since it was created */
};

/* A number below the limit: splitmix64, which is the same on every machine. */
static int draw(struct run *run, unsigned limit)
{
    uint64_t bits = run->random += 0x9e3779b97f4a7c15;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
    return (int)((bits ^ bits >> 31) % limit);
}

/* Lets time pass; each event ends one xylem_run. */
static void pass(struct run *run, int ms)
{
    int64_t until_ms = xylem_now(run->network) + ms;
    while (xylem_now(run->network) < until_ms)
        xylem_run(run->network, until_ms - xylem_now(run->network));
}

static void inject_fault(struct run *run)
{
    int id = draw(run, NODES);
    int kind = draw(run, 8);
    if (kind == 0)
        xylem_kill(run->network, id);
    else if (kind < 4)
        xylem_pause(run->network, id);
    else
        xylem_resume(run->network, id);
}

static bool is_alive(struct run *run, int id)
{
    return !xylem_wait(run->network, id, true, PATIENCE_MS) && !xylem_ping(run->network, id);
}

static void create(struct run *run, int id)
{
    if (!xylem_create(run->network, id, NULL))
        run->counts[id] = 0;
}

/* A node that hangs goes on; one that is dead is removed, with all below it, and begins a new life.
 */
static void mend(struct run *run)
{
    for (int id = 0; id < NODES; id++)
        xylem_resume(run->network, id);
    for (int id = 0; id < NODES; id++) {
        create(run, id); /* if there is none */
        if (is_alive(run, id))
            continue;
        xylem_remove(run->network, id);
        create(run, id);
    }
}

/* Whether that was the right answer. */
static bool check(struct run *run, int id, const char *answer)
{
    int number = ++run->counts[id];
    if (atoi(answer) == number)
        return true;
    printf("seed %" PRIu64 ": addition %d to node %d was answered with %s\n", run->seed, number, id,
           answer);
    return false;
}

/* A fault happens while an addition is under way. */
static bool step(struct run *run)
{
    xylem_future *future;
    const char *answer;
    char number[16];
    bool holds = true;
    int id = draw(run, NODES);
    snprintf(number, sizeof number, "%d", run->counts[id] + 1);
    if (xylem_start(run->network, id, number, -1, &future))
        return false;
    pass(run, draw(run, 4));
    inject_fault(run);
    xylem_future_wait(future, -1);
    if (xylem_future_result(future, &answer, NULL) == XYLEM_OK)
        holds = check(run, id, answer);
    else if (draw(run, 2) == 0)
        mend(run);
    xylem_future_free(&future);
    return holds;
}

/* When the faults are over, every node answers; from now on it has time to do so. */
static bool is_well(struct run *run)
{
    const char *answer;
    char number[16];
    xylem_heartbeat(run->network, 1000);
    mend(run);
    for (int id = 0; id < NODES; id++) {
        snprintf(number, sizeof number, "%d", run->counts[id] + 1);
        int error = xylem_exec(run->network, id, number, &answer);
        if (error) {
            printf("seed %" PRIu64 ": node %d: %s\n", run->seed, id, xylem_strerror(error));
            return false;
        }
        if (!check(run, id, answer))
            return false;
    }
    return true;
}

static bool run_seed(char **argv, uint64_t seed)
{
    xylem_options options = XYLEM_OPTIONS;
    options.service = "counter";
    options.heartbeat_ms = 20; /* so that a node that hangs is given up after 80 ms and a margin */
    options.job_ms = 500;
    options.seed = seed;
    struct run run = {.network = open_network(argv, options), .seed = seed, .random = seed};
    bool holds = true;
    mend(&run); /* of a network without nodes, that is: create them */
    for (int i = 0; holds && i < STEPS; i++)
        holds = step(&run);
    holds = holds && is_well(&run);
    xylem_close(&run.network);
    return holds;
}

int main(int argc, char **argv)
{
    if (xylem_register(&service))
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    if (argc == 3)
        return run_seed(argv, strtoull(argv[2], NULL, 10)) ? EXIT_SUCCESS : EXIT_FAILURE;
    uint64_t seeds = argc == 2 && strcmp(argv[1], "simulated") == 0 ? 1000 : 3;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (run_seed(argv, seed))
            continue;
        printf("this shows it again: fault_test %s %" PRIu64 "\n", argv[1], seed);
        return EXIT_FAILURE;
    }
    printf("seeds 1 to %" PRIu64 ": every addition was counted once\n", seeds);
}
