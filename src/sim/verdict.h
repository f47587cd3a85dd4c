/* verdict: what came out of a run. */
#ifndef SIM_VERDICT_H
#define SIM_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/plan.h"

struct verdict {
    const char *broken; /* the invariant that did not hold first, or NULL */
    char text[200];     /* what was seen */
    int64_t at_us;      /* when */
    uint64_t hash;      /* of all that happened */
    uint64_t events;
    int64_t node_us; /* the time that the nodes lived, added up */
    uint64_t faults[FAULTS], turns[TURNS_COUNT];
};

/* Notes that an invariant does not hold, unless one did not before. */
__attribute__((format(printf, 4, 5))) void verdict_broken(struct verdict *verdict,
                                                          const char *invariant, int64_t now_us,
                                                          const char *format, ...);

#endif
