/* The agent, with workers that are no nodes: first alone, driven over its pipes; then by its
 * launcher.
 */
#include "counts.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch/agent_launcher.h"
#include "launch/descriptors.h"

enum { CEILING_MS = 20000 };

/* The system, as the agent sees it. */

static bool refuse_close_range;

int close_range(unsigned first, unsigned last, int flags)
{
    (void)last;
    (void)flags;
    if (refuse_close_range || getenv("REFUSE_CLOSE_RANGE")) {
        errno = EPERM; /* as a filter of system calls does */
        return -1;
    }
    for (int fd = (int)first; fd < 256; fd++)
        close(fd);
    return 0;
}

/* The workers: the service says what one does. Those that write do so to a pipe, whose descriptor
 * every agent inherits as its standard error: one byte for each thing that happens. */

static void tell(const char *what)
{
    if (write(STDERR_FILENO, what, strlen(what)) < 0)
        abort();
}

static _Noreturn void sleep_for_ever(void)
{
    for (;;)
        pause();
}

/* Says what it is told, until it is told to end. Waits as a node does that waits for its socket: no
 * descriptor of the agent is looked at. */
static int wait_for_orders(xy_worker *worker)
{
    for (;;) {
        xy_event event;
        while (xy_worker_order(worker, &event)) {
            if (event.kind == XY_EVENT_END)
                return 0;
            char text[64];
            if (event.kind == XY_EVENT_TOLD)
                snprintf(text, sizeof text, "[told %.*s]", (int)event.told.size,
                         (const char *)event.told.frame);
            else
                snprintf(text, sizeof text, "[%llu %llu %.20s]",
                         (unsigned long long)event.attach.parent.link.number,
                         (unsigned long long)event.attach.parent.tag, event.attach.address);
            tell(text);
        }
        poll(NULL, 0, -1);
    }
}

static _Noreturn void fork_child_and_sleep(void)
{
    if (fork() == 0) {
        signal(SIGHUP, SIG_IGN);
        tell("c");
        sleep_for_ever();
    }
    sleep_for_ever();
}

/* A process of another group is the parent of one of this group: so the kernel does not let the
 * group go on when it is stopped and loses the worker's parent. */
static _Noreturn void be_held(void)
{
    pid_t worker = getpid();
    if (fork() == 0) {
        if (fork() == 0)
            sleep_for_ever();
        setpgid(0, 0);
        tell("h");
        while (getppid() == worker)
            poll(NULL, 0, 1);
        _exit(0);
    }
    sleep_for_ever();
}

/* Leaves a child behind that has a group of its own, says who has adopted it, and ends. */
static int leave_orphan(void)
{
    char text[32];
    pid_t worker = getpid(), child = fork();
    if (child > 0) {
        setpgid(child, child);
        return 0;
    }
    while (getppid() == worker)
        poll(NULL, 0, 1);
    snprintf(text, sizeof text, "[%d]", (int)getppid());
    tell(text);
    _exit(0);
}

/* Begins to wait just after an order has come, which it has not looked for. */
static int wait_too_late(xy_worker *worker)
{
    struct pollfd polled = {.fd = worker->agent.in_fd, .events = POLLIN};
    xy_event event;
    while (xy_worker_order(worker, &event))
        ;
    tell("b");
    while (poll(&polled, 1, 0) == 0)
        ;
    poll(NULL, 0, -1);
    return xy_worker_order(worker, &event) && event.kind == XY_EVENT_END ? 7 : 8;
}

enum { REPORTS = 5000 };

static void report_expected(xy_worker *worker, uint64_t life, uint64_t link)
{
    const xy_action action = {.kind = XY_ACTION_EXPECTED, .expected = {{life}, {link}, link + 1}};
    xy_worker_report(worker, &action);
}

static void report_attached(xy_worker *worker, uint64_t life, uint64_t link)
{
    const xy_action action = {.kind = XY_ACTION_ATTACHED, .attached = {{life}, {link}, "here"}};
    xy_worker_report(worker, &action);
}

/* More than the agent, which is stopped, has room for. */
static int report_much(xy_worker *worker)
{
    kill(getppid(), SIGSTOP);
    for (uint64_t link = 1; link <= REPORTS; link++)
        report_expected(worker, 2, link);
    tell(xy_channel_waits(&worker->agent) ? "w" : "n");
    return wait_for_orders(worker);
}

/* What the loader of the agent was told is none of the worker's business, unless it is the user's.
 */
static void show_binding(void)
{
    char path[64], said[64], *variable = NULL;
    const char *own = getenv("LD_BIND_NOW");
    size_t size = 0;
    bool told = false;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)getppid());
    FILE *file = fopen(path, "re");
    while (file && getdelim(&variable, &size, '\0', file) > 0)
        told = told || strcmp(variable, "LD_BIND_NOW=xylem") == 0;
    if (file)
        fclose(file);
    free(variable);
    snprintf(said, sizeof said, "[%s %d]", own ? own : "none", told);
    tell(said);
}

static void count_descriptors(void)
{
    char text[32];
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    snprintf(text, sizeof text, "[%d]", count);
    tell(text);
}

static void show_state(const xy_worker *worker)
{
    struct rlimit core;
    struct sigaction hangup, pipe_signal;
    sigset_t blocked;
    char text[200];
    getrlimit(RLIMIT_CORE, &core);
    sigaction(SIGHUP, NULL, &hangup);
    sigaction(SIGPIPE, NULL, &pipe_signal);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    snprintf(text, sizeof text,
             "[group %d session %d core %d hangup %d pipe %d blocked %d lifeline %d %s]",
             getpgrp() == getpid(), getsid(0) == getppid(), (int)core.rlim_cur,
             hangup.sa_handler == SIG_IGN, pipe_signal.sa_handler == SIG_IGN,
             sigismember(&blocked, SIGCHLD), fcntl(worker->agent.in_fd, F_GETFD),
             worker->setting.rundir);
    tell(text);
}

static pid_t set_up_by;

static void set_up_agent(void)
{
    set_up_by = getpid();
}

static void show_set_up(void)
{
    tell(set_up_by == getppid() ? "[set up]" : "[not set up]");
}

/* What libzmq does when it is refused a thread; later it is a crash as any other. */
static void abort_while_opening(const xy_worker *worker)
{
    const xy_error no_thread = {XYLEM_CANNOT_START, "no thread can be had"};
    xy_worker_explain_abort(worker, &no_thread);
    if (strcmp(getenv("ABORT"), "later") == 0)
        xy_worker_explain_abort(worker, NULL);
    abort();
}

static int stand_in(xy_worker *worker)
{
    const char *service = worker->birth.service;
    if (getenv("STUBBORN")) {
        signal(XY_WORKER_SIGNAL, SIG_IGN);
        sleep_for_ever();
    }
    if (getenv("ABORT"))
        abort_while_opening(worker);
    if (getenv("UNPREPARED")) {
        xy_worker_fail(worker, &(xy_error){XYLEM_CANNOT_START, "no socket can be had"});
        return EXIT_FAILURE;
    }
    if (!xy_worker_born(worker))
        return EXIT_FAILURE;
    if (strcmp(service, "wait") == 0)
        return wait_for_orders(worker);
    if (strcmp(service, "hang") == 0)
        sleep_for_ever();
    if (strcmp(service, "fork") == 0)
        fork_child_and_sleep();
    if (strcmp(service, "held") == 0)
        be_held();
    if (strcmp(service, "orphan") == 0)
        return leave_orphan();
    if (strcmp(service, "late") == 0)
        return wait_too_late(worker);
    if (strcmp(service, "crash") == 0)
        abort();
    if (strcmp(service, "count") == 0)
        count_descriptors();
    if (strcmp(service, "binding") == 0)
        show_binding();
    if (strcmp(service, "set-up") == 0)
        show_set_up();
    if (strcmp(service, "state") == 0)
        show_state(worker);
    if (strcmp(service, "key") == 0) {
        xy_worker_key(worker, "0123456789012345678901234567890123456789");
        return wait_for_orders(worker);
    }
    if (strcmp(service, "report") == 0) {
        report_expected(worker, 2, 8);
        report_attached(worker, 99, 7); /* of another */
        report_expected(worker, 1, 9);
        return wait_for_orders(worker);
    }
    if (strcmp(service, "much") == 0)
        return report_much(worker);
    if (strcmp(service, "fail") == 0) {
        xy_worker_fail(worker, &(xy_error){XYLEM_CANNOT_START, "there is no such service"});
        return EXIT_FAILURE;
    }
    return atoi(service);
}

static const xy_worker_ops stand_ins = {set_up_agent, stand_in};

/* What happens, as the test sees it. */

typedef struct fixture {
    xy_channel channel; /* of the agent that is driven by hand */
    pid_t pid;
    int said_fd, said_by; /* what workers write; the end that agents inherit */
    int stderr_fd;        /* the test's own */
    int spare_fd;         /* of a spare that does not end by itself, or -1 */
    xy_launcher *launcher;
} fixture;

static bool readable(int fd, int ms)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, ms) > 0;
}

/* The next text of workers, which must be this. */
static void expect_said(const fixture *f, const char *wanted)
{
    char text[512];
    for (size_t size = 0; size < strlen(wanted);) {
        assert_true(readable(f->said_fd, CEILING_MS));
        ssize_t got = read(f->said_fd, text + size, strlen(wanted) - size);
        assert_true(got > 0);
        size += (size_t)got;
        text[size] = '\0';
    }
    assert_string_equal(text, wanted);
}

/* Of a program and a worker's child, in any order. */
static void expect_two_said(const fixture *f)
{
    char text[2];
    for (size_t size = 0; size < sizeof text; size++) {
        assert_true(readable(f->said_fd, CEILING_MS));
        assert_int_equal(read(f->said_fd, text + size, 1), 1);
    }
    assert_true(memchr(text, 'p', 2) && memchr(text, 'c', 2));
}

/* Every process that can write there has ended: the agent, its workers and their children. */
static void expect_nothing_left(fixture *f)
{
    char byte;
    dup2(f->stderr_fd, STDERR_FILENO);
    close(f->said_by);
    f->said_by = -1;
    assert_true(readable(f->said_fd, CEILING_MS));
    assert_int_equal(read(f->said_fd, &byte, 1), 0);
}

static int set_up(void **state)
{
    static fixture f;
    int ends[2];
    f = (fixture){
        .said_fd = -1, .spare_fd = -1, .stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10)};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    f.said_fd = ends[0];
    f.said_by = ends[1];
    dup2(f.said_by, STDERR_FILENO);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    if (f->launcher)
        xy_agent_launcher_close(f->launcher);
    if (f->pid > 0 && kill(f->pid, SIGKILL) == 0) /* of a test that has failed */
        waitpid(f->pid, NULL, 0);
    if (f->spare_fd >= 0) {
        pidfd_send_signal(f->spare_fd, SIGKILL, NULL, 0);
        close(f->spare_fd);
    }
    dup2(f->stderr_fd, STDERR_FILENO);
    close(f->stderr_fd);
    close(f->said_fd);
    if (f->said_by >= 0)
        close(f->said_by);
    return 0;
}

/* Driven by hand. */

static pid_t execute_agent(int in, int out)
{
    char *arguments[] = {"test", XY_AGENT_FLAG, NULL};
    pid_t pid = fork();
    if (pid > 0)
        return pid;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    xy_close_from(STDERR_FILENO + 1, 0);
    execve("/proc/self/exe", arguments, environ);
    _exit(99);
}

static xy_agent_message expect_message(fixture *f, xy_agent_kind kind)
{
    xy_agent_message message;
    xy_channel_result result;
    while ((result = xy_channel_receive(&f->channel, &message)) == XY_CHANNEL_NONE)
        assert_true(readable(f->channel.in_fd, CEILING_MS));
    assert_int_equal(result, XY_CHANNEL_MESSAGE);
    assert_int_equal(message.kind, kind);
    return message;
}

static void tell_agent(fixture *f, xy_agent_message message)
{
    assert_true(xy_channel_send(&f->channel, &message));
    assert_false(xy_channel_waits(&f->channel));
}

static void tell_setting(fixture *f, enum xylem_transport transport)
{
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_SETTING,
                                     .setting = {.version = XY_AGENT_VERSION,
                                                 .transport = transport,
                                                 .rundir = "/run/x"}});
}

/* An agent over two pipes, as on another machine. */
static void begin_agent(fixture *f)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    f->pid = execute_agent(to[0], from[1]);
    close(to[0]);
    close(from[1]);
    xy_channel_open(&f->channel, from[0], to[1]);
    f->channel.skips = true;
    assert_int_equal(expect_message(f, XY_AGENT_GREETING).greeting.version, XY_AGENT_VERSION);
}

static int agent_status(fixture *f)
{
    int status, fd = pidfd_open(f->pid, 0);
    assert_true(readable(fd, CEILING_MS));
    close(fd);
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    return status;
}

static void start_worker(fixture *f, uint64_t life, const char *service)
{
    xy_agent_message start = {.kind = XY_AGENT_START,
                              .start = {.id = (int64_t)life * 10, .life = {life}}};
    snprintf(start.start.service, sizeof start.start.service, "%s", service);
    tell_agent(f, start);
}

static pid_t expect_started(fixture *f, uint64_t life, const char *key)
{
    xy_agent_message message = expect_message(f, XY_AGENT_STARTED);
    assert_int_equal(message.report.life.number, life);
    assert_string_equal(message.report.key, key);
    return (pid_t)message.report.pid;
}

static void expect_ended(fixture *f, uint64_t life, bool begun, enum xylem_cause kind, int number,
                         const char *reason)
{
    xy_agent_message message = expect_message(f, XY_AGENT_ENDED);
    assert_int_equal(message.report.life.number, life);
    assert_int_equal(message.report.begun, begun);
    assert_int_equal(message.report.cause.kind, kind);
    assert_int_equal(message.report.cause.number, number);
    if (!strstr(message.report.error.text, reason))
        fail_msg("'%s' in place of '%s'", message.report.error.text, reason);
}

static void tell_signal(fixture *f, uint64_t life, xy_fault fault, uint64_t command)
{
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_SIGNAL, .signal = {command, {life}, fault}});
}

static void end_agent(fixture *f)
{
    xy_channel_close(&f->channel);
    assert_int_equal(agent_status(f), 0);
    expect_nothing_left(f);
}

static pid_t begin_with(fixture *f, const char *service)
{
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    start_worker(f, 1, service);
    return expect_started(f, 1, "");
}

static void test_orders(void **state)
{
    fixture *f = *state;
    begin_with(f, "wait");
    for (uint64_t link = 1; link <= 300; link++)
        tell_agent(f,
                   (xy_agent_message){.kind = XY_AGENT_ATTACH,
                                      .attach = {{1}, {{XY_PARENT, {link}, 9}, "ipc:///run/x/4"}}});
    for (uint64_t link = 1; link <= 300; link++) {
        char text[64];
        snprintf(text, sizeof text, "[%llu 9 ipc:///run/x/4]", (unsigned long long)link);
        expect_said(f, text);
    }
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{1}}});
    expect_ended(f, 1, true, XYLEM_EXITED, 0, "ended with status 0");
    end_agent(f);
}

static void test_told(void **state)
{
    fixture *f = *state;
    begin_with(f, "wait");
    for (uint64_t life = 2; life-- > 0;) { /* what is for another life is passed over */
        tell_agent(f, (xy_agent_message){.kind = XY_AGENT_TELL, .tell = {{life + 1}, 3, "one"}});
        tell_agent(f, (xy_agent_message){.kind = XY_AGENT_TELL, .tell = {{life + 1}, 4, "more"}});
    }
    expect_said(f, "[told one][told more]");
    end_agent(f);
}

static void test_order_just_before_waiting(void **state)
{
    fixture *f = *state;
    begin_with(f, "late");
    expect_said(f, "b");
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{1}}});
    expect_ended(f, 1, true, XYLEM_EXITED, 7, "");
    end_agent(f);
}

/* Each order comes while the worker may be about to wait. */
static void test_order_after_order(void **state)
{
    fixture *f = *state;
    begin_with(f, "wait");
    for (uint64_t link = 1; link <= 5000; link++) {
        char text[64];
        tell_agent(f, (xy_agent_message){.kind = XY_AGENT_ATTACH,
                                         .attach = {{1}, {{XY_PARENT, {link}, 9}, "a"}}});
        snprintf(text, sizeof text, "[%llu 9 a]", (unsigned long long)link);
        expect_said(f, text);
    }
    end_agent(f);
}

static void test_order_for_unknown(void **state)
{
    fixture *f = *state;
    begin_with(f, "wait");
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{2}}});
    tell_signal(f, 2, XY_FAULT_KILL, 5);
    xy_agent_message message = expect_message(f, XY_AGENT_SIGNALLED);
    assert_int_equal(message.report.command, 5);
    assert_int_equal(message.report.error.code, XYLEM_OK);
    end_agent(f);
}

/* Until the agent has taken, or the system has, all that it is told. */
static void flush(fixture *f)
{
    while (xy_channel_waits(&f->channel)) {
        struct pollfd polled = {.fd = f->channel.out_fd, .events = POLLOUT};
        assert_true(poll(&polled, 1, CEILING_MS) > 0);
        xy_channel_flush(&f->channel);
    }
}

/* The agent goes on while its reports are not read, and loses none. */
static void test_slow_reader(void **state)
{
    enum { MANY = 20000 };
    fixture *f = *state;
    begin_with(f, "wait");
    for (uint64_t command = 1; command <= MANY; command++) {
        xy_agent_message order = {.kind = XY_AGENT_SIGNAL,
                                  .signal = {command, {2}, XY_FAULT_PAUSE}};
        assert_true(xy_channel_send(&f->channel, &order));
    }
    flush(f);
    for (uint64_t command = 1; command <= MANY; command++)
        assert_int_equal(expect_message(f, XY_AGENT_SIGNALLED).report.command, command);
    end_agent(f);
}

static void test_ends(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    start_worker(f, 1, "3");
    expect_started(f, 1, "");
    expect_ended(f, 1, true, XYLEM_EXITED, 3, "the process ended with status 3");
    start_worker(f, 2, "crash");
    expect_started(f, 2, "");
    expect_ended(f, 2, true, XYLEM_SIGNALLED, SIGABRT, "ended by signal 6 (Aborted)");
    start_worker(f, 3, "fail");
    expect_started(f, 3, "");
    expect_ended(f, 3, false, XYLEM_EXITED, 1, "there is no such service");
    end_agent(f);
}

static void test_key(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_TCP);
    start_worker(f, 1, "key");
    expect_started(f, 1, "0123456789012345678901234567890123456789");
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{1}}});
    expect_ended(f, 1, true, XYLEM_EXITED, 0, "");
    end_agent(f);
}

static void expect_said_expected(fixture *f, uint64_t life, uint64_t link)
{
    xy_launch_report expected = expect_message(f, XY_AGENT_EXPECTED).report;
    assert_int_equal(expected.life.number, life);
    assert_int_equal(expected.link.number, link);
    assert_int_equal(expected.tag, link + 1);
}

/* That it may attach others say of a life; that it has, only it: whatever it says it is. */
static void test_reports(void **state)
{
    fixture *f = *state;
    begin_with(f, "report");
    expect_said_expected(f, 2, 8);
    xy_launch_report attached = expect_message(f, XY_AGENT_ATTACHED).report;
    assert_int_equal(attached.life.number, 1);
    assert_int_equal(attached.link.number, 7);
    assert_string_equal(attached.address, "here");
    expect_said_expected(f, 1, 9);
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{1}}});
    expect_ended(f, 1, true, XYLEM_EXITED, 0, "");
    end_agent(f);
}

/* The worker goes on while its reports are not read, and none is lost, nor held back. */
static void test_reports_to_a_slow_agent(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    start_worker(f, 1, "much");
    expect_said(f, "w");
    kill(f->pid, SIGCONT);
    expect_started(f, 1, "");
    for (uint64_t link = 1; link <= REPORTS; link++)
        expect_said_expected(f, 2, link);
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{1}}});
    expect_ended(f, 1, true, XYLEM_EXITED, 0, "");
    end_agent(f);
}

static void test_killed_from_outside(void **state)
{
    fixture *f = *state;
    pid_t pid = begin_with(f, "hang");
    assert_int_equal(kill(pid, SIGKILL), 0);
    expect_ended(f, 1, true, XYLEM_SIGNALLED, SIGKILL, "signal 9");
    assert_int_equal(kill(pid, 0), -1); /* and was reaped */
    end_agent(f);
}

static char process_state(pid_t pid)
{
    char path[64], line[256] = "", state = '?';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    const char *end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (end)
        state = end[2];
    fclose(file);
    return state;
}

static void await_state(pid_t pid, bool stopped)
{
    for (int waited = 0; (process_state(pid) == 'T') != stopped; waited++) {
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 1);
    }
}

static void test_signals(void **state)
{
    fixture *f = *state;
    pid_t pid = begin_with(f, "hang");
    tell_signal(f, 1, XY_FAULT_PAUSE, 7);
    assert_int_equal(expect_message(f, XY_AGENT_SIGNALLED).report.command, 7);
    await_state(pid, true);
    tell_signal(f, 1, XY_FAULT_RESUME, 8);
    assert_int_equal(expect_message(f, XY_AGENT_SIGNALLED).report.command, 8);
    await_state(pid, false);
    tell_signal(f, 1, XY_FAULT_KILL, 0); /* no answer is wanted */
    expect_ended(f, 1, true, XYLEM_SIGNALLED, SIGKILL, "");
    end_agent(f);
}

static void expect_paused(fixture *f, pid_t pid, uint64_t command)
{
    tell_signal(f, 1, XY_FAULT_PAUSE, command);
    assert_int_equal(expect_message(f, XY_AGENT_SIGNALLED).report.command, command);
    await_state(pid, true);
}

/* A worker may be moved at any time, also one that does not read: what it is told waits, in its
 * order, and holds up nothing else. */
static void test_orders_while_paused(void **state)
{
    enum { MANY = 10000 };
    fixture *f = *state;
    pid_t pid = begin_with(f, "wait");
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_ATTACH,
                                     .attach = {{1}, {{XY_PARENT, {1}, 9}, "a"}}});
    expect_said(f, "[1 9 a]");
    expect_paused(f, pid, 7);
    for (uint64_t link = 2; link <= MANY; link++) {
        xy_agent_message order = {.kind = XY_AGENT_ATTACH,
                                  .attach = {{1}, {{XY_PARENT, {link}, 9}, "a"}}};
        assert_true(xy_channel_send(&f->channel, &order));
    }
    flush(f);
    start_worker(f, 2, "0");
    expect_started(f, 2, "");
    expect_ended(f, 2, true, XYLEM_EXITED, 0, "");
    tell_signal(f, 1, XY_FAULT_RESUME, 8);
    assert_int_equal(expect_message(f, XY_AGENT_SIGNALLED).report.command, 8);
    for (uint64_t link = 2; link <= MANY; link++) {
        char text[64];
        snprintf(text, sizeof text, "[%llu 9 a]", (unsigned long long)link);
        expect_said(f, text);
    }
    end_agent(f);
}

/* What a worker has forked ends with it, and before it is said to have ended. */
static void test_group(void **state)
{
    fixture *f = *state;
    pid_t pid = begin_with(f, "fork");
    expect_said(f, "c");
    assert_int_equal(kill(-pid, 0), 0);
    tell_signal(f, 1, XY_FAULT_KILL, 0);
    expect_ended(f, 1, true, XYLEM_SIGNALLED, SIGKILL, "");
    end_agent(f);
}

/* What the agent has of its workers. */
static size_t agent_descriptors(const fixture *f)
{
    return count_all(NULL, f->pid).worker;
}

/* Of a worker that has ended the agent keeps nothing. */
static void test_descriptors_of_agent(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    tell_signal(f, 1, XY_FAULT_RESUME, 5);
    expect_message(f, XY_AGENT_SIGNALLED);
    size_t before = agent_descriptors(f);
    for (uint64_t life = 1; life <= 10; life++) {
        start_worker(f, life, "0");
        expect_started(f, life, "");
        expect_ended(f, life, true, XYLEM_EXITED, 0, "");
    }
    for (int waited = 0; agent_descriptors(f) != before; waited += 10) { /* the spare ends, too */
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 10);
    }
    end_agent(f);
}

/* The spare. */

/* The child of the agent that waits for a life; 0: there is none. */
static pid_t find_spare(const fixture *f)
{
    char path[64], children[256] = "", title[64], *end = children;
    pid_t found = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)f->pid, (int)f->pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    if (!fgets(children, sizeof children, file))
        children[0] = '\0';
    fclose(file);
    for (long pid; (pid = strtol(end, &end, 10)) > 0;) {
        snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
        file = fopen(path, "re");
        size_t size = file ? fread(title, 1, sizeof title, file) : 0;
        if (memmem(title, size, XY_WORKER_SPARE, sizeof XY_WORKER_SPARE))
            found = (pid_t)pid;
        if (file)
            fclose(file);
    }
    return found;
}

static void await_no_spare(const fixture *f)
{
    for (int waited = 0; find_spare(f) > 0; waited += 10) {
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 10);
    }
}

/* Each start brings one; it may have ended before it is seen. */
static pid_t have_spare(fixture *f, const char *service, uint64_t *life)
{
    pid_t spare = 0;
    pid_t started = 0;
    for (int waited = 0; !spare || spare == started; waited += 10) {
        if (waited % 200 == 0) {
            start_worker(f, ++*life, service);
            started = expect_started(f, *life, "");
        }
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 10);
        spare = find_spare(f);
    }
    return spare;
}

static void begin_without_worker(fixture *f)
{
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
}

static pid_t begin_with_spare(fixture *f, const char *service)
{
    uint64_t life = 0;
    begin_without_worker(f);
    return have_spare(f, service, &life);
}

/* The spare, which may be stopped before, has this life; it may have ended just now. */
static pid_t start_in_spare(fixture *f, const char *service, bool stopped, uint64_t *life)
{
    pid_t spare, taken;
    do {
        assert_true(*life < 1000);
        spare = have_spare(f, "wait", life);
        if (stopped)
            kill(spare, SIGSTOP);
        start_worker(f, ++*life, service);
        taken = expect_started(f, *life, "");
    } while (taken != spare);
    return taken;
}

/* A start takes it, unless it has ended just now. No other one takes the same. */
static void test_spare(void **state)
{
    fixture *f = *state;
    uint64_t life = 0;
    begin_without_worker(f);
    pid_t taken = start_in_spare(f, "wait", false, &life);
    start_worker(f, ++life, "wait");
    assert_int_not_equal(expect_started(f, life, ""), taken);
    for (uint64_t each = 1; each <= life; each++) {
        tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{each}}});
        expect_ended(f, each, true, XYLEM_EXITED, 0, "");
    }
    end_agent(f);
}

/* One that no start takes soon ends. No word is said of it. */
static void test_spare_unused(void **state)
{
    fixture *f = *state;
    uint64_t life = 0;
    begin_without_worker(f);
    have_spare(f, "wait", &life);
    await_no_spare(f);
    tell_signal(f, 1000, XY_FAULT_KILL, 5);
    expect_message(f, XY_AGENT_SIGNALLED);
    start_worker(f, ++life, "wait");
    expect_started(f, life, "");
    end_agent(f);
}

/* Also one that does not hear its agent, while it prepares itself. */
static void test_spare_ends_with_agent(void **state)
{
    fixture *f = *state;
    setenv("STUBBORN", "1", true);
    pid_t spare = begin_with_spare(f, "hang");
    unsetenv("STUBBORN");
    f->spare_fd = pidfd_open(spare, 0);
    end_agent(f);
}

static void test_spare_of_killed_agent(void **state)
{
    fixture *f = *state;
    begin_with_spare(f, "hang");
    kill(f->pid, SIGKILL);
    assert_true(WIFSIGNALED(agent_status(f)));
    expect_nothing_left(f);
    xy_channel_close(&f->channel);
}

/* The agent dies before its new worker watches the lifeline. */
static void test_agent_killed_at_a_birth(void **state)
{
    fixture *f = *state;
    uint64_t life = 0;
    begin_without_worker(f);
    start_in_spare(f, "hang", true, &life);
    kill(f->pid, SIGKILL);
    assert_true(WIFSIGNALED(agent_status(f)));
    expect_nothing_left(f);
    xy_channel_close(&f->channel);
}

static void test_spare_killed(void **state)
{
    fixture *f = *state;
    uint64_t life = 0;
    begin_without_worker(f);
    pid_t spare = have_spare(f, "wait", &life);
    kill(spare, SIGKILL);
    for (int waited = 0; kill(spare, 0) == 0; waited++) { /* until it is reaped */
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 1);
    }
    start_worker(f, ++life, "wait");
    assert_int_not_equal(expect_started(f, life, ""), spare);
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_END, .end = {{life}}});
    expect_ended(f, life, true, XYLEM_EXITED, 0, "");
    end_agent(f);
}

/* What cannot prepare itself fails with the start that has it, and alone without a word. */
static void test_unprepared(void **state)
{
    fixture *f = *state;
    setenv("UNPREPARED", "1", true);
    begin_agent(f);
    unsetenv("UNPREPARED");
    tell_setting(f, XYLEM_IPC);
    for (uint64_t life = 1; life <= 3; life++) {
        start_worker(f, life, "wait");
        expect_started(f, life, "");
        expect_ended(f, life, false, XYLEM_EXITED, 1, "no socket can be had");
        await_no_spare(f);
    }
    end_agent(f);
}

/* The agent adopts what loses its parent, and leaves no zombie of it. */
static void test_orphans(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    for (uint64_t life = 1; life <= 20; life++) {
        char text[32];
        start_worker(f, life, "orphan");
        expect_started(f, life, "");
        expect_ended(f, life, true, XYLEM_EXITED, 0, "");
        snprintf(text, sizeof text, "[%d]", (int)f->pid);
        expect_said(f, text);
    }
    char path[64], children[256] = "x";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)f->pid, (int)f->pid);
    for (int waited = 0; children[0]; waited++) {
        FILE *file = fopen(path, "re");
        assert_non_null(file);
        if (!fgets(children, sizeof children, file))
            children[0] = '\0';
        fclose(file);
        assert_true(waited < CEILING_MS);
        poll(NULL, 0, 1);
    }
    end_agent(f);
}

static void test_end_of_input(void **state)
{
    static const char *const services[] = {"wait", "hang", "fork", "hang", "wait"};
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    for (uint64_t life = 1; life <= 5; life++) {
        start_worker(f, life, services[life - 1]);
        expect_started(f, life, "");
    }
    expect_said(f, "c");
    tell_signal(f, 4, XY_FAULT_PAUSE, 1);
    expect_message(f, XY_AGENT_SIGNALLED);
    end_agent(f);
}

/* Workers, also those that hang, and what they have forked, end by their lifelines. */
static void test_killed_agent(void **state)
{
    static const char *const services[] = {"wait", "hang", "fork"};
    fixture *f = *state;
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    for (uint64_t life = 1; life <= 3; life++) {
        start_worker(f, life, services[life - 1]);
        expect_started(f, life, "");
    }
    expect_said(f, "c");
    kill(f->pid, SIGKILL);
    assert_true(WIFSIGNALED(agent_status(f)));
    expect_nothing_left(f);
    xy_channel_close(&f->channel);
}

/* Also when the kernel does not let a stopped worker go on by itself. */
static void test_killed_agent_of_stopped(void **state)
{
    fixture *f = *state;
    begin_with(f, "held");
    expect_said(f, "h");
    tell_signal(f, 1, XY_FAULT_PAUSE, 1);
    expect_message(f, XY_AGENT_SIGNALLED);
    kill(f->pid, SIGKILL);
    assert_true(WIFSIGNALED(agent_status(f)));
    expect_nothing_left(f);
    xy_channel_close(&f->channel);
}

static void check_failed(fixture *f, const char *reason)
{
    xy_agent_message message = expect_message(f, XY_AGENT_FAILED);
    if (!strstr(message.failed.text, reason))
        fail_msg("'%s' in place of '%s'", message.failed.text, reason);
    assert_int_equal(WEXITSTATUS(agent_status(f)), EXIT_FAILURE);
    expect_nothing_left(f);
    xy_channel_close(&f->channel);
}

static void test_malformed(void **state)
{
    fixture *f = *state;
    begin_with(f, "hang");
    assert_int_equal(write(f->channel.out_fd, "hello agent", 11), 11);
    check_failed(f, "no message of its protocol");
}

/* The end of input in the middle of a message. */
static void test_cut_off(void **state)
{
    fixture *f = *state;
    begin_with(f, "hang");
    assert_int_equal(write(f->channel.out_fd, "\0\010\004", 3), 3);
    close(f->channel.out_fd);
    f->channel.out_fd = -1;
    check_failed(f, "no message of its protocol");
}

static void test_other_version(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_SETTING,
                                     .setting = {.version = XY_AGENT_VERSION + 1}});
    check_failed(f, "version 6 of the agent's protocol");
}

static void test_no_setting(void **state)
{
    fixture *f = *state;
    begin_agent(f);
    start_worker(f, 1, "hang");
    check_failed(f, "its setting first");
}

static void test_report_to_agent(void **state)
{
    fixture *f = *state;
    begin_with(f, "hang");
    tell_agent(f, (xy_agent_message){.kind = XY_AGENT_GREETING});
    check_failed(f, "only an agent says");
}

/* A worker has its standard streams and its lifeline, and nothing of the agent or of others. */
static void check_descriptors(fixture *f)
{
    begin_agent(f);
    tell_setting(f, XYLEM_IPC);
    for (uint64_t life = 1; life <= 5; life++) {
        start_worker(f, life, "hang");
        expect_started(f, life, "");
    }
    start_worker(f, 6, "count");
    expect_started(f, 6, "");
    expect_said(f, "[4]");
    expect_ended(f, 6, true, XYLEM_EXITED, 0, "");
    end_agent(f);
}

static void test_descriptors(void **state)
{
    check_descriptors(*state);
}

static void test_descriptors_one_by_one(void **state)
{
    setenv("REFUSE_CLOSE_RANGE", "1", true);
    check_descriptors(*state);
    unsetenv("REFUSE_CLOSE_RANGE");
}

static void test_state_of_worker(void **state)
{
    fixture *f = *state;
    struct rlimit core, none;
    getrlimit(RLIMIT_CORE, &core);
    none = core;
    none.rlim_cur = none.rlim_max;
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGHUP, SIG_IGN);
    begin_with(f, "state");
    signal(SIGHUP, SIG_DFL);
    setrlimit(RLIMIT_CORE, &core);
    expect_said(f, "[group 1 session 1 core 0 hangup 1 pipe 1 blocked 0 lifeline 1 /run/x]");
    end_agent(f);
}

static void test_set_up_once(void **state)
{
    fixture *f = *state;
    begin_with(f, "set-up");
    expect_said(f, "[set up]");
    end_agent(f);
}

static void expect_end_by_abort(fixture *f, const char *when, bool begun, const char *reason)
{
    setenv("ABORT", when, true);
    begin_agent(f);
    unsetenv("ABORT");
    tell_setting(f, XYLEM_IPC);
    start_worker(f, 1, "0");
    expect_started(f, 1, "");
    expect_ended(f, 1, begun, begun ? XYLEM_SIGNALLED : XYLEM_EXITED, begun ? SIGABRT : 1, reason);
    end_agent(f);
}

static void test_abort_explained(void **state)
{
    expect_end_by_abort(*state, "while opening", false, "no thread can be had");
}

static void test_abort_later(void **state)
{
    expect_end_by_abort(*state, "later", true, "signal 6");
}

/* By the launcher. */

static void open_launcher(fixture *f)
{
    xy_error error = {0};
    xy_setting setting = {.transport = XYLEM_IPC, .rundir = "/nowhere"};
    f->launcher = xy_agent_launcher_open(&setting, &error);
    if (!f->launcher)
        fail_msg("%s", error.text);
}

static void launch(fixture *f, uint64_t life, const char *service)
{
    xy_action start = {.kind = XY_ACTION_START, .start = {.id = 5, .life = {life}}};
    snprintf(start.start.service, sizeof start.start.service, "%s", service);
    f->launcher->ops->take(f->launcher, &start);
}

static xy_launch_report expect_report(fixture *f, xy_event_kind kind, uint64_t life)
{
    xy_launch_report report;
    while (!f->launcher->ops->next(f->launcher, &report))
        assert_true(readable(f->launcher->fd, CEILING_MS));
    assert_int_equal(report.kind, kind);
    if (kind != XY_EVENT_SIGNALLED)
        assert_int_equal(report.life.number, life);
    return report;
}

static void expect_no_report(fixture *f)
{
    xy_launch_report report;
    assert_false(f->launcher->ops->next(f->launcher, &report));
    assert_false(readable(f->launcher->fd, 0));
}

static pid_t parent_of(pid_t pid)
{
    char path[64], line[256] = "";
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    const char *end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (!end || sscanf(end, ") %*c %d", &parent) != 1)
        parent = 0;
    fclose(file);
    return parent;
}

static void test_launcher(void **state)
{
    fixture *f = *state;
    open_launcher(f);
    launch(f, 1, "wait");
    launch(f, 2, "hang");
    launch(f, 3, "4");
    pid_t pid = (pid_t)expect_report(f, XY_EVENT_STARTED, 1).pid;
    assert_int_equal(parent_of(parent_of(pid)), getpid());
    expect_report(f, XY_EVENT_STARTED, 2);
    expect_report(f, XY_EVENT_STARTED, 3);
    xy_launch_report ended = expect_report(f, XY_EVENT_ENDED, 3);
    assert_true(ended.begun && ended.cause.kind == XYLEM_EXITED && ended.cause.number == 4);
    f->launcher->ops->take(f->launcher, &(xy_action){.kind = XY_ACTION_END, .end = {{1}}});
    expect_report(f, XY_EVENT_ENDED, 1);
    f->launcher->ops->take(f->launcher,
                           &(xy_action){.kind = XY_ACTION_KILL, .kill = {.life = {2}}});
    assert_int_equal(expect_report(f, XY_EVENT_ENDED, 2).cause.number, SIGKILL);
    f->launcher->ops->take(f->launcher,
                           &(xy_action){.kind = XY_ACTION_KILL, .kill = {.life = {2}}});
    f->launcher->ops->take(f->launcher, &(xy_action){.kind = XY_ACTION_SIGNAL,
                                                     .signal = {6, {2}, 10, XY_FAULT_PAUSE}});
    xy_launch_report answer = expect_report(f, XY_EVENT_SIGNALLED, 0);
    assert_true(answer.command == 6 && answer.error.code == XYLEM_OK);
    expect_no_report(f);
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    expect_nothing_left(f);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* the agent was waited for */
}

/* What is said of a life that the launcher does not know is passed over. */
static void test_launcher_reports(void **state)
{
    fixture *f = *state;
    open_launcher(f);
    launch(f, 1, "report");
    expect_report(f, XY_EVENT_STARTED, 1);
    xy_launch_report attached = expect_report(f, XY_EVENT_ATTACHED, 1);
    assert_int_equal(attached.link.number, 7);
    assert_string_equal(attached.address, "here");
    assert_int_equal(expect_report(f, XY_EVENT_EXPECTED, 1).link.number, 9);
    xy_event event = xy_launch_event(&attached);
    assert_int_equal(event.kind, XY_EVENT_ATTACHED);
    assert_true(event.attached.life.number == 1 && event.attached.link.number == 7);
    assert_string_equal(event.attached.address, "here");
    f->launcher->ops->take(f->launcher, &(xy_action){.kind = XY_ACTION_END, .end = {{1}}});
    expect_report(f, XY_EVENT_ENDED, 1);
    expect_no_report(f);
}

/* The agent resolves every symbol before it forks. */
static void test_launcher_binds(void **state)
{
    fixture *f = *state;
    unsetenv("LD_BIND_NOW");
    open_launcher(f);
    launch(f, 1, "binding");
    expect_said(f, "[none 1]");
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    setenv("LD_BIND_NOW", "1", 1);
    open_launcher(f);
    unsetenv("LD_BIND_NOW");
    launch(f, 1, "binding");
    expect_said(f, "[1 0]");
}

static void test_launcher_closed(void **state)
{
    fixture *f = *state;
    open_launcher(f);
    launch(f, 1, "hang");
    launch(f, 2, "fork");
    expect_said(f, "c");
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    expect_nothing_left(f);
}

/* A forked child of the program, which has every descriptor of the launcher until the end that is
 * returned is closed. */
static int fork_holder(const fixture *f, pid_t *child)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    *child = fork();
    if (*child == 0) {
        dup2(f->stderr_fd, STDERR_FILENO);
        close(f->said_by);
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(ends[0]);
    return ends[1];
}

/* Also while a forked child of the program has the descriptor that the agent hears it by. */
static void test_launcher_inherited(void **state)
{
    fixture *f = *state;
    pid_t child;
    open_launcher(f);
    launch(f, 1, "hang");
    expect_report(f, XY_EVENT_STARTED, 1);
    int held = fork_holder(f, &child);
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    expect_nothing_left(f);
    close(held);
    waitpid(child, NULL, 0);
}

/* What is held of an agent that has died does not wake the program up for ever. */
static void test_lost_agent_inherited(void **state)
{
    fixture *f = *state;
    pid_t child;
    open_launcher(f);
    launch(f, 1, "hang");
    pid_t pid = (pid_t)expect_report(f, XY_EVENT_STARTED, 1).pid;
    int held = fork_holder(f, &child);
    kill(parent_of(pid), SIGKILL);
    expect_report(f, XY_EVENT_ENDED, 1);
    expect_no_report(f);
    close(held);
    waitpid(child, NULL, 0);
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    expect_nothing_left(f);
}

static void test_launcher_loses_agent(void **state)
{
    fixture *f = *state;
    open_launcher(f);
    launch(f, 1, "hang");
    pid_t pid = (pid_t)expect_report(f, XY_EVENT_STARTED, 1).pid;
    kill(pid, SIGSTOP);
    await_state(pid, true);
    kill(parent_of(pid), SIGSTOP); /* so that it does not see what comes now */
    launch(f, 2, "hang");
    f->launcher->ops->take(f->launcher, &(xy_action){.kind = XY_ACTION_SIGNAL,
                                                     .signal = {6, {1}, 10, XY_FAULT_PAUSE}});
    kill(parent_of(pid), SIGKILL);
    for (int life = 1; life <= 2; life++) {
        xy_launch_report lost = expect_report(f, XY_EVENT_ENDED, (uint64_t)life);
        assert_int_equal(lost.cause.kind, XYLEM_NO_AGENT);
        assert_int_equal(lost.begun, life == 1);
        assert_non_null(strstr(lost.error.text, "agent of worker processes was ended by signal 9"));
    }
    assert_int_equal(expect_report(f, XY_EVENT_SIGNALLED, 0).command, 6);
    expect_no_report(f);
    launch(f, 3, "hang");
    expect_report(f, XY_EVENT_STARTED, 3);
    xy_agent_launcher_close(f->launcher);
    f->launcher = NULL;
    expect_nothing_left(f);
}

/* The program is killed: here a child of the test, which has a network of its own, and a child that
 * holds the descriptors of the network open. */
static void test_program_killed(void **state)
{
    fixture *f = *state;
    pid_t child = fork();
    if (child == 0) {
        open_launcher(f);
        launch(f, 1, "hang");
        launch(f, 2, "fork");
        if (fork() == 0) {
            dup2(f->stderr_fd, STDERR_FILENO);
            close(f->said_by);
            poll(&(struct pollfd){.fd = f->said_fd}, 1, -1); /* until nothing is left */
            _exit(0);
        }
        tell("p");
        sleep_for_ever();
    }
    expect_two_said(f);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    expect_nothing_left(f);
}

/* What else a program may do when it is executed as an agent. */

static void test_noise(void **state)
{
    fixture *f = *state;
    setenv("NOISE", "1", true);
    begin_with(f, "wait");
    unsetenv("NOISE");
    end_agent(f);
}

static void test_second_thread(void **state)
{
    fixture *f = *state;
    setenv("THREAD", "1", true);
    begin_agent(f);
    unsetenv("THREAD");
    tell_setting(f, XYLEM_IPC);
    start_worker(f, 1, "wait");
    expect_ended(f, 1, false, XYLEM_NO_CAUSE, 0, "second thread before it calls xylem_worker");
    end_agent(f);
}

static void test_no_agent(void **state)
{
    xy_error error = {0};
    xy_setting setting = {.transport = XYLEM_IPC};
    (void)state;
    setenv("NO_AGENT", "1", true);
    assert_null(xy_agent_launcher_open(&setting, &error));
    unsetenv("NO_AGENT");
    assert_non_null(strstr(error.text, "have it call xylem_worker first in main"));
}

/* The program was replaced by another version while it ran. */
static void test_other_version_of_agent(void **state)
{
    xy_error error = {0};
    xy_setting setting = {.transport = XYLEM_IPC};
    (void)state;
    setenv("OTHER_VERSION", "1", true);
    assert_null(xy_agent_launcher_open(&setting, &error));
    unsetenv("OTHER_VERSION");
    assert_non_null(strstr(error.text, "of another version of the program"));
}

static _Noreturn void greet_as_another(void)
{
    xy_channel channel;
    xy_agent_message greeting = {.kind = XY_AGENT_GREETING, .greeting = {XY_AGENT_VERSION + 1}};
    xy_channel_open(&channel, STDIN_FILENO, STDOUT_FILENO);
    if (!xy_channel_begin(&channel) || !xy_channel_send(&channel, &greeting))
        _exit(1);
    poll(&(struct pollfd){.fd = STDIN_FILENO}, 1, CEILING_MS); /* until the program hangs up */
    _exit(0);
}

static void *do_nothing(void *ends)
{
    char byte;
    return read(*(int *)ends, &byte, 1) == 0 ? NULL : ends;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int ends[2];
    if (getenv("NOISE") && argc > 1) { /* what user code may do before */
        printf("noise without an end of line");
        fflush(stdout);
    }
    if (getenv("THREAD") && argc > 1 && pipe(ends) == 0)
        pthread_create(&thread, NULL, do_nothing, ends);
    if (getenv("NO_AGENT") && argc > 1)
        return 5;
    if (getenv("OTHER_VERSION") && argc > 1)
        greet_as_another();
    xy_agent_remember_program();
    xy_agent_run(argc, argv, &stand_ins);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_orders),
        TEST(test_told),
        TEST(test_order_just_before_waiting),
        TEST(test_order_after_order),
        TEST(test_order_for_unknown),
        TEST(test_slow_reader),
        TEST(test_ends),
        TEST(test_key),
        TEST(test_reports),
        TEST(test_reports_to_a_slow_agent),
        TEST(test_killed_from_outside),
        TEST(test_signals),
        TEST(test_orders_while_paused),
        TEST(test_group),
        TEST(test_descriptors_of_agent),
        TEST(test_spare),
        TEST(test_spare_unused),
        TEST(test_spare_ends_with_agent),
        TEST(test_spare_of_killed_agent),
        TEST(test_agent_killed_at_a_birth),
        TEST(test_spare_killed),
        TEST(test_unprepared),
        TEST(test_orphans),
        TEST(test_end_of_input),
        TEST(test_killed_agent),
        TEST(test_killed_agent_of_stopped),
        TEST(test_malformed),
        TEST(test_cut_off),
        TEST(test_other_version),
        TEST(test_no_setting),
        TEST(test_report_to_agent),
        TEST(test_descriptors),
        TEST(test_descriptors_one_by_one),
        TEST(test_state_of_worker),
        TEST(test_set_up_once),
        TEST(test_abort_explained),
        TEST(test_abort_later),
        TEST(test_launcher),
        TEST(test_launcher_reports),
        TEST(test_launcher_binds),
        TEST(test_launcher_closed),
        TEST(test_launcher_inherited),
        TEST(test_lost_agent_inherited),
        TEST(test_launcher_loses_agent),
        TEST(test_program_killed),
        TEST(test_noise),
        TEST(test_second_thread),
        TEST(test_no_agent),
        TEST(test_other_version_of_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
