/* Links: what becomes of frames that nobody takes. */
#include "unit.h"

#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "core/machine.h"
#include "runtime/link.h"

/* libzmq looks only now and then whether there is room again: so often, of a millisecond each. */
enum { CHILD = 7, IDLE_MAX = 5000, LARGE = 512 * 1024 };

typedef struct fixture {
    void *context;
    xy_link *parent, *child;
} fixture;

static int set_up(void **state)
{
    char reason[XYLEM_REASON_SIZE];
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->context = zmq_ctx_new();
    xy_link_options parent = {
        .context = f->context, .self = XY_PARENT, .endpoint = "inproc://parent"};
    xy_link_options child = {.context = f->context,
                             .self = CHILD,
                             .parent = parent.endpoint,
                             .endpoint = "inproc://child"};
    return xy_link_open(&f->parent, &parent, reason) || xy_link_open(&f->child, &child, reason);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_link_close(&f->child);
    xy_link_close(&f->parent);
    zmq_ctx_term(f->context);
    free(f);
    return 0;
}

static int send_number(fixture *f, uint64_t number, xy_urgency urgency)
{
    return xy_link_send(f->child, XY_PARENT, &number, sizeof number, urgency);
}

/* Sends numbers, from `next` on, until one is refused; returns that one. */
static uint64_t fill(fixture *f, uint64_t next, xy_urgency urgency)
{
    int error;
    while (!(error = send_number(f, next, urgency)))
        next++;
    assert_int_equal(error, XYLEM_BUSY);
    return next;
}

static uint64_t expect_numbers(fixture *f, uint64_t next)
{
    xy_received received;
    uint64_t number;
    while (xy_link_receive(f->parent, &received)) {
        assert_true(received.peer == CHILD && received.size == sizeof number);
        memcpy(&number, received.frame, sizeof number);
        assert_true(number == next++);
    }
    return next;
}

/* Requests are refused when the outbox is full; what nobody asks for twice has a reserve. All that
 * was taken arrives, in its order. */
static void test_full_outbox(void **state)
{
    fixture *f = *state;
    uint64_t requests = fill(f, 0, XY_REFUSABLE), received = 0;
    assert_true(requests > XY_OUTBOX_MAX);
    uint64_t all = fill(f, requests, XY_VITAL);
    assert_true(all == requests + XY_OUTBOX_RESERVE);
    assert_int_equal(send_number(f, all, XY_LOSSY), XYLEM_OK);
    assert_int_equal(send_number(f, all, XY_REFUSABLE), XYLEM_BUSY);
    for (int idle = 0; received < all; idle++) {
        uint64_t before = received;
        xy_link_flush(f->child);
        received = expect_numbers(f, received);
        if (received > before)
            idle = 0;
        assert_true(idle < IDLE_MAX);
        xy_link_wait(f->parent, NULL, 0, 1);
    }
    assert_true(received == all && xy_link_flush(f->child));
}

static void test_nobody(void **state)
{
    fixture *f = *state;
    assert_int_equal(xy_link_send(f->parent, 99, "", 1, XY_VITAL), XYLEM_UNAVAILABLE);
    assert_int_equal(xy_link_send(f->parent, 99, "", 1, XY_LOSSY), XYLEM_OK);
}

/* Waiting tells which descriptors are readable, or that it did not look. */
static void test_waiting(void **state)
{
    fixture *f = *state;
    int full[2], empty[2];
    assert_true(pipe(full) == 0 && pipe(empty) == 0 && write(full[1], "x", 1) == 1);
    const int fds[] = {empty[0], -1, full[0]};
    expect_numbers(f, 0);
    assert_int_equal(xy_link_wait(f->parent, fds, 3, XY_NEVER), 1U << 2);
    assert_int_equal(xy_link_wait(f->parent, fds, 2, 0), 0);
    xy_link_send(f->parent, CHILD, "", 1, XY_VITAL);
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

static void expect_large(fixture *f, const uint8_t *frame)
{
    xy_received received;
    assert_true(xy_link_receive(f->parent, &received));
    assert_true(received.peer == CHILD && received.size == LARGE);
    assert_memory_equal(received.frame, frame, LARGE);
}

/* What is too large is refused whole, or waits whole; what is small goes on. */
static void test_no_memory(void **state)
{
    fixture *f = *state;
    uint8_t *frame = calloc(1, LARGE);
    rlim_t before = limit_memory(2 * LARGE);
    int refused = xy_link_send(f->child, XY_PARENT, frame, LARGE, XY_REFUSABLE);
    int sent = send_number(f, 0, XY_REFUSABLE);
    int posted = xy_link_send(f->child, XY_PARENT, frame, LARGE, XY_VITAL);
    bool flushed = xy_link_flush(f->child);
    restore_memory(before);
    assert_int_equal(refused, XYLEM_NO_MEMORY);
    assert_int_equal(sent, XYLEM_OK);
    assert_int_equal(posted, XYLEM_OK);
    assert_false(flushed);
    assert_true(expect_numbers(f, 0) == 1);
    assert_true(xy_link_flush(f->child));
    expect_large(f, frame);
    free(frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full_outbox, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waiting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
