/* branch: what lies below a node: its children, and the requests on their way to them.
 *
 * A compute node and the controlling node do the same things to what is below them, so those are
 * written here once: start and end a child, pass a request on, see that each gets one reply, watch
 * the children. What is to go further up is handed to the owner.
 */
#ifndef XY_BRANCH_H
#define XY_BRANCH_H

#include "core/detector.h"
#include "core/family.h"
#include "core/machine.h"
#include "core/pending.h"

/* How long a child that was told to end may take before it is killed: this, or half of the time
 * that the removal itself may take. */
#define XY_GRACE_MS 400

/* What a step of a branch may append besides one action for each pending request. */
#define XY_BRANCH_ROOM 16

typedef void xy_upward(void *owner, const xy_message *message);

typedef struct xy_branch {
    int64_t pivot; /* the id of the node above; XY_NO_ID for the controlling node's one child */
    xy_family family;
    xy_detector detector;
    xy_pending pending;
    xy_actions *out;
    size_t besides; /* how many actions the owner may append in the same step */
    xy_upward *up;  /* takes a reply or a change; the message is lent for the call */
    void *owner;
} xy_branch;

/* Begins without children. `out` takes the actions. False when there is no memory. */
bool xy_branch_init(xy_branch *branch, int64_t pivot, xy_actions *out, xy_upward *up, void *owner);
void xy_branch_clear(xy_branch *branch);

/* Does a request that is about a node below, or passes it on. Its one reply goes up, now or later;
 * none when the request is number 0, or when its budget has run out. */
void xy_branch_request(xy_branch *branch, const xy_message *request, int64_t now_ms);

/* A message of the neighbour `peer`, which may be anyone. */
void xy_branch_hear(xy_branch *branch, uint64_t peer, const xy_message *message, int64_t now_ms);

/* The events BORN, STILLBORN, EXITED, UNSENT and TICK. Others do nothing. */
void xy_branch_event(xy_branch *branch, const xy_event *event, int64_t now_ms);

/* From now on every node below reports every `interval_ms`. */
void xy_branch_pace(xy_branch *branch, int64_t interval_ms, int64_t now_ms);

/* Ends every child; done when the family is at rest. */
void xy_branch_end(xy_branch *branch, int64_t now_ms);

int64_t xy_branch_deadline(const xy_branch *branch);

#endif
