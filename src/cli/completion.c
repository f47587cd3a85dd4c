#include "cli/completion.h"

#include <string.h>

#include "cli/command.h"
#include "cli/words.h"

/* What has been typed of the command that a line ends with. The name of a command has neither
 * blanks nor quotes, so nothing that ends within quotes or in a comment can be the start of one. */
static struct span last_command(struct span line)
{
    struct segment segment;
    do
        segment = segment_take(&line);
    while (segment.end == SEGMENT_SEPARATED);
    while (segment.text.at < segment.text.end && *segment.text.at == ' ')
        segment.text.at++;
    return segment.text;
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
    struct span start = last_command((struct span){beginning, beginning + length});
    size_t typed = span_length(start);
    const char *found = NULL;
    size_t names = 0;
    size_t common = 0;
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++) {
        const char *name = command_name(kind);
        if (strncmp(name, start.at, typed) != 0)
            continue;
        size_t shared = found ? common_length(name, found) : strlen(name);
        common = names++ > 0 && common < shared ? common : shared;
        found = name;
    }
    if (!found)
        return;
    text_add(rest, found + typed, common - typed);
    if (names == 1)
        text_add_string(rest, " ");
}
