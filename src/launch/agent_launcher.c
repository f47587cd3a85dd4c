#include "launch/agent_launcher.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#include "core/hash.h"
#include "driver/limits.h"
#include "launch/descriptors.h"
#include "launch/rundir.h"
#include "service/service.h"

typedef struct life {
    UT_hash_handle hh;
    uint64_t number;
    bool begun;               /* the agent has said STARTED */
    struct life *prev, *next; /* of those that are over, and are not in the table any more: */
    xy_cause cause;
    xy_error error;
} life;

/* A SIGNAL that the agent has not answered. */
typedef struct question {
    struct question *prev, *next;
    uint64_t command;
} question;

typedef struct agent_launcher {
    xy_launcher base; /* its fd is an epoll descriptor */
    xy_setting setting;
    int bell_fd; /* readable while there are reports of its own */

    /* The agent, if there is one. */
    xy_channel channel;
    int agent_fd; /* its pidfd, -1: there is no agent */
    bool greeted;
    xy_error failure; /* what it has said last */

    life *lives;        /* a hash table; the others are lists, the oldest first */
    life *over;         /* what the launcher itself has to report: lives, */
    question *answered; /* and signals */
    question *questions;
} agent_launcher;

/* What is watched. */
static char channel_source, end_source, bell_source;

/* Lives. */

static life *find(const agent_launcher *self, xy_life wanted)
{
    life *found;
    HASH_FIND(hh, self->lives, &wanted.number, sizeof wanted.number, found);
    return found;
}

static void forget(agent_launcher *self, life *gone)
{
    if (self->setting.transport == XYLEM_IPC) /* libzmq leaves the file of a socket */
        xy_rundir_forget(self->setting.rundir, gone->number);
    HASH_DELETE(hh, self->lives, gone);
}

static life *add(agent_launcher *self, xy_life number)
{
    life *new = calloc(1, sizeof *new);
    assert(!find(self, number));
    if (!new)
        return NULL;
    new->number = number.number;
    XY_HASH_ADD(self->lives, number, new);
    if (new->hh.tbl)
        return new;
    free(new);
    return NULL;
}

/* What the launcher itself reports. */

static void ring(const agent_launcher *self)
{
    uint64_t one = 1;
    if (write(self->bell_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

static void stop_ringing(const agent_launcher *self)
{
    uint64_t count;
    if (!self->over && !self->answered && read(self->bell_fd, &count, sizeof count) < 0)
        return; /* it was not rung */
}

static void declare_over(agent_launcher *self, life *gone, enum xylem_cause cause,
                         const xy_error *error)
{
    forget(self, gone);
    gone->cause.kind = cause;
    gone->error = *error;
    DL_APPEND(self->over, gone);
    ring(self);
}

static void report_over(agent_launcher *self, xy_launch_report *report)
{
    life *oldest = self->over;
    *report = (xy_launch_report){.kind = XY_EVENT_ENDED,
                                 .life = {oldest->number},
                                 .begun = oldest->begun,
                                 .cause = oldest->cause,
                                 .error = oldest->error};
    DL_DELETE(self->over, oldest);
    free(oldest);
}

static void report_answered(agent_launcher *self, xy_launch_report *report)
{
    question *oldest = self->answered;
    *report = (xy_launch_report){.kind = XY_EVENT_SIGNALLED, .command = oldest->command};
    DL_DELETE(self->answered, oldest);
    free(oldest);
}

static bool take_own(agent_launcher *self, xy_launch_report *report)
{
    if (self->over)
        report_over(self, report);
    else if (self->answered)
        report_answered(self, report);
    else
        return false;
    return true;
}

static bool next_own(agent_launcher *self, xy_launch_report *report)
{
    bool taken = take_own(self, report);
    if (taken)
        stop_ringing(self);
    return taken;
}

/* Executing the agent. */

/* The path of the program as the system has executed it, and the folder that it was in then. */
static char program_path[4096];

void xy_agent_remember_program(void)
{
    const char *path = (const char *)getauxval(AT_EXECFN); /* NOLINT: a pointer as a number */
    char folder[sizeof program_path];
    program_path[0] = '\0';
    if (path && path[0] == '/')
        snprintf(program_path, sizeof program_path, "%s", path);
    else if (path && getcwd(folder, sizeof folder) &&
             strlen(folder) + strlen(path) + 2 <= sizeof program_path)
        stpcpy(stpcpy(stpcpy(program_path, folder), "/"), path);
}

/* From here on to the exec only what a signal handler may do: the process has but one of the
 * program's threads. */

static _Noreturn void explain_exec(int error, int other_error)
{
    xy_agent_message message = {.kind = XY_AGENT_FAILED};
    uint8_t frame[XY_AGENT_FRAME_MAX];
    char *end = message.failed.text;
    message.failed.code = XYLEM_CANNOT_START;
    end = stpcpy(end, "cannot execute the program as the agent of worker processes: ");
    end = stpcpy(stpcpy(end, "/proc/self/exe: "), strerrordesc_np(error));
    stpcpy(stpcpy(end, "; its own path: "), strerrordesc_np(other_error));
    size_t size = xy_agent_encode(&message, frame);
    if (write(STDOUT_FILENO, XY_AGENT_MAGIC, strlen(XY_AGENT_MAGIC)) > 0 &&
        write(STDOUT_FILENO, frame, size) > 0)
        _exit(EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

static void reset_mask(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Handlers are not for it, though what is ignored stays so. */
static void reset_handlers(void)
{
    struct sigaction action;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
}

static _Noreturn void become_agent(char *const arguments[], char *const environment[],
                                   int channel_fd, int program_fd)
{
    bool placed = dup2(channel_fd, STDIN_FILENO) >= 0 && dup2(channel_fd, STDOUT_FILENO) >= 0;
    if (program_fd == XY_AGENT_PROGRAM_FD)
        placed = placed && fcntl(program_fd, F_SETFD, 0) == 0;
    else
        placed = placed && dup2(program_fd, XY_AGENT_PROGRAM_FD) >= 0;
    if (!placed)
        _exit(EXIT_FAILURE);
    xy_close_from(XY_AGENT_PROGRAM_FD + 1, 0);
    reset_handlers();
    reset_mask();
    execve("/proc/self/exe", arguments, environment);
    int error = errno;
    execve(program_path, arguments, environment);
    explain_exec(error, errno);
}

/* The agent of a program that is linked dynamically has the loader resolve every symbol at once:
 * otherwise each worker would do that anew. NULL: there is no memory, or the user has a wish. */
static char **environment_of_agent(void)
{
    static char bind_now[] = XY_AGENT_BIND_NOW "=" XY_AGENT_BINDS;
    size_t count = 0;
    while (environ && environ[count])
        count++;
    char **environment = getenv(XY_AGENT_BIND_NOW) ? NULL : calloc(count + 2, sizeof *environment);
    if (!environment)
        return NULL;
    for (size_t i = 0; i < count; i++)
        environment[i] = environ[i];
    environment[count] = bind_now;
    return environment;
}

/* Not posix_spawn, which holds the caller up until the agent has been executed. */
static pid_t fork_agent(int channel_fd, int program_fd)
{
    char flag[] = XY_AGENT_FLAG, local[] = XY_AGENT_LOCAL;
    char *arguments[] = {program_invocation_short_name, flag, local, NULL};
    char **environment = environment_of_agent();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* our handlers are not for the child */
    pid_t pid = fork();
    if (pid == 0)
        become_agent(arguments, environment ? environment : environ, channel_fd, program_fd);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(environment);
    errno = error;
    return pid;
}

/* Starting the agent. */

static bool watch(const agent_launcher *self, int fd, uint32_t events, void *source)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(self->base.fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void watch_channel(agent_launcher *self)
{
    bool waits = xy_channel_waits(&self->channel);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &channel_source};
    if (waits == self->channel.polls_out)
        return;
    self->channel.polls_out = waits;
    event.events |= waits ? EPOLLOUT : 0;
    epoll_ctl(self->base.fd, EPOLL_CTL_MOD, self->channel.in_fd, &event);
}

static bool tell(agent_launcher *self, const xy_agent_message *message)
{
    bool told = self->agent_fd >= 0 && xy_channel_send(&self->channel, message);
    if (told)
        watch_channel(self);
    return told;
}

/* A forked child of the program may have the descriptors, too: closing them does not suffice. */
static void close_agent(agent_launcher *self)
{
    epoll_ctl(self->base.fd, EPOLL_CTL_DEL, self->channel.in_fd, NULL);
    xy_channel_close(&self->channel);
    if (self->agent_fd >= 0) {
        epoll_ctl(self->base.fd, EPOLL_CTL_DEL, self->agent_fd, NULL);
        close(self->agent_fd);
    }
    self->agent_fd = -1;
}

/* What main makes known after xylem_worker the agent does not know. */
static void tell_programs(agent_launcher *self)
{
    const char *name, *command;
    xy_agent_message message = {.kind = XY_AGENT_PROGRAM};
    for (size_t i = 0; xy_service_program(i, &name, &command); i++) {
        stpcpy(message.program.name, name);
        stpcpy(message.program.command, command);
        tell(self, &message);
    }
}

static void greet(agent_launcher *self)
{
    xy_agent_message message = {.kind = XY_AGENT_SETTING, .setting = self->setting};
    message.setting.version = XY_AGENT_VERSION;
    tell(self, &message);
    tell_programs(self);
}

/* False, and errno, on failure. */
static bool attach_agent(agent_launcher *self, pid_t pid, int channel_fd)
{
    if (pid >= 0)
        self->agent_fd = xy_above_standard(pidfd_open(pid, 0));
    int error = errno;
    xy_channel_open(&self->channel, channel_fd, channel_fd);
    self->channel.skips = true;
    self->greeted = false;
    self->failure = (xy_error){0};
    if (self->agent_fd >= 0 && watch(self, channel_fd, EPOLLIN, &channel_source) &&
        watch(self, self->agent_fd, EPOLLIN, &end_source))
        return true;
    if (self->agent_fd >= 0)
        error = errno;
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    close_agent(self);
    errno = error;
    return false;
}

static bool start_agent(agent_launcher *self, xy_error *error)
{
    int ends[2] = {-1, -1};
    int program_fd = xy_above_standard(pidfd_open(getpid(), 0));
    bool done = program_fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
    if (done) {
        ends[0] = xy_above_standard(ends[0]);
        ends[1] = xy_above_standard(ends[1]);
        done = ends[0] >= 0 && ends[1] >= 0 &&
               attach_agent(self, fork_agent(ends[1], program_fd), ends[0]);
    }
    int number = errno;
    if (program_fd >= 0)
        close(program_fd);
    if (ends[1] >= 0)
        close(ends[1]);
    else if (ends[0] >= 0) /* nothing has taken it */
        close(ends[0]);
    if (!done)
        return xy_limits_explain("start the agent of worker processes", number, error);
    greet(self);
    return true;
}

/* The end of the agent. */

static void explain_loss(agent_launcher *self, xy_error *error)
{
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PIDFD, (id_t)self->agent_fd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    if (self->failure.code)
        *error = self->failure;
    else if (info.si_pid == 0)
        xy_error_set(
            error, XYLEM_CANNOT_START,
            "the agent of worker processes ended, and the program itself has waited for it");
    else if (info.si_code == CLD_EXITED)
        xy_error_set(error, XYLEM_CANNOT_START,
                     "the agent of worker processes ended with status %d", info.si_status);
    else
        xy_error_set(error, XYLEM_CANNOT_START,
                     "the agent of worker processes was ended by signal %d (%s)", info.si_status,
                     strsignal(info.si_status));
}

/* Its workers end with it. */
static void lose_agent(agent_launcher *self)
{
    xy_error error;
    explain_loss(self, &error);
    close_agent(self);
    while (self->lives)
        declare_over(self, self->lives, XYLEM_NO_AGENT, &error);
    if (self->questions)
        ring(self);
    DL_CONCAT(self->answered, self->questions);
    self->questions = NULL;
}

/* Only its end counts, which then comes soon. */
static void end_agent(agent_launcher *self)
{
    epoll_ctl(self->base.fd, EPOLL_CTL_DEL, self->channel.in_fd, NULL);
    pidfd_send_signal(self->agent_fd, SIGKILL, NULL, 0);
}

/* To see that takes one system call, and to hear the agent three. */
static bool is_quiet(const agent_launcher *self)
{
    struct pollfd polled = {.fd = self->base.fd, .events = POLLIN};
    return !xy_channel_holds(&self->channel) && poll(&polled, 1, 0) == 0;
}

static bool has_died(const agent_launcher *self)
{
    struct pollfd polled = {.fd = self->agent_fd, .events = POLLIN};
    return poll(&polled, 1, 0) > 0;
}

/* Actions. */

/* Without memory for the life there is none for its report either: the command that wants it times
 * out. */
static void start(agent_launcher *self, const xy_birth *birth)
{
    xy_error error = {0};
    xy_agent_message message = {.kind = XY_AGENT_START, .start = *birth};
    life *new = add(self, birth->life);
    /* It may become a child of the program itself: libzmq cannot do without a descriptor for it. */
    bool can = new &&xy_limits_descriptors(1, &error);
    if (can && (self->agent_fd >= 0 || start_agent(self, &error)) && !tell(self, &message))
        xy_error_code(&error, XYLEM_NO_MEMORY);
    if (error.code)
        declare_over(self, new, XYLEM_NO_CAUSE, &error);
    explicit_bzero(&message, sizeof message);
}

/* An order that cannot be told has the agent end, and the life with it. */
static void order(agent_launcher *self, xy_life to, const xy_agent_message *message)
{
    if (find(self, to) && self->agent_fd >= 0 && !tell(self, message))
        end_agent(self);
}

static void tell_life(agent_launcher *self, const xy_action *action)
{
    xy_agent_message message = {.kind = XY_AGENT_TELL,
                                .tell = {.life = action->tell.life, .size = action->tell.size}};
    memcpy(message.tell.frame, action->tell.frame, action->tell.size);
    order(self, action->tell.life, &message);
    explicit_bzero(&message, sizeof message); /* it may hold the secret of a child */
}

static void kill_life(agent_launcher *self, xy_life which)
{
    order(self, which,
          &(xy_agent_message){.kind = XY_AGENT_SIGNAL, .signal = {0, which, XY_FAULT_KILL}});
}

static void signal_life(agent_launcher *self, xy_life which, xy_fault fault, uint64_t command)
{
    question *new = malloc(sizeof *new);
    if (!new)
        return; /* nothing is done: the command times out */
    *new = (question){.command = command};
    if (!find(self, which)) {
        DL_APPEND(self->answered, new);
        ring(self);
        return;
    }
    DL_APPEND(self->questions, new);
    order(self, which,
          &(xy_agent_message){.kind = XY_AGENT_SIGNAL, .signal = {command, which, fault}});
}

static void take(xy_launcher *launcher, const xy_action *action)
{
    agent_launcher *self = (agent_launcher *)launcher;
    switch (action->kind) {
    case XY_ACTION_START:
        start(self, &action->start);
        break;
    case XY_ACTION_ATTACH:
        order(self, action->attach.life,
              &(xy_agent_message){.kind = XY_AGENT_ATTACH,
                                  .attach = {action->attach.life, action->attach.to}});
        break;
    case XY_ACTION_TELL:
        tell_life(self, action);
        break;
    case XY_ACTION_END:
        order(self, action->end.life,
              &(xy_agent_message){.kind = XY_AGENT_END, .end = {action->end.life}});
        break;
    case XY_ACTION_KILL:
        kill_life(self, action->kill.life);
        break;
    default:
        assert(action->kind == XY_ACTION_SIGNAL);
        signal_life(self, action->signal.life, action->signal.fault, action->signal.command);
    }
}

/* Reports. */

static bool take_question(agent_launcher *self, uint64_t command)
{
    question *answered;
    DL_SEARCH_SCALAR(self->questions, answered, command, command);
    if (!answered)
        return false;
    DL_DELETE(self->questions, answered);
    free(answered);
    return true;
}

static void check_version(agent_launcher *self, uint32_t version)
{
    if (version == XY_AGENT_VERSION)
        return;
    xy_error_set(&self->failure, XYLEM_CANNOT_START,
                 "the agent of worker processes is of another version of the program, which was "
                 "replaced: start the program again");
    end_agent(self);
}

/* What the agent says; true when it is a report. */
static bool hear(agent_launcher *self, const xy_agent_message *message, xy_launch_report *heard)
{
    life *of = NULL;
    *heard = message->report;
    switch (message->kind) {
    case XY_AGENT_GREETING:
        self->greeted = true;
        check_version(self, message->greeting.version);
        return false;
    case XY_AGENT_STARTED:
        of = find(self, heard->life);
        if (of)
            of->begun = true;
        return of != NULL;
    case XY_AGENT_EXPECTED:
    case XY_AGENT_ATTACHED:
        return find(self, heard->life) != NULL;
    case XY_AGENT_ENDED:
        of = find(self, heard->life);
        if (!of)
            return false;
        forget(self, of);
        free(of);
        return true;
    case XY_AGENT_SIGNALLED:
        return take_question(self, heard->command);
    case XY_AGENT_FAILED:
        self->failure = message->failed;
        return false;
    default:
        end_agent(self);
        return false;
    }
}

static bool next_heard(agent_launcher *self, xy_launch_report *heard)
{
    xy_agent_message message;
    xy_channel_result result;
    bool dead = has_died(self); /* before: then it has said all that can be heard */
    xy_channel_flush(&self->channel);
    watch_channel(self);
    while ((result = xy_channel_receive(&self->channel, &message)) == XY_CHANNEL_MESSAGE)
        if (hear(self, &message, heard))
            return true;
    if (dead)
        lose_agent(self);
    else if (result != XY_CHANNEL_NONE)
        end_agent(self);
    return false;
}

static bool next(xy_launcher *launcher, xy_launch_report *taken)
{
    agent_launcher *self = (agent_launcher *)launcher;
    return next_own(self, taken) ||
           (self->agent_fd >= 0 && !is_quiet(self) && next_heard(self, taken)) ||
           next_own(self, taken);
}

/* Opening and closing. */

/* How long an agent may take to greet: it does nothing else before. */
enum { GREETING_MS = 10000, ENDING_MS = 500 };

static bool await_greeting(agent_launcher *self, xy_error *error)
{
    xy_launch_report none;
    struct pollfd polled = {.fd = self->base.fd, .events = POLLIN};
    int ready = 1;
    while (self->agent_fd >= 0 && !self->greeted && !self->failure.code && ready != 0) {
        ready = poll(&polled, 1, GREETING_MS);
        next_heard(self, &none);
    }
    if (self->greeted && !self->failure.code)
        return true;
    *error = self->failure;
    if (!error->code)
        xy_error_set(
            error, XYLEM_CANNOT_START,
            "the program was executed as the agent of worker processes, and did not say so "
            "(have it call xylem_worker first in main)");
    return false;
}

static agent_launcher *create(const xy_setting *setting)
{
    static const xy_launcher_ops ops = {.take = take, .next = next};
    agent_launcher *new = calloc(1, sizeof *new);
    if (!new)
        return NULL;
    *new = (agent_launcher){.base = {.ops = &ops, .fd = epoll_create1(EPOLL_CLOEXEC)},
                            .setting = *setting,
                            .bell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
                            .channel = {.in_fd = -1, .out_fd = -1},
                            .agent_fd = -1};
    return new;
}

xy_launcher *xy_agent_launcher_open(const xy_setting *setting, xy_error *error)
{
    if (!xy_limits_descriptors(XY_AGENT_LAUNCHER_DESCRIPTORS, error))
        return NULL;
    agent_launcher *self = create(setting);
    if (!self)
        xy_error_code(error, XYLEM_NO_MEMORY);
    else if (self->base.fd < 0 || !watch(self, self->bell_fd, EPOLLIN, &bell_source))
        xy_limits_explain("open a descriptor", errno, error);
    else if (start_agent(self, error) && await_greeting(self, error))
        return &self->base;
    if (self)
        xy_agent_launcher_close(&self->base);
    return NULL;
}

/* The agent ends at the end of its input. */
static void stop_agent(agent_launcher *self)
{
    struct pollfd polled = {.fd = self->agent_fd, .events = POLLIN};
    siginfo_t info;
    shutdown(self->channel.in_fd, SHUT_RDWR); /* a forked child of the program may have it, too */
    int ready;
    do
        ready = poll(&polled, 1, ENDING_MS);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        pidfd_send_signal(self->agent_fd, SIGKILL, NULL, 0);
    while (waitid(P_PIDFD, (id_t)self->agent_fd, &info, WEXITED) < 0 && errno == EINTR)
        ;
    close_agent(self);
}

void xy_agent_launcher_close(xy_launcher *launcher)
{
    agent_launcher *self = (agent_launcher *)launcher;
    if (self->agent_fd >= 0)
        stop_agent(self);
    if (self->bell_fd >= 0)
        close(self->bell_fd);
    if (self->base.fd >= 0)
        close(self->base.fd);
    xy_agent_launcher_discard(launcher);
}

void xy_agent_launcher_discard(xy_launcher *launcher)
{
    agent_launcher *self = (agent_launcher *)launcher;
    xy_launch_report left;
    life *each = self->lives;
    HASH_CLEAR(hh, self->lives); /* the table alone */
    while (each) {
        life *gone = each;
        each = gone->hh.next;
        free(gone);
    }
    DL_CONCAT(self->answered, self->questions);
    while (take_own(self, &left))
        ;
    xy_channel_discard(&self->channel);
    free(self);
}
