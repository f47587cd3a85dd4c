/* UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes the character at the start of `text` has; 0 when there is no valid one. */
size_t utf8_step(const char *text, size_t length);

/* Whether this one character, `length` bytes of it, is one that a terminal would obey: of C0, DEL
 * or C1. */
bool utf8_is_control(const char *character, size_t length);

bool utf8_valid(const char *text, size_t length);

#endif
