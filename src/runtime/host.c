#include "runtime/host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "runtime/clock.h"

/* How much is taken before the clock is looked at again. */
enum { BATCH = 256, BATCH_BYTES = 1024 * 1024 };

static void look_at_clock(xy_host *host)
{
    host->now_ms = xy_clock_now_ms();
}

static void step(xy_host *host, const xy_event *event)
{
    host->machine.step(host->machine.self, event, host->now_ms);
}

/* Actions. */

static bool make_room(xy_host *host, size_t size)
{
    if (size <= host->frame_size)
        return true;
    uint8_t *frame = realloc(host->frame, size);
    if (!frame)
        return false;
    host->frame = frame;
    host->frame_size = size;
    return true;
}

static int send_message(xy_host *host, const xy_action *action)
{
    size_t size = xy_message_size(&action->message);
    if (!make_room(host, size))
        return XYLEM_NO_MEMORY;
    xy_message_encode(&action->message, host->frame);
    return xy_link_send(host->link, action->peer, host->frame, size, xy_action_urgency(action));
}

static void perform_send(xy_host *host, const xy_action *action)
{
    int error = send_message(host, action);
    if (!error)
        return;
    bool lost = error != XYLEM_UNAVAILABLE && action->message.kind != XY_REQUEST;
    xy_log_line(&host->log, lost ? XYLEM_LOG_WARNING : XYLEM_LOG_INFO,
                "a message could not be sent: %s", xylem_strerror(error));
    if (action->message.kind == XY_REQUEST)
        step(host, &(xy_event){.kind = XY_EVENT_UNSENT,
                               .peer = action->peer,
                               .request = action->message.request,
                               .status = error});
}

static void perform_start(xy_host *host, const xy_action *action)
{
    char reason[XYLEM_REASON_SIZE] = "";
    xy_birth birth = {.id = action->message.id, .incarnation = action->peer};
    if (action->message.payload_size > 0) /* which is less than there is room for */
        memcpy(birth.service, action->message.payload, action->message.payload_size);
    bool secret = getrandom(birth.secret, sizeof birth.secret, 0) == sizeof birth.secret;
    if (!secret)
        strncpy(reason, "no random numbers to be had", sizeof reason - 1);
    bool started = secret && host->nursery->ops->start(host->nursery, &birth, reason);
    look_at_clock(host);
    if (started)
        step(host, &(xy_event){.kind = XY_EVENT_BORN,
                               .peer = birth.incarnation,
                               .bytes = birth.secret,
                               .size = sizeof birth.secret});
    else
        step(host, &(xy_event){.kind = XY_EVENT_STILLBORN,
                               .peer = birth.incarnation,
                               .bytes = reason,
                               .size = strlen(reason)});
}

static void worked(xy_host *host, xy_done *done)
{
    step(host, &(xy_event){.kind = XY_EVENT_WORKED,
                           .request = done->request,
                           .status = done->status,
                           .bytes = done->text,
                           .size = done->size});
    free(done->text);
}

static void perform_work(xy_host *host, xy_action *action)
{
    xy_done done;
    bool over = xy_workshop_do(host->workshop, &action->message, host->now_ms, &done);
    look_at_clock(host);
    if (over)
        worked(host, &done);
}

static void perform(xy_host *host, xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        perform_send(host, action);
        break;
    case XY_ACTION_START:
        perform_start(host, action);
        break;
    case XY_ACTION_KILL:
        host->nursery->ops->kill(host->nursery, action->peer);
        break;
    case XY_ACTION_WORK:
        perform_work(host, action);
        break;
    case XY_ACTION_CANCEL:
        xy_workshop_cancel(host->workshop, action->message.request);
        break;
    case XY_ACTION_STOP:
        host->stopped = true;
        break;
    default:
        host->deliver(host->owner, action);
        host->replied = host->replied || action->kind == XY_ACTION_REPLY;
    }
}

static void perform_all(xy_host *host)
{
    xy_action action;
    while (xy_actions_pop(host->machine.actions, &action)) {
        perform(host, &action);
        xy_action_clear(&action);
    }
}

void xy_host_perform(xy_host *host)
{
    look_at_clock(host);
    perform_all(host);
}

/* Events. */

static void take(xy_host *host, const xy_event *event)
{
    step(host, event);
    perform_all(host);
}

/* Before the link is drained: what has ended below is known before anything is said above. */
static bool reap(xy_host *host)
{
    uint64_t incarnation;
    char reason[XYLEM_REASON_SIZE];
    bool any = false;
    while (host->nursery->ops->reap(host->nursery, &incarnation, reason)) {
        xy_log_line(&host->log, XYLEM_LOG_INFO, "child %llu: %s", (unsigned long long)incarnation,
                    reason);
        take(host, &(xy_event){.kind = XY_EVENT_EXITED,
                               .peer = incarnation,
                               .bytes = reason,
                               .size = strlen(reason)});
        any = true;
    }
    return any;
}

/* Work that took long and is done. */
static bool collect(xy_host *host)
{
    xy_done done;
    if (!host->workshop || !xy_workshop_take(host->workshop, &done))
        return false;
    worked(host, &done);
    perform_all(host);
    return true;
}

/* Holds the host up while it is paused, and looks at the clock; false when it is to die. */
static bool attend(xy_host *host)
{
    if (host->attend && !host->attend(host->attendant))
        host->stopped = true;
    look_at_clock(host);
    return !host->stopped;
}

/* True when it was a ring: then there is more to look at than the link. */
static bool hear(xy_host *host, const xy_received *received)
{
    xy_event event = {.kind = XY_EVENT_FRAME,
                      .peer = received->peer,
                      .bytes = received->frame,
                      .size = received->size};
    if (event.size > 0 && event.peer == XY_STRANGER)
        xy_log_line(&host->log, XYLEM_LOG_DEBUG, "dropped a frame of a stranger");
    else if (event.size > 0)
        take(host, &event);
    return event.size == 0;
}

/* True when the link may hold more, or when it was rung. After a reply it rests: somebody waits for
 * that, and to see the link empty takes a system call. */
static bool drain(xy_host *host)
{
    xy_received received;
    bool rung = false;
    size_t bytes = 0;
    for (int taken = 0; taken < BATCH && bytes < BATCH_BYTES && !host->stopped && !host->replied;
         taken++) {
        if (!xy_link_receive(host->link, &received))
            return rung;
        if (host->attend &&
            !attend(host)) /* what is sent after a pause or a kill is not heard any more */
            return false;
        bytes += received.size;
        rung = hear(host, &received) || rung;
    }
    return true;
}

static void look_at_deadline(xy_host *host)
{
    host->deadline_ms = host->machine.deadline(host->machine.self);
}

static void tick(xy_host *host)
{
    look_at_deadline(host);
    if (host->now_ms < host->deadline_ms)
        return;
    take(host, &(xy_event){.kind = XY_EVENT_TICK});
    look_at_deadline(host);
}

bool xy_host_work(xy_host *host)
{
    if (!attend(host))
        return false;
    host->replied = false;
    bool busy = !host->none_ended && reap(host);
    host->none_ended = false;
    busy = collect(host) || busy;
    busy = drain(host) || busy;
    if (host->stopped)
        return false;
    tick(host);
    xy_link_flush(host->link);
    return busy && !host->stopped;
}

/* How long it may sleep. */
static int64_t left_ms(const xy_host *host, int64_t until_ms)
{
    int64_t deadline_ms = until_ms < host->deadline_ms ? until_ms : host->deadline_ms;
    if (deadline_ms == XY_NEVER)
        return XY_NEVER;
    int64_t left = deadline_ms - host->now_ms;
    return left > 0 ? left : 0;
}

void xy_host_wait(xy_host *host, int64_t until_ms)
{
    int work_fd = host->workshop ? xy_workshop_fd(host->workshop) : -1;
    int fds[] = {host->nursery->fd, host->wake_fd, work_fd};
    unsigned readable = xy_link_wait(host->link, fds, 3, left_ms(host, until_ms));
    host->none_ended = fds[0] >= 0 && (readable & 1) == 0;
}

void xy_host_open(xy_host *host)
{
    look_at_clock(host);
    take(host, &(xy_event){.kind = XY_EVENT_OPEN});
    look_at_deadline(host);
}

void xy_host_close(xy_host *host)
{
    free(host->frame);
    host->frame = NULL;
}

/* Waits for a frame, and works. */
static void await(xy_host *host)
{
    xy_received received;
    bool heard = xy_link_await(host->link, left_ms(host, XY_NEVER), &received);
    if (!attend(host))
        return;
    reap(host);
    if (heard && !host->stopped)
        hear(host, &received);
    if (!host->stopped)
        tick(host);
    xy_link_flush(host->link);
}

/* Whether nothing but a frame can end its waiting. */
static bool waits_for_link(const xy_host *host)
{
    return host->nursery->fd < 0 && host->wake_fd < 0 && !xy_workshop_busy(host->workshop);
}

void xy_host_run(xy_host *host)
{
    while (!host->stopped)
        if (waits_for_link(host))
            await(host);
        else if (!xy_host_work(host) && !host->stopped)
            xy_host_wait(host, XY_NEVER);
}
