#include "core/message.h"

#include <string.h>

/* Numbers in network order. Compilers make one instruction or two of each. */

static void put16(uint8_t *at, uint64_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint64_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

static void put64(uint8_t *at, uint64_t number)
{
    put32(at, number >> 32);
    put32(at + 4, number);
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

size_t xy_message_size(const xy_message *message)
{
    return XY_MESSAGE_HEADER + (size_t)message->payload_size;
}

void xy_message_encode(const xy_message *message, uint8_t *frame)
{
    frame[0] = 'x';
    frame[1] = 'y';
    frame[2] = XY_MESSAGE_VERSION;
    frame[3] = (uint8_t)message->kind;
    frame[4] = message->code;
    frame[5] = message->part;
    put16(frame + 6, (uint64_t)message->status);
    put64(frame + 8, message->request);
    put64(frame + 16, (uint64_t)message->id);
    put64(frame + 24, message->incarnation);
    put64(frame + 32, (uint64_t)message->value);
    put32(frame + 40, message->budget_ms);
    put32(frame + 44, message->payload_size);
    if (message->payload_size > 0)
        memcpy(frame + XY_MESSAGE_HEADER, message->payload, message->payload_size);
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

static bool part_fits(const xy_message *message)
{
    bool divisible =
        message->kind == XY_REPLY || (message->kind == XY_REQUEST && message->code == XY_EXEC);
    return message->part <= (divisible ? XY_PART_MORE | XY_PART_CONTINUED : 0);
}

static bool value_fits(const xy_message *message)
{
    bool interval = message->kind == XY_WELCOME || message->kind == XY_PACE;
    return message->value >= 0 && (!interval || message->value <= XY_INTERVAL_MAX_MS);
}

static uint32_t payload_max(const xy_message *message)
{
    if (message->kind == XY_REQUEST && message->code == XY_CREATE)
        return XYLEM_SERVICE_NAME_SIZE - 1;
    bool any =
        message->kind == XY_HELLO || message->kind == XY_REQUEST || message->kind == XY_REPLY;
    return any ? XY_MESSAGE_PAYLOAD_MAX : 0;
}

static bool well_formed(const xy_message *message, size_t size)
{
    return message->kind >= XY_HELLO && message->kind < XY_KIND_END && code_fits(message) &&
           part_fits(message) && message->status < XYLEM_ERROR_COUNT && message->id >= 0 &&
           value_fits(message) && message->payload_size <= payload_max(message) &&
           xy_message_size(message) == size;
}

bool xy_message_decode(xy_message *message, const void *frame, size_t size)
{
    const uint8_t *at = frame;
    if (size < XY_MESSAGE_HEADER || memcmp(at, "xy", 2) != 0 || at[2] != XY_MESSAGE_VERSION)
        return false;
    xy_message read = {.kind = (xy_kind)at[3],
                       .code = at[4],
                       .part = at[5],
                       .status = get16(at + 6),
                       .request = get64(at + 8),
                       .id = (int64_t)get64(at + 16),
                       .incarnation = get64(at + 24),
                       .value = (int64_t)get64(at + 32),
                       .budget_ms = get32(at + 40),
                       .payload_size = get32(at + 44),
                       .payload = at + XY_MESSAGE_HEADER};
    if (!well_formed(&read, size))
        return false;
    *message = read;
    return true;
}
