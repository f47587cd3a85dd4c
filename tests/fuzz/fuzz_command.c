/* From bytes to commands. The first byte of the input says how the rest is cut into pieces: in
 * pieces it must give the same commands as in one.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/input.h"
#include "cli/number.h"
#include "cli/utf8.h"
#include "fuzz.h"

/* Lines are too long much sooner here, so that short inputs get there. */
#undef INPUT_LINE_MAX
#undef INPUT_CHUNK
#define INPUT_LINE_MAX ((size_t)100)
#define INPUT_CHUNK    ((size_t)50)
#include "cli/input.c"

/* The longest complaint: a fault, a quoted word of 64 bytes, each of them shown as four, dots. */
enum { COMPLAINT_MAX = 64 + 64 * 4 + 8 };

static bool has_control(const struct text *text)
{
    for (size_t i = 0; i < text->length; i++)
        if ((unsigned char)text->bytes[i] < 0x20 || text->bytes[i] == 0x7F)
            return true;
    return false;
}

static void check_words(const struct text *text)
{
    must(text->length > 0 && text->length <= INPUT_LINE_MAX);
    must(text->bytes[0] != ' ' && text->bytes[text->length - 1] != ' ');
    must(!strstr(text->bytes, "  ") && !strpbrk(text->bytes, "\t\n\v\f\r;"));
}

static void check_complaint(const struct text *text)
{
    must(text->length > 0 && text->length <= COMPLAINT_MAX && !has_control(text));
}

static void check_command(const struct command *command)
{
    must(!command->text.failed && utf8_valid(text_string(&command->text), command->text.length));
    must(strlen(text_string(&command->text)) == command->text.length);
    if (command->kind == COMMAND_BAD) {
        check_complaint(&command->text);
        return;
    }
    must(command->kind > COMMAND_BAD && command->kind < COMMAND_KINDS);
    must(command->id >= 0);
    must(command->ms >= (command->kind == COMMAND_WAIT ? -1 : 0) && command->ms <= NUMBER_MS_MAX);
    if (command->kind == COMMAND_EXEC)
        check_words(&command->text);
}

static void note(struct text *record, const void *bytes, size_t size)
{
    text_add(record, bytes, size);
}

static void note_command(struct text *record, const struct command *command)
{
    note(record, &command->kind, sizeof command->kind);
    note(record, &command->id, sizeof command->id);
    note(record, &command->ms, sizeof command->ms);
    note(record, &command->available, sizeof command->available);
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
