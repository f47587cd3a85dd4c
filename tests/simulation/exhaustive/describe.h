/* describe: a move, in words.
 */
#ifndef XY_TEST_DESCRIBE_H
#define XY_TEST_DESCRIBE_H

#include "small_world.h"

/* Prints a line about a move that is going to be made. */
void describe(const world *w, const move *next);

#endif
