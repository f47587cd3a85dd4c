/* Faults: those of nodes, of messages, of links. */
#include <stdlib.h>

#include "sim/scheduler_parts.h"

/* Of nodes. */

void xy_scheduler_crash(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_scheduler_end(scheduler, who, XY_END_CRASHED);
}

void xy_scheduler_hold(xy_scheduler *scheduler, xy_sim_node *who, int64_t for_us)
{
    int64_t until_us = scheduler->now_us + for_us;
    if (until_us > who->held_until_us)
        who->held_until_us = until_us;
    xy_scheduler_enter(scheduler, xy_scheduler_event(XY_SIM_WAKE, who->life, NULL, 0), until_us);
}

void xy_scheduler_slow(xy_scheduler *scheduler, xy_sim_node *who, int64_t by_us, int64_t for_us)
{
    who->slow_by_us = by_us;
    who->slow_until_us = scheduler->now_us + for_us;
}

void xy_scheduler_forge(xy_scheduler *scheduler, xy_sim_node *who, const xy_peer *from,
                        const void *frame, size_t size)
{
    xy_sim_event *what = xy_scheduler_event(XY_SIM_FORGED, who->life, frame, size);
    if (what)
        what->from = *from;
    xy_scheduler_enter(scheduler, what, scheduler->now_us);
}

/* Of links. */

static xy_sim_node *child_of(const xy_queue_link *link)
{
    xy_queue_end *child = link->ends[XY_END_CHILD].at;
    return child ? xy_scheduler_node_of(child) : NULL;
}

static unsigned way_of(const xy_queue_link *link, const xy_lane *lane)
{
    return lane == &link->up ? XYLEM_SIM_UP : XYLEM_SIM_DOWN;
}

bool xy_scheduler_is_cut(const xy_queue_link *link, const xy_lane *lane)
{
    const xy_sim_node *child = child_of(link);
    xy_queue_end *parent = link->ends[XY_END_PARENT].at;
    if (!child || !parent)
        return false;
    return child->held_ways & way_of(link, lane) ||
           child->side != xy_scheduler_node_of(parent)->side;
}

void xy_scheduler_hold_link(xy_sim_node *child, unsigned ways)
{
    child->held_ways |= ways;
}

/* What is not held any more is on its way again. */
static void enter_lanes(xy_scheduler *scheduler, const xy_sim_node *child)
{
    for (size_t i = 0; i < scheduler->links.size; i++)
        for (xy_queue_link *link = scheduler->links.chains[i]; link; link = link->chained)
            if (!child || child_of(link) == child) {
                xy_scheduler_enter_lane(scheduler, link, &link->down);
                xy_scheduler_enter_lane(scheduler, link, &link->up);
            }
}

void xy_scheduler_release(xy_scheduler *scheduler, xy_sim_node *child)
{
    child->held_ways = 0;
    enter_lanes(scheduler, child);
}

void xy_scheduler_release_all(xy_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->capacity; i++)
        if (scheduler->nodes[i])
            scheduler->nodes[i]->held_ways = 0;
    enter_lanes(scheduler, NULL);
}

void xy_scheduler_separate(xy_sim_node *who, uint64_t side)
{
    who->side = side;
}

void xy_scheduler_heal(xy_scheduler *scheduler)
{
    for (size_t i = 0; i < scheduler->capacity; i++)
        if (scheduler->nodes[i])
            scheduler->nodes[i]->side = 0;
    enter_lanes(scheduler, NULL);
}

/* All of them end. */

static void calm(xy_scheduler *scheduler, xy_sim_node *who)
{
    who->paused = false;
    who->held_until_us = who->slow_until_us = 0;
    who->held_ways = 0;
    who->side = 0;
    xy_scheduler_replay(scheduler, who);
}

void xy_scheduler_calm(xy_scheduler *scheduler)
{
    calm(scheduler, &scheduler->controller);
    for (size_t i = 0; i < scheduler->capacity; i++)
        if (scheduler->nodes[i] && scheduler->nodes[i]->stage == XY_SIM_ALIVE)
            calm(scheduler, scheduler->nodes[i]);
    for (size_t i = 0; i < scheduler->links.size; i++)
        for (xy_queue_link *link = scheduler->links.chains[i]; link; link = link->chained)
            link->up.full_until_us = link->down.full_until_us = 0;
    enter_lanes(scheduler, NULL);
}

/* Of messages. */

/* Those by which the tree is arranged are none of them. */
unsigned xy_occasion_of(const xy_message *message)
{
    bool question =
        message->code == XY_EXEC || message->code == XY_STREAM || message->code == XY_PING;
    bool answer = message->code == XY_ANSWER && !(message->number.request & XY_ERRAND);
    if (message->part & XY_PART_CONTINUED)
        return 0;
    switch (message->kind) {
    case XY_REQUEST:
    case XY_CAST:
        return question ? XYLEM_SIM_REQUEST : 0;
    case XY_REPLY:
        return answer ? XYLEM_SIM_REPLY : 0;
    case XY_MERGED:
        return XYLEM_SIM_REPLY;
    case XY_HEARTBEAT:
        return XYLEM_SIM_HEARTBEAT;
    default:
        return 0;
    }
}

/* What a frame is to the child of its link; 0: it is another node's, or none of these. */
static unsigned occasion_of(const xy_sim_node *child, bool up, const xy_frame *frame)
{
    xy_message message;
    if (!xy_message_decode(&message, frame->bytes, frame->size))
        return 0;
    unsigned on = xy_occasion_of(&message);
    bool own = up ? frame->origin.number == child->life.number
                  : message.kind == XY_CAST || message.life.number == child->life.number;
    return own ? on : 0;
}

static xy_fate judge(xy_scheduler *scheduler, xy_life life, int64_t id, unsigned on)
{
    const xy_observer *observer = &scheduler->observer;
    xy_fate fate = {.fault = XYLEM_SIM_NO_FAULT};
    if (on && scheduler->judge.fate)
        fate = scheduler->judge.fate(scheduler->judge.self, id, on);
    if (fate.fault != XYLEM_SIM_NO_FAULT && observer->faulted)
        observer->faulted(observer->self, life, id, fate.fault);
    return fate;
}

xy_fate xy_scheduler_fate_of_start(xy_scheduler *scheduler, const xy_birth *birth)
{
    return judge(scheduler, birth->life, birth->id, XYLEM_SIM_START);
}

static void drop_first(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane)
{
    free(xy_lane_take(lane));
    xy_scheduler_enter_lane(scheduler, link, lane);
}

static void delay_first(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane, int64_t by_us)
{
    int64_t due_us = scheduler->now_us + by_us;
    lane->frames->due_us = due_us;
    lane->latest_us = due_us > lane->latest_us ? due_us : lane->latest_us;
    xy_scheduler_enter_lane(scheduler, link, lane);
}

/* Has a fault happen to a message; whether it is heard now. */
static bool suffer(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane, xy_fate fate)
{
    xy_sim_node *child = child_of(link);
    switch (fate.fault) {
    case XYLEM_SIM_DROP:
        drop_first(scheduler, link, lane);
        return false;
    case XYLEM_SIM_DELAY:
        delay_first(scheduler, link, lane, fate.us);
        return false;
    case XYLEM_SIM_HOLD:
        xy_scheduler_hold_link(child, way_of(link, lane));
        return false;
    case XYLEM_SIM_CRASH:
        xy_scheduler_crash(scheduler, child);
        return false;
    case XYLEM_SIM_PAUSE:
        xy_scheduler_hold(scheduler, child, fate.us);
        return true;
    case XYLEM_SIM_SLOW:
        xy_scheduler_slow(scheduler, child, fate.by_us, fate.us);
        return true;
    default:
        return true;
    }
}

bool xy_scheduler_lets_pass(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane,
                            const xy_sim_node *hearer)
{
    xy_frame *first = lane->frames;
    xy_sim_node *child = child_of(link);
    if (!first || xy_scheduler_is_cut(link, lane))
        return false;
    if (first->met || !child || !scheduler->judge.fate)
        return true;
    first->met = true;
    xy_fate fate = judge(scheduler, child->life, xy_sim_node_id(child),
                         occasion_of(child, lane == &link->up, first));
    if (!suffer(scheduler, link, lane, fate))
        return false;
    lane->held = xy_scheduler_is_held_up(scheduler, hearer);
    return !lane->held;
}
