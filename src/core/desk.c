#include "core/desk.h"

void xy_desk_init(xy_desk *desk, int64_t id, uint64_t incarnation, xy_actions *out,
                  xy_desk_answer *answer, void *owner)
{
    *desk = (xy_desk){
        .id = id, .incarnation = incarnation, .out = out, .answer = answer, .owner = owner};
    desk->last = &desk->first;
}

static xy_parcel *take(xy_desk *desk, xy_parcel **at)
{
    xy_parcel *taken = *at;
    *at = taken->next;
    if (desk->last == &taken->next)
        desk->last = at;
    desk->waiting--;
    return taken;
}

static void drop_waiting(xy_desk *desk)
{
    while (desk->first)
        xy_parcel_free(take(desk, &desk->first));
}

void xy_desk_clear(xy_desk *desk)
{
    drop_waiting(desk);
    xy_parcels_clear(&desk->arriving);
}

/* Working. */

enum { LEAD_PART = 4, LEAD_MAX_MS = 1000 };

static int64_t deadline_of(const xy_message *request, int64_t now_ms)
{
    int64_t lead_ms = request->budget_ms / LEAD_PART;
    return now_ms + request->budget_ms - (lead_ms < LEAD_MAX_MS ? lead_ms : LEAD_MAX_MS);
}

static uint32_t left_ms(const xy_desk *desk, int64_t deadline_ms)
{
    return deadline_ms > desk->now_ms ? (uint32_t)(deadline_ms - desk->now_ms) : 0;
}

static xy_action work_of(const xy_desk *desk, uint64_t request, const void *text, size_t size,
                         int64_t deadline_ms)
{
    return (xy_action){.kind = XY_ACTION_WORK,
                       .message = {.kind = XY_REQUEST,
                                   .code = XY_EXEC,
                                   .request = request,
                                   .id = desk->id,
                                   .incarnation = desk->incarnation,
                                   .budget_ms = left_ms(desk, deadline_ms),
                                   .payload = text,
                                   .payload_size = (uint32_t)size}};
}

static void begun(xy_desk *desk, bool pushed, uint64_t request, int64_t deadline_ms)
{
    if (!pushed) {
        desk->answer(desk->owner, request, XYLEM_NO_MEMORY);
        return;
    }
    desk->running = request;
    desk->answered = false;
    desk->deadline_ms = deadline_ms;
}

/* What has waited, and is as large as may be: it is not copied. */
static void begin_parcel(xy_desk *desk, xy_parcel *parcel)
{
    xy_action work =
        work_of(desk, parcel->request, parcel->bytes, parcel->size, parcel->deadline_ms);
    parcel->bytes = NULL;
    begun(desk, xy_actions_push_owned(desk->out, &work), parcel->request, parcel->deadline_ms);
    xy_parcel_free(parcel);
}

static void begin(xy_desk *desk, const xy_message *request, int64_t deadline_ms)
{
    xy_action work =
        work_of(desk, request->request, request->payload, request->payload_size, deadline_ms);
    begun(desk, xy_actions_push(desk->out, &work), request->request, deadline_ms);
}

void xy_desk_next(xy_desk *desk, int64_t now_ms)
{
    desk->now_ms = now_ms;
    while (desk->running == 0 && desk->first)
        begin_parcel(desk, take(desk, &desk->first));
}

/* What waits needs room for its answer. */
static int check_room(const xy_desk *desk)
{
    if (desk->waiting == XY_DESK_MAX)
        return XYLEM_BUSY;
    bool room = xy_actions_reserve(desk->out, desk->waiting + 1 + desk->besides);
    return room ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void put(xy_desk *desk, xy_parcel *whole)
{
    int error = check_room(desk);
    if (error) {
        desk->answer(desk->owner, whole->request, error);
        xy_parcel_free(whole);
        return;
    }
    whole->next = NULL;
    *desk->last = whole;
    desk->last = &whole->next;
    desk->waiting++;
    xy_desk_next(desk, desk->now_ms);
}

void xy_desk_request(xy_desk *desk, const xy_message *request, int64_t now_ms)
{
    int64_t deadline_ms = deadline_of(request, now_ms);
    xy_parcel *whole;
    desk->now_ms = now_ms;
    if (desk->running == 0 && request->part == 0) {
        begin(desk, request, deadline_ms);
        return;
    }
    int error = xy_parcels_add(&desk->arriving, request, deadline_ms, &whole);
    if (error)
        desk->answer(desk->owner, request->request, error);
    else if (whole)
        put(desk, whole);
}

bool xy_desk_done(xy_desk *desk, uint64_t request)
{
    bool wanted = desk->running == request && !desk->answered;
    if (desk->running == request)
        desk->running = 0;
    return wanted;
}

/* Giving up. */

static bool is_wanted(const xy_desk *desk)
{
    return desk->running != 0 && !desk->answered;
}

/* The work under way goes on until the service has looked up from it. */
static void give_up(xy_desk *desk, int status)
{
    xy_action action = {.kind = XY_ACTION_CANCEL, .message = {.request = desk->running}};
    xy_actions_push(desk->out, &action);
    desk->answered = true;
    if (status)
        desk->answer(desk->owner, desk->running, status);
}

void xy_desk_cancel(xy_desk *desk, uint64_t request)
{
    xy_parcels_drop(&desk->arriving, request);
    if (desk->running == request && is_wanted(desk)) {
        give_up(desk, XYLEM_CANCELLED);
        return;
    }
    xy_parcel **at = &desk->first;
    while (*at && (*at)->request != request)
        at = &(*at)->next;
    if (!*at)
        return;
    xy_parcel_free(take(desk, at));
    desk->answer(desk->owner, request, XYLEM_CANCELLED);
}

void xy_desk_close(xy_desk *desk)
{
    drop_waiting(desk);
    xy_parcels_clear(&desk->arriving);
    if (is_wanted(desk))
        give_up(desk, XYLEM_OK);
}

void xy_desk_tick(xy_desk *desk, int64_t now_ms)
{
    xy_parcels_drop_due(&desk->arriving, now_ms);
    for (xy_parcel **at = &desk->first; *at;)
        if ((*at)->deadline_ms <= now_ms) {
            xy_parcel *late = take(desk, at);
            desk->answer(desk->owner, late->request, XYLEM_TIMED_OUT);
            xy_parcel_free(late);
        } else {
            at = &(*at)->next;
        }
    if (is_wanted(desk) && desk->deadline_ms <= now_ms)
        give_up(desk, XYLEM_TIMED_OUT);
}

int64_t xy_desk_deadline(const xy_desk *desk)
{
    int64_t earliest_ms = xy_parcels_deadline(&desk->arriving);
    if (is_wanted(desk) && desk->deadline_ms < earliest_ms)
        earliest_ms = desk->deadline_ms;
    for (const xy_parcel *waiting = desk->first; waiting; waiting = waiting->next)
        if (waiting->deadline_ms < earliest_ms)
            earliest_ms = waiting->deadline_ms;
    return earliest_ms;
}
