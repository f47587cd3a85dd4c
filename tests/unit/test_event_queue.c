/* Events that are not taken at once: their order, and how many are kept. */
#include "unit.h"

#include "xylem.h"

enum { NODES = 200, TAKEN = 7, KEPT_MAX = 65536, WAIT_MS = 20000, HEARTBEAT_MS = 100 };

/* With the middle of the ids at the top, and the one before it at the bottom. */
static xylem *open_network(int64_t nodes)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = XYLEM_SIMULATED;
    options.heartbeat_ms = HEARTBEAT_MS;
    options.timeout_ms = 20000;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(xylem_create(network, nodes / 2, NULL), XYLEM_OK);
    for (int64_t low = 0, high = nodes - 1; low <= high; low++, high--) {
        xylem_create(network, low, NULL);
        xylem_create(network, high, NULL); /* the middle is there */
    }
    return network;
}

static void lose_and_find(xylem *network, int64_t id)
{
    assert_int_equal(xylem_pause(network, id), XYLEM_OK);
    assert_int_equal(xylem_wait(network, id, false, WAIT_MS), XYLEM_OK);
    assert_int_equal(xylem_resume(network, id), XYLEM_OK);
    assert_int_equal(xylem_wait(network, id, true, WAIT_MS), XYLEM_OK);
}

static void expect_event(xylem *network, enum xylem_event_kind kind, int64_t id)
{
    const xylem_event *event = xylem_next_event(network);
    assert_non_null(event);
    assert_int_equal(event->kind, kind);
    assert_true(event->id == id);
}

static void expect_both(xylem *network, int64_t id)
{
    expect_event(network, XYLEM_NODE_UNAVAILABLE, id);
    expect_event(network, XYLEM_NODE_AVAILABLE, id);
}

/* However many there are, and wherever the first of them is kept. */
static void test_order(void **state)
{
    xylem *network = open_network(1);
    int64_t count = 0, taken = 0;
    (void)state;
    for (int64_t id = 1; id < NODES; id++) /* each below the one before */
        assert_int_equal(xylem_create(network, id, NULL), XYLEM_OK);
    for (int64_t id = NODES - 1; id > 0; id--) {
        assert_int_equal(xylem_kill(network, id), XYLEM_OK);
        assert_int_equal(xylem_wait(network, id, false, WAIT_MS), XYLEM_OK);
        for (count++; id % 16 == 0 && taken < count - TAKEN; taken++)
            expect_event(network, XYLEM_NODE_UNAVAILABLE, NODES - 1 - taken);
    }
    for (; taken < count; taken++)
        expect_event(network, XYLEM_NODE_UNAVAILABLE, NODES - 1 - taken);
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

/* Of too many that are not taken the oldest are lost, and no memory is taken for more. */
static void test_too_many(void **state)
{
    xylem *network = open_network(NODES);
    const int64_t lowest = NODES / 2 - 1;
    size_t count = 0;
    (void)state;
    for (int round = 0; round < KEPT_MAX / NODES; round++) /* two events a node: twice too many */
        lose_and_find(network, NODES / 2);
    lose_and_find(network, lowest);
    while (count + 2 < KEPT_MAX && xylem_next_event(network))
        count++;
    assert_int_equal(count, KEPT_MAX - 2);
    expect_both(network, lowest);
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
