/* Nodes that ask nodes: I20. What the controlling node asks in the name of a node is looked at like
 * a command of the user, whose reply is what the node is told.
 */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

#include "core/asks.h"
#include "core/outcomes.h"
#include "core/set.h"
#include "sim/need.h"

/* At the node that asks. */

/* The asks of a life, by number from 1; or NULL. */
static struct asked_list *list_of(const struct check *check, uint64_t life)
{
    return life < check->asked_count ? &check->asked[life] : NULL;
}

static struct asked *find(const struct check *check, uint64_t life, uint64_t number)
{
    const struct asked_list *list = list_of(check, life);
    return list && number > 0 && number <= list->count ? &list->all[number - 1] : NULL;
}

static struct asked_list *need_list(struct check *check, uint64_t life)
{
    if (life >= check->asked_count) {
        size_t count = 2 * (size_t)life + 16;
        check->asked = need(realloc(check->asked, count * sizeof *check->asked));
        memset(check->asked + check->asked_count, 0,
               (count - check->asked_count) * sizeof *check->asked);
        check->asked_count = count;
    }
    return &check->asked[life];
}

void check_asked_others(struct check *check, uint64_t node, const xy_event *event)
{
    struct asked_list *list = need_list(check, node);
    if (event->asked.ask != list->count + 1)
        check_broken(check, "I20", "life %" PRIu64 " has ask %" PRIu64 " after %zu", node,
                     event->asked.ask, list->count);
    list->all = need(realloc(list->all, (list->count + 1) * sizeof *list->all));
    list->all[list->count++] =
        (struct asked){.work = event->asked.request.request,
                       .budget_ms = event->asked.budget_ms,
                       .asked_us = check_now_us(check),
                       .text = check_digest(0, event->asked.payload, event->asked.size)};
}

/* It ends: nothing is answered any more. */
void check_asks_end(struct check *check, uint64_t node)
{
    struct asked_list *list = list_of(check, node);
    if (list)
        list->over = true;
}

/* Its work is over, as the node knows, or the one who has asked for that. */
static bool is_over(const struct check *check, uint64_t node, const struct asked *ask)
{
    const struct entry *work = check_work_of(check, node, ask->work);
    const struct entry *asked = history_find(&check->history, ask->work);
    return !work || !asked->open || work->answers > 0 || work->given_up || work->called_off ||
           work->done;
}

/* What it asks has to be answered so much earlier than it gives that up. */
static int64_t lead_us(int64_t time_us)
{
    const int64_t most_us = 500 * CHECK_MS;
    return time_us / 8 < most_us ? time_us / 8 : most_us;
}

/* Its time is over, or that of its work. If nothing is the matter the answer has to come sooner,
 * unless the work was given up by its asker before: then the ask is not heard. */
static void timed_out(struct check *check, uint64_t node, const struct asked *ask, uint64_t number)
{
    int64_t took_us = check_now_us(check) - ask->asked_us;
    int64_t needed_us = 4 * check_travel_us(check, node) + 20 * CHECK_MS + took_us / 20;
    const struct entry *work = history_find(&check->history, ask->work);
    const struct entry way = {.timeout_ms = took_us / CHECK_MS, .asked_us = ask->asked_us};
    if (took_us < ask->budget_ms * CHECK_MS * 98 / 100 - 2 * CHECK_MS && !is_over(check, node, ask))
        check_broken(check, "I20", "ask %" PRIu64 " of life %" PRIu64 " times out too early",
                     number, node);
    else if (needed_us < lead_us(took_us) && check_no_cause(check, &way, node) && work &&
             work->open)
        check_broken(check, "I20",
                     "ask %" PRIu64 " of life %" PRIu64 " has no answer in %" PRId64 " us", number,
                     node, took_us);
}

/* What the controlling node has decided comes unchanged. Otherwise the node has given it up. */
static void look_at_answer(struct check *check, uint64_t node, const struct asked *ask,
                           const xy_action *action)
{
    uint64_t number = action->answered.ask;
    int status = action->answered.status;
    uint64_t is = check_digest(status, action->answered.outcomes, action->answered.size);
    bool decided = ask->decided && is == ask->answer;
    if (decided)
        check_turn(check, action->answered.size > 0 ? TURN_ASKS_ANSWERED : TURN_ASKS_GIVEN_UP);
    else if (status == XYLEM_TIMED_OUT && action->answered.size == 0)
        timed_out(check, node, ask, number);
    else if (action->answered.size > 0 || !(status == XYLEM_CANCELLED || status == XYLEM_BUSY) ||
             (status == XYLEM_CANCELLED && !is_over(check, node, ask)))
        check_broken(check, "I20", "ask %" PRIu64 " of life %" PRIu64 " has another answer: %s",
                     number, node, xylem_strerror(status));
    else
        check_turn(check, TURN_ASKS_GIVEN_UP);
}

void check_ask_answered(struct check *check, uint64_t node, const xy_action *action)
{
    struct asked *ask = find(check, node, action->answered.ask);
    struct asked_list *list = list_of(check, node);
    if (!ask || ask->answered) {
        check_broken(check, "I20", "ask %" PRIu64 " of life %" PRIu64 " is answered %s",
                     action->answered.ask, node, ask ? "a second time" : "and was not asked");
        return;
    }
    if (!list->over)
        look_at_answer(check, node, ask, action);
    ask->answered = true;
    ask->status = action->answered.status;
    while (list->first < list->count && list->all[list->first].answered)
        list->first++;
}

void check_ask_called(struct check *check, uint64_t node, uint64_t number, int status, size_t ids)
{
    struct asked *ask = find(check, node, number);
    int64_t hangs_since_us;
    if (!ask || !ask->answered || ask->called)
        check_broken(check, "I20", "life %" PRIu64 " is called back for ask %" PRIu64 " %s", node,
                     number, ask && ask->called ? "a second time" : "without an answer");
    else if (!check->model.lives[node].alive ||
             model_hangs(&check->model, node, check_now_us(check), &hangs_since_us))
        check_broken(check, "I20", "life %" PRIu64 " is called back while it hangs", node);
    else if (status != ask->status || (ask->decided && ids != 0 && ids != ask->ids))
        check_broken(check, "I20", "life %" PRIu64 " is called with another answer to ask %" PRIu64,
                     node, number);
    if (ask)
        ask->called = true;
}

/* After each step of a node: what is to be over is answered. */
static void look_at_asks(struct check *check, uint64_t node)
{
    const struct asked_list *list = list_of(check, node);
    for (size_t i = list ? list->first : 0; list && i < list->count && !list->over; i++) {
        const struct asked *ask = &list->all[i];
        const struct entry *work = check_work_of(check, node, ask->work);
        int64_t slack_ms = ask->budget_ms / 50 + 3 + CHECK_SLOWNESS_US / CHECK_MS;
        if (ask->answered)
            continue;
        if (work && (work->answers > 0 || work->given_up))
            check_broken(check, "I20", "ask %zu of life %" PRIu64 " outlives its work", i + 1,
                         node);
        else if (check_is_late(check, node, ask->asked_us, ask->budget_ms + slack_ms))
            check_broken(check, "I20", "ask %zu of life %" PRIu64 " is not answered in time", i + 1,
                         node);
    }
}

/* All is quiet: each that was answered was called back. */
void check_asks_quiet(struct check *check, uint64_t node)
{
    const struct asked_list *list = list_of(check, node);
    for (size_t i = 0; list && i < list->count; i++)
        if (!list->over && !list->all[i].called)
            check_broken(check, "I20", "life %" PRIu64 " was not called back for ask %zu", node,
                         i + 1);
}

/* At the controlling node: what it hears. */

static void add_id(int64_t **ids, size_t *count, int64_t id)
{
    for (size_t i = 0; i < *count; i++)
        if ((*ids)[i] == id)
            return;
    *ids = need(realloc(*ids, (*count + 1) * sizeof **ids));
    (*ids)[(*count)++] = id;
}

/* Sets here are `all`, or ids and ranges in ascending order. */
static int64_t *ids_of(const struct check *check, const xy_set *set, size_t *count)
{
    const struct model *model = &check->model;
    int64_t *ids = NULL;
    *count = 0;
    for (int64_t id = 0; id < model->ids && set->all; id++)
        if (model->present[id] && model->lives[model->present[id]].stage == STAGE_PRESENT)
            add_id(&ids, count, id);
    for (size_t i = 0; i < set->count; i++)
        for (int64_t id = set->items[i].from; id <= set->items[i].to; id++)
            add_id(&ids, count, id);
    return ids;
}

static void note_request(struct check *check, const xy_message *message, const char *set_text)
{
    struct asked_request *hand = &check->ask_in_hand;
    const char *text = set_text + strlen(set_text) + 1;
    xy_command command = {.kind = XY_COMMAND_CAST,
                          .timeout_ms = message->budget_ms,
                          .text = text,
                          .size = message->payload_size - (size_t)(text - set_text)};
    const xy_asker asker = {message->life, message->number.request, (uint64_t)message->value};
    xy_set set;
    if (xy_set_read(set_text, &set) == XYLEM_OK) {
        int64_t *ids = ids_of(check, &set, &command.id_count);
        bool one = !set.all && command.id_count == 1;
        command.asker = &asker;
        command.ids = ids;
        command.id = one ? ids[0] : 0;
        command.kind = one ? XY_COMMAND_EXEC : XY_COMMAND_CAST;
        hand->entry = check_entry(check, &command);
        hand->entry.full = check_is_full(check, &command);
        if (!one)
            check_casting(check, &hand->entry, &command);
        hand->entry.combines = true; /* if all have the same service */
        hand->entry.asker = message->life.number;
        hand->entry.ask = message->number.request;
        hand->entry.ask_work = (uint64_t)message->value;
        hand->text = check_digest(0, set_text, message->payload_size);
        hand->here = true;
        free(ids);
    }
    xy_set_clear(&set);
}

static void drop_hand(struct check *check)
{
    free(check->ask_in_hand.entry.targets);
    check->ask_in_hand = (struct asked_request){0};
}

/* Before the step: what the nodes that are asked are like then. */
void check_ask_heard(struct check *check, const xy_event *event)
{
    xy_message message;
    drop_hand(check);
    if (check->hand.strange || check->hand.passed_on ||
        !xy_message_decode(&message, event->message.frame, event->message.size) ||
        message.kind != XY_ASK)
        return;
    const char *payload = (const char *)xy_message_payload(&message);
    if (payload && memchr(payload, '\0', message.payload_size))
        note_request(check, &message, payload);
}

/* Its time is what is left of that of the work, at most. */
static void set_time(struct check *check, struct entry *entry, const xy_request *request)
{
    const xy_request *work = xy_requests_find(&check->controller->requests, entry->ask_work);
    entry->timeout_ms = request->slot.deadline_ms - check->controller->now_ms;
    entry->due_us = entry->asked_us + check_limit_us(check, entry->timeout_ms);
    for (size_t i = 0; i < entry->target_count; i++)
        entry->targets[i].timeout_ms = entry->timeout_ms;
    if (!work || (entry->timeout_ms > 0 && request->slot.deadline_ms > work->slot.deadline_ms))
        check_broken(check, "I20", "ask %" PRIu64 " of life %" PRIu64 " %s", entry->ask,
                     entry->asker, work ? "may take longer than its work" : "belongs to no work");
}

static void enter(struct check *check, struct entry *entry, struct asked *ask)
{
    uint64_t number = check->history.count + 1;
    const xy_request *request = xy_requests_find(&check->controller->requests, number);
    if (request)
        set_time(check, entry, request);
    history_ask(&check->history, entry);
    ask->request = number;
    ask->ids = entry->kind == XY_COMMAND_CAST ? entry->target_count : 1;
    check->asks_open =
        need(realloc(check->asks_open, (check->asks_under_way + 1) * sizeof *check->asks_open));
    check->asks_open[check->asks_under_way++] = number;
    check_turn(check, TURN_ASKS);
    if (entry->kind == XY_COMMAND_CAST)
        check_cast_taken(check, history_find(&check->history, number));
}

/* The controlling node has made a request for it. */
void check_ask_taken(struct check *check)
{
    struct asked_request *hand = &check->ask_in_hand;
    struct entry *entry = &hand->entry;
    struct asked *ask = hand->here ? find(check, entry->asker, entry->ask) : NULL;
    if (check->controller->command == check->history.count)
        return;
    if (!ask || ask->request || ask->text != hand->text || ask->work != entry->ask_work) {
        check_broken(check, "I20", "a request is made for life %" PRIu64 ", ask %" PRIu64 ", %s",
                     entry->asker, entry->ask,
                     ask && ask->request ? "a second time" : "which has not asked this");
        return;
    }
    enter(check, entry, ask);
    entry->targets = NULL; /* they are the history's */
    drop_hand(check);
}

/* What it tells. */

static const xy_request *find_errand(const xy_map_node *node, uint64_t ask)
{
    const xy_request *each;
    DL_FOREACH(node->requests, each)
    {
        if (xy_is_errand(each) && each->kind == XY_ANSWERED && (uint64_t)each->value == ask)
            return each;
    }
    return NULL;
}

/* Given up, because the work that it belongs to is over. */
static void cancel(struct check *check, struct entry *entry)
{
    entry->cancelled = true;
    entry->cancelled_us = check_now_us(check);
    for (size_t i = 0; i < entry->target_count; i++) {
        entry->targets[i].cancelled = true;
        entry->targets[i].cancelled_us = entry->cancelled_us;
    }
}

static int64_t count_succeeded(const xy_request *told)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(told->text.bytes, told->text.size);
    int64_t count = 0;
    while (xy_outcomes_next(&outcomes, &outcome)) {
        count += outcome.status ? 0 : (int64_t)outcome.count;
        while (xy_outcomes_id(&outcomes, &outcome))
            continue;
    }
    return count;
}

/* As the reply to a command would be. */
static void judge(struct check *check, uint64_t number, struct entry *entry, const xy_request *told)
{
    xy_action reply = {.kind = XY_ACTION_REPLY,
                       .reply = {.command = number,
                                 .status = told->status,
                                 .text = told->text.bytes,
                                 .size = told->text.size}};
    xy_outcome outcome = {.status = told->status};
    xy_outcomes outcomes = xy_outcomes_read(told->text.bytes, told->text.size);
    if (told->status == XYLEM_CANCELLED &&
        !xy_requests_find(&check->controller->requests, entry->ask_work))
        cancel(check, entry);
    if (told->text.size == 0 && told->status == XYLEM_TOO_LONG) {
        history_close(&check->history, number);
        return;
    }
    if (entry->kind == XY_COMMAND_CAST) {
        reply.reply.value = told->text.size > 0 ? count_succeeded(told) : 0;
    } else {
        bool right = told->text.size > 0 && outcomes.count == 1 &&
                     xy_outcomes_next(&outcomes, &outcome) && outcome.count == 1 &&
                     xy_outcomes_id(&outcomes, &outcome) && outcome.id == entry->id &&
                     outcome.status == told->status;
        reply.reply.text = (uint8_t *)(uintptr_t)outcome.text;
        reply.reply.size = outcome.size;
        if (!right)
            check_fail(check, "I20", entry, "the outcome is of another node", told->status);
    }
    check_reply(check, &reply);
}

/* A request that was made for a node is not under way any more. */
static void decided(struct check *check, uint64_t number)
{
    struct entry *entry = history_find(&check->history, number);
    struct asked *ask = find(check, entry->asker, entry->ask);
    const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){entry->asker});
    bool gone =
        check->closing || !node || node->dead || node->given_up || node->stage == XY_STAGE_ENDING;
    const xy_request *told = gone ? NULL : find_errand(node, entry->ask);
    if (told) {
        ask->decided = true;
        ask->answer = check_digest(told->status, told->text.bytes, told->text.size);
        judge(check, number, entry, told);
        return;
    }
    struct asked_list *list = list_of(check, entry->asker);
    if (gone && list) /* it may have been told in this step, before it was told to end */
        list->over = true;
    if (!gone)
        check_broken(check, "I20", "life %" PRIu64 " is not told of its ask %" PRIu64, entry->asker,
                     entry->ask);
    history_close(&check->history, number);
}

/* After each step of the controlling node: what belongs to work that is over is given up. */
static void look_at_requests(struct check *check)
{
    const xy_requests *requests = &check->controller->requests;
    for (size_t i = 0; i < check->asks_under_way;) {
        uint64_t number = check->asks_open[i];
        const struct entry *entry = history_find(&check->history, number);
        if (!xy_requests_find(requests, number)) {
            check->asks_open[i] = check->asks_open[--check->asks_under_way];
            decided(check, number);
            continue;
        }
        if (!check->closing && !xy_requests_find(requests, entry->ask_work))
            check_broken(check, "I20", "what life %" PRIu64 " asks outlives its work",
                         entry->asker);
        i++;
    }
}

void check_asks(struct check *check, uint64_t node)
{
    if (node != 0) {
        look_at_asks(check, node);
        return;
    }
    check_ask_taken(check);
    drop_hand(check);
    look_at_requests(check);
}

void check_asks_clear(struct check *check)
{
    for (size_t i = 0; i < check->asked_count; i++)
        free(check->asked[i].all);
    free(check->asked);
    free(check->asks_open);
    drop_hand(check);
}
