/* Channels: what comes in parts, what ends in the middle, how much may wait, and that no secret
 * stays behind in what was read. */
#include "unit.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch/channel.h"

typedef struct fixture {
    xy_channel channel;
    int other; /* the other side */
} fixture;

static int set_up(void **state)
{
    static fixture f;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -1;
    xy_channel_open(&f.channel, ends[0], ends[0]);
    f.other = ends[1];
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    xy_channel_close(&f->channel);
    if (f->other >= 0)
        close(f->other);
    return 0;
}

static void write_byte(fixture *f, char byte)
{
    assert_int_equal(write(f->other, &byte, 1), 1);
}

static const xy_agent_message example = {.kind = XY_AGENT_GREETING, .greeting = {7}};

/* Byte by byte: noise, what looks like the magic, the magic, and messages. */
static void test_parts(void **state)
{
    static const char before[] = "noise\n\nxylem-agent-speak\nxylem" XY_AGENT_MAGIC;
    fixture *f = *state;
    xy_agent_message message;
    uint8_t frame[XY_AGENT_FRAME_MAX];
    size_t size = xy_agent_encode(&example, frame);
    f->channel.skips = true;
    for (size_t i = 0; i + 1 < sizeof before; i++) {
        write_byte(f, before[i]);
        assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_NONE);
    }
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < size; i++) {
            write_byte(f, (char)frame[i]);
            assert_int_equal(xy_channel_receive(&f->channel, &message),
                             i + 1 < size ? XY_CHANNEL_NONE : XY_CHANNEL_MESSAGE);
        }
    assert_int_equal(message.greeting.version, 7);
}

static void hang_up(fixture *f)
{
    close(f->other);
    f->other = -1;
}

static void test_end(void **state)
{
    fixture *f = *state;
    xy_agent_message message;
    hang_up(f);
    assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_END);
}

static void test_end_within_a_message(void **state)
{
    fixture *f = *state;
    xy_agent_message message;
    write_byte(f, 0);
    hang_up(f);
    assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_MALFORMED);
}

/* Nothing is lost of what was taken to be sent, and no more is taken than the bound. */
static void test_full(void **state)
{
    fixture *f = *state;
    xy_agent_message message = {.kind = XY_AGENT_FAILED, .failed = {XYLEM_CANNOT_START, ""}};
    memset(message.failed.text, 'x', sizeof message.failed.text - 1);
    uint8_t frame[XY_AGENT_FRAME_MAX], bytes[65536];
    size_t size = xy_agent_encode(&message, frame), sent = 0, got = 0;
    while (xy_channel_send(&f->channel, &message)) {
        sent += size;
        assert_true(sent < 2 * XY_CHANNEL_MAX);
    }
    assert_true(xy_channel_waits(&f->channel) && sent > XY_CHANNEL_MAX / 2);
    while (got < sent) {
        ssize_t some = read(f->other, bytes, sizeof bytes);
        assert_true(some > 0);
        for (size_t i = 0; i < (size_t)some; i++, got++)
            if (bytes[i] != frame[got % size])
                fail_msg("byte %zu", got);
        xy_channel_flush(&f->channel);
    }
    assert_false(xy_channel_waits(&f->channel));
    assert_true(xy_channel_send(&f->channel, &message));
}

/* The arguments of a message last until the next call, also when the buffer has to grow for them.
 */
static void test_arguments(void **state)
{
    enum { SIZE = 30000 };
    static uint8_t arguments[SIZE];
    fixture *f = *state;
    xy_channel sender;
    xy_agent_message message;
    memset(arguments, 'x', sizeof arguments);
    const xy_birth birth = {
        .id = 1, .life = {1}, .arguments = arguments, .arguments_size = sizeof arguments};
    const xy_agent_message start = {.kind = XY_AGENT_START, .start = birth};
    xy_channel_open(&sender, f->other, f->other);
    for (int i = 0; i < 2; i++)
        assert_true(xy_channel_send(&sender, &start));
    assert_true(xy_channel_send(&sender, &example));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_MESSAGE);
        assert_int_equal(message.start.arguments_size, SIZE);
        assert_memory_equal(message.start.arguments, arguments, SIZE);
    }
    assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_MESSAGE);
    assert_int_equal(message.greeting.version, 7);
    assert_false(xy_channel_holds(&f->channel)); /* what was taken does not count */
    assert_int_equal(xy_channel_receive(&f->channel, &message), XY_CHANNEL_NONE);
    assert_null(f->channel.in.bytes);
    xy_channel_discard(&sender);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* More than a buffer has room for, so that it grows, and later moves what is in it. */
enum { ROUNDS = 100 };

static void check_clean(const xy_channel_buffer *buffer)
{
    for (size_t i = 0; i < buffer->capacity; i++)
        if (buffer->bytes[i] && (i < buffer->begin || i >= buffer->end))
            fail_msg("byte %zu of %zu stays behind", i, buffer->capacity);
}

/* There is always the first half of a message that has not come as a whole. */
static void test_nothing_stays_behind(void **state)
{
    int ends[2];
    uint8_t frame[XY_AGENT_FRAME_MAX];
    xy_channel channel;
    xy_agent_message message = {.kind = XY_AGENT_START, .start = {.id = 1, .life = {1}}};
    (void)state;
    memset(message.start.secret, 'x', sizeof message.start.secret);
    memset(&message.start.random, 'y', sizeof message.start.random);
    size_t size = xy_agent_encode(&message, frame), half = size / 2;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    xy_channel_open(&channel, ends[0], ends[0]);
    assert_int_equal(write(ends[1], frame, half), half);
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(write(ends[1], frame + half, size - half), size - half);
        assert_int_equal(write(ends[1], frame, half), half);
        assert_int_equal(xy_channel_receive(&channel, &message), XY_CHANNEL_MESSAGE);
        assert_int_equal(xy_channel_receive(&channel, &message), XY_CHANNEL_NONE);
        check_clean(&channel.in);
    }
    xy_channel_close(&channel);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_stays_behind),
        TEST(test_parts),
        TEST(test_end),
        TEST(test_end_within_a_message),
        TEST(test_full),
        TEST(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
