/* A network in a loop of libuv, beside a timer of the loop's own.
 *
 *     loop_uv thread|ipc|tcp
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
#include <uv.h>

#include "world.h"

enum { NODE = 7, TICKS = 5, TICK_MS = 50 };

struct program {
    xylem *network;
    uv_poll_t poll;
    uv_timer_t timer;
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

static void tick(uv_timer_t *timer)
{
    struct program *program = timer->data;
    if (++program->ticks == TICKS)
        uv_timer_stop(timer);
    ask(program);
}

/* The loop ends when it has nothing left to watch. */
static void move(uv_poll_t *poll, int status, int events)
{
    struct program *program = poll->data;
    const xylem_event *event;
    (void)status, (void)events;
    xylem_run(program->network, 0);
    while ((event = xylem_next_event(program->network))) {
        printf("node %d is unavailable\n", (int)event->id);
        uv_timer_stop(&program->timer);
        uv_poll_stop(poll);
    }
}

static int run(struct program *program)
{
    uv_loop_t loop;
    if (uv_loop_init(&loop))
        return XYLEM_FAILED;
    uv_poll_init(&loop, &program->poll, descriptor_of(program->network));
    uv_timer_init(&loop, &program->timer);
    program->poll.data = program->timer.data = program;
    uv_poll_start(&program->poll, UV_READABLE, move);
    uv_timer_start(&program->timer, tick, TICK_MS, TICK_MS);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&program->poll, NULL);
    uv_close((uv_handle_t *)&program->timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT); /* closes them */
    uv_loop_close(&loop);
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
