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
    return group->status == status && group->text.size == size &&
           (size == 0 || memcmp(group->text.bytes, text, size) == 0);
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

static void free_group(xy_group *group)
{
    xy_buffer_clear(&group->text);
    xy_buffer_clear(&group->ranges);
    xy_release(group);
}

static xy_group *new_group(xy_merge *merge, int status, const void *text, size_t size)
{
    xy_group *new = xy_allocate(1, sizeof *new);
    if (new && !xy_buffer_add(&new->text, text, size)) {
        free_group(new);
        new = NULL;
    }
    if (!new)
        return NULL;
    new->status = status;
    merge->text_size += size;
    DL_APPEND(merge->all, new);
    return new;
}

static void drop(xy_merge *merge, xy_group *group)
{
    merge->text_size -= group->text.size;
    DL_DELETE(merge->all, group); /* NOLINT: has a next if first */
    free_group(group);
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

const xy_range *xy_group_ranges(const xy_group *group, size_t *count)
{
    *count = group->ranges.size / sizeof(xy_range);
    return (const xy_range *)(const void *)group->ranges.bytes;
}

static void add_range(xy_merge *merge, xy_group *group, xy_range range)
{
    size_t count;
    xy_range *ranges = (xy_range *)(uintptr_t)xy_group_ranges(group, &count);
    if (range.count == 0)
        return;
    if (count > 0 && ranges[count - 1].from + ranges[count - 1].count == range.from)
        ranges[count - 1].count += range.count;
    else if (!xy_buffer_add(&group->ranges, &range, sizeof range))
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

bool xy_merge_combine(xy_merge *merge, const xy_buffer **a, const xy_buffer **b)
{
    if (merge->combining || !merge->apart || !merge->apart->behind)
        return false;
    merge->combining = true;
    *a = &merge->apart->text;
    *b = &merge->apart->behind->text;
    return true;
}

static void add_ranges(xy_merge *merge, xy_group *to, const xy_group *from)
{
    size_t count;
    const xy_range *ranges = xy_group_ranges(from, &count);
    for (size_t i = 0; i < count && to; i++)
        add_range(merge, to, ranges[i]);
}

void xy_merge_combined(xy_merge *merge, int status, const void *text, size_t size)
{
    xy_group *first = merge->apart, *second = first->behind;
    assert(merge->combining && second);
    merge->combining = false;
    LL_DELETE2(merge->apart, second, behind);
    if (status) {
        add_ranges(merge, group_for(merge, status, text, size), second);
    } else {
        xy_buffer combined = {0};
        merge->failed |= !xy_buffer_add(&combined, text, size);
        merge->text_size += combined.size;
        merge->text_size -= first->text.size;
        xy_buffer_clear(&first->text);
        first->text = combined;
        add_ranges(merge, first, second);
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
    size_t count, kept = 0;
    xy_range *ranges = (xy_range *)(uintptr_t)xy_group_ranges(group, &count);
    if (count > 1)
        qsort(ranges, count, sizeof *ranges, by_position);
    for (size_t i = 0; i < count; i++)
        if (kept > 0 && ranges[kept - 1].from + ranges[kept - 1].count == ranges[i].from)
            ranges[kept - 1].count += ranges[i].count;
        else
            ranges[kept++] = ranges[i];
    group->ranges.size = kept * sizeof *ranges;
}

static bool write_ranges(const xy_group *group, xy_buffer *bytes)
{
    size_t count;
    uint32_t behind = 0;
    const xy_range *ranges = xy_group_ranges(group, &count);
    bool done = xy_varint_add(bytes, count);
    for (size_t i = 0; i < count && done; i++) {
        done =
            xy_varint_add(bytes, ranges[i].from - behind) && xy_varint_add(bytes, ranges[i].count);
        behind = ranges[i].from + ranges[i].count;
    }
    return done;
}

bool xy_merge_write(xy_merge *merge, xy_buffer *bytes)
{
    size_t count;
    xy_group *group;
    DL_COUNT(merge->all, group, count);
    bool done = !merge->failed && xy_varint_add(bytes, count);
    for (group = merge->all; group && done; group = group->next) {
        sort(group);
        done = xy_varint_add(bytes, (uint64_t)group->status) &&
               xy_varint_add(bytes, group->text.size) &&
               xy_buffer_add(bytes, group->text.bytes, group->text.size) &&
               write_ranges(group, bytes);
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
