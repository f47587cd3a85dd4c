/* fragment: payloads that are larger than a message may be: they go in fragments and are put
 * together again where they end. Heartbeats and other messages go between the fragments.
 *
 * Fragments are kept apart by their request. Those of one copy of it arrive in their order, or
 * stop; a second copy may come after that, and what is there already of it is passed over.
 */
#ifndef XY_FRAGMENT_H
#define XY_FRAGMENT_H

#include "core/buffer.h"
#include "core/message.h"
#include "core/table.h"

/* A payload that is being put together, or that is whole. */
typedef struct xy_assembly {
    xy_slot slot; /* its key is the number of the request; its deadline: when it is given up */
    uint64_t tag; /* of the request */
    bool streams; /* its answer may come in parts */
    xy_buffer text;
} xy_assembly;

/* Those that are not whole, or that wait, in their order. All zero are none. */
typedef struct xy_assemblies {
    xy_table table;
} xy_assemblies;

/* How much the payload of a message costs until it is answered: all of it, as far as the first
 * fragment can be believed. */
size_t xy_fragment_cost(const xy_message *message);

/* Makes a message the fragment of a payload of `total` bytes that begins at `offset`: sets
 * its part, the size of its payload and, of one of several, its value. The next one begins
 * XY_MESSAGE_PAYLOAD_MAX bytes further, if the payload is longer than that. */
void xy_fragment_at(xy_message *message, size_t total, size_t offset);

/* Adds a fragment, and keeps what there is until the deadline. XYLEM_OK: *whole has got everything,
 * and is the caller's, to be given back with xy_assembly_free; NULL: there is more to come, or the
 * fragment was passed over, as is one whose first was never seen. A payload that is not in several
 * takes the place of what there is. XYLEM_TOO_LONG, XYLEM_NO_MEMORY: nothing of the request is
 * kept. */
int xy_assemblies_add(xy_assemblies *assemblies, const xy_message *part, int64_t deadline_ms,
                      xy_assembly **whole);
xy_number xy_assembly_number(const xy_assembly *assembly);
void xy_assembly_free(xy_assembly *assembly);

/* Adds a whole one behind the others, which belongs to them then; one of the same request is not
 * there yet. False when there is no memory. */
bool xy_assemblies_put(xy_assemblies *assemblies, xy_assembly *whole);

/* Takes one out, which belongs to the caller then; NULL when there is no such: by request, the
 * oldest, the one with the earliest deadline if that has come. */
xy_assembly *xy_assemblies_take(xy_assemblies *assemblies, uint64_t request);
xy_assembly *xy_assemblies_take_first(xy_assemblies *assemblies);
xy_assembly *xy_assemblies_take_due(xy_assemblies *assemblies, int64_t now_ms);

/* Forgets a request; those whose deadline has come. */
void xy_assemblies_drop(xy_assemblies *assemblies, uint64_t request);
void xy_assemblies_drop_due(xy_assemblies *assemblies, int64_t now_ms);

size_t xy_assemblies_count(const xy_assemblies *assemblies);

/* The earliest deadline, or XY_NEVER. */
int64_t xy_assemblies_deadline(const xy_assemblies *assemblies);

void xy_assemblies_clear(xy_assemblies *assemblies);

#endif
