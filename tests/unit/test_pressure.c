/* More jobs than may be under way, and as many as may, in every world. */
#include "worlds.h"

enum { LARGE = 16 * 1024 * 1024, MOST = 40, MANY = 50000, ROUNDS_MAX = 6000 };

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size < 16 ? size : 16);
}

static const xylem_service own = XYLEM_SERVICE(.name = "echo", .exec = echo);

static void count(xylem_future *future, void *owner)
{
    size_t *finished = owner;
    (void)future;
    ++*finished;
}

static void run_until(xylem *network, const size_t *finished, size_t wanted)
{
    for (int round = 0; *finished < wanted; round++) {
        assert_true(round < ROUNDS_MAX);
        size_t before = *finished;
        assert_int_equal(xylem_run(network, 100), XYLEM_OK);
        if (*finished > before)
            round = 0;
    }
}

/* Starts large jobs at a node that is busy until one is refused; returns how many there are. */
static size_t fill(xylem *network, int64_t id, xylem_future *futures[MOST])
{
    char *text = calloc(1, LARGE);
    size_t started = 0;
    int error;
    while (!(error = xylem_start_bytes(network, id, text, LARGE, -1, &futures[started])))
        assert_true(++started < MOST);
    assert_int_equal(error, XYLEM_BUSY);
    assert_null(futures[started]);
    assert_int_equal(xylem_start_bytes(network, id, text, LARGE, -1, &futures[started]),
                     XYLEM_BUSY);
    assert_string_equal(xylem_reason(network), "");
    free(text);
    return started;
}

static void expect_no_event(xylem *network)
{
    assert_null(xylem_next_event(network));
}

static void expect_room(xylem *network)
{
    const xylem_event *event;
    for (int round = 0; !(event = xylem_next_event(network)); round++) {
        assert_true(round < ROUNDS_MAX);
        assert_int_equal(xylem_run(network, 100), XYLEM_OK);
    }
    assert_int_equal(event->kind, XYLEM_HAS_ROOM);
    assert_int_equal(event->id, -1);
}

/* A start is refused at once, without a trace, when 64 MiB of texts are under way; what is small is
 * not. Word of room comes once. */
static void test_room(void **state)
{
    xylem *network = OPEN("sleep", "echo");
    xylem_future *busy = start(network, 0, "3600000"), *futures[MOST];
    size_t started = fill(network, 0, futures);
    assert_int_equal(started, 4);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 1, "x", NULL), XYLEM_OK);
    assert_int_equal(create_serving(network, 2, "echo"), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, true, -1), XYLEM_OK);
    expect_no_event(network);
    xylem_future_cancel(busy);
    expect_end(busy, XYLEM_CANCELLED, "");
    expect_room(network);
    for (size_t i = 0; i < started; i++)
        expect_end(futures[i], XYLEM_BAD_SUBCOMMAND, "'' (sleep takes MS)");
    expect_no_event(network);
    started = fill(network, 0, futures); /* and so again */
    assert_int_equal(started, 4);
    for (size_t i = 0; i < started; i++)
        xylem_future_free(&futures[i]);
    expect_room(network);
    assert_int_equal(xylem_exec(network, 1, "x", NULL), XYLEM_OK);
    expect_no_event(network);
    xylem_close(&network);
}

/* Two of the longest may be under way, beside others. */
static void test_the_longest(void **state)
{
    xylem *network = OPEN("echo", "echo");
    char *text = calloc(1, XYLEM_TEXT_MAX);
    xylem_future *futures[2], *small[100];
    for (int i = 0; i < 100; i++)
        small[i] = start(network, i % 2, "x");
    for (int i = 0; i < 2; i++)
        assert_int_equal(xylem_start_bytes(network, i, text, XYLEM_TEXT_MAX, -1, &futures[i]),
                         XYLEM_OK);
    for (int i = 0; i < 100; i++)
        expect_end(small[i], XYLEM_OK, "x");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xylem_future_wait(futures[i], -1), XYLEM_OK);
        assert_int_equal(xylem_future_result(futures[i], NULL, NULL), XYLEM_OK);
        xylem_future_free(&futures[i]);
    }
    free(text);
    xylem_close(&network);
}

/* Many small ones at one node, below another. */
static void test_many(void **state)
{
    static xylem_future *futures[MANY];
    xylem *network = OPEN("echo", "echo", "echo");
    size_t finished = 0;
    for (size_t i = 0; i < MANY; i++) {
        futures[i] = start(network, 2, "x");
        xylem_future_then(futures[i], count, &finished);
    }
    run_until(network, &finished, MANY);
    for (size_t i = 0; i < MANY; i++)
        expect_end(futures[i], XYLEM_OK, "x");
    expect_no_event(network);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    if (xylem_register(&own) != XYLEM_OK)
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_room),
        EVERYWHERE(test_the_longest),
        EVERYWHERE(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
