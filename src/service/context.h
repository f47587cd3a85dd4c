/* context: what a service knows and uses of its node; see xylem.h.
 *
 * The world that runs the node makes it before the service is opened, and frees it after the state
 * of the service.
 */
#ifndef XY_CONTEXT_H
#define XY_CONTEXT_H

#include "core/step.h"

struct xylem_context {
    xy_birth birth; /* a copy: owns its arguments and its saved state */
    void *user;
    uint64_t drawn; /* how many random numbers */

    /* What the service has saved last, freed by free; NULL: nothing but what the birth has. */
    char *saved;
    size_t saved_size;

    /* Writes a line to the log of the node; any thread may call it. */
    void (*log)(void *log_owner, enum xylem_log_level level, const char *text);
    void *log_owner;
};

/* Begins the context of one life, with a service and without a log. False, and nothing is to be
 * cleared, when there is no memory. */
bool xy_context_init(xylem_context *context, const xylem_service *service, const xy_birth *birth);
void xy_context_clear(xylem_context *context);

#endif
