#include "world/zmq_world.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "driver/clock.h"
#include "driver/limits.h"

static bool watch(const xy_zmq_world *real, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return fd < 0 || epoll_ctl(real->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_descriptors(xy_zmq_world *real)
{
    real->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    real->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    real->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return real->poll_fd >= 0 && real->timer_fd >= 0 && real->wake_fd >= 0 &&
           watch(real, real->timer_fd) && watch(real, real->wake_fd);
}

static void close_descriptors(const xy_zmq_world *real)
{
    const int fds[] = {real->poll_fd, real->timer_fd, real->wake_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool watch_all(const xy_zmq_world *real, const xy_zmq_world_parts *parts)
{
    int fds[XY_LINK_FDS];
    xy_link_fds(parts->link, fds);
    return watch(real, parts->launcher->fd) && watch(real, fds[0]) && watch(real, fds[1]);
}

static bool draw_seed(uint64_t seed[2], xy_error *error)
{
    size_t size = 2 * sizeof *seed;
    if (getrandom(seed, size, 0) == (ssize_t)size)
        return true;
    return xy_error_set(error, XYLEM_CANNOT_START, "cannot get random numbers: %s",
                        strerror(errno));
}

static void begin(xy_zmq_world *real, const xy_world_options *options,
                  const xy_zmq_world_parts *parts, const xy_controller_options *begin)
{
    real->controller = options->controller;
    xy_controller_init(real->controller, begin);
    const xy_machine machine = xy_controller_machine(real->controller);
    real->loop = (xy_loop){.link = parts->link,
                           .log = {options->log_level, XY_NO_ID, options->log},
                           .wake_fd = real->wake_fd,
                           .launcher = parts->launcher,
                           .deliver = options->deliver,
                           .owner = options->owner};
    real->armed_ms = XY_NEVER;
    xy_loop_open(&real->loop, &machine, &real->queue);
}

bool xy_zmq_world_open(xy_zmq_world *real, const xy_world_options *options,
                       const xy_zmq_world_parts *parts, xy_error *error)
{
    xy_controller_options node = options->begin;
    assert(parts->link && parts->launcher);
    if (!draw_seed(node.seed, error))
        return false;
    if (!open_descriptors(real) || !watch_all(real, parts)) {
        xy_limits_explain("open a descriptor", errno, error);
        close_descriptors(real);
        return false;
    }
    node.address = xy_link_address(parts->link);
    node.keyed = parts->keyed;
    node.past_tree = parts->past_tree;
    begin(real, options, parts, &node);
    return true;
}

void xy_zmq_world_close(xy_zmq_world *real)
{
    close_descriptors(real);
    xy_zmq_world_discard(real);
}

void xy_zmq_world_discard(xy_zmq_world *real)
{
    xy_controller_clear(real->controller, &real->queue);
    xy_queue_clear(&real->queue);
}

int64_t xy_zmq_world_now(const xy_world *world)
{
    (void)world;
    return xy_clock_now_ms();
}

static xy_zmq_world *real_of(xy_world *world)
{
    return (xy_zmq_world *)world;
}

uint64_t xy_zmq_world_command(xy_world *world, const xy_command *command)
{
    xy_zmq_world *real = real_of(world);
    int64_t now_ms = xy_loop_now(&real->loop);
    uint64_t number = xy_controller_command(real->controller, command, now_ms, &real->queue);
    xy_loop_perform(&real->loop);
    return number;
}

/* Reads away what made a descriptor readable. */
static void quieten(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) == sizeof count)
        ;
}

bool xy_zmq_world_work(xy_world *world)
{
    if (atomic_exchange(&real_of(world)->woken, false))
        quieten(real_of(world)->wake_fd);
    return xy_loop_work(&real_of(world)->loop);
}

void xy_zmq_world_wait(xy_world *world, int64_t until_ms)
{
    xy_loop_wait(&real_of(world)->loop, until_ms);
}

void xy_zmq_world_listen(xy_world *world, int64_t until_ms)
{
    xy_loop_listen(&real_of(world)->loop, until_ms);
}

void xy_zmq_world_wake(xy_world *world)
{
    int saved = errno; /* may run in a signal handler */
    uint64_t one = 1;
    if (write(real_of(world)->wake_fd, &one, sizeof one) < 0)
        errno = saved;                          /* it is readable already */
    atomic_store(&real_of(world)->woken, true); /* only now: what is read away was written before */
    errno = saved;
}

int xy_zmq_world_fd(const xy_world *world)
{
    return ((const xy_zmq_world *)world)->poll_fd;
}

void xy_zmq_world_arm(xy_world *world, int64_t due_ms)
{
    xy_zmq_world *real = real_of(world);
    struct itimerspec when = {.it_value = {0}};
    due_ms = xy_loop_due(&real->loop, due_ms);
    if (due_ms == real->armed_ms)
        return;
    assert(due_ms >= 0);
    real->armed_ms = due_ms;
    if (due_ms != XY_NEVER) /* all zero would disarm it */
        when.it_value = (struct timespec){due_ms / 1000, due_ms % 1000 * 1000000 + 1};
    timerfd_settime(real->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

bool xy_zmq_world_stopped(const xy_world *world)
{
    return ((const xy_zmq_world *)world)->loop.driver.stopped;
}
