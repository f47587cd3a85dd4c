/* Casts: I18. What each node is asked is looked at like a request of its own. */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>

#include "core/outcomes.h"
#include "sim/need.h"

int64_t check_number(const void *text, size_t size)
{
    char copy[24] = "";
    if (size > 0 && size < sizeof copy)
        memcpy(copy, text, size);
    return strtoll(copy, NULL, 10);
}

struct entry *check_target(const struct entry *cast, uint64_t life)
{
    for (size_t i = 0; i < cast->target_count; i++)
        if (cast->targets[i].life == life)
            return &cast->targets[i];
    return NULL;
}

/* Asking. */

/* Each that is asked by itself adds to what is under way. */
static bool may_be_too_much(const struct check *check, const xy_command *command)
{
    xy_command all = *command;
    all.size += (command->size + XY_REQUEST_COST) * command->id_count;
    return check_is_full(check, &all);
}

void check_casting(struct check *check, struct entry *cast, const xy_command *command)
{
    cast->target_count = command->id_count;
    cast->targets = need(calloc(command->id_count + 1, sizeof *cast->targets));
    cast->combines = command->combine != NULL;
    for (size_t i = 0; i < command->id_count; i++) {
        xy_command one = *command;
        one.kind = command->text ? XY_COMMAND_EXEC : XY_COMMAND_PING;
        one.id = command->ids[i];
        cast->targets[i] = check_entry(check, &one);
        cast->targets[i].full = may_be_too_much(check, command);
        cast->targets[i].of_cast = true;
    }
}

static size_t place_of(const struct entry *cast, uint64_t life)
{
    const struct entry *target = check_target(cast, life);
    return target ? (size_t)(target - cast->targets) : cast->target_count;
}

/* The requests for those that are not asked by the tree have the next numbers. */
static void enter_parts(struct check *check, uint64_t number)
{
    for (uint64_t next = number + 1; next <= check->controller->command; next++) {
        const xy_request *part = xy_requests_find(&check->controller->requests, next);
        struct entry *cast = history_find(&check->history, number);
        size_t place = part ? place_of(cast, part->life.number) : cast->target_count;
        struct entry entry = {.kind = XY_COMMAND_HEARTBEAT, .due_us = INT64_MAX};
        if (place < cast->target_count) {
            cast->targets[place].tag = part->tag;
            entry.kind = cast->targets[place].kind;
            entry.cast = number;
            entry.target = place;
        }
        check_turn(check, TURN_CAST_PARTS);
        history_ask(&check->history, &entry);
        history_close(&check->history, next);
    }
}

void check_cast_taken(struct check *check, struct entry *cast)
{
    uint64_t number = check->history.count;
    const xy_request *request = xy_requests_find(&check->controller->requests, number);
    cast->tag = request ? request->tag : 0;
    for (size_t i = 0; i < cast->target_count; i++)
        cast->targets[i].tag = cast->tag;
    enter_parts(check, number);
}

/* On its way. */

static struct entry *cast_of(const struct check *check, const xy_message *message)
{
    struct entry *entry = history_find(&check->history, message->number.request);
    bool is_it = entry && entry->kind == XY_COMMAND_CAST && entry->tag == message->number.tag;
    return is_it ? entry : NULL;
}

/* What was passed already, over a link or by a life, which is no number of a link then. */
static bool is_first(struct entry *cast, uint64_t what)
{
    for (size_t i = 0; i < cast->passed_count; i++)
        if (cast->passed[i] == what)
            return false;
    cast->passed = need(realloc(cast->passed, (cast->passed_count + 1) * sizeof *cast->passed));
    cast->passed[cast->passed_count++] = what;
    return true;
}

enum { BY_LIFE = 62 };

void check_cast_passed(struct check *check, uint64_t node, uint64_t to, const xy_action *action)
{
    const xy_message *message = &action->send.message;
    struct entry *cast = cast_of(check, message);
    uint64_t link = action->send.to.link.number;
    if (!cast || action->send.to.role != XY_CHILD || to == node ||
        (node == 0 && cast->passed_count == 0 && !cast->open))
        check_broken(check, "I18", "life %" PRIu64 " passes cast %" PRIu64 " to life %" PRIu64,
                     node, message->number.request, to);
    else if (message->keep > 0 && !is_first(cast, link))
        check_broken(check, "I18", "cast %" PRIu64 " goes over link %" PRIu64 " twice",
                     message->number.request, link);
}

/* One that could not be sent is sent once more, without the answers. */
void check_cast_answered(struct check *check, uint64_t node, const xy_message *merged)
{
    struct entry *cast = cast_of(check, merged);
    uint64_t by = UINT64_C(1) << BY_LIFE | node;
    if (!cast || node == 0)
        check_broken(check, "I18", "life %" PRIu64 " answers cast %" PRIu64, node,
                     merged->number.request);
    else if (!(merged->part & XY_PART_MORE) && !is_first(cast, by) && merged->status == XYLEM_OK)
        check_broken(check, "I18", "life %" PRIu64 " answers cast %" PRIu64 " twice", node,
                     merged->number.request);
}

/* The reply. */

static void fail(struct check *check, const struct entry *cast, const char *what, int status)
{
    check_fail(check, "I18", cast, what, status);
}

static struct entry *target_of(const struct entry *cast, int64_t id)
{
    for (size_t i = 0; i < cast->target_count; i++)
        if (cast->targets[i].id == id)
            return &cast->targets[i];
    return NULL;
}

static size_t levels_of(const struct check *check, const struct entry *cast)
{
    size_t most = 0;
    for (size_t i = 0; i < cast->target_count; i++) {
        size_t depth = model_depth(&check->model, cast->targets[i].life);
        most = depth > most ? depth : most;
    }
    return most + 1;
}

/* Whether the time for a level is so short that answers are late at those above, while another node
 * is waited for. */
static bool is_short(const struct check *check, const struct entry *cast)
{
    int64_t lead_us = cast->timeout_ms * CHECK_MS / 4;
    int64_t drift_us = 2 * cast->timeout_ms * check->plan->rates.drift / 1000;
    int64_t least_us = 2 * CHECK_MS + 2 * (200 + check->plan->rates.jitter_us) + drift_us;
    return (lead_us < 1000 * CHECK_MS ? lead_us : 1000 * CHECK_MS) <
           (int64_t)(levels_of(check, cast) + 1) * least_us;
}

/* What is held up on its way down for longer than a level has is too late at those above, whose
 * time began before. */
static bool was_held_up(const struct check *check, const struct entry *target)
{
    return target->life && model_calm_since(&check->model, target->life) >= target->asked_us;
}

/* Without combining it is as if the node had been asked alone. */
static void judge(struct check *check, const struct entry *cast, const struct entry *target,
                  const xy_outcome *outcome)
{
    xy_action alone = {.kind = XY_ACTION_REPLY,
                       .reply = {.status = outcome->status,
                                 .text = (uint8_t *)(uintptr_t)outcome->text,
                                 .size = outcome->size}};
    bool missed = outcome->status == XYLEM_UNAVAILABLE || outcome->status == XYLEM_TIMED_OUT;
    if (missed && target->present && (is_short(check, cast) || was_held_up(check, target)))
        return;
    if (outcome->combined)
        check_done(check, target, outcome->status);
    else if (target->kind == XY_COMMAND_PING)
        check_pinged(check, target, outcome->status);
    else
        check_job(check, target, &alone);
}

/* The services that combine add numbers. */
static void look_at_outcome(struct check *check, struct entry *cast, xy_outcomes *outcomes,
                            xy_outcome *outcome)
{
    int64_t sum = 0;
    while (xy_outcomes_id(outcomes, outcome)) {
        struct entry *target = target_of(cast, outcome->id);
        if (!target || target->named) {
            fail(check, cast, target ? "it names a node twice" : "it names another node",
                 outcome->status);
            return;
        }
        target->named = true;
        sum += target->number;
        judge(check, cast, target, outcome);
        check_turn(check, outcome->status ? TURN_CAST_MISSED : TURN_CAST_ANSWERED);
    }
    if (outcome->combined)
        check_turn(check, TURN_COMBINED);
    if (outcome->combined && (!cast->combines || sum != check_number(outcome->text, outcome->size)))
        fail(check, cast, "the combined answer is wrong", outcome->status);
}

static void look_at_outcomes(struct check *check, struct entry *cast, const xy_action *reply)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(reply->reply.text, reply->reply.size);
    int64_t succeeded = 0;
    while (xy_outcomes_next(&outcomes, &outcome) && !check->verdict->broken) {
        succeeded += outcome.status ? 0 : (int64_t)outcome.count;
        look_at_outcome(check, cast, &outcomes, &outcome);
    }
    for (size_t i = 0; i < cast->target_count && !check->verdict->broken; i++)
        if (!cast->targets[i].named)
            check_broken(check, "I18", "the reply to a cast does not name node %" PRId64,
                         cast->targets[i].id);
    if (!check->verdict->broken && succeeded != reply->reply.value)
        fail(check, cast, "it does not count those that have succeeded", reply->reply.status);
}

void check_cast(struct check *check, struct entry *cast, const xy_action *reply)
{
    int status = reply->reply.status;
    bool whole = reply->reply.size > 0;
    if (cast->cancelled != (status == XYLEM_CANCELLED))
        fail(check, cast, cast->cancelled ? "it was cancelled" : "it was not cancelled", status);
    else if (whole)
        look_at_outcomes(check, cast, reply);
    else if (status != XYLEM_CANCELLED && !(status == XYLEM_BUSY && cast->full))
        fail(check, cast, "it has no answer", status);
}
