/* Nodes move: as the user wants it, where the parents are given, and as the shape wants it. */
#include "controlling.h"

static int set_up_four(void **state)
{
    fixture *f = new_fixture(false, &xy_topology_tree);
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_root(f, 2);
    create_below(f, 3, 1);
    create_below(f, 4, 3);
    *state = f;
    return 0;
}

static int set_up_balanced(void **state)
{
    *state = new_fixture(false, &xy_topology_balanced);
    return 0;
}

static uint64_t move_within(fixture *f, int64_t id, int64_t parent, int64_t timeout_ms)
{
    f->parent = parent;
    uint64_t number = command_within(f, XY_COMMAND_MOVE, id, 0, timeout_ms);
    f->parent = XY_PARENT_ANY;
    return number;
}

static uint64_t move(fixture *f, int64_t id, int64_t parent)
{
    return move_within(f, id, parent, -1);
}

static void expect_move_refused(fixture *f, int64_t id, int64_t parent, int status)
{
    expect_reply(f, move(f, id, parent), status);
    expect_nothing(&f->r);
}

/* Up to the order to attach. */
static uint64_t begin_move(fixture *f, int64_t id, int64_t parent)
{
    uint64_t number = move(f, id, parent);
    expect_asked_for(f, parent, id);
    expect_nothing(&f->r);
    expected(f, id);
    expect_attach(f, life_of(f, id), "below");
    expect_nothing(&f->r);
    return number;
}

/* The one before lets it go. */
static void expect_arrived(fixture *f, int64_t id, int64_t before, uint64_t link)
{
    arrive(f, id);
    answer(f, expect_let_go_of(f, before, link), before, XYLEM_OK);
}

static int64_t parent_of(fixture *f, int64_t id)
{
    const xy_map_node *node = node_of(f, id);
    assert_true(node->attached);
    return node->linked.parent ? node->linked.parent->id : XY_PARENT_CONTROLLER;
}

static void test_a_move(void **state)
{
    fixture *f = *state;
    uint64_t number = begin_move(f, 3, 2);
    assert_int_equal(parent_of(f, 3), 1);
    command(f, XY_COMMAND_PING, 4, 0);
    xy_number asked = expect_asked(f, 4, XY_PING)->number; /* over 1 until then */
    answer(f, asked, 4, XYLEM_OK);
    expect(&f->r, XY_ACTION_REPLY);
    expect_arrived(f, 3, 1, 3);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 2);
    command(f, XY_COMMAND_PING, 4, 0);
    expect_asked(f, 4, XY_PING);
    assert_true(f->r.hand.send.to.link.number == 2);
    assert_int_equal(f->controller.counts.moves, 1);
    assert_int_equal(f->controller.counts.repairs, 0);
    assert_int_equal(f->controller.moving, 0);
}

static void test_a_move_to_the_controlling_node(void **state)
{
    fixture *f = *state;
    uint64_t number = move(f, 3, XY_PARENT_CONTROLLER);
    expect_expected(&f->r, node_of(f, 3)->coming, life_of(f, 3));
    expect_attach(f, life_of(f, 3), "top");
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_sent(&f->r, peer_of(f, 3), XY_WELCOME);
    expect_let_go_of(f, 1, 3);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

/* What the controlling node itself lets go. */
static void test_a_move_of_a_topmost_node(void **state)
{
    fixture *f = *state;
    xy_peer before = peer_of(f, 2);
    uint64_t number = begin_move(f, 2, 4);
    arrive(f, 2);
    expect_let_go(&f->r, before);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 2), 4);
}

static void test_moves_that_cannot_be(void **state)
{
    fixture *f = *state;
    xy_number asked;
    expect_move_refused(f, 9, 1, XYLEM_NOT_FOUND);
    expect_move_refused(f, 3, 9, XYLEM_PARENT_NOT_FOUND);
    expect_move_refused(f, 3, 3, XYLEM_PARENT_IS_BELOW);
    expect_move_refused(f, 1, 4, XYLEM_PARENT_IS_BELOW);
    expect_move_refused(f, 3, 1, XYLEM_OK); /* it is there */
    f->parent = 2;
    begin_create(f, 5, 2, &asked);
    expect_move_refused(f, 3, 5, XYLEM_PARENT_NOT_FOUND); /* it starts */
    change(f, XY_CHANGE_SILENT, 4);
    expect_lost(f, 4, XYLEM_SILENT, 4);
    expect_move_refused(f, 4, 1, XYLEM_UNAVAILABLE);
    expect_move_refused(f, 2, 4, XYLEM_PARENT_UNAVAILABLE);
    assert_null(node_of(f, 4)->requests);
}

static void test_where_the_shape_chooses(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    expect_text(f, move(f, 50, XY_PARENT_CONTROLLER), XYLEM_INVALID,
                "the topology bst chooses the parents itself");
}

/* Where it is wanted last is where it comes to. */
static void test_a_later_move(void **state)
{
    fixture *f = *state;
    uint64_t first = begin_move(f, 3, 2), second = move(f, 3, XY_PARENT_CONTROLLER);
    expect_text(f, first, XYLEM_INTERRUPTED, "a later move took its place");
    expect_nothing(&f->r);
    expect_arrived(f, 3, 1, 3);
    expect_expected(&f->r, node_of(f, 3)->coming, life_of(f, 3));
    expect_attach(f, life_of(f, 3), "top");
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_sent(&f->r, peer_of(f, 3), XY_WELCOME);
    expect_let_go_of(f, 2, 5);
    expect_reply(f, second, XYLEM_OK);
    expect_nothing(&f->r);
}

/* The parent that the earlier one has asked may hang: nothing waits for that. */
static void test_a_later_move_before_the_answer(void **state)
{
    fixture *f = *state;
    uint64_t first = move(f, 4, 2);
    expect_asked_for(f, 2, 4);
    uint64_t second = move(f, 4, 1);
    expect_reply(f, first, XYLEM_INTERRUPTED);
    expect_let_go_of(f, 2, 5);
    expect_asked_for(f, 1, 4);
    expect_nothing(&f->r);
    expected(f, 4);
    expect_attach(f, life_of(f, 4), "below");
    expect_arrived(f, 4, 3, 4);
    expect_reply(f, second, XYLEM_OK);
    expect_nothing(&f->r);
}

/* It was not told to attach: it will not. */
static void test_a_move_whose_time_is_over(void **state)
{
    fixture *f = *state;
    uint64_t number = move_within(f, 3, 2, 100);
    expect_asked_for(f, 2, 3);
    assert_true(deadline_of(&f->r) == 100);
    tick(&f->r, 100);
    expect_let_go_of(f, 2, 5);
    expect_text(f, number, XYLEM_TIMED_OUT, "the node did not attach to its new parent in time");
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 1);
    assert_int_equal(f->controller.moving, 0);
    assert_false(node_of(f, 3)->unsettled);
}

/* It was, and may do so later: then it comes back. */
static void test_a_move_that_is_too_late(void **state)
{
    fixture *f = *state;
    uint64_t number = move_within(f, 3, 2, 100);
    expect_asked_for(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    tick(&f->r, 100);
    expect_reply(f, number, XYLEM_TIMED_OUT);
    expect_nothing(&f->r);
    expect_arrived(f, 3, 1, 3);
    assert_int_equal(parent_of(f, 3), 2);
    expect_asked_for(f, 1, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    expect_arrived(f, 3, 2, 5);
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 1);
}

static void test_a_move_that_is_refused(void **state)
{
    fixture *f = *state;
    uint64_t number = move(f, 3, 2);
    xy_number asked = expect_asked_for(f, 2, 3);
    hear_from(f, 2, with_text(reply_to(asked, XYLEM_CANNOT_START), "no room"));
    expect_let_go_of(f, 2, 5);
    expect_text(f, number, XYLEM_CANNOT_START, "no room");
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 1);
    tick(&f->r, XY_GRACE_MS);
    expect_nothing(&f->r); /* it is not wanted there any more */
    begin_move(f, 3, 2);   /* but may be again */
}

/* A full parent is asked again. */
static void test_a_move_to_a_busy_node(void **state)
{
    fixture *f = *state;
    uint64_t number = move(f, 3, 2);
    undelivered(f, expect_asked_for(f, 2, 3), 2, XYLEM_BUSY);
    expect_nothing(&f->r);
    tick(&f->r, deadline_of(&f->r));
    expect_asked_for(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    expect_arrived(f, 3, 1, 3);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

static void expect_stays(fixture *f, uint64_t number)
{
    expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 1);
    assert_false(node_of(f, 3)->unsettled);
    assert_int_equal(f->controller.moving, 0);
}

/* The new parent ends before the node was told, and afterwards: the node stays where it is. */
static void test_the_new_parent_dies(void **state)
{
    fixture *f = *state;
    uint64_t number = move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    ended(f, 2);
    expect_let_go(&f->r, life_at(f, 2)->peer);
    expect_notice(f, 2, false);
    expect_stays(f, number);
}

/* It may have attached already, and be lost: its parent lets it attach again. */
static void test_the_new_parent_hangs(void **state)
{
    fixture *f = *state;
    create_below(f, 5, 2);
    uint64_t number = begin_move(f, 3, 5);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
    expect_asked_for(f, 1, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    expect_nothing(&f->r);
    expect_arrived(f, 3, 1, 3);
    expect_nothing(&f->r);
    assert_int_equal(parent_of(f, 3), 1);
    assert_int_equal(node_of(f, 5)->comers, 0);
}

/* A move is in vain, too, when it has not begun and the node stays where it is. */
static void test_the_new_parent_dies_on_its_way_elsewhere(void **state)
{
    (void)state;
    fixture *f = new_fixture_of(
        (xy_controller_options){.topology = &xy_topology_tree, .repair = XY_REPAIR_ADOPT});
    void *made = f;
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_root(f, 2);
    xy_peer peer = node_of(f, 1)->peer;
    uint64_t first = begin_move(f, 1, 2), second = move(f, 2, 1);
    expect_reply(f, second, XYLEM_PARENT_IS_BELOW);
    second = move(f, 1, XY_PARENT_CONTROLLER);
    expect_reply(f, first, XYLEM_INTERRUPTED);
    expect_reply(f, second, XYLEM_OK); /* it is there, and comes back if it goes */
    uint64_t third = move(f, 2, 1);
    expect_nothing(&f->r); /* 1 may be below 2 */
    ended(f, 1);
    expect_let_go_of(f, 2, 3);
    expect_let_go(&f->r, peer);
    expect_notice(f, 1, false);
    expect_reply(f, third, XYLEM_PARENT_UNAVAILABLE);
    expect_nothing(&f->r);
    tear_down(&made);
}

/* What waits behind others is in vain, too. */
static void test_the_new_parent_dies_before_its_turn(void **state)
{
    fixture *f = *state;
    create_below(f, 5, 2);
    uint64_t first = begin_move(f, 1, 2), second = move(f, 5, 1);
    expect_nothing(&f->r);
    ended(f, 1);
    while (f->r.out.actions.count > 0) {
        xy_action action;
        xy_queue_pop(&f->r.out, &action);
        if (action.kind == XY_ACTION_REPLY)
            assert_int_equal(action.reply.status, action.reply.command == first
                                                      ? XYLEM_UNAVAILABLE
                                                      : XYLEM_PARENT_UNAVAILABLE);
        xy_action_clear(&action);
    }
    assert_null(xy_requests_find(&f->controller.requests, first));
    assert_null(xy_requests_find(&f->controller.requests, second));
}

static void pass_over(fixture *f)
{
    xy_action action;
    while (xy_queue_pop(&f->r.out, &action))
        xy_action_clear(&action);
}

/* The one before is removed, and the new one, which is attached to that, loses its parent: the node
 * is not wanted below what is removed. */
static void test_the_parent_before_is_removed(void **state)
{
    fixture *f = *state;
    create_below(f, 5, 1);
    uint64_t number = move(f, 5, 3);
    expect_asked_for(f, 3, 5);
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    command(f, XY_COMMAND_REMOVE, 1, 0);
    pass_over(f);
    assert_null(xy_requests_find(&f->controller.requests, number));
    ended(f, 1);
    pass_over(f);
    assert_null(node_of(f, 1));
    assert_non_null(node_of(f, 5));
    assert_ptr_equal(node_of(f, 5)->wanted.parent, node_of(f, 3));
}

/* The node itself ends. */
static void test_the_moved_node_dies(void **state)
{
    fixture *f = *state;
    uint64_t number = begin_move(f, 4, 2);
    ended(f, life_of(f, 4));
    expect_let_go_of(f, 2, 5);
    expect_reply(f, number, XYLEM_UNAVAILABLE);
    expect_let_go_of(f, 3, 4);
    expect_notice(f, 4, false);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.moving, 0);
    assert_int_equal(node_of(f, 2)->comers, 0);
}

/* It was given up with the one before, and is not removed with that: its move ends meanwhile. */
static void test_the_one_before_is_removed(void **state)
{
    fixture *f = *state;
    uint64_t number = move_within(f, 4, 2, 100);
    expect_asked_for(f, 2, 4);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_notice(f, 1, false);
    expect_notice(f, 3, false);
    expect_notice(f, 4, false);
    expect_kill(f, life_of(f, 3), false);
    expect_let_go_of(f, 2, 5);
    expect_kill(f, life_of(f, 4), false);
    expect_nothing(&f->r);
    uint64_t removed = command(f, XY_COMMAND_REMOVE, 3, 0);
    expect_kill(f, life_of(f, 3), false);
    tick(&f->r, 100);
    expect_reply(f, number, XYLEM_TIMED_OUT);
    ended(f, life_of(f, 3));
    expect_reply(f, removed, XYLEM_OK);
    expect_nothing(&f->r);
    assert_null(node_of(f, 3));
    assert_non_null(node_of(f, 4));
}

/* 1 may still come below 2, though that is not wanted any more; 2 is wanted below 1: it waits. */
static void test_moves_that_cross(void **state)
{
    fixture *f = *state;
    xy_peer one = peer_of(f, 1), two = peer_of(f, 2);
    uint64_t first = move_within(f, 1, 2, 100);
    expect_asked_for(f, 2, 1);
    expected(f, 1);
    expect_attach(f, 1, "below");
    tick(&f->r, 100);
    expect_reply(f, first, XYLEM_TIMED_OUT);
    uint64_t second = move(f, 2, 4);
    expect_nothing(&f->r);
    arrive(f, 1);
    expect_let_go(&f->r, one);
    expect_expected(&f->r, node_of(f, 1)->coming, 1); /* it comes back */
    expect_attach(f, 1, "top");
    expect_nothing(&f->r);
    arrive(f, 1);
    expect_sent(&f->r, peer_of(f, 1), XY_WELCOME);
    answer(f, expect_let_go_of(f, 2, 5), 2, XYLEM_OK);
    expect_asked_for(f, 4, 2);
    expected(f, 2); /* now it is its turn */
    expect_attach(f, 2, "below");
    arrive(f, 2);
    expect_let_go(&f->r, two);
    expect_reply(f, second, XYLEM_OK);
    expect_nothing(&f->r);
}

/* The node that its new parent is asked to let attach is told to; its id. */
static int64_t expect_begun(fixture *f, int64_t parent)
{
    xy_expectation expectation;
    const xy_message *sent = expect_asked(f, parent, XY_EXPECT);
    assert_true(xy_expectation_decode(&expectation, xy_message_payload(sent), sent->payload_size));
    expected(f, expectation.id);
    expect_attach(f, expectation.life.number, "below");
    return expectation.id;
}

/* The others wait, until one has moved. */
static void test_so_many_at_a_time(void **state)
{
    enum { NODES = 40, MOST = 32 };
    fixture *f = *state;
    int64_t moving[NODES];
    for (int64_t i = 0; i < NODES; i++)
        create_below(f, 100 + i, 1);
    for (int64_t i = 0; i < NODES; i++) {
        move(f, 100 + i, 2);
        if (i < MOST)
            moving[i] = expect_begun(f, 2);
        expect_nothing(&f->r);
    }
    assert_int_equal(f->controller.moving, MOST);
    for (int64_t i = 0; i < NODES; i++) {
        expect_arrived(f, moving[i], 1, node_of(f, moving[i])->peer.link.number);
        expect(&f->r, XY_ACTION_REPLY);
        if (i + MOST < NODES)
            moving[i + MOST] = expect_begun(f, 2);
        expect_nothing(&f->r);
    }
    assert_int_equal(f->controller.moving, 0);
    assert_null(f->controller.map.unsettled);
}

/* A removal moves the last one to its place; but while a node is created, nothing moves. */
static void test_creates_go_before(void **state)
{
    fixture *f = *state;
    tally t = {0};
    xy_number asked;
    for (int64_t id = 1; id <= 4; id++)
        give(f, &t, XY_COMMAND_CREATE, id);
    assert_int_equal(parent_of(f, 4), 2);
    begin_create(f, 5, 3, &asked);
    t.alive[5] = true;
    uint64_t removed = command(f, XY_COMMAND_REMOVE, 2, 0);
    expect_nothing(&f->r); /* 4 is still attached to it */
    assert_true(node_of(f, 4)->unsettled);
    expected(f, 5);
    perform(f, &t);
    assert_null(node_of(f, 2));
    assert_null(xy_requests_find(&f->controller.requests, removed));
    assert_null(f->controller.map.unsettled);
    assert_int_equal(parent_of(f, 5), 1);
    assert_int_equal(parent_of(f, 4), 5);
}

/* A node that is removed waits for those below it, and goes on attaching; then it dies. */
static void test_one_that_waits_and_attaches_dies(void **state)
{
    (void)state;
    fixture *f = new_fixture(false, &xy_topology_avl);
    void *made = f;
    tally t = {0};
    give(f, &t, XY_COMMAND_CREATE, 1);
    give(f, &t, XY_COMMAND_CREATE, 2);
    xy_number asked;
    begin_create(f, 3, 2, &asked);
    t.alive[3] = true;
    xy_number other;
    uint64_t failed = begin_create(f, 0, 1, &other);
    ended(f, 4);
    expect_reply(f, failed, XYLEM_CANNOT_START);
    answer(f, expect_let_go_of(f, 1, 4), 1, XYLEM_OK);
    expect_nothing(&f->r); /* as long as 3 is created no other moves */
    expected(f, 3);
    expect_attach(f, 3, "below");
    arrive(f, 3);
    expect(&f->r, XY_ACTION_REPLY);
    expect_expected(&f->r, node_of(f, 2)->coming, 2); /* it is to be above both */
    expect_attach(f, 2, "top");
    expect_nothing(&f->r);
    command(f, XY_COMMAND_REMOVE, 2, 0);
    expect_expected(&f->r, node_of(f, 3)->coming, 3); /* 3 is, instead */
    expect_attach(f, 3, "top");
    expect_nothing(&f->r);
    arrive(f, 2); /* what is for 3 goes on to come through it */
    expect_sent(&f->r, node_of(f, 2)->coming, XY_WELCOME);
    answer(f, expect_let_go_of(f, 1, 2), 1, XYLEM_OK);
    expect_nothing(&f->r);
    assert_true(node_of(f, 2)->waits && node_of(f, 2)->stage == XY_STAGE_ENDING);
    end_told(f, &t, 2);
    arrive(f, 3);
    perform(f, &t);
    assert_int_equal(xy_requests_count(&f->controller.errands), 0);
    assert_int_equal(f->controller.map.count, 2);
    assert_null(f->controller.map.unsettled);
    tear_down(&made);
}

/* What is for those below a node that waits does not come through it when it hangs: they are
 * adrift, and it is killed. */
static void test_one_that_waits_hangs(void **state)
{
    (void)state;
    fixture *f = new_fixture(false, &xy_topology_avl);
    void *made = f;
    create_root(f, 1);
    create(f, 2, 1);
    uint64_t removed = command(f, XY_COMMAND_REMOVE, 1, 0);
    expect_expected(&f->r, node_of(f, 2)->coming, 2);
    expect_attach(f, 2, "top");
    expect_nothing(&f->r);
    assert_true(node_of(f, 1)->waits);
    change(f, XY_CHANGE_SILENT, 1);
    expect_kill(f, 1, false);
    expect_let_go(&f->r, (xy_peer){XY_CHILD, {1}, node_of(f, 1)->peer.tag});
    expect_nothing(&f->r);
    uint64_t ping = command(f, XY_COMMAND_PING, 2, 0); /* it waits */
    expect_nothing(&f->r);
    ended(f, 1);
    assert_true(expect_reply(f, removed, XYLEM_OK)->reply.value == 1);
    expect_nothing(&f->r);
    arrive(f, 2);
    expect_sent(&f->r, node_of(f, 2)->peer, XY_WELCOME);
    assert_int_equal(expect(&f->r, XY_ACTION_NOTICE)->notice.kind, XY_NOTICE_ADOPTED);
    answer(f, expect_asked(f, 2, XY_PING)->number, 2, XYLEM_OK);
    expect_reply(f, ping, XYLEM_OK);
    tear_down(&made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_four, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_move),
        TEST(test_a_move_to_the_controlling_node),
        TEST(test_a_move_of_a_topmost_node),
        TEST(test_moves_that_cannot_be),
        cmocka_unit_test_setup_teardown(test_where_the_shape_chooses, set_up, tear_down),
        TEST(test_a_later_move),
        TEST(test_a_later_move_before_the_answer),
        TEST(test_the_parent_before_is_removed),
        TEST(test_a_move_whose_time_is_over),
        TEST(test_a_move_that_is_too_late),
        TEST(test_a_move_that_is_refused),
        TEST(test_a_move_to_a_busy_node),
        TEST(test_the_new_parent_dies),
        TEST(test_the_new_parent_hangs),
        TEST(test_the_new_parent_dies_before_its_turn),
        cmocka_unit_test(test_the_new_parent_dies_on_its_way_elsewhere),
        TEST(test_the_moved_node_dies),
        TEST(test_the_one_before_is_removed),
        TEST(test_moves_that_cross),
        cmocka_unit_test(test_one_that_waits_hangs),
        cmocka_unit_test(test_one_that_waits_and_attaches_dies),
        TEST(test_so_many_at_a_time),
        cmocka_unit_test_setup_teardown(test_creates_go_before, set_up_balanced, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
