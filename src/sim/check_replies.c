/* Commands and their replies: I2, and how much may be under way: I7. */
#include "sim/check.h"

#include <inttypes.h>

static const char *const kinds[] = {[XY_COMMAND_CREATE] = "create",
                                    [XY_COMMAND_REMOVE] = "remove",
                                    [XY_COMMAND_EXEC] = "exec",
                                    [XY_COMMAND_PING] = "ping",
                                    [XY_COMMAND_HEARTBEAT] = "heartbeat",
                                    [XY_COMMAND_WAIT] = "wait",
                                    [XY_COMMAND_FAULT] = "a fault of",
                                    [XY_COMMAND_CLOSE] = "the end of",
                                    [XY_COMMAND_CANCEL] = "the cancelling of",
                                    [XY_COMMAND_MOVE] = "move",
                                    [XY_COMMAND_CAST] = "cast",
                                    [XY_COMMAND_TAKE] = "the taking of"};

/* Asking. */

int64_t check_limit_us(const struct check *check, int64_t ms)
{
    int64_t drift_us = ms * check->plan->rates.drift / 1000 * 2;
    return ms * CHECK_MS + drift_us + 2 * CHECK_MS + 2 * CHECK_SLOWNESS_US;
}

/* How much may be under way. */

static size_t in_flight(const struct check *check)
{
    return check->controller->requests.table.cost + check->controller->waits.table.cost +
           check->controller->errands.table.cost;
}

bool check_is_full(const struct check *check, const xy_command *command)
{
    size_t bound = check->controller->bound, cost = XY_REQUEST_COST + command->size;
    if ((command->kind != XY_COMMAND_EXEC && command->kind != XY_COMMAND_CAST) || command->asker)
        bound += XY_IN_FLIGHT_RESERVE(bound);
    return in_flight(check) > 0 && in_flight(check) + cost > bound;
}

static bool is_room(const struct check *check)
{
    return in_flight(check) <= check->controller->bound / 2;
}

void check_room(struct check *check)
{
    if (!check->refused || !is_room(check))
        check_broken(check, "I7", "word of room, %s",
                     check->refused ? "and there is none" : "for which there was no need");
    check->refused = false;
}

void check_refused(struct check *check)
{
    if (check->refused && is_room(check) && !check->closing)
        check_broken(check, "I7", "there is room, and no word of it");
}

/* Whether new nodes may be refused: not all that there are can be reached, or are where they should
 * be. */
static bool is_unsettled(const struct check *check)
{
    const struct model *model = &check->model;
    for (int64_t id = 0; id < model->ids; id++) {
        const struct life *life = &model->lives[model->present[id]];
        if (model->present[id] && (life->stage != STAGE_PRESENT || !life->available))
            return true;
    }
    return check->controller->map.unsettled;
}

/* Of a create: where the node belongs. */
static void find_place(const struct check *check, struct entry *entry, const xy_command *command)
{
    const struct life *above;
    entry->parent = command->parent;
    entry->service = command->text;
    entry->place = model_place(&check->model, command->id, command->parent, &entry->above);
    above = &check->model.lives[entry->above];
    entry->reached =
        check->predicts ? above->available && above->stage == STAGE_PRESENT : !is_unsettled(check);
}

/* Of a move: why it cannot be done. */
static int find_error(const struct check *check, const struct entry *entry)
{
    const struct model *model = &check->model;
    const struct life *above = &model->lives[entry->above];
    if (model->shape != SHAPE_TREE)
        return XYLEM_INVALID;
    if (!entry->present)
        return XYLEM_NOT_FOUND;
    if (entry->parent >= 0 && (!entry->above || above->stage != STAGE_PRESENT))
        return XYLEM_PARENT_NOT_FOUND;
    if (entry->parent >= 0 && model_is_wanted_below(model, entry->above, entry->life))
        return XYLEM_PARENT_IS_BELOW;
    if (!entry->reached)
        return XYLEM_UNAVAILABLE;
    return above->available ? XYLEM_OK : XYLEM_PARENT_UNAVAILABLE;
}

static void find_target(struct check *check, struct entry *entry, const xy_command *command)
{
    struct life *life = &check->model.lives[entry->life];
    entry->parent = command->parent;
    entry->above = command->parent < 0 ? 0 : model_find(&check->model, command->parent);
    entry->place = find_error(check, entry);
    if (!entry->life)
        return;
    life->moved_us = check_now_us(check);
    life->moves++;
}

struct entry check_entry(const struct check *check, const xy_command *command)
{
    const struct model *model = &check->model;
    struct entry entry = {.kind = command->kind,
                          .id = command->id,
                          .value = command->value,
                          .life = model_find(model, command->id),
                          .timeout_ms = command->timeout_ms,
                          .asked_us = check_now_us(check)};
    if (command->timeout_ms < 0)
        entry.timeout_ms = check->plan->timeout_ms;
    entry.due_us = entry.asked_us + check_limit_us(check, entry.timeout_ms);
    entry.present = entry.life && model->lives[entry.life].stage == STAGE_PRESENT;
    entry.reached = entry.present && model->lives[entry.life].available;
    if (entry.kind == XY_COMMAND_EXEC)
        entry.text = check_digest(XYLEM_OK, command->text, command->size);
    entry.streams = command->streams;
    return entry;
}

void check_asking(struct check *check, const xy_command *command)
{
    struct entry entry = check_entry(check, command);
    if (check->longest_ms < entry.timeout_ms)
        check->longest_ms = entry.timeout_ms;
    if (entry.kind == XY_COMMAND_CLOSE)
        check->closing = true;
    if (entry.kind == XY_COMMAND_CANCEL)
        entry.present = check_cancelled(check, (uint64_t)entry.value);
    if (entry.kind == XY_COMMAND_TAKE)
        entry.present = check_takes(check, command);
    if (entry.kind == XY_COMMAND_CREATE)
        find_place(check, &entry, command);
    if (entry.kind == XY_COMMAND_MOVE)
        find_target(check, &entry, command);
    entry.fresh = command->fresh;
    entry.full = check_is_full(check, command);
    if (entry.kind == XY_COMMAND_CAST)
        check_casting(check, &entry, command);
    history_ask(&check->history, &entry);
    check->asking = true;
}

static void create_taken(struct check *check, struct entry *entry)
{
    const xy_map_node *node = xy_map_find(&check->controller->map, entry->id);
    bool taken = node && node->life.number >= check->model.count;
    if (taken && !check->predicts)
        entry->above = node->wanted.parent ? node->wanted.parent->life.number : 0;
    if (taken && check->predicts && (entry->life || entry->place))
        check_broken(check, "I1", "node %" PRId64 " is created, but %s", entry->id,
                     entry->life ? "exists" : xylem_strerror(entry->place));
    entry->created = taken;
    if (!taken || (entry->life && check->verdict->broken))
        return;
    entry->life = node->life.number;
    model_add(&check->model, entry->life, entry->id, entry->above);
    check->model.lives[entry->life].service = entry->service;
    check->model.lives[entry->life].fresh = entry->fresh;
}

/* Unless it was refused. */
static void removal_taken(struct check *check, const struct entry *entry)
{
    const xy_map_node *node = xy_map_find(&check->controller->map, entry->id);
    if (!node || node->stage == XY_STAGE_ENDING)
        model_enter_stage(&check->model, entry->life, STAGE_ENDING, check->arranges);
}

void check_taken(struct check *check)
{
    struct entry *entry = history_find(&check->history, check->history.count);
    check->asking = false;
    if (entry && entry->kind == XY_COMMAND_CAST) {
        check_cast_taken(check, entry);
        return;
    }
    if (!entry || check->controller->command != check->history.count)
        check_broken(check, "I2", "a command has the number of another command");
    else if (entry->kind == XY_COMMAND_CREATE)
        create_taken(check, entry);
    else if (entry->kind == XY_COMMAND_REMOVE && entry->present)
        removal_taken(check, entry);
    else if (entry->kind == XY_COMMAND_CLOSE)
        model_enter_stage(&check->model, 0, STAGE_ENDING, false);
}

/* All that is removed is told to end, at once; but a node alone waits for those attached to it. */
static void look_at_removal(struct check *check, uint64_t top)
{
    const struct model *model = &check->model;
    if (check->arranges)
        return;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        const struct life *life = &model->lives[one];
        if (one && life->stage == STAGE_ENDING && life->told_start && !life->reported &&
            !life->told_end && !life->told_kill && model_is_wanted_below(model, one, top))
            check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") is not told to end", id,
                         one);
    }
}

void check_asked(struct check *check)
{
    if (check->asking)
        check_taken(check);
    const struct entry *entry = history_find(&check->history, check->history.count);
    if (entry->cast)
        entry = history_find(&check->history, entry->cast);
    if (entry->kind == XY_COMMAND_REMOVE && entry->present)
        look_at_removal(check, entry->life);
    if (entry->created && entry->open && !check->model.lives[entry->life].told_start)
        check_broken(check, "I2", "node %" PRId64 " is not started", entry->id);
}

/* Whether a request may need more than its time there and back, as in a deep tree. */
static bool is_too_far(const struct check *check, const struct entry *entry, uint64_t of)
{
    int64_t timeout_us = entry->timeout_ms * CHECK_MS;
    return 2 * check_travel_us(check, of) + 10 * CHECK_MS > timeout_us * 95 / 100;
}

/* It may live on for a moment: it was to be below a node that is started again with all below it.
 */
static bool is_given_up(const struct model *model, uint64_t of)
{
    for (; of != 0; of = model->lives[of].above)
        if (model->lives[of].given_up_us > 0)
            return true;
    return false;
}

bool check_no_cause(const struct check *check, const struct entry *entry, uint64_t of)
{
    const struct model *model = &check->model;
    int64_t settled_us = model_calm_since(model, of);
    int64_t settling_us = 6 * model->longest_interval_ms * CHECK_MS + check_travel_us(check, of) +
                          (check->keeps ? check_attach_us(check) : 0);
    return !check->closing && model_is_reachable(model, of) && !is_given_up(model, of) &&
           !is_too_far(check, entry, of) && settled_us < entry->asked_us &&
           settled_us + settling_us < entry->asked_us;
}

/* Nothing on its way was held up for longer than it needs. */
bool check_waited_in_vain(const struct check *check, const struct entry *entry, uint64_t of)
{
    int64_t now_us = check_now_us(check), timeout_us = entry->timeout_ms * CHECK_MS;
    int64_t needed_us = XY_GRACE_MS * CHECK_MS + check_lateness_us(check) +
                        4 * check_travel_us(check, of) + timeout_us / 20 +
                        (check->keeps ? check_attach_us(check) : 0);
    return !check->closing && model_is_reachable(&check->model, of) &&
           now_us - entry->asked_us > timeout_us * 97 / 100 && needed_us < timeout_us &&
           model_calm_since(&check->model, of) < now_us - needed_us;
}

/* Answers. */

void check_fail(struct check *check, const char *invariant, const struct entry *entry,
                const char *what, int status)
{
    check_broken(check, invariant, "%s %" PRId64 " (life %" PRIu64 "): %s: %s", kinds[entry->kind],
                 entry->id, entry->life, what, xylem_strerror(status));
}

static void fail(struct check *check, const struct entry *entry, const char *what, int status)
{
    check_fail(check, "I2", entry, what, status);
}

static void created(struct check *check, const struct entry *entry, int64_t pid)
{
    struct model *model = &check->model;
    struct life *life = &model->lives[entry->life];
    if (!life->attached || pid != CHECK_PID_BASE + (int64_t)entry->life)
        check_broken(check, "I6", "node %" PRId64 " was created without its hello", entry->id);
    if (life->stage == STAGE_OVER || life->told_kill)
        fail(check, entry, "it was removed before", XYLEM_OK);
    life->answered = true;
    if (life->stage == STAGE_ASKED) {
        life->stage = STAGE_PRESENT;
        const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){entry->life});
        const xy_map_node *parent = node ? node->linked.parent : NULL;
        life->available = model->lives[parent ? parent->life.number : 0].available;
    }
    check_suspect(check, entry->life); /* it may have ended since its hello */
}

/* Whether a node could not start, or goes with one above it, or its hello was late: it has three
 * quarters of the time. */
static bool has_failed(const struct check *check, const struct entry *entry)
{
    const struct life *life = &check->model.lives[entry->life];
    int64_t attached_us = life->attached ? life->attached_us : check_now_us(check);
    int64_t needed_us = 4 * check_travel_us(check, entry->life) + 10 * CHECK_MS;
    int64_t latest_us = entry->asked_us + entry->timeout_ms * CHECK_MS * 73 / 100 - needed_us;
    bool held_up = life->paused || life->calm_us > entry->asked_us;
    bool late = check_order_us(check) > 0 || check->plan->rates.slow_start > 0;
    return life->mishap || life->stage != STAGE_ASKED || held_up || attached_us > latest_us ||
           late || (check->plan->rates.late_hello > 0 && !check->predicts);
}

/* While its parent is on its way elsewhere a node attaches to one above that, which may hang. */
static bool may_have_attached_elsewhere(const struct check *check, const struct entry *entry)
{
    const struct model *model = &check->model;
    bool disturbed = false;
    for (int64_t id = 0; id < model->ids; id++) {
        const struct life *life = &model->lives[model->present[id]];
        disturbed |= model->present[id] && (life->paused || life->calm_us > entry->asked_us);
    }
    return check->keeps && disturbed;
}

static bool not_created_for_nothing(const struct check *check, const struct entry *entry,
                                    int status)
{
    const struct life *life = &check->model.lives[entry->life];
    bool elsewhere =
        status == XYLEM_PARENT_UNAVAILABLE && may_have_attached_elsewhere(check, entry);
    if (elsewhere || (status == XYLEM_BUSY && entry->full))
        return false;
    return check_no_cause(check, entry, life->above) && !has_failed(check, entry);
}

static void not_created(struct check *check, const struct entry *entry, const xy_action *reply)
{
    const struct life *life = &check->model.lives[entry->life];
    int status = reply->reply.status;
    if (not_created_for_nothing(check, entry, status))
        fail(check, entry, "it failed without a cause", status);
    if (status == XYLEM_CANNOT_START && life->stage == STAGE_ASKED && reply->reply.size == 0)
        fail(check, entry, "it does not say why", status);
    if (life->told_start && !life->reported)
        check_give_up(check, entry->life, check_now_us(check));
    bool goes = check->model.lives[life->wanted].stage == STAGE_ENDING && !check->arranges;
    bool alone = check->arranges || check->repairs; /* those below it get another place */
    if (life->stage != STAGE_OVER)                  /* if not with the one above it */
        model_enter_stage(&check->model, entry->life, goes ? STAGE_ENDING : STAGE_OVER, alone);
}

/* It is refused at once: there is such a node, there is no place, its parent is not available, or
 * too much is under way. */
static void refused(struct check *check, const struct entry *entry, int status)
{
    bool wrong, placed = check->predicts || entry->place == XYLEM_PARENT_NOT_FOUND;
    if (entry->life)
        wrong = status != XYLEM_EXISTS;
    else if (entry->place && placed)
        wrong = status != entry->place;
    else if (!entry->reached)
        wrong = status != XYLEM_PARENT_UNAVAILABLE &&
                (check->predicts || status != XYLEM_PARENT_HAS_CHILD);
    else
        wrong = check->predicts || status != entry->place;
    if (wrong && !(status == XYLEM_BUSY && entry->full))
        fail(check, entry, "the answer is wrong", status);
}

static void reply_to_create(struct check *check, const struct entry *entry, const xy_action *reply)
{
    if (!entry->created)
        refused(check, entry, reply->reply.status);
    else if (reply->reply.status == XYLEM_OK)
        created(check, entry, reply->reply.value);
    else
        not_created(check, entry, reply);
}

/* An order that is late, or that was given late, may still be on its way. */
static void look_at_remains(struct check *check, const struct entry *entry)
{
    uint64_t top = entry->life;
    const struct model *model = &check->model;
    bool may_outlive = check_order_us(check) > 0 || model->lives[0].calm_us > entry->asked_us;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        bool part = check->arranges ? one == top : model_is_wanted_below(model, one, top);
        if (!one || !model->lives[one].alive || !part)
            continue;
        if (!model->lives[one].told_kill || !may_outlive)
            check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") outlives its removal",
                         id, one);
        check_give_up(check, one, check_now_us(check));
    }
}

/* With one above it that is removed too, it is over when that is; or it has just been. */
static void removed(struct check *check, const struct entry *entry, int64_t killed)
{
    uint64_t above = check->model.lives[entry->life].wanted;
    size_t late = check_late(check, entry->life);
    if ((check->model.lives[above].stage == STAGE_ENDING && !check->arranges) ||
        check->model.lives[entry->life].stage == STAGE_OVER)
        return;
    look_at_remains(check, entry);
    if (killed != (int64_t)late)
        check_broken(check, "I5",
                     "the removal of node %" PRId64 " tells of %" PRId64
                     " killed nodes, not of %zu",
                     entry->id, killed, late);
    model_enter_stage(&check->model, entry->life, STAGE_OVER, check->arranges);
}

static void reply_to_remove(struct check *check, const struct entry *entry, const xy_action *reply)
{
    bool ending = entry->life && check->model.lives[entry->life].stage != STAGE_PRESENT;
    int status = reply->reply.status;
    if (status == XYLEM_BUSY && entry->full && entry->present && !ending)
        return;
    if (entry->present != (status == XYLEM_OK)) {
        fail(check, entry, "the answer is wrong", status);
    } else if (entry->present) {
        removed(check, entry, reply->reply.value);
    }
}

static void check_reached(struct check *check, const struct entry *entry)
{
    const struct life *life = &check->model.lives[entry->life];
    if (!entry->present || !life->attached)
        fail(check, entry, "no node can have answered", XYLEM_OK);
    else if (!life->alive && life->ended_us < entry->asked_us)
        fail(check, entry, "it was dead when it was asked", XYLEM_OK);
}

void check_pinged(struct check *check, const struct entry *entry, int status)
{
    bool over = entry->life && check->model.lives[entry->life].stage != STAGE_PRESENT;
    if (status == XYLEM_OK)
        check_reached(check, entry);
    else if (status == XYLEM_BUSY && entry->full)
        return;
    else if (status == XYLEM_NOT_FOUND && entry->present && !over)
        fail(check, entry, "the node exists", status);
    else if (!entry->present && status != XYLEM_NOT_FOUND)
        fail(check, entry, "the node does not exist", status);
    else if (entry->reached && !over && check_no_cause(check, entry, entry->life))
        fail(check, entry, "it failed without a cause", status);
    else if (entry->reached && !over && !entry->of_cast &&
             check_waited_in_vain(check, entry, entry->life))
        fail(check, entry, "it was never done", status);
}

static void reply_to_wait(struct check *check, const struct entry *entry, int status)
{
    uint64_t life = model_find(&check->model, entry->id);
    const struct life *one = &check->model.lives[life];
    bool available = life && one->stage == STAGE_PRESENT && one->available;
    if (status == XYLEM_BUSY && !entry->full)
        fail(check, entry, "not too much is under way", status);
    if (status == XYLEM_OK && available != (entry->value != 0))
        fail(check, entry, "the node is not in this state", status);
    if (status == XYLEM_TIMED_OUT && available == (entry->value != 0))
        fail(check, entry, "the node is in this state", status);
}

/* A kill is answered when the node is over. What the launcher has not reported in time fails. */
static void reply_to_fault(struct check *check, const struct entry *entry, int status)
{
    bool slow = check_order_us(check) > 0 || check_lateness_us(check) > 0;
    if ((status == XYLEM_BUSY && entry->full) || (status == XYLEM_UNAVAILABLE && slow))
        return;
    if (entry->present != (status == XYLEM_OK))
        fail(check, entry, "the answer is wrong", status);
    else if (entry->present && entry->value == XY_FAULT_KILL &&
             check->model.lives[entry->life].alive)
        fail(check, entry, "the node is still alive", status);
}

static void reply_to_cancel(struct check *check, const struct entry *entry, int status)
{
    if (entry->present != (status == XYLEM_OK))
        fail(check, entry, "the answer is wrong", status);
}

static bool is_empty(const struct model *model)
{
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id] && model->lives[model->present[id]].stage == STAGE_PRESENT)
            return false;
    return true;
}

static void reply_to_set_interval(struct check *check, const struct entry *entry, int status)
{
    struct model *model = &check->model;
    if (is_empty(model) == (status == XYLEM_OK))
        fail(check, entry, "the answer is wrong", status);
    if (status != XYLEM_OK)
        return;
    model->interval_changed_us = check_now_us(check);
    if (entry->value > model->longest_interval_ms)
        model->longest_interval_ms = entry->value;
}

/* Whether a node is to stay where it is attached, as it should after a move that has failed, unless
 * that is wanted below itself by now, or was before the step, or has no place in the shape any
 * more, or ends. */
static bool is_to_stay(const struct check *check, const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    return !node->attached || parent == node->wanted.parent || (parent && !parent->joined) ||
           (parent && parent->stage == XY_STAGE_ENDING) ||
           (parent &&
            (xy_map_is_below(node, parent, XY_WANTED) ||
             model_is_wanted_below(&check->model, parent->life.number, node->life.number)));
}

/* Whether one above its new parent is on its way to a node that is held up, and it waits for that.
 */
static bool waits_for_another(const struct check *check, const struct entry *entry)
{
    const struct life *lives = check->model.lives;
    for (uint64_t of = entry->above; of != 0; of = lives[of].above)
        if (lives[of].wanted != lives[of].above && !check_no_cause(check, entry, lives[of].wanted))
            return true;
    return false;
}

/* A cast went through it, and it moves after that. */
static bool waits_for_cast(const struct check *check, const struct entry *entry)
{
    bool waits = check->cast_us >= entry->asked_us;
    for (size_t i = 0; i < check->history.waiting && !waits; i++)
        waits = history_find(&check->history, check->history.open[i])->kind == XY_COMMAND_CAST;
    return waits;
}

/* It is where it was asked to be; or it was not brought there, for a cause, and is to stay. */
static void reply_to_move(struct check *check, const struct entry *entry, int status)
{
    const struct life *life = &check->model.lives[entry->life];
    const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){entry->life});
    const xy_map_node *wanted = node ? node->wanted.parent : NULL;
    bool there = node && node->attached && node->linked.parent == wanted;
    bool right = there && (wanted ? wanted->id == entry->parent : entry->parent < 0);
    bool left = node && node->silent && check->hand.attached && /* it hangs there already */
                life->link == check->hand.attached;
    bool prompt = check_order_us(check) == 0 && check->plan->rates.late_hello == 0;
    bool owed = entry->place == XYLEM_OK && life->stage == STAGE_PRESENT && prompt &&
                !(status == XYLEM_TIMED_OUT && waits_for_cast(check, entry));
    if ((status == XYLEM_BUSY && entry->full) || status == XYLEM_INTERRUPTED)
        return;
    if (entry->place && status != entry->place)
        fail(check, entry, "the answer is wrong", status);
    else if (status == XYLEM_OK && !right && !left)
        fail(check, entry, "it is not there", status);
    else if (status == XYLEM_TIMED_OUT && node && !is_to_stay(check, node))
        fail(check, entry, "it is wanted elsewhere than it is", status);
    else if (owed && status != XYLEM_OK && check_no_cause(check, entry, entry->life) &&
             check_no_cause(check, entry, entry->above) && !waits_for_another(check, entry))
        fail(check, entry, "it failed without a cause", status);
}

static void weigh(struct check *check, struct entry *entry, const xy_action *reply)
{
    int status = reply->reply.status;
    switch (entry->kind) {
    case XY_COMMAND_CREATE:
        reply_to_create(check, entry, reply);
        if (status == XYLEM_OK)
            check_created(check, entry->life);
        break;
    case XY_COMMAND_REMOVE:
        reply_to_remove(check, entry, reply);
        break;
    case XY_COMMAND_WAIT:
        reply_to_wait(check, entry, status);
        break;
    case XY_COMMAND_HEARTBEAT:
        reply_to_set_interval(check, entry, status);
        break;
    case XY_COMMAND_EXEC:
        check_job(check, entry, reply);
        check_streamed(check, entry, status);
        break;
    case XY_COMMAND_PING:
        check_pinged(check, entry, status);
        break;
    case XY_COMMAND_FAULT:
        reply_to_fault(check, entry, status);
        break;
    case XY_COMMAND_TAKE:
    case XY_COMMAND_CANCEL:
        reply_to_cancel(check, entry, status);
        break;
    case XY_COMMAND_MOVE:
        reply_to_move(check, entry, status);
        break;
    case XY_COMMAND_CAST:
        check_cast(check, entry, reply);
        break;
    case XY_COMMAND_CLOSE:
        break;
    }
}

/* What is too much is refused; and word of room is owed to an exec that the controlling node itself
 * refuses. */
static void look_at_refusal(struct check *check, const struct entry *entry, int status, size_t size)
{
    const struct hand *hand = &check->hand;
    bool cast = entry->kind == XY_COMMAND_CAST;
    bool exec = entry->kind == XY_COMMAND_EXEC;
    bool asked = exec || entry->kind == XY_COMMAND_PING;
    if (asked && entry->full && entry->reached && status != XYLEM_BUSY && !check->closing)
        check_broken(check, "I7", "%s %" PRId64 ": it is too much, and not refused: %s",
                     kinds[entry->kind], entry->id, xylem_strerror(status));
    if (entry->asker) /* no word is owed to a node */
        return;
    if (cast && status == XYLEM_BUSY && size == 0) /* all of it */
        check->refused = true;
    bool answered = hand->errand ? !entry->refused : hand->heard && hand->message.kind == XY_REPLY;
    if (exec && status == XYLEM_BUSY && !answered)
        check->refused = true;
}

/* What a node has answered is in hand: its number and its tag. Of what a node has asked, and of a
 * stream, it may be out of hand when that is looked at. */
static void look_at_number(struct check *check, const struct entry *entry, const xy_action *reply)
{
    const struct hand *hand = &check->hand;
    bool asked = entry->kind == XY_COMMAND_EXEC || entry->kind == XY_COMMAND_PING;
    bool answers = hand->heard && hand->message.kind == XY_REPLY &&
                   hand->message.number.request == reply->reply.command;
    if (asked && (answers ? hand->message.number.tag != entry->tag
                          : reply->reply.status == XYLEM_OK && !entry->asker && !entry->streams))
        fail(check, entry, "it was not answered by its node", reply->reply.status);
}

/* That a node is unavailable is said first, unless the time is over. */
static void look_at_order(struct check *check, const struct entry *entry, int status)
{
    bool asked = entry->kind == XY_COMMAND_EXEC || entry->kind == XY_COMMAND_PING;
    const struct life *life = &check->model.lives[entry->life];
    int64_t took_us = check_now_us(check) - entry->asked_us;
    if (asked && status == XYLEM_UNAVAILABLE && life->available && life->stage == STAGE_PRESENT &&
        took_us < entry->timeout_ms * CHECK_MS * 98 / 100 - CHECK_MS)
        fail(check, entry, "it failed before its node became unavailable", status);
}

void check_reply(struct check *check, const xy_action *reply)
{
    struct entry *entry = history_find(&check->history, reply->reply.command);
    if (!entry || !entry->open) {
        check_broken(check, "I2", "command %" PRIu64 " %s", reply->reply.command,
                     entry ? "is answered a second time" : "was never given");
        return;
    }
    if (check_now_us(check) > entry->due_us)
        fail(check, entry, "the answer is late", reply->reply.status);
    look_at_number(check, entry, reply);
    look_at_order(check, entry, reply->reply.status);
    if (!check->closing)
        weigh(check, entry, reply);
    look_at_refusal(check, entry, reply->reply.status, reply->reply.size);
    if (entry->kind == XY_COMMAND_CAST)
        check->cast_us = check_now_us(check);
    if (entry->kind == XY_COMMAND_MOVE && entry->life) {
        check->model.lives[entry->life].moves--;
        check->model.lives[entry->life].moved_us = check_now_us(check);
    }
    history_close(&check->history, reply->reply.command);
}

/* Whether a node that starts is to attach to this one, and not to one above it meanwhile, as when
 * that moves. */
static bool attaches_to(const struct check *check, uint64_t life, uint64_t above)
{
    const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){life});
    return !node || node->target.number == above;
}

/* What a node that has become unavailable was asked is answered in the same step; what is to be
 * created below it when that has ended, or soon. */
void check_unreached(struct check *check, uint64_t node)
{
    for (size_t i = 0; i < check->history.waiting; i++) {
        struct entry *entry = history_find(&check->history, check->history.open[i]);
        bool asked = entry->kind == XY_COMMAND_EXEC || entry->kind == XY_COMMAND_PING;
        int64_t soon_us = check_now_us(check) + check_limit_us(check, XY_GRACE_MS);
        if (asked && entry->life == node)
            entry->at_once_us = check_now_us(check);
        if (entry->created && check->predicts && check->model.lives[entry->life].above == node &&
            attaches_to(check, entry->life, node) && soon_us < entry->due_us)
            entry->due_us = soon_us;
    }
    history_find_next(&check->history);
}

void check_reached_again(struct check *check)
{
    for (size_t i = 0; i < check->history.waiting; i++)
        history_find(&check->history, check->history.open[i])->at_once_us = INT64_MAX;
    history_find_next(&check->history);
}

static void look_at_open(struct check *check, struct entry *entry)
{
    int64_t now_us = check_now_us(check);
    if (now_us > entry->due_us)
        fail(check, entry, "it has no answer in time", XYLEM_TIMED_OUT);
    if (now_us > entry->at_once_us)
        fail(check, entry, "it was not answered when its node became unavailable",
             XYLEM_UNAVAILABLE);
}

void check_overdue(struct check *check)
{
    if (check_now_us(check) <= check->history.next_due_us)
        return;
    for (size_t i = 0; i < check->history.waiting; i++)
        look_at_open(check, history_find(&check->history, check->history.open[i]));
    history_find_next(&check->history);
}
