#include "cli/command.h"

#include <string.h>

#include "cli/fault.h"
#include "cli/number.h"
#include "cli/shown.h"

enum {
    ANY_NUMBER = -1,     /* of words */
    SHOWN_BYTES_MAX = 64 /* of a bad word */
};

/* Reads the arguments; false when they do not have the shape that the usage shows. */
typedef bool parse_arguments(const struct words *words, struct command *command);

static parse_arguments parse_id, parse_ms, parse_create, parse_exec, parse_wait, parse_cancel,
    parse_help;

static const struct syntax {
    const char *name, *usage, *purpose;
    int fewest, most;        /* words */
    parse_arguments *parse;  /* NULL: there are none */
    const char *whole_usage; /* as `help` shows it; NULL: there is no more than `usage` */
} commands[COMMAND_KINDS] = {
    [COMMAND_CREATE] = {"create", "create ID", "start a node at its place in the tree", 2, 4,
                        parse_create, "create ID [--service NAME]"},
    [COMMAND_REMOVE] = {"remove", "remove ID", "end a node and all its descendants", 2, 2, parse_id,
                        NULL},
    [COMMAND_EXEC] = {"exec", "exec ID TEXT|@FILE [&]",
                      "have a node do TEXT, or what FILE holds; &: as a job", 3, ANY_NUMBER,
                      parse_exec, NULL},
    [COMMAND_HEARTBEAT] = {"heartbeat", "heartbeat MS",
                           "have every node report each MS ms; 0 stops it", 2, 2, parse_ms, NULL},
    [COMMAND_PING] = {"ping", "ping ID", "ask the node itself whether it is there", 2, 2, parse_id,
                      NULL},
    [COMMAND_ALL] = {"all", "all", "show every id, ascending", 1, 1, NULL, NULL},
    [COMMAND_TREE] = {"tree", "tree", "draw the tree, each node with its state", 1, 1, NULL, NULL},
    [COMMAND_SLEEP] = {"sleep", "sleep MS", "wait for MS milliseconds", 2, 2, parse_ms, NULL},
    [COMMAND_WAIT] = {"wait", "wait ID up|down [MS], wait JOB|all [MS]",
                      "wait until a node is up or down, or a job is done", 2, 4, parse_wait, NULL},
    [COMMAND_JOBS] = {"jobs", "jobs", "show the jobs that are under way", 1, 1, NULL, NULL},
    [COMMAND_CANCEL] = {"cancel", "cancel JOB", "give up a job", 2, 2, parse_cancel, NULL},
    [COMMAND_KILL] = {"kill", "kill ID", "make a node die at once, without a word", 2, 2, parse_id,
                      NULL},
    [COMMAND_PAUSE] = {"pause", "pause ID", "make a node freeze", 2, 2, parse_id, NULL},
    [COMMAND_RESUME] = {"resume", "resume ID", "let a frozen node go on", 2, 2, parse_id, NULL},
    [COMMAND_HELP] = {"help", "help [COMMAND]", "show the commands, or one of them", 1, 2,
                      parse_help, NULL},
    [COMMAND_EXIT] = {"exit", "exit", "end every node and the program", 1, 1, NULL, NULL},
};

/* COMMAND_BAD when there is none of that name. */
static enum command_kind find_kind(struct span name)
{
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++)
        if (span_is(name, commands[kind].name))
            return kind;
    return COMMAND_BAD;
}

/* What is wrong with a command. */

static void reject(struct command *command, int fault, const char *text)
{
    command->kind = COMMAND_BAD;
    command->fault = fault;
    text_add_string(&command->text, text);
}

static void reject_usage(struct command *command, const struct syntax *syntax)
{
    reject(command, FAULT_BAD_COMMAND, "bad command: usage: ");
    text_add_string(&command->text, syntax->usage);
}

static void reject_word(struct command *command, int fault, const char *text, struct span word)
{
    reject(command, fault, text);
    shown_add(&command->text, word.at, span_length(word), SHOWN_BYTES_MAX);
}

/* The arguments of each kind of command. */

static bool take_id(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), INT64_MAX, &command->id))
        return true;
    reject_word(command, FAULT_BAD_ID, "bad id: ", word);
    return false;
}

static bool take_ms(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), NUMBER_MS_MAX, &command->ms))
        return true;
    reject_word(command, FAULT_BAD_NUMBER, "bad number: ", word);
    return false;
}

static bool parse_id(const struct words *words, struct command *command)
{
    take_id(words_get(words, 1), command);
    return true;
}

static bool parse_create(const struct words *words, struct command *command)
{
    if (words->count > 2 && (words->count != 4 || !span_is(words_get(words, 2), "--service")))
        return false;
    struct span service = words_get(words, 3);
    if (words->count == 4 && span_length(service) == 0)
        return false;
    if (take_id(words_get(words, 1), command) && words->count == 4)
        text_add(&command->text, service.at, span_length(service));
    return true;
}

static bool parse_ms(const struct words *words, struct command *command)
{
    take_ms(words_get(words, 1), command);
    return true;
}

static bool parse_exec(const struct words *words, struct command *command)
{
    if (!take_id(words_get(words, 1), command))
        return true;
    struct span name = words_get(words, 2);
    int count = words->count - words->ampersand;
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

static bool take_job(struct span word, struct command *command)
{
    if (number_read(word.at, span_length(word), INT64_MAX, &command->job) && command->job > 0)
        return true;
    reject_word(command, FAULT_BAD_NUMBER, "bad number: ", word);
    return false;
}

static bool parse_wait_for_jobs(const struct words *words, struct command *command)
{
    struct span which = words_get(words, 1);
    if (words->count > 3)
        return false;
    command->for_jobs = true;
    if ((span_is(which, "all") || take_job(which, command)) && words->count == 3)
        take_ms(words_get(words, 2), command);
    return true;
}

static bool parse_wait_for_node(const struct words *words, struct command *command)
{
    struct span what = words_get(words, 2);
    command->available = span_is(what, "up");
    if (!command->available && !span_is(what, "down"))
        return false;
    if (take_id(words_get(words, 1), command) && words->count == 4)
        take_ms(words_get(words, 3), command);
    return true;
}

/* Also one that is not right. */
static bool is_like_a_number(struct span word)
{
    return word.at < word.end && strchr("+-0123456789", *word.at);
}

static bool parse_wait(const struct words *words, struct command *command)
{
    bool for_jobs = words->count == 2 || span_is(words_get(words, 1), "all") ||
                    is_like_a_number(words_get(words, 2));
    command->ms = -1;
    return for_jobs ? parse_wait_for_jobs(words, command) : parse_wait_for_node(words, command);
}

static bool parse_cancel(const struct words *words, struct command *command)
{
    take_job(words_get(words, 1), command);
    return true;
}

static bool parse_help(const struct words *words, struct command *command)
{
    if (words->count == 2 && !(command->topic = find_kind(words_get(words, 1))))
        reject(command, FAULT_BAD_COMMAND, "bad command");
    return true;
}

static void parse(const struct words *words, enum segment_end end, struct command *command)
{
    command->kind = find_kind(words_get(words, 0));
    const struct syntax *syntax = &commands[command->kind];
    command->name = syntax->name;
    bool countable = words->count >= syntax->fewest &&
                     (words->count <= syntax->most || syntax->most == ANY_NUMBER);
    if (end == SEGMENT_UNCLOSED)
        reject(command, FAULT_BAD_COMMAND, "bad command: unclosed quote");
    else if (command->kind == COMMAND_BAD)
        reject(command, FAULT_BAD_COMMAND, "bad command");
    else if (!countable || (syntax->parse && !syntax->parse(words, command)))
        reject_usage(command, syntax);
}

bool command_next(struct span *line, struct command *command)
{
    while (line->at < line->end) {
        struct segment segment = segment_take(line);
        if (segment_is_blank(segment))
            continue;
        struct words words = words_split(segment);
        *command = (struct command){.id = -1, .text = TEXT_EMPTY};
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
}

struct command command_unreadable(void)
{
    struct command command = {.id = -1, .text = TEXT_EMPTY};
    reject(&command, FAULT_BAD_COMMAND, "bad command");
    return command;
}

const char *command_name(enum command_kind kind)
{
    return commands[kind].name;
}

const char *command_usage(enum command_kind kind)
{
    const struct syntax *syntax = &commands[kind];
    return syntax->whole_usage ? syntax->whole_usage : syntax->usage;
}

const char *command_purpose(enum command_kind kind)
{
    return commands[kind].purpose;
}
