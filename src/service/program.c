#include "service/program.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/keeper.h"
#include "service/process.h"

enum {
    HEAD_SIZE = 64,         /* of the longest line that can begin an answer, and more */
    LOOK_EVERY_MS = 20,     /* whether the answer is still wanted */
    END_AFTER_OUTPUT = 200, /* ms from the end of its output to its own, to tell how it ended */
    END_IN_EXEC_MS = 60,    /* how long the next request, or the end of the node, waits for the end
                               of a process that was killed: */
    END_IN_CLOSE_MS = 150,
    END_IN_RELEASE_MS = 4 /* a node that was killed has no time to lose */
};

typedef struct program {
    const char *name, *command;
    xy_host host;
    xy_process *process; /* NULL: it runs when there is a request */
    uint64_t number;     /* of the last request */
    bool spoke;          /* it has written more than the last answer */
} program;

/* A request that is under way. */
typedef struct talk {
    program *of;
    xylem_work *work;
    char head[HEAD_SIZE]; /* the line before the text of the request */
    size_t head_size, sent;
    char line[HEAD_SIZE]; /* the line before the answer, as far as it has come */
    size_t line_size;
    bool answered; /* the line has come as a whole: */
    bool ok, part; /* it says ok, or part */
    char *text;    /* of the answer, or a part of it */
    size_t size, taken;
    char wrong[160]; /* what the program has done wrong, if anything */
} talk;

/* Explaining. */

static void note_wrong(talk *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note_wrong(talk *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(self->wrong, sizeof self->wrong, format, arguments);
    va_end(arguments);
}

/* "the program 'wc' (python3 wc.py) WHAT" */
static int name_program(const program *self, const char *what, char *text, size_t size)
{
    int shown = xy_service_excerpt(self->command);
    return snprintf(text, size, "the program '%s' (%.*s%s) %s", self->name, shown, self->command,
                    self->command[shown] ? "..." : "", what);
}

static int fail(const program *self, xylem_work *work, const char *what)
{
    char text[XY_REASON_SIZE * 2];
    static const char next[] = "; it is started again for the next request";
    int length = name_program(self, what, text, sizeof text - sizeof next);
    if (length >= (int)(sizeof text - sizeof next))
        length = (int)(sizeof text - sizeof next) - 1;
    memcpy(text + length, next, sizeof next);
    int error = xylem_work_reply(work, text, strlen(text));
    return error ? error : XYLEM_FAILED;
}

static void log_event(const program *self, const char *what)
{
    char text[XY_REASON_SIZE];
    name_program(self, what, text, sizeof text);
    self->host.ops->log(self->host.owner, XYLEM_LOG_INFO, text);
}

/* Starting and ending. */

static bool start(program *self, xy_error *error)
{
    self->process = xy_process_start(self->name, self->command, &self->host, error);
    self->spoke = false;
    return self->process != NULL;
}

/* One that has ended by itself while there was no request, that cannot answer any more, or that has
 * been killed makes room. */
static void look_at_end(program *self)
{
    char how[XY_PROCESS_END_SIZE] = "closed its standard output";
    struct pollfd out = {.events = POLLIN};
    if (!self->process)
        return;
    out.fd = xy_process_out(self->process);
    bool closed = poll(&out, 1, 0) > 0 && !(out.revents & POLLIN);
    bool ended = xy_process_await(self->process, closed ? END_AFTER_OUTPUT : 0);
    if (!closed && !ended)
        return;
    if (ended)
        xy_process_describe(self->process, how);
    log_event(self, how);
    xy_process_free(&self->process, END_IN_EXEC_MS);
}

static bool has_spoken(const program *self)
{
    struct pollfd out = {.fd = xy_process_out(self->process), .events = POLLIN};
    return self->spoke || (poll(&out, 1, 0) > 0 && (out.revents & POLLIN));
}

/* Sending the request. */

/* False when the program does not read any more. */
static bool send_part(talk *self, const char *bytes, size_t size)
{
    ssize_t done = write(xy_process_in(self->of->process), bytes, size);
    if (done > 0)
        self->sent += (size_t)done;
    return done >= 0 || errno == EAGAIN || errno == EINTR;
}

static bool has_sent(const talk *self)
{
    return self->sent == self->head_size + self->work->size;
}

/* What reads no more has ended, or ends soon: that is seen by its output. */
static bool send_some(talk *self)
{
    if (self->sent < self->head_size)
        return send_part(self, self->head + self->sent, self->head_size - self->sent);
    size_t done = self->sent - self->head_size;
    return send_part(self, self->work->text + done, self->work->size - done);
}

/* Taking the answer. */

/* Reads digits and what is behind them; false when they are missing, or do not fit. */
static bool take_number(const char **at, char behind, uint64_t *number)
{
    const char *text = *at;
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (*number > (UINT64_MAX - 9) / 10)
            return false;
        *number = *number * 10 + (uint64_t)(*text - '0');
    }
    bool good = text != *at && *text == behind;
    *at = text + 1;
    return good;
}

static bool take_word(const char **at, const char *word)
{
    bool is = strncmp(*at, word, strlen(word)) == 0;
    *at += is ? strlen(word) : 0;
    return is;
}

static bool take_verdict(const char **at, talk *self)
{
    self->ok = take_word(at, "ok ");
    self->part = !self->ok && take_word(at, "part ");
    return self->ok || self->part || take_word(at, "error ");
}

static void note_garbage(talk *self)
{
    self->line[self->line_size < HEAD_SIZE ? self->line_size : HEAD_SIZE - 1] = '\0';
    for (char *at = self->line; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    note_wrong(self, "answered '%.40s' in place of NUMBER ok|error|part SIZE", self->line);
}

/* The line is there, without its newline. */
static void read_line(talk *self)
{
    uint64_t number = 0, size = 0;
    const char *at = self->line, *what = "an answer";
    int limit = XYLEM_TEXT_MAX;
    self->line[self->line_size] = '\0';
    if (!take_number(&at, ' ', &number) || !take_verdict(&at, self) ||
        !take_number(&at, '\0', &size))
        note_garbage(self);
    else if (number != self->of->number)
        note_wrong(self, "answered request %" PRIu64 " in place of %" PRIu64, number,
                   self->of->number);
    if (self->part) {
        what = "a part";
        limit = XYLEM_CHUNK_MAX;
    }
    if (!*self->wrong && size > (uint64_t)limit)
        note_wrong(self, "announced %s of %" PRIu64 " bytes, and the limit is %d", what, size,
                   limit);
    else if (!*self->wrong && !(self->text = malloc(size + 1)))
        note_wrong(self, "announced %s of %" PRIu64 " bytes: there is no memory", what, size);
    self->size = (size_t)size;
    self->answered = true;
}

/* Takes what belongs to the line off what has come; returns how much it was. */
static size_t take_line(talk *self, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            read_line(self);
            return i + 1;
        }
        if (self->line_size == HEAD_SIZE - 1) {
            note_garbage(self);
            return size;
        }
        self->line[self->line_size++] = (char)(bytes[i] ? bytes[i] : '?');
    }
    return size;
}

static bool is_over(const talk *self)
{
    return *self->wrong || (self->answered && !self->part && self->taken == self->size);
}

/* Sends a part that has come. As long as there is no room for it the program is not read. */
static void pass_part(talk *self)
{
    if (*self->wrong || !self->answered || !self->part || self->taken < self->size)
        return;
    int error = xylem_work_send(self->work, self->text, self->size);
    if (error && error != XYLEM_CANCELLED)
        note_wrong(self, "sent a part: %s", xylem_strerror(error));
    free(self->text);
    self->text = NULL;
    self->size = self->taken = self->line_size = 0;
    self->answered = false;
}

/* Returns how much of it belongs to the text. */
static size_t take_text(talk *self, const char *bytes, size_t size)
{
    size_t wanted = self->size - self->taken, taken = size < wanted ? size : wanted;
    if (taken > 0)
        memcpy(self->text + self->taken, bytes, taken);
    self->taken += taken;
    return taken;
}

/* Several parts may have come at once. */
static void take_bytes(talk *self, const char *bytes, size_t size)
{
    while (size > 0 && !is_over(self)) {
        size_t done = self->answered ? take_text(self, bytes, size) : take_line(self, bytes, size);
        bytes += done;
        size -= done;
        pass_part(self);
    }
    self->of->spoke = size > 0;
}

/* It has closed its output: mostly because it has ended. */
static void note_end(talk *self)
{
    char how[XY_PROCESS_END_SIZE];
    if (!xy_process_await(self->of->process, END_AFTER_OUTPUT)) {
        note_wrong(self, "closed its standard output before it had answered");
        return;
    }
    xy_process_describe(self->of->process, how);
    note_wrong(self, "%s before it had answered", how);
}

/* The text of a long answer goes where it belongs. */
static void take_some(talk *self)
{
    char bytes[4096];
    int fd = xy_process_out(self->of->process);
    bool direct = self->answered && self->size - self->taken > sizeof bytes;
    ssize_t size = direct ? read(fd, self->text + self->taken, self->size - self->taken)
                          : read(fd, bytes, sizeof bytes);
    if (size > 0 && direct)
        self->taken += (size_t)size;
    else if (size > 0)
        take_bytes(self, bytes, (size_t)size);
    else if (size == 0)
        note_end(self);
    if (direct)
        pass_part(self);
    if (is_over(self) && !*self->wrong && !has_sent(self))
        note_wrong(self, "answered before it had read the request");
}

/* A request. */

static void converse(talk *self)
{
    bool reads = true;
    while (!is_over(self) && xylem_work_wanted(self->work)) {
        const xy_process *process = self->of->process;
        struct pollfd polled[] = {{.fd = xy_process_out(process), .events = POLLIN},
                                  {.fd = -1, .events = POLLOUT}};
        if (reads && !has_sent(self))
            polled[1].fd = xy_process_in(process);
        if (poll(polled, 2, LOOK_EVERY_MS) <= 0)
            continue;
        if (polled[1].revents)
            reads = send_some(self);
        if (polled[0].revents)
            take_some(self);
    }
}

static int conclude(talk *self)
{
    program *of = self->of;
    int status = XYLEM_CANCELLED;
    if (*self->wrong)
        status = fail(of, self->work, self->wrong);
    else if (!is_over(self))
        log_event(of, "did not answer in time, or its node ends: it is killed");
    else {
        int error = xylem_work_reply(self->work, self->text, self->size);
        free(self->text);
        return error ? error : self->ok ? XYLEM_OK : XYLEM_FAILED;
    }
    free(self->text);
    xy_process_free(&of->process, END_IN_EXEC_MS);
    return status;
}

static int ask(program *self, xylem_work *work)
{
    talk with = {.of = self, .work = work};
    self->number++;
    with.head_size = (size_t)snprintf(with.head, sizeof with.head, "%" PRId64 " %" PRIu64 " %zu\n",
                                      self->host.id, self->number, work->size);
    converse(&with);
    return conclude(&with);
}

static int exec(void *state, xylem_work *work)
{
    program *self = state;
    xy_error error;
    look_at_end(self);
    if (!self->process && !start(self, &error)) {
        int unsaid = xylem_work_reply(work, error.text, strlen(error.text));
        return unsaid ? unsaid : XYLEM_FAILED;
    }
    if (has_spoken(self)) {
        xy_process_free(&self->process, END_IN_EXEC_MS);
        return fail(self, work, "wrote to its standard output without a request");
    }
    return ask(self, work);
}

bool xy_program_open(const char *name, const char *command, const xy_host *host, void **state,
                     xy_error *error)
{
    if (!host)
        return xy_error_set(error, XYLEM_CANNOT_START,
                            "the service '%s' is a program, which cannot run in the simulated "
                            "world: use threads or processes",
                            name);
    program *new = calloc(1, sizeof *new);
    if (!new)
        return xy_error_code(error, XYLEM_NO_MEMORY);
    *new = (program){.name = name, .command = command, .host = *host};
    *state = new;
    if (start(new, error))
        return true;
    free(new);
    return false;
}

/* The end of its standard input is a request to end. */
static void close_program(void *state)
{
    program *self = state;
    if (self->process) {
        xy_process_hang_up(self->process);
        xy_process_await(self->process, XY_KEEPER_GRACE_MS);
    }
    xy_process_free(&self->process, END_IN_CLOSE_MS);
    free(self);
}

static void release(void *state)
{
    program *self = state;
    xy_process_free(&self->process, END_IN_RELEASE_MS);
    free(self);
}

const xylem_service xy_program =
    XYLEM_SERVICE(.exec = exec, .close = close_program, .release = release, .takes_long = true);
