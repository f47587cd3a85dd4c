/* What the service of a node asks other nodes: up to the controlling node, and back. */
#include "machines.h"

#include "../shortage.h"
#include "core/node.h"

enum { SELF = 50, LIFE = 3, LINK = 20, OTHER = 30, CHILD = 31, WORK = 7, BUDGET_MS = 4000 };

/* How long the work has: all of its budget but a second. */
enum { WORK_MS = BUDGET_MS - 1000 };

typedef struct fixture {
    rig r;
    xy_node node;
} fixture;

static const char payload[] = "12\0time"; /* and a NUL, which is none of it */
enum { PAYLOAD_SIZE = sizeof payload - 1 };

static void create_child(rig *r)
{
    uint8_t bytes[XY_EXPECTATION_SIZE];
    xy_expectation child = expectation_of(CHILD, 25, 1025);
    xy_message message = request_for(XY_EXPECT, 500, SELF, LIFE);
    message.link.number = LINK;
    xy_expectation_encode(&child, bytes);
    hear(r, parent_on(LINK), with(message, NULL, bytes, sizeof bytes));
    expect(r, XY_ACTION_EXPECT);
    expect(r, XY_ACTION_EXPECTED);
    hear(r, child_on(CHILD), hello_of(25, 1025));
    expect_sent(r, child_on(CHILD), XY_WELCOME);
}

/* One below has asked, too. */
static void hear_ask(fixture *f)
{
    xy_message message = {.kind = XY_ASK, .id = 25, .life = {1025}, .number = {1, 2}, .value = 3};
    hear(&f->r, child_on(CHILD), with(message, NULL, payload, PAYLOAD_SIZE));
    expect_forward(&f->r, parent_on(LINK));
}

static void attach_to(fixture *f, uint64_t link)
{
    xy_event event = {.kind = XY_EVENT_ATTACH, .attach = {.parent = parent_on(link)}};
    strcpy(event.attach.address, "above");
    feed(&f->r, &event);
    expect(&f->r, XY_ACTION_CONNECT);
    expect_sent(&f->r, parent_on(link), XY_HELLO);
    hear(&f->r, parent_on(link), (xy_message){.kind = XY_WELCOME});
    expect(&f->r, XY_ACTION_ATTACHED);
}

static void give_work(fixture *f, uint64_t number)
{
    xy_message message = request_for(XY_EXEC, number, SELF, LIFE);
    message.link.number = LINK;
    hear(&f->r, parent_on(LINK), with_text(message, "go"));
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    xy_birth birth = {.id = SELF, .life = {LIFE}};
    *state = f;
    memory_is_back();
    xy_node_init(&f->node, &birth, "here");
    f->r.machine = xy_node_machine(&f->node);
    attach_to(f, LINK);
    expect_sent(&f->r, parent_on(LINK), XY_HEARTBEAT);
    create_child(&f->r);
    give_work(f, WORK);
    expect(&f->r, XY_ACTION_WORK);
    expect_nothing(&f->r);
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

/* Asking. */

static void ask_of(fixture *f, uint64_t work, uint64_t number, const void *text, size_t size,
                   uint32_t budget_ms)
{
    xy_event event = {.kind = XY_EVENT_ASKED};
    event.asked.request = number_of(work);
    event.asked.ask = number;
    event.asked.budget_ms = budget_ms;
    event.asked.payload = text;
    event.asked.size = size;
    feed(&f->r, &event);
}

static void ask(fixture *f, uint64_t number)
{
    ask_of(f, WORK, number, payload, PAYLOAD_SIZE, 60000);
}

static void expect_ask(fixture *f, uint64_t link, uint64_t number, int64_t budget_ms)
{
    const xy_message *sent = expect_sent(&f->r, parent_on(link), XY_ASK);
    assert_true(sent->number.request == number);
    assert_true(sent->number.tag == number_of(WORK).tag);
    assert_true(sent->id == SELF && sent->life.number == LIFE && sent->value == WORK);
    assert_true(sent->budget_ms == budget_ms - budget_ms / 8);
    assert_int_equal(sent->payload_size, PAYLOAD_SIZE);
    assert_memory_equal(xy_message_payload(sent), payload, PAYLOAD_SIZE);
}

/* One, with a text of two bytes, of node 12. */
static const uint8_t outcomes[] = {1, 0, 2, 'o', 'k', 0, 1, 12};
enum { OUTCOMES_SIZE = sizeof outcomes };

static void expect_told(fixture *f, uint64_t number, int status, size_t size)
{
    const xy_action *told = expect(&f->r, XY_ACTION_ANSWERED);
    assert_true(told->answered.ask == number);
    assert_int_equal(told->answered.status, status);
    assert_int_equal(told->answered.size, size);
}

static xy_message answer_of(uint64_t number, int status)
{
    xy_message message = request_for(XY_ANSWERED, 900 + number, SELF, LIFE);
    message.link.number = LINK;
    message.value = (int64_t)number;
    message.status = status;
    return message;
}

static void expect_reply_to(fixture *f, uint64_t request, int status)
{
    const xy_message *sent = expect_sent(&f->r, parent_on(LINK), XY_REPLY);
    assert_number(sent->number, number_of(request));
    assert_int_equal(sent->status, status);
}

static void worked(fixture *f, uint64_t number)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = number_of(number);
    feed(&f->r, &event);
}

/* Tests. */

static void test_an_ask_and_its_answer(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    expect_nothing(&f->r);
    assert_true(deadline_of(&f->r) == WORK_MS);
    hear(&f->r, parent_on(LINK), with(answer_of(1, XYLEM_OK), NULL, outcomes, OUTCOMES_SIZE));
    expect_told(f, 1, XYLEM_OK, OUTCOMES_SIZE);
    assert_memory_equal(f->r.hand.answered.outcomes, outcomes, OUTCOMES_SIZE);
    expect_reply_to(f, 901, XYLEM_OK);
    hear(&f->r, parent_on(LINK), answer_of(1, XYLEM_OK));
    expect_reply_to(f, 901, XYLEM_OK); /* so that it is not sent once more */
    expect_nothing(&f->r);
}

/* Bytes that are no outcomes are none. */
static void test_malformed_outcomes(void **state)
{
    fixture *f = *state;
    for (uint8_t size = 1, number = 1; size < OUTCOMES_SIZE; size++, number++) {
        ask(f, number);
        expect_ask(f, LINK, number, WORK_MS);
        hear(&f->r, parent_on(LINK), with(answer_of(number, XYLEM_OK), NULL, outcomes, size));
        expect_told(f, number, XYLEM_FAILED, 0);
        expect_reply_to(f, 900 + number, XYLEM_OK);
    }
}

static void test_errors(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    ask(f, 2);
    expect_ask(f, LINK, 1, WORK_MS);
    expect_ask(f, LINK, 2, WORK_MS);
    hear(&f->r, parent_on(LINK), answer_of(2, XYLEM_NOT_FOUND));
    expect_told(f, 2, XYLEM_NOT_FOUND, 0);
    expect_reply_to(f, 902, XYLEM_OK);
    hear(&f->r, parent_on(LINK), answer_of(1, XYLEM_UNAVAILABLE));
    expect_told(f, 1, XYLEM_UNAVAILABLE, 0);
    expect_reply_to(f, 901, XYLEM_OK);
}

static void test_a_budget_of_its_own(void **state)
{
    fixture *f = *state;
    ask_of(f, WORK, 1, payload, PAYLOAD_SIZE, 800);
    expect_ask(f, LINK, 1, 800);
    tick(&f->r, 799);
    expect_nothing(&f->r);
    tick(&f->r, 800);
    expect_told(f, 1, XYLEM_TIMED_OUT, 0);
    expect_nothing(&f->r);
}

/* The ask is over no later than the work. */
static void test_no_longer_than_the_work(void **state)
{
    fixture *f = *state;
    f->r.now_ms = 1000;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS - 1000);
    tick(&f->r, WORK_MS);
    expect(&f->r, XY_ACTION_CANCEL);
    expect_reply_to(f, WORK, XYLEM_TIMED_OUT);
    expect_told(f, 1, XYLEM_TIMED_OUT, 0);
    expect_nothing(&f->r);
    ask(f, 2);
    expect_told(f, 2, XYLEM_CANCELLED, 0);
}

static void test_the_end_of_the_work(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    worked(f, WORK);
    expect_reply_to(f, WORK, XYLEM_OK);
    expect_told(f, 1, XYLEM_CANCELLED, 0);
    ask(f, 2); /* after its answer */
    expect_told(f, 2, XYLEM_CANCELLED, 0);
    expect_nothing(&f->r);
}

static void test_the_work_is_cancelled(void **state)
{
    fixture *f = *state;
    xy_message cancel = request_for(XY_CANCEL, 500, SELF, LIFE);
    cancel.link.number = LINK;
    cancel.value = WORK;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    hear(&f->r, parent_on(LINK), cancel);
    expect(&f->r, XY_ACTION_CANCEL);
    expect_reply_to(f, WORK, XYLEM_CANCELLED);
    expect_told(f, 1, XYLEM_CANCELLED, 0);
    expect_reply_to(f, 500, XYLEM_OK);
}

static void test_other_work_goes_on(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    worked(f, WORK + 1);
    expect_nothing(&f->r);
    ask_of(f, WORK + 1, 2, payload, PAYLOAD_SIZE, 1000);
    expect_told(f, 2, XYLEM_CANCELLED, 0);
}

static void test_a_new_way_up(void **state)
{
    fixture *f = *state;
    hear_ask(f);
    ask(f, 1);
    ask(f, 2);
    expect_ask(f, LINK, 1, WORK_MS);
    expect_ask(f, LINK, 2, WORK_MS);
    hear(&f->r, parent_on(LINK), answer_of(1, XYLEM_OK));
    expect_told(f, 1, XYLEM_OK, 0);
    expect_reply_to(f, 901, XYLEM_OK);
    attach_to(f, OTHER);
    expect(&f->r, XY_ACTION_DISCONNECT);
    expect_sent(&f->r, parent_on(OTHER), XY_HEARTBEAT);
    expect_ask(f, OTHER, 2, WORK_MS);
    expect_sent(&f->r, child_on(CHILD), XY_REPORT);
    expect_nothing(&f->r);
}

/* One above the node has another way up. */
static void test_to_report_again(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    hear(&f->r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_ask(f, LINK, 1, WORK_MS);
    expect_nothing(&f->r); /* none below has asked */
    hear_ask(f);
    hear(&f->r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_ask(f, LINK, 1, WORK_MS);
    expect_sent(&f->r, child_on(CHILD), XY_REPORT);
    expect_nothing(&f->r);
}

static xy_event unsent_of(int64_t id, uint64_t life, uint64_t number, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_ASK;
    event.unsent.request = (xy_number){number, 99};
    event.unsent.id = id;
    event.unsent.life.number = life;
    event.unsent.value = 77;
    event.unsent.status = status;
    return event;
}

static void test_what_could_not_be_sent(void **state)
{
    fixture *f = *state;
    xy_event event = unsent_of(SELF, LIFE, 1, XYLEM_UNAVAILABLE);
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    feed(&f->r, &event);
    expect_nothing(&f->r); /* it is sent on a new way */
    event.unsent.status = XYLEM_BUSY;
    feed(&f->r, &event);
    expect_told(f, 1, XYLEM_BUSY, 0);
    expect_nothing(&f->r);
}

/* Of another node: it goes on without its payload, for which there is room. */
static void test_what_could_not_be_passed_on(void **state)
{
    fixture *f = *state;
    xy_event event = unsent_of(25, 1025, 4, XYLEM_BUSY);
    feed(&f->r, &event);
    const xy_message *sent = expect_sent(&f->r, parent_on(LINK), XY_ASK);
    assert_true(sent->id == 25 && sent->life.number == 1025 && sent->value == 77);
    assert_true(sent->number.request == 4 && sent->number.tag == 99);
    assert_int_equal(sent->status, XYLEM_BUSY);
    assert_int_equal(sent->payload_size, 0);
    event.unsent.bare = true;
    feed(&f->r, &event);
    expect_nothing(&f->r);
}

static void test_asks_of_those_below(void **state)
{
    fixture *f = *state;
    xy_message message = {.kind = XY_ASK, .id = 25, .life = {1025}, .number = {1, 2}, .value = 3};
    hear_ask(f);
    hear(&f->r, child_on(OTHER), with(message, NULL, payload, PAYLOAD_SIZE));
    expect_nothing(&f->r); /* of a stranger */
}

static void test_bounds(void **state)
{
    static const uint8_t large[XY_ASK_SIZE_MAX + 1] = "all";
    fixture *f = *state;
    ask_of(f, WORK, 1, large, sizeof large, 1000);
    expect_told(f, 1, XYLEM_TOO_LONG, 0);
    ask_of(f, WORK, 2, large, sizeof large - 1, 1000);
    assert_int_equal(expect_sent(&f->r, parent_on(LINK), XY_ASK)->payload_size, XY_ASK_SIZE_MAX);
    for (uint64_t number = 3; number < 2 + XY_ASKS_MAX; number++) {
        ask(f, number);
        expect_ask(f, LINK, number, WORK_MS);
    }
    ask(f, 2 + XY_ASKS_MAX);
    expect_told(f, 2 + XY_ASKS_MAX, XYLEM_BUSY, 0);
    expect_nothing(&f->r);
}

static void test_the_end_of_the_node(void **state)
{
    fixture *f = *state;
    ask(f, 1);
    expect_ask(f, LINK, 1, WORK_MS);
    feed(&f->r, &(xy_event){.kind = XY_EVENT_END});
    expect(&f->r, XY_ACTION_CANCEL);
    expect(&f->r, XY_ACTION_STOP);
    ask(f, 2);
    expect_told(f, 2, XYLEM_CANCELLED, 0);
    expect_nothing(&f->r);
}

/* At each place where there is none: each ask is answered at most once, and none is lost that has
 * been sent. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    bool failed = true;
    for (uint64_t number = 1, allowed = 0; failed; number++, allowed++) {
        size_t told = 0, sent = 0;
        memory_fails(allowed + 1, SIZE_MAX);
        ask(f, number);
        failed = shortage.failed;
        memory_is_back();
        xy_action_clear(&f->r.hand);
        while (xy_queue_pop(&f->r.out, &f->r.hand)) {
            told += f->r.hand.kind == XY_ACTION_ANSWERED;
            sent += f->r.hand.kind == XY_ACTION_SEND;
            xy_action_clear(&f->r.hand);
        }
        assert_true(told + sent <= 1);
        assert_int_equal(f->node.asks.table.count, sent);
        hear(&f->r, parent_on(LINK), answer_of(number, XYLEM_OK));
        while (xy_queue_pop(&f->r.out, &f->r.hand))
            xy_action_clear(&f->r.hand);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_ask_and_its_answer),
        TEST(test_malformed_outcomes),
        TEST(test_errors),
        TEST(test_a_budget_of_its_own),
        TEST(test_no_longer_than_the_work),
        TEST(test_the_end_of_the_work),
        TEST(test_the_work_is_cancelled),
        TEST(test_other_work_goes_on),
        TEST(test_a_new_way_up),
        TEST(test_to_report_again),
        TEST(test_what_could_not_be_sent),
        TEST(test_what_could_not_be_passed_on),
        TEST(test_asks_of_those_below),
        TEST(test_bounds),
        TEST(test_the_end_of_the_node),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
