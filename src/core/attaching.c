/* A node attaches to a parent: its first one, or another one.
 *
 *     EXPECT, to the parent ---------> EXPECTED, from the parent through the launcher
 *     ATTACH, through the launcher --> ATTACHED, from the node through the launcher
 *
 * What comes through the launcher is not lost when the way up the tree breaks, and is not passed on
 * by each node above. Each attempt has a link number of its own, and the highest one counts. An
 * attempt that is not wanted any more is undone: the parent lets the link go. A node that was told
 * to attach may do so at any later time, so another attempt, and not its abandonment, brings it
 * elsewhere.
 */
#include "core/controller_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

bool xy_is_told(const xy_map_node *node)
{
    return node->attaching == XY_ATTACH_TOLD;
}

void xy_secret_of(const xy_controller *controller, xy_life life, uint8_t secret[XY_SECRET_SIZE])
{
    for (uint64_t i = 0; i < XY_SECRET_SIZE / sizeof(uint64_t); i++) {
        uint64_t word =
            xy_random_at(&controller->random, XY_STREAM_SECRET, life.number * XY_SECRET_SIZE + i);
        memcpy(secret + i * sizeof word, &word, sizeof word);
    }
}

/* Letting go. Without memory the parent keeps a child that it hears nothing of: what it says of it
 * is passed over. */
static void let_go_at(xy_controller *controller, xy_map_node *parent, xy_link_number link,
                      xy_queue *out)
{
    if (!parent)
        xy_subtree_let_go(&controller->subtree, link, out);
    else if (parent->stage == XY_STAGE_PRESENT && !parent->dead)
        xy_tell(controller, parent, XY_LET_GO, (int64_t)link.number, out);
}

void xy_let_go(xy_controller *controller, const xy_map_node *node, xy_queue *out)
{
    if (node->attached)
        let_go_at(controller, node->linked.parent, node->peer.link, out);
}

/* The parent to be. False: it is not on the map any more. */
static bool target_of(const xy_controller *controller, const xy_map_node *node,
                      xy_map_node **parent)
{
    *parent = node->target.number ? xy_map_of_life(&controller->map, node->target) : NULL;
    return *parent || node->target.number == 0;
}

static void stop_attaching(xy_controller *controller, xy_map_node *node)
{
    xy_map_node *parent;
    if (node->attaching != XY_NOT_ATTACHING && target_of(controller, node, &parent) && parent) {
        parent->comers--;
        xy_removal_left(controller, parent);
    }
    controller->moving -= node->moving;
    node->moving = false;
    node->attaching = XY_NOT_ATTACHING;
    if (node->way)
        xy_end_errand(controller, node->way);
    node->way = NULL;
}

/* Whether it is on the map with a parent to which it can come back. */
static bool can_come_back(const xy_map_node *node)
{
    return node->attached && node->stage == XY_STAGE_PRESENT && !node->dead && !node->given_up;
}

void xy_attach_abandon(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_map_node *parent;
    if (node->attaching >= XY_ATTACH_EXPECT && target_of(controller, node, &parent))
        let_go_at(controller, parent, node->coming.link, out);
    node->strays = can_come_back(node) && (node->strays || xy_is_told(node));
    if (node->strays)
        xy_retry_later(controller);
    stop_attaching(controller, node);
}

/* Beginning. */

static xy_expectation expectation_of(const xy_controller *controller, const xy_map_node *node)
{
    xy_expectation expectation = {.id = node->id, .life = node->life, .child = node->coming};
    xy_secret_of(controller, node->life, expectation.secret);
    memcpy(expectation.key, node->key, XY_KEY_SIZE);
    return expectation;
}

/* Has a parent below let the node attach; also again, if this may have been lost on its way. */
static int send_expect(xy_controller *controller, const xy_map_node *node,
                       const xy_map_node *parent, xy_queue *out)
{
    uint8_t payload[XY_EXPECTATION_SIZE];
    xy_expectation expectation = expectation_of(controller, node);
    xy_message head = {.code = XY_EXPECT, .number = xy_request_number(node->way)};
    xy_expectation_encode(&expectation, payload);
    return xy_send_own(controller, parent, &head, payload, sizeof payload, out);
}

static int expect(xy_controller *controller, xy_map_node *node, xy_map_node *parent, xy_queue *out)
{
    node->attaching = parent ? XY_ATTACH_EXPECT : XY_ATTACH_READY;
    if (parent)
        return send_expect(controller, node, parent, out);
    xy_expectation expectation = expectation_of(controller, node);
    return xy_subtree_expect(&controller->subtree, &expectation, out);
}

/* Expects it on the link that was given to it. */
static int begin(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_map_node *parent;
    int error = XYLEM_UNAVAILABLE;
    if (target_of(controller, node, &parent) && xy_is_usable(parent))
        error = expect(controller, node, parent, out);
    if (error)
        stop_attaching(controller, node);
    else if (!parent)
        xy_attach_tell(controller, node, out);
    return error;
}

int xy_attach(xy_controller *controller, xy_map_node *node, xy_map_node *parent, xy_queue *out)
{
    xy_attach_abandon(controller, node, out);
    node->way = xy_enter_errand(controller, XY_EXPECT, node->life, 0);
    if (!node->way)
        return XYLEM_NO_MEMORY;
    node->target = parent ? parent->life : (xy_life){0};
    node->coming = (xy_peer){XY_CHILD,
                             {++controller->link},
                             xy_random_at(&controller->random, XY_STREAM_LINK, controller->link)};
    node->attaching = XY_ATTACH_KEY;
    node->unsure = node->silent_there = false;
    node->changes_there = 0;
    if (parent)
        parent->comers++;
    node->moving = node->attached;
    controller->moving += node->moving;
    xy_attach_await(controller, node);
    return controller->keyed && !node->key[0] ? XYLEM_OK : begin(controller, node, out);
}

int xy_attach_keyed(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    return node->attaching == XY_ATTACH_KEY && node->key[0] ? begin(controller, node, out)
                                                            : XYLEM_OK;
}

/* Telling. */

/* How late a node that has left its parent may say that it has another one: that it had one it said
 * three heartbeat intervals before it is missed. */
static int64_t lateness_ms(const xy_controller *controller)
{
    int64_t interval_ms = controller->subtree.detector.interval_ms;
    return interval_ms + xy_detector_margin_ms(interval_ms);
}

/* For how long a node that has lost its parent may take before it counts as silent. The parent to
 * be may hang since then: that is to be found out first. */
static int64_t patience_ms(const xy_controller *controller)
{
    const xy_detector *detector = &controller->subtree.detector;
    int64_t expiry_ms = xy_detector_expiry(detector, controller->now_ms + lateness_ms(controller));
    int64_t late_ms = controller->now_ms + controller->timeout_ms;
    return expiry_ms < late_ms ? expiry_ms : late_ms;
}

/* A node that strays comes back to where it is on the map, now or when that is reachable again. It
 * strays until it is told so. */
static void bring_back(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (can_come_back(node) && !node->way && xy_is_usable(node->linked.parent) &&
        xy_attach(controller, node, node->linked.parent, out) != XYLEM_OK)
        xy_retry_later(controller);
}

void xy_attach_retry(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_map_node *parent;
    xy_attach_tell(controller, node, out);
    if (node->strays)
        bring_back(controller, node, out);
    if (!node->unsure || !node->way || !target_of(controller, node, &parent) || !parent ||
        !xy_is_usable(parent))
        return;
    node->unsure = send_expect(controller, node, parent, out) == XYLEM_NO_MEMORY;
    if (node->unsure)
        xy_retry_later(controller);
}

void xy_attach_await(xy_controller *controller, xy_map_node *node)
{
    int64_t due_ms = patience_ms(controller);
    int64_t soon_ms = controller->now_ms + lateness_ms(controller);
    bool left = node->silent_here && node->way; /* perhaps: it was told to attach elsewhere */
    if (!xy_is_told(node) && !left)
        return;
    if (left && soon_ms < due_ms)
        due_ms = soon_ms;
    xy_table_reschedule(&controller->errands.table, &node->way->slot, due_ms);
}

void xy_attach_tell(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_action action = {
        .kind = XY_ACTION_ATTACH,
        .attach = {.life = node->life,
                   .to = {.parent = {XY_PARENT, node->coming.link, node->coming.tag}}}};
    xy_map_node *parent;
    if (node->attaching != XY_ATTACH_READY || !target_of(controller, node, &parent))
        return;
    snprintf(action.attach.to.address, XY_ADDRESS_SIZE, "%s",
             parent ? parent->address : controller->address);
    if (!xy_queue_push(out, &action)) {
        xy_retry_later(controller);
        return;
    }
    node->attaching = XY_ATTACH_TOLD;
    node->strays = false;
    xy_attach_await(controller, node);
    if (node->stage == XY_STAGE_STARTING)
        xy_create_give_time(controller, node);
}

/* A parent that refuses a node is not asked again for the time being. */
static void refused(xy_controller *controller, xy_map_node *node, int status, const void *reason,
                    size_t size, xy_queue *out)
{
    node->refused = node->target;
    xy_attach_abandon(controller, node, out);
    if (node->stage == XY_STAGE_STARTING)
        xy_create_refused(controller, node, status, reason, size, out);
    else
        xy_move_refused(controller, node, status, reason, size, out);
    xy_retry_later(controller);
}

void xy_attach_expected(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, event->expected.life);
    if (!node || node->attaching != XY_ATTACH_EXPECT ||
        node->coming.link.number != event->expected.link.number ||
        node->coming.tag != event->expected.tag)
        return;
    node->attaching = XY_ATTACH_READY;
    xy_attach_tell(controller, node, out);
}

void xy_attach_refused(xy_controller *controller, xy_request *way, int status, const void *reason,
                       size_t size, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, way->life), *parent;
    assert(node && node->way == way && status);
    if (node->attaching != XY_ATTACH_EXPECT)
        return;
    bool there = target_of(controller, node, &parent) && parent;
    if (status == XYLEM_UNAVAILABLE && there && parent->available)
        return; /* word of the cause is on its way */
    bool starts = node->stage == XY_STAGE_STARTING;
    if (status == XYLEM_BUSY || (status == XYLEM_NO_MEMORY && !starts)) {
        node->unsure = true; /* the parent is asked again */
        xy_retry_later(controller);
        return;
    }
    if (status == XYLEM_UNAVAILABLE || status == XYLEM_NOT_FOUND)
        status = XYLEM_PARENT_UNAVAILABLE;
    refused(controller, node, status, reason, size, out);
}

/* The time of a node that does not attach is over. It may still come. */
void xy_attach_expired(xy_controller *controller, xy_request *way, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, way->life);
    assert(node && node->way == way);
    xy_table_reschedule(&controller->errands.table, &way->slot, XY_NEVER);
    controller->moving -= node->moving;
    node->moving = false;
    if (node->stage == XY_STAGE_RESTARTING) {
        node->given_up = true; /* it comes too late from now on */
        xy_kill(controller, node, false, out);
    } else if (node->stage == XY_STAGE_PRESENT && (node->adrift || node->silent_here) &&
               !node->silent)
        xy_node_silent(controller, node, out);
}

/* Attaching. */

/* Where its children reach it. */
static bool take_address(xy_map_node *node, const char *address)
{
    size_t size = strlen(address) + 1;
    char *copy = xy_resize(NULL, size);
    if (!copy)
        return false;
    memcpy(copy, address, size);
    xy_release(node->address);
    node->address = copy;
    return true;
}

/* On the map it is where it is now. */
static void link_to(xy_controller *controller, xy_map_node *node, xy_map_node *parent,
                    xy_queue *out)
{
    xy_map_node *old = node->attached ? node->linked.parent : NULL;
    xy_let_go(controller, node, out);
    if (node->attached)
        xy_map_unlink(&controller->map, node);
    xy_map_link(&controller->map, node, parent);
    node->peer = node->coming;
    node->changes = node->changes_there;
    node->silent_here = false;
    node->refused = (xy_life){0};
    stop_attaching(controller, node);
    if (old)
        xy_removal_left(controller, old);
}

/* A life whose address there is no memory for is of no use. */
static void cannot_be_reached(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (node->stage == XY_STAGE_STARTING) {
        refused(controller, node, XYLEM_NO_MEMORY, NULL, 0, out);
        return;
    }
    node->given_up = true;
    xy_kill(controller, node, false, out);
}

static void begun(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    if (node->stage == XY_STAGE_STARTING)
        xy_create_attached(controller, node, out);
    else
        xy_restarted(controller, node, out);
}

/* It has another parent now. */
static void arrived(xy_controller *controller, xy_map_node *node, bool moved, xy_queue *out)
{
    controller->counts.moves += moved || node->astray;
    if (node->silent)
        xy_node_back(controller, node, out);
    if (node->adrift)
        xy_repaired(controller, node);
    xy_refresh(controller, node, out);
    xy_tell_of_repair(controller, node, out);
    xy_send_again(controller, node, out);
    xy_attach_anew(controller, node, out);
    xy_moved(controller, node, out);
}

static void attached(xy_controller *controller, xy_map_node *node, const char *address,
                     xy_queue *out)
{
    xy_map_node *parent;
    bool again = node->stage == XY_STAGE_PRESENT || node->waits, moved = node->attached;
    bool silent = node->silent_there;
    if (!target_of(controller, node, &parent))
        return; /* it is on its way elsewhere */
    if (!node->address && !take_address(node, address)) {
        cannot_be_reached(controller, node, out);
        return;
    }
    link_to(controller, node, parent, out);
    node->heard_ms = controller->now_ms;
    if (again)
        arrived(controller, node, moved, out);
    else
        begun(controller, node, out);
    if (silent && (node->stage == XY_STAGE_PRESENT || node->waits))
        xy_node_silent(controller, node, out);
    controller->unsettled = true;
}

void xy_attach_astray(xy_controller *controller, xy_map_node *node, xy_queue *out)
{
    xy_lose_parent(controller, node, out);
    node->astray = true;
}

/* It has attached on a link that was abandoned, after it was told and before it was told of a later
 * one: the parent that it had before has lost it. Where no node moves once, this is a lie. */
static void attached_astray(xy_controller *controller, xy_map_node *node, xy_link_number link,
                            xy_queue *out)
{
    bool told_later = xy_is_told(node) && node->coming.link.number > link.number;
    if (!controller->keeps || node->stage != XY_STAGE_PRESENT || told_later || !node->attached ||
        node->peer.link.number >= link.number)
        return;
    xy_attach_astray(controller, node, out);
}

void xy_attached(xy_controller *controller, const xy_event *event, xy_queue *out)
{
    xy_map_node *node = xy_map_of_life(&controller->map, event->attached.life);
    xy_link_number link = event->attached.link;
    if (!node || node->dead || node->given_up || controller->closing)
        return;
    if (!xy_is_told(node) || node->coming.link.number != link.number)
        attached_astray(controller, node, link, out);
    else
        attached(controller, node, event->attached.address, out);
}

/* What happens meanwhile. */

static xy_map_node *next_attaching(const xy_controller *controller, xy_request **way)
{
    while (*way && (*way)->kind != XY_EXPECT)
        *way = xy_requests_next(*way);
    return *way ? xy_map_of_life(&controller->map, (*way)->life) : NULL;
}

void xy_attach_elsewhere(xy_controller *controller, xy_queue *out)
{
    bool heals = xy_repairs(controller) || controller->topology->arranges;
    xy_request *way = xy_requests_first(&controller->errands), *next;
    for (xy_map_node *node; (node = next_attaching(controller, &way)); way = next) {
        xy_map_node *parent;
        next = xy_requests_next(way);
        bool there = target_of(controller, node, &parent);
        bool waits = there && parent && parent->waits && xy_is_told(node);
        if (waits || (there && xy_is_usable(parent)))
            continue;
        xy_attach_abandon(controller, node, out);
        controller->unsettled = true;
        if (!there || parent == node->wanted.parent) /* not the one before a move */
            xy_move_in_vain(controller, node, out);
        if (node->strays)
            bring_back(controller, node, out);
        else if (node->stage == XY_STAGE_STARTING && !heals)
            xy_create_orphaned(controller, node, out);
        else
            continue;
        next = xy_requests_first(&controller->errands); /* others may have gone with it */
    }
}

/* What their parents to be were told may have been lost on a way that is not there any more. */
void xy_attach_anew(xy_controller *controller, const xy_map_node *top, xy_queue *out)
{
    xy_request *way = xy_requests_first(&controller->errands), *next;
    if (controller->past_tree) /* that way has not changed */
        return;
    for (xy_map_node *node; (node = next_attaching(controller, &way)); way = next) {
        xy_map_node *parent;
        next = xy_requests_next(way);
        if (node->attaching != XY_ATTACH_EXPECT || !target_of(controller, node, &parent) ||
            !parent || !xy_map_is_below(top, parent, XY_LINKED))
            continue;
        node->unsure = send_expect(controller, node, parent, out) == XYLEM_NO_MEMORY;
        if (node->unsure)
            xy_retry_later(controller);
    }
}
