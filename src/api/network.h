/* network: what the files of the public interface share. */
#ifndef XY_NETWORK_H
#define XY_NETWORK_H

#include "xylem.h"

#include <stdatomic.h>

#include "api/handle.h"
#include "core/controller.h"
#include "sim/trace.h"
#include "world/world.h"

/* Futures that are finished and whose callbacks are due, the oldest first. */
typedef struct xy_callbacks {
    xylem_future *first; /* of a list */
    size_t count;
    const void *frame; /* of the function that calls back at the moment, on the stack; or NULL */
} xy_callbacks;

/* The reply to a command. */
typedef struct xy_result {
    int status;
    int64_t value;
    uint8_t *text; /* memory of core, with a final NUL; or NULL */
    size_t size;
} xy_result;

struct xylem {
    xy_handle handle;
    xy_controller controller;
    xy_world *world;
    xy_log_sink *log;
    atomic_bool interrupted, woken;
    bool polled; /* the program has the descriptor */
    bool closed; /* nothing can be begun any more */
    bool news;   /* there are events that xylem_run has not returned for */
    bool busy;   /* the latest turn of xylem_run has left something to do */
    char service[XY_SERVICE_NAME_SIZE];
    int64_t job_ms;

    uint64_t command; /* that is waited for; 0: its reply is here */
    xy_result answer; /* the latest; its text lasts until the next call */
    xy_error error;   /* the latest: for xylem_reason */

    xy_ring events;      /* those that have not been taken, each with its turn */
    xy_chunk *published; /* the same of what nodes have published: a list */
    uint64_t turns;      /* the latest turn of both */
    xylem_event event;   /* that was taken last, */
    xy_chunk *shown;     /* and what it shows, or NULL */

    void *nodes;         /* the latest list */
    xylem_node node;     /* the latest information on a node, */
    xylem_counts counts; /* and on the network */
    int64_t *ids;        /* of the latest set, or of those that did not answer */

    xylem_future *futures; /* all that have not been freed: a list */
    xylem_future *awaited; /* those of them that are not finished: a hash table */
    xy_callbacks callbacks;

    struct xylem_sim *sim; /* the simulation that it is of; or NULL */
    xylem *next_of_sim, *previous_of_sim;
    bool traced;
    xy_trace trace;
};

/* xylem_open, on a simulation; NULL: on none. */
int xy_network_open(xylem **network, const xylem_options *options, struct xylem_sim *sim);

/* A network that may be one of a simulation has no world any more; is freed, and so may be its
 * simulation. */
void xy_sim_detach(xylem *network);
void xy_sim_release(xylem *network);

/* Begins a call, which xy_network_leave ends. XYLEM_INVALID: the network may not be used. */
int xy_network_use(xylem *network);

/* Begins a call, which xy_network_leave ends, and forgets the answer and the reason of the one
 * before. XYLEM_INVALID: the network may not be used. */
int xy_network_enter(xylem *network);
void xy_network_leave(xylem *network);

/* The latest call has nothing to explain so far. */
void xy_network_forget_reason(xylem *network);

/* The number of the next command. */
uint64_t xy_network_next(const xylem *network);

/* Has the controlling node begin a command. The reply may be here then. XYLEM_NO_MEMORY: there will
 * be none. */
int xy_network_command(xylem *network, const xy_command *command);

/* A whole call that has the controlling node do a command, and waits for its answer. The command
 * may be about the text of the answer before. */
int xy_network_call(xylem *network, const xy_command *command);

/* Whether a node is known to the network's user: it has answered its create, and is not being
 * removed. */
bool xy_network_shows(const xy_map_node *node);

/* Whether a time may be given to the network. */
bool xy_network_is_duration(int64_t ms);

/* Takes the answer out of a reply; frees that of an answer. */
xy_result xy_result_of(xy_action *reply);
void xy_result_clear(xy_result *answer);

/* What is wrong with the size of a struct that the caller has filled in; NULL: nothing. `unknown`
 * is to tell how to initialize it. */
const char *xy_network_size_fault(size_t given, size_t known, const char *unknown);

/* Lets the network live until `until_ms`, or until `enough` is true of `context`. Whether that is
 * why it returns. */
bool xy_network_run(xylem *network, int64_t until_ms, bool (*enough)(const void *context),
                    const void *context);

/* The same when that is the reply of a node, which comes soon. */
bool xy_network_await(xylem *network, int64_t until_ms, bool (*enough)(const void *context),
                      const void *context);

/* Refuses a call that has not been entered: returns the error, whose reason is `why`, or "". */
int xy_network_refuse(xylem *network, int error, const char *why);

/* Has the descriptor, if the program has it, tell what is left to do. */
void xy_network_arm(xylem *network);

/* Ends a call as xy_network_leave does; then callbacks that are due are called. The last that a
 * public function does: a callback may not return. */
void xy_network_rest(xylem *network);

/* A reply that no call waits for: true when it is that of a future, which has taken it then. */
bool xy_futures_take(xylem *network, xy_action *reply);

/* A chunk has come: takes it, if it is that of a future, or was published. */
void xy_futures_take_chunk(xylem *network, xy_action *action);

/* Something was published, which belongs to the network then. Takes the oldest of that into
 * network->event. */
void xy_network_take_published(xylem *network, xy_chunk *chunk);
void xy_network_show_published(xylem *network);

/* Calls the callbacks that are due now. Outside of a call; NULL: those of networks that are closed.
 */
void xy_futures_call_back(xylem *network);

/* Whether a callback of this network is under way. */
bool xy_futures_are_calling(const xylem *network);

/* The network ends: what is not finished is interrupted, the callbacks that are due are called, and
 * futures belong to their owners alone. xy_futures_detach calls none. */
void xy_futures_end(xylem *network);
void xy_futures_detach(xylem *network);

#endif
