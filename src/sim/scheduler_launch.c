/* The launcher of the controlling node: it begins lives and ends them, and reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scheduler_parts.h"

/* What takes how long, in microseconds; up to as much again is drawn on top. */
enum { START_US = 400, ORDER_US = 60, TOLD_US = 40, SIGNAL_US = 15, REPORT_US = 150, SAID_US = 60 };

static int64_t after(int64_t *latest_us, int64_t due_us)
{
    *latest_us = due_us > *latest_us ? due_us : *latest_us + 1;
    return *latest_us;
}

static int64_t late_us(xy_scheduler *scheduler, unsigned chance, int64_t most_us, uint64_t *count)
{
    if (!xy_scheduler_happens(&scheduler->birth, chance))
        return 0;
    ++*count;
    return xy_scheduler_draw_us(&scheduler->birth, most_us);
}

/* Reports. */

/* In their order for each life. Of one of which nothing is left only faults are reported. */
static void report(xy_scheduler *scheduler, xy_sim_node *who, xy_sim_event *what, int64_t after_us)
{
    int64_t due_us = scheduler->now_us + after_us;
    xy_scheduler_enter(scheduler, what, who ? after(&who->reported_us, due_us) : due_us);
}

void xy_scheduler_report_end(xy_scheduler *scheduler, xy_life life, bool begun, xy_cause cause,
                             const char *reason)
{
    const xy_fault_rates *rates = &scheduler->rates;
    int64_t late = begun ? late_us(scheduler, rates->slow_end, rates->slow_end_us,
                                   &scheduler->fault_counts.slow_end)
                         : 0;
    xy_sim_event *what = xy_scheduler_event(XY_SIM_REPORT, life, reason, strlen(reason) + 1);
    if (what) {
        what->report = (xy_event){.kind = XY_EVENT_ENDED};
        what->report.ended.life = life;
        what->report.ended.begun = begun;
        what->report.ended.cause = cause;
    }
    report(scheduler, xy_scheduler_find(scheduler, life), what,
           xy_scheduler_about_us(&scheduler->launch, REPORT_US) + late);
}

static void report_start(xy_scheduler *scheduler, xy_sim_node *who)
{
    char key[XY_KEY_SIZE] = "";
    if (scheduler->keyed)
        xy_sim_key(who->life, key);
    xy_sim_event *what = xy_scheduler_event(XY_SIM_REPORT, who->life, key, sizeof key);
    if (what) {
        what->report = (xy_event){.kind = XY_EVENT_STARTED};
        what->report.started.life = who->life;
        what->report.started.pid = who->pid;
    }
    report(scheduler, who, what,
           xy_scheduler_about_us(&scheduler->launch, REPORT_US) +
               late_us(scheduler, scheduler->rates.slow_start, scheduler->rates.slow_start_us,
                       &scheduler->fault_counts.slow_start));
}

static void report_signal(xy_scheduler *scheduler, xy_sim_node *who, const xy_action *order)
{
    xy_sim_event *what = xy_scheduler_event(XY_SIM_REPORT, order->signal.life, "", 1);
    if (what) {
        what->report = (xy_event){.kind = XY_EVENT_SIGNALLED};
        what->report.signalled.command = order->signal.command;
        what->report.signalled.status = XYLEM_OK;
    }
    report(scheduler, who, what, xy_scheduler_about_us(&scheduler->launch, SIGNAL_US));
}

/* What a node has said. */
void xy_scheduler_report(xy_driver *driver, const xy_action *action)
{
    xy_sim_node *who = driver->world;
    xy_scheduler *scheduler = who->scheduler;
    bool attached = action->kind == XY_ACTION_ATTACHED;
    xy_life of = attached ? action->attached.life : action->expected.life;
    const char *address = attached ? action->attached.address : "";
    xy_sim_event *what = xy_scheduler_event(XY_SIM_REPORT, of, address, strlen(address) + 1);
    if (what)
        what->report = xy_reported_event(action);
    report(scheduler, who, what,
           xy_scheduler_about_us(&scheduler->launch, SAID_US) +
               late_us(scheduler, scheduler->rates.slow_report, scheduler->rates.slow_report_us,
                       &scheduler->fault_counts.slow_report));
}

/* Orders. */

/* Sometimes a life ends before its hello: after a while, or when it is to attach, whichever comes
 * first. */
static void doom(xy_scheduler *scheduler, xy_sim_node *who, bool by_rule)
{
    bool by_rate = xy_scheduler_happens(&scheduler->birth, scheduler->rates.early_end);
    scheduler->fault_counts.early_end += by_rate;
    who->doomed = by_rate || by_rule;
    if (!who->doomed)
        return;
    xy_scheduler_enter(scheduler, xy_scheduler_event(XY_SIM_EARLY, who->life, NULL, 0),
                       scheduler->now_us +
                           xy_scheduler_draw_us(&scheduler->birth, (int64_t)2 * START_US));
}

static bool begin(xy_scheduler *scheduler, xy_sim_node *who, const xy_birth *birth, xy_fate fate,
                  xy_error *error)
{
    static const xy_sim_host host = {&xy_scheduler_context_ops, xy_scheduler_ring,
                                     xy_scheduler_may_answer};
    bool by_rate = xy_scheduler_happens(&scheduler->birth, scheduler->rates.stillborn);
    bool stillborn = by_rate || fate.fault == XYLEM_SIM_NO_START;
    scheduler->fault_counts.stillborn += by_rate;
    if (stillborn)
        xy_error_set(error, XYLEM_CANNOT_START, "the simulator made the start fail");
    else if (!who)
        xy_error_code(error, XYLEM_NO_MEMORY);
    if (!who || stillborn)
        return false;
    who->scheduler = scheduler;
    xy_scheduler_set_clock(scheduler, who);
    return xy_sim_node_begin(who, birth, &scheduler->log, &host, error);
}

static void start(xy_scheduler *scheduler, xy_sim_node *who, const xy_birth *birth)
{
    xy_error error;
    xy_fate fate = xy_scheduler_fate_of_start(scheduler, birth);
    if (!begin(scheduler, who, birth, fate, &error)) {
        if (who)
            who->stage = XY_SIM_DEAD;
        xy_scheduler_report_end(scheduler, birth->life, false, (xy_cause){0}, error.text);
        return;
    }
    xy_scheduler_drive(scheduler, who, xy_node_machine(&who->node));
    if (scheduler->observer.started)
        scheduler->observer.started(scheduler->observer.self, who->life, birth);
    report_start(scheduler, who);
    doom(scheduler, who, fate.fault == XYLEM_SIM_CRASH);
    xy_scheduler_step(scheduler, who, &(xy_event){.kind = XY_EVENT_OPEN});
}

/* A node hears the order itself. */
static void tell(xy_scheduler *scheduler, xy_sim_node *who, xy_sim_event *what)
{
    const xy_fault_rates *rates = &scheduler->rates;
    bool attach = what->order.kind == XY_ACTION_ATTACH;
    int64_t due_us = scheduler->now_us + xy_scheduler_about_us(&scheduler->launch, TOLD_US);
    if (attach)
        due_us += late_us(scheduler, rates->late_hello, rates->late_hello_us,
                          &scheduler->fault_counts.late_hello);
    what->kind = attach                               ? XY_SIM_ATTACH
                 : what->order.kind == XY_ACTION_TELL ? XY_SIM_TOLD
                                                      : XY_SIM_END;
    xy_scheduler_enter(scheduler, what, after(&who->told_us, due_us));
}

void xy_scheduler_attach(xy_scheduler *scheduler, xy_sim_node *who, const xy_attachment *to)
{
    if (who->doomed)
        xy_scheduler_end(scheduler, who, XY_END_EARLY);
    else
        xy_scheduler_step(scheduler, who, &(xy_event){.kind = XY_EVENT_ATTACH, .attach = *to});
}

static void signal_life(xy_scheduler *scheduler, xy_sim_node *who, xy_fault fault)
{
    if (scheduler->observer.signalled)
        scheduler->observer.signalled(scheduler->observer.self, who->life, fault);
    if (fault == XY_FAULT_KILL) {
        xy_scheduler_crash(scheduler, who);
    } else if (fault == XY_FAULT_PAUSE) {
        who->paused = true;
    } else if (who->paused) {
        who->paused = false;
        xy_scheduler_replay(scheduler, who);
    }
}

/* An order about a life that is over is passed over; but a fault is reported. */
void xy_scheduler_take_order(xy_scheduler *scheduler, xy_sim_event *what)
{
    const xy_action *order = &what->order;
    xy_sim_node *who = xy_scheduler_find(scheduler, what->life);
    bool alive = who && who->stage == XY_SIM_ALIVE;
    bool told = order->kind == XY_ACTION_ATTACH || order->kind == XY_ACTION_TELL ||
                order->kind == XY_ACTION_END;
    if (alive && told) {
        tell(scheduler, who, what);
        return;
    }
    if (order->kind == XY_ACTION_START)
        start(scheduler, who, &order->start);
    else if (order->kind == XY_ACTION_SIGNAL)
        report_signal(scheduler, who, order);
    if (alive && order->kind == XY_ACTION_KILL)
        xy_scheduler_end(scheduler, who, XY_END_KILLED);
    else if (alive && order->kind == XY_ACTION_SIGNAL)
        signal_life(scheduler, who, order->signal.fault);
    free(what);
}

/* The controlling node gives orders. */

static bool make_room(xy_scheduler *scheduler, xy_life life)
{
    if (life.number < scheduler->capacity)
        return true;
    size_t capacity = 2 * (size_t)life.number + 16;
    xy_sim_node **nodes = realloc(scheduler->nodes, capacity * sizeof(xy_sim_node *));
    if (!nodes)
        return false;
    memset(nodes + scheduler->capacity, 0,
           (capacity - scheduler->capacity) * sizeof(xy_sim_node *));
    scheduler->nodes = nodes;
    scheduler->capacity = capacity;
    return true;
}

/* Has a place for it from now on. */
static xy_sim_node *add(xy_scheduler *scheduler, xy_life life)
{
    xy_sim_node *node = make_room(scheduler, life) ? xy_sim_node_new(life) : NULL;
    if (node)
        scheduler->nodes[life.number] = node;
    return node;
}

static xy_life life_of(const xy_action *order)
{
    switch (order->kind) {
    case XY_ACTION_START:
        return order->start.life;
    case XY_ACTION_ATTACH:
        return order->attach.life;
    case XY_ACTION_TELL:
        return order->tell.life;
    case XY_ACTION_END:
        return order->end.life;
    case XY_ACTION_KILL:
        return order->kill.life;
    default:
        return order->signal.life;
    }
}

/* The arguments and the state of a START last as long as the event. */
static xy_sim_event *order_event(const xy_action *action, xy_life life)
{
    const xy_birth none = {0};
    const xy_birth *birth = action->kind == XY_ACTION_START ? &action->start : &none;
    xy_sim_event *what =
        xy_scheduler_event_of(XY_SIM_ORDER, life, birth->arguments, birth->arguments_size,
                              birth->saved, birth->saved_size);
    if (!what)
        return NULL;
    what->order = *action;
    if (birth->arguments_size > 0)
        what->order.start.arguments = what->bytes;
    if (birth->saved_size > 0)
        what->order.start.saved = what->bytes + birth->arguments_size;
    return what;
}

void xy_scheduler_launch(xy_driver *driver, const xy_action *action)
{
    xy_sim_node *controller = driver->world;
    xy_scheduler *scheduler = controller->scheduler;
    const xy_fault_rates *rates = &scheduler->rates;
    xy_life life = life_of(action);
    if (scheduler->halted)
        return;
    bool begins = action->kind == XY_ACTION_START;
    xy_sim_node *who = begins ? add(scheduler, life) : xy_scheduler_find(scheduler, life);
    xy_sim_event *what = order_event(action, life);
    int64_t due_us = scheduler->now_us +
                     xy_scheduler_about_us(&scheduler->launch, begins ? START_US : ORDER_US) +
                     late_us(scheduler, rates->slow_order, rates->slow_order_us,
                             &scheduler->fault_counts.slow_order);
    xy_scheduler_enter(scheduler, what, who ? after(&who->ordered_us, due_us) : due_us);
}
