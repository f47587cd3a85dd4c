#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "cli/text.h"

static bool fail(struct output *output, int error)
{
    output->error = error;
    return false;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking: so a reader that does not
 * read cannot keep the program from stopping. */
static ssize_t write_some(const struct output *output, const char *bytes, size_t count)
{
    return write(output->fd, bytes, count < PIPE_BUF ? count : PIPE_BUF);
}

static bool is_passing(int error)
{
    return error == EINTR || error == EAGAIN;
}

bool output_write(struct output *output, const char *bytes, size_t count)
{
    while (count > 0 && !output->error) {
        struct pollfd watched[] = {{output->fd, POLLOUT, 0}, {output->stop_fd, POLLIN, 0}};
        if (poll(watched, 2, -1) < 0 && !is_passing(errno))
            return fail(output, errno);
        if (watched[1].revents)
            return false;
        if (!watched[0].revents)
            continue;
        ssize_t written = write_some(output, bytes, count);
        if (written < 0 && !is_passing(errno))
            return fail(output, errno);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        }
    }
    return !output->error;
}

bool output_line(struct output *output, enum output_style style, const char *line)
{
    static const char *const colours[] = {
        [OUTPUT_PLAIN] = "", [OUTPUT_ERROR] = "\033[31m", [OUTPUT_NOTICE] = "\033[33m"};
    const char *colour = output->coloured ? colours[style] : "";
    struct text text = TEXT_EMPTY;
    text_format(&text, "%s%s%s\n", colour, line, *colour ? "\033[0m" : "");
    bool written = !text.failed && output_write(output, text.bytes, text.length);
    if (text.failed)
        fail(output, ENOMEM);
    text_clear(&text);
    return written;
}
