/* The terminal of a session: standard input and output. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/wait.h"

struct terminal;

/* Opens it, with a prompt and as much line editing as the terminal is capable of, or without a
 * prompt. NULL without memory. */
struct terminal *terminal_open(struct waiter waiter, bool prompting);

/* Shows the prompt and reads what is typed, as a rule a line with its newline. The bytes belong to
 * the terminal and last until the next call. False at the end of the input. An interrupt clears the
 * line; the second one in a row at an empty line asks the program to stop. */
bool terminal_read(struct terminal *terminal, const char **bytes, size_t *count);

/* Before and after output that is written while terminal_read waits: these remove the prompt, and
 * show it again with the line so far. At any other time, and for NULL, they do nothing. */
void terminal_hide(struct terminal *terminal);
void terminal_show(struct terminal *terminal);

/* After an interrupt of a command: the next output begins in a line of its own. Does nothing for
 * NULL. */
void terminal_break(struct terminal *terminal);

/* Leaves the terminal as it was found. Clears the caller's pointer. */
void terminal_close(struct terminal **terminal);

#endif
