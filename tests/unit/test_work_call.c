/* Services that ask other nodes and wait for the answers, in every world; and without memory. */
#include "worlds.h"

#include "../shortage.h"
#include "service/calls.h"
#include "service/service.h"

enum { TEXT_SIZE = 1000, LARGE = 128 * 1024 };

/* "SUM 2,3; error: why 4". */
static void describe(const xylem_outcome *const *outcomes, size_t count, char *text)
{
    size_t used = 0;
    *text = '\0';
    for (size_t i = 0; i < count && used < TEXT_SIZE; i++) {
        const xylem_outcome *one = outcomes[i];
        used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%s%s%s", i > 0 ? "; " : "",
                                 one->error ? xylem_strerror(one->error) : "",
                                 one->error ? ": " : "", one->text);
        for (size_t j = 0; j < one->count && used < TEXT_SIZE; j++)
            used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%c%d", j > 0 ? ',' : ' ',
                                     (int)one->ids[j]);
    }
}

/* A service that calls others, "SET TEXT"; with "MS: " before that for so long at most. */

static int call(xylem_work *work, const char *line, int64_t timeout_ms, char *text)
{
    char set[64];
    const char *rest = strchr(line, ' ');
    const xylem_outcome *const *outcomes;
    size_t count;
    snprintf(set, sizeof set, "%.*s", (int)(rest - line), line);
    int error =
        xylem_work_call(work, set, rest + 1, strlen(rest + 1), timeout_ms, &outcomes, &count);
    describe(outcomes, count, text);
    if (count == 0)
        snprintf(text, TEXT_SIZE, "%s", xylem_strerror(error));
    return error;
}

static int exec_calls(void *state, xylem_work *work)
{
    char text[TEXT_SIZE];
    const char *line = xylem_work_text(work, NULL), *colon = strchr(line, ':');
    (void)state;
    int error = call(work, colon ? colon + 2 : line, colon ? atoi(line) : -1, text);
    xylem_work_reply(work, text, strlen(text));
    return error ? XYLEM_FAILED : XYLEM_OK;
}

/* Calls twice: the first answer lasts until the second call. */
static int exec_twice(void *state, xylem_work *work)
{
    char text[2 * TEXT_SIZE];
    const char *line = xylem_work_text(work, NULL);
    (void)state;
    int error = call(work, line, -1, text);
    strcat(text, " and ");
    if (!error)
        error = call(work, line, -1, text + strlen(text));
    xylem_work_reply(work, text, strlen(text));
    return error ? XYLEM_FAILED : XYLEM_OK;
}

/* What a service may do wrong: each is an error and leaves no outcomes; and what it may leave out.
 */

struct wrong {
    xylem_work *work;
    int in_timer;
};

static int try(xylem_work *work, const char *set, const void *text, size_t size)
{
    const xylem_outcome *const *outcomes = (const void *)work;
    size_t count = 7;
    int error = xylem_work_call(work, set, text, size, -1, &outcomes, &count);
    return outcomes || count > 0 ? -1 : error;
}

static void on_timer(xylem_context *context, void *owner)
{
    struct wrong *wrong = owner;
    (void)context;
    wrong->in_timer = try(wrong->work, "1", "1 7", 3);
}

static int exec_wrong(void *state, xylem_work *work)
{
    static char large[LARGE];
    char text[TEXT_SIZE] = "";
    struct wrong wrong = {.work = work, .in_timer = XYLEM_PENDING};
    (void)state;
    xylem_context_timer(xylem_work_context(work), 1, on_timer, &wrong, NULL);
    while (wrong.in_timer == XYLEM_PENDING && xylem_work_rest(work, 10))
        ;
    const int errors[] = {wrong.in_timer,
                          try(work, "1,", "x", 1),
                          try(work, NULL, "x", 1),
                          try(work, "1", NULL, 1),
                          try(work, "1", large, sizeof large - 1),
                          try(work, "0-1000000", "x", 1),
                          xylem_work_call(work, "1", "1 7", 3, -1, NULL, NULL),
                          xylem_work_call(work, "9", NULL, 0, -1, NULL, NULL)};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        sprintf(text + strlen(text), "%d ", errors[i]);
    return xylem_work_reply(work, text, strlen(text));
}

static int exec_quick(void *state, xylem_work *work)
{
    (void)state;
    int error = try(work, "1", "1 7", 3);
    return xylem_work_reply(work, xylem_strerror(error), strlen(xylem_strerror(error)));
}

/* Timers go on while it waits. */

static void count_timer(xylem_context *context, void *owner)
{
    int *called = owner;
    ++*called;
    xylem_context_timer(context, 5, count_timer, owner, NULL);
}

static int open_counts(void **state, xylem_context *context)
{
    *state = calloc(1, sizeof(int));
    return *state ? xylem_context_timer(context, 5, count_timer, *state, NULL) : XYLEM_NO_MEMORY;
}

static int exec_counts(void *state, xylem_work *work)
{
    const int *called = state;
    int before = *called;
    int error = xylem_work_call(work, "1", "60", 2, -1, NULL, NULL);
    const char *text = *called > before + 1 ? "called" : "not called";
    xylem_work_reply(work, text, strlen(text));
    return error;
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "calls", .exec = exec_calls, .takes_long = true),
    XYLEM_SERVICE(.name = "twice", .exec = exec_twice, .takes_long = true),
    XYLEM_SERVICE(.name = "wrong", .exec = exec_wrong, .takes_long = true),
    XYLEM_SERVICE(.name = "quick", .exec = exec_quick),
    XYLEM_SERVICE(.name = "counts", .exec = exec_counts, .close = free, .release = free,
                  .takes_long = true, .open_with = open_counts),
};

/* Tests. */

static void expect_exec(xylem *network, int64_t id, const char *text, int error, const char *wanted)
{
    const char *reply = "";
    int is = xylem_exec(network, id, text, &reply);
    assert_string_equal(is ? xylem_reason(network) : reply, wanted);
    assert_int_equal(is, error);
}

static void wait_for_work(xylem *network, int64_t id)
{
    const xylem_node *node;
    do {
        assert_int_equal(xylem_run(network, 1), XYLEM_OK);
        assert_int_equal(xylem_info(network, id, &node), XYLEM_OK);
    } while (node->requests == 0);
}

static void test_answers(void **state)
{
    xylem *network = OPEN("calls", "sum", "dict", "sum");
    expect_exec(network, 0, "1 2 3 4", XYLEM_OK, "7 1");
    expect_exec(network, 0, "1,3 2 3 4", XYLEM_OK, "14 1,3");
    expect_exec(network, 0, "2 a 5", XYLEM_OK, " 2");
    expect_exec(network, 0, "9 x", XYLEM_FAILED, "Not found:  9");
    expect_exec(network, 0, "1,2 1", XYLEM_FAILED,
                "bad subcommand: '1' (sum takes N and then N numbers) 1; "
                "the service failed: '1' not found 2");
    xylem_close(&network);
}

static void test_two_calls(void **state)
{
    xylem *network = OPEN("twice", "sum");
    expect_exec(network, 0, "1 2 3 4", XYLEM_OK, "7 1 and 7 1");
    expect_exec(network, 0, "1 1 4", XYLEM_OK, "4 1 and 4 1");
    xylem_close(&network);
}

static void test_misuse(void **state)
{
    char wanted[TEXT_SIZE];
    xylem *network = OPEN("wrong", "sum", "quick");
    snprintf(wanted, sizeof wanted, "%d %d %d %d %d %d %d %d ", XYLEM_INVALID, XYLEM_INVALID,
             XYLEM_INVALID, XYLEM_INVALID, XYLEM_TOO_LONG, XYLEM_TOO_LONG, XYLEM_OK,
             XYLEM_NOT_FOUND);
    expect_exec(network, 0, "", XYLEM_OK, wanted);
    expect_exec(network, 2, "", XYLEM_OK, xylem_strerror(XYLEM_INVALID));
    assert_int_equal(xylem_work_call(NULL, "1", "x", 1, -1, NULL, NULL), XYLEM_INVALID);
    xylem_close(&network);
}

static void test_its_time(void **state)
{
    xylem *network = OPEN("calls", "sleep");
    assert_int_equal(xylem_exec(network, 0, "30: 1 600000", NULL), XYLEM_FAILED);
    const char *why = xylem_reason(network); /* on the way it may be too slow to say why itself */
    assert_true(strncmp(why, "timed out", 9) == 0 || strcmp(why, "Node is not available:  1") == 0);
    expect_exec(network, 1, "1", XYLEM_OK, ""); /* it sleeps no more */
    expect_exec(network, 0, "1 1", XYLEM_OK, " 1");
    xylem_close(&network);
}

static void test_callbacks_meanwhile(void **state)
{
    xylem *network = OPEN("counts", "sleep");
    expect_exec(network, 0, "", XYLEM_OK, "called");
    xylem_close(&network);
}

/* The answer comes when its work is over, or never. */
static void test_the_user_cancels(void **state)
{
    xylem *network = OPEN("calls", "sleep");
    for (int i = 0; i < 3; i++) {
        xylem_future *future = start(network, 0, "1 600000");
        wait_for_work(network, 1);
        xylem_future_cancel(future);
        xylem_future_free(&future);
        expect_exec(network, 1, "1", XYLEM_OK, "");
        expect_exec(network, 0, "7 x", XYLEM_FAILED, "Not found:  7");
    }
    xylem_close(&network);
}

static void test_a_death_on_the_way(void **state)
{
    xylem *network = OPEN("calls", "sleep");
    xylem_future *future = start(network, 0, "1 600000");
    wait_for_work(network, 1);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    expect_end(future, XYLEM_FAILED, "Node is not available:  1");
    xylem_close(&network);
}

static void test_the_end_meanwhile(void **state)
{
    xylem *network = OPEN("calls", "sleep", "calls", "calls");
    xylem_future *waits = start(network, 0, "1 600000"), *removed = start(network, 2, "1 600000"),
                 *killed = start(network, 3, "1 600000");
    wait_for_work(network, 1);
    wait_for_work(network, 3);
    assert_int_equal(xylem_kill(network, 3), XYLEM_OK);
    expect_end(killed, XYLEM_UNAVAILABLE, "");
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    expect_end(removed, XYLEM_UNAVAILABLE, "");
    xylem_close(&network);
    expect_end(waits, XYLEM_INTERRUPTED, "");
}

/* Without memory, in a world of this test: a wait answers at once. */

static xy_calls calls;
static bool gives_up; /* in place of an answer */

static int ask_here(xylem_context *context, const xy_asking *asking)
{
    (void)context;
    return xy_calls_ask(&calls, asking);
}

static bool answer_here(xylem_work *work, int64_t ms, bool awaits)
{
    (void)ms;
    assert_true(awaits);
    if (gives_up)
        return false;
    xy_calls_answer(&calls, calls.asked, XYLEM_UNAVAILABLE, NULL, 0);
    for (xy_call *call; (call = xy_calls_take(&calls));)
        xy_call_run(call, work->context);
    return true;
}

static void test_without_memory(void **state)
{
    static const xy_context_ops ops = {.ask = ask_here};
    xylem_context context = {.ops = &ops};
    xylem_work work = {.text = "", .context = &context, .rest = answer_here};
    int error = XYLEM_NO_MEMORY;
    (void)state;
    memory_is_back();
    size_t outstanding = shortage.outstanding, tries = 0;
    for (; error == XYLEM_NO_MEMORY; tries++) {
        memory_fails(1 + tries, 2 + tries);
        error = xylem_work_call(&work, "1", "x", 1, -1, NULL, NULL);
        assert_int_equal(work.answer == NULL, error == XYLEM_NO_MEMORY);
    }
    memory_is_back();
    assert_true(tries > 3); /* the answer, its set, the question and the inquiry */
    assert_int_equal(error, XYLEM_UNAVAILABLE);
    gives_up = true;
    assert_int_equal(xylem_work_call(&work, "1", "x", 1, -1, NULL, NULL), XYLEM_CANCELLED);
    xy_work_forget_answer(&work);
    assert_null(work.answer);
    assert_true(shortage.outstanding > outstanding); /* the answer may still come */
    xy_calls_close(&calls);
    assert_int_equal(xylem_work_call(&work, "1", "x", 1, -1, NULL, NULL), XYLEM_CANCELLED);
    assert_int_equal(shortage.outstanding, outstanding);
}

int main(int argc, char **argv)
{
    memory_is_back();
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_int_equal(xylem_register(&own[i]), XYLEM_OK);
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_answers),
        EVERYWHERE(test_two_calls),
        EVERYWHERE(test_misuse),
        EVERYWHERE(test_its_time),
        EVERYWHERE(test_callbacks_meanwhile),
        EVERYWHERE(test_the_user_cancels),
        EVERYWHERE(test_a_death_on_the_way),
        EVERYWHERE(test_the_end_meanwhile),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
