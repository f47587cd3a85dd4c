/* What Tab adds to the beginning of a line. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stddef.h>

#include "cli/text.h"

/* Adds to `rest` what must follow the beginning of a line: the rest of the name of a command, or of
 * a word among its arguments; of several such words, what they have in common. */
void completion_add(const char *beginning, size_t length, struct text *rest);

#endif
