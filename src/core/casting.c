/* Requests to many. A cast goes over the tree of links to all that can be reached on a way that is
 * settled. A node that is on its way to another parent, or below one, is asked over its own way
 * instead: that request goes with it. What comes of both is one reply.
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ids.h"
#include "core/memory.h"
#include "core/outcomes.h"
#include "core/varint.h"

typedef struct xy_audience {
    int64_t *ids; /* by position */
    size_t count;
    xy_life *members; /* those that the cast goes through */
    size_t member_count;
} xy_audience;

/* Memory. */

static void free_audience(xy_audience *audience)
{
    if (audience) {
        xy_release(audience->ids);
        xy_release(audience->members);
    }
    xy_release(audience);
}

static xy_audience *new_audience(size_t count)
{
    xy_audience *new = xy_allocate(1, sizeof *new);
    if (!new)
        return NULL;
    new->ids = xy_allocate(count + 1, sizeof *new->ids);
    new->count = count;
    if (new->ids)
        return new;
    free_audience(new);
    return NULL;
}

/* Those that it goes through may move now. */
static void release_members(xy_controller *controller, xy_audience *audience)
{
    for (size_t i = 0; i < audience->member_count; i++) {
        xy_map_node *node = xy_map_of_life(&controller->map, audience->members[i]);
        if (node)
            node->casts--;
    }
    audience->member_count = 0;
    controller->unsettled = true;
}

static void disband(xy_controller *controller, xy_cast *cast)
{
    release_members(controller, cast->audience);
    free_audience(cast->audience);
    cast->audience = NULL;
}

void xy_cast_forget(xy_controller *controller, uint64_t number)
{
    xy_cast *cast = (xy_cast *)xy_table_find(&controller->casts.table, number);
    if (!cast)
        return;
    disband(controller, cast);
    xy_casts_forget(&controller->casts, cast);
}

/* Who is asked, and how. */

typedef enum cast_route { BY_TREE, BY_ITSELF, NOT_FOUND, NOT_AVAILABLE } cast_route;

/* Whether it stays where it is attached, unless that parent fails: what is to move moves after the
 * cast. */
static bool is_settled(const xy_map_node *node)
{
    return node->attaching == XY_NOT_ATTACHING && !node->strays;
}

static cast_route route_to(const xy_controller *controller, int64_t id, xy_map_node **found)
{
    xy_map_node *node = xy_find_present(controller, id);
    *found = node;
    if (!node)
        return NOT_FOUND;
    if (!node->available)
        return NOT_AVAILABLE;
    if (!node->reachable || node->asking || (node->behind && controller->keeps))
        return BY_ITSELF;
    for (; node && node->planned != controller->command; node = node->linked.parent)
        if (!is_settled(node))
            return BY_ITSELF;
    return BY_TREE;
}

/* In a plan that is being made; later it is the place of the node. */
enum { PASSED = 0, ASKED = 1 };

static size_t enter_way(const xy_controller *controller, xy_map_node *asked)
{
    size_t entered = 0;
    assert(asked);
    for (xy_map_node *node = asked; node && node->planned != controller->command;
         node = node->linked.parent) {
        node->planned = controller->command;
        node->plan_index = PASSED;
        entered++;
    }
    asked->plan_index = ASKED;
    return entered;
}

static xy_map_node *first_planned(const xy_controller *controller, xy_map_node *node)
{
    while (node && node->planned != controller->command)
        node = node->linked.next;
    return node;
}

/* The next node of the plan, each before those below it. */
static xy_map_node *next_planned(const xy_controller *controller, const xy_map_node *node)
{
    xy_map_node *next = first_planned(controller, node->linked.first_child);
    for (; !next && node; node = node->linked.parent)
        next = first_planned(controller, node->linked.next);
    return next;
}

/* A cast that begins. */
typedef struct cast_draft {
    const xy_command *command;
    uint8_t *routes; /* of each id of the command */
    xy_audience *audience;
    xy_plan_node *nodes;
    size_t asked; /* how many by the tree: theirs are the first positions, */
    size_t parts; /* how many by themselves: theirs are the next ones */
    size_t levels;
    uint32_t lead_ms; /* of the time of the cast, in which no work is done any more */
    xy_buffer plan;
} cast_draft;

/* Those that are asked by the tree are marked, and are in no list yet. */
static void enter_all(const xy_controller *controller, cast_draft *draft)
{
    xy_map_node *node;
    for (size_t i = 0; i < draft->command->id_count; i++) {
        cast_route route = route_to(controller, draft->command->ids[i], &node);
        draft->routes[i] = (uint8_t)route;
        draft->asked += route == BY_TREE;
        draft->parts += route == BY_ITSELF;
        if (route == BY_TREE)
            draft->audience->member_count += enter_way(controller, node);
    }
}

static void lay_out(const xy_controller *controller, cast_draft *draft)
{
    size_t index = 0, position = 0;
    xy_map_node *node = first_planned(controller, controller->map.linked.first_child);
    for (; node; node = next_planned(controller, node)) {
        const xy_map_node *parent = node->linked.parent;
        bool asked = node->plan_index == ASKED;
        draft->nodes[index] = (xy_plan_node){.parent = parent ? parent->plan_index : XY_PLAN_TOP,
                                             .link = node->peer.link.number,
                                             .asked = asked};
        draft->audience->members[index] = node->life;
        if (asked)
            draft->audience->ids[position++] = node->id;
        node->plan_index = index++;
        node->casts++;
    }
    assert(index == draft->audience->member_count && position == draft->asked);
}

/* All that needs memory before something is changed. */
static bool prepare(xy_controller *controller, cast_draft *draft)
{
    draft->audience = new_audience(draft->command->id_count);
    draft->routes = xy_allocate(draft->command->id_count + 1, 1);
    if (!draft->audience || !draft->routes)
        return false;
    enter_all(controller, draft);
    size_t members = draft->audience->member_count;
    draft->audience->members = xy_allocate(members + 1, sizeof(xy_life));
    draft->nodes = xy_allocate(members + 1, sizeof *draft->nodes);
    if (!draft->audience->members || !draft->nodes) {
        draft->audience->member_count = 0;
        return false;
    }
    lay_out(controller, draft);
    return true;
}

/* The service of all that are asked, if that is the one that combines. */
static const char *combining_service(const xy_controller *controller, const cast_draft *draft)
{
    const xy_command *command = draft->command;
    const char *service = command->text ? command->combine : NULL;
    for (size_t i = 0; service && i < command->id_count; i++) {
        bool asked = draft->routes[i] == BY_TREE || draft->routes[i] == BY_ITSELF;
        const xy_map_node *node = asked ? xy_map_find(&controller->map, command->ids[i]) : NULL;
        if (node && strcmp(node->service, service) != 0)
            service = NULL;
    }
    return service ? service : "";
}

/* The part of the time in which what has come is passed up: it is for all levels. */
enum { LEAD_PART = 4, LEAD_MOST_PART = 2, LEAD_MAX_MS = 1000 };

static uint32_t least(uint32_t a, uint64_t b)
{
    return a < b ? a : (uint32_t)b;
}

/* At least 1 ms for each level, unless that is half of the time. */
static uint32_t lead_of(uint32_t time_ms, size_t levels)
{
    uint32_t usual_ms = least(time_ms / LEAD_PART, LEAD_MAX_MS);
    uint32_t needed_ms = least(time_ms / LEAD_MOST_PART, levels + 1);
    return usual_ms > needed_ms ? usual_ms : needed_ms;
}

static bool make_plan(const xy_controller *controller, const xy_request *request, cast_draft *draft)
{
    uint8_t bytes[3 * XY_VARINT_MAX + XY_VARINT_MAX + XY_SERVICE_NAME_SIZE];
    xy_buffer section = {0};
    xy_plan_head head = {.time_ms = (uint32_t)(request->slot.deadline_ms - controller->now_ms)};
    if (!xy_plan_make(&section, draft->nodes, draft->audience->member_count, &draft->levels))
        return false;
    draft->lead_ms = lead_of(head.time_ms, draft->levels);
    head.step_ms = (uint32_t)(draft->lead_ms / (draft->levels + 1));
    snprintf(head.service, sizeof head.service, "%s", combining_service(controller, draft));
    bool made = xy_buffer_add(&draft->plan, bytes, xy_plan_put_head(bytes, &head)) &&
                xy_buffer_add(&draft->plan, section.bytes, section.size);
    xy_buffer_clear(&section);
    return made;
}

/* Beginning. */

/* A node takes a quarter of a budget off, and a second at most: so much is left for its work. */
static uint32_t budget_of(int64_t time_ms, uint32_t lead_ms)
{
    int64_t work_ms = time_ms - lead_ms;
    int64_t budget_ms = work_ms + work_ms / (LEAD_PART - 1);
    return (uint32_t)(budget_ms < time_ms ? budget_ms : time_ms);
}

/* The plan goes with the text if there is room for both in one message, and otherwise before it. */
static xy_cast *pass(xy_controller *controller, const xy_request *request, cast_draft *draft,
                     xy_queue *out)
{
    xy_plan plan;
    const xy_command *command = draft->command;
    const uint8_t *text = (const uint8_t *)command->text;
    bool together = draft->plan.size + command->size <= XY_MESSAGE_PAYLOAD_MAX;
    xy_message message = {
        .kind = XY_CAST,
        .code = text ? XY_EXEC : XY_PING,
        .part = together ? 0 : XY_PART_MORE,
        .value = together ? 0 : (int64_t)command->size,
        .number = xy_request_number(request),
        .budget_ms = budget_of(request->slot.deadline_ms - controller->now_ms, draft->lead_ms)};
    bool read = xy_plan_read(&plan, draft->plan.bytes, draft->plan.size);
    assert(read);
    xy_cast *cast =
        xy_casts_begin(&controller->casts, &controller->subtree, &plan, draft->parts + 1, &message,
                       text, together ? command->size : 0, XY_NEVER, out);
    for (size_t offset = 0; read && cast && !together && offset < command->size;
         offset += XY_MESSAGE_PAYLOAD_MAX) {
        xy_fragment_at(&message, command->size, offset);
        message.part |= XY_PART_CONTINUED;
        message.value = (int64_t)offset;
        xy_casts_pass(cast, &message, text + offset, message.payload_size, &controller->subtree,
                      out);
    }
    return cast;
}

/* Those that are not asked by the tree: their positions come behind. The cast stays, whatever comes
 * of them. */
static void ask_parts(xy_controller *controller, xy_cast *cast, const cast_draft *draft,
                      int64_t time_ms, xy_queue *out)
{
    const xy_command *command = draft->command;
    uint32_t position = (uint32_t)draft->asked;
    int error;
    xy_command part = {.kind = command->text ? XY_COMMAND_EXEC : XY_COMMAND_PING,
                       .timeout_ms = time_ms,
                       .text = command->text,
                       .size = command->size};
    for (size_t i = 0; i < command->id_count; i++) {
        if (draft->routes[i] == BY_TREE)
            continue;
        part.id = cast->audience->ids[position] = command->ids[i];
        if (draft->routes[i] != BY_ITSELF)
            xy_merge_add(&cast->merge,
                         draft->routes[i] == NOT_FOUND ? XYLEM_NOT_FOUND : XYLEM_UNAVAILABLE, NULL,
                         0, (xy_range){position, 1});
        else if ((error = xy_ask_part(controller, &part, xy_find_present(controller, part.id),
                                      cast->slot.request, position, out)))
            xy_casts_own(&controller->casts, cast, position, error, NULL, 0, out);
        position++;
    }
}

/* There is no room for so many nodes in a plan. */
static bool ask_all_by_themselves(xy_controller *controller, const xy_request *request,
                                  cast_draft *draft)
{
    release_members(controller, draft->audience);
    for (size_t i = 0; i < draft->command->id_count; i++)
        if (draft->routes[i] == BY_TREE)
            draft->routes[i] = BY_ITSELF;
    draft->parts += draft->asked;
    draft->asked = 0;
    xy_buffer_clear(&draft->plan);
    return make_plan(controller, request, draft);
}

/* What it has of its own is the cast's then. */
static int begin(xy_controller *controller, const xy_request *request, cast_draft *draft,
                 xy_queue *out)
{
    int64_t left_ms = request->slot.deadline_ms - controller->now_ms;
    if (!prepare(controller, draft) || !make_plan(controller, request, draft))
        return XYLEM_NO_MEMORY;
    bool fits = draft->plan.size <= XY_MESSAGE_PAYLOAD_MAX;
    if (!fits && !ask_all_by_themselves(controller, request, draft))
        return XYLEM_NO_MEMORY;
    xy_cast *cast = pass(controller, request, draft, out);
    if (!cast)
        return XYLEM_NO_MEMORY;
    cast->audience = draft->audience;
    draft->audience = NULL;
    ask_parts(controller, cast, draft, left_ms, out);
    cast->own--;
    xy_casts_look_at(&controller->casts, cast, out);
    return XYLEM_OK;
}

static void leave_draft(xy_controller *controller, cast_draft *draft)
{
    xy_cast none = {.audience = draft->audience};
    if (none.audience)
        disband(controller, &none);
    xy_release(draft->routes);
    xy_release(draft->nodes);
    xy_buffer_clear(&draft->plan);
}

void xy_cast_to(xy_controller *controller, const xy_command *command, xy_queue *out)
{
    cast_draft draft = {.command = command};
    xy_request *request = xy_accept(controller, command, NULL, out);
    if (!request)
        return;
    int error = begin(controller, request, &draft, out);
    if (error)
        xy_end_request(controller, request, error, 0, NULL, 0, out);
    leave_draft(controller, &draft);
}

/* Answers. */

void xy_cast_part(xy_controller *controller, const xy_request *part, int status, const void *text,
                  size_t size, xy_queue *out)
{
    xy_cast *cast = (xy_cast *)xy_table_find(&controller->casts.table, part->cast);
    controller->unreplied--;
    if (cast)
        xy_casts_own(&controller->casts, cast, part->position, status, text, size, out);
}

/* Those that nothing is known of, in spite of all, are not available. */
static bool fill(xy_cast *cast)
{
    size_t count = cast->audience->count;
    bool *known = xy_allocate(count + 1, sizeof *known);
    for (const xy_group *group = cast->merge.all; group && known; group = group->next) {
        const xy_range *range = group->ranges;
        for (size_t ranges = group->count; ranges > 0; ranges--, range++)
            for (uint32_t i = 0; i < range->count && range->from + i < count; i++)
                known[range->from + i] = true;
    }
    for (uint32_t i = 0; i < count && known; i++)
        if (!known[i])
            xy_merge_add(&cast->merge, XYLEM_UNAVAILABLE, NULL, 0, (xy_range){i, 1});
    bool filled = known;
    xy_release(known);
    return filled && !cast->merge.failed;
}

/* Takes the ids of a group, each that was not taken before. */
static size_t take_ids(const xy_group *group, const xy_audience *audience, bool *taken,
                       int64_t *ids)
{
    size_t count = 0;
    const xy_range *range = group->ranges;
    for (size_t ranges = group->count; ranges > 0; ranges--, range++)
        for (uint32_t i = range->from; i < range->from + range->count; i++)
            if (i < audience->count && !taken[i]) {
                taken[i] = true;
                ids[count++] = audience->ids[i];
            }
    xy_ids_sort(ids, count);
    return count;
}

/* The groups in the order of their lowest ids. */

static int64_t lowest_id(const xy_group *group, const xy_audience *audience)
{
    int64_t lowest = INT64_MAX;
    const xy_range *range = group->ranges;
    for (size_t ranges = group->count; ranges > 0; ranges--, range++)
        for (uint32_t i = range->from; i < range->from + range->count && i < audience->count; i++)
            if (audience->ids[i] < lowest)
                lowest = audience->ids[i];
    return lowest;
}

typedef struct placed_group {
    int64_t lowest; /* first: it is sorted by that, like an id */
    const xy_group *group;
} placed_group;

/* The caller releases them; NULL: there is no memory. */
static placed_group *place_groups(const xy_cast *cast, size_t *count)
{
    *count = 0;
    for (const xy_group *group = cast->merge.all; group; group = group->next)
        ++*count;
    placed_group *placed = xy_allocate(*count + 1, sizeof *placed);
    size_t next = 0;
    for (const xy_group *group = cast->merge.all; group && placed; group = group->next)
        placed[next++] = (placed_group){lowest_id(group, cast->audience), group};
    if (placed)
        qsort(placed, *count, sizeof *placed, xy_ids_compare);
    return placed;
}

/* What is said of a cast. */
typedef struct cast_summary {
    xy_buffer bytes;
    int64_t succeeded;
    int status; /* of the lowest id that has an error */
} cast_summary;

static bool add_group(const xy_cast *cast, const xy_group *group, bool *taken, int64_t *ids,
                      cast_summary *summary)
{
    size_t count = take_ids(group, cast->audience, taken, ids);
    xy_outcome outcome = {.status = group->status,
                          .combined = cast->merge.combines && !group->status,
                          .text = group->text,
                          .size = group->size,
                          .count = count};
    if (!group->status)
        summary->succeeded += (int64_t)count;
    else if (!summary->status && count > 0)
        summary->status = group->status;
    return xy_outcomes_add(&summary->bytes, &outcome, ids);
}

static bool sum_up(const xy_cast *cast, cast_summary *summary)
{
    size_t groups, most = cast->audience->count + 1;
    placed_group *placed = place_groups(cast, &groups);
    bool *taken = xy_allocate(most, sizeof *taken);
    int64_t *ids = xy_allocate(most, sizeof *ids);
    bool done = placed && taken && ids && xy_outcomes_begin(&summary->bytes, groups);
    for (size_t i = 0; i < groups && done; i++)
        done = add_group(cast, placed[i].group, taken, ids, summary);
    xy_release(placed);
    xy_release(taken);
    xy_release(ids);
    return done;
}

void xy_cast_over_here(void *owner, xy_cast *cast, xy_queue *out)
{
    xy_controller *controller = owner;
    xy_request *request = xy_requests_find(&controller->requests, cast->slot.request);
    cast_summary summary = {.status = XYLEM_OK};
    assert(request);
    bool summed = fill(cast) && sum_up(cast, &summary);
    disband(controller, cast);
    if (summed)
        xy_end_request(controller, request, summary.status, summary.succeeded, summary.bytes.bytes,
                       summary.bytes.size, out);
    else
        xy_end_request(controller, request, XYLEM_NO_MEMORY, 0, NULL, 0, out);
    xy_buffer_clear(&summary.bytes);
}

void xy_cast_expired(xy_controller *controller, xy_request *request, xy_queue *out)
{
    xy_casts_end(&controller->casts,
                 (xy_cast *)xy_table_find(&controller->casts.table, request->slot.request), out);
}

/* What is under way by the tree and what is not is given up, too. */
void xy_cast_cancel(xy_controller *controller, xy_request *request, xy_queue *out)
{
    uint64_t number = request->slot.request;
    xy_cast *cast = (xy_cast *)xy_table_find(&controller->casts.table, number);
    xy_message message = {.kind = XY_CAST, .code = XY_CANCEL, .number = xy_request_number(request)};
    xy_request *next;
    assert(cast);
    xy_casts_pass(cast, &message, NULL, 0, &controller->subtree, out);
    xy_end_request(controller, request, XYLEM_CANCELLED, 0, NULL, 0, out);
    for (xy_request *part = xy_requests_first(&controller->requests); part; part = next) {
        next = xy_requests_next(part);
        if (part->cast == number)
            xy_cancel_exec(controller, part, out);
    }
}
