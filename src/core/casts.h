/* casts: requests to many that are under way below a node: to which children each was passed on,
 * and what there is of the answers. A compute node and the controlling node do the same.
 *
 * A cast goes once over each link, and is answered once: by the node itself, if it is asked, and by
 * each child for all below it. What is lost on the way is named in the answer.
 */
#ifndef XY_CASTS_H
#define XY_CASTS_H

#include "core/merge.h"
#include "core/plan.h"
#include "core/subtree.h"
#include "core/table.h"

/* A child that a cast was passed on to. */
typedef struct xy_cast_child {
    UT_hash_handle hh; /* of many that have not answered */
    bool awaited;      /* it has not answered */
    uint64_t link;
    xy_range range;     /* the positions of the nodes that are asked there */
    xy_buffer arriving; /* of its answer */
} xy_cast_child;

typedef struct xy_cast {
    xy_slot slot; /* its key is the number of the cast; its deadline is when it is answered with
                     what there is */
    uint64_t tag;
    xy_range range; /* the positions of all that are asked from here downwards, */
    size_t own;     /* and how many answers the owner itself has still to give */
    bool many;      /* children: then the hash table has those that have not answered */
    xy_cast_child *hash;
    size_t count, awaited;              /* how many children there are, and have not answered */
    char service[XY_SERVICE_NAME_SIZE]; /* that combines the answers; "": they are not combined */
    xy_merge merge;
    struct xy_audience *audience; /* the controlling node's: see casting */
    xy_cast_child children[];
} xy_cast;

/* A cast is over: all has been answered, or it is due. It lasts for the call. */
typedef void xy_cast_over(void *owner, xy_cast *cast, xy_queue *out);

typedef struct xy_casts {
    xy_table table;
    xy_cast_over *over;
    void *owner;
} xy_casts;

/* Begins with none. The casts must stay where they are. */
void xy_casts_init(xy_casts *casts, xy_cast_over *over, void *owner);
void xy_casts_clear(xy_casts *casts);

xy_cast *xy_casts_find(const xy_casts *casts, xy_number number);

/* Enters a cast whose number is not there yet, and passes its first fragment on. `plan` is where it
 * goes, and has been read to its first child; `own` is how many answers come from the owner; the
 * message says the code, the number, the fragment and the budget, and has `size` bytes of text.
 * Then the owner looks at it by xy_casts_look_at. NULL when there is no memory. */
xy_cast *xy_casts_begin(xy_casts *casts, const xy_subtree *subtree, xy_plan *plan, size_t own,
                        const xy_message *message, const void *text, size_t size,
                        int64_t deadline_ms, xy_queue *out);

/* Passes a further fragment on, whose text is lent until the actions are performed; or, with the
 * code XY_CANCEL, that the cast is not wanted any more. */
void xy_casts_pass(xy_cast *cast, const xy_message *message, const void *text, size_t size,
                   const xy_subtree *subtree, xy_queue *out);

/* If all is answered it is over, and is forgotten; before that what there is is combined. Each of
 * the functions below does this, too. */
void xy_casts_look_at(xy_casts *casts, xy_cast *cast, xy_queue *out);

/* The owner answers for one position. */
void xy_casts_own(xy_casts *casts, xy_cast *cast, uint32_t position, int status, const void *text,
                  size_t size, xy_queue *out);

/* A child has answered, or a fragment of that has come. */
void xy_casts_hear(xy_casts *casts, const xy_peer *from, const xy_message *merged, xy_queue *out);

/* Two answers have been combined. */
void xy_casts_combined(xy_casts *casts, xy_number number, int status, const void *text, size_t size,
                       xy_queue *out);

/* It could not be passed on over a link. */
void xy_casts_unsent(xy_casts *casts, xy_number number, xy_link_number link, int status,
                     xy_queue *out);

/* Some children are not there any more, or are silent: they do not answer. */
void xy_casts_look(xy_casts *casts, const xy_subtree *subtree, xy_queue *out);

/* Ends those that are due: what has not been answered is XYLEM_UNAVAILABLE. Ends one, with what
 * there is. Forgets one without an answer. */
void xy_casts_tick(xy_casts *casts, int64_t now_ms, xy_queue *out);
void xy_casts_end(xy_casts *casts, xy_cast *cast, xy_queue *out);
void xy_casts_forget(xy_casts *casts, xy_cast *cast);
int64_t xy_casts_deadline(const xy_casts *casts);

#endif
