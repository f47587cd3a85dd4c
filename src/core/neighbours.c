#include "core/neighbours.h"

#include "core/memory.h"

/* One that has come on two links is one child. */
bool xy_neighbours_tell(int64_t parent, const xy_children *children, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_NEIGHBOURS, .neighbours = {.parent = parent}};
    if (children->ids.count > 0) {
        int64_t *ids = xy_allocate(children->ids.count, sizeof *ids);
        if (!ids)
            return false;
        action.neighbours.children = ids;
        action.neighbours.count = xy_ids_once(ids, children->ids.at, children->ids.count);
    }
    return xy_queue_push(out, &action);
}
