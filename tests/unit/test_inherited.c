/* What a worker has of the program that started it, and what the program has of its workers. */
#include "worlds.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };
#define MEMORY_NAME "xylem-inherited"

/* Services that look around where they are. */

/* How many descriptors lead to our piece of memory. */
static int count_descriptors(void *state, xylem_work *work)
{
    int count = 0;
    char text[16];
    DIR *dir = opendir("/proc/self/fd");
    (void)state;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[300], target[300] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target - 1) > 0)
            count += strstr(target, MEMORY_NAME) != NULL;
    }
    if (dir)
        closedir(dir);
    snprintf(text, sizeof text, "%d", count);
    return xylem_work_reply(work, text, strlen(text));
}

/* A line of the status of the thread that does the work: "SigBlk" or "SigIgn". */
static int tell_signals(void *state, xylem_work *work)
{
    char line[256], value[64] = "none";
    const char *name = xylem_work_text(work, NULL);
    FILE *file = fopen("/proc/thread-self/status", "r");
    (void)state;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line, "%*s %63s", value);
    if (file)
        fclose(file);
    return xylem_work_reply(work, value, strlen(value));
}

static const xylem_service own[] = {
    XYLEM_SERVICE(.name = "descriptors", .exec = count_descriptors),
    XYLEM_SERVICE(.name = "signals", .exec = tell_signals),
    XYLEM_SERVICE(.name = "long-signals", .exec = tell_signals, .takes_long = true)};

static bool is_process(void **state)
{
    return places[(uintptr_t)*state].world == XYLEM_PROCESS;
}

static void test_descriptors(void **state)
{
    const char *reply;
    int fd = memfd_create(MEMORY_NAME, 0), high = fcntl(fd, F_DUPFD, 40);
    assert_true(fd >= 0 && high >= 0);
    xylem *network = OPEN("descriptors");
    assert_int_equal(xylem_exec(network, 0, "", &reply), XYLEM_OK);
    assert_string_equal(reply, is_process(state) ? "0" : "2");
    xylem_close(&network);
    close(fd);
    close(high);
}

static bool has_signal(xylem *network, int64_t id, const char *which, int number)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, which, &reply), XYLEM_OK);
    return strtoull(reply, NULL, 16) >> (number - 1) & 1;
}

/* What the program ignores its workers ignore, too; what it blocks they do not. */
static void test_signals(void **state)
{
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    signal(SIGUSR1, SIG_IGN);
    xylem *network = OPEN("signals");
    if (is_process(state)) {
        assert_true(has_signal(network, 0, "SigIgn", SIGUSR1));
        assert_false(has_signal(network, 0, "SigBlk", SIGUSR2));
        assert_false(has_signal(network, 0, "SigBlk", SIGTERM));
        assert_true(has_signal(network, 0, "SigIgn", SIGINT)); /* which is for the program */
    } else if (places[(uintptr_t)*state].world == XYLEM_THREAD) {
        assert_true(
            has_signal(network, 0, "SigBlk", SIGTERM)); /* which the program's threads take */
    }
    xylem_close(&network);
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Work that takes long is done by a thread that takes no signal, wherever that is not simulated. */
static void test_signals_of_long_work(void **state)
{
    xylem *network = OPEN("long-signals");
    if (places[(uintptr_t)*state].world != XYLEM_SIMULATED) {
        assert_true(has_signal(network, 0, "SigBlk", SIGTERM));
        assert_true(has_signal(network, 0, "SigBlk", SIGUSR1));
    }
    xylem_close(&network);
}

/* A call leaves the program's own signals as they were. */
static void test_mask_of_the_program(void **state)
{
    sigset_t wanted, after;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &wanted, NULL), 0);
    xylem *network = OPEN("signals", "long-signals");
    assert_int_equal(xylem_exec(network, 1, "SigBlk", NULL), XYLEM_OK);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    xylem_close(&network);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int number = 1; number < NSIG; number++)
        assert_int_equal(sigismember(&after, number), sigismember(&wanted, number));
}

/* In a program that has the kernel wait for its children, their end is noticed too. */
static void test_children_of_nobody(void **state)
{
    signal(SIGCHLD, SIG_IGN);
    xylem *network = OPEN("timer", "timer");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, false, WAIT_MS), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(xylem_create(network, 0, NULL), XYLEM_OK);
    xylem_close(&network);
    signal(SIGCHLD, SIG_DFL);
}

/* A node that does not end by itself is ended, and it alone. */
static void test_only_the_one(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    for (const int64_t *id = (const int64_t[]){1, 0, 2, -1}; *id >= 0; id++)
        assert_int_equal(xylem_create(network, *id, NULL), XYLEM_OK);
    assert_int_equal(xylem_exec(network, 2, "start", NULL), XYLEM_OK);
    assert_int_equal(xylem_pause(network, 0), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 1), XYLEM_OK);
    assert_int_equal(xylem_ping(network, 2), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 2, false, 50), XYLEM_TIMED_OUT);
    xylem_close(&network);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        EVERYWHERE(test_descriptors),          EVERYWHERE(test_signals),
        EVERYWHERE(test_signals_of_long_work), EVERYWHERE(test_mask_of_the_program),
        EVERYWHERE(test_children_of_nobody),   EVERYWHERE(test_only_the_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
