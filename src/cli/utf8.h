/* UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef CLI_UTF8_H
#define CLI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes the character at the start of `text` has; 0 if it is not valid. */
size_t utf8_step(const char *text, size_t length);

/* Whether a character of `length` bytes is a control character: C0, DEL or C1. */
bool utf8_is_control(const char *character, size_t length);

bool utf8_valid(const char *text, size_t length);

#endif
