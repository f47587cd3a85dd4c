/* The loop of one node: what its machine learns, in which order, and how long it sleeps. Time is
 * the test's. */
#include "links.h"

#include <unistd.h>

#include "driver/clock.h"
#include "world/loop.h"

enum { NO_CHILD = 99, EVENTS_MAX = 400, CEILING_S = 60 };

typedef struct seen {
    xy_event_kind kind;
    xy_peer from;
    size_t size;
    int status;
    int64_t now_ms;
} seen;

typedef struct fixture {
    links links;
    xy_launcher launcher;
    xy_queue queue;
    xy_loop loop; /* of the parent */

    /* The machine: what it was told, when it wants to be told again, and what it does once. */
    seen events[EVENTS_MAX];
    int count;
    int64_t deadline_ms;
    xy_event_kind when;
    xy_action plan;
    bool planned;

    /* The launcher: lives that have ended and were not reported, and when it is to be asked. */
    int ended;
    int64_t due_ms;

    /* What the node is told from outside, once the machine has got so many events. */
    int after;
    int orders; /* how many */
    bool dies;
    int64_t held_ms; /* for so long it is paused */
    int64_t took_ms; /* how long the launcher takes for a report */
} fixture;

static int64_t now_ms;

static int looks; /* at the clock */

int64_t xy_clock_now_ms(void)
{
    looks++;
    return now_ms;
}

/* The machine. */

static void step(void *self, const xy_event *event, int64_t at_ms, xy_queue *out)
{
    fixture *f = self;
    assert_true(f->count < EVENTS_MAX);
    seen *now = &f->events[f->count++];
    *now = (seen){.kind = event->kind, .now_ms = at_ms};
    if (event->kind == XY_EVENT_MESSAGE) {
        now->from = event->message.from;
        now->size = event->message.size;
    } else if (event->kind == XY_EVENT_UNSENT)
        now->status = event->unsent.status;
    if (f->planned && event->kind == f->when) {
        f->planned = false;
        assert_true(xy_queue_push(out, &f->plan));
    }
    if (event->kind == XY_EVENT_TICK && f->deadline_ms >= now_ms)
        f->deadline_ms = XY_NEVER;
}

static int64_t deadline(const void *self)
{
    return ((const fixture *)self)->deadline_ms;
}

static void plan(fixture *f, xy_event_kind when, xy_action action)
{
    f->when = when;
    f->plan = action;
    f->planned = true;
}

/* The launcher. */

static fixture *of_test;

static void take(xy_launcher *launcher, const xy_action *action)
{
    (void)launcher;
    of_test->ended += action->kind == XY_ACTION_KILL;
}

static bool next(xy_launcher *launcher, xy_launch_report *report)
{
    (void)launcher;
    if (of_test->ended == 0)
        return false;
    of_test->ended--;
    now_ms += of_test->took_ms;
    *report = (xy_launch_report){.kind = XY_EVENT_ENDED, .error = {XYLEM_UNAVAILABLE, "it ended"}};
    return true;
}

static int64_t launcher_deadline(const xy_launcher *launcher)
{
    (void)launcher;
    return of_test->due_ms;
}

/* What comes from outside. */

static bool attend(void *attendant, bool *held)
{
    fixture *f = attendant;
    if (f->count >= f->after && f->held_ms > 0) {
        now_ms += f->held_ms;
        f->held_ms = 0;
        *held = true;
    }
    return !f->dies || f->count < f->after;
}

static bool order(void *attendant, xy_event *event)
{
    fixture *f = attendant;
    if (f->orders == 0 || f->count < f->after)
        return false;
    f->orders--;
    *event = (xy_event){.kind = XY_EVENT_END};
    return true;
}

/* Setting up. */

static void open_loop(fixture *f)
{
    xy_loop_open(&f->loop, &(xy_machine){f, step, deadline}, &f->queue);
    f->count = 0;
}

static int set_up(void **state)
{
    static const xy_launcher_ops ops = {take, next, launcher_deadline};
    fixture *f = *state = of_test = calloc(1, sizeof *f);
    alarm(CEILING_S); /* ends the program: what does not come is waited for without an end */
    links_open(&f->links);
    f->launcher = (xy_launcher){&ops, -1};
    f->due_ms = f->deadline_ms = XY_NEVER;
    now_ms = 1000;
    f->loop = (xy_loop){.link = f->links.parent,
                        .launcher = &f->launcher,
                        .log = {.level = XYLEM_LOG_ERROR, .id = XY_NO_ID},
                        .wake_fd = -1,
                        .attendant = f};
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    links_close(&f->links);
    xy_queue_clear(&f->queue);
    free(f);
    alarm(0);
    return 0;
}

static void send_frames(fixture *f, int count, size_t size)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(links_send(f->links.child, &f->links.to_parent, i, size, XY_VITAL),
                         XYLEM_OK);
}

static int count_events(const fixture *f, xy_event_kind kind)
{
    int count = 0;
    for (int i = 0; i < f->count; i++)
        count += f->events[i].kind == kind;
    return count;
}

static void expect_events(const fixture *f, const xy_event_kind *kinds, int count)
{
    assert_int_equal(f->count, count);
    for (int i = 0; i < count; i++)
        assert_int_equal(f->events[i].kind, kinds[i]);
}

#define EXPECT(f, ...)                                                                             \
    expect_events(f, (const xy_event_kind[]){__VA_ARGS__},                                         \
                  sizeof((const xy_event_kind[]){__VA_ARGS__}) / sizeof(xy_event_kind))

/* Sleeping. */

/* A deadline that is over is no reason to wait for ever. */
static void test_late(void **state)
{
    fixture *f = *state;
    f->deadline_ms = now_ms - 100;
    open_loop(f);
    xy_loop_work(&f->loop);
    assert_int_equal(count_events(f, XY_EVENT_TICK), 1);
    xy_loop_wait(&f->loop, XY_NEVER);
    xy_loop_wait(&f->loop, now_ms - 1);
    xy_loop_wait(&f->loop, INT64_MIN / 2);
}

static void test_tick_at_its_time(void **state)
{
    fixture *f = *state;
    f->deadline_ms = now_ms + 1;
    open_loop(f);
    xy_loop_work(&f->loop);
    EXPECT(f);
    now_ms++;
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_TICK);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_TICK);
}

/* The time of the launcher's counts too. */
static void test_due(void **state)
{
    fixture *f = *state;
    open_loop(f);
    while (xy_loop_work(&f->loop))
        ;
    assert_true(xy_loop_due(&f->loop, XY_NEVER) == XY_NEVER);
    f->due_ms = now_ms + 5;
    assert_int_equal(xy_loop_due(&f->loop, XY_NEVER), now_ms + 5);
    assert_int_equal(xy_loop_due(&f->loop, now_ms + 3), now_ms + 3);
}

/* What has come. */

/* What ended is known before anything is heard. */
static void test_reports_first(void **state)
{
    fixture *f = *state;
    open_loop(f);
    send_frames(f, 1, 3);
    f->ended = 2;
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_ENDED, XY_EVENT_ENDED, XY_EVENT_MESSAGE);
    assert_int_equal(f->events[2].size, XY_MESSAGE_HEADER + 3);
    assert_true(xy_peer_is(&f->events[2].from, &f->links.to_child));
}

static void deliver(void *owner, xy_action *action)
{
    (void)owner, (void)action;
}

/* The program waits for a reply: what comes behind it has time until the next turn. */
static void test_rest_after_a_reply(void **state)
{
    fixture *f = *state;
    f->loop.deliver = deliver;
    open_loop(f);
    send_frames(f, 1, 1);
    plan(f, XY_EVENT_ENDED, (xy_action){.kind = XY_ACTION_REPLY});
    f->ended = 2;
    assert_true(xy_loop_work(&f->loop));
    EXPECT(f, XY_EVENT_ENDED);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_ENDED, XY_EVENT_ENDED, XY_EVENT_MESSAGE);
}

/* That there was no report is true of the moment when it was seen. */
static void test_report_after_waiting(void **state)
{
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->launcher.fd = ends[0]; /* nothing to read */
    open_loop(f);
    xy_loop_work(&f->loop);
    xy_loop_wait(&f->loop, now_ms);
    f->ended = 1;
    xy_loop_work(&f->loop);
    EXPECT(f);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_ENDED);
    assert_true(close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* At its time the launcher is asked, whatever its descriptor says. */
/* What is reported last has happened last, also when many reports take their time. */
static void test_reports_that_take_long(void **state)
{
    fixture *f = *state;
    open_loop(f);
    f->ended = 3;
    f->took_ms = 500;
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_ENDED, XY_EVENT_ENDED, XY_EVENT_ENDED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(f->events[i].now_ms, 1500 + 500 * i);
}

static void test_report_in_time(void **state)
{
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    f->launcher.fd = ends[0];
    open_loop(f);
    xy_loop_work(&f->loop);
    f->due_ms = now_ms;
    xy_loop_wait(&f->loop, XY_NEVER);
    f->ended = 1;
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_ENDED);
    assert_true(close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* It hears one frame, and looks at nothing else. */
static void test_listen(void **state)
{
    fixture *f = *state;
    open_loop(f);
    xy_loop_work(&f->loop);
    send_frames(f, 2, 1);
    f->ended = 1;
    xy_loop_listen(&f->loop, XY_NEVER);
    EXPECT(f, XY_EVENT_MESSAGE);
    xy_loop_listen(&f->loop, XY_NEVER);
    EXPECT(f, XY_EVENT_MESSAGE, XY_EVENT_MESSAGE);
    assert_int_equal(f->ended, 1);
}

/* Nor for long: what else there is has to be looked at. */
static void test_listen_for_a_while(void **state)
{
    fixture *f = *state;
    open_loop(f);
    xy_loop_work(&f->loop);
    xy_loop_listen(&f->loop, XY_NEVER);
    EXPECT(f);
    assert_true(xy_link_idle(f->links.parent));
    send_frames(f, 1, 1);
    now_ms += XY_LISTEN_MS;
    xy_loop_listen(&f->loop, now_ms + 1);
    EXPECT(f);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_MESSAGE);
}

/* What is to be done at a time is not late, and a limit that is over is kept. */
static void test_listen_in_time(void **state)
{
    fixture *f = *state;
    open_loop(f);
    xy_loop_work(&f->loop);
    send_frames(f, 1, 1);
    xy_loop_listen(&f->loop, now_ms);
    EXPECT(f);
    f->deadline_ms = f->loop.deadline_ms = ++now_ms;
    xy_loop_listen(&f->loop, now_ms + 1);
    EXPECT(f);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_MESSAGE, XY_EVENT_TICK);
}

static void test_stranger(void **state)
{
    fixture *f = *state;
    int linger = 0;
    void *stranger = zmq_socket(f->links.context, ZMQ_DEALER);
    open_loop(f);
    assert_int_equal(zmq_setsockopt(stranger, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_setsockopt(stranger, ZMQ_ROUTING_ID, "who", 3), 0);
    assert_int_equal(zmq_connect(stranger, "inproc://parent"), 0);
    assert_int_equal(zmq_send(stranger, "hello", 5, 0), 5);
    send_frames(f, 1, 1);
    while (f->count == 0)
        xy_loop_work(&f->loop);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_MESSAGE);
    assert_true(xy_peer_is(&f->events[0].from, &f->links.to_child));
    zmq_close(stranger);
}

/* The clock is looked at again after so many frames, or so many bytes. */
static void test_many_frames(void **state)
{
    fixture *f = *state;
    enum { MANY = 300 };
    open_loop(f);
    send_frames(f, MANY, 1);
    assert_true(xy_loop_work(&f->loop));
    assert_in_range(f->count, 2, MANY - 1);
    while (f->count < MANY)
        xy_loop_work(&f->loop);
    assert_int_equal(count_events(f, XY_EVENT_MESSAGE), MANY);
}

static void test_large_frames(void **state)
{
    fixture *f = *state;
    enum { MANY = 40, LARGE = 64 * 1024 };
    open_loop(f);
    send_frames(f, MANY, LARGE);
    assert_true(xy_loop_work(&f->loop));
    assert_in_range(f->count, 2, MANY / 2);
}

static void test_nothing_after_the_stop(void **state)
{
    fixture *f = *state;
    open_loop(f);
    plan(f, XY_EVENT_MESSAGE, (xy_action){.kind = XY_ACTION_STOP});
    f->deadline_ms = now_ms;
    send_frames(f, 3, 1);
    assert_false(xy_loop_work(&f->loop));
    EXPECT(f, XY_EVENT_MESSAGE);
    assert_true(f->loop.driver.stopped);
}

/* What comes from outside is looked at before the first frame, and between two. */
static void check_order(fixture *f, int after)
{
    f->loop.order = order;
    open_loop(f);
    send_frames(f, 3, 1);
    plan(f, XY_EVENT_END, (xy_action){.kind = XY_ACTION_STOP});
    f->after = after;
    f->orders = 1;
    assert_false(xy_loop_work(&f->loop));
    assert_int_equal(count_events(f, XY_EVENT_MESSAGE), after);
    assert_int_equal(count_events(f, XY_EVENT_END), 1);
}

static void test_orders(void **state)
{
    check_order(*state, 0);
}

static void test_order_between_frames(void **state)
{
    check_order(*state, 1);
}

static void check_killed(fixture *f, int after)
{
    f->loop.attend = attend;
    open_loop(f);
    send_frames(f, 3, 1);
    f->after = after;
    f->dies = true;
    assert_false(xy_loop_work(&f->loop));
    assert_int_equal(f->count, after);
    assert_true(f->loop.driver.stopped);
}

static void test_killed(void **state)
{
    check_killed(*state, 0);
}

static void test_killed_between_frames(void **state)
{
    check_killed(*state, 1);
}

/* What comes after a pause is heard as late as it is. */
static void test_paused_between_frames(void **state)
{
    fixture *f = *state;
    f->loop.attend = attend;
    open_loop(f);
    send_frames(f, 3, 1);
    f->after = 1;
    f->held_ms = 500;
    xy_loop_work(&f->loop);
    assert_int_equal(f->count, 3);
    assert_int_equal(f->events[0].now_ms, 1000);
    assert_int_equal(f->events[1].now_ms, 1500);
    assert_int_equal(f->events[2].now_ms, 1500);
}

/* Without one a batch takes one look at the clock. */
static void test_looks_at_the_clock(void **state)
{
    fixture *f = *state;
    f->loop.attend = attend;
    open_loop(f);
    send_frames(f, 100, 1);
    looks = 0;
    xy_loop_work(&f->loop);
    assert_int_equal(f->count, 100);
    assert_int_equal(looks, 1);
}

/* A node that has nothing but its link to wait for. */
static void test_run(void **state)
{
    fixture *f = *state;
    f->loop.launcher = NULL;
    f->loop.order = order;
    open_loop(f);
    send_frames(f, 2, 1);
    plan(f, XY_EVENT_END, (xy_action){.kind = XY_ACTION_STOP});
    f->orders = f->after = 1;
    xy_loop_run(&f->loop);
    EXPECT(f, XY_EVENT_MESSAGE, XY_EVENT_END);
}

/* Many frames take one look at the clock, as long as there are many; orders come before each. */
static void test_run_with_many(void **state)
{
    fixture *f = *state;
    f->loop.launcher = NULL;
    f->loop.order = order;
    open_loop(f);
    send_frames(f, 100, 1);
    plan(f, XY_EVENT_END, (xy_action){.kind = XY_ACTION_STOP});
    f->orders = 1;
    f->after = 90;
    looks = 0;
    xy_loop_run(&f->loop);
    assert_int_equal(count_events(f, XY_EVENT_MESSAGE), 90);
    assert_int_equal(looks, 1);
}

/* It may have been told before it waits for the first time. */
static void test_told_before(void **state)
{
    fixture *f = *state;
    f->loop.launcher = NULL;
    f->loop.order = order;
    open_loop(f);
    plan(f, XY_EVENT_END, (xy_action){.kind = XY_ACTION_STOP});
    f->orders = 1;
    xy_loop_run(&f->loop);
    EXPECT(f, XY_EVENT_END);
}

/* What its machine wants. */

static void test_unsent(void **state)
{
    fixture *f = *state;
    xy_action action = {.kind = XY_ACTION_SEND};
    action.send.to = links_peer(XY_CHILD, NO_CHILD);
    action.send.message.kind = XY_REQUEST;
    action.send.message.number.request = 5;
    plan(f, XY_EVENT_OPEN, action);
    xy_loop_open(&f->loop, &(xy_machine){f, step, deadline}, &f->queue);
    EXPECT(f, XY_EVENT_OPEN, XY_EVENT_UNSENT);
    assert_int_equal(f->events[1].status, XYLEM_UNAVAILABLE);
}

static void test_disconnect(void **state)
{
    fixture *f = *state;
    xy_peer above = links_peer(XY_PARENT, 1);
    xy_action action = {.kind = XY_ACTION_DISCONNECT, .disconnect = {above}};
    open_loop(f);
    links_attach(f->links.parent, "inproc://child", 1);
    assert_int_equal(links_send(f->links.parent, &above, 0, 0, XY_VITAL), XYLEM_OK);
    plan(f, XY_EVENT_MESSAGE, action);
    send_frames(f, 1, 9);
    while (f->count == 0)
        xy_loop_work(&f->loop);
    assert_int_equal(links_send(f->links.parent, &above, 0, 0, XY_VITAL), XYLEM_UNAVAILABLE);
}

static void expect_frame(fixture *f, int64_t value)
{
    xy_received received;
    while (!xy_link_receive(f->links.child, &received))
        xy_loop_work(&f->loop);
    assert_int_equal(links_value(&received), value);
}

static void test_sent(void **state)
{
    fixture *f = *state;
    xy_action action = {.kind = XY_ACTION_SEND};
    open_loop(f);
    send_frames(f, 1, 1); /* so that the child is known here */
    action.send.to = f->links.to_child;
    action.send.message.kind = XY_REPLY;
    action.send.message.value = 77;
    plan(f, XY_EVENT_MESSAGE, action);
    expect_frame(f, 77);
}

/* The frame that came last is passed on. */
static void test_forward(void **state)
{
    fixture *f = *state;
    xy_action action = {.kind = XY_ACTION_FORWARD};
    open_loop(f);
    action.forward.to = f->links.to_child;
    action.forward.urgency = XY_VITAL;
    assert_int_equal(links_send(f->links.child, &f->links.to_parent, 55, 9, XY_VITAL), XYLEM_OK);
    plan(f, XY_EVENT_MESSAGE, action);
    expect_frame(f, 55);
    EXPECT(f, XY_EVENT_MESSAGE);
}

static void test_not_forwarded(void **state)
{
    fixture *f = *state;
    xy_action action = {.kind = XY_ACTION_FORWARD};
    open_loop(f);
    action.forward.to = links_peer(XY_CHILD, NO_CHILD);
    action.forward.urgency = XY_VITAL;
    plan(f, XY_EVENT_MESSAGE, action);
    send_frames(f, 1, 9); /* a reply */
    while (f->count == 0)
        xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_MESSAGE, XY_EVENT_UNSENT);
    assert_int_equal(f->events[1].status, XYLEM_UNAVAILABLE);
}

static void test_kill(void **state)
{
    fixture *f = *state;
    plan(f, XY_EVENT_OPEN, (xy_action){.kind = XY_ACTION_KILL});
    xy_loop_open(&f->loop, &(xy_machine){f, step, deadline}, &f->queue);
    xy_loop_work(&f->loop);
    EXPECT(f, XY_EVENT_OPEN, XY_EVENT_ENDED);
}

/* Of many that are late each is not named. */

static int lines;
static char last_line[XY_LOG_SIZE];

static void take_line(void *owner, enum xylem_log_level level, int64_t id, const char *text)
{
    (void)owner, (void)level, (void)id;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", text);
}

static void test_late_kills(void **state)
{
    enum { KILLS = 100 };
    fixture *f = *state;
    xy_log_sink *sink = xy_log_sink_open(take_line, NULL);
    assert_non_null(sink);
    f->loop.log = (xy_log){.level = XYLEM_LOG_WARNING, .id = XY_NO_ID, .sink = sink};
    open_loop(f);
    for (int i = 0; i < KILLS; i++) {
        xy_action kill = {.kind = XY_ACTION_KILL, .kill = {.id = i, .late = true}};
        assert_true(xy_queue_push(&f->queue, &kill));
    }
    lines = 0;
    xy_loop_perform(&f->loop);
    xy_loop_work(&f->loop);
    assert_in_range(lines, 2, KILLS / 2);
    assert_string_equal(last_line, "92 more nodes did not end in time and are killed");
    xy_log_sink_release(sink);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_late),
        TEST(test_tick_at_its_time),
        TEST(test_due),
        TEST(test_reports_first),
        TEST(test_rest_after_a_reply),
        TEST(test_report_after_waiting),
        TEST(test_reports_that_take_long),
        TEST(test_report_in_time),
        TEST(test_listen),
        TEST(test_listen_for_a_while),
        TEST(test_listen_in_time),
        TEST(test_stranger),
        TEST(test_many_frames),
        TEST(test_large_frames),
        TEST(test_nothing_after_the_stop),
        TEST(test_orders),
        TEST(test_order_between_frames),
        TEST(test_killed),
        TEST(test_killed_between_frames),
        TEST(test_paused_between_frames),
        TEST(test_looks_at_the_clock),
        TEST(test_run),
        TEST(test_run_with_many),
        TEST(test_told_before),
        TEST(test_unsent),
        TEST(test_disconnect),
        TEST(test_sent),
        TEST(test_forward),
        TEST(test_not_forwarded),
        TEST(test_kill),
        TEST(test_late_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
