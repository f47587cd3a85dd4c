/* Requests to many nodes at once, in every world. */
#include "worlds.h"

enum { NODES = 16, LARGE = 8 * 1024 * 1024 };

/* Services. */

/* notes: says what it was told last: "=X" has it keep X; anything else has it say that. */
static int notes_open(void **state)
{
    *state = calloc(1, 16);
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int notes_exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    char *kept = state;
    if (*text == '=')
        snprintf(kept, 16, "%s", text + 1);
    return xylem_work_reply(work, kept, strlen(kept));
}

/* The greater one, as texts; "x" cannot be compared. */
static int greater(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work)
{
    bool first = strcmp(a, b) > 0;
    if (*a == 'x' || *b == 'x') {
        xylem_work_reply(work, "x", 1);
        return XYLEM_FAILED;
    }
    return xylem_work_reply(work, first ? a : b, first ? a_size : b_size);
}

/* size: how large its text is. fill N: as many bytes of what it keeps. */
static int size_exec(void *state, xylem_work *work)
{
    char text[32];
    size_t size;
    const char *given = xylem_work_text(work, &size);
    (void)state;
    for (size_t i = 0; i < size; i++)
        if (given[i] != (char)('a' + i % 26))
            return XYLEM_FAILED;
    snprintf(text, sizeof text, "%zu", size);
    return xylem_work_reply(work, text, strlen(text));
}

static int fill_exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    char *kept = state;
    size_t size = (size_t)atoll(text);
    if (*text == '=') {
        *kept = text[1];
        return XYLEM_OK;
    }
    char *bytes = malloc(size + 1);
    if (!bytes)
        return XYLEM_NO_MEMORY;
    memset(bytes, *kept, size);
    int error = xylem_work_reply(work, bytes, size);
    free(bytes);
    return error;
}

static const xylem_service services[] = {
    XYLEM_SERVICE(.name = "notes", .open = notes_open, .exec = notes_exec, .close = free,
                  .release = free),
    XYLEM_SERVICE(.name = "greatest", .open = notes_open, .exec = notes_exec, .close = free,
                  .release = free, .combine = greater),
    XYLEM_SERVICE(.name = "size", .exec = size_exec),
    XYLEM_SERVICE(.name = "fill", .open = notes_open, .exec = fill_exec, .close = free,
                  .release = free),
};

/* Networks. */

/* 8 above 4 and 12, 4 above 2 and 6, and so on: five levels. */
static const int64_t order[NODES] = {8, 4, 12, 2, 6, 10, 14, 1, 3, 5, 7, 9, 11, 13, 15, 16};

static xylem *open_all(void **state, const char *service)
{
    xylem *network = open_network((uintptr_t)*state);
    for (int i = 0; i < NODES; i++)
        assert_int_equal(create_serving(network, order[i], service), XYLEM_OK);
    return network;
}

static void exec(xylem *network, int64_t id, const char *text)
{
    assert_int_equal(xylem_exec(network, id, text, NULL), XYLEM_OK);
}

static xylem_future *cast_for(xylem *network, const char *set, const char *text, int64_t timeout_ms,
                              bool apart)
{
    xylem_cast_options options = XYLEM_CAST_OPTIONS;
    xylem_future *future;
    options.timeout_ms = timeout_ms;
    options.apart = apart;
    assert_int_equal(xylem_cast(network, set, text, &options, &future), XYLEM_OK);
    return future;
}

static xylem_future *cast(xylem *network, const char *set, const char *text)
{
    return cast_for(network, set, text, 60000, false);
}

/* They come in no certain order. */
static int by_first_id(const void *a, const void *b)
{
    const xylem_outcome *const *one = a, *const *other = b;
    return (*one)->ids[0] < (*other)->ids[0] ? -1 : 1;
}

/* "TEXT 1,2; error 5  3": a combined text has a '+' before it. Only the beginning of a long text.
 */
static void describe(const xylem_future *future, char *text)
{
    const xylem_outcome *const *all, *sorted[NODES + 5];
    size_t count;
    *text = '\0';
    assert_int_equal(xylem_future_outcomes(future, &all, &count), XYLEM_OK);
    assert_in_range(count, 0, NODES + 5);
    if (count > 0)
        memcpy(sorted, all, count * sizeof *all);
    qsort(sorted, count, sizeof *sorted, by_first_id);
    for (size_t i = 0; i < count; i++) {
        const xylem_outcome *one = sorted[i];
        assert_int_equal(one->size, sizeof *one);
        assert_true(one->count > 0);
        assert_int_equal(one->text[one->text_size], 0);
        text += sprintf(text, "%s%s", i ? "; " : "", one->combined ? "+" : "");
        if (one->error)
            text += sprintf(text, "error %d ", one->error);
        text += sprintf(text, "%.20s ", one->text);
        for (size_t j = 0; j < one->count; j++)
            text += sprintf(text, "%s%d", j ? "," : "", (int)one->ids[j]);
    }
}

static void expect_outcomes(xylem_future *future, int status, int64_t value, const char *wanted)
{
    char is[1000];
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    describe(future, is);
    assert_string_equal(is, wanted);
    assert_int_equal(xylem_future_result(future, NULL, NULL), status);
    assert_int_equal(xylem_future_value(future), value);
    xylem_future_free(&future);
}

#define ALL "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16"

/* Answers. */

static void test_equal_answers(void **state)
{
    xylem *network = open_all(state, "notes");
    const char *reply;
    xylem_future *future = cast(network, "all", "=a");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_OK);
    assert_string_equal(reply, "a"); /* the only one */
    expect_outcomes(future, XYLEM_OK, NODES, "a " ALL);
    xylem_close(&network);
}

static void test_different_answers(void **state)
{
    xylem *network = open_all(state, "notes");
    const xylem_outcome *const *all;
    const char *reply;
    size_t count, found = 0;
    for (int64_t id = 1; id <= NODES; id++) {
        char text[16];
        sprintf(text, "=%d", (int)id);
        exec(network, id, text);
    }
    xylem_future *future = cast(network, "all", "");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, &reply, NULL), XYLEM_OK);
    assert_string_equal(reply, ""); /* not one of them */
    assert_int_equal(xylem_future_outcomes(future, &all, &count), XYLEM_OK);
    assert_int_equal(count, NODES);
    for (size_t i = 0; i < count; i++) {
        assert_true(all[i]->count == 1 && atoi(all[i]->text) == all[i]->ids[0]);
        found |= (size_t)1 << all[i]->ids[0];
    }
    assert_int_equal(found, ((1 << NODES) - 1) * 2);
    xylem_future_free(&future);
    xylem_close(&network);
}

static void test_combined(void **state)
{
    xylem *network = open_all(state, "greatest");
    expect_outcomes(cast(network, "all", "=5"), XYLEM_OK, NODES, "+5 " ALL);
    exec(network, 13, "=7");
    exec(network, 2, "=6");
    expect_outcomes(cast(network, "all", ""), XYLEM_OK, NODES, "+7 " ALL);
    expect_outcomes(cast(network, "4/", ""), XYLEM_OK, 7, "+6 1,2,3,4,5,6,7");
    expect_outcomes(cast_for(network, "1-3", "", 60000, true), XYLEM_OK, 3, "5 1,3; 6 2");
    assert_int_equal(create_serving(network, 20, "notes"), XYLEM_OK);
    exec(network, 20, "=5");
    expect_outcomes(cast(network, "1,3,20", ""), XYLEM_OK, 3, "5 1,3,20"); /* not all can */
    xylem_close(&network);
}

/* Each node is somewhere, whichever pair could not be combined. */
static void test_combining_fails(void **state)
{
    xylem *network = open_all(state, "greatest");
    const xylem_outcome *const *all;
    size_t count, found = 0;
    expect_outcomes(cast(network, "all", "=5"), XYLEM_OK, NODES, "+5 " ALL);
    exec(network, 6, "=x");
    xylem_future *future = cast(network, "all", "");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_FAILED);
    assert_int_equal(xylem_future_outcomes(future, &all, &count), XYLEM_OK);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < all[i]->count; j++) {
            assert_int_equal(found >> all[i]->ids[j] & 1, 0);
            found |= (size_t)1 << all[i]->ids[j];
            assert_true(all[i]->error == XYLEM_OK || all[i]->error == XYLEM_FAILED);
            assert_string_equal(all[i]->error ? all[i]->text : "x", "x");
        }
    assert_int_equal(found, ((1 << NODES) - 1) * 2);
    xylem_future_free(&future);
    xylem_close(&network);
}

static void test_errors(void **state)
{
    xylem *network = OPEN("dict", "dict", "timer", "dict");
    exec(network, 0, "a 4");
    exec(network, 3, "a 5");
    expect_outcomes(cast(network, "0-1,3", "a"), XYLEM_FAILED, 2,
                    "+9 0,3; error 15 'a' not found 1");
    expect_outcomes(cast(network, "0-3,9", "b 1"), XYLEM_BAD_SUBCOMMAND, 3,
                    " 0,1,3; error 6 'b 1' (timer takes s 2; error 1  9");
    xylem_close(&network);
}

static void test_pings(void **state)
{
    xylem *network = open_all(state, "greatest");
    expect_outcomes(cast(network, "all", NULL), XYLEM_OK, NODES, " " ALL);
    xylem_close(&network);
}

/* Who is asked. */

static void test_ids(void **state)
{
    static const int64_t some[] = {9, 3, 9, 99, 1, 3};
    xylem *network = open_all(state, "notes");
    xylem_future *future;
    const int64_t *ids;
    size_t count;
    assert_int_equal(xylem_cast_ids(network, some, 6, "=a\0b", 4, NULL, &future), XYLEM_OK);
    expect_outcomes(future, XYLEM_NOT_FOUND, 3, "a 1,3,9; error 1  99");
    assert_int_equal(xylem_set_ids(network, "12/,3", &ids, &count), XYLEM_OK);
    assert_int_equal(count, 9);
    assert_true(ids[0] == 12 && ids[8] == 3);
    assert_int_equal(xylem_cast_ids(network, ids, count, "=b", 2, NULL, &future), XYLEM_OK);
    expect_outcomes(future, XYLEM_OK, 9, "b 3,9,10,11,12,13,14,15,16");
    xylem_close(&network);
}

static void test_none(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    xylem_future *future;
    expect_outcomes(cast(network, "all", "text"), XYLEM_OK, 0, "");
    expect_outcomes(cast(network, "1-2", NULL), XYLEM_NOT_FOUND, 0, "error 1  1,2");
    assert_int_equal(xylem_cast_ids(network, NULL, 0, "", 0, NULL, &future), XYLEM_OK);
    expect_outcomes(future, XYLEM_OK, 0, "");
    xylem_close(&network);
}

static void test_refused(void **state)
{
    static const char *const malformed[] = {"", "x", "1,", "3-1", "1//", "all,1", "-1", "01"};
    static const int64_t negative[] = {1, -1};
    xylem *network = OPEN("timer");
    xylem_cast_options options = XYLEM_CAST_OPTIONS;
    xylem_future *future;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        assert_int_equal(xylem_cast(network, malformed[i], "", NULL, &future), XYLEM_INVALID);
        assert_null(future);
        assert_int_equal(xylem_set_check(malformed[i]), XYLEM_INVALID);
        assert_non_null(strstr(xylem_reason(NULL), "malformed"));
    }
    assert_int_equal(xylem_cast(network, NULL, "", NULL, &future), XYLEM_INVALID);
    assert_int_equal(xylem_cast(network, "0-1000000", "", NULL, &future), XYLEM_TOO_LONG);
    assert_int_equal(xylem_cast(network, "all", "", NULL, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_cast_ids(network, negative, 2, "", 0, NULL, &future), XYLEM_INVALID);
    assert_int_equal(xylem_cast_ids(network, NULL, 1, "", 0, NULL, &future), XYLEM_INVALID);
    assert_int_equal(xylem_cast_ids(network, negative, 1, NULL, 1, NULL, &future), XYLEM_INVALID);
    assert_int_equal(xylem_cast_ids(network, negative, 1, "", XYLEM_TEXT_MAX + 1, NULL, &future),
                     XYLEM_TOO_LONG);
    options.size--;
    assert_int_equal(xylem_cast(network, "all", "", &options, &future), XYLEM_INVALID);
    options.size++;
    options.timeout_ms = (int64_t)INT32_MAX + 1;
    assert_int_equal(xylem_cast(network, "all", "", &options, &future), XYLEM_INVALID);
    assert_null(future);
    xylem_close(&network);
}

/* Large texts. */

static void test_a_large_text(void **state)
{
    xylem *network = open_all(state, "size");
    char *text = malloc(LARGE);
    xylem_future *future;
    int64_t ids[NODES];
    assert_non_null(text);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = (char)('a' + i % 26);
    for (int i = 0; i < NODES; i++)
        ids[i] = i + 1;
    assert_int_equal(xylem_cast_ids(network, ids, NODES, text, LARGE, NULL, &future), XYLEM_OK);
    free(text);
    expect_outcomes(future, XYLEM_OK, NODES, "8388608 " ALL);
    xylem_close(&network);
}

/* More than there is room for in one answer: those beyond it are named. */
static void test_large_answers(void **state)
{
    enum { EACH = 3 * 1024 * 1024 };
    xylem *network = open_all(state, "fill");
    const xylem_outcome *const *all;
    size_t count, found = 0, succeeded = 0;
    for (int64_t id = 1; id <= NODES; id++)
        exec(network, id, (char[]){'=', (char)('a' + id), '\0'});
    xylem_future *future = cast(network, "all", "3145728");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_TOO_LONG);
    assert_int_equal(xylem_future_outcomes(future, &all, &count), XYLEM_OK);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < all[i]->count; j++)
            found += (size_t)1 << all[i]->ids[j];
        succeeded += !all[i]->error;
        assert_int_equal(all[i]->text_size, all[i]->error ? 0 : EACH);
        assert_true(all[i]->error || *all[i]->text == (char)('a' + all[i]->ids[0]));
        assert_true(!all[i]->error || all[i]->error == XYLEM_TOO_LONG);
    }
    assert_int_equal(found, ((1 << NODES) - 1) * 2);
    assert_int_equal(succeeded, XYLEM_TEXT_MAX / EACH);
    xylem_future_free(&future);
    xylem_close(&network);
}

/* What ends it. */

/* One that hangs holds up nothing but itself, and those below it. */
static void test_deadline(void **state)
{
    xylem *network = open_all(state, "notes");
    assert_int_equal(xylem_pause(network, 14), XYLEM_OK);
    expect_outcomes(cast_for(network, "all", "=a", 1000, false), XYLEM_UNAVAILABLE, 12,
                    "a 1,2,3,4,5,6,7,8,9,10,11,12; error 5  13,14,15,16");
    assert_int_equal(xylem_resume(network, 14), XYLEM_OK);
    expect_outcomes(cast(network, "13-14", ""), XYLEM_OK, 2, "a 13,14"); /* and it was done */
    xylem_close(&network);
}

/* A service that takes too long is given up, and the others have answered. */
static void test_work_that_takes_too_long(void **state)
{
    xylem *network = OPEN("notes", "sleep", "notes", "sleep");
    expect_outcomes(cast_for(network, "0-3", "3600000", 1000, false), XYLEM_TIMED_OUT, 2,
                    " 0,2; error 7  1,3");
    exec(network, 1, "0"); /* it is there for other work */
    xylem_close(&network);
}

static void test_a_kill(void **state)
{
    xylem *network = open_all(state, "notes");
    xylem_future *future;
    assert_int_equal(xylem_pause(network, 12), XYLEM_OK);
    future = cast(network, "1,11,12,16", "=a");
    assert_int_equal(xylem_future_wait(future, 100), XYLEM_TIMED_OUT);
    assert_int_equal(xylem_kill(network, 12), XYLEM_OK);
    expect_outcomes(future, XYLEM_UNAVAILABLE, 1, "a 1; error 5  11,12,16");
    assert_int_equal(xylem_pause(network, 5), XYLEM_OK);
    future = cast(network, "4/", "=a");
    assert_int_equal(xylem_kill(network, 5), XYLEM_OK);
    expect_outcomes(future, XYLEM_UNAVAILABLE, 6, "a 1,2,3,4,6,7; error 5  5");
    xylem_close(&network);
}

static void test_a_removal(void **state)
{
    xylem *network = open_all(state, "sleep");
    xylem_future *future = cast(network, "5,7,16", "3600000");
    assert_int_equal(xylem_remove(network, 5), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    assert_int_equal(xylem_remove(network, 4), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 16), XYLEM_OK);
    expect_outcomes(future, XYLEM_UNAVAILABLE, 0, "error 5  5,7,16");
    xylem_close(&network);
}

static void expect_no_outcomes(const xylem_future *future, int wanted)
{
    const xylem_outcome *const *all;
    size_t count = 9;
    assert_int_equal(xylem_future_outcomes(future, &all, &count), wanted);
    assert_int_equal(count, 0);
}

static void test_cancel(void **state)
{
    xylem *network = open_all(state, "sleep");
    xylem_future *future = cast(network, "all", "3600000");
    assert_int_equal(xylem_future_wait(future, 50), XYLEM_TIMED_OUT);
    expect_no_outcomes(future, XYLEM_PENDING);
    xylem_future_cancel(future);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_CANCELLED);
    expect_no_outcomes(future, XYLEM_OK);
    xylem_future_free(&future);
    expect_outcomes(cast(network, "all", "0"), XYLEM_OK, NODES, " " ALL); /* none works on */
    xylem_close(&network);
}

static void test_close(void **state)
{
    xylem *network = open_all(state, "sleep");
    xylem_future *future = cast(network, "all", "3600000");
    xylem_close(&network);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_INTERRUPTED);
    expect_no_outcomes(future, XYLEM_OK);
    xylem_future_free(&future);
}

/* One of many in a future, and one that is no cast. */
static void test_futures(void **state)
{
    xylem *network = OPEN("notes", "notes");
    xylem_future *both, *parts[] = {cast(network, "all", "=a"), start(network, 0, "")};
    assert_int_equal(xylem_future_all(parts, 2, &both), XYLEM_OK);
    assert_int_equal(xylem_future_wait(both, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(both, NULL, NULL), XYLEM_OK);
    expect_no_outcomes(both, XYLEM_OK);
    expect_no_outcomes(parts[1], XYLEM_OK);
    expect_no_outcomes(NULL, XYLEM_INVALID);
    xylem_future_free(&both);
    expect_end(parts[1], XYLEM_OK, "a"); /* in their order */
    expect_outcomes(parts[0], XYLEM_OK, 2, "a 0,1");
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (xylem_register(&services[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_equal_answers),
        EVERYWHERE(test_different_answers),
        EVERYWHERE(test_combined),
        EVERYWHERE(test_combining_fails),
        EVERYWHERE(test_errors),
        EVERYWHERE(test_pings),
        EVERYWHERE(test_ids),
        EVERYWHERE(test_none),
        EVERYWHERE(test_refused),
        EVERYWHERE(test_a_large_text),
        EVERYWHERE(test_large_answers),
        EVERYWHERE(test_deadline),
        EVERYWHERE(test_work_that_takes_too_long),
        EVERYWHERE(test_a_kill),
        EVERYWHERE(test_a_removal),
        EVERYWHERE(test_cancel),
        EVERYWHERE(test_close),
        EVERYWHERE(test_futures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
