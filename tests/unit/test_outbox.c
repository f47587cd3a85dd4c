/* Outboxes: what waits, for which neighbour, in which order, and how much of it. */
#include "unit.h"

#include <stdbool.h>

#include "link/outbox.h"

/* Linked in place of these two: the next so many calls succeed, then one fails; -1: all succeed. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
int __real_zmq_msg_init_size(zmq_msg_t *message, size_t size);
int __wrap_zmq_msg_init_size(zmq_msg_t *message, size_t size);

static int left = -1;

void *__wrap_malloc(size_t size)
{
    return left >= 0 && left-- == 0 ? NULL : __real_malloc(size);
}

int __wrap_zmq_msg_init_size(zmq_msg_t *message, size_t size)
{
    return left >= 0 && left-- == 0 ? -1 : __real_zmq_msg_init_size(message, size);
}

enum { SMALL = 100, LARGE = 100 * 1024, NEIGHBOURS = 3, SENT_MAX = 100 };

static xy_outboxes outboxes;

static int tear_down(void **state)
{
    (void)state;
    xy_outboxes_clear(&outboxes);
    assert_int_equal(outboxes.cost, 0);
    return 0;
}

static xy_peer neighbour(int number)
{
    return (xy_peer){XY_CHILD, {(uint64_t)number}, 5};
}

/* A frame that begins with this number. */
static zmq_msg_t new_frame(int number, size_t size)
{
    zmq_msg_t frame;
    assert_int_equal(__real_zmq_msg_init_size(&frame, size), 0);
    memset(zmq_msg_data(&frame), 0, size);
    memcpy(zmq_msg_data(&frame), &number, sizeof number);
    return frame;
}

static int number_of(zmq_msg_t *frame)
{
    int number;
    memcpy(&number, zmq_msg_data(frame), sizeof number);
    return number;
}

static int add(int to, int number, size_t size, xy_urgency urgency)
{
    zmq_msg_t frame = new_frame(number, size);
    xy_peer peer = neighbour(to);
    int error = xy_outboxes_add(&outboxes, &peer, &frame, urgency);
    assert_int_equal(zmq_msg_size(&frame), error ? size : 0);
    if (error)
        assert_int_equal(number_of(&frame), number);
    zmq_msg_close(&frame);
    return error;
}

/* What was sent; and how many frames each neighbour still takes. */
static struct {
    int to, number;
} sent[SENT_MAX];
static int sent_count, takes[NEIGHBOURS];

static bool send_one(void *owner, const xy_peer *to, zmq_msg_t *frame)
{
    int which = (int)to->link.number;
    assert_ptr_equal(owner, &outboxes);
    if (takes[which]-- <= 0)
        return false;
    sent[sent_count].to = which;
    sent[sent_count++].number = number_of(frame);
    if (which == 0) /* as if libzmq had taken it; or it is left */
        zmq_msg_close(frame), zmq_msg_init(frame);
    return true;
}

static int flush(int first, int second, int third)
{
    sent_count = 0;
    takes[0] = first, takes[1] = second, takes[2] = third;
    xy_outboxes_flush(&outboxes, send_one, &outboxes);
    return sent_count;
}

static bool waits(int which)
{
    xy_peer peer = neighbour(which);
    return xy_outboxes_find(&outboxes, &peer) != NULL;
}

/* Each neighbour takes its own in its order, and what one does not take holds up no other. */
static void test_order(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++)
        assert_int_equal(add(i % 3, i, i % 2 ? SMALL : LARGE, XY_REFUSABLE), XYLEM_OK);
    assert_int_equal(flush(1, 0, 3), 4);
    assert_true(waits(0) && waits(1) && !waits(2));
    assert_int_equal(sent[0].number, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sent[1 + i].number, 2 + 3 * i);
    assert_int_equal(flush(9, 9, 9), 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sent[i].number, i < 2 ? 3 + 3 * i : 1 + 3 * (i - 2));
    assert_true(!waits(0) && !waits(1) && outboxes.cost == 0);
}

static void test_names(void **state)
{
    xy_peer other = neighbour(1);
    (void)state;
    assert_int_equal(add(1, 1, SMALL, XY_VITAL), XYLEM_OK);
    other.tag++;
    assert_null(xy_outboxes_find(&outboxes, &other));
    other = neighbour(1);
    other.role = XY_PARENT;
    assert_null(xy_outboxes_find(&outboxes, &other));
    assert_true(waits(1));
}

static void test_drop(void **state)
{
    xy_peer first = neighbour(0);
    (void)state;
    xy_outboxes_drop(&outboxes, &first);
    for (int i = 0; i < 6; i++)
        assert_int_equal(add(i % 2, i, SMALL, XY_REFUSABLE), XYLEM_OK);
    xy_outboxes_drop(&outboxes, &first);
    assert_true(!waits(0) && waits(1));
    assert_int_equal(outboxes.cost, 3 * XY_OUTBOX_COST(SMALL));
}

/* A large frame is not copied; a small one is, and keeps nothing of what it was part of. */
static void test_copies(void **state)
{
    const xy_peer peer = neighbour(0);
    (void)state;
    for (size_t size = SMALL; size <= LARGE; size += LARGE - SMALL) {
        zmq_msg_t frame = new_frame(1, size);
        const void *data = zmq_msg_data(&frame);
        assert_int_equal(xy_outboxes_add(&outboxes, &peer, &frame, XY_VITAL), XYLEM_OK);
        zmq_msg_t *waiting = &xy_outboxes_find(&outboxes, &peer)->frames->prev->message;
        assert_true(zmq_msg_size(waiting) == size && number_of(waiting) == 1);
        assert_true((zmq_msg_data(waiting) == data) == (size == LARGE));
        zmq_msg_close(&frame);
    }
}

/* Fills all that may wait, to the byte. */
static void fill(size_t bound, xy_urgency urgency)
{
    while (bound - outboxes.cost > 2 * XY_OUTBOX_COST(LARGE))
        assert_int_equal(add(1, 0, LARGE, urgency), XYLEM_OK);
    size_t rest = bound - outboxes.cost - XY_OUTBOX_COST(0);
    assert_int_equal(add(2, 0, rest + 1, urgency), XYLEM_BUSY);
    assert_false(waits(2));
    assert_int_equal(add(2, 0, rest, urgency), XYLEM_OK);
    assert_int_equal(outboxes.cost, bound);
    assert_int_equal(add(1, 0, SMALL, urgency), XYLEM_BUSY);
    flush(0, 0, 1);
    assert_int_equal(add(2, 0, rest, urgency), XYLEM_OK);
    flush(0, 0, 1);
    assert_int_equal(add(1, 0, rest, urgency), XYLEM_OK);
}

/* There is one bound for all, and one above it for what is not asked for twice. */
static void test_bound(void **state)
{
    (void)state;
    fill(XY_OUTBOX_MAX, XY_REFUSABLE);
    fill(XY_OUTBOX_MAX + XY_OUTBOX_RESERVE, XY_VITAL);
    assert_int_equal(add(0, 0, SMALL, XY_REFUSABLE), XYLEM_BUSY);
}

/* Wherever memory ends: nothing is left of the frame, and what was there stays. */
static void test_no_memory(void **state)
{
    (void)state;
    assert_int_equal(add(1, 7, SMALL, XY_VITAL), XYLEM_OK);
    for (int to = 0; to < 2; to++)
        for (size_t size = SMALL; size <= LARGE; size += LARGE - SMALL)
            for (int i = 0, error = XYLEM_NO_MEMORY; error; i++) {
                size_t before = outboxes.cost;
                bool waited = waits(to);
                left = i;
                error = add(to, 8, size, XY_VITAL);
                bool failed = left < 0;
                left = -1;
                assert_int_equal(error, failed ? XYLEM_NO_MEMORY : XYLEM_OK);
                assert_int_equal(outboxes.cost, before + (failed ? 0 : XY_OUTBOX_COST(size)));
                assert_true(waits(to) == (!failed || waited));
            }
    assert_int_equal(flush(9, 9, 9), 5);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order),  TEST(test_names), TEST(test_drop),
        TEST(test_copies), TEST(test_bound), TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
