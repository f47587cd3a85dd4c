#include "service/calls.h"

#include <stddef.h>
#include <utlist.h>

#include "core/memory.h"

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
}
