#include "service/service.h"

#include <stdlib.h>
#include <string.h>

int xy_service_open(const xylem_service *service, void **state)
{
    *state = NULL;
    return service->open ? service->open(state) : XYLEM_OK;
}

void xy_service_close(const xylem_service *service, void *state)
{
    if (service->close)
        service->close(state);
}

int xy_service_do(const xylem_service *service, void *state, xylem_work *work)
{
    int status = service->exec(state, work);
    bool known = status >= XYLEM_OK && status < XYLEM_ERROR_COUNT;
    return known && status != XYLEM_PENDING ? status : XYLEM_FAILED; /* it is finished */
}

const char *xylem_work_text(const xylem_work *work, size_t *size)
{
    if (size)
        *size = work->size;
    return work->text;
}

int64_t xylem_work_now(const xylem_work *work)
{
    return work->now_ms;
}

int xylem_work_reply(xylem_work *work, const void *reply, size_t size)
{
    if (size > XYLEM_TEXT_MAX)
        return XYLEM_TOO_LONG;
    char *copy = malloc(size + 1);
    if (!copy)
        return XYLEM_NO_MEMORY;
    if (size > 0)
        memcpy(copy, reply, size);
    copy[size] = '\0';
    free(work->reply);
    work->reply = copy;
    work->reply_size = size;
    return XYLEM_OK;
}

bool xylem_work_wanted(const xylem_work *work)
{
    return !work->wanted || work->wanted(work);
}

bool xylem_work_rest(xylem_work *work, int64_t ms)
{
    return work->rest && work->rest(work, ms > 0 ? ms : 0);
}
