/* Lines: where they end, and which are bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/input.h"
#include "cli/utf8.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static void feed(struct input *input, const char *text)
{
    assert_true(input_feed(input, text, strlen(text)));
}

static void expect_line(struct input *input, const char *text)
{
    struct input_line line;
    assert_true(input_next(input, &line));
    assert_false(line.bad);
    assert_int_equal(line.length, strlen(text));
    assert_memory_equal(line.text, text, line.length);
}

static void expect_bad_line(struct input *input)
{
    struct input_line line;
    assert_true(input_next(input, &line));
    assert_true(line.bad);
}

static void expect_nothing(struct input *input)
{
    struct input_line line;
    assert_false(input_next(input, &line));
}

static void test_lines(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    expect_nothing(&input);
    feed(&input, "one\n\ntwo\nthr");
    expect_line(&input, "one");
    expect_line(&input, "");
    expect_line(&input, "two");
    expect_nothing(&input);
    feed(&input, "ee\n");
    expect_line(&input, "three");
    expect_nothing(&input);
    input_end(&input);
    expect_nothing(&input);
    input_clear(&input);
}

static void test_last_line_needs_no_newline(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    feed(&input, "one\ntwo");
    expect_line(&input, "one");
    expect_nothing(&input);
    input_end(&input);
    expect_line(&input, "two");
    expect_nothing(&input);
    input_clear(&input);
}

static void test_empty_input(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    assert_true(input_feed(&input, "", 0));
    input_end(&input);
    expect_nothing(&input);
    input_clear(&input);
}

static void test_carriage_return_is_part_of_the_line(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    feed(&input, "one\r\n\r\ntwo\r");
    input_end(&input);
    expect_line(&input, "one\r");
    expect_line(&input, "\r");
    expect_line(&input, "two\r");
    expect_nothing(&input);
    input_clear(&input);
}

static void test_byte_by_byte(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    const char text[] = "é\n\nb\0d\nlast";
    size_t lines = 0, bad = 0;
    struct input_line line;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        assert_true(input_feed(&input, text + i, 1));
        bool complete = input_next(&input, &line);
        assert_int_equal(complete, text[i] == '\n');
        lines += complete;
        bad += complete && line.bad;
    }
    assert_int_equal(lines, 3);
    assert_int_equal(bad, 1);
    input_end(&input);
    expect_line(&input, "last");
    input_clear(&input);
}

/* The mark that some editors write before the first line. */

static void expect_lines_of(const char *text, size_t piece, const char *first, const char *second)
{
    struct input input = INPUT_EMPTY;
    struct input_line line;
    for (size_t at = 0; at < strlen(text); at += piece) {
        size_t left = strlen(text) - at;
        assert_true(input_feed(&input, text + at, left < piece ? left : piece));
        if (!strchr(text, '\n'))
            assert_false(input_next(&input, &line));
    }
    input_end(&input);
    if (first)
        expect_line(&input, first);
    if (second)
        expect_line(&input, second);
    expect_nothing(&input);
    input_clear(&input);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    static const char mark[] = "\xEF\xBB\xBF";
    for (size_t piece = 1; piece <= 8; piece++) {
        expect_lines_of("\xEF\xBB\xBFone\ntwo", piece, "one", "two");
        expect_lines_of("\xEF\xBB\xBF\ntwo\n", piece, "", "two");
        expect_lines_of("\xEF\xBB\xBF", piece, NULL, NULL);
        expect_lines_of("\xEF\xBB\xBFone", piece, "one", NULL);
        expect_lines_of("\xEF\xBB\xBF\xEF\xBB\xBFone", piece, "\xEF\xBB\xBFone", NULL);
        expect_lines_of("one\n\xEF\xBB\xBFtwo", piece, "one", "\xEF\xBB\xBFtwo");
        expect_lines_of(" \xEF\xBB\xBFone", piece, " \xEF\xBB\xBFone", NULL);
        expect_lines_of("\n\xEF\xBB\xBFtwo", piece, "", "\xEF\xBB\xBFtwo");
        expect_lines_of("\xEF\xBB\xBA", piece, "\xEF\xBB\xBA", NULL);
    }
    for (size_t length = 1; length < sizeof mark - 1; length++) {
        struct input input = INPUT_EMPTY;
        assert_true(input_feed(&input, mark, length));
        expect_nothing(&input);
        input_end(&input);
        expect_bad_line(&input);
        expect_nothing(&input);
        input_clear(&input);
    }
}

/* Long lines. */

static char *letters(size_t count)
{
    char *text = malloc(count + 1);
    assert_non_null(text);
    memset(text, 'a', count);
    text[count] = '\0';
    return text;
}

static void test_longest_line(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX);
    feed(&input, text);
    expect_nothing(&input);
    feed(&input, "\nnext\n");
    expect_line(&input, text);
    expect_line(&input, "next");
    feed(&input, text);
    input_end(&input);
    expect_line(&input, text);
    expect_nothing(&input);
    free(text);
    input_clear(&input);
}

static void test_longest_line_behind_a_mark(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX);
    feed(&input, "\xEF\xBB\xBF");
    expect_nothing(&input);
    feed(&input, text);
    expect_nothing(&input);
    feed(&input, "\n");
    expect_line(&input, text);
    free(text);
    input_clear(&input);
}

static void expect_number(struct input *input, int64_t number)
{
    struct input_line line;
    assert_true(input_next(input, &line));
    assert_int_equal(line.number, number);
}

/* Each line of the file counts, whatever is in it. */
static void test_lines_are_numbered(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX + 1);
    feed(&input, "\xEF\xBB\xBFone\n\n# three\n\xFF\n");
    for (int64_t number = 1; number <= 4; number++)
        expect_number(&input, number);
    feed(&input, text);
    expect_number(&input, 5);
    feed(&input, "and its end\nsix\nseven");
    expect_number(&input, 6);
    input_end(&input);
    expect_number(&input, 7);
    expect_nothing(&input);
    free(text);
    input_clear(&input);
}

static void test_too_long_line_is_bad_once(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX + 1);
    feed(&input, text);
    expect_bad_line(&input);
    expect_nothing(&input);
    feed(&input, "create 5");
    expect_nothing(&input);
    feed(&input, "; create 6\nnext\n");
    expect_line(&input, "next");
    expect_nothing(&input);
    feed(&input, "one\ntwo\n");
    expect_line(&input, "one");
    expect_line(&input, "two");
    free(text);
    input_clear(&input);
}

static void test_too_long_line_with_its_newline(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX + 1);
    text[INPUT_LINE_MAX] = 'b';
    feed(&input, text);
    feed(&input, "\nnext");
    expect_bad_line(&input);
    input_end(&input);
    expect_line(&input, "next");
    expect_nothing(&input);
    free(text);
    input_clear(&input);
}

static void test_too_long_last_line(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *text = letters(INPUT_LINE_MAX + 1);
    feed(&input, text);
    input_end(&input);
    expect_bad_line(&input);
    expect_nothing(&input);
    free(text);
    input_clear(&input);
}

static void test_endless_line_takes_bounded_memory(void **state)
{
    (void)state;
    enum { CHUNK = 64 * 1024, CHUNKS = 320 };
    struct input input = INPUT_EMPTY;
    struct input_line line;
    char *text = letters(CHUNK);
    size_t delivered = 0;
    for (size_t i = 0; i < CHUNKS; i++) {
        feed(&input, text);
        while (input_next(&input, &line)) {
            assert_true(line.bad);
            delivered++;
        }
        assert_true(input.capacity <= 4 * INPUT_LINE_MAX);
    }
    assert_int_equal(delivered, 1);
    feed(&input, "\n\n");
    expect_line(&input, "");
    expect_nothing(&input);
    free(text);
    input_clear(&input);
}

/* Bytes that no line may have. */

static void test_room_for_a_line_is_had_with_its_first_byte(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    char *piece = calloc(1, 64 * 1024);
    feed(&input, "x");
    size_t capacity = input.capacity;
    for (size_t fed = 0; fed < INPUT_LINE_MAX; fed += 64 * 1024)
        assert_true(input_feed(&input, piece, 64 * 1024) && input.capacity == capacity);
    expect_bad_line(&input);
    free(piece);
    input_clear(&input);
}

static void test_nul_bytes(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    static const char text[] = "all\0all\n\0\nall\0\nall\n\0";
    assert_true(input_feed(&input, text, sizeof text - 1));
    expect_bad_line(&input);
    expect_bad_line(&input);
    expect_bad_line(&input);
    expect_line(&input, "all");
    expect_nothing(&input);
    input_end(&input);
    expect_bad_line(&input);
    expect_nothing(&input);
    input_clear(&input);
}

static const char *const valid[] = {
    "",
    "plain\x01\x7F",
    "\xC2\x80",         /* U+0080, the first of two bytes */
    "\xDF\xBF",         /* U+07FF */
    "\xE0\xA0\x80",     /* U+0800, the first of three */
    "\xED\x9F\xBF",     /* U+D7FF, below the surrogates */
    "\xEE\x80\x80",     /* U+E000, above them */
    "\xEF\xBF\xBF",     /* U+FFFF */
    "\xF0\x90\x80\x80", /* U+10000, the first of four */
    "\xF4\x8F\xBF\xBF", /* U+10FFFF, the last of all */
    "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8C\xB3z",
};

static const char *const invalid[] = {
    "\x80",             /* continuation without a beginning */
    "\xBF",             /* likewise */
    "\xC0\x80",         /* overlong, two bytes */
    "\xC1\xBF",         /* likewise */
    "\xE0\x80\x80",     /* overlong, three */
    "\xE0\x9F\xBF",     /* likewise */
    "\xF0\x80\x80\x80", /* overlong, four */
    "\xF0\x8F\xBF\xBF", /* likewise */
    "\xED\xA0\x80",     /* surrogate U+D800 */
    "\xED\xBF\xBF",     /* surrogate U+DFFF */
    "\xF4\x90\x80\x80", /* U+110000 */
    "\xF5\x80\x80\x80", /* beyond */
    "\xF8\x88\x80\x80\x80",
    "\xFE",
    "\xFF",
    "\xC3",         /* cut short */
    "\xE2\x82",     /* likewise */
    "\xF0\x9F\x8C", /* likewise */
    "\xC3z",        /* interrupted */
    "\xE2\x82z",    /* likewise */
    "\xF0\x9F\x8Cz",
    "\xE2z\x82",
    "\xC3\xA9\xA9",
};

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(valid); i++)
        assert_true(utf8_valid(valid[i], strlen(valid[i])));
    for (size_t i = 0; i < LENGTH(invalid); i++)
        if (utf8_valid(invalid[i], strlen(invalid[i])))
            fail_msg("invalid text %zu was taken", i);
    assert_false(utf8_valid("\xC3\xA9", 1));
    assert_int_equal(utf8_step("\xE2\x82\xAC", 2), 0);
    assert_int_equal(utf8_step("\xE2\x82\xAC", 3), 3);
    assert_int_equal(utf8_step("", 0), 0);
}

static void test_lines_that_are_not_utf8(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    for (size_t i = 0; i < LENGTH(invalid); i++) {
        feed(&input, "all ");
        feed(&input, invalid[i]);
        feed(&input, "\nall\n");
        expect_bad_line(&input);
        expect_line(&input, "all");
        expect_nothing(&input);
    }
    for (size_t i = 0; i < LENGTH(valid); i++) {
        feed(&input, valid[i]);
        feed(&input, "\n");
        expect_line(&input, valid[i]);
    }
    input_clear(&input);
}

static void test_character_is_not_completed_by_the_next_line(void **state)
{
    (void)state;
    struct input input = INPUT_EMPTY;
    feed(&input, "\xC3\n\xA9\n");
    expect_bad_line(&input);
    expect_bad_line(&input);
    expect_nothing(&input);
    input_clear(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_last_line_needs_no_newline),
        cmocka_unit_test(test_empty_input),
        cmocka_unit_test(test_carriage_return_is_part_of_the_line),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_longest_line_behind_a_mark),
        cmocka_unit_test(test_lines_are_numbered),
        cmocka_unit_test(test_too_long_line_is_bad_once),
        cmocka_unit_test(test_too_long_line_with_its_newline),
        cmocka_unit_test(test_too_long_last_line),
        cmocka_unit_test(test_endless_line_takes_bounded_memory),
        cmocka_unit_test(test_room_for_a_line_is_had_with_its_first_byte),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_lines_that_are_not_utf8),
        cmocka_unit_test(test_character_is_not_completed_by_the_next_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
