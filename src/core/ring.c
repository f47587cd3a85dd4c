#include "core/ring.h"

#include <string.h>

#include "core/memory.h"

enum { CAPACITY_MIN = 4 };

bool xy_ring_grow(xy_ring *ring, size_t count)
{
    size_t capacity = ring->capacity ? ring->capacity : CAPACITY_MIN;
    assert(ring->item_size > 0);
    while (capacity < count)
        capacity *= 2;
    uint8_t *items = xy_resize(NULL, capacity * ring->item_size);
    if (!items)
        return false;
    for (size_t i = 0; i < ring->count; i++)
        memcpy(items + i * ring->item_size, xy_ring_at(ring, i), ring->item_size);
    if (ring->in_hand && !ring->outgrown)
        ring->outgrown = ring->items;
    else
        xy_release(ring->items);
    ring->items = items;
    ring->head = 0;
    ring->capacity = capacity;
    return true;
}

bool xy_ring_push(xy_ring *ring, const void *item)
{
    if (!xy_ring_reserve(ring, ring->count + 1))
        return false;
    memcpy(xy_ring_at(ring, ring->count), item, ring->item_size);
    ring->count++;
    return true;
}

bool xy_ring_pop(xy_ring *ring, void *item)
{
    const void *oldest = xy_ring_take(ring);
    if (!oldest)
        return false;
    memcpy(item, oldest, ring->item_size);
    xy_ring_drop(ring);
    return true;
}

/* An empty ring begins anew: where memory was used last. */
void xy_ring_drop(xy_ring *ring)
{
    assert(ring->in_hand && ring->count > 0);
    ring->in_hand = NULL;
    ring->count--;
    ring->head = ring->count > 0 ? (ring->head + 1) & (ring->capacity - 1) : 0;
    if (!ring->outgrown)
        return;
    xy_release(ring->outgrown);
    ring->outgrown = NULL;
}

void xy_ring_clear(xy_ring *ring)
{
    xy_release(ring->items);
    xy_release(ring->outgrown);
    *ring = (xy_ring){.item_size = ring->item_size};
}
