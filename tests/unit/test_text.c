/* Texts: any bytes are shown as one line. */
#include "unit.h"

#include "cli/text.h"

static void expect_shown(const char *said, const char *shown)
{
    struct text text = TEXT_EMPTY;
    text_add_printable(&text, said);
    assert_string_equal(text_string(&text), shown);
    text_clear(&text);
}

static void test_printable(void **state)
{
    (void)state;
    expect_shown("", "");
    expect_shown("12 ms", "12 ms");
    expect_shown("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    expect_shown("a\nOK: b", "a?OK: b");
    expect_shown("\033[2J\r\177\t", "?[2J???");
    expect_shown("a\xc2\x9b"
                 "2J\xc2\x80\xc2\xa0",
                 "a?2J?\xc2\xa0"); /* C1, and what is not */
    expect_shown("a\x9b"
                 "b\xff",
                 "a?b?"); /* no UTF-8 */
    expect_shown("\xe2\x82", "??");
    expect_shown("\xe2\x82\xac\xf0\x9f\x8c\xb3", "\xe2\x82\xac\xf0\x9f\x8c\xb3");
}

static void test_printable_ascii(void **state)
{
    struct text text = TEXT_EMPTY;
    (void)state;
    text_add_printable_ascii(&text, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x8c\xb3\n\xff 12 ms");
    assert_string_equal(text_string(&text), "gr?? ? ??? 12 ms");
    text_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_printable),
                                       cmocka_unit_test(test_printable_ascii)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
