/* The controlling node between its network, which gives it commands, and the topmost node, which
 * says anything: both do what the script says.
 */
#include <string.h>

#include "core/controller.h"
#include "neighbours.h"
#include "sim/heap.h"

enum { TIMEOUT_MS = 5000, COMMANDS_MAX = 4096 };

struct issued {
    int64_t due_ms;
    bool answered;
};

static struct controller_run {
    struct neighbours all;
    xy_controller controller;
    bool closing;
    uint64_t latest; /* the number of the latest command */
} run;

static struct issued commands[COMMANDS_MAX + 1]; /* by number, from 1 */

/* What the controlling node does. */

static void answered(const xy_message *reply)
{
    must(reply->request >= 1 && reply->request <= run.latest);
    must(!commands[reply->request].answered);
    must(reply->status >= XYLEM_OK && reply->status < XYLEM_ERROR_COUNT);
    commands[reply->request].answered = true;
}

static void perform(struct neighbours *all, const xy_action *action)
{
    (void)all;
    switch (action->kind) {
    case XY_ACTION_REPLY:
        answered(&action->message);
        break;
    case XY_ACTION_FAULT:
        must(action->message.code >= XY_FAULT_KILL && action->message.code <= XY_FAULT_RESUME);
        break;
    case XY_ACTION_NOTICE:
        must(action->message.value == 0 || action->message.value == 1);
        break;
    default:
        must(action->kind == XY_ACTION_FORGET);
    }
}

/* What must hold after each step. */

static bool is_being_created(const xy_tree_node *node)
{
    const xy_pending *waiting = &run.controller.waiting;
    for (size_t i = 0; i < waiting->count; i++) {
        const xy_pending_entry *entry = xy_pending_at(waiting, i);
        if (entry->operation == XY_COMMAND_CREATE && entry->incarnation == node->incarnation)
            return true;
    }
    return false;
}

static void check_node(const xy_tree_node *node)
{
    const xy_tree_node *parent = node->parent;
    must(node->depth == (parent ? parent->depth + 1 : 0));
    must(!parent || parent->children[xy_side_of(node->id, parent->id)] == node);
    must(node->stage != XY_STAGE_STARTING || is_being_created(node) || run.closing);
    bool reachable = !node->silent && !node->dead && (!parent || parent->available);
    if (node->stage == XY_STAGE_PRESENT)
        must(node->available == reachable);
    else
        must(!node->available || reachable);
}

static void check_tree(const xy_tree *tree)
{
    size_t count = 0;
    int64_t before = XY_NO_ID;
    for (xy_tree_node *node = xy_tree_first(tree->root); node;
         node = xy_tree_next(tree->root, node)) {
        must(node->id > before);
        before = node->id;
        check_node(node);
        count++;
    }
    must(count == tree->count);
}

/* When the first of the commands that have not been answered is due. */
static int64_t earliest_due(void)
{
    int64_t earliest = XY_NEVER;
    for (uint64_t i = 1; i <= run.latest; i++)
        if (!commands[i].answered && commands[i].due_ms < earliest)
            earliest = commands[i].due_ms;
    return earliest;
}

/* Parts are kept only of what somebody waits for. */
static void check_arriving(const xy_parcels *arriving)
{
    for (const xy_parcel *part = arriving->first; part; part = part->next)
        must(xy_pending_find(&run.controller.waiting, part->request));
}

static void check(void)
{
    check_arriving(&run.controller.arriving);
    must(run.controller.waiting.count <= FEW_PENDING);
    must(xy_controller_deadline(&run.controller) <= earliest_due());
    check_tree(&run.controller.tree);
}

/* Commands. */

static void issue(const xy_command *command)
{
    int64_t limit_ms = command->timeout_ms < 0 ? TIMEOUT_MS : command->timeout_ms;
    if (run.closing || run.latest == COMMANDS_MAX)
        return;
    run.closing = command->kind == XY_COMMAND_CLOSE;
    commands[++run.latest] = (struct issued){.due_ms = run.all.now_ms + limit_ms};
    must(xy_controller_command(&run.controller, command, run.all.now_ms) == run.latest);
    neighbours_perform(&run.all);
}

static void command(xy_command_kind kind)
{
    xy_command made = {.kind = kind, .timeout_ms = -1};
    made.id = script_id(&run.all.script);
    issue(&made);
}

static void command_within(xy_command_kind kind, int64_t value)
{
    static const char text[XY_MESSAGE_PAYLOAD_MAX + 1] = "fifteen letters";
    xy_command made = {.kind = kind, .value = value, .text = text};
    made.id = script_id(&run.all.script);
    made.timeout_ms = script_ms(&run.all.script);
    if (kind == XY_COMMAND_EXEC)
        made.size = script_number(&run.all.script);
    if (kind == XY_COMMAND_EXEC && made.size == 15)
        made.size = sizeof text; /* in parts */
    if (kind == XY_COMMAND_CREATE)
        made.size = (size_t)made.id & 7; /* the name of a service */
    issue(&made);
}

/* From 8 on one of the latest commands is cancelled instead. */
static void inject(void)
{
    xy_command made = {.kind = XY_COMMAND_FAULT};
    made.id = script_id(&run.all.script);
    unsigned number = script_number(&run.all.script);
    made.value = XY_FAULT_KILL + number % 3;
    if (number >= 8) {
        made.kind = XY_COMMAND_CANCEL;
        made.value = (int64_t)(run.latest > number ? run.latest - (number - 8) : 1);
    }
    issue(&made);
}

/* What the topmost node says. */

static void hear_any(void)
{
    uint64_t peer = neighbours_peer(&run.all);
    xy_message message = neighbours_message(&run.all);
    neighbours_hear(&run.all, peer, &message);
}

static void hear_bytes(void)
{
    xy_event event = {.kind = XY_EVENT_FRAME, .peer = neighbours_peer(&run.all)};
    const uint8_t *bytes;
    event.size = script_bytes(&run.all.script, script_byte(&run.all.script), &bytes);
    event.bytes = bytes;
    neighbours_take(&run.all, &event);
}

static void take_step(void)
{
    switch (script_number(&run.all.script)) {
    case STEP('C'):
        command_within(XY_COMMAND_CREATE, 0);
        break;
    case STEP('D'):
        command_within(XY_COMMAND_REMOVE, 0);
        break;
    case STEP('E'):
        command_within(XY_COMMAND_EXEC, 0);
        break;
    case STEP('P'):
        command(XY_COMMAND_PING);
        break;
    case STEP('B'):
        neighbours_beat(&run.all);
        break;
    case STEP('I'):
        issue(&(xy_command){.kind = XY_COMMAND_PACE, .value = script_ms(&run.all.script)});
        break;
    case STEP('W'):
        command_within(XY_COMMAND_WAIT, script_number(&run.all.script) & 1);
        break;
    case STEP('L'):
        inject();
        break;
    case STEP('O'):
        issue(&(xy_command){.kind = XY_COMMAND_CLOSE});
        break;
    case STEP('H'):
        neighbours_say_hello(&run.all);
        break;
    case STEP('A'):
        neighbours_reply(&run.all);
        break;
    case STEP('N'):
        neighbours_change(&run.all);
        break;
    case STEP('K'):
        neighbours_exit(&run.all);
        break;
    case STEP('M'):
        neighbours_pass_time(&run.all);
        must(earliest_due() > run.all.now_ms);
        break;
    case STEP('F'):
        hear_any();
        break;
    case STEP('J'):
        hear_bytes();
        break;
    }
    check();
}

static void begin(const uint8_t *bytes, size_t size)
{
    struct script script = {bytes, bytes + size};
    memset(&run, 0, sizeof run);
    must(xy_controller_init(&run.controller, TIMEOUT_MS, script_ms(&script)));
    run.all.script = script;
    run.all.machine = xy_controller_machine(&run.controller);
    run.all.branch = &run.controller.branch;
    run.all.perform = perform;
}

/* Whatever has been: a network that is closed ends with the topmost node, and leaves nothing. */
static void finish(void)
{
    issue(&(xy_command){.kind = XY_COMMAND_CLOSE});
    neighbours_exit_all(&run.all);
    must(run.all.stopped);
    must(earliest_due() == XY_NEVER);
    xy_controller_clear(&run.controller);
    must(heap_blocks() == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    begin(bytes, size);
    while (!script_over(&run.all.script) && !run.all.stopped)
        take_step();
    finish();
    return 0;
}
