/* Answers in parts, at a node: what its service sends goes up, and stays until it was taken. */
#include "machines.h"

#include "../shortage.h"
#include "core/node.h"

enum { SELF = 50, LIFE = 3, LINK = 20, CHILD = 31, WORK = 7, BUDGET_MS = 4000 };

typedef struct fixture {
    rig r;
    xy_node node;
} fixture;

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

static void give_work(fixture *f, xy_operation operation, uint64_t number)
{
    xy_message message = request_for(operation, number, SELF, LIFE);
    message.link.number = LINK;
    message.keep = 1;
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
    give_work(f, XY_STREAM, WORK);
    assert_true(expect(&f->r, XY_ACTION_WORK)->work.streams);
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

/* The service sends; what it says of the first and the last byte is the place. */
static void send_for(fixture *f, uint64_t work, uint64_t place)
{
    char text[16];
    xy_event event = {.kind = XY_EVENT_SENT};
    size_t size = (size_t)snprintf(text, sizeof text, "chunk %d", (int)place);
    event.sent.chunk = xy_chunk_new(number_of(work), place, text, size);
    assert_non_null(event.sent.chunk);
    assert_int_equal(event.sent.chunk->bytes[size], 0);
    feed(&f->r, &event);
}

static void send(fixture *f, uint64_t place)
{
    send_for(f, WORK, place);
}

static void expect_chunk_of(fixture *f, uint64_t link, uint64_t work, uint64_t place)
{
    char text[16];
    const xy_message *sent = expect_sent(&f->r, parent_on(link), XY_CHUNK);
    snprintf(text, sizeof text, "chunk %d", (int)place);
    assert_number(sent->number, number_of(work));
    assert_true(sent->id == SELF && sent->life.number == LIFE);
    assert_true(sent->value == (int64_t)place && sent->status == XYLEM_OK);
    assert_bytes(xy_message_payload(sent), sent->payload_size, text);
}

static void expect_chunk(fixture *f, uint64_t place)
{
    expect_chunk_of(f, LINK, WORK, place);
}

static void send_and_expect(fixture *f, uint64_t from, uint64_t to)
{
    for (uint64_t place = from; place <= to; place++) {
        send(f, place);
        expect_chunk(f, place);
    }
    expect_nothing(&f->r);
}

/* So many are taken; from a place on they are missing. */
static void hear_taken(fixture *f, uint64_t work, int64_t count, uint64_t missing)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    xy_message message = request_for(XY_TAKEN, 900, SELF, LIFE);
    message.link.number = LINK;
    message.value = count;
    xy_taken_encode(&(xy_taken){work, missing}, bytes);
    hear(&f->r, parent_on(LINK), with(message, NULL, bytes, sizeof bytes));
}

static const xy_message *expect_reply_to(fixture *f, uint64_t request, int status)
{
    const xy_message *sent = expect_sent(&f->r, parent_on(LINK), XY_REPLY);
    assert_number(sent->number, number_of(request));
    assert_int_equal(sent->status, status);
    return sent;
}

static void expect_room(fixture *f, uint64_t work, size_t cost)
{
    const xy_action *room = expect(&f->r, XY_ACTION_TAKEN);
    assert_true(room->taken.request == work);
    assert_int_equal(room->taken.cost, cost);
}

enum { COST = 7 + XY_REQUEST_COST };

static void worked(fixture *f, uint64_t number)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = number_of(number);
    feed(&f->r, &event);
}

static void unsent(fixture *f, uint64_t life, uint64_t place, bool bare, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_CHUNK;
    event.unsent.request = number_of(WORK);
    event.unsent.id = life == LIFE ? SELF : 25;
    event.unsent.life.number = life;
    event.unsent.value = (int64_t)place;
    event.unsent.bare = bare;
    event.unsent.status = status;
    feed(&f->r, &event);
}

/* Tests. */

static void test_chunks_and_the_answer(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 3);
    hear_taken(f, WORK, 2, 0);
    expect_room(f, WORK, 2 * COST);
    expect_reply_to(f, 900, XYLEM_OK);
    hear_taken(f, WORK, 2, 0); /* it has come before */
    expect_reply_to(f, 900, XYLEM_OK);
    worked(f, WORK);
    assert_true(expect_reply_to(f, WORK, XYLEM_OK)->id == 3);
    hear_taken(f, WORK, 3, 0);
    expect_room(f, WORK, COST);
    expect_reply_to(f, 900, XYLEM_OK);
    expect_nothing(&f->r);
    assert_null(f->node.chunks.list);
}

static void test_an_answer_when_all_are_taken(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 1);
    hear_taken(f, WORK, 1, 0);
    expect_room(f, WORK, COST);
    expect_reply_to(f, 900, XYLEM_OK);
    worked(f, WORK);
    assert_true(expect_reply_to(f, WORK, XYLEM_OK)->id == 0);
}

static void test_no_stream(void **state)
{
    fixture *f = *state;
    worked(f, WORK);
    expect_reply_to(f, WORK, XYLEM_OK);
    give_work(f, XY_EXEC, 8);
    assert_false(expect(&f->r, XY_ACTION_WORK)->work.streams);
    give_work(f, XY_STREAM, 9); /* it waits */
    worked(f, 8);
    expect_reply_to(f, 8, XYLEM_OK);
    assert_true(expect(&f->r, XY_ACTION_WORK)->work.streams);
}

static void test_a_new_way(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 3);
    hear_taken(f, WORK, 1, 0);
    expect_room(f, WORK, COST);
    expect_reply_to(f, 900, XYLEM_OK);
    attach_to(f, 21);
    expect(&f->r, XY_ACTION_DISCONNECT);
    expect_sent(&f->r, parent_on(21), XY_HEARTBEAT);
    expect_chunk_of(f, 21, WORK, 2);
    expect_chunk_of(f, 21, WORK, 3);
    expect_nothing(&f->r);
    hear(&f->r, parent_on(21), (xy_message){.kind = XY_REPORT});
    expect_chunk_of(f, 21, WORK, 2);
    expect_chunk_of(f, 21, WORK, 3);
    expect_nothing(&f->r);
}

/* A little later, and those that are sent meanwhile behind them. */
static void test_missing_chunks(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 3);
    hear_taken(f, WORK, 1, 2);
    expect_room(f, WORK, COST);
    expect_reply_to(f, 900, XYLEM_OK);
    send(f, 4);
    expect_nothing(&f->r);
    assert_true(deadline_of(&f->r) == 10);
    tick(&f->r, 9);
    expect_nothing(&f->r);
    tick(&f->r, 10);
    for (uint64_t place = 2; place <= 4; place++)
        expect_chunk(f, place);
    expect_nothing(&f->r);
    send_and_expect(f, 5, 5);
    assert_true(deadline_of(&f->r) > 10);
}

static void test_what_could_not_be_sent(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 2);
    unsent(f, LIFE, 1, false, XYLEM_UNAVAILABLE);
    tick(&f->r, 100);
    expect_nothing(&f->r); /* it is sent on a new way */
    unsent(f, LIFE, 2, false, XYLEM_BUSY);
    tick(&f->r, 110);
    expect_chunk(f, 2);
    expect_nothing(&f->r);
}

/* Of another node: word of it goes on without its payload, for which there is room. */
static void test_what_could_not_be_passed_on(void **state)
{
    fixture *f = *state;
    unsent(f, 1025, 4, false, XYLEM_BUSY);
    const xy_message *sent = expect_sent(&f->r, parent_on(LINK), XY_CHUNK);
    assert_true(sent->id == 25 && sent->life.number == 1025 && sent->value == 4);
    assert_number(sent->number, number_of(WORK));
    assert_int_equal(sent->status, XYLEM_BUSY);
    assert_int_equal(sent->payload_size, 0);
    unsent(f, 1025, 4, true, XYLEM_BUSY);
    unsent(f, 1025, 4, false, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
}

/* They are passed on, and after a report they are to be asked for. */
static void test_chunks_of_those_below(void **state)
{
    fixture *f = *state;
    xy_message message = {
        .kind = XY_CHUNK, .id = 25, .life = {1025}, .number = number_of(4), .value = 1};
    hear(&f->r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_nothing(&f->r);
    hear(&f->r, child_on(CHILD), with_text(message, "chunk"));
    expect_forward(&f->r, parent_on(LINK));
    hear(&f->r, child_on(CHILD + 1), with_text(message, "chunk"));
    expect_nothing(&f->r); /* of a stranger */
    hear(&f->r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_sent(&f->r, child_on(CHILD), XY_REPORT);
    expect_nothing(&f->r);
}

static void cancel(fixture *f, uint64_t work)
{
    xy_message message = request_for(XY_CANCEL, 901, SELF, LIFE);
    message.link.number = LINK;
    message.value = (int64_t)work;
    hear(&f->r, parent_on(LINK), message);
}

static void test_cancelled_work(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 2);
    cancel(f, WORK);
    expect(&f->r, XY_ACTION_CANCEL);
    expect_reply_to(f, WORK, XYLEM_CANCELLED);
    expect_reply_to(f, 901, XYLEM_OK);
    assert_null(f->node.chunks.list);
    send(f, 3);
    expect_nothing(&f->r);
    assert_null(f->node.chunks.list);
    worked(f, WORK);
    expect_nothing(&f->r);
}

/* What was sent before its time was over is not lost. */
static void test_work_that_takes_too_long(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 2);
    tick(&f->r, BUDGET_MS - 1000);
    expect(&f->r, XY_ACTION_CANCEL);
    assert_true(expect_reply_to(f, WORK, XYLEM_TIMED_OUT)->id == 2);
    send(f, 3);
    expect_nothing(&f->r);
    hear(&f->r, parent_on(LINK), (xy_message){.kind = XY_REPORT});
    expect_chunk(f, 1);
    expect_chunk(f, 2);
    cancel(f, WORK);
    expect_reply_to(f, 901, XYLEM_OK);
    assert_null(f->node.chunks.list);
}

static void test_several_streams(void **state)
{
    fixture *f = *state;
    xy_event deferred = {.kind = XY_EVENT_DEFERRED, .deferred = {number_of(WORK)}};
    send_and_expect(f, 1, 2);
    feed(&f->r, &deferred);
    give_work(f, XY_STREAM, 8);
    expect(&f->r, XY_ACTION_WORK);
    send_for(f, 8, 1);
    expect_chunk_of(f, LINK, 8, 1);
    send(f, 3); /* of the one that was deferred */
    expect_chunk(f, 3);
    hear_taken(f, 8, 5, 0);
    expect_room(f, 8, COST);
    expect_reply_to(f, 900, XYLEM_OK);
    hear_taken(f, WORK, 0, 3);
    expect_reply_to(f, 900, XYLEM_OK);
    tick(&f->r, 10);
    expect_chunk(f, 3);
    worked(f, 8);
    assert_true(expect_reply_to(f, 8, XYLEM_OK)->id == 0);
    worked(f, WORK);
    assert_true(expect_reply_to(f, WORK, XYLEM_OK)->id == 3);
    expect_nothing(&f->r);
}

static void test_the_end_of_the_node(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 1);
    feed(&f->r, &(xy_event){.kind = XY_EVENT_END});
    expect(&f->r, XY_ACTION_CANCEL);
    expect(&f->r, XY_ACTION_STOP);
    send(f, 2);
    expect_nothing(&f->r);
}

/* Wherever there is none: no chunk is lost, and they come in their order. */
static void test_no_memory_to_send(void **state)
{
    fixture *f = *state;
    bool failed = true;
    uint64_t place = 0, came = 0;
    for (uint64_t allowed = 1; failed; allowed++) {
        memory_fails(allowed + 1, SIZE_MAX); /* the first is the chunk */
        send(f, ++place);
        failed = shortage.failed;
        memory_is_back();
        tick(&f->r, f->r.now_ms + 10);
        for (xy_action_clear(&f->r.hand); xy_queue_pop(&f->r.out, &f->r.hand);
             xy_action_clear(&f->r.hand)) {
            assert_int_equal(f->r.hand.kind, XY_ACTION_SEND);
            assert_true(f->r.hand.send.message.value == (int64_t)++came);
        }
        assert_true(came == place);
    }
    assert_true(place > 1);
}

/* The controlling node says it again. */
static void test_no_memory_to_tell_of_room(void **state)
{
    fixture *f = *state;
    send_and_expect(f, 1, 2);
    for (size_t allowed = 0;; allowed++) {
        memory_fails(allowed + 1, SIZE_MAX);
        hear_taken(f, WORK, 1, 0);
        bool failed = shortage.failed;
        memory_is_back();
        xy_action_clear(&f->r.hand);
        if (!failed)
            break;
        while (xy_queue_pop(&f->r.out, &f->r.hand)) {
            assert_int_equal(f->r.hand.kind, XY_ACTION_SEND);
            assert_int_equal(f->r.hand.send.message.status, XYLEM_NO_MEMORY);
            xy_action_clear(&f->r.hand);
        }
        assert_true(f->node.chunks.list->place == 1);
    }
    while (f->r.out.actions.count > 0 && xy_queue_pop(&f->r.out, &f->r.hand))
        xy_action_clear(&f->r.hand);
    assert_true(f->node.chunks.list->place == 2);
}

static void test_the_payload(void **state)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    const xy_taken taken = {0x0102030405060708, 0x1112131415161718};
    (void)state;
    xy_taken_encode(&taken, bytes);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[15], 0x18);
    assert_true(xy_taken_decode(bytes).request == taken.request);
    assert_true(xy_taken_decode(bytes).missing == taken.missing);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_chunks_and_the_answer),
        TEST(test_an_answer_when_all_are_taken),
        TEST(test_no_stream),
        TEST(test_a_new_way),
        TEST(test_missing_chunks),
        TEST(test_what_could_not_be_sent),
        TEST(test_what_could_not_be_passed_on),
        TEST(test_chunks_of_those_below),
        TEST(test_cancelled_work),
        TEST(test_work_that_takes_too_long),
        TEST(test_several_streams),
        TEST(test_the_end_of_the_node),
        TEST(test_no_memory_to_send),
        TEST(test_no_memory_to_tell_of_room),
        TEST(test_the_payload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
