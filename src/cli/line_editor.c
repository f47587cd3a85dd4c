#include "cli/line_editor.h"

#include <string.h>
#include <wchar.h>

#include "cli/input.h"

enum { CONTROL_D = 4, CONTROL_U = 21, CONTROL_W = 23, DELETE = 127 };

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* How many columns the character has: two, one, or none. */
static int columns_of(const char *character, size_t length)
{
    wchar_t wide;
    mbstate_t state = {0};
    size_t taken = mbrtowc(&wide, character, length, &state);
    int columns = taken == length ? wcwidth(wide) : -1;
    return columns < 0 ? 1 : columns;
}

static void erase_character(struct text *line, struct text *echo)
{
    size_t start = line->length;
    while (start > 0 && is_continuation(line->bytes[start - 1]))
        start--;
    start -= start > 0;
    for (int left = columns_of(line->bytes + start, line->length - start); left > 0; left--)
        text_add_string(echo, "\b \b");
    text_cut(line, start);
}

static bool ends_with_blank(const struct text *line)
{
    return line->length > 0 && strchr(" \t", line->bytes[line->length - 1]);
}

static void erase_word(struct text *line, struct text *echo)
{
    while (ends_with_blank(line))
        erase_character(line, echo);
    while (line->length > 0 && !ends_with_blank(line))
        erase_character(line, echo);
}

/* A TAB is a blank like others, in a place that is known. */
static void show_byte(char byte, struct text *echo)
{
    text_add(echo, byte == '\t' ? " " : &byte, 1);
}

/* A line that is too long stays so, and is refused as a whole; no more of it is kept. */
static void add(struct text *line, char byte, struct text *echo)
{
    bool shown = byte == '\t' || (unsigned char)byte >= ' ';
    if (!shown || line->length > INPUT_LINE_MAX)
        return;
    text_add(line, &byte, 1);
    show_byte(byte, echo);
}

static enum line_state complete(struct text *line, struct text *echo)
{
    text_add_string(line, "\n");
    text_add_string(echo, "\n");
    return line->failed ? LINE_ENDED : LINE_COMPLETE;
}

enum line_state line_editor_take(struct text *line, char byte, struct text *echo)
{
    if (byte == '\n' || byte == '\r')
        return complete(line, echo);
    if (byte == CONTROL_D)
        return line->length > 0 ? LINE_GOES_ON : LINE_ENDED;
    if (byte == CONTROL_W)
        erase_word(line, echo);
    else if (byte != CONTROL_U && byte != '\b' && byte != DELETE)
        add(line, byte, echo);
    else if (line->length > 0)
        do
            erase_character(line, echo);
        while (byte == CONTROL_U && line->length > 0);
    return line->failed ? LINE_ENDED : LINE_GOES_ON;
}

void line_editor_show(const struct text *line, struct text *echo)
{
    for (size_t i = 0; i < line->length; i++)
        show_byte(line->bytes[i], echo);
}
