/* Misuse of a network: it is refused, with a reason, and changes nothing. */
#include "worlds.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static _Atomic(xylem *) own_network; /* of the services below */
static atomic_int calls_made;

static int call_own_network(void *state, xylem_work *work)
{
    (void)state;
    int error = xylem_ping(own_network, 0);
    const char *reason = xylem_reason(own_network);
    xylem_work_reply(work, reason, strlen(reason));
    calls_made++;
    return error == XYLEM_INVALID ? XYLEM_OK : XYLEM_FAILED;
}

static const xylem_service own = XYLEM_SERVICE(.name = "caller", .exec = call_own_network);
static const xylem_service long_own =
    XYLEM_SERVICE(.name = "long-caller", .exec = call_own_network, .takes_long = true);

static void test_null(void **state)
{
    const xylem_node *const *nodes, *node;
    const xylem_counts *counts;
    const int64_t *ids;
    xylem_future *future;
    size_t count;
    (void)state;
    assert_int_equal(xylem_open(NULL, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_create(NULL, 1, NULL), XYLEM_INVALID);
    assert_int_equal(create_serving(NULL, 1, "timer"), XYLEM_INVALID);
    assert_int_equal(xylem_remove(NULL, 1), XYLEM_INVALID);
    assert_int_equal(xylem_exec(NULL, 1, "time", NULL), XYLEM_INVALID);
    assert_int_equal(xylem_ping(NULL, 1), XYLEM_INVALID);
    assert_int_equal(xylem_heartbeat(NULL, 1), XYLEM_INVALID);
    assert_int_equal(xylem_wait(NULL, 1, true, 1), XYLEM_INVALID);
    assert_int_equal(xylem_kill(NULL, 1), XYLEM_INVALID);
    assert_int_equal(xylem_list(NULL, &nodes, &count), XYLEM_INVALID);
    assert_int_equal(xylem_info(NULL, 1, &node), XYLEM_INVALID);
    assert_int_equal(xylem_status(NULL, &counts), XYLEM_INVALID);
    assert_int_equal(xylem_ping_all(NULL, &ids, &count), XYLEM_INVALID);
    assert_int_equal(xylem_run(NULL, 0), XYLEM_INVALID);
    assert_int_equal(xylem_start(NULL, 1, "time", -1, &future), XYLEM_INVALID);
    assert_int_equal(xylem_future_result(NULL, NULL, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_future_wait(NULL, 0), XYLEM_INVALID);
    assert_int_equal(xylem_register(NULL), XYLEM_INVALID);
    assert_null(xylem_next_event(NULL));
    assert_int_equal(xylem_fd(NULL), -1);
    assert_int_equal(xylem_now(NULL), 0);
    assert_string_equal(xylem_reason(NULL), "the network is NULL");
    xylem_future_cancel(NULL);
    xylem_future_then(NULL, NULL, NULL);
    xylem_future_free(NULL);
    xylem_interrupt(NULL);
    xylem_wake(NULL);
    xylem_close(NULL);
}

static void test_null_arguments(void **state)
{
    xylem *network = OPEN("timer");
    xylem_future *future;
    assert_int_equal(xylem_exec(network, 0, NULL, NULL), XYLEM_INVALID);
    assert_string_equal(xylem_reason(network), "the text is NULL");
    assert_int_equal(xylem_exec_bytes(network, 0, NULL, 1, NULL, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_start(network, 0, NULL, -1, &future), XYLEM_INVALID);
    assert_int_equal(xylem_start(network, 0, "time", -1, NULL), XYLEM_INVALID);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    assert_string_equal(xylem_reason(network), "");
    xylem_close(&network);
}

static void test_closed_through_a_copy(void **state)
{
    xylem *network = OPEN("timer"), *copy = network;
    xylem_close(&network);
    assert_int_equal(xylem_ping(copy, 0), XYLEM_INVALID);
    assert_string_equal(xylem_reason(copy), "the network is not open: it was closed before");
    assert_null(xylem_next_event(copy));
    xylem_close(&copy);
    assert_non_null(copy);
}

/* From within the service, while the program waits for its answer. */
static void test_service_calls_its_network(void **state)
{
    const char *reply;
    xylem *network = OPEN("caller");
    own_network = network;
    assert_int_equal(xylem_exec(network, 0, "", &reply), XYLEM_OK);
    assert_true(strstr(reply, "own network") || strstr(reply, "another thread"));
    xylem_close(&network);
}

/* And while the program is outside of any call, which a thread of its own would see. */
static void test_service_calls_its_network_beside(void **state)
{
    xylem *network = OPEN("long-caller");
    own_network = network;
    xylem_future *future = start(network, 0, "");
    while (!calls_made)
        sched_yield();
    expect_end(future, XYLEM_OK, "a service or a log callback may not call its own network");
    xylem_close(&network);
}

static void *ping(void *network)
{
    return (void *)(intptr_t)xylem_ping(network, 0);
}

static void use_from_second_thread(xylem_future *future, void *owner)
{
    pthread_t thread;
    void *error;
    (void)future;
    assert_int_equal(pthread_create(&thread, NULL, ping, owner), 0);
    assert_int_equal(pthread_join(thread, &error), 0);
    assert_int_equal((intptr_t)error, XYLEM_OK); /* a callback runs between two calls */
}

/* One after the other they may: it is a matter of who is inside of a call. */
static void test_threads_in_turn(void **state)
{
    xylem *network = OPEN("timer");
    xylem_future *future = start(network, 0, "time");
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    xylem_future_then(future, use_from_second_thread, network);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    xylem_future_free(&future);
    xylem_close(&network);
}

/* While a call is under way no other thread may begin one. */

enum { CEILING_MS = 30000 };

static void *ping_and_wake(void *network)
{
    int error = XYLEM_OK;
    while (error == XYLEM_OK) /* until the first thread is inside of its call */
        error = xylem_ping(network, 0);
    bool told = strstr(xylem_reason(network), "another thread") != NULL;
    xylem_wake(network);
    return (void *)(intptr_t)(error == XYLEM_INVALID && told);
}

static void test_second_thread(void **state)
{
    pthread_t thread;
    void *refused;
    xylem *network = OPEN("timer");
    assert_int_equal(pthread_create(&thread, NULL, ping_and_wake, network), 0);
    int error = xylem_run(network, CEILING_MS);
    while (error == XYLEM_INVALID) /* the other was first */
        error = xylem_run(network, CEILING_MS);
    assert_int_equal(error, XYLEM_OK);
    assert_int_equal(pthread_join(thread, &refused), 0);
    assert_true((intptr_t)refused);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    xylem_close(&network);
}

/* Forks. A child says by its exit status what it has seen. */

enum { SEEN_INVALID = 1, SEEN_REASON = 2, SEEN_CLOSED = 4, SEEN_OWN = 8, SEEN_ALL = 15 };

static int use_in_child(xylem *network, xylem_future *future)
{
    int seen = 0;
    xylem *another;
    if (xylem_ping(network, 0) == XYLEM_INVALID && xylem_run(network, 0) == XYLEM_INVALID &&
        xylem_future_wait(future, 0) == XYLEM_INVALID)
        seen |= SEEN_INVALID;
    if (strstr(xylem_reason(network), "forked child"))
        seen |= SEEN_REASON;
    xylem_close(&network);
    if (!network && xylem_future_result(future, NULL, NULL) == XYLEM_INTERRUPTED)
        seen |= SEEN_CLOSED;
    xylem_options options = XYLEM_OPTIONS;
    options.world = XYLEM_SIMULATED;
    if (xylem_open(&another, &options) == XYLEM_OK && xylem_create(another, 1, NULL) == XYLEM_OK)
        seen |= SEEN_OWN;
    xylem_close(&another);
    return seen;
}

static void expect_status_of_child(pid_t child, int wanted)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), wanted);
}

static void never_call(xylem_future *future, void *owner)
{
    (void)future, (void)owner;
    _exit(EXIT_FAILURE);
}

static void expect_unharmed(xylem *network)
{
    const char *reply;
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    assert_int_equal(xylem_create(network, 1, NULL), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 1, "time", &reply), XYLEM_OK);
    assert_string_equal(reply, "0 ms");
    assert_int_equal(xylem_kill(network, 1), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 1, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 1), XYLEM_OK);
}

static void test_child_closes(void **state)
{
    xylem *network = OPEN("timer");
    xylem_future *future = start(network, 0, "time");
    xylem_future_then(future, never_call, NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(use_in_child(network, future));
    expect_status_of_child(child, SEEN_ALL);
    xylem_future_then(future, NULL, NULL);
    expect_unharmed(network);
    xylem_future_free(&future);
    xylem_close(&network);
}

/* The descriptors are shared: what a child writes to one, its parent reads. */
static void test_child_wakes_nothing(void **state)
{
    xylem *network = OPEN("timer");
    struct pollfd polled = {.fd = xylem_fd(network), .events = POLLIN};
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK); /* what the node said before has come */
    while (poll(&polled, 1, 0) == 1)
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    pid_t child = fork();
    if (child == 0) {
        xylem_interrupt(network);
        xylem_wake(network);
        _exit(SEEN_ALL);
    }
    expect_status_of_child(child, SEEN_ALL);
    assert_int_equal(poll(&polled, 1, 0), 0);
    xylem_close(&network);
}

static void test_child_closes_descriptors(void **state)
{
    xylem *network = OPEN("timer");
    pid_t child = fork();
    if (child == 0) {
        for (int fd = STDERR_FILENO + 1; fd < 1000; fd++)
            close(fd);
        _exit(xylem_ping(network, 0) == XYLEM_INVALID ? SEEN_ALL : 0);
    }
    expect_status_of_child(child, SEEN_ALL);
    expect_unharmed(network);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    if (xylem_register(&own) != XYLEM_OK || xylem_register(&long_own) != XYLEM_OK)
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null),
        EVERYWHERE(test_null_arguments),
        EVERYWHERE(test_closed_through_a_copy),
        {"test_service_calls_its_network simulated", test_service_calls_its_network, NULL, NULL,
         (void *)0},
        {"test_service_calls_its_network thread", test_service_calls_its_network, NULL, NULL,
         (void *)1},
        {"test_service_calls_its_network_beside thread", test_service_calls_its_network_beside,
         NULL, NULL, (void *)1},
        EVERYWHERE(test_threads_in_turn),
        {"test_second_thread thread", test_second_thread, NULL, NULL, (void *)1},
        {"test_second_thread ipc", test_second_thread, NULL, NULL, (void *)2},
        EVERYWHERE(test_child_closes),
        EVERYWHERE(test_child_closes_descriptors),
        {"test_child_wakes_nothing thread", test_child_wakes_nothing, NULL, NULL, (void *)1},
        {"test_child_wakes_nothing ipc", test_child_wakes_nothing, NULL, NULL, (void *)2},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
