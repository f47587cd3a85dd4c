/* random: a stream of random numbers that its seed determines. */
#ifndef XY_RANDOM_H
#define XY_RANDOM_H

#include <stdint.h>

typedef struct xy_random {
    uint64_t state;
} xy_random;

/* A stream of its own for each purpose, so that one more draw for the one changes no other. */
xy_random xy_random_stream(uint64_t seed, uint64_t purpose);

uint64_t xy_random_next(xy_random *random);

/* A number from 0 to below `bound`, which is not 0. */
uint64_t xy_random_below(xy_random *random, uint64_t bound);

#endif
