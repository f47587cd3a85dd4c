/* Jobs, from the command to the work and back: I10 to I12. */
#include "sim/judge.h"

#include <inttypes.h>
#include <string.h>

uint64_t judge_digest(int status, const void *bytes, size_t size)
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

bool judge_cancelled(struct judge *judge, uint64_t request)
{
    struct entry *job = ledger_find(&judge->ledger, request);
    bool under_way = job && job->open && job->kind == XY_COMMAND_EXEC;
    if (under_way) {
        job->cancelled = true;
        job->cancelled_us = judge_now_us(judge);
    }
    return under_way;
}

/* At a node. */

static struct entry *find_own(const struct judge *judge, uint64_t node, uint64_t request)
{
    struct entry *job = ledger_find(&judge->ledger, request);
    return job && job->kind == XY_COMMAND_EXEC && job->life == node ? job : NULL;
}

void judge_called_off(struct judge *judge, uint64_t node, const xy_event *frame)
{
    xy_message heard;
    if (frame->size != XY_MESSAGE_HEADER || !xy_message_decode(&heard, frame->bytes, frame->size) ||
        heard.kind != XY_REQUEST || heard.code != XY_CANCEL || heard.incarnation != node)
        return;
    struct entry *job = find_own(judge, node, (uint64_t)heard.value);
    if (job)
        job->called_off = true;
}

/* Whether a node should have heard by now that a job is cancelled. */
static bool should_know(const struct judge *judge, uint64_t node, const struct entry *job)
{
    int64_t travel_us = 2 * judge_travel_us(judge, node);
    return job->cancelled && judge_now_us(judge) > job->cancelled_us + travel_us &&
           judge_no_cause(judge, job, node);
}

static void begin(struct judge *judge, uint64_t node, const struct entry *job,
                  const xy_message *request)
{
    struct life *life = &judge->model.lives[node];
    if (life->working)
        judge_broken(judge, "I11", "life %" PRIu64 " does requests %" PRIu64 " and %" PRIu64, node,
                     life->working, request->request);
    else if (request->request < life->begun)
        judge_broken(judge, "I11", "life %" PRIu64 " does request %" PRIu64 " after %" PRIu64, node,
                     request->request, life->begun);
    else if (job->text != judge_digest(XYLEM_OK, request->payload, request->payload_size))
        judge_broken(judge, "I11", "life %" PRIu64 " does another text than request %" PRIu64, node,
                     request->request);
    else if (job->called_off || job->answers > 0)
        judge_broken(judge, "I12", "life %" PRIu64 " begins request %" PRIu64 ", which is %s", node,
                     request->request, job->answers > 0 ? "answered" : "cancelled");
    else if (should_know(judge, node, job))
        judge_broken(judge, "I12", "life %" PRIu64 " was not told to leave request %" PRIu64, node,
                     request->request);
    life->working = life->begun = request->request;
    life->told = false;
}

void judge_work(struct judge *judge, uint64_t node, const xy_message *request)
{
    struct entry *job = find_own(judge, node, request->request);
    if (request->incarnation != node || request->id != judge->model.lives[node].id)
        judge_broken(judge, "I6", "life %" PRIu64 " does what life %" PRIu64 " was asked", node,
                     request->incarnation);
    else if (!job)
        judge_broken(judge, "I6", "life %" PRIu64 " does what nobody has asked for", node);
    else if (job->works++ > 0)
        judge_broken(judge, "I2", "life %" PRIu64 " does the same a second time", node);
    else
        begin(judge, node, job, request);
}

void judge_unwanted(struct judge *judge, uint64_t node, uint64_t request)
{
    struct life *life = &judge->model.lives[node];
    if (!find_own(judge, node, request) || life->working != request || life->told)
        judge_broken(judge, "I12", "life %" PRIu64 " is told to end request %" PRIu64 " %s", node,
                     request, life->told ? "twice" : "in vain");
    life->told = true;
}

void judge_worked(struct judge *judge, uint64_t node, const xy_event *worked)
{
    struct life *life = &judge->model.lives[node];
    struct entry *job = find_own(judge, node, worked->request);
    life->working = 0;
    if (!job || job->answers > 0)
        return;
    job->done = true;
    job->work = judge_digest(worked->status, worked->bytes, worked->size);
}

void judge_answer(struct judge *judge, uint64_t node, const xy_message *reply)
{
    struct entry *job = find_own(judge, node, reply->request);
    const struct life *life = &judge->model.lives[node];
    bool over = reply->status == XYLEM_TIMED_OUT;
    if (!job || reply->part & XY_PART_MORE)
        return;
    if (job->answers++ > 0)
        judge_broken(judge, "I12", "life %" PRIu64 " answers request %" PRIu64 " a second time",
                     node, reply->request);
    else if (life->working == reply->request && !life->told)
        judge_broken(judge, "I12", "life %" PRIu64 " goes on with request %" PRIu64, node,
                     reply->request);
    else if (over && job->works == 0 && !life->working)
        judge_broken(judge, "I11",
                     "life %" PRIu64 " has not begun request %" PRIu64 ", nor another", node,
                     reply->request);
}

/* At the controlling node. */

static void fail(struct judge *judge, const struct entry *job, const char *what, int status)
{
    judge_fail(judge, "I10", job, what, status);
}

/* How much earlier than whoever asked a node gives up its work. */
static int64_t lead_us(const struct entry *job)
{
    int64_t lead_ms = job->timeout_ms / 4;
    return (lead_ms < 1000 ? lead_ms : 1000) * JUDGE_MS;
}

static void check_done(struct judge *judge, const struct entry *job, const xy_message *reply)
{
    const struct life *life = &judge->model.lives[job->life];
    if (!job->present || !life->greeted)
        fail(judge, job, "nobody can have answered", reply->status);
    else if (!life->alive && life->ended_us < job->asked_us)
        fail(judge, job, "it was dead when it was asked", reply->status);
    else if (job->works != 1 || !job->done)
        fail(judge, job, "it was not done once", reply->status);
    else if (job->work != judge_digest(reply->status, reply->payload, reply->payload_size))
        fail(judge, job, "the answer is another", reply->status);
}

static void check_timed_out(struct judge *judge, const struct entry *job)
{
    int64_t took_us = judge_now_us(judge) - job->asked_us;
    int64_t least_us = (job->timeout_ms * JUDGE_MS - lead_us(job)) * 98 / 100 - 2 * JUDGE_MS;
    if (!job->present || took_us < least_us)
        fail(judge, job, "its time was not over", XYLEM_TIMED_OUT);
    else if (job->done)
        fail(judge, job, "it was done before", XYLEM_TIMED_OUT);
}

static bool may_take_long(const struct judge *judge, const struct entry *job)
{
    const char *service = judge->model.lives[job->life].service;
    return service && strcmp(service, "sleep") == 0;
}

/* Whether word that the time is over may come later than the asker's patience ends. */
static bool is_close(const struct judge *judge, const struct entry *job)
{
    int64_t slack_us = job->timeout_ms * JUDGE_MS * 3 / 100 + 10 * JUDGE_MS;
    return lead_us(job) < 2 * judge_travel_us(judge, job->life) + slack_us;
}

static void check_unreached(struct judge *judge, const struct entry *job, int status)
{
    bool over = job->life && judge->model.lives[job->life].stage != STAGE_PRESENT;
    bool slow = may_take_long(judge, job);
    bool owed = job->reached && !over;
    if (status == XYLEM_NOT_FOUND && job->present && !over)
        fail(judge, job, "it is there", status);
    else if (!job->present && status != XYLEM_NOT_FOUND)
        fail(judge, job, "it is not there", status);
    else if (owed && !(slow && is_close(judge, job)) && judge_no_cause(judge, job, job->life))
        fail(judge, job, "failed without a cause", status);
    else if (owed && !slow && judge_waited_in_vain(judge, job, job->life))
        fail(judge, job, "was never done", status);
}

void judge_job(struct judge *judge, const struct entry *job, const xy_message *reply)
{
    int status = reply->status;
    if (job->cancelled != (status == XYLEM_CANCELLED))
        fail(judge, job, job->cancelled ? "was cancelled" : "nobody has cancelled it", status);
    else if (status == XYLEM_OK || status == XYLEM_BAD_SUBCOMMAND || status == XYLEM_FAILED)
        check_done(judge, job, reply);
    else if (status == XYLEM_TIMED_OUT)
        check_timed_out(judge, job);
    else if (status != XYLEM_CANCELLED)
        check_unreached(judge, job, status);
}
