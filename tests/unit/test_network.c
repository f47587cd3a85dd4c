/* The public interface, as a program uses it. */
#include "sleeping.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "xylem.h"

enum { CEILING_MS = 30000 };

static xylem *open_network(enum xylem_world world)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = world;
    options.heartbeat_ms = 50;
    options.timeout_ms = 20000;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static void create(xylem *network, int64_t id)
{
    int64_t pid = 0;
    assert_int_equal(xylem_create(network, id, &pid), XYLEM_OK);
    assert_true(pid > 0);
}

static void test_wrong_options(void **state)
{
    static const char *const named[] = {
        "XYLEM_OPTIONS", "newer version",   "timeout_ms", "heartbeat_ms", "world",
        "log_level",     "transport",       "job_ms",     "service",      "topology",
        "option repair", "option restart ", "restarts",   "restarts",     "restart_window_ms"};
    enum { BAD = sizeof named / sizeof *named };
    xylem_options good = XYLEM_OPTIONS, bad[BAD];
    xylem *network;
    (void)state;
    for (size_t i = 0; i < BAD; i++)
        bad[i] = good;
    bad[0].size--;
    bad[1].size++;
    bad[2].timeout_ms = 0;
    bad[3].heartbeat_ms = -1;
    bad[4].world = (enum xylem_world)9;
    bad[5].log_level = (enum xylem_log_level)9;
    bad[6].transport = (enum xylem_transport)9;
    bad[7].job_ms = 0;
    bad[8].service = "";
    bad[9].topology = NULL;
    bad[10].repair = (enum xylem_repair)3;
    bad[11].restart = (enum xylem_restart)2;
    bad[12].restarts = 0;
    bad[13].restarts = 1001;
    bad[14].restart_window_ms = 0;
    for (size_t i = 0; i < BAD; i++) {
        assert_int_equal(xylem_open(&network, &bad[i]), XYLEM_INVALID);
        assert_null(network);
        assert_non_null(strstr(xylem_reason(NULL), named[i]));
    }
    bad[0] = good;
    bad[0].service = "nope";
    assert_int_equal(xylem_open(&network, &bad[0]), XYLEM_INVALID);
    assert_string_equal(xylem_reason(NULL),
                        "there is no service 'nope'; there are timer, sum, dict, find, sleep, ask, "
                        "hanging");
    bad[1] = good;
    bad[1].topology = "bts";
    assert_int_equal(xylem_open(&network, &bad[1]), XYLEM_INVALID);
    assert_null(network);
    assert_string_equal(xylem_reason(NULL),
                        "there is no topology 'bts'; there are bst, avl, balanced, list, tree");
    good.world = XYLEM_PROCESS; /* without xylem_worker this would start the program again */
    assert_int_equal(xylem_open(&network, &good), XYLEM_CANNOT_OPEN);
    assert_non_null(strstr(xylem_reason(NULL), "xylem_worker"));
    assert_null(network);
}

static void test_close_clears(void **state)
{
    xylem *network = NULL;
    (void)state;
    xylem_close(&network);
    assert_int_equal(xylem_open(&network, NULL), XYLEM_OK);
    xylem_close(&network);
    assert_null(network);
    xylem_close(&network);
}

static void test_calls(void **state)
{
    const char *reply = NULL;
    xylem *network = open_network((enum xylem_world)(uintptr_t)*state);
    assert_int_equal(xylem_heartbeat(network, 100), XYLEM_NOT_FOUND);
    create(network, 50);
    create(network, 75);
    assert_int_equal(xylem_create(network, 75, NULL), XYLEM_EXISTS);
    assert_int_equal(xylem_create(network, -1, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_exec(network, 75, "time", &reply), XYLEM_OK);
    assert_string_equal(reply, "0 ms");
    assert_int_equal(xylem_exec(network, 75, "dance", &reply), XYLEM_BAD_SUBCOMMAND);
    assert_string_equal(xylem_reason(network), "'dance' (timer takes start, stop, time)");
    assert_int_equal(xylem_exec(network, 76, "time", NULL), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_heartbeat(network, -1), XYLEM_INVALID);
    assert_int_equal(xylem_heartbeat(network, 100), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 50), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 51), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_remove(network, 50), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 75), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_wait(network, 75, true, 20), XYLEM_TIMED_OUT);
    assert_string_equal(xylem_reason(network), "");
    xylem_close(&network);
}

static void test_long_text(void **state)
{
    xylem *network = open_network((enum xylem_world)(uintptr_t)*state);
    char *text = calloc(1, XYLEM_TEXT_MAX + 2);
    memset(text, 'x', XYLEM_TEXT_MAX);
    create(network, 1);
    create(network, 2);
    assert_int_equal(xylem_heartbeat(network, 0), XYLEM_OK); /* a sanitizer may take its time */
    assert_int_equal(xylem_exec(network, 2, text, NULL), XYLEM_BAD_SUBCOMMAND);
    text[XYLEM_TEXT_MAX] = 'x';
    assert_int_equal(xylem_exec(network, 2, text, NULL), XYLEM_TOO_LONG);
    free(text);
    xylem_close(&network);
}

static void test_list(void **state)
{
    const xylem_node *const *nodes;
    size_t count;
    xylem *network = open_network((enum xylem_world)(uintptr_t)*state);
    assert_int_equal(xylem_list(network, &nodes, &count), XYLEM_OK);
    assert_int_equal(count, 0);
    create(network, 50);
    create(network, 25);
    create(network, 60);
    create(network, 55);
    assert_int_equal(xylem_kill(network, 60), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 55, false, CEILING_MS), XYLEM_OK);
    assert_int_equal(xylem_list(network, &nodes, &count), XYLEM_OK);
    assert_int_equal(count, 4);
    const struct {
        int64_t id, parent;
        size_t depth;
        bool available;
    } expected[] = {{25, 50, 1, true}, {50, -1, 0, true}, {55, 60, 2, false}, {60, 50, 1, false}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(nodes[i]->id == expected[i].id && nodes[i]->parent == expected[i].parent);
        assert_int_equal(nodes[i]->depth, expected[i].depth);
        assert_int_equal(nodes[i]->available, expected[i].available);
    }
    xylem_close(&network);
}

static void take_event(xylem *network, enum xylem_event_kind kind, int64_t id)
{
    const xylem_event *event;
    while (!(event = xylem_next_event(network)))
        assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    assert_int_equal(event->kind, kind);
    assert_true(event->id == id);
}

static void test_events(void **state)
{
    xylem *network = open_network((enum xylem_world)(uintptr_t)*state);
    create(network, 50);
    create(network, 75);
    create(network, 60);
    assert_null(xylem_next_event(network));
    assert_int_equal(xylem_pause(network, 75), XYLEM_OK);
    take_event(network, XYLEM_NODE_UNAVAILABLE, 60);
    take_event(network, XYLEM_NODE_UNAVAILABLE, 75);
    assert_int_equal(xylem_exec(network, 60, "time", NULL), XYLEM_UNAVAILABLE);
    assert_int_equal(xylem_create(network, 61, NULL), XYLEM_PARENT_UNAVAILABLE);
    assert_int_equal(xylem_resume(network, 75), XYLEM_OK);
    take_event(network, XYLEM_NODE_AVAILABLE, 60);
    take_event(network, XYLEM_NODE_AVAILABLE, 75);
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

/* A program that only polls the descriptor misses neither a frame nor a deadline. */
static void test_descriptor(void **state)
{
    const xylem_event *event;
    xylem *network = open_network(XYLEM_THREAD);
    struct pollfd polled = {.fd = xylem_fd(network), .events = POLLIN};
    (void)state;
    create(network, 50);
    create(network, 75);
    for (int round = 0; round < 40; round++) {
        int64_t id = round % 4 < 2 ? 75 : 50; /* the topmost one is watched by this thread */
        bool pause = round % 2 == 0;
        assert_int_equal(pause ? xylem_pause(network, id) : xylem_resume(network, id), XYLEM_OK);
        for (int events = id == 50 ? 2 : 1; events > 0; events--)
            while (!(event = xylem_next_event(network))) {
                assert_int_equal(poll(&polled, 1, CEILING_MS), 1);
                assert_int_equal(xylem_run(network, 0), XYLEM_OK);
            }
        assert_int_equal(event->kind, pause ? XYLEM_NODE_UNAVAILABLE : XYLEM_NODE_AVAILABLE);
    }
    xylem_close(&network);
}

static void *interrupt(void *network)
{
    while (!main_thread_sleeps())
        sched_yield();
    xylem_interrupt(network);
    return NULL;
}

static void test_interrupt(void **state)
{
    pthread_t thread;
    xylem *network;
    (void)state;
    assert_int_equal(xylem_open(&network, NULL), XYLEM_OK); /* no heartbeats that wake it up */
    create(network, 50);
    assert_int_equal(pthread_create(&thread, NULL, interrupt, network), 0);
    int64_t deadline_ms = xylem_now(network) + CEILING_MS;
    assert_int_equal(xylem_wait(network, 50, false, CEILING_MS), XYLEM_INTERRUPTED);
    assert_true(xylem_now(network) < deadline_ms); /* it did not sleep on */
    assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_INTERRUPTED);
    pthread_join(thread, NULL);
    xylem_clear_interrupt(network);
    assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 50), XYLEM_OK);
    xylem_close(&network);
}

static void test_two_at_once(void **state)
{
    xylem *a = open_network(XYLEM_THREAD), *b = open_network(XYLEM_THREAD);
    (void)state;
    create(a, 1);
    create(b, 1);
    assert_int_equal(xylem_remove(a, 1), XYLEM_OK);
    assert_int_equal(xylem_ping(b, 1), XYLEM_OK);
    xylem_close(&a);
    assert_int_equal(xylem_ping(b, 1), XYLEM_OK);
    xylem_close(&b);
}

/* The log of the program. */

struct lines {
    pthread_t opener;
    int count, of_other_threads, inside;
    char text[256];
    int64_t id;
    enum xylem_log_level level;
};

static void take_line(void *owner, enum xylem_log_level level, int64_t id, const char *text)
{
    struct lines *lines = owner;
    assert_int_equal(lines->inside++, 0); /* one at a time */
    lines->count++;
    lines->of_other_threads += !pthread_equal(pthread_self(), lines->opener);
    lines->level = level;
    lines->id = id;
    snprintf(lines->text, sizeof lines->text, "%s", text);
    lines->inside--;
}

static atomic_bool has_begun, may_return;

static int hang(void *state, xylem_work *work)
{
    (void)state, (void)work;
    atomic_store(&has_begun, true);
    while (!atomic_load(&may_return))
        sched_yield();
    return XYLEM_OK;
}

static const xylem_service hanging =
    XYLEM_SERVICE(.name = "hanging", .exec = hang, .takes_long = true);

static void expect_line(const struct lines *lines, int64_t id, enum xylem_log_level level,
                        const char *text)
{
    assert_int_equal(lines->id, id);
    assert_int_equal(lines->level, level);
    assert_string_equal(lines->text, text);
}

static void test_log(void **state)
{
    struct lines lines = {.opener = pthread_self()};
    xylem_options options = XYLEM_OPTIONS;
    xylem_future *future;
    xylem *network;
    (void)state;
    options.log_level = XYLEM_LOG_INFO;
    options.log = take_line;
    options.log_owner = &lines;
    options.service = hanging.name;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    create(network, 1);
    create(network, 2);
    assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 2, false, -1), XYLEM_OK);
    expect_line(&lines, -1, XYLEM_LOG_INFO, "life 2: the node was killed");
    assert_int_equal(lines.count, 1);
    assert_int_equal(lines.of_other_threads, 0);
    assert_int_equal(xylem_start(network, 1, "", -1, &future), XYLEM_OK);
    while (!atomic_load(&has_begun))
        sched_yield();
    xylem_close(&network);
    assert_int_equal(lines.count, 3); /* of the node, by its own thread, and of its end */
    assert_int_equal(lines.of_other_threads, 1);
    expect_line(&lines, -1, XYLEM_LOG_INFO, "life 1: the node ended");
    atomic_store(&may_return, true);
    xylem_future_free(&future);
}

static void test_virtual_time(void **state)
{
    const char *reply;
    xylem *network = open_network(XYLEM_SIMULATED);
    (void)state;
    create(network, 1);
    assert_int_equal(xylem_exec(network, 1, "start", NULL), XYLEM_OK);
    int64_t before_ms = xylem_now(network);
    assert_int_equal(xylem_run(network, 86400000), XYLEM_OK);
    assert_int_equal(xylem_run(network, INT64_MAX), XYLEM_INVALID);
    assert_true(xylem_now(network) == before_ms + 86400000);
    assert_int_equal(xylem_exec(network, 1, "time", &reply), XYLEM_OK);
    assert_in_range(strtoll(reply, NULL, 10), 86400000, 86400001);
    assert_int_equal(xylem_fd(network), -1);
    xylem_close(&network);
}

static void test_texts(void **state)
{
    (void)state;
    assert_string_equal(xylem_strerror(XYLEM_OK), "OK");
    assert_string_equal(xylem_strerror(XYLEM_PARENT_UNAVAILABLE), "Parent is unavailable");
    assert_string_equal(xylem_strerror(-1), "unknown error");
    assert_string_equal(xylem_strerror(1000), "unknown error");
}

#define IN_WORLD(test, world)                                                                      \
    {                                                                                              \
#test " " #world, test, NULL, NULL, (void *)(uintptr_t)world                               \
    }
#define IN_WORLDS(test) IN_WORLD(test, XYLEM_THREAD), IN_WORLD(test, XYLEM_SIMULATED)

int main(void)
{
    if (xylem_register(&hanging) != XYLEM_OK)
        return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_close_clears),
        IN_WORLDS(test_calls),
        IN_WORLDS(test_long_text),
        IN_WORLDS(test_list),
        IN_WORLDS(test_events),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_virtual_time),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
