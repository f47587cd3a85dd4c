/* Events: what they say is the same in every world. */
#include "worlds.h"

#include <signal.h>

enum { CEILING_MS = 30000 };

static const xylem_event *next_event(xylem *network)
{
    const xylem_event *event;
    while (!(event = xylem_next_event(network)))
        assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    assert_int_equal(event->size, sizeof *event);
    return event;
}

static uint64_t life_of(xylem *network, int64_t id)
{
    const xylem_node *const *nodes;
    size_t count;
    assert_int_equal(xylem_list(network, &nodes, &count), XYLEM_OK);
    for (size_t i = 0; i < count; i++)
        if (nodes[i]->id == id)
            return nodes[i]->life;
    fail();
    return 0;
}

static void expect_event(const xylem_event *event, enum xylem_event_kind kind, int64_t id,
                         enum xylem_cause cause, int number, int64_t origin)
{
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->id, id);
    assert_int_equal(event->cause, cause);
    assert_int_equal(event->number, number);
    assert_int_equal(event->origin, origin);
}

static void test_killed(void **state)
{
    xylem *network = OPEN("timer", "timer", "timer");
    uint64_t life = life_of(network, 2);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    expect_event(next_event(network), XYLEM_NODE_UNAVAILABLE, 1, XYLEM_SIGNALLED, SIGKILL, 1);
    const xylem_event *below = next_event(network);
    expect_event(below, XYLEM_NODE_UNAVAILABLE, 2, XYLEM_ANCESTOR, 0, 1);
    assert_int_equal(below->life, life);
    xylem_close(&network);
}

static void test_silent(void **state)
{
    xylem *network = OPEN("timer", "timer", "timer");
    assert_int_equal(xylem_heartbeat(network, 50), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 1), XYLEM_OK);
    expect_event(next_event(network), XYLEM_NODE_UNAVAILABLE, 1, XYLEM_SILENT, 0, 1);
    expect_event(next_event(network), XYLEM_NODE_UNAVAILABLE, 2, XYLEM_ANCESTOR, 0, 1);
    assert_int_equal(xylem_resume(network, 1), XYLEM_OK);
    expect_event(next_event(network), XYLEM_NODE_AVAILABLE, 1, XYLEM_NO_CAUSE, 0, -1);
    expect_event(next_event(network), XYLEM_NODE_AVAILABLE, 2, XYLEM_NO_CAUSE, 0, -1);
    xylem_close(&network);
}

/* An event of an earlier life can be told from one of the later. */
static void test_lives(void **state)
{
    xylem *network = OPEN("timer", "timer");
    uint64_t first = life_of(network, 1);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 1, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_true(life_of(network, 1) != first);
    assert_int_equal(next_event(network)->life, first);
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

/* Once a ping has found that a node is dead, it is known to be unavailable. */
static void test_ping_and_wait_agree(void **state)
{
    for (int64_t id = 0; id < 2; id++)
        for (int round = 0; round < 20; round++) {
            xylem *network = OPEN("timer", "timer");
            assert_int_equal(xylem_kill(network, id), XYLEM_OK);
            assert_int_equal(xylem_ping(network, id), XYLEM_UNAVAILABLE);
            assert_int_equal(xylem_wait(network, id, true, 0), XYLEM_TIMED_OUT);
            assert_int_equal(xylem_wait(network, id, false, 0), XYLEM_OK);
            xylem_close(&network);
        }
}

int main(int argc, char **argv)
{
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_killed),
        EVERYWHERE(test_silent),
        EVERYWHERE(test_lives),
        EVERYWHERE(test_ping_and_wait_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
