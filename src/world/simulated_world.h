/* simulated_world: what a test may do to a simulated world, and see of it, beyond what every world
 * can.
 *
 * A node is named by its life, the controlling node by life 0. Times are microseconds of virtual
 * time since the world began. See sim/scheduler.h for the types.
 */
#ifndef XY_SIMULATED_WORLD_H
#define XY_SIMULATED_WORLD_H

#include "sim/scheduler.h"
#include "world/world.h"

void xy_simulation_observe(xy_world *world, const xy_observer *observer);
void xy_simulation_set_fault_rates(xy_world *world, const xy_fault_rates *rates);
void xy_simulation_set_judge(xy_world *world, const xy_judge *judge);

/* The id of a node that lives; XY_NO_ID otherwise. The child of a link to a neighbour of a node. */
int64_t xy_simulation_id(const xy_world *world, xy_life node);
int64_t xy_simulation_child(const xy_world *world, xy_link_number link);

/* Faults. Those of a node that is gone do nothing. `up` is the way from a node to its parent, the
 * other one that from its parent; a node that is not attached has neither. */
void xy_simulation_crash(xy_world *world, xy_life node);
void xy_simulation_hold(xy_world *world, xy_life node, int64_t for_us);
void xy_simulation_slow(xy_world *world, xy_life node, int64_t by_us, int64_t for_us);
void xy_simulation_stall(xy_world *world, xy_life node, bool up, int64_t for_us);
void xy_simulation_fill(xy_world *world, xy_life node, bool up, int64_t for_us);

/* Holds the link of a node to its parent on more ways, bits of enum xylem_sim_way; lets it go; lets
 * all go. Separates nodes from others; life 0 is passed over. Ends all separations. */
void xy_simulation_hold_link(xy_world *world, xy_life node, unsigned ways);
void xy_simulation_release(xy_world *world, xy_life node);
void xy_simulation_release_all(xy_world *world);
void xy_simulation_separate(xy_world *world, const xy_life *nodes, size_t count);
void xy_simulation_heal(xy_world *world);

/* A frame that seems to come from the neighbour `from`; the machine gets it as it is. */
void xy_simulation_forge(xy_world *world, xy_life node, xy_peer from, const void *frame,
                         size_t size);

/* Ends every fault under way; the rates remain. */
void xy_simulation_calm(xy_world *world);

/* The rates end, but for the clocks, which go on as they do. */
void xy_simulation_end_rates(xy_world *world);

/* Lets virtual time pass, and everything happen that is due until then, also in other worlds on the
 * same clock. */
void xy_simulation_run(xy_world *world, int64_t until_us);

/* Nothing happens any more, from now on. */
void xy_simulation_halt(xy_world *world);

/* Gives back the memory of the queue of actions that is not promised, so that the next action takes
 * some: for a test of what happens when there is none. Not in the middle of a step. */
void xy_simulation_trim(xy_world *world);

int64_t xy_simulation_now_us(const xy_world *world);

/* What is known of a world. */
xy_stats xy_simulation_stats(const xy_world *world);

/* Whether a compute node lives; its machine, and what it has below it: NULL when it does not. A
 * life that has begun and was not opened yet lives. */
bool xy_simulation_lives(const xy_world *world, xy_life node);
const xy_node *xy_simulation_node(const xy_world *world, xy_life node);
const xy_subtree *xy_simulation_subtree(const xy_world *world, xy_life node);

/* What the service of a compute node has; NULL when the node does not live. */
const xylem_context *xy_simulation_context(const xy_world *world, xy_life node);

/* The link of an attachment, or NULL when neither end knows it any more. */
const xy_queue_link *xy_simulation_link(const xy_world *world, xy_link_number number);

#endif
