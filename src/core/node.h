/* node: a compute node. It says hello to its parent, does what is for itself, passes on what is for
 * those below, reports every T, and ends when it is told to, after all that is below it.
 */
#ifndef XY_NODE_H
#define XY_NODE_H

#include "core/branch.h"
#include "core/desk.h"
#include "core/machine.h"

/* What a node is given at its start. */
typedef struct xy_birth {
    int64_t id;
    uint64_t incarnation;
    uint8_t secret[XY_SECRET_SIZE];
    char service[XYLEM_SERVICE_NAME_SIZE];
} xy_birth;

typedef struct xy_node {
    xy_birth birth;
    int64_t pid;
    bool welcome;    /* the parent has answered the hello */
    bool stopping;   /* told to end */
    bool stopped;    /* nothing left to do */
    int64_t beat_ms; /* when the next beat is due, or XY_NEVER */
    xy_branch branch;
    xy_desk desk;
    xy_actions out;
} xy_node;

/* Begins a node that will name `pid` as its own. The node must stay where it is. False, and nothing
 * to clear, when there is no memory. */
bool xy_node_init(xy_node *node, const xy_birth *birth, int64_t pid);
void xy_node_clear(xy_node *node);

void xy_node_step(xy_node *node, const xy_event *event, int64_t now_ms);
int64_t xy_node_deadline(const xy_node *node);

/* The node as a machine; lasts as long as the node. */
xy_machine xy_node_machine(xy_node *node);

#endif
