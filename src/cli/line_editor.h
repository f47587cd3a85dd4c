/* The line that is typed at a terminal without cursor movement: only its end can be changed. */
#ifndef CLI_LINE_EDITOR_H
#define CLI_LINE_EDITOR_H

#include "cli/text.h"

enum line_state {
    LINE_GOES_ON,
    LINE_COMPLETE, /* with its newline */
    LINE_ENDED     /* Ctrl-D at its beginning, or no memory: this was the last line */
};

/* Takes a byte that is typed: one of the line, Enter, Backspace, Ctrl-W, Ctrl-U or Ctrl-D; others
 * do nothing. Adds the echo for the terminal to `echo`. */
enum line_state line_editor_take(struct text *line, char byte, struct text *echo);

/* Adds the whole line to `echo`, as the terminal shows it. */
void line_editor_show(const struct text *line, struct text *echo);

#endif
