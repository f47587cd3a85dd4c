#include "service/outcome_list.h"

#include <stdlib.h>

#include "core/memory.h"
#include "core/outcomes.h"

void xy_outcome_list_free(xy_outcome_list *report)
{
    if (!report)
        return;
    xy_release(report->bytes);
    free(report->all);
    free(report->list);
    free(report->ids);
    free(report);
}

static size_t count_ids(const uint8_t *bytes, size_t size)
{
    xy_outcome outcome;
    size_t count = 0;
    xy_outcomes outcomes = xy_outcomes_read(bytes, size);
    while (xy_outcomes_next(&outcomes, &outcome))
        while (xy_outcomes_id(&outcomes, &outcome))
            count++;
    return count;
}

static void fill(xy_outcome_list *report, const uint8_t *bytes, size_t size)
{
    xy_outcome outcome;
    int64_t *ids = report->ids;
    xy_outcomes outcomes = xy_outcomes_read(bytes, size);
    while (xy_outcomes_next(&outcomes, &outcome)) {
        xylem_outcome *one = &report->all[report->count];
        *one = (xylem_outcome){.size = sizeof *one,
                               .error = outcome.status,
                               .text = (const char *)outcome.text,
                               .text_size = outcome.size,
                               .ids = ids,
                               .combined = outcome.combined};
        while (xy_outcomes_id(&outcomes, &outcome))
            *ids++ = outcome.id;
        one->count = (size_t)(ids - one->ids);
        if (one->count > 0)
            report->list[report->count++] = one;
    }
}

xy_outcome_list *xy_outcome_list_new(uint8_t *bytes, size_t size)
{
    size_t most = xy_outcomes_read(bytes, size).count + 1;
    xy_outcome_list *new = calloc(1, sizeof *new);
    if (!new)
        return NULL;
    new->all = calloc(most, sizeof *new->all);
    new->list = calloc(most, sizeof(xylem_outcome *));
    new->ids = malloc((count_ids(bytes, size) + 1) * sizeof *new->ids);
    if (!new->all || !new->list || !new->ids) {
        xy_outcome_list_free(new);
        return NULL;
    }
    fill(new, bytes, size);
    new->bytes = bytes;
    return new;
}
