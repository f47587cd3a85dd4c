#include "launch/agent.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/single_threaded.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/hash.h"
#include "driver/clock.h"
#include "driver/limits.h"
#include "launch/descriptors.h"
#include "service/service.h"

/* Where the agent, and a worker, has its descriptors. */
enum { WORKER_FD = STDERR_FILENO + 1 };

/* For how long a spare worker is kept. */
enum { SPARE_MS = 200 };

typedef struct child {
    UT_hash_handle hh;     /* by life, when it has one */
    UT_hash_handle by_pid; /* of processes that were not reaped yet */
    uint64_t life;         /* 0: it has none yet, and is not reported */
    uint64_t pid;
    char key[XY_KEY_SIZE]; /* "" until it has said it; over ipc for ever */
    xy_channel channel;
    xy_error error; /* why it cannot begin, as it has said itself; then how it has ended */
} child;

typedef struct agent {
    xy_channel program;
    int program_fd; /* its pidfd; -1: there is none */
    int signal_fd;  /* readable when a child has ended */
    int poll_fd;
    int last_fd; /* no descriptor of the agent is higher */
    char **arguments;
    const xy_worker_ops *ops;
    bool has_setting;
    xy_setting setting;
    struct rlimit descriptors; /* of workers */
    child *by_life, *by_pid;
    child *spare; /* one of them that waits for a life, or NULL */
    int64_t spare_until_ms;
    bool wants_spare; /* a life was begun since the last one was forked */
} agent;

/* What is watched, when it is not a child. */
static char program_source, life_source, signal_source;

/* Ending. */

/* With what it has forked. */
static void kill_child(const child *which)
{
    kill(-(pid_t)which->pid, SIGKILL);
    kill((pid_t)which->pid, SIGKILL);
}

/* Its end is not waited for at any other time. */
static void kill_children(agent *self)
{
    for (child *each = self->by_pid; each; each = each->by_pid.next)
        kill_child(each);
    for (child *each = self->by_pid; each; each = each->by_pid.next)
        while (waitid(P_PID, (id_t)each->pid, NULL, WEXITED) < 0 && errno == EINTR)
            ;
}

static _Noreturn void end(agent *self, int status)
{
    kill_children(self);
    _exit(status);
}

/* How long the agent waits that its last words are read. */
enum { LAST_WORDS_MS = 200 };

static _Noreturn void fail(agent *self, const xy_error *error)
{
    xy_agent_message message = {.kind = XY_AGENT_FAILED, .failed = *error};
    kill_children(self);
    xy_channel_send(&self->program, &message);
    struct pollfd polled = {.fd = self->program.out_fd, .events = POLLOUT};
    while (xy_channel_waits(&self->program) && poll(&polled, 1, LAST_WORDS_MS) > 0)
        xy_channel_flush(&self->program);
    _exit(EXIT_FAILURE);
}

/* For what the other side has done wrong. */
static _Noreturn void fail_by(agent *self, const char *what)
{
    xy_error error;
    xy_error_set(&error, XYLEM_CANNOT_START, "%s", what);
    fail(self, &error);
}

/* For what could not be done; errno tells why. */
static _Noreturn void fail_for(agent *self, const char *what)
{
    xy_error error;
    xy_limits_explain(what, errno, &error);
    fail(self, &error);
}

/* Watching. */

static bool watch(agent *self, int operation, int fd, uint32_t events, void *source)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    self->last_fd = fd > self->last_fd ? fd : self->last_fd;
    return epoll_ctl(self->poll_fd, operation, fd, &event) == 0;
}

/* Has epoll tell when what waits for a channel can be written. */
static void watch_channel(agent *self, xy_channel *channel, void *source)
{
    bool waits = xy_channel_waits(channel);
    uint32_t out = waits ? EPOLLOUT : 0;
    if (waits == channel->polls_out)
        return;
    channel->polls_out = waits;
    if (channel->in_fd == channel->out_fd)
        watch(self, EPOLL_CTL_MOD, channel->in_fd, EPOLLIN | out, source);
    else
        watch(self, EPOLL_CTL_MOD, channel->out_fd, out, source);
}

static void say(agent *self, const xy_agent_message *message)
{
    if (!xy_channel_send(&self->program, message))
        fail_by(self, "the program does not read the reports of its agent");
    watch_channel(self, &self->program, &program_source);
}

/* Reports. */

/* Over tcp only with its key: that is said when both the key and the life are there. */
static void say_started(agent *self, const child *which)
{
    xy_agent_message message = {
        .kind = XY_AGENT_STARTED,
        .report = {.kind = XY_EVENT_STARTED, .life = {which->life}, .pid = (int64_t)which->pid}};
    if (!which->key[0] && self->setting.transport == XYLEM_TCP)
        return;
    memcpy(message.report.key, which->key, sizeof message.report.key);
    say(self, &message);
}

static void say_ended(agent *self, uint64_t life, bool begun, xy_cause cause, const xy_error *error)
{
    xy_agent_message message = {.kind = XY_AGENT_ENDED,
                                .report = {.kind = XY_EVENT_ENDED,
                                           .life = {life},
                                           .begun = begun,
                                           .cause = cause,
                                           .error = *error}};
    say(self, &message);
}

/* The worker's process, from the fork on. */

static void have_no_signal_blocked(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First of all it lets go of what is the agent's: the lifelines of others above all. */
static void separate(agent *self, int fd)
{
    if (fd != WORKER_FD && dup3(fd, WORKER_FD, O_CLOEXEC) < 0) /* not for what a service executes */
        _exit(EXIT_FAILURE);                                   /* not possible: WORKER_FD is open */
    setrlimit(RLIMIT_NOFILE, &self->descriptors);
    xy_close_from(WORKER_FD + 1, self->last_fd);
    setpgid(0, 0);
    have_no_signal_blocked();
    xy_channel_discard(&self->program);
}

/* The death of the agent ends the lifeline, and has a stopped worker go on to see that: not by
 * SIGKILL, which would spare what the worker has forked. */
static _Noreturn void be_worker(agent *self, pid_t parent, int fd)
{
    xy_worker worker = {.setting = self->setting};
    separate(self, fd);
    xy_worker_open(&worker, WORKER_FD, self->arguments);
    prctl(PR_SET_PDEATHSIG, SIGCONT);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    exit(self->ops->run(&worker));
}

/* Forking one. */

static bool is_alone(void)
{
    struct stat tasks; /* has one link for each thread, and two of its own */
    return __libc_single_threaded || (stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3);
}

/* It is not watched any more, even if another process has a copy of its descriptor. */
static void free_child(agent *self, child *gone)
{
    if (gone->channel.in_fd >= 0)
        epoll_ctl(self->poll_fd, EPOLL_CTL_DEL, gone->channel.in_fd, NULL);
    if (gone->life)
        HASH_DELETE(hh, self->by_life, gone);
    if (gone->by_pid.tbl)
        HASH_DELETE(by_pid, self->by_pid, gone);
    xy_channel_close(&gone->channel);
    free(gone);
}

static bool fork_child(agent *self, child *new, int fd)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        be_worker(self, parent, fd);
    if (pid < 0)
        return false;
    setpgid(pid, pid); /* the worker does so too: one of both is the first */
    new->pid = (uint64_t)pid;
    HASH_ADD(by_pid, self->by_pid, pid, sizeof new->pid, new);
    if (new->by_pid.tbl)
        return true;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, NULL, WEXITED);
    errno = ENOMEM;
    return false;
}

/* One that has no life yet. NULL, and errno, on failure. */
static child *new_child(agent *self)
{
    int ends[2];
    child *new = calloc(1, sizeof *new);
    if (!new || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        free(new);
        return NULL;
    }
    xy_channel_open(&new->channel, ends[0], ends[0]);
    bool done = watch(self, EPOLL_CTL_ADD, ends[0], EPOLLIN, new) && fork_child(self, new, ends[1]);
    int error = errno;
    close(ends[1]);
    if (!done)
        free_child(self, new);
    errno = error;
    return done ? new : NULL;
}

/* The spare. */

static void fork_spare(agent *self)
{
    self->spare = new_child(self);
    self->spare_until_ms = xy_clock_now_ms() + SPARE_MS;
    self->wants_spare = false;
}

static child *take_spare(agent *self)
{
    child *taken = self->spare;
    self->spare = NULL;
    return taken;
}

/* How long the agent may wait for something else to do. */
static int patience_ms(const agent *self)
{
    if (self->wants_spare)
        return 0;
    if (!self->spare)
        return -1;
    int64_t left_ms = self->spare_until_ms - xy_clock_now_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* Only when there is nothing else to do: what waits may be another start. */
static void look_after_spare(agent *self)
{
    if (self->wants_spare)
        fork_spare(self);
    else if (self->spare && patience_ms(self) == 0)
        kill_child(take_spare(self));
}

/* Starting one. */

static bool give_life(agent *self, child *to, const xy_agent_message *start)
{
    to->life = start->start.life.number;
    XY_HASH_ADD(self->by_life, life, to);
    if (to->hh.tbl && xy_channel_send(&to->channel, start)) {
        watch_channel(self, &to->channel, to);
        return true;
    }
    if (to->hh.tbl)
        HASH_DELETE(hh, self->by_life, to);
    to->life = 0;
    kill_child(to);
    errno = ENOMEM;
    return false;
}

static void start(agent *self, xy_agent_message *order)
{
    xy_error error = {0};
    child *to = take_spare(self);
    if (!to && !is_alone())
        xy_error_set(&error, XYLEM_CANNOT_START,
                     "the program has a second thread before it calls xylem_worker");
    else if ((!to && !(to = new_child(self))) || !give_life(self, to, order))
        xy_limits_explain("start a process", errno, &error);
    self->wants_spare = !error.code;
    explicit_bzero(order->start.secret, sizeof order->start.secret);
    explicit_bzero(&order->start.random, sizeof order->start.random);
    if (error.code)
        say_ended(self, order->start.life.number, false, (xy_cause){XYLEM_NO_CAUSE, 0}, &error);
    else
        say_started(self, to);
}

/* What workers say. */

static void take_key(agent *self, child *which, const char key[XY_KEY_SIZE])
{
    if (which->key[0] || self->setting.transport != XYLEM_TCP)
        return;
    memcpy(which->key, key, sizeof which->key);
    if (which->life)
        say_started(self, which);
}

/* That a life has attached only it can say itself. */
static void pass_up(agent *self, const child *which, xy_agent_message *message)
{
    if (message->kind == XY_AGENT_ATTACHED)
        message->report.life.number = which->life;
    if (which->life)
        say(self, message);
}

/* A spare that has failed is none. */
static void take_failure(agent *self, child *which, const xy_error *error)
{
    if (!which->error.code)
        which->error = *error;
    if (which == self->spare)
        take_spare(self);
}

static void hear_child(agent *self, child *which)
{
    xy_agent_message message;
    xy_channel_result result;
    xy_channel_flush(&which->channel);
    while ((result = xy_channel_receive(&which->channel, &message)) == XY_CHANNEL_MESSAGE)
        if (message.kind == XY_AGENT_KEY)
            take_key(self, which, message.key);
        else if (message.kind == XY_AGENT_EXPECTED || message.kind == XY_AGENT_ATTACHED)
            pass_up(self, which, &message);
        else if (message.kind == XY_AGENT_FAILED)
            take_failure(self, which, &message.failed);
    if (result == XY_CHANNEL_NONE)
        watch_channel(self, &which->channel, which);
    else /* its end is heard by its signal; a descriptor at its end would be readable for ever */
        epoll_ctl(self->poll_fd, EPOLL_CTL_DEL, which->channel.in_fd, NULL);
    if (result == XY_CHANNEL_MALFORMED)
        kill((pid_t)which->pid, SIGKILL);
}

/* Ends. */

static void explain_end(const siginfo_t *info, xy_error *error)
{
    if (info->si_code == CLD_EXITED)
        xy_error_set(error, XYLEM_UNAVAILABLE, "the process ended with status %d", info->si_status);
    else
        xy_error_set(error, XYLEM_UNAVAILABLE, "the process was ended by signal %d (%s)%s",
                     info->si_status, strsignal(info->si_status),
                     info->si_code == CLD_DUMPED ? " (core dumped)" : "");
}

static void reap_worker(agent *self, child *dead, const siginfo_t *info)
{
    bool exited = info->si_code == CLD_EXITED;
    xy_cause cause = {exited ? XYLEM_EXITED : XYLEM_SIGNALLED, info->si_status};
    kill(-(pid_t)dead->pid, SIGKILL); /* what it has forked; its number is still its own */
    hear_child(self, dead);
    waitid(P_PID, (id_t)dead->pid, NULL, WEXITED);
    bool begun = !dead->error.code;
    if (begun)
        explain_end(info, &dead->error);
    if (dead->life)
        say_ended(self, dead->life, begun, cause, &dead->error);
    if (dead == self->spare)
        take_spare(self);
    free_child(self, dead);
}

/* All that have ended, also those that were adopted. */
static void reap(agent *self)
{
    struct signalfd_siginfo heard;
    siginfo_t info;
    while (read(self->signal_fd, &heard, sizeof heard) == sizeof heard)
        ;
    for (;;) {
        child *dead;
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || info.si_pid == 0)
            return;
        uint64_t pid = (uint64_t)info.si_pid;
        HASH_FIND(by_pid, self->by_pid, &pid, sizeof pid, dead);
        if (dead)
            reap_worker(self, dead, &info);
        else
            waitid(P_PID, (id_t)info.si_pid, NULL, WEXITED | __WALL);
    }
}

/* What the program says. */

static child *find(const agent *self, xy_life life)
{
    child *found;
    HASH_FIND(hh, self->by_life, &life.number, sizeof life.number, found);
    return found;
}

/* An order for a worker that does not read is dropped when too many of them wait. */
static void pass_on(agent *self, xy_life life, const xy_agent_message *message)
{
    child *to = find(self, life);
    if (!to)
        return;
    xy_channel_send(&to->channel, message);
    watch_channel(self, &to->channel, to);
}

static void send_signal(agent *self, const xy_agent_message *order)
{
    static const int signals[] = {
        [XY_FAULT_KILL] = SIGKILL, [XY_FAULT_PAUSE] = SIGSTOP, [XY_FAULT_RESUME] = SIGCONT};
    const child *to = find(self, order->signal.life);
    xy_agent_message message = {
        .kind = XY_AGENT_SIGNALLED,
        .report = {.kind = XY_EVENT_SIGNALLED, .command = order->signal.command}};
    if (to && kill((pid_t)to->pid, signals[order->signal.fault]) < 0)
        xy_error_set(&message.report.error, XYLEM_NO_SIGNAL, "process %" PRIu64 ": %s", to->pid,
                     strerror(errno));
    if (order->signal.command)
        say(self, &message);
}

static void take_setting(agent *self, const xy_setting *setting)
{
    xy_error error;
    xy_error_set(&error, XYLEM_CANNOT_START,
                 "the program speaks version %" PRIu32 " of the agent's protocol, and the agent "
                 "version %d: have both be the same version of the program",
                 setting->version, XY_AGENT_VERSION);
    if (setting->version != XY_AGENT_VERSION)
        fail(self, &error);
    self->setting = *setting;
    self->has_setting = true;
}

/* One that main has made known itself is known already. */
static void learn_program(agent *self, const char *name, const char *command)
{
    xy_error error;
    if (xy_service_named(name))
        return;
    int status = xylem_program_service(name, command);
    xy_error_set(&error, XYLEM_CANNOT_START, "the agent cannot make the program '%s' known: %s",
                 name, xylem_strerror(status));
    if (status)
        fail(self, &error);
}

static void obey(agent *self, xy_agent_message *order)
{
    if (self->has_setting == (order->kind == XY_AGENT_SETTING))
        fail_by(self, "the agent was not told its setting first, and once");
    switch (order->kind) {
    case XY_AGENT_SETTING:
        take_setting(self, &order->setting);
        break;
    case XY_AGENT_START:
        start(self, order);
        break;
    case XY_AGENT_ATTACH:
        pass_on(self, order->attach.life, order);
        break;
    case XY_AGENT_TELL:
        pass_on(self, order->tell.life, order);
        explicit_bzero(order->tell.frame, sizeof order->tell.frame); /* the secret of a child */
        break;
    case XY_AGENT_END:
        pass_on(self, order->end.life, order);
        break;
    case XY_AGENT_SIGNAL:
        send_signal(self, order);
        break;
    case XY_AGENT_PROGRAM:
        learn_program(self, order->program.name, order->program.command);
        break;
    default:
        fail_by(self, "the agent was told what only an agent says");
    }
}

static void hear_program(agent *self)
{
    xy_agent_message order;
    xy_channel_result result;
    xy_channel_flush(&self->program);
    watch_channel(self, &self->program, &program_source);
    while ((result = xy_channel_receive(&self->program, &order)) == XY_CHANNEL_MESSAGE)
        obey(self, &order);
    if (result == XY_CHANNEL_MALFORMED)
        fail_by(self, "the agent was told something that is no message of its protocol");
    if (result == XY_CHANNEL_END)
        end(self, EXIT_SUCCESS);
}

/* Beginning. */

/* User code may write to the standard output: what is the program's is moved away. */
static void move_streams(agent *self)
{
    int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, WORKER_FD);
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, WORKER_FD);
    struct stat one, other;
    fflush(NULL);
    if (in < 0 || out < 0)
        _exit(EXIT_FAILURE); /* there is no way to say why */
    bool same = fstat(in, &one) == 0 && fstat(out, &other) == 0 && one.st_ino == other.st_ino &&
                one.st_dev == other.st_dev;
    if (same)
        close(out);
    xy_channel_open(&self->program, in, same ? in : out);
    if (!xy_channel_begin(&self->program))
        _exit(EXIT_FAILURE);
    if (!xy_open_null(STDIN_FILENO, O_RDONLY) || !xy_open_null(STDOUT_FILENO, O_WRONLY))
        fail_for(self, "open /dev/null");
    if (fcntl(STDERR_FILENO, F_GETFD) < 0 && !xy_open_null(STDERR_FILENO, O_WRONLY))
        fail_for(self, "open /dev/null");
}

/* In a session of its own no terminal sends it signals, nor its workers, and what they write to one
 * does not stop them. */
static void separate_from_program(agent *self)
{
    struct rlimit core, descriptors;
    setsid();
    prctl(PR_SET_NAME, program_invocation_short_name); /* it was executed under another one */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_DFL); /* ignored children cannot be waited for */
    signal(SIGINT, SIG_IGN);  /* it is meant for the program, which ends its workers itself */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* what a worker writes too much fails, and does not end it */
    getrlimit(RLIMIT_CORE, &core);
    core.rlim_cur = 0; /* no worker leaves a core file where the program happens to be */
    setrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &self->descriptors);
    descriptors = self->descriptors;
    descriptors.rlim_cur = descriptors.rlim_max; /* each worker takes one of the agent's */
    setrlimit(RLIMIT_NOFILE, &descriptors);
}

static void begin(agent *self)
{
    sigset_t end_of_child;
    xy_agent_message greeting = {.kind = XY_AGENT_GREETING,
                                 .greeting = {.version = XY_AGENT_VERSION}};
    sigemptyset(&end_of_child);
    sigaddset(&end_of_child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &end_of_child, NULL);
    self->signal_fd = signalfd(-1, &end_of_child, SFD_NONBLOCK | SFD_CLOEXEC);
    self->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    const xy_channel *program = &self->program;
    bool done = self->signal_fd >= 0 && self->poll_fd >= 0 &&
                watch(self, EPOLL_CTL_ADD, self->signal_fd, EPOLLIN, &signal_source) &&
                watch(self, EPOLL_CTL_ADD, program->in_fd, EPOLLIN, &program_source) &&
                (program->in_fd == program->out_fd ||
                 watch(self, EPOLL_CTL_ADD, program->out_fd, 0, &program_source)) &&
                (self->program_fd < 0 ||
                 watch(self, EPOLL_CTL_ADD, self->program_fd, EPOLLIN, &life_source));
    if (!done)
        fail_for(self, "watch the program of the agent");
    say(self, &greeting);
}

/* One thing at a time: what it does may end another child. */
static void wait_and_act(agent *self)
{
    struct epoll_event event;
    int ready = epoll_wait(self->poll_fd, &event, 1, patience_ms(self));
    if (ready == 0)
        look_after_spare(self);
    if (ready < 1)
        return;
    if (event.data.ptr == &life_source)
        end(self, EXIT_SUCCESS);
    else if (event.data.ptr == &signal_source)
        reap(self);
    else if (event.data.ptr == &program_source)
        hear_program(self);
    else
        hear_child(self, event.data.ptr);
}

static const char *value_of(const char *variable)
{
    const char *value = getenv(variable);
    return value ? value : "";
}

static bool was_executed_as_agent(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], XY_AGENT_FLAG) == 0;
}

static bool is_connected(bool local)
{
    struct pollfd program = {.fd = XY_AGENT_PROGRAM_FD, .events = POLLIN};
    if (local)
        return poll(&program, 1, 0) >= 0 && (program.revents & POLLNVAL) == 0;
    return !isatty(STDIN_FILENO);
}

void xy_agent_run(int argc, char **argv, const xy_worker_ops *ops)
{
    if (!was_executed_as_agent(argc, argv))
        return;
    bool local = argc > 2 && strcmp(argv[2], XY_AGENT_LOCAL) == 0;
    if (!is_connected(local)) {
        fprintf(stderr,
                "%s: " XY_AGENT_FLAG
                " is for the agent of worker processes only: run the program without it\n",
                argv[0]);
        exit(2);
    }
    agent self = {.program_fd = local ? XY_AGENT_PROGRAM_FD : -1,
                  .last_fd = XY_AGENT_PROGRAM_FD,
                  .arguments = argv,
                  .ops = ops};
    if (local)
        fcntl(XY_AGENT_PROGRAM_FD, F_SETFD, FD_CLOEXEC);
    if (strcmp(value_of(XY_AGENT_BIND_NOW), XY_AGENT_BINDS) == 0)
        unsetenv(XY_AGENT_BIND_NOW); /* what a service executes has no use for it */
    separate_from_program(&self);
    move_streams(&self);
    begin(&self);
    ops->set_up();
    for (;;)
        wait_and_act(&self);
}
