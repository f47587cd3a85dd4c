#include "launch/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* An order may come just before the worker begins to wait, which it does not notice then. So the
 * handler has the signal raised again after this time, for as long as there is something to read
 * or to write. */
enum { AGAIN_MS = 5 };

static struct {
    int fd;
    pid_t pid;
    timer_t again;
    /* The handler may run in any thread. */
    atomic_bool rung;  /* there may be something to read, or room for what waits */
    atomic_bool waits; /* something is to be written */
} lifeline;

static void kill_all(void)
{
    kill(-lifeline.pid, SIGKILL);
    kill(lifeline.pid, SIGKILL);
}

static void on_signal(int number)
{
    const struct itimerspec soon = {.it_value.tv_nsec = AGAIN_MS * 1000 * 1000};
    struct pollfd polled = {.fd = lifeline.fd, .events = POLLIN | POLLRDHUP};
    int saved = errno;
    (void)number;
    if (lifeline.waits)
        polled.events |= POLLOUT;
    if (getpid() == lifeline.pid && poll(&polled, 1, 0) > 0) {
        if (polled.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL))
            kill_all();
        lifeline.rung = true;
        timer_settime(lifeline.again, 0, &soon, NULL);
    }
    errno = saved;
}

/* The signal goes to the process: the main thread takes it, unless a service has blocked it there
 * and another thread can. */
static bool watch(int fd)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = XY_WORKER_SIGNAL};
    lifeline.fd = fd;
    lifeline.pid = getpid();
    lifeline.rung = true; /* what has come before it is watched is looked for, too */
    sigemptyset(&action.sa_mask);
    return timer_create(CLOCK_MONOTONIC, &event, &lifeline.again) == 0 &&
           sigaction(XY_WORKER_SIGNAL, &action, NULL) == 0 &&
           fcntl(fd, F_SETOWN, lifeline.pid) == 0 &&
           fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC | O_NONBLOCK) == 0 &&
           raise(XY_WORKER_SIGNAL) == 0; /* the agent may have died before */
}

/* Shows in the list of processes, in place of the agent's arguments. */
static void entitle(const xy_worker *worker, const char *title)
{
    memset(worker->title, '\0', worker->title_size);
    snprintf(worker->title, worker->title_size, "%s", title);
}

void xy_worker_open(xy_worker *worker, int fd, char **arguments)
{
    char *room = worker->title = arguments[1];
    worker->title_size = strlen(room) + 1;
    if (arguments[2] && arguments[2] == room + worker->title_size)
        worker->title_size += strlen(arguments[2]) + 1;
    entitle(worker, XY_WORKER_SPARE);
    xy_channel_open(&worker->agent, fd, fd);
}

/* Nothing else can end the waiting: the death of the agent is the end of the channel, too. False:
 * what has come is no START. */
static bool await_start(xy_worker *worker, xy_agent_message *start)
{
    struct pollfd polled = {.fd = worker->agent.in_fd, .events = POLLIN};
    xy_channel_result result;
    while ((result = xy_channel_receive(&worker->agent, start)) == XY_CHANNEL_NONE)
        poll(&polled, 1, -1);
    if (result != XY_CHANNEL_MESSAGE)
        _exit(EXIT_FAILURE); /* at once: the signal that the agent has died comes next, and a search
                                for leaks does not bear it */
    return start->kind == XY_AGENT_START;
}

/* False, and the error, when the worker cannot begin. */
static bool begin(xy_worker *worker, xy_agent_message *start, xy_error *error)
{
    bool copied = xy_birth_copy(&worker->birth, &start->start);
    explicit_bzero(start, sizeof *start);
    if (!copied)
        return xy_error_code(error, XYLEM_NO_MEMORY);
    if (watch(worker->agent.in_fd))
        return true;
    xy_error_set(error, XYLEM_CANNOT_START, "cannot watch the agent of the worker: %s (ulimit -i)",
                 strerror(errno));
    xy_birth_clear(&worker->birth);
    return false;
}

bool xy_worker_born(xy_worker *worker)
{
    xy_agent_message start;
    xy_error error;
    char title[40];
    if (!await_start(worker, &start))
        return false;
    snprintf(title, sizeof title, XY_WORKER_TITLE " %" PRId64, start.start.id);
    entitle(worker, title);
    if (begin(worker, &start, &error))
        return true;
    xy_worker_fail(worker, &error);
    return false;
}

static void flush(xy_worker *worker)
{
    lifeline.waits = true; /* before it is tried: room that comes later rings */
    xy_channel_flush(&worker->agent);
    lifeline.waits = xy_channel_waits(&worker->agent);
}

/* False: it is none. */
static bool read_order(xy_worker *worker, const xy_agent_message *message, xy_event *event)
{
    switch (message->kind) {
    case XY_AGENT_ATTACH:
        *event = (xy_event){.kind = XY_EVENT_ATTACH, .attach = message->attach.to};
        return true;
    case XY_AGENT_TELL:
        memcpy(worker->told, message->tell.frame, message->tell.size);
        *event = (xy_event){.kind = XY_EVENT_TOLD, .told = {worker->told, message->tell.size}};
        return true;
    case XY_AGENT_END:
        *event = (xy_event){.kind = XY_EVENT_END};
        return true;
    default:
        return false;
    }
}

bool xy_worker_order(void *attendant, xy_event *event)
{
    xy_worker *worker = attendant;
    xy_agent_message message;
    while (lifeline.rung) {
        lifeline.rung = false; /* before it is looked: what comes later rings again */
        if (lifeline.waits)
            flush(worker);
        xy_channel_result result = xy_channel_receive(&worker->agent, &message);
        if (result == XY_CHANNEL_MESSAGE)
            lifeline.rung = true; /* there may be another one */
        if (result == XY_CHANNEL_END || result == XY_CHANNEL_MALFORMED)
            kill_all();
        if (result == XY_CHANNEL_MESSAGE && read_order(worker, &message, event))
            return true;
    }
    return false;
}

/* What the agent is slow to read waits, and goes out as soon as there is room. */
static void say(xy_worker *worker, const xy_agent_message *message)
{
    xy_channel_send(&worker->agent, message);
    if (xy_channel_waits(&worker->agent))
        flush(worker);
}

void xy_worker_key(xy_worker *worker, const char key[XY_KEY_SIZE])
{
    xy_agent_message message = {.kind = XY_AGENT_KEY};
    snprintf(message.key, sizeof message.key, "%s", key);
    say(worker, &message);
}

void xy_worker_report(void *attendant, const xy_action *action)
{
    xy_agent_message message = {.report = xy_launch_report_of(action)};
    message.kind = action->kind == XY_ACTION_EXPECTED ? XY_AGENT_EXPECTED : XY_AGENT_ATTACHED;
    say(attendant, &message);
}

void xy_worker_fail(xy_worker *worker, const xy_error *error)
{
    xy_agent_message message = {.kind = XY_AGENT_FAILED, .failed = *error};
    say(worker, &message);
}

/* What the agent is told when abort is called: a frame, because little else is safe then. */
static struct {
    int fd;
    size_t size;
    uint8_t frame[XY_AGENT_FRAME_MAX];
    struct sigaction before;
} last_words;

static void on_abort(int number)
{
    (void)number;
    if (send(last_words.fd, last_words.frame, last_words.size, MSG_NOSIGNAL) < 0)
        _exit(EXIT_FAILURE); /* the agent is gone */
    _exit(EXIT_FAILURE);
}

void xy_worker_explain_abort(const xy_worker *worker, const xy_error *error)
{
    const struct sigaction action = {.sa_handler = on_abort};
    if (!error) {
        sigaction(SIGABRT, &last_words.before, NULL);
        return;
    }
    const xy_agent_message message = {.kind = XY_AGENT_FAILED, .failed = *error};
    last_words.fd = worker->agent.out_fd;
    last_words.size = xy_agent_encode(&message, last_words.frame);
    sigaction(SIGABRT, &action, &last_words.before);
}
