/* scheduler_parts: what the files of the scheduler share. Each is about one thing:
 *
 *     scheduler         nodes and their steps; the beginning and the end
 *     scheduler_events  what is going to happen, and what happens then
 *     scheduler_link    what nodes send, and how long it takes
 *     scheduler_launch  the launcher: orders and reports
 *     scheduler_work    the work of nodes
 *     scheduler_faults  faults: those of nodes, of messages, of links
 */
#ifndef XY_SCHEDULER_PARTS_H
#define XY_SCHEDULER_PARTS_H

#include "sim/scheduler.h"

/* Makes what is going to happen, with a copy of its bytes, or of two parts of them; NULL when there
 * is no memory. Enters it, which owns it from then on. Passes over NULL. */
xy_sim_event *xy_scheduler_event(xy_sim_kind kind, xy_life life, const void *bytes, size_t size);
xy_sim_event *xy_scheduler_event_of(xy_sim_kind kind, xy_life life, const void *first,
                                    size_t first_size, const void *second, size_t second_size);
void xy_scheduler_enter(xy_scheduler *scheduler, xy_sim_event *what, int64_t due_us);

/* Drops all of it. */
void xy_scheduler_clear_events(xy_scheduler *scheduler);

/* Enters the frames of a lane, when they are not. */
void xy_scheduler_enter_lane(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane);

/* The node that an end of a link is a part of. */
xy_sim_node *xy_scheduler_node_of(xy_queue_end *end);

/* Whether what is in a lane waits until it is released. */
bool xy_scheduler_is_cut(const xy_queue_link *link, const xy_lane *lane);

/* Whether the oldest frame of a lane, which has arrived at `hearer`, is to be heard now. If not,
 * all is done that is to be done about it; the link may be gone then. */
bool xy_scheduler_lets_pass(xy_scheduler *scheduler, xy_queue_link *link, xy_lane *lane,
                            const xy_sim_node *hearer);

/* What is to go wrong at the start of a node. */
xy_fate xy_scheduler_fate_of_start(xy_scheduler *scheduler, const xy_birth *birth);

bool xy_scheduler_is_held_up(const xy_scheduler *scheduler, const xy_sim_node *who);

/* The machine of a node is driven from now on. */
void xy_scheduler_drive(xy_scheduler *scheduler, xy_sim_node *who, xy_machine machine);

/* Enters when a node gets its tick, after each step. */
void xy_scheduler_set_tick(xy_scheduler *scheduler, xy_sim_node *who);

/* Gives a node an event, and performs what it does about that. */
void xy_scheduler_step(xy_scheduler *scheduler, xy_sim_node *who, const xy_event *event);

/* A life is over; its report follows. */
void xy_scheduler_end(xy_scheduler *scheduler, xy_sim_node *who, xy_end end);

/* What happened to a node that is not held up any more happens now. */
void xy_scheduler_replay(xy_scheduler *scheduler, xy_sim_node *who);

/* The operations of drivers. */
int xy_scheduler_send(xy_driver *driver, xy_action *action);
void xy_scheduler_launch(xy_driver *driver, const xy_action *action);
void xy_scheduler_execute(xy_driver *driver, xy_action *action);
void xy_scheduler_report(xy_driver *driver, const xy_action *action);

/* The launcher takes an order. A node hears from it that it is to attach. */
void xy_scheduler_take_order(xy_scheduler *scheduler, xy_sim_event *what);
void xy_scheduler_attach(xy_scheduler *scheduler, xy_sim_node *who, const xy_attachment *to);

/* Reports that a life is over. */
void xy_scheduler_report_end(xy_scheduler *scheduler, xy_life life, bool begun, xy_cause cause,
                             const char *reason);

/* A piece of work is done. */
void xy_scheduler_worked(xy_scheduler *scheduler, xy_sim_node *who, const xy_sim_event *what);

/* A piece of work has rested. Answers that were deferred have come. */
void xy_scheduler_resume(xy_scheduler *scheduler, xy_sim_node *who);
void xy_scheduler_answered(xy_scheduler *scheduler, xy_sim_node *who);

/* The service asks other nodes. */
void xy_scheduler_asked(xy_scheduler *scheduler, xy_sim_node *who);

/* What is due calls the service of a node back: now, or as soon as its work rests or is done. Not
 * in a step of the node. */
void xy_scheduler_call_back(xy_scheduler *scheduler, xy_sim_node *who);

/* What services ask of the scheduler: see xy_sim_host. */
extern const xy_context_ops xy_scheduler_context_ops;
void xy_scheduler_ring(void *owner);
bool xy_scheduler_may_answer(void *owner);

/* Random times: from 0 to the most; from the least to twice that; how much later something happens
 * to a node that is slow. Whether something happens that has this chance in 1000. */
int64_t xy_scheduler_draw_us(xy_draw *draw, int64_t most_us);
int64_t xy_scheduler_about_us(xy_draw *draw, int64_t least_us);
int64_t xy_scheduler_slowness_us(xy_scheduler *scheduler, const xy_sim_node *who);
bool xy_scheduler_happens(xy_draw *draw, unsigned chance);

#endif
