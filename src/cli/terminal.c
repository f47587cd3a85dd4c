/* What all kinds of terminals have in common: waiting for bytes, and Ctrl-C. */
#include "cli/terminal.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/terminal_kind.h"

static volatile sig_atomic_t disturbed;

static void note_disturbance(int signal_number)
{
    (void)signal_number;
    disturbed = 1;
}

void terminal_renew_after(int signal_number)
{
    struct sigaction action = {.sa_handler = note_disturbance, .sa_flags = SA_RESTART};
    sigaction(signal_number, &action, NULL);
}

#ifdef XYLEM_HAVE_EDIT

static bool can_edit(void)
{
    const char *type = getenv("TERM");
    return type && *type && strcmp(type, "dumb") != 0;
}

#else

static bool can_edit(void)
{
    return false;
}

struct terminal *terminal_open_editing(void)
{
    return NULL;
}

#endif

struct terminal *terminal_open(struct waiter waiter, bool prompting)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    struct terminal *terminal =
        prompting && can_edit() ? terminal_open_editing() : terminal_open_plain(prompting);
    if (terminal) {
        terminal->waiter = waiter;
        terminal_renew_after(SIGCONT); /* from being suspended */
    }
    return terminal;
}

/* Reading bytes. */

static enum wait_result wait_for_byte(struct terminal *terminal, int limit_ms)
{
    enum wait_result result;
    do {
        if (disturbed) {
            disturbed = 0;
            terminal->kind->renew(terminal);
        }
        result = terminal->waiter.wait(terminal->waiter.context, STDIN_FILENO, limit_ms);
    } while (result == WAIT_DISTURBED);
    return result;
}

enum { CONTROL_D = 4 };

void terminal_count_typed_ahead(struct terminal *terminal)
{
    if (ioctl(STDIN_FILENO, FIONREAD, &terminal->typed_ahead) != 0)
        terminal->typed_ahead = 0;
}

/* A Ctrl-D that was typed before the terminal had its mode is a NUL, which the kernel has put in
 * its place. A NUL that is typed later is Ctrl-Space. */
static char restore_end(struct terminal *terminal, char byte)
{
    bool typed_ahead = terminal->typed_ahead > 0;
    terminal->typed_ahead -= typed_ahead;
    if (byte == '\0' && typed_ahead)
        return CONTROL_D;
    return byte;
}

/* False at the end of the input. */
static bool read_byte(struct terminal *terminal, enum keys_result *result)
{
    char byte;
    ssize_t count = read(STDIN_FILENO, &byte, 1);
    *result = KEYS_MORE;
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    if (count == 1)
        *result = keys_take(&terminal->keys, restore_end(terminal, byte));
    terminal->touched = true;
    return count == 1;
}

enum typed terminal_take(struct terminal *terminal)
{
    static const enum typed typed[] = {
        [KEYS_BYTE] = TYPED_BYTE, [KEYS_META] = TYPED_META, [KEYS_KEY] = TYPED_KEY};
    enum keys_result result = KEYS_MORE;
    assert(terminal->reading);
    while (result == KEYS_MORE) {
        int limit_ms = keys_pending(&terminal->keys) ? KEYS_LIMIT_MS : -1;
        enum wait_result waited = wait_for_byte(terminal, limit_ms);
        if (waited == WAIT_INTERRUPTED)
            return TYPED_INTERRUPT;
        if (waited == WAIT_TIMED_OUT)
            result = keys_cut(&terminal->keys);
        else if (waited == WAIT_OVER || !read_byte(terminal, &result))
            return TYPED_END;
    }
    return typed[result];
}

/* Reading lines. */

static enum typed_line read_line(struct terminal *terminal, const char **bytes, size_t *count)
{
    assert(!terminal->reading);
    terminal->keys = (struct keys){.state = KEYS_GROUND};
    terminal->touched = false;
    terminal->reading = true;
    enum typed_line line = terminal->kind->read(terminal, bytes, count);
    terminal->reading = false;
    return line;
}

bool terminal_read(struct terminal *terminal, const char **bytes, size_t *count)
{
    bool warned = false;
    for (;;) {
        enum typed_line line = read_line(terminal, bytes, count);
        if (line == LINE_TYPED)
            return true;
        bool again = warned && !terminal->touched;
        warned = line == LINE_WAS_EMPTY;
        if (warned && again)
            signals_request_stop();
        if (line == LINE_NEVER_COMES || (warned && again))
            return false;
        if (warned)
            fputs("Press Ctrl-C again, or type exit, to leave.\n", stderr);
    }
}

void terminal_hide(struct terminal *terminal)
{
    if (terminal && terminal->reading)
        terminal->kind->hide(terminal);
}

void terminal_show(struct terminal *terminal)
{
    if (terminal && terminal->reading)
        terminal->kind->show(terminal);
}

void terminal_break(struct terminal *terminal)
{
    if (terminal) {
        fputs(terminal->kind->broken, stdout);
        fflush(stdout);
    }
}

void terminal_close(struct terminal **terminal)
{
    (*terminal)->kind->close(*terminal);
    *terminal = NULL;
}
