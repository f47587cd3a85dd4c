#include "runtime/actor.h"

#include <stdio.h>
#include <stdlib.h>

/* Added to an incarnation, it gives a pid of its own to each life, and none of a real process. */
enum { PID_BASE = 1000000000 };

void xy_actor_init(xy_actor *actor, xy_machine machine)
{
    *actor = (xy_actor){.machine = machine, .tick_ms = XY_NEVER};
    actor->held_last = &actor->held;
}

static void join(xy_actor *child, xy_actor *parent)
{
    child->parent = parent;
    child->sibling = parent->children;
    parent->children = child;
}

static void leave(xy_actor *child)
{
    xy_actor **at = &child->parent->children;
    while (*at != child)
        at = &(*at)->sibling;
    *at = child->sibling;
}

static bool open_service(xy_actor *actor, const char *name, char reason[XYLEM_REASON_SIZE])
{
    if (!actor->service) {
        snprintf(reason, XYLEM_REASON_SIZE, "there is no service '%s'", name);
        return false;
    }
    int error = xy_service_open(actor->service, &actor->service_state);
    if (error)
        snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(error));
    return error == XYLEM_OK;
}

xy_actor *xy_actor_new(xy_actor *parent, const xy_birth *birth, char reason[XYLEM_REASON_SIZE])
{
    const xylem_service *service = xy_service_named(birth->service);
    xy_actor *child = malloc(sizeof *child);
    snprintf(reason, XYLEM_REASON_SIZE, "%s", xylem_strerror(XYLEM_NO_MEMORY));
    if (!child)
        return NULL;
    xy_actor_init(child, xy_node_machine(&child->node));
    child->service = service;
    if (!open_service(child, birth->service, reason))
        goto no_service;
    if (!xy_node_init(&child->node, birth, (int64_t)birth->incarnation + PID_BASE))
        goto no_node;
    child->incarnation = birth->incarnation;
    join(child, parent);
    return child;

no_node:
    xy_service_close(service, child->service_state);
no_service:
    free(child);
    return NULL;
}

void xy_actor_free(xy_actor *actor)
{
    leave(actor);
    xy_actor_drop_held(actor);
    xy_service_close(actor->service, actor->service_state);
    xy_node_clear(&actor->node);
    free(actor);
}

void xy_actor_hold(xy_actor *actor, xy_occurrence *what)
{
    what->next = NULL;
    *actor->held_last = what;
    actor->held_last = &what->next;
}

void xy_actor_drop_held(xy_actor *actor)
{
    while (actor->held) {
        xy_occurrence *first = actor->held;
        actor->held = first->next;
        free(first);
    }
    actor->held_last = &actor->held;
}

enum { MILLION = 1000000 };

int64_t xy_actor_clock_ms(const xy_actor *actor, int64_t now_us)
{
    int64_t gained_us = actor->clock_drift ? now_us * actor->clock_drift / MILLION : 0;
    return (now_us + gained_us + actor->clock_ahead_us) / 1000;
}

int64_t xy_actor_time_us(const xy_actor *actor, int64_t clock_ms)
{
    if (clock_ms > XY_NEVER / 1000)
        return XY_NEVER;
    int64_t shown_us = clock_ms * 1000 - actor->clock_ahead_us;
    if (!actor->clock_drift)
        return shown_us;
    int64_t time_us = shown_us * MILLION / (MILLION + actor->clock_drift) - 2;
    while (xy_actor_clock_ms(actor, time_us) < clock_ms)
        time_us++;
    return time_us;
}
