/* Requests of nodes to nodes. The controlling node makes each in the name of the node that asks,
 * within the time of the work that it belongs to, and tells that node how it has ended. When the
 * work is over before, what belongs to it is given up.
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ids.h"
#include "core/memory.h"
#include "core/outcomes.h"
#include "core/set.h"

/* How many nodes may ask one for another. */
enum { DEPTH_MAX = 64 };

/* Answers. */

/* The answer of one node, as that of a cast to it would be. */
static bool write_one(xy_buffer *bytes, const xy_request *ask, int status, const void *text,
                      size_t size)
{
    const xy_outcome outcome = {.status = status, .text = text, .size = size, .count = 1};
    return xy_outcomes_begin(bytes, 1) && xy_outcomes_add(bytes, &outcome, &ask->id);
}

static void tell(xy_controller *controller, const xy_asker *asker, int status, const void *outcomes,
                 size_t size, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, asker->life);
    bool fits = size <= XY_MESSAGE_PAYLOAD_MAX;
    const xy_message head = {.code = XY_ANSWERED,
                             .value = (int64_t)asker->ask,
                             .status = fits ? status : XYLEM_TOO_LONG};
    if (node && !node->dead && !node->given_up && node->stage != XY_STAGE_ENDING &&
        !controller->closing)
        xy_tell_text(controller, node, &head, outcomes, fits ? size : 0, out); /* or it is late */
}

/* The request that one was made for, unless that is a command of the user. */
static const xy_request *made_for(const xy_controller *controller, const xy_request *request)
{
    uint64_t work = request->asker.life.number ? request->asker.work : 0;
    return work ? xy_requests_find(&controller->requests, work) : NULL;
}

static int64_t id_of_asker(const xy_controller *controller, const xy_request *ask)
{
    const xy_map_node *node = xy_map_of_life(&controller->map, ask->asker.life);
    return node ? node->id : XY_NO_ID;
}

/* Whether the node asks, through others, for the one that is asked: that waits for itself. */
static bool is_circle(const xy_controller *controller, const xy_request *ask)
{
    for (const xy_request *at = ask; at; at = made_for(controller, at))
        if (at->asker.life.number && id_of_asker(controller, at) == ask->id)
            return true;
    return false;
}

/* "nodes ask in a circle: 3 is asked by 5, which is asked by 3" */
static size_t explain_circle(const xy_controller *controller, const xy_request *ask, char *text,
                             size_t room)
{
    int size = snprintf(text, room, "nodes ask in a circle: %" PRId64, ask->id);
    for (const xy_request *at = ask; at && at->asker.life.number; at = made_for(controller, at)) {
        int64_t asker = id_of_asker(controller, at);
        if ((size_t)size < room)
            size += snprintf(text + size, room - (size_t)size, " is asked by %" PRId64 "%s", asker,
                             asker == ask->id ? "" : ", which");
        if (asker == ask->id)
            break;
    }
    return (size_t)size < room ? (size_t)size : room - 1;
}

/* Of a cast that could not begin there are no outcomes. */
void xy_answer_ask(xy_controller *controller, const xy_request *ask, int status, const void *text,
                   size_t size, xy_queue *out)
{
    char circle[256];
    xy_buffer one = {0};
    if (ask->slot.request)
        controller->unreplied--;
    if (ask->kind == XY_COMMAND_CAST) {
        tell(controller, &ask->asker, status, text, size, out);
        return;
    }
    if (status == XYLEM_TIMED_OUT && size == 0 && is_circle(controller, ask)) {
        size = explain_circle(controller, ask, circle, sizeof circle);
        text = circle;
    }
    if (!write_one(&one, ask, status, text, size))
        status = XYLEM_NO_MEMORY;
    tell(controller, &ask->asker, status, one.bytes, one.size, out);
    xy_buffer_clear(&one);
}

/* Asking. */

/* What the ask says that it works on, if that is so. */
static xy_request *find_work(const xy_controller *controller, const xy_message *ask)
{
    xy_request *work = xy_requests_find(&controller->requests, (uint64_t)ask->value);
    bool known = work && work->tag == ask->number.tag;
    bool does = known && (work->kind == XY_COMMAND_CAST ||
                          (work->kind == XY_COMMAND_EXEC && work->life.number == ask->life.number));
    return does ? work : NULL;
}

static size_t depth_of(const xy_controller *controller, const xy_request *request)
{
    size_t depth = 0;
    for (; request && depth <= DEPTH_MAX; request = made_for(controller, request))
        depth++;
    return depth;
}

static bool add_item(const xy_map *map, const xy_set_item *item, xy_ids *ids)
{
    bool added = true;
    xy_map_node *top = item->below ? xy_map_find(map, item->from) : NULL;
    for (int64_t left = item->to - item->from; left >= 0 && added; left--)
        added = xy_ids_add(ids, item->to - left);
    for (xy_map_node *node = top; node && added; node = xy_map_below(top, node, XY_WANTED))
        added = xy_ids_add(ids, node->id);
    return added;
}

static void sort_once(xy_ids *ids)
{
    xy_ids_sort(ids->at, ids->count);
    ids->count = xy_ids_once(ids->at, ids->at, ids->count);
}

/* The ids of a set, each once, in ascending order. */
static bool find_ids(const xy_map *map, const xy_set *set, xy_ids *ids)
{
    bool found = true;
    for (const xy_map_node *node = map->lowest; set->all && node && found; node = node->higher)
        if (node->stage == XY_STAGE_PRESENT || node->stage == XY_STAGE_RESTARTING)
            found = xy_ids_add(ids, node->id);
    for (size_t i = 0; i < set->count && found; i++) {
        found = add_item(map, &set->items[i], ids);
        if (ids->count > XY_SET_IDS_MAX)
            sort_once(ids); /* many may name the same subtree */
    }
    sort_once(ids);
    return found;
}

static bool is_one(const xy_set *set)
{
    return !set->all && set->count == 1 && !set->items[0].below &&
           set->items[0].from == set->items[0].to;
}

/* The service that combines the answers of these nodes, if they have the same. */
static const char *combining(const xy_controller *controller, const xy_ids *ids)
{
    const xy_map_node *node = NULL;
    assert(ids->at || ids->count == 0);
    for (size_t i = 0; i < ids->count && !node; i++)
        node = xy_map_find(&controller->map, ids->at[i]);
    return node && node->combines ? node->service : NULL;
}

static int ask_set(xy_controller *controller, const xy_set *set, xy_command *command, xy_queue *out)
{
    xy_ids ids = {0};
    bool found = find_ids(&controller->map, set, &ids);
    command->kind = is_one(set) ? XY_COMMAND_EXEC : XY_COMMAND_CAST;
    command->ids = ids.at;
    command->id_count = ids.count;
    command->id = is_one(set) ? set->items[0].from : 0;
    command->combine = combining(controller, &ids);
    if (found)
        controller->command++;
    if (found && is_one(set))
        xy_ask(controller, command, out);
    else if (found)
        xy_cast_to(controller, command, out);
    xy_ids_clear(&ids);
    return found ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* The set, and behind a NUL the text. */
static int ask_payload(xy_controller *controller, const xy_message *ask, xy_command *command,
                       xy_queue *out)
{
    xy_set set;
    const char *payload = (const char *)xy_message_payload(ask);
    const char *end = payload ? memchr(payload, '\0', ask->payload_size) : NULL;
    if (!end)
        return XYLEM_INVALID;
    command->text = end + 1;
    command->size = ask->payload_size - (size_t)(command->text - payload);
    int error = xy_set_read(payload, &set);
    if (!error)
        error = ask_set(controller, &set, command, out);
    xy_set_clear(&set);
    return error;
}

static int64_t shorter(const xy_controller *controller, const xy_request *work, uint32_t budget_ms)
{
    int64_t left_ms = work->slot.deadline_ms - controller->now_ms;
    return left_ms < 0 ? 0 : left_ms < budget_ms ? left_ms : budget_ms;
}

static void broker(xy_controller *controller, const xy_message *ask, xy_request *work,
                   xy_queue *out)
{
    const xy_asker asker = {ask->life, ask->number.request, (uint64_t)ask->value};
    static const char deep[] = "64 nodes ask one for another: perhaps they do so in a circle";
    xy_command command = {.asker = &asker};
    int error = ask->status;
    if (!error && depth_of(controller, work) >= DEPTH_MAX) {
        const xy_request refused = {.kind = XY_COMMAND_EXEC, .asker = asker};
        xy_answer_ask(controller, &refused, XYLEM_BUSY, deep, sizeof deep - 1, out);
        return;
    }
    if (!error) {
        work->asks = true;
        command.timeout_ms = shorter(controller, work, ask->budget_ms);
        error = ask_payload(controller, ask, &command, out);
    }
    if (error)
        tell(controller, &asker, error, NULL, 0, out);
}

/* An ask that has come before, over another way, is under way or answered. When the work is over
 * the node knows that, or is told. */
void xy_hear_ask(xy_controller *controller, const xy_message *ask, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, ask->life);
    xy_request *work = find_work(controller, ask);
    if (!node || node->id != ask->id || !work || controller->closing)
        return;
    if (!node->asks && !(node->asks = xy_allocate(1, sizeof *node->asks)))
        return; /* it is said again, or given up in time */
    if (xy_window_take(node->asks, ask->number.request))
        broker(controller, ask, work, out);
}

/* Giving up. */

static void give_up(xy_controller *controller, xy_request *ask, xy_queue *out)
{
    if (ask->kind == XY_COMMAND_CAST)
        xy_cast_cancel(controller, ask, out);
    else
        xy_cancel_exec(controller, ask, out);
}

/* One that is given up may have been worked on by a node that has asked, too: that comes behind it.
 * With a cast those that are parts of it end, which may be the next ones. */
void xy_drop_abandoned_asks(xy_controller *controller, xy_queue *out)
{
    bool abandoned = controller->abandoned && !controller->closing;
    xy_request *next, *ask = abandoned ? xy_requests_first(&controller->requests) : NULL;
    for (; ask; ask = next) {
        bool cast = ask->kind == XY_COMMAND_CAST;
        next = xy_requests_next(ask);
        if (!ask->asker.life.number || made_for(controller, ask))
            continue;
        give_up(controller, ask, out);
        if (cast)
            next = xy_requests_first(&controller->requests);
    }
    controller->abandoned = false;
}
