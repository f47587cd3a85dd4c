#include "topology/map.h"

#include <assert.h>

#include "core/memory.h"
#include "topology/index.h"

xy_map_node *xy_map_find(const xy_map *map, int64_t id)
{
    xy_map_node *node;
    HASH_FIND(by_id, map->ids, &id, sizeof id, node);
    return node;
}

xy_map_node *xy_map_of_life(const xy_map *map, xy_life life)
{
    xy_map_node *node;
    HASH_FIND(by_life, map->lives, &life, sizeof life, node);
    return node;
}

xy_map_node *xy_map_lower(const xy_map *map, int64_t id)
{
    return xy_index_lower(map->index, id);
}

xy_map_node *xy_map_higher(const xy_map *map, int64_t id)
{
    return xy_index_higher(map->index, id);
}

/* The tables: the only part for which there may be no memory. */
static bool enter_tables(xy_map *map, xy_map_node *node)
{
    XY_HASH_ADD_BY(by_id, map->ids, id, node);
    if (!node->by_id.tbl)
        return false;
    XY_HASH_ADD_BY(by_life, map->lives, life, node);
    if (node->by_life.tbl)
        return true;
    HASH_DELETE(by_id, map->ids, node);
    return false;
}

static UT_hash_bucket *bucket_of(const UT_hash_handle *handle)
{
    return &handle->tbl->buckets[handle->hashv & (handle->tbl->num_buckets - 1)];
}

/* The node moves to another chain, without memory: the table does not grow before the next node is
 * added. */
void xy_map_revive(xy_map *map, xy_map_node *node, xy_life life)
{
    UT_hash_handle *handle = &node->by_life;
    int failed = 0;
    assert(!xy_map_of_life(map, life));
    HASH_DEL_IN_BKT(*bucket_of(handle), handle);
    node->life = life;
    xy_release(node->asks);
    node->asks = NULL;
    xy_release(node->published);
    node->published = NULL;
    handle->hashv = xy_hash_fold(&life);
    handle->tbl->noexpand = true;
    HASH_ADD_TO_BKT(*bucket_of(handle), by_life, handle, failed);
    assert(!failed);
}

/* The order of ids. */

static void enter_order(xy_map *map, xy_map_node *node)
{
    node->lower = xy_map_lower(map, node->id);
    node->higher = node->lower ? node->lower->higher : map->lowest;
    *(node->lower ? &node->lower->higher : &map->lowest) = node;
    *(node->higher ? &node->higher->lower : &map->highest) = node;
    xy_index_add(&map->index, node);
}

static void leave_order(xy_map *map, xy_map_node *node)
{
    *(node->lower ? &node->lower->higher : &map->lowest) = node->higher;
    *(node->higher ? &node->higher->lower : &map->highest) = node->lower;
    xy_index_remove(&map->index, node);
}

/* The two trees. */

static inline xy_place *in(xy_map_node *node, xy_tree tree)
{
    return tree == XY_WANTED ? &node->wanted : &node->linked;
}

/* Where the children of a node are, or those of the controlling node. */
static xy_place *above(xy_map *map, xy_map_node *parent, xy_tree tree)
{
    if (parent)
        return in(parent, tree);
    return tree == XY_WANTED ? &map->wanted : &map->linked;
}

/* Before one of the children of the parent, or as the last of them. */
static void enter_tree(xy_map *map, xy_map_node *node, xy_map_node *parent, xy_map_node *before,
                       xy_tree tree)
{
    xy_place *place = in(node, tree), *family = above(map, parent, tree);
    place->parent = parent;
    place->next = before;
    place->previous = before ? in(before, tree)->previous : family->last_child;
    *(place->previous ? &in(place->previous, tree)->next : &family->first_child) = node;
    *(before ? &in(before, tree)->previous : &family->last_child) = node;
    family->children++;
}

static void leave_tree(xy_map *map, xy_map_node *node, xy_tree tree)
{
    xy_place *place = in(node, tree), *family = above(map, place->parent, tree);
    *(place->previous ? &in(place->previous, tree)->next : &family->first_child) = place->next;
    *(place->next ? &in(place->next, tree)->previous : &family->last_child) = place->previous;
    family->children--;
    place->parent = place->next = place->previous = NULL;
}

/* Those whose parents differ. */

static void enter_unsettled(xy_map *map, xy_map_node *node)
{
    node->previous_unsettled = NULL;
    node->next_unsettled = map->unsettled;
    if (map->unsettled)
        map->unsettled->previous_unsettled = node;
    map->unsettled = node;
}

static void leave_unsettled(xy_map *map, xy_map_node *node)
{
    xy_map_node *next = node->next_unsettled, *previous = node->previous_unsettled;
    *(previous ? &previous->next_unsettled : &map->unsettled) = next;
    if (next)
        next->previous_unsettled = previous;
}

/* After each change of a node's place: is it on the list exactly when it should be? */
static void settle(xy_map *map, xy_map_node *node)
{
    bool unsettled = !node->attached || node->linked.parent != node->wanted.parent;
    if (unsettled && !node->unsettled)
        enter_unsettled(map, node);
    if (!unsettled && node->unsettled)
        leave_unsettled(map, node);
    node->unsettled = unsettled;
}

xy_map_node *xy_map_add(xy_map *map, int64_t id, xy_life life, xy_map_node *parent)
{
    assert(!xy_map_find(map, id) && !xy_map_of_life(map, life));
    xy_map_node *node = xy_allocate(1, sizeof *node);
    if (!node)
        return NULL;
    node->id = id;
    node->life = life;
    if (!enter_tables(map, node)) {
        xy_release(node);
        return NULL;
    }
    enter_order(map, node);
    enter_tree(map, node, parent, NULL, XY_WANTED);
    settle(map, node);
    map->count++;
    return node;
}

void xy_map_want(xy_map *map, xy_map_node *node, xy_map_node *parent, xy_map_node *before)
{
    assert(parent != node && before != node && (!before || before->wanted.parent == parent));
    leave_tree(map, node, XY_WANTED);
    enter_tree(map, node, parent, before, XY_WANTED);
    settle(map, node);
}

void xy_map_link(xy_map *map, xy_map_node *node, xy_map_node *parent)
{
    assert(!node->attached && parent != node);
    enter_tree(map, node, parent, NULL, XY_LINKED);
    node->attached = true;
    settle(map, node);
}

void xy_map_unlink(xy_map *map, xy_map_node *node)
{
    assert(node->attached);
    leave_tree(map, node, XY_LINKED);
    node->attached = false;
    settle(map, node);
}

/* Takes out a node that has no wanted children. */
static void remove_leaf(xy_map *map, xy_map_node *node)
{
    assert(!node->wanted.first_child);
    while (node->linked.first_child)
        xy_map_unlink(map, node->linked.first_child);
    if (node->attached)
        xy_map_unlink(map, node);
    leave_unsettled(map, node);
    leave_tree(map, node, XY_WANTED);
    leave_order(map, node);
    HASH_DELETE(by_id, map->ids, node);
    HASH_DELETE(by_life, map->lives, node);
    map->count--;
    map->joined -= node->joined;
    xy_buffer_clear(&node->arguments);
    xy_release(node->address);
    xy_release(node->asks);
    xy_release(node->published);
    xy_release(node);
}

static xy_map_node *first_leaf(xy_map_node *node)
{
    while (node->wanted.first_child)
        node = node->wanted.first_child;
    return node;
}

void xy_map_prune(xy_map *map, xy_map_node *top)
{
    assert(xy_map_find(map, top->id) == top);
    for (xy_map_node *leaf = first_leaf(top); leaf != top;) {
        xy_map_node *parent = leaf->wanted.parent;
        remove_leaf(map, leaf);
        leaf = first_leaf(parent);
    }
    remove_leaf(map, top);
}

/* The next one beside a node or beside one above it, but not outside of `top`. */
static inline xy_map_node *beside(const xy_map_node *top, xy_map_node *node, xy_tree tree)
{
    while (node && node != top && !in(node, tree)->next)
        node = in(node, tree)->parent;
    return node && node != top ? in(node, tree)->next : NULL;
}

static inline xy_map_node *below(const xy_map_node *top, xy_map_node *node, xy_tree tree)
{
    xy_map_node *child = in(node, tree)->first_child;
    return child ? child : beside(top, node, tree);
}

/* Compiled once for each tree: long walks are made of it. */
xy_map_node *xy_map_below(const xy_map_node *top, xy_map_node *node, xy_tree tree)
{
    return tree == XY_WANTED ? below(top, node, XY_WANTED) : below(top, node, XY_LINKED);
}

xy_map_node *xy_map_after(xy_map_node *node, xy_tree tree)
{
    return xy_map_below(NULL, node, tree);
}

bool xy_map_is_below(const xy_map_node *top, const xy_map_node *node, xy_tree tree)
{
    while (node && node != top)
        node = xy_map_place(node, tree)->parent;
    return node == top;
}

size_t xy_map_depth(const xy_map_node *node, xy_tree tree)
{
    size_t depth = 0;
    while ((node = xy_map_place(node, tree)->parent))
        depth++;
    return depth;
}
