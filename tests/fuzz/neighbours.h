/* neighbours: those whom a machine under the fuzzer has to do with. Its children are started, speak
 * and end as the script says, within what core/machine.h allows; so are strangers heard.
 */
#ifndef XY_FUZZ_NEIGHBOURS_H
#define XY_FUZZ_NEIGHBOURS_H

#include "core/branch.h"
#include "core/machine.h"
#include "fuzz.h"
#include "script.h"

#define STRANGER 1000

/* What XY_PENDING_MAX is here; see pending.c. */
#define FEW_PENDING 12

struct child {
    uint64_t incarnation;
    int64_t id;
};

struct neighbours {
    xy_machine machine;
    const xy_branch *branch; /* of the machine: looked at, to see that all is well */
    struct script script;
    int64_t now_ms;
    bool stopped;
    struct child children[XY_CHILDREN_MAX]; /* those that run */
    size_t count;
    uint64_t lives[16]; /* the latest incarnation of each id */
    uint64_t passed_on; /* the latest request that a child was asked */
    /* What is not about a child. */
    void (*perform)(struct neighbours *all, const xy_action *action);
};

/* One step of the machine, and nothing else. */
void neighbours_step(struct neighbours *all, const xy_event *event);

/* Performs the actions, and looks whether all is well. */
void neighbours_perform(struct neighbours *all);

void neighbours_take(struct neighbours *all, const xy_event *event);
void neighbours_hear(struct neighbours *all, uint64_t peer, const xy_message *message);

/* What the script can say of children. Each reads its numbers from the script. */
void neighbours_say_hello(struct neighbours *all); /* child, what is wrong with it */
void neighbours_beat(struct neighbours *all);      /* child */
void neighbours_reply(struct neighbours *all);     /* child, request, status, size or part */
void neighbours_change(struct neighbours *all);    /* child, change, id */
void neighbours_exit(struct neighbours *all);      /* child */
void neighbours_pass_time(struct neighbours *all); /* time */

/* The part that a number from 12 to 14 stands for; any other is the whole. */
uint8_t neighbours_part(unsigned number);

/* Who is meant by a number; and a message, each field a number. */
uint64_t neighbours_peer(struct neighbours *all);
xy_message neighbours_message(struct neighbours *all);

/* The latest life of a node, and that there is a new one. */
uint64_t neighbours_life(const struct neighbours *all, int64_t id);
void neighbours_live(struct neighbours *all, int64_t id, uint64_t incarnation);

void neighbours_exit_all(struct neighbours *all);

#endif
