/* Chores: what the user of the network does. */
#include "sim/run.h"

#include "sim/memory.h"

#include <string.h>

static uint64_t draw(struct run *run, uint64_t bound)
{
    return xy_random_below(&run->chores, bound);
}

static void give(struct run *run, xy_command_kind kind, int64_t id)
{
    static const char *const texts[] = {"start", "stop", "time", "time"};
    xy_command command = {.kind = kind, .id = id, .timeout_ms = -1};
    if (kind == XY_COMMAND_EXEC) {
        command.text = texts[draw(run, 4)];
        command.size = strlen(command.text);
    }
    if (kind == XY_COMMAND_CREATE) {
        command.text = run_service(run);
        command.size = strlen(command.text);
    }
    run_command(run, &command);
}

/* A node that is there, as a rule. */
static int64_t some_id(struct run *run)
{
    uint64_t life = run_pick(run, &run->chores);
    int64_t any = (int64_t)draw(run, (uint64_t)run->judge.model.ids);
    return life && draw(run, 16) > 0 ? run->judge.model.lives[life].id : any;
}

/* In a chain each node is above all those before it in the order of ids. */
static int64_t new_id(struct run *run)
{
    const struct model *model = &run->judge.model;
    int64_t id = (int64_t)draw(run, (uint64_t)model->ids);
    if (run->plan.chain)
        for (id = 0; id < model->ids - 1 && model->present[id];)
            id++;
    return id;
}

static void create(struct run *run)
{
    bool room = (int64_t)run->judge.model.entered < run->plan.nodes;
    int64_t any = some_id(run), new = new_id(run);
    if (run->vacated >= 0)
        new = run->vacated;
    run->vacated = -1;
    give(run, XY_COMMAND_CREATE, room || run->judge.model.present[new] ? new : any);
}

/* Somebody may want the place of a node again that has just been removed, or could not be created:
 * perhaps before those who are below have noticed that it is free. */
void run_answered(struct run *run, uint64_t request)
{
    const struct entry *entry = ledger_find(&run->judge.ledger, request);
    bool place = entry && (entry->kind == XY_COMMAND_REMOVE || entry->kind == XY_COMMAND_CREATE);
    if (!place || run->judge.model.present[entry->id] || draw(run, 4) > 0)
        return;
    run->vacated = entry->id;
    run->next_chore_us = run_now_us(run) + run_gap_us(&run->chores, 200);
}

/* A node that nobody can reach, as a rule: so its place is free again. */
static void remove_one(struct run *run)
{
    int64_t id = some_id(run);
    for (int64_t other = 0; other < run->judge.model.ids && draw(run, 4) > 0; other++) {
        uint64_t life = run->judge.model.present[other];
        if (life && !run->judge.model.lives[life].available) {
            id = other;
            break;
        }
    }
    give(run, XY_COMMAND_REMOVE, id);
}

static void exec(struct run *run)
{
    give(run, XY_COMMAND_EXEC, some_id(run));
}

static void ping(struct run *run)
{
    give(run, XY_COMMAND_PING, some_id(run));
}

static void pace(struct run *run)
{
    int64_t interval_ms = plan_interval_ms(xy_random_next(&run->chores));
    run_command(run, &(xy_command){.kind = XY_COMMAND_PACE, .value = interval_ms});
}

static void wait_for(struct run *run)
{
    int64_t timeout_ms = (int64_t)draw(run, (uint64_t)run->plan.timeout_ms);
    run_command(run, &(xy_command){.kind = XY_COMMAND_WAIT,
                                   .id = some_id(run),
                                   .value = (int64_t)draw(run, 2),
                                   .timeout_ms = timeout_ms});
}

/* More requests than may be under way, and then some that are refused. */
static void burst(struct run *run)
{
    static const xy_command_kind kinds[] = {XY_COMMAND_CREATE, XY_COMMAND_REMOVE, XY_COMMAND_PING,
                                            XY_COMMAND_EXEC};
    int64_t id = some_id(run);
    for (int i = 0; i < XY_PENDING_MAX + 50; i++)
        give(run, XY_COMMAND_PING, id);
    for (int i = 0; i < 50; i++)
        give(run, kinds[draw(run, 4)], some_id(run));
    run->plan.weights[CHORE_BURST] = 0; /* once is enough */
}

static enum chore draw_chore(struct run *run)
{
    if (run->vacated >= 0)
        return CHORE_CREATE;
    unsigned sum = 0, i = 0;
    for (int each = 0; each < CHORES; each++)
        sum += run->plan.weights[each];
    for (uint64_t left = sum ? draw(run, sum) : 0; left >= run->plan.weights[i]; i++)
        left -= run->plan.weights[i];
    return (enum chore)i;
}

void run_chore(struct run *run)
{
    static void (*const chores[CHORES])(struct run *) = {
        [CHORE_CREATE] = create, [CHORE_REMOVE] = remove_one, [CHORE_EXEC] = exec,
        [CHORE_PING] = ping,     [CHORE_PACE] = pace,         [CHORE_WAIT] = wait_for,
        [CHORE_BURST] = burst,   [CHORE_JOB] = run_job,       [CHORE_CANCEL] = run_cancel};
    bool at_once = draw(run, 4) == 0;
    run->next_chore_us =
        run_now_us(run) + run_gap_us(&run->chores, at_once ? 200 : run->plan.gap_us);
    if (run_now_us(run) < run->held_until_us)
        return; /* the user's thread is the controlling node's */
    chores[draw_chore(run)](run);
}
