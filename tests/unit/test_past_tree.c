/* What nodes are told of their children goes past the tree, where the launcher carries that. */
#include "controlling.h"

static int set_up_past(void **state)
{
    fixture *f = new_fixture_of((xy_controller_options){
        .topology = &xy_topology_tree, .repair = XY_REPAIR_ADOPT, .past_tree = true});
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_root(f, 2);
    *state = f;
    return 0;
}

/* The request that this node is told, lent from the action in hand. */
static xy_message expect_tell(fixture *f, int64_t id, xy_operation operation)
{
    xy_message request;
    const xy_action *tell = expect(&f->r, XY_ACTION_TELL);
    assert_true(tell->tell.life.number == life_of(f, id));
    assert_true(xy_message_decode(&request, tell->tell.frame, tell->tell.size));
    assert_true(request.kind == XY_REQUEST && request.code == operation);
    assert_true(request.id == id && request.life.number == life_of(f, id));
    assert_int_equal(request.route_size, 0);
    return request;
}

static void expect_tell_to_expect(fixture *f, int64_t parent, int64_t id)
{
    xy_expectation expectation;
    xy_message request = expect_tell(f, parent, XY_EXPECT);
    assert_number(request.number, xy_request_number(node_of(f, id)->way));
    assert_true(
        xy_expectation_decode(&expectation, xy_message_payload(&request), request.payload_size));
    assert_true(expectation.id == id && expectation.life.number == life_of(f, id));
    assert_peer(expectation.child, node_of(f, id)->coming);
    assert_memory_equal(expectation.secret, life_at(f, life_of(f, id))->secret, XY_SECRET_SIZE);
}

static void create_past(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    uint64_t number = command(f, XY_COMMAND_CREATE, id, 0);
    f->parent = XY_PARENT_ANY;
    expect_start(f, id);
    expect_tell_to_expect(f, parent, id);
    expect_nothing(&f->r);
    started(f, life_of(f, id), "");
    expected(f, id);
    expect_attach(f, life_of(f, id), "below");
    arrive(f, id);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

static uint64_t move(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    uint64_t number = command(f, XY_COMMAND_MOVE, id, 0);
    f->parent = XY_PARENT_ANY;
    return number;
}

/* However deep the parent is. Other requests go down the tree. */
static void test_create(void **state)
{
    fixture *f = *state;
    create_past(f, 3, 1);
    create_past(f, 4, 3);
    create_past(f, 5, 4);
    command(f, XY_COMMAND_PING, 5, 0);
    expect_asked(f, 5, XY_PING);
    expect_nothing(&f->r);
}

/* The old parent lets it go past the tree too, once it has attached; */
static void test_move(void **state)
{
    fixture *f = *state;
    create_past(f, 3, 1);
    uint64_t link = node_of(f, 3)->peer.link.number;
    uint64_t number = move(f, 3, 2);
    expect_tell_to_expect(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    arrive(f, 3);
    xy_message request = expect_tell(f, 1, XY_LET_GO);
    assert_true(request.value == (int64_t)link);
    answer(f, request.number, 1, XYLEM_OK);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

/* and the new one, when the move is given up before it has said anything: on the same way, so that
 * this cannot come first. */
static void test_given_up(void **state)
{
    fixture *f = *state;
    create_past(f, 3, 1);
    uint64_t number = move(f, 3, 2);
    expect_tell_to_expect(f, 2, 3);
    uint64_t link = node_of(f, 3)->coming.link.number;
    tick(&f->r, TIMEOUT_MS);
    assert_true(expect_tell(f, 2, XY_LET_GO).value == (int64_t)link);
    expect_reply(f, number, XYLEM_TIMED_OUT);
}

/* A parent that refuses says so up the tree. */
static void test_refused(void **state)
{
    fixture *f = *state;
    f->parent = 1;
    uint64_t number = command(f, XY_COMMAND_CREATE, 3, 0);
    uint64_t life = expect_start(f, 3);
    expect_tell_to_expect(f, 1, 3);
    answer(f, xy_request_number(node_of(f, 3)->way), 1, XYLEM_CANNOT_START);
    expect_tell(f, 1, XY_LET_GO);
    expect_kill(f, life, false);
    ended(f, life);
    expect_reply(f, number, XYLEM_CANNOT_START);
}

/* Nothing is lost when the way to the parent changes: it is not told again. */
static void test_told_once(void **state)
{
    fixture *f = *state;
    create_past(f, 3, 1);
    create_past(f, 4, 3);
    f->parent = 4;
    command(f, XY_COMMAND_CREATE, 5, 0);
    expect_start(f, 5);
    expect_tell_to_expect(f, 4, 5);
    move(f, 3, 2);
    expect_tell_to_expect(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    arrive(f, 3);
    expect_tell(f, 1, XY_LET_GO);
    expect(&f->r, XY_ACTION_REPLY);
    expect_nothing(&f->r);
}

/* Without memory for it the move does not begin. A LET_GO has no payload, and needs none but a place
 * in the queue: so no errand is kept either. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    create_past(f, 3, 1);
    bool moved = false;
    for (size_t fails = 1; !moved; fails++) {
        memory_fails(fails, fails + 1);
        uint64_t number = move(f, 3, 2);
        memory_is_back();
        moved = node_of(f, 3)->way != NULL;
        if (!moved)
            expect_reply(f, number, XYLEM_NO_MEMORY);
        assert_true(fails < 20);
    }
    expect_tell_to_expect(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    memory_fails(1, SIZE_MAX);
    arrive(f, 3);
    memory_is_back();
    assert_true(expect_tell(f, 1, XY_LET_GO).number.request == 0);
    expect(&f->r, XY_ACTION_REPLY);
    expect_nothing(&f->r);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up_past, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create),  TEST(test_move),      TEST(test_given_up),
        TEST(test_refused), TEST(test_told_once), TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
