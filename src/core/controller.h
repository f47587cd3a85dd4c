/* controller: the controlling node, the one authority of a network. Commands in, exactly one reply
 * for each of them, by its deadline at the latest; and word of the nodes that can no longer be
 * reached, or can be again.
 *
 * It alone knows the map, places new nodes, numbers lives, links and requests, and tracks every
 * request from end to end. It starts and ends lives by the launcher, not by the tree.
 */
#ifndef XY_CONTROLLER_H
#define XY_CONTROLLER_H

#include "core/casts.h"
#include "core/chunks.h"
#include "core/fragment.h"
#include "core/random.h"
#include "core/requests.h"
#include "core/states.h"
#include "core/step.h"
#include "core/subtree.h"
#include "topology/topology.h"

/* How long nodes that were told to end may take before they are killed. Thousands need their time:
 * so it begins anew whenever one of them has ended. A network of so many nodes waits no longer than
 * the second for one that hangs while others end. */
#define XY_GRACE_MS 400
int64_t xy_grace_max_ms(size_t nodes);

/* The parent of a node that is created, when it is not the id of a node. */
#define XY_PARENT_CONTROLLER (-1)
#define XY_PARENT_ANY        (-2) /* the topology chooses */

typedef enum xy_command_kind {
    XY_COMMAND_CREATE, /* id, parent, text: its service, arguments; the reply's value is its pid, or
                          its text why it failed */
    XY_COMMAND_REMOVE, /* id; the reply's value: how many nodes had to be killed */
    XY_COMMAND_MOVE,   /* id, parent: an id or XY_PARENT_CONTROLLER. XYLEM_INVALID: the topology
                          chooses the parents. The reply's text: why it failed */
    XY_COMMAND_EXEC,   /* id, text, size; the reply's text is the answer; XYLEM_BUSY when too much
                          is under way: an XY_ACTION_ROOM follows when that is half as much */
    XY_COMMAND_PING,   /* id */
    XY_COMMAND_CAST,   /* ids, id_count; text, size: what each is to do, once; text NULL: to answer;
                          combine. The reply's text is a list of outcomes, each node in one of
                          them, its value how many have succeeded, its status that of the first
                          outcome with an error. XYLEM_BUSY as with an exec */
    XY_COMMAND_HEARTBEAT, /* value: the interval */
    XY_COMMAND_WAIT,      /* id, value: 1 until it is available, 0 until it is not; timeout_ms */
    XY_COMMAND_FAULT,     /* id, value: an xy_fault */
    XY_COMMAND_CANCEL,    /* value: the number of an exec, which is answered with XYLEM_CANCELLED */
    XY_COMMAND_TAKE,      /* value: the number of an exec that streams, or 0: of what `life` has
                             published; count: so many chunks of that were taken so far, size: what
                             those cost that were taken now. XYLEM_NOT_FOUND: it is over */
    XY_COMMAND_CLOSE      /* end every node; ends with the action STOP */
} xy_command_kind;

typedef struct xy_command {
    xy_command_kind kind;
    int64_t id;
    int64_t parent; /* of a create or a move: an id or one of the two above */
    int64_t value;
    int64_t timeout_ms; /* how long the command may take; less than 0: as long as any */
    const char *text;   /* lent until what the call has queued has been performed */
    size_t size;
    const int64_t *ids; /* of a cast: each once, lent for the call */
    size_t id_count;
    const char *combine;   /* of a cast: the service that combines the answers, if all who are asked
                              have that; NULL: none */
    const void *arguments; /* of a create: those of the service, lent as the text is */
    size_t arguments_size;
    bool combines;         /* of a create: the service combines answers */
    const xy_asker *asker; /* of an exec or a cast that is for a node; otherwise NULL */
    bool fresh;            /* of a create: it begins without the state that its id has saved */
    bool streams;   /* of an exec: its answer may come in parts: an XY_ACTION_CHUNK for each */
    uint64_t count; /* of a take, */
    xy_life life;   /* and perhaps whose */
} xy_command;

/* What happens when a node that others are attached to dies or hangs. */
typedef enum xy_repair {
    XY_REPAIR_NONE,   /* what is below it is unavailable, and is ended if it is dead */
    XY_REPAIR_ADOPT,  /* those attached to it get other parents */
    XY_REPAIR_RESTART /* it is started again, with a new life, and they are attached to that */
} xy_repair;

typedef struct xy_controller_options {
    const xy_topology *topology;
    xy_repair repair;
    bool rest_for_subtree; /* what is below a node that is started again is started again, too */
    int restarts_max; /* how often a node is started again within this time; then those below */
    int64_t restart_window_ms; /* it are adopted */
    const char *address;       /* where the topmost nodes reach the controlling node */
    bool keyed;       /* children attach with a key, which the launcher tells when they start */
    bool past_tree;   /* the launcher carries requests: what a node is told of its children goes
                         past the tree */
    uint64_t seed[2]; /* of the numbers that cannot be guessed: from the world */
    int64_t timeout_ms, heartbeat_ms;
} xy_controller_options;

/* What has been counted since the beginning. */
typedef struct xy_controller_counts {
    uint64_t false_silences; /* nodes that were given up and came back */
    uint64_t moves;    /* nodes that have got another parent as the topology or the user wants,
                          without having lost the one before, */
    uint64_t repairs;  /* nodes that had lost their parent and have one again, */
    uint64_t restarts; /* nodes that were started again, */
    int64_t adrift_ms; /* and the longest time that one was without a parent */
} xy_controller_counts;

typedef struct xy_controller {
    const xy_topology *topology;
    xy_repair repair;
    bool rest_for_subtree;
    int restarts_max;
    int64_t restart_window_ms;
    bool keeps; /* nodes may move: what they are asked may have to be sent again */
    char address[XY_ADDRESS_SIZE];
    bool keyed, past_tree;
    xy_map map;
    xy_subtree subtree;
    xy_requests requests;   /* commands that have not been answered, */
    xy_requests waits;      /* and among them those that wait for a node, apart */
    xy_requests errands;    /* what the controlling node itself has asked */
    xy_assemblies arriving; /* replies of which there is more to come */
    xy_casts casts;         /* casts under way; each is a request, too */
    xy_states states;       /* what services have saved */
    size_t unreplied;       /* how many requests are parts of one, or of a node: for no command */
    bool abandoned;         /* perhaps there are asks whose work is over */
    xy_random random;
    uint64_t command, life, link; /* the latest number of each, */
    uint64_t errand;              /* and of the requests that are for no command */
    size_t creating;              /* creates under way */
    size_t moving;                /* moves under way of nodes that have a parent */
    bool unsettled;               /* nodes that are not where they should be may be moved now */
    bool homeless;                /* nodes wait for a place in the shape */
    int64_t timeout_ms;
    int64_t now_ms; /* the time of the step under way */
    size_t bound;   /* how much may be under way, in bytes: XY_IN_FLIGHT_MAX, or less in tests */
    bool refused;   /* an exec, because too much is under way; there was no XY_ACTION_ROOM since */
    bool closing, closed;
    bool left_alone;       /* perhaps a node that waits to be removed is without others now */
    xy_map_node *removals; /* the topmost nodes of those under way: a list by `listed` */
    int64_t grace_ms;      /* not after the grace of any of them is over; or XY_NEVER */
    int64_t ended_ms;      /* when a life in one of them was over last */
    size_t left;           /* lives that were taken off the map before they were over */
    int64_t retry_ms;      /* when to try again what there was no memory for, or XY_NEVER */
    xy_controller_counts counts;
} xy_controller;

/* Begins without nodes. The controller must stay where it is. */
void xy_controller_init(xy_controller *controller, const xy_controller_options *options);
void xy_controller_clear(xy_controller *controller, xy_queue *out);

/* Takes a command; returns the number that its reply will bear. The reply may be among the actions
 * when this returns. 0, and nothing is done: there is no memory for a reply. */
uint64_t xy_controller_command(xy_controller *controller, const xy_command *command, int64_t now_ms,
                               xy_queue *out);

void xy_controller_step(xy_controller *controller, const xy_event *event, int64_t now_ms,
                        xy_queue *out);
int64_t xy_controller_deadline(const xy_controller *controller);

/* The controller as a machine; lasts as long as the controller. */
xy_machine xy_controller_machine(xy_controller *controller);

#endif
