#include "core/merge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/varint.h"

/* Groups. */

static uint64_t key_of(int status, const uint8_t *text, size_t size)
{
    uint64_t key = UINT64_C(14695981039346656037) ^ (uint64_t)status; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        key = (key ^ text[i]) * UINT64_C(1099511628211);
    return key;
}

static bool is_equal(const xy_group *group, int status, const void *text, size_t size)
{
    return group->status == status && group->size == size &&
           (size == 0 || memcmp(group->text, text, size) == 0);
}

/* The group of an answer, and its key: the next one that is free, if a different answer has that.
 */
static xy_group *find(const xy_merge *merge, uint64_t *key, int status, const void *text,
                      size_t size)
{
    xy_group *found;
    *key = key_of(status, text, size);
    for (;; ++*key) {
        HASH_FIND(hh, merge->equal, key, sizeof *key, found);
        if (!found || is_equal(found, status, text, size))
            return found;
    }
}

static void set_text(xy_group *group, const void *text, size_t size)
{
    assert(size <= group->room);
    if (size > 0)
        memcpy(group->text, text, size);
    group->text[size] = 0;
    group->size = size;
}

/* Of short texts another one, which they are combined to, has room too. */
enum { ROOM_MIN = 23 };

/* It is not in the merge yet. */
static xy_group *make_group(int status, const void *text, size_t size, size_t room)
{
    xy_group *new = xy_resize(NULL, sizeof *new + room + 1);
    if (!new)
        return NULL;
    *new = (xy_group){.capacity = XY_RANGES_FEW, .status = status, .room = room};
    new->ranges = new->few;
    set_text(new, text, size);
    return new;
}

static xy_group *new_group(xy_merge *merge, int status, const void *text, size_t size)
{
    xy_group *new = make_group(status, text, size, size < ROOM_MIN ? ROOM_MIN : size);
    if (!new)
        return NULL;
    merge->text_size += size;
    DL_APPEND(merge->all, new);
    return new;
}

static void drop(xy_merge *merge, xy_group *group)
{
    merge->text_size -= group->size;
    DL_DELETE(merge->all, group); /* NOLINT: has a next if first */
    if (group->ranges != group->few)
        xy_release(group->ranges);
    xy_release(group);
}

static xy_group *new_equal(xy_merge *merge, uint64_t key, int status, const void *text, size_t size)
{
    xy_group *new = new_group(merge, status, text, size);
    if (!new)
        return NULL;
    new->key = key;
    XY_HASH_ADD(merge->equal, key, new);
    if (new->hh.tbl)
        return new;
    drop(merge, new);
    return NULL;
}

static xy_group *new_apart(xy_merge *merge, const void *text, size_t size)
{
    xy_group *new = new_group(merge, XYLEM_OK, text, size);
    if (new)
        LL_APPEND2(merge->apart, new, behind);
    return new;
}

/* Where an answer belongs. Without memory the merge has failed: NULL. */
static xy_group *group_for(xy_merge *merge, int status, const void *text, size_t size)
{
    uint64_t key;
    xy_group *group;
    if (merge->text_size + size > XYLEM_TEXT_MAX) {
        status = XYLEM_TOO_LONG;
        size = 0;
    }
    if (merge->combines && status == XYLEM_OK)
        group = new_apart(merge, text, size);
    else if (!(group = find(merge, &key, status, text, size)))
        group = new_equal(merge, key, status, text, size);
    merge->failed |= !group;
    return group;
}

static bool has_room(xy_group *group)
{
    size_t capacity = 2 * group->capacity;
    bool few = group->ranges == group->few;
    if (group->count < group->capacity)
        return true;
    xy_range *ranges = xy_resize(few ? NULL : group->ranges, capacity * sizeof *ranges);
    if (!ranges)
        return false;
    if (few)
        memcpy(ranges, group->few, sizeof group->few);
    group->ranges = ranges;
    group->capacity = capacity;
    return true;
}

static void add_range(xy_merge *merge, xy_group *group, xy_range range)
{
    assert(group->ranges);
    xy_range *last = group->count > 0 ? &group->ranges[group->count - 1] : NULL;
    if (range.count == 0)
        return;
    if (last && last->from + last->count == range.from)
        last->count += range.count;
    else if (has_room(group))
        group->ranges[group->count++] = range;
    else
        merge->failed = true;
}

void xy_merge_add(xy_merge *merge, int status, const void *text, size_t size, xy_range range)
{
    xy_group *group = range.count > 0 ? group_for(merge, status, text, size) : NULL;
    if (group)
        add_range(merge, group, range);
}

/* Reading. */

typedef struct merged {
    const uint8_t *at, *end;
    uint64_t groups; /* that are left, */
    uint64_t status, size, ranges;
    const uint8_t *text;
    uint64_t behind; /* the range before */
} merged;

static bool begin(merged *reader, const void *bytes, size_t size)
{
    reader->at = bytes;
    reader->end = reader->at + size;
    return size > 0 && xy_varint_get_within(&reader->at, reader->end, size, &reader->groups);
}

static bool next_group(merged *reader)
{
    if (!xy_varint_get_within(&reader->at, reader->end, XY_ERROR_COUNT - 1, &reader->status) ||
        !xy_varint_get_within(&reader->at, reader->end, (uint64_t)(reader->end - reader->at),
                              &reader->size) ||
        reader->size > (uint64_t)(reader->end - reader->at))
        return false;
    reader->text = reader->at;
    reader->at += reader->size;
    reader->behind = 0;
    return xy_varint_get_within(&reader->at, reader->end, (uint64_t)(reader->end - reader->at),
                                &reader->ranges);
}

static bool next_range(merged *reader, xy_range *range)
{
    uint64_t gap, count;
    if (!xy_varint_get_within(&reader->at, reader->end, UINT32_MAX / 4, &gap) ||
        !xy_varint_get_within(&reader->at, reader->end, UINT32_MAX / 4, &count))
        return false;
    uint64_t from = reader->behind + gap;
    reader->behind = from + count;
    *range = (xy_range){(uint32_t)from, (uint32_t)count};
    return reader->behind <= UINT32_MAX / 2;
}

static bool is_within(const xy_range *range, const xy_range *all)
{
    return range->from >= all->from && range->from + range->count <= all->from + all->count;
}

static bool is_about(const void *bytes, size_t size, const xy_range *all)
{
    merged reader;
    uint64_t positions = 0;
    if (!begin(&reader, bytes, size))
        return false;
    for (; reader.groups > 0; reader.groups--) {
        if (!next_group(&reader))
            return false;
        for (xy_range range; reader.ranges > 0; reader.ranges--) {
            if (!next_range(&reader, &range) || !is_within(&range, all))
                return false;
            positions += range.count;
        }
    }
    return reader.at == reader.end && positions == all->count;
}

bool xy_merge_add_all(xy_merge *merge, const void *bytes, size_t size, xy_range all)
{
    merged reader;
    if (!is_about(bytes, size, &all) || !begin(&reader, bytes, size))
        return false;
    for (; reader.groups > 0 && next_group(&reader); reader.groups--) {
        xy_group *group = reader.ranges > 0
                              ? group_for(merge, (int)reader.status, reader.text, reader.size)
                              : NULL;
        for (xy_range range; reader.ranges > 0 && next_range(&reader, &range); reader.ranges--)
            if (group)
                add_range(merge, group, range);
    }
    return true;
}

/* Combining. */

bool xy_merge_combine(xy_merge *merge, const xy_group **a, const xy_group **b)
{
    if (merge->combining || !merge->apart || !merge->apart->behind)
        return false;
    merge->combining = true;
    *a = merge->apart;
    *b = merge->apart->behind;
    return true;
}

static void add_ranges(xy_merge *merge, xy_group *to, const xy_group *from)
{
    for (size_t i = 0; i < from->count && to; i++)
        add_range(merge, to, from->ranges[i]);
}

/* A group that has room takes the place of the first that is apart. Without memory the merge has
 * failed, and it stays. */
static bool make_room(xy_merge *merge, size_t size)
{
    xy_group *first = merge->apart, *new;
    if (size <= first->room)
        return true;
    if (!(new = make_group(XYLEM_OK, NULL, 0, size))) {
        merge->failed = true;
        return false;
    }
    add_ranges(merge, new, first);
    new->behind = first->behind;
    merge->apart = new;
    DL_PREPEND_ELEM(merge->all, first, new);
    drop(merge, first);
    return true;
}

/* Gives the first that is apart another text. */
static void replace_text(xy_merge *merge, const void *text, size_t size)
{
    if (!make_room(merge, size))
        return;
    merge->text_size += size;
    merge->text_size -= merge->apart->size;
    set_text(merge->apart, text, size);
}

void xy_merge_combined(xy_merge *merge, int status, const void *text, size_t size)
{
    xy_group *second = merge->apart->behind;
    assert(merge->combining && second);
    merge->combining = false;
    LL_DELETE2(merge->apart, second, behind);
    if (status) {
        add_ranges(merge, group_for(merge, status, text, size), second);
    } else {
        replace_text(merge, text, size);
        add_ranges(merge, merge->apart, second);
    }
    drop(merge, second);
}

/* Writing. */

static int by_position(const void *a, const void *b)
{
    const xy_range *one = a, *other = b;
    return one->from < other->from ? -1 : one->from > other->from;
}

/* Has the ranges in their order, and those that meet joined. */
static void sort(xy_group *group)
{
    size_t kept = 0;
    xy_range *ranges = group->ranges;
    if (group->count > 1)
        qsort(ranges, group->count, sizeof *ranges, by_position);
    for (size_t i = 0; i < group->count; i++)
        if (kept > 0 && ranges[kept - 1].from + ranges[kept - 1].count == ranges[i].from)
            ranges[kept - 1].count += ranges[i].count;
        else
            ranges[kept++] = ranges[i];
    group->count = kept;
}

static bool write_ranges(const xy_group *group, xy_buffer *bytes)
{
    uint32_t behind = 0;
    const xy_range *ranges = group->ranges;
    bool done = xy_varint_add(bytes, group->count);
    for (size_t i = 0; i < group->count && done; i++) {
        done =
            xy_varint_add(bytes, ranges[i].from - behind) && xy_varint_add(bytes, ranges[i].count);
        behind = ranges[i].from + ranges[i].count;
    }
    return done;
}

/* What most merges have beside their texts: so their bytes grow once. */
enum { USUALLY = 32 };

bool xy_merge_write(xy_merge *merge, xy_buffer *bytes)
{
    size_t count;
    xy_group *group;
    DL_COUNT(merge->all, group, count);
    bool done = !merge->failed && xy_buffer_reserve(bytes, merge->text_size + USUALLY) &&
                xy_varint_add(bytes, count);
    for (group = merge->all; group && done; group = group->next) {
        sort(group);
        done = xy_varint_add(bytes, (uint64_t)group->status) && xy_varint_add(bytes, group->size) &&
               xy_buffer_add(bytes, group->text, group->size) && write_ranges(group, bytes);
    }
    return done;
}

void xy_merge_clear(xy_merge *merge)
{
    HASH_CLEAR(hh, merge->equal);
    while (merge->all)
        drop(merge, merge->all);
    *merge = (xy_merge){.combines = merge->combines};
}
