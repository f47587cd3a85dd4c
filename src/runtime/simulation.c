/* The simulated world: every node, and the controlling node, in one thread, under a virtual clock.
 *
 * What is going to happen waits in a queue, ordered by time. Links are first in, first out, and
 * reliable as long as both ends live, with a delay that is drawn from the seed; a node that ends is
 * noticed by its parent, and takes with it what is below it. Time passes only while somebody waits.
 */
#include "runtime/simulation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/actor.h"
#include "runtime/link.h"
#include "runtime/queue.h"
#include "runtime/random.h"
#include "service/timer.h"

/* What takes how long, in microseconds; up to as much again is drawn on top. */
enum { DELIVERY_US = 40, START_US = 400, END_US = 300 };

/* What the random numbers are for: one more draw for the one changes no other. */
enum { STREAM_NETWORK = 1, STREAM_BIRTH = 2, STREAM_DELAY = 3 };

typedef struct simulation {
    xy_world world;
    xy_queue queue;
    xy_random network, birth, delay;
    xy_odds odds;
    xy_mishaps mishaps;
    xy_watcher watcher;
    int64_t now_us;
    uint64_t steps;
    bool halted;
    xy_actor controller;
    xy_actor **actors; /* by incarnation; NULL where nothing is left of it */
    size_t capacity;
    bool stopped;
    void (*deliver)(void *owner, const xy_action *action);
    void *owner;
} simulation;

static simulation *simulation_of(const xy_world *world)
{
    return (simulation *)(uintptr_t)world;
}

/* From 0 to `most`. */
static int64_t draw_us(xy_random *random, int64_t most_us)
{
    return most_us > 0 ? (int64_t)xy_random_below(random, (uint64_t)most_us + 1) : 0;
}

static int64_t about_us(simulation *sim, int64_t least_us)
{
    return least_us + (int64_t)xy_random_below(&sim->network, (uint64_t)least_us);
}

static bool happens(simulation *sim, unsigned chance)
{
    return chance > 0 && xy_random_below(&sim->birth, 1000) < chance;
}

static xy_actor *find(const simulation *sim, uint64_t incarnation)
{
    if (incarnation == XY_PARENT)
        return (xy_actor *)(uintptr_t)&sim->controller;
    return incarnation < sim->capacity ? sim->actors[incarnation] : NULL;
}

static xy_actor *find_living(const simulation *sim, uint64_t incarnation)
{
    xy_actor *found = find(sim, incarnation);
    return found && !found->dead ? found : NULL;
}

/* What is going to happen. */

static bool schedule(simulation *sim, const xy_occurrence *what, const void *bytes, int64_t due_us)
{
    xy_occurrence *copy = malloc(sizeof *copy + what->size);
    if (!copy)
        return false;
    *copy = *what;
    if (what->size > 0)
        memcpy(copy->bytes, bytes, what->size);
    if (xy_queue_add(&sim->queue, due_us, copy))
        return true;
    free(copy);
    return false;
}

/* How much later something happens to an actor that is slow. */
static int64_t slowness_us(simulation *sim, const xy_actor *who)
{
    return sim->now_us < who->slow_until_us ? draw_us(&sim->delay, who->slow_by_us) : 0;
}

static void schedule_tick(simulation *sim, xy_actor *who)
{
    int64_t deadline_ms = who->machine.deadline(who->machine.self);
    if (deadline_ms == who->tick_ms || who->dead)
        return;
    who->tick_ms = deadline_ms;
    who->tick++;
    if (deadline_ms != XY_NEVER)
        schedule(
            sim,
            &(xy_occurrence){.kind = XY_EVENT_TICK, .actor = who->incarnation, .tick = who->tick},
            NULL, xy_actor_time_us(who, deadline_ms) + slowness_us(sim, who));
}

static void step(simulation *sim, xy_actor *who, const xy_event *event, bool forged)
{
    sim->steps++;
    if (sim->watcher.stepping)
        sim->watcher.stepping(sim->watcher.self, who->incarnation, event, forged);
    who->machine.step(who->machine.self, event, xy_actor_clock_ms(who, sim->now_us));
}

/* Birth and death. */

static bool make_room(simulation *sim, uint64_t incarnation)
{
    if (incarnation < sim->capacity)
        return true;
    size_t capacity = 2 * (size_t)incarnation + 16;
    xy_actor **actors = realloc(sim->actors, capacity * sizeof(xy_actor *));
    if (!actors)
        return false;
    memset(actors + sim->capacity, 0, (capacity - sim->capacity) * sizeof(xy_actor *));
    sim->actors = actors;
    sim->capacity = capacity;
    return true;
}

static void set_clock(simulation *sim, xy_actor *who)
{
    who->clock_ahead_us = draw_us(&sim->birth, sim->odds.clock_span_us);
    if (sim->odds.drift > 0)
        who->clock_drift = draw_us(&sim->birth, 2 * sim->odds.drift) - sim->odds.drift;
}

static xy_actor *make_actor(simulation *sim, xy_actor *parent, const xy_birth *birth)
{
    xy_actor *child = make_room(sim, birth->incarnation) ? xy_actor_new(parent, birth) : NULL;
    if (!child)
        return NULL;
    sim->actors[birth->incarnation] = child;
    set_clock(sim, child);
    return child;
}

/* Nothing is left of it from then on. */
static void free_actor(simulation *sim, xy_actor *gone)
{
    sim->actors[gone->incarnation] = NULL;
    xy_actor_free(gone);
}

static void tell_end(simulation *sim, const xy_actor *who, xy_end end)
{
    if (sim->watcher.ended)
        sim->watcher.ended(sim->watcher.self, who->incarnation, end);
}

/* Nobody outlives the parent, and nobody is left to notice. */
static void free_below(simulation *sim, xy_actor *top)
{
    while (top->children) {
        xy_actor *lowest = top->children;
        while (lowest->children)
            lowest = lowest->children;
        if (!lowest->dead)
            tell_end(sim, lowest, XY_END_ORPHANED);
        free_actor(sim, lowest);
    }
}

static void die(simulation *sim, xy_actor *who, xy_end end)
{
    static const char *const texts[] = {[XY_END_STOPPED] = "it ended",
                                        [XY_END_KILLED] = "it was killed",
                                        [XY_END_CRASHED] = "it was killed",
                                        [XY_END_EARLY] = "it ended at its start"};
    if (who->dead)
        return;
    tell_end(sim, who, end);
    free_below(sim, who);
    xy_actor_drop_held(who);
    who->dead = true;
    schedule(sim,
             &(xy_occurrence){.kind = XY_EVENT_EXITED,
                              .actor = who->parent->incarnation,
                              .peer = who->incarnation,
                              .size = strlen(texts[end])},
             texts[end], sim->now_us + about_us(sim, END_US));
}

/* Sending. */

/* One lane never reorders: what is sent later arrives later. */
static int64_t arrival_us(simulation *sim, const xy_actor *to, xy_lane *lane)
{
    int64_t arrives_us = sim->now_us + about_us(sim, DELIVERY_US) + slowness_us(sim, to) +
                         draw_us(&sim->delay, sim->odds.jitter_us);
    lane->latest_us = arrives_us > lane->latest_us ? arrives_us : lane->latest_us + 1;
    return lane->latest_us;
}

/* As in a real link's outbox: requests are refused when it is full, and there is room for more of
 * what nobody can do without. */
static bool is_full(const simulation *sim, const xy_lane *lane, const xy_action *action)
{
    bool awaited = action->message.kind == XY_REQUEST && action->message.request != 0;
    bool refusable = action->lossy || awaited;
    size_t bound = refusable ? XY_OUTBOX_MAX : XY_OUTBOX_MAX + XY_OUTBOX_RESERVE;
    return lane->frames >= bound || (refusable && sim->now_us < lane->full_until_us);
}

static int carry(simulation *sim, xy_actor *from, const xy_action *action)
{
    bool up = action->peer == XY_PARENT;
    xy_actor *to = up ? from->parent : find_living(sim, action->peer);
    if (!to)
        return XYLEM_UNAVAILABLE;
    xy_lane *lane = up ? &from->up : &to->down;
    if (is_full(sim, lane, action))
        return XYLEM_BUSY;
    size_t size = xy_message_size(&action->message);
    uint8_t small[256], *frame = size <= sizeof small ? small : malloc(size);
    if (!frame)
        return XYLEM_NO_MEMORY;
    xy_message_encode(&action->message, frame);
    bool sent = schedule(sim,
                         &(xy_occurrence){.kind = XY_EVENT_FRAME,
                                          .actor = to->incarnation,
                                          .peer = up ? from->incarnation : XY_PARENT,
                                          .size = size},
                         frame, arrival_us(sim, to, lane));
    lane->frames += sent;
    if (frame != small)
        free(frame);
    return sent ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* A frame has been taken from its lane. */
static void arrived(const simulation *sim, xy_actor *at, const xy_occurrence *what)
{
    xy_actor *from = what->peer == XY_PARENT ? at : find(sim, what->peer);
    if (what->kind == XY_EVENT_FRAME && !what->forged && from)
        (what->peer == XY_PARENT ? &at->down : &from->up)->frames--;
}

/* Actions. */

static void perform_send(simulation *sim, xy_actor *who, const xy_action *action)
{
    int error = carry(sim, who, action);
    if (error && action->message.kind == XY_REQUEST)
        step(sim, who,
             &(xy_event){.kind = XY_EVENT_UNSENT,
                         .peer = action->peer,
                         .request = action->message.request,
                         .status = error},
             false);
}

/* When its hello is due, and, sometimes, its end before that. */
static bool schedule_start(simulation *sim, const xy_actor *child)
{
    xy_occurrence start = {.kind = XY_EVENT_OPEN, .actor = child->incarnation};
    int64_t after_us = about_us(sim, START_US);
    if (happens(sim, sim->odds.early_end)) {
        start.sort = XY_OCCUR_END;
        sim->mishaps.early_end++;
    } else if (happens(sim, sim->odds.late_hello)) {
        after_us += draw_us(&sim->birth, sim->odds.late_hello_us);
        sim->mishaps.late_hello++;
    }
    return schedule(sim, &start, NULL, sim->now_us + after_us);
}

static xy_actor *start_child(simulation *sim, xy_actor *parent, const xy_birth *birth)
{
    xy_actor *child = make_actor(sim, parent, birth);
    if (!child)
        return NULL;
    if (!schedule_start(sim, child)) {
        free_actor(sim, child);
        return NULL;
    }
    if (sim->watcher.started)
        sim->watcher.started(sim->watcher.self, birth->incarnation, parent->incarnation, birth->id);
    return child;
}

static void perform_start(simulation *sim, xy_actor *who, const xy_action *action)
{
    static const char reason[] = "it could not be started";
    xy_birth birth = {.id = action->message.id, .incarnation = action->peer};
    for (size_t i = 0; i < sizeof birth.secret; i++)
        birth.secret[i] = (uint8_t)xy_random_next(&sim->network);
    bool stillborn = happens(sim, sim->odds.stillborn);
    sim->mishaps.stillborn += stillborn;
    xy_event event = {.kind = XY_EVENT_STILLBORN,
                      .peer = action->peer,
                      .bytes = reason,
                      .size = sizeof reason - 1};
    if (!stillborn && start_child(sim, who, &birth))
        event = (xy_event){.kind = XY_EVENT_BORN,
                           .peer = action->peer,
                           .bytes = birth.secret,
                           .size = sizeof birth.secret};
    step(sim, who, &event, false);
}

static void perform_work(simulation *sim, xy_actor *who, const xy_action *action)
{
    const char *reply = "";
    int status = xy_service_do(&xy_timer, who->service_state, &action->message,
                               xy_actor_clock_ms(who, sim->now_us), &reply);
    step(sim, who,
         &(xy_event){.kind = XY_EVENT_WORKED,
                     .request = action->message.request,
                     .status = status,
                     .bytes = reply,
                     .size = strlen(reply)},
         false);
}

static void perform_stop(simulation *sim, xy_actor *who)
{
    if (who == &sim->controller)
        sim->stopped = true;
    else
        die(sim, who, XY_END_STOPPED);
}

static void perform_kill(simulation *sim, const xy_action *action)
{
    xy_actor *child = find(sim, action->peer);
    if (child)
        die(sim, child, XY_END_KILLED);
}

static void perform(simulation *sim, xy_actor *who, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        perform_send(sim, who, action);
        break;
    case XY_ACTION_START:
        perform_start(sim, who, action);
        break;
    case XY_ACTION_KILL:
        perform_kill(sim, action);
        break;
    case XY_ACTION_WORK:
        perform_work(sim, who, action);
        break;
    case XY_ACTION_STOP:
        perform_stop(sim, who);
        break;
    default:
        sim->deliver(sim->owner, action);
    }
}

static void perform_all(simulation *sim, xy_actor *who)
{
    xy_action action;
    while (xy_actions_pop(who->machine.actions, &action)) {
        if (sim->watcher.acting)
            sim->watcher.acting(sim->watcher.self, who->incarnation, &action);
        perform(sim, who, &action);
        xy_action_clear(&action);
    }
    schedule_tick(sim, who);
    if (sim->watcher.stepped)
        sim->watcher.stepped(sim->watcher.self, who->incarnation);
}

/* What happens. */

static bool is_held_up(const simulation *sim, const xy_actor *who)
{
    return who->paused || sim->now_us < who->held_until_us;
}

/* What happened to an actor that was held up happens now: first that children have ended, as in a
 * host. */
static void replay(simulation *sim, xy_actor *who)
{
    xy_occurrence *first = who->held;
    if (is_held_up(sim, who))
        return;
    who->held = NULL;
    who->held_last = &who->held;
    for (int exits = 1; exits >= 0; exits--)
        for (xy_occurrence *what = first; what; what = what->next)
            if ((what->kind == XY_EVENT_EXITED) == exits)
                xy_queue_add(&sim->queue, sim->now_us, what);
}

static void take(simulation *sim, xy_actor *who, const xy_occurrence *what)
{
    if (what->kind == XY_EVENT_TICK)
        who->tick_ms = XY_NEVER;
    if (what->kind == XY_EVENT_EXITED && find(sim, what->peer))
        free_actor(sim, find(sim, what->peer));
    step(sim, who,
         &(xy_event){
             .kind = what->kind, .peer = what->peer, .bytes = what->bytes, .size = what->size},
         what->forged);
    perform_all(sim, who);
}

static void happen(simulation *sim, xy_occurrence *what)
{
    xy_actor *who = find_living(sim, what->actor);
    bool stale = what->kind == XY_EVENT_TICK && who && who->tick != what->tick;
    if (who && what->sort == XY_OCCUR_WAKE) {
        replay(sim, who);
    } else if (who && what->sort == XY_OCCUR_END) {
        die(sim, who, XY_END_EARLY);
    } else if (who && !stale && is_held_up(sim, who)) {
        xy_actor_hold(who, what);
        return;
    } else if (who && !stale) {
        arrived(sim, who, what);
        take(sim, who, what);
    }
    free(what);
}

/* The world. */

static int64_t now(const xy_world *world)
{
    const simulation *sim = simulation_of(world);
    return xy_actor_clock_ms(&sim->controller, sim->now_us);
}

static void perform_commands(xy_world *world)
{
    simulation *sim = simulation_of(world);
    perform_all(sim, &sim->controller);
}

/* One at a time: so a reply is seen before time goes on. */
static bool work(xy_world *world)
{
    simulation *sim = simulation_of(world);
    const xy_entry *first = xy_queue_first(&sim->queue);
    bool due = first && first->due_us <= sim->now_us && !sim->stopped;
    if (due)
        happen(sim, xy_queue_take(&sim->queue));
    return due;
}

static void wait(xy_world *world, int64_t until_ms)
{
    simulation *sim = simulation_of(world);
    const xy_entry *first = xy_queue_first(&sim->queue);
    int64_t next_us =
        until_ms == XY_NEVER ? sim->now_us : xy_actor_time_us(&sim->controller, until_ms);
    if (first && (until_ms == XY_NEVER || first->due_us < next_us))
        next_us = first->due_us;
    if (next_us > sim->now_us)
        sim->now_us = next_us;
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
    return simulation_of(world)->stopped;
}

static void fault(xy_world *world, const xy_message *target)
{
    simulation *sim = simulation_of(world);
    xy_actor *who = find_living(sim, target->incarnation);
    if (!who)
        return;
    if (target->code == XY_FAULT_KILL)
        die(sim, who, XY_END_CRASHED);
    else if (target->code == XY_FAULT_PAUSE)
        who->paused = true;
    else if (who->paused) {
        who->paused = false;
        replay(sim, who);
    }
}

static void close_world(xy_world *world)
{
    simulation *sim = simulation_of(world);
    free_below(sim, &sim->controller);
    xy_actor_drop_held(&sim->controller);
    for (void *what; (what = xy_queue_take(&sim->queue));)
        free(what);
    xy_queue_clear(&sim->queue);
    free(sim->actors);
    free(sim);
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
    sim->network = xy_random_stream(options->seed, STREAM_NETWORK);
    sim->birth = xy_random_stream(options->seed, STREAM_BIRTH);
    sim->delay = xy_random_stream(options->seed, STREAM_DELAY);
    sim->deliver = options->deliver;
    sim->owner = options->owner;
    xy_actor_init(&sim->controller, options->controller);
    return &sim->world;
}

/* For tests: what is seen of a world. */

void xy_simulation_watch(xy_world *world, const xy_watcher *watcher)
{
    simulation_of(world)->watcher = *watcher;
}

int64_t xy_simulation_now_us(const xy_world *world)
{
    return simulation_of(world)->now_us;
}

xy_census xy_simulation_census(const xy_world *world)
{
    const simulation *sim = simulation_of(world);
    xy_census census = {.steps = sim->steps, .mishaps = sim->mishaps};
    for (size_t i = 0; i < sim->capacity; i++) {
        census.living += sim->actors[i] && !sim->actors[i]->dead;
        census.remains += sim->actors[i] && sim->actors[i]->dead;
    }
    for (size_t i = 0; i < sim->queue.count; i++) {
        const xy_occurrence *what = sim->queue.entries[i].what;
        bool counts = what->sort == XY_OCCUR_EVENT && what->kind != XY_EVENT_TICK;
        census.on_their_way += counts && find_living(sim, what->actor);
    }
    return census;
}

bool xy_simulation_lives(const xy_world *world, uint64_t node)
{
    return find_living(simulation_of(world), node) != NULL;
}

const xy_branch *xy_simulation_branch(const xy_world *world, uint64_t node)
{
    const xy_actor *who = find_living(simulation_of(world), node);
    return who && node != XY_PARENT ? &who->node.branch : NULL;
}

size_t xy_simulation_frames(const xy_world *world, uint64_t node, bool up)
{
    const xy_actor *who = find_living(simulation_of(world), node);
    return who ? (up ? &who->up : &who->down)->frames : 0;
}

/* For tests: what is done to a world. */

void xy_simulation_set_odds(xy_world *world, const xy_odds *odds)
{
    simulation *sim = simulation_of(world);
    sim->odds = *odds;
    if (sim->now_us == 0)
        set_clock(sim, &sim->controller);
}

void xy_simulation_crash(xy_world *world, uint64_t node)
{
    simulation *sim = simulation_of(world);
    xy_actor *who = find_living(sim, node);
    if (who && who != &sim->controller)
        die(sim, who, XY_END_CRASHED);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void xy_simulation_hold(xy_world *world, uint64_t node, int64_t for_us)
{
    simulation *sim = simulation_of(world);
    xy_actor *who = find_living(sim, node);
    xy_occurrence end = {.sort = XY_OCCUR_WAKE, .actor = node};
    int64_t until_us = sim->now_us + for_us;
    if (who && schedule(sim, &end, NULL, until_us))
        who->held_until_us = later(who->held_until_us, until_us);
}

void xy_simulation_slow(xy_world *world, uint64_t node, int64_t by_us, int64_t for_us)
{
    simulation *sim = simulation_of(world);
    xy_actor *who = find_living(sim, node);
    if (!who)
        return;
    who->slow_by_us = by_us;
    who->slow_until_us = sim->now_us + for_us;
}

static xy_lane *lane_of(simulation *sim, uint64_t node, bool up)
{
    xy_actor *who = find_living(sim, node);
    return who ? (up ? &who->up : &who->down) : NULL;
}

void xy_simulation_stall(xy_world *world, uint64_t node, bool up, int64_t for_us)
{
    simulation *sim = simulation_of(world);
    xy_lane *lane = lane_of(sim, node, up);
    if (lane)
        lane->latest_us = later(lane->latest_us, sim->now_us + for_us);
}

void xy_simulation_fill(xy_world *world, uint64_t node, bool up, int64_t for_us)
{
    simulation *sim = simulation_of(world);
    xy_lane *lane = lane_of(sim, node, up);
    if (lane)
        lane->full_until_us = later(lane->full_until_us, sim->now_us + for_us);
}

void xy_simulation_forge(xy_world *world, uint64_t node, uint64_t peer, const void *frame,
                         size_t size)
{
    simulation *sim = simulation_of(world);
    xy_occurrence what = {
        .kind = XY_EVENT_FRAME, .forged = true, .actor = node, .peer = peer, .size = size};
    schedule(sim, &what, frame, sim->now_us);
}

static void calm(simulation *sim, xy_actor *who)
{
    who->paused = false;
    who->held_until_us = who->slow_until_us = 0;
    who->up.full_until_us = who->down.full_until_us = 0;
    replay(sim, who);
}

void xy_simulation_calm(xy_world *world)
{
    simulation *sim = simulation_of(world);
    calm(sim, &sim->controller);
    for (size_t i = 0; i < sim->capacity; i++)
        if (sim->actors[i] && !sim->actors[i]->dead)
            calm(sim, sim->actors[i]);
}

void xy_simulation_halt(xy_world *world)
{
    simulation_of(world)->halted = true;
}

void xy_simulation_run(xy_world *world, int64_t until_us)
{
    simulation *sim = simulation_of(world);
    const xy_entry *first;
    while (!sim->stopped && !sim->halted && (first = xy_queue_first(&sim->queue)) &&
           first->due_us <= until_us) {
        if (first->due_us > sim->now_us)
            sim->now_us = first->due_us;
        happen(sim, xy_queue_take(&sim->queue));
    }
    if (sim->now_us < until_us)
        sim->now_us = until_us;
}
