/* The sorted binary tree that is kept balanced (Adelson-Velsky and Landis, 1962). The nodes are
 * what they are, so none is copied to the place of another: it is wanted there. */
#include "topology/shape.h"

static int height_of(const xy_map_node *tree)
{
    return tree ? tree->height : 0;
}

static void measure(xy_map_node *node)
{
    const int left = height_of(xy_shape_left(node)), right = height_of(xy_shape_right(node));
    node->height = 1 + (left > right ? left : right);
}

/* A child takes the place of its parent, which goes below it; the subtree between the two goes from
 * the one to the other. */
static void lift(xy_map *map, xy_map_node *child)
{
    xy_map_node *parent = child->wanted.parent;
    xy_map_node *between = xy_shape_side(child, parent->id);
    xy_map_want(map, child, parent->wanted.parent, parent);
    xy_map_want(map, parent, child, NULL);
    if (between)
        xy_map_want(map, between, parent, NULL);
    measure(parent);
    measure(child);
}

/* A child that is too high is lifted. When most of its height is in the subtree between, that one
 * is lifted first: twice. The new top. */
static xy_map_node *lift_high(xy_map *map, xy_map_node *child)
{
    const bool is_left = child->id < child->wanted.parent->id;
    xy_map_node *outer = is_left ? xy_shape_left(child) : xy_shape_right(child);
    xy_map_node *inner = is_left ? xy_shape_right(child) : xy_shape_left(child);
    if (height_of(inner) > height_of(outer)) {
        lift(map, inner);
        child = inner;
    }
    lift(map, child);
    return child;
}

/* One subtree of a node has changed by one level. The top of both, which may be another one now. */
static xy_map_node *balance(xy_map *map, xy_map_node *node)
{
    xy_map_node *left = xy_shape_left(node), *right = xy_shape_right(node);
    const int lean = height_of(left) - height_of(right);
    if (lean > 1 || lean < -1)
        return lift_high(map, lean > 0 ? left : right);
    measure(node);
    return node;
}

/* From a node upwards, as long as heights change. */
static void balance_upwards(xy_map *map, xy_map_node *node)
{
    for (bool changed = true; node && changed; node = node->wanted.parent) {
        const int before = node->height;
        node = balance(map, node);
        changed = node->height != before;
    }
}

static void join(xy_map *map, xy_map_node *node)
{
    xy_map_want(map, node, xy_shape_parent(map, node->id), NULL);
    xy_shape_join(map, node);
    node->height = 0;
    balance_upwards(map, node);
}

/* The next one in order takes the place of a node with two subtrees. The lowest node that has lost
 * something. */
static xy_map_node *replace(xy_map *map, xy_map_node *node)
{
    xy_map_node *next = xy_shape_higher(map, node->id), *child;
    xy_map_node *parent = next->wanted.parent, *below = xy_shape_right(next);
    if (below && parent != node)
        xy_map_want(map, below, parent, NULL);
    xy_map_want(map, next, node->wanted.parent, node);
    while ((child = xy_shape_child(node->wanted.first_child)))
        xy_map_want(map, child, next, NULL);
    next->height = node->height;
    return parent == node ? next : parent;
}

static void leave(xy_map *map, xy_map_node *node)
{
    xy_map_node *lowest = node->wanted.parent;
    if (xy_shape_left(node) && xy_shape_right(node))
        lowest = replace(map, node);
    xy_shape_leave(map, node);
    balance_upwards(map, lowest);
}

const xy_topology xy_topology_avl = {.name = "avl",
                                     .place = xy_shape_place_sorted,
                                     .join = join,
                                     .leave = leave,
                                     .sorted = true,
                                     .arranges = true};
