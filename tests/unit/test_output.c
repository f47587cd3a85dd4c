/* Writing the replies, and what is still written when the program is to stop. */
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/output.h"

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

static void test_notices_wait_for_nobody(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notices_once_stopped),
        cmocka_unit_test(test_no_replies_once_stopped),
        cmocka_unit_test(test_notices_wait_for_nobody),
        cmocka_unit_test(test_no_notices_after_half_a_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
