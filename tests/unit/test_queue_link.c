/* Links in memory: who hears whom, in which order, how much waits, and what is left in the end. */
#include "unit.h"

#include "link/queue_link.h"

static size_t blocks, allowed; /* how many are not given back, and may still be had */

static void *allocate(size_t size)
{
    if (allowed == 0)
        return NULL;
    allowed--;
    blocks++;
    return malloc(size);
}

static void release(void *memory)
{
    blocks -= memory != NULL;
    free(memory);
}

static xy_queue_links links;
static xy_queue_end parent, child;

static const xy_peer child_name = {XY_CHILD, {3}, 33}, parent_name = {XY_PARENT, {3}, 33};

static int begin(void **state)
{
    (void)state;
    blocks = 0;
    allowed = SIZE_MAX;
    parent = (xy_queue_end){.life = {1}};
    child = (xy_queue_end){.life = {2}};
    xy_queue_links_init(&links, allocate, release);
    return 0;
}

static int end(void **state)
{
    (void)state;
    xy_queue_links_clear(&links);
    assert_null(parent.links);
    assert_null(child.links);
    assert_int_equal(blocks, 0);
    return 0;
}

static int begin_attached(void **state)
{
    begin(state);
    assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_OK);
    assert_int_equal(xy_queue_link_connect(&links, &child, &parent_name, &parent), XYLEM_OK);
    return 0;
}

/* Sends one letter. */
static int send(const xy_queue_end *from, const xy_peer *to, char letter, int64_t due_us)
{
    xy_lane *lane;
    int error = xy_queue_link_lane(&links, from, to, 1, XY_VITAL, 0, &lane);
    xy_frame *frame = error || !lane ? NULL : xy_frame_new(&links, 1);
    if (!frame)
        return error;
    frame->bytes[0] = (uint8_t)letter;
    xy_lane_put(lane, frame, due_us);
    return XYLEM_OK;
}

static void expect_letter(xy_lane *lane, char letter, int64_t due_us)
{
    xy_frame *frame = xy_lane_take(lane);
    assert_non_null(frame);
    assert_int_equal(frame->size, 1);
    assert_int_equal(frame->bytes[0], letter);
    assert_int_equal(frame->due_us, due_us);
    release(frame);
}

static xy_queue_link *the_link(void)
{
    return xy_queue_links_find(&links, child_name.link);
}

/* Order. */

static void test_in_the_order_of_sending(void **state)
{
    (void)state;
    xy_lane *up = &the_link()->up;
    assert_int_equal(send(&child, &parent_name, 'a', 50), XYLEM_OK);
    assert_int_equal(send(&child, &parent_name, 'b', 20), XYLEM_OK);
    assert_int_equal(send(&child, &parent_name, 'c', 90), XYLEM_OK);
    expect_letter(up, 'a', 50);
    expect_letter(up, 'b', 51);
    assert_int_equal(send(&child, &parent_name, 'd', 60), XYLEM_OK);
    expect_letter(up, 'c', 90);
    expect_letter(up, 'd', 91);
    assert_null(xy_lane_take(up));
    assert_int_equal(up->cost, 0);
}

static void test_two_directions(void **state)
{
    (void)state;
    xy_queue_link *link = the_link();
    assert_int_equal(send(&child, &parent_name, 'u', 1), XYLEM_OK);
    assert_int_equal(send(&parent, &child_name, 'd', 2), XYLEM_OK);
    assert_ptr_equal(xy_queue_link_hearer(link, &link->up), &parent);
    assert_ptr_equal(xy_queue_link_hearer(link, &link->down), &child);
    xy_peer above = xy_queue_link_sender(link, &link->down);
    xy_peer below = xy_queue_link_sender(link, &link->up);
    assert_true(xy_peer_is(&above, &parent_name));
    assert_true(xy_peer_is(&below, &child_name));
    expect_letter(&link->up, 'u', 1);
    expect_letter(&link->down, 'd', 2);
}

static void test_a_stall(void **state)
{
    (void)state;
    the_link()->up.latest_us = 700;
    assert_int_equal(send(&child, &parent_name, 'a', 50), XYLEM_OK);
    expect_letter(&the_link()->up, 'a', 701);
}

/* Who is heard. */

static void test_not_expected(void **state)
{
    (void)state;
    assert_int_equal(xy_queue_link_connect(&links, &child, &parent_name, &parent), XYLEM_OK);
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_OK);
    assert_null(the_link()->up.frames);
    assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_OK);
    assert_null(parent.links); /* too late: that name is used up */
}

static void test_not_connected(void **state)
{
    (void)state;
    assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_OK);
    assert_int_equal(send(&parent, &child_name, 'a', 1), XYLEM_UNAVAILABLE);
}

static void test_no_parent(void **state)
{
    (void)state;
    assert_int_equal(xy_queue_link_connect(&links, &child, &parent_name, NULL), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_UNAVAILABLE);
}

static void test_let_go(void **state)
{
    (void)state;
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_OK);
    assert_int_equal(send(&parent, &child_name, 'b', 1), XYLEM_OK);
    xy_queue_link_let_go(&links, &child, &child_name); /* not its child */
    assert_non_null(parent.links);
    xy_queue_link_let_go(&links, &parent, &child_name);
    assert_null(parent.links);
    assert_null(the_link()->up.frames);
    assert_null(the_link()->down.frames);
    assert_int_equal(send(&child, &parent_name, 'c', 1), XYLEM_OK);
    assert_null(the_link()->up.frames);
    assert_int_equal(send(&parent, &child_name, 'd', 1), XYLEM_UNAVAILABLE);
    xy_queue_link_let_go(&links, &parent, &child_name);
}

/* Then the parent is told so when it sends, and the link can be let go. */
static void test_disconnect(void **state)
{
    (void)state;
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_OK);
    assert_int_equal(send(&parent, &child_name, 'b', 1), XYLEM_OK);
    xy_queue_link_disconnect(&links, &parent, &parent_name); /* not its parent */
    assert_non_null(child.links);
    xy_queue_link_disconnect(&links, &child, &parent_name);
    assert_null(child.links);
    assert_null(the_link()->up.frames);
    assert_null(the_link()->down.frames);
    assert_int_equal(send(&child, &parent_name, 'c', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&parent, &child_name, 'd', 1), XYLEM_UNAVAILABLE);
    xy_queue_link_disconnect(&links, &child, &parent_name);
    xy_queue_link_let_go(&links, &parent, &child_name);
    assert_null(the_link());
    assert_int_equal(blocks, 1); /* the table */
}

static void expect_nothing_left(const xy_queue_end *over, const xy_queue_end *from,
                                const xy_peer *to)
{
    assert_null(over->links);
    assert_null(from->links);
    assert_null(the_link());
    assert_int_equal(blocks, 1); /* the table */
    assert_int_equal(send(from, to, 'c', 1), XYLEM_UNAVAILABLE);
}

static void test_the_child_is_over(void **state)
{
    (void)state;
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_OK);
    assert_int_equal(send(&parent, &child_name, 'b', 1), XYLEM_OK);
    xy_queue_link_end(&links, &child);
    expect_nothing_left(&child, &parent, &child_name);
}

static void test_the_parent_is_over(void **state)
{
    (void)state;
    assert_int_equal(send(&child, &parent_name, 'a', 1), XYLEM_OK);
    xy_queue_link_end(&links, &parent);
    expect_nothing_left(&parent, &child, &parent_name);
}

static void test_another_name(void **state)
{
    (void)state;
    xy_peer wrong_child = {XY_CHILD, {3}, 34}, wrong_parent = {XY_PARENT, {3}, 34};
    xy_peer unknown = {XY_CHILD, {4}, 33};
    xy_queue_end other = {.life = {5}};
    assert_int_equal(send(&parent, &wrong_child, 'a', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&child, &wrong_parent, 'a', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&parent, &unknown, 'a', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&other, &parent_name, 'a', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(send(&child, &child_name, 'a', 1), XYLEM_UNAVAILABLE);
    assert_int_equal(xy_queue_link_expect(&links, &other, &wrong_child), XYLEM_UNAVAILABLE);
    assert_int_equal(xy_queue_link_connect(&links, &other, &parent_name, &parent),
                     XYLEM_UNAVAILABLE);
    assert_int_equal(xy_queue_link_connect(&links, &other, &wrong_parent, &parent),
                     XYLEM_UNAVAILABLE);
    assert_null(other.links);
    assert_null(the_link()->up.frames);
    assert_null(the_link()->down.frames);
}

static void test_another_parent(void **state)
{
    (void)state;
    xy_queue_end other = {.life = {5}};
    assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_OK);
    assert_int_equal(xy_queue_link_connect(&links, &child, &parent_name, &other),
                     XYLEM_UNAVAILABLE);
    assert_int_equal(xy_queue_link_connect(&links, &parent, &parent_name, &parent),
                     XYLEM_UNAVAILABLE);
    assert_null(child.links);
}

/* How much waits. */

static int room_for(size_t size, xy_urgency urgency, int64_t now_us)
{
    xy_lane *lane;
    int error = xy_queue_link_lane(&links, &child, &parent_name, size, urgency, now_us, &lane);
    assert_true(error == XYLEM_OK || !lane);
    return error || lane ? error : -1; /* -1: it is dropped */
}

static void test_a_full_lane(void **state)
{
    (void)state;
    xy_frame *frame = xy_frame_new(&links, XY_LANE_MAX - 2 * XY_LANE_COST(100));
    xy_lane_put(&the_link()->up, frame, 1);
    assert_int_equal(room_for(100, XY_REFUSABLE, 0), XYLEM_OK);
    assert_int_equal(room_for(300, XY_REFUSABLE, 0), XYLEM_BUSY);
    assert_int_equal(room_for(300, XY_LOSSY, 0), -1);
    assert_int_equal(room_for(300, XY_VITAL, 0), XYLEM_OK);
    frame = xy_frame_new(&links, XY_LANE_RESERVE);
    xy_lane_put(&the_link()->up, frame, 2);
    assert_int_equal(room_for(300, XY_VITAL, 0), XYLEM_BUSY);
    release(xy_lane_take(&the_link()->up));
    assert_int_equal(room_for(300, XY_VITAL, 0), XYLEM_OK);
}

static void test_full_for_a_while(void **state)
{
    (void)state;
    the_link()->up.full_until_us = 100;
    assert_int_equal(room_for(1, XY_REFUSABLE, 99), XYLEM_BUSY);
    assert_int_equal(room_for(1, XY_LOSSY, 99), -1);
    assert_int_equal(room_for(1, XY_VITAL, 99), XYLEM_OK);
    assert_int_equal(room_for(1, XY_REFUSABLE, 100), XYLEM_OK);
}

/* Many of them; and without memory. */

static void test_many(void **state)
{
    enum { LINKS = 1000 };
    static xy_queue_end ends[LINKS];
    (void)state;
    for (uint64_t i = 1; i < LINKS; i++) { /* a chain */
        xy_peer name = {XY_CHILD, {7 * i}, i};
        assert_int_equal(xy_queue_link_expect(&links, &ends[i - 1], &name), XYLEM_OK);
        assert_int_equal(xy_queue_link_connect(&links, &ends[i], &name, &ends[i - 1]), XYLEM_OK);
    }
    for (uint64_t i = 1; i < LINKS; i++) {
        xy_queue_link *link = xy_queue_links_find(&links, (xy_link_number){7 * i});
        assert_ptr_equal(xy_queue_link_hearer(link, &link->down), &ends[i]);
        assert_ptr_equal(xy_queue_link_up(&ends[i]), link);
    }
    for (uint64_t i = 0; i < LINKS; i += 2)
        xy_queue_link_end(&links, &ends[i]);
    for (uint64_t i = 0; i < LINKS; i++)
        assert_null(ends[i].links);
    assert_int_equal(blocks, 1);
}

static void test_the_highest_link(void **state)
{
    (void)state;
    for (uint64_t number = 4; number <= 6; number++) {
        xy_peer name = {XY_CHILD, {number}, 1};
        xy_queue_end *above = number == 5 ? &child : &parent,
                     *below = number == 5 ? &parent : &child;
        assert_int_equal(xy_queue_link_expect(&links, above, &name), XYLEM_OK);
        assert_int_equal(xy_queue_link_connect(&links, below, &name, above), XYLEM_OK);
    }
    assert_int_equal(xy_queue_link_up(&child)->number.number, 6);
    assert_int_equal(xy_queue_link_up(&parent)->number.number, 5);
    size_t count = 0;
    for (xy_queue_link *link = child.links; link; link = xy_queue_link_next(link, &child))
        count++;
    assert_int_equal(count, 4);
}

static void test_without_memory(void **state)
{
    (void)state;
    allowed = 0;
    assert_null(xy_frame_new(&links, 1));
    for (size_t i = 0; i < 2; i++) { /* the table, the link */
        allowed = i;
        assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_NO_MEMORY);
        assert_null(parent.links);
        xy_queue_links_clear(&links);
        assert_int_equal(blocks, 0);
    }
    allowed = 2;
    assert_int_equal(xy_queue_link_expect(&links, &parent, &child_name), XYLEM_OK);
}

#define TEST(test)     cmocka_unit_test_setup_teardown(test, begin, end)
#define ATTACHED(test) cmocka_unit_test_setup_teardown(test, begin_attached, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ATTACHED(test_in_the_order_of_sending),
        ATTACHED(test_two_directions),
        ATTACHED(test_a_stall),
        TEST(test_not_expected),
        TEST(test_not_connected),
        TEST(test_no_parent),
        ATTACHED(test_let_go),
        ATTACHED(test_disconnect),
        ATTACHED(test_the_child_is_over),
        ATTACHED(test_the_parent_is_over),
        ATTACHED(test_another_name),
        TEST(test_another_parent),
        ATTACHED(test_a_full_lane),
        ATTACHED(test_full_for_a_while),
        TEST(test_many),
        ATTACHED(test_the_highest_link),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
