/* draw: a stream of numbers that its seed determines, for what happens in a simulated world. */
#ifndef XY_DRAW_H
#define XY_DRAW_H

#include <stdint.h>

typedef struct xy_draw {
    uint64_t state;
} xy_draw;

/* A stream of its own for each purpose, so that one more draw for the one changes no other. */
xy_draw xy_draw_stream(uint64_t seed, uint64_t purpose);

uint64_t xy_draw_next(xy_draw *draw);

/* A number from 0 to below `bound`, which is not 0. */
uint64_t xy_draw_below(xy_draw *draw, uint64_t bound);

#endif
