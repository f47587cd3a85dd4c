/* digest: a number for everything in a world that has a bearing on what can still happen, and on
 * what the check still looks at. Times count from now on.
 */
#ifndef XY_TEST_DIGEST_H
#define XY_TEST_DIGEST_H

#include "small_world.h"

uint64_t digest_of(const world *w);

#endif
