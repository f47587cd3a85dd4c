/* set_ids: the ids that a set of nodes stands for. */
#ifndef XY_SET_IDS_H
#define XY_SET_IDS_H

#include "core/set.h"

/* The ids of a set, each once, in the order given; of those that a node stands for with all below
 * it, parents come first. The caller frees them. NULL: there is no memory. The nodes are sorted by
 * id, as xylem_list has them. */
int64_t *xy_set_ids(const xy_set *set, const xylem_node *const *nodes, size_t count,
                    size_t *ids_count);

#endif
