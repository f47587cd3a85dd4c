/* judge: what must hold, looked at after every event of a run.
 *
 *   I1  the nodes form a sorted binary tree; each has one parent; when all is quiet parent and
 *       child agree
 *   I2  every request gets exactly one reply, by its deadline, which is true; and it fails only for
 *       a cause
 *   I3  nobody is given up before 4T of silence, nor while it and its link are held up for less
 *       than 2T in that time, however long its parent itself is held up
 *   I4  who crashes or hangs is declared unavailable within 4T + margin + delay, together with all
 *       that is below
 *   I5  a removal ends exactly the subtree, and nobody else ends without a cause
 *   I6  nobody acts on a message for another life
 *   I7  nothing is left behind, no queue is longer than its bound, and time goes on
 *   I8  when the faults are over, all that live are available within the longest timeout, plus
 *       5.5T, plus a second (plus what the end of a node is noticed late), and every request is
 *       answered
 *   I9  the same seed gives the same run
 *   I10 a job is answered with what its work gave; or it was cancelled, or its time was over and it
 *       was not done, or there is a cause as for any other request
 *   I11 a node does what it was asked in the order in which it was asked, one at a time, each with
 *       exactly the text that was asked; nothing waits while nothing is under way
 *   I12 what was cancelled or answered is never begun; what is under way and not wanted any more is
 *       told so once; a node answers each job once, and is asked each of its own life
 *
 * judge_replies has I2 and I6, judge_jobs I10 to I12, judge_liveness I3 to I5, judge_shape I1, I7
 * and I8; I9 is seen from the hash of the run.
 */
#ifndef SIM_JUDGE_H
#define SIM_JUDGE_H

#include "core/controller.h"
#include "sim/ledger.h"
#include "sim/model.h"
#include "sim/plan.h"
#include "sim/verdict.h"

struct judge {
    const struct plan *plan;
    xy_world *world;
    const xy_controller *controller;
    struct verdict *verdict;
    struct model model;
    struct ledger ledger;
    int64_t longest_ms; /* the longest time that a request was given */
    int64_t burst_us;   /* when more was asked than may be under way, the last time */
    bool closing;

    uint64_t *suspects; /* the lives that have to be declared unavailable */
    int64_t *due_us;    /* and by when */
    size_t suspected, capacity;
    int64_t next_due_us;

    int64_t still_us; /* the time, */
    uint64_t still;   /* and how many steps it has stood still for */

    int64_t living, counted_us; /* how many live, and until when that was added up */
};

/* Begins to watch a world. */
void judge_init(struct judge *judge, const struct plan *plan, xy_world *world,
                const xy_controller *controller, struct verdict *verdict);
void judge_clear(struct judge *judge);

/* The world's watcher. */
void judge_stepping(struct judge *judge, uint64_t node, const xy_event *event, bool forged);
void judge_acting(struct judge *judge, uint64_t node, const xy_action *action);
void judge_started(struct judge *judge, uint64_t node, uint64_t parent, int64_t id);
void judge_ended(struct judge *judge, uint64_t node, xy_end end);
void judge_stepped(struct judge *judge, uint64_t node);

/* A command, before it is given, and after that, before what it gives rise to is done. */
void judge_asking(struct judge *judge, const xy_command *command);
void judge_asked(struct judge *judge);

/* Faults, before they are done. */
void judge_crash(struct judge *judge, uint64_t node);
void judge_hold(struct judge *judge, uint64_t node, int64_t for_us);
void judge_stall(struct judge *judge, uint64_t node, int64_t for_us);
void judge_slow(struct judge *judge, uint64_t node, int64_t for_us);

/* All was calm for long enough. */
void judge_quiet(struct judge *judge);

/* The network was closed, and had time enough to end. */
void judge_end(struct judge *judge);

/* How much later than usual the end of a node may be noticed. */
int64_t judge_lateness_us(const struct judge *judge);

/* How long it may take until all is well, once the faults are over. */
int64_t judge_recovery_us(const struct judge *judge);

/* Of the judge's own files. */

#define JUDGE_MS 1000

int64_t judge_now_us(const struct judge *judge);

/* What a frame may take to the controlling node, and what a slow node may add to anything. */
int64_t judge_travel_us(const struct judge *judge, uint64_t node);
#define JUDGE_SLOWNESS_US (30 * JUDGE_MS)

#define judge_broken(judge, invariant, ...)                                                        \
    verdict_broken((judge)->verdict, invariant, judge_now_us(judge), __VA_ARGS__)

/* What the world calls the process of a life: this, and its number; see actor. */
#define JUDGE_PID_BASE 1000000000

void judge_reply(struct judge *judge, const xy_message *reply);
void judge_unreached(struct judge *judge, uint64_t node);
void judge_reached_again(struct judge *judge);
void judge_overdue(struct judge *judge);

void judge_notice(struct judge *judge, const xy_message *notice);
void judge_family(struct judge *judge, uint64_t node, const xy_branch *branch);
void judge_suspects(struct judge *judge);
void judge_suspect(struct judge *judge, uint64_t node);

void judge_tree(struct judge *judge);

/* What a node hears of jobs, begins, is told of, gives, and answers. */
void judge_called_off(struct judge *judge, uint64_t node, const xy_event *frame);
void judge_work(struct judge *judge, uint64_t node, const xy_message *request);
void judge_unwanted(struct judge *judge, uint64_t node, uint64_t request);
void judge_worked(struct judge *judge, uint64_t node, const xy_event *worked);
void judge_answer(struct judge *judge, uint64_t node, const xy_message *reply);

/* A job is cancelled; whether it could be. It is answered. */
bool judge_cancelled(struct judge *judge, uint64_t request);
void judge_job(struct judge *judge, const struct entry *entry, const xy_message *reply);

/* What was asked or answered, in short. */
uint64_t judge_digest(int status, const void *bytes, size_t size);

/* Whether nothing that was done to the network explains that a request about `of` fails; or that
 * its time was over before it was answered. */
bool judge_no_cause(const struct judge *judge, const struct entry *entry, uint64_t of);
bool judge_waited_in_vain(const struct judge *judge, const struct entry *entry, uint64_t of);

void judge_fail(struct judge *judge, const char *invariant, const struct entry *entry,
                const char *what, int status);

#endif
