#include "sim/heap.h"

#include <stdlib.h>

#include "core/memory.h"

static size_t blocks;

size_t heap_blocks(void)
{
    return blocks;
}

void *xy_allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    blocks += memory != NULL;
    return memory;
}

void *xy_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, size);
    blocks += resized && !memory;
    return resized;
}

void xy_release(void *memory)
{
    blocks -= memory != NULL;
    free(memory);
}
