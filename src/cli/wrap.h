/* Paragraphs in lines that are no longer than the terminal is wide. */
#ifndef CLI_WRAP_H
#define CLI_WRAP_H

#include <stddef.h>

#include "cli/text.h"

/* Adds a paragraph, words with blanks between them, and its newline. The first line begins at
 * `column`, which the text has reached already; each further line is indented to `indent`. No line
 * is longer than `columns`, unless a single word is. */
void wrap_add(struct text *text, const char *paragraph, size_t column, size_t indent,
              size_t columns);

#endif
