#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

enum { SMALLEST = 32, HEADER = 16 };

static arena *current;

void arena_use(arena *memory)
{
    current = memory;
}

static size_t class_for(size_t size)
{
    size_t class = 0;
    while ((size_t)SMALLEST << class < size)
        class ++;
    return class;
}

/* In front of each piece stands its class. */
static size_t *class_of(void *piece)
{
    return (size_t *)(void *)((uint8_t *)piece - HEADER);
}

static void *cut(size_t class)
{
    size_t size = HEADER + ((size_t)SMALLEST << class);
    if (class >= ARENA_CLASSES || size > ARENA_SIZE - current->used) {
        fprintf(stderr, "the arena is too small\n");
        abort();
    }
    void *piece = current->bytes + current->used + HEADER;
    current->used += size;
    *class_of(piece) = class;
    return piece;
}

static void *take(size_t size)
{
    size_t class = class_for(size);
    void *piece = class < ARENA_CLASSES ? current->vacant[class] : NULL;
    if (!piece)
        return cut(class);
    memcpy(&current->vacant[class], piece, sizeof(void *));
    return piece;
}

void *xy_allocate(size_t count, size_t size)
{
    void *piece = take(count * size);
    return memset(piece, 0, count * size);
}

void *xy_resize(void *memory, size_t size)
{
    void *piece = take(size);
    size_t before = memory ? (size_t)SMALLEST << *class_of(memory) : 0;
    if (memory)
        memcpy(piece, memory, before < size ? before : size);
    xy_release(memory);
    return piece;
}

void xy_release(void *memory)
{
    if (!memory)
        return;
    void **head = &current->vacant[*class_of(memory)];
    memcpy(memory, head, sizeof(void *));
    *head = memory;
}
