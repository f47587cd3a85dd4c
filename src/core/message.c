#include "core/message.h"

#include <assert.h>
#include <string.h>

#include "core/chunks.h"
#include "core/varint.h"

/* Numbers in network order. Compilers make one instruction or two of each, where it is used. */

static inline void put16(uint8_t *at, uint64_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static inline void put32(uint8_t *at, uint64_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

static inline void put64(uint8_t *at, uint64_t number)
{
    put32(at, number >> 32);
    put32(at + 4, number);
}

static inline uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static inline uint64_t get64(const uint8_t *at)
{
    return (uint64_t)get32(at) << 32 | get32(at + 4);
}

bool xy_peer_is(const xy_peer *a, const xy_peer *b)
{
    return a->role == b->role && a->link.number == b->link.number && a->tag == b->tag;
}

const uint8_t *xy_message_payload(const xy_message *message)
{
    return message->payload_size > 0 ? message->body + message->route_size : NULL;
}

/* Frames. */

enum { LINK_AT = 48, OFFSET_AT = 66, KEEP_AT = 68 };

size_t xy_message_size(const xy_message *message)
{
    return XY_MESSAGE_HEADER + (size_t)message->route_size + message->payload_size;
}

void xy_message_mark(const xy_message *message, uint8_t *frame)
{
    put64(frame + LINK_AT, message->link.number);
    put16(frame + OFFSET_AT, message->route_offset);
}

void xy_message_encode(const xy_message *message, uint8_t *frame)
{
    size_t body = xy_message_size(message) - XY_MESSAGE_HEADER;
    assert(message->body || body == 0);
    assert(message->route_offset <= message->route_size);
    frame[0] = 'x';
    frame[1] = 'y';
    frame[2] = XY_MESSAGE_VERSION;
    frame[3] = (uint8_t)message->kind;
    frame[4] = message->code;
    frame[5] = message->part;
    put16(frame + 6, (uint64_t)message->status);
    put64(frame + 8, message->number.request);
    put64(frame + 16, message->number.tag);
    put64(frame + 24, (uint64_t)message->id);
    put64(frame + 32, message->life.number);
    put64(frame + 40, (uint64_t)message->value);
    put32(frame + 56, message->budget_ms);
    put32(frame + 60, message->payload_size);
    put16(frame + 64, message->route_size);
    put32(frame + KEEP_AT, message->keep);
    xy_message_mark(message, frame);
    if (body > 0 && message->body != frame + XY_MESSAGE_HEADER)
        memcpy(frame + XY_MESSAGE_HEADER, message->body, body);
}

/* What a kind of message may carry, with its code. */
typedef struct form {
    bool known;
    uint8_t part_max;
    uint16_t route_max;
    uint32_t payload_min, payload_max, keep_max;
    int64_t value_max;
} form;

enum { PART_MAX = XY_PART_MORE | XY_PART_CONTINUED };

#define PLAIN .known = true, .value_max = INT64_MAX
#define TIMED .known = true, .value_max = XY_INTERVAL_MAX_MS
#define TEXT  .part_max = PART_MAX, .payload_max = XY_MESSAGE_PAYLOAD_MAX

static const form *form_of(unsigned kind, unsigned code)
{
    static const form others[XY_KIND_END] = {
        [XY_HELLO] = {PLAIN, .payload_min = XY_SECRET_SIZE, .payload_max = XY_SECRET_SIZE},
        [XY_WELCOME] = {TIMED},
        [XY_HEARTBEAT] = {PLAIN},
        [XY_INTERVAL] = {TIMED},
        [XY_REPORT] = {PLAIN},
        [XY_MERGED] = {PLAIN, TEXT},
        [XY_ASK] = {PLAIN, .payload_max = XY_MESSAGE_PAYLOAD_MAX},
        [XY_STATE] = {PLAIN, .payload_max = XYLEM_STATE_MAX},
        [XY_CHUNK] = {PLAIN, .payload_max = XY_PUBLICATION_MAX}};
    static const form replies[XY_ANSWER_END] = {[XY_ANSWER] = {PLAIN, TEXT, .keep_max = UINT32_MAX},
                                                [XY_ANSWER_UNDELIVERED] = {PLAIN},
                                                [XY_ANSWER_HERE] = {PLAIN},
                                                [XY_ANSWER_MISSING] = {PLAIN}};
    static const form requests[XY_OPERATION_END] = {
        [XY_EXPECT] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX, .payload_min = XY_EXPECTATION_SIZE,
                       .payload_max = XY_EXPECTATION_SIZE},
        [XY_LET_GO] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX},
        [XY_EXEC] = {PLAIN, TEXT, .route_max = XY_MESSAGE_ROUTE_MAX, .keep_max = UINT32_MAX},
        [XY_RECALL] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX, .keep_max = UINT32_MAX},
        [XY_PING] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX},
        [XY_CANCEL] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX},
        [XY_ANSWERED] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX,
                         .payload_max = XY_MESSAGE_PAYLOAD_MAX},
        [XY_STREAM] = {PLAIN, TEXT, .route_max = XY_MESSAGE_ROUTE_MAX, .keep_max = UINT32_MAX},
        [XY_TAKEN] = {PLAIN, .route_max = XY_MESSAGE_ROUTE_MAX, .payload_min = XY_TAKEN_SIZE,
                      .payload_max = XY_TAKEN_SIZE}};
    static const form changes[XY_CHANGE_END] = {
        [XY_CHANGE_SILENT] = {PLAIN}, [XY_CHANGE_BACK] = {PLAIN}};
    static const form casts[XY_OPERATION_END] = {
        [XY_EXEC] = {PLAIN, TEXT, .keep_max = XY_MESSAGE_PAYLOAD_MAX},
        [XY_PING] = {PLAIN, .payload_max = XY_MESSAGE_PAYLOAD_MAX,
                     .keep_max = XY_MESSAGE_PAYLOAD_MAX},
        [XY_CANCEL] = {PLAIN}};
    static const form none;
    if (kind == XY_REQUEST)
        return code < XY_OPERATION_END ? &requests[code] : &none;
    if (kind == XY_CAST)
        return code < XY_OPERATION_END ? &casts[code] : &none;
    if (kind == XY_CHANGE)
        return code < XY_CHANGE_END ? &changes[code] : &none;
    if (kind == XY_REPLY)
        return code < XY_ANSWER_END ? &replies[code] : &none;
    return kind < XY_KIND_END && code == 0 ? &others[kind] : &none;
}

static bool route_fits(const xy_message *message, const form *allowed)
{
    return message->route_offset <= message->route_size &&
           message->route_size <= allowed->route_max;
}

static bool well_formed(const xy_message *message, const form *allowed, size_t size)
{
    return allowed->known && message->part <= allowed->part_max &&
           message->status < XY_ERROR_COUNT && message->id >= 0 && message->value >= 0 &&
           message->value <= allowed->value_max && message->keep <= allowed->keep_max &&
           route_fits(message, allowed) && message->payload_size >= allowed->payload_min &&
           message->payload_size <= allowed->payload_max && xy_message_size(message) == size;
}

bool xy_message_decode(xy_message *message, const void *frame, size_t size)
{
    const uint8_t *at = frame;
    if (size < XY_MESSAGE_HEADER || memcmp(at, "xy", 2) != 0 || at[2] != XY_MESSAGE_VERSION)
        return false;
    *message = (xy_message){.kind = (xy_kind)at[3],
                            .code = at[4],
                            .part = at[5],
                            .status = get16(at + 6),
                            .number = {get64(at + 8), get64(at + 16)},
                            .id = (int64_t)get64(at + 24),
                            .life = {get64(at + 32)},
                            .value = (int64_t)get64(at + 40),
                            .link = {get64(at + LINK_AT)},
                            .budget_ms = get32(at + 56),
                            .payload_size = get32(at + 60),
                            .route_size = get16(at + 64),
                            .route_offset = get16(at + OFFSET_AT),
                            .keep = get32(at + KEEP_AT),
                            .body = at + XY_MESSAGE_HEADER};
    return well_formed(message, form_of(at[3], at[4]), size);
}

/* Routes. */

size_t xy_route_put(uint8_t *at, xy_link_number before, xy_link_number link)
{
    return xy_varint_put(at, xy_varint_of_difference(link.number - before.number));
}

bool xy_message_next(xy_message *message, xy_link_number *next)
{
    uint64_t read;
    const uint8_t *begin = message->body + message->route_offset, *at = begin;
    if (message->route_size == 0 || !xy_varint_get(&at, message->body + message->route_size, &read))
        return false;
    next->number = message->link.number + xy_varint_to_difference(read);
    message->link = *next;
    message->route_offset = (uint16_t)(message->route_offset + (at - begin));
    return true;
}

/* Expectations. */

void xy_expectation_encode(const xy_expectation *expectation, uint8_t bytes[XY_EXPECTATION_SIZE])
{
    put64(bytes, (uint64_t)expectation->id);
    put64(bytes + 8, expectation->life.number);
    put64(bytes + 16, expectation->child.link.number);
    put64(bytes + 24, expectation->child.tag);
    memcpy(bytes + 32, expectation->secret, XY_SECRET_SIZE);
    memcpy(bytes + 32 + XY_SECRET_SIZE, expectation->key, XY_KEY_SIZE);
}

bool xy_expectation_decode(xy_expectation *expectation, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    if (size != XY_EXPECTATION_SIZE || at[XY_EXPECTATION_SIZE - 1] != 0)
        return false;
    expectation->id = (int64_t)get64(at);
    expectation->life = (xy_life){get64(at + 8)};
    expectation->child = (xy_peer){XY_CHILD, {get64(at + 16)}, get64(at + 24)};
    memcpy(expectation->secret, at + 32, XY_SECRET_SIZE);
    memcpy(expectation->key, at + 32 + XY_SECRET_SIZE, XY_KEY_SIZE);
    return expectation->id >= 0 && expectation->life.number != 0 &&
           expectation->child.link.number != 0;
}
