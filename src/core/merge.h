/* merge: the answers to a cast, those that are equal together: what there is of them at one node.
 *
 * As bytes, on the way up, a merge is a number of groups; each has a status, the size of a text,
 * the text, a number of ranges, and for each range how far it begins behind the one before, and how
 * many positions it has. All numbers are varints.
 */
#ifndef XY_MERGE_H
#define XY_MERGE_H

#include "core/buffer.h"
#include "core/hash.h"

/* Positions that follow one another: see plan. */
typedef struct xy_range {
    uint32_t from, count;
} xy_range;

enum { XY_RANGES_FEW = 2 };

/* The nodes that have given one answer. In one piece of memory, unless there are many ranges. */
typedef struct xy_group {
    UT_hash_handle hh; /* of one that is not apart; the merge's own, as are: */
    uint64_t key;
    struct xy_group *next, *prev; /* all, in the order of coming, */
    struct xy_group *behind;      /* and those that are apart */
    xy_range *ranges;             /* in any order: */
    size_t count, capacity;
    xy_range few[XY_RANGES_FEW]; /* where they are, as long as they fit */
    int status;
    size_t room, size; /* for a text, and of the text */
    uint8_t text[];    /* with a NUL behind it */
} xy_group;

/* All zero is an empty one whose answers are not combined. */
typedef struct xy_merge {
    xy_group *all;    /* a list */
    xy_group *equal;  /* a hash table of those that others can be equal to */
    xy_group *apart;  /* a list of those that are to be combined: all without an error, */
    bool combines;    /* if they are */
    bool combining;   /* the first two that are apart, now */
    size_t text_size; /* of all texts */
    bool failed;      /* there was no memory for an answer: it is nothing to go by */
} xy_merge;

/* Adds the same answer of all nodes in a range. Beyond XYLEM_TEXT_MAX of texts it is
 * XYLEM_TOO_LONG. */
void xy_merge_add(xy_merge *merge, int status, const void *text, size_t size, xy_range range);

/* Adds what another merge has written, which is about as many positions as the range has, all
 * within it. False, and nothing added, when it is not. */
bool xy_merge_add_all(xy_merge *merge, const void *bytes, size_t size, xy_range range);

/* Two answers that are to be combined, which last until xy_merge_combined; false when there are
 * none, or two are being combined. The result takes the place of both; an error that of the second.
 */
bool xy_merge_combine(xy_merge *merge, const xy_group **a, const xy_group **b);
void xy_merge_combined(xy_merge *merge, int status, const void *text, size_t size);

/* Appends the bytes; false when there is no memory. */
bool xy_merge_write(xy_merge *merge, xy_buffer *bytes);

void xy_merge_clear(xy_merge *merge);

#endif
