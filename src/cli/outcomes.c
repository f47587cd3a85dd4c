#include "cli/outcomes.h"

#include <stdlib.h>
#include <string.h>

bool outcomes_begin(struct outcomes *outcomes, const int64_t *ids, size_t count)
{
    outcomes->all = calloc(count + 1, sizeof *outcomes->all);
    outcomes->count = outcomes->all ? count : 0;
    for (size_t i = 0; i < outcomes->count; i++)
        outcomes->all[i] = (struct outcome){.id = ids ? ids[i] : 0, .text = ""};
    return outcomes->all != NULL;
}

void outcome_set(struct outcome *outcome, int status, const char *text)
{
    free(outcome->kept);
    outcome->kept = *text ? strdup(text) : NULL;
    outcome->status = status;
    outcome->text = outcome->kept ? outcome->kept : "";
}

static int order(int64_t one, int64_t other)
{
    return one < other ? -1 : one > other;
}

/* Errors come first. */
static int by_word(const struct outcome *one, const struct outcome *other)
{
    int failed = (other->status != XYLEM_OK) - (one->status != XYLEM_OK);
    int status = order(one->status, other->status);
    return failed ? failed : status ? status : strcmp(one->text, other->text);
}

static int by_word_and_id(const void *a, const void *b)
{
    const struct outcome *one = a, *other = b;
    int word = by_word(one, other);
    return word ? word : order(one->id, other->id);
}

static int by_first(const void *a, const void *b)
{
    const struct outcome *one = ((const struct outcome_group *)a)->first;
    const struct outcome *other = ((const struct outcome_group *)b)->first;
    int failed = (other->status != XYLEM_OK) - (one->status != XYLEM_OK);
    return failed ? failed : order(one->id, other->id);
}

bool outcomes_group(struct outcomes *outcomes)
{
    outcomes->groups = calloc(outcomes->count + 1, sizeof *outcomes->groups);
    if (!outcomes->groups)
        return false;
    qsort(outcomes->all, outcomes->count, sizeof *outcomes->all, by_word_and_id);
    for (size_t i = 0; i < outcomes->count; i++) {
        const struct outcome *one = &outcomes->all[i];
        if (i == 0 || by_word(one - 1, one) != 0)
            outcomes->groups[outcomes->groups_count++] = (struct outcome_group){one, 0};
        outcomes->groups[outcomes->groups_count - 1].count++;
    }
    qsort(outcomes->groups, outcomes->groups_count, sizeof *outcomes->groups, by_first);
    return true;
}

bool outcomes_have_failed(const struct outcomes *outcomes)
{
    size_t i = 0;
    while (i < outcomes->count && outcomes->all[i].status == XYLEM_OK)
        i++;
    return i < outcomes->count;
}

size_t outcomes_run(const struct outcome *first, size_t count)
{
    size_t length = 1;
    while (length < count && first[length].id == first[length - 1].id + 1)
        length++;
    return length;
}

void outcomes_clear(struct outcomes *outcomes)
{
    for (size_t i = 0; i < outcomes->count; i++) {
        xylem_future_free(&outcomes->all[i].future);
        free(outcomes->all[i].kept);
    }
    xylem_future_free(&outcomes->cast);
    free(outcomes->all);
    free(outcomes->groups);
    *outcomes = (struct outcomes){.all = NULL};
}
