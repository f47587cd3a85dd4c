/* Which nodes are silent, and which are said to be unavailable: I3 and I4. */
#include "sim/check.h"

#include <inttypes.h>

#include "sim/need.h"

/* A node is given up by its parent. */

/* Clocks may differ by a hundredth each way. */
static int64_t at_least_us(int64_t ms)
{
    return ms * 98 / 100 * CHECK_MS;
}

/* Three heartbeats are missed: each time it is held up takes one, and one more for each T. */
static void fell_silent(struct check *check, uint64_t node, int64_t interval_ms)
{
    const struct life *life = &check->model.lives[node];
    int64_t heard_us = model_link(&check->model, life->link)->heard_us;
    int64_t now_us = check_now_us(check), silent_us = now_us - heard_us;
    size_t times = 0;
    int64_t held_up_us = model_held_up(&check->model, node, heard_us, now_us, &times);
    int64_t least_us = at_least_us((times < 3 ? 3 - (int64_t)times : 0) * interval_ms);
    if (silent_us < at_least_us(4 * interval_ms))
        check_broken(check, "I3",
                     "life %" PRIu64 " is given up after %" PRId64 " us of silence, T = %" PRId64
                     " ms",
                     node, silent_us, interval_ms);
    else if (life->alive && held_up_us < least_us)
        check_broken(check, "I3",
                     "life %" PRIu64 " is given up, but was held up for only %" PRId64
                     " us, T = %" PRId64 " ms",
                     node, held_up_us, interval_ms);
}

void check_children(struct check *check, uint64_t node, const xy_subtree *subtree)
{
    const xy_children *children = &subtree->children;
    for (const xy_child *child = xy_children_first(children); child;
         child = xy_children_next(child)) {
        uint64_t of = model_of_link(&check->model, child->link);
        struct life *life = &check->model.lives[of];
        bool silent = child->state == XY_CHILD_SILENT;
        if (!of || life->above != node || life->link != child->link)
            continue; /* see check_links */
        if (silent && !life->silent) {
            fell_silent(check, of, subtree->detector.interval_ms);
            life->pace_ms = check->controller->subtree.detector.interval_ms;
        }
        life->silent = silent;
        life->was_silent = life->was_silent || silent;
    }
}

/* Notices. */

/* Whether its word that it has another parent is on its way. */
static bool has_left(const struct check *check, const xy_map_node *node)
{
    const struct life *life = &check->model.lives[node->life.number];
    return node->attached && node->peer.link.number != life->link;
}

/* One that goes on without the node above it is unavailable only by itself. That node may be in its
 * next life already, and what is to end with it is still attached. */
static bool is_above(const struct check *check, uint64_t node, uint64_t origin)
{
    bool rest = check->plan->repair == XY_REPAIR_RESTART && check->plan->rest_for_subtree;
    const xy_map_node *below = xy_map_of_life(&check->controller->map, (xy_life){node});
    const xy_map_node *top = xy_map_find(&check->controller->map, check->model.lives[origin].id);
    return origin && origin != node && (!check->repairs || rest) &&
           (model_is_below(&check->model, node, origin) ||
            model_is_wanted_below(&check->model, node, origin) ||
            (below && top && xy_map_is_below(top, below, XY_LINKED)) ||
            (below && top && top->along && has_left(check, below)));
}

static bool is_true_cause(const struct check *check, uint64_t node, const xy_action *action)
{
    uint64_t origin = model_find(&check->model, action->notice.origin);
    const struct life *life = &check->model.lives[node];
    switch (action->notice.cause.kind) {
    case XYLEM_EXITED:
    case XYLEM_SIGNALLED:
        return origin == node && life->reported;
    case XYLEM_SILENT:
        return origin == node && !life->reported;
    case XYLEM_ANCESTOR:
        return is_above(check, node, origin);
    default:
        return false;
    }
}

/* A node that has lost its parent and does not attach to another one is silent too: after 4T, or
 * after the time of a command if that is less; sooner when what it has said of its parents is late.
 */
static void look_at_silence(struct check *check, uint64_t node)
{
    struct life *life = &check->model.lives[node];
    int64_t interval_ms = check->controller->subtree.detector.interval_ms;
    int64_t since_us = life->ordered_us < life->lost_us ? life->ordered_us : life->lost_us;
    int64_t least_ms = check->plan->timeout_ms, lost_us = check_now_us(check) - since_us;
    if (interval_ms > 0 && 4 * interval_ms < least_ms)
        least_ms = 4 * interval_ms;
    bool late = life->saying > 0 || life->spoke_us > since_us;
    life->was_silent = true;
    if (life->alive && !life->silent && life->lost_us > 0 && !late &&
        check->model.interval_changed_us < since_us && lost_us < at_least_us(least_ms))
        check_broken(check, "I3", "life %" PRIu64 " is given up %" PRId64 " us after its parent",
                     node, lost_us);
}

/* The topmost of those that can be reached again with this one: 0 unless it has lost its parent. */
static uint64_t adrift_above(const struct check *check, const xy_action *action)
{
    const xy_map_node *node = xy_map_of_life(&check->controller->map, action->notice.life);
    while (node && node->attached && node->linked.parent)
        node = node->linked.parent;
    return node && !node->attached ? node->life.number : 0;
}

/* In a step nodes are named in ascending order, for each change. */
static void look_at_order(struct check *check, const xy_action *action)
{
    bool available = action->notice.kind == XY_NOTICE_AVAILABLE;
    uint64_t adrift = available ? adrift_above(check, action) : 0;
    int64_t id = action->notice.id;
    if (check->origin != action->notice.origin || check->adrift != adrift)
        check->highest = -1;
    check->origin = action->notice.origin;
    check->adrift = adrift;
    if (id <= check->highest && check->predicts)
        check_broken(check, "I4", "the notice of node %" PRId64 " comes after that of %" PRId64, id,
                     check->highest);
    check->highest = id;
}

static void became(struct check *check, uint64_t node, const xy_action *action)
{
    struct life *life = &check->model.lives[node];
    bool available = action->notice.kind == XY_NOTICE_AVAILABLE;
    look_at_order(check, action);
    if (life->available == available)
        check_broken(check, "I4", "a notice gives node %" PRId64 " the state that it already has",
                     life->id);
    else if (!available && !is_true_cause(check, node, action))
        check_broken(check, "I4",
                     "node %" PRId64 " is unavailable for the wrong cause %d of node %" PRId64,
                     life->id, action->notice.cause.kind, action->notice.origin);
    if (!available && action->notice.cause.kind == XYLEM_SILENT)
        look_at_silence(check, node);
    if (!available && action->notice.cause.kind == XYLEM_SILENT && check->repairs)
        check_lost_parent(check, node);
    life->available = available;
    life->answered |= available;
    if (available)
        check_reached_again(check);
    else
        check_unreached(check, node);
}

/* It is attached where that says, or was until it lost that parent in the same step: it had been
 * silent there when it said so. */
static void adopted(struct check *check, uint64_t node, const xy_action *action)
{
    const struct model *model = &check->model;
    const xy_map_node *on_map = xy_map_of_life(&check->controller->map, (xy_life){node});
    bool there = on_map && on_map->attached;
    const struct link *link =
        model_link(model, there ? on_map->peer.link.number : check->hand.attached);
    if (link->child != node || !link->connected ||
        model->lives[link->above].id != action->notice.parent)
        check_broken(check, "I14", "node %" PRId64 " is not below node %" PRId64, action->notice.id,
                     action->notice.parent);
}

static void restarted(struct check *check, uint64_t node, const xy_action *action)
{
    struct life *life = &check->model.lives[node];
    if (!life->restarted || life->answered || !life->attached || life->told_kill)
        check_broken(check, "I16", "node %" PRId64 " is not started again", action->notice.id);
    life->answered = true;
    check_suspect(check, node); /* it may have ended since its hello */
}

static void retired(struct check *check, uint64_t node)
{
    struct life *life = &check->model.lives[node];
    if (!life->reported || check->plan->repair != XY_REPAIR_RESTART || life->retired ||
        life->restarts < (unsigned)check->plan->restarts_max)
        check_broken(check, "I16", "node %" PRId64 " is not started again any more", life->id);
    life->retired = true;
    check_turn(check, TURN_RETIRED);
}

void check_notice(struct check *check, const xy_action *action)
{
    uint64_t node = model_find(&check->model, action->notice.id);
    const struct life *life = &check->model.lives[node];
    if (!node || node != action->notice.life.number || life->stage != STAGE_PRESENT) {
        check_broken(check, "I4", "a notice names node %" PRId64 ", which does not exist",
                     action->notice.id);
        return;
    }
    switch (action->notice.kind) {
    case XY_NOTICE_ADOPTED:
        adopted(check, node, action);
        break;
    case XY_NOTICE_RESTARTED:
        restarted(check, node, action);
        break;
    case XY_NOTICE_RETIRED:
        retired(check, node);
        break;
    default:
        became(check, node, action);
    }
}

/* Nodes that have to be declared unavailable. */

static int64_t margin_ms(int64_t interval_ms)
{
    return interval_ms / 2 > 20 ? interval_ms / 2 : 20;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How long the parent of a node bears silence; 0: for ever. */
static int64_t patience_us(const struct check *check, uint64_t node)
{
    const xy_subtree *subtree = check_subtree(check, check->model.lives[node].above);
    int64_t interval_ms = subtree ? subtree->detector.interval_ms : 0;
    if (interval_ms == 0)
        return 0;
    return (4 * interval_ms + margin_ms(interval_ms)) * CHECK_MS * 102 / 100;
}

/* When a node that hangs and has no parent has to be declared so: it does not attach to another
 * one, and that one may hang too. */
static int64_t lost_due_us(const struct check *check, uint64_t node, int64_t since_us)
{
    const struct model *model = &check->model;
    const struct life *one = &model->lives[node];
    int64_t calm_us = later(later(since_us, one->ordered_us), one->lost_us);
    calm_us = later(calm_us, model->lives[0].calm_us);
    for (int64_t id = 0; id < model->ids; id++) {
        const struct life *life = &model->lives[model->present[id]];
        bool other = model->present[id] && life != one;
        int64_t others_us = life->paused ? INT64_MAX : later(life->calm_us, life->lost_us);
        calm_us = other ? later(calm_us, others_us) : calm_us;
    }
    if (calm_us >= check_now_us(check))
        return check_now_us(check) + 100 * CHECK_MS;
    return calm_us + 2 * check_attach_us(check) + 100 * CHECK_MS;
}

/* How long a node that may have left its parent has to say so, once that has lost it, and each time
 * that it is told anew where to attach. */
static int64_t leave_us(const struct check *check, const struct life *life)
{
    int64_t interval_ms = later(check->controller->subtree.detector.interval_ms, life->pace_ms);
    return (interval_ms + margin_ms(interval_ms)) * CHECK_MS * 102 / 100;
}

/* Since when the parent that a node has on the map can miss it; now when nothing can be said. */
static int64_t missed_us(const struct check *check, uint64_t node)
{
    const xy_map_node *on_map = xy_map_of_life(&check->controller->map, (xy_life){node});
    int64_t now_us = check_now_us(check);
    if (!on_map || !on_map->attached)
        return now_us;
    const xy_map_node *parent = on_map->linked.parent;
    int64_t calm_us = model_calm_since(&check->model, parent ? parent->life.number : 0);
    calm_us = later(calm_us, model_link(&check->model, on_map->peer.link.number)->heard_us);
    return calm_us < now_us ? calm_us : now_us;
}

/* When a node that hangs has to be declared so; a later look when its parent does not watch it, or
 * is held up too. */
static int64_t hang_due_us(const struct check *check, uint64_t node, int64_t since_us)
{
    const struct life *life = &check->model.lives[node];
    int64_t patience = patience_us(check, node);
    if (patience == 0)
        return check_now_us(check) + 1000 * CHECK_MS;
    since_us = later(since_us, model_link(&check->model, life->link)->heard_us);
    since_us = later(since_us, check->model.interval_changed_us);
    since_us =
        later(since_us, later(life->stalled_us, model_calm_since(&check->model, life->above)));
    if (life->saying > 0) /* it is looked for at the parent that it had before */
        since_us = later(since_us, missed_us(check, node));
    else if (life->ordered <= life->link)
        return since_us + patience;
    return later(since_us + patience, life->ordered_us) + leave_us(check, life);
}

/* Whether one of these is without a parent: nothing comes through. */
static bool is_cut_off(const struct model *model, uint64_t of)
{
    while (of != 0 && model->lives[of].lost_us == 0)
        of = model->lives[of].above;
    return of != 0;
}

/* When word of a suspect has to be there; INT64_MAX when there is nothing to be said. The end of a
 * node is reported by the launcher, whatever those above it do. */
static int64_t news_due_us(const struct check *check, uint64_t node)
{
    const struct model *model = &check->model;
    const struct life *life = &model->lives[node];
    int64_t now_us = check_now_us(check), since_us;
    bool hangs = model_hangs(model, node, now_us, &since_us);
    if (life->stage != STAGE_PRESENT || !life->available || (life->alive && !hangs) ||
        check->closing)
        return INT64_MAX;
    if (hangs && check->repairs && life->lost_us > 0)
        return lost_due_us(check, node, since_us);
    if (hangs && !model_is_reachable(model, life->above)) /* with repair it will be */
        return check->repairs ? now_us + 100 * CHECK_MS : INT64_MAX;
    if (hangs && is_cut_off(model, life->above))
        return now_us + 100 * CHECK_MS;
    int64_t calm_us = model_calm_since(model, hangs ? life->above : 0);
    if (calm_us >= now_us)
        return now_us + 100 * CHECK_MS;
    int64_t due_us = hangs ? hang_due_us(check, node, since_us)
                           : later(life->ended_us + check_lateness_us(check), calm_us);
    return due_us + 2 * check_travel_us(check, node); /* of a new interval down, of the word up */
}

void check_suspect(struct check *check, uint64_t node)
{
    if (check->suspected == check->capacity) {
        check->capacity = 2 * check->capacity + 16;
        check->suspects = need(realloc(check->suspects, check->capacity * sizeof(uint64_t)));
        check->due_us = need(realloc(check->due_us, check->capacity * sizeof(int64_t)));
    }
    check->suspects[check->suspected] = node;
    check->due_us[check->suspected++] = 0;
    check->next_due_us = 0;
}

/* Looks at one suspect whose time has come; false when it is none any more. */
static bool examine(struct check *check, size_t index)
{
    uint64_t node = check->suspects[index];
    int64_t news_us = news_due_us(check, node), end_us = check_end_due_us(check, node);
    int64_t now_us = check_now_us(check);
    if (news_us <= now_us)
        check_broken(check, "I4",
                     "node %" PRId64 " (life %" PRIu64 ") %s, but is not declared unavailable",
                     check->model.lives[node].id, node,
                     check->model.lives[node].alive ? "hangs" : "is dead");
    if (end_us <= now_us)
        check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") is given up, but not ended",
                     check->model.lives[node].id, node);
    if (news_us == INT64_MAX && end_us == INT64_MAX)
        return false;
    check->due_us[index] = (news_us < end_us ? news_us : end_us) + 1;
    return true;
}

void check_suspects(struct check *check)
{
    int64_t now_us = check_now_us(check);
    if (now_us < check->next_due_us)
        return;
    check->next_due_us = INT64_MAX;
    for (size_t i = 0; i < check->suspected;) {
        if (check->due_us[i] <= now_us && !examine(check, i)) {
            check->suspects[i] = check->suspects[--check->suspected];
            check->due_us[i] = check->due_us[check->suspected];
            continue;
        }
        if (check->due_us[i] < check->next_due_us)
            check->next_due_us = check->due_us[i];
        i++;
    }
}
