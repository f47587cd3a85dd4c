/* states: what services have saved, by the ids of their nodes, for their next lives. Only the
 * controlling node keeps any. One stays when its node is over, as long as there is room.
 */
#ifndef XY_STATES_H
#define XY_STATES_H

#include "core/buffer.h"
#include "core/error.h"
#include "core/hash.h"

/* How much is kept, in bytes, each state with XY_REQUEST_COST more. */
#define XY_STATES_MAX ((size_t)64 * 1024 * 1024)

typedef struct xy_saved {
    UT_hash_handle hh;            /* by id; the container's own, as are next and prev */
    struct xy_saved *next, *prev; /* in the order of saving */
    int64_t id;
    char service[XY_SERVICE_NAME_SIZE]; /* that has saved it */
    xy_buffer bytes;
} xy_saved;

/* Whether there is a node with this id: its state does not give way to others. */
typedef bool xy_states_used(void *owner, int64_t id);

typedef struct xy_states {
    xy_saved *all;    /* a hash table */
    xy_saved *oldest; /* a list */
    size_t cost;      /* of all */
    size_t bound;     /* XY_STATES_MAX, or less in tests */
    uint64_t lost;    /* how many were not kept */
    xy_states_used *used;
    void *owner;
} xy_states;

/* Begins with none. */
void xy_states_init(xy_states *states, xy_states_used *used, void *owner);
void xy_states_clear(xy_states *states);

/* The state of an id, if this service has saved it; or NULL. */
const xy_saved *xy_states_find(const xy_states *states, int64_t id, const char *service);

/* Keeps a copy of a state in place of an earlier one of the same id. Those of ids that are not used
 * give way, the one that was saved longest ago first. Without room or memory it is lost, which is
 * counted, and the earlier one stays. */
void xy_states_keep(xy_states *states, int64_t id, const char *service, const void *bytes,
                    size_t size);

/* Forgets the state of an id. */
void xy_states_forget(xy_states *states, int64_t id);

#endif
