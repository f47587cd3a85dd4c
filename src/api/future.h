/* future: what the files about futures share. */
#ifndef XY_FUTURE_H
#define XY_FUTURE_H

#include "api/network.h"
#include "core/hash.h"
#include "service/outcome_list.h"

/* One of the futures that another one stands for. */
typedef struct xy_component {
    xylem_future *whole;
    xylem_future *of;                     /* NULL once that is finished */
    struct xy_component *next, *previous; /* of the same part, as `of` has them */
    bool finished;
    int status; /* of one that is finished */
} xy_component;

struct xylem_future {
    xylem *network;                        /* NULL once that is closed */
    UT_hash_handle hh;                     /* while its command is not answered */
    xylem_future *next, *previous;         /* of the network */
    xylem_future *next_due, *previous_due; /* among the callbacks, when `due` */
    uint64_t command;                      /* the number of its command; 0: it has none any more */
    bool job;                              /* the command is an exec or a cast */
    bool cast;                             /* it is a cast: then the answer is a report */
    bool of_node;                          /* its answer comes from a node */
    bool finished;
    xy_result answer;
    bool due;  /* among the callbacks: */
    bool owes; /* it is finished, and `callback` is to be called; */
    bool news; /* chunks have come, or no more do, and `each` is to be called */
    void (*callback)(xylem_future *future, void *owner);
    void *owner;
    void *user;
    /* Of one whose answer comes in parts. */
    xy_chunk *chunks; /* those that have come and were not taken */
    xy_chunk *taken;  /* the one that was taken last, or NULL */
    uint64_t took;    /* how many were taken; */
    size_t untold;    /* what those of them cost of which the controlling node was not told */
    void (*each)(xylem_future *future, void *owner);
    void *each_owner;

    xy_outcome_list *report; /* of a cast that is finished; or NULL */

    xy_component *wholes; /* a list: the futures that stand for this one and others */

    /* Of one that stands for others: */
    xy_component *parts;
    size_t count, left; /* how many; how many of them are not finished */
    bool any;           /* it is finished when one of them is */
    int depth;          /* how many stand for one another, from this one on */
};

/* A future without a command that its network (NULL: none) knows; NULL when there is no memory. */
xylem_future *xy_future_new(xylem *network);

/* A whole call that begins a command, and does not wait for its answer. */
int xy_future_begin(xylem *network, const xy_command *command, xylem_future **future);

/* Begins an exec: see xylem_start_bytes; `streams`: its answer may come in parts. */
int xy_future_start(xylem *network, int64_t id, const void *text, size_t size, int64_t timeout_ms,
                    bool streams, xylem_future **future);

/* Waits, within a call, until `enough` is true of a future, for `timeout_ms` at most; less than 0:
 * as long as it takes. XYLEM_TIMED_OUT, XYLEM_INTERRUPTED. */
int xy_future_await(xylem_future *future, int64_t timeout_ms, bool (*enough)(const void *future));

/* Chunks have come, or the last one has. Frees those that were not taken. */
void xy_future_has_news(xylem_future *future);
void xy_future_forget_chunks(xylem_future *future);

/* Finishes one that is not. The answer is the future's from then on. */
void xy_future_finish(xylem_future *future, xy_result answer);

/* Gives one up, so that it is finished, within a call. */
void xy_future_give_up(xylem_future *future);

/* Makes the report of a cast of its answer. */
void xy_future_take_report(xylem_future *future);

/* A part is finished, and its wholes may be; a whole that is freed is forgotten by its parts. */
void xy_parts_finished(xylem_future *part);
void xy_parts_forget(xylem_future *future);

/* Gives up all parts of a whole. */
void xy_parts_give_up(xylem_future *whole);

#endif
