/* index: the nodes of a map in the order of their ids, found in O(log n).
 *
 * A treap: a search tree by id that is a heap by a hash of the id. So its depth is that of a random
 * tree in whatever order the nodes come, and it needs neither memory nor a source of random
 * numbers. It says nothing of who is whose parent.
 */
#ifndef XY_INDEX_H
#define XY_INDEX_H

#include "topology/map.h"

/* Adds a node whose id is not there yet; takes out one that is there. */
void xy_index_add(xy_map_node **index, xy_map_node *node);
void xy_index_remove(xy_map_node **index, xy_map_node *node);

/* The node with the highest id below this one, and the one with the lowest above it; or NULL. */
xy_map_node *xy_index_lower(xy_map_node *index, int64_t id);
xy_map_node *xy_index_higher(xy_map_node *index, int64_t id);

#endif
