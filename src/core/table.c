#include "core/table.h"

#include <assert.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/step.h"

/* The heap. Of four children each: half as deep as one of two. */

enum { CHILDREN = 4 };

static bool is_before(const xy_due *a, const xy_due *b)
{
    return a->deadline_ms != b->deadline_ms ? a->deadline_ms < b->deadline_ms : a->turn < b->turn;
}

static void put(xy_table *table, const xy_due *due, size_t index)
{
    table->heap[index] = *due;
    due->slot->index = index;
}

/* Both move what is in the way from the hole, and put it where it belongs. */

static void rise(xy_table *table, xy_due due, size_t hole)
{
    for (size_t above; hole > 0; hole = above) {
        above = (hole - 1) / CHILDREN;
        if (!is_before(&due, &table->heap[above]))
            break;
        put(table, &table->heap[above], hole);
    }
    put(table, &due, hole);
}

/* The earliest of those below the hole; the hole itself where there is none. */
static size_t earliest_below(const xy_table *table, size_t hole)
{
    size_t first = CHILDREN * hole + 1, end = first + CHILDREN, earliest = first;
    if (first >= table->count)
        return hole;
    for (size_t child = first + 1; child < end && child < table->count; child++)
        if (is_before(&table->heap[child], &table->heap[earliest]))
            earliest = child;
    return earliest;
}

static void sink(xy_table *table, xy_due due, size_t hole)
{
    for (size_t below; (below = earliest_below(table, hole)) != hole; hole = below) {
        if (!is_before(&table->heap[below], &due))
            break;
        put(table, &table->heap[below], hole);
    }
    put(table, &due, hole);
}

static bool make_room(xy_table *table)
{
    if (table->count < table->capacity)
        return true;
    size_t capacity = table->capacity ? 2 * table->capacity : 8;
    xy_due *heap = xy_resize(table->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
    table->heap = heap;
    table->capacity = capacity;
    return true;
}

/* The last one takes the place of one that goes. */
static void leave(xy_table *table, size_t index)
{
    xy_due last = table->heap[--table->count];
    if (index == table->count)
        return;
    if (is_before(&last, &table->heap[index]))
        rise(table, last, index);
    else
        sink(table, last, index);
}

/* The table. */

/* Of so few it is cheaper to look at each. */
enum { FEW = 8 };

xy_slot *xy_table_find(const xy_table *table, uint64_t request)
{
    xy_slot *found = table->first;
    if (table->hash)
        HASH_FIND(hh, table->hash, &request, sizeof request, found);
    else
        while (found && found->request != request)
            found = found->next;
    return found;
}

static bool hash_one(xy_table *table, xy_slot *slot)
{
    XY_HASH_ADD(table->hash, request, slot);
    return slot->hh.tbl != NULL;
}

/* Those that are in the list, and one more. */
static bool hash_all(xy_table *table, xy_slot *new)
{
    bool hashed = true;
    for (xy_slot *slot = table->first; slot && hashed; slot = slot->next)
        hashed = hash_one(table, slot);
    if (hashed && hash_one(table, new))
        return true;
    HASH_CLEAR(hh, table->hash);
    return false;
}

static bool hash_new(xy_table *table, xy_slot *new)
{
    if (table->hash)
        return hash_one(table, new);
    return table->count < FEW || hash_all(table, new);
}

bool xy_table_add(xy_table *table, xy_slot *slot)
{
    assert(slot->request != 0);
    assert(!table->hash || table->count == HASH_COUNT(table->hash));
    if (!make_room(table) || !hash_new(table, slot))
        return false;
    DL_APPEND(table->first, slot);
    table->cost += slot->cost;
    rise(table, (xy_due){slot->deadline_ms, table->turn++, slot}, table->count++);
    return true;
}

void xy_table_reschedule(xy_table *table, xy_slot *slot, int64_t deadline_ms)
{
    xy_due due = table->heap[slot->index];
    bool earlier = deadline_ms < due.deadline_ms;
    assert(due.slot == slot);
    slot->deadline_ms = due.deadline_ms = deadline_ms;
    if (earlier)
        rise(table, due, slot->index);
    else
        sink(table, due, slot->index);
}

void xy_table_remove(xy_table *table, xy_slot *slot)
{
    assert(slot->index < table->count && table->heap[slot->index].slot == slot);
    assert(table->cost >= slot->cost);
    DL_DELETE(table->first, slot);
    if (table->hash)
        HASH_DEL(table->hash, slot);
    table->cost -= slot->cost;
    leave(table, slot->index);
    assert((table->count == 0) == !table->first);
    assert(table->count > 0 || (table->cost == 0 && !table->hash));
}

xy_slot *xy_table_earliest(const xy_table *table)
{
    return table->count > 0 ? table->heap[0].slot : NULL;
}

xy_slot *xy_table_due(const xy_table *table, int64_t now_ms)
{
    xy_slot *earliest = xy_table_earliest(table);
    return earliest && earliest->deadline_ms <= now_ms ? earliest : NULL;
}

int64_t xy_table_deadline(const xy_table *table)
{
    return table->count > 0 ? table->heap[0].deadline_ms : XY_NEVER;
}

void xy_table_clear(xy_table *table)
{
    assert(table->count == 0 && !table->first);
    xy_release(table->heap);
    *table = (xy_table){0};
}
