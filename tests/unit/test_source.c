/* Where commands come from: signals, ends and errors while they are read. */
#include "faulty.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/source.h"

FAULTY(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))

static enum wait_result always_readable(void *context, int fd, int limit_ms)
{
    (void)context, (void)fd, (void)limit_ms;
    return WAIT_READABLE;
}

static struct source begin(int ends[2], const char *text)
{
    struct source source;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    source_from_fd(&source, ends[0], NULL, (struct waiter){always_readable, NULL});
    return source;
}

static void expect_line(struct source *source, const char *text)
{
    struct input_line line;
    assert_true(source_next(source, &line));
    assert_false(line.bad);
    assert_int_equal(line.length, strlen(text));
    assert_memory_equal(line.text, text, line.length);
}

static void expect_end(struct source *source, int error)
{
    struct input_line line;
    assert_false(source_next(source, &line));
    assert_false(source_next(source, &line));
    assert_int_equal(source->error, error);
    source_clear(source);
}

static void test_last_line(void **state)
{
    int ends[2];
    struct source source = begin(ends, "one\ntwo");
    (void)state;
    close(ends[1]);
    expect_line(&source, "one");
    expect_line(&source, "two");
    expect_end(&source, 0);
    close(ends[0]);
}

static void read_despite(int error)
{
    int ends[2];
    struct source source = begin(ends, "one\ntwo\n");
    close(ends[1]);
    fault_in("read", 0, error);
    expect_line(&source, "one");
    assert_true(fault_over());
    fault_in("read", 0, error);
    expect_line(&source, "two");
    expect_end(&source, 0);
    assert_true(fault_over());
    close(ends[0]);
}

/* A signal, or nothing to read after all, is no error. */
static void test_interrupted(void **state)
{
    (void)state;
    read_despite(EINTR);
    read_despite(EAGAIN);
}

static void test_broken(void **state)
{
    int ends[2];
    struct source source = begin(ends, "one\n");
    (void)state;
    expect_line(&source, "one");
    fault_in("read", 0, EIO);
    expect_end(&source, EIO);
    assert_true(fault_over());
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_line),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
