/* A piece of work: its text, its answer, its rest, and whether it is still wanted. */
#include "unit.h"

#include "service/service.h"
#include "service/word.h"

enum { NUMBERS = 300000, REST_MS = 250 };

/* Does it with a text that ends where its memory ends. */
static int do_work(const char *service, const char *text, xylem_work *work)
{
    const xylem_service *found = xy_service_named(service);
    void *state;
    char *copy = strdup(text);
    xylem_context context;
    assert_true(found && copy);
    assert_true(xy_context_init(&context, found, &(xy_birth){.id = 0}));
    work->text = copy;
    work->size = strlen(copy);
    assert_true(xy_service_open(found, &context, NULL, &state, NULL));
    int status = xy_service_do(found, state, work);
    xy_service_close(found, state);
    xy_context_clear(&context);
    free(copy);
    work->text = "";
    return status;
}

static void expect(const char *service, const char *text, int status, const char *wanted)
{
    xylem_work work = {.now_ms = 0};
    assert_int_equal(do_work(service, text, &work), status);
    if (wanted) {
        assert_non_null(work.reply);
        assert_string_equal(work.reply, wanted);
    }
    free(work.reply);
}

/* Texts that end in the middle of a word: there is nothing behind them. */
static void test_texts_that_end_early(void **state)
{
    (void)state;
    expect("dict", "\"a\\", XYLEM_FAILED, "'a\\' not found");
    expect("dict", "\"a\\\\", XYLEM_FAILED, "'a\\' not found");
    expect("dict", "\"a\\\"", XYLEM_FAILED, "'a\"' not found");
    expect("dict", "\"\\a\\b", XYLEM_FAILED, "'ab' not found");
    expect("dict", "\"", XYLEM_FAILED, "'' not found");
    expect("find", "\"aXbXc\" \"X", XYLEM_OK, "1;3");
    expect("find", "abc", XYLEM_BAD_SUBCOMMAND, NULL);
    expect("sum", "1 +", XYLEM_BAD_SUBCOMMAND, NULL);
    expect("sum", "-", XYLEM_BAD_SUBCOMMAND, NULL);
    expect("sum", "1 9223372036854775808", XYLEM_BAD_SUBCOMMAND, NULL);
    expect("sum", "1 -9223372036854775809", XYLEM_BAD_SUBCOMMAND, NULL);
}

static void test_answers(void **state)
{
    xylem_work work = {.text = ""};
    (void)state;
    assert_int_equal(xylem_work_reply(&work, "first", 5), XYLEM_OK);
    assert_int_equal(xylem_work_reply(&work, "second\0x", 8), XYLEM_OK);
    assert_int_equal(work.reply_size, 8);
    assert_memory_equal(work.reply, "second\0x\0", 9);
    char *largest = malloc(XYLEM_TEXT_MAX + 1);
    assert_non_null(largest);
    memset(largest, 'x', XYLEM_TEXT_MAX + 1);
    assert_int_equal(xylem_work_reply(&work, largest, XYLEM_TEXT_MAX + 1), XYLEM_TOO_LONG);
    assert_memory_equal(work.reply, "second", 6); /* as it was */
    assert_int_equal(xylem_work_reply(&work, largest, XYLEM_TEXT_MAX), XYLEM_OK);
    assert_int_equal(work.reply_size, XYLEM_TEXT_MAX);
    assert_int_equal(xylem_work_reply(&work, NULL, 0), XYLEM_OK);
    assert_string_equal(work.reply, "");
    free(largest);
    free(work.reply);
}

static int64_t rested_ms;
static bool awaited;

static bool rest(xylem_work *work, int64_t ms, bool awaits)
{
    (void)work;
    rested_ms = ms;
    awaited = awaits;
    return true;
}

static void test_rest(void **state)
{
    xylem_work work = {.text = "", .rest = rest};
    (void)state;
    assert_true(xylem_work_rest(&work, REST_MS));
    assert_int_equal(rested_ms, REST_MS);
    assert_true(xylem_work_rest(&work, -1));
    assert_int_equal(rested_ms, 0);
    assert_true(xylem_work_rest(&work, INT64_MIN));
    assert_int_equal(rested_ms, 0);
    assert_false(awaited);
    assert_true(xylem_work_await(&work, REST_MS));
    assert_int_equal(rested_ms, REST_MS);
    assert_true(awaited);
    assert_true(xylem_work_await(&work, -1));
    assert_int_equal(rested_ms, 0);
}

static int looks, looks_until_cancelled;

static bool wanted(const xylem_work *work)
{
    (void)work;
    return ++looks < looks_until_cancelled;
}

/* Long work looks now and then whether it is still wanted. */
static void test_wanted(void **state)
{
    char *text = malloc(2 * NUMBERS + 16);
    (void)state;
    assert_non_null(text);
    int length = sprintf(text, "%d", NUMBERS);
    for (int i = 0; i < NUMBERS; i++)
        memcpy(text + length + 2 * i, " 1", 3);
    for (looks_until_cancelled = 1; looks_until_cancelled <= 3; looks_until_cancelled++) {
        xylem_work work = {.wanted = wanted};
        looks = 0;
        do_work("sum", text, &work);
        assert_int_equal(looks, looks_until_cancelled);
        assert_null(work.reply);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_that_end_early),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
