/* The zap of a link over tcp: only peers come in that are expected, each under its own name. */
#include "links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHILD = 7, OTHER = 8, WAIT_MS = 5000, SILENCE_MS = 300, NAME_BYTES = 17 };

typedef struct fixture {
    void *context, *outside; /* the parent's, and that of all others */
    xy_keys keys;
    xy_keys child; /* of the child that is expected */
    xy_link *parent;
    void *visitor; /* the socket of the peer that came last */
} fixture;

static int expect(fixture *f, uint64_t number, const char *key)
{
    xy_peer child = links_peer(XY_CHILD, number);
    return xy_link_expect(f->parent, &child, key);
}

static int set_up(void **state)
{
    fixture *f = *state = calloc(1, sizeof *f);
    f->context = zmq_ctx_new();
    f->outside = zmq_ctx_new();
    assert_true(xy_keys_make(&f->keys) && xy_keys_make(&f->child));
    f->parent = links_open_one(f->context, "tcp://127.0.0.1:*", &f->keys);
    return expect(f, CHILD, f->child.public);
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
static bool hear(fixture *f, xy_peer *from, int timeout_ms)
{
    xy_received received;
    for (int waited = 0; waited < timeout_ms; waited += 10) {
        if (xy_link_receive(f->parent, &received)) {
            *from = received.from;
            return true;
        }
        xy_link_wait(f->parent, NULL, 0, 10);
    }
    return false;
}

static void expect_silence(fixture *f)
{
    xy_peer from;
    assert_false(hear(f, &from, SILENCE_MS));
}

/* The name of a peer at the link's socket. */
static void write_name(char name[NAME_BYTES], const xy_peer *peer)
{
    name[0] = peer->role == XY_CHILD ? 'c' : 'p';
    for (int i = 0; i < 8; i++) {
        name[1 + i] = (char)(uint8_t)(peer->link.number >> (56 - 8 * i));
        name[9 + i] = (char)(uint8_t)(peer->tag >> (56 - 8 * i));
    }
}

/* A peer comes under this name, and sends a frame; with keys, or without, and knows this key of the
 * link. */
static void come(fixture *f, xy_peer named, const xy_keys *keys, const char *parent)
{
    char name[NAME_BYTES], endpoint[XY_ADDRESS_SIZE];
    int linger = 0;
    leave(f);
    write_name(name, &named);
    snprintf(endpoint, sizeof endpoint, "%s", xy_link_address(f->parent));
    endpoint[strcspn(endpoint, " ")] = '\0';
    void *socket = f->visitor = zmq_socket(f->outside, ZMQ_DEALER);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, sizeof name);
    if (keys) {
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, parent, 40), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, 40), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, 40), 0);
    }
    assert_int_equal(zmq_connect(socket, endpoint), 0);
    assert_int_equal(zmq_send(socket, "hello", 5, 0), 5);
}

/* Comes with its own key, as this link, and is heard as this peer. */
static void expect_heard(fixture *f, xy_peer named, const xy_keys *keys, bool stranger)
{
    xy_peer from;
    come(f, named, keys, f->keys.public);
    assert_true(hear(f, &from, WAIT_MS));
    assert_true(stranger ? from.role == XY_STRANGER : xy_peer_is(&from, &named));
}

static void expect_welcome(fixture *f)
{
    expect_heard(f, links_peer(XY_CHILD, CHILD), &f->child, false);
}

static void expect_refused(fixture *f, const xy_keys *keys, const char *parent)
{
    come(f, links_peer(XY_CHILD, CHILD), keys, parent);
    expect_silence(f);
}

static void test_child(void **state)
{
    fixture *f = *state;
    char wanted[XY_KEY_SIZE + 1];
    snprintf(wanted, sizeof wanted, " %s", f->keys.public);
    assert_string_equal(strchr(xy_link_address(f->parent), ' '), wanted);
    expect_welcome(f);
}

static void test_no_keys(void **state)
{
    fixture *f = *state;
    expect_refused(f, NULL, NULL);
    expect_welcome(f);
}

static void test_wrong_keys(void **state)
{
    fixture *f = *state;
    xy_keys own, stray;
    assert_true(xy_keys_make(&own) && xy_keys_make(&stray));
    expect_refused(f, &stray, own.public); /* of another network */
    expect_refused(f, &stray, f->keys.public);
    expect_refused(f, &f->child, own.public);
    expect_welcome(f);
}

/* Under the name of another child, or of a parent. */
static void test_stolen_name(void **state)
{
    fixture *f = *state;
    expect_heard(f, links_peer(XY_CHILD, OTHER), &f->child, true);
    expect_heard(f, links_peer(XY_PARENT, CHILD), &f->child, true);
    expect_welcome(f);
}

static void test_let_go(void **state)
{
    fixture *f = *state;
    xy_peer child = links_peer(XY_CHILD, CHILD);
    xy_link_let_go(f->parent, &child);
    expect_refused(f, &f->child, f->keys.public);
}

/* A child that is expected again, as a new link, comes in as that, and not as the one before; that
 * the one before is let go makes no difference. */
static void test_expected_again(void **state)
{
    fixture *f = *state;
    xy_peer child = links_peer(XY_CHILD, CHILD);
    expect_welcome(f);
    assert_int_equal(expect(f, OTHER, f->child.public), XYLEM_OK);
    assert_int_equal(expect(f, CHILD, f->child.public), XYLEM_OK);
    xy_link_let_go(f->parent, &child);
    child.tag++; /* libzmq may still know the name of the one that has left */
    expect_heard(f, child, &f->child, true);
    expect_heard(f, links_peer(XY_CHILD, OTHER), &f->child, false);
}

static void test_no_key(void **state)
{
    static const char none[][XY_KEY_SIZE] = {"", "0123456789",
                                             "01234567890123456789012345678901234567~~"};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(expect(f, OTHER, none[i]), XYLEM_CANNOT_START);
    expect_welcome(f);
}

/* Without libzmq. */

static int connect_raw(const fixture *f)
{
    char address[XY_ADDRESS_SIZE];
    snprintf(address, sizeof address, "%.*s", (int)strcspn(xy_link_address(f->parent), " "),
             xy_link_address(f->parent));
    const char *port = strrchr(address, ':') + 1;
    struct sockaddr_in local = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&local, sizeof local), 0);
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

/* Peers that connect and say nothing hold up no other. */
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

/* The protocol at the zap (RFC 27), spoken by hand. */

enum { PARTS_MAX = 12, ANSWER_PARTS = 6, ANSWER_SIZE = 512, KEY_BYTES = 32 };
static const xy_link_number large_number = {UINT64_C(1) << 40};

typedef struct gate {
    void *context, *asker;
    xy_zap *zap;
    uint8_t key[KEY_BYTES]; /* of the one peer that may come in */
} gate;

typedef struct request {
    const char *version, *id, *mechanism;
    const void *key;
    size_t key_size;
    int parts; /* 7 are usual */
} request;

typedef struct answer {
    char parts[ANSWER_PARTS][ANSWER_SIZE]; /* version, id, status, text, user, metadata */
    int sizes[ANSWER_PARTS];
} answer;

static void *new_asker(const gate *g)
{
    int linger = 0;
    void *asker = zmq_socket(g->context, ZMQ_REQ);
    assert_int_equal(zmq_setsockopt(asker, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
    return asker;
}

static gate open_gate(void)
{
    gate g = {.context = zmq_ctx_new()};
    xy_keys keys;
    g.zap = xy_zap_open(g.context);
    assert_non_null(g.zap);
    g.asker = new_asker(&g);
    assert_true(xy_keys_make(&keys));
    assert_non_null(zmq_z85_decode(g.key, keys.public));
    assert_int_equal(xy_zap_authorize(g.zap, large_number, keys.public), XYLEM_OK);
    return g;
}

static void close_gate(gate *g)
{
    zmq_close(g->asker);
    xy_zap_close(g->zap);
    zmq_ctx_term(g->context);
}

static request usual(const gate *g)
{
    return (request){"1.0", "1", "CURVE", g->key, sizeof g->key, 7};
}

static void ask(void *asker, request said)
{
    const struct {
        const void *bytes;
        size_t size;
    } parts[PARTS_MAX] = {{said.version, strlen(said.version)},
                          {said.id, strlen(said.id)},
                          {"xylem", 5},
                          {"127.0.0.1", 9},
                          {"", 0},
                          {said.mechanism, strlen(said.mechanism)},
                          {said.key, said.key_size}};
    for (int i = 0; i < said.parts; i++)
        assert_true(zmq_send(asker, parts[i].size ? parts[i].bytes : "", parts[i].size,
                             i + 1 < said.parts ? ZMQ_SNDMORE : 0) >= 0);
}

static answer take_answer(void *asker)
{
    answer taken = {.sizes = {0}};
    for (int i = 0; i < ANSWER_PARTS; i++) {
        taken.sizes[i] = zmq_recv(asker, taken.parts[i], ANSWER_SIZE - 1, ZMQ_DONTWAIT);
        assert_in_range(taken.sizes[i], 0, ANSWER_SIZE - 1);
    }
    assert_string_equal(taken.parts[0], "1.0");
    return taken;
}

static void expect_status(gate *g, request said, const char *status)
{
    ask(g->asker, said);
    xy_zap_serve(g->zap);
    answer taken = take_answer(g->asker);
    bool known = strcmp(status, "200") == 0;
    assert_string_equal(taken.parts[2], status);
    assert_true(xy_zap_link(taken.parts[4]).number == (known ? large_number.number : 0));
}

static void test_requests(void **state)
{
    gate g = open_gate();
    uint8_t stray[KEY_BYTES + 1] = {0};
    (void)state;
    memcpy(stray, g.key, KEY_BYTES);
    request said = usual(&g);
    expect_status(&g, said, "200");
    said.version = "2.0";
    expect_status(&g, said, "400");
    said = usual(&g);
    said.mechanism = "PLAIN";
    expect_status(&g, said, "400");
    said = usual(&g);
    said.key_size--;
    expect_status(&g, said, "400");
    said.key = stray;
    said.key_size = KEY_BYTES + 1;
    expect_status(&g, said, "400");
    stray[KEY_BYTES - 1] ^= 1;
    said.key_size = KEY_BYTES;
    expect_status(&g, said, "400");
    expect_status(&g, usual(&g), "200");
    close_gate(&g);
}

/* Neither too many parts nor too few hurt it. */
static void test_number_of_parts(void **state)
{
    gate g = open_gate();
    (void)state;
    for (int parts = 1; parts <= PARTS_MAX; parts++) {
        request said = usual(&g);
        said.parts = parts;
        expect_status(&g, said, parts < 7 ? "400" : "200");
    }
    close_gate(&g);
}

/* What is longer than there is room for counts as empty. */
static void test_long_part(void **state)
{
    gate g = open_gate();
    char id[400] = "";
    (void)state;
    for (size_t length = 0; length < sizeof id; length++) {
        request said = usual(&g);
        memset(id, 'x', length);
        said.id = id;
        ask(g.asker, said);
        xy_zap_serve(g.zap);
        answer taken = take_answer(g.asker);
        assert_true((length < 256 && taken.sizes[1] == (int)length) || taken.sizes[1] == 0);
    }
    close_gate(&g);
}

static void test_two_at_once(void **state)
{
    gate g = open_gate();
    void *other = new_asker(&g);
    (void)state;
    ask(g.asker, usual(&g));
    ask(other, usual(&g));
    assert_false(xy_zap_quiet(g.zap));
    xy_zap_serve(g.zap);
    assert_true(xy_zap_quiet(g.zap));
    take_answer(g.asker);
    take_answer(other);
    zmq_close(other);
    close_gate(&g);
}

/* Any number of peers may come in, and each goes by itself. */
static void test_many(void **state)
{
    enum { MANY = 500 };
    static uint8_t keys[MANY][KEY_BYTES];
    gate g = open_gate();
    char text[XY_KEY_SIZE];
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        memset(keys[i], (int)(i % 7), KEY_BYTES);
        memcpy(keys[i], &i, sizeof i);
        zmq_z85_encode(text, keys[i], KEY_BYTES);
        assert_int_equal(xy_zap_authorize(g.zap, (xy_link_number){i + 1}, text), XYLEM_OK);
    }
    for (uint64_t gone = 0; gone < MANY; gone += 2)
        xy_zap_revoke(g.zap, (xy_link_number){gone + 1});
    for (uint64_t i = 0; i < MANY; i++) {
        request said = usual(&g);
        said.key = keys[i];
        ask(g.asker, said);
        xy_zap_serve(g.zap);
        answer taken = take_answer(g.asker);
        assert_true(xy_zap_link(taken.parts[4]).number == (i % 2 ? i + 1 : 0));
    }
    xy_zap_revoke(g.zap, large_number);
    expect_status(&g, usual(&g), "400");
    close_gate(&g);
}

/* A key comes in as its latest link only. */
static void test_new_link(void **state)
{
    gate g = open_gate();
    char text[XY_KEY_SIZE];
    (void)state;
    zmq_z85_encode(text, g.key, KEY_BYTES);
    xy_link_number next = {large_number.number + 1};
    assert_int_equal(xy_zap_authorize(g.zap, next, text), XYLEM_OK);
    xy_zap_revoke(g.zap, next);
    expect_status(&g, usual(&g), "400");
    assert_int_equal(xy_zap_authorize(g.zap, large_number, text), XYLEM_OK);
    expect_status(&g, usual(&g), "200");
    close_gate(&g);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_child),
        TEST(test_no_keys),
        TEST(test_wrong_keys),
        TEST(test_stolen_name),
        TEST(test_let_go),
        TEST(test_expected_again),
        TEST(test_no_key),
        TEST(test_garbage),
        TEST(test_huge_frame),
        TEST(test_flood),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_number_of_parts),
        cmocka_unit_test(test_long_part),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_new_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
