#include "cli/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool feed(struct source *source, const char *bytes, size_t count)
{
    if (!input_feed(&source->input, bytes, count))
        source->error = ENOMEM;
    return !source->error;
}

void source_from_text(struct source *source, const char *text)
{
    *source = (struct source){.input = INPUT_EMPTY, .fd = -1};
    feed(source, text, strlen(text));
    input_end(&source->input);
}

void source_from_fd(struct source *source, int fd, struct terminal *terminal, struct waiter waiter)
{
    *source =
        (struct source){.input = INPUT_EMPTY, .fd = fd, .terminal = terminal, .waiter = waiter};
}

/* The end of the input, which may still contain a last line. */
static bool end(struct source *source)
{
    source->fd = -1;
    input_end(&source->input);
    return true;
}

static bool read_terminal(struct source *source)
{
    const char *bytes;
    size_t count;
    if (!terminal_read(source->terminal, &bytes, &count))
        return end(source);
    return feed(source, bytes, count);
}

static bool read_fd(struct source *source)
{
    char bytes[INPUT_CHUNK];
    ssize_t count = read(source->fd, bytes, sizeof bytes);
    if (count > 0)
        return feed(source, bytes, (size_t)count);
    if (count == 0)
        return end(source);
    if (errno == EINTR || errno == EAGAIN)
        return true;
    source->error = errno;
    return false;
}

/* Reads more bytes, or finds the end. */
static bool refill(struct source *source)
{
    if (source->terminal)
        return read_terminal(source);
    switch (source->waiter.wait(source->waiter.context, source->fd, -1)) {
    case WAIT_READABLE:
        return read_fd(source);
    case WAIT_DISTURBED:
        return true;
    default:
        return false;
    }
}

bool source_next(struct source *source, struct input_line *line)
{
    while (!source->error) {
        if (input_next(&source->input, line))
            return true;
        if (source->fd < 0 || !refill(source))
            return false;
    }
    return false;
}

void source_clear(struct source *source)
{
    input_clear(&source->input);
}
