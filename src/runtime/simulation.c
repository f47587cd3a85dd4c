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

#include "core/node.h"
#include "runtime/queue.h"
#include "runtime/random.h"
#include "service/timer.h"

/* What takes how long, in microseconds; up to as much again is drawn on top. */
enum { DELIVERY_US = 40, START_US = 400, END_US = 300 };

/* What the random numbers are for. */
enum { STREAM_NETWORK = 1 };

typedef struct occurrence {
    struct occurrence *next; /* in the list of a paused actor */
    xy_event_kind kind;      /* OPEN, TICK, FRAME or EXITED */
    int64_t due_us;
    uint64_t actor; /* whom it happens to */
    uint64_t peer;
    size_t size;
    uint8_t bytes[];
} occurrence;

/* The controlling node, or a compute node. */
typedef struct actor {
    struct actor *parent, *children, *sibling;
    uint64_t incarnation; /* XY_PARENT: the controlling node */
    xy_machine machine;
    xy_node node;
    void *service_state;
    bool dead; /* but its parent has not noticed yet */
    bool paused;
    occurrence *held, **held_last; /* what happened to it while it was paused */
    int64_t tick_us;               /* when its next tick is due */
    int64_t up_us, down_us;        /* when the latest frame to its parent, and from it, arrives */
} actor;

typedef struct simulation {
    xy_world world;
    xy_queue queue;
    xy_random network;
    int64_t now_us;
    actor controller;
    actor **actors; /* by incarnation; NULL where nothing is left of it */
    size_t capacity;
    bool stopped;
    void (*deliver)(void *owner, const xy_action *action);
    void *owner;
} simulation;

static simulation *simulation_of(const xy_world *world)
{
    return (simulation *)(uintptr_t)world;
}

static int64_t now_ms(const simulation *sim)
{
    return sim->now_us / 1000;
}

static int64_t draw_us(simulation *sim, int64_t least_us)
{
    return least_us + (int64_t)xy_random_below(&sim->network, (uint64_t)least_us);
}

static actor *find(simulation *sim, uint64_t incarnation)
{
    if (incarnation == XY_PARENT)
        return &sim->controller;
    return incarnation < sim->capacity ? sim->actors[incarnation] : NULL;
}

/* What is going to happen. */

static bool schedule(simulation *sim, const actor *whom, const xy_event *event, int64_t due_us)
{
    occurrence *what = malloc(sizeof *what + event->size);
    if (!what)
        return false;
    *what = (occurrence){.kind = event->kind,
                         .due_us = due_us,
                         .actor = whom->incarnation,
                         .peer = event->peer,
                         .size = event->size};
    if (event->size > 0)
        memcpy(what->bytes, event->bytes, event->size);
    if (xy_queue_add(&sim->queue, due_us, what))
        return true;
    free(what);
    return false;
}

static void schedule_tick(simulation *sim, actor *who)
{
    int64_t deadline_ms = who->machine.deadline(who->machine.self);
    int64_t due_us = deadline_ms == XY_NEVER ? XY_NEVER : deadline_ms * 1000;
    if (due_us == who->tick_us || who->dead)
        return;
    who->tick_us = due_us;
    if (due_us != XY_NEVER)
        schedule(sim, who, &(xy_event){.kind = XY_EVENT_TICK}, due_us);
}

/* Birth and death. */

static bool make_room(simulation *sim, uint64_t incarnation)
{
    if (incarnation < sim->capacity)
        return true;
    size_t capacity = 2 * (size_t)incarnation + 16;
    actor **actors = realloc(sim->actors, capacity * sizeof(actor *));
    if (!actors)
        return false;
    memset(actors + sim->capacity, 0, (capacity - sim->capacity) * sizeof(actor *));
    sim->actors = actors;
    sim->capacity = capacity;
    return true;
}

static actor *make_actor(simulation *sim, actor *parent, const xy_birth *birth)
{
    actor *child = make_room(sim, birth->incarnation) ? calloc(1, sizeof *child) : NULL;
    if (!child)
        return NULL;
    if (xy_timer.open(&child->service_state) != XYLEM_OK)
        goto no_service;
    /* A pid of its own for each life, and none that a real process has. */
    if (!xy_node_init(&child->node, birth, (int64_t)birth->incarnation + 1000000000))
        goto no_node;
    child->machine = xy_node_machine(&child->node);
    child->incarnation = birth->incarnation;
    child->held_last = &child->held;
    child->tick_us = XY_NEVER;
    child->parent = parent;
    child->sibling = parent->children;
    parent->children = child;
    sim->actors[birth->incarnation] = child;
    return child;

no_node:
    xy_timer.close(child->service_state);
no_service:
    free(child);
    return NULL;
}

static void drop_held(actor *who)
{
    while (who->held) {
        occurrence *first = who->held;
        who->held = first->next;
        free(first);
    }
    who->held_last = &who->held;
}

/* Nothing is left of it from then on. */
static void free_actor(simulation *sim, actor *gone)
{
    actor **at = &gone->parent->children;
    while (*at != gone)
        at = &(*at)->sibling;
    *at = gone->sibling;
    sim->actors[gone->incarnation] = NULL;
    drop_held(gone);
    xy_timer.close(gone->service_state);
    xy_node_clear(&gone->node);
    free(gone);
}

/* Nobody outlives the parent, and nobody is left to notice. */
static void free_below(simulation *sim, actor *top)
{
    while (top->children) {
        actor *lowest = top->children;
        while (lowest->children)
            lowest = lowest->children;
        free_actor(sim, lowest);
    }
}

static void die(simulation *sim, actor *who, const char *how)
{
    if (who->dead)
        return;
    free_below(sim, who);
    drop_held(who);
    who->dead = true;
    schedule(
        sim, who->parent,
        &(xy_event){
            .kind = XY_EVENT_EXITED, .peer = who->incarnation, .bytes = how, .size = strlen(how)},
        sim->now_us + draw_us(sim, END_US));
}

/* Actions. */

static void step(simulation *sim, actor *who, const xy_event *event)
{
    who->machine.step(who->machine.self, event, now_ms(sim));
}

/* One link never reorders: what is sent later arrives later. */
static int64_t arrival_us(simulation *sim, int64_t *latest_us)
{
    int64_t arrives_us = sim->now_us + draw_us(sim, DELIVERY_US);
    *latest_us = arrives_us > *latest_us ? arrives_us : *latest_us + 1;
    return *latest_us;
}

static bool carry(simulation *sim, actor *from, const xy_action *action)
{
    bool up = action->peer == XY_PARENT;
    actor *to = up ? from->parent : find(sim, action->peer);
    if (!to || to->dead)
        return false;
    size_t size = xy_message_size(&action->message);
    uint8_t *frame = malloc(size);
    if (!frame)
        return false;
    xy_message_encode(&action->message, frame);
    xy_event event = {.kind = XY_EVENT_FRAME,
                      .peer = up ? from->incarnation : XY_PARENT,
                      .bytes = frame,
                      .size = size};
    bool sent = schedule(sim, to, &event, arrival_us(sim, up ? &from->up_us : &to->down_us));
    free(frame);
    return sent;
}

static void perform_send(simulation *sim, actor *who, const xy_action *action)
{
    if (!carry(sim, who, action) && action->message.kind == XY_REQUEST)
        step(sim, who,
             &(xy_event){.kind = XY_EVENT_UNSENT,
                         .peer = action->peer,
                         .request = action->message.request,
                         .status = XYLEM_UNAVAILABLE});
}

static void perform_start(simulation *sim, actor *who, const xy_action *action)
{
    xy_birth birth = {.id = action->message.id, .incarnation = action->peer};
    for (size_t i = 0; i < sizeof birth.secret; i++)
        birth.secret[i] = (uint8_t)xy_random_next(&sim->network);
    actor *child = make_actor(sim, who, &birth);
    xy_event event = {.kind = XY_EVENT_STILLBORN, .peer = action->peer};
    if (child && schedule(sim, child, &(xy_event){.kind = XY_EVENT_OPEN},
                          sim->now_us + draw_us(sim, START_US)))
        event = (xy_event){.kind = XY_EVENT_BORN,
                           .peer = action->peer,
                           .bytes = birth.secret,
                           .size = sizeof birth.secret};
    else if (child)
        free_actor(sim, child);
    step(sim, who, &event);
}

static void perform_work(simulation *sim, actor *who, const xy_action *action)
{
    const char *reply = "";
    const xy_message *request = &action->message;
    char *text = calloc(1, (size_t)request->payload_size + 1);
    int status = XYLEM_NO_MEMORY;
    if (text && request->payload)
        memcpy(text, request->payload, request->payload_size);
    if (text)
        status = xy_timer.exec(who->service_state, text, now_ms(sim), &reply);
    step(sim, who,
         &(xy_event){.kind = XY_EVENT_WORKED,
                     .request = request->request,
                     .status = status,
                     .bytes = reply,
                     .size = strlen(reply)});
    free(text);
}

static void perform_stop(simulation *sim, actor *who)
{
    if (who == &sim->controller)
        sim->stopped = true;
    else
        die(sim, who, "it ended");
}

static void kill_child(simulation *sim, uint64_t incarnation)
{
    actor *child = find(sim, incarnation);
    if (child)
        die(sim, child, "it was killed");
}

static void perform(simulation *sim, actor *who, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        perform_send(sim, who, action);
        break;
    case XY_ACTION_START:
        perform_start(sim, who, action);
        break;
    case XY_ACTION_KILL:
        kill_child(sim, action->peer);
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

static void perform_all(simulation *sim, actor *who)
{
    xy_action action;
    while (xy_actions_pop(who->machine.actions, &action)) {
        perform(sim, who, &action);
        xy_action_clear(&action);
    }
    schedule_tick(sim, who);
}

/* What happens. */

static void hold(actor *who, occurrence *what)
{
    what->next = NULL;
    *who->held_last = what;
    who->held_last = &what->next;
}

static void happen(simulation *sim, occurrence *what)
{
    actor *who = find(sim, what->actor);
    bool stale = what->kind == XY_EVENT_TICK && who && who->tick_us != what->due_us;
    if (!who || who->dead || stale) {
        free(what);
        return;
    }
    if (who->paused) {
        hold(who, what);
        return;
    }
    if (what->kind == XY_EVENT_TICK)
        who->tick_us = XY_NEVER;
    if (what->kind == XY_EVENT_EXITED && find(sim, what->peer))
        free_actor(sim, find(sim, what->peer));
    step(sim, who,
         &(xy_event){
             .kind = what->kind, .peer = what->peer, .bytes = what->bytes, .size = what->size});
    free(what);
    perform_all(sim, who);
}

/* What happened to a paused actor happens now: first that children have ended, as in a host. */
static void replay(simulation *sim, actor *who)
{
    occurrence *first = who->held;
    who->held = NULL;
    who->held_last = &who->held;
    for (int exits = 1; exits >= 0; exits--)
        for (occurrence *what = first; what; what = what->next)
            if ((what->kind == XY_EVENT_EXITED) == exits)
                xy_queue_add(&sim->queue, sim->now_us, what);
}

/* The world. */

static int64_t now(const xy_world *world)
{
    return now_ms(simulation_of(world));
}

static void perform_commands(xy_world *world)
{
    simulation *sim = simulation_of(world);
    perform_all(sim, &sim->controller);
}

static bool is_due(const simulation *sim)
{
    const xy_entry *first = xy_queue_first(&sim->queue);
    return first && first->due_us <= sim->now_us;
}

/* One at a time: so a reply is seen before time goes on. */
static bool work(xy_world *world)
{
    simulation *sim = simulation_of(world);
    bool due = is_due(sim) && !sim->stopped;
    if (due)
        happen(sim, xy_queue_take(&sim->queue));
    return due;
}

static void wait(xy_world *world, int64_t until_ms)
{
    simulation *sim = simulation_of(world);
    const xy_entry *first = xy_queue_first(&sim->queue);
    int64_t next_us = until_ms == XY_NEVER ? sim->now_us : until_ms * 1000;
    if (first && (until_ms == XY_NEVER || first->due_us < next_us))
        next_us = first->due_us;
    if (next_us > sim->now_us)
        sim->now_us = next_us;
}

size_t xy_simulation_living(const xy_world *world)
{
    const simulation *sim = simulation_of(world);
    size_t living = 0;
    for (size_t i = 0; i < sim->capacity; i++)
        living += sim->actors[i] && !sim->actors[i]->dead;
    return living;
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
    actor *who = find(sim, target->incarnation);
    if (!who || who->dead)
        return;
    if (target->code == XY_FAULT_KILL)
        die(sim, who, "it was killed");
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
    sim->deliver = options->deliver;
    sim->owner = options->owner;
    sim->controller.machine = options->controller;
    sim->controller.held_last = &sim->controller.held;
    sim->controller.tick_us = XY_NEVER;
    return &sim->world;
}
