#include "sim/draw.h"

/* SplitMix64 (Steele, Lea, Flood 2014): a Weyl sequence and a mixing function. */
static const uint64_t golden = 0x9e3779b97f4a7c15;

xy_draw xy_draw_stream(uint64_t seed, uint64_t purpose)
{
    xy_draw mixer = {seed ^ (purpose + 1) * golden};
    return (xy_draw){xy_draw_next(&mixer)};
}

uint64_t xy_draw_next(xy_draw *draw)
{
    uint64_t mixed = draw->state += golden;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

uint64_t xy_draw_below(xy_draw *draw, uint64_t bound)
{
    /* The high half of a product: even enough for bounds far below 2^64. */
    return (uint64_t)(((unsigned __int128)xy_draw_next(draw) * bound) >> 64);
}
