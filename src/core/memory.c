#include "core/memory.h"

#include <stdlib.h>

void *xy_allocate(size_t count, size_t size)
{
    return calloc(count, size);
}

void *xy_resize(void *memory, size_t size)
{
    return realloc(memory, size);
}

void xy_release(void *memory)
{
    free(memory);
}
