/* A network in a loop around poll, beside a timer of the loop's own.
 *
 *     loop_poll thread|ipc|tcp
 *
 * When xylem_fd is readable the network has something to do: xylem_run (network, 0) does it, calls
 * back, and returns without waiting; then the events are taken, all of them. Nothing is asked again
 * and again, and nothing sleeps. In the simulated world nothing happens by itself, and there is no
 * descriptor: there a program calls xylem_run with the time until its next timer, in place of poll.
 *
 * With each tick of the timer a node is given something to add up. After the last answer it is
 * killed, and the event that says so ends the loop.
 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "world.h"

enum { NODE = 7, TICKS = 5, TICK_MS = 50 };

struct loop {
    xylem *network;
    int timer;
    int ticks;
    int answers;
    bool over;
};

static void take_answer(xylem_future *future, void *owner)
{
    struct loop *loop = owner;
    const char *answer;
    int error = xylem_future_result(future, &answer, NULL);
    printf("answer: %s\n", error ? xylem_strerror(error) : answer);
    xylem_future_free(&future);
    if (++loop->answers == TICKS)
        xylem_kill(loop->network, NODE);
}

static void ask(struct loop *loop)
{
    xylem_future *future;
    char text[32];
    snprintf(text, sizeof text, "2 %d %d", loop->ticks, loop->ticks);
    if (!xylem_start(loop->network, NODE, text, -1, &future))
        xylem_future_then(future, take_answer, loop);
}

/* The timer. */

static void set_timer(int timer, int ms)
{
    struct timespec time = {.tv_nsec = ms * 1000000L};
    timerfd_settime(timer, 0, &(struct itimerspec){time, time}, NULL);
}

static void tick(struct loop *loop)
{
    uint64_t times;
    if (read(loop->timer, &times, sizeof times) < 0)
        return;
    if (++loop->ticks == TICKS)
        set_timer(loop->timer, 0); /* no more */
    ask(loop);
}

/* The network. */

static void move(struct loop *loop)
{
    const xylem_event *event;
    xylem_run(loop->network, 0);
    while ((event = xylem_next_event(loop->network))) {
        printf("node %d is unavailable\n", (int)event->id);
        loop->over = true;
    }
}

static void run(struct loop *loop)
{
    struct pollfd polled[] = {{.fd = descriptor_of(loop->network), .events = POLLIN},
                              {.fd = loop->timer, .events = POLLIN}};
    while (!loop->over && poll(polled, 2, -1) > 0) {
        if (polled[0].revents)
            move(loop);
        if (polled[1].revents)
            tick(loop);
    }
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    struct loop loop = {.timer = -1};
    xylem_worker(argc, argv);
    options.service = "sum";
    loop.network = open_network(argv, options);
    loop.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    int error = loop.timer < 0 ? XYLEM_FAILED : xylem_create(loop.network, NODE, NULL);
    if (!error) {
        set_timer(loop.timer, TICK_MS);
        run(&loop);
    }
    close(loop.timer);
    return close_network(loop.network, error);
}
