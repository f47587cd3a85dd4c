/* What services have saved, at the controlling node: which states count, which life is given one,
 * and that an answer waits for its state. */
#include "controlling.h"

#include "core/controller_parts.h"

/* 1 above 2, which are started again: lives and links 1 and 2. */
static int set_up_two(void **state)
{
    fixture *f = new_fixture_of((xy_controller_options){.topology = &xy_topology_tree,
                                                        .repair = XY_REPAIR_RESTART,
                                                        .restarts_max = 9,
                                                        .restart_window_ms = 1000});
    f->parent = XY_PARENT_CONTROLLER;
    create_root(f, 1);
    create_below(f, 2, 1);
    *state = f;
    return 0;
}

static uint64_t tag_of_life(const fixture *f, uint64_t life)
{
    xy_random key = xy_random_of(&f->controller, (xy_life){life});
    return xy_random_at(&key, XY_STREAM_STATE, 0);
}

static xy_message state_of(const fixture *f, int64_t id, uint64_t life, int64_t value)
{
    return (xy_message){.kind = XY_STATE,
                        .id = id,
                        .life = {life},
                        .value = value,
                        .number.tag = tag_of_life(f, life)};
}

static void save(fixture *f, int64_t id, uint64_t life, int64_t value, const char *saved)
{
    hear(&f->r, topmost(f, 1), with_text(state_of(f, id, life, value), saved));
    expect_nothing(&f->r);
}

static void expect_kept(const fixture *f, int64_t id, const char *saved)
{
    const xy_saved *kept = xy_states_find(&f->controller.states, id, "");
    assert_true(!saved == !kept);
    if (kept)
        assert_bytes(kept->bytes.bytes, kept->bytes.size, saved);
}

/* The highest of a life counts; nothing of another life, nor what any other node says. */
static void test_which_state_counts(void **state)
{
    fixture *f = *state;
    xy_message wrong = state_of(f, 2, 2, 9);
    save(f, 2, 2, 2, "second");
    save(f, 2, 2, 1, "first");
    save(f, 2, 2, 2, "second once more");
    expect_kept(f, 2, "second");
    save(f, 2, 2, 5, "fifth");
    expect_kept(f, 2, "fifth");
    save(f, 2, 1, 9, "of another life");
    save(f, 1, 2, 9, "of another id");
    save(f, 2, 77, 9, "of no life");
    wrong.number.tag++;
    hear(&f->r, topmost(f, 1), with_text(wrong, "without the tag"));
    wrong.number.tag = tag_of(2);
    hear(&f->r, topmost(f, 1), with_text(wrong, "with the tag of a link"));
    expect_nothing(&f->r);
    expect_kept(f, 2, "fifth");
    expect_kept(f, 1, NULL);
}

/* What a node could not keep counts as the latest, and the one before stays. */
static void test_a_state_that_is_lost(void **state)
{
    fixture *f = *state;
    xy_message lost = state_of(f, 2, 2, 3);
    lost.status = XYLEM_NO_MEMORY;
    save(f, 2, 2, 1, "first");
    hear(&f->r, topmost(f, 1), lost);
    expect_kept(f, 2, "first");
    assert_true(f->controller.states.lost == 1);
    save(f, 2, 2, 2, "second");
    expect_kept(f, 2, "first");
}

/* A life is given what the one before it has saved, also on its way to its end. */
static void test_a_new_life(void **state)
{
    fixture *f = *state;
    xy_action action;
    save(f, 2, 2, 1, "first");
    f->r.now_ms = 10;
    ended(f, 2);
    uint64_t life = 0;
    while (xy_queue_pop(&f->r.out, &action)) {
        if (action.kind == XY_ACTION_START) {
            assert_true(action.start.id == 2 && action.start.has_saved);
            assert_bytes(action.start.saved, action.start.saved_size, "first");
            life = action.start.life.number;
        }
        xy_action_clear(&action);
    }
    assert_true(life > 2);
    save(f, 2, 2, 2, "second, too late");
    expect_kept(f, 2, "first");
    save(f, 2, life, 1, "of the new life");
    expect_kept(f, 2, "of the new life");
}

static void remove_two(fixture *f)
{
    uint64_t number = command(f, XY_COMMAND_REMOVE, 2, 0);
    uint64_t life = life_of(f, 2), link = node_of(f, 2)->peer.link.number;
    expect_end(f, life);
    answer(f, expect_let_go_of(f, 1, link), 1, XYLEM_OK);
    save(f, 2, life, 100, "during its end");
    ended(f, life);
    expect_reply(f, number, XYLEM_OK);
    expect_nothing(&f->r);
    save(f, 2, life, 101, "after its end");
}

/* Up to its start. */
static xy_birth create_two(fixture *f, const char *service, bool fresh)
{
    xy_command create = {.kind = XY_COMMAND_CREATE, .id = 2, .parent = 1, .timeout_ms = -1};
    create.text = service;
    create.size = strlen(service);
    create.fresh = fresh;
    xy_controller_command(&f->controller, &create, f->r.now_ms, &f->r.out);
    expect_start(f, 2);
    return f->r.hand.start;
}

static void attach_two(fixture *f)
{
    expect_asked_for(f, 1, 2);
    expected(f, 2);
    expect_attach(f, life_of(f, 2), "below");
    started(f, life_of(f, 2), "");
    attached(f, 2);
    assert_int_equal(expect(&f->r, XY_ACTION_REPLY)->reply.status, XYLEM_OK);
    expect_nothing(&f->r);
}

/* One that is created with the same service has it; one that is not has it forgotten, but only when
 * it has started. */
static void test_created_again(void **state)
{
    fixture *f = *state;
    for (int fresh = 0; fresh < 2; fresh++) {
        remove_two(f);
        expect_kept(f, 2, "during its end");
        xy_birth birth = create_two(f, fresh ? "" : "sum", fresh);
        assert_false(birth.has_saved);
        expect_kept(f, 2, "during its end");
        attach_two(f);
        assert_null(xy_states_find(&f->controller.states, 2, ""));
        remove_two(f);
        if (!fresh)
            assert_non_null(xy_states_find(&f->controller.states, 2, "sum"));
        birth = create_two(f, "", false);
        assert_true(birth.has_saved == fresh);
        attach_two(f);
    }
}

static void test_given_when_created(void **state)
{
    fixture *f = *state;
    remove_two(f);
    xy_birth birth = create_two(f, "", false);
    assert_true(birth.has_saved);
    assert_bytes(birth.saved, birth.saved_size, "during its end");
    attach_two(f);
    expect_kept(f, 2, "during its end");
}

/* Answers. */

static xy_number exec(fixture *f)
{
    xy_command given = {.kind = XY_COMMAND_EXEC, .id = 2, .timeout_ms = -1, .text = "x", .size = 1};
    xy_controller_command(&f->controller, &given, f->r.now_ms, &f->r.out);
    return expect_asked(f, 2, XY_EXEC)->number;
}

static xy_message answer_of_state(xy_number number, uint32_t state)
{
    xy_message reply = reply_to(number, XYLEM_OK);
    reply.keep = state;
    return reply;
}

/* Of a state for which there is no room the answer does not wait any more. */
static void test_no_room_for_a_state(void **state)
{
    fixture *f = *state;
    save(f, 2, 2, 1, "first");
    f->controller.states.bound = f->controller.states.cost;
    save(f, 2, 2, 2, "longer than the first");
    expect_kept(f, 2, "first");
    assert_true(f->controller.states.lost == 1);
    xy_number number = exec(f);
    hear_from(f, 2, answer_of_state(number, 2));
    expect_reply(f, number.request, XYLEM_OK);
    save(f, 1, 1, 1, "");
    expect_kept(f, 1, NULL);
    assert_true(f->controller.states.lost == 2);
    expect_nothing(&f->r);
}

/* It is asked for once more if its state has not come. */
static void test_an_answer_waits_for_its_state(void **state)
{
    fixture *f = *state;
    xy_number number = exec(f);
    hear_from(f, 2, answer_of_state(number, 2));
    assert_number(expect_asked(f, 2, XY_RECALL)->number, number);
    expect_nothing(&f->r);
    save(f, 2, 2, 1, "not the one");
    hear_from(f, 2, answer_of_state(number, 2));
    assert_number(expect_asked(f, 2, XY_RECALL)->number, number);
    save(f, 2, 2, 3, "a later one");
    hear_from(f, 2, answer_of_state(number, 2));
    expect_reply(f, number.request, XYLEM_OK);
    number = exec(f);
    hear_from(f, 2, answer_of_state(number, 3));
    expect_reply(f, number.request, XYLEM_OK);
    expect_nothing(&f->r);
}

/* Of an answer in fragments only the first is asked about, and those that come before are none. */
static void test_fragments_wait_for_their_state(void **state)
{
    fixture *f = *state;
    xy_number number = exec(f);
    xy_message first = answer_of_state(number, 1), last = answer_of_state(number, 1);
    first.part = XY_PART_MORE;
    first.value = 6;
    last.part = XY_PART_CONTINUED;
    last.value = 3;
    hear_from(f, 2, with_text(first, "abc"));
    expect_asked(f, 2, XY_RECALL);
    hear_from(f, 2, with_text(last, "def"));
    expect_nothing(&f->r);
    save(f, 2, 2, 1, "saved");
    hear_from(f, 2, with_text(last, "def"));
    expect_nothing(&f->r);
    hear_from(f, 2, with_text(first, "abc"));
    expect_nothing(&f->r);
    hear_from(f, 2, with_text(last, "def"));
    expect_text(f, number.request, XYLEM_OK, "abcdef");
}

/* Without memory to ask again the answer is lost. */
static void test_an_answer_without_memory(void **state)
{
    fixture *f = *state;
    bool lost = false;
    for (size_t fails = 1; fails < 4; fails++) {
        xy_number number = exec(f);
        memory_fails(fails, fails + 1);
        hear_from(f, 2, answer_of_state(number, 1));
        memory_is_back();
        xy_action action;
        assert_true(xy_queue_pop(&f->r.out, &action));
        lost |= action.kind == XY_ACTION_REPLY;
        if (action.kind == XY_ACTION_REPLY)
            assert_int_equal(action.reply.status, XYLEM_ANSWER_LOST);
        xy_action_clear(&action);
    }
    assert_true(lost);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_two, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_which_state_counts),
        TEST(test_a_state_that_is_lost),
        TEST(test_a_new_life),
        TEST(test_created_again),
        TEST(test_given_when_created),
        TEST(test_no_room_for_a_state),
        TEST(test_an_answer_waits_for_its_state),
        TEST(test_fragments_wait_for_their_state),
        TEST(test_an_answer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
