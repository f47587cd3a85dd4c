#include "sim/judge.h"

#include <inttypes.h>

#include "sim/memory.h"

int64_t judge_now_us(const struct judge *judge)
{
    return xy_simulation_now_us(judge->world);
}

int64_t judge_travel_us(const struct judge *judge, uint64_t node)
{
    int64_t hop_us = 200 + judge->plan->odds.jitter_us;
    return 2 * JUDGE_MS + hop_us * (int64_t)model_depth(&judge->model, node);
}

int64_t judge_lateness_us(const struct judge *judge)
{
    return judge->plan->odds.slow_end > 0 ? judge->plan->odds.slow_end_us : 0;
}

int64_t judge_recovery_us(const struct judge *judge)
{
    int64_t ms = judge->longest_ms + judge->model.longest_interval_ms * 11 / 2 + 1000;
    return ms * JUDGE_MS + judge_lateness_us(judge);
}

void judge_init(struct judge *result, const struct plan *plan, xy_world *world,
                const xy_controller *controller, struct verdict *verdict)
{
    *result = (struct judge){.plan = plan,
                             .world = world,
                             .controller = controller,
                             .verdict = verdict,
                             .next_due_us = INT64_MAX};
    result->ledger.next_due_us = INT64_MAX;
    result->longest_ms = plan->timeout_ms;
    model_init(&result->model, 2 * plan->nodes);
    result->model.longest_interval_ms = plan->interval_ms;
}

void judge_clear(struct judge *judge)
{
    model_clear(&judge->model);
    ledger_clear(&judge->ledger);
    free(judge->suspects);
    free(judge->due_us);
}

void judge_stepping(struct judge *judge, uint64_t node, const xy_event *event, bool forged)
{
    struct model *model = &judge->model;
    if (event->kind == XY_EVENT_OPEN) {
        model->lives[node].greeted = true;
        model->lives[node].greeted_us = judge_now_us(judge);
    }
    if (event->kind == XY_EVENT_STILLBORN)
        model->lives[event->peer].mishap = true;
    if (event->kind == XY_EVENT_WORKED)
        judge_worked(judge, node, event);
    if (event->kind == XY_EVENT_FRAME && !forged && event->peer == XY_PARENT)
        judge_called_off(judge, node, event);
    if (event->kind == XY_EVENT_FRAME && !forged && event->peer != XY_PARENT)
        model->lives[event->peer].heard_us = judge_now_us(judge);
}

static void fault_performed(struct judge *judge, const xy_message *target)
{
    if (target->value != JUDGE_PID_BASE + (int64_t)target->incarnation)
        judge_broken(judge, "I6", "life %" PRIu64 " is not process %" PRId64, target->incarnation,
                     target->value);
    if (target->code == XY_FAULT_PAUSE) {
        model_pause(&judge->model, target->incarnation, judge_now_us(judge));
        judge_suspect(judge, target->incarnation);
    } else if (target->code == XY_FAULT_RESUME) {
        model_resume(&judge->model, target->incarnation, judge_now_us(judge));
    }
}

static void forget_performed(struct judge *judge, uint64_t node)
{
    bool known = node > 0 && node < judge->model.count;
    if (!known || judge->model.lives[node].forgotten)
        judge_broken(judge, "I7", "life %" PRIu64 " is over a second time", node);
    else
        judge->model.lives[node].forgotten = true;
}

void judge_acting(struct judge *judge, uint64_t node, const xy_action *action)
{
    if (action->kind == XY_ACTION_WORK)
        judge_work(judge, node, &action->message);
    else if (action->kind == XY_ACTION_CANCEL)
        judge_unwanted(judge, node, action->message.request);
    else if (action->kind == XY_ACTION_SEND && action->message.kind == XY_REPLY)
        judge_answer(judge, node, &action->message);
    else if (action->kind == XY_ACTION_REPLY)
        judge_reply(judge, &action->message);
    else if (action->kind == XY_ACTION_NOTICE)
        judge_notice(judge, &action->message);
    else if (action->kind == XY_ACTION_FAULT)
        fault_performed(judge, &action->message);
    else if (action->kind == XY_ACTION_FORGET)
        forget_performed(judge, action->message.incarnation);
}

/* Somebody whose deadline never goes on is stepped for ever. */
static void look_at_time(struct judge *judge)
{
    enum { STEPS_AT_ONCE = 1000000 };
    int64_t now_us = judge_now_us(judge);
    judge->still = now_us == judge->still_us ? judge->still + 1 : 0;
    judge->still_us = now_us;
    if (judge->still > STEPS_AT_ONCE)
        judge_broken(judge, "I7", "time stands still");
}

void judge_stepped(struct judge *judge, uint64_t node)
{
    const xy_branch *branch =
        node == XY_PARENT ? &judge->controller->branch : xy_simulation_branch(judge->world, node);
    if (branch)
        judge_family(judge, node, branch);
    if (node == XY_PARENT)
        judge_tree(judge);
    judge_suspects(judge);
    judge_overdue(judge);
    look_at_time(judge);
}

void judge_crash(struct judge *judge, uint64_t node)
{
    model_doom(&judge->model, node);
}

void judge_hold(struct judge *judge, uint64_t node, int64_t for_us)
{
    int64_t now_us = judge_now_us(judge), until_us = now_us + for_us;
    model_hold(&judge->model, node, (struct span){now_us, until_us});
    if (node == XY_PARENT)
        ledger_put_off(&judge->ledger, until_us + JUDGE_MS + 2 * JUDGE_SLOWNESS_US);
    else
        judge_suspect(judge, node);
}

void judge_stall(struct judge *judge, uint64_t node, int64_t for_us)
{
    int64_t now_us = judge_now_us(judge);
    model_stall(&judge->model, node, (struct span){now_us, now_us + for_us});
}

void judge_slow(struct judge *judge, uint64_t node, int64_t for_us)
{
    model_disturb(&judge->model, node, judge_now_us(judge) + for_us + JUDGE_SLOWNESS_US);
}
