/* model: the shadow of a network: what should be, worked out from what was asked, answered and done
 * to it, without a look at how core/ does it.
 *
 * A life is one incarnation of a node; life 0 is the controlling node. Time is in microseconds.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stage {
    STAGE_ASKED, /* its create has not been answered */
    STAGE_PRESENT,
    STAGE_ENDING, /* its removal, or that of a node above it, has not been answered */
    STAGE_OVER    /* it is none of the network's any more */
};

struct span {
    int64_t from_us, until_us;
};

enum { SPANS = 8 };

struct life {
    int64_t id;
    uint64_t above; /* the life that it is below */
    enum stage stage;
    bool started, alive;
    bool greeted;   /* it has said hello */
    bool answered;  /* its create was answered with OK */
    bool mishap;    /* it could not be started, or ended by accident */
    bool forgotten; /* the controlling node has said that it is over */
    bool doomed;    /* something from outside has ended it, or a node above it */
    bool available; /* as the controlling node has said */
    bool lost;      /* its parent has given it up */
    int64_t started_us, greeted_us;
    int64_t heard_us; /* when its parent heard of it last */
    int64_t ended_us;
    bool paused;                /* until it is resumed, */
    int64_t paused_us;          /* since then */
    struct span held;           /* or for this time, */
    int64_t stalled_us;         /* and its link until then */
    int64_t calm_us;            /* nothing holds it or its link up from then on */
    const char *service;        /* that it has */
    uint64_t working;           /* the request whose work is under way; 0: none */
    uint64_t begun;             /* the latest one whose work was begun */
    bool told;                  /* that what is under way is not wanted any more */
    struct span held_up[SPANS]; /* the latest times when something did */
    size_t spans;
    int64_t forgotten_us; /* what is not known any more had ended then */
};

struct model {
    struct life *lives;
    size_t count, capacity;
    uint64_t *present;           /* by id: the life that is not over; 0: none */
    int64_t ids;                 /* how many there are: 0 to ids - 1 */
    size_t entered;              /* how many lives are not over */
    int64_t longest_interval_ms; /* of those that were ever in force */
    int64_t paced_us;            /* when the interval changed */
};

/* Ends the program when there is no memory, as everything here does. */
void model_init(struct model *model, int64_t ids);
void model_clear(struct model *model);

/* A node is to be created: gives it a place in the tree. Its life is the next number. */
uint64_t model_ask(struct model *model, int64_t id);

/* The life that would be above a new one with this id: its neighbour in the order of ids, that one
 * of the two which is deeper. */
uint64_t model_above(const struct model *model, int64_t id);

uint64_t model_find(const struct model *model, int64_t id);
size_t model_depth(const struct model *model, uint64_t of);
bool model_is_below(const struct model *model, uint64_t of, uint64_t top);

/* Moves all that is not over, from `top` downwards, to a stage. */
void model_move(struct model *model, uint64_t top, enum stage to);

/* Something ends `top` and all below it from outside. */
void model_doom(struct model *model, uint64_t top);

/* A life does nothing, its link delivers nothing, or takes nothing, for this time. */
void model_hold(struct model *model, uint64_t of, struct span time);
void model_stall(struct model *model, uint64_t of, struct span time);

/* A life does nothing until it is resumed. */
void model_pause(struct model *model, uint64_t of, int64_t now_us);
void model_resume(struct model *model, uint64_t of, int64_t now_us);

/* A life is disturbed, but not so much that anyone may take it for dead. */
void model_disturb(struct model *model, uint64_t of, int64_t until_us);

/* Whether a life does nothing now, and since when. */
bool model_hangs(const struct model *model, uint64_t of, int64_t now_us, int64_t *since_us);

/* How much of a time a life or its link were held up; INT64_MAX when that is not known. */
int64_t model_held_up(const struct model *model, uint64_t of, int64_t from_us, int64_t now_us);

/* Since when nothing has held up anyone from a life upwards; the future when something does. */
int64_t model_calm_since(const struct model *model, uint64_t of);

/* Whether a life and all above it are present and alive. */
bool model_is_reachable(const struct model *model, uint64_t of);

/* Whether another life had the place of this one in its parent, at that time or later. */
bool model_was_taken(const struct model *model, uint64_t of, int64_t since_us);

#endif
