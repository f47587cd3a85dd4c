/* xylem: supervised trees of workers, over ZeroMQ.
 *
 * The program that calls xylem_open is the controlling node of a network. Below it is any number of
 * compute nodes, in a tree of the shape that the option `topology` names. Nodes are threads of this
 * process, worker processes, or simulated: every function does the same in all worlds.
 *
 *     xylem *net;
 *     int error = xylem_open(&net, NULL);
 *     if (!error)
 *         error = xylem_create(net, 12, NULL);
 *     ...
 *     xylem_close(&net);
 *
 * Threads: one thread at a time uses a network, as with a ZeroMQ socket. Only xylem_interrupt and
 * xylem_wake may be called by any thread at any time, and xylem_token_reply, xylem_token_send and
 * xylem_token_wanted with a token. The threads of the library block every signal.
 *
 * Processes: a network belongs to the process that opened it. In a child made by fork every call on
 * it returns XYLEM_INVALID, and xylem_close only frees memory. The child may open networks of its
 * own.
 *
 * Misuse is found where possible: NULL as the network, a network that was closed before, a second
 * thread while a call is running, and a service that calls its own network. Such a call returns
 * XYLEM_INVALID (or NULL, -1 or 0 if it returns no error) and changes nothing, and xylem_reason
 * tells which mistake it was.
 *
 * Structs begin with their size. Those that the library fills in may become longer: a member exists
 * if the size reaches beyond it.
 *
 * Results that "last until the next call" on a network outlast calls of xylem_next_event, xylem_now
 * and xylem_fd.
 *
 * Errors: a function that can fail returns XYLEM_OK (0) or another value of enum xylem_error. If it
 * fails, nothing has changed, unless its description says otherwise. There are two exceptions.
 * After XYLEM_INTERRUPTED, XYLEM_UNAVAILABLE and XYLEM_TIMED_OUT the node may still do the work, or
 * may have done it already. What a service did before it returned an error remains done.
 *
 * Time: a call waits for its node no longer than the option `timeout_ms`. The network makes
 * progress only during calls on it. A program that does something else for long calls xylem_run
 * meanwhile.
 */
#ifndef XYLEM_H
#define XYLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. While the major version is 0, each minor version may change the
 * interface, and is another shared library, libxylem.so.0.MINOR. */
#define XYLEM_VERSION "0.4.0"

/* The same as a number for #if: major * 10000 + minor * 100 + patch. */
#define XYLEM_VERSION_NUMBER 400

/* The longest state of a service that is saved, in bytes. */
#define XYLEM_STATE_MAX (64 * 1024)

/* The longest chunk of an answer in parts, in bytes; and how much of one may have been sent that
 * the program has not taken, each chunk counted with 256 bytes more: see xylem_work_send. */
#define XYLEM_CHUNK_MAX     (64 * 1024)
#define XYLEM_STREAM_WINDOW (256 * 1024)

/* The longest topic of an event that a service publishes, without its NUL; and how much of what one
 * life has published the program has not taken, counted in the same way: see
 * xylem_context_publish. */
#define XYLEM_TOPIC_MAX      63
#define XYLEM_PUBLISH_WINDOW (128 * 1024)

/* The longest text of a request or a reply, in bytes. */
#define XYLEM_TEXT_MAX (32 * 1024 * 1024)

/* Every error: its name, and its text for xylem_strerror. New errors are added at the end, because
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
    X(XYLEM_PENDING, "not finished yet")                                                           \
    X(XYLEM_NO_SIGNAL, "no signal was sent")                                                       \
    X(XYLEM_PARENT_NOT_FOUND, "Parent not found")                                                  \
    X(XYLEM_PARENT_HAS_CHILD, "Parent has a child")                                                \
    X(XYLEM_PARENT_IS_BELOW, "Parent is below it")                                                 \
    X(XYLEM_ANSWER_LOST, "the answer is lost: the work may have been done")

enum xylem_error {
#define XYLEM_ERROR_NAME(name, text) name,
    XYLEM_ERRORS(XYLEM_ERROR_NAME)
#undef XYLEM_ERROR_NAME
};

enum xylem_world {
    XYLEM_THREAD,   /* a node is a thread of this process */
    XYLEM_PROCESS,  /* a node is a worker process, forked by an agent: see xylem_worker */
    XYLEM_SIMULATED /* a node is simulated in the caller's thread. Virtual time passes only while a
                       call waits. The same seed and the same calls give the same replies */
};

enum xylem_transport {
    XYLEM_IPC, /* sockets in a private folder under XDG_RUNTIME_DIR, TMPDIR, /dev/shm or /tmp */
    XYLEM_TCP  /* 127.0.0.1, encrypted; the system chooses the ports */
};

enum xylem_log_level { XYLEM_LOG_ERROR, XYLEM_LOG_WARNING, XYLEM_LOG_INFO, XYLEM_LOG_DEBUG };

/* Takes a line of the log, without a newline, in place of standard error. `id` is the node that
 * wrote the line; -1 is the controlling node. The text is valid during the call. Threads of the
 * library call this function too, one call at a time. It must be quick, and may not call this
 * library. */
typedef void (*xylem_log)(void *owner, enum xylem_log_level level, int64_t id, const char *text);

/* What happens when a node that others are below dies, or is silent for too long. */
enum xylem_repair {
    XYLEM_REPAIR_NONE,   /* those below it are unavailable; if it died they are ended, too */
    XYLEM_REPAIR_ADOPT,  /* those below it get other parents, as the topology has it, and go on */
    XYLEM_REPAIR_RESTART /* it is started again in its place, with a new life, its service, its
                            arguments and what its service has saved (see `save` in xylem_service),
                            and those below it are attached to it again */
};

/* What is started again with XYLEM_REPAIR_RESTART. */
enum xylem_restart {
    XYLEM_ONE_FOR_ONE,     /* the node that died */
    XYLEM_REST_FOR_SUBTREE /* that node and all below it */
};

/* Options of a network. Start from XYLEM_OPTIONS, which contains the defaults. */
typedef struct xylem_options {
    size_t size;                    /* sizeof (xylem_options): the version of the struct */
    enum xylem_world world;         /* default XYLEM_THREAD */
    enum xylem_transport transport; /* process world only; default XYLEM_IPC */
    int64_t heartbeat_ms;           /* the interval at the start; default 0: no heartbeats */
    int64_t timeout_ms;             /* how long a call waits for its node; default 5000 */
    enum xylem_log_level log_level; /* the least important; default XYLEM_LOG_WARNING */
    uint64_t seed;                  /* simulated world only; default 1 */
    const char *service;            /* of nodes made by xylem_create; default "timer" */
    int64_t job_ms;  /* how long a job without a time of its own may take; default 3600000 */
    xylem_log log;   /* takes the log; default NULL: standard error. Worker processes write to their
                        standard error in any case */
    void *log_owner; /* the first argument of `log` */
    const char *topology;     /* the shape of the tree: "bst", "avl", "balanced", "list" or "tree";
                                 default "bst" */
    enum xylem_repair repair; /* default XYLEM_REPAIR_NONE */
    enum xylem_restart restart; /* default XYLEM_ONE_FOR_ONE */
    int restarts;               /* how often a node is started again within the time
                                   `restart_window_ms`, which begins with the first; after that those
                                   below it are adopted. Default 5 */
    int64_t restart_window_ms;  /* default 60000 */
} xylem_options;

#define XYLEM_OPTIONS                                                                              \
    {                                                                                              \
        sizeof(xylem_options), XYLEM_THREAD, XYLEM_IPC, 0, 5000, XYLEM_LOG_WARNING, 1, "timer",    \
            3600000, NULL, NULL, "bst", XYLEM_REPAIR_NONE, XYLEM_ONE_FOR_ONE, 5, 60000             \
    }

/* An open network. */
typedef struct xylem xylem;

/* What the controlling node knows about a node. */
typedef struct xylem_node {
    size_t size;
    int64_t id;
    uint64_t life;       /* the number of this start of a node: a network never uses one twice */
    int64_t parent;      /* the id of the parent; -1 if that is the controlling node */
    int64_t pid;         /* the process id; in the thread world the id of the kernel's thread */
    size_t depth;        /* 0 for a node below the controlling node */
    bool available;      /* it can be reached, as far as the controlling node knows */
    size_t children;     /* how many it has */
    const char *service; /* its service */
    size_t requests;     /* how many requests it has not answered yet */
    int64_t heard_ms; /* for how long the controlling node has heard nothing from the node itself */
    int restarts;     /* how often it was started again within the present window */
} xylem_node;

/* What the controlling node knows about its network. */
typedef struct xylem_counts {
    size_t size;
    size_t nodes;
    size_t depth;            /* how many nodes are below one another at most */
    size_t unavailable;      /* how many nodes cannot be reached */
    size_t requests;         /* how many requests are under way */
    uint64_t false_silences; /* how often a node was given up and came back */
    uint64_t moves;          /* how often a node has got another parent without losing one, */
    uint64_t repairs;        /* how often a node that had lost its parent has got one again, */
    uint64_t restarts;       /* how often a node was started again, */
    int64_t adrift_ms;       /* and the longest time that a node was without a parent */
    uint64_t states_lost;    /* how many saved states were not kept: see `save` in xylem_service */
} xylem_counts;

enum xylem_event_kind {
    XYLEM_NODE_UNAVAILABLE, /* a node cannot be reached any more */
    XYLEM_NODE_AVAILABLE,   /* it can be reached again */
    XYLEM_HAS_ROOM,       /* once after xylem_start or xylem_exec has returned XYLEM_BUSY: they may
                             be called again */
    XYLEM_NODE_ADOPTED,   /* a node that had lost its parent is below `parent` now */
    XYLEM_NODE_RESTARTED, /* a node has been started again, for the `number`th time in the window */
    XYLEM_NODE_RETIRED,   /* a node was started again `number` times, and is not any more */
    XYLEM_PUBLISHED       /* a service has published `bytes` under `topic` */
};

/* Why a node has become unavailable. */
enum xylem_cause {
    XYLEM_NO_CAUSE,  /* the event is of another kind */
    XYLEM_EXITED,    /* it ended by itself; `number` is its exit status */
    XYLEM_SIGNALLED, /* a signal ended it; `number` is the signal: SIGKILL after xylem_kill, in
                        every world */
    XYLEM_SILENT,    /* it was silent for too long */
    XYLEM_ANCESTOR,  /* the node `origin`, which is above it, became unavailable */
    XYLEM_NO_AGENT   /* the agent that started it, and without which no worker lives, has ended */
};

/* Something that happened without a call for it. */
typedef struct xylem_event {
    size_t size;
    enum xylem_event_kind kind;
    int64_t id;    /* of the node; -1 if the event is about no node */
    uint64_t life; /* of the node: see xylem_node; 0 if the event is about no node */
    enum xylem_cause cause;
    int number;     /* see enum xylem_cause; otherwise 0 */
    int64_t origin; /* the node where it began, by its id: the node itself or one above it; or -1 */
    int64_t parent; /* XYLEM_NODE_ADOPTED: the id of the new parent; otherwise, and if that is the
                       controlling node, -1 */
    const char *topic; /* XYLEM_PUBLISHED; otherwise NULL, as `bytes` */
    const char *bytes; /* with a final NUL, */
    size_t bytes_size; /* so many without that */
} xylem_event;

/* Services: the work that nodes do.
 *
 * Each node has one service, with a state of its own. The node's own thread calls the functions of
 * the service, except for `exec` of a service that takes long. That thread has 128 KiB of stack;
 * the service may use 100 KiB of it. A service does not throw exceptions, does not leave its
 * functions by longjmp, and does not call its own network.
 *
 * Standard streams: in threads and in the simulated world they are those of the program. In a
 * worker process standard input and output are /dev/null, and standard error is that of the
 * program. A worker process does not have the program's arguments: its main ends in xylem_worker.
 * Worker processes are forked from one process, and share the state of random generators that were
 * seeded before xylem_worker: `open` seeds them anew, or the service draws its numbers by
 * xylem_context_random. A worker process needs the signal SIGIO: a
 * service neither blocks nor handles it. What a service forks ends with its node.
 *
 * The library has these services:
 *
 *     timer    start, stop, time              a stopwatch
 *     sum      N K1 ... KN                    the sum of N numbers, "6"; takes long beyond 1 KiB
 *     dict     NAME VALUE, NAME               keeps a number under a name; the number, "5". Its
 *                                             arguments are such pairs that it begins with
 *     find     TEXT PATTERN                   where the pattern is in the text, "0;7", or "-1";
 *                                             takes long beyond 1 KiB
 *     sleep    MS                             replies after that time; takes long
 *     ask      SET TEXT                       asks other nodes; replies with their answers
 *
 * A function of a service that does not return holds up its node, and nothing else: the node can be
 * killed and removed, its id can be used again, and the network can be closed. In the process world
 * the function ends with its process. In the thread world it is abandoned, with a warning in the
 * log: when it returns after all, its result is dropped, the state is released, and its thread
 * ends. What the function uses must stay valid until then, also after xylem_close; the program may
 * end before. In the simulated world the function blocks the caller.
 */

/* What several nodes have in common after a cast: their error, or their answer. */
typedef struct xylem_outcome {
    size_t size;
    int error;        /* enum xylem_error */
    const char *text; /* the answer, or the explanation of the error; with a final NUL */
    size_t text_size;
    const int64_t *ids; /* of the nodes, in ascending order, */
    size_t count;       /* at least one */
    bool combined;      /* the text is made of the answers of all of them, by the service */
} xylem_outcome;

/* A piece of work. It is valid during the call of `exec` that got it. */
typedef struct xylem_work xylem_work;

/* Stands for a request that is answered later: see xylem_work_defer. */
typedef struct xylem_token xylem_token;

/* What a service knows of its node, and uses of it: see xylem_context_id and the functions below
 * it. The library makes one for each life of a node, before it opens the service. It is the same
 * for all functions of the service, and lasts as long as the state: until `close` or `release` has
 * returned. */
typedef struct xylem_context xylem_context;

typedef struct xylem_service {
    size_t size;      /* sizeof (xylem_service): the version of the struct */
    const char *name; /* 1 to 31 letters, digits, '-' and '_' */

    /* Makes the state of a new node: *state is what the other functions get. If it returns an error
     * the node is not created. It must be quick: a node that does not start in time is given up.
     * NULL: there is no state. */
    int (*open)(void **state);

    /* Does one piece of work. A node does one at a time. Returns XYLEM_OK; the reply is what
     * xylem_work_reply was given, or empty, or it comes later: see xylem_work_defer. Or returns
     * XYLEM_FAILED, XYLEM_BAD_SUBCOMMAND, XYLEM_TOO_LONG or XYLEM_NO_MEMORY; then the reply is an
     * explanation. Every other value counts as XYLEM_FAILED, so that it cannot be mistaken for an
     * error of the network. */
    int (*exec)(void *state, xylem_work *work);

    /* Frees the state of a node that xylem_remove or xylem_close told to end. It must be quick,
     * because the node has 400 ms to end, or half of the option `timeout_ms` if that is less. After
     * that the node is killed, and this function is cut off or
     * not called. It is not called either if the node is killed for any other reason. So what only
     * this function saves is lost then, in every world. NULL: nothing is to be done. */
    void (*close)(void *state);

    /* Frees the memory of the state of a node that was killed, where that memory belongs to the
     * program: in threads and in the simulated world. It does nothing else, because a killed
     * process would not do it either. Any thread may call it, also after xylem_close if a function
     * was abandoned. It is never called during or after `close`. NULL: the memory is not freed. */
    void (*release)(void *state);

    /* False: `exec` is quick, and is called by the thread that also carries the node's messages.
     * True: `exec` may take long, and is called by a thread of its own, the second one of the node,
     * unless the text is short: see `quick_size`. When its reply is not
     * wanted any more it should return soon: see xylem_work_wanted. If it has not returned 100 ms
     * after its node was told to end, it is abandoned with its state, which is released when it
     * returns (in threads), or it ends with its process.
     *
     * In the simulated world the caller's thread calls every function of a service, and virtual
     * time passes only in xylem_work_rest. An `exec` that takes long has a stack of its own there;
     * while it rests, everything else goes on. When its node is killed, xylem_work_wanted and
     * xylem_work_rest return false, and it must return. After a thousand such results it is
     * abandoned with its state: it is never resumed, and what it holds is not freed. Any other
     * function that never returns, or that waits for anything but virtual time, blocks the caller,
     * also in xylem_close: nothing can abandon it. */
    bool takes_long;

    /* Combines the answers a and b of two nodes, or of two parts of the tree, to one request of
     * xylem_cast. The result is what xylem_work_reply was given; the order in which answers are
     * combined must not matter. Returns errors as `exec` does: the nodes of b have that error then.
     * Any node, whatever its service, and the controlling program call this for the nodes below
     * them, so there is no state, and `work` has no text. It must be quick, also if `exec` takes
     * long: the thread that carries the node's messages calls it. Both texts have a final NUL, and
     * are valid during the call. NULL: answers are not combined. */
    int (*combine)(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work);

    /* The same as `open` with the context of the node; if it is given, `open` is not called. It is
     * a member of its own because `open` keeps its type: a service that needs no context does not
     * change. The state may keep the pointer to the context. NULL: `open` is called. */
    int (*open_with)(void **state, xylem_context *context);

    /* A pointer of the program's own, for xylem_context_user. In a worker process it has the value
     * with which that process has registered the service. The library does not use it. */
    void *user;

    /* Saves the state for the next life of the node: gives it to xylem_work_reply, at most
     * XYLEM_STATE_MAX bytes, or none, and returns XYLEM_OK. It is called after each piece of work,
     * also after one that failed or whose reply is not wanted any more, by the thread that called
     * `exec`, and before the reply is sent. If the service is quick, it is also called after each
     * callback: a timer, an answer to xylem_work_ask. One that takes long saves what a callback has
     * changed with its next work. It must be quick; `work` has no text. When the bytes are the same
     * as before nothing is sent.
     *
     * The controlling node keeps the latest state of each id, as long as the network is open: when
     * the node dies, and also when it was removed. When a call or a future has the reply of a piece
     * of work, the controlling node has the state after that work, or a later one. Nodes that die
     * or move on the way change nothing of that. Only an answer to a cast may come without its
     * state: if its node was removed or started again before that came, or if so much waits on the
     * way that there is no room for it.
     *
     * When it returns an error, gives more bytes or there is no memory, the reply stays as it is,
     * the state that was saved before stays, and a warning goes to the log. The controlling node
     * keeps 64 MiB of states, each counted with 256 bytes more. Beyond that it forgets those of ids
     * that do not exist any more, those first that were saved longest ago. If that is not enough,
     * or if it has no memory, the new state is not kept, the one before stays, and `states_lost` in
     * xylem_counts counts it. NULL, together with `load`: nothing is saved. */
    int (*save)(void *state, xylem_work *work);

    /* Loads what an earlier life of the node has saved: called after `open`, before anything else,
     * by the same thread, and only if there is such a state: when the node is started again
     * (XYLEM_REPAIR_RESTART), or created with an id whose latest node had the same service, unless
     * the option `fresh` says otherwise. A node that is created with another service, or `fresh`,
     * has the state of its id forgotten once it has started. `saved` has `size` bytes and a final
     * NUL, and lasts for the call. It must be quick, as `open`. If it returns an error the node
     * does not start (XYLEM_CANNOT_START; xylem_reason tells why), the state of `open` is released,
     * not closed, and the saved state is kept. NULL, together with `save`: nothing is loaded. */
    int (*load)(void *state, const void *saved, size_t size);

    /* With `takes_long`: the longest text, in bytes, with which `exec` is quick all the same. Work
     * with a text of at most this size is done as that of a service that is quick, by the node's
     * own thread: that saves the second thread, and the way there and back. In such work
     * xylem_work_rest and xylem_work_await return false at once, and xylem_work_wanted is true.
     * Longer texts, and all callbacks, are the second thread's, which is there from the first of
     * them on. The two never call the service at once: while that thread calls back, a short text
     * goes to it, too. 0: no text is short. Without `takes_long` it means nothing. */
    size_t quick_size;
} xylem_service;

/* A service with these members; the others are 0: XYLEM_SERVICE(.name = "echo", ...). */
#define XYLEM_SERVICE(...)                                                                         \
    {                                                                                              \
        .size = sizeof(xylem_service), __VA_ARGS__                                                 \
    }

/* Makes a service known in this program. The struct is copied; the string `name` is not, and must
 * stay valid. Every program of a network registers the same services at the beginning of main,
 * before xylem_worker. XYLEM_INVALID: the name is missing, malformed or taken, `exec` is missing,
 * only one of `save` and `load` is there, or this version does not know the size. XYLEM_BUSY: 64
 * services are registered already. */
int xylem_register(const xylem_service *service);

/* Makes a service of any program: each node with the service `name` runs `command`, by /bin/sh -c,
 * as a process of its own. The program starts with the node and ends with it, and runs with the
 * rights, the environment and the folder of this process.
 *
 * It reads one request after the other from its standard input: a line "ID NUMBER SIZE", which is
 * the id of its node, the number of the request and the size of its text in bytes, and then the
 * text. Its environment has the arguments of the node, up to the first NUL, as XYLEM_ARGUMENTS, ""
 * if there are none. It writes each answer to its standard output: a line "NUMBER ok SIZE", or
 * "NUMBER error SIZE", and then the text of that size. The text of "ok" is the reply; that of
 * "error" is the explanation of XYLEM_FAILED. Before that it may write any number of lines "NUMBER
 * part SIZE", each with a text of at most XYLEM_CHUNK_MAX bytes: these are sent as by
 * xylem_work_send, and its output is not read as long as there is no room for them. What it writes
 * to its standard error goes to the log of the node, as warnings.
 *
 * A program that ends or that answers in any other way fails the request in hand: XYLEM_FAILED,
 * with an explanation. So does one that has written something without a request. When a request
 * takes too long or is cancelled, the program is killed. It is started again for the next request.
 * At the end of its node its standard input ends, and after 100 ms it is killed, with all processes
 * that it has started. If the node is killed it is killed at once. If the process of the node is
 * killed, its standard input ends, and so on.
 *
 * The strings are copied. The call comes before the first xylem_open, and may come after
 * xylem_worker. In the simulated world no program can run: no node with such a service can be
 * created. XYLEM_INVALID: the name is missing, malformed or taken, or the command is missing, empty
 * or longer than 899 bytes; XYLEM_BUSY: 64 services are registered already; XYLEM_NO_MEMORY. */
int xylem_program_service(const char *name, const char *command);

/* The text of the request: *size bytes (`size` may be NULL) and a final NUL. Valid as long as the
 * work. */
const char *xylem_work_text(const xylem_work *work, size_t *size);

/* The time of the network when the work began: see xylem_now. */
int64_t xylem_work_now(const xylem_work *work);

/* The context of the node that does the work; NULL in `combine`, which no node does. */
xylem_context *xylem_work_context(const xylem_work *work);

/* Replies with a copy of `size` bytes. A second call replaces the reply. XYLEM_TOO_LONG,
 * XYLEM_NO_MEMORY: `exec` may return these. */
int xylem_work_reply(xylem_work *work, const void *reply, size_t size);

/* Whether the reply is still wanted: not after the request was cancelled, after its time is over,
 * or when the node ends. In the simulated world a thousand calls without a rest take 1 ms. */
bool xylem_work_wanted(const xylem_work *work);

/* Waits for `ms`; in the simulated world that is virtual time. Returns earlier, and false, when the
 * reply is not wanted any more. Only for services that take long: for others it returns false at
 * once. */
bool xylem_work_rest(xylem_work *work, int64_t ms);

/* The same, but returns as soon as callbacks have been called meanwhile: all that were due. */
bool xylem_work_await(xylem_work *work, int64_t ms);

/* Sends a part of the answer, a copy of `size` bytes, before the work is done: a chunk. If the
 * request was made by xylem_stream the program gets the chunks as they come, in their order, each
 * once, also if nodes move or are repaired meanwhile. Otherwise they are put together: the reply is
 * all of them and then what xylem_work_reply was given; of work that ends with an error they are
 * dropped. A chunk of no bytes is not sent.
 *
 * At most XYLEM_STREAM_WINDOW of a stream is on its way, and not taken by the program yet. When
 * that is full a service that takes long waits here, as in xylem_work_rest, until there is room;
 * its callbacks are called meanwhile. A service that is quick, and a callback, get XYLEM_BUSY, and
 * xylem_context_room tells when to try again.
 *
 * XYLEM_CANCELLED: the reply is not wanted any more. XYLEM_TOO_LONG: the chunk is longer than
 * XYLEM_CHUNK_MAX, or all that is put together is longer than XYLEM_TEXT_MAX. XYLEM_NO_MEMORY: and
 * nothing was sent. XYLEM_INVALID: there is no work or no chunk, or the work is that of `combine`.
 * For the thread that is in `exec`. */
int xylem_work_send(xylem_work *work, const void *chunk, size_t size);

/* Answers the request later, by the token that this returns: `exec` returns XYLEM_OK, and the node
 * goes on with its next piece of work. The text of the work is gone then, and what xylem_work_reply
 * was given is not used. The token is the program's, which ends it with xylem_token_reply in any
 * case, also when it does not answer. The request keeps its time: one that is not answered in time
 * ends with XYLEM_TIMED_OUT, and its token is not wanted any more. If `exec` returns an error, that
 * is the answer, and the token is not wanted any more either. Deferred requests are answered in the
 * order of their xylem_token_reply; the order in which `exec` gets requests stays as it is.
 *
 * NULL: the node has 1024 tokens that have not been ended, there is no memory or descriptor, the
 * work is deferred already, or it is that of `combine`. `exec` may return XYLEM_FAILED then. For
 * the thread that is in `exec`. */
xylem_token *xylem_work_defer(xylem_work *work);

/* Answers a request that was deferred, with a copy of `size` bytes, and ends the token: sets the
 * caller's pointer to NULL. `error` is what `exec` would have returned: XYLEM_OK, or another value
 * that `exec` may return; then the reply is an explanation. Any thread may call this, one at a time
 * for one token, also in `exec` before that returns, in `close` and `release`, and after the end of
 * the node and of the network.
 *
 * XYLEM_OK: the node has the answer. XYLEM_CANCELLED: the answer is not wanted any more, as
 * xylem_token_wanted says; the token is ended all the same. After any other error the token is as
 * it was: XYLEM_TOO_LONG, XYLEM_NO_MEMORY; XYLEM_BUSY: 65 MiB of answers wait for the node, because
 * it is paused or slow: try again later. XYLEM_INVALID: there is no token, or no reply although it
 * has a size; or the node is simulated, and this is not the thread that uses the network: answers
 * of another thread would make each run a different one. */
int xylem_token_reply(xylem_token **token, int error, const void *reply, size_t size);

/* Sends a part of an answer that was deferred: see xylem_work_send. Never waits: XYLEM_BUSY when
 * the window is full. Chunks are in the order of the calls, and come before the xylem_token_reply.
 * The same threads may call it, one at a time for one token. XYLEM_INVALID also as with
 * xylem_token_reply. */
int xylem_token_send(const xylem_token *token, const void *chunk, size_t size);

/* What other nodes have answered: each of those that were asked is in one of the outcomes
 * outcomes[0] to outcomes[count - 1], as with xylem_future_outcomes; they last for the call.
 * `error` is XYLEM_OK, or the error of the lowest id that has one. There are no outcomes if nothing
 * could be asked, or the answers were lost: then `error` says why.
 *
 * XYLEM_TIMED_OUT: an answer did not come in time. If nodes ask in a circle, so that one waits for
 * itself, the text of the outcome says so. XYLEM_CANCELLED: the work that the request belonged to
 * is over. XYLEM_TOO_LONG: all outcomes together are longer than 256 KiB. XYLEM_BUSY: too much is
 * under way, or nodes ask one for another 64 deep. Otherwise see xylem_exec and xylem_cast. */
typedef void (*xylem_answered)(xylem_context *context, int error,
                               const xylem_outcome *const *outcomes, size_t count, void *owner);

/* Has other nodes work on a text, in the name of the work in hand, and returns at once. `set` is a
 * set as of xylem_cast, for instance "12" for one node; `text` has `size` bytes. The answers come
 * by `callback`: by the thread that calls `exec`, while that rests in xylem_work_rest or waits in
 * xylem_work_await, or after it has returned. A service that is quick does not rest: it defers its
 * answer, by xylem_work_defer.
 *
 * The answers come within `timeout_ms` (less than 0: as long as possible), and in any case within
 * the time of the work in hand: so what one node asks another for a third ends earlier each time.
 * What is still under way when that work is over is given up: XYLEM_CANCELLED. The callback is
 * called once for each call that returned XYLEM_OK, but not any more when the node ends. To each
 * node the text is given once, also if nodes move or are repaired meanwhile.
 *
 * For the thread that is in `exec` or in a callback during it. XYLEM_INVALID: there is no callback,
 * the set is malformed, or the work is that of `combine`; XYLEM_TOO_LONG: set and text together are
 * longer than 128 KiB, or the set stands for too many ids; XYLEM_BUSY: the node has 1023 under way;
 * XYLEM_NO_MEMORY; XYLEM_CANNOT_START: a service that takes long needs a thread or a descriptor
 * that cannot be had, for the callback. */
int xylem_work_ask(xylem_work *work, const char *set, const void *text, size_t size,
                   int64_t timeout_ms, xylem_answered callback, void *owner);

/* The same, and waits for the answers. It returns what the callback would get as `error`;
 * (*outcomes)[0] to (*outcomes)[*count - 1] are the outcomes. They belong to the work, and last
 * until it is over or calls this function again; after an error there may be none. `outcomes` and
 * `count` may be NULL. Other callbacks come meanwhile, as in xylem_work_await.
 *
 * Only for services that take long, in `exec` itself. XYLEM_INVALID also if the service is quick,
 * or in a callback. XYLEM_CANCELLED also if the work is not wanted any more: then `exec` returns
 * soon. Nothing of the caller's is used after the return. */
int xylem_work_call(xylem_work *work, const char *set, const void *text, size_t size,
                    int64_t timeout_ms, const xylem_outcome *const **outcomes, size_t *count);

/* The same as xylem_work_ask in the name of a request that was deferred, for the thread that calls
 * `exec`: in a callback of `context`, or in `exec` itself. */
int xylem_token_ask(const xylem_token *token, xylem_context *context, const char *set,
                    const void *text, size_t size, int64_t timeout_ms, xylem_answered callback,
                    void *owner);

/* Whether the answer is still wanted: not after the request was cancelled, after its time is over,
 * or when the node has ended. Any thread may call it, as long as the token is not ended. False if
 * `token` is NULL. */
bool xylem_token_wanted(const xylem_token *token);

/* The id of the node, and its life: the number of this start of it, which is another one after
 * XYLEM_REPAIR_RESTART; see xylem_node. Any thread of the service may call these functions, and
 * those up to xylem_context_user, as long as the context lasts. */
int64_t xylem_context_id(const xylem_context *context);
uint64_t xylem_context_life(const xylem_context *context);

/* What the node was created with: see xylem_create_options. *size bytes (`size` may be NULL) and a
 * final NUL; "" if there are none. They belong to the context and last as long. A node that is
 * started again has the same ones. */
const char *xylem_context_arguments(const xylem_context *context, size_t *size);

/* The id of the node's parent: XYLEM_CONTROLLER if that is the controlling node; XYLEM_ANY before
 * the node has attached for the first time, which is after `open`. And the ids of its children:
 * returns how many there are, and writes the first of them, at most `room`, to ids[0], ids[1] and
 * so on, in ascending order; `ids` may be NULL if `room` is 0.
 *
 * This is what the node itself knows at that moment. It changes when nodes are created, move, end
 * or get other parents by a repair. A child is one from when it has attached until the controlling
 * node says that it belongs to another parent or has ended; also while it is silent. A node that
 * has lost its parent tells of that until it has another one. */
int64_t xylem_context_parent(const xylem_context *context);
size_t xylem_context_children(const xylem_context *context, int64_t *ids, size_t room);

/* The member `user` with which the service was registered. */
void *xylem_context_user(const xylem_context *context);

/* The next number of the random stream of this life; all 64 bits are random. Other lives have other
 * streams, also if their processes were forked from one. In threads and processes the numbers
 * cannot be guessed, not even by other nodes. In the simulated world the same seed and the same
 * calls give the same numbers. For the thread that is in a function of the service, and not in
 * `release`. */
uint64_t xylem_context_random(xylem_context *context);

/* Writes a line to the log of the network, under the id of the node: where the option `log` says,
 * if `level` is not less important than the option `log_level`. In a worker process that is
 * standard error. A line that is longer than 500 bytes is cut, and its newlines become blanks. Does
 * nothing if `text` is NULL, or after xylem_close. Never waits for a reader of standard error. Any
 * thread of the service may call it, but not in `release`. */
void xylem_context_log(const xylem_context *context, enum xylem_log_level level, const char *text);

/* Publishes a copy of `size` bytes under a topic of 1 to XYLEM_TOPIC_MAX bytes: the program gets
 * the event XYLEM_PUBLISHED, whether a request is under way or not. The events of one life come in
 * the order of the calls, each once, also if nodes move or are repaired meanwhile; what the program
 * has not got when the life ends may be lost. Never waits: XYLEM_BUSY when XYLEM_PUBLISH_WINDOW of
 * this life was not taken by xylem_next_event, each event counted with its topic and 256 bytes
 * more; xylem_context_room tells when to try again. XYLEM_TOO_LONG: there are more than
 * XYLEM_CHUNK_MAX bytes. XYLEM_INVALID: there is no context or no topic, the topic is empty or too
 * long, or there are no bytes although there is a size. XYLEM_CANCELLED: the service is being
 * closed. XYLEM_NO_MEMORY. For the thread that is in a function of the service or in a callback, as
 * xylem_context_timer. */
int xylem_context_publish(xylem_context *context, const char *topic, const void *bytes,
                          size_t size);

/* Has `callback` called whenever there is room again after XYLEM_BUSY of xylem_work_send,
 * xylem_token_send or xylem_context_publish: by the thread that calls `exec`, as the callback of a
 * timer. It replaces an earlier callback; NULL removes that. `owner` must be valid until then, or
 * until the service has been closed or released. For the thread that is in a function of the
 * service or in a callback. */
void xylem_context_room(xylem_context *context,
                        void (*callback)(xylem_context *context, void *owner), void *owner);

/* Has `callback` called once, `ms` milliseconds from now or later; less than 1 stands for 1. In the
 * simulated world that is virtual time. *timer (`timer` may be NULL) is the number of the timer,
 * which is not 0; after an error it is 0. `owner` must be valid until then, or until the timer is
 * cancelled or the service has been closed or released.
 *
 * The callback is called by the thread that calls `exec` (of a service that takes long: its second
 * one), between two pieces of work, or while one rests in xylem_work_rest, which goes on resting
 * afterwards. So the state of a service needs no lock. Callbacks do not nest, and xylem_work_rest
 * returns at once in one. A callback of a service that is quick must be quick, too. It may set
 * other timers, which is how something is done again and again. A node that is paused calls late,
 * and once.
 *
 * Timers end with the life: none is called during or after `close` and `release`. For the thread
 * that is in a function of the service or in a callback; not in `close` and `release`.
 * XYLEM_INVALID: there is no context or no callback. XYLEM_BUSY: the node has 1024 timers.
 * XYLEM_NO_MEMORY; XYLEM_CANNOT_START: a service that takes long needs a thread or a descriptor
 * that cannot be had. XYLEM_CANCELLED: the service is being closed. */
int xylem_context_timer(xylem_context *context, int64_t ms,
                        void (*callback)(xylem_context *context, void *owner), void *owner,
                        uint64_t *timer);

/* Cancels a timer that has not been called: it is not called any more. Does nothing if there is no
 * timer with this number. For the same threads. */
void xylem_context_timer_cancel(xylem_context *context, uint64_t timer);

/* Has `callback` called each time when the parent or the children of the node have changed: see
 * xylem_context_parent. It is called like a timer, once also for several changes that have come
 * meanwhile. It replaces an earlier callback; NULL removes that. `owner` must be valid until then,
 * or until the service has been closed or released. For the same threads as xylem_context_timer.
 * XYLEM_INVALID: there is no context. XYLEM_CANNOT_START: as with xylem_context_timer. */
int xylem_context_watch(xylem_context *context,
                        void (*callback)(xylem_context *context, void *owner), void *owner);

/* A program that opens a network in the process world calls this first in main, before it uses its
 * standard streams or starts a thread. xylem_open executes the program once more, as the agent of
 * the workers. In that process this function never returns: the agent forks each worker here, and
 * the worker runs its node here. In any other process it returns at once. */
void xylem_worker(int argc, char **argv);

/* Opens a network without nodes. `options` may be NULL: the defaults. The caller owns *network and
 * ends it with xylem_close. After a failure *network is NULL, and xylem_reason (NULL) tells why.
 * XYLEM_CANNOT_OPEN: the system has no descriptor, thread, memory, port or private folder left, or
 * the program asks for the process world and has not called xylem_worker. XYLEM_INVALID: an option
 * is out of range, the service does not exist, or the options have the size of another version.
 * XYLEM_NO_MEMORY. */
int xylem_open(xylem **network, const xylem_options *options);

/* Ends every node and frees the network. When no node has ended for 400 ms, those that are left
 * hang, and are killed; see xylem_service for what that means to their services. So it takes less
 * than a second, unless there are thousands of nodes. Jobs that are not finished end with
 * XYLEM_INTERRUPTED. Sets the caller's pointer to NULL. Does nothing if that is NULL already, or in
 * a callback of this network. */
void xylem_close(xylem **network);

/* Starts a node at its place in the tree, and waits until it has answered. `id` is 0 or more; the
 * id of a node that failed is in use until the node is removed. *pid (`pid` may be NULL) is the
 * process id, or in the thread world the id of the kernel's thread. XYLEM_EXISTS,
 * XYLEM_PARENT_UNAVAILABLE; XYLEM_CANNOT_START: xylem_reason tells why. */
int xylem_create(xylem *network, int64_t id, int64_t *pid);

/* The parent of a new node, when it is not the id of a node. */
#define XYLEM_CONTROLLER (-1) /* the controlling node */
#define XYLEM_ANY        (-2) /* the topology chooses */

/* The longest arguments of a node, in bytes. */
#define XYLEM_ARGUMENTS_MAX (64 * 1024)

/* What a new node is to be. Start from XYLEM_CREATE_OPTIONS, which contains the defaults. */
typedef struct xylem_create_options {
    size_t size;         /* sizeof (xylem_create_options): the version of the struct */
    const char *service; /* default NULL: the service of the option of the network */
    int64_t parent; /* default XYLEM_ANY. In the topologies "list" and "tree" the id of a node, or
                       XYLEM_CONTROLLER; the others choose the parent in any case */
    const void *arguments; /* for the service: see xylem_context_arguments. The library copies them
                              during the call. Default NULL: none */
    size_t arguments_size; /* in bytes, at most XYLEM_ARGUMENTS_MAX; default 0 */
    bool fresh; /* it begins without what an earlier node with this id has saved: see `load` in
                   xylem_service; default false */
} xylem_create_options;

#define XYLEM_CREATE_OPTIONS                                                                       \
    {                                                                                              \
        sizeof(xylem_create_options), NULL, XYLEM_ANY, NULL, 0, false                              \
    }

/* The same with options; NULL: the defaults. XYLEM_CANNOT_START also if the service does not exist;
 * XYLEM_PARENT_NOT_FOUND; XYLEM_PARENT_HAS_CHILD: in a list a node has one child at most;
 * XYLEM_TOO_LONG: the arguments are; XYLEM_BUSY: with their arguments too much is under way. */
int xylem_create_with(xylem *network, int64_t id, const xylem_create_options *options,
                      int64_t *pid);

/* Ends a node and all its descendants, also those that hang. Those that are left when no node has
 * ended for 400 ms, or after half of the option `timeout_ms`, are killed, as is a node that cannot
 * be reached. If a node was killed, its service was not closed: the result is XYLEM_OK, and
 * xylem_reason says so. XYLEM_NOT_FOUND. */
int xylem_remove(xylem *network, int64_t id);

/* Moves a node and all below it to another parent: the id of a node or XYLEM_CONTROLLER. Requests
 * under way are answered as if nothing had happened. Only in the topology "tree": XYLEM_INVALID in
 * the others, which choose the parents. XYLEM_NOT_FOUND, XYLEM_PARENT_NOT_FOUND,
 * XYLEM_PARENT_IS_BELOW: the parent is the node itself or below it; XYLEM_PARENT_UNAVAILABLE,
 * XYLEM_UNAVAILABLE; XYLEM_TIMED_OUT: it stays where it was. xylem_reason tells why. */
int xylem_move(xylem *network, int64_t id, int64_t parent);

/* Has the node's service work on `text`, of at most XYLEM_TEXT_MAX bytes, and waits for the reply.
 * *reply (`reply` may be NULL) belongs to the network and lasts until the next call on it; it is
 * unchanged after an error. XYLEM_NOT_FOUND, XYLEM_UNAVAILABLE; XYLEM_TOO_LONG: the text or the
 * reply is; XYLEM_BAD_SUBCOMMAND, XYLEM_FAILED: the error of the service, xylem_reason has its
 * explanation; XYLEM_TIMED_OUT: the work takes too long, and is given up; XYLEM_BUSY: see
 * xylem_start.
 *
 * The work has three quarters of the time of the call, or all but one second if that is more. So
 * the node can still reply XYLEM_TIMED_OUT before the caller gives up with XYLEM_UNAVAILABLE. */
int xylem_exec(xylem *network, int64_t id, const char *text, const char **reply);

/* The same for any bytes; `reply` and `reply_size` may be NULL. */
int xylem_exec_bytes(xylem *network, int64_t id, const void *text, size_t size, const char **reply,
                     size_t *reply_size);

/* A future stands for something that was begun and that the program does not wait for. A job is a
 * request to a service that was begun like this. Requests to one node are done in their order,
 * requests to different nodes side by side. */
typedef struct xylem_future xylem_future;

/* Has the node's service work on the text, for `timeout_ms` at most (less than 0 stands for the
 * option `job_ms`), and returns at once. The caller owns *future and frees it with
 * xylem_future_free, also after the network was closed. After an error *future is NULL.
 * XYLEM_TOO_LONG, XYLEM_INVALID, XYLEM_NO_MEMORY; XYLEM_BUSY: 65 MiB are under way, each text
 * counted with 256 bytes more; the event XYLEM_HAS_ROOM tells when half of that is free again.
 * XYLEM_INTERRUPTED: the network is being closed. Every other error is one of the future: see
 * xylem_exec; XYLEM_BUSY also when a node on the way still holds as much that was given up. */
int xylem_start(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                xylem_future **future);

/* The same for any bytes. */
int xylem_start_bytes(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                      xylem_future **future);

/* The same as xylem_start, for an answer in parts: the program takes what the service has sent by
 * xylem_work_send as it comes, with xylem_future_chunk. The reply is what the service has given at
 * the end. */
int xylem_stream(xylem *network, int64_t id, const char *text, int64_t timeout_ms,
                 xylem_future **future);
int xylem_stream_bytes(xylem *network, int64_t id, const void *text, size_t size,
                       int64_t timeout_ms, xylem_future **future);

/* Begins what xylem_create_with, xylem_remove, xylem_move and xylem_ping do, and returns at once.
 * These begin in the order of the calls and go on side by side; the time of each counts from its
 * call. A node whose parent has not answered its own create yet cannot be created, where the
 * topology does not choose the parents anew: XYLEM_PARENT_UNAVAILABLE. The caller owns *future.
 * After an error *future is NULL: XYLEM_INVALID, XYLEM_NO_MEMORY, XYLEM_BUSY, XYLEM_INTERRUPTED as
 * with xylem_start; XYLEM_TOO_LONG: the arguments of a create are. Every other error is one of the
 * future. */
int xylem_start_create(xylem *network, int64_t id, const xylem_create_options *options,
                       xylem_future **future);
int xylem_start_remove(xylem *network, int64_t id, xylem_future **future);
int xylem_start_move(xylem *network, int64_t id, int64_t parent, xylem_future **future);
int xylem_start_ping(xylem *network, int64_t id, xylem_future **future);

/* Make one future of several of one network. `all` is finished when all of them are; its result is
 * XYLEM_OK or the error of the first, in their order, that has one. `any` is finished when one of
 * them is, with the same error. Neither has a text: that is read from the future itself. They stay
 * the caller's, and may be part of other futures too. One that is freed before it is finished
 * counts as cancelled. To cancel `all` or `any` before it is finished is to cancel each of them; to
 * free it is not. XYLEM_INVALID: a future is NULL, they are of more than one network, there are
 * none of which one could be finished, or more than 100 stand for one another; XYLEM_NO_MEMORY. */
int xylem_future_all(xylem_future *const *futures, size_t count, xylem_future **all);
int xylem_future_any(xylem_future *const *futures, size_t count, xylem_future **any);

/* XYLEM_PENDING: it is not finished. Otherwise what the call that waits would have returned, or
 * XYLEM_CANCELLED, or XYLEM_INTERRUPTED if the network was closed before. *reply and *size (both
 * pointers may be NULL) are the reply of a job, or the explanation of the error, or ""; they last
 * as long as the future. Never waits, and the network makes no progress in it: see xylem_run. */
int xylem_future_result(const xylem_future *future, const char **reply, size_t *size);

/* A number that belongs to the result: of a create the pid; of a removal how many nodes had to be
 * killed; of `all` how many of the futures have succeeded; of `any` the place of the first that was
 * finished, from 0. Otherwise, and before it is finished, 0. */
int64_t xylem_future_value(const xylem_future *future);

/* A pointer of the caller's own, at first NULL. The library does not use it. */
void xylem_future_set_user(xylem_future *future, void *user);
void *xylem_future_user(const xylem_future *future);

/* Waits until the future is finished, for `timeout_ms` at most; less than 0: as long as it takes,
 * which is no longer than its time. XYLEM_OK: it is finished, successful or not: see
 * xylem_future_result. XYLEM_TIMED_OUT, XYLEM_INTERRUPTED: it is not finished yet. */
int xylem_future_wait(xylem_future *future, int64_t timeout_ms);

/* Takes the next chunk of a stream: *chunk has *size bytes (`size` may be NULL) and a final NUL,
 * and lasts until the next call for this future. Waits for it for `timeout_ms` at most; less than
 * 0: as long as it takes. XYLEM_OK, and *chunk is NULL: there are no more; the future is finished.
 * With 0 it never waits, and the network makes no progress: XYLEM_PENDING, there is none yet.
 * XYLEM_TIMED_OUT, XYLEM_INTERRUPTED: there is none yet. XYLEM_INVALID.
 *
 * The chunks come in the order in which they were sent, each once. The future is finished when the
 * reply and all chunks before it are here: those that were not taken may be taken afterwards, also
 * when it has ended with an error or was cancelled. A program that takes none holds up the service,
 * and nothing else: no more than XYLEM_STREAM_WINDOW comes, until the time of the request is
 * over. Other futures than those of xylem_stream have no chunks. */
int xylem_future_chunk(xylem_future *future, int64_t timeout_ms, const char **chunk, size_t *size);

/* Has `callback` called whenever chunks have come, and when no more come: it takes them with a
 * timeout of 0, until there is none. It is called as that of xylem_future_then is, by the same
 * functions and by xylem_future_each and xylem_future_chunk. It replaces an earlier one; NULL
 * removes that. If there are chunks already this function itself calls it. */
void xylem_future_each(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner);

/* Gives it up: it is finished at once, with XYLEM_CANCELLED, unless it was finished before. Work
 * that has not begun is not begun; work that has begun is not wanted any more. A create, a removal,
 * a move or a ping goes on, and nothing tells how it ends. */
void xylem_future_cancel(xylem_future *future);

/* Has `callback` called once when the future is finished. It replaces an earlier callback; NULL
 * removes that. This function itself calls it if the future is finished already. Otherwise the next
 * xylem_run, xylem_start or other call that begins something, xylem_future_then (of any future),
 * xylem_future_wait, xylem_future_cancel or xylem_close does; `owner` must be valid until then.
 *
 * Callbacks do not nest: one that is due while another runs is called after that has returned. One
 * that is due then again waits for the next of these calls. A callback may call every function of
 * this library but xylem_close; during xylem_close, xylem_start returns XYLEM_INTERRUPTED.
 *
 * A callback returns. If longjmp or an exception of C++ leaves it, that also ends the call that
 * called it, which has done everything else by then; the other callbacks wait for the next call. */
void xylem_future_then(xylem_future *future, void (*callback)(xylem_future *future, void *owner),
                       void *owner);

/* Cancels it if it is not finished, without calling its callback, and frees the future. Sets
 * the caller's pointer to NULL; does nothing if it is NULL already. */
void xylem_future_free(xylem_future **future);

/* Sets of nodes, as a text: "all"; or ids, ranges "1-50" and nodes with all below them "90/", with
 * commas between them: "1-50,70,90/". */

/* Whether a text is a set. XYLEM_INVALID: it is malformed; XYLEM_TOO_LONG: it has more than 1000000
 * ids, or 1000 parts "90/"; XYLEM_NO_MEMORY. xylem_reason (NULL) tells more. */
int xylem_set_check(const char *set);

/* The ids of a set, each once, in the order given; of a node with all below it, parents come first.
 * Nodes of ranges need not exist; "all" are those that do. (*ids)[0] to (*ids)[*count - 1] belong
 * to the network and last until the next call on it. Errors as with xylem_set_check. */
int xylem_set_ids(xylem *network, const char *set, const int64_t **ids, size_t *count);

/* How nodes are asked. Start from XYLEM_CAST_OPTIONS, which contains the defaults. */
typedef struct xylem_cast_options {
    size_t size;        /* sizeof (xylem_cast_options): the version of the struct */
    int64_t timeout_ms; /* how long it may take; default -1: the option `job_ms` */
    bool apart;         /* answers are not combined, also if the service can do that */
} xylem_cast_options;

#define XYLEM_CAST_OPTIONS                                                                         \
    {                                                                                              \
        sizeof(xylem_cast_options), -1, false                                                      \
    }

/* Has each node of a set work on the text, or only answer if that is NULL, and returns at once. The
 * text goes once over each link of the tree, and one answer comes back over it: those of the nodes
 * below are combined if all who are asked have the same service and that can do it; otherwise equal
 * ones are put together. The set counts as it is when the call is made.
 *
 * The future is finished when all have answered or cannot answer any more, or when the time is
 * over: with what there is then. Its result is XYLEM_OK, or the error of the lowest id that has
 * one; its value is how many have succeeded; its reply is the answer if there is only one, or "".
 * xylem_future_outcomes tells all. To each node the request is sent once: the error of one that is
 * lost on the way, or whose answer is, is XYLEM_UNAVAILABLE, and the work may have been done. A
 * node that is asked does not move to another parent meanwhile, unless it loses its own.
 *
 * Errors as with xylem_start, and those of xylem_set_check. */
int xylem_cast(xylem *network, const char *set, const char *text, const xylem_cast_options *options,
               xylem_future **future);

/* The same for any nodes and any bytes. An id that is there several times counts once. */
int xylem_cast_ids(xylem *network, const int64_t *ids, size_t count, const void *text, size_t size,
                   const xylem_cast_options *options, xylem_future **future);

/* How a cast has ended: each node is in one of the outcomes (*outcomes)[0] to
 * (*outcomes)[*count - 1], in the order of their lowest ids. They last as long as the future. There
 * are none before it is finished (XYLEM_PENDING), when it was cancelled or interrupted, and of
 * other futures. */
int xylem_future_outcomes(const xylem_future *future, const xylem_outcome *const **outcomes,
                          size_t *count);

/* Sends a message to the node and waits for its answer. XYLEM_OK: it answered; XYLEM_UNAVAILABLE:
 * it did not; XYLEM_NOT_FOUND: there is no such node. Any other error tells nothing of it. */
int xylem_ping(xylem *network, int64_t id);

/* Has every node send a heartbeat to its parent every `interval_ms`, also nodes that are created
 * later; 0 stops the heartbeats. XYLEM_NOT_FOUND: there are no nodes yet, and the interval stays as
 * it was. */
int xylem_heartbeat(xylem *network, int64_t interval_ms);

/* Sends a message to every node, and waits for the answers. (*ids)[0] to (*ids)[*count - 1] are the
 * nodes that did not answer, in ascending order; they belong to the network and last until the next
 * call on it. XYLEM_NO_MEMORY, XYLEM_BUSY. */
int xylem_ping_all(xylem *network, const int64_t **ids, size_t *count);

/* What is known of one node; of the network. Both belong to the network and last until the next
 * call on it. XYLEM_NOT_FOUND. */
int xylem_info(xylem *network, int64_t id, const xylem_node **node);
int xylem_status(xylem *network, const xylem_counts **counts);

/* Lists all nodes in ascending order of id: (*nodes)[0] to (*nodes)[*count - 1]. They belong to the
 * network and last until the next call on it. XYLEM_NO_MEMORY. */
int xylem_list(xylem *network, const xylem_node *const **nodes, size_t *count);

/* Waits until the node is available (or unavailable), for `timeout_ms` at most; less than 0 stands
 * for the option `timeout_ms`. A node that does not exist is unavailable. XYLEM_TIMED_OUT. */
int xylem_wait(xylem *network, int64_t id, bool available, int64_t timeout_ms);

/* Fault injection: ends a node at once, as SIGKILL does; stops it, so that it hangs; lets it go on.
 * In threads a node that is in a function of its service stops as soon as that returns. xylem_kill
 * returns when the node is over, and so is unavailable. XYLEM_OK also if the node had failed
 * before. XYLEM_NOT_FOUND. XYLEM_NO_SIGNAL: nothing was done; xylem_reason tells why. */
int xylem_kill(xylem *network, int64_t id);
int xylem_pause(xylem *network, int64_t id);
int xylem_resume(xylem *network, int64_t id);

/* Takes the oldest event that was not taken; NULL if there is none. It belongs to the network and
 * lasts until the next call of this function. Never waits. At most 65536 events are kept; then the
 * oldest are lost. Those of the kind XYLEM_PUBLISHED do not count, and are not lost: their services
 * are held up. */
const xylem_event *xylem_next_event(xylem *network);

/* Lets the network run for `duration_ms`, at most INT32_MAX. Returns earlier, with XYLEM_OK, when
 * there is an event that was not there when it returned last, when it called a callback, or after
 * xylem_wake. An event that is not taken does not make it return again. With 0 or less it does what
 * is due, but no more than one bounded turn of a few hundred messages, also under load.
 * XYLEM_INTERRUPTED, XYLEM_INVALID. */
int xylem_run(xylem *network, int64_t duration_ms);

/* A descriptor for poll, epoll and event loops. It becomes readable when the network has something
 * to do: then call xylem_run (network, 0), and take all events. An event that is not taken does not
 * make it readable again. Belongs to the network. -1 in the simulated world, where nothing happens
 * between calls. */
int xylem_fd(xylem *network);

/* The time of the network, in milliseconds from an arbitrary start; in the simulated world it is
 * virtual. Never goes back. */
int64_t xylem_now(const xylem *network);

/* Makes the running call, and each later one that would wait, return XYLEM_INTERRUPTED. Other
 * threads and signal handlers may call it, until xylem_close begins. */
void xylem_interrupt(xylem *network);

/* Makes the running xylem_run, or the next one if none is running, return at once with XYLEM_OK.
 * Other threads and signal handlers may call it, until xylem_close begins. */
void xylem_wake(xylem *network);

/* Ends the effect of xylem_interrupt: later calls wait again. Only the thread that uses the network
 * may call it. */
void xylem_clear_interrupt(xylem *network);

/* Explains, for a person to read, why the latest call on this network failed, or what xylem_remove
 * could not do; "" if there is nothing to add to xylem_strerror. Belongs to the network and lasts
 * until the next call on it. With NULL, and after a misuse, it explains why the latest call of this
 * thread failed; that text lasts until a call of this thread fails again. */
const char *xylem_reason(const xylem *network);

/* The text of an error of this library; never NULL. */
const char *xylem_strerror(int error);

/* The version of the library that the program runs with, "0.4.0". XYLEM_VERSION is the version of
 * the header that the program was compiled with. Any thread may call it; the text stays valid. */
const char *xylem_version(void);

#ifdef __cplusplus
}
#endif

#endif
