/* shortage: memory for core that runs out when a test wants it to, in place of core/memory. For one
 * file of a program only.
 */
#ifndef XY_TEST_SHORTAGE_H
#define XY_TEST_SHORTAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/memory.h"

/* Of all calls, counted from 1, those from `first` on and before `end` fail. */
static struct shortage {
    atomic_size_t calls, first, end;
    atomic_size_t failed;      /* how many have */
    atomic_size_t outstanding; /* how many blocks have not been given back */
} shortage;

static inline void memory_fails(size_t first, size_t end)
{
    shortage.calls = 0;
    shortage.failed = 0;
    shortage.first = first;
    shortage.end = end;
}

static inline void memory_is_back(void)
{
    shortage.first = SIZE_MAX;
    shortage.end = SIZE_MAX;
}

static bool runs_out(void)
{
    size_t call = ++shortage.calls;
    bool fails = shortage.first <= call && call < shortage.end;
    shortage.failed += fails;
    return fails;
}

void *xy_allocate(size_t count, size_t size)
{
    void *memory = runs_out() ? NULL : calloc(count, size);
    shortage.outstanding += memory != NULL;
    return memory;
}

void *xy_resize(void *memory, size_t size)
{
    void *resized = runs_out() ? NULL : realloc(memory, size);
    shortage.outstanding += resized && !memory;
    return resized;
}

void xy_release(void *memory)
{
    shortage.outstanding -= memory != NULL;
    free(memory);
}

#endif
