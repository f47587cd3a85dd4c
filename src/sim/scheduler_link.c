/* What nodes send, and how long it takes. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "sim/scheduler_parts.h"

/* How long a frame takes, in microseconds; up to as much again is drawn on top. */
enum { DELIVERY_US = 40 };

xy_sim_node *xy_scheduler_node_of(xy_queue_end *end)
{
    return (xy_sim_node *)((char *)end - offsetof(xy_sim_node, end));
}

static int64_t arrival_us(xy_scheduler *scheduler, const xy_sim_node *to)
{
    return scheduler->now_us + xy_scheduler_about_us(&scheduler->network, DELIVERY_US) +
           xy_scheduler_slowness_us(scheduler, to) +
           xy_scheduler_draw_us(&scheduler->delay, scheduler->rates.jitter_us);
}

/* Where a message goes; NULL: nowhere. */
typedef struct route {
    xy_queue_link *link;
    xy_lane *lane;
} route;

static int find_route(const xy_sim_node *from, const xy_peer *to, const xy_message *message,
                      bool lossy, route *way)
{
    const xy_scheduler *scheduler = from->scheduler;
    way->link = xy_queue_links_find(&scheduler->links, to->link);
    return xy_queue_link_lane(&scheduler->links, &from->end, to, xy_message_size(message),
                              lossy ? XY_LOSSY : xy_message_urgency(message), scheduler->now_us,
                              &way->lane);
}

static void put(xy_scheduler *scheduler, const route *way, xy_frame *frame)
{
    const xy_sim_node *to = xy_scheduler_node_of(xy_queue_link_hearer(way->link, way->lane));
    frame->met = false;
    xy_lane_put(way->lane, frame, arrival_us(scheduler, to));
    xy_scheduler_enter_lane(scheduler, way->link, way->lane);
}

static int send(xy_sim_node *from, const xy_action *action)
{
    route way;
    const xy_message *message = &action->send.message;
    int error = find_route(from, &action->send.to, message, action->send.lossy, &way);
    if (error || !way.lane)
        return error;
    xy_frame *frame = xy_frame_new(&from->scheduler->links, xy_message_size(message));
    if (!frame)
        return XYLEM_NO_MEMORY;
    frame->origin = from->life;
    xy_message_encode(message, frame->bytes);
    put(from->scheduler, &way, frame);
    return XYLEM_OK;
}

/* The frame that the node has just heard, once. */
static int forward(xy_sim_node *from, const xy_action *action)
{
    route way;
    xy_message message;
    xy_frame *frame = from->scheduler->in_hand;
    assert(frame);
    if (!xy_message_decode(&message, frame->bytes, frame->size))
        return XYLEM_OK; /* the machine passes on nothing that it could not read */
    int error = find_route(from, &action->forward.to, &message, false, &way);
    if (error || !way.lane)
        return error;
    from->scheduler->in_hand = NULL;
    put(from->scheduler, &way, frame);
    return XYLEM_OK;
}

/* In a keyed world a child that has another key than expected never comes. */
static int expect(xy_sim_node *parent, const xy_action *action)
{
    char key[XY_KEY_SIZE] = "";
    if (parent->scheduler->keyed)
        xy_sim_key(action->expect.life, key);
    if (strcmp(key, action->expect.key) != 0)
        return XYLEM_OK;
    return xy_queue_link_expect(&parent->scheduler->links, &parent->end, &action->expect.child);
}

static int connect(xy_sim_node *child, const xy_action *action)
{
    xy_life life;
    const xy_attachment *to = &action->connect;
    xy_sim_node *parent = xy_sim_life_at(to->address, &life)
                              ? xy_scheduler_find_living(child->scheduler, life)
                              : NULL;
    return xy_queue_link_connect(&child->scheduler->links, &child->end, &to->parent,
                                 parent ? &parent->end : NULL);
}

int xy_scheduler_send(xy_driver *driver, xy_action *action)
{
    xy_sim_node *who = driver->world;
    if (who->scheduler->halted)
        return XYLEM_OK;
    switch (action->kind) {
    case XY_ACTION_SEND:
        return send(who, action);
    case XY_ACTION_FORWARD:
        return forward(who, action);
    case XY_ACTION_EXPECT:
        return expect(who, action);
    case XY_ACTION_LET_GO:
        xy_queue_link_let_go(&who->scheduler->links, &who->end, &action->let_go.child);
        return XYLEM_OK;
    case XY_ACTION_DISCONNECT:
        xy_queue_link_disconnect(&who->scheduler->links, &who->end, &action->disconnect.parent);
        return XYLEM_OK;
    default:
        return connect(who, action);
    }
}
