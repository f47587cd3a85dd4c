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
    run_command(run, &(xy_command){.kind = kind, .id = id, .timeout_ms = -1});
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
    give(run, XY_COMMAND_CREATE, room || run->judge.model.present[new] ? new : any);
}

static void exec(struct run *run)
{
    static const char *const texts[] = {"start", "stop", "time", "time"};
    const char *text = texts[draw(run, 4)];
    run_command(run, &(xy_command){.kind = XY_COMMAND_EXEC,
                                   .id = some_id(run),
                                   .timeout_ms = -1,
                                   .text = text,
                                   .size = strlen(text)});
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

static void burst(struct run *run)
{
    int64_t id = some_id(run);
    for (int i = 0; i < XY_PENDING_MAX + 100; i++)
        give(run, XY_COMMAND_PING, id);
    run->plan.weights[CHORE_BURST] = 0; /* once is enough */
}

static enum chore draw_chore(struct run *run)
{
    unsigned sum = 0, i = 0;
    for (int each = 0; each < CHORES; each++)
        sum += run->plan.weights[each];
    for (uint64_t left = sum ? draw(run, sum) : 0; left >= run->plan.weights[i]; i++)
        left -= run->plan.weights[i];
    return (enum chore)i;
}

void run_chore(struct run *run)
{
    static void (*const chores[CHORES])(struct run *) = {[CHORE_CREATE] = create,
                                                         [CHORE_EXEC] = exec,
                                                         [CHORE_PACE] = pace,
                                                         [CHORE_WAIT] = wait_for,
                                                         [CHORE_BURST] = burst};
    bool at_once = draw(run, 4) == 0;
    run->next_chore_us =
        run_now_us(run) + run_gap_us(&run->chores, at_once ? 200 : run->plan.gap_us);
    if (run_now_us(run) < run->held_until_us)
        return; /* the user's thread is the controlling node's */
    enum chore chore = draw_chore(run);
    if (chores[chore])
        chores[chore](run);
    else
        give(run, chore == CHORE_REMOVE ? XY_COMMAND_REMOVE : XY_COMMAND_PING, some_id(run));
}
