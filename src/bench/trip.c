/* Round trips, and many requests under way at once. */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/clock.h"
#include "bench/must.h"
#include "bench/network.h"
#include "bench/raw.h"
#include "bench/raw_chain.h"
#include "core/controller.h"
#include "runtime/world.h"

/* One at a time. */

static const double trip_seconds = 0.4;

/* Microseconds for each hop: as many trips as there is time for, after some that nobody counts. */
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

/* Many at a time. The public interface has one call under way, so this is what it is made of. */

enum { IN_FLIGHT = 1000, REQUESTS = 40000, TIMEOUT_MS = 60000 };

struct pipeline {
    xy_controller controller;
    xy_world *world;
    size_t answered;
};

static void take(void *owner, const xy_action *action)
{
    struct pipeline *pipeline = owner;
    if (action->kind == XY_ACTION_REPLY) {
        expect(action->message.status, "reply");
        pipeline->answered++;
    }
}

static void command(struct pipeline *pipeline, xy_command_kind kind, int64_t id)
{
    const xy_world_ops *ops = pipeline->world->ops;
    const char *text = kind == XY_COMMAND_EXEC ? "time" : "";
    xy_command command = {
        .kind = kind, .id = id, .timeout_ms = -1, .text = text, .size = strlen(text)};
    xy_controller_command(&pipeline->controller, &command, ops->now(pipeline->world));
    ops->perform(pipeline->world);
}

static void await(struct pipeline *pipeline, size_t answered)
{
    const xy_world_ops *ops = pipeline->world->ops;
    while (pipeline->answered < answered)
        if (!ops->work(pipeline->world) && pipeline->answered < answered)
            ops->wait(pipeline->world, XY_NEVER);
}

static void begin(struct pipeline *pipeline)
{
    char reason[XYLEM_REASON_SIZE];
    *pipeline = (struct pipeline){.answered = 0};
    must(xy_controller_init(&pipeline->controller, TIMEOUT_MS, 0), "memory");
    xy_world_options options = {.controller = xy_controller_machine(&pipeline->controller),
                                .log_level = XYLEM_LOG_WARNING,
                                .deliver = take,
                                .owner = pipeline};
    pipeline->world = xy_thread_world(&options, reason);
    must(pipeline->world != NULL, reason);
}

double rate_xylem(const struct setting *setting)
{
    struct pipeline pipeline;
    int64_t last = (int64_t)setting->nodes - 1;
    begin(&pipeline);
    for (int64_t id = 0; id <= last; id++) {
        command(&pipeline, XY_COMMAND_CREATE, id);
        await(&pipeline, (size_t)id + 1);
    }
    pipeline.answered = 0;
    double begun = clock_now();
    for (size_t asked = 0; asked < REQUESTS; asked++) {
        if (asked >= IN_FLIGHT)
            await(&pipeline, asked - IN_FLIGHT + 1);
        command(&pipeline, XY_COMMAND_EXEC, last);
    }
    await(&pipeline, REQUESTS);
    double result = REQUESTS / (clock_now() - begun);
    pipeline.world->ops->close(pipeline.world);
    xy_controller_clear(&pipeline.controller);
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
