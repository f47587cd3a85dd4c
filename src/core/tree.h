/* tree: who is whose child: the controlling node's map of the network, a sorted binary tree.
 *
 * It says what should be; a node itself knows only its parent and its children. No function here
 * recurses: a chain of ids in ascending order is as deep as it is long.
 */
#ifndef XY_TREE_H
#define XY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum xy_side { XY_LEFT, XY_RIGHT, XY_SIDES } xy_side;

/* The rule of the sorted binary tree: on which side of node `pivot` the node `id` lies. */
xy_side xy_side_of(int64_t id, int64_t pivot);

typedef enum xy_stage {
    XY_STAGE_STARTING, /* its create has not been answered */
    XY_STAGE_PRESENT,
    XY_STAGE_ENDING /* its remove, or that of a node above it, has not been answered */
} xy_stage;

typedef struct xy_tree_node {
    struct xy_tree_node *parent, *children[XY_SIDES];
    int64_t id;
    uint64_t incarnation;
    int64_t pid;
    size_t depth; /* 0 for the root */
    xy_stage stage;
    bool silent;    /* its parent has not heard from it for too long */
    bool dead;      /* its parent saw it end */
    bool available; /* neither it nor any node above it is silent or dead */
    bool changed;   /* the latest walk over the subtree found `available` different */
} xy_tree_node;

/* All zero is an empty tree. */
typedef struct xy_tree {
    xy_tree_node *root;
    size_t count;
} xy_tree;

/* The node with this id, or NULL. */
xy_tree_node *xy_tree_find(const xy_tree *tree, int64_t id);

/* Adds a node that starts; the tree owns it. NULL when the id is taken or there is no memory. */
xy_tree_node *xy_tree_insert(xy_tree *tree, int64_t id, uint64_t incarnation);

/* The node that would be the parent of a new node `id`; NULL when the tree is empty. */
xy_tree_node *xy_tree_parent_for(const xy_tree *tree, int64_t id);

/* Takes a node and all its descendants out of the tree and frees them. */
void xy_tree_prune(xy_tree *tree, xy_tree_node *top);

/* Walks the subtree below and including `top` in ascending order of id:
 * for (n = xy_tree_first (top); n; n = xy_tree_next (top, n)). */
xy_tree_node *xy_tree_first(xy_tree_node *top);
xy_tree_node *xy_tree_next(const xy_tree_node *top, xy_tree_node *node);

/* The same from above to below: each node comes before its descendants. Begins with `top`. */
xy_tree_node *xy_tree_below(const xy_tree_node *top, xy_tree_node *node);

/* True when the node or one above it is dead: nobody outlives a dead parent. */
bool xy_tree_is_dead(const xy_tree_node *node);

#endif
