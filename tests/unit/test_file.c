/* @FILE: what is taken of a file, what is refused, and that nothing stays open. */
#include "counts.h"
#include "faulty.h"

#include <sys/stat.h>

#include "cli/command_error.h"
#include "cli/file.h"

FAULTY(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))

enum { LONGEST = 10 };

static char folder[] = "/tmp/xy-file-XXXXXX";
static char name[sizeof folder + 8];

static void write_file(const char *bytes, size_t size)
{
    unlink(name); /* whatever a test that failed has left */
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Reads it; what it holds is `wanted`, unless that is refused. */
static void expect(const char *path, int status, const char *wanted)
{
    struct text content = TEXT_EMPTY;
    const char *reason = NULL;
    size_t before = count_entries("/proc/self/fd");
    assert_int_equal(file_read(path, LONGEST, &content, &reason), status);
    if (status == XYLEM_OK)
        assert_string_equal(text_string(&content), wanted);
    if (status == COMMAND_CANNOT_READ)
        assert_string_equal(reason, wanted);
    text_clear(&content);
    assert_int_equal(count_entries("/proc/self/fd"), before);
}

static void expect_bytes(const char *bytes, size_t size, int status, const char *wanted)
{
    write_file(bytes, size);
    expect(name, status, wanted);
    assert_int_equal(unlink(name), 0);
}

static void test_lengths(void **state)
{
    (void)state;
    expect_bytes("", 0, XYLEM_OK, "");
    expect_bytes("\n", 1, XYLEM_OK, "");
    expect_bytes("a\n\n", 3, XYLEM_OK, "a\n"); /* one newline is the file's own */
    expect_bytes("0123456789", 10, XYLEM_OK, "0123456789");
    expect_bytes("0123456789\n", 11, XYLEM_OK, "0123456789");
    expect_bytes("0123456789a", 11, XYLEM_TOO_LONG, NULL);
    expect_bytes("0123456789\n\n", 12, XYLEM_TOO_LONG, NULL);
    expect_bytes("0123456789abcdef", 16, XYLEM_TOO_LONG, NULL);
}

static void test_nul(void **state)
{
    (void)state;
    expect_bytes("a\0b", 3, COMMAND_CANNOT_READ, "it contains a NUL byte");
    expect_bytes("a\0", 2, COMMAND_CANNOT_READ, "it contains a NUL byte");
}

static void test_no_file(void **state)
{
    (void)state;
    expect(name, COMMAND_CANNOT_READ, strerror(ENOENT));
    expect(folder, COMMAND_CANNOT_READ, strerror(EISDIR));
    expect("/dev/null", COMMAND_CANNOT_READ, "it is not a regular file");
    assert_int_equal(mkfifo(name, 0600), 0);
    expect(name, COMMAND_CANNOT_READ, "it is not a regular file");
    assert_int_equal(unlink(name), 0);
}

static void test_interrupted(void **state)
{
    (void)state;
    fault_in("read", 0, EINTR);
    expect_bytes("text\n", 5, XYLEM_OK, "text");
    assert_true(fault_over());
    fault_in("read", 1, EINTR);
    expect_bytes("text\n", 5, XYLEM_OK, "text");
    assert_true(fault_over());
    fault_in("read", 0, EIO);
    expect_bytes("text\n", 5, COMMAND_CANNOT_READ, strerror(EIO));
    assert_true(fault_over());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_interrupted),
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(name, sizeof name, "%s/file", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) == 0 ? failed : EXIT_FAILURE;
}
