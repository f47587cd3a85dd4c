/* The actions of an actor: what the engine does about them. */
#include "runtime/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/link.h"
#include "service/service.h"

/* What takes how long, in microseconds; up to as much again is drawn on top. */
enum { DELIVERY_US = 40, START_US = 400 };

/* Sending. */

/* One lane never reorders: what is sent later arrives later. */
static int64_t arrival_us(xy_engine *engine, const xy_actor *to, xy_lane *lane)
{
    int64_t arrives_us = engine->now_us + xy_engine_about_us(engine, DELIVERY_US) +
                         xy_engine_slowness_us(engine, to) +
                         xy_engine_draw_us(&engine->delay, engine->odds.jitter_us);
    lane->latest_us = arrives_us > lane->latest_us ? arrives_us : lane->latest_us + 1;
    return lane->latest_us;
}

/* As in a real link's outbox. */
static bool is_full(const xy_engine *engine, const xy_lane *lane, const xy_action *action)
{
    if (xy_action_urgency(action) == XY_VITAL)
        return lane->frames >= XY_OUTBOX_MAX + XY_OUTBOX_RESERVE;
    return lane->frames >= XY_OUTBOX_MAX || engine->now_us < lane->full_until_us;
}

static int carry(xy_engine *engine, xy_actor *from, const xy_action *action)
{
    bool up = action->peer == XY_PARENT;
    xy_actor *to = up ? from->parent : xy_engine_find_living(engine, action->peer);
    if (!to)
        return XYLEM_UNAVAILABLE;
    xy_lane *lane = up ? &from->up : &to->down;
    if (is_full(engine, lane, action))
        return XYLEM_BUSY;
    size_t size = xy_message_size(&action->message);
    uint8_t small[256], *frame = size <= sizeof small ? small : malloc(size);
    if (!frame)
        return XYLEM_NO_MEMORY;
    xy_message_encode(&action->message, frame);
    bool sent = xy_engine_schedule(engine,
                                   &(xy_occurrence){.kind = XY_EVENT_FRAME,
                                                    .actor = to->incarnation,
                                                    .peer = up ? from->incarnation : XY_PARENT,
                                                    .size = size},
                                   frame, arrival_us(engine, to, lane));
    lane->frames += sent;
    if (frame != small)
        free(frame);
    return sent ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* Actions. */

static void perform_send(xy_engine *engine, xy_actor *who, const xy_action *action)
{
    int error = carry(engine, who, action);
    if (error && action->message.kind == XY_REQUEST)
        xy_engine_step(engine, who,
                       &(xy_event){.kind = XY_EVENT_UNSENT,
                                   .peer = action->peer,
                                   .request = action->message.request,
                                   .status = error},
                       false);
}

/* When its hello is due, and, sometimes, its end before that. */
static bool schedule_start(xy_engine *engine, const xy_actor *child)
{
    xy_occurrence start = {.kind = XY_EVENT_OPEN, .actor = child->incarnation};
    int64_t after_us = xy_engine_about_us(engine, START_US);
    if (xy_engine_happens(engine, engine->odds.early_end)) {
        start.sort = XY_OCCUR_END;
        engine->mishaps.early_end++;
    } else if (xy_engine_happens(engine, engine->odds.late_hello)) {
        after_us += xy_engine_draw_us(&engine->birth, engine->odds.late_hello_us);
        engine->mishaps.late_hello++;
    }
    return xy_engine_schedule(engine, &start, NULL, engine->now_us + after_us);
}

static xy_actor *start_child(xy_engine *engine, xy_actor *parent, const xy_birth *birth,
                             char reason[XYLEM_REASON_SIZE])
{
    xy_actor *child = xy_engine_add(engine, parent, birth, reason);
    if (!child)
        return NULL;
    if (!schedule_start(engine, child)) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
        xy_engine_drop(engine, child);
        return NULL;
    }
    if (engine->watcher.started)
        engine->watcher.started(engine->watcher.self, birth->incarnation, parent->incarnation,
                                birth->id);
    return child;
}

static void perform_start(xy_engine *engine, xy_actor *who, const xy_action *action)
{
    xy_birth birth = {.id = action->message.id, .incarnation = action->peer};
    for (size_t i = 0; i < sizeof birth.secret; i++)
        birth.secret[i] = (uint8_t)xy_random_next(&engine->network);
    if (action->message.payload_size > 0) /* which is less than there is room for */
        memcpy(birth.service, action->message.payload, action->message.payload_size);
    bool stillborn = xy_engine_happens(engine, engine->odds.stillborn);
    engine->mishaps.stillborn += stillborn;
    char reason[XYLEM_REASON_SIZE] = "it could not be started";
    bool born = !stillborn && start_child(engine, who, &birth, reason);
    xy_event event = {.kind = born ? XY_EVENT_BORN : XY_EVENT_STILLBORN,
                      .peer = action->peer,
                      .bytes = born ? (const void *)birth.secret : reason,
                      .size = born ? sizeof birth.secret : strlen(reason)};
    xy_engine_step(engine, who, &event, false);
}

/* Work: it is done at once, and answered when the time that it took has passed. */

/* Work that takes longer than its budget is given up by its node, also by one whose clock is slow;
 * so it ends at all when it is not. */
enum { SPARE_MS = 1000 };

typedef struct pastime {
    int64_t passed_ms, most_ms;
} pastime;

static bool wanted(const xylem_work *work)
{
    const pastime *time = work->world;
    return time->passed_ms < time->most_ms;
}

static bool rest(xylem_work *work, int64_t ms)
{
    pastime *time = work->world;
    bool enough = ms < time->most_ms - time->passed_ms;
    time->passed_ms = enough ? time->passed_ms + ms : time->most_ms;
    return enough;
}

static void answer_later(xy_engine *engine, xy_actor *who, const xylem_work *work, int64_t ms,
                         xy_occurrence what)
{
    what.kind = XY_EVENT_WORKED;
    what.actor = who->incarnation;
    what.turn = ++who->work;
    what.size = work->reply_size;
    xy_engine_schedule(engine, &what, work->reply, engine->now_us + ms * 1000);
}

static void answer_now(xy_engine *engine, xy_actor *who, const xylem_work *work, xy_occurrence what)
{
    xy_engine_step(engine, who,
                   &(xy_event){.kind = XY_EVENT_WORKED,
                               .request = what.request,
                               .status = what.status,
                               .bytes = work->reply,
                               .size = work->reply_size},
                   false);
}

static void perform_work(xy_engine *engine, xy_actor *who, const xy_action *action)
{
    bool takes_long = who->service->takes_long;
    const char *text = (const char *)action->message.payload; /* with a NUL behind it */
    pastime time = {.most_ms = 2 * (int64_t)action->message.budget_ms + SPARE_MS};
    xylem_work work = {.text = text ? text : "",
                       .size = action->message.payload_size,
                       .now_ms = xy_actor_clock_ms(who, engine->now_us),
                       .wanted = takes_long ? wanted : NULL,
                       .rest = takes_long ? rest : NULL,
                       .world = &time};
    xy_occurrence what = {.request = action->message.request};
    what.status = xy_service_do(who->service, who->service_state, &work);
    if (takes_long)
        answer_later(engine, who, &work, time.passed_ms, what);
    else
        answer_now(engine, who, &work, what);
    free(work.reply);
}

/* It ends at once, and its answer is not that of before. */
static void perform_cancel(xy_engine *engine, xy_actor *who, const xy_action *action)
{
    xylem_work none = {.text = ""};
    answer_later(engine, who, &none, 0,
                 (xy_occurrence){.request = action->message.request, .status = XYLEM_CANCELLED});
}

static void perform_stop(xy_engine *engine, xy_actor *who)
{
    if (who == &engine->controller)
        engine->stopped = true;
    else
        xy_engine_end(engine, who, XY_END_STOPPED);
}

static void perform_kill(xy_engine *engine, const xy_action *action)
{
    xy_actor *child = xy_engine_find(engine, action->peer);
    if (child)
        xy_engine_end(engine, child, XY_END_KILLED);
}

static void perform(xy_engine *engine, xy_actor *who, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        perform_send(engine, who, action);
        break;
    case XY_ACTION_START:
        perform_start(engine, who, action);
        break;
    case XY_ACTION_KILL:
        perform_kill(engine, action);
        break;
    case XY_ACTION_WORK:
        perform_work(engine, who, action);
        break;
    case XY_ACTION_CANCEL:
        perform_cancel(engine, who, action);
        break;
    case XY_ACTION_STOP:
        perform_stop(engine, who);
        break;
    default:
        engine->deliver(engine->owner, action);
    }
}

static void schedule_tick(xy_engine *engine, xy_actor *who)
{
    int64_t deadline_ms = who->machine.deadline(who->machine.self);
    if (deadline_ms == who->tick_ms || who->dead)
        return;
    who->tick_ms = deadline_ms;
    who->tick++; /* makes the earlier one stale */
    if (deadline_ms != XY_NEVER)
        xy_engine_schedule(
            engine,
            &(xy_occurrence){.kind = XY_EVENT_TICK, .actor = who->incarnation, .turn = who->tick},
            NULL, xy_actor_time_us(who, deadline_ms) + xy_engine_slowness_us(engine, who));
}

void xy_engine_perform(xy_engine *engine, xy_actor *who)
{
    xy_action action;
    while (xy_actions_pop(who->machine.actions, &action)) {
        if (engine->watcher.acting)
            engine->watcher.acting(engine->watcher.self, who->incarnation, &action);
        perform(engine, who, &action);
        xy_action_clear(&action);
    }
    schedule_tick(engine, who);
    if (engine->watcher.stepped)
        engine->watcher.stepped(engine->watcher.self, who->incarnation);
}
