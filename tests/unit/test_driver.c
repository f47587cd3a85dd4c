/* The driver: which operation performs which action, and what a machine is told of one that could
 * not be performed. */
#include "unit.h"

#include "../shortage.h"
#include "driver/driver.h"

enum { CALLS_MAX = 40, PLAN_MAX = 8, START_MS = 7 };

typedef enum operation { SENT = 1, LAUNCHED, EXECUTED, DELIVERED, REPORTED } operation;

typedef struct call {
    operation operation;
    xy_action_kind action;
} call;

typedef struct fixture {
    xy_driver driver;
    xy_queue queue;

    /* The machine: the events that it got, and what it does at the first of a kind. */
    xy_event events[CALLS_MAX];
    int64_t times[CALLS_MAX];
    int count;
    xy_event_kind when;
    xy_action plan[PLAN_MAX];
    int planned;

    /* The operations. */
    call calls[CALLS_MAX];
    int called;
    int status;      /* of a send */
    bool works;      /* `execute` does the work at once */
    uint8_t *stolen; /* the text of that */

    /* The observer. */
    int seen_events, seen_actions;
} fixture;

static void step(void *self, const xy_event *event, int64_t now_ms, xy_queue *out)
{
    fixture *f = self;
    assert_true(f->count < CALLS_MAX);
    f->times[f->count] = now_ms;
    f->events[f->count++] = *event;
    if (event->kind != f->when)
        return;
    for (int i = 0; i < f->planned; i++)
        assert_true(xy_queue_push(out, &f->plan[i]));
    f->planned = 0;
}

static int64_t deadline(const void *self)
{
    (void)self;
    return XY_NEVER;
}

static void note(xy_driver *driver, operation what, const xy_action *action)
{
    fixture *f = driver->world;
    assert_true(f->called < CALLS_MAX);
    f->calls[f->called++] = (call){what, action->kind};
}

static int send_it(xy_driver *driver, xy_action *action)
{
    note(driver, SENT, action);
    return ((fixture *)driver->world)->status;
}

static void launch(xy_driver *driver, const xy_action *action)
{
    note(driver, LAUNCHED, action);
}

static void execute(xy_driver *driver, xy_action *action)
{
    fixture *f = driver->world;
    note(driver, EXECUTED, action);
    if (!f->works || action->kind != XY_ACTION_WORK)
        return;
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = action->work.request;
    f->stolen = action->work.text;
    action->work.text = NULL;
    driver->now_ms += START_MS;
    xy_driver_step_within(driver, &event);
}

static void deliver(xy_driver *driver, xy_action *action)
{
    note(driver, DELIVERED, action);
}

static void report(xy_driver *driver, const xy_action *action)
{
    note(driver, REPORTED, action);
}

static void observe(xy_driver *driver, const xy_event *event, const xy_action *action)
{
    fixture *f = driver->world;
    assert_true(!event != !action);
    assert_true(event || action->kind != XY_ACTION_SEND || !action->send.lent);
    f->seen_events += event != NULL;
    f->seen_actions += action != NULL;
    if (event)
        assert_int_equal(f->count, f->seen_events - 1);
    else
        assert_int_equal(f->called, f->seen_actions - 1);
}

static int set_up(void **state)
{
    static const xy_driver_ops ops = {send_it, launch, execute, deliver, report};
    fixture *f = *state = calloc(1, sizeof *f);
    memory_is_back();
    f->driver = (xy_driver){.machine = {f, step, deadline},
                            .queue = &f->queue,
                            .ops = &ops,
                            .world = f,
                            .now_ms = 1000};
    f->when = XY_EVENT_OPEN;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_queue_clear(&f->queue);
    xy_release(f->stolen);
    assert_int_equal(shortage.outstanding, 0);
    free(f);
    return 0;
}

static void plan(fixture *f, xy_action action)
{
    f->plan[f->planned++] = action;
}

static xy_action send_of(xy_kind kind, uint64_t request)
{
    xy_action action = {.kind = XY_ACTION_SEND};
    action.send.to.link.number = request + 2;
    action.send.message.kind = kind;
    action.send.message.number.request = request;
    action.send.message.number.tag = request + 1;
    return action;
}

static void open_machine(fixture *f)
{
    xy_driver_step(&f->driver, &(xy_event){.kind = XY_EVENT_OPEN}, 1000);
}

/* A request as a frame, in an event. */
static xy_event frame_of(xy_kind kind, uint64_t request, uint8_t frame[XY_MESSAGE_HEADER])
{
    xy_message message = {.kind = kind, .number = {request, request + 1}};
    xy_event event = {.kind = XY_EVENT_MESSAGE};
    if (kind == XY_REQUEST)
        message.code = XY_PING;
    xy_message_encode(&message, frame);
    event.message.frame = frame;
    event.message.size = XY_MESSAGE_HEADER;
    return event;
}

static void test_every_action_has_its_operation(void **state)
{
    static const call expected[] = {
        {SENT, XY_ACTION_SEND},         {SENT, XY_ACTION_EXPECT},
        {SENT, XY_ACTION_LET_GO},       {SENT, XY_ACTION_CONNECT},
        {EXECUTED, XY_ACTION_WORK},     {EXECUTED, XY_ACTION_CANCEL},
        {LAUNCHED, XY_ACTION_START},    {LAUNCHED, XY_ACTION_ATTACH},
        {LAUNCHED, XY_ACTION_END},      {LAUNCHED, XY_ACTION_KILL},
        {LAUNCHED, XY_ACTION_SIGNAL},   {DELIVERED, XY_ACTION_REPLY},
        {DELIVERED, XY_ACTION_NOTICE},  {DELIVERED, XY_ACTION_ROOM},
        {SENT, XY_ACTION_DISCONNECT},   {REPORTED, XY_ACTION_EXPECTED},
        {REPORTED, XY_ACTION_ATTACHED},
    };
    fixture *f = *state;
    int count = sizeof expected / sizeof *expected;
    f->driver.observe = observe;
    for (int i = 0; i < count; i++)
        assert_true(xy_queue_push(&f->queue, &(xy_action){.kind = expected[i].action}));
    xy_driver_perform(&f->driver);
    assert_int_equal(f->called, count);
    for (int i = 0; i < count; i++) {
        assert_int_equal(f->calls[i].operation, expected[i].operation);
        assert_int_equal(f->calls[i].action, expected[i].action);
    }
    assert_int_equal(f->seen_actions, count);
    assert_int_equal(f->count, 0);
}

/* What an operation does not take out of an action is freed: the address sanitizer tells. */
static void test_actions_are_freed(void **state)
{
    fixture *f = *state;
    xy_action work = {.kind = XY_ACTION_WORK};
    work.work.text = xy_allocate(1, 4);
    assert_non_null(work.work.text);
    assert_true(xy_queue_push(&f->queue, &work));
    xy_driver_perform(&f->driver);
    assert_int_equal(f->called, 1);
}

static void test_stop(void **state)
{
    fixture *f = *state;
    plan(f, (xy_action){.kind = XY_ACTION_STOP});
    plan(f, send_of(XY_REPLY, 1));
    open_machine(f);
    assert_true(f->driver.stopped);
    assert_int_equal(f->called, 1); /* what comes behind is performed */
}

static void expect_unsent(const fixture *f, int at, xy_kind kind, uint64_t request, int status)
{
    const xy_event *event = &f->events[at];
    assert_true(at < f->count);
    assert_int_equal(event->kind, XY_EVENT_UNSENT);
    assert_int_equal(event->unsent.kind, kind);
    assert_int_equal(event->unsent.request.request, request);
    assert_int_equal(event->unsent.request.tag, request + 1);
    assert_int_equal(event->unsent.link.number, request + 2);
    assert_int_equal(event->unsent.status, status);
}

static void test_unsent(void **state)
{
    fixture *f = *state;
    f->status = XYLEM_BUSY;
    plan(f, send_of(XY_REQUEST, 5));
    plan(f, send_of(XY_CHANGE, 0));
    plan(f, send_of(XY_HELLO, 0));
    plan(f, send_of(XY_REPLY, 7));
    open_machine(f);
    assert_int_equal(f->count, 3);
    expect_unsent(f, 1, XY_REQUEST, 5, XYLEM_BUSY);
    expect_unsent(f, 2, XY_REPLY, 7, XYLEM_BUSY);
}

static void test_sent(void **state)
{
    fixture *f = *state;
    plan(f, send_of(XY_REQUEST, 5));
    plan(f, send_of(XY_REPLY, 7));
    f->driver.observe = observe;
    open_machine(f);
    assert_int_equal(f->count, 1);
    assert_int_equal(f->called, 2);
    assert_int_equal(f->seen_events, 1);
    assert_int_equal(f->seen_actions, 2);
}

/* Of several fragments each gets its payload when its turn has come, or is not sent. */
static void test_lent_payloads(void **state)
{
    static const uint8_t payload[] = "payload";
    fixture *f = *state;
    for (uint64_t request = 1; request <= 3; request++) {
        xy_action send = send_of(XY_REQUEST, request);
        send.send.message.payload_size = sizeof payload;
        send.send.lent = payload;
        assert_true(xy_queue_push(&f->queue, &send));
    }
    f->driver.observe = observe;
    memory_fails(2, 3);
    xy_driver_perform(&f->driver);
    memory_is_back();
    assert_int_equal(f->called, 2);
    assert_int_equal(f->seen_actions, 2);
    assert_int_equal(f->count, 1);
    expect_unsent(f, 0, XY_REQUEST, 2, XYLEM_NO_MEMORY);
    assert_int_equal(shortage.outstanding, 1); /* that of the queue */
}

static void forward(fixture *f, xy_kind kind)
{
    uint8_t frame[XY_MESSAGE_HEADER];
    xy_event event = frame_of(kind, 9, frame);
    f->when = XY_EVENT_MESSAGE;
    plan(f, (xy_action){.kind = XY_ACTION_FORWARD, .forward.to.link.number = 11});
    xy_driver_step(&f->driver, &event, 1000);
}

static void test_forward(void **state)
{
    fixture *f = *state;
    forward(f, XY_REQUEST);
    assert_int_equal(f->called, 1);
    assert_int_equal(f->count, 1);
    assert_null(f->driver.event);
}

static void test_not_forwarded(void **state)
{
    fixture *f = *state;
    f->status = XYLEM_UNAVAILABLE;
    forward(f, XY_REQUEST);
    expect_unsent(f, 1, XY_REQUEST, 9, XYLEM_UNAVAILABLE);
    f->count = 0;
    forward(f, XY_REPLY);
    expect_unsent(f, 1, XY_REPLY, 9, XYLEM_UNAVAILABLE);
}

/* What one step within another says is performed, in its order; the frame in hand stays. */
static void test_step_within(void **state)
{
    fixture *f = *state;
    uint8_t frame[XY_MESSAGE_HEADER];
    xy_event event = frame_of(XY_REPLY, 9, frame);
    xy_action work = {.kind = XY_ACTION_WORK};
    work.work.request.request = 3;
    work.work.text = xy_allocate(1, 4);
    assert_non_null(work.work.text);
    f->works = true;
    f->when = XY_EVENT_MESSAGE;
    plan(f, work);
    plan(f, (xy_action){.kind = XY_ACTION_FORWARD});
    xy_driver_step(&f->driver, &event, 1000);
    assert_int_equal(f->count, 2);
    assert_int_equal(f->events[1].kind, XY_EVENT_WORKED);
    assert_int_equal(f->events[1].worked.request.request, 3);
    assert_int_equal(f->times[1], 1000 + START_MS);
    assert_int_equal(f->called, 2);
    assert_int_equal(f->calls[1].action, XY_ACTION_FORWARD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_action_has_its_operation),
        TEST(test_actions_are_freed),
        TEST(test_stop),
        TEST(test_unsent),
        TEST(test_sent),
        TEST(test_lent_payloads),
        TEST(test_forward),
        TEST(test_not_forwarded),
        TEST(test_step_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
