#include "service/view.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/memory.h"
#include "service/context.h"

/* The function is called without the lock: it may look, and watch. */
static void run(xy_call *call, xylem_context *context)
{
    xy_view *view = (xy_view *)(void *)((char *)call - offsetof(xy_view, call));
    pthread_mutex_lock(&view->mutex);
    void (*callback)(xylem_context *, void *) = view->callback;
    void *owner = view->owner;
    view->due = false;
    pthread_mutex_unlock(&view->mutex);
    if (callback)
        callback(context, owner);
}

/* It is a part of the view, and may be due again. */
static void leave_alone(xy_call *call)
{
    (void)call;
}

void xy_view_init(xy_view *view)
{
    *view = (xy_view){.call = {.run = run, .free = leave_alone}, .parent = XYLEM_ANY};
    pthread_mutex_init(&view->mutex, NULL);
}

void xy_view_clear(xy_view *view)
{
    xy_release(view->children);
    pthread_mutex_destroy(&view->mutex);
}

xy_call *xy_view_tell(xy_view *view, xy_action *neighbours)
{
    assert(neighbours->kind == XY_ACTION_NEIGHBOURS);
    pthread_mutex_lock(&view->mutex);
    int64_t *before = view->children;
    view->parent = neighbours->neighbours.parent;
    view->children = neighbours->neighbours.children;
    view->count = neighbours->neighbours.count;
    neighbours->neighbours.children = NULL;
    bool begins = view->callback && !view->due;
    view->due = view->due || begins;
    pthread_mutex_unlock(&view->mutex);
    xy_release(before);
    return begins ? &view->call : NULL;
}

void xy_view_watch(xy_view *view, void (*callback)(xylem_context *context, void *owner),
                   void *owner)
{
    pthread_mutex_lock(&view->mutex);
    view->callback = callback;
    view->owner = owner;
    pthread_mutex_unlock(&view->mutex);
}

int64_t xy_view_parent(xy_view *view)
{
    pthread_mutex_lock(&view->mutex);
    int64_t parent = view->parent;
    pthread_mutex_unlock(&view->mutex);
    return parent;
}

size_t xy_view_children(xy_view *view, int64_t *ids, size_t room)
{
    pthread_mutex_lock(&view->mutex);
    size_t count = view->count, written = room < count ? room : count;
    if (ids && written > 0)
        memcpy(ids, view->children, written * sizeof *ids);
    pthread_mutex_unlock(&view->mutex);
    return count;
}
