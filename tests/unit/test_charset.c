/* The characters of the locale. */
#include "unit.h"

#include "cli/charset.h"

static void expect_utf8(const char *all, const char *characters, const char *language, bool utf8)
{
    setenv("LC_ALL", all, 1);
    setenv("LC_CTYPE", characters, 1);
    setenv("LANG", language, 1);
    assert_int_equal(charset_is_utf8(), utf8);
}

static void test_installed(void **state)
{
    (void)state;
    expect_utf8("", "", "", false);
    expect_utf8("C", "", "", false);
    expect_utf8("POSIX", "C.UTF-8", "C.UTF-8", false);
    expect_utf8("C.UTF-8", "C", "C", true);
    expect_utf8("", "C.UTF-8", "C", true);
    expect_utf8("", "C", "C.UTF-8", false);
    expect_utf8("", "", "C.utf8", true);
}

static void test_not_installed(void **state)
{
    (void)state;
    expect_utf8("tlh_QO.UTF-8", "", "", true);
    expect_utf8("tlh_QO.UTF-8@fleet", "", "", true);
    expect_utf8("tlh_QO.utf8", "", "", true);
    expect_utf8("tlh_QO.ISO-8859-1", "", "C.UTF-8", false);
    expect_utf8("tlh_QO", "", "", false);
    expect_utf8("", "", "tlh_QO.UTF-8", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_installed),
                                       cmocka_unit_test(test_not_installed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
