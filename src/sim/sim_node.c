#include "sim/sim_node.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

/* Added to a life, it gives a pid of its own to each life, and none of a real process. */
enum { PID_BASE = 1000000000 };

void xy_sim_address(xy_life life, char address[XY_ADDRESS_SIZE])
{
    snprintf(address, XY_ADDRESS_SIZE, "life %" PRIu64, life.number);
}

bool xy_sim_life_at(const char *address, xy_life *life)
{
    return sscanf(address, "life %" SCNu64, &life->number) == 1;
}

void xy_sim_key(xy_life life, char key[XY_KEY_SIZE])
{
    snprintf(key, XY_KEY_SIZE, "%0*" PRIu64, XY_KEY_SIZE - 1, life.number);
}

void xy_sim_node_init(xy_sim_node *node, xy_life life)
{
    *node = (xy_sim_node){.life = life,
                          .end = {.life = life},
                          .tick_ms = XY_NEVER,
                          .tick_us = XY_NEVER,
                          .scheduled_us = XY_NEVER};
}

xy_sim_node *xy_sim_node_new(xy_life life)
{
    xy_sim_node *node = malloc(sizeof *node);
    if (node)
        xy_sim_node_init(node, life);
    return node;
}

void xy_sim_node_free(xy_sim_node *node)
{
    assert(node->stage != XY_SIM_ALIVE && !node->held && !node->task && !node->end.links);
    free(node);
}

/* Of the service, which is over. */
static void clear_service(xy_sim_node *node)
{
    xy_tokens_let_go(&node->tokens);
    xy_calls_close(&node->calls);
    xy_context_clear(&node->context);
}

static bool make_context(xy_sim_node *node, const xy_birth *birth, const xy_log *log,
                         const xy_sim_host *host)
{
    const xy_token_host tokens = {
        .ring = host->ring, .may_answer = host->may_answer, .owner = node};
    if (!xy_context_init(&node->context, node->service, birth))
        return false;
    node->log = (xy_log){log->level, birth->id, log->sink};
    node->context.log = xy_log_of_service;
    node->context.log_owner = &node->log;
    node->context.ops = host->context;
    node->context.world = node;
    node->tokens = node->context.tokens = xy_tokens_new(&tokens);
    if (!node->tokens)
        clear_service(node);
    return node->tokens;
}

static bool open_service(xy_sim_node *node, const xy_birth *birth, const xy_log *log,
                         const xy_sim_host *host, xy_error *error)
{
    node->service = xy_service_named(birth->service);
    if (!node->service)
        return xy_service_missing(birth->service, error);
    if (!make_context(node, birth, log, host))
        return xy_error_code(error, XYLEM_NO_MEMORY);
    if (xy_service_open(node->service, &node->context, NULL, &node->service_state, error))
        return true;
    clear_service(node);
    return false;
}

bool xy_sim_node_begin(xy_sim_node *node, const xy_birth *birth, const xy_log *log,
                       const xy_sim_host *host, xy_error *error)
{
    char address[XY_ADDRESS_SIZE];
    assert(node->stage == XY_SIM_STARTING);
    if (!open_service(node, birth, log, host, error))
        return false;
    xy_sim_address(birth->life, address);
    node->pid = (int64_t)birth->life.number + PID_BASE;
    xy_node_init(&node->node, birth, address);
    node->stage = XY_SIM_ALIVE;
    return true;
}

void xy_sim_node_end(xy_sim_node *node, bool told)
{
    bool stuck = false;
    assert(node->stage == XY_SIM_ALIVE);
    node->stage = XY_SIM_DEAD;
    xy_sim_node_drop_held(node);
    xy_node_clear(&node->node, node->driver.queue);
    xy_calls_close(&node->calls);
    xy_tokens_close(node->tokens);
    if (node->task) {
        xy_task_give_up(node->task);
        stuck = node->task->stage == XY_TASK_STUCK;
        xy_task_free(node->task);
        node->task = NULL;
    }
    if (!stuck && told)
        xy_service_close(node->service, node->service_state);
    else if (!stuck)
        xy_service_release(node->service, node->service_state);
    clear_service(node);
}

int64_t xy_sim_node_id(const xy_sim_node *node)
{
    bool has_begun = node->life.number != 0 && node->stage != XY_SIM_STARTING;
    return has_begun ? node->node.birth.id : XY_NO_ID;
}

void xy_sim_node_hold(xy_sim_node *node, xy_sim_event *what)
{
    DL_APPEND(node->held, what);
}

xy_sim_event *xy_sim_node_take_held(xy_sim_node *node)
{
    xy_sim_event *oldest = node->held;
    if (oldest)
        DL_DELETE(node->held, oldest);
    return oldest;
}

void xy_sim_node_drop_held(xy_sim_node *node)
{
    for (xy_sim_event *what; (what = xy_sim_node_take_held(node));)
        free(what);
}

enum { MILLION = 1000000 };

int64_t xy_sim_node_clock_ms(const xy_sim_node *node, int64_t now_us)
{
    int64_t gained_us = node->clock_drift ? now_us * node->clock_drift / MILLION : 0;
    return (now_us + gained_us + node->clock_ahead_us) / 1000;
}

int64_t xy_sim_node_time_us(const xy_sim_node *node, int64_t clock_ms)
{
    if (clock_ms > XY_NEVER / 1000)
        return XY_NEVER;
    int64_t shown_us = clock_ms * 1000 - node->clock_ahead_us;
    if (!node->clock_drift)
        return shown_us;
    int64_t time_us = shown_us * MILLION / (MILLION + node->clock_drift) - 2;
    while (xy_sim_node_clock_ms(node, time_us) < clock_ms)
        time_us++;
    return time_us;
}
