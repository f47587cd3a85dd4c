/* What a node tells its service of its parent and its children, and what the service sees of it. */
#include "machines.h"

#include "../shortage.h"
#include "core/node.h"
#include "service/view.h"

enum { SELF = 50, LIFE = 3, LINK = 20, PARENT = 77, PARENT_LIFE = 2, T = 100 };

typedef struct fixture {
    rig r;
    xy_node node;
} fixture;

static void attach(rig *r, uint64_t link)
{
    xy_event event = {.kind = XY_EVENT_ATTACH, .attach = {.parent = parent_on(link)}};
    strcpy(event.attach.address, "above");
    feed(r, &event);
}

static void welcome(rig *r, uint64_t link, int64_t id, uint64_t life)
{
    hear(r, parent_on(link), (xy_message){.kind = XY_WELCOME, .id = id, .life = {life}});
}

static void drop_others(rig *r)
{
    xy_action action;
    while (xy_queue_pop(&r->out, &action))
        xy_action_clear(&action);
}

/* The service is told once, and of this: `children` ends with -1. */
static void expect_told(rig *r, int64_t parent, const int64_t *children)
{
    size_t count = 0, told = 0;
    while (children[count] >= 0)
        count++;
    xy_action action;
    while (xy_queue_pop(&r->out, &action)) {
        if (action.kind == XY_ACTION_NEIGHBOURS) {
            told++;
            assert_true(action.neighbours.parent == parent);
            assert_int_equal(action.neighbours.count, count);
            if (count > 0)
                assert_memory_equal(action.neighbours.children, children, count * sizeof *children);
        }
        xy_action_clear(&action);
    }
    assert_int_equal(told, 1);
}

#define NONE     ((const int64_t[]){-1})
#define IDS(...) ((const int64_t[]){__VA_ARGS__, -1})

static void expect_not_told(rig *r)
{
    xy_action action;
    while (xy_queue_pop(&r->out, &action)) {
        assert_int_not_equal(action.kind, XY_ACTION_NEIGHBOURS);
        xy_action_clear(&action);
    }
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    xy_birth birth = {.id = SELF, .life = {LIFE}};
    memcpy(birth.secret, secret_of_child, XY_SECRET_SIZE);
    *state = f;
    memory_is_back();
    xy_node_init(&f->node, &birth, "here");
    f->r.machine = xy_node_machine(&f->node);
    feed(&f->r, &(xy_event){.kind = XY_EVENT_OPEN});
    attach(&f->r, LINK);
    expect_not_told(&f->r);
    welcome(&f->r, LINK, PARENT, PARENT_LIFE);
    expect_told(&f->r, PARENT, NONE);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    memory_is_back();
    xy_node_clear(&f->node, &f->r.out);
    rig_clear(&f->r);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void expect_child(rig *r, uint64_t link, int64_t id)
{
    uint8_t payload[XY_EXPECTATION_SIZE];
    xy_expectation expectation = expectation_of(link, id, link + 1000);
    xy_message request = request_for(XY_EXPECT, 900 + link, SELF, LIFE);
    request.link.number = LINK;
    xy_expectation_encode(&expectation, payload);
    hear(r, parent_on(LINK), with(request, NULL, payload, sizeof payload));
}

static void say_hello(rig *r, uint64_t link, int64_t id)
{
    hear(r, child_on(link), hello_of(id, link + 1000));
}

static void come(rig *r, uint64_t link, int64_t id)
{
    expect_child(r, link, id);
    expect_not_told(r);
    say_hello(r, link, id);
}

static void let_go(rig *r, uint64_t link)
{
    xy_message request = request_for(XY_LET_GO, 950 + link, SELF, LIFE);
    request.link.number = LINK;
    request.value = (int64_t)link;
    hear(r, parent_on(LINK), request);
}

static void test_parents(void **state)
{
    rig *r = &((fixture *)*state)->r;
    attach(r, LINK + 1);
    expect_not_told(r);
    welcome(r, LINK + 1, 9, 8);
    expect_told(r, 9, NONE);
    attach(r, LINK + 2);
    welcome(r, LINK + 2, 0, 0);
    expect_told(r, XY_NO_ID, NONE);
    attach(r, LINK + 3);
    welcome(r, LINK + 3, 0, 4); /* the node with the id 0 */
    expect_told(r, 0, NONE);
}

static void test_children_are_told_of_their_parent(void **state)
{
    rig *r = &((fixture *)*state)->r;
    come(r, 31, 60);
    const xy_message *said = expect_sent(r, child_on(31), XY_WELCOME);
    assert_true(said->id == SELF && said->life.number == LIFE);
}

static void test_children_in_ascending_order(void **state)
{
    rig *r = &((fixture *)*state)->r;
    come(r, 31, 60);
    expect_told(r, PARENT, IDS(60));
    come(r, 32, INT64_MAX);
    expect_told(r, PARENT, IDS(60, INT64_MAX));
    come(r, 33, 0);
    expect_told(r, PARENT, IDS(0, 60, INT64_MAX));
    come(r, 34, 61);
    expect_told(r, PARENT, IDS(0, 60, 61, INT64_MAX));
    come(r, 35, 59);
    expect_told(r, PARENT, IDS(0, 59, 60, 61, INT64_MAX));
    let_go(r, 31);
    expect_told(r, PARENT, IDS(0, 59, 61, INT64_MAX));
    let_go(r, 33);
    let_go(r, 32);
    drop_others(r);
    let_go(r, 34);
    expect_told(r, PARENT, IDS(59));
    let_go(r, 34);
    expect_not_told(r);
    let_go(r, 35);
    expect_told(r, PARENT, NONE);
}

/* One that was expected and does not come is none. */
static void test_a_child_that_does_not_come(void **state)
{
    rig *r = &((fixture *)*state)->r;
    expect_child(r, 31, 60);
    expect_not_told(r);
    let_go(r, 31);
    expect_not_told(r);
    come(r, 32, 60);
    expect_told(r, PARENT, IDS(60));
    say_hello(r, 32, 60);
    expect_not_told(r);
}

/* A child that leaves and comes back: its old link is let go when the new one is there. */
static void test_a_child_on_two_links(void **state)
{
    rig *r = &((fixture *)*state)->r;
    come(r, 30, 61);
    drop_others(r);
    come(r, 31, 60);
    expect_told(r, PARENT, IDS(60, 61));
    come(r, 32, 60);
    expect_told(r, PARENT, IDS(60, 61));
    let_go(r, 31);
    expect_told(r, PARENT, IDS(60, 61));
    let_go(r, 32);
    expect_told(r, PARENT, IDS(61));
}

static void test_a_silent_child_is_one(void **state)
{
    rig *r = &((fixture *)*state)->r;
    come(r, 31, 60);
    hear(r, parent_on(LINK), (xy_message){.kind = XY_INTERVAL, .value = T, .number = {1, 0}});
    drop_others(r);
    for (int64_t now_ms = T; now_ms <= 10 * T; now_ms += T)
        tick(r, now_ms);
    assert_int_equal(xy_children_first(&((fixture *)*state)->node.subtree.children)->state,
                     XY_CHILD_SILENT);
    expect_not_told(r);
    hear(r, child_on(31), (xy_message){.kind = XY_HEARTBEAT});
    expect_not_told(r);
    come(r, 32, 59);
    expect_told(r, PARENT, IDS(59, 60));
}

static void test_nothing_is_told_after_the_end(void **state)
{
    rig *r = &((fixture *)*state)->r;
    expect_child(r, 31, 60);
    feed(r, &(xy_event){.kind = XY_EVENT_END});
    drop_others(r);
    say_hello(r, 31, 60);
    expect_not_told(r);
    assert_true(deadline_of(r) == XY_NEVER);
}

/* It is told by a tick, and then of the latest. */
static void test_without_memory(void **state)
{
    fixture *f = *state;
    rig *r = &f->r;
    expect_child(r, 31, 60);
    expect_child(r, 32, 61);
    drop_others(r);
    memory_fails(1, SIZE_MAX);
    say_hello(r, 31, 60); /* its welcome needs no memory: the queue has room */
    assert_true(shortage.failed > 0);
    expect_not_told(r);
    assert_true(deadline_of(r) == r->now_ms + 10);
    tick(r, r->now_ms + 9);
    expect_not_told(r);
    assert_true(deadline_of(r) == r->now_ms + 1);
    tick(r, r->now_ms + 1);
    expect_not_told(r);
    assert_true(deadline_of(r) == r->now_ms + 10);
    say_hello(r, 32, 61);
    expect_not_told(r);
    memory_is_back();
    tick(r, r->now_ms + 10);
    expect_told(r, PARENT, IDS(60, 61));
    assert_true(deadline_of(r) == XY_NEVER);
}

/* What the service sees. */

static xy_action neighbours(int64_t parent, int64_t child)
{
    xy_action action = {.kind = XY_ACTION_NEIGHBOURS, .neighbours = {.parent = parent}};
    if (child < 0)
        return action;
    action.neighbours.children = xy_allocate(2, sizeof(int64_t));
    assert_non_null(action.neighbours.children);
    action.neighbours.children[0] = child;
    action.neighbours.children[1] = child + 1;
    action.neighbours.count = 2;
    return action;
}

static xy_call *tell(xy_view *view, int64_t parent, int64_t child)
{
    xy_action action = neighbours(parent, child);
    xy_call *call = xy_view_tell(view, &action);
    assert_null(action.neighbours.children);
    return call;
}

static void test_view(void **state)
{
    xy_view view;
    int64_t ids[3] = {-7, -7, -7};
    (void)state;
    xy_view_init(&view);
    assert_true(xy_view_parent(&view) == XYLEM_ANY);
    assert_int_equal(xy_view_children(&view, NULL, 0), 0);
    assert_null(tell(&view, 5, 60));
    assert_true(xy_view_parent(&view) == 5);
    assert_int_equal(xy_view_children(&view, NULL, 0), 2);
    assert_int_equal(xy_view_children(&view, ids, 1), 2);
    assert_true(ids[0] == 60 && ids[1] == -7);
    assert_int_equal(xy_view_children(&view, ids, 3), 2);
    assert_true(ids[0] == 60 && ids[1] == 61 && ids[2] == -7);
    assert_null(tell(&view, XY_NO_ID, -1));
    assert_true(xy_view_parent(&view) == XYLEM_CONTROLLER);
    assert_int_equal(xy_view_children(&view, ids, 3), 0);
    xy_view_clear(&view);
    assert_int_equal(shortage.outstanding, 0);
}

static void count_call(xylem_context *context, void *owner)
{
    (void)context;
    ++*(int *)owner;
}

/* One call is due at a time, also for several changes. */
static void test_calls_of_a_view(void **state)
{
    xy_view view;
    int calls = 0;
    (void)state;
    xy_view_init(&view);
    xy_view_watch(&view, count_call, &calls);
    xy_call *call = tell(&view, 1, -1);
    assert_non_null(call);
    assert_null(tell(&view, 2, -1));
    call->run(call, NULL);
    assert_int_equal(calls, 1);
    assert_ptr_equal(tell(&view, 3, -1), call);
    call->free(call);
    assert_null(tell(&view, 4, -1)); /* it is still due */
    xy_view_watch(&view, NULL, NULL);
    call->run(call, NULL);
    call->free(call);
    assert_int_equal(calls, 1);
    assert_null(tell(&view, 5, 7));
    xy_view_clear(&view);
    assert_int_equal(shortage.outstanding, 0);
}

#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_NODE(test_parents),
                                       WITH_NODE(test_children_are_told_of_their_parent),
                                       WITH_NODE(test_children_in_ascending_order),
                                       WITH_NODE(test_a_child_that_does_not_come),
                                       WITH_NODE(test_a_child_on_two_links),
                                       WITH_NODE(test_a_silent_child_is_one),
                                       WITH_NODE(test_nothing_is_told_after_the_end),
                                       WITH_NODE(test_without_memory),
                                       cmocka_unit_test(test_view),
                                       cmocka_unit_test(test_calls_of_a_view)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
