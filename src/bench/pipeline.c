#include "bench/pipeline.h"

#include <string.h>

#include "bench/must.h"

enum { TIMEOUT_MS = 60000 };

static void take(void *owner, xy_action *action)
{
    struct pipeline *pipeline = owner;
    if (action->kind == XY_ACTION_REPLY) {
        expect(action->reply.status, "reply");
        pipeline->answered++;
    }
}

void pipeline_open(struct pipeline *pipeline, const struct setting *setting)
{
    xy_error error = {0};
    *pipeline = (struct pipeline){.answered = 0};
    xy_world_options options = {
        .controller = &pipeline->controller,
        .begin = {.topology = xy_topology_named(setting->topology ? setting->topology : "bst"),
                  .timeout_ms = TIMEOUT_MS},
        .transport = setting->transport,
        .log_level = XYLEM_LOG_WARNING,
        .deliver = take,
        .owner = pipeline};
    pipeline->world = setting->world == XYLEM_PROCESS ? xy_process_world(&options, &error)
                                                      : xy_thread_world(&options, &error);
    must(pipeline->world != NULL, error.text);
}

void pipeline_give(struct pipeline *pipeline, xy_command_kind kind, int64_t id, const char *text)
{
    xy_command command = {.kind = kind,
                          .id = id,
                          .parent = XY_PARENT_ANY,
                          .timeout_ms = -1,
                          .text = text,
                          .size = strlen(text)};
    pipeline->world->ops->command(pipeline->world, &command);
}

void pipeline_await(struct pipeline *pipeline, size_t answered)
{
    const xy_world_ops *ops = pipeline->world->ops;
    while (pipeline->answered < answered)
        if (!ops->work(pipeline->world) && pipeline->answered < answered)
            ops->wait(pipeline->world, XY_NEVER);
}

void pipeline_close(struct pipeline *pipeline)
{
    pipeline->world->ops->close(pipeline->world);
}
