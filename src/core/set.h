/* set: the text of a set of nodes: `all`, or ids, ranges ID-ID and nodes with all below them, ID/,
 * with commas between them.
 */
#ifndef XY_SET_H
#define XY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

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

#endif
