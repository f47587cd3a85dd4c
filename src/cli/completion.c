#include "cli/completion.h"

#include <string.h>

#include "cli/command_table.h"
#include "cli/word_list.h"
#include "cli/words.h"

/* The words that begin with what is typed. */
struct candidates {
    struct span typed;
    size_t count;
    struct span common; /* the beginning that all of them share */
};

static size_t common_length(struct span one, struct span other)
{
    size_t length = 0;
    while (one.at + length < one.end && other.at + length < other.end &&
           one.at[length] == other.at[length])
        length++;
    return length;
}

static void consider(struct candidates *candidates, struct span word)
{
    if (common_length(candidates->typed, word) < span_length(candidates->typed))
        return;
    if (candidates->count++ == 0)
        candidates->common = word;
    candidates->common.end = candidates->common.at + common_length(candidates->common, word);
}

static void consider_commands(struct candidates *candidates)
{
    for (const struct command_type *type = command_types; type->name; type++)
        consider(candidates, (struct span){type->name, type->name + strlen(type->name)});
}

static void consider_arguments(struct candidates *candidates, struct span name)
{
    const struct command_type *type = command_type_find(name);
    const char *list = type ? type->completions : NULL;
    struct span word;
    while (word_list_take(&list, &word))
        consider(candidates, word);
    if (type && type->takes_command)
        consider_commands(candidates);
}

/* What is typed of the command that a line ends with. A word that is completed has neither blanks
 * nor quotes, so what ends within quotes or in a comment is not the start of one. */
static struct span last_command(struct span line)
{
    struct segment segment;
    do
        segment = segment_take(&line);
    while (segment.end == SEGMENT_SEPARATED);
    while (segment.text.at < segment.text.end && *segment.text.at == ' ')
        segment.text.at++;
    if (segment.end != SEGMENT_ENDED)
        segment.text.at = segment.text.end;
    return segment.text;
}

static struct candidates find_candidates(struct span command)
{
    struct candidates candidates = {.typed = command};
    const char *blank = NULL; /* the first one */
    for (const char *at = command.at; at < command.end; at++)
        if (*at == ' ') {
            blank = blank ? blank : at;
            candidates.typed.at = at + 1;
        }
    if (!blank)
        consider_commands(&candidates);
    else if (span_length(candidates.typed) > 0)
        consider_arguments(&candidates, (struct span){command.at, blank});
    return candidates;
}

void completion_add(const char *beginning, size_t length, struct text *rest)
{
    struct span command = last_command((struct span){beginning, beginning + length});
    struct candidates candidates = find_candidates(command);
    if (candidates.count == 0)
        return;
    size_t typed = span_length(candidates.typed);
    text_add(rest, candidates.common.at + typed, span_length(candidates.common) - typed);
    if (candidates.count == 1)
        text_add_string(rest, " ");
}
