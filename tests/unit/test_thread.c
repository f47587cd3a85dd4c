/* The launcher of threads: what it reports of lives that it starts, ends, kills and pauses, and how
 * it gives up a thread that does not return from its service. The nodes are the test's: they wait
 * at a condition instead of a socket. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "driver/clock.h"
#include "launch/thread_parts.h"

enum { CEILING_MS = 20000, MANY = 50, LIVES = 8 };

typedef struct world {
    xy_thread_launcher *launcher;
    int made, freed;       /* by the launcher's thread */
    int attached;          /* of those that were freed; before they were told to end, */
    uint64_t link;         /* and the latest of them as this link */
    atomic_int closed;     /* by the threads */
    const char *refusal;   /* of those that are made */
    const char *failure;   /* of those that begin */
    atomic_bool hangs;     /* the threads enter their service, and stay there until they may */
    atomic_bool may_leave; /* return from it */
    atomic_int inside;     /* how many are in it */
    atomic_int living;     /* how many threads have not come to their end */
    xy_thread *threads[LIVES];
    bool reports_last; /* life 1 says that it expects others just as their ends are heard */
    pthread_key_t last;
} world;

/* A node waits until it is rung. */
typedef struct test_node {
    world *world;
    xy_thread *thread;
    pthread_mutex_t mutex;
    pthread_cond_t rung;
    bool rings;
    bool attached, ended;
    uint64_t link; /* as which it was told to attach last */
} test_node;

/* A service, around which the thread is told by its guard. */
static bool serve(test_node *node)
{
    world *of = node->world;
    const xy_guard guard = xy_thread_guard(node->thread);
    guard.enter(guard.owner);
    atomic_fetch_add(&of->inside, 1);
    while (!atomic_load(&of->may_leave))
        sched_yield();
    atomic_fetch_sub(&of->inside, 1);
    return guard.leave(guard.owner);
}

static void wait_for_ring(test_node *node)
{
    pthread_mutex_lock(&node->mutex);
    while (!node->rings)
        pthread_cond_wait(&node->rung, &node->mutex);
    node->rings = false;
    pthread_mutex_unlock(&node->mutex);
}

static void take_orders(test_node *node)
{
    xy_event order;
    while (xy_thread_order(node->thread, &order)) {
        node->attached = node->attached || (order.kind == XY_EVENT_ATTACH && !node->ended);
        if (order.kind == XY_EVENT_ATTACH)
            node->link = order.attach.parent.link.number;
        node->ended = node->ended || order.kind == XY_EVENT_END;
    }
}

static void live(test_node *node)
{
    bool held;
    while (xy_thread_attend(node->thread, &held)) {
        take_orders(node);
        if (node->ended)
            return;
        wait_for_ring(node);
    }
}

static void run(void *argument, xy_error *error)
{
    test_node *node = argument;
    world *of = node->world;
    if (of->failure) {
        xy_error_set(error, XYLEM_CANNOT_START, "%s", of->failure);
        return;
    }
    atomic_fetch_add(&of->living, 1);
    if (of->reports_last)
        pthread_setspecific(of->last, node->thread);
    xy_thread_started(node->thread, 4711);
    if (atomic_load(&of->hangs) && !serve(node)) {
        atomic_fetch_sub(&of->living, 1);
        pthread_exit(NULL);
    }
    live(node);
    xy_thread_stopped(node->thread);
    atomic_fetch_sub(&of->living, 1);
}

static void close_node(void *argument)
{
    atomic_fetch_add(&((test_node *)argument)->world->closed, 1);
}

static void ring(void *argument, const xy_peer *name)
{
    (void)name;
    test_node *node = argument;
    pthread_mutex_lock(&node->mutex);
    node->rings = true;
    pthread_cond_signal(&node->rung);
    pthread_mutex_unlock(&node->mutex);
}

static xy_life life_at(const char *address)
{
    return (xy_life){strtoull(address, NULL, 10)};
}

static void *make(void *argument, xy_thread *thread, const xy_birth *birth, xy_error *error)
{
    world *of = argument;
    assert_true(birth->life.number > 0);
    if (of->refusal) {
        xy_error_set(error, XYLEM_CANNOT_START, "%s", of->refusal);
        return NULL;
    }
    test_node *node = calloc(1, sizeof *node);
    assert_non_null(node);
    node->world = of;
    node->thread = thread;
    pthread_mutex_init(&node->mutex, NULL);
    pthread_cond_init(&node->rung, NULL);
    of->made++;
    if (birth->life.number < LIVES)
        of->threads[birth->life.number] = thread;
    return node;
}

static void free_node(void *argument)
{
    test_node *node = argument;
    node->world->freed++;
    node->world->attached += node->attached;
    node->world->link = node->link;
    pthread_mutex_destroy(&node->mutex);
    pthread_cond_destroy(&node->rung);
    free(node);
}

/* The launcher. */

static void await_number(atomic_int *number, int wanted)
{
    int64_t until_ms = xy_clock_now_ms() + CEILING_MS;
    while (atomic_load(number) != wanted) {
        assert_true(xy_clock_now_ms() < until_ms);
        sched_yield();
    }
}

static int set_up(void **state)
{
    static const xy_thread_ops ops = {make, run, close_node, ring, life_at, free_node};
    xy_error error = {0};
    world *w = *state = calloc(1, sizeof *w);
    w->launcher = xy_thread_open(&ops, w, &(xy_log){.level = XYLEM_LOG_ERROR}, &error);
    return w->launcher ? 0 : -1;
}

static int tear_down(void **state)
{
    world *w = *state;
    xy_thread_close(w->launcher);
    assert_int_equal(w->made, w->freed);
    atomic_store(&w->may_leave, true);
    await_number(&w->living, 0);
    free(w);
    return 0;
}

static void take(world *w, xy_action action)
{
    xy_launcher *launcher = xy_thread_launcher_of(w->launcher);
    launcher->ops->take(launcher, &action);
}

static void start(world *w, uint64_t life)
{
    take(w, (xy_action){.kind = XY_ACTION_START, .start = {.id = 1, .life = {life}}});
}

static void end(world *w, uint64_t life)
{
    take(w, (xy_action){.kind = XY_ACTION_END, .end = {.life = {life}}});
}

static void kill_life(world *w, uint64_t life)
{
    take(w, (xy_action){.kind = XY_ACTION_KILL, .kill = {.life = {life}, .id = 1}});
}

static void inject(world *w, uint64_t life, xy_fault fault, uint64_t command)
{
    take(w, (xy_action){.kind = XY_ACTION_SIGNAL,
                        .signal = {.command = command, .life = {life}, .id = 1, .fault = fault}});
}

/* Whether a report came, and which, within the ceiling: as a loop waits for it. */
static xy_launch_report await_report(world *w)
{
    xy_launch_report report;
    xy_launcher *launcher = xy_thread_launcher_of(w->launcher);
    int64_t until_ms = xy_clock_now_ms() + CEILING_MS;
    while (!launcher->ops->next(launcher, &report)) {
        struct pollfd polled = {.fd = launcher->fd, .events = POLLIN};
        int64_t due_ms = launcher->ops->deadline(launcher), now_ms = xy_clock_now_ms();
        assert_true(now_ms < until_ms);
        due_ms = due_ms < until_ms ? due_ms : until_ms;
        poll(&polled, 1, due_ms > now_ms ? (int)(due_ms - now_ms) : 0);
    }
    return report;
}

static xy_launch_report expect(world *w, xy_event_kind kind)
{
    xy_launch_report report = await_report(w);
    assert_int_equal(report.kind, kind);
    return report;
}

static void expect_ended(world *w, enum xylem_cause cause)
{
    xy_launch_report report = expect(w, XY_EVENT_ENDED);
    assert_true(report.begun);
    assert_int_equal(report.cause.kind, cause);
}

static void begin(world *w, uint64_t life)
{
    start(w, life);
    xy_launch_report report = expect(w, XY_EVENT_STARTED);
    assert_int_equal(report.life.number, life);
    assert_int_equal(report.pid, 4711);
}

static void test_end(void **state)
{
    world *w = *state;
    begin(w, 1);
    end(w, 1);
    expect_ended(w, XYLEM_EXITED);
    assert_int_equal(atomic_load(&w->closed), 1);
    assert_int_equal(w->freed, 1);
}

static void test_many(void **state)
{
    world *w = *state;
    for (uint64_t life = 1; life <= MANY; life++)
        begin(w, life);
    for (uint64_t life = 1; life <= MANY; life++)
        end(w, life);
    for (int i = 0; i < MANY; i++)
        expect_ended(w, XYLEM_EXITED);
    assert_int_equal(w->freed, MANY);
}

static void attach_as(world *w, uint64_t life, const char *address, uint64_t link)
{
    xy_action action = {.kind = XY_ACTION_ATTACH, .attach = {.life = {life}}};
    action.attach.to.parent = (xy_peer){XY_PARENT, {link}, 0};
    snprintf(action.attach.to.address, XY_ADDRESS_SIZE, "%s", address);
    take(w, action);
}

static void attach(world *w, uint64_t life, const char *address)
{
    attach_as(w, life, address, 1);
}

/* Those are ended, too, whose parent hangs, or is over and has not rung them. */
static void test_end_below(void **state)
{
    world *w = *state;
    atomic_store(&w->hangs, true);
    begin(w, 1);
    await_number(&w->inside, 1);
    atomic_store(&w->hangs, false);
    for (uint64_t life = 2; life <= 4; life++) {
        begin(w, life);
        attach(w, life, life == 2 ? "1" : life == 3 ? "2" : "3");
    }
    for (uint64_t life = 1; life <= 4; life++)
        end(w, life);
    for (uint64_t life = 2; life <= 4; life++)
        assert_int_not_equal(expect(w, XY_EVENT_ENDED).life.number, 1);
    atomic_store(&w->may_leave, true);
    expect_ended(w, XYLEM_EXITED);
}

static void test_refused(void **state)
{
    world *w = *state;
    w->refusal = "no room";
    start(w, 1);
    xy_launch_report report = expect(w, XY_EVENT_ENDED);
    assert_false(report.begun);
    assert_string_equal(report.error.text, "no room");
    assert_int_equal(report.life.number, 1);
}

static void test_failed(void **state)
{
    world *w = *state;
    w->failure = "no service";
    start(w, 1);
    xy_launch_report report = expect(w, XY_EVENT_ENDED);
    assert_false(report.begun);
    assert_string_equal(report.error.text, "no service");
}

static void test_kill(void **state)
{
    world *w = *state;
    begin(w, 1);
    kill_life(w, 1);
    expect_ended(w, XYLEM_SIGNALLED);
}

/* The fault is reported before the end. */
static void test_kill_by_fault(void **state)
{
    world *w = *state;
    begin(w, 1);
    inject(w, 1, XY_FAULT_KILL, 70);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 70);
    expect_ended(w, XYLEM_SIGNALLED);
}

/* What is paused is not ended by an order, and is by a kill. */
static void test_pause(void **state)
{
    world *w = *state;
    xy_launcher *launcher = xy_thread_launcher_of(w->launcher);
    xy_launch_report report;
    begin(w, 1);
    inject(w, 1, XY_FAULT_PAUSE, 71);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 71);
    end(w, 1);
    assert_false(launcher->ops->next(launcher, &report));
    inject(w, 1, XY_FAULT_RESUME, 72);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 72);
    expect_ended(w, XYLEM_EXITED);
    begin(w, 2);
    inject(w, 2, XY_FAULT_PAUSE, 73);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 73);
    kill_life(w, 2);
    expect_ended(w, XYLEM_SIGNALLED);
}

/* What it is told while it is paused comes in its order, and all of it. */
static void test_orders_while_paused(void **state)
{
    world *w = *state;
    begin(w, 1);
    inject(w, 1, XY_FAULT_PAUSE, 78);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 78);
    take(w, (xy_action){.kind = XY_ACTION_ATTACH, .attach = {.life = {1}}});
    end(w, 1);
    inject(w, 1, XY_FAULT_RESUME, 79);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 79);
    expect_ended(w, XYLEM_EXITED);
    assert_int_equal(w->attached, 1);
}

/* A node may be moved at any time. Of what it is told before it looks, the latest counts. */
static void test_attached_again(void **state)
{
    world *w = *state;
    begin(w, 1);
    attach_as(w, 1, "2", 20);
    inject(w, 1, XY_FAULT_PAUSE, 80);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 80);
    attach_as(w, 1, "3", 30);
    attach_as(w, 1, "4", 40);
    inject(w, 1, XY_FAULT_RESUME, 81);
    assert_int_equal(expect(w, XY_EVENT_SIGNALLED).command, 81);
    end(w, 1);
    expect_ended(w, XYLEM_EXITED);
    assert_int_equal(w->link, 40);
}

/* A fault of a life that is over is done. */
static void test_unknown(void **state)
{
    world *w = *state;
    inject(w, 9, XY_FAULT_KILL, 74);
    xy_launch_report report = expect(w, XY_EVENT_SIGNALLED);
    assert_int_equal(report.command, 74);
    assert_int_equal(report.error.code, XYLEM_OK);
    end(w, 9);
    kill_life(w, 9);
}

/* It does not wait for one that is in its service. */
static void test_pause_in_service(void **state)
{
    world *w = *state;
    atomic_store(&w->hangs, true);
    begin(w, 1);
    await_number(&w->inside, 1);
    inject(w, 1, XY_FAULT_PAUSE, 75);
    xy_launcher *launcher = xy_thread_launcher_of(w->launcher);
    xy_launch_report report;
    assert_true(launcher->ops->next(launcher, &report));
    assert_int_equal(report.command, 75);
    inject(w, 1, XY_FAULT_RESUME, 76);
    expect(w, XY_EVENT_SIGNALLED);
    atomic_store(&w->may_leave, true);
    end(w, 1);
    expect_ended(w, XYLEM_EXITED);
}

/* The end of those that do not return from their service is reported all the same, and their
 * threads end when they return. */
static void test_abandon(void **state)
{
    world *w = *state;
    atomic_store(&w->hangs, true);
    for (uint64_t life = 1; life <= 3; life++)
        begin(w, life);
    await_number(&w->inside, 3);
    for (uint64_t life = 1; life <= 3; life++)
        kill_life(w, life);
    for (int i = 0; i < 3; i++)
        expect_ended(w, XYLEM_SIGNALLED);
    assert_int_equal(w->freed, 3);
    assert_int_equal(atomic_load(&w->closed), 0);
    assert_int_equal(atomic_load(&w->inside), 3);
}

/* Closing ends those that live, that are paused, that hang, and with them their threads. */
static void test_close(void **state)
{
    world *w = *state;
    begin(w, 1);
    begin(w, 2);
    inject(w, 2, XY_FAULT_PAUSE, 77);
    expect(w, XY_EVENT_SIGNALLED);
    atomic_store(&w->hangs, true);
    begin(w, 3);
    await_number(&w->inside, 1);
}

/* What lives say. */

static void say_expected(xy_thread *parent, uint64_t life, uint64_t link)
{
    const xy_action action = {.kind = XY_ACTION_EXPECTED, .expected = {{life}, {link}, link + 1}};
    xy_thread_report(parent, &action);
}

static void say_attached(xy_thread *self, uint64_t life, uint64_t link, const char *address)
{
    xy_action action = {.kind = XY_ACTION_ATTACHED, .attached = {{life}, {link}, ""}};
    snprintf(action.attached.address, XY_ADDRESS_SIZE, "%s", address);
    xy_thread_report(self, &action);
}

static void expect_link(world *w, xy_event_kind kind, uint64_t life, uint64_t link)
{
    xy_launch_report report = expect(w, kind);
    assert_int_equal(report.life.number, life);
    assert_int_equal(report.link.number, link);
    if (kind == XY_EVENT_ATTACHED)
        assert_string_equal(report.address, link == 5 ? "there" : "here");
    else
        assert_int_equal(report.tag, link + 1);
}

static void expect_no_report(world *w)
{
    xy_launch_report report;
    xy_launcher *launcher = xy_thread_launcher_of(w->launcher);
    assert_false(launcher->ops->next(launcher, &report));
}

static void test_reports(void **state)
{
    world *w = *state;
    begin(w, 1);
    begin(w, 2);
    say_expected(w->threads[1], 2, 5);
    expect_link(w, XY_EVENT_EXPECTED, 2, 5);
    say_attached(w->threads[2], 7, 5, "there"); /* whatever it says it is */
    expect_link(w, XY_EVENT_ATTACHED, 2, 5);
    say_expected(w->threads[1], 3, 6); /* there is none */
    say_expected(w->threads[1], 2, 4); /* it was expected on a later link */
    expect_no_report(w);
}

/* Of what is said before it is heard the latest counts. */
static void test_reports_before_they_are_heard(void **state)
{
    world *w = *state;
    begin(w, 1);
    begin(w, 2);
    say_expected(w->threads[1], 2, 7);
    say_expected(w->threads[1], 2, 9);
    say_expected(w->threads[1], 2, 8);
    say_attached(w->threads[2], 2, 5, "there");
    say_attached(w->threads[2], 2, 7, "here");
    end(w, 2);
    expect_link(w, XY_EVENT_EXPECTED, 2, 9);
    expect_link(w, XY_EVENT_ATTACHED, 2, 7);
    expect_ended(w, XYLEM_EXITED);
    expect_no_report(w);
}

/* What its parent to be says of a thread is heard whatever there is to hear besides. */
static void test_expected_beside_other_news(void **state)
{
    world *w = *state;
    begin(w, 1);
    begin(w, 2);
    say_attached(w->threads[2], 2, 5, "there");
    say_expected(w->threads[1], 2, 9);
    expect_link(w, XY_EVENT_EXPECTED, 2, 9);
    expect_link(w, XY_EVENT_ATTACHED, 2, 5);
    expect_no_report(w);
}

static bool has_news(world *w, const xy_thread *thread)
{
    pthread_mutex_lock(&w->launcher->mutex);
    bool has = thread ? thread->news != 0 : w->launcher->news != NULL;
    pthread_mutex_unlock(&w->launcher->mutex);
    return has;
}

/* The launcher has heard of its end, and waits for the thread. */
static void be_expected_last(void *argument)
{
    xy_thread *self = argument;
    world *w = self->launcher->world;
    while (has_news(w, self))
        sched_yield();
    say_expected(w->threads[1], self->life.number, 9);
    assert_true(has_news(w, self));
}

/* News of a life that is over goes with it. */
static void test_expected_while_it_ends(void **state)
{
    world *w = *state;
    pthread_key_create(&w->last, be_expected_last);
    begin(w, 1);
    w->reports_last = true;
    begin(w, 2);
    end(w, 2);
    expect_ended(w, XYLEM_EXITED);
    assert_false(has_news(w, NULL));
    expect_no_report(w);
    pthread_key_delete(w->last);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_end),
        TEST(test_many),
        TEST(test_end_below),
        TEST(test_refused),
        TEST(test_failed),
        TEST(test_kill),
        TEST(test_kill_by_fault),
        TEST(test_pause),
        TEST(test_orders_while_paused),
        TEST(test_attached_again),
        TEST(test_unknown),
        TEST(test_pause_in_service),
        TEST(test_abandon),
        TEST(test_reports),
        TEST(test_reports_before_they_are_heard),
        TEST(test_expected_beside_other_news),
        TEST(test_expected_while_it_ends),
        TEST(test_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
