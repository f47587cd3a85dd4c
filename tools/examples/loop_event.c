/* A network in a loop of libevent, beside a timer of the loop's own.
 *
 *     loop_event thread|ipc|tcp
 *
 * When xylem_fd is readable the network has something to do: xylem_run (network, 0) does it, calls
 * back, and returns without waiting; then the events are taken, all of them. Nothing is asked again
 * and again, and nothing sleeps. In the simulated world nothing happens by itself, and there is no
 * descriptor: there a program calls xylem_run with the time until its next timer.
 *
 * With each tick of the timer a node is given something to add up. After the last answer it is
 * killed, and the event that says so ends the loop.
 */
#define _POSIX_C_SOURCE 200809L
#include <event2/event.h>
#include <sys/time.h>

#include "world.h"

enum { NODE = 7, TICKS = 5, TICK_MS = 50 };

struct program {
    xylem *network;
    struct event_base *base;
    struct event *timer;
    int ticks;
    int answers;
};

static void take_answer(xylem_future *future, void *owner)
{
    struct program *program = owner;
    const char *answer;
    int error = xylem_future_result(future, &answer, NULL);
    printf("answer: %s\n", error ? xylem_strerror(error) : answer);
    xylem_future_free(&future);
    if (++program->answers == TICKS)
        xylem_kill(program->network, NODE);
}

static void ask(struct program *program)
{
    xylem_future *future;
    char text[32];
    snprintf(text, sizeof text, "2 %d %d", program->ticks, program->ticks);
    if (!xylem_start(program->network, NODE, text, -1, &future))
        xylem_future_then(future, take_answer, program);
}

static void tick(evutil_socket_t descriptor, short what, void *owner)
{
    struct program *program = owner;
    (void)descriptor, (void)what;
    if (++program->ticks == TICKS)
        event_del(program->timer);
    ask(program);
}

static void move(evutil_socket_t descriptor, short what, void *owner)
{
    struct program *program = owner;
    const xylem_event *event;
    (void)descriptor, (void)what;
    xylem_run(program->network, 0);
    while ((event = xylem_next_event(program->network))) {
        printf("node %d is unavailable\n", (int)event->id);
        event_base_loopbreak(program->base);
    }
}

static int run(struct program *program)
{
    const struct timeval interval = {.tv_usec = TICK_MS * 1000};
    int descriptor = descriptor_of(program->network);
    program->base = event_base_new();
    if (!program->base)
        return XYLEM_NO_MEMORY;
    struct event *readable =
        event_new(program->base, descriptor, EV_READ | EV_PERSIST, move, program);
    program->timer = event_new(program->base, -1, EV_PERSIST, tick, program);
    event_add(readable, NULL);
    event_add(program->timer, &interval);
    event_base_dispatch(program->base);
    event_free(program->timer);
    event_free(readable);
    event_base_free(program->base);
    return XYLEM_OK;
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    struct program program = {.ticks = 0};
    xylem_worker(argc, argv);
    options.service = "sum";
    program.network = open_network(argv, options);
    int error = xylem_create(program.network, NODE, NULL);
    if (!error)
        error = run(&program);
    return close_network(program.network, error);
}
