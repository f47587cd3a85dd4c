/* Round trips, and many requests under way at once. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/pipeline.h"
#include "bench/raw.h"
#include "bench/raw_chain.h"

/* One at a time. */

static const double trip_seconds = 0.4;

/* Microseconds for each hop: as many trips as there is time for, after some that do not count. */
static double time_trips(void (*trip)(void *self), void *self, size_t depth)
{
    for (int i = 0; i < 10; i++)
        trip(self);
    size_t trips = 0;
    double begun = clock_now(), now;
    do {
        trip(self);
        trips++;
        now = clock_now();
    } while (now - begun < trip_seconds);
    return 1e6 * (now - begun) / (double)trips / (double)(2 * depth);
}

struct chain {
    xylem *network;
    int64_t last;
};

static void ask_xylem(void *self)
{
    const struct chain *chain = self;
    expect(xylem_exec(chain->network, chain->last, "time", NULL), "exec");
}

double hop_xylem(const struct setting *setting)
{
    struct chain chain = {network_open(setting, 0), (int64_t)setting->nodes - 1};
    network_chain(chain.network, setting->nodes);
    double result = time_trips(ask_xylem, &chain, setting->nodes);
    xylem_close(&chain.network);
    return result;
}

struct raw {
    struct raw_node top;
    int64_t last;
};

static void ask_raw(void *self)
{
    struct raw *raw = self;
    raw_say(&raw->top, RAW_ASK, raw->last);
    raw_hear(&raw->top);
}

static void fill_raw_chain(struct raw *raw, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        raw_say(&raw->top, RAW_CREATE, (int64_t)i);
        raw_hear(&raw->top);
    }
    raw->last = (int64_t)depth - 1;
}

static void ask_processes(void *chain)
{
    raw_chain_trip(chain);
}

double hop_floor(const struct setting *setting)
{
    double result;
    if (setting->world == XYLEM_PROCESS) {
        struct raw_chain *chain = raw_chain_open(setting->nodes, setting->transport);
        result = time_trips(ask_processes, chain, setting->nodes);
        raw_chain_close(chain);
    } else {
        struct raw raw;
        raw_open(&raw.top, 0);
        fill_raw_chain(&raw, setting->nodes);
        result = time_trips(ask_raw, &raw, setting->nodes);
        raw_close(&raw.top);
    }
    return result;
}

/* Many at a time. */

enum { IN_FLIGHT = 1000, REQUESTS = 40000 };

double rate_xylem(const struct setting *setting)
{
    struct pipeline pipeline;
    int64_t last = (int64_t)setting->nodes - 1;
    pipeline_open(&pipeline, setting);
    for (int64_t id = 0; id <= last; id++) {
        pipeline_give(&pipeline, XY_COMMAND_CREATE, id, "timer");
        pipeline_await(&pipeline, (size_t)id + 1);
    }
    pipeline.answered = 0;
    double begun = clock_now();
    for (size_t asked = 0; asked < REQUESTS; asked++) {
        if (asked >= IN_FLIGHT)
            pipeline_await(&pipeline, asked - IN_FLIGHT + 1);
        pipeline_give(&pipeline, XY_COMMAND_EXEC, last, "time");
    }
    pipeline_await(&pipeline, REQUESTS);
    double result = REQUESTS / (clock_now() - begun);
    pipeline_close(&pipeline);
    return result;
}

double rate_floor(const struct setting *setting)
{
    struct raw raw;
    raw_open(&raw.top, 0);
    fill_raw_chain(&raw, setting->nodes);
    double begun = clock_now();
    for (size_t asked = 0; asked < REQUESTS; asked++) {
        if (asked >= IN_FLIGHT)
            raw_hear(&raw.top);
        raw_say(&raw.top, RAW_ASK, raw.last);
    }
    for (int i = 0; i < IN_FLIGHT; i++)
        raw_hear(&raw.top);
    double result = REQUESTS / (clock_now() - begun);
    raw_close(&raw.top);
    return result;
}
