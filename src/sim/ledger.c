#include "sim/ledger.h"

#include "sim/memory.h"

void ledger_find_next(struct ledger *ledger)
{
    ledger->next_due_us = INT64_MAX;
    for (size_t i = 0; i < ledger->waiting; i++) {
        const struct entry *entry = &ledger->entries[ledger->open[i]];
        int64_t due_us = entry->at_once_us < entry->due_us ? entry->at_once_us : entry->due_us;
        if (due_us < ledger->next_due_us)
            ledger->next_due_us = due_us;
    }
}

void ledger_clear(struct ledger *ledger)
{
    free(ledger->entries);
    free(ledger->open);
}

void ledger_ask(struct ledger *ledger, const struct entry *asked)
{
    if (ledger->count + 1 >= ledger->capacity) {
        ledger->capacity = 2 * ledger->capacity + 64;
        ledger->entries = need(realloc(ledger->entries, ledger->capacity * sizeof(struct entry)));
        ledger->open = need(realloc(ledger->open, ledger->capacity * sizeof(uint64_t)));
    }
    uint64_t request = ++ledger->count;
    ledger->entries[request] = *asked;
    ledger->entries[request].open = true;
    ledger->entries[request].at_once_us = INT64_MAX;
    ledger->open[ledger->waiting++] = request;
    ledger_find_next(ledger);
}

struct entry *ledger_find(const struct ledger *ledger, uint64_t request)
{
    return request > 0 && request <= ledger->count ? &ledger->entries[request] : NULL;
}

void ledger_close(struct ledger *ledger, uint64_t request)
{
    ledger->entries[request].open = false;
    for (size_t i = 0; i < ledger->waiting; i++)
        if (ledger->open[i] == request)
            ledger->open[i] = ledger->open[--ledger->waiting];
    ledger_find_next(ledger);
}

void ledger_put_off(struct ledger *ledger, int64_t until_us)
{
    for (size_t i = 0; i < ledger->waiting; i++) {
        struct entry *waiting = &ledger->entries[ledger->open[i]];
        if (waiting->due_us < until_us)
            waiting->due_us = until_us;
    }
    ledger_find_next(ledger);
}
