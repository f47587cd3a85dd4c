/* check: what must hold, looked at after every event of a run.
 *
 *   I1  each new node has the place that its shape says; each has one parent; when all is quiet
 *       parent and child agree
 *   I2  every command gets exactly one reply, by its deadline, which is true; it fails only for a
 *       cause; and what a node that has become unavailable was asked is answered at once
 *   I3  no node is given up before 4T of silence, nor while it and its link are held up for less
 *       than 2T in that time, however long its parent itself is held up
 *   I4  a node that ends is declared unavailable at once, one that hangs within 4T + margin +
 *       delay, and T + margin later if it was told to attach elsewhere, together with all that is
 *       below, in ascending order
 *   I5  a removal ends exactly the subtree: it has all of it end at once, kills exactly those that
 *       do not end in time, and says how many; the service of a node that ended by itself is
 *       closed, that of any other is not. What is below a node that ended is ended; nothing else
 *       ends without a cause
 *   I6  no node acts on a message for another life, and no life begins twice
 *   I7  nothing is left behind, no queue is longer than its bound, and time goes on; an exec is
 *       refused when too much is under way, and only then, and word of room comes once
 *   I8  when the faults are over, all that live are available within the longest timeout, plus
 *       5.5T, plus a second (plus what the end of a node is reported late), and every command is
 *       answered
 *   I9  the same seed gives the same run
 *   I10 a job is answered with what its work gave; or it was cancelled, or its time was over and it
 *       was not done, or there is a cause as for any other request
 *   I11 a node does what it was asked in the order in which it was asked, one at a time, each with
 *       exactly the text that was asked; nothing waits while nothing is under way
 *   I12 what was cancelled or answered is never begun; what is under way and not wanted any more is
 *       told so once, or ended with its node, and sees no further step of its own as wanted; it
 *       rests as long as it says, or until its node does not hang any more; a node answers each job
 *       once, and is asked each of its own life. What is deferred is answered with what its token
 *       was given, as soon as that is, in any order; its token is wanted until then, or until it is
 *       told that it is not, once, or its node ends. A timer is called once, at its time, or when
 *       its node does not hang any more, and not after it was cancelled
 *   I13 a request goes only over links that lead to its node, or comes back and is not done; what a
 *       stranger says, or an old link, or a neighbour without the right numbers, changes nothing; a
 *       reply counts only with its number and its tag
 *   I14 a node acts on requests of one parent at most; a link has a number of its own; no node is
 *       attached below itself, or let go by the link that it has on the map; when all is quiet the
 *       links are exactly the map, and each node is where it is wanted
 *   I15 a request is done once, and answered once, however often it is sent, in order; that its
 *       answer is lost is said only when its node has given more than it keeps, or when there was
 *       no room for it on its way and a later one has come before it: then it is not done
 *   I16 with repair each node that lives is available and where it is wanted within the time of I8,
 *       plus three times what an attachment may take; a node is started again no more often than it
 *       may be within its window, and is retired then
 *   I17 the shape holds after each step; when all is quiet the nodes that are available make it up
 *   I18 a cast goes once over each link, and each node answers it once; the reply names each node
 *       that was asked once, with what its work gave, or with an error for which there is a cause;
 *       what is combined is made of the answers of exactly those nodes
 *   I19 a life that begins after the reply to a piece of work of an earlier life of this id and
 *       service was received is given a state that is not older than that work, unless a node with
 *       this id was created fresh, or with another service, since; and never one that no life of
 *       this id and service has had
 *   I20 what a node asks others is answered once, while it lives, and no later than the work that
 *       it belongs to; the controlling node asks once for it, within the time of that work, and
 *       no longer than it goes on; what holds for a command of the user holds for that, too; the
 *       answer is what the controlling node has heard, with an outcome for each node of the set
 *   I21 the chunks of a stream come in the order in which they were sent, each once, before its
 *       end, and all of them before its success; what a life publishes comes in this way, too, and
 *       all of it as long as it lives; never more than the window is on its way
 *   I22 when all is quiet, the service of each node that lives knows its parent and its children as
 *       the map has them
 *
 * check_neighbours has I22, check_streams I21, check_asks I20, check_states I19, check_casts I18,
 * check_replies I2, check_jobs I10 to I12, check_liveness I3 and I4, check_ends I5 and I6,
 * check_links I13 and I14, check_quiet I1, I7 and I8, check_shape I17, check_ends I16; I9 is seen
 * from the hash of the run.
 */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "core/controller.h"
#include "sim/history.h"
#include "sim/model.h"
#include "sim/plan.h"
#include "sim/verdict.h"
#include "world/simulated_world.h"

/* The event that a machine does something about now. */
struct hand {
    bool forged;
    bool strange;      /* its sender is no neighbour */
    bool passed_on;    /* by a node that lives, but it, or what it answers, is forged */
    bool heard;        /* it is a message */
    bool errand;       /* an errand could not be sent: what a node has answered is out of hand */
    bool settles;      /* the controlling node may move nodes now, whatever it is */
    uint64_t attached; /* it is word of an attachment on this link */
    xy_peer from;
    xy_message message;  /* without its body */
    xy_link_number next; /* of a request: the link that is next on its route; 0: it ends here */
};

/* What a life has asked other nodes. */
struct asked {
    uint64_t work; /* the request that it belongs to */
    int64_t budget_ms, asked_us;
    uint64_t text;    /* the set and what they are asked: a digest */
    uint64_t request; /* that was made for it; 0: none was */
    size_t ids;       /* how many are asked */
    bool decided;     /* it was answered by the controlling node, */
    uint64_t answer;  /* with this digest, */
    bool answered;    /* by the node, with this status, */
    int status;
    bool called; /* and the service was told */
};

struct asked_list {
    struct asked *all; /* by number of the ask, from 1 */
    size_t count;
    size_t first; /* how many from the beginning are answered */
    bool over;    /* the life ends */
};

/* An ask that the controlling node hears now, before there is a request for it. */
struct asked_request {
    bool here;
    struct entry entry;
    uint64_t text;
};

/* What the next life of a node is to be given at least. */
struct owed {
    const char *service; /* of the node that was created last */
    uint64_t count;      /* of work, with the latest of which there was a reply */
    uint64_t first;      /* the life that has begun with none */
};

struct check {
    const struct plan *plan;
    xy_world *world;
    const xy_controller *controller;
    struct verdict *verdict;
    struct model model;
    struct history history;
    struct hand hand;
    bool repairs;       /* what is below a node that fails goes on */
    bool arranges;      /* the shape moves nodes */
    bool predicts;      /* the model knows by itself where each node belongs */
    bool keeps;         /* nodes may move: what they are asked may be sent again */
    bool shaped;        /* the shape was looked at, and has not changed since */
    bool asking;        /* a command was given, and what it gives rise to is not looked at yet */
    int64_t longest_ms; /* the longest time that a command was given */
    bool refused;       /* an exec was, at once, and there was no word of room since */
    bool closing;
    int64_t cast_us;  /* when a cast was answered last */
    int64_t ended_us; /* when a life that was to end was reported to be over last */
    int64_t highest;  /* the id of the latest notice of the step under way, or -1, */
    int64_t origin;   /* and where that change began, */
    uint64_t adrift;  /* or which life has lost its parent, or 0 */

    uint64_t *suspects; /* the lives that have to be declared unavailable, or to end */
    int64_t *due_us;    /* and by when */
    size_t suspected, capacity;
    int64_t next_due_us;

    int64_t still_us; /* the time, */
    uint64_t still;   /* and how many steps it has stood still for */

    int64_t living, counted_us; /* how many live, and until when that was added up */
    size_t closed, released;    /* how many states of the simulator's own services should be */
    struct owed *owed;          /* by id */

    struct asked_list *asked; /* by life */
    size_t asked_count;
    uint64_t *asks_open; /* the requests that are made for nodes, and under way */
    size_t asks_under_way;
    struct asked_request ask_in_hand;
};

/* Begins to watch a world. */
void check_init(struct check *check, const struct plan *plan, xy_world *world,
                const xy_controller *controller, struct verdict *verdict);
void check_clear(struct check *check);

/* The world's observer. A node is named by its life; the controlling node is 0. */
void check_stepping(struct check *check, uint64_t node, const xy_event *event, bool forged);
void check_acting(struct check *check, uint64_t node, const xy_action *action);
void check_started(struct check *check, uint64_t node, const xy_birth *birth);
void check_ended(struct check *check, uint64_t node, xy_end end);
void check_stepped(struct check *check, uint64_t node);
void check_signalled(struct check *check, uint64_t node, xy_fault fault);

/* A command, before it is given, and when all that it gives rise to at once is done. */
void check_asking(struct check *check, const xy_command *command);
void check_asked(struct check *check);

/* Faults, before they are done. */
void check_crash(struct check *check, uint64_t node);
void check_hold(struct check *check, uint64_t node, int64_t for_us);
void check_stall(struct check *check, uint64_t node, int64_t for_us);
void check_slow(struct check *check, uint64_t node, int64_t for_us);

/* All was calm for long enough. */
void check_quiet(struct check *check);

/* check_neighbours: all is quiet. */
void check_neighbours(struct check *check, uint64_t node);

/* The network was closed, and had time enough to end. */
void check_end(struct check *check);

/* How much later than usual the end of a node may be reported, and an order be taken. */
int64_t check_lateness_us(const struct check *check);
int64_t check_order_us(const struct check *check);

/* How long a node that has lost its parent may take to attach to another one. */
int64_t check_attach_us(const struct check *check);

/* How long it may take until all is well, once the faults are over. */
int64_t check_recovery_us(const struct check *check);

/* Of the check's own files. */

#define CHECK_MS 1000

int64_t check_now_us(const struct check *check);

/* What a frame may take to the controlling node, and what a slow node may add to anything. */
int64_t check_travel_us(const struct check *check, uint64_t node);
#define CHECK_SLOWNESS_US (30 * CHECK_MS)

#define check_turn(check, turn) ((check)->verdict->turns[turn]++)

#define check_broken(check, invariant, ...)                                                        \
    verdict_broken((check)->verdict, invariant, check_now_us(check), __VA_ARGS__)

/* What the world calls the process of a life: this, and its number; see sim_node. */
#define CHECK_PID_BASE 1000000000

/* check_replies: the first action of a command's own; a reply; a node that became unavailable, or
 * available; what is overdue. */
void check_taken(struct check *check);
void check_reply(struct check *check, const xy_action *reply);
void check_unreached(struct check *check, uint64_t node);
void check_reached_again(struct check *check);
void check_overdue(struct check *check);

/* By when a command that takes so long is answered, at the latest, after it was given. */
int64_t check_limit_us(const struct check *check, int64_t ms);

/* Whether more would be under way than may be, if this was asked now. There is word of
 * room; there should have been. */
bool check_is_full(const struct check *check, const xy_command *command);
void check_room(struct check *check);
void check_refused(struct check *check);

/* check_liveness. */
void check_notice(struct check *check, const xy_action *notice);
void check_children(struct check *check, uint64_t node, const xy_subtree *subtree);
void check_suspects(struct check *check);
void check_suspect(struct check *check, uint64_t node);

/* check_ends: those attached to a life lose their parent. What the launcher is told, and what it
 * reports. A life has to end; when that has to be over: INT64_MAX when it is, or need not. How many
 * from a life downwards were killed because they were late. */
void check_launch(struct check *check, const xy_action *action);
void check_reported(struct check *check, const xy_event *ended);
void check_lost_parent(struct check *check, uint64_t over);
void check_give_up(struct check *check, uint64_t node, int64_t since_us);
int64_t check_end_due_us(const struct check *check, uint64_t node);
size_t check_late(const struct check *check, uint64_t top);

/* check_links: an event comes in hand, and this is done about it; what goes over links, and who is
 * attached to whom; a node when all is quiet. */
void check_hand(struct check *check, uint64_t node, const xy_event *event, bool forged);
void check_in_hand(struct check *check, uint64_t node, const xy_action *action);
void check_link(struct check *check, uint64_t node, const xy_action *action);
void check_said(struct check *check, uint64_t node, const xy_action *action);
void check_heard_of(struct check *check, uint64_t node);
void check_welcomed(struct check *check, uint64_t node);
void check_told(struct check *check, uint64_t node, uint64_t link);
void check_old_links(struct check *check);
void check_links(struct check *check, uint64_t node);

/* What is forged bears tags that begin like this, and so is known further on. */
#define CHECK_FORGED_MORE      0xfffff
#define CHECK_FORGED_TAG(more) (0xf06ed0f06ed00000 | ((more)&CHECK_FORGED_MORE))

/* check_quiet: after each step of the controlling node. */
void check_map(struct check *check);

/* check_shape: who is wanted below whom has changed; all is quiet. */
void check_shape(struct check *check);
void check_height(struct check *check);

/* The subtree of a node, or NULL when it does not live. */
const xy_subtree *check_subtree(const struct check *check, uint64_t node);

/* check_jobs: what a node hears of jobs, begins, is told of, gives, and answers. */
void check_called_off(struct check *check, uint64_t node);
void check_came(struct check *check, uint64_t node);
void check_work(struct check *check, uint64_t node, const xy_action *work);
void check_unwanted(struct check *check, uint64_t node, uint64_t request);
void check_worked(struct check *check, uint64_t node, const xy_event *worked);

/* The work of a request does a step, and is told whether it is wanted, after a rest. */
void check_step(struct check *check, uint64_t request, bool wanted, int64_t ms, int64_t since_us);
void check_answer(struct check *check, uint64_t node, const xy_message *reply);

/* The same of the work of a node, for whatever it was asked; and of one that has waited for a
 * callback. It is answered later. Its service sees
 * whether that is still wanted; has ended its token with an answer, of which this is the digest; is
 * called by a timer that was set then for so long, or should not have been yet. */
void check_rested(struct check *check, uint64_t node, uint64_t request, bool wanted, int64_t ms,
                  int64_t since_us);
void check_awaited(struct check *check, uint64_t node, uint64_t request, bool wanted);
void check_deferred(struct check *check, uint64_t node, uint64_t request);
void check_token(struct check *check, uint64_t node, uint64_t request, bool wanted);
void check_given(struct check *check, uint64_t node, uint64_t request, uint64_t digest);
void check_timer(struct check *check, uint64_t node, int64_t ms, int64_t set_us, bool called);

/* check_casts: what is asked of each node; the requests that are made for some of them; a link that
 * it goes over, to the life `to`; what a node has answered; the reply. The target that a life is,
 * or NULL. What a text is as a number, or 0. */
void check_casting(struct check *check, struct entry *cast, const xy_command *command);
void check_cast_taken(struct check *check, struct entry *cast);
void check_cast_passed(struct check *check, uint64_t node, uint64_t to, const xy_action *action);
void check_cast_answered(struct check *check, uint64_t node, const xy_message *merged);
void check_cast(struct check *check, struct entry *cast, const xy_action *reply);
struct entry *check_target(const struct entry *cast, uint64_t life);
int64_t check_number(const void *text, size_t size);

/* check_asks: a node asks others; it ends; it is answered, and its service called back, with
 * outcomes of so many nodes. The controlling node hears an ask, and has perhaps made a request of
 * it. After a step. All is quiet. */
void check_asked_others(struct check *check, uint64_t node, const xy_event *event);
void check_asks_end(struct check *check, uint64_t node);
void check_ask_answered(struct check *check, uint64_t node, const xy_action *action);
void check_ask_called(struct check *check, uint64_t node, uint64_t number, int status, size_t ids);
void check_ask_heard(struct check *check, const xy_event *event);
void check_ask_taken(struct check *check);
void check_asks(struct check *check, uint64_t node);
void check_asks_quiet(struct check *check, uint64_t node);
void check_asks_clear(struct check *check);

/* check_streams: a service sends a chunk; it has come; the user takes some, if the request is under
 * way; it has ended. What those up to this count cost that were not taken. All is quiet. */
void check_sent(struct check *check, uint64_t node, const xy_event *event);
void check_chunk(struct check *check, const xy_action *action);
bool check_takes(struct check *check, const xy_command *take);
void check_streamed(struct check *check, const struct entry *job, int status);
size_t check_cost_of(const struct entry *job, uint64_t count);
void check_streams_quiet(struct check *check, uint64_t node);

/* check_states: a node was created; a job was answered with what came of its work; what a life is
 * given at its start; what it has saved is sent; its service has done so much work, with what it
 * was given. */
void check_created(struct check *check, uint64_t created);
void check_owe(struct check *check, const struct entry *job);
void check_state_given(struct check *check, const xy_birth *birth);
void check_state_sent(struct check *check, uint64_t node, const xy_message *state);
void check_counted(struct check *check, uint64_t node, uint64_t count);

/* The job that a node does now, or NULL. */
struct entry *check_working(const struct check *check, uint64_t node);

/* Whether a job was done exactly once; it has succeeded, or not. What a ping was answered. */
void check_done(struct check *check, const struct entry *job, int status);
void check_pinged(struct check *check, const struct entry *ping, int status);

/* What there is to know of a command when it is given. */
struct entry check_entry(const struct check *check, const xy_command *command);

/* A job is cancelled; whether it could be. It is answered. */
bool check_cancelled(struct check *check, uint64_t request);
void check_job(struct check *check, const struct entry *entry, const xy_action *reply);

/* The work of a node, or NULL. Whether something at a node that was to take `ms` takes longer, and
 * nothing has held it up. */
struct entry *check_work_of(const struct check *check, uint64_t node, uint64_t request);
bool check_is_late(const struct check *check, uint64_t node, int64_t since_us, int64_t ms);

/* What was asked or answered, in short. */
uint64_t check_digest(int status, const void *bytes, size_t size);

/* Whether nothing that was done to the network explains that a request about `of` fails; or that
 * its time was over before it was answered. */
bool check_no_cause(const struct check *check, const struct entry *entry, uint64_t of);
bool check_waited_in_vain(const struct check *check, const struct entry *entry, uint64_t of);

void check_fail(struct check *check, const char *invariant, const struct entry *entry,
                const char *what, int status);

#endif
