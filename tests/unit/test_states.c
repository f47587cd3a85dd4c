/* What services have saved, as the controlling node keeps it: by id and service, within a bound. */
#include "unit.h"

#include "../shortage.h"
#include "core/requests.h"
#include "core/states.h"

typedef struct fixture {
    xy_states states;
    bool used[10]; /* by id */
} fixture;

static bool is_used(void *owner, int64_t id)
{
    const fixture *f = owner;
    return f->used[id];
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    memory_is_back();
    xy_states_init(&f->states, is_used, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_states_clear(&f->states);
    assert_int_equal(f->states.cost, 0);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void keep(fixture *f, int64_t id, const char *text)
{
    xy_states_keep(&f->states, id, "sum", text, strlen(text));
}

static void expect(const fixture *f, int64_t id, const char *text)
{
    const xy_saved *saved = xy_states_find(&f->states, id, "sum");
    if (!text) {
        assert_null(saved);
        return;
    }
    assert_non_null(saved);
    assert_int_equal(saved->bytes.size, strlen(text));
    if (*text)
        assert_string_equal(saved->bytes.bytes, text);
}

static void test_the_latest_of_each(void **state)
{
    fixture *f = *state;
    expect(f, 1, NULL);
    keep(f, 1, "one");
    keep(f, 2, "");
    expect(f, 1, "one");
    expect(f, 2, "");
    keep(f, 1, "another");
    expect(f, 1, "another");
    keep(f, 1, "");
    expect(f, 1, "");
    xy_states_forget(&f->states, 1);
    xy_states_forget(&f->states, 1);
    expect(f, 1, NULL);
    expect(f, 2, "");
    assert_int_equal(f->states.cost, XY_REQUEST_COST);
    assert_int_equal(f->states.lost, 0);
}

/* There is one of each id. */
static void test_another_service(void **state)
{
    fixture *f = *state;
    keep(f, 1, "of sum");
    assert_null(xy_states_find(&f->states, 1, "dict"));
    expect(f, 1, "of sum");
    xy_states_keep(&f->states, 1, "dict", "of dict", 7);
    expect(f, 1, NULL);
    assert_string_equal(xy_states_find(&f->states, 1, "dict")->bytes.bytes, "of dict");
}

/* Beyond the bound those of ids that are not used give way, in the order of saving. */
static void test_the_bound(void **state)
{
    fixture *f = *state;
    f->states.bound = (size_t)4 * (XY_REQUEST_COST + 4);
    for (int64_t id = 1; id <= 4; id++) {
        f->used[id] = id % 2 == 0;
        keep(f, id, "four");
    }
    keep(f, 1, "last"); /* it takes the place of its own */
    expect(f, 3, "four");
    keep(f, 5, "five");
    expect(f, 3, NULL); /* saved before 1 */
    expect(f, 1, "last");
    expect(f, 5, "five");
    f->used[5] = true;
    keep(f, 6, "six");
    expect(f, 1, NULL);
    f->used[6] = true;
    assert_int_equal(f->states.lost, 0);
    keep(f, 7, "");
    expect(f, 7, NULL);
    assert_int_equal(f->states.lost, 1);
    keep(f, 2, "longer than before");
    expect(f, 2, "four"); /* the one before stays */
    assert_int_equal(f->states.lost, 2);
    keep(f, 2, "two");
    keep(f, 6, "six6");
    expect(f, 2, "two");
    expect(f, 6, "six6");
    assert_int_equal(f->states.lost, 2);
    assert_true(f->states.cost <= f->states.bound);
}

/* It is lost, which is counted, and the one before stays. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    uint64_t lost = 0;
    for (size_t fails = 1; fails < 10; fails++)
        for (int64_t id = 0; id < 3; id++) { /* one that is there, a new one, and the first */
            keep(f, 0, "before");
            xy_states_forget(&f->states, 1);
            xy_states_forget(&f->states, 2);
            if (id == 2)
                xy_states_forget(&f->states, 0);
            size_t cost = f->states.cost;
            memory_fails(fails, fails + 1);
            keep(f, id, "then");
            bool failed = shortage.failed > 0;
            memory_is_back();
            expect(f, id, !failed ? "then" : id == 0 ? "before" : NULL);
            lost += failed;
            assert_true(!failed || f->states.cost == cost);
            assert_true(f->states.lost == lost);
        }
    assert_true(lost >= 1 + 2 + 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_latest_of_each),
        TEST(test_another_service),
        TEST(test_the_bound),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
