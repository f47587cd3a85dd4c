/* view: what a service sees of the neighbours of its node: see xylem_context_parent. The node tells
 * it in its own thread; any thread of the service may look.
 */
#ifndef XY_VIEW_H
#define XY_VIEW_H

#include <pthread.h>

#include "core/step.h"
#include "service/call.h"

typedef struct xy_view {
    xy_call call;
    pthread_mutex_t mutex; /* guards the rest */
    int64_t parent;
    int64_t *children; /* memory of core */
    size_t count;
    void (*callback)(xylem_context *context, void *owner);
    void *owner;
    bool due; /* the callback is, and has not begun */
} xy_view;

/* No neighbours yet. */
void xy_view_init(xy_view *view);
void xy_view_clear(xy_view *view);

/* Does the action NEIGHBOURS, and takes its children out. The call that is due now; NULL: there is
 * none, or it was due before. */
xy_call *xy_view_tell(xy_view *view, xy_action *neighbours);

void xy_view_watch(xy_view *view, void (*callback)(xylem_context *context, void *owner),
                   void *owner);

int64_t xy_view_parent(xy_view *view);
size_t xy_view_children(xy_view *view, int64_t *ids, size_t room);

#endif
