/* Where the lines of commands come from: a text, a descriptor, or a terminal. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <stdbool.h>

#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/wait.h"

struct source {
    struct input input;
    int fd;                    /* -1: all there is has been fed to the input */
    struct terminal *terminal; /* reads instead of the descriptor, unless NULL */
    struct waiter waiter;
    int error; /* the errno of what went wrong; 0 so far */
};

/* Lines from a text; lasts no longer than the source. */
void source_from_text(struct source *source, const char *text);

/* Lines from a descriptor, or from the terminal that stands before it (may be NULL); both belong to
 * the caller. */
void source_from_fd(struct source *source, int fd, struct terminal *terminal, struct waiter waiter);

/* Takes the next line, and waits for it if need be. False: there are no more, or none are wanted,
 * or `error` says what went wrong. */
bool source_next(struct source *source, struct input_line *line);

void source_clear(struct source *source);

#endif
