/* Faults: what goes wrong, and where. */
#include "sim/run.h"

enum { MS = 1000, SECOND = 1000 * MS };

static uint64_t draw(struct run *run, enum fault fault, uint64_t bound)
{
    return xy_random_below(&run->faults[fault], bound);
}

/* Short ones, and such as make silence longer than anyone bears. */
static int64_t duration_us(struct run *run, enum fault fault)
{
    int64_t longest_us = (20 * MS) << draw(run, fault, 11);
    return 1 + (int64_t)draw(run, fault, (uint64_t)longest_us);
}

static void lasts(struct run *run, int64_t for_us)
{
    int64_t until_us = run_now_us(run) + for_us;
    if (until_us > run->faulty_until_us)
        run->faulty_until_us = until_us;
}

/* A command does the same as the fault itself, on another way. */
static bool by_command(struct run *run, enum fault fault)
{
    return draw(run, fault, 4) == 0 && run_now_us(run) >= run->held_until_us;
}

static void inject(struct run *run, uint64_t node, xy_fault what)
{
    run_command(run, &(xy_command){.kind = XY_COMMAND_FAULT,
                                   .id = run->judge.model.lives[node].id,
                                   .value = what,
                                   .timeout_ms = -1});
}

static void crash(struct run *run, uint64_t node)
{
    if (by_command(run, FAULT_CRASH)) {
        inject(run, node, XY_FAULT_KILL);
    } else {
        judge_crash(&run->judge, node);
        xy_simulation_crash(run->world, node);
    }
}

static void pause(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_PAUSE);
    if (by_command(run, FAULT_PAUSE)) {
        inject(run, node, draw(run, FAULT_PAUSE, 2) ? XY_FAULT_PAUSE : XY_FAULT_RESUME);
        return;
    }
    judge_hold(&run->judge, node, for_us);
    xy_simulation_hold(run->world, node, for_us);
    lasts(run, for_us);
}

static void hold_up(struct run *run, uint64_t node)
{
    (void)node;
    int64_t for_us = duration_us(run, FAULT_HOLD_UP);
    judge_hold(&run->judge, XY_PARENT, for_us);
    xy_simulation_hold(run->world, XY_PARENT, for_us);
    lasts(run, for_us);
    if (run->held_until_us < run_now_us(run) + for_us)
        run->held_until_us = run_now_us(run) + for_us;
}

static void slow(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_SLOW);
    int64_t by_us = (int64_t)draw(run, FAULT_SLOW, JUDGE_SLOWNESS_US);
    if (draw(run, FAULT_SLOW, 8) == 0)
        node = XY_PARENT;
    judge_slow(&run->judge, node, for_us);
    xy_simulation_slow(run->world, node, by_us, for_us);
    lasts(run, for_us + JUDGE_SLOWNESS_US);
}

static void stall(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_STALL);
    judge_stall(&run->judge, node, for_us);
    xy_simulation_stall(run->world, node, draw(run, FAULT_STALL, 2), for_us);
    lasts(run, for_us);
}

static void fill(struct run *run, uint64_t node)
{
    int64_t for_us = duration_us(run, FAULT_FULL);
    judge_stall(&run->judge, node, for_us);
    xy_simulation_fill(run->world, node, draw(run, FAULT_FULL, 2), for_us);
    lasts(run, for_us);
}

/* Frames out of nowhere. Those of true neighbours must be none that they might have sent. */

static xy_message any_message(struct run *run, enum fault fault, int64_t id, uint64_t incarnation)
{
    xy_message message = {.kind = (xy_kind)(1 + draw(run, fault, XY_KIND_END - 1)),
                          .request = draw(run, fault, 2) ? run->controller.request
                                                         : draw(run, fault, UINT64_MAX),
                          .id = id,
                          .incarnation = incarnation,
                          .value = (int64_t)draw(run, fault, 5000),
                          .budget_ms = 1000};
    if (message.kind == XY_REQUEST)
        message.code = (uint8_t)(1 + draw(run, fault, XY_OPERATION_END - 1));
    if (message.kind == XY_CHANGE)
        message.code = (uint8_t)(1 + draw(run, fault, XY_CHANGE_END - 1));
    return message;
}

static void forge(struct run *run, uint64_t to, uint64_t from, const xy_message *message,
                  int64_t more)
{
    uint8_t frame[XY_MESSAGE_HEADER + 64] = {0};
    xy_message_encode(message, frame);
    xy_simulation_forge(run->world, to, from, frame,
                        (size_t)((int64_t)xy_message_size(message) + more));
}

/* A neighbour of a node, the parent as a rule. */
static uint64_t neighbour(const struct run *run, uint64_t node, uint64_t *at)
{
    *at = node;
    if (node % 2 == 0)
        return XY_PARENT;
    *at = run->judge.model.lives[node].above;
    return node;
}

static void malformed(struct run *run, uint64_t node)
{
    uint8_t frame[64];
    uint64_t at, from = neighbour(run, node, &at);
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)draw(run, FAULT_MALFORMED, 256);
    frame[0] = 'X'; /* so it is none, whatever the rest says */
    xy_simulation_forge(run->world, at, from, frame, draw(run, FAULT_MALFORMED, sizeof frame));
}

static void truncated(struct run *run, uint64_t node)
{
    uint64_t at, from = neighbour(run, node, &at);
    xy_message message = any_message(run, FAULT_TRUNCATED, run->judge.model.lives[node].id, node);
    int64_t more = (int64_t)draw(run, FAULT_TRUNCATED, XY_MESSAGE_HEADER + 16) - XY_MESSAGE_HEADER;
    forge(run, at, from, &message, more == 0 ? 1 : more);
}

/* A request for an earlier life of a node. */
static void old_request(struct run *run, uint64_t node, const xy_message *request)
{
    bool removal = request->code == XY_REMOVE;
    uint64_t to = removal ? run->judge.model.lives[node].above : node;
    if (request->code != XY_CREATE)
        forge(run, to, XY_PARENT, request, 0);
}

/* A message for or about an earlier life, or one that an earlier life has sent. */
static void old(struct run *run, uint64_t node)
{
    const struct model *model = &run->judge.model;
    const struct life *life = &model->lives[node];
    uint64_t before = draw(run, FAULT_OLD, node);
    int64_t since_us;
    xy_message message = any_message(run, FAULT_OLD, life->id, before);
    message.request = (1ull << 62) + draw(run, FAULT_OLD, 1000);
    bool speaks = life->alive && life->stage == STAGE_PRESENT &&
                  !model_hangs(model, node, run_now_us(run), &since_us);
    if (message.kind == XY_REQUEST)
        old_request(run, node, &message);
    else if (message.kind == XY_CHANGE && speaks)
        forge(run, life->above, node, &message, 0);
    else if (before > 0 && !model->lives[before].alive)
        forge(run, life->above, before, &message, 0);
}

/* Somebody pretends to be the child that is awaited, with a secret that he has guessed. */
static void impostor(struct run *run, uint64_t node, xy_message *hello)
{
    static const uint8_t guess[XY_SECRET_SIZE] = "open sesame";
    hello->payload = guess;
    hello->payload_size = sizeof guess;
    if (!run->judge.model.lives[node].greeted)
        forge(run, run->judge.model.lives[node].above, node, hello, 0);
}

static void stranger(struct run *run, uint64_t node)
{
    uint64_t name = 1000000 + draw(run, FAULT_STRANGER, UINT32_MAX);
    uint64_t above = run->judge.model.lives[node].above;
    xy_message message = any_message(run, FAULT_STRANGER, run->judge.model.lives[node].id, node);
    if (message.kind == XY_HELLO)
        impostor(run, node, &message);
    else
        forge(run, draw(run, FAULT_STRANGER, 2) ? above : node, name, &message, 0);
}

/* News of a node that is above the one that sends it, or beside it. */
static void liar(struct run *run, uint64_t node)
{
    const struct model *model = &run->judge.model;
    uint64_t victim = run_pick(run, &run->faults[FAULT_LIAR]);
    int64_t since_us;
    bool speaks = model->lives[node].stage == STAGE_PRESENT && model->lives[node].alive &&
                  !model_hangs(model, node, run_now_us(run), &since_us);
    xy_message news = {.kind = XY_CHANGE,
                       .code = (uint8_t)(1 + draw(run, FAULT_LIAR, XY_CHANGE_END - 1)),
                       .id = model->lives[victim].id,
                       .incarnation = victim};
    if (speaks && (victim == node || !model_is_below(model, victim, node)))
        forge(run, model->lives[node].above, node, &news, 0);
}

void run_fault(struct run *run, enum fault fault)
{
    static void (*const faults[FAULTS_TIMED])(struct run *, uint64_t) = {
        [FAULT_CRASH] = crash,         [FAULT_PAUSE] = pause,         [FAULT_HOLD_UP] = hold_up,
        [FAULT_SLOW] = slow,           [FAULT_STALL] = stall,         [FAULT_FULL] = fill,
        [FAULT_MALFORMED] = malformed, [FAULT_TRUNCATED] = truncated, [FAULT_OLD] = old,
        [FAULT_LIAR] = liar,           [FAULT_STRANGER] = stranger};
    run->next_fault_us[fault] =
        run_now_us(run) + run_gap_us(&run->faults[fault], run->plan.every_us[fault]);
    uint64_t node = run_pick(run, &run->faults[fault]);
    bool needs_life = fault < FAULT_MALFORMED && fault != FAULT_HOLD_UP;
    if (!node || (needs_life && !run->judge.model.lives[node].alive))
        return;
    trace_fault(&run->trace, run_now_us(run), node, fault_names[fault], 0);
    run->verdict.faults[fault]++;
    faults[fault](run, node);
}
