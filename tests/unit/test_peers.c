/* Links: which neighbour a frame is from, attachments that come and go, and what ends a wait. */
#include "faulty.h"
#include "links.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

FAULTY(int, poll, (struct pollfd * polled, nfds_t count, int timeout), (polled, count, timeout))
FAULTY_AS("poll", int, __poll_chk, (struct pollfd * polled, nfds_t count, int timeout, size_t room),
          (polled, count, timeout, room))

enum { CEILING_S = 60, NAME_MAX_BYTES = 255, NAME_BYTES = 17, LARGE = XY_MESSAGE_PAYLOAD_MAX };

static int set_up(void **state)
{
    links *l = *state = calloc(1, sizeof *l);
    links_open(l);
    alarm(CEILING_S);
    return 0;
}

static int tear_down(void **state)
{
    alarm(0);
    links_close(*state);
    free(*state);
    return 0;
}

/* The next frame that is no ring. */
static xy_received hear(xy_link *link)
{
    xy_received received;
    while (!xy_link_receive(link, &received) || received.size == 0)
        xy_link_wait(link, NULL, 0, XY_NEVER);
    return received;
}

static void expect_from(xy_link *link, const xy_peer *from, int64_t value)
{
    xy_received received = hear(link);
    assert_true(xy_peer_is(&received.from, from));
    assert_true(links_value(&received) == value);
}

/* Names. */

static void *new_sender(void *context, const void *name, size_t size, const char *endpoint)
{
    int linger = 0;
    void *sender = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(zmq_setsockopt(sender, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_setsockopt(sender, ZMQ_ROUTING_ID, name, size), 0);
    assert_int_equal(zmq_connect(sender, endpoint), 0);
    return sender;
}

/* The peer that a frame is from, when its sender bears this name. */
static xy_peer peer_named(links *l, const void *name, size_t size)
{
    void *sender = new_sender(l->context, name, size, "inproc://parent");
    assert_int_equal(zmq_send(sender, "hello", 5, 0), 5);
    xy_received received = hear(l->parent);
    assert_int_equal(received.size, 5);
    zmq_close(sender);
    return received.from;
}

static void test_names(void **state)
{
    links *l = *state;
    uint8_t name[NAME_MAX_BYTES] = {'c'};
    name[8] = 12;
    name[9] = 0x80;
    xy_peer wanted = {XY_CHILD, {12}, UINT64_C(1) << 63}, peer = peer_named(l, name, NAME_BYTES);
    assert_true(xy_peer_is(&peer, &wanted));
    name[1] = 0x80;
    name[16] = 1;
    wanted = (xy_peer){XY_CHILD, {UINT64_C(1) << 63 | 12}, UINT64_C(1) << 63 | 1};
    peer = peer_named(l, name, NAME_BYTES);
    assert_true(xy_peer_is(&peer, &wanted));
    name[0] = 'p';
    wanted.role = XY_PARENT;
    peer = peer_named(l, name, NAME_BYTES);
    assert_true(xy_peer_is(&peer, &wanted));
    name[0] = 'd';
    assert_true(peer_named(l, name, NAME_BYTES).role == XY_STRANGER);
    name[0] = 'c';
    for (size_t size = 1; size <= NAME_MAX_BYTES; size += size == NAME_BYTES - 1 ? 2 : 1)
        assert_true(peer_named(l, name, size).role == XY_STRANGER);
}

static void test_both_ways(void **state)
{
    links *l = *state;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(links_send(l->child, &l->to_parent, i, 0, XY_VITAL), XYLEM_OK);
        expect_from(l->parent, &l->to_child, i);
        assert_int_equal(links_send(l->parent, &l->to_child, i, 0, XY_VITAL), XYLEM_OK);
        expect_from(l->child, &l->to_parent, i);
    }
}

/* A name that is taken stays with the first who bears it. */
static void test_taken_name(void **state)
{
    static const uint8_t name[NAME_BYTES] = "c\0\0\0\0\0\0\0\x0c";
    links *l = *state;
    void *first = new_sender(l->context, name, sizeof name, "inproc://parent");
    assert_int_equal(zmq_send(first, "first", 5, 0), 5);
    assert_memory_equal(hear(l->parent).frame, "first", 5);
    void *second = new_sender(l->context, name, sizeof name, "inproc://parent");
    assert_int_equal(zmq_send(second, "other", 5, 0), 5);
    assert_int_equal(zmq_send(first, "again", 5, 0), 5);
    assert_memory_equal(hear(l->parent).frame, "again", 5);
    zmq_close(first);
    zmq_close(second);
}

/* Attachments. */

enum { FIRST = 11, SECOND = 12, THIRD = 13 };

/* Three links, each with a context of its own, over a transport. */
typedef struct three {
    void *contexts[3];
    xy_keys keys[3];
    xy_link *links[3]; /* of the child, and of two parents */
    char folder[32];
} three;

static void open_three(three *t, const char *transport)
{
    bool keyed = strcmp(transport, "tcp") == 0, one = strcmp(transport, "inproc") == 0;
    char endpoint[XY_ADDRESS_SIZE] = "tcp://127.0.0.1:*";
    strcpy(t->folder, "/tmp/xy-peers-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    for (int i = 0; i < 3; i++) {
        t->contexts[i] = one && i > 0 ? t->contexts[0] : zmq_ctx_new();
        assert_true(xy_keys_make(&t->keys[i]));
        if (!keyed)
            snprintf(endpoint, sizeof endpoint, "%s://%s/%d", transport, t->folder, i);
        t->links[i] = links_open_one(t->contexts[i], endpoint, keyed ? &t->keys[i] : NULL);
    }
}

static void close_three(three *t)
{
    char path[64];
    for (int i = 0; i < 3; i++)
        xy_link_close(&t->links[i]);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%d", t->folder, i);
        unlink(path);
        if (i == 0 || t->contexts[i] != t->contexts[0])
            zmq_ctx_term(t->contexts[i]);
    }
    assert_int_equal(rmdir(t->folder), 0);
}

/* The parent expects the child as this link, and the child attaches. */
static void attach(three *t, int parent, uint64_t number)
{
    xy_peer child = links_peer(XY_CHILD, number);
    assert_int_equal(xy_link_expect(t->links[parent], &child, t->keys[0].public), XYLEM_OK);
    links_attach(t->links[0], xy_link_address(t->links[parent]), number);
}

static int send_up(three *t, uint64_t number)
{
    xy_peer parent = links_peer(XY_PARENT, number);
    return links_send(t->links[0], &parent, (int64_t)number, 0, XY_VITAL);
}

/* The next frame; behind keys the zap of a link is served by its own receiving. */
static xy_received hear_of_three(three *t, int which)
{
    xy_received received;
    for (int next = 0;; next = (next + 1) % 3)
        if (xy_link_receive(t->links[next], &received)) {
            assert_int_equal(next, which);
            return received;
        }
}

static void expect_exchange(three *t, int parent, uint64_t number)
{
    xy_peer above = links_peer(XY_PARENT, number), below = links_peer(XY_CHILD, number);
    assert_int_equal(send_up(t, number), XYLEM_OK);
    xy_received received = hear_of_three(t, parent);
    assert_true(xy_peer_is(&received.from, &below) && links_value(&received) == (int64_t)number);
    assert_int_equal(links_send(t->links[parent], &below, 1, 0, XY_VITAL), XYLEM_OK);
    received = hear_of_three(t, 0);
    assert_true(xy_peer_is(&received.from, &above) && links_value(&received) == 1);
}

/* Until libzmq has seen that the connection is over. */
static void wait_until_unavailable(three *t, uint64_t number)
{
    xy_received received;
    while (send_up(t, number) != XYLEM_UNAVAILABLE) {
        xy_link_flush(t->links[0]);
        while (xy_link_receive(t->links[0], &received))
            ;
        xy_link_wait(t->links[0], NULL, 0, 1);
    }
}

static void check_moves(const char *transport)
{
    xy_peer first = links_peer(XY_PARENT, FIRST);
    three t = {.folder = ""};
    open_three(&t, transport);
    attach(&t, 1, FIRST);
    expect_exchange(&t, 1, FIRST);
    attach(&t, 2, SECOND);
    expect_exchange(&t, 2, SECOND);
    expect_exchange(&t, 1, FIRST);
    xy_link_disconnect(t.links[0], &first);
    assert_int_equal(send_up(&t, FIRST), XYLEM_UNAVAILABLE);
    expect_exchange(&t, 2, SECOND);
    attach(&t, 1, THIRD); /* back again */
    expect_exchange(&t, 1, THIRD);
    expect_exchange(&t, 2, SECOND);
    close_three(&t);
}

static void test_moves(void **state)
{
    (void)state;
    check_moves("inproc");
    check_moves("ipc");
    check_moves("tcp");
}

/* What the new parent has sent is not lost with the connection to the old one. */
static void check_disconnected(const char *transport)
{
    enum { FRAMES = 200 };
    xy_peer first = links_peer(XY_PARENT, FIRST), second = links_peer(XY_PARENT, SECOND);
    xy_peer below = links_peer(XY_CHILD, SECOND);
    three t = {.folder = ""};
    open_three(&t, transport);
    attach(&t, 1, FIRST);
    expect_exchange(&t, 1, FIRST);
    attach(&t, 2, SECOND);
    expect_exchange(&t, 2, SECOND);
    for (int64_t i = 0; i < FRAMES; i++) {
        if (i == FRAMES / 2)
            xy_link_disconnect(t.links[0], &first);
        assert_int_equal(links_send(t.links[2], &below, i, 0, XY_VITAL), XYLEM_OK);
    }
    for (int64_t i = 0; i < FRAMES; i++) {
        xy_received received = hear_of_three(&t, 0);
        assert_true(xy_peer_is(&received.from, &second) && links_value(&received) == i);
    }
    close_three(&t);
}

static void test_disconnected(void **state)
{
    (void)state;
    check_disconnected("inproc");
    check_disconnected("ipc");
    check_disconnected("tcp");
}

/* The same, while the parents may still hear of attempts that were given up. */
static void expect_exchange_among_others(three *t, int parent, uint64_t number)
{
    xy_peer above = links_peer(XY_PARENT, number), below = links_peer(XY_CHILD, number);
    xy_received received = {.from = {.role = XY_STRANGER}};
    assert_int_equal(send_up(t, number), XYLEM_OK);
    for (int next = 1; !xy_peer_is(&received.from, &below); next = 3 - next)
        xy_link_receive(t->links[next], &received);
    assert_int_equal(links_send(t->links[parent], &below, 1, 0, XY_VITAL), XYLEM_OK);
    while (!xy_link_receive(t->links[0], &received))
        ;
    assert_true(xy_peer_is(&received.from, &above) && links_value(&received) == 1);
}

/* An attempt is given up at any time, and another one made, at the same parent. */
static void check_given_up(const char *transport)
{
    enum { ATTEMPTS = 20, LAST = SECOND + ATTEMPTS };
    three t = {.folder = ""};
    open_three(&t, transport);
    attach(&t, 1, FIRST);
    expect_exchange(&t, 1, FIRST);
    for (uint64_t number = SECOND; number < LAST; number++) {
        const xy_peer attempt = links_peer(XY_PARENT, number);
        attach(&t, 2, number);
        if (number % 2)
            send_up(&t, number);
        xy_link_disconnect(t.links[0], &attempt);
        assert_int_equal(send_up(&t, number), XYLEM_UNAVAILABLE);
    }
    attach(&t, 2, LAST);
    expect_exchange_among_others(&t, 2, LAST);
    expect_exchange_among_others(&t, 1, FIRST);
    close_three(&t);
}

static void test_given_up(void **state)
{
    (void)state;
    check_given_up("inproc");
    check_given_up("ipc");
    check_given_up("tcp");
}

/* To the same parent under a new name: only the new one counts. */
static void check_same_parent(const char *transport)
{
    three t = {.folder = ""};
    open_three(&t, transport);
    for (uint64_t number = FIRST; number < FIRST + 5; number++) {
        attach(&t, 1, number);
        expect_exchange(&t, 1, number);
        assert_int_equal(send_up(&t, number - 1), XYLEM_UNAVAILABLE);
    }
    close_three(&t);
}

static void test_same_parent(void **state)
{
    (void)state;
    check_same_parent("inproc");
    check_same_parent("ipc");
    check_same_parent("tcp");
}

/* libzmq would end the program. */
static void test_attached_twice(void **state)
{
    three t = {.folder = ""};
    xy_peer first = links_peer(XY_PARENT, FIRST);
    (void)state;
    open_three(&t, "inproc");
    attach(&t, 1, SECOND);
    attach(&t, 1, SECOND);
    attach(&t, 2, FIRST); /* comes too late */
    assert_int_equal(send_up(&t, FIRST), XYLEM_UNAVAILABLE);
    expect_exchange(&t, 1, SECOND);
    xy_link_disconnect(t.links[0], &first);
    expect_exchange(&t, 1, SECOND);
    close_three(&t);
}

/* A connection that has ended is not made again, not even when there is a link at the same endpoint
 * again. */
static void check_ended(const char *transport)
{
    three t = {.folder = ""};
    char endpoint[XY_ADDRESS_SIZE];
    open_three(&t, transport);
    attach(&t, 1, FIRST);
    attach(&t, 2, SECOND);
    expect_exchange(&t, 1, FIRST);
    bool keyed = strchr(xy_link_address(t.links[1]), ' ');
    snprintf(endpoint, sizeof endpoint, "%.*s", (int)strcspn(xy_link_address(t.links[1]), " "),
             xy_link_address(t.links[1]));
    xy_link_close(&t.links[1]);
    wait_until_unavailable(&t, FIRST);
    if (strncmp(endpoint, "ipc://", 6) == 0)
        unlink(endpoint + 6);
    t.links[1] = links_open_one(t.contexts[1], endpoint, keyed ? &t.keys[1] : NULL);
    expect_exchange(&t, 2, SECOND);
    assert_int_equal(send_up(&t, FIRST), XYLEM_UNAVAILABLE);
    attach(&t, 1, THIRD);
    expect_exchange(&t, 1, THIRD);
    close_three(&t);
}

static void test_ended(void **state)
{
    (void)state;
    check_ended("inproc");
    check_ended("ipc");
    check_ended("tcp");
}

/* What waits for a parent goes with its connection, and what waits for a child when it is let go.
 */
static void test_left(void **state)
{
    links *l = *state;
    while (xy_link_waiting(l->child) == 0)
        assert_int_equal(links_send(l->child, &l->to_parent, 0, 0, XY_VITAL), XYLEM_OK);
    xy_link_disconnect(l->child, &l->to_parent);
    assert_int_equal(xy_link_waiting(l->child), 0);
    links_attach(l->child, "inproc://parent", SECOND);
    xy_peer second = links_peer(XY_CHILD, SECOND), above = links_peer(XY_PARENT, SECOND);
    assert_int_equal(links_send(l->child, &above, 1, 0, XY_VITAL), XYLEM_OK);
    for (xy_peer from = {.role = XY_STRANGER}; !xy_peer_is(&from, &second);)
        from = hear(l->parent).from;
    while (xy_link_waiting(l->parent) == 0)
        assert_int_equal(links_send(l->parent, &second, 0, 0, XY_VITAL), XYLEM_OK);
    xy_link_let_go(l->parent, &second);
    assert_int_equal(xy_link_waiting(l->parent), 0);
}

/* Passing on. */

static void check_forward(const char *transport, size_t size)
{
    three t = {.folder = ""};
    xy_peer below = links_peer(XY_CHILD, FIRST), above = links_peer(XY_PARENT, SECOND);
    open_three(&t, transport);
    attach(&t, 1, FIRST); /* the child is a relay between the two */
    attach(&t, 2, SECOND);
    expect_exchange(&t, 1, FIRST);
    expect_exchange(&t, 2, SECOND);
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(links_send(t.links[1], &below, i, size, XY_VITAL), XYLEM_OK);
        xy_received received = hear_of_three(&t, 0);
        xy_message message = {.link = {1000}};
        xy_message_mark(&message, received.frame);
        assert_int_equal(xy_link_forward(t.links[0], &above, XY_REFUSABLE), XYLEM_OK);
        received = hear_of_three(&t, 2);
        assert_int_equal(received.size, XY_MESSAGE_HEADER + size);
        assert_true(xy_message_decode(&message, received.frame, received.size));
        assert_true(message.link.number == 1000 && message.value == i);
    }
    close_three(&t);
}

static void test_forward(void **state)
{
    static const size_t sizes[] = {0, 64, 8000, 9000, LARGE};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_forward("inproc", sizes[i]);
        check_forward("ipc", sizes[i]);
        check_forward("tcp", sizes[i]);
    }
}

/* What cannot be passed on at once waits, in its order with what is sent; what is refused is still
 * there. */
static void test_forward_later(void **state)
{
    links *l = *state;
    int64_t next = 0, heard = 0;
    xy_peer unknown = links_peer(XY_CHILD, 99);
    xy_received received;
    assert_int_equal(links_send(l->child, &l->to_parent, 7, 0, XY_VITAL), XYLEM_OK);
    expect_from(l->parent, &l->to_child, 7);
    while (xy_link_waiting(l->parent) == 0)
        assert_int_equal(links_send(l->parent, &l->to_child, next++, 0, XY_VITAL), XYLEM_OK);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(links_send(l->child, &l->to_parent, next++, i % 2 ? LARGE : 0, XY_VITAL),
                         XYLEM_OK);
        received = hear(l->parent);
        assert_int_equal(xy_link_forward(l->parent, &unknown, XY_VITAL), XYLEM_UNAVAILABLE);
        assert_true(links_value(&received) == next - 1);
        assert_int_equal(xy_link_forward(l->parent, &l->to_child, XY_VITAL), XYLEM_OK);
        assert_int_equal(links_send(l->parent, &l->to_child, next++, 0, XY_VITAL), XYLEM_OK);
    }
    while (heard < next) {
        xy_link_flush(l->parent);
        if (xy_link_receive(l->child, &received))
            assert_true(links_value(&received) == heard++);
        else
            xy_link_wait(l->child, NULL, 0, 1);
    }
    assert_true(xy_link_flush(l->parent));
}

/* Rings. */

static void expect_ring(xy_link *link)
{
    xy_received received;
    while (!xy_link_receive(link, &received))
        xy_link_wait(link, NULL, 0, XY_NEVER);
    assert_int_equal(received.size, 0);
}

static void test_rings(void **state)
{
    links *l = *state;
    for (int i = 0; i < 100; i++) {
        xy_link_ring_at(l->parent, "inproc://child");
        expect_ring(l->child);
    }
    links_attach(l->child, "inproc://parent", SECOND); /* after that under its own name again */
    xy_peer above = links_peer(XY_PARENT, SECOND), second = links_peer(XY_CHILD, SECOND);
    assert_int_equal(links_send(l->child, &above, 1, 0, XY_VITAL), XYLEM_OK);
    expect_from(l->parent, &second, 1);
}

/* The connection stays when a parent is rung. */
static void test_rung_parent(void **state)
{
    links *l = *state;
    for (int64_t i = 0; i < 100; i++) {
        xy_link_ring_at(l->child, "inproc://parent");
        expect_ring(l->parent);
        assert_int_equal(links_send(l->child, &l->to_parent, i, 0, XY_VITAL), XYLEM_OK);
        expect_from(l->parent, &l->to_child, i);
    }
    xy_link_disconnect(l->child, &l->to_parent);
    xy_link_ring_at(l->child, "inproc://parent");
    expect_ring(l->parent);
}

/* Frames that are none. */

/* The parts of a message that has more than one are no frame. */
static void test_more_parts(void **state)
{
    static const uint8_t name[NAME_BYTES] = "c\0\0\0\0\0\0\0\x0c";
    links *l = *state;
    void *sender = new_sender(l->context, name, sizeof name, "inproc://parent");
    for (int parts = 4; parts > 0; parts--)
        assert_true(zmq_send(sender, "part", 4, parts > 1 ? ZMQ_SNDMORE : 0) == 4);
    assert_int_equal(zmq_send(sender, "whole", 5, 0), 5);
    xy_received received = hear(l->parent);
    assert_int_equal(received.size, 5);
    assert_memory_equal(received.frame, "whole", 5);
    zmq_close(sender);
}

/* What is larger than any message costs its sender the connection, and no memory here. */
static void test_too_large(void **state)
{
    enum { TOO_LARGE = XY_MESSAGE_MAX + 65 };
    static const uint8_t rude_name[NAME_BYTES] = "c1", polite_name[NAME_BYTES] = "c2";
    links *l = *state;
    xy_received received = {.size = 0};
    xy_link *link = links_open_one(l->context, "tcp://127.0.0.1:*", NULL);
    void *large = calloc(1, TOO_LARGE), *monitor = zmq_socket(l->context, ZMQ_PAIR);
    void *rude = new_sender(l->context, rude_name, sizeof rude_name, xy_link_address(link));
    assert_int_equal(zmq_socket_monitor(rude, "inproc://monitor", ZMQ_EVENT_DISCONNECTED), 0);
    assert_int_equal(zmq_connect(monitor, "inproc://monitor"), 0);
    assert_int_equal(zmq_send(rude, large, TOO_LARGE, 0), TOO_LARGE);
    zmq_pollitem_t polled[] = {{.socket = monitor, .events = ZMQ_POLLIN}};
    while (zmq_poll(polled, 1, 1) == 0)
        if (xy_link_receive(link, &received))
            assert_int_equal(received.size, 0);
    void *polite = new_sender(l->context, polite_name, sizeof polite_name, xy_link_address(link));
    assert_int_equal(zmq_send(polite, "hello", 5, 0), 5);
    assert_int_equal(hear(link).size, 5);
    zmq_close(monitor);
    zmq_close(rude);
    zmq_close(polite);
    xy_link_close(&link);
    free(large);
}

/* Waiting. */

/* A signal ends a wait: whatever may have come is looked for. */
static void test_interrupted(void **state)
{
    links *l = *state;
    xy_received received;
    assert_false(xy_link_receive(l->parent, &received));
    fault_in("poll", 0, EINTR);
    assert_true(xy_link_wait(l->parent, NULL, 0, XY_NEVER) == UINT_MAX);
    assert_true(fault_over());
}

static void set_memory(rlim_t most)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static rlim_t memory_in_use(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_true(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Nothing tells that there is memory for a frame again: while one waits, a wait is short. */
static void test_shortage(void **state)
{
    links *l = *state;
    xy_received received;
    set_memory(memory_in_use() + 4 * LARGE);
    int posted = links_send(l->child, &l->to_parent, 1, LARGE, XY_VITAL);
    bool flushed = xy_link_flush(l->child);
    set_memory(RLIM_INFINITY);
    assert_int_equal(posted, XYLEM_OK);
    assert_false(flushed);
    assert_false(xy_link_receive(l->child, &received));
    xy_link_wait(l->child, NULL, 0, XY_NEVER);
    assert_true(xy_link_flush(l->child));
}

/* Nothing tells that a neighbour takes frames again: while some wait, a wait is short. */
static void test_frames_that_wait(void **state)
{
    links *l = *state;
    xy_received received;
    int sent = 0;
    for (; xy_link_flush(l->child); sent++)
        assert_int_equal(links_send(l->child, &l->to_parent, 1, 64, XY_VITAL), 0);
    while (sent > 0) {
        while (xy_link_receive(l->parent, &received))
            sent--;
        assert_false(xy_link_receive(l->child, &received));
        if (!xy_link_flush(l->child))
            xy_link_wait(l->child, NULL, 0, XY_NEVER);
    }
    assert_true(xy_link_flush(l->child));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_both_ways),
        TEST(test_taken_name),
        TEST(test_moves),
        TEST(test_disconnected),
        TEST(test_given_up),
        TEST(test_same_parent),
        TEST(test_attached_twice),
        TEST(test_ended),
        TEST(test_left),
        TEST(test_forward),
        TEST(test_forward_later),
        TEST(test_rings),
        TEST(test_rung_parent),
        TEST(test_more_parts),
        TEST(test_too_large),
        TEST(test_interrupted),
        TEST(test_shortage),
        TEST(test_frames_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
