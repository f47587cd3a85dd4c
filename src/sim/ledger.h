/* ledger: the commands that were given, and what became of each. */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/controller.h"

struct entry {
    xy_command_kind kind;
    int64_t id;
    int64_t value;
    uint64_t life; /* that it is about; 0: there was none */
    bool created;  /* it is the life that was to be created */
    bool present;  /* whether that was answered for when it was asked */
    bool reached;  /* and whether it was available */
    int64_t timeout_ms;
    int64_t asked_us;
    int64_t due_us;      /* when it has to be answered */
    int64_t at_once_us;  /* when it should be, as nobody can answer it any more; or INT64_MAX */
    uint64_t unreached;  /* the life on its way that was declared unavailable then */
    bool open;           /* it has not been answered */
    unsigned works;      /* how often it was done */
    uint64_t work;       /* what came of it: a digest of status and answer */
    bool done;           /* it came before the node gave it up */
    uint64_t text;       /* what was asked: a digest; */
    const char *service; /* of a create */
    bool cancelled;      /* the user has cancelled it, */
    int64_t cancelled_us;
    bool called_off;  /* and its node has heard of that */
    unsigned answers; /* how often its node has answered */
};

struct ledger {
    struct entry *entries; /* by number of request, from 1 */
    size_t count, capacity;
    uint64_t *open; /* the numbers of those that are open, in no order */
    size_t waiting;
    int64_t next_due_us;
};

void ledger_clear(struct ledger *ledger);

/* Enters the next command. */
void ledger_ask(struct ledger *ledger, const struct entry *entry);

/* The entry of a request, or NULL. */
struct entry *ledger_find(const struct ledger *ledger, uint64_t request);

/* A request has been answered. */
void ledger_close(struct ledger *ledger, uint64_t request);

/* The times at which the open requests are due have changed. */
void ledger_find_next(struct ledger *ledger);

/* Nobody can answer before `until_us`. */
void ledger_put_off(struct ledger *ledger, int64_t until_us);

#endif
