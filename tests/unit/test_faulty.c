/* When the system refuses something: an error that says so, and nothing is left behind. Each call
 * of each function fails once, in each world. */
#include "counts.h"
#include "faulty.h"
#include "worlds.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>

FAULTY(int, pidfd_open, (pid_t pid, unsigned flags), (pid, flags))
FAULTY(int, epoll_create1, (int flags), (flags))
FAULTY(int, epoll_ctl, (int poll_fd, int what, int fd, struct epoll_event *event),
       (poll_fd, what, fd, event))
FAULTY(int, eventfd, (unsigned count, int flags), (count, flags))
FAULTY(int, timerfd_create, (int clock, int flags), (clock, flags))
FAULTY(int, socketpair, (int domain, int type, int protocol, int ends[2]),
       (domain, type, protocol, ends))
FAULTY(ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))
FAULTY(pid_t, fork, (void), ())
FAULTY(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options),
       (type, id, info, options))

enum { CALLS_MAX = 100, WAIT_MS = 20000 };

static const char *const functions[] = {"pidfd_open",     "epoll_create1", "epoll_ctl", "eventfd",
                                        "timerfd_create", "socketpair",    "send",      "fork"};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static char folder[] = "/tmp/xy-faulty-XXXXXX"; /* where networks make theirs */

static int open_in(uintptr_t place, xylem **network)
{
    xylem_options options = XYLEM_OPTIONS;
    options.world = places[place].world;
    options.transport = places[place].transport;
    return xylem_open(network, &options);
}

/* Opens a network while one call fails; false when it was not made. */
static bool open_without(uintptr_t place, const char *function, int call)
{
    xylem *network;
    counts before = count_all(folder, 0);
    fault_in(function, call, EMFILE);
    int error = open_in(place, &network);
    bool failed = fault_over();
    if (error) {
        assert_true(failed);
        assert_int_equal(error, XYLEM_CANNOT_OPEN);
        assert_null(network);
        assert_true(xylem_reason(NULL)[0]);
    }
    xylem_close(&network);
    expect_counts(before, folder, 0, NULL, NULL);
    return failed;
}

static void warm_up(uintptr_t place)
{
    xylem *network = open_network(place);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    xylem_close(&network);
}

static void test_open(void **state)
{
    warm_up((uintptr_t)*state);
    for (size_t i = 0; i < FUNCTIONS; i++)
        for (int call = 0; open_without((uintptr_t)*state, functions[i], call); call++)
            assert_true(call < CALLS_MAX);
}

static void let_run(void *network)
{
    assert_int_equal(xylem_run(network, 5), XYLEM_OK);
}

/* Starts a node while one call fails; false when it was not made. */
static bool create_without(xylem *network, const char *function, int call)
{
    counts before = count_all(folder, 0);
    fault_in(function, call, EMFILE);
    int error = xylem_create(network, 0, NULL);
    bool failed = fault_over();
    if (error) {
        assert_true(failed);
        assert_int_equal(error, XYLEM_CANNOT_START);
        assert_true(xylem_reason(network)[0]);
        assert_int_equal(xylem_ping(network, 0), XYLEM_NOT_FOUND);
    } else {
        assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    }
    expect_counts(before, folder, 0, let_run, network);
    return failed;
}

static void test_create(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    for (size_t i = 0; i < FUNCTIONS; i++)
        for (int call = 0; create_without(network, functions[i], call); call++)
            assert_true(call < CALLS_MAX);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    xylem_close(&network);
}

/* Again and again: what is kept for each child is there for the next one. */
static void test_create_fails_often(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    for (int round = 0; round < 20; round++)
        create_without(network, "fork", 0);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 0, "time", NULL), XYLEM_OK);
    xylem_close(&network);
}

/* A signal while a child is looked at, or waited for, is not its end. */
static bool interrupted_at(uintptr_t place, int call)
{
    counts before = count_all(folder, 0);
    xylem *network = open_network(place);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    fault_in("waitid", call, EINTR);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK); /* so that it has to be killed */
    xylem_close(&network);
    bool failed = fault_over();
    expect_counts(before, folder, 0, NULL, NULL);
    return failed;
}

static void test_interrupted(void **state)
{
    warm_up((uintptr_t)*state);
    for (int call = 0; interrupted_at((uintptr_t)*state, call); call++)
        assert_true(call < CALLS_MAX);
}

int main(int argc, char **argv)
{
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {EVERYWHERE(test_open), EVERYWHERE(test_create),
                                       EVERYWHERE(test_create_fails_often),
                                       EVERYWHERE(test_interrupted)};
    if (!mkdtemp(folder) || setenv("XDG_RUNTIME_DIR", folder, 1) != 0)
        return EXIT_FAILURE;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return rmdir(folder) == 0 ? failed : EXIT_FAILURE;
}
