/* Lists: without a wish a node goes to the end of the newest one. */
#include "topology/shape.h"

/* The end of the list that a node is in. */
static xy_map_node *end_of(xy_map_node *node)
{
    for (xy_map_node *next = node; next; next = xy_shape_child(next->wanted.first_child))
        node = next;
    return node;
}

static xy_map_node *newest(const xy_map *map)
{
    xy_map_node *list = map->wanted.last_child;
    while (list && !list->joined)
        list = list->wanted.previous;
    return list;
}

static int place(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent)
{
    (void)id;
    *parent = NULL;
    if (wish->kind == XY_WISH_ANY)
        *parent = end_of(newest(map));
    if (wish->kind != XY_WISH_NODE)
        return XYLEM_OK;
    xy_map_node *wished = xy_map_find(map, wish->id);
    if (!wished)
        return XYLEM_PARENT_NOT_FOUND;
    if (!wished->joined)
        return XYLEM_PARENT_UNAVAILABLE;
    if (xy_shape_child(wished->wanted.first_child))
        return XYLEM_PARENT_HAS_CHILD;
    *parent = wished;
    return XYLEM_OK;
}

/* One that has left before comes to the end of its list. */
static void join(xy_map *map, xy_map_node *node)
{
    xy_map_want(map, node, end_of(node->wanted.parent), NULL);
    xy_shape_join(map, node);
}

const xy_topology xy_topology_list = {
    .name = "list", .place = place, .join = join, .leave = xy_shape_leave};
