/* asks: what the service of a node has asked other nodes, and has not been answered.
 *
 * An ask goes up to the controlling node, which asks in the name of the node and sends the answer
 * down. The node keeps it until then, and says it again when the way up has changed. Each is
 * answered once: also when the work that it belongs to is over, or when its time is.
 */
#ifndef XY_ASKS_H
#define XY_ASKS_H

#include "core/buffer.h"
#include "core/step.h"
#include "core/table.h"
#include "core/window.h"

/* How far the numbers of those under way may be apart, and how long one may be, its set and a NUL
 * included. */
#define XY_ASKS_MAX     XY_WINDOW_SIZE
#define XY_ASK_SIZE_MAX (128 * 1024)

typedef struct xy_ask {
    xy_slot slot;   /* its key is the number of the ask */
    xy_number work; /* the request that it belongs to */
    xy_buffer text; /* a set, a NUL, a text */
} xy_ask;

/* All zero are none. */
typedef struct xy_asks {
    xy_table table;
} xy_asks;

/* Adds an ask, with a promise for its answer. XYLEM_OK; XYLEM_BUSY: too many are under way;
 * XYLEM_TOO_LONG, XYLEM_NO_MEMORY: and then it has no answer. */
int xy_asks_add(xy_asks *asks, xy_number work, uint64_t number, const void *text, size_t size,
                int64_t deadline_ms, xy_queue *out);

/* An ask is answered; does nothing when there is none of this number. Without memory for the
 * outcomes it is XYLEM_NO_MEMORY. */
void xy_asks_answer(xy_asks *asks, uint64_t number, int status, const void *outcomes, size_t size,
                    xy_queue *out);

/* A request is not worked on any more: those that belong to it are cancelled. */
void xy_asks_drop(xy_asks *asks, xy_number work, xy_queue *out);

/* In their order: for (ask = xy_asks_first (a); ask; ask = xy_asks_next (ask)). The latest one. */
const xy_ask *xy_asks_first(const xy_asks *asks);
const xy_ask *xy_asks_last(const xy_asks *asks);
const xy_ask *xy_asks_next(const xy_ask *ask);

/* Ends those whose time is over with XYLEM_TIMED_OUT. */
void xy_asks_tick(xy_asks *asks, int64_t now_ms, xy_queue *out);
int64_t xy_asks_deadline(const xy_asks *asks);

/* Forgets all, without an answer. */
void xy_asks_clear(xy_asks *asks, xy_queue *out);

#endif
