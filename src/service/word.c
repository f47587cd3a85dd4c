#include "service/word.h"

#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n\v\f\r";

/* Behind the first quote: without a second one the word goes on to the end. */
static void take_quoted(const char **text, xy_word *word)
{
    const char *end = word->at;
    while (*end && *end != '"') {
        word->escaped = word->escaped || *end == '\\';
        end += *end == '\\' && end[1] ? 2 : 1;
    }
    word->length = (size_t)(end - word->at);
    *text = *end ? end + 1 : end;
}

bool xy_word_take(const char **text, xy_word *word)
{
    *word = (xy_word){.at = *text + strspn(*text, blanks)};
    if (*word->at == '"') {
        word->at++;
        take_quoted(text, word);
        return true;
    }
    word->length = strcspn(word->at, blanks);
    *text = word->at + word->length;
    return word->length > 0;
}

char *xy_word_copy(xy_word word, size_t *length)
{
    char *copy = malloc(word.length + 1), *end = copy;
    for (size_t i = 0; copy && i < word.length; i++) {
        i += word.escaped && word.at[i] == '\\' && i + 1 < word.length;
        *end++ = word.at[i];
    }
    if (copy)
        *end = '\0';
    if (length)
        *length = (size_t)(end - copy);
    return copy;
}

bool xy_words_over(const char *text)
{
    return text[strspn(text, blanks)] == '\0';
}

bool xy_word_number(xy_word word, int64_t *number)
{
    bool negative = word.length > 0 && word.at[0] == '-';
    size_t i = negative || (word.length > 0 && word.at[0] == '+');
    int64_t value = 0;
    if (i == word.length)
        return false;
    for (; i < word.length; i++) {
        int digit = word.at[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *number = value;
    return true;
}
