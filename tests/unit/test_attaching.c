/* A node attaches to a parent, and what becomes of that when one of the two is not there any more.
 */
#include "controlling.h"

/* Without heartbeats a node that may have left its parent has the least margin to say so. */
enum { LATE_MS = 20 };

static const char key[] = "0123456789012345678901234567890123456789";

static fixture *new_tree(bool keyed, xy_repair repair)
{
    fixture *f = new_fixture_of(
        (xy_controller_options){.topology = &xy_topology_tree, .keyed = keyed, .repair = repair});
    f->parent = XY_PARENT_CONTROLLER;
    return f;
}

/* 1 above 3, which is above 4; and 2 above 5: lives and links 1 to 5. */
static void create_all(fixture *f)
{
    create_root(f, 1);
    create_root(f, 2);
    create_below(f, 3, 1);
    create_below(f, 4, 3);
    create_below(f, 5, 2);
}

static int set_up_five(void **state)
{
    fixture *f = new_tree(false, XY_REPAIR_NONE);
    create_all(f);
    *state = f;
    return 0;
}

static int set_up_adopting(void **state)
{
    fixture *f = new_tree(false, XY_REPAIR_ADOPT);
    create_all(f);
    *state = f;
    return 0;
}

static int set_up_keyed_tree(void **state)
{
    *state = new_tree(true, XY_REPAIR_NONE);
    return 0;
}

static int set_up_keyed_adopting(void **state)
{
    *state = new_tree(true, XY_REPAIR_ADOPT);
    return 0;
}

static uint64_t move(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    uint64_t number = command(f, XY_COMMAND_MOVE, id, 0);
    f->parent = XY_PARENT_ANY;
    return number;
}

static void expect_told(fixture *f, int64_t parent, int64_t id)
{
    expect_asked_for(f, parent, id);
    expected(f, id);
    expect_attach(f, life_of(f, id), "below");
    expect_nothing(&f->r);
}

/* By the controlling node itself. */
static void expect_told_by_top(fixture *f, int64_t id)
{
    expect_expected(&f->r, node_of(f, id)->coming, life_of(f, id));
    expect_attach(f, life_of(f, id), "top");
    expect_nothing(&f->r);
}

static uint64_t begin_below(fixture *f, int64_t id, int64_t parent)
{
    xy_number asked;
    f->parent = parent;
    uint64_t number = begin_create(f, id, parent, &asked);
    f->parent = XY_PARENT_ANY;
    return number;
}

static void create_keyed(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    uint64_t number = command(f, XY_COMMAND_CREATE, id, 0);
    started(f, expect_start(f, id), key);
    if (parent >= 0)
        expect_told(f, parent, id);
    else
        expect_told_by_top(f, id);
    arrive(f, id);
    if (parent < 0)
        expect(&f->r, XY_ACTION_SEND);
    expect_reply(f, number, XYLEM_OK);
}

static void test_the_parent_of_a_create_dies(void **state)
{
    fixture *f = *state;
    for (int told = 0; told < 2; told++) {
        int64_t parent = told ? 4 : 5;
        uint64_t number = begin_below(f, 6, parent), life = life_of(f, 6);
        if (told) {
            expected(f, 6);
            expect_attach(f, life, "below");
        }
        ended(f, life_of(f, parent));
        expect(&f->r, XY_ACTION_SEND); /* let go by the one above */
        expect_notice(f, parent, false);
        expect_kill(f, life, false);
        expect_nothing(&f->r);
        ended(f, life);
        expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
        expect_nothing(&f->r);
        assert_null(node_of(f, 6));
        assert_int_equal(node_of(f, parent)->comers, 0);
    }
}

/* With repair it attaches elsewhere, on another link. */
static void test_the_parent_dies_and_another_one_is_found(void **state)
{
    fixture *f = *state;
    for (int told = 0; told < 2; told++) {
        int64_t parent = told ? 4 : 5, above = told ? 3 : 2, id = told ? 7 : 6;
        uint64_t number = begin_below(f, id, parent), link = node_of(f, id)->coming.link.number;
        if (told) {
            expected(f, id);
            expect_attach(f, life_of(f, id), "below");
        }
        ended(f, life_of(f, parent));
        answer(f, expect_let_go_of(f, above, told ? 4 : 5), above, XYLEM_OK);
        expect_notice(f, parent, false);
        expect_told(f, above, id);
        assert_true(node_of(f, id)->coming.link.number > link);
        arrive(f, id);
        expect_reply(f, number, XYLEM_OK);
        expect_nothing(&f->r);
    }
    assert_int_equal(f->controller.counts.repairs, 0); /* they had no parent */
}

/* No parent was asked before its key is known: but which one is known. */
static void test_the_parent_dies_before_the_key_is_known(void **state)
{
    fixture *f = *state;
    create_keyed(f, 1, XY_PARENT_CONTROLLER);
    f->parent = 1;
    uint64_t number = command(f, XY_COMMAND_CREATE, 2, 0), life = expect_start(f, 2);
    expect_nothing(&f->r);
    ended(f, 1);
    expect_let_go(&f->r, peer_of(f, 1));
    expect_notice(f, 1, false);
    if (f->controller.repair == XY_REPAIR_NONE) {
        expect_kill(f, life, false);
        ended(f, life);
        expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
    } else {
        expect_nothing(&f->r);
        started(f, life, key);
        expect_expected(&f->r, node_of(f, 2)->coming, life);
        expect_attach(f, life, "top");
        arrive(f, 2);
        expect(&f->r, XY_ACTION_SEND);
        expect_reply(f, number, XYLEM_OK);
    }
    expect_nothing(&f->r);
}

/* 3 was told to attach to 5, which hangs. Whether it has is not known: it is to attach to the one
 * that it had, on a later link. Its word that it has comes before it is told of that, or after. */
static void test_brought_back(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 5), life = life_of(f, 3);
    expect_told(f, 5, 3);
    uint64_t abandoned = node_of(f, 3)->coming.link.number;
    uint64_t ping = command(f, XY_COMMAND_PING, 4, 0);
    xy_number asked = expect_asked(f, 4, XY_PING)->number;
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect_reply(f, moved, XYLEM_PARENT_UNAVAILABLE);
    expect_asked_for(f, 1, 3);
    expect_nothing(&f->r);
    expected(f, 3);
    expect_attach(f, life, "below");
    attached_on(f, life, abandoned); /* it is told of a later one, and does not stay there */
    expect_nothing(&f->r);
    assert_true(node_of(f, 4)->reachable && !node_of(f, 3)->astray);
    arrive(f, 3);
    expect_let_go_of(f, 1, 3);
    assert_number(expect_asked(f, 4, XY_PING)->number, asked); /* again */
    attached_on(f, life, abandoned);
    expect_nothing(&f->r);
    answer(f, asked, 4, XYLEM_OK);
    expect_reply(f, ping, XYLEM_OK);
    assert_int_equal(node_of(f, 3)->linked.parent->id, 1);
    assert_int_equal(f->controller.counts.repairs, 0);
    assert_int_equal(f->controller.counts.moves, 1);
}

/* It may be at that parent: what is above that does not attach below it. */
static void test_nothing_attaches_below_one_that_strays(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 5);
    expect_told(f, 5, 3);
    uint64_t abandoned = node_of(f, 3)->coming.link.number;
    change(f, XY_CHANGE_SILENT, 1);
    for (int64_t id = 1; id != 5; id += id == 1 ? 2 : 1)
        expect_notice(f, id, false);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect_reply(f, moved, XYLEM_PARENT_UNAVAILABLE);
    change(f, XY_CHANGE_BACK, 5);
    expect_notice(f, 5, true);
    expect_let_go_of(f, 5, abandoned);
    change(f, XY_CHANGE_BACK, 1);
    for (int64_t id = 1; id != 5; id += id == 1 ? 2 : 1)
        expect_notice(f, id, true);
    move(f, 5, 3);
    expect_nothing(&f->r);
    tick(&f->r, deadline_of(&f->r));
    expect_told(f, 1, 3); /* it is to come back first */
    arrive(f, 3);
    expect_let_go_of(f, 1, 3);
    expect_asked_for(f, 3, 5);
    expect_nothing(&f->r);
}

/* It has been silent for too long when that can be reached again. */
static void test_a_silent_one_is_brought_back(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 5);
    expect_told(f, 5, 3);
    f->r.now_ms = 10;
    change(f, XY_CHANGE_SILENT, 3);
    tick(&f->r, 10 + LATE_MS);
    expect_lost(f, 3, XYLEM_SILENT, 3);
    expect_lost(f, 4, XYLEM_ANCESTOR, 3);
    change(f, XY_CHANGE_SILENT, 1);
    expect_lost(f, 1, XYLEM_SILENT, 1);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect_reply(f, moved, XYLEM_PARENT_UNAVAILABLE);
    tick(&f->r, deadline_of(&f->r));
    expect_nothing(&f->r);
    change(f, XY_CHANGE_BACK, 1);
    expect_notice(f, 1, true);
    tick(&f->r, deadline_of(&f->r));
    expect_told(f, 1, 3);
}

/* Its parent has lost it. That is no repair. */
static void test_astray(void **state)
{
    fixture *f = *state;
    uint64_t life = life_of(f, 3);
    move(f, 3, 5);
    expect_told(f, 5, 3);
    uint64_t abandoned = node_of(f, 3)->coming.link.number;
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect(&f->r, XY_ACTION_REPLY);
    expect_asked_for(f, 1, 3);
    attached_on(f, life, abandoned);
    answer(f, expect_let_go_of(f, 1, 3), 1, XYLEM_OK);
    expect_nothing(&f->r);
    assert_true(node_of(f, 3)->astray);
    assert_true(node_of(f, 4)->available && !node_of(f, 4)->reachable);
    command(f, XY_COMMAND_PING, 4, 0); /* it waits */
    expect_nothing(&f->r);
    expected(f, 3);
    expect_attach(f, life, "below");
    attached_on(f, life, abandoned);
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_asked(f, 4, XY_PING);
    attached_on(f, life, abandoned);
    expect_nothing(&f->r);
    assert_true(node_of(f, 4)->reachable && !node_of(f, 3)->astray);
    assert_int_equal(node_of(f, 3)->linked.parent->id, 1);
    assert_int_equal(f->controller.counts.repairs, 0);
    assert_int_equal(f->controller.counts.moves, 1);
}

/* The parent to be has another parent itself: what it was told may be lost on the old way. If it
 * expects the node it was not. */
static void test_asked_again_when_the_way_to_the_parent_changes(void **state)
{
    fixture *f = *state;
    for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
        int64_t id = 6 + acknowledged, from = 1 + acknowledged, to = 3 - from;
        uint64_t number = begin_below(f, id, 4), link = node_of(f, 3)->peer.link.number;
        xy_number asked = xy_request_number(node_of(f, id)->way);
        if (acknowledged) {
            expected(f, id);
            expect_attach(f, life_of(f, id), "below");
        }
        uint64_t moved = move(f, 3, to);
        expect_told(f, to, 3);
        arrive(f, 3);
        answer(f, expect_let_go_of(f, from, link), from, XYLEM_OK);
        if (!acknowledged) {
            assert_number(expect_asked_for(f, 4, id), asked);
            assert_true(f->r.hand.send.to.link.number == (uint64_t)to);
        }
        expect_reply(f, moved, XYLEM_OK);
        expect_nothing(&f->r);
        if (!acknowledged) {
            expected(f, id);
            expect_attach(f, life_of(f, id), "below");
        }
        arrive(f, id);
        expect_reply(f, number, XYLEM_OK);
        expect_nothing(&f->r);
    }
}

/* What is said of a link that was given up is passed over. */
static void test_expected_on_an_old_link(void **state)
{
    fixture *f = *state;
    uint64_t first = move(f, 3, 5), life = life_of(f, 3);
    expect_asked_for(f, 5, 3);
    uint64_t old = node_of(f, 3)->coming.link.number;
    tick(&f->r, TIMEOUT_MS);
    expect_let_go_of(f, 5, old);
    expect_reply(f, first, XYLEM_TIMED_OUT);
    expected_on(f, life, old);
    expect_nothing(&f->r);
    uint64_t second = move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    expect_nothing(&f->r);
    expected_on(f, life, old);
    expect_nothing(&f->r);
    expected_as(f, life, node_of(f, 3)->coming.link.number, node_of(f, 3)->coming.tag + 1);
    expect_nothing(&f->r); /* its parent to be would know the tag */
    expected(f, 3);
    expect_attach(f, life, "below");
    assert_true(f->r.hand.attach.to.parent.link.number > old);
    expected(f, 3); /* a second time */
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_let_go_of(f, 1, 3);
    expect_reply(f, second, XYLEM_OK);
    expect_nothing(&f->r);
}

/* The parent to be says whether it hears the node, before that says that it is there. */
static void heard_there(fixture *f, int64_t id, xy_change what)
{
    xy_peer peer = node_of(f, id)->coming;
    xy_message message = change_of(what, peer.link.number);
    message.id = id;
    message.life = node_of(f, id)->life;
    message.number.tag = peer.tag;
    hear_from(f, 5, message);
    expect_nothing(&f->r);
}

static void test_silent_before_it_has_attached(void **state)
{
    fixture *f = *state;
    for (int back = 0; back < 2; back++) {
        uint64_t number = begin_below(f, 6 + back, 5);
        expected(f, 6 + back);
        expect_attach(f, life_of(f, 6 + back), "below");
        heard_there(f, 6 + back, XY_CHANGE_SILENT);
        if (back)
            heard_there(f, 6 + back, XY_CHANGE_BACK);
        arrive(f, 6 + back);
        expect_reply(f, number, XYLEM_OK);
        if (!back)
            expect_lost(f, 6, XYLEM_SILENT, 6);
        expect_nothing(&f->r);
        assert_int_equal(node_of(f, 6 + back)->available, back);
    }
    change(f, XY_CHANGE_BACK, 6);
    expect_notice(f, 6, true);
    expect_nothing(&f->r);
}

/* That it is heard by the parent that it leaves is of no account once it is elsewhere. */
static void test_silent_before_it_has_moved(void **state)
{
    fixture *f = *state;
    for (int back = 0; back < 2; back++) {
        int64_t id = 4 - back, from = back ? 1 : 3;
        uint64_t number = move(f, id, 5), link = node_of(f, id)->peer.link.number;
        expect_told(f, 5, id);
        heard_there(f, id, XY_CHANGE_SILENT);
        if (back)
            heard_there(f, id, XY_CHANGE_BACK);
        arrive(f, id);
        answer(f, expect_let_go_of(f, from, link), from, XYLEM_OK);
        expect_reply(f, number, XYLEM_OK);
        if (!back)
            expect_lost(f, id, XYLEM_SILENT, id);
        expect_nothing(&f->r);
    }
}

/* What was said of an attempt does not count for the next one. */
static void test_silent_on_a_link_that_was_given_up(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 4, 5);
    expect_told(f, 5, 4);
    heard_there(f, 4, XY_CHANGE_SILENT);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect_reply(f, moved, XYLEM_PARENT_UNAVAILABLE);
    expect_told(f, 3, 4);
    arrive(f, 4);
    expect_let_go_of(f, 3, 4);
    expect_nothing(&f->r);
    assert_true(node_of(f, 4)->available);
}

/* Of what a parent says of a child only what is later counts: the parent itself may have moved, and
 * what it said before may still be on the way that it had. */
static void test_changes_out_of_order(void **state)
{
    fixture *f = *state;
    change_as(f, XY_CHANGE_SILENT, 4, 3);
    expect_lost(f, 4, XYLEM_SILENT, 4);
    change_as(f, XY_CHANGE_BACK, 4, 2);
    expect_nothing(&f->r);
    change_as(f, XY_CHANGE_BACK, 4, 4);
    expect_notice(f, 4, true);
    change_as(f, XY_CHANGE_SILENT, 4, 3);
    expect_nothing(&f->r);
    uint64_t moved = move(f, 4, 5), link = node_of(f, 4)->peer.link.number;
    expect_told(f, 5, 4);
    arrive(f, 4);
    expect_let_go_of(f, 3, link);
    expect_reply(f, moved, XYLEM_OK);
    change_as(f, XY_CHANGE_SILENT, 4, 1); /* another parent counts anew */
    expect_lost(f, 4, XYLEM_SILENT, 4);
}

/* The parent that it has on the map does not hear it: it may be with the one that it was told to
 * attach to, and its word of that comes late. */
static void test_silent_though_it_may_have_left(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 5);
    expect_told(f, 5, 3);
    change(f, XY_CHANGE_SILENT, 3);
    expect_nothing(&f->r);
    assert_true(node_of(f, 3)->available && !node_of(f, 3)->reachable);
    uint64_t pinged = command(f, XY_COMMAND_PING, 4, 0); /* waits */
    expect_nothing(&f->r);
    arrive(f, 3);
    xy_number gone = expect_let_go_of(f, 1, 3), ping = expect_asked(f, 4, XY_PING)->number;
    expect_reply(f, moved, XYLEM_OK);
    answer(f, gone, 1, XYLEM_OK);
    answer(f, ping, 4, XYLEM_OK);
    expect_reply(f, pinged, XYLEM_OK);
    expect_nothing(&f->r);
    assert_true(node_of(f, 4)->reachable);
    assert_int_equal(f->controller.counts.moves, 1);
    assert_int_equal(f->controller.counts.false_silences, 0);
}

/* It may be with one that it does not attach to any more. */
static void test_silent_though_it_may_be_astray(void **state)
{
    fixture *f = *state;
    move(f, 3, 5);
    expect_told(f, 5, 3);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect(&f->r, XY_ACTION_REPLY);
    expect_asked_for(f, 1, 3);
    change(f, XY_CHANGE_SILENT, 3);
    answer(f, expect_let_go_of(f, 1, 3), 1, XYLEM_OK);
    expect_nothing(&f->r);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    arrive(f, 3);
    expect_nothing(&f->r);
    assert_true(node_of(f, 4)->reachable);
}

/* It has not left: it hangs. */
static void test_silent_and_it_does_not_attach(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 5);
    expect_told(f, 5, 3);
    f->r.now_ms = 10;
    change(f, XY_CHANGE_SILENT, 3);
    change(f, XY_CHANGE_BACK, 3); /* not yet */
    tick(&f->r, 200);
    change(f, XY_CHANGE_SILENT, 3);
    tick(&f->r, 200 + LATE_MS - 1);
    expect_nothing(&f->r);
    tick(&f->r, 200 + LATE_MS);
    expect_lost(f, 3, XYLEM_SILENT, 3);
    expect_lost(f, 4, XYLEM_ANCESTOR, 3);
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS);
    expect_reply(f, moved, XYLEM_TIMED_OUT);
}

/* Its parent says it again when it has another way up itself. */
static void test_silence_that_is_said_again(void **state)
{
    fixture *f = *state;
    move(f, 3, 5);
    expect_told(f, 5, 3);
    f->r.now_ms = 10;
    change(f, XY_CHANGE_SILENT, 3);
    tick(&f->r, 10 + LATE_MS - 1);
    change(f, XY_CHANGE_SILENT, 3);
    expect_nothing(&f->r);
    tick(&f->r, 10 + LATE_MS);
    expect_lost(f, 3, XYLEM_SILENT, 3);
    expect_lost(f, 4, XYLEM_ANCESTOR, 3);
    expect_nothing(&f->r);
}

/* It hangs, and the parent that it had is slow to expect it. */
static void test_silent_though_it_is_to_come_back(void **state)
{
    fixture *f = *state;
    move(f, 3, 5);
    expect_told(f, 5, 3);
    f->r.now_ms = 10;
    change(f, XY_CHANGE_SILENT, 3);
    change(f, XY_CHANGE_SILENT, 5);
    expect_notice(f, 5, false);
    expect(&f->r, XY_ACTION_REPLY);
    expect_asked_for(f, 1, 3);
    tick(&f->r, 10 + LATE_MS - 1);
    expect_nothing(&f->r);
    tick(&f->r, 10 + LATE_MS);
    expect_lost(f, 3, XYLEM_SILENT, 3);
    expect_lost(f, 4, XYLEM_ANCESTOR, 3);
}

/* Without memory for the address of a life that has just attached it is of no use. */
static void test_no_memory_for_an_address(void **state)
{
    fixture *f = *state;
    uint64_t number = begin_below(f, 6, 5), life = life_of(f, 6);
    expected(f, 6);
    expect_attach(f, life, "below");
    memory_fails(1, 2);
    arrive(f, 6);
    memory_is_back();
    expect_let_go_of(f, 5, 6);
    expect_kill(f, life, false);
    expect_nothing(&f->r);
    ended(f, life);
    expect_reply(f, number, XYLEM_NO_MEMORY);
    assert_null(node_of(f, 6));
    assert_int_equal(node_of(f, 5)->comers, 0);
    number = begin_below(f, 6, 5);
    expected(f, 6);
    expect_attach(f, life_of(f, 6), "below");
    arrive(f, 6);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

/* But not before the key of the node is known: the parent would let it attach without one. */
static void test_not_asked_again_without_a_key(void **state)
{
    fixture *f = *state;
    create_keyed(f, 1, XY_PARENT_CONTROLLER);
    create_keyed(f, 2, XY_PARENT_CONTROLLER);
    create_keyed(f, 3, 1);
    f->parent = 3;
    command(f, XY_COMMAND_CREATE, 4, 0);
    uint64_t life = expect_start(f, 4), moved = move(f, 3, 2);
    expect_told(f, 2, 3);
    arrive(f, 3);
    expect_let_go_of(f, 1, 3);
    expect_reply(f, moved, XYLEM_OK);
    expect_nothing(&f->r);
    started(f, life, key);
    expect_told(f, 3, 4);
}

/* A parent that has said that it expects a node cannot refuse it any more. */
static void test_refused_after_it_was_expected(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    xy_number asked = expect_asked_for(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    answer(f, asked, 2, XYLEM_CANNOT_START);
    expect_nothing(&f->r);
    arrive(f, 3);
    expect_let_go_of(f, 1, 3);
    expect(&f->r, XY_ACTION_REPLY);
    arrive(f, 3); /* a second time */
    expect_nothing(&f->r);
}

/* Of a node that is removed while it attaches nothing is expected any more. */
static void test_a_removal_abandons(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 4, 2);
    expect_told(f, 2, 4);
    uint64_t link = node_of(f, 4)->coming.link.number, removed;
    removed = command(f, XY_COMMAND_REMOVE, 4, 0);
    expect_reply(f, moved, XYLEM_UNAVAILABLE);
    expect_let_go_of(f, 2, link);
    expect_end(f, life_of(f, 4));
    expect_let_go_of(f, 3, 4);
    expect_nothing(&f->r);
    arrive(f, 4);
    expect_nothing(&f->r);
    ended(f, life_of(f, 4));
    expect_reply(f, removed, XYLEM_OK);
    assert_int_equal(node_of(f, 2)->comers, 0);
    assert_int_equal(f->controller.moving, 0);
}

/* Both topmost nodes send a heartbeat each T. */
static void beat_until(fixture *f, int64_t until_ms)
{
    for (int64_t now = f->r.now_ms + T; now <= until_ms; now += T) {
        tick(&f->r, now);
        hear(&f->r, peer_of(f, 1), (xy_message){.kind = XY_HEARTBEAT});
        hear(&f->r, peer_of(f, 2), (xy_message){.kind = XY_HEARTBEAT});
    }
}

/* One that loses its parent when the network closes is not told of, though it is still to end. */
static void test_closed_while_it_moves(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_told(f, 2, 3);
    change(f, XY_CHANGE_SILENT, 1);
    expect_notice(f, 1, false);
    expect_notice(f, 3, false);
    expect_notice(f, 4, false);
    expect_nothing(&f->r);
    command(f, XY_COMMAND_CLOSE, 0, 0);
    size_t ends = 0;
    for (xy_action action; xy_queue_pop(&f->r.out, &action); xy_action_clear(&action)) {
        assert_int_not_equal(action.kind, XY_ACTION_NOTICE);
        ends += action.kind == XY_ACTION_END || action.kind == XY_ACTION_KILL;
    }
    assert_int_equal(ends, 5);
}

/* A parent to be that hangs since then is found out before the node itself is given up. */
static void test_an_orphan_has_time(void **state)
{
    enum { HANG_MS = 4 * T + T / 2 };
    fixture *f = *state;
    uint64_t number = command(f, XY_COMMAND_HEARTBEAT, 0, T);
    expect_sent(&f->r, peer_of(f, 1), XY_INTERVAL);
    expect_sent(&f->r, peer_of(f, 2), XY_INTERVAL);
    expect_reply(f, number, XYLEM_OK);
    ended(f, 3);
    expect_let_go_of(f, 1, 3);
    expect_notice(f, 3, false);
    expect_told(f, 1, 4);
    beat_until(f, HANG_MS + T);
    expect_nothing(&f->r);
    beat_until(f, HANG_MS + 3 * T);
    expect_lost(f, 4, XYLEM_SILENT, 4);
    expect_nothing(&f->r);
}

/* Whenever there is no memory: the move is answered once, and afterwards all is where it is wanted.
 */
static void test_without_memory(void **state)
{
    (void)state;
    for (size_t fails = 1; fails < 60; fails++) {
        void *made;
        set_up_five(&made);
        fixture *f = made;
        tally t = {0};
        for (int life = 1; life <= 5; life++)
            t.alive[life] = true;
        f->parent = 5;
        memory_fails(fails, fails + 2);
        give(f, &t, XY_COMMAND_MOVE, 3);
        memory_is_back();
        for (int64_t now = 1; now < 3000; now += 20) {
            tick(&f->r, now);
            perform(f, &t);
        }
        assert_int_equal(t.taken, t.answered);
        assert_int_equal(f->r.out.promised, 0);
        assert_int_equal(f->controller.moving, 0);
        assert_null(f->controller.map.unsettled);
        assert_int_equal(xy_requests_count(&f->controller.errands), 0);
        tear_down(&made);
    }
}

#define TEST(name)     cmocka_unit_test_setup_teardown(name, set_up_five, tear_down)
#define ADOPTING(name) cmocka_unit_test_setup_teardown(name, set_up_adopting, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_parent_of_a_create_dies),
        ADOPTING(test_the_parent_dies_and_another_one_is_found),
        cmocka_unit_test_setup_teardown(test_the_parent_dies_before_the_key_is_known,
                                        set_up_keyed_tree, tear_down),
        cmocka_unit_test_setup_teardown(test_the_parent_dies_before_the_key_is_known,
                                        set_up_keyed_adopting, tear_down),
        TEST(test_brought_back),
        TEST(test_a_silent_one_is_brought_back),
        TEST(test_nothing_attaches_below_one_that_strays),
        TEST(test_astray),
        TEST(test_asked_again_when_the_way_to_the_parent_changes),
        TEST(test_expected_on_an_old_link),
        TEST(test_changes_out_of_order),
        TEST(test_silent_before_it_has_attached),
        TEST(test_silent_before_it_has_moved),
        TEST(test_silent_on_a_link_that_was_given_up),
        TEST(test_silent_though_it_may_have_left),
        TEST(test_silent_though_it_may_be_astray),
        TEST(test_silent_and_it_does_not_attach),
        TEST(test_silent_though_it_is_to_come_back),
        TEST(test_silence_that_is_said_again),
        TEST(test_no_memory_for_an_address),
        cmocka_unit_test_setup_teardown(test_not_asked_again_without_a_key, set_up_keyed_tree,
                                        tear_down),
        TEST(test_refused_after_it_was_expected),
        TEST(test_a_removal_abandons),
        TEST(test_closed_while_it_moves),
        ADOPTING(test_an_orphan_has_time),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
