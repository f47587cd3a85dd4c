#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "driver/clock.h"
#include "driver/limits.h"
#include "driver/stack.h"
#include "launch/thread_parts.h"

/* How long a killed node may have been in a function of its service before it is abandoned, and how
 * long a fault waits for a node that is in the middle of something. */
enum { RETURNS_WITHIN_MS = 10, STILL_MAX_MS = 500 };

/* After how long it is looked whether those that are to end have been rung. */
enum { RUNG_WITHIN_MS = 20 };

static xy_thread_launcher *launcher_of(xy_launcher *launcher)
{
    return (xy_thread_launcher *)launcher;
}

/* News of the threads. */

static void quieten(xy_thread_launcher *launcher)
{
    uint64_t count;
    if (read(launcher->launcher.fd, &count, sizeof count) < 0)
        return; /* there was nothing to read away */
}

/* Takes one piece of news; NULL when there is none. */
static xy_thread *take_news(xy_thread_launcher *launcher, enum xy_thread_news *what)
{
    pthread_mutex_lock(&launcher->mutex);
    xy_thread *thread = launcher->news;
    if (thread) {
        *what = (enum xy_thread_news)(thread->news & -thread->news); /* the lowest bit */
        thread->news &= ~(unsigned)*what;
        if (!thread->news)
            DL_DELETE(launcher->news, thread);
    } else if (atomic_exchange(&launcher->any, false))
        quieten(launcher);
    pthread_mutex_unlock(&launcher->mutex);
    return thread;
}

/* Reports that are no thread's. */

static xy_thread_record *new_record(xy_thread_launcher *launcher, xy_event_kind kind, xy_life life)
{
    xy_thread_record *new = malloc(sizeof *new);
    if (!new && launcher->spare) {
        new = launcher->spare;
        DL_DELETE(launcher->spare, new);
    }
    if (new)
        *new = (xy_thread_record){.report = {.kind = kind, .life = life}};
    else
        xy_log_line(&launcher->log, XYLEM_LOG_ERROR, "no memory for a report about life %" PRIu64,
                    life.number);
    return new;
}

static bool is_spare(const xy_thread_launcher *launcher, const xy_thread_record *of)
{
    return of >= launcher->spares && of < launcher->spares + SPARE_REPORTS;
}

static void free_record(xy_thread_launcher *launcher, xy_thread_record *old)
{
    if (is_spare(launcher, old))
        DL_APPEND(launcher->spare, old);
    else
        free(old);
}

static bool take_report(xy_thread_launcher *launcher, xy_launch_report *taken)
{
    xy_thread_record *first = launcher->reports;
    if (!first)
        return false;
    *taken = first->report;
    DL_DELETE(launcher->reports, first);
    free_record(launcher, first);
    return true;
}

static void add_report(xy_thread_launcher *launcher, xy_thread_record *new)
{
    DL_APPEND(launcher->reports, new);
    xy_thread_wake_launcher(launcher);
}

/* Watching: some threads are looked at again at a certain time. */

static void watch(xy_thread *thread, int64_t due_ms)
{
    xy_thread_launcher *launcher = thread->launcher;
    if (thread->due_ms == XY_NEVER && due_ms != XY_NEVER)
        DL_APPEND2(launcher->watched, thread, prev_watched, next_watched);
    else if (thread->due_ms != XY_NEVER && due_ms == XY_NEVER)
        DL_DELETE2(launcher->watched, thread, prev_watched, next_watched);
    thread->due_ms = due_ms;
    if (due_ms < launcher->due_ms)
        launcher->due_ms = due_ms;
}

/* The faults that the thread has settled, or that have waited for too long. */
static void settle_faults(xy_thread *thread, bool settled, int64_t now_ms)
{
    xy_thread_record *fault;
    while ((fault = thread->faults) && (settled || now_ms >= fault->until_ms)) {
        DL_DELETE(thread->faults, fault);
        add_report(thread->launcher, fault);
    }
}

static bool hangs(const xy_thread *thread, int64_t now_ms)
{
    return (atomic_load(&thread->told) & TO_DIE) && thread->place == IN_SERVICE &&
           now_ms >= thread->entered_ms + RETURNS_WITHIN_MS;
}

/* With the thread's mutex held. */
static int64_t due_of(const xy_thread *thread)
{
    int64_t due_ms = thread->faults ? thread->faults->until_ms : XY_NEVER;
    int64_t hangs_ms = thread->entered_ms + RETURNS_WITHIN_MS;
    bool may_hang = (atomic_load(&thread->told) & TO_DIE) && thread->place == IN_SERVICE;
    return may_hang && hangs_ms < due_ms ? hangs_ms : due_ms;
}

/* Takes a killed node from its thread, whose service does not return. A socket may change its
 * thread in this way: what the thread did to it is ordered before. */
static void abandon(xy_thread *thread)
{
    const xy_log log = {thread->launcher->log.level, thread->id, thread->launcher->log.sink};
    xy_log_line(&log, XYLEM_LOG_WARNING,
                "a function of its service does not return; its thread is abandoned");
    pthread_detach(thread->pthread);
    xy_thread_be_deaf(thread);
    xy_thread_tell(thread, HAS_ENDED);
}

/* In its service a node does nothing to the network, and sees what it was told when it comes back.
 */
static void look_at(xy_thread *thread, int64_t now_ms)
{
    pthread_mutex_lock(&thread->mutex);
    bool settled = thread->still || thread->place != IN_NODE;
    bool hanging = hangs(thread, now_ms);
    if (hanging)
        thread->place = ABANDONED;
    settle_faults(thread, settled, now_ms);
    int64_t due_ms = due_of(thread);
    pthread_mutex_unlock(&thread->mutex);
    watch(thread, due_ms);
    if (hanging)
        abandon(thread);
}

/* Rings: one is enough until the thread has looked. */

static void ring(xy_thread *thread)
{
    if (atomic_exchange(&thread->rung, true))
        return;
    const xy_peer name = {XY_CHILD, thread->attachment.parent.link, thread->attachment.parent.tag};
    pthread_mutex_t *reach = xy_thread_reach(thread->launcher, thread->life);
    pthread_mutex_lock(reach);
    if (!thread->deaf)
        thread->launcher->ops->ring(thread->node, &name);
    pthread_mutex_unlock(reach);
}

static void be_rung_by(xy_thread_launcher *launcher, int64_t due_ms)
{
    launcher->ring_ms = due_ms;
    if (due_ms < launcher->due_ms)
        launcher->due_ms = due_ms;
}

static void add_unrung(xy_thread *thread)
{
    if (!thread->unrung)
        DL_APPEND2(thread->launcher->unrung, thread, prev_unrung, next_unrung);
    thread->unrung = true;
}

static void remove_unrung(xy_thread *thread)
{
    if (thread->unrung)
        DL_DELETE2(thread->launcher->unrung, thread, prev_unrung, next_unrung);
    thread->unrung = false;
}

/* Whether the parent closes, too, as soon as it looks. */
static bool parent_rings(const xy_thread *thread)
{
    xy_thread *parent = xy_thread_find(thread->launcher, thread->parent);
    if (!parent || !parent->ending)
        return false;
    pthread_mutex_lock(&parent->mutex);
    bool held_up = parent->place != IN_NODE || parent->still;
    pthread_mutex_unlock(&parent->mutex);
    return !held_up;
}

static void ring_unrung(xy_thread_launcher *launcher)
{
    xy_thread *thread, *next;
    DL_FOREACH_SAFE2(launcher->unrung, thread, next, next_unrung)
    {
        bool looks = (atomic_load(&thread->told) & TO_END) == 0;
        if (!looks && !launcher->stalled && parent_rings(thread))
            continue;
        remove_unrung(thread);
        if (!looks)
            ring(thread);
    }
    launcher->stalled = true;
}

static void look_at_unrung(xy_thread_launcher *launcher, int64_t now_ms)
{
    if (now_ms >= launcher->ring_ms) {
        ring_unrung(launcher);
        launcher->ring_ms = now_ms + RUNG_WITHIN_MS;
    }
    be_rung_by(launcher, launcher->unrung ? launcher->ring_ms : XY_NEVER);
}

static void look_at_watched(xy_thread_launcher *launcher)
{
    xy_thread *thread, *next;
    int64_t now_ms = launcher->due_ms == XY_NEVER ? 0 : xy_clock_now_ms();
    if (now_ms < launcher->due_ms)
        return;
    launcher->due_ms = XY_NEVER;
    look_at_unrung(launcher, now_ms);
    DL_FOREACH_SAFE2(launcher->watched, thread, next, next_watched)
    {
        if (thread->due_ms <= now_ms)
            look_at(thread, now_ms);
        else
            watch(thread, thread->due_ms);
    }
}

/* Starting. */

static int create_thread(xy_thread *thread)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, XY_STACK_KIB * 1024);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    int error = pthread_create(&thread->pthread, &attributes, xy_thread_run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

static bool enter_table(xy_thread *thread)
{
    xy_thread_launcher *launcher = thread->launcher;
    pthread_mutex_lock(&launcher->mutex);
    XY_HASH_ADD(launcher->threads, life.number, thread);
    pthread_mutex_unlock(&launcher->mutex);
    return thread->hh.tbl != NULL;
}

/* Then no other thread has found it that still looks at it. */
static void leave_table(xy_thread *thread)
{
    xy_thread_launcher *launcher = thread->launcher;
    pthread_mutex_lock(xy_thread_reach(launcher, thread->life));
    pthread_mutex_lock(&launcher->mutex);
    HASH_DEL(launcher->threads, thread);
    if (thread->news) /* another one has said that it expects it */
        DL_DELETE(launcher->news, thread);
    pthread_mutex_unlock(&launcher->mutex);
    pthread_mutex_unlock(xy_thread_reach(launcher, thread->life));
}

static xy_thread *make_thread(xy_thread_launcher *launcher, const xy_birth *birth)
{
    xy_thread *thread = calloc(1, sizeof *thread);
    if (!thread)
        return NULL;
    thread->launcher = launcher;
    thread->life = birth->life;
    thread->id = birth->id;
    thread->due_ms = XY_NEVER;
    thread->shared = true;
    atomic_init(&thread->rung, true);
    pthread_cond_init(&thread->changed, NULL);
    pthread_mutex_init(&thread->mutex, NULL);
    if (enter_table(thread))
        return thread;
    xy_thread_free(thread);
    return NULL;
}

static bool begin(xy_thread *thread, const xy_birth *birth, xy_error *error)
{
    const xy_thread_ops *ops = thread->launcher->ops;
    thread->node = ops->make(thread->launcher->world, thread, birth, error);
    if (!thread->node)
        return false;
    int number = create_thread(thread);
    if (!number)
        return true;
    xy_thread_be_deaf(thread);
    ops->free(thread->node);
    return xy_limits_explain("start a thread", number, error);
}

static void refuse(xy_thread_launcher *launcher, xy_life life, const xy_error *error)
{
    xy_thread_record *refusal = new_record(launcher, XY_EVENT_ENDED, life);
    if (!refusal)
        return;
    refusal->report.cause = (xy_cause){XYLEM_EXITED, 0};
    refusal->report.error = *error;
    add_report(launcher, refusal);
}

static void start(xy_thread_launcher *launcher, const xy_birth *birth)
{
    xy_error error;
    xy_thread *thread = make_thread(launcher, birth);
    if (thread && begin(thread, birth, &error))
        return;
    if (thread) {
        leave_table(thread);
        xy_thread_free(thread);
    } else
        xy_error_code(&error, XYLEM_NO_MEMORY);
    refuse(launcher, birth->life, &error);
}

/* Orders and faults: from the launcher to the threads. */

static void tell(xy_thread *thread, unsigned bits)
{
    pthread_mutex_lock(&thread->mutex);
    atomic_fetch_or(&thread->told, bits);
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
}

static void order(xy_thread *thread, unsigned bits)
{
    tell(thread, bits);
    ring(thread);
}

/* All that are told at the same time know it before the first is rung. */
static void end_thread(xy_thread *thread)
{
    tell(thread, TO_END);
    thread->ending = true;
    thread->launcher->stalled = false;
    add_unrung(thread);
    be_rung_by(thread->launcher, 0);
}

static void attach(xy_thread *thread, const xy_attachment *to)
{
    pthread_mutex_lock(&thread->mutex); /* the thread looks at it with an order */
    thread->attachment = *to;
    pthread_mutex_unlock(&thread->mutex);
    thread->parent = thread->launcher->ops->life_at(to->address);
    order(thread, TO_ATTACH);
}

static void resume(xy_thread *thread)
{
    pthread_mutex_lock(&thread->mutex);
    atomic_fetch_and(&thread->told, ~(unsigned)TO_PAUSE);
    pthread_cond_broadcast(&thread->changed);
    pthread_mutex_unlock(&thread->mutex);
}

static void inject(xy_thread *thread, xy_fault fault, xy_thread_record *of)
{
    int64_t now_ms = xy_clock_now_ms();
    of->until_ms = now_ms + STILL_MAX_MS;
    DL_APPEND(thread->faults, of);
    if (fault == XY_FAULT_RESUME) {
        resume(thread);
        settle_faults(thread, true, now_ms);
    } else
        order(thread, fault == XY_FAULT_KILL ? TO_DIE : TO_PAUSE);
    look_at(thread, now_ms);
}

static void take_signal(xy_thread_launcher *launcher, xy_thread *thread, const xy_action *action)
{
    xy_thread_record *of = new_record(launcher, XY_EVENT_SIGNALLED, action->signal.life);
    if (!of)
        return; /* the command is answered when its time is over */
    of->report.command = action->signal.command;
    if (thread)
        inject(thread, action->signal.fault, of);
    else
        add_report(launcher, of);
}

static void kill_thread(xy_thread *thread)
{
    order(thread, TO_DIE);
    look_at(thread, xy_clock_now_ms());
}

static void take(xy_launcher *base, const xy_action *action)
{
    xy_thread_launcher *launcher = launcher_of(base);
    xy_thread *thread;
    switch (action->kind) {
    case XY_ACTION_START:
        start(launcher, &action->start);
        break;
    case XY_ACTION_ATTACH:
        if ((thread = xy_thread_find(launcher, action->attach.life)))
            attach(thread, &action->attach.to);
        break;
    case XY_ACTION_END:
        if ((thread = xy_thread_find(launcher, action->end.life)))
            end_thread(thread);
        break;
    case XY_ACTION_KILL:
        if ((thread = xy_thread_find(launcher, action->kill.life)))
            kill_thread(thread);
        break;
    default:
        assert(action->kind == XY_ACTION_SIGNAL);
        take_signal(launcher, xy_thread_find(launcher, action->signal.life), action);
    }
}

/* Ending. */

static void describe_end(const xy_thread *thread, xy_launch_report *ended)
{
    bool killed = atomic_load(&thread->told) & TO_DIE;
    *ended =
        (xy_launch_report){.kind = XY_EVENT_ENDED, .life = thread->life, .error = thread->error};
    ended->begun = thread->pid != 0;
    ended->cause = killed ? (xy_cause){XYLEM_SIGNALLED, SIGKILL} : (xy_cause){XYLEM_EXITED, 0};
    if (killed)
        xy_error_set(&ended->error, XYLEM_UNAVAILABLE, "the node was killed");
    else if (!ended->error.code)
        xy_error_set(&ended->error, XYLEM_UNAVAILABLE, "the node ended");
}

static void bury(xy_thread *thread, xy_launch_report *ended)
{
    bool abandoned = thread->place == ABANDONED;
    if (!abandoned)
        pthread_join(thread->pthread, NULL);
    describe_end(thread, ended);
    assert(!thread->faults);
    watch(thread, XY_NEVER);
    remove_unrung(thread);
    thread->launcher->stalled = false;
    leave_table(thread);
    thread->launcher->ops->free(thread->node);
    if (abandoned)
        xy_thread_let_go(thread);
    else
        xy_thread_free(thread);
}

static void describe_start(const xy_thread *thread, xy_launch_report *started)
{
    *started =
        (xy_launch_report){.kind = XY_EVENT_STARTED, .life = thread->life, .pid = thread->pid};
}

static void describe_link(xy_thread *thread, xy_event_kind kind, xy_launch_report *heard)
{
    *heard = (xy_launch_report){.kind = kind, .life = thread->life};
    pthread_mutex_lock(&thread->launcher->mutex);
    heard->link = kind == XY_EVENT_EXPECTED ? thread->expected : thread->attached;
    heard->tag = thread->expected_tag;
    memcpy(heard->address, thread->address, sizeof heard->address);
    pthread_mutex_unlock(&thread->launcher->mutex);
}

/* True when there is something to report of it. */
static bool hear(xy_thread *thread, enum xy_thread_news news, xy_launch_report *heard)
{
    switch (news) {
    case HAS_STARTED:
        describe_start(thread, heard);
        return true;
    case IS_EXPECTED:
        describe_link(thread, XY_EVENT_EXPECTED, heard);
        return true;
    case HAS_ATTACHED:
        describe_link(thread, XY_EVENT_ATTACHED, heard);
        return true;
    case HAS_CHANGED:
        look_at(thread, xy_clock_now_ms());
        return false;
    default:
        if (thread->faults) { /* they are reported first */
            settle_faults(thread, true, 0);
            xy_thread_tell(thread, HAS_ENDED);
            return false;
        }
        bury(thread, heard);
        return true;
    }
}

static bool next(xy_launcher *base, xy_launch_report *reported)
{
    xy_thread_launcher *launcher = launcher_of(base);
    enum xy_thread_news what;
    xy_thread *thread;
    look_at_watched(launcher);
    while (!take_report(launcher, reported)) {
        if (!atomic_load(&launcher->any) || !(thread = take_news(launcher, &what)))
            return false;
        if (hear(thread, what, reported))
            return true;
    }
    return true;
}

static int64_t deadline(const xy_launcher *launcher)
{
    return ((const xy_thread_launcher *)launcher)->due_ms;
}

/* The launcher. */

xy_thread_launcher *xy_thread_open(const xy_thread_ops *ops, void *world, const xy_log *log,
                                   xy_error *error)
{
    static const xy_launcher_ops table = {take, next, deadline};
    xy_thread_launcher *launcher = calloc(1, sizeof *launcher);
    int fd = launcher ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    if (!launcher)
        xy_error_code(error, XYLEM_NO_MEMORY);
    else if (fd < 0)
        xy_limits_explain("open a descriptor", errno, error);
    if (fd < 0) {
        free(launcher);
        return NULL;
    }
    launcher->launcher = (xy_launcher){&table, fd};
    launcher->ops = ops;
    launcher->world = world;
    launcher->log = *log;
    launcher->due_ms = XY_NEVER;
    launcher->ring_ms = XY_NEVER;
    for (int i = 0; i < SPARE_REPORTS; i++)
        DL_APPEND(launcher->spare, &launcher->spares[i]);
    pthread_mutex_init(&launcher->mutex, NULL);
    for (int i = 0; i < REACHES; i++)
        pthread_mutex_init(&launcher->reach[i], NULL);
    return launcher;
}

xy_launcher *xy_thread_launcher_of(xy_thread_launcher *launcher)
{
    return &launcher->launcher;
}

static void await_news(xy_thread_launcher *launcher)
{
    struct pollfd polled = {.fd = launcher->launcher.fd, .events = POLLIN};
    int64_t left_ms = -1;
    if (launcher->due_ms != XY_NEVER) {
        left_ms = launcher->due_ms - xy_clock_now_ms();
        left_ms = left_ms > 0 ? left_ms : 0;
    }
    poll(&polled, 1, (int)left_ms);
}

static void free_launcher(xy_thread_launcher *launcher)
{
    xy_launch_report left;
    while (take_report(launcher, &left))
        ;
    free(launcher);
}

void xy_thread_close(xy_thread_launcher *launcher)
{
    xy_launch_report report;
    xy_thread *thread, *after;
    HASH_ITER(hh, launcher->threads, thread, after)
    {
        kill_thread(thread);
    }
    while (launcher->threads)
        if (!next(&launcher->launcher, &report) && launcher->threads)
            await_news(launcher);
    close(launcher->launcher.fd);
    pthread_mutex_destroy(&launcher->mutex);
    for (int i = 0; i < REACHES; i++)
        pthread_mutex_destroy(&launcher->reach[i]);
    free_launcher(launcher);
}

void xy_thread_discard(xy_thread_launcher *launcher)
{
    free_launcher(launcher);
}
