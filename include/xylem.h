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
 * be done, or have been done, after XYLEM_INTERRUPTED, XYLEM_UNAVAILABLE and XYLEM_TIMED_OUT.
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

/* The longest text that xylem_exec takes or returns, in bytes. */
#define XYLEM_TEXT_MAX (1024 * 1024)

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
    X(XYLEM_INTERRUPTED, "interrupted")

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
} xylem_options;

#define XYLEM_OPTIONS                                                                              \
    {                                                                                              \
        sizeof(xylem_options), XYLEM_THREAD, XYLEM_IPC, 0, 5000, XYLEM_LOG_WARNING, 1              \
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

/* Runs the node and ends the process, when this process was started as a worker; returns at once
 * when it was not. A program that opens a network in the process world calls this first in main,
 * before it touches its standard streams or starts a thread. */
void xylem_worker(int argc, char **argv);

/* Opens a network without nodes. `options` may be NULL; `reason` (may be NULL) gets the cause of a
 * failure, for a person to read. The caller owns *network and ends it with xylem_close; it is NULL
 * after a failure.
 * XYLEM_CANNOT_OPEN: descriptors, threads, memory, ports or a private folder cannot be had.
 * XYLEM_INVALID: an option is out of range, or the process world without xylem_worker. */
int xylem_open(xylem **network, const xylem_options *options, char reason[XYLEM_REASON_SIZE]);

/* Ends every node, also those that hang, and frees the network; takes less than a second. Clears
 * the caller's pointer; does nothing when it is NULL already. */
void xylem_close(xylem **network);

/* Starts a node at its place in the tree and waits until it has answered. `pid` (may be NULL) gets
 * its process id or kernel thread id. `id` is 0 or more.
 * XYLEM_EXISTS, XYLEM_PARENT_UNAVAILABLE; XYLEM_CANNOT_START: xylem_reason tells why. */
int xylem_create(xylem *network, int64_t id, int64_t *pid);

/* Ends a node and all its descendants, whatever state they are in. XYLEM_NOT_FOUND. */
int xylem_remove(xylem *network, int64_t id);

/* Has the node's service do `text`, at most XYLEM_TEXT_MAX bytes. `reply` (may be NULL) gets the
 * service's answer, which belongs to the network and lasts until the next call on it.
 * XYLEM_NOT_FOUND, XYLEM_UNAVAILABLE, XYLEM_BAD_SUBCOMMAND, XYLEM_TOO_LONG. */
int xylem_exec(xylem *network, int64_t id, const char *text, const char **reply);

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
 * consequences; XYLEM_OK also when the node is dead already. XYLEM_NOT_FOUND. */
int xylem_kill(xylem *network, int64_t id);
int xylem_pause(xylem *network, int64_t id);
int xylem_resume(xylem *network, int64_t id);

/* Takes the oldest event that has not been taken; false when there is none. Never waits. Of more
 * than 65536 that nobody takes, the oldest are lost. */
bool xylem_next_event(xylem *network, xylem_event *event);

/* Lets the network run for `duration_ms`, at most INT32_MAX, or until there is an event to take.
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
