#include "sim/forgery.h"

#include <string.h>

static uint64_t draw(struct run *run, enum fault fault, uint64_t bound)
{
    return xy_draw_below(&run->faults[fault], bound);
}

static const struct life *life_of(const struct run *run, uint64_t node)
{
    return &run->check.model.lives[node];
}

/* The names of the two ends of a link. */
static xy_peer parent_by(const struct run *run, uint64_t link)
{
    return (xy_peer){XY_PARENT, {link}, model_link(&run->check.model, link)->tag};
}

static xy_peer child_by(const struct run *run, uint64_t link)
{
    return (xy_peer){XY_CHILD, {link}, model_link(&run->check.model, link)->tag};
}

/* The names under which a node and its parent know each other. */
static xy_peer parent_of(const struct run *run, uint64_t node)
{
    return parent_by(run, life_of(run, node)->link);
}

static xy_peer child_of(const struct run *run, uint64_t node)
{
    return child_by(run, life_of(run, node)->link);
}

/* Whether a node might say something now, so that its parent learns nothing from that. */
static bool speaks(const struct run *run, uint64_t node)
{
    const struct life *life = life_of(run, node);
    int64_t since_us;
    return life->alive && life->stage == STAGE_PRESENT && !life->silent &&
           !model_hangs(&run->check.model, node, run_now_us(run), &since_us);
}

/* A number that looks right, with a tag that is not. */
static xy_number wrong_number(struct run *run, enum fault fault)
{
    const struct history *history = &run->check.history;
    xy_number number = {(1ull << 62) + draw(run, fault, 1000),
                        CHECK_FORGED_TAG(draw(run, fault, UINT32_MAX))};
    if (history->waiting > 0 && draw(run, fault, 4) > 0)
        number.request = history->open[draw(run, fault, history->waiting)];
    return number;
}

/* What a message of its kind has to have so that it is well-formed. */
static size_t payload_size(const xy_message *message)
{
    if (message->kind == XY_HELLO)
        return XY_SECRET_SIZE;
    if (message->kind == XY_REQUEST && message->code == XY_EXPECT)
        return XY_EXPECTATION_SIZE;
    return 0;
}

/* A child that there is not. */
static void expect_none(const xy_message *request, uint8_t payload[XY_EXPECTATION_SIZE])
{
    xy_expectation expectation = {.id = request->id,
                                  .life = {1u << 30},
                                  .child = {XY_CHILD, {1u << 30}, CHECK_FORGED_TAG(1)}};
    xy_expectation_encode(&expectation, payload);
}

/* Has a frame arrived: a message, with its route and what else it needs, and perhaps too long or
 * too short. */
static void arrive(struct run *run, uint64_t at, const xy_peer *from, xy_message message,
                   const uint8_t *route, int64_t more)
{
    uint8_t frame[512] = {0}, body[256] = {0};
    if (route)
        memcpy(body, route, message.route_size);
    if (message.kind == XY_REQUEST && message.code == XY_EXPECT)
        expect_none(&message, body + message.route_size);
    message.payload_size = (uint32_t)payload_size(&message);
    message.body = body;
    xy_message_encode(&message, frame);
    xy_simulation_forge(run->world, (xy_life){at}, *from, frame,
                        (size_t)((int64_t)xy_message_size(&message) + more));
}

static xy_message any_message(struct run *run, enum fault fault, uint64_t node)
{
    xy_message message = {.kind = (xy_kind)(1 + draw(run, fault, XY_KIND_END - 1)),
                          .number = wrong_number(run, fault),
                          .id = life_of(run, node)->id,
                          .life = {node},
                          .link = {life_of(run, node)->link},
                          .value = (int64_t)draw(run, fault, 5000),
                          .budget_ms = 1000};
    if (message.kind == XY_REQUEST)
        message.code = (uint8_t)(1 + draw(run, fault, XY_OPERATION_END - 1));
    if (message.kind == XY_CHANGE)
        message.code = (uint8_t)(1 + draw(run, fault, XY_CHANGE_END - 1));
    return message;
}

static xy_message any_request(struct run *run, enum fault fault, uint64_t node)
{
    xy_message message = any_message(run, fault, node);
    message.kind = XY_REQUEST;
    message.code = (uint8_t)(1 + draw(run, fault, XY_OPERATION_END - 1));
    return message;
}

/* One end of the link of a node: its own as a rule. */
static uint64_t one_end(const struct run *run, uint64_t node, xy_peer *from)
{
    bool own = node % 2 == 0;
    *from = own ? parent_of(run, node) : child_of(run, node);
    return own ? node : life_of(run, node)->above;
}

static bool malformed(struct run *run, uint64_t node)
{
    uint8_t frame[64];
    xy_peer from;
    uint64_t at = one_end(run, node, &from);
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (uint8_t)draw(run, FAULT_MALFORMED, 256);
    frame[0] = 'X'; /* so it is none, whatever the rest says */
    xy_simulation_forge(run->world, (xy_life){at}, from, frame,
                        draw(run, FAULT_MALFORMED, sizeof frame));
    return true;
}

static bool truncated(struct run *run, uint64_t node)
{
    xy_peer from;
    uint64_t at = one_end(run, node, &from);
    xy_message message = any_message(run, FAULT_TRUNCATED, node);
    int64_t more = (int64_t)draw(run, FAULT_TRUNCATED, XY_MESSAGE_HEADER + 16) - XY_MESSAGE_HEADER;
    arrive(run, at, &from, message, NULL, more == 0 ? 1 : more);
    return true;
}

/* Something comes over an earlier link: of a child that was let go, also in an earlier life, or of
 * a parent that the node has left. */
static bool old(struct run *run, uint64_t node)
{
    const struct model *model = &run->check.model;
    uint64_t last = model->links_count > 0 ? model->links_count - 1 : 0;
    for (uint64_t number = draw(run, FAULT_OLD, last + 1); number > 0; number--) {
        const struct link *link = model_link(model, number);
        bool up = link->child && !link->expected && model->lives[link->above].alive;
        bool down = link->child && link->left && model->lives[link->child].alive;
        xy_peer from = up ? child_by(run, number) : parent_by(run, number);
        if (!up && !down)
            continue;
        xy_message message =
            any_message(run, FAULT_OLD, draw(run, FAULT_OLD, 2) ? node : link->child);
        arrive(run, up ? link->above : link->child, &from, message, NULL, 0);
        return true;
    }
    return false;
}

/* All is right but the link or the tag in the name of the sender. */
static bool stranger(struct run *run, uint64_t node)
{
    xy_peer from;
    uint64_t at = one_end(run, node, &from);
    if (draw(run, FAULT_STRANGER, 2))
        from.tag ^= 1 + draw(run, FAULT_STRANGER, UINT32_MAX);
    else
        from.link.number += 1000000;
    arrive(run, at, &from, any_message(run, FAULT_STRANGER, node), NULL, 0);
    return true;
}

/* A child that is expected says hello, but not with its secret; or something else before that. */
static bool impostor(struct run *run, uint64_t node)
{
    const struct model *model = &run->check.model;
    for (uint64_t i = 0; i < model->count; i++) {
        uint64_t of = (node + i) % model->count, number = life_of(run, of)->highest;
        const struct link *link = model_link(model, number);
        if (of == 0 || !link->expected || link->connected)
            continue;
        xy_message hello = any_message(run, FAULT_IMPOSTOR, of);
        xy_peer from = child_by(run, number);
        if (draw(run, FAULT_IMPOSTOR, 2) || hello.kind == XY_HELLO) {
            hello.kind = XY_HELLO;
            hello.code = 0;
        }
        arrive(run, link->above, &from, hello, NULL, 0);
        return true;
    }
    return false;
}

/* A request of the parent that is on the way of another node, or that goes on to no child. */
static bool astray(struct run *run, uint64_t node)
{
    uint8_t route[16];
    const struct life *life = life_of(run, node);
    xy_peer from = parent_of(run, node);
    xy_message request = any_request(run, FAULT_ASTRAY, node);
    if (!life->alive || !life->link)
        return false;
    if (draw(run, FAULT_ASTRAY, 2)) {
        request.link.number += 1 + draw(run, FAULT_ASTRAY, 1000);
    } else {
        xy_link_number none = {life->link + 1000000 + draw(run, FAULT_ASTRAY, 1000)};
        request.route_size = (uint16_t)xy_route_put(route, request.link, none);
        request.route_size -= (uint16_t)draw(run, FAULT_ASTRAY, 2);
    }
    arrive(run, node, &from, request, route, 0);
    return true;
}

/* A request of the parent for another life, of the node itself or of a child. */
static bool misdirected(struct run *run, uint64_t node)
{
    uint8_t route[16];
    const struct model *model = &run->check.model;
    xy_peer from = parent_of(run, node);
    xy_message request = any_request(run, FAULT_MISDIRECTED, node);
    if (!life_of(run, node)->alive || !life_of(run, node)->link)
        return false;
    request.life.number = draw(run, FAULT_MISDIRECTED, node);
    for (uint64_t i = node + 1; i < model->count; i++)
        if (model->lives[i].above == node && model_link(model, model->lives[i].link)->expected &&
            request.route_size == 0) {
            xy_link_number child = {model->lives[i].link};
            request.route_size = (uint16_t)xy_route_put(route, request.link, child);
            request.id = model->lives[i].id;
        }
    arrive(run, node, &from, request, route, 0);
    return true;
}

/* News of any node, or what it publishes, with a tag that is not that of its link, or of its life.
 */
static bool liar(struct run *run, uint64_t node)
{
    uint64_t victim = run_pick(run, &run->faults[FAULT_LIAR]);
    xy_message news = any_message(run, FAULT_LIAR, victim);
    xy_peer from = child_of(run, node);
    static const xy_kind kinds[] = {XY_CHANGE, XY_STATE, XY_CHUNK};
    news.kind = kinds[draw(run, FAULT_LIAR, 3)];
    news.code =
        news.kind == XY_CHANGE ? (uint8_t)(1 + draw(run, FAULT_LIAR, XY_CHANGE_END - 1)) : 0;
    if (news.kind == XY_STATE)
        news.value = INT64_MAX;  /* later than any */
    if (news.kind == XY_CHUNK) { /* the next one */
        news.number.request = 0;
        news.value = (int64_t)life_of(run, victim)->passed + 1;
    }
    if (!speaks(run, node))
        return false;
    arrive(run, life_of(run, node)->above, &from, news, NULL, 0);
    return true;
}

/* A reply that the controlling node has not asked for, of any status. */
static bool unasked(struct run *run, uint64_t node)
{
    xy_message reply = any_message(run, FAULT_UNASKED, node);
    xy_peer from = child_of(run, node);
    reply.kind = XY_REPLY;
    reply.code = 0;
    reply.status = (int)draw(run, FAULT_UNASKED, 4) ? XYLEM_OK : XYLEM_FAILED;
    if (!speaks(run, node))
        return false;
    arrive(run, life_of(run, node)->above, &from, reply, NULL, 0);
    return true;
}

void forge(struct run *run, enum fault fault, uint64_t node)
{
    static bool (*const forgeries[FAULTS_TIMED])(struct run *,
                                                 uint64_t) = {[FAULT_MALFORMED] = malformed,
                                                              [FAULT_TRUNCATED] = truncated,
                                                              [FAULT_OLD] = old,
                                                              [FAULT_STRANGER] = stranger,
                                                              [FAULT_IMPOSTOR] = impostor,
                                                              [FAULT_ASTRAY] = astray,
                                                              [FAULT_MISDIRECTED] = misdirected,
                                                              [FAULT_LIAR] = liar,
                                                              [FAULT_UNASKED] = unasked};
    if (life_of(run, node)->link && forgeries[fault](run, node))
        run_count(run, fault, node);
}
