/* Jobs, from the command to the work and back: I10 to I12. */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>

#include "sim/asker.h"
#include "sim/later.h"
#include "sim/sender.h"
#include "sim/steps.h"

uint64_t check_digest(int status, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t digest = (uint64_t)status, word = 0;
    size_t rest = size % sizeof word;
    if (size == 0)
        return digest;
    for (const uint8_t *end = at + (size - rest); at < end; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        digest = (digest ^ word) * 0x9e3779b97f4a7c15;
        digest ^= digest >> 32;
    }
    for (word = 0; rest > 0; rest--)
        word = word << 8 | *at++;
    return (digest ^ word) * 0x9e3779b97f4a7c15 ^ size << 32;
}

static void cancel(const struct check *check, struct entry *job)
{
    job->cancelled = true;
    job->cancelled_us = check_now_us(check);
}

bool check_cancelled(struct check *check, uint64_t request)
{
    struct entry *job = history_find(&check->history, request);
    bool under_way = job && job->open && !job->cast && !job->asker &&
                     (job->kind == XY_COMMAND_EXEC || job->kind == XY_COMMAND_CAST);
    if (under_way)
        cancel(check, job);
    for (size_t i = 0; under_way && i < job->target_count; i++)
        cancel(check, &job->targets[i]);
    return under_way;
}

/* At a node. */

struct entry *check_work_of(const struct check *check, uint64_t node, uint64_t request)
{
    struct entry *job = history_of(&check->history, request);
    if (job && job->kind == XY_COMMAND_CAST)
        job = check_target(job, node);
    return job && job->kind == XY_COMMAND_EXEC && job->life == node ? job : NULL;
}

struct entry *check_working(const struct check *check, uint64_t node)
{
    return check_work_of(check, node, check->model.lives[node].working);
}

void check_called_off(struct check *check, uint64_t node)
{
    const struct hand *hand = &check->hand;
    bool cast = hand->message.kind == XY_CAST;
    bool own = hand->message.kind == XY_REQUEST && hand->message.life.number == node;
    if (!hand->heard || hand->forged || hand->passed_on || hand->message.code != XY_CANCEL ||
        (!cast && !own))
        return;
    struct entry *job = check_work_of(
        check, node, cast ? hand->message.number.request : (uint64_t)hand->message.value);
    if (job)
        job->called_off = true;
}

void check_came(struct check *check, uint64_t node)
{
    const struct hand *hand = &check->hand;
    uint64_t request = hand->message.number.request;
    struct life *life = &check->model.lives[node];
    if (hand->heard && !hand->forged && !hand->strange && !hand->passed_on &&
        (hand->message.kind == XY_REQUEST || hand->message.kind == XY_CAST) &&
        (hand->message.code == XY_EXEC || hand->message.code == XY_STREAM) &&
        !(hand->message.part & XY_PART_MORE) && check_work_of(check, node, request) &&
        request > life->come)
        life->come = request;
}

/* Whether a node should have heard by now that a job is cancelled. */
static bool should_know(const struct check *check, uint64_t node, const struct entry *job)
{
    int64_t travel_us = 2 * check_travel_us(check, node);
    return job->cancelled && check_now_us(check) > job->cancelled_us + travel_us &&
           check_no_cause(check, job, node);
}

static void begin(struct check *check, uint64_t node, const struct entry *job,
                  const xy_action *action)
{
    struct life *life = &check->model.lives[node];
    uint64_t request = action->work.request.request;
    if (life->working)
        check_broken(check, "I11", "life %" PRIu64 " does requests %" PRIu64 " and %" PRIu64, node,
                     life->working, request);
    else if (request < life->begun)
        check_broken(check, "I11", "life %" PRIu64 " does request %" PRIu64 " after %" PRIu64, node,
                     request, life->begun);
    else if (job->text != check_digest(XYLEM_OK, action->work.text, action->work.size))
        check_broken(check, "I11", "life %" PRIu64 " does another text than request %" PRIu64, node,
                     request);
    else if (job->called_off || job->answers > 0)
        check_broken(check, "I12", "life %" PRIu64 " begins request %" PRIu64 ", which is %s", node,
                     request, job->answers > 0 ? "answered" : "cancelled");
    else if (should_know(check, node, job))
        check_broken(check, "I12", "life %" PRIu64 " was not told to end request %" PRIu64, node,
                     request);
    life->working = life->begun = request;
    life->told = false;
}

void check_work(struct check *check, uint64_t node, const xy_action *action)
{
    xy_number request = action->work.request;
    struct entry *job = check_work_of(check, node, request.request);
    if (!job || job->tag != request.tag)
        check_broken(check, "I6", "life %" PRIu64 " does work that was not requested", node);
    else if (job->bounced)
        check_broken(check, "I13", "life %" PRIu64 " does request %" PRIu64 ", which came back",
                     node, request.request);
    else if (job->works++ > 0)
        check_broken(check, "I15", "life %" PRIu64 " does the same request a second time", node);
    else
        begin(check, node, job, action);
}

void check_unwanted(struct check *check, uint64_t node, uint64_t request)
{
    struct life *life = &check->model.lives[node];
    struct entry *job = check_work_of(check, node, request);
    if (job && job->deferred && !job->done && !job->given_up) {
        job->given_up = true;
        check_turn(check, TURN_GIVEN_UP);
        return;
    }
    if (!job || life->working != request || life->told)
        check_broken(check, "I12", "life %" PRIu64 " is told to end request %" PRIu64 " %s", node,
                     request, life->told ? "a second time" : "that it does not do");
    if (job)
        job->given_up = true;
    life->told = true;
}

/* Unless its node was held up meanwhile. */
bool check_is_late(const struct check *check, uint64_t node, int64_t since_us, int64_t ms)
{
    int64_t now_us = check_now_us(check);
    size_t times;
    return now_us > since_us + ms * CHECK_MS &&
           model_held_up(&check->model, node, since_us, now_us, &times) == 0;
}

void check_step(struct check *check, uint64_t request, bool wanted, int64_t ms, int64_t since_us)
{
    const struct entry *job = history_find(&check->history, request);
    check_rested(check, job ? job->life : 0, request, wanted, ms, since_us);
}

void check_rested(struct check *check, uint64_t node, uint64_t request, bool wanted, int64_t ms,
                  int64_t since_us)
{
    const struct life *life = &check->model.lives[node];
    int64_t hangs_since_us, now_us = check_now_us(check);
    bool given_up = !life->alive || life->told || life->working != request;
    if (wanted == given_up)
        check_broken(check, "I12", "life %" PRIu64 " does a step of request %" PRIu64 " %s", node,
                     request, wanted ? "which is not wanted" : "as if it were not wanted");
    else if (wanted && model_hangs(&check->model, node, now_us, &hangs_since_us))
        check_broken(check, "I12", "life %" PRIu64 " does request %" PRIu64 " while it hangs", node,
                     request);
    else if (wanted &&
             (now_us < since_us + ms * CHECK_MS || check_is_late(check, node, since_us, ms)))
        check_broken(check, "I12", "life %" PRIu64 " rests for %" PRId64 " us, not for %" PRId64,
                     node, now_us - since_us, ms * CHECK_MS);
}

void check_awaited(struct check *check, uint64_t node, uint64_t request, bool wanted)
{
    const struct life *life = &check->model.lives[node];
    bool given_up = !life->alive || life->told || life->working != request;
    if (wanted == given_up)
        check_broken(check, "I12", "life %" PRIu64 " goes on with request %" PRIu64 " %s", node,
                     request, wanted ? "which is not wanted" : "as if it were not wanted");
}

void check_worked(struct check *check, uint64_t node, const xy_event *event)
{
    struct life *life = &check->model.lives[node];
    uint64_t request = event->worked.request.request;
    struct entry *job = check_work_of(check, node, request);
    if (life->working == request)
        life->working = 0;
    if (!job || job->answers > 0 || job->given_up)
        return;
    job->done = true;
    job->work = check_digest(event->worked.status, event->worked.text, event->worked.size);
    if (job->given ? job->gift != job->work : job->deferred)
        check_broken(check, "I12", "life %" PRIu64 " hears another answer to request %" PRIu64,
                     node, request);
    job->number = check_number(event->worked.text, event->worked.size);
}

void check_deferred(struct check *check, uint64_t node, uint64_t request)
{
    struct life *life = &check->model.lives[node];
    struct entry *job = check_work_of(check, node, request);
    if (!job || life->working != request || job->deferred)
        check_broken(check, "I11", "life %" PRIu64 " defers request %" PRIu64 ", not %" PRIu64,
                     node, request, life->working);
    else
        job->deferred = true;
    life->working = 0;
    check_turn(check, TURN_DEFERRED);
}

void check_token(struct check *check, uint64_t node, uint64_t request, bool wanted)
{
    const struct life *life = &check->model.lives[node];
    const struct entry *job = check_work_of(check, node, request);
    bool open = job && !job->given && !job->given_up && !job->called_off &&
                (job->deferred || (life->working == request && !life->told));
    if (wanted != (life->alive && open))
        check_broken(check, "I12",
                     "life %" PRIu64 " has a token of request %" PRIu64 " which is %s", node,
                     request, wanted ? "not wanted" : "wanted, and not seen to be");
}

void check_given(struct check *check, uint64_t node, uint64_t request, uint64_t digest)
{
    struct entry *job = check_work_of(check, node, request);
    if (!job || job->given)
        return;
    job->given = true;
    job->gift = digest;
    job->given_us = check_now_us(check);
    check_turn(check, TURN_GIVEN);
}

void check_timer(struct check *check, uint64_t node, int64_t ms, int64_t set_us, bool called)
{
    const struct life *life = &check->model.lives[node];
    int64_t now_us = check_now_us(check),
            drift_us = ms * check->plan->rates.drift / 1000 + CHECK_MS;
    int64_t due_us = set_us + ms * CHECK_MS, hangs_since_us;
    bool late =
        check_is_late(check, node, set_us, ms + (drift_us + CHECK_SLOWNESS_US) / CHECK_MS + 1);
    if (called)
        check_turn(check, TURN_CALLED);
    if (called && (!life->alive || model_hangs(&check->model, node, now_us, &hangs_since_us)))
        check_broken(check, "I12", "life %" PRIu64 " is called by a timer while it hangs", node);
    else if (late || (called && now_us < due_us - drift_us))
        check_broken(check, "I12",
                     "a timer of life %" PRIu64 " is called after %" PRId64 " us, not %" PRId64,
                     node, now_us - set_us, ms * CHECK_MS);
}

/* An answer is kept as long as there is room for it; what is too large for that never is. */
static bool may_be_lost(const struct check *check, uint64_t node, const struct entry *job)
{
    uint64_t since = check->model.lives[node].kept - job->kept;
    return check->keeps && job->answers > 0 && since > XY_ANSWERS_MAX;
}

/* It could not go on on its way, and one that was asked later has come before it: it is not done
 * any more, and its node cannot tell it from one that was. */
static bool was_overtaken(const struct check *check, uint64_t node, const struct entry *job,
                          uint64_t request)
{
    return check->keeps && job->held_back && job->works == 0 &&
           check->model.lives[node].come > request;
}

static void note_answer(struct check *check, uint64_t node, struct entry *job)
{
    struct life *life = &check->model.lives[node];
    job->kept = life->kept;
    life->kept += job->size + XY_REQUEST_COST;
}

/* The answer that was kept, because the request has come again, or its node was asked for it. */
static void answered_again(struct check *check, uint64_t node, const xy_message *reply,
                           struct entry *job)
{
    const xy_message *asked = &check->hand.message;
    bool lost = reply->status == XYLEM_ANSWER_LOST;
    bool again = check->keeps && check->hand.heard && asked->kind == XY_REQUEST &&
                 asked->number.request == reply->number.request;
    check_turn(check, TURN_REPEATED);
    if (lost && again && may_be_lost(check, node, job))
        job->lost = true;
    else if (!again || (lost && !was_overtaken(check, node, job, reply->number.request)))
        check_broken(check, "I15", "life %" PRIu64 " answers request %" PRIu64 " a second time: %s",
                     node, reply->number.request, xylem_strerror(reply->status));
}

/* The first answer is there, unless the request is not done any more. */
static void answered_first(struct check *check, uint64_t node, const xy_message *reply,
                           struct entry *job)
{
    uint64_t request = reply->number.request;
    note_answer(check, node, job);
    if (reply->status == XYLEM_ANSWER_LOST && !was_overtaken(check, node, job, request))
        check_broken(check, "I15",
                     "life %" PRIu64 " has lost the answer of request %" PRIu64
                     " before it has given it",
                     node, request);
}

/* How much earlier than its asker a node gives up its work. */
static int64_t lead_us(const struct entry *job)
{
    int64_t lead_ms = job->timeout_ms / 4;
    return (lead_ms < 1000 ? lead_ms : 1000) * CHECK_MS;
}

/* When its time begins to be over. */
static int64_t least_us(const struct entry *job)
{
    return (job->timeout_ms * CHECK_MS - lead_us(job)) * 98 / 100 - 2 * CHECK_MS;
}

/* What waits until its node has a parent again, or is sent again, may come when its time is over.
 */
static bool came_late(const struct check *check, const struct entry *job)
{
    return check->keeps && check_now_us(check) - job->asked_us >= least_us(job);
}

static void held_back(struct check *check, const xy_message *reply)
{
    struct entry *entry = history_of(&check->history, reply->number.request);
    if (entry && entry->tag == reply->number.tag)
        entry->held_back = true;
}

void check_answer(struct check *check, uint64_t node, const xy_message *reply)
{
    uint64_t request = reply->number.request;
    if (reply->code == XY_ANSWER_UNDELIVERED)
        held_back(check, reply);
    struct entry *job = check_work_of(check, node, request);
    const struct life *life = &check->model.lives[node];
    bool over = reply->status == XYLEM_TIMED_OUT;
    if (!job || job->tag != reply->number.tag || reply->code != XY_ANSWER)
        return;
    if (job->answers == 0)
        job->size += reply->payload_size;
    if (reply->part & XY_PART_MORE)
        return;
    if (job->answers == 0)
        answered_first(check, node, reply, job);
    if (job->answers++ > 0 && !job->unsent)
        answered_again(check, node, reply, job);
    else if (life->working == request && !life->told)
        check_broken(check, "I12", "life %" PRIu64 " goes on with request %" PRIu64, node, request);
    else if (job->deferred && !job->done && !job->given_up)
        check_broken(check, "I12", "life %" PRIu64 " does not say that request %" PRIu64 " is over",
                     node, request);
    else if (over && job->given && job->given_us < check_now_us(check))
        check_broken(check, "I12", "life %" PRIu64 " has lost the answer to request %" PRIu64, node,
                     request);
    else if (over && job->works == 0 && !life->working && !came_late(check, job))
        check_broken(check, "I11",
                     "life %" PRIu64 " has not begun request %" PRIu64 ", nor another", node,
                     request);
}

/* At the controlling node. */

static void fail(struct check *check, const struct entry *job, const char *what, int status)
{
    check_fail(check, "I10", job, what, status);
}

void check_done(struct check *check, const struct entry *job, int status)
{
    const struct life *life = &check->model.lives[job->life];
    if (!job->present || !life->attached)
        fail(check, job, "no node can have answered", status);
    else if (!life->alive && life->ended_us < job->asked_us)
        fail(check, job, "it was dead when it was asked", status);
    else if (job->works != 1 || !job->done)
        fail(check, job, "it was not done exactly once", status);
    check_owe(check, job);
}

static void job_done(struct check *check, const struct entry *job, const xy_action *action)
{
    int status = action->reply.status;
    check_done(check, job, status);
    if (job->work != check_digest(status, action->reply.text, action->reply.size))
        fail(check, job, "the answer is wrong", status);
}

static void job_timed_out(struct check *check, const struct entry *job)
{
    int64_t took_us = check_now_us(check) - job->asked_us;
    if (!job->present || took_us < least_us(job))
        fail(check, job, "it timed out too early", XYLEM_TIMED_OUT);
    else if (job->done)
        fail(check, job, "it timed out, but it was done before", XYLEM_TIMED_OUT);
}

static bool may_take_long(const struct check *check, const struct entry *job)
{
    const char *service = check->model.lives[job->life].service;
    return service && (strcmp(service, "sleep") == 0 || strcmp(service, STEPS_NAME) == 0 ||
                       later_is(service) || asker_is(service) || sender_is(service));
}

/* Whether word that the time is over may come later than the asker's patience ends. */
static bool is_close(const struct check *check, const struct entry *job)
{
    int64_t slack_us = job->timeout_ms * CHECK_MS * 3 / 100 + 10 * CHECK_MS;
    return lead_us(job) < 2 * check_travel_us(check, job->life) + slack_us;
}

static void job_unreached(struct check *check, const struct entry *job, int status)
{
    bool over = job->life && check->model.lives[job->life].stage != STAGE_PRESENT;
    bool slow = may_take_long(check, job);
    bool owed = job->reached && !over;
    if (status == XYLEM_BUSY && job->full)
        return;
    if (status == XYLEM_ANSWER_LOST && job->lost)
        return;
    if (status == XYLEM_NOT_FOUND && job->present && !over)
        fail(check, job, "the node exists", status);
    else if (!job->present && status != XYLEM_NOT_FOUND)
        fail(check, job, "the node does not exist", status);
    else if (owed && !(slow && is_close(check, job)) && check_no_cause(check, job, job->life))
        fail(check, job, "it failed without a cause", status);
    else if (owed && !slow && !job->of_cast && check_waited_in_vain(check, job, job->life))
        fail(check, job, "it was never done", status);
}

void check_job(struct check *check, const struct entry *job, const xy_action *action)
{
    int status = action->reply.status;
    if (job->cancelled != (status == XYLEM_CANCELLED))
        fail(check, job, job->cancelled ? "it was cancelled" : "it was not cancelled", status);
    else if (status == XYLEM_OK || status == XYLEM_BAD_SUBCOMMAND || status == XYLEM_FAILED)
        job_done(check, job, action);
    else if (status == XYLEM_TIMED_OUT)
        job_timed_out(check, job);
    else if (status != XYLEM_CANCELLED)
        job_unreached(check, job, status);
}
