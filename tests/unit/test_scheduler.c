/* The simulated world: the order of what happens, the faults, and that a seed determines it all. */
#include "unit.h"

#include "world/simulated_world.h"

enum { TIMEOUT_MS = 1000, COMMANDS = 64, MS = 1000 };

typedef struct fixture {
    xy_controller controller;
    xy_world *world;
    int answers[COMMANDS], status[COMMANDS], order[COMMANDS];
    int answered;
    char text[XY_REASON_SIZE]; /* of the latest reply */
    uint64_t hash;             /* of what has happened */
    int forged, ended;
    xy_end end;
} fixture;

static fixture f;

static void deliver(void *owner, xy_action *action)
{
    (void)owner;
    if (action->kind != XY_ACTION_REPLY)
        return;
    uint64_t number = action->reply.command;
    assert_true(number < COMMANDS);
    f.answers[number]++;
    f.status[number] = action->reply.status;
    f.order[f.answered++] = (int)number;
    snprintf(f.text, sizeof f.text, "%.*s", (int)action->reply.size,
             action->reply.text ? (const char *)action->reply.text : "");
}

static void stepping(void *self, xy_life node, const xy_event *event, bool forged)
{
    (void)self;
    f.forged += forged;
    f.hash = (f.hash ^ (node.number << 8 | (uint64_t)event->kind)) * 0x100000001b3;
    f.hash = (f.hash ^ (uint64_t)xy_simulation_now_us(f.world)) * 0x100000001b3;
}

static void ended(void *self, xy_life node, xy_end end)
{
    (void)self, (void)node;
    f.ended++;
    f.end = end;
}

static void begin_with(uint64_t seed, const xy_fault_rates *rates)
{
    xy_error error;
    memset(&f, 0, sizeof f);
    f.world = xy_simulated_world(
        &(xy_world_options){.controller = &f.controller,
                            .begin = {.topology = &xy_topology_list, .timeout_ms = TIMEOUT_MS},
                            .seed = seed,
                            .deliver = deliver},
        &error);
    assert_non_null(f.world);
    xy_simulation_observe(f.world, &(xy_observer){.stepping = stepping, .ended = ended});
    xy_simulation_set_fault_rates(f.world, rates);
}

static void begin(void)
{
    begin_with(1, &(xy_fault_rates){0});
}

static void end(void)
{
    f.world->ops->close(f.world);
}

static void pass(int64_t for_ms)
{
    xy_simulation_run(f.world, xy_simulation_now_us(f.world) + for_ms * MS);
}

static uint64_t give(xy_command_kind kind, int64_t id, int64_t value)
{
    return f.world->ops->command(
        f.world,
        &(xy_command){
            .kind = kind, .id = id, .parent = XY_PARENT_ANY, .value = value, .timeout_ms = -1});
}

/* The status of a command, after as long as it may take; -1: it is not answered. */
static int ask(xy_command_kind kind, int64_t id, int64_t value)
{
    uint64_t number = give(kind, id, value);
    for (int64_t ms = 0; ms <= TIMEOUT_MS && !f.answers[number]; ms++)
        pass(1);
    return f.answers[number] ? f.status[number] : -1;
}

static void create(int64_t count)
{
    for (int64_t id = 1; id <= count; id++)
        assert_int_equal(ask(XY_COMMAND_CREATE, id, 0), XYLEM_OK);
}

/* The queue of what is going to happen. */

static void test_in_the_order_of_time(void **state)
{
    enum { COUNT = 1000, TIMES = 50 };
    (void)state;
    xy_event_queue queue = {0};
    xy_entry taken, last = {.due_us = -1};
    uint64_t seed = unit_seed();
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(xy_event_queue_add(&queue, unit_random(&seed) % TIMES, i));
    for (int i = 0; i < COUNT; i++) {
        assert_true(xy_event_queue_take(&queue, &taken));
        assert_true(taken.due_us > last.due_us ||
                    (taken.due_us == last.due_us && taken.what > last.what));
        last = taken;
    }
    assert_false(xy_event_queue_take(&queue, &taken));
    xy_event_queue_clear(&queue);
}

static void test_early_ones_are_first(void **state)
{
    static const uint64_t wanted[] = {9, 3, 4, 1, 2};
    (void)state;
    xy_event_queue queue = {0};
    xy_entry taken;
    assert_true(xy_event_queue_add(&queue, 5, 1));
    assert_true(xy_event_queue_add(&queue, 5, 2));
    assert_true(xy_event_queue_add_early(&queue, 5, 3));
    assert_true(xy_event_queue_add_early(&queue, 5, 4));
    assert_true(xy_event_queue_add(&queue, 4, 9));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(xy_event_queue_take(&queue, &taken));
        assert_int_equal(taken.what, wanted[i]);
    }
    xy_event_queue_clear(&queue);
}

/* Faults at the start and at the end of a node. */

static void test_stillborn(void **state)
{
    (void)state;
    begin_with(1, &(xy_fault_rates){.stillborn = 1000});
    assert_int_equal(ask(XY_COMMAND_CREATE, 1, 0), XYLEM_CANNOT_START);
    assert_string_equal(f.text, "the simulator made the start fail");
    pass(1);
    xy_stats stats = xy_simulation_stats(f.world);
    assert_int_equal(stats.fault_counts.stillborn, 1);
    assert_int_equal(stats.living + stats.starting + stats.remains, 0);
    end();
}

static void test_early_end(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        begin_with(seed, &(xy_fault_rates){.early_end = 1000});
        assert_int_equal(ask(XY_COMMAND_CREATE, 1, 0), XYLEM_CANNOT_START);
        assert_int_equal(f.ended, 1);
        assert_int_equal(f.end, XY_END_EARLY);
        assert_int_equal(xy_simulation_stats(f.world).fault_counts.early_end, 1);
        end();
    }
}

static void test_late_hello(void **state)
{
    (void)state;
    begin_with(3, &(xy_fault_rates){.late_hello = 1000, .late_hello_us = 500 * MS});
    uint64_t number = give(XY_COMMAND_CREATE, 1, 0);
    pass(5);
    assert_int_equal(f.answers[number], 0);
    pass(500);
    assert_int_equal(f.status[number], XYLEM_OK);
    assert_int_equal(f.answers[number], 1);
    assert_int_equal(xy_simulation_stats(f.world).fault_counts.late_hello, 1);
    end();
}

static void test_slow_end(void **state)
{
    (void)state;
    begin_with(3, &(xy_fault_rates){.slow_end = 1000, .slow_end_us = 500 * MS});
    create(1);
    xy_simulation_crash(f.world, (xy_life){1});
    assert_false(xy_simulation_lives(f.world, (xy_life){1}));
    pass(5);
    assert_int_equal(xy_simulation_stats(f.world).remains, 1);
    pass(500);
    assert_int_equal(xy_simulation_stats(f.world).remains, 0);
    assert_int_equal(xy_simulation_stats(f.world).fault_counts.slow_end, 1);
    end();
}

static void test_slow_order(void **state)
{
    (void)state;
    begin_with(3, &(xy_fault_rates){.slow_order = 1000, .slow_order_us = 300 * MS});
    create(1);
    assert_true(xy_simulation_now_us(f.world) > 20 * MS);
    assert_int_equal(xy_simulation_stats(f.world).fault_counts.slow_order, 2); /* START, ATTACH */
    end();
}

/* Being held up. */

static void test_held_up(void **state)
{
    enum { PINGS = 5 };
    (void)state;
    begin();
    create(2);
    int before = f.answered;
    uint64_t first = f.controller.command + 1;
    xy_simulation_hold(f.world, (xy_life){1}, 400 * MS);
    for (int i = 0; i < PINGS; i++)
        give(XY_COMMAND_PING, 2, 0); /* by way of the node that is held up */
    pass(399);
    assert_int_equal(f.answered, before);
    pass(2);
    assert_int_equal(f.answered, before + PINGS);
    for (int i = 0; i < PINGS; i++) {
        assert_int_equal(f.order[before + i], first + (uint64_t)i);
        assert_int_equal(f.status[first + (uint64_t)i], XYLEM_OK);
    }
    end();
}

static void test_calm(void **state)
{
    (void)state;
    begin();
    create(1);
    xy_simulation_hold(f.world, (xy_life){1}, 400 * MS);
    uint64_t ping = give(XY_COMMAND_PING, 1, 0);
    pass(10);
    assert_int_equal(f.answers[ping], 0);
    xy_simulation_calm(f.world);
    pass(1);
    assert_int_equal(f.answers[ping], 1);
    end();
}

static void test_a_kill_waits_for_none(void **state)
{
    (void)state;
    begin();
    create(2);
    xy_simulation_hold(f.world, (xy_life){1}, 400 * MS);
    assert_int_equal(ask(XY_COMMAND_FAULT, 1, XY_FAULT_KILL), XYLEM_OK);
    pass(2);
    assert_int_equal(f.end, XY_END_KILLED); /* the one below */
    assert_int_equal(f.ended, 2);
    assert_int_equal(xy_simulation_stats(f.world).living, 0);
    assert_true(xy_simulation_now_us(f.world) < 300 * MS);
    end();
}

static void test_a_stall(void **state)
{
    (void)state;
    for (int up = 0; up < 2; up++) {
        begin();
        create(1);
        xy_simulation_stall(f.world, (xy_life){1}, up, 200 * MS);
        uint64_t ping = give(XY_COMMAND_PING, 1, 0);
        pass(199);
        assert_int_equal(f.answers[ping], 0);
        pass(2);
        assert_int_equal(f.status[ping], XYLEM_OK);
        end();
    }
}

static void test_a_full_lane(void **state)
{
    (void)state;
    begin();
    create(1);
    xy_simulation_fill(f.world, (xy_life){1}, false, 200 * MS);
    assert_int_not_equal(ask(XY_COMMAND_PING, 1, 0), XYLEM_OK);
    pass(200);
    assert_int_equal(ask(XY_COMMAND_PING, 1, 0), XYLEM_OK);
    end();
}

/* What a test sees. */

static void test_links(void **state)
{
    (void)state;
    begin();
    create(2);
    const xy_map_node *node = xy_map_find(&f.controller.map, 2);
    const xy_queue_link *link = xy_simulation_link(f.world, node->peer.link);
    assert_non_null(link);
    assert_int_equal(link->ends[XY_END_PARENT].at->life.number, 1);
    assert_int_equal(link->ends[XY_END_CHILD].at->life.number, 2);
    assert_int_equal(xy_simulation_node(f.world, (xy_life){2})->birth.id, 2);
    assert_non_null(
        xy_children_known(&xy_simulation_subtree(f.world, (xy_life){1})->children, &node->peer));
    assert_null(xy_simulation_node(f.world, (xy_life){3}));
    xy_link_number number = node->peer.link;
    xy_simulation_crash(f.world, (xy_life){2});
    assert_null(xy_simulation_link(f.world, number));
    end();
}

static void test_a_forged_frame(void **state)
{
    (void)state;
    begin();
    create(1);
    xy_simulation_forge(f.world, (xy_life){1}, (xy_peer){XY_STRANGER, {5}, 5}, "nonsense", 8);
    xy_simulation_forge(f.world, (xy_life){9}, (xy_peer){XY_STRANGER, {5}, 5}, "nonsense", 8);
    pass(1);
    assert_int_equal(f.forged, 1);
    assert_int_equal(ask(XY_COMMAND_PING, 1, 0), XYLEM_OK);
    end();
}

/* Of a session with all that is drawn in it. */
static uint64_t hash_of(uint64_t seed)
{
    begin_with(seed, &(xy_fault_rates){.late_hello = 300,
                                       .late_hello_us = 20 * MS,
                                       .slow_order = 300,
                                       .slow_order_us = 20 * MS,
                                       .jitter_us = 3 * MS,
                                       .drift = 10000,
                                       .clock_span_us = MS});
    create(4);
    ask(XY_COMMAND_HEARTBEAT, 0, 50);
    pass(2000);
    ask(XY_COMMAND_REMOVE, 3, 0);
    ask(XY_COMMAND_PING, 2, 0);
    end();
    return f.hash;
}

static void test_the_same_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(hash_of(seed) == hash_of(seed));
        assert_true(hash_of(seed) != hash_of(seed + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_order_of_time),
        cmocka_unit_test(test_early_ones_are_first),
        cmocka_unit_test(test_stillborn),
        cmocka_unit_test(test_early_end),
        cmocka_unit_test(test_late_hello),
        cmocka_unit_test(test_slow_end),
        cmocka_unit_test(test_slow_order),
        cmocka_unit_test(test_held_up),
        cmocka_unit_test(test_calm),
        cmocka_unit_test(test_a_kill_waits_for_none),
        cmocka_unit_test(test_a_stall),
        cmocka_unit_test(test_a_full_lane),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_a_forged_frame),
        cmocka_unit_test(test_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
