/* handle: whether a call may use a network: it is open, this process opened it, and no other call
 * uses it.
 *
 * What is refused is remembered for each thread, because a network that may not be used can keep
 * nothing.
 */
#ifndef XY_HANDLE_H
#define XY_HANDLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "xylem.h"

/* Part of every network. */
typedef struct xy_handle {
    struct xy_handle *next, *prev; /* in the list of those that are open */
    unsigned forks;         /* how often this process's ancestors had forked when it was opened */
    atomic_uintptr_t own;   /* the thread that is inside of a call; 0: none */
    atomic_uintptr_t *user; /* that, or the same of a handle that it is shared with */
} xy_handle;

/* Enters a handle in the list, and takes it out. While `shared` is in a call, so is the handle, and
 * the other way round; it lasts longer; NULL: it is shared with none. */
void xy_handle_open(xy_handle *handle, xy_handle *shared);
void xy_handle_close(xy_handle *handle);

/* Begins a call, which xy_handle_leave ends. XYLEM_INVALID: it may not begin, and
 * xy_handle_refusal tells why. The handle may be NULL, or one that was closed before. */
int xy_handle_enter(xy_handle *handle);
void xy_handle_leave(xy_handle *handle);

/* Whether the handle is open and was opened by an ancestor of this process. xy_handle_is_foreign
 * tells the same of one that is open; it may be called in a signal handler. */
bool xy_handle_is_inherited(const xy_handle *handle);
bool xy_handle_is_foreign(const xy_handle *handle);

/* Remembers why a call of this thread failed, for xy_handle_refusal. */
void xy_handle_refuse(const xy_handle *handle, const char *why);

/* Why the latest call of this thread on this handle was refused; NULL: it was not. With NULL: why
 * the latest call of this thread was that failed; never NULL. */
const char *xy_handle_refusal(const xy_handle *handle);

#endif
