/* What services have saved, for the next lives of their nodes. */
#include "core/controller_parts.h"

#include <string.h>

bool xy_saving_is_used(void *owner, int64_t id)
{
    const xy_controller *controller = owner;
    return xy_map_find(&controller->map, id);
}

/* Of a life that is on the map, alive or not. The states of one life may come out of order, over
 * more than one way. */
void xy_hear_state(xy_controller *controller, const xy_message *state)
{
    xy_map_node *node = xy_map_of_life(&controller->map, state->life);
    if (!node || node->id != state->id || (uint64_t)state->value <= node->saved)
        return;
    const xy_random random = xy_random_of(controller, node->life);
    if (state->number.tag != xy_random_at(&random, XY_STREAM_STATE, 0))
        return;
    node->saved = (uint64_t)state->value;
    if (state->status)
        controller->states.lost++;
    else
        xy_states_keep(&controller->states, node->id, node->service, xy_message_payload(state),
                       state->payload_size);
}

void xy_give_saved(const xy_controller *controller, const xy_map_node *node, xy_birth *birth)
{
    const xy_saved *saved =
        node->fresh ? NULL : xy_states_find(&controller->states, node->id, node->service);
    if (!saved)
        return;
    birth->has_saved = true;
    birth->saved = saved->bytes.bytes;
    birth->saved_size = saved->bytes.size;
}

void xy_begin_saving(xy_controller *controller, xy_map_node *node)
{
    if (node->fresh || !xy_states_find(&controller->states, node->id, node->service))
        xy_states_forget(&controller->states, node->id);
    node->fresh = false;
}
