/* xylem: a network of nodes in the shape of a tree, over ZeroMQ.
 *
 * A network has one controlling node (the program that calls xylem_open) and any number of compute
 * nodes below it, placed as a sorted binary tree by their ids. Nodes are threads of this process,
 * or worker processes, or simulated: the same calls do the same things in every world.
 *
 *     xylem *net;
 *     char reason[XYLEM_REASON_SIZE];
 *     int error = xylem_open(&net, NULL, reason);
 *     if (!error)
 *         error = xylem_create(net, 12, NULL);
 *     ...
 *     xylem_close(&net);
 *
 * Threads: one thread uses a network at a time, as with a ZeroMQ socket; only xylem_interrupt may
 * be called from anywhere. The library's own threads block every signal. In the process world the
 * thread that creates the topmost node must outlive the network, because the kernel ends the
 * workers together with it.
 *
 * What "lasts until the next call" outlives xylem_next_event, xylem_now and xylem_fd.
 *
 * Errors: a function that can fail returns XYLEM_OK (0) or one of enum xylem_error. Nothing has
 * changed when it returns anything else, unless it says so; but what was asked of a node may still
 * be done, or have been done, after XYLEM_INTERRUPTED, XYLEM_UNAVAILABLE and XYLEM_TIMED_OUT, and
 * what a service has done before it answered with an error is done.
 *
 * Time: a call waits for its node at most as long as the option `timeout_ms` says. The network
 * moves only inside of calls; a program that is away for long lets it run with xylem_run.
 */
#ifndef XYLEM_H
#define XYLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define XYLEM_VERSION "0.1.0"

/* Room for every explanation that this library gives, its final NUL included. */
#define XYLEM_REASON_SIZE 256

/* The longest text that a service is given or answers with, in bytes. */
#define XYLEM_TEXT_MAX (32 * 1024 * 1024)

/* Room for the name of a service, its final NUL included. */
#define XYLEM_SERVICE_NAME_SIZE 32

/* Every error: its name, and the text xylem_strerror has for it. New ones are added at the end:
 * the numbers also travel between nodes. */
#define XYLEM_ERRORS(X)                                                                            \
    X(XYLEM_OK, "OK")                                                                              \
    X(XYLEM_NOT_FOUND, "Not found")                                                                \
    X(XYLEM_EXISTS, "Already exists")                                                              \
    X(XYLEM_PARENT_UNAVAILABLE, "Parent is unavailable")                                           \
    X(XYLEM_CANNOT_START, "cannot start node")                                                     \
    X(XYLEM_UNAVAILABLE, "Node is not available")                                                  \
    X(XYLEM_BAD_SUBCOMMAND, "bad subcommand")                                                      \
    X(XYLEM_TIMED_OUT, "timed out")                                                                \
    X(XYLEM_BUSY, "too many requests in flight")                                                   \
    X(XYLEM_TOO_LONG, "text is too long")                                                          \
    X(XYLEM_INVALID, "invalid argument")                                                           \
    X(XYLEM_NO_MEMORY, "out of memory")                                                            \
    X(XYLEM_CANNOT_OPEN, "cannot start the network")                                               \
    X(XYLEM_INTERRUPTED, "interrupted")                                                            \
    X(XYLEM_CANCELLED, "cancelled")                                                                \
    X(XYLEM_FAILED, "the service failed")                                                          \
    X(XYLEM_PENDING, "not finished yet")

enum xylem_error {
#define XYLEM_ERROR_NAME(name, text) name,
    XYLEM_ERRORS(XYLEM_ERROR_NAME)
#undef XYLEM_ERROR_NAME
        XYLEM_ERROR_COUNT
};

enum xylem_world {
    XYLEM_THREAD,   /* a node is a thread of this process */
    XYLEM_PROCESS,  /* a node is a worker process: this program, started again (see xylem_worker) */
    XYLEM_SIMULATED /* a node is simulated, in the caller's thread and in virtual time, which passes
                       only while a call waits: the same seed and calls give the same replies */
};

enum xylem_transport {
    XYLEM_IPC, /* sockets in a private folder under XDG_RUNTIME_DIR, TMPDIR or /tmp */
    XYLEM_TCP  /* 127.0.0.1, ports chosen by the system */
};

enum xylem_log_level { XYLEM_LOG_ERROR, XYLEM_LOG_WARNING, XYLEM_LOG_INFO, XYLEM_LOG_DEBUG };

/* Start from XYLEM_OPTIONS and change what you need. */
typedef struct xylem_options {
    size_t size;                    /* sizeof (xylem_options): which version of it this is */
    enum xylem_world world;         /* default XYLEM_THREAD */
    enum xylem_transport transport; /* process world only; default XYLEM_IPC */
    int64_t heartbeat_ms;           /* the interval to start with; default 0, no heartbeats */
    int64_t timeout_ms;             /* how long a call may wait for its node; default 5000 */
    enum xylem_log_level log_level; /* what goes to stderr; default XYLEM_LOG_WARNING */
    uint64_t seed;                  /* simulated world only; default 1 */
    const char *service;            /* what a node does if nothing else is said; default "timer" */
    int64_t job_ms; /* how long a job may take if nothing else is said; default an hour */
} xylem_options;

#define XYLEM_OPTIONS                                                                              \
    {                                                                                              \
        sizeof(xylem_options), XYLEM_THREAD, XYLEM_IPC, 0, 5000, XYLEM_LOG_WARNING, 1, "timer",    \
            3600000                                                                                \
    }

/* An open network. */
typedef struct xylem xylem;

/* What the controlling node knows of one node. */
typedef struct xylem_node {
    int64_t id;
    int64_t parent; /* the id of the node above it; -1 for the topmost node */
    int64_t pid;    /* its process id; in the thread world its kernel thread id */
    size_t depth;   /* 0 for the topmost node */
    bool available; /* it can be reached, as far as is known */
} xylem_node;

enum xylem_event_kind { XYLEM_NODE_UNAVAILABLE, XYLEM_NODE_AVAILABLE };

/* Something that nobody asked for. */
typedef struct xylem_event {
    enum xylem_event_kind kind;
    int64_t id;
} xylem_event;

/* Services: what nodes do when they are asked to.
 *
 * Each node has one service, with a state of its own; all of it runs in the node's own thread,
 * unless it takes long, with 128 KiB of stack, of which 100 are the service's. These come with the
 * library:
 *
 *     timer    start, stop, time              a stopwatch
 *     sum      N K1 ... KN                    the sum of N numbers, "6"; in a thread of its own
 *     dict     NAME VALUE, NAME               keeps a number under a name; the number, "5"
 *     find     TEXT PATTERN                   where the pattern stands in the text, "0;7", or "-1";
 *                                             in a thread of its own
 *     sleep    MS                             answers that much later; in a thread of its own
 */

/* A piece of work that a service is to do: lasts as long as the call of exec that got it. */
typedef struct xylem_work xylem_work;

typedef struct xylem_service {
    const char *name; /* letters, digits, '-' and '_', less than XYLEM_SERVICE_NAME_SIZE bytes */

    /* Begins in a new node: *state gets what the other functions are given. XYLEM_OK, or an error:
     * then there will be no such node. Quick, because a node that is not there in time is given up.
     * NULL: there is no state. */
    int (*open)(void **state);

    /* Does one piece of work, of a node one at a time. XYLEM_OK, with an answer by xylem_work_reply
     * or an empty one; XYLEM_BAD_SUBCOMMAND; XYLEM_FAILED, with a text by xylem_work_reply that
     * says why; or any other error. */
    int (*exec)(void *state, xylem_work *work);

    /* Ends, when the node does; quick, because its end is waited for. Not when a worker process
     * crashes. NULL: there is nothing to do. */
    void (*close)(void *state);

    /* False: exec is quick, and is called by the thread that also carries the node's messages.
     * True: exec may take long, and is called by a thread of its own. When nobody waits for it any
     * more, it should return soon: see xylem_work_wanted. If it does not when its node is removed,
     * it is abandoned with its state (in threads), or ended with its process. */
    bool takes_long;
} xylem_service;

/* Makes a service known in this program; lent for good. Every program of a network does so alike,
 * in main, before xylem_worker. XYLEM_INVALID: no name, no exec, or a name that is taken;
 * XYLEM_BUSY: there are too many (of one's own: 64). */
int xylem_register(const xylem_service *service);

/* What is to be done, `size` bytes (may be NULL) and a final NUL. Lasts as long as the work. */
const char *xylem_work_text(const xylem_work *work, size_t *size);

/* The time of the network that the work belongs to, when the work began: see xylem_now. */
int64_t xylem_work_now(const xylem_work *work);

/* Answers with a copy of `size` bytes, in place of what was answered before. XYLEM_TOO_LONG,
 * XYLEM_NO_MEMORY: exec may return that. */
int xylem_work_reply(xylem_work *work, const void *reply, size_t size);

/* Whether somebody still waits for the answer. */
bool xylem_work_wanted(const xylem_work *work);

/* Lets `ms` pass, in the simulated world of virtual time, or less when nobody waits for the answer
 * any more: then false. Only of a service that takes long; false at once from any other. */
bool xylem_work_rest(xylem_work *work, int64_t ms);

/* Runs the node and ends the process, when this process was started as a worker; returns at once
 * when it was not. A program that opens a network in the process world calls this first in main,
 * before it touches its standard streams or starts a thread. */
void xylem_worker(int argc, char **argv);

/* Opens a network without nodes. `options` may be NULL; `reason` (may be NULL) gets the cause of a
 * failure, for a person to read. The caller owns *network and ends it with xylem_close; it is NULL
 * after a failure.
 * XYLEM_CANNOT_OPEN: descriptors, threads, memory, ports or a private folder cannot be had, or it
 * is the process world without xylem_worker. XYLEM_INVALID: an option is out of range. */
int xylem_open(xylem **network, const xylem_options *options, char reason[XYLEM_REASON_SIZE]);

/* Ends every node, also those that hang, and frees the network; takes less than a second. Clears
 * the caller's pointer; does nothing when it is NULL already. */
void xylem_close(xylem **network);

/* Starts a node at its place in the tree and waits until it has answered. `pid` (may be NULL) gets
 * its process id or kernel thread id. `id` is 0 or more; that of a node that has died is taken
 * until it is removed. XYLEM_EXISTS, XYLEM_PARENT_UNAVAILABLE; XYLEM_CANNOT_START: xylem_reason
 * tells why. */
int xylem_create(xylem *network, int64_t id, int64_t *pid);

/* The same, with this service; NULL stands for the option `service`. XYLEM_CANNOT_START also when
 * there is no such service. */
int xylem_create_with(xylem *network, int64_t id, const char *service, int64_t *pid);

/* Ends a node and all its descendants, whatever state they are in. XYLEM_NOT_FOUND. */
int xylem_remove(xylem *network, int64_t id);

/* Has the node's service do `text`, at most XYLEM_TEXT_MAX bytes. `reply` (may be NULL) gets the
 * service's answer, which belongs to the network and lasts until the next call on it.
 * XYLEM_NOT_FOUND, XYLEM_UNAVAILABLE, XYLEM_BAD_SUBCOMMAND, XYLEM_TOO_LONG (so may the answer be),
 * XYLEM_FAILED: xylem_reason tells why; XYLEM_TIMED_OUT: the work takes too long, and is given up.
 * The work has three quarters of the time that the call has, and all but a second of what is more
 * than four seconds: so its node can say so before the caller gives up the node. */
int xylem_exec(xylem *network, int64_t id, const char *text, const char **reply);

/* The same for any bytes; `reply` and `reply_size` may be NULL. */
int xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size, const char **reply,
                     size_t *reply_size);

/* Jobs: the same without waiting for it. What is asked of one node is done in its order, of
 * different nodes side by side. */
typedef struct xylem_future xylem_future;

/* Has the node's service do the text, for `timeout_ms` at most (less than 0 stands for the option
 * `job_ms`), and returns at once. The caller owns *future, which is NULL after a failure, and ends
 * it with xylem_future_free, also after the network. XYLEM_TOO_LONG, XYLEM_INVALID,
 * XYLEM_NO_MEMORY; every other error is the future's: of those of xylem_exec, and XYLEM_BUSY when
 * 1024 pieces of work wait at the node, or 4096 requests are under way below one node. */
int xylem_start(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                xylem_future **future);

/* The same for any bytes. */
int xylem_start_bytes(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                      xylem_future **future);

/* XYLEM_PENDING: it is not finished yet. Otherwise what xylem_exec would have returned, or
 * XYLEM_CANCELLED, or XYLEM_INTERRUPTED when the network was closed before. `reply` and `size` (may
 * be NULL) get the answer, or why it failed, or ""; it lasts as long as the future. Never waits:
 * the network moves only inside of calls such as xylem_run. */
int xylem_future_result(const xylem_future *future, const char **reply, size_t *size);

/* Waits until it is finished, well or not, for `timeout_ms` at most; less than 0: as long as it
 * takes, which has an end. XYLEM_OK: it is finished, and xylem_future_result tells how;
 * XYLEM_TIMED_OUT, XYLEM_INTERRUPTED. */
int xylem_future_wait(xylem_future *future, int64_t timeout_ms);

/* Gives it up: it is finished at once, with XYLEM_CANCELLED, unless it was already; the work is not
 * begun, or asked to end. */
void xylem_future_cancel(xylem_future *future);

/* Has `callback` (NULL: nobody), in place of the one named before, called once when it is finished:
 * by this function, if it is already, otherwise by the next xylem_run, xylem_start,
 * xylem_future_wait, xylem_future_cancel or xylem_close, until when `owner` must last; but never
 * while somebody else is called back. It may call anything of this library but xylem_close; from
 * xylem_close everything that it begins is answered with XYLEM_INTERRUPTED. */
void xylem_future_then(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner);

/* Cancels what is not finished, without calling anybody back, and frees the future. Clears the
 * caller's pointer; does nothing when it is NULL already. */
void xylem_future_free(xylem_future **future);

/* Asks the node itself. XYLEM_OK: it answered; XYLEM_UNAVAILABLE: it did not;
 * XYLEM_NOT_FOUND: there is none. */
int xylem_ping(xylem *network, int64_t id);

/* From now on every node reports every `interval_ms`, those created later too; 0 stops it.
 * XYLEM_NOT_FOUND: there are no nodes yet, and the interval stays as it was. */
int xylem_heartbeat(xylem *network, int64_t interval_ms);

/* All nodes in ascending order of id. The array belongs to the network and lasts until the next
 * call on it. XYLEM_NO_MEMORY. */
int xylem_list(xylem *network, const xylem_node **nodes, size_t *count);

/* Waits until the node can (or cannot) be reached, for `timeout_ms` at most; less than 0 stands
 * for the option `timeout_ms`. A node that does not exist cannot be reached. XYLEM_TIMED_OUT. */
int xylem_wait(xylem *network, int64_t id, bool available, int64_t timeout_ms);

/* Fault injection: the node dies at once, freezes, goes on. They return without waiting for the
 * consequences, which xylem_ping finds at once; XYLEM_OK also when the node is dead already.
 * XYLEM_NOT_FOUND. */
int xylem_kill(xylem *network, int64_t id);
int xylem_pause(xylem *network, int64_t id);
int xylem_resume(xylem *network, int64_t id);

/* Takes the oldest event that has not been taken; false when there is none. Never waits. Of more
 * than 65536 that nobody takes, the oldest are lost. */
bool xylem_next_event(xylem *network, xylem_event *event);

/* Lets the network run for `duration_ms`, at most INT32_MAX, or until there is an event to take, or
 * somebody has been called back: whoever takes no events, by xylem_next_event, waits no more.
 * XYLEM_OK in both cases; XYLEM_INTERRUPTED, XYLEM_INVALID. */
int xylem_run(xylem *network, int64_t duration_ms);

/* A descriptor that becomes readable when the network has something to do: then call
 * xylem_run (network, 0) and take the events. For poll, epoll and the like; owned by the network.
 * -1 in the simulated world, where nothing happens by itself. */
int xylem_fd(xylem *network);

/* The time that the network lives in, in milliseconds from an arbitrary start; never goes back. */
int64_t xylem_now(const xylem *network);

/* Makes the running call, and each later one that would wait, return XYLEM_INTERRUPTED. The one
 * function that may be called from another thread or from a signal handler. */
void xylem_interrupt(xylem *network);

/* Why the latest call on this network failed, for a person to read, beyond xylem_strerror; "" when
 * there is nothing to add. Belongs to the network and lasts until the next call on it. */
const char *xylem_reason(const xylem *network);

/* The text of an error of this library; never NULL. */
const char *xylem_strerror(int error);

#ifdef __cplusplus
}
#endif

#endif
