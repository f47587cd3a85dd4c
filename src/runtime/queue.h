/* queue: what is going to happen, ordered by time; what is due at the same time, in the order in
 * which it was added, but first of all what was added early. A binary heap.
 */
#ifndef XY_QUEUE_H
#define XY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xy_entry {
    int64_t due_us;
    uint64_t sequence;
    void *what; /* belongs to whoever added it */
} xy_entry;

/* All zero is an empty one. */
typedef struct xy_queue {
    xy_entry *entries;
    size_t count, capacity;
    uint64_t sequence, early;
} xy_queue;

/* False when there is no memory. */
bool xy_queue_add(xy_queue *queue, int64_t due_us, void *what);
bool xy_queue_add_early(xy_queue *queue, int64_t due_us, void *what);

/* The first entry, or NULL when there is none; lasts until the next call. */
const xy_entry *xy_queue_first(const xy_queue *queue);

/* Takes the first entry out and returns what it holds; NULL when there is none. */
void *xy_queue_take(xy_queue *queue);

void xy_queue_clear(xy_queue *queue);

#endif
