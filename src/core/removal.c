/* The end of nodes that are not wanted any more. In a shape that arranges itself a node goes alone,
 * once those attached to it have gone elsewhere; in the others with all below it. All lives of a
 * removal are told to end at once, by the launcher and not through the tree: a node that hangs
 * holds up no other. When none has ended for the time of the grace, those that are left hang, and
 * are killed.
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

void xy_kill(xy_controller *controller, const xy_map_node *node, bool late, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_KILL,
                        .kill = {.life = node->life, .id = node->id, .late = late}};
    assert(!node->dead);
    if (!xy_queue_push(out, &action))
        xy_retry_later(controller);
}

static void tell_to_end(xy_map_node *node, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_END, .end = {node->life}};
    xy_queue_push(out, &action); /* without memory it is killed when the grace is over */
}

/* Beginning. */

int64_t xy_grace_max_ms(size_t nodes)
{
    return XY_GRACE_MS + XY_GRACE_MS / 2 + (int64_t)nodes; /* none needs more than 1 ms */
}

/* A node that starts goes with one above it, or with the network. */
static void leave_starting(xy_controller *controller, xy_map_node *node)
{
    xy_request *request = xy_create_request(node);
    int64_t until_ms = controller->now_ms + XY_GRACE_MS;
    if (request->status == XYLEM_OK)
        request->status = controller->closing ? XYLEM_INTERRUPTED : XYLEM_CANNOT_START;
    if (request->slot.deadline_ms > until_ms)
        xy_table_reschedule(&controller->requests.table, &request->slot, until_ms);
}

/* A node whose silence has lasted too long does not end by itself. */
static void end_node(xy_controller *controller, xy_map_node *node, bool kill, xy_queue *out)
{
    bool starting = node->stage == XY_STAGE_STARTING || node->stage == XY_STAGE_RESTARTING;
    if (xy_create_request(node)) /* it is not answered for already */
        leave_starting(controller, node);
    node->stage = XY_STAGE_ENDING;
    node->restart = false;
    xy_fail_requests(controller, node, out);
    xy_end_moves(controller, node, XYLEM_UNAVAILABLE, NULL, 0, out);
    xy_attach_abandon(controller, node, out);
    if (node->dead)
        return;
    node->killed = node->silent && !starting && !node->given_up;
    node->given_up |= kill || starting || node->silent;
    if (node->given_up)
        xy_kill(controller, node, false, out);
    else
        tell_to_end(node, out);
}

static void enlist(xy_controller *controller, xy_map_node *top)
{
    DL_APPEND2(controller->removals, top, listed_before, listed);
    if (top->grace_ms < controller->grace_ms)
        controller->grace_ms = top->grace_ms;
}

static void delist(xy_controller *controller, xy_map_node *top)
{
    DL_DELETE2(controller->removals, top, listed_before, listed); /* NOLINT: has a next if first */
    top->listed = top->listed_before = NULL;
}

/* Those that are attached to a node that ends, and are wanted elsewhere, go on. So do those that
 * let go. */
static void part(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    const xy_map_node *parent = node->attached ? node->linked.parent : NULL;
    if (!parent || parent->stage != XY_STAGE_ENDING)
        xy_let_go(controller, node, out);
    xy_set_adrift(controller, node, out);
}

static void end_all(xy_controller *controller, xy_map_node *top, bool kill, xy_queue *out)
{
    top->remaining = 0;
    if (xy_repairs(controller) && !controller->topology->arranges) /* others may leave or join */
        xy_topology_leave_with_all(&controller->map, top);
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED)) {
        if (node->removal == node)
            delist(controller, node);
        if (node->stage != XY_STAGE_ENDING || node->waits)
            end_node(controller, node, kill, out);
        node->waits = false;
        node->removal = top;
        top->remaining += !node->dead;
    }
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
        part(controller, node, out);
    xy_attach_elsewhere(controller, out);
}

/* Less than 0: there is no grace. */
static void begin_grace(xy_controller *controller, xy_map_node *top, int64_t time_ms)
{
    int64_t grace_ms = time_ms < XY_GRACE_MS ? time_ms : XY_GRACE_MS;
    top->limit_ms = controller->now_ms + time_ms;
    top->grace_ms = time_ms < 0 ? XY_NEVER : controller->now_ms + grace_ms;
    enlist(controller, top);
}

/* Takes over what is being removed below already. */
static void begin(xy_controller *controller, xy_map_node *top, int64_t time_ms, xy_queue *out)
{
    end_all(controller, top, time_ms < 0, out);
    begin_grace(controller, top, time_ms);
    xy_answer_waits(controller, out);
    if (top->remaining == 0)
        xy_removal_finish(controller, top, out);
}

/* A node that still carries messages of others ends when they have gone elsewhere. */
static void wait_for_others(xy_controller *controller, xy_map_node *node, int64_t time_ms,
                            xy_queue *out)
{
    node->stage = XY_STAGE_ENDING;
    node->restart = false;
    node->waits = true;
    node->removal = node;
    node->remaining = 1;
    xy_fail_requests(controller, node, out);
    xy_end_moves(controller, node, XYLEM_UNAVAILABLE, NULL, 0, out);
    xy_attach_elsewhere(controller, out);
    begin_grace(controller, node, time_ms);
    xy_answer_waits(controller, out);
}

/* Whether others are attached to a node, or are about to be. The dead stay where they were. */
static bool has_others(const xy_map_node *node)
{
    const xy_map_node *child = node->linked.first_child;
    while (child && child->dead)
        child = child->linked.next;
    return child || node->comers > 0;
}

void xy_removal_begin(xy_controller *controller, xy_map_node *top, int64_t time_ms, xy_queue *out)
{
    bool fails = xy_repairs(controller) && top->stage == XY_STAGE_STARTING;
    bool alone = (controller->topology->arranges || fails) && !controller->closing;
    assert(top->stage != XY_STAGE_ENDING || top->waits);
    if (alone && top->joined) {
        controller->topology->leave(&controller->map, top);
        controller->unsettled = true;
    }
    if (alone && time_ms >= 0 && has_others(top) && top->reachable)
        wait_for_others(controller, top, time_ms, out);
    else
        begin(controller, top, time_ms, out);
}

/* Half of its time, so that it is answered within it. */
static int64_t grace_within(const xy_controller *controller, int64_t time_ms)
{
    int64_t most_ms = xy_grace_max_ms(controller->map.count);
    return time_ms / 2 < most_ms ? time_ms / 2 : most_ms;
}

/* A node that has waited for long enough, or for all that it waited for, has what is left of the
 * time that its removal may take. */
static void end_after_waiting(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    int64_t time_ms = xy_grace_max_ms(controller->map.count);
    for (const xy_request *request = node->requests; request; request = request->next) {
        int64_t within_ms =
            grace_within(controller, request->slot.deadline_ms - controller->now_ms);
        if (request->kind == XY_COMMAND_REMOVE && !xy_is_errand(request) && within_ms < time_ms)
            time_ms = within_ms;
    }
    delist(controller, node);
    node->removal = NULL;
    begin(controller, node, time_ms > 0 ? time_ms : 0, out);
}

/* Whether it hangs or has lost its parent: then no message comes to those attached to it. */
static bool is_cut_off(const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    bool ends = parent && parent->stage == XY_STAGE_ENDING && !parent->waits;
    bool lost = parent && (parent->dead || parent->silent || parent->given_up);
    return !node->attached || node->silent || ends || lost;
}

void xy_removal_left(xy_controller *controller, const xy_map_node *node)
{
    controller->left_alone |= node->waits;
}

void xy_removal_look(xy_controller *controller, xy_queue *out)
{
    if (!controller->left_alone)
        return;
    controller->left_alone = false;
    for (xy_map_node *top = controller->removals, *next; top; top = next) {
        next = top->listed;
        if (top->waits && (!has_others(top) || is_cut_off(top)))
            end_after_waiting(controller, top, out);
    }
}

/* Ending. */

static void answer_create(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_buffer reason = request->reason;
    request->reason = (xy_buffer){0};
    assert(request->status != XYLEM_OK);
    xy_end_request(controller, request, request->status, 0, reason.bytes, reason.size, out);
    xy_buffer_clear(&reason);
}

/* Answers one that waits for the end of a node. */
static void answer_one(xy_controller *controller, xy_request *request, size_t killed, xy_queue *out)
{
    bool remove = request->kind == XY_COMMAND_REMOVE;
    if (request->kind == XY_COMMAND_CREATE)
        answer_create(controller, request, out);
    else
        xy_end_request(controller, request, XYLEM_OK, remove ? (int64_t)killed : 0, NULL, 0, out);
}

static size_t count_killed(xy_map_node *top)
{
    size_t killed = 0;
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
        killed += node->killed;
    return killed;
}

static void kill_late(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    top->grace_ms = XY_NEVER;
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
        if (!node->dead && !node->given_up) {
            node->killed = true;
            xy_kill(controller, node, true, out);
        }
}

void xy_removal_finish(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    assert(top->removal == top);
    if (top->grace_ms != XY_NEVER && top->remaining > 0)
        kill_late(controller, top, out);
    size_t killed = count_killed(top);
    delist(controller, top);
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED)) {
        controller->left += !node->dead;
        if (node->waits) { /* it has ended by accident */
            node->waits = false;
            xy_attach_abandon(controller, node, out);
            part(controller, node, out);
            xy_attach_elsewhere(controller, out);
        }
        if (node->linked.parent)
            xy_removal_left(controller, node->linked.parent);
        xy_drop_errands(controller, node);
        xy_set_adrift(controller, node, out);
        while (node->requests)
            answer_one(controller, node->requests, killed, out);
    }
    xy_map_prune(&controller->map, top);
    xy_join_homeless(controller);
    xy_answer_waits(controller, out);
}

/* What a removal above has taken over goes on; so does all when the network ends. */
void xy_removal_expired(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    assert(node && node->removal);
    if (node->removal == node && !controller->closing)
        xy_removal_finish(controller, node, out);
    else
        answer_one(controller, request, count_killed(node), out);
}

void xy_removal_ended(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_map_node *top = node->removal;
    assert(top && top->remaining > 0 && !node->dead);
    node->dead = true;
    controller->ended_ms = controller->now_ms;
    if (--top->remaining == 0)
        xy_removal_finish(controller, top, out);
}

/* Where others have ended meanwhile it goes on. */
static void look_at_grace(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    int64_t until_ms = controller->ended_ms + XY_GRACE_MS;
    if (top->waits) {
        end_after_waiting(controller, top, out);
        return;
    }
    top->grace_ms = until_ms < top->limit_ms ? until_ms : top->limit_ms;
    if (top->grace_ms <= controller->now_ms)
        kill_late(controller, top, out);
}

static void look_at_all(xy_controller *controller, xy_queue *out)
{
    controller->grace_ms = XY_NEVER;
    for (xy_map_node *top = controller->removals, *next; top; top = next) {
        next = top->listed;
        if (top->grace_ms <= controller->now_ms)
            look_at_grace(controller, top, out);
    }
    for (xy_map_node *top = controller->removals; top; top = top->listed)
        if (top->grace_ms < controller->grace_ms)
            controller->grace_ms = top->grace_ms;
}

/* One that has waited may have no time left. */
void xy_removal_tick(xy_controller *controller, xy_queue *out)
{
    while (controller->grace_ms <= controller->now_ms)
        look_at_all(controller, out);
}

int64_t xy_removal_deadline(const xy_controller *controller)
{
    return controller->removals ? controller->grace_ms : XY_NEVER;
}

/* The command. */

void xy_remove(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    xy_map_node *node = xy_find_present(controller, command->id);
    if (!node)
        xy_answer(controller, controller->command, XYLEM_NOT_FOUND, out);
    else if (xy_accept(controller, command, node, out))
        xy_removal_begin(controller, node,
                         grace_within(controller, xy_time_of(controller, command)), out);
}
