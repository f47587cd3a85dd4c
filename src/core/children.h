/* children: what a node knows of those that are attached to it, or may attach: any number.
 *
 *     EXPECTED --hello--> PRESENT <--silence, word--> SILENT
 *
 * A child that is let go is not known any more.
 */
#ifndef XY_CHILDREN_H
#define XY_CHILDREN_H

#include "core/hash.h"
#include "core/ids.h"
#include "core/message.h"

typedef enum xy_child_state { XY_CHILD_EXPECTED, XY_CHILD_PRESENT, XY_CHILD_SILENT } xy_child_state;

typedef struct xy_child {
    /* First what each message needs. */
    UT_hash_handle hh; /* by link; the container's own, as are next and prev */
    uint64_t link;
    uint64_t tag;
    xy_child_state state;
    int64_t deadline_ms;          /* of one that is present: when its silence has lasted too long */
    struct xy_child *next, *prev; /* those that are present, the one first heard from longest ago */
    int64_t id;
    xy_life life;
    uint8_t secret[XY_SECRET_SIZE];
    uint64_t told;   /* the version of the heartbeat interval that it was told */
    int64_t changes; /* how often it has become silent or come back */
    bool reported;   /* its silence or return has been reported, or was to be */
    bool unreported; /* there was no memory to report the latest one, */
    bool unasked;    /* or to ask the child to report again */
    bool repeats;    /* a state or an ask has come from it: of itself, or of a node below it */
} xy_child;

/* All zero are none. */
typedef struct xy_children {
    xy_child *all; /* a hash table */
    size_t count;
    xy_child *present; /* a list */
    xy_ids ids;   /* of those that have come, ascending; twice if it has come on two links. There is
                     room for all that are expected, too */
    bool changed; /* these ids: the owner has not looked at that yet */
} xy_children;

/* Adds a child that may attach; one of the same link is there already: that one. NULL when there is
 * no memory. */
xy_child *xy_children_expect(xy_children *children, const xy_expectation *expectation);

/* The child of a link, or NULL. */
xy_child *xy_children_find(const xy_children *children, xy_link_number link);

/* The child that bears this name at the socket, or NULL. */
xy_child *xy_children_known(const xy_children *children, const xy_peer *peer);

/* For (child = xy_children_first (c); child; child = xy_children_next (child)), in the order of
 * coming. */
xy_child *xy_children_first(const xy_children *children);
xy_child *xy_children_next(const xy_child *child);
size_t xy_children_count(const xy_children *children);

xy_peer xy_child_peer(const xy_child *child);

/* Whether these bytes are the child's secret; the time it takes does not depend on them. */
bool xy_child_proves(const xy_child *child, const void *secret, size_t size);

/* A child has been heard: it is present, and due at `deadline_ms`, which is not before that of any
 * other. */
void xy_children_heard(xy_children *children, xy_child *child, int64_t deadline_ms);

/* A child that was present has been silent for too long. */
void xy_children_silent(xy_children *children, xy_child *child);

/* Frees a child; all. */
void xy_children_forget(xy_children *children, xy_child *child);
void xy_children_clear(xy_children *children);

#endif
