/* The simulated world: every node, and the controlling node, in one thread, under a virtual clock.
 *
 * What is going to happen waits in a queue, ordered by time. Links are first in, first out, and
 * reliable as long as both ends live, with a delay that is drawn from the seed; a node that ends is
 * noticed by its parent, and takes with it what is below it. Time passes only while somebody waits.
 */
#include "runtime/simulation.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/engine.h"

typedef struct simulation {
    xy_world world;
    xy_engine engine;
} simulation;

static xy_engine *engine_of(const xy_world *world)
{
    return &((simulation *)(uintptr_t)world)->engine;
}

/* The world. */

static int64_t now(const xy_world *world)
{
    const xy_engine *engine = engine_of(world);
    return xy_actor_clock_ms(&engine->controller, engine->now_us);
}

static void perform_commands(xy_world *world)
{
    xy_engine *engine = engine_of(world);
    xy_engine_perform(engine, &engine->controller);
}

/* One at a time: so a reply is seen before time goes on. */
static bool work(xy_world *world)
{
    xy_engine *engine = engine_of(world);
    const xy_entry *first = xy_queue_first(&engine->queue);
    bool due = first && first->due_us <= engine->now_us && !engine->stopped;
    if (due)
        xy_engine_happen(engine);
    return due;
}

static void wait(xy_world *world, int64_t until_ms)
{
    xy_engine *engine = engine_of(world);
    const xy_entry *first = xy_queue_first(&engine->queue);
    int64_t next_us =
        until_ms == XY_NEVER ? engine->now_us : xy_actor_time_us(&engine->controller, until_ms);
    if (first && (until_ms == XY_NEVER || first->due_us < next_us))
        next_us = first->due_us;
    if (next_us > engine->now_us)
        engine->now_us = next_us;
}

static void wake(xy_world *world)
{
    (void)world; /* nobody sleeps here */
}

static int fd(const xy_world *world)
{
    (void)world;
    return -1;
}

static void arm(xy_world *world, int64_t due_ms)
{
    (void)world;
    (void)due_ms;
}

static bool stopped(const xy_world *world)
{
    return engine_of(world)->stopped;
}

static void fault(xy_world *world, const xy_message *target)
{
    xy_engine *engine = engine_of(world);
    xy_actor *who = xy_engine_find_living(engine, target->incarnation);
    if (!who)
        return;
    if (target->code == XY_FAULT_KILL)
        xy_engine_end(engine, who, XY_END_CRASHED);
    else if (target->code == XY_FAULT_PAUSE)
        who->paused = true;
    else if (who->paused) {
        who->paused = false;
        xy_engine_replay(engine, who);
    }
}

static void close_world(xy_world *world)
{
    xy_engine_clear(engine_of(world));
    free(world);
}

xy_world *xy_simulated_world(const xy_world_options *options, char reason[XYLEM_REASON_SIZE])
{
    static const xy_world_ops ops = {.now = now,
                                     .perform = perform_commands,
                                     .work = work,
                                     .wait = wait,
                                     .wake = wake,
                                     .fd = fd,
                                     .arm = arm,
                                     .stopped = stopped,
                                     .fault = fault,
                                     .close = close_world};
    simulation *sim = calloc(1, sizeof *sim);
    if (!sim) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
        return NULL;
    }
    sim->world.ops = &ops;
    xy_engine_init(&sim->engine, options);
    return &sim->world;
}

/* For tests: what is seen of a world. */

void xy_simulation_watch(xy_world *world, const xy_watcher *watcher)
{
    engine_of(world)->watcher = *watcher;
}

int64_t xy_simulation_now_us(const xy_world *world)
{
    return engine_of(world)->now_us;
}

xy_census xy_simulation_census(const xy_world *world)
{
    const xy_engine *engine = engine_of(world);
    xy_census census = {.steps = engine->steps, .mishaps = engine->mishaps};
    for (size_t i = 0; i < engine->capacity; i++) {
        census.living += engine->actors[i] && !engine->actors[i]->dead;
        census.remains += engine->actors[i] && engine->actors[i]->dead;
    }
    for (size_t i = 0; i < engine->queue.count; i++) {
        const xy_occurrence *what = engine->queue.entries[i].what;
        bool counts = what->sort == XY_OCCUR_EVENT && what->kind != XY_EVENT_TICK &&
                      what->kind != XY_EVENT_WORKED;
        census.on_their_way += counts && xy_engine_find_living(engine, what->actor);
    }
    return census;
}

bool xy_simulation_lives(const xy_world *world, uint64_t node)
{
    return xy_engine_find_living(engine_of(world), node) != NULL;
}

const xy_branch *xy_simulation_branch(const xy_world *world, uint64_t node)
{
    const xy_actor *who = xy_engine_find_living(engine_of(world), node);
    return who && node != XY_PARENT ? &who->node.branch : NULL;
}

/* For tests: what is done to a world. */

void xy_simulation_set_odds(xy_world *world, const xy_odds *odds)
{
    xy_engine *engine = engine_of(world);
    engine->odds = *odds;
    if (engine->now_us == 0)
        xy_engine_set_clock(engine, &engine->controller);
}

void xy_simulation_crash(xy_world *world, uint64_t node)
{
    xy_engine *engine = engine_of(world);
    xy_actor *who = xy_engine_find_living(engine, node);
    if (who && who != &engine->controller)
        xy_engine_end(engine, who, XY_END_CRASHED);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void xy_simulation_hold(xy_world *world, uint64_t node, int64_t for_us)
{
    xy_engine *engine = engine_of(world);
    xy_actor *who = xy_engine_find_living(engine, node);
    xy_occurrence end = {.sort = XY_OCCUR_WAKE, .actor = node};
    int64_t until_us = engine->now_us + for_us;
    if (who && xy_engine_schedule(engine, &end, NULL, until_us))
        who->held_until_us = later(who->held_until_us, until_us);
}

void xy_simulation_slow(xy_world *world, uint64_t node, int64_t by_us, int64_t for_us)
{
    xy_engine *engine = engine_of(world);
    xy_actor *who = xy_engine_find_living(engine, node);
    if (!who)
        return;
    who->slow_by_us = by_us;
    who->slow_until_us = engine->now_us + for_us;
}

static xy_lane *lane_of(xy_engine *engine, uint64_t node, bool up)
{
    xy_actor *who = xy_engine_find_living(engine, node);
    return who ? (up ? &who->up : &who->down) : NULL;
}

void xy_simulation_stall(xy_world *world, uint64_t node, bool up, int64_t for_us)
{
    xy_engine *engine = engine_of(world);
    xy_lane *lane = lane_of(engine, node, up);
    if (lane)
        lane->latest_us = later(lane->latest_us, engine->now_us + for_us);
}

void xy_simulation_fill(xy_world *world, uint64_t node, bool up, int64_t for_us)
{
    xy_engine *engine = engine_of(world);
    xy_lane *lane = lane_of(engine, node, up);
    if (lane)
        lane->full_until_us = later(lane->full_until_us, engine->now_us + for_us);
}

void xy_simulation_forge(xy_world *world, uint64_t node, uint64_t peer, const void *frame,
                         size_t size)
{
    xy_engine *engine = engine_of(world);
    xy_occurrence what = {
        .kind = XY_EVENT_FRAME, .forged = true, .actor = node, .peer = peer, .size = size};
    xy_engine_schedule(engine, &what, frame, engine->now_us);
}

static void calm(xy_engine *engine, xy_actor *who)
{
    who->paused = false;
    who->held_until_us = who->slow_until_us = 0;
    who->up.full_until_us = who->down.full_until_us = 0;
    xy_engine_replay(engine, who);
}

void xy_simulation_calm(xy_world *world)
{
    xy_engine *engine = engine_of(world);
    calm(engine, &engine->controller);
    for (size_t i = 0; i < engine->capacity; i++)
        if (engine->actors[i] && !engine->actors[i]->dead)
            calm(engine, engine->actors[i]);
}

void xy_simulation_halt(xy_world *world)
{
    engine_of(world)->halted = true;
}

void xy_simulation_run(xy_world *world, int64_t until_us)
{
    xy_engine *engine = engine_of(world);
    const xy_entry *first;
    while (!engine->stopped && !engine->halted && (first = xy_queue_first(&engine->queue)) &&
           first->due_us <= until_us) {
        if (first->due_us > engine->now_us)
            engine->now_us = first->due_us;
        xy_engine_happen(engine);
    }
    if (engine->now_us < until_us)
        engine->now_us = until_us;
}
