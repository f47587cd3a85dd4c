/* How lives begin and end: I5 and I6. */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>

#include "sim/asker.h"
#include "sim/later.h"
#include "sim/steps.h"

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* What the launcher is told. */

/* A node that has died may be started again, with a new life, if that was not done too often. */
static bool may_restart(struct check *check, const xy_birth *birth)
{
    uint64_t before = model_find(&check->model, birth->id);
    const struct life *life = &check->model.lives[before];
    return check->plan->repair == XY_REPAIR_RESTART && birth->life.number >= check->model.count &&
           before && life->reported && life->stage == STAGE_PRESENT && !life->retired;
}

/* Those that go with one above them do not count. */
static void restart(struct check *check, uint64_t again, uint64_t before)
{
    struct life was = check->model.lives[before];
    model_revive(&check->model, again, before);
    struct life *life = &check->model.lives[again];
    bool goes_on =
        was.restarts > 0 && was.reported_ms < was.window_ms + check->plan->restart_window_ms;
    life->restarts = (goes_on ? was.restarts : 0) + (was.given_up_us == 0);
    life->window_ms = goes_on ? was.window_ms : was.reported_ms;
    check_turn(check, TURN_RESTARTED);
    if (life->restarts > (unsigned)check->plan->restarts_max)
        check_broken(check, "I16", "node %" PRId64 " is started again %u times", life->id,
                     life->restarts);
}

static void start(struct check *check, const xy_birth *birth)
{
    if (may_restart(check, birth))
        restart(check, birth->life.number, model_find(&check->model, birth->id));
    const struct model *model = &check->model;
    bool known = birth->life.number > 0 && birth->life.number < model->count;
    struct life *life = &model->lives[known ? birth->life.number : 0];
    bool wanted = life->stage == STAGE_ASKED || life->restarted;
    if (!known || life->id != birth->id || !wanted || life->told_start ||
        strcmp(life->service, birth->service) != 0)
        check_broken(check, "I6", "life %" PRIu64 " of node %" PRId64 " is to start as a %s",
                     birth->life.number, birth->id, birth->service);
    else
        check_state_given(check, birth);
    life->told_start = true;
}

static void attach(struct check *check, uint64_t of, const xy_peer *parent)
{
    struct life *life = &check->model.lives[of];
    const struct link *link = model_link(&check->model, parent->link.number);
    bool expected = link->expected || !check->model.lives[link->above].alive;
    if (!expected || !life->told_start || link->child != of || parent->tag != link->tag ||
        parent->link.number <= life->ordered)
        check_broken(check, "I14",
                     "life %" PRIu64 " is to attach by link %" PRIu64 ", not %" PRIu64, of,
                     parent->link.number, life->highest);
    life->ordered = parent->link.number;
    life->ordered_us = check_now_us(check);
    life->pace_ms = check->controller->subtree.detector.interval_ms;
}

/* A node hears where it is to attach: in the order in which that was said. */
void check_told(struct check *check, uint64_t node, uint64_t link)
{
    struct life *life = &check->model.lives[node];
    if (link <= life->heard || link > life->ordered)
        check_broken(check, "I14", "life %" PRIu64 " hears of link %" PRIu64 " out of order", node,
                     link);
    life->heard = link;
}

static void end(struct check *check, uint64_t of)
{
    struct life *life = &check->model.lives[of];
    if (!check->closing && life->stage != STAGE_ENDING && life->stage != STAGE_OVER)
        check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") is to end without a cause",
                     life->id, of);
    if (!life->told_end)
        life->told_end_us = check_now_us(check);
    life->told_end = true;
}

/* Of one that is let go in the step in which it falls silent only the map says so, and of one that
 * cannot be reached already. */
static bool was_silent(const struct check *check, uint64_t of)
{
    const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){of});
    return check->model.lives[of].was_silent || (node && node->silent);
}

/* Those that are late had the time that they were promised; others are given up, or were silent for
 * too long before. */
static void kill(struct check *check, uint64_t of, bool late)
{
    struct life *life = &check->model.lives[of];
    int64_t grace_us = XY_GRACE_MS * CHECK_MS * 98 / 100, now_us = check_now_us(check);
    bool removed = life->stage == STAGE_ENDING && life->answered && life->given_up_us == 0;
    bool silent = was_silent(check, of);
    bool hangs = check->plan->repair == XY_REPAIR_RESTART && silent;
    bool given_up = life->given_up_us > 0 || !life->answered || hangs || (removed && silent);
    int64_t since_us = later(life->told_end_us, check->ended_us);
    int64_t until_us = life->told_end_us + xy_grace_max_ms(0) * CHECK_MS * 98 / 100;
    until_us = since_us + grace_us < until_us ? since_us + grace_us : until_us;
    bool early =
        now_us < until_us && !check->arranges && check->plan->timeout_ms > 2 * xy_grace_max_ms(0);
    life->late = life->late || late || removed;
    if (life->told_kill) /* it is told again whenever something has to be tried again */
        return;
    if (late ? !life->told_end || early : !given_up)
        check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") is to be killed %s",
                     life->id, of, late ? "too early" : "without a cause");
    life->mishap = life->mishap || (hangs && !removed) || (life->restarted && !life->answered);
    life->told_kill = true;
}

static void signal(struct check *check, const xy_action *action)
{
    uint64_t of = action->signal.life.number;
    struct life *life = &check->model.lives[of];
    if (life->id != action->signal.id || life->stage != STAGE_PRESENT)
        check_broken(check, "I6", "life %" PRIu64 " is not node %" PRId64, of, action->signal.id);
    life->doomed = life->doomed || action->signal.fault == XY_FAULT_KILL;
}

/* Past the tree goes only what a node is told of its children. */
static void tell(struct check *check, uint64_t of, const xy_action *action)
{
    xy_message request;
    if (!xy_message_decode(&request, action->tell.frame, action->tell.size) ||
        request.kind != XY_REQUEST || request.life.number != of || request.route_size > 0 ||
        (request.code != XY_EXPECT && request.code != XY_LET_GO))
        check_broken(check, "I13", "life %" PRIu64 " is told something else past the tree", of);
}

void check_launch(struct check *check, const xy_action *action)
{
    bool started = action->kind == XY_ACTION_START;
    uint64_t of = started                            ? action->start.life.number
                  : action->kind == XY_ACTION_ATTACH ? action->attach.life.number
                  : action->kind == XY_ACTION_TELL   ? action->tell.life.number
                  : action->kind == XY_ACTION_END    ? action->end.life.number
                  : action->kind == XY_ACTION_KILL   ? action->kill.life.number
                                                     : action->signal.life.number;
    if (started)
        start(check, &action->start);
    else if (of == 0 || of >= check->model.count)
        check_broken(check, "I6", "the launcher is told of life %" PRIu64, of);
    else if (action->kind == XY_ACTION_ATTACH)
        attach(check, of, &action->attach.to.parent);
    else if (action->kind == XY_ACTION_TELL)
        tell(check, of, action);
    else if (action->kind == XY_ACTION_END)
        end(check, of);
    else if (action->kind == XY_ACTION_KILL)
        kill(check, of, action->kill.late);
    else
        signal(check, action);
}

/* Lives that are given up. */

void check_give_up(struct check *check, uint64_t node, int64_t since_us)
{
    struct life *life = &check->model.lives[node];
    if (life->given_up_us == 0)
        life->given_up_us = since_us;
    check_suspect(check, node);
}

/* All from a node of the map downwards that is present. */
static void give_up_from(struct check *check, xy_map_node *top, xy_tree tree)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, tree)) {
        const struct life *life = &check->model.lives[node->life.number];
        bool begins = life->restarted && !life->answered;
        if (life->stage == STAGE_PRESENT && !life->reported && !begins)
            check_give_up(check, node->life.number, check_now_us(check));
    }
}

/* While the node that it is wanted below moves, it attaches above that. */
static bool attaches_elsewhere(const struct check *check, uint64_t node, uint64_t above)
{
    const xy_map_node *one = xy_map_of_life(&check->controller->map, (xy_life){node});
    return one && one->attaching != XY_NOT_ATTACHING && one->target.number != above;
}

/* What is to be created below a node that has gone cannot be. */
static void give_up_starting(struct check *check, uint64_t over)
{
    const struct model *model = &check->model;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id], above = model->lives[one].above;
        if (one && model->lives[one].stage == STAGE_ASKED && model->lives[one].told_start &&
            !model->lives[one].reported && !attaches_elsewhere(check, one, above) &&
            (above == over || model->lives[above].given_up_us > 0))
            check_give_up(check, one, check_now_us(check));
    }
}

/* Without repair what is below a node that has died goes too, but for those that are wanted
 * elsewhere. Where all below it is started again, that does. */
static void give_up_below(struct check *check, uint64_t over)
{
    const xy_map_node *top = xy_map_of_life(&check->controller->map, (xy_life){over});
    bool rest = check->plan->repair == XY_REPAIR_RESTART && check->plan->rest_for_subtree;
    if (!top || top->given_up || check->closing || (check->repairs && !rest))
        return; /* or all has been done when one above it died */
    xy_tree tree = rest ? XY_WANTED : XY_LINKED;
    for (xy_map_node *child = xy_map_place(top, tree)->first_child; child;
         child = xy_map_place(child, tree)->next)
        if (child->wanted.parent == top || child->stage == XY_STAGE_ENDING || child->given_up)
            give_up_from(check, child, tree);
    if (check->predicts)
        give_up_starting(check, over);
}

/* What the launcher reports. */
void check_reported(struct check *check, const xy_event *event)
{
    uint64_t over = event->ended.life.number;
    struct life *life = &check->model.lives[over];
    if (life->reported || life->alive || event->ended.begun != life->started)
        check_broken(check, "I7", "the launcher reports wrongly that life %" PRIu64 " is over",
                     over);
    life->reported = true;
    life->reported_ms = check->world->ops->now(check->world);
    life->mishap = life->mishap || !event->ended.begun;
    if (life->stage == STAGE_PRESENT && (life->answered || !life->restarted))
        give_up_below(check, over);
}

/* The controlling node may be held up before it says so, and orders may be slow. */
int64_t check_end_due_us(const struct check *check, uint64_t node)
{
    const struct life *life = &check->model.lives[node];
    int64_t calm_us = model_calm_since(&check->model, 0), now_us = check_now_us(check);
    if (!life->alive || life->given_up_us == 0 || life->stage == STAGE_ENDING || check->closing)
        return INT64_MAX;
    if (calm_us >= now_us)
        return now_us + 100 * CHECK_MS;
    return later(life->given_up_us, calm_us) + check_order_us(check) + 5 * CHECK_MS;
}

size_t check_late(const struct check *check, uint64_t top)
{
    const struct model *model = &check->model;
    size_t count = 0;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        bool part = check->arranges ? one == top : model_is_wanted_below(model, one, top);
        count += one && model->lives[one].late && part;
    }
    return count;
}

/* Lives begin and end. */

static void count_living(struct check *check, int change)
{
    int64_t now_us = check_now_us(check);
    check->verdict->node_us += check->living * (now_us - check->counted_us);
    check->counted_us = now_us;
    check->living += change;
}

void check_started(struct check *check, uint64_t node, const xy_birth *birth)
{
    struct life *life = &check->model.lives[node];
    if (!life->told_start || life->started || life->id != birth->id)
        check_broken(check, "I6", "life %" PRIu64 " of node %" PRId64 " starts %s", node, birth->id,
                     life->started ? "a second time" : "for no reason");
    life->started = life->alive = true;
    life->started_us = check_now_us(check);
    count_living(check, 1);
    check_suspect(check, node);
}

/* Nothing has kept a node from ending when it was told to. */
static bool can_stop(const struct check *check, const struct life *life)
{
    return life->opened && life->opened_us < life->told_end_us && !life->paused &&
           life->heard == life->ordered && !check->arranges && life->calm_us < life->told_end_us &&
           check_order_us(check) == 0 && check->plan->timeout_ms > 2 * XY_GRACE_MS;
}

static bool may_end(const struct life *life, xy_end end)
{
    switch (end) {
    case XY_END_STOPPED:
        return life->told_end;
    case XY_END_KILLED:
        return life->told_kill;
    case XY_END_CRASHED:
        return life->doomed;
    case XY_END_EARLY:
        return !life->attached;
    }
    return false;
}

void check_lost_parent(struct check *check, uint64_t over)
{
    const struct model *model = &check->model;
    for (int64_t id = 0; id < model->ids; id++) {
        struct life *life = &model->lives[model->present[id]];
        if (model->present[id] && life->above == over && life->welcomed && life->lost_us == 0)
            life->lost_us = check_now_us(check);
    }
}

/* It lets none attach any more. */
static void let_all_go(struct check *check, uint64_t over)
{
    struct model *model = &check->model;
    for (uint64_t link = 1; link < model->links_count; link++)
        if (model->links[link].above == over)
            model_let_go(model, link);
}

/* A node that is to have another parent dies, or one of the two does. */
static void count_deaths(struct check *check, uint64_t over)
{
    const struct model *model = &check->model;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        const struct life *life = &model->lives[one];
        const struct link *next = model_link(model, life->highest);
        if (!one || !life->welcomed || life->highest == life->link || !next->expected)
            continue;
        if (one == over)
            check_turn(check, TURN_MOVED_DIED);
        else if (next->above == over)
            check_turn(check, TURN_NEW_PARENT_DIED);
        else if (life->above == over)
            check_turn(check, TURN_OLD_PARENT_DIED);
    }
}

void check_ended(struct check *check, uint64_t node, xy_end end)
{
    static const char *const ways[] = {[XY_END_STOPPED] = "stops",
                                       [XY_END_KILLED] = "is killed by the launcher",
                                       [XY_END_CRASHED] = "is killed from outside",
                                       [XY_END_EARLY] = "ends at its start"};
    struct life *life = &check->model.lives[node];
    if (!may_end(life, end))
        check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") %s without a cause",
                     life->id, node, ways[end]);
    if (end == XY_END_KILLED && life->late && can_stop(check, life))
        check_broken(check, "I5",
                     "node %" PRId64 " (life %" PRIu64 ") is killed, but would have ended in time",
                     life->id, node);
    life->mishap = life->mishap || end == XY_END_EARLY || end == XY_END_CRASHED;
    life->alive = false;
    life->ended_us = check_now_us(check);
    check_asks_end(check, node);
    if (strcmp(life->service, STEPS_NAME) == 0 || later_is(life->service) ||
        asker_is(life->service))
        ++*(end == XY_END_STOPPED ? &check->closed : &check->released);
    count_living(check, -1);
    count_deaths(check, node);
    let_all_go(check, node);
    check_lost_parent(check, node);
    check_suspect(check, node);
}
