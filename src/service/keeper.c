#include "service/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long the keeper goes on looking for processes that were killed and do not end. */
enum { KILLING_MS = 1000, LOOK_AGAIN_MS = 5 };

static const char ARGUMENTS[] = "XYLEM_ARGUMENTS=";

/* What the parent has of a start, and what the keeper has. */
typedef struct ends {
    int parent[3], child[3]; /* by the descriptor that it is to the program */
} ends;

/* What the program is, and its environment, which is made before the fork. */
typedef struct start {
    const char *command;
    char **environment;
    char *variable; /* the one that is the program's own */
} start;

/* From the fork on: only what a signal handler may do, because the process has but one of the
 * threads of its parent. */

static void close_from(int first)
{
    struct rlimit limit = {.rlim_cur = 0};
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    for (rlim_t fd = (rlim_t)first; fd < limit.rlim_cur && fd < 1 << 20; fd++)
        close((int)fd);
}

/* Has the standard streams be the program's, and closes everything else. */
static bool place_streams(const int child[3])
{
    int above[3];
    for (int i = 0; i < 3; i++)
        above[i] = fcntl(child[i], F_DUPFD, STDERR_FILENO + 1);
    for (int i = 0; i < 3; i++)
        if (above[i] < 0 || dup2(above[i], i) < 0)
            return false;
    close_from(STDERR_FILENO + 1);
    return true;
}

static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_program(pid_t keeper, const start *program)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the keeper has one thread: it is bound to its process */
    if (getppid() != keeper)
        _exit(EXIT_FAILURE);
    reset_signals();
    execle("/bin/sh", "sh", "-c", program->command, (char *)NULL, program->environment);
    _exit(127); /* which is what a shell returns */
}

/* The keeper. */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

/* Kills the keeper's children by the list that the kernel has of them. Their own children become
 * the keeper's when they have ended. */
static void kill_children(void)
{
    char text[4096];
    pid_t pid = 0;
    ssize_t size;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (size = read(fd, text, sizeof text)) > 0)
        for (ssize_t i = 0; i < size; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
                continue;
            }
            if (pid > 0)
                kill(pid, SIGKILL);
            pid = 0;
        }
    if (fd >= 0)
        close(fd);
}

/* Reaps what has ended, and notes the end of the program; false when no child is left. */
static bool reap_children(pid_t program, siginfo_t *end)
{
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | __WALL) < 0)
            return errno != ECHILD;
        if (info.si_pid == 0)
            return true;
        if (info.si_pid == program)
            *end = info;
    }
}

/* Kills the program and all that it has started. It has not been reaped: its number is its own. */
static void kill_all(pid_t program, siginfo_t *end)
{
    int64_t until_ms = now_ms() + KILLING_MS;
    kill(-program, SIGKILL);
    kill_children();
    while (reap_children(program, end) && now_ms() < until_ms) {
        poll(NULL, 0, LOOK_AGAIN_MS);
        kill_children();
    }
}

/* Ends as the program has. */
static _Noreturn void end_as(const siginfo_t *end)
{
    struct rlimit none = {0, 0};
    if (end->si_code == CLD_EXITED)
        _exit(end->si_status);
    setrlimit(RLIMIT_CORE, &none);
    reset_signals();
    kill(getpid(), end->si_pid != 0 ? end->si_status : SIGKILL);
    _exit(EXIT_FAILURE); /* not possible: the signal has ended it */
}

static bool has_ended(pid_t program)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)program, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid == program;
}

/* Those that the program has started, and that have lost their parent. */
static void reap_orphans(pid_t program)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 || info.si_pid == 0 ||
            info.si_pid == program)
            return;
        waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG | __WALL);
    }
}

/* Until the program has ended or has to. The descriptor of its standard input shows its end when
 * the node has closed it; that of the node's process, when that has ended. */
static void keep(pid_t program, int signal_fd, int node_fd)
{
    struct pollfd polled[] = {{.fd = signal_fd, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = 0},
                              {.fd = node_fd, .events = POLLIN}};
    nfds_t count = sizeof polled / sizeof *polled;
    int64_t until_ms = 0;
    struct signalfd_siginfo heard;
    while (!has_ended(program)) {
        int64_t left_ms = until_ms ? until_ms - now_ms() : -1;
        if (until_ms && left_ms <= 0)
            return;
        poll(polled, count, (int)left_ms);
        while (read(signal_fd, &heard, sizeof heard) == sizeof heard)
            if (heard.ssi_signo == SIGTERM)
                return;
        reap_orphans(program);
        if (!until_ms && (polled[1].revents || polled[2].revents)) {
            until_ms = now_ms() + XY_KEEPER_GRACE_MS;
            count = 1;
        }
    }
}

static int watch_signals(void)
{
    sigset_t watched, all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_DFL); /* ignored children cannot be waited for */
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    return signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* In a session of its own no terminal sends it a signal, and no end of a process group ends it. */
static _Noreturn void be_keeper(pid_t node, const int child[3], const start *what)
{
    siginfo_t end = {.si_pid = 0};
    setsid();
    prctl(PR_SET_NAME, "xylem-keeper");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!place_streams(child))
        _exit(127);
    int signal_fd = watch_signals();
    int node_fd = pidfd_open(node, 0);
    if (signal_fd < 0 || getppid() != node) /* then the number may be another one's */
        _exit(127);
    pid_t self = getpid(), program = fork();
    if (program == 0)
        become_program(self, what);
    if (program < 0)
        _exit(127);
    setpgid(program, program); /* both do it: one of them is the first */
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    keep(program, signal_fd, node_fd);
    kill_all(program, &end);
    end_as(&end);
}

/* The parent. */

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_three(int fds[3])
{
    for (int i = 0; i < 3; i++)
        close_one(&fds[i]);
}

/* No standard stream of the process becomes one of the program's. */
static bool move_up(int *fd)
{
    if (*fd > STDERR_FILENO)
        return true;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), error = errno;
    close_one(fd);
    *fd = moved;
    errno = error;
    return moved >= 0;
}

static bool open_ends(ends *opened)
{
    for (int i = 0; i < 3; i++) {
        int pair[2];
        if (pipe2(pair, O_CLOEXEC) < 0)
            return false;
        opened->child[i] = pair[i == STDIN_FILENO ? 0 : 1];
        opened->parent[i] = pair[i == STDIN_FILENO ? 1 : 0];
        if (!move_up(&opened->parent[i]) || !move_up(&opened->child[i]) ||
            fcntl(opened->parent[i], F_SETFL, O_NONBLOCK) < 0)
            return false;
    }
    return true;
}

/* No handler of the process runs in the child. */
static pid_t fork_keeper(const int child[3], const start *what)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t node = getpid(), pid = fork();
    if (pid == 0)
        be_keeper(node, child, what);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

static int open_pidfd(pid_t pid)
{
    int fd = pidfd_open(pid, 0), error = errno;
    if (fd < 0 || !move_up(&fd)) {
        error = fd < 0 ? error : errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, __WALL);
        errno = error;
        return -1;
    }
    return fd;
}

static bool is_arguments(const char *variable)
{
    return strncmp(variable, ARGUMENTS, sizeof ARGUMENTS - 1) == 0;
}

/* The environment of this process, with the arguments of the node in place of any that it has. */
static bool make_environment(start *what, const char *arguments)
{
    size_t count = 0, kept = 0, size = sizeof ARGUMENTS + strlen(arguments);
    while (environ && environ[count])
        count++;
    what->environment = calloc(count + 2, sizeof *what->environment);
    what->variable = malloc(size);
    if (!what->environment || !what->variable) {
        errno = ENOMEM;
        return false;
    }
    for (size_t i = 0; i < count && environ[i]; i++)
        if (!is_arguments(environ[i]))
            what->environment[kept++] = environ[i];
    snprintf(what->variable, size, "%s%s", ARGUMENTS, arguments);
    what->environment[kept] = what->variable;
    return true;
}

static pid_t start_with(const int child[3], const char *command, const char *arguments)
{
    start what = {.command = command};
    pid_t pid = make_environment(&what, arguments) ? fork_keeper(child, &what) : -1;
    int error = errno;
    free(what.environment);
    free(what.variable);
    errno = error;
    return pid;
}

bool xy_keeper_start(xy_keeper *keeper, const char *command, const char *arguments)
{
    ends both = {{-1, -1, -1}, {-1, -1, -1}};
    bool opened = open_ends(&both);
    pid_t pid = opened ? start_with(both.child, command, arguments) : -1;
    int fd = pid > 0 ? open_pidfd(pid) : -1;
    int error = errno;
    close_three(both.child);
    *keeper = (xy_keeper){.pid = pid,
                          .fd = fd,
                          .in_fd = both.parent[0],
                          .out_fd = both.parent[1],
                          .error_fd = both.parent[2]};
    if (fd < 0)
        xy_keeper_close(keeper);
    errno = error;
    return fd >= 0;
}

void xy_keeper_tell(const xy_keeper *keeper)
{
    pidfd_send_signal(keeper->fd, SIGTERM, NULL, 0);
}

void xy_keeper_close(xy_keeper *keeper)
{
    close_one(&keeper->fd);
    close_one(&keeper->in_fd);
    close_one(&keeper->out_fd);
    close_one(&keeper->error_fd);
}

int xy_keeper_reap(const xy_keeper *keeper)
{
    siginfo_t info = {.si_pid = 0};
    while (waitid(P_PIDFD, (id_t)keeper->fd, &info, WEXITED) < 0)
        if (errno != EINTR)
            return XY_KEEPER_UNKNOWN;
    return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}
