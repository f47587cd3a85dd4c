/* model: the shadow of a network: what should be, worked out from what was asked, answered and done
 * to it, without a look at how core/ and topology/ do it.
 *
 * A life is one start of a node; life 0 is the controlling node. Time is in microseconds.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/message.h"

enum stage {
    STAGE_ASKED, /* its create has not been answered */
    STAGE_PRESENT,
    STAGE_ENDING, /* its removal, or that of a node above it, has not been answered */
    STAGE_OVER    /* it is not on the map any more */
};

enum shape { SHAPE_BST, SHAPE_AVL, SHAPE_BALANCED, SHAPE_LIST, SHAPE_TREE, SHAPES };

extern const char *const shape_names[SHAPES];

struct span {
    int64_t from_us, until_us;
};

enum { SPANS = 8 };

/* One attachment of a life to another one. */
struct link {
    uint64_t child, above; /* lives; the child is 0: there is no such link */
    uint64_t tag;
    bool expected;    /* the parent lives, and has not let the child go */
    bool connected;   /* the child has connected, */
    bool left;        /* and has ended that */
    bool welcomed;    /* the child has been told that it is attached */
    int64_t heard_us; /* when the parent heard of the child last, or should have */
};

struct life {
    int64_t id;
    uint64_t above;  /* the life that it is attached to; before that: to which it is to be */
    uint64_t wanted; /* the life that it is to be below */
    enum stage stage;
    uint64_t link;         /* on which it is attached; before that: the latest that was expected; 0:
                              none was */
    uint64_t coming;       /* on which it attaches; 0: it does not */
    uint64_t highest;      /* the highest that a parent let it attach by, */
    uint64_t ordered;      /* that the launcher was told, */
    uint64_t heard;        /* and that it has heard of itself */
    char key[XY_KEY_SIZE]; /* as the launcher has said, or "" */
    bool started, alive;
    bool opened;         /* it has begun */
    bool attached;       /* it has connected to a parent */
    bool welcomed;       /* it has had a parent */
    bool answered;       /* its create was answered with OK */
    bool mishap;         /* it could not be started, or ended by accident */
    bool reported;       /* the controlling node has heard that it is over */
    bool doomed;         /* something from outside ends it */
    bool available;      /* as the controlling node has said */
    bool silent;         /* as its parent has found, */
    bool was_silent;     /* now or before, or as the controlling node has said */
    bool told_start;     /* the launcher was told to start it, */
    bool told_end;       /* to have it end, */
    bool told_kill;      /* and to kill it, */
    bool late;           /* because it had not ended in time */
    bool restarted;      /* it is not the first life that its create was answered for */
    bool retired;        /* it was started again too often */
    unsigned restarts;   /* within the present window, */
    int64_t window_ms;   /* and when that began, by the clock of the controlling node, */
    int64_t reported_ms; /* by which its end was reported then */
    unsigned saying;     /* how often it has said that it has attached, and was not heard yet */
    int64_t spoke_us;    /* and when it was heard last */
    unsigned moves;      /* commands to move it that have not been answered, */
    int64_t moved_us;    /* and when one to move it was given or answered last */
    int64_t started_us, opened_us, attached_us, told_end_us, ordered_us;
    int64_t pace_ms; /* the heartbeat interval when it was told to attach, or fell silent, last */
    int64_t ended_us;
    int64_t lost_us;            /* it lost its parent then, without having got another one; or 0 */
    uint64_t kept;              /* how many bytes of answers it was to keep */
    int64_t given_up_us;        /* it has to end from then on; 0: it may live */
    bool paused;                /* until it is resumed, */
    int64_t paused_us;          /* since then */
    struct span held;           /* or for this time, */
    int64_t stalled_us;         /* and its link until then */
    int64_t calm_us;            /* nothing holds it or its link up from then on */
    const char *service;        /* that it has */
    bool fresh;                 /* it was to be created without a saved state */
    uint64_t counted;           /* how much work its service has done, with what it was given */
    int64_t saved;              /* the how manieth state it has sent last */
    uint64_t offered;           /* how many events its service has published, */
    uint64_t published;         /* its node has taken, */
    uint64_t passed;            /* the controlling node has passed on, */
    uint64_t took;              /* and the user has taken */
    uint64_t working;           /* the request whose work is under way; 0: none */
    uint64_t begun;             /* the latest one whose work was begun, */
    uint64_t come;              /* and the latest one that has come */
    bool told;                  /* that what is under way is not wanted any more */
    struct span held_up[SPANS]; /* the latest times when something did */
    size_t spans;
    int64_t forgotten_us; /* what is not known any more had ended then */
};

struct model {
    enum shape shape;
    struct life *lives;
    size_t count, capacity;
    uint64_t *present;  /* by id: the life that is not over; 0: none */
    struct link *links; /* by number */
    size_t links_count;
    int64_t ids;                 /* how many there are: 0 to ids - 1 */
    size_t entered;              /* how many lives are not over */
    int64_t longest_interval_ms; /* of those that were ever in force */
    int64_t interval_changed_us; /* when it did */
};

/* Ends the program when there is no memory, as everything here does. */
void model_init(struct model *model, enum shape shape, int64_t ids);
void model_clear(struct model *model);

/* Where a new node belongs: XYLEM_OK and the life that it is to be below, XYLEM_PARENT_NOT_FOUND or
 * XYLEM_PARENT_HAS_CHILD. `wish` is the parent of a create. */
int model_place(const struct model *model, int64_t id, int64_t wish, uint64_t *above);

/* A node is created below a life; or the one of a life that is over is started again in its place.
 * `life` is its own, a number above that of each one before; what is left out was never used. */
void model_add(struct model *model, uint64_t life, int64_t id, uint64_t above);
void model_revive(struct model *model, uint64_t life, uint64_t before);

uint64_t model_find(const struct model *model, int64_t id);

/* One that is over keeps its place, so there may be a circle of such. How many lives a life is
 * below; whether it is below another one: as they are attached, and as they should be. */
size_t model_depth(const struct model *model, uint64_t of);
bool model_is_below(const struct model *model, uint64_t of, uint64_t top);
bool model_is_wanted_below(const struct model *model, uint64_t of, uint64_t top);

/* The link with this number; all zero: there is none. The life of it, or 0. */
const struct link *model_link(const struct model *model, uint64_t link);
uint64_t model_of_link(const struct model *model, uint64_t link);

/* A life lets another one attach by a link, or lets it go. */
void model_expect(struct model *model, uint64_t link, uint64_t child, uint64_t above, uint64_t tag);
void model_let_go(struct model *model, uint64_t link);

/* A life connects by a link, or ends that; its parent has welcomed it: it is attached. */
void model_connect(struct model *model, uint64_t link, int64_t now_us);
void model_disconnect(struct model *model, uint64_t link);
void model_welcome(struct model *model, uint64_t link, int64_t now_us);

/* Puts all that is not over, from `top` downwards as it should be, in a stage; or it alone. */
void model_enter_stage(struct model *model, uint64_t top, enum stage to, bool alone);

/* A life does nothing, its link delivers nothing, or takes nothing, for this time. */
void model_hold(struct model *model, uint64_t of, struct span time);
void model_stall(struct model *model, uint64_t of, struct span time);

/* A life does nothing until it is resumed. */
void model_pause(struct model *model, uint64_t of, int64_t now_us);
void model_resume(struct model *model, uint64_t of, int64_t now_us);

/* A life is disturbed, but not so much that it may be taken for dead. */
void model_disturb(struct model *model, uint64_t of, int64_t until_us);

/* Whether a life does nothing now, and since when. */
bool model_hangs(const struct model *model, uint64_t of, int64_t now_us, int64_t *since_us);

/* How much of a time a life or its link were held up, and how many times; INT64_MAX when that is
 * not known. */
int64_t model_held_up(const struct model *model, uint64_t of, int64_t from_us, int64_t now_us,
                      size_t *times);

/* Since when nothing has held up a life, its link, or any of those above it; the future when
 * something does. */
int64_t model_calm_since(const struct model *model, uint64_t of);

/* Whether a life and all above it are present and alive. */
bool model_is_reachable(const struct model *model, uint64_t of);

#endif
