#include "core/states.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/requests.h"

void xy_states_init(xy_states *states, xy_states_used *used, void *owner)
{
    *states = (xy_states){.bound = XY_STATES_MAX, .used = used, .owner = owner};
}

static xy_saved *find(const xy_states *states, int64_t id)
{
    xy_saved *found;
    HASH_FIND(hh, states->all, &id, sizeof id, found);
    return found;
}

static size_t cost_of(const xy_saved *saved)
{
    return saved ? XY_REQUEST_COST + saved->bytes.size : 0;
}

static void forget(xy_states *states, xy_saved *saved)
{
    states->cost -= cost_of(saved);
    HASH_DELETE(hh, states->all, saved); /* NOLINT: it is in the table */
    DL_DELETE(states->oldest, saved);    /* NOLINT: has a next if first */
    xy_buffer_clear(&saved->bytes);
    xy_release(saved);
}

void xy_states_forget(xy_states *states, int64_t id)
{
    xy_saved *saved = find(states, id);
    if (saved)
        forget(states, saved);
}

void xy_states_clear(xy_states *states)
{
    while (states->oldest)
        forget(states, states->oldest);
}

const xy_saved *xy_states_find(const xy_states *states, int64_t id, const char *service)
{
    const xy_saved *saved = find(states, id);
    return saved && strcmp(saved->service, service) == 0 ? saved : NULL;
}

/* Keeping. */

static xy_saved *oldest_unused(const xy_states *states, int64_t id)
{
    xy_saved *saved = states->oldest;
    while (saved && (saved->id == id || states->used(states->owner, saved->id)))
        saved = saved->next;
    return saved;
}

/* Besides all others; false when there is no room. */
static bool make_room(xy_states *states, int64_t id, size_t size)
{
    const size_t cost = XY_REQUEST_COST + size;
    xy_saved *unused;
    while (states->cost - cost_of(find(states, id)) + cost > states->bound) {
        if (!(unused = oldest_unused(states, id)))
            return false;
        forget(states, unused);
    }
    return true;
}

static xy_saved *enter(xy_states *states, int64_t id)
{
    xy_saved *new = xy_allocate(1, sizeof *new);
    if (!new)
        return NULL;
    new->id = id;
    XY_HASH_ADD(states->all, id, new);
    if (!new->hh.tbl) {
        xy_release(new);
        return NULL;
    }
    DL_APPEND(states->oldest, new);
    states->cost += cost_of(new);
    return new;
}

/* Takes the bytes. */
static void replace(xy_states *states, xy_saved *saved, const char *service, xy_buffer *bytes)
{
    states->cost += bytes->size - saved->bytes.size;
    xy_buffer_clear(&saved->bytes);
    saved->bytes = *bytes;
    assert(strlen(service) < sizeof saved->service);
    memcpy(saved->service, service, strlen(service) + 1);
    DL_DELETE(states->oldest, saved); /* NOLINT: has a next if first */
    DL_APPEND(states->oldest, saved);
}

void xy_states_keep(xy_states *states, int64_t id, const char *service, const void *bytes,
                    size_t size)
{
    xy_buffer copy = {0};
    bool copied = make_room(states, id, size) && (size == 0 || xy_buffer_add(&copy, bytes, size));
    xy_saved *saved = copied ? find(states, id) : NULL;
    if (copied && !saved)
        saved = enter(states, id);
    if (saved) {
        replace(states, saved, service, &copy);
        return;
    }
    xy_buffer_clear(&copy);
    states->lost++;
}
