#include "cli/utf8.h"

/* One kind of character: its first bytes, its length, and what its second byte may be. The second
 * byte alone tells overlong forms, surrogates and too large numbers from the rest. */
struct shape {
    unsigned char first_low, first_high;
    unsigned char length;
    unsigned char second_low, second_high;
};

static const struct shape shapes[] = {
    {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF}, {0xE1, 0xEC, 3, 0x80, 0xBF},
    {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const struct shape *shape_of(unsigned char first)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (first >= shapes[i].first_low && first <= shapes[i].first_high)
            return &shapes[i];
    return NULL;
}

size_t utf8_step(const char *text, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (length == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    const struct shape *shape = shape_of(bytes[0]);
    if (!shape || length < shape->length)
        return 0;
    if (bytes[1] < shape->second_low || bytes[1] > shape->second_high)
        return 0;
    for (size_t i = 2; i < shape->length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    return shape->length;
}

bool utf8_is_control(const char *character, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)character;
    return bytes[0] < 0x20 || bytes[0] == 0x7F ||
           (length == 2 && bytes[0] == 0xC2 && bytes[1] < 0xA0);
}

bool utf8_valid(const char *text, size_t length)
{
    while (length > 0) {
        size_t step = utf8_step(text, length);
        if (step == 0)
            return false;
        text += step;
        length -= step;
    }
    return true;
}
