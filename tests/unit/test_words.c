/* Words: what stands between blanks, and what quotes make of it. */
#include "unit.h"

#include "cli/words.h"

static struct span span_of(const char *text)
{
    return (struct span){text, text + strlen(text)};
}

static void expect_segment(struct span *line, const char *text, enum segment_end end)
{
    struct segment segment = segment_take(line);
    if (!span_is(segment.text, text) || segment.end != end)
        fail_msg("got '%.*s', %d instead of '%s', %d", (int)span_length(segment.text),
                 segment.text.at, segment.end, text, end);
}

/* The last segment of a line. */
static void expect_last(const char *text, const char *segment, enum segment_end end)
{
    struct span line = span_of(text);
    expect_segment(&line, segment, end);
    assert_true(line.at == line.end);
}

static void test_segments(void **state)
{
    (void)state;
    struct span line = span_of("a;; b 'c;d' ; \"e;\\\";\" f\\;g # h; i");
    expect_segment(&line, "a", SEGMENT_SEPARATED);
    expect_segment(&line, "", SEGMENT_SEPARATED);
    expect_segment(&line, " b 'c;d' ", SEGMENT_SEPARATED);
    expect_segment(&line, " \"e;\\\";\" f\\", SEGMENT_SEPARATED);
    expect_segment(&line, "g ", SEGMENT_COMMENTED);
    assert_true(line.at == line.end);
}

static void test_last_segments(void **state)
{
    (void)state;
    expect_last("", "", SEGMENT_ENDED);
    expect_last("a b", "a b", SEGMENT_ENDED);
    expect_last("a 'b'", "a 'b'", SEGMENT_ENDED);
    expect_last("#a", "", SEGMENT_COMMENTED);
    expect_last("a#b", "a#b", SEGMENT_ENDED);
    expect_last("''#b", "''#b", SEGMENT_ENDED);
    expect_last("a # 'b", "a ", SEGMENT_COMMENTED);
    expect_last("a '# b", "a '# b", SEGMENT_UNCLOSED);
    expect_last("a 'b;c", "a 'b;c", SEGMENT_UNCLOSED);
    expect_last("a \"b;c", "a \"b;c", SEGMENT_UNCLOSED);
    expect_last("\"a\\", "\"a\\", SEGMENT_UNCLOSED);
    expect_last("\"a\\\"", "\"a\\\"", SEGMENT_UNCLOSED);
    expect_last("'\"", "'\"", SEGMENT_UNCLOSED);
    expect_last("'\"'", "'\"'", SEGMENT_ENDED);
}

/* The words are given one in each line. */
static void expect_words(const char *text, const char *words)
{
    struct span line = span_of(text);
    struct words split = words_split(segment_take(&line));
    struct text lines = TEXT_EMPTY;
    assert_true(split.count <= WORDS_FIRST);
    for (int i = 0; i < split.count; i++) {
        struct span word = words_get(&split, i);
        text_add(&lines, word.at, span_length(word));
        text_add_string(&lines, "\n");
    }
    if (strcmp(text_string(&lines), words) != 0)
        fail_msg("<%s>: got <%s> instead of <%s>", text, text_string(&lines), words);
    text_clear(&lines);
    words_clear(&split);
}

static void test_words(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words(" \t\v\f\r", "");
    expect_words(" a\tbc  d ", "a\nbc\nd\n");
    expect_words("a\\b \\ \\n", "a\\b\n\\\n\\n\n");
}

static void test_quotes_in_all_positions(void **state)
{
    (void)state;
    expect_words("'a b'", "a b\n");
    expect_words("\"a b\"", "a b\n");
    expect_words("'a b'c", "a bc\n");
    expect_words("c'a b'", "ca b\n");
    expect_words("c\"a b\"d e", "ca bd\ne\n");
    expect_words("'a''b' \"c\"\"d\" 'e'\"f\"", "ab\ncd\nef\n");
    expect_words("a 'b'", "a\nb\n");
    expect_words("'\t' ' '", "\t\n \n");
    expect_words("'\xC3\xA9\xE2\x82\xAC'", "\xC3\xA9\xE2\x82\xAC\n");
}

static void test_quotes_in_quotes(void **state)
{
    (void)state;
    expect_words("'a \"b\" c'", "a \"b\" c\n");
    expect_words("\"it's\"", "it's\n");
    expect_words("'it'\"'\"'s'", "it's\n");
}

static void test_empty_words(void **state)
{
    (void)state;
    expect_words("''", "\n");
    expect_words("\"\"", "\n");
    expect_words("'' a \"\"", "\na\n\n");
    expect_words("''''", "\n");
    expect_words("a''", "a\n");
}

static void test_backslashes(void **state)
{
    (void)state;
    expect_words("\"a\\\"b\"", "a\"b\n");
    expect_words("\"a\\\\\" b", "a\\\nb\n");
    expect_words("\"\\\\\\\"\"", "\\\"\n");
    expect_words("\"\\n\\'\\ \\;\"", "\\n\\'\\ \\;\n");
    expect_words("'a\\' b", "a\\\nb\n");
    expect_words("'a\\\\'", "a\\\\\n");
    expect_words("\\'a b'", "\\a b\n");
}

/* What stands behind the end of a line is not looked at. */
static void test_end_of_a_line(void **state)
{
    static const char text[] = "\"a\\\"b";
    struct span line = {text, text + 3};
    (void)state;
    struct segment segment = segment_take(&line);
    assert_int_equal(segment.end, SEGMENT_UNCLOSED);
    assert_ptr_equal(segment.text.end, text + 3);
    struct words words = words_split(segment);
    assert_string_equal(text_string(&words.text), "a\\");
    words_clear(&words);
}

static void test_all_words_together(void **state)
{
    (void)state;
    struct span line = span_of("a 'b  c' '' d e f");
    struct words words = words_split(segment_take(&line));
    assert_int_equal(words.count, 6);
    assert_true(span_is(words_from(&words, 0), "a b  c  d e f"));
    assert_true(span_is(words_from(&words, 2), " d e f"));
    assert_false(words.first[0].quoted);
    assert_true(words.first[1].quoted && words.first[2].quoted);
    words_clear(&words);
    line = span_of("'' a");
    words = words_split(segment_take(&line));
    assert_true(span_is(words_from(&words, 0), " a"));
    words_clear(&words);
    line = span_of("a");
    words = words_split(segment_take(&line));
    assert_true(span_is(words_get(&words, 1), ""));
    words_clear(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_last_segments),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_quotes_in_all_positions),
        cmocka_unit_test(test_quotes_in_quotes),
        cmocka_unit_test(test_empty_words),
        cmocka_unit_test(test_backslashes),
        cmocka_unit_test(test_end_of_a_line),
        cmocka_unit_test(test_all_words_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
