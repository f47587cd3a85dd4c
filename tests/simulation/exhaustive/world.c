#include "world.h"

#include <string.h>

#include "core/memory.h"
#include "judge.h"

static xy_machine machine_of(const world *w, uint64_t who)
{
    world *at = (world *)(uintptr_t)w;
    return who == XY_PARENT ? xy_controller_machine(&at->controller)
                            : xy_node_machine(&at->lives[who].node);
}

const xy_branch *world_branch(const world *w, uint64_t who)
{
    return who == XY_PARENT ? &w->controller.branch : &w->lives[who].node.branch;
}

bool world_lives(const world *w, uint64_t who)
{
    life_state state = w->lives[who].state;
    return who == XY_PARENT || state == LIFE_STARTED || state == LIFE_OPEN;
}

/* Whether something can happen to it. */
static bool is_awake(const world *w, uint64_t who)
{
    return who == XY_PARENT || (w->lives[who].state == LIFE_OPEN && !w->lives[who].paused);
}

static int64_t deadline_of(const world *w, uint64_t who)
{
    xy_machine machine = machine_of(w, who);
    return is_awake(w, who) ? machine.deadline(machine.self) : XY_NEVER;
}

/* Death. */

static bool is_below(const world *w, uint64_t who, uint64_t top)
{
    while (who != XY_PARENT && who != top)
        who = w->lives[who].parent;
    return who == top;
}

static void drop(lane *from)
{
    while (from->count > 0)
        xy_release(from->frames[--from->count]);
}

static void end_life(life *who, life_state state)
{
    if (who->state == LIFE_STARTED || who->state == LIFE_OPEN)
        xy_node_clear(&who->node);
    drop(&who->down);
    if (state == LIFE_GONE)
        drop(&who->up);
    who->paused = false;
    who->state = state;
}

/* Nobody outlives the parent. What was on its way from it may still be heard. */
static void die(world *w, uint64_t top)
{
    if (top == XY_PARENT || !world_lives(w, top))
        return;
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if (is_below(w, who, top) && w->lives[who].state != LIFE_NONE)
            end_life(&w->lives[who], who == top ? LIFE_DEAD : LIFE_GONE);
}

static void die_by_accident(world *w, uint64_t top)
{
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if (is_below(w, who, top))
            w->lives[who].doomed = true;
    die(w, top);
}

/* Actions. */

static void step(world *w, uint64_t who, const xy_event *event)
{
    xy_machine machine = machine_of(w, who);
    machine.step(machine.self, event, w->now_ms);
}

static lane *lane_to(world *w, uint64_t from, uint64_t peer)
{
    if (peer == XY_PARENT)
        return &w->lives[from].up;
    return peer < LIVES && world_lives(w, peer) ? &w->lives[peer].down : NULL;
}

static void append(lane *to, const xy_message *message)
{
    size_t size = xy_message_size(message);
    must(to->count < LANE_MAX && size <= FRAME_MAX, "too many or too large frames on one link");
    if (broken)
        return;
    frame *last = xy_allocate(1, sizeof *last);
    last->size = size;
    xy_message_encode(message, last->bytes);
    to->frames[to->count++] = last;
}

static void send(world *w, uint64_t from, const xy_action *action)
{
    lane *to = lane_to(w, from, action->peer);
    if (to)
        append(to, &action->message);
    else if (action->message.kind == XY_REQUEST)
        step(w, from,
             &(xy_event){.kind = XY_EVENT_UNSENT,
                         .peer = action->peer,
                         .request = action->message.request,
                         .status = XYLEM_UNAVAILABLE});
}

static void start(world *w, uint64_t parent, const xy_action *action)
{
    xy_birth birth = {.id = action->message.id, .incarnation = action->peer};
    birth.secret[0] = (uint8_t)action->peer;
    must(action->peer < LIVES && w->lives[action->peer].state == LIFE_NONE, "a life starts twice");
    if (broken)
        return;
    life *child = &w->lives[action->peer];
    bool doomed = child->doomed || w->lives[parent].doomed;
    *child = (life){.state = LIFE_STARTED, .id = birth.id, .parent = parent, .doomed = doomed};
    must(xy_node_init(&child->node, &birth, PID_BASE + (int64_t)action->peer), "no memory");
    if (action->peer > w->lives_count)
        w->lives_count = action->peer;
    step(w, parent,
         &(xy_event){.kind = XY_EVENT_BORN,
                     .peer = action->peer,
                     .bytes = birth.secret,
                     .size = sizeof birth.secret});
}

static void work(world *w, uint64_t who, const xy_action *action)
{
    judge_work(w, who, &action->message);
    step(w, who,
         &(xy_event){.kind = XY_EVENT_WORKED,
                     .request = action->message.request,
                     .bytes = action->message.payload,
                     .size = action->message.payload_size});
}

static void inflict(world *w, const xy_message *target)
{
    uint64_t who = target->incarnation;
    if (who >= LIVES || !world_lives(w, who))
        return;
    if (target->code == XY_FAULT_KILL)
        die_by_accident(w, who);
    else
        w->lives[who].paused = target->code == XY_FAULT_PAUSE;
    w->late = w->late || target->code == XY_FAULT_PAUSE;
}

static void perform(world *w, uint64_t who, const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_SEND:
        send(w, who, action);
        break;
    case XY_ACTION_START:
        start(w, who, action);
        break;
    case XY_ACTION_KILL:
        die(w, action->peer);
        break;
    case XY_ACTION_WORK:
        work(w, who, action);
        break;
    case XY_ACTION_CANCEL:
        break;
    case XY_ACTION_STOP:
        judge_stop(w, who);
        die(w, who);
        break;
    case XY_ACTION_REPLY:
        judge_reply(w, &action->message);
        break;
    case XY_ACTION_NOTICE:
        judge_notice(w, &action->message);
        break;
    case XY_ACTION_FORGET:
        break;
    case XY_ACTION_FAULT:
        inflict(w, &action->message);
        break;
    }
}

static void perform_all(world *w, uint64_t who)
{
    xy_actions *actions = machine_of(w, who).actions;
    xy_action action;
    while (world_lives(w, who) && !broken && xy_actions_pop(actions, &action)) {
        perform(w, who, &action);
        xy_action_clear(&action);
    }
}

static void happen(world *w, uint64_t who, const xy_event *event)
{
    step(w, who, event);
    perform_all(w, who);
}

/* Moves. */

static void hear(world *w, uint64_t who, uint64_t peer, lane *from)
{
    frame *first = from->frames[0];
    from->count--;
    memmove(from->frames, from->frames + 1, from->count * sizeof first);
    judge_hear(w, who, first);
    happen(w, who,
           &(xy_event){
               .kind = XY_EVENT_FRAME, .peer = peer, .bytes = first->bytes, .size = first->size});
    xy_release(first);
}

static void notice_end(world *w, uint64_t who)
{
    static const char text[] = "it ended";
    end_life(&w->lives[who], LIFE_GONE);
    happen(
        w, w->lives[who].parent,
        &(xy_event){.kind = XY_EVENT_EXITED, .peer = who, .bytes = text, .size = sizeof text - 1});
}

static void open_life(world *w, uint64_t who)
{
    w->lives[who].state = LIFE_OPEN;
    w->lives[who].opened = true;
    happen(w, who, &(xy_event){.kind = XY_EVENT_OPEN});
}

static void tick(world *w, uint64_t who)
{
    happen(w, who, &(xy_event){.kind = XY_EVENT_TICK});
    must(deadline_of(w, who) > w->now_ms, "a tick that changes nothing");
}

static int64_t next_deadline(const world *w)
{
    int64_t earliest = XY_NEVER;
    for (uint64_t who = XY_PARENT; who <= w->lives_count; who++) {
        int64_t deadline = deadline_of(w, who);
        if (deadline > w->now_ms && deadline < earliest)
            earliest = deadline;
    }
    return earliest;
}

static bool has_beats(const world *w)
{
    return w->controller.branch.detector.interval_ms > 0;
}

static void pass(world *w)
{
    move events[LIVES_MOVES];
    bool early = world_events(w, events) > 0;
    w->delays_left -= early;
    if (!early)
        *(has_beats(w) ? &w->beats_left : &w->waits_left) -= 1;
    must(w->waits_left > 0, "time passes again and again, and nothing comes of it");
    w->late = w->late || early;
    w->now_ms = next_deadline(w);
}

static void issue(world *w, const xy_command *command)
{
    uint64_t request = w->controller.request + 1, latest = w->controller.incarnation;
    order *o = &w->orders[request];
    judge_issue(w, o, command);
    w->issued++;
    xy_controller_command(&w->controller, command, w->now_ms);
    if (w->controller.incarnation > latest)
        o->target = w->controller.incarnation;
    perform_all(w, XY_PARENT);
}

void world_make(world *w, const move *next)
{
    life *of = &w->lives[next->life];
    switch (next->kind) {
    case MOVE_OPEN:
        open_life(w, next->life);
        break;
    case MOVE_UP:
        hear(w, of->parent, next->life, &of->up);
        break;
    case MOVE_DOWN:
        hear(w, next->life, XY_PARENT, &of->down);
        break;
    case MOVE_EXIT:
        notice_end(w, next->life);
        break;
    case MOVE_TICK:
        tick(w, next->life);
        break;
    case MOVE_PASS:
        pass(w);
        break;
    case MOVE_ISSUE:
        issue(w, &next->command);
        break;
    case MOVE_CRASH:
        w->crashes_left--;
        die_by_accident(w, next->life);
        break;
    }
}

static bool can(const world *w, move_kind kind, uint64_t who)
{
    const life *of = &w->lives[who];
    switch (kind) {
    case MOVE_OPEN:
        return of->state == LIFE_STARTED;
    case MOVE_UP:
        return of->up.count > 0 && is_awake(w, of->parent);
    case MOVE_DOWN:
        return of->down.count > 0 && is_awake(w, who);
    case MOVE_EXIT:
        return of->state == LIFE_DEAD && is_awake(w, of->parent);
    default:
        return deadline_of(w, who) <= w->now_ms;
    }
}

size_t world_events(const world *w, move *moves)
{
    size_t count = 0;
    for (uint64_t who = XY_PARENT; who <= w->lives_count; who++)
        for (move_kind kind = who == XY_PARENT ? MOVE_TICK : MOVE_OPEN; kind <= MOVE_TICK; kind++)
            if (can(w, kind, who))
                moves[count++] = (move){.kind = kind, .life = who};
    return count;
}

bool world_has_deadline(const world *w)
{
    return next_deadline(w) != XY_NEVER;
}

bool world_may_pass(const world *w)
{
    move events[LIVES_MOVES];
    bool early = world_events(w, events) > 0;
    bool bounded = early ? w->delays_left > 0 : !has_beats(w) || w->beats_left > 0;
    return bounded && world_has_deadline(w);
}

void world_begin(world *w, int crashes, int delays)
{
    memset(w, 0, offsetof(world, memory) + offsetof(arena, bytes));
    arena_use(&w->memory);
    w->crashes_left = crashes;
    w->delays_left = delays;
    w->beats_left = BEATS;
    w->waits_left = WAITS;
    must(xy_controller_init(&w->controller, TIMEOUT_MS, 0), "no memory");
}

size_t world_size(const world *w)
{
    return offsetof(world, memory) + offsetof(arena, bytes) + w->memory.used;
}
