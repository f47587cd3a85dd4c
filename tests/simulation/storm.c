/* storm: random commands against random faults, in the simulated world.
 *
 *     storm [FIRST [LAST]]        the seeds to run; a failure prints its seed, which replays it
 *
 * A run has two phases. In the first, nodes are created, removed and asked, and killed, paused and
 * resumed, without waiting for replies. In the second the faults are over, and what must hold when
 * all is quiet is looked at. What must hold always is looked at whenever a reply or a notice comes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/controller.h"
#include "runtime/random.h"
#include "runtime/simulation.h"

enum {
    TIMEOUT_MAX_MS = 2000,
    STEPS = 250,
    IDS = 40,
    LIVES = STEPS + 1,
    COMMANDS = STEPS + LIVES + 8
};

/* When the faults are over, how long it takes until all is well again at the latest. */
enum { CALM_MS = 3 * TIMEOUT_MAX_MS };

typedef struct storm {
    uint64_t seed;
    xy_random random;
    xy_controller controller;
    xy_world *world;
    bool pausing;                  /* whether nodes are paused in this run */
    int64_t timeout_ms;            /* of every command */
    bool dead[LIVES];              /* by incarnation: killed, or below one that was */
    bool away[LIVES];              /* by incarnation: the latest notice said so */
    int64_t deadline_ms[COMMANDS]; /* by request: of its reply; 0: it has none to come */
    int status[COMMANDS];          /* by request: its reply */
    size_t waiting;
    int64_t held_up_ms; /* how long the controlling node itself was paused */
    uint64_t hash;
} storm;

static const char *broken; /* the first thing that did not hold, in the run under way */

static void must(bool holds, const char *what)
{
    if (!holds && !broken)
        broken = what;
}

static int64_t now_ms(const storm *s)
{
    return s->world->ops->now(s->world);
}

static uint64_t draw(storm *s, uint64_t bound)
{
    return xy_random_below(&s->random, bound);
}

/* What comes back. */

static void note(storm *s, uint64_t number)
{
    s->hash = (s->hash ^ number) * 0x100000001b3; /* FNV-1a, by the word */
}

static void take_reply(storm *s, const xy_message *reply)
{
    uint64_t request = reply->request;
    bool awaited = request < COMMANDS && s->deadline_ms[request] != 0;
    must(awaited, "a reply that nobody waits for");
    if (!awaited)
        return;
    must(now_ms(s) <= s->deadline_ms[request] + s->held_up_ms, "a reply after its deadline");
    s->deadline_ms[request] = 0;
    s->status[request] = reply->status;
    s->waiting--;
}

static void take_notice(storm *s, const xy_message *notice)
{
    const xy_tree_node *node = xy_tree_find(&s->controller.tree, notice->id);
    must(node != NULL, "a notice of a node that does not exist");
    if (!node)
        return;
    must(node->available == (notice->value != 0), "a notice that is not so");
    bool dead = s->dead[node->incarnation], *away = &s->away[node->incarnation];
    must(*away == (notice->value != 0), "a notice of no change");
    *away = notice->value == 0;
    /* When those above it hang, its death is not known before they go on. */
    if (notice->value)
        must(s->pausing || !dead, "a dead node is available again");
    else
        must(s->pausing || dead, "a false alarm");
}

static void deliver(void *owner, const xy_action *action)
{
    storm *s = owner;
    note(s, (uint64_t)now_ms(s));
    note(s, (uint64_t)action->kind);
    note(s, (uint64_t)action->message.id ^ action->message.request << 20);
    note(s, (uint64_t)action->message.status);
    if (action->kind == XY_ACTION_REPLY)
        take_reply(s, &action->message);
    else if (action->kind == XY_ACTION_NOTICE)
        take_notice(s, &action->message);
    else if (action->kind == XY_ACTION_FAULT)
        s->world->ops->fault(s->world, &action->message);
}

/* What is done. */

static void run_until(storm *s, int64_t until_ms)
{
    for (;;) {
        while (s->world->ops->work(s->world))
            ;
        if (now_ms(s) >= until_ms || s->world->ops->stopped(s->world))
            return;
        s->world->ops->wait(s->world, until_ms);
    }
}

static uint64_t command(storm *s, xy_command_kind kind, int64_t id, int64_t value)
{
    xy_command given = {.kind = kind, .id = id, .value = value, .timeout_ms = -1};
    if (kind == XY_COMMAND_EXEC) {
        given.text = "time";
        given.size = 4;
    }
    uint64_t request = s->controller.request + 1;
    s->deadline_ms[request] = now_ms(s) + s->timeout_ms;
    s->waiting++;
    s->held_up_ms = 0;
    xy_controller_command(&s->controller, &given, now_ms(s));
    s->world->ops->perform(s->world);
    return request;
}

static void mark_dead(storm *s, int64_t id)
{
    xy_tree_node *top = xy_tree_find(&s->controller.tree, id);
    if (top && top->stage == XY_STAGE_PRESENT)
        for (xy_tree_node *node = top; node; node = xy_tree_below(top, node))
            s->dead[node->incarnation] = true;
}

static void fault(storm *s, int64_t id, xy_fault what)
{
    if (what == XY_FAULT_KILL)
        mark_dead(s, id);
    command(s, XY_COMMAND_FAULT, id, what);
}

/* The controlling node itself does nothing for a while: its program was busy elsewhere. */
static void hold_up(storm *s)
{
    xy_message target = {.incarnation = XY_PARENT, .code = XY_FAULT_PAUSE};
    int64_t before_ms = now_ms(s);
    s->world->ops->fault(s->world, &target);
    run_until(s, before_ms + (int64_t)draw(s, 3000));
    target.code = XY_FAULT_RESUME;
    s->held_up_ms += now_ms(s) - before_ms;
    s->world->ops->fault(s->world, &target);
}

static const int64_t intervals_ms[] = {50, 100, 400, 0};
enum { INTERVALS = sizeof intervals_ms / sizeof *intervals_ms };

static void act(storm *s)
{
    int64_t id = (int64_t)draw(s, IDS);
    uint64_t what = draw(s, 100);
    if (what < 2)
        command(s, XY_COMMAND_PACE, 0, intervals_ms[draw(s, INTERVALS)]);
    else if (what < 4)
        command(s, XY_COMMAND_WAIT, id, (int64_t)draw(s, 2));
    else if (what < 45)
        command(s, XY_COMMAND_CREATE, id, 0);
    else if (what < 55)
        command(s, XY_COMMAND_REMOVE, id, 0);
    else if (what < 67)
        command(s, XY_COMMAND_PING, id, 0);
    else if (what < 79)
        command(s, XY_COMMAND_EXEC, id, 0);
    else if (what < 83)
        fault(s, id, XY_FAULT_KILL);
    else if (what < 85)
        hold_up(s);
    else if (s->pausing)
        fault(s, id, what < 90 ? XY_FAULT_PAUSE : XY_FAULT_RESUME);
}

/* What must hold when all is quiet. */

static size_t check_nodes(storm *s)
{
    xy_tree_node *root = s->controller.tree.root;
    size_t living = 0;
    int64_t last = XY_NO_ID;
    for (xy_tree_node *node = xy_tree_first(root); node; node = xy_tree_next(root, node)) {
        bool dead = s->dead[node->incarnation];
        must(node->id > last, "the tree is not sorted");
        last = node->id;
        must(node->stage == XY_STAGE_PRESENT, "a node is still on its way");
        must(node->available == !dead, dead ? "a death went unnoticed" : "a node is not back");
        uint64_t request = command(s, XY_COMMAND_PING, node->id, 0);
        run_until(s, now_ms(s) + 100);
        must(s->deadline_ms[request] == 0, "a ping without a reply");
        must((s->status[request] == XYLEM_OK) == !dead, "a ping with the wrong reply");
        living += !dead;
    }
    return living;
}

static void calm_down(storm *s)
{
    xy_tree_node *root = s->controller.tree.root;
    for (xy_tree_node *node = xy_tree_first(root); node; node = xy_tree_next(root, node)) {
        xy_message target = {.incarnation = node->incarnation, .code = XY_FAULT_RESUME};
        s->world->ops->fault(s->world, &target);
    }
    run_until(s, now_ms(s) + CALM_MS);
    must(s->waiting == 0, "a command without a reply");
    size_t living = check_nodes(s);
    must(xy_simulation_census(s->world).living <= living, "a node lives that should not");
    must(xy_simulation_census(s->world).living >= living, "a node died that should not");
}

static void end(storm *s)
{
    command(s, XY_COMMAND_CLOSE, 0, 0);
    run_until(s, now_ms(s) + 1000);
    must(s->world->ops->stopped(s->world), "the end takes too long");
    must(xy_simulation_census(s->world).living == 0, "a node outlives the network");
}

static const int64_t timeouts_ms[] = {150, 600, TIMEOUT_MAX_MS};

static bool begin(storm *s, uint64_t seed)
{
    char reason[XYLEM_REASON_SIZE];
    *s = (storm){.seed = seed, .random = xy_random_stream(seed, 100), .hash = seed};
    s->pausing = draw(s, 2) == 0;
    s->timeout_ms = timeouts_ms[draw(s, 3)];
    if (!xy_controller_init(&s->controller, s->timeout_ms, intervals_ms[draw(s, INTERVALS)]))
        return false;
    xy_world_options options = {.controller = xy_controller_machine(&s->controller),
                                .seed = seed,
                                .deliver = deliver,
                                .owner = s};
    s->world = xy_simulated_world(&options, reason);
    return s->world != NULL;
}

/* Runs one seed; returns the hash of all that came back. */
static uint64_t run(storm *s, uint64_t seed)
{
    broken = NULL;
    if (!begin(s, seed))
        abort();
    for (int step = 0; step < STEPS && !broken; step++) {
        act(s);
        run_until(s, now_ms(s) + (int64_t)draw(s, draw(s, 4) == 0 ? 1000 : 20));
    }
    if (!broken)
        calm_down(s);
    if (!broken)
        end(s);
    s->world->ops->close(s->world);
    xy_controller_clear(&s->controller);
    return s->hash;
}

int main(int argc, char **argv)
{
    static storm s;
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : first, failures = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        uint64_t hash = run(&s, seed);
        if (!broken && seed % 16 == 0)
            must(run(&s, seed) == hash, "the same seed gives another run");
        if (broken)
            printf("seed %" PRIu64 ": %s\n", seed, broken);
        failures += broken != NULL;
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " failures\n", last - first + 1, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
