#include "cli/input.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/utf8.h"

/* Room for the longest line and what is read at once, so that a line that has been begun always
 * fits. */
enum { SMALLEST_CAPACITY = INPUT_LINE_MAX + INPUT_CHUNK };

/* How many of the bytes belong to the line that is being discarded. */
static size_t skip_discarded(struct input *input, const char *bytes, size_t count)
{
    if (!input->discarding || count == 0)
        return 0;
    const char *newline = memchr(bytes, '\n', count);
    if (!newline)
        return count;
    input->discarding = false;
    return (size_t)(newline - bytes) + 1;
}

static void move_to_front(struct input *input)
{
    if (input->start == 0)
        return;
    memmove(input->bytes, input->bytes + input->start, input->end - input->start);
    input->searched -= input->start;
    input->end -= input->start;
    input->start = 0;
}

static bool make_room(struct input *input, size_t count)
{
    move_to_front(input);
    size_t capacity = input->capacity ? input->capacity : SMALLEST_CAPACITY;
    while (capacity - input->end < count)
        capacity *= 2;
    if (capacity == input->capacity)
        return true;
    char *bytes = realloc(input->bytes, capacity);
    if (!bytes)
        return false;
    input->bytes = bytes;
    input->capacity = capacity;
    return true;
}

bool input_feed(struct input *input, const char *bytes, size_t count)
{
    size_t skipped = skip_discarded(input, bytes, count);
    if (skipped == count)
        return true;
    if (!make_room(input, count - skipped))
        return false;
    memcpy(input->bytes + input->end, bytes + skipped, count - skipped);
    input->end += count - skipped;
    assert(input->end <= input->capacity);
    return true;
}

void input_end(struct input *input)
{
    input->ended = true;
}

static bool is_bad(const char *text, size_t length)
{
    return length > INPUT_LINE_MAX || memchr(text, '\0', length) || !utf8_valid(text, length);
}

/* Delivers the bytes up to `end`; the next line begins at `next`. */
static bool deliver(struct input *input, size_t end, size_t next, struct input_line *line)
{
    line->text = input->bytes + input->start;
    line->length = end - input->start;
    line->number = ++input->lines;
    line->bad = is_bad(line->text, line->length);
    input->start = input->searched = next;
    return true;
}

/* Skips the byte order mark that some editors write; false while that may still be incomplete. */
static bool begin(struct input *input)
{
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    size_t count = input->end - input->start;
    size_t compared = count < sizeof mark ? count : sizeof mark;
    bool like_mark = memcmp(input->bytes + input->start, mark, compared) == 0;
    if (like_mark && compared < sizeof mark && !input->ended)
        return false;
    if (like_mark && compared == sizeof mark)
        input->start = input->searched = input->start + sizeof mark;
    input->begun = true;
    return true;
}

bool input_next(struct input *input, struct input_line *line)
{
    if (input->start == input->end || (!input->begun && !begin(input)) ||
        input->start == input->end)
        return false;
    const char *newline =
        memchr(input->bytes + input->searched, '\n', input->end - input->searched);
    if (newline) {
        size_t end = (size_t)(newline - input->bytes);
        return deliver(input, end, end + 1, line);
    }
    input->searched = input->end;
    input->discarding = input->end - input->start > INPUT_LINE_MAX;
    if (input->discarding || input->ended)
        return deliver(input, input->end, input->end, line);
    return false;
}

void input_clear(struct input *input)
{
    free(input->bytes);
    *input = INPUT_EMPTY;
}
