/* task: one piece of work that takes long, of a simulated node. It has a stack of its own, and
 * rests in virtual time: as long as it rests, everything else goes on.
 */
#ifndef XY_TASK_H
#define XY_TASK_H

#include "core/step.h"
#include "service/calls.h"
#include "service/service.h"
#include "sim/coroutine.h"

/* How often work may ask whether it is wanted before that takes time: then each of so many
 * questions takes a millisecond. Work that is not wanted any more, and that has been told so this
 * often, is stuck. */
#define XY_TASK_QUESTIONS 1000

typedef enum xy_task_stage {
    XY_TASK_RESTS, /* for rest_ms, or before it has begun */
    XY_TASK_DONE,
    XY_TASK_STUCK /* it never goes on */
} xy_task_stage;

typedef struct xy_task {
    xy_task_stage stage;
    int64_t rest_ms;
    xy_number request;
    int status;      /* of what is done, */
    bool saves;      /* whether the state has become another one: see the context, */
    xylem_work work; /* and its answer */
    const xylem_service *service;
    void *state;
    const uint8_t *text; /* of the work; memory of core */
    bool unwanted;
    bool rests;         /* as it has said, and may call back meanwhile, */
    bool awaits;        /* until something does, */
    bool went_on;       /* which has been so; */
    xy_calls *calls;    /* which it does now, or NULL */
    unsigned questions; /* since it rested, or since it is not wanted any more */
    xy_stacks *stacks;
    xy_coroutine *coroutine;
} xy_task;

/* Makes the task of the action WORK, for a service with this state. It takes the text out of the
 * action. NULL when there is no memory. */
xy_task *xy_task_new(xy_stacks *stacks, const xylem_service *service, void *state, xy_action *work,
                     int64_t now_ms);

/* Frees a task that is done, or stuck: then its stack is used by others, and what its work holds is
 * lost. */
void xy_task_free(xy_task *task);

/* Begins a task that rests, or goes on with it, until it rests again, is done or is stuck. */
void xy_task_run(xy_task *task);

/* Has the work of a task that rests call back what is due, and go on resting. Not while it only
 * asks whether it is wanted: then nothing is called. True: it waited for that, and has gone on,
 * until it rests again, is done or is stuck. */
bool xy_task_call_back(xy_task *task, xy_calls *calls);

/* A task is not wanted any more: it goes on at once, until it is done or stuck. */
void xy_task_give_up(xy_task *task);

#endif
