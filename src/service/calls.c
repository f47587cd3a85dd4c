#include "service/calls.h"

#include <stddef.h>
#include <string.h>
#include <utlist.h>

#include "core/asks.h"
#include "core/memory.h"
#include "core/set.h"
#include "service/outcome_list.h"

typedef struct timer {
    xy_slot slot; /* its key is the number; its deadline is XY_NEVER when it is due */
    xy_call call;
    bool due;
    void (*callback)(xylem_context *context, void *owner);
    void *owner;
} timer;

static timer *timer_of_call(xy_call *call)
{
    return (timer *)(void *)((char *)call - offsetof(timer, call));
}

static void run_timer(xy_call *call, xylem_context *context)
{
    const timer *due = timer_of_call(call);
    due->callback(context, due->owner);
}

static void free_timer(xy_call *call)
{
    xy_release(timer_of_call(call));
}

int xy_calls_set(xy_calls *calls, int64_t due_ms,
                 void (*callback)(xylem_context *context, void *owner), void *owner,
                 uint64_t *number)
{
    if (calls->closed)
        return XYLEM_CANCELLED;
    if (calls->timers.count >= XY_TIMERS_MAX)
        return XYLEM_BUSY;
    timer *new = xy_allocate(1, sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    *new = (timer){
        .call = {.run = run_timer, .free = free_timer}, .callback = callback, .owner = owner};
    new->slot.request = calls->numbered + 1;
    new->slot.deadline_ms = due_ms;
    if (!xy_table_add(&calls->timers, &new->slot)) {
        xy_release(new);
        return XYLEM_NO_MEMORY;
    }
    *number = ++calls->numbered;
    return XYLEM_OK;
}

static void take_out(xy_calls *calls, timer *set)
{
    xy_table_remove(&calls->timers, &set->slot);
    if (set->due)
        DL_DELETE(calls->due, &set->call);
}

void xy_calls_cancel(xy_calls *calls, uint64_t number)
{
    timer *set = (timer *)xy_table_find(&calls->timers, number);
    if (!set)
        return;
    take_out(calls, set);
    xy_release(set);
}

void xy_calls_add(xy_calls *calls, xy_call *call)
{
    if (calls->closed)
        call->free(call);
    else
        DL_APPEND(calls->due, call);
}

bool xy_calls_ripen(xy_calls *calls, int64_t now_ms)
{
    for (xy_slot *slot; (slot = xy_table_due(&calls->timers, now_ms));) {
        timer *come = (timer *)slot;
        xy_table_reschedule(&calls->timers, slot, INT64_MAX);
        come->due = true;
        DL_APPEND(calls->due, &come->call);
    }
    return calls->due;
}

xy_call *xy_calls_take(xy_calls *calls)
{
    xy_call *first = calls->due;
    if (first && first->run == run_timer)
        take_out(calls, timer_of_call(first));
    else if (first)
        DL_DELETE(calls->due, first);
    return first;
}

/* Asks. */

typedef struct inquiry {
    xy_slot slot; /* its key is the number of the ask */
    xy_call call;
    xylem_answered callback;
    void *owner;
    void (*take)(void *owner, int status, xy_outcome_list *outcomes);
    void (*forget)(void *owner);
    int status;
    uint8_t *outcomes;
    size_t size;
} inquiry;

static inquiry *inquiry_of_call(xy_call *call)
{
    return (inquiry *)(void *)((char *)call - offsetof(inquiry, call));
}

static void run_inquiry(xy_call *call, xylem_context *context)
{
    inquiry *answered = inquiry_of_call(call);
    xy_outcome_list *report = xy_outcome_list_new(answered->outcomes, answered->size);
    if (report)
        answered->outcomes = NULL;
    else if (answered->size > 0)
        answered->status = XYLEM_NO_MEMORY;
    if (answered->take) {
        answered->take(answered->owner, answered->status, report);
        return;
    }
    answered->callback(context, answered->status, report ? report->list : NULL,
                       report ? report->count : 0, answered->owner);
    xy_outcome_list_free(report);
}

static void free_inquiry(xy_call *call)
{
    inquiry *answered = inquiry_of_call(call);
    if (answered->forget)
        answered->forget(answered->owner);
    xy_release(answered->outcomes);
    xy_release(answered);
}

static int look_at(const xy_calls *calls, const xy_asking *asking)
{
    xy_set set;
    const xy_slot *oldest = calls->asks.first;
    if (calls->closed)
        return XYLEM_CANCELLED;
    if (strlen(asking->set) + 1 + asking->size > XY_ASK_SIZE_MAX)
        return XYLEM_TOO_LONG;
    if (oldest && calls->asked + 1 - oldest->request >= XY_ASKS_MAX)
        return XYLEM_BUSY;
    int error = xy_set_read(asking->set, &set);
    xy_set_clear(&set);
    return error;
}

static xy_question *new_question(const xy_calls *calls, const xy_asking *asking)
{
    size_t set = strlen(asking->set) + 1;
    xy_question *new = xy_allocate(1, sizeof *new + set + asking->size);
    if (!new)
        return NULL;
    new->request = asking->request;
    new->ask = calls->asked + 1;
    new->budget_ms = asking->budget_ms;
    new->size = set + asking->size;
    memcpy(new->payload, asking->set, set);
    if (asking->size > 0)
        memcpy(new->payload + set, asking->text, asking->size);
    return new;
}

static bool add_inquiry(xy_calls *calls, const xy_asking *asking)
{
    inquiry *new = xy_allocate(1, sizeof *new);
    if (!new)
        return false;
    *new = (inquiry){.call = {.run = run_inquiry, .free = free_inquiry},
                     .callback = asking->callback,
                     .owner = asking->owner,
                     .take = asking->take,
                     .forget = asking->forget};
    new->slot.request = calls->asked + 1;
    new->slot.deadline_ms = INT64_MAX; /* the node tells in time */
    if (xy_table_add(&calls->asks, &new->slot))
        return true;
    xy_release(new);
    return false;
}

int xy_calls_ask(xy_calls *calls, const xy_asking *asking)
{
    int error = look_at(calls, asking);
    if (error)
        return error;
    xy_question *question = new_question(calls, asking);
    if (!question || !add_inquiry(calls, asking)) {
        xy_release(question);
        return XYLEM_NO_MEMORY;
    }
    calls->asked++;
    DL_APPEND(calls->questions, question);
    return XYLEM_OK;
}

xy_question *xy_calls_take_question(xy_calls *calls)
{
    xy_question *first = calls->questions;
    if (first)
        DL_DELETE(calls->questions, first);
    return first;
}

void xy_calls_answer(xy_calls *calls, uint64_t ask, int status, uint8_t *outcomes, size_t size)
{
    inquiry *answered = (inquiry *)xy_table_find(&calls->asks, ask);
    if (!answered) {
        xy_release(outcomes);
        return;
    }
    xy_table_remove(&calls->asks, &answered->slot);
    answered->status = status;
    answered->outcomes = outcomes;
    answered->size = size;
    DL_APPEND(calls->due, &answered->call);
}

void xy_call_run(xy_call *call, xylem_context *context)
{
    call->run(call, context);
    call->free(call);
}

int64_t xy_calls_deadline(const xy_calls *calls)
{
    return xy_table_deadline(&calls->timers);
}

void xy_calls_close(xy_calls *calls)
{
    calls->closed = true;
    for (xy_call *call; (call = xy_calls_take(calls));)
        call->free(call);
    for (xy_slot *slot; (slot = xy_table_earliest(&calls->timers));) {
        xy_table_remove(&calls->timers, slot);
        xy_release(slot);
    }
    xy_table_clear(&calls->timers);
    for (xy_slot *slot; (slot = xy_table_earliest(&calls->asks));) {
        xy_table_remove(&calls->asks, slot);
        free_inquiry(&((inquiry *)slot)->call);
    }
    xy_table_clear(&calls->asks);
    for (xy_question *question; (question = xy_calls_take_question(calls));)
        xy_release(question);
}
