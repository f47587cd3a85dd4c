/* Workload: what the user of the network does. */
#include "sim/run.h"

#include "service/service.h"
#include "sim/need.h"

#include <string.h>

static uint64_t draw(struct run *run, uint64_t bound)
{
    return xy_draw_below(&run->workload, bound);
}

static void give(struct run *run, xy_command_kind kind, int64_t id)
{
    static const char *const texts[] = {"start", "stop", "time", "time"};
    xy_command command = {.kind = kind, .id = id, .timeout_ms = -1};
    if (kind == XY_COMMAND_EXEC) {
        command.text = texts[draw(run, 4)];
        command.size = strlen(command.text);
    }
    run_command(run, &command);
}

/* A node that is there, as a rule. */
static int64_t some_id(struct run *run)
{
    uint64_t life = run_pick(run, &run->workload);
    int64_t any = (int64_t)draw(run, (uint64_t)run->check.model.ids);
    return life && draw(run, 16) > 0 ? run->check.model.lives[life].id : any;
}

/* In a chain each node is above all those before it in the order of ids. */
static int64_t new_id(struct run *run)
{
    const struct model *model = &run->check.model;
    int64_t id = (int64_t)draw(run, (uint64_t)model->ids);
    if (run->plan.chain)
        for (id = 0; id < model->ids - 1 && model->present[id];)
            id++;
    return id;
}

/* Which parent is wanted: often none, or a node that may have a child; sometimes one that does not
 * exist. */
static int64_t some_parent(struct run *run)
{
    switch (draw(run, 8)) {
    case 0:
    case 1:
    case 2:
        return XY_PARENT_ANY;
    case 3:
        return XY_PARENT_CONTROLLER;
    case 4:
        return (int64_t)draw(run, (uint64_t)(2 * run->check.model.ids));
    default:
        return some_id(run);
    }
}

static void create(struct run *run, int64_t id)
{
    xy_command command = {.kind = XY_COMMAND_CREATE, .id = id, .timeout_ms = -1};
    command.parent = some_parent(run);
    command.text = run_service(run);
    command.size = strlen(command.text);
    const xylem_service *service = xy_service_named(command.text);
    command.combines = service && service->combine;
    command.fresh = draw(run, 8) == 0;
    run_command(run, &command);
}

static void create_one(struct run *run)
{
    bool room = (int64_t)run->check.model.entered < run->plan.nodes;
    int64_t any = some_id(run), new = new_id(run);
    if (run->vacated >= 0)
        new = run->vacated;
    run->vacated = -1;
    create(run, room || run->check.model.present[new] ? new : any);
}

/* The id of a node that has just been removed, or could not be created, may be wanted again:
 * perhaps before those below have noticed that its place is free. */
void run_answered(struct run *run, uint64_t command)
{
    const struct entry *entry = history_find(&run->check.history, command);
    bool place = entry && (entry->kind == XY_COMMAND_REMOVE || entry->kind == XY_COMMAND_CREATE);
    if (!place || run->check.model.present[entry->id] || draw(run, 4) > 0)
        return;
    run->vacated = entry->id;
    run->next_command_us = run_now_us(run) + run_gap_us(&run->workload, 200);
}

/* A node that cannot be reached, as a rule: so its place is free again. */
static void remove_one(struct run *run)
{
    int64_t id = some_id(run);
    for (int64_t other = 0; other < run->check.model.ids && draw(run, 4) > 0; other++) {
        uint64_t life = run->check.model.present[other];
        if (life && !run->check.model.lives[life].available) {
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

static void set_interval(struct run *run)
{
    int64_t interval_ms = plan_interval_ms(xy_draw_next(&run->workload));
    run_command(run, &(xy_command){.kind = XY_COMMAND_HEARTBEAT, .value = interval_ms});
}

/* Below any node, as a rule: also below itself, or where it is; to the controlling node. */
static void move(struct run *run)
{
    int64_t parent = draw(run, 8) == 0 ? XY_PARENT_CONTROLLER : some_id(run);
    run_command(
        run, &(xy_command){
                 .kind = XY_COMMAND_MOVE, .id = some_id(run), .parent = parent, .timeout_ms = -1});
}

static void wait_for(struct run *run)
{
    int64_t timeout_ms = (int64_t)draw(run, (uint64_t)run->plan.timeout_ms);
    run_command(run, &(xy_command){.kind = XY_COMMAND_WAIT,
                                   .id = some_id(run),
                                   .value = (int64_t)draw(run, 2),
                                   .timeout_ms = timeout_ms});
}

static void any(struct run *run)
{
    static const xy_command_kind kinds[] = {XY_COMMAND_CREATE, XY_COMMAND_REMOVE, XY_COMMAND_PING,
                                            XY_COMMAND_EXEC};
    xy_command_kind kind = kinds[draw(run, 4)];
    if (kind == XY_COMMAND_CREATE)
        create(run, some_id(run));
    else
        give(run, kind, some_id(run));
}

/* More requests than may be under way, and then some that are refused. */
static void burst(struct run *run)
{
    size_t bound = run->plan.bound, most = bound + XY_IN_FLIGHT_RESERVE(bound);
    int64_t id = some_id(run);
    for (size_t i = 0; i < most / XY_REQUEST_COST + 50; i++)
        give(run, i % 4 == 0 ? XY_COMMAND_EXEC : XY_COMMAND_PING, id);
    for (int i = 0; i < 50; i++)
        any(run);
    run->plan.weights[COMMAND_BURST] = 0; /* once is enough */
}

static enum command draw_command(struct run *run)
{
    if (run->vacated >= 0)
        return COMMAND_CREATE;
    unsigned sum = 0, i = 0;
    for (int each = 0; each < COMMANDS; each++)
        sum += run->plan.weights[each];
    for (uint64_t left = sum ? draw(run, sum) : 0; left >= run->plan.weights[i]; i++)
        left -= run->plan.weights[i];
    return (enum command)i;
}

void run_next_command(struct run *run)
{
    static void (*const workload[COMMANDS])(struct run *) = {[COMMAND_CREATE] = create_one,
                                                             [COMMAND_REMOVE] = remove_one,
                                                             [COMMAND_EXEC] = exec,
                                                             [COMMAND_PING] = ping,
                                                             [COMMAND_HEARTBEAT] = set_interval,
                                                             [COMMAND_WAIT] = wait_for,
                                                             [COMMAND_BURST] = burst,
                                                             [COMMAND_JOB] = run_job,
                                                             [COMMAND_CANCEL] = run_cancel,
                                                             [COMMAND_MOVE] = move,
                                                             [COMMAND_CAST] = run_cast};
    bool at_once = draw(run, 4) == 0;
    run->next_command_us =
        run_now_us(run) + run_gap_us(&run->workload, at_once ? 200 : run->plan.gap_us);
    if (run_now_us(run) < run->held_until_us)
        return; /* the user's thread is the controlling node's */
    run_take(run);
    workload[draw_command(run)](run);
}
