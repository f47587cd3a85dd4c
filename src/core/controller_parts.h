/* controller_parts: what the files of the controlling node share. Each is about one thing:
 *
 *     controller    commands and events, to those that do them
 *     creation      a life: from its start until it has attached for the first time
 *     attaching     a node attaches to a parent: its first one, or another one
 *     settling      which nodes are to attach elsewhere, as the topology and the user want it
 *     repair        what becomes of those below a node that has died or hangs, and of that itself
 *     removal       the end of nodes that are not wanted any more
 *     asking        requests to nodes and their replies
 *     casting       requests to many
 *     brokering     requests of nodes to nodes, which the controlling node makes in their name
 *     streaming     answers in parts
 *     saving        what services have saved, for the next lives of their nodes
 *     availability  which nodes can be reached, and word of that
 *
 * All of them append to the queue of the step under way.
 */
#ifndef XY_CONTROLLER_PARTS_H
#define XY_CONTROLLER_PARTS_H

#include "core/controller.h"

/* After how long it is tried again what there was no memory for, or what was refused. */
#define XY_RETRY_MS 10

/* Has xy_availability_retry called soon: there was no memory. */
void xy_retry_later(xy_controller *controller);

/* Answers a command, for which there is a promise in the queue. */
void xy_answer(xy_controller *controller, uint64_t command, int status, xy_queue *out);
void xy_answer_with(xy_controller *controller, uint64_t command, int status, int64_t value,
                    const void *text, size_t size, xy_queue *out);

/* The node with this id, unless it starts for the first time or ends; or NULL. */
xy_map_node *xy_find_present(const xy_controller *controller, int64_t id);

/* How long a command may take. */
int64_t xy_time_of(const xy_controller *controller, const xy_command *command);

/* Asking. */

/* Enters a command among those that wait, for the node that it is about, or answers it when that
 * cannot be done: then NULL. The number of the command is controller->command. */
xy_request *xy_accept(xy_controller *controller, const xy_command *command, xy_map_node *node,
                      xy_queue *out);

/* Answers a request that was entered, and forgets it. */
void xy_end_request(xy_controller *controller, xy_request *request, int status, int64_t value,
                    const void *text, size_t size, xy_queue *out);

/* Answers what a node was asked and cannot answer any more. */
void xy_fail_requests(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* A new errand, without a place in any list; or NULL: there is no memory. Its end. */
xy_request *xy_enter_errand(xy_controller *controller, xy_operation operation, xy_life life,
                            int64_t value);
void xy_end_errand(xy_controller *controller, xy_request *errand);

/* Has a node do something that wants no answer but must not get lost on its way, also when the node
 * is moved meanwhile. Without memory it may be lost. */
void xy_tell(xy_controller *controller, xy_map_node *node, xy_operation operation, int64_t value,
             xy_queue *out);
/* The same with a status and a text, which is always sent again until the node has it. False when
 * there is no memory. */
bool xy_tell_text(xy_controller *controller, xy_map_node *node, const xy_message *head,
                  const void *text, size_t size, xy_queue *out);
void xy_drop_errands(xy_controller *controller, xy_map_node *node);

/* Sends a request to a node that is attached, with a payload of any size; number 0 wants no reply.
 * `head` says its code, number, value, budget_ms and keep. XYLEM_OK, or why not all of it could be
 * sent: XYLEM_NO_MEMORY, XYLEM_UNAVAILABLE. */
int xy_send_down(xy_controller *controller, const xy_map_node *node, const xy_message *head,
                 const void *payload, size_t size, xy_queue *out);

/* The same for what the controlling node asks for itself, which may go past the tree. */
int xy_send_own(xy_controller *controller, const xy_map_node *node, const xy_message *head,
                const void *payload, size_t size, xy_queue *out);

/* Sends again what a node has not answered; what `top` and all attached below it have not. */
void xy_send_again_to(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_send_again(xy_controller *controller, xy_map_node *top, xy_queue *out);

/* How long the route to a child of this node would be, at most, in bytes. NULL: the controlling
 * node.
 */
size_t xy_route_size_below(const xy_map_node *parent);

void xy_ask(xy_controller *controller, const xy_command *command, xy_queue *out);
void xy_cancel(xy_controller *controller, const xy_command *command, xy_queue *out);
void xy_cancel_exec(xy_controller *controller, xy_request *exec, xy_queue *out);
void xy_hear_reply(xy_controller *controller, const xy_message *reply, xy_queue *out);
void xy_request_unsent(xy_controller *controller, const xy_event *event, xy_queue *out);
void xy_tell_of_room(xy_controller *controller, xy_queue *out);

/* Asks a node as a part of a cast, over its own way. XYLEM_BUSY, XYLEM_NO_MEMORY. */
int xy_ask_part(xy_controller *controller, const xy_command *command, xy_map_node *node,
                uint64_t cast, uint32_t position, xy_queue *out);

/* Asks of nodes. */

void xy_hear_ask(xy_controller *controller, const xy_message *ask, xy_queue *out);

/* What a node has asked is answered. The text is a list of outcomes, if the kind is a cast. */
void xy_answer_ask(xy_controller *controller, const xy_request *ask, int status, const void *text,
                   size_t size, xy_queue *out);

/* Gives up what belongs to work that is over. */
void xy_drop_abandoned_asks(xy_controller *controller, xy_queue *out);

/* Answers in parts. */

void xy_hear_chunk(xy_controller *controller, const xy_message *chunk, xy_queue *out);
void xy_take(xy_controller *controller, const xy_command *command, xy_queue *out);

/* A node answers. Whether that answer is to wait for chunks before it; then it is kept, and its
 * text is taken. */
void xy_stream_answered(xy_request *request, const xy_message *answer);
bool xy_stream_waits(const xy_request *request);
void xy_stream_keep(xy_controller *controller, xy_request *request, int status, xy_buffer *text,
                    xy_queue *out);

/* A request that streams is over, and its node (NULL: there is none) is told. Tells a node what
 * there was no memory for. */
void xy_stream_over(xy_controller *controller, const xy_request *request, xy_map_node *node,
                    xy_queue *out);
void xy_streams_retry(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* Casts. */

void xy_cast_to(xy_controller *controller, const xy_command *command, xy_queue *out);

/* A part of it has been answered; its time is over; it is given up. */
void xy_cast_part(xy_controller *controller, const xy_request *part, int status, const void *text,
                  size_t size, xy_queue *out);
void xy_cast_expired(xy_controller *controller, xy_request *request, xy_queue *out);
void xy_cast_cancel(xy_controller *controller, xy_request *request, xy_queue *out);

/* It is over, with all answers that there are; it is forgotten without one. */
void xy_cast_over_here(void *owner, xy_cast *cast, xy_queue *out);
void xy_cast_forget(xy_controller *controller, uint64_t number);

/* Attaching. */

/* Has a node attach to a parent (NULL: the controlling node), on a new link. What it was doing in
 * this way before is abandoned. XYLEM_NO_MEMORY, XYLEM_UNAVAILABLE: and it attaches to none. */
int xy_attach(xy_controller *controller, xy_map_node *node, xy_map_node *parent, xy_queue *out);
void xy_attach_abandon(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* The key of the node is known; the parent expects it, or does not; the node has attached; its time
 * is over. */
int xy_attach_keyed(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_attach_expected(xy_controller *controller, const xy_event *event, xy_queue *out);
void xy_attach_refused(xy_controller *controller, xy_request *way, int status, const void *reason,
                       size_t size, xy_queue *out);
void xy_attached(xy_controller *controller, const xy_event *event, xy_queue *out);
void xy_attach_expired(xy_controller *controller, xy_request *way, xy_queue *out);

/* Some nodes cannot be reached any more: those that were to attach to one of them are to attach
 * elsewhere. Those that were to attach below `top`, which has another parent now, begin again. */
void xy_attach_elsewhere(xy_controller *controller, xy_queue *out);
void xy_attach_anew(xy_controller *controller, const xy_map_node *top, xy_queue *out);

/* One that was told to attach has so much time from now on. */
void xy_attach_await(xy_controller *controller, xy_map_node *node);

/* Whether it was told to attach, and may do so at any time. */
bool xy_is_told(const xy_map_node *node);

/* A node has left the parent that it has on the map. */
void xy_attach_astray(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* The secret of a life, by which it proves to its parents who it is. */
void xy_secret_of(const xy_controller *controller, xy_life life, uint8_t secret[XY_SECRET_SIZE]);

/* A child is let go by the node that it is attached to. */
void xy_let_go(xy_controller *controller, const xy_map_node *node, xy_queue *out);

/* Tells a node to attach, if that is its turn. Does again what there was no memory for. */
void xy_attach_tell(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_attach_retry(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* Creation. */

void xy_create(xy_controller *controller, const xy_command *command, xy_queue *out);

/* The launcher has started it; it has attached; its parent refuses it; its life is over before
 * that. */
void xy_create_started(xy_controller *controller, xy_map_node *node, const xy_event *event,
                       xy_queue *out);
void xy_create_attached(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_create_refused(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                       size_t size, xy_queue *out);
void xy_create_ended(xy_controller *controller, xy_map_node *node, const xy_event *event,
                     xy_queue *out);

/* Its time is over; or its parent cannot be reached any more. */
void xy_create_expired(xy_controller *controller, xy_request *request, xy_queue *out);
void xy_create_orphaned(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* Three quarters of the time that is left are the node's. */
void xy_create_give_time(xy_controller *controller, xy_map_node *node);

/* Starts the life of a node. XYLEM_NO_MEMORY. */
int xy_start(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* The request of a node that starts for the first time; NULL: it has been answered. */
xy_request *xy_create_request(const xy_map_node *node);

/* The key of a service's random numbers: not the secret of the life, which its parents are told. */
xy_random xy_random_of(const xy_controller *controller, xy_life life);

/* Saving. */

/* A life has saved a state. A life is to begin: what it is given of that. A node was created: a
 * state of its id that it was not given is forgotten. */
void xy_hear_state(xy_controller *controller, const xy_message *state);
void xy_give_saved(const xy_controller *controller, const xy_map_node *node, xy_birth *birth);
void xy_begin_saving(xy_controller *controller, xy_map_node *node);

/* Whether an id is on the map; `owner` is the controller. */
bool xy_saving_is_used(void *owner, int64_t id);

/* Settling. */

void xy_move(xy_controller *controller, const xy_command *command, xy_queue *out);

/* Its time is over; its new parent refuses it. */
void xy_move_expired(xy_controller *controller, xy_request *request, xy_queue *out);
void xy_move_refused(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                     size_t size, xy_queue *out);

/* The new parent of a node, if it is to have one, is not available any more. */
void xy_move_in_vain(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* Answers the moves of a node, when it is where it is wanted; or in any case. */
void xy_moved(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_end_moves(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                  size_t size, xy_queue *out);

/* Has nodes attach to where they are wanted, as far as that is possible now. */
void xy_settle(xy_controller *controller, xy_queue *out);

/* The parent for a node that has none: as near as possible to where it is wanted. */
xy_map_node *xy_parent_for(xy_map_node *node);

/* Whether nodes can attach to this one: NULL is the controlling node. */
bool xy_is_usable(const xy_map_node *parent);

/* Repair. */

/* Whether what is below a node that dies or hangs goes on. */
bool xy_repairs(const xy_controller *controller);

/* A life that had attached is over without having been told to. */
void xy_node_died(xy_controller *controller, xy_map_node *node, const xy_event *event,
                  xy_queue *out);

/* A removal is over: nodes that wait for a place in the shape have one. */
void xy_join_homeless(xy_controller *controller);

/* A node has been silent for too long, or does not attach; it is back. */
void xy_node_silent(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_node_back(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* A node loses its parent, or those attached to it lose it: requests to them wait until they have
 * another parent. */
void xy_lose_parent(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_set_adrift(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* A node that was adrift has a parent again. Says so, once it is where it is wanted. */
void xy_repaired(xy_controller *controller, xy_map_node *node);
void xy_tell_of_repair(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* A node starts again, if that may be; it has attached; its new life is over before that. */
void xy_restart(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_restarted(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_restart_ended(xy_controller *controller, xy_map_node *node, const xy_event *event,
                      xy_queue *out);

/* Removal. */

void xy_remove(xy_controller *controller, const xy_command *command, xy_queue *out);

/* Ends a node and all that are wanted below it, and takes so long for it at most, in ms, before it
 * kills them; less than 0: kills them at once. In a shape that arranges itself it ends that node
 * alone, unless the network is closing. Those that wait for it are answered when all are over. */
void xy_removal_begin(xy_controller *controller, xy_map_node *top, int64_t time_ms, xy_queue *out);

/* A life in a removal is over; the removal is over, whether all its lives are or not; the time of a
 * request that waits for the end of a node is. */
void xy_removal_ended(xy_controller *controller, xy_map_node *node, xy_queue *out);
void xy_removal_finish(xy_controller *controller, xy_map_node *top, xy_queue *out);
void xy_removal_expired(xy_controller *controller, xy_request *request, xy_queue *out);

/* A node has lost one of those attached to it, or on their way to it, or its own parent. If it
 * waits for them to go elsewhere that is looked at when all else in a step is done. */
void xy_removal_left(xy_controller *controller, const xy_map_node *node);
void xy_removal_look(xy_controller *controller, xy_queue *out);

/* Kills those whose grace is over. */
void xy_removal_tick(xy_controller *controller, xy_queue *out);
int64_t xy_removal_deadline(const xy_controller *controller);

/* Kills a life. Without memory it is tried again. */
void xy_kill(xy_controller *controller, const xy_map_node *node, bool late, xy_queue *out);

/* Availability. */

/* What a parent says of its child. */
void xy_hear_change(xy_controller *controller, const xy_message *change, xy_queue *out);

/* Something has changed for a node: works out who of it and those below can be reached. */
void xy_refresh(xy_controller *controller, xy_map_node *top, xy_queue *out);

/* Says of a node what `kind` names. Without memory it is not said. */
void xy_notify_repair(xy_controller *controller, const xy_map_node *node, xy_notice kind,
                      xy_queue *out);

/* Answers every wait that has come true. */
void xy_answer_waits(xy_controller *controller, xy_queue *out);

/* Nothing more can be done to a dead node: before the notice of its death. */
void xy_answer_faults(xy_controller *controller, xy_map_node *node, xy_queue *out);

/* Does again what there was no memory for. */
void xy_availability_retry(xy_controller *controller, xy_queue *out);

#endif
