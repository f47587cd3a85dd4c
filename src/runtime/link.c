#include "runtime/link.h"

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "core/machine.h"
#include "core/message.h"
#include "runtime/limits.h"

/* Neighbours' names on the wire: the parent's is ours to give, a child brings its own. */
enum { NAME_SIZE = 9, PATIENCE_MS = 5000 /* with those who do not say who they are */ };
static const char parent_name[NAME_SIZE] = "^parent^";

/* What encryption adds to a frame, which counts for the largest that is taken: 33 bytes. */
enum { ENVELOPE_MAX = 64 };

/* A frame is large when it could use up the memory that libzmq cannot do without. */
enum { LARGE = 64 * 1024, MEMORY_IN_RESERVE = 2 * 1024 * 1024 };

typedef struct letter {
    struct letter *next;
    uint64_t peer;
    size_t size;
    uint8_t frame[];
} letter;

struct xy_link {
    void *socket;
    xy_door *door;   /* or NULL: then whoever reaches the endpoint comes in */
    zmq_msg_t frame; /* the one that was received last */
    letter *first, **last;
    size_t letters;
    int fd;          /* ZMQ_FD */
    int timeout;     /* ZMQ_RCVTIMEO */
    bool empty;      /* nothing was sent since the link was seen empty: only then ZMQ_FD tells */
    bool door_quiet; /* nobody was at the door just now */
    uint64_t rings;  /* how often an endpoint was rung: each time under a new name */
    char endpoint[XY_ENDPOINT_SIZE];
};

/* Names. */

static void name_of(uint64_t peer, char name[NAME_SIZE])
{
    if (peer == XY_PARENT) {
        memcpy(name, parent_name, NAME_SIZE);
        return;
    }
    uint64_t number = htobe64(peer);
    *name = 'c';
    memcpy(name + 1, &number, sizeof number);
}

static uint64_t peer_of(zmq_msg_t *name)
{
    const uint8_t *bytes = zmq_msg_data(name);
    if (zmq_msg_size(name) != NAME_SIZE)
        return XY_STRANGER;
    if (memcmp(bytes, parent_name, NAME_SIZE) == 0)
        return XY_PARENT;
    uint64_t peer;
    memcpy(&peer, bytes + 1, sizeof peer);
    peer = be64toh(peer);
    return bytes[0] == 'c' && peer != XY_PARENT ? peer : XY_STRANGER;
}

/* Opening and closing. */

static bool set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool configure(void *socket, uint64_t self)
{
    int64_t largest = XY_MESSAGE_MAX + ENVELOPE_MAX;
    char name[NAME_SIZE];
    name_of(self, name);
    return set(socket, ZMQ_LINGER, 0) && set(socket, ZMQ_ROUTER_MANDATORY, 1) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0 &&
           (self == XY_PARENT || zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, NAME_SIZE) == 0);
}

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

/* Towards its parent a link is a client, which knows the key of the one that it connects to. */
static bool trust_parent(void *socket, const xy_keys *keys)
{
    return !keys || (set_text(socket, ZMQ_CURVE_SERVERKEY, keys->parent) &&
                     set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->public) &&
                     set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret));
}

/* Towards its children it is a server, with a door. */
static bool guard(void *socket, const xy_keys *keys)
{
    return set(socket, ZMQ_HANDSHAKE_IVL, PATIENCE_MS) &&
           (!keys || (set(socket, ZMQ_CURVE_SERVER, 1) &&
                      set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret) &&
                      set_text(socket, ZMQ_ZAP_DOMAIN, "xylem")));
}

/* libzmq would go on trying to reach a socket that is not there any more. */
static bool is_reachable(const char *endpoint)
{
    static const char ipc[] = "ipc://";
    size_t size = sizeof ipc - 1;
    return strncmp(endpoint, ipc, size) != 0 || access(endpoint + size, F_OK) == 0;
}

static bool join(void *socket, const xy_link_options *options)
{
    return !options->parent ||
           (is_reachable(options->parent) && trust_parent(socket, options->keys) &&
            zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, parent_name, NAME_SIZE) == 0 &&
            zmq_connect(socket, options->parent) == 0);
}

/* The parent's name is taken first: so no stranger can take it at our endpoint. */
static bool attach(xy_link *link, const xy_link_options *options)
{
    size_t size = sizeof link->endpoint, fd_size = sizeof link->fd;
    return configure(link->socket, options->self) && join(link->socket, options) &&
           guard(link->socket, options->keys) && zmq_bind(link->socket, options->endpoint) == 0 &&
           zmq_getsockopt(link->socket, ZMQ_LAST_ENDPOINT, link->endpoint, &size) == 0 &&
           zmq_getsockopt(link->socket, ZMQ_FD, &link->fd, &fd_size) == 0;
}

static bool open_sockets(xy_link *link, const xy_link_options *options)
{
    link->socket = zmq_socket(options->context, ZMQ_ROUTER);
    if (link->socket && options->keys)
        link->door = xy_door_open(options->context);
    return link->socket && (link->door || !options->keys);
}

static const char *advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return " (sysctl net.ipv4.ip_local_port_range)";
    case ENOENT:
        return " (the network's folder was cleared away: start the network again)";
    case ENOSPC:
        return " (make room there, or have XDG_RUNTIME_DIR name another folder)";
    default:
        return "";
    }
}

int xy_link_open(xy_link **result, const xy_link_options *options, char reason[XYLEM_REASON_SIZE])
{
    *result = NULL;
    xy_link *link = calloc(1, sizeof *link);
    if (!link) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
        return XYLEM_CANNOT_START;
    }
    zmq_msg_init(&link->frame);
    link->last = &link->first;
    link->timeout = -1;
    if (!open_sockets(link, options))
        snprintf(reason, XYLEM_REASON_SIZE, "no socket to be had: %s", zmq_strerror(errno));
    else if (attach(link, options))
        *result = link;
    else
        snprintf(reason, XYLEM_REASON_SIZE, "cannot bind %s: %s%s", options->endpoint,
                 zmq_strerror(errno), advice(errno));
    if (!*result)
        xy_link_close(&link);
    return *result ? XYLEM_OK : XYLEM_CANNOT_START;
}

static void drop_letter(xy_link *link, letter **at)
{
    letter *gone = *at;
    *at = gone->next;
    if (link->last == &gone->next)
        link->last = at;
    link->letters--;
    free(gone);
}

void xy_link_close(xy_link **result)
{
    xy_link *link = *result;
    *result = NULL;
    if (!link)
        return;
    while (link->first)
        drop_letter(link, &link->first);
    zmq_msg_close(&link->frame);
    if (link->endpoint[0]) /* closing a bound inproc socket costs a search of all of them */
        zmq_unbind(link->socket, link->endpoint);
    if (link->socket)
        zmq_close(link->socket);
    xy_door_close(link->door);
    free(link);
}

const char *xy_link_endpoint(const xy_link *link)
{
    return link->endpoint;
}

/* Sending. */

/* A copy of the frame, when libzmq will still find the memory that it cannot do without. */
static bool copy(zmq_msg_t *message, const void *frame, size_t size)
{
    char reason[XYLEM_REASON_SIZE];
    if ((size > LARGE && !xy_limits_memory(size + MEMORY_IN_RESERVE, reason)) ||
        zmq_msg_init_size(message, size) < 0) {
        errno = ENOMEM;
        return false;
    }
    memcpy(zmq_msg_data(message), frame, size);
    return true;
}

/* The copy is made first: nothing may fail any more once the name is sent. */
static int try_send(xy_link *link, const char name[NAME_SIZE], const void *frame, size_t size)
{
    zmq_msg_t message;
    link->empty = false;
    if (!copy(&message, frame, size))
        return ENOMEM;
    if (zmq_send(link->socket, name, NAME_SIZE, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
        zmq_msg_send(&message, link->socket, ZMQ_DONTWAIT) >= 0)
        return 0;
    int error = errno;
    zmq_msg_close(&message);
    return error;
}

static int post(xy_link *link, uint64_t peer, const void *frame, size_t size, xy_urgency urgency)
{
    size_t reserve = urgency == XY_VITAL ? XY_OUTBOX_RESERVE : 0;
    if (link->letters >= XY_OUTBOX_MAX + reserve)
        return XYLEM_BUSY;
    letter *new = malloc(sizeof *new + size);
    if (!new)
        return XYLEM_NO_MEMORY;
    new->next = NULL;
    new->peer = peer;
    new->size = size;
    memcpy(new->frame, frame, size);
    *link->last = new;
    link->last = &new->next;
    link->letters++;
    return XYLEM_OK;
}

static bool has_letter_for(const xy_link *link, uint64_t peer)
{
    const letter *waiting = link->first;
    while (waiting && waiting->peer != peer)
        waiting = waiting->next;
    return waiting != NULL;
}

int xy_link_send(xy_link *link, uint64_t peer, const void *frame, size_t size, xy_urgency urgency)
{
    char name[NAME_SIZE];
    name_of(peer, name);
    int error = has_letter_for(link, peer) ? EAGAIN : try_send(link, name, frame, size);
    if (!error || urgency == XY_LOSSY)
        return XYLEM_OK;
    if (error == ENOMEM && urgency != XY_VITAL)
        return XYLEM_NO_MEMORY;
    return error == EHOSTUNREACH ? XYLEM_UNAVAILABLE : post(link, peer, frame, size, urgency);
}

/* The neighbours that cannot take anything more for now; what is for them keeps its order. */
typedef struct blocked {
    uint64_t peers[8];
    size_t count;
} blocked;

static bool is_blocked(const blocked *set, uint64_t peer)
{
    size_t i = 0;
    while (i < set->count && set->peers[i] != peer)
        i++;
    return i < set->count || set->count == sizeof set->peers / sizeof *set->peers;
}

static bool must_wait(int error)
{
    return error == EAGAIN || error == ENOMEM;
}

bool xy_link_flush(xy_link *link)
{
    blocked full = {.count = 0};
    for (letter **at = &link->first; *at;) {
        uint64_t peer = (*at)->peer;
        char name[NAME_SIZE];
        name_of(peer, name);
        if (is_blocked(&full, peer)) {
            at = &(*at)->next;
        } else if (must_wait(try_send(link, name, (*at)->frame, (*at)->size))) {
            full.peers[full.count++] = peer;
            at = &(*at)->next;
        } else {
            drop_letter(link, at);
        }
    }
    return !link->first;
}

static uint32_t events_of(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size);
    return (uint32_t)events;
}

static void ring_name(xy_link *link, const char name[NAME_SIZE])
{
    if (try_send(link, name, "", 0) != EHOSTUNREACH)
        return;
    events_of(link->socket); /* has libzmq look whether that neighbour has just arrived */
    try_send(link, name, "", 0);
}

void xy_link_ring(xy_link *link, uint64_t peer)
{
    char name[NAME_SIZE];
    name_of(peer, name);
    ring_name(link, name);
}

void xy_link_ring_at(xy_link *link, const char *endpoint)
{
    char name[NAME_SIZE];
    name_of(++link->rings, name);
    name[0] = 'r';
    if (zmq_setsockopt(link->socket, ZMQ_CONNECT_ROUTING_ID, name, NAME_SIZE) < 0 ||
        zmq_connect(link->socket, endpoint) < 0)
        return;
    ring_name(link, name);
    zmq_disconnect(link->socket, endpoint);
}

/* Receiving. */

/* Behind a door nobody speaks under another's name. */
static uint64_t true_peer(const xy_link *link, uint64_t peer)
{
    if (!link->door || peer == XY_PARENT || peer == XY_STRANGER)
        return peer;
    const char *known = zmq_msg_gets((zmq_msg_t *)(uintptr_t)&link->frame, "User-Id");
    return known && xy_door_guest(known) == peer ? peer : XY_STRANGER;
}

static bool drop_rest(xy_link *link)
{
    bool more = zmq_msg_more(&link->frame);
    while (zmq_msg_more(&link->frame))
        if (zmq_msg_recv(&link->frame, link->socket, ZMQ_DONTWAIT) < 0)
            break;
    return more;
}

/* The name has come: takes what it says. */
static void receive_rest(xy_link *link, xy_received *received)
{
    *received = (xy_received){.peer = peer_of(&link->frame), .frame = ""};
    if (!zmq_msg_more(&link->frame) || zmq_msg_recv(&link->frame, link->socket, ZMQ_DONTWAIT) < 0 ||
        drop_rest(link))
        return;
    received->peer = true_peer(link, received->peer);
    received->frame = zmq_msg_data(&link->frame);
    received->size = zmq_msg_size(&link->frame);
}

bool xy_link_receive(xy_link *link, xy_received *received)
{
    link->empty = zmq_msg_recv(&link->frame, link->socket, ZMQ_DONTWAIT) < 0;
    if (link->empty && link->door && !link->door_quiet)
        xy_door_serve(link->door);
    link->door_quiet = false;
    if (!link->empty)
        receive_rest(link, received);
    return !link->empty;
}

/* Waiting. */

enum { RETRY_MS = 10 };

/* For how long to wait: a ROUTER does not tell when it can send to one of its peers. */
static int patience(const xy_link *link, int64_t timeout_ms)
{
    if (link->first && timeout_ms > RETRY_MS)
        return RETRY_MS;
    return timeout_ms > INT_MAX ? -1 : (int)timeout_ms;
}

unsigned xy_link_wait(xy_link *link, const int *fds, int count, int64_t timeout_ms)
{
    struct pollfd polled[XY_LINK_FDS + XY_WAIT_FDS_MAX] = {{.fd = link->fd, .events = POLLIN},
                                                           {.fd = -1, .events = POLLIN}};
    unsigned readable = 0;
    if (!link->empty) /* sending may have swallowed the signal for a frame that has arrived */
        return UINT_MAX;
    if (link->door)
        polled[1].fd = xy_door_fd(link->door);
    for (int i = 0; i < count; i++)
        polled[XY_LINK_FDS + i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (poll(polled, XY_LINK_FDS + (nfds_t)count, patience(link, timeout_ms)) < 0)
        return UINT_MAX;
    link->door_quiet = polled[1].revents == 0;
    for (int i = 0; i < count; i++)
        readable |= polled[XY_LINK_FDS + i].revents ? 1U << i : 0;
    return readable;
}

bool xy_link_await(xy_link *link, int64_t timeout_ms, xy_received *received)
{
    int timeout = patience(link, timeout_ms);
    if (timeout != link->timeout && set(link->socket, ZMQ_RCVTIMEO, timeout))
        link->timeout = timeout;
    bool come = zmq_msg_recv(&link->frame, link->socket, 0) >= 0;
    if (come)
        receive_rest(link, received);
    return come;
}

void xy_link_fds(const xy_link *link, int fds[XY_LINK_FDS])
{
    fds[0] = link->fd;
    fds[1] = link->door ? xy_door_fd(link->door) : -1;
}

bool xy_link_idle(const xy_link *link)
{
    return (link->empty || (events_of(link->socket) & ZMQ_POLLIN) == 0) &&
           (!link->door || xy_door_quiet(link->door));
}

xy_door *xy_link_door(const xy_link *link)
{
    return link->door;
}
