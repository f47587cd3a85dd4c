/* family: a node's children and the life of each.
 *
 *     none -> born -> ready <-> lost          born: started, has not said hello
 *               |       |         |           lost: silent for too long
 *               +-------+---------+-> ending  told to end, has not ended
 *               |       |         |      |    gone: ended by itself; keeps its place until removed
 *               v       +----+----+      v
 *              none          v          none
 *                           gone -> none
 */
#ifndef XY_FAMILY_H
#define XY_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/machine.h"

#define XY_CHILDREN_MAX 2

typedef enum xy_child_state {
    XY_CHILD_NONE,
    XY_CHILD_BORN,
    XY_CHILD_READY,
    XY_CHILD_LOST,
    XY_CHILD_ENDING,
    XY_CHILD_GONE,
    XY_CHILD_STATES
} xy_child_state;

/* A child that is to be started in the place of one that is ending; none when request is 0. */
typedef struct xy_successor {
    uint64_t request;
    int64_t id;
    uint64_t incarnation;
    int64_t deadline_ms; /* when whoever asked for it gives up */
    char service[XYLEM_SERVICE_NAME_SIZE];
} xy_successor;

typedef struct xy_child {
    xy_child_state state;
    int64_t id;
    uint64_t incarnation;
    uint8_t secret[XY_SECRET_SIZE]; /* what its hello has to show */
    int64_t deadline_ms; /* born: of its hello; ready: of its next word; ending: of its end */
    uint64_t request;    /* born: the create, ending: the request that its end answers; or 0 */
    xy_successor next;   /* ending: who comes then */
} xy_child;

/* All zero is a family without children. */
typedef struct xy_family {
    xy_child children[XY_CHILDREN_MAX];
} xy_family;

/* Whether a child may go from one state to another. */
bool xy_child_may(xy_child_state from, xy_child_state to);

/* Moves a child to a state, which must be allowed; it has no deadline then. */
void xy_child_move(xy_child *child, xy_child_state to);

/* Whether the child may be spoken to and listened to. */
bool xy_child_speaks(const xy_child *child);

/* The child of this incarnation, in any state but none; or NULL. */
xy_child *xy_family_find(xy_family *family, uint64_t incarnation);

/* How many children are in this state. */
size_t xy_family_count(const xy_family *family, xy_child_state state);

/* Whether nothing of any child is left running. */
bool xy_family_at_rest(const xy_family *family);

/* The earliest deadline of a child, or XY_NEVER. */
int64_t xy_family_deadline(const xy_family *family);

#endif
