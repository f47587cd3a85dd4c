#include "cli/command.h"

#include <string.h>

#include "cli/command_error.h"
#include "cli/command_table.h"
#include "cli/escape.h"
#include "cli/spelling.h"

enum { SHOWN_BYTES_MAX = 64 /* of a bad word */ };

void command_reject(struct command *command, int error, const char *text)
{
    command->bad = true;
    command->error = error;
    text_add_string(&command->text, text);
}

void command_reject_word(struct command *command, int error, const char *text, struct span word)
{
    command_reject(command, error, text);
    escape_add(&command->text, word.at, span_length(word), SHOWN_BYTES_MAX);
}

void command_reject_name(struct command *command, struct span name)
{
    const char *nearest = spelling_nearest(name);
    command_reject_word(command, COMMAND_BAD_COMMAND, "bad command: ", name);
    if (nearest)
        text_format(&command->text, " (did you mean '%s'?)", nearest);
}

static void reject_usage(struct command *command)
{
    command_reject(command, COMMAND_BAD_COMMAND, "bad command: usage: ");
    text_add_string(&command->text, command->type->usage);
}

static bool is_number(struct span word)
{
    size_t digits = strspn(word.at, "0123456789");
    return digits > 0 && digits == span_length(word);
}

static bool is_countable(const struct command_type *type, const struct words *words)
{
    return words->count >= type->fewest && (words->count <= type->most || type->most == ANY_NUMBER);
}

static void parse(const struct words *words, enum segment_end end, struct command *command)
{
    struct span name = words_get(words, 0);
    const struct command_type *type = command_type_find(name);
    command->type = type;
    if (end == SEGMENT_UNCLOSED)
        command_reject(command, COMMAND_BAD_COMMAND, "bad command: unclosed quote");
    else if (!type && is_number(name))
        command_reject(command, COMMAND_BAD_COMMAND, "bad command"); /* no name at all */
    else if (!type)
        command_reject_name(command, name);
    else if (!is_countable(type, words) || (type->parse && !type->parse(words, command)))
        reject_usage(command);
}

static struct command command_empty(void)
{
    return (struct command){
        .id = -1, .text = TEXT_EMPTY, .set = TEXT_EMPTY, .arguments = TEXT_EMPTY};
}

bool command_next(struct span *line, struct command *command)
{
    while (line->at < line->end) {
        struct segment segment = segment_take(line);
        if (segment_is_blank(segment))
            continue;
        struct words words = words_split(segment);
        *command = command_empty();
        command->text.failed = words.text.failed;
        if (!words.text.failed)
            parse(&words, segment.end, command);
        words_clear(&words);
        return true;
    }
    return false;
}

void command_clear(struct command *command)
{
    text_clear(&command->text);
    text_clear(&command->set);
    text_clear(&command->arguments);
}

struct command command_unreadable(void)
{
    struct command command = command_empty();
    command_reject(&command, COMMAND_BAD_COMMAND, "bad command");
    return command;
}
