/* The shapes of a network, and what is known of it, through the public interface in every world. */
#include "../shortage.h"
#include "api/network.h"
#include "worlds.h"

enum { CEILING_MS = 30000 };

static xylem_options options_of(void **state, const char *topology)
{
    xylem_options options = XYLEM_OPTIONS;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = 20000;
    options.topology = topology;
    return options;
}

static xylem *open_shape(void **state, const char *topology)
{
    xylem_options options = options_of(state, topology);
    xylem *network;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static int create_below(xylem *network, int64_t id, int64_t parent)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.parent = parent;
    return xylem_create_with(network, id, &options, NULL);
}

static const xylem_node *info(xylem *network, int64_t id)
{
    const xylem_node *node = NULL;
    assert_int_equal(xylem_info(network, id, &node), XYLEM_OK);
    assert_int_equal(node->size, sizeof *node);
    assert_int_equal(node->id, id);
    return node;
}

static void expect_place(xylem *network, int64_t id, int64_t parent, size_t depth, size_t children)
{
    const xylem_node *node = info(network, id);
    assert_int_equal(node->parent, parent);
    assert_int_equal(node->depth, depth);
    assert_int_equal(node->children, children);
    assert_true(node->available);
}

static void expect_counts(xylem *network, size_t nodes, size_t depth, size_t unavailable)
{
    const xylem_counts *counts;
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->size, sizeof *counts);
    assert_int_equal(counts->nodes, nodes);
    assert_int_equal(counts->depth, depth);
    assert_int_equal(counts->unavailable, unavailable);
    assert_int_equal(counts->requests, 0);
}

/* Those that do not answer, as "7;10;15". */
static void expect_unanswered(xylem *network, const char *wanted)
{
    char found[200] = "";
    const int64_t *ids;
    size_t count, used = 0;
    assert_int_equal(xylem_ping_all(network, &ids, &count), XYLEM_OK);
    for (size_t i = 0; i < count && used < sizeof found; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%lld", i > 0 ? ";" : "",
                                 (long long)ids[i]);
    assert_string_equal(found, wanted);
}

/* The shapes. */

static void test_bst(void **state)
{
    xylem *network = open_shape(state, "bst");
    const int64_t ids[] = {50, 25, 75, 60};
    for (size_t i = 0; i < 4; i++) /* a parent is accepted, and not used */
        assert_int_equal(create_below(network, ids[i], i == 3 ? 4711 : XYLEM_ANY), XYLEM_OK);
    expect_place(network, 50, -1, 0, 2);
    expect_place(network, 25, 50, 1, 0);
    expect_place(network, 75, 50, 1, 1);
    expect_place(network, 60, 75, 2, 0);
    expect_unanswered(network, "");
    expect_counts(network, 4, 3, 0);
    xylem_close(&network);
}

static void test_avl(void **state)
{
    xylem *network = open_shape(state, "avl");
    static const int64_t parents[] = {2, 4, 2, -1, 6, 4, 6};
    static const size_t depths[] = {2, 1, 2, 0, 2, 1, 2};
    for (int64_t id = 1; id <= 7; id++)
        assert_int_equal(create_below(network, id, 4711), XYLEM_OK);
    for (int64_t id = 1; id <= 7; id++)
        expect_place(network, id, parents[id - 1], depths[id - 1], id % 2 == 0 ? 2 : 0);
    expect_unanswered(network, "");
    expect_counts(network, 7, 3, 0);
    assert_int_equal(xylem_remove(network, 4), XYLEM_OK); /* the topmost one, and no other */
    expect_place(network, 5, -1, 0, 2);
    expect_place(network, 2, 5, 1, 2);
    expect_place(network, 6, 5, 1, 1);
    expect_unanswered(network, "");
    expect_counts(network, 6, 3, 0);
    xylem_close(&network);
}

static void test_balanced(void **state)
{
    xylem *network = open_shape(state, "balanced");
    static const int64_t parents[] = {-1, 1, 1, 2, 3, 2, 3};
    static const size_t children[] = {2, 2, 2, 0, 0, 0, 0};
    for (int64_t id = 1; id <= 7; id++)
        assert_int_equal(create_below(network, id, 4711), XYLEM_OK);
    for (int64_t id = 1; id <= 7; id++)
        expect_place(network, id, parents[id - 1], id == 1 ? 0 : id <= 3 ? 1 : 2, children[id - 1]);
    assert_int_equal(xylem_remove(network, 3), XYLEM_OK); /* the last one takes its place */
    expect_counts(network, 6, 3, 0);
    expect_place(network, 7, 1, 1, 1);
    expect_place(network, 5, 7, 2, 0);
    assert_int_equal(xylem_create(network, 8, NULL), XYLEM_OK);
    expect_place(network, 8, 7, 2, 0);
    expect_unanswered(network, "");
    xylem_close(&network);
}

static void test_list(void **state)
{
    xylem *network = open_shape(state, "list");
    assert_int_equal(xylem_create(network, 5, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 3, NULL), XYLEM_OK);
    assert_int_equal(create_below(network, 9, XYLEM_CONTROLLER), XYLEM_OK);
    assert_int_equal(xylem_create(network, 7, NULL), XYLEM_OK);
    assert_int_equal(create_below(network, 6, 5), XYLEM_PARENT_HAS_CHILD);
    assert_int_equal(create_below(network, 6, 8), XYLEM_PARENT_NOT_FOUND);
    assert_int_equal(create_below(network, 3, 8), XYLEM_EXISTS);
    assert_int_equal(create_below(network, 6, 3), XYLEM_OK);
    expect_place(network, 5, -1, 0, 1);
    expect_place(network, 3, 5, 1, 1);
    expect_place(network, 6, 3, 2, 0);
    expect_place(network, 9, -1, 0, 1);
    expect_place(network, 7, 9, 1, 0);
    expect_unanswered(network, "");
    expect_counts(network, 5, 3, 0);
    assert_int_equal(xylem_remove(network, 3), XYLEM_OK);
    expect_counts(network, 3, 2, 0);
    assert_int_equal(create_below(network, 6, 5), XYLEM_OK);
    xylem_close(&network);
}

static void test_tree(void **state)
{
    xylem *network = open_shape(state, "tree");
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(create_below(network, 0, XYLEM_CONTROLLER), XYLEM_OK);
    for (int64_t id = 10; id < 15; id++)
        assert_int_equal(create_below(network, id, 1), XYLEM_OK);
    assert_int_equal(create_below(network, 20, 13), XYLEM_OK);
    assert_int_equal(create_below(network, 21, 21), XYLEM_PARENT_NOT_FOUND);
    expect_place(network, 0, -1, 0, 0);
    expect_place(network, 1, -1, 0, 5);
    expect_place(network, 13, 1, 1, 1);
    expect_place(network, 20, 13, 2, 0);
    expect_unanswered(network, "");
    expect_counts(network, 8, 3, 0);
    xylem_close(&network);
}

/* In each shape a node does work, wherever it is. */
static void test_work(void **state)
{
    static const char *const topologies[] = {"bst", "avl", "balanced", "list", "tree"};
    for (size_t i = 0; i < 5; i++) {
        xylem *network = open_shape(state, topologies[i]);
        const char *reply;
        for (int64_t id = 1; id <= 5; id++)
            assert_int_equal(create_below(network, id, id > 1 ? id - 1 : XYLEM_ANY), XYLEM_OK);
        for (int64_t id = 1; id <= 5; id++) {
            assert_int_equal(xylem_exec(network, id, "time", &reply), XYLEM_OK);
            assert_string_equal(reply, "0 ms");
        }
        xylem_close(&network);
    }
}

/* Moves. */

static void expect_reply(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    assert_string_equal(reply, wanted);
}

static const xylem_counts *status_of(xylem *network)
{
    const xylem_counts *counts;
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    return counts;
}

static void test_move(void **state)
{
    xylem *network = open_shape(state, "tree");
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
    assert_int_equal(create_serving(network, 3, "dict"), XYLEM_OK);
    assert_int_equal(create_below(network, 4, 3), XYLEM_OK);
    expect_reply(network, 3, "a 7", "");
    assert_int_equal(xylem_move(network, 3, 2), XYLEM_OK);
    expect_place(network, 3, 2, 1, 1);
    expect_place(network, 4, 3, 2, 0);
    assert_int_equal(xylem_move(network, 2, 1), XYLEM_OK);
    expect_place(network, 4, 3, 3, 0);
    expect_reply(network, 3, "a", "7");
    expect_unanswered(network, "");
    assert_int_equal(xylem_move(network, 3, XYLEM_CONTROLLER), XYLEM_OK);
    expect_place(network, 3, -1, 0, 1);
    expect_reply(network, 3, "a", "7");
    assert_int_equal(status_of(network)->moves, 3);
    assert_int_equal(status_of(network)->repairs, 0);
    assert_null(xylem_next_event(network));
    xylem_close(&network);
}

static void test_wrong_moves(void **state)
{
    xylem *network = open_shape(state, "tree");
    for (int64_t id = 1; id <= 3; id++)
        assert_int_equal(create_below(network, id, id > 1 ? id - 1 : XYLEM_ANY), XYLEM_OK);
    assert_int_equal(xylem_move(network, 4, 1), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_move(network, -1, 1), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_move(network, 3, 4), XYLEM_PARENT_NOT_FOUND);
    assert_int_equal(xylem_move(network, 1, 3), XYLEM_PARENT_IS_BELOW);
    assert_int_equal(xylem_move(network, 1, 1), XYLEM_PARENT_IS_BELOW);
    assert_int_equal(xylem_move(network, 3, XYLEM_ANY), XYLEM_INVALID);
    assert_string_equal(xylem_reason(network), "the parent is not an id or XYLEM_CONTROLLER");
    assert_int_equal(xylem_kill(network, 3), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 3, false, CEILING_MS), XYLEM_OK);
    assert_int_equal(xylem_move(network, 2, 3), XYLEM_PARENT_IS_BELOW);
    assert_int_equal(create_below(network, 4, XYLEM_CONTROLLER), XYLEM_OK);
    assert_int_equal(xylem_move(network, 4, 3), XYLEM_PARENT_UNAVAILABLE);
    assert_int_equal(xylem_move(network, 3, 4), XYLEM_UNAVAILABLE);
    assert_int_equal(status_of(network)->moves, 0);
    assert_int_equal(info(network, 3)->parent, 2);
    xylem_close(&network);
}

/* The other shapes choose the parents. */
static void test_no_moves(void **state)
{
    static const char *const topologies[] = {"bst", "avl", "balanced", "list"};
    for (size_t i = 0; i < 4; i++) {
        xylem *network = open_shape(state, topologies[i]);
        char reason[80];
        snprintf(reason, sizeof reason, "the topology %s chooses the parents itself",
                 topologies[i]);
        assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
        assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
        assert_int_equal(xylem_move(network, 2, XYLEM_CONTROLLER), XYLEM_INVALID);
        assert_string_equal(xylem_reason(network), reason);
        assert_int_equal(status_of(network)->moves, 0);
        xylem_close(&network);
    }
}

/* Repair. */

static xylem *open_repairing(void **state, enum xylem_repair repair, enum xylem_restart restart)
{
    xylem_options options = options_of(state, "tree");
    xylem_create_options first = XYLEM_CREATE_OPTIONS, second = XYLEM_CREATE_OPTIONS;
    xylem *network;
    options.repair = repair;
    options.restart = restart;
    options.restarts = 2;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    first.service = second.service = "dict";
    second.parent = 1;
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    assert_int_equal(xylem_create_with(network, 1, &first, NULL), XYLEM_OK);
    assert_int_equal(xylem_create_with(network, 2, &second, NULL), XYLEM_OK);
    expect_reply(network, 1, "a 7", "");
    expect_reply(network, 2, "a 8", "");
    return network;
}

/* The next event of a kind. */
static xylem_event await(xylem *network, enum xylem_event_kind kind)
{
    for (;;) {
        const xylem_event *event = xylem_next_event(network);
        if (event && event->kind == kind)
            return *event;
        if (!event)
            assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    }
}

static void test_adopt(void **state)
{
    xylem *network = open_repairing(state, XYLEM_REPAIR_ADOPT, XYLEM_ONE_FOR_ONE);
    assert_int_equal(create_below(network, 3, 2), XYLEM_OK);
    assert_int_equal(xylem_kill(network, 2), XYLEM_OK);
    xylem_event event = await(network, XYLEM_NODE_ADOPTED);
    assert_int_equal(event.id, 3);
    assert_int_equal(event.parent, 1);
    expect_place(network, 3, 1, 1, 0);
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    event = await(network, XYLEM_NODE_ADOPTED);
    assert_int_equal(event.id, 3);
    assert_int_equal(event.parent, -1);
    expect_unanswered(network, "1;2");
    assert_int_equal(status_of(network)->repairs, 2);
    assert_int_equal(status_of(network)->restarts, 0);
    assert_true(status_of(network)->adrift_ms >= 0);
    xylem_close(&network);
}

/* Kills node 1 and waits until it is there again. */
static void restart(xylem *network, int number)
{
    const uint64_t life = info(network, 1)->life;
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    xylem_event event = await(network, XYLEM_NODE_RESTARTED);
    assert_int_equal(event.id, 1);
    assert_int_equal(event.number, number);
    assert_true(event.life > life);
    assert_int_equal(xylem_wait(network, 2, true, CEILING_MS), XYLEM_OK);
    expect_unanswered(network, "");
    expect_place(network, 1, -1, 0, 1);
    expect_place(network, 2, 1, 1, 0);
    assert_int_equal(info(network, 1)->restarts, number);
    assert_true(info(network, 1)->life > life);
    assert_int_equal(xylem_exec(network, 1, "a", NULL), XYLEM_FAILED);
    assert_int_equal(status_of(network)->restarts, number);
}

static void test_restart(void **state)
{
    xylem *network = open_repairing(state, XYLEM_REPAIR_RESTART, XYLEM_ONE_FOR_ONE);
    const uint64_t life = info(network, 2)->life;
    restart(network, 1);
    restart(network, 2);
    assert_int_equal(info(network, 2)->life, life);
    expect_reply(network, 2, "a", "8");
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    xylem_event event = await(network, XYLEM_NODE_RETIRED);
    assert_int_equal(event.id, 1);
    assert_int_equal(event.number, 2);
    event = await(network, XYLEM_NODE_ADOPTED);
    assert_int_equal(event.id, 2);
    assert_int_equal(event.parent, -1);
    expect_unanswered(network, "1");
    expect_reply(network, 2, "a", "8");
    xylem_close(&network);
}

static void test_restart_of_the_rest(void **state)
{
    xylem *network = open_repairing(state, XYLEM_REPAIR_RESTART, XYLEM_REST_FOR_SUBTREE);
    const uint64_t life = info(network, 2)->life;
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    xylem_event event = await(network, XYLEM_NODE_RESTARTED);
    assert_int_equal(event.id, 1);
    assert_int_equal(xylem_wait(network, 2, true, CEILING_MS), XYLEM_OK);
    assert_true(info(network, 2)->life > life);
    assert_int_equal(xylem_exec(network, 2, "a", NULL), XYLEM_FAILED);
    expect_unanswered(network, "");
    expect_place(network, 2, 1, 1, 0);
    xylem_close(&network);
}

/* What is known. */

static void test_ping_all(void **state)
{
    xylem *network = open_shape(state, "tree");
    expect_unanswered(network, "");
    for (int64_t id = 1; id <= 9; id++) /* 1 - 2, 3; 2 - 4, 5; ... */
        assert_int_equal(create_below(network, id, id > 1 ? id / 2 : XYLEM_ANY), XYLEM_OK);
    expect_unanswered(network, "");
    assert_int_equal(xylem_kill(network, 4), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 9, false, CEILING_MS), XYLEM_OK);
    expect_unanswered(network, "4;8;9");
    expect_counts(network, 9, 4, 3);
    assert_int_equal(xylem_remove(network, 4), XYLEM_OK);
    expect_unanswered(network, "");
    expect_counts(network, 6, 3, 0);
    xylem_close(&network);
}

/* Nodes that hang do not answer; they are found though nothing has told of them before. */
static void test_ping_all_hangs(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = 1500;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 4, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 3, NULL), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 4), XYLEM_OK);
    expect_unanswered(network, "3;4");
    assert_int_equal(xylem_resume(network, 4), XYLEM_OK);
    expect_unanswered(network, "");
    xylem_close(&network);
}

static void test_ping_all_interrupted(void **state)
{
    xylem *network = open_shape(state, "bst");
    const int64_t *ids;
    size_t count = 7;
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 1), XYLEM_OK);
    xylem_interrupt(network);
    assert_int_equal(xylem_ping_all(network, &ids, &count), XYLEM_INTERRUPTED);
    assert_int_equal(count, 7);
    xylem_clear_interrupt(network);
    assert_int_equal(xylem_resume(network, 1), XYLEM_OK);
    expect_unanswered(network, "");
    assert_int_equal(xylem_ping(network, 1), XYLEM_OK);
    xylem_close(&network);
}

/* More pings than may be under way: each of them is sent all the same. */
static void test_ping_all_of_many(void **state)
{
    enum { NODES = 40 };
    xylem *network = open_shape(state, "balanced");
    for (int64_t id = 1; id <= NODES; id++)
        assert_int_equal(xylem_create(network, id, NULL), XYLEM_OK);
    network->controller.bound = 3 * XY_REQUEST_COST;
    expect_unanswered(network, "");
    assert_int_equal(xylem_kill(network, NODES), XYLEM_OK);
    assert_int_equal(xylem_wait(network, NODES, false, CEILING_MS), XYLEM_OK);
    expect_unanswered(network, "40");
    xylem_close(&network);
}

/* So much is under way that not one ping may be: nothing is said of the nodes. */
static void test_ping_all_is_busy(void **state)
{
    xylem *network = OPEN("sleep", "timer");
    xylem_future *job = start(network, 0, "3600000");
    const int64_t *ids;
    size_t count;
    network->controller.bound = 1;
    assert_int_equal(xylem_ping_all(network, &ids, &count), XYLEM_BUSY);
    network->controller.bound = XY_IN_FLIGHT_MAX;
    expect_unanswered(network, "");
    xylem_future_free(&job);
    xylem_close(&network);
}

/* Without memory nothing is said of the nodes, either. */
static void test_ping_all_without_memory(void **state)
{
    xylem *network = open_shape(state, "tree");
    size_t failed = 0;
    for (int64_t id = 1; id <= 4; id++)
        assert_int_equal(xylem_create(network, id, NULL), XYLEM_OK);
    for (size_t call = 1; call < 200; call++) {
        const int64_t *ids;
        size_t count;
        memory_fails(call, call + 1);
        int error = xylem_ping_all(network, &ids, &count);
        bool ran_out = shortage.failed > 0;
        memory_is_back();
        assert_true(error == XYLEM_OK || (error == XYLEM_NO_MEMORY && ran_out));
        assert_true(error || count == 0);
        failed += error == XYLEM_NO_MEMORY;
        assert_int_equal(xylem_run(network, 10), XYLEM_OK); /* what is under way comes to its end */
    }
    assert_true(failed > 0);
    expect_unanswered(network, "");
    xylem_close(&network);
}

/* A node that is being removed is not known any more; nor is one that is being created. */
static void test_not_shown(void **state)
{
    xylem *network = open_shape(state, "tree");
    const xylem_node *const *nodes, *node;
    size_t count;
    for (int64_t id = 0; id < 3; id++)
        assert_int_equal(create_below(network, id, id - 1), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 1), XYLEM_OK);
    xylem_interrupt(network);
    assert_int_equal(xylem_remove(network, 1), XYLEM_INTERRUPTED);
    assert_int_equal(xylem_create(network, 7, NULL), XYLEM_INTERRUPTED);
    xylem_clear_interrupt(network);
    for (int64_t id = 1; id <= 7; id++)
        assert_int_equal(xylem_info(network, id, &node), XYLEM_NOT_FOUND);
    assert_int_equal(xylem_list(network, &nodes, &count), XYLEM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(nodes[0]->id, 0);
    const xylem_counts *counts;
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->nodes, 1);
    assert_int_equal(counts->depth, 1);
    expect_unanswered(network, "");
    xylem_close(&network);
}

static void test_info(void **state)
{
    xylem *network = open_shape(state, "bst");
    const xylem_node *node = NULL;
    assert_int_equal(xylem_info(network, 1, &node), XYLEM_NOT_FOUND);
    assert_null(node);
    assert_int_equal(create_serving(network, 1, "sleep"), XYLEM_OK);
    node = info(network, 1);
    assert_string_equal(node->service, "sleep");
    assert_int_equal(node->requests, 0);
    assert_true(node->life > 0);
    assert_true(node->pid > 0);
    xylem_future *jobs[3];
    for (int i = 0; i < 3; i++)
        jobs[i] = start(network, 1, "3600000");
    assert_int_equal(info(network, 1)->requests, 3);
    const xylem_counts *counts;
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->requests, 3);
    for (int i = 0; i < 3; i++)
        xylem_future_free(&jobs[i]);
    assert_int_equal(info(network, 1)->requests, 0);
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_int_equal(counts->requests, 0);
    xylem_close(&network);
}

/* How long nothing was heard of the node itself, in a world whose time passes as it is told. */
static void test_heard(void **state)
{
    xylem *network = open_shape(state, "bst");
    assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_run(network, 1000), XYLEM_OK);
    assert_in_range(info(network, 1)->heard_ms, 1000, 1010);
    assert_int_equal(xylem_ping(network, 1), XYLEM_OK);
    assert_in_range(info(network, 1)->heard_ms, 0, 10);
    xylem_close(&network);
}

static void expect_event(xylem *network, enum xylem_event_kind kind, int64_t id)
{
    const xylem_event *event;
    while (!(event = xylem_next_event(network)))
        assert_int_equal(xylem_run(network, CEILING_MS), XYLEM_OK);
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->id, id);
}

static void test_false_silences(void **state)
{
    xylem *network = open_shape(state, "list");
    const xylem_counts *counts;
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_create(network, 2, NULL), XYLEM_OK);
    assert_int_equal(xylem_heartbeat(network, 100), XYLEM_OK);
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    const uint64_t before = counts->false_silences; /* of a machine that is slow */
    assert_int_equal(xylem_pause(network, 2), XYLEM_OK);
    expect_event(network, XYLEM_NODE_UNAVAILABLE, 2);
    assert_int_equal(xylem_resume(network, 2), XYLEM_OK);
    expect_event(network, XYLEM_NODE_AVAILABLE, 2);
    assert_int_equal(xylem_status(network, &counts), XYLEM_OK);
    assert_true(counts->false_silences > before);
    xylem_close(&network);
}

/* Wrong options. */

static void expect_refused(xylem *network, const xylem_create_options *options, const char *reason)
{
    assert_int_equal(xylem_create_with(network, 1, options, NULL), XYLEM_INVALID);
    assert_string_equal(xylem_reason(network), reason);
}

static void test_wrong_create_options(void **state)
{
    const xylem_create_options good = XYLEM_CREATE_OPTIONS;
    xylem_create_options bad = good;
    xylem *network = open_shape(state, "tree");
    bad.size--;
    expect_refused(network, &bad,
                   "the size of the options is unknown: initialize them with XYLEM_CREATE_OPTIONS");
    bad.size += 2;
    expect_refused(network, &bad,
                   "the size of the options is that of a newer version than this "
                   "library, " XYLEM_VERSION);
    bad = good;
    bad.parent = -3;
    expect_refused(network, &bad, "the option parent is not an id, XYLEM_CONTROLLER or XYLEM_ANY");
    assert_int_equal(xylem_create_with(network, -1, &good, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_create_with(network, 1, &good, NULL), XYLEM_OK);
    assert_string_equal(info(network, 1)->service, "timer");
    xylem_close(&network);
}

/* How many nodes a removal had to kill. */
static void test_killed(void **state)
{
    xylem *network = open_shape(state, "tree");
    for (int64_t id = 1; id <= 4; id++)
        assert_int_equal(create_below(network, id, id > 1 ? 1 : XYLEM_ANY), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 2), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    assert_string_equal(xylem_reason(network),
                        "node 2 did not end in time and was killed: the close function of its "
                        "service was not called, or was cut off");
    assert_int_equal(xylem_remove(network, 4), XYLEM_OK);
    assert_string_equal(xylem_reason(network), "");
    assert_int_equal(create_below(network, 5, 3), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 5), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 3), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
    assert_string_equal(xylem_reason(network),
                        "from node 1 downwards 2 of 3 nodes did not end in time and had to be "
                        "killed: the close functions of their services were not called, or were "
                        "cut off");
    xylem_close(&network);
}

/* In a shape that arranges itself those below one that hangs go on. */
static void test_killed_alone(void **state)
{
    xylem *network = open_shape(state, "avl");
    for (int64_t id = 1; id <= 3; id++)
        assert_int_equal(xylem_create(network, id, NULL), XYLEM_OK);
    expect_unanswered(network, "");
    assert_int_equal(xylem_pause(network, 2), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 2), XYLEM_OK);
    assert_string_equal(xylem_reason(network),
                        "node 2 did not end in time and was killed: the close function of its "
                        "service was not called, or was cut off");
    expect_unanswered(network, "");
    expect_place(network, 3, -1, 0, 1);
    expect_place(network, 1, 3, 1, 0);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_bst),
        EVERYWHERE(test_avl),
        EVERYWHERE(test_balanced),
        EVERYWHERE(test_list),
        EVERYWHERE(test_tree),
        EVERYWHERE(test_work),
        EVERYWHERE(test_move),
        EVERYWHERE(test_wrong_moves),
        EVERYWHERE(test_no_moves),
        EVERYWHERE(test_adopt),
        EVERYWHERE(test_restart),
        EVERYWHERE(test_restart_of_the_rest),
        EVERYWHERE(test_ping_all),
        EVERYWHERE(test_ping_all_hangs),
        EVERYWHERE(test_ping_all_interrupted),
        EVERYWHERE(test_ping_all_of_many),
        EVERYWHERE(test_ping_all_is_busy),
        {"test_ping_all_without_memory simulated", test_ping_all_without_memory, NULL, NULL,
         (void *)0},
        EVERYWHERE(test_not_shown),
        EVERYWHERE(test_info),
        {"test_heard simulated", test_heard, NULL, NULL, (void *)0},
        EVERYWHERE(test_false_silences),
        EVERYWHERE(test_wrong_create_options),
        EVERYWHERE(test_killed),
        EVERYWHERE(test_killed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
