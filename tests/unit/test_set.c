/* Sets of nodes at the command line, and what is said of them. */
#include "unit.h"

#include "api/set_ids.h"
#include "cli/outcomes.h"

/* Memory that runs out: the calls that are left; less than 0: all go well. */
static int calls_left = -1;

void *__real_malloc(size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *block, size_t size);

static bool runs_out(void)
{
    calls_left -= calls_left > 0;
    return calls_left == 0;
}

void *__wrap_malloc(size_t size)
{
    return runs_out() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return runs_out() ? NULL : __real_realloc(block, size);
}

static void expect_read(const char *text, int wanted)
{
    xy_set set;
    assert_int_equal(xy_set_read(text, &set), wanted);
    xy_set_clear(&set);
    assert_null(set.items);
}

static void test_malformed(void **state)
{
    static const char *const bad[] = {"1,",
                                      "1,,2",
                                      "1-",
                                      "1-2-3",
                                      "2-1",
                                      "1/2",
                                      "1-2/",
                                      "//",
                                      "1//",
                                      "1,x",
                                      "1, 2",
                                      "1,+2",
                                      "1,000",
                                      "01-2",
                                      "-1,2",
                                      "1,-2",
                                      "1-9223372036854775808"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_read(bad[i], XYLEM_INVALID);
}

static void test_size(void **state)
{
    (void)state;
    expect_read("0-999999", XYLEM_OK);
    expect_read("0-1000000", XYLEM_TOO_LONG);
    expect_read("0-999999,5", XYLEM_TOO_LONG);
    expect_read("0-9223372036854775807", XYLEM_TOO_LONG);
    expect_read("1,0-9223372036854775806", XYLEM_TOO_LONG);
    expect_read("9223372036854775807-9223372036854775807", XYLEM_OK);
}

/* 1 above 2 and 3; 2 above 5; 4 beside 1, above 6. */
static const xylem_node tree[] = {
    {.id = 1, .parent = -1, .depth = 0}, {.id = 2, .parent = 1, .depth = 1},
    {.id = 3, .parent = 1, .depth = 1},  {.id = 4, .parent = -1, .depth = 0},
    {.id = 5, .parent = 2, .depth = 2},  {.id = 6, .parent = 4, .depth = 1},
};
enum { NODES = sizeof tree / sizeof *tree };

static int64_t *ids_of(const char *text, size_t nodes_count, size_t *count)
{
    const xylem_node *nodes[NODES];
    xy_set set;
    for (size_t i = 0; i < NODES; i++)
        nodes[i] = &tree[i];
    int result = xy_set_read(text, &set);
    int64_t *ids = result == XYLEM_OK ? xy_set_ids(&set, nodes, nodes_count, count) : NULL;
    xy_set_clear(&set);
    return ids;
}

static void expect_ids(const char *text, const char *wanted)
{
    char found[256] = "";
    size_t count;
    int64_t *ids = ids_of(text, NODES, &count);
    assert_non_null(ids);
    for (size_t i = 0; i < count; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%lld", i > 0 ? " " : "",
                 (long long)ids[i]);
    free(ids);
    assert_string_equal(found, wanted);
}

static void test_parts_below(void **state)
{
    static char text[3 * (XY_SET_BELOW_MAX + 1) + 1] = "1/";
    (void)state;
    for (int parts = 1; parts < XY_SET_BELOW_MAX; parts++)
        strcat(text, ",1/");
    size_t count;
    int64_t *ids = ids_of(text, NODES, &count);
    assert_non_null(ids);
    assert_int_equal(count, 4);
    free(ids);
    strcat(text, ",1/");
    expect_read(text, XYLEM_TOO_LONG);
}

/* Also when so many are named that those that are repeated are left out meanwhile. */
static void test_many_ids(void **state)
{
    size_t count;
    int64_t *ids = ids_of("999999,5,0-999997", NODES, &count);
    (void)state;
    assert_non_null(ids);
    assert_int_equal(count, 999999);
    assert_true(ids[0] == 999999 && ids[1] == 5 && ids[2] == 0 && ids[7] == 6);
    free(ids);
    ids = ids_of("7-1000000,1/,2/,4/,all", NODES, &count);
    assert_null(ids); /* all is no part */
}

/* In the order given, each once; parents first. */
static void test_ids(void **state)
{
    (void)state;
    expect_ids("all", "1 2 3 4 5 6");
    expect_ids("7,3,1-4,3", "7 3 1 2 4");
    expect_ids("1/", "1 2 3 5");
    expect_ids("2/,1/", "2 5 1 3");
    expect_ids("5/,4/", "5 4 6");
    expect_ids("9/", "9");
    expect_ids("9223372036854775806-9223372036854775807",
               "9223372036854775806 9223372036854775807");
    size_t count;
    int64_t *none = ids_of("all", 0, &count);
    assert_non_null(none);
    assert_int_equal(count, 0);
    free(none);
}

static void test_ids_without_memory(void **state)
{
    bool worked = false;
    (void)state;
    int failures = 0;
    for (int calls = 1; !worked; calls++) {
        size_t count;
        assert_true(calls < 100);
        calls_left = calls;
        int64_t *ids = ids_of("9,1/,7-40", NODES, &count);
        calls_left = -1;
        worked = ids != NULL;
        failures += !worked;
        free(ids);
    }
    assert_true(failures > 5);
}

/* Outcomes. */

static struct outcomes outcomes_of(size_t count)
{
    struct outcomes outcomes = {.all = NULL};
    int64_t ids[16];
    for (size_t i = 0; i < count; i++)
        ids[i] = (int64_t)(count - i); /* descending */
    assert_true(outcomes_begin(&outcomes, ids, count));
    return outcomes;
}

static void expect_group(const struct outcomes *outcomes, size_t index, int64_t first, size_t count,
                         int status, const char *text)
{
    const struct outcome_group *group = &outcomes->groups[index];
    assert_true(index < outcomes->groups_count);
    assert_true(group->first->id == first);
    assert_int_equal(group->count, count);
    assert_int_equal(group->first->status, status);
    assert_string_equal(group->first->text, text);
}

/* Errors first; then by the lowest id. */
static void test_groups(void **state)
{
    struct outcomes outcomes = outcomes_of(7); /* 7 to 1 */
    (void)state;
    assert_false(outcomes_have_failed(&outcomes));
    outcome_set(&outcomes.all[0], XYLEM_UNAVAILABLE, "");
    outcome_set(&outcomes.all[1], XYLEM_FAILED, "x");
    outcome_set(&outcomes.all[2], XYLEM_OK, "a");
    outcome_set(&outcomes.all[3], XYLEM_OK, "b");
    outcome_set(&outcomes.all[4], XYLEM_FAILED, "y");
    outcome_set(&outcomes.all[5], XYLEM_OK, "b");
    outcome_set(&outcomes.all[6], XYLEM_UNAVAILABLE, "z");
    outcome_set(&outcomes.all[6], XYLEM_UNAVAILABLE, "");
    assert_true(outcomes_have_failed(&outcomes));
    assert_true(outcomes_group(&outcomes));
    assert_int_equal(outcomes.groups_count, 5);
    expect_group(&outcomes, 0, 1, 2, XYLEM_UNAVAILABLE, "");
    expect_group(&outcomes, 1, 3, 1, XYLEM_FAILED, "y");
    expect_group(&outcomes, 2, 6, 1, XYLEM_FAILED, "x");
    expect_group(&outcomes, 3, 2, 2, XYLEM_OK, "b");
    expect_group(&outcomes, 4, 5, 1, XYLEM_OK, "a");
    assert_int_equal(outcomes_run(outcomes.groups[3].first, 2), 1); /* 2 and 4 */
    outcomes_clear(&outcomes);
    assert_null(outcomes.all);
}

static void test_runs(void **state)
{
    struct outcomes outcomes = outcomes_of(5);
    (void)state;
    assert_true(outcomes_group(&outcomes));
    expect_group(&outcomes, 0, 1, 5, XYLEM_OK, "");
    assert_int_equal(outcomes_run(outcomes.groups[0].first, 5), 5);
    assert_int_equal(outcomes_run(outcomes.groups[0].first, 3), 3);
    outcomes_clear(&outcomes);
    outcomes_clear(&outcomes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),   cmocka_unit_test(test_size),
        cmocka_unit_test(test_ids),         cmocka_unit_test(test_ids_without_memory),
        cmocka_unit_test(test_groups),      cmocka_unit_test(test_runs),
        cmocka_unit_test(test_parts_below), cmocka_unit_test(test_many_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
