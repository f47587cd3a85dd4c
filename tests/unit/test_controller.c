/* The controlling node: commands in, one reply for each; what it tells the launcher and the nodes;
 * notices of who can be reached. */
#include "controlling.h"

static void test_without_nodes(void **state)
{
    fixture *f = *state;
    expect_at_once(f, XY_COMMAND_REMOVE, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_EXEC, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_PING, 1, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_HEARTBEAT, 0, 100, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_FAULT, 1, XY_FAULT_KILL, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, 1, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_WAIT, 1, 0, XYLEM_OK);
    assert_true(deadline_of(&f->r) == XY_NEVER);
}

static void test_create_five(void **state)
{
    fixture *f = *state;
    create_five(f);
    for (uint64_t number = 1; number <= 5; number++) {
        known *l = life_at(f, number);
        assert_true(l->peer.link.number == number);
        for (uint64_t other = 1; other < number; other++) { /* nothing can be guessed */
            assert_true(l->peer.tag != life_at(f, other)->peer.tag);
            assert_memory_not_equal(l->secret, life_at(f, other)->secret, XY_SECRET_SIZE);
        }
    }
    expect_at_once(f, XY_COMMAND_CREATE, 90, 0, XYLEM_EXISTS);
}

static void test_the_service_of_a_node(void **state)
{
    fixture *f = *state;
    xy_command made = {.kind = XY_COMMAND_CREATE, .id = 50, .parent = XY_PARENT_ANY};
    made.timeout_ms = -1;
    made.text = "sum";
    made.size = 3;
    xy_controller_command(&f->controller, &made, 0, &f->r.out);
    assert_string_equal(expect(&f->r, XY_ACTION_START)->start.service, "sum");
}

static xy_command create_with(int64_t id, const char *arguments, size_t size)
{
    return (xy_command){.kind = XY_COMMAND_CREATE,
                        .id = id,
                        .parent = XY_PARENT_ANY,
                        .timeout_ms = -1,
                        .arguments = arguments,
                        .arguments_size = size};
}

/* The caller's are lent for the command alone. */
static void test_the_arguments_of_a_node(void **state)
{
    fixture *f = *state;
    char lent[] = "a\0b";
    xy_command made = create_with(50, lent, 3);
    xy_controller_command(&f->controller, &made, 0, &f->r.out);
    memset(lent, 'x', sizeof lent);
    const xy_birth *birth = &expect(&f->r, XY_ACTION_START)->start;
    assert_int_equal(birth->arguments_size, 3);
    assert_memory_equal(birth->arguments, "a\0b\0", 4);
}

/* STARTED is not waited for where there are no keys, and changes nothing whenever it comes. */
static void test_started_in_any_order(void **state)
{
    fixture *f = *state;
    int64_t id = 25;
    create_root(f, 50);
    for (int when = 0; when < 3; when++, id += when == 1 ? 50 : 15) {
        xy_number asked;
        uint64_t number = begin_create(f, id, when == 2 ? 75 : 50, &asked), life = life_of(f, id);
        if (when == 0)
            started(f, life, "");
        expected(f, id);
        expect_attach(f, life, "below");
        if (when == 1)
            started(f, life, "");
        expected(f, id); /* a second time */
        expect_nothing(&f->r);
        attached(f, id);
        expect_reply(f, number, XYLEM_OK);
        started(f, life, "");
        attached(f, id); /* a second time */
        expect_nothing(&f->r);
    }
}

/* Where there are keys the parent is asked when the key is there. */
static void test_keyed(void **state)
{
    static const char key[] = "0123456789012345678901234567890123456789";
    fixture *f = *state;
    uint64_t number = command(f, XY_COMMAND_CREATE, 50, 0), life = expect_start(f, 50);
    expect_nothing(&f->r);
    started(f, life, key);
    expect_expected(&f->r, node_of(f, 50)->coming, life);
    assert_string_equal(f->r.hand.expect.key, key);
    expect_attach(f, life, "top");
    started(f, life, key); /* a second time */
    expect_nothing(&f->r);
    arrive(f, 50);
    expect_sent(&f->r, peer_of(f, 50), XY_WELCOME);
    assert_true(expect_reply(f, number, XYLEM_OK)->reply.value == 1050);
    number = command(f, XY_COMMAND_CREATE, 25, 0);
    life = expect_start(f, 25);
    expect_nothing(&f->r);
    started(f, life, key);
    expect_asked(f, 50, XY_EXPECT);
    xy_expectation expectation;
    assert_true(xy_expectation_decode(&expectation, xy_message_payload(&f->r.hand.send.message),
                                      XY_EXPECTATION_SIZE));
    assert_string_equal(expectation.key, key);
    expect_nothing(&f->r);
    expected(f, 25);
    expect_attach(f, life, "below");
    attached(f, 25);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
}

/* That a life does not start is not the fault of its parent. */
static void test_keyed_and_never_started(void **state)
{
    fixture *f = *state;
    uint64_t number = command(f, XY_COMMAND_CREATE, 50, 0), life = expect_start(f, 50);
    tick(&f->r, TIMEOUT_MS * 3 / 4 - 1);
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS * 3 / 4);
    expect_kill(f, life, false);
    ended(f, life);
    expect_reply(f, number, XYLEM_CANNOT_START);
    assert_null(node_of(f, 50));
}

static void test_a_life_that_does_not_begin(void **state)
{
    fixture *f = *state;
    for (uint64_t life = 1; life <= 2; life++) { /* each time another one */
        uint64_t number = command(f, XY_COMMAND_CREATE, 50, 0);
        assert_true(expect_start(f, 50) == life);
        expect(&f->r, XY_ACTION_EXPECT);
        expect_attach(f, life, "top");
        expect_at_once(f, XY_COMMAND_CREATE, 50, 0, XYLEM_EXISTS);
        expect_at_once(f, XY_COMMAND_CREATE, 60, 0, XYLEM_PARENT_UNAVAILABLE); /* it starts only */
        expect_at_once(f, XY_COMMAND_PING, 50, 0, XYLEM_NOT_FOUND);
        expect_at_once(f, XY_COMMAND_REMOVE, 50, 0, XYLEM_NOT_FOUND);
        ended_by(f, life, false, (xy_cause){XYLEM_NO_CAUSE, 0}, "no room");
        expect_text(f, number, XYLEM_CANNOT_START, "no room");
        expect_let_go(&f->r, life_at(f, life)->peer);
        expect_nothing(&f->r);
        assert_null(node_of(f, 50));
    }
}

/* Before, between and after what else is waited for. */
static void test_a_life_that_ends_before_it_has_attached(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    for (int when = 0; when < 3; when++) {
        xy_number asked;
        uint64_t number = begin_create(f, 25, 50, &asked), life = life_of(f, 25);
        uint64_t link = node_of(f, 25)->coming.link.number;
        if (when > 0)
            started(f, life, "");
        if (when > 1) {
            expected(f, 25);
            expect_attach(f, life, "below");
        }
        ended_by(f, life, true, (xy_cause){XYLEM_EXITED, 3}, "it fell");
        expect_text(f, number, XYLEM_CANNOT_START, "it fell");
        assert_true(expect_let_go_of(f, 50, link).request == 0);
        expect_nothing(&f->r);
        assert_null(node_of(f, 25));
        expected_on(f, life, link); /* too late */
        attached_on(f, life, link);
        ended(f, life);
        started(f, life, "");
        expect_nothing(&f->r);
    }
    create(f, 25, 50);
}

static void test_a_parent_that_refuses(void **state)
{
    static const struct {
        int told, answered;
    } cases[] = {{XYLEM_NOT_FOUND, XYLEM_PARENT_UNAVAILABLE}, {XYLEM_NO_MEMORY, XYLEM_NO_MEMORY}};
    fixture *f = *state;
    create_root(f, 50);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        xy_number asked;
        uint64_t number = begin_create(f, 25, 50, &asked), life = life_of(f, 25);
        answer(f, asked, 50, cases[i].told);
        expect_let_go_of(f, 50, node_of(f, 25)->coming.link.number);
        expect_kill(f, life, false);
        expect_nothing(&f->r);
        ended(f, life);
        expect_reply(f, number, cases[i].answered);
        assert_null(node_of(f, 25));
        expect_nothing(&f->r);
    }
}

/* It says why. */
static void test_a_parent_that_has_no_room(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    uint64_t number = begin_create(f, 25, 50, &asked), life = life_of(f, 25);
    hear_from(f, 50, with_text(reply_to(asked, XYLEM_CANNOT_START), "no room"));
    expect_let_go_of(f, 50, node_of(f, 25)->coming.link.number);
    expect_kill(f, life, false);
    expect_nothing(&f->r);
    ended(f, life);
    expect_text(f, number, XYLEM_CANNOT_START, "no room");
    expect_nothing(&f->r);
}

/* The way to the parent is not there, and word of that is on its way: that is waited for. */
static void test_a_parent_that_cannot_be_reached(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t number = begin_create(f, 95, 90, &asked), life = life_of(f, 95);
    undelivered(f, asked, 50, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    change(f, XY_CHANGE_SILENT, 90);
    expect_lost(f, 90, XYLEM_SILENT, 90);
    expect_let_go_of(f, 90, life_at(f, life)->peer.link.number + 6);
    expect_kill(f, life, false);
    ended(f, life);
    expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_CREATE, 95, 0, XYLEM_PARENT_UNAVAILABLE);
}

static void test_a_node_that_does_not_attach(void **state)
{
    fixture *f = *state;
    uint64_t number = command(f, XY_COMMAND_CREATE, 50, 0), life = expect_start(f, 50);
    expect(&f->r, XY_ACTION_EXPECT);
    expect_attach(f, life, "top");
    assert_true(deadline_of(&f->r) == TIMEOUT_MS * 3 / 4);
    tick(&f->r, TIMEOUT_MS * 3 / 4 - 1);
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS * 3 / 4);
    expect_let_go(&f->r, life_at(f, life)->peer);
    expect_kill(f, life, false);
    expect_nothing(&f->r);
    ended(f, life);
    expect_text(f, number, XYLEM_CANNOT_START,
                "the node did not answer within three quarters of the timeout");
    assert_null(node_of(f, 50));
    say_hello(f, life); /* too late */
    expect_nothing(&f->r);
    create_root(f, 50);
}

/* Whether its end is known or not, the reply comes by the deadline of the command. */
static void test_a_create_is_answered_in_time(void **state)
{
    static const int64_t times[] = {0, 1, 100, 1000, 1600, 4000};
    fixture *f = *state;
    create_root(f, 50);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        for (int attaching = 0; attaching < 2; attaching++) {
            int64_t until_ms = f->r.now_ms + times[i];
            bool replied = false;
            uint64_t number = command_within(f, XY_COMMAND_CREATE, 25, 0, times[i]);
            expect_start(f, 25);
            expect_asked(f, 50, XY_EXPECT);
            if (attaching)
                expected(f, 25);
            for (xy_action action; !replied;) {
                assert_true(deadline_of(&f->r) <= until_ms);
                tick(&f->r, deadline_of(&f->r));
                while (xy_queue_pop(&f->r.out, &action)) {
                    replied = replied ||
                              (action.kind == XY_ACTION_REPLY && action.reply.command == number);
                    xy_action_clear(&action);
                }
            }
            assert_null(node_of(f, 25));
        }
}

/* The link, the life, the number and the tag of a request: what does not show them is passed over.
 */
static void test_wrong_numbers(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    uint64_t number = begin_create(f, 25, 50, &asked);
    xy_number wrong = {asked.request, asked.tag ^ 1};
    answer(f, wrong, 50, XYLEM_CANNOT_START);
    expect_nothing(&f->r);
    wrong = (xy_number){asked.request + 1, asked.tag};
    answer(f, wrong, 50, XYLEM_CANNOT_START);
    expect_nothing(&f->r);
    answer(f, asked, 50, XYLEM_OK); /* only a failure is answered */
    expect_nothing(&f->r);
    uint64_t life = life_of(f, 25), link = node_of(f, 25)->coming.link.number;
    attached_on(f, life, link); /* it was not told to attach */
    for (int what = 0; what < 2; what++)
        expected_on(f, life + (what == 0), link + (what == 1));
    expect_nothing(&f->r);
    expected_on(f, life, link);
    expect_attach(f, life, "below");
    for (int what = 0; what < 2; what++)
        attached_on(f, life + (what == 0), link + (what == 1));
    expect_nothing(&f->r);
    attached_on(f, life, link);
    expect_reply(f, number, XYLEM_OK);
    uint64_t ping = command(f, XY_COMMAND_PING, 25, 0);
    asked = expect_asked(f, 25, XY_PING)->number;
    wrong = (xy_number){asked.request, asked.tag + 1};
    answer(f, wrong, 50, XYLEM_OK);
    expect_nothing(&f->r);
    answer(f, asked, 50, XYLEM_OK);
    expect_reply(f, ping, XYLEM_OK);
}

/* A worker cannot say of others that they are silent. */
static void test_changes_of_others(void **state)
{
    fixture *f = *state;
    create_five(f);
    for (int what = 0; what < 3; what++) {
        xy_peer peer = node_of(f, 90)->peer;
        xy_message message = {.kind = XY_CHANGE,
                              .code = XY_CHANGE_SILENT,
                              .id = 90,
                              .life = node_of(f, what == 2 ? 60 : 90)->life,
                              .link = peer.link,
                              .number.tag = peer.tag};
        message.number.tag ^= what == 0;
        message.link.number -= what == 1;
        hear_from(f, 50, message);
        expect_nothing(&f->r);
    }
    change(f, XY_CHANGE_BACK, 90); /* it never was away */
    expect_nothing(&f->r);
}

static void test_a_chosen_parent(void **state)
{
    fixture *f = *state;
    xy_command made = {.kind = XY_COMMAND_CREATE, .id = 2, .timeout_ms = -1};
    create_root(f, 1);
    made.parent = 7;
    uint64_t number = xy_controller_command(&f->controller, &made, 0, &f->r.out);
    expect_reply(f, number, XYLEM_PARENT_NOT_FOUND);
    made.parent = 1;
    xy_controller_command(&f->controller, &made, 0, &f->r.out);
    expect_start(f, 2);
    expect_asked(f, 1, XY_EXPECT);
    made.id = 3;
    made.parent = XY_PARENT_CONTROLLER;
    xy_controller_command(&f->controller, &made, 0, &f->r.out);
    expect_start(f, 3);
    expect(&f->r, XY_ACTION_EXPECT);
    expect_attach(f, 3, "top");
    expect_nothing(&f->r);
}

/* Asking. */

static xy_command exec_of(int64_t id, const char *text, size_t size)
{
    return (xy_command){
        .kind = XY_COMMAND_EXEC, .id = id, .timeout_ms = -1, .text = text, .size = size};
}

static uint64_t start_job(fixture *f, int64_t id, xy_number *asked)
{
    uint64_t number = command(f, XY_COMMAND_EXEC, id, 0);
    *asked = expect_asked(f, id, XY_EXEC)->number;
    assert_true(asked->request == number);
    return number;
}

static void test_exec_and_ping(void **state)
{
    fixture *f = *state;
    create_five(f);
    xy_command exec = exec_of(90, "time", 4);
    uint64_t number = xy_controller_command(&f->controller, &exec, 0, &f->r.out);
    const xy_message *asked = expect_asked(f, 90, XY_EXEC);
    xy_number numbered = asked->number;
    assert_bytes(xy_message_payload(asked), asked->payload_size, "time");
    assert_int_equal(asked->budget_ms, TIMEOUT_MS);
    hear_from(f, 90, with_text(reply_to(numbered, XYLEM_OK), "7 ms"));
    expect_text(f, number, XYLEM_OK, "7 ms");
    answer(f, numbered, 90, XYLEM_OK); /* a second time */
    expect_nothing(&f->r);
    number = command(f, XY_COMMAND_PING, 25, 0);
    numbered = expect_asked(f, 25, XY_PING)->number;
    undelivered(f, numbered, 25, XYLEM_NOT_FOUND); /* of another life: it cannot be reached */
    expect_reply(f, number, XYLEM_UNAVAILABLE);
    number = command(f, XY_COMMAND_EXEC, 25, 0);
    numbered = expect_asked(f, 25, XY_EXEC)->number;
    hear_from(f, 25, with_text(reply_to(numbered, XYLEM_FAILED), "why"));
    expect_text(f, number, XYLEM_FAILED, "why");
}

/* A relay says that the node cannot be reached: its notice comes first. */
static void test_the_notice_comes_before_the_reply(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t job = start_job(f, 90, &asked);
    undelivered(f, asked, 90, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    ended(f, life_of(f, 90));
    expect_let_go_of(f, 75, 5);
    expect_lost(f, 90, XYLEM_SIGNALLED, 90);
    expect_reply(f, job, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
}

static void test_cancel(void **state)
{
    fixture *f = *state;
    xy_number asked, pinged;
    create_five(f);
    uint64_t job = start_job(f, 90, &asked), ping = command(f, XY_COMMAND_PING, 25, 0);
    pinged = expect_asked(f, 25, XY_PING)->number;
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)job);
    expect_reply(f, job, XYLEM_CANCELLED);
    const xy_message *told = expect_asked(f, 90, XY_CANCEL);
    assert_true(told->number.request == 0 && told->value == (int64_t)job);
    expect_reply(f, cancel, XYLEM_OK);
    answer(f, asked, 90, XYLEM_OK); /* too late */
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)job, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)ping, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, 0, XYLEM_NOT_FOUND);
    answer(f, pinged, 25, XYLEM_OK);
    expect_reply(f, ping, XYLEM_OK);
}

static void test_a_long_request_goes_in_fragments(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    static char text[2 * PART + 1];
    static const uint8_t parts[] = {XY_PART_MORE, XY_PART_MORE | XY_PART_CONTINUED,
                                    XY_PART_CONTINUED};
    fixture *f = *state;
    create_five(f);
    text[2 * PART] = 'e';
    xy_command exec = exec_of(90, text, sizeof text);
    exec.timeout_ms = 70;
    uint64_t number = xy_controller_command(&f->controller, &exec, 0, &f->r.out);
    for (int i = 0; i < 3; i++) {
        const xy_message *sent = expect_asked(f, 90, XY_EXEC);
        assert_true(sent->number.request == number && sent->part == parts[i]);
        assert_int_equal(sent->budget_ms, 70);
        assert_int_equal(sent->payload_size, i == 2 ? 1 : PART);
        assert_memory_equal(xy_message_payload(sent), text + i * PART, sent->payload_size);
    }
    expect_nothing(&f->r);
}

/* `value` is the size of the whole, of the first one; of the others where they begin. */
static void answer_in_part(fixture *f, xy_number number, uint8_t part, int64_t value,
                           const char *text)
{
    xy_message reply = reply_to(number, XYLEM_FAILED);
    reply.part = part;
    reply.value = value;
    hear_from(f, 50, with_text(reply, text));
}

static void test_an_answer_in_fragments(void **state)
{
    fixture *f = *state;
    xy_number one, other;
    create_five(f);
    uint64_t first = start_job(f, 25, &one), second = start_job(f, 90, &other);
    answer_in_part(f, one, XY_PART_MORE, 16, "it ");
    answer_in_part(f, other, XY_PART_MORE, 14, "another ");
    answer_in_part(f, one, XY_PART_MORE | XY_PART_CONTINUED, 3, "does not ");
    expect_nothing(&f->r);
    answer_in_part(f, one, XY_PART_CONTINUED, 12, "work");
    expect_text(f, first, XYLEM_FAILED, "it does not work");
    answer_in_part(f, other, XY_PART_CONTINUED, 8, "reason");
    expect_text(f, second, XYLEM_FAILED, "another reason");
    expect_nothing(&f->r);
}

static void test_an_answer_in_fragments_that_stops(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t job = start_job(f, 90, &asked);
    answer_in_part(f, asked, XY_PART_MORE, 8, "it ");
    answer(f, asked, 90, XYLEM_NO_MEMORY);
    assert_int_equal(expect_reply(f, job, XYLEM_NO_MEMORY)->reply.size, 0);
    answer_in_part(f, asked, XY_PART_CONTINUED, 3, "works");
    expect_nothing(&f->r);
    assert_int_equal(xy_assemblies_count(&f->controller.arriving), 0);
}

static void test_an_answer_in_fragments_that_comes_too_late(void **state)
{
    fixture *f = *state;
    xy_number late, given_up, dead;
    create_five(f);
    uint64_t job = start_job(f, 90, &late), cancelled = start_job(f, 90, &given_up);
    uint64_t lost = start_job(f, 25, &dead);
    answer_in_part(f, late, XY_PART_MORE, 8, "it ");
    answer_in_part(f, given_up, XY_PART_MORE, 8, "it ");
    answer_in_part(f, dead, XY_PART_MORE, 8, "it ");
    command(f, XY_COMMAND_CANCEL, 0, (int64_t)cancelled);
    expect_reply(f, cancelled, XYLEM_CANCELLED);
    expect_asked(f, 90, XY_CANCEL);
    expect(&f->r, XY_ACTION_REPLY);
    change(f, XY_CHANGE_SILENT, 25);
    expect_notice(f, 25, false);
    expect_reply(f, lost, XYLEM_UNAVAILABLE);
    tick(&f->r, TIMEOUT_MS);
    assert_int_equal(expect_reply(f, job, XYLEM_UNAVAILABLE)->reply.size, 0);
    answer_in_part(f, late, XY_PART_CONTINUED, 3, "works");
    answer_in_part(f, given_up, XY_PART_CONTINUED, 3, "works");
    answer_in_part(f, dead, XY_PART_CONTINUED, 3, "works");
    expect_nothing(&f->r);
    assert_int_equal(xy_assemblies_count(&f->controller.arriving), 0);
}

/* Only what a service answers comes in fragments. */
static void test_other_answers_in_fragments_are_none(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t ping = command(f, XY_COMMAND_PING, 50, 0);
    xy_number asked = expect_asked(f, 50, XY_PING)->number;
    answer_in_part(f, asked, XY_PART_MORE, 0, "");
    answer_in_part(f, asked, XY_PART_CONTINUED, 0, "");
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
}

static void test_deadlines(void **state)
{
    fixture *f = *state;
    create_five(f);
    f->r.now_ms = 100;
    uint64_t ping = command(f, XY_COMMAND_PING, 25, 0);
    xy_number asked = expect_asked(f, 25, XY_PING)->number;
    uint64_t exec = command_within(f, XY_COMMAND_EXEC, 25, 0, 70);
    expect_asked(f, 25, XY_EXEC);
    assert_true(deadline_of(&f->r) == 170);
    tick(&f->r, 169);
    expect_nothing(&f->r);
    tick(&f->r, 170);
    expect_reply(f, exec, XYLEM_UNAVAILABLE);
    assert_true(deadline_of(&f->r) == 100 + TIMEOUT_MS);
    tick(&f->r, 100 + TIMEOUT_MS);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
    answer(f, asked, 25, XYLEM_OK);
    expect_nothing(&f->r);
    assert_true(deadline_of(&f->r) == XY_NEVER);
}

static void test_garbage_is_ignored(void **state)
{
    static const uint8_t garbage[XY_MESSAGE_HEADER] = "xy";
    fixture *f = *state;
    create_root(f, 50);
    hear_bytes(&f->r, peer_of(f, 50), garbage, sizeof garbage);
    hear_bytes(&f->r, peer_of(f, 50), "", 0);
    hear(&f->r, child_on(77), reply_to(number_of(1), XYLEM_OK));
    hear(&f->r, peer_of(f, 50), reply_to(number_of(999), XYLEM_OK));
    hear(&f->r, peer_of(f, 50), request_for(XY_PING, 1, 50, 1));
    expect_nothing(&f->r);
}

/* Availability. */

static void test_notices_ascend(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_SILENT, 75);
    expect_lost(f, 60, XYLEM_ANCESTOR, 75);
    expect_lost(f, 75, XYLEM_SILENT, 75);
    expect_lost(f, 90, XYLEM_ANCESTOR, 75);
    expect_nothing(&f->r);           /* below a node that only hangs nothing is ended */
    change(f, XY_CHANGE_SILENT, 75); /* once for each change */
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 90, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_EXEC, 75, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_CREATE, 91, 0, XYLEM_PARENT_UNAVAILABLE);
    ended(f, life_of(f, 90)); /* it could not be reached anyway */
    expect_let_go_of(f, 75, 5);
    expect_nothing(&f->r);
    change(f, XY_CHANGE_BACK, 75);
    expect_notice(f, 60, true);
    assert_true(f->r.hand.notice.origin == XY_NO_ID);
    expect_notice(f, 75, true);
    expect_nothing(&f->r); /* 90 stays away */
    assert_int_equal(f->controller.counts.false_silences, 1);
}

/* What was asked is answered at once, in its order, after the notices; what starts below fails;
 * what lives below is ended. */
static void test_a_node_dies(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t job = start_job(f, 75, &asked), below = start_job(f, 90, &asked);
    start_job(f, 25, &asked); /* which is not concerned */
    uint64_t ping = command(f, XY_COMMAND_PING, 75, 0);
    expect_asked(f, 75, XY_PING);
    ended(f, life_of(f, 75));
    expect_let_go_of(f, 50, 3);
    expect_lost(f, 60, XYLEM_ANCESTOR, 75);
    expect_lost(f, 75, XYLEM_SIGNALLED, 75);
    assert_int_equal(f->r.hand.notice.cause.number, 9);
    expect_lost(f, 90, XYLEM_ANCESTOR, 75);
    expect_reply(f, job, XYLEM_UNAVAILABLE);
    expect_reply(f, ping, XYLEM_UNAVAILABLE);
    expect_reply(f, below, XYLEM_UNAVAILABLE);
    expect_kill(f, 4, false);
    expect_kill(f, 5, false);
    expect_nothing(&f->r);
    ended(f, 4);
    ended(f, 5);
    ended(f, 3); /* a second time */
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 90, 0, XYLEM_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_CREATE, 90, 0, XYLEM_EXISTS); /* ids stay until they are removed */
    expect_at_once(f, XY_COMMAND_CREATE, 95, 0, XYLEM_PARENT_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_FAULT, 75, XY_FAULT_RESUME, XYLEM_OK);
}

/* From the dead nothing is heard any more, whatever is still on its way. */
static void test_the_dead_stay_dead(void **state)
{
    fixture *f = *state;
    create_five(f);
    ended(f, life_of(f, 60));
    expect_let_go_of(f, 75, 4);
    expect_notice(f, 60, false);
    change(f, XY_CHANGE_SILENT, 60);
    change(f, XY_CHANGE_BACK, 60);
    attached(f, 60);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 60, 0, XYLEM_UNAVAILABLE);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 60, 0);
    expect_let_go_of(f, 75, 4);
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 0);
    expect_nothing(&f->r);
    assert_null(node_of(f, 60));
}

static void test_the_root_dies(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    create(f, 25, 50);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_lost(f, 25, XYLEM_ANCESTOR, 50);
    expect_lost(f, 50, XYLEM_SIGNALLED, 50);
    expect_kill(f, 2, false);
    expect_nothing(&f->r);
    ended(f, 2);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 50, 0);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.map.count, 0);
    create_root(f, 50);
}

/* A create below one that dies fails at once; its life ends too. */
static void test_a_create_below_one_that_dies(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t number = begin_create(f, 95, 90, &asked), life = life_of(f, 95);
    ended(f, life_of(f, 75));
    expect_let_go_of(f, 50, 3);
    for (int i = 0; i < 3; i++)
        expect(&f->r, XY_ACTION_NOTICE);
    xy_action action;
    bool killed = false;
    while (xy_queue_pop(&f->r.out, &action)) {
        killed = killed || (action.kind == XY_ACTION_KILL && action.kill.life.number == life);
        xy_action_clear(&action);
    }
    assert_true(killed);
    ended(f, life);
    expect_reply(f, number, XYLEM_PARENT_UNAVAILABLE);
    assert_null(node_of(f, 95));
}

static void test_silence_of_a_topmost_node(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    create(f, 25, 50);
    uint64_t number = command(f, XY_COMMAND_HEARTBEAT, 0, T);
    const xy_message *told = expect_sent(&f->r, peer_of(f, 50), XY_INTERVAL);
    assert_true(told->value == T && told->number.request == 2);
    expect_reply(f, number, XYLEM_OK);
    uint64_t job = start_job(f, 25, &asked);
    for (int64_t now = T; now <= 4 * T; now += T)
        tick(&f->r, now);
    expect_nothing(&f->r);
    tick(&f->r, 4 * T + T / 2);
    expect_lost(f, 25, XYLEM_ANCESTOR, 50);
    expect_lost(f, 50, XYLEM_SILENT, 50);
    expect_reply(f, job, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    hear(&f->r, peer_of(f, 50), (xy_message){.kind = XY_HEARTBEAT});
    expect_notice(f, 25, true);
    expect_notice(f, 50, true);
    answer(f, asked, 25, XYLEM_OK); /* it has been answered */
    expect_nothing(&f->r);
}

static void test_wait(void **state)
{
    fixture *f = *state;
    create_five(f);
    expect_at_once(f, XY_COMMAND_WAIT, 90, 1, XYLEM_OK);
    uint64_t down = command(f, XY_COMMAND_WAIT, 90, 0), up = command(f, XY_COMMAND_WAIT, 99, 1);
    expect_nothing(&f->r);
    change(f, XY_CHANGE_SILENT, 75);
    for (int i = 0; i < 3; i++)
        expect(&f->r, XY_ACTION_NOTICE);
    expect_reply(f, down, XYLEM_OK);
    expect_nothing(&f->r);
    tick(&f->r, TIMEOUT_MS);
    expect_reply(f, up, XYLEM_TIMED_OUT);
    uint64_t back = command(f, XY_COMMAND_WAIT, 60, 1);
    change(f, XY_CHANGE_BACK, 75);
    for (int i = 0; i < 3; i++)
        expect(&f->r, XY_ACTION_NOTICE);
    expect_reply(f, back, XYLEM_OK);
    expect_nothing(&f->r);
}

static void test_wait_for_a_node_that_comes(void **state)
{
    fixture *f = *state;
    uint64_t up = command(f, XY_COMMAND_WAIT, 50, 1);
    uint64_t number = command(f, XY_COMMAND_CREATE, 50, 0), life = expect_start(f, 50);
    expect(&f->r, XY_ACTION_EXPECT);
    expect_attach(f, life, "top");
    arrive(f, 50);
    expect(&f->r, XY_ACTION_SEND);
    expect_reply(f, number, XYLEM_OK);
    expect_reply(f, up, XYLEM_OK);
}

/* A node that is told to end is not available: its end need not be waited for. */
static void test_wait_for_the_end(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t down = command(f, XY_COMMAND_WAIT, 50, 0);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 50, 0);
    expect_end(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_reply(f, down, XYLEM_OK);
    expect_at_once(f, XY_COMMAND_WAIT, 50, 0, XYLEM_OK);
    ended(f, 1);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(&f->r);
}

/* Removal. */

static void test_remove(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t job = start_job(f, 90, &asked), removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_end(f, 3); /* all at once, not through the tree */
    expect_end(f, 4);
    expect_reply(f, job, XYLEM_UNAVAILABLE);
    expect_end(f, 5);
    expect_let_go_of(f, 50, 3);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_PING, 90, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_CREATE, 95, 0, XYLEM_PARENT_UNAVAILABLE);
    expect_at_once(f, XY_COMMAND_CREATE, 90, 0, XYLEM_EXISTS);
    expect_at_once(f, XY_COMMAND_REMOVE, 75, 0, XYLEM_NOT_FOUND);
    expect_at_once(f, XY_COMMAND_REMOVE, 60, 0, XYLEM_NOT_FOUND);
    ended(f, 5);
    ended(f, 3);
    ended(f, 3); /* a second time */
    expect_nothing(&f->r);
    ended(f, 4);
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 0);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.map.count, 2);
    create(f, 75, 50);
    assert_true(life_of(f, 75) == 6 && node_of(f, 75)->peer.link.number == 6);
}

/* Exactly those that are not over when the grace is are killed. */
static void test_remove_what_hangs(void **state)
{
    fixture *f = *state;
    create_five(f);
    f->r.now_ms = 100;
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    for (uint64_t life = 3; life <= 5; life++)
        expect_end(f, life);
    expect_let_go_of(f, 50, 3);
    ended(f, 4);
    assert_true(deadline_of(&f->r) == 100 + XY_GRACE_MS);
    tick(&f->r, 100 + XY_GRACE_MS - 1);
    expect_nothing(&f->r);
    tick(&f->r, 100 + XY_GRACE_MS);
    expect_kill(f, 3, true);
    expect_kill(f, 5, true);
    tick(&f->r, 100 + 2 * XY_GRACE_MS);
    expect_nothing(&f->r); /* once */
    ended(f, 3);
    expect_nothing(&f->r);
    ended(f, 5);
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 2);
    expect_nothing(&f->r);
}

/* What ends has others wait, but not for ever. */
static void test_remove_while_others_end(void **state)
{
    fixture *f = *state;
    create_five(f);
    command(f, XY_COMMAND_REMOVE, 75, 0);
    for (uint64_t life = 3; life <= 5; life++)
        expect_end(f, life);
    expect_let_go_of(f, 50, 3);
    f->r.now_ms = 100;
    ended(f, 4);
    tick(&f->r, XY_GRACE_MS);
    tick(&f->r, 100 + XY_GRACE_MS - 1);
    expect_nothing(&f->r);
    ended(f, 5);
    tick(&f->r, 100 + XY_GRACE_MS);
    assert_true(deadline_of(&f->r) == xy_grace_max_ms(5));
    tick(&f->r, xy_grace_max_ms(5) - 1);
    expect_nothing(&f->r);
    tick(&f->r, xy_grace_max_ms(5));
    expect_kill(f, 3, true);
    expect_nothing(&f->r);
}

/* The same when they end elsewhere. */
static void test_close_while_others_end(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    create_root(f, 70);
    command(f, XY_COMMAND_CLOSE, 0, 0);
    while (f->r.out.actions.count > 0) {
        xy_action action;
        xy_queue_pop(&f->r.out, &action);
        xy_action_clear(&action);
    }
    f->r.now_ms = 100;
    ended(f, 1);
    tick(&f->r, XY_GRACE_MS);
    tick(&f->r, 100 + XY_GRACE_MS - 1);
    expect_nothing(&f->r);
    tick(&f->r, 100 + XY_GRACE_MS);
    expect_kill(f, 2, true);
    expect_nothing(&f->r);
}

/* Half of its time: so that the answer is not too late. */
static void test_remove_in_a_hurry(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t removal = command_within(f, XY_COMMAND_REMOVE, 50, 0, 300);
    expect_end(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    assert_true(deadline_of(&f->r) == 150);
    tick(&f->r, 150);
    expect_kill(f, 1, true);
    tick(&f->r, 300); /* whatever the launcher says */
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 1);
    assert_null(node_of(f, 50));
    ended(f, 1);
    expect_nothing(&f->r);
}

/* One whose silence has lasted too long does not end by itself; those below it may. */
static void test_remove_what_is_silent(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_SILENT, 75);
    for (int i = 0; i < 3; i++)
        expect(&f->r, XY_ACTION_NOTICE);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_kill(f, 3, false);
    expect_end(f, 4);
    expect_end(f, 5);
    expect_let_go_of(f, 50, 3);
    for (uint64_t life = 3; life <= 5; life++)
        ended(f, life);
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 1);
    expect_nothing(&f->r);
}

static void test_remove_what_cannot_be_reached(void **state)
{
    fixture *f = *state;
    create_five(f);
    change(f, XY_CHANGE_SILENT, 75);
    for (int i = 0; i < 3; i++)
        expect(&f->r, XY_ACTION_NOTICE);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 90, 0);
    expect_end(f, 5);
    expect_let_go_of(f, 75, 5);
    ended(f, 5);
    assert_int_equal(expect_reply(f, removal, XYLEM_OK)->reply.value, 0);
    expect_nothing(&f->r);
}

/* The removal of a node above takes over the one below: both are answered when all is over. */
static void test_two_removals(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t below = command(f, XY_COMMAND_REMOVE, 60, 0);
    expect_end(f, 4);
    expect_let_go_of(f, 75, 4);
    f->r.now_ms = 100;
    uint64_t above = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_end(f, 3);
    expect_end(f, 5);
    expect_let_go_of(f, 50, 3);
    ended(f, 3);
    ended(f, 5);
    expect_nothing(&f->r);
    ended(f, 4);
    expect_reply(f, above, XYLEM_OK);
    expect_reply(f, below, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.map.count, 2);
}

/* The time of the removal below is over first: that is answered, and the other one goes on. */
static void test_the_removal_below_is_over_first(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t below = command_within(f, XY_COMMAND_REMOVE, 60, 0, 100);
    expect_end(f, 4);
    expect_let_go_of(f, 75, 4);
    f->r.now_ms = 40;
    uint64_t above = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_end(f, 3);
    expect_end(f, 5);
    expect_let_go_of(f, 50, 3);
    xy_action action;
    bool replied = false;
    for (int64_t now = 50; now <= 100; now += 50) {
        tick(&f->r, now);
        while (xy_queue_pop(&f->r.out, &action)) {
            assert_true(action.kind == XY_ACTION_KILL || action.reply.command == below);
            replied = replied || action.kind == XY_ACTION_REPLY;
            xy_action_clear(&action);
        }
    }
    assert_true(replied);
    assert_non_null(node_of(f, 75));
    tick(&f->r, 40 + XY_GRACE_MS);
    expect_kill(f, 3, true);
    while (xy_queue_pop(&f->r.out, &action))
        assert_int_equal(action.kind, XY_ACTION_KILL);
    for (uint64_t life = 3; life <= 5; life++)
        ended(f, life);
    expect_reply(f, above, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(f->controller.map.count, 2);
}

static void test_remove_above_a_create(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t number = begin_create(f, 95, 90, &asked), life = life_of(f, 95);
    expected(f, 95);
    expect_attach(f, life, "below");
    uint64_t link = node_of(f, 95)->coming.link.number, removal;
    removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    expect_end(f, 3);
    expect_end(f, 4);
    expect_end(f, 5);
    expect_kill(f, life, false);
    expect_let_go_of(f, 50, 3);
    expect_nothing(&f->r);
    attached_on(f, life, link); /* too late */
    expect_nothing(&f->r);
    for (uint64_t each = 3; each <= 5; each++)
        ended(f, each);
    ended(f, life);
    xy_action action;
    bool seen[2] = {false};
    while (xy_queue_pop(&f->r.out, &action)) {
        assert_int_equal(action.kind, XY_ACTION_REPLY);
        bool created = action.reply.command == number;
        assert_true(created || action.reply.command == removal);
        assert_int_equal(action.reply.status, created ? XYLEM_CANNOT_START : XYLEM_OK);
        assert_false(seen[created]);
        seen[created] = true;
        xy_action_clear(&action);
    }
    assert_true(seen[0] && seen[1]);
    assert_int_equal(f->controller.map.count, 2);
}

/* The create is answered in its time; that does not end the removal above it. */
static void test_a_create_in_a_removal_is_over_first(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t number = command_within(f, XY_COMMAND_CREATE, 95, 0, 100);
    expect_start(f, 95);
    expect_asked(f, 90, XY_EXPECT);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 75, 0);
    while (f->r.out.actions.count > 0) {
        xy_action action;
        xy_queue_pop(&f->r.out, &action);
        assert_int_not_equal(action.kind, XY_ACTION_REPLY);
        xy_action_clear(&action);
    }
    tick(&f->r, 100);
    expect_reply(f, number, XYLEM_CANNOT_START);
    expect_nothing(&f->r);
    assert_non_null(node_of(f, 75));
    tick(&f->r, XY_GRACE_MS);
    for (uint64_t life = 3; life <= 5; life++)
        expect_kill(f, life, true);
    while (f->r.out.actions.count > 0)
        expect(&f->r, XY_ACTION_KILL);
    for (uint64_t life = 3; life <= 6; life++)
        ended(f, life);
    expect_reply(f, removal, XYLEM_OK);
    expect_nothing(&f->r);
}

/* Other commands. */

static void test_heartbeats_of_new_nodes(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t number = command(f, XY_COMMAND_HEARTBEAT, 0, 250);
    assert_int_equal(expect_sent(&f->r, peer_of(f, 50), XY_INTERVAL)->value, 250);
    expect_reply(f, number, XYLEM_OK);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_notice(f, 50, false);
    expect_reply(f, command(f, XY_COMMAND_REMOVE, 50, 0), XYLEM_OK);
    command(f, XY_COMMAND_CREATE, 60, 0);
    uint64_t life = expect_start(f, 60);
    expect(&f->r, XY_ACTION_EXPECT);
    expect_attach(f, life, "top");
    arrive(f, 60);
    const xy_message *welcome = expect_sent(&f->r, peer_of(f, 60), XY_WELCOME);
    assert_true(welcome->value == 250 && welcome->number.request == 2);
    expect(&f->r, XY_ACTION_REPLY);
}

static uint64_t inject(fixture *f, int64_t id, xy_fault fault)
{
    uint64_t number = command(f, XY_COMMAND_FAULT, id, fault);
    const xy_action *signal = expect(&f->r, XY_ACTION_SIGNAL);
    assert_true(signal->signal.command == number && signal->signal.id == id);
    assert_true(signal->signal.life.number == life_of(f, id));
    assert_int_equal(signal->signal.fault, fault);
    expect_nothing(&f->r);
    return number;
}

static void test_faults(void **state)
{
    fixture *f = *state;
    create_five(f);
    for (int fault = XY_FAULT_KILL; fault <= XY_FAULT_RESUME; fault++) {
        uint64_t number = inject(f, 60, (xy_fault)fault);
        signalled(f, number + 1, XYLEM_OK, "");
        expect_nothing(&f->r);
        signalled(f, number, XYLEM_NO_SIGNAL, "no descriptor");
        expect_text(f, number, XYLEM_NO_SIGNAL, "no descriptor");
        signalled(f, number, XYLEM_OK, ""); /* a second time */
        expect_nothing(&f->r);
        if (fault == XY_FAULT_KILL)
            continue;
        number = inject(f, 60, (xy_fault)fault);
        signalled(f, number, XYLEM_OK, "");
        expect_reply(f, number, XYLEM_OK);
        expect_nothing(&f->r);
    }
}

/* A kill is answered when the life is over, and so is whatever else was to be done to it. */
static void test_a_kill(void **state)
{
    fixture *f = *state;
    create_five(f);
    uint64_t number = inject(f, 60, XY_FAULT_KILL), pause = inject(f, 60, XY_FAULT_PAUSE);
    signalled(f, number, XYLEM_OK, "");
    expect_nothing(&f->r);
    ended(f, 4);
    expect_reply(f, number, XYLEM_OK);
    expect_reply(f, pause, XYLEM_OK);
    expect_let_go_of(f, 75, 4);
    expect_notice(f, 60, false);
    signalled(f, pause, XYLEM_OK, "");
    expect_nothing(&f->r);
    number = inject(f, 90, XY_FAULT_KILL);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 90, 0);
    expect_end(f, 5);
    expect_let_go_of(f, 75, 5);
    ended(f, 5);
    expect_reply(f, number, XYLEM_OK);
    expect_reply(f, removal, XYLEM_OK);
    signalled(f, number, XYLEM_OK, "");
    expect_nothing(&f->r);
}

/* How much may be under way. */

static void expect_room(fixture *f)
{
    expect(&f->r, XY_ACTION_ROOM);
    expect_nothing(&f->r);
}

enum { BOUND = 10 };

/* Execs up to the bound, which is that of ten. */
static void fill(fixture *f, uint64_t jobs[BOUND], xy_number asked[BOUND])
{
    f->controller.bound = BOUND * XY_REQUEST_COST;
    for (int i = 0; i < BOUND; i++)
        jobs[i] = start_job(f, 50, &asked[i]);
}

static void finish(fixture *f, uint64_t job, xy_number asked)
{
    answer(f, asked, 50, XYLEM_OK);
    expect_reply(f, job, XYLEM_OK);
}

/* At the bound an exec is refused, and what has no text only when the reserve, which is that of
 * one, is used up. What is refused changes nothing. */
static void test_too_many_commands(void **state)
{
    fixture *f = *state;
    uint64_t jobs[BOUND];
    xy_number asked[BOUND];
    create_root(f, 50);
    fill(f, jobs, asked);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    command(f, XY_COMMAND_PING, 50, 0);
    expect_asked(f, 50, XY_PING);
    expect_at_once(f, XY_COMMAND_PING, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_WAIT, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_CREATE, 25, 0, XYLEM_BUSY);
    assert_null(node_of(f, 25));
    expect_at_once(f, XY_COMMAND_REMOVE, 50, 0, XYLEM_BUSY);
    assert_int_equal(node_of(f, 50)->stage, XY_STAGE_PRESENT);
    assert_int_equal(xy_requests_count(&f->controller.requests), BOUND + 1);
    assert_int_equal(xy_requests_count(&f->controller.waits), 0);
}

/* Those that wait for a node count too. */
static void test_too_many_waits(void **state)
{
    enum { MOST = BOUND + 1 };
    fixture *f = *state;
    uint64_t first = 0;
    create_root(f, 50);
    f->controller.bound = BOUND * XY_REQUEST_COST;
    for (int i = 0; i < MOST; i++) {
        uint64_t number = command(f, XY_COMMAND_WAIT, 50, 0);
        first = i == 0 ? number : first;
    }
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_WAIT, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_notice(f, 50, false);
    for (uint64_t i = 0; i < MOST; i++)
        expect_reply(f, first + i, XYLEM_OK); /* in their order */
    expect_room(f);
}

static void test_texts_are_counted(void **state)
{
    static char text[1000];
    fixture *f = *state;
    create_root(f, 50);
    f->controller.bound = 3 * XY_REQUEST_COST + 700;
    xy_command given = exec_of(50, text, 700);
    xy_controller_command(&f->controller, &given, 0, &f->r.out);
    expect_asked(f, 50, XY_EXEC);
    given.size = XY_REQUEST_COST + 1;
    expect_reply(f, xy_controller_command(&f->controller, &given, 0, &f->r.out), XYLEM_BUSY);
    given.size = XY_REQUEST_COST;
    xy_controller_command(&f->controller, &given, 0, &f->r.out);
    expect_asked(f, 50, XY_EXEC);
    expect_nothing(&f->r);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
}

static void test_arguments_are_counted(void **state)
{
    static const char arguments[XY_REQUEST_COST + 1];
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    f->controller.bound = BOUND * XY_REQUEST_COST;
    start_job(f, 50, &asked);
    xy_command made = create_with(25, arguments, sizeof arguments);
    f->controller.bound = XY_REQUEST_COST * 8 / 3; /* with its reserve 3 times the cost */
    expect_reply(f, xy_controller_command(&f->controller, &made, 0, &f->r.out), XYLEM_BUSY);
    expect_nothing(&f->r);
    made.arguments_size -= 2;
    xy_controller_command(&f->controller, &made, 0, &f->r.out);
    expect_start(f, 25);
}

/* When nothing else is under way, one that is larger than all that may be is taken. */
static void test_the_first_is_taken(void **state)
{
    static char text[1000];
    fixture *f = *state;
    create_root(f, 50);
    f->controller.bound = 500;
    xy_command given = exec_of(50, text, sizeof text);
    xy_controller_command(&f->controller, &given, 0, &f->r.out);
    expect_asked(f, 50, XY_EXEC);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_PING, 50, 0, XYLEM_BUSY);
}

/* Word of room comes once, when half of it is answered, however many were refused. */
static void test_room(void **state)
{
    fixture *f = *state;
    uint64_t jobs[BOUND];
    xy_number asked[BOUND];
    create_root(f, 50);
    fill(f, jobs, asked);
    for (int i = 0; i < 6; i++)
        finish(f, jobs[i], asked[i]);
    expect_nothing(&f->r); /* nothing was refused */
    for (int i = 0; i < 6; i++)
        jobs[i] = start_job(f, 50, &asked[i]);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    for (int i = 0; i < 4; i++) {
        finish(f, jobs[i], asked[i]);
        expect_nothing(&f->r);
    }
    finish(f, jobs[4], asked[4]);
    expect_room(f);
    finish(f, jobs[5], asked[5]);
    expect_nothing(&f->r);
}

static void test_room_after_a_loss(void **state)
{
    fixture *f = *state;
    uint64_t jobs[BOUND];
    xy_number asked[BOUND];
    create_root(f, 50);
    fill(f, jobs, asked);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_notice(f, 50, false);
    for (int i = 0; i < BOUND; i++)
        expect_reply(f, jobs[i], XYLEM_UNAVAILABLE);
    expect_room(f);
}

static void unsent(fixture *f, xy_number number, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_REQUEST;
    event.unsent.request = number;
    event.unsent.status = status;
    feed(&f->r, &event);
}

/* An exec that the link does not take is refused as well. */
static void test_room_after_a_full_link(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    uint64_t exec = start_job(f, 50, &asked);
    unsent(f, asked, XYLEM_BUSY);
    expect_reply(f, exec, XYLEM_BUSY);
    expect_room(f);
    uint64_t ping = command(f, XY_COMMAND_PING, 50, 0);
    asked = expect_asked(f, 50, XY_PING)->number;
    unsent(f, asked, XYLEM_BUSY);
    expect_reply(f, ping, XYLEM_BUSY);
    unsent(f, asked, XYLEM_BUSY); /* a second time */
    expect_nothing(&f->r);
}

/* A neighbour that is not there any more: its end is on its way, and answers. */
static void test_what_cannot_be_sent_to_one_that_has_ended(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    uint64_t exec = start_job(f, 50, &asked);
    unsent(f, asked, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    ended(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_notice(f, 50, false);
    expect_reply(f, exec, XYLEM_UNAVAILABLE);
}

/* Closing. */

static void test_close(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t job = start_job(f, 90, &asked), wait = command(f, XY_COMMAND_WAIT, 90, 0);
    uint64_t close = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, job, XYLEM_INTERRUPTED);
    expect_reply(f, wait, XYLEM_INTERRUPTED);
    for (uint64_t life = 1; life <= 5; life++)
        expect_end(f, life);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_reply(f, close, XYLEM_OK);
    expect_nothing(&f->r);
    ended(f, 1); /* no notices */
    ended(f, 2);
    ended(f, 4);
    ended(f, 5);
    expect_nothing(&f->r);
    tick(&f->r, XY_GRACE_MS);
    expect_kill(f, 3, true);
    expect_nothing(&f->r);
    ended(f, 3);
    expect(&f->r, XY_ACTION_STOP);
    expect_nothing(&f->r);
    tick(&f->r, 10 * XY_GRACE_MS);
    expect_nothing(&f->r);
    assert_true(deadline_of(&f->r) == XY_NEVER);
}

static void test_close_without_nodes(void **state)
{
    fixture *f = *state;
    uint64_t close = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, close, XYLEM_OK);
    expect(&f->r, XY_ACTION_STOP);
    expect_nothing(&f->r);
}

/* What was taken off the map before it was over is waited for all the same. */
static void test_close_after_a_removal_that_took_too_long(void **state)
{
    fixture *f = *state;
    create_root(f, 50);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 50, 0);
    expect_end(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    tick(&f->r, f->r.now_ms + XY_GRACE_MS);
    expect_kill(f, 1, true);
    tick(&f->r, f->r.now_ms + TIMEOUT_MS);
    expect_reply(f, removal, XYLEM_OK);
    uint64_t close = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, close, XYLEM_OK);
    expect_nothing(&f->r);
    ended(f, 1);
    expect(&f->r, XY_ACTION_STOP);
    expect_nothing(&f->r);
}

/* Also what was removed already, has died, or is only starting. */
static void test_close_in_the_middle(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    uint64_t removal = command(f, XY_COMMAND_REMOVE, 60, 0);
    expect_end(f, 4);
    expect_let_go_of(f, 75, 4);
    ended(f, 2);
    expect_let_go_of(f, 50, 2);
    expect_notice(f, 25, false);
    uint64_t number = begin_create(f, 95, 90, &asked), life = life_of(f, 95);
    uint64_t close = command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, removal, XYLEM_INTERRUPTED);
    expect_end(f, 1);
    expect_end(f, 3);
    expect_end(f, 5);
    expect_kill(f, life, false);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_reply(f, close, XYLEM_OK);
    expect_nothing(&f->r);
    static const uint64_t rest[] = {1, 3, 4, 5};
    for (size_t i = 0; i < 4; i++)
        ended(f, rest[i]);
    expect_nothing(&f->r);
    ended(f, life);
    expect_reply(f, number, XYLEM_INTERRUPTED);
    expect(&f->r, XY_ACTION_STOP);
    expect_nothing(&f->r);
}

static void test_close_while_an_answer_arrives(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_root(f, 50);
    uint64_t job = start_job(f, 50, &asked);
    answer_in_part(f, asked, XY_PART_MORE, 8, "it ");
    command(f, XY_COMMAND_CLOSE, 0, 0);
    expect_reply(f, job, XYLEM_INTERRUPTED);
    assert_int_equal(xy_assemblies_count(&f->controller.arriving), 0);
}

static void test_no_room_after_the_end(void **state)
{
    fixture *f = *state;
    uint64_t jobs[BOUND];
    xy_number asked[BOUND];
    create_root(f, 50);
    fill(f, jobs, asked);
    expect_at_once(f, XY_COMMAND_EXEC, 50, 0, XYLEM_BUSY);
    uint64_t close = command(f, XY_COMMAND_CLOSE, 0, 0);
    for (int i = 0; i < BOUND; i++)
        expect_reply(f, jobs[i], XYLEM_INTERRUPTED);
    expect_end(f, 1);
    expect_let_go(&f->r, life_at(f, 1)->peer);
    expect_reply(f, close, XYLEM_OK);
    ended(f, 1);
    expect(&f->r, XY_ACTION_STOP);
    expect_nothing(&f->r);
}

/* Memory. */

/* Everything that is said goes well; calls for memory from the `fails`th on fail, three of them.
 * Each command that was taken is answered once, each life that was started ends, and no promise is
 * left. */

static void give_all(fixture *f, tally *t)
{
    static const int64_t ids[] = {50, 25, 75, 60};
    for (size_t i = 0; i < 4; i++)
        give(f, t, XY_COMMAND_CREATE, ids[i]);
    give(f, t, XY_COMMAND_HEARTBEAT, 0);
    give(f, t, XY_COMMAND_EXEC, 60);
    give(f, t, XY_COMMAND_WAIT, 25);
    give(f, t, XY_COMMAND_FAULT, 25);
    if (t->alive[3]) {
        t->alive[3] = false;
        ended(f, 3);
        perform(f, t);
    }
    give(f, t, XY_COMMAND_PING, 60);
    give(f, t, XY_COMMAND_REMOVE, 75);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t fails = 1; fails < 150; fails++) {
        fixture *f = new_fixture(false, &xy_topology_bst);
        tally t = {0};
        memory_fails(fails, fails + 3);
        give_all(f, &t);
        memory_is_back();
        for (int64_t now = 1; now < 3000; now += 50) {
            tick(&f->r, now);
            perform(f, &t);
        }
        assert_int_equal(t.taken, t.answered);
        assert_int_equal(f->r.out.promised, 0);
        assert_int_equal(xy_requests_count(&f->controller.requests), 0);
        give(f, &t, XY_COMMAND_CLOSE, 0);
        for (int64_t now = 3000; now < 5000; now += 50) {
            tick(&f->r, now);
            perform(f, &t);
        }
        assert_true(f->controller.closed);
        for (size_t i = 0; i < LIVES; i++)
            assert_false(t.alive[i]);
        void *made = f;
        tear_down(&made);
    }
}

/* What waits when the controlling node goes gives its promises back. */
static void test_clear_in_the_middle(void **state)
{
    fixture *f = *state;
    xy_number asked;
    create_five(f);
    start_job(f, 90, &asked);
    begin_create(f, 95, 90, &asked);
    command(f, XY_COMMAND_WAIT, 90, 0);
    command(f, XY_COMMAND_REMOVE, 60, 0);
    while (f->r.out.actions.count > 0) {
        xy_action action;
        xy_queue_pop(&f->r.out, &action);
        xy_action_clear(&action);
    }
    assert_int_equal(f->r.out.promised, 4);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define KEYED(name) cmocka_unit_test_setup_teardown(name, set_up_keyed, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_without_nodes),
        TEST(test_create_five),
        TEST(test_the_service_of_a_node),
        TEST(test_the_arguments_of_a_node),
        TEST(test_started_in_any_order),
        KEYED(test_keyed),
        KEYED(test_keyed_and_never_started),
        TEST(test_a_life_that_does_not_begin),
        TEST(test_a_life_that_ends_before_it_has_attached),
        TEST(test_a_parent_that_refuses),
        TEST(test_a_parent_that_has_no_room),
        TEST(test_a_parent_that_cannot_be_reached),
        TEST(test_a_node_that_does_not_attach),
        TEST(test_a_create_is_answered_in_time),
        TEST(test_wrong_numbers),
        TEST(test_changes_of_others),
        cmocka_unit_test_setup_teardown(test_a_chosen_parent, set_up_tree, tear_down),
        TEST(test_exec_and_ping),
        TEST(test_the_notice_comes_before_the_reply),
        TEST(test_cancel),
        TEST(test_a_long_request_goes_in_fragments),
        TEST(test_an_answer_in_fragments),
        TEST(test_an_answer_in_fragments_that_stops),
        TEST(test_an_answer_in_fragments_that_comes_too_late),
        TEST(test_other_answers_in_fragments_are_none),
        TEST(test_deadlines),
        TEST(test_garbage_is_ignored),
        TEST(test_notices_ascend),
        TEST(test_a_node_dies),
        TEST(test_the_dead_stay_dead),
        TEST(test_the_root_dies),
        TEST(test_a_create_below_one_that_dies),
        TEST(test_silence_of_a_topmost_node),
        TEST(test_wait),
        TEST(test_wait_for_a_node_that_comes),
        TEST(test_wait_for_the_end),
        TEST(test_remove),
        TEST(test_remove_what_hangs),
        TEST(test_remove_while_others_end),
        cmocka_unit_test_setup_teardown(test_close_while_others_end, set_up_tree, tear_down),
        TEST(test_remove_in_a_hurry),
        TEST(test_remove_what_is_silent),
        TEST(test_remove_what_cannot_be_reached),
        TEST(test_two_removals),
        TEST(test_the_removal_below_is_over_first),
        TEST(test_remove_above_a_create),
        TEST(test_a_create_in_a_removal_is_over_first),
        TEST(test_heartbeats_of_new_nodes),
        TEST(test_faults),
        TEST(test_a_kill),
        TEST(test_too_many_commands),
        TEST(test_too_many_waits),
        TEST(test_texts_are_counted),
        TEST(test_arguments_are_counted),
        TEST(test_the_first_is_taken),
        TEST(test_room),
        TEST(test_room_after_a_loss),
        TEST(test_room_after_a_full_link),
        TEST(test_what_cannot_be_sent_to_one_that_has_ended),
        TEST(test_close),
        TEST(test_close_without_nodes),
        TEST(test_close_after_a_removal_that_took_too_long),
        TEST(test_close_in_the_middle),
        TEST(test_close_while_an_answer_arrives),
        TEST(test_no_room_after_the_end),
        cmocka_unit_test(test_no_memory),
        TEST(test_clear_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
