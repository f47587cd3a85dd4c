#include "topology/topology.h"

#include <string.h>

const xy_topology *const xy_topologies[] = {&xy_topology_bst,      &xy_topology_avl,
                                            &xy_topology_balanced, &xy_topology_list,
                                            &xy_topology_tree,     NULL};

const xy_topology *xy_topology_named(const char *name)
{
    const xy_topology *const *at = xy_topologies;
    while (*at && strcmp((*at)->name, name) != 0)
        at++;
    return *at;
}

void xy_topology_leave_with_all(xy_map *map, xy_map_node *top)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED)) {
        map->joined -= node->joined;
        node->joined = false;
    }
}
