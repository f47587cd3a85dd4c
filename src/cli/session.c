#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "cli/action.h"
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

/* The commands that are more than one call on the network. */

static int run_sleep(struct session *session, int64_t duration_ms)
{
    int64_t now = xylem_now(session->network);
    int64_t end = now + duration_ms;
    int error;
    do {
        error = xylem_run(session->network, end - now);
        show_events(session);
        now = xylem_now(session->network);
    } while (!error && now < end && !is_over(session));
    return error;
}

/* Piece by piece: the picture of a deep tree is much larger than the tree. */
static void draw(struct session *session, struct drawing *drawing)
{
    struct text lines = TEXT_EMPTY;
    bool more = true;
    while (more && !is_over(session)) {
        more = drawing_next(drawing, &lines);
        if (lines.failed)
            session->output.error = ENOMEM;
        if (more && lines.length < DRAWN_AT_ONCE)
            continue;
        output_write(&session->output, lines.bytes, lines.length);
        text_cut(&lines, 0);
    }
    text_clear(&lines);
}

static int run_tree(struct session *session)
{
    const xylem_node *nodes;
    size_t count;
    struct drawing drawing;
    int error = action_list(session->network, &nodes, &count);
    if (error)
        return error;
    if (!drawing_begin(&drawing, nodes, count))
        return XYLEM_NO_MEMORY;
    show_events(session);
    draw(session, &drawing);
    drawing_end(&drawing);
    return XYLEM_OK;
}

static int run_exit(struct session *session, struct text *reply)
{
    end_network(session);
    text_add_string(reply, "OK");
    return XYLEM_OK;
}

/* From lines to replies. */

static int perform(struct session *session, const struct command *command, struct text *reply)
{
    switch (command->kind) {
    case COMMAND_BAD:
        text_format(reply, "Error: %s", text_string(&command->text));
        return XYLEM_OK;
    case COMMAND_SLEEP:
        return run_sleep(session, command->ms);
    case COMMAND_TREE:
        return run_tree(session);
    case COMMAND_EXIT:
        return run_exit(session, reply);
    default:
        return action_run(session->network, command, reply);
    }
}

static void explain(const struct session *session, int error, struct text *reply)
{
    text_format(reply, "Error: %s", xylem_strerror(error));
    const char *reason = xylem_reason(session->network);
    if (error != XYLEM_CANNOT_START || !*reason)
        return;
    text_add_string(reply, ": ");
    text_add_printable(reply, reason);
}

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
    reply.failed = command->text.failed;
    int error = reply.failed ? XYLEM_OK : perform(session, command, &reply);
    if (error == XYLEM_INTERRUPTED)
        session->over = true;
    else if (error)
        explain(session, error, &reply);
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
