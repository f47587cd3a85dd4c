#include "sim/own.h"

#include "service/service.h"

struct check *own_told;
static size_t opened, closed, released;

void own_begin(struct check *check)
{
    own_told = check;
    opened = closed = released = 0;
}

void own_hush(void)
{
    own_told = NULL;
}

void own_register(const xylem_service *service, const char *long_name)
{
    xylem_service twin = *service;
    twin.name = long_name;
    twin.takes_long = true;
    if (xy_service_named(service->name))
        return;
    xylem_register(service);
    xylem_register(&twin);
}

void own_opened(void)
{
    opened++;
}

void own_closed(void)
{
    closed++;
}

void own_released(void)
{
    released++;
}

size_t own_count_closed(void)
{
    return closed;
}

size_t own_count_released(void)
{
    return released;
}

size_t own_count_left(void)
{
    return opened - closed - released;
}
