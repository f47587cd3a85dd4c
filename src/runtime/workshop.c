#include "runtime/workshop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/limits.h"

/* How long work that is not wanted any more may take to end. */
enum { ABANDONED_AFTER_MS = 100 };

enum stage { IDLE, WAITING, UNDER_WAY, DONE };

struct xy_workshop {
    const xylem_service *service;
    void *state; /* of the service */

    /* Of the thread, from here on. */
    pthread_t thread;
    bool manned;
    int done_fd;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    _Atomic(enum stage) stage;
    atomic_bool unwanted;
    int64_t unwanted_since_ms;
    bool closing, left, abandoned;
    uint64_t request;
    int status;
    char *text;
    xylem_work work;
};

/* Opening. */

static void init_locks(xy_workshop *workshop)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&workshop->changed, &attributes);
    pthread_mutex_init(&workshop->mutex, NULL);
    pthread_condattr_destroy(&attributes);
}

xy_workshop *xy_workshop_open(const char *service, char reason[XYLEM_REASON_SIZE])
{
    const xylem_service *found = xy_service_named(service);
    xy_workshop *workshop = found ? calloc(1, sizeof *workshop) : NULL;
    if (!found)
        snprintf(reason, XYLEM_REASON_SIZE, "there is no service '%s'", service);
    else if (!workshop)
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
    if (!workshop)
        return NULL;
    int error = xy_service_open(found, &workshop->state);
    if (error) {
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(error));
        free(workshop);
        return NULL;
    }
    workshop->service = found;
    workshop->done_fd = -1;
    init_locks(workshop);
    return workshop;
}

static void demolish(xy_workshop *workshop)
{
    xy_service_close(workshop->service, workshop->state);
    if (workshop->done_fd >= 0)
        close(workshop->done_fd);
    free(workshop->text);
    free(workshop->work.reply);
    pthread_cond_destroy(&workshop->changed);
    pthread_mutex_destroy(&workshop->mutex);
    free(workshop);
}

/* Waiting, with the mutex held, until something changes or the time has come: then false. */
static bool wait_until(xy_workshop *workshop, int64_t until_ms)
{
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&workshop->changed, &workshop->mutex, &until) != ETIMEDOUT;
}

/* What a piece of work may ask while it is under way. */

static bool wanted(const xylem_work *work)
{
    return !atomic_load(&((const xy_workshop *)work->world)->unwanted);
}

static bool rest(xylem_work *work, int64_t ms)
{
    xy_workshop *workshop = work->world;
    int64_t now_ms = xy_clock_now_ms();
    int64_t until_ms = ms < INT64_MAX - now_ms ? now_ms + ms : INT64_MAX;
    pthread_mutex_lock(&workshop->mutex);
    while (wanted(work) && wait_until(workshop, until_ms))
        ;
    pthread_mutex_unlock(&workshop->mutex);
    return wanted(work);
}

/* The thread. */

static void ring(const xy_workshop *workshop)
{
    uint64_t one = 1;
    if (write(workshop->done_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

static void do_work(xy_workshop *workshop)
{
    atomic_store(&workshop->stage, UNDER_WAY);
    pthread_mutex_unlock(&workshop->mutex);
    int status = xy_service_do(workshop->service, workshop->state, &workshop->work);
    pthread_mutex_lock(&workshop->mutex);
    workshop->status = status;
    free(workshop->text);
    workshop->text = NULL;
    atomic_store(&workshop->stage, DONE);
    if (!workshop->abandoned)
        ring(workshop);
}

/* Whoever comes last, this thread or the node's, demolishes the workshop. */
static void *man(void *argument)
{
    xy_workshop *workshop = argument;
    pthread_mutex_lock(&workshop->mutex);
    while (!workshop->closing)
        if (atomic_load(&workshop->stage) == WAITING)
            do_work(workshop);
        else
            pthread_cond_wait(&workshop->changed, &workshop->mutex);
    workshop->left = true;
    bool last = workshop->abandoned;
    pthread_cond_broadcast(&workshop->changed);
    pthread_mutex_unlock(&workshop->mutex);
    if (last)
        demolish(workshop);
    return NULL;
}

static int start_thread(xy_workshop *workshop)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    int error = pthread_create(&workshop->thread, NULL, man, workshop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static bool make_manned(xy_workshop *workshop, char reason[XYLEM_REASON_SIZE])
{
    if (workshop->manned)
        return true;
    xy_limits_hold();
    if (workshop->done_fd < 0 && xy_limits_descriptors(1, reason))
        workshop->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    xy_limits_release();
    if (workshop->done_fd < 0)
        return false;
    int error = start_thread(workshop);
    if (error)
        xy_limits_explain("thread", error, reason);
    workshop->manned = !error;
    return workshop->manned;
}

/* Doing. */

static char *copy_text(const xy_message *request)
{
    char *text = malloc((size_t)request->payload_size + 1);
    if (!text)
        return NULL;
    if (request->payload_size > 0)
        memcpy(text, request->payload, request->payload_size);
    text[request->payload_size] = '\0';
    return text;
}

static bool fail(uint64_t request, int status, const char *reason, xy_done *done)
{
    *done = (xy_done){.request = request, .status = status, .text = strdup(reason)};
    done->size = done->text ? strlen(done->text) : 0;
    return true;
}

static bool do_at_once(const xy_workshop *workshop, uint64_t request, xylem_work *work,
                       xy_done *done)
{
    int status = xy_service_do(workshop->service, workshop->state, work);
    *done = (xy_done){request, status, work->reply, work->reply_size};
    return true;
}

static void hand_over(xy_workshop *workshop, uint64_t request, char *text, const xylem_work *work)
{
    pthread_mutex_lock(&workshop->mutex);
    workshop->request = request;
    workshop->text = text;
    workshop->work = *work;
    atomic_store(&workshop->unwanted, false);
    atomic_store(&workshop->stage, WAITING);
    pthread_cond_broadcast(&workshop->changed);
    pthread_mutex_unlock(&workshop->mutex);
}

bool xy_workshop_do(xy_workshop *workshop, const xy_message *request, int64_t now_ms, xy_done *done)
{
    char reason[XYLEM_REASON_SIZE] = "no descriptor to be had";
    char *text = copy_text(request);
    xylem_work work = {.text = text, .size = request->payload_size, .now_ms = now_ms};
    if (!text)
        return fail(request->request, XYLEM_NO_MEMORY, "", done);
    if (!workshop->service->takes_long) {
        do_at_once(workshop, request->request, &work, done);
        free(text);
        return true;
    }
    if (!make_manned(workshop, reason)) {
        free(text);
        return fail(request->request, XYLEM_FAILED, reason, done);
    }
    work.wanted = wanted;
    work.rest = rest;
    work.world = workshop;
    hand_over(workshop, request->request, text, &work);
    return false;
}

bool xy_workshop_busy(const xy_workshop *workshop)
{
    return atomic_load(&workshop->stage) != IDLE;
}

int xy_workshop_fd(const xy_workshop *workshop)
{
    return workshop->done_fd;
}

bool xy_workshop_take(xy_workshop *workshop, xy_done *done)
{
    uint64_t count;
    if (atomic_load(&workshop->stage) != DONE)
        return false;
    pthread_mutex_lock(&workshop->mutex);
    if (read(workshop->done_fd, &count, sizeof count) < 0)
        count = 0; /* nobody has polled it in the meantime */
    *done = (xy_done){workshop->request, workshop->status, workshop->work.reply,
                      workshop->work.reply_size};
    workshop->work.reply = NULL;
    atomic_store(&workshop->stage, IDLE);
    atomic_store(&workshop->unwanted, false);
    pthread_mutex_unlock(&workshop->mutex);
    return true;
}

/* Ending. */

static void end_work(xy_workshop *workshop)
{
    if (!atomic_exchange(&workshop->unwanted, true))
        workshop->unwanted_since_ms = xy_clock_now_ms();
    pthread_cond_broadcast(&workshop->changed);
}

void xy_workshop_cancel(xy_workshop *workshop, uint64_t request)
{
    pthread_mutex_lock(&workshop->mutex);
    if (workshop->request == request)
        end_work(workshop);
    pthread_mutex_unlock(&workshop->mutex);
}

/* Waits until the thread has left, or abandons it. */
static bool dismiss(xy_workshop *workshop)
{
    pthread_mutex_lock(&workshop->mutex);
    workshop->closing = true;
    end_work(workshop);
    bool idle = atomic_load(&workshop->stage) != UNDER_WAY;
    int64_t since_ms = idle ? xy_clock_now_ms() : workshop->unwanted_since_ms;
    int64_t until_ms = since_ms + ABANDONED_AFTER_MS;
    while (!workshop->left && wait_until(workshop, until_ms))
        ;
    workshop->abandoned = !workshop->left;
    pthread_t thread = workshop->thread;
    bool gone = workshop->left;
    pthread_mutex_unlock(&workshop->mutex);
    if (gone)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
    return gone;
}

bool xy_workshop_close(xy_workshop **closed)
{
    xy_workshop *workshop = *closed;
    *closed = NULL;
    if (!workshop)
        return true;
    bool gone = !workshop->manned || dismiss(workshop);
    if (gone)
        demolish(workshop);
    return gone;
}
