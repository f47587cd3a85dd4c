/* A text that grows. `failed` is set when memory runs out; a caller checks it once, at the end. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *bytes;
    size_t length;
    size_t capacity;
    bool failed;
};

#define TEXT_EMPTY ((struct text){NULL, 0, 0, false})

void text_add(struct text *text, const char *bytes, size_t length);
void text_add_string(struct text *text, const char *string);
void text_add_number(struct text *text, int64_t number);

/* Adds a string in one line that is safe for a terminal: control characters, and bytes that are not
 * UTF-8, become question marks. */
void text_add_printable(struct text *text, const char *string);

/* The same, in ASCII: every other character becomes a question mark. */
void text_add_printable_ascii(struct text *text, const char *string);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Keeps the first `length` bytes. */
void text_cut(struct text *text, size_t length);

/* The text with a NUL behind it; belongs to the text. */
const char *text_string(const struct text *text);

/* Releases the memory; the text is empty then. */
void text_clear(struct text *text);

#endif
