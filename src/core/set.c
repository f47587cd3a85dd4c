#include "core/set.h"

#include <string.h>

#include "core/memory.h"

/* A decimal number, as long as it fits. 1,000 is meant as a thousand. */
static bool read_id(const char *at, const char *end, int64_t *id)
{
    int64_t number = 0;
    bool fits = at < end && (end - at == 1 || *at != '0');
    for (; at < end && fits; at++)
        fits = *at >= '0' && *at <= '9' && !__builtin_mul_overflow(number, 10, &number) &&
               !__builtin_add_overflow(number, *at - '0', &number);
    *id = number;
    return fits;
}

static bool read_item(const char *at, const char *end, xy_set_item *item)
{
    const char *dash = memchr(at, '-', (size_t)(end - at));
    bool below = at < end && end[-1] == '/';
    *item = (xy_set_item){.below = below};
    if (dash)
        return read_id(at, dash, &item->from) && read_id(dash + 1, end, &item->to) &&
               item->from <= item->to;
    bool read = read_id(at, end - below, &item->from);
    item->to = item->from;
    return read;
}

static const char *end_of(const char *item)
{
    return item + strcspn(item, ",");
}

static bool add_item(xy_set *set, xy_set_item item)
{
    xy_set_item *items = xy_resize(set->items, (set->count + 1) * sizeof *items);
    if (!items)
        return false;
    set->items = items;
    items[set->count++] = item;
    return true;
}

int xy_set_read(const char *text, xy_set *set)
{
    uint64_t ids = 0;
    int below = 0;
    *set = (xy_set){.all = strcmp(text, "all") == 0};
    for (const char *at = text, *end; !set->all; at = end + 1) {
        xy_set_item item;
        end = end_of(at);
        if (!read_item(at, end, &item))
            return XYLEM_INVALID;
        ids += (uint64_t)(item.to - item.from) + 1;
        below += item.below;
        if (item.to - item.from >= XY_SET_IDS_MAX || ids > XY_SET_IDS_MAX ||
            below > XY_SET_BELOW_MAX)
            return XYLEM_TOO_LONG;
        if (!add_item(set, item))
            return XYLEM_NO_MEMORY;
        if (!*end)
            break;
    }
    return XYLEM_OK;
}

void xy_set_clear(xy_set *set)
{
    xy_release(set->items);
    *set = (xy_set){.all = false};
}
