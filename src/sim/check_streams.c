/* Answers in parts: I21. */
#include "sim/check.h"

#include <inttypes.h>

#include "sim/need.h"
#include "sim/sender.h"

static size_t cost_until(const struct entry *job, uint64_t count)
{
    return count > 0 ? job->costs[count - 1] : 0;
}

/* What is published. */

static void published(struct check *check, uint64_t node, const xy_chunk *chunk)
{
    struct life *life = &check->model.lives[node];
    if (chunk->place != life->published + 1)
        check_broken(check, "I21", "life %" PRIu64 " publishes event %" PRIu64 " after %" PRIu64,
                     node, chunk->place, life->published);
    life->published++;
    if (sender_cost(life->published) - sender_cost(life->took) > XYLEM_PUBLISH_WINDOW)
        check_broken(check, "I21", "life %" PRIu64 " has published %zu bytes too early", node,
                     sender_cost(life->published) - sender_cost(life->took));
    check_turn(check, TURN_PUBLISHED);
}

static void heard(struct check *check, const xy_chunk *chunk)
{
    struct life *life = &check->model.lives[chunk->life.number];
    if (chunk->place != life->passed + 1 || life->passed >= life->published ||
        chunk->id != life->id)
        check_broken(check, "I21",
                     "event %" PRIu64 " of life %" PRIu64 " comes after %" PRIu64 ", and %" PRIu64
                     " were published",
                     chunk->place, chunk->life.number, life->passed, life->published);
    else if (!sender_has_published(chunk->life.number, chunk->place, chunk->bytes, chunk->size))
        check_broken(check, "I21", "event %" PRIu64 " of life %" PRIu64 " is another one",
                     chunk->place, chunk->life.number);
    life->passed++;
}

static bool takes_published(struct check *check, const xy_command *take)
{
    struct life *life = &check->model.lives[take->life.number];
    bool can = xy_map_of_life(&check->controller->map, take->life) && life->passed > 0;
    if (can && take->count > life->took && take->count <= life->passed)
        life->took = take->count;
    return can;
}

/* At a node: its service sends a chunk. */
void check_sent(struct check *check, uint64_t node, const xy_event *event)
{
    const xy_chunk *chunk = event->sent.chunk;
    if (chunk->request.request == 0) {
        published(check, node, chunk);
        return;
    }
    struct entry *job = check_work_of(check, node, chunk->request.request);
    if (!job || !job->streams || job->tag != chunk->request.tag) {
        check_broken(check, "I21", "life %" PRIu64 " sends a chunk for request %" PRIu64, node,
                     chunk->request.request);
        return;
    }
    if (chunk->place != job->sent + 1)
        check_broken(check, "I21", "life %" PRIu64 " sends chunk %" PRIu64 " after %" PRIu64, node,
                     chunk->place, job->sent);
    job->costs = need(realloc(job->costs, (job->sent + 1) * sizeof *job->costs));
    job->costs[job->sent] = cost_until(job, job->sent) + XY_CHUNK_COST(chunk->size);
    job->sent++;
    if (cost_until(job, job->sent) - cost_until(job, job->took) > XYLEM_STREAM_WINDOW)
        check_broken(check, "I21", "request %" PRIu64 " has %zu bytes on their way",
                     chunk->request.request,
                     cost_until(job, job->sent) - cost_until(job, job->took));
    check_turn(check, TURN_CHUNK_SENT);
}

/* At the controlling node: one has come. */
void check_chunk(struct check *check, const xy_action *action)
{
    const xy_chunk *chunk = action->chunk.chunk;
    if (action->chunk.command == 0) {
        heard(check, chunk);
        return;
    }
    struct entry *job = history_find(&check->history, action->chunk.command);
    bool wanted = job && job->open && job->streams;
    if (!wanted || chunk->place != job->got + 1 || job->got >= job->sent)
        check_broken(check, "I21",
                     "chunk %" PRIu64 " of request %" PRIu64 " comes after %" PRIu64
                     ", and %" PRIu64 " were sent",
                     chunk->place, action->chunk.command, job ? job->got : 0, job ? job->sent : 0);
    else if (!sender_has_sent(action->chunk.command, chunk->place, chunk->bytes, chunk->size))
        check_broken(check, "I21", "chunk %" PRIu64 " of request %" PRIu64 " is another one",
                     chunk->place, action->chunk.command);
    if (wanted)
        job->got++;
    check_turn(check, TURN_CHUNK_CAME);
}

bool check_takes(struct check *check, const xy_command *take)
{
    struct entry *job = history_find(&check->history, (uint64_t)take->value);
    if (take->value == 0)
        return takes_published(check, take);
    bool can = job && job->open && job->streams;
    if (can && take->count > job->took && take->count <= job->got)
        job->took = take->count;
    return can;
}

size_t check_cost_of(const struct entry *job, uint64_t count)
{
    return cost_until(job, count) - cost_until(job, job->took);
}

/* The request has its answer; with success only after all chunks. */
void check_streamed(struct check *check, const struct entry *job, int status)
{
    if (status == XYLEM_OK && job->got != job->sent)
        check_fail(check, "I21", job, "its end comes before its chunks", status);
}

/* All is quiet. */
void check_streams_quiet(struct check *check, uint64_t node)
{
    const xy_node *one = xy_simulation_node(check->world, (xy_life){node});
    const struct life *life = &check->model.lives[node];
    for (const xy_chunk *chunk = one ? one->chunks.list : NULL; chunk; chunk = chunk->next)
        if (chunk->request.request)
            check_broken(check, "I7", "life %" PRIu64 " keeps chunks of request %" PRIu64, node,
                         chunk->request.request);
    if (life->passed < life->published)
        check_broken(check, "I21",
                     "life %" PRIu64 " has published %" PRIu64 ", and %" PRIu64 " have come", node,
                     life->published, life->passed);
}
