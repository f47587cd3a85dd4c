/* The sorted binary tree. */
#include "topology/shape.h"

static void join(xy_map *map, xy_map_node *node)
{
    xy_map_want(map, node, xy_shape_parent(map, node->id), NULL);
    xy_shape_join(map, node);
}

/* The left subtree takes the place, and the right one goes below the highest node of the left. */
static void leave(xy_map *map, xy_map_node *node)
{
    xy_map_node *left = xy_shape_left(node);
    xy_map_node *right = xy_shape_right(node);
    if (left && right)
        xy_map_want(map, right, xy_shape_lower(map, node->id), NULL);
    xy_shape_leave(map, node);
}

const xy_topology xy_topology_bst = {
    .name = "bst", .place = xy_shape_place_sorted, .join = join, .leave = leave, .sorted = true};
