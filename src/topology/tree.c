/* The tree whose user gives the parents: without a wish a node goes below the controlling node. */
#include "topology/shape.h"

static int place(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent)
{
    (void)id;
    *parent = NULL;
    if (wish->kind != XY_WISH_NODE)
        return XYLEM_OK;
    xy_map_node *wished = xy_map_find(map, wish->id);
    if (!wished)
        return XYLEM_PARENT_NOT_FOUND;
    if (!wished->joined)
        return XYLEM_PARENT_UNAVAILABLE;
    *parent = wished;
    return XYLEM_OK;
}

const xy_topology xy_topology_tree = {
    .name = "tree", .place = place, .join = xy_shape_join, .leave = xy_shape_leave, .given = true};
