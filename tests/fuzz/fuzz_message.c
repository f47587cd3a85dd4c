/* The decoder: what it takes is within its bounds, is encoded as the same bytes, and its route can
 * be followed to the end from frame to frame.
 */
#include <string.h>

#include "core/message.h"
#include "fuzz.h"

static void check_bounds(const xy_message *message, const uint8_t *frame, size_t size)
{
    must(message->kind >= XY_HELLO && message->kind < XY_KIND_END);
    must(message->status >= XYLEM_OK && message->status < XY_ERROR_COUNT);
    must(message->id >= 0 && message->value >= 0);
    must(message->value <= XY_INTERVAL_MAX_MS ||
         (message->kind != XY_WELCOME && message->kind != XY_INTERVAL));
    must(message->payload_size <= XY_MESSAGE_PAYLOAD_MAX);
    must(message->route_offset <= message->route_size);
    must(message->route_size == 0 || message->kind == XY_REQUEST);
    must(message->body == frame + XY_MESSAGE_HEADER);
    must(xy_message_size(message) == size);
    if (message->payload_size > 0)
        must(xy_message_payload(message) == frame + size - message->payload_size);
}

static void check_code(const xy_message *message)
{
    bool cast = message->kind == XY_CAST, merged = message->kind == XY_MERGED;
    bool exec = (message->kind == XY_REQUEST || cast) && message->code == XY_EXEC;
    exec = exec || (message->kind == XY_REQUEST && message->code == XY_STREAM);
    if (message->kind == XY_REQUEST || cast)
        must(message->code >= XY_EXPECT && message->code < XY_OPERATION_END);
    else if (message->kind == XY_CHANGE)
        must(message->code >= XY_CHANGE_SILENT && message->code < XY_CHANGE_END);
    else
        must(message->code < (message->kind == XY_REPLY ? XY_ANSWER_END : 1));
    must(message->part <= (XY_PART_MORE | XY_PART_CONTINUED));
    must(message->part == 0 || exec || merged ||
         (message->kind == XY_REPLY && message->code == XY_ANSWER));
    must(message->keep == 0 || exec || (cast && message->code == XY_PING) ||
         (message->kind == XY_REQUEST && message->code == XY_RECALL) ||
         (message->kind == XY_REPLY && message->code == XY_ANSWER));
}

/* A hello has a secret and nothing else, a change says all in its header, and a state has a bound.
 */
static void check_payload(const xy_message *message)
{
    if (message->kind == XY_HELLO)
        must(message->payload_size == XY_SECRET_SIZE);
    if (message->kind == XY_CHANGE)
        must(message->payload_size == 0);
    if (message->kind == XY_STATE)
        must(message->payload_size <= XYLEM_STATE_MAX);
    if (message->kind == XY_CHUNK)
        must(message->payload_size <= XYLEM_CHUNK_MAX);
}

static void check_encoding(const xy_message *message, const uint8_t *frame, size_t size)
{
    uint8_t *encoded = malloc(size);
    must(encoded);
    xy_message_encode(message, encoded);
    must(memcmp(encoded, frame, size) == 0);
    free(encoded);
}

/* Each step is marked in the frame, and read from it again. */
static void check_route(const uint8_t *frame, size_t size)
{
    uint8_t *copy = malloc(size);
    xy_message message;
    xy_link_number next;
    must(copy);
    memcpy(copy, frame, size);
    must(xy_message_decode(&message, copy, size));
    for (unsigned left = message.route_size; xy_message_next(&message, &next); left--) {
        must(left > 0 && message.route_offset <= message.route_size);
        must(message.link.number == next.number);
        xy_message_mark(&message, copy);
        must(xy_message_decode(&message, copy, size));
        must(message.link.number == next.number);
    }
    free(copy);
}

static void check_expectation(const xy_message *message)
{
    xy_expectation expectation;
    uint8_t bytes[XY_EXPECTATION_SIZE];
    if (message->kind != XY_REQUEST || message->code != XY_EXPECT)
        return;
    const uint8_t *payload = xy_message_payload(message);
    must(message->payload_size == XY_EXPECTATION_SIZE);
    if (!xy_expectation_decode(&expectation, payload, message->payload_size))
        return;
    must(expectation.id >= 0 && expectation.child.role == XY_CHILD);
    must(memchr(expectation.key, 0, XY_KEY_SIZE) != NULL);
    xy_expectation_encode(&expectation, bytes);
    must(memcmp(bytes, payload, sizeof bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    xy_message message;
    if (!xy_message_decode(&message, bytes, size))
        return 0;
    check_bounds(&message, bytes, size);
    check_code(&message);
    check_payload(&message);
    check_encoding(&message, bytes, size);
    check_route(bytes, size);
    check_expectation(&message);
    return 0;
}
