/* The simulated world: every node, and the controlling node, in one thread, under a virtual clock.
 * The scheduler does it all; here it is given the form of a world.
 *
 * Time passes only while a call waits.
 */
#include "world/simulated_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_clock.h"

/* What the world draws for itself. */
enum { STREAM_KEYED = 11, STREAM_SECRET = 12 };

typedef struct simulation {
    xy_world world;
    xy_scheduler scheduler;
    xy_controller *controller;
    xy_sim_clock *clock, own; /* its clock */
} simulation;

static simulation *simulation_of(const xy_world *world)
{
    return (simulation *)(uintptr_t)world;
}

static xy_scheduler *scheduler_of(const xy_world *world)
{
    return &simulation_of(world)->scheduler;
}

/* The world. */

static int64_t now(const xy_world *world)
{
    return xy_scheduler_clock_ms(scheduler_of(world));
}

static uint64_t command(xy_world *world, const xy_command *what)
{
    simulation *sim = simulation_of(world);
    const xy_observer *observer = &sim->scheduler.observer;
    if (observer->asking)
        observer->asking(observer->self, sim->controller->command + 1, what);
    uint64_t number =
        xy_controller_command(sim->controller, what, now(world), &sim->scheduler.actions);
    xy_scheduler_perform(&sim->scheduler);
    return number;
}

/* How many events are one turn. */
enum { TURN = 256 };

/* One at a time: so a reply is seen before time goes on. */
static bool work(xy_world *world)
{
    return xy_sim_clock_happen(simulation_of(world)->clock);
}

static void wait(xy_world *world, int64_t until_ms)
{
    simulation *sim = simulation_of(world);
    int64_t due_us = xy_sim_clock_due_us(sim->clock);
    int64_t until_us = xy_scheduler_time_us(&sim->scheduler, until_ms);
    int64_t next_us = due_us < until_us ? due_us : until_us;
    if (next_us != XY_NEVER)
        xy_sim_clock_advance(sim->clock, next_us);
}

static void wake(xy_world *world)
{
    (void)world; /* no call sleeps */
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
    return xy_scheduler_stopped(scheduler_of(world));
}

/* Its memory is all that there is of it. */
static void close_world(xy_world *world)
{
    simulation *sim = simulation_of(world);
    xy_sim_clock_leave(sim->clock, &sim->scheduler);
    xy_scheduler_clear(&sim->scheduler);
    xy_controller_clear(sim->controller, &sim->scheduler.actions);
    xy_queue_clear(&sim->scheduler.actions);
    free(sim);
}

static void begin(simulation *sim, const xy_world_options *options)
{
    char address[XY_ADDRESS_SIZE];
    xy_controller_options begin = options->begin;
    xy_draw keyed = xy_draw_stream(options->seed, STREAM_KEYED);
    xy_draw secret = xy_draw_stream(options->seed, STREAM_SECRET);
    xy_sim_address((xy_life){0}, address);
    begin.address = address;
    begin.keyed = xy_draw_below(&keyed, 2) > 0;
    begin.past_tree = xy_draw_below(&keyed, 2) > 0;
    begin.seed[0] = xy_draw_next(&secret);
    begin.seed[1] = xy_draw_next(&secret);
    xy_controller_init(options->controller, &begin);
    sim->controller = options->controller;
    xy_scheduler_init(&sim->scheduler,
                      &(xy_scheduler_options){.seed = options->seed,
                                              .keyed = begin.keyed,
                                              .controller = xy_controller_machine(sim->controller),
                                              .deliver = options->deliver,
                                              .owner = options->owner,
                                              .log = {options->log_level, XY_NO_ID, options->log}});
    sim->clock = options->clock ? options->clock : &sim->own;
    xy_sim_clock_join(sim->clock, &sim->scheduler);
}

xy_world *xy_simulated_world(const xy_world_options *options, xy_error *error)
{
    static const xy_world_ops ops = {.turn = TURN,
                                     .now = now,
                                     .command = command,
                                     .work = work,
                                     .wait = wait,
                                     .wake = wake,
                                     .fd = fd,
                                     .arm = arm,
                                     .stopped = stopped,
                                     .close = close_world,
                                     .discard = close_world};
    simulation *sim = calloc(1, sizeof *sim);
    if (!sim) {
        xy_error_code(error, XYLEM_NO_MEMORY);
        return NULL;
    }
    sim->world.ops = &ops;
    begin(sim, options);
    return &sim->world;
}

/* For tests: what is seen of a world. */

void xy_simulation_observe(xy_world *world, const xy_observer *observer)
{
    scheduler_of(world)->observer = *observer;
}

int64_t xy_simulation_now_us(const xy_world *world)
{
    return scheduler_of(world)->now_us;
}

xy_stats xy_simulation_stats(const xy_world *world)
{
    return xy_scheduler_stats(scheduler_of(world));
}

bool xy_simulation_lives(const xy_world *world, xy_life node)
{
    return node.number != 0 && xy_scheduler_find_living(scheduler_of(world), node);
}

int64_t xy_simulation_id(const xy_world *world, xy_life node)
{
    const xy_sim_node *found = xy_scheduler_find_living(scheduler_of(world), node);
    return found ? xy_sim_node_id(found) : XY_NO_ID;
}

int64_t xy_simulation_child(const xy_world *world, xy_link_number number)
{
    const xy_queue_link *link = xy_simulation_link(world, number);
    const xy_queue_end *child = link ? link->ends[XY_END_CHILD].at : NULL;
    return child ? xy_simulation_id(world, child->life) : XY_NO_ID;
}

const xy_node *xy_simulation_node(const xy_world *world, xy_life node)
{
    bool lives = xy_simulation_lives(world, node);
    return lives ? &xy_scheduler_find(scheduler_of(world), node)->node : NULL;
}

const xylem_context *xy_simulation_context(const xy_world *world, xy_life node)
{
    bool lives = xy_simulation_lives(world, node);
    return lives ? &xy_scheduler_find(scheduler_of(world), node)->context : NULL;
}

const xy_subtree *xy_simulation_subtree(const xy_world *world, xy_life node)
{
    const xy_node *found = xy_simulation_node(world, node);
    return found ? &found->subtree : NULL;
}

const xy_queue_link *xy_simulation_link(const xy_world *world, xy_link_number number)
{
    return xy_queue_links_find(&scheduler_of(world)->links, number);
}

/* For tests: what is done to a world. */

void xy_simulation_set_fault_rates(xy_world *world, const xy_fault_rates *rates)
{
    xy_scheduler *scheduler = scheduler_of(world);
    scheduler->rates = *rates;
    if (scheduler->steps == 0)
        xy_scheduler_set_clock(scheduler, &scheduler->controller);
}

void xy_simulation_set_judge(xy_world *world, const xy_judge *judge)
{
    scheduler_of(world)->judge = *judge;
}

void xy_simulation_crash(xy_world *world, xy_life node)
{
    if (xy_simulation_lives(world, node))
        xy_scheduler_crash(scheduler_of(world), xy_scheduler_find(scheduler_of(world), node));
}

void xy_simulation_hold(xy_world *world, xy_life node, int64_t for_us)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    if (who)
        xy_scheduler_hold(scheduler_of(world), who, for_us);
}

void xy_simulation_slow(xy_world *world, xy_life node, int64_t by_us, int64_t for_us)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    if (who)
        xy_scheduler_slow(scheduler_of(world), who, by_us, for_us);
}

void xy_simulation_hold_link(xy_world *world, xy_life node, unsigned ways)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    if (who)
        xy_scheduler_hold_link(who, ways);
}

void xy_simulation_release(xy_world *world, xy_life node)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    if (who)
        xy_scheduler_release(scheduler_of(world), who);
}

void xy_simulation_release_all(xy_world *world)
{
    xy_scheduler_release_all(scheduler_of(world));
}

void xy_simulation_separate(xy_world *world, const xy_life *nodes, size_t count)
{
    uint64_t side = ++scheduler_of(world)->sides;
    for (size_t i = 0; i < count; i++)
        if (xy_simulation_lives(world, nodes[i]))
            xy_scheduler_separate(xy_scheduler_find(scheduler_of(world), nodes[i]), side);
}

void xy_simulation_heal(xy_world *world)
{
    xy_scheduler_heal(scheduler_of(world));
}

static xy_lane *lane_of(const xy_world *world, xy_life node, bool up)
{
    const xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    xy_queue_link *link = who ? xy_queue_link_up(&who->end) : NULL;
    return !link ? NULL : up ? &link->up : &link->down;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void xy_simulation_stall(xy_world *world, xy_life node, bool up, int64_t for_us)
{
    xy_lane *lane = lane_of(world, node, up);
    if (lane)
        lane->latest_us = later(lane->latest_us, scheduler_of(world)->now_us + for_us);
}

void xy_simulation_fill(xy_world *world, xy_life node, bool up, int64_t for_us)
{
    xy_lane *lane = lane_of(world, node, up);
    if (lane)
        lane->full_until_us = later(lane->full_until_us, scheduler_of(world)->now_us + for_us);
}

void xy_simulation_forge(xy_world *world, xy_life node, xy_peer from, const void *frame,
                         size_t size)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler_of(world), node);
    if (who)
        xy_scheduler_forge(scheduler_of(world), who, &from, frame, size);
}

void xy_simulation_calm(xy_world *world)
{
    xy_scheduler_calm(scheduler_of(world));
}

void xy_simulation_end_rates(xy_world *world)
{
    xy_fault_rates *rates = &scheduler_of(world)->rates;
    *rates = (xy_fault_rates){.drift = rates->drift, .clock_span_us = rates->clock_span_us};
}

void xy_simulation_halt(xy_world *world)
{
    scheduler_of(world)->halted = true;
}

void xy_simulation_trim(xy_world *world)
{
    const xy_queue *queue = &scheduler_of(world)->actions;
    xy_ring *ring = &scheduler_of(world)->actions.actions;
    xy_ring fresh = {.item_size = ring->item_size};
    bool roomy = ring->capacity > 0 && ring->capacity / 2 >= queue->promised;
    if (ring->count == 0 && roomy &&
        (!queue->promised || xy_ring_reserve(&fresh, queue->promised))) {
        xy_ring_clear(ring);
        *ring = fresh;
    }
}

void xy_simulation_run(xy_world *world, int64_t until_us)
{
    xy_sim_clock_run(simulation_of(world)->clock, until_us);
}
