/* Jobs: how much each costs, when so many are under way. */
#include <stdlib.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"

enum { FEW = 100, LEAST_JOBS = 20000, TURNS = 3, TURN_MS = 1000 };

static void finished(xylem_future *future, void *owner)
{
    size_t *under_way = owner;
    expect(xylem_future_result(future, NULL, NULL), "job");
    xylem_future_free(&future);
    --*under_way;
}

static void start(xylem *network, int64_t id, size_t *under_way)
{
    xylem_future *future;
    expect(xylem_start(network, id, "time", -1, &future), "start");
    xylem_future_then(future, finished, under_way);
    ++*under_way;
}

/* Microseconds for each job, from the first one until the last is answered: to all nodes in turn,
 * and another one as soon as one is finished. */
static double cost_of_job(const struct setting *setting, size_t window)
{
    size_t jobs = TURNS * window > LEAST_JOBS ? TURNS * window : LEAST_JOBS, under_way = 0;
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, 0);
    network_fill(network, ids, setting->nodes);
    double begun = clock_now();
    for (size_t started = 0; started < jobs || under_way > 0;) {
        for (; started < jobs && under_way < window; started++)
            start(network, ids[started % setting->nodes], &under_way);
        expect(xylem_run(network, TURN_MS), "run");
    }
    double result = 1e6 * (clock_now() - begun) / (double)jobs;
    xylem_close(&network);
    free(ids);
    return result;
}

double job_xylem(const struct setting *setting)
{
    return cost_of_job(setting, setting->jobs);
}

double job_floor(const struct setting *setting)
{
    return cost_of_job(setting, FEW);
}
