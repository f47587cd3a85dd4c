#include "core/tree.h"

#include "core/memory.h"

xy_side xy_side_of(int64_t id, int64_t pivot)
{
    return id < pivot ? XY_LEFT : XY_RIGHT;
}

xy_tree_node *xy_tree_find(const xy_tree *tree, int64_t id)
{
    xy_tree_node *node = tree->root;
    while (node && node->id != id)
        node = node->children[xy_side_of(id, node->id)];
    return node;
}

xy_tree_node *xy_tree_parent_for(const xy_tree *tree, int64_t id)
{
    xy_tree_node *parent = NULL;
    for (xy_tree_node *node = tree->root; node; node = node->children[xy_side_of(id, node->id)])
        parent = node;
    return parent;
}

/* The link that holds the node: its parent's, or the tree's. */
static xy_tree_node **link_to(xy_tree *tree, xy_tree_node *parent, int64_t id)
{
    return parent ? &parent->children[xy_side_of(id, parent->id)] : &tree->root;
}

xy_tree_node *xy_tree_insert(xy_tree *tree, int64_t id, uint64_t incarnation)
{
    if (xy_tree_find(tree, id))
        return NULL;
    xy_tree_node *node = xy_allocate(1, sizeof *node);
    if (!node)
        return NULL;
    node->id = id;
    node->incarnation = incarnation;
    node->parent = xy_tree_parent_for(tree, id);
    node->depth = node->parent ? node->parent->depth + 1 : 0;
    *link_to(tree, node->parent, id) = node;
    tree->count++;
    return node;
}

static xy_tree_node *lowest_leaf(xy_tree_node *node)
{
    for (;;) {
        if (node->children[XY_LEFT])
            node = node->children[XY_LEFT];
        else if (node->children[XY_RIGHT])
            node = node->children[XY_RIGHT];
        else
            return node;
    }
}

void xy_tree_prune(xy_tree *tree, xy_tree_node *top)
{
    xy_tree_node *above = top->parent;
    *link_to(tree, above, top->id) = NULL;
    for (xy_tree_node *node = lowest_leaf(top); node != above;) {
        xy_tree_node *parent = node->parent;
        if (parent != above)
            parent->children[xy_side_of(node->id, parent->id)] = NULL;
        xy_release(node);
        tree->count--;
        node = parent == above ? above : lowest_leaf(parent);
    }
}

xy_tree_node *xy_tree_first(xy_tree_node *top)
{
    while (top && top->children[XY_LEFT])
        top = top->children[XY_LEFT];
    return top;
}

xy_tree_node *xy_tree_next(const xy_tree_node *top, xy_tree_node *node)
{
    if (node->children[XY_RIGHT])
        return xy_tree_first(node->children[XY_RIGHT]);
    while (node != top && node->parent->children[XY_RIGHT] == node)
        node = node->parent;
    return node == top ? NULL : node->parent;
}

xy_tree_node *xy_tree_below(const xy_tree_node *top, xy_tree_node *node)
{
    if (node->children[XY_LEFT])
        return node->children[XY_LEFT];
    if (node->children[XY_RIGHT])
        return node->children[XY_RIGHT];
    for (; node != top; node = node->parent) {
        xy_tree_node *right = node->parent->children[XY_RIGHT];
        if (right && right != node)
            return right;
    }
    return NULL;
}

bool xy_tree_is_dead(const xy_tree_node *node)
{
    while (node && !node->dead)
        node = node->parent;
    return node != NULL;
}
