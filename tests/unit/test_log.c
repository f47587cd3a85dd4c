/* Log lines: whole or counted, and nothing waits for their reader. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/step.h"
#include "driver/log.h"

enum { CEILING_S = 150, THREADS = 8, PROCESSES = 4, LINES = 3000 };

static const xy_log log_of_all = {.level = XYLEM_LOG_DEBUG, .id = XY_NO_ID};

/* What stands for standard error meanwhile. */

static int real_stderr, reader;
static atomic_int opened;
static bool may_open = true; /* standard error may be opened once more */

int open(const char *path, int flags, ...)
{
    if (strcmp(path, "/proc/self/fd/2") != 0)
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
    errno = EACCES;
    opened++;
    return may_open ? (int)syscall(SYS_openat, AT_FDCWD, path, flags) : -1;
}

/* Has the others look meanwhile, too, where they do so together. */
static atomic_bool hesitates;

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    int found = (int)syscall(SYS_poll, polled, count, timeout);
    if (atomic_load(&hesitates))
        sched_yield();
    return found;
}

static void redirect(int writer, int other)
{
    assert_true(dup2(writer, STDERR_FILENO) >= 0);
    close(writer);
    reader = other;
}

static void redirect_to_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[0], F_SETPIPE_SZ, 4096) > 0);
    redirect(ends[1], ends[0]);
}

static int set_up(void **state)
{
    (void)state;
    alarm(CEILING_S); /* a writer that waits for a reader waits for ever */
    may_open = true;
    opened = 0;
    reader = -1;
    real_stderr = dup(STDERR_FILENO);
    return real_stderr < 0;
}

static int tear_down(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    if (reader >= 0)
        close(reader);
    alarm(0);
    return 0;
}

/* What has come, up to now. */
static const char *take(void)
{
    static char text[1 << 16];
    ssize_t length = 0, more = 0;
    assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    while ((more = read(reader, text + length, sizeof text - 1 - (size_t)length)) > 0)
        length += more;
    text[length] = '\0';
    return text;
}

static void say(const char *text)
{
    xy_log_line(&log_of_all, XYLEM_LOG_INFO, "%s", text);
}

/* Says it until it is not written any more; how often that was. */
static int fill(const char *text)
{
    int written = 0;
    for (int lost = 0; lost < 10; written++, lost++) {
        int before = 0, after = 0;
        ioctl(reader, FIONREAD, &before);
        say(text);
        ioctl(reader, FIONREAD, &after);
        lost = after > before ? -1 : lost;
    }
    return written - 10;
}

static void expect_lost(int count, const char *why, const char *next)
{
    char wanted[512];
    say(next);
    snprintf(wanted, sizeof wanted,
             "xylem: warning: process %d lost %d log lines before this line: %s\n"
             "xylem: info: %s\n",
             (int)getpid(), count, why, next);
    assert_string_equal(take(), wanted);
    say("again"); /* it is said once */
    assert_string_equal(take(), "xylem: info: again\n");
}

static const char nothing_reads[] = "standard error is not read fast enough";

static void test_lines(void **state)
{
    const xy_log of_a_node = {.level = XYLEM_LOG_INFO, .id = 12};
    char long_text[2000];
    (void)state;
    redirect_to_pipe();
    xy_log_line(&of_a_node, XYLEM_LOG_ERROR, "%d and %s", 1, "two");
    xy_log_line(&of_a_node, XYLEM_LOG_DEBUG, "not said");
    assert_string_equal(take(), "xylem: node 12: error: 1 and two\n");
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    say(long_text);
    const char *line = take();
    assert_int_equal(strlen(line), XY_LOG_SIZE - 1);
    assert_string_equal(strchr(line, '\n'), "\n");
}

static void check_full(int least)
{
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    int written = fill("0123456789"), lines = 0;
    assert_in_range(written, least, 1000);
    assert_int_equal(fcntl(STDERR_FILENO, F_GETFL), flags); /* they are others' too */
    for (const char *at = take(); *at; at = strchr(at, '\n') + 1, lines++)
        assert_memory_equal(at, "xylem: info: 0123456789\n", 24);
    assert_int_equal(lines, written);
    expect_lost(10, nothing_reads, "after that");
}

static void test_full_pipe(void **state)
{
    (void)state;
    redirect_to_pipe();
    check_full(10);
    assert_true(opened > 0);
}

/* As when it belongs to another user. Then it has to be empty. */
static void test_full_pipe_of_another(void **state)
{
    (void)state;
    may_open = false;
    redirect_to_pipe();
    check_full(1);
}

static void check_full_socket(int type)
{
    int ends[2], size = 4096;
    assert_int_equal(socketpair(AF_UNIX, type, 0, ends), 0);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    redirect(ends[1], ends[0]);
    for (int i = 0; i < 10000; i++)
        say("0123456789");
    const char *all = take();
    assert_memory_equal(all + strlen(all) - 24, "xylem: info: 0123456789\n", 24);
    size_t written = strlen(all) / 24;
    assert_int_equal(strlen(all) % 24, 0);
    expect_lost(10000 - (int)written, nothing_reads, "after that");
    assert_int_equal(opened, 0);
}

static void test_full_sockets(void **state)
{
    (void)state;
    check_full_socket(SOCK_STREAM);
    tear_down(state);
    set_up(state);
    check_full_socket(SOCK_DGRAM);
}

static void test_stopped_terminal(void **state)
{
    int master, slave;
    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    struct termios mode;
    tcgetattr(slave, &mode);
    cfmakeraw(&mode);
    tcsetattr(slave, TCSANOW, &mode);
    redirect(slave, master);
    assert_int_equal(tcflow(STDERR_FILENO, TCOOFF), 0);
    for (int i = 0; i < 5; i++)
        say("not shown");
    assert_int_equal(tcflow(STDERR_FILENO, TCOON), 0);
    expect_lost(5, nothing_reads, "shown");
}

/* It would become another terminal, which nothing reads. */
static void test_master_of_a_terminal(void **state)
{
    int master, slave;
    char text[64];
    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    redirect(master, slave);
    say("typed");
    assert_int_equal(read(slave, text, sizeof text), 19);
    assert_memory_equal(text, "xylem: info: typed\n", 19);
}

/* Errors. A signal would end the test. */

static void test_no_reader(void **state)
{
    (void)state;
    redirect_to_pipe();
    close(reader);
    for (int i = 0; i < 3; i++)
        say("to no one");
    redirect_to_pipe();
    expect_lost(3, "Broken pipe", "after that");
}

static void test_signal_of_another(void **state)
{
    sigset_t signals, before, pending;
    (void)state;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    raise(SIGPIPE);
    redirect_to_pipe();
    close(reader);
    say("to no one");
    sigpending(&pending);
    assert_true(sigismember(&pending, SIGPIPE));
    assert_int_equal(sigwaitinfo(&signals, NULL), SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    redirect_to_pipe();
    expect_lost(1, "Broken pipe", "after that");
}

static void test_full_device(void **state)
{
    (void)state;
    redirect(open("/dev/full", O_WRONLY), -1);
    say("to no one");
    redirect_to_pipe();
    expect_lost(1, "No space left on device", "after that");
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Half of a line is in the file then: it is ended, and said again to be lost. */
static void test_limited_file(void **state)
{
    char path[] = "/tmp/xy-log-XXXXXX", text[1024], wanted[512];
    int fd = mkstemp(path);
    (void)state;
    assert_true(fd >= 0);
    redirect(fd, open(path, O_RDONLY));
    unlink(path);
    limit_files(30);
    say("first");  /* 19 bytes */
    say("second"); /* 20 */
    say("third");
    limit_files(RLIM_INFINITY);
    say("fourth");
    ssize_t length = read(reader, text, sizeof text - 1);
    assert_true(length > 0);
    text[length] = '\0';
    snprintf(wanted, sizeof wanted,
             "xylem: info: first\nxylem: info\nxylem: warning: process %d lost 2 log lines before "
             "this line: File too large\nxylem: info: fourth\n",
             (int)getpid());
    assert_string_equal(text, wanted);
}

static void test_closed(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    say("to no one");
    dup2(real_stderr, STDERR_FILENO);
    redirect_to_pipe();
    expect_lost(1, "Bad file descriptor", "after that");
}

/* Many at a time. */

static void *say_many(void *unused)
{
    for (int i = 0; i < LINES; i++)
        say("one of many lines, which are long enough that few of them have room in the pipe");
    return unused;
}

/* Reads lines until all writers are done; the number of those that were written or counted. */
static long read_lines(int writers)
{
    char line[1024];
    long seen = 0, lost, process;
    FILE *file = fdopen(dup(reader), "r");
    while (fgets(line, sizeof line, file)) {
        int end = 0;
        if (sscanf(line,
                   "xylem: warning: process %ld lost %ld log lines before this line: "
                   "standard error is not read fast enough%n",
                   &process, &lost, &end) == 2 &&
            end > 0 && line[end] == '\n')
            seen += lost;
        else if (strcmp(line, "xylem: info: one of many lines, which are long enough that few of "
                              "them have room in the pipe\n") == 0)
            seen++;
        else if (strcmp(line, "xylem: info: last\n") == 0 && --writers == 0)
            break;
        else if (strcmp(line, "xylem: info: last\n") != 0)
            fail_msg("no whole line: %s", line);
    }
    fclose(file);
    return seen;
}

static void say_last(void)
{
    int unread = 0;
    while (ioctl(reader, FIONREAD, &unread) == 0 && unread > 0) /* there must be a place for it */
        sched_yield();
    say("last");
}

static void *say_all(void *unused)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, say_many, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    say_last();
    return unused;
}

static void test_many_threads(void **state)
{
    pthread_t writer;
    (void)state;
    for (may_open = true;; may_open = false) {
        redirect_to_pipe();
        pthread_create(&writer, NULL, say_all, NULL);
        assert_int_equal(read_lines(1), THREADS * LINES);
        pthread_join(writer, NULL);
        if (!may_open)
            break;
        close(reader);
    }
}

static pthread_barrier_t together;

static void *say_together(void *unused)
{
    pthread_barrier_wait(&together);
    say("one");
    return unused;
}

/* How many lines these say that were lost; 0: they say of none. */
static int lost_of(const char *lines)
{
    const char *said = strstr(lines, " lost ");
    return said ? atoi(said + strlen(" lost ")) : 0;
}

/* There is room for one of them, and nothing reads: none of the others waits. A thread that wanted
 * to say what was lost may have found no room: then a later line says it. */
static void test_room_for_one(void **state)
{
    enum { ROUNDS = 50 };
    pthread_t threads[THREADS];
    int lost = 0;
    (void)state;
    may_open = false;
    atomic_store(&hesitates, true);
    redirect_to_pipe();
    pthread_barrier_init(&together, NULL, THREADS);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, say_together, NULL);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        const char *lines = take();
        assert_non_null(strstr(lines, "one\n"));
        lost += lost_of(lines);
    }
    pthread_barrier_destroy(&together);
    atomic_store(&hesitates, false);
    say("after that");
    lost += lost_of(take());
    assert_int_equal(lost, ROUNDS * (THREADS - 1));
}

static void test_many_processes(void **state)
{
    pid_t pids[PROCESSES];
    (void)state;
    redirect_to_pipe();
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            alarm(CEILING_S);
            say_many(NULL);
            say_last();
            _exit(EXIT_SUCCESS);
        }
    }
    dup2(real_stderr, STDERR_FILENO); /* so that the pipe ends with the last of them */
    assert_in_range(read_lines(PROCESSES + 1), 1, PROCESSES * LINES);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lines),
        TEST(test_full_pipe),
        TEST(test_full_pipe_of_another),
        TEST(test_full_sockets),
        TEST(test_stopped_terminal),
        TEST(test_master_of_a_terminal),
        TEST(test_no_reader),
        TEST(test_signal_of_another),
        TEST(test_full_device),
        TEST(test_limited_file),
        TEST(test_closed),
        TEST(test_many_threads),
        TEST(test_room_for_one),
        TEST(test_many_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
