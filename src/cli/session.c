#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "cli/command.h"
#include "cli/drawing.h"
#include "cli/stop.h"
#include "cli/text.h"

enum { DRAWN_AT_ONCE = 64 * 1024 };

static void end_network(struct session *session)
{
    stop_interrupts(NULL);
    xylem_close(&session->network);
}

static bool is_over(struct session *session)
{
    session->over = session->over || stop_requested() || session->output.error;
    return session->over;
}

/* What nobody asked for. */

static void show_event(struct session *session, const xylem_event *event)
{
    const char *news =
        event->kind == XYLEM_NODE_AVAILABLE ? "is available again" : "is unavailable now";
    struct text line = TEXT_EMPTY;
    text_format(&line, "Heartbeat: node %" PRId64 " %s", event->id, news);
    output_line(&session->output, OUTPUT_NOTICE, text_string(&line));
    text_clear(&line);
}

static void show_events(struct session *session)
{
    xylem_event event;
    if (!session->network || !xylem_next_event(session->network, &event))
        return;
    terminal_hide(session->terminal);
    do
        show_event(session, &event);
    while (!is_over(session) && xylem_next_event(session->network, &event));
    terminal_show(session->terminal);
}

static enum wait_result wait_for_commands(void *context, int fd)
{
    struct session *session = context;
    for (;;) {
        show_events(session);
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

/* From lines to replies. */

static void write_reply(struct session *session, const struct text *reply)
{
    static const char beginning[] = "Error";
    const char *line = reply->failed ? "Error: out of memory" : text_string(reply);
    bool is_error = strncmp(line, beginning, sizeof beginning - 1) == 0;
    if (is_over(session) || !*line)
        return;
    output_line(&session->output, is_error ? OUTPUT_ERROR : OUTPUT_PLAIN, line);
    session->failed = session->failed || is_error;
    session->over = is_error && session->stop_on_error;
}

static void run_command(struct session *session, const struct command *command)
{
    struct text reply = TEXT_EMPTY;
    if (command->text.failed)
        text_add_string(&reply, "Error: out of memory");
    else
        runs[command->kind](session, command, &reply);
    show_events(session);
    write_reply(session, &reply);
    text_clear(&reply);
    session->over = session->over || !session->network;
}

static void run_bad_line(struct session *session)
{
    struct command command = {.kind = COMMAND_BAD, .text = TEXT_EMPTY};
    text_add_string(&command.text, "bad command");
    run_command(session, &command);
    command_clear(&command);
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

void session_run(struct session *session, struct source *source)
{
    struct input_line line;
    while (!is_over(session) && source_next(source, &line)) {
        if (line.bad)
            run_bad_line(session);
        else
            run_line(session, &line);
    }
    end_network(session);
}
