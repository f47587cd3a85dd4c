/* neighbours: those that a machine under the fuzzer has to do with. They say what the script says,
 * right and wrong; what the machine does is checked as far as it is the same for a node and for the
 * controlling node: whom it lets attach, to whom it sends, what it promises.
 */
#ifndef XY_FUZZ_NEIGHBOURS_H
#define XY_FUZZ_NEIGHBOURS_H

#include "core/step.h"
#include "core/subtree.h"
#include "fuzz.h"
#include "steps.h"

/* How much may be under way here, so that short inputs get there. */
#define FEW_IN_FLIGHT ((size_t)12 * XY_REQUEST_COST)

enum { CHILDREN_MAX = 64 };

/* A cast as it went to a child: whom it asks there. */
struct passed {
    xy_number number;
    uint32_t base, count;
};

/* A child as it is expected: all that it needs to prove who it is; and what it was asked. */
struct child {
    int64_t id;
    xy_life life;
    xy_peer peer;
    struct passed passed; /* the latest cast */
};

struct neighbours {
    xy_machine machine;
    const xy_subtree *subtree; /* of the machine: looked at, to see that all is well */
    xy_queue out;
    struct script script;
    int64_t now_ms;
    bool stopped;
    struct child children[CHILDREN_MAX]; /* those that the machine lets attach */
    size_t count;
    xy_peer parent;
    uint64_t highest;           /* link that was expected: none comes twice, */
    bool unordered;             /* but they may come in any order, as their keys do */
    xy_number asked;            /* the latest request that was sent to a child, */
    xy_expectation expectation; /* and what it expects, if it is an EXPECT; otherwise life 0 */
    const xy_event *event;
    /* What is not about a child; and what could not be sent, which may be answered. NULL: nothing.
     */
    void (*perform)(const xy_action *action);
    void (*refused)(xy_number request);
};

/* The tag of a link, for harnesses that give them out. */
uint64_t tag_of(xy_link_number link);

/* One step of the machine; and performs all that comes of it, and looks whether all is well. */
void neighbours_step(struct neighbours *all, const xy_event *event);
void neighbours_perform(struct neighbours *all);
void neighbours_take(struct neighbours *all, const xy_event *event);

/* A message, or bytes, from a neighbour. */
void neighbours_hear(struct neighbours *all, xy_peer from, const xy_message *message);
void neighbours_hear_bytes(struct neighbours *all, xy_peer from, const uint8_t *bytes, size_t size);

/* What the script can say of children. Each reads its numbers from the script. */

/* Child, what is wrong. True when nothing is; *who is the child then. */
bool neighbours_say_hello(struct neighbours *all, struct child *who);

/* Child, what is wrong, status, size or part. True when its number was right. */
bool neighbours_reply(struct neighbours *all);

void neighbours_beat(struct neighbours *all);      /* child */
void neighbours_change(struct neighbours *all);    /* child, change, whose */
void neighbours_merged(struct neighbours *all);    /* child, how */
void neighbours_say_any(struct neighbours *all);   /* who, each field of a message */
void neighbours_say_bytes(struct neighbours *all); /* who, a size, and bytes as they are */
void neighbours_pass_time(struct neighbours *all); /* time */

/* The part that a number from 12 to 14 stands for; any other is the whole. */
uint8_t neighbours_part(unsigned number);

/* Whether this life may attach to the machine on this link. */
bool neighbours_may_attach(const struct neighbours *all, xy_life life, xy_link_number link);

/* The child that is meant by a number, or NULL: a stranger. */
struct child *neighbours_choose(struct neighbours *all, unsigned number);

void neighbours_clear(struct neighbours *all);

#endif
