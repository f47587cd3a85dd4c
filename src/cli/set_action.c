/* Commands for all nodes of a set: side by side where the tree allows it. */
#include "cli/action.h"

#include <stdlib.h>

#include "cli/session.h"

/* A command under way for a set. */
struct work {
    struct session *session;
    const struct command *command;
    struct outcomes *outcomes;
    size_t oldest; /* all before this one are finished */
    bool interrupted;
};

/* Begins it at one node. */
typedef int begin_function(const struct work *work, int64_t id, xylem_future **future);

static int begin_create(const struct work *work, int64_t id, xylem_future **future)
{
    xylem_create_options options = action_create_options(work->command);
    return xylem_start_create(work->session->network, id, &options, future);
}

static int begin_remove(const struct work *work, int64_t id, xylem_future **future)
{
    return xylem_start_remove(work->session->network, id, future);
}

/* Waiting. */

/* Takes the result of one that is finished. */
static void take(struct outcome *outcome)
{
    if (outcome->status == XYLEM_PENDING && outcome->future)
        outcome->status = xylem_future_result(outcome->future, &outcome->text, NULL);
}

/* False: the waiting was interrupted. */
static bool await(struct work *work, struct outcome *outcome)
{
    take(outcome);
    if (outcome->status == XYLEM_PENDING && outcome->future && !work->interrupted) {
        work->interrupted = xylem_future_wait(outcome->future, -1) == XYLEM_INTERRUPTED;
        take(outcome);
    }
    return !work->interrupted;
}

/* Waits for one of those before this one; false: there is none. */
static bool await_oldest(struct work *work, size_t before)
{
    while (work->oldest < before && work->outcomes->all[work->oldest].status != XYLEM_PENDING)
        work->oldest++;
    return work->oldest < before && await(work, &work->outcomes->all[work->oldest]);
}

/* What could not be begun, or was not waited for, is over. */
static void await_all(struct work *work)
{
    for (size_t i = 0; i < work->outcomes->count; i++) {
        struct outcome *outcome = &work->outcomes->all[i];
        if (!await(work, outcome) && outcome->status == XYLEM_PENDING)
            outcome->status = XYLEM_INTERRUPTED;
    }
    work->oldest = 0;
}

/* Side by side: none waits for another one, which may hang. */

/* Begins one; if too much is under way, when some of that is finished. */
static void begin(struct work *work, size_t index, begin_function *begin_one)
{
    struct outcome *outcome = &work->outcomes->all[index];
    int error;
    do
        error = begin_one(work, outcome->id, &outcome->future);
    while (error == XYLEM_BUSY && await_oldest(work, index));
    if (error)
        outcome_set(outcome, error, xylem_reason(work->session->network));
    else
        take(outcome);
}

static void do_all(struct work *work, begin_function *begin_one)
{
    for (size_t i = 0; i < work->outcomes->count; i++)
        work->outcomes->all[i].status = XYLEM_PENDING;
    for (size_t i = 0; i < work->outcomes->count && !work->interrupted; i++)
        begin(work, i, begin_one);
    await_all(work);
}

/* Rounds of creates. */

/* So many are under way at a time: the time of each counts from its beginning. */
enum { UNDER_WAY_MAX = 256 };

/* One that is refused for its parent may be the child of one before it: it waits, and so do those
 * behind it that would take its place. True: it has begun, or has failed for good. */
static bool try_create(struct work *work, struct outcome *outcome)
{
    int error = begin_create(work, outcome->id, &outcome->future);
    outcome->status = XYLEM_PENDING;
    if (error == XYLEM_OK)
        take(outcome);
    else
        outcome_set(outcome, error, xylem_reason(work->session->network));
    outcome->waits = outcome->status == XYLEM_PARENT_UNAVAILABLE || outcome->status == XYLEM_BUSY;
    if (outcome->waits) {
        outcome->text = ""; /* it may be the future's */
        xylem_future_free(&outcome->future);
    }
    return !outcome->waits;
}

/* Creates those that wait, side by side; returns how many have begun. Nothing of the network moves
 * before all of the round are given: so the shape is the same as if they were created one after the
 * other. A round of which none has begun is the last one. */
static size_t create_round(struct work *work)
{
    struct outcomes *outcomes = work->outcomes;
    size_t begun = 0, refused = 0;
    while (work->oldest < outcomes->count && !outcomes->all[work->oldest].waits)
        work->oldest++;
    for (size_t i = work->oldest; i < outcomes->count && begun < UNDER_WAY_MAX; i++) {
        struct outcome *outcome = &outcomes->all[i];
        if (!outcome->waits)
            continue;
        if (try_create(work, outcome))
            begun += outcome->status == XYLEM_PENDING;
        else
            refused++;
        if (outcome->status == XYLEM_BUSY || (begun > 0 && refused > 2 * begun + 8))
            break;
    }
    size_t first = work->oldest;
    await_all(work);
    work->oldest = first;
    return begun;
}

static void create_all(struct work *work)
{
    for (size_t i = 0; i < work->outcomes->count; i++) {
        work->outcomes->all[i].waits = true;
        work->outcomes->all[i].status = XYLEM_INTERRUPTED;
    }
    while (create_round(work) > 0 && !work->interrupted)
        ;
    for (size_t i = 0; i < work->outcomes->count; i++)
        if (work->interrupted && work->outcomes->all[i].waits)
            work->outcomes->all[i].status = XYLEM_INTERRUPTED;
}

/* The commands. */

static int no_memory(struct reply *reply)
{
    reply_error(reply, XYLEM_NO_MEMORY);
    return XYLEM_OK;
}

/* The ids of the set of a command: at least one. False: the reply says why there are none. */
static bool find_ids(struct session *session, const struct command *command, const int64_t **ids,
                     size_t *count, struct reply *reply)
{
    int error = xylem_set_ids(session->network, text_string(&command->set), ids, count);
    if (!error && *count == 0)
        error = XYLEM_NOT_FOUND;
    if (error)
        reply_error(reply, error);
    return !error;
}

/* The outcomes of a command for each node of its set; none when the reply says why. */
static bool enter(struct session *session, const struct command *command, struct reply *reply)
{
    const int64_t *ids;
    size_t count;
    if (!find_ids(session, command, &ids, &count, reply))
        return false;
    bool entered = outcomes_begin(&reply->outcomes, ids, count);
    if (!entered)
        no_memory(reply);
    return entered;
}

static int finish(struct reply *reply)
{
    reply->kind = REPLY_SET;
    return outcomes_group(&reply->outcomes) ? XYLEM_OK : no_memory(reply);
}

int action_create_set(struct session *session, const struct command *command, struct reply *reply)
{
    struct work work = {.session = session, .command = command, .outcomes = &reply->outcomes};
    if (!enter(session, command, reply))
        return XYLEM_OK;
    create_all(&work);
    return finish(reply);
}

/* Requests to all of them at once. */

/* What has come of each; the texts are the future's, which belongs to the outcomes. */
static int take_outcomes(xylem_future *future, struct reply *reply)
{
    const xylem_outcome *const *all;
    size_t groups, count = 0;
    xylem_future_outcomes(future, &all, &groups);
    if (groups == 0) /* it has not even begun */
        return xylem_future_result(future, NULL, NULL);
    for (size_t i = 0; i < groups; i++)
        count += all[i]->count;
    if (!outcomes_begin(&reply->outcomes, NULL, count))
        return no_memory(reply);
    struct outcome *next = reply->outcomes.all;
    for (size_t i = 0; i < groups; i++)
        for (size_t j = 0; j < all[i]->count; j++)
            *next++ = (struct outcome){.id = all[i]->ids[j],
                                       .status = all[i]->error,
                                       .text = all[i]->text,
                                       .combined = all[i]->combined};
    return finish(reply);
}

/* What has been answered by then is not known. */
static int interrupt(struct session *session, const struct command *command, struct reply *reply)
{
    if (!enter(session, command, reply))
        return XYLEM_OK;
    for (size_t i = 0; i < reply->outcomes.count; i++)
        reply->outcomes.all[i].status = XYLEM_INTERRUPTED;
    return finish(reply);
}

static int cast(struct session *session, const struct command *command, const struct text *text,
                struct reply *reply)
{
    xylem_cast_options options = XYLEM_CAST_OPTIONS;
    xylem_future **future = &reply->outcomes.cast;
    const int64_t *ids;
    size_t count;
    if (!find_ids(session, command, &ids, &count, reply))
        return XYLEM_OK;
    options.timeout_ms = session->options->timeout_ms;
    int error = xylem_cast_ids(session->network, ids, count, text ? text_string(text) : NULL,
                               text ? text->length : 0, &options, future);
    if (!error)
        error = xylem_future_wait(*future, -1);
    if (error == XYLEM_INTERRUPTED)
        return interrupt(session, command, reply);
    return error ? error : take_outcomes(*future, reply);
}

int action_ping_set(struct session *session, const struct command *command, struct reply *reply)
{
    return cast(session, command, NULL, reply);
}

int action_exec_set(struct session *session, const struct command *command, struct reply *reply)
{
    struct text text = TEXT_EMPTY;
    int error = XYLEM_OK;
    reply->outcomes.answers = true;
    if (action_text(command, &text, reply))
        error = cast(session, command, &text, reply);
    text_clear(&text);
    return error;
}

/* Nodes that exist, of those that are to be removed. */
static void mark_present(xylem *network, struct outcomes *outcomes)
{
    const xylem_node *node;
    for (size_t i = 0; i < outcomes->count; i++)
        outcomes->all[i].present = xylem_info(network, outcomes->all[i].id, &node) == XYLEM_OK;
}

/* One that has gone with another one is removed, too, unless the removal of others has failed. */
static void settle_removed(struct outcomes *outcomes)
{
    int failed = XYLEM_OK;
    for (size_t i = 0; i < outcomes->count; i++)
        if (outcomes->all[i].status != XYLEM_OK && outcomes->all[i].status != XYLEM_NOT_FOUND)
            failed = outcomes->all[i].status;
    for (size_t i = 0; i < outcomes->count; i++)
        if (outcomes->all[i].status == XYLEM_NOT_FOUND && outcomes->all[i].present)
            outcomes->all[i].status = failed;
}

int action_remove_set(struct session *session, const struct command *command, struct reply *reply)
{
    struct work work = {.session = session, .command = command, .outcomes = &reply->outcomes};
    if (!enter(session, command, reply))
        return XYLEM_OK;
    mark_present(session->network, &reply->outcomes);
    do_all(&work, begin_remove);
    settle_removed(&reply->outcomes);
    return finish(reply);
}

int action_signal_set(struct session *session, const struct command *command, struct reply *reply,
                      int (*call)(xylem *network, int64_t id))
{
    bool interrupted = false;
    if (!enter(session, command, reply))
        return XYLEM_OK;
    for (size_t i = 0; i < reply->outcomes.count; i++) {
        struct outcome *outcome = &reply->outcomes.all[i];
        int error = interrupted ? XYLEM_INTERRUPTED : call(session->network, outcome->id);
        interrupted = error == XYLEM_INTERRUPTED;
        outcome_set(outcome, error, error ? xylem_reason(session->network) : "");
    }
    return finish(reply);
}
