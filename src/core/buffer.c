#include "core/buffer.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"

bool xy_buffer_reserve(xy_buffer *buffer, size_t more)
{
    size_t needed = buffer->size + more + 1;
    size_t capacity = needed > 2 * buffer->capacity ? needed : 2 * buffer->capacity;
    if (needed <= buffer->capacity)
        return true;
    uint8_t *bytes = xy_resize(buffer->bytes, capacity);
    if (!bytes)
        return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    bytes[buffer->size] = 0;
    return true;
}

bool xy_buffer_add(xy_buffer *buffer, const void *bytes, size_t size)
{
    if (!xy_buffer_reserve(buffer, size))
        return false;
    if (size > 0)
        memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    buffer->bytes[buffer->size] = 0;
    return true;
}

void xy_buffer_drop(xy_buffer *buffer, size_t size)
{
    assert(size <= buffer->size);
    if (size == 0)
        return;
    buffer->size -= size;
    memmove(buffer->bytes, buffer->bytes + size, buffer->size + 1);
}

uint8_t *xy_buffer_take(xy_buffer *buffer)
{
    uint8_t *bytes = buffer->bytes;
    *buffer = (xy_buffer){0};
    return bytes;
}

void xy_buffer_clear(xy_buffer *buffer)
{
    xy_release(xy_buffer_take(buffer));
}
