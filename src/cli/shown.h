/* What somebody else has written, shown harmlessly to a person. */
#ifndef CLI_SHOWN_H
#define CLI_SHOWN_H

#include <stddef.h>

#include "cli/text.h"

/* Adds a quoted word: control characters as \x1b, and only the start of one that is longer than so
 * many bytes. */
void shown_add(struct text *text, const char *word, size_t length, size_t longest);

#endif
