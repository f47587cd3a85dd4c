/* Casts: one request to all nodes, whose answers come back as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "bench/raw_cast.h"

static const double cast_seconds = 1;

static const char numbers[] = "3 1 2 3";
enum { SUM = 6, TURN_MS = 1000 };

/* A service that does what the floor does: it adds up, in the node's own thread. */

static int reply_number(xylem_work *work, long long number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", number);
    return xylem_work_reply(work, text, (size_t)size);
}

static int add_up(void *state, xylem_work *work)
{
    char *at;
    long long sum = 0;
    (void)state;
    for (long long left = strtoll(xylem_work_text(work, NULL), &at, 10); left > 0; left--)
        sum += strtoll(at, &at, 10);
    return reply_number(work, sum);
}

static int combine(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work)
{
    (void)a_size;
    (void)b_size;
    return reply_number(work, strtoll(a, NULL, 10) + strtoll(b, NULL, 10));
}

const xylem_service adder_service =
    XYLEM_SERVICE(.name = "adder", .exec = add_up, .combine = combine);

/* Milliseconds for each cast: as many as there is time for, after one that does not count. */
static double time_casts(void (*cast)(void *self), void *self)
{
    size_t casts = 0;
    cast(self);
    double begun = clock_now(), now;
    do {
        cast(self);
        casts++;
        now = clock_now();
    } while (now - begun < cast_seconds);
    return 1e3 * (now - begun) / (double)casts;
}

/* What is asked, and what has to come of it. */
struct asked {
    const struct setting *setting;
    xylem *network;
    struct raw_cast *tree;
    char *text;
    long long sum;
    size_t answered;
};

static struct asked new_asked(const struct setting *setting)
{
    struct asked asked = {.setting = setting, .text = strdup(numbers)};
    if (setting->bytes > 0) {
        free(asked.text);
        asked.text = calloc(setting->bytes + 1, 1);
    }
    must(asked.text != NULL, "memory");
    memset(asked.text, 'x', setting->bytes);
    asked.sum = setting->bytes > 0 ? 0 : SUM * (long long)setting->nodes;
    return asked;
}

static struct asked open_xylem(const struct setting *setting)
{
    struct asked asked = new_asked(setting);
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    int64_t *ids = random_ids(setting->nodes);
    asked.network = network_open(setting, 0);
    options.service = setting->service;
    for (size_t i = 0; i < setting->nodes; i++)
        expect(xylem_create_with(asked.network, ids[i], &options, NULL),
               xylem_reason(asked.network));
    free(ids);
    return asked;
}

static void cast_to_all(void *self)
{
    const struct asked *asked = self;
    xylem_future *future;
    const char *reply;
    expect(xylem_cast(asked->network, "all", asked->text, NULL, &future), "cast");
    expect(xylem_future_wait(future, -1), "wait");
    expect(xylem_future_result(future, &reply, NULL), "result");
    if (strtoll(reply, NULL, 10) != asked->sum)
        give_up("cast", reply);
    xylem_future_free(&future);
}

/* Opens a network, and measures what is done with it. */
static double time_xylem(const struct setting *setting, void (*ask)(void *self))
{
    struct asked asked = open_xylem(setting);
    double result = time_casts(ask, &asked);
    xylem_close(&asked.network);
    free(asked.text);
    return result;
}

double cast_xylem(const struct setting *setting)
{
    return time_xylem(setting, cast_to_all);
}

/* The floor: the same with the least code. */

static void ask_raw(void *self)
{
    const struct asked *asked = self;
    must(raw_cast_ask(asked->tree, asked->text) == asked->sum, "sum");
}

double cast_floor(const struct setting *setting)
{
    struct asked asked = new_asked(setting);
    asked.tree = raw_cast_open(setting);
    return time_casts(ask_raw, &asked);
}

/* As many single requests instead. */

static void answered(xylem_future *future, void *owner)
{
    struct asked *asked = owner;
    expect(xylem_future_result(future, NULL, NULL), "single");
    xylem_future_free(&future);
    asked->answered++;
}

static void ask_each(void *self)
{
    struct asked *asked = self;
    asked->answered = 0;
    for (size_t i = 0; i < asked->setting->nodes; i++) {
        xylem_future *future;
        expect(xylem_start(asked->network, (int64_t)i, asked->text, -1, &future), "start");
        xylem_future_then(future, answered, asked);
    }
    while (asked->answered < asked->setting->nodes)
        expect(xylem_run(asked->network, TURN_MS), "run");
}

double singles_floor(const struct setting *setting)
{
    return time_xylem(setting, ask_each);
}
