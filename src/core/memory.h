/* memory: where core takes all its memory from.
 *
 * An object file of its own: a program that defines these three itself has core use those instead.
 */
#ifndef XY_MEMORY_H
#define XY_MEMORY_H

#include <stddef.h>

/* Memory for `count` items of `size` bytes, all zero; NULL when there is none. */
void *xy_allocate(size_t count, size_t size);

/* Makes what was allocated `size` bytes large, or allocates it when it is NULL; what is new has no
 * particular content. NULL when there is no memory: then everything is as it was. */
void *xy_resize(void *memory, size_t size);

/* Gives back what was allocated; does nothing when it is NULL. */
void xy_release(void *memory);

#endif
