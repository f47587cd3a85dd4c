#include "service/context.h"

#include <stdlib.h>

bool xy_context_init(xylem_context *context, const xylem_service *service, const xy_birth *birth)
{
    *context = (xylem_context){.user = service->user};
    return xy_birth_copy(&context->birth, birth);
}

void xy_context_clear(xylem_context *context)
{
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

void xylem_context_log(const xylem_context *context, enum xylem_log_level level, const char *text)
{
    if (context->log && text)
        context->log(context->log_owner, level, text);
}
