/* The line of a terminal that can do nothing but write on: the line, and what is seen of it. */
#include "unit.h"

#include <locale.h>

#include "cli/input.h"
#include "cli/line_editor.h"

static void expect_line(const char *typed, const char *bytes, const char *shown)
{
    struct text line = TEXT_EMPTY, echo = TEXT_EMPTY;
    for (; *typed; typed++)
        assert_int_equal(line_editor_take(&line, *typed, &echo),
                         *typed == '\r' ? LINE_COMPLETE : LINE_GOES_ON);
    assert_string_equal(text_string(&line), bytes);
    assert_string_equal(text_string(&echo), shown);
    text_clear(&line);
    text_clear(&echo);
}

static void test_typing(void **state)
{
    (void)state;
    expect_line("ping 1\r", "ping 1\n", "ping 1\n");
    expect_line("\r", "\n", "\n");
    expect_line("a\tb", "a\tb", "a b");
    expect_line("a\001\022\033b\004", "ab", "ab"); /* nothing else is editing */
}

static void test_erasing(void **state)
{
    (void)state;
    expect_line("ab\177c\bd", "ad", "ab\b \bc\b \bd");
    expect_line("\177\b\025\027", "", "");
    expect_line("\t\177", "", " \b \b");
    expect_line("ab c\027d", "ab d", "ab c\b \bd");
    expect_line("ab  \027c", "c", "ab  \b \b\b \b\b \b\b \bc");
    expect_line("a b\025c", "c", "a b\b \b\b \b\b \bc");
}

static void test_wide_characters(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    expect_line("\xc3\xa4\177", "", "\xc3\xa4\b \b");
    expect_line("\xe6\xa8\xb9\177", "", "\xe6\xa8\xb9\b \b\b \b"); /* two columns */
    expect_line("a\xcc\x88\177", "a", "a\xcc\x88");                /* none: it stands on the a */
    expect_line("\xff\177", "", "\xff\b \b");
    expect_line("\xa4\xa4\177", "", "\xa4\xa4\b \b"); /* no character of UTF-8 */
}

static void test_end(void **state)
{
    struct text line = TEXT_EMPTY, echo = TEXT_EMPTY;
    (void)state;
    assert_int_equal(line_editor_take(&line, '\004', &echo), LINE_ENDED);
    assert_int_equal(line_editor_take(&line, 'a', &echo), LINE_GOES_ON);
    assert_int_equal(line_editor_take(&line, '\004', &echo), LINE_GOES_ON);
    assert_int_equal(line_editor_take(&line, '\177', &echo), LINE_GOES_ON);
    assert_int_equal(line_editor_take(&line, '\004', &echo), LINE_ENDED);
    text_clear(&line);
    text_clear(&echo);
}

static void test_too_long(void **state)
{
    struct text line = TEXT_EMPTY, echo = TEXT_EMPTY;
    (void)state;
    for (size_t i = 0; i < INPUT_LINE_MAX + 100; i++)
        line_editor_take(&line, 'x', &echo);
    assert_int_equal(line_editor_take(&line, '\n', &echo), LINE_COMPLETE);
    assert_int_equal(line.length, INPUT_LINE_MAX + 2); /* one more than may be, and the newline */
    text_clear(&line);
    text_clear(&echo);
}

static void test_shown_again(void **state)
{
    struct text line = TEXT_EMPTY, echo = TEXT_EMPTY;
    (void)state;
    text_add_string(&line, "exec 50\t\xc3\xa4");
    line_editor_show(&line, &echo);
    assert_string_equal(text_string(&echo), "exec 50 \xc3\xa4");
    text_clear(&line);
    text_clear(&echo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typing),          cmocka_unit_test(test_erasing),
        cmocka_unit_test(test_wide_characters), cmocka_unit_test(test_end),
        cmocka_unit_test(test_too_long),        cmocka_unit_test(test_shown_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
