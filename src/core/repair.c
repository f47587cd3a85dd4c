/* What becomes of those below a node that has died or hangs, and of that node itself. */
#include "core/controller_parts.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"

bool xy_repairs(const xy_controller *controller)
{
    return controller->repair != XY_REPAIR_NONE;
}

static bool is_alive(const xy_map_node *node)
{
    return !node->dead && !node->given_up && node->stage != XY_STAGE_ENDING;
}

static void unlink_from_parent(xy_controller *controller, xy_map_node *node)
{
    if (node->linked.parent)
        xy_removal_left(controller, node->linked.parent);
    xy_removal_left(controller, node);
    xy_map_unlink(&controller->map, node);
}

/* In the shape. */

static bool is_below_ending(const xy_map_node *node)
{
    const xy_map_node *parent = node->wanted.parent;
    return node->stage != XY_STAGE_ENDING && parent && parent->stage == XY_STAGE_ENDING;
}

static void leave_home(xy_controller *controller, xy_map_node *node)
{
    if (node->joined)
        controller->topology->leave(&controller->map, node);
    xy_map_node *above = node->wanted.parent;
    while (above && above->stage == XY_STAGE_ENDING)
        above = above->wanted.parent;
    xy_map_want(&controller->map, node, above, NULL);
    controller->homeless = true;
}

/* What is wanted below a node that ends would end with it. Those that have come there since wait
 * for a place in the shape until that is over. Where one leaves others come. */
static void keep_from_ending(xy_controller *controller)
{
    bool again = controller->removals && !controller->topology->arranges;
    controller->unsettled = true;
    while (again) {
        again = false;
        for (xy_map_node *node = controller->map.lowest; node; node = node->higher)
            if (is_below_ending(node)) {
                leave_home(controller, node);
                again = true;
            }
    }
}

static void join(xy_controller *controller, xy_map_node *node)
{
    if (!node->joined)
        controller->topology->join(&controller->map, node);
    keep_from_ending(controller);
}

void xy_join_homeless(xy_controller *controller)
{
    if (!controller->homeless)
        return;
    controller->homeless = false;
    for (xy_map_node *node = controller->map.lowest; node; node = node->higher)
        if (!node->joined && is_alive(node) && !node->silent)
            join(controller, node);
}

/* The moves of those that were to attach to it are in vain. */
static void leave(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    for (xy_map_node *child = node->wanted.first_child, *next; child; child = next) {
        next = child->wanted.next;
        xy_move_in_vain(controller, child, out);
    }
    if (node->joined)
        controller->topology->leave(&controller->map, node);
    keep_from_ending(controller);
}

/* Adrift. */

static void set_adrift(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *parent = node->linked.parent;
    if (!node->adrift)
        node->adrift_ms = controller->now_ms;
    if (!node->adrift && !node->mended)
        node->lost = parent ? parent->id : XY_NO_ID;
    node->adrift = true;
    node->mended = node->astray = false;
    unlink_from_parent(controller, node);
    node->peer = (xy_peer){.role = XY_CHILD};
    controller->unsettled = true;
    xy_refresh(controller, node, out);
    xy_attach_await(controller, node);
}

void xy_lose_parent(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_let_go(controller, node, out);
    set_adrift(controller, node, out);
}

/* The next that loses its parent, or NULL. With it others may: so each time it is looked for anew.
 */
static xy_map_node *next_adrift(const xy_map_node *parent)
{
    xy_map_node *child = parent->linked.first_child;
    while (child && !is_alive(child) && !child->waits)
        child = child->linked.next;
    return child;
}

/* One that hangs is told, in case that it comes back. A child that waits to be removed waits no
 * longer; until that is looked at, requests to those below it wait, as to the others. */
void xy_set_adrift(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    for (xy_map_node *child; (child = next_adrift(node));)
        xy_lose_parent(controller, child, out);
}

void xy_repaired(xy_controller *controller, xy_map_node *node)
{
    int64_t adrift_ms = controller->now_ms - node->adrift_ms;
    assert(node->attached);
    node->adrift = false;
    if (node->astray) { /* it has lost nothing by a fault */
        node->astray = false;
        return;
    }
    node->mended = true;
    controller->counts.repairs++;
    if (adrift_ms > controller->counts.adrift_ms)
        controller->counts.adrift_ms = adrift_ms;
}

/* Once it is where it is wanted. */
void xy_tell_of_repair(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    int64_t parent = node->linked.parent ? node->linked.parent->id : XY_NO_ID;
    if (!node->mended || node->unsettled)
        return;
    node->mended = false;
    if (node->lost != parent)
        xy_notify_repair(controller, node, XY_NOTICE_ADOPTED, out);
}

/* Starting again. */

/* Whether it may be started once more, which is counted then. */
static bool may_restart(xy_controller *controller, xy_map_node *node)
{
    int64_t end_ms = node->window_ms + controller->restart_window_ms;
    if (node->restarts == 0 || controller->now_ms >= end_ms) {
        node->restarts = 0;
        node->window_ms = controller->now_ms;
    }
    bool may = node->restarts < controller->restarts_max;
    node->restarts += may;
    return may;
}

/* Those below are ended, to be started again when their parents are. */
static void restart_below(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
        if (node != top && node->stage == XY_STAGE_PRESENT && is_alive(node)) {
            node->given_up = node->restart = node->along = true;
            xy_attach_abandon(controller, node, out);
            xy_kill(controller, node, false, out);
        }
}

/* Some of them may be attached elsewhere. */
static void refresh_below(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
        if (node->along && node->available)
            xy_refresh(controller, node, out);
}

/* After a death: a node is started again, or is not any more, and those below it are adopted. */
static void restart_or_retire(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    node->restart = may_restart(controller, node);
    controller->unsettled = true;
    if (node->attached && node->restart)
        unlink_from_parent(controller, node);
    if (node->restart)
        return;
    node->stage = XY_STAGE_PRESENT;
    xy_notify_repair(controller, node, XY_NOTICE_RETIRED, out);
    leave(controller, node, out);
}

/* All that was true of its life before. */
static void forget_life(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_attach_abandon(controller, node, out);
    xy_drop_errands(controller, node);
    assert(!node->requests);
    if (node->attached)
        unlink_from_parent(controller, node);
    xy_release(node->address);
    node->address = NULL;
    node->peer = (xy_peer){.role = XY_CHILD};
    node->key[0] = '\0';
    node->refused = (xy_life){0};
    node->asking = NULL;
    node->behind = node->adrift = node->mended = node->silent = node->dead = false;
    node->silent_here = false;
    node->casts = 0;
    node->saved = 0;
    node->given_up = node->started = node->killed = node->restart = false;
}

void xy_restart(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *parent = node->wanted.parent;
    if (parent && (parent->restart || parent->stage == XY_STAGE_RESTARTING))
        return; /* that comes first; any other parent may need this node itself to be reached */
    xy_map_revive(&controller->map, node, (xy_life){++controller->life});
    forget_life(controller, node, out);
    node->stage = XY_STAGE_RESTARTING;
    join(controller, node);
    if (xy_start(controller, node, out) != XYLEM_OK) {
        node->dead = node->restart = true; /* it is tried again */
        xy_retry_later(controller);
        return;
    }
    if (xy_attach(controller, node, xy_parent_for(node), out) != XYLEM_OK)
        xy_retry_later(controller);
}

void xy_restarted(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    node->stage = XY_STAGE_PRESENT;
    controller->counts.restarts++;
    if (!node->along)
        xy_notify_repair(controller, node, XY_NOTICE_RESTARTED, out);
    node->along = false;
    xy_refresh(controller, node, out);
}

void xy_restart_ended(xy_controller *controller, xy_map_node *node, const xy_event *event,
                      xy_queue *out)
{
    xy_attach_abandon(controller, node, out);
    xy_answer_faults(controller, node, out);
    node->dead = true;
    node->cause = event->ended.cause;
    restart_or_retire(controller, node, out);
}

/* Death. */

/* What is below a dead node is given up: nothing of it goes on working. One that is on its way
 * elsewhere goes on. */
static void give_up_below(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_LINKED)) {
        xy_removal_left(controller, node);
        if (node->stage == XY_STAGE_PRESENT && !node->dead && !node->given_up) {
            node->given_up = true;
            xy_attach_abandon(controller, node, out);
            xy_kill(controller, node, false, out);
            if (controller->topology->arranges)
                leave(controller, node, out);
        }
    }
}

static xy_map_node *next_wanted_elsewhere(const xy_map_node *parent)
{
    xy_map_node *child = parent->linked.first_child;
    while (child && (!is_alive(child) || child->wanted.parent == parent))
        child = child->linked.next;
    return child;
}

static void set_adrift_if_wanted_elsewhere(xy_controller *controller, xy_map_node *top,
                                           xy_queue *out)
{
    for (xy_map_node *child; (child = next_wanted_elsewhere(top));)
        set_adrift(controller, child, out);
}

/* Without repair. */
static void lose(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    set_adrift_if_wanted_elsewhere(controller, node, out);
    xy_refresh(controller, node, out);
    if (controller->topology->arranges)
        leave(controller, node, out);
    give_up_below(controller, node, out);
}

static void repair(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    bool restart = controller->repair == XY_REPAIR_RESTART;
    bool rest = restart && controller->rest_for_subtree;
    if (rest)
        restart_below(controller, node, out);
    xy_set_adrift(controller, node, out);
    xy_refresh(controller, node, out);
    if (rest)
        refresh_below(controller, node, out);
    if (restart)
        restart_or_retire(controller, node, out);
    else
        leave(controller, node, out);
}

void xy_node_died(xy_controller *controller, xy_map_node *node, const xy_event *event,
                  xy_queue *out)
{
    node->dead = true;
    node->cause = event->ended.cause;
    xy_attach_abandon(controller, node, out);
    xy_drop_errands(controller, node);
    xy_end_moves(controller, node, XYLEM_UNAVAILABLE, NULL, 0, out);
    xy_answer_faults(controller, node, out);
    if (node->attached && node->linked.parent)
        xy_removal_left(controller, node->linked.parent);
    if (node->restart) {
        controller->unsettled = true;
        xy_let_go(controller, node, out);
        xy_set_adrift(controller, node, out);
        if (node->attached)
            unlink_from_parent(controller, node);
        return;
    }
    if (node->given_up) /* all has been done for it with one above it */
        return;
    xy_let_go(controller, node, out);
    if (xy_repairs(controller))
        repair(controller, node, out);
    else
        lose(controller, node, out);
}

/* Silence. */

void xy_node_silent(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    node->silent = true;
    node->cause = (xy_cause){XYLEM_SILENT, 0};
    if (node->waits) {
        xy_removal_left(controller, node);
        return;
    }
    if (!xy_repairs(controller)) {
        xy_refresh(controller, node, out);
        return;
    }
    xy_set_adrift(controller, node, out);
    xy_refresh(controller, node, out);
    if (controller->repair == XY_REPAIR_RESTART) {
        xy_kill(controller, node, false, out);
        return;
    }
    if (node->attached)
        xy_lose_parent(controller, node, out);
    leave(controller, node, out);
}

void xy_node_back(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    controller->counts.false_silences++;
    node->silent = false;
    node->cause = (xy_cause){XYLEM_NO_CAUSE, 0};
    if (xy_repairs(controller))
        join(controller, node);
    xy_refresh(controller, node, out);
    xy_send_again(controller, node, out); /* what it was told meanwhile */
}
