#include "link/zmq_link.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>
#include <zmq.h>

#include "core/memory.h"
#include "driver/limits.h"
#include "link/listener.h"
#include "link/outbox.h"
#include "link/unbroken.h"

/* A frame goes from thread to thread without a copy. That libzmq orders what the two do to it the
 * thread sanitizer cannot see in the system's library. */
#ifdef __SANITIZE_THREAD__
#define XY_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XY_SANITIZED 1
#endif
#endif
#ifdef XY_SANITIZED
#include <sanitizer/tsan_interface.h>
#define GIVE(frame) __tsan_release(zmq_msg_data(frame))
#define TAKE(frame) __tsan_acquire(zmq_msg_data(frame))
#else
#define GIVE(frame) ((void)(frame))
#define TAKE(frame) ((void)(frame))
#endif

/* A name at a socket: what its bearer is, and two numbers in network order. */
enum { NAME_CHILD = 'c', NAME_PARENT = 'p', NAME_RING = 'r', NAME_SIZE = 17 };

/* For how long a peer may take to say who it is. */
enum { HANDSHAKE_MS = 5000 };

/* What encryption adds to a frame, which counts for the largest that is taken: 33 bytes. */
enum { ENVELOPE_MAX = 64 };

/* A frame is large when it could use up the memory that libzmq cannot do without. */
enum { LARGE = 64 * 1024, MEMORY_IN_RESERVE = 2 * 1024 * 1024 };

/* A parent that the link was connected to; the connection may have ended since. */
typedef struct connection {
    struct connection *next, *prev;
    xy_peer parent;
    char endpoint[XY_ADDRESS_SIZE];
} connection;

struct xy_link {
    void *socket;
    xy_zap *zap;  /* or NULL: then every peer that reaches the endpoint is let in */
    xy_keys keys; /* of a link with a zap */
    connection *parents;
    uint64_t latest; /* the highest link number that was connected */
    zmq_msg_t frame; /* the one that was received last */
    xy_outboxes outboxes;
    int fd;         /* ZMQ_FD */
    int timeout;    /* ZMQ_RCVTIMEO */
    bool empty;     /* nothing was sent or connected since the link was seen empty: only then
                       ZMQ_FD tells */
    bool zap_quiet; /* there was no request at the zap just now */
    char endpoint[XY_ADDRESS_SIZE], address[XY_ADDRESS_SIZE];
};

/* Names. */

static void write_name(char name[NAME_SIZE], char kind, uint64_t first, uint64_t second)
{
    const uint64_t numbers[] = {htobe64(first), htobe64(second)};
    name[0] = kind;
    memcpy(name + 1, numbers, sizeof numbers);
}

static void name_of(const xy_peer *peer, char name[NAME_SIZE])
{
    assert(peer->role != XY_STRANGER);
    write_name(name, peer->role == XY_PARENT ? NAME_PARENT : NAME_CHILD, peer->link.number,
               peer->tag);
}

static xy_peer peer_of(zmq_msg_t *name)
{
    const char *bytes = zmq_msg_data(name);
    uint64_t numbers[2];
    if (zmq_msg_size(name) != NAME_SIZE || (*bytes != NAME_CHILD && *bytes != NAME_PARENT))
        return (xy_peer){.role = XY_STRANGER};
    memcpy(numbers, bytes + 1, sizeof numbers);
    return (xy_peer){.role = *bytes == NAME_PARENT ? XY_PARENT : XY_CHILD,
                     .link = {be64toh(numbers[0])},
                     .tag = be64toh(numbers[1])};
}

/* Opening. */

static bool set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text)) == 0;
}

/* How many children may connect before the first of them is taken. The kernel lowers it to what it
 * has; it drops what goes beyond that, and a child over tcp tries again after a second only. */
enum { BACKLOG = 65535 };

static bool configure(void *socket)
{
    int64_t largest = XY_MESSAGE_MAX + ENVELOPE_MAX;
    return set(socket, ZMQ_LINGER, 0) && set(socket, ZMQ_ROUTER_MANDATORY, 1) &&
           set(socket, ZMQ_BACKLOG, BACKLOG) && set(socket, ZMQ_RECONNECT_IVL, -1) &&
           set(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
           zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest) == 0;
}

/* Towards its children a link is a server, with a zap; */
static bool serve(void *socket, const xy_keys *keys)
{
    return !keys || (set(socket, ZMQ_CURVE_SERVER, 1) &&
                     set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret) &&
                     set_text(socket, ZMQ_ZAP_DOMAIN, "xylem"));
}

/* towards a parent it is a client, which knows the key of the one that it connects to. An option
 * counts for what is bound and connected after it. */
static bool trust(void *socket, const xy_keys *keys, const char *parent)
{
    return !keys || (set_text(socket, ZMQ_CURVE_SERVERKEY, parent) &&
                     set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->public) &&
                     set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret));
}

/* The file of an ipc socket, NULL when it is none. */
static const char *path_of(const char *endpoint)
{
    static const char ipc[] = "ipc://";
    return strncmp(endpoint, ipc, sizeof ipc - 1) == 0 ? endpoint + sizeof ipc - 1 : NULL;
}

static bool is_tcp(const char *endpoint)
{
    return strncmp(endpoint, "tcp:", 4) == 0;
}

/* libzmq would remove the file that has the name of its socket, whatever it is. */
static bool is_free(const char *endpoint)
{
    const char *path = path_of(endpoint);
    struct stat status;
    if (!path || lstat(path, &status) < 0)
        return true;
    errno = EEXIST;
    return false;
}

static bool write_address(xy_link *link)
{
    int length = snprintf(link->address, sizeof link->address, "%s%s%s", link->endpoint,
                          link->zap ? " " : "", link->keys.public);
    errno = ENAMETOOLONG;
    return length < (int)sizeof link->address;
}

/* libzmq closes the listener, once it is bound. */
static bool bind_tcp(void *socket, const char *endpoint)
{
    int fd = xy_listener_open(endpoint, BACKLOG);
    bool bound = fd >= 0 && set(socket, ZMQ_USE_FD, fd) && zmq_bind(socket, endpoint) == 0;
    int number = errno;
    set(socket, ZMQ_USE_FD, -1);
    if (!bound && fd >= 0)
        close(fd);
    errno = number;
    return bound;
}

static bool bind_socket(void *socket, const char *endpoint)
{
    return is_tcp(endpoint) ? bind_tcp(socket, endpoint) : zmq_bind(socket, endpoint) == 0;
}

static bool listen_at(xy_link *link, const char *endpoint)
{
    size_t size = sizeof link->endpoint, fd_size = sizeof link->fd;
    return is_free(endpoint) && bind_socket(link->socket, endpoint) &&
           zmq_getsockopt(link->socket, ZMQ_LAST_ENDPOINT, link->endpoint, &size) == 0 &&
           zmq_getsockopt(link->socket, ZMQ_FD, &link->fd, &fd_size) == 0 && write_address(link);
}

static bool open_sockets(xy_link *link, const xy_link_options *options)
{
    link->socket = zmq_socket(options->context, ZMQ_ROUTER);
    if (link->socket && options->keys)
        link->zap = xy_zap_open(options->context);
    return link->socket && (link->zap || !options->keys) && configure(link->socket) &&
           serve(link->socket, options->keys);
}

static const char *advice(int error)
{
    switch (error) {
    case EEXIST:
        return " (move this file out of the network's folder)";
    case ENOENT:
        return " (the network's folder was removed: start the network again)";
    case ENOSPC:
        return " (free some space there, or set XDG_RUNTIME_DIR to another folder)";
    default:
        return xy_limits_tcp_advice(error);
    }
}

static bool explain(const char *what, const char *endpoint, xy_error *error)
{
    int number = errno;
    return xy_error_set(error, XYLEM_CANNOT_START, "cannot %s %s: %s%s", what, endpoint,
                        zmq_strerror(number), advice(number));
}

/* libzmq gives up with EINTR also what does not wait: so no signal comes meanwhile. The threads
 * that it begins have their own mask. */
static void hold_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

static void release_signals(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static bool begin(xy_link *link, const xy_link_options *options, xy_error *error)
{
    sigset_t before;
    hold_signals(&before);
    bool opened = open_sockets(link, options);
    if (!opened)
        xy_error_set(error, XYLEM_CANNOT_START, "cannot open a ZeroMQ socket: %s",
                     zmq_strerror(errno));
    release_signals(&before);
    return opened;
}

bool xy_link_bind(xy_link *link, const char *endpoint, xy_error *error)
{
    sigset_t before;
    hold_signals(&before);
    bool bound = listen_at(link, endpoint);
    if (!bound)
        explain("bind", endpoint, error);
    release_signals(&before);
    return bound;
}

xy_link *xy_link_open(const xy_link_options *options, xy_error *error)
{
    xy_link *link = calloc(1, sizeof *link);
    if (!link) {
        xy_error_code(error, XYLEM_NO_MEMORY);
        return NULL;
    }
    zmq_msg_init(&link->frame);
    link->timeout = -1;
    if (options->keys)
        link->keys = *options->keys;
    if (begin(link, options, error) &&
        (!options->endpoint || xy_link_bind(link, options->endpoint, error)))
        return link;
    xy_link_close(&link);
    return NULL;
}

void xy_link_close(xy_link **result)
{
    xy_link *link = *result;
    connection *each, *next;
    sigset_t before;
    *result = NULL;
    if (!link)
        return;
    xy_outboxes_clear(&link->outboxes);
    DL_FOREACH_SAFE(link->parents, each, next) free(each);
    zmq_msg_close(&link->frame);
    hold_signals(&before);
    if (link->endpoint[0]) /* closing a bound inproc socket costs a search of all of them */
        zmq_unbind(link->socket, link->endpoint);
    release_signals(&before);
    if (link->socket)
        zmq_close(link->socket);
    xy_zap_close(link->zap);
    xy_keys_forget(&link->keys);
    free(link);
}

const char *xy_link_address(const xy_link *link)
{
    return link->address;
}

/* Parents. */

/* Without one libzmq would not connect, and not say so. */
static bool has_descriptor(const char *endpoint, xy_error *error)
{
    return strncmp(endpoint, "inproc:", 7) == 0 || xy_limits_descriptors(1, error);
}

/* The same without a port to come from, */
static bool has_port(const char *endpoint)
{
    return !is_tcp(endpoint) || xy_limits_port();
}

/* and when there is nothing to connect to. */
static bool is_there(const char *endpoint)
{
    const char *path = path_of(endpoint);
    return !path || access(path, F_OK) == 0;
}

/* A name counts for the connection that is made next. */
static bool set_names(void *socket, const xy_peer *parent)
{
    char ours[NAME_SIZE], theirs[NAME_SIZE];
    name_of(&(xy_peer){XY_CHILD, parent->link, parent->tag}, ours);
    name_of(parent, theirs);
    return zmq_setsockopt(socket, ZMQ_ROUTING_ID, ours, NAME_SIZE) == 0 &&
           zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, theirs, NAME_SIZE) == 0;
}

static void end_connection(xy_link *link, connection *ended)
{
    sigset_t before;
    link->empty = false;
    hold_signals(&before);
    zmq_disconnect(link->socket, ended->endpoint);
    release_signals(&before);
    xy_outboxes_drop(&link->outboxes, &ended->parent);
    DL_DELETE(link->parents, ended);
    free(ended);
}

/* libzmq does not tell connections to the same endpoint apart. */
static void end_connections_to(xy_link *link, const char *endpoint)
{
    connection *each, *next;
    DL_FOREACH_SAFE(link->parents, each, next)
    {
        if (strcmp(each->endpoint, endpoint) == 0)
            end_connection(link, each);
    }
}

static connection *new_connection(const xy_attachment *attachment)
{
    connection *new = calloc(1, sizeof *new);
    if (!new)
        return NULL;
    new->parent = attachment->parent;
    snprintf(new->endpoint, sizeof new->endpoint, "%.*s", (int)strcspn(attachment->address, " "),
             attachment->address);
    return new;
}

static bool make_connection(xy_link *link, const connection *new, const char *key)
{
    link->empty = false;
    return is_there(new->endpoint) && has_port(new->endpoint) &&
           trust(link->socket, link->zap ? &link->keys : NULL, key) &&
           set_names(link->socket, &new->parent) && zmq_connect(link->socket, new->endpoint) == 0;
}

/* The folder is there, as the link's own socket shows, and the other one's is not any more. */
static bool may_have_ended(const xy_link *link, const char *endpoint)
{
    return path_of(link->endpoint) && is_there(link->endpoint) && !is_there(endpoint);
}

static void explain_connection(const xy_link *link, const char *endpoint, xy_error *error)
{
    if (errno == ENOENT && may_have_ended(link, endpoint))
        xy_error_set(
            error, XYLEM_UNAVAILABLE,
            "cannot connect to %s: %s (the node there has ended; if its socket was removed, start "
            "the network again)",
            endpoint, zmq_strerror(ENOENT));
    else
        explain("connect to", endpoint, error);
}

bool xy_link_connect(xy_link *link, const xy_attachment *attachment, xy_error *error)
{
    const char *blank = strchr(attachment->address, ' ');
    assert(attachment->parent.role == XY_PARENT);
    if (attachment->parent.link.number <= link->latest)
        return true;
    connection *new = new_connection(attachment);
    if (!new)
        xy_error_code(error, XYLEM_NO_MEMORY);
    if (!new || !has_descriptor(new->endpoint, error)) {
        free(new);
        return false;
    }
    end_connections_to(link, new->endpoint);
    link->latest = new->parent.link.number;
    DL_APPEND(link->parents, new);
    sigset_t before;
    hold_signals(&before);
    bool made = make_connection(link, new, blank ? blank + 1 : "");
    if (!made)
        explain_connection(link, new->endpoint, error);
    release_signals(&before);
    if (!made)
        end_connection(link, new);
    return made;
}

void xy_link_disconnect(xy_link *link, const xy_peer *parent)
{
    connection *each, *next;
    DL_FOREACH_SAFE(link->parents, each, next)
    {
        if (xy_peer_is(&each->parent, parent))
            end_connection(link, each);
    }
}

/* Children. */

int xy_link_expect(xy_link *link, const xy_peer *child, const char key[XY_KEY_SIZE])
{
    return link->zap ? xy_zap_authorize(link->zap, child->link, key) : XYLEM_OK;
}

void xy_link_let_go(xy_link *link, const xy_peer *child)
{
    xy_outboxes_drop(&link->outboxes, child);
    if (link->zap)
        xy_zap_revoke(link->zap, child->link);
}

/* Sending. */

/* Whether libzmq will still find the memory that it cannot do without. */
static bool is_affordable(size_t size)
{
    xy_error error;
    return size <= LARGE || xy_limits_memory(size + MEMORY_IN_RESERVE, &error);
}

/* 0, and the frame is empty, or an errno. */
static int try_send(xy_link *link, const xy_peer *to, zmq_msg_t *frame)
{
    char name[NAME_SIZE];
    name_of(to, name);
    link->empty = false;
    GIVE(frame);
    bool sent = xy_unbroken_send(link->socket, name, NAME_SIZE, ZMQ_SNDMORE) >= 0 &&
                xy_unbroken_msg_send(frame, link->socket, 0) >= 0;
    return sent ? 0 : errno;
}

/* Sends a frame, or moves it to an outbox. */
static int send_frame(xy_link *link, const xy_peer *to, zmq_msg_t *frame, bool affordable,
                      xy_urgency urgency)
{
    bool waits = xy_outboxes_find(&link->outboxes, to);
    int error = waits ? EAGAIN : affordable ? try_send(link, to, frame) : ENOMEM;
    if (!error || urgency == XY_LOSSY)
        return XYLEM_OK;
    if (error == ENOMEM && urgency != XY_VITAL)
        return XYLEM_NO_MEMORY;
    return error == EHOSTUNREACH ? XYLEM_UNAVAILABLE
                                 : xy_outboxes_add(&link->outboxes, to, frame, urgency);
}

static void release(void *memory, void *hint)
{
    (void)hint;
    xy_release(memory);
}

/* A frame for a message; false when there is no memory. */
static bool make_frame(zmq_msg_t *frame, size_t size, uint8_t **memory)
{
    if (!*memory)
        return zmq_msg_init_size(frame, size) == 0;
    if (zmq_msg_init_data(frame, *memory, size, release, NULL) < 0)
        return false;
    *memory = NULL;
    return true;
}

int xy_link_send(xy_link *link, const xy_peer *to, const xy_message *message, xy_urgency urgency)
{
    uint8_t *none = NULL;
    return xy_link_send_own(link, to, message, &none, urgency);
}

int xy_link_send_own(xy_link *link, const xy_peer *to, const xy_message *message, uint8_t **memory,
                     xy_urgency urgency)
{
    size_t size = xy_message_size(message);
    zmq_msg_t frame;
    if (!make_frame(&frame, size, memory))
        return urgency == XY_LOSSY ? XYLEM_OK : XYLEM_NO_MEMORY;
    xy_message_encode(message, zmq_msg_data(&frame));
    int error = send_frame(link, to, &frame, is_affordable(size), urgency);
    zmq_msg_close(&frame);
    return error;
}

/* What is passed on has its memory already, unless it is encrypted anew. */
int xy_link_forward(xy_link *link, const xy_peer *to, xy_urgency urgency)
{
    bool affordable = !link->zap || is_affordable(zmq_msg_size(&link->frame));
    assert(zmq_msg_size(&link->frame) > 0);
    return send_frame(link, to, &link->frame, affordable, urgency);
}

static bool send_waiting(void *owner, const xy_peer *to, zmq_msg_t *frame)
{
    int error = is_affordable(zmq_msg_size(frame)) ? try_send(owner, to, frame) : ENOMEM;
    return error != EAGAIN && error != ENOMEM;
}

bool xy_link_flush(xy_link *link)
{
    if (link->outboxes.all)
        xy_outboxes_flush(&link->outboxes, send_waiting, link);
    return !link->outboxes.all;
}

size_t xy_link_waiting(const xy_link *link)
{
    return link->outboxes.cost;
}

/* Ringing. */

/* No two rings of the process bear the same name, wherever they come from. */
static atomic_uint_fast64_t rings;

static bool ring_name(xy_link *link, const char name[NAME_SIZE])
{
    link->empty = false;
    return xy_unbroken_send(link->socket, name, NAME_SIZE, ZMQ_SNDMORE) >= 0 &&
           xy_unbroken_send(link->socket, "", 0, 0) >= 0;
}

bool xy_link_ring(xy_link *link, const xy_peer *to)
{
    char name[NAME_SIZE];
    name_of(to, name);
    return ring_name(link, name);
}

/* Over the connection that there is: libzmq would end it together with that of the ring. */
static bool ring_parent(xy_link *link, const char *address)
{
    connection *each;
    DL_FOREACH(link->parents, each)
    {
        if (strcmp(each->endpoint, address) == 0 && xy_link_ring(link, &each->parent))
            return true;
    }
    return false;
}

static void ring_newly(xy_link *link, const char *address)
{
    char name[NAME_SIZE];
    write_name(name, NAME_RING, 0, atomic_fetch_add(&rings, 1));
    if (zmq_setsockopt(link->socket, ZMQ_ROUTING_ID, name, NAME_SIZE) < 0 ||
        zmq_setsockopt(link->socket, ZMQ_CONNECT_ROUTING_ID, name, NAME_SIZE) < 0 ||
        zmq_connect(link->socket, address) < 0)
        return;
    ring_name(link, name);
    zmq_disconnect(link->socket, address);
}

void xy_link_ring_at(xy_link *link, const char *address)
{
    sigset_t before;
    hold_signals(&before);
    if (!ring_parent(link, address))
        ring_newly(link, address);
    release_signals(&before);
}

/* Receiving. */

/* Behind a zap a child speaks only under its own name, and not under a parent's. The messages of a
 * parent bear no User-Id: the link is its client. */
static bool is_true(xy_link *link, const xy_peer *from)
{
    const char *known = link->zap ? zmq_msg_gets(&link->frame, "User-Id") : NULL;
    if (!link->zap || from->role == XY_STRANGER)
        return true;
    return from->role == XY_PARENT ? !known
                                   : known && xy_zap_link(known).number == from->link.number;
}

static bool drop_rest(xy_link *link)
{
    bool dropped = false;
    for (; zmq_msg_more(&link->frame); dropped = true)
        if (xy_unbroken_msg_recv(&link->frame, link->socket, 0) < 0)
            return true;
    return dropped;
}

/* The name has come: takes what it says. */
static void receive_rest(xy_link *link, xy_received *received)
{
    *received = (xy_received){.from = peer_of(&link->frame)};
    if (!zmq_msg_more(&link->frame) || xy_unbroken_msg_recv(&link->frame, link->socket, 0) < 0 ||
        drop_rest(link))
        return;
    if (!is_true(link, &received->from))
        received->from = (xy_peer){.role = XY_STRANGER};
    received->frame = zmq_msg_data(&link->frame);
    received->size = zmq_msg_size(&link->frame);
    TAKE(&link->frame);
}

bool xy_link_receive(xy_link *link, xy_received *received)
{
    link->empty = xy_unbroken_msg_recv(&link->frame, link->socket, 0) < 0;
    if (link->empty && link->zap && !link->zap_quiet)
        xy_zap_serve(link->zap);
    link->zap_quiet = false;
    if (!link->empty)
        receive_rest(link, received);
    return !link->empty;
}

/* Waiting. */

enum { RETRY_MS = 10 };

/* For how long to wait: a ROUTER does not tell when it can send to one of its peers. */
static int patience(const xy_link *link, int64_t timeout_ms)
{
    if (link->outboxes.all && timeout_ms > RETRY_MS)
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
    if (link->zap)
        polled[1].fd = xy_zap_fd(link->zap);
    for (int i = 0; i < count; i++)
        polled[XY_LINK_FDS + i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    if (poll(polled, XY_LINK_FDS + (nfds_t)count, patience(link, timeout_ms)) < 0)
        return UINT_MAX;
    link->zap_quiet = polled[1].revents == 0;
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
    link->empty = !come && errno == EAGAIN;
    if (come)
        receive_rest(link, received);
    return come;
}

void xy_link_fds(const xy_link *link, int fds[XY_LINK_FDS])
{
    fds[0] = link->fd;
    fds[1] = link->zap ? xy_zap_fd(link->zap) : -1;
}

void xy_link_settle(xy_link *link)
{
    link->empty = false;
    xy_unbroken_events(link->socket);
}

bool xy_link_idle(const xy_link *link)
{
    return (link->empty || (xy_unbroken_events(link->socket) & ZMQ_POLLIN) == 0) &&
           (!link->zap || xy_zap_quiet(link->zap));
}
