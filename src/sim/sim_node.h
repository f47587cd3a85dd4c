/* sim_node: one node of a simulated world: its machine, its clock, what holds it up, and its links.
 * The controlling node is one too.
 */
#ifndef XY_SIM_NODE_H
#define XY_SIM_NODE_H

#include "core/node.h"
#include "driver/driver.h"
#include "driver/log.h"
#include "link/queue_link.h"
#include "service/outflow.h"
#include "service/service.h"
#include "sim/task.h"

struct xy_scheduler;

/* What is going to happen, but for ticks and for frames in lanes, which take no memory here. The
 * first ones are on their way. */
typedef enum xy_sim_kind {
    XY_SIM_ORDER,    /* the launcher takes an order about a life */
    XY_SIM_REPORT,   /* the controlling node gets a report about it */
    XY_SIM_ATTACH,   /* a node hears that it is to attach, */
    XY_SIM_TOLD,     /* or a request past the tree, */
    XY_SIM_END,      /* or to end */
    XY_SIM_FORGED,   /* a frame that no node has sent */
    XY_SIM_EARLY,    /* a life ends before its hello */
    XY_SIM_WORKED,   /* a piece of work is done, */
    XY_SIM_RESUME,   /* or has rested */
    XY_SIM_ANSWERED, /* answers that were deferred have come */
    XY_SIM_ASKED,    /* the service asks other nodes, */
    XY_SIM_CALLED,   /* and is called back */
    XY_SIM_WAKE      /* a node is not held up any more */
} xy_sim_kind;

typedef struct xy_sim_event {
    struct xy_sim_event *next, *prev; /* in the list of a node that is held up */
    xy_sim_kind kind;
    xy_life life; /* whom it happens to; of a report whom it is about */
    union {
        xy_action order; /* to the launcher: the arguments and the state of a START are `bytes` */
        xy_event report; /* to the controlling node: its text is `bytes` */
        xy_peer from;    /* of a forged frame */
        struct {
            xy_number request;
            int status;
            bool deferred;
            bool saves;        /* the state is behind the text */
            size_t saved_size; /* and of so many of the bytes */
        } worked;
        uint64_t rest; /* the number of a rest: only the latest counts */
    };
    size_t size;
    uint8_t bytes[];
} xy_sim_event;

typedef enum xy_sim_stage {
    XY_SIM_STARTING, /* the launcher has not begun it */
    XY_SIM_ALIVE,
    XY_SIM_DEAD /* its end has not been reported */
} xy_sim_stage;

typedef struct xy_sim_node {
    struct xy_scheduler *scheduler;
    xy_life life; /* 0: the controlling node */
    xy_sim_stage stage;
    xy_driver driver;
    xy_queue_end end; /* of its links */

    /* Of a compute node. */
    xy_node node;
    const xylem_service *service;
    int64_t pid;
    void *service_state;
    xy_tokens *tokens;
    xy_calls calls;
    xy_room room;
    bool calling; /* the service is called back */
    xylem_context context;
    xy_log log;    /* of the context */
    xy_task *task; /* its work under way that takes long, or NULL */
    uint64_t rest; /* the number of the latest rest of such work */
    bool doomed;   /* it ends before its hello */

    /* When the latest one comes of: the orders about it, what it hears of its launcher, the reports
     * about it. Each come in their order. */
    int64_t ordered_us, told_us, reported_us;

    bool paused;                         /* held up until it is resumed, */
    int64_t held_until_us;               /* or until then */
    xy_sim_event *held;                  /* what has happened to it in the meantime */
    int64_t slow_by_us, slow_until_us;   /* what it does comes that much later at most */
    int64_t clock_ahead_us, clock_drift; /* its clock; drift in millionths */
    int64_t tick_ms;                     /* its deadline by its clock, */
    int64_t tick_us;                     /* and when it is ticked, */
    int64_t scheduled_us; /* by an event that comes then, or looks then whether that is so */
    bool tick_held;

    /* What goes over the link to its parent waits: on these ways, bits of enum xylem_sim_way; and
     * on both if its parent is on another side of a partition. 0 is the side where nodes begin. */
    unsigned held_ways;
    uint64_t side;
} xy_sim_node;

/* Where its children reach a node, and whom this address belongs to; false when it is none. */
void xy_sim_address(xy_life life, char address[XY_ADDRESS_SIZE]);
bool xy_sim_life_at(const char *address, xy_life *life);

/* The key of a life, for a world that is keyed. */
void xy_sim_key(xy_life life, char key[XY_KEY_SIZE]);

/* A node that has not begun; freed by xy_sim_node_free. NULL when there is no memory. */
xy_sim_node *xy_sim_node_new(xy_life life);
void xy_sim_node_init(xy_sim_node *node, xy_life life);
void xy_sim_node_free(xy_sim_node *node);

/* What the scheduler does for the services of nodes; `owner` is the node. */
typedef struct xy_sim_host {
    const xy_context_ops *context;
    void (*ring)(void *owner);
    bool (*may_answer)(void *owner);
} xy_sim_host;

/* A compute node begins, whose service writes to a log like this, under the id of the node: false,
 * and the error, when there is no such service, or it cannot be opened. */
bool xy_sim_node_begin(xy_sim_node *node, const xy_birth *birth, const xy_log *log,
                       const xy_sim_host *host, xy_error *error);

/* A compute node that is alive is over. Nothing calls its service back. Its work is given up. Then
 * its service is closed if it was told to end; its state is released if not. The state of work that
 * is stuck is left alone. */
void xy_sim_node_end(xy_sim_node *node, bool told);

/* Its id; XY_NO_ID: it is the controlling node, or has not begun. */
int64_t xy_sim_node_id(const xy_sim_node *node);

/* Keeps what happens to a node that is held up; takes the oldest of it, which the caller frees, or
 * NULL; and drops it all. */
void xy_sim_node_hold(xy_sim_node *node, xy_sim_event *what);
xy_sim_event *xy_sim_node_take_held(xy_sim_node *node);
void xy_sim_node_drop_held(xy_sim_node *node);

/* The time by its clock, and the earliest time at which its clock shows this. XY_NEVER remains. */
int64_t xy_sim_node_clock_ms(const xy_sim_node *node, int64_t now_us);
int64_t xy_sim_node_time_us(const xy_sim_node *node, int64_t clock_ms);

#endif
