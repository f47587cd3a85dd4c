/* A compute node between its parent and its children, all of whom do what the script says. */
#include <string.h>

#include "core/node.h"
#include "neighbours.h"
#include "sim/heap.h"

enum {
    OWN_ID = 8,
    OWN_LIFE = 1,
    TALLIES = 256 /* requests are counted by their number modulo this */
};

static struct node_run {
    struct neighbours all;
    xy_node node;
    uint64_t request, life; /* the latest */
    uint64_t work;          /* the request at work; 0: none */
    bool told;              /* that nobody wants that any more */
    uint16_t asked[TALLIES], answered[TALLIES];
    size_t text_size[TALLIES]; /* of what was asked, as far as it has come, */
    bool more[TALLIES];        /* and whether there is more to come */
} run;

/* What the node does. */

static void finish_work(size_t size)
{
    static const char answer[XY_MESSAGE_PAYLOAD_MAX + 1];
    uint64_t request = run.work;
    run.work = 0;
    neighbours_step(
        &run.all,
        &(xy_event){.kind = XY_EVENT_WORKED, .request = request, .bytes = answer, .size = size});
}

/* Takes its time, or none, or is answered in parts. One at a time, and all that was asked. */
static void work(const xy_message *request)
{
    unsigned tally = (unsigned)(request->request % TALLIES);
    unsigned number = script_number(&run.all.script);
    must(run.work == 0 && request->request != 0);
    must(run.asked[tally] > 1 || request->payload_size == run.text_size[tally]);
    run.work = request->request;
    run.told = false;
    if (number < 8)
        finish_work(number == 7 ? XY_MESSAGE_PAYLOAD_MAX + 1 : number);
}

/* Once, and only of what is under way. */
static void unwanted(uint64_t request)
{
    must(request != 0 && request == run.work && !run.told);
    run.told = true;
}

static void answered(const xy_message *reply)
{
    unsigned tally = (unsigned)(reply->request % TALLIES);
    must(reply->request != 0);
    must(reply->part & XY_PART_MORE || ++run.answered[tally] <= run.asked[tally]);
}

static void perform(struct neighbours *all, const xy_action *action)
{
    (void)all;
    if (action->kind == XY_ACTION_WORK) {
        work(&action->message);
        return;
    }
    if (action->kind == XY_ACTION_CANCEL) {
        unwanted(action->message.request);
        return;
    }
    must(action->kind == XY_ACTION_SEND);
    must(action->message.kind != XY_HELLO || action->message.id == OWN_ID);
    if (action->message.kind == XY_REPLY)
        answered(&action->message);
}

/* What the parent says. */

/* Of what comes in parts only the first may be answered. */
static void count(const xy_message *request)
{
    unsigned tally = (unsigned)(request->request % TALLIES);
    if (request->request == 0)
        return;
    bool first = !(request->part & XY_PART_CONTINUED);
    run.asked[tally] += first;
    if (request->id != OWN_ID || (!first && !run.more[tally]))
        return;
    run.text_size[tally] = request->payload_size + (first ? 0 : run.text_size[tally]);
    run.more[tally] = request->part & XY_PART_MORE;
}

/* Incarnations are never used twice, so some frames never come. */
static bool may_come(const xy_event *event)
{
    xy_message message;
    if (event->peer != XY_PARENT || !xy_message_decode(&message, event->bytes, event->size) ||
        message.kind != XY_REQUEST)
        return true;
    if (message.code == XY_CREATE && message.incarnation <= run.life)
        return false;
    if (message.code == XY_CREATE)
        run.life = message.incarnation;
    count(&message);
    return true;
}

static void hear_frame(uint64_t peer, const void *bytes, size_t size)
{
    xy_event event = {.kind = XY_EVENT_FRAME, .peer = peer, .bytes = bytes, .size = size};
    if (may_come(&event))
        neighbours_take(&run.all, &event);
}

static void hear_message(uint64_t peer, const xy_message *message)
{
    uint8_t frame[XY_MESSAGE_HEADER + XYLEM_SERVICE_NAME_SIZE];
    xy_message_encode(message, frame);
    hear_frame(peer, frame, xy_message_size(message));
}

/* Numbers from 12 on are parts of an exec, of which all but the first are of the latest request;
 * from 8 on a create names a service, and instead of a ping one of the latest requests is
 * cancelled. */
static xy_message next_request(xy_operation operation, unsigned number)
{
    static const char text[] = "a-name-that-is-as-long-as-it-can";
    xy_message request = {.kind = XY_REQUEST, .code = (uint8_t)operation};
    request.payload = (const uint8_t *)text;
    if (operation == XY_EXEC) {
        request.part = neighbours_part(number);
        request.payload_size = number;
    } else if (operation == XY_CREATE && number >= 8) {
        request.payload_size = number == 14 ? XYLEM_SERVICE_NAME_SIZE - 1 : number;
    } else if (operation == XY_PING && number >= 8 && number < 15) {
        request.code = XY_CANCEL;
        request.value = (int64_t)(run.request > number ? run.request - (number - 8) : 0);
        return request;
    }
    if (number < 15)
        request.request = request.part & XY_PART_CONTINUED ? run.request : ++run.request;
    return request;
}

static void ask(xy_operation operation)
{
    struct script *script = &run.all.script;
    xy_message request = next_request(operation, script_number(script));
    request.id = script_id(script);
    request.incarnation = neighbours_life(&run.all, request.id);
    request.budget_ms = (uint32_t)script_ms(script);
    if (operation == XY_CREATE) {
        request.incarnation = run.life + 1;
        neighbours_live(&run.all, request.id, request.incarnation);
    }
    hear_message(XY_PARENT, &request);
}

static void tell(xy_kind kind, int64_t value)
{
    hear_message(XY_PARENT, &(xy_message){.kind = kind, .value = value});
}

static void hear_any(void)
{
    uint64_t peer = neighbours_peer(&run.all);
    xy_message message = neighbours_message(&run.all);
    hear_message(peer, &message);
}

static void hear_bytes(void)
{
    const uint8_t *bytes;
    uint64_t peer = neighbours_peer(&run.all);
    size_t size = script_bytes(&run.all.script, script_byte(&run.all.script), &bytes);
    hear_frame(peer, bytes, size);
}

static void worked(void)
{
    if (run.work == 0)
        return;
    finish_work(1);
    neighbours_perform(&run.all);
}

/* A node that is to report every T wants to be woken up by then. */
static void check(void)
{
    int64_t interval_ms = run.node.branch.detector.interval_ms;
    must(interval_ms == 0 || xy_node_deadline(&run.node) <= run.all.now_ms + interval_ms);
}

static void take_step(void)
{
    switch (script_number(&run.all.script)) {
    case STEP('C'):
        ask(XY_CREATE);
        break;
    case STEP('D'):
        ask(XY_REMOVE);
        break;
    case STEP('E'):
        ask(XY_EXEC);
        break;
    case STEP('P'):
        ask(XY_PING);
        break;
    case STEP('B'):
        neighbours_beat(&run.all);
        break;
    case STEP('I'):
        tell(XY_PACE, script_ms(&run.all.script));
        break;
    case STEP('L'):
        tell(XY_WELCOME, script_ms(&run.all.script));
        break;
    case STEP('O'):
        tell(XY_STOP, 0);
        break;
    case STEP('W'):
        worked();
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
    xy_birth birth = {.id = OWN_ID, .incarnation = OWN_LIFE};
    memset(&run, 0, sizeof run);
    must(xy_node_init(&run.node, &birth, 4711));
    run.life = OWN_LIFE;
    run.all.script = (struct script){bytes, bytes + size};
    run.all.machine = xy_node_machine(&run.node);
    run.all.branch = &run.node.branch;
    run.all.perform = perform;
    neighbours_live(&run.all, OWN_ID, OWN_LIFE);
    neighbours_take(&run.all, &(xy_event){.kind = XY_EVENT_OPEN});
}

/* Whatever has been: a node that is told to stop ends with its last child, and leaves nothing. */
static void finish(void)
{
    if (!run.all.stopped)
        tell(XY_STOP, 0);
    neighbours_exit_all(&run.all);
    must(run.all.stopped);
    xy_node_clear(&run.node);
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
