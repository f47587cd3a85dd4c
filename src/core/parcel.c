#include "core/parcel.h"

#include <string.h>

#include "core/machine.h"
#include "core/memory.h"

/* Sending. */

static uint8_t part_at(size_t offset, size_t size)
{
    bool more = size - offset > XY_MESSAGE_PAYLOAD_MAX;
    return (uint8_t)((more ? XY_PART_MORE : 0) | (offset > 0 ? XY_PART_CONTINUED : 0));
}

void xy_parcel_send(const xy_message *message, const void *payload, size_t size,
                    void (*send)(void *owner, const xy_message *part), void *owner)
{
    xy_message part = *message;
    for (size_t offset = 0; offset == 0 || offset < size; offset += XY_MESSAGE_PAYLOAD_MAX) {
        part.part = part_at(offset, size);
        if (part.part == XY_PART_MORE) /* the first of several */
            part.value = (int64_t)size;
        part.payload = size > 0 ? (const uint8_t *)payload + offset : NULL;
        part.payload_size =
            (uint32_t)(part.part & XY_PART_MORE ? XY_MESSAGE_PAYLOAD_MAX : size - offset);
        send(owner, &part);
    }
}

/* Receiving. */

static xy_parcel **find(xy_parcels *parcels, uint64_t request)
{
    xy_parcel **at = &parcels->first;
    while (*at && (*at)->request != request)
        at = &(*at)->next;
    return at;
}

static xy_parcel *take(xy_parcel **at)
{
    xy_parcel *parcel = *at;
    *at = parcel->next;
    return parcel;
}

void xy_parcel_free(xy_parcel *parcel)
{
    if (parcel)
        xy_release(parcel->bytes);
    xy_release(parcel);
}

/* A text that ends a parcel has room for a NUL behind it. */
static int make_room(xy_parcel *parcel, size_t more)
{
    size_t needed = parcel->size + more + 1;
    if (needed > XYLEM_TEXT_MAX + 1)
        return XYLEM_TOO_LONG;
    if (needed <= parcel->capacity)
        return XYLEM_OK;
    size_t capacity = needed > 2 * parcel->capacity ? needed : 2 * parcel->capacity;
    uint8_t *bytes = xy_resize(parcel->bytes, capacity);
    if (!bytes)
        return XYLEM_NO_MEMORY;
    parcel->bytes = bytes;
    parcel->capacity = capacity;
    return XYLEM_OK;
}

static int append(xy_parcel *parcel, const xy_message *part)
{
    int error = make_room(parcel, part->payload_size);
    if (error)
        return error;
    if (part->payload_size > 0)
        memcpy(parcel->bytes + parcel->size, part->payload, part->payload_size);
    parcel->size += part->payload_size;
    parcel->bytes[parcel->size] = 0;
    return XYLEM_OK;
}

/* Room for all of it at once, as far as the first part can be believed. */
static int expect_size(xy_parcel *parcel, int64_t size)
{
    return size > 0 && size <= XYLEM_TEXT_MAX ? make_room(parcel, (size_t)size) : XYLEM_OK;
}

static int begin(xy_parcels *parcels, const xy_message *part, int64_t deadline_ms)
{
    xy_parcel *new = xy_allocate(1, sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    new->request = part->request;
    new->deadline_ms = deadline_ms;
    new->next = parcels->first;
    parcels->first = new;
    return expect_size(new, part->value);
}

int xy_parcels_add(xy_parcels *parcels, const xy_message *part, int64_t deadline_ms,
                   xy_parcel **whole)
{
    *whole = NULL;
    int error = XYLEM_OK;
    if (!(part->part & XY_PART_CONTINUED)) {
        xy_parcels_drop(parcels, part->request);
        error = begin(parcels, part, deadline_ms);
    }
    xy_parcel **at = find(parcels, part->request);
    if (!*at)
        return error;
    if (!error)
        error = append(*at, part);
    if (error)
        xy_parcel_free(take(at));
    else if (!(part->part & XY_PART_MORE))
        *whole = take(at);
    return error;
}

/* Forgetting. */

void xy_parcels_drop(xy_parcels *parcels, uint64_t request)
{
    xy_parcel **at = find(parcels, request);
    if (*at)
        xy_parcel_free(take(at));
}

void xy_parcels_drop_due(xy_parcels *parcels, int64_t now_ms)
{
    for (xy_parcel **at = &parcels->first; *at;)
        if ((*at)->deadline_ms <= now_ms)
            xy_parcel_free(take(at));
        else
            at = &(*at)->next;
}

int64_t xy_parcels_deadline(const xy_parcels *parcels)
{
    int64_t earliest_ms = XY_NEVER;
    for (const xy_parcel *parcel = parcels->first; parcel; parcel = parcel->next)
        if (parcel->deadline_ms < earliest_ms)
            earliest_ms = parcel->deadline_ms;
    return earliest_ms;
}

void xy_parcels_clear(xy_parcels *parcels)
{
    xy_parcels_drop_due(parcels, XY_NEVER);
}
