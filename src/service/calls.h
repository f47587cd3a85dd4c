/* calls: the callbacks of one service: its timers, and what else calls it back.
 *
 * Each is called by the thread that calls `exec`, between two pieces of work, or while one rests.
 * So a service needs no lock. This is only what is set and what is due: the owner has a clock, and
 * a lock if several threads use it.
 */
#ifndef XY_CALLS_H
#define XY_CALLS_H

#include "core/table.h"
#include "service/context.h"
#include "service/outcome_list.h"

/* How many timers a node may have. */
#define XY_TIMERS_MAX 1024

/* What a service asks other nodes: see xylem_work_ask. All of it is lent. */
typedef struct xy_asking {
    xy_number request; /* that it works on */
    const char *set;
    const void *text;
    size_t size;
    uint32_t budget_ms;
    xylem_answered callback;
    void *owner;

    /* In place of the callback: gets the outcomes, which are the owner's then; NULL: there are
     * none.
     */
    void (*take)(void *owner, int status, xy_outcome_list *outcomes);

    /* Once, after the call or in place of it; by any thread. NULL: nothing is to be done. */
    void (*forget)(void *owner);
} xy_asking;

/* An ask on its way to the node. */
typedef struct xy_question {
    struct xy_question *prev, *next;
    xy_number request;
    uint64_t ask; /* its number: in turn from 1 */
    uint32_t budget_ms;
    size_t size;
    uint8_t payload[]; /* the set, a NUL, the text */
} xy_question;

/* All zero are none. */
typedef struct xy_calls {
    xy_call *due;    /* the oldest first */
    xy_table timers; /* those that are set, and those that are due and have not been called */
    uint64_t numbered;
    xy_table asks; /* those that have no answer yet */
    uint64_t asked;
    xy_question *questions; /* those that the node has not taken, the oldest first */
    bool closed;
} xy_calls;

/* Sets a timer for `due_ms`, and gives it a number that is not 0. XYLEM_BUSY: there are
 * XY_TIMERS_MAX; XYLEM_NO_MEMORY; XYLEM_CANCELLED: after the close. */
int xy_calls_set(xy_calls *calls, int64_t due_ms,
                 void (*callback)(xylem_context *context, void *owner), void *owner,
                 uint64_t *number);

/* Frees a timer that has not been called. Does nothing if there is none with this number. */
void xy_calls_cancel(xy_calls *calls, uint64_t number);

/* Adds a callback that is due, which belongs to the calls then. After the close it is freed. */
void xy_calls_add(xy_calls *calls, xy_call *call);

/* The timers whose time has come are due from now on. Whether anything is. */
bool xy_calls_ripen(xy_calls *calls, int64_t now_ms);

/* Takes out the oldest one that is due, for xy_call_run; NULL: there is none. A timer that is set
 * by a callback is not due before the next xy_calls_ripen. */
xy_call *xy_calls_take(xy_calls *calls);

/* Asks: the callback is due when the answer has come. XYLEM_INVALID: the set is malformed;
 * XYLEM_TOO_LONG: it is too large, or set and text together are; XYLEM_BUSY: too many wait for
 * their answers; XYLEM_NO_MEMORY; XYLEM_CANCELLED: after the close. */
int xy_calls_ask(xy_calls *calls, const xy_asking *asking);

/* Takes out the oldest question, which the caller frees by xy_release; NULL: there is none. */
xy_question *xy_calls_take_question(xy_calls *calls);

/* An ask is answered. The outcomes, memory of core, belong to the calls then. */
void xy_calls_answer(xy_calls *calls, uint64_t ask, int status, uint8_t *outcomes, size_t size);

/* Calls it back, and frees it. */
void xy_call_run(xy_call *call, xylem_context *context);

/* When the earliest timer is due that is not yet, or XY_NEVER. */
int64_t xy_calls_deadline(const xy_calls *calls);

/* Frees all of them, and there are no more. */
void xy_calls_close(xy_calls *calls);

#endif
