/* thread_parts: what the two sides of the launcher of threads share: the threads, and the launcher,
 * which is used by one thread alone.
 */
#ifndef XY_THREAD_PARTS_H
#define XY_THREAD_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/hash.h"
#include "launch/thread.h"

/* Reports for which there is room even when there is no memory. */
enum { SPARE_REPORTS = 16 };

/* A report of the launcher's own. Of a fault: it waits at its thread until that is still. */
typedef struct xy_thread_record {
    struct xy_thread_record *prev, *next;
    int64_t until_ms;
    xy_launch_report report;
} xy_thread_record;

/* Of so many threads one at a time is rung, connected to, or closes. */
enum { REACHES = 16 };

/* What a thread has to say: bits, in the order in which they are heard. */
enum xy_thread_news {
    HAS_STARTED = 1,
    IS_EXPECTED = 2,
    HAS_ATTACHED = 4,
    HAS_CHANGED = 8,
    HAS_ENDED = 16
};

/* What the thread has been told and has not looked at: bits. */
enum xy_thread_told { TO_ATTACH = 1, TO_END = 2, TO_PAUSE = 4, TO_DIE = 8 };

/* What a thread is in. */
enum xy_thread_place { IN_NODE, IN_SERVICE, ABANDONED };

struct xy_thread {
    xy_thread_launcher *launcher;
    xy_life life;
    int64_t id;
    pthread_t pthread;
    void *node;

    /* The launcher's. */
    UT_hash_handle hh;                      /* by life; changed with the launcher's mutex */
    xy_thread *prev_watched, *next_watched; /* when it has a time at which it is looked at: */
    int64_t due_ms;
    xy_thread_record *faults; /* that wait until it is still, the oldest first */
    xy_life parent;           /* 0: the controlling node, or none */
    bool ending;              /* it was told to end, */
    bool unrung;              /* and was not rung since: */
    xy_thread *prev_unrung, *next_unrung;

    /* Guarded by the launcher's mutex. */
    xy_thread *prev, *next;            /* when there is news of it: */
    unsigned news;                     /* enum xy_thread_news, and of it: */
    xy_link_number expected, attached; /* the latest link on which it may attach, or has */
    uint64_t expected_tag;
    char address[XY_ADDRESS_SIZE]; /* where its children reach it */

    bool deaf; /* it closes, or is closed: no more rings and connections; see xy_thread_reach */

    /* The thread's, until there is the news that tells it. */
    int64_t pid;    /* 0: it has not begun */
    xy_error error; /* why not */

    atomic_uint told;      /* enum xy_thread_told; changed with the mutex */
    atomic_bool rung;      /* since it has looked at that; at first it looks without */
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t changed;
    xy_attachment attachment;
    enum xy_thread_place place;
    int64_t entered_ms; /* when it entered its service last */
    bool still;         /* it is paused or past its last turn: it does nothing to the network */
    bool shared;        /* after it was abandoned: by the thread and the launcher */
};

struct xy_thread_launcher {
    xy_launcher launcher;
    const xy_thread_ops *ops;
    void *world;
    xy_log log;
    xy_thread *watched;
    int64_t due_ms; /* the earliest time of those, and of the next: */
    xy_thread *unrung;
    int64_t ring_ms; /* when to look whether those are rung */
    bool stalled;    /* none has ended since the last look */
    xy_thread_record *reports, *spare;
    xy_thread_record spares[SPARE_REPORTS];
    xy_thread *threads; /* a hash table */

    pthread_mutex_t reach[REACHES];
    pthread_mutex_t mutex; /* locked after any other, never before it */
    xy_thread *news;
    atomic_bool any; /* there is news */
};

/* The mutex that guards whether a life is deaf. */
static inline pthread_mutex_t *xy_thread_reach(xy_thread_launcher *launcher, xy_life life)
{
    return &launcher->reach[life.number % REACHES];
}

/* The thread of a life, or NULL. By another than the launcher: with the launcher's mutex. */
xy_thread *xy_thread_find(const xy_thread_launcher *launcher, xy_life life);

/* Tells the launcher news of a thread, enum xy_thread_news, and wakes it up. After the news of its
 * end a thread touches nothing of the launcher's any more. */
void xy_thread_tell(xy_thread *thread, unsigned news);
void xy_thread_wake_launcher(xy_thread_launcher *launcher);

/* From then on a thread is not rung or connected to. */
void xy_thread_be_deaf(xy_thread *thread);

/* What a thread runs: its argument is the xy_thread. */
void *xy_thread_run(void *thread);

/* Frees a thread that has ended; one that was abandoned and the launcher: the later one frees it.
 */
void xy_thread_free(xy_thread *thread);
void xy_thread_let_go(xy_thread *thread);

#endif
