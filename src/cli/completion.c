#include "cli/completion.h"

#include <string.h>

#include "cli/command.h"

static size_t word_start(const char *line, size_t length)
{
    while (length > 0 && line[length - 1] != ' ' && line[length - 1] != ';')
        length--;
    return length;
}

static bool is_name_expected(const char *line, size_t at)
{
    while (at > 0 && line[at - 1] == ' ')
        at--;
    return at == 0 || line[at - 1] == ';';
}

static size_t common_length(const char *one, const char *other)
{
    size_t length = 0;
    while (one[length] && one[length] == other[length])
        length++;
    return length;
}

void completion_add(const char *beginning, size_t length, struct text *rest)
{
    size_t start = word_start(beginning, length);
    size_t typed = length - start;
    const char *found = NULL;
    const char *name;
    size_t names = 0;
    size_t common = 0;
    for (size_t i = 0; (name = command_name(i)); i++) {
        if (strncmp(name, beginning + start, typed) != 0)
            continue;
        size_t shared = found ? common_length(name, found) : strlen(name);
        common = names++ > 0 && common < shared ? common : shared;
        found = name;
    }
    if (!found || !is_name_expected(beginning, start))
        return;
    text_add(rest, found + typed, common - typed);
    if (names == 1)
        text_add_string(rest, " ");
}
