/* The services of the library. */
#include "unit.h"

#include "service/service.h"
#include "service/word.h"

struct queue {
    const xylem_service *service;
    void *state;
    int64_t now_ms;
    xylem_context *context;
};

/* Whether it opens with these arguments. */
static bool opens(struct queue *queue, const char *name, const char *arguments)
{
    const xy_birth birth = {.arguments = (const uint8_t *)arguments,
                            .arguments_size = strlen(arguments)};
    xy_error error;
    *queue = (struct queue){.service = xy_service_named(name),
                            .context = malloc(sizeof *queue->context)};
    assert_non_null(queue->service);
    assert_non_null(queue->context);
    assert_true(xy_context_init(queue->context, queue->service, &birth));
    bool opened = xy_service_open(queue->service, queue->context, NULL, &queue->state, &error);
    if (!opened) {
        xy_context_clear(queue->context);
        free(queue->context);
    }
    return opened;
}

static struct queue open_desk(const char *name)
{
    struct queue opened;
    assert_true(opens(&opened, name, ""));
    return opened;
}

static void close_desk(const struct queue *queue)
{
    xy_service_close(queue->service, queue->state);
    xy_context_clear(queue->context);
    free(queue->context);
}

static void expect_status(struct queue *queue, const char *text, int status, const char *wanted)
{
    xylem_work work = {.text = text, .size = strlen(text), .now_ms = queue->now_ms};
    assert_int_equal(xy_service_do(queue->service, queue->state, &work), status);
    if (wanted) {
        assert_non_null(work.reply);
        assert_string_equal(work.reply, wanted);
        assert_int_equal(work.reply_size, strlen(wanted));
    }
    free(work.reply);
}

static void expect(struct queue *queue, const char *text, const char *wanted)
{
    expect_status(queue, text, XYLEM_OK, wanted);
}

static void expect_at(struct queue *queue, const char *text, int64_t now_ms, const char *wanted)
{
    queue->now_ms = now_ms;
    expect(queue, text, wanted);
}

static void test_stopwatch(void **state)
{
    struct queue timer = open_desk("timer");
    (void)state;
    expect_at(&timer, "time", 1000, "0 ms");
    expect_at(&timer, "stop", 1500, "stop");
    expect_at(&timer, "time", 2000, "0 ms");
    expect_at(&timer, "start", 3000, "start");
    expect_at(&timer, "time", 3250, "250 ms");
    expect_at(&timer, "stop", 7577, "stop");
    expect_at(&timer, "time", 9000, "4577 ms");
    expect_at(&timer, "stop", 9500, "stop"); /* it does not run: nothing changes */
    expect_at(&timer, "time", 9900, "4577 ms");
    expect_at(&timer, "start", 10000, "start");
    expect_at(&timer, "start", 10500, "start"); /* from zero */
    expect_at(&timer, "time", 10501, "1 ms");
    close_desk(&timer);
}

static void expect_bad(const char *service, const char *const *texts)
{
    struct queue it = open_desk(service);
    for (; *texts; texts++)
        expect_status(&it, *texts, XYLEM_BAD_SUBCOMMAND, NULL);
    close_desk(&it);
}

static void test_bad_subcommands(void **state)
{
    (void)state;
    expect_bad("timer",
               (const char *[]){"", "star", "startt", "Start", "start now", "time ", NULL});
    expect_bad("sum",
               (const char *[]){"", "x", "2 1", "1 1 1", "1 1.5", "-1", "1 -", "1 0x1", NULL});
    expect_bad("dict", (const char *[]){"", "a b", "a 1 2", "a 99999999999999999999", NULL});
    expect_bad("find", (const char *[]){"", "a", "a b c", "a \"\"", NULL});
    expect_bad("sleep", (const char *[]){"", "-1", "x", "1 1", NULL});
}

static void test_what_a_service_takes(void **state)
{
    (void)state;
    static const char *const said[][3] = {
        {"timer", "help", "'help' (timer takes start, stop, time)"},
        {"sum", "3 1", "'3 1' (sum takes N and then N numbers)"},
        {"dict", "", "'' (dict takes NAME NUMBER, NAME)"},
        {"find", "x", "'x' (find takes TEXT PATTERN)"},
        {"sleep", "now", "'now' (sleep takes MS)"},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct queue it = open_desk(said[i][0]);
        expect_status(&it, said[i][1], XYLEM_BAD_SUBCOMMAND, said[i][2]);
        close_desk(&it);
    }
}

static void test_long_texts_are_shortened(void **state)
{
    (void)state;
    char text[200], wanted[300];
    struct queue timer = open_desk("timer");
    for (size_t length = 60; length < 70; length++) {
        size_t shown = length <= 64 ? length : 64;
        memset(text, 'x', length);
        text[length] = '\0';
        snprintf(wanted, sizeof wanted, "'%.*s%s' (timer takes start, stop, time)", (int)shown,
                 text, length > 64 ? "..." : "");
        expect_status(&timer, text, XYLEM_BAD_SUBCOMMAND, wanted);
    }
    memset(text, 'x', 63);
    strcpy(text + 63, "é and more"); /* which is not cut in half */
    snprintf(wanted, sizeof wanted, "'%.63s...' (timer takes start, stop, time)", text);
    expect_status(&timer, text, XYLEM_BAD_SUBCOMMAND, wanted);
    close_desk(&timer);
}

static void test_which_services_there_are(void **state)
{
    (void)state;
    xy_error error;
    xy_service_missing("nope", &error);
    assert_string_equal(error.text,
                        "there is no service 'nope'; there are timer, sum, dict, find, sleep, ask");
}

static void test_sum(void **state)
{
    struct queue sum = open_desk("sum");
    (void)state;
    expect(&sum, "3 1 2 3", "6");
    expect(&sum, "0", "0");
    expect(&sum, "2\n-5\n+2\n", "-3");
    expect(&sum, "2 9223372036854775807 -1", "9223372036854775806");
    expect(&sum, "1 -9223372036854775808", "-9223372036854775808");
    expect_status(&sum, "2 9223372036854775807 1", XYLEM_FAILED, "the sum is too large");
    close_desk(&sum);
}

static void test_dict(void **state)
{
    struct queue dict = open_desk("dict");
    (void)state;
    expect_status(&dict, "a", XYLEM_FAILED, "'a' not found");
    expect_status(&dict, "a 5", XYLEM_OK, NULL);
    expect(&dict, "a", "5");
    expect_status(&dict, "\"a b\" -7", XYLEM_OK, NULL);
    expect(&dict, "\"a b\"", "-7");
    expect_status(&dict, "a 6", XYLEM_OK, NULL);
    expect(&dict, "a", "6");
    close_desk(&dict);
}

static void test_what_dict_begins_with(void **state)
{
    static const char *const bad[] = {"a", "a b", "a 5 b", "a 5 b c", "a 99999999999999999999"};
    struct queue dict;
    (void)state;
    assert_true(opens(&dict, "dict", "a 5\n\"a b\" -7 a 6"));
    expect(&dict, "a", "6");
    expect(&dict, "\"a b\"", "-7");
    expect_status(&dict, "b", XYLEM_FAILED, "'b' not found");
    close_desk(&dict);
    assert_true(opens(&dict, "dict", " \n "));
    close_desk(&dict);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(opens(&dict, "dict", bad[i]));
}

static void test_find(void **state)
{
    struct queue find = open_desk("find");
    (void)state;
    expect(&find, "abcdefgabc abc", "0;7");
    expect(&find, "aaaa aa", "0;1;2");
    expect(&find, "abc abcd", "-1");
    expect(&find, "\"a \\\"b\\\" a\" \"\\\" \"", "4");
    expect(&find, "\"\" a", "-1");
    close_desk(&find);
}

/* Each text of up to 8 letters of two, each pattern of up to 4: as if one looked at every place. */
static void test_find_everywhere(void **state)
{
    struct queue find = open_desk("find");
    (void)state;
    for (unsigned which = 0; which < 1 << 12; which++) {
        char text[9] = "", pattern[5] = "", both[16], wanted[64] = "";
        for (int i = 0; i < 8; i++)
            text[i] = which >> i & 1 ? 'a' : 'b';
        for (unsigned i = 0; i < which % 4 + 1; i++)
            pattern[i] = which >> (8 + i) & 1 ? 'a' : 'b';
        for (const char *at = text; (at = strstr(at, pattern)); at++)
            snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%d",
                     *wanted ? ";" : "", (int)(at - text));
        snprintf(both, sizeof both, "%s %s", text, pattern);
        expect(&find, both, *wanted ? wanted : "-1");
    }
    close_desk(&find);
}

static bool rest_is_over;

static bool rest(xylem_work *work, int64_t ms, bool awaits)
{
    assert_true(work && ms == 250 && !awaits);
    return !rest_is_over;
}

static void test_sleep(void **state)
{
    const xylem_service *sleep = xy_service_named("sleep");
    xylem_work work = {.text = "250", .size = 3, .rest = rest};
    (void)state;
    assert_int_equal(xy_service_do(sleep, NULL, &work), XYLEM_OK);
    rest_is_over = true;
    assert_int_equal(xy_service_do(sleep, NULL, &work), XYLEM_FAILED);
}

/* One's own. */

static int wrong(void *state, xylem_work *work)
{
    (void)state, (void)work;
    return 4711;
}

/* Combining. */

static void expect_combined(const char *service, const char *a, const char *b, int status,
                            const char *wanted)
{
    uint8_t texts[200];
    size_t a_size = strlen(a), b_size = strlen(b);
    xylem_work work = {.text = ""};
    memcpy(texts, a, a_size + 1);
    memcpy(texts + a_size + 1, b, b_size + 1);
    assert_int_equal(xy_service_combine(service, texts, a_size, b_size, &work), status);
    assert_string_equal(work.reply ? work.reply : "", wanted);
    free(work.reply);
}

static void test_combining(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *service = i ? "dict" : "sum";
        expect_combined(service, "5", "-7", XYLEM_OK, "-2");
        expect_combined(service, "", "", XYLEM_OK, ""); /* of what was kept */
        expect_combined(service, "5", "x", XYLEM_BAD_SUBCOMMAND, "");
        expect_combined(service, "9223372036854775807", "1", XYLEM_FAILED, "the sum is too large");
    }
    expect_combined("find", "0;7;12", "3;7", XYLEM_OK, "0;3;7;12");
    expect_combined("find", "-1", "4", XYLEM_OK, "4");
    expect_combined("find", "-1", "-1", XYLEM_OK, "-1");
    expect_combined("timer", "1", "2", XYLEM_FAILED, "the service does not combine answers here");
    expect_combined("none", "1", "2", XYLEM_FAILED, "the service does not combine answers here");
}

static void test_register(void **state)
{
    static const xylem_service own = XYLEM_SERVICE(.name = "my-own_1", .exec = wrong);
    static const xylem_service bad[] = {
        XYLEM_SERVICE(.name = "sum", .exec = wrong),
        XYLEM_SERVICE(.name = "my-own_1", .exec = wrong),
        XYLEM_SERVICE(.name = "", .exec = wrong),
        XYLEM_SERVICE(.name = "a b", .exec = wrong),
        XYLEM_SERVICE(.name = NULL, .exec = wrong),
        XYLEM_SERVICE(.name = "no-exec"),
        {.size = sizeof(xylem_service) + 8, .name = "newer", .exec = wrong},
        {.name = "sizeless", .exec = wrong},
        XYLEM_SERVICE(.name = "x2345678901234567890123456789012", .exec = wrong)};
    (void)state;
    assert_null(xy_service_named("my-own_1"));
    assert_int_equal(xylem_register(&own), XYLEM_OK);
    assert_ptr_equal(xy_service_named("my-own_1")->exec, own.exec);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(xylem_register(&bad[i]), XYLEM_INVALID);
    struct queue it = open_desk("my-own_1");
    expect_status(&it, "", XYLEM_FAILED, NULL); /* no error that there is */
    close_desk(&it);
}

/* Adds a name to what is said of a service that is missing, as far as there is room. */
static void expect_listed(char wanted[XY_REASON_SIZE], const char *name)
{
    xy_error error;
    if (strlen(wanted) + strlen(", ") + strlen(name) + strlen(", ...") < XY_REASON_SIZE)
        strcat(strcat(wanted, ", "), name);
    else if (!strstr(wanted, "..."))
        strcat(wanted, ", ...");
    xy_service_missing("nope", &error);
    assert_string_equal(error.text, wanted);
}

static void test_many(void **state)
{
    xy_error listed;
    static char names[70][XY_SERVICE_NAME_SIZE];
    static xylem_service many[70];
    int error = XYLEM_OK, count = 0;
    (void)state;
    xy_service_missing("nope", &listed);
    while (count < 70 && !error) {
        snprintf(names[count], sizeof names[count], "many%d", count);
        many[count] = (xylem_service)XYLEM_SERVICE(.name = names[count], .exec = wrong);
        error = xylem_register(&many[count]);
        if (!error)
            expect_listed(listed.text, names[count]);
        count += !error;
    }
    assert_int_equal(error, XYLEM_BUSY);
    assert_non_null(strstr(listed.text, ", ..."));
    assert_int_equal(count, 63); /* with the one of the test before */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_service_takes),
        cmocka_unit_test(test_long_texts_are_shortened),
        cmocka_unit_test(test_which_services_there_are),
        cmocka_unit_test(test_stopwatch),
        cmocka_unit_test(test_bad_subcommands),
        cmocka_unit_test(test_sum),
        cmocka_unit_test(test_dict),
        cmocka_unit_test(test_what_dict_begins_with),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_everywhere),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_combining),
        cmocka_unit_test(test_register),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
