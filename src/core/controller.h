/* controller: the controlling node. Commands in, exactly one reply for each of them, by its
 * deadline at the latest; and word of the nodes that can no longer be reached, or can be again.
 *
 * Its replies, notices and faults are actions for the network that it serves; see machine.
 */
#ifndef XY_CONTROLLER_H
#define XY_CONTROLLER_H

#include "core/branch.h"
#include "core/machine.h"
#include "core/parcel.h"
#include "core/tree.h"

typedef enum xy_command_kind {
    XY_COMMAND_CREATE, /* id, text: its service; the reply's value is its pid, or its payload why
                          it failed */
    XY_COMMAND_REMOVE, /* id */
    XY_COMMAND_EXEC,   /* id, text, size; the reply's payload is the answer */
    XY_COMMAND_PING,   /* id */
    XY_COMMAND_PACE,   /* value: the heartbeat interval */
    XY_COMMAND_WAIT,   /* id, value: 1 until it is available, 0 until it is not; timeout_ms */
    XY_COMMAND_FAULT,  /* id, value: an xy_fault */
    XY_COMMAND_CANCEL, /* value: the number of an exec, which is answered with XYLEM_CANCELLED */
    XY_COMMAND_CLOSE   /* end every node; ends with the action STOP */
} xy_command_kind;

typedef struct xy_command {
    xy_command_kind kind;
    int64_t id;
    int64_t value;
    int64_t timeout_ms; /* how long the command may take; less than 0: as long as any */
    const char *text;   /* lent for the call */
    size_t size;
} xy_command;

typedef struct xy_controller {
    xy_tree tree;
    xy_branch branch;
    xy_pending waiting;   /* commands that have not been answered */
    xy_parcels arriving;  /* replies of which there is more to come */
    uint64_t request;     /* the number of the latest command */
    uint64_t incarnation; /* the number of the latest life of a node */
    int64_t timeout_ms;
    int64_t now_ms; /* the time of the step under way */
    bool closing, closed;
    xy_actions out;
} xy_controller;

/* Begins without nodes. The controller must stay where it is. False, and nothing to clear, when
 * there is no memory. */
bool xy_controller_init(xy_controller *controller, int64_t timeout_ms, int64_t heartbeat_ms);
void xy_controller_clear(xy_controller *controller);

/* Takes a command; returns the number that its reply will bear. The reply may be among the actions
 * when this returns. */
uint64_t xy_controller_command(xy_controller *controller, const xy_command *command,
                               int64_t now_ms);

void xy_controller_step(xy_controller *controller, const xy_event *event, int64_t now_ms);
int64_t xy_controller_deadline(const xy_controller *controller);

/* The controller as a machine; lasts as long as the controller. */
xy_machine xy_controller_machine(xy_controller *controller);

#endif
