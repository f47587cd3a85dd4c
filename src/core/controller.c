#include "core/controller.h"

/* Answers. */

static void answer_with(xy_controller *controller, uint64_t request, int status,
                        const xy_message *reply)
{
    xy_action action = {.kind = XY_ACTION_REPLY, .message = *reply};
    action.message.request = request;
    action.message.status = status;
    if (xy_actions_push(&controller->out, &action))
        return;
    action.message.status = XYLEM_NO_MEMORY;
    action.message.payload_size = 0;
    xy_actions_push(&controller->out, &action);
}

static void answer(xy_controller *controller, uint64_t request, int status)
{
    answer_with(controller, request, status, &(xy_message){.kind = XY_REPLY});
}

/* What is known of the nodes. */

static xy_tree_node *find_present(const xy_controller *controller, int64_t id)
{
    xy_tree_node *node = xy_tree_find(&controller->tree, id);
    return node && node->stage == XY_STAGE_PRESENT ? node : NULL;
}

static bool is_available(const xy_controller *controller, int64_t id)
{
    xy_tree_node *node = find_present(controller, id);
    return node && node->available;
}

static bool waited_for(const xy_controller *controller, const xy_pending_entry *entry)
{
    return entry->operation == XY_COMMAND_WAIT &&
           is_available(controller, entry->id) == (entry->value != 0);
}

/* Answers every wait that has come true. */
static void answer_waits(xy_controller *controller)
{
    for (size_t i = 0; i < controller->waiting.count;) {
        xy_pending_entry entry = *xy_pending_at(&controller->waiting, i);
        if (waited_for(controller, &entry)) {
            xy_pending_take(&controller->waiting, entry.request, NULL);
            answer(controller, entry.request, XYLEM_OK);
        } else {
            i++;
        }
    }
}

static bool reachable(const xy_tree_node *node)
{
    return node->stage != XY_STAGE_STARTING && !node->silent && !node->dead &&
           (!node->parent || node->parent->available);
}

static void notice(xy_controller *controller, const xy_tree_node *node)
{
    xy_action action = {.kind = XY_ACTION_NOTICE,
                        .message = {.id = node->id, .value = node->available}};
    if (node->stage == XY_STAGE_PRESENT)
        xy_actions_push(&controller->out, &action);
}

/* Something has changed for `top`: works out who below can be reached, and tells of each change,
 * in ascending order of id. */
static void refresh(xy_controller *controller, xy_tree_node *top)
{
    bool was = top->available;
    if (reachable(top) == was)
        return;
    for (xy_tree_node *node = top; node; node = xy_tree_below(top, node)) {
        node->changed = node->available != reachable(node);
        node->available = reachable(node);
    }
    for (xy_tree_node *node = xy_tree_first(top); node; node = xy_tree_next(top, node))
        if (node->changed)
            notice(controller, node);
    answer_waits(controller);
}

/* Requests to the nodes. */

static int64_t limit(const xy_controller *controller, const xy_command *command)
{
    return command->timeout_ms < 0 ? controller->timeout_ms : command->timeout_ms;
}

/* What one step may append for each command that waits: a request to undo it, a fault, a reply. */
enum { ROOM_OF_COMMAND = 3 };

/* Enters a command among those that wait, and sees to the room that its answer will need. */
static int await(xy_controller *controller, const xy_command *command, uint64_t incarnation,
                 int64_t now_ms)
{
    xy_pending_entry entry = {.request = controller->request,
                              .operation = (int)command->kind,
                              .id = command->id,
                              .incarnation = incarnation,
                              .value = command->value,
                              .deadline_ms = now_ms + limit(controller, command)};
    size_t room = ROOM_OF_COMMAND * controller->waiting.count + controller->tree.count +
                  command->size / XY_MESSAGE_PAYLOAD_MAX; /* its parts */
    if (!xy_actions_reserve(&controller->out, room + 2 * XY_BRANCH_ROOM))
        return XYLEM_NO_MEMORY;
    return xy_pending_add(&controller->waiting, &entry);
}

/* The same, and answers the command when that cannot be done. */
static bool accept(xy_controller *controller, const xy_command *command, uint64_t incarnation,
                   int64_t now_ms)
{
    int error = await(controller, command, incarnation, now_ms);
    if (error)
        answer(controller, controller->request, error);
    return !error;
}

static void send(void *owner, const xy_message *part)
{
    xy_controller *controller = owner;
    xy_branch_request(&controller->branch, part, controller->now_ms);
}

static void send_down(xy_controller *controller, xy_operation operation, const xy_command *command,
                      uint64_t incarnation)
{
    xy_message request = {.kind = XY_REQUEST,
                          .code = (uint8_t)operation,
                          .request = controller->request,
                          .id = command->id,
                          .incarnation = incarnation,
                          .budget_ms = (uint32_t)limit(controller, command)};
    xy_parcel_send(&request, command->text, command->size, send, controller);
}

/* Has the network end a node without waiting for an answer: it takes effect where and when the
 * request arrives. */
static void disown(xy_controller *controller, int64_t id, uint64_t incarnation)
{
    xy_message request = {
        .kind = XY_REQUEST, .code = XY_REMOVE, .id = id, .incarnation = incarnation};
    xy_branch_request(&controller->branch, &request, controller->now_ms);
}

static void inject(xy_controller *controller, const xy_tree_node *node, xy_fault fault)
{
    xy_action action = {.kind = XY_ACTION_FAULT,
                        .message = {.id = node->id,
                                    .incarnation = node->incarnation,
                                    .value = node->pid,
                                    .code = (uint8_t)fault}};
    if (!xy_tree_is_dead(node))
        xy_actions_push(&controller->out, &action);
}

/* Commands. */

/* Why a node cannot be created, as far as is known here. */
static int check_create(const xy_controller *controller, int64_t id)
{
    const xy_tree_node *parent = xy_tree_parent_for(&controller->tree, id);
    if (xy_tree_find(&controller->tree, id))
        return XYLEM_EXISTS;
    if (parent && (parent->stage != XY_STAGE_PRESENT || !parent->available))
        return XYLEM_PARENT_UNAVAILABLE;
    return XYLEM_OK;
}

static void create(xy_controller *controller, const xy_command *command, int64_t now_ms)
{
    int error = check_create(controller, command->id);
    if (!error && !xy_tree_insert(&controller->tree, command->id, ++controller->incarnation))
        error = XYLEM_NO_MEMORY;
    if (error)
        answer(controller, controller->request, error);
    else if (accept(controller, command, controller->incarnation, now_ms))
        send_down(controller, XY_CREATE, command, controller->incarnation);
    else
        xy_tree_prune(&controller->tree, xy_tree_find(&controller->tree, command->id));
}

/* Takes a node and all below it off the map. */
static void forget(xy_controller *controller, xy_tree_node *node)
{
    for (xy_tree_node *below = node; below; below = xy_tree_below(node, below)) {
        xy_action action = {.kind = XY_ACTION_FORGET,
                            .message = {.id = below->id, .incarnation = below->incarnation}};
        xy_actions_push(&controller->out, &action);
    }
    xy_tree_prune(&controller->tree, node);
    answer_waits(controller);
}

static void start_failed(xy_controller *controller, const xy_pending_entry *entry,
                         const xy_message *reply)
{
    int status = reply->status;
    if (status == XYLEM_UNAVAILABLE || status == XYLEM_NOT_FOUND) {
        /* The request may still be on its way to somebody who hangs: should it be done after all,
         * this undoes it. */
        disown(controller, entry->id, entry->incarnation);
        status = XYLEM_PARENT_UNAVAILABLE;
    }
    answer_with(controller, entry->request, status, reply);
}

static void created(xy_controller *controller, const xy_pending_entry *entry,
                    const xy_message *reply)
{
    xy_tree_node *node = xy_tree_find(&controller->tree, entry->id);
    if (!node || node->incarnation != entry->incarnation) { /* it went with one above it */
        answer(controller, entry->request, XYLEM_CANNOT_START);
    } else if (reply->status != XYLEM_OK) {
        forget(controller, node); /* also when it has begun to live below one that died */
        start_failed(controller, entry, reply);
    } else {
        node->pid = reply->value;
        if (node->stage == XY_STAGE_STARTING) /* not ending already, with one above it */
            node->stage = XY_STAGE_PRESENT;
        node->available = reachable(node);
        answer_with(controller, entry->request, XYLEM_OK, reply);
        answer_waits(controller);
    }
}

/* Ends a node that those above it cannot end now, by the world's own means; they learn of it when
 * they can. */
static void remove_by_force(xy_controller *controller, xy_tree_node *node)
{
    disown(controller, node->id, node->incarnation);
    inject(controller, node, XY_FAULT_KILL);
    forget(controller, node);
}

static void begin_to_end(xy_controller *controller, xy_tree_node *node)
{
    for (xy_tree_node *below = node; below; below = xy_tree_below(node, below))
        below->stage = XY_STAGE_ENDING;
    answer_waits(controller);
}

static void remove_node(xy_controller *controller, const xy_command *command, int64_t now_ms)
{
    xy_tree_node *node = find_present(controller, command->id);
    if (!node) {
        answer(controller, controller->request, XYLEM_NOT_FOUND);
    } else if (node->parent && !node->parent->available) {
        remove_by_force(controller, node);
        answer(controller, controller->request, XYLEM_OK);
    } else if (accept(controller, command, node->incarnation, now_ms)) {
        begin_to_end(controller, node);
        send_down(controller, XY_REMOVE, command, node->incarnation);
    }
}

static void removed(xy_controller *controller, const xy_pending_entry *entry, int status)
{
    xy_tree_node *node = xy_tree_find(&controller->tree, entry->id);
    bool same = node && node->incarnation == entry->incarnation;
    if (same && (status == XYLEM_OK || status == XYLEM_NOT_FOUND))
        forget(controller, node);
    else if (same)
        remove_by_force(controller, node);
    answer(controller, entry->request, XYLEM_OK);
}

static void ask_node(xy_controller *controller, xy_operation operation, const xy_command *command,
                     int64_t now_ms)
{
    const xy_tree_node *node = find_present(controller, command->id);
    if (!node)
        answer(controller, controller->request, XYLEM_NOT_FOUND);
    else if (!node->available)
        answer(controller, controller->request, XYLEM_UNAVAILABLE);
    else if (accept(controller, command, node->incarnation, now_ms))
        send_down(controller, operation, command, node->incarnation);
}

static bool has_nodes(const xy_controller *controller)
{
    return controller->tree.root && controller->tree.root->stage == XY_STAGE_PRESENT;
}

static void pace(xy_controller *controller, const xy_command *command, int64_t now_ms)
{
    bool nodes = has_nodes(controller);
    if (nodes)
        xy_branch_pace(&controller->branch, command->value, now_ms);
    answer(controller, controller->request, nodes ? XYLEM_OK : XYLEM_NOT_FOUND);
}

static void wait_for(xy_controller *controller, const xy_command *command, int64_t now_ms)
{
    if (accept(controller, command, 0, now_ms))
        answer_waits(controller);
}

static void fault(xy_controller *controller, const xy_command *command)
{
    const xy_tree_node *node = find_present(controller, command->id);
    if (node)
        inject(controller, node, (xy_fault)command->value);
    answer(controller, controller->request, node ? XYLEM_OK : XYLEM_NOT_FOUND);
}

/* Neither the answer nor the work is waited for. */
static void cancel(xy_controller *controller, const xy_command *command)
{
    xy_pending_entry entry;
    const xy_pending_entry *found = xy_pending_find(&controller->waiting, (uint64_t)command->value);
    if (!found || found->operation != XY_COMMAND_EXEC) {
        answer(controller, controller->request, XYLEM_NOT_FOUND);
        return;
    }
    xy_pending_take(&controller->waiting, (uint64_t)command->value, &entry);
    xy_parcels_drop(&controller->arriving, entry.request);
    answer(controller, entry.request, XYLEM_CANCELLED);
    send(controller, &(xy_message){.kind = XY_REQUEST,
                                   .code = XY_CANCEL,
                                   .id = entry.id,
                                   .incarnation = entry.incarnation,
                                   .value = command->value});
    answer(controller, controller->request, XYLEM_OK);
}

static void close_network(xy_controller *controller, int64_t now_ms)
{
    xy_pending_entry entry;
    while (xy_pending_take_due(&controller->waiting, XY_NEVER, &entry))
        answer(controller, entry.request, XYLEM_INTERRUPTED);
    xy_parcels_clear(&controller->arriving);
    controller->closing = true;
    xy_branch_end(&controller->branch, now_ms);
    answer(controller, controller->request, XYLEM_OK);
}

static void end_if_done(xy_controller *controller)
{
    if (!controller->closing || controller->closed ||
        !xy_family_at_rest(&controller->branch.family))
        return;
    controller->closed = true;
    xy_action action = {.kind = XY_ACTION_STOP};
    xy_actions_push(&controller->out, &action);
}

uint64_t xy_controller_command(xy_controller *controller, const xy_command *command, int64_t now_ms)
{
    uint64_t request = ++controller->request;
    controller->now_ms = now_ms;
    switch (command->kind) {
    case XY_COMMAND_CREATE:
        create(controller, command, now_ms);
        break;
    case XY_COMMAND_REMOVE:
        remove_node(controller, command, now_ms);
        break;
    case XY_COMMAND_EXEC:
        ask_node(controller, XY_EXEC, command, now_ms);
        break;
    case XY_COMMAND_PING:
        ask_node(controller, XY_PING, command, now_ms);
        break;
    case XY_COMMAND_PACE:
        pace(controller, command, now_ms);
        break;
    case XY_COMMAND_WAIT:
        wait_for(controller, command, now_ms);
        break;
    case XY_COMMAND_FAULT:
        fault(controller, command);
        break;
    case XY_COMMAND_CANCEL:
        cancel(controller, command);
        break;
    case XY_COMMAND_CLOSE:
        close_network(controller, now_ms);
        break;
    }
    end_if_done(controller);
    return request;
}

/* What comes back. */

/* Without a copy, into the room that was made for an answer when it was asked for. */
static void answer_with_parcel(xy_controller *controller, xy_parcel *whole, int status)
{
    xy_action action = {.kind = XY_ACTION_REPLY,
                        .message = {.kind = XY_REPLY,
                                    .request = whole->request,
                                    .status = status,
                                    .payload = whole->bytes,
                                    .payload_size = (uint32_t)whole->size}};
    whole->bytes = NULL;
    xy_actions_push_owned(&controller->out, &action);
    xy_parcel_free(whole);
}

/* A part of the answer of an exec. */
static void replied_in_part(xy_controller *controller, const xy_message *part)
{
    const xy_pending_entry *entry = xy_pending_find(&controller->waiting, part->request);
    xy_parcel *whole;
    if (!entry || entry->operation != XY_COMMAND_EXEC)
        return;
    int error = xy_parcels_add(&controller->arriving, part, entry->deadline_ms, &whole);
    if (!error && !whole)
        return;
    xy_pending_take(&controller->waiting, part->request, NULL);
    if (error)
        answer(controller, part->request, error);
    else
        answer_with_parcel(controller, whole, part->status);
}

static void replied(xy_controller *controller, const xy_message *reply)
{
    xy_pending_entry entry;
    if (reply->part != 0) {
        replied_in_part(controller, reply);
        return;
    }
    if (!xy_pending_take(&controller->waiting, reply->request, &entry))
        return; /* too late: it has been answered */
    xy_parcels_drop(&controller->arriving, reply->request);
    if (entry.operation == XY_COMMAND_CREATE)
        created(controller, &entry, reply);
    else if (entry.operation == XY_COMMAND_REMOVE)
        removed(controller, &entry, reply->status);
    else
        answer_with(controller, entry.request, reply->status, reply);
}

static void changed(xy_controller *controller, const xy_message *change)
{
    xy_tree_node *node = xy_tree_find(&controller->tree, change->id);
    if (!node || node->incarnation != change->incarnation || controller->closing)
        return;
    node->silent = change->code == XY_CHANGE_LOST;
    node->dead = node->dead || change->code == XY_CHANGE_GONE;
    refresh(controller, node);
}

/* Upwards from the branch below the controlling node is the controlling node itself. */
static void up(void *owner, const xy_message *message)
{
    if (message->kind == XY_REPLY)
        replied(owner, message);
    else
        changed(owner, message);
}

static void expire(xy_controller *controller, const xy_pending_entry *entry)
{
    xy_parcels_drop(&controller->arriving, entry->request);
    switch (entry->operation) {
    case XY_COMMAND_CREATE:
        created(controller, entry, &(xy_message){.status = XYLEM_UNAVAILABLE});
        break;
    case XY_COMMAND_REMOVE:
        removed(controller, entry, XYLEM_TIMED_OUT);
        break;
    case XY_COMMAND_WAIT:
        answer(controller, entry->request, XYLEM_TIMED_OUT);
        break;
    default:
        answer(controller, entry->request, XYLEM_UNAVAILABLE);
    }
}

static void hear(xy_controller *controller, const xy_event *event, int64_t now_ms)
{
    xy_message message;
    if (xy_message_decode(&message, event->bytes, event->size))
        xy_branch_hear(&controller->branch, event->peer, &message, now_ms);
}

void xy_controller_step(xy_controller *controller, const xy_event *event, int64_t now_ms)
{
    xy_pending_entry entry;
    controller->now_ms = now_ms;
    if (event->kind == XY_EVENT_FRAME)
        hear(controller, event, now_ms);
    else
        xy_branch_event(&controller->branch, event, now_ms);
    while (event->kind == XY_EVENT_TICK &&
           xy_pending_take_due(&controller->waiting, now_ms, &entry))
        expire(controller, &entry);
    end_if_done(controller);
}

int64_t xy_controller_deadline(const xy_controller *controller)
{
    int64_t below = xy_branch_deadline(&controller->branch);
    int64_t waiting = xy_pending_deadline(&controller->waiting);
    return waiting < below ? waiting : below;
}

bool xy_controller_init(xy_controller *controller, int64_t timeout_ms, int64_t heartbeat_ms)
{
    *controller = (xy_controller){.timeout_ms = timeout_ms};
    if (!xy_branch_init(&controller->branch, XY_NO_ID, &controller->out, up, controller))
        return false;
    xy_branch_pace(&controller->branch, heartbeat_ms, 0);
    return true;
}

void xy_controller_clear(xy_controller *controller)
{
    if (controller->tree.root)
        xy_tree_prune(&controller->tree, controller->tree.root);
    xy_pending_clear(&controller->waiting);
    xy_parcels_clear(&controller->arriving);
    xy_branch_clear(&controller->branch);
    xy_actions_clear(&controller->out);
}

static void step(void *self, const xy_event *event, int64_t now_ms)
{
    xy_controller_step(self, event, now_ms);
}

static int64_t deadline(const void *self)
{
    return xy_controller_deadline(self);
}

xy_machine xy_controller_machine(xy_controller *controller)
{
    return (xy_machine){controller, step, deadline, &controller->out};
}
