/* A terminal without cursor movement, or without libedit. The program itself echoes what is typed,
 * so it can show the line again after a notice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "cli/line_editor.h"
#include "cli/terminal_kind.h"

struct plain {
    struct terminal terminal;
    const char *prompt;
    struct termios found;
    bool echoes; /* the terminal echoed before: the program does it now */
    struct text line;
};

static struct plain *plain_of(struct terminal *terminal)
{
    return (struct plain *)terminal;
}

/* A failure is ignored here: the next reply has the same. */
static void show_string(const char *string)
{
    fputs(string, stdout);
    fflush(stdout);
}

static void show_text(struct plain *plain, struct text *echo)
{
    if (plain->echoes)
        show_string(text_string(echo));
    text_clear(echo);
}

static void set_mode(struct terminal *terminal)
{
    struct termios mode = plain_of(terminal)->found;
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

static void hide(struct terminal *terminal)
{
    struct plain *plain = plain_of(terminal);
    if (*plain->prompt || plain->line.length > 0)
        show_string("\n");
}

static void show(struct terminal *terminal)
{
    struct plain *plain = plain_of(terminal);
    struct text echo = TEXT_EMPTY;
    show_string(plain->prompt);
    line_editor_show(&plain->line, &echo);
    show_text(plain, &echo);
}

static void renew(struct terminal *terminal)
{
    set_mode(terminal);
    hide(terminal);
    show(terminal);
}

static enum line_state take_byte(struct plain *plain)
{
    struct text echo = TEXT_EMPTY;
    enum line_state state = line_editor_take(&plain->line, plain->terminal.keys.byte, &echo);
    show_text(plain, &echo);
    return state;
}

/* Keys other than those of characters do nothing. */
static enum typed_line type_line(struct plain *plain)
{
    enum line_state state = LINE_GOES_ON;
    while (state == LINE_GOES_ON) {
        enum typed typed = terminal_take(&plain->terminal);
        if (typed == TYPED_INTERRUPT)
            return plain->line.length > 0 ? LINE_CLEARED : LINE_WAS_EMPTY;
        if (typed == TYPED_END)
            return LINE_NEVER_COMES;
        if (typed == TYPED_BYTE)
            state = take_byte(plain);
    }
    return state == LINE_COMPLETE ? LINE_TYPED : LINE_NEVER_COMES;
}

static enum typed_line read_line(struct terminal *terminal, const char **bytes, size_t *count)
{
    struct plain *plain = plain_of(terminal);
    text_clear(&plain->line);
    show_string(plain->prompt);
    enum typed_line line = type_line(plain);
    if (line == LINE_NEVER_COMES)
        show_string("\n");
    else if (line != LINE_TYPED)
        show_string(terminal->kind->broken);
    *bytes = plain->line.bytes;
    *count = plain->line.length;
    return line;
}

static void close_plain(struct terminal *terminal)
{
    struct plain *plain = plain_of(terminal);
    tcsetattr(STDIN_FILENO, TCSANOW, &plain->found);
    text_clear(&plain->line);
    free(plain);
}

static const struct terminal_kind kind = {
    .read = read_line,
    .hide = hide,
    .show = show,
    .renew = renew,
    .broken = "^C\n",
    .close = close_plain,
};

struct terminal *terminal_open_plain(bool prompting)
{
    struct plain *plain = calloc(1, sizeof *plain);
    if (!plain || tcgetattr(STDIN_FILENO, &plain->found) != 0) {
        free(plain);
        return NULL;
    }
    plain->terminal.kind = &kind;
    plain->prompt = prompting ? "xylem> " : "";
    plain->echoes = plain->found.c_lflag & ECHO;
    set_mode(&plain->terminal);
    terminal_count_typed_ahead(&plain->terminal);
    return &plain->terminal;
}
