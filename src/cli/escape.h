/* Input that is shown in a message. */
#ifndef CLI_ESCAPE_H
#define CLI_ESCAPE_H

#include <stddef.h>

#include "cli/text.h"

/* Adds a word in quotes. Control characters are shown as \x1b. A word that has more than `longest`
 * bytes is cut. */
void escape_add(struct text *text, const char *word, size_t length, size_t longest);

#endif
