#include "sim/task.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

/* What a piece of work may ask while it is under way. */

/* What is due; whether the task goes on now, because it waited for that. */
static bool call_back(xy_task *task)
{
    bool called = false;
    task->work.within = true;
    for (xy_call *call; (call = xy_calls_take(task->calls)); called = true)
        xy_call_run(call, task->work.context);
    task->work.within = false;
    if (!called || !task->awaits)
        return false;
    task->calls = NULL;
    task->went_on = true;
    return true;
}

static bool rest_for(xy_task *task, int64_t ms)
{
    task->questions = 0;
    task->rest_ms = ms;
    task->stage = task->unwanted ? XY_TASK_STUCK : XY_TASK_RESTS;
    xy_coroutine_suspend(task->coroutine);
    while (task->calls && !call_back(task))
        xy_coroutine_suspend(task->coroutine);
    return !task->unwanted;
}

static bool wanted(const xylem_work *work)
{
    xy_task *task = work->world;
    if (task->calls || task->questions++ < XY_TASK_QUESTIONS)
        return !task->unwanted;
    return rest_for(task, 1);
}

static bool rest(xylem_work *work, int64_t ms, bool awaits)
{
    xy_task *task = work->world;
    if (task->unwanted || ms == 0 || task->calls)
        return wanted(work);
    task->rests = true;
    task->awaits = awaits;
    bool still = rest_for(task, ms);
    task->rests = false;
    return still;
}

/* The whole. */

static void do_work(void *argument)
{
    xy_task *task = argument;
    task->status = xy_service_do(task->service, task->state, &task->work);
    task->saves =
        xy_service_save(task->service, task->state, task->work.context, task->work.now_ms);
}

xy_task *xy_task_new(xy_stacks *stacks, const xylem_service *service, void *state, xy_action *work,
                     int64_t now_ms)
{
    xy_task *task = malloc(sizeof *task);
    xy_coroutine *coroutine = task ? xy_coroutine_new(stacks, do_work, task) : NULL;
    if (!coroutine) {
        free(task);
        return NULL;
    }
    const char *text = (const char *)work->work.text;
    *task = (xy_task){.request = work->work.request,
                      .service = service,
                      .state = state,
                      .text = work->work.text,
                      .stacks = stacks,
                      .coroutine = coroutine,
                      .work = {.text = text ? text : "",
                               .size = work->work.size,
                               .now_ms = now_ms,
                               .streams = work->work.streams,
                               .wanted = wanted,
                               .rest = rest,
                               .world = task}};
    work->work.text = NULL;
    work->work.size = 0;
    return task;
}

void xy_task_free(xy_task *task)
{
    assert(task->stage != XY_TASK_RESTS);
    xy_coroutine_free(task->stacks, task->coroutine);
    xy_work_forget(&task->work);
    xy_work_forget_answer(&task->work);
    xy_release((void *)(uintptr_t)task->text);
    free(task->work.reply);
    free(task);
}

void xy_task_run(xy_task *task)
{
    assert(task->stage == XY_TASK_RESTS);
    if (xy_coroutine_resume(task->coroutine))
        task->stage = XY_TASK_DONE;
}

bool xy_task_call_back(xy_task *task, xy_calls *calls)
{
    assert(task->stage == XY_TASK_RESTS && !task->calls);
    if (!task->rests || !calls->due)
        return false;
    task->calls = calls;
    task->went_on = false;
    if (xy_coroutine_resume(task->coroutine))
        task->stage = XY_TASK_DONE;
    task->calls = NULL;
    return task->went_on;
}

void xy_task_give_up(xy_task *task)
{
    if (!task->unwanted)
        task->questions = 0;
    task->unwanted = true;
    if (task->stage == XY_TASK_RESTS)
        xy_task_run(task);
    assert(task->stage != XY_TASK_RESTS);
}
