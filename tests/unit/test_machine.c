/* The queue of actions. */
#include "unit.h"

#include "core/machine.h"

static void test_order_across_growth(void **state)
{
    xy_actions actions = {0};
    xy_action action;
    uint64_t pushed = 0, popped = 0;
    (void)state;
    for (int round = 1; round < 100; round++) {
        for (int i = 0; i < round; i++)
            assert_true(xy_actions_push(&actions, &(xy_action){.peer = pushed++}));
        for (int i = 0; i < round * 2 / 3; i++) {
            assert_true(xy_actions_pop(&actions, &action));
            assert_true(action.peer == popped++);
        }
    }
    while (xy_actions_pop(&actions, &action))
        assert_true(action.peer == popped++);
    assert_true(popped == pushed);
    xy_actions_clear(&actions);
}

static void test_payload_is_copied(void **state)
{
    xy_actions actions = {0};
    xy_action action;
    uint8_t text[] = "abc";
    (void)state;
    xy_action given = {.message = {.payload = text, .payload_size = 3}};
    assert_true(xy_actions_push(&actions, &given));
    assert_true(xy_actions_push(&actions, &given));
    text[0] = 'X';
    assert_true(xy_actions_pop(&actions, &action));
    assert_memory_equal(action.message.payload, "abc", 3);
    xy_action_clear(&action);
    assert_null(action.message.payload);
    xy_actions_clear(&actions); /* with one left in it: no leak */
}

static void test_reserved_room(void **state)
{
    xy_actions actions = {0};
    (void)state;
    assert_true(xy_actions_reserve(&actions, 100));
    const xy_action *before = actions.items;
    for (int i = 0; i < 100; i++)
        assert_true(xy_actions_push(&actions, &(xy_action){.peer = 1}));
    assert_ptr_equal(actions.items, before); /* it asked for no more memory */
    xy_actions_clear(&actions);
}

/* A request may be refused if somebody waits for its reply, and nothing else. */
static void test_urgency(void **state)
{
    (void)state;
    xy_action action = {.message = {.kind = XY_REQUEST, .request = 1}};
    assert_int_equal(xy_action_urgency(&action), XY_REFUSABLE);
    action.message.request = 0;
    assert_int_equal(xy_action_urgency(&action), XY_VITAL);
    for (int kind = XY_HELLO; kind < XY_KIND_END; kind++) {
        action = (xy_action){.message = {.kind = (xy_kind)kind, .request = 1}};
        assert_int_equal(xy_action_urgency(&action), kind == XY_REQUEST ? XY_REFUSABLE : XY_VITAL);
        action.lossy = true;
        assert_int_equal(xy_action_urgency(&action), XY_LOSSY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_across_growth),
        cmocka_unit_test(test_payload_is_copied),
        cmocka_unit_test(test_reserved_room),
        cmocka_unit_test(test_urgency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
