#include "core/varint.h"

enum { BITS = 7, MORE = 1 << BITS };

size_t xy_varint_put(uint8_t *at, uint64_t number)
{
    size_t size = 0;
    do {
        uint8_t low = (uint8_t)(number & (MORE - 1));
        number >>= BITS;
        if (at)
            at[size] = (uint8_t)(low | (number ? MORE : 0));
        size++;
    } while (number);
    return size;
}

bool xy_varint_get(const uint8_t **at, const uint8_t *end, uint64_t *number)
{
    uint64_t read = 0;
    for (int i = 0; i < XY_VARINT_MAX && *at + i < end; i++) {
        uint8_t byte = (*at)[i];
        read |= (uint64_t)(byte & (MORE - 1)) << (BITS * i);
        if (byte & MORE)
            continue;
        *number = read;
        *at += i + 1;
        return true;
    }
    return false;
}

bool xy_varint_get_within(const uint8_t **at, const uint8_t *end, uint64_t most, uint64_t *number)
{
    return xy_varint_get(at, end, number) && *number <= most;
}

bool xy_varint_add(xy_buffer *buffer, uint64_t number)
{
    uint8_t bytes[XY_VARINT_MAX];
    return xy_buffer_add(buffer, bytes, xy_varint_put(bytes, number));
}
