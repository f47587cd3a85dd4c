/* A request to many at a compute node: on to its children, and back as one answer. */
#include "machines.h"

#include "../shortage.h"
#include "core/node.h"
#include "core/plan.h"
#include "core/varint.h"

/* The node is at position 10, two are below LEFT, one is below RIGHT. */
enum { SELF = 50, LIFE = 3, LINK = 20, LEFT = 31, RIGHT = 28, T = 100 };
enum { CAST = 7, BASE = 10, COUNT = 4, TIME_MS = 3500, STEP_MS = 200, BUDGET_MS = 4000 };

typedef struct fixture {
    rig r;
    xy_node node;
    xy_plan_head head;
    bool asked;
} fixture;

static void tell_interval(rig *r, int64_t interval_ms, uint64_t version)
{
    xy_message message = {.kind = version ? XY_INTERVAL : XY_WELCOME, .value = interval_ms};
    message.number.request = version;
    hear(r, parent_on(LINK), message);
}

static void create_child(rig *r, uint64_t link, int64_t id)
{
    uint8_t bytes[XY_EXPECTATION_SIZE];
    xy_expectation child = expectation_of(link, id, link + 1000);
    xy_message message = request_for(XY_EXPECT, 500 + link, SELF, LIFE);
    message.link.number = LINK;
    xy_expectation_encode(&child, bytes);
    hear(r, parent_on(LINK), with(message, NULL, bytes, sizeof bytes));
    expect(r, XY_ACTION_EXPECT);
    expect(r, XY_ACTION_EXPECTED);
    hear(r, child_on(link), hello_of(id, link + 1000));
    expect_sent(r, child_on(link), XY_WELCOME);
    expect_nothing(r);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    xy_birth birth = {.id = SELF, .life = {LIFE}};
    xy_event event = {.kind = XY_EVENT_ATTACH, .attach = {.parent = parent_on(LINK)}};
    *state = f;
    memory_is_back();
    strcpy(event.attach.address, "above");
    xy_node_init(&f->node, &birth, "here");
    f->r.machine = xy_node_machine(&f->node);
    feed(&f->r, &event);
    expect(&f->r, XY_ACTION_CONNECT);
    expect_sent(&f->r, parent_on(LINK), XY_HELLO);
    tell_interval(&f->r, 0, 0);
    expect(&f->r, XY_ACTION_ATTACHED);
    expect_sent(&f->r, parent_on(LINK), XY_HEARTBEAT);
    create_child(&f->r, LEFT, 25);
    create_child(&f->r, RIGHT, 75);
    f->head = (xy_plan_head){.base = BASE, .time_ms = TIME_MS, .step_ms = STEP_MS};
    f->asked = true;
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

/* Plans. */

static uint8_t plan[200];
static size_t plan_size;

static void put(uint64_t number)
{
    plan_size += xy_varint_put(plan + plan_size, number);
}

static void begin_plan(const fixture *f, size_t children)
{
    plan_size = xy_plan_put_head(plan, &f->head);
    put(2 * children + f->asked);
}

static void put_child(uint64_t link, uint32_t count, const uint8_t *section, size_t size)
{
    put(link);
    put(count);
    put(size);
    memcpy(plan + plan_size, section, size);
    plan_size += size;
}

/* A node and its one child; a node alone. */
static const uint8_t two[] = {3, 99, 1, 1, 1}, one[] = {1};

static void plan_all(const fixture *f)
{
    begin_plan(f, 2);
    put_child(LEFT, 2, two, sizeof two);
    put_child(RIGHT, 1, one, sizeof one);
}

/* Casts, with the plan that was made last. NULL: a ping. */

static xy_message cast_of(uint64_t request, const char *text)
{
    static uint8_t bytes[sizeof plan + 100];
    size_t size = text ? strlen(text) : 0;
    xy_message message = {.kind = XY_CAST,
                          .code = text ? XY_EXEC : XY_PING,
                          .number = number_of(request),
                          .budget_ms = BUDGET_MS,
                          .keep = (uint32_t)plan_size};
    memcpy(bytes, plan, plan_size);
    if (size > 0)
        memcpy(bytes + plan_size, text, size);
    return with(message, NULL, bytes, plan_size + size);
}

static void give(fixture *f, uint64_t request, const char *text)
{
    hear(&f->r, parent_on(LINK), cast_of(request, text));
}

/* What a child gets: the part of the plan that is its own, and the text. */
static void expect_passed(fixture *f, uint64_t link, uint64_t request, uint32_t base,
                          const uint8_t *section, size_t size, const char *text)
{
    xy_plan_head below = f->head;
    uint8_t bytes[100];
    below.base = base;
    below.time_ms -= f->head.step_ms;
    size_t head_size = xy_plan_put_head(bytes, &below);
    const xy_message *passed = expect_sent(&f->r, child_on(link), XY_CAST);
    const uint8_t *payload = xy_message_payload(passed);
    assert_int_equal(passed->code, text ? XY_EXEC : XY_PING);
    assert_number(passed->number, number_of(request));
    assert_int_equal(passed->budget_ms, BUDGET_MS);
    assert_int_equal(passed->keep, head_size + size);
    assert_memory_equal(payload, bytes, head_size);
    assert_memory_equal(payload + head_size, section, size);
    assert_bytes(payload + passed->keep, passed->payload_size - passed->keep, text ? text : "");
}

static void expect_passed_to_both(fixture *f, uint64_t request, const char *text)
{
    expect_passed(f, LEFT, request, BASE + f->asked, two, sizeof two, text);
    expect_passed(f, RIGHT, request, BASE + f->asked + 2, one, sizeof one, text);
}

static void expect_work(fixture *f, uint64_t request, const char *text)
{
    const xy_action *work = expect(&f->r, XY_ACTION_WORK);
    assert_number(work->work.request, number_of(request));
    assert_bytes(work->work.text, work->work.size, text);
}

static void worked(fixture *f, uint64_t request, int status, const void *text, size_t size)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = number_of(request);
    event.worked.status = status;
    event.worked.text = text;
    event.worked.size = size;
    feed(&f->r, &event);
}

static void begin(fixture *f, uint64_t request, const char *text)
{
    plan_all(f);
    give(f, request, text);
    expect_passed_to_both(f, request, text);
    if (f->asked && text)
        expect_work(f, request, text);
    expect_nothing(&f->r);
}

/* Answers. */

static xy_message merged_of(uint64_t request, int status)
{
    return (xy_message){.kind = XY_MERGED, .status = status, .number = number_of(request)};
}

/* The same answer of a range. */
static void answer(fixture *f, uint64_t link, uint64_t request, const char *text, uint32_t from,
                   uint32_t count)
{
    xy_merge merge = {0};
    xy_buffer bytes = {0};
    xy_merge_add(&merge, XYLEM_OK, text, strlen(text), (xy_range){from, count});
    assert_true(xy_merge_write(&merge, &bytes));
    hear(&f->r, child_on(link), with(merged_of(request, XYLEM_OK), NULL, bytes.bytes, bytes.size));
    xy_buffer_clear(&bytes);
    xy_merge_clear(&merge);
}

static void answer_left(fixture *f, const char *text)
{
    answer(f, LEFT, CAST, text, BASE + f->asked, 2);
}

static void answer_right(fixture *f, const char *text)
{
    answer(f, RIGHT, CAST, text, BASE + f->asked + 2, 1);
}

/* "TEXT 0,1" or "ERROR NUMBER 2", in the order of coming, with "; " between them. */
static void describe(const xy_merge *merge, char *text)
{
    *text = '\0';
    for (const xy_group *group = merge->all; group; group = group->next) {
        size_t count = group->count;
        const xy_range *range = group->ranges;
        if (group->status)
            text += sprintf(text, "error %d ", group->status);
        text += sprintf(text, "%.*s ", (int)group->size, (const char *)group->text);
        for (const char *comma = ""; count > 0; count--, range++)
            for (uint32_t i = 0; i < range->count; i++, comma = ",")
                text += sprintf(text, "%s%u", comma, (unsigned)(range->from + i - BASE));
        text += sprintf(text, "%s", group->next ? "; " : "");
    }
}

/* The one answer, about `count` nodes from BASE on. */
static void expect_answer(fixture *f, uint64_t request, uint32_t count, const char *wanted)
{
    char is[400];
    xy_merge merge = {0};
    const xy_message *message = expect_sent(&f->r, parent_on(LINK), XY_MERGED);
    assert_number(message->number, number_of(request));
    assert_int_equal(message->status, XYLEM_OK);
    assert_true(xy_merge_add_all(&merge, xy_message_payload(message), message->payload_size,
                                 (xy_range){BASE, count}));
    describe(&merge, is);
    assert_string_equal(is, wanted);
    xy_merge_clear(&merge);
    expect_nothing(&f->r);
}

#define UNAVAILABLE "error 5  " /* and its text, which is empty */

static void expect_no_answer(fixture *f)
{
    expect_nothing(&f->r);
    assert_int_equal(f->node.casts.table.count, 1);
}

static void expect_over(fixture *f)
{
    expect_nothing(&f->r);
    assert_int_equal(f->node.casts.table.count, 0);
    assert_int_equal(f->r.out.promised, 0);
}

/* Once over each link, and one answer. */

static void test_one_answer_for_all(void **state)
{
    fixture *f = *state;
    begin(f, CAST, "text");
    answer_right(f, "a");
    expect_no_answer(f);
    worked(f, CAST, XYLEM_OK, "b", 1);
    expect_no_answer(f);
    answer_left(f, "a");
    expect_answer(f, CAST, COUNT, "a 1,2,3; b 0");
    expect_over(f);
    assert_true(deadline_of(&f->r) == XY_NEVER);
}

static void test_a_ping(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer_left(f, "");
    answer_right(f, "");
    expect_answer(f, CAST, COUNT, " 0,1,2,3");
    expect_over(f);
}

static void test_one_that_is_not_asked_itself(void **state)
{
    fixture *f = *state;
    f->asked = false;
    begin(f, CAST, "text");
    answer_left(f, "a");
    answer_right(f, "b");
    expect_answer(f, CAST, COUNT - 1, "a 0,1; b 2");
    expect_over(f);
}

static void test_one_without_children(void **state)
{
    fixture *f = *state;
    begin_plan(f, 0);
    give(f, CAST, "text");
    expect_work(f, CAST, "text");
    worked(f, CAST, XYLEM_FAILED, "why", 3);
    expect_answer(f, CAST, 1, "error 15 why 0");
    give(f, CAST + 1, NULL);
    expect_answer(f, CAST + 1, 1, " 0");
    expect_over(f);
}

/* Several at once: each has its own answers, whichever comes first. */
/* So many that they are not looked at one by one; they answer in another order, and some not. */
static void test_many_children(void **state)
{
    enum { MANY = 20, FIRST = 100 };
    fixture *f = *state;
    f->asked = false;
    for (uint64_t i = 0; i < MANY; i++)
        create_child(&f->r, FIRST + i, (int64_t)(200 + i));
    begin_plan(f, MANY);
    for (uint64_t i = 0; i < MANY; i++)
        put_child(FIRST + i, 1, one, sizeof one);
    give(f, CAST, "text");
    for (uint32_t i = 0; i < MANY; i++)
        expect_passed(f, FIRST + i, CAST, BASE + i, one, sizeof one, "text");
    for (uint32_t i = MANY; i > 2; i--)
        answer(f, FIRST + i - 1, CAST, i % 2 ? "odd" : "even", BASE + i - 1, 1);
    answer(f, FIRST + 5, CAST, "again", BASE + 5, 1);
    expect_no_answer(f);
    tick(&f->r, f->r.now_ms + TIME_MS);
    expect_answer(f, CAST, MANY,
                  "even 3,5,7,9,11,13,15,17,19; odd 2,4,6,8,10,12,14,16,18; " UNAVAILABLE "0,1");
    expect_over(f);
}

static void test_several_at_once(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    begin(f, CAST + 1, NULL);
    answer(f, LEFT, CAST + 1, "c", BASE + 1, 2);
    answer(f, LEFT, CAST, "a", BASE + 1, 2);
    answer(f, RIGHT, CAST + 1, "d", BASE + 3, 1);
    expect_answer(f, CAST + 1, COUNT, " 0; c 1,2; d 3");
    answer(f, RIGHT, CAST, "b", BASE + 3, 1);
    expect_answer(f, CAST, COUNT, " 0; a 1,2; b 3");
    expect_over(f);
}

static void test_work_before_and_after_that_of_others(void **state)
{
    fixture *f = *state;
    xy_message request = request_for(XY_EXEC, 90, SELF, LIFE);
    request.link.number = LINK;
    begin_plan(f, 0);
    give(f, CAST, "first");
    expect_work(f, CAST, "first");
    hear(&f->r, parent_on(LINK), with_text(request, "second"));
    give(f, CAST + 1, "third");
    expect_nothing(&f->r);
    worked(f, CAST, XYLEM_OK, "a", 1);
    expect_sent(&f->r, parent_on(LINK), XY_MERGED);
    expect_work(f, 90, "second");
    worked(f, 90, XYLEM_OK, "b", 1);
    expect_sent(&f->r, parent_on(LINK), XY_REPLY);
    expect_work(f, CAST + 1, "third");
    worked(f, CAST + 1, XYLEM_OK, "c", 1);
    expect_answer(f, CAST + 1, 1, "c 0");
    expect_over(f);
}

/* Fragments. */

static xy_message part_of(uint8_t part, int64_t value, const char *text)
{
    xy_message message = {.kind = XY_CAST,
                          .code = XY_EXEC,
                          .number = number_of(CAST),
                          .part = part,
                          .value = value,
                          .budget_ms = BUDGET_MS};
    return with_text(message, text);
}

static void expect_part(fixture *f, uint64_t link, uint8_t part, int64_t value, const char *text)
{
    const xy_message *passed = expect_sent(&f->r, child_on(link), XY_CAST);
    assert_int_equal(passed->part, part);
    assert_true(passed->value == value && passed->keep == 0);
    assert_int_equal(passed->budget_ms, BUDGET_MS);
    assert_bytes(xy_message_payload(passed), passed->payload_size, text);
}

static void expect_parts(fixture *f, uint8_t part, int64_t value, const char *text)
{
    expect_part(f, LEFT, part, value, text);
    expect_part(f, RIGHT, part, value, text);
}

enum { MIDDLE = XY_PART_MORE | XY_PART_CONTINUED, LAST = XY_PART_CONTINUED };

static void begin_in_parts(fixture *f, const char *text)
{
    plan_all(f);
    xy_message message = cast_of(CAST, text);
    message.part = XY_PART_MORE;
    message.value = (int64_t)strlen(text) + 5;
    hear(&f->r, parent_on(LINK), message);
    expect_passed(f, LEFT, CAST, BASE + 1, two, sizeof two, text);
    assert_true(f->r.hand.send.message.part == XY_PART_MORE);
    assert_true(f->r.hand.send.message.value == message.value);
    expect_passed(f, RIGHT, CAST, BASE + 3, one, sizeof one, text);
    expect_no_answer(f);
}

static void test_a_text_in_fragments(void **state)
{
    fixture *f = *state;
    begin_in_parts(f, "one");
    hear(&f->r, parent_on(LINK), part_of(MIDDLE, 3, "two"));
    expect_parts(f, MIDDLE, 3, "two");
    expect_no_answer(f);
    hear(&f->r, parent_on(LINK), part_of(LAST, 6, "xy"));
    expect_parts(f, LAST, 6, "xy");
    expect_work(f, CAST, "onetwoxy");
    answer_left(f, "a");
    answer_right(f, "a");
    worked(f, CAST, XYLEM_OK, "a", 1);
    expect_answer(f, CAST, COUNT, "a 0,1,2,3");
    expect_over(f);
}

/* The plan has no room for any of it. One that is lost meanwhile gets no more. */
static void test_the_plan_before_the_text(void **state)
{
    fixture *f = *state;
    begin_in_parts(f, "");
    hear(&f->r, parent_on(LINK), part_of(MIDDLE, 0, "ab"));
    expect_parts(f, MIDDLE, 0, "ab");
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_CAST;
    event.unsent.request = number_of(CAST);
    event.unsent.link.number = LEFT;
    event.unsent.status = XYLEM_BUSY;
    feed(&f->r, &event);
    hear(&f->r, parent_on(LINK), part_of(LAST, 2, "cde"));
    expect_part(f, RIGHT, LAST, 2, "cde");
    expect_work(f, CAST, "abcde");
    worked(f, CAST, XYLEM_OK, "a", 1);
    answer_right(f, "b");
    expect_answer(f, CAST, COUNT, "error 8  1,2; a 0; b 3");
    expect_over(f);
}

static void test_answers_in_fragments(void **state)
{
    fixture *f = *state;
    const uint8_t first[] = {1, XYLEM_OK, 3, 'a', 'b'}, second[] = {'c', 1, BASE + 1}, last[] = {2};
    xy_message message = merged_of(CAST, XYLEM_OK);
    begin(f, CAST, NULL);
    answer_right(f, "abc");
    message.part = XY_PART_MORE;
    hear(&f->r, child_on(LEFT), with(message, NULL, first, sizeof first));
    message.part = MIDDLE;
    hear(&f->r, child_on(LEFT), with(message, NULL, second, sizeof second));
    expect_no_answer(f);
    message.part = LAST;
    hear(&f->r, child_on(LEFT), with(message, NULL, last, sizeof last));
    expect_answer(f, CAST, COUNT, " 0; abc 1,2,3");
    expect_over(f);
}

/* What is more than a message goes up in fragments. */
static void test_a_large_answer(void **state)
{
    enum { SIZE = XY_MESSAGE_PAYLOAD_MAX + 1000 };
    static char text[SIZE];
    fixture *f = *state;
    xy_merge merge = {0};
    xy_buffer bytes = {0};
    memset(text, 'x', sizeof text);
    begin_plan(f, 0);
    give(f, CAST, "text");
    expect_work(f, CAST, "text");
    worked(f, CAST, XYLEM_OK, text, sizeof text);
    for (int i = 0; i < 2; i++) {
        const xy_message *part = expect_sent(&f->r, parent_on(LINK), XY_MERGED);
        assert_number(part->number, number_of(CAST));
        assert_int_equal(part->part, i ? LAST : XY_PART_MORE);
        assert_true(xy_buffer_add(&bytes, xy_message_payload(part), part->payload_size));
    }
    expect_over(f);
    assert_true(xy_merge_add_all(&merge, bytes.bytes, bytes.size, (xy_range){BASE, 1}));
    assert_int_equal(merge.all->size, SIZE);
    assert_memory_equal(merge.all->text, text, SIZE);
    xy_merge_clear(&merge);
    xy_buffer_clear(&bytes);
}

/* Those that are lost. */

static void let_go(fixture *f, uint64_t link)
{
    xy_message message = request_for(XY_LET_GO, 0, SELF, LIFE);
    message.link.number = LINK;
    message.value = (int64_t)link;
    hear(&f->r, parent_on(LINK), message);
    expect_let_go(&f->r, child_on(link));
}

static void test_a_child_that_is_let_go(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer_right(f, "a");
    let_go(f, LEFT);
    expect_answer(f, CAST, COUNT, " 0; a 3; " UNAVAILABLE "1,2");
    expect_over(f);
}

/* One that has answered may be let go. */
static void test_a_child_that_is_let_go_later(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer_left(f, "a");
    let_go(f, LEFT);
    expect_no_answer(f);
    answer_right(f, "a");
    expect_answer(f, CAST, COUNT, " 0; a 1,2,3");
}

static void test_a_child_that_is_silent(void **state)
{
    fixture *f = *state;
    tell_interval(&f->r, T, 1);
    expect_sent(&f->r, child_on(LEFT), XY_INTERVAL);
    expect_sent(&f->r, child_on(RIGHT), XY_INTERVAL);
    expect_sent(&f->r, parent_on(LINK), XY_HEARTBEAT);
    begin(f, CAST, NULL);
    for (int64_t now_ms = T; f->r.out.actions.count == 0; now_ms += T) {
        hear(&f->r, child_on(LEFT), (xy_message){.kind = XY_HEARTBEAT, .id = 25});
        tick(&f->r, now_ms);
        expect_sent(&f->r, parent_on(LINK), XY_HEARTBEAT);
    }
    assert_int_equal(expect_sent(&f->r, parent_on(LINK), XY_CHANGE)->code, XY_CHANGE_SILENT);
    expect_nothing(&f->r);
    assert_true(f->r.now_ms <= 6 * T);
    answer_left(f, "a");
    expect_answer(f, CAST, COUNT, " 0; " UNAVAILABLE "3; a 1,2");
    expect_over(f);
}

static void unsent(fixture *f, xy_kind kind, uint64_t link, bool bare, int status)
{
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = kind;
    event.unsent.request = number_of(CAST);
    event.unsent.link.number = link;
    event.unsent.bare = bare;
    event.unsent.status = status;
    feed(&f->r, &event);
}

static void test_what_could_not_be_sent_to_a_child(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    unsent(f, XY_CAST, 77, false, XYLEM_BUSY);
    unsent(f, XY_CAST, LEFT, false, XYLEM_BUSY);
    unsent(f, XY_CAST, LEFT, false, XYLEM_UNAVAILABLE);
    expect_no_answer(f);
    answer_left(f, "too late");
    expect_no_answer(f);
    unsent(f, XY_CAST, RIGHT, false, XYLEM_UNAVAILABLE);
    expect_answer(f, CAST, COUNT, " 0; error 8  1,2; " UNAVAILABLE "3");
    expect_over(f);
}

/* A short error takes the place of an answer for which there is no room. */
static void test_what_could_not_be_sent_to_the_parent(void **state)
{
    fixture *f = *state;
    unsent(f, XY_MERGED, LINK, true, XYLEM_BUSY);
    unsent(f, XY_MERGED, LINK, false, XYLEM_UNAVAILABLE);
    expect_nothing(&f->r);
    unsent(f, XY_MERGED, LINK, false, XYLEM_BUSY);
    const xy_message *error = expect_sent(&f->r, parent_on(LINK), XY_MERGED);
    assert_number(error->number, number_of(CAST));
    assert_int_equal(error->status, XYLEM_BUSY);
    assert_int_equal(error->payload_size, 0);
    expect_nothing(&f->r);
}

static void test_links_that_are_not_there(void **state)
{
    fixture *f = *state;
    begin_plan(f, 2);
    put_child(77, 2, two, sizeof two);
    put_child(RIGHT, 1, one, sizeof one);
    give(f, CAST, NULL);
    expect_passed(f, RIGHT, CAST, BASE + 3, one, sizeof one, NULL);
    expect_no_answer(f);
    answer_right(f, "a");
    expect_answer(f, CAST, COUNT, UNAVAILABLE "1,2;  0; a 3");
    expect_over(f);
}

static void test_time_over(void **state)
{
    fixture *f = *state;
    begin(f, CAST, "text");
    answer_right(f, "a");
    assert_true(deadline_of(&f->r) == BUDGET_MS - BUDGET_MS / 4);
    tick(&f->r, BUDGET_MS - BUDGET_MS / 4);
    expect(&f->r, XY_ACTION_CANCEL);
    expect_no_answer(f);
    assert_true(deadline_of(&f->r) == TIME_MS);
    tick(&f->r, TIME_MS - 1);
    expect_no_answer(f);
    tick(&f->r, TIME_MS);
    expect_answer(f, CAST, COUNT, "a 3; error 7  0; " UNAVAILABLE "1,2");
    expect_over(f);
    answer_left(f, "too late");
    worked(f, CAST, XYLEM_OK, "too late", 8);
    expect_over(f);
}

/* Its own work is given up, and is not answered in any other way. */
static void test_time_over_before_the_work(void **state)
{
    fixture *f = *state;
    f->head.time_ms = 500;
    begin(f, CAST, "text");
    answer_right(f, "a");
    answer_left(f, "a");
    tick(&f->r, 500);
    assert_number(expect(&f->r, XY_ACTION_CANCEL)->cancel.request, number_of(CAST));
    expect_answer(f, CAST, COUNT, "a 1,2,3; " UNAVAILABLE "0");
    expect_over(f);
    worked(f, CAST, XYLEM_OK, "too late", 8);
    expect_over(f);
}

/* The same of work that waits, or of which not all has come. */
static void test_time_over_before_the_work_begins(void **state)
{
    fixture *f = *state;
    f->head.time_ms = 500;
    begin_plan(f, 0);
    give(f, CAST, "first");
    expect_work(f, CAST, "first");
    give(f, CAST + 1, "second");
    xy_message message = cast_of(CAST + 2, "third");
    message.part = XY_PART_MORE;
    message.value = 10;
    hear(&f->r, parent_on(LINK), message);
    worked(f, CAST, XYLEM_OK, "a", 1);
    expect_sent(&f->r, parent_on(LINK), XY_MERGED);
    expect_work(f, CAST + 1, "second");
    give(f, CAST + 3, "fourth");
    tick(&f->r, 500);
    expect(&f->r, XY_ACTION_CANCEL);
    for (int i = 0; i < 3; i++)
        expect_sent(&f->r, parent_on(LINK), XY_MERGED);
    expect_over(f);
    worked(f, CAST + 1, XYLEM_OK, "too late", 8);
    expect_over(f);
}

/* Giving up. */

static void cancel(fixture *f, uint64_t request)
{
    xy_message message = {.kind = XY_CAST, .code = XY_CANCEL, .number = number_of(request)};
    hear(&f->r, parent_on(LINK), message);
}

static void expect_cancelled(fixture *f, uint64_t link)
{
    const xy_message *message = expect_sent(&f->r, child_on(link), XY_CAST);
    assert_int_equal(message->code, XY_CANCEL);
    assert_number(message->number, number_of(CAST));
}

/* It goes down to those that have not answered; no answer goes up. */
static void test_cancel(void **state)
{
    fixture *f = *state;
    cancel(f, CAST);
    expect_over(f);
    begin(f, CAST, "text");
    answer_right(f, "a");
    cancel(f, CAST + 1);
    expect_no_answer(f);
    cancel(f, CAST);
    expect_cancelled(f, LEFT);
    assert_number(expect(&f->r, XY_ACTION_CANCEL)->cancel.request, number_of(CAST));
    expect_over(f);
    answer_left(f, "too late");
    worked(f, CAST, XYLEM_CANCELLED, "", 0);
    unsent(f, XY_CAST, LEFT, true, XYLEM_BUSY);
    tick(&f->r, TIME_MS);
    expect_over(f);
}

static void test_cancel_of_what_was_done(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    cancel(f, CAST);
    expect_cancelled(f, LEFT);
    expect_cancelled(f, RIGHT);
    expect_over(f);
}

/* A node that ends answers nothing. */
static void test_the_end_of_the_node(void **state)
{
    fixture *f = *state;
    begin(f, CAST, "text");
    feed(&f->r, &(xy_event){.kind = XY_EVENT_END});
    expect(&f->r, XY_ACTION_CANCEL);
    expect(&f->r, XY_ACTION_STOP);
    expect_over(f);
    answer_left(f, "a");
    give(f, CAST + 1, NULL);
    expect_over(f);
}

/* What is wrong. */

static void test_a_second_answer(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer_left(f, "a");
    answer_left(f, "b");
    answer(f, LEFT, CAST, "b", BASE + 3, 1);
    expect_no_answer(f);
    answer_right(f, "c");
    expect_answer(f, CAST, COUNT, " 0; a 1,2; c 3");
    answer_left(f, "a");
    expect_over(f);
}

static void test_strangers(void **state)
{
    fixture *f = *state;
    xy_message message = merged_of(CAST, XYLEM_FAILED);
    xy_peer stranger = child_on(LEFT);
    begin(f, CAST, NULL);
    hear(&f->r, parent_on(LINK), message);
    hear(&f->r, child_on(77), message);
    stranger.tag++;
    hear(&f->r, stranger, message);
    message.number.tag++;
    hear(&f->r, child_on(LEFT), message);
    message = merged_of(CAST + 1, XYLEM_FAILED);
    hear(&f->r, child_on(LEFT), message);
    cancel(f, CAST + 1);
    xy_message below = cast_of(CAST + 2, NULL);
    hear(&f->r, child_on(LEFT), below);
    expect_no_answer(f);
    answer_left(f, "a");
    answer_right(f, "a");
    expect_answer(f, CAST, COUNT, " 0; a 1,2,3");
}

/* A child that speaks for others, or says nothing that can be read, has not answered. */
static void test_forged_answers(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer(f, LEFT, CAST, "forged", BASE, 2);
    expect_no_answer(f);
    hear(&f->r, child_on(RIGHT), with_text(merged_of(CAST, XYLEM_OK), "noise"));
    expect_answer(f, CAST, COUNT, " 0; error 15  1,2,3");
    begin(f, CAST, NULL);
    answer(f, LEFT, CAST, "forged", BASE + 1, 3);
    hear(&f->r, child_on(RIGHT), merged_of(CAST, XYLEM_OK));
    expect_answer(f, CAST, COUNT, " 0; error 15  1,2,3");
}

static void test_an_error_of_all_below_a_child(void **state)
{
    fixture *f = *state;
    begin(f, CAST, NULL);
    answer_right(f, "a");
    hear(&f->r, child_on(LEFT), merged_of(CAST, XYLEM_NO_MEMORY));
    expect_answer(f, CAST, COUNT, " 0; a 3; error 11  1,2");
}

/* What has come is not begun again; nor what has no beginning. */
static void test_what_comes_out_of_turn(void **state)
{
    fixture *f = *state;
    hear(&f->r, parent_on(LINK), part_of(LAST, 3, "two"));
    expect_over(f);
    begin(f, CAST, "text");
    give(f, CAST, "text");
    expect_no_answer(f);
    plan_size = 0;
    give(f, CAST + 1, "text");
    expect_no_answer(f);
    cancel(f, CAST);
}

static void test_malformed_plans(void **state)
{
    fixture *f = *state;
    plan_all(f);
    size_t all = plan_size, head_size = xy_plan_put_head(NULL, &f->head);
    for (plan_size = 1; plan_size <= head_size; plan_size++) {
        give(f, CAST, "text");
        expect_over(f);
    }
    plan_size = all;
    xy_message message = cast_of(CAST, "text");
    message.keep = message.payload_size + 1; /* beyond the end */
    hear(&f->r, parent_on(LINK), message);
    expect_over(f);
}

/* Children that are there twice, or have none to ask, are not asked. */
static void test_forged_plans(void **state)
{
    fixture *f = *state;
    begin_plan(f, 3);
    put_child(LEFT, 2, two, sizeof two);
    put_child(LEFT, 2, two, sizeof two);
    put_child(RIGHT, 0, one, sizeof one);
    give(f, CAST, NULL);
    expect_passed(f, LEFT, CAST, BASE + 1, two, sizeof two, NULL);
    expect_no_answer(f);
    answer_left(f, "a");
    expect_answer(f, CAST, 5, "error 11  3,4;  0; a 1,2");
    expect_over(f);
}

/* Combining. */

static void expect_combining(fixture *f, const char *a, const char *b)
{
    const xy_action *combine = expect(&f->r, XY_ACTION_COMBINE);
    const char *texts = (const char *)combine->combine.texts;
    assert_number(combine->combine.cast, number_of(CAST));
    assert_string_equal(combine->combine.service, "sum");
    assert_int_equal(combine->combine.a_size, strlen(a));
    assert_int_equal(combine->combine.b_size, strlen(b));
    assert_string_equal(texts, a);
    assert_string_equal(texts + strlen(a) + 1, b);
    expect_nothing(&f->r);
}

static void combined(fixture *f, xy_number number, int status, const char *text)
{
    xy_event event = {.kind = XY_EVENT_COMBINED};
    event.combined.cast = number;
    event.combined.status = status;
    event.combined.text = text;
    event.combined.size = strlen(text);
    feed(&f->r, &event);
}

static void test_combining(void **state)
{
    fixture *f = *state;
    strcpy(f->head.service, "sum");
    begin(f, CAST, "text");
    answer_right(f, "1");
    combined(f, number_of(CAST), XYLEM_OK, "of nothing");
    answer_left(f, "2");
    expect_combining(f, "1", "2");
    worked(f, CAST, XYLEM_OK, "4", 1);
    expect_nothing(&f->r); /* one pair at a time */
    combined(f, number_of(CAST + 1), XYLEM_OK, "9");
    combined(f, (xy_number){CAST, 1}, XYLEM_OK, "9");
    expect_nothing(&f->r);
    combined(f, number_of(CAST), XYLEM_OK, "3");
    expect_combining(f, "3", "4");
    combined(f, number_of(CAST), XYLEM_OK, "7");
    expect_answer(f, CAST, COUNT, "7 0,1,2,3");
    expect_over(f);
}

static void test_combining_fails(void **state)
{
    fixture *f = *state;
    strcpy(f->head.service, "sum");
    begin(f, CAST, "text");
    worked(f, CAST, XYLEM_FAILED, "no", 2);
    answer_left(f, "2");
    answer_right(f, "x");
    expect_combining(f, "2", "x");
    combined(f, number_of(CAST), XYLEM_FAILED, "no");
    expect_answer(f, CAST, COUNT, "error 15 no 0,3; 2 1,2");
    expect_over(f);
}

static void test_time_over_while_answers_are_combined(void **state)
{
    fixture *f = *state;
    strcpy(f->head.service, "sum");
    f->asked = false;
    begin(f, CAST, "text");
    answer_left(f, "2");
    answer_right(f, "3");
    expect_combining(f, "2", "3");
    tick(&f->r, TIME_MS);
    expect_answer(f, CAST, COUNT - 1, "2 0,1; " UNAVAILABLE "2");
    expect_over(f);
    combined(f, number_of(CAST), XYLEM_OK, "5");
    expect_over(f);
}

/* Without memory: each node is counted once, or none is. */

/* Performs all; true: there was an answer. */
static bool perform(fixture *f)
{
    xy_action action;
    bool answered = false;
    while (xy_queue_pop(&f->r.out, &action)) {
        const xy_message *message = &action.send.message;
        if (action.kind == XY_ACTION_COMBINE)
            combined(f, number_of(CAST), XYLEM_OK, "5");
        bool merged = action.kind == XY_ACTION_SEND && message->kind == XY_MERGED;
        assert_false(merged && answered);
        answered |= merged;
        if (merged && !message->status) {
            xy_merge merge = {0};
            memory_is_back();
            assert_true(xy_merge_add_all(&merge, xy_message_payload(message), message->payload_size,
                                         (xy_range){BASE, COUNT}));
            xy_merge_clear(&merge);
        }
        xy_action_clear(&action);
    }
    return answered;
}

/* What is pushed when the memory is short may be missing: the time is over then. */
static bool try_all(fixture *f, size_t fails, size_t length)
{
    static const uint8_t left[] = {1, XYLEM_OK, 1, '1', 1, BASE + 1, 2},
                         right[] = {1, XYLEM_OK, 1, '2', 1, BASE + 3, 1};
    plan_all(f);
    memory_fails(fails, fails + length);
    give(f, CAST, "text");
    bool began = f->node.casts.table.count > 0;
    bool answered = perform(f);
    assert_true(began || answered || shortage.failed > 0);
    worked(f, CAST, XYLEM_OK, "4", 1);
    answered |= perform(f);
    hear(&f->r, child_on(LEFT), with(merged_of(CAST, XYLEM_OK), NULL, left, sizeof left));
    answered |= perform(f);
    hear(&f->r, child_on(RIGHT), with(merged_of(CAST, XYLEM_OK), NULL, right, sizeof right));
    answered |= perform(f);
    bool failed = shortage.failed > 0;
    memory_is_back();
    tick(&f->r, f->r.now_ms + TIME_MS);
    answered |= perform(f);
    assert_int_equal(answered, began || answered);
    expect_over(f);
    return !failed;
}

static void test_no_memory(void **state)
{
    fixture *f = *state;
    for (size_t length = 1; length < 4; length++)
        for (int i = 0; i < 2; i++) {
            size_t fails = 1;
            strcpy(f->head.service, i ? "sum" : "");
            while (!try_all(f, fails, length))
                fails++;
            assert_true(fails > 8);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_answer_for_all),
        TEST(test_a_ping),
        TEST(test_one_that_is_not_asked_itself),
        TEST(test_one_without_children),
        TEST(test_many_children),
        TEST(test_several_at_once),
        TEST(test_work_before_and_after_that_of_others),
        TEST(test_a_text_in_fragments),
        TEST(test_the_plan_before_the_text),
        TEST(test_answers_in_fragments),
        TEST(test_a_large_answer),
        TEST(test_a_child_that_is_let_go),
        TEST(test_a_child_that_is_let_go_later),
        TEST(test_a_child_that_is_silent),
        TEST(test_what_could_not_be_sent_to_a_child),
        TEST(test_what_could_not_be_sent_to_the_parent),
        TEST(test_links_that_are_not_there),
        TEST(test_time_over),
        TEST(test_time_over_before_the_work),
        TEST(test_time_over_before_the_work_begins),
        TEST(test_cancel),
        TEST(test_cancel_of_what_was_done),
        TEST(test_the_end_of_the_node),
        TEST(test_a_second_answer),
        TEST(test_strangers),
        TEST(test_forged_answers),
        TEST(test_an_error_of_all_below_a_child),
        TEST(test_what_comes_out_of_turn),
        TEST(test_malformed_plans),
        TEST(test_forged_plans),
        TEST(test_combining),
        TEST(test_combining_fails),
        TEST(test_time_over_while_answers_are_combined),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
