/* The work of a node. What is quick is done at once. What takes long is a task: it runs until it
 * rests, and goes on when that time has passed, or when it is not wanted any more.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim/scheduler_parts.h"

/* By an action: after what the same step has given rise to. */
static void answer_soon(xy_scheduler *scheduler, const xy_event *worked, xy_life life,
                        bool deferred)
{
    size_t saved_size = worked->worked.saves ? worked->worked.saved_size : 0;
    xy_sim_event *what =
        xy_scheduler_event_of(XY_SIM_WORKED, life, worked->worked.text, worked->worked.size,
                              worked->worked.saved, saved_size);
    if (what) {
        what->worked.request = worked->worked.request;
        what->worked.status = worked->worked.status;
        what->worked.deferred = deferred;
        what->worked.saves = worked->worked.saves;
        what->worked.saved_size = saved_size;
    }
    xy_scheduler_enter(scheduler, what, scheduler->now_us);
}

/* What it points to lasts until the next work begins. */
static xy_event worked(const xy_sim_node *who, xy_number request, int status, bool saves,
                       const xylem_work *work)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = request;
    event.worked.status = status;
    event.worked.text = work->reply;
    event.worked.size = work->reply_size;
    event.worked.saves = saves;
    event.worked.saved = who->context.saved;
    event.worked.saved_size = who->context.saved_size;
    return event;
}

static xy_event task_worked(const xy_sim_node *who, const xy_task *task)
{
    return worked(who, task->request, task->status, task->saves, &task->work);
}

/* What the service sends before its answer. */
static void pass_chunks(xy_scheduler *scheduler, xy_sim_node *who, bool within)
{
    xy_chunk *chunk;
    while (who->stage == XY_SIM_ALIVE && (chunk = xy_tokens_take_chunk(who->tokens))) {
        xy_event event = {.kind = XY_EVENT_SENT};
        event.sent.chunk = chunk;
        if (within)
            xy_driver_step_within(&who->driver, &event);
        else
            xy_scheduler_step(scheduler, who, &event);
    }
}

/* The state before the word that the work is answered later. Within a step of the node, or not. */
static void pass_done(xy_scheduler *scheduler, xy_sim_node *who, const xy_event *worked,
                      bool deferred, bool within)
{
    xy_event saved = {.kind = XY_EVENT_SAVED}, later = {.kind = XY_EVENT_DEFERRED};
    saved.saved.bytes = worked->worked.saved;
    saved.saved.size = worked->worked.saved_size;
    later.deferred.request = worked->worked.request;
    const xy_event *const events[] = {deferred && worked->worked.saves ? &saved : NULL,
                                      deferred ? &later : worked};
    pass_chunks(scheduler, who, within);
    for (size_t i = 0; i < 2; i++)
        if (events[i] && within)
            xy_driver_step_within(&who->driver, events[i]);
        else if (events[i])
            xy_scheduler_step(scheduler, who, events[i]);
}

void xy_scheduler_worked(xy_scheduler *scheduler, xy_sim_node *who, const xy_sim_event *what)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = what->worked.request;
    event.worked.status = what->worked.status;
    event.worked.text = what->bytes;
    event.worked.size = what->size - what->worked.saved_size;
    event.worked.saves = what->worked.saves;
    event.worked.saved = what->bytes + event.worked.size;
    event.worked.saved_size = what->worked.saved_size;
    pass_done(scheduler, who, &event, what->worked.deferred, false);
}

/* What is quick. */

static void do_at_once(xy_scheduler *scheduler, xy_sim_node *who, const xy_action *action)
{
    const char *text = (const char *)action->work.text; /* with a NUL behind it */
    xylem_work work = {.text = text ? text : "",
                       .size = action->work.size,
                       .now_ms = xy_sim_node_clock_ms(who, scheduler->now_us),
                       .context = &who->context,
                       .tokens = who->tokens,
                       .request = action->work.request,
                       .streams = action->work.streams};
    int status = xy_service_do(who->service, who->service_state, &work);
    bool deferred = xy_work_settle(&work, &status);
    bool saves = xy_service_save(who->service, who->service_state, &who->context, work.now_ms);
    xy_event event = worked(who, action->work.request, status, saves, &work);
    pass_done(scheduler, who, &event, deferred, true);
    free(work.reply);
}

static void combine(const xy_scheduler *scheduler, xy_sim_node *who, const xy_action *action)
{
    xylem_work work = {.text = "", .now_ms = xy_sim_node_clock_ms(who, scheduler->now_us)};
    xy_event event = {.kind = XY_EVENT_COMBINED};
    event.combined.status =
        xy_service_combine(action->combine.service, action->combine.texts, action->combine.a_size,
                           action->combine.b_size, &work);
    event.combined.cast = action->combine.cast;
    event.combined.text = work.reply;
    event.combined.size = work.reply_size;
    xy_driver_step_within(&who->driver, &event);
    free(work.reply);
}

/* What takes long. */

static void drop_task(xy_sim_node *who)
{
    xy_task_free(who->task);
    who->task = NULL;
}

static void task_is_done(xy_scheduler *scheduler, xy_sim_node *who)
{
    bool deferred = xy_work_settle(&who->task->work, &who->task->status);
    xy_event event = task_worked(who, who->task);
    answer_soon(scheduler, &event, who->life, deferred);
    drop_task(who);
    xy_scheduler_call_back(scheduler, who);
}

/* Its end may be later than the end of virtual time. */
static void rest(xy_scheduler *scheduler, xy_sim_node *who)
{
    int64_t ms = who->task->rest_ms;
    who->rest++;
    if (ms < (INT64_MAX - scheduler->now_us) / 1000) {
        xy_sim_event *what = xy_scheduler_event(XY_SIM_RESUME, who->life, NULL, 0);
        if (what)
            what->rest = who->rest;
        xy_scheduler_enter(scheduler, what, scheduler->now_us + ms * 1000);
    }
    if (scheduler->observer.rests)
        scheduler->observer.rests(scheduler->observer.self, who->life, who->task->request, ms);
}

/* Has its task go on; whether it is done. */
static bool go_on(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_task_run(who->task);
    if (who->task->stage == XY_TASK_RESTS)
        rest(scheduler, who);
    return who->task->stage == XY_TASK_DONE;
}

static void begin(xy_scheduler *scheduler, xy_sim_node *who, xy_action *action)
{
    assert(!who->task);
    who->task = xy_task_new(&scheduler->stacks, who->service, who->service_state, action,
                            xy_sim_node_clock_ms(who, scheduler->now_us));
    if (!who->task) {
        xy_event event =
            worked(who, action->work.request, XYLEM_NO_MEMORY, false, &(xylem_work){0});
        answer_soon(scheduler, &event, who->life, false);
        return;
    }
    who->task->work.context = &who->context;
    who->task->work.tokens = who->tokens;
    who->task->work.request = who->task->request;
    if (go_on(scheduler, who))
        task_is_done(scheduler, who);
}

/* No work is under way. */
static bool call_all(xy_sim_node *who)
{
    bool any = false;
    for (xy_call *call; (call = xy_calls_take(&who->calls)); any = true)
        xy_call_run(call, &who->context);
    return any;
}

/* Not in a step of the node. */
static void finish(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_task *task = who->task;
    bool deferred = xy_work_settle(&task->work, &task->status);
    xy_event event = task_worked(who, task);
    who->task = NULL; /* there may be a next one */
    call_all(who);
    pass_done(scheduler, who, &event, deferred, false);
    xy_task_free(task);
}

void xy_scheduler_resume(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (go_on(scheduler, who)) {
        finish(scheduler, who);
        return;
    }
    xy_scheduler_call_back(scheduler, who);
    xy_scheduler_set_tick(scheduler, who);
}

/* It may have been done, and its answer be on its way. */
static void cancel(xy_scheduler *scheduler, xy_sim_node *who, xy_number request)
{
    xy_tokens_cancel(who->tokens, request);
    if (!who->task || who->task->request.request != request.request)
        return;
    who->rest++; /* makes the end of its rest stale */
    xy_task_give_up(who->task);
    if (who->task->stage == XY_TASK_DONE)
        task_is_done(scheduler, who);
}

/* Calling back. */

/* A service that takes long saves its state with its next work. */
static void save_after_callbacks(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_event saved = {.kind = XY_EVENT_SAVED};
    if (who->service->takes_long ||
        !xy_service_save(who->service, who->service_state, &who->context,
                         xy_sim_node_clock_ms(who, scheduler->now_us)))
        return;
    saved.saved.bytes = who->context.saved;
    saved.saved.size = who->context.saved_size;
    xy_scheduler_step(scheduler, who, &saved);
}

static void call_task_back(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (!xy_task_call_back(who->task, &who->calls))
        return;
    who->rest++; /* makes the end of its rest stale */
    if (who->task->stage == XY_TASK_RESTS)
        rest(scheduler, who);
    else if (who->task->stage == XY_TASK_DONE)
        finish(scheduler, who);
}

void xy_scheduler_call_back(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (who->calling) /* they do not nest: the one that calls goes on with these */
        return;
    who->calling = true;
    if (who->task && who->task->stage == XY_TASK_RESTS)
        call_task_back(scheduler, who);
    bool called = !who->task && call_all(who);
    who->calling = false;
    if (called)
        save_after_callbacks(scheduler, who);
}

static int set_timer(xylem_context *context, int64_t ms,
                     void (*callback)(xylem_context *context, void *owner), void *owner,
                     uint64_t *timer)
{
    xy_sim_node *who = context->world;
    int64_t now_ms = xy_sim_node_clock_ms(who, who->scheduler->now_us);
    int64_t due_ms = ms < XY_NEVER - now_ms ? now_ms + ms : XY_NEVER;
    return xy_calls_set(&who->calls, due_ms, callback, owner, timer);
}

static void cancel_timer(xylem_context *context, uint64_t timer)
{
    xy_sim_node *who = context->world;
    xy_calls_cancel(&who->calls, timer);
}

/* Other nodes are asked after what the same step has given rise to. */
static int ask(xylem_context *context, const xy_asking *asking)
{
    xy_sim_node *who = context->world;
    xy_scheduler *scheduler = who->scheduler;
    int error = xy_calls_ask(&who->calls, asking);
    if (!error)
        xy_scheduler_enter(scheduler, xy_scheduler_event(XY_SIM_ASKED, who->life, NULL, 0),
                           scheduler->now_us);
    return error;
}

void xy_scheduler_asked(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_question *question = xy_calls_take_question(&who->calls);
    if (!question)
        return;
    xy_event event = {.kind = XY_EVENT_ASKED};
    event.asked.request = question->request;
    event.asked.ask = question->ask;
    event.asked.budget_ms = question->budget_ms;
    event.asked.payload = question->payload;
    event.asked.size = question->size;
    xy_scheduler_step(scheduler, who, &event);
    xy_release(question);
}

const xy_context_ops xy_scheduler_context_ops = {set_timer, cancel_timer, NULL, ask};

/* Answers that were deferred. */

void xy_scheduler_ring(void *owner)
{
    const xy_sim_node *who = owner;
    xy_scheduler *scheduler = who->scheduler;
    xy_scheduler_enter(scheduler, xy_scheduler_event(XY_SIM_ANSWERED, who->life, NULL, 0),
                       scheduler->now_us);
}

/* So the run is the same each time. */
bool xy_scheduler_may_answer(void *owner)
{
    const xy_sim_node *who = owner;
    return pthread_equal(atomic_load(&who->scheduler->user), pthread_self());
}

/* One at a time: a node that is paused by one does not give the next. */
void xy_scheduler_answered(xy_scheduler *scheduler, xy_sim_node *who)
{
    xy_token_answer answer;
    bool taken = xy_tokens_take(who->tokens, &answer);
    pass_chunks(scheduler, who, false);
    if (!taken)
        return;
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = answer.request;
    event.worked.status = answer.status;
    event.worked.text = answer.text;
    event.worked.size = answer.size;
    xy_scheduler_step(scheduler, who, &event);
    free(answer.text);
}

/* The service is called back by an event of its own, as by a timer that is due. */
static void call_soon(xy_sim_node *who)
{
    xy_scheduler_enter(who->scheduler, xy_scheduler_event(XY_SIM_CALLED, who->life, NULL, 0),
                       who->scheduler->now_us);
}

static void answered(xy_sim_node *who, xy_action *action)
{
    xy_calls_answer(&who->calls, action->answered.ask, action->answered.status,
                    action->answered.outcomes, action->answered.size);
    action->answered.outcomes = NULL;
    call_soon(who);
}

static void neighbours(xy_sim_node *who, xy_action *action)
{
    xy_call *call = xy_view_tell(who->context.view, action);
    if (!call)
        return;
    xy_calls_add(&who->calls, call);
    call_soon(who);
}

/* As above. */
static void taken(xy_sim_node *who, const xy_action *action)
{
    if (!xy_tokens_taken(who->tokens, action->taken.request, action->taken.cost))
        return;
    xy_room_tell(&who->room, &who->calls);
    xy_scheduler_enter(who->scheduler, xy_scheduler_event(XY_SIM_CALLED, who->life, NULL, 0),
                       who->scheduler->now_us);
}

void xy_scheduler_execute(xy_driver *driver, xy_action *action)
{
    xy_sim_node *who = driver->world;
    if (who->scheduler->halted)
        return;
    if (action->kind == XY_ACTION_COMBINE)
        combine(who->scheduler, who, action);
    else if (action->kind == XY_ACTION_ANSWERED)
        answered(who, action);
    else if (action->kind == XY_ACTION_NEIGHBOURS)
        neighbours(who, action);
    else if (action->kind == XY_ACTION_TAKEN)
        taken(who, action);
    else if (action->kind == XY_ACTION_CANCEL)
        cancel(who->scheduler, who, action->cancel.request);
    else if (xy_service_takes_long(who->service, action->work.size))
        begin(who->scheduler, who, action);
    else
        do_at_once(who->scheduler, who, action);
}
