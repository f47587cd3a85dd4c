#include "core/machine.h"

#include <string.h>

#include "core/memory.h"

xy_urgency xy_action_urgency(const xy_action *action)
{
    bool awaited = action->message.kind == XY_REQUEST && action->message.request != 0;
    if (action->lossy)
        return XY_LOSSY;
    return awaited ? XY_REFUSABLE : XY_VITAL;
}

static xy_action *at(const xy_actions *actions, size_t index)
{
    return &actions->items[(actions->head + index) % actions->capacity];
}

bool xy_actions_reserve(xy_actions *actions, size_t room)
{
    size_t wanted = actions->count + room;
    if (wanted <= actions->capacity)
        return true;
    if (wanted < 2 * actions->capacity)
        wanted = 2 * actions->capacity;
    xy_action *items = xy_allocate(wanted, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < actions->count; i++)
        items[i] = *at(actions, i);
    xy_release(actions->items);
    actions->items = items;
    actions->head = 0;
    actions->capacity = wanted;
    return true;
}

bool xy_actions_push(xy_actions *actions, const xy_action *action)
{
    if (!xy_actions_reserve(actions, 1))
        return false;
    xy_action copy = *action;
    copy.message.payload = NULL;
    if (copy.message.payload_size > 0) {
        uint8_t *payload = xy_resize(NULL, (size_t)copy.message.payload_size + 1);
        if (!payload)
            return false;
        memcpy(payload, action->message.payload, copy.message.payload_size);
        payload[copy.message.payload_size] = 0;
        copy.message.payload = payload;
    }
    *at(actions, actions->count++) = copy;
    return true;
}

bool xy_actions_push_owned(xy_actions *actions, const xy_action *action)
{
    xy_action owner = *action;
    if (!xy_actions_reserve(actions, 1)) {
        xy_action_clear(&owner);
        return false;
    }
    *at(actions, actions->count++) = owner;
    return true;
}

bool xy_actions_pop(xy_actions *actions, xy_action *action)
{
    if (actions->count == 0)
        return false;
    *action = *at(actions, 0);
    actions->head = (actions->head + 1) % actions->capacity;
    actions->count--;
    return true;
}

void xy_action_clear(xy_action *action)
{
    xy_release((void *)(uintptr_t)action->message.payload);
    action->message.payload = NULL;
    action->message.payload_size = 0;
}

void xy_actions_clear(xy_actions *actions)
{
    xy_action action;
    while (xy_actions_pop(actions, &action))
        xy_action_clear(&action);
    xy_release(actions->items);
    *actions = (xy_actions){0};
}
