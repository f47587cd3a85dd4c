/* shape: what the shapes have in common. A node that has not joined has no part in any of it.
 */
#ifndef XY_SHAPE_H
#define XY_SHAPE_H

#include "topology/topology.h"

/* The first child that has joined, from this one on; or NULL. */
xy_map_node *xy_shape_child(xy_map_node *child);

/* A node joins, where it is wanted. One that leaves: those that are still wanted below it take its
 * place, in their order. */
void xy_shape_join(xy_map *map, xy_map_node *node);
void xy_shape_leave(xy_map *map, xy_map_node *node);

/* Sorted trees. */

/* The neighbours of an id; or NULL. */
xy_map_node *xy_shape_lower(const xy_map *map, int64_t id);
xy_map_node *xy_shape_higher(const xy_map *map, int64_t id);

/* The child of a node on the side of an id; or NULL. */
xy_map_node *xy_shape_side(const xy_map_node *node, int64_t id);

static inline xy_map_node *xy_shape_left(const xy_map_node *node)
{
    return xy_shape_side(node, INT64_MIN);
}

static inline xy_map_node *xy_shape_right(const xy_map_node *node)
{
    return xy_shape_side(node, INT64_MAX);
}

/* The parent of an id that has not joined; NULL: the controlling node. The same for a new node. */
xy_map_node *xy_shape_parent(const xy_map *map, int64_t id);
int xy_shape_place_sorted(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent);

#endif
