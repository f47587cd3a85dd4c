/* What becomes of those below a node that dies or hangs, and of that node: with every repair. */
#include "controlling.h"

enum { WINDOW_MS = 1000 };

/* 1 above 2 above 3 above 4: lives and links 1 to 4. */
static fixture *new_chain(xy_repair repair, bool rest)
{
    fixture *f = new_fixture_of((xy_controller_options){.topology = &xy_topology_tree,
                                                        .repair = repair,
                                                        .rest_for_subtree = rest,
                                                        .restarts_max = 1,
                                                        .restart_window_ms = WINDOW_MS});
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    for (int64_t id = 2; id <= 4; id++)
        create_below(f, id, id - 1);
    return f;
}

static int set_up_adopt(void **state)
{
    *state = new_chain(XY_REPAIR_ADOPT, false);
    return 0;
}

static int set_up_restart(void **state)
{
    *state = new_chain(XY_REPAIR_RESTART, false);
    return 0;
}

static int set_up_rest(void **state)
{
    *state = new_chain(XY_REPAIR_RESTART, true);
    return 0;
}

static void expect_told(fixture *f, int64_t parent, int64_t id)
{
    expect_asked_for(f, parent, id);
    expected(f, id);
    expect_attach(f, life_of(f, id), "below");
    expect_nothing(&f->r);
}

static void let_go_of(fixture *f, int64_t parent, uint64_t link)
{
    answer(f, expect_let_go_of(f, parent, link), parent, XYLEM_OK);
}

static const xy_action *expect_word(fixture *f, int64_t id, xy_notice kind)
{
    const xy_action *notice = expect(&f->r, XY_ACTION_NOTICE);
    assert_int_equal(notice->notice.kind, kind);
    assert_true(notice->notice.id == id);
    return notice;
}

/* 2 has died; its child is to attach to its parent. */
static void kill_two(fixture *f)
{
    ended(f, life_of(f, 2));
    let_go_of(f, 1, 2);
    expect_lost(f, 2, XYLEM_SIGNALLED, 2);
}

static xy_number ask(fixture *f, int64_t id, xy_command_kind kind)
{
    command(f, kind, id, 0);
    return expect_asked(f, id, kind == XY_COMMAND_EXEC ? XY_EXEC : XY_PING)->number;
}

/* What was asked is asked again on the new way, in its order, and what is new after it. */
static void test_adopted(void **state)
{
    fixture *f = *state;
    xy_number first = ask(f, 4, XY_COMMAND_EXEC), second = ask(f, 4, XY_COMMAND_PING);
    xy_number other = ask(f, 3, XY_COMMAND_PING);
    kill_two(f);
    assert_true(node_of(f, 4)->available && !node_of(f, 4)->reachable);
    expect_told(f, 1, 3);
    uint64_t third = command(f, XY_COMMAND_PING, 4, 0);
    expect_nothing(&f->r);
    f->r.now_ms = 30;
    arrive(f, 3);
    assert_true(expect_word(f, 3, XY_NOTICE_ADOPTED)->notice.parent == 1);
    assert_number(expect_asked(f, 3, XY_PING)->number, other);
    assert_number(expect_asked(f, 4, XY_EXEC)->number, first);
    assert_number(expect_asked(f, 4, XY_PING)->number, second);
    assert_true(expect_asked(f, 4, XY_PING)->number.request == third);
    expect_nothing(&f->r);
    answer(f, first, 4, XYLEM_OK);
    expect_reply(f, first.request, XYLEM_OK);
    answer(f, first, 4, XYLEM_OK); /* also on the way before */
    expect_nothing(&f->r);
    assert_int_equal(f->controller.counts.repairs, 1);
    assert_int_equal(f->controller.counts.adrift_ms, 30);
    assert_int_equal(f->controller.counts.moves, 0);
}

/* Where there is none else, it is the controlling node. */
static void test_adopted_by_the_controlling_node(void **state)
{
    fixture *f = *state;
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_lost(f, 1, XYLEM_SIGNALLED, 1);
    expect_expected(&f->r, node_of(f, 2)->coming, life_of(f, 2));
    expect_attach(f, life_of(f, 2), "top");
    expect_nothing(&f->r);
    arrive(f, 2);
    expect_sent(&f->r, peer_of(f, 2), XY_WELCOME);
    assert_true(expect_word(f, 2, XY_NOTICE_ADOPTED)->notice.parent == XY_NO_ID);
    expect_nothing(&f->r);
}

/* Its place is not kept: it comes back below another one, without those that it had. */
static void test_one_that_hangs_comes_back(void **state)
{
    fixture *f = *state;
    change(f, XY_CHANGE_SILENT, 2);
    xy_number told = expect(&f->r, XY_ACTION_SEND)->send.message.number; /* it hangs */
    expect_lost(f, 2, XYLEM_SILENT, 2);
    let_go_of(f, 1, 2);
    undelivered(f, told, 1, XYLEM_UNAVAILABLE);
    expect_asked_for(f, 1, 2);
    expected(f, 2);
    expect_asked_for(f, 1, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 2), "below");
    expect_attach(f, life_of(f, 3), "below");
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_word(f, 3, XY_NOTICE_ADOPTED);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 2, 0, XYLEM_UNAVAILABLE);
    arrive(f, 2);
    expect_word(f, 2, XY_NOTICE_AVAILABLE);
    assert_number(expect_let_go_of(f, 2, 3), told); /* it can hear that now */
    assert_number(expect_let_go_of(f, 2, 3), told);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.counts.false_silences, 1);
    assert_int_equal(node_of(f, 3)->linked.parent->id, 1);
    assert_null(f->controller.map.unsettled);
}

static void test_an_orphan_dies(void **state)
{
    fixture *f = *state;
    xy_number asked = ask(f, 4, XY_COMMAND_PING);
    kill_two(f);
    expect_told(f, 1, 3);
    uint64_t link = node_of(f, 3)->coming.link.number;
    ended(f, life_of(f, 3));
    let_go_of(f, 1, link);
    expect_lost(f, 3, XYLEM_SIGNALLED, 3);
    expect_told(f, 1, 4);
    arrive(f, 4);
    expect_word(f, 4, XY_NOTICE_ADOPTED);
    assert_number(expect_asked(f, 4, XY_PING)->number, asked);
    expect_nothing(&f->r);
}

/* One that has lost its parent and does not attach hangs. */
static void test_an_orphan_that_does_not_attach(void **state)
{
    fixture *f = *state;
    xy_number asked = ask(f, 3, XY_COMMAND_PING);
    f->r.now_ms = 1;
    kill_two(f);
    expect_told(f, 1, 3);
    tick(&f->r, TIMEOUT_MS); /* of the request */
    expect_reply(f, asked.request, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS + 1);
    expect_lost(f, 3, XYLEM_SILENT, 3);
    expect_told(f, 1, 4);
    arrive(f, 3);
    expect_word(f, 3, XY_NOTICE_AVAILABLE);
    xy_number told = expect_let_go_of(f, 3, 4);
    expect_word(f, 3, XY_NOTICE_ADOPTED);
    assert_number(expect_let_go_of(f, 3, 4), told); /* again: it is done once */
    answer(f, told, 3, XYLEM_OK);
    expect_nothing(&f->r);
}

/* Those below it wait for its new life. */
static void test_started_again(void **state)
{
    fixture *f = *state;
    xy_number below = ask(f, 4, XY_COMMAND_EXEC), own = ask(f, 2, XY_COMMAND_EXEC);
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_lost(f, 2, XYLEM_SIGNALLED, 2);
    expect_reply(f, own.request, XYLEM_UNAVAILABLE);
    assert_true(expect_start(f, 2) == 5);
    expect_told(f, 1, 2);
    expect_at_once(f, XY_COMMAND_PING, 2, 0, XYLEM_UNAVAILABLE);
    arrive(f, 2);
    assert_int_equal(expect_word(f, 2, XY_NOTICE_RESTARTED)->notice.restarts, 1);
    expect_word(f, 2, XY_NOTICE_AVAILABLE);
    expect_told(f, 2, 3);
    arrive(f, 3); /* it has its parent again: no notice */
    assert_number(expect_asked(f, 4, XY_EXEC)->number, below);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.counts.restarts, 1);
    ask(f, 2, XY_COMMAND_PING);
}

static void restart_two(fixture *f, uint64_t link)
{
    ended(f, life_of(f, 2));
    let_go_of(f, 1, link);
    expect_word(f, 2, XY_NOTICE_UNAVAILABLE);
    expect_start(f, 2);
    expect_told(f, 1, 2);
    arrive(f, 2);
    expect_word(f, 2, XY_NOTICE_RESTARTED);
    expect_word(f, 2, XY_NOTICE_AVAILABLE);
    expect_told(f, 2, 3);
    arrive(f, 3);
    expect_nothing(&f->r);
}

/* Once in this time. */
static void test_started_too_often(void **state)
{
    fixture *f = *state;
    restart_two(f, 2);
    f->r.now_ms = WINDOW_MS;
    restart_two(f, 5);
    f->r.now_ms = 2 * WINDOW_MS - 1;
    ended(f, life_of(f, 2));
    let_go_of(f, 1, 7);
    expect_word(f, 2, XY_NOTICE_UNAVAILABLE);
    expect_word(f, 2, XY_NOTICE_RETIRED);
    expect_told(f, 1, 3);
    arrive(f, 3);
    assert_true(expect_word(f, 3, XY_NOTICE_ADOPTED)->notice.parent == 1);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 2, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_CREATE, 2, 0, XYLEM_EXISTS);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 2, 0);
    let_go_of(f, 1, 7);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(&f->r);
}

/* A start that fails is one of them. */
static void test_started_again_in_vain(void **state)
{
    fixture *f = *state;
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_word(f, 2, XY_NOTICE_UNAVAILABLE);
    expect_start(f, 2);
    expect_told(f, 1, 2);
    ended_by(f, 5, false, (xy_cause){XYLEM_NO_CAUSE, 0}, "no room");
    let_go_of(f, 1, 5);
    expect_word(f, 2, XY_NOTICE_RETIRED);
    expect_told(f, 1, 3);
}

/* So is a life that attaches, but whose address there is no memory for. */
static void test_no_memory_for_the_address_of_a_new_life(void **state)
{
    fixture *f = *state;
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_word(f, 2, XY_NOTICE_UNAVAILABLE);
    expect_start(f, 2);
    expect_told(f, 1, 2);
    memory_fails(1, 2);
    arrive(f, 2);
    memory_is_back();
    expect_kill(f, 5, false);
    attached(f, 2); /* it is too late */
    expect_nothing(&f->r);
    ended(f, 5);
    let_go_of(f, 1, 5);
    expect_word(f, 2, XY_NOTICE_RETIRED);
    expect_told(f, 1, 3);
}

/* One that hangs is killed first. */
static void test_one_that_hangs_is_started_again(void **state)
{
    fixture *f = *state;
    change(f, XY_CHANGE_SILENT, 2);
    expect_let_go_of(f, 2, 3);
    expect_lost(f, 2, XYLEM_SILENT, 2);
    expect_kill(f, 2, false);
    expect_told(f, 1, 3); /* who knows how long it lives on */
    arrive(f, 3);
    expect_nothing(&f->r);
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_start(f, 2);
    expect_told(f, 1, 2);
    arrive(f, 2);
    expect_word(f, 2, XY_NOTICE_RESTARTED);
    expect_word(f, 2, XY_NOTICE_AVAILABLE);
    expect_told(f, 2, 3);
    arrive(f, 3);
    let_go_of(f, 1, 5);
    expect_nothing(&f->r);
}

/* The removal of a node whose new life has not attached yet. */
static void test_removed_while_it_starts_again(void **state)
{
    fixture *f = *state;
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_word(f, 2, XY_NOTICE_UNAVAILABLE);
    expect_start(f, 2);
    expect_told(f, 1, 2);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 2, 0);
    let_go_of(f, 1, 5);
    expect_kill(f, 5, false);
    expect_end(f, 3); /* with all that are wanted below it */
    expect_end(f, 4);
    expect_nothing(&f->r);
    ended(f, 3);
    ended(f, 4);
    ended(f, 5);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.map.count, 1);
}

/* 2 has died, 3 and 4 are ended: what was asked is answered after the notice. */
static void expect_ended_below(fixture *f, uint64_t asked)
{
    int lost = 0, killed = 0, answered = 0;
    for (int i = 0; i < 6; i++) {
        xy_action action;
        assert_true(xy_queue_pop(&f->r.out, &action));
        killed += action.kind == XY_ACTION_KILL;
        lost += action.kind == XY_ACTION_NOTICE;
        if (action.kind == XY_ACTION_NOTICE)
            assert_true(action.notice.id == 1 + lost && action.notice.origin == 2);
        if (action.kind != XY_ACTION_REPLY)
            continue;
        answered++;
        assert_int_equal(lost, 3);
        assert_true(action.reply.command == asked);
        assert_int_equal(action.reply.status, XYLEM_UNAVAILABLE);
    }
    assert_true(lost == 3 && killed == 2 && answered == 1);
}

/* All below it are ended and started again, from above. */
static void test_all_below_are_started_again(void **state)
{
    fixture *f = *state;
    tally t = {.alive = {[1] = true}};
    xy_number asked = ask(f, 4, XY_COMMAND_EXEC);
    ended(f, 2);
    let_go_of(f, 1, 2);
    expect_ended_below(f, asked.request);
    assert_true(expect_start(f, 2) == 5);
    expect_told(f, 1, 2);
    ended(f, 3);
    ended(f, 4);
    t.alive[5] = true;
    arrive(f, 2);
    expect_word(f, 2, XY_NOTICE_RESTARTED);
    expect_word(f, 2, XY_NOTICE_AVAILABLE);
    assert_int_equal(f->r.out.actions.count > 0, true);
    perform(f, &t);
    assert_null(f->controller.map.unsettled);
    for (int64_t id = 1; id <= 4; id++)
        assert_true(node_of(f, id)->reachable);
    assert_int_equal(f->controller.counts.restarts, 3);
    assert_int_equal(node_of(f, 3)->restarts, 0); /* it has not fallen by itself */
}

/* What leaves or comes back is not wanted below one that is being removed. */
static void test_comes_back_beside_a_removal(void **state)
{
    fixture *f = *state;
    tally t = {.alive = {[1] = true, [2] = true, [3] = true, [4] = true}};
    change(f, XY_CHANGE_SILENT, 4);
    for (int i = 0; i < 2; i++) /* it hangs: it attaches later */
        expect(&f->r, i == 0 ? XY_ACTION_NOTICE : XY_ACTION_SEND);
    expect_asked_for(f, 3, 4);
    expected(f, 4);
    expect_attach(f, 4, "below");
    t.alive[4] = false;
    give(f, &t, XY_COMMAND_REMOVE, 3);
    assert_int_equal(xy_requests_count(&f->controller.requests), 1); /* 4 was wanted below it */
    ended(f, 4);
    perform(f, &t);
    assert_int_equal(xy_requests_count(&f->controller.requests), 0);
    assert_int_equal(f->controller.map.count, 2);
}

static void wait_long(fixture *f, tally *t)
{
    for (int64_t until = f->r.now_ms + 5000; f->r.now_ms < until;) {
        tick(&f->r, f->r.now_ms + 20);
        perform(f, t);
    }
}

static void pass_over(fixture *f)
{
    xy_action action;
    while (xy_queue_pop(&f->r.out, &action))
        xy_action_clear(&action);
}

/* A node that waits to be removed is adrift when the one above it dies; one below it, which is
 * wanted below that, is given up: what it was asked is answered. */
static void test_one_below_a_node_that_waits_is_given_up(void **state)
{
    (void)state;
    fixture *f = new_fixture_of((xy_controller_options){.topology = &xy_topology_balanced,
                                                        .repair = XY_REPAIR_RESTART,
                                                        .rest_for_subtree = true,
                                                        .restarts_max = 1,
                                                        .restart_window_ms = WINDOW_MS});
    void *made = f;
    tally t = {0};
    for (int64_t id = 1; id <= 4; id++)
        give(f, &t, XY_COMMAND_CREATE, id);
    uint64_t asked = command(f, XY_COMMAND_PING, 4, 0);
    command(f, XY_COMMAND_REMOVE, 2, 0);
    assert_true(node_of(f, 2)->waits && node_of(f, 4)->linked.parent == node_of(f, 2));
    pass_over(f);
    assert_non_null(xy_requests_find(&f->controller.requests, asked));
    ended(f, 1);
    assert_false(node_of(f, 4)->available);
    assert_null(xy_requests_find(&f->controller.requests, asked));
    pass_over(f);
    tear_down(&made);
}

/* What is said of the nodes that are unavailable after a step, in place of all that it has done. */
static void expect_origins(fixture *f, int64_t origin)
{
    xy_action action;
    int said = 0;
    while (xy_queue_pop(&f->r.out, &action)) {
        if (action.kind == XY_ACTION_NOTICE) {
            bool own = action.notice.id == origin;
            assert_int_equal(action.notice.kind, XY_NOTICE_UNAVAILABLE);
            assert_int_equal(action.notice.cause.kind, own ? XYLEM_SIGNALLED : XYLEM_ANCESTOR);
            assert_true(action.notice.origin == origin);
            said++;
        }
        xy_action_clear(&action);
    }
    assert_int_equal(said, 3);
}

/* What ends along with a node that has died may still be above that. */
static void test_the_parent_ends_along(void **state)
{
    fixture *f = *state;
    xy_map_want(&f->controller.map, node_of(f, 3), node_of(f, 1), NULL);
    xy_map_want(&f->controller.map, node_of(f, 2), node_of(f, 3), NULL);
    ended(f, life_of(f, 3));
    expect_origins(f, 3);
}

/* Creates, deaths, and a removal, with `fails` calls for memory that go well. */
static void live(const xy_topology *topology, xy_repair repair, bool rest, size_t fails)
{
    fixture *f = new_fixture_of((xy_controller_options){.topology = topology,
                                                        .repair = repair,
                                                        .rest_for_subtree = rest,
                                                        .restarts_max = 2,
                                                        .restart_window_ms = WINDOW_MS});
    void *made = f;
    tally t = {0};
    for (int64_t id = 1; id <= 7; id++)
        give(f, &t, XY_COMMAND_CREATE, topology->arranges ? id : (id * 3) % 8);
    memory_fails(fails, fails + 2);
    give(f, &t, XY_COMMAND_EXEC, 7);
    end_told(f, &t, life_of(f, 3));
    perform(f, &t);
    give(f, &t, XY_COMMAND_PING, 7);
    give(f, &t, XY_COMMAND_REMOVE, 2);
    memory_is_back();
    wait_long(f, &t);
    assert_int_equal(t.taken, t.answered);
    assert_int_equal(f->r.out.promised, 0);
    assert_int_equal(xy_requests_count(&f->controller.errands), 0);
    assert_int_equal(f->controller.moving, 0);
    for (xy_map_node *node = f->controller.map.lowest; node; node = node->higher) {
        assert_true(node->dead == !t.alive[node->life.number]);
        assert_int_equal(node->available, !node->dead && !node->given_up);
        assert_int_equal(node->told, node->available);
        assert_int_equal(node->comers, 0);
        assert_true(node->dead || !node->unsettled);
    }
    give(f, &t, XY_COMMAND_CLOSE, 0);
    wait_long(f, &t);
    assert_true(f->controller.closed);
    tear_down(&made);
}

static void test_without_memory(void **state)
{
    (void)state;
    for (const xy_topology *const *topology = xy_topologies; *topology; topology++)
        for (int how = 0; how < 4; how++)
            for (size_t fails = 1; fails < 120; fails++)
                live(*topology, how == 3 ? XY_REPAIR_RESTART : (xy_repair)how, how == 3, fails);
}

#define ADOPT(name)   cmocka_unit_test_setup_teardown(name, set_up_adopt, tear_down)
#define RESTART(name) cmocka_unit_test_setup_teardown(name, set_up_restart, tear_down)
#define REST(name)    cmocka_unit_test_setup_teardown(name, set_up_rest, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADOPT(test_adopted),
        ADOPT(test_adopted_by_the_controlling_node),
        ADOPT(test_one_that_hangs_comes_back),
        ADOPT(test_an_orphan_dies),
        ADOPT(test_an_orphan_that_does_not_attach),
        RESTART(test_started_again),
        RESTART(test_started_too_often),
        RESTART(test_started_again_in_vain),
        RESTART(test_no_memory_for_the_address_of_a_new_life),
        RESTART(test_one_that_hangs_is_started_again),
        RESTART(test_removed_while_it_starts_again),
        REST(test_all_below_are_started_again),
        REST(test_the_parent_ends_along),
        ADOPT(test_comes_back_beside_a_removal),
        cmocka_unit_test(test_one_below_a_node_that_waits_is_given_up),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
