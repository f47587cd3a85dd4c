#include "runtime/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the random numbers are for. */
enum { STREAM_NETWORK = 1, STREAM_BIRTH = 2, STREAM_DELAY = 3 };

/* How long it takes as a rule until the end of a child is noticed, and up to as much again. */
enum { END_US = 300 };

void xy_engine_init(xy_engine *engine, const xy_world_options *options)
{
    *engine = (xy_engine){.network = xy_random_stream(options->seed, STREAM_NETWORK),
                          .birth = xy_random_stream(options->seed, STREAM_BIRTH),
                          .delay = xy_random_stream(options->seed, STREAM_DELAY),
                          .deliver = options->deliver,
                          .owner = options->owner};
    xy_actor_init(&engine->controller, options->controller);
}

void xy_engine_clear(xy_engine *engine)
{
    xy_engine_end_below(engine, &engine->controller);
    xy_actor_drop_held(&engine->controller);
    for (void *what; (what = xy_queue_take(&engine->queue));)
        free(what);
    xy_queue_clear(&engine->queue);
    free(engine->actors);
}

int64_t xy_engine_draw_us(xy_random *random, int64_t most_us)
{
    return most_us > 0 ? (int64_t)xy_random_below(random, (uint64_t)most_us + 1) : 0;
}

int64_t xy_engine_about_us(xy_engine *engine, int64_t least_us)
{
    return least_us + (int64_t)xy_random_below(&engine->network, (uint64_t)least_us);
}

bool xy_engine_happens(xy_engine *engine, unsigned chance)
{
    return chance > 0 && xy_random_below(&engine->birth, 1000) < chance;
}

xy_actor *xy_engine_find(const xy_engine *engine, uint64_t incarnation)
{
    if (incarnation == XY_PARENT)
        return (xy_actor *)(uintptr_t)&engine->controller;
    return incarnation < engine->capacity ? engine->actors[incarnation] : NULL;
}

xy_actor *xy_engine_find_living(const xy_engine *engine, uint64_t incarnation)
{
    xy_actor *found = xy_engine_find(engine, incarnation);
    return found && !found->dead ? found : NULL;
}

/* What is going to happen. */

bool xy_engine_schedule(xy_engine *engine, const xy_occurrence *what, const void *bytes,
                        int64_t due_us)
{
    xy_occurrence *copy = malloc(sizeof *copy + what->size);
    if (!copy)
        return false;
    *copy = *what;
    if (what->size > 0)
        memcpy(copy->bytes, bytes, what->size);
    if (xy_queue_add(&engine->queue, due_us, copy))
        return true;
    free(copy);
    return false;
}

int64_t xy_engine_slowness_us(xy_engine *engine, const xy_actor *who)
{
    return engine->now_us < who->slow_until_us ? xy_engine_draw_us(&engine->delay, who->slow_by_us)
                                               : 0;
}

void xy_engine_step(xy_engine *engine, xy_actor *who, const xy_event *event, bool forged)
{
    engine->steps++;
    if (engine->watcher.stepping)
        engine->watcher.stepping(engine->watcher.self, who->incarnation, event, forged);
    who->machine.step(who->machine.self, event, xy_actor_clock_ms(who, engine->now_us));
}

/* Birth and death. */

static bool make_room(xy_engine *engine, uint64_t incarnation)
{
    if (incarnation < engine->capacity)
        return true;
    size_t capacity = 2 * (size_t)incarnation + 16;
    xy_actor **actors = realloc(engine->actors, capacity * sizeof(xy_actor *));
    if (!actors)
        return false;
    memset(actors + engine->capacity, 0, (capacity - engine->capacity) * sizeof(xy_actor *));
    engine->actors = actors;
    engine->capacity = capacity;
    return true;
}

void xy_engine_set_clock(xy_engine *engine, xy_actor *who)
{
    who->clock_ahead_us = xy_engine_draw_us(&engine->birth, engine->odds.clock_span_us);
    if (engine->odds.drift > 0)
        who->clock_drift =
            xy_engine_draw_us(&engine->birth, 2 * engine->odds.drift) - engine->odds.drift;
}

xy_actor *xy_engine_add(xy_engine *engine, xy_actor *parent, const xy_birth *birth,
                        char reason[XYLEM_REASON_SIZE])
{
    bool room = make_room(engine, birth->incarnation);
    if (!room)
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
    xy_actor *child = room ? xy_actor_new(parent, birth, reason) : NULL;
    if (!child)
        return NULL;
    engine->actors[birth->incarnation] = child;
    xy_engine_set_clock(engine, child);
    return child;
}

void xy_engine_drop(xy_engine *engine, xy_actor *gone)
{
    engine->actors[gone->incarnation] = NULL;
    xy_actor_free(gone);
}

static void tell_end(xy_engine *engine, const xy_actor *who, xy_end end)
{
    if (engine->watcher.ended)
        engine->watcher.ended(engine->watcher.self, who->incarnation, end);
}

/* Nobody outlives the parent, and nobody is left to notice. */
void xy_engine_end_below(xy_engine *engine, xy_actor *top)
{
    while (top->children) {
        xy_actor *lowest = top->children;
        while (lowest->children)
            lowest = lowest->children;
        if (!lowest->dead)
            tell_end(engine, lowest, XY_END_ORPHANED);
        xy_engine_drop(engine, lowest);
    }
}

/* How long it takes until the end of a child is noticed. */
static int64_t notice_us(xy_engine *engine)
{
    int64_t after_us = xy_engine_about_us(engine, END_US);
    if (!xy_engine_happens(engine, engine->odds.slow_end))
        return after_us;
    engine->mishaps.slow_end++;
    return after_us + xy_engine_draw_us(&engine->birth, engine->odds.slow_end_us);
}

void xy_engine_end(xy_engine *engine, xy_actor *who, xy_end end)
{
    static const char *const texts[] = {[XY_END_STOPPED] = "it ended",
                                        [XY_END_KILLED] = "it was killed",
                                        [XY_END_CRASHED] = "it was killed",
                                        [XY_END_EARLY] = "it ended at its start"};
    if (who->dead)
        return;
    tell_end(engine, who, end);
    xy_engine_end_below(engine, who);
    xy_actor_drop_held(who);
    who->dead = true;
    xy_engine_schedule(engine,
                       &(xy_occurrence){.kind = XY_EVENT_EXITED,
                                        .actor = who->parent->incarnation,
                                        .peer = who->incarnation,
                                        .size = strlen(texts[end])},
                       texts[end], engine->now_us + notice_us(engine));
}

/* What happens. */

static bool is_held_up(const xy_engine *engine, const xy_actor *who)
{
    return who->paused || engine->now_us < who->held_until_us;
}

/* What happened to an actor that was held up happens now, before anything new does: first that
 * children have ended, as in a host. */
void xy_engine_replay(xy_engine *engine, xy_actor *who)
{
    xy_occurrence *first = who->held;
    if (is_held_up(engine, who))
        return;
    who->held = NULL;
    who->held_last = &who->held;
    for (int exits = 1; exits >= 0; exits--)
        for (xy_occurrence *what = first; what; what = what->next)
            if ((what->kind == XY_EVENT_EXITED) == exits)
                xy_queue_add_early(&engine->queue, engine->now_us, what);
}

/* A frame has been taken from its lane. */
static void arrived(const xy_engine *engine, xy_actor *at, const xy_occurrence *what)
{
    xy_actor *from = what->peer == XY_PARENT ? at : xy_engine_find(engine, what->peer);
    if (what->kind == XY_EVENT_FRAME && !what->forged && from)
        (what->peer == XY_PARENT ? &at->down : &from->up)->frames--;
}

static void take(xy_engine *engine, xy_actor *who, const xy_occurrence *what)
{
    if (what->kind == XY_EVENT_TICK)
        who->tick_ms = XY_NEVER;
    if (what->kind == XY_EVENT_EXITED && xy_engine_find(engine, what->peer))
        xy_engine_drop(engine, xy_engine_find(engine, what->peer));
    xy_engine_step(engine, who,
                   &(xy_event){.kind = what->kind,
                               .peer = what->peer,
                               .request = what->request,
                               .status = what->status,
                               .bytes = what->bytes,
                               .size = what->size},
                   what->forged);
    xy_engine_perform(engine, who);
}

/* Another one has come in its place. */
static bool is_stale(const xy_actor *who, const xy_occurrence *what)
{
    return (what->kind == XY_EVENT_TICK && what->turn != who->tick) ||
           (what->kind == XY_EVENT_WORKED && what->turn != who->work);
}

void xy_engine_happen(xy_engine *engine)
{
    xy_occurrence *what = xy_queue_take(&engine->queue);
    xy_actor *who = xy_engine_find_living(engine, what->actor);
    bool stale = who && is_stale(who, what);
    if (who && what->sort == XY_OCCUR_WAKE) {
        xy_engine_replay(engine, who);
    } else if (who && what->sort == XY_OCCUR_END) {
        xy_engine_end(engine, who, XY_END_EARLY);
    } else if (who && !stale && is_held_up(engine, who)) {
        xy_actor_hold(who, what);
        return;
    } else if (who && !stale) {
        arrived(engine, who, what);
        take(engine, who, what);
    }
    free(what);
}
