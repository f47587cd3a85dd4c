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

static void add_pending(digest *d, const xy_pending *pending)
{
    add(d, pending->count);
    for (size_t i = 0; i < pending->count; i++) {
        const xy_pending_entry *entry = xy_pending_at(pending, i);
        add(d, entry->request);
        add(d, entry->peer << 8 | (uint64_t)entry->operation);
        add(d, (uint64_t)entry->id << 8 | entry->incarnation);
        add(d, (uint64_t)entry->value);
        add_time(d, entry->deadline_ms);
    }
}

static void add_successor(digest *d, const xy_successor *next)
{
    add(d, next->request);
    if (next->request == 0)
        return;
    add(d, (uint64_t)next->id << 8 | next->incarnation);
    add_time(d, next->deadline_ms);
}

static void add_child(digest *d, const xy_child *child)
{
    add(d, child->state);
    add_successor(d, &child->next);
    if (child->state == XY_CHILD_NONE)
        return;
    add(d, (uint64_t)child->id << 8 | child->incarnation);
    add(d, child->request);
    add(d, child->secret[0]);
    add_time(d, child->deadline_ms);
}

static void add_branch(digest *d, const xy_branch *branch)
{
    for (int i = 0; i < XY_CHILDREN_MAX; i++)
        add_child(d, &branch->family.children[i]);
    add(d, (uint64_t)branch->detector.interval_ms);
    add_time(d, branch->detector.interval_ms ? branch->detector.look_ms : XY_NEVER);
    add_pending(d, &branch->pending);
}

static void add_controller(digest *d, const xy_controller *controller)
{
    xy_tree_node *root = controller->tree.root;
    for (xy_tree_node *node = root; node; node = xy_tree_below(root, node)) {
        add(d, (uint64_t)node->id << 16 | node->incarnation);
        add(d, (uint64_t)node->pid);
        add(d, (uint64_t)node->stage << 4 | (uint64_t)node->silent << 2 |
                   (uint64_t)node->dead << 1 | (uint64_t)node->available);
    }
    add_branch(d, &controller->branch);
    add_pending(d, &controller->waiting);
    add(d, controller->request << 32 | controller->incarnation);
    add(d, (uint64_t)controller->closing << 1 | (uint64_t)controller->closed);
}

static void add_lane(digest *d, const lane *from)
{
    add(d, from->count);
    for (size_t i = 0; i < from->count; i++) {
        const frame *one = from->frames[i];
        uint64_t words[(FRAME_MAX + 7) / 8] = {0};
        memcpy(words, one->bytes, one->size);
        for (size_t at = 0; at * 8 < one->size; at++)
            add(d, words[at]);
    }
}

static void add_life(digest *d, const life *of)
{
    add(d, (uint64_t)of->state << 8 | (uint64_t)of->opened << 2 | (uint64_t)of->paused << 1 |
               (uint64_t)of->doomed);
    if (of->state == LIFE_NONE || of->state == LIFE_GONE)
        return;
    add(d, (uint64_t)of->id << 8 | of->parent);
    add_lane(d, &of->up);
    if (of->state == LIFE_DEAD)
        return;
    add_lane(d, &of->down);
    add(d, (uint64_t)of->node.welcome << 2 | (uint64_t)of->node.stopping << 1 |
               (uint64_t)of->node.stopped);
    add_time(d, of->node.beat_ms);
    add_branch(d, &of->node.branch);
}

static void add_order(digest *d, const order *o)
{
    add(d, (uint64_t)o->kind << 32 | o->target << 16 | o->parent);
    add(d, (uint64_t)o->below << 32 | (uint64_t)o->status);
    add(d, (uint64_t)o->done << 32 | (uint64_t)o->answers);
}

uint64_t digest_of(const world *w)
{
    digest d = {.now_ms = w->now_ms};
    add(&d, (uint64_t)w->crashes_left << 32 | (uint64_t)w->delays_left);
    add(&d,
        (uint64_t)w->beats_left << 48 | (uint64_t)w->waits_left << 32 | w->issued << 1 | w->late);
    add_controller(&d, &w->controller);
    for (uint64_t who = 1; who < LIVES; who++)
        add_life(&d, &w->lives[who]);
    for (uint64_t request = 1; request <= w->controller.request; request++)
        add_order(&d, &w->orders[request]);
    return d.hash;
}
