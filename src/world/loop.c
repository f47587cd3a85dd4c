#include "world/loop.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "driver/clock.h"

/* How much is taken before the clock is looked at again. */
enum { BATCH = 256, BATCH_BYTES = 1024 * 1024 };

static xy_loop *loop_of(xy_driver *driver)
{
    return driver->world;
}

int64_t xy_loop_now(xy_loop *loop)
{
    int64_t now_ms = xy_clock_now_ms();
    assert(now_ms >= loop->driver.now_ms);
    loop->driver.now_ms = now_ms;
    return now_ms;
}

static void step(xy_loop *loop, const xy_event *event)
{
    xy_driver_step(&loop->driver, event, loop->driver.now_ms);
}

/* Holds the loop up while the node is paused; false when it is to die. The clock is looked at when
 * it was held up: each time would be 7 % of a pipeline. */
static bool hold_up(xy_loop *loop)
{
    bool held = false;
    if (loop->attend && !loop->attend(loop->attendant, &held))
        loop->driver.stopped = true;
    if (held)
        xy_loop_now(loop);
    return !loop->driver.stopped;
}

/* The same, and looks at the clock. */
static bool attend(xy_loop *loop)
{
    hold_up(loop);
    xy_loop_now(loop);
    return !loop->driver.stopped;
}

/* Sending. */

/* What is lost is not asked for again, and so it is worth a warning. */
static void explain_send(const xy_loop *loop, const xy_message *message, const xy_peer *to,
                         int status)
{
    bool asked = message->kind == XY_REQUEST || message->kind == XY_CAST;
    bool lost = status != XYLEM_UNAVAILABLE && !asked;
    xy_log_line(&loop->log, lost ? XYLEM_LOG_WARNING : XYLEM_LOG_INFO,
                "cannot send a message to %s: %s", to->role == XY_PARENT ? "the parent" : "a child",
                xylem_strerror(status));
}

static int send_message(xy_loop *loop, xy_action *action)
{
    const xy_message *message = &action->send.message;
    xy_urgency urgency = action->send.lossy ? XY_LOSSY : xy_message_urgency(message);
    int status =
        xy_link_send_own(loop->link, &action->send.to, message, &action->send.frame, urgency);
    if (!action->send.frame)
        action->send.message.body = NULL;
    if (status)
        explain_send(loop, message, &action->send.to, status);
    return status;
}

static int forward(xy_loop *loop, const xy_action *action)
{
    xy_message message;
    const xy_event *event = loop->driver.event;
    int status = xy_link_forward(loop->link, &action->forward.to, action->forward.urgency);
    if (status && xy_message_decode(&message, event->message.frame, event->message.size))
        explain_send(loop, &message, &action->forward.to, status);
    return status;
}

static int expect(xy_loop *loop, const xy_action *action)
{
    int status = xy_link_expect(loop->link, &action->expect.child, action->expect.key);
    if (status)
        xy_log_line(&loop->log, XYLEM_LOG_WARNING,
                    "cannot let a child attach (life %" PRIu64 "): %s", action->expect.life.number,
                    xylem_strerror(status));
    return status;
}

static int connect_to_parent(xy_loop *loop, const xy_action *action)
{
    xy_error error;
    bool connected = loop->connect ? loop->connect(loop->attendant, &action->connect, &error)
                                   : xy_link_connect(loop->link, &action->connect, &error);
    if (connected)
        return XYLEM_OK;
    /* that a parent ends meanwhile is ordinary: the controlling node finds another one */
    xy_log_line(&loop->log, error.code == XYLEM_UNAVAILABLE ? XYLEM_LOG_INFO : XYLEM_LOG_WARNING,
                "cannot attach to the parent: %s", error.text);
    return error.code;
}

static int send_action(xy_driver *driver, xy_action *action)
{
    xy_loop *loop = loop_of(driver);
    switch (action->kind) {
    case XY_ACTION_SEND:
        return send_message(loop, action);
    case XY_ACTION_FORWARD:
        return forward(loop, action);
    case XY_ACTION_EXPECT:
        return expect(loop, action);
    case XY_ACTION_LET_GO:
        xy_link_let_go(loop->link, &action->let_go.child);
        return XYLEM_OK;
    case XY_ACTION_DISCONNECT:
        xy_link_disconnect(loop->link, &action->disconnect.parent);
        return XYLEM_OK;
    default:
        assert(action->kind == XY_ACTION_CONNECT);
        return connect_to_parent(loop, action);
    }
}

/* The other operations. */

/* Of how many that are late at the same time each is named. */
enum { LATE_NAMED = 8 };

static void warn_of_late(xy_loop *loop, int64_t id)
{
    if (++loop->late <= LATE_NAMED)
        xy_log_line(&loop->log, XYLEM_LOG_WARNING,
                    "node %" PRId64
                    " did not end in time and is killed: the close function of its service may "
                    "not have run",
                    id);
}

static void sum_up_late(xy_loop *loop)
{
    if (loop->late > LATE_NAMED)
        xy_log_line(&loop->log, XYLEM_LOG_WARNING,
                    "%zu more nodes did not end in time and are killed", loop->late - LATE_NAMED);
    loop->late = 0;
}

static void launch(xy_driver *driver, const xy_action *action)
{
    xy_loop *loop = loop_of(driver);
    if (action->kind == XY_ACTION_KILL && action->kill.late)
        warn_of_late(loop, action->kill.id);
    loop->launcher->ops->take(loop->launcher, action);
}

static xy_event worked(const xy_done *done)
{
    xy_event event;
    if (done->deferred) {
        event.kind = XY_EVENT_DEFERRED;
        event.deferred.request = done->request;
        return event;
    }
    event.kind = XY_EVENT_WORKED;
    event.worked.request = done->request;
    event.worked.status = done->status;
    event.worked.text = done->text;
    event.worked.size = done->size;
    event.worked.saves = done->saves;
    event.worked.saved = done->saved;
    event.worked.saved_size = done->saved_size;
    return event;
}

static void step_maybe_within(xy_loop *loop, const xy_event *event, bool within)
{
    if (within)
        xy_driver_step_within(&loop->driver, event);
    else
        step(loop, event);
}

/* The state before the word that the work is answered later. */
static void pass_done(xy_loop *loop, const xy_done *done, bool within)
{
    xy_event saved = {.kind = XY_EVENT_SAVED}, event = worked(done);
    saved.saved.bytes = done->saved;
    saved.saved.size = done->saved_size;
    if (done->saves && done->deferred)
        step_maybe_within(loop, &saved, within);
    step_maybe_within(loop, &event, within);
}

/* What the service asks other nodes. */
static bool pass_questions(xy_loop *loop, bool within)
{
    bool any = false;
    for (xy_question *question; (question = xy_executor_take_question(loop->executor));) {
        xy_event event = {.kind = XY_EVENT_ASKED};
        event.asked.request = question->request;
        event.asked.ask = question->ask;
        event.asked.budget_ms = question->budget_ms;
        event.asked.payload = question->payload;
        event.asked.size = question->size;
        step_maybe_within(loop, &event, within);
        xy_release(question);
        any = true;
    }
    return any;
}

/* What the service sends before its answer. */
static bool pass_chunks(xy_loop *loop, bool within)
{
    bool any = false;
    for (xy_chunk *chunk; (chunk = xy_executor_take_chunk(loop->executor)); any = true) {
        xy_event event = {.kind = XY_EVENT_SENT};
        event.sent.chunk = chunk;
        step_maybe_within(loop, &event, within);
    }
    return any;
}

/* A node that was killed or paused meanwhile does not answer, as a process would not. */
static void work(xy_loop *loop, xy_action *action)
{
    xy_done done;
    bool over = xy_executor_do(loop->executor, action, loop->driver.now_ms, &done);
    bool lives = attend(loop);
    if (!over)
        return;
    if (lives)
        pass_chunks(loop, true);
    if (lives)
        pass_done(loop, &done, true);
    free(done.text);
    if (lives)
        pass_questions(loop, true);
}

/* The controlling node has no service of its own. */
static bool combine_here(const xy_action *action, xy_done *done)
{
    xylem_work work = {.text = ""};
    int status = xy_service_combine(action->combine.service, action->combine.texts,
                                    action->combine.a_size, action->combine.b_size, &work);
    *done = (xy_done){.request = action->combine.cast,
                      .status = status,
                      .text = work.reply,
                      .size = work.reply_size};
    return true;
}

static void combine(xy_loop *loop, const xy_action *action)
{
    xy_done done;
    bool over = loop->executor ? xy_executor_combine(loop->executor, action, &done)
                               : combine_here(action, &done);
    bool lives = attend(loop);
    xy_event event = {.kind = XY_EVENT_COMBINED};
    event.combined.cast = done.request;
    event.combined.status = done.status;
    event.combined.text = done.text;
    event.combined.size = done.size;
    if (over && lives)
        xy_driver_step_within(&loop->driver, &event);
    free(done.text);
}

static void execute(xy_driver *driver, xy_action *action)
{
    xy_loop *loop = loop_of(driver);
    assert(loop->executor || action->kind == XY_ACTION_COMBINE);
    if (action->kind == XY_ACTION_WORK)
        work(loop, action);
    else if (action->kind == XY_ACTION_COMBINE)
        combine(loop, action);
    else if (action->kind == XY_ACTION_ANSWERED)
        xy_executor_answered(loop->executor, action);
    else if (action->kind == XY_ACTION_NEIGHBOURS)
        xy_executor_neighbours(loop->executor, action);
    else if (action->kind == XY_ACTION_TAKEN)
        xy_executor_taken(loop->executor, action);
    else
        xy_executor_cancel(loop->executor, action->cancel.request);
}

static void deliver(xy_driver *driver, xy_action *action)
{
    xy_loop *loop = loop_of(driver);
    loop->replied = loop->replied || action->kind == XY_ACTION_REPLY;
    loop->deliver(loop->owner, action);
}

static void report(xy_driver *driver, const xy_action *action)
{
    xy_loop *loop = loop_of(driver);
    loop->report(loop->attendant, action);
}

void xy_loop_perform(xy_loop *loop)
{
    xy_driver_perform(&loop->driver);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t launcher_deadline(const xy_loop *loop)
{
    const xy_launcher *launcher = loop->launcher;
    return launcher && launcher->ops->deadline ? launcher->ops->deadline(launcher) : XY_NEVER;
}

/* What comes in. */

/* Before the link is drained: what has ended is known before anything is said to it. After a reply
 * it rests: that of a kill comes before what is said of the death. */
static bool take_reports(xy_loop *loop)
{
    xy_launch_report report;
    bool any = false;
    while (loop->launcher && !loop->replied && loop->launcher->ops->next(loop->launcher, &report)) {
        xy_event event = xy_launch_event(&report);
        xy_loop_now(loop); /* the launcher may take its time with each, and thousands may come */
        if (report.kind == XY_EVENT_ENDED)
            xy_log_line(&loop->log, XYLEM_LOG_INFO, "life %" PRIu64 ": %s", report.life.number,
                        report.error.text);
        step(loop, &event);
        any = true;
    }
    return any;
}

static bool take_orders(xy_loop *loop)
{
    xy_event order;
    while (!loop->driver.stopped && loop->order && loop->order(loop->attendant, &order))
        step(loop, &order);
    return !loop->driver.stopped;
}

/* Work that took long and is done, or an answer that was deferred; and what the service asks. */
static bool take_work(xy_loop *loop)
{
    xy_done done;
    if (!loop->executor)
        return false;
    bool taken = xy_executor_take(loop->executor, &done);
    bool sent = pass_chunks(loop, false);
    if (taken)
        pass_done(loop, &done, false);
    if (taken)
        free(done.text);
    return pass_questions(loop, false) || taken || sent;
}

/* True when it was a ring: then there is more to look at than the link. */
static bool hear(xy_loop *loop, const xy_received *received)
{
    xy_event event; /* to clear all of it takes longer than to fill in what is read */
    event.kind = XY_EVENT_MESSAGE;
    event.message.from = received->from;
    event.message.frame = received->frame;
    event.message.size = received->size;
    if (received->size > 0 && received->from.role == XY_STRANGER)
        xy_log_line(&loop->log, XYLEM_LOG_DEBUG, "dropped a message from an unknown peer");
    else if (received->size > 0)
        step(loop, &event);
    return received->size == 0;
}

/* True when the link may hold more, or when it was rung. After a reply it rests: the program waits
 * for that, and to see the link empty takes a system call. */
static bool drain(xy_loop *loop, int *taken)
{
    xy_received received;
    bool rung = false;
    size_t bytes = 0;
    for (*taken = 0; *taken < BATCH && bytes < BATCH_BYTES && !loop->replied; ++*taken) {
        if (!xy_link_receive(loop->link, &received))
            return rung;
        if (!hold_up(loop)) /* what comes after a kill is not heard any more */
            return false;
        bytes += received.size;
        rung = hear(loop, &received) || rung;
        if (!take_orders(loop))
            return false;
    }
    return true;
}

static void look_at_deadline(xy_loop *loop)
{
    loop->deadline_ms = loop->driver.machine.deadline(loop->driver.machine.self);
}

static void tick(xy_loop *loop)
{
    look_at_deadline(loop);
    if (loop->driver.now_ms < loop->deadline_ms)
        return;
    step(loop, &(xy_event){.kind = XY_EVENT_TICK});
    look_at_deadline(loop);
}

/* A callback may take its time, as work may. */
static void call_back(xy_loop *loop)
{
    xy_done done;
    if (!loop->executor || !xy_executor_call_due(loop->executor, loop->driver.now_ms) ||
        !attend(loop))
        return;
    if (xy_executor_take_saved(loop->executor, &done)) {
        xy_event saved = {.kind = XY_EVENT_SAVED};
        saved.saved.bytes = done.saved;
        saved.saved.size = done.saved_size;
        step(loop, &saved);
    }
    pass_chunks(loop, false);
    pass_questions(loop, false);
}

static void end_turn(xy_loop *loop)
{
    if (!loop->driver.stopped)
        call_back(loop);
    if (!loop->driver.stopped)
        tick(loop);
    sum_up_late(loop);
    xy_link_flush(loop->link);
}

bool xy_loop_work(xy_loop *loop)
{
    if (!attend(loop) || !take_orders(loop))
        return false;
    loop->replied = false;
    loop->worked_ms = loop->driver.now_ms;
    bool reports_due = !loop->no_reports || launcher_deadline(loop) <= loop->driver.now_ms;
    loop->no_reports = false;
    int taken;
    bool busy = reports_due && take_reports(loop);
    busy = take_work(loop) || busy;
    busy = (!loop->driver.stopped && drain(loop, &taken)) || busy;
    end_turn(loop);
    return busy && !loop->driver.stopped;
}

/* Waiting. */

int64_t xy_loop_due(const xy_loop *loop, int64_t due_ms)
{
    return xy_link_idle(loop->link) ? earlier(due_ms, launcher_deadline(loop)) : 0;
}

/* How long it may sleep. */
static int64_t left_ms(const xy_loop *loop, int64_t until_ms)
{
    int64_t due_ms = earlier(earlier(until_ms, loop->deadline_ms), launcher_deadline(loop));
    if (loop->executor)
        due_ms = earlier(due_ms, xy_executor_deadline(loop->executor));
    if (due_ms == XY_NEVER)
        return XY_NEVER;
    return due_ms > loop->driver.now_ms ? due_ms - loop->driver.now_ms : 0;
}

/* Of the third descriptor. */
enum { WORK_BIT = 4 };

void xy_loop_wait(xy_loop *loop, int64_t until_ms)
{
    int launcher_fd = loop->launcher ? loop->launcher->fd : -1;
    int work_fd = loop->executor ? xy_executor_fd(loop->executor) : -1;
    int fds[] = {launcher_fd, loop->wake_fd, work_fd};
    int64_t timeout_ms = left_ms(loop, until_ms);
    assert(timeout_ms >= 0); /* poll would wait for ever */
    unsigned readable = xy_link_wait(loop->link, fds, 3, timeout_ms);
    loop->no_reports = launcher_fd >= 0 && (readable & 1) == 0;
    if (work_fd >= 0 && (readable & WORK_BIT))
        xy_executor_heard(loop->executor);
}

/* To see the link empty takes a system call, and to look at the clock for each frame almost as long
 * as to pass one on. So more frames are taken in a turn while several are there at a time; after a
 * look in vain the next one comes that many turns later. */
enum { SEVERAL = 4, TURNS_WITHOUT_LOOK = 256 };

static void look_for_more(xy_loop *loop)
{
    int taken;
    if (loop->turns_without_look > 0)
        loop->turns_without_look--;
    else if (!drain(loop, &taken) && taken < SEVERAL)
        loop->turns_without_look = TURNS_WITHOUT_LOOK;
}

/* Waits for a frame, perhaps looks for more, and works. */
static void await(xy_loop *loop, int64_t timeout_ms, bool looks)
{
    xy_received received;
    bool heard = xy_link_await(loop->link, timeout_ms, &received);
    if (!attend(loop))
        return;
    if (heard)
        hear(loop, &received);
    if (heard && looks && take_orders(loop))
        look_for_more(loop);
    end_turn(loop);
}

void xy_loop_listen(xy_loop *loop, int64_t until_ms)
{
    int64_t now_ms = until_ms == XY_NEVER ? loop->driver.now_ms : xy_loop_now(loop);
    int64_t timeout_ms = left_ms(loop, earlier(until_ms, now_ms + XY_LISTEN_MS));
    if (timeout_ms > 0 && now_ms < loop->worked_ms + XY_LISTEN_MS)
        await(loop, timeout_ms, false);
}

/* Whether nothing but a frame, or a signal, can end its waiting: a link with keys has a zap, too.
 */
static bool waits_for_link(const xy_loop *loop)
{
    int fds[XY_LINK_FDS];
    xy_link_fds(loop->link, fds);
    return !loop->launcher && loop->wake_fd < 0 && fds[1] < 0 &&
           !(loop->executor && xy_executor_may_ring(loop->executor));
}

/* Running. */

void xy_loop_open(xy_loop *loop, const xy_machine *machine, xy_queue *queue)
{
    static const xy_driver_ops ops = {send_action, launch, execute, deliver, report};
    assert(loop->link);
    loop->driver = (xy_driver){.machine = *machine, .queue = queue, .ops = &ops, .world = loop};
    xy_loop_now(loop);
    step(loop, &(xy_event){.kind = XY_EVENT_OPEN});
    look_at_deadline(loop);
}

void xy_loop_run(xy_loop *loop)
{
    while (!loop->driver.stopped)
        if (waits_for_link(loop)) { /* before the deadline is looked at, which a ring tells of */
            if (take_orders(loop))  /* also those that came before the loop was run */
                await(loop, left_ms(loop, XY_NEVER), true);
        } else if (!xy_loop_work(loop) && !loop->driver.stopped)
            xy_loop_wait(loop, XY_NEVER);
}
