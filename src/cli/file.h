/* A whole file as a text. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>

#include "cli/text.h"

/* Reads a file of at most `longest` bytes, and one newline at its end that is dropped; never waits.
 * XYLEM_OK, XYLEM_TOO_LONG, XYLEM_NO_MEMORY; COMMAND_CANNOT_READ, and `reason` says why. The caller
 * clears `content` in any case. */
int file_read(const char *name, size_t longest, struct text *content, const char **reason);

#endif
