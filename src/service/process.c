#include "service/process.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/keeper.h"

/* The longest line of the log; a longer one is cut into several. */
enum { LINE_MAX_SIZE = 400 };

struct xy_process {
    const char *name;
    xy_host host;
    xy_keeper keeper;
    pthread_t thread;
    char line[LINE_MAX_SIZE + 1]; /* of the thread, as the length is */
    size_t length;
    pthread_mutex_t mutex; /* guards the rest */
    bool left;             /* by the node: the thread frees it */
    bool ended;
    int status; /* see xy_keeper_reap */
};

/* The thread. */

/* Nothing that a terminal would obey. */
static void sanitize(char *line)
{
    for (; *line; line++)
        if ((unsigned char)*line < ' ' || *line == '\x7f')
            *line = *line == '\t' ? ' ' : '?';
}

static void write_line(xy_process *self)
{
    char text[LINE_MAX_SIZE + 64];
    self->line[self->length] = '\0';
    self->length = 0;
    sanitize(self->line);
    snprintf(text, sizeof text, "%s: %s", self->name, self->line);
    pthread_mutex_lock(&self->mutex);
    if (!self->left)
        self->host.ops->log(self->host.owner, XYLEM_LOG_WARNING, text);
    pthread_mutex_unlock(&self->mutex);
}

static void take(xy_process *self, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            write_line(self);
            continue;
        }
        if (self->length == LINE_MAX_SIZE)
            write_line(self);
        self->line[self->length++] = (char)(bytes[i] ? bytes[i] : '?');
    }
}

/* False at the end of what there is to read; `over` tells whether more can come. */
static bool read_some(xy_process *self, bool *over)
{
    char bytes[4096];
    ssize_t size = read(self->keeper.error_fd, bytes, sizeof bytes);
    if (size > 0)
        take(self, bytes, (size_t)size);
    *over = size == 0;
    return size > 0 || (size < 0 && errno == EINTR);
}

/* What was written before the end of the keeper has been read before the loop is left. */
static void relay(xy_process *self)
{
    enum { KEEPER, STREAM };
    struct pollfd polled[] = {{.fd = self->keeper.fd, .events = POLLIN},
                              {.fd = self->keeper.error_fd, .events = POLLIN}};
    bool over = false;
    do {
        poll(polled, 2, -1);
        while (!over && read_some(self, &over))
            ;
        if (over)
            polled[STREAM].fd = -1;
    } while (!polled[KEEPER].revents);
    if (self->length > 0)
        write_line(self);
}

static void demolish(xy_process *self)
{
    xy_keeper_close(&self->keeper);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static void *attend(void *argument)
{
    xy_process *self = argument;
    relay(self);
    int status = xy_keeper_reap(&self->keeper);
    pthread_mutex_lock(&self->mutex);
    self->status = status;
    self->ended = true;
    bool left = self->left;
    pthread_mutex_unlock(&self->mutex);
    if (left)
        demolish(self);
    return NULL;
}

/* Starting. */

static bool start_keeper(xy_process *new, const char *command, xy_error *error)
{
    const xy_host_ops *ops = new->host.ops;
    bool held = ops->hold(XY_KEEPER_DESCRIPTORS, error);
    bool started = held && xy_keeper_start(&new->keeper, command, new->host.arguments);
    int number = errno;
    ops->release();
    return started || (held && ops->explain("start the process of a program", number, error));
}

static bool start_thread(xy_process *new, xy_error *error)
{
    const xy_host_ops *ops = new->host.ops;
    int number = ops->start_thread(&new->thread, attend, new);
    if (!number)
        return true;
    xy_keeper_tell(&new->keeper);
    xy_keeper_reap(&new->keeper);
    return ops->explain("start a thread for the log of a program", number, error);
}

xy_process *xy_process_start(const char *name, const char *command, const xy_host *host,
                             xy_error *error)
{
    xy_process *new = calloc(1, sizeof *new);
    if (!new) {
        xy_error_code(error, XYLEM_NO_MEMORY);
        return NULL;
    }
    new->name = name;
    new->host = *host;
    new->keeper = (xy_keeper){.fd = -1, .in_fd = -1, .out_fd = -1, .error_fd = -1};
    pthread_mutex_init(&new->mutex, NULL);
    if (start_keeper(new, command, error) && start_thread(new, error))
        return new;
    demolish(new);
    return NULL;
}

int xy_process_in(const xy_process *process)
{
    return process->keeper.in_fd;
}

int xy_process_out(const xy_process *process)
{
    return process->keeper.out_fd;
}

/* Ending. */

/* The thread holds no lock while it waits: that it has ended is seen by the descriptor. */
bool xy_process_await(const xy_process *process, int ms)
{
    struct pollfd polled = {.fd = process->keeper.fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&polled, 1, ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* Its keeper has ended, so the thread ends soon. */
static int status_of(const xy_process *process)
{
    xy_process *self = (xy_process *)(uintptr_t)process;
    bool ended = false;
    int status = XY_KEEPER_UNKNOWN;
    while (!ended) {
        pthread_mutex_lock(&self->mutex);
        ended = self->ended;
        status = self->status;
        pthread_mutex_unlock(&self->mutex);
        if (!ended)
            poll(NULL, 0, 1);
    }
    return status;
}

void xy_process_describe(const xy_process *process, char text[XY_PROCESS_END_SIZE])
{
    int status = status_of(process);
    if (status == XY_KEEPER_UNKNOWN)
        snprintf(text, XY_PROCESS_END_SIZE, "ended");
    else if (status == 127)
        snprintf(text, XY_PROCESS_END_SIZE, "ended with status 127 (the shell did not find it)");
    else if (status >= 0)
        snprintf(text, XY_PROCESS_END_SIZE, "ended with status %d", status);
    else
        snprintf(text, XY_PROCESS_END_SIZE, "was ended by signal %d (%s)", -status,
                 strsignal(-status));
}

void xy_process_hang_up(xy_process *process)
{
    if (process->keeper.in_fd >= 0)
        close(process->keeper.in_fd);
    process->keeper.in_fd = -1;
}

void xy_process_kill(const xy_process *process)
{
    xy_keeper_tell(&process->keeper);
}

void xy_process_free(xy_process **process, int ms)
{
    xy_process *self = *process;
    *process = NULL;
    if (!self)
        return;
    xy_process_kill(self);
    bool gone = xy_process_await(self, ms);
    pthread_mutex_lock(&self->mutex);
    self->left = !gone && !self->ended;
    bool left = self->left;
    pthread_t thread = self->thread;
    pthread_mutex_unlock(&self->mutex);
    if (left) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    demolish(self);
}
