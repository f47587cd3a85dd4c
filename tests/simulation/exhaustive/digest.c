#include "digest.h"

#include <string.h>

typedef struct digest {
    uint64_t hash;
    int64_t now_ms;
} digest;

static void add(digest *d, uint64_t number)
{
    uint64_t mixed = (d->hash ^ number) * 0x9e3779b97f4a7c15u;
    d->hash = mixed ^ mixed >> 29;
    d->hash *= 0xbf58476d1ce4e5b9u;
    d->hash ^= d->hash >> 32;
}

static void add_time(digest *d, int64_t time_ms)
{
    add(d, (uint64_t)(time_ms == XY_NEVER ? time_ms : time_ms - d->now_ms));
}

static void add_flags(digest *d, const bool *flags, size_t count)
{
    uint64_t bits = 1;
    for (size_t i = 0; i < count; i++)
        bits = bits << 1 | flags[i];
    add(d, bits);
}

#define ADD_FLAGS(d, ...)                                                                          \
    add_flags(d, (const bool[]){__VA_ARGS__}, sizeof((const bool[]){__VA_ARGS__}) / sizeof(bool))

/* What a node has below it. */

static void add_child(digest *d, const xy_child *child)
{
    add(d, child->link << 32 | (uint64_t)child->state);
    add(d, (uint64_t)child->id << 8 | child->life.number);
    add(d, child->told << 32 | (uint64_t)child->changes);
    ADD_FLAGS(d, child->reported, child->unreported, child->unasked, child->repeats);
    add_time(d, child->state == XY_CHILD_PRESENT ? child->deadline_ms : XY_NEVER);
}

static void add_subtree(digest *d, const xy_subtree *subtree)
{
    const xy_children *children = &subtree->children;
    add(d, xy_children_count(children));
    for (xy_child *child = xy_children_first(children); child; child = xy_children_next(child))
        add_child(d, child);
    for (xy_child *child = children->present; child; child = child->next)
        add(d, child->link);
    add(d,
        (uint64_t)subtree->detector.interval_ms << 32 | subtree->version << 1 | subtree->watched);
    add_time(d, subtree->detector.interval_ms ? subtree->detector.look_ms : XY_NEVER);
    add_time(d, subtree->retry_ms);
}

/* Casts. */

static void add_group(digest *d, const xy_group *group)
{
    add(d, (uint64_t)group->status << 32 | group->size);
    for (size_t i = 0; i < group->count; i++)
        add(d, (uint64_t)group->ranges[i].from << 32 | group->ranges[i].count);
}

static void add_casts(digest *d, const xy_casts *casts)
{
    add(d, casts->table.count);
    for (const xy_slot *slot = casts->table.first; slot; slot = slot->next) {
        const xy_cast *cast = (const xy_cast *)slot;
        add(d, slot->request << 32 | cast->own);
        add_time(d, slot->deadline_ms);
        for (size_t i = 0; i < cast->count; i++)
            add(d, cast->children[i].link << 1 | cast->children[i].awaited);
        for (const xy_group *group = cast->merge.all; group; group = group->next)
            add_group(d, group);
    }
}

/* The controlling node. */

static void add_requests(digest *d, const xy_requests *requests)
{
    add(d, xy_requests_count(requests));
    for (const xy_request *one = xy_requests_first(requests); one; one = xy_requests_next(one)) {
        add(d, one->slot.request);
        add(d, (uint64_t)one->kind << 2 | (uint64_t)one->sent << 1 | one->again);
        add(d, (uint64_t)one->id << 8 | one->life.number);
        add(d, (uint64_t)one->value);
        add(d, (uint64_t)one->status << 1 | (one->reason.size > 0));
        add(d, one->asker.life.number << 32 | one->asker.ask << 16 | one->asker.work);
        add(d, one->text.size << 1 | one->asks);
        add_time(d, one->slot.deadline_ms);
    }
}

static uint64_t name_of(const xy_map_node *node)
{
    return node ? (uint64_t)node->id + 1 : 0;
}

static void add_attaching(digest *d, const xy_map_node *node)
{
    add(d, node->peer.link.number << 32 | node->coming.link.number);
    add(d, node->target.number << 32 | node->refused.number);
    add(d, node->way ? node->way->slot.request : 0);
    add(d, (uint64_t)node->attaching << 32 | (uint64_t)node->lost);
    ADD_FLAGS(d, node->attached, node->unsettled, node->joined, node->unsure, node->moving,
              node->strays, node->silent_here, node->silent_there, node->adrift, node->astray,
              node->mended);
    add(d, (uint64_t)node->changes << 32 | (uint64_t)node->changes_there);
}

static void add_map_node(digest *d, const xy_map_node *node)
{
    add(d, (uint64_t)node->id << 32 | node->life.number << 16 | name_of(node->wanted.parent));
    add_attaching(d, node);
    add(d, (uint64_t)node->cause.kind << 32 | (uint64_t)node->stage);
    ADD_FLAGS(d, node->silent, node->dead, node->told, node->given_up, node->available,
              node->reachable, node->started, node->killed, node->key[0], node->address,
              node->behind, node->restart, node->along, node->waits);
    for (const xy_request *one = node->requests; one; one = one->next)
        add(d, one->slot.request);
    add(d, node->asking ? node->asking->slot.request : 0);
    add(d, node->casts);
    add(d, node->asks ? node->asks->highest << 32 | node->asks->bits[0] : 0);
    add(d, (uint64_t)node->restarts << 32 | name_of(node->removal) << 8 | node->remaining);
    add_time(d, node->restarts > 0 ? node->window_ms : XY_NEVER);
    add_time(d, node->removal == node ? node->grace_ms : XY_NEVER);
    add_time(d, node->removal == node ? node->limit_ms : XY_NEVER);
}

static void add_controller(digest *d, const xy_controller *controller)
{
    const xy_map *map = &controller->map;
    for (xy_map_node *node = map->wanted.first_child; node; node = xy_map_after(node, XY_WANTED))
        add_map_node(d, node);
    for (xy_map_node *node = map->linked.first_child; node; node = xy_map_after(node, XY_LINKED))
        add(d, name_of(node) << 32 | name_of(node->linked.parent));
    for (xy_map_node *node = map->unsettled; node; node = node->next_unsettled)
        add(d, name_of(node));
    for (xy_map_node *top = controller->removals; top; top = top->listed)
        add(d, top->life.number);
    add_time(d, controller->removals ? controller->ended_ms : XY_NEVER);
    add_subtree(d, &controller->subtree);
    add_casts(d, &controller->casts);
    add_requests(d, &controller->requests);
    add_requests(d, &controller->waits);
    add_requests(d, &controller->errands);
    add(d, xy_assemblies_count(&controller->arriving));
    add(d, controller->command << 48 | controller->life << 32 | controller->link << 16 |
               controller->errand);
    add(d, controller->creating << 32 | controller->left);
    add_time(d, controller->retry_ms);
    add_time(d, controller->removals ? controller->grace_ms : XY_NEVER);
    ADD_FLAGS(d, controller->refused, controller->unsettled, controller->left_alone,
              controller->homeless, controller->closing, controller->closed);
}

/* What is on its way. */

static void add_frame(digest *d, const uint8_t *bytes, size_t size)
{
    add(d, size);
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0, left = size - at;
        memcpy(&word, bytes + at, left < sizeof word ? left : sizeof word);
        add(d, word);
    }
}

static void add_lane(digest *d, const xy_lane *lane)
{
    for (const xy_frame *frame = lane->frames; frame; frame = frame->next)
        add_frame(d, frame->bytes, frame->size);
    add(d, 0);
}

static void add_links(digest *d, const world *w)
{
    for (uint64_t number = 1; number <= w->controller.link; number++) {
        const xy_queue_link *link = xy_queue_links_find(&w->links, (xy_link_number){number});
        const xy_queue_end *parent = link ? link->ends[XY_END_PARENT].at : NULL;
        const xy_queue_end *child = link ? link->ends[XY_END_CHILD].at : NULL;
        add(d, parent ? parent->life.number : LIVES);
        add(d, child ? child->life.number : LIVES);
        if (!link)
            continue;
        add_lane(d, &link->up);
        add_lane(d, &link->down);
    }
}

static void add_orders(digest *d, const life *of)
{
    add(d, of->orders.count << 8 | of->reports.count);
    for (size_t i = 0; i < of->orders.count; i++) {
        const xy_action *order = xy_ring_at(&of->orders, i);
        add(d, (uint64_t)order->kind);
        if (order->kind == XY_ACTION_SIGNAL)
            add(d, order->signal.command << 8 | (uint64_t)order->signal.fault);
        if (order->kind == XY_ACTION_ATTACH)
            add(d, order->attach.to.parent.link.number);
        if (order->kind == XY_ACTION_TELL)
            add_frame(d, order->tell.frame, order->tell.size);
    }
    for (size_t i = 0; i < of->reports.count; i++) {
        const report *one = xy_ring_at(&of->reports, i);
        add(d, one->command << 16 | (uint64_t)one->cause.kind << 8 | (uint64_t)one->kind << 1 |
                   one->begun);
        add(d, one->child << 32 | one->link);
    }
}

/* Nodes. */

static void add_answers(digest *d, const xy_answers *answers)
{
    for (const xy_slot *kept = answers->table.first; kept; kept = kept->next)
        add(d, kept->request);
    add(d, answers->seen << 1 | answers->wanted);
}

/* What it has deferred, because it asks for it. */
static void add_asks(digest *d, const life *of)
{
    for (uint64_t ask = 1; ask <= of->asks; ask++)
        add(d,
            of->asked[ask].work.request << 32 | of->asked[ask].request << 8 | of->asked[ask].other);
    for (const xy_slot *slot = of->node.asks.table.first; slot; slot = slot->next) {
        add(d, slot->request);
        add_time(d, slot->deadline_ms);
    }
    for (const xy_slot *slot = of->node.work.deferred.table.first; slot; slot = slot->next) {
        add(d, slot->request);
        add_time(d, slot->deadline_ms);
    }
    add(d, of->asks);
}

static void add_life(digest *d, const life *of)
{
    const xy_node *node = &of->node;
    add(d, (uint64_t)of->state);
    if (of->state == LIFE_NONE)
        return;
    add(d, (uint64_t)of->id << 8 | of->parent);
    ADD_FLAGS(d, of->attached, of->paused, of->doomed, of->hung);
    add_orders(d, of);
    if (of->state == LIFE_OVER)
        return;
    add(d, node->parent.link.number << 32 | node->coming.link.number << 16 | node->latest);
    add(d, of->latest_work << 1 | node->ended);
    add_answers(d, &node->answers);
    add_time(d, node->heartbeat_ms);
    add(d, (uint64_t)node->interval_ms << 32 | node->version);
    add_subtree(d, &node->subtree);
    add_casts(d, &node->casts);
    add_asks(d, of);
}

static void add_issued(digest *d, const issued *one)
{
    add_time(d, one->answers == 0 ? one->due_ms : XY_NEVER);
    add(d, (uint64_t)one->kind << 32 | one->target << 16 | one->to);
    add(d, (uint64_t)one->below << 32 | (uint64_t)one->status);
    add(d, (uint64_t)one->done << 32 | (uint64_t)one->answers);
    for (size_t id = 1; id <= one->asked; id++)
        add(d, one->targets[id] << 8 | (uint64_t)one->works[id]);
}

uint64_t digest_of(const world *w)
{
    digest d = {.now_ms = w->now_ms};
    add(&d, (uint64_t)w->crashes_left << 32 | (uint64_t)w->delays_left);
    add(&d, (uint64_t)w->heartbeats_left << 48 | (uint64_t)w->waits_left << 32 | w->issued << 1 |
                w->late);
    add(&d, (uint64_t)w->span_left << 1 | w->early);
    add_controller(&d, &w->controller);
    add_links(&d, w);
    for (uint64_t who = 1; who < LIVES; who++)
        add_life(&d, &w->lives[who]);
    for (uint64_t number = 1; number <= w->controller.command; number++)
        add_issued(&d, &w->commands[number]);
    return d.hash;
}
