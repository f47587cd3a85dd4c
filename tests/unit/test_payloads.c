/* Large texts through the public interface, in every world, and short ones that are quick. */
#include "worlds.h"

enum { LARGE = 16 * 1024 * 1024 };

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size);
}

/* Only what takes long can rest. */
static int tell_rest(void *state, xylem_work *work)
{
    const char *reply = xylem_work_rest(work, 1) ? "rests" : "quick";
    (void)state;
    return xylem_work_reply(work, reply, strlen(reply));
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "echo", .exec = echo),
    XYLEM_SERVICE(.name = "long-echo", .exec = echo, .takes_long = true),
    XYLEM_SERVICE(.name = "tell-rest", .exec = tell_rest, .takes_long = true, .quick_size = 5)};

static char *pattern_of(size_t size)
{
    char *text = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(1 + (i * 2654435761U >> 13) % 255);
    text[size] = '\0';
    return text;
}

/* Through two nodes, there and back, in one piece. */
static void test_large_texts(void **state)
{
    static const size_t sizes[] = {0,          256 * 1024 - 1,     256 * 1024, 256 * 1024 + 1,
                                   512 * 1024, 3 * 256 * 1024 + 7, LARGE,      XYLEM_TEXT_MAX};
    xylem *network = OPEN("echo", "echo", "long-echo");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *text = pattern_of(sizes[i]);
        const char *reply = NULL;
        size_t size = 1;
        assert_int_equal(xylem_exec_bytes(network, 2, text, sizes[i], &reply, &size), XYLEM_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(reply, text, size);
        free(text);
    }
    xylem_close(&network);
}

/* Several large ones at once, in both directions, and none is taken for another. */
static void test_large_jobs(void **state)
{
    xylem *network = OPEN("echo", "long-echo", "echo");
    xylem_future *futures[6];
    char *texts[6];
    for (int i = 0; i < 6; i++) {
        texts[i] = pattern_of(1000000 + 77777 * (size_t)i);
        futures[i] = start(network, i % 3, texts[i]);
    }
    for (int i = 0; i < 6; i++) {
        expect_end(futures[i], XYLEM_OK, texts[i]);
        free(texts[i]);
    }
    xylem_close(&network);
}

static void test_short_texts(void **state)
{
    static const char *const texts[] = {"", "12345", "123456", "1", "1234567"};
    xylem *network = OPEN("tell-rest");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_end(start(network, 0, texts[i]), XYLEM_OK, strlen(texts[i]) > 5 ? "rests" : "quick");
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {EVERYWHERE(test_large_texts), EVERYWHERE(test_large_jobs),
                                       EVERYWHERE(test_short_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
