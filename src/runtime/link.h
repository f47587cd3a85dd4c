/* link: one node's ZMQ socket. It sends and receives whole messages to and from neighbours, and
 * never blocks: what cannot be sent now waits in a bounded outbox.
 *
 * A link belongs to one thread at a time; it may be handed over by starting that thread.
 */
#ifndef XY_LINK_H
#define XY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/machine.h"
#include "runtime/door.h"
#include "xylem.h"

#define XY_ENDPOINT_SIZE 128

/* How many frames may wait in an outbox: any, and, in reserve, those that nobody asks for twice. */
#define XY_OUTBOX_MAX     4096
#define XY_OUTBOX_RESERVE 16384

/* Who sent something, when it is no neighbour. */
#define XY_STRANGER UINT64_MAX

typedef struct xy_link xy_link;

/* How a link is opened; what is pointed to is lent for the call. */
typedef struct xy_link_options {
    void *context;
    uint64_t self;        /* an incarnation: the name under which the parent knows it */
    const char *parent;   /* the parent's endpoint; NULL: there is none */
    const char *endpoint; /* to bind for the children */
    const xy_keys *keys;  /* to encrypt with, and to let in only whom the door admits; or NULL */
} xy_link_options;

/* Connects to the parent and binds. The caller has made sure that there are descriptors. On failure
 * *link is NULL, and `reason` says why. XYLEM_CANNOT_START. */
int xy_link_open(xy_link **link, const xy_link_options *options, char reason[XYLEM_REASON_SIZE]);
void xy_link_close(xy_link **link);

/* What children connect to: with a port in place of a wildcard. Belongs to the link. */
const char *xy_link_endpoint(const xy_link *link);

/* Sends one frame to a neighbour, now or as soon as it can be taken; a lossy one now or never, and
 * without an error. XYLEM_UNAVAILABLE: no such neighbour; XYLEM_BUSY: the outbox is full;
 * XYLEM_NO_MEMORY. */
int xy_link_send(xy_link *link, uint64_t peer, const void *frame, size_t size, xy_urgency urgency);

/* What has come. An empty frame, or one from XY_STRANGER, is only a ring: it means no more than
 * that something has happened. */
typedef struct xy_received {
    uint64_t peer;
    const void *frame; /* lasts until the next call on the link */
    size_t size;
} xy_received;

/* Takes the next frame; false when there is none. */
bool xy_link_receive(xy_link *link, xy_received *received);

/* The same, but waits for it, for `timeout_ms` at most (XY_NEVER: for ever). Of a link without a
 * door: whoever has nothing else to wait for spends two system calls less than with xy_link_wait.
 * May come back early, with nothing. */
bool xy_link_await(xy_link *link, int64_t timeout_ms, xy_received *received);

/* Sends what waits in the outbox; true when nothing is left in it. */
bool xy_link_flush(xy_link *link);

/* Wakes up whoever waits at a neighbour's link, or at an inproc endpoint. */
void xy_link_ring(xy_link *link, uint64_t peer);
void xy_link_ring_at(xy_link *link, const char *endpoint);

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

/* The door of a link that was opened with keys, or NULL. Belongs to the link. */
xy_door *xy_link_door(const xy_link *link);

#endif
