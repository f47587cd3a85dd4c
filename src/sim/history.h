/* history: the commands that were given, and what became of each. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/controller.h"

struct entry {
    xy_command_kind kind;
    int64_t id;
    int64_t parent; /* of a create: as it was given */
    int64_t value;
    uint64_t life;  /* that it is about; 0: there was none */
    uint64_t above; /* of a create and a move: the life that it belongs below, */
    int place;      /* or the error why there is no such */
    bool created;   /* it is the life that was to be created */
    bool present;   /* whether that was answered for when it was asked */
    bool reached;   /* and whether it was available; of a create, its parent */
    bool full;      /* more would have been under way than may be */
    int64_t timeout_ms;
    int64_t asked_us;
    int64_t due_us;      /* when it has to be answered */
    int64_t at_once_us;  /* its node became unavailable then, so it has to be; or INT64_MAX */
    bool open;           /* it has not been answered */
    uint64_t tag;        /* of the request that was made of it */
    bool bounced;        /* a node on the way has sent that back */
    unsigned works;      /* how often it was done */
    uint64_t work;       /* what came of it: a digest of status and answer */
    bool done;           /* it came before the node gave it up, */
    bool given_up;       /* which it has done */
    bool deferred;       /* it is answered later; */
    bool given;          /* its token was given an answer, */
    uint64_t gift;       /* with this digest, */
    int64_t given_us;    /* then */
    uint64_t text;       /* what was asked: a digest; */
    const char *service; /* of a create */
    bool fresh;          /* of one */
    uint64_t counted;    /* how much work its service had done then: see steps */
    bool cancelled;      /* the user has cancelled it, */
    int64_t cancelled_us;
    bool called_off;  /* and its node has heard of that */
    unsigned answers; /* how often its node has answered, */
    bool unsent;      /* and that could not be sent: an error goes in its place */
    bool held_back;   /* it could not go on on its way, once at least; */
    bool refused;     /* it was the controlling node that could not send it, the last time */
    size_t size;      /* of the answer, */
    uint64_t kept;    /* and how much its node was to keep before that */
    bool lost;        /* its node has said that it does not have the answer any more */

    /* Of an exec whose answer may come in parts: */
    bool streams;
    uint64_t sent, got, took; /* how many chunks */
    size_t *costs;            /* of each, together with those before it */

    /* Of a cast: what each node is asked, as if that were a command of its own. */
    struct entry *targets;
    size_t target_count;
    uint64_t *passed; /* the links that it went down on, and the lives that have answered it */
    size_t passed_count;
    bool combines; /* the answers may be combined */

    /* Of one of them: */
    bool of_cast;   /* it is one */
    bool named;     /* in the reply */
    int64_t number; /* that it has answered, if it is one */

    /* Of a request that was made for one of them: the cast, and its place among the targets. */
    uint64_t cast;
    size_t target;

    /* Of a request that was made for a node: the life that asks, the number of its ask, and the
     * request that it works on. */
    uint64_t asker, ask, ask_work;
};

struct history {
    struct entry *entries; /* by number of command, from 1 */
    size_t count, capacity;
    uint64_t *open; /* the numbers of those that are open, in no order */
    size_t waiting;
    int64_t next_due_us;
};

void history_clear(struct history *history);

/* Enters the next command. */
void history_ask(struct history *history, const struct entry *entry);

/* The entry of a command, or NULL. history_of: the same, and that of a target for the request that
 * was made for it. */
struct entry *history_find(const struct history *history, uint64_t command);
struct entry *history_of(const struct history *history, uint64_t request);

/* A command has been answered. */
void history_close(struct history *history, uint64_t command);

/* The times at which the open commands are due have changed. */
void history_find_next(struct history *history);

/* Nothing can be answered before `until_us`. */
void history_put_off(struct history *history, int64_t until_us);

#endif
