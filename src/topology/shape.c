#include "topology/shape.h"

#include <assert.h>

xy_map_node *xy_shape_child(xy_map_node *child)
{
    while (child && !child->joined)
        child = child->wanted.next;
    return child;
}

void xy_shape_join(xy_map *map, xy_map_node *node)
{
    assert(!node->joined && !node->wanted.first_child);
    node->joined = true;
    map->joined++;
}

void xy_shape_leave(xy_map *map, xy_map_node *node)
{
    assert(node->joined);
    node->joined = false;
    map->joined--;
    while (node->wanted.first_child)
        xy_map_want(map, node->wanted.first_child, node->wanted.parent, node);
}

xy_map_node *xy_shape_lower(const xy_map *map, int64_t id)
{
    xy_map_node *lower = xy_map_lower(map, id);
    while (lower && !lower->joined)
        lower = lower->lower;
    return lower;
}

xy_map_node *xy_shape_higher(const xy_map *map, int64_t id)
{
    xy_map_node *higher = xy_map_higher(map, id);
    while (higher && !higher->joined)
        higher = higher->higher;
    return higher;
}

xy_map_node *xy_shape_side(const xy_map_node *node, int64_t id)
{
    xy_map_node *child = xy_shape_child(node->wanted.first_child);
    while (child && (child->id < node->id) != (id < node->id))
        child = xy_shape_child(child->wanted.next);
    return child;
}

/* Of the two neighbours of an id one is above the other, on the side of the id. The place below the
 * deeper one is free. */
xy_map_node *xy_shape_parent(const xy_map *map, int64_t id)
{
    xy_map_node *lower = xy_shape_lower(map, id);
    return lower && !xy_shape_side(lower, id) ? lower : xy_shape_higher(map, id);
}

int xy_shape_place_sorted(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent)
{
    (void)wish;
    *parent = xy_shape_parent(map, id);
    return XYLEM_OK;
}
