/* Which nodes are to attach elsewhere. The topology says who is wanted below whom; here the links
 * become like that, one node at a time.
 *
 * No circle can arise: a node begins to attach to a parent only when neither that nor any node
 * above it is on its way elsewhere, and when it is not itself one of them. A node that is wanted
 * highest can always attach: all above it are where they are wanted.
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

/* How many nodes that have a parent move at a time: so the others are held up by no more than the
 * messages of that many. */
enum { MOVING_MAX = 32 };

bool xy_is_usable(const xy_map_node *parent)
{
    return !parent || (parent->stage == XY_STAGE_PRESENT && parent->reachable);
}

/* Whether a node may attach to a parent now. */
static bool can_attach(const xy_map_node *node, const xy_map_node *parent)
{
    if (!xy_is_usable(parent) || (parent && parent->life.number == node->refused.number))
        return false;
    for (; parent; parent = parent->linked.parent)
        if (parent == node || parent->attaching != XY_NOT_ATTACHING || parent->strays)
            return false;
    return true;
}

xy_map_node *xy_parent_for(xy_map_node *node)
{
    xy_map_node *parent = node->wanted.parent;
    while (parent && !can_attach(node, parent))
        parent = parent->wanted.parent;
    return parent;
}

static void attach(xy_controller *controller, xy_map_node *node, xy_map_node *parent, xy_queue *out)
{
    if (xy_attach(controller, node, parent, out) != XYLEM_OK)
        xy_retry_later(controller);
}

/* One that has no parent. That may be about to be started again. */
static void settle_alone(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *parent = node->wanted.parent;
    bool waits = parent && (parent->restart || parent->stage == XY_STAGE_RESTARTING);
    if (node->attaching == XY_NOT_ATTACHING && !waits)
        attach(controller, node, xy_parent_for(node), out);
}

/* One that has another parent than it is wanted to have. Creates go before: they may change what is
 * wanted. So do casts: their answers come back on the way on which they went. */
static void settle_attached(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    bool waits = controller->topology->arranges && controller->creating > 0;
    if (node->wanted.parent && node->wanted.parent->dead && !node->wanted.parent->restart)
        xy_move_in_vain(controller, node, out);
    if (node->attaching == XY_NOT_ATTACHING && !waits && node->reachable && node->casts == 0 &&
        controller->moving < MOVING_MAX && can_attach(node, node->wanted.parent))
        attach(controller, node, node->wanted.parent, out);
}

static void settle_node(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (node->restart && node->dead)
        xy_restart(controller, node, out);
    else if (node->dead || node->given_up || node->stage == XY_STAGE_ENDING)
        return;
    else if (node->attached)
        settle_attached(controller, node, out);
    else
        settle_alone(controller, node, out);
}

/* What one attachment changes for others is looked at in the same step: so nothing waits for an
 * event that does not come. */
enum { PASSES = 3 };

void xy_settle(xy_controller *controller, xy_queue *out)
{
    for (int pass = 0; pass < PASSES && controller->unsettled && !controller->closing; pass++) {
        controller->unsettled = false;
        for (xy_map_node *node = controller->map.unsettled, *next; node; node = next) {
            next = node->next_unsettled;
            settle_node(controller, node, out);
        }
    }
    if (controller->unsettled && !controller->closing)
        xy_retry_later(controller);
}

/* The command. */

static xy_map_node *parent_of(const xy_controller *controller, const xy_command *command)
{
    return command->parent < 0 ? NULL : xy_find_present(controller, command->parent);
}

static int move_error(const xy_controller *controller, const xy_command *command,
                      const xy_map_node *node)
{
    const xy_map_node *parent = parent_of(controller, command);
    if (!controller->topology->given)
        return XYLEM_INVALID;
    if (!node)
        return XYLEM_NOT_FOUND;
    if (command->parent >= 0 && !parent)
        return XYLEM_PARENT_NOT_FOUND;
    if (parent && xy_map_is_below(node, parent, XY_WANTED))
        return XYLEM_PARENT_IS_BELOW;
    if (!node->available)
        return XYLEM_UNAVAILABLE;
    return parent && !parent->available ? XYLEM_PARENT_UNAVAILABLE : XYLEM_OK;
}

void xy_end_moves(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                  size_t size, xy_queue *out)
{
    xy_request *request, *next;
    DL_FOREACH_SAFE(node->requests, request, next)
    if (request->kind == XY_COMMAND_MOVE && !xy_is_errand(request))
        xy_end_request(controller, request, status, 0, reason, size, out);
}

static void refuse_move(xy_controller *controller, int error, xy_queue *out)
{
    char reason[64] = "";
    if (error == XYLEM_INVALID)
        snprintf(reason, sizeof reason, "the topology %s chooses the parents itself",
                 controller->topology->name);
    xy_answer_with(controller, controller->command, error, 0, reason, strlen(reason), out);
}

/* It does not wait for the parent that an earlier move asked: that may hang. */
static void give_up_earlier(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    uint64_t wanted = node->wanted.parent ? node->wanted.parent->life.number : 0;
    if (node->attached && node->attaching != XY_NOT_ATTACHING && !xy_is_told(node) &&
        node->target.number != wanted)
        xy_attach_abandon(controller, node, out);
}

void xy_move(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    static const char later[] = "a later move took its place";
    xy_map_node *node = xy_find_present(controller, command->id);
    int error = move_error(controller, command, node);
    if (error) {
        refuse_move(controller, error, out);
        return;
    }
    xy_end_moves(controller, node, XYLEM_INTERRUPTED, later, sizeof later - 1, out);
    xy_request *request = xy_accept(controller, command, node, out);
    if (!request)
        return;
    request->value = command->parent;
    xy_map_want(&controller->map, node, parent_of(controller, command), NULL);
    give_up_earlier(controller, node, out);
    controller->unsettled = true;
    xy_moved(controller, node, out);
}

static xy_request *move_of(const xy_map_node *node)
{
    xy_request *request = node->requests;
    while (request && (xy_is_errand(request) || request->kind != XY_COMMAND_MOVE))
        request = request->next;
    return request;
}

/* When its new parent has left the shape meanwhile, it is wanted elsewhere. */
void xy_moved(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *parent = node->linked.parent;
    const xy_request *move = move_of(node);
    int64_t id = parent ? parent->id : XY_PARENT_CONTROLLER;
    if (move && node->attached && parent == node->wanted.parent)
        xy_end_moves(controller, node, move->value == id ? XYLEM_OK : XYLEM_PARENT_UNAVAILABLE,
                     NULL, 0, out);
}

/* Whether a node may be wanted where it is attached, and is not. Below one that ends it would end,
 * too. */
static bool may_stay(const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    bool fits = !parent || (parent->joined && parent->stage != XY_STAGE_ENDING &&
                            !xy_map_is_below(node, parent, XY_WANTED));
    return node->attached && parent != node->wanted.parent && fits;
}

/* What was wanted is not wanted any more. If the node goes there all the same, it comes back. */
static void take_back(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (!xy_is_told(node))
        xy_attach_abandon(controller, node, out);
    if (may_stay(node))
        xy_map_want(&controller->map, node, node->linked.parent, NULL);
    controller->unsettled = true;
}

void xy_move_expired(xy_controller *controller, xy_request *request, xy_queue *out)
{
    static const char late[] = "the node did not attach to its new parent in time";
    static const char cast[] = "requests to many nodes went through the node all the time";
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    assert(node);
    const char *why = node->casts > 0 ? cast : late;
    take_back(controller, node, out);
    xy_end_moves(controller, node, XYLEM_TIMED_OUT, why, strlen(why), out);
}

void xy_move_in_vain(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (!controller->topology->given || (!move_of(node) && !may_stay(node)))
        return;
    take_back(controller, node, out);
    xy_end_moves(controller, node, XYLEM_PARENT_UNAVAILABLE, NULL, 0, out);
}

void xy_move_refused(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                     size_t size, xy_queue *out)
{
    if (controller->topology->given && node->attached)
        take_back(controller, node, out);
    xy_end_moves(controller, node, status, reason, size, out);
}
