/* subtree: what a node has to do with those below it: it lets children attach, passes messages on,
 * watches its children, and tells them the heartbeat interval.
 *
 * A compute node and the controlling node do the same to what is below them, so it is written here
 * once. A subtree keeps nothing of a request, and knows no node but its own children.
 */
#ifndef XY_SUBTREE_H
#define XY_SUBTREE_H

#include "core/children.h"
#include "core/detector.h"
#include "core/step.h"

/* Takes a change that begins here, on its way up; the message is lent for the call. False, and
 * nothing done, when there is no memory: it is given again. */
typedef bool xy_report(void *owner, const xy_message *change, xy_queue *out);

typedef struct xy_subtree {
    int64_t id;   /* of the owner, which its children are told; */
    xy_life life; /* 0: it is the controlling node */
    xy_children children;
    xy_detector detector;
    uint64_t version; /* of the heartbeat interval */
    bool watched;     /* there have been heartbeats: without them nothing is ever reported */
    bool lost;        /* a child was let go, or is silent: the owner has not looked at that yet */
    int64_t retry_ms; /* when to say again what there was no memory for, or XY_NEVER */
    xy_report *report;
    void *owner;
} xy_subtree;

/* Begins without children and without heartbeats. */
void xy_subtree_init(xy_subtree *subtree, xy_report *report, void *owner);
void xy_subtree_clear(xy_subtree *subtree);

/* Lets a child attach: once for each link. XYLEM_NO_MEMORY. */
int xy_subtree_expect(xy_subtree *subtree, const xy_expectation *expectation, xy_queue *out);

/* A child is not the node's any more; does nothing when it is not. */
void xy_subtree_let_go(xy_subtree *subtree, xy_link_number link, xy_queue *out);

/* To whom a request goes next: XYLEM_OK; XYLEM_NOT_FOUND: there is no such link here;
 * XYLEM_UNAVAILABLE: the child is not heard. */
int xy_subtree_next(const xy_subtree *subtree, xy_link_number next, xy_peer *child);

/* A message of a neighbour that may be anyone. True: it comes from a child and is for the owner: a
 * reply, a change, an ask or a state, which go up, or the answer to a cast. */
bool xy_subtree_hear(xy_subtree *subtree, const xy_peer *from, const xy_message *message,
                     int64_t now_ms, xy_queue *out);

/* After a message that was for the owner: the child that passed it on is alive. Only then: what a
 * child that comes back has to say of those below it goes up first. */
void xy_subtree_heard(xy_subtree *subtree, const xy_peer *from, int64_t now_ms, xy_queue *out);

/* From now on all below report every `interval_ms`, unless `version` is not above the one before.
 */
void xy_subtree_set_interval(xy_subtree *subtree, int64_t interval_ms, uint64_t version,
                             int64_t now_ms, xy_queue *out);

/* Says again which children are silent and which are back, of those of which it was ever said, and
 * has the children do the same, and say again what they have saved: word of that may have been lost
 * on its way up. */
void xy_subtree_report(xy_subtree *subtree, int64_t now_ms, xy_queue *out);

void xy_subtree_tick(xy_subtree *subtree, int64_t now_ms, xy_queue *out);
int64_t xy_subtree_deadline(const xy_subtree *subtree);

#endif
