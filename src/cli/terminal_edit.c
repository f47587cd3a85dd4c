/* The terminal with line editing, by libedit. libedit asks for one character at a time; waiting for
 * it is where the network lives on and notices appear. */
#ifdef XYLEM_HAVE_EDIT

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/completion.h"
#include "cli/terminal.h"
#include "cli/text.h"

enum { HISTORY_LINES = 1000 };

struct terminal {
    struct waiter waiter;
    EditLine *edit;
    History *history;
    bool reading;
    bool dumb;
    int typed_ahead; /* bytes of what is read; -1: not counted yet, because there is no line so far
                      */
    mbstate_t decoder;
};

static char prompt[] = "xylem> ";

/* The window has another size, or the program was suspended and goes on. */
static volatile sig_atomic_t disturbed;

static void note_disturbance(int signal_number)
{
    (void)signal_number;
    disturbed = 1;
}

static char *prompt_of(EditLine *edit)
{
    (void)edit;
    return prompt;
}

static struct terminal *terminal_of(EditLine *edit)
{
    void *terminal = NULL;
    el_get(edit, EL_CLIENTDATA, &terminal);
    return terminal;
}

/* Reading characters. */

static void set_up_again(struct terminal *terminal)
{
    disturbed = 0;
    el_resize(terminal->edit);
    el_set(terminal->edit, EL_PREP_TERM, 0);
    el_set(terminal->edit, EL_PREP_TERM, 1);
    terminal_hide(terminal);
    terminal_show(terminal);
}

static bool wait_for_byte(struct terminal *terminal)
{
    enum wait_result result;
    do {
        result = terminal->waiter.wait(terminal->waiter.context, STDIN_FILENO);
        if (disturbed && !terminal->dumb)
            set_up_again(terminal);
    } while (result == WAIT_DISTURBED);
    return result == WAIT_READABLE;
}

static bool read_byte(struct terminal *terminal, char *byte)
{
    ssize_t count;
    do {
        if (!wait_for_byte(terminal))
            return false;
        count = read(STDIN_FILENO, byte, 1);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    return count == 1;
}

/* Adds a byte to the character that is being read; true when it is complete. */
static bool decode(struct terminal *terminal, char byte, wchar_t *character)
{
    size_t result = mbrtowc(character, &byte, 1, &terminal->decoder);
    if (result == (size_t)-2)
        return false;
    if (result == (size_t)-1) {
        terminal->decoder = (mbstate_t){0};
        *character = 0xFFFD;
    }
    return true;
}

/* Here, not by a function bound to the key: libedit never frees the names of such functions. */
static void complete(struct terminal *terminal)
{
    const LineInfo *line = el_line(terminal->edit);
    struct text rest = TEXT_EMPTY;
    completion_add(line->buffer, (size_t)(line->cursor - line->buffer), &rest);
    if (rest.length > 0 && !rest.failed) {
        terminal_hide(terminal);
        el_insertstr(terminal->edit, rest.bytes);
        terminal_show(terminal);
    }
    text_clear(&rest);
}

enum { CONTROL_D = 4 };

/* The kernel took a Ctrl-D that was typed before this line for the end, and left a NUL in its
 * place; one that is typed now is Ctrl-Space. */
static char restore_end(struct terminal *terminal, char byte)
{
    bool typed_ahead = terminal->typed_ahead > 0;
    terminal->typed_ahead -= typed_ahead;
    if (byte == '\0' && typed_ahead)
        return CONTROL_D;
    return byte;
}

/* As libedit wants it: 1, or -1 when nothing more is to come. */
static int read_character(EditLine *edit, wchar_t *character)
{
    struct terminal *terminal = terminal_of(edit);
    char byte;
    if (terminal->typed_ahead < 0 && ioctl(STDIN_FILENO, FIONREAD, &terminal->typed_ahead) != 0)
        terminal->typed_ahead = 0;
    while (read_byte(terminal, &byte)) {
        byte = restore_end(terminal, byte);
        if (byte == '\t' && !terminal->dumb)
            complete(terminal);
        else if (decode(terminal, byte, character))
            return 1;
    }
    return -1;
}

/* Opening and closing. */

static bool is_dumb(void)
{
    const char *type = getenv("TERM");
    return !type || !*type || strcmp(type, "dumb") == 0;
}

static void catch_disturbances(void)
{
    struct sigaction action = {.sa_handler = note_disturbance, .sa_flags = SA_RESTART};
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
}

static bool set_up_history(struct terminal *terminal)
{
    HistEvent event;
    terminal->history = history_init();
    return terminal->history && history(terminal->history, &event, H_SETSIZE, HISTORY_LINES) >= 0 &&
           history(terminal->history, &event, H_SETUNIQUE, 1) >= 0;
}

static bool set_up(struct terminal *terminal)
{
    terminal->edit = el_init("xylem", stdin, stdout, stderr);
    if (!terminal->edit || !set_up_history(terminal))
        return false;
    EditLine *edit = terminal->edit;
    el_set(edit, EL_CLIENTDATA, terminal);
    el_set(edit, EL_PROMPT, prompt_of);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, history, terminal->history);
    el_set(edit, EL_GETCFN, read_character);
    el_source(edit, NULL);
    if (terminal->dumb)
        el_set(edit, EL_EDITMODE, 0);
    catch_disturbances();
    return true;
}

struct terminal *terminal_open(struct waiter waiter)
{
    struct terminal *terminal = calloc(1, sizeof *terminal);
    if (!terminal)
        return NULL;
    terminal->waiter = waiter;
    terminal->dumb = is_dumb();
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    if (!set_up(terminal))
        terminal_close(&terminal);
    return terminal;
}

void terminal_close(struct terminal **terminal)
{
    if ((*terminal)->edit)
        el_end((*terminal)->edit);
    if ((*terminal)->history)
        history_end((*terminal)->history);
    free(*terminal);
    *terminal = NULL;
}

/* Reading lines. */

static bool is_empty(const char *line)
{
    return line[strspn(line, " \t\n")] == '\0';
}

bool terminal_read(struct terminal *terminal, const char **bytes, size_t *count)
{
    int length = 0;
    terminal->reading = true;
    terminal->typed_ahead = -1;
    *bytes = el_gets(terminal->edit, &length);
    terminal->reading = false;
    if (!*bytes || length <= 0) {
        fputs("\n", stdout);
        fflush(stdout);
        return false;
    }
    HistEvent event;
    if (!is_empty(*bytes))
        history(terminal->history, &event, H_ENTER, *bytes);
    *count = (size_t)length;
    return true;
}

/* Giving way to notices. */

static int columns_of(const wchar_t *at, const wchar_t *end)
{
    int columns = 0;
    for (; at < end; at++) {
        int width = wcwidth(*at);
        columns += width < 0 ? 2 : width; /* a control character is shown as ^X */
    }
    return columns;
}

/* How many rows of the terminal are above the cursor, of what has been typed. */
static int rows_above_cursor(struct terminal *terminal)
{
    struct winsize window = {0};
    const LineInfoW *line = el_wline(terminal->edit);
    int columns = (int)strlen(prompt) + columns_of(line->buffer, line->cursor);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return 0;
    return columns / window.ws_col;
}

void terminal_hide(struct terminal *terminal)
{
    if (!terminal || !terminal->reading)
        return;
    int rows = terminal->dumb ? 0 : rows_above_cursor(terminal);
    if (rows > 0)
        printf("\033[%dA", rows);
    fputs(terminal->dumb ? "\n" : "\r\033[J", stdout);
    fflush(stdout);
}

void terminal_show(struct terminal *terminal)
{
    if (!terminal || !terminal->reading)
        return;
    el_set(terminal->edit, EL_REFRESH);
}

#else

typedef int terminal_is_elsewhere; /* a file of C must not be empty */

#endif
