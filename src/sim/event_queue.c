#include "sim/event_queue.h"

#include <stdlib.h>

/* Of four children each the heap is half as deep as of two, and those lie side by side. */
enum { CHILDREN = 4 };

static bool before(const xy_entry *a, const xy_entry *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->sequence < b->sequence;
}

static bool grow(xy_event_queue *queue)
{
    if (queue->count < queue->capacity)
        return true;
    size_t capacity = queue->capacity ? 2 * queue->capacity : 64;
    xy_entry *entries = realloc(queue->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    queue->entries = entries;
    queue->capacity = capacity;
    return true;
}

static bool add(xy_event_queue *queue, xy_entry entry)
{
    if (!grow(queue))
        return false;
    size_t hole = queue->count++;
    for (size_t above; hole > 0; hole = above) {
        above = (hole - 1) / CHILDREN;
        if (!before(&entry, &queue->entries[above]))
            break;
        queue->entries[hole] = queue->entries[above];
    }
    queue->entries[hole] = entry;
    return true;
}

bool xy_event_queue_add(xy_event_queue *queue, int64_t due_us, uint64_t what)
{
    return add(queue, (xy_entry){due_us, UINT64_C(1) << 63 | queue->sequence++, what});
}

bool xy_event_queue_add_early(xy_event_queue *queue, int64_t due_us, uint64_t what)
{
    return add(queue, (xy_entry){due_us, queue->early++, what});
}

const xy_entry *xy_event_queue_first(const xy_event_queue *queue)
{
    return queue->count ? queue->entries : NULL;
}

/* The index of the smallest child of a hole, or of none. */
static size_t smallest_child(const xy_event_queue *queue, size_t hole)
{
    size_t smallest = CHILDREN * hole + 1, end = smallest + CHILDREN;
    if (end > queue->count)
        end = queue->count;
    for (size_t child = smallest + 1; child < end; child++)
        if (before(&queue->entries[child], &queue->entries[smallest]))
            smallest = child;
    return smallest;
}

bool xy_event_queue_take(xy_event_queue *queue, xy_entry *taken)
{
    if (queue->count == 0)
        return false;
    *taken = queue->entries[0];
    xy_entry last = queue->entries[--queue->count];
    size_t hole = 0, child;
    while ((child = smallest_child(queue, hole)) < queue->count &&
           before(&queue->entries[child], &last)) {
        queue->entries[hole] = queue->entries[child];
        hole = child;
    }
    queue->entries[hole] = last;
    return true;
}

void xy_event_queue_clear(xy_event_queue *queue)
{
    free(queue->entries);
    *queue = (xy_event_queue){0};
}
