/* varint: numbers as seven bits a byte, the lowest first: small ones are short. */
#ifndef XY_VARINT_H
#define XY_VARINT_H

#include "core/buffer.h"

/* The longest, in bytes. */
#define XY_VARINT_MAX 10

/* Writes a number to `at`, or only counts when that is NULL; returns its size in bytes. */
size_t xy_varint_put(uint8_t *at, uint64_t number);

/* Reads a number and moves on behind it; false at the end, or when it is malformed. */
bool xy_varint_get(const uint8_t **at, const uint8_t *end, uint64_t *number);

/* The same when it is at most `most`. */
bool xy_varint_get_within(const uint8_t **at, const uint8_t *end, uint64_t most, uint64_t *number);

/* Appends a number; false, and nothing changed, when there is no memory. */
bool xy_varint_add(xy_buffer *buffer, uint64_t number);

/* A difference as a number that is small for small ones of either sign, and back. */
static inline uint64_t xy_varint_of_difference(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t xy_varint_to_difference(uint64_t number)
{
    return number >> 1 ^ (number & 1 ? UINT64_MAX : 0);
}

#endif
