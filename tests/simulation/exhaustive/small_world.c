#include "small_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "small_check.h"

static life *life_at(const world *w, uint64_t who)
{
    return (life *)(uintptr_t)&w->lives[who];
}

const xy_subtree *world_subtree(const world *w, uint64_t who)
{
    return who == 0 ? &w->controller.subtree : &w->lives[who].node.subtree;
}

bool world_lives(const world *w, uint64_t who)
{
    return who < LIVES && w->lives[who].state == LIFE_ALIVE;
}

uint64_t world_parent(const world *w, uint64_t who)
{
    const xy_queue_link *link = xy_queue_links_find(&w->links, w->lives[who].node.parent.link);
    const xy_queue_end *parent = link ? link->ends[XY_END_PARENT].at : NULL;
    return parent ? parent->life.number : LIVES;
}

static bool is_below(const world *w, uint64_t who, uint64_t top)
{
    while (who != 0 && who != top)
        who = w->lives[who].parent;
    return who == top;
}

/* Where nodes move and are not repaired a node needs all that are above it, are to be, or are in
 * the controlling node's eyes. */
static unsigned needs_of(const world *w, uint64_t who)
{
    const xy_map_node *node = xy_map_of_life(&w->controller.map, (xy_life){who});
    const xy_map_node *linked = node && node->attached ? node->linked.parent : NULL;
    const xy_map_node *wanted = node ? node->wanted.parent : NULL;
    uint64_t parent = world_lives(w, who) ? world_parent(w, who) : LIVES;
    unsigned needs = 1u << parent | (wanted ? 1u << wanted->life.number : 0);
    if (w->controller.repair != XY_REPAIR_NONE)
        return w->controller.rest_for_subtree && wanted ? 1u << wanted->life.number : 0;
    if (node && node->attaching != XY_NOT_ATTACHING)
        needs |= 1u << node->target.number;
    return needs | (linked ? 1u << linked->life.number : 0);
}

bool world_needs(const world *w, uint64_t who, uint64_t top)
{
    unsigned needs = 1u << who, before = 0;
    if (!w->moving)
        return is_below(w, who, top);
    while (needs != before) {
        before = needs;
        for (uint64_t one = 1; one <= w->lives_count; one++)
            if (before >> one & 1u)
                needs |= needs_of(w, one);
    }
    return needs >> top & 1u;
}

/* Whether something can happen to it. */
static bool is_awake(const world *w, uint64_t who)
{
    return world_lives(w, who) && !w->lives[who].paused;
}

static int64_t deadline_of(const world *w, uint64_t who)
{
    const xy_machine *machine = &w->lives[who].driver.machine;
    return is_awake(w, who) ? machine->deadline(machine->self) : XY_NEVER;
}

static world *world_of(const xy_driver *driver)
{
    return driver->world;
}

static uint64_t life_of(const xy_driver *driver)
{
    life *of = (life *)((char *)(uintptr_t)driver - offsetof(life, driver));
    return (uint64_t)(of - world_of(driver)->lives);
}

/* Reports. */

static void add_report(life *about, report one)
{
    about->reports.item_size = sizeof one;
    must(xy_ring_push(&about->reports, &one), "no memory");
}

/* What a life has said comes, also when it is over. */
static void say(xy_driver *driver, const xy_action *action)
{
    xy_event said = xy_reported_event(action);
    life *speaker = &world_of(driver)->lives[life_of(driver)];
    bool attached = said.kind == XY_EVENT_ATTACHED;
    add_report(speaker,
               (report){.kind = said.kind,
                        .child = (attached ? said.attached.life : said.expected.life).number,
                        .link = (attached ? said.attached.link : said.expected.link).number,
                        .tag = attached ? 0 : said.expected.tag});
}

/* Faults that come too late are reported. */
static void end_life(world *w, uint64_t who, xy_cause cause)
{
    xy_action order;
    life *of = &w->lives[who];
    of->state = LIFE_OVER;
    of->paused = false;
    xy_node_clear(&of->node, &w->queue);
    xy_queue_link_end(&w->links, &of->end);
    add_report(of, (report){.kind = XY_EVENT_ENDED, .begun = true, .cause = cause});
    while (xy_ring_pop(&of->orders, &order))
        if (order.kind == XY_ACTION_SIGNAL)
            add_report(of, (report){.kind = XY_EVENT_SIGNALLED, .command = order.signal.command});
}

static void doom(world *w, uint64_t top)
{
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if (world_needs(w, who, top))
            w->lives[who].doomed = true;
}

static void die_by_accident(world *w, uint64_t top)
{
    doom(w, top);
    end_life(w, top, (xy_cause){XYLEM_SIGNALLED, 9});
}

/* Actions. */

static int put(world *w, uint64_t from, const xy_peer *to, const xy_message *message,
               xy_frame *frame)
{
    xy_lane *lane;
    size_t size = xy_message_size(message);
    int error = xy_queue_link_lane(&w->links, &w->lives[from].end, to, size,
                                   xy_message_urgency(message), 0, &lane);
    if (error || !lane)
        return error;
    if (frame) {
        w->in_hand = NULL;
    } else {
        frame = xy_frame_new(&w->links, size);
        xy_message_encode(message, frame->bytes);
    }
    xy_lane_put(lane, frame, 0);
    return XYLEM_OK;
}

static int forward(world *w, uint64_t from, const xy_peer *to)
{
    xy_message message;
    must(w->in_hand != NULL, "a frame is passed on twice");
    if (!w->in_hand)
        return XYLEM_OK;
    must(xy_message_decode(&message, w->in_hand->bytes, w->in_hand->size),
         "what is passed on is no message");
    return put(w, from, to, &message, w->in_hand);
}

static int connect(world *w, uint64_t who, const xy_attachment *to)
{
    uint64_t parent = strtoull(to->address, NULL, 10);
    return xy_queue_link_connect(&w->links, &w->lives[who].end, &to->parent,
                                 world_lives(w, parent) ? &w->lives[parent].end : NULL);
}

static int send(xy_driver *driver, xy_action *action)
{
    world *w = world_of(driver);
    uint64_t who = life_of(driver);
    switch (action->kind) {
    case XY_ACTION_SEND:
        return put(w, who, &action->send.to, &action->send.message, NULL);
    case XY_ACTION_FORWARD:
        return forward(w, who, &action->forward.to);
    case XY_ACTION_EXPECT:
        return xy_queue_link_expect(&w->links, &w->lives[who].end, &action->expect.child);
    case XY_ACTION_LET_GO:
        xy_queue_link_let_go(&w->links, &w->lives[who].end, &action->let_go.child);
        return XYLEM_OK;
    case XY_ACTION_DISCONNECT:
        xy_queue_link_disconnect(&w->links, &w->lives[who].end, &action->disconnect.parent);
        return XYLEM_OK;
    default:
        return connect(w, who, &action->connect);
    }
}

/* It answers its work when it has the answer. */
static void ask(xy_driver *driver, const xy_action *work)
{
    world *w = world_of(driver);
    life *of = &w->lives[life_of(driver)];
    xy_event deferred = {.kind = XY_EVENT_DEFERRED}, asked = {.kind = XY_EVENT_ASKED};
    static const char payloads[][7] = {"", "1\0work", "2\0work", "3\0work", "4\0work", "5\0work"};
    int id = work->work.text[4] - '0';
    must(of->asks < ASKS_MAX, "a life asks too often");
    if (broken)
        return;
    deferred.deferred.request = work->work.request;
    xy_driver_step_within(driver, &deferred);
    asked.asked.request = work->work.request;
    asked.asked.ask = ++of->asks;
    asked.asked.budget_ms = UINT32_MAX;
    asked.asked.payload = payloads[id];
    asked.asked.size = 6;
    of->asked[of->asks].work = work->work.request;
    of->asked[of->asks].other = (uint64_t)id;
    xy_driver_step_within(driver, &asked);
}

static void answered(xy_driver *driver, const xy_action *action)
{
    life *of = &world_of(driver)->lives[life_of(driver)];
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = of->asked[action->answered.ask].work;
    check_ask_answered(world_of(driver), life_of(driver), action);
    of->asked[action->answered.ask].work = (xy_number){0};
    xy_driver_step_within(driver, &event);
}

static bool is_ask(const xy_action *work)
{
    return work->work.size == 5 && memcmp(work->work.text, "ask ", 4) == 0;
}

static void execute(xy_driver *driver, xy_action *action)
{
    if (action->kind == XY_ACTION_ANSWERED)
        answered(driver, action);
    if (action->kind != XY_ACTION_WORK)
        return;
    check_work(world_of(driver), life_of(driver), action->work.request.request);
    if (is_ask(action)) {
        ask(driver, action);
        return;
    }
    xy_event event = {.kind = XY_EVENT_WORKED};
    event.worked.request = action->work.request;
    event.worked.text = action->work.text;
    event.worked.size = action->work.size;
    xy_driver_step_within(driver, &event);
}

static void deliver(xy_driver *driver, xy_action *action)
{
    world *w = world_of(driver);
    if (action->kind == XY_ACTION_REPLY)
        check_reply(w, action);
    else if (action->kind == XY_ACTION_NOTICE)
        check_notice(w, action);
}

static void launch(xy_driver *driver, const xy_action *action);

static void drive(world *w, uint64_t who, xy_machine machine)
{
    static const xy_driver_ops ops = {
        .send = send, .launch = launch, .execute = execute, .deliver = deliver, .report = say};
    w->lives[who].state = LIFE_ALIVE;
    w->lives[who].end.life.number = who;
    w->lives[who].driver =
        (xy_driver){.machine = machine, .queue = &w->queue, .ops = &ops, .world = w};
}

static void address_of(uint64_t who, char address[XY_ADDRESS_SIZE])
{
    snprintf(address, XY_ADDRESS_SIZE, "%d", (int)who);
}

/* A life begins at once: that cannot be told from a beginning later. Its report comes later. */
static void start(world *w, const xy_birth *birth)
{
    char address[XY_ADDRESS_SIZE];
    uint64_t who = birth->life.number;
    must(who < LIVES && w->lives[who].state == LIFE_NONE, "a life starts twice");
    if (broken)
        return;
    const xy_map_node *parent = xy_map_of_life(&w->controller.map, birth->life)->wanted.parent;
    life *of = &w->lives[who];
    *of = (life){.id = birth->id, .parent = parent ? parent->life.number : 0};
    for (uint64_t top = 1; top < who; top++)
        of->doomed = of->doomed || (w->lives[top].doomed && world_needs(w, who, top));
    address_of(who, address);
    xy_node_init(&of->node, birth, address);
    drive(w, who, xy_node_machine(&of->node));
    add_report(of, (report){.kind = XY_EVENT_STARTED});
    if (who > w->lives_count)
        w->lives_count = who;
}

static uint64_t life_of_order(const xy_action *order)
{
    switch (order->kind) {
    case XY_ACTION_ATTACH:
        return order->attach.life.number;
    case XY_ACTION_TELL:
        return order->tell.life.number;
    case XY_ACTION_END:
        return order->end.life.number;
    case XY_ACTION_KILL:
        return order->kill.life.number;
    default:
        return order->signal.life.number;
    }
}

static void launch(xy_driver *driver, const xy_action *action)
{
    world *w = world_of(driver);
    if (action->kind == XY_ACTION_START) {
        start(w, &action->start);
        return;
    }
    life *of = &w->lives[life_of_order(action)];
    must(of->state != LIFE_NONE, "an order about a life that was never started");
    of->orders.item_size = sizeof *action;
    if (of->state == LIFE_ALIVE)
        must(xy_ring_push(&of->orders, action), "no memory");
    else if (action->kind == XY_ACTION_SIGNAL)
        add_report(of, (report){.kind = XY_EVENT_SIGNALLED, .command = action->signal.command});
}

/* Steps. */

static void settle(world *w, uint64_t who)
{
    if (who != 0 && w->lives[who].driver.stopped && world_lives(w, who))
        end_life(w, who, (xy_cause){XYLEM_EXITED, 0});
}

static void happen(world *w, uint64_t who, const xy_event *event)
{
    xy_driver_step(&w->lives[who].driver, event, w->now_ms);
    settle(w, who);
}

/* Moves. */

static void hear(world *w, uint64_t number, bool up)
{
    xy_queue_link *link = xy_queue_links_find(&w->links, (xy_link_number){number});
    xy_lane *lane = up ? &link->up : &link->down;
    uint64_t who = xy_queue_link_hearer(link, lane)->life.number;
    xy_event event = {.kind = XY_EVENT_MESSAGE};
    w->in_hand = xy_lane_take(lane);
    event.message.from = xy_queue_link_sender(link, lane);
    event.message.frame = w->in_hand->bytes;
    event.message.size = w->in_hand->size;
    uint64_t before = w->controller.command;
    check_hear(w, who, w->in_hand);
    check_ask(w, who, w->in_hand);
    happen(w, who, &event);
    check_ask_made(w, before);
    xy_release(w->in_hand);
    w->in_hand = NULL;
}

static void signal_life(world *w, uint64_t who, const xy_action *order)
{
    life *of = &w->lives[who];
    add_report(of, (report){.kind = XY_EVENT_SIGNALLED, .command = order->signal.command});
    if (order->signal.fault == XY_FAULT_KILL) {
        die_by_accident(w, who);
        return;
    }
    of->paused = order->signal.fault == XY_FAULT_PAUSE;
    w->late = w->late || of->paused;
    for (uint64_t one = 1; one <= w->lives_count && of->paused; one++)
        w->lives[one].hung = w->lives[one].hung || world_needs(w, one, who);
}

/* What a node has to hear itself waits while it hangs. */
static bool may_take(const life *of, const xy_action *order)
{
    bool told = order->kind == XY_ACTION_ATTACH || order->kind == XY_ACTION_TELL ||
                order->kind == XY_ACTION_END;
    return !told || !of->paused;
}

/* The first order that may be taken, or none: how many there are. */
static size_t next_order(const life *of)
{
    size_t at = 0;
    while (at < of->orders.count && !may_take(of, xy_ring_at(&of->orders, at)))
        at++;
    return at;
}

static xy_action take_out(life *of, size_t place)
{
    xy_action found = {0}, one;
    size_t count = of->orders.count;
    for (size_t i = 0; i < count; i++) {
        xy_ring_pop(&of->orders, &one);
        if (i == place)
            found = one;
        else
            xy_ring_push(&of->orders, &one);
    }
    return found;
}

static void take_order(world *w, uint64_t who)
{
    life *of = &w->lives[who];
    xy_action order = take_out(of, next_order(of));
    if (order.kind == XY_ACTION_SIGNAL) {
        signal_life(w, who, &order);
    } else if (order.kind == XY_ACTION_KILL) {
        end_life(w, who, (xy_cause){XYLEM_SIGNALLED, 9});
    } else if (order.kind == XY_ACTION_END) {
        happen(w, who, &(xy_event){.kind = XY_EVENT_END});
    } else if (order.kind == XY_ACTION_TELL) {
        happen(w, who,
               &(xy_event){.kind = XY_EVENT_TOLD, .told = {order.tell.frame, order.tell.size}});
    } else {
        of->attached = true;
        happen(w, who, &(xy_event){.kind = XY_EVENT_ATTACH, .attach = order.attach.to});
    }
}

static xy_event event_of(const world *w, uint64_t about, const report *one)
{
    static char key[XY_KEY_SIZE], address[XY_ADDRESS_SIZE];
    xy_event event = {.kind = one->kind};
    snprintf(key, sizeof key, "%040d", (int)about);
    address_of(about, address);
    if (one->kind == XY_EVENT_STARTED) {
        event.started.life.number = about;
        event.started.pid = PID_BASE + (int64_t)about;
        event.started.key = w->controller.keyed ? key : "";
    } else if (one->kind == XY_EVENT_EXPECTED) {
        event.expected.life.number = one->child;
        event.expected.link.number = one->link;
        event.expected.tag = one->tag;
    } else if (one->kind == XY_EVENT_ATTACHED) {
        event.attached.life.number = one->child;
        event.attached.link.number = one->link;
        event.attached.address = address;
    } else if (one->kind == XY_EVENT_ENDED) {
        event.ended.life.number = about;
        event.ended.begun = one->begun;
        event.ended.cause = one->cause;
        event.ended.reason = "why";
    } else {
        event.signalled.command = one->command;
        event.signalled.reason = "";
    }
    return event;
}

static void hear_report(world *w, uint64_t about)
{
    report one;
    xy_ring_pop(&w->lives[about].reports, &one);
    if (one.kind == XY_EVENT_ENDED)
        doom(w, about); /* others may have come to need it meanwhile */
    xy_event event = event_of(w, about, &one);
    happen(w, 0, &event);
}

static void stillborn(world *w, uint64_t who)
{
    w->crashes_left--;
    xy_ring_clear(&w->lives[who].reports);
    die_by_accident(w, who);
    ((report *)xy_ring_at(&w->lives[who].reports, 0))->begun = false;
}

static void tick(world *w, uint64_t who)
{
    happen(w, who, &(xy_event){.kind = XY_EVENT_TICK});
    must(deadline_of(w, who) > w->now_ms, "a tick that changes nothing");
}

static int64_t next_deadline(const world *w)
{
    int64_t earliest = XY_NEVER;
    for (uint64_t who = 0; who <= w->lives_count; who++) {
        int64_t deadline = deadline_of(w, who);
        if (deadline > w->now_ms && deadline < earliest)
            earliest = deadline;
    }
    return earliest;
}

static bool has_heartbeats(const world *w)
{
    return w->controller.subtree.detector.interval_ms > 0;
}

static void pass(world *w)
{
    move events[EVENTS_MAX];
    bool early = world_events(w, events) > 0;
    w->delays_left -= early;
    if (!early && w->span_left > 1) {
        w->span_left--;
    } else if (!early) {
        *(has_heartbeats(w) ? &w->heartbeats_left : &w->waits_left) -= 1;
        w->span_left = has_heartbeats(w) && w->moving ? SPAN : 0;
    }
    must(w->waits_left > 0, "time passes again and again, and nothing comes of it");
    w->late = w->late || early;
    w->early = w->early || early;
    w->now_ms = next_deadline(w);
}

static void issue(world *w, const xy_command *command)
{
    uint64_t latest = w->controller.life;
    issued *one = &w->commands[w->controller.command + 1];
    check_issue(w, one, command);
    w->issued++;
    xy_controller_command(&w->controller, command, w->now_ms, &w->queue);
    if (w->controller.life > latest)
        one->target = w->controller.life;
    check_parts(w, one);
    w->lives[0].driver.now_ms = w->now_ms;
    xy_driver_perform(&w->lives[0].driver);
}

static bool is_beat(const world *w, uint64_t number)
{
    xy_message message;
    const xy_queue_link *link = xy_queue_links_find(&w->links, (xy_link_number){number});
    uint64_t who = xy_queue_link_hearer(link, &link->up)->life.number;
    const xy_frame *frame = link->up.frames;
    const xy_child *child = xy_children_find(&world_subtree(w, who)->children, link->number);
    return xy_message_decode(&message, frame->bytes, frame->size) && message.kind == XY_HEARTBEAT &&
           child && child->state == XY_CHILD_PRESENT;
}

static bool is_late_start(const world *w, uint64_t who)
{
    const report *first = xy_ring_at(&w->lives[who].reports, 0);
    return first->kind == XY_EVENT_STARTED && w->lives[who].attached && !w->controller.keyed;
}

static bool is_urgent(const world *w, const move *next)
{
    return next->kind == MOVE_TICK || (next->kind == MOVE_UP && is_beat(w, next->of)) ||
           (next->kind == MOVE_REPORT && is_late_start(w, next->of));
}

void world_make(world *w, const move *next)
{
    if (next->kind != MOVE_PASS && !is_urgent(w, next))
        w->span_left = 0;
    switch (next->kind) {
    case MOVE_UP:
    case MOVE_DOWN:
        hear(w, next->of, next->kind == MOVE_UP);
        break;
    case MOVE_ORDER:
        take_order(w, next->of);
        break;
    case MOVE_REPORT:
        hear_report(w, next->of);
        break;
    case MOVE_TICK:
        tick(w, next->of);
        break;
    case MOVE_PASS:
        pass(w);
        break;
    case MOVE_ISSUE:
        issue(w, &next->command);
        break;
    case MOVE_CRASH:
        w->crashes_left--;
        die_by_accident(w, next->of);
        break;
    case MOVE_STILLBORN:
        stillborn(w, next->of);
        break;
    }
}

/* What can happen. */

static bool may_hear(const world *w, uint64_t number, bool up)
{
    const xy_queue_link *link = xy_queue_links_find(&w->links, (xy_link_number){number});
    const xy_lane *lane = !link ? NULL : up ? &link->up : &link->down;
    const xy_queue_end *hearer = lane ? xy_queue_link_hearer(link, lane) : NULL;
    return hearer && lane->frames && is_awake(w, hearer->life.number);
}

static bool can(const world *w, move_kind kind, uint64_t of)
{
    switch (kind) {
    case MOVE_UP:
    case MOVE_DOWN:
        return of > 0 && may_hear(w, of, kind == MOVE_UP);
    case MOVE_ORDER:
        return next_order(&w->lives[of]) < w->lives[of].orders.count;
    case MOVE_REPORT:
        return w->lives[of].reports.count > 0;
    default:
        return deadline_of(w, of) <= w->now_ms;
    }
}

size_t world_events(const world *w, move *moves)
{
    size_t count = 0;
    uint64_t links = w->controller.link, lives = w->lives_count;
    for (uint64_t of = 0; of <= lives || of <= links; of++)
        for (move_kind kind = MOVE_UP; kind <= MOVE_TICK; kind++)
            if (of <= (kind <= MOVE_DOWN ? links : lives) && can(w, kind, of))
                moves[count++] = (move){.kind = kind, .of = of};
    return count;
}

bool world_urgent(const world *w, move *urgent)
{
    move events[EVENTS_MAX];
    size_t count = w->moving ? world_events(w, events) : 0, at = 0;
    while (at < count && !is_urgent(w, &events[at]))
        at++;
    if (at < count)
        *urgent = events[at];
    if (count == 0 && w->span_left > 1 && world_has_deadline(w)) {
        *urgent = (move){.kind = MOVE_PASS};
        return true;
    }
    return at < count;
}

bool world_has_deadline(const world *w)
{
    return next_deadline(w) != XY_NEVER;
}

bool world_may_pass(const world *w)
{
    move events[EVENTS_MAX];
    bool early = world_events(w, events) > 0;
    bool bounded = early ? w->delays_left > 0 : !has_heartbeats(w) || w->heartbeats_left > 0;
    return bounded && world_has_deadline(w);
}

bool world_may_crash(const world *w, uint64_t who)
{
    return w->crashes_left > 0 && world_lives(w, who);
}

bool world_is_unborn(const world *w, uint64_t who)
{
    const life *of = life_at(w, who);
    const report *first = of->reports.count > 0 ? xy_ring_at(&of->reports, 0) : NULL;
    return first && first->kind == XY_EVENT_STARTED && !of->attached && of->reports.count == 1;
}

/* The whole. */

static void *take_memory(size_t size)
{
    return xy_resize(NULL, size);
}

void world_begin(world *w, const world_options *options)
{
    memset(w, 0, offsetof(world, memory) + offsetof(arena, bytes));
    arena_use(&w->memory);
    w->moving = options->topology->arranges || options->repair != XY_REPAIR_NONE || options->moves;
    w->crashes_left = options->crashes;
    w->delays_left = options->delays;
    w->heartbeats_left = w->moving ? SPANS : HEARTBEATS;
    w->waits_left = WAITS;
    xy_queue_links_init(&w->links, take_memory, xy_release);
    xy_controller_init(&w->controller,
                       &(xy_controller_options){.topology = options->topology,
                                                .repair = options->repair,
                                                .rest_for_subtree = options->rest,
                                                .restarts_max = 1,
                                                .restart_window_ms = 100 * TIMEOUT_MS,
                                                .address = "0",
                                                .keyed = options->keyed,
                                                .past_tree = options->past,
                                                .timeout_ms = TIMEOUT_MS});
    drive(w, 0, xy_controller_machine(&w->controller));
}

size_t world_size(const world *w)
{
    return offsetof(world, memory) + offsetof(arena, bytes) + w->memory.used;
}
