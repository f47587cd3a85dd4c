#include "sim/check.h"

#include <inttypes.h>

#include "sim/need.h"

/* So many steps at one moment are for ever. */
#ifndef CHECK_STEPS_AT_ONCE
#define CHECK_STEPS_AT_ONCE 100000
#endif

int64_t check_now_us(const struct check *check)
{
    return xy_simulation_now_us(check->world);
}

int64_t check_travel_us(const struct check *check, uint64_t node)
{
    int64_t hop_us = 200 + check->plan->rates.jitter_us;
    return 2 * CHECK_MS + hop_us * (int64_t)model_depth(&check->model, node);
}

int64_t check_lateness_us(const struct check *check)
{
    const xy_fault_rates *rates = &check->plan->rates;
    return (rates->slow_end > 0 ? rates->slow_end_us : 0) +
           (rates->slow_start > 0 ? rates->slow_start_us : 0) +
           (rates->slow_report > 0 ? rates->slow_report_us : 0);
}

int64_t check_order_us(const struct check *check)
{
    const xy_fault_rates *rates = &check->plan->rates;
    return (rates->slow_order > 0 ? rates->slow_order_us : 0) +
           (rates->slow_report > 0 ? rates->slow_report_us : 0);
}

int64_t check_attach_us(const struct check *check)
{
    const xy_fault_rates *rates = &check->plan->rates;
    int64_t interval_ms = check->controller->subtree.detector.interval_ms;
    int64_t ms = check->plan->timeout_ms, silence_ms = interval_ms * 9 / 2 + 20;
    if (interval_ms > 0 && silence_ms < ms)
        ms = silence_ms;
    return ms * CHECK_MS + check_lateness_us(check) + check_order_us(check) +
           (rates->late_hello > 0 ? rates->late_hello_us : 0);
}

/* With repair: to notice a silence, to start a node again, and to attach twice: the parent may
 * fail, too. */
int64_t check_recovery_us(const struct check *check)
{
    int64_t ms = check->longest_ms + check->model.longest_interval_ms * 11 / 2 + 1000;
    int64_t repair_us = check->repairs ? 3 * check_attach_us(check) : 0;
    return ms * CHECK_MS + check_lateness_us(check) + check_order_us(check) + repair_us;
}

const xy_subtree *check_subtree(const struct check *check, uint64_t node)
{
    return node == 0 ? &check->controller->subtree
                     : xy_simulation_subtree(check->world, (xy_life){node});
}

void check_init(struct check *result, const struct plan *plan, xy_world *world,
                const xy_controller *controller, struct verdict *verdict)
{
    *result = (struct check){.plan = plan,
                             .world = world,
                             .controller = controller,
                             .verdict = verdict,
                             .highest = -1,
                             .next_due_us = INT64_MAX};
    result->history.next_due_us = INT64_MAX;
    result->longest_ms = plan->timeout_ms;
    result->owed = need(calloc((size_t)(2 * plan->nodes), sizeof *result->owed));
    model_init(&result->model, plan->shape, 2 * plan->nodes);
    const xy_topology *topology = controller->topology;
    result->repairs = plan->repair != XY_REPAIR_NONE;
    result->arranges = topology->arranges;
    result->predicts = !result->repairs && !topology->arranges;
    result->keeps = !result->predicts || topology->given;
    result->model.longest_interval_ms = plan->interval_ms;
}

void check_clear(struct check *check)
{
    model_clear(&check->model);
    history_clear(&check->history);
    check_asks_clear(check);
    free(check->owed);
    free(check->suspects);
    free(check->due_us);
}

static void heard_of_jobs(struct check *check, uint64_t node)
{
    check_called_off(check, node);
    check_came(check, node);
}

/* A message of a true neighbour. */
static void heard(struct check *check, uint64_t node, const xy_event *event)
{
    uint64_t link = event->message.from.link.number;
    if (event->message.from.role == XY_PARENT && check->hand.message.kind == XY_WELCOME)
        check_welcomed(check, node);
    else if (event->message.from.role == XY_PARENT)
        heard_of_jobs(check, node);
    else if (model_of_link(&check->model, link))
        check->model.links[link].heard_us = check_now_us(check);
}

/* A machine whose deadline never goes on is stepped for ever. */
static void look_at_time(struct check *check)
{
    int64_t now_us = check_now_us(check);
    check->still = now_us == check->still_us ? check->still + 1 : 0;
    check->still_us = now_us;
    if (check->still > CHECK_STEPS_AT_ONCE)
        check_broken(check, "I7", "time stands still");
}

void check_stepping(struct check *check, uint64_t node, const xy_event *event, bool forged)
{
    struct life *life = &check->model.lives[node];
    look_at_time(check);
    check_hand(check, node, event, forged);
    if (event->kind == XY_EVENT_OPEN) {
        life->opened = true;
        life->opened_us = check_now_us(check);
    }
    if (event->kind == XY_EVENT_ATTACH)
        check_told(check, node, event->attach.parent.link.number);
    if (event->kind == XY_EVENT_STARTED)
        snprintf(check->model.lives[event->started.life.number].key, XY_KEY_SIZE, "%s",
                 event->started.key);
    if (event->kind == XY_EVENT_ATTACHED)
        check_heard_of(check, event->attached.life.number);
    if (event->kind == XY_EVENT_WORKED)
        check_worked(check, node, event);
    if (event->kind == XY_EVENT_DEFERRED)
        check_deferred(check, node, event->deferred.request.request);
    if (event->kind == XY_EVENT_ASKED)
        check_asked_others(check, node, event);
    if (event->kind == XY_EVENT_SENT)
        check_sent(check, node, event);
    if (event->kind == XY_EVENT_END)
        check_asks_end(check, node);
    if (event->kind == XY_EVENT_MESSAGE && node == 0 && !forged)
        check_ask_heard(check, event);
    if (event->kind == XY_EVENT_MESSAGE && !forged)
        heard(check, node, event);
    if (event->kind == XY_EVENT_ENDED)
        check_reported(check, event);
}

/* The controlling node stops: no life is left. */
static void check_stop(struct check *check)
{
    for (size_t one = 1; one < check->model.count; one++)
        if (check->model.lives[one].started && check->model.lives[one].alive)
            check_broken(check, "I7", "the network has ended, and life %zu lives", one);
}

/* What is for the service of a node; what it combines is looked at in the reply. */
static void executed(struct check *check, uint64_t node, const xy_action *action)
{
    if (action->kind == XY_ACTION_WORK)
        check_work(check, node, action);
    else if (action->kind == XY_ACTION_ANSWERED)
        check_ask_answered(check, node, action);
    else if (action->kind == XY_ACTION_CANCEL)
        check_unwanted(check, node, action->cancel.request.request);
}

/* What is for the user of the network. */
static void delivered(struct check *check, const xy_action *action)
{
    if (action->kind == XY_ACTION_REPLY)
        check_reply(check, action);
    else if (action->kind == XY_ACTION_CHUNK)
        check_chunk(check, action);
    else if (action->kind == XY_ACTION_NOTICE)
        check_notice(check, action);
    else
        check_room(check);
}

void check_acting(struct check *check, uint64_t node, const xy_action *action)
{
    if (check->asking)
        check_taken(check);
    else if (node == 0)
        check_ask_taken(check);
    check_in_hand(check, node, action);
    switch (action->kind) {
    case XY_ACTION_SEND:
        if (action->send.message.kind == XY_REPLY)
            check_answer(check, node, &action->send.message);
        check_link(check, node, action);
        break;
    case XY_ACTION_FORWARD:
    case XY_ACTION_EXPECT:
    case XY_ACTION_LET_GO:
    case XY_ACTION_CONNECT:
    case XY_ACTION_DISCONNECT:
        check_link(check, node, action);
        break;
    case XY_ACTION_WORK:
    case XY_ACTION_ANSWERED:
    case XY_ACTION_NEIGHBOURS:
    case XY_ACTION_CANCEL:
    case XY_ACTION_COMBINE:
    case XY_ACTION_TAKEN:
        executed(check, node, action);
        break;
    case XY_ACTION_START:
    case XY_ACTION_ATTACH:
    case XY_ACTION_TELL:
    case XY_ACTION_END:
    case XY_ACTION_KILL:
    case XY_ACTION_SIGNAL:
        check_launch(check, action);
        break;
    case XY_ACTION_REPLY:
    case XY_ACTION_CHUNK:
    case XY_ACTION_NOTICE:
    case XY_ACTION_ROOM:
        delivered(check, action);
        break;
    case XY_ACTION_EXPECTED:
    case XY_ACTION_ATTACHED:
        check_said(check, node, action);
        break;
    case XY_ACTION_STOP:
        if (node == 0)
            check_stop(check);
        break;
    }
}

void check_stepped(struct check *check, uint64_t node)
{
    const xy_subtree *subtree = check_subtree(check, node);
    if (check->asking)
        check_taken(check);
    check_asks(check, node);
    if (subtree)
        check_children(check, node, subtree);
    if (node == 0) {
        check_map(check);
        check_refused(check);
        check->highest = -1;
    }
    check->hand = (struct hand){0};
    check_suspects(check);
    check_overdue(check);
}

void check_crash(struct check *check, uint64_t node)
{
    check->model.lives[node].doomed = true;
}

void check_hold(struct check *check, uint64_t node, int64_t for_us)
{
    int64_t now_us = check_now_us(check), until_us = now_us + for_us;
    model_hold(&check->model, node, (struct span){now_us, until_us});
    if (node == 0)
        history_put_off(&check->history, until_us + CHECK_MS + 2 * CHECK_SLOWNESS_US);
    else
        check_suspect(check, node);
}

void check_signalled(struct check *check, uint64_t node, xy_fault fault)
{
    if (fault == XY_FAULT_PAUSE) {
        model_pause(&check->model, node, check_now_us(check));
        check_suspect(check, node);
    } else if (fault == XY_FAULT_RESUME) {
        model_resume(&check->model, node, check_now_us(check));
    }
}

void check_stall(struct check *check, uint64_t node, int64_t for_us)
{
    int64_t now_us = check_now_us(check);
    model_stall(&check->model, node, (struct span){now_us, now_us + for_us});
}

void check_slow(struct check *check, uint64_t node, int64_t for_us)
{
    model_disturb(&check->model, node, check_now_us(check) + for_us + CHECK_SLOWNESS_US);
}
