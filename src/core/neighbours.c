#include "core/neighbours.h"

#include "core/memory.h"

/* One that has come on two links is one child. */
static size_t copy_once(int64_t *to, const int64_t *ids, size_t count)
{
    size_t copied = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            to[copied++] = ids[i];
    return copied;
}

bool xy_neighbours_tell(int64_t parent, const xy_children *children, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_NEIGHBOURS, .neighbours = {.parent = parent}};
    if (children->come > 0) {
        int64_t *ids = xy_allocate(children->come, sizeof *ids);
        if (!ids)
            return false;
        action.neighbours.children = ids;
        action.neighbours.count = copy_once(ids, children->ids, children->come);
    }
    return xy_queue_push(out, &action);
}
