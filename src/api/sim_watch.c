/* What is seen of the networks of a simulation: by its observer, and in traces. */
#include "api/sim.h"

#include <stdio.h>

static int64_t now_us(const xylem *network)
{
    return xy_simulation_now_us(network->world);
}

static void tell(xylem *network, xylem_sim_event event)
{
    event.size = sizeof event;
    event.us = now_us(network);
    event.network = network;
    network->sim->observer(network->sim->owner, &event);
}

static bool is_observed(const xylem *network)
{
    return network->sim->observer != NULL;
}

/* What is common to most events: nothing is known but the node. */
static xylem_sim_event about(const xylem *network, xy_life node, enum xylem_sim_event_kind kind)
{
    return (xylem_sim_event){.kind = kind,
                             .id = xy_simulation_id(network->world, node),
                             .life = node.number,
                             .child = XY_NO_ID,
                             .fault = XYLEM_SIM_NO_FAULT};
}

/* The node below, of a link to this neighbour. */
static int64_t child_of(const xylem *network, xy_life node, const xy_peer *peer)
{
    if (peer->role == XY_PARENT)
        return xy_simulation_id(network->world, node);
    return peer->role == XY_CHILD ? xy_simulation_child(network->world, peer->link) : XY_NO_ID;
}

static void tell_step(xylem *network, xy_life node, const xy_event *step)
{
    xy_message message;
    bool frame = step->kind == XY_EVENT_MESSAGE;
    xylem_sim_event event = about(network, node, frame ? XYLEM_SIM_ARRIVED : XYLEM_SIM_LEARNED);
    if (frame) {
        bool read = xy_message_decode(&message, step->message.frame, step->message.size);
        event.about = network->sim->in_hand = read ? xy_occasion_of(&message) : 0;
        event.child = child_of(network, node, &step->message.from);
    }
    tell(network, event);
}

static void stepping(void *self, xy_life node, const xy_event *event, bool forged)
{
    xylem *network = self;
    if (network->traced)
        xy_trace_event(&network->trace, now_us(network), node.number, event, forged);
    if (is_observed(network))
        tell_step(network, node, event);
}

static void tell_message(xylem *network, xy_life node, const xy_peer *to, unsigned what)
{
    xylem_sim_event event = about(network, node, XYLEM_SIM_SENT);
    event.about = what;
    event.child = child_of(network, node, to);
    tell(network, event);
}

static void acting(void *self, xy_life node, const xy_action *action)
{
    xylem *network = self;
    if (network->traced)
        xy_trace_action(&network->trace, now_us(network), node.number, action);
    if (!is_observed(network))
        return;
    if (action->kind == XY_ACTION_SEND)
        tell_message(network, node, &action->send.to, xy_occasion_of(&action->send.message));
    else if (action->kind == XY_ACTION_FORWARD)
        tell_message(network, node, &action->forward.to, network->sim->in_hand);
}

static void started(void *self, xy_life node, const xy_birth *birth)
{
    xylem *network = self;
    (void)birth;
    if (network->traced)
        xy_trace_started(&network->trace, now_us(network), node.number);
    if (is_observed(network))
        tell(network, about(network, node, XYLEM_SIM_STARTED));
}

static void ended(void *self, xy_life node, xy_end end)
{
    xylem *network = self;
    if (network->traced)
        xy_trace_ended(&network->trace, now_us(network), node.number, end);
    if (is_observed(network))
        tell(network, about(network, node, XYLEM_SIM_ENDED));
}

static void signalled(void *self, xy_life node, xy_fault fault)
{
    const xylem *network = self;
    if (network->traced)
        xy_trace_signalled(&((xylem *)self)->trace, now_us(network), node.number, fault);
}

static void rests(void *self, xy_life node, xy_number request, int64_t ms)
{
    xylem *network = self;
    if (network->traced)
        xy_trace_rest(&network->trace, now_us(network), node.number, request.request, ms);
}

static void asking(void *self, uint64_t number, const xy_command *command)
{
    xylem *network = self;
    if (network->traced)
        xy_trace_command(&network->trace, now_us(network), number, command);
}

static const char *const fault_names[XY_SIM_FAULTS] = {
    [XYLEM_SIM_DROP] = "drop",          [XYLEM_SIM_DELAY] = "delay",
    [XYLEM_SIM_HOLD] = "hold",          [XYLEM_SIM_CRASH] = "crash",
    [XYLEM_SIM_PAUSE] = "pause",        [XYLEM_SIM_SLOW] = "slow",
    [XYLEM_SIM_NO_START] = "stillborn", [XYLEM_SIM_PARTITION] = "partition"};

void xy_sim_count(xylem *network, xy_life node, int64_t id, enum xylem_sim_fault fault)
{
    network->sim->faults[fault]++;
    if (network->traced)
        xy_trace_fault(&network->trace, now_us(network), node.number, fault_names[fault]);
    if (!is_observed(network))
        return;
    xylem_sim_event event = about(network, node, XYLEM_SIM_FAULTED);
    event.id = id;
    event.fault = fault;
    tell(network, event);
}

static void faulted(void *self, xy_life node, int64_t id, enum xylem_sim_fault fault)
{
    xy_sim_count(self, node, id, fault);
}

void xy_sim_watch(xylem *network)
{
    const xy_observer observer = {.self = network,
                                  .stepping = stepping,
                                  .acting = acting,
                                  .started = started,
                                  .ended = ended,
                                  .signalled = signalled,
                                  .rests = rests,
                                  .asking = asking,
                                  .faulted = faulted};
    xy_simulation_observe(network->world, &observer);
}
