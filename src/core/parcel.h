/* parcel: payloads that are larger than a message may be: they go in parts and are put together
 * again where they end. Beats and other messages go between the parts.
 *
 * Parts are kept apart by their request; those of one request arrive in their order, or stop.
 */
#ifndef XY_PARCEL_H
#define XY_PARCEL_H

#include "core/message.h"

typedef struct xy_parcel {
    struct xy_parcel *next;
    uint64_t request;
    int64_t deadline_ms; /* when nobody waits for it any more */
    uint8_t *bytes;
    size_t size, capacity;
} xy_parcel;

/* Those that are not whole. All zero are none. */
typedef struct xy_parcels {
    xy_parcel *first;
} xy_parcels;

/* Gives a message with a payload of any size to `send`, in as many messages as it takes; each is
 * lent for the call. */
void xy_parcel_send(const xy_message *message, const void *payload, size_t size,
                    void (*send)(void *owner, const xy_message *part), void *owner);

/* Adds a part, and keeps what there is until the deadline. XYLEM_OK: *whole has got everything, and
 * is the caller's, to be given back with xy_parcel_free; NULL: there is more to come, or the first
 * part was never seen. XYLEM_TOO_LONG, XYLEM_NO_MEMORY: nothing of the request is kept. */
int xy_parcels_add(xy_parcels *parcels, const xy_message *part, int64_t deadline_ms,
                   xy_parcel **whole);
void xy_parcel_free(xy_parcel *parcel);

/* Forgets a request; those whose deadline has come. */
void xy_parcels_drop(xy_parcels *parcels, uint64_t request);
void xy_parcels_drop_due(xy_parcels *parcels, int64_t now_ms);

/* The earliest deadline, or XY_NEVER. */
int64_t xy_parcels_deadline(const xy_parcels *parcels);

void xy_parcels_clear(xy_parcels *parcels);

#endif
