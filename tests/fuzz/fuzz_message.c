/* The decoder: what it takes is within its bounds, and is encoded as the same bytes. */
#include <string.h>

#include "core/message.h"
#include "fuzz.h"

static void check_bounds(const xy_message *message, const uint8_t *frame, size_t size)
{
    must(message->kind >= XY_HELLO && message->kind < XY_KIND_END);
    must(message->status >= XYLEM_OK && message->status < XYLEM_ERROR_COUNT);
    must(message->id >= 0 && message->value >= 0);
    must(message->value <= XY_INTERVAL_MAX_MS ||
         (message->kind != XY_WELCOME && message->kind != XY_PACE));
    must(message->payload_size <= XY_MESSAGE_PAYLOAD_MAX);
    must(message->payload == frame + XY_MESSAGE_HEADER);
    must(xy_message_size(message) == size);
}

static void check_code(const xy_message *message)
{
    if (message->kind == XY_REQUEST)
        must(message->code >= XY_CREATE && message->code < XY_OPERATION_END);
    else if (message->kind == XY_CHANGE)
        must(message->code >= XY_CHANGE_LOST && message->code < XY_CHANGE_END);
    else
        must(message->code == 0);
}

static void check_part(const xy_message *message)
{
    bool exec = message->kind == XY_REQUEST && message->code == XY_EXEC;
    must(message->part <= (XY_PART_MORE | XY_PART_CONTINUED));
    must(message->part == 0 || exec || message->kind == XY_REPLY);
}

static void check_service(const xy_message *message)
{
    bool create = message->kind == XY_REQUEST && message->code == XY_CREATE;
    must(!create || message->payload_size < XYLEM_SERVICE_NAME_SIZE);
}

static void check_encoding(const xy_message *message, const uint8_t *frame, size_t size)
{
    uint8_t *encoded = malloc(size);
    must(encoded);
    xy_message_encode(message, encoded);
    must(memcmp(encoded, frame, size) == 0);
    free(encoded);
}

static void check_untouched(const xy_message *message)
{
    xy_message blank;
    memset(&blank, 0x5A, sizeof blank);
    must(memcmp(message, &blank, sizeof blank) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    xy_message message;
    memset(&message, 0x5A, sizeof message);
    if (!xy_message_decode(&message, bytes, size)) {
        check_untouched(&message);
        return 0;
    }
    check_bounds(&message, bytes, size);
    check_code(&message);
    check_part(&message);
    check_service(&message);
    check_encoding(&message, bytes, size);
    return 0;
}
