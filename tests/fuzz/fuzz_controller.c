/* The controlling node between its network, which gives it commands, the launcher, and the nodes,
 * all of whom do and say what the script says.
 */
#include <string.h>

#include "core/controller_parts.h"
#include "core/outcomes.h"
#include "neighbours.h"
#include "sim/heap.h"

enum { TIMEOUT_MS = 5000, COMMANDS_MAX = 4096, LIVES_MAX = 4096 };

struct issued {
    int64_t due_ms;
    bool answered, exec, cast;
    uint64_t chunks; /* that have come */
    uint16_t ids;    /* of a cast: those that are asked, as bits */
};

/* What the launcher knows of a life. */
struct life {
    int64_t id;
    bool runs, killed;
    bool started, attaching; /* it has said that it has started; it was told to attach, */
    uint64_t link;           /* latest on this link; 0: none */
    bool available;          /* as it was last said */
};

static struct controller_run {
    struct neighbours all;
    xy_controller controller;
    bool closing;
    bool refused;    /* an exec was, and there was no word of room since */
    uint64_t latest; /* the number of the latest command */
    uint64_t lives;  /* the latest life */
    uint64_t signal; /* the latest command that is a fault */
    uint64_t asks;   /* the number of the latest ask */
} run;

static struct issued commands[COMMANDS_MAX + 1]; /* by number, from 1 */
static struct life lives[LIVES_MAX + 1];

/* What the controlling node does. */

/* Each node that a cast asks is in one of the outcomes. */
static void check_outcomes(const xy_action *action, unsigned wanted)
{
    xy_outcome outcome;
    xy_outcomes outcomes = xy_outcomes_read(action->reply.text, action->reply.size);
    unsigned found = 0;
    int64_t succeeded = 0;
    while (xy_outcomes_next(&outcomes, &outcome))
        while (xy_outcomes_id(&outcomes, &outcome)) {
            must(outcome.id >= 0 && outcome.id < 15 && !(found >> outcome.id & 1));
            found |= 1u << outcome.id;
            succeeded += !outcome.status;
        }
    must(found == wanted && action->reply.value == succeeded);
}

static void answered(const xy_action *action)
{
    uint64_t number = action->reply.command;
    must(number >= 1 && number <= run.latest && !commands[number].answered);
    must(action->reply.status >= XYLEM_OK && action->reply.status < XY_ERROR_COUNT);
    must(!action->reply.text || action->reply.text[action->reply.size] == 0);
    run.refused = run.refused || (commands[number].exec && action->reply.status == XYLEM_BUSY);
    commands[number].answered = true;
    if (commands[number].cast && action->reply.text)
        check_outcomes(action, commands[number].ids);
    else if (commands[number].cast)
        must(action->reply.status == XYLEM_BUSY || action->reply.status == XYLEM_CANCELLED ||
             action->reply.status == XYLEM_INTERRUPTED);
}

/* In order, before the answer. */
static void passed_on(const xy_action *action)
{
    uint64_t number = action->chunk.command;
    must(number >= 1 && number <= run.latest && commands[number].exec &&
         !commands[number].answered);
    must(action->chunk.chunk->place == ++commands[number].chunks);
    must(action->chunk.chunk->size == 5 && action->chunk.chunk->bytes[5] == 0);
}

/* From 12 on it never is. */
static void combine(const xy_action *action)
{
    xy_event event = {.kind = XY_EVENT_COMBINED};
    unsigned number = script_number(&run.all.script);
    event.combined.cast = action->combine.cast;
    event.combined.status = number < 8 ? XYLEM_OK : XYLEM_FAILED;
    event.combined.text = action->combine.texts;
    event.combined.size = action->combine.a_size;
    if (number < 12)
        neighbours_step(&run.all, &event);
}

/* How long the arguments of a node are, in each of its lives. */
static size_t arguments_of(int64_t id)
{
    return (size_t)id & 3;
}

static void start(const xy_action *action)
{
    uint64_t number = action->start.life.number;
    must(action->start.arguments_size == arguments_of(action->start.id));
    must(action->start.arguments_size == 0 || action->start.arguments[0] == 'f');
    must(!run.closing && number > run.lives && number <= LIVES_MAX);
    must(memchr(action->start.service, 0, XY_SERVICE_NAME_SIZE) != NULL);
    while (run.lives < number) /* some were given out for a create that was refused */
        lives[++run.lives] = (struct life){.runs = false};
    const xy_map_node *node = xy_map_of_life(&run.controller.map, action->start.life);
    bool again = node && node->stage == XY_STAGE_RESTARTING; /* what was said is of its node */
    lives[number] =
        (struct life){.id = action->start.id, .runs = true, .available = !again || node->told};
}

/* The launcher is told of lives that run: what is over has been said to be over. */
static struct life *living(xy_life life)
{
    must(life.number >= 1 && life.number <= run.lives && lives[life.number].runs);
    return &lives[life.number];
}

/* When its key is known; where no node moves once. */
static void attach(const xy_action *action)
{
    struct life *life = living(action->attach.life);
    must(!life->attaching || run.controller.keeps);
    must(life->started || !run.controller.keyed);
    must(action->attach.to.parent.role == XY_PARENT && *action->attach.to.address);
    must(action->attach.to.parent.link.number > life->link);
    life->link = action->attach.to.parent.link.number;
    life->attaching = true;
}

static void kill_life(const xy_action *action)
{
    struct life *life = living(action->kill.life);
    must(action->kill.id == life->id);
    life->killed = true;
}

/* Each notice is a change, or says what a repair has done. */
static void notice(const xy_action *action)
{
    uint64_t number = action->notice.life.number;
    bool available = action->notice.kind == XY_NOTICE_AVAILABLE;
    must(number >= 1 && number <= run.lives && lives[number].id == action->notice.id);
    must(!run.closing);
    if (action->notice.kind > XY_NOTICE_AVAILABLE) {
        must(run.controller.keeps);
        return;
    }
    must(lives[number].available != available);
    must(available == (action->notice.origin == XY_NO_ID));
    lives[number].available = available;
}

static void perform(const xy_action *action)
{
    switch (action->kind) {
    case XY_ACTION_REPLY:
        answered(action);
        break;
    case XY_ACTION_START:
        start(action);
        break;
    case XY_ACTION_ATTACH:
        attach(action);
        break;
    case XY_ACTION_END:
        living(action->end.life);
        break;
    case XY_ACTION_KILL:
        kill_life(action);
        break;
    case XY_ACTION_SIGNAL:
        must(living(action->signal.life)->id == action->signal.id);
        run.signal = action->signal.command;
        break;
    case XY_ACTION_NOTICE:
        notice(action);
        break;
    case XY_ACTION_CHUNK:
        passed_on(action);
        break;
    case XY_ACTION_COMBINE:
        combine(action);
        break;
    default:
        must(action->kind == XY_ACTION_ROOM && run.refused);
        run.refused = false;
    }
}

/* What must hold after each step. */

/* What is below a dead node was given up; with repair nothing lives there. */
static void check_given_up(const xy_map_node *node)
{
    const struct life *life = &lives[node->life.number];
    for (const xy_map_node *above = node->linked.parent; above; above = above->linked.parent)
        must(!above->dead || node->stage != XY_STAGE_PRESENT || !life->runs || life->killed);
}

static bool is_well(const xy_map_node *node)
{
    const xy_map_node *parent = node->linked.parent;
    bool way = node->attached ? !parent || parent->available : node->adrift;
    return way && !node->silent && !node->dead && !node->given_up;
}

static void check_node(const xy_map_node *node)
{
    const struct life *life = &lives[node->life.number];
    const xy_map_node *parent = node->linked.parent;
    check_given_up(node);
    must(node->life.number <= run.lives);
    must(node->dead || life->runs);
    must(node->dead || node->stage != XY_STAGE_ENDING || node->removal);
    if (node->stage == XY_STAGE_PRESENT) {
        must(node->available == is_well(node));
        must(node->reachable == (node->available && node->attached && !node->silent_here &&
                                 (!parent || parent->reachable)));
    }
    must(node->stage != XY_STAGE_STARTING || (node->requests && !node->available));
    must(!node->given_up || life->killed || !life->runs);
    must((node->attaching == XY_NOT_ATTACHING) == !node->way);
    must(node->casts <= run.controller.casts.table.count);
}

static void check_map(const xy_map *map)
{
    size_t count = 0;
    int64_t before = XY_NO_ID;
    for (xy_map_node *node = map->lowest; node; node = node->higher) {
        must(node->id > before);
        before = node->id;
        check_node(node);
        count++;
    }
    must(count == map->count);
}

/* A life that is not on the map is over, or was killed. */
static void check_lives(void)
{
    for (uint64_t number = 1; number <= run.lives; number++)
        must(!lives[number].runs || lives[number].killed ||
             xy_map_of_life(&run.controller.map, (xy_life){number}));
}

/* When the first of the commands that have not been answered is due; and how many there are. */
static int64_t earliest_due(size_t *waiting)
{
    int64_t earliest = XY_NEVER;
    *waiting = 0;
    for (uint64_t i = 1; i <= run.latest; i++) {
        *waiting += !commands[i].answered;
        if (!commands[i].answered && commands[i].due_ms < earliest)
            earliest = commands[i].due_ms;
    }
    return earliest;
}

/* Fragments are kept only of what is waited for. */
static void check_arriving(const xy_assemblies *arriving)
{
    for (const xy_slot *part = arriving->table.first; part; part = part->next)
        must(xy_requests_find(&run.controller.requests, part->request));
}

/* The first request may cost more than all others together. */
static void check_in_flight(void)
{
    const xy_controller *c = &run.controller;
    size_t most = FEW_IN_FLIGHT + XY_IN_FLIGHT_RESERVE(FEW_IN_FLIGHT);
    const xy_request *first = xy_requests_first(&c->requests);
    must(c->waits.table.cost + c->requests.table.cost <= most + (first ? first->slot.cost : 0));
}

/* The parts of a cast, and what nodes ask, have no replies. */
static void pass_over(void)
{
    for (; run.latest < run.controller.command && run.latest < COMMANDS_MAX; run.latest++)
        commands[run.latest + 1] = (struct issued){.answered = true};
}

static void check(void)
{
    size_t waiting;
    pass_over();
    must(xy_controller_deadline(&run.controller) <= earliest_due(&waiting));
    must(run.all.out.promised == waiting);
    must(xy_requests_count(&run.controller.requests) + xy_requests_count(&run.controller.waits) -
             run.controller.unreplied ==
         waiting);
    must(run.controller.unreplied == 0 || waiting > 0);
    check_arriving(&run.controller.arriving);
    check_in_flight();
    check_map(&run.controller.map);
    check_lives();
}

/* Commands. */

static void issue(const xy_command *command)
{
    int64_t limit_ms = command->timeout_ms < 0 ? TIMEOUT_MS : command->timeout_ms;
    bool cast = command->kind == XY_COMMAND_CAST;
    if (run.closing || run.latest + 1 + command->id_count > COMMANDS_MAX ||
        run.all.count == CHILDREN_MAX)
        return;
    struct issued *issued = &commands[++run.latest];
    *issued = (struct issued){.due_ms = run.all.now_ms + limit_ms,
                              .exec = cast || command->kind == XY_COMMAND_EXEC,
                              .cast = cast};
    for (size_t i = 0; i < command->id_count; i++)
        issued->ids |= (uint16_t)(1u << command->ids[i]);
    must(xy_controller_command(&run.controller, command, run.all.now_ms, &run.all.out) ==
         run.latest);
    must(run.controller.command <= run.latest + command->id_count);
    pass_over();
    run.closing = command->kind == XY_COMMAND_CLOSE;
    neighbours_perform(&run.all);
}

static void command_within(xy_command_kind kind, int64_t value)
{
    static const char text[XY_MESSAGE_PAYLOAD_MAX + 1] = "fifteen letters";
    xy_command made = {.kind = kind, .value = value, .parent = XY_PARENT_ANY, .text = text};
    made.id = script_id(&run.all.script);
    made.timeout_ms = script_ms(&run.all.script);
    if (kind == XY_COMMAND_EXEC)
        made.size = script_number(&run.all.script);
    if (kind == XY_COMMAND_EXEC && made.size == 15)
        made.size = sizeof text; /* in fragments */
    made.streams = kind == XY_COMMAND_EXEC && made.size % 2;
    if (kind == XY_COMMAND_CREATE) {
        int64_t parent = script_number(&run.all.script);
        made.parent = parent < 8 ? parent : parent == 8 ? XY_PARENT_CONTROLLER : XY_PARENT_ANY;
        made.size = (size_t)made.id & 7; /* the name of a service */
        made.arguments = text;
        made.arguments_size = arguments_of(made.id);
    }
    issue(&made);
}

static void create(void)
{
    command_within(XY_COMMAND_CREATE, 0);
}

static void remove_node(void)
{
    command_within(XY_COMMAND_REMOVE, 0);
}

static void exec(void)
{
    command_within(XY_COMMAND_EXEC, 0);
}

static void ping(void)
{
    issue(
        &(xy_command){.kind = XY_COMMAND_PING, .id = script_id(&run.all.script), .timeout_ms = -1});
}

/* A row of nodes, to do a text, or, below 4, only to answer; an odd one is combined. */
static void cast(void)
{
    static const char text[XY_MESSAGE_PAYLOAD_MAX + 1] = "fifteen letters";
    int64_t ids[15], first = script_number(&run.all.script) % 15;
    unsigned count = script_number(&run.all.script), how = script_number(&run.all.script);
    xy_command made = {.kind = XY_COMMAND_CAST, .ids = ids};
    made.timeout_ms = script_ms(&run.all.script);
    for (; made.id_count < count && first + (int64_t)made.id_count < 15; made.id_count++)
        ids[made.id_count] = first + (int64_t)made.id_count;
    const xy_map_node *node = xy_map_find(&run.controller.map, first);
    made.text = how < 4 ? NULL : text;
    made.size = how < 4 ? 0 : how == 15 ? sizeof text : how;
    made.combine = node && how & 1 ? node->service : NULL;
    issue(&made);
}

/* The two longest are a cast. */
static void set_interval(void)
{
    struct script ahead = run.all.script;
    if (script_number(&ahead) >= 14) {
        run.all.script = ahead;
        cast();
        return;
    }
    issue(&(xy_command){.kind = XY_COMMAND_HEARTBEAT, .value = script_ms(&run.all.script)});
}

static void move_node(void)
{
    xy_command made = {.kind = XY_COMMAND_MOVE, .id = script_id(&run.all.script)};
    made.parent = script_id(&run.all.script);
    made.timeout_ms = script_ms(&run.all.script);
    issue(&made);
}

/* From 8 on a node moves instead. */
static void wait_or_move(void)
{
    unsigned number = script_number(&run.all.script);
    if (number < 8)
        command_within(XY_COMMAND_WAIT, number & 1);
    else
        move_node();
}

/* From 8 on one of the latest commands is cancelled instead. */
static void inject_or_cancel(void)
{
    xy_command made = {.kind = XY_COMMAND_FAULT, .timeout_ms = -1};
    made.id = script_id(&run.all.script);
    unsigned number = script_number(&run.all.script);
    made.value = XY_FAULT_KILL + number % 3;
    if (number >= 8) {
        made.kind = XY_COMMAND_CANCEL;
        made.value = (int64_t)(run.latest > number ? run.latest - (number - 8) : 1);
    }
    issue(&made);
}

static void close_network(void)
{
    issue(&(xy_command){.kind = XY_COMMAND_CLOSE});
}

/* What the launcher reports. */

static void report_end(uint64_t number, unsigned how)
{
    xy_event event = {.kind = XY_EVENT_ENDED};
    event.ended.life.number = number;
    event.ended.begun = how != 1;
    event.ended.cause = (xy_cause){XYLEM_EXITED, 1};
    event.ended.reason = "a reason";
    lives[number].runs = false;
    neighbours_take(&run.all, &event);
}

static void report_start(uint64_t number)
{
    xy_event event = {.kind = XY_EVENT_STARTED};
    event.started.life.number = number;
    lives[number].started = true;
    event.started.key = run.controller.keyed ? "0123456789012345678901234567890123456789" : "";
    neighbours_take(&run.all, &event);
}

/* What nodes say of attachments. */

struct said {
    xy_life life;
    xy_link_number link;
    uint64_t tag;     /* of the link */
    bool attached;    /* otherwise it is expected */
    unsigned letters; /* a sixteenth of those of its address */
};

static void take_report(const struct said *said)
{
    char address[XY_ADDRESS_SIZE];
    size_t size = 1 + said->letters * (sizeof address - 2) / 15;
    xy_event event = {.kind = said->attached ? XY_EVENT_ATTACHED : XY_EVENT_EXPECTED};
    memset(address, 'a', size);
    address[size] = 0;
    if (said->attached) {
        event.attached.life = said->life;
        event.attached.link = said->link;
        event.attached.address = address;
    } else {
        event.expected.life = said->life;
        event.expected.link = said->link;
        event.expected.tag = said->tag;
    }
    neighbours_take(&run.all, &event);
}

/* What is awaited counts. What is said of any other link brings no node to another parent, and no
 * node is told to attach because of it; but one may lose the parent that it had. */
static void say_of_link(const struct said *said)
{
    const xy_map *map = &run.controller.map;
    const xy_map_node *node = xy_map_of_life(map, said->life);
    xy_map_node before = node ? *node : (xy_map_node){.attaching = XY_NOT_ATTACHING};
    bool known = node && node->coming.link.number == said->link.number &&
                 (said->attached || node->coming.tag == said->tag);
    bool awaited = known && node->attaching == (said->attached ? XY_ATTACH_TOLD : XY_ATTACH_EXPECT);
    bool late = before.dead || before.given_up || run.closing ||
                (before.stage == XY_STAGE_ENDING && !before.waits);
    take_report(said);
    node = xy_map_of_life(map, said->life);
    if (!node)
        return;
    bool same = node->coming.link.number == before.coming.link.number;
    if (awaited && said->attached)
        must(late || node->peer.link.number == said->link.number || before.silent_there);
    else if (said->attached)
        must(node->peer.link.number == before.peer.link.number || !node->attached);
    else
        must(!same || (node->attaching == before.attaching) != awaited);
}

static void say_expected(void)
{
    const xy_expectation *expectation = &run.all.expectation;
    say_of_link(&(struct said){
        .life = expectation->life, .link = expectation->child.link, .tag = expectation->child.tag});
}

/* Of a life, or of the one after it: the link that it attaches by, or is attached by, or the latest
 * that was given out, or one that was not; or the one before that. */
static void say_of_any_link(uint64_t number, bool attached)
{
    unsigned how = script_number(&run.all.script);
    xy_life life = {number + (how >> 3)};
    const xy_map_node *node = xy_map_of_life(&run.controller.map, (xy_life){number});
    uint64_t latest = run.controller.link;
    const uint64_t links[] = {node ? node->coming.link.number : 0,
                              node ? node->peer.link.number : 0, latest, latest + how};
    say_of_link(&(struct said){.life = life,
                               .link = {links[how & 3] - (how >> 2 & 1)},
                               .tag = node ? node->coming.tag + (how == 9) : 0,
                               .attached = attached,
                               .letters = how});
}

/* In the name of the first work that it has, or, at 14, of none; at 15 again. */
static void ask_others(uint64_t life)
{
    static const char *const payloads[] = {"all\0a", "3\0b", "1-5,9\0c", "7/\0", "12", "x\0"};
    unsigned how = script_number(&run.all.script);
    const xy_map_node *node = xy_map_of_life(&run.controller.map, (xy_life){life});
    const xy_request *work = node ? node->requests : NULL;
    while (work && (xy_is_errand(work) || work->kind != XY_COMMAND_EXEC))
        work = work->next;
    const struct child *child = neighbours_choose(&run.all, how);
    if (!node || !child || run.latest + 32 > COMMANDS_MAX)
        return;
    run.asks += how < 15;
    xy_message ask = {.kind = XY_ASK,
                      .id = node->id,
                      .life = {life},
                      .number = {run.asks, work && how != 14 ? work->tag : 0},
                      .value = work ? (int64_t)work->slot.request : 1,
                      .budget_ms = (uint32_t)script_ms(&run.all.script),
                      .body = (const uint8_t *)payloads[how % 6]};
    ask.payload_size = how % 6 == 4 ? 2 : (uint32_t)strlen(payloads[how % 6]) + 1;
    neighbours_hear(&run.all, child->peer, &ask);
}

/* Life, what of it: 0 to 3 it is over, 4 it has started, 5 a fault was injected, 6 it is expected,
 * 7 it has attached, 9 it asks others; from 12 on a cast is answered instead. One that is over is
 * said to be over once; a late STARTED is not, but may be.
 */
static void report(void)
{
    unsigned back = script_number(&run.all.script), what = script_number(&run.all.script);
    uint64_t number = run.lives > back ? run.lives - back : 0;
    xy_event event = {.kind = XY_EVENT_SIGNALLED};
    event.signalled.command = run.signal;
    event.signalled.status = what & 8 ? XYLEM_NO_SIGNAL : XYLEM_OK;
    event.signalled.reason = what & 8 ? "a reason" : "";
    if (number > 0 && what < 4 && lives[number].runs)
        report_end(number, what);
    else if (number > 0 && what == 4)
        report_start(number);
    else if (what == 6 || what == 7)
        say_of_any_link(number, what == 7);
    else if (what == 9)
        ask_others(number);
    else if (what >= 12)
        neighbours_merged(&run.all);
    else if (what >= 5)
        neighbours_take(&run.all, &event);
}

/* What the nodes say. */

/* A node is silent, or is back: as its parent says, over the topmost node; from 8 on its parent to
 * be. */
static void change_of_node(xy_map_node *node, unsigned code, unsigned wrong)
{
    xy_peer peer = code >= 8 ? node->coming : node->peer;
    xy_message change = {.kind = XY_CHANGE,
                         .code = code % 3 == 1 ? XY_CHANGE_SILENT : XY_CHANGE_BACK,
                         .id = node->id,
                         .life = {node->life.number + (wrong == 13)},
                         .link = {peer.link.number + (wrong == 14)},
                         .number = {.tag = peer.tag ^ (wrong == 15)}};
    xy_stage stage = node->stage;
    bool silent = node->silent;
    neighbours_hear(&run.all, neighbours_choose(&run.all, wrong % 13)->peer, &change);
    if (wrong >= 13 &&
        node->linked.parent) /* what a topmost node passes on shows that it lives itself */
        must(node->stage == stage && node->silent == silent);
}

/* What it has saved, over any topmost node: a later one each time. */
static void state_of_node(xy_map_node *node, unsigned wrong)
{
    const uint64_t before = node->saved;
    const xy_random key = xy_random_of(&run.controller, node->life);
    xy_message state = {.kind = XY_STATE,
                        .id = node->id + (wrong == 13 && node->id < INT64_MAX),
                        .life = {node->life.number},
                        .value = (int64_t)before + (wrong != 14),
                        .number = {.tag = xy_random_at(&key, XY_STREAM_STATE, 0) ^ (wrong == 15)},
                        .body = (const uint8_t *)"saved"};
    state.payload_size = wrong % 6;
    const struct child *child = neighbours_choose(&run.all, wrong % 13);
    bool heard = xy_children_known(&run.controller.subtree.children, &child->peer);
    heard = heard && xy_children_known(&run.controller.subtree.children, &child->peer)->state !=
                         XY_CHILD_EXPECTED;
    neighbours_hear(&run.all, child->peer, &state);
    must(node->saved == before + (heard && state.value > (int64_t)before && wrong < 13) ||
         (wrong == 13 && node->id == INT64_MAX));
}

/* A chunk of the first request that may have any: the next one, or at 12 a later one, at 13 of
 * another life; at 14 it was lost, at 15 its number is wrong. */
static void chunk_of_node(const xy_map_node *node, unsigned wrong)
{
    const xy_request *stream = node->requests;
    while (stream && (xy_is_errand(stream) || !stream->stream))
        stream = stream->next;
    if (!stream)
        return;
    const uint64_t before = stream->stream->received, number = stream->slot.request;
    xy_message chunk = {.kind = XY_CHUNK,
                        .id = node->id,
                        .life = {node->life.number + (wrong == 13)},
                        .value = (int64_t)before + 1 + (wrong == 12),
                        .status = wrong == 14 ? XYLEM_BUSY : XYLEM_OK,
                        .number = {number, stream->tag ^ (wrong == 15)},
                        .body = (const uint8_t *)"chunk"};
    chunk.payload_size = wrong == 14 ? 0 : 5;
    neighbours_hear(&run.all, neighbours_choose(&run.all, wrong % 12)->peer, &chunk);
    stream = xy_requests_find(&run.controller.requests, number);
    must(!stream || stream->stream->received <= before + (wrong < 12));
    if (stream && wrong % 2 && run.latest < COMMANDS_MAX)
        issue(&(xy_command){.kind = XY_COMMAND_TAKE,
                            .value = (int64_t)number,
                            .count = stream->stream->received,
                            .size = wrong * 10000,
                            .timeout_ms = -1});
}

/* Or it has attached, as it says itself. */
static void change_of_a_node(void)
{
    xy_map_node *node = xy_map_find(&run.controller.map, script_id(&run.all.script));
    unsigned code = script_number(&run.all.script), wrong = script_number(&run.all.script);
    if (!node || run.all.count == 0)
        return;
    if (code % 3 > 0)
        change_of_node(node, code, wrong);
    else if (code == 12)
        state_of_node(node, wrong);
    else if (code == 9)
        chunk_of_node(node, wrong);
    else
        say_of_link(&(struct said){.life = {node->life.number + (wrong == 13)},
                                   .link = {node->coming.link.number + (wrong == 14)},
                                   .attached = true,
                                   .letters = code});
}

/* Which is welcomed, and says so; from 5 on it does not, or later. */
static void hello(void)
{
    struct child child;
    if (neighbours_say_hello(&run.all, &child))
        say_of_link(&(struct said){.life = child.life, .link = child.peer.link, .attached = true});
}

static void send_heartbeat(void)
{
    neighbours_beat(&run.all);
}

/* What shows the tag of another request answers none. What is expected its parent to be says
 * besides. */
static void reply(void)
{
    struct script ahead = run.all.script;
    unsigned back = (script_number(&ahead), script_number(&ahead)), status = script_number(&ahead);
    if (run.all.expectation.life.number != 0 && back != 15 && status == XYLEM_OK)
        say_expected();
    size_t before = xy_requests_count(&run.controller.requests);
    if (!neighbours_reply(&run.all))
        must(xy_requests_count(&run.controller.requests) >= before);
}

static void say_any(void)
{
    neighbours_say_any(&run.all);
}

static void say_bytes(void)
{
    neighbours_say_bytes(&run.all);
}

static void pass_time(void)
{
    size_t waiting;
    neighbours_pass_time(&run.all);
    must(earliest_due(&waiting) > run.all.now_ms);
}

static step_function *const steps[16] = {
    [STEP('C')] = create,         [STEP('D')] = remove_node,
    [STEP('E')] = exec,           [STEP('P')] = ping,
    [STEP('B')] = send_heartbeat, [STEP('I')] = set_interval,
    [STEP('W')] = wait_or_move,   [STEP('O')] = close_network,
    [STEP('H')] = hello,          [STEP('L')] = inject_or_cancel,
    [STEP('A')] = reply,          [STEP('N')] = change_of_a_node,
    [STEP('K')] = report,         [STEP('M')] = pass_time,
    [STEP('F')] = say_any,        [STEP('J')] = say_bytes,
};

static unsigned count_shapes(void)
{
    unsigned shapes = 0;
    while (xy_topologies[shapes])
        shapes++;
    return shapes;
}

/* The first number is the shape and whether there are keys. When there is no such shape, the next
 * is, and the one after it is the repair. Then the heartbeat interval. */
static void begin(const uint8_t *bytes, size_t size)
{
    struct script script = {bytes, bytes + size};
    unsigned how = script_number(&script), shapes = count_shapes(), shape = how >> 1, repair = 0;
    if (shape >= shapes) {
        shape = script_number(&script) % shapes;
        repair = script_number(&script);
    }
    memset(&run, 0, sizeof run);
    xy_controller_options options = {.topology = xy_topologies[shape],
                                     .repair = repair % 3,
                                     .rest_for_subtree = repair >= 8,
                                     .restarts_max = 2,
                                     .restart_window_ms = 1000,
                                     .address = "top",
                                     .keyed = how & 1,
                                     .seed = {1, 2},
                                     .timeout_ms = TIMEOUT_MS,
                                     .heartbeat_ms = script_ms(&script)};
    xy_controller_init(&run.controller, &options);
    run.all.script = script;
    run.all.machine = xy_controller_machine(&run.controller);
    run.all.subtree = &run.controller.subtree;
    run.all.perform = perform;
    run.all.unordered = run.controller.keyed;
    run.controller.bound = FEW_IN_FLIGHT;
    neighbours_take(&run.all, &(xy_event){.kind = XY_EVENT_OPEN});
}

/* Whatever has been: a network that is closed ends with its last life, and leaves nothing. */
static void finish(void)
{
    size_t waiting;
    close_network();
    for (uint64_t number = 1; number <= run.lives; number++)
        if (lives[number].runs)
            report_end(number, 0);
    must(run.all.stopped);
    must(earliest_due(&waiting) == XY_NEVER && waiting == 0);
    xy_controller_clear(&run.controller, &run.all.out);
    neighbours_clear(&run.all);
    must(heap_blocks() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    begin(bytes, size);
    script_run(&run.all.script, steps, &run.all.stopped, check);
    finish();
    return 0;
}
