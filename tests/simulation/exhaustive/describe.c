#include "describe.h"

#include <inttypes.h>
#include <stdio.h>

#include "script.h"

static const char *const kinds[XY_KIND_END] = {
    [XY_HELLO] = "hello",     [XY_WELCOME] = "welcome", [XY_BEAT] = "beat", [XY_CHANGE] = "change",
    [XY_REQUEST] = "request", [XY_REPLY] = "reply",     [XY_PACE] = "pace", [XY_STOP] = "stop"};
static const char *const operations[XY_OPERATION_END] = {
    [XY_CREATE] = "create", [XY_REMOVE] = "remove", [XY_EXEC] = "exec", [XY_PING] = "ping"};
static const char *const changes[XY_CHANGE_END] = {
    [XY_CHANGE_LOST] = "lost", [XY_CHANGE_BACK] = "back", [XY_CHANGE_GONE] = "gone"};

static void print_life(const world *w, uint64_t who)
{
    if (who == XY_PARENT)
        printf("the controlling node");
    else
        printf("node %" PRId64 " (life %" PRIu64 ")", w->lives[who].id, who);
}

static void print_frame(const lane *from)
{
    xy_message message;
    if (!xy_message_decode(&message, from->frames[0]->bytes, from->frames[0]->size))
        return;
    printf("%s", kinds[message.kind]);
    if (message.kind == XY_REQUEST)
        printf(" %" PRIu64 ": %s %" PRId64 " (life %" PRIu64 ")", message.request,
               operations[message.code], message.id, message.incarnation);
    else if (message.kind == XY_REPLY)
        printf(" %" PRIu64 ": %s", message.request, xylem_strerror(message.status));
    else if (message.kind == XY_CHANGE)
        printf(": life %" PRIu64 " %s", message.incarnation, changes[message.code]);
}

static void print_heard(const world *w, uint64_t who, uint64_t peer, const lane *from)
{
    print_life(w, who);
    printf(" hears from ");
    print_life(w, peer);
    printf(": ");
    print_frame(from);
}

static void print_about(const world *w, uint64_t who, const char *what)
{
    print_life(w, who);
    printf(" %s", what);
}

void describe(const world *w, const move *next)
{
    const life *of = &w->lives[next->life];
    printf("%5" PRId64 " ms  ", w->now_ms);
    switch (next->kind) {
    case MOVE_OPEN:
        print_about(w, next->life, "begins");
        break;
    case MOVE_UP:
        print_heard(w, of->parent, next->life, &of->up);
        break;
    case MOVE_DOWN:
        print_heard(w, next->life, of->parent, &of->down);
        break;
    case MOVE_EXIT:
        print_about(w, of->parent, "notices the end of ");
        print_life(w, next->life);
        break;
    case MOVE_TICK:
        print_about(w, next->life, "ticks");
        break;
    case MOVE_PASS:
        printf("time passes");
        break;
    case MOVE_ISSUE:
        printf("command %" PRIu64 ": ", w->controller.request + 1);
        script_print(&next->command);
        break;
    case MOVE_CRASH:
        print_about(w, next->life, "crashes");
        break;
    }
    putchar('\n');
}
