/* Requests and their replies: I2, and I6. */
#include "sim/judge.h"

#include <inttypes.h>

static const char *const kinds[] = {[XY_COMMAND_CREATE] = "create",
                                    [XY_COMMAND_REMOVE] = "remove",
                                    [XY_COMMAND_EXEC] = "exec",
                                    [XY_COMMAND_PING] = "ping",
                                    [XY_COMMAND_PACE] = "heartbeat",
                                    [XY_COMMAND_WAIT] = "wait",
                                    [XY_COMMAND_FAULT] = "a fault of",
                                    [XY_COMMAND_CLOSE] = "the end of",
                                    [XY_COMMAND_CANCEL] = "the cancelling of"};

/* Asking. */

static int64_t limit_us(const struct judge *judge, int64_t ms)
{
    int64_t drift_us = ms * judge->plan->odds.drift / 1000 * 2;
    return ms * JUDGE_MS + drift_us + 2 * JUDGE_MS + 2 * JUDGE_SLOWNESS_US;
}

void judge_asking(struct judge *judge, const xy_command *command)
{
    struct model *model = &judge->model;
    struct entry entry = {.kind = command->kind,
                          .id = command->id,
                          .value = command->value,
                          .life = model_find(model, command->id),
                          .timeout_ms = command->timeout_ms,
                          .asked_us = judge_now_us(judge)};
    if (command->timeout_ms < 0)
        entry.timeout_ms = judge->plan->timeout_ms;
    if (judge->longest_ms < entry.timeout_ms)
        judge->longest_ms = entry.timeout_ms;
    entry.due_us = entry.asked_us + limit_us(judge, entry.timeout_ms);
    entry.present = entry.life && model->lives[entry.life].stage == STAGE_PRESENT;
    entry.reached = entry.present && model->lives[entry.life].available;
    if (entry.kind == XY_COMMAND_FAULT && entry.present && entry.value == XY_FAULT_KILL)
        model_doom(model, entry.life);
    if (entry.kind == XY_COMMAND_CLOSE)
        judge->closing = true;
    if (entry.kind == XY_COMMAND_CANCEL)
        entry.present = judge_cancelled(judge, (uint64_t)entry.value);
    if (entry.kind == XY_COMMAND_EXEC)
        entry.text = judge_digest(XYLEM_OK, command->text, command->size);
    if (entry.kind == XY_COMMAND_CREATE)
        entry.service = command->text;
    ledger_ask(&judge->ledger, &entry);
    if (judge->ledger.waiting > XY_PENDING_MAX / 2)
        judge->burst_us = entry.asked_us;
}

static void create_asked(struct judge *judge, struct entry *entry)
{
    bool taken = judge->controller->incarnation == judge->model.count;
    if (taken && entry->life)
        judge_broken(judge, "I1", "node %" PRId64 " is created a second time", entry->id);
    else if (taken)
        entry->life = model_ask(&judge->model, entry->id);
    if (taken)
        judge->model.lives[entry->life].service = entry->service;
    entry->created = taken;
}

/* Unless it was refused. */
static void removal_asked(struct judge *judge, const struct entry *entry)
{
    const xy_tree_node *node = xy_tree_find(&judge->controller->tree, entry->id);
    if (!node || node->stage == XY_STAGE_ENDING)
        model_move(&judge->model, entry->life, STAGE_ENDING);
}

void judge_asked(struct judge *judge)
{
    struct entry *entry = ledger_find(&judge->ledger, judge->controller->request);
    if (!entry || judge->controller->request != judge->ledger.count) {
        judge_broken(judge, "I2", "a command got a number that is not its own");
        return;
    }
    if (entry->kind == XY_COMMAND_CREATE)
        create_asked(judge, entry);
    else if (entry->kind == XY_COMMAND_REMOVE && entry->present)
        removal_asked(judge, entry);
}

/* More was asked than may be under way, not long ago. */
static bool is_bursting(const struct judge *judge)
{
    int64_t over_us = judge->burst_us + 2 * judge->longest_ms * JUDGE_MS;
    return judge->burst_us > 0 && judge_now_us(judge) < over_us;
}

/* Whether a request may need more than its time there and back, as in a deep tree. */
static bool is_too_far(const struct judge *judge, const struct entry *entry, uint64_t of)
{
    int64_t timeout_us = entry->timeout_ms * JUDGE_MS;
    return 2 * judge_travel_us(judge, of) + 10 * JUDGE_MS > timeout_us * 95 / 100;
}

bool judge_no_cause(const struct judge *judge, const struct entry *entry, uint64_t of)
{
    const struct model *model = &judge->model;
    int64_t settled_us = model_calm_since(model, of);
    int64_t settling_us = 6 * model->longest_interval_ms * JUDGE_MS + judge_travel_us(judge, of);
    return !is_bursting(judge) && !judge->closing && model_is_reachable(model, of) &&
           !is_too_far(judge, entry, of) && settled_us < entry->asked_us &&
           settled_us + settling_us < entry->asked_us;
}

/* Nothing has held up anyone on its way for longer than it needs. */
bool judge_waited_in_vain(const struct judge *judge, const struct entry *entry, uint64_t of)
{
    int64_t now_us = judge_now_us(judge), timeout_us = entry->timeout_ms * JUDGE_MS;
    int64_t needed_us = XY_GRACE_MS * JUDGE_MS + judge_lateness_us(judge) +
                        4 * judge_travel_us(judge, of) + timeout_us / 20;
    return !is_bursting(judge) && !judge->closing && model_is_reachable(&judge->model, of) &&
           now_us - entry->asked_us > timeout_us * 97 / 100 && needed_us < timeout_us &&
           model_calm_since(&judge->model, of) < now_us - needed_us;
}

/* Answers. */

void judge_fail(struct judge *judge, const char *invariant, const struct entry *entry,
                const char *what, int status)
{
    judge_broken(judge, invariant, "%s %" PRId64 " (life %" PRIu64 "): %s: %s", kinds[entry->kind],
                 entry->id, entry->life, what, xylem_strerror(status));
}

static void fail(struct judge *judge, const struct entry *entry, const char *what, int status)
{
    judge_fail(judge, "I2", entry, what, status);
}

static void created(struct judge *judge, const struct entry *entry, int64_t pid)
{
    struct model *model = &judge->model;
    struct life *life = &model->lives[entry->life];
    if (!life->greeted || pid != JUDGE_PID_BASE + (int64_t)entry->life)
        judge_broken(judge, "I6", "node %" PRId64 " was created without its hello", entry->id);
    if (life->stage == STAGE_OVER)
        fail(judge, entry, "it was removed before", XYLEM_OK);
    life->answered = true;
    if (life->stage == STAGE_ASKED) {
        life->stage = STAGE_PRESENT;
        life->available = model->lives[life->above].available;
    }
    judge_suspect(judge, entry->life); /* it may have ended since its hello */
}

/* Whether a node could not start, or goes with one above it, or was late with its hello: too late
 * for its parent, which has patience, or only for the way back. */
static bool has_failed(const struct judge *judge, const struct life *life, int status)
{
    int64_t patience_us = judge->plan->timeout_ms * JUDGE_MS * 7 / 10;
    int64_t heard_us = life->greeted ? life->greeted_us : judge_now_us(judge);
    if (heard_us < life->stalled_us)
        heard_us = life->stalled_us;
    int64_t took_us = life->started ? heard_us - life->started_us : 0;
    /* Who had to wait for the place has less time left. */
    bool patient = status == XYLEM_CANNOT_START && judge_lateness_us(judge) == 0;
    bool late = took_us >= (patient ? patience_us : 5 * JUDGE_MS);
    return life->mishap || late || life->stage != STAGE_ASKED;
}

/* Somebody refused the create, or nobody answered it. */
static bool not_created_for_nothing(const struct judge *judge, const struct entry *entry,
                                    int status)
{
    const struct life *life = &judge->model.lives[entry->life];
    /* Its place may still be taken by one whose end takes time, or has not been noticed. */
    if (!life->started && (judge_lateness_us(judge) > 0 ||
                           model_was_taken(&judge->model, entry->life, entry->asked_us)))
        return false;
    if (!judge_no_cause(judge, entry, life->above) || has_failed(judge, life, status))
        return false;
    /* A start that fails is told from one that is late by the node alone. */
    return status != XYLEM_CANNOT_START || !life->started || !life->greeted || life->alive;
}

static void not_created(struct judge *judge, const struct entry *entry, int status)
{
    const struct life *life = &judge->model.lives[entry->life];
    if (not_created_for_nothing(judge, entry, status))
        fail(judge, entry, "failed without a cause", status);
    if (!life->started && !life->mishap && judge_waited_in_vain(judge, entry, life->above))
        fail(judge, entry, "was never done", status);
    if (life->stage != STAGE_OVER)
        model_move(&judge->model, entry->life, STAGE_OVER);
}

static void reply_to_create(struct judge *judge, const struct entry *entry, const xy_message *reply)
{
    bool taken = entry->created; /* otherwise it was refused at once */
    if (taken && reply->status == XYLEM_OK)
        created(judge, entry, reply->value);
    else if (taken)
        not_created(judge, entry, reply->status);
    else if (reply->status == XYLEM_OK)
        fail(judge, entry, "it was there before", reply->status);
    else if ((reply->status == XYLEM_EXISTS) != (entry->life != 0))
        fail(judge, entry, "has the wrong answer", reply->status);
}

static void check_removed(struct judge *judge, uint64_t top)
{
    const struct model *model = &judge->model;
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        if (one && model->lives[one].alive && model_is_below(model, one, top))
            judge_broken(judge, "I5", "node %" PRId64 " (life %" PRIu64 ") outlives its removal",
                         id, one);
    }
}

static void reply_to_remove(struct judge *judge, const struct entry *entry, int status)
{
    bool ending = entry->life && judge->model.lives[entry->life].stage != STAGE_PRESENT;
    if (status == XYLEM_BUSY && entry->present && !ending)
        return;
    if (entry->present != (status == XYLEM_OK)) {
        fail(judge, entry, "has the wrong answer", status);
    } else if (entry->present) {
        check_removed(judge, entry->life);
        model_move(&judge->model, entry->life, STAGE_OVER);
    }
}

static void check_reached(struct judge *judge, const struct entry *entry)
{
    const struct life *life = &judge->model.lives[entry->life];
    if (!entry->present || !life->greeted)
        fail(judge, entry, "nobody can have answered", XYLEM_OK);
    else if (!life->alive && life->ended_us < entry->asked_us)
        fail(judge, entry, "it was dead when it was asked", XYLEM_OK);
}

static void reply_to_ping(struct judge *judge, const struct entry *entry, int status)
{
    bool over = entry->life && judge->model.lives[entry->life].stage != STAGE_PRESENT;
    if (status == XYLEM_OK)
        check_reached(judge, entry);
    else if (status == XYLEM_NOT_FOUND && entry->present && !over)
        fail(judge, entry, "it is there", status);
    else if (!entry->present && status != XYLEM_NOT_FOUND)
        fail(judge, entry, "it is not there", status);
    else if (entry->reached && !over && judge_no_cause(judge, entry, entry->life))
        fail(judge, entry, "failed without a cause", status);
    else if (entry->reached && !over && judge_waited_in_vain(judge, entry, entry->life))
        fail(judge, entry, "was never done", status);
}

static void reply_to_wait(struct judge *judge, const struct entry *entry, int status)
{
    uint64_t life = model_find(&judge->model, entry->id);
    const struct life *one = &judge->model.lives[life];
    bool available = life && one->stage == STAGE_PRESENT && one->available;
    if (status == XYLEM_OK && available != (entry->value != 0))
        fail(judge, entry, "it is not so", status);
    if (status == XYLEM_TIMED_OUT && available == (entry->value != 0))
        fail(judge, entry, "it is so", status);
}

static void expect_present(struct judge *judge, const struct entry *entry, int status)
{
    if (entry->present != (status == XYLEM_OK))
        fail(judge, entry, "has the wrong answer", status);
}

static bool has_root(const struct model *model)
{
    for (int64_t id = 0; id < model->ids; id++) {
        const struct life *life = &model->lives[model->present[id]];
        if (model->present[id] && life->above == 0 && life->stage == STAGE_PRESENT)
            return true;
    }
    return false;
}

static void reply_to_pace(struct judge *judge, const struct entry *entry, int status)
{
    struct model *model = &judge->model;
    if (has_root(model) != (status == XYLEM_OK))
        fail(judge, entry, "has the wrong answer", status);
    if (status != XYLEM_OK)
        return;
    model->paced_us = judge_now_us(judge);
    if (entry->value > model->longest_interval_ms)
        model->longest_interval_ms = entry->value;
}

static void weigh(struct judge *judge, const struct entry *entry, const xy_message *reply)
{
    switch (entry->kind) {
    case XY_COMMAND_CREATE:
        reply_to_create(judge, entry, reply);
        break;
    case XY_COMMAND_REMOVE:
        reply_to_remove(judge, entry, reply->status);
        break;
    case XY_COMMAND_WAIT:
        reply_to_wait(judge, entry, reply->status);
        break;
    case XY_COMMAND_PACE:
        reply_to_pace(judge, entry, reply->status);
        break;
    case XY_COMMAND_EXEC:
        judge_job(judge, entry, reply);
        break;
    case XY_COMMAND_PING:
        reply_to_ping(judge, entry, reply->status);
        break;
    case XY_COMMAND_FAULT:
    case XY_COMMAND_CANCEL:
        expect_present(judge, entry, reply->status);
        break;
    case XY_COMMAND_CLOSE:
        break;
    }
}

void judge_reply(struct judge *judge, const xy_message *reply)
{
    const struct entry *entry = ledger_find(&judge->ledger, reply->request);
    if (!entry || !entry->open) {
        judge_broken(judge, "I2", "request %" PRIu64 " %s", reply->request,
                     entry ? "is answered a second time" : "was never asked");
        return;
    }
    if (judge_now_us(judge) > entry->due_us)
        fail(judge, entry, "the answer is late", reply->status);
    if (!judge->closing)
        weigh(judge, entry, reply);
    ledger_close(&judge->ledger, reply->request);
}

/* Whoever could answer has become unavailable. Those who passed a request on say so right behind
 * the news; one that is still on its way down comes back from there. */
void judge_unreached(struct judge *judge, uint64_t node)
{
    for (size_t i = 0; i < judge->ledger.waiting; i++) {
        struct entry *entry = ledger_find(&judge->ledger, judge->ledger.open[i]);
        bool create = entry->kind == XY_COMMAND_CREATE;
        bool passed_on = create || entry->kind == XY_COMMAND_EXEC || entry->kind == XY_COMMAND_PING;
        uint64_t last = create ? judge->model.lives[entry->life].above : entry->life;
        /* By clocks that go faster, the time of what is older may be up. */
        int64_t oldest_us = judge_now_us(judge) - entry->timeout_ms * JUDGE_MS * 95 / 100;
        if (!passed_on || !last || !model_is_below(&judge->model, last, node) ||
            entry->asked_us < oldest_us)
            continue;
        entry->at_once_us = judge_now_us(judge) + 2 * judge_travel_us(judge, node);
        entry->unreached = node;
    }
    ledger_find_next(&judge->ledger);
}

void judge_reached_again(struct judge *judge)
{
    for (size_t i = 0; i < judge->ledger.waiting; i++)
        ledger_find(&judge->ledger, judge->ledger.open[i])->at_once_us = INT64_MAX;
    ledger_find_next(&judge->ledger);
}

static void look_at_open(struct judge *judge, struct entry *entry)
{
    int64_t now_us = judge_now_us(judge);
    if (now_us > entry->due_us)
        fail(judge, entry, "no answer in time", XYLEM_TIMED_OUT);
    if (now_us <= entry->at_once_us)
        return;
    /* Not if something held the answers up, which may have been on their way for long, or if one
     * that they had to pass has died. */
    uint64_t above = judge->model.lives[entry->unreached].above;
    int64_t since_us = entry->at_once_us - 4 * judge_travel_us(judge, entry->unreached);
    if (model_is_reachable(&judge->model, above) &&
        model_calm_since(&judge->model, above) < since_us)
        fail(judge, entry, "not answered when its node became unavailable", XYLEM_UNAVAILABLE);
    entry->at_once_us = INT64_MAX;
}

void judge_overdue(struct judge *judge)
{
    if (judge_now_us(judge) <= judge->ledger.next_due_us)
        return;
    for (size_t i = 0; i < judge->ledger.waiting; i++)
        look_at_open(judge, ledger_find(&judge->ledger, judge->ledger.open[i]));
    ledger_find_next(&judge->ledger);
}
