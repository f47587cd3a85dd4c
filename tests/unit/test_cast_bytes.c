/* What a cast sends: in a tree of simulated nodes, each sends the text once to each of its
 * children, and little besides.
 */
#include "unit.h"

#include "world/simulated_world.h"

enum { NODES = 64, TIMEOUT_MS = 60000, MS = 1000, LIVES = 2 * NODES };

static const size_t text_size = (size_t)8 * 1024 * 1024;
static const size_t besides = (size_t)64 * 1024; /* headers, the plan, answers */

typedef struct fixture {
    xy_controller controller;
    xy_world *world;
    size_t sent[LIVES]; /* by each life, in bytes; the controlling node is 0 */
    size_t frame;       /* the size of the frame in hand, which may be passed on */
    bool answered;
    int status;
    int64_t succeeded;
} fixture;

static fixture f;

/* A service that takes the text. */

static size_t taken;

static int take(void *state, xylem_work *work)
{
    size_t size;
    (void)state;
    xylem_work_text(work, &size);
    assert_int_equal(size, text_size);
    taken++;
    return XYLEM_OK;
}

static const xylem_service taker = XYLEM_SERVICE(.name = "taker", .exec = take);

/* The world. */

static void deliver(void *owner, xy_action *action)
{
    (void)owner;
    if (action->kind != XY_ACTION_REPLY)
        return;
    f.answered = true;
    f.status = action->reply.status;
    f.succeeded = action->reply.value;
}

static void stepping(void *self, xy_life node, const xy_event *event, bool forged)
{
    (void)self, (void)node, (void)forged;
    f.frame = event->kind == XY_EVENT_MESSAGE ? event->message.size : 0;
}

static void acting(void *self, xy_life node, const xy_action *action)
{
    (void)self;
    assert_true(node.number < LIVES);
    if (action->kind == XY_ACTION_SEND)
        f.sent[node.number] += xy_message_size(&action->send.message);
    else if (action->kind == XY_ACTION_FORWARD)
        f.sent[node.number] += f.frame;
}

static void ask(const xy_command *command)
{
    f.answered = false;
    f.world->ops->command(f.world, command);
    for (int64_t ms = 0; ms <= TIMEOUT_MS && !f.answered; ms++)
        xy_simulation_run(f.world, xy_simulation_now_us(f.world) + MS);
    assert_true(f.answered);
    assert_int_equal(f.status, XYLEM_OK);
}

static void begin(const xy_topology *topology)
{
    xy_error error;
    memset(&f, 0, sizeof f);
    f.world = xy_simulated_world(
        &(xy_world_options){.controller = &f.controller,
                            .begin = {.topology = topology, .timeout_ms = TIMEOUT_MS},
                            .seed = 1,
                            .deliver = deliver},
        &error);
    assert_non_null(f.world);
    xy_simulation_observe(f.world, &(xy_observer){.stepping = stepping, .acting = acting});
    for (int64_t id = 0; id < NODES; id++)
        ask(&(xy_command){.kind = XY_COMMAND_CREATE,
                          .id = id,
                          .parent = XY_PARENT_ANY,
                          .timeout_ms = -1,
                          .text = taker.name,
                          .size = strlen(taker.name)});
}

static void cast_to_all(void)
{
    int64_t ids[NODES];
    char *text = calloc(1, text_size + 1);
    assert_non_null(text);
    for (int64_t id = 0; id < NODES; id++)
        ids[id] = id;
    memset(f.sent, 0, sizeof f.sent);
    taken = 0;
    ask(&(xy_command){.kind = XY_COMMAND_CAST,
                      .ids = ids,
                      .id_count = NODES,
                      .timeout_ms = TIMEOUT_MS,
                      .text = text,
                      .size = text_size});
    assert_int_equal(f.succeeded, NODES);
    assert_int_equal(taken, NODES);
    free(text);
}

static void expect_sent(uint64_t life, size_t texts)
{
    assert_true(f.sent[life] >= texts * text_size);
    assert_true(f.sent[life] <= texts * text_size + besides);
}

/* Each of the nodes sends it to its children. */
static void expect_once_over_each_link(size_t children_of_controller)
{
    size_t links = children_of_controller;
    expect_sent(0, children_of_controller);
    for (int64_t id = 0; id < NODES; id++) {
        const xy_map_node *node = xy_map_find(&f.controller.map, id);
        assert_non_null(node);
        size_t children = 0;
        for (const xy_map_node *child = node->linked.first_child; child; child = child->linked.next)
            children++;
        links += children;
        expect_sent(node->life.number, children);
    }
    assert_int_equal(links, NODES);
}

/* The tests. */

static void test_balanced(void **state)
{
    (void)state;
    begin(&xy_topology_balanced);
    cast_to_all();
    expect_once_over_each_link(1);
    const xy_map_node *topmost = f.controller.map.linked.first_child;
    expect_sent(topmost->life.number, 2);
    f.world->ops->close(f.world);
}

static void test_list(void **state)
{
    (void)state;
    begin(&xy_topology_list);
    cast_to_all();
    expect_once_over_each_link(1);
    f.world->ops->close(f.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_balanced),
        cmocka_unit_test(test_list),
    };
    if (xylem_register(&taker))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
