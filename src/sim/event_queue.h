/* event_queue: what is going to happen, ordered by time; what is due at the same time, in the order
 * in which it was added, but first of all what was added early. A heap.
 */
#ifndef XY_EVENT_QUEUE_H
#define XY_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xy_entry {
    int64_t due_us;
    uint64_t sequence;
    uint64_t what; /* the caller's: a number, or the address of something of its own */
} xy_entry;

/* All zero is an empty one. */
typedef struct xy_event_queue {
    xy_entry *entries;
    size_t count, capacity;
    uint64_t sequence, early;
} xy_event_queue;

/* False when there is no memory. */
bool xy_event_queue_add(xy_event_queue *queue, int64_t due_us, uint64_t what);
bool xy_event_queue_add_early(xy_event_queue *queue, int64_t due_us, uint64_t what);

/* The first entry, or NULL when there is none; lasts until the next call. */
const xy_entry *xy_event_queue_first(const xy_event_queue *queue);

/* Takes the first entry out; false when there is none. */
bool xy_event_queue_take(xy_event_queue *queue, xy_entry *taken);

void xy_event_queue_clear(xy_event_queue *queue);

#endif
