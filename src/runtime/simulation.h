/* simulation: what a test may ask of a simulated world, beyond what every world can do. */
#ifndef XY_SIMULATION_H
#define XY_SIMULATION_H

#include "runtime/world.h"

/* How many compute nodes live, those included that hang. */
size_t xy_simulation_living(const xy_world *world);

#endif
