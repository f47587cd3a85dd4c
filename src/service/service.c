#include "service/service.h"

#include <stdlib.h>
#include <string.h>

int xy_service_do(const xy_service *service, void *state, const xy_message *request, int64_t now_ms,
                  const char **reply)
{
    char *text = malloc((size_t)request->payload_size + 1);
    if (!text)
        return XYLEM_NO_MEMORY;
    if (request->payload_size > 0)
        memcpy(text, request->payload, request->payload_size);
    text[request->payload_size] = '\0';
    int status = service->exec(state, text, now_ms, reply);
    free(text);
    return status;
}
