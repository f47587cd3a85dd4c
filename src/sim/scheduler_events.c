/* What is going to happen in a simulated world, and what happens then. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "sim/scheduler_parts.h"

/* What an entry of the queue is: the address of an event, or a number with one of these. */
enum { ENTRY_EVENT, ENTRY_TICK, ENTRY_UP, ENTRY_DOWN, ENTRY_BITS = 2, ENTRY_MASK = 3 };

/* What is going to happen. */

xy_sim_event *xy_scheduler_event_of(xy_sim_kind kind, xy_life life, const void *first,
                                    size_t first_size, const void *second, size_t second_size)
{
    xy_sim_event *what = malloc(sizeof *what + first_size + second_size);
    if (!what)
        return NULL;
    *what = (xy_sim_event){.kind = kind, .life = life, .size = first_size + second_size};
    if (first_size > 0)
        memcpy(what->bytes, first, first_size);
    if (second_size > 0)
        memcpy(what->bytes + first_size, second, second_size);
    return what;
}

xy_sim_event *xy_scheduler_event(xy_sim_kind kind, xy_life life, const void *bytes, size_t size)
{
    return xy_scheduler_event_of(kind, life, bytes, size, NULL, 0);
}

void xy_scheduler_enter(xy_scheduler *scheduler, xy_sim_event *what, int64_t due_us)
{
    if (what && !xy_event_queue_add(&scheduler->queue, due_us, (uintptr_t)what))
        free(what);
}

/* A node that was held up hears first what is late. */
void xy_scheduler_enter_lane(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane)
{
    uint64_t what =
        link->number.number << ENTRY_BITS | (uint64_t)(lane == &link->up ? ENTRY_UP : ENTRY_DOWN);
    if (!lane->frames || lane->scheduled || lane->held || xy_scheduler_is_cut(link, lane))
        return;
    int64_t due_us = lane->frames->due_us;
    lane->scheduled = due_us < scheduler->now_us
                          ? xy_event_queue_add_early(&scheduler->queue, scheduler->now_us, what)
                          : xy_event_queue_add(&scheduler->queue, due_us, what);
}

/* Only one look at a node is needed, the earliest. */
static void enter_tick(xy_scheduler *scheduler, xy_sim_node *who)
{
    uint64_t what = who->life.number << ENTRY_BITS | ENTRY_TICK;
    int64_t due_us = who->tick_us > scheduler->now_us ? who->tick_us : scheduler->now_us;
    if (due_us < who->scheduled_us && xy_event_queue_add(&scheduler->queue, due_us, what))
        who->scheduled_us = due_us;
}

void xy_scheduler_set_tick(xy_scheduler *scheduler, xy_sim_node *who)
{
    int64_t deadline_ms = who->driver.machine.deadline(who->driver.machine.self);
    int64_t calls_ms = xy_calls_deadline(&who->calls);
    if (calls_ms < deadline_ms)
        deadline_ms = calls_ms;
    if (deadline_ms == who->tick_ms)
        return;
    who->tick_ms = deadline_ms;
    who->tick_us = xy_sim_node_time_us(who, deadline_ms);
    if (who->tick_us != XY_NEVER)
        who->tick_us += xy_scheduler_slowness_us(scheduler, who);
    enter_tick(scheduler, who);
}

bool xy_scheduler_is_held_up(const xy_scheduler *scheduler, const xy_sim_node *who)
{
    return who->paused || scheduler->now_us < who->held_until_us;
}

/* What happens. */

static void tick(xy_scheduler *scheduler, xy_life life, int64_t due_us)
{
    xy_sim_node *who = xy_scheduler_find_living(scheduler, life);
    if (!who)
        return;
    if (who->scheduled_us == due_us)
        who->scheduled_us = XY_NEVER;
    if (xy_scheduler_is_held_up(scheduler, who))
        return;
    if (who->tick_us > scheduler->now_us) {
        enter_tick(scheduler, who);
        return;
    }
    who->tick_ms = who->tick_us = XY_NEVER;
    xy_calls_ripen(&who->calls, xy_sim_node_clock_ms(who, scheduler->now_us));
    xy_scheduler_call_back(scheduler, who);
    xy_scheduler_step(scheduler, who, &(xy_event){.kind = XY_EVENT_TICK});
}

/* The frame belongs to the scheduler, unless the node passes it on. */
static void hear(xy_scheduler *scheduler, xy_sim_node *who, const xy_peer *from, xy_frame *frame)
{
    xy_event event = {.kind = XY_EVENT_MESSAGE};
    event.message.from = *from;
    event.message.frame = frame->bytes;
    event.message.size = frame->size;
    scheduler->in_hand = frame;
    xy_scheduler_step(scheduler, who, &event);
    free(scheduler->in_hand);
    scheduler->in_hand = NULL;
}

static void hear_lane(xy_scheduler *scheduler, xy_link_number number, bool up)
{
    xy_queue_link *link = xy_queue_links_find(&scheduler->links, number);
    xy_lane *lane = !link ? NULL : up ? &link->up : &link->down;
    if (!lane)
        return;
    lane->scheduled = false;
    const xy_queue_end *end = xy_queue_link_hearer(link, lane);
    xy_sim_node *who = end ? xy_scheduler_find_living(scheduler, end->life) : NULL;
    lane->held = who && xy_scheduler_is_held_up(scheduler, who);
    if (!who || lane->held || !xy_scheduler_lets_pass(scheduler, link, lane, who))
        return;
    xy_frame *frame = xy_lane_take(lane);
    xy_peer from = xy_queue_link_sender(link, lane);
    xy_scheduler_enter_lane(scheduler, link, lane);
    hear(scheduler, who, &from, frame);
}

static void hear_forged(xy_scheduler *scheduler, xy_sim_node *who, const xy_sim_event *what)
{
    xy_frame *frame = xy_frame_new(&scheduler->links, what->size);
    if (!frame)
        return;
    if (what->size > 0)
        memcpy(frame->bytes, what->bytes, what->size);
    scheduler->forged = true;
    hear(scheduler, who, &what->from, frame);
    scheduler->forged = false;
}

static void hear_report(xy_scheduler *scheduler, xy_sim_event *what)
{
    const char *text = (const char *)what->bytes;
    if (what->report.kind == XY_EVENT_STARTED)
        what->report.started.key = text;
    else if (what->report.kind == XY_EVENT_ATTACHED)
        what->report.attached.address = text;
    else if (what->report.kind == XY_EVENT_SIGNALLED)
        what->report.signalled.reason = text;
    else if (what->report.kind == XY_EVENT_ENDED)
        what->report.ended.reason = text;
    xy_sim_node *about = xy_scheduler_find(scheduler, what->life);
    if (about && what->report.kind == XY_EVENT_ENDED) {
        scheduler->nodes[what->life.number] = NULL;
        xy_sim_node_free(about);
    }
    xy_scheduler_step(scheduler, &scheduler->controller, &what->report);
}

/* To a node that lives and is not held up. */
static void happen_to(xy_scheduler *scheduler, xy_sim_node *who, xy_sim_event *what)
{
    switch (what->kind) {
    case XY_SIM_REPORT:
        hear_report(scheduler, what);
        break;
    case XY_SIM_ATTACH:
        xy_scheduler_attach(scheduler, who, &what->order.attach.to);
        break;
    case XY_SIM_TOLD:
        xy_scheduler_step(scheduler, who,
                          &(xy_event){.kind = XY_EVENT_TOLD,
                                      .told = {what->order.tell.frame, what->order.tell.size}});
        break;
    case XY_SIM_END:
        xy_scheduler_step(scheduler, who, &(xy_event){.kind = XY_EVENT_END});
        break;
    case XY_SIM_FORGED:
        hear_forged(scheduler, who, what);
        break;
    case XY_SIM_EARLY:
        xy_scheduler_end(scheduler, who, XY_END_EARLY);
        break;
    case XY_SIM_WORKED:
        xy_scheduler_worked(scheduler, who, what);
        break;
    case XY_SIM_RESUME:
        xy_scheduler_resume(scheduler, who);
        break;
    case XY_SIM_ANSWERED:
        xy_scheduler_answered(scheduler, who);
        break;
    case XY_SIM_ASKED:
        xy_scheduler_asked(scheduler, who);
        break;
    case XY_SIM_CALLED:
        xy_scheduler_call_back(scheduler, who);
        xy_scheduler_set_tick(scheduler, who);
        break;
    case XY_SIM_ORDER:
    case XY_SIM_WAKE:
        break;
    }
}

static void happen(xy_scheduler *scheduler, xy_sim_event *what)
{
    bool report = what->kind == XY_SIM_REPORT;
    xy_sim_node *who =
        report ? &scheduler->controller : xy_scheduler_find_living(scheduler, what->life);
    bool stale = who && what->kind == XY_SIM_RESUME && what->rest != who->rest;
    if (what->kind == XY_SIM_ORDER) {
        xy_scheduler_take_order(scheduler, what);
        return;
    }
    if (who && what->kind == XY_SIM_WAKE) {
        xy_scheduler_replay(scheduler, who);
    } else if (who && !stale && xy_scheduler_is_held_up(scheduler, who)) {
        xy_sim_node_hold(who, what);
        return;
    } else if (who && !stale) {
        happen_to(scheduler, who, what);
    }
    free(what);
}

void xy_scheduler_happen(xy_scheduler *scheduler)
{
    xy_entry entry;
    if (!xy_event_queue_take(&scheduler->queue, &entry))
        return;
    atomic_store(&scheduler->user, pthread_self());
    uint64_t number = entry.what >> ENTRY_BITS;
    switch (entry.what & ENTRY_MASK) {
    case ENTRY_EVENT:
        happen(scheduler, (xy_sim_event *)(uintptr_t)entry.what);
        break;
    case ENTRY_TICK:
        tick(scheduler, (xy_life){number}, entry.due_us);
        break;
    default:
        hear_lane(scheduler, (xy_link_number){number}, (entry.what & ENTRY_MASK) == ENTRY_UP);
    }
}

int64_t xy_scheduler_due_us(const xy_scheduler *scheduler)
{
    const xy_entry *first = xy_event_queue_first(&scheduler->queue);
    return first ? first->due_us : XY_NEVER;
}

/* Being held up. */

/* What has happened to a node that was held up happens now, before anything new does; and its tick
 * after the frames that are late. */
void xy_scheduler_replay(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (xy_scheduler_is_held_up(scheduler, who))
        return;
    for (xy_sim_event *what; (what = xy_sim_node_take_held(who));)
        if (!xy_event_queue_add_early(&scheduler->queue, scheduler->now_us, (uintptr_t)what))
            free(what);
    for (xy_queue_link *link = who->end.links; link; link = xy_queue_link_next(link, &who->end)) {
        xy_lane *lane = link->ends[XY_END_PARENT].at == &who->end ? &link->up : &link->down;
        lane->held = false;
        xy_scheduler_enter_lane(scheduler, link, lane);
    }
    enter_tick(scheduler, who);
}

/* The whole. */

void xy_scheduler_clear_events(xy_scheduler *scheduler)
{
    for (xy_entry entry; xy_event_queue_take(&scheduler->queue, &entry);)
        if ((entry.what & ENTRY_MASK) == ENTRY_EVENT)
            free((xy_sim_event *)(uintptr_t)entry.what);
    xy_event_queue_clear(&scheduler->queue);
}

static bool is_on_its_way(const xy_scheduler *scheduler, const xy_entry *entry)
{
    const xy_sim_event *what = (const xy_sim_event *)(uintptr_t)entry->what;
    if ((entry->what & ENTRY_MASK) != ENTRY_EVENT || what->kind > XY_SIM_FORGED)
        return false;
    bool launchers = what->kind == XY_SIM_ORDER || what->kind == XY_SIM_REPORT;
    return launchers || xy_scheduler_find_living(scheduler, what->life);
}

static size_t frames_under_way(const xy_scheduler *scheduler)
{
    size_t count = 0;
    for (size_t i = 0; i < scheduler->links.size; i++)
        for (xy_queue_link *link = scheduler->links.chains[i]; link; link = link->chained) {
            xy_frame *each;
            size_t up, down;
            DL_COUNT(link->up.frames, each, up);
            DL_COUNT(link->down.frames, each, down);
            count += up + down;
        }
    return count;
}

xy_stats xy_scheduler_stats(const xy_scheduler *scheduler)
{
    xy_stats stats = {.steps = scheduler->steps, .fault_counts = scheduler->fault_counts};
    size_t *const counts[] = {[XY_SIM_STARTING] = &stats.starting,
                              [XY_SIM_ALIVE] = &stats.living,
                              [XY_SIM_DEAD] = &stats.remains};
    for (size_t i = 0; i < scheduler->capacity; i++)
        if (scheduler->nodes[i])
            ++*counts[scheduler->nodes[i]->stage];
    for (size_t i = 0; i < scheduler->queue.count; i++)
        stats.on_their_way += is_on_its_way(scheduler, &scheduler->queue.entries[i]);
    stats.on_their_way += frames_under_way(scheduler);
    return stats;
}
