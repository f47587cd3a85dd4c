#include "core/work_queue.h"

#include <assert.h>

#include "core/memory.h"
#include "core/requests.h"

void xy_work_queue_init(xy_work_queue *work, xy_work_answer *answer, void *owner)
{
    *work = (xy_work_queue){.answer = answer, .owner = owner};
}

void xy_work_queue_clear(xy_work_queue *work, xy_queue *out)
{
    xy_assemblies_clear(&work->waiting);
    xy_assemblies_clear(&work->arriving);
    xy_assemblies_clear(&work->deferred);
    xy_queue_take_back(out, work->promises);
    work->promises = 0;
}

/* Promises. */

static bool is_wanted(const xy_work_queue *work)
{
    return work->running.request != 0 && !work->answered;
}

static size_t unanswered(const xy_work_queue *work)
{
    return xy_assemblies_count(&work->arriving) + xy_assemblies_count(&work->waiting) +
           xy_assemblies_count(&work->deferred) + is_wanted(work);
}

static bool promise(xy_work_queue *work, xy_queue *out)
{
    bool promised = xy_queue_promise(out);
    work->promises += promised;
    return promised;
}

/* Gives back the promises of requests that were dropped. */
static void settle(xy_work_queue *work, xy_queue *out)
{
    size_t held = unanswered(work);
    assert(held <= work->promises);
    xy_queue_take_back(out, work->promises - held);
    work->promises = held;
}

static void answer(xy_work_queue *work, xy_number request, int status, xy_queue *out)
{
    assert(work->promises > 0);
    work->promises--;
    work->answer(work->owner, request, status, out);
}

/* Working. */

enum { LEAD_PART = 4, LEAD_MAX_MS = 1000 };

static int64_t deadline_of(const xy_message *request, int64_t now_ms)
{
    int64_t lead_ms = request->budget_ms / LEAD_PART;
    return now_ms + request->budget_ms - (lead_ms < LEAD_MAX_MS ? lead_ms : LEAD_MAX_MS);
}

/* Begins work, whose text is the action's from then on. */
static void begin(xy_work_queue *work, xy_number request, bool streams, xy_buffer *text,
                  int64_t deadline_ms, int64_t now_ms, xy_queue *out)
{
    int64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    xy_action action;
    action.kind = XY_ACTION_WORK;
    action.work.request = request;
    action.work.budget_ms = (uint32_t)left_ms;
    action.work.streams = streams;
    action.work.size = text->size;
    action.work.text = xy_buffer_take(text);
    assert(work->running.request == 0 && request.request != 0);
    if (!xy_queue_push(out, &action)) {
        answer(work, request, XYLEM_NO_MEMORY, out);
        return;
    }
    work->running = request;
    work->answered = false;
    work->deadline_ms = deadline_ms;
}

/* What has waited, and is as large as may be: it is not copied. */
static void begin_assembly(xy_work_queue *work, xy_assembly *whole, int64_t now_ms, xy_queue *out)
{
    begin(work, xy_assembly_number(whole), whole->streams, &whole->text, whole->slot.deadline_ms,
          now_ms, out);
    xy_assembly_free(whole);
}

static void begin_request(xy_work_queue *work, const xy_message *request, int64_t deadline_ms,
                          int64_t now_ms, xy_queue *out)
{
    xy_buffer text = {0};
    if (xy_buffer_add(&text, xy_message_payload(request), request->payload_size))
        begin(work, request->number, request->code == XY_STREAM, &text, deadline_ms, now_ms, out);
    else
        answer(work, request->number, XYLEM_NO_MEMORY, out);
}

void xy_work_queue_next(xy_work_queue *work, int64_t now_ms, xy_queue *out)
{
    while (work->running.request == 0 && xy_assemblies_count(&work->waiting) > 0)
        begin_assembly(work, xy_assemblies_take_first(&work->waiting), now_ms, out);
    settle(work, out);
}

static void put(xy_work_queue *work, xy_assembly *whole, int64_t now_ms, xy_queue *out)
{
    if (!xy_assemblies_put(&work->waiting, whole)) {
        answer(work, xy_assembly_number(whole), XYLEM_NO_MEMORY, out);
        xy_assembly_free(whole);
    }
    xy_work_queue_next(work, now_ms, out);
}

static bool has_room(const xy_work_queue *work, const xy_message *request)
{
    size_t cost = work->waiting.table.cost + work->arriving.table.cost;
    return xy_in_flight_fits(cost, xy_fragment_cost(request), XY_WORK_QUEUE_MAX);
}

/* A request that is not one fragment, or that has to wait. */
static bool collect(xy_work_queue *work, const xy_message *fragment, int64_t deadline_ms,
                    int64_t now_ms, xy_queue *out)
{
    xy_assembly *whole = NULL;
    bool first = !(fragment->part & XY_PART_CONTINUED);
    int error = first && !has_room(work, fragment)
                    ? XYLEM_BUSY
                    : xy_assemblies_add(&work->arriving, fragment, deadline_ms, &whole);
    if (error)
        answer(work, fragment->number, error, out);
    else if (whole)
        put(work, whole, now_ms, out);
    settle(work, out);
    return error || whole;
}

bool xy_work_queue_has(const xy_work_queue *work, uint64_t request)
{
    return (work->running.request == request && is_wanted(work)) ||
           xy_table_find(&work->waiting.table, request) ||
           xy_table_find(&work->deferred.table, request);
}

bool xy_work_queue_expects(const xy_work_queue *work, uint64_t request)
{
    return xy_table_find(&work->arriving.table, request);
}

bool xy_work_queue_request(xy_work_queue *work, const xy_message *request, int64_t now_ms,
                           xy_queue *out)
{
    uint64_t number = request->number.request;
    int64_t deadline_ms = deadline_of(request, now_ms);
    bool continued = request->part & XY_PART_CONTINUED;
    if (work->running.request == number || xy_work_queue_has(work, number))
        return false;
    if (continued != xy_work_queue_expects(work, number))
        return false; /* it has come before, or the first one was refused or never came */
    if (!continued && !promise(work, out))
        return false; /* there is not even the memory to say so */
    if (work->running.request != 0 || request->part != 0)
        return collect(work, request, deadline_ms, now_ms, out);
    begin_request(work, request, deadline_ms, now_ms, out);
    return true;
}

bool xy_work_queue_done(xy_work_queue *work, xy_number request)
{
    bool running = work->running.request == request.request;
    xy_assembly *deferred = xy_assemblies_take(&work->deferred, request.request);
    bool wanted = deferred || (running && is_wanted(work));
    if (running)
        work->running.request = 0;
    if (wanted)
        work->promises--;
    xy_assembly_free(deferred);
    return wanted;
}

/* Giving up. */

/* Without memory the work goes on, and is not wanted at its end. */
static void tell_unwanted(xy_number request, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_CANCEL, .cancel = {request}};
    xy_queue_push(out, &action);
}

/* The work under way goes on until the service has looked up from it. */
static void give_up(xy_work_queue *work, xy_queue *out)
{
    assert(is_wanted(work));
    tell_unwanted(work->running, out);
    work->answered = true;
}

/* Whether the request was deferred. */
static bool drop_deferred(xy_work_queue *work, uint64_t request, xy_number *number, xy_queue *out)
{
    xy_assembly *deferred = xy_assemblies_take(&work->deferred, request);
    if (!deferred)
        return false;
    *number = xy_assembly_number(deferred);
    xy_assembly_free(deferred);
    tell_unwanted(*number, out);
    return true;
}

/* Deferring. */

static bool add_deferred(xy_work_queue *work)
{
    xy_assembly *new = xy_allocate(1, sizeof *new);
    if (!new)
        return false;
    new->tag = work->running.tag;
    new->slot.request = work->running.request;
    new->slot.deadline_ms = work->deadline_ms;
    new->slot.cost = XY_REQUEST_COST;
    if (xy_table_add(&work->deferred.table, &new->slot))
        return true;
    xy_assembly_free(new);
    return false;
}

static void keep_deferred(xy_work_queue *work, xy_queue *out)
{
    bool room = xy_assemblies_count(&work->deferred) < XY_DEFERRED_MAX;
    if (room && add_deferred(work))
        return;
    give_up(work, out);
    answer(work, work->running, room ? XYLEM_NO_MEMORY : XYLEM_BUSY, out);
}

void xy_work_queue_defer(xy_work_queue *work, xy_number request, xy_queue *out)
{
    if (work->running.request != request.request)
        return;
    if (is_wanted(work))
        keep_deferred(work, out);
    work->running.request = 0;
}

/* Cancelling and ending. */

void xy_work_queue_cancel(xy_work_queue *work, uint64_t request, xy_queue *out)
{
    xy_number number;
    xy_assembly *waiting = xy_assemblies_take(&work->waiting, request);
    xy_assemblies_drop(&work->arriving, request);
    if (drop_deferred(work, request, &number, out)) {
        answer(work, number, XYLEM_CANCELLED, out);
    } else if (waiting) {
        answer(work, xy_assembly_number(waiting), XYLEM_CANCELLED, out);
    } else if (work->running.request == request && is_wanted(work)) {
        give_up(work, out);
        answer(work, work->running, XYLEM_CANCELLED, out);
    }
    xy_assembly_free(waiting);
    settle(work, out);
}

void xy_work_queue_drop(xy_work_queue *work, uint64_t request, xy_queue *out)
{
    xy_number number;
    xy_assembly_free(xy_assemblies_take(&work->waiting, request));
    xy_assemblies_drop(&work->arriving, request);
    drop_deferred(work, request, &number, out);
    if (work->running.request == request && is_wanted(work))
        give_up(work, out);
    settle(work, out);
}

void xy_work_queue_close(xy_work_queue *work, xy_queue *out)
{
    xy_assemblies_clear(&work->waiting);
    xy_assemblies_clear(&work->arriving);
    xy_assemblies_clear(&work->deferred); /* its node ends, which tells the service */
    if (is_wanted(work))
        give_up(work, out);
    settle(work, out);
}

void xy_work_queue_tick(xy_work_queue *work, int64_t now_ms, xy_queue *out)
{
    xy_assemblies_drop_due(&work->arriving, now_ms);
    for (xy_assembly *late; (late = xy_assemblies_take_due(&work->waiting, now_ms));) {
        answer(work, xy_assembly_number(late), XYLEM_TIMED_OUT, out);
        xy_assembly_free(late);
    }
    for (xy_assembly *late; (late = xy_assemblies_take_due(&work->deferred, now_ms));) {
        tell_unwanted(xy_assembly_number(late), out);
        answer(work, xy_assembly_number(late), XYLEM_TIMED_OUT, out);
        xy_assembly_free(late);
    }
    if (is_wanted(work) && work->deadline_ms <= now_ms) {
        give_up(work, out);
        answer(work, work->running, XYLEM_TIMED_OUT, out);
    }
    settle(work, out);
}

int64_t xy_work_queue_due(const xy_work_queue *work, xy_number request)
{
    const xy_slot *deferred = xy_table_find(&work->deferred.table, request.request);
    bool running = work->running.request == request.request && is_wanted(work);
    return deferred ? deferred->deadline_ms : running ? work->deadline_ms : XY_NEVER;
}

int64_t xy_work_queue_deadline(const xy_work_queue *work)
{
    int64_t earliest_ms = xy_assemblies_deadline(&work->arriving);
    int64_t waiting_ms = xy_assemblies_deadline(&work->waiting);
    int64_t deferred_ms = xy_assemblies_deadline(&work->deferred);
    if (waiting_ms < earliest_ms)
        earliest_ms = waiting_ms;
    if (deferred_ms < earliest_ms)
        earliest_ms = deferred_ms;
    return is_wanted(work) && work->deadline_ms < earliest_ms ? work->deadline_ms : earliest_ms;
}
