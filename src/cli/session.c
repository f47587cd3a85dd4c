#include "cli/session.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "cli/action.h"
#include "cli/command_table.h"
#include "cli/reply.h"
#include "cli/signals.h"

bool session_is_over(struct session *session)
{
    session->over = session->over || signals_stop_requested() || session->output.error;
    return session->over;
}

/* News: notices, and results of jobs. */

static void commit(struct session *session)
{
    session->output.notice = true;
    if (!output_commit(&session->output))
        session->output.error = ENOMEM;
    session->output.notice = false;
}

/* A job that was cancelled, or interrupted by the end, has not failed. */
static bool is_failure(const struct reply *result)
{
    return result->kind == REPLY_ERROR && result->error != XYLEM_CANCELLED &&
           result->error != XYLEM_INTERRUPTED;
}

static void show_job(struct session *session, const struct job *job)
{
    struct reply result = action_job_result(job);
    session->format->job(job, &result, &session->output);
    session->failed = session->failed || is_failure(&result);
}

/* Gathers the next news, if there is any. */
static bool gather(struct session *session)
{
    const xylem_event *event = NULL;
    do
        event = session->network ? xylem_next_event(session->network) : NULL;
    while (event && event->kind == XYLEM_HAS_ROOM);
    if (event) {
        session->format->notice(event, session->options, &session->output);
        return true;
    }
    struct job *job = jobs_take_finished(&session->jobs);
    if (job) {
        show_job(session, job);
        job_free(job);
    }
    return job != NULL;
}

void session_show_news(struct session *session)
{
    if (session->output.error || !gather(session))
        return;
    terminal_hide(session->terminal);
    do
        commit(session);
    while (!session->output.error && gather(session));
    terminal_show(session->terminal);
}

void session_end_network(struct session *session)
{
    signals_interrupt_network(NULL);
    xylem_close(&session->network);
    session_show_news(session);
}

/* Also in the simulated world: its virtual time stands still meanwhile. */
static int64_t real_time_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* For poll; at least 0, so that it checks once. */
static int time_left(int limit_ms, int64_t end_ms)
{
    int64_t left_ms = end_ms - real_time_ms();
    return limit_ms < 0 ? -1 : left_ms > 0 ? (int)left_ms : 0;
}

static enum wait_result wait_for_commands(void *context, int fd, int limit_ms)
{
    struct session *session = context;
    int64_t end_ms = real_time_ms() + limit_ms;
    xylem_run(session->network, 0); /* makes events of what came with the latest reply */
    for (;;) {
        session_show_news(session);
        if (session_is_over(session))
            return WAIT_OVER;
        if (signals_take_interrupt()) {
            output_resume(&session->output);
            return WAIT_INTERRUPTED;
        }
        struct pollfd watched[] = {
            {fd, POLLIN, 0}, {xylem_fd(session->network), POLLIN, 0}, {signals_fd(), POLLIN, 0}};
        int count = poll(watched, 3, time_left(limit_ms, end_ms));
        if (count < 0)
            return errno == EINTR ? WAIT_DISTURBED : WAIT_OVER;
        if (count == 0)
            return WAIT_TIMED_OUT;
        if (watched[1].revents)
            xylem_run(session->network, 0);
        if (watched[0].revents && !watched[2].revents)
            return WAIT_READABLE;
    }
}

struct waiter session_waiter(struct session *session)
{
    return (struct waiter){wait_for_commands, session};
}

/* From lines to replies. */

/* An interrupt while a command runs: the rest of its line is dropped. Returns whether something was
 * not written because of it. */
static bool take_interrupt(struct session *session)
{
    if (!signals_take_interrupt())
        return false;
    session->interrupted = true;
    terminal_break(session->terminal);
    return output_resume(&session->output);
}

static void write_reply(struct session *session, struct reply *reply)
{
    session->format->reply(reply, &session->output);
    if (!output_commit(&session->output)) {
        reply_error(reply, XYLEM_NO_MEMORY);
        session->format->reply(reply, &session->output);
        if (!output_commit(&session->output))
            session->output.error = ENOMEM;
    }
}

static void show_reply(struct session *session, struct reply *reply)
{
    if (session_is_over(session) || reply->kind == REPLY_NOTHING)
        return;
    write_reply(session, reply);
    if (take_interrupt(session)) {
        reply_error(reply, XYLEM_INTERRUPTED);
        write_reply(session, reply);
    }
    bool is_error = reply_is_error(reply);
    session->failed = session->failed || is_error;
    session->over = is_error && session->stop_on_error;
}

static void run_command(struct session *session, const struct command *command)
{
    struct reply reply = reply_to(command);
    action_run(session, command, &reply);
    take_interrupt(session);
    if (command->bad) {
        reply.file = session->file;
        reply.line = session->line;
    }
    if (!command->type || !command->type->reply_first)
        session_show_news(session);
    show_reply(session, &reply);
    reply_clear(&reply);
    session->over = session->over || !session->network;
}

static void run_line(struct session *session, const struct input_line *line)
{
    struct span rest = {line->text, line->text + line->length};
    struct command command;
    session->interrupted = false;
    while (!session_is_over(session) && !session->interrupted && command_next(&rest, &command)) {
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
    while (!session_is_over(session) && source_next(source, &line)) {
        session->line = line.number;
        if (line.bad)
            run_unreadable(session);
        else
            run_line(session, &line);
    }
    session_end_network(session);
}
