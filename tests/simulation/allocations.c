/* allocations: one session of every command, in the simulated world, again and again: each time
 * another request of core for memory fails, and perhaps some after it, until each one has.
 *
 *     allocations [SHAPE N]       a failure prints these two, which replay it
 *     allocations --every K       only every K-th request fails
 *
 * What each command is to answer is worked out from a small model of the network, which knows
 * nothing but the answers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../shortage.h"

#include "core/controller.h"
#include "world/simulated_world.h"

enum { TIMEOUT_MS = 1000, IDS = 100, COMMANDS = 1024, CALM_MS = 3000, PINGS_MAX = 64 };

/* Commands that were refused at once, for want of memory for a reply, are numbered from here. */
enum { REFUSED = COMMANDS / 2 };

/* How memory fails: one time, for a while, for longer, or until the command that it failed has its
 * answer. */
typedef enum shape { ONCE, A_WHILE, LONG, UNTIL_ANSWERED, SHAPES } shape;

static const size_t lengths[SHAPES] = {1, 4, 50, SIZE_MAX / 2};

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
    int answers[COMMANDS]; /* by number: how many it got, */
    int status[COMMANDS];  /* and the latest */
    uint64_t refused;      /* the number of the next one that is */
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
    case XY_COMMAND_HEARTBEAT:
        return count_present(s) > 0 ? XYLEM_OK : XYLEM_NOT_FOUND;
    case XY_COMMAND_CLOSE:
        return XYLEM_OK;
    default:
        return present(s, id) ? XYLEM_OK : XYLEM_NOT_FOUND;
    }
}

/* What may be answered instead, when there was not memory enough: that; or what was asked, or its
 * reply, is lost on its way, and the time is over. */
static bool is_excused(const step *what, int status)
{
    switch (what->kind) {
    case XY_COMMAND_CREATE:
        return status == XYLEM_NO_MEMORY || status == XYLEM_CANNOT_START ||
               status == XYLEM_PARENT_UNAVAILABLE;
    case XY_COMMAND_EXEC:
    case XY_COMMAND_PING:
        return status == XYLEM_NO_MEMORY || status == XYLEM_UNAVAILABLE;
    case XY_COMMAND_WAIT: /* without memory for its heartbeats a node is silent */
        return status == XYLEM_NO_MEMORY || (status == XYLEM_OK && what->value == 0);
    default:
        return status == XYLEM_NO_MEMORY;
    }
}

/* The session. */

static void deliver(void *owner, xy_action *action)
{
    session *s = owner;
    uint64_t number = action->reply.command;
    if (action->kind != XY_ACTION_REPLY)
        return;
    s->answers[number]++;
    s->status[number] = action->reply.status;
    s->text_size[number] = action->reply.size;
}

static int64_t now_ms(const session *s)
{
    return s->world->ops->now(s->world);
}

static bool answered(const session *s, const uint64_t *numbers, size_t count)
{
    while (count > 0 && s->answers[numbers[count - 1]] > 0)
        count--;
    return count == 0;
}

static void run(session *s, const uint64_t *numbers, size_t count, int64_t until_ms)
{
    do {
        while (!answered(s, numbers, count) && s->world->ops->work(s->world))
            ;
        if (answered(s, numbers, count) || now_ms(s) >= until_ms)
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
    size_t size = what->text ? strlen(what->text) : 0, failed = shortage.failed;
    xy_command command = {.kind = what->kind,
                          .id = what->id,
                          .parent = XY_PARENT_ANY,
                          .value = what->value,
                          .timeout_ms = -1,
                          .text = what->large ? large_text : what->text,
                          .size = what->large ? sizeof large_text : size,
                          .arguments = "a 1234567", /* which dict takes, too */
                          .arguments_size = what->kind == XY_COMMAND_CREATE ? 9 : 0};
    uint64_t number = s->world->ops->command(s->world, &command);
    if (number != 0)
        return number;
    must(shortage.failed > failed, "a command is refused without a cause");
    s->answers[REFUSED + s->refused] = 1;
    s->status[REFUSED + s->refused] = XYLEM_NO_MEMORY;
    return REFUSED + s->refused++;
}

/* A job that was cancelled, unless there was no memory for it or for that. */
static void check_cancelled(const session *s, uint64_t job, uint64_t cancel, bool short_of)
{
    int status = s->status[job], outcome = s->status[cancel];
    must(s->answers[job] == 1 && s->answers[cancel] == 1, "a job without its one reply");
    if (outcome == XYLEM_NO_MEMORY)
        must(short_of, "a cancel that is not so");
    else
        must((status == XYLEM_CANCELLED) == (outcome == XYLEM_OK) &&
                 (outcome == XYLEM_OK || outcome == XYLEM_NOT_FOUND),
             "a cancel that is not so");
    must(status == XYLEM_CANCELLED || short_of, "a job that was not cancelled");
}

/* A job, one that waits for it, and the end of both. */
static void cancel_two(session *s, int64_t id)
{
    step job = {.kind = XY_COMMAND_EXEC, .id = id, .text = "900"};
    size_t failed = shortage.failed;
    uint64_t jobs[] = {give(s, &job), give(s, &job)}, cancels[2];
    rest(s, 50);
    for (int i = 0; i < 2; i++)
        cancels[i] = give(s, &(step){.kind = XY_COMMAND_CANCEL, .value = (int64_t)jobs[i]});
    bool short_of_memory = shortage.failed > failed;
    rest(s, short_of_memory ? 2 * TIMEOUT_MS : 50);
    for (int i = 0; i < 2; i++)
        check_cancelled(s, jobs[i], cancels[i], short_of_memory);
}

static void take_step(session *s, const step *what)
{
    uint64_t numbers[PINGS_MAX + 1];
    if (what->kind == XY_COMMAND_CANCEL) {
        if (present(s, what->id))
            cancel_two(s, what->id);
        return;
    }
    step ping = {.kind = XY_COMMAND_PING, .id = what->pinged};
    size_t failed = shortage.failed, count = (size_t)what->pings;
    for (size_t i = 0; i < count; i++)
        numbers[i] = give(s, &ping);
    uint64_t last = numbers[count] = give(s, what);
    run(s, numbers, count + 1, now_ms(s) + TIMEOUT_MS);
    bool short_of_memory = shortage.failed > failed;
    for (size_t i = 0; i < count; i++)
        check_answer(s, &ping, numbers[i], short_of_memory);
    check_answer(s, what, last, short_of_memory);
    if (what->kind == XY_COMMAND_WAIT && s->status[last] == XYLEM_NO_MEMORY)
        rest(s, TIMEOUT_MS); /* what it was to wait for comes all the same */
}

/* What must hold when memory is back. */

static void check_map(session *s)
{
    const xy_map *map = &s->controller.map;
    must(map->count == count_present(s), "the map is not what was answered");
    for (const xy_map_node *node = map->lowest; node && !broken; node = node->higher) {
        must(present(s, node->id), "a node that was not created, or was removed");
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
    must(xy_simulation_stats(s->world).living == living, "not those live that should");
}

static void check(session *s)
{
    rest(s, CALM_MS);
    check_map(s);
    check_nodes(s);
    for (uint64_t number = 1; number <= s->controller.command; number++)
        must(s->answers[number] == 1, "a command without its one reply");
}

static const char long_text[] =
    "a text for which there is no room in what a node has at hand, neither when it is sent from "
    "the controlling node, nor when it is passed on from a node to the one below, nor when it is "
    "given to the service of the node that it is for, so that at each of these there is something "
    "to be allocated, which may fail; and then the answer says so, and all goes on as if nothing "
    "had been asked: the nodes that have passed it on forget it, and the one that it was for has "
    "never heard of it, or has at least not done what it was told to";

static const step steps[] = {
    {.kind = XY_COMMAND_HEARTBEAT, .value = 50},
    {.kind = XY_COMMAND_CREATE, .id = 50, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 25},
    {.kind = XY_COMMAND_CREATE, .id = 75, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 60},
    {.kind = XY_COMMAND_REMOVE, .id = 60, .pings = 8, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 65, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 90, .pings = 16, .pinged = 75},
    {.kind = XY_COMMAND_CREATE, .id = 95},
    {.kind = XY_COMMAND_CREATE, .id = 95, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 1, .pings = 32, .pinged = 25},
    {.kind = XY_COMMAND_WAIT, .id = 10, .value = 1},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = "start", .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = "time", .pings = 32, .pinged = 90},
    {.kind = XY_COMMAND_EXEC, .id = 95, .text = long_text},
    {.kind = XY_COMMAND_HEARTBEAT, .value = 50, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_FAULT, .id = 75, .value = XY_FAULT_PAUSE},
    {.kind = XY_COMMAND_CREATE, .id = 80, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 0, .pings = 64, .pinged = 95},
    {.kind = XY_COMMAND_REMOVE, .id = 65},
    {.kind = XY_COMMAND_FAULT, .id = 75, .value = XY_FAULT_RESUME, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_WAIT, .id = 95, .value = 1},
    {.kind = XY_COMMAND_CREATE, .id = 55, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_FAULT, .id = 90, .value = XY_FAULT_KILL},
    {.kind = XY_COMMAND_WAIT, .id = 90, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_PING, .id = 95},
    {.kind = XY_COMMAND_CREATE, .id = 99, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_REMOVE, .id = 90},
    {.kind = XY_COMMAND_CREATE, .id = 92, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_REMOVE, .id = 92, .pings = 64, .pinged = 75},
    {.kind = XY_COMMAND_CREATE, .id = 91},
    {.kind = XY_COMMAND_REMOVE, .id = 75, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 70},
    {.kind = XY_COMMAND_CREATE, .id = 80, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_EXEC, .id = 80, .text = "stop"},
    {.kind = XY_COMMAND_EXEC, .id = 80, .large = true, .text = "", .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 77, .text = "sleep"},
    {.kind = XY_COMMAND_EXEC, .id = 77, .text = "10", .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CANCEL, .id = 77},
    {.kind = XY_COMMAND_CREATE, .id = 71, .text = "dict"},
    {.kind = XY_COMMAND_CREATE, .id = 72, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_REMOVE, .id = 50},
    {.kind = XY_COMMAND_CREATE, .id = 40, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_CREATE, .id = 30},
    {.kind = XY_COMMAND_CREATE, .id = 35, .pings = 7, .pinged = 50},
    {.kind = XY_COMMAND_PING, .id = 35},
};

/* Every action needs memory, and not only those for which the queue has to grow. */
static void stepped(void *self, xy_life node)
{
    session *s = self;
    (void)node;
    xy_simulation_trim(s->world);
}

static void begin(session *s)
{
    xy_error error;
    *s = (session){0};
    xy_world_options options = {
        .controller = &s->controller,
        .begin = {.topology = &xy_topology_bst, .timeout_ms = TIMEOUT_MS, .heartbeat_ms = 50},
        .seed = 1,
        .deliver = deliver,
        .owner = s};
    s->world = xy_simulated_world(&options, &error);
    if (!s->world)
        abort();
    xy_simulation_observe(s->world, &(xy_observer){.self = s, .stepped = stepped});
}

/* Once a command has met the shortage, memory is back, and all must be well. */
static void recover(session *s, shape how)
{
    bool over = how == UNTIL_ANSWERED || shortage.failed == lengths[how];
    if (s->calm || shortage.failed == 0 || !over)
        return;
    memory_is_back();
    s->calm = true;
    check(s);
}

/* To end a network that still has what the latest command took needs no more memory. */
static void end(session *s)
{
    xy_simulation_observe(s->world, &(xy_observer){0});
    give(s, &(step){.kind = XY_COMMAND_PING});
    memory_fails(1, SIZE_MAX);
    take_step(s, &(step){.kind = XY_COMMAND_CLOSE});
    rest(s, TIMEOUT_MS);
    must(s->world->ops->stopped(s->world), "the end takes too long");
    must(xy_simulation_stats(s->world).living == 0, "a node outlives the network");
    s->world->ops->close(s->world);
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
    broken = NULL;
    memory_fails(n, n + lengths[how]);
    begin(&s);
    play(&s, how);
    bool reached = shortage.calls >= n;
    memory_is_back();
    if (!broken)
        check(&s);
    end(&s);
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
    size_t sessions = 0, stride = 1;
    if (argc > 2 && strcmp(argv[1], "--every") == 0)
        stride = strtoull(argv[2], NULL, 10);
    else if (argc > 2)
        return holds_at((shape)atoi(argv[1]), strtoull(argv[2], NULL, 10), &reached) ? EXIT_SUCCESS
                                                                                     : EXIT_FAILURE;
    for (shape how = ONCE; how < SHAPES; how++, reached = true)
        for (size_t n = 1; reached; n += stride, sessions++)
            all = holds_at(how, n, &reached) && all;
    printf("%zu sessions\n", sessions);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}
