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
static void tell(xy_controller *controller, xy_map_node *node, uint64_t request,
                 const xy_inflow *inflow, uint64_t taken, xy_queue *out, bool *told)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    const xy_message head = {.code = XY_TAKEN, .value = (int64_t)taken};
    xy_taken_encode(&(xy_taken){request, inflow->missing}, bytes);
    *told = !can_be_told(controller, node) ||
            xy_tell_text(controller, node, &head, bytes, sizeof bytes, out);
}

static void tell_of(xy_controller *controller, xy_request *request, xy_queue *out)
{
    bool told;
    xy_inflow *stream = request->stream;
    tell(controller, xy_map_of_life(&controller->map, request->life), request->slot.request, stream,
         stream->taken, out, &told);
    stream->behind = !told;
    if (!told)
        xy_retry_later(controller);
}

/* What was lost on its way; once, unless that is lost too. */
static void ask_again(xy_controller *controller, xy_request *request, bool lost, xy_queue *out)
{
    xy_inflow *stream = request->stream;
    if (!lost && stream->missing == stream->received + 1)
        return;
    stream->missing = stream->received + 1;
    tell_of(controller, request, out);
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

bool xy_stream_waits(const xy_request *request, const xy_message *answer)
{
    return request->stream &&
           (request->stream->ended || (uint64_t)answer->id > request->stream->received);
}

void xy_stream_keep(xy_controller *controller, xy_request *request, const xy_message *answer,
                    xy_buffer *text, xy_queue *out)
{
    xy_inflow *stream = request->stream;
    if (stream->ended) {
        xy_buffer_clear(text);
        return; /* it has come before */
    }
    stream->ended = true;
    stream->last = (uint64_t)answer->id;
    stream->status = answer->status;
    stream->text = *text;
    *text = (xy_buffer){0};
    ask_again(controller, request, false, out);
}

/* The node keeps nothing of it any more. */
void xy_stream_over(xy_controller *controller, const xy_request *request, xy_map_node *node,
                    xy_queue *out)
{
    const xy_inflow over = {0};
    bool told;
    if (request->sent)
        tell(controller, node, request->slot.request, &over, XY_TAKEN_ALL, out, &told);
}

/* Taking. */

void xy_take(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    xy_request *request = xy_requests_find(&controller->requests, (uint64_t)command->value);
    xy_inflow *stream = request ? request->stream : NULL;
    if (stream && command->count > stream->taken && command->count <= stream->received) {
        stream->taken = command->count;
        tell_of(controller, request, out);
    }
    xy_answer(controller, controller->command, stream ? XYLEM_OK : XYLEM_NOT_FOUND, out);
}

void xy_streams_retry(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_request *request, *next;
    DL_FOREACH_SAFE(node->requests, request, next)
    {
        if (!xy_is_errand(request) && request->stream && request->stream->behind)
            tell_of(controller, request, out);
    }
}
