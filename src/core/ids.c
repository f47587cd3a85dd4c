#include "core/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

bool xy_ids_reserve(xy_ids *ids, size_t count)
{
    size_t room = 2 * ids->room + 4;
    if (count <= ids->room)
        return true;
    if (room < count)
        room = count;
    int64_t *at = xy_resize(ids->at, room * sizeof *at);
    if (!at)
        return false;
    ids->at = at;
    ids->room = room;
    return true;
}

bool xy_ids_add(xy_ids *ids, int64_t id)
{
    if (!xy_ids_reserve(ids, ids->count + 1))
        return false;
    ids->at[ids->count++] = id;
    return true;
}

void xy_ids_insert(xy_ids *ids, int64_t id)
{
    size_t place = xy_ids_below(ids->at, ids->count, id);
    assert(ids->count < ids->room);
    int64_t *at = ids->at + place;
    memmove(at + 1, at, (ids->count - place) * sizeof *at);
    *at = id;
    ids->count++;
}

void xy_ids_remove(xy_ids *ids, int64_t id)
{
    size_t place = xy_ids_below(ids->at, ids->count, id);
    assert(place < ids->count && ids->at[place] == id);
    int64_t *at = ids->at + place;
    ids->count--;
    memmove(at, at + 1, (ids->count - place) * sizeof *at);
}

void xy_ids_clear(xy_ids *ids)
{
    xy_release(ids->at);
    *ids = (xy_ids){0};
}

int xy_ids_compare(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return *one < *other ? -1 : *one > *other;
}

/* Most lists are sorted already, and long. */
static bool are_sorted(const int64_t *ids, size_t count)
{
    size_t i = 1;
    while (i < count && ids[i - 1] <= ids[i])
        i++;
    return i >= count;
}

void xy_ids_sort(int64_t *ids, size_t count)
{
    if (!are_sorted(ids, count))
        qsort(ids, count, sizeof *ids, xy_ids_compare);
}

size_t xy_ids_below(const int64_t *ids, size_t count, int64_t id)
{
    size_t from = 0;
    while (from < count) {
        size_t middle = from + (count - from) / 2;
        if (ids[middle] < id)
            from = middle + 1;
        else
            count = middle;
    }
    return from;
}

bool xy_ids_has(const int64_t *ids, size_t count, int64_t id)
{
    size_t place = xy_ids_below(ids, count, id);
    return place < count && ids[place] == id;
}

size_t xy_ids_once(int64_t *to, const int64_t *ids, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || to[kept - 1] != ids[i])
            to[kept++] = ids[i];
    return kept;
}
