/* service: what a node can do when it is asked to.
 *
 * A service is a table of functions; each node has one of its own, which is only called by that
 * node's thread, one call at a time.
 */
#ifndef XY_SERVICE_H
#define XY_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "core/message.h"

typedef struct xy_service {
    const char *name;

    /* Begins: *state gets what the other functions are given. XYLEM_NO_MEMORY. */
    int (*open)(void **state);

    /* Does `text`, which is lent and ends with a NUL, at time `now_ms`. *reply gets the answer,
     * which belongs to the service and lasts until its next call; it is "" before.
     * XYLEM_BAD_SUBCOMMAND. */
    int (*exec)(void *state, const char *text, int64_t now_ms, const char **reply);

    void (*close)(void *state);
} xy_service;

/* Has a service do the payload of a request: its exec. XYLEM_NO_MEMORY. */
int xy_service_do(const xy_service *service, void *state, const xy_message *request, int64_t now_ms,
                  const char **reply);

#endif
