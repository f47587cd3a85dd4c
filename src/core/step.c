#include "core/step.h"

#include <assert.h>
#include <string.h>

#include "core/buffer.h"
#include "core/chunks.h"
#include "core/memory.h"

/* NULL also when there are none. False when there is no memory. */
static bool copy_bytes(const uint8_t **copy, const uint8_t *bytes, size_t size)
{
    xy_buffer buffer = {0};
    bool copied = size == 0 || xy_buffer_add(&buffer, bytes, size);
    *copy = xy_buffer_take(&buffer);
    return copied;
}

bool xy_birth_copy(xy_birth *copy, const xy_birth *birth)
{
    *copy = *birth;
    copy->saved = NULL;
    if (copy_bytes(&copy->arguments, birth->arguments, birth->arguments_size) &&
        copy_bytes(&copy->saved, birth->saved, birth->saved_size))
        return true;
    xy_birth_clear(copy);
    return false;
}

void xy_birth_clear_saved(xy_birth *copy)
{
    xy_release((void *)(uintptr_t)copy->saved);
    copy->saved = NULL;
    copy->saved_size = 0;
    copy->has_saved = false;
}

void xy_birth_clear(xy_birth *copy)
{
    xy_release((void *)(uintptr_t)copy->arguments);
    copy->arguments = NULL;
    copy->arguments_size = 0;
    xy_birth_clear_saved(copy);
}

xy_urgency xy_message_urgency(const xy_message *message)
{
    bool asked = message->kind == XY_REQUEST && message->number.request != 0;
    bool ask = message->kind == XY_ASK && message->payload_size > 0;
    bool chunk = message->kind == XY_CHUNK && message->payload_size > 0;
    return asked || ask || chunk || message->kind == XY_CAST ? XY_REFUSABLE : XY_VITAL;
}

/* Frames have few sizes: so the memory of one that has come is used for the next one that goes. */
static size_t rounded(size_t size)
{
    enum { UNIT = 128 };
    return (size + UNIT - 1) / UNIT * UNIT;
}

uint8_t *xy_action_room(xy_action *send, size_t size)
{
    uint8_t *frame = xy_resize(NULL, rounded(XY_MESSAGE_HEADER + size));
    uint8_t *body = frame ? frame + XY_MESSAGE_HEADER : NULL;
    assert(send->kind == XY_ACTION_SEND);
    send->send.frame = frame;
    send->send.lent = NULL;
    send->send.message.body = body;
    return body;
}

bool xy_action_own(xy_action *send, const uint8_t *route, const void *payload, size_t size)
{
    xy_message *message = &send->send.message;
    size_t route_size = route ? message->route_size : 0;
    uint8_t *body = NULL;
    assert(send->kind == XY_ACTION_SEND && size <= XY_MESSAGE_PAYLOAD_MAX);
    message->body = send->send.frame = NULL;
    send->send.lent = NULL;
    if (route_size + size > 0 && !(body = xy_action_room(send, route_size + size)))
        return false;
    if (body && route_size > 0)
        memcpy(body, route, route_size);
    if (body && size > 0)
        memcpy(body + route_size, payload, size);
    message->route_size = (uint16_t)route_size;
    message->payload_size = (uint32_t)size;
    return true;
}

bool xy_action_gather(xy_action *action)
{
    xy_message *message = &action->send.message;
    if (action->kind != XY_ACTION_SEND || !action->send.lent)
        return true;
    uint8_t *before = action->send.frame;
    bool gathered = xy_action_own(action, message->body, action->send.lent, message->payload_size);
    if (!gathered) {
        message->route_size = message->route_offset = 0;
        message->payload_size = 0;
    }
    xy_release(before);
    return gathered;
}

xy_event xy_reported_event(const xy_action *action)
{
    xy_event event = {.kind = XY_EVENT_EXPECTED};
    if (action->kind == XY_ACTION_EXPECTED) {
        event.expected.life = action->expected.life;
        event.expected.link = action->expected.link;
        event.expected.tag = action->expected.tag;
        return event;
    }
    assert(action->kind == XY_ACTION_ATTACHED);
    event.kind = XY_EVENT_ATTACHED;
    event.attached.life = action->attached.life;
    event.attached.link = action->attached.link;
    event.attached.address = action->attached.address;
    return event;
}

/* Makes room for one more action besides those that are there and those that are promised. */
static bool make_room(xy_queue *queue)
{
    size_t needed = queue->actions.count + queue->promised;
    assert(needed <= queue->actions.capacity);
    queue->actions.item_size = sizeof(xy_action);
    return xy_ring_reserve(&queue->actions, needed + 1);
}

bool xy_queue_promise(xy_queue *queue)
{
    bool room = make_room(queue);
    queue->promised += room;
    return room;
}

void xy_queue_take_back(xy_queue *queue, size_t promises)
{
    assert(promises <= queue->promised);
    queue->promised -= promises;
}

/* There is room for it. */
static xy_action *append(xy_queue *queue)
{
    return xy_ring_at(&queue->actions, queue->actions.count++);
}

xy_action *xy_queue_add(xy_queue *queue, xy_action_kind kind)
{
    if (!make_room(queue))
        return NULL;
    xy_action *added = append(queue);
    added->kind = kind;
    return added;
}

bool xy_queue_push(xy_queue *queue, const xy_action *action)
{
    if (make_room(queue)) {
        *append(queue) = *action;
        return true;
    }
    xy_action owner = *action;
    xy_action_clear(&owner);
    return false;
}

void xy_queue_keep(xy_queue *queue, const xy_action *action)
{
    assert(queue->promised > 0);
    queue->promised--;
    *append(queue) = *action;
}

bool xy_queue_pop(xy_queue *queue, xy_action *action)
{
    bool popped = xy_ring_pop(&queue->actions, action);
    if (popped)
        xy_action_gather(action);
    return popped;
}

xy_action *xy_queue_take(xy_queue *queue)
{
    return xy_ring_take(&queue->actions);
}

void xy_queue_drop(xy_queue *queue)
{
    xy_action_clear(queue->actions.in_hand);
    xy_ring_drop(&queue->actions);
}

void xy_action_clear(xy_action *action)
{
    if (action->kind == XY_ACTION_SEND)
        xy_release(action->send.frame);
    else if (action->kind == XY_ACTION_WORK)
        xy_release(action->work.text);
    else if (action->kind == XY_ACTION_COMBINE)
        xy_release(action->combine.texts);
    else if (action->kind == XY_ACTION_REPLY)
        xy_release(action->reply.text);
    else if (action->kind == XY_ACTION_ANSWERED)
        xy_release(action->answered.outcomes);
    else if (action->kind == XY_ACTION_NEIGHBOURS)
        xy_release(action->neighbours.children);
    else if (action->kind == XY_ACTION_CHUNK)
        xy_chunk_free(action->chunk.chunk);
    else if (action->kind == XY_ACTION_START)
        xy_birth_clear(&action->start);
    action->kind = XY_ACTION_STOP; /* which owns nothing */
}

void xy_queue_clear(xy_queue *queue)
{
    assert(queue->promised == 0);
    if (queue->actions.in_hand)
        xy_queue_drop(queue);
    while (xy_queue_take(queue))
        xy_queue_drop(queue);
    xy_ring_clear(&queue->actions);
}
