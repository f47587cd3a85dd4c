/* context: what a service knows and uses of its node; see xylem.h.
 *
 * The world that runs the node makes it before the service is opened, and frees it after the state
 * of the service.
 */
#ifndef XY_CONTEXT_H
#define XY_CONTEXT_H

#include "service/view.h"

struct xy_asking;
struct xy_tokens;

/* What a world does for a service, in the thread that is in one of its functions. */
typedef struct xy_context_ops {
    /* See xylem_context_timer: `ms` is 1 or more, and `timer` is not NULL. */
    int (*set_timer)(xylem_context *context, int64_t ms,
                     void (*callback)(xylem_context *context, void *owner), void *owner,
                     uint64_t *timer);
    void (*cancel_timer)(xylem_context *context, uint64_t timer);

    /* Makes sure that the service can be called back: see xylem_context_watch. NULL: it can. */
    int (*prepare)(xylem_context *context);

    /* See xylem_work_ask. */
    int (*ask)(xylem_context *context, const struct xy_asking *asking);
} xy_context_ops;

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

    xy_view *view; /* of the neighbours of the node */

    /* Told when there is room again for what is sent; NULL: it is not. */
    void (*room)(xylem_context *context, void *owner);
    void *room_owner;

    struct xy_tokens *tokens; /* by which it sends; lent, NULL without a node */

    const xy_context_ops *ops;
    void *world; /* of the operations */
};

/* Begins the context of one life, with a service and without a log. False, and nothing is to be
 * cleared, when there is no memory. */
bool xy_context_init(xylem_context *context, const xylem_service *service, const xy_birth *birth);
void xy_context_clear(xylem_context *context);

/* Asks other nodes, for so long: errors as with xylem_work_ask. */
int xy_context_ask(xylem_context *context, const struct xy_asking *asking, int64_t timeout_ms);

#endif
