/* node: a compute node. It attaches where it is told to, does what is for itself, passes on what is
 * for those below, reports every T, and ends when it is told to.
 */
#ifndef XY_NODE_H
#define XY_NODE_H

#include "core/answers.h"
#include "core/asks.h"
#include "core/casts.h"
#include "core/chunks.h"
#include "core/neighbours.h"
#include "core/step.h"
#include "core/subtree.h"
#include "core/work_queue.h"

/* What the service of a node has saved. */
typedef struct xy_node_state {
    uint64_t number; /* the how manieth it is; 0: there is none */
    xy_buffer bytes;
    bool lost;        /* there was no memory for it */
    int64_t retry_ms; /* when to say again what could not be said, or XY_NEVER */
} xy_node_state;

typedef struct xy_node {
    xy_birth birth;
    char address[XY_ADDRESS_SIZE]; /* where its children reach it */
    xy_peer parent;                /* who has said welcome last; its link is 0 before that */
    xy_peer coming;                /* to whom it attaches now; link 0: to none */
    uint64_t latest;               /* the highest link number that it was ever told */
    size_t capacity;               /* how many children it can have: what its world has room for */
    bool ended;
    int64_t interval_ms;  /* how often its parent is to hear of it; 0: not by heartbeats */
    uint64_t version;     /* of that */
    int64_t heartbeat_ms; /* when the next one is due, or XY_NEVER */
    int64_t now_ms;       /* of the latest step */
    xy_subtree subtree;
    xy_work_queue work;
    xy_answers answers;
    xy_casts casts;
    xy_asks asks;
    xy_chunks chunks;
    xy_node_state state;
    int64_t parent_id;     /* XY_NO_ID: the controlling node */
    int64_t neighbours_ms; /* when to tell the service of its neighbours, or XY_NEVER */
} xy_node;

/* Begins a node that can be reached at `address`. The node must stay where it is. */
void xy_node_init(xy_node *node, const xy_birth *birth, const char *address);

/* Ends a node, also one that has not ended by itself; `out` is the queue that it was stepped with.
 */
void xy_node_clear(xy_node *node, xy_queue *out);

void xy_node_step(xy_node *node, const xy_event *event, int64_t now_ms, xy_queue *out);
int64_t xy_node_deadline(const xy_node *node);

/* The node as a machine; lasts as long as the node. */
xy_machine xy_node_machine(xy_node *node);

#endif
