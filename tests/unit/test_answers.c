/* The answers that a node keeps, and which requests it knows. */
#include "unit.h"

#include "../shortage.h"
#include "core/answers.h"
#include "core/requests.h"

static int set_up(void **state)
{
    *state = calloc(1, sizeof(xy_answers));
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    xy_answers *answers = *state;
    xy_answers_clear(answers);
    free(answers);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void hear(xy_answers *answers, uint64_t request, uint32_t keep)
{
    xy_message message = {.kind = XY_REQUEST, .code = XY_EXEC, .number = {request, 1}};
    message.keep = keep;
    xy_answers_hear(answers, &message);
}

static void keep(xy_answers *answers, uint64_t request, const char *text)
{
    const xy_number number = {request, request + 100};
    xy_answers_keep(answers, number, XYLEM_FAILED, text, strlen(text));
}

static void expect_kept(const xy_answers *answers, uint64_t request, const char *text)
{
    const xy_kept *kept = xy_answers_find(answers, request);
    assert_non_null(kept);
    assert_true(kept->tag == request + 100);
    assert_int_equal(kept->status, XYLEM_FAILED);
    assert_int_equal(kept->text.size, strlen(text));
    if (*text)
        assert_memory_equal(kept->text.bytes, text, strlen(text));
}

static void test_keeping(void **state)
{
    xy_answers *answers = *state;
    keep(answers, 4, "not wanted");
    assert_null(xy_answers_find(answers, 4));
    hear(answers, 5, 1);
    keep(answers, 5, "five");
    keep(answers, 6, "");
    keep(answers, 6, "not the first");
    expect_kept(answers, 5, "five");
    expect_kept(answers, 6, "");
    assert_null(xy_answers_find(answers, 4));
    hear(answers, 7, 0); /* no more */
    keep(answers, 7, "seven");
    assert_null(xy_answers_find(answers, 7));
    expect_kept(answers, 5, "five");
}

/* A request says which ones before it have been answered, and no more. */
static void test_forgetting(void **state)
{
    xy_answers *answers = *state;
    hear(answers, 10, 10);
    for (uint64_t request = 3; request <= 6; request++)
        keep(answers, request, "text");
    hear(answers, 10, 11); /* more than there are: none */
    hear(answers, 10, UINT32_MAX);
    expect_kept(answers, 3, "text");
    hear(answers, 10, 6); /* all up to 4 */
    assert_null(xy_answers_find(answers, 3));
    assert_null(xy_answers_find(answers, 4));
    expect_kept(answers, 5, "text");
    hear(answers, 10, 4);
    assert_null(xy_answers_find(answers, 6));
    assert_int_equal(answers->table.count, 0);
}

/* One that was given out of order goes with those before it. */
static void test_out_of_order(void **state)
{
    xy_answers *answers = *state;
    hear(answers, 10, 10);
    keep(answers, 5, "five");
    keep(answers, 2, "two");
    keep(answers, 6, "six");
    hear(answers, 11, 11 - 2);
    expect_kept(answers, 5, "five");
    hear(answers, 11, 11 - 5);
    assert_null(xy_answers_find(answers, 5));
    assert_null(xy_answers_find(answers, 2));
    expect_kept(answers, 6, "six");
}

static void test_requests_that_have_come(void **state)
{
    xy_answers *answers = *state;
    assert_false(xy_answers_seen(answers, 1));
    xy_answers_note(answers, 7);
    xy_answers_note(answers, 5);
    assert_true(xy_answers_seen(answers, 5) && xy_answers_seen(answers, 7));
    assert_false(xy_answers_seen(answers, 8));
}

/* The oldest give way, and no more of them than have to. */
static void test_the_bound(void **state)
{
    enum { SIZE = 1000, COST = SIZE + XY_REQUEST_COST, FIT = XY_ANSWERS_MAX / COST };
    static char text[XY_ANSWERS_MAX + 1];
    xy_answers *answers = *state;
    hear(answers, 1, 1);
    for (uint64_t request = 1; request <= FIT + 2; request++)
        xy_answers_keep(answers, (xy_number){request, 0}, XYLEM_OK, text, SIZE);
    assert_int_equal(answers->table.count, FIT);
    assert_null(xy_answers_find(answers, 2));
    assert_non_null(xy_answers_find(answers, 3));
    xy_answers_keep(answers, (xy_number){9000, 0}, XYLEM_OK, text,
                    XY_ANSWERS_MAX - XY_REQUEST_COST + 1); /* it alone is too large */
    assert_null(xy_answers_find(answers, 9000));
    assert_int_equal(answers->table.count, FIT);
    xy_answers_keep(answers, (xy_number){9001, 0}, XYLEM_OK, text,
                    XY_ANSWERS_MAX - XY_REQUEST_COST);
    assert_non_null(xy_answers_find(answers, 9001));
    assert_int_equal(answers->table.count, 1);
}

/* What there is no memory for is not kept; nothing else is lost. */
static void test_no_memory(void **state)
{
    xy_answers *answers = *state;
    hear(answers, 1, 1);
    keep(answers, 1, "one");
    for (size_t fails = 1; fails < 20; fails++) {
        memory_fails(fails, SIZE_MAX);
        for (uint64_t request = 2; request < 40; request++)
            keep(answers, request, "text");
        memory_is_back();
        expect_kept(answers, 1, "one");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keeping),      TEST(test_forgetting),
        TEST(test_out_of_order), TEST(test_requests_that_have_come),
        TEST(test_the_bound),    TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
