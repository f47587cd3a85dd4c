#include "service/context.h"

#include <stdlib.h>
#include <string.h>

#include "service/calls.h"
#include "service/token.h"

bool xy_context_init(xylem_context *context, const xylem_service *service, const xy_birth *birth)
{
    *context = (xylem_context){.user = service->user, .view = malloc(sizeof *context->view)};
    if (!context->view || !xy_birth_copy(&context->birth, birth)) {
        free(context->view);
        return false;
    }
    xy_view_init(context->view);
    return true;
}

void xy_context_clear(xylem_context *context)
{
    xy_view_clear(context->view);
    free(context->view);
    xy_birth_clear(&context->birth);
    free(context->saved);
}

int64_t xylem_context_id(const xylem_context *context)
{
    return context->birth.id;
}

uint64_t xylem_context_life(const xylem_context *context)
{
    return context->birth.life.number;
}

const char *xylem_context_arguments(const xylem_context *context, size_t *size)
{
    const uint8_t *arguments = context->birth.arguments;
    if (size)
        *size = context->birth.arguments_size;
    return arguments ? (const char *)arguments : "";
}

void *xylem_context_user(const xylem_context *context)
{
    return context->user;
}

uint64_t xylem_context_random(xylem_context *context)
{
    return xy_random_at(&context->birth.random, XY_STREAM_SERVICE, context->drawn++);
}

int64_t xylem_context_parent(const xylem_context *context)
{
    return xy_view_parent(context->view);
}

size_t xylem_context_children(const xylem_context *context, int64_t *ids, size_t room)
{
    return xy_view_children(context->view, ids, room);
}

int xylem_context_watch(xylem_context *context,
                        void (*callback)(xylem_context *context, void *owner), void *owner)
{
    if (!context || !context->ops)
        return XYLEM_INVALID;
    int error = callback && context->ops->prepare ? context->ops->prepare(context) : XYLEM_OK;
    if (!error)
        xy_view_watch(context->view, callback, owner);
    return error;
}

int xylem_context_timer(xylem_context *context, int64_t ms,
                        void (*callback)(xylem_context *context, void *owner), void *owner,
                        uint64_t *timer)
{
    uint64_t number = 0;
    int error = context && context->ops && callback
                    ? context->ops->set_timer(context, ms > 1 ? ms : 1, callback, owner, &number)
                    : XYLEM_INVALID;
    if (timer)
        *timer = number;
    return error;
}

void xylem_context_timer_cancel(xylem_context *context, uint64_t timer)
{
    if (context && context->ops)
        context->ops->cancel_timer(context, timer);
}

int xy_context_ask(xylem_context *context, const xy_asking *asking, int64_t timeout_ms)
{
    xy_asking limited = *asking;
    if (!context || !context->ops || !asking->set || (!asking->callback && !asking->take) ||
        (!asking->text && asking->size > 0))
        return XYLEM_INVALID;
    limited.budget_ms =
        timeout_ms < 0 || timeout_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)timeout_ms;
    return context->ops->ask(context, &limited);
}

/* The topic, a NUL, and the bytes. */
static int publish(const xylem_context *context, const char *topic, const void *bytes, size_t size)
{
    size_t head = strlen(topic) + 1;
    char *all = malloc(head + size);
    if (!all)
        return XYLEM_NO_MEMORY;
    memcpy(all, topic, head);
    if (size > 0)
        memcpy(all + head, bytes, size);
    int error = xy_tokens_send(context->tokens, (xy_number){0, 0}, true, all, head + size);
    free(all);
    return error;
}

int xylem_context_publish(xylem_context *context, const char *topic, const void *bytes, size_t size)
{
    size_t length = topic ? strnlen(topic, XYLEM_TOPIC_MAX + 1) : 0;
    if (!context || !context->tokens || length == 0 || length > XYLEM_TOPIC_MAX ||
        (!bytes && size > 0))
        return XYLEM_INVALID;
    return size > XYLEM_CHUNK_MAX ? XYLEM_TOO_LONG : publish(context, topic, bytes, size);
}

void xylem_context_room(xylem_context *context,
                        void (*callback)(xylem_context *context, void *owner), void *owner)
{
    if (!context)
        return;
    context->room = callback;
    context->room_owner = owner;
}

void xylem_context_log(const xylem_context *context, enum xylem_log_level level, const char *text)
{
    if (context->log && text)
        context->log(context->log_owner, level, text);
}
