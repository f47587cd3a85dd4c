/* neighbours: what the service of a node is told of its parent and its children: who they are, all
 * at once, whenever that has changed.
 */
#ifndef XY_NEIGHBOURS_H
#define XY_NEIGHBOURS_H

#include "core/children.h"
#include "core/step.h"

/* False, and nothing is told, when there is no memory. */
bool xy_neighbours_tell(int64_t parent, const xy_children *children, xy_queue *out);

#endif
