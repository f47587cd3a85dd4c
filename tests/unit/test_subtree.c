/* What a node has to do with those below it: who may attach, to whom a request goes, silence and
 * return, the heartbeat interval. */
#include "machines.h"

#include "../shortage.h"
#include "core/subtree.h"

enum { T = 100, EXPIRY = 4 * T + T / 2 };

typedef struct fixture {
    xy_subtree subtree;
    rig r; /* without a machine: its queue, and what is in hand */
    xy_message changes[2000];
    size_t reported, seen;
    bool refuses; /* reports: as if there were no memory */
} fixture;

static bool report(void *owner, const xy_message *change, xy_queue *out)
{
    fixture *f = owner;
    assert_ptr_equal(out, &f->r.out);
    if (f->refuses)
        return false;
    assert_true(f->reported < 2000);
    f->changes[f->reported++] = *change;
    return true;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    memory_is_back();
    xy_subtree_init(&f->subtree, report, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_subtree_clear(&f->subtree);
    rig_clear(&f->r);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static const xy_message *expect_report(fixture *f, xy_change what, uint64_t link)
{
    assert_true(f->seen < f->reported);
    const xy_message *change = &f->changes[f->seen++];
    assert_int_equal(change->kind, XY_CHANGE);
    assert_int_equal(change->code, what);
    assert_true(change->link.number == link && change->number.tag == tag_of(link));
    return change;
}

static void expect_quiet(fixture *f)
{
    expect_nothing(&f->r);
    assert_int_equal(f->reported, f->seen);
}

/* Of link 1, id 101, life 1001. */
static void expect_child(fixture *f, uint64_t link)
{
    xy_expectation expectation = expectation_of(link, (int64_t)link + 100, link + 1000);
    strcpy(expectation.key, "a key");
    assert_int_equal(xy_subtree_expect(&f->subtree, &expectation, &f->r.out), XYLEM_OK);
    expect_expected(&f->r, child_on(link), link + 1000);
    assert_string_equal(f->r.hand.expect.key, "a key");
}

static xy_message hello(uint64_t link)
{
    return hello_of((int64_t)link + 100, link + 1000);
}

static bool say(fixture *f, xy_peer from, xy_message message)
{
    bool up = xy_subtree_hear(&f->subtree, &from, &message, f->r.now_ms, &f->r.out);
    if (up)
        xy_subtree_heard(&f->subtree, &from, f->r.now_ms, &f->r.out);
    return up;
}

static void heartbeat(fixture *f, uint64_t link)
{
    assert_false(say(f, child_on(link), (xy_message){.kind = XY_HEARTBEAT}));
}

static const xy_message *expect_told(fixture *f, uint64_t link, xy_kind kind, int64_t interval_ms,
                                     uint64_t version)
{
    const xy_message *message = expect_sent(&f->r, child_on(link), kind);
    assert_true(message->value == interval_ms && message->number.request == version);
    return message;
}

/* Attaches, in a network whose interval has this version. */
static void attach(fixture *f, uint64_t link)
{
    expect_child(f, link);
    assert_false(say(f, child_on(link), hello(link)));
    expect_sent(&f->r, child_on(link), XY_WELCOME);
    expect_quiet(f);
}

static void pass(fixture *f, int64_t now_ms)
{
    f->r.now_ms = now_ms;
    xy_subtree_tick(&f->subtree, now_ms, &f->r.out);
}

static void set_interval(fixture *f, int64_t interval_ms, uint64_t version)
{
    xy_subtree_set_interval(&f->subtree, interval_ms, version, f->r.now_ms, &f->r.out);
}

static int64_t deadline(const fixture *f)
{
    return xy_subtree_deadline(&f->subtree);
}

static int route(const fixture *f, uint64_t link)
{
    xy_peer child = {XY_STRANGER, {0}, 0};
    int error = xy_subtree_next(&f->subtree, (xy_link_number){link}, &child);
    if (!error)
        assert_peer(child, child_on(link));
    return error;
}

static void test_a_child_attaches(void **state)
{
    fixture *f = *state;
    expect_child(f, 1);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE); /* not yet */
    assert_false(say(f, child_on(1), hello(1)));
    expect_told(f, 1, XY_WELCOME, 0, 0);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_OK);
    assert_int_equal(route(f, 2), XYLEM_NOT_FOUND);
    assert_true(deadline(f) == XY_NEVER); /* without heartbeats */
}

static void test_a_second_hello_changes_nothing(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    assert_false(say(f, child_on(1), hello(1)));
    expect_quiet(f);
}

static void silence(fixture *f, uint64_t link)
{
    set_interval(f, T, 1);
    expect_told(f, link, XY_INTERVAL, T, 1);
    for (int64_t now = T; now <= 5 * T; now += T)
        pass(f, now);
    expect_report(f, XY_CHANGE_SILENT, link);
    expect_quiet(f);
}

/* Before it has come, when it has, and when it is silent: nothing changes, and nothing is said. */
static void test_expected_twice(void **state)
{
    fixture *f = *state;
    xy_expectation again = expectation_of(1, 102, 1002);
    again.secret[0] ^= 1;
    for (int when = 0; when < 3; when++) {
        if (when == 0)
            expect_child(f, 1);
        else if (when == 1)
            say(f, child_on(1), hello(1));
        else
            silence(f, 1);
        if (when == 1)
            expect_told(f, 1, XY_WELCOME, 0, 0);
        assert_int_equal(xy_subtree_expect(&f->subtree, &again, &f->r.out), XYLEM_OK);
        expect_quiet(f);
        assert_int_equal(route(f, 1), when == 1 ? XYLEM_OK : XYLEM_UNAVAILABLE);
        assert_int_equal(xy_children_count(&f->subtree.children), 1);
    }
    heartbeat(f, 1);
    expect_report(f, XY_CHANGE_BACK, 1);
    expect_quiet(f);
}

/* All of it, and nothing besides. */
static void test_a_hello_proves_by_its_whole_payload(void **state)
{
    fixture *f = *state;
    expect_child(f, 1);
    xy_message other = hello(1);
    other.payload_size--;
    say(f, child_on(1), other);
    other = hello(1);
    rig_body[XY_SECRET_SIZE] = 'a';
    other.payload_size++;
    say(f, child_on(1), other);
    other = hello(1);
    other.payload_size = 0;
    say(f, child_on(1), other);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
    say(f, child_on(1), hello(1));
    expect_sent(&f->r, child_on(1), XY_WELCOME);
    expect_quiet(f);
}

/* The name at the socket, the secret, the id and the life: each of them counts. */
static void test_only_the_child_itself_attaches(void **state)
{
    fixture *f = *state;
    expect_child(f, 1);
    expect_child(f, 2);
    xy_peer wrong_tag = child_on(1);
    wrong_tag.tag++;
    say(f, wrong_tag, hello(1));
    say(f, child_on(3), hello(1));
    say(f, child_on(2), hello(1)); /* the name of another */
    say(f, parent_on(1), hello(1));
    say(f, (xy_peer){XY_STRANGER, {1}, tag_of(1)}, hello(1));
    xy_message other = hello(1);
    other.id++;
    say(f, child_on(1), other);
    other = hello(1);
    other.life.number++;
    say(f, child_on(1), other);
    other = hello(1);
    rig_body[0] ^= 1; /* the secret */
    say(f, child_on(1), other);
    other = hello(1);
    rig_body[XY_SECRET_SIZE - 1] ^= 1;
    say(f, child_on(1), other);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
    say(f, child_on(1), hello(1));
    expect_sent(&f->r, child_on(1), XY_WELCOME);
    expect_quiet(f);
}

/* Only what a child says that has attached goes up; and only replies and changes. */
static void test_what_goes_up(void **state)
{
    fixture *f = *state;
    xy_message reply = reply_to(number_of(1), XYLEM_OK), change = change_of(XY_CHANGE_SILENT, 7);
    expect_child(f, 1);
    attach(f, 2);
    assert_false(say(f, child_on(1), reply)); /* before its hello */
    assert_false(say(f, child_on(1), change));
    heartbeat(f, 1);
    assert_true(say(f, child_on(2), reply));
    assert_true(say(f, child_on(2), change));
    xy_peer wrong_tag = child_on(2);
    wrong_tag.tag++;
    assert_false(say(f, wrong_tag, reply));
    assert_false(say(f, parent_on(2), reply));
    assert_false(say(f, child_on(9), reply));
    static const xy_kind others[] = {XY_WELCOME, XY_HEARTBEAT, XY_INTERVAL, XY_REQUEST};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(say(f, child_on(2), (xy_message){.kind = others[i], .code = XY_PING}));
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
}

static void test_let_go(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    expect_child(f, 2);
    for (uint64_t link = 1; link <= 2; link++) {
        xy_subtree_let_go(&f->subtree, (xy_link_number){link}, &f->r.out);
        expect_let_go(&f->r, child_on(link));
        assert_int_equal(route(f, link), XYLEM_NOT_FOUND);
        assert_false(say(f, child_on(link), hello(link)));
        assert_false(say(f, child_on(link), reply_to(number_of(1), XYLEM_OK)));
        xy_subtree_let_go(&f->subtree, (xy_link_number){link}, &f->r.out);
        expect_quiet(f);
    }
    assert_int_equal(xy_children_count(&f->subtree.children), 0);
}

static void test_silence_and_return(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    attach(f, 2);
    f->r.now_ms = 1000;
    set_interval(f, T, 1);
    expect_told(f, 1, XY_INTERVAL, T, 1);
    expect_told(f, 2, XY_INTERVAL, T, 1);
    for (int64_t now = 1000 + T; now < 1000 + EXPIRY; now += T) {
        assert_true(deadline(f) <= now);
        pass(f, now);
        heartbeat(f, 2);
    }
    pass(f, 1000 + EXPIRY - 1);
    expect_quiet(f);
    assert_true(deadline(f) == 1000 + EXPIRY);
    pass(f, 1000 + EXPIRY);
    expect_report(f, XY_CHANGE_SILENT, 1);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
    assert_int_equal(route(f, 2), XYLEM_OK);
    pass(f, 1000 + EXPIRY + 10);
    expect_quiet(f); /* once */
    heartbeat(f, 1);
    expect_report(f, XY_CHANGE_BACK, 1);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_OK);
    heartbeat(f, 1);
    expect_quiet(f);
}

/* What a child says that comes back goes up before the word of its return. */
static void test_the_order_of_a_return(void **state)
{
    fixture *f = *state;
    xy_peer one = child_on(1);
    xy_message change = change_of(XY_CHANGE_SILENT, 7);
    attach(f, 1);
    set_interval(f, T, 1);
    expect_sent(&f->r, one, XY_INTERVAL);
    for (int64_t now = T; now <= 5 * T; now += T)
        pass(f, now);
    expect_report(f, XY_CHANGE_SILENT, 1);
    assert_true(xy_subtree_hear(&f->subtree, &one, &change, f->r.now_ms, &f->r.out));
    expect_quiet(f);
    xy_subtree_heard(&f->subtree, &one, f->r.now_ms, &f->r.out);
    expect_report(f, XY_CHANGE_BACK, 1);
    expect_quiet(f);
}

/* A node that was itself held up gives that much more time, but not more than a full one. */
static void test_a_late_waker_forgives(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    f->r.now_ms = 1000;
    set_interval(f, T, 1);
    expect_sent(&f->r, child_on(1), XY_INTERVAL);
    pass(f, 1000 + T);
    pass(f, 9000); /* 7800 late */
    expect_quiet(f);
    for (int64_t now = 9000 + T; now <= 9200; now += T)
        pass(f, now);
    expect_quiet(f);
    pass(f, 1000 + EXPIRY + 7800 - 1);
    expect_quiet(f);
    pass(f, 1000 + EXPIRY + 7800);
    expect_report(f, XY_CHANGE_SILENT, 1);
    heartbeat(f, 1);
    expect_report(f, XY_CHANGE_BACK, 1);
    f->r.now_ms = 100000;
    heartbeat(f, 1); /* heard before the look that comes late */
    for (int64_t now = 100000; now <= 100000 + 4 * T; now += T)
        pass(f, now);
    expect_quiet(f);
    pass(f, 100000 + EXPIRY);
    expect_report(f, XY_CHANGE_SILENT, 1);
}

/* The first child begins the watch: what was before is no lateness. */
static void test_the_first_child_begins_the_watch(void **state)
{
    fixture *f = *state;
    set_interval(f, T, 1);
    assert_true(deadline(f) == XY_NEVER); /* there is none to watch */
    f->r.now_ms = 50000;
    attach(f, 1);
    assert_true(deadline(f) == 50000 + T);
    for (int64_t now = 50000 + T; now < 50000 + EXPIRY; now += T)
        pass(f, now);
    expect_quiet(f);
    pass(f, 50000 + EXPIRY);
    expect_report(f, XY_CHANGE_SILENT, 1);
}

/* The highest version counts, whatever comes first. */
static void test_versions(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    set_interval(f, T, 5);
    expect_told(f, 1, XY_INTERVAL, T, 5);
    set_interval(f, 7, 4);
    set_interval(f, 7, 5);
    expect_quiet(f);
    assert_int_equal(f->subtree.detector.interval_ms, T);
    expect_child(f, 2);
    say(f, child_on(2), hello(2));
    expect_told(f, 2, XY_WELCOME, T, 5);
    set_interval(f, 0, 6);
    expect_told(f, 1, XY_INTERVAL, 0, 6);
    expect_told(f, 2, XY_INTERVAL, 0, 6);
    expect_quiet(f);
    assert_true(deadline(f) == XY_NEVER);
}

/* A child that is expected is not told: it learns the interval by its welcome. One that is silent
 * learns it at its return at the latest. */
static void test_who_is_told_the_interval(void **state)
{
    fixture *f = *state;
    xy_action action;
    bool told = false;
    attach(f, 1);
    expect_child(f, 2);
    set_interval(f, T, 1);
    expect_told(f, 1, XY_INTERVAL, T, 1);
    expect_quiet(f);
    for (int64_t now = T; now <= 5 * T; now += T)
        pass(f, now);
    expect_report(f, XY_CHANGE_SILENT, 1);
    set_interval(f, 2 * T, 2);
    heartbeat(f, 1);
    expect_report(f, XY_CHANGE_BACK, 1);
    while (xy_queue_pop(&f->r.out, &action)) {
        assert_int_equal(action.kind, XY_ACTION_SEND);
        assert_peer(action.send.to, child_on(1));
        assert_true(action.send.message.kind == XY_INTERVAL);
        told = action.send.message.value == 2 * T && action.send.message.number.request == 2;
        xy_action_clear(&action);
    }
    assert_true(told);
}

/* A new interval gives each child a full time, however long it was silent before. */
static void test_a_new_interval_begins_anew(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    set_interval(f, T, 1);
    expect_sent(&f->r, child_on(1), XY_INTERVAL);
    for (int64_t now = T; now <= 4 * T; now += T)
        pass(f, now);
    set_interval(f, T, 2);
    expect_sent(&f->r, child_on(1), XY_INTERVAL);
    for (int64_t now = 5 * T; now < 4 * T + EXPIRY; now += T)
        pass(f, now);
    expect_quiet(f);
    pass(f, 4 * T + EXPIRY);
    expect_report(f, XY_CHANGE_SILENT, 1);
}

static void test_many_children(void **state)
{
    enum { MANY = 1000 };
    fixture *f = *state;
    for (uint64_t link = 1; link <= MANY; link++)
        attach(f, link);
    set_interval(f, T, 1);
    for (uint64_t link = 1; link <= MANY; link++)
        expect_told(f, link, XY_INTERVAL, T, 1);
    for (int64_t now = T; now <= 4 * T; now += T) {
        pass(f, now);
        for (uint64_t link = MANY; link >= 2; link -= 2)
            heartbeat(f, link);
    }
    f->seen = f->reported;
    pass(f, EXPIRY);
    assert_int_equal(f->reported - f->seen, MANY / 2);
    for (uint64_t link = 1; link <= MANY; link++)
        assert_int_equal(route(f, link), link % 2 ? XYLEM_UNAVAILABLE : XYLEM_OK);
    for (int64_t now = 5 * T; now < 4 * T + EXPIRY; now += T)
        pass(f, now);
    pass(f, 4 * T + EXPIRY - 1);
    assert_int_equal(f->reported - f->seen, MANY / 2);
    pass(f, 4 * T + EXPIRY);
    for (uint64_t link = 1; link <= MANY; link++)
        assert_int_equal(route(f, link), XYLEM_UNAVAILABLE);
}

/* Without memory nothing changes; with memory it can be done again. */
static void test_no_memory_to_expect(void **state)
{
    fixture *f = *state;
    xy_expectation expectation = expectation_of(1, 101, 1001);
    for (size_t fails = 1; fails < 20; fails++) {
        memory_fails(fails, fails + 1);
        int error = xy_subtree_expect(&f->subtree, &expectation, &f->r.out);
        bool failed = shortage.failed > 0;
        memory_is_back();
        assert_true(error == (failed ? XYLEM_NO_MEMORY : XYLEM_OK) || (failed && !error));
        if (error)
            assert_int_equal(route(f, 1), XYLEM_NOT_FOUND);
        else
            expect_expected(&f->r, child_on(1), 1001);
        expect_quiet(f);
        if (!error)
            break;
    }
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
}

/* A child for whose welcome there is no memory is expected as before, and not watched. */
static void test_a_welcome_without_memory(void **state)
{
    fixture *f = *state;
    xy_action full = {.kind = XY_ACTION_ROOM};
    set_interval(f, T, 1);
    expect_child(f, 1);
    size_t room = f->r.out.actions.capacity;
    while (f->r.out.actions.count < room)
        assert_true(xy_queue_push(&f->r.out, &full));
    memory_fails(1, SIZE_MAX);
    say(f, child_on(1), hello(1));
    memory_is_back();
    while (room-- > 0)
        expect(&f->r, XY_ACTION_ROOM);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
    assert_true(deadline(f) == XY_NEVER);
    assert_int_equal(f->r.out.promised, 0);
    say(f, child_on(1), hello(1)); /* a second time, which does not come from a node */
    expect_told(f, 1, XY_WELCOME, T, 1);
    expect_quiet(f);
    assert_int_equal(route(f, 1), XYLEM_OK);
    assert_true(deadline(f) == T);
}

/* Reporting again. */

static void expect_asked(fixture *f, uint64_t link)
{
    expect_sent(&f->r, child_on(link), XY_REPORT);
}

static void report_again(fixture *f)
{
    xy_subtree_report(&f->subtree, f->r.now_ms, &f->r.out);
}

/* Of children 1 to 4: the first was silent and is back, the second is silent, of the third nothing
 * was ever said, the fourth has not come. */
static void have_all_states(fixture *f)
{
    for (uint64_t link = 1; link <= 3; link++)
        attach(f, link);
    expect_child(f, 4);
    set_interval(f, T, 1);
    for (uint64_t link = 1; link <= 3; link++)
        expect_told(f, link, XY_INTERVAL, T, 1);
    for (int64_t now_ms = T; now_ms <= 4 * T; now_ms += T) {
        pass(f, now_ms);
        heartbeat(f, 3);
    }
    pass(f, EXPIRY);
    expect_report(f, XY_CHANGE_SILENT, 1);
    expect_report(f, XY_CHANGE_SILENT, 2);
    heartbeat(f, 1);
    expect_report(f, XY_CHANGE_BACK, 1);
    expect_quiet(f);
}

/* What was ever said is said again; and those that have come are asked to do the same. */
static void test_reporting_again(void **state)
{
    fixture *f = *state;
    have_all_states(f);
    for (int again = 0; again < 2; again++) {
        report_again(f);
        assert_int_equal(expect_report(f, XY_CHANGE_BACK, 1)->value, 2); /* its second change */
        assert_int_equal(expect_report(f, XY_CHANGE_SILENT, 2)->value, 1);
        for (uint64_t link = 1; link <= 3; link++)
            expect_asked(f, link);
        expect_quiet(f);
    }
}

/* Without heartbeats nothing was ever said, by any node below. After they have stopped it may have
 * been. */
static void test_reporting_again_without_heartbeats(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    report_again(f);
    set_interval(f, 0, 1);
    expect_told(f, 1, XY_INTERVAL, 0, 1);
    report_again(f);
    expect_quiet(f);
    set_interval(f, T, 2);
    expect_told(f, 1, XY_INTERVAL, T, 2);
    set_interval(f, 0, 3);
    expect_told(f, 1, XY_INTERVAL, 0, 3);
    report_again(f);
    expect_asked(f, 1);
    expect_quiet(f);
}

static void test_reporting_again_without_memory(void **state)
{
    fixture *f = *state;
    have_all_states(f);
    xy_queue_clear(&f->r.out);
    memory_fails(1, SIZE_MAX);
    f->refuses = true;
    report_again(f);
    pass(f, f->r.now_ms + 10);
    expect_quiet(f);
    memory_is_back();
    f->refuses = false;
    heartbeat(f, 2); /* what is said later is what is so then */
    expect_report(f, XY_CHANGE_BACK, 2);
    pass(f, f->r.now_ms + 10);
    expect_report(f, XY_CHANGE_BACK, 1);
    for (uint64_t link = 1; link <= 3; link++)
        expect_asked(f, link);
    expect_quiet(f);
    pass(f, f->r.now_ms + 10);
    expect_quiet(f);
}

/* A silence, a return, an interval for which there is no memory: said when there is, soon. */
static void test_what_there_was_no_memory_for_is_said_later(void **state)
{
    fixture *f = *state;
    attach(f, 1);
    memory_fails(1, SIZE_MAX);
    while (f->r.out.actions.count + f->r.out.promised < f->r.out.actions.capacity) {
        xy_action full = {.kind = XY_ACTION_ROOM};
        assert_true(xy_queue_push(&f->r.out, &full));
    }
    set_interval(f, T, 1);
    memory_is_back();
    while (f->r.out.actions.count > 0)
        expect(&f->r, XY_ACTION_ROOM);
    assert_true(deadline(f) < 4 * T);
    pass(f, deadline(f));
    expect_told(f, 1, XY_INTERVAL, T, 1);
    int64_t began = f->r.now_ms;
    f->refuses = true;
    for (int64_t now = began + T; now <= began + 5 * T; now += T)
        pass(f, now);
    assert_int_equal(route(f, 1), XYLEM_UNAVAILABLE);
    expect_quiet(f);
    f->refuses = false;
    assert_true(deadline(f) < began + 7 * T);
    pass(f, deadline(f));
    expect_report(f, XY_CHANGE_SILENT, 1);
    f->refuses = true;
    heartbeat(f, 1);
    f->refuses = false;
    pass(f, deadline(f));
    expect_report(f, XY_CHANGE_BACK, 1);
    expect_quiet(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_child_attaches),
        TEST(test_a_second_hello_changes_nothing),
        TEST(test_expected_twice),
        TEST(test_only_the_child_itself_attaches),
        TEST(test_a_hello_proves_by_its_whole_payload),
        TEST(test_what_goes_up),
        TEST(test_let_go),
        TEST(test_silence_and_return),
        TEST(test_the_order_of_a_return),
        TEST(test_a_late_waker_forgives),
        TEST(test_the_first_child_begins_the_watch),
        TEST(test_versions),
        TEST(test_who_is_told_the_interval),
        TEST(test_a_new_interval_begins_anew),
        TEST(test_many_children),
        TEST(test_no_memory_to_expect),
        TEST(test_a_welcome_without_memory),
        TEST(test_reporting_again),
        TEST(test_reporting_again_without_heartbeats),
        TEST(test_reporting_again_without_memory),
        TEST(test_what_there_was_no_memory_for_is_said_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
