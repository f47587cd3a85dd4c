/* channel: messages of the protocol over a descriptor, or one for each direction. It never waits:
 * what cannot be written now is kept, within a bound.
 */
#ifndef XY_CHANNEL_H
#define XY_CHANNEL_H

#include "launch/protocol.h"

/* How much may wait to be written, in bytes. */
#define XY_CHANNEL_MAX ((size_t)64 << 20)

typedef struct xy_channel_buffer {
    uint8_t *bytes;
    size_t begin, end, capacity;
} xy_channel_buffer;

typedef struct xy_channel {
    int in_fd, out_fd; /* the channel's own; may be the same */
    xy_channel_buffer in, out;
    size_t
        taken;  /* the size of the message that was taken last, which is dropped by the next call */
    bool skips; /* XY_AGENT_MAGIC has not come yet */
    bool at_end;
    bool polls_out; /* its owner's: that something can be written is waited for */
} xy_channel;

/* Begins a channel over descriptors, which become non-blocking and are the channel's from then on.
 */
void xy_channel_open(xy_channel *channel, int in_fd, int out_fd);

/* Closes the descriptors, and overwrites and frees what was not read or written. */
void xy_channel_close(xy_channel *channel);

/* The latter alone: in a child that was made by fork, whose descriptors are closed already. */
void xy_channel_discard(xy_channel *channel);

/* Writes XY_AGENT_MAGIC, and then a message, now or as soon as the other side reads. False, and
 * nothing of it is written, when too much waits already, when there is no memory, or when the other
 * side is gone. */
bool xy_channel_begin(xy_channel *channel);
bool xy_channel_send(xy_channel *channel, const xy_agent_message *message);

/* Writes what waits, as far as that can be now; xy_channel_waits tells whether some is left. */
void xy_channel_flush(xy_channel *channel);
bool xy_channel_waits(const xy_channel *channel);

/* Takes the next message. What it points to lasts until the next call. */
typedef enum xy_channel_result {
    XY_CHANNEL_NONE, /* not yet */
    XY_CHANNEL_MESSAGE,
    XY_CHANNEL_END,      /* the other side has closed it */
    XY_CHANNEL_MALFORMED /* what has come is no message */
} xy_channel_result;
xy_channel_result xy_channel_receive(xy_channel *channel, xy_agent_message *message);

/* Whether it has read more than was taken: then there may be a message without a look at the
 * descriptor. */
bool xy_channel_holds(const xy_channel *channel);

#endif
