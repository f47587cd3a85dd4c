#include "launch/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_AT_ONCE = 4096 };

static void discard_buffer(xy_channel_buffer *buffer)
{
    if (buffer->bytes)
        explicit_bzero(buffer->bytes, buffer->end);
    free(buffer->bytes);
    *buffer = (xy_channel_buffer){.bytes = NULL};
}

/* Not by realloc, which would leave a copy behind. */
static bool grow(xy_channel_buffer *buffer, size_t capacity)
{
    size_t used = buffer->end - buffer->begin;
    uint8_t *bytes = calloc(1, capacity);
    if (!bytes)
        return false;
    if (used > 0)
        memcpy(bytes, buffer->bytes + buffer->begin, used);
    discard_buffer(buffer);
    buffer->bytes = bytes;
    buffer->end = used;
    buffer->capacity = capacity;
    return true;
}

static void move_to_front(xy_channel_buffer *buffer)
{
    size_t used = buffer->end - buffer->begin;
    memmove(buffer->bytes, buffer->bytes + buffer->begin, used);
    explicit_bzero(buffer->bytes + used, buffer->begin);
    buffer->begin = 0;
    buffer->end = used;
}

/* Makes room behind the end. */
static bool make_room(xy_channel_buffer *buffer, size_t size)
{
    size_t used = buffer->end - buffer->begin, capacity = buffer->capacity;
    if (capacity - buffer->end >= size)
        return true;
    while (capacity - used < size)
        capacity = capacity ? 2 * capacity : READ_AT_ONCE;
    if (capacity > buffer->capacity)
        return grow(buffer, capacity);
    move_to_front(buffer);
    return true;
}

/* Secrets do not stay behind in what was read: a worker that is forked later has a copy. */
static void drop(xy_channel_buffer *buffer, size_t size)
{
    if (size == 0)
        return;
    explicit_bzero(buffer->bytes + buffer->begin, size);
    buffer->begin += size;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
}

void xy_channel_open(xy_channel *channel, int in_fd, int out_fd)
{
    *channel = (xy_channel){.in_fd = in_fd, .out_fd = out_fd};
    fcntl(in_fd, F_SETFL, fcntl(in_fd, F_GETFL) | O_NONBLOCK);
    if (out_fd != in_fd)
        fcntl(out_fd, F_SETFL, fcntl(out_fd, F_GETFL) | O_NONBLOCK);
}

void xy_channel_discard(xy_channel *channel)
{
    discard_buffer(&channel->in);
    discard_buffer(&channel->out);
    channel->in_fd = channel->out_fd = -1;
}

void xy_channel_close(xy_channel *channel)
{
    if (channel->in_fd >= 0)
        close(channel->in_fd);
    if (channel->out_fd >= 0 && channel->out_fd != channel->in_fd)
        close(channel->out_fd);
    xy_channel_discard(channel);
}

/* Writing. */

/* A program must not get a SIGPIPE; an agent, which may have a pipe, ignores it. */
static ssize_t write_some(int fd, const void *bytes, size_t size)
{
    ssize_t written = send(fd, bytes, size, MSG_NOSIGNAL);
    return written < 0 && errno == ENOTSOCK ? write(fd, bytes, size) : written;
}

void xy_channel_flush(xy_channel *channel)
{
    xy_channel_buffer *out = &channel->out;
    while (out->begin < out->end) {
        size_t size = out->end - out->begin;
        ssize_t written = write_some(channel->out_fd, out->bytes + out->begin, size);
        if (written < 0 && errno == EAGAIN)
            return;
        if (written < 0 && errno != EINTR)
            written = (ssize_t)size; /* it is not read any more: the reader sees the end */
        if (written > 0)
            drop(out, (size_t)written);
    }
    discard_buffer(out);
}

bool xy_channel_waits(const xy_channel *channel)
{
    return channel->out.begin < channel->out.end;
}

bool xy_channel_holds(const xy_channel *channel)
{
    return channel->in.begin + channel->taken < channel->in.end;
}

static bool can_append(xy_channel *channel, size_t size)
{
    xy_channel_buffer *out = &channel->out;
    return channel->out_fd >= 0 && out->end - out->begin + size <= XY_CHANNEL_MAX &&
           make_room(out, size);
}

/* There is room for it. */
static void append(xy_channel *channel, const void *bytes, size_t size)
{
    xy_channel_buffer *out = &channel->out;
    if (size > 0)
        memcpy(out->bytes + out->end, bytes, size);
    out->end += size;
}

bool xy_channel_begin(xy_channel *channel)
{
    const size_t length = strlen(XY_AGENT_MAGIC);
    if (!can_append(channel, length))
        return false;
    append(channel, XY_AGENT_MAGIC, length);
    xy_channel_flush(channel);
    return true;
}

static void append_behind(xy_channel *channel, const xy_birth *birth)
{
    append(channel, birth->arguments, birth->arguments_size);
    append(channel, birth->saved, birth->saved_size);
}

bool xy_channel_send(xy_channel *channel, const xy_agent_message *message)
{
    uint8_t frame[XY_AGENT_FRAME_MAX];
    size_t size = xy_agent_encode(message, frame), behind = xy_agent_behind(message);
    bool sent = can_append(channel, size + behind);
    if (sent) {
        append(channel, frame, size);
        if (behind > 0)
            append_behind(channel, &message->start);
        xy_channel_flush(channel);
    }
    explicit_bzero(frame, size);
    return sent;
}

/* Reading. */

/* False when nothing has come. */
static bool fill(xy_channel *channel)
{
    xy_channel_buffer *in = &channel->in;
    ssize_t size = -1;
    errno = EAGAIN; /* without memory: later */
    if (!channel->at_end && make_room(in, READ_AT_ONCE))
        do
            size = read(channel->in_fd, in->bytes + in->end, in->capacity - in->end);
        while (size < 0 && errno == EINTR);
    if (size > 0)
        in->end += (size_t)size;
    else if (size == 0 || errno != EAGAIN)
        channel->at_end = true;
    return size > 0;
}

/* Drops what comes before the magic, and the magic. */
static void skip(xy_channel *channel)
{
    xy_channel_buffer *in = &channel->in;
    const size_t length = strlen(XY_AGENT_MAGIC), size = in->end - in->begin;
    const uint8_t *start = in->bytes + in->begin;
    const uint8_t *found = size > 0 ? memmem(start, size, XY_AGENT_MAGIC, length) : NULL;
    if (found)
        drop(in, (size_t)(found - start) + length);
    else if (size >= length)
        drop(in, size - length + 1);
    channel->skips = !found;
}

static xy_channel_result take(xy_channel *channel, xy_agent_message *message)
{
    xy_channel_buffer *in = &channel->in;
    if (channel->skips)
        skip(channel);
    if (channel->skips || in->begin == in->end)
        return XY_CHANNEL_NONE;
    int size = xy_agent_decode(message, in->bytes + in->begin, in->end - in->begin);
    channel->taken = size > 0 ? (size_t)size : 0;
    return size > 0 ? XY_CHANNEL_MESSAGE : size < 0 ? XY_CHANNEL_MALFORMED : XY_CHANNEL_NONE;
}

xy_channel_result xy_channel_receive(xy_channel *channel, xy_agent_message *message)
{
    drop(&channel->in, channel->taken);
    channel->taken = 0;
    xy_channel_result result = take(channel, message);
    while (result == XY_CHANNEL_NONE && fill(channel))
        result = take(channel, message);
    if (channel->in.begin == channel->in.end)
        discard_buffer(&channel->in);
    if (result != XY_CHANNEL_NONE || !channel->at_end)
        return result;
    return channel->skips || !channel->in.bytes ? XY_CHANNEL_END : XY_CHANNEL_MALFORMED;
}
