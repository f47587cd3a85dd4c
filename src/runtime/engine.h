/* engine: what makes a simulated world go: its clock, what is going to happen, and the actors that
 * it happens to. Only the simulated world may look into it.
 */
#ifndef XY_ENGINE_H
#define XY_ENGINE_H

#include "runtime/actor.h"
#include "runtime/queue.h"
#include "runtime/random.h"
#include "runtime/simulation.h"

typedef struct xy_engine {
    xy_queue queue;
    xy_random network, birth, delay; /* a stream for each: a draw from one changes no other */
    xy_odds odds;
    xy_mishaps mishaps;
    xy_watcher watcher;
    int64_t now_us;
    uint64_t steps;
    xy_actor controller;
    xy_actor **actors; /* by incarnation; NULL where nothing is left of it */
    size_t capacity;
    bool stopped; /* the controlling node has */
    bool halted;  /* nothing happens any more */
    void (*deliver)(void *owner, const xy_action *action);
    void *owner;
} xy_engine;

void xy_engine_init(xy_engine *engine, const xy_world_options *options);
void xy_engine_clear(xy_engine *engine);

/* The actor with this incarnation, or NULL when nothing is left of it; or when it has ended. */
xy_actor *xy_engine_find(const xy_engine *engine, uint64_t incarnation);
xy_actor *xy_engine_find_living(const xy_engine *engine, uint64_t incarnation);

/* Enters what is going to happen, with a copy of its bytes. False when there is no memory. */
bool xy_engine_schedule(xy_engine *engine, const xy_occurrence *what, const void *bytes,
                        int64_t due_us);

/* Has the earliest occurrence happen, at a time that has come. */
void xy_engine_happen(xy_engine *engine);

/* Gives an actor an event; what it does about that waits for xy_engine_perform. */
void xy_engine_step(xy_engine *engine, xy_actor *who, const xy_event *event, bool forged);
void xy_engine_perform(xy_engine *engine, xy_actor *who);

/* An actor that is not held up any more meets what has happened in the meantime. */
void xy_engine_replay(xy_engine *engine, xy_actor *who);

/* A new actor; NULL, and the reason, when it cannot be had. */
xy_actor *xy_engine_add(xy_engine *engine, xy_actor *parent, const xy_birth *birth,
                        char reason[XYLEM_REASON_SIZE]);

/* Nothing is left of an actor from then on. */
void xy_engine_drop(xy_engine *engine, xy_actor *gone);

/* An actor ends, with all below it; its parent will notice. */
void xy_engine_end(xy_engine *engine, xy_actor *who, xy_end end);
void xy_engine_end_below(xy_engine *engine, xy_actor *top);

/* Whether something happens that has this chance in 1000. */
bool xy_engine_happens(xy_engine *engine, unsigned chance);

/* Gives an actor a clock of its own. */
void xy_engine_set_clock(xy_engine *engine, xy_actor *who);

/* Random times: from 0 to the most, from the least to twice that; how much later something happens
 * to an actor that is slow. */
int64_t xy_engine_draw_us(xy_random *random, int64_t most_us);
int64_t xy_engine_about_us(xy_engine *engine, int64_t least_us);
int64_t xy_engine_slowness_us(xy_engine *engine, const xy_actor *who);

#endif
