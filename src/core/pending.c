#include "core/pending.h"

#include <string.h>

#include "core/machine.h"
#include "core/memory.h"

static xy_pending_entry *at(const xy_pending *pending, size_t index)
{
    return &pending->entries[pending->first + index];
}

const xy_pending_entry *xy_pending_at(const xy_pending *pending, size_t index)
{
    return at(pending, index);
}

/* Room behind the last entry: what is free in front is used when it is half of all there is. */
static int make_room(xy_pending *pending)
{
    if (pending->count == XY_PENDING_MAX)
        return XYLEM_BUSY;
    if (pending->first + pending->count < pending->capacity)
        return XYLEM_OK;
    if (pending->first > pending->count) {
        memcpy(pending->entries, at(pending, 0), pending->count * sizeof *pending->entries);
        pending->first = 0;
        return XYLEM_OK;
    }
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
    int error = make_room(pending);
    if (error)
        return error;
    size_t last = pending->count++;
    *at(pending, last) = *entry;
    if (last > 0 && entry->deadline_ms < at(pending, last - 1)->deadline_ms)
        pending->unsorted = true;
    return XYLEM_OK;
}

/* Those on the shorter side move up. */
static void close_gap(xy_pending *pending, size_t index)
{
    size_t behind = pending->count - index - 1;
    if (behind < index) {
        memmove(at(pending, index), at(pending, index + 1), behind * sizeof *pending->entries);
    } else {
        memmove(at(pending, 1), at(pending, 0), index * sizeof *pending->entries);
        pending->first++;
    }
    pending->count--;
    if (pending->count == 0)
        pending->unsorted = false;
}

static bool take_at(xy_pending *pending, size_t index, xy_pending_entry *entry)
{
    if (index == pending->count)
        return false;
    if (entry)
        *entry = *at(pending, index);
    close_gap(pending, index);
    return true;
}

static size_t index_of(const xy_pending *pending, uint64_t request)
{
    size_t i = 0;
    while (i < pending->count && at(pending, i)->request != request)
        i++;
    return i;
}

const xy_pending_entry *xy_pending_find(const xy_pending *pending, uint64_t request)
{
    size_t i = index_of(pending, request);
    return i < pending->count ? at(pending, i) : NULL;
}

bool xy_pending_take(xy_pending *pending, uint64_t request, xy_pending_entry *entry)
{
    return take_at(pending, index_of(pending, request), entry);
}

bool xy_pending_take_of(xy_pending *pending, uint64_t peer, xy_pending_entry *entry)
{
    size_t i = 0;
    while (i < pending->count && at(pending, i)->peer != peer)
        i++;
    return take_at(pending, i, entry);
}

/* How many of the first entries have to be looked at to know about all deadlines. */
static size_t span(const xy_pending *pending)
{
    return pending->unsorted || pending->count == 0 ? pending->count : 1;
}

bool xy_pending_take_due(xy_pending *pending, int64_t now_ms, xy_pending_entry *entry)
{
    for (size_t i = 0; i < span(pending); i++)
        if (at(pending, i)->deadline_ms <= now_ms)
            return take_at(pending, i, entry);
    return false;
}

int64_t xy_pending_deadline(const xy_pending *pending)
{
    int64_t earliest_ms = XY_NEVER;
    for (size_t i = 0; i < span(pending); i++)
        if (at(pending, i)->deadline_ms < earliest_ms)
            earliest_ms = at(pending, i)->deadline_ms;
    return earliest_ms;
}

void xy_pending_clear(xy_pending *pending)
{
    xy_release(pending->entries);
    *pending = (xy_pending){0};
}
