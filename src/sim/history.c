#include "sim/history.h"

#include "sim/need.h"

void history_find_next(struct history *history)
{
    history->next_due_us = INT64_MAX;
    for (size_t i = 0; i < history->waiting; i++) {
        const struct entry *entry = &history->entries[history->open[i]];
        int64_t due_us = entry->at_once_us < entry->due_us ? entry->at_once_us : entry->due_us;
        if (due_us < history->next_due_us)
            history->next_due_us = due_us;
    }
}

void history_clear(struct history *history)
{
    for (size_t i = 1; i <= history->count; i++) {
        free(history->entries[i].targets);
        free(history->entries[i].passed);
        free(history->entries[i].costs);
    }
    free(history->entries);
    free(history->open);
}

void history_ask(struct history *history, const struct entry *asked)
{
    if (history->count + 1 >= history->capacity) {
        history->capacity = 2 * history->capacity + 64;
        history->entries =
            need(realloc(history->entries, history->capacity * sizeof(struct entry)));
        history->open = need(realloc(history->open, history->capacity * sizeof(uint64_t)));
    }
    uint64_t command = ++history->count;
    history->entries[command] = *asked;
    history->entries[command].open = true;
    history->entries[command].at_once_us = INT64_MAX;
    history->open[history->waiting++] = command;
    history_find_next(history);
}

struct entry *history_find(const struct history *history, uint64_t command)
{
    return command > 0 && command <= history->count ? &history->entries[command] : NULL;
}

struct entry *history_of(const struct history *history, uint64_t request)
{
    struct entry *entry = history_find(history, request);
    return entry && entry->cast ? &history_find(history, entry->cast)->targets[entry->target]
                                : entry;
}

void history_close(struct history *history, uint64_t command)
{
    history->entries[command].open = false;
    for (size_t i = 0; i < history->waiting; i++)
        if (history->open[i] == command)
            history->open[i] = history->open[--history->waiting];
    history_find_next(history);
}

void history_put_off(struct history *history, int64_t until_us)
{
    for (size_t i = 0; i < history->waiting; i++) {
        struct entry *waiting = &history->entries[history->open[i]];
        if (waiting->due_us < until_us)
            waiting->due_us = until_us;
    }
    history_find_next(history);
}
