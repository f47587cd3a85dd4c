#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    COLUMNS = 80,
    COLUMNS_MIN = 20,
    SPILLED_AT = 64 * 1024,
    KEPT_MAX = 2 * SPILLED_AT /* of memory for the next output */
};

static bool fail(struct output *output, int error)
{
    output->error = error;
    return false;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking. So the program can stop even
 * if its reader does not read. */
static ssize_t write_some(const struct output *output, const char *bytes, size_t count)
{
    return write(output->fd, bytes, count < PIPE_BUF ? count : PIPE_BUF);
}

static bool is_passing(int error)
{
    return error == EINTR || error == EAGAIN;
}

/* Waits until something can be written. False if the program is to stop before. */
static bool wait_for_room(struct output *output)
{
    for (;;) {
        struct pollfd watched[] = {{output->fd, POLLOUT, 0}, {output->stop_fd, POLLIN, 0}};
        if (poll(watched, 2, -1) < 0 && !is_passing(errno))
            return fail(output, errno);
        bool stopped = watched[1].revents != 0;
        if (watched[0].revents && (!stopped || output->notice))
            return true;
        if (stopped)
            return false;
    }
}

/* False when not all could be written. */
static bool write_all(struct output *output, const char *bytes, size_t count)
{
    size_t left = count;
    while (left > 0 && !output->error && !output->cut && wait_for_room(output)) {
        ssize_t written = write_some(output, bytes, left);
        if (written < 0 && !is_passing(errno))
            return fail(output, errno);
        if (written > 0) {
            bytes += written;
            left -= (size_t)written;
        }
    }
    output->stopped = output->stopped || (left > 0 && !output->error);
    output->cut = output->cut || (left > 0 && (left < count || output->spilled));
    return left == 0;
}

size_t output_columns(const struct output *output)
{
    struct winsize window = {0};
    if (ioctl(output->fd, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return COLUMNS;
    return window.ws_col > COLUMNS_MIN ? window.ws_col : COLUMNS_MIN;
}

bool output_spill(struct output *output)
{
    struct text *pending = &output->pending;
    if (pending->failed || pending->length < SPILLED_AT)
        return !pending->failed;
    bool written = write_all(output, pending->bytes, pending->length);
    output->spilled = true;
    text_cut(pending, 0);
    return written;
}

bool output_commit(struct output *output)
{
    struct text *pending = &output->pending;
    bool lost = pending->failed && !output->spilled;
    if (!pending->failed)
        write_all(output, pending->bytes, pending->length);
    else if (!lost)
        fail(output, ENOMEM);
    pending->failed = output->spilled = false;
    text_cut(pending, 0);
    if (pending->capacity > KEPT_MAX)
        text_clear(pending);
    return !lost;
}

bool output_resume(struct output *output)
{
    bool stopped = output->stopped;
    output->stopped = output->cut = false;
    return stopped;
}

void output_clear(struct output *output)
{
    text_clear(&output->pending);
}
