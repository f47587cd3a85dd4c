#include "cli/action.h"
#include "cli/session.h"

/* A job that could not even be started is not entered. */
static void enter(struct jobs *jobs, const struct command *command, const char *text,
                  xylem_future *future, struct reply *reply)
{
    int error = xylem_future_result(future, NULL, NULL);
    const struct job *job =
        error == XYLEM_PENDING ? jobs_add(jobs, command->id, text, future) : NULL;
    if (job) {
        reply->kind = REPLY_JOB;
        reply->job = job->number;
        return;
    }
    xylem_future_free(&future);
    reply_error(reply, error == XYLEM_PENDING ? XYLEM_NO_MEMORY : error);
}

int action_start(struct session *session, const struct command *command, struct reply *reply)
{
    struct text text = TEXT_EMPTY;
    xylem_future *future;
    if (action_text(command, &text, reply)) {
        int error = xylem_start_bytes(session->network, command->id, text_string(&text),
                                      text.length, -1, &future);
        if (error)
            reply_error(reply, error);
        else
            enter(&session->jobs, command, text_string(&text), future, reply);
    }
    text_clear(&text);
    return XYLEM_OK;
}

int action_cancel(struct session *session, const struct command *command, struct reply *reply)
{
    const struct job *job = jobs_find(&session->jobs, command->job);
    reply->kind = REPLY_DONE;
    if (job)
        xylem_future_cancel(job->future);
    else
        reply_error(reply, XYLEM_NOT_FOUND);
    return XYLEM_OK;
}

int action_jobs(struct session *session, const struct command *command, struct reply *reply)
{
    (void)command;
    reply->kind = REPLY_JOBS;
    reply->jobs = &session->jobs;
    if (!session->jobs.all)
        reply_error(reply, XYLEM_NOT_FOUND);
    return XYLEM_OK;
}

struct reply action_job_result(const struct job *job)
{
    struct reply reply = {.kind = REPLY_ANSWER, .id = job->id, .kept = TEXT_EMPTY};
    int error = xylem_future_result(job->future, &reply.answer, NULL);
    if (error)
        reply_fail_of_network(&reply, error, reply.answer);
    return reply;
}
