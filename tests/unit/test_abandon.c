/* Nodes whose service does not return: they can be killed, removed and closed all the same, and
 * when it returns nothing is left of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "worlds.h"

enum { CEILING_MS = 60000 };

static bool is_worker = true; /* until xylem_worker has returned */

/* The wall clock: whether the library reads it. */

static atomic_int wall_clock_reads;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_REALTIME)
        atomic_fetch_add(&wall_clock_reads, 1);
    return (int)syscall(SYS_clock_gettime, clock, now);
}

/* Waits that end because their time is over, and not because something has happened. */

static atomic_int waits_in_vain;

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    int ready = (int)syscall(SYS_poll, polled, count, timeout);
    atomic_fetch_add(&waits_in_vain, ready == 0 && timeout > 0);
    return ready;
}

int __real_pthread_cond_timedwait(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
int __wrap_pthread_cond_timedwait(pthread_cond_t *changed, pthread_mutex_t *mutex,
                                  const struct timespec *until);

int __wrap_pthread_cond_timedwait(pthread_cond_t *changed, pthread_mutex_t *mutex,
                                  const struct timespec *until)
{
    int error = __real_pthread_cond_timedwait(changed, mutex, until);
    atomic_fetch_add(&waits_in_vain, error == ETIMEDOUT);
    return error;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The gate: as long as it is shut, what comes to it waits. */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;
    int waiting;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void set_gate(bool open)
{
    pthread_mutex_lock(&gate.mutex);
    gate.open = open;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

/* A worker that hangs tells so by a byte in a file, whose name it has from the environment. */

#define MARKS "XY_TEST_MARKS"

static void make_marks(void)
{
    char path[] = "/tmp/xy-marks-XXXXXX";
    int fd = getenv(MARKS) ? -1 : mkstemp(path);
    if (fd < 0)
        return;
    close(fd);
    setenv(MARKS, path, 1);
}

static void leave_mark(void)
{
    int fd = open(getenv(MARKS), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, "", 1) != 1)
        abort();
    close(fd);
}

static off_t count_marks(void)
{
    struct stat file;
    assert_int_equal(stat(getenv(MARKS), &file), 0);
    return file.st_size;
}

static void await_mark(off_t count)
{
    int64_t until_ms = now_ms() + CEILING_MS;
    while (count_marks() != count && now_ms() < until_ms)
        sched_yield();
    assert_int_equal(count_marks(), count);
}

static void hang(void)
{
    if (is_worker)
        leave_mark();
    while (is_worker) /* whose end is its own */
        pause();
    pthread_mutex_lock(&gate.mutex);
    gate.waiting++;
    pthread_cond_broadcast(&gate.changed);
    while (!gate.open)
        pthread_cond_wait(&gate.changed, &gate.mutex);
    gate.waiting--;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.mutex);
}

/* Until that many threads wait at the gate; those of other processes are not seen. */
static void await_hanging(int count)
{
    int64_t until_ms = now_ms() + CEILING_MS;
    struct timespec until = {until_ms / 1000, 0};
    pthread_mutex_lock(&gate.mutex);
    while (gate.waiting != count)
        assert_int_equal(pthread_cond_timedwait(&gate.changed, &gate.mutex, &until), 0);
    pthread_mutex_unlock(&gate.mutex);
}

/* Services: each counts its states, and hangs in one of its functions. */

static atomic_int opened, closed, released;

static int open_state(void **state)
{
    *state = malloc(1);
    atomic_fetch_add(&opened, *state != NULL);
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int hang_and_open(void **state)
{
    hang();
    return open_state(state);
}

static int echo(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    return xylem_work_reply(work, text, size);
}

/* Only if it is told to. */
static int hang_and_echo(void *state, xylem_work *work)
{
    if (strcmp(xylem_work_text(work, NULL), "hang") == 0)
        hang();
    return echo(state, work);
}

static void close_state(void *state)
{
    atomic_fetch_add(&closed, 1);
    free(state);
}

static void hang_and_close(void *state)
{
    hang();
    close_state(state);
}

static void release_state(void *state)
{
    atomic_fetch_add(&released, 1);
    free(state);
}

static void hang_and_release(void *state)
{
    hang();
    release_state(state);
}

#define SERVICE(called, o, e, c, r, ...)                                                           \
    XYLEM_SERVICE(.name = called, .open = o, .exec = e, .close = c, .release = r, __VA_ARGS__)

static const xylem_service own[] = {
    SERVICE("well", open_state, echo, close_state, release_state, ),
    SERVICE("open", hang_and_open, echo, close_state, release_state, ),
    SERVICE("exec", open_state, hang_and_echo, close_state, release_state, ),
    SERVICE("close", open_state, echo, hang_and_close, release_state, ),
    SERVICE("release", open_state, echo, close_state, hang_and_release, ),
    SERVICE("work", open_state, hang_and_echo, close_state, release_state, .takes_long = true)};

/* What is there before and after a test. */

static size_t threads, descriptors;

static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *all = opendir(folder);
    assert_non_null(all);
    while (readdir(all))
        count++;
    closedir(all);
    return count;
}

/* A thread that ends meanwhile may hide others from one who counts. */
static void await_threads(size_t count)
{
    int64_t until_ms = now_ms() + CEILING_MS;
    size_t seen;
    while ((seen = count_entries("/proc/self/task")) != count && now_ms() < until_ms)
        sched_yield();
    assert_int_equal(seen, count);
}

static void *say_who(void *tid)
{
    *(pid_t *)tid = gettid();
    return NULL;
}

/* Those that sanitizers keep for good begin with the first. A thread that was joined may be seen
 * for a moment more. */
static int count_before(void **state)
{
    pthread_t first;
    pid_t tid;
    char path[64];
    int64_t until_ms = now_ms() + CEILING_MS;
    (void)state;
    assert_int_equal(pthread_create(&first, NULL, say_who, &tid), 0);
    pthread_join(first, NULL);
    snprintf(path, sizeof path, "/proc/self/task/%d", (int)tid);
    while (access(path, F_OK) == 0 && now_ms() < until_ms)
        sched_yield();
    threads = count_entries("/proc/self/task");
    descriptors = count_entries("/proc/self/fd");
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    set_gate(false);
    atomic_store(&opened, 0);
    atomic_store(&closed, 0);
    atomic_store(&released, 0);
    return 0;
}

/* What was abandoned ends when its service returns, and leaves nothing behind. */
static int tear_down(void **state)
{
    (void)state;
    set_gate(true);
    await_threads(threads);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(atomic_load(&closed) + atomic_load(&released), atomic_load(&opened));
    return 0;
}

/* Networks. */

static bool is_thread(void **state)
{
    return places[(uintptr_t)*state].world == XYLEM_THREAD;
}

static xylem *open_patient(void **state, int64_t timeout_ms)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    options.world = places[(uintptr_t)*state].world;
    options.transport = places[(uintptr_t)*state].transport;
    options.timeout_ms = timeout_ms;
    options.log_level = XYLEM_LOG_ERROR;
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    return network;
}

static xylem *open_silent(void **state)
{
    return open_patient(state, CEILING_MS);
}

static void create(xylem *network, int64_t id, const char *service)
{
    assert_int_equal(create_serving(network, id, service), XYLEM_OK);
}

/* Begins to be created, and gets no further than its function open. */
static void begin_to_create(xylem *network, int64_t id)
{
    xylem_interrupt(network);
    assert_int_equal(create_serving(network, id, "open"), XYLEM_INTERRUPTED);
}

/* Has a node hang in exec, for an answer that is not waited for any more. */
static void begin_to_hang(void **state, xylem *network, int64_t id, int hanging)
{
    off_t marks = count_marks();
    xylem_future *future = start(network, id, "hang");
    assert_int_equal(xylem_future_wait(future, 0), XYLEM_TIMED_OUT);
    if (is_thread(state))
        await_hanging(hanging);
    else
        await_mark(marks + 1); /* or the order to end would come before the work */
    xylem_future_free(&future);
}

static void expect_echo(xylem *network, int64_t id)
{
    const char *reply;
    assert_int_equal(xylem_exec(network, id, "x", &reply), XYLEM_OK);
    assert_string_equal(reply, "x");
}

/* Processes take longer to start, and are ended by the kernel. */
static int length_of_chain(void **state)
{
    return is_thread(state) ? 100 : 4;
}

/* Closing. */

static void test_close_while_open_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "well");
    begin_to_create(network, 75);
    begin_to_create(network, 10);
    xylem_run(network, 0);
    if (is_thread(state))
        await_hanging(2);
    xylem_close(&network);
    if (is_thread(state))
        await_hanging(2);
}

static void test_close_while_the_topmost_opens(void **state)
{
    xylem *network = open_silent(state);
    begin_to_create(network, 50);
    if (is_thread(state))
        await_hanging(1);
    xylem_close(&network);
    assert_int_equal(atomic_load(&closed), 0);
}

static void test_close_while_exec_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "exec");
    create(network, 10, "well");
    create(network, 30, "exec");
    begin_to_hang(state, network, 30, 1);
    begin_to_hang(state, network, 25, 2);
    xylem_close(&network);
    if (is_thread(state))
        await_hanging(2);
}

static void test_close_while_close_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "close");
    create(network, 25, "close");
    create(network, 75, "close");
    xylem_close(&network);
    assert_int_equal(atomic_load(&closed), 0);
}

static void test_close_while_release_hangs(void **state)
{
    xylem *network = open_silent(state);
    int64_t last = length_of_chain(state) - 1;
    for (int64_t id = 0; id <= last; id++)
        create(network, id, id == last ? "exec" : "release");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, last, false, -1), XYLEM_OK);
    xylem_close(&network);
    assert_int_equal(atomic_load(&closed), 0);
}

/* Each below the one before, and every second of them has work under way that does not end. */
static void test_close_a_chain_that_hangs(void **state)
{
    xylem *network = open_silent(state);
    int length = length_of_chain(state);
    for (int64_t id = 0; id < length; id++)
        create(network, id, id % 2 ? "exec" : "work");
    for (int hanging = 1; hanging <= length; hanging++)
        begin_to_hang(state, network, length - hanging, hanging);
    xylem_close(&network);
    if (is_thread(state))
        await_hanging(length);
}

/* A long chain does not look at the last of it from time to time, which would keep the machine from
 * everything else: neither while that works, nor while all are killed. A few waits have an end. */
static void test_a_chain_sleeps(void **state)
{
    enum { LENGTH = 100, IN_VAIN_MAX = LENGTH / 2, WHILE_MS = 500 };
    xylem *network = open_silent(state);
    for (int64_t id = 0; id < LENGTH; id++)
        create(network, id, id == LENGTH - 1 ? "work" : "well");
    begin_to_hang(state, network, LENGTH - 1, 1);
    atomic_store(&waits_in_vain, 0);
    assert_int_equal(xylem_run(network, WHILE_MS), XYLEM_OK);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 0, false, -1), XYLEM_OK);
    xylem_close(&network);
    assert_in_range(atomic_load(&waits_in_vain), 1, IN_VAIN_MAX);
}

/* Killing and removing. */

/* Its end is noticed at once, by each parent, though there are no heartbeats; those below it go
 * with it, and the place can be used again. */
static void kill_hanging(void **state, int64_t id)
{
    xylem *network = open_silent(state);
    create(network, 50, id == 50 ? "exec" : "well");
    create(network, 25, id == 25 ? "exec" : "well");
    create(network, 10, "well");
    begin_to_hang(state, network, id, 1);
    assert_int_equal(xylem_kill(network, id), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 10, false, -1), XYLEM_OK);
    assert_int_equal(xylem_ping(network, id), XYLEM_UNAVAILABLE);
    assert_int_equal(xylem_remove(network, id), XYLEM_OK);
    assert_string_equal(xylem_reason(network), "");
    create(network, id, "well");
    expect_echo(network, id);
    create(network, 10, "well");
    expect_echo(network, 10);
    size_t nodes = id == 50 ? 2 : 3;
    if (is_thread(state)) {
        await_hanging(1);
        await_threads(threads + nodes + 2); /* with it, and one of libzmq's own */
        set_gate(true);
        await_threads(threads + nodes + 1);
    }
    create(network, 75, "well");
    assert_int_equal(xylem_kill(network, 75), XYLEM_OK);
    xylem_close(&network);
}

static void test_kill_while_exec_hangs(void **state)
{
    kill_hanging(state, 25);
}

static void test_kill_while_exec_of_the_topmost_hangs(void **state)
{
    kill_hanging(state, 50);
}

/* A program that polls the descriptor learns of it. */
static void test_kill_is_polled(void **state)
{
    xylem *network = open_silent(state);
    const xylem_event *event;
    struct pollfd polled = {.fd = xylem_fd(network), .events = POLLIN};
    create(network, 50, "exec");
    begin_to_hang(state, network, 50, is_thread(state));
    assert_int_equal(xylem_kill(network, 50), XYLEM_OK);
    while (!(event = xylem_next_event(network))) {
        assert_int_equal(poll(&polled, 1, CEILING_MS), 1);
        assert_int_equal(xylem_run(network, 0), XYLEM_OK);
    }
    assert_int_equal(event->id, 50);
    assert_int_equal(event->kind, XYLEM_NODE_UNAVAILABLE);
    xylem_close(&network);
}

static void expect_killed(xylem *network, int64_t id)
{
    assert_int_equal(xylem_remove(network, id), XYLEM_OK);
    assert_non_null(strstr(xylem_reason(network), "was killed"));
    create(network, id, "well");
    expect_echo(network, id);
    assert_int_equal(xylem_remove(network, id), XYLEM_OK);
    assert_string_equal(xylem_reason(network), "");
}

static void test_remove_while_exec_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "exec");
    begin_to_hang(state, network, 25, 1);
    expect_killed(network, 25);
    xylem_close(&network);
}

static void test_remove_while_close_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "close");
    expect_killed(network, 25);
    assert_int_equal(atomic_load(&closed), is_thread(state));
    xylem_close(&network);
    if (is_thread(state))
        await_hanging(1);
}

/* A node that cannot be told to end, because it is paused, is killed too; one whose parent is
 * paused is told all the same. */
static void test_remove_while_paused(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "well");
    create(network, 10, "well");
    assert_int_equal(xylem_pause(network, 10), XYLEM_OK);
    expect_killed(network, 10);
    assert_int_equal(xylem_heartbeat(network, 100), XYLEM_OK);
    create(network, 10, "well");
    assert_int_equal(xylem_pause(network, 25), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 10, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 10), XYLEM_OK);
    assert_string_equal(xylem_reason(network), "");
    assert_int_equal(xylem_remove(network, 25), XYLEM_OK);
    assert_non_null(strstr(xylem_reason(network), "was killed"));
    assert_int_equal(xylem_kill(network, 50), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 50, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 50), XYLEM_OK); /* which is dead already */
    assert_string_equal(xylem_reason(network), "");
    xylem_close(&network);
}

static void test_create_while_open_hangs(void **state)
{
    xylem *network = open_patient(state, 2000);
    create(network, 50, "well");
    assert_int_equal(create_serving(network, 25, "open"), XYLEM_CANNOT_START);
    assert_string_equal(xylem_reason(network),
                        "the node did not answer within three quarters of the timeout");
    create(network, 25, "well");
    expect_echo(network, 25);
    xylem_close(&network);
}

/* A node whose work does not end has to be told apart from one whose service does not return. */
static void test_kill_while_work_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "work");
    begin_to_hang(state, network, 25, 1);
    assert_int_equal(xylem_kill(network, 25), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 25, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 25), XYLEM_OK);
    create(network, 25, "work");
    expect_echo(network, 25);
    xylem_close(&network);
}

/* What is said and what is called. */

/* A node that is told to end calls close, one that is killed only release. */
static void test_a_crash_closes_nothing(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "well");
    create(network, 10, "work");
    expect_echo(network, 10);
    assert_int_equal(xylem_remove(network, 10), XYLEM_OK);
    create(network, 10, "work");
    expect_echo(network, 10);
    assert_int_equal(atomic_load(&closed), 1);
    assert_int_equal(xylem_kill(network, 25), XYLEM_OK);
    assert_int_equal(xylem_wait(network, 10, false, -1), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 25), XYLEM_OK);
    assert_int_equal(atomic_load(&closed), 1);
    assert_int_equal(atomic_load(&released), 2);
    xylem_close(&network);
    assert_int_equal(atomic_load(&closed), 2);
    assert_int_equal(atomic_load(&released), 2);
}

/* The state is released when its service returns, whatever it was doing; one that was being closed
 * is not released besides. */
static void test_released_late(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "exec");
    create(network, 75, "close");
    create(network, 60, "work");
    begin_to_hang(state, network, 25, 1);
    begin_to_hang(state, network, 60, 2);
    assert_int_equal(xylem_remove(network, 60), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 25), XYLEM_OK);
    assert_int_equal(xylem_remove(network, 75), XYLEM_OK);
    begin_to_create(network, 25);
    await_hanging(4);
    xylem_close(&network);
    int well = atomic_load(&closed); /* of the topmost node, unless it took too long */
    assert_int_equal(well + atomic_load(&released), 1);
    set_gate(true);
    await_threads(threads);
    assert_int_equal(atomic_load(&opened), 5);
    assert_int_equal(atomic_load(&closed), well + 1); /* that was under way */
    assert_int_equal(atomic_load(&released), 4 - well);
}

static void test_abandoned_is_logged(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    char text[512] = "";
    int before = dup(STDERR_FILENO), log = memfd_create("log", 0);
    assert_true(before >= 0 && log >= 0 && dup2(log, STDERR_FILENO) >= 0);
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    create(network, 7, "exec");
    begin_to_hang(state, network, 7, 1);
    xylem_close(&network);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_true(pread(log, text, sizeof text - 1, 0) > 0);
    close(log);
    assert_string_equal(text,
                        "xylem: warning: node 7 did not end in time and is killed: the close "
                        "function of its service may not have run\n"
                        "xylem: node 7: warning: a function of its service does not return; its "
                        "thread is abandoned\n");
}

/* A node that is not killed is left alone while it is in its service, whatever its parent does.
 * When it is paused there, it answers after it is resumed. */
static void test_pause_while_exec_hangs(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "well");
    create(network, 25, "exec");
    xylem_future *future = start(network, 25, "hang");
    assert_int_equal(xylem_future_wait(future, 0), XYLEM_TIMED_OUT);
    await_hanging(1);
    int64_t until_ms = xylem_now(network) + 50;
    do
        assert_int_equal(xylem_ping(network, 50), XYLEM_OK);
    while (xylem_now(network) < until_ms);
    assert_int_equal(xylem_pause(network, 25), XYLEM_OK);
    set_gate(true);
    await_hanging(0);
    assert_int_equal(xylem_wait(network, 25, false, 300), XYLEM_TIMED_OUT); /* no heartbeats */
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_PENDING);
    assert_int_equal(xylem_resume(network, 25), XYLEM_OK);
    expect_end(future, XYLEM_OK, "hang");
    xylem_close(&network);
}

/* A wall clock that is set holds nothing up. */
static void test_no_wall_clock(void **state)
{
    xylem *network = open_silent(state);
    create(network, 50, "exec");
    create(network, 25, "work");
    create(network, 75, "well");
    begin_to_hang(state, network, 25, 1);
    xylem_future *many[100];
    atomic_store(&wall_clock_reads, 0);
    for (int i = 0; i < 100; i++)
        many[i] = start(network, 75, "x");
    assert_int_equal(xylem_pause(network, 75), XYLEM_OK);
    assert_int_equal(xylem_resume(network, 75), XYLEM_OK);
    begin_to_hang(state, network, 50, 2);
    assert_int_equal(xylem_pause(network, 50), XYLEM_OK);
    assert_int_equal(xylem_kill(network, 75), XYLEM_OK);
    assert_int_equal(xylem_kill(network, 25), XYLEM_OK);
    assert_int_equal(atomic_load(&wall_clock_reads), 0);
    xylem_close(&network);
    assert_int_equal(atomic_load(&wall_clock_reads), 0);
    for (int i = 0; i < 100; i++)
        xylem_future_free(&many[i]);
}

/* Services return at about the moment at which their nodes are abandoned, while others are killed,
 * removed, paused, and all are closed. */

enum { NODES = 12, ROUNDS = 20, STEPS = 100, PAUSE_MAX_MS = 12 };

static void do_anything(xylem *network, uint64_t *random)
{
    static const char *const names[] = {"well", "open", "exec", "close", "release", "work"};
    static int (*const calls[])(xylem *, int64_t) = {xylem_kill, xylem_pause, xylem_resume,
                                                     xylem_remove};
    int64_t id = unit_random(random) % NODES;
    xylem_future *future;
    switch (unit_random(random) % 8) {
    case 0:
    case 1:
        calls[unit_random(random) % 4](network, id);
        break;
    case 2:
    case 3:
        future = start(network, id, "hang");
        xylem_future_wait(future, unit_random(random) % PAUSE_MAX_MS);
        xylem_future_free(&future);
        break;
    case 4:
        set_gate(unit_random(random) % 2);
        xylem_run(network, unit_random(random) % PAUSE_MAX_MS);
        break;
    default:
        create_serving(network, id, names[unit_random(random) % 6]);
    }
}

static void test_returns_at_any_moment(void **state)
{
    uint64_t random = unit_seed();
    for (int round = 0; round < ROUNDS; round++) {
        xylem *network = open_patient(state, 50); /* paused nodes answer nothing */
        for (int step = 0; step < STEPS; step++)
            do_anything(network, &random);
        if (unit_random(&random) % 2) { /* all that is left is begun, and the network closed */
            xylem_interrupt(network);
            for (int step = 0; step < STEPS; step++)
                do_anything(network, &random);
        }
        xylem_close(&network);
    }
}

#define IN(test, world, place)                                                                     \
    {                                                                                              \
#test " " world, test, set_up, tear_down, (void *)(uintptr_t)(place)                       \
    }
#define IN_THREADS(test)    IN(test, "thread", 1)
#define IN_EVERY_REAL(test) IN(test, "thread", 1), IN(test, "ipc", 2), IN(test, "tcp", 3)
#define IN_EVERY(test)      IN(test, "simulated", 0), IN_EVERY_REAL(test)

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (xylem_register(&own[i]) != XYLEM_OK)
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    is_worker = false;
    make_marks();
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&gate.changed, &attributes);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        IN_EVERY_REAL(test_close_while_open_hangs),
        IN_EVERY_REAL(test_close_while_the_topmost_opens),
        IN_EVERY_REAL(test_close_while_exec_hangs),
        IN_EVERY_REAL(test_close_while_close_hangs),
        IN_EVERY_REAL(test_close_while_release_hangs),
        IN_EVERY_REAL(test_close_a_chain_that_hangs),
        IN_THREADS(test_a_chain_sleeps),
        IN_EVERY_REAL(test_kill_while_exec_hangs),
        IN_EVERY_REAL(test_kill_while_exec_of_the_topmost_hangs),
        IN_EVERY_REAL(test_kill_is_polled),
        IN_EVERY_REAL(test_remove_while_exec_hangs),
        IN_EVERY_REAL(test_remove_while_close_hangs),
        IN_EVERY(test_remove_while_paused),
        IN_EVERY_REAL(test_create_while_open_hangs),
        IN_EVERY_REAL(test_kill_while_work_hangs),
        IN_THREADS(test_a_crash_closes_nothing),
        IN_THREADS(test_released_late),
        IN_THREADS(test_abandoned_is_logged),
        IN_THREADS(test_pause_while_exec_hangs),
        IN_THREADS(test_no_wall_clock),
        IN_THREADS(test_returns_at_any_moment),
    };
    int failed = cmocka_run_group_tests(tests, count_before, NULL);
    unlink(getenv(MARKS));
    return failed;
}
