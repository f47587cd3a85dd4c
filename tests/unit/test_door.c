/* The door of a link over tcp: the network's own nodes come in, and nobody else. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "core/machine.h"
#include "runtime/link.h"

enum { CHILD = 7, OTHER = 8, WAIT_MS = 5000, SILENCE_MS = 300 };

typedef struct fixture {
    void *context, *outside; /* the parent's, and that of everybody else */
    xy_keys keys;
    xy_keys child; /* of the child that was admitted */
    xy_link *parent;
    void *visitor; /* the socket of whoever has come last */
} fixture;

static int set_up(void **state)
{
    char reason[XYLEM_REASON_SIZE];
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->context = zmq_ctx_new();
    f->outside = zmq_ctx_new();
    xy_link_options options = {.context = f->context,
                               .self = XY_PARENT,
                               .endpoint = "tcp://127.0.0.1:*",
                               .keys = &f->keys};
    return !xy_keys_make(&f->keys, NULL) || xy_link_open(&f->parent, &options, reason) ||
           !xy_keys_make(&f->child, &f->keys) ||
           !xy_door_admit(xy_link_door(f->parent), CHILD, f->child.public);
}

static void leave(fixture *f)
{
    if (f->visitor)
        zmq_close(f->visitor);
    f->visitor = NULL;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    leave(f);
    xy_link_close(&f->parent);
    zmq_ctx_term(f->outside);
    zmq_ctx_term(f->context);
    free(f);
    return 0;
}

/* The next frame that arrives, until `timeout_ms` are over; false when there is none. */
static bool hear(fixture *f, uint64_t *peer, int timeout_ms)
{
    xy_received received;
    for (int waited = 0; waited < timeout_ms; waited += 10) {
        if (xy_link_receive(f->parent, &received)) {
            *peer = received.peer;
            return true;
        }
        xy_link_wait(f->parent, NULL, 0, 10);
    }
    return false;
}

static void expect_silence(fixture *f)
{
    uint64_t peer;
    assert_false(hear(f, &peer, SILENCE_MS));
}

/* Somebody who says that he is `name`, and sends a frame. Without keys he has none. */
static void come(fixture *f, uint64_t name, const xy_keys *keys)
{
    char routing_id[9] = "c";
    int linger = 0;
    leave(f);
    void *socket = f->visitor = zmq_socket(f->outside, ZMQ_DEALER);
    for (int i = 0; i < 8; i++)
        routing_id[1 + i] = (char)(uint8_t)(name >> (56 - 8 * i));
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, routing_id, sizeof routing_id);
    if (keys) {
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->parent, 40), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, 40), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, 40), 0);
    }
    assert_int_equal(zmq_connect(socket, xy_link_endpoint(f->parent)), 0);
    assert_int_equal(zmq_send(socket, "hello", 5, 0), 5);
}

static void expect_welcome(fixture *f)
{
    uint64_t peer;
    come(f, CHILD, &f->child);
    assert_true(hear(f, &peer, WAIT_MS));
    assert_true(peer == CHILD);
}

static void expect_refused(fixture *f, uint64_t name, const xy_keys *keys)
{
    come(f, name, keys);
    expect_silence(f);
}

static void test_child(void **state)
{
    expect_welcome(*state);
}

static void test_no_keys(void **state)
{
    fixture *f = *state;
    expect_refused(f, CHILD, NULL);
    expect_welcome(f);
}

static void test_wrong_keys(void **state)
{
    fixture *f = *state;
    xy_keys own, stray;
    assert_true(xy_keys_make(&own, NULL));
    assert_true(xy_keys_make(&stray, &own)); /* of another network */
    expect_refused(f, CHILD, &stray);
    assert_true(xy_keys_make(&stray, &f->keys)); /* even if he knows the link's own key */
    expect_refused(f, CHILD, &stray);
    expect_welcome(f);
}

static void test_stolen_name(void **state)
{
    fixture *f = *state;
    uint64_t peer;
    come(f, OTHER, &f->child);
    assert_true(hear(f, &peer, WAIT_MS));
    assert_true(peer == XY_STRANGER);
}

static void test_earlier_life(void **state)
{
    fixture *f = *state;
    xy_door_dismiss(xy_link_door(f->parent), CHILD);
    expect_refused(f, CHILD, &f->child);
}

static void test_too_many_guests(void **state)
{
    fixture *f = *state;
    int more = 0;
    while (more < 100 && xy_door_admit(xy_link_door(f->parent), OTHER, f->child.public))
        more++;
    assert_true(more > 0 && more < 100);
}

/* Without libzmq. */

static int connect_raw(const fixture *f)
{
    const char *port = strrchr(xy_link_endpoint(f->parent), ':') + 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* The other side says no more, and hangs up. */
static void expect_hung_up(int fd)
{
    char buffer[512];
    struct timeval limit = {.tv_sec = WAIT_MS / 1000 + 5};
    ssize_t received;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    while ((received = recv(fd, buffer, sizeof buffer, 0)) > 0)
        ;
    assert_true(received == 0 || errno == ECONNRESET);
    close(fd);
}

static void test_garbage(void **state)
{
    fixture *f = *state;
    char garbage[4096];
    memset(garbage, 'x', sizeof garbage);
    int fd = connect_raw(f);
    assert_true(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL) > 0);
    expect_hung_up(fd);
    expect_silence(f);
    expect_welcome(f);
}

/* The greeting of ZMTP 3, as one who will encrypt, and then a command of two gigabytes. */
static void test_huge_frame(void **state)
{
    fixture *f = *state;
    uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    uint8_t huge[9 + 16] = {0x06, 0, 0, 0, 0, 0x80, 0, 0, 0};
    int fd = connect_raw(f);
    assert_true(send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == sizeof greeting);
    assert_true(send(fd, huge, sizeof huge, MSG_NOSIGNAL) == sizeof huge);
    expect_hung_up(fd);
    expect_silence(f);
    expect_welcome(f);
}

/* Those who connect and say nothing hold up nobody. */
static void test_flood(void **state)
{
    enum { FLOOD = 200 };
    fixture *f = *state;
    int fds[FLOOD];
    for (int i = 0; i < FLOOD; i++)
        fds[i] = connect_raw(f);
    expect_welcome(f);
    for (int i = 0; i < FLOOD; i++)
        close(fds[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_child),       TEST(test_no_keys),      TEST(test_wrong_keys),
        TEST(test_stolen_name), TEST(test_earlier_life), TEST(test_too_many_guests),
        TEST(test_garbage),     TEST(test_huge_frame),   TEST(test_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
