#include "describe.h"

#include <inttypes.h>
#include <stdio.h>

#include "small_script.h"

static const char *const kinds[XY_KIND_END] = {
    [XY_HELLO] = "hello",       [XY_WELCOME] = "welcome", [XY_HEARTBEAT] = "heartbeat",
    [XY_CHANGE] = "change",     [XY_REQUEST] = "request", [XY_REPLY] = "reply",
    [XY_INTERVAL] = "interval", [XY_REPORT] = "report",   [XY_CAST] = "cast",
    [XY_MERGED] = "merged",     [XY_ASK] = "ask",         [XY_STATE] = "state",
    [XY_CHUNK] = "chunk"};
static const char *const operations[XY_OPERATION_END] = {
    [XY_EXPECT] = "expect",     [XY_LET_GO] = "let go", [XY_EXEC] = "exec",
    [XY_RECALL] = "recall",     [XY_PING] = "ping",     [XY_CANCEL] = "cancel",
    [XY_ANSWERED] = "answered", [XY_STREAM] = "stream", [XY_TAKEN] = "taken"};
static const char *const changes[XY_CHANGE_END] = {
    [XY_CHANGE_SILENT] = "silent", [XY_CHANGE_BACK] = "back"};

static const char *const answers[XY_ANSWER_END] = {[XY_ANSWER_UNDELIVERED] = "undelivered: ",
                                                   [XY_ANSWER_HERE] = "here: ",
                                                   [XY_ANSWER_MISSING] = "missing: "};

static void print_life(const world *w, uint64_t who)
{
    if (who == 0)
        printf("the controlling node");
    else
        printf("node %" PRId64 " (life %" PRIu64 ")", w->lives[who].id, who);
}

/* The number of a request. */
static void print_number(const xy_message *message)
{
    uint64_t number = message->number.request;
    printf(" %s%" PRIu64 ": ", number & XY_ERRAND ? "errand " : "", number & ~XY_ERRAND);
}

static void print_frame(const xy_frame *frame)
{
    xy_message message;
    if (!xy_message_decode(&message, frame->bytes, frame->size))
        return;
    printf("%s", kinds[message.kind]);
    if (message.kind == XY_REQUEST || message.kind == XY_REPLY || message.kind == XY_CAST ||
        message.kind == XY_MERGED || message.kind == XY_ASK || message.kind == XY_CHUNK)
        print_number(&message);
    if (message.kind == XY_REQUEST)
        printf("%s, for node %" PRId64 " (life %" PRIu64 ")", operations[message.code], message.id,
               message.life.number);
    else if (message.kind == XY_REPLY)
        printf("%s%s", answers[message.code] ? answers[message.code] : "",
               xylem_strerror(message.status));
    else if (message.kind == XY_CHANGE)
        printf(": link %" PRIu64 " %s", message.link.number, changes[message.code]);
}

static void print_heard(const world *w, uint64_t number, bool up)
{
    const xy_queue_link *link = xy_queue_links_find(&w->links, (xy_link_number){number});
    const xy_lane *lane = up ? &link->up : &link->down;
    print_life(w, xy_queue_link_hearer(link, lane)->life.number);
    printf(" hears over link %" PRIu64 " from %s: ", number, up ? "below" : "above");
    print_frame(lane->frames);
}

static void print_order(const world *w, uint64_t who)
{
    const xy_action *order = xy_ring_at(&w->lives[who].orders, 0);
    const char *text = order->kind == XY_ACTION_ATTACH ? "attach"
                       : order->kind == XY_ACTION_TELL ? "tell"
                       : order->kind == XY_ACTION_END  ? "end"
                       : order->kind == XY_ACTION_KILL ? "kill"
                                                       : "signal";
    printf("the launcher is told of ");
    print_life(w, who);
    printf(": %s", text);
    if (order->kind == XY_ACTION_ATTACH)
        printf(" to life %s on link %" PRIu64, order->attach.to.address,
               order->attach.to.parent.link.number);
}

static void print_report(const world *w, uint64_t who)
{
    static const char *const reports[] = {[XY_EVENT_STARTED] = "started",
                                          [XY_EVENT_EXPECTED] = "expects",
                                          [XY_EVENT_ATTACHED] = "attached",
                                          [XY_EVENT_ENDED] = "ended",
                                          [XY_EVENT_SIGNALLED] = "signalled"};
    const report *one = xy_ring_at(&w->lives[who].reports, 0);
    printf("the controlling node is told of ");
    print_life(w, who);
    printf(": %s", reports[one->kind]);
    if (one->kind == XY_EVENT_EXPECTED) {
        putchar(' ');
        print_life(w, one->child);
    }
    if (one->link != 0)
        printf(" on link %" PRIu64, one->link);
}

static void print_about(const world *w, uint64_t who, const char *what)
{
    print_life(w, who);
    printf(" %s", what);
}

void describe(const world *w, const move *next)
{
    printf("%5" PRId64 " ms  ", w->now_ms);
    switch (next->kind) {
    case MOVE_UP:
    case MOVE_DOWN:
        print_heard(w, next->of, next->kind == MOVE_UP);
        break;
    case MOVE_ORDER:
        print_order(w, next->of);
        break;
    case MOVE_REPORT:
        print_report(w, next->of);
        break;
    case MOVE_TICK:
        print_about(w, next->of, "ticks");
        break;
    case MOVE_PASS:
        printf("time passes");
        break;
    case MOVE_ISSUE:
        printf("command %" PRIu64 ": ", w->controller.command + 1);
        script_print(&next->command);
        break;
    case MOVE_CRASH:
        print_about(w, next->of, "crashes");
        break;
    case MOVE_STILLBORN:
        print_about(w, next->of, "could not begin");
        break;
    }
    putchar('\n');
}
