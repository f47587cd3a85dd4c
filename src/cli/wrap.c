#include "cli/wrap.h"

#include <stdbool.h>
#include <string.h>

/* The columns of UTF-8: one for each character. */
static size_t columns_of(const char *word, size_t length)
{
    size_t columns = 0;
    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)word[i] & 0xC0) != 0x80;
    return columns;
}

void wrap_add(struct text *text, const char *paragraph, size_t column, size_t indent,
              size_t columns)
{
    size_t before = 0;            /* blanks before the next word */
    bool begun = column > indent; /* the line has a word already */
    while (*(paragraph += strspn(paragraph, " "))) {
        size_t length = strcspn(paragraph, " ");
        size_t width = columns_of(paragraph, length);
        if (begun && column + before + width > columns) {
            text_add_string(text, "\n");
            column = 0;
            before = indent;
        }
        text_format(text, "%*s", (int)before, "");
        text_add(text, paragraph, length);
        column += before + width;
        before = 1;
        begun = true;
        paragraph += length;
    }
    text_add_string(text, "\n");
}
