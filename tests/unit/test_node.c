/* A compute node: where it attaches, what it does itself, what it passes on, how it ends. */
#include "machines.h"

#include "../shortage.h"
#include "core/node.h"

enum { SELF = 50, LIFE = 3, LINK = 20, LEFT = 31, RIGHT = 28 }; /* links of its children */
enum { LEFT_ID = 25, RIGHT_ID = 75, T = 100 };

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

static void expect_attaching(rig *r, uint64_t link)
{
    const xy_action *connect = expect(r, XY_ACTION_CONNECT);
    assert_peer(connect->connect.parent, parent_on(link));
    assert_string_equal(connect->connect.address, "above");
    const xy_message *hello = expect_sent(r, parent_on(link), XY_HELLO);
    assert_true(hello->id == SELF && hello->life.number == LIFE);
    assert_true(hello->link.number == 0 && hello->value == 0); /* only what proves who it is */
    assert_int_equal(hello->payload_size, XY_SECRET_SIZE);
    assert_memory_equal(xy_message_payload(hello), secret_of_child, XY_SECRET_SIZE);
}

static void expect_attached(rig *r, uint64_t link)
{
    expect_said_attached(r, LIFE, link, "here");
}

static void expect_beat(rig *r, bool lossy)
{
    expect_sent(r, parent_on(LINK), XY_HEARTBEAT);
    assert_int_equal(r->hand.send.lossy, lossy);
}

static void tell_interval(rig *r, xy_kind kind, int64_t interval_ms, uint64_t version)
{
    xy_message message = {.kind = kind, .value = interval_ms, .number.request = version};
    hear(r, parent_on(LINK), message);
}

static void begin(fixture *f)
{
    xy_birth birth = {.id = SELF, .life = {LIFE}};
    memcpy(birth.secret, secret_of_child, XY_SECRET_SIZE);
    xy_node_init(&f->node, &birth, "here");
    f->r.machine = xy_node_machine(&f->node);
    feed(&f->r, &(xy_event){.kind = XY_EVENT_OPEN});
    expect_nothing(&f->r);
}

/* A welcome node without heartbeats at time 0. */
static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    memory_is_back();
    begin(f);
    attach(&f->r, LINK);
    expect_attaching(&f->r, LINK);
    tell_interval(&f->r, XY_WELCOME, 0, 0);
    expect_attached(&f->r, LINK);
    expect_beat(&f->r, false);
    expect_nothing(&f->r);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_node_clear(&f->node, &f->r.out);
    rig_clear(&f->r);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static void drain(rig *r)
{
    xy_action action;
    while (xy_queue_pop(&r->out, &action))
        xy_action_clear(&action);
}

/* Requests, as they come from above: with the node's own link, and the rest of their way. */

static xy_message own(xy_operation operation, uint64_t request)
{
    xy_message message = request_for(operation, request, SELF, LIFE);
    message.link.number = LINK;
    return message;
}

static void ask(rig *r, xy_operation operation, uint64_t request)
{
    hear(r, parent_on(LINK), own(operation, request));
}

static void ask_below(rig *r, uint64_t request, const uint64_t *links)
{
    xy_message message = own(XY_PING, request);
    message.id = LEFT_ID;
    hear(r, parent_on(LINK), along(links, message));
}

static void expect_reply(rig *r, uint64_t request, int status)
{
    const xy_message *reply = expect_sent(r, parent_on(LINK), XY_REPLY);
    assert_number(reply->number, number_of(request));
    assert_int_equal(reply->status, status);
    assert_false(r->hand.send.lossy);
}

static void expect_code(rig *r, uint64_t request, xy_answer_kind code)
{
    expect_reply(r, request, XYLEM_OK);
    assert_int_equal(r->hand.send.message.code, code);
}

/* The request comes back unexecuted: it could not go on over this link. */
static void expect_given_back(rig *r, uint64_t request, uint64_t link, int status)
{
    expect_reply(r, request, status);
    assert_int_equal(r->hand.send.message.code, XY_ANSWER_UNDELIVERED);
    assert_true(r->hand.send.message.link.number == link);
}

static void expect_change(rig *r, xy_change change, uint64_t link)
{
    const xy_message *message = expect_sent(r, parent_on(LINK), XY_CHANGE);
    assert_int_equal(message->code, change);
    assert_true(message->link.number == link && message->number.tag == tag_of(link));
}

/* A fragment that is not the first begins at this offset. */
static void exec_at(rig *r, uint64_t request, uint8_t part, int64_t offset, const char *text)
{
    xy_message message = own(XY_EXEC, request);
    message.part = part;
    message.value = offset;
    hear(r, parent_on(LINK), with_text(message, text));
}

static void exec(rig *r, uint64_t request, uint8_t part, const char *text)
{
    exec_at(r, request, part, 0, text);
}

static void expect_work(rig *r, uint64_t request, const char *text)
{
    const xy_action *work = expect(r, XY_ACTION_WORK);
    assert_number(work->work.request, number_of(request));
    assert_bytes(work->work.text, work->work.size, text);
}

static void worked(rig *r, uint64_t request, int status, const void *text, size_t size)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = number_of(request);
    event.worked.status = status;
    event.worked.text = text;
    event.worked.size = size;
    feed(r, &event);
}

static void ask_to_expect(rig *r, uint64_t request, uint64_t link, int64_t id)
{
    xy_expectation expectation = expectation_of(link, id, link + 1000);
    uint8_t bytes[XY_EXPECTATION_SIZE];
    xy_expectation_encode(&expectation, bytes);
    hear(r, parent_on(LINK), with(own(XY_EXPECT, request), NULL, bytes, sizeof bytes));
}

static void create_child(rig *r, uint64_t link, int64_t id)
{
    ask_to_expect(r, 900 + link, link, id);
    expect_expected(r, child_on(link), link + 1000);
    expect_said_expected(r, link + 1000, link);
    expect_nothing(r); /* there is no reply */
    hear(r, child_on(link), hello_of(id, link + 1000));
    expect_sent(r, child_on(link), XY_WELCOME);
    expect_nothing(r);
}

static void create_both(rig *r)
{
    create_child(r, LEFT, LEFT_ID);
    create_child(r, RIGHT, RIGHT_ID);
}

static void unsent(rig *r, xy_kind kind, uint64_t request, bool bare, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = kind;
    event.unsent.request = number_of(request);
    event.unsent.link.number = kind == XY_REQUEST ? LEFT : LINK;
    event.unsent.bare = bare;
    event.unsent.status = status;
    feed(r, &event);
}

/* Attaching. */

static void test_nothing_before_the_welcome(void **state)
{
    fixture f = {0};
    (void)state;
    begin(&f);
    ask(&f.r, XY_PING, 1);
    assert_true(deadline_of(&f.r) == XY_NEVER);
    attach(&f.r, LINK);
    expect_attaching(&f.r, LINK);
    ask(&f.r, XY_PING, 1);
    tell_interval(&f.r, XY_INTERVAL, T, 1);
    expect_nothing(&f.r);
    assert_true(deadline_of(&f.r) == XY_NEVER);
    xy_node_clear(&f.node, &f.r.out);
    rig_clear(&f.r);
}

static void expect_disconnect(rig *r, uint64_t link)
{
    assert_peer(expect(r, XY_ACTION_DISCONNECT)->disconnect.parent, parent_on(link));
}

static void welcome(rig *r, uint64_t link)
{
    hear(r, parent_on(link), (xy_message){.kind = XY_WELCOME});
}

/* Moves it from the parent on one link to that on another. */
static void move(rig *r, uint64_t from, uint64_t to)
{
    attach(r, to);
    expect_attaching(r, to);
    welcome(r, to);
    expect_attached(r, to);
    expect_disconnect(r, from);
    expect_sent(r, parent_on(to), XY_HEARTBEAT);
    expect_nothing(r);
}

static void ping_on(rig *r, uint64_t link, uint64_t request)
{
    xy_message ping = own(XY_PING, request);
    ping.link.number = link;
    hear(r, parent_on(link), ping);
}

static void expect_pong(rig *r, uint64_t link, uint64_t request)
{
    assert_number(expect_sent(r, parent_on(link), XY_REPLY)->number, number_of(request));
    expect_nothing(r);
}

/* Until the new parent says welcome the old one is the parent; after that it is not heard. */
static void test_moving(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_child(r, LEFT, LEFT_ID);
    attach(r, LINK + 5);
    expect_attaching(r, LINK + 5);
    ping_on(r, LINK, 1);
    expect_pong(r, LINK, 1);
    ping_on(r, LINK + 5, 2); /* too early */
    hear(r, parent_on(LINK + 5), (xy_message){.kind = XY_INTERVAL, .value = T, .number = {9, 0}});
    expect_nothing(r);
    hear(r, child_on(LEFT), reply_to(number_of(3), XYLEM_OK));
    expect_forward(r, parent_on(LINK));
    welcome(r, LINK + 5);
    expect_attached(r, LINK + 5);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 5), XY_HEARTBEAT);
    ping_on(r, LINK, 4);
    hear(r, parent_on(LINK), (xy_message){.kind = XY_INTERVAL, .value = T, .number = {9, 0}});
    welcome(r, LINK);
    expect_nothing(r);
    hear(r, child_on(LEFT), reply_to(number_of(5), XYLEM_OK));
    expect_forward(r, parent_on(LINK + 5));
    ping_on(r, LINK + 5, 6);
    expect_pong(r, LINK + 5, 6);
    move(r, LINK + 5, LINK + 6);
}

/* The highest link number that it was ever told counts, also if nothing comes of that. */
static void test_the_highest_link_counts(void **state)
{
    rig *r = &((fixture *)*state)->r;
    attach(r, LINK - 1);
    attach(r, LINK);
    expect_nothing(r);
    attach(r, LINK + 9);
    expect_attaching(r, LINK + 9);
    attach(r, LINK + 8);
    attach(r, LINK + 9);
    expect_nothing(r);
    welcome(r, LINK + 9);
    expect_attached(r, LINK + 9);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 9), XY_HEARTBEAT);
    attach(r, LINK + 9);
    expect_nothing(r);
    move(r, LINK + 9, LINK + 10);
}

/* An attempt is given up for a later one, and its welcome is not heard. */
static void test_an_attempt_that_is_given_up(void **state)
{
    rig *r = &((fixture *)*state)->r;
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    attach(r, LINK + 2);
    expect_disconnect(r, LINK + 1);
    expect_attaching(r, LINK + 2);
    welcome(r, LINK + 1);
    expect_nothing(r);
    ping_on(r, LINK, 1);
    expect_pong(r, LINK, 1);
    welcome(r, LINK + 2);
    expect_attached(r, LINK + 2);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 2), XY_HEARTBEAT);
    expect_nothing(r);
    welcome(r, LINK + 2); /* again */
    expect_nothing(r);
}

/* The first attempt may fail, too. */
static void test_another_parent_before_the_first_welcome(void **state)
{
    fixture f = {0};
    (void)state;
    begin(&f);
    attach(&f.r, LINK);
    expect_attaching(&f.r, LINK);
    attach(&f.r, LINK + 1);
    expect_disconnect(&f.r, LINK);
    expect_attaching(&f.r, LINK + 1);
    welcome(&f.r, LINK);
    expect_nothing(&f.r);
    welcome(&f.r, LINK + 1);
    expect_attached(&f.r, LINK + 1);
    expect_sent(&f.r, parent_on(LINK + 1), XY_HEARTBEAT);
    expect_nothing(&f.r);
    xy_node_clear(&f.node, &f.r.out);
    rig_clear(&f.r);
}

/* Heartbeats go on to the old parent, and then to the new one; the interval stays. */
static void test_heartbeats_while_moving(void **state)
{
    rig *r = &((fixture *)*state)->r;
    tell_interval(r, XY_INTERVAL, T, 5);
    expect_beat(r, false);
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    tick(r, T);
    expect_beat(r, true);
    r->now_ms = T + 30;
    hear(r, parent_on(LINK + 1), (xy_message){.kind = XY_WELCOME, .value = T, .number = {5, 0}});
    expect_attached(r, LINK + 1);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    assert_true(deadline_of(r) == 2 * T + 30);
    tick(r, 2 * T + 30);
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    expect_nothing(r);
}

static void tell_interval_on(rig *r, uint64_t link, int64_t interval_ms, uint64_t version)
{
    hear(r, parent_on(link),
         (xy_message){.kind = XY_INTERVAL, .value = interval_ms, .number = {version, 0}});
    expect_sent(r, parent_on(link), XY_HEARTBEAT);
    expect_nothing(r);
}

/* A new parent that has not heard of the latest interval yet watches the node by an older one: the
 * node keeps to that until it hears of a later one. What is below the node keeps to the latest. */
static void test_heartbeats_as_the_parent_says(void **state)
{
    rig *r = &((fixture *)*state)->r;
    tell_interval(r, XY_INTERVAL, 0, 5);
    expect_beat(r, false);
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    hear(r, parent_on(LINK + 1), (xy_message){.kind = XY_WELCOME, .value = T, .number = {3, 0}});
    expect_attached(r, LINK + 1);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    assert_true(deadline_of(r) == T);
    assert_int_equal(((fixture *)*state)->node.subtree.detector.interval_ms, 0);
    tell_interval_on(r, LINK + 1, 2 * T, 4);
    assert_true(deadline_of(r) == 2 * T);
    tell_interval_on(r, LINK + 1, T, 3); /* late */
    assert_true(deadline_of(r) == 2 * T);
    tell_interval_on(r, LINK + 1, 0, 5);
    assert_true(deadline_of(r) == XY_NEVER);
}

static void let_a_child_be_silent(rig *r)
{
    xy_action action;
    create_both(r);
    tell_interval(r, XY_INTERVAL, T, 1);
    for (int64_t now_ms = T; now_ms <= 5 * T; now_ms += T) {
        tick(r, now_ms);
        hear(r, child_on(RIGHT), (xy_message){.kind = XY_HEARTBEAT});
    }
    while (xy_queue_pop(&r->out, &action))
        xy_action_clear(&action);
}

static void expect_report(rig *r, uint64_t link)
{
    const xy_message *change = expect_sent(r, parent_on(link), XY_CHANGE);
    assert_true(change->code == XY_CHANGE_SILENT && change->link.number == LEFT);
    expect_sent(r, child_on(LEFT), XY_REPORT);
    expect_sent(r, child_on(RIGHT), XY_REPORT);
    expect_nothing(r);
}

/* Word of its children may be lost on the old way: it is said again, by all below. */
static void test_reporting_again_after_a_move(void **state)
{
    rig *r = &((fixture *)*state)->r;
    let_a_child_be_silent(r);
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    welcome(r, LINK + 1);
    expect_attached(r, LINK + 1);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    expect_report(r, LINK + 1);
    hear(r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_nothing(r);
    hear(r, parent_on(LINK + 1), (xy_message){.kind = XY_REPORT});
    expect_report(r, LINK + 1);
}

/* At its beginning there is nothing to say. */
static void test_no_report_after_the_first_welcome(void **state)
{
    fixture f = {0};
    (void)state;
    begin(&f);
    attach(&f.r, LINK);
    expect_attaching(&f.r, LINK);
    hear(&f.r, parent_on(LINK), (xy_message){.kind = XY_WELCOME, .value = T, .number = {1, 0}});
    expect_attached(&f.r, LINK);
    expect_beat(&f.r, false);
    expect_nothing(&f.r);
    xy_node_clear(&f.node, &f.r.out);
    rig_clear(&f.r);
}

/* A parent is known by link and tag; a child is no parent. */
static void test_only_the_parent_asks(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_child(r, LEFT, LEFT_ID);
    xy_peer others[] = {parent_on(LINK),
                        parent_on(LINK + 1),
                        child_on(LEFT),
                        child_on(LINK),
                        {XY_STRANGER, {LINK}, tag_of(LINK)}};
    others[0].tag++;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        hear(r, others[i], own(XY_PING, 1));
        hear(r, others[i], (xy_message){.kind = XY_INTERVAL, .value = T, .number.request = 9});
        hear(r, others[i], (xy_message){.kind = XY_WELCOME, .value = T, .number.request = 9});
        expect_nothing(r);
    }
    assert_true(deadline_of(r) == XY_NEVER);
}

static void test_garbage_is_ignored(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_child(r, LEFT, LEFT_ID);
    hear_bytes(r, parent_on(LINK), "xy", 2);
    hear_bytes(r, child_on(LEFT), "xy", 2);
    hear_bytes(r, child_on(99), "", 0);
    hear(r, child_on(99), hello_of(LEFT_ID, 99));
    hear(r, child_on(99), reply_to(number_of(1), XYLEM_OK));
    hear(r, parent_on(LINK), reply_to(number_of(1), XYLEM_OK));
    hear(r, parent_on(LINK), change_of(XY_CHANGE_SILENT, LEFT));
    hear(r, parent_on(LINK), (xy_message){.kind = XY_HEARTBEAT});
    hear(r, parent_on(LINK), hello_of(LEFT_ID, 99));
    expect_nothing(r);
}

/* Requests for itself. */

static void test_ping(void **state)
{
    rig *r = &((fixture *)*state)->r;
    ask(r, XY_PING, 1);
    expect_reply(r, 1, XYLEM_OK);
    expect_nothing(r);
}

/* The last node on the way checks its own life, id and link. */
static void test_requests_that_are_for_another(void **state)
{
    rig *r = &((fixture *)*state)->r;
    for (int what = 0; what < 3; what++) {
        xy_message ping = own(XY_PING, 10);
        ping.id += what == 0;
        ping.life.number -= what == 1;
        ping.link.number -= what == 2;
        hear(r, parent_on(LINK), ping);
        expect_given_back(r, 10, what == 2 ? LINK - 1 : LINK, XYLEM_NOT_FOUND);
        ping.number.request = 0;
        hear(r, parent_on(LINK), ping);
        expect_nothing(r);
    }
}

static void test_work(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec(r, 4, 0, "start");
    expect_work(r, 4, "start");
    exec(r, 5, 0, "time");
    expect_nothing(r);
    worked(r, 4, XYLEM_BAD_SUBCOMMAND, NULL, 0);
    expect_reply(r, 4, XYLEM_BAD_SUBCOMMAND);
    expect_work(r, 5, "time");
    worked(r, 6, XYLEM_OK, "not asked", 9);
    expect_nothing(r);
    worked(r, 5, XYLEM_OK, "0 ms", 4);
    expect_reply(r, 5, XYLEM_OK);
    assert_bytes(xy_message_payload(&r->hand.send.message), r->hand.send.message.payload_size,
                 "0 ms");
    expect_nothing(r);
    assert_int_equal(r->out.promised, 0);
}

/* They are not waited for, so they need not be done. */
static void test_requests_that_want_no_reply(void **state)
{
    rig *r = &((fixture *)*state)->r;
    ask(r, XY_EXEC, 0);
    ask(r, XY_PING, 0);
    ask(r, XY_CANCEL, 0);
    expect_nothing(r);
}

static const uint8_t first = XY_PART_MORE, middle = XY_PART_MORE | XY_PART_CONTINUED,
                     last = XY_PART_CONTINUED;

static void test_work_in_fragments(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX, SIZE = 2 * PART + 3 };
    static char text[SIZE];
    static const uint8_t parts[] = {XY_PART_MORE, XY_PART_MORE | XY_PART_CONTINUED,
                                    XY_PART_CONTINUED};
    rig *r = &((fixture *)*state)->r;
    memcpy(text + 2 * PART, "end", 3);
    exec(r, 1, first, "te");
    exec_at(r, 1, middle, 2, "x");
    expect_nothing(r);
    exec_at(r, 1, last, 3, "t");
    expect_work(r, 1, "text");
    worked(r, 1, XYLEM_FAILED, text, SIZE);
    for (int i = 0; i < 3; i++) {
        expect_reply(r, 1, XYLEM_FAILED);
        const xy_message *reply = &r->hand.send.message;
        assert_int_equal(reply->part, parts[i]);
        assert_int_equal(reply->payload_size, i == 2 ? 3 : PART);
        assert_memory_equal(xy_message_payload(reply), text + i * PART, reply->payload_size);
        assert_int_equal(reply->value, i == 0 ? SIZE : i * PART);
    }
    expect_nothing(r);
}

/* Of what is refused in fragments only the first is answered. */
static void test_fragments_that_are_refused(void **state)
{
    rig *r = &((fixture *)*state)->r;
    for (int part = 0; part < 3; part++) {
        xy_message request = own(XY_EXEC, 1);
        request.life.number--;
        request.part = part == 0 ? first : part == 1 ? middle : last;
        hear(r, parent_on(LINK), with_text(request, "te"));
        if (part == 0)
            expect_given_back(r, 1, LINK, XYLEM_NOT_FOUND);
        expect_nothing(r);
    }
}

static void cancel(rig *r, uint64_t request)
{
    xy_message message = own(XY_CANCEL, 0);
    message.value = (int64_t)request;
    hear(r, parent_on(LINK), message);
}

static void test_cancel(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec(r, 1, 0, "");
    expect_work(r, 1, "");
    exec(r, 2, 0, "");
    cancel(r, 9);
    expect_nothing(r);
    cancel(r, 2);
    expect_reply(r, 2, XYLEM_CANCELLED);
    xy_message wanted = own(XY_CANCEL, 3); /* a reply to itself, too */
    wanted.value = 1;
    hear(r, parent_on(LINK), wanted);
    assert_number(expect(r, XY_ACTION_CANCEL)->cancel.request, number_of(1));
    expect_reply(r, 1, XYLEM_CANCELLED);
    expect_reply(r, 3, XYLEM_OK);
    worked(r, 1, XYLEM_OK, "0 ms", 4);
    expect_nothing(r);
}

static void test_work_that_takes_too_long(void **state)
{
    rig *r = &((fixture *)*state)->r;
    enum { DUE_MS = 4000 - 1000 }; /* see work_queue.h */
    exec(r, 1, 0, "");
    assert_int_equal(expect(r, XY_ACTION_WORK)->work.budget_ms, DUE_MS);
    assert_int_equal(deadline_of(r), DUE_MS);
    tick(r, DUE_MS);
    assert_number(expect(r, XY_ACTION_CANCEL)->cancel.request, number_of(1));
    expect_reply(r, 1, XYLEM_TIMED_OUT);
    exec(r, 2, 0, "");
    expect_nothing(r);
    r->now_ms = DUE_MS + 50;
    worked(r, 1, XYLEM_OK, "late", 4);
    expect_work(r, 2, "");
    expect_nothing(r);
}

/* Each once. */

static void exec_kept(rig *r, uint64_t request, uint32_t keep, const char *text)
{
    xy_message message = own(XY_EXEC, request);
    message.keep = keep;
    hear(r, parent_on(LINK), with_text(message, text));
}

static void exec_part(rig *r, uint64_t request, uint8_t part, int64_t offset, const char *text)
{
    xy_message message = own(XY_EXEC, request);
    message.keep = 10;
    message.part = part;
    message.value = offset;
    hear(r, parent_on(LINK), with_text(message, text));
}

static void recall(rig *r, uint64_t request)
{
    xy_message message = own(XY_RECALL, request);
    message.keep = 10;
    hear(r, parent_on(LINK), message);
}

static void expect_answer(rig *r, uint64_t request, int status, const char *text)
{
    expect_reply(r, request, status);
    const xy_message *reply = &r->hand.send.message;
    assert_int_equal(reply->code, XY_ANSWER);
    assert_bytes(xy_message_payload(reply), reply->payload_size, text);
}

/* What has come is not done again; what was answered is answered again, in the same way. */
static void test_an_exec_that_comes_again(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec_kept(r, 4, 1, "one");
    expect_work(r, 4, "one");
    exec_kept(r, 5, 2, "two");
    exec_kept(r, 4, 2, "one");
    exec_kept(r, 5, 2, "two");
    expect_nothing(r);
    worked(r, 4, XYLEM_FAILED, "why", 3);
    expect_answer(r, 4, XYLEM_FAILED, "why");
    expect_work(r, 5, "two");
    for (int again = 0; again < 2; again++) {
        exec_kept(r, 4, 2, "one");
        expect_answer(r, 4, XYLEM_FAILED, "why");
        expect_nothing(r);
    }
    worked(r, 5, XYLEM_OK, NULL, 0);
    expect_answer(r, 5, XYLEM_OK, "");
    exec_kept(r, 5, 1, "two"); /* all before it have been answered */
    expect_answer(r, 5, XYLEM_OK, "");
    exec_kept(r, 4, 1, "one");
    expect_answer(r, 4, XYLEM_ANSWER_LOST, "");
    expect_nothing(r);
}

/* Then none is sent again, and nothing is kept. */
static void test_answers_that_are_not_to_be_kept(void **state)
{
    fixture *f = *state;
    rig *r = &f->r;
    exec(r, 4, 0, "one");
    expect_work(r, 4, "one");
    worked(r, 4, XYLEM_OK, "done", 4);
    expect_answer(r, 4, XYLEM_OK, "done");
    assert_int_equal(f->node.answers.table.count, 0);
    exec_kept(r, 4, 1, "one");
    expect_answer(r, 4, XYLEM_ANSWER_LOST, "");
    expect_nothing(r);
}

/* Also what was given up while it runs. */
static void test_what_was_given_up_comes_again(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec_kept(r, 1, 1, "");
    expect_work(r, 1, "");
    cancel(r, 1);
    expect(r, XY_ACTION_CANCEL);
    expect_reply(r, 1, XYLEM_CANCELLED);
    exec_kept(r, 1, 1, "");
    expect_answer(r, 1, XYLEM_CANCELLED, "");
    recall(r, 1);
    expect_answer(r, 1, XYLEM_CANCELLED, "");
    worked(r, 1, XYLEM_OK, "late", 4);
    expect_nothing(r);
}

/* A refusal is an answer. */
static void test_what_was_refused_comes_again(void **state)
{
    rig *r = &((fixture *)*state)->r;
    uint64_t refused = 0;
    xy_action action;
    do {
        xy_message large = own(XY_EXEC, ++refused);
        large.part = first;
        large.value = XYLEM_TEXT_MAX;
        large.keep = 1;
        hear(r, parent_on(LINK), with_text(large, "te"));
    } while (r->out.actions.count == 0);
    expect_answer(r, refused, XYLEM_BUSY, "");
    exec_part(r, refused, last, 2, "xt");
    expect_nothing(r);
    for (uint64_t request = 1; request < refused; request++)
        cancel(r, request);
    while (xy_queue_pop(&r->out, &action))
        xy_action_clear(&action);
    exec_part(r, refused, first, 0, "te"); /* there is room now */
    expect_answer(r, refused, XYLEM_BUSY, "");
    expect_nothing(r);
}

/* Of two copies each fragment is taken once; an answer in fragments is sent again in fragments. */
static void test_fragments_that_come_again(void **state)
{
    enum { SIZE = XY_MESSAGE_PAYLOAD_MAX + 1 };
    static char text[SIZE];
    rig *r = &((fixture *)*state)->r;
    exec_part(r, 1, first, 0, "te");
    exec_part(r, 1, first, 0, "te");
    exec_part(r, 1, middle, 2, "x");
    exec_part(r, 1, last, 2, "xt"); /* not at its place */
    expect_nothing(r);
    exec_part(r, 1, last, 3, "t");
    expect_work(r, 1, "text");
    exec_part(r, 1, last, 3, "t");
    exec_part(r, 1, first, 0, "te");
    expect_nothing(r);
    worked(r, 1, XYLEM_OK, text, SIZE);
    for (int again = 0; again < 2; again++) {
        expect_reply(r, 1, XYLEM_OK);
        assert_int_equal(r->hand.send.message.part, first);
        expect_reply(r, 1, XYLEM_OK);
        assert_int_equal(r->hand.send.message.part, last);
        assert_int_equal(r->hand.send.message.payload_size, 1);
        expect_nothing(r);
        exec_part(r, 1, middle, 2, "x"); /* only the first is answered */
        expect_nothing(r);
        exec_part(r, 1, first, 0, "te");
    }
    while (r->out.actions.count > 0)
        expect_reply(r, 1, XYLEM_OK);
}

static void test_recall(void **state)
{
    rig *r = &((fixture *)*state)->r;
    recall(r, 1);
    expect_code(r, 1, XY_ANSWER_MISSING);
    exec_kept(r, 1, 1, "one");
    expect_work(r, 1, "one");
    recall(r, 1);
    expect_code(r, 1, XY_ANSWER_HERE);
    exec_kept(r, 2, 2, "two"); /* it waits */
    recall(r, 2);
    expect_code(r, 2, XY_ANSWER_HERE);
    exec_part(r, 3, first, 0, "te");
    recall(r, 3);
    expect_code(r, 3, XY_ANSWER_MISSING);
    exec_part(r, 3, last, 2, "xt");
    recall(r, 3);
    expect_code(r, 3, XY_ANSWER_HERE);
    worked(r, 1, XYLEM_OK, "done", 4);
    expect_answer(r, 1, XYLEM_OK, "done");
    expect_work(r, 2, "two");
    recall(r, 1);
    expect_answer(r, 1, XYLEM_OK, "done");
    recall(r, 0);
    expect_nothing(r);
    exec_kept(r, 4, 3, ""); /* all up to 1 have been answered */
    recall(r, 1);
    expect_answer(r, 1, XYLEM_ANSWER_LOST, "");
    recall(r, 5);
    expect_code(r, 5, XY_ANSWER_MISSING);
    expect_nothing(r);
}

/* What never came whole was not done: it may come again. */
static void test_a_request_that_stopped_halfway(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec_part(r, 1, first, 0, "te");
    tick(r, 10000);
    expect_nothing(r);
    recall(r, 1);
    expect_code(r, 1, XY_ANSWER_MISSING);
    exec_part(r, 1, first, 0, "te");
    exec_part(r, 1, last, 2, "xt");
    expect_work(r, 1, "text");
}

/* The answer goes to the parent of that time. */
static void test_work_while_moving(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec_kept(r, 1, 1, "text");
    expect_work(r, 1, "text");
    move(r, LINK, LINK + 1);
    xy_message again = own(XY_EXEC, 1);
    again.link.number = LINK + 1;
    again.keep = 1;
    hear(r, parent_on(LINK + 1), with_text(again, "text"));
    expect_nothing(r);
    worked(r, 1, XYLEM_OK, "done", 4);
    expect_pong(r, LINK + 1, 1);
    hear(r, parent_on(LINK + 1), with_text(again, "text"));
    expect_pong(r, LINK + 1, 1);
}

/* Children. */

static void test_only_the_child_itself_is_let_in(void **state)
{
    rig *r = &((fixture *)*state)->r;
    ask_to_expect(r, 1, LEFT, LEFT_ID);
    expect_expected(r, child_on(LEFT), LEFT + 1000);
    expect_said_expected(r, LEFT + 1000, LEFT);
    hear(r, child_on(LEFT), reply_to(number_of(7), XYLEM_OK)); /* before its hello */
    hear(r, child_on(LEFT), change_of(XY_CHANGE_SILENT, RIGHT));
    hear(r, child_on(RIGHT), hello_of(LEFT_ID, LEFT + 1000));
    hear(r, child_on(LEFT), hello_of(LEFT_ID, LEFT + 1001));
    expect_nothing(r);
    ask_below(r, 2, (uint64_t[]){LEFT, 0});
    expect_given_back(r, 2, LEFT, XYLEM_UNAVAILABLE);
    hear(r, child_on(LEFT), hello_of(LEFT_ID, LEFT + 1000));
    expect_sent(r, child_on(LEFT), XY_WELCOME);
    expect_nothing(r); /* it says itself that it has attached */
}

/* Whether it has come or not: the word that it may attach is said again, no more. */
static void test_a_child_that_is_expected_again(void **state)
{
    rig *r = &((fixture *)*state)->r;
    ask_to_expect(r, 1, LEFT, LEFT_ID);
    expect_expected(r, child_on(LEFT), LEFT + 1000);
    expect_said_expected(r, LEFT + 1000, LEFT);
    ask_to_expect(r, 1, LEFT, LEFT_ID);
    expect_said_expected(r, LEFT + 1000, LEFT);
    expect_nothing(r);
    hear(r, child_on(LEFT), hello_of(LEFT_ID, LEFT + 1000));
    expect_sent(r, child_on(LEFT), XY_WELCOME);
    ask_to_expect(r, 1, LEFT, LEFT_ID);
    expect_said_expected(r, LEFT + 1000, LEFT);
    expect_nothing(r);
    ask_below(r, 2, (uint64_t[]){LEFT, 0}); /* it is there all the same */
    expect_forward(r, child_on(LEFT));
}

/* What cannot be done is answered. */
static void test_a_child_that_cannot_be_expected(void **state)
{
    static const uint8_t bytes[XY_EXPECTATION_SIZE]; /* of no life and no link */
    rig *r = &((fixture *)*state)->r;
    hear(r, parent_on(LINK), with(own(XY_EXPECT, 1), NULL, bytes, sizeof bytes));
    expect_reply(r, 1, XYLEM_INVALID);
    expect_nothing(r);
}

static void test_let_go(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_both(r);
    xy_message request = own(XY_LET_GO, 1);
    request.value = LEFT;
    hear(r, parent_on(LINK), request);
    expect_let_go(r, child_on(LEFT));
    expect_reply(r, 1, XYLEM_OK);
    hear(r, parent_on(LINK), request); /* again */
    expect_reply(r, 1, XYLEM_OK);
    request.number.request = 0;
    hear(r, parent_on(LINK), request);
    expect_nothing(r);
    ask_below(r, 2, (uint64_t[]){LEFT, 99, 0});
    expect_given_back(r, 2, LEFT, XYLEM_NOT_FOUND);
    hear(r, child_on(LEFT), reply_to(number_of(3), XYLEM_OK));
    expect_nothing(r);
    ask_below(r, 4, (uint64_t[]){RIGHT, 0});
    expect_forward(r, child_on(RIGHT));
}

/* Past the tree. */

static void tell(rig *r, xy_message request, const uint8_t *payload, size_t size)
{
    uint8_t frame[XY_TOLD_MAX + 16];
    request.body = payload;
    request.payload_size = (uint32_t)size;
    request.link.number = 0;
    xy_message_encode(&request, frame);
    xy_event event = {.kind = XY_EVENT_TOLD, .told = {frame, xy_message_size(&request)}};
    feed(r, &event);
}

static void test_told_of_a_child(void **state)
{
    rig *r = &((fixture *)*state)->r;
    uint8_t bytes[XY_EXPECTATION_SIZE];
    xy_expectation expectation = expectation_of(LEFT, LEFT_ID, LEFT + 1000);
    xy_expectation_encode(&expectation, bytes);
    tell(r, own(XY_EXPECT, 7), bytes, sizeof bytes);
    expect_expected(r, child_on(LEFT), LEFT + 1000);
    expect_said_expected(r, LEFT + 1000, LEFT);
    expect_nothing(r);
    xy_message request = own(XY_LET_GO, 8);
    request.value = LEFT;
    tell(r, request, NULL, 0);
    expect_let_go(r, child_on(LEFT));
    expect_reply(r, 8, XYLEM_OK);
    expect_nothing(r);
}

/* What is for another node or life, what has a route, and what is no request is passed over. */
static void test_told_what_is_not_for_it(void **state)
{
    rig *r = &((fixture *)*state)->r;
    static const uint8_t route[] = {5};
    xy_message request = own(XY_PING, 1);
    tell(r, request, NULL, 0);
    expect_reply(r, 1, XYLEM_OK);
    request.id++;
    tell(r, request, NULL, 0);
    request = own(XY_PING, 1);
    request.life.number++;
    tell(r, request, NULL, 0);
    request = own(XY_PING, 1);
    request.route_size = 1;
    tell(r, request, route, 0);
    tell(r, (xy_message){.kind = XY_HEARTBEAT}, NULL, 0);
    feed(r, &(xy_event){.kind = XY_EVENT_TOLD, .told = {route, sizeof route}});
    expect_nothing(r);
}

static void test_told_when_it_has_ended(void **state)
{
    rig *r = &((fixture *)*state)->r;
    feed(r, &(xy_event){.kind = XY_EVENT_END});
    expect(r, XY_ACTION_STOP);
    tell(r, own(XY_PING, 1), NULL, 0);
    expect_nothing(r);
}

/* Routes. */

static void test_a_request_goes_on(void **state)
{
    rig *r = &((fixture *)*state)->r;
    xy_link_number next;
    create_both(r);
    xy_message message = own(XY_EXEC, 3);
    message.id = 7;
    hear(r, parent_on(LINK), with(message, (uint64_t[]){RIGHT, 99, 98, 0}, "text", 4));
    xy_message passed = frame_in_hand(r);
    expect_forward(r, child_on(RIGHT));
    expect_nothing(r);
    assert_true(passed.link.number == RIGHT && passed.id == 7);
    assert_number(passed.number, number_of(3));
    assert_bytes(xy_message_payload(&passed), passed.payload_size, "text");
    assert_true(xy_message_next(&passed, &next) && next.number == 99);
    assert_true(xy_message_next(&passed, &next) && next.number == 98);
    assert_false(xy_message_next(&passed, &next));
}

/* Each fragment finds its way by itself. */
static void test_fragments_go_on(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_both(r);
    for (int part = 0; part < 3; part++) {
        xy_message message = own(XY_EXEC, 3);
        message.part = part == 0 ? first : part == 1 ? middle : last;
        hear(r, parent_on(LINK), with(message, (uint64_t[]){LEFT, 0}, "te", 2));
        expect_forward(r, child_on(LEFT));
        expect_nothing(r);
    }
}

static void test_requests_that_cannot_go_on(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_child(r, LEFT, LEFT_ID);
    ask_below(r, 1, (uint64_t[]){RIGHT, 0});
    expect_given_back(r, 1, RIGHT, XYLEM_NOT_FOUND);
    ask_below(r, 2, (uint64_t[]){LINK, 0}); /* its own is none of its children's */
    expect_given_back(r, 2, LINK, XYLEM_NOT_FOUND);
    xy_message message = own(XY_PING, 3);
    message = along((uint64_t[]){LEFT, 0}, message);
    rig_body[0] |= 0x80; /* the route is malformed */
    hear(r, parent_on(LINK), message);
    expect_given_back(r, 3, LINK, XYLEM_NOT_FOUND);
    ask_below(r, 0, (uint64_t[]){RIGHT, 0});
    expect_nothing(r);
    message = own(XY_PING, 4);
    message.link.number--; /* it came another way than its own */
    hear(r, parent_on(LINK), along((uint64_t[]){LEFT, 0}, message));
    expect_given_back(r, 4, LINK - 1, XYLEM_NOT_FOUND);
    expect_nothing(r);
}

/* What comes from below goes up as it is: it is not looked at. */
static void test_replies_and_changes_go_up(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_both(r);
    hear(r, child_on(RIGHT), with_text(reply_to(number_of(3), XYLEM_FAILED), "text"));
    expect_forward(r, parent_on(LINK));
    xy_message passed = frame_in_hand(r);
    assert_number(passed.number, number_of(3));
    assert_bytes(xy_message_payload(&passed), passed.payload_size, "text");
    xy_message part = reply_to(number_of(4), XYLEM_OK);
    part.part = middle;
    hear(r, child_on(LEFT), part);
    expect_forward(r, parent_on(LINK));
    hear(r, child_on(LEFT), change_of(XY_CHANGE_SILENT, 77));
    expect_forward(r, parent_on(LINK));
    expect_nothing(r);
}

static void test_what_could_not_be_sent(void **state)
{
    static const int statuses[] = {XYLEM_BUSY, XYLEM_UNAVAILABLE, XYLEM_NO_MEMORY};
    rig *r = &((fixture *)*state)->r;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        bool gone = statuses[i] == XYLEM_UNAVAILABLE;
        for (int bare = 0; bare < 2; bare++) {
            unsent(r, XY_REQUEST, 2, bare, statuses[i]);
            expect_reply(r, 2, statuses[i]);
            const xy_message *back = &r->hand.send.message;
            assert_int_equal(back->code, XY_ANSWER_UNDELIVERED);
            assert_true(back->link.number == LEFT);
            expect_nothing(r);
        }
        unsent(r, XY_REPLY, 3, false, statuses[i]); /* an error in its place is small */
        if (!gone) {                                /* and there is a way for it */
            expect_reply(r, 3, statuses[i]);
            assert_int_equal(r->hand.send.message.code, XY_ANSWER);
            assert_int_equal(r->hand.send.message.payload_size, 0);
        }
        expect_nothing(r);
        unsent(r, XY_REPLY, 3, true, statuses[i]); /* and not again and again */
        expect_nothing(r);
    }
    unsent(r, XY_REQUEST, 0, true, XYLEM_BUSY);
    unsent(r, XY_REQUEST, 0, true, XYLEM_UNAVAILABLE);
    expect_nothing(r);
}

/* What the service saves. */

static uint64_t tag_of_states(void)
{
    return xy_random_at(&(xy_random){{0, 0}}, XY_STREAM_STATE, 0);
}

static void worked_and_saved(rig *r, uint64_t request, const char *text, const void *saved,
                             size_t size)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = number_of(request);
    event.worked.text = text;
    event.worked.size = strlen(text);
    event.worked.saves = true;
    event.worked.saved = saved;
    event.worked.saved_size = size;
    feed(r, &event);
}

static const xy_message *expect_state(rig *r, uint64_t link, int64_t value, const char *saved)
{
    const xy_message *sent = expect_sent(r, parent_on(link), XY_STATE);
    assert_true(sent->id == SELF && sent->life.number == LIFE && sent->value == value);
    assert_number(sent->number, (xy_number){0, tag_of_states()});
    assert_int_equal(sent->status, XYLEM_OK);
    assert_false(r->hand.send.lossy);
    assert_bytes(xy_message_payload(sent), sent->payload_size, saved);
    return sent;
}

static void expect_answer_of_state(rig *r, uint64_t request, uint32_t state)
{
    expect_reply(r, request, XYLEM_OK);
    assert_int_equal(r->hand.send.message.keep, state);
    expect_nothing(r);
}

static void save(rig *r, uint64_t request, const char *saved, int64_t value)
{
    exec_kept(r, request, 1, "text");
    expect_work(r, request, "text");
    worked_and_saved(r, request, "", saved, strlen(saved));
    expect_state(r, LINK, value, saved);
    expect_answer_of_state(r, request, (uint32_t)value);
}

/* Each answer says which state belongs to it, and goes behind that. */
static void test_a_state_goes_before_its_answer(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec(r, 1, 0, "text");
    expect_work(r, 1, "text");
    worked(r, 1, XYLEM_OK, NULL, 0);
    expect_answer_of_state(r, 1, 0);
    save(r, 2, "one", 1);
    exec(r, 3, 0, "text");
    expect_work(r, 3, "text");
    worked(r, 3, XYLEM_OK, NULL, 0); /* it has changed nothing */
    expect_answer_of_state(r, 3, 1);
    save(r, 4, "", 2);
    save(r, 5, "three", 3);
    ask(r, XY_PING, 6);
    expect_answer_of_state(r, 6, 0);
}

/* Also without an answer: what was given up is done all the same. */
static void test_a_state_without_an_answer(void **state)
{
    rig *r = &((fixture *)*state)->r;
    exec(r, 1, 0, "text");
    expect_work(r, 1, "text");
    cancel(r, 1);
    expect(r, XY_ACTION_CANCEL);
    expect_reply(r, 1, XYLEM_CANCELLED);
    worked_and_saved(r, 1, "", "done", 4);
    expect_state(r, LINK, 1, "done");
    expect_nothing(r);
}

/* Over another way, before anything else; when it is asked for; and with an answer that is given
 * again. */
static void test_a_state_is_said_again(void **state)
{
    rig *r = &((fixture *)*state)->r;
    hear(r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_nothing(r); /* there is none */
    save(r, 1, "one", 1);
    save(r, 2, "two", 2);
    hear(r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_state(r, LINK, 2, "two");
    expect_nothing(r);
    exec_kept(r, 2, 1, "text");
    expect_state(r, LINK, 2, "two");
    expect_answer_of_state(r, 2, 2);
    recall(r, 2);
    expect_state(r, LINK, 2, "two");
    expect_answer_of_state(r, 2, 2);
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    welcome(r, LINK + 1);
    expect_attached(r, LINK + 1);
    expect_disconnect(r, LINK);
    expect_state(r, LINK + 1, 2, "two");
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    expect_nothing(r);
}

static void state_unsent(rig *r, uint64_t tag, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_STATE;
    event.unsent.request.tag = tag;
    event.unsent.link.number = LINK;
    event.unsent.status = status;
    feed(r, &event);
}

/* Its own is sent again when there may be room, unless its way is broken. */
static void test_a_state_that_could_not_be_sent(void **state)
{
    rig *r = &((fixture *)*state)->r;
    save(r, 1, "one", 1);
    state_unsent(r, tag_of_states() + 1, XYLEM_BUSY); /* of a node below */
    state_unsent(r, tag_of_states(), XYLEM_UNAVAILABLE);
    expect_nothing(r);
    assert_true(deadline_of(r) == XY_NEVER);
    static const int statuses[] = {XYLEM_BUSY, XYLEM_NO_MEMORY};
    for (size_t i = 0; i < 2; i++) {
        state_unsent(r, tag_of_states(), statuses[i]);
        expect_nothing(r);
        assert_true(deadline_of(r) == r->now_ms + 10);
        tick(r, r->now_ms + 9);
        expect_nothing(r);
        tick(r, r->now_ms + 1);
        expect_state(r, LINK, 1, "one");
        expect_nothing(r);
        assert_true(deadline_of(r) == XY_NEVER);
    }
}

/* Without memory to keep it that is said; without memory to say it, later. Each answer tells of it.
 */
static void test_a_state_without_memory(void **state)
{
    rig *r = &((fixture *)*state)->r;
    bool lost = false, late = false;
    for (uint64_t number = 1; number < 8; number++) {
        exec_kept(r, number, 1, "text");
        expect_work(r, number, "text");
        memory_fails((size_t)number, (size_t)number + 1);
        worked_and_saved(r, number, "", "saved", 5);
        bool failed = shortage.failed > 0;
        memory_is_back();
        if (r->out.actions.count == 1) {
            late = true;
            expect_answer_of_state(r, number, (uint32_t)number);
            tick(r, deadline_of(r));
        }
        const xy_message *sent = expect_sent(r, parent_on(LINK), XY_STATE);
        assert_true(sent->value == (int64_t)number);
        assert_true(sent->status == XYLEM_OK || failed);
        assert_int_equal(sent->payload_size, sent->status ? 0 : 5);
        lost |= sent->status == XYLEM_NO_MEMORY;
        drain(r);
    }
    assert_true(lost && late);
}

/* Where there are no heartbeats only those are asked to report of which a state has come. */
static void test_states_go_up(void **state)
{
    rig *r = &((fixture *)*state)->r;
    xy_message below = {.kind = XY_STATE, .id = RIGHT_ID, .life = {RIGHT + 1000}, .value = 4};
    create_both(r);
    hear(r, child_on(RIGHT), with_text(below, "saved"));
    expect_forward(r, parent_on(LINK));
    xy_message passed = frame_in_hand(r);
    assert_bytes(xy_message_payload(&passed), passed.payload_size, "saved");
    expect_nothing(r);
    hear(r, parent_on(LINK), with_text(below, "not from above"));
    expect_nothing(r);
    hear(r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_sent(r, child_on(RIGHT), XY_REPORT);
    expect_nothing(r);
}

/* Heartbeats. */

static void test_beats(void **state)
{
    rig *r = &((fixture *)*state)->r;
    r->now_ms = 1000;
    tell_interval(r, XY_INTERVAL, T, 1);
    expect_beat(r, false); /* the answer to a new interval may be the only one */
    assert_true(deadline_of(r) == 1000 + T);
    tick(r, 1000 + T - 1);
    expect_nothing(r);
    tick(r, 1000 + T);
    expect_beat(r, true);
    tick(r, 5000); /* late: one, not forty */
    expect_beat(r, true);
    expect_nothing(r);
    assert_true(deadline_of(r) == 5000 + T);
    tell_interval(r, XY_INTERVAL, 0, 2);
    expect_beat(r, false);
    expect_nothing(r);
    assert_true(deadline_of(r) == XY_NEVER);
}

/* Whatever comes first: a late welcome does not bring back an old interval. */
static void test_the_highest_version_counts(void **state)
{
    rig *r = &((fixture *)*state)->r;
    xy_action action;
    create_child(r, LEFT, LEFT_ID);
    tell_interval(r, XY_INTERVAL, T, 7);
    assert_int_equal(expect_sent(r, child_on(LEFT), XY_INTERVAL)->value, T);
    expect_beat(r, false);
    tell_interval(r, XY_INTERVAL, 5, 6);
    tell_interval(r, XY_INTERVAL, 5, 7);
    tell_interval(r, XY_WELCOME, 5, 2);
    while (xy_queue_pop(&r->out, &action)) { /* an answer is allowed, no more */
        assert_int_equal(action.kind, XY_ACTION_SEND);
        assert_int_equal(action.send.message.kind, XY_HEARTBEAT);
    }
    assert_true(deadline_of(r) == r->now_ms + T);
}

static void test_silence_and_return(void **state)
{
    rig *r = &((fixture *)*state)->r;
    xy_action action;
    create_both(r);
    tell_interval(r, XY_INTERVAL, T, 1);
    for (int64_t now = T; now <= 4 * T; now += T) {
        tick(r, now);
        hear(r, child_on(RIGHT), (xy_message){.kind = XY_HEARTBEAT});
    }
    while (xy_queue_pop(&r->out, &action))
        assert_int_not_equal(action.send.message.kind, XY_CHANGE);
    tick(r, 4 * T + T / 2);
    expect_change(r, XY_CHANGE_SILENT, LEFT);
    ask_below(r, 3, (uint64_t[]){LEFT, 0});
    expect_given_back(r, 3, LEFT, XYLEM_UNAVAILABLE);
    ask_below(r, 0, (uint64_t[]){LEFT, 0}); /* it is not asked for twice: the child may come back */
    expect_forward(r, child_on(LEFT));
    ask_below(r, 4, (uint64_t[]){RIGHT, 0});
    expect_forward(r, child_on(RIGHT));
    /* Back with word of one below it: that goes up first. */
    hear(r, child_on(LEFT), change_of(XY_CHANGE_SILENT, 77));
    expect_forward(r, parent_on(LINK));
    expect_change(r, XY_CHANGE_BACK, LEFT);
    expect_nothing(r);
    ask_below(r, 5, (uint64_t[]){LEFT, 0});
    expect_forward(r, child_on(LEFT));
}

/* The end. */

static void test_end(void **state)
{
    rig *r = &((fixture *)*state)->r;
    create_both(r);
    exec(r, 1, 0, "");
    expect_work(r, 1, "");
    exec(r, 2, 0, "");
    exec(r, 3, first, "te");
    feed(r, &(xy_event){.kind = XY_EVENT_END});
    assert_number(expect(r, XY_ACTION_CANCEL)->cancel.request, number_of(1));
    expect(r, XY_ACTION_STOP); /* its children are ended by the controlling node */
    expect_nothing(r);
    assert_int_equal(r->out.promised, 0);
    worked(r, 1, XYLEM_OK, "late", 4);
    feed(r, &(xy_event){.kind = XY_EVENT_END});
    expect_nothing(r);
    ask(r, XY_PING, 4);
    expect_given_back(r, 4, LINK, XYLEM_UNAVAILABLE);
}

static void test_end_before_attaching(void **state)
{
    fixture f = {0};
    (void)state;
    begin(&f);
    feed(&f.r, &(xy_event){.kind = XY_EVENT_END});
    expect(&f.r, XY_ACTION_STOP);
    expect_nothing(&f.r);
    xy_node_clear(&f.node, &f.r.out);
    rig_clear(&f.r);
}

/* Memory. */

/* The queue grows no more: there is room for so many actions. */
static void leave_room_for(rig *r, size_t room)
{
    xy_action full = {.kind = XY_ACTION_ROOM};
    assert_int_equal(r->out.actions.count, 0);
    do
        assert_true(xy_queue_push(&r->out, &full));
    while (r->out.actions.count < r->out.actions.capacity);
    for (size_t i = 0; i < room; i++)
        expect(r, XY_ACTION_ROOM);
}

/* What has come out besides: the kinds of actions, as bits. */
static unsigned kinds_of(rig *r)
{
    unsigned kinds = 0;
    xy_action action;
    while (xy_queue_pop(&r->out, &action)) {
        kinds |= action.kind == XY_ACTION_ROOM ? 0 : 1U << action.kind;
        if (action.kind == XY_ACTION_SEND)
            assert_int_equal(action.send.message.status, XYLEM_NO_MEMORY);
        xy_action_clear(&action);
    }
    return kinds;
}

/* A child is let in and this said, or there was no memory and that is said: then all of it can be
 * asked for again. */
static void test_expected_without_memory(void **state)
{
    enum { LET_IN = 1 << XY_ACTION_EXPECT, SAID = 1 << XY_ACTION_EXPECTED };
    enum { REFUSED = 1 << XY_ACTION_SEND };
    rig *r = &((fixture *)*state)->r;
    unsigned seen[2] = {0}, kinds;
    for (size_t fails = 1; fails < 12; fails++) {
        uint64_t link = LEFT + fails;
        leave_room_for(r, fails % 2);
        memory_fails(fails / 2 + 1, fails / 2 + 2);
        ask_to_expect(r, 1, link, LEFT_ID);
        memory_is_back();
        kinds = kinds_of(r);
        assert_true(kinds == (LET_IN | SAID) || kinds == REFUSED || kinds == (LET_IN | REFUSED));
        seen[0] += kinds == REFUSED;
        seen[1] += kinds == (LET_IN | REFUSED);
        ask_to_expect(r, 1, link, LEFT_ID);
        kinds |= kinds_of(r);
        assert_true((kinds & LET_IN) && (kinds & SAID));
        hear(r, child_on(link), hello_of(LEFT_ID, link + 1000));
        expect_sent(r, child_on(link), XY_WELCOME);
        expect_nothing(r);
    }
    assert_true(seen[0] > 0 && seen[1] > 0);
}

/* A node that cannot say that it has attached has not: its parent is the one before. */
static void test_attached_without_memory(void **state)
{
    rig *r = &((fixture *)*state)->r;
    attach(r, LINK + 1);
    expect_attaching(r, LINK + 1);
    leave_room_for(r, 0);
    memory_fails(1, SIZE_MAX);
    welcome(r, LINK + 1);
    memory_is_back();
    assert_int_equal(kinds_of(r), 0);
    ping_on(r, LINK, 1);
    expect_pong(r, LINK, 1);
    ping_on(r, LINK + 1, 2);
    expect_nothing(r);
    welcome(r, LINK + 1); /* a second one, which does not come from a node */
    expect_attached(r, LINK + 1);
    expect_disconnect(r, LINK);
    expect_sent(r, parent_on(LINK + 1), XY_HEARTBEAT);
    expect_nothing(r);
}

/* Each call fails once: nothing is lost but what could not be done; all promises are given back. */
static void test_no_memory(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    static char text[2 * PART];
    fixture *f = *state;
    rig *r = &f->r;
    for (size_t fails = 1; fails < 60; fails++) {
        uint64_t link = 100 + fails;
        memory_fails(fails, fails + 4);
        ask_to_expect(r, 1, link, LEFT_ID);
        hear(r, child_on(link), hello_of(LEFT_ID, link + 1000));
        for (uint64_t request = 2; request <= 4; request++)
            exec(r, request, 0, "text");
        exec(r, 5, first, "te");
        ask_below(r, 6, (uint64_t[]){link, 0});
        while (f->node.work.running.request != 0)
            worked(r, f->node.work.running.request, XYLEM_OK, text, sizeof text);
        cancel(r, 5);
        memory_is_back();
        drain(r);
        xy_queue_clear(&r->out);
        assert_int_equal(r->out.promised, 0);
        ask(r, XY_PING, 7);
        expect_reply(r, 7, XYLEM_OK);
        expect_nothing(r);
    }
}

/* What was taken gets one answer, whatever fails after that. */
static void test_what_was_taken_is_answered(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    static char text[2 * PART];
    rig *r = &((fixture *)*state)->r;
    for (size_t fails = 1; fails < 8; fails++) {
        uint64_t request = fails * 10;
        size_t answers = 0;
        xy_action action;
        exec_kept(r, request, fails % 2, "text");
        exec_kept(r, request + 1, fails % 2, "text");
        expect_work(r, request, "text");
        memory_fails(fails, SIZE_MAX);
        worked(r, request, XYLEM_OK, text, sizeof text);
        worked(r, request + 1, XYLEM_OK, text, sizeof text);
        memory_is_back();
        while (xy_queue_pop(&r->out, &action)) {
            const xy_message *message = &action.send.message;
            answers += action.kind == XY_ACTION_SEND && !(message->part & XY_PART_MORE);
            xy_action_clear(&action);
        }
        assert_int_equal(answers, 2);
        assert_int_equal(r->out.promised, 0);
    }
}

/* An attempt for which there is no memory is given up; the parent stays, and a later one counts. */
static void test_attaching_without_memory(void **state)
{
    rig *r = &((fixture *)*state)->r;
    uint64_t link = LINK + 1, from = LINK;
    for (size_t fails = 1; fails < 6; fails++, from = link++) {
        xy_queue_clear(&r->out); /* it has to grow again */
        memory_fails(fails, SIZE_MAX);
        attach(r, link++);
        memory_is_back();
        drain(r);
        ping_on(r, from, 1);
        expect_pong(r, from, 1);
        attach(r, link - 1); /* that number has been used */
        expect_nothing(r);
        attach(r, link);
        drain(r);
        welcome(r, link - 1);
        expect_nothing(r);
        welcome(r, link);
        expect_attached(r, link);
        expect_disconnect(r, from);
        expect_sent(r, parent_on(link), XY_HEARTBEAT);
        expect_nothing(r);
    }
}

/* What its world has room for: one more is refused, with the reason, until one is let go. */
static void test_as_many_children_as_there_is_room_for(void **state)
{
    fixture *f = *state;
    rig *r = &f->r;
    f->node.capacity = 1;
    create_child(r, LEFT, LEFT_ID);
    ask_to_expect(r, 1, RIGHT, RIGHT_ID);
    expect_reply(r, 1, XYLEM_CANNOT_START);
    const xy_message *refusal = &r->hand.send.message;
    assert_non_null(memmem(xy_message_payload(refusal), refusal->payload_size, "ulimit -n", 9));
    expect_nothing(r);
    ask_to_expect(r, 2, LEFT, LEFT_ID); /* one of those that there are */
    expect_said_expected(r, LEFT + 1000, LEFT);
    expect_nothing(r);
    xy_message let_go = own(XY_LET_GO, 0);
    let_go.value = LEFT;
    hear(r, parent_on(LINK), let_go);
    expect(r, XY_ACTION_LET_GO);
    create_child(r, RIGHT, RIGHT_ID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_before_the_welcome),
        TEST(test_moving),
        TEST(test_the_highest_link_counts),
        TEST(test_an_attempt_that_is_given_up),
        cmocka_unit_test(test_another_parent_before_the_first_welcome),
        TEST(test_heartbeats_while_moving),
        TEST(test_heartbeats_as_the_parent_says),
        TEST(test_reporting_again_after_a_move),
        cmocka_unit_test(test_no_report_after_the_first_welcome),
        TEST(test_only_the_parent_asks),
        TEST(test_garbage_is_ignored),
        TEST(test_as_many_children_as_there_is_room_for),
        TEST(test_ping),
        TEST(test_requests_that_are_for_another),
        TEST(test_work),
        TEST(test_requests_that_want_no_reply),
        TEST(test_work_in_fragments),
        TEST(test_fragments_that_are_refused),
        TEST(test_cancel),
        TEST(test_work_that_takes_too_long),
        TEST(test_an_exec_that_comes_again),
        TEST(test_answers_that_are_not_to_be_kept),
        TEST(test_what_was_given_up_comes_again),
        TEST(test_what_was_refused_comes_again),
        TEST(test_fragments_that_come_again),
        TEST(test_recall),
        TEST(test_a_request_that_stopped_halfway),
        TEST(test_work_while_moving),
        TEST(test_only_the_child_itself_is_let_in),
        TEST(test_a_child_that_is_expected_again),
        TEST(test_a_child_that_cannot_be_expected),
        TEST(test_let_go),
        TEST(test_told_of_a_child),
        TEST(test_told_what_is_not_for_it),
        TEST(test_told_when_it_has_ended),
        TEST(test_a_request_goes_on),
        TEST(test_fragments_go_on),
        TEST(test_requests_that_cannot_go_on),
        TEST(test_replies_and_changes_go_up),
        TEST(test_what_could_not_be_sent),
        TEST(test_a_state_goes_before_its_answer),
        TEST(test_a_state_without_an_answer),
        TEST(test_a_state_is_said_again),
        TEST(test_a_state_that_could_not_be_sent),
        TEST(test_a_state_without_memory),
        TEST(test_states_go_up),
        TEST(test_beats),
        TEST(test_the_highest_version_counts),
        TEST(test_silence_and_return),
        TEST(test_end),
        cmocka_unit_test(test_end_before_attaching),
        TEST(test_expected_without_memory),
        TEST(test_attached_without_memory),
        TEST(test_attaching_without_memory),
        TEST(test_no_memory),
        TEST(test_what_was_taken_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
