/* link: one node's ZMQ socket. It sends and receives whole messages to and from neighbours, and
 * never blocks: what cannot be sent now waits in a bounded outbox.
 *
 * A link is bound when it is opened, and has no parent. It connects once for each attachment; there
 * may be several at the same time. A child's name at its parent's socket, and a parent's at its
 * child's, is the link number and the tag of the attachment: libzmq ends the program when a name is
 * used again.
 *
 * A link belongs to one thread at a time; it may be handed over by starting that thread.
 */
#ifndef XY_LINK_H
#define XY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/step.h"
#include "link/zap.h"

typedef struct xy_link xy_link;

/* How a link is opened; what is pointed to is lent for the call. */
typedef struct xy_link_options {
    void *context;
    const char *endpoint; /* to bind; NULL: xy_link_bind comes later */
    const xy_keys *keys;  /* to encrypt with, and to let in only the children that are expected;
                             NULL: every peer that reaches the endpoint is let in */
} xy_link_options;

/* Takes XY_LINK_DESCRIPTORS descriptors, XY_LINK_DESCRIPTORS_KEYED with keys; the caller has
 * made sure that there are as many. NULL, and the error, on failure. */
enum { XY_LINK_DESCRIPTORS = 2, XY_LINK_DESCRIPTORS_KEYED = 3 };
xy_link *xy_link_open(const xy_link_options *options, xy_error *error);

/* Binds a link that is not bound yet: ipc://PATH, inproc://NAME or tcp://127.0.0.1:*. False, and
 * the error, on failure: then the link can only be closed. */
bool xy_link_bind(xy_link *link, const char *endpoint, xy_error *error);

void xy_link_close(xy_link **link);

/* Where children connect to, as an xy_attachment has it: the endpoint, with a port in place of a
 * wildcard, and with keys a blank and the public key. Belongs to the link. */
const char *xy_link_address(const xy_link *link);

/* Connects to a parent. Does nothing when the link number is not above that of every attachment
 * before. A parent at the same address under an earlier name is disconnected first. What is sent to
 * the parent before the connection stands waits for that. A connection that ends is not made again:
 * sending is XYLEM_UNAVAILABLE then. False, and the error: there is no descriptor or no
 * memory, or no socket at the address. */
bool xy_link_connect(xy_link *link, const xy_attachment *attachment, xy_error *error);

/* Ends the connection to a parent, and drops what waits for it; does nothing when there is none. */
void xy_link_disconnect(xy_link *link, const xy_peer *parent);

/* Lets a child in under its name, with keys only if it has the private key that belongs to this
 * public one, until it is let go. XYLEM_NO_MEMORY; XYLEM_CANNOT_START: the key is none. */
int xy_link_expect(xy_link *link, const xy_peer *child, const char key[XY_KEY_SIZE]);

/* Drops what waits for a child, and with keys does not let it in any more. A connection that the
 * child has lasts until the child ends it. */
void xy_link_let_go(xy_link *link, const xy_peer *child);

/* Sends a message to a neighbour, now or as soon as it can be taken; a lossy one now or never, and
 * without an error. XYLEM_UNAVAILABLE: there is no such neighbour; XYLEM_BUSY: the outbox is full;
 * XYLEM_NO_MEMORY. */
int xy_link_send(xy_link *link, const xy_peer *to, const xy_message *message, xy_urgency urgency);

/* The same for a message whose body stands in memory of core, behind room for a header: it is not
 * copied. Then the memory is the link's, and *memory is NULL, and there is no body any more. */
int xy_link_send_own(xy_link *link, const xy_peer *to, const xy_message *message, uint8_t **memory,
                     xy_urgency urgency);

/* Passes on the frame that was received last, as its bytes are now. It is gone afterwards, except
 * after an error. At most once for each frame. The errors are the same. */
int xy_link_forward(xy_link *link, const xy_peer *to, xy_urgency urgency);

/* What has come. An empty frame, or one from an XY_STRANGER, is only a ring: it means no more than
 * that something has happened. */
typedef struct xy_received {
    xy_peer from;
    uint8_t *frame; /* may be changed; lasts until the next call that receives or forwards */
    size_t size;
} xy_received;

/* Takes the next frame; false when there is none. */
bool xy_link_receive(xy_link *link, xy_received *received);

/* The same, but waits for it, for `timeout_ms` at most (XY_NEVER: for ever), which takes two system
 * calls less than xy_link_wait. No child with a key is let in meanwhile. May come back early, with
 * nothing. */
bool xy_link_await(xy_link *link, int64_t timeout_ms, xy_received *received);

/* Sends what waits in the outbox; true when nothing is left in it. */
bool xy_link_flush(xy_link *link);

/* What the frames cost that wait in the outbox: see XY_OUTBOX_MAX. */
size_t xy_link_waiting(const xy_link *link);

/* Wakes up the neighbour that waits at the other end of a connection; false when there is none, or
 * it can take no more. */
bool xy_link_ring(xy_link *link, const xy_peer *to);

/* Does the link's part in the closing of neighbours' sockets, which libzmq ends in a thread of its
 * own. */
void xy_link_settle(xy_link *link);

/* Wakes up the thread that waits at the link with this inproc address. */
void xy_link_ring_at(xy_link *link, const char *address);

/* Waits until a frame may have arrived or one of the descriptors is readable (a negative one is
 * passed over), for `timeout_ms` at most. Returns at once unless nothing was sent since
 * xy_link_receive found nothing. Of the XY_WAIT_FDS_MAX descriptors at most it returns which are
 * readable, as bits; all bits when it did not look. */
enum { XY_WAIT_FDS_MAX = 4 };
unsigned xy_link_wait(xy_link *link, const int *fds, int count, int64_t timeout_ms);

/* Descriptors of which one becomes readable when a frame may have arrived after the link was seen
 * empty: see ZMQ_FD; -1 where there is none. xy_link_idle tells whether they may be waited for. */
enum { XY_LINK_FDS = 2 };
void xy_link_fds(const xy_link *link, int fds[XY_LINK_FDS]);
bool xy_link_idle(const xy_link *link);

#endif
