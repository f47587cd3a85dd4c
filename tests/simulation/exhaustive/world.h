/* world: a tiny network of nodes, and everything that can happen to it next.
 *
 * There is no queue of what happens when: each link is first in, first out, and whatever can happen
 * is a move that may be made now. Time stands still but for a move of its own. The moves that were
 * made say all; the same ones lead to the same world.
 */
#ifndef XY_TEST_WORLD_H
#define XY_TEST_WORLD_H

#include "arena.h"

#include "core/controller.h"
#include "core/node.h"

enum { LIVES = 8, ORDERS = 9, LANE_MAX = 24, FRAME_MAX = XY_MESSAGE_HEADER + XY_SECRET_SIZE };
enum { TIMEOUT_MS = 1000, PID_BASE = 1000 };

/* How often time passes by itself in a run while nodes report: enough for a silence to be noticed.
 */
enum { BEATS = 8 };

/* How often it does at other times, before all is settled. */
enum { WAITS = 32 };

typedef struct frame {
    size_t size;
    uint8_t bytes[FRAME_MAX];
} frame;

/* One direction of a link. */
typedef struct lane {
    uint8_t count;
    frame *frames[LANE_MAX];
} lane;

typedef enum life_state {
    LIFE_NONE,
    LIFE_STARTED, /* has not said hello */
    LIFE_OPEN,
    LIFE_DEAD, /* its parent has not noticed */
    LIFE_GONE
} life_state;

/* One life of a node. */
typedef struct life {
    life_state state;
    bool opened; /* it was open once */
    bool paused;
    bool doomed; /* it, or one above it, was to be removed, or died by accident */
    int64_t id;
    uint64_t parent;
    xy_node node;
    lane up, down; /* to its parent, and from it */
} life;

/* A command that was issued. */
typedef struct order {
    xy_command_kind kind;
    uint64_t target;     /* the life that it is about; 0: none */
    uint64_t parent;     /* create: the life below which it is to start */
    unsigned below;      /* remove: a bit for each life that ends with it */
    int done;            /* exec, ping: how often the node did it */
    int answers, status; /* how many replies it got, and the latest */
} order;

typedef struct world {
    int64_t now_ms;
    xy_controller controller;
    uint64_t lives_count; /* the latest life, by incarnation */
    order orders[ORDERS]; /* by request */
    int crashes_left, delays_left, beats_left, waits_left;
    size_t issued; /* of the script */
    bool late;     /* time has passed early, or somebody hung: then timeouts may be what answers */
    life lives[LIVES];
    arena memory; /* last: only what is used of it is copied */
} world;

typedef enum move_kind {
    MOVE_OPEN,
    MOVE_UP,   /* the parent of the life hears its next frame */
    MOVE_DOWN, /* the life hears its parent's next frame */
    MOVE_EXIT, /* the parent of the life notices its end */
    MOVE_TICK,
    MOVE_PASS, /* time passes, to the next deadline */
    MOVE_ISSUE,
    MOVE_CRASH
} move_kind;

typedef struct move {
    move_kind kind;
    uint64_t life; /* 0: the controlling node */
    xy_command command;
} move;

/* Begins a world with nothing in it, which must stay where it is. */
void world_begin(world *w, int crashes, int delays);

/* What can happen by itself at this time; returns how many moves that are, LIVES_MOVES at most. */
enum { LIVES_MOVES = 5 * LIVES };
size_t world_events(const world *w, move *moves);

/* Whether time may pass; and whether it could, if there were no bound on it. */
bool world_may_pass(const world *w);
bool world_has_deadline(const world *w);

void world_make(world *w, const move *next);

bool world_lives(const world *w, uint64_t incarnation);

/* The branch of the controlling node or of a life. */
const xy_branch *world_branch(const world *w, uint64_t incarnation);

/* How many bytes of a world have to be kept to put it back. */
size_t world_size(const world *w);

#endif
