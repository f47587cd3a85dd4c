/* search: every order of moves in the world of a script, depth first. What was seen before is not
 * gone through again.
 */
#ifndef XY_TEST_SEARCH_H
#define XY_TEST_SEARCH_H

#include "seen.h"
#include "small_script.h"
#include "small_world.h"

enum { DEPTH_MAX = 512 };

typedef struct search {
    script script;
    int crashes, delays; /* at most so many in a run: nodes that crash, times that time passes early
                          */
    seen seen;
    uint64_t states, moves, ends; /* those after which nothing can happen */
    size_t path[DEPTH_MAX];       /* the choices that led to the world as it is */
    size_t depth;
    void *saved[DEPTH_MAX]; /* the worlds on the way there */
} search;

/* False when something did not hold: then `broken` says what, and `path` how. */
bool search_run(search *s);

/* Makes the moves of `path`, and prints each. */
void search_replay(search *s);

void search_clear(search *s);

#endif
