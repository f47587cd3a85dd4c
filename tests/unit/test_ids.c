/* Lists of ids: what is added, put in its place, taken out, sorted; and without memory. */
#include "unit.h"

#include "../shortage.h"
#include "core/ids.h"

static int set_up(void **state)
{
    (void)state;
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_is_back();
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

#define expect_ids(ids, ...) expect_all(ids, (const int64_t[]){__VA_ARGS__, -1})

static void expect_all(const xy_ids *ids, const int64_t *wanted)
{
    for (size_t i = 0; i < ids->count; i++)
        assert_true(ids->at[i] == wanted[i]);
    assert_true(wanted[ids->count] == -1);
}

static void test_adding(void **state)
{
    xy_ids ids = {0};
    (void)state;
    for (int64_t id = 0; id < 1000; id++) {
        assert_true(xy_ids_add(&ids, 1000 - id));
        assert_int_equal(ids.count, id + 1);
    }
    for (int64_t i = 0; i < 1000; i++)
        assert_true(ids.at[i] == 1000 - i);
    xy_ids_clear(&ids);
    assert_true(!ids.at && ids.count == 0 && ids.room == 0);
}

static void test_places(void **state)
{
    xy_ids ids = {0};
    (void)state;
    assert_true(xy_ids_reserve(&ids, 6));
    xy_ids_insert(&ids, 5);
    xy_ids_insert(&ids, INT64_MAX);
    xy_ids_insert(&ids, 0);
    xy_ids_insert(&ids, 5);
    xy_ids_insert(&ids, 4);
    xy_ids_insert(&ids, 6);
    expect_ids(&ids, 0, 4, 5, 5, 6, INT64_MAX);
    assert_int_equal(xy_ids_below(ids.at, ids.count, 0), 0);
    assert_int_equal(xy_ids_below(ids.at, ids.count, 5), 2);
    assert_int_equal(xy_ids_below(ids.at, ids.count, 7), 5);
    assert_true(xy_ids_has(ids.at, ids.count, INT64_MAX) && xy_ids_has(ids.at, ids.count, 0));
    assert_true(!xy_ids_has(ids.at, ids.count, 7) && !xy_ids_has(ids.at, 5, INT64_MAX));
    xy_ids_remove(&ids, 5);
    expect_ids(&ids, 0, 4, 5, 6, INT64_MAX);
    xy_ids_remove(&ids, INT64_MAX);
    xy_ids_remove(&ids, 0);
    xy_ids_remove(&ids, 5);
    expect_ids(&ids, 4, 6);
    xy_ids_clear(&ids);
}

static void test_sorting(void **state)
{
    int64_t at[] = {7, 0, INT64_MAX, 7, 3, 0};
    xy_ids ids = {at, 6, 6};
    (void)state;
    xy_ids_sort(at, 6);
    expect_ids(&ids, 0, 0, 3, 7, 7, INT64_MAX);
    ids.count = xy_ids_once(at, at, 6);
    expect_ids(&ids, 0, 3, 7, INT64_MAX);
    xy_ids_sort(NULL, 0);
    assert_int_equal(xy_ids_once(NULL, NULL, 0), 0);
}

static void test_without_memory(void **state)
{
    xy_ids ids = {0};
    (void)state;
    assert_true(xy_ids_add(&ids, 1));
    memory_fails(1, SIZE_MAX);
    while (xy_ids_add(&ids, 1))
        ;
    assert_int_equal(ids.count, ids.room);
    assert_false(xy_ids_reserve(&ids, ids.room + 1));
    assert_true(xy_ids_reserve(&ids, ids.room));
    memory_is_back();
    assert_true(xy_ids_add(&ids, 1));
    xy_ids_clear(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adding, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sorting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory, set_up, tear_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
