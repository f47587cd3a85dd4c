#include "sim/scheduler.h"

#include <signal.h>
#include <stdlib.h>

#include "sim/scheduler_parts.h"

/* What the random numbers are for. */
enum { STREAM_NETWORK = 1, STREAM_BIRTH = 2, STREAM_DELAY = 3, STREAM_LAUNCH = 4 };

/* Random times. */

int64_t xy_scheduler_draw_us(xy_draw *draw, int64_t most_us)
{
    return most_us > 0 ? (int64_t)xy_draw_below(draw, (uint64_t)most_us + 1) : 0;
}

int64_t xy_scheduler_about_us(xy_draw *draw, int64_t least_us)
{
    return least_us + (int64_t)xy_draw_below(draw, (uint64_t)least_us);
}

int64_t xy_scheduler_slowness_us(xy_scheduler *scheduler, const xy_sim_node *who)
{
    return scheduler->now_us < who->slow_until_us
               ? xy_scheduler_draw_us(&scheduler->delay, who->slow_by_us)
               : 0;
}

bool xy_scheduler_happens(xy_draw *draw, unsigned chance)
{
    return chance > 0 && xy_draw_below(draw, 1000) < chance;
}

/* Nodes. */

xy_sim_node *xy_scheduler_find(const xy_scheduler *scheduler, xy_life life)
{
    if (life.number == 0)
        return (xy_sim_node *)(uintptr_t)&scheduler->controller;
    return life.number < scheduler->capacity ? scheduler->nodes[life.number] : NULL;
}

xy_sim_node *xy_scheduler_find_living(const xy_scheduler *scheduler, xy_life life)
{
    xy_sim_node *found = xy_scheduler_find(scheduler, life);
    return found && found->stage == XY_SIM_ALIVE ? found : NULL;
}

void xy_scheduler_set_clock(xy_scheduler *scheduler, xy_sim_node *who)
{
    who->clock_ahead_us = xy_scheduler_draw_us(&scheduler->birth, scheduler->rates.clock_span_us);
    if (scheduler->rates.drift > 0)
        who->clock_drift = xy_scheduler_draw_us(&scheduler->birth, 2 * scheduler->rates.drift) -
                           scheduler->rates.drift;
}

/* As of a process: to be killed is to get a signal. */
static xy_cause cause_of(xy_end end)
{
    bool killed = end == XY_END_KILLED || end == XY_END_CRASHED;
    return killed ? (xy_cause){XYLEM_SIGNALLED, SIGKILL}
                  : (xy_cause){XYLEM_EXITED, end == XY_END_EARLY ? EXIT_FAILURE : EXIT_SUCCESS};
}

void xy_scheduler_end(xy_scheduler *scheduler, xy_sim_node *who, xy_end end)
{
    static const char *const texts[] = {[XY_END_STOPPED] = "the node ended",
                                        [XY_END_KILLED] = "the node was killed",
                                        [XY_END_CRASHED] = "the node was killed",
                                        [XY_END_EARLY] = "the node ended at its start"};
    if (scheduler->observer.ended)
        scheduler->observer.ended(scheduler->observer.self, who->life, end);
    xy_sim_node_end(who, end == XY_END_STOPPED);
    xy_queue_link_end(&scheduler->links, &who->end);
    xy_scheduler_report_end(scheduler, who->life, true, cause_of(end), texts[end]);
}

/* Steps. */

static void observe(xy_driver *driver, const xy_event *event, const xy_action *action)
{
    xy_sim_node *who = driver->world;
    const xy_observer *observer = &who->scheduler->observer;
    who->scheduler->steps += event != NULL;
    if (event && observer->stepping)
        observer->stepping(observer->self, who->life, event, who->scheduler->forged);
    if (action && observer->acting)
        observer->acting(observer->self, who->life, action);
}

static void deliver(xy_driver *driver, xy_action *action)
{
    xy_sim_node *who = driver->world;
    if (!who->scheduler->halted)
        who->scheduler->deliver(who->scheduler->owner, action);
}

void xy_scheduler_drive(xy_scheduler *scheduler, xy_sim_node *who, xy_machine machine)
{
    static const xy_driver_ops ops = {.send = xy_scheduler_send,
                                      .launch = xy_scheduler_launch,
                                      .execute = xy_scheduler_execute,
                                      .deliver = deliver,
                                      .report = xy_scheduler_report};
    who->scheduler = scheduler;
    who->driver = (xy_driver){.machine = machine,
                              .queue = &scheduler->actions,
                              .ops = &ops,
                              .world = who,
                              .now_ms = INT64_MIN,
                              .observe = observe};
}

/* After a step and all that it gave rise to. */
static void settle(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (who->driver.stopped && who != &scheduler->controller)
        xy_scheduler_end(scheduler, who, XY_END_STOPPED);
    else
        xy_scheduler_set_tick(scheduler, who);
    if (scheduler->observer.stepped)
        scheduler->observer.stepped(scheduler->observer.self, who->life);
}

void xy_scheduler_step(xy_scheduler *scheduler, xy_sim_node *who, const xy_event *event)
{
    xy_driver_step(&who->driver, event, xy_sim_node_clock_ms(who, scheduler->now_us));
    settle(scheduler, who);
}

void xy_scheduler_perform(xy_scheduler *scheduler)
{
    scheduler->controller.driver.now_ms = xy_scheduler_clock_ms(scheduler);
    atomic_store(&scheduler->user, pthread_self());
    xy_driver_perform(&scheduler->controller.driver);
    settle(scheduler, &scheduler->controller);
}

/* The whole. */

void xy_scheduler_init(xy_scheduler *scheduler, const xy_scheduler_options *options)
{
    *scheduler = (xy_scheduler){.network = xy_draw_stream(options->seed, STREAM_NETWORK),
                                .birth = xy_draw_stream(options->seed, STREAM_BIRTH),
                                .delay = xy_draw_stream(options->seed, STREAM_DELAY),
                                .launch = xy_draw_stream(options->seed, STREAM_LAUNCH),
                                .keyed = options->keyed,
                                .deliver = options->deliver,
                                .owner = options->owner,
                                .log = options->log};
    xy_queue_links_init(&scheduler->links, malloc, free);
    xy_sim_node_init(&scheduler->controller, (xy_life){0});
    scheduler->controller.stage = XY_SIM_ALIVE;
    xy_scheduler_drive(scheduler, &scheduler->controller, options->controller);
}

static void clear_node(xy_sim_node *node)
{
    if (node->stage == XY_SIM_ALIVE)
        xy_sim_node_end(node, false);
    xy_sim_node_free(node);
}

void xy_scheduler_clear(xy_scheduler *scheduler)
{
    xy_queue_links_clear(&scheduler->links);
    for (size_t i = 0; i < scheduler->capacity; i++)
        if (scheduler->nodes[i])
            clear_node(scheduler->nodes[i]);
    xy_sim_node_drop_held(&scheduler->controller);
    xy_scheduler_clear_events(scheduler);
    xy_stacks_clear(&scheduler->stacks);
    free(scheduler->nodes);
}

int64_t xy_scheduler_clock_ms(const xy_scheduler *scheduler)
{
    return xy_sim_node_clock_ms(&scheduler->controller, scheduler->now_us);
}

int64_t xy_scheduler_time_us(const xy_scheduler *scheduler, int64_t clock_ms)
{
    return xy_sim_node_time_us(&scheduler->controller, clock_ms);
}

bool xy_scheduler_stopped(const xy_scheduler *scheduler)
{
    return scheduler->controller.driver.stopped;
}
