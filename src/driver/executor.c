#include "driver/executor.h"

#include <assert.h>
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

#include "core/memory.h"
#include "driver/clock.h"
#include "driver/limits.h"

/* How long work that is not wanted any more may take to end. */
enum { ABANDONED_AFTER_MS = 100 };

enum stage { IDLE, WAITING, UNDER_WAY, DONE };

_Thread_local const void *xy_served_network;

struct xy_executor {
    const void *network; /* that is served */
    const xylem_service *service;
    xylem_context context;
    xy_log log; /* of the context; holds its sink */
    xy_guard guard;
    void *state;         /* of the service */
    const uint8_t *text; /* of the work; memory of core */
    xylem_work work;
    bool opened; /* there is a state that has to be closed or released */

    /* Of the thread, from here on; also the work, when there is one. */
    bool manned;
    int done_fd;
    pthread_t thread;
    xy_tokens *tokens;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    _Atomic(enum stage) stage;
    int status;
    xy_number request;
    int64_t unwanted_since_ms;
    xy_calls calls;
    xy_room room;
    atomic_int_least64_t due_ms; /* when the node's own thread is to look at the calls */
    atomic_bool unwanted;
    atomic_bool calling; /* the thread calls back, or is to */
    atomic_bool asks;    /* there are questions to other nodes */
    bool closing, left, abandoned;
    bool within; /* a rest calls back */
    bool saves;  /* with the work the state has become another one: see the context */
};

/* Freeing. */

static void forget_text(xy_executor *executor)
{
    xy_release((void *)(uintptr_t)executor->text);
    executor->text = NULL;
}

/* Nothing calls the service back, and no answer is wanted any more. */
static void hush(xy_executor *executor)
{
    xy_tokens_close(executor->tokens);
    pthread_mutex_lock(&executor->mutex);
    xy_calls_close(&executor->calls);
    atomic_store(&executor->due_ms, XY_NEVER);
    pthread_mutex_unlock(&executor->mutex);
}

/* A state that is still there was not closed: the node was killed, or its service abandoned. */
static void demolish(xy_executor *executor)
{
    hush(executor);
    if (executor->opened)
        xy_service_release(executor->service, executor->state);
    xy_work_forget(&executor->work);
    xy_tokens_let_go(&executor->tokens);
    xy_calls_close(&executor->calls);
    if (executor->done_fd >= 0)
        close(executor->done_fd);
    forget_text(executor);
    free(executor->work.reply);
    xy_context_clear(&executor->context);
    xy_log_sink_release(executor->log.sink);
    pthread_cond_destroy(&executor->changed);
    pthread_mutex_destroy(&executor->mutex);
    free(executor);
}

/* The end of the thread. */

/* Waiting, with the mutex held, until something changes or the time has come: then false. */
static bool wait_until(xy_executor *executor, int64_t until_ms)
{
    struct timespec until = {until_ms / 1000, until_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&executor->changed, &executor->mutex, &until) != ETIMEDOUT;
}

static void end_work(xy_executor *executor)
{
    if (!atomic_exchange(&executor->unwanted, true))
        executor->unwanted_since_ms = xy_clock_now_ms();
    pthread_cond_broadcast(&executor->changed);
}

/* Waits until the thread has left, or abandons it. */
static bool dismiss(xy_executor *executor)
{
    pthread_mutex_lock(&executor->mutex);
    executor->closing = true;
    end_work(executor);
    bool idle = atomic_load(&executor->stage) != UNDER_WAY;
    int64_t since_ms = idle ? xy_clock_now_ms() : executor->unwanted_since_ms;
    int64_t until_ms = since_ms + ABANDONED_AFTER_MS;
    while (!executor->left && wait_until(executor, until_ms))
        ;
    executor->abandoned = !executor->left;
    pthread_t thread = executor->thread;
    bool gone = executor->left;
    pthread_mutex_unlock(&executor->mutex);
    if (gone)
        pthread_join(thread, NULL);
    else
        pthread_detach(thread);
    return gone;
}

/* Calls of the service by the node's own thread: each is between these two. */

static bool enter(const xy_executor *executor)
{
    return !executor->guard.enter || executor->guard.enter(executor->guard.owner);
}

/* Returns only if the node is still this thread's. What is freed otherwise is all that the thread
 * still has: its callers keep nothing that they would have to free. Work that takes long may be
 * under way then, while the node's own thread combines answers. */
static void leave(xy_executor *executor)
{
    if (!executor->guard.leave || executor->guard.leave(executor->guard.owner))
        return;
    hush(executor);
    if (!executor->manned || executor->left || dismiss(executor))
        demolish(executor);
    pthread_exit(NULL);
}

/* Waking up the node's own thread. */

static void ring(void *owner)
{
    const xy_executor *executor = owner;
    uint64_t one = 1;
    if (write(executor->done_fd, &one, sizeof one) < 0)
        return; /* it is readable already */
}

static bool open_done_fd(xy_executor *executor, xy_error *error)
{
    xy_limits_hold();
    if (xy_limits_descriptors(1, error)) {
        executor->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (executor->done_fd < 0)
            xy_limits_explain("open a descriptor", errno, error);
    }
    xy_limits_release();
    return executor->done_fd >= 0;
}

/* By the node's own thread, unless there is another one, which has it already. */
static bool make_ringing(void *owner)
{
    xy_executor *executor = owner;
    xy_error error;
    return executor->done_fd >= 0 || open_done_fd(executor, &error);
}

/* Calling back, with the mutex held. */

static bool is_due(const xy_executor *executor)
{
    return executor->calls.due;
}

/* What is due is called by this thread, with the mutex released: one, in the thread of a service
 * that takes long. */
static void call_one(xy_executor *executor)
{
    xy_call *call = xy_calls_take(&executor->calls);
    pthread_mutex_unlock(&executor->mutex);
    xy_call_run(call, &executor->context);
    pthread_mutex_lock(&executor->mutex);
}

/* What is due is looked at by the node's own thread, which may be asleep. */
static void look_again(xy_executor *executor)
{
    bool due = is_due(executor) && !executor->service->takes_long;
    atomic_store(&executor->due_ms, due ? 0 : xy_calls_deadline(&executor->calls));
}

/* What a piece of work may ask while it is under way. */

static bool wanted(const xylem_work *work)
{
    return !atomic_load(&((const xy_executor *)work->world)->unwanted);
}

/* Callbacks come meanwhile, perhaps until one has come. In one of those there is no rest. */
static bool rest(xylem_work *work, int64_t ms, bool awaits)
{
    xy_executor *executor = work->world;
    int64_t now_ms = xy_clock_now_ms();
    int64_t until_ms = ms < INT64_MAX - now_ms ? now_ms + ms : INT64_MAX;
    pthread_mutex_lock(&executor->mutex);
    bool called = false;
    while (!executor->within && wanted(work))
        if (is_due(executor)) {
            executor->within = work->within = true;
            call_one(executor);
            executor->within = work->within = false;
            called = true;
        } else if ((awaits && called) || !wait_until(executor, until_ms))
            break;
    pthread_mutex_unlock(&executor->mutex);
    return wanted(work);
}

/* The threads of the library take no signals: those are for the program's own. */
static int start_unsignalled(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* The thread. */

/* By the thread that does the work. */
static int do_and_save(xy_executor *executor)
{
    int status = xy_service_do(executor->service, executor->state, &executor->work);
    executor->saves = xy_service_save(executor->service, executor->state, &executor->context,
                                      executor->work.now_ms);
    return status;
}

/* The work is over, and no other has begun. */
static xy_done done_of(xy_executor *executor, xy_number request, int status, bool deferred)
{
    xy_done done = {.request = request,
                    .status = status,
                    .text = executor->work.reply,
                    .size = executor->work.reply_size,
                    .deferred = deferred,
                    .saves = executor->saves,
                    .saved = executor->context.saved,
                    .saved_size = executor->context.saved_size};
    executor->work.reply = NULL;
    executor->saves = false;
    return done;
}

static void do_work(xy_executor *executor)
{
    atomic_store(&executor->stage, UNDER_WAY);
    pthread_mutex_unlock(&executor->mutex);
    int status = do_and_save(executor);
    pthread_mutex_lock(&executor->mutex);
    executor->status = status;
    forget_text(executor);
    atomic_store(&executor->stage, DONE);
    if (!executor->abandoned)
        ring(executor);
}

/* What is due is called back before the next work begins: the node has not taken this one yet. */
static void man_once(xy_executor *executor)
{
    if (atomic_load(&executor->stage) == WAITING) {
        do_work(executor);
    } else if (is_due(executor)) {
        call_one(executor);
    } else {
        atomic_store(&executor->calling, false);
        pthread_cond_wait(&executor->changed, &executor->mutex);
    }
}

/* The last of this thread and the node's demolishes the executor. */
static void *man(void *argument)
{
    xy_executor *executor = argument;
    xy_served_network = executor->network;
    pthread_mutex_lock(&executor->mutex);
    while (!executor->closing)
        man_once(executor);
    executor->left = true;
    bool last = executor->abandoned;
    pthread_cond_broadcast(&executor->changed);
    pthread_mutex_unlock(&executor->mutex);
    if (last)
        demolish(executor);
    return NULL;
}

static bool make_manned(xy_executor *executor, xy_error *error)
{
    if (executor->manned)
        return true;
    if (executor->done_fd < 0 && !open_done_fd(executor, error))
        return false;
    int number = start_unsignalled(&executor->thread, man, executor);
    executor->manned = !number;
    return !number || xy_limits_explain("start a thread for the service", number, error);
}

/* Timers. */

/* By the thread that calls the service: those of a service that takes long are set by the node's
 * own when it is opened, and in work that is quick. */
static int set_timer(xylem_context *context, int64_t ms,
                     void (*callback)(xylem_context *context, void *owner), void *owner,
                     uint64_t *timer)
{
    xy_executor *executor = context->world;
    xy_error error;
    int64_t now_ms = xy_clock_now_ms();
    int64_t due_ms = ms < XY_NEVER - now_ms ? now_ms + ms : XY_NEVER;
    if (executor->service->takes_long && !make_manned(executor, &error))
        return error.code;
    pthread_mutex_lock(&executor->mutex);
    int status = xy_calls_set(&executor->calls, due_ms, callback, owner, timer);
    bool earlier = !status && due_ms < atomic_load(&executor->due_ms);
    if (earlier)
        look_again(executor);
    if (earlier && executor->service->takes_long)
        ring(executor);
    pthread_mutex_unlock(&executor->mutex);
    return status;
}

static void cancel_timer(xylem_context *context, uint64_t timer)
{
    xy_executor *executor = context->world;
    pthread_mutex_lock(&executor->mutex);
    xy_calls_cancel(&executor->calls, timer);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
}

/* By the same threads. */
static int prepare(xylem_context *context)
{
    xy_executor *executor = context->world;
    xy_error error;
    bool manned = !executor->service->takes_long || make_manned(executor, &error);
    return manned ? XYLEM_OK : error.code;
}

/* Asking other nodes. */

/* By the thread that calls the service, as are timers: the answer comes by the other one, if the
 * service takes long. */
static int ask(xylem_context *context, const xy_asking *asking)
{
    xy_executor *executor = context->world;
    xy_error reason;
    if (executor->service->takes_long && !make_manned(executor, &reason))
        return reason.code;
    pthread_mutex_lock(&executor->mutex);
    int error = xy_calls_ask(&executor->calls, asking);
    if (!error)
        atomic_store(&executor->asks, true);
    if (!error && executor->service->takes_long)
        ring(executor);
    pthread_mutex_unlock(&executor->mutex);
    return error;
}

/* Opening. */

static void init_locks(xy_executor *executor)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&executor->changed, &attributes);
    pthread_mutex_init(&executor->mutex, NULL);
    pthread_condattr_destroy(&attributes);
}

static bool hold(int descriptors, xy_error *error)
{
    xy_limits_hold();
    return xy_limits_descriptors(descriptors, error);
}

/* The log of a node that was abandoned may be gone. */
static void log_line(void *owner, enum xylem_log_level level, const char *text)
{
    xy_executor *executor = owner;
    pthread_mutex_lock(&executor->mutex);
    if (!executor->abandoned)
        xy_log_line(&executor->log, level, "%s", text);
    pthread_mutex_unlock(&executor->mutex);
}

static bool open_service(xy_executor *executor, xy_error *error)
{
    static const xy_host_ops ops = {hold, xy_limits_release, xy_limits_explain, start_unsignalled,
                                    log_line};
    const xy_host host = {&ops, executor, executor->log.id,
                          xylem_context_arguments(&executor->context, NULL)};
    bool entered = enter(executor);
    if (!entered)
        xy_error_code(error, XYLEM_UNAVAILABLE); /* of a node that was killed: it is not reported */
    executor->opened = entered && xy_service_open(executor->service, &executor->context, &host,
                                                  &executor->state, error);
    leave(executor);
    return executor->opened;
}

/* False, and nothing is to be freed, when there is no memory. */
static bool make_parts(xy_executor *executor, const xylem_service *service, const xy_birth *birth)
{
    const xy_token_host host = {.prepare = make_ringing, .ring = ring, .owner = executor};
    if (!xy_context_init(&executor->context, service, birth))
        return false;
    executor->tokens = executor->context.tokens = xy_tokens_new(&host);
    if (!executor->tokens)
        xy_context_clear(&executor->context);
    return executor->tokens;
}

/* One whose service is not open. NULL when there is no memory. */
static xy_executor *new_executor(const xylem_service *service, const xy_birth *birth,
                                 const xy_log *log)
{
    static const xy_context_ops ops = {set_timer, cancel_timer, prepare, ask};
    xy_executor *executor = calloc(1, sizeof *executor);
    if (!executor || !make_parts(executor, service, birth)) {
        free(executor);
        return NULL;
    }
    executor->context.ops = &ops;
    executor->context.world = executor;
    executor->due_ms = XY_NEVER;
    executor->network = xy_served_network;
    executor->service = service;
    executor->log = *log;
    xy_log_sink_hold(log->sink);
    executor->context.log = xy_log_of_service;
    executor->context.log_owner = &executor->log;
    executor->done_fd = -1;
    init_locks(executor);
    return executor;
}

xy_executor *xy_executor_open(const xy_birth *birth, const xy_log *log, const xy_guard *guard,
                              xy_error *error)
{
    const xylem_service *found = xy_service_named(birth->service);
    xy_executor *executor = found ? new_executor(found, birth, log) : NULL;
    if (!found)
        xy_service_missing(birth->service, error);
    else if (!executor)
        xy_error_code(error, XYLEM_NO_MEMORY);
    if (!executor)
        return NULL;
    if (guard)
        executor->guard = *guard;
    if (open_service(executor, error))
        return executor;
    hush(executor);
    if (!executor->manned || dismiss(executor))
        demolish(executor);
    return NULL;
}

/* Doing. */

static void fail(xy_number request, const xy_error *error, xy_done *done)
{
    *done = (xy_done){.request = request, .status = XYLEM_FAILED, .text = strdup(error->text)};
    done->size = done->text ? strlen(done->text) : 0;
}

static bool do_at_once(xy_executor *executor, xy_number request, xy_done *done)
{
    bool begun = enter(executor);
    int status = begun ? do_and_save(executor) : XYLEM_OK;
    leave(executor);
    bool deferred = xy_work_settle(&executor->work, &status);
    *done = done_of(executor, request, status, deferred);
    forget_text(executor);
    return begun;
}

static void hand_over(xy_executor *executor, xy_number request)
{
    executor->work.wanted = wanted;
    executor->work.rest = rest;
    executor->work.world = executor;
    pthread_mutex_lock(&executor->mutex);
    executor->request = request;
    atomic_store(&executor->unwanted, false);
    atomic_store(&executor->stage, WAITING);
    pthread_cond_broadcast(&executor->changed);
    pthread_mutex_unlock(&executor->mutex);
}

/* No work is under way, so the thread looks at none. */
static void take_text(xy_executor *executor, xy_action *work, int64_t now_ms)
{
    const uint8_t *text = work->work.text;
    executor->text = text;
    executor->work = (xylem_work){.text = text ? (const char *)text : "",
                                  .size = work->work.size,
                                  .now_ms = now_ms,
                                  .context = &executor->context,
                                  .tokens = executor->tokens,
                                  .request = work->work.request,
                                  .streams = work->work.streams};
    work->work.text = NULL;
    work->work.size = 0;
}

/* Whether the node's own thread does it. The other one calls the service back, waits for that or
 * for work; only this one gives it something to do, so it does nothing while this one works. */
static bool is_quick(const xy_executor *executor, size_t size)
{
    return !xy_service_takes_long(executor->service, size) && !atomic_load(&executor->calling);
}

bool xy_executor_do(xy_executor *executor, xy_action *work, int64_t now_ms, xy_done *done)
{
    xy_error error;
    xy_number request = work->work.request;
    bool quick = is_quick(executor, work->work.size);
    assert(work->kind == XY_ACTION_WORK && !xy_executor_busy(executor));
    if (!quick && !make_manned(executor, &error)) {
        fail(request, &error, done);
        return true;
    }
    take_text(executor, work, now_ms);
    if (quick)
        return do_at_once(executor, request, done);
    hand_over(executor, request);
    return false;
}

bool xy_executor_combine(xy_executor *executor, const xy_action *combine, xy_done *done)
{
    xylem_work work = {.text = ""};
    bool begun = enter(executor);
    int status = begun ? xy_service_combine(combine->combine.service, combine->combine.texts,
                                            combine->combine.a_size, combine->combine.b_size, &work)
                       : XYLEM_OK;
    *done = (xy_done){.request = combine->combine.cast,
                      .status = status,
                      .text = work.reply,
                      .size = work.reply_size};
    leave(executor);
    return begun;
}

bool xy_executor_busy(const xy_executor *executor)
{
    return atomic_load(&executor->stage) != IDLE;
}

int xy_executor_fd(const xy_executor *executor)
{
    return executor->done_fd;
}

bool xy_executor_may_ring(const xy_executor *executor)
{
    return xy_executor_busy(executor) || xy_tokens_any(executor->tokens) ||
           xy_tokens_send_any(executor->tokens) || atomic_load(&executor->calling);
}

static void quieten(const xy_executor *executor)
{
    uint64_t count;
    if (read(executor->done_fd, &count, sizeof count) < 0)
        return; /* it has been read already */
}

void xy_executor_heard(const xy_executor *executor)
{
    if (atomic_load(&executor->stage) != DONE) /* else it is read when that is taken */
        quieten(executor);
}

static bool take_answer(xy_executor *executor, xy_done *done)
{
    xy_token_answer answer;
    if (!xy_tokens_take(executor->tokens, &answer))
        return false;
    *done = (xy_done){.request = answer.request,
                      .status = answer.status,
                      .text = answer.text,
                      .size = answer.size};
    return true;
}

bool xy_executor_take(xy_executor *executor, xy_done *done)
{
    if (atomic_load(&executor->stage) != DONE)
        return take_answer(executor, done);
    pthread_mutex_lock(&executor->mutex);
    quieten(executor);
    bool deferred = xy_work_settle(&executor->work, &executor->status);
    *done = done_of(executor, executor->request, executor->status, deferred);
    atomic_store(&executor->stage, IDLE);
    atomic_store(&executor->unwanted, false);
    pthread_mutex_unlock(&executor->mutex);
    return true;
}

/* Calling back. */

int64_t xy_executor_deadline(const xy_executor *executor)
{
    return atomic_load(&executor->due_ms);
}

/* The thread of a service that takes long does what is due; the mutex is held. */
static void hand_calls_over(xy_executor *executor)
{
    atomic_store(&executor->calling, true);
    pthread_cond_broadcast(&executor->changed);
}

void xy_executor_call(xy_executor *executor, xy_call *call)
{
    xy_error error;
    bool manned = !executor->service->takes_long || make_manned(executor, &error);
    if (!manned) {
        call->free(call);
        return;
    }
    pthread_mutex_lock(&executor->mutex);
    xy_calls_add(&executor->calls, call);
    if (is_due(executor) && executor->service->takes_long)
        hand_calls_over(executor);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
}

xy_question *xy_executor_take_question(xy_executor *executor)
{
    if (!atomic_load(&executor->asks))
        return NULL;
    pthread_mutex_lock(&executor->mutex);
    xy_question *first = xy_calls_take_question(&executor->calls);
    atomic_store(&executor->asks, executor->calls.questions != NULL);
    pthread_mutex_unlock(&executor->mutex);
    return first;
}

xy_chunk *xy_executor_take_chunk(const xy_executor *executor)
{
    return xy_tokens_take_chunk(executor->tokens);
}

void xy_executor_taken(xy_executor *executor, const xy_action *taken)
{
    if (!xy_tokens_taken(executor->tokens, taken->taken.request, taken->taken.cost))
        return;
    pthread_mutex_lock(&executor->mutex);
    xy_room_tell(&executor->room, &executor->calls);
    if (is_due(executor) && executor->service->takes_long)
        hand_calls_over(executor);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
}

void xy_executor_answered(xy_executor *executor, xy_action *answered)
{
    pthread_mutex_lock(&executor->mutex);
    xy_calls_answer(&executor->calls, answered->answered.ask, answered->answered.status,
                    answered->answered.outcomes, answered->answered.size);
    answered->answered.outcomes = NULL;
    if (is_due(executor) && executor->service->takes_long)
        hand_calls_over(executor);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
}

void xy_executor_neighbours(xy_executor *executor, xy_action *neighbours)
{
    xy_call *call = xy_view_tell(executor->context.view, neighbours);
    if (call)
        xy_executor_call(executor, call);
}

static xy_call *take_call(xy_executor *executor)
{
    pthread_mutex_lock(&executor->mutex);
    xy_call *call = xy_calls_take(&executor->calls);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
    return call;
}

/* By the node's own thread. Whether more is to be called, of a node that has not been killed. */
static bool call_here(xy_executor *executor)
{
    bool entered = enter(executor);
    xy_call *call = entered ? take_call(executor) : NULL;
    if (call)
        xy_call_run(call, &executor->context);
    if (call &&
        xy_service_save(executor->service, executor->state, &executor->context, xy_clock_now_ms()))
        executor->saves = true;
    leave(executor);
    return entered && atomic_load(&executor->due_ms) == 0;
}

bool xy_executor_take_saved(xy_executor *executor, xy_done *done)
{
    if (executor->service->takes_long || !executor->saves)
        return false;
    *done = done_of(executor, (xy_number){0, 0}, XYLEM_OK, false);
    return true;
}

bool xy_executor_call_due(xy_executor *executor, int64_t now_ms)
{
    if (now_ms < atomic_load(&executor->due_ms))
        return false;
    pthread_mutex_lock(&executor->mutex);
    bool any = xy_calls_ripen(&executor->calls, now_ms), here = !executor->service->takes_long;
    if (any && !here)
        hand_calls_over(executor);
    look_again(executor);
    pthread_mutex_unlock(&executor->mutex);
    for (bool more = any && here; more; more = call_here(executor))
        ;
    return any && here;
}

/* Ending. */

void xy_executor_cancel(xy_executor *executor, xy_number request)
{
    pthread_mutex_lock(&executor->mutex);
    if (executor->request.request == request.request && executor->request.tag == request.tag)
        end_work(executor);
    pthread_mutex_unlock(&executor->mutex);
    xy_tokens_cancel(executor->tokens, request);
}

static void end_service(xy_executor *executor)
{
    bool told = enter(executor);
    executor->opened = false;
    if (told)
        xy_service_close(executor->service, executor->state);
    else
        xy_service_release(executor->service, executor->state);
    leave(executor);
}

bool xy_executor_close(xy_executor **closed)
{
    xy_executor *executor = *closed;
    *closed = NULL;
    if (!executor)
        return true;
    hush(executor);
    bool gone = !executor->manned || dismiss(executor);
    if (!gone)
        return false;
    end_service(executor);
    demolish(executor);
    return true;
}
