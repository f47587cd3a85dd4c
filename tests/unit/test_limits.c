/* Asking before libzmq asks: what can be had, what is kept in reserve, and that asking costs
 * nothing. */
#include "counts.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "driver/limits.h"

enum { RESERVE = 12, ROUNDS = 20, HOLDS = 2000 };
#define MIB ((size_t)1 << 20)

static rlim_t limit_to(__rlimit_resource_t what, rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(what, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(what, &limit), 0);
    return before;
}

/* The descriptor that would be given out next. */
static int next_descriptor(void)
{
    int next = eventfd(0, 0);
    assert_true(next >= 0 && close(next) == 0);
    return next;
}

static size_t address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_true(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* With so many descriptors that may be open: whether `wanted` more can be had. */
static bool can_have(int wanted, int most)
{
    xy_error error = {0};
    rlim_t before = limit_to(RLIMIT_NOFILE, (rlim_t)most);
    bool had = xy_limits_descriptors(wanted, &error);
    limit_to(RLIMIT_NOFILE, before);
    if (!had)
        assert_non_null(strstr(error.text, "ulimit -n"));
    return had;
}

/* Some are left for connections that arrive, and for the rest of the program. */
static void test_descriptors_in_reserve(void **state)
{
    int next = next_descriptor();
    (void)state;
    for (int wanted = 1; wanted < 100; wanted += 11) {
        assert_false(can_have(wanted, next + wanted));
        assert_false(can_have(wanted, next + wanted + RESERVE - 1));
        assert_true(can_have(wanted, next + wanted + RESERVE));
    }
    assert_false(can_have(1, next));
    assert_int_equal(next_descriptor(), next);
}

static void test_memory(void **state)
{
    xy_error error = {0};
    size_t before = address_space();
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_true(xy_limits_memory(64 * MIB, &error));
    assert_true(address_space() < before + 64 * MIB);
    rlim_t limit = limit_to(RLIMIT_AS, before + 32 * MIB);
    bool had = xy_limits_memory(64 * MIB, &error);
    limit_to(RLIMIT_AS, limit);
    assert_false(had);
    assert_non_null(strstr(error.text, "ulimit -v"));
}

static void test_threads(void **state)
{
    xy_error error;
    (void)state;
    assert_true(xy_limits_threads(2, &error)); /* two stacks are kept for the next ones */
    counts before = count_all(NULL, 0);
    size_t space = address_space();
    for (int round = 0; round < ROUNDS; round++)
        assert_true(xy_limits_threads(2, &error));
    expect_counts(before, NULL, 0, NULL, NULL);
    assert_true(address_space() < space + 64 * MIB);
}

/* What a start needs beside the stacks is there, the stacks are not. */
static void test_stacks(void **state)
{
    enum { MANY = 8 };
    xy_error error = {0};
    (void)state;
    assert_true(xy_limits_stacks(MANY, &error));
    rlim_t limit = limit_to(RLIMIT_AS, address_space() + XY_MEMORY_TO_START);
    bool had = xy_limits_stacks(MANY, &error);
    limit_to(RLIMIT_AS, limit);
    assert_false(had);
    assert_non_null(strstr(error.text, "ulimit -v"));
}

static void test_ports(void **state)
{
    xy_error error = {0};
    int next = next_descriptor();
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_true(xy_limits_ports(&error));
    for (int more = 0; more < 2; more++) { /* two are needed */
        rlim_t before = limit_to(RLIMIT_NOFILE, (rlim_t)(next + more));
        bool had = xy_limits_ports(&error);
        limit_to(RLIMIT_NOFILE, before);
        assert_false(had);
        assert_true(error.text[0]);
    }
    assert_int_equal(next_descriptor(), next);
}

/* Without a descriptor for it there is none either. */
static void test_one_port(void **state)
{
    int next = next_descriptor();
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        assert_true(xy_limits_port());
    rlim_t before = limit_to(RLIMIT_NOFILE, (rlim_t)next);
    bool had = xy_limits_port();
    int number = errno;
    limit_to(RLIMIT_NOFILE, before);
    assert_false(had);
    assert_int_equal(number, EMFILE);
    assert_int_equal(next_descriptor(), next);
}

static void expect_explanation(int number, const char *advice)
{
    xy_error error;
    xy_limits_explain("thread", number, &error);
    assert_non_null(strstr(error.text, "thread"));
    assert_non_null(strstr(error.text, strerror(number)));
    assert_true(advice ? strstr(error.text, advice) != NULL : strstr(error.text, "ulimit") == NULL);
}

static void test_explanations(void **state)
{
    (void)state;
    expect_explanation(EAGAIN, "ulimit -u");
    expect_explanation(ENOMEM, "ulimit -v");
    expect_explanation(EPERM, NULL);
}

static int held; /* by one thread at a time */

static void *hold(void *unused)
{
    for (int i = 0; i < HOLDS; i++) {
        xy_limits_hold();
        int before = *(volatile int *)&held;
        sched_yield(); /* to the other one, which has to wait */
        *(volatile int *)&held = before + 1;
        xy_limits_release();
    }
    return unused;
}

static void test_one_at_a_time(void **state)
{
    pthread_t threads[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold, NULL), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(held, 2 * HOLDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_in_reserve),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_stacks),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_one_port),
        cmocka_unit_test(test_explanations),
        cmocka_unit_test(test_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
