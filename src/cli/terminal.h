/* A person at a terminal: standard input and output. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/wait.h"

struct terminal;

/* NULL when there is no memory. */
struct terminal *terminal_open(struct waiter waiter);

/* Shows the prompt and takes what is typed then, a line with its newline as a rule. It belongs to
 * the terminal and lasts until the next call. False: there is nothing more to come. */
bool terminal_read(struct terminal *terminal, const char **bytes, size_t *count);

/* Around a line that is written while terminal_read waits: takes the prompt away, and brings it
 * back with what has been typed. They do nothing at any other time, or when there is no terminal.
 */
void terminal_hide(struct terminal *terminal);
void terminal_show(struct terminal *terminal);

/* Leaves the terminal as it was found. Clears the caller's pointer. */
void terminal_close(struct terminal **terminal);

#endif
