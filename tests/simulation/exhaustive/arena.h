/* arena: where core takes its memory from here: one block, so that a world which lies at one place
 * can be copied, and be put back as it was.
 */
#ifndef XY_TEST_ARENA_H
#define XY_TEST_ARENA_H

#include <stddef.h>
#include <stdint.h>

enum { ARENA_SIZE = 128 * 1024, ARENA_CLASSES = 12 };

typedef struct arena {
    void *vacant[ARENA_CLASSES]; /* by size: what was given back */
    size_t used;
    _Alignas(16) uint8_t bytes[ARENA_SIZE];
} arena;

/* From now on core takes its memory from there. All zero is an empty arena. */
void arena_use(arena *memory);

#endif
