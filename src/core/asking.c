/* Requests to nodes and their replies. */
#include "core/controller_parts.h"

#include <assert.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/varint.h"

/* How much may be under way. */

static size_t in_flight(const xy_controller *controller)
{
    return controller->requests.table.cost + controller->waits.table.cost +
           controller->errands.table.cost;
}

static size_t cost_of(const xy_command *command)
{
    return XY_REQUEST_COST + command->size + command->arguments_size;
}

static bool has_room(const xy_controller *controller, const xy_command *command)
{
    size_t bound = controller->bound;
    bool job = command->kind == XY_COMMAND_EXEC || command->kind == XY_COMMAND_CAST;
    if (!job || command->asker) /* work that is under way is to end */
        bound += XY_IN_FLIGHT_RESERVE(bound);
    return xy_in_flight_fits(in_flight(controller), cost_of(command), bound);
}

/* After a refusal: once, when half of what may be under way is not. */
void xy_tell_of_room(xy_controller *controller, xy_queue *out)
{
    if (!controller->refused || controller->closing ||
        in_flight(controller) > controller->bound / 2)
        return;
    controller->refused = !xy_queue_push(out, &(xy_action){.kind = XY_ACTION_ROOM});
}

/* Those that wait. */

static xy_request *enter(xy_controller *controller, const xy_command *command, xy_map_node *node)
{
    bool wait = command->kind == XY_COMMAND_WAIT;
    xy_request request = {
        .slot = {.request = controller->command,
                 .deadline_ms = controller->now_ms + xy_time_of(controller, command),
                 .cost = cost_of(command)},
        .tag = xy_random_at(&controller->random, XY_STREAM_REQUEST, controller->command),
        .kind = (int)command->kind,
        .id = command->id,
        .life = node ? node->life : (xy_life){0},
        .value = command->value};
    if (command->asker)
        request.asker = *command->asker;
    if (command->streams && !(request.stream = xy_allocate(1, sizeof *request.stream)))
        return NULL;
    if (controller->keeps && command->kind == XY_COMMAND_EXEC &&
        !xy_buffer_add(&request.text, command->text, command->size)) {
        xy_release(request.stream);
        return NULL;
    }
    xy_request *entered =
        xy_requests_add(wait ? &controller->waits : &controller->requests, &request);
    if (!entered) {
        xy_buffer_clear(&request.text);
        xy_release(request.stream);
    }
    if (entered && node) {
        DL_APPEND(node->requests, entered);
        node->asked++;
    }
    if (entered && command->asker)
        controller->unreplied++;
    return entered;
}

/* Answers what was not even entered: a command, or what a node asks. */
static void refuse(xy_controller *controller, const xy_command *command, int status, xy_queue *out)
{
    xy_request refused = {.kind = (int)command->kind, .id = command->id};
    if (!command->asker) {
        xy_answer(controller, controller->command, status, out);
        return;
    }
    refused.asker = *command->asker;
    xy_answer_ask(controller, &refused, status, NULL, 0, out);
}

xy_request *xy_accept(xy_controller *controller, const xy_command *command, xy_map_node *node,
                      xy_queue *out)
{
    bool room = has_room(controller, command);
    xy_request *entered = room ? enter(controller, command, node) : NULL;
    if (!room && !command->asker &&
        (command->kind == XY_COMMAND_EXEC || command->kind == XY_COMMAND_CAST))
        controller->refused = true;
    if (!entered)
        refuse(controller, command, room ? XYLEM_NO_MEMORY : XYLEM_BUSY, out);
    return entered;
}

static void send_from(xy_controller *controller, xy_map_node *node, xy_request *request,
                      xy_queue *out);

/* Takes a request out of the list of its node. Those that waited for it go on. */
static void leave_node(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    if (!node)
        return;
    xy_request *behind = node->asking == request ? request->next : NULL;
    if (node->asking == request)
        node->asking = NULL;
    DL_DELETE(node->requests, request); /* NOLINT: has a next if first */
    node->asked--;
    if (request->stream)
        xy_stream_over(controller, request, node, out);
    if (behind)
        send_from(controller, node, behind, out);
}

void xy_end_request(xy_controller *controller, xy_request *request, int status, int64_t value,
                    const void *text, size_t size, xy_queue *out)
{
    uint64_t number = request->slot.request;
    bool wait = request->kind == XY_COMMAND_WAIT;
    if (!wait)
        leave_node(controller, request, out);
    if (request->kind == XY_COMMAND_CREATE) {
        controller->creating--;
        controller->unsettled = true;
    }
    xy_assemblies_drop(&controller->arriving, number);
    if (request->kind == XY_COMMAND_CAST)
        xy_cast_forget(controller, number);
    const xy_request ended = *request;
    xy_requests_end(wait ? &controller->waits : &controller->requests, request);
    controller->abandoned |= ended.asks;
    if (ended.cast)
        xy_cast_part(controller, &ended, status, text, size, out);
    else if (ended.asker.life.number)
        xy_answer_ask(controller, &ended, status, text, size, out);
    else
        xy_answer_with(controller, number, status, value, text, size, out);
}

static bool is_asked(const xy_request *request)
{
    return !xy_is_errand(request) &&
           (request->kind == XY_COMMAND_EXEC || request->kind == XY_COMMAND_PING);
}

void xy_fail_requests(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_request *request, *next;
    node->asking = NULL;
    DL_FOREACH_SAFE(node->requests, request, next)
    if (is_asked(request))
        xy_end_request(controller, request, XYLEM_UNAVAILABLE, 0, NULL, 0, out);
}

/* Errands. */

static xy_request errand_of(xy_controller *controller, xy_operation operation, xy_life life,
                            int64_t value)
{
    uint64_t number = XY_ERRAND | ++controller->errand;
    return (xy_request){.slot = {.request = number, .deadline_ms = XY_NEVER},
                        .tag = xy_random_at(&controller->random, XY_STREAM_REQUEST, number),
                        .kind = (int)operation,
                        .life = life,
                        .value = value};
}

xy_request *xy_enter_errand(xy_controller *controller, xy_operation operation, xy_life life,
                            int64_t value)
{
    const xy_request request = errand_of(controller, operation, life, value);
    return xy_requests_add(&controller->errands, &request);
}

void xy_end_errand(xy_controller *controller, xy_request *errand)
{
    xy_requests_end(&controller->errands, errand);
}

/* Where nodes never move, nothing gets lost on its way. */
void xy_tell(xy_controller *controller, xy_map_node *node, xy_operation operation, int64_t value,
             xy_queue *out)
{
    xy_message head = {.code = (uint8_t)operation, .value = value};
    xy_request *errand =
        controller->keeps ? xy_enter_errand(controller, operation, node->life, value) : NULL;
    if (errand) {
        DL_APPEND(node->requests, errand);
        head.number = xy_request_number(errand);
    }
    int error = XYLEM_OK;
    if (node->reachable || (node->attached && !controller->keeps))
        error = xy_send_own(controller, node, &head, NULL, 0, out);
    if (errand && error == XYLEM_NO_MEMORY) {
        node->behind = true;
        xy_retry_later(controller);
    }
}

bool xy_tell_text(xy_controller *controller, xy_map_node *node, const xy_message *head,
                  const void *text, size_t size, xy_queue *out)
{
    xy_message numbered = *head;
    xy_request request = errand_of(controller, (xy_operation)head->code, node->life, head->value);
    request.status = head->status;
    request.slot.cost = size + XY_REQUEST_COST;
    bool copied = xy_buffer_add(&request.text, text, size);
    xy_request *errand = copied ? xy_requests_add(&controller->errands, &request) : NULL;
    if (!errand) {
        xy_buffer_clear(&request.text);
        return false;
    }
    DL_APPEND(node->requests, errand);
    numbered.number = xy_request_number(errand);
    if (node->reachable &&
        xy_send_down(controller, node, &numbered, text, size, out) == XYLEM_NO_MEMORY) {
        node->behind = true;
        xy_retry_later(controller);
    }
    return true;
}

static void end_told(xy_controller *controller, xy_map_node *node, xy_request *errand)
{
    DL_DELETE(node->requests, errand); /* NOLINT: has a next if first */
    xy_end_errand(controller, errand);
}

void xy_drop_errands(xy_controller *controller, xy_map_node *node)
{
    xy_request *request, *next;
    DL_FOREACH_SAFE(node->requests, request, next)
    if (xy_is_errand(request))
        end_told(controller, node, request);
}

/* The way down. */

static xy_link_number link_above(const xy_map_node *node)
{
    return node->linked.parent ? node->linked.parent->peer.link : (xy_link_number){0};
}

static size_t route_size(const xy_map_node *node)
{
    size_t size = 0;
    for (; node; node = node->linked.parent)
        size += xy_route_put(NULL, link_above(node), node->peer.link);
    return size;
}

size_t xy_route_size_below(const xy_map_node *parent)
{
    return route_size(parent) + XY_VARINT_MAX;
}

/* Writes a route that ends at `end`. */
static void write_route(const xy_map_node *node, uint8_t *end)
{
    for (; node; node = node->linked.parent) {
        end -= xy_route_put(NULL, link_above(node), node->peer.link);
        xy_route_put(end, link_above(node), node->peer.link);
    }
}

/* Gives a message its route and its payload, and the first step of its way. One of several
 * fragments is lent its payload, unless that is the request's own, which may end before. */
static int address(const xy_controller *controller, const xy_map_node *node, xy_action *send,
                   const uint8_t *payload)
{
    xy_message *message = &send->send.message;
    size_t route = route_size(node), size = message->payload_size;
    bool lent = message->part != 0 && !controller->keeps;
    uint8_t *body = xy_action_room(send, route + (lent ? 0 : size));
    xy_link_number next;
    if (!body)
        return XYLEM_NO_MEMORY;
    assert(route > 0 && route <= XY_MESSAGE_ROUTE_MAX);
    write_route(node, body + route);
    assert(payload || size == 0);
    if (lent)
        send->send.lent = payload;
    else if (size > 0)
        memcpy(body + route, payload, size);
    message->route_size = (uint16_t)route;
    bool begins = xy_message_next(message, &next);
    assert(begins);
    int error =
        begins ? xy_subtree_next(&controller->subtree, next, &send->send.to) : XYLEM_NOT_FOUND;
    if (error == XYLEM_UNAVAILABLE && message->number.request == 0)
        error = XYLEM_OK; /* it is not asked for twice: the child may come back */
    if (error)
        xy_action_clear(send);
    return error;
}

int xy_send_down(xy_controller *controller, const xy_map_node *node, const xy_message *head,
                 const void *payload, size_t size, xy_queue *out)
{
    assert(node->attached);
    for (size_t offset = 0; offset == 0 || offset < size; offset += XY_MESSAGE_PAYLOAD_MAX) {
        xy_action send;
        send.kind = XY_ACTION_SEND;
        send.send.lossy = false;
        send.send.message = *head;
        send.send.message.kind = XY_REQUEST;
        send.send.message.id = node->id;
        send.send.message.life = node->life;
        xy_fragment_at(&send.send.message, size, offset);
        int error =
            address(controller, node, &send, size > 0 ? (const uint8_t *)payload + offset : NULL);
        if (!error && !xy_queue_push(out, &send))
            error = XYLEM_NO_MEMORY;
        if (error)
            return error;
    }
    return XYLEM_OK;
}

/* What a node is told of its children. */
static bool goes_past_tree(const xy_controller *controller, const xy_message *head)
{
    return controller->past_tree && (head->code == XY_EXPECT || head->code == XY_LET_GO);
}

int xy_send_own(xy_controller *controller, const xy_map_node *node, const xy_message *head,
                const void *payload, size_t size, xy_queue *out)
{
    xy_message request = *head;
    if (!goes_past_tree(controller, head))
        return xy_send_down(controller, node, head, payload, size, out);
    xy_action *tell = xy_queue_add(out, XY_ACTION_TELL);
    if (!tell)
        return XYLEM_NO_MEMORY;
    request.kind = XY_REQUEST;
    request.id = node->id;
    request.life = node->life;
    request.body = payload;
    request.payload_size = (uint32_t)size;
    tell->tell.life = node->life;
    tell->tell.size = xy_message_size(&request);
    assert(tell->tell.size <= XY_TOLD_MAX);
    xy_message_encode(&request, tell->tell.frame);
    return XYLEM_OK;
}

/* Sending, and sending again. */

/* A text that is longer is not sent again before its node was asked whether it has it. */
enum { RECALL_SIZE = 64 * 1024 };

/* How far before this one the oldest exec is that has not been answered. */
static uint32_t keep_of(const xy_controller *controller, const xy_map_node *node,
                        const xy_request *request)
{
    const xy_request *oldest = node->requests;
    if (!controller->keeps)
        return 0;
    while (oldest != request && (xy_is_errand(oldest) || oldest->kind != XY_COMMAND_EXEC))
        oldest = oldest->next;
    uint64_t before = request->slot.request - oldest->slot.request;
    assert(oldest->slot.request <= request->slot.request);
    return before < UINT32_MAX ? (uint32_t)before + 1 : UINT32_MAX;
}

static xy_message head_of(const xy_controller *controller, const xy_map_node *node,
                          const xy_request *request, bool recall)
{
    bool exec = request->kind == XY_COMMAND_EXEC;
    int64_t left_ms = request->slot.deadline_ms - controller->now_ms;
    if (xy_is_errand(request))
        return (xy_message){.code = (uint8_t)request->kind,
                            .number = xy_request_number(request),
                            .status = request->status,
                            .value = request->value};
    return (xy_message){.code = recall            ? XY_RECALL
                                : request->stream ? XY_STREAM
                                : exec            ? XY_EXEC
                                                  : XY_PING,
                        .number = xy_request_number(request),
                        .budget_ms = left_ms > 0 ? (uint32_t)left_ms : 0,
                        .keep = exec ? keep_of(controller, node, request) : 0};
}

static int send_request(xy_controller *controller, xy_map_node *node, xy_request *request,
                        const void *text, size_t size, xy_queue *out)
{
    xy_message head = head_of(controller, node, request, false);
    int error = xy_send_own(controller, node, &head, text, size, out);
    request->again |= request->sent;
    request->sent = true;
    return error;
}

/* Asks whether a request is there; or sends it again. */
static int send_again(xy_controller *controller, xy_map_node *node, xy_request *request,
                      xy_queue *out)
{
    if (!request->sent || xy_is_errand(request) || request->text.size <= RECALL_SIZE)
        return send_request(controller, node, request, request->text.bytes, request->text.size,
                            out);
    xy_message head = head_of(controller, node, request, true);
    request->again = true;
    node->asking = request;
    return xy_send_down(controller, node, &head, NULL, 0, out);
}

/* Sends what a node was asked from this request on, until it has to be asked what it has. Where
 * nodes never move that is never lost. */
static void send_from(xy_controller *controller, xy_map_node *node, xy_request *request,
                      xy_queue *out)
{
    if (!node->reachable || node->stage == XY_STAGE_ENDING)
        return;
    node->behind = false;
    for (; request && !node->asking; request = request->next)
        if ((xy_is_errand(request) || (controller->keeps && is_asked(request))) &&
            send_again(controller, node, request, out) == XYLEM_NO_MEMORY) {
            node->asking = NULL;
            node->behind = true;
            xy_retry_later(controller);
            return;
        }
}

void xy_send_again_to(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    node->asking = NULL;
    send_from(controller, node, node->requests, out);
}

void xy_send_again(xy_controller *controller, xy_map_node *top, xy_queue *out)
{
    for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_LINKED))
        xy_send_again_to(controller, node, out);
}

/* Commands. */

/* A request to a node that is adrift waits. So does one behind those that are not all sent again.
 */
static void ask(xy_controller *controller, const xy_command *command, xy_map_node *node,
                xy_request *request, xy_queue *out)
{
    if (!node->reachable || node->asking || (node->behind && controller->keeps))
        return;
    int error = send_request(controller, node, request, command->text, command->size, out);
    if (error)
        xy_end_request(controller, request, error, 0, NULL, 0, out);
}

void xy_ask(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    xy_map_node *node = xy_find_present(controller, command->id);
    if (!node || !node->available) {
        refuse(controller, command, node ? XYLEM_UNAVAILABLE : XYLEM_NOT_FOUND, out);
        return;
    }
    xy_request *request = xy_accept(controller, command, node, out);
    if (request)
        ask(controller, command, node, request, out);
}

int xy_ask_part(xy_controller *controller, const xy_command *command, xy_map_node *node,
                uint64_t cast, uint32_t position, xy_queue *out)
{
    if (!has_room(controller, command))
        return XYLEM_BUSY;
    controller->command++;
    xy_request *request = enter(controller, command, node);
    if (!request)
        return XYLEM_NO_MEMORY;
    request->cast = cast;
    request->position = position;
    controller->unreplied++;
    ask(controller, command, node, request, out);
    return XYLEM_OK;
}

/* If that cannot be sent, the work goes on, and its answer is not waited for. */
void xy_cancel_exec(xy_controller *controller, xy_request *exec, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, exec->life);
    bool sent = exec->sent && !exec->stream; /* of a stream it is told at its end */
    int64_t number = (int64_t)exec->slot.request;
    assert(node);
    xy_end_request(controller, exec, XYLEM_CANCELLED, 0, NULL, 0, out);
    if (sent)
        xy_tell(controller, node, XY_CANCEL, number, out);
}

/* Neither the answer nor the work is waited for. */
void xy_cancel(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    uint64_t number = (uint64_t)command->value;
    xy_request *found = xy_requests_find(&controller->requests, number);
    bool cast = found && found->kind == XY_COMMAND_CAST;
    if (!found || found->cast || found->asker.life.number ||
        (found->kind != XY_COMMAND_EXEC && !cast)) {
        xy_answer(controller, controller->command, XYLEM_NOT_FOUND, out);
        return;
    }
    if (cast) {
        xy_cast_cancel(controller, found, out);
        xy_answer(controller, controller->command, XYLEM_OK, out);
        return;
    }
    xy_cancel_exec(controller, found, out);
    xy_answer(controller, controller->command, XYLEM_OK, out);
}

/* Replies. */

/* The text of an answer in fragments, without a copy. */
static void end_with_assembly(xy_controller *controller, xy_request *request, xy_assembly *whole,
                              int status, xy_queue *out)
{
    xy_action action = {
        .kind = XY_ACTION_REPLY,
        .reply = {.command = request->slot.request, .status = status, .size = whole->text.size}};
    leave_node(controller, request, out);
    const xy_request ended = *request;
    xy_requests_end(&controller->requests, request);
    controller->abandoned |= ended.asks;
    if (ended.cast || ended.asker.life.number) {
        if (ended.cast)
            xy_cast_part(controller, &ended, status, whole->text.bytes, whole->text.size, out);
        else
            xy_answer_ask(controller, &ended, status, whole->text.bytes, whole->text.size, out);
        xy_assembly_free(whole);
        return;
    }
    action.reply.text = xy_buffer_take(&whole->text);
    xy_assembly_free(whole);
    xy_queue_keep(out, &action);
}

static void hear_fragment(xy_controller *controller, xy_request *request, const xy_message *part,
                          xy_queue *out)
{
    xy_assembly *whole;
    int error = xy_assemblies_add(&controller->arriving, part, request->slot.deadline_ms, &whole);
    if (error) {
        xy_end_request(controller, request, error, 0, NULL, 0, out);
    } else if (whole && xy_stream_waits(request)) {
        xy_stream_keep(controller, request, part->status, &whole->text, out);
        xy_assembly_free(whole);
    } else if (whole)
        end_with_assembly(controller, request, whole, part->status, out);
}

/* Sent again, a request may have been done before: only its answer tells. So it is sent once more.
 */
static bool is_refused_again(xy_controller *controller, xy_map_node *node,
                             const xy_request *request, int status)
{
    bool again = request->again && (status == XYLEM_BUSY || status == XYLEM_NO_MEMORY);
    if (again) {
        node->behind = true;
        xy_retry_later(controller);
    }
    return again;
}

/* It did not reach the node. If a way is not there any more it is sent again on another; if the
 * node has ended or is given up, word of that is on its way: the request is answered then, after
 * the notice. */
static void undelivered(xy_controller *controller, xy_request *request, const xy_message *reply,
                        xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    bool lost = reply->status == XYLEM_UNAVAILABLE || reply->status == XYLEM_NOT_FOUND;
    if (lost ? controller->keeps || reply->status == XYLEM_UNAVAILABLE
             : is_refused_again(controller, node, request, reply->status))
        return;
    xy_end_request(controller, request, lost ? XYLEM_UNAVAILABLE : reply->status, 0, NULL, 0, out);
}

/* What a node says when it was asked whether it has a request. */
static void recalled(xy_controller *controller, xy_request *request, bool missing, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    if (node->asking != request)
        return;
    node->asking = NULL;
    if (missing)
        request->sent = false;
    send_from(controller, node, missing ? request : request->next, out);
}

/* An answer whose state has not come, because that was lost on another way: the node is asked for
 * both once more. */
static void ask_for_state(xy_controller *controller, xy_map_node *node, xy_request *request,
                          const xy_message *reply, xy_queue *out)
{
    if ((reply->part & XY_PART_CONTINUED) || !node->reachable)
        return; /* it is asked already, or will be when it can be reached */
    xy_message head = head_of(controller, node, request, true);
    if (xy_send_down(controller, node, &head, NULL, 0, out) == XYLEM_NO_MEMORY)
        xy_end_request(controller, request, XYLEM_ANSWER_LOST, 0, NULL, 0, out);
}

/* Chunks are missing that come before it. */
static void keep_answer(xy_controller *controller, xy_request *request, const xy_message *reply,
                        xy_queue *out)
{
    xy_buffer text = {0};
    if (xy_buffer_add(&text, xy_message_payload(reply), reply->payload_size))
        xy_stream_keep(controller, request, reply->status, &text, out);
    else
        xy_end_request(controller, request, XYLEM_NO_MEMORY, 0, NULL, 0, out);
}

static void answered(xy_controller *controller, xy_request *request, const xy_message *reply,
                     xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    if (reply->keep > node->saved && request->kind == XY_COMMAND_EXEC) {
        ask_for_state(controller, node, request, reply, out);
        return;
    }
    if (reply->status == XYLEM_OK)
        node->heard_ms = controller->now_ms;
    xy_stream_answered(request, reply);
    if (reply->part != 0 && request->kind == XY_COMMAND_EXEC)
        hear_fragment(controller, request, reply, out);
    else if (reply->part == 0 && xy_stream_waits(request))
        keep_answer(controller, request, reply, out);
    else if (reply->part == 0)
        xy_end_request(controller, request, reply->status, 0, xy_message_payload(reply),
                       reply->payload_size, out);
}

/* There was no room for it on its way. */
static void errand_held_up(xy_controller *controller, xy_request *errand, int status, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, errand->life);
    assert(node);
    if (errand->kind == XY_EXPECT) {
        xy_attach_refused(controller, errand, status, NULL, 0, out);
        return;
    }
    node->behind = true;
    xy_retry_later(controller);
}

static void errand_done(xy_controller *controller, xy_request *errand, const xy_message *reply,
                        xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, errand->life);
    bool lost = reply->status == XYLEM_UNAVAILABLE || reply->status == XYLEM_NOT_FOUND;
    bool undelivered = reply->code == XY_ANSWER_UNDELIVERED;
    assert(node);
    if (undelivered && lost && controller->keeps)
        return; /* as above */
    if (errand->kind == XY_EXPECT && reply->status == XYLEM_OK)
        return; /* what it expects it says through the launcher */
    if (undelivered && !lost)
        errand_held_up(controller, errand, reply->status, out);
    else if (errand->kind == XY_EXPECT)
        xy_attach_refused(controller, errand, reply->status, xy_message_payload(reply),
                          reply->payload_size, out);
    else
        end_told(controller, node, errand);
}

void xy_hear_reply(xy_controller *controller, const xy_message *reply, xy_queue *out)
{
    bool errand = reply->number.request & XY_ERRAND;
    xy_request *request = xy_requests_find(errand ? &controller->errands : &controller->requests,
                                           reply->number.request);
    if (!request || reply->number.tag != request->tag) /* too late: it has been answered */
        return;
    if (errand)
        errand_done(controller, request, reply, out);
    else if (!is_asked(request))
        return;
    else if (reply->code == XY_ANSWER_UNDELIVERED)
        undelivered(controller, request, reply, out);
    else if (reply->code == XY_ANSWER)
        answered(controller, request, reply, out);
    else
        recalled(controller, request, reply->code == XY_ANSWER_MISSING, out);
}

/* An exec that could not be sent is one that was refused. */
void xy_request_unsent(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    uint64_t number = event->unsent.request.request;
    int status = event->unsent.status;
    if (event->unsent.kind == XY_CAST)
        xy_casts_unsent(&controller->casts, event->unsent.request, event->unsent.link, status, out);
    if (event->unsent.kind != XY_REQUEST)
        return;
    bool errand = number & XY_ERRAND;
    xy_request *request =
        xy_requests_find(errand ? &controller->errands : &controller->requests, number);
    if (!request || status == XYLEM_UNAVAILABLE)
        return;
    if (errand) {
        errand_held_up(controller, request, status, out);
        return;
    }
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    if (is_refused_again(controller, node, request, status))
        return;
    bool own = !request->cast && request->asker.life.number == 0;
    if (request->kind == XY_COMMAND_EXEC && status == XYLEM_BUSY && own)
        controller->refused = true;
    xy_end_request(controller, request, status, 0, NULL, 0, out);
}
