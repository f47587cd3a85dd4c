#include "seen.h"

#include <stdlib.h>

static uint64_t *place_of(const seen *set, uint64_t number)
{
    size_t at = number & (set->capacity - 1);
    while (set->places[at] != 0 && set->places[at] != number)
        at = (at + 1) & (set->capacity - 1);
    return &set->places[at];
}

static void grow(seen *set)
{
    seen larger = {.capacity = set->capacity ? 2 * set->capacity : 4096, .count = set->count};
    larger.places = calloc(larger.capacity, sizeof *larger.places);
    if (!larger.places)
        abort();
    for (size_t i = 0; i < set->capacity; i++)
        if (set->places[i] != 0)
            *place_of(&larger, set->places[i]) = set->places[i];
    free(set->places);
    *set = larger;
}

bool seen_add(seen *set, uint64_t number)
{
    if (2 * set->count >= set->capacity)
        grow(set);
    uint64_t *place = place_of(set, number);
    bool added = *place == 0;
    *place = number;
    set->count += added;
    return added;
}

void seen_clear(seen *set)
{
    free(set->places);
    *set = (seen){0};
}
