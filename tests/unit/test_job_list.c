/* The jobs of a session: their numbers and their order, found and taken without looking at others.
 */
#include "unit.h"

#include "cli/jobs.h"

enum { MANY = 3000 };

static xylem *network;
static size_t looks;            /* how often it was looked whether a job is finished */
static size_t allocations_left; /* until there is no memory */

int __real_xylem_future_result(const xylem_future *future, const char **reply, size_t *size);
int __wrap_xylem_future_result(const xylem_future *future, const char **reply, size_t *size);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

int __wrap_xylem_future_result(const xylem_future *future, const char **reply, size_t *size)
{
    looks++;
    return __real_xylem_future_result(future, reply, size);
}

static bool allocates(void)
{
    if (allocations_left > 0)
        allocations_left--;
    return allocations_left > 0;
}

void *__wrap_malloc(size_t size)
{
    return allocates() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocates() ? __real_calloc(count, size) : NULL;
}

static int set_up(void **state)
{
    (void)state;
    xylem_options options = XYLEM_OPTIONS;
    options.world = XYLEM_SIMULATED;
    options.service = "sleep";
    allocations_left = SIZE_MAX;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    xylem_close(&network);
    return 0;
}

static xylem_future *start(int64_t id, const char *text)
{
    xylem_future *future;
    assert_int_equal(xylem_start(network, id, text, -1, &future), XYLEM_OK);
    return future;
}

static void add(struct jobs *jobs, int64_t id, const char *text)
{
    const struct job *job = jobs_add(jobs, id, text, start(id, text));
    assert_non_null(job);
    assert_int_equal(job->number, jobs->latest);
}

static void expect_taken(struct jobs *jobs, int64_t number)
{
    struct job *job = jobs_take_finished(jobs);
    assert_non_null(job);
    assert_int_equal(job->number, number);
    assert_null(jobs_find(jobs, number));
    assert_true(jobs_had(jobs, number));
    job_free(job);
}

static void test_order(void **state)
{
    (void)state;
    struct jobs jobs = {.all = NULL};
    assert_null(jobs_take_finished(&jobs));
    assert_null(jobs_find(&jobs, 1));
    add(&jobs, 1, "300");
    add(&jobs, 2, "100");
    add(&jobs, 2, "100");
    add(&jobs, 1, "nonsense");
    int64_t number = 0;
    for (const struct job *job = jobs.all; job; job = job->hh.next)
        assert_int_equal(job->number, ++number);
    assert_int_equal(number, 4);
    assert_null(jobs_take_finished(&jobs));
    assert_int_equal(xylem_run(network, 150), XYLEM_OK); /* returns once one is finished */
    expect_taken(&jobs, 2);
    assert_null(jobs_take_finished(&jobs));
    assert_int_equal(xylem_future_wait(jobs_find(&jobs, 4)->future, -1), XYLEM_OK);
    expect_taken(&jobs, 1);
    expect_taken(&jobs, 3);
    expect_taken(&jobs, 4);
    assert_null(jobs.all);
    assert_false(jobs_had(&jobs, 0));
    assert_false(jobs_had(&jobs, 5));
    jobs_clear(&jobs);
}

/* What a call that waits for something else has finished is not left for later. */
static void test_finished_by_another_call(void **state)
{
    (void)state;
    struct jobs jobs = {.all = NULL};
    for (int i = 0; i < 3; i++) {
        add(&jobs, 1, "100000000");
        add(&jobs, 2, "100000000");
    }
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    for (int64_t number = 2; number <= 6; number += 2)
        expect_taken(&jobs, number);
    assert_null(jobs_take_finished(&jobs));
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    for (int64_t number = 1; number <= 5; number += 2)
        expect_taken(&jobs, number);
    assert_null(jobs.all);
}

/* However the network calls back: those that end with it are taken in ascending order. */
static void test_end_of_the_network(void **state)
{
    (void)state;
    struct jobs jobs = {.all = NULL};
    for (int i = 0; i < 100; i++)
        add(&jobs, 1 + i % 2, "100000000");
    xylem_future_cancel(jobs_find(&jobs, 50)->future);
    xylem_close(&network);
    for (int64_t number = 1; number <= 100; number++)
        expect_taken(&jobs, number);
    assert_null(jobs_take_finished(&jobs));
    jobs_clear(&jobs);
}

/* Each is looked at once at most, whichever ends first. */
static void test_many(void **state)
{
    (void)state;
    struct jobs jobs = {.all = NULL};
    for (int64_t i = 0; i < MANY; i++) {
        xylem_future *future = start(1, "100000000");
        if (xylem_future_result(future, NULL, NULL) == XYLEM_PENDING)
            assert_non_null(jobs_add(&jobs, 1, "100000000", future));
        else
            xylem_future_free(&future); /* there are so many already */
    }
    int64_t count = jobs.latest;
    assert_true(count > 1000);
    looks = 0;
    for (int64_t number = count; number > 0; number--) {
        assert_int_equal(jobs_find(&jobs, number)->number, number);
        xylem_future_cancel(jobs_find(&jobs, number)->future);
        expect_taken(&jobs, number);
    }
    assert_true(looks <= (size_t)count);
    jobs_clear(&jobs);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct jobs jobs = {.all = NULL};
    bool added = false;
    for (size_t left = 1; !added; left++) {
        xylem_future *future = start(1, "1");
        allocations_left = left;
        const struct job *job = jobs_add(&jobs, 1, "1", future);
        allocations_left = SIZE_MAX;
        added = job && !job->text.failed;
        assert_ptr_equal(jobs_find(&jobs, 1), job);
        assert_int_equal(jobs.latest, job ? 1 : 0);
        if (!job)
            xylem_future_free(&future);
        jobs_clear(&jobs);
        jobs.latest = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_finished_by_another_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_the_network, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
