#include "runtime/random.h"

/* SplitMix64 (Steele, Lea, Flood 2014): a Weyl sequence and a mixing function. */
static const uint64_t golden = 0x9e3779b97f4a7c15;

xy_random xy_random_stream(uint64_t seed, uint64_t purpose)
{
    xy_random mixer = {seed ^ (purpose + 1) * golden};
    return (xy_random){xy_random_next(&mixer)};
}

uint64_t xy_random_next(xy_random *random)
{
    uint64_t mixed = random->state += golden;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

uint64_t xy_random_below(xy_random *random, uint64_t bound)
{
    /* The high half of a product: even enough for bounds far below 2^64. */
    return (uint64_t)(((unsigned __int128)xy_random_next(random) * bound) >> 64);
}
