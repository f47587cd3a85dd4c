/* small_world: a tiny network of nodes, and everything that can happen to it next.
 *
 * There is no queue of what happens when: each link is first in, first out, as are the orders to
 * the launcher about one life and its reports, what that life has said among them, and whatever can
 * happen is a move that may be made now. Time stands still but for a move of its own. The moves
 * that were made say all; the same ones lead to the same world.
 */
#ifndef XY_TEST_WORLD_H
#define XY_TEST_WORLD_H

#include "arena.h"

#include "core/controller.h"
#include "core/node.h"
#include "core/ring.h"
#include "driver/driver.h"
#include "link/queue_link.h"

enum { LIVES = 9, LINKS = 24, COMMANDS = 12, TIMEOUT_MS = 1000, PID_BASE = 1000 };

/* How often one life may ask others. */
enum { ASKS_MAX = 3 };

/* The ids that a cast may ask are those from 1 to this one. */
enum { CAST_IDS = 5 };

/* How often time passes by itself in a run while nodes report: enough for a silence to be noticed.
 */
enum { HEARTBEATS = 8 };

/* Where nodes move it passes until something happens, for so many heartbeats at most; and so often.
 */
enum { SPAN = 6, SPANS = 3 };

/* How often it does at other times, before all is settled. */
enum { WAITS = 32 };

typedef enum life_state { LIFE_NONE, LIFE_ALIVE, LIFE_OVER } life_state;

/* What the launcher says of a life, or the life through it. */
typedef struct report {
    xy_event_kind kind;
    bool begun;
    xy_cause cause;
    uint64_t command;
    uint64_t child, link, tag; /* the life that may attach, or has: its own; on which link */
} report;

/* One life of a node; life 0 is the controlling node. */
typedef struct life {
    life_state state;
    bool attached; /* it was told to attach once */
    bool paused;
    bool doomed; /* it, or one that it needs, was to be removed, or died by accident */
    bool hung;   /* it did once, or one that it needs */
    int64_t id;
    uint64_t parent;      /* where nodes do not move */
    uint64_t latest_work; /* the command of that */
    uint64_t asks;        /* how many it has made; of each: */
    struct {
        xy_number work;   /* that it belongs to; 0: it is answered */
        uint64_t other;   /* the life that is asked, or 0, */
        uint64_t request; /* by this command; 0: not yet */
    } asked[ASKS_MAX + 1];
    xy_node node;
    xy_driver driver;
    xy_queue_end end;
    xy_ring orders, reports; /* xy_action, report: on their way */
} life;

/* A command that was issued. */
typedef struct issued {
    xy_command_kind kind;
    uint64_t target, to; /* the life that it is about, and that of the new parent; 0: none */
    unsigned below;      /* remove: a bit for each life that ends with it */
    int64_t due_ms;      /* when it has to be answered */
    int done;            /* exec, ping: how often the node did it */
    int answers, status; /* how many replies it got, and the latest */
    size_t asked;        /* cast: how many ids it asks, */
    uint64_t targets[CAST_IDS + 1]; /* their lives, by id, */
    int works[CAST_IDS + 1];        /* and how often each has done it */
    uint64_t cast;                  /* of a request that is a part of a cast: its number */
} issued;

typedef struct world {
    int64_t now_ms;
    bool moving; /* nodes may get other parents */
    xy_controller controller;
    xy_queue queue; /* of all machines */
    xy_queue_links links;
    xy_frame *in_hand; /* the frame that is being heard, unless it was passed on */
    uint64_t lives_count;
    issued commands[COMMANDS]; /* by number */
    int crashes_left, delays_left, heartbeats_left, waits_left;
    int span_left; /* heartbeats for which time goes on to pass if nothing happens */
    size_t issued; /* of the script */
    bool late;     /* time has passed early, or a node hung: then timeouts may be what answers */
    bool early;    /* time has passed early */
    uint64_t asker, ask; /* what the controlling node hears now; 0: nothing */
    life lives[LIVES];
    arena memory; /* last: only what is used of it is copied */
} world;

typedef enum move_kind {
    MOVE_UP,     /* the parent of a link hears its next frame */
    MOVE_DOWN,   /* the child does */
    MOVE_ORDER,  /* the launcher takes the next order about a life */
    MOVE_REPORT, /* the controlling node hears the next report about it */
    MOVE_TICK,
    MOVE_PASS, /* time passes, to the next deadline */
    MOVE_ISSUE,
    MOVE_CRASH,
    MOVE_STILLBORN /* a life of which nothing is known could not begin */
} move_kind;

typedef struct move {
    move_kind kind;
    uint64_t of; /* a life or a link */
    xy_command command;
} move;

typedef struct world_options {
    const xy_topology *topology;
    xy_repair repair;
    bool rest;  /* what is below a node that is started again is, too */
    bool keyed; /* nodes have keys */
    bool past;  /* nodes are told of their children past the tree */
    bool moves; /* the user moves nodes */
    int crashes, delays;
} world_options;

/* Begins a world with nothing in it, which must stay where it is. */
void world_begin(world *w, const world_options *options);

/* What can happen by itself at this time; returns how many moves that are, EVENTS_MAX at most. */
enum { EVENTS_MAX = 3 * LIVES + 2 * LINKS };
size_t world_events(const world *w, move *moves);

/* Where nodes move: what changes nothing for anything else that can happen, so no other order need
 * be tried: a tick, a heartbeat of a child that is heard, word of a start that has been seen
 * already. And time, once it passes while nodes report. */
bool world_urgent(const world *w, move *urgent);

/* Whether time may pass; and whether it could, if there were no bound on it. */
bool world_may_pass(const world *w);
bool world_has_deadline(const world *w);

/* Whether a life may crash; and whether nothing is known of its beginning. */
bool world_may_crash(const world *w, uint64_t who);
bool world_is_unborn(const world *w, uint64_t who);

void world_make(world *w, const move *next);

bool world_lives(const world *w, uint64_t who);

/* Whether a life goes with another one that is over. Whether a life is missed by those below it. */
bool world_needs(const world *w, uint64_t who, uint64_t top);

/* The life to which a life is attached, as the two of them know; or LIVES: to none. */
uint64_t world_parent(const world *w, uint64_t who);

/* The subtree of the controlling node or of a life. */
const xy_subtree *world_subtree(const world *w, uint64_t who);

/* How many bytes of a world have to be kept to put it back. */
size_t world_size(const world *w);

#endif
