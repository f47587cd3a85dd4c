/* The terminal with line editing, by libedit. libedit reads one character at a time; while it
 * waits, the network runs and notices appear. */
#ifdef XYLEM_HAVE_EDIT

#include <histedit.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/completion.h"
#include "cli/terminal_kind.h"
#include "cli/text.h"

enum { HISTORY_LINES = 1000 };

struct editing {
    struct terminal terminal;
    EditLine *edit;
    History *history;
    bool begun;          /* libedit has set the mode of the terminal, and asks for a line */
    const char *pending; /* bytes of a key that libedit has not got yet */
    char meta[3];
    mbstate_t decoder;
    enum typed_line line; /* how the reading ended */
};

static char prompt[] = "xylem> ";

static char *prompt_of(EditLine *edit)
{
    (void)edit;
    return prompt;
}

static struct editing *editing_of(struct terminal *terminal)
{
    return (struct editing *)terminal;
}

/* Reading characters. */

/* The sequence that libedit knows for each key, whatever the terminal sends. For words these are
 * Alt and a letter, which vi mode has too. */
static const struct {
    const char *sequence, *function; /* NULL: that of libedit */
} keys[KEYS] = {
    [KEY_UNKNOWN] = {"", NULL},
    [KEY_UP] = {"\033[A", "ed-prev-history"},
    [KEY_DOWN] = {"\033[B", "ed-next-history"},
    [KEY_LEFT] = {"\033[D", "ed-prev-char"},
    [KEY_RIGHT] = {"\033[C", "ed-next-char"},
    [KEY_WORD_LEFT] = {"\033b", NULL},
    [KEY_WORD_RIGHT] = {"\033f", NULL},
    [KEY_HOME] = {"\033[H", "ed-move-to-beg"},
    [KEY_END] = {"\033[F", "ed-move-to-end"},
    [KEY_DELETE] = {"\033[3~", "ed-delete-next-char"},
};

/* Adds a byte to the character that is being read; true when it is complete. */
static bool decode(struct editing *editing, char byte, wchar_t *character)
{
    size_t result = mbrtowc(character, &byte, 1, &editing->decoder);
    if (result == (size_t)-2)
        return false;
    if (result == (size_t)-1) {
        editing->decoder = (mbstate_t){0};
        *character = 0xFFFD;
    }
    return true;
}

/* Here, not by a function bound to the key: libedit never frees the names of such functions. */
static void complete(struct editing *editing)
{
    const LineInfo *line = el_line(editing->edit);
    struct text rest = TEXT_EMPTY;
    completion_add(line->buffer, (size_t)(line->cursor - line->buffer), &rest);
    if (rest.length > 0 && !rest.failed) {
        terminal_hide(&editing->terminal);
        el_insertstr(editing->edit, rest.bytes);
        terminal_show(&editing->terminal);
    }
    text_clear(&rest);
}

/* Moves the cursor to the end of the line. */
static void interrupt(struct editing *editing)
{
    const LineInfoW *line = el_wline(editing->edit);
    bool empty = line->lastchar == line->buffer;
    terminal_hide(&editing->terminal);
    el_cursor(editing->edit, (int)(line->lastchar - line->cursor));
    terminal_show(&editing->terminal);
    editing->line = empty ? LINE_WAS_EMPTY : LINE_CLEARED;
}

/* False at the end of this line. */
static bool next_byte(struct editing *editing, char *byte)
{
    while (!*editing->pending) {
        switch (terminal_take(&editing->terminal)) {
        case TYPED_BYTE:
            *byte = editing->terminal.keys.byte;
            return true;
        case TYPED_META:
            editing->meta[1] = editing->terminal.keys.byte;
            editing->pending = editing->meta;
            break;
        case TYPED_KEY:
            editing->pending = keys[editing->terminal.keys.key].sequence;
            break;
        case TYPED_INTERRUPT:
            interrupt(editing);
            return false;
        case TYPED_END:
            return false;
        }
    }
    *byte = *editing->pending++;
    return true;
}

/* Returns what libedit expects: 1, or -1 at the end. */
static int read_character(EditLine *edit, wchar_t *character)
{
    void *context = NULL;
    el_get(edit, EL_CLIENTDATA, &context);
    struct editing *editing = context;
    char byte;
    if (!editing->begun)
        terminal_count_typed_ahead(&editing->terminal);
    editing->begun = true;
    while (next_byte(editing, &byte)) {
        if (byte == '\t')
            complete(editing);
        else if (decode(editing, byte, character))
            return 1;
    }
    return -1;
}

/* Opening and closing. */

static bool set_up_history(struct editing *editing)
{
    HistEvent event;
    editing->history = history_init();
    return editing->history && history(editing->history, &event, H_SETSIZE, HISTORY_LINES) >= 0 &&
           history(editing->history, &event, H_SETUNIQUE, 1) >= 0;
}

static void bind_keys(EditLine *edit)
{
    for (enum key key = KEY_UNKNOWN; key < KEYS; key++)
        if (keys[key].function)
            el_set(edit, EL_BIND, keys[key].sequence, keys[key].function, NULL);
}

/* In vi the ESC of a key also ends the insertion, so that only the rest of it may be left. */
static void bind_keys_of_vi(EditLine *edit)
{
    const char *editor = NULL;
    if (el_get(edit, EL_EDITOR, &editor) != 0 || strcmp(editor, "vi") != 0)
        return;
    el_set(edit, EL_BIND, "-a", "\033b", "vi-prev-word", NULL);
    el_set(edit, EL_BIND, "-a", "\033f", "vi-next-word", NULL);
    el_set(edit, EL_BIND, "-a", "\033[3~", "ed-delete-next-char", NULL);
    el_set(edit, EL_BIND, "-a", "[3~", "ed-delete-next-char", NULL);
}

static bool set_up(struct editing *editing)
{
    editing->edit = el_init("xylem", stdin, stdout, stderr);
    if (!editing->edit || !set_up_history(editing))
        return false;
    EditLine *edit = editing->edit;
    el_set(edit, EL_CLIENTDATA, editing);
    el_set(edit, EL_PROMPT, prompt_of);
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_HIST, history, editing->history);
    el_set(edit, EL_GETCFN, read_character);
    bind_keys(edit);
    el_source(edit, NULL);
    bind_keys_of_vi(edit);
    terminal_renew_after(SIGWINCH);
    return true;
}

static void close_editing(struct terminal *terminal)
{
    struct editing *editing = editing_of(terminal);
    if (editing->edit)
        el_end(editing->edit);
    if (editing->history)
        history_end(editing->history);
    free(editing);
}

/* Reading lines. */

static bool is_empty(const char *line)
{
    return line[strspn(line, " \t\n")] == '\0';
}

static enum typed_line read_line(struct terminal *terminal, const char **bytes, size_t *count)
{
    struct editing *editing = editing_of(terminal);
    int length = 0;
    HistEvent event;
    editing->begun = false;
    editing->pending = "";
    editing->decoder = (mbstate_t){0};
    editing->line = LINE_NEVER_COMES;
    *bytes = el_gets(editing->edit, &length);
    if (!*bytes || length <= 0) {
        fputs(editing->line == LINE_NEVER_COMES ? "\n" : "^C\n", stdout);
        fflush(stdout);
        return editing->line;
    }
    if (!is_empty(*bytes))
        history(editing->history, &event, H_ENTER, *bytes);
    *count = (size_t)length;
    return LINE_TYPED;
}

/* Notices. */

static int columns_of(const wchar_t *at, const wchar_t *end)
{
    int columns = 0;
    for (; at < end; at++) {
        int width = wcwidth(*at);
        columns += width < 0 ? 2 : width; /* a control character is shown as ^X */
    }
    return columns;
}

/* How many rows of the line are above the cursor. */
static int rows_above_cursor(struct editing *editing)
{
    struct winsize window = {0};
    const LineInfoW *line = el_wline(editing->edit);
    int columns = (int)strlen(prompt) + columns_of(line->buffer, line->cursor);
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return 0;
    return columns / window.ws_col;
}

static void hide(struct terminal *terminal)
{
    int rows = rows_above_cursor(editing_of(terminal));
    if (rows > 0)
        printf("\033[%dA", rows);
    fputs("\r\033[J", stdout);
    fflush(stdout);
}

static void show(struct terminal *terminal)
{
    el_set(editing_of(terminal)->edit, EL_REFRESH);
}

static void renew(struct terminal *terminal)
{
    EditLine *edit = editing_of(terminal)->edit;
    el_resize(edit);
    el_set(edit, EL_PREP_TERM, 0);
    el_set(edit, EL_PREP_TERM, 1);
    hide(terminal);
    show(terminal);
}

static const struct terminal_kind kind = {
    .read = read_line,
    .hide = hide,
    .show = show,
    .renew = renew,
    .broken = "\n", /* the terminal has echoed ^C */
    .close = close_editing,
};

struct terminal *terminal_open_editing(void)
{
    struct editing *editing = calloc(1, sizeof *editing);
    if (!editing)
        return NULL;
    editing->terminal.kind = &kind;
    editing->meta[0] = '\033';
    if (set_up(editing))
        return &editing->terminal;
    close_editing(&editing->terminal);
    return NULL;
}

#else

typedef int terminal_is_elsewhere; /* a file of C must not be empty */

#endif
