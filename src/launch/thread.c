#include "launch/thread_parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "driver/clock.h"

xy_thread *xy_thread_find(const xy_thread_launcher *launcher, xy_life life)
{
    xy_thread *found;
    HASH_FIND(hh, launcher->threads, &life.number, sizeof life.number, found);
    return found;
}

/* News: from the threads to the launcher. */

void xy_thread_wake_launcher(xy_thread_launcher *launcher)
{
    uint64_t one = 1;
    atomic_store(&launcher->any, true);
    if (write(launcher->launcher.fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

/* With the launcher's mutex. */
static void add_news(xy_thread *thread, unsigned news)
{
    xy_thread_launcher *launcher = thread->launcher;
    if (!launcher->news)
        xy_thread_wake_launcher(launcher);
    if (!thread->news)
        DL_APPEND(launcher->news, thread);
    thread->news |= news;
}

void xy_thread_tell(xy_thread *thread, unsigned news)
{
    pthread_mutex_lock(&thread->launcher->mutex);
    add_news(thread, news);
    pthread_mutex_unlock(&thread->launcher->mutex);
}

/* Of a child the parent to be says it. Of more than one link the latest counts. */
void xy_thread_report(xy_thread *self, const xy_action *action)
{
    xy_thread_launcher *launcher = self->launcher;
    pthread_mutex_lock(&launcher->mutex);
    if (action->kind == XY_ACTION_ATTACHED) {
        self->attached = action->attached.link;
        memcpy(self->address, action->attached.address, sizeof self->address);
        add_news(self, HAS_ATTACHED);
    } else {
        xy_thread *child = xy_thread_find(launcher, action->expected.life);
        if (child && child->expected.number < action->expected.link.number) {
            child->expected = action->expected.link;
            child->expected_tag = action->expected.tag;
            add_news(child, IS_EXPECTED);
        }
    }
    pthread_mutex_unlock(&launcher->mutex);
}

/* The thread's side. */

/* While it is paused; false when it is to die. */
static bool hold_up(xy_thread *self, bool *held)
{
    if ((atomic_load(&self->told) & (TO_PAUSE | TO_DIE)) == 0)
        return true;
    pthread_mutex_lock(&self->mutex);
    if ((atomic_load(&self->told) & (TO_PAUSE | TO_DIE)) == TO_PAUSE) {
        self->still = *held = true;
        xy_thread_tell(self, HAS_CHANGED);
        while ((atomic_load(&self->told) & (TO_PAUSE | TO_DIE)) == TO_PAUSE)
            pthread_cond_wait(&self->changed, &self->mutex);
        self->still = false;
    }
    pthread_mutex_unlock(&self->mutex);
    return (atomic_load(&self->told) & TO_DIE) == 0;
}

bool xy_thread_attend(xy_thread *self, bool *held)
{
    if (atomic_load(&self->rung))
        atomic_store(&self->rung, false); /* only now: what was told before is seen below */
    return hold_up(self, held);
}

bool xy_thread_await(xy_thread *self)
{
    pthread_mutex_lock(&self->mutex);
    while (atomic_load(&self->told) == 0)
        pthread_cond_wait(&self->changed, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
    bool held;
    return xy_thread_attend(self, &held);
}

bool xy_thread_order(xy_thread *self, xy_event *order)
{
    if ((atomic_load(&self->told) & (TO_ATTACH | TO_END)) == 0)
        return false;
    pthread_mutex_lock(&self->mutex);
    unsigned first = atomic_load(&self->told) & TO_ATTACH ? TO_ATTACH : TO_END;
    atomic_fetch_and(&self->told, ~first);
    *order = (xy_event){.kind = first == TO_ATTACH ? XY_EVENT_ATTACH : XY_EVENT_END};
    if (first == TO_ATTACH)
        order->attach = self->attachment;
    pthread_mutex_unlock(&self->mutex);
    return true;
}

static bool enter_service(void *owner)
{
    xy_thread *self = owner;
    bool held;
    hold_up(self, &held);
    pthread_mutex_lock(&self->mutex);
    unsigned told = atomic_load(&self->told);
    self->entered_ms = xy_clock_now_ms();
    self->place = IN_SERVICE;
    if (told & (TO_PAUSE | TO_DIE)) /* the launcher waits for it, and has to look again */
        xy_thread_tell(self, HAS_CHANGED);
    pthread_mutex_unlock(&self->mutex);
    return (told & TO_DIE) == 0;
}

void xy_thread_free(xy_thread *thread)
{
    pthread_mutex_destroy(&thread->mutex);
    pthread_cond_destroy(&thread->changed);
    free(thread);
}

void xy_thread_let_go(xy_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    bool last = !thread->shared;
    thread->shared = false;
    pthread_mutex_unlock(&thread->mutex);
    if (last)
        xy_thread_free(thread);
}

static bool leave_service(void *owner)
{
    xy_thread *self = owner;
    pthread_mutex_lock(&self->mutex);
    bool abandoned = self->place == ABANDONED;
    if (!abandoned)
        self->place = IN_NODE;
    pthread_mutex_unlock(&self->mutex);
    if (abandoned)
        xy_thread_let_go(self);
    return !abandoned;
}

xy_guard xy_thread_guard(xy_thread *thread)
{
    return (xy_guard){enter_service, leave_service, thread};
}

void xy_thread_started(xy_thread *thread, int64_t pid)
{
    assert(pid > 0);
    thread->pid = pid;
    xy_thread_tell(thread, HAS_STARTED);
}

void xy_thread_stopped(xy_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    thread->still = true;
    if (atomic_load(&thread->told) & (TO_PAUSE | TO_DIE))
        xy_thread_tell(thread, HAS_CHANGED);
    pthread_mutex_unlock(&thread->mutex);
}

bool xy_thread_hold(xy_thread *thread, xy_life life)
{
    xy_thread_launcher *launcher = thread->launcher;
    pthread_mutex_lock(xy_thread_reach(launcher, life));
    pthread_mutex_lock(&launcher->mutex); /* it guards the table */
    const xy_thread *found = xy_thread_find(launcher, life);
    pthread_mutex_unlock(&launcher->mutex);
    return found && !found->deaf;
}

void xy_thread_release(xy_thread *thread, xy_life life)
{
    pthread_mutex_unlock(xy_thread_reach(thread->launcher, life));
}

void xy_thread_be_deaf(xy_thread *thread)
{
    pthread_mutex_t *reach = xy_thread_reach(thread->launcher, thread->life);
    pthread_mutex_lock(reach);
    thread->deaf = true;
    pthread_mutex_unlock(reach);
}

void *xy_thread_run(void *argument)
{
    xy_thread *self = argument;
    const xy_thread_ops *ops = self->launcher->ops;
    ops->run(self->node, &self->error);
    xy_thread_be_deaf(self);
    ops->close(self->node);
    xy_thread_tell(self, HAS_ENDED);
    return NULL;
}
