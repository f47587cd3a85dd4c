/* A life: from its start until it has attached for the first time.
 *
 *     START -----------------------> STARTED (its key)
 *     it attaches to its parent ---> it is there
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <string.h>

xy_request *xy_create_request(const xy_map_node *node)
{
    xy_request *first = node->requests;
    return first && !xy_is_errand(first) && first->kind == XY_COMMAND_CREATE ? first : NULL;
}

/* The end of a create that has failed. */

/* A create that has failed is answered when the end of its node is known, or soon, and in time in
 * any case. */
static void fail_with(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                      size_t size, xy_queue *out)
{
    xy_request *request = xy_create_request(node);
    int64_t soon_ms = controller->now_ms + XY_GRACE_MS, due_ms = request->value;
    request->status = status;
    xy_buffer_add(&request->reason, reason, size); /* without memory only the status tells why */
    xy_table_reschedule(&controller->requests.table, &request->slot,
                        soon_ms < due_ms ? soon_ms : due_ms);
    xy_removal_begin(controller, node, -1, out);
}

static void fail(xy_controller *controller, xy_map_node *node, int status, xy_queue *out)
{
    fail_with(controller, node, status, NULL, 0, out);
}

void xy_create_ended(xy_controller *controller, xy_map_node *node, const xy_event *event,
                     xy_queue *out)
{
    const char *reason = event->ended.reason;
    xy_end_request(controller, xy_create_request(node), XYLEM_CANNOT_START, 0, reason,
                   strlen(reason), out);
    node->dead = true;
    xy_removal_begin(controller, node, -1, out);
}

/* Before the asker gives up: so it learns that it is the node, not the way, that hangs. */
void xy_create_expired(xy_controller *controller, xy_request *request, xy_queue *out)
{
    static const char late[] = "the node did not answer within three quarters of the timeout";
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    assert(node);
    if (node->stage == XY_STAGE_ENDING)
        xy_removal_expired(controller, request, out);
    else if (xy_is_told(node) || (controller->keyed && !node->started))
        fail_with(controller, node, XYLEM_CANNOT_START, late, sizeof late - 1, out);
    else
        fail(controller, node, XYLEM_PARENT_UNAVAILABLE, out);
}

void xy_create_orphaned(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    fail(controller, node, XYLEM_PARENT_UNAVAILABLE, out);
}

void xy_create_refused(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                       size_t size, xy_queue *out)
{
    fail_with(controller, node, status, reason, size, out);
}

/* The way there. */

void xy_create_give_time(xy_controller *controller, xy_map_node *node)
{
    xy_request *request = xy_create_request(node);
    int64_t due_ms = request->value;
    xy_table_reschedule(&controller->requests.table, &request->slot,
                        due_ms - (due_ms - controller->now_ms) / 4);
}

void xy_create_started(xy_controller *controller, xy_map_node *node, const xy_event *event,
                       xy_queue *out)
{
    size_t size = strlen(event->started.key);
    assert(size < XY_KEY_SIZE);
    node->started = true;
    node->pid = event->started.pid;
    memcpy(node->key, event->started.key, size + 1);
    int error = xy_attach_keyed(controller, node, out);
    if (error && node->stage == XY_STAGE_STARTING)
        fail(controller, node, error, out);
    else if (error)
        xy_retry_later(controller);
}

void xy_create_attached(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    node->stage = XY_STAGE_PRESENT;
    node->available = node->told = !node->linked.parent || node->linked.parent->available;
    node->reachable = !node->linked.parent || node->linked.parent->reachable;
    xy_begin_saving(controller, node);
    xy_end_request(controller, xy_create_request(node), XYLEM_OK, node->pid, NULL, 0, out);
    xy_answer_waits(controller, out);
}

/* The command. */

/* Where a shape arranges itself, or is repaired, a node may begin below any other. */
static int place(const xy_controller *controller, const xy_command *command, xy_map_node **parent)
{
    xy_wish wish = {.kind = command->parent == XY_PARENT_ANY          ? XY_WISH_ANY
                            : command->parent == XY_PARENT_CONTROLLER ? XY_WISH_CONTROLLER
                                                                      : XY_WISH_NODE,
                    .id = command->parent};
    if (xy_map_find(&controller->map, command->id))
        return XYLEM_EXISTS;
    int error = controller->topology->place(&controller->map, command->id, &wish, parent);
    if (error)
        return error;
    if (!controller->topology->arranges && *parent &&
        ((*parent)->stage != XY_STAGE_PRESENT || !(*parent)->available))
        return XYLEM_PARENT_UNAVAILABLE;
    return XYLEM_OK;
}

/* Puts a new node on the map, with a life. */
static xy_map_node *enter(xy_controller *controller, const xy_command *command, xy_map_node *parent)
{
    xy_life life = {++controller->life};
    xy_map_node *node = xy_map_add(&controller->map, command->id, life, parent);
    if (!node)
        return NULL;
    node->fresh = command->fresh;
    assert(command->size < sizeof node->service);
    if (command->size > 0)
        memcpy(node->service, command->text, command->size);
    node->combines = command->combines;
    if (command->arguments_size > 0 &&
        !xy_buffer_add(&node->arguments, command->arguments, command->arguments_size)) {
        xy_map_prune(&controller->map, node);
        return NULL;
    }
    controller->topology->join(&controller->map, node);
    return node;
}

static void take_off_the_map(xy_controller *controller, xy_map_node *node)
{
    controller->topology->leave(&controller->map, node);
    xy_map_prune(&controller->map, node);
}

xy_random xy_random_of(const xy_controller *controller, xy_life life)
{
    xy_random random;
    for (uint64_t i = 0; i < 2; i++)
        random.key[i] = xy_random_at(&controller->random, XY_STREAM_SERVICE, 2 * life.number + i);
    return random;
}

int xy_start(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_birth birth = {.id = node->id,
                      .life = node->life,
                      .random = xy_random_of(controller, node->life),
                      .arguments = node->arguments.bytes,
                      .arguments_size = node->arguments.size};
    xy_action action = {.kind = XY_ACTION_START};
    xy_secret_of(controller, node->life, birth.secret);
    xy_give_saved(controller, node, &birth);
    memcpy(birth.service, node->service, XY_SERVICE_NAME_SIZE);
    if (!xy_birth_copy(&action.start, &birth))
        return XYLEM_NO_MEMORY;
    return xy_queue_push(out, &action) ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void begin(xy_controller *controller, const xy_command *command, xy_map_node *node,
                  xy_queue *out)
{
    xy_request *request = xy_accept(controller, command, node, out);
    if (!request) {
        take_off_the_map(controller, node);
        return;
    }
    controller->creating++;
    request->value = request->slot.deadline_ms;
    if (controller->keyed) /* it has to say that it has started, before its parent is asked */
        xy_create_give_time(controller, node);
    int error = xy_start(controller, node, out);
    if (error) {
        xy_end_request(controller, request, error, 0, NULL, 0, out);
        take_off_the_map(controller, node);
        return;
    }
    error = xy_attach(controller, node, xy_parent_for(node), out);
    if (error)
        fail(controller, node, error, out);
}

void xy_create(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    static const char too_deep[] =
        "the node would be too deep in the tree: the way to it is longer than 65535 bytes";
    xy_map_node *parent = NULL;
    int error = place(controller, command, &parent);
    if (!error && xy_route_size_below(parent) > XY_MESSAGE_ROUTE_MAX) {
        xy_answer_with(controller, controller->command, XYLEM_CANNOT_START, 0, too_deep,
                       sizeof too_deep - 1, out);
        return;
    }
    xy_map_node *node = error ? NULL : enter(controller, command, parent);
    if (node)
        begin(controller, command, node, out);
    else
        xy_answer(controller, controller->command, error ? error : XYLEM_NO_MEMORY, out);
}
