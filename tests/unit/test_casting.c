/* Requests to many at the controlling node: who is asked on which way, and the one reply. */
#include "controlling.h"

#include "core/outcomes.h"
#include "core/plan.h"

enum { MANY = 64 };

/* 1 and 4 below the controlling node, 2 and 3 below 1, 5 below 3: where parents are given. */
static int set_up_given(void **state)
{
    fixture *f = new_fixture(false, &xy_topology_tree);
    *state = f;
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_root(f, 4);
    create_below(f, 2, 1);
    create_below(f, 3, 1);
    create_below(f, 5, 3);
    return 0;
}

static int set_up_five(void **state)
{
    set_up(state);
    create_five(*state);
    return 0;
}

static int set_up_restarting(void **state)
{
    fixture *f = new_fixture_of((xy_controller_options){.topology = &xy_topology_bst,
                                                        .repair = XY_REPAIR_RESTART,
                                                        .restarts_max = 5,
                                                        .restart_window_ms = 60000});
    *state = f;
    create_five(f);
    return 0;
}

/* Casts. */

#define IDS(...) (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / 8

static uint64_t cast_with(fixture *f, const int64_t *ids, size_t count, const char *text,
                          const char *combine, int64_t timeout_ms)
{
    xy_command given = {.kind = XY_COMMAND_CAST,
                        .ids = ids,
                        .id_count = count,
                        .text = text,
                        .size = text ? strlen(text) : 0,
                        .combine = combine,
                        .timeout_ms = timeout_ms};
    return xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
}

static uint64_t cast(fixture *f, const int64_t *ids, size_t count, const char *text)
{
    return cast_with(f, ids, count, text, NULL, -1);
}

/* What has gone to a topmost node: whom it asks, by position. */
typedef struct went {
    xy_number number;
    uint32_t base;
    int64_t ids[MANY];
    size_t count;
    char service[XY_SERVICE_NAME_SIZE];
    xy_peer to;
} went;

static xy_map_node *node_on(const fixture *f, uint64_t link)
{
    xy_map_node *node = f->controller.map.lowest;
    while (node && node->peer.link.number != link)
        node = node->higher;
    assert_non_null(node);
    return node;
}

static void read_plan(const fixture *f, went *w, uint64_t link, const uint8_t *bytes, size_t size)
{
    xy_plan plan;
    xy_plan_child child;
    assert_true(xy_plan_read(&plan, bytes, size));
    assert_int_equal(plan.head.base, w->base + w->count);
    strcpy(w->service, plan.head.service);
    if (plan.asked)
        w->ids[w->count++] = node_on(f, link)->id;
    while (xy_plan_next(&plan, &child)) {
        uint8_t below[1000];
        xy_plan_head head = plan.head;
        head.base = child.base;
        assert_true(node_on(f, child.link.number)->linked.parent == node_on(f, link));
        size_t head_size = xy_plan_put_head(below, &head);
        memcpy(below + head_size, child.section, child.size);
        size_t before = w->count;
        read_plan(f, w, child.link.number, below, head_size + child.size);
        assert_int_equal(w->count - before, child.count);
    }
}

static went expect_cast(fixture *f, int64_t top, uint64_t number, const char *text)
{
    const xy_message *sent = expect_sent(&f->r, peer_of(f, top), XY_CAST);
    const uint8_t *payload = xy_message_payload(sent);
    xy_plan plan;
    assert_int_equal(sent->code, text ? XY_EXEC : XY_PING);
    assert_true(sent->number.request == number && sent->number.tag != 0);
    assert_true(sent->part == 0 && sent->route_size == 0);
    assert_bytes(payload + sent->keep, sent->payload_size - sent->keep, text ? text : "");
    assert_true(xy_plan_read(&plan, payload, sent->keep));
    went w = {.number = sent->number, .base = plan.head.base, .to = peer_of(f, top)};
    read_plan(f, &w, w.to.link.number, payload, sent->keep);
    return w;
}

/* "1,2,5" in the order of the plan. */
static void expect_ids(const went *w, const char *wanted)
{
    char is[400] = "";
    for (size_t i = 0; i < w->count; i++)
        sprintf(is + strlen(is), "%s%d", i ? "," : "", (int)w->ids[i]);
    assert_string_equal(is, wanted);
}

/* Answers. */

static xy_message merged_of(const went *w, int status)
{
    return (xy_message){.kind = XY_MERGED, .number = w->number, .status = status};
}

static void hear_merge(fixture *f, const went *w, xy_merge *merge)
{
    xy_buffer bytes = {0};
    assert_true(xy_merge_write(merge, &bytes));
    hear(&f->r, w->to, with(merged_of(w, XYLEM_OK), NULL, bytes.bytes, bytes.size));
    xy_buffer_clear(&bytes);
    xy_merge_clear(merge);
}

/* Each gives this answer, but one whose answer is another one: XY_NO_ID: none is. */
static void answer_all(fixture *f, const went *w, const char *text, int64_t other, int status)
{
    xy_merge merge = {0};
    for (uint32_t i = 0; i < w->count; i++) {
        bool is_other = w->ids[i] == other;
        xy_merge_add(&merge, is_other ? status : XYLEM_OK, text, is_other ? 0 : strlen(text),
                     (xy_range){w->base + i, 1});
    }
    hear_merge(f, w, &merge);
}

/* "TEXT 1,2; error 5  3": a combined text has a '+' before it. */
static void describe(const uint8_t *bytes, size_t size, char *text)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(bytes, size);
    const char *separator = "";
    for (*text = '\0'; xy_outcomes_next(&outcomes, &outcome); separator = "; ") {
        text += sprintf(text, "%s%s", separator, outcome.combined ? "+" : "");
        if (outcome.status)
            text += sprintf(text, "error %d ", outcome.status);
        text += sprintf(text, "%s ", (const char *)outcome.text);
        for (const char *comma = ""; xy_outcomes_id(&outcomes, &outcome); comma = ",")
            text += sprintf(text, "%s%d", comma, (int)outcome.id);
    }
}

static bool has_casts(const fixture *f)
{
    bool has = f->controller.casts.table.count > 0 || f->controller.unreplied > 0;
    for (const xy_map_node *node = f->controller.map.lowest; node; node = node->higher)
        has |= node->casts > 0;
    return has;
}

static void expect_outcomes(fixture *f, uint64_t number, int status, int64_t value,
                            const char *wanted)
{
    char is[1000];
    const xy_action *reply = expect_reply(f, number, status);
    assert_true(reply->reply.value == value);
    describe(reply->reply.text, reply->reply.size, is);
    assert_string_equal(is, wanted);
    assert_null(xy_requests_find(&f->controller.requests, number));
}

static void expect_over(fixture *f)
{
    expect_nothing(&f->r);
    assert_false(has_casts(f));
}

#define UNAVAILABLE "error 5  "

/* Once over each link. */

/* The one reply of the cast, whatever else is done. */
static void expect_outcomes_among(fixture *f, uint64_t number, const char *wanted)
{
    bool replied = false;
    for (xy_action action; xy_queue_pop(&f->r.out, &action); xy_action_clear(&action)) {
        char is[400];
        if (action.kind != XY_ACTION_REPLY || action.reply.command != number)
            continue;
        assert_false(replied);
        describe(action.reply.text, action.reply.size, is);
        assert_string_equal(is, wanted);
        replied = true;
    }
    assert_true(replied);
}

static void test_all_that_there_are(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(25, 50, 60, 75, 90), "text");
    went w = expect_cast(f, 50, number, "text");
    expect_nothing(&f->r);
    expect_ids(&w, "50,25,75,60,90");
    answer_all(f, &w, "a", 60, XYLEM_FAILED);
    expect_outcomes(f, number, XYLEM_FAILED, 4, "a 25,50,75,90; error 15  60");
    expect_over(f);
}

static void test_some_of_them(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(25, 90), NULL);
    went w = expect_cast(f, 50, number, NULL);
    expect_ids(&w, "25,90");
    assert_int_equal(node_of(f, 75)->casts, 1); /* it goes through it */
    assert_int_equal(node_of(f, 60)->casts, 0);
    answer_all(f, &w, "", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_OK, 2, " 25,90");
    expect_over(f);
}

/* The positions go on from one topmost node to the next. */
static void test_several_topmost_nodes(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(1, 2, 3, 4, 5), "text");
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    expect_ids(&one, "1,2,3,5");
    expect_ids(&four, "4");
    assert_true(one.base == 0 && four.base == 4);
    answer_all(f, &four, "b", XY_NO_ID, 0);
    expect_nothing(&f->r);
    answer_all(f, &one, "a", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_OK, 5, "a 1,2,3,5; b 4");
    expect_over(f);
}

static void test_none(void **state)
{
    fixture *f = *state;
    expect_outcomes(f, cast(f, NULL, 0, "text"), XYLEM_OK, 0, "");
    expect_over(f);
}

/* Those that are not there, or that cannot be reached. */
static void test_missing_nodes(void **state)
{
    fixture *f = *state;
    xy_number asked;
    ended(f, life_of(f, 90));
    expect_let_go_of(f, 75, 5);
    expect_lost(f, 90, XYLEM_SIGNALLED, 90);
    begin_create(f, 30, 25, &asked); /* starts */
    uint64_t number = cast(f, IDS(30, 60, 90, 99), "text");
    went w = expect_cast(f, 50, number, "text");
    expect_ids(&w, "60");
    answer_all(f, &w, "a", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_NOT_FOUND, 1, "error 1  30,99; a 60; " UNAVAILABLE "90");
    number = cast(f, IDS(90, 99), "text");
    expect_outcomes(f, number, XYLEM_UNAVAILABLE, 0, UNAVAILABLE "90; error 1  99");
    expect_over(f);
}

static void test_the_time_below(void **state)
{
    fixture *f = *state;
    xy_plan plan;
    cast_with(f, IDS(90), "text", NULL, 4000);
    const xy_message *sent = expect_sent(&f->r, peer_of(f, 50), XY_CAST);
    assert_int_equal(sent->budget_ms, 4000);
    assert_true(xy_plan_read(&plan, xy_message_payload(sent), sent->keep));
    assert_int_equal(plan.head.step_ms, 250);        /* a quarter, for four that pass it up */
    assert_int_equal(plan.head.time_ms, 4000 - 250); /* before that of the controlling node */
    assert_true(deadline_of(&f->r) == 4000);
}

/* What is larger than a message. */
static void test_a_large_text(void **state)
{
    enum { SIZE = 2 * XY_MESSAGE_PAYLOAD_MAX + 100 };
    static char text[SIZE + 1];
    fixture *f = *state;
    size_t size = 0;
    memset(text, 'x', SIZE);
    uint64_t number = cast(f, IDS(25, 60), text);
    const xy_message *sent = expect_sent(&f->r, peer_of(f, 50), XY_CAST);
    assert_int_equal(sent->payload_size, sent->keep);
    assert_int_equal(sent->part, XY_PART_MORE);
    assert_true(sent->value == SIZE);
    for (int i = 0; i < 3; i++) {
        sent = expect_sent(&f->r, peer_of(f, 50), XY_CAST);
        assert_int_equal(sent->keep, 0);
        assert_int_equal(sent->part, i < 2 ? XY_PART_CONTINUED | XY_PART_MORE : XY_PART_CONTINUED);
        assert_true(sent->value == (int64_t)size && sent->number.request == number);
        assert_memory_equal(xy_message_payload(sent), text + size, sent->payload_size);
        size += sent->payload_size;
    }
    assert_int_equal(size, SIZE);
    expect_nothing(&f->r);
}

/* Combining. */

static void serve(fixture *f, int64_t id, const char *service)
{
    strcpy(node_of(f, id)->service, service);
}

static void test_combining(void **state)
{
    fixture *f = *state;
    for (int64_t id = 1; id <= 5; id++)
        serve(f, id, "sum");
    uint64_t number = cast_with(f, IDS(2, 4), "text", "sum", -1);
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    assert_string_equal(one.service, "sum");
    answer_all(f, &one, "1", XY_NO_ID, 0);
    answer_all(f, &four, "2", XY_NO_ID, 0);
    const xy_action *combine = expect(&f->r, XY_ACTION_COMBINE);
    assert_string_equal(combine->combine.service, "sum");
    assert_number(combine->combine.cast, one.number);
    xy_event event = {.kind = XY_EVENT_COMBINED};
    event.combined.cast = one.number;
    event.combined.text = "3";
    event.combined.size = 1;
    feed(&f->r, &event);
    expect_outcomes(f, number, XYLEM_OK, 2, "+3 2,4");
    expect_over(f);
}

/* Only if all who are asked have that service, and only then. */
static void test_other_services(void **state)
{
    fixture *f = *state;
    for (int64_t id = 1; id <= 4; id++)
        serve(f, id, "sum");
    serve(f, 5, "find");
    uint64_t number = cast_with(f, IDS(2, 5), "text", "sum", -1);
    went w = expect_cast(f, 1, number, "text");
    assert_string_equal(w.service, "");
    answer_all(f, &w, "1", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_OK, 2, "1 2,5");
    serve(f, 1, "find"); /* it passes it on, and is not asked */
    number = cast_with(f, IDS(2, 3), "text", "sum", -1);
    w = expect_cast(f, 1, number, "text");
    assert_string_equal(w.service, "sum");
    answer_all(f, &w, "1", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_OK, 2, "+1 2,3");
    expect_over(f);
}

/* Moves. */

static uint64_t move(fixture *f, int64_t id, int64_t parent)
{
    f->parent = parent;
    return command(f, XY_COMMAND_MOVE, id, 0);
}

/* One that is on its way to another parent, and one below it, are asked over their own way. */
static void test_on_its_way(void **state)
{
    fixture *f = *state;
    uint64_t moved = move(f, 3, 2);
    xy_number way = expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(1, 3, 5), "text");
    went w = expect_cast(f, 1, number, "text");
    expect_ids(&w, "1");
    xy_number three = expect_asked(f, 3, XY_EXEC)->number;
    assert_bytes(xy_message_payload(&f->r.hand.send.message), f->r.hand.send.message.payload_size,
                 "text");
    xy_number five = expect_asked(f, 5, XY_EXEC)->number;
    expect_nothing(&f->r);
    answer_all(f, &w, "a", XY_NO_ID, 0);
    hear_from(f, 5, with_text(reply_to(five, XYLEM_OK), "a"));
    expect_nothing(&f->r);
    hear_from(f, 3, with_text(reply_to(three, XYLEM_FAILED), "why"));
    expect_outcomes(f, number, XYLEM_FAILED, 2, "a 1,5; error 15 why 3");
    expect_over(f);
    answer(f, way, 2, XYLEM_NO_MEMORY);
    (void)moved;
}

/* That it has another service counts, too: nothing is combined. */
static void test_on_its_way_with_another_service(void **state)
{
    fixture *f = *state;
    for (int64_t id = 1; id <= 4; id++)
        serve(f, id, "sum");
    serve(f, 5, "find");
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast_with(f, IDS(1, 5), "text", "sum", -1);
    went w = expect_cast(f, 1, number, "text");
    assert_string_equal(w.service, "");
    xy_number five = expect_asked(f, 5, XY_EXEC)->number;
    answer_all(f, &w, "1", XY_NO_ID, 0);
    hear_from(f, 5, with_text(reply_to(five, XYLEM_OK), "0;7"));
    expect_outcomes(f, number, XYLEM_OK, 2, "1 1; 0;7 5");
}

/* It begins when all casts are over that go through the node. */
static void test_a_move_waits(void **state)
{
    fixture *f = *state;
    uint64_t first = cast(f, IDS(5), "text");
    went w = expect_cast(f, 1, first, "text");
    uint64_t second = cast(f, IDS(3, 4), NULL);
    went one = expect_cast(f, 1, second, NULL), four = expect_cast(f, 4, second, NULL);
    uint64_t moved = move(f, 3, 2);
    expect_nothing(&f->r);
    answer_all(f, &w, "a", XY_NO_ID, 0);
    expect_outcomes(f, first, XYLEM_OK, 1, "a 5");
    expect_nothing(&f->r);
    answer_all(f, &one, "a", XY_NO_ID, 0);
    expect_nothing(&f->r);
    answer_all(f, &four, "a", XY_NO_ID, 0);
    expect_outcomes(f, second, XYLEM_OK, 2, "a 3,4");
    expect_asked_for(f, 2, 3);
    expected(f, 3);
    expect_attach(f, life_of(f, 3), "below");
    arrive(f, 3);
    expect_let_go_of(f, 1, 4);
    expect_reply(f, moved, XYLEM_OK);
    expect_over(f);
}

/* One through which no cast goes does not wait. */
static void test_a_move_of_another(void **state)
{
    fixture *f = *state;
    expect_cast(f, 1, cast(f, IDS(2), "text"), "text");
    move(f, 3, 4);
    expect_asked_for(f, 4, 3);
    expect_nothing(&f->r);
}

/* Deaths. */

static void test_the_death_of_a_topmost_node(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(1, 2, 4, 5), "text");
    expect_cast(f, 1, number, "text");
    went four = expect_cast(f, 4, number, "text");
    answer_all(f, &four, "a", XY_NO_ID, 0);
    ended(f, life_of(f, 1));
    expect_outcomes_among(f, number, UNAVAILABLE "1,2,5; a 4");
    expect_over(f);
}

/* Its parent is told to let it go, and names it. */
static void test_a_death_below(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(25, 60, 90), "text");
    went w = expect_cast(f, 50, number, "text");
    ended(f, life_of(f, 60));
    expect_let_go_of(f, 75, 4);
    expect_lost(f, 60, XYLEM_SIGNALLED, 60);
    expect_nothing(&f->r);
    answer_all(f, &w, "a", 60, XYLEM_UNAVAILABLE);
    expect_outcomes(f, number, XYLEM_UNAVAILABLE, 2, "a 25,90; " UNAVAILABLE "60");
    expect_over(f);
}

/* The new life has no part in the casts of the old one. */
static void test_a_restart(void **state)
{
    fixture *f = *state;
    tally t = {0};
    uint64_t number = cast(f, IDS(25, 60, 90), "text");
    went w = expect_cast(f, 50, number, "text");
    for (uint64_t life = 1; life <= 5; life++)
        t.alive[life] = true;
    ended(f, life_of(f, 75));
    t.alive[3] = false;
    perform(f, &t);
    assert_int_equal(node_of(f, 75)->casts, 0);
    assert_true(life_of(f, 75) > 5);
    uint64_t other = cast(f, IDS(75), NULL);
    answer_all(f, &w, "a", XY_NO_ID, 0);
    expect_cast(f, 50, other, NULL);
    expect_outcomes(f, number, XYLEM_OK, 3, "a 25,60,90");
    assert_int_equal(node_of(f, 75)->casts, 1);
}

static void test_a_part_that_dies(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(1, 3), "text");
    went w = expect_cast(f, 1, number, "text");
    expect_asked(f, 3, XY_EXEC);
    answer_all(f, &w, "a", XY_NO_ID, 0);
    expect_nothing(&f->r);
    ended(f, life_of(f, 3));
    expect_outcomes_among(f, number, "a 1; " UNAVAILABLE "3");
    expect_over(f);
}

static void test_what_could_not_be_sent(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(1, 3, 4), "text");
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_CAST;
    event.unsent.request = one.number;
    event.unsent.link = one.to.link;
    event.unsent.status = XYLEM_BUSY;
    feed(&f->r, &event);
    answer_all(f, &one, "too late", XY_NO_ID, 0);
    expect_nothing(&f->r);
    answer_all(f, &four, "a", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_BUSY, 1, "error 8  1,3; a 4");
    expect_over(f);
}

/* One that is asked over its own way has that error, and no more is said of it. */
static void test_a_part_that_could_not_be_sent(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(3), "text");
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = XY_REQUEST;
    event.unsent.request = expect_asked(f, 3, XY_EXEC)->number;
    event.unsent.link = peer_of(f, 1).link;
    event.unsent.status = XYLEM_BUSY;
    feed(&f->r, &event);
    expect_outcomes(f, number, XYLEM_BUSY, 0, "error 8  3");
    expect_over(f);
}

/* The end of the time, and of all. */

static void test_time_over(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast_with(f, IDS(1, 3, 4), "text", NULL, 500);
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    xy_number three = expect_asked(f, 3, XY_EXEC)->number;
    answer_all(f, &four, "a", XY_NO_ID, 0);
    tick(&f->r, 499);
    expect_nothing(&f->r);
    tick(&f->r, 500);
    expect_outcomes(f, number, XYLEM_UNAVAILABLE, 1, UNAVAILABLE "1,3; a 4");
    expect_over(f);
    answer_all(f, &one, "too late", XY_NO_ID, 0);
    answer(f, three, 3, XYLEM_OK);
    expect_over(f);
}

static void test_cancel(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(1, 3, 4), "text");
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    xy_number three = expect_asked(f, 3, XY_EXEC)->number;
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)three.request, XYLEM_NOT_FOUND);
    answer_all(f, &four, "a", XY_NO_ID, 0);
    uint64_t cancelled = command(f, XY_COMMAND_CANCEL, 0, (int64_t)number);
    const xy_message *sent = expect_sent(&f->r, one.to, XY_CAST);
    assert_int_equal(sent->code, XY_CANCEL);
    assert_number(sent->number, one.number);
    expect_reply(f, number, XYLEM_CANCELLED);
    assert_true(expect_asked(f, 3, XY_CANCEL)->value == (int64_t)three.request);
    expect_reply(f, cancelled, XYLEM_OK);
    expect_over(f);
    answer_all(f, &one, "too late", XY_NO_ID, 0);
    expect_at_once(f, XY_COMMAND_CANCEL, 0, (int64_t)number, XYLEM_NOT_FOUND);
    expect_over(f);
}

static void test_closing(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(1, 3, 4), "text");
    expect_cast(f, 1, number, "text");
    expect_cast(f, 4, number, "text");
    expect_asked(f, 3, XY_EXEC);
    command(f, XY_COMMAND_CLOSE, 0, 0);
    size_t replies = 0;
    for (xy_action action; xy_queue_pop(&f->r.out, &action); xy_action_clear(&action))
        if (action.kind == XY_ACTION_REPLY && action.reply.command == number) {
            assert_int_equal(action.reply.status, XYLEM_INTERRUPTED);
            replies++;
        }
    assert_int_equal(replies, 1);
    expect_over(f);
}

/* What is under way when the controlling node is cleared is forgotten: see tear_down. */
static void test_left_under_way(void **state)
{
    fixture *f = *state;
    move(f, 3, 2);
    expect_asked_for(f, 2, 3);
    uint64_t number = cast(f, IDS(1, 3, 4), "text");
    expect_cast(f, 1, number, "text");
    assert_int_equal(f->controller.unreplied, 1);
}

static void test_too_much_under_way(void **state)
{
    fixture *f = *state;
    f->controller.bound = 2 * XY_REQUEST_COST;
    uint64_t number = cast(f, IDS(1), "text");
    went w = expect_cast(f, 1, number, "text");
    uint64_t refused = cast(f, IDS(1), "text");
    expect_reply(f, refused, XYLEM_BUSY);
    expect_nothing(&f->r);
    answer_all(f, &w, "a", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_OK, 1, "a 1");
    expect(&f->r, XY_ACTION_ROOM);
    expect_over(f);
}

/* What is wrong. */

/* Two answers for one node: the first counts, and the other node is named. */
static void test_a_node_that_is_counted_twice(void **state)
{
    fixture *f = *state;
    xy_merge merge = {0};
    uint64_t number = cast(f, IDS(1, 2), "text");
    went w = expect_cast(f, 1, number, "text");
    xy_merge_add(&merge, XYLEM_OK, "a", 1, (xy_range){0, 1});
    xy_merge_add(&merge, XYLEM_OK, "b", 1, (xy_range){0, 1});
    hear_merge(f, &w, &merge);
    expect_outcomes(f, number, XYLEM_UNAVAILABLE, 1, "a 1; b ; " UNAVAILABLE "2");
    expect_over(f);
}

static void test_forged_answers(void **state)
{
    fixture *f = *state;
    uint64_t number = cast(f, IDS(1, 2, 4), "text");
    went one = expect_cast(f, 1, number, "text"), four = expect_cast(f, 4, number, "text");
    went forged = four;
    forged.base = 0;
    forged.number.tag++;
    answer_all(f, &forged, "forged", XY_NO_ID, 0); /* another tag */
    forged = one;
    forged.to.tag++;
    answer_all(f, &forged, "forged", XY_NO_ID, 0); /* a stranger */
    expect_nothing(&f->r);
    forged = four;
    forged.base = 0;
    answer_all(f, &forged, "forged", XY_NO_ID, 0); /* about another node */
    expect_nothing(&f->r);
    answer_all(f, &one, "a", XY_NO_ID, 0);
    answer_all(f, &one, "b", XY_NO_ID, 0);
    expect_outcomes(f, number, XYLEM_FAILED, 2, "a 1,2; error 15  4");
    expect_over(f);
}

/* Too many for a plan. */

/* All are attached to the controlling node. */
static void create_many(fixture *f, int64_t first, int64_t count)
{
    f->parent = XY_PARENT_CONTROLLER;
    f->controller.link = UINT64_MAX / 2; /* so each takes much room in a plan */
    for (int64_t id = first; id < first + count; id++) {
        xy_action action;
        known life = {.id = id};
        command(f, XY_COMMAND_CREATE, id, 0);
        uint64_t number = life_of(f, id);
        while (xy_queue_pop(&f->r.out, &action))
            if (action.kind == XY_ACTION_START)
                memcpy(life.secret, action.start.secret, XY_SECRET_SIZE);
        xy_event event = {.kind = XY_EVENT_STARTED};
        event.started.life.number = number;
        event.started.key = "";
        feed(&f->r, &event);
        xy_message hello = hello_of(id, number);
        memcpy(rig_body, life.secret, XY_SECRET_SIZE);
        hear(&f->r, node_of(f, id)->coming, hello);
        attached(f, id);
        for (; xy_queue_pop(&f->r.out, &action); xy_action_clear(&action))
            ;
        assert_true(node_of(f, id)->available);
    }
}

static void test_too_many_for_a_plan(void **state)
{
    enum { NODES = 24000, FIRST = 1000 };
    static int64_t ids[NODES];
    fixture *f = *state;
    create_many(f, FIRST, NODES);
    for (int64_t i = 0; i < NODES; i++)
        ids[i] = FIRST + i;
    serve(f, FIRST, "sum");
    uint64_t number = cast_with(f, ids, NODES, "text", "sum", -1);
    assert_int_equal(f->r.out.actions.count, NODES);
    xy_action action;
    for (int64_t i = 0; i < NODES; i++) {
        assert_true(xy_queue_pop(&f->r.out, &action));
        assert_true(action.kind == XY_ACTION_SEND && action.send.message.kind == XY_REQUEST);
        assert_true(action.send.message.id == ids[i]);
        xy_number asked = action.send.message.number;
        xy_action_clear(&action);
        hear(&f->r, peer_of(f, ids[i]), reply_to(asked, i % 2 ? XYLEM_OK : XYLEM_FAILED));
    }
    const xy_action *reply = expect_reply(f, number, XYLEM_FAILED);
    assert_true(reply->reply.value == NODES / 2);
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(reply->reply.text, reply->reply.size);
    assert_int_equal(outcomes.count, 2); /* not combined: they have not all that service */
    while (xy_outcomes_next(&outcomes, &outcome))
        for (int64_t next = FIRST + !outcome.status; xy_outcomes_id(&outcomes, &outcome); next += 2)
            assert_true(outcome.id == next && !outcome.combined);
    expect_over(f);
}

/* Without memory. */

/* What the one reply of a cast to 1, 2, 3 and 4 says. */
typedef struct told {
    int status; /* -1: there was none */
    bool outcomes;
    size_t counted[5]; /* how often each id is there */
} told;

static void take_reply(told *t, const xy_action *reply)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(reply->reply.text, reply->reply.size);
    assert_int_equal(t->status, -1);
    t->status = reply->reply.status;
    t->outcomes = reply->reply.size > 0;
    while (xy_outcomes_next(&outcomes, &outcome))
        while (xy_outcomes_id(&outcomes, &outcome)) {
            assert_in_range(outcome.id, 1, 4);
            t->counted[outcome.id]++;
        }
}

/* All that are asked answer "a". */
static void answer_merged(fixture *f, xy_peer from, const xy_message *cast)
{
    xy_plan plan;
    uint8_t bytes[] = {1, XYLEM_OK, 1, 'a', 1, 0, 0};
    xy_message merged = {.kind = XY_MERGED, .number = cast->number};
    assert_true(xy_plan_read(&plan, xy_message_payload(cast), cast->keep));
    bytes[5] = (uint8_t)plan.head.base;
    bytes[6] = plan.head.base == 0 ? 2 : 1; /* 1 and 2, or 4 */
    hear(&f->r, from, with(merged, NULL, bytes, sizeof bytes));
}

static void perform_cast(fixture *f, uint64_t number, told *t)
{
    for (xy_action action; xy_queue_pop(&f->r.out, &action); xy_action_clear(&action)) {
        const xy_message *message = &action.send.message;
        if (action.kind == XY_ACTION_SEND && message->kind == XY_CAST)
            answer_merged(f, action.send.to, message);
        else if (action.kind == XY_ACTION_SEND && message->kind == XY_REQUEST &&
                 message->code == XY_EXEC)
            hear(&f->r, action.send.to, with_text(reply_to(message->number, XYLEM_OK), "a"));
        else if (action.kind == XY_ACTION_REPLY && action.reply.command == number)
            take_reply(t, &action);
    }
}

static bool try_cast(fixture *f, size_t fails, size_t length)
{
    told t = {.status = -1};
    memory_fails(fails, fails + length);
    uint64_t number = cast_with(f, IDS(1, 2, 3, 4), "text", NULL, 100);
    perform_cast(f, number, &t);
    bool failed = shortage.failed > 0;
    memory_is_back();
    tick(&f->r, f->r.now_ms + 100);
    perform_cast(f, number, &t);
    expect_over(f);
    assert_int_equal(t.status >= 0, number > 0);
    assert_true(failed || t.status == XYLEM_OK);
    for (int id = 1; id <= 4; id++)
        assert_int_equal(t.counted[id], t.outcomes);
    assert_true(t.outcomes || number == 0 || t.status == XYLEM_NO_MEMORY);
    return !failed;
}

static void test_no_memory(void **state)
{
    fixture *f = *state;
    for (size_t length = 1; length < 4; length++) {
        size_t fails = 1;
        move(f, 3, 2); /* so one is asked by itself */
        while (!try_cast(f, fails, length))
            fails++;
        assert_true(fails > 20);
    }
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up_five, tear_down)
#define GIVEN(name) cmocka_unit_test_setup_teardown(name, set_up_given, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_that_there_are),
        TEST(test_some_of_them),
        GIVEN(test_several_topmost_nodes),
        TEST(test_none),
        TEST(test_missing_nodes),
        TEST(test_the_time_below),
        TEST(test_a_large_text),
        GIVEN(test_combining),
        GIVEN(test_other_services),
        GIVEN(test_on_its_way),
        GIVEN(test_on_its_way_with_another_service),
        GIVEN(test_a_move_waits),
        GIVEN(test_a_move_of_another),
        GIVEN(test_the_death_of_a_topmost_node),
        TEST(test_a_death_below),
        cmocka_unit_test_setup_teardown(test_a_restart, set_up_restarting, tear_down),
        GIVEN(test_a_part_that_dies),
        GIVEN(test_what_could_not_be_sent),
        GIVEN(test_a_part_that_could_not_be_sent),
        GIVEN(test_time_over),
        GIVEN(test_cancel),
        GIVEN(test_closing),
        GIVEN(test_left_under_way),
        GIVEN(test_too_much_under_way),
        GIVEN(test_a_node_that_is_counted_twice),
        GIVEN(test_forged_answers),
        GIVEN(test_too_many_for_a_plan),
        GIVEN(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
