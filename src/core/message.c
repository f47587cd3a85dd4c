#include "core/message.h"

#include <string.h>

static uint8_t *put(uint8_t *at, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (uint8_t)(number >> (8 * i));
    return at;
}

static uint64_t get(const uint8_t **at, int bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | *(*at)++;
    return number;
}

size_t xy_message_size(const xy_message *message)
{
    return XY_MESSAGE_HEADER + (size_t)message->payload_size;
}

void xy_message_encode(const xy_message *message, uint8_t *frame)
{
    uint8_t *at = frame;
    *at++ = 'x';
    *at++ = 'y';
    *at++ = XY_MESSAGE_VERSION;
    *at++ = (uint8_t)message->kind;
    *at++ = message->code;
    *at++ = 0;
    at = put(at, (uint64_t)message->status, 2);
    at = put(at, message->request, 8);
    at = put(at, (uint64_t)message->id, 8);
    at = put(at, message->incarnation, 8);
    at = put(at, (uint64_t)message->value, 8);
    at = put(at, message->budget_ms, 4);
    at = put(at, message->payload_size, 4);
    if (message->payload_size > 0)
        memcpy(at, message->payload, message->payload_size);
}

static bool code_fits(const xy_message *message)
{
    switch (message->kind) {
    case XY_REQUEST:
        return message->code >= XY_CREATE && message->code < XY_OPERATION_END;
    case XY_CHANGE:
        return message->code >= XY_CHANGE_LOST && message->code < XY_CHANGE_END;
    default:
        return message->code == 0;
    }
}

static bool value_fits(const xy_message *message)
{
    bool interval = message->kind == XY_WELCOME || message->kind == XY_PACE;
    return message->value >= 0 && (!interval || message->value <= XY_INTERVAL_MAX_MS);
}

static bool payload_fits(const xy_message *message)
{
    bool any =
        message->kind == XY_HELLO || message->kind == XY_REQUEST || message->kind == XY_REPLY;
    return message->payload_size <= (any ? XY_MESSAGE_PAYLOAD_MAX : 0);
}

static bool well_formed(const xy_message *message, size_t size)
{
    return message->kind >= XY_HELLO && message->kind < XY_KIND_END && code_fits(message) &&
           message->status < XYLEM_ERROR_COUNT && message->id >= 0 && value_fits(message) &&
           payload_fits(message) && xy_message_size(message) == size;
}

bool xy_message_decode(xy_message *message, const void *frame, size_t size)
{
    const uint8_t *at = frame;
    if (size < XY_MESSAGE_HEADER || memcmp(at, "xy", 2) != 0 || at[2] != XY_MESSAGE_VERSION ||
        at[5] != 0)
        return false;
    xy_message read = {.kind = (xy_kind)at[3], .code = at[4]};
    at += 6;
    read.status = (int)get(&at, 2);
    read.request = get(&at, 8);
    read.id = (int64_t)get(&at, 8);
    read.incarnation = get(&at, 8);
    read.value = (int64_t)get(&at, 8);
    read.budget_ms = (uint32_t)get(&at, 4);
    read.payload_size = (uint32_t)get(&at, 4);
    read.payload = at;
    if (!well_formed(&read, size))
        return false;
    *message = read;
    return true;
}
