/* network: what the files of the public interface share. */
#ifndef XY_NETWORK_H
#define XY_NETWORK_H

#include "xylem.h"

#include <stdatomic.h>

#include "core/controller.h"
#include "runtime/world.h"

struct xylem {
    xy_controller controller;
    xy_world *world;
    atomic_bool interrupted;
    bool polled; /* somebody has the descriptor */
    bool closed; /* nothing can be begun any more */
    char service[XYLEM_SERVICE_NAME_SIZE];
    int64_t job_ms;

    uint64_t request; /* the command that is waited for; 0: its reply is here */
    xy_action reply;  /* the latest; its payload lasts until the next call */
    char *text;       /* the same with a final NUL, of `size` bytes */
    size_t size;
    char reason[XYLEM_REASON_SIZE];

    xylem_event *events; /* a ring of those that have not been taken */
    size_t first, count, capacity;

    xylem_node *nodes; /* the latest list */

    xylem_future *futures;  /* those that are not finished */
    xylem_future *finished; /* those whose owner is to be called back, the oldest first */
    bool calling_back;
};

/* Has the controlling node begin a command; returns its number. The reply may be here then. */
uint64_t xy_network_command(xylem *network, const xy_command *command);

/* Lets the network live until `until_ms`, or until `enough` is true of `context`. Whether that is
 * why it returns. */
bool xy_network_run(xylem *network, int64_t until_ms, bool (*enough)(const void *context),
                    const void *context);

/* A call that is refused before it has begun: returns `error`, for which there is no other reason.
 */
int xy_network_refuse(xylem *network, int error);

/* Has whoever polls the descriptor learn what is left to do. */
void xy_network_arm(xylem *network);

/* The end of a call that let the network live, and that has no answer which a call back could
 * replace: whoever is to be called back is, and the descriptor tells what is left to do. */
void xy_network_rest(xylem *network);

/* A reply that nobody waits for in a call: true when it is a future's. */
bool xy_futures_take(xylem *network, const xy_action *reply);

/* Calls back for those that have been finished. */
void xy_futures_call_back(xylem *network);

/* The network ends: what is not finished is interrupted, and belongs to its owner alone. */
void xy_futures_end(xylem *network);

#endif
