/* random: numbers that cannot be guessed from those that came before: SipHash-2-4 (Aumasson and
 * Bernstein, 2012) of a counter, under a key that the world has drawn.
 */
#ifndef XY_RANDOM_H
#define XY_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct xy_random {
    uint64_t key[2];
} xy_random;

/* What the numbers are for: one stream each. */
typedef enum xy_stream {
    XY_STREAM_REQUEST,
    XY_STREAM_LINK,
    XY_STREAM_SECRET,
    XY_STREAM_SERVICE,  /* keys of lives, and under such a key the numbers of the service */
    XY_STREAM_STATE,    /* under the key of a life: the tag of what its service saves, */
    XY_STREAM_PUBLISHED /* and of what it publishes */
} xy_stream;

/* The number at this place of a stream: always the same. */
uint64_t xy_random_at(const xy_random *random, xy_stream stream, uint64_t place);

#endif
