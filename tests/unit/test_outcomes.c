/* How a request to many has ended, as bytes. */
#include "unit.h"

#include "../shortage.h"
#include "core/outcomes.h"
#include "xylem.h"

static int set_up(void **state)
{
    *state = calloc(1, sizeof(xy_buffer));
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    memory_is_back();
    xy_buffer_clear(*state);
    free(*state);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static bool add(xy_buffer *bytes, int status, bool combined, const char *text, const int64_t *ids,
                size_t count)
{
    xy_outcome outcome = {.status = status,
                          .combined = combined,
                          .text = (const uint8_t *)text,
                          .size = strlen(text),
                          .count = count};
    return xy_outcomes_add(bytes, &outcome, ids);
}

static void expect_next(xy_outcomes *outcomes, int status, bool combined, const char *text,
                        const int64_t *ids, size_t count)
{
    xy_outcome outcome;
    assert_true(xy_outcomes_next(outcomes, &outcome));
    assert_int_equal(outcome.status, status);
    assert_int_equal(outcome.combined, combined);
    assert_int_equal(outcome.size, strlen(text));
    assert_string_equal((const char *)outcome.text, text);
    assert_int_equal(outcome.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(xy_outcomes_id(outcomes, &outcome));
        assert_true(outcome.id == ids[i]);
    }
    assert_false(xy_outcomes_id(outcomes, &outcome));
}

static const int64_t first[] = {0, 1, 300, INT64_MAX}, second[] = {7}, third[] = {2, 5};

static bool write_three(xy_buffer *bytes)
{
    return xy_outcomes_begin(bytes, 3) && add(bytes, XYLEM_OK, true, "text", first, 4) &&
           add(bytes, XYLEM_ANSWER_LOST, false, "", second, 1) &&
           add(bytes, XYLEM_OK, false, "other", third, 2);
}

static void test_round_trip(void **state)
{
    xy_buffer *bytes = *state;
    xy_outcome outcome;
    assert_true(write_three(bytes));
    xy_outcomes outcomes = xy_outcomes_read(bytes->bytes, bytes->size);
    expect_next(&outcomes, XYLEM_OK, true, "text", first, 4);
    expect_next(&outcomes, XYLEM_ANSWER_LOST, false, "", second, 1);
    expect_next(&outcomes, XYLEM_OK, false, "other", third, 2);
    assert_false(xy_outcomes_next(&outcomes, &outcome));
    assert_ptr_equal(outcomes.at, outcomes.end);
}

static void test_bytes(void **state)
{
    static const uint8_t wanted[] = {1, 2 * XYLEM_UNAVAILABLE, 1, 'x', 0, 2, 2, 3};
    xy_buffer *bytes = *state;
    assert_true(xy_outcomes_begin(bytes, 1));
    assert_true(add(bytes, XYLEM_UNAVAILABLE, false, "x", third, 2));
    assert_int_equal(bytes->size, sizeof wanted);
    assert_memory_equal(bytes->bytes, wanted, sizeof wanted);
}

static void test_none(void **state)
{
    xy_buffer *bytes = *state;
    xy_outcome outcome;
    assert_true(xy_outcomes_begin(bytes, 0));
    xy_outcomes outcomes = xy_outcomes_read(bytes->bytes, bytes->size);
    assert_false(xy_outcomes_next(&outcomes, &outcome));
    outcomes = xy_outcomes_read(NULL, 0);
    assert_false(xy_outcomes_next(&outcomes, &outcome));
}

static void test_no_memory(void **state)
{
    xy_buffer *bytes = *state;
    size_t fails = 0;
    do {
        xy_buffer_clear(bytes);
        memory_fails(++fails, SIZE_MAX);
    } while (!write_three(bytes) && shortage.failed > 0);
    assert_int_equal(shortage.failed, 0);
    assert_true(fails > 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_bytes),
        TEST(test_none),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
