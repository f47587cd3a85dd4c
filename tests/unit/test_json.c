/* JSON: what the writer makes of values, and of arbitrary bytes. */
#include "unit.h"

#include "cli/json.h"

static void expect_text(struct text *text, const char *expected)
{
    assert_string_equal(text_string(text), expected);
    assert_int_equal(text->length, strlen(expected));
    text_clear(text);
}

static void test_commas(void **state)
{
    (void)state;
    struct text text = TEXT_EMPTY;
    struct json json = {.text = &text};
    json_begin_object(&json, NULL);
    json_begin_array(&json, "a");
    json_end_array(&json);
    json_begin_array(&json, "b");
    json_number(&json, NULL, 1);
    json_begin_object(&json, NULL);
    json_end_object(&json);
    json_begin_object(&json, NULL);
    json_bool(&json, "c", true);
    json_bool(&json, "d", false);
    json_end_object(&json);
    json_null(&json, NULL);
    json_end_array(&json);
    json_null(&json, "e");
    json_string(&json, "f", "g", 1);
    json_end_object(&json);
    expect_text(&text,
                "{\"a\":[],\"b\":[1,{},{\"c\":true,\"d\":false},null],\"e\":null,\"f\":\"g\"}");
}

static void test_ids(void **state)
{
    (void)state;
    struct text text = TEXT_EMPTY;
    struct json json = {.text = &text};
    json_begin_array(&json, NULL);
    json_id(&json, NULL, INT64_MAX);
    json.id_strings = true;
    json_begin_object(&json, NULL);
    json_id(&json, "id", INT64_MAX);
    json_id(&json, "pid", 0);
    json_number(&json, "line", 12);
    json_end_object(&json);
    json_end_array(&json);
    expect_text(&text, "[9223372036854775807,{\"id\":\"9223372036854775807\",\"pid\":\"0\","
                       "\"line\":12}]");
}

static void test_text_may_be_taken_away(void **state)
{
    (void)state;
    struct text text = TEXT_EMPTY;
    struct json json = {.text = &text};
    json_begin_array(&json, NULL);
    text_cut(&text, 0);
    json_number(&json, NULL, 1);
    text_cut(&text, 0);
    json_number(&json, NULL, 2);
    json_end_array(&json);
    expect_text(&text, ",2]");
}

static void expect_number(int64_t number, const char *expected)
{
    struct text text = TEXT_EMPTY;
    json_number(&(struct json){.text = &text}, NULL, number);
    expect_text(&text, expected);
}

static void test_numbers(void **state)
{
    (void)state;
    expect_number(0, "0");
    expect_number(7, "7");
    expect_number(-1, "-1");
    expect_number(10, "10");
    expect_number(INT64_MAX, "9223372036854775807");
    expect_number(INT64_MIN, "-9223372036854775808");
}

static void expect_bytes(const char *bytes, size_t length, const char *expected)
{
    struct text text = TEXT_EMPTY;
    json_string(&(struct json){.text = &text}, NULL, bytes, length);
    expect_text(&text, expected);
}

static void expect_escaped(const char *string, const char *expected)
{
    expect_bytes(string, strlen(string), expected);
}

static void test_strings(void **state)
{
    (void)state;
    expect_escaped("", "\"\"");
    expect_escaped("a b/c", "\"a b/c\"");
    expect_escaped("\"\\", "\"\\\"\\\\\"");
    expect_escaped("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
    expect_escaped("\001\033\037 \177", "\"\\u0001\\u001b\\u001f \\u007f\"");
    expect_bytes("a\0b", 3, "\"a\\u0000b\"");
    expect_escaped("\xC2\x80\xC2\x9F\xC2\xA0", "\"\\u0080\\u009f\xC2\xA0\"");
    expect_escaped("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8C\xB3",
                   "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8C\xB3\"");
}

#define REPLACEMENT "\xEF\xBF\xBD"

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    expect_escaped("\xFF", "\"" REPLACEMENT "\"");
    expect_escaped("a\x80z", "\"a" REPLACEMENT "z\"");
    expect_escaped("\xC3", "\"" REPLACEMENT "\"");
    expect_escaped("\xC3\"", "\"" REPLACEMENT "\\\"\"");
    expect_escaped("\xC0\xAF", "\"" REPLACEMENT REPLACEMENT "\"");
    expect_escaped("\xED\xA0\x80", "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\"");
    expect_bytes("\xE2\x82\xAC", 2, "\"" REPLACEMENT REPLACEMENT "\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_text_may_be_taken_away),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_bytes_that_are_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
