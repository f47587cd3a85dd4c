/* Texts: what somebody else has said is shown as one line. */
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_printable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
