/* coroutine: a routine with a stack of its own, in the thread of its caller. The two of them run in
 * turn: the caller resumes it, and it suspends itself or returns.
 *
 * The stack has the size of a node's stack. A page below it ends the program when it is touched.
 */
#ifndef XY_COROUTINE_H
#define XY_COROUTINE_H

#include <stdbool.h>

typedef struct xy_coroutine xy_coroutine;

/* Keeps the stacks that are not in use. All zero is an empty one. One thread uses it at a time, and
 * the coroutines that were made with it. */
typedef struct xy_stacks {
    xy_coroutine *idle;
} xy_stacks;

void xy_stacks_clear(xy_stacks *stacks);

/* Makes a coroutine, which begins when it is resumed first. NULL when there is no memory. The
 * caller ends it with xy_coroutine_free, before it clears the stacks. */
xy_coroutine *xy_coroutine_new(xy_stacks *stacks, void (*routine)(void *argument), void *argument);

/* Gives the stack back. A routine that has not returned never goes on: what it holds is lost. */
void xy_coroutine_free(xy_stacks *stacks, xy_coroutine *coroutine);

/* Runs the routine until it suspends itself: false; or returns: true, and it is not resumed again.
 * Not called by a routine that runs in the same coroutine. */
bool xy_coroutine_resume(xy_coroutine *coroutine);

/* Called by the routine: returns when it is resumed. */
void xy_coroutine_suspend(xy_coroutine *coroutine);

#endif
