/* Trees of nodes in the thread world: to create them, to close them, to keep them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/raw.h"

static double memory_kib(void)
{
    long pages = 0, page_kib = sysconf(_SC_PAGESIZE) / 1024;
    FILE *file = fopen("/proc/self/statm", "re");
    must(file && fscanf(file, "%*d %ld", &pages) == 1, "statm");
    fclose(file);
    return (double)(pages * page_kib);
}

static void fill_raw(struct raw_node *top, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        raw_say(top, RAW_CREATE, ids[i]);
        raw_hear(top);
    }
}

/* What one node costs of everything. */
struct costs {
    double create_us, close_us, memory_kib;
};

static struct costs costs_of_xylem(const struct setting *setting)
{
    double count = (double)setting->nodes;
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, 0);
    double memory = memory_kib(), begun = clock_now();
    network_fill(network, ids, setting->nodes);
    double created = clock_now();
    memory = memory_kib() - memory;
    double closing = clock_now();
    xylem_close(&network);
    double closed = clock_now();
    free(ids);
    return (struct costs){1e6 * (created - begun) / count, 1e6 * (closed - closing) / count,
                          memory / count};
}

static struct costs costs_of_floor(const struct setting *setting)
{
    struct raw_node top;
    double count = (double)setting->nodes;
    int64_t *ids = random_ids(setting->nodes);
    raw_open(&top, 0);
    double memory = memory_kib(), begun = clock_now();
    fill_raw(&top, ids, setting->nodes);
    double created = clock_now();
    memory = memory_kib() - memory;
    double closing = clock_now();
    raw_close(&top);
    double closed = clock_now();
    free(ids);
    return (struct costs){1e6 * (created - begun) / count, 1e6 * (closed - closing) / count,
                          memory / count};
}

double create_xylem(const struct setting *setting)
{
    return costs_of_xylem(setting).create_us;
}

double create_floor(const struct setting *setting)
{
    return costs_of_floor(setting).create_us;
}

double close_xylem(const struct setting *setting)
{
    return costs_of_xylem(setting).close_us;
}

double close_floor(const struct setting *setting)
{
    return costs_of_floor(setting).close_us;
}

double memory_xylem(const struct setting *setting)
{
    return costs_of_xylem(setting).memory_kib;
}

double memory_floor(const struct setting *setting)
{
    return costs_of_floor(setting).memory_kib;
}

/* Heartbeats. */

enum { BEAT_MS = 1000 };

double beats_xylem(const struct setting *setting)
{
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, BEAT_MS);
    network_fill(network, ids, setting->nodes);
    double used = clock_used(), begun = clock_now();
    expect(xylem_run(network, (int64_t)(1000 * setting->seconds)), "run");
    double result = 100 * (clock_used() - used) / (clock_now() - begun);
    xylem_close(&network);
    free(ids);
    return result;
}

static void rest(double seconds)
{
    usleep((useconds_t)(1e6 * seconds));
}

double beats_floor(const struct setting *setting)
{
    struct raw_node top;
    int64_t *ids = random_ids(setting->nodes);
    raw_open(&top, BEAT_MS);
    fill_raw(&top, ids, setting->nodes);
    double used = clock_used(), begun = clock_now();
    rest(setting->seconds);
    double result = 100 * (clock_used() - used) / (clock_now() - begun);
    raw_close(&top);
    free(ids);
    return result;
}

/* As many nodes as are wanted, or as can be had. */
double capacity_xylem(const struct setting *setting)
{
    int64_t *ids = random_ids(setting->nodes);
    xylem *network = network_open(setting, BEAT_MS);
    size_t count = 0, answered = 0;
    while (count < setting->nodes && !xylem_create(network, ids[count], NULL))
        count++;
    expect(xylem_run(network, (int64_t)(1000 * setting->seconds)), "run");
    for (size_t i = 0; i < count; i++)
        answered += xylem_ping(network, ids[i]) == XYLEM_OK;
    xylem_close(&network);
    free(ids);
    return (double)answered;
}
