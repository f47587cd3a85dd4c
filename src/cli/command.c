#include "cli/command.h"

#include <string.h>

#include "cli/number.h"
#include "cli/utf8.h"

enum {
    FIRST_WORDS = 4,     /* as many as the longest command has, apart from `exec` */
    ANY_NUMBER = -1,     /* of words */
    SHOWN_BYTES_MAX = 64 /* of a bad word */
};

struct words {
    int count;
    struct span first[FIRST_WORDS];
    struct span behind_second;
};

/* Reads the arguments; false when they do not have the shape that the usage shows. */
typedef bool parse_arguments(const struct words *words, struct command *command);

static parse_arguments parse_id, parse_ms, parse_exec, parse_wait, parse_help;

static const struct syntax {
    enum command_kind kind;
    const char *name;
    const char *usage;
    const char *purpose;
    int fewest, most;       /* words */
    parse_arguments *parse; /* NULL: there are none */
} commands[] = {
    {COMMAND_CREATE, "create", "create ID", "start a node at its place in the tree", 2, 2,
     parse_id},
    {COMMAND_REMOVE, "remove", "remove ID", "end a node and all its descendants", 2, 2, parse_id},
    {COMMAND_EXEC, "exec", "exec ID start|stop|time", "start, stop or read the timer of a node", 3,
     ANY_NUMBER, parse_exec},
    {COMMAND_HEARTBEAT, "heartbeat", "heartbeat MS",
     "have every node report every MS milliseconds; 0 stops it", 2, 2, parse_ms},
    {COMMAND_PING, "ping", "ping ID", "ask the node itself whether it is there", 2, 2, parse_id},
    {COMMAND_ALL, "all", "all", "show every id, ascending", 1, 1, NULL},
    {COMMAND_TREE, "tree", "tree", "draw the tree, each node with its state", 1, 1, NULL},
    {COMMAND_SLEEP, "sleep", "sleep MS", "wait for MS milliseconds", 2, 2, parse_ms},
    {COMMAND_WAIT, "wait", "wait ID up|down [MS]",
     "wait until a node is reachable, or is not; MS at most", 3, 4, parse_wait},
    {COMMAND_KILL, "kill", "kill ID", "make a node die at once, without a word", 2, 2, parse_id},
    {COMMAND_PAUSE, "pause", "pause ID", "make a node freeze", 2, 2, parse_id},
    {COMMAND_RESUME, "resume", "resume ID", "let a frozen node go on", 2, 2, parse_id},
    {COMMAND_HELP, "help", "help [COMMAND]", "show the commands, or one of them", 1, 2, parse_help},
    {COMMAND_EXIT, "exit", "exit", "end every node and the program", 1, 1, NULL},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* Splitting: a line into commands, a command into words. */

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Takes everything up to the next `;`, without a comment, off the line. */
static struct span take_segment(struct span *line)
{
    struct span segment = {line->at, line->at};
    bool in_word = false;
    while (segment.end < line->end && *segment.end != ';') {
        if (*segment.end == '#' && !in_word) {
            line->at = line->end;
            return segment;
        }
        in_word = !is_blank(*segment.end);
        segment.end++;
    }
    line->at = segment.end < line->end ? segment.end + 1 : line->end;
    return segment;
}

static bool take_word(struct span *segment, struct span *word)
{
    while (segment->at < segment->end && is_blank(*segment->at))
        segment->at++;
    word->at = segment->at;
    while (segment->at < segment->end && !is_blank(*segment->at))
        segment->at++;
    word->end = segment->at;
    return word->at < word->end;
}

static struct words count_words(struct span segment)
{
    struct words words = {0};
    struct span word;
    while (take_word(&segment, &word)) {
        if (words.count < FIRST_WORDS)
            words.first[words.count] = word;
        words.count++;
        if (words.count == 2)
            words.behind_second = segment;
    }
    return words;
}

static size_t length_of(struct span word)
{
    return (size_t)(word.end - word.at);
}

static bool is_word(struct span word, const char *name)
{
    return length_of(word) == strlen(name) && memcmp(word.at, name, strlen(name)) == 0;
}

static const struct syntax *find_syntax(struct span name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_word(name, commands[i].name))
            return &commands[i];
    return NULL;
}

/* What is wrong with a command. */

static void reject(struct command *command, const char *fault)
{
    command->kind = COMMAND_BAD;
    text_add_string(&command->text, fault);
}

static void reject_usage(struct command *command, const struct syntax *syntax)
{
    reject(command, "bad command: usage: ");
    text_add_string(&command->text, syntax->usage);
}

/* C0, DEL and C1: a terminal would obey them. */
static bool is_control(const char *character, size_t length)
{
    unsigned char first = (unsigned char)character[0];
    return first < 0x20 || first == 0x7F ||
           (length == 2 && first == 0xC2 && (unsigned char)character[1] < 0xA0);
}

static void add_character(struct text *text, const char *character, size_t length)
{
    if (!is_control(character, length)) {
        text_add(text, character, length);
        return;
    }
    for (size_t i = 0; i < length; i++)
        text_format(text, "\\x%02x", (unsigned char)character[i]);
}

/* Shows a word harmlessly, and at most the start of a long one. */
static void add_shown(struct text *text, struct span word)
{
    size_t shown = 0;
    while (word.at < word.end) {
        size_t step = utf8_step(word.at, length_of(word));
        step = step ? step : 1;
        if (shown + step > SHOWN_BYTES_MAX) {
            text_add_string(text, "...");
            return;
        }
        add_character(text, word.at, step);
        word.at += step;
        shown += step;
    }
}

static void reject_word(struct command *command, const char *fault, struct span word)
{
    reject(command, fault);
    text_add_string(&command->text, ": '");
    add_shown(&command->text, word);
    text_add_string(&command->text, "'");
}

/* The arguments of each kind of command. */

static bool take_id(struct span word, struct command *command)
{
    if (number_read(word.at, length_of(word), INT64_MAX, &command->id))
        return true;
    reject_word(command, "bad id", word);
    return false;
}

static bool take_ms(struct span word, struct command *command)
{
    if (number_read(word.at, length_of(word), NUMBER_MS_MAX, &command->ms))
        return true;
    reject_word(command, "bad number", word);
    return false;
}

static bool parse_id(const struct words *words, struct command *command)
{
    take_id(words->first[1], command);
    return true;
}

static bool parse_ms(const struct words *words, struct command *command)
{
    take_ms(words->first[1], command);
    return true;
}

static bool parse_exec(const struct words *words, struct command *command)
{
    if (!take_id(words->first[1], command))
        return true;
    struct span rest = words->behind_second;
    struct span word;
    while (take_word(&rest, &word)) {
        if (command->text.length > 0)
            text_add_string(&command->text, " ");
        text_add(&command->text, word.at, length_of(word));
    }
    return true;
}

static bool parse_wait(const struct words *words, struct command *command)
{
    command->available = is_word(words->first[2], "up");
    if (!command->available && !is_word(words->first[2], "down"))
        return false;
    command->ms = -1;
    if (take_id(words->first[1], command) && words->count == 4)
        take_ms(words->first[3], command);
    return true;
}

static void add_help(struct text *text, const struct syntax *syntax)
{
    if (text->length > 0)
        text_add_string(text, "\n");
    text_format(text, "%-24s %s", syntax->usage, syntax->purpose);
}

static bool parse_help(const struct words *words, struct command *command)
{
    const struct syntax *topic = NULL;
    if (words->count == 2 && !(topic = find_syntax(words->first[1]))) {
        reject(command, "bad command");
        return true;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!topic || topic == &commands[i])
            add_help(&command->text, &commands[i]);
    return true;
}

static void parse(struct span segment, struct command *command)
{
    struct words words = count_words(segment);
    const struct syntax *syntax = find_syntax(words.first[0]);
    if (!syntax) {
        reject(command, "bad command");
        return;
    }
    command->kind = syntax->kind;
    bool countable = words.count >= syntax->fewest &&
                     (words.count <= syntax->most || syntax->most == ANY_NUMBER);
    if (!countable || (syntax->parse && !syntax->parse(&words, command)))
        reject_usage(command, syntax);
}

static bool is_empty(struct span segment)
{
    struct span word;
    return !take_word(&segment, &word);
}

bool command_next(struct span *line, struct command *command)
{
    while (line->at < line->end) {
        struct span segment = take_segment(line);
        if (is_empty(segment))
            continue;
        *command = (struct command){.text = TEXT_EMPTY};
        parse(segment, command);
        return true;
    }
    return false;
}

void command_clear(struct command *command)
{
    text_clear(&command->text);
}

const char *command_name(size_t index)
{
    return index < COMMANDS ? commands[index].name : NULL;
}
