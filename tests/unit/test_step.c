/* The queue of actions: order, ownership, promises. */
#include "unit.h"

#include "../shortage.h"
#include "core/chunks.h"
#include "core/step.h"

enum { PAYLOAD = 100 };

static int set_up(void **state)
{
    (void)state;
    memory_is_back();
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static xy_action numbered(uint64_t number)
{
    xy_action action = {.kind = XY_ACTION_CANCEL};
    action.cancel.request.request = number;
    return action;
}

static void push(xy_queue *queue, uint64_t number)
{
    xy_action action = numbered(number);
    assert_true(xy_queue_push(queue, &action));
}

static void keep(xy_queue *queue, uint64_t number)
{
    xy_action action = numbered(number);
    xy_queue_keep(queue, &action);
}

static bool push_fails(xy_queue *queue, uint64_t number)
{
    xy_action action = numbered(number);
    return !xy_queue_push(queue, &action);
}

static void expect(xy_queue *queue, uint64_t number)
{
    xy_action action;
    assert_true(xy_queue_pop(queue, &action));
    assert_int_equal(action.kind, XY_ACTION_CANCEL);
    assert_true(action.cancel.request.request == number);
}

static void expect_empty(xy_queue *queue)
{
    xy_action action;
    assert_int_equal(queue->actions.count, 0);
    assert_false(xy_queue_pop(queue, &action));
}

/* One of each that owns something. */
static xy_action owner_of(xy_action_kind kind)
{
    xy_action action = {.kind = kind};
    uint8_t *bytes = xy_allocate(1, PAYLOAD + 1);
    assert_non_null(bytes);
    memset(bytes, 'a', PAYLOAD);
    if (kind == XY_ACTION_SEND) {
        action.send.message = (xy_message){.kind = XY_REPLY, .payload_size = PAYLOAD};
        action.send.message.body = action.send.frame = bytes;
    } else if (kind == XY_ACTION_WORK) {
        action.work.text = bytes;
        action.work.size = PAYLOAD;
    } else if (kind == XY_ACTION_COMBINE) {
        action.combine.texts = bytes;
        action.combine.a_size = PAYLOAD - 1;
    } else if (kind == XY_ACTION_ANSWERED) {
        action.answered.outcomes = bytes;
        action.answered.size = PAYLOAD;
    } else if (kind == XY_ACTION_NEIGHBOURS) {
        action.neighbours.children = (int64_t *)(void *)bytes;
        action.neighbours.count = 1;
    } else if (kind == XY_ACTION_CHUNK) {
        xy_release(bytes);
        action.chunk.chunk = xy_chunk_new((xy_number){1, 2}, 1, "chunk", 5);
        assert_non_null(action.chunk.chunk);
    } else if (kind == XY_ACTION_START) {
        action.start.arguments = bytes;
        action.start.arguments_size = PAYLOAD;
    } else {
        action.reply.text = bytes;
        action.reply.size = PAYLOAD;
    }
    return action;
}

static const xy_action_kind owners[] = {XY_ACTION_SEND,       XY_ACTION_WORK,    XY_ACTION_START,
                                        XY_ACTION_REPLY,      XY_ACTION_COMBINE, XY_ACTION_ANSWERED,
                                        XY_ACTION_NEIGHBOURS, XY_ACTION_CHUNK};
enum { OWNERS = sizeof owners / sizeof *owners };

static bool is_owner(xy_action_kind kind)
{
    for (size_t i = 0; i < OWNERS; i++)
        if (owners[i] == kind)
            return true;
    return false;
}

static void test_order_across_growth(void **state)
{
    xy_queue queue = {0};
    uint64_t pushed = 0, popped = 0;
    (void)state;
    expect_empty(&queue);
    for (int round = 1; round < 100; round++) {
        for (int i = 0; i < round; i++)
            push(&queue, pushed++);
        for (int i = 0; i < round * 2 / 3; i++)
            expect(&queue, popped++);
    }
    while (queue.actions.count > 0)
        expect(&queue, popped++);
    assert_true(popped == pushed);
    expect_empty(&queue);
    xy_queue_clear(&queue);
}

/* What a node says for the launcher is what the controlling node hears. */
static void test_reported_events(void **state)
{
    xy_action said = {.kind = XY_ACTION_EXPECTED, .expected = {{7}, {8}, 6}};
    xy_event heard = xy_reported_event(&said);
    (void)state;
    assert_int_equal(heard.kind, XY_EVENT_EXPECTED);
    assert_true(heard.expected.life.number == 7 && heard.expected.link.number == 8);
    assert_true(heard.expected.tag == 6);
    said = (xy_action){.kind = XY_ACTION_ATTACHED, .attached = {{9}, {10}, "here"}};
    heard = xy_reported_event(&said);
    assert_int_equal(heard.kind, XY_EVENT_ATTACHED);
    assert_true(heard.attached.life.number == 9 && heard.attached.link.number == 10);
    assert_ptr_equal(heard.attached.address, said.attached.address);
    assert_string_equal(heard.attached.address, "here");
}

static void test_what_is_popped_belongs_to_the_caller(void **state)
{
    xy_queue queue = {0};
    (void)state;
    for (size_t i = 0; i < OWNERS; i++) {
        xy_action given = owner_of(owners[i]), taken;
        assert_true(xy_queue_push(&queue, &given));
        assert_true(xy_queue_pop(&queue, &taken));
        size_t before = shortage.outstanding;
        xy_action_clear(&taken);
        assert_int_equal(shortage.outstanding, before - 1);
        xy_action_clear(&taken); /* there is nothing left to free */
        assert_int_equal(shortage.outstanding, before - 1);
    }
    xy_queue_clear(&queue);
}

static void test_copy_of_a_birth(void **state)
{
    const uint8_t lent[] = {'a', 0, 'b'};
    xy_birth birth = {.id = 5, .life = {6}, .service = "sum"}, copy;
    (void)state;
    assert_true(xy_birth_copy(&copy, &birth));
    assert_true(copy.id == 5 && copy.life.number == 6 && !copy.arguments);
    xy_birth_clear(&copy);
    birth.arguments = lent;
    birth.arguments_size = sizeof lent;
    assert_true(xy_birth_copy(&copy, &birth));
    assert_string_equal(copy.service, "sum");
    assert_int_equal(copy.arguments_size, sizeof lent);
    assert_ptr_not_equal(copy.arguments, lent);
    assert_memory_equal(copy.arguments, "a\0b\0", 4); /* with a NUL */
    assert_int_equal(shortage.outstanding, 1);
    xy_birth_clear(&copy);
    assert_int_equal(shortage.outstanding, 0);
    memory_fails(1, SIZE_MAX);
    assert_false(xy_birth_copy(&copy, &birth));
    assert_true(!copy.arguments && copy.arguments_size == 0);
    memory_is_back();
}

/* What owns nothing has other things in the same place. */
static void test_clearing_what_owns_nothing(void **state)
{
    (void)state;
    for (int kind = XY_ACTION_SEND; kind <= XY_ACTION_ROOM; kind++) {
        xy_action action;
        memset(&action, 0x5a, sizeof action);
        action.kind = (xy_action_kind)kind;
        if (!is_owner(action.kind))
            xy_action_clear(&action);
    }
    assert_int_equal(shortage.outstanding, 0);
}

/* It stays where it is while the queue grows, more than once. */
static void test_what_is_in_hand_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < OWNERS; i++) {
        xy_queue queue = {0};
        xy_action given = owner_of(owners[i]);
        assert_true(xy_queue_push(&queue, &given));
        push(&queue, 0);
        xy_action *taken = xy_queue_take(&queue);
        assert_non_null(taken);
        for (uint64_t number = 1; number < 100; number++)
            push(&queue, number);
        assert_int_equal(taken->kind, owners[i]);
        xy_action_clear(taken);
        xy_queue_drop(&queue);
        for (uint64_t number = 0; number < 100; number++)
            expect(&queue, number);
        assert_null(xy_queue_take(&queue));
        xy_queue_clear(&queue);
        assert_int_equal(shortage.outstanding, 0);
    }
}

static void test_what_is_in_hand_is_freed(void **state)
{
    xy_queue queue = {0};
    (void)state;
    for (size_t i = 0; i < OWNERS; i++) {
        xy_action given = owner_of(owners[i]);
        assert_true(xy_queue_push(&queue, &given));
    }
    assert_non_null(xy_queue_take(&queue));
    xy_queue_drop(&queue);
    assert_int_equal(xy_queue_take(&queue)->kind, owners[1]);
    for (uint64_t number = 1; number < 100; number++)
        push(&queue, number);
    xy_queue_clear(&queue);
}

static void test_an_action_is_filled_in(void **state)
{
    xy_queue queue = {0};
    (void)state;
    push(&queue, 1);
    xy_queue_add(&queue, XY_ACTION_CANCEL)->cancel.request.request = 2;
    expect(&queue, 1);
    expect(&queue, 2);
    xy_queue_clear(&queue);
    memory_fails(1, SIZE_MAX);
    assert_null(xy_queue_add(&queue, XY_ACTION_CANCEL));
    expect_empty(&queue);
}

static xy_action lending(const uint8_t *route, const uint8_t *payload, uint32_t size)
{
    xy_action send = {.kind = XY_ACTION_SEND};
    send.send.message = (xy_message){.kind = XY_REQUEST, .code = XY_EXEC, .route_size = 3};
    assert_true(xy_action_own(&send, route, NULL, 0));
    send.send.message.payload_size = size;
    send.send.lent = payload;
    return send;
}

static void test_what_is_lent_is_gathered(void **state)
{
    xy_queue queue = {0};
    const uint8_t route[] = "abc", payload[] = "payload";
    xy_action send = lending(route, payload, 7), taken;
    (void)state;
    assert_true(xy_queue_push(&queue, &send));
    assert_true(xy_queue_pop(&queue, &taken));
    assert_null(taken.send.lent);
    assert_ptr_equal(taken.send.message.body, taken.send.frame + XY_MESSAGE_HEADER);
    assert_int_equal(taken.send.message.route_size, 3);
    assert_memory_equal(taken.send.message.body, "abcpayload", 10);
    assert_true(xy_action_gather(&taken)); /* there is nothing left to do */
    xy_action_clear(&taken);
    send = lending(route, payload, 7);
    memory_fails(1, SIZE_MAX);
    assert_false(xy_action_gather(&send));
    assert_int_equal(xy_message_size(&send.send.message), XY_MESSAGE_HEADER);
    xy_action_clear(&send);
    xy_queue_clear(&queue);
}

static void test_what_is_left_is_freed(void **state)
{
    xy_queue queue = {0};
    (void)state;
    for (size_t i = 0; i < 3 * OWNERS; i++) {
        xy_action given = owner_of(owners[i % OWNERS]);
        assert_true(xy_queue_push(&queue, &given));
    }
    xy_queue_clear(&queue);
    assert_int_equal(queue.actions.count, 0);
    push(&queue, 1); /* and it can be used again */
    expect(&queue, 1);
    xy_queue_clear(&queue);
}

static void test_no_memory(void **state)
{
    xy_queue queue = {0};
    (void)state;
    for (size_t i = 0; i < OWNERS; i++) {
        while (queue.actions.count < queue.actions.capacity)
            push(&queue, 7);
        size_t count = queue.actions.count, before = shortage.outstanding;
        xy_action given = owner_of(owners[i]);
        memory_fails(1, SIZE_MAX);
        assert_false(xy_queue_push(&queue, &given));
        assert_false(xy_queue_promise(&queue));
        memory_is_back();
        assert_int_equal(queue.actions.count, count);
        assert_int_equal(queue.promised, 0);
        assert_int_equal(shortage.outstanding, before); /* what it owned was freed */
        push(&queue, 7);
    }
    while (queue.actions.count > 0)
        expect(&queue, 7);
    xy_queue_clear(&queue);
}

/* However many others come in between, and without memory. */
static void test_promises_are_kept(void **state)
{
    xy_queue queue = {0};
    uint64_t next = 0;
    (void)state;
    for (uint64_t promises = 1; promises <= 200; promises++) {
        for (uint64_t i = 0; i < promises; i++)
            assert_true(xy_queue_promise(&queue));
        memory_fails(1, SIZE_MAX);
        uint64_t first = next;
        while (!push_fails(&queue, next))
            next++;
        for (uint64_t i = 0; i < promises; i++)
            keep(&queue, next++);
        memory_is_back();
        assert_int_equal(queue.promised, 0);
        for (; first < next; first++)
            expect(&queue, first);
        expect_empty(&queue);
    }
    xy_queue_clear(&queue);
}

static void test_a_promise_that_is_taken_back_is_room_for_others(void **state)
{
    enum { MANY = 50 };
    xy_queue queue = {0};
    (void)state;
    for (int i = 0; i < MANY; i++)
        assert_true(xy_queue_promise(&queue));
    memory_fails(1, SIZE_MAX);
    while (!push_fails(&queue, 1))
        ;
    size_t count = queue.actions.count;
    xy_queue_take_back(&queue, MANY - 1);
    for (int i = 0; i < MANY - 1; i++)
        push(&queue, 1);
    assert_true(push_fails(&queue, 1));
    keep(&queue, 1);
    assert_int_equal(queue.actions.count, count + MANY);
    assert_int_equal(queue.promised, 0);
    memory_is_back();
    xy_queue_clear(&queue);
}

/* A promise lasts while the queue is emptied and filled again, wherever its ring begins. */
static void test_promises_around_the_ring(void **state)
{
    xy_queue queue = {0};
    uint64_t random = unit_seed(), pushed = 0, popped = 0;
    size_t promised = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        memory_fails(unit_random(&random) % 4 + 1, SIZE_MAX);
        unsigned what = unit_random(&random) % 5;
        if (what == 0) {
            promised += xy_queue_promise(&queue);
        } else if (what == 1 && promised > 0) {
            keep(&queue, pushed++);
            promised--;
        } else if (what == 2 && promised > 0 && unit_random(&random) % 4 == 0) {
            size_t back = unit_random(&random) % promised + 1;
            xy_queue_take_back(&queue, back);
            promised -= back;
        } else if (what == 3) {
            pushed += !push_fails(&queue, pushed);
        } else if (popped < pushed) {
            expect(&queue, popped++);
        }
        assert_int_equal(queue.promised, promised);
        assert_true(queue.actions.count == pushed - popped);
        assert_true(queue.actions.count + queue.promised <= queue.actions.capacity);
    }
    memory_is_back();
    xy_queue_take_back(&queue, promised);
    xy_queue_clear(&queue);
}

/* A request may be refused if its asker waits for the reply. */
static void test_urgency(void **state)
{
    (void)state;
    xy_message message = {.kind = XY_REQUEST, .code = XY_EXEC, .number = {1, 2}};
    assert_int_equal(xy_message_urgency(&message), XY_REFUSABLE);
    message.number.request = 0;
    message.code = XY_CANCEL;
    assert_int_equal(xy_message_urgency(&message), XY_VITAL);
    message = (xy_message){.kind = XY_CAST, .code = XY_EXEC, .number = {1, 2}};
    assert_int_equal(xy_message_urgency(&message), XY_REFUSABLE);
    message = (xy_message){.kind = XY_CHUNK, .number = {1, 2}, .payload_size = 1};
    assert_int_equal(xy_message_urgency(&message), XY_REFUSABLE);
    message.payload_size = 0; /* word of one that was lost */
    assert_int_equal(xy_message_urgency(&message), XY_VITAL);
    static const xy_kind vital[] = {XY_HELLO, XY_WELCOME, XY_INTERVAL, XY_CHANGE, XY_MERGED};
    for (size_t i = 0; i < sizeof vital / sizeof *vital; i++) {
        message = (xy_message){.kind = vital[i], .number = {1, 2}};
        assert_int_equal(xy_message_urgency(&message), XY_VITAL);
    }
}

static void test_peers(void **state)
{
    static const xy_peer one = {XY_CHILD, {3}, 4};
    static const xy_peer others[] = {
        {XY_PARENT, {3}, 4}, {XY_STRANGER, {3}, 4}, {XY_CHILD, {4}, 4}, {XY_CHILD, {3}, 5}};
    xy_peer same = one;
    (void)state;
    assert_true(xy_peer_is(&one, &same));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(xy_peer_is(&one, &others[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_across_growth),
        TEST(test_reported_events),
        TEST(test_what_is_popped_belongs_to_the_caller),
        TEST(test_copy_of_a_birth),
        TEST(test_clearing_what_owns_nothing),
        TEST(test_what_is_in_hand_stays),
        TEST(test_what_is_in_hand_is_freed),
        TEST(test_an_action_is_filled_in),
        TEST(test_what_is_lent_is_gathered),
        TEST(test_what_is_left_is_freed),
        TEST(test_no_memory),
        TEST(test_promises_are_kept),
        TEST(test_a_promise_that_is_taken_back_is_room_for_others),
        TEST(test_promises_around_the_ring),
        TEST(test_urgency),
        TEST(test_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
