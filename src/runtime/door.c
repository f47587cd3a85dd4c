#include "runtime/door.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* Children, one that ends and one that comes after it for each place. */
enum { GUESTS_MAX = 4, KEY_BYTES = 32, USER_ID_SIZE = 24 };

typedef struct guest {
    uint64_t incarnation;
    uint8_t key[KEY_BYTES];
} guest;

struct xy_door {
    void *socket;
    int fd;
    guest guests[GUESTS_MAX];
    size_t count;
};

/* Keys. */

bool xy_keys_make(xy_keys *keys, const xy_keys *parent)
{
    *keys = (xy_keys){.parent = ""};
    if (parent)
        memcpy(keys->parent, parent->public, XY_KEY_SIZE);
    return zmq_curve_keypair(keys->public, keys->secret) == 0;
}

void xy_keys_forget(xy_keys *keys)
{
    explicit_bzero(keys->secret, sizeof keys->secret);
}

/* Who is let in. */

uint64_t xy_door_guest(const char *user_id)
{
    return strtoull(user_id, NULL, 10);
}

bool xy_door_admit(xy_door *door, uint64_t incarnation, const char key[XY_KEY_SIZE])
{
    if (door->count == GUESTS_MAX)
        return false;
    guest *added = &door->guests[door->count];
    added->incarnation = incarnation;
    if (!zmq_z85_decode(added->key, key))
        return false;
    door->count++;
    return true;
}

void xy_door_dismiss(xy_door *door, uint64_t incarnation)
{
    for (size_t i = 0; i < door->count; i++)
        if (door->guests[i].incarnation == incarnation)
            door->guests[i] = door->guests[--door->count];
}

static const guest *find_guest(const xy_door *door, const void *key, size_t size)
{
    for (size_t i = 0; i < door->count; i++)
        if (size == KEY_BYTES && memcmp(door->guests[i].key, key, KEY_BYTES) == 0)
            return &door->guests[i];
    return NULL;
}

/* One request, as RFC 27 has it. */

enum { PART_VERSION, PART_REQUEST, PART_MECHANISM = 5, PART_KEY, PARTS, PART_SIZE = 256 };

typedef struct part {
    char bytes[PART_SIZE];
    size_t size;
} part;

static bool receive_parts(xy_door *door, part parts[PARTS])
{
    int more = 1;
    size_t size = sizeof more;
    for (int i = 0; more; i++) {
        part spare = {.size = 0}, *into = i < PARTS ? &parts[i] : &spare;
        int received = zmq_recv(door->socket, into->bytes, PART_SIZE, ZMQ_DONTWAIT);
        if (received < 0)
            return false;
        into->size = received < PART_SIZE ? (size_t)received : 0; /* too long is as good as none */
        zmq_getsockopt(door->socket, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static bool says(const part *said, const char *word)
{
    return said->size == strlen(word) && memcmp(said->bytes, word, said->size) == 0;
}

static void send_text(xy_door *door, const char *text, int flags)
{
    zmq_send(door->socket, text, strlen(text), flags | ZMQ_DONTWAIT);
}

static void answer(xy_door *door, const part parts[PARTS])
{
    char user_id[USER_ID_SIZE] = "";
    bool proper = says(&parts[PART_VERSION], "1.0") && says(&parts[PART_MECHANISM], "CURVE");
    const guest *known =
        proper ? find_guest(door, parts[PART_KEY].bytes, parts[PART_KEY].size) : NULL;
    if (known)
        snprintf(user_id, sizeof user_id, "%" PRIu64, known->incarnation);
    send_text(door, "1.0", ZMQ_SNDMORE);
    zmq_send(door->socket, parts[PART_REQUEST].bytes, parts[PART_REQUEST].size,
             ZMQ_SNDMORE | ZMQ_DONTWAIT);
    send_text(door, known ? "200" : "400", ZMQ_SNDMORE);
    send_text(door, "", ZMQ_SNDMORE);
    send_text(door, user_id, ZMQ_SNDMORE);
    send_text(door, "", 0);
}

void xy_door_serve(xy_door *door)
{
    part parts[PARTS] = {{.size = 0}};
    while (receive_parts(door, parts)) {
        answer(door, parts);
        memset(parts, 0, sizeof parts);
    }
}

/* The socket. */

int xy_door_fd(const xy_door *door)
{
    return door->fd;
}

bool xy_door_quiet(const xy_door *door)
{
    int events = 0;
    size_t size = sizeof events;
    zmq_getsockopt(door->socket, ZMQ_EVENTS, &events, &size);
    return (events & ZMQ_POLLIN) == 0;
}

xy_door *xy_door_open(void *context)
{
    int linger = 0;
    xy_door *door = calloc(1, sizeof *door);
    size_t size = door ? sizeof door->fd : 0;
    if (!door)
        return NULL;
    door->socket = zmq_socket(context, ZMQ_REP);
    if (door->socket && zmq_setsockopt(door->socket, ZMQ_LINGER, &linger, sizeof linger) == 0 &&
        zmq_bind(door->socket, "inproc://zeromq.zap.01") == 0 &&
        zmq_getsockopt(door->socket, ZMQ_FD, &door->fd, &size) == 0)
        return door;
    xy_door_close(door);
    return NULL;
}

void xy_door_close(xy_door *door)
{
    if (door && door->socket)
        zmq_close(door->socket);
    free(door);
}
