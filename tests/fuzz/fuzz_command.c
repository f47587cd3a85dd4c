/* From bytes to commands. The first byte of the input says how the rest is cut into pieces: in
 * pieces it must give the same commands as in one.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/command_error.h"
#include "cli/command_table.h"
#include "cli/input.h"
#include "cli/number.h"
#include "cli/utf8.h"
#include "fuzz.h"
#include "service/word.h"
#include "xylem.h"

/* Lines are too long much sooner here, so that short inputs get there. */
#undef INPUT_LINE_MAX
#undef INPUT_CHUNK
#define INPUT_LINE_MAX ((size_t)100)
#define INPUT_CHUNK    ((size_t)50)
#include "cli/input.c"

/* The longest complaint: what is wrong, a quoted word of 64 bytes, each of them shown as four,
 * dots. */
enum { COMPLAINT_MAX = 64 + 64 * 4 + 8 };

static bool has_control(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++)
        if ((unsigned char)text->bytes[i] < 0x20 || text->bytes[i] == 0x7F)
            return true;
    return false;
}

/* A service takes the words apart again: this is its first one. */
static void check_argument(const char *text, const struct text *wanted)
{
    xy_word word;
    size_t length;
    must(xy_word_take(&text, &word) && xy_words_over(text));
    char *copy = xy_word_copy(word, &length);
    must(copy && length == wanted->length && memcmp(copy, text_string(wanted), length) == 0);
    free(copy);
}

static bool is_of_type(const struct command *command, const char *name)
{
    return !command->bad && strcmp(command->type->name, name) == 0;
}

/* The same text, in double quotes: it must be read as the same one. */
static void check_quoted(const struct command *command)
{
    static struct text line; /* kept, as below */
    struct command again, further;
    text_cut(&line, 0);
    text_add_string(&line, command->from_file ? "exec 0 @\"" : "exec 0 \"");
    for (size_t i = 0; i < command->text.length; i++) {
        if (command->text.bytes[i] == '"' || command->text.bytes[i] == '\\')
            text_add_string(&line, "\\");
        text_add(&line, &command->text.bytes[i], 1);
    }
    text_add_string(&line, "\";#;");
    struct span rest = {line.bytes, line.bytes + line.length};
    must(command_next(&rest, &again) && !command_next(&rest, &further));
    must(is_of_type(&again, "exec") && again.from_file == command->from_file);
    if (command->from_file)
        must(strcmp(text_string(&again.text), text_string(&command->text)) == 0);
    else
        check_argument(text_string(&again.text), &command->text);
    command_clear(&again);
}

static void check_complaint(const struct text *text)
{
    must(text->length > 0 && text->length <= COMPLAINT_MAX && !has_control(text));
}

static void check_command(const struct command *command)
{
    must(!command->text.failed && utf8_valid(text_string(&command->text), command->text.length));
    must(strlen(text_string(&command->text)) == command->text.length);
    /* Where every second byte is a quote each of them gets a backslash. */
    must(command->text.length <= 2 * INPUT_LINE_MAX || command->bad);
    if (command->bad) {
        must(command->error > COMMAND_ERROR_BEFORE_FIRST && command->error < COMMAND_ERROR_COUNT);
        check_complaint(&command->text);
        return;
    }
    must(command->type && command->id >= -1 && command->parent >= XYLEM_ANY);
    must(command->ms >= (is_of_type(command, "wait") ? -1 : 0) && command->ms <= NUMBER_MS_MAX);
    if (is_of_type(command, "exec"))
        check_quoted(command);
}

static void note(struct text *record, const void *bytes, size_t size)
{
    text_add(record, bytes, size);
}

static void note_command(struct text *record, const struct command *command)
{
    note(record, &command->type, sizeof command->type);
    note(record, &command->bad, sizeof command->bad);
    note(record, &command->id, sizeof command->id);
    note(record, &command->parent, sizeof command->parent);
    note(record, &command->ms, sizeof command->ms);
    note(record, &command->available, sizeof command->available);
    note(record, &command->from_file, sizeof command->from_file);
    note(record, &command->background, sizeof command->background);
    note(record, &command->for_jobs, sizeof command->for_jobs);
    note(record, &command->job, sizeof command->job);
    note(record, &command->topic, sizeof command->topic);
    note(record, &command->error, sizeof command->error);
    note(record, &command->text.length, sizeof command->text.length);
    note(record, text_string(&command->text), command->text.length);
}

static void take_commands(const struct input_line *line, struct text *record)
{
    struct span rest = {line->text, line->text + line->length};
    struct command command;
    while (command_next(&rest, &command)) {
        must(rest.at <= line->text + line->length);
        check_command(&command);
        note_command(record, &command);
        command_clear(&command);
    }
}

static void take_lines(struct input *input, struct text *record)
{
    struct input_line line;
    while (input_next(input, &line)) {
        note(record, &line.bad, sizeof line.bad);
        if (line.bad)
            continue;
        must(line.length <= INPUT_LINE_MAX && utf8_valid(line.text, line.length));
        must(!memchr(line.text, '\0', line.length) && !memchr(line.text, '\n', line.length));
        take_commands(&line, record);
    }
    must(input->end - input->start <= INPUT_LINE_MAX);
}

/* The lengths of pieces: each is drawn from the one before it. */
static size_t next_length(unsigned *state, size_t left)
{
    *state = *state * 1103515245u + 12345u;
    size_t length = (*state >> 16) % 32;
    return length < left ? length : left;
}

static void record_pieces(const uint8_t *bytes, size_t size, unsigned cut, struct text *record)
{
    struct input input = INPUT_EMPTY;
    while (size > 0) {
        size_t length = cut == 0 ? size : next_length(&cut, size);
        must(input_feed(&input, (const char *)bytes, length));
        take_lines(&input, record);
        bytes += length;
        size -= length;
    }
    input_end(&input);
    take_lines(&input, record);
    must(input.start == input.end);
    input_clear(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct text whole, pieces; /* kept: to grow them each time takes most of the time */
    if (size == 0)
        return 0;
    text_cut(&whole, 0);
    text_cut(&pieces, 0);
    record_pieces(bytes + 1, size - 1, 0, &whole);
    record_pieces(bytes + 1, size - 1, bytes[0] + 1u, &pieces);
    must(whole.length == pieces.length);
    must(memcmp(text_string(&whole), text_string(&pieces), whole.length) == 0);
    return 0;
}
