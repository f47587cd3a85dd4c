/* The balanced binary tree. Places are numbered from 1, as they are filled: the next node goes to
 * the smaller subtree, so in each subtree every second one goes to the left. The bits of a number,
 * the lowest first, are the way down to its place: 0 to the left, 1 to the right, up to the highest
 * one. So the way is short, and no sizes are kept. */
#include "topology/shape.h"

#include <assert.h>

/* The way from the top to a place, as long as what is left of its number is above `end`. */
static xy_map_node *follow(const xy_map *map, size_t number, size_t end)
{
    xy_map_node *node = xy_shape_child(map->wanted.first_child);
    for (; number > end; number /= 2) {
        xy_map_node *left = xy_shape_child(node->wanted.first_child);
        assert(left);
        node = number % 2 == 0 ? left : xy_shape_child(left->wanted.next);
        assert(node);
    }
    return node;
}

static xy_map_node *last(const xy_map *map)
{
    return follow(map, map->joined, 1);
}

/* The parent of the next one: one step less. */
static xy_map_node *next_parent(const xy_map *map)
{
    return follow(map, map->joined + 1, 3);
}

static int place(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent)
{
    (void)id;
    (void)wish;
    *parent = next_parent(map);
    return XYLEM_OK;
}

static void join(xy_map *map, xy_map_node *node)
{
    xy_map_want(map, node, next_parent(map), NULL);
    xy_shape_join(map, node);
}

/* The one in the last place takes the place of the one that leaves, with its children. */
static void leave(xy_map *map, xy_map_node *node)
{
    xy_map_node *filler = last(map), *child;
    if (filler != node) {
        xy_map_want(map, filler, node->wanted.parent, node);
        while ((child = xy_shape_child(node->wanted.first_child)))
            xy_map_want(map, child, filler, NULL);
    }
    xy_shape_leave(map, node);
}

const xy_topology xy_topology_balanced = {
    .name = "balanced", .place = place, .join = join, .leave = leave, .arranges = true};
