#include "core/controller.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/controller_parts.h"

void xy_retry_later(xy_controller *controller)
{
    controller->retry_ms = controller->now_ms + XY_RETRY_MS;
}

/* Answers. */

void xy_answer_with(xy_controller *controller, uint64_t command, int status, int64_t value,
                    const void *text, size_t size, xy_queue *out)
{
    xy_action action;
    assert(command != 0 && command <= controller->command);
    xy_buffer copy = {0};
    if (size > 0 && !xy_buffer_add(&copy, text, size))
        status = XYLEM_NO_MEMORY;
    action.kind = XY_ACTION_REPLY;
    action.reply.command = command;
    action.reply.status = status;
    action.reply.value = value;
    action.reply.size = copy.size;
    action.reply.text = xy_buffer_take(&copy);
    xy_queue_keep(out, &action);
}

void xy_answer(xy_controller *controller, uint64_t command, int status, xy_queue *out)
{
    xy_answer_with(controller, command, status, 0, NULL, 0, out);
}

xy_map_node *xy_find_present(const xy_controller *controller, int64_t id)
{
    xy_map_node *node = xy_map_find(&controller->map, id);
    bool present = node && (node->stage == XY_STAGE_PRESENT || node->stage == XY_STAGE_RESTARTING);
    return present ? node : NULL;
}

int64_t xy_time_of(const xy_controller *controller, const xy_command *command)
{
    int64_t time_ms = command->timeout_ms < 0 ? controller->timeout_ms : command->timeout_ms;
    assert(time_ms >= 0 && time_ms <= UINT32_MAX);
    return time_ms;
}

/* Commands that are about no request to a node. */

static bool has_nodes(const xy_controller *controller)
{
    for (const xy_map_node *node = controller->map.lowest; node; node = node->higher)
        if (node->stage == XY_STAGE_PRESENT || node->stage == XY_STAGE_RESTARTING)
            return true;
    return false;
}

static void set_interval(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    bool nodes = has_nodes(controller);
    if (nodes)
        xy_subtree_set_interval(&controller->subtree, command->value,
                                controller->subtree.version + 1, controller->now_ms, out);
    xy_answer(controller, controller->command, nodes ? XYLEM_OK : XYLEM_NOT_FOUND, out);
}

static void wait_for(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    if (xy_accept(controller, command, NULL, out))
        xy_answer_waits(controller, out);
}

/* A node that is dead has no more faults. */
static void inject(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    xy_map_node *node = xy_find_present(controller, command->id);
    if (!node || node->dead) {
        xy_answer(controller, controller->command, node ? XYLEM_OK : XYLEM_NOT_FOUND, out);
        return;
    }
    xy_action action = {.kind = XY_ACTION_SIGNAL,
                        .signal = {.command = controller->command,
                                   .life = node->life,
                                   .id = node->id,
                                   .fault = (xy_fault)command->value}};
    xy_request *request = xy_accept(controller, command, node, out);
    if (request && !xy_queue_push(out, &action))
        xy_end_request(controller, request, XYLEM_NO_MEMORY, 0, NULL, 0, out);
}

/* A kill is answered when the life is over: so its consequences are known then. The command of a
 * fault may have been answered meanwhile, by the end of the node. */
static void signalled(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_request *request = xy_requests_find(&controller->requests, event->signalled.command);
    bool kill = request && request->value == XY_FAULT_KILL;
    if (request && request->kind == XY_COMMAND_FAULT && !(kill && !event->signalled.status))
        xy_end_request(controller, request, event->signalled.status, 0, event->signalled.reason,
                       strlen(event->signalled.reason), out);
}

/* Closing. */

static void interrupt_all(xy_controller *controller, xy_requests *requests, xy_queue *out)
{
    xy_request *next;
    for (xy_request *request = xy_requests_first(requests); request; request = next) {
        next = xy_requests_next(request);
        xy_map_node *node = xy_map_of_life(&controller->map, request->life);
        bool failed = node && node->stage == XY_STAGE_ENDING;
        if (request->kind != XY_COMMAND_CREATE || failed)
            xy_end_request(controller, request, XYLEM_INTERRUPTED, 0, NULL, 0, out);
    }
}

/* A create that is under way is answered when its node is over, as are all others now. */
static void close_network(xy_controller *controller, xy_queue *out)
{
    xy_map_node *next;
    size_t nodes = controller->map.count;
    interrupt_all(controller, &controller->requests, out);
    interrupt_all(controller, &controller->waits, out);
    controller->closing = true;
    for (xy_map_node *top = controller->map.wanted.first_child; top; top = next) {
        next = top->wanted.next;
        if (top->stage != XY_STAGE_ENDING || top->waits)
            xy_removal_begin(controller, top, xy_grace_max_ms(nodes), out);
    }
    xy_answer(controller, controller->command, XYLEM_OK, out);
}

static void end_if_done(xy_controller *controller, xy_queue *out)
{
    if (controller->closing && !controller->closed && controller->map.count == 0 &&
        controller->left == 0)
        controller->closed = xy_queue_push(out, &(xy_action){.kind = XY_ACTION_STOP});
}

/* What is left to do at the end of a step. A node that moves may be the last that another waited
 * for, whose end may leave others without a parent. */
static void complete(xy_controller *controller, xy_queue *out)
{
    if (controller->subtree.lost)
        xy_casts_look(&controller->casts, &controller->subtree, out);
    controller->subtree.lost = false;
    xy_drop_abandoned_asks(controller, out);
    xy_settle(controller, out);
    xy_removal_look(controller, out);
    xy_settle(controller, out);
    xy_tell_of_room(controller, out);
    end_if_done(controller, out);
}

/* Commands. */

static void look_at_time(xy_controller *controller, int64_t now_ms)
{
    assert(now_ms >= controller->now_ms);
    controller->now_ms = now_ms;
}

static void (*const commands[])(xy_controller *, const xy_command *, xy_queue *) = {
    [XY_COMMAND_CREATE] = xy_create, [XY_COMMAND_REMOVE] = xy_remove,
    [XY_COMMAND_MOVE] = xy_move,     [XY_COMMAND_EXEC] = xy_ask,
    [XY_COMMAND_PING] = xy_ask,      [XY_COMMAND_CAST] = xy_cast_to,
    [XY_COMMAND_WAIT] = wait_for,    [XY_COMMAND_HEARTBEAT] = set_interval,
    [XY_COMMAND_FAULT] = inject,     [XY_COMMAND_CANCEL] = xy_cancel,
    [XY_COMMAND_TAKE] = xy_take,
};

uint64_t xy_controller_command(xy_controller *controller, const xy_command *command, int64_t now_ms,
                               xy_queue *out)
{
    if (!xy_queue_promise(out))
        return 0;
    uint64_t number = ++controller->command;
    look_at_time(controller, now_ms);
    if (command->kind == XY_COMMAND_CLOSE)
        close_network(controller, out);
    else
        commands[command->kind](controller, command, out);
    complete(controller, out);
    return number;
}

/* Events. */

static void hear(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_message message;
    const xy_peer *from = &event->message.from;
    if (!xy_message_decode(&message, event->message.frame, event->message.size) ||
        !xy_subtree_hear(&controller->subtree, from, &message, controller->now_ms, out))
        return;
    if (message.kind == XY_REPLY)
        xy_hear_reply(controller, &message, out);
    else if (message.kind == XY_ASK)
        xy_hear_ask(controller, &message, out);
    else if (message.kind == XY_MERGED)
        xy_casts_hear(&controller->casts, from, &message, out);
    else if (message.kind == XY_STATE)
        xy_hear_state(controller, &message);
    else if (message.kind == XY_CHUNK)
        xy_hear_chunk(controller, &message, out);
    else
        xy_hear_change(controller, &message, out);
    if (xy_children_known(&controller->subtree.children, from)) /* unless it was let go for that */
        xy_subtree_heard(&controller->subtree, from, controller->now_ms, out);
}

/* Word of a child of the controlling node is word for itself. */
static bool report(void *owner, const xy_message *change, xy_queue *out)
{
    xy_hear_change(owner, change, out);
    return true;
}

static void ended(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, event->ended.life);
    if (!node && controller->left > 0)
        controller->left--;
    if (!node || node->dead)
        return;
    if (node->stage == XY_STAGE_ENDING)
        xy_removal_ended(controller, node, out);
    else if (node->stage == XY_STAGE_STARTING)
        xy_create_ended(controller, node, event, out);
    else if (node->stage == XY_STAGE_RESTARTING)
        xy_restart_ended(controller, node, event, out);
    else
        xy_node_died(controller, node, event, out);
}

static void started(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, event->started.life);
    bool starting = node && (node->stage == XY_STAGE_STARTING || //
                             node->stage == XY_STAGE_RESTARTING);
    if (starting && !node->started)
        xy_create_started(controller, node, event, out);
}

/* A request whose time is over, before the answer, or before what it waits for. */
static void expire(xy_controller *controller, xy_request *request, xy_queue *out)
{
    if (request->kind == XY_COMMAND_CREATE)
        xy_create_expired(controller, request, out);
    else if (request->kind == XY_COMMAND_REMOVE)
        xy_removal_expired(controller, request, out);
    else if (request->kind == XY_COMMAND_MOVE)
        xy_move_expired(controller, request, out);
    else if (request->kind == XY_COMMAND_CAST)
        xy_cast_expired(controller, request, out);
    else
        xy_end_request(controller, request, XYLEM_UNAVAILABLE, 0, NULL, 0, out);
}

static void tick(xy_controller *controller, xy_queue *out)
{
    int64_t now_ms = controller->now_ms;
    xy_removal_tick(controller, out);
    for (xy_request *late; (late = xy_requests_due(&controller->requests, now_ms));)
        expire(controller, late, out);
    for (xy_request *late; (late = xy_requests_due(&controller->waits, now_ms));)
        xy_end_request(controller, late, XYLEM_TIMED_OUT, 0, NULL, 0, out);
    for (xy_request *late; (late = xy_requests_due(&controller->errands, now_ms));)
        xy_attach_expired(controller, late, out);
    if (controller->retry_ms <= now_ms) {
        controller->retry_ms = XY_NEVER;
        xy_availability_retry(controller, out);
    }
    xy_subtree_tick(&controller->subtree, now_ms, out);
}

void xy_controller_step(xy_controller *controller, const xy_event *event, int64_t now_ms,
                        xy_queue *out)
{
    look_at_time(controller, now_ms);
    switch (event->kind) {
    case XY_EVENT_MESSAGE:
        hear(controller, event, out);
        break;
    case XY_EVENT_UNSENT:
        xy_request_unsent(controller, event, out);
        break;
    case XY_EVENT_COMBINED:
        xy_casts_combined(&controller->casts, event->combined.cast, event->combined.status,
                          event->combined.text, event->combined.size, out);
        break;
    case XY_EVENT_STARTED:
        started(controller, event, out);
        break;
    case XY_EVENT_EXPECTED:
        xy_attach_expected(controller, event, out);
        break;
    case XY_EVENT_ATTACHED:
        xy_attached(controller, event, out);
        break;
    case XY_EVENT_ENDED:
        ended(controller, event, out);
        break;
    case XY_EVENT_SIGNALLED:
        signalled(controller, event, out);
        break;
    case XY_EVENT_TICK:
        tick(controller, out);
        break;
    default:
        break;
    }
    complete(controller, out);
}

int64_t xy_controller_deadline(const xy_controller *controller)
{
    const int64_t deadlines[] = {
        xy_subtree_deadline(&controller->subtree), xy_requests_deadline(&controller->requests),
        xy_requests_deadline(&controller->waits),  xy_requests_deadline(&controller->errands),
        xy_removal_deadline(controller),           controller->retry_ms};
    int64_t earliest_ms = XY_NEVER;
    for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
        if (deadlines[i] < earliest_ms)
            earliest_ms = deadlines[i];
    return earliest_ms;
}

/* Beginning and ending. */

void xy_controller_init(xy_controller *controller, const xy_controller_options *options)
{
    const xy_topology *topology = options->topology;
    bool repairs = options->repair != XY_REPAIR_NONE;
    *controller = (xy_controller){.topology = topology,
                                  .repair = options->repair,
                                  .rest_for_subtree = options->rest_for_subtree,
                                  .restarts_max = options->restarts_max,
                                  .restart_window_ms = options->restart_window_ms,
                                  .keeps = repairs || topology->arranges || topology->given,
                                  .keyed = options->keyed,
                                  .past_tree = options->past_tree,
                                  .random = {{options->seed[0], options->seed[1]}},
                                  .timeout_ms = options->timeout_ms,
                                  .bound = XY_IN_FLIGHT_MAX,
                                  .grace_ms = XY_NEVER,
                                  .retry_ms = XY_NEVER};
    assert(strlen(options->address) < sizeof controller->address);
    snprintf(controller->address, sizeof controller->address, "%s", options->address);
    xy_subtree_init(&controller->subtree, report, controller);
    xy_casts_init(&controller->casts, xy_cast_over_here, controller);
    xy_states_init(&controller->states, xy_saving_is_used, controller);
    controller->subtree.version = 1;
    controller->subtree.detector.interval_ms = options->heartbeat_ms;
}

void xy_controller_clear(xy_controller *controller, xy_queue *out)
{
    size_t unanswered = xy_requests_count(&controller->requests) - controller->unreplied +
                        xy_requests_count(&controller->waits);
    while (controller->casts.table.first)
        xy_cast_forget(controller, controller->casts.table.first->request);
    xy_casts_clear(&controller->casts);
    while (controller->map.wanted.first_child)
        xy_map_prune(&controller->map, controller->map.wanted.first_child);
    xy_requests_clear(&controller->requests);
    xy_requests_clear(&controller->waits);
    xy_requests_clear(&controller->errands);
    xy_assemblies_clear(&controller->arriving);
    xy_states_clear(&controller->states);
    xy_subtree_clear(&controller->subtree);
    xy_queue_take_back(out, unanswered);
}

static void step(void *self, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    xy_controller_step(self, event, now_ms, out);
}

static int64_t deadline(const void *self)
{
    return xy_controller_deadline(self);
}

xy_machine xy_controller_machine(xy_controller *controller)
{
    return (xy_machine){controller, step, deadline};
}
