/* Wrapping: lines end between words. */
#include "unit.h"

#include "cli/wrap.h"

static void expect_wrapped(const char *paragraph, size_t column, size_t indent, size_t columns,
                           const char *lines)
{
    struct text text = TEXT_EMPTY;
    wrap_add(&text, paragraph, column, indent, columns);
    assert_string_equal(text_string(&text), lines);
    text_clear(&text);
}

static void test_lines(void **state)
{
    (void)state;
    expect_wrapped("", 0, 0, 10, "\n");
    expect_wrapped("one", 0, 4, 10, "one\n");
    expect_wrapped("one two three", 0, 0, 10, "one two\nthree\n");
    expect_wrapped("one two th", 0, 0, 10, "one two th\n"); /* to the last column */
    expect_wrapped("one two thr", 0, 0, 10, "one two\nthr\n");
    expect_wrapped("  one   two ", 0, 0, 10, "one two\n");
}

static void test_indent(void **state)
{
    (void)state;
    expect_wrapped("one two three", 0, 4, 10, "one two\n    three\n");
    expect_wrapped("one two three four", 0, 2, 7, "one two\n  three\n  four\n");
    expect_wrapped("one two", 6, 6, 10, "one\n      two\n"); /* beside what is there */
    expect_wrapped("three", 6, 2, 10, "\n  three\n");        /* below it, where there is room */
}

static void test_long_words(void **state)
{
    (void)state;
    expect_wrapped("incomprehensible", 0, 0, 10, "incomprehensible\n");
    expect_wrapped("a incomprehensible b", 0, 2, 10, "a\n  incomprehensible\n  b\n");
    expect_wrapped("one two", 4, 4, 2, "one\n    two\n"); /* narrower than the indent */
}

static void test_characters(void **state)
{
    (void)state;
    expect_wrapped("\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\x9f", 0, 0, 5,
                   "\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\x9f\n");
    expect_wrapped("\xc3\xa4\xc3\xb6 \xc3\xbc\xc3\x9f", 0, 0, 4,
                   "\xc3\xa4\xc3\xb6\n\xc3\xbc\xc3\x9f\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_indent),
        cmocka_unit_test(test_long_words),
        cmocka_unit_test(test_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
