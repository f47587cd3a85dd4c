/* The answers to a cast, those that are equal together. */
#include "unit.h"

#include "../shortage.h"
#include "core/error.h"
#include "core/merge.h"
#include "core/varint.h"

static int set_up(void **state)
{
    *state = calloc(1, sizeof(xy_merge));
    memory_is_back();
    return 0;
}

static int set_up_combining(void **state)
{
    set_up(state);
    ((xy_merge *)*state)->combines = true;
    return 0;
}

static int tear_down(void **state)
{
    memory_is_back();
    xy_merge_clear(*state);
    free(*state);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void add(xy_merge *merge, int status, const char *text, uint32_t from, uint32_t count)
{
    xy_merge_add(merge, status, text, strlen(text), (xy_range){from, count});
}

static const xy_group *group_of(const xy_merge *merge, int status, const char *text)
{
    for (const xy_group *group = merge->all; group; group = group->next)
        if (group->status == status && group->size == strlen(text) &&
            memcmp(group->text, text, group->size) == 0)
            return group;
    return NULL;
}

static size_t count_groups(const xy_merge *merge)
{
    size_t count = 0;
    for (const xy_group *group = merge->all; group; group = group->next)
        count++;
    return count;
}

/* Who has given an answer: the positions as a text, "0,1,5"; "none": there is no such answer. */
static void expect_positions(const xy_merge *merge, int status, const char *text,
                             const char *wanted)
{
    bool has[100] = {false};
    char is[400] = "";
    const xy_group *group = group_of(merge, status, text);
    assert_non_null(group);
    const xy_range *range = group->ranges;
    for (size_t count = group->count; count > 0; count--, range++)
        for (uint32_t i = 0; i < range->count; i++) {
            assert_in_range(range->from + i, 0, 99);
            assert_false(has[range->from + i]);
            has[range->from + i] = true;
        }
    for (int i = 0; i < 100; i++)
        if (has[i])
            sprintf(is + strlen(is), "%s%d", *is ? "," : "", i);
    assert_string_equal(is, wanted);
}

static void expect_ranges(const xy_merge *merge, int status, const char *text, size_t wanted)
{
    assert_int_equal(group_of(merge, status, text)->count, wanted);
}

/* Folding. */

static void test_equal_answers_are_one(void **state)
{
    xy_merge *merge = *state;
    add(merge, XYLEM_OK, "a", 0, 1);
    add(merge, XYLEM_OK, "b", 1, 2);
    add(merge, XYLEM_OK, "a", 3, 1);
    add(merge, XYLEM_FAILED, "a", 4, 1);
    add(merge, XYLEM_OK, "", 5, 1);
    assert_int_equal(count_groups(merge), 4);
    expect_positions(merge, XYLEM_OK, "a", "0,3");
    expect_positions(merge, XYLEM_OK, "b", "1,2");
    expect_positions(merge, XYLEM_FAILED, "a", "4");
    expect_positions(merge, XYLEM_OK, "", "5");
    assert_int_equal(merge->text_size, 3);
}

static void test_empty_ranges_are_nothing(void **state)
{
    xy_merge *merge = *state;
    add(merge, XYLEM_OK, "a", 5, 0);
    assert_null(merge->all);
    assert_false(merge->failed);
}

/* Different answers whose keys are the same are kept apart. */
static void test_keys_that_are_taken(void **state)
{
    xy_merge *merge = *state;
    add(merge, XYLEM_OK, "a", 0, 1);
    xy_group *first = merge->all;
    HASH_DELETE(hh, merge->equal, first);
    add(merge, XYLEM_OK, "b", 1, 1);
    xy_group *second = merge->all->next;
    first->key = second->key;
    HASH_DELETE(hh, merge->equal, second);
    XY_HASH_ADD(merge->equal, key, first); /* so the key of "b" is that of "a" */
    second->key++;
    XY_HASH_ADD(merge->equal, key, second);
    add(merge, XYLEM_OK, "b", 2, 1);
    assert_int_equal(count_groups(merge), 2);
    expect_positions(merge, XYLEM_OK, "b", "1,2");
    expect_positions(merge, XYLEM_OK, "a", "0");
}

static void test_ranges_that_meet_are_joined(void **state)
{
    xy_merge *merge = *state;
    xy_buffer bytes = {0};
    add(merge, XYLEM_OK, "a", 0, 2);
    add(merge, XYLEM_OK, "a", 2, 3);
    expect_ranges(merge, XYLEM_OK, "a", 1);
    add(merge, XYLEM_OK, "a", 9, 1);
    add(merge, XYLEM_OK, "a", 8, 1);
    expect_ranges(merge, XYLEM_OK, "a", 3);
    assert_true(xy_merge_write(merge, &bytes));
    expect_ranges(merge, XYLEM_OK, "a", 2);
    expect_positions(merge, XYLEM_OK, "a", "0,1,2,3,4,8,9");
    xy_buffer_clear(&bytes);
}

/* Bytes. */

static void test_bytes(void **state)
{
    static const uint8_t wanted[] = {2, 0, 1, 'a', 2, 0, 1, 2, 2, XYLEM_UNAVAILABLE, 0, 1, 1, 2};
    xy_merge *merge = *state;
    xy_buffer bytes = {0};
    add(merge, XYLEM_OK, "a", 3, 2);
    add(merge, XYLEM_UNAVAILABLE, "", 1, 2);
    add(merge, XYLEM_OK, "a", 0, 1);
    assert_true(xy_merge_write(merge, &bytes));
    assert_int_equal(bytes.size, sizeof wanted);
    assert_memory_equal(bytes.bytes, wanted, sizeof wanted);
    xy_buffer_clear(&bytes);
}

static bool add_all(xy_merge *merge, const void *bytes, size_t size, uint32_t from, uint32_t count)
{
    return xy_merge_add_all(merge, bytes, size, (xy_range){from, count});
}

static void test_what_another_has_written(void **state)
{
    xy_merge other = {0}, *merge = *state;
    xy_buffer bytes = {0};
    add(&other, XYLEM_OK, "a", 10, 3);
    add(&other, XYLEM_FAILED, "why", 13, 1);
    add(&other, XYLEM_OK, "b", 14, 2);
    assert_true(xy_merge_write(&other, &bytes));
    add(merge, XYLEM_OK, "a", 8, 2);
    add(merge, XYLEM_FAILED, "", 7, 1);
    assert_true(add_all(merge, bytes.bytes, bytes.size, 10, 6));
    assert_int_equal(count_groups(merge), 4);
    expect_positions(merge, XYLEM_OK, "a", "8,9,10,11,12");
    expect_positions(merge, XYLEM_FAILED, "why", "13");
    expect_positions(merge, XYLEM_FAILED, "", "7");
    expect_positions(merge, XYLEM_OK, "b", "14,15");
    xy_merge_clear(&other);
    xy_buffer_clear(&bytes);
}

static void test_cut_off(void **state)
{
    xy_merge other = {0}, *merge = *state;
    xy_buffer bytes = {0};
    for (uint32_t i = 0; i < 20; i++)
        add(&other, XYLEM_OK, i % 3 ? "first" : "second", i, 1);
    assert_true(xy_merge_write(&other, &bytes));
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *part = malloc(size ? size : 1); /* so that a sanitizer sees what is read beyond */
        memcpy(part, bytes.bytes, size);
        assert_false(add_all(merge, part, size, 0, 20));
        free(part);
    }
    assert_true(xy_buffer_add(&bytes, "", 1));
    assert_false(add_all(merge, bytes.bytes, bytes.size, 0, 20)); /* more than all */
    assert_null(merge->all);
    assert_true(add_all(merge, bytes.bytes, bytes.size - 1, 0, 20));
    xy_merge_clear(&other);
    xy_buffer_clear(&bytes);
}

/* One group with the text "a": the ranges as gaps and counts. */
static bool is_taken(xy_merge *merge, const uint64_t *numbers, size_t ranges, uint32_t from,
                     uint32_t count)
{
    xy_buffer bytes = {0};
    xy_varint_add(&bytes, 1);
    xy_varint_add(&bytes, XYLEM_OK);
    xy_varint_add(&bytes, 1);
    xy_buffer_add(&bytes, "a", 1);
    xy_varint_add(&bytes, ranges);
    for (size_t i = 0; i < 2 * ranges; i++)
        xy_varint_add(&bytes, numbers[i]);
    bool taken = add_all(merge, bytes.bytes, bytes.size, from, count);
    xy_buffer_clear(&bytes);
    return taken;
}

#define NUMBERS(...) (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / 16

/* About others, about more or fewer than all of them. */
static void test_forged_ranges(void **state)
{
    xy_merge *merge = *state;
    assert_false(is_taken(merge, NUMBERS(9, 3), 10, 3));
    assert_false(is_taken(merge, NUMBERS(11, 3), 10, 3));
    assert_false(is_taken(merge, NUMBERS(10, 4), 10, 3));
    assert_false(is_taken(merge, NUMBERS(10, 2), 10, 3));
    assert_false(is_taken(merge, NUMBERS(10, 2, 1, 1), 10, 3));
    assert_false(is_taken(merge, NUMBERS(10, 2, UINT32_MAX / 4, UINT32_MAX / 4), 10, 3));
    assert_false(is_taken(merge, NUMBERS(10, UINT32_MAX), 10, 3));
    assert_false(is_taken(merge, NUMBERS(UINT64_MAX, 3), 10, 3));
    assert_null(merge->all);
    assert_false(merge->failed);
    assert_true(is_taken(merge, NUMBERS(10, 1, 0, 2), 10, 3));
    expect_positions(merge, XYLEM_OK, "a", "10,11,12");
    expect_ranges(merge, XYLEM_OK, "a", 1);
}

static void test_forged_groups(void **state)
{
    static const uint8_t no_such_error[] = {1, XY_ERROR_COUNT, 0, 1, 0, 1},
                         long_text[] = {1, 0, 200, 1, 'a', 1, 0, 1},
                         more_groups[] = {3, 0, 0, 1, 0, 1}, fewer_groups[] = {0, 0, 0, 1, 0, 1};
    xy_merge *merge = *state;
    assert_false(add_all(merge, no_such_error, sizeof no_such_error, 0, 1));
    assert_false(add_all(merge, long_text, sizeof long_text, 0, 1));
    assert_false(add_all(merge, more_groups, sizeof more_groups, 0, 1));
    assert_false(add_all(merge, fewer_groups, sizeof fewer_groups, 0, 1));
    assert_null(merge->all);
}

static void test_noise(void **state)
{
    xy_merge *merge = *state;
    uint64_t seed = unit_seed();
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[12];
        size_t size = unit_random(&seed) % (sizeof bytes + 1), count = 0;
        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)(unit_random(&seed) % 4);
        if (add_all(merge, bytes, size, 0, 2))
            for (const xy_group *group = merge->all; group; group = group->next)
                for (size_t j = 0; j < group->count; j++)
                    count += group->ranges[j].count;
        assert_true(count == 0 || count == 2);
        xy_merge_clear(merge);
    }
}

/* Too much. */

static void test_texts_that_are_too_long_together(void **state)
{
    static char text[XYLEM_TEXT_MAX];
    xy_merge *merge = *state;
    memset(text, 'a', sizeof text);
    xy_merge_add(merge, XYLEM_OK, text, sizeof text - 1, (xy_range){0, 1});
    add(merge, XYLEM_OK, "b", 1, 1);
    add(merge, XYLEM_OK, "cd", 2, 1);
    add(merge, XYLEM_FAILED, "e", 3, 1);
    assert_int_equal(count_groups(merge), 3);
    expect_positions(merge, XYLEM_OK, "b", "1");
    expect_positions(merge, XYLEM_TOO_LONG, "", "2,3");
    assert_int_equal(merge->text_size, XYLEM_TEXT_MAX);
    assert_false(merge->failed);
}

/* Combining. */

static void combine(xy_merge *merge, int status, const char *text)
{
    xy_merge_combined(merge, status, text, strlen(text));
}

static void expect_pair(xy_merge *merge, const char *a, const char *b)
{
    const xy_group *first, *second;
    assert_true(xy_merge_combine(merge, &first, &second));
    assert_string_equal((const char *)first->text, a);
    assert_string_equal((const char *)second->text, b);
    assert_false(xy_merge_combine(merge, &first, &second)); /* one pair at a time */
}

static void expect_no_pair(xy_merge *merge)
{
    const xy_group *first, *second;
    assert_false(xy_merge_combine(merge, &first, &second));
}

static void test_combining(void **state)
{
    xy_merge *merge = *state;
    expect_no_pair(merge);
    add(merge, XYLEM_OK, "1", 0, 1);
    expect_no_pair(merge);
    add(merge, XYLEM_OK, "1", 5, 2);
    add(merge, XYLEM_OK, "4", 2, 1);
    expect_pair(merge, "1", "1");
    add(merge, XYLEM_OK, "8", 9, 1); /* meanwhile */
    combine(merge, XYLEM_OK, "two");
    expect_pair(merge, "two", "4");
    combine(merge, XYLEM_OK, "6");
    expect_pair(merge, "6", "8");
    combine(merge, XYLEM_OK, "14");
    expect_no_pair(merge);
    assert_int_equal(count_groups(merge), 1);
    expect_positions(merge, XYLEM_OK, "14", "0,2,5,6,9");
    assert_int_equal(merge->text_size, 2);
}

/* An error is not combined with anything. */
static void test_errors_are_not_combined(void **state)
{
    xy_merge *merge = *state;
    add(merge, XYLEM_FAILED, "why", 0, 1);
    add(merge, XYLEM_FAILED, "why", 1, 1);
    add(merge, XYLEM_OK, "1", 2, 1);
    expect_no_pair(merge);
    expect_positions(merge, XYLEM_FAILED, "why", "0,1");
}

static void test_combining_fails(void **state)
{
    xy_merge *merge = *state;
    add(merge, XYLEM_OK, "1", 0, 2);
    add(merge, XYLEM_OK, "x", 2, 1);
    add(merge, XYLEM_OK, "3", 3, 1);
    add(merge, XYLEM_FAILED, "why", 4, 1);
    expect_pair(merge, "1", "x");
    combine(merge, XYLEM_FAILED, "why");
    expect_pair(merge, "1", "3");
    combine(merge, XYLEM_OK, "4");
    assert_int_equal(count_groups(merge), 2);
    expect_positions(merge, XYLEM_OK, "4", "0,1,3");
    expect_positions(merge, XYLEM_FAILED, "why", "2,4");
    assert_int_equal(merge->text_size, 4);
}

/* Those of another merge are combined, too. */
static void test_combining_with_another(void **state)
{
    xy_merge other = {.combines = true}, *merge = *state;
    xy_buffer bytes = {0};
    add(&other, XYLEM_OK, "5", 3, 2);
    add(&other, XYLEM_UNAVAILABLE, "", 5, 1);
    assert_true(xy_merge_write(&other, &bytes));
    add(merge, XYLEM_OK, "5", 0, 1);
    assert_true(add_all(merge, bytes.bytes, bytes.size, 3, 3));
    expect_pair(merge, "5", "5");
    combine(merge, XYLEM_OK, "10");
    expect_positions(merge, XYLEM_OK, "10", "0,3,4");
    expect_positions(merge, XYLEM_UNAVAILABLE, "", "5");
    xy_merge_clear(&other);
    xy_buffer_clear(&bytes);
}

/* Without memory. */

/* What of the answers is known afterwards: all, or the merge has failed. */
static bool try_all(xy_merge *merge, const xy_buffer *other)
{
    const xy_group *a, *b;
    xy_buffer bytes = {0};
    for (uint32_t i = 0; i < 12; i++)
        add(merge, i % 3 ? XYLEM_OK : XYLEM_FAILED, i % 2 ? "one" : "another", i, 1);
    assert_true(add_all(merge, other->bytes, other->size, 12, 3));
    while (xy_merge_combine(merge, &a, &b))
        combine(merge, merge->text_size % 5 ? XYLEM_OK : XYLEM_TOO_LONG, "combined");
    bool written = xy_merge_write(merge, &bytes);
    assert_false(written && merge->failed);
    if (written) {
        memory_is_back();
        xy_merge again = {0};
        assert_true(add_all(&again, bytes.bytes, bytes.size, 0, 15));
        xy_merge_clear(&again);
    }
    xy_buffer_clear(&bytes);
    return written;
}

static void test_no_memory(void **state)
{
    xy_merge other = {0}, *merge = *state;
    xy_buffer bytes = {0};
    add(&other, XYLEM_OK, "one", 12, 1);
    add(&other, XYLEM_OK, "last", 13, 2);
    assert_true(xy_merge_write(&other, &bytes));
    for (size_t length = 1; length < 4; length++) {
        size_t fails = 0;
        do {
            xy_merge_clear(merge);
            assert_false(merge->failed);
            fails++;
            memory_fails(fails, fails + length);
        } while (!try_all(merge, &bytes));
        memory_is_back();
        assert_true(fails > 10);
    }
    xy_merge_clear(&other);
    xy_buffer_clear(&bytes);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define COMBINING(name) cmocka_unit_test_setup_teardown(name, set_up_combining, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_equal_answers_are_one),
        TEST(test_empty_ranges_are_nothing),
        TEST(test_keys_that_are_taken),
        TEST(test_ranges_that_meet_are_joined),
        TEST(test_bytes),
        TEST(test_what_another_has_written),
        TEST(test_cut_off),
        TEST(test_forged_ranges),
        TEST(test_forged_groups),
        TEST(test_noise),
        TEST(test_texts_that_are_too_long_together),
        COMBINING(test_combining),
        COMBINING(test_errors_are_not_combined),
        COMBINING(test_combining_fails),
        COMBINING(test_combining_with_another),
        TEST(test_no_memory),
        COMBINING(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
