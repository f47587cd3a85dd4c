/* Links: what becomes of frames that a neighbour does not take. */
#include "links.h"
#include "signals.h"

#include <sys/resource.h>
#include <unistd.h>

#include "link/outbox.h"

/* libzmq looks only now and then whether there is room again: so often, of a millisecond each. */
enum { IDLE_MAX = 5000, LARGE = XY_MESSAGE_PAYLOAD_MAX };

typedef struct fixture {
    links links;
    xy_link *parent, *child; /* of the links */
    xy_link *other;          /* only where it is wanted */
} fixture;

static int set_up(void **state)
{
    fixture *f = *state = calloc(1, sizeof *f);
    links_open(&f->links);
    f->parent = f->links.parent;
    f->child = f->links.child;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_link_close(&f->other);
    links_close(&f->links);
    free(f);
    return 0;
}

static int send_number(fixture *f, int64_t number, xy_urgency urgency)
{
    return links_send(f->child, &f->links.to_parent, number, 0, urgency);
}

static int send_large(fixture *f, int64_t number, size_t size, xy_urgency urgency)
{
    return links_send(f->child, &f->links.to_parent, number, size, urgency);
}

/* Sends numbers, from `next` on, until one has to wait; returns the one after it. */
static int64_t block(fixture *f, int64_t next)
{
    while (xy_link_waiting(f->child) == 0)
        assert_int_equal(send_number(f, next++, XY_REFUSABLE), XYLEM_OK);
    return next;
}

/* Sends frames, from `next` on, until exactly `bound` waits, and one more byte would be refused;
 * returns the number after the last one. */
static int64_t fill(fixture *f, int64_t next, size_t bound, xy_urgency urgency)
{
    size_t left = bound - xy_link_waiting(f->child);
    while (left > LARGE) {
        assert_int_equal(send_large(f, next++, LARGE / 2, urgency), XYLEM_OK);
        left = bound - xy_link_waiting(f->child);
    }
    size_t last = left - XY_OUTBOX_COST(XY_MESSAGE_HEADER);
    assert_int_equal(send_large(f, next, last + 1, urgency), XYLEM_BUSY);
    assert_int_equal(xy_link_waiting(f->child), bound - left);
    assert_int_equal(send_large(f, next++, last, urgency), XYLEM_OK);
    assert_int_equal(xy_link_waiting(f->child), bound);
    assert_int_equal(send_number(f, next, urgency), XYLEM_BUSY);
    return next;
}

static int64_t expect_numbers(fixture *f, int64_t next)
{
    xy_received received;
    while (xy_link_receive(f->parent, &received)) {
        assert_true(xy_peer_is(&received.from, &f->links.to_child));
        assert_true(links_value(&received) == next++);
    }
    return next;
}

/* Receives all that was sent, which is numbered from 0 to before `end`. */
static void drain(fixture *f, int64_t received, int64_t end)
{
    for (int idle = 0; received < end; idle++) {
        int64_t before = received;
        xy_link_flush(f->child);
        received = expect_numbers(f, received);
        if (received > before)
            idle = 0;
        assert_true(idle < IDLE_MAX);
        xy_link_wait(f->parent, NULL, 0, 1);
    }
    assert_true(received == end && xy_link_flush(f->child));
    assert_int_equal(xy_link_waiting(f->child), 0);
}

/* Requests are refused when the outbox is full; what is not asked for twice has a reserve. All that
 * was taken arrives, in its order. */
static void test_full_outbox(void **state)
{
    fixture *f = *state;
    int64_t next = fill(f, block(f, 0), XY_OUTBOX_MAX, XY_REFUSABLE);
    next = fill(f, next, XY_OUTBOX_MAX + XY_OUTBOX_RESERVE, XY_VITAL);
    assert_int_equal(send_number(f, next, XY_LOSSY), XYLEM_OK);
    assert_int_equal(send_number(f, next, XY_REFUSABLE), XYLEM_BUSY);
    drain(f, 0, next);
}

/* Small frames wait by the tens of thousands. */
static void test_many_small_frames(void **state)
{
    enum { MANY = 100000 };
    fixture *f = *state;
    for (int64_t i = 0; i < MANY; i++)
        assert_int_equal(send_number(f, i, XY_REFUSABLE), XYLEM_OK);
    assert_true(xy_link_waiting(f->child) > 0);
    drain(f, 0, MANY);
}

/* While something waits for a neighbour nothing overtakes it, though there is room again. */
static void test_order(void **state)
{
    enum { ROUNDS = 100, AT_ONCE = 50 };
    fixture *f = *state;
    int64_t next = block(f, 0) + 1, received = 0;
    assert_int_equal(send_number(f, next - 1, XY_VITAL), XYLEM_OK);
    for (int round = 0; round < ROUNDS; round++) {
        received = expect_numbers(f, received);
        xy_link_idle(f->child); /* has libzmq look whether there is room */
        for (int i = 0; i < AT_ONCE; i++)
            assert_int_equal(send_number(f, next++, i % 2 ? XY_VITAL : XY_REFUSABLE), XYLEM_OK);
        assert_int_equal(send_number(f, INT64_MAX, XY_LOSSY), XYLEM_OK); /* it would be the first */
        assert_true(xy_link_waiting(f->child) > 0);
        if (round % 4 == 3)
            next = xy_link_flush(f->child) ? block(f, next) : next;
    }
    drain(f, received, next);
}

/* What waits for one neighbour holds up no other, neither the order nor the sending. */

enum { OTHER = 8, FRAMES = 5000 };

static void open_other(fixture *f)
{
    const xy_peer parent = links_peer(XY_PARENT, OTHER);
    xy_received got;
    f->other = links_open_one(f->links.context, "inproc://other", NULL);
    links_attach(f->other, "inproc://parent", OTHER);
    send_number(f, 0, XY_VITAL); /* so that the parent knows them */
    links_send(f->other, &parent, 0, 0, XY_VITAL);
    for (int known = 0; known < 2;)
        known += xy_link_receive(f->parent, &got);
}

/* Receives all frames, while the parent's other neighbour receives nothing. */
static void drain_one(fixture *f, xy_link *one)
{
    xy_received got;
    int64_t next = 0;
    for (int idle = 0; next < FRAMES; idle++) {
        assert_true(idle < IDLE_MAX && !xy_link_flush(f->parent));
        for (; xy_link_receive(one, &got); idle = 0)
            assert_true(got.from.role == XY_PARENT && links_value(&got) == next++);
        xy_link_wait(one, NULL, 0, 1);
    }
}

static void check_two(fixture *f, bool other_first)
{
    const xy_peer other = links_peer(XY_CHILD, OTHER);
    open_other(f);
    for (int64_t i = 0; i < FRAMES; i++) {
        assert_int_equal(links_send(f->parent, &f->links.to_child, i, 0, XY_REFUSABLE), XYLEM_OK);
        assert_int_equal(links_send(f->parent, &other, i, 0, XY_REFUSABLE), XYLEM_OK);
    }
    drain_one(f, other_first ? f->other : f->child);
    assert_true(xy_link_waiting(f->parent) > 0);
}

static void test_two_neighbours(void **state)
{
    check_two(*state, false);
}

static void test_two_neighbours_the_other_way(void **state)
{
    check_two(*state, true);
}

static void test_unknown_neighbour(void **state)
{
    const xy_peer unknown = links_peer(XY_CHILD, 99);
    fixture *f = *state;
    assert_int_equal(links_send(f->parent, &unknown, 0, 0, XY_VITAL), XYLEM_UNAVAILABLE);
    assert_int_equal(links_send(f->parent, &unknown, 0, 0, XY_LOSSY), XYLEM_OK);
}

/* What was waited for in vain was seen to be empty; behind what has come there may be more. */
static void check_awaiting(fixture *f)
{
    xy_received received;
    links_send(f->parent, &f->links.to_child, 0, 0, XY_VITAL);
    assert_false(xy_link_await(f->parent, 1, &received));
    assert_int_equal(xy_link_wait(f->parent, NULL, 0, 0), 0);
    for (int i = 1; i <= 2; i++)
        links_send(f->child, &f->links.to_parent, i, 0, XY_VITAL);
    assert_true(xy_link_await(f->parent, XY_NEVER, &received));
    assert_true(links_value(&received) == 1);
    assert_int_equal(xy_link_wait(f->parent, NULL, 0, XY_NEVER), ~0U);
    assert_int_equal(expect_numbers(f, 2), 3);
}

/* Waiting tells which descriptors are readable, or that it did not look. */
static void test_waiting(void **state)
{
    fixture *f = *state;
    int full[2], empty[2];
    assert_true(pipe(full) == 0 && pipe(empty) == 0 && write(full[1], "x", 1) == 1);
    const int fds[] = {empty[0], -1, full[0]};
    const xy_peer first = links_peer(XY_PARENT, 1);
    xy_received received;
    check_awaiting(f);
    expect_numbers(f, 0);
    assert_int_equal(xy_link_wait(f->parent, fds, 3, XY_NEVER), 1U << 2);
    assert_int_equal(xy_link_wait(f->parent, fds, 2, 0), 0);
    links_send(f->parent, &f->links.to_child, 0, 0, XY_VITAL);
    assert_int_equal(xy_link_wait(f->parent, fds, 2, XY_NEVER), ~0U);
    assert_false(xy_link_receive(f->parent, &received));
    links_attach(f->parent, "inproc://child", 1);
    assert_int_equal(xy_link_wait(f->parent, fds, 2, XY_NEVER), ~0U);
    assert_false(xy_link_receive(f->parent, &received));
    xy_link_disconnect(f->parent, &first);
    assert_int_equal(xy_link_wait(f->parent, fds, 2, XY_NEVER), ~0U);
    for (int i = 0; i < 2; i++)
        assert_true(close(full[i]) == 0 && close(empty[i]) == 0);
}

/* Leaves the process that much more address space; returns the limit there was. */
static rlim_t limit_memory(size_t more)
{
    unsigned long pages = 0;
    struct rlimit limit;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_true(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = pages * (size_t)sysconf(_SC_PAGESIZE) + more;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

static void restore_memory(rlim_t before)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void expect_large(fixture *f)
{
    xy_received received;
    assert_true(xy_link_receive(f->parent, &received));
    assert_int_equal(received.size, XY_MESSAGE_HEADER + LARGE);
    assert_true(links_value(&received) == 1);
}

/* What is too large is refused whole, or waits whole; what is small goes on. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    rlim_t before = limit_memory(4 * LARGE);
    int refused = send_large(f, 1, LARGE, XY_REFUSABLE);
    int sent = send_number(f, 0, XY_REFUSABLE);
    limit_memory(4 * LARGE); /* some may have been freed meanwhile */
    int posted = send_large(f, 1, LARGE, XY_VITAL);
    limit_memory(4 * LARGE);
    bool flushed = xy_link_flush(f->child);
    restore_memory(before);
    assert_int_equal(refused, XYLEM_NO_MEMORY);
    assert_int_equal(sent, XYLEM_OK);
    assert_int_equal(posted, XYLEM_OK);
    assert_false(flushed);
    assert_true(expect_numbers(f, 0) == 1);
    assert_true(xy_link_flush(f->child));
    expect_large(f);
}

/* libzmq gives up with EINTR also what does not wait. In a sanitizer so many signals would leave no
 * time for anything else. */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 10 };
#else
enum { SLOWER = 1 };
#endif

/* Of what is sent now or never nothing is lost. */
static void test_signals(void **state)
{
    enum { MANY = 50000 / SLOWER, ENOUGH = 1000 };
    fixture *f = *state;
    signals_have(20 * SLOWER);
    for (int64_t i = 0; i < MANY || signals < ENOUGH; i++) {
        assert_int_equal(send_number(f, i, XY_LOSSY), XYLEM_OK);
        assert_true(expect_numbers(f, i) == i + 1);
    }
    signals_have(0);
}

/* Nothing fails. */
static void test_begin_among_signals(void **state)
{
    enum { MANY = 2000 / SLOWER, ENOUGH = 500 };
    (void)state;
    signals = 0;
    signals_have(20 * SLOWER);
    for (int i = 0; i < MANY || signals < ENOUGH; i++) {
        links both;
        links_open(&both);
        links_close(&both);
    }
    signals_have(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full_outbox, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_small_frames, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_neighbours, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_neighbours_the_other_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown_neighbour, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
        cmocka_unit_test(test_begin_among_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
