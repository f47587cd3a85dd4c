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

/* Replies. Each of the functions that follow runs a kind of command and makes its reply, which
 * stays empty when there is none to be written. */

static void explain(struct session *session, int error, struct text *reply)
{
    if (error == XYLEM_INTERRUPTED) {
        session->over = true;
        return;
    }
    text_format(reply, "Error: %s", xylem_strerror(error));
    const char *reason = xylem_reason(session->network);
    if (error == XYLEM_CANNOT_START && *reason)
        text_format(reply, ": %s", reason);
}

static void report(struct session *session, int error, struct text *reply)
{
    if (error)
        explain(session, error, reply);
    else
        text_add_string(reply, "OK");
}

static void run_bad(struct session *session, const struct command *command, struct text *reply)
{
    (void)session;
    text_format(reply, "Error: %s", text_string(&command->text));
}

static void run_create(struct session *session, const struct command *command, struct text *reply)
{
    int64_t pid = 0;
    int error = xylem_create(session->network, command->id, &pid);
    report(session, error, reply);
    if (!error)
        text_format(reply, ": %" PRId64, pid);
}

static void run_remove(struct session *session, const struct command *command, struct text *reply)
{
    report(session, xylem_remove(session->network, command->id), reply);
}

static void run_exec(struct session *session, const struct command *command, struct text *reply)
{
    const char *answer = "";
    int error = xylem_exec(session->network, command->id, text_string(&command->text), &answer);
    report(session, error, reply);
    if (!error)
        text_format(reply, ": %s", answer);
}

static void run_heartbeat(struct session *session, const struct command *command,
                          struct text *reply)
{
    report(session, xylem_heartbeat(session->network, command->ms), reply);
}

static void run_ping(struct session *session, const struct command *command, struct text *reply)
{
    int error = xylem_ping(session->network, command->id);
    if (error == XYLEM_INTERRUPTED)
        session->over = true;
    else
        text_add_string(reply, error ? "OK: -1" : "OK: 1");
}

/* The error of an empty list is that there is nothing to be shown. */
static int list(struct session *session, const xylem_node **nodes, size_t *count)
{
    int error = xylem_list(session->network, nodes, count);
    return error || *count > 0 ? error : XYLEM_NOT_FOUND;
}

static void run_all(struct session *session, const struct command *command, struct text *reply)
{
    (void)command;
    const xylem_node *nodes;
    size_t count;
    int error = list(session, &nodes, &count);
    if (error)
        explain(session, error, reply);
    for (size_t i = 0; !error && i < count; i++)
        text_format(reply, "%s%" PRId64, i > 0 ? " " : "", nodes[i].id);
}

/* Line by line: the picture of a deep tree is much larger than the tree. */
static void draw(struct session *session, struct drawing *drawing)
{
    struct text lines = TEXT_EMPTY;
    bool more = true;
    while (more && !lines.failed && !is_over(session)) {
        more = drawing_next(drawing, &lines);
        if (more && lines.length < DRAWN_AT_ONCE)
            continue;
        output_write(&session->output, lines.bytes, lines.length);
        text_cut(&lines, 0);
    }
    if (lines.failed)
        session->output.error = ENOMEM;
    text_clear(&lines);
}

static void run_tree(struct session *session, const struct command *command, struct text *reply)
{
    (void)command;
    const xylem_node *nodes;
    size_t count;
    struct drawing drawing;
    int error = list(session, &nodes, &count);
    if (!error && !drawing_begin(&drawing, nodes, count))
        error = XYLEM_NO_MEMORY;
    if (error) {
        explain(session, error, reply);
        return;
    }
    show_events(session);
    draw(session, &drawing);
    drawing_end(&drawing);
}

static void run_sleep(struct session *session, const struct command *command, struct text *reply)
{
    int64_t now = xylem_now(session->network);
    int64_t end = now + command->ms;
    int error;
    do {
        error = xylem_run(session->network, end - now);
        show_events(session);
        now = xylem_now(session->network);
    } while (!error && now < end && !is_over(session));
    if (error)
        explain(session, error, reply);
}

static void run_wait(struct session *session, const struct command *command, struct text *reply)
{
    int error = xylem_wait(session->network, command->id, command->available, command->ms);
    report(session, error, reply);
}

static void run_kill(struct session *session, const struct command *command, struct text *reply)
{
    report(session, xylem_kill(session->network, command->id), reply);
}

static void run_pause(struct session *session, const struct command *command, struct text *reply)
{
    report(session, xylem_pause(session->network, command->id), reply);
}

static void run_resume(struct session *session, const struct command *command, struct text *reply)
{
    report(session, xylem_resume(session->network, command->id), reply);
}

static void run_help(struct session *session, const struct command *command, struct text *reply)
{
    (void)session;
    text_add_string(reply, text_string(&command->text));
}

static void run_exit(struct session *session, const struct command *command, struct text *reply)
{
    (void)command;
    end_network(session);
    text_add_string(reply, "OK");
}

static void (*const runs[COMMAND_KINDS])(struct session *, const struct command *,
                                         struct text *) = {
    [COMMAND_BAD] = run_bad,
    [COMMAND_CREATE] = run_create,
    [COMMAND_REMOVE] = run_remove,
    [COMMAND_EXEC] = run_exec,
    [COMMAND_HEARTBEAT] = run_heartbeat,
    [COMMAND_PING] = run_ping,
    [COMMAND_ALL] = run_all,
    [COMMAND_TREE] = run_tree,
    [COMMAND_SLEEP] = run_sleep,
    [COMMAND_WAIT] = run_wait,
    [COMMAND_KILL] = run_kill,
    [COMMAND_PAUSE] = run_pause,
    [COMMAND_RESUME] = run_resume,
    [COMMAND_HELP] = run_help,
    [COMMAND_EXIT] = run_exit,
};

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
