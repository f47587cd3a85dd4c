/* shrink: a smaller run that fails in the same way. */
#ifndef SIM_SHRINK_H
#define SIM_SHRINK_H

#include "sim/plan.h"
#include "sim/verdict.h"

/* Returns the limits within which the seed still breaks the same invariant; `verdict` becomes that
 * of the smaller run. */
struct limits shrink(uint64_t seed, const struct limits *limits, struct verdict *verdict);

#endif
