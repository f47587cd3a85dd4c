#include "cli/session.h"

#include <errno.h>
#include <poll.h>

#include "cli/action.h"
#include "cli/command.h"
#include "cli/job_action.h"
#include "cli/reply.h"
#include "cli/stop.h"

static bool is_over(struct session *session)
{
    session->over = session->over || stop_requested() || session->output.error;
    return session->over;
}

/* What nobody asked for. */

static void commit(struct session *session)
{
    session->output.notice = true;
    if (!output_commit(&session->output))
        session->output.error = ENOMEM;
    session->output.notice = false;
}

/* A job that was given up, by whoever began it or by the end, is no failure. */
static bool is_failure(const struct reply *result)
{
    return result->kind == REPLY_ERROR && result->error != XYLEM_CANCELLED &&
           result->error != XYLEM_INTERRUPTED;
}

static void show_job(struct session *session, const struct job *job)
{
    struct reply result = job_action_result(job);
    session->format->job(job, &result, &session->output);
    session->failed = session->failed || is_failure(&result);
}

/* Gathers the next news, if there is any. */
static bool gather(struct session *session)
{
    xylem_event event;
    if (session->network && xylem_next_event(session->network, &event)) {
        session->format->notice(&event, &session->output);
        return true;
    }
    struct job *job = jobs_take_finished(&session->jobs);
    if (job) {
        show_job(session, job);
        job_free(job);
    }
    return job != NULL;
}

static void show_news(struct session *session)
{
    if (session->output.error || !gather(session))
        return;
    terminal_hide(session->terminal);
    do
        commit(session);
    while (!session->output.error && gather(session));
    terminal_show(session->terminal);
}

/* What is under way is finished then, and shown however the end came. */
static void end_network(struct session *session)
{
    stop_interrupts(NULL);
    xylem_close(&session->network);
    show_news(session);
}

static enum wait_result wait_for_commands(void *context, int fd)
{
    struct session *session = context;
    for (;;) {
        show_news(session);
        if (is_over(session))
            return WAIT_OVER;
        struct pollfd watched[] = {
            {fd, POLLIN, 0}, {xylem_fd(session->network), POLLIN, 0}, {stop_fd(), POLLIN, 0}};
        if (poll(watched, 3, -1) < 0)
            return errno == EINTR ? WAIT_DISTURBED : WAIT_OVER;
        if (watched[1].revents && xylem_run(session->network, 0) == XYLEM_INTERRUPTED)
            return WAIT_OVER;
        if (watched[0].revents && !watched[2].revents)
            return WAIT_READABLE;
    }
}

struct waiter session_waiter(struct session *session)
{
    return (struct waiter){wait_for_commands, session};
}

/* The commands that wait: what there is to tell is told meanwhile. */

typedef bool condition(const struct session *session, const struct command *command);

static bool is_never(const struct session *session, const struct command *command)
{
    (void)session;
    (void)command;
    return false;
}

static bool is_node_so(const struct session *session, const struct command *command)
{
    return xylem_wait(session->network, command->id, command->available, 0) == XYLEM_OK;
}

/* Those that are finished have been shown. */
static bool is_job_done(const struct session *session, const struct command *command)
{
    return command->job ? !jobs_find(&session->jobs, command->job) : !session->jobs.first;
}

/* XYLEM_OK when it is so, XYLEM_TIMED_OUT, XYLEM_INTERRUPTED. */
static int wait_until(struct session *session, const struct command *command, condition *is_so)
{
    int64_t duration_ms = command->ms >= 0 ? command->ms : session->timeout_ms;
    int64_t end_ms = xylem_now(session->network) + duration_ms;
    int64_t left_ms = 0; /* what has come already comes first */
    do {
        int error = xylem_run(session->network, left_ms);
        if (error)
            return error;
        show_news(session);
        if (is_over(session))
            return XYLEM_INTERRUPTED;
        if (is_so(session, command))
            return XYLEM_OK;
        left_ms = end_ms - xylem_now(session->network);
    } while (left_ms > 0);
    return XYLEM_TIMED_OUT;
}

static bool run_sleep(struct session *session, const struct command *command)
{
    return wait_until(session, command, is_never) != XYLEM_INTERRUPTED;
}

static bool run_wait(struct session *session, const struct command *command, struct reply *reply)
{
    bool unknown = command->for_jobs && command->job && !jobs_had(&session->jobs, command->job);
    int error = unknown
                    ? XYLEM_NOT_FOUND
                    : wait_until(session, command, command->for_jobs ? is_job_done : is_node_so);
    reply->kind = REPLY_DONE;
    if (error)
        reply_fail(reply, error, xylem_strerror(error), NULL);
    return error != XYLEM_INTERRUPTED;
}

static bool run_exit(struct session *session, struct reply *reply)
{
    end_network(session);
    reply->kind = REPLY_DONE;
    return true;
}

/* From lines to replies. */

static bool perform(struct session *session, const struct command *command, struct reply *reply)
{
    switch (command->kind) {
    case COMMAND_SLEEP:
        return run_sleep(session, command);
    case COMMAND_WAIT:
        return run_wait(session, command, reply);
    case COMMAND_EXIT:
        return run_exit(session, reply);
    default:
        if (!job_action_is(command))
            return action_run(session->network, command, reply);
        job_action_run(session->network, &session->jobs, command, reply);
        return true;
    }
}

static void show_reply(struct session *session, struct reply *reply)
{
    if (is_over(session) || reply->kind == REPLY_NOTHING)
        return;
    session->format->reply(reply, &session->output);
    if (!output_commit(&session->output)) {
        reply_no_memory(reply);
        session->format->reply(reply, &session->output);
        if (!output_commit(&session->output))
            session->output.error = ENOMEM;
    }
    bool is_error = reply->kind == REPLY_ERROR;
    session->failed = session->failed || is_error;
    session->over = is_error && session->stop_on_error;
}

static void run_command(struct session *session, const struct command *command)
{
    struct reply reply = reply_to(command);
    if (command->text.failed)
        reply_no_memory(&reply);
    else if (!perform(session, command, &reply))
        session->over = true;
    show_news(session);
    show_reply(session, &reply);
    reply_clear(&reply);
    session->over = session->over || !session->network;
}

static void run_line(struct session *session, const struct input_line *line)
{
    struct span rest = {line->text, line->text + line->length};
    struct command command;
    while (!is_over(session) && command_next(&rest, &command)) {
        run_command(session, &command);
        command_clear(&command);
    }
}

static void run_unreadable(struct session *session)
{
    struct command command = command_unreadable();
    run_command(session, &command);
    command_clear(&command);
}

void session_run(struct session *session, struct source *source)
{
    struct input_line line;
    while (!is_over(session) && source_next(source, &line)) {
        if (line.bad)
            run_unreadable(session);
        else
            run_line(session, &line);
    }
    end_network(session);
}
