/* ids: lists of ids of nodes. All zero is an empty one. */
#ifndef XY_IDS_H
#define XY_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct xy_ids {
    int64_t *at;
    size_t count, room;
} xy_ids;

/* Makes room for so many in all; false, and nothing changed, when there is no memory. It grows to
 * at least twice its room. */
bool xy_ids_reserve(xy_ids *ids, size_t count);

/* Appends an id; false, and nothing changed, when there is no memory. */
bool xy_ids_add(xy_ids *ids, int64_t id);

/* In an ascending list: adds an id, for which there is room, in its place; takes one out that is
 * there. The others of the same id stay. */
void xy_ids_insert(xy_ids *ids, int64_t id);
void xy_ids_remove(xy_ids *ids, int64_t id);

void xy_ids_clear(xy_ids *ids);

/* Sorts in ascending order; the order of two that begin with an id, for qsort. */
void xy_ids_sort(int64_t *ids, size_t count);
int xy_ids_compare(const void *a, const void *b);

/* Of ascending ids: how many are below this one; whether it is there. */
size_t xy_ids_below(const int64_t *ids, size_t count, int64_t id);
bool xy_ids_has(const int64_t *ids, size_t count, int64_t id);

/* Copies ascending ids, each once, to where they are or elsewhere; returns how many these are. */
size_t xy_ids_once(int64_t *to, const int64_t *ids, size_t count);

#endif
