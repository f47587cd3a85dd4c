#include "cli/job_action.h"

#include "cli/action.h"

bool job_action_is(const struct command *command)
{
    return (command->kind == COMMAND_EXEC && command->background) ||
           command->kind == COMMAND_JOBS || command->kind == COMMAND_CANCEL;
}

static void fail(struct reply *reply, int error)
{
    reply_fail(reply, error, xylem_strerror(error), NULL);
}

/* A job that could not even be begun is none. */
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
    fail(reply, error == XYLEM_PENDING ? XYLEM_NO_MEMORY : error);
}

static void begin(xylem *network, struct jobs *jobs, const struct command *command,
                  struct reply *reply)
{
    struct text text = TEXT_EMPTY;
    xylem_future *future;
    if (action_text(command, &text, reply)) {
        int error =
            xylem_start_bytes(network, command->id, text_string(&text), text.length, -1, &future);
        if (error)
            fail(reply, error);
        else
            enter(jobs, command, text_string(&text), future, reply);
    }
    text_clear(&text);
}

static int cancel(const struct jobs *jobs, const struct command *command)
{
    const struct job *job = jobs_find(jobs, command->job);
    if (job)
        xylem_future_cancel(job->future);
    return job ? XYLEM_OK : XYLEM_NOT_FOUND;
}

static int list(const struct jobs *jobs, struct reply *reply)
{
    reply->kind = REPLY_JOBS;
    reply->jobs = jobs;
    return jobs->first ? XYLEM_OK : XYLEM_NOT_FOUND;
}

void job_action_run(xylem *network, struct jobs *jobs, const struct command *command,
                    struct reply *reply)
{
    int error = XYLEM_OK;
    reply->kind = REPLY_DONE;
    if (command->kind == COMMAND_EXEC)
        begin(network, jobs, command, reply);
    else if (command->kind == COMMAND_CANCEL)
        error = cancel(jobs, command);
    else
        error = list(jobs, reply);
    if (error)
        fail(reply, error);
}

struct reply job_action_result(const struct job *job)
{
    struct reply reply = {.kind = REPLY_ANSWER, .id = job->id, .kept = TEXT_EMPTY};
    size_t size;
    int error = xylem_future_result(job->future, &reply.answer, &size);
    if (error)
        reply_fail(&reply, error,
                   error == XYLEM_FAILED && size > 0 ? reply.answer : xylem_strerror(error), NULL);
    return reply;
}
