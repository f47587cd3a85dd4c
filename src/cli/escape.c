#include "cli/escape.h"

#include "cli/utf8.h"

static void add_character(struct text *text, const char *character, size_t length)
{
    if (!utf8_is_control(character, length)) {
        text_add(text, character, length);
        return;
    }
    for (size_t i = 0; i < length; i++)
        text_format(text, "\\x%02x", (unsigned char)character[i]);
}

void escape_add(struct text *text, const char *word, size_t length, size_t longest)
{
    text_add_string(text, "'");
    for (size_t at = 0; at < length;) {
        size_t step = utf8_step(word + at, length - at);
        step = step ? step : 1;
        if (at + step > longest) {
            text_add_string(text, "...");
            break;
        }
        add_character(text, word + at, step);
        at += step;
    }
    text_add_string(text, "'");
}
