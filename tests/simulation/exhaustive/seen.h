/* seen: a set of numbers other than 0.
 */
#ifndef XY_TEST_SEEN_H
#define XY_TEST_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty set. */
typedef struct seen {
    uint64_t *places;
    size_t count, capacity; /* a power of two */
} seen;

/* False when it was there already. */
bool seen_add(seen *set, uint64_t number);

void seen_clear(seen *set);

#endif
