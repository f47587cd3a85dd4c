/* Which nodes can be reached, and word of that. */
#include "core/controller_parts.h"

#include <assert.h>
#include <utlist.h>

static bool is_available(const xy_controller *controller, int64_t id)
{
    xy_map_node *node = xy_find_present(controller, id);
    return node && node->available;
}

void xy_answer_waits(xy_controller *controller, xy_queue *out)
{
    xy_request *next;
    for (xy_request *wait = xy_requests_first(&controller->waits); wait; wait = next) {
        next = xy_requests_next(wait);
        if (is_available(controller, wait->id) == (wait->value != 0))
            xy_end_request(controller, wait, XYLEM_OK, 0, NULL, 0, out);
    }
}

/* Notices. */

/* The topmost node because of which this one cannot be reached. With one that has died others end
 * along that are wanted below it, and may be attached above it. */
static const xy_map_node *origin_of(const xy_map_node *node)
{
    const xy_map_node *origin = node;
    bool along = node->along; /* with one that it is wanted below */
    bool died = node->dead && !along;
    for (const xy_map_node *linked; node; node = along ? node->wanted.parent : linked) {
        if (node->silent || node->dead || (node->along && !died))
            origin = node;
        linked = node->attached ? node->linked.parent : NULL;
    }
    return origin;
}

static void notify(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *origin = origin_of(node);
    xy_action action = {
        .kind = XY_ACTION_NOTICE,
        .notice = {.kind = node->available ? XY_NOTICE_AVAILABLE : XY_NOTICE_UNAVAILABLE,
                   .id = node->id,
                   .life = node->life,
                   .origin = node->available ? XY_NO_ID : origin->id,
                   .parent = XY_NO_ID}};
    if (!node->available)
        action.notice.cause = node == origin ? node->cause : (xy_cause){XYLEM_ANCESTOR, 0};
    if (xy_queue_push(out, &action))
        node->told = node->available;
    else
        xy_retry_later(controller);
}

void xy_notify_repair(xy_controller *controller, const xy_map_node *node, xy_notice kind,
                      xy_queue *out)
{
    const xy_map_node *parent = node->attached ? node->linked.parent : NULL;
    xy_action action = {
        .kind = XY_ACTION_NOTICE,
        .notice = {.kind = kind,
                   .id = node->id,
                   .life = node->life,
                   .origin = XY_NO_ID,
                   .parent = kind == XY_NOTICE_ADOPTED && parent ? parent->id : XY_NO_ID,
                   .restarts = node->restarts}};
    if (controller->closing || node->stage == XY_STAGE_ENDING)
        return;
    xy_queue_push(out, &action);
}

static int by_id(const xy_map_node *a, const xy_map_node *b)
{
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool is_shown(const xy_map_node *node)
{
    return node->stage == XY_STAGE_PRESENT || node->stage == XY_STAGE_RESTARTING;
}

/* Tells of all that have changed from `top` downwards, in ascending order of id. A node that is
 * present is in no other list. */
static void notify_below(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    xy_map_node *changed = NULL;
    if (controller->closing) /* some are still to be told to end */
        return;
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_LINKED))
        if (is_shown(node) && node->told != node->available)
            LL_PREPEND2(changed, node, listed);
    LL_SORT2(changed, by_id, listed);
    for (xy_map_node *node = changed, *next; node; node = next) {
        next = node->listed;
        node->listed = NULL;
        notify(controller, node, out);
    }
}

/* What can be reached. */

static bool is_well(const xy_map_node *node)
{
    return node->stage != XY_STAGE_STARTING && node->stage != XY_STAGE_RESTARTING &&
           !node->silent && !node->dead && !node->given_up;
}

/* One that is adrift is expected to have a parent again soon. */
static bool has_way(const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    return node->attached ? !parent || parent->available : node->adrift;
}

static bool can_be_reached(const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    return node->available && node->attached && !node->silent_here &&
           (!parent || parent->reachable);
}

/* One that strays can come back as soon as its parent can be reached, also when it is silent. */
static void look_at(xy_controller *controller, xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    node->available = is_well(node) && has_way(node);
    node->reachable = can_be_reached(node);
    if (node->strays && (!parent || parent->reachable))
        xy_retry_later(controller);
}

/* A node that cannot be reached any more: what it was asked is answered now. */
static void lose_requests(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_LINKED))
        if (!node->available && is_shown(node))
            xy_fail_requests(controller, node, out);
}

void xy_refresh(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    bool available = top->available, reachable = top->reachable;
    look_at(controller, top);
    if (top->available == available && top->reachable == reachable)
        return;
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_LINKED))
        look_at(controller, node);
    notify_below(controller, top, out);
    lose_requests(controller, top, out); /* it may be adrift, and those below given up */
    if (!top->reachable)
        xy_attach_elsewhere(controller, out);
    controller->unsettled = true;
    xy_answer_waits(controller, out);
}

/* Silence and return, as a parent says. */

/* Whether the change is of this link, and none after it has come before it: over another way. */
static bool counts(const xy_message *change, const xy_peer *link, int64_t *latest)
{
    if (change->link.number != link->link.number || change->number.tag != link->tag ||
        change->value < *latest)
        return false;
    *latest = change->value;
    return true;
}

/* One that was told to attach elsewhere may have left its parent already, and says so soon. */
static void heard_here(xy_controller *controller, xy_map_node *node, bool silent, xy_queue *out)
{
    bool waits = node->silent_here && !node->silent;
    node->silent_here = silent;
    if (waits && !silent) {
        xy_refresh(controller, node, out);
        xy_send_again(controller, node, out);
    }
    if (silent == node->silent)
        return;
    if (!silent) {
        xy_node_back(controller, node, out);
    } else if (xy_is_told(node)) {
        if (!waits) /* else it is said again, over another way */
            xy_attach_await(controller, node);
        xy_refresh(controller, node, out);
    } else if (node->strays)
        xy_attach_astray(controller, node, out);
    else
        xy_node_silent(controller, node, out);
}

void xy_hear_change(xy_controller *controller, const xy_message *change, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, change->life);
    bool silent = change->code == XY_CHANGE_SILENT;
    if (!node || node->dead || node->given_up || controller->closing)
        return;
    if (xy_is_told(node) && counts(change, &node->coming, &node->changes_there))
        node->silent_there = silent; /* it has not said yet that it is there */
    else if ((node->stage == XY_STAGE_PRESENT || node->waits) && node->attached &&
             counts(change, &node->peer, &node->changes))
        heard_here(controller, node, silent, out);
}

void xy_answer_faults(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_request *request, *next;
    DL_FOREACH_SAFE(node->requests, request, next)
    if (request->kind == XY_COMMAND_FAULT && !xy_is_errand(request))
        xy_end_request(controller, request, XYLEM_OK, 0, NULL, 0, out);
}

/* Without memory. */

/* One that hangs and is to be started again. */
static bool is_to_be_killed(const xy_controller *controller, const xy_map_node *node)
{
    return node->silent && node->stage == XY_STAGE_PRESENT &&
           controller->repair == XY_REPAIR_RESTART;
}

static void retry_node(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    bool overdue = node->removal && node->removal->grace_ms == XY_NEVER;
    xy_attach_retry(controller, node, out);
    if (node->attached)
        node->refused = (xy_life){0};
    if (is_shown(node) && node->told != node->available)
        notify(controller, node, out);
    if (!node->dead && (node->given_up || overdue || is_to_be_killed(controller, node)))
        xy_kill(controller, node, false, out);
    xy_streams_retry(controller, node, out);
    if (node->behind)
        xy_send_again_to(controller, node, out);
}

void xy_availability_retry(xy_controller *controller, xy_queue *out)
{
    for (xy_map_node *node = controller->map.lowest; node; node = node->higher)
        retry_node(controller, node, out);
    controller->unsettled = true;
}
