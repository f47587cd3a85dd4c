#include "core/asks.h"

#include "core/memory.h"
#include "core/requests.h"

/* The slot of an ask is its beginning. */
static xy_ask *ask_of(xy_slot *slot)
{
    return (xy_ask *)slot;
}

static void forget(xy_asks *asks, xy_ask *ask)
{
    xy_table_remove(&asks->table, &ask->slot);
    xy_buffer_clear(&ask->text);
    xy_release(ask);
}

static void free_new(xy_ask *ask)
{
    if (ask)
        xy_buffer_clear(&ask->text);
    xy_release(ask);
}

int xy_asks_add(xy_asks *asks, xy_number work, uint64_t number, const void *text, size_t size,
                int64_t deadline_ms, xy_queue *out)
{
    if (asks->table.first && number - asks->table.first->request >= XY_ASKS_MAX)
        return XYLEM_BUSY; /* the controlling node knows no more numbers apart: see window */
    if (size > XY_ASK_SIZE_MAX)
        return XYLEM_TOO_LONG;
    xy_ask *ask = xy_allocate(1, sizeof *ask);
    if (!ask || !xy_buffer_add(&ask->text, text, size) || !xy_queue_promise(out)) {
        free_new(ask);
        return XYLEM_NO_MEMORY;
    }
    ask->work = work;
    ask->slot.request = number;
    ask->slot.deadline_ms = deadline_ms;
    ask->slot.cost = size + XY_REQUEST_COST;
    if (xy_table_add(&asks->table, &ask->slot))
        return XYLEM_OK;
    xy_queue_take_back(out, 1);
    free_new(ask);
    return XYLEM_NO_MEMORY;
}

void xy_asks_answer(xy_asks *asks, uint64_t number, int status, const void *outcomes, size_t size,
                    xy_queue *out)
{
    xy_ask *ask = ask_of(xy_table_find(&asks->table, number));
    xy_buffer copy = {0};
    if (!ask)
        return;
    if (!xy_buffer_add(&copy, outcomes, size))
        status = XYLEM_NO_MEMORY;
    xy_action action = {.kind = XY_ACTION_ANSWERED,
                        .answered = {.ask = number, .status = status, .size = copy.size}};
    action.answered.outcomes = xy_buffer_take(&copy);
    xy_queue_keep(out, &action);
    forget(asks, ask);
}

void xy_asks_drop(xy_asks *asks, xy_number work, xy_queue *out)
{
    xy_slot *next;
    for (xy_slot *slot = asks->table.first; slot; slot = next) {
        next = slot->next;
        if (ask_of(slot)->work.request == work.request)
            xy_asks_answer(asks, slot->request, XYLEM_CANCELLED, NULL, 0, out);
    }
}

const xy_ask *xy_asks_first(const xy_asks *asks)
{
    return ask_of(asks->table.first);
}

const xy_ask *xy_asks_last(const xy_asks *asks)
{
    return asks->table.first ? ask_of(asks->table.first->prev) : NULL;
}

const xy_ask *xy_asks_next(const xy_ask *ask)
{
    return ask_of(ask->slot.next);
}

void xy_asks_tick(xy_asks *asks, int64_t now_ms, xy_queue *out)
{
    for (xy_slot *late; (late = xy_table_due(&asks->table, now_ms));)
        xy_asks_answer(asks, late->request, XYLEM_TIMED_OUT, NULL, 0, out);
}

int64_t xy_asks_deadline(const xy_asks *asks)
{
    return xy_table_deadline(&asks->table);
}

void xy_asks_clear(xy_asks *asks, xy_queue *out)
{
    xy_queue_take_back(out, asks->table.count);
    while (asks->table.first)
        forget(asks, ask_of(asks->table.first));
    xy_table_clear(&asks->table);
}
