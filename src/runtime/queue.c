#include "runtime/queue.h"

#include <stdlib.h>

static bool before(const xy_entry *a, const xy_entry *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->sequence < b->sequence;
}

static bool grow(xy_queue *queue)
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

static bool add(xy_queue *queue, xy_entry entry)
{
    if (!grow(queue))
        return false;
    size_t hole = queue->count++;
    for (; hole > 0 && before(&entry, &queue->entries[(hole - 1) / 2]); hole = (hole - 1) / 2)
        queue->entries[hole] = queue->entries[(hole - 1) / 2];
    queue->entries[hole] = entry;
    return true;
}

bool xy_queue_add(xy_queue *queue, int64_t due_us, void *what)
{
    return add(queue, (xy_entry){due_us, UINT64_C(1) << 63 | queue->sequence++, what});
}

bool xy_queue_add_early(xy_queue *queue, int64_t due_us, void *what)
{
    return add(queue, (xy_entry){due_us, queue->early++, what});
}

const xy_entry *xy_queue_first(const xy_queue *queue)
{
    return queue->count ? queue->entries : NULL;
}

/* The index of the smaller child of a hole, or of none. */
static size_t smaller_child(const xy_queue *queue, size_t hole)
{
    size_t child = 2 * hole + 1;
    if (child + 1 < queue->count && before(&queue->entries[child + 1], &queue->entries[child]))
        child++;
    return child;
}

void *xy_queue_take(xy_queue *queue)
{
    if (queue->count == 0)
        return NULL;
    void *what = queue->entries[0].what;
    xy_entry last = queue->entries[--queue->count];
    size_t hole = 0, child;
    while ((child = smaller_child(queue, hole)) < queue->count &&
           before(&queue->entries[child], &last)) {
        queue->entries[hole] = queue->entries[child];
        hole = child;
    }
    queue->entries[hole] = last;
    return what;
}

void xy_queue_clear(xy_queue *queue)
{
    free(queue->entries);
    *queue = (xy_queue){0};
}
