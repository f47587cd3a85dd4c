#include "topology/index.h"

#include <assert.h>

/* The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): no two ids have the same. */
static uint64_t rank_of(const xy_map_node *node)
{
    uint64_t rank = (uint64_t)node->id;
    rank = (rank ^ rank >> 30) * 0xbf58476d1ce4e5b9;
    rank = (rank ^ rank >> 27) * 0x94d049bb133111eb;
    return rank ^ rank >> 31;
}

/* The link in which the search for an id goes on below a node. */
static xy_map_node **towards(xy_map_node *node, int64_t id)
{
    return id < node->id ? &node->left : &node->right;
}

/* Splits a tree into those below an id and those above it. */
static void split(xy_map_node *tree, int64_t id, xy_map_node **lower, xy_map_node **higher)
{
    while (tree) {
        if (tree->id < id) {
            *lower = tree;
            lower = &tree->right;
            tree = *lower;
        } else {
            *higher = tree;
            higher = &tree->left;
            tree = *higher;
        }
    }
    *lower = *higher = NULL;
}

void xy_index_add(xy_map_node **index, xy_map_node *node)
{
    const uint64_t rank = rank_of(node);
    xy_map_node **at = index;
    while (*at && rank_of(*at) > rank)
        at = towards(*at, node->id);
    split(*at, node->id, &node->left, &node->right);
    *at = node;
}

/* Joins two trees, of which one is below the other in the order of ids, to one at a link. */
static void join(xy_map_node *lower, xy_map_node *higher, xy_map_node **at)
{
    while (lower && higher) {
        if (rank_of(lower) > rank_of(higher)) {
            *at = lower;
            at = &lower->right;
            lower = *at;
        } else {
            *at = higher;
            at = &higher->left;
            higher = *at;
        }
    }
    *at = lower ? lower : higher;
}

void xy_index_remove(xy_map_node **index, xy_map_node *node)
{
    xy_map_node **at = index;
    while (*at != node) {
        assert(*at);
        at = towards(*at, node->id);
    }
    join(node->left, node->right, at);
}

xy_map_node *xy_index_lower(xy_map_node *index, int64_t id)
{
    xy_map_node *lower = NULL;
    while (index) {
        bool is_lower = index->id < id;
        lower = is_lower ? index : lower;
        index = is_lower ? index->right : index->left;
    }
    return lower;
}

xy_map_node *xy_index_higher(xy_map_node *index, int64_t id)
{
    xy_map_node *higher = NULL;
    while (index) {
        bool is_higher = index->id > id;
        higher = is_higher ? index : higher;
        index = is_higher ? index->left : index->right;
    }
    return higher;
}
