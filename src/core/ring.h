/* ring: items of one size, first in, first out. */
#ifndef XY_RING_H
#define XY_RING_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins with the size of an item and everything else zero. */
typedef struct xy_ring {
    size_t item_size;
    size_t head, count, capacity; /* the capacity is 0 or a power of two */
    uint8_t *items;
    void *in_hand;     /* the oldest item, or NULL */
    uint8_t *outgrown; /* the memory of that, when the ring has grown since; or NULL */
} xy_ring;

/* The ring's own: makes room for more items than its capacity. */
bool xy_ring_grow(xy_ring *ring, size_t count);

/* Makes room for `count` items in all; false, and nothing changed, when there is no memory. */
static inline bool xy_ring_reserve(xy_ring *ring, size_t count)
{
    return count <= ring->capacity || xy_ring_grow(ring, count);
}

/* Appends an item, a copy. False when there is no memory: never for one that has room. */
bool xy_ring_push(xy_ring *ring, const void *item);

/* Takes the oldest item out; false when there is none. */
bool xy_ring_pop(xy_ring *ring, void *item);

/* An item: 0 is the oldest. Lasts until the ring changes. */
static inline void *xy_ring_at(const xy_ring *ring, size_t index)
{
    assert(index < ring->capacity);
    return ring->items + ((ring->head + index) & (ring->capacity - 1)) * ring->item_size;
}

/* The oldest item, in its place: it is in hand until it is dropped, and stays where it is, even
 * when the ring grows. One at a time; NULL when there is none. */
static inline void *xy_ring_take(xy_ring *ring)
{
    assert(!ring->in_hand);
    if (ring->count > 0)
        ring->in_hand = xy_ring_at(ring, 0);
    return ring->in_hand;
}

/* Drops the item in hand. */
void xy_ring_drop(xy_ring *ring);

/* Frees the memory of the ring, which is empty then. */
void xy_ring_clear(xy_ring *ring);

#endif
