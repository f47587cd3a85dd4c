#include "core/pending.h"

#include <string.h>

#include "core/machine.h"
#include "core/memory.h"

static int grow(xy_pending *pending)
{
    if (pending->count == XY_PENDING_MAX)
        return XYLEM_BUSY;
    if (pending->count < pending->capacity)
        return XYLEM_OK;
    size_t capacity = pending->capacity ? 2 * pending->capacity : 8;
    xy_pending_entry *entries = xy_resize(pending->entries, capacity * sizeof *entries);
    if (!entries)
        return XYLEM_NO_MEMORY;
    pending->entries = entries;
    pending->capacity = capacity;
    return XYLEM_OK;
}

int xy_pending_add(xy_pending *pending, const xy_pending_entry *entry)
{
    int error = grow(pending);
    if (!error)
        pending->entries[pending->count++] = *entry;
    return error;
}

static bool take_at(xy_pending *pending, size_t index, xy_pending_entry *entry)
{
    if (index == pending->count)
        return false;
    xy_pending_entry *found = &pending->entries[index];
    if (entry)
        *entry = *found;
    pending->count--;
    memmove(found, found + 1, (pending->count - index) * sizeof *found);
    return true;
}

static size_t index_of(const xy_pending *pending, uint64_t request)
{
    size_t i = 0;
    while (i < pending->count && pending->entries[i].request != request)
        i++;
    return i;
}

const xy_pending_entry *xy_pending_find(const xy_pending *pending, uint64_t request)
{
    size_t i = index_of(pending, request);
    return i < pending->count ? &pending->entries[i] : NULL;
}

bool xy_pending_take(xy_pending *pending, uint64_t request, xy_pending_entry *entry)
{
    return take_at(pending, index_of(pending, request), entry);
}

bool xy_pending_take_of(xy_pending *pending, uint64_t peer, xy_pending_entry *entry)
{
    size_t i = 0;
    while (i < pending->count && pending->entries[i].peer != peer)
        i++;
    return take_at(pending, i, entry);
}

bool xy_pending_take_due(xy_pending *pending, int64_t now_ms, xy_pending_entry *entry)
{
    size_t i = 0;
    while (i < pending->count && pending->entries[i].deadline_ms > now_ms)
        i++;
    return take_at(pending, i, entry);
}

int64_t xy_pending_deadline(const xy_pending *pending)
{
    int64_t earliest = XY_NEVER;
    for (size_t i = 0; i < pending->count; i++)
        if (pending->entries[i].deadline_ms < earliest)
            earliest = pending->entries[i].deadline_ms;
    return earliest;
}

void xy_pending_clear(xy_pending *pending)
{
    xy_release(pending->entries);
    *pending = (xy_pending){0};
}
