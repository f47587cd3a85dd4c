/* table: what is kept of requests until they are answered: found by number, in the order in which
 * it came, and by deadline. The cost of each is constant, or the logarithm of how much there is.
 *
 * What is kept belongs to the caller that adds it, stays where it is, and begins with an xy_slot.
 */
#ifndef XY_TABLE_H
#define XY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hash.h"

/* What is looked at to find one lies side by side. */
typedef struct xy_slot {
    UT_hash_handle hh; /* the table's own, as are index, next and prev */
    uint64_t request;  /* never 0 */
    size_t index;      /* in the heap */
    struct xy_slot *next, *prev;
    int64_t deadline_ms;
    size_t cost; /* in bytes: see XY_REQUEST_COST */
} xy_slot;

/* A copy of what the heap is ordered by: so most slots need not be looked at to keep the order. */
typedef struct xy_due {
    int64_t deadline_ms;
    uint64_t turn; /* which one it was to come: of two with one deadline the older is the earlier */
    xy_slot *slot;
} xy_due;

/* All zero is an empty one. In their order: for (slot = table->first; slot; slot = slot->next). */
typedef struct xy_table {
    xy_slot *first;
    xy_slot *hash; /* NULL while there are so few that they are found one by one */
    xy_due *heap;  /* the earliest deadline on top */
    size_t count, capacity;
    size_t cost; /* of all */
    uint64_t turn;
} xy_table;

/* Adds a slot whose request is not in the table yet. False, and nothing added, without memory. */
bool xy_table_add(xy_table *table, xy_slot *slot);

/* Gives a slot of this table another deadline. */
void xy_table_reschedule(xy_table *table, xy_slot *slot, int64_t deadline_ms);

/* Takes out a slot of this table. */
void xy_table_remove(xy_table *table, xy_slot *slot);

/* The slot of a request; the one with the earliest deadline; that one if it is due. Or NULL. */
xy_slot *xy_table_find(const xy_table *table, uint64_t request);
xy_slot *xy_table_earliest(const xy_table *table);
xy_slot *xy_table_due(const xy_table *table, int64_t now_ms);

/* The earliest deadline, or XY_NEVER. */
int64_t xy_table_deadline(const xy_table *table);

/* Frees what the table has made for itself; nothing is in it any more. */
void xy_table_clear(xy_table *table);

#endif
