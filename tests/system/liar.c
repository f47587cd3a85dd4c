/* Services that lie, for a xylem of the tests: see strangers.py. The parent's name and the keys are
 * overheard between the link and libzmq.
 *
 * - liar HEX... | nothing: sends these frames to its parent, just before the reply, which is its
 *   name at the socket of its parent and its hello, and over tcp its keys and its parent's
 * - late: the same; before it connects to its parent, it writes the parent's name to the FIFO
 *   $TMPDIR/late, and waits for the end of the FIFO $TMPDIR/go
 * - forger: a liar that says hello in many wrong ways before it says it in the right one
 * - stranger: a forger that never says it in the right one
 */
#include <assert.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "core/message.h"
#include "xylem.h"

enum { NAME_SIZE = 17, LIES_MAX = 512, LIE_MAX = 1024, TEXT_MAX = 4096, Z85_SIZE = 41 };

typedef struct lie {
    uint8_t bytes[LIE_MAX];
    size_t size;
} lie;

/* A worker process has one node. */
static struct {
    enum { LIAR, LATE, FORGER, STRANGER } kind;
    char name[NAME_SIZE]; /* of its parent */
    uint8_t hello[LIE_MAX];
    size_t hello_size;
    bool greets; /* the hello is sent next */
    char public[Z85_SIZE], secret[Z85_SIZE], server[Z85_SIZE];
    lie lies[LIES_MAX]; /* to be sent */
    int count;
} self;

int __real_zmq_send(void *socket, const void *bytes, size_t size, int flags);
int __real_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);
int __real_zmq_setsockopt(void *socket, int option, const void *value, size_t size);
int __wrap_zmq_send(void *socket, const void *bytes, size_t size, int flags);
int __wrap_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags);
int __wrap_zmq_setsockopt(void *socket, int option, const void *value, size_t size);

static char *write_hex(char *at, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at += sprintf(at, "%02x", ((const uint8_t *)bytes)[i]);
    return at;
}

static void send_lie(void *socket, const void *bytes, size_t size)
{
    int name = __real_zmq_send(socket, self.name, NAME_SIZE, ZMQ_SNDMORE);
    int rest = __real_zmq_send(socket, bytes, size, 0);
    assert(name == NAME_SIZE && rest == (int)size);
    (void)name, (void)rest;
}

/* Waits for another process, which may come under the name of this node, or of its parent. */
static void wait_for_others(void)
{
    char path[256], text[2 * NAME_SIZE + 1], byte;
    snprintf(path, sizeof path, "%s/late", getenv("TMPDIR"));
    int fd = open(path, O_WRONLY);
    write_hex(text, self.name, NAME_SIZE);
    ssize_t written = write(fd, text, 2 * NAME_SIZE);
    close(fd);
    snprintf(path, sizeof path, "%s/go", getenv("TMPDIR"));
    fd = open(path, O_RDONLY);
    while (read(fd, &byte, 1) > 0)
        continue;
    close(fd);
    (void)written;
}

/* The word of a link that its child is silent, which only a parent gives. */
static xy_message silence_of(const xy_message *hello)
{
    xy_message silence = {
        .kind = XY_CHANGE, .code = XY_CHANGE_SILENT, .id = hello->id, .life = hello->life};
    memcpy(&silence.link.number, self.name + 1, 8);
    memcpy(&silence.number.tag, self.name + 9, 8);
    silence.link.number = be64toh(silence.link.number);
    silence.number.tag = be64toh(silence.number.tag);
    return silence;
}

/* A wrong secret, a part of it, none, another id, another life, and what is no hello. */
static void forge(void *socket, const xy_message *hello)
{
    uint8_t frame[LIE_MAX], payload[LIE_MAX];
    xy_message forged[7];
    for (int i = 0; i < 6; i++)
        forged[i] = *hello;
    assert(hello->payload_size <= sizeof payload);
    memcpy(payload, xy_message_payload(hello), hello->payload_size);
    payload[XY_SECRET_SIZE - 1] ^= 1;
    forged[0].body = payload;
    forged[1].payload_size = XY_SECRET_SIZE - 1;
    forged[2].payload_size = 0;
    forged[3].id++;
    forged[4].life.number--;
    forged[5].kind = XY_HEARTBEAT;
    forged[5].body = NULL;
    forged[5].payload_size = 0;
    forged[6] = silence_of(hello);
    for (int i = 0; i < 7; i++) {
        xy_message_encode(&forged[i], frame);
        send_lie(socket, frame, xy_message_size(&forged[i]));
    }
}

/* What is overheard. */

int __wrap_zmq_setsockopt(void *socket, int option, const void *value, size_t size)
{
    int result = __real_zmq_setsockopt(socket, option, value, size);
    char *keys[] = {[0] = self.public, [1] = self.secret, [2] = self.server};
    int which = option == ZMQ_CURVE_PUBLICKEY   ? 0
                : option == ZMQ_CURVE_SECRETKEY ? 1
                : option == ZMQ_CURVE_SERVERKEY ? 2
                                                : -1;
    if (which >= 0 && size < Z85_SIZE)
        memcpy(keys[which], value, size);
    if (option == ZMQ_CONNECT_ROUTING_ID && size == NAME_SIZE && *(const char *)value == 'p') {
        memcpy(self.name, value, NAME_SIZE);
        if (self.kind == LATE)
            wait_for_others();
    }
    return result;
}

static bool is_to_parent(const void *bytes, size_t size)
{
    return size == NAME_SIZE && memcmp(bytes, self.name, NAME_SIZE) == 0;
}

/* A name comes before each frame. That of the hello waits until the forger has seen the hello. */
int __wrap_zmq_send(void *socket, const void *bytes, size_t size, int flags)
{
    if (!is_to_parent(bytes, size))
        return __real_zmq_send(socket, bytes, size, flags);
    for (int i = 0; i < self.count; i++)
        send_lie(socket, self.lies[i].bytes, self.lies[i].size);
    self.count = 0;
    self.greets = !self.hello_size;
    return self.greets ? NAME_SIZE : __real_zmq_send(socket, bytes, size, flags);
}

static void greet(void *socket, zmq_msg_t *frame)
{
    xy_message hello;
    self.greets = false;
    self.hello_size = zmq_msg_size(frame);
    bool proper = self.hello_size <= sizeof self.hello &&
                  xy_message_decode(&hello, zmq_msg_data(frame), self.hello_size);
    assert(proper && hello.kind == XY_HELLO);
    memcpy(self.hello, zmq_msg_data(frame), self.hello_size);
    if (proper && self.kind >= FORGER)
        forge(socket, &hello);
    if (self.kind != STRANGER)
        __real_zmq_send(socket, self.name, NAME_SIZE, ZMQ_SNDMORE);
}

static int keep_back(zmq_msg_t *frame)
{
    int size = (int)zmq_msg_size(frame);
    zmq_msg_close(frame);
    zmq_msg_init(frame);
    return size;
}

int __wrap_zmq_msg_send(zmq_msg_t *frame, void *socket, int flags)
{
    bool greets = self.greets;
    if (greets)
        greet(socket, frame);
    return greets && self.kind == STRANGER ? keep_back(frame)
                                           : __real_zmq_msg_send(frame, socket, flags);
}

/* The services. */

static int open_late(void **state)
{
    (void)state;
    self.kind = LATE;
    return XYLEM_OK;
}

static int open_forger(void **state)
{
    (void)state;
    self.kind = FORGER;
    return XYLEM_OK;
}

static int open_stranger(void **state)
{
    (void)state;
    self.kind = STRANGER;
    return XYLEM_OK;
}

/* Takes one frame; false when there is none. */
static bool take_lie(const char **text)
{
    lie *new = &self.lies[self.count];
    unsigned byte;
    new->size = 0;
    while (**text == ' ')
        ++*text;
    for (; sscanf(*text, "%2x", &byte) == 1 && **text != ' '; *text += 2) {
        assert(new->size < LIE_MAX);
        new->bytes[new->size++] = (uint8_t)byte;
    }
    return new->size > 0;
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    char reply[TEXT_MAX], *end = reply;
    (void)state;
    for (self.count = 0; self.count < LIES_MAX && take_lie(&text);)
        self.count++;
    end = write_hex(end, self.name, NAME_SIZE);
    *end++ = ' ';
    end = write_hex(end, self.hello, self.hello_size);
    for (int i = 0; self.public[0] && i < 3; i++) {
        *end++ = ' ';
        const char *key = i == 0 ? self.public : i == 1 ? self.secret : self.server;
        end = write_hex(end, key, strlen(key));
    }
    return xylem_work_reply(work, reply, (size_t)(end - reply));
}

__attribute__((constructor)) static void register_services(void)
{
    static const xylem_service services[] = {
        XYLEM_SERVICE(.name = "liar", .exec = exec),
        XYLEM_SERVICE(.name = "late", .open = open_late, .exec = exec),
        XYLEM_SERVICE(.name = "forger", .open = open_forger, .exec = exec),
        XYLEM_SERVICE(.name = "stranger", .open = open_stranger, .exec = exec)};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        xylem_register(&services[i]);
}
