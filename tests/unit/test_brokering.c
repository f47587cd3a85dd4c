/* What nodes ask other nodes, at the controlling node: in whose name, how long, and what becomes of
 * it. */
#include "controlling.h"

#include "core/outcomes.h"
#include "core/plan.h"

enum { BUDGET_MS = 3000 };

static int set_up_five(void **state)
{
    set_up(state);
    create_five(*state);
    return 0;
}

static int set_up_adopting(void **state)
{
    fixture *f = new_fixture_of(
        (xy_controller_options){.topology = &xy_topology_bst, .repair = XY_REPAIR_ADOPT});
    *state = f;
    create_five(f);
    return 0;
}

/* Commands of the user. */

static uint64_t exec_at(fixture *f, int64_t id, const char *text)
{
    xy_command given = {.kind = XY_COMMAND_EXEC,
                        .id = id,
                        .text = text,
                        .size = strlen(text),
                        .timeout_ms = TIMEOUT_MS};
    return xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
}

/* Gives a node work; the number that it has got. */
static xy_number give_work(fixture *f, int64_t id)
{
    exec_at(f, id, "work");
    return expect_asked(f, id, XY_EXEC)->number;
}

/* Asks. */

static void ask_as(fixture *f, int64_t id, uint64_t life, uint64_t number, xy_number work,
                   const char *set, const char *text)
{
    char payload[200];
    size_t size = (size_t)snprintf(payload, sizeof payload, "%s%c%s", set, 0, text);
    xy_message message = {.kind = XY_ASK,
                          .number = {number, work.tag},
                          .id = id,
                          .life = {life},
                          .value = (int64_t)work.request,
                          .budget_ms = BUDGET_MS};
    hear_from(f, id, with(message, NULL, payload, size));
}

static void ask(fixture *f, int64_t id, uint64_t number, xy_number work, const char *set,
                const char *text)
{
    ask_as(f, id, life_of(f, id), number, work, set, text);
}

/* A node is asked in the name of another one. */
static xy_number expect_brokered(fixture *f, int64_t id, const char *text, uint32_t budget_ms)
{
    const xy_message *sent = expect_asked(f, id, XY_EXEC);
    assert_bytes(xy_message_payload(sent), sent->payload_size, text);
    assert_int_equal(sent->budget_ms, budget_ms);
    return sent->number;
}

/* "TEXT 1,2; error 5 TEXT 3" */
static void describe(const uint8_t *bytes, size_t size, char *text)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(bytes, size);
    const char *separator = "";
    for (*text = '\0'; xy_outcomes_next(&outcomes, &outcome); separator = "; ") {
        text += sprintf(text, "%s%s", separator, outcome.combined ? "+" : "");
        if (outcome.status)
            text += sprintf(text, "error %d ", outcome.status);
        text += sprintf(text, "%s ", outcome.size ? (const char *)outcome.text : "");
        for (const char *comma = ""; xy_outcomes_id(&outcomes, &outcome); comma = ",")
            text += sprintf(text, "%s%d", comma, (int)outcome.id);
    }
}

/* The asker is told; the number of what tells it. */
static xy_number expect_told(fixture *f, int64_t id, uint64_t ask, int status, const char *wanted)
{
    char is[1000];
    const xy_message *sent = expect_asked(f, id, XY_ANSWERED);
    assert_true(sent->number.request & XY_ERRAND);
    assert_true(sent->value == (int64_t)ask);
    assert_int_equal(sent->status, status);
    describe(xy_message_payload(sent), sent->payload_size, is);
    assert_string_equal(is, wanted);
    return sent->number;
}

static size_t count_of(const fixture *f)
{
    return xy_requests_count(&f->controller.requests);
}

/* Of one node. */

static void test_an_ask_and_its_answer(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    f->r.now_ms = 100;
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    expect_nothing(&f->r);
    hear_from(f, 90, with_text(reply_to(asked, XYLEM_OK), "5 ms"));
    xy_number told = expect_told(f, 25, 1, XYLEM_OK, "5 ms 90");
    expect_nothing(&f->r);
    answer(f, told, 25, XYLEM_OK);
    expect_nothing(&f->r);
    assert_int_equal(xy_requests_count(&f->controller.errands), 0);
    assert_int_equal(f->controller.unreplied, 0);
    hear_from(f, 25, with_text(reply_to(work, XYLEM_OK), "done"));
    expect_text(f, work.request, XYLEM_OK, "done");
    expect_nothing(&f->r);
}

static void test_errors(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "1", "time");
    expect_told(f, 25, 1, XYLEM_NOT_FOUND, "error 1  1");
    ask(f, 25, 2, work, "1,", "time");
    expect_told(f, 25, 2, XYLEM_INVALID, "");
    ask(f, 25, 3, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    hear_from(f, 90, with_text(reply_to(asked, XYLEM_BAD_SUBCOMMAND), "what?"));
    expect_told(f, 25, 3, XYLEM_BAD_SUBCOMMAND, "error 6 what? 90");
    expect_nothing(&f->r);
    assert_int_equal(f->controller.unreplied, 0);
}

/* A text with no NUL before it is malformed. */
static void test_malformed(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    xy_message message = {.kind = XY_ASK,
                          .number = {1, work.tag},
                          .id = 25,
                          .life = {life_of(f, 25)},
                          .value = (int64_t)work.request};
    hear_from(f, 25, with(message, NULL, "90", 2));
    expect_told(f, 25, 1, XYLEM_INVALID, "");
    message.number.request = 2;
    hear_from(f, 25, message);
    expect_told(f, 25, 2, XYLEM_INVALID, "");
    expect_nothing(&f->r);
}

/* A death on the way is an error at once. */
static void test_the_death_of_the_asked(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    expect_brokered(f, 90, "time", BUDGET_MS);
    ended(f, life_of(f, 90));
    expect_let_go_of(f, 75, node_of(f, 90)->peer.link.number);
    expect_lost(f, 90, XYLEM_SIGNALLED, 90);
    expect_told(f, 25, 1, XYLEM_UNAVAILABLE, "error 5  90");
    expect_nothing(&f->r);
}

static void test_the_death_of_the_asker(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    ended(f, life_of(f, 25));
    expect_let_go_of(f, 50, node_of(f, 25)->peer.link.number);
    expect_lost(f, 25, XYLEM_SIGNALLED, 25);
    expect_reply(f, work.request, XYLEM_UNAVAILABLE);
    assert_true(expect_asked(f, 90, XY_CANCEL)->value == (int64_t)asked.request);
    expect_nothing(&f->r);
    assert_int_equal(count_of(f), 0);
    assert_int_equal(f->controller.unreplied, 0);
}

static void test_the_work_is_over(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    answer(f, work, 25, XYLEM_OK);
    expect_reply(f, work.request, XYLEM_OK);
    expect_told(f, 25, 1, XYLEM_CANCELLED, "error 14  90");
    assert_true(expect_asked(f, 90, XY_CANCEL)->value == (int64_t)asked.request);
    expect_nothing(&f->r);
    ask(f, 25, 2, work, "90", "time");
    expect_nothing(&f->r);
}

static void test_the_user_cancels(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    /* what was asked in the name of a node is none of the user's */
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)asked.request, XYLEM_NOT_FOUND);
    uint64_t cancel = command(f, XY_COMMAND_CANCEL, 0, (int64_t)work.request);
    expect_reply(f, work.request, XYLEM_CANCELLED);
    expect_asked(f, 25, XY_CANCEL);
    expect_reply(f, cancel, XYLEM_OK);
    expect_told(f, 25, 1, XYLEM_CANCELLED, "error 14  90");
    expect_asked(f, 90, XY_CANCEL);
    expect_nothing(&f->r);
}

/* Who may ask. */

static void test_work_of_another(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25), forged = {work.request, work.tag + 1};
    ask(f, 60, 1, work, "90", "time");
    ask(f, 25, 1000000, forged, "90", "time");
    expect_nothing(&f->r); /* and what is forged hides no other */
    ask(f, 25, 1, work, "90", "time");
    expect_brokered(f, 90, "time", BUDGET_MS);
    ask_as(f, 25, life_of(f, 25) + 100, 2, work, "90", "time");
    expect_nothing(&f->r); /* there is no such life */
    ask_as(f, 25, life_of(f, 60), 2, work, "90", "time");
    expect_nothing(&f->r); /* which is another node's */
}

/* What comes again over another way is done once. */
static void test_twice(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 2, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    ask(f, 25, 2, work, "90", "time");
    expect_nothing(&f->r);
    hear_from(f, 90, reply_to(asked, XYLEM_OK));
    answer(f, expect_told(f, 25, 2, XYLEM_OK, " 90"), 25, XYLEM_OK);
    ask(f, 25, 2, work, "90", "time");
    expect_nothing(&f->r);
    ask(f, 25, 1, work, "90", "late");
    expect_brokered(f, 90, "late", BUDGET_MS);
    expect_nothing(&f->r);
}

/* It had no room on its way. */
static void test_refused_on_the_way(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    hear_from(f, 25,
              (xy_message){.kind = XY_ASK,
                           .number = {1, work.tag},
                           .id = 25,
                           .life = {life_of(f, 25)},
                           .value = (int64_t)work.request,
                           .status = XYLEM_BUSY});
    expect_told(f, 25, 1, XYLEM_BUSY, "");
    expect_nothing(&f->r);
}

/* Budgets. */

static void test_no_longer_than_the_work(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    f->r.now_ms = TIMEOUT_MS - 500;
    ask(f, 25, 1, work, "90", "time");
    expect_brokered(f, 90, "time", 500);
    tick(&f->r, TIMEOUT_MS);
    expect_reply(f, work.request, XYLEM_UNAVAILABLE);
    expect_told(f, 25, 1, XYLEM_UNAVAILABLE, "error 5  90");
    expect_nothing(&f->r);
}

static void test_its_own_time(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    expect_brokered(f, 90, "time", BUDGET_MS);
    tick(&f->r, BUDGET_MS);
    expect_told(f, 25, 1, XYLEM_UNAVAILABLE, "error 5  90");
    expect_nothing(&f->r);
}

/* The work of 25 waits for 90, and that for 25. */
static void test_a_circle(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "a");
    xy_number asked = expect_brokered(f, 90, "a", BUDGET_MS);
    ask(f, 90, 1, asked, "25", "b");
    xy_number again = expect_brokered(f, 25, "b", BUDGET_MS);
    answer(f, again, 25, XYLEM_TIMED_OUT);
    expect_told(f, 90, 1, XYLEM_TIMED_OUT,
                "error 7 nodes ask in a circle: 25 is asked by 90, which is asked by 25 25");
    answer(f, asked, 90, XYLEM_TIMED_OUT); /* is none */
    expect_told(f, 25, 1, XYLEM_TIMED_OUT, "error 7  90");
    expect_nothing(&f->r);
}

static void test_asking_itself(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "25", "a");
    xy_number asked = expect_brokered(f, 25, "a", BUDGET_MS);
    answer(f, asked, 25, XYLEM_TIMED_OUT);
    expect_told(f, 25, 1, XYLEM_TIMED_OUT, "error 7 nodes ask in a circle: 25 is asked by 25 25");
}

static void test_depth(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    for (uint64_t depth = 1; depth < 64; depth++) {
        int64_t asker = depth % 2 ? 25 : 90, asked = depth % 2 ? 90 : 25;
        ask(f, asker, depth, work, asked == 25 ? "25" : "90", "on");
        work = expect_brokered(f, asked, "on", BUDGET_MS);
    }
    ask(f, 90, 64, work, "25", "on");
    expect_told(f, 90, 64, XYLEM_BUSY,
                "error 8 64 nodes ask one for another: perhaps they do so in a circle 0");
    expect_nothing(&f->r);
}

/* When the first one ends all others are given up. */
static void test_a_chain_is_given_up(void **state)
{
    fixture *f = *state;
    xy_number first = give_work(f, 25), work = first;
    ask(f, 25, 1, work, "60", "on");
    work = expect_brokered(f, 60, "on", BUDGET_MS);
    ask(f, 60, 1, work, "90", "on");
    expect_brokered(f, 90, "on", BUDGET_MS);
    answer(f, first, 25, XYLEM_OK);
    expect_reply(f, first.request, XYLEM_OK);
    expect_told(f, 25, 1, XYLEM_CANCELLED, "error 14  60");
    expect_asked(f, 60, XY_CANCEL);
    expect_told(f, 60, 1, XYLEM_CANCELLED, "error 14  90");
    expect_asked(f, 90, XY_CANCEL);
    expect_nothing(&f->r);
    assert_int_equal(count_of(f), 0);
    assert_int_equal(f->controller.unreplied, 0);
}

/* Of many. */

static xy_number expect_cast(fixture *f, int64_t top, const char *text)
{
    const xy_message *sent = expect_sent(&f->r, peer_of(f, top), XY_CAST);
    assert_bytes(xy_message_payload(sent) + sent->keep, sent->payload_size - sent->keep, text);
    return sent->number;
}

static void hear_merged(fixture *f, int64_t top, xy_number number, uint32_t from, uint32_t count,
                        const char *text)
{
    xy_merge merge = {0};
    xy_buffer bytes = {0};
    xy_message message = {.kind = XY_MERGED, .number = number};
    xy_merge_add(&merge, XYLEM_OK, text, strlen(text), (xy_range){from, count});
    assert_true(xy_merge_write(&merge, &bytes));
    hear(&f->r, peer_of(f, top), with(message, NULL, bytes.bytes, bytes.size));
    xy_buffer_clear(&bytes);
    xy_merge_clear(&merge);
}

static void test_many(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "all", "time");
    xy_number asked = expect_cast(f, 50, "time");
    expect_nothing(&f->r);
    hear_merged(f, 50, asked, 0, 5, "5 ms");
    expect_told(f, 25, 1, XYLEM_OK, "5 ms 25,50,60,75,90");
    expect_nothing(&f->r);
    ask(f, 25, 2, work, "75/,3-4,60", "time");
    asked = expect_cast(f, 50, "time");
    hear_merged(f, 50, asked, 0, 3, "5 ms");
    expect_told(f, 25, 2, XYLEM_NOT_FOUND, "error 1  3,4; 5 ms 60,75,90");
    expect_nothing(&f->r);
    assert_int_equal(f->controller.unreplied, 0);
}

static void test_many_are_given_up(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "60,90", "time");
    expect_cast(f, 50, "time");
    answer(f, work, 25, XYLEM_OK);
    expect_reply(f, work.request, XYLEM_OK);
    assert_int_equal(expect_sent(&f->r, peer_of(f, 50), XY_CAST)->code, XY_CANCEL);
    expect_told(f, 25, 1, XYLEM_CANCELLED, "");
    expect_nothing(&f->r);
    assert_int_equal(f->controller.unreplied, 0);
}

/* Each of those that a cast asks may ask, too. */
static void test_an_ask_of_a_cast(void **state)
{
    fixture *f = *state;
    const int64_t ids[] = {25, 60};
    xy_command given = {.kind = XY_COMMAND_CAST,
                        .ids = ids,
                        .id_count = 2,
                        .text = "work",
                        .size = 4,
                        .timeout_ms = -1};
    xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
    xy_number work = expect_cast(f, 50, "work");
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    ask(f, 60, 1, work, "90", "time");
    expect_brokered(f, 90, "time", BUDGET_MS);
    answer(f, asked, 90, XYLEM_OK);
    expect_told(f, 25, 1, XYLEM_OK, " 90");
    hear_merged(f, 50, work, 0, 2, "done");
    assert_int_equal(expect(&f->r, XY_ACTION_REPLY)->reply.status, XYLEM_OK);
    expect_told(f, 60, 1, XYLEM_CANCELLED, "error 14  90");
    expect_asked(f, 90, XY_CANCEL);
    expect_nothing(&f->r);
}

/* The answer waits until the asker can be reached. */
static void test_a_silent_asker(void **state)
{
    fixture *f = *state;
    command(f, XY_COMMAND_HEARTBEAT, 0, T);
    expect(&f->r, XY_ACTION_SEND);
    expect(&f->r, XY_ACTION_REPLY);
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    xy_number asked = expect_brokered(f, 90, "time", BUDGET_MS);
    (void)asked;
    change(f, XY_CHANGE_SILENT, 25);
    expect_lost(f, 25, XYLEM_SILENT, 25);
    expect_reply(f, work.request, XYLEM_UNAVAILABLE);
    expect_asked(f, 90, XY_CANCEL);
    expect_nothing(&f->r);
    change_as(f, XY_CHANGE_BACK, 25, 1);
    expect_notice(f, 25, true);
    expect_told(f, 25, 1, XYLEM_CANCELLED, "error 14  90");
    expect_nothing(&f->r);
}

/* What tells the asker had no room: it is told again, and nothing else is sent again. */
static void test_told_again(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "1", "time");
    xy_number told = expect_told(f, 25, 1, XYLEM_NOT_FOUND, "error 1  1");
    undelivered(f, told, 25, XYLEM_BUSY);
    expect_nothing(&f->r);
    tick(&f->r, deadline_of(&f->r));
    expect_told(f, 25, 1, XYLEM_NOT_FOUND, "error 1  1");
    expect_nothing(&f->r);
}

static void unsent(fixture *f, xy_number number, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_REQUEST;
    event.unsent.request = number;
    event.unsent.status = status;
    feed(&f->r, &event);
}

/* The asker is told that there is no room for it, and not the user that there is room again. */
static void test_no_room(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    unsent(f, expect_brokered(f, 90, "time", BUDGET_MS), XYLEM_BUSY);
    expect_told(f, 25, 1, XYLEM_BUSY, "error 8  90");
    expect_nothing(&f->r);
}

/* Where no node moves, one that is to be told again is in a cast like the others. */
static void test_a_cast_before_it_is_told_again(void **state)
{
    fixture *f = *state;
    const int64_t ids[] = {25, 60};
    xy_command cast = {.kind = XY_COMMAND_CAST, .ids = ids, .id_count = 2, .timeout_ms = -1};
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "1", "time");
    undelivered(f, expect_told(f, 25, 1, XYLEM_NOT_FOUND, "error 1  1"), 25, XYLEM_BUSY);
    xy_controller_command(&f->controller, &cast, f->r.now_ms, &f->r.out);
    expect_cast(f, 50, "");
    expect_nothing(&f->r);
}

static void test_closing(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    ask(f, 25, 1, work, "90", "time");
    expect_brokered(f, 90, "time", BUDGET_MS);
    command(f, XY_COMMAND_CLOSE, 0, 0);
    tally t = {0};
    for (int i = 1; i < 6; i++)
        t.alive[i] = true;
    perform(f, &t);
    assert_true(f->controller.closed);
    assert_int_equal(f->controller.unreplied, 0);
}

/* Wherever memory ends: what was asked is answered, or given up by the asker in time, and nothing
 * is left of it here. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    xy_number work = give_work(f, 25);
    bool failed = true;
    /* The first time also of the window. */
    static const char *const sets[] = {"90", "90", "60,75/"};
    for (int kind = 0; kind < 3; kind++, failed = true)
        for (uint64_t number = 1 + 300 * (uint64_t)kind, first = 1; failed; number++, first++) {
            tally t = {0};
            for (int i = 1; i < 6; i++)
                t.alive[i] = true;
            memory_fails(first, SIZE_MAX);
            ask(f, 25, number, work, sets[kind], "time");
            failed = shortage.failed;
            memory_is_back();
            perform(f, &t);
            tick(&f->r, f->r.now_ms + 20);
            perform(f, &t);
            xy_requests *requests = &f->controller.requests;
            for (xy_request *one = xy_requests_first(requests); one; one = xy_requests_next(one))
                assert_true(one->slot.request == work.request || one->asker.ask == number);
        }
}

#define FIVE(name) cmocka_unit_test_setup_teardown(name, set_up_five, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIVE(test_an_ask_and_its_answer),
        cmocka_unit_test_setup_teardown(test_an_ask_and_its_answer, set_up_adopting, tear_down),
        FIVE(test_errors),
        FIVE(test_malformed),
        FIVE(test_the_death_of_the_asked),
        FIVE(test_the_death_of_the_asker),
        FIVE(test_the_work_is_over),
        FIVE(test_the_user_cancels),
        FIVE(test_work_of_another),
        FIVE(test_twice),
        FIVE(test_refused_on_the_way),
        FIVE(test_no_longer_than_the_work),
        FIVE(test_its_own_time),
        FIVE(test_a_circle),
        FIVE(test_asking_itself),
        FIVE(test_depth),
        FIVE(test_a_chain_is_given_up),
        FIVE(test_many),
        FIVE(test_many_are_given_up),
        FIVE(test_an_ask_of_a_cast),
        FIVE(test_a_silent_asker),
        FIVE(test_told_again),
        FIVE(test_no_room),
        FIVE(test_a_cast_before_it_is_told_again),
        FIVE(test_closing),
        FIVE(test_no_memory),
    };
    (void)set_up_keyed;
    (void)set_up_tree;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
