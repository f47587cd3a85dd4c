/* The terminal without line editing. */
#ifndef XYLEM_HAVE_EDIT

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/terminal.h"

static const char prompt[] = "xylem> ";

struct terminal {
    struct waiter waiter;
    bool reading;
    char bytes[4096];
};

/* A prompt that cannot be shown is no loss: the next reply will tell. */
static void show(const char *text, size_t length)
{
    ssize_t written = write(STDOUT_FILENO, text, length);
    (void)written;
}

struct terminal *terminal_open(struct waiter waiter)
{
    struct terminal *terminal = calloc(1, sizeof *terminal);
    if (terminal)
        terminal->waiter = waiter;
    return terminal;
}

static ssize_t read_typed(struct terminal *terminal)
{
    for (;;) {
        enum wait_result result = terminal->waiter.wait(terminal->waiter.context, STDIN_FILENO);
        if (result == WAIT_OVER)
            return 0;
        if (result == WAIT_DISTURBED)
            continue;
        ssize_t count = read(STDIN_FILENO, terminal->bytes, sizeof terminal->bytes);
        if (count >= 0 || (errno != EINTR && errno != EAGAIN))
            return count;
    }
}

bool terminal_read(struct terminal *terminal, const char **bytes, size_t *count)
{
    show(prompt, sizeof prompt - 1);
    terminal->reading = true;
    ssize_t typed = read_typed(terminal);
    terminal->reading = false;
    if (typed <= 0) {
        show("\n", 1);
        return false;
    }
    *bytes = terminal->bytes;
    *count = (size_t)typed;
    return true;
}

void terminal_hide(struct terminal *terminal)
{
    if (terminal && terminal->reading)
        show("\n", 1);
}

void terminal_show(struct terminal *terminal)
{
    if (terminal && terminal->reading)
        show(prompt, sizeof prompt - 1);
}

void terminal_close(struct terminal **terminal)
{
    free(*terminal);
    *terminal = NULL;
}

#else

typedef int terminal_is_elsewhere; /* a file of C must not be empty */

#endif
