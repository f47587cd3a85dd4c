#include "core/branch.h"

#include <string.h>

#include "core/tree.h"

bool xy_branch_init(xy_branch *branch, int64_t pivot, xy_actions *out, xy_upward *up, void *owner)
{
    *branch = (xy_branch){.pivot = pivot, .out = out, .up = up, .owner = owner};
    return xy_actions_reserve(out, XY_BRANCH_ROOM);
}

void xy_branch_clear(xy_branch *branch)
{
    xy_pending_clear(&branch->pending);
}

static xy_child *place_of(xy_branch *branch, int64_t id)
{
    xy_side side = branch->pivot == XY_NO_ID ? XY_LEFT : xy_side_of(id, branch->pivot);
    return &branch->family.children[side];
}

/* What is said upwards: replies and changes. */

static void reply(xy_branch *branch, uint64_t request, int status, int64_t value, const char *text,
                  size_t size)
{
    xy_message message = {.kind = XY_REPLY,
                          .status = status,
                          .request = request,
                          .value = value,
                          .payload = (const uint8_t *)text,
                          .payload_size = (uint32_t)size};
    if (request != 0)
        branch->up(branch->owner, &message);
}

static void answer(xy_branch *branch, uint64_t request, int status)
{
    reply(branch, request, status, 0, NULL, 0);
}

static void report(xy_branch *branch, const xy_child *child, xy_change change)
{
    xy_message message = {.kind = XY_CHANGE,
                          .code = (uint8_t)change,
                          .id = child->id,
                          .incarnation = child->incarnation};
    branch->up(branch->owner, &message);
}

/* What is said to a child. */

static bool tell(xy_branch *branch, const xy_child *child, const xy_message *message)
{
    xy_action action = {.kind = XY_ACTION_SEND, .peer = child->incarnation, .message = *message};
    return xy_actions_push(branch->out, &action);
}

static void kill_child(xy_branch *branch, const xy_child *child)
{
    xy_action action = {.kind = XY_ACTION_KILL, .peer = child->incarnation};
    xy_actions_push(branch->out, &action);
}

/* A child cannot be reached any more: whatever waits for it is answered now. */
static void fail_pending(xy_branch *branch, const xy_child *child)
{
    xy_pending_entry entry;
    while (xy_pending_take_of(&branch->pending, child->incarnation, &entry))
        answer(branch, entry.request, XYLEM_UNAVAILABLE);
}

/* Requests. */

static void start_child(xy_branch *branch, xy_child *child, const xy_message *request,
                        int64_t now_ms)
{
    *child = (xy_child){
        .id = request->id, .incarnation = request->incarnation, .request = request->request};
    xy_child_move(child, XY_CHILD_BORN);
    /* Before the asker gives up: so it learns that it is the child, not the way, that hangs. */
    child->deadline_ms = now_ms + (int64_t)request->budget_ms * 3 / 4;
    xy_action action = {.kind = XY_ACTION_START,
                        .peer = child->incarnation,
                        .message = {.id = child->id,
                                    .incarnation = child->incarnation,
                                    .payload = request->payload,
                                    .payload_size = request->payload_size}};
    if (xy_actions_push(branch->out, &action))
        return;
    answer(branch, child->request, XYLEM_NO_MEMORY);
    xy_child_move(child, XY_CHILD_NONE);
}

static void await_end(xy_child *child, int64_t grace_ms, int64_t now_ms)
{
    xy_child_move(child, XY_CHILD_ENDING);
    child->deadline_ms = now_ms + grace_ms;
}

/* Ends a child: one that can be reached is told to, any other is killed. */
static void end_child(xy_branch *branch, xy_child *child, int64_t grace_ms, int64_t now_ms)
{
    switch (child->state) {
    case XY_CHILD_BORN:
        answer(branch, child->request, XYLEM_CANNOT_START);
        kill_child(branch, child);
        break;
    case XY_CHILD_READY:
        tell(branch, child, &(xy_message){.kind = XY_STOP});
        break;
    case XY_CHILD_LOST:
        kill_child(branch, child);
        break;
    default:
        return;
    }
    fail_pending(branch, child);
    child->request = 0;
    await_end(child, grace_ms, now_ms);
}

static int64_t grace_within(const xy_message *request)
{
    int64_t half_ms = request->budget_ms / 2;
    return request->request != 0 && half_ms < XY_GRACE_MS ? half_ms : XY_GRACE_MS;
}

static void remove_child(xy_branch *branch, xy_child *child, const xy_message *request,
                         int64_t now_ms)
{
    if (child->incarnation != request->incarnation) {
        answer(branch, request->request, XYLEM_NOT_FOUND);
        return;
    }
    if (child->state == XY_CHILD_GONE) {
        xy_child_move(child, XY_CHILD_NONE);
        answer(branch, request->request, XYLEM_OK);
        return;
    }
    end_child(branch, child, grace_within(request), now_ms);
    answer(branch, child->request, XYLEM_OK); /* whoever waited for this end before */
    child->request = request->request;
}

/* The place is not free yet: the controlling node has answered a removal before its effect. */
static void start_after(xy_child *child, const xy_message *request, int64_t now_ms)
{
    xy_successor next = {.request = request->request,
                         .id = request->id,
                         .incarnation = request->incarnation,
                         .deadline_ms = now_ms + request->budget_ms};
    if (request->payload_size > 0)
        memcpy(next.service, request->payload, request->payload_size);
    child->next = next;
}

static void start_next(xy_branch *branch, xy_child *child, int64_t now_ms)
{
    xy_successor next = child->next;
    xy_message request = {.code = XY_CREATE,
                          .request = next.request,
                          .id = next.id,
                          .incarnation = next.incarnation,
                          .budget_ms = (uint32_t)(next.deadline_ms - now_ms),
                          .payload = (const uint8_t *)next.service,
                          .payload_size = (uint32_t)strlen(next.service)};
    if (next.request != 0 && next.deadline_ms > now_ms)
        start_child(branch, child, &request, now_ms);
}

static bool is_next(const xy_child *child, uint64_t incarnation)
{
    return child->state == XY_CHILD_ENDING && child->next.request != 0 &&
           child->next.incarnation == incarnation;
}

static void remove_next(xy_branch *branch, xy_child *child, const xy_message *request)
{
    answer(branch, child->next.request, XYLEM_CANNOT_START);
    child->next.request = 0;
    answer(branch, request->request, XYLEM_OK);
}

static int pass_on(xy_branch *branch, const xy_child *child, const xy_message *request,
                   int64_t now_ms)
{
    xy_pending_entry entry = {.request = request->request,
                              .peer = child->incarnation,
                              .operation = request->code,
                              .id = request->id,
                              .incarnation = request->incarnation,
                              .deadline_ms = now_ms + request->budget_ms};
    int error = xy_pending_add(&branch->pending, &entry);
    if (error)
        return error;
    size_t room = branch->pending.count + XY_BRANCH_ROOM + branch->besides;
    if (xy_actions_reserve(branch->out, room) && tell(branch, child, request))
        return XYLEM_OK;
    xy_pending_take(&branch->pending, request->request, NULL);
    return XYLEM_NO_MEMORY;
}

/* A part that is not the first goes where the first one went, unless that was the end of it. */
static void forward_part(xy_branch *branch, const xy_child *child, const xy_message *part)
{
    const xy_pending_entry *entry = xy_pending_find(&branch->pending, part->request);
    if (!entry || entry->peer != child->incarnation || tell(branch, child, part))
        return;
    xy_pending_take(&branch->pending, part->request, NULL);
    answer(branch, part->request, XYLEM_NO_MEMORY);
}

static void forward(xy_branch *branch, const xy_child *child, const xy_message *request,
                    int64_t now_ms)
{
    int error = XYLEM_UNAVAILABLE;
    /* A removal reaches a lost child too: it takes effect should the child wake up. */
    if (request->code == XY_REMOVE && child->state == XY_CHILD_LOST)
        tell(branch, child, request);
    else if (child->state == XY_CHILD_READY && request->request == 0)
        error = tell(branch, child, request) ? XYLEM_OK : XYLEM_NO_MEMORY;
    else if (child->state == XY_CHILD_READY)
        error = pass_on(branch, child, request, now_ms);
    if (error)
        answer(branch, request->request, error);
}

static void take_create(xy_branch *branch, xy_child *child, const xy_message *request,
                        int64_t now_ms)
{
    bool same = child->id == request->id;
    if (child->state == XY_CHILD_GONE && same)
        xy_child_move(child, XY_CHILD_NONE); /* the controlling node has removed it already */
    if (child->state == XY_CHILD_NONE)
        start_child(branch, child, request, now_ms);
    else if (child->state == XY_CHILD_ENDING && child->next.request == 0)
        start_after(child, request, now_ms);
    else if (same)
        answer(branch, request->request, XYLEM_EXISTS);
    else
        forward(branch, child, request, now_ms);
}

void xy_branch_request(xy_branch *branch, const xy_message *request, int64_t now_ms)
{
    xy_child *child = place_of(branch, request->id);
    bool remove = request->code == XY_REMOVE;
    if (request->part & XY_PART_CONTINUED)
        forward_part(branch, child, request);
    else if (request->code == XY_CREATE)
        take_create(branch, child, request, now_ms);
    else if (child->state == XY_CHILD_NONE)
        answer(branch, request->request, XYLEM_NOT_FOUND);
    else if (remove && is_next(child, request->incarnation))
        remove_next(branch, child, request);
    else if (remove && child->id == request->id)
        remove_child(branch, child, request, now_ms);
    else
        forward(branch, child, request, now_ms);
}

/* Messages of children. */

static bool same_secret(const uint8_t *secret, const xy_message *hello)
{
    if (hello->payload_size != XY_SECRET_SIZE)
        return false;
    uint8_t difference = 0; /* in constant time: a stranger learns nothing from the clock */
    for (int i = 0; i < XY_SECRET_SIZE; i++)
        difference |= (uint8_t)(secret[i] ^ hello->payload[i]);
    return difference == 0;
}

static void welcome(xy_branch *branch, xy_child *child, const xy_message *hello, int64_t now_ms)
{
    if (hello->id != child->id || hello->incarnation != child->incarnation ||
        !same_secret(child->secret, hello))
        return;
    if (xy_family_count(&branch->family, XY_CHILD_READY) == 0)
        xy_detector_begin(&branch->detector, now_ms);
    xy_child_move(child, XY_CHILD_READY);
    child->deadline_ms = xy_detector_expiry(&branch->detector, now_ms);
    tell(branch, child, &(xy_message){.kind = XY_WELCOME, .value = branch->detector.interval_ms});
    reply(branch, child->request, XYLEM_OK, hello->value, NULL, 0);
    child->request = 0;
}

static void sign_of_life(xy_branch *branch, xy_child *child, int64_t now_ms)
{
    bool back = child->state == XY_CHILD_LOST;
    if (back)
        xy_child_move(child, XY_CHILD_READY);
    child->deadline_ms = xy_detector_expiry(&branch->detector, now_ms);
    if (back)
        report(branch, child, XY_CHANGE_BACK);
}

/* A child has a say about what is below it, and about nothing else: not about those above. */
static bool may_report(xy_branch *branch, const xy_child *child, int64_t id)
{
    return id != child->id && id != branch->pivot && place_of(branch, id) == child;
}

static void pass_up(xy_branch *branch, const xy_message *change)
{
    xy_message message = {.kind = XY_CHANGE,
                          .code = change->code,
                          .id = change->id,
                          .incarnation = change->incarnation};
    branch->up(branch->owner, &message);
}

void xy_branch_hear(xy_branch *branch, uint64_t peer, const xy_message *message, int64_t now_ms)
{
    xy_child *child = xy_family_find(&branch->family, peer);
    if (!child)
        return;
    if (child->state == XY_CHILD_BORN && message->kind == XY_HELLO)
        welcome(branch, child, message, now_ms);
    if (!xy_child_speaks(child))
        return;
    const xy_pending_entry *entry = xy_pending_find(&branch->pending, message->request);
    if (message->kind == XY_REPLY && entry && entry->peer == peer) {
        if (!(message->part & XY_PART_MORE))
            xy_pending_take(&branch->pending, message->request, NULL);
        branch->up(branch->owner, message);
    } else if (message->kind == XY_CHANGE && may_report(branch, child, message->id)) {
        pass_up(branch, message);
    }
    /* Only now: what a child that comes back has to say of those below it goes up first. */
    sign_of_life(branch, child, now_ms);
}

/* Events. */

static void stillborn(xy_branch *branch, xy_child *child, const xy_event *event)
{
    xy_child_move(child, XY_CHILD_NONE);
    reply(branch, child->request, XYLEM_CANNOT_START, 0, event->bytes, event->size);
}

static void exited(xy_branch *branch, xy_child *child, const xy_event *event, int64_t now_ms)
{
    if (child->state == XY_CHILD_BORN) {
        stillborn(branch, child, event);
    } else if (child->state == XY_CHILD_ENDING) {
        xy_child_move(child, XY_CHILD_NONE);
        answer(branch, child->request, XYLEM_OK);
        start_next(branch, child, now_ms);
    } else if (xy_child_speaks(child)) {
        xy_child_move(child, XY_CHILD_GONE);
        report(branch, child, XY_CHANGE_GONE);
        fail_pending(branch, child);
    }
}

static void expire(xy_branch *branch, xy_child *child, int64_t now_ms)
{
    if (child->state == XY_CHILD_READY) {
        xy_child_move(child, XY_CHILD_LOST);
        report(branch, child, XY_CHANGE_LOST);
        fail_pending(branch, child);
        return;
    }
    if (child->state == XY_CHILD_BORN) {
        static const char reason[] = "it did not say hello in time";
        reply(branch, child->request, XYLEM_CANNOT_START, 0, reason, sizeof reason - 1);
        child->request = 0; /* its end may take longer than the asker waits */
        await_end(child, XY_GRACE_MS, now_ms);
    }
    child->deadline_ms = now_ms + XY_GRACE_MS;
    kill_child(branch, child);
}

/* A look at the children: those whose time is up are given up, unless we ourselves came late. */
static void look(xy_branch *branch, int64_t now_ms)
{
    int64_t late = xy_detector_look(&branch->detector, now_ms);
    int64_t latest = xy_detector_expiry(&branch->detector, now_ms);
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        xy_child *child = &branch->family.children[i];
        if (child->state == XY_CHILD_READY && late > 0) {
            bool later = child->deadline_ms < latest - late;
            child->deadline_ms = later ? child->deadline_ms + late : latest;
        }
        if (child->state != XY_CHILD_NONE && child->deadline_ms <= now_ms)
            expire(branch, child, now_ms);
    }
}

static void tick(xy_branch *branch, int64_t now_ms)
{
    look(branch, now_ms);
    while (xy_pending_take_due(&branch->pending, now_ms, NULL))
        ; /* whoever asked has given up already */
}

static void unsent(xy_branch *branch, const xy_event *event)
{
    if (xy_pending_take(&branch->pending, event->request, NULL))
        answer(branch, event->request, event->status);
}

void xy_branch_event(xy_branch *branch, const xy_event *event, int64_t now_ms)
{
    xy_child *child = xy_family_find(&branch->family, event->peer);
    if (event->kind == XY_EVENT_TICK)
        tick(branch, now_ms);
    else if (event->kind == XY_EVENT_UNSENT)
        unsent(branch, event);
    else if (child && event->kind == XY_EVENT_BORN && event->size == XY_SECRET_SIZE)
        memcpy(child->secret, event->bytes, XY_SECRET_SIZE);
    else if (child && event->kind == XY_EVENT_STILLBORN && child->state == XY_CHILD_BORN)
        stillborn(branch, child, event);
    else if (child && event->kind == XY_EVENT_EXITED)
        exited(branch, child, event, now_ms);
}

/* The whole branch. */

void xy_branch_pace(xy_branch *branch, int64_t interval_ms, int64_t now_ms)
{
    xy_detector_pace(&branch->detector, interval_ms, now_ms);
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        xy_child *child = &branch->family.children[i];
        if (child->state == XY_CHILD_READY)
            child->deadline_ms = xy_detector_expiry(&branch->detector, now_ms);
        if (xy_child_speaks(child))
            tell(branch, child, &(xy_message){.kind = XY_PACE, .value = interval_ms});
    }
}

void xy_branch_end(xy_branch *branch, int64_t now_ms)
{
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        xy_child *child = &branch->family.children[i];
        answer(branch, child->next.request, XYLEM_CANNOT_START);
        child->next.request = 0;
        end_child(branch, child, XY_GRACE_MS, now_ms);
    }
}

int64_t xy_branch_deadline(const xy_branch *branch)
{
    int64_t deadline = xy_family_deadline(&branch->family);
    int64_t pending = xy_pending_deadline(&branch->pending);
    int64_t watched = xy_family_count(&branch->family, XY_CHILD_READY)
                          ? xy_detector_deadline(&branch->detector)
                          : XY_NEVER;
    if (pending < deadline)
        deadline = pending;
    return watched < deadline ? watched : deadline;
}
