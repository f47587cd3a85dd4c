#include "neighbours.h"

#include <string.h>

enum { FRAME_MAX = 8192 };

static const char text[] = "fifteen letters";

/* Those who run. */

static struct child *find(struct neighbours *all, uint64_t incarnation)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->children[i].incarnation == incarnation)
            return &all->children[i];
    return NULL;
}

static void drop(struct neighbours *all, struct child *child)
{
    *child = all->children[--all->count];
}

uint64_t neighbours_life(const struct neighbours *all, int64_t id)
{
    return all->lives[id & 15];
}

void neighbours_live(struct neighbours *all, int64_t id, uint64_t incarnation)
{
    all->lives[id & 15] = incarnation;
}

static void secret_of(uint64_t incarnation, uint8_t secret[XY_SECRET_SIZE])
{
    memset(secret, (int)(incarnation % 251), XY_SECRET_SIZE);
}

/* What must hold. */

static bool runs(const xy_child *child)
{
    return child->state != XY_CHILD_NONE && child->state != XY_CHILD_GONE;
}

/* The machine knows of each child that runs, and of no other. */
static void check_family(struct neighbours *all)
{
    size_t running = 0;
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        const xy_child *child = &all->branch->family.children[i];
        must(child->state >= XY_CHILD_NONE && child->state < XY_CHILD_STATES);
        if (!runs(child))
            continue;
        const struct child *own = find(all, child->incarnation);
        must(own && own->id == child->id);
        running++;
    }
    must(running == all->count);
}

static bool is_ready(const struct neighbours *all, uint64_t incarnation)
{
    const xy_child *children = all->branch->family.children;
    for (int i = 0; i < XY_CHILDREN_MAX; i++)
        if (children[i].incarnation == incarnation && children[i].state == XY_CHILD_READY)
            return true;
    return false;
}

/* What waited for a child that cannot be reached any more has been answered. */
static void check_pending(const struct neighbours *all)
{
    const xy_pending *pending = &all->branch->pending;
    must(pending->count <= FEW_PENDING);
    for (size_t i = 0; i < pending->count; i++)
        must(is_ready(all, xy_pending_at(pending, i)->peer));
}

/* Nobody is woken up without end. */
static void check_deadline(const struct neighbours *all)
{
    must(all->stopped || all->machine.deadline(all->machine.self) > all->now_ms);
}

/* Actions. */

static void check_sent(const xy_message *message)
{
    static uint8_t frame[FRAME_MAX];
    xy_message read;
    size_t size = xy_message_size(message);
    if (size > sizeof frame)
        return;
    xy_message_encode(message, frame);
    must(xy_message_decode(&read, frame, size));
}

static void start(struct neighbours *all, const xy_action *action)
{
    uint8_t secret[XY_SECRET_SIZE];
    must(!all->stopped && all->count < XY_CHILDREN_MAX && !find(all, action->peer));
    xy_event event = {.kind = XY_EVENT_STILLBORN, .peer = action->peer, .bytes = text, .size = 7};
    if (script_number(&all->script) < 14) {
        secret_of(action->peer, secret);
        event.kind = XY_EVENT_BORN;
        event.bytes = secret;
        event.size = sizeof secret;
        all->children[all->count++] = (struct child){action->peer, action->message.id};
        neighbours_live(all, action->message.id, action->peer);
    }
    neighbours_step(all, &event);
}

static void tell_child(struct neighbours *all, const xy_action *action)
{
    const xy_message *message = &action->message;
    must(find(all, action->peer));
    check_sent(message);
    if (message->kind != XY_REQUEST)
        return;
    if (message->code == XY_CREATE)
        neighbours_live(all, message->id, message->incarnation);
    if (message->request != 0)
        all->passed_on = message->request;
    if (script_number(&all->script) == 15)
        neighbours_step(all, &(xy_event){.kind = XY_EVENT_UNSENT,
                                         .peer = action->peer,
                                         .request = message->request,
                                         .status = XYLEM_BUSY});
}

static void stop(struct neighbours *all)
{
    must(!all->stopped && all->count == 0);
    all->stopped = true;
}

static void perform(struct neighbours *all, const xy_action *action)
{
    if (action->kind == XY_ACTION_START)
        start(all, action);
    else if (action->kind == XY_ACTION_KILL)
        must(find(all, action->peer)); /* its end comes when the script says so */
    else if (action->kind == XY_ACTION_SEND && action->peer != XY_PARENT)
        tell_child(all, action);
    else if (action->kind == XY_ACTION_STOP)
        stop(all);
    else
        all->perform(all, action);
}

void neighbours_perform(struct neighbours *all)
{
    xy_action action;
    while (xy_actions_pop(all->machine.actions, &action)) {
        perform(all, &action);
        xy_action_clear(&action);
    }
    check_family(all);
    check_pending(all);
}

/* Events. */

void neighbours_step(struct neighbours *all, const xy_event *event)
{
    all->machine.step(all->machine.self, event, all->now_ms);
}

static bool is_strangers(struct neighbours *all, const xy_event *event)
{
    return event->kind == XY_EVENT_FRAME && event->peer != XY_PARENT && !find(all, event->peer);
}

void neighbours_take(struct neighbours *all, const xy_event *event)
{
    neighbours_step(all, event);
    must(!is_strangers(all, event) || all->machine.actions->count == 0);
    neighbours_perform(all);
    if (event->kind == XY_EVENT_TICK)
        check_deadline(all);
}

void neighbours_hear(struct neighbours *all, uint64_t peer, const xy_message *message)
{
    uint8_t frame[XY_MESSAGE_HEADER + XY_SECRET_SIZE];
    must(xy_message_size(message) <= sizeof frame);
    xy_message_encode(message, frame);
    neighbours_take(all, &(xy_event){.kind = XY_EVENT_FRAME,
                                     .peer = peer,
                                     .bytes = frame,
                                     .size = xy_message_size(message)});
}

static struct child choose(const struct neighbours *all, unsigned number)
{
    return all->count > 0 && number < 14 ? all->children[number % all->count]
                                         : (struct child){.incarnation = STRANGER};
}

uint64_t neighbours_peer(struct neighbours *all)
{
    unsigned number = script_number(&all->script);
    return number == 15 ? XY_PARENT : choose(all, number).incarnation;
}

void neighbours_say_hello(struct neighbours *all)
{
    struct child child = choose(all, script_number(&all->script));
    unsigned wrong = script_number(&all->script);
    uint8_t secret[XY_SECRET_SIZE];
    secret_of(child.incarnation, secret);
    secret[XY_SECRET_SIZE - 1] ^= wrong == 1;
    xy_message hello = {.kind = XY_HELLO,
                        .id = child.id ^ (wrong == 2),
                        .incarnation = child.incarnation ^ (wrong == 3),
                        .value = 4711,
                        .payload = secret,
                        .payload_size = XY_SECRET_SIZE - (wrong == 4)};
    size_t born = xy_family_count(&all->branch->family, XY_CHILD_BORN);
    neighbours_hear(all, child.incarnation, &hello);
    bool right = wrong < 1 || wrong > 4;
    must(right || xy_family_count(&all->branch->family, XY_CHILD_BORN) == born);
}

void neighbours_beat(struct neighbours *all)
{
    struct child child = choose(all, script_number(&all->script));
    neighbours_hear(all, child.incarnation, &(xy_message){.kind = XY_BEAT, .id = child.id});
}

/* One of the latest requests, or none. */
static uint64_t recent_request(struct neighbours *all)
{
    unsigned back = script_number(&all->script);
    return back < 15 && back < all->passed_on ? all->passed_on - back : 0;
}

uint8_t neighbours_part(unsigned number)
{
    static const uint8_t parts[] = {XY_PART_MORE, XY_PART_MORE | XY_PART_CONTINUED,
                                    XY_PART_CONTINUED};
    return number >= 12 && number <= 14 ? parts[number - 12] : 0;
}

void neighbours_reply(struct neighbours *all)
{
    xy_message reply = {.kind = XY_REPLY, .value = 4711, .payload = (const uint8_t *)text};
    struct child child = choose(all, script_number(&all->script));
    reply.request = recent_request(all);
    reply.status = (int)script_number(&all->script) % XYLEM_ERROR_COUNT;
    reply.payload_size = script_number(&all->script);
    reply.part = neighbours_part(reply.payload_size);
    neighbours_hear(all, child.incarnation, &reply);
}

void neighbours_change(struct neighbours *all)
{
    xy_message change = {.kind = XY_CHANGE};
    struct child child = choose(all, script_number(&all->script));
    change.code = (uint8_t)(1 + script_number(&all->script) % (XY_CHANGE_END - 1));
    change.id = script_id(&all->script);
    change.incarnation = neighbours_life(all, change.id);
    neighbours_hear(all, child.incarnation, &change);
}

xy_message neighbours_message(struct neighbours *all)
{
    struct script *script = &all->script;
    xy_message message = {.payload = (const uint8_t *)text};
    unsigned kind = script_number(script);
    message.part = neighbours_part(kind);
    message.kind = message.part ? XY_REQUEST : (xy_kind)kind;
    message.code = (uint8_t)script_number(script);
    message.status = (int)script_number(script);
    message.request = recent_request(all);
    message.id = script_id(script);
    message.incarnation = script_number(script);
    message.value = script_ms(script);
    message.budget_ms = (uint32_t)script_ms(script);
    message.payload_size = script_number(script);
    return message;
}

static void end(struct neighbours *all, uint64_t incarnation)
{
    struct child *child = find(all, incarnation);
    if (child)
        drop(all, child);
    neighbours_take(all, &(xy_event){.kind = XY_EVENT_EXITED,
                                     .peer = incarnation,
                                     .bytes = text,
                                     .size = sizeof text - 1});
}

void neighbours_exit(struct neighbours *all)
{
    end(all, choose(all, script_number(&all->script)).incarnation);
}

void neighbours_exit_all(struct neighbours *all)
{
    while (all->count > 0)
        end(all, all->children[0].incarnation);
}

void neighbours_pass_time(struct neighbours *all)
{
    all->now_ms += script_ms(&all->script);
    neighbours_take(all, &(xy_event){.kind = XY_EVENT_TICK});
}
