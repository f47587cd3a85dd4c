/* The descriptor that a program polls: when it becomes readable, when it does not, and what is left
 * of it. */
#include "counts.h"
#include "links.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "driver/clock.h"
#include "world/zmq_world.h"

enum { CEILING_MS = 20000, SOON_MS = 30, DESCRIPTORS_MAX = 64 };

typedef struct fixture {
    links links;
    xy_launcher launcher;
    int64_t due_ms; /* of the launcher */
    xy_controller controller;
    xy_world_options options;
    xy_zmq_world real;
    uint64_t answered; /* the latest command that was */
} fixture;

/* A launcher with nothing to do. */

static void take(xy_launcher *launcher, const xy_action *action)
{
    (void)launcher, (void)action;
}

static bool next(xy_launcher *launcher, xy_launch_report *report)
{
    (void)launcher, (void)report;
    return false;
}

static fixture *of_test;

static int64_t launcher_deadline(const xy_launcher *launcher)
{
    (void)launcher;
    return of_test->due_ms;
}

static void deliver(void *owner, xy_action *action)
{
    fixture *f = owner;
    if (action->kind == XY_ACTION_REPLY)
        f->answered = action->reply.command;
}

static bool open_real(fixture *f)
{
    xy_error error = {0};
    const xy_zmq_world_parts parts = {f->links.parent, &f->launcher, false, false};
    bool opened = xy_zmq_world_open(&f->real, &f->options, &parts, &error);
    assert_true(opened || error.text[0]);
    return opened;
}

static int set_up(void **state)
{
    static const xy_launcher_ops ops = {take, next, launcher_deadline};
    fixture *f = *state = of_test = calloc(1, sizeof *f);
    links_open(&f->links);
    f->launcher = (xy_launcher){&ops, -1};
    f->due_ms = XY_NEVER;
    f->options.controller = &f->controller;
    f->options.begin.topology = &xy_topology_bst;
    f->options.begin.timeout_ms = CEILING_MS;
    f->options.deliver = deliver;
    f->options.owner = f;
    if (!open_real(f))
        return -1;
    while (xy_zmq_world_work(&f->real.world))
        ;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_zmq_world_close(&f->real);
    links_close(&f->links);
    free(f);
    return 0;
}

static void send_to(xy_link *link, const xy_peer *to)
{
    assert_int_equal(links_send(link, to, 1, 1, XY_VITAL), XYLEM_OK);
}

static bool readable(const fixture *f, int timeout_ms)
{
    struct pollfd polled = {.fd = xy_zmq_world_fd(&f->real.world), .events = POLLIN};
    return poll(&polled, 1, timeout_ms) == 1;
}

static void test_due_at_once(void **state)
{
    fixture *f = *state;
    xy_zmq_world_arm(&f->real.world, XY_NEVER);
    assert_false(readable(f, 0));
    xy_zmq_world_arm(&f->real.world, 0);
    assert_true(readable(f, CEILING_MS));
}

static void test_due_soon(void **state)
{
    fixture *f = *state;
    int64_t due_ms = xy_clock_now_ms() + SOON_MS;
    xy_zmq_world_arm(&f->real.world, due_ms);
    assert_true(readable(f, CEILING_MS));
    assert_true(xy_clock_now_ms() >= due_ms);
}

static void test_not_due_any_more(void **state)
{
    fixture *f = *state;
    struct itimerspec left;
    xy_zmq_world_arm(&f->real.world, xy_clock_now_ms() + CEILING_MS);
    assert_int_equal(timerfd_gettime(f->real.timer_fd, &left), 0);
    assert_true(left.it_value.tv_sec > 0);
    xy_zmq_world_arm(&f->real.world, XY_NEVER);
    assert_int_equal(timerfd_gettime(f->real.timer_fd, &left), 0);
    assert_true(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
}

/* Once it has been noticed, a wake-up does not keep the descriptor readable. */
static void test_woken(void **state)
{
    fixture *f = *state;
    for (int round = 0; round < 3; round++) {
        xy_zmq_world_wake(&f->real.world);
        xy_zmq_world_wake(&f->real.world);
        assert_true(readable(f, CEILING_MS));
        xy_zmq_world_work(&f->real.world);
        assert_false(readable(f, 0));
    }
}

/* Sending may swallow the signal for a frame that has arrived. */
static void test_swallowed_signal(void **state)
{
    fixture *f = *state;
    send_to(f->links.child, &f->links.to_parent);
    while (xy_zmq_world_work(&f->real.world))
        ;
    send_to(f->links.parent, &f->links.to_child);
    send_to(f->links.child, &f->links.to_parent);
    assert_false(xy_link_idle(f->links.parent)); /* looks, and swallows */
    xy_zmq_world_arm(&f->real.world, XY_NEVER);
    assert_true(readable(f, CEILING_MS));
}

/* The launcher's time counts, however late the caller's is. */
static void test_due_for_the_launcher(void **state)
{
    fixture *f = *state;
    xy_zmq_world_arm(&f->real.world, XY_NEVER);
    assert_false(readable(f, 0));
    f->due_ms = xy_clock_now_ms();
    xy_zmq_world_arm(&f->real.world, XY_NEVER);
    assert_true(readable(f, CEILING_MS));
}

/* A command is given its time, and what comes of it at once is delivered. */
static void test_command(void **state)
{
    fixture *f = *state;
    const xy_command ping = {.kind = XY_COMMAND_PING, .id = 5, .timeout_ms = -1};
    uint64_t number = xy_zmq_world_command(&f->real.world, &ping);
    assert_true(number != 0);
    assert_int_equal(f->answered, number);
}

static void test_stop(void **state)
{
    fixture *f = *state;
    assert_false(xy_zmq_world_stopped(&f->real.world));
    xy_zmq_world_command(&f->real.world, &(xy_command){.kind = XY_COMMAND_CLOSE});
    assert_true(xy_zmq_world_stopped(&f->real.world));
}

static rlim_t limit_descriptors(rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

/* However few descriptors there are: all that are needed, or none are taken. */
static void test_too_few_descriptors(void **state)
{
    fixture *f = *state;
    int refused = 0, opened = 0;
    xy_zmq_world_close(&f->real);
    counts before = count_all(NULL, 0);
    for (rlim_t most = 0; most <= DESCRIPTORS_MAX; most++) {
        rlim_t limit = limit_descriptors(most);
        bool done = open_real(f);
        limit_descriptors(limit);
        if (done)
            xy_zmq_world_close(&f->real);
        refused += !done;
        opened += done;
        assert_int_equal(count_all(NULL, 0).descriptors, before.descriptors);
    }
    assert_true(refused > XY_ZMQ_WORLD_DESCRIPTORS && opened > 0);
    assert_true(open_real(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_due_at_once),
        TEST(test_due_soon),
        TEST(test_not_due_any_more),
        TEST(test_woken),
        TEST(test_swallowed_signal),
        TEST(test_too_few_descriptors),
        TEST(test_due_for_the_launcher),
        TEST(test_command),
        TEST(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
