#include "runtime/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/limits.h"

/* What a child costs its parent: two ends of a letter, a pidfd, a connection. */
enum { CHILD_DESCRIPTORS = 4 };

struct xy_worker {
    xy_worker *next;
    uint64_t incarnation;
    pid_t pid;
    int pid_fd;
    int letter_fd; /* our end */
};

/* Endpoints. */

void xy_worker_endpoint(char endpoint[XY_ENDPOINT_SIZE], const xy_setting *setting,
                        uint64_t incarnation)
{
    if (setting->transport == XYLEM_TCP)
        snprintf(endpoint, XY_ENDPOINT_SIZE, "tcp://127.0.0.1:*");
    else
        snprintf(endpoint, XY_ENDPOINT_SIZE, "ipc://%.100s/%llu", setting->folder,
                 (unsigned long long)incarnation);
}

void xy_worker_forget(const xy_setting *setting, uint64_t incarnation)
{
    char endpoint[XY_ENDPOINT_SIZE];
    xy_worker_endpoint(endpoint, setting, incarnation);
    if (setting->transport == XYLEM_IPC)
        unlink(endpoint + strlen("ipc://"));
}

/* Starting a worker. */

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Gives a child keys of its own, and opens the door to it. */
static bool give_keys(const xy_workers *parent, uint64_t incarnation, xy_keys *keys)
{
    return !parent->keys || (xy_keys_make(keys, parent->keys) &&
                             xy_door_admit(xy_link_door(parent->link), incarnation, keys->public));
}

/* Puts the letter into a descriptor that the worker will inherit. */
static bool write_letter(const xy_workers *parent, const xy_birth *birth, int ends[2])
{
    xy_letter letter = {.birth = *birth, .parent_pid = getpid(), .setting = *parent->setting};
    snprintf(letter.parent, sizeof letter.parent, "%s", xy_link_endpoint(parent->link));
    bool written = give_keys(parent, birth->incarnation, &letter.keys) &&
                   socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 &&
                   send(ends[0], &letter, sizeof letter, MSG_NOSIGNAL) == sizeof letter;
    explicit_bzero(&letter, sizeof letter);
    return written;
}

static bool have_null(int fd, int flags)
{
    int null = open("/dev/null", flags);
    return null == fd || (dup2(null, fd) >= 0 && close(null) == 0);
}

/* The worker inherits the letter and stderr, and nothing else of ours: that is closed first, in
 * case that there is no descriptor left. */
static bool inherit(int letter_fd)
{
    bool done = letter_fd == XY_WORKER_LETTER_FD ? fcntl(letter_fd, F_SETFD, 0) == 0
                                                 : dup2(letter_fd, XY_WORKER_LETTER_FD) >= 0;
    return done && close_range(XY_WORKER_LETTER_FD + 1, ~0U, 0) == 0 &&
           have_null(STDIN_FILENO, O_RDONLY) && have_null(STDOUT_FILENO, O_WRONLY);
}

static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process, which has but one of our threads: only what a signal handler may do. */
static _Noreturn void become_worker(char *const arguments[], int letter_fd)
{
    char reason[XYLEM_REASON_SIZE] = "it cannot be executed: ";
    reset_signals();
    if (inherit(letter_fd))
        execve("/proc/self/exe", arguments, environ);
    strncat(reason, strerrordesc_np(errno), sizeof reason - strlen(reason) - 1);
    send(XY_WORKER_LETTER_FD, reason, strlen(reason), MSG_NOSIGNAL);
    _exit(EXIT_FAILURE);
}

/* Not posix_spawn, which holds the caller up until the child has been executed: on a busy machine
 * that can take longer than a heartbeat may. Returns -1 and errno on failure. */
static pid_t spawn(int64_t id, int letter_fd)
{
    char number[24], flag[] = XY_WORKER_FLAG;
    char *arguments[] = {program_invocation_short_name, flag, number, NULL};
    sigset_t all, before;
    snprintf(number, sizeof number, "%lld", (long long)id);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* our handlers are not for the child */
    pid_t pid = fork();
    if (pid == 0)
        become_worker(arguments, letter_fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static bool watch(const xy_workers *parent, const xy_worker *child)
{
    struct epoll_event event = {.events = EPOLLIN};
    return child->pid_fd >= 0 &&
           epoll_ctl(parent->nursery.fd, EPOLL_CTL_ADD, child->pid_fd, &event) == 0;
}

/* Starts the worker's process. On failure its errno. */
static int launch(const xy_workers *parent, xy_worker *child, const xy_birth *birth)
{
    int ends[2] = {-1, -1};
    child->pid = write_letter(parent, birth, ends) ? spawn(birth->id, ends[1]) : -1;
    int error = child->pid < 0 ? errno : 0;
    close_fd(ends[1]);
    child->letter_fd = ends[0];
    if (error)
        return error;
    child->pid_fd = pidfd_open(child->pid, 0);
    if (watch(parent, child))
        return 0;
    error = errno;
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    return error;
}

static void free_worker(const xy_workers *parent, xy_worker *child)
{
    if (parent->keys)
        xy_door_dismiss(xy_link_door(parent->link), child->incarnation);
    close_fd(child->pid_fd);
    close_fd(child->letter_fd);
    free(child);
}

static bool start(xy_nursery *base, const xy_birth *birth, char reason[XYLEM_REASON_SIZE])
{
    xy_workers *parent = (xy_workers *)base;
    if (!xy_limits_descriptors(CHILD_DESCRIPTORS, reason) ||
        !xy_limits_memory(XY_MEMORY_TO_START, reason))
        return false;
    xy_worker *child = malloc(sizeof *child);
    if (!child) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
        return false;
    }
    *child = (xy_worker){.incarnation = birth->incarnation, .pid_fd = -1, .letter_fd = -1};
    int error = launch(parent, child, birth);
    if (error) {
        xy_limits_explain("process", error, reason);
        free_worker(parent, child);
        return false;
    }
    child->next = parent->first;
    parent->first = child;
    return true;
}

/* Ending a worker. */

static void kill_worker(xy_nursery *base, uint64_t incarnation)
{
    for (xy_worker *child = ((xy_workers *)base)->first; child; child = child->next)
        if (child->incarnation == incarnation)
            pidfd_send_signal(child->pid_fd, SIGKILL, NULL, 0);
}

/* Whether the worker has ended; if so, `info` tells how. */
static bool has_ended(const xy_worker *child, siginfo_t *info, int flags)
{
    *info = (siginfo_t){0};
    int result;
    do
        result = waitid(P_PIDFD, (id_t)child->pid_fd, info, WEXITED | flags);
    while (result < 0 && errno == EINTR);
    return result < 0 || info->si_pid != 0; /* ECHILD: the program has waited for it itself */
}

static void explain_end(const xy_worker *child, const siginfo_t *info,
                        char reason[XYLEM_REASON_SIZE])
{
    ssize_t length = recv(child->letter_fd, reason, XYLEM_REASON_SIZE - 1, MSG_DONTWAIT);
    if (length > 0)
        reason[length] = '\0'; /* it said itself what was wrong */
    else if (info->si_code == CLD_EXITED)
        snprintf(reason, XYLEM_REASON_SIZE, "it ended with status %d", info->si_status);
    else
        snprintf(reason, XYLEM_REASON_SIZE, "it was ended by signal %d (%s)%s", info->si_status,
                 strsignal(info->si_status), info->si_code == CLD_DUMPED ? " (core dumped)" : "");
}

static void bury(xy_workers *parent, xy_worker **at)
{
    xy_worker *child = *at;
    *at = child->next;
    xy_worker_forget(parent->setting, child->incarnation);
    free_worker(parent, child);
}

static bool reap(xy_nursery *base, uint64_t *incarnation, char reason[XYLEM_REASON_SIZE])
{
    xy_workers *parent = (xy_workers *)base;
    for (xy_worker **at = &parent->first; *at; at = &(*at)->next) {
        siginfo_t info;
        if (has_ended(*at, &info, WNOHANG)) {
            *incarnation = (*at)->incarnation;
            explain_end(*at, &info, reason);
            bury(parent, at);
            return true;
        }
    }
    return false;
}

bool xy_workers_open(xy_workers *workers, const xy_setting *setting, const xy_keys *keys,
                     xy_link *link, char reason[XYLEM_REASON_SIZE])
{
    static const xy_nursery_ops ops = {start, kill_worker, reap};
    *workers = (xy_workers){.nursery = {&ops, epoll_create1(EPOLL_CLOEXEC)},
                            .setting = setting,
                            .keys = keys,
                            .link = link};
    if (workers->nursery.fd < 0)
        snprintf(reason, XYLEM_REASON_SIZE, "no descriptor to be had: %s", strerror(errno));
    return workers->nursery.fd >= 0;
}

void xy_workers_close(xy_workers *workers)
{
    for (xy_worker *child = workers->first; child; child = child->next)
        pidfd_send_signal(child->pid_fd, SIGKILL, NULL, 0);
    while (workers->first) {
        siginfo_t info;
        has_ended(workers->first, &info, 0);
        bury(workers, &workers->first);
    }
    close_fd(workers->nursery.fd);
}
