/* Answers in parts. The controlling node passes on the chunks of a request in their order, each
 * once; and tells the node which of them the program has taken, so that there is room for more.
 */
#include "core/controller_parts.h"

#include <utlist.h>

#include "core/memory.h"

static bool can_be_told(const xy_controller *controller, const xy_map_node *node)
{
    return node && !node->dead && !node->given_up && node->stage != XY_STAGE_ENDING &&
           !controller->closing;
}

/* Says how many were taken, and which are missing. Without memory it is said later. */
static void tell(xy_controller *controller, xy_request *request, xy_queue *out)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    xy_inflow *stream = request->stream;
    xy_map_node *node = xy_map_of_life(&controller->map, request->life);
    const xy_message head = {.code = XY_TAKEN, .value = (int64_t)stream->taken};
    xy_taken_encode(&(xy_taken){request->slot.request, stream->missing}, bytes);
    stream->behind = can_be_told(controller, node) &&
                     !xy_tell_text(controller, node, &head, bytes, sizeof bytes, out);
    if (stream->behind)
        xy_retry_later(controller);
}

/* What was lost on its way; once, unless that is lost too. */
static void ask_again(xy_controller *controller, xy_request *request, bool lost, xy_queue *out)
{
    xy_inflow *stream = request->stream;
    if (!lost && stream->missing == stream->received + 1)
        return;
    stream->missing = stream->received + 1;
    tell(controller, request, out);
}

/* Passing on. */

static bool pass_on(const xy_request *request, const xy_message *chunk, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_CHUNK};
    action.chunk.command = request->slot.request;
    action.chunk.chunk = xy_chunk_new(chunk->number, (uint64_t)chunk->value,
                                      xy_message_payload(chunk), chunk->payload_size);
    return action.chunk.chunk && xy_queue_push(out, &action);
}

static void end_if_whole(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_inflow *stream = request->stream;
    if (!stream->ended || stream->received < stream->last)
        return;
    xy_buffer text = stream->text;
    stream->text = (xy_buffer){0};
    xy_end_request(controller, request, stream->status, 0, text.bytes, text.size, out);
    xy_buffer_clear(&text);
}

void xy_hear_chunk(xy_controller *controller, const xy_message *chunk, xy_queue *out)
{
    xy_request *request = xy_requests_find(&controller->requests, chunk->number.request);
    if (!request || !request->stream || request->tag != chunk->number.tag ||
        request->life.number != chunk->life.number)
        return; /* it is over, and the node was told */
    xy_inflow *stream = request->stream;
    const uint64_t place = (uint64_t)chunk->value;
    if (place <= stream->received)
        return;
    if (chunk->status || place > stream->received + 1) {
        ask_again(controller, request, chunk->status != 0, out);
        return;
    }
    if (!pass_on(request, chunk, out)) {
        ask_again(controller, request, true, out);
        return;
    }
    stream->received = place;
    stream->missing = 0;
    end_if_whole(controller, request, out);
}

/* The answer. */

void xy_stream_answered(xy_request *request, const xy_message *answer)
{
    if (!request->stream || request->stream->answered || answer->status == XYLEM_ANSWER_LOST)
        return; /* that one tells nothing of the chunks */
    request->stream->answered = true;
    request->stream->last = (uint64_t)answer->id;
}

bool xy_stream_waits(const xy_request *request)
{
    const xy_inflow *stream = request->stream;
    return stream && (stream->ended || stream->last > stream->received);
}

void xy_stream_keep(xy_controller *controller, xy_request *request, int status, xy_buffer *text,
                    xy_queue *out)
{
    xy_inflow *stream = request->stream;
    if (stream->ended) {
        xy_buffer_clear(text);
        return; /* it has come before */
    }
    stream->ended = true;
    stream->status = status;
    stream->text = *text;
    *text = (xy_buffer){0};
    ask_again(controller, request, false, out);
}

/* The node is to keep nothing of it any more: as if it had been cancelled, which it may have been.
 */
void xy_stream_over(xy_controller *controller, const xy_request *request, xy_map_node *node,
                    xy_queue *out)
{
    const xy_inflow *stream = request->stream;
    bool keeps_none = stream->answered && stream->last <= stream->taken;
    if (request->sent && !keeps_none && can_be_told(controller, node))
        xy_tell(controller, node, XY_CANCEL, (int64_t)request->slot.request, out);
}

/* Taking. */

void xy_take(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    xy_request *request = xy_requests_find(&controller->requests, (uint64_t)command->value);
    xy_inflow *stream = request ? request->stream : NULL;
    if (stream && command->count > stream->taken && command->count <= stream->received) {
        stream->taken = command->count;
        tell(controller, request, out);
    }
    xy_answer(controller, controller->command, stream ? XYLEM_OK : XYLEM_NOT_FOUND, out);
}

void xy_streams_retry(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_request *request, *next;
    DL_FOREACH_SAFE(node->requests, request, next)
    {
        if (!xy_is_errand(request) && request->stream && request->stream->behind)
            tell(controller, request, out);
    }
}
