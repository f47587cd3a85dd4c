/* Answers in parts, and what services publish. The controlling node passes on the chunks of each
 * stream in their order, each once; and tells the node which of them the program has taken, so that
 * there is room for more.
 */
#include "core/controller_parts.h"

#include <utlist.h>

#include "core/memory.h"

/* What comes from one node: the chunks of a request, or, of request 0, what it publishes. */
typedef struct stream {
    xy_map_node *node; /* or NULL */
    uint64_t request;
    xy_inflow *inflow; /* NULL: there is no such stream */
} stream;

static stream stream_of(const xy_controller *controller, const xy_request *request)
{
    return (stream){xy_map_of_life(&controller->map, request->life), request->slot.request,
                    request->stream};
}

static bool can_be_told(const xy_controller *controller, const xy_map_node *node)
{
    return node && !node->dead && !node->given_up && node->stage != XY_STAGE_ENDING &&
           !controller->closing;
}

/* Says how many were taken, and which are missing. Without memory it is said later. */
static void tell(xy_controller *controller, const stream *of, xy_queue *out)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    xy_inflow *inflow = of->inflow;
    const xy_message head = {.code = XY_TAKEN, .value = (int64_t)inflow->taken};
    xy_taken_encode(&(xy_taken){of->request, inflow->missing}, bytes);
    inflow->behind = can_be_told(controller, of->node) &&
                     !xy_tell_text(controller, of->node, &head, bytes, sizeof bytes, out);
    if (inflow->behind) {
        xy_retry_later(controller);
        return;
    }
    inflow->untold = 0;
    inflow->told = inflow->taken;
}

/* What was lost on its way; once, unless that is lost too. */
static void ask_again(xy_controller *controller, const stream *of, bool lost, xy_queue *out)
{
    xy_inflow *inflow = of->inflow;
    if (!lost && inflow->missing == inflow->received + 1)
        return;
    inflow->missing = inflow->received + 1;
    tell(controller, of, out);
}

/* Passing on. */

static bool pass_on(const xy_message *chunk, xy_queue *out)
{
    xy_action action = {.kind = XY_ACTION_CHUNK};
    action.chunk.command = chunk->number.request;
    action.chunk.chunk = xy_chunk_new(chunk->number, (uint64_t)chunk->value,
                                      xy_message_payload(chunk), chunk->payload_size);
    if (!action.chunk.chunk)
        return false;
    action.chunk.chunk->id = chunk->id;
    action.chunk.chunk->life = chunk->life;
    return xy_queue_push(out, &action);
}

static void end_if_whole(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_inflow *inflow = request->stream;
    if (!inflow->ended || inflow->received < inflow->last)
        return;
    xy_buffer text = inflow->text;
    inflow->text = (xy_buffer){0};
    xy_end_request(controller, request, inflow->status, 0, text.bytes, text.size, out);
    xy_buffer_clear(&text);
}

/* Whether it was the next one, which has been passed on. */
static bool take_next(xy_controller *controller, const stream *of, const xy_message *chunk,
                      xy_queue *out)
{
    xy_inflow *inflow = of->inflow;
    const uint64_t place = (uint64_t)chunk->value;
    if (place <= inflow->received)
        return false;
    if (chunk->status || place > inflow->received + 1) {
        ask_again(controller, of, chunk->status != 0, out);
        return false;
    }
    if (!pass_on(chunk, out)) {
        ask_again(controller, of, true, out);
        return false;
    }
    inflow->received = place;
    inflow->missing = 0;
    return true;
}

/* What a life publishes is known by its own tag. Without memory it is as if the first one had not
 * come, which another one shows. */
static void hear_published(xy_controller *controller, const xy_message *chunk, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, chunk->life);
    const xy_random random = xy_random_of(controller, chunk->life);
    if (!node || node->id != chunk->id || controller->closing ||
        chunk->number.tag != xy_random_at(&random, XY_STREAM_PUBLISHED, 0))
        return;
    if (!node->published && !(node->published = xy_allocate(1, sizeof *node->published)))
        return;
    const stream of = {node, 0, node->published};
    take_next(controller, &of, chunk, out);
}

void xy_hear_chunk(xy_controller *controller, const xy_message *chunk, xy_queue *out)
{
    if (chunk->number.request == 0) {
        hear_published(controller, chunk, out);
        return;
    }
    xy_request *request = xy_requests_find(&controller->requests, chunk->number.request);
    if (!request || !request->stream || request->tag != chunk->number.tag ||
        request->life.number != chunk->life.number)
        return; /* it is over, and the node was told */
    const stream of = stream_of(controller, request);
    if (take_next(controller, &of, chunk, out))
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
    const xy_inflow *inflow = request->stream;
    return inflow && (inflow->ended || inflow->last > inflow->received);
}

void xy_stream_keep(xy_controller *controller, xy_request *request, int status, xy_buffer *text,
                    xy_queue *out)
{
    xy_inflow *inflow = request->stream;
    if (inflow->ended) {
        xy_buffer_clear(text);
        return; /* it has come before */
    }
    inflow->ended = true;
    inflow->status = status;
    inflow->text = *text;
    *text = (xy_buffer){0};
    const stream of = stream_of(controller, request);
    ask_again(controller, &of, false, out);
}

/* The node is to keep nothing of it any more: as if it had been cancelled, which it may have been.
 */
void xy_stream_over(xy_controller *controller, const xy_request *request, xy_map_node *node,
                    xy_queue *out)
{
    const xy_inflow *inflow = request->stream;
    bool keeps_none = inflow->answered && inflow->last <= inflow->told;
    if (request->sent && !keeps_none && can_be_told(controller, node))
        xy_tell(controller, node, XY_CANCEL, (int64_t)request->slot.request, out);
}

/* Taking. */

static stream find_stream(const xy_controller *controller, const xy_command *take)
{
    xy_map_node *node = take->value ? NULL : xy_map_of_life(&controller->map, take->life);
    xy_request *request =
        take->value ? xy_requests_find(&controller->requests, (uint64_t)take->value) : NULL;
    return node      ? (stream){node, 0, node->published}
           : request ? stream_of(controller, request)
                     : (stream){0};
}

/* A node is not told of each one: only so that a service that waits for room always gets it. */
void xy_take(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    const stream of = find_stream(controller, command);
    xy_inflow *inflow = of.inflow;
    if (inflow && command->count > inflow->taken && command->count <= inflow->received) {
        inflow->taken = command->count;
        inflow->untold += command->size;
        if (inflow->untold >= xy_window_of(of.request) / 4)
            tell(controller, &of, out);
    }
    xy_answer(controller, controller->command, inflow ? XYLEM_OK : XYLEM_NOT_FOUND, out);
}

void xy_streams_retry(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_request *request, *next;
    const stream published = {node, 0, node->published};
    DL_FOREACH_SAFE(node->requests, request, next)
    {
        const stream of = stream_of(controller, request);
        if (!xy_is_errand(request) && of.inflow && of.inflow->behind)
            tell(controller, &of, out);
    }
    if (published.inflow && published.inflow->behind)
        tell(controller, &published, out);
}
