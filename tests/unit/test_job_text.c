/* The start of a job's text, as it is shown: whole characters. */
#include "unit.h"

#include "cli/jobs.h"
#include "cli/utf8.h"

enum { LENGTH_MAX = 100 };

static void test_long_texts(void **state)
{
    static const char *const characters[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    struct jobs jobs = {0};
    (void)state;
    options.world = XYLEM_SIMULATED;
    options.service = "sleep";
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    for (size_t which = 0; which < 4; which++) {
        char text[LENGTH_MAX + 8] = "";
        while (strlen(text) < LENGTH_MAX) {
            xylem_future *future;
            strcat(text, strlen(text) % 3 ? characters[which] : "x");
            assert_int_equal(xylem_start(network, 0, "3600000", -1, &future), XYLEM_OK);
            const struct job *job = jobs_add(&jobs, 0, text, future);
            assert_non_null(job);
            const char *shown = text_string(&job->text);
            size_t length = strlen(shown);
            bool whole = strcmp(shown, text) == 0;
            assert_true(utf8_valid(shown, length));
            assert_true(whole || strcmp(shown + length - 3, "...") == 0);
            assert_true(whole || memcmp(shown, text, length - 3) == 0);
            assert_true(length >= (strlen(text) < 50 ? strlen(text) : 50));
        }
    }
    jobs_clear(&jobs);
    xylem_close(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_long_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
