/* allocations: one session of every command, in the simulated world, again and again: each time
 * another request of core for memory fails, and perhaps some after it, until each one has.
 *
 *     allocations [SHAPE N]       a failure prints these two, which replay it
 *
 * What each command is to answer is worked out from a small model of the network, which knows
 * nothing but the answers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../shortage.h"

#include "core/controller.h"
#include "runtime/simulation.h"

enum { TIMEOUT_MS = 1000, IDS = 100, COMMANDS = 512, CALM_MS = 3000 };

/* How memory fails: one time, for a while, or until the command that it failed has its answer. */
typedef enum shape { ONCE, A_WHILE, UNTIL_ANSWERED, SHAPES } shape;

static const size_t lengths[SHAPES] = {1, 4, SIZE_MAX / 2};

/* A step of the session: a command, and pings that are under way at the same time. */
typedef struct step {
    xy_command_kind kind;
    int64_t id;
    int64_t value;
    const char *text; /* of an exec; of a create the service */
    bool large;       /* the text goes in parts */
    int pings;
    int64_t pinged; /* the node that is pinged */
} step;

/* The model: by id. */
typedef struct place {
    bool present, dead, paused;
    int64_t parent;
    int depth;
} place;

typedef struct session {
    xy_controller controller;
    xy_world *world;
    place places[IDS];
    int answers[COMMANDS]; /* by request: how many it got, */
    int status[COMMANDS];  /* and the latest */
    size_t text_size[COMMANDS];
    bool calm; /* memory is back */
} session;

static const char *broken; /* the first thing that did not hold, in the session under way */

static void must(bool holds, const char *what)
{
    if (!holds && !broken)
        broken = what;
}

/* The model. */

static bool present(const session *s, int64_t id)
{
    return s->places[id].present;
}

static bool is_below(const session *s, int64_t id, int64_t top)
{
    while (id != top && id != XY_NO_ID)
        id = s->places[id].parent;
    return id == top;
}

static bool lives(const session *s, int64_t id)
{
    while (id != XY_NO_ID && !s->places[id].dead)
        id = s->places[id].parent;
    return id == XY_NO_ID;
}

static bool reachable(const session *s, int64_t id)
{
    while (id != XY_NO_ID && !s->places[id].dead && !s->places[id].paused)
        id = s->places[id].parent;
    return id == XY_NO_ID;
}

static size_t count_present(const session *s)
{
    size_t count = 0;
    for (int64_t id = 0; id < IDS; id++)
        count += present(s, id);
    return count;
}

/* In a sorted binary tree the parent of a new node is one of its two neighbours in the order of
 * ids: the one that is deeper. */
static int64_t parent_for(const session *s, int64_t id)
{
    int64_t before = id - 1, after = id + 1;
    while (before >= 0 && !present(s, before))
        before--;
    while (after < IDS && !present(s, after))
        after++;
    if (before < 0)
        return after < IDS ? after : XY_NO_ID;
    if (after == IDS)
        return before;
    return s->places[before].depth > s->places[after].depth ? before : after;
}

static void add(session *s, int64_t id)
{
    int64_t parent = parent_for(s, id);
    int depth = parent == XY_NO_ID ? 0 : s->places[parent].depth + 1;
    s->places[id] = (place){.present = true, .parent = parent, .depth = depth};
}

static void drop(session *s, int64_t top)
{
    bool below[IDS];
    for (int64_t id = 0; id < IDS; id++)
        below[id] = present(s, id) && is_below(s, id, top);
    for (int64_t id = 0; id < IDS; id++)
        if (below[id])
            s->places[id] = (place){0};
}

static void apply(session *s, const step *what)
{
    int64_t id = what->id;
    if (what->kind == XY_COMMAND_CREATE)
        add(s, id);
    else if (what->kind == XY_COMMAND_REMOVE)
        drop(s, id);
    else if (what->kind == XY_COMMAND_FAULT && what->value == XY_FAULT_KILL)
        s->places[id].dead = true;
    else if (what->kind == XY_COMMAND_FAULT)
        s->places[id].paused = what->value == XY_FAULT_PAUSE;
}

/* What is to be answered. */

static int expected_of_create(const session *s, int64_t id)
{
    int64_t parent = parent_for(s, id);
    if (present(s, id))
        return XYLEM_EXISTS;
    return parent == XY_NO_ID || reachable(s, parent) ? XYLEM_OK : XYLEM_PARENT_UNAVAILABLE;
}

static int expected_of_exec(const session *s, const step *what)
{
    if (!present(s, what->id))
        return XYLEM_NOT_FOUND;
    if (!reachable(s, what->id))
        return XYLEM_UNAVAILABLE;
    return !what->large && strlen(what->text) < 10 ? XYLEM_OK : XYLEM_BAD_SUBCOMMAND;
}

static int expected_of_ping(const session *s, int64_t id)
{
    if (!present(s, id))
        return XYLEM_NOT_FOUND;
    return reachable(s, id) ? XYLEM_OK : XYLEM_UNAVAILABLE;
}

static int expected_of_wait(const session *s, const step *what)
{
    bool available = present(s, what->id) && reachable(s, what->id);
    return available == (what->value != 0) ? XYLEM_OK : XYLEM_TIMED_OUT;
}

static int expected(const session *s, const step *what)
{
    int64_t id = what->id;
    switch (what->kind) {
    case XY_COMMAND_CREATE:
        return expected_of_create(s, id);
    case XY_COMMAND_EXEC:
        return expected_of_exec(s, what);
    case XY_COMMAND_PING:
        return expected_of_ping(s, id);
    case XY_COMMAND_WAIT:
        return expected_of_wait(s, what);
    case XY_COMMAND_PACE:
        return count_present(s) > 0 ? XYLEM_OK : XYLEM_NOT_FOUND;
    case XY_COMMAND_CLOSE:
        return XYLEM_OK;
    default:
        return present(s, id) ? XYLEM_OK : XYLEM_NOT_FOUND;
    }
}

/* What may be answered instead, when there was not memory enough. */
static bool is_excused(const step *what, int status)
{
    bool needs_memory = what->kind != XY_COMMAND_PACE && what->kind != XY_COMMAND_FAULT &&
                        what->kind != XY_COMMAND_CLOSE;
    return (status == XYLEM_NO_MEMORY && needs_memory) ||
           (status == XYLEM_CANNOT_START && what->kind == XY_COMMAND_CREATE);
}

/* The session. */

static void deliver(void *owner, const xy_action *action)
{
    session *s = owner;
    uint64_t request = action->message.request;
    if (action->kind == XY_ACTION_FAULT)
        s->world->ops->fault(s->world, &action->message);
    if (action->kind != XY_ACTION_REPLY)
        return;
    s->answers[request]++;
    s->status[request] = action->message.status;
    s->text_size[request] = action->message.payload_size;
}

static int64_t now_ms(const session *s)
{
    return s->world->ops->now(s->world);
}

static bool answered(const session *s, uint64_t first, uint64_t last)
{
    while (first <= last && s->answers[first] > 0)
        first++;
    return first > last;
}

static void run(session *s, uint64_t first, uint64_t last, int64_t until_ms)
{
    do {
        while (!answered(s, first, last) && s->world->ops->work(s->world))
            ;
        if (answered(s, first, last) || now_ms(s) >= until_ms)
            return;
        s->world->ops->wait(s->world, until_ms);
    } while (!s->world->ops->stopped(s->world));
}

static void rest(session *s, int64_t for_ms)
{
    xy_simulation_run(s->world, xy_simulation_now_us(s->world) + for_ms * 1000);
}

static bool is_sleep(const step *what)
{
    return *what->text >= '0' && *what->text <= '9';
}

static void check_answer(session *s, const step *what, uint64_t request, bool short_of)
{
    int status = s->status[request];
    must(s->answers[request] == 1, "a command without its one reply in time");
    must(status == expected(s, what) || (short_of && is_excused(what, status)),
         "a reply that is not so");
    must(what->kind != XY_COMMAND_EXEC || status || s->text_size[request] > 0 || is_sleep(what),
         "an answer without its text");
    if (status == XYLEM_OK && !broken)
        apply(s, what);
}

static char large_text[2 * XY_MESSAGE_PAYLOAD_MAX + 1];

static uint64_t give(session *s, const step *what)
{
    size_t size = what->text ? strlen(what->text) : 0;
    xy_command command = {.kind = what->kind,
                          .id = what->id,
                          .value = what->value,
                          .timeout_ms = -1,
                          .text = what->large ? large_text : what->text,
                          .size = what->large ? sizeof large_text : size};
    uint64_t request = xy_controller_command(&s->controller, &command, now_ms(s));
    s->world->ops->perform(s->world);
    return request;
}

/* A job, one that waits for it, and the end of both; unless there was no memory to begin them. */
static void cancel_two(session *s, int64_t id)
{
    step job = {.kind = XY_COMMAND_EXEC, .id = id, .text = "900"};
    size_t failed = shortage.failed;
    uint64_t first = give(s, &job), second = give(s, &job);
    rest(s, 50);
    uint64_t last = second;
    for (uint64_t request = first; request <= second; request++)
        last = give(s, &(step){.kind = XY_COMMAND_CANCEL, .value = (int64_t)request});
    rest(s, 50);
    must(answered(s, first, last), "a job without its one reply");
    for (uint64_t request = first; request <= second; request++) {
        bool cancelled = s->status[request] == XYLEM_CANCELLED;
        must(cancelled || (s->status[request] == XYLEM_NO_MEMORY && shortage.failed > failed),
             "a job that was not cancelled");
        must(s->status[request + 2] == (cancelled ? XYLEM_OK : XYLEM_NOT_FOUND),
             "a cancel that is not so");
    }
}

static void take_step(session *s, const step *what)
{
    if (what->kind == XY_COMMAND_CANCEL) {
        if (present(s, what->id))
            cancel_two(s, what->id);
        return;
    }
    step ping = {.kind = XY_COMMAND_PING, .id = what->pinged};
    uint64_t first = s->controller.request + 1;
    size_t failed = shortage.failed;
    for (int i = 0; i < what->pings; i++)
        give(s, &ping);
    uint64_t last = give(s, what);
    run(s, first, last, now_ms(s) + TIMEOUT_MS);
    bool short_of_memory = shortage.failed > failed;
    for (uint64_t request = first; request < last; request++)
        check_answer(s, &ping, request, short_of_memory);
    check_answer(s, what, last, short_of_memory);
}

/* What must hold when memory is back. */

static void check_tree(session *s)
{
    xy_tree_node *root = s->controller.tree.root;
    must(s->controller.tree.count == count_present(s), "the tree is not what was answered");
    for (xy_tree_node *node = xy_tree_first(root); node; node = xy_tree_next(root, node)) {
        must(present(s, node->id), "a node that nobody has, or that was removed");
        if (broken)
            return;
        must(node->stage == XY_STAGE_PRESENT, "a node is still on its way");
        must(node->available == reachable(s, node->id), "a node is not as available as it is");
    }
}

static void check_nodes(session *s)
{
    size_t living = 0;
    for (int64_t id = 0; id < IDS && !broken; id++) {
        if (!present(s, id))
            continue;
        take_step(s, &(step){.kind = XY_COMMAND_PING, .id = id});
        living += lives(s, id);
    }
    must(xy_simulation_census(s->world).living == living, "not those live that should");
}

static void check(session *s)
{
    rest(s, CALM_MS);
    check_tree(s);
    check_nodes(s);
    must(answered(s, 1, s->controller.request), "a command without a reply");
    for (uint64_t request = 1; request <= s->controller.request; request++)
        must(s->answers[request] == 1, "a command with more than one reply");
}

static const char long_text[] =
    "a text for which there is no room in what a node has at hand, neither when it is sent from "
    "the controlling node, nor when it is passed on from a node to the one below, nor when it is "
    "given to the service of the node that it is for, so that at each of these there is something "
    "to be allocated, which may fail; and then the answer says so, and all goes on as if nothing "
    "had been asked: the nodes that have passed it on forget it, and the one that it was for has "
    "never heard of it, or has at least not done what it was told to";

static const step steps[] = {
    {.kind = XY_COMMAND_PACE, .value = 50},
    {.kind = XY_COMMAND_CREATE, .id = 50},
    {.kind = XY_COMMAND_CREATE, .id = 25},
    {.kind = XY_COMMAND_CREATE, .id = 75},
    {.kind = XY_COMMAND_CREATE, .id = 60},
    {.kind = XY_COMMAND_REMOVE, .id = 60, .pings = 8, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 65},
    {.kind = XY_COMMAND_CREATE, .id = 90, .pings = 16, .pinged = 75},
    {.kind = XY_COMMAND_CREATE, .id = 95},
    {.kind = XY_COMMAND_CREATE, .id = 95},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 1, .pings = 32, .pinged = 25},
    {.kind = XY_COMMAND_WAIT, .id = 10, .value = 1},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = "start"},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = "time", .pings = 32, .pinged = 90},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = long_text},
    {.kind = XY_COMMAND_PACE, .value = 50},
    {.kind = XY_COMMAND_FAULT, .id = 75, .value = XY_FAULT_PAUSE},
    {.kind = XY_COMMAND_CREATE, .id = 80},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 0, .pings = 64, .pinged = 95},
    {.kind = XY_COMMAND_REMOVE, .id = 65},
    {.kind = XY_COMMAND_FAULT, .id = 75, .value = XY_FAULT_RESUME},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 1},
    {.kind = XY_COMMAND_CREATE, .id = 55},
    {.kind = XY_COMMAND_FAULT, .id = 90, .value = XY_FAULT_KILL},
    {.kind = XY_COMMAND_WAIT, .id = 90},
    {.kind = XY_COMMAND_PING, .id = 95},
    {.kind = XY_COMMAND_CREATE, .id = 99},
    {.kind = XY_COMMAND_REMOVE, .id = 90},
    {.kind = XY_COMMAND_CREATE, .id = 92},
    {.kind = XY_COMMAND_REMOVE, .id = 92, .pings = 64, .pinged = 75},
    {.kind = XY_COMMAND_CREATE, .id = 91},
    {.kind = XY_COMMAND_REMOVE, .id = 75},
    {.kind = XY_COMMAND_CREATE, .id = 70},
    {.kind = XY_COMMAND_CREATE, .id = 80},
    {.kind = XY_COMMAND_EXEC, .id = 80, .text = "stop"},
    {.kind = XY_COMMAND_EXEC, .id = 80, .large = true, .text = ""},
    {.kind = XY_COMMAND_CREATE, .id = 77, .text = "sleep"},
    {.kind = XY_COMMAND_EXEC, .id = 77, .text = "10"},
    {.kind = XY_COMMAND_CANCEL, .id = 77},
    {.kind = XY_COMMAND_CREATE, .id = 71, .text = "dict"},
    {.kind = XY_COMMAND_CREATE, .id = 72},
    {.kind = XY_COMMAND_REMOVE, .id = 50},
    {.kind = XY_COMMAND_CREATE, .id = 40},
    {.kind = XY_COMMAND_CREATE, .id = 30},
    {.kind = XY_COMMAND_CREATE, .id = 35},
    {.kind = XY_COMMAND_PING, .id = 35},
};

static bool begin(session *s)
{
    char reason[XYLEM_REASON_SIZE];
    *s = (session){0};
    if (!xy_controller_init(&s->controller, TIMEOUT_MS, 50))
        return false;
    xy_world_options options = {.controller = xy_controller_machine(&s->controller),
                                .seed = 1,
                                .deliver = deliver,
                                .owner = s};
    s->world = xy_simulated_world(&options, reason);
    if (!s->world)
        abort();
    return true;
}

/* Once a command has met the shortage, memory is back, and all must be well. */
static void recover(session *s, shape how)
{
    bool over = how == UNTIL_ANSWERED || shortage.calls >= shortage.end;
    if (s->calm || shortage.failed == 0 || !over)
        return;
    memory_is_back();
    s->calm = true;
    check(s);
}

/* To end a network needs no memory at all. */
static void end(session *s)
{
    memory_fails(1, SIZE_MAX);
    take_step(s, &(step){.kind = XY_COMMAND_CLOSE});
    rest(s, TIMEOUT_MS);
    must(s->world->ops->stopped(s->world), "the end takes too long");
    must(xy_simulation_census(s->world).living == 0, "a node outlives the network");
    s->world->ops->close(s->world);
    xy_controller_clear(&s->controller);
}

static void play(session *s, shape how)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !broken; i++) {
        take_step(s, &steps[i]);
        if (!broken)
            recover(s, how);
        if (broken)
            printf("step %zu: ", i);
    }
}

/* One session; returns whether it has come as far as the n-th call. */
static bool fail_at(shape how, size_t n)
{
    static session s;
    bool reached = true; /* the first call is one of the beginning */
    broken = NULL;
    memory_fails(n, n + lengths[how]);
    if (begin(&s)) {
        play(&s, how);
        reached = shortage.calls >= n;
        memory_is_back();
        if (!broken)
            check(&s);
        end(&s);
    }
    must(shortage.outstanding == 0, "memory is not given back");
    return reached;
}

static bool holds_at(shape how, size_t n, bool *reached)
{
    *reached = fail_at(how, n);
    if (broken)
        printf("%s: allocations %d %zu\n", broken, (int)how, n);
    return !broken;
}

int main(int argc, char **argv)
{
    bool reached = true, all = true;
    size_t sessions = 0;
    if (argc > 2)
        return holds_at((shape)atoi(argv[1]), strtoull(argv[2], NULL, 10), &reached) ? EXIT_SUCCESS
                                                                                     : EXIT_FAILURE;
    for (shape how = ONCE; how < SHAPES; how++, reached = true)
        for (size_t n = 1; reached; n++, sessions++)
            all = holds_at(how, n, &reached) && all;
    printf("%zu sessions\n", sessions);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
