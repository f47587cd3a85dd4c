/* Requests to many nodes, and what has come of them. */
#include "api/future.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/set_ids.h"
#include "core/ids.h"
#include "core/memory.h"
#include "core/outcomes.h"
#include "service/service.h"

/* Sets. */

static int read_set(const char *text, xy_set *set)
{
    *set = (xy_set){.all = false};
    return text ? xy_set_read(text, set) : XYLEM_INVALID;
}

static const char *fault_of(int error)
{
    static const char malformed[] =
        "the set is malformed: it is 'all', or ids, ranges ID-ID and ID/ with commas between them";
    static const char large[] = "the set has more than 1000000 ids, or 1000 parts ID/";
    return error == XYLEM_INVALID ? malformed : error == XYLEM_TOO_LONG ? large : "";
}

int xylem_set_check(const char *text)
{
    xy_set set;
    int error = read_set(text, &set);
    xy_set_clear(&set);
    if (error)
        xy_handle_refuse(NULL, fault_of(error));
    return error;
}

/* The ids of all nodes, in ascending order. */
static int64_t *list_ids(const xylem *network, size_t *count)
{
    int64_t *ids = malloc((network->controller.map.count + 1) * sizeof *ids);
    *count = 0;
    for (const xy_map_node *node = network->controller.map.lowest; node && ids; node = node->higher)
        if (xy_network_shows(node))
            ids[(*count)++] = node->id;
    return ids;
}

static int list_all(xylem *network, int64_t **ids, size_t *count)
{
    int error = xy_network_enter(network);
    if (error)
        return error;
    *ids = list_ids(network, count);
    xy_network_leave(network);
    return XYLEM_OK;
}

static int list_set(xylem *network, const xy_set *set, int64_t **ids, size_t *count)
{
    const xylem_node *const *nodes;
    size_t nodes_count;
    int error = xylem_list(network, &nodes, &nodes_count);
    if (!error)
        *ids = xy_set_ids(set, nodes, nodes_count, count);
    return error;
}

/* Keeps them in the network. */
static int find_ids(xylem *network, const xy_set *set, size_t *count)
{
    int64_t *ids = NULL;
    int error = set->all ? list_all(network, &ids, count) : list_set(network, set, &ids, count);
    if (error)
        return error;
    if (!ids)
        return xy_network_refuse(network, XYLEM_NO_MEMORY, "");
    free(network->ids);
    network->ids = ids;
    return XYLEM_OK;
}

int xylem_set_ids(xylem *network, const char *text, const int64_t **ids, size_t *count)
{
    xy_set set;
    int error = read_set(text, &set);
    error =
        error ? xy_network_refuse(network, error, fault_of(error)) : find_ids(network, &set, count);
    xy_set_clear(&set);
    if (!error)
        *ids = network->ids;
    return error;
}

/* Casting. */

/* The service that combines the answers: that of the first node that there is, if it does. */
static const char *combining(const xylem *network, const int64_t *ids, size_t count)
{
    const xy_map_node *node = NULL;
    for (size_t i = 0; i < count && !node; i++)
        node = xy_map_find(&network->controller.map, ids[i]);
    const xylem_service *service = node ? xy_service_named(node->service) : NULL;
    return service && service->combine ? node->service : NULL;
}

static const char *take_options(xylem_cast_options *options, const xylem_cast_options *given)
{
    static const xylem_cast_options standard = XYLEM_CAST_OPTIONS;
    *options = standard;
    if (!given)
        return NULL;
    const char *fault = xy_network_size_fault(given->size, sizeof *given,
                                              "the size of the options is unknown: initialize "
                                              "them with XYLEM_CAST_OPTIONS");
    if (fault)
        return fault;
    *options = *given;
    return options->timeout_ms > INT32_MAX ? "the timeout is above 2147483647 ms" : NULL;
}

/* The ids may be those that the network keeps. */
static int cast(xylem *network, const int64_t *ids, size_t count, const void *text, size_t size,
                const xylem_cast_options *given, xylem_future **future)
{
    xylem_cast_options options;
    const char *fault = take_options(&options, given);
    if (!fault && !ids && count > 0)
        fault = "the ids are NULL";
    if (!fault && !text && size > 0)
        fault = "the text is NULL";
    for (size_t i = 0; i < count && !fault; i++)
        if (ids[i] < 0)
            fault = "an id is less than 0";
    if (fault)
        return xy_network_refuse(network, XYLEM_INVALID, fault);
    if (size > XYLEM_TEXT_MAX)
        return xy_network_refuse(network, XYLEM_TOO_LONG, "");
    int error = xy_network_use(network);
    if (error)
        return error;
    const char *combine = text && !options.apart ? combining(network, ids, count) : NULL;
    xy_handle_leave(&network->handle);
    return xy_future_begin(network,
                           &(xy_command){.kind = XY_COMMAND_CAST,
                                         .ids = ids,
                                         .id_count = count,
                                         .timeout_ms = options.timeout_ms,
                                         .text = text,
                                         .size = size,
                                         .combine = combine},
                           future);
}

/* Each id counts once. */
static int cast_to_ids(xylem *network, const int64_t *ids, size_t count, const void *text,
                       size_t size, const xylem_cast_options *options, xylem_future **future)
{
    int64_t *sorted = ids ? malloc((count + 1) * sizeof *sorted) : NULL;
    size_t kept = count;
    if (ids && !sorted)
        return xy_network_refuse(network, XYLEM_NO_MEMORY, "");
    if (ids && count > 0) {
        memcpy(sorted, ids, count * sizeof *sorted);
        xy_ids_sort(sorted, count);
        kept = xy_ids_once(sorted, sorted, count);
    }
    int error = cast(network, sorted, kept, text, size, options, future);
    free(sorted);
    return error;
}

int xylem_cast_ids(xylem *network, const int64_t *ids, size_t count, const void *text, size_t size,
                   const xylem_cast_options *options, xylem_future **future)
{
    if (!future)
        return xy_network_refuse(network, XYLEM_INVALID, "the future is NULL");
    *future = NULL;
    return cast_to_ids(network, ids, count, text, size, options, future);
}

int xylem_cast(xylem *network, const char *set, const char *text, const xylem_cast_options *options,
               xylem_future **future)
{
    const int64_t *ids = NULL;
    size_t count = 0;
    if (!future)
        return xy_network_refuse(network, XYLEM_INVALID, "the future is NULL");
    *future = NULL;
    int error = xylem_set_ids(network, set, &ids, &count);
    return error ? error
                 : cast(network, ids, count, text, text ? strlen(text) : 0, options, future);
}

/* Pinging all. */

/* Keeps those that did not answer. One that was removed meanwhile need not. Another error tells
 * nothing of a node: it is returned. */
static int take_unanswered(const xy_result *answer, int64_t *ids, size_t *count)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(answer->text, answer->size);
    *count = 0;
    while (xy_outcomes_next(&outcomes, &outcome)) {
        const int status = outcome.status;
        if (status && status != XYLEM_UNAVAILABLE && status != XYLEM_NOT_FOUND)
            return status;
        while (xy_outcomes_id(&outcomes, &outcome))
            if (status == XYLEM_UNAVAILABLE)
                ids[(*count)++] = outcome.id;
    }
    return XYLEM_OK;
}

int xylem_ping_all(xylem *network, const int64_t **unanswered, size_t *unanswered_count)
{
    size_t count;
    int64_t *ids = NULL;
    int error = list_all(network, &ids, &count);
    if (error)
        return error;
    if (!ids)
        return xy_network_refuse(network, XYLEM_NO_MEMORY, "");
    error = xy_network_call(
        network,
        &(xy_command){.kind = XY_COMMAND_CAST, .ids = ids, .id_count = count, .timeout_ms = -1});
    free(network->ids);
    network->ids = ids;
    if (network->answer.size == 0) /* it has not even begun */
        return error;
    error = take_unanswered(&network->answer, ids, &count);
    if (error)
        return xy_network_refuse(network, error, "");
    xy_network_forget_reason(network);
    *unanswered = ids;
    *unanswered_count = count;
    return XYLEM_OK;
}

/* Outcomes. */

/* The one answer that there is, if there is one. */
static const xylem_outcome *only_answer(const xy_outcome_list *report)
{
    const xylem_outcome *only = NULL;
    for (size_t i = 0; i < report->count; i++)
        if (!report->list[i]->error && only)
            return NULL;
        else if (!report->list[i]->error)
            only = report->list[i];
    return only;
}

void xy_future_take_report(xylem_future *future)
{
    xy_result *answer = &future->answer;
    if (!answer->text || answer->size == 0) /* it was not even begun, or was given up */
        return;
    future->report = xy_outcome_list_new(answer->text, answer->size);
    if (future->report)
        answer->text = NULL; /* the report's */
    const xylem_outcome *only = future->report ? only_answer(future->report) : NULL;
    xy_buffer text = {0};
    bool copied = future->report && (!only || xy_buffer_add(&text, only->text, only->text_size));
    if (!copied)
        answer->status = XYLEM_NO_MEMORY;
    xy_release(answer->text);
    answer->size = text.size;
    answer->text = xy_buffer_take(&text);
}

int xylem_future_outcomes(const xylem_future *future, const xylem_outcome *const **outcomes,
                          size_t *count)
{
    const xy_outcome_list *report = future ? future->report : NULL;
    *outcomes = report ? report->list : NULL;
    *count = report ? report->count : 0;
    if (!future)
        return XYLEM_INVALID;
    return future->finished ? XYLEM_OK : XYLEM_PENDING;
}
