/* A compute node between its parent and its children, all of whom do what the script says. */
#include <string.h>

#include "core/node.h"
#include "core/plan.h"
#include "core/varint.h"
#include "neighbours.h"
#include "sim/heap.h"

enum {
    OWN_ID = 8,
    OWN_LIFE = 1,
    TALLIES = 256, /* requests are counted by their number modulo this */
    CASTS_MAX = 256,
    ASKS_MAX = 2000,   /* more are not begun */
    FIRST_CAST = 10000 /* the number of the first: no request has it */
};

#define ADDRESS "here"

/* What the node was asked together with others. */
struct cast {
    uint32_t base, count;
    bool taken, over; /* it is there; it was answered, or given up */
};

enum { DEFERRED_MAX = 8 };

static struct node_run {
    struct neighbours all;
    xy_node node;
    uint64_t request, link;           /* the latest */
    uint64_t attached;                /* the link of the parent, as the node has said; 0: none */
    xy_number work;                   /* the request at work; 0: none */
    bool unwanted;                    /* the node has said so */
    xy_number deferred[DEFERRED_MAX]; /* those that are to be answered later, */
    bool deferred_unwanted[DEFERRED_MAX]; /* and whether the node has said so of them */
    size_t deferred_count;
    xy_number refused; /* the latest that could not be sent on: it may be of a child's making */
    bool ended;        /* the node was told to end */
    uint16_t asked[TALLIES], answered[TALLIES];
    bool done[TALLIES], twice[TALLIES]; /* has been at work, and may be again */
    size_t text_size[TALLIES];          /* of what was asked, as far as it has come, */
    bool more[TALLIES];                 /* and whether there is more to come */
    struct cast casts[CASTS_MAX];
    uint64_t cast_count;
    size_t cast_size;   /* of the text of the latest, as far as it has come */
    xy_buffer arriving; /* an answer to a cast */
    uint64_t asks;      /* how many the service has asked, */
    size_t told;        /* and how many of them it knows the end of: */
    bool known[ASKS_MAX + 1];
    int64_t saved, said;    /* how many states there were, and the latest that was said */
    uint64_t sent[TALLIES]; /* how many chunks, */
    size_t on_way[TALLIES]; /* and what those cost of which there was no word of room */
} run;

static xy_number number_of(uint64_t request)
{
    return (xy_number){request, request ? request * 77 + 5 : 0};
}

/* What the node does. */

static void finish_work(size_t size)
{
    static const char answer[XY_MESSAGE_PAYLOAD_MAX + 1];
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = run.work;
    event.worked.text = answer;
    event.worked.size = size;
    event.worked.saves = size % 2;
    event.worked.saved = answer;
    event.worked.saved_size = size % 8;
    run.saved += event.worked.saves;
    run.work = (xy_number){0, 0};
    neighbours_step(&run.all, &event);
}

/* The service sends a part of its answer. */
static void send_chunk(xy_number work)
{
    unsigned tally = (unsigned)(work.request % TALLIES);
    xy_event event = {.kind = XY_EVENT_SENT};
    event.sent.chunk = xy_chunk_new(work, ++run.sent[tally], "a chunk", 7);
    must(event.sent.chunk);
    run.on_way[tally] += XY_CHUNK_COST(7);
    neighbours_step(&run.all, &event);
}

/* It is answered later; the next may begin at once. */
static void defer_work(void)
{
    xy_event event = {.kind = XY_EVENT_DEFERRED};
    event.deferred.request = run.work;
    if (!run.unwanted)
        run.deferred[run.deferred_count++] = run.work;
    run.work = (xy_number){0, 0};
    neighbours_step(&run.all, &event);
}

/* The latest of those, which may not be wanted any more. */
static void answer_deferred(void)
{
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = run.deferred[--run.deferred_count];
    run.deferred_unwanted[run.deferred_count] = false;
    neighbours_step(&run.all, &event);
}

/* Whether it was deferred and wanted until now. */
static bool is_deferred(uint64_t request)
{
    for (size_t i = 0; i < run.deferred_count; i++)
        if (run.deferred[i].request == request && !run.deferred_unwanted[i])
            return run.deferred_unwanted[i] = true;
    return false;
}

/* Takes its time, or none, or is answered in fragments, or later. One at a time, and all that was
 * asked. */
static void work(const xy_action *action)
{
    xy_number request = action->work.request;
    unsigned tally = (unsigned)(request.request % TALLIES);
    unsigned number = script_number(&run.all.script);
    bool cast = request.request >= FIRST_CAST;
    must(run.work.request == 0 && request.request != 0 && !run.ended);
    must(request.tag == number_of(request.request).tag);
    must(cast || run.asked[tally] > 1 || action->work.size == run.text_size[tally]);
    must(cast || !run.done[tally] || run.twice[tally] || run.request >= TALLIES);
    run.done[tally] = run.done[tally] || !cast;
    must(!action->work.text || action->work.text[action->work.size] == 0);
    run.work = request;
    run.unwanted = false;
    if (action->work.streams)
        for (unsigned chunks = number % 4; chunks > 0; chunks--)
            send_chunk(request);
    if (number < 8)
        finish_work(number == 7 ? XY_MESSAGE_PAYLOAD_MAX + 1 : number);
    else if (number > 13 && run.deferred_count < DEFERRED_MAX)
        defer_work();
}

/* Once, and only of what is under way or deferred. */
static void cancel(const xy_action *action)
{
    uint64_t request = action->cancel.request.request;
    if (is_deferred(request))
        return;
    must(request != 0 && request == run.work.request && !run.unwanted);
    run.unwanted = true;
}

static void count_answer(uint64_t request)
{
    unsigned tally = (unsigned)(request % TALLIES);
    must(++run.answered[tally] <= run.asked[tally]);
}

static void answered(const xy_message *reply)
{
    must(reply->number.request != 0 && reply->number.request < FIRST_CAST);
    must(reply->number.tag == number_of(reply->number.request).tag ||
         reply->number.tag == run.refused.tag);
    must(reply->keep == 0 || reply->keep == run.said);
    if (!(reply->part & XY_PART_MORE))
        count_answer(reply->number.request);
}

/* Once, about each node that was asked. */
static void answered_cast(const xy_message *merged)
{
    xy_merge merge = {.all = NULL};
    uint64_t index = merged->number.request - FIRST_CAST;
    must(merged->number.request >= FIRST_CAST && index < run.cast_count);
    struct cast *cast = &run.casts[index];
    must(!cast->over && merged->number.tag == number_of(merged->number.request).tag);
    must((merged->part & XY_PART_CONTINUED) || run.arriving.size == 0);
    must(xy_buffer_add(&run.arriving, xy_message_payload(merged), merged->payload_size));
    if (merged->part & XY_PART_MORE)
        return;
    cast->over = true;
    must(merged->status || xy_merge_add_all(&merge, run.arriving.bytes, run.arriving.size,
                                            (xy_range){cast->base, cast->count}));
    xy_merge_clear(&merge);
    xy_buffer_clear(&run.arriving);
}

/* From 12 on it never is. */
static void combine(const xy_action *action)
{
    xy_event event = {.kind = XY_EVENT_COMBINED};
    unsigned number = script_number(&run.all.script);
    const uint8_t *texts = action->combine.texts;
    must(strcmp(action->combine.service, "sum") == 0 && !run.ended);
    must(texts[action->combine.a_size] == 0);
    must(texts[action->combine.a_size + 1 + action->combine.b_size] == 0);
    event.combined.cast = action->combine.cast;
    event.combined.status = number < 8 ? XYLEM_OK : XYLEM_FAILED;
    event.combined.text = texts;
    event.combined.size = action->combine.a_size;
    if (number < 12)
        neighbours_step(&run.all, &event);
}

/* In place of the reply, and of what was asked; while it is done a child may attach so. */
static void expects(const xy_action *action)
{
    xy_message request;
    xy_expectation asked;
    const xy_event *event = run.all.event;
    must(event && event->kind == XY_EVENT_MESSAGE &&
         xy_peer_is(&event->message.from, &run.node.parent));
    must(xy_message_decode(&request, event->message.frame, event->message.size));
    must(request.kind == XY_REQUEST && request.code == XY_EXPECT && request.id == OWN_ID);
    must(xy_expectation_decode(&asked, xy_message_payload(&request), request.payload_size));
    must(asked.life.number == action->expected.life.number);
    must(asked.child.link.number == action->expected.link.number);
    must(neighbours_may_attach(&run.all, action->expected.life, action->expected.link));
    if (request.number.request != 0)
        count_answer(request.number.request);
}

/* Once of each link, of the newest one that it was told, and before it says anything there. */
static void attaches(const xy_action *action)
{
    must(run.all.event && run.all.event->kind == XY_EVENT_MESSAGE);
    must(action->attached.life.number == OWN_LIFE);
    must(action->attached.link.number > run.attached && action->attached.link.number == run.link);
    must(strcmp(action->attached.address, ADDRESS) == 0);
    run.attached = action->attached.link.number;
}

/* The latest. */
static void says_state(const xy_message *state)
{
    must(state->id == OWN_ID && state->life.number == OWN_LIFE && !state->status);
    must(state->value > 0 && state->value == run.saved && state->payload_size < 8);
    run.said = state->value;
}

/* One that was sent. */
static void says_chunk(const xy_message *chunk)
{
    unsigned tally = (unsigned)(chunk->number.request % TALLIES);
    must(chunk->status || (chunk->id == OWN_ID && chunk->life.number == OWN_LIFE));
    must(chunk->status || (chunk->value > 0 && (uint64_t)chunk->value <= run.sent[tally]));
    must(chunk->status ? chunk->payload_size == 0 : chunk->payload_size == 7);
}

/* Not more than was sent. */
static void has_room(const xy_action *action)
{
    unsigned tally = (unsigned)(action->taken.request % TALLIES);
    must(action->taken.cost > 0 && action->taken.cost <= run.on_way[tally]);
    run.on_way[tally] -= action->taken.cost;
}

/* To the one to whom it attaches it says hello, and nothing else; all else to its parent. */
static void say_up(const xy_peer *to, const xy_message *message)
{
    bool hello = message->kind == XY_HELLO;
    must(xy_peer_is(to, hello ? &run.node.coming : &run.node.parent));
    must(hello || to->link.number == run.attached);
    if (message->kind == XY_REPLY)
        answered(message);
    else if (message->kind == XY_MERGED)
        answered_cast(message);
    else if (message->kind == XY_STATE)
        says_state(message);
    else if (message->kind == XY_CHUNK)
        says_chunk(message);
}

/* Once of each ask. */
static void told(const xy_action *action)
{
    uint64_t ask = action->answered.ask;
    must(ask >= 1 && ask <= run.asks && !run.known[ask]);
    run.known[ask] = true;
    run.told++;
}

/* Of all that have come, each once. */
static void sees(const xy_action *action)
{
    const int64_t *ids = action->neighbours.children;
    size_t come = run.node.subtree.children.ids.count;
    must(action->neighbours.count <= come && (action->neighbours.count > 0) == (come > 0));
    for (size_t i = 1; i < action->neighbours.count; i++)
        must(ids[i - 1] < ids[i]);
}

static void perform(const xy_action *action)
{
    if (action->kind == XY_ACTION_WORK) {
        work(action);
    } else if (action->kind == XY_ACTION_CANCEL) {
        cancel(action);
    } else if (action->kind == XY_ACTION_COMBINE) {
        combine(action);
    } else if (action->kind == XY_ACTION_CONNECT) {
        must(action->connect.parent.link.number == run.link);
    } else if (action->kind == XY_ACTION_DISCONNECT) {
        must(!xy_peer_is(&action->disconnect.parent, &run.node.parent) &&
             !xy_peer_is(&action->disconnect.parent, &run.node.coming));
    } else if (action->kind == XY_ACTION_EXPECTED) {
        expects(action);
    } else if (action->kind == XY_ACTION_ATTACHED) {
        attaches(action);
    } else if (action->kind == XY_ACTION_ANSWERED) {
        told(action);
    } else if (action->kind == XY_ACTION_NEIGHBOURS) {
        sees(action);
    } else if (action->kind == XY_ACTION_TAKEN) {
        has_room(action);
    } else {
        must(action->kind == XY_ACTION_SEND);
        say_up(&action->send.to, &action->send.message);
    }
}

/* Of several fragments each one may be. */
static void refused(xy_number request)
{
    run.refused = request;
    run.asked[request.request % TALLIES]++;
}

/* What the parent says. */

/* Of what comes in fragments only the first may be answered. */
static void count(const xy_message *request)
{
    unsigned tally = (unsigned)(request->number.request % TALLIES);
    bool first = !(request->part & XY_PART_CONTINUED);
    if (request->number.request == 0)
        return;
    run.asked[tally] += first;
    if (request->id != OWN_ID || (!first && !run.more[tally]))
        return;
    run.text_size[tally] = request->payload_size + (first ? 0 : run.text_size[tally]);
    run.more[tally] = request->part & XY_PART_MORE;
}

/* By the latest parent, to which it may have to attach first, or by the one before. True when it is
 * the parent. */
static bool ask(xy_message request)
{
    unsigned number = script_number(&run.all.script);
    xy_peer from = number == 14 ? run.node.parent : run.all.parent;
    request.kind = XY_REQUEST;
    request.link.number = from.link.number;
    if (number == 15)
        request.link.number++; /* it came another way */
    count(&request);
    bool heard = run.attached != 0 && xy_peer_is(&from, &run.node.parent);
    neighbours_hear(&run.all, from, &request);
    return heard;
}

/* The node itself, or one of another life. */
static xy_message for_itself(xy_operation operation, unsigned number)
{
    return (xy_message){.code = (uint8_t)operation,
                        .number = number < 15 ? number_of(++run.request) : number_of(0),
                        .id = OWN_ID,
                        .life = {number == 14 ? OWN_LIFE + 1 : OWN_LIFE}};
}

/* A new child, or one that is expected already. Either is answered at once: that it may attach, or
 * that it may not. */
static void ask_to_expect(void)
{
    static uint8_t payload[XY_EXPECTATION_SIZE];
    unsigned number = script_number(&run.all.script);
    unsigned which = script_number(&run.all.script);
    const struct child *again = which < 8 ? NULL : neighbours_choose(&run.all, which - 8);
    xy_link_number link = again ? again->peer.link : (xy_link_number){run.all.highest + 1};
    xy_expectation expectation = {.id = (int64_t)(link.number % 14), .life = {link.number + 1}};
    expectation.child = (xy_peer){XY_CHILD, link, tag_of(link)};
    memset(expectation.secret, (int)(link.number % 251), XY_SECRET_SIZE);
    if (run.all.count == CHILDREN_MAX)
        return;
    xy_expectation_encode(&expectation, payload);
    xy_message request = for_itself(XY_EXPECT, number);
    request.payload_size = sizeof payload;
    request.body = payload;
    const uint16_t *answers = &run.answered[request.number.request % TALLIES], before = *answers;
    bool heard = ask(request) && request.number.request != 0;
    must(*answers == before + heard);
}

static void ask_to_let_go(void)
{
    const struct child *child = neighbours_choose(&run.all, script_number(&run.all.script));
    xy_message request = for_itself(XY_LET_GO, script_number(&run.all.script));
    request.value = child ? (int64_t)child->peer.link.number : 77;
    ask(request);
}

/* From 12 on fragments, of which all but the first are of the latest request. From 10 on that comes
 * again. */
static void ask_to_exec(void)
{
    static const uint8_t text[] = "a text of sixteen";
    unsigned number = script_number(&run.all.script);
    uint8_t part = neighbours_part(number);
    if (run.request > 0 && (part & XY_PART_CONTINUED || number == 10 || number == 11))
        run.request--;
    xy_message request = for_itself(number & 4 ? XY_STREAM : XY_EXEC, part ? 0 : number);
    request.part = part;
    request.keep = number & 3;
    if (part & XY_PART_CONTINUED)
        request.value = (int64_t)run.text_size[request.number.request % TALLIES];
    run.twice[request.number.request % TALLIES] |= request.keep == 0;
    request.payload_size = number;
    request.body = text;
    request.budget_ms = (uint32_t)script_ms(&run.all.script);
    ask(request);
}

/* Of one that was asked, or was not. */
static void answer_ask(void)
{
    static const uint8_t outcomes[] = "outcomes";
    unsigned back = script_number(&run.all.script);
    xy_message request = for_itself(XY_ANSWERED, 0);
    request.value = (int64_t)(run.asks > back ? run.asks - back : back);
    request.status = (int)back % 3 ? XYLEM_OK : XYLEM_UNAVAILABLE;
    request.payload_size = back / 2;
    request.body = outcomes;
    ask(request);
}

/* Chunks of one of the latest are taken, or missing. */
static void take_chunks(void)
{
    uint8_t bytes[XY_TAKEN_SIZE];
    unsigned back = script_number(&run.all.script), count = script_number(&run.all.script);
    xy_message request = for_itself(XY_TAKEN, 0);
    xy_taken_encode(&(xy_taken){run.request > back ? run.request - back : back, count / 4}, bytes);
    request.value = count % 4;
    request.payload_size = XY_TAKEN_SIZE;
    request.body = bytes;
    ask(request);
}

/* At 5 chunks are taken, at 6 an ask is answered, at 7 the latest request is recalled, from 8 on
 * one of the latest is cancelled instead. */
static void ping_or_cancel(void)
{
    unsigned number = script_number(&run.all.script);
    if (number == 5) {
        take_chunks();
        return;
    }
    if (number == 6) {
        answer_ask();
        return;
    }
    bool recall = number == 7 && run.request > 0;
    if (recall)
        run.request--;
    xy_message request = for_itself(recall       ? XY_RECALL
                                    : number < 8 ? XY_PING
                                                 : XY_CANCEL,
                                    number < 8 ? number : 15);
    request.keep = recall;
    if (number >= 8)
        request.value = (int64_t)(run.request > number ? run.request - (number - 8) : 0);
    ask(request);
}

/* To a child, or beyond it, or nowhere. */
static void ask_below(void)
{
    static uint8_t route[32];
    const struct child *child = neighbours_choose(&run.all, script_number(&run.all.script));
    unsigned number = script_number(&run.all.script);
    xy_link_number link = child ? child->peer.link : (xy_link_number){77};
    xy_message request = for_itself(XY_EXEC, number);
    request.part = neighbours_part(number);
    request.id = (int64_t)(link.number % 14) + 1000;
    size_t size = xy_route_put(route, run.all.parent.link, link);
    if (number & 1)
        size += xy_route_put(route + size, link, (xy_link_number){link.number + 3});
    route[size - 1] |= number == 12 ? 0x80 : 0; /* malformed */
    request.route_size = (uint16_t)size;
    request.body = route;
    ask(request);
}

/* Casts. */

/* Children that there are, one that there is not, one that is there twice. */
static size_t plan_children(uint8_t *plan, unsigned children, uint32_t *count)
{
    static const uint8_t section[] = {3, 9, 1, 1, 1};
    size_t size = 0;
    for (unsigned i = 0; i < children; i++) {
        unsigned number = script_number(&run.all.script);
        const struct child *child = neighbours_choose(&run.all, number);
        bool two = number & 1;
        const uint64_t numbers[] = {child ? child->peer.link.number : 77, 1 + two, two ? 5 : 1};
        for (int j = 0; j < 3; j++)
            size += xy_varint_put(plan + size, numbers[j]);
        memcpy(plan + size, two ? section : section + 4, two ? 5 : 1);
        size += two ? 5 : 1;
        *count += 1 + two;
    }
    return size;
}

/* Whether the node has it, or has answered it already. */
static void look_at_cast(uint64_t number, bool heard)
{
    struct cast *cast = &run.casts[number - FIRST_CAST];
    bool there = xy_casts_find(&run.node.casts, number_of(number));
    must(cast->over || there == (heard && !run.ended));
    cast->taken = there;
    cast->over |= !there;
}

static bool say_cast(xy_message *cast, uint8_t *payload, size_t size)
{
    bool heard = run.attached != 0 && xy_peer_is(&run.all.parent, &run.node.parent);
    cast->kind = XY_CAST;
    cast->number = number_of(FIRST_CAST + run.cast_count - 1);
    cast->body = payload;
    cast->payload_size = (uint32_t)size;
    neighbours_hear(&run.all, run.all.parent, cast);
    return heard;
}

/* To 11 a whole one, of which an odd one is combined; 12 the first fragment of one. */
static void begin_cast(unsigned number)
{
    uint8_t payload[200];
    unsigned how = script_number(&run.all.script);
    xy_plan_head head = {.base = how, .time_ms = (uint32_t)script_ms(&run.all.script)};
    bool asked = how & 1;
    xy_message cast = {.code = number < 2 ? XY_PING : XY_EXEC, .budget_ms = 5000};
    if (run.cast_count == CASTS_MAX)
        return;
    head.step_ms = head.time_ms / 8;
    strcpy(head.service, number & 1 ? "sum" : "");
    size_t size = xy_plan_put_head(payload, &head);
    size += xy_varint_put(payload + size, (how >> 1 & 3) * 2 + asked);
    struct cast *begun = &run.casts[run.cast_count++];
    *begun = (struct cast){.base = how, .count = asked};
    size += plan_children(payload + size, how >> 1 & 3, &begun->count);
    cast.keep = (uint32_t)size;
    if (number >= 2)
        memcpy(payload + size, "text", 4);
    run.cast_size = number >= 2 ? 4 : 0;
    if (number == 12) {
        cast.part = XY_PART_MORE;
        cast.value = 12;
    }
    bool heard = say_cast(&cast, payload, size + run.cast_size);
    look_at_cast(FIRST_CAST + run.cast_count - 1, heard);
}

/* 13, 14: a further fragment of the latest, the last one; 15: it is given up. */
static void go_on_with_cast(unsigned number)
{
    uint8_t text[] = "more";
    xy_message cast = {.code = number == 15 ? XY_CANCEL : XY_EXEC, .budget_ms = 5000};
    struct cast *latest = &run.casts[run.cast_count - 1];
    cast.part = number == 15 ? 0 : neighbours_part(number);
    cast.value = (int64_t)run.cast_size;
    run.cast_size += 4;
    bool heard = say_cast(&cast, text, number == 15 ? 0 : 4);
    if (number == 15 && heard && !run.ended) {
        must(!xy_casts_find(&run.node.casts, cast.number));
        latest->over = true;
    }
}

static void give_cast(void)
{
    unsigned number = script_number(&run.all.script);
    if (number < 13)
        begin_cast(number);
    else if (run.cast_count > 0)
        go_on_with_cast(number);
}

static void tell(xy_kind kind)
{
    xy_message message = {.kind = kind, .value = script_ms(&run.all.script)};
    message.number.request = script_number(&run.all.script);
    neighbours_hear(&run.all, run.all.parent, &message);
}

/* Or, at 15, that all is to be reported again; at 14 a cast. */
static void tell_interval(void)
{
    struct script ahead = run.all.script;
    script_ms(&ahead);
    unsigned version = script_number(&ahead);
    if (version == 14) {
        run.all.script = ahead;
        give_cast();
    } else {
        tell(version == 15 ? XY_REPORT : XY_INTERVAL);
    }
}

static void welcome(void)
{
    tell(XY_WELCOME);
}

/* To a newer link, or an older one. */
static void attach(void)
{
    bool older = script_number(&run.all.script) == 15;
    xy_event event = {.kind = XY_EVENT_ATTACH};
    uint64_t link = older ? run.link / 2 : run.link + 1;
    event.attach.parent = (xy_peer){XY_PARENT, {link}, tag_of((xy_link_number){link})};
    if (!older) {
        run.link++;
        run.all.parent = event.attach.parent;
    }
    neighbours_take(&run.all, &event);
}

/* In the name of the work under way; from 12 on of none. */
static void ask_others(void)
{
    unsigned number = script_number(&run.all.script);
    xy_event event = {.kind = XY_EVENT_ASKED};
    if (run.asks == ASKS_MAX)
        return;
    event.asked.request = number < 12 ? run.work : number_of(number);
    event.asked.ask = ++run.asks;
    event.asked.budget_ms = (uint32_t)script_ms(&run.all.script);
    event.asked.payload = "all\0text of sixteen";
    event.asked.size = number;
    neighbours_take(&run.all, &event);
}

/* The service is done, or, if the number is odd, answers later what it has deferred; or, at 6, asks
 * others, and at 4 sends a chunk; from 8 on the parent is another one. */
static void worked_or_attach(void)
{
    unsigned number = script_number(&run.all.script);
    if (number >= 8) {
        attach();
    } else if (number == 4 && run.work.request != 0 && !run.unwanted) {
        send_chunk(run.work);
        neighbours_perform(&run.all);
    } else if (number == 6) {
        ask_others();
    } else if (run.deferred_count > 0 && number % 2) {
        answer_deferred();
        neighbours_perform(&run.all);
    } else if (run.work.request != 0) {
        finish_work(1);
        neighbours_perform(&run.all);
    }
}

static void end(void)
{
    run.ended = true;
    neighbours_take(&run.all, &(xy_event){.kind = XY_EVENT_END});
}

static void hello(void)
{
    struct child child;
    neighbours_say_hello(&run.all, &child);
}

static void send_heartbeat(void)
{
    neighbours_beat(&run.all);
}

static void reply(void)
{
    neighbours_reply(&run.all);
}

/* Or, from 10 on, the answer to a cast. */
static void change(void)
{
    struct script ahead = run.all.script;
    script_number(&ahead);
    if (script_number(&ahead) < 10) {
        neighbours_change(&run.all);
        return;
    }
    run.all.script = ahead;
    neighbours_merged(&run.all);
}

/* What says any number may ask under any. */
static void say_any(void)
{
    xy_number kept = run.all.asked;
    run.all.asked = number_of(++run.request);
    run.asked[run.request % TALLIES] += 2; /* its text is not looked at */
    run.twice[run.request % TALLIES] = true;
    neighbours_say_any(&run.all);
    run.all.asked = kept;
}

/* What is well-formed is said by say_any. */
static void say_bytes(void)
{
    struct script ahead = run.all.script;
    const uint8_t *bytes;
    xy_message message;
    script_number(&ahead);
    size_t size = script_bytes(&ahead, script_byte(&ahead), &bytes);
    if (!xy_message_decode(&message, bytes, size))
        neighbours_say_bytes(&run.all);
}

static void pass_time(void)
{
    neighbours_pass_time(&run.all);
}

static step_function *const steps[16] = {
    [STEP('C')] = ask_to_expect,    [STEP('D')] = ask_to_let_go, [STEP('E')] = ask_to_exec,
    [STEP('P')] = ping_or_cancel,   [STEP('K')] = ask_below,     [STEP('B')] = send_heartbeat,
    [STEP('I')] = tell_interval,    [STEP('L')] = welcome,       [STEP('O')] = end,
    [STEP('W')] = worked_or_attach, [STEP('H')] = hello,         [STEP('A')] = reply,
    [STEP('N')] = change,           [STEP('M')] = pass_time,     [STEP('F')] = say_any,
    [STEP('J')] = say_bytes,
};

/* What must hold after each step: a promise for each request that was taken and not answered; a
 * node has a parent if and only if it has said so; and one that is to report every T wants to be
 * woken up by then. */
static void check(void)
{
    int64_t interval_ms = run.node.interval_ms; /* as its parent has it */
    size_t casts = 0;
    for (uint64_t i = 0; i < run.cast_count; i++)
        casts += run.casts[i].taken && !run.casts[i].over;
    must(run.ended || casts == run.node.casts.table.count);
    must(run.all.out.promised ==
         run.node.work.promises + run.node.casts.table.count + run.node.asks.table.count);
    must(run.ended || run.asks - run.told == run.node.asks.table.count);
    must(run.node.parent.link.number == run.attached);
    must(interval_ms == 0 || run.node.parent.link.number == 0 ||
         xy_node_deadline(&run.node) <= run.all.now_ms + interval_ms);
}

static void begin(const uint8_t *bytes, size_t size)
{
    xy_birth birth = {.id = OWN_ID, .life = {OWN_LIFE}};
    memset(&run, 0, sizeof run);
    xy_node_init(&run.node, &birth, ADDRESS);
    run.all.script = (struct script){bytes, bytes + size};
    run.all.machine = xy_node_machine(&run.node);
    run.all.subtree = &run.node.subtree;
    run.all.perform = perform;
    run.all.refused = refused;
    run.all.highest = 100; /* so that no child has the number of a link above */
    neighbours_take(&run.all, &(xy_event){.kind = XY_EVENT_OPEN});
    attach();
    neighbours_hear(&run.all, run.all.parent, &(xy_message){.kind = XY_WELCOME});
}

/* Whatever has been: a node that is told to end ends at once, and leaves nothing. */
static void finish(void)
{
    if (!run.all.stopped)
        end();
    must(run.all.stopped);
    xy_node_clear(&run.node, &run.all.out);
    neighbours_clear(&run.all);
    xy_buffer_clear(&run.arriving);
    must(heap_blocks() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    begin(bytes, size);
    script_run(&run.all.script, steps, &run.all.stopped, check);
    finish();
    return 0;
}
