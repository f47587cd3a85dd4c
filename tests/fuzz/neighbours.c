#include "neighbours.h"

#include <string.h>

#include "core/merge.h"
#include "core/plan.h"

enum { FRAME_MAX = XY_MESSAGE_HEADER + 2048 };

static const char text[] = "fifteen letters";

uint64_t tag_of(xy_link_number link)
{
    return link.number * 1000003 + 17;
}

/* Those that may attach. */

static struct child *find(struct neighbours *all, const xy_peer *peer)
{
    for (size_t i = 0; i < all->count; i++)
        if (xy_peer_is(&all->children[i].peer, peer))
            return &all->children[i];
    return NULL;
}

/* No name is used twice. */
static void expect(struct neighbours *all, const xy_action *action)
{
    const xy_child *known = xy_children_known(&all->subtree->children, &action->expect.child);
    must(!find(all, &action->expect.child) && all->count < CHILDREN_MAX);
    must(action->expect.child.role == XY_CHILD);
    must(action->expect.child.link.number > all->highest || all->unordered);
    must(memchr(action->expect.key, 0, XY_KEY_SIZE) != NULL);
    all->highest = action->expect.child.link.number;
    all->children[all->count++] = (struct child){
        .id = known ? known->id : 0, .life = action->expect.life, .peer = action->expect.child};
}

static void let_go(struct neighbours *all, const xy_action *action)
{
    struct child *child = find(all, &action->let_go.child);
    must(child);
    *child = all->children[--all->count];
}

/* What must hold. */

/* A child that is let go in the queue that is performed is known here for a while. */
static void check_children(struct neighbours *all)
{
    must(xy_children_count(&all->subtree->children) == all->count);
    for (const xy_child *child = xy_children_first(&all->subtree->children); child;
         child = xy_children_next(child)) {
        xy_peer peer = xy_child_peer(child);
        must(find(all, &peer));
        must(child->state <= XY_CHILD_SILENT);
        must((child->deadline_ms != XY_NEVER) <= (child->state == XY_CHILD_PRESENT));
    }
}

/* The machine is not woken up without end. */
static void check_deadline(const struct neighbours *all)
{
    must(all->stopped || all->machine.deadline(all->machine.self) > all->now_ms);
}

static void check_sent(const xy_message *message)
{
    static uint8_t frame[XY_MESSAGE_MAX];
    xy_message read;
    size_t size = xy_message_size(message);
    must(size <= sizeof frame);
    if (size > FRAME_MAX) /* which takes long */
        return;
    xy_message_encode(message, frame);
    must(xy_message_decode(&read, frame, size));
}

/* Actions. */

/* A request could not be sent, when the script says so. */
static void refuse_some(struct neighbours *all, const xy_peer *to, const xy_message *message)
{
    static const int statuses[] = {XYLEM_BUSY, XYLEM_UNAVAILABLE, XYLEM_NO_MEMORY};
    unsigned number = script_number(&all->script);
    if (number < 13)
        return;
    xy_event event = {.kind = XY_EVENT_UNSENT};
    event.unsent.kind = message->kind;
    event.unsent.request = message->number;
    event.unsent.id = message->id;
    event.unsent.life = message->life;
    event.unsent.value = message->value;
    event.unsent.link = to->link;
    event.unsent.bare = message->payload_size == 0;
    event.unsent.status = statuses[number - 13];
    if (all->refused && message->kind != XY_CAST)
        all->refused(message->number);
    neighbours_step(all, &event);
}

static void note_request(struct neighbours *all, const xy_message *request)
{
    xy_expectation *expectation = &all->expectation;
    if (request->number.request == 0)
        return;
    all->asked = request->number;
    if (request->code != XY_EXPECT ||
        !xy_expectation_decode(expectation, xy_message_payload(request), request->payload_size))
        *expectation = (xy_expectation){.id = 0};
}

static void count_asked(uint32_t *count, const uint8_t *bytes, size_t size)
{
    xy_plan plan;
    xy_plan_child child;
    must(xy_plan_read(&plan, bytes, size));
    *count = plan.asked;
    while (xy_plan_next(&plan, &child))
        *count += child.count;
}

/* Its first fragment has the plan. */
static void note_cast(struct child *child, const xy_message *cast)
{
    xy_plan plan;
    must(cast->number.request != 0 && cast->route_size == 0);
    must(cast->keep <= cast->payload_size && (cast->keep > 0) <= (cast->code != XY_CANCEL));
    must((cast->keep == 0) == (cast->code == XY_CANCEL || (cast->part & XY_PART_CONTINUED)));
    if (cast->keep == 0)
        return;
    must(xy_plan_read(&plan, xy_message_payload(cast), cast->keep));
    child->passed = (struct passed){.number = cast->number, .base = plan.head.base};
    count_asked(&child->passed.count, xy_message_payload(cast), cast->keep);
}

/* Requests go to a child that is heard, and say over which link. */
static void tell_child(struct neighbours *all, const xy_peer *to, const xy_message *message)
{
    must(find(all, to));
    must(message->kind == XY_WELCOME || message->kind == XY_INTERVAL ||
         message->kind == XY_REPORT || message->kind == XY_REQUEST || message->kind == XY_CAST);
    if (message->kind != XY_REQUEST && message->kind != XY_CAST)
        return;
    must(message->kind == XY_CAST || message->link.number == to->link.number);
    if (message->kind == XY_CAST)
        note_cast(find(all, to), message);
    else
        note_request(all, message);
    refuse_some(all, to, message);
}

static void forward(struct neighbours *all, const xy_action *action)
{
    xy_message message;
    must(all->event && all->event->kind == XY_EVENT_MESSAGE);
    must(xy_message_decode(&message, all->event->message.frame, all->event->message.size));
    if (action->forward.to.role == XY_CHILD) {
        must(message.kind == XY_REQUEST && all->event->message.from.role == XY_PARENT);
        tell_child(all, &action->forward.to, &message);
        return;
    }
    must(action->forward.to.role == XY_PARENT && find(all, &all->event->message.from));
    must(message.kind == XY_REPLY || message.kind == XY_CHANGE || message.kind == XY_ASK ||
         message.kind == XY_STATE || message.kind == XY_CHUNK);
    if (message.kind == XY_REPLY)
        refuse_some(all, &action->forward.to, &message);
}

static void perform(struct neighbours *all, const xy_action *action)
{
    if (action->kind == XY_ACTION_EXPECT) {
        expect(all, action);
    } else if (action->kind == XY_ACTION_LET_GO) {
        let_go(all, action);
    } else if (action->kind == XY_ACTION_FORWARD) {
        forward(all, action);
    } else if (action->kind == XY_ACTION_SEND && action->send.to.role == XY_CHILD) {
        check_sent(&action->send.message);
        tell_child(all, &action->send.to, &action->send.message);
    } else if (action->kind == XY_ACTION_STOP) {
        must(!all->stopped);
        all->stopped = true;
    } else {
        if (action->kind == XY_ACTION_SEND)
            check_sent(&action->send.message);
        all->perform(action);
    }
}

void neighbours_perform(struct neighbours *all)
{
    xy_action action;
    while (xy_queue_pop(&all->out, &action)) {
        perform(all, &action);
        xy_action_clear(&action);
    }
    check_children(all);
}

/* Events. */

void neighbours_step(struct neighbours *all, const xy_event *event)
{
    all->machine.step(all->machine.self, event, all->now_ms, &all->out);
}

void neighbours_take(struct neighbours *all, const xy_event *event)
{
    const xy_peer *from = event->kind == XY_EVENT_MESSAGE ? &event->message.from : NULL;
    bool stranger = from && from->role != XY_PARENT && !find(all, from);
    all->event = event;
    neighbours_step(all, event);
    must(!stranger || all->out.actions.count == 0);
    neighbours_perform(all);
    all->event = NULL;
    if (event->kind == XY_EVENT_TICK)
        check_deadline(all);
}

void neighbours_hear_bytes(struct neighbours *all, xy_peer from, const uint8_t *bytes, size_t size)
{
    uint8_t *frame = malloc(size ? size : 1); /* of its own: what reads beyond it is found out */
    xy_event event = {.kind = XY_EVENT_MESSAGE};
    must(frame);
    if (size > 0)
        memcpy(frame, bytes, size);
    event.message.from = from;
    event.message.frame = frame;
    event.message.size = size;
    neighbours_take(all, &event);
    free(frame);
}

void neighbours_hear(struct neighbours *all, xy_peer from, const xy_message *message)
{
    uint8_t frame[FRAME_MAX];
    must(xy_message_size(message) <= sizeof frame);
    xy_message_encode(message, frame);
    neighbours_hear_bytes(all, from, frame, xy_message_size(message));
}

bool neighbours_may_attach(const struct neighbours *all, xy_life life, xy_link_number link)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->children[i].peer.link.number == link.number)
            return all->children[i].life.number == life.number;
    return false;
}

struct child *neighbours_choose(struct neighbours *all, unsigned number)
{
    return all->count > 0 && number < 14 ? &all->children[number % all->count] : NULL;
}

/* 15 is the parent, 14 one of the children with another tag. */
static xy_peer choose_peer(struct neighbours *all, unsigned number)
{
    const struct child *child = neighbours_choose(all, number % 14);
    xy_peer peer = child ? child->peer : (xy_peer){XY_CHILD, {1000}, 1};
    peer.tag ^= number == 14;
    return number == 15 ? all->parent : peer;
}

static xy_child_state state_of(const struct neighbours *all, const struct child *child)
{
    const xy_child *known = xy_children_known(&all->subtree->children, &child->peer);
    must(known);
    return known->state;
}

bool neighbours_say_hello(struct neighbours *all, struct child *who)
{
    const struct child *chosen = neighbours_choose(all, script_number(&all->script));
    unsigned wrong = script_number(&all->script);
    uint8_t payload[XY_SECRET_SIZE];
    if (!chosen)
        return false;
    struct child child = *who = *chosen;
    const xy_child *known = xy_children_known(&all->subtree->children, &child.peer);
    must(known);
    memcpy(payload, known->secret, XY_SECRET_SIZE);
    payload[XY_SECRET_SIZE - 1] ^= wrong == 1;
    xy_message hello = {.kind = XY_HELLO,
                        .id = child.id ^ (wrong == 2),
                        .life = {child.life.number ^ (wrong == 3)},
                        .payload_size = XY_SECRET_SIZE,
                        .body = payload};
    xy_child_state before = state_of(all, &child);
    xy_peer peer = child.peer;
    peer.tag ^= wrong == 4;
    neighbours_hear(all, peer, &hello);
    chosen = find(all, &child.peer);
    must(wrong < 1 || wrong > 4 || !chosen || state_of(all, chosen) == before);
    return wrong == 0;
}

void neighbours_beat(struct neighbours *all)
{
    xy_peer peer = choose_peer(all, script_number(&all->script));
    neighbours_hear(all, peer, &(xy_message){.kind = XY_HEARTBEAT});
}

uint8_t neighbours_part(unsigned number)
{
    static const uint8_t parts[] = {XY_PART_MORE, XY_PART_MORE | XY_PART_CONTINUED,
                                    XY_PART_CONTINUED};
    return number >= 12 && number <= 14 ? parts[number - 12] : 0;
}

bool neighbours_reply(struct neighbours *all)
{
    xy_message reply = {.kind = XY_REPLY, .body = (const uint8_t *)text, .number = all->asked};
    xy_peer peer = choose_peer(all, script_number(&all->script));
    unsigned back = script_number(&all->script);
    reply.number.tag ^= back == 15;
    reply.status = (int)script_number(&all->script) % XY_ERROR_COUNT;
    reply.payload_size = script_number(&all->script);
    reply.part = neighbours_part(reply.payload_size);
    reply.keep = reply.payload_size % 4 == 3; /* a state belongs to it */
    neighbours_hear(all, peer, &reply);
    return back != 15;
}

void neighbours_change(struct neighbours *all)
{
    xy_message change = {.kind = XY_CHANGE};
    xy_peer peer = choose_peer(all, script_number(&all->script));
    change.code = (uint8_t)(1 + script_number(&all->script) % (XY_CHANGE_END - 1));
    xy_peer about = choose_peer(all, script_number(&all->script));
    change.link = about.link;
    change.number.tag = about.tag;
    neighbours_hear(all, peer, &change);
}

/* To 9 the answers of all that its latest cast asks; 10 without one of them, 11 of none, for
 * a reason; 12 of another one; 13 and 14 in two fragments; 15 to another cast. */
void neighbours_merged(struct neighbours *all)
{
    xy_merge merge = {.all = NULL};
    xy_buffer bytes = {.bytes = NULL};
    xy_peer peer = choose_peer(all, script_number(&all->script));
    const struct child *child = find(all, &peer);
    struct passed passed = child ? child->passed : (struct passed){.count = 1};
    xy_message merged = {.kind = XY_MERGED, .number = passed.number};
    unsigned how = script_number(&all->script);
    xy_range range = {passed.base + (how == 12), passed.count - (how == 10)};
    merged.number.tag ^= how == 15;
    xy_merge_add(&merge, how < 10 && how % 3 == 2 ? XYLEM_FAILED : XYLEM_OK, text,
                 how < 13 ? how : 13, range);
    must(xy_merge_write(&merge, &bytes));
    size_t half = bytes.size / 2;
    merged.status = how == 11 ? XYLEM_NO_MEMORY : XYLEM_OK;
    merged.part = how == 13 ? XY_PART_MORE : how == 14 ? XY_PART_CONTINUED : 0;
    merged.payload_size = (uint32_t)(how == 11   ? 0
                                     : how == 13 ? half
                                     : how == 14 ? bytes.size - half
                                                 : bytes.size);
    merged.body = bytes.bytes + (how == 14 ? half : 0);
    neighbours_hear(all, peer, &merged);
    xy_buffer_clear(&bytes);
    xy_merge_clear(&merge);
}

void neighbours_say_any(struct neighbours *all)
{
    struct script *script = &all->script;
    static const uint8_t zeros[XY_EXPECTATION_SIZE];
    xy_message message = {.body = zeros};
    xy_peer peer = choose_peer(all, script_number(script));
    unsigned kind = script_number(script);
    message.part = neighbours_part(kind);
    message.kind = message.part ? XY_REQUEST : (xy_kind)kind;
    message.code = (uint8_t)script_number(script);
    message.status = (int)script_number(script);
    message.number = all->asked;
    message.id = script_id(script);
    message.life.number = script_number(script);
    message.link.number = script_number(script);
    message.value = script_ms(script);
    message.budget_ms = (uint32_t)script_ms(script);
    message.payload_size = script_number(script);
    if (message.kind == XY_REQUEST)
        message.route_size = (uint16_t)script_number(script);
    neighbours_hear(all, peer, &message);
}

void neighbours_say_bytes(struct neighbours *all)
{
    const uint8_t *bytes;
    xy_peer peer = choose_peer(all, script_number(&all->script));
    size_t size = script_bytes(&all->script, script_byte(&all->script), &bytes);
    neighbours_hear_bytes(all, peer, bytes, size);
}

void neighbours_pass_time(struct neighbours *all)
{
    all->now_ms += script_ms(&all->script);
    neighbours_take(all, &(xy_event){.kind = XY_EVENT_TICK});
}

void neighbours_clear(struct neighbours *all)
{
    must(all->out.promised == 0);
    xy_queue_clear(&all->out);
}
