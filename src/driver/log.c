#include "driver/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "core/step.h"

/* Writing without waiting. Standard error is shared with other processes, so its flags stay as they
 * are. */

static ssize_t write_if_writable(const char *text, size_t size)
{
    static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER; /* there is room for one line */
    struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};
    pthread_mutex_lock(&writing);
    bool writable = poll(&polled, 1, 0) > 0;
    ssize_t written = writable ? write(STDERR_FILENO, text, size) : -1;
    pthread_mutex_unlock(&writing);
    if (!writable)
        errno = EAGAIN;
    return written;
}

/* To a pipe or a terminal, which is opened once more for this. That cannot be done with the master
 * of a pseudo-terminal (it would be a new one), nor with what belongs to another user. */
static ssize_t write_to_reader(const struct stat *status, const char *text, size_t size)
{
    bool master = S_ISCHR(status->st_mode) && status->st_rdev == makedev(5, 2); /* ptmx */
    int fd = master ? -1 : open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return write_if_writable(text, size);
    ssize_t written = write(fd, text, size);
    int error = errno;
    close(fd);
    errno = error;
    return written;
}

static ssize_t write_now(const char *text, size_t size)
{
    struct stat status;
    if (fstat(STDERR_FILENO, &status) < 0)
        return -1;
    if (S_ISSOCK(status.st_mode))
        return send(STDERR_FILENO, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (S_ISFIFO(status.st_mode) || isatty(STDERR_FILENO))
        return write_to_reader(&status, text, size);
    return write(STDERR_FILENO, text, size);
}

/* Writes as much as can be written at once; `*error` says why it is less than all. */
static size_t write_most(const char *text, size_t size, int *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write_now(text + done, size - done);
        if (written < 0 && errno != EINTR) {
            *error = errno;
            break;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return done;
}

/* The same. A write that fails raises a signal in this thread, which would end the program: the
 * signal is taken back, unless it was pending before. */
static size_t write_safely(const char *text, size_t size, int *error)
{
    const struct timespec now = {0};
    sigset_t signals, before, pending;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    sigpending(&pending);
    size_t done = write_most(text, size, error);
    int raised = *error == EPIPE ? SIGPIPE : *error == EFBIG ? SIGXFSZ : 0;
    if (raised && !sigismember(&pending, raised)) {
        sigemptyset(&signals);
        sigaddset(&signals, raised);
        sigtimedwait(&signals, NULL, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return done;
}

/* Lines. */

/* What this process could not write since the last line that it wrote. */
static struct {
    atomic_uint_fast64_t lines;
    atomic_int why;   /* an errno */
    atomic_bool torn; /* a line has begun and not ended */
} lost;

static int add_lost(char *line, size_t size, uint64_t count)
{
    int why = atomic_load(&lost.why);
    return snprintf(
        line, size, "xylem: warning: process %d lost %" PRIu64 " log lines before this line: %s\n",
        (int)getpid(), count,
        why == EAGAIN ? "standard error is not read fast enough" : strerrordesc_np(why));
}

static int add_line(char *line, size_t size, int64_t id, enum xylem_log_level level,
                    const char *text)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char node[32] = "";
    if (id != XY_NO_ID)
        snprintf(node, sizeof node, "node %" PRId64 ": ", id);
    int length = snprintf(line, size, "xylem: %s%s: %s", node, names[level], text);
    if (length >= (int)size - 1) /* it is cut */
        length = (int)size - 2;
    line[length] = '\n';
    return length + 1;
}

static_assert(2 * XY_LOG_SIZE <= PIPE_BUF, "what is written at once comes whole out of a pipe");

void xy_log_deliver(int64_t id, enum xylem_log_level level, const char *text)
{
    char lines[2 * XY_LOG_SIZE] = "\n";
    int error = 0;
    bool torn = atomic_exchange(&lost.torn, false);
    uint64_t count = atomic_exchange(&lost.lines, 0);
    size_t size = torn;
    if (count > 0)
        size += (size_t)add_lost(lines + size, XY_LOG_SIZE - 1, count);
    size += (size_t)add_line(lines + size, XY_LOG_SIZE, id, level, text);
    size_t done = write_safely(lines, size, &error);
    if (done == size)
        return;
    atomic_store(&lost.why, error);
    atomic_fetch_add(&lost.lines, count + 1);
    if (done > 0 ? lines[done - 1] != '\n' : torn)
        atomic_store(&lost.torn, true);
}

struct xy_log_sink {
    xylem_log take;
    void *owner;
    pthread_mutex_t mutex; /* held while it takes a line */
    atomic_bool closed;
    atomic_size_t holders;
};

xy_log_sink *xy_log_sink_open(xylem_log take, void *owner)
{
    xy_log_sink *sink = malloc(sizeof *sink);
    if (!sink)
        return NULL;
    *sink = (xy_log_sink){.take = take, .owner = owner, .holders = 1};
    pthread_mutex_init(&sink->mutex, NULL);
    return sink;
}

void xy_log_sink_close(xy_log_sink *sink)
{
    pthread_mutex_lock(&sink->mutex);
    atomic_store(&sink->closed, true);
    pthread_mutex_unlock(&sink->mutex);
}

xy_log_sink *xy_log_sink_hold(xy_log_sink *sink)
{
    if (sink)
        atomic_fetch_add(&sink->holders, 1);
    return sink;
}

void xy_log_sink_release(xy_log_sink *sink)
{
    if (!sink || atomic_fetch_sub(&sink->holders, 1) > 1)
        return;
    pthread_mutex_destroy(&sink->mutex);
    free(sink);
}

static void give(xy_log_sink *sink, enum xylem_log_level level, int64_t id, const char *text)
{
    pthread_mutex_lock(&sink->mutex);
    if (!atomic_load(&sink->closed))
        sink->take(sink->owner, level, id, text);
    pthread_mutex_unlock(&sink->mutex);
}

void xy_log_line(const xy_log *log, enum xylem_log_level level, const char *format, ...)
{
    if (level > log->level || (log->sink && atomic_load(&log->sink->closed)))
        return;
    char text[XY_LOG_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (log->sink && log->sink->take)
        give(log->sink, level, log->id, text);
    else
        xy_log_deliver(log->id, level, text);
}

void xy_log_of_service(void *log, enum xylem_log_level level, const char *text)
{
    char line[XY_LOG_SIZE];
    snprintf(line, sizeof line, "%s", text);
    for (char *at = line; (at = strchr(at, '\n'));)
        *at = ' ';
    xy_log_line(log, level, "%s", line);
}
