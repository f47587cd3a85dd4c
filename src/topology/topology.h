/* topology: the shapes of a network: who is wanted below whom. Only the controlling node asks.
 *
 *     bst        sorted binary tree: a node with a lower id is to the left, in any subtree
 *     avl        the same, kept balanced: its height is below 1.44 log2 (n + 2)
 *     balanced   binary tree of the least height: the next node goes to the smallest subtree, the
 *                left one of equals, which is the one that was begun first. The place of one that
 *                leaves is taken by the one that came last
 *     list       each node has one child at most; the controlling node has any number of lists.
 *                Without a wish: at the end of the newest list
 *     tree       the parent is given, with any number of children. Without a wish: below the
 *                controlling node
 *
 * The first three choose the parent in any case, and do not look at the wish. The second and the
 * third arrange themselves: they may want other nodes elsewhere when one joins or leaves.
 *
 * Only nodes that have joined have a place in the shape. One that has left keeps its wanted parent,
 * without a meaning, and none that has joined is wanted below it.
 */
#ifndef XY_TOPOLOGY_H
#define XY_TOPOLOGY_H

#include "topology/map.h"

/* Which parent the user wants. */
typedef struct xy_wish {
    enum { XY_WISH_ANY, XY_WISH_CONTROLLER, XY_WISH_NODE } kind;
    int64_t id; /* of a node */
} xy_wish;

typedef struct xy_topology {
    const char *name;

    /* Names the parent of a new node, whose id is not on the map: NULL is the controlling node.
     * XYLEM_OK, XYLEM_PARENT_NOT_FOUND, XYLEM_PARENT_HAS_CHILD; XYLEM_PARENT_UNAVAILABLE when the
     * wished one has not joined. Nodes of every stage count that have. */
    int (*place)(const xy_map *map, int64_t id, const xy_wish *wish, xy_map_node **parent);

    /* A node that has not joined does: a new one right after xy_map_add with the parent of `place`;
     * or one that has left before, wherever its place is now. */
    void (*join)(xy_map *map, xy_map_node *node);

    /* A node that has joined leaves: those wanted below it get other places. Where the shape
     * arranges itself, a node leaves before it is taken off the map, unless all are. */
    void (*leave)(xy_map *map, xy_map_node *node);

    /* Whether the shape is one with sides: then the children of a node are drawn in the order of
     * ids, and those below it are a left and a right subtree. */
    bool sorted;

    /* Whether it may want nodes elsewhere when others join or leave. Then a removal ends one node
     * alone, and a new node may begin below any other. */
    bool arranges;

    bool given; /* whether the user gives the parents, and no more is asked: then nodes can move */
} xy_topology;

extern const xy_topology xy_topology_bst, xy_topology_avl, xy_topology_balanced, xy_topology_list,
    xy_topology_tree;

/* A node leaves with all that are wanted below it, which stay there: they are taken off the map
 * together. */
void xy_topology_leave_with_all(xy_map *map, xy_map_node *top);

/* By name: NULL when there is none. All of them: a list that ends with NULL. */
const xy_topology *xy_topology_named(const char *name);
extern const xy_topology *const xy_topologies[];

#endif
