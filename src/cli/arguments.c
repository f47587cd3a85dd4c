#include "cli/arguments.h"

#include <string.h>

#include "cli/command_error.h"
#include "cli/number.h"
#include "xylem.h"

static bool take_id(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), INT64_MAX, &command->id))
        return true;
    command_reject_word(command, COMMAND_BAD_ID, "bad id: ", word);
    return false;
}

/* Whether a word is meant as a set, and not as a single id. */
static bool is_set(struct span word)
{
    bool begins = word.at < word.end && *word.at >= '0' && *word.at <= '9';
    return span_is(word, "all") || (begins && strcspn(word.at, ",-/") < span_length(word));
}

static bool reject_set(struct span word, struct command *command, int why)
{
    command->text.failed |= why == XYLEM_NO_MEMORY;
    command_reject_word(command, COMMAND_BAD_ID, "bad id: ", word);
    if (why == XYLEM_TOO_LONG)
        text_format(&command->text, " (%s)", xylem_reason(NULL));
    return false;
}

/* An id, or a set of them. */
static bool take_nodes(struct span word, struct command *command)
{
    if (!is_set(word))
        return take_id(word, command);
    text_add(&command->set, word.at, span_length(word));
    int error = command->set.failed ? XYLEM_NO_MEMORY : xylem_set_check(text_string(&command->set));
    return error == XYLEM_OK || reject_set(word, command, error);
}

/* The same for nodes that are not there yet. */
static bool take_new_nodes(struct span word, struct command *command)
{
    bool taken = take_nodes(word, command);
    bool existing = span_is(word, "all") || memchr(word.at, '/', span_length(word));
    return taken && (!existing || reject_set(word, command, XYLEM_INVALID));
}

static bool take_ms(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), NUMBER_MS_MAX, &command->ms))
        return true;
    command_reject_word(command, COMMAND_BAD_NUMBER, "bad number: ", word);
    return false;
}

static bool take_job(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), INT64_MAX, &command->job) && command->job > 0)
        return true;
    command_reject_word(command, COMMAND_BAD_NUMBER, "bad number: ", word);
    return false;
}

bool arguments_id(const struct words *words, struct command *command)
{
    take_id(words_get(words, 1), command);
    return true;
}

bool arguments_nodes(const struct words *words, struct command *command)
{
    take_nodes(words_get(words, 1), command);
    return true;
}

bool arguments_ms(const struct words *words, struct command *command)
{
    take_ms(words_get(words, 1), command);
    return true;
}

static bool take_parent(struct span word, struct command *command)
{
    command->parent = XYLEM_CONTROLLER;
    if (span_is(word, "-1") || number_read(word.at, span_length(word), INT64_MAX, &command->parent))
        return true;
    command_reject_word(command, COMMAND_BAD_ID, "bad id: ", word);
    return false;
}

/* Whether a word that stands where an option or a parent may be is meant as an option. */
static bool is_like_an_option(struct span word)
{
    return span_length(word) >= 2 && strncmp(word.at, "--", 2) == 0;
}

enum { PARENT_AT = 2 };

/* The options of `create`, as they are given. */
struct given {
    bool service, arguments, fresh;
};

static bool *find_option(struct span word, struct given *given)
{
    if (span_is(word, "--service"))
        return &given->service;
    if (span_is(word, "--arguments"))
        return &given->arguments;
    return span_is(word, "--fresh") ? &given->fresh : NULL;
}

/* Each at most once, in any order. */
static bool take_options(const struct words *words, int next, struct command *command)
{
    struct given given = {0};
    while (next < words->count) {
        bool *option = find_option(words_get(words, next++), &given);
        if (!option || *option)
            return false;
        *option = true;
        if (option == &given.fresh)
            continue;
        if (next == words->count)
            return false;
        struct span value = words_get(words, next++);
        if (option == &given.service && span_length(value) == 0)
            return false;
        text_add(option == &given.service ? &command->text : &command->arguments, value.at,
                 span_length(value));
    }
    command->fresh = given.fresh;
    return true;
}

bool arguments_create(const struct words *words, struct command *command)
{
    bool has_parent = words->count > PARENT_AT && !is_like_an_option(words_get(words, PARENT_AT));
    struct command options = {.text = TEXT_EMPTY, .arguments = TEXT_EMPTY};
    command->parent = XYLEM_ANY;
    bool well_formed = take_options(words, PARENT_AT + has_parent, &options);
    if (well_formed && take_new_nodes(words_get(words, 1), command) &&
        (!has_parent || take_parent(words_get(words, PARENT_AT), command))) {
        command->text = options.text;
        command->arguments = options.arguments;
        command->fresh = options.fresh;
    } else {
        text_clear(&options.text);
        text_clear(&options.arguments);
    }
    return well_formed;
}

bool arguments_move(const struct words *words, struct command *command)
{
    if (take_id(words_get(words, 1), command))
        take_parent(words_get(words, 2), command);
    return true;
}

bool arguments_exec(const struct words *words, struct command *command)
{
    if (!take_nodes(words_get(words, 1), command))
        return true;
    struct span name = words_get(words, 2);
    int count = words->count - words->ampersand;
    if (command->set.length > 0 && words->ampersand) /* a job is of one node */
        return false;
    bool one = count == 3 && !words->first[2].quoted;
    command->background = words->ampersand;
    command->from_file = one && name.at < name.end && *name.at == '@';
    if (command->from_file)
        text_add(&command->text, name.at + 1, span_length(name) - 1);
    else
        text_add(&command->text, text_string(&words->arguments),
                 words->ampersand ? words->but_last : words->arguments.length);
    return count >= 3;
}

static bool wait_for_jobs(const struct words *words, struct command *command)
{
    struct span which = words_get(words, 1);
    if (words->count > 3)
        return false;
    command->for_jobs = true;
    if ((span_is(which, "all") || take_job(which, command)) && words->count == 3)
        take_ms(words_get(words, 2), command);
    return true;
}

static bool wait_for_node(const struct words *words, struct command *command)
{
    struct span state = words_get(words, 2);
    command->available = span_is(state, "up");
    if (!command->available && !span_is(state, "down"))
        return false;
    if (take_id(words_get(words, 1), command) && words->count == 4)
        take_ms(words_get(words, 3), command);
    return true;
}

/* Also a number that is not well formed. */
static bool is_like_a_number(struct span word)
{
    return word.at < word.end && strchr("+-0123456789", *word.at);
}

bool arguments_wait(const struct words *words, struct command *command)
{
    bool for_jobs = words->count == 2 || span_is(words_get(words, 1), "all") ||
                    is_like_a_number(words_get(words, 2));
    command->ms = -1;
    return for_jobs ? wait_for_jobs(words, command) : wait_for_node(words, command);
}

bool arguments_cancel(const struct words *words, struct command *command)
{
    take_job(words_get(words, 1), command);
    return true;
}

bool arguments_help(const struct words *words, struct command *command)
{
    if (words->count == 2 && !(command->topic = command_type_find(words_get(words, 1))))
        command_reject_name(command, words_get(words, 1));
    return true;
}
