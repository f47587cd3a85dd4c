#include "cli/action.h"
#include "cli/session.h"

/* XYLEM_OK: it is true; XYLEM_TIMED_OUT: not yet. Any other error ends the waiting. */
typedef int condition(const struct session *session, const struct command *command);

static int never(const struct session *session, const struct command *command)
{
    (void)session;
    (void)command;
    return XYLEM_TIMED_OUT;
}

static int node_is_so(const struct session *session, const struct command *command)
{
    return xylem_wait(session->network, command->id, command->available, 0);
}

/* A finished job leaves the list when its result is shown. */
static int job_is_done(const struct session *session, const struct command *command)
{
    bool done = command->job ? !jobs_find(&session->jobs, command->job) : !session->jobs.all;
    return done ? XYLEM_OK : XYLEM_TIMED_OUT;
}

/* XYLEM_OK: the condition is true; or XYLEM_TIMED_OUT, XYLEM_INTERRUPTED, another error of the
 * condition. */
static int wait_until(struct session *session, const struct command *command, condition *is_true)
{
    int64_t duration_ms = command->ms >= 0 ? command->ms : session->options->timeout_ms;
    int64_t end_ms = xylem_now(session->network) + duration_ms;
    int64_t left_ms = 0; /* first what has come already */
    do {
        int error = xylem_run(session->network, left_ms);
        if (error)
            return error;
        session_show_news(session);
        if (session_is_over(session))
            return XYLEM_INTERRUPTED;
        error = is_true(session, command);
        if (error != XYLEM_TIMED_OUT)
            return error;
        left_ms = end_ms - xylem_now(session->network);
    } while (left_ms > 0);
    return XYLEM_TIMED_OUT;
}

int action_sleep(struct session *session, const struct command *command, struct reply *reply)
{
    int error = wait_until(session, command, never);
    if (error != XYLEM_TIMED_OUT)
        reply_error(reply, error);
    return XYLEM_OK;
}

int action_wait(struct session *session, const struct command *command, struct reply *reply)
{
    bool unknown = command->for_jobs && command->job && !jobs_had(&session->jobs, command->job);
    int error = unknown
                    ? XYLEM_NOT_FOUND
                    : wait_until(session, command, command->for_jobs ? job_is_done : node_is_so);
    reply->kind = REPLY_DONE;
    if (error)
        reply_error(reply, error);
    return XYLEM_OK;
}
