/* Writing the replies, and what is still written when the program is to stop. */
#include "faulty.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/output.h"

FAULTY(int, poll, (struct pollfd * polled, nfds_t count, int timeout), (polled, count, timeout))
FAULTY(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))

enum { CEILING_S = 20 };

struct reader {
    int fd;
    struct output output;
};

static struct reader begin(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    int stop_fd = eventfd(0, EFD_NONBLOCK);
    assert_true(stop_fd >= 0);
    return (struct reader){ends[0], {.fd = ends[1], .stop_fd = stop_fd}};
}

static void end(struct reader *reader)
{
    close(reader->fd);
    close(reader->output.fd);
    close(reader->output.stop_fd);
    output_clear(&reader->output);
}

static void stop(struct reader *reader)
{
    assert_int_equal(eventfd_write(reader->output.stop_fd, 1), 0);
}

static void write_line(struct reader *reader, const char *line)
{
    text_add_string(&reader->output.pending, line);
    assert_true(output_commit(&reader->output));
    assert_int_equal(reader->output.pending.length, 0);
}

static void write_notice(struct reader *reader, const char *line)
{
    reader->output.notice = true;
    write_line(reader, line);
    reader->output.notice = false;
}

static void expect_read(struct reader *reader, const char *expected)
{
    char bytes[PIPE_BUF];
    ssize_t length = read(reader->fd, bytes, sizeof bytes - 1);
    bytes[length > 0 ? length : 0] = '\0';
    assert_string_equal(bytes, expected);
}

static void fill(struct reader *reader)
{
    static const char block[PIPE_BUF];
    int flags = fcntl(reader->output.fd, F_GETFL);
    fcntl(reader->output.fd, F_SETFL, flags | O_NONBLOCK);
    while (write(reader->output.fd, block, sizeof block) > 0)
        ;
    fcntl(reader->output.fd, F_SETFL, flags);
}

static void drain(struct reader *reader)
{
    char bytes[PIPE_BUF];
    while (read(reader->fd, bytes, sizeof bytes) > 0)
        ;
}

static void test_notices_once_stopped(void **state)
{
    (void)state;
    struct reader reader = begin();
    write_line(&reader, "a reply\n");
    expect_read(&reader, "a reply\n");
    stop(&reader);
    write_notice(&reader, "a notice\n");
    expect_read(&reader, "a notice\n");
    end(&reader);
}

static void test_no_replies_once_stopped(void **state)
{
    (void)state;
    struct reader reader = begin();
    stop(&reader);
    write_line(&reader, "a reply\n");
    write_notice(&reader, "a notice\n");
    expect_read(&reader, "a notice\n");
    end(&reader);
}

static void test_notices_do_not_wait(void **state)
{
    (void)state;
    struct reader reader = begin();
    fill(&reader);
    stop(&reader);
    write_notice(&reader, "a notice\n");
    drain(&reader);
    expect_read(&reader, "");
    end(&reader);
}

/* They would come in the middle of a line. */
static void test_no_notices_after_half_a_reply(void **state)
{
    (void)state;
    struct reader reader = begin();
    assert_true(fcntl(reader.fd, F_SETPIPE_SZ, 1 << 20) > 0);
    while (!reader.output.spilled) {
        text_add_string(&reader.output.pending, "half a reply");
        assert_true(output_spill(&reader.output));
    }
    stop(&reader);
    write_line(&reader, "the other half\n");
    drain(&reader);
    write_notice(&reader, "a notice\n");
    expect_read(&reader, "");
    end(&reader);
}

/* A signal, or a pipe that is full after all, is no error, and nothing is written twice. */
static void write_despite(const char *function, int error)
{
    struct reader reader = begin();
    fault_in(function, 0, error);
    write_line(&reader, "a reply\n");
    assert_true(fault_over());
    assert_int_equal(reader.output.error, 0);
    expect_read(&reader, "a reply\n");
    end(&reader);
}

static void test_interrupted(void **state)
{
    (void)state;
    write_despite("poll", EINTR);
    write_despite("write", EINTR);
    write_despite("write", EAGAIN);
}

static void test_broken(void **state)
{
    (void)state;
    struct reader reader = begin();
    fault_in("write", 0, ENOSPC);
    write_line(&reader, "a reply\n");
    assert_true(fault_over());
    assert_int_equal(reader.output.error, ENOSPC);
    end(&reader);
}

enum { LARGE = 1 << 20 };

static void add_large(struct output *output)
{
    for (int i = 0; i < LARGE / 16; i++)
        text_format(&output->pending, "%015d\n", i);
}

/* Once the program is to stop, a reply that is larger than the pipe does not hold it up. */
static void test_large_reply_once_stopped(void **state)
{
    (void)state;
    struct reader reader = begin();
    stop(&reader);
    add_large(&reader.output);
    assert_true(output_commit(&reader.output));
    end(&reader);
}

static void *stop_when_full(void *argument)
{
    struct reader *reader = argument;
    struct pollfd polled = {.fd = reader->output.fd, .events = POLLOUT};
    while (poll(&polled, 1, 0) == 1)
        sched_yield();
    stop(reader);
    return NULL;
}

/* Nor does one that is being written when the program is told to stop. */
static void test_large_reply_is_cut(void **state)
{
    pthread_t thread;
    (void)state;
    struct reader reader = begin();
    add_large(&reader.output);
    alarm(CEILING_S); /* in case that it blocks */
    assert_int_equal(pthread_create(&thread, NULL, stop_when_full, &reader), 0);
    assert_true(output_commit(&reader.output));
    alarm(0);
    pthread_join(thread, NULL);
    end(&reader);
}

/* All of it is written, and in its order. */
static void test_large_reply(void **state)
{
    char line[32], wanted[32];
    (void)state;
    FILE *file = tmpfile();
    struct output output = {.fd = fileno(file), .stop_fd = -1};
    add_large(&output);
    assert_true(output_commit(&output));
    rewind(file);
    for (int i = 0; i < LARGE / 16; i++) {
        snprintf(wanted, sizeof wanted, "%015d\n", i);
        assert_non_null(fgets(line, sizeof line, file));
        assert_string_equal(line, wanted);
    }
    assert_null(fgets(line, sizeof line, file));
    assert_true(output.pending.capacity < LARGE); /* it is not kept */
    fclose(file);
    output_clear(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notices_once_stopped),
        cmocka_unit_test(test_no_replies_once_stopped),
        cmocka_unit_test(test_notices_do_not_wait),
        cmocka_unit_test(test_no_notices_after_half_a_reply),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_large_reply_once_stopped),
        cmocka_unit_test(test_large_reply_is_cut),
        cmocka_unit_test(test_large_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
