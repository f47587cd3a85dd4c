/* The work of a node. What is quick is done at once. What takes long is a task: it runs until it
 * rests, and goes on when that time has passed, or when it is not wanted any more.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim/scheduler_parts.h"

/* By an action: after what the same step has given rise to. */
static void answer_soon(xy_scheduler *scheduler, const xy_event *worked, xy_life life)
{
    size_t saved_size = worked->worked.saves ? worked->worked.saved_size : 0;
    xy_sim_event *what =
        xy_scheduler_event_of(XY_SIM_WORKED, life, worked->worked.text, worked->worked.size,
                              worked->worked.saved, saved_size);
    if (what) {
        what->worked.request = worked->worked.request;
        what->worked.status = worked->worked.status;
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

/* What is quick. */

static void do_at_once(xy_scheduler *scheduler, xy_sim_node *who, const xy_action *action)
{
    const char *text = (const char *)action->work.text; /* with a NUL behind it */
    xylem_work work = {.text = text ? text : "",
                       .size = action->work.size,
                       .now_ms = xy_sim_node_clock_ms(who, scheduler->now_us),
                       .context = &who->context};
    int status = xy_service_do(who->service, who->service_state, &work);
    bool saves = xy_service_save(who->service, who->service_state, &who->context, work.now_ms);
    xy_event event = worked(who, action->work.request, status, saves, &work);
    xy_driver_step_within(&who->driver, &event);
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
    xy_event event = task_worked(who, who->task);
    answer_soon(scheduler, &event, who->life);
    drop_task(who);
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
        answer_soon(scheduler, &event, who->life);
        return;
    }
    who->task->work.context = &who->context;
    if (go_on(scheduler, who))
        task_is_done(scheduler, who);
}

void xy_scheduler_resume(xy_scheduler *scheduler, xy_sim_node *who)
{
    if (!go_on(scheduler, who))
        return;
    xy_event event = task_worked(who, who->task);
    xy_task *task = who->task;
    who->task = NULL; /* there may be a next one */
    xy_scheduler_step(scheduler, who, &event);
    xy_task_free(task);
}

/* It may have been done, and its answer be on its way. */
static void cancel(xy_scheduler *scheduler, xy_sim_node *who, xy_number request)
{
    if (!who->task || who->task->request.request != request.request)
        return;
    who->rest++; /* makes the end of its rest stale */
    xy_task_give_up(who->task);
    if (who->task->stage == XY_TASK_DONE)
        task_is_done(scheduler, who);
}

void xy_scheduler_execute(xy_driver *driver, xy_action *action)
{
    xy_sim_node *who = driver->world;
    if (who->scheduler->halted)
        return;
    if (action->kind == XY_ACTION_COMBINE)
        combine(who->scheduler, who, action);
    else if (action->kind == XY_ACTION_CANCEL)
        cancel(who->scheduler, who, action->cancel.request);
    else if (who->service->takes_long)
        begin(who->scheduler, who, action);
    else
        do_at_once(who->scheduler, who, action);
}
