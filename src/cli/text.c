#include "cli/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/utf8.h"

enum {
    SMALLEST_CAPACITY = 64,
    DIGITS_MAX = 20 /* of a number, its sign included */
};

/* Makes room for `more` bytes and a NUL. */
static bool make_room(struct text *text, size_t more)
{
    size_t needed = text->length + more + 1;
    if (text->failed)
        return false;
    if (needed <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : SMALLEST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    text->failed = !bytes;
    if (bytes) {
        text->bytes = bytes;
        text->capacity = capacity;
    }
    return bytes;
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (!make_room(text, length))
        return;
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text_cut(text, text->length + length);
}

void text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

/* Large trees have many numbers, and text_format takes ten times as long. */
void text_add_number(struct text *text, int64_t number)
{
    char digits[DIGITS_MAX];
    char *first = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        *--first = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        *--first = '-';
    text_add(text, first, (size_t)(digits + sizeof digits - first));
}

/* Characters of more than `longest` bytes cannot be shown. */
static size_t printable_length(const char *bytes, size_t length, size_t longest)
{
    size_t shown = 0, step;
    while ((step = utf8_step(bytes + shown, length - shown)) > 0 && step <= longest &&
           !utf8_is_control(bytes + shown, step))
        shown += step;
    return shown;
}

static void add_printable(struct text *text, const char *string, size_t longest)
{
    for (size_t left = strlen(string); left > 0;) {
        size_t taken = printable_length(string, left, longest);
        text_add(text, string, taken);
        if (taken < left) {
            size_t step = utf8_step(string + taken, left - taken);
            text_add_string(text, "?");
            taken += step ? step : 1;
        }
        string += taken;
        left -= taken;
    }
}

void text_add_printable(struct text *text, const char *string)
{
    enum { LONGEST = 4 };
    add_printable(text, string, LONGEST);
}

void text_add_printable_ascii(struct text *text, const char *string)
{
    add_printable(text, string, 1);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !make_room(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_cut(struct text *text, size_t length)
{
    assert(text->bytes ? length < text->capacity : length == 0);
    text->length = length;
    if (text->bytes)
        text->bytes[length] = '\0';
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

void text_clear(struct text *text)
{
    free(text->bytes);
    *text = TEXT_EMPTY;
}
