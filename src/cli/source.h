/* Where the lines of commands come from: a text, a descriptor, or a terminal. */
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include <stdbool.h>

#include "cli/input.h"
#include "cli/terminal.h"
#include "cli/wait.h"

struct source {
    struct input input;
    int fd;                    /* -1: the input has everything */
    struct terminal *terminal; /* reads in place of the descriptor; may be NULL */
    struct waiter waiter;
    int error; /* the errno of a failure; 0 so far */
};

/* Lines from a text, which the source copies. */
void source_from_text(struct source *source, const char *text);

/* Lines from a descriptor, or from its terminal (may be NULL); both belong to the caller. */
void source_from_fd(struct source *source, int fd, struct terminal *terminal, struct waiter waiter);

/* Takes the next line, and waits for it if necessary. False at the end, if the waiting ended, or if
 * reading failed with `error`. */
bool source_next(struct source *source, struct input_line *line);

void source_clear(struct source *source);

#endif
