/* A node's work: in its order, one at a time, each answered once. */
#include "unit.h"

#include "core/desk.h"

enum { SELF = 50, LIFE = 3, BUDGET_MS = 4000, LEAD_MS = 1000 };

typedef struct fixture {
    xy_desk desk;
    xy_actions out;
    uint64_t request; /* the latest answer */
    int status;
    size_t answers; /* that no one has looked at */
} fixture;

static void answer(void *owner, uint64_t request, int status)
{
    fixture *f = owner;
    f->request = request;
    f->status = status;
    f->answers++;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    xy_desk_init(&f->desk, SELF, LIFE, &f->out, answer, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_desk_clear(&f->desk);
    xy_actions_clear(&f->out);
    free(f);
    return 0;
}

static xy_message exec(uint64_t request, const char *text)
{
    return (xy_message){.kind = XY_REQUEST,
                        .code = XY_EXEC,
                        .request = request,
                        .budget_ms = BUDGET_MS,
                        .payload = (const uint8_t *)text,
                        .payload_size = (uint32_t)strlen(text)};
}

static void ask(fixture *f, uint64_t request, int64_t now_ms)
{
    xy_message message = exec(request, "text");
    xy_desk_request(&f->desk, &message, now_ms);
}

static void ask_part(fixture *f, uint64_t request, uint8_t part, const char *text, int64_t now_ms)
{
    xy_message message = exec(request, text);
    message.part = part;
    xy_desk_request(&f->desk, &message, now_ms);
}

static xy_message expect(fixture *f, xy_action_kind kind, uint64_t request, const char *text)
{
    xy_action action;
    assert_true(xy_actions_pop(&f->out, &action));
    assert_int_equal(action.kind, kind);
    assert_true(action.message.request == request);
    assert_int_equal(action.message.payload_size, strlen(text));
    if (*text)
        assert_memory_equal(action.message.payload, text, strlen(text));
    xy_action_clear(&action);
    return action.message;
}

static xy_message expect_work(fixture *f, uint64_t request)
{
    return expect(f, XY_ACTION_WORK, request, "text");
}

static void expect_answer(fixture *f, uint64_t request, int status)
{
    assert_int_equal(f->answers, 1);
    assert_true(f->request == request);
    assert_int_equal(f->status, status);
    f->answers = 0;
}

static void expect_nothing(const fixture *f)
{
    assert_int_equal(f->out.count, 0);
    assert_int_equal(f->answers, 0);
}

/* The work under way has been done: whether its answer is wanted. */
static bool done(fixture *f, uint64_t request, int64_t now_ms)
{
    bool wanted = xy_desk_done(&f->desk, request);
    xy_desk_next(&f->desk, now_ms);
    return wanted;
}

static void test_one_at_a_time_in_order(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    xy_message work = expect_work(f, 1);
    assert_true(work.id == SELF && work.incarnation == LIFE && work.code == XY_EXEC);
    assert_int_equal(work.budget_ms, BUDGET_MS - LEAD_MS);
    ask(f, 3, 10);
    ask(f, 2, 20);
    expect_nothing(f);
    assert_true(done(f, 1, 30));
    assert_int_equal(expect_work(f, 3).budget_ms, BUDGET_MS - LEAD_MS - 20);
    expect_nothing(f);
    assert_false(done(f, 1, 30)); /* not what is under way */
    expect_nothing(f);
    assert_true(done(f, 3, 40));
    expect_work(f, 2);
    ask(f, 4, 50);
    expect_nothing(f);
    assert_true(done(f, 2, 60));
    expect_work(f, 4);
    assert_true(done(f, 4, 70));
    expect_nothing(f);
    assert_true(xy_desk_deadline(&f->desk) == XY_NEVER);
}

static void test_parts(void **state)
{
    fixture *f = *state;
    ask_part(f, 1, XY_PART_MORE, "te", 0);
    ask_part(f, 2, XY_PART_MORE, "other ", 0);
    ask_part(f, 1, XY_PART_CONTINUED, "xt", 0);
    expect_work(f, 1);
    ask_part(f, 2, XY_PART_CONTINUED, "text", 0);
    ask(f, 3, 0);
    expect_nothing(f);
    assert_true(done(f, 1, 0));
    expect(f, XY_ACTION_WORK, 2, "other text");
    assert_true(done(f, 2, 0));
    expect_work(f, 3);
}

/* Whole, and in parts that never stop. */
static void test_deadlines(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 10);
    ask(f, 3, 20);
    ask_part(f, 4, XY_PART_MORE, "te", 5);
    assert_int_equal(xy_desk_deadline(&f->desk), BUDGET_MS - LEAD_MS);
    xy_desk_tick(&f->desk, BUDGET_MS - LEAD_MS - 1);
    expect_nothing(f);
    xy_desk_tick(&f->desk, BUDGET_MS - LEAD_MS);
    expect_answer(f, 1, XYLEM_TIMED_OUT);
    expect(f, XY_ACTION_CANCEL, 1, "");
    assert_int_equal(xy_desk_deadline(&f->desk), BUDGET_MS - LEAD_MS + 5);
    xy_desk_tick(&f->desk, BUDGET_MS - LEAD_MS + 5);
    expect_nothing(f); /* whoever sends no more of it has given up */
    ask_part(f, 4, XY_PART_CONTINUED, "xt", BUDGET_MS - LEAD_MS + 5);
    assert_int_equal(xy_desk_deadline(&f->desk), BUDGET_MS - LEAD_MS + 10);
    xy_desk_tick(&f->desk, BUDGET_MS - LEAD_MS + 10);
    expect_answer(f, 2, XYLEM_TIMED_OUT);
    expect_nothing(f);
    assert_false(done(f, 1, BUDGET_MS)); /* answered already */
    assert_int_equal(expect_work(f, 3).budget_ms, 0);
    xy_desk_tick(&f->desk, BUDGET_MS);
    expect_answer(f, 3, XYLEM_TIMED_OUT);
    expect(f, XY_ACTION_CANCEL, 3, "");
    xy_desk_tick(&f->desk, 2 * BUDGET_MS);
    expect_nothing(f); /* once is enough */
    assert_true(xy_desk_deadline(&f->desk) == XY_NEVER);
}

static void test_a_short_budget_has_a_short_lead(void **state)
{
    fixture *f = *state;
    xy_message message = exec(1, "text");
    message.budget_ms = 80;
    xy_desk_request(&f->desk, &message, 1000);
    assert_int_equal(expect_work(f, 1).budget_ms, 60);
    assert_int_equal(xy_desk_deadline(&f->desk), 1060);
}

static void test_cancel_what_is_under_way(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    xy_desk_cancel(&f->desk, 1);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect(f, XY_ACTION_CANCEL, 1, "");
    xy_desk_cancel(&f->desk, 1);
    expect_nothing(f); /* and the next begins only when the service has ended */
    assert_false(done(f, 1, 0));
    expect_work(f, 2);
    xy_desk_cancel(&f->desk, 1);
    xy_desk_cancel(&f->desk, 9);
    expect_nothing(f);
    assert_true(done(f, 2, 0));
}

static void test_cancel_what_waits(void **state)
{
    fixture *f = *state;
    for (uint64_t request = 1; request <= 4; request++)
        ask(f, request, 0);
    expect_work(f, 1);
    xy_desk_cancel(&f->desk, 4);
    expect_answer(f, 4, XYLEM_CANCELLED);
    xy_desk_cancel(&f->desk, 2);
    expect_answer(f, 2, XYLEM_CANCELLED);
    ask(f, 5, 0);
    assert_true(done(f, 1, 0));
    expect_work(f, 3);
    assert_true(done(f, 3, 0));
    expect_work(f, 5);
    expect_nothing(f);
}

static void test_cancel_what_is_not_whole(void **state)
{
    fixture *f = *state;
    ask_part(f, 1, XY_PART_MORE, "te", 0);
    xy_desk_cancel(&f->desk, 1);
    ask_part(f, 1, XY_PART_CONTINUED, "xt", 0);
    expect_nothing(f);
    assert_true(xy_desk_deadline(&f->desk) == XY_NEVER);
}

/* Request 0 is nobody's: it is not what is under way when nothing is. */
static void test_cancel_nothing(void **state)
{
    fixture *f = *state;
    xy_desk_cancel(&f->desk, 0);
    expect_nothing(f);
    ask(f, 1, 0);
    expect_work(f, 1);
    assert_true(done(f, 1, 0));
    xy_desk_cancel(&f->desk, 0);
    expect_nothing(f);
}

static void test_too_much_waits(void **state)
{
    fixture *f = *state;
    for (uint64_t request = 1; request <= XY_DESK_MAX + 1; request++)
        ask(f, request, 0);
    expect_work(f, 1);
    expect_nothing(f);
    ask(f, 2000, 0);
    expect_answer(f, 2000, XYLEM_BUSY);
    assert_true(done(f, 1, 0));
    expect_work(f, 2);
    ask(f, 2001, 0);
    expect_nothing(f);
    xy_desk_cancel(&f->desk, 3);
    expect_answer(f, 3, XYLEM_CANCELLED);
    ask(f, 2002, 0);
    expect_nothing(f);
}

static void test_too_long(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    fixture *f = *state;
    static uint8_t bytes[PART];
    xy_message part = exec(1, "");
    part.payload = bytes;
    part.payload_size = PART;
    for (size_t size = 0; size <= XYLEM_TEXT_MAX; size += PART) {
        expect_nothing(f);
        part.part = XY_PART_MORE | (size ? XY_PART_CONTINUED : 0);
        xy_desk_request(&f->desk, &part, 0);
    }
    expect_answer(f, 1, XYLEM_TOO_LONG);
    part.part = XY_PART_CONTINUED;
    xy_desk_request(&f->desk, &part, 0);
    expect_nothing(f);
}

static void test_close(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    ask_part(f, 3, XY_PART_MORE, "te", 0);
    xy_desk_close(&f->desk);
    expect(f, XY_ACTION_CANCEL, 1, "");
    expect_nothing(f);
    assert_false(done(f, 1, 0));
    expect_nothing(f);
    xy_desk_close(&f->desk);
    expect_nothing(f);
    assert_true(xy_desk_deadline(&f->desk) == XY_NEVER);
}

static void test_close_what_is_given_up(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    xy_desk_cancel(&f->desk, 1);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect(f, XY_ACTION_CANCEL, 1, "");
    xy_desk_close(&f->desk);
    expect_nothing(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_at_a_time_in_order),
        TEST(test_parts),
        TEST(test_deadlines),
        TEST(test_a_short_budget_has_a_short_lead),
        TEST(test_cancel_what_is_under_way),
        TEST(test_cancel_what_waits),
        TEST(test_cancel_what_is_not_whole),
        TEST(test_cancel_nothing),
        TEST(test_too_much_waits),
        TEST(test_too_long),
        TEST(test_close),
        TEST(test_close_what_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
