/* Services that are programs: what they may do, and whatever they may do wrong. */
#include "counts.h"
#include "worlds.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

enum { CEILING_MS = 60000, SHORT_MS = 300, FULL_MS = 1500, ROUNDS = 3 };

#define PROGRAMS XY_TEST_PROGRAMS "/"

static void expect_exec(xylem *network, int64_t id, const char *text, const char *wanted)
{
    const char *reply = NULL;
    int status = xylem_exec(network, id, text, &reply);
    if (status)
        print_error("%s: %s\n", text, xylem_reason(network));
    assert_int_equal(status, XYLEM_OK);
    assert_string_equal(reply, wanted);
}

static int64_t ask_number(xylem *network, int64_t id, const char *text)
{
    const char *reply = NULL;
    assert_int_equal(xylem_exec(network, id, text, &reply), XYLEM_OK);
    int64_t number = atoll(reply);
    assert_true(number > 1);
    return number;
}

/* A zombie counts as living. */
static void expect_gone(int64_t pid)
{
    int64_t until_ms = counts_now_ms() + CEILING_MS;
    while (kill((pid_t)pid, 0) == 0 || errno != ESRCH) {
        assert_true(counts_now_ms() < until_ms);
        sched_yield();
    }
}

/* What is right. */

static void test_answers(void **state)
{
    xylem *network = OPEN("fickle", "fickle", "echo");
    expect_exec(network, 0, "say a", "0 1 say a");
    expect_exec(network, 0, "say b", "0 2 say b");
    expect_exec(network, 1, "say ", "1 1 say ");
    expect_exec(network, 2, "", "");
    assert_int_equal(xylem_exec(network, 0, "refuse", NULL), XYLEM_FAILED);
    assert_string_equal(xylem_reason(network), "not today");
    expect_exec(network, 0, "say c", "0 4 say c"); /* by the same process */
    xylem_close(&network);
}

/* Chunks that a program sends before its answer. */

static xylem_future *stream(xylem *network, int64_t id, const char *text, int64_t timeout_ms)
{
    xylem_future *future;
    assert_int_equal(xylem_stream(network, id, text, timeout_ms, &future), XYLEM_OK);
    return future;
}

static void expect_chunk(xylem_future *future, const char *wanted)
{
    const char *chunk;
    size_t size;
    assert_int_equal(xylem_future_chunk(future, -1, &chunk, &size), XYLEM_OK);
    if (wanted)
        assert_string_equal(chunk, wanted);
    else
        assert_null(chunk);
    assert_int_equal(size, wanted ? strlen(wanted) : 0);
}

static void test_parts(void **state)
{
    xylem *network = OPEN("fickle");
    xylem_future *future = stream(network, 0, "parts", -1);
    expect_chunk(future, "one");
    expect_chunk(future, "two");
    expect_chunk(future, NULL);
    expect_end(future, XYLEM_OK, "three");
    expect_exec(network, 0, "parts", "onetwothree");
    expect_exec(network, 0, "say a", "0 3 say a"); /* by the same process */
    future = stream(network, 0, "sorry", -1);
    expect_chunk(future, "one");
    expect_chunk(future, NULL);
    expect_end(future, XYLEM_FAILED, "sorry");
    assert_int_equal(xylem_exec(network, 0, "sorry", NULL), XYLEM_FAILED);
    assert_string_equal(xylem_reason(network), "sorry");
    xylem_close(&network);
}

/* The example: of each of its own lines that say so. */
static void test_lines(void **state)
{
    xylem *network = OPEN("lines");
    static const char text[] = "def  " PROGRAMS "../../tools/examples/lines.py";
    xylem_future *future = stream(network, 0, "def " PROGRAMS "../../tools/examples/lines.py", -1);
    expect_chunk(future, "def write(number, verdict, text):\n");
    expect_chunk(future, "def serve():\n");
    expect_chunk(future, NULL);
    expect_end(future, XYLEM_OK, "2 lines\n");
    expect_exec(network, 0, "def " PROGRAMS "../../tools/examples/lines.py",
                "def write(number, verdict, text):\ndef serve():\n2 lines\n");
    assert_int_equal(xylem_exec(network, 0, text, NULL), XYLEM_FAILED); /* there is no such file */
    xylem_close(&network);
}

/* More than there is room for, and without an end: then its time is over, and it is killed. */
static void test_many_parts(void **state)
{
    xylem *network = OPEN("fickle", "fickle");
    const char *chunk;
    xylem_future *future = stream(network, 0, "many", -1);
    for (int i = 1; i <= 2000; i++) {
        assert_int_equal(xylem_future_chunk(future, -1, &chunk, NULL), XYLEM_OK);
        assert_int_equal(atoi(chunk), i);
    }
    expect_chunk(future, NULL);
    expect_end(future, XYLEM_OK, "many");
    int64_t pid = ask_number(network, 1, "pid");
    future = stream(network, 1, "forever", FULL_MS);
    expect_exec(network, 0, "say b", "0 2 say b");
    expect_gone(pid);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    int taken = 0;
    while (xylem_future_chunk(future, 0, &chunk, NULL) == XYLEM_OK && chunk)
        taken++;
    assert_in_range(taken, 1, XYLEM_STREAM_WINDOW / (60000 + 256));
    expect_end(future, XYLEM_TIMED_OUT, "");
    xylem_close(&network);
}

/* In many parts, with every byte. */
static void test_long_texts(void **state)
{
    enum { SIZE = 3000001 };
    xylem *network = OPEN("echo");
    char *text = malloc(SIZE);
    const char *reply;
    size_t size;
    for (size_t i = 0; text && i < SIZE; i++)
        text[i] = (char)(i * 7 + i / 256);
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(xylem_exec_bytes(network, 0, text, SIZE, &reply, &size), XYLEM_OK);
        assert_int_equal(size, SIZE);
        assert_memory_equal(reply, text, SIZE);
    }
    free(text);
    xylem_close(&network);
}

/* What it gets from the process that it is started by. */
static void test_what_it_inherits(void **state)
{
    xylem *network = OPEN("fickle", "echo");
    expect_exec(network, 1, "descriptors", "0 1 2");
    expect_exec(network, 0, "signals", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000");
    xylem_close(&network);
}

/* In place of those of this program, which may be a program of another one. */
static void test_arguments(void **state)
{
    xylem *network = open_network((uintptr_t)*state);
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = "fickle";
    assert_int_equal(xylem_create_with(network, 0, &options, NULL), XYLEM_OK);
    expect_exec(network, 0, "arguments", "");
    options.arguments = " a='b'  c=";
    options.arguments_size = strlen(options.arguments);
    assert_int_equal(xylem_create_with(network, 1, &options, NULL), XYLEM_OK);
    expect_exec(network, 1, "arguments", " a='b'  c=");
    assert_int_equal(xylem_exec(network, 1, "status", NULL), XYLEM_FAILED);
    expect_exec(network, 1, "arguments", " a='b'  c="); /* it was started again */
    options.arguments = "a\0b";
    options.arguments_size = 3;
    assert_int_equal(xylem_create_with(network, 2, &options, NULL), XYLEM_OK);
    expect_exec(network, 2, "arguments", "a");
    xylem_close(&network);
}

/* What is wrong: the request fails with its explanation, the next one is served by a process that
 * was started again, and all others are as before. */

static const struct {
    const char *text, *wrong;
} faults[] = {
    {"garbage", "answered 'garb?age' in place of NUMBER ok|error|part SIZE"},
    {"empty", "answered '' in place of NUMBER ok|error|part SIZE"},
    {"words", "answered 'N yes 3' in place of NUMBER ok|error|part SIZE"},
    {"missing", "answered 'N ok' in place of NUMBER ok|error|part SIZE"},
    {"signed", "answered 'N ok -1' in place of NUMBER ok|error|part SIZE"},
    {"blanks", "answered 'N ok 1 ' in place of NUMBER ok|error|part SIZE"},
    {"huge", "answered 'N ok 99999999999999999999' in place of NUMBER ok|error|part SIZE"},
    {"line", "answered '1111111111111111111111111111111111111111' in place of NUMBER ok|error|part "
             "SIZE"},
    {"stream",
     "answered 'for ever and ever without a pause and wi' in place of NUMBER ok|error|part "
     "SIZE"},
    {"before", "answered request M in place of N"},
    {"after", "answered request P in place of N"},
    {"large", "announced an answer of 33554433 bytes, and the limit is 33554432"},
    {"wide", "announced a part of 65537 bytes, and the limit is 65536"},
    {"apart", "ended with status 5 before it had answered"},
    {"half", "ended with status 4 before it had answered"},
    {"status", "ended with status 3 before it had answered"},
    {"crash", "was ended by signal 11 (Segmentation fault) before it had answered"},
    {"shut", "closed its standard output before it had answered"},
};

/* The name of the program, what it has done wrong with the numbers of the request, of the one
 * before and of the one behind, and what comes next. */
static void expect_wrong(const char *reason, const char *wrong, int number)
{
    static const char name[] = "the program 'fickle' (exec sh ";
    char wanted[300];
    size_t length = 0;
    for (; *wrong; wrong++) {
        int shift = *wrong == 'M' ? -1 : *wrong == 'P' ? 1 : 0;
        bool meant = strchr("MNP", *wrong) && strchr(" ", wrong[1]);
        if (meant || (*wrong == 'N' && wrong[1] == '\0'))
            length +=
                (size_t)snprintf(wanted + length, sizeof wanted - length, "%d", number + shift);
        else
            wanted[length++] = *wrong;
    }
    snprintf(wanted + length, sizeof wanted - length, "; it is started again for the next request");
    assert_memory_equal(reason, name, strlen(name));
    const char *behind = strstr(reason, ") ");
    assert_non_null(behind);
    assert_string_equal(behind + 2, wanted);
}

static void test_faults(void **state)
{
    xylem *network = OPEN("fickle", "fickle");
    int64_t other = ask_number(network, 1, "pid");
    char served[32];
    int number = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        int64_t pid = ask_number(network, 0, "pid");
        assert_int_equal(xylem_exec(network, 0, faults[i].text, NULL), XYLEM_FAILED);
        expect_wrong(xylem_reason(network), faults[i].wrong, number + 2);
        expect_gone(pid);
        number += 3;
        snprintf(served, sizeof served, "0 %d say", number);
        expect_exec(network, 0, "say", served);
        assert_int_equal(ask_number(network, 1, "pid"), other);
    }
    xylem_close(&network);
}

/* An answer without a request fails the next request, and not the one behind it. */
static void test_answers_twice(void **state)
{
    static const char wrong[] = "wrote to its standard output without a request";
    xylem *network = OPEN("fickle");
    for (int round = 0; round < ROUNDS; round++) {
        expect_exec(network, 0, "twice", "one");
        int status = xylem_exec(network, 0, "say", NULL);
        assert_int_equal(status, XYLEM_FAILED);
        if (!strstr(xylem_reason(network), "in place of")) /* it came a little later */
            expect_wrong(xylem_reason(network), wrong, 0);
        const char *reply;
        assert_int_equal(xylem_exec(network, 0, "say", &reply), XYLEM_OK);
    }
    xylem_close(&network);
}

static void expect_late(xylem *network, int64_t id, const char *text, size_t size)
{
    xylem_future *future;
    assert_int_equal(xylem_start_bytes(network, id, text, size, SHORT_MS, &future), XYLEM_OK);
    expect_exec(network, 1, "say", "1 1 say"); /* the other node is not held up */
    assert_int_equal(xylem_ping(network, id), XYLEM_OK);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    int status = xylem_future_result(future, NULL, NULL);
    if (status != XYLEM_UNAVAILABLE) /* a busy machine: the caller has given up before the node */
        assert_int_equal(status, XYLEM_TIMED_OUT);
    xylem_future_free(&future);
}

/* It takes too long: it computes, it waits, or it announces more and more. */
static void test_never_answers(void **state)
{
    static const char *const texts[] = {"never", "busy", "flood"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        xylem *network = OPEN("fickle", "fickle");
        int64_t pid = ask_number(network, 0, "pid");
        if (strcmp(texts[i], "flood") == 0) { /* 32 MiB are an answer, with too much behind it */
            const char *reply;
            size_t size;
            int status = xylem_exec_bytes(network, 0, texts[i], 5, &reply, &size);
            assert_true(status == XYLEM_OK || status == XYLEM_TIMED_OUT);
            if (!status)
                assert_int_equal(xylem_exec(network, 0, "say", NULL), XYLEM_FAILED);
        } else
            expect_late(network, 0, texts[i], strlen(texts[i]));
        assert_true(ask_number(network, 0, "pid") != pid);
        expect_gone(pid);
        xylem_close(&network);
    }
}

/* What it does not read holds up nothing but the request. */
static void test_does_not_read(void **state)
{
    enum { SIZE = 1 << 20 };
    xylem *network = OPEN("deaf", "fickle");
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    expect_late(network, 0, text, SIZE);
    xylem_future *future;
    assert_int_equal(xylem_start_bytes(network, 0, text, SIZE, CEILING_MS, &future), XYLEM_OK);
    xylem_future_cancel(future);
    assert_int_equal(xylem_future_wait(future, -1), XYLEM_OK);
    assert_int_equal(xylem_future_result(future, NULL, NULL), XYLEM_CANCELLED);
    xylem_future_free(&future);
    free(text);
    assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    xylem_close(&network);
}

/* An answer before the request was read leaves no part of it to the next. */
static void test_answers_too_early(void **state)
{
    enum { SIZE = 1 << 20 };
    xylem *network = OPEN("hasty");
    char *text = calloc(1, SIZE);
    assert_non_null(text);
    for (int round = 0; round < ROUNDS; round++) {
        int status = xylem_exec_bytes(network, 0, text, SIZE, NULL, NULL);
        assert_int_equal(status, XYLEM_FAILED);
        assert_non_null(strstr(xylem_reason(network), "before it had read the request"));
    }
    free(text);
    xylem_close(&network);
}

/* Those that end at once, or that there are not. */
static void test_ends_at_once(void **state)
{
    xylem *network = OPEN("nothing", "missing", "fickle");
    for (int round = 0; round < ROUNDS; round++) {
        assert_int_equal(xylem_exec(network, 0, "x", NULL), XYLEM_FAILED);
        assert_string_equal(xylem_reason(network),
                            "the program 'nothing' (exit 7) ended with status 7 before it had "
                            "answered; it is started again for the next request");
        assert_int_equal(xylem_exec(network, 1, "x", NULL), XYLEM_FAILED);
        assert_string_equal(xylem_reason(network),
                            "the program 'missing' (no-such-program 2>/dev/null) ended with "
                            "status 127 (the shell did not find it) before it had answered; it is "
                            "started again for the next request");
        assert_int_equal(xylem_ping(network, 0), XYLEM_OK);
    }
    expect_exec(network, 2, "say", "2 1 say");
    xylem_close(&network);
}

/* One that ends between two requests fails none. */
static void test_ends_between(void **state)
{
    xylem *network = OPEN("fickle");
    for (int round = 0; round < ROUNDS; round++) {
        int64_t pid = ask_number(network, 0, "pid");
        expect_exec(network, 0, "last", "last");
        expect_gone(pid);
        char wanted[32];
        snprintf(wanted, sizeof wanted, "0 %d say", 3 * round + 3);
        expect_exec(network, 0, "say", wanted);
    }
    xylem_close(&network);
}

/* Ends. */

static int64_t forked[3]; /* pids of a program and of what it has started */

static void fork_some(xylem *network, int64_t id)
{
    forked[0] = ask_number(network, id, "pid");
    forked[1] = ask_number(network, id, "fork");
    forked[2] = ask_number(network, id, "leave");
}

static void expect_forked_gone(void)
{
    for (int i = 0; i < 3; i++)
        expect_gone(forked[i]);
}

static void test_nothing_left(void **state)
{
    xylem *network = OPEN("fickle", "fickle", "fickle");
    fork_some(network, 0);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    expect_forked_gone();
    assert_int_equal(create_serving(network, 0, "fickle"), XYLEM_OK);
    fork_some(network, 0);
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    expect_forked_gone();
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(create_serving(network, 0, "fickle"), XYLEM_OK);
    fork_some(network, 0);
    assert_int_equal(xylem_exec(network, 0, "status", NULL), XYLEM_FAILED);
    expect_forked_gone();
    fork_some(network, 0);
    xylem_close(&network);
    expect_forked_gone();
}

static void test_killed_while_busy(void **state)
{
    xylem *network = OPEN("fickle", "fickle");
    fork_some(network, 0);
    xylem_future *future = start(network, 0, "never");
    assert_int_equal(xylem_kill(network, 0), XYLEM_OK);
    expect_forked_gone();
    xylem_future_free(&future);
    assert_int_equal(xylem_remove(network, 0), XYLEM_OK);
    assert_int_equal(create_serving(network, 0, "fickle"), XYLEM_OK);
    fork_some(network, 0);
    future = start(network, 0, "busy");
    xylem_close(&network);
    xylem_future_free(&future);
    expect_forked_gone();
}

static void use_and_close(void **state)
{
    xylem *network = OPEN("fickle", "deaf", "nothing", "fickle");
    expect_exec(network, 0, "say", "0 1 say");
    assert_int_equal(xylem_exec(network, 0, "crash", NULL), XYLEM_FAILED);
    assert_int_equal(xylem_exec(network, 2, "x", NULL), XYLEM_FAILED);
    assert_int_equal(xylem_kill(network, 3), XYLEM_OK);
    xylem_close(&network);
}

static void test_nothing_kept(void **state)
{
    use_and_close(state);
    counts before = count_all(NULL, 0);
    for (int round = 0; round < ROUNDS; round++)
        use_and_close(state);
    expect_counts(before, NULL, 0, NULL, NULL);
}

/* It is reaped when it ends, and not when the node has something to do. */
static void test_no_zombies(void **state)
{
    xylem *network = OPEN("fickle");
    siginfo_t none;
    expect_exec(network, 0, "last", "last");
    int64_t until_ms = counts_now_ms() + CEILING_MS;
    while (waitid(P_ALL, 0, &none, WEXITED | WNOHANG | WNOWAIT) == 0)
        assert_true(counts_now_ms() < until_ms);
    assert_int_equal(errno, ECHILD);
    xylem_close(&network);
}

/* The process of the node ignores the end of its children, or has waited for all of them. */
static void test_children_ignored(void **state)
{
    signal(SIGCHLD, SIG_IGN);
    xylem *network = OPEN("fickle");
    expect_exec(network, 0, "say", "0 1 say");
    assert_int_equal(xylem_exec(network, 0, "status", NULL), XYLEM_FAILED);
    assert_non_null(strstr(xylem_reason(network), ") ended before it had answered"));
    expect_exec(network, 0, "say", "0 3 say");
    xylem_close(&network);
    signal(SIGCHLD, SIG_DFL);
}

/* The log. */

static struct {
    pthread_mutex_t mutex;
    char lines[4][64];
    int count;
} heard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void hear(void *owner, enum xylem_log_level level, int64_t id, const char *text)
{
    (void)owner;
    pthread_mutex_lock(&heard.mutex);
    if (heard.count < 4)
        snprintf(heard.lines[heard.count++], sizeof heard.lines[0], "%d %d %s", (int)level, (int)id,
                 text);
    pthread_mutex_unlock(&heard.mutex);
}

static int count_heard(void)
{
    pthread_mutex_lock(&heard.mutex);
    int count = heard.count;
    pthread_mutex_unlock(&heard.mutex);
    return count;
}

static void test_log(void **state)
{
    xylem_options options = XYLEM_OPTIONS;
    xylem *network;
    (void)state;
    options.timeout_ms = 20000;
    options.log = hear;
    options.service = "fickle";
    assert_int_equal(xylem_open(&network, &options), XYLEM_OK);
    assert_int_equal(xylem_create(network, 8, NULL), XYLEM_OK);
    expect_exec(network, 8, "complain", "");
    int64_t until_ms = counts_now_ms() + CEILING_MS;
    while (count_heard() < 2)
        assert_true(counts_now_ms() < until_ms);
    xylem_close(&network);
    assert_int_equal(heard.count, 2);
    assert_string_equal(heard.lines[0], "1 8 fickle: one");
    assert_string_equal(heard.lines[1], "1 8 fickle: tw?o");
}

/* Making it known. */

static void test_simulated(void **state)
{
    xylem *network = open_network(0);
    (void)state;
    assert_int_equal(create_serving(network, 1, "fickle"), XYLEM_CANNOT_START);
    assert_string_equal(xylem_reason(network),
                        "the service 'fickle' is a program, which cannot run in the simulated "
                        "world: use threads or processes");
    xylem_close(&network);
}

static void test_names(void **state)
{
    char longest[901];
    (void)state;
    memset(longest, 'x', 900);
    longest[900] = '\0';
    assert_int_equal(xylem_program_service(NULL, "x"), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("", "x"), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("a b", "x"), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("timer", "x"), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("fickle", "x"), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("good", NULL), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("good", ""), XYLEM_INVALID);
    assert_int_equal(xylem_program_service("good", longest), XYLEM_INVALID);
    longest[899] = '\0';
    assert_int_equal(xylem_program_service("good", longest), XYLEM_OK);
    assert_int_equal(xylem_program_service("good", longest), XYLEM_INVALID);
}

static const char *const programs[][2] = {
    {"fickle", "exec sh " PROGRAMS "fickle.sh"},
    {"echo", "python3 -B " PROGRAMS "echo.py"},
    {"lines", "python3 -B " PROGRAMS "../../tools/examples/lines.py"},
    {"deaf", "sleep 1000"},
    {"hasty", "read -r node number size && echo $number ok 0 && sleep 1000"},
    {"nothing", "exit 7"},
    {"missing", "no-such-program 2>/dev/null"}};

static int make_known(size_t from, size_t to)
{
    int error = XYLEM_OK;
    for (size_t i = from; i < to && !error; i++)
        error = xylem_program_service(programs[i][0], programs[i][1]);
    return error;
}

#define IN_THREADS(test)                                                                           \
    {                                                                                              \
#test " thread", test, NULL, NULL, (void *)1                                               \
    }
#define REAL(test)                                                                                 \
    IN_THREADS(test), {#test " ipc", test, NULL, NULL, (void *)2},                                 \
    {                                                                                              \
#test " tcp", test, NULL, NULL, (void *)3                                                  \
    }

/* Some are known before there are workers, and some are told to their agent. */
int main(int argc, char **argv)
{
    setenv("XYLEM_ARGUMENTS", "of this program", 1);
    enum { BEFORE = 2, ALL = sizeof programs / sizeof *programs };
    if (make_known(0, BEFORE))
        return EXIT_FAILURE;
    xylem_worker(argc, argv);
    if (make_known(BEFORE, ALL))
        return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        REAL(test_answers),
        REAL(test_parts),
        REAL(test_many_parts),
        REAL(test_lines),
        REAL(test_long_texts),
        REAL(test_what_it_inherits),
        REAL(test_arguments),
        REAL(test_faults),
        REAL(test_answers_twice),
        REAL(test_never_answers),
        REAL(test_does_not_read),
        REAL(test_answers_too_early),
        REAL(test_ends_at_once),
        REAL(test_ends_between),
        REAL(test_nothing_left),
        REAL(test_killed_while_busy),
        REAL(test_nothing_kept),
        IN_THREADS(test_no_zombies),
        IN_THREADS(test_children_ignored),
        IN_THREADS(test_log),
        cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
