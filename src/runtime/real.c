#include "runtime/real.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "runtime/clock.h"

static bool watch(const xy_real *real, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return fd < 0 || epoll_ctl(real->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_descriptors(xy_real *real)
{
    real->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    real->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    real->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return real->poll_fd >= 0 && real->timer_fd >= 0 && real->wake_fd >= 0 &&
           watch(real, real->timer_fd) && watch(real, real->wake_fd);
}

bool xy_real_open(xy_real *real, const xy_world_options *options, xy_link *link,
                  xy_nursery *nursery, char reason[XYLEM_REASON_SIZE])
{
    int fds[XY_LINK_FDS];
    xy_link_fds(link, fds);
    if (!open_descriptors(real) || !watch(real, nursery->fd) || !watch(real, fds[0]) ||
        !watch(real, fds[1])) {
        snprintf(reason, XYLEM_REASON_SIZE, "no descriptor to be had: %s", strerror(errno));
        xy_real_close(real);
        return false;
    }
    real->host = (xy_host){.machine = options->controller,
                           .link = link,
                           .nursery = nursery,
                           .log = {options->log_level, XY_NO_ID},
                           .deliver = options->deliver,
                           .owner = options->owner,
                           .wake_fd = real->wake_fd};
    real->armed_ms = XY_NEVER;
    return true;
}

void xy_real_close(xy_real *real)
{
    const int fds[] = {real->poll_fd, real->timer_fd, real->wake_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    xy_host_close(&real->host);
}

int64_t xy_real_now(const xy_world *world)
{
    (void)world;
    return xy_clock_now_ms();
}

static xy_real *real_of(xy_world *world)
{
    return (xy_real *)world;
}

void xy_real_perform(xy_world *world)
{
    xy_host_perform(&real_of(world)->host);
}

/* Reads away what made a descriptor readable. */
static void quieten(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) == sizeof count)
        ;
}

bool xy_real_work(xy_world *world)
{
    if (atomic_exchange(&real_of(world)->woken, false))
        quieten(real_of(world)->wake_fd);
    return xy_host_work(&real_of(world)->host);
}

void xy_real_wait(xy_world *world, int64_t until_ms)
{
    xy_host_wait(&real_of(world)->host, until_ms);
}

void xy_real_wake(xy_world *world)
{
    int saved = errno; /* may run in a signal handler */
    uint64_t one = 1;
    if (write(real_of(world)->wake_fd, &one, sizeof one) < 0)
        errno = saved;                          /* it is readable already */
    atomic_store(&real_of(world)->woken, true); /* only now: what is read away was written before */
    errno = saved;
}

int xy_real_fd(const xy_world *world)
{
    return ((const xy_real *)world)->poll_fd;
}

void xy_real_arm(xy_world *world, int64_t due_ms)
{
    xy_real *real = real_of(world);
    struct itimerspec when = {.it_value = {0}};
    if (!xy_link_idle(real->host.link))
        due_ms = 0;
    if (due_ms == real->armed_ms)
        return;
    real->armed_ms = due_ms;
    if (due_ms != XY_NEVER) /* all zero would disarm it */
        when.it_value = (struct timespec){due_ms / 1000, due_ms % 1000 * 1000000 + 1};
    timerfd_settime(real->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

bool xy_real_stopped(const xy_world *world)
{
    return ((const xy_real *)world)->host.stopped;
}
