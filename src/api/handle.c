#include "api/handle.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <utlist.h>

#include "driver/executor.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards `opened` */
static xy_handle *opened;
static unsigned forks; /* changes only in a child that has one thread */

/* Its address is the name of a thread. */
static _Thread_local struct {
    const xy_handle *handle;
    char why[XY_REASON_SIZE];
} refused;

static uintptr_t this_thread(void)
{
    return (uintptr_t)&refused;
}

/* A child must not find the list locked by a thread that it does not have. */

static void lock(void)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

static void begin_child(void)
{
    forks++;
    unlock();
}

static void watch_forks(void)
{
    pthread_atfork(lock, unlock, begin_child);
}

void xy_handle_open(xy_handle *handle, xy_handle *shared)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    handle->user = shared ? shared->user : &handle->own;
    lock();
    handle->forks = forks;
    DL_PREPEND(opened, handle);
    unlock();
}

void xy_handle_close(xy_handle *handle)
{
    lock();
    DL_DELETE(opened, handle);
    unlock();
}

static bool is_open(const xy_handle *handle)
{
    lock();
    const xy_handle *found = opened;
    while (found && found != handle)
        found = found->next;
    unlock();
    return found != NULL;
}

bool xy_handle_is_foreign(const xy_handle *handle)
{
    return handle->forks != forks;
}

bool xy_handle_is_inherited(const xy_handle *handle)
{
    return is_open(handle) && xy_handle_is_foreign(handle);
}

static const char *take(xy_handle *handle)
{
    static const char by_service[] = "a service or a log callback may not call its own network";
    uintptr_t user = 0;
    if (!handle)
        return "the network is NULL";
    if (!is_open(handle))
        return "the network is not open: it was closed before";
    if (xy_handle_is_foreign(handle))
        return "the network belongs to the process that opened it: a forked child cannot use it";
    if (handle == xy_served_network)
        return by_service;
    if (atomic_compare_exchange_strong(handle->user, &user, this_thread()))
        return NULL;
    return user == this_thread()
               ? by_service
               : "another thread uses the network: only one thread may use it at a time";
}

void xy_handle_refuse(const xy_handle *handle, const char *why)
{
    refused.handle = handle;
    snprintf(refused.why, sizeof refused.why, "%s", why);
}

int xy_handle_enter(xy_handle *handle)
{
    const char *why = take(handle);
    if (why)
        xy_handle_refuse(handle, why);
    else if (refused.handle == handle)
        refused.handle = NULL;
    return why ? XYLEM_INVALID : XYLEM_OK;
}

void xy_handle_leave(xy_handle *handle)
{
    assert(atomic_load(handle->user) == this_thread());
    atomic_store(handle->user, 0);
}

const char *xy_handle_refusal(const xy_handle *handle)
{
    bool tells = !handle || refused.handle == handle || !is_open(handle);
    return tells ? refused.why : NULL;
}
