/* The shapes: I1 and I17. Only what a shape is has to hold, not how it comes about. */
#include "sim/check.h"

#include <inttypes.h>

/* Those of a node that have a place in the shape: the children in their order, or NULL. */
struct sides {
    const xy_map_node *first, *second;
    size_t count;
};

static struct sides sides_of(const xy_place *place)
{
    struct sides sides = {0};
    for (const xy_map_node *child = place->first_child; child; child = child->wanted.next) {
        if (!child->joined)
            continue;
        *(sides.count == 0 ? &sides.first : &sides.second) = child;
        sides.count++;
    }
    return sides;
}

/* The bounds of the ids below a node that is sorted: it is to one side of each node above it. */
static bool is_sorted(const xy_map_node *node)
{
    for (const xy_map_node *below = node, *above = node->wanted.parent; above;
         below = above, above = above->wanted.parent)
        if ((node->id < above->id) != (below->id < above->id))
            return false;
    return true;
}

static bool is_binary(const xy_map_node *node)
{
    struct sides sides = sides_of(&node->wanted);
    return sides.count <= 1 ||
           (sides.count == 2 && (sides.first->id < node->id) != (sides.second->id < node->id));
}

static size_t size_of(const xy_map_node *top)
{
    size_t size = 0;
    for (xy_map_node *node = (xy_map_node *)(uintptr_t)top; node;
         node = xy_map_below(top, node, XY_WANTED))
        size += node->joined;
    return top ? size : 0;
}

/* Two subtrees that differ by one at most; the first is not the smaller one. */
static bool is_balanced(const xy_map_node *node)
{
    struct sides sides = sides_of(&node->wanted);
    size_t first = sides.first ? size_of(sides.first) : 0;
    size_t second = sides.second ? size_of(sides.second) : 0;
    return sides.count <= 2 && first >= second && first <= second + 1;
}

static bool fits(const struct check *check, const xy_map_node *node)
{
    switch (check->plan->shape) {
    case SHAPE_BST:
    case SHAPE_AVL:
        return is_sorted(node) && is_binary(node);
    case SHAPE_BALANCED:
        return is_balanced(node);
    case SHAPE_LIST:
        return sides_of(&node->wanted).count <= 1;
    default:
        return true;
    }
}

/* A node that has a place in the shape is below one that has. */
void check_shape(struct check *check)
{
    const xy_map *map = &check->controller->map;
    bool one = check->plan->shape != SHAPE_LIST && check->plan->shape != SHAPE_TREE;
    size_t tops = sides_of(&map->wanted).count;
    if (one && tops > 1)
        check_broken(check, "I1", "%zu nodes are the topmost one", tops);
    for (xy_map_node *node = map->wanted.first_child; node; node = xy_map_after(node, XY_WANTED)) {
        const xy_map_node *parent = node->wanted.parent;
        bool right = !node->joined || ((!parent || parent->joined) && fits(check, node));
        if (!right)
            check_broken(check, "I1", "node %" PRId64 " is not where the shape has a place for it",
                         node->id);
    }
}

/* How many nodes a shape that is this high has at least: 1.44 log2 (n + 2) is what follows from
 * that for avl. */
static size_t least_of(enum shape shape, size_t height)
{
    size_t least = 0, before = 0;
    for (size_t i = 0; i < height; i++) {
        size_t next = shape == SHAPE_AVL ? least + before + 1 : least > 0 ? 2 * least : 1;
        before = least;
        least = next;
    }
    return least;
}

/* All is quiet: the nodes that are available make up the shape, which is low. */
void check_height(struct check *check)
{
    const xy_map *map = &check->controller->map;
    size_t count = 0, height = 0;
    for (xy_map_node *node = map->linked.first_child; node; node = xy_map_after(node, XY_LINKED)) {
        size_t depth = xy_map_depth(node, XY_LINKED) + 1;
        count += node->available;
        if (node->available && depth > height)
            height = depth;
        if (node->available && !node->joined)
            check_broken(check, "I17", "node %" PRId64 " has no place in the shape", node->id);
    }
    if (check->arranges && count < least_of(check->plan->shape, height))
        check_broken(check, "I17", "%zu nodes are %zu high", count, height);
}
