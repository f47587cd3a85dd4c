/* Sets of nodes: `all`, or ids, ranges ID-ID and nodes with all below them, ID/, with commas
 * between them. */
#ifndef XY_SET_H
#define XY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xylem.h"

/* How many ids the ranges of a set may have, and how many parts ID/. */
enum { XY_SET_IDS_MAX = 1000000, XY_SET_BELOW_MAX = 1000 };

typedef struct xy_set_item {
    int64_t from, to;
    bool below; /* `from` and all below it */
} xy_set_item;

/* All zero is none. */
typedef struct xy_set {
    bool all;
    xy_set_item *items; /* in the order given */
    size_t count;
} xy_set;

/* Reads a set, which xy_set_clear frees, also after a failure. XYLEM_INVALID: it is malformed;
 * XYLEM_TOO_LONG: it is too large; XYLEM_NO_MEMORY. */
int xy_set_read(const char *text, xy_set *set);
void xy_set_clear(xy_set *set);

/* The ids of a set, each once, in the order given; of those that a node stands for with all below
 * it, parents come first. The caller frees them. NULL: there is no memory. The nodes are sorted by
 * id, as xylem_list has them. */
int64_t *xy_set_ids(const xy_set *set, const xylem_node *const *nodes, size_t count,
                    size_t *ids_count);

#endif
