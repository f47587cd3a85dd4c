/* pending: the requests that somebody passed on and that have not been answered.
 *
 * Kept in the order in which they were passed on; answers come back in nearly the same order, so a
 * search from the front is short.
 */
#ifndef XY_PENDING_H
#define XY_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XY_PENDING_MAX 4096

typedef struct xy_pending_entry {
    uint64_t request; /* never 0 */
    uint64_t peer;    /* the neighbour that it was passed on to */
    int operation;
    int64_t id;
    uint64_t incarnation;
    int64_t value; /* what the operation was asked with */
    int64_t deadline_ms;
} xy_pending_entry;

/* All zero is an empty one. */
typedef struct xy_pending {
    xy_pending_entry *entries;
    size_t first, count, capacity;
    bool unsorted; /* a deadline is not as late as one before it */
} xy_pending;

/* Adds an entry. XYLEM_BUSY when XY_PENDING_MAX are pending, XYLEM_NO_MEMORY. */
int xy_pending_add(xy_pending *pending, const xy_pending_entry *entry);

/* An entry by its place, of which there are `count`. */
const xy_pending_entry *xy_pending_at(const xy_pending *pending, size_t index);

/* The entry of a request, or NULL; lasts until the next add or take. */
const xy_pending_entry *xy_pending_find(const xy_pending *pending, uint64_t request);

/* Takes an entry out, and writes it to `entry` unless that is NULL; false when there is no such:
 * by request, the oldest of a neighbour, the oldest one whose deadline has come. */
bool xy_pending_take(xy_pending *pending, uint64_t request, xy_pending_entry *entry);
bool xy_pending_take_of(xy_pending *pending, uint64_t peer, xy_pending_entry *entry);
bool xy_pending_take_due(xy_pending *pending, int64_t now_ms, xy_pending_entry *entry);

/* The earliest deadline, or XY_NEVER. */
int64_t xy_pending_deadline(const xy_pending *pending);

void xy_pending_clear(xy_pending *pending);

#endif
