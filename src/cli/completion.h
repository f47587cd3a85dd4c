/* What TAB adds to the beginning of a line. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stddef.h>

#include "cli/text.h"

/* Adds to `rest` what can only follow the beginning of a line: the rest of the name of a command,
 * or what the names in question have in common. Adds nothing behind any other word. */
void completion_add(const char *beginning, size_t length, struct text *rest);

#endif
