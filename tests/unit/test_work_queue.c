/* A node's work: in its order, one at a time, each answered once. */
#include "unit.h"

#include "../shortage.h"

#include "core/work_queue.h"

enum { BUDGET_MS = 4000, LEAD_MS = 1000 };

typedef struct fixture {
    xy_work_queue queue;
    xy_queue out;
    uint64_t request; /* the latest answer */
    int status;
    size_t answers; /* that were not looked at */
} fixture;

/* Keeps the promise, as a node does with its reply. */
static void answer(void *owner, xy_number number, int status, xy_queue *out)
{
    fixture *f = owner;
    xy_action reply = {.kind = XY_ACTION_REPLY};
    assert_true(number.tag == number.request + 1000);
    f->request = number.request;
    f->status = status;
    f->answers++;
    reply.reply.command = number.request;
    xy_queue_keep(out, &reply);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    memory_is_back();
    xy_work_queue_init(&f->queue, answer, f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_work_queue_clear(&f->queue, &f->out);
    assert_int_equal(f->out.promised, 0);
    xy_queue_clear(&f->out);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static xy_message exec(uint64_t request, const char *text)
{
    return (xy_message){.kind = XY_REQUEST,
                        .code = XY_EXEC,
                        .number = {request, request + 1000},
                        .budget_ms = BUDGET_MS,
                        .body = (const uint8_t *)text,
                        .payload_size = (uint32_t)strlen(text)};
}

static void ask(fixture *f, uint64_t request, int64_t now_ms)
{
    xy_message message = exec(request, "text");
    xy_work_queue_request(&f->queue, &message, now_ms, &f->out);
}

/* A fragment that is not the first begins behind "te" or what is as long, if no more is said. True:
 * with it the request is here, or was refused. */
static bool ask_part_at(fixture *f, uint64_t request, uint8_t part, int64_t offset,
                        const char *text, int64_t now_ms)
{
    xy_message message = exec(request, text);
    message.part = part;
    message.value = part & XY_PART_CONTINUED ? offset : 0;
    return xy_work_queue_request(&f->queue, &message, now_ms, &f->out);
}

static bool ask_part(fixture *f, uint64_t request, uint8_t part, const char *text, int64_t now_ms)
{
    return ask_part_at(f, request, part, 2, text, now_ms);
}

/* The next action that is no answer. */
static xy_action next(fixture *f, xy_action_kind kind)
{
    xy_action action;
    do
        assert_true(xy_queue_pop(&f->out, &action));
    while (action.kind == XY_ACTION_REPLY);
    assert_int_equal(action.kind, kind);
    return action;
}

/* Its time. */
static uint32_t expect_text(fixture *f, uint64_t request, const char *text)
{
    xy_action action = next(f, XY_ACTION_WORK);
    uint32_t budget_ms = action.work.budget_ms;
    assert_true(action.work.request.request == request);
    assert_true(action.work.request.tag == request + 1000);
    assert_int_equal(action.work.size, strlen(text));
    assert_memory_equal(action.work.text, text, strlen(text) + 1); /* with its NUL */
    xy_action_clear(&action);
    return budget_ms;
}

static uint32_t expect_work(fixture *f, uint64_t request)
{
    return expect_text(f, request, "text");
}

static void expect_cancel(fixture *f, uint64_t request)
{
    assert_true(next(f, XY_ACTION_CANCEL).cancel.request.request == request);
}

static void expect_answer(fixture *f, uint64_t request, int status)
{
    assert_int_equal(f->answers, 1);
    assert_true(f->request == request);
    assert_int_equal(f->status, status);
    f->answers = 0;
}

static void expect_nothing(fixture *f)
{
    xy_action action;
    while (xy_queue_pop(&f->out, &action))
        assert_int_equal(action.kind, XY_ACTION_REPLY);
    assert_int_equal(f->answers, 0);
}

/* The work under way has been done: whether its answer is wanted, for which there is a promise. */
static bool done(fixture *f, uint64_t request, int64_t now_ms)
{
    size_t promised = f->out.promised;
    bool wanted = xy_work_queue_done(&f->queue, (xy_number){request, request + 1000});
    assert_int_equal(f->out.promised, promised);
    if (wanted)
        xy_queue_take_back(&f->out, 1);
    xy_work_queue_next(&f->queue, now_ms, &f->out);
    return wanted;
}

static void test_one_at_a_time_in_order(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    assert_int_equal(expect_work(f, 1), BUDGET_MS - LEAD_MS);
    ask(f, 3, 10);
    ask(f, 2, 20);
    expect_nothing(f);
    assert_true(done(f, 1, 30));
    assert_int_equal(expect_work(f, 3), BUDGET_MS - LEAD_MS - 20);
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
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
}

/* In the order of asking, whatever is due first. */
static void test_one_in_a_hurry_waits_too(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    xy_message message = exec(3, "text");
    message.budget_ms = 80;
    xy_work_queue_request(&f->queue, &message, 0, &f->out);
    assert_true(done(f, 1, 0));
    expect_work(f, 2);
    assert_true(done(f, 2, 0));
    expect_work(f, 3);
}

static void test_parts(void **state)
{
    fixture *f = *state;
    ask_part(f, 1, XY_PART_MORE, "te", 0);
    ask_part(f, 2, XY_PART_MORE, "other ", 0);
    ask_part(f, 1, XY_PART_CONTINUED, "xt", 0);
    expect_work(f, 1);
    ask_part_at(f, 2, XY_PART_CONTINUED, 6, "text", 0);
    ask(f, 3, 0);
    expect_nothing(f);
    assert_true(done(f, 1, 0));
    expect_text(f, 2, "other text");
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
    assert_int_equal(xy_work_queue_deadline(&f->queue), BUDGET_MS - LEAD_MS);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS - 1, &f->out);
    expect_nothing(f);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS, &f->out);
    expect_answer(f, 1, XYLEM_TIMED_OUT);
    expect_cancel(f, 1);
    assert_int_equal(xy_work_queue_deadline(&f->queue), BUDGET_MS - LEAD_MS + 5);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS + 5, &f->out);
    expect_nothing(f); /* what does not come whole is not answered, and needs no promise */
    assert_int_equal(f->out.promised, 2);
    ask_part(f, 4, XY_PART_CONTINUED, "xt", BUDGET_MS - LEAD_MS + 5);
    assert_int_equal(xy_work_queue_deadline(&f->queue), BUDGET_MS - LEAD_MS + 10);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS + 10, &f->out);
    expect_answer(f, 2, XYLEM_TIMED_OUT);
    expect_nothing(f);
    assert_false(done(f, 1, BUDGET_MS)); /* answered already */
    assert_int_equal(expect_work(f, 3), 0);
    xy_work_queue_tick(&f->queue, BUDGET_MS, &f->out);
    expect_answer(f, 3, XYLEM_TIMED_OUT);
    expect_cancel(f, 3);
    xy_work_queue_tick(&f->queue, 2 * BUDGET_MS, &f->out);
    expect_nothing(f); /* once is enough */
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
}

static void test_a_short_budget_has_a_short_lead(void **state)
{
    fixture *f = *state;
    xy_message message = exec(1, "text");
    message.budget_ms = 80;
    xy_work_queue_request(&f->queue, &message, 1000, &f->out);
    assert_int_equal(expect_work(f, 1), 60);
    assert_int_equal(xy_work_queue_deadline(&f->queue), 1060);
}

static void test_cancel_what_is_under_way(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect_cancel(f, 1);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_nothing(f); /* and the next begins only when the service has ended */
    assert_false(done(f, 1, 0));
    expect_work(f, 2);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    xy_work_queue_cancel(&f->queue, 9, &f->out);
    expect_nothing(f);
    assert_true(done(f, 2, 0));
}

static void test_cancel_what_waits(void **state)
{
    fixture *f = *state;
    for (uint64_t request = 1; request <= 4; request++)
        ask(f, request, 0);
    expect_work(f, 1);
    xy_work_queue_cancel(&f->queue, 4, &f->out);
    expect_answer(f, 4, XYLEM_CANCELLED);
    xy_work_queue_cancel(&f->queue, 2, &f->out);
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
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    ask_part(f, 1, XY_PART_CONTINUED, "xt", 0);
    expect_nothing(f);
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
}

/* There is no request 0: it is not what is under way when nothing is. */
static void test_cancel_nothing(void **state)
{
    fixture *f = *state;
    xy_work_queue_cancel(&f->queue, 0, &f->out);
    expect_nothing(f);
    ask(f, 1, 0);
    expect_work(f, 1);
    assert_true(done(f, 1, 0));
    xy_work_queue_cancel(&f->queue, 0, &f->out);
    expect_nothing(f);
}

/* The first of several parts, which says how large all of it is. */
static void ask_large(fixture *f, uint64_t request, size_t size)
{
    xy_message message = exec(request, "text");
    message.part = XY_PART_MORE;
    message.value = (int64_t)size;
    xy_work_queue_request(&f->queue, &message, 0, &f->out);
}

static size_t load_of(const fixture *f)
{
    return f->queue.waiting.table.cost + f->queue.arriving.table.cost;
}

/* At the bound what fits is taken, and no byte more. */
static void test_too_much_waits(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    for (uint64_t request = 3; XY_WORK_QUEUE_MAX - load_of(f) > XYLEM_TEXT_MAX; request++)
        ask_large(f, request, XYLEM_TEXT_MAX - 1000);
    expect_nothing(f);
    size_t left = XY_WORK_QUEUE_MAX - load_of(f) - XY_REQUEST_COST;
    ask_large(f, 100, left + 1);
    expect_answer(f, 100, XYLEM_BUSY);
    ask_part(f, 100, XY_PART_CONTINUED, "of what is refused nothing is kept", 0);
    expect_nothing(f);
    ask_large(f, 101, left);
    expect_nothing(f);
    ask(f, 102, 0);
    expect_answer(f, 102, XYLEM_BUSY);
    assert_true(done(f, 1, 0)); /* and when something is done there is room again */
    expect_work(f, 2);
    ask(f, 103, 0);
    expect_nothing(f);
}

static void test_many_small_ones_wait(void **state)
{
    enum { MANY = 50000 };
    fixture *f = *state;
    for (uint64_t request = 1; request <= MANY; request++)
        ask(f, request, 0);
    expect_work(f, 1);
    expect_nothing(f);
    for (uint64_t request = 2; request <= MANY; request += 2) {
        xy_work_queue_cancel(&f->queue, request, &f->out);
        expect_answer(f, request, XYLEM_CANCELLED);
    }
    for (uint64_t request = 1; request + 2 <= MANY; request += 2) {
        assert_true(done(f, request, 0));
        expect_work(f, request + 2);
    }
    assert_int_equal(load_of(f), 0);
}

/* What is asked a second time under the same number is done and answered once. */
static void test_the_same_again(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 1, 0);
    ask(f, 2, 0);
    ask(f, 2, 0);
    ask_part(f, 2, XY_PART_MORE, "te", 0);
    ask_part(f, 2, XY_PART_CONTINUED, "xt", 0);
    expect_nothing(f);
    assert_true(done(f, 1, 0));
    expect_work(f, 2);
    assert_true(done(f, 2, 0));
    expect_nothing(f);
}

static void test_too_long(void **state)
{
    enum { PART = XY_MESSAGE_PAYLOAD_MAX };
    fixture *f = *state;
    static uint8_t bytes[PART];
    xy_message part = exec(1, "");
    part.body = bytes;
    part.payload_size = PART;
    for (size_t size = 0; size <= XYLEM_TEXT_MAX; size += PART) {
        expect_nothing(f);
        part.part = XY_PART_MORE | (size ? XY_PART_CONTINUED : 0);
        part.value = (int64_t)size;
        xy_work_queue_request(&f->queue, &part, 0, &f->out);
    }
    expect_answer(f, 1, XYLEM_TOO_LONG);
    part.part = XY_PART_CONTINUED;
    assert_false(xy_work_queue_request(&f->queue, &part, 0, &f->out));
    expect_nothing(f);
}

static void expect_stage(const fixture *f, uint64_t request, bool has, bool expects)
{
    assert_int_equal(xy_work_queue_has(&f->queue, request), has);
    assert_int_equal(xy_work_queue_expects(&f->queue, request), expects);
}

/* Whether a request is here, and which fragment was the last one that it wanted. */
static void test_what_is_here(void **state)
{
    fixture *f = *state;
    expect_stage(f, 1, false, false);
    xy_message whole = exec(1, "text");
    assert_true(xy_work_queue_request(&f->queue, &whole, 0, &f->out));
    expect_work(f, 1);
    expect_stage(f, 1, true, false);
    assert_false(xy_work_queue_request(&f->queue, &whole, 0, &f->out));
    assert_false(ask_part(f, 2, XY_PART_CONTINUED, "xt", 0));
    assert_false(ask_part(f, 2, XY_PART_MORE, "te", 0));
    expect_stage(f, 2, false, true);
    assert_false(ask_part(f, 2, XY_PART_MORE, "te", 0));
    assert_true(ask_part(f, 2, XY_PART_CONTINUED, "xt", 0));
    expect_stage(f, 2, true, false);
    assert_false(ask_part(f, 2, XY_PART_CONTINUED, "xt", 0));
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect_cancel(f, 1);
    expect_stage(f, 1, false, false); /* it is answered, though its work goes on */
    assert_false(xy_work_queue_request(&f->queue, &whole, 0, &f->out));
    assert_false(done(f, 1, 0));
    expect_work(f, 2);
    assert_int_equal(f->out.promised, 1);
    expect_nothing(f);
}

/* A second copy is not refused because of the first. */
static void test_a_copy_while_too_much_waits(void **state)
{
    fixture *f = *state;
    xy_message large;
    for (uint64_t request = 9; f->answers == 0; request--) {
        large = exec(request, "te");
        large.part = XY_PART_MORE;
        large.value = XYLEM_TEXT_MAX;
        bool over = xy_work_queue_request(&f->queue, &large, 0, &f->out);
        assert_int_equal(over, f->answers);
    }
    expect_answer(f, large.number.request, XYLEM_BUSY);
    large.number = (xy_number){9, 1009};
    assert_false(xy_work_queue_request(&f->queue, &large, 0, &f->out));
    expect_nothing(f);
    assert_int_equal(f->out.promised, xy_assemblies_count(&f->queue.arriving));
}

static void test_close(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    ask(f, 2, 0);
    ask_part(f, 3, XY_PART_MORE, "te", 0);
    xy_work_queue_close(&f->queue, &f->out);
    expect_cancel(f, 1);
    expect_nothing(f);
    assert_false(done(f, 1, 0));
    expect_nothing(f);
    xy_work_queue_close(&f->queue, &f->out);
    expect_nothing(f);
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
}

static void test_close_what_is_given_up(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect_cancel(f, 1);
    xy_work_queue_close(&f->queue, &f->out);
    expect_nothing(f);
}

/* The work under way is answered later; then the next may begin. */
static void defer(fixture *f, uint64_t request, int64_t now_ms)
{
    size_t promised = f->out.promised;
    xy_work_queue_defer(&f->queue, (xy_number){request, request + 1000}, &f->out);
    assert_int_equal(f->out.promised, promised - f->answers);
    xy_work_queue_next(&f->queue, now_ms, &f->out);
}

static void ask_and_defer(fixture *f, uint64_t request, int64_t now_ms)
{
    ask(f, request, now_ms);
    expect_work(f, request);
    defer(f, request, now_ms);
}

static void test_deferred_in_any_order(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    ask(f, 2, 0);
    expect_work(f, 1);
    defer(f, 1, 10);
    expect_work(f, 2);
    defer(f, 2, 20);
    ask(f, 3, 30);
    expect_work(f, 3);
    assert_int_equal(f->out.promised, 3);
    assert_true(done(f, 2, 40));
    assert_false(done(f, 2, 40)); /* once */
    expect_nothing(f);            /* the third is still under way */
    assert_true(done(f, 1, 50));
    assert_true(done(f, 3, 60));
    assert_int_equal(f->out.promised, 0);
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
    defer(f, 4, 70); /* which is not under way */
    expect_nothing(f);
}

/* It is here until it is answered, and so is not done again. */
static void test_a_copy_of_what_is_deferred(void **state)
{
    fixture *f = *state;
    ask_and_defer(f, 1, 0);
    assert_true(xy_work_queue_has(&f->queue, 1));
    assert_false(xy_work_queue_expects(&f->queue, 1));
    ask(f, 1, 10);
    expect_nothing(f);
    assert_int_equal(f->out.promised, 1);
    assert_true(done(f, 1, 20));
    assert_false(xy_work_queue_has(&f->queue, 1));
}

static void test_deadline_of_what_is_deferred(void **state)
{
    fixture *f = *state;
    ask_and_defer(f, 1, 0);
    ask_and_defer(f, 2, 100);
    assert_true(xy_work_queue_deadline(&f->queue) == BUDGET_MS - LEAD_MS);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS - 1, &f->out);
    expect_nothing(f);
    xy_work_queue_tick(&f->queue, BUDGET_MS - LEAD_MS, &f->out);
    expect_cancel(f, 1);
    expect_answer(f, 1, XYLEM_TIMED_OUT);
    expect_nothing(f);
    assert_true(xy_work_queue_deadline(&f->queue) == 100 + BUDGET_MS - LEAD_MS);
    assert_false(done(f, 1, BUDGET_MS));
    assert_true(done(f, 2, BUDGET_MS));
}

static void test_cancel_what_is_deferred(void **state)
{
    fixture *f = *state;
    ask_and_defer(f, 1, 0);
    ask_and_defer(f, 2, 0);
    ask(f, 3, 0);
    expect_work(f, 3);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_cancel(f, 1);
    expect_answer(f, 1, XYLEM_CANCELLED);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_nothing(f);
    xy_work_queue_drop(&f->queue, 2, &f->out);
    expect_cancel(f, 2);
    expect_nothing(f);
    assert_int_equal(f->out.promised, 1);
    assert_false(done(f, 1, 0));
    assert_false(done(f, 2, 0));
    assert_true(done(f, 3, 0));
}

/* It was given up before it is deferred. */
static void test_defer_what_is_given_up(void **state)
{
    fixture *f = *state;
    ask(f, 1, 0);
    expect_work(f, 1);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_answer(f, 1, XYLEM_CANCELLED);
    expect_cancel(f, 1);
    defer(f, 1, 0);
    expect_nothing(f);
    assert_false(xy_work_queue_has(&f->queue, 1));
    assert_false(done(f, 1, 0));
}

static void test_too_much_is_deferred(void **state)
{
    fixture *f = *state;
    for (uint64_t request = 1; request <= XY_DEFERRED_MAX; request++)
        ask_and_defer(f, request, 0);
    expect_nothing(f);
    ask_and_defer(f, XY_DEFERRED_MAX + 1, 0);
    expect_cancel(f, XY_DEFERRED_MAX + 1);
    expect_answer(f, XY_DEFERRED_MAX + 1, XYLEM_BUSY);
    assert_int_equal(f->out.promised, XY_DEFERRED_MAX);
    assert_true(done(f, 500, 0));
    ask_and_defer(f, XY_DEFERRED_MAX + 2, 0);
    expect_nothing(f);
    xy_work_queue_close(&f->queue, &f->out);
    expect_nothing(f);
    assert_int_equal(f->out.promised, 0);
    assert_true(xy_work_queue_deadline(&f->queue) == XY_NEVER);
}

/* Each request that is taken holds one promise, until it is answered. */
static void test_promises(void **state)
{
    fixture *f = *state;
    for (uint64_t request = 1; request <= 3; request++) {
        ask(f, request, 0);
        assert_int_equal(f->out.promised, request);
    }
    ask(f, 3, 0); /* once */
    ask_part(f, 4, XY_PART_MORE, "te", 0);
    assert_int_equal(f->out.promised, f->queue.promises);
    xy_work_queue_cancel(&f->queue, 2, &f->out);
    expect_answer(f, 2, XYLEM_CANCELLED);
    xy_work_queue_cancel(&f->queue, 1, &f->out);
    expect_answer(f, 1, XYLEM_CANCELLED);
    xy_work_queue_cancel(&f->queue, 4, &f->out);
    f->answers = 0;
    assert_int_equal(f->out.promised, 1);
    xy_work_queue_close(&f->queue, &f->out);
    assert_int_equal(f->out.promised, 0);
}

/* What was taken is answered, also when there is no memory any more. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    for (size_t fails = 1; fails < 40; fails++) {
        uint64_t first = fails * 100;
        memory_fails(fails, SIZE_MAX);
        for (uint64_t i = 0; i < 5; i++)
            ask(f, first + i, 0);
        ask_part(f, first + 5, XY_PART_MORE, "te", 0);
        ask_part(f, first + 5, XY_PART_CONTINUED, "xt", 0);
        if (fails % 2 && f->queue.running.request != 0)
            xy_work_queue_defer(&f->queue, f->queue.running, &f->out);
        xy_work_queue_next(&f->queue, 0, &f->out);
        xy_work_queue_tick(&f->queue, BUDGET_MS, &f->out);
        while (f->queue.running.request != 0)
            done(f, f->queue.running.request, BUDGET_MS);
        assert_int_equal(f->out.promised, 0);
        assert_int_equal(load_of(f), 0);
        memory_is_back();
        xy_queue_clear(&f->out);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_at_a_time_in_order),
        TEST(test_one_in_a_hurry_waits_too),
        TEST(test_parts),
        TEST(test_deadlines),
        TEST(test_a_short_budget_has_a_short_lead),
        TEST(test_cancel_what_is_under_way),
        TEST(test_cancel_what_waits),
        TEST(test_cancel_what_is_not_whole),
        TEST(test_cancel_nothing),
        TEST(test_too_much_waits),
        TEST(test_many_small_ones_wait),
        TEST(test_the_same_again),
        TEST(test_too_long),
        TEST(test_what_is_here),
        TEST(test_a_copy_while_too_much_waits),
        TEST(test_deferred_in_any_order),
        TEST(test_a_copy_of_what_is_deferred),
        TEST(test_deadline_of_what_is_deferred),
        TEST(test_cancel_what_is_deferred),
        TEST(test_defer_what_is_given_up),
        TEST(test_too_much_is_deferred),
        TEST(test_close),
        TEST(test_close_what_is_given_up),
        TEST(test_promises),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
