#define HASH_NONFATAL_OOM 1 /* what cannot be entered has no tbl then */
#include "link/zap.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <zmq.h>

#include "core/error.h"
#include "link/unbroken.h"

enum { KEY_BYTES = 32, USER_ID_SIZE = 24 };

/* A key that may come in, as its latest link: a child that comes back bears a new number. */
typedef struct entry {
    UT_hash_handle by_link, by_key;
    uint64_t link;
    uint8_t key[KEY_BYTES];
} entry;

struct xy_zap {
    void *socket;
    int fd;
    entry *links, *keys; /* the same ones */
};

/* Keys. */

bool xy_keys_make(xy_keys *keys)
{
    return zmq_curve_keypair(keys->public, keys->secret) == 0;
}

void xy_keys_forget(xy_keys *keys)
{
    explicit_bzero(keys->secret, sizeof keys->secret);
}

/* Which peers are let in. */

xy_link_number xy_zap_link(const char *user_id)
{
    return (xy_link_number){strtoull(user_id, NULL, 10)};
}

static entry *find_key(const xy_zap *zap, const void *key, size_t size)
{
    entry *found = NULL;
    if (size == KEY_BYTES)
        HASH_FIND(by_key, zap->keys, key, KEY_BYTES, found);
    return found;
}

static void forget(xy_zap *zap, entry *gone)
{
    HASH_DELETE(by_link, zap->links, gone);
    HASH_DELETE(by_key, zap->keys, gone);
    free(gone);
}

static bool enter(xy_zap *zap, entry *new)
{
    HASH_ADD(by_link, zap->links, link, sizeof new->link, new);
    if (!new->by_link.tbl)
        return false;
    HASH_ADD(by_key, zap->keys, key, KEY_BYTES, new);
    if (!new->by_key.tbl)
        HASH_DELETE(by_link, zap->links, new);
    return new->by_key.tbl != NULL;
}

int xy_zap_authorize(xy_zap *zap, xy_link_number link, const char key[XY_KEY_SIZE])
{
    uint8_t bytes[KEY_BYTES];
    if (strnlen(key, XY_KEY_SIZE) != XY_KEY_SIZE - 1 || !zmq_z85_decode(bytes, key))
        return XYLEM_CANNOT_START;
    entry *same = find_key(zap, bytes, sizeof bytes), *new = NULL;
    HASH_FIND(by_link, zap->links, &link.number, sizeof link.number, new);
    if (new || (same && same->link > link.number))
        return XYLEM_OK;
    if (same)
        forget(zap, same);
    new = calloc(1, sizeof *new);
    if (!new)
        return XYLEM_NO_MEMORY;
    new->link = link.number;
    memcpy(new->key, bytes, sizeof bytes);
    if (enter(zap, new))
        return XYLEM_OK;
    free(new);
    return XYLEM_NO_MEMORY;
}

void xy_zap_revoke(xy_zap *zap, xy_link_number link)
{
    entry *gone;
    HASH_FIND(by_link, zap->links, &link.number, sizeof link.number, gone);
    if (gone)
        forget(zap, gone);
}

/* One request, as RFC 27 has it. */

enum { PART_VERSION, PART_REQUEST, PART_MECHANISM = 5, PART_KEY, PARTS, PART_SIZE = 256 };

typedef struct part {
    char bytes[PART_SIZE];
    size_t size;
} part;

static bool receive_parts(xy_zap *zap, part parts[PARTS])
{
    int more = 1;
    size_t size = sizeof more;
    for (int i = 0; more; i++) {
        part spare = {.size = 0}, *into = i < PARTS ? &parts[i] : &spare;
        int received = xy_unbroken_recv(zap->socket, into->bytes, PART_SIZE, 0);
        if (received < 0)
            return false;
        into->size =
            received < PART_SIZE ? (size_t)received : 0; /* too long: as if it were empty */
        zmq_getsockopt(zap->socket, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static bool says(const part *said, const char *word)
{
    return said->size == strlen(word) && memcmp(said->bytes, word, said->size) == 0;
}

static void send_text(xy_zap *zap, const char *text, int flags)
{
    xy_unbroken_send(zap->socket, text, strlen(text), flags);
}

static void answer(xy_zap *zap, const part parts[PARTS])
{
    char user_id[USER_ID_SIZE] = "";
    bool proper = says(&parts[PART_VERSION], "1.0") && says(&parts[PART_MECHANISM], "CURVE");
    const entry *known = proper ? find_key(zap, parts[PART_KEY].bytes, parts[PART_KEY].size) : NULL;
    if (known)
        snprintf(user_id, sizeof user_id, "%" PRIu64, known->link);
    send_text(zap, "1.0", ZMQ_SNDMORE);
    xy_unbroken_send(zap->socket, parts[PART_REQUEST].bytes, parts[PART_REQUEST].size, ZMQ_SNDMORE);
    send_text(zap, known ? "200" : "400", ZMQ_SNDMORE);
    send_text(zap, "", ZMQ_SNDMORE);
    send_text(zap, user_id, ZMQ_SNDMORE);
    send_text(zap, "", 0);
}

void xy_zap_serve(xy_zap *zap)
{
    assert(zap->socket);
    part parts[PARTS] = {{.size = 0}};
    while (receive_parts(zap, parts)) {
        answer(zap, parts);
        memset(parts, 0, sizeof parts);
    }
}

/* The socket. */

int xy_zap_fd(const xy_zap *zap)
{
    return zap->fd;
}

bool xy_zap_quiet(const xy_zap *zap)
{
    return (xy_unbroken_events(zap->socket) & ZMQ_POLLIN) == 0;
}

xy_zap *xy_zap_open(void *context)
{
    int linger = 0;
    xy_zap *zap = calloc(1, sizeof *zap);
    size_t size = zap ? sizeof zap->fd : 0;
    if (!zap)
        return NULL;
    zap->socket = zmq_socket(context, ZMQ_REP);
    if (zap->socket && zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
        zmq_bind(zap->socket, "inproc://zeromq.zap.01") == 0 &&
        zmq_getsockopt(zap->socket, ZMQ_FD, &zap->fd, &size) == 0)
        return zap;
    xy_zap_close(zap);
    return NULL;
}

void xy_zap_close(xy_zap *zap)
{
    if (!zap)
        return;
    entry *each = zap->links;
    HASH_CLEAR(by_link, zap->links); /* the tables alone */
    HASH_CLEAR(by_key, zap->keys);
    while (each) {
        entry *gone = each;
        each = gone->by_link.next;
        free(gone);
    }
    if (zap->socket)
        zmq_close(zap->socket);
    free(zap);
}
