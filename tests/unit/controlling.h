/* controlling: a controlling node in the hands of a test, with the launcher and the nodes that it
 * has to do with. */
#ifndef XY_TEST_CONTROLLING_H
#define XY_TEST_CONTROLLING_H

#include "machines.h"

#include "../shortage.h"
#include "core/controller.h"

enum { TIMEOUT_MS = 4000, LIVES = 256, T = 100 };

/* What is known of a life: what it was given by START, and the name of its link by ATTACH. */
typedef struct known {
    int64_t id;
    uint8_t secret[XY_SECRET_SIZE];
    xy_peer peer;
} known;

typedef struct fixture {
    rig r;
    xy_controller controller;
    int64_t parent; /* that the next commands name */
    known lives[LIVES];
} fixture;

static inline fixture *new_fixture_of(xy_controller_options options)
{
    fixture *f = calloc(1, sizeof *f);
    options.address = "top";
    options.seed[0] = 1;
    options.seed[1] = 2;
    options.timeout_ms = TIMEOUT_MS;
    f->parent = XY_PARENT_ANY;
    memory_is_back();
    xy_controller_init(&f->controller, &options);
    f->r.machine = xy_controller_machine(&f->controller);
    feed(&f->r, &(xy_event){.kind = XY_EVENT_OPEN});
    expect_nothing(&f->r);
    return f;
}

static inline fixture *new_fixture(bool keyed, const xy_topology *topology)
{
    return new_fixture_of((xy_controller_options){.topology = topology, .keyed = keyed});
}

static inline int set_up(void **state)
{
    *state = new_fixture(false, &xy_topology_bst);
    return 0;
}

static inline int set_up_keyed(void **state)
{
    *state = new_fixture(true, &xy_topology_bst);
    return 0;
}

static inline int set_up_tree(void **state)
{
    *state = new_fixture(false, &xy_topology_tree);
    return 0;
}

static inline int tear_down(void **state)
{
    fixture *f = *state;
    memory_is_back();
    xy_controller_clear(&f->controller, &f->r.out);
    rig_clear(&f->r);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

/* Commands and replies. */

static inline uint64_t command_within(fixture *f, xy_command_kind kind, int64_t id, int64_t value,
                                      int64_t timeout_ms)
{
    xy_command given = {
        .kind = kind, .id = id, .parent = f->parent, .value = value, .timeout_ms = timeout_ms};
    return xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
}

static inline uint64_t command(fixture *f, xy_command_kind kind, int64_t id, int64_t value)
{
    return command_within(f, kind, id, value, -1);
}

static inline const xy_action *expect_reply(fixture *f, uint64_t number, int status)
{
    const xy_action *action = expect(&f->r, XY_ACTION_REPLY);
    assert_true(action->reply.command == number);
    assert_int_equal(action->reply.status, status);
    return action;
}

static inline void expect_text(fixture *f, uint64_t number, int status, const char *text)
{
    const xy_action *action = expect_reply(f, number, status);
    assert_bytes(action->reply.text, action->reply.size, text);
    assert_int_equal(action->reply.text[action->reply.size], 0);
}

/* A command that is answered at once. */
static inline void expect_at_once(fixture *f, xy_command_kind kind, int64_t id, int64_t value,
                                  int status)
{
    expect_reply(f, command(f, kind, id, value), status);
    expect_nothing(&f->r);
}

static inline void expect_notice(fixture *f, int64_t id, bool available)
{
    const xy_action *notice = expect(&f->r, XY_ACTION_NOTICE);
    assert_true(notice->notice.id == id);
    assert_int_equal(notice->notice.kind, available ? XY_NOTICE_AVAILABLE : XY_NOTICE_UNAVAILABLE);
}

static inline void expect_lost(fixture *f, int64_t id, enum xylem_cause cause, int64_t origin)
{
    expect_notice(f, id, false);
    assert_int_equal(f->r.hand.notice.cause.kind, cause);
    assert_true(f->r.hand.notice.origin == origin);
}

/* The map. */

static inline xy_map_node *node_of(const fixture *f, int64_t id)
{
    return xy_map_find(&f->controller.map, id);
}

static inline uint64_t life_of(const fixture *f, int64_t id)
{
    xy_map_node *node = node_of(f, id);
    assert_non_null(node);
    return node->life.number;
}

static inline known *life_at(fixture *f, uint64_t number)
{
    assert_in_range(number, 1, LIVES - 1);
    return &f->lives[number];
}

/* The name of a node at its parent's socket: where it attaches, or is. */
static inline xy_peer peer_of(fixture *f, int64_t id)
{
    xy_map_node *node = node_of(f, id);
    return node->attached ? node->peer : node->coming;
}

static inline xy_peer topmost_above(fixture *f, xy_map_node *node)
{
    while (node->linked.parent)
        node = node->linked.parent;
    return peer_of(f, node->id);
}

/* The topmost node on the way to this one, or to the one that it attaches to. */
static inline xy_peer topmost(fixture *f, int64_t id)
{
    xy_map_node *node = node_of(f, id);
    if (!node->attached && node->target.number)
        node = xy_map_of_life(&f->controller.map, node->target);
    return topmost_above(f, node);
}

/* The launcher. */

static inline uint64_t expect_start(fixture *f, int64_t id)
{
    const xy_action *start = expect(&f->r, XY_ACTION_START);
    assert_true(start->start.id == id);
    known *l = life_at(f, start->start.life.number);
    assert_true(l->id == 0); /* no life begins twice */
    l->id = id;
    memcpy(l->secret, start->start.secret, XY_SECRET_SIZE);
    return start->start.life.number;
}

static inline void expect_attach(fixture *f, uint64_t number, const char *address)
{
    const xy_action *attach = expect(&f->r, XY_ACTION_ATTACH);
    assert_true(attach->attach.life.number == number);
    assert_string_equal(attach->attach.to.address, address);
    assert_int_equal(attach->attach.to.parent.role, XY_PARENT);
    life_at(f, number)->peer = attach->attach.to.parent;
    life_at(f, number)->peer.role = XY_CHILD;
}

static inline void started(fixture *f, uint64_t number, const char *key)
{
    xy_event event = {.kind = XY_EVENT_STARTED};
    event.started.life.number = number;
    event.started.pid = life_at(f, number)->id + 1000;
    event.started.key = key;
    feed(&f->r, &event);
}

static inline void ended_by(fixture *f, uint64_t number, bool begun, xy_cause cause,
                            const char *reason)
{
    xy_event event = {.kind = XY_EVENT_ENDED};
    event.ended.life.number = number;
    event.ended.begun = begun;
    event.ended.cause = cause;
    event.ended.reason = reason;
    feed(&f->r, &event);
}

static inline void ended(fixture *f, uint64_t number)
{
    ended_by(f, number, true, (xy_cause){XYLEM_SIGNALLED, 9}, "");
}

static inline void expect_end(fixture *f, uint64_t number)
{
    assert_true(expect(&f->r, XY_ACTION_END)->end.life.number == number);
}

static inline void expect_kill(fixture *f, uint64_t number, bool late)
{
    const xy_action *kill = expect(&f->r, XY_ACTION_KILL);
    assert_true(kill->kill.life.number == number);
    assert_true(kill->kill.id == life_at(f, number)->id);
    assert_int_equal(kill->kill.late, late);
}

/* Requests to nodes. */

/* Down to a node: over the topmost one above it, along the links of the map. */
static inline const xy_message *expect_asked(fixture *f, int64_t id, xy_operation operation)
{
    const xy_message *sent = expect_sent(&f->r, topmost(f, id), XY_REQUEST);
    xy_message message = *sent;
    xy_link_number next, wanted = node_of(f, id)->peer.link, arrived = message.link;
    assert_int_equal(message.code, operation);
    assert_true(message.id == id && message.life.number == life_of(f, id));
    assert_true(message.link.number == topmost(f, id).link.number);
    while (xy_message_next(&message, &next))
        arrived = next;
    assert_true(arrived.number == wanted.number);
    assert_int_equal(message.route_offset, message.route_size);
    return sent;
}

static inline void hear_from(fixture *f, int64_t id, xy_message message)
{
    hear(&f->r, topmost(f, id), message);
}

static inline void answer(fixture *f, xy_number number, int64_t id, int status)
{
    hear_from(f, id, reply_to(number, status));
}

/* It did not reach its node. */
static inline void undelivered(fixture *f, xy_number number, int64_t id, int status)
{
    xy_message reply = reply_to(number, status);
    reply.code = XY_ANSWER_UNDELIVERED;
    hear_from(f, id, reply);
}

/* The how manieth of its link; of equal ones each counts. */
static inline void change_as(fixture *f, xy_change what, int64_t id, int64_t number)
{
    xy_peer peer = node_of(f, id)->peer;
    xy_message message = {.kind = XY_CHANGE,
                          .code = (uint8_t)what,
                          .id = id,
                          .life = node_of(f, id)->life,
                          .link = peer.link,
                          .value = number,
                          .number.tag = peer.tag};
    hear_from(f, id, message);
}

static inline void change(fixture *f, xy_change what, int64_t id)
{
    change_as(f, what, id, node_of(f, id)->changes);
}

/* What nodes say through the launcher of the link on which one attaches. */

static inline void expected_as(fixture *f, uint64_t life, uint64_t link, uint64_t tag)
{
    xy_event event = {.kind = XY_EVENT_EXPECTED};
    event.expected.life.number = life;
    event.expected.link.number = link;
    event.expected.tag = tag;
    feed(&f->r, &event);
}

/* With the tag of the link on which it attaches now. */
static inline void expected_on(fixture *f, uint64_t life, uint64_t link)
{
    const xy_map_node *node = xy_map_of_life(&f->controller.map, (xy_life){life});
    expected_as(f, life, link, node ? node->coming.tag : 0);
}

static inline void attached_on(fixture *f, uint64_t life, uint64_t link)
{
    xy_event event = {.kind = XY_EVENT_ATTACHED};
    event.attached.life.number = life;
    event.attached.link.number = link;
    event.attached.address = "below";
    feed(&f->r, &event);
}

/* The parent to be expects it. */
static inline void expected(fixture *f, int64_t id)
{
    expected_on(f, life_of(f, id), node_of(f, id)->coming.link.number);
}

static inline void attached(fixture *f, int64_t id)
{
    attached_on(f, life_of(f, id), node_of(f, id)->coming.link.number);
}

static inline void say_hello(fixture *f, uint64_t number)
{
    known *l = life_at(f, number);
    xy_message hello = hello_of(l->id, number);
    memcpy(rig_body, l->secret, XY_SECRET_SIZE);
    hear(&f->r, l->peer, hello);
}

/* Creating. */

/* Below the controlling node: it lets the node attach itself. */
static inline uint64_t create_root(fixture *f, int64_t id)
{
    uint64_t number = command(f, XY_COMMAND_CREATE, id, 0);
    uint64_t life = expect_start(f, id);
    expect_expected(&f->r, node_of(f, id)->coming, life);
    expect_attach(f, life, "top");
    expect_nothing(&f->r);
    started(f, life, "");
    say_hello(f, life);
    assert_int_equal(expect_sent(&f->r, peer_of(f, id), XY_WELCOME)->value, 0);
    expect_nothing(&f->r);
    attached(f, id);
    assert_true(expect_reply(f, number, XYLEM_OK)->reply.value == id + 1000);
    expect_nothing(&f->r);
    return life;
}

/* A parent is asked to let a node attach: the number of the question. */
static inline xy_number expect_asked_for(fixture *f, int64_t parent, int64_t id)
{
    xy_number asked = expect_asked(f, parent, XY_EXPECT)->number;
    assert_true(asked.request & XY_ERRAND);
    xy_expectation expectation;
    const xy_message *sent = &f->r.hand.send.message;
    assert_true(xy_expectation_decode(&expectation, xy_message_payload(sent), sent->payload_size));
    assert_true(expectation.id == id && expectation.life.number == life_of(f, id));
    assert_peer(expectation.child, node_of(f, id)->coming);
    assert_memory_equal(expectation.secret, life_at(f, life_of(f, id))->secret, XY_SECRET_SIZE);
    return asked;
}

/* Up to the question to its parent, whose number is *asked. */
static inline uint64_t begin_create(fixture *f, int64_t id, int64_t parent, xy_number *asked)
{
    uint64_t number = command(f, XY_COMMAND_CREATE, id, 0);
    expect_start(f, id);
    *asked = expect_asked_for(f, parent, id);
    expect_nothing(&f->r);
    return number;
}

/* A node has attached to the one that it was told to attach to. */
static inline void arrive(fixture *f, int64_t id)
{
    xy_map_node *node = node_of(f, id);
    if (node->target.number == 0)
        say_hello(f, node->life.number);
    attached(f, id);
}

static inline void create(fixture *f, int64_t id, int64_t parent)
{
    xy_number asked;
    uint64_t number = begin_create(f, id, parent, &asked);
    started(f, life_of(f, id), "");
    expected(f, id);
    expect_attach(f, life_of(f, id), "below");
    arrive(f, id);
    assert_true(expect_reply(f, number, XYLEM_OK)->reply.value == id + 1000);
    expect_nothing(&f->r);
}

/* Where the parents are given. */
static inline void create_below(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    create(f, id, parent);
    f->parent = XY_PARENT_ANY;
}

/* 50 above 25 and 75, 75 above 60 and 90: lives and links 1 to 5. */
static inline void create_five(fixture *f)
{
    create_root(f, 50);
    create(f, 25, 50);
    create(f, 75, 50);
    create(f, 60, 75);
    create(f, 90, 75);
}

static inline xy_number expect_let_go_of(fixture *f, int64_t parent, uint64_t link)
{
    const xy_message *sent = expect_asked(f, parent, XY_LET_GO);
    assert_true(sent->value == (int64_t)link);
    return sent->number;
}

static inline void signalled(fixture *f, uint64_t number, int status, const char *reason)
{
    xy_event event = {.kind = XY_EVENT_SIGNALLED};
    event.signalled.command = number;
    event.signalled.status = status;
    event.signalled.reason = reason;
    feed(&f->r, &event);
}

/* Nodes and a launcher that do all that they are told. */

typedef struct tally {
    size_t taken, answered;
    bool alive[LIVES];
} tally;

static inline void end_told(fixture *f, tally *t, uint64_t number)
{
    if (t->alive[number]) {
        t->alive[number] = false;
        ended(f, number);
    }
}

static inline void attach_told(fixture *f, tally *t, const xy_action *action)
{
    uint64_t number = action->attach.life.number;
    xy_map_node *node = xy_map_of_life(&f->controller.map, action->attach.life);
    life_at(f, number)->peer = action->attach.to.parent;
    life_at(f, number)->peer.role = XY_CHILD;
    if (!node || !t->alive[number] ||
        node->coming.link.number != action->attach.to.parent.link.number)
        return;
    if (node->target.number == 0)
        say_hello(f, number);
    else if (t->alive[node->target.number])
        attached(f, node->id);
}

static inline void welcome_told(fixture *f, tally *t, xy_peer child)
{
    for (uint64_t number = 1; number < LIVES; number++)
        if (t->alive[number] && life_at(f, number)->peer.link.number == child.link.number)
            attached_on(f, number, child.link.number);
}

static inline void request_told(fixture *f, const xy_message *request, xy_peer topmost)
{
    xy_expectation child;
    if (request->code != XY_EXPECT)
        hear(&f->r, topmost, reply_to(request->number, XYLEM_OK));
    else if (xy_expectation_decode(&child, xy_message_payload(request), request->payload_size))
        expected_on(f, child.life.number, child.child.link.number);
}

static inline void do_one(fixture *f, tally *t, const xy_action *action)
{
    if (action->kind == XY_ACTION_REPLY) {
        t->answered++;
    } else if (action->kind == XY_ACTION_START) {
        uint64_t number = action->start.life.number;
        t->alive[number] = true;
        life_at(f, number)->id = action->start.id;
        memcpy(life_at(f, number)->secret, action->start.secret, XY_SECRET_SIZE);
    } else if (action->kind == XY_ACTION_ATTACH) {
        attach_told(f, t, action);
    } else if (action->kind == XY_ACTION_END) {
        end_told(f, t, action->end.life.number);
    } else if (action->kind == XY_ACTION_KILL) {
        end_told(f, t, action->kill.life.number);
    } else if (action->kind == XY_ACTION_SIGNAL) {
        signalled(f, action->signal.command, XYLEM_OK, "");
    } else if (action->kind == XY_ACTION_SEND && action->send.message.kind == XY_REQUEST &&
               action->send.message.number.request != 0 &&
               t->alive[action->send.message.life.number]) {
        request_told(f, &action->send.message, action->send.to);
    } else if (action->kind == XY_ACTION_SEND && action->send.message.kind == XY_WELCOME) {
        welcome_told(f, t, action->send.to);
    }
}

static inline void perform(fixture *f, tally *t)
{
    xy_action action;
    while (xy_queue_pop(&f->r.out, &action)) {
        do_one(f, t, &action);
        xy_action_clear(&action);
    }
}

static inline void give(fixture *f, tally *t, xy_command_kind kind, int64_t id)
{
    static const char text[] = "text";
    xy_command given = {.kind = kind, .id = id, .parent = f->parent, .timeout_ms = 1000};
    given.value = kind == XY_COMMAND_FAULT ? XY_FAULT_PAUSE : 100;
    if (kind == XY_COMMAND_EXEC) {
        given.text = text;
        given.size = 4;
    }
    t->taken += xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out) != 0;
    perform(f, t);
}

#endif
