/* Which services there are: the library's, and those that the program has made known. */
#include "service/service.h"

#include <ctype.h>
#include <string.h>

enum { SUPPLIED = 5, OWN_MAX = 64 };

static const xylem_service *const supplied[SUPPLIED] = {&xy_timer, &xy_sum, &xy_dict, &xy_find,
                                                        &xy_sleep};
static const xylem_service *own[OWN_MAX]; /* changed only before there is a network */
static size_t own_count;

static const xylem_service *find(const xylem_service *const *services, size_t count,
                                 const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(services[i]->name, name) == 0)
            return services[i];
    return NULL;
}

const xylem_service *xy_service_named(const char *name)
{
    if (!*name)
        return &xy_timer;
    const xylem_service *found = find(supplied, SUPPLIED, name);
    return found ? found : find(own, own_count, name);
}

static bool is_name(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    return length > 0 && length < XYLEM_SERVICE_NAME_SIZE;
}

int xylem_register(const xylem_service *service)
{
    if (!service || !service->exec || !is_name(service->name) || xy_service_named(service->name))
        return XYLEM_INVALID;
    if (own_count == OWN_MAX)
        return XYLEM_BUSY;
    own[own_count++] = service;
    return XYLEM_OK;
}
