/* What goes over links, and who is attached to whom: I13 and I14. */
#include "sim/check.h"

#include <inttypes.h>
#include <string.h>

/* The event in hand. */

/* The life that a peer of a node is; 0: the controlling node; itself when it is none. */
static uint64_t neighbour(const struct check *check, uint64_t node, const xy_peer *peer)
{
    const struct link *link = model_link(&check->model, peer->link.number);
    if (!link->child || link->tag != peer->tag)
        return node;
    if (peer->role == XY_PARENT)
        return link->child == node ? link->above : node;
    return link->above == node ? link->child : node;
}

/* A node hears the parent that it has, and the one that it attaches to until that welcomes it. */
static bool is_parent(const struct check *check, uint64_t node)
{
    const struct life *life = &check->model.lives[node];
    uint64_t link = check->hand.from.link.number;
    return life->welcomed && link == life->link
               ? true
               : link == life->coming && check->hand.message.kind == XY_WELCOME;
}

/* The sender is not a neighbour, not yet, or not any more. */
static bool is_strange(const struct check *check, uint64_t node)
{
    const struct hand *hand = &check->hand;
    const struct link *link = model_link(&check->model, hand->from.link.number);
    if (!hand->heard)
        return false;
    if (neighbour(check, node, &hand->from) == node)
        return true;
    return hand->from.role == XY_CHILD ? !link->expected || !link->connected
                                       : !is_parent(check, node);
}

/* It is alive, whatever it says. */
static bool is_silent_child(const struct check *check)
{
    const xy_children *children = &check->controller->subtree.children;
    const xy_child *child = xy_children_known(children, &check->hand.from);
    return child && child->state == XY_CHILD_SILENT;
}

static bool is_forged_tag(uint64_t tag)
{
    return (tag | CHECK_FORGED_MORE) == CHECK_FORGED_TAG(CHECK_FORGED_MORE);
}

/* A reply that cannot be sent is replaced by an error; a request that was sent before comes again.
 */
static void unsent(struct check *check, uint64_t node, const xy_event *event)
{
    struct entry *entry = history_of(&check->history, event->unsent.request.request);
    check->hand.passed_on = is_forged_tag(event->unsent.request.tag);
    check->hand.errand = event->unsent.request.request & XY_ERRAND;
    if (!entry || entry->tag != event->unsent.request.tag)
        return;
    if (event->unsent.kind == XY_REPLY)
        entry->unsent = true;
    else if (event->unsent.kind == XY_REQUEST && event->unsent.status != XYLEM_UNAVAILABLE)
        entry->held_back = true;
    entry->refused = node == 0 && event->unsent.kind == XY_REQUEST;
}

void check_hand(struct check *check, uint64_t node, const xy_event *event, bool forged)
{
    struct hand *hand = &check->hand;
    *hand = (struct hand){.forged = forged};
    hand->settles = node == 0 && check->controller->unsettled;
    if (event->kind == XY_EVENT_MESSAGE) {
        hand->from = event->message.from;
        hand->heard = xy_message_decode(&hand->message, event->message.frame, event->message.size);
        if (!hand->heard)
            hand->message = (xy_message){.kind = 0};
        xy_message onward = hand->message;
        if (hand->heard && onward.kind == XY_REQUEST)
            xy_message_next(&onward, &hand->next);
        hand->message.body = NULL;
        hand->strange = is_strange(check, node);
        hand->settles |= node == 0 && is_silent_child(check);
        hand->passed_on = !forged && hand->heard && is_forged_tag(hand->message.number.tag);
    }
    if (event->kind == XY_EVENT_ATTACHED)
        hand->attached = event->attached.link.number;
    if (event->kind == XY_EVENT_UNSENT)
        unsent(check, node, event);
}

/* The node that passed a message on lives, and may have been silent before. */
static bool tells_of_return(const struct check *check, const xy_action *action)
{
    if (action->kind == XY_ACTION_SEND)
        return action->send.message.kind == XY_CHANGE &&
               action->send.message.code == XY_CHANGE_BACK;
    if (action->kind == XY_ACTION_NOTICE)
        return action->notice.kind == XY_NOTICE_AVAILABLE;
    if (action->kind != XY_ACTION_REPLY)
        return false;
    const struct entry *entry = history_find(&check->history, action->reply.command);
    return entry && entry->kind == XY_COMMAND_WAIT;
}

/* Nodes are moved, and told what they were not told yet. */
static bool is_settling(const xy_action *action)
{
    return action->kind == XY_ACTION_EXPECT || action->kind == XY_ACTION_ATTACH ||
           action->kind == XY_ACTION_TELL || action->kind == XY_ACTION_LET_GO ||
           (action->kind == XY_ACTION_SEND && action->send.message.kind == XY_REQUEST);
}

/* What is forged may be passed on to where it leads, and may come back; nothing else. Nothing at
 * all comes of what a stranger says. */
void check_in_hand(struct check *check, uint64_t node, const xy_action *action)
{
    const struct hand *hand = &check->hand;
    bool back = action->kind == XY_ACTION_SEND && action->send.message.kind == XY_REPLY &&
                action->send.message.status != XYLEM_OK &&
                is_forged_tag(action->send.message.number.tag);
    bool harmless = node != 0 && (action->kind == XY_ACTION_FORWARD || back);
    harmless |= tells_of_return(check, action) || (hand->settles && is_settling(action));
    if (hand->strange || ((hand->forged || hand->passed_on) && !harmless))
        check_broken(check, "I13",
                     "a message of kind %d, which is %s, has life %" PRIu64 " do action %d",
                     (int)hand->message.kind, hand->strange ? "a stranger's" : "forged", node,
                     (int)action->kind);
}

/* Requests on their way. */

/* Each link of a route is that of a child of the one before it, the last one that of the node. */
static bool leads(const struct check *check, const xy_message *request)
{
    const struct model *model = &check->model;
    xy_message way = *request;
    xy_link_number next;
    const struct link *at = model_link(model, way.link.number);
    bool right = at->child && at->above == 0;
    while (right && xy_message_next(&way, &next)) {
        const struct link *on = model_link(model, next.number);
        right = on->child && on->above == at->child;
        at = on;
    }
    return right && way.route_offset == way.route_size && at->child == request->life.number &&
           model->lives[at->child].id == request->id;
}

/* A request that was asked before is sent again, whole or in fragments, or its node is asked
 * whether it is there. */
static void note_sending(struct check *check, struct entry *entry, const xy_message *request)
{
    bool again = entry->tag != 0 && !(request->part & XY_PART_CONTINUED);
    if (request->code == XY_RECALL)
        check_turn(check, TURN_RECALLED);
    else if (again)
        check_turn(check, TURN_RESENT);
    if (again && !check->keeps)
        check_broken(check, "I15", "request %" PRIu64 " is sent again", request->number.request);
}

static void request_sent(struct check *check, const xy_action *action)
{
    const xy_message *request = &action->send.message;
    bool asked = request->code == XY_EXEC || request->code == XY_STREAM ||
                 request->code == XY_PING || request->code == XY_RECALL;
    struct entry *entry = history_of(&check->history, request->number.request);
    uint64_t next = neighbour(check, 0, &action->send.to);
    if (!next || next != model_of_link(&check->model, request->link.number) ||
        !leads(check, request))
        check_broken(check, "I13", "a request to node %" PRId64 " (life %" PRIu64 ") goes astray",
                     request->id, request->life.number);
    if (!asked || !entry)
        return;
    if (entry->life != request->life.number || (entry->tag && entry->tag != request->number.tag))
        check_broken(check, "I13", "request %" PRIu64 " goes to life %" PRIu64 ", not %" PRIu64,
                     request->number.request, request->life.number, entry->life);
    note_sending(check, entry, request);
    entry->tag = request->number.tag;
}

/* A request goes down over the next link of its route, to no child that is silent; replies,
 * changes and asks go up. */
static void forwarded(struct check *check, uint64_t node, const xy_action *action)
{
    const struct hand *hand = &check->hand;
    const xy_peer *to = &action->forward.to;
    uint64_t next = neighbour(check, node, to);
    bool request = hand->message.kind == XY_REQUEST;
    bool up = hand->message.kind == XY_REPLY || hand->message.kind == XY_CHANGE ||
              hand->message.kind == XY_ASK || hand->message.kind == XY_STATE ||
              hand->message.kind == XY_CHUNK;
    bool current = to->link.number == check->model.lives[next].link;
    bool refused =
        request && hand->message.number.request != 0 && current && check->model.lives[next].silent;
    bool astray = request && to->link.number != hand->next.number;
    if (!hand->heard || next == node || astray || refused ||
        (to->role == XY_PARENT ? !up : !request))
        check_broken(check, "I13",
                     "life %" PRIu64 " passes a message of kind %d to life %" PRIu64
                     " on to life %" PRIu64,
                     node, (int)hand->message.kind, hand->message.life.number, next);
}

/* A node on the way has sent a request back, or could not pass a reply on. Where nothing is sent
 * again, it is not done. */
static void reply_sent(struct check *check, uint64_t node, const xy_message *reply)
{
    struct entry *entry = history_of(&check->history, reply->number.request);
    bool asked = entry && (entry->kind == XY_COMMAND_EXEC || entry->kind == XY_COMMAND_PING);
    if (!asked || entry->tag != reply->number.tag || entry->life == node || entry->unsent)
        return;
    entry->bounced = !check->keeps;
    if (reply->status == XYLEM_OK || (entry->works > 0 && !check->keeps))
        check_broken(check, "I13", "life %" PRIu64 " answers request %" PRIu64 " to life %" PRIu64,
                     node, reply->number.request, entry->life);
}

static void change_sent(struct check *check, uint64_t node, const xy_message *change)
{
    const struct link *link = model_link(&check->model, change->link.number);
    if (!link->child || link->above != node || link->tag != change->number.tag)
        check_broken(check, "I13",
                     "life %" PRIu64 " reports life %" PRIu64 ", which is not its child", node,
                     link->child);
}

/* Links. */

/* A life may be let attach to another one that is not below it; on a link of a number that is new,
 * and with a tag that none had before. The same once more changes nothing. */
static bool may_expect(const struct check *check, uint64_t node, const xy_action *action)
{
    const struct model *model = &check->model;
    uint64_t child = action->expect.life.number, number = action->expect.child.link.number;
    const struct link *link = model_link(model, number);
    const struct link *before = number > 0 ? model_link(model, number - 1) : link;
    if (child == 0 || child >= model->count)
        return false;
    if (link->child)
        return link->child == child && link->above == node && link->tag == action->expect.child.tag;
    return number > 0 && before->tag != action->expect.child.tag;
}

static void expected(struct check *check, uint64_t node, const xy_action *action)
{
    struct model *model = &check->model;
    uint64_t child = action->expect.life.number, link = action->expect.child.link.number;
    if (!may_expect(check, node, action)) {
        check_broken(check, "I14",
                     "life %" PRIu64 " is expected on link %" PRIu64 " by life %" PRIu64, child,
                     link, node);
        return;
    }
    const struct life *life = &model->lives[child];
    if (life->welcomed && !model_link(model, link)->child)
        check_turn(check, TURN_MOVES_BEGUN);
    bool placed = check->predicts && check->plan->shape != SHAPE_TREE;
    if (!life->welcomed && placed && node != life->wanted)
        check_broken(check, "I14",
                     "life %" PRIu64 " is expected by life %" PRIu64
                     ", belongs below life %" PRIu64,
                     child, node, life->wanted);
    if (strcmp(action->expect.key, life->key) != 0 && check->controller->keyed)
        check_broken(check, "I14", "life %" PRIu64 " is expected with another key", child);
    model_expect(model, link, child, node, action->expect.child.tag);
}

/* Whether the controlling node has a life attached by this link. */
static bool is_on_map(const struct check *check, uint64_t of, uint64_t link)
{
    const xy_map_node *node = xy_map_of_life(&check->controller->map, (xy_life){of});
    return node && node->attached && node->peer.link.number == link;
}

/* A life that goes on keeps the link that it is attached by. */
static void let_go(struct check *check, uint64_t node, const xy_action *action)
{
    uint64_t number = action->let_go.child.link.number;
    uint64_t child = neighbour(check, node, &action->let_go.child);
    const struct link *link = model_link(&check->model, number);
    const struct life *life = &check->model.lives[child];
    bool goes_on =
        child != node && life->alive && life->stage == STAGE_PRESENT && life->given_up_us == 0;
    if (child == node || !link->expected || (goes_on && is_on_map(check, child, number)))
        check_broken(check, "I14", "life %" PRIu64 " lets life %" PRIu64 " go", node, child);
    if (goes_on && link->welcomed && life->link == number)
        check_turn(check, TURN_UNDONE);
    if (goes_on && life->welcomed && !link->welcomed)
        check_turn(check, TURN_MOVES_GIVEN_UP);
    if (child != node)
        model_let_go(&check->model, number);
}

/* By the latest link that it was told. */
static void connected(struct check *check, uint64_t node, const xy_action *action)
{
    struct life *life = &check->model.lives[node];
    uint64_t link = action->connect.parent.link.number;
    if (neighbour(check, node, &action->connect.parent) == node || link != life->heard)
        check_broken(check, "I14", "life %" PRIu64 " attaches by link %" PRIu64 ", not %" PRIu64,
                     node, link, life->heard);
    else
        model_connect(&check->model, link, check_now_us(check));
    life->attached_us = check_now_us(check);
}

static void disconnected(struct check *check, uint64_t node, const xy_action *action)
{
    uint64_t number = action->disconnect.parent.link.number;
    const struct link *link = model_link(&check->model, number);
    const struct life *life = &check->model.lives[node];
    bool current = life->welcomed && life->link == number;
    if (neighbour(check, node, &action->disconnect.parent) == node || !link->connected ||
        link->left || current)
        check_broken(check, "I14", "life %" PRIu64 " leaves link %" PRIu64, node, number);
    else
        model_disconnect(&check->model, number);
}

/* A parent takes a node in; the node leaves the one that it had, in the same step. */
void check_welcomed(struct check *check, uint64_t node)
{
    const struct life *life = &check->model.lives[node];
    uint64_t number = check->hand.from.link.number;
    const struct link *link = model_link(&check->model, number);
    if (life->coming != number || link->child != node || link->tag != check->hand.from.tag)
        return;
    if (model_is_below(&check->model, link->above, node)) {
        check_broken(check, "I14", "life %" PRIu64 " attaches below itself, to life %" PRIu64, node,
                     link->above);
        return;
    }
    if (life->welcomed)
        check_turn(check, TURN_MOVES_DONE);
    model_welcome(&check->model, number, check_now_us(check));
    check_suspect(check, node);
}

/* What a node has reported of an attachment is so. */
void check_said(struct check *check, uint64_t node, const xy_action *action)
{
    bool attached = action->kind == XY_ACTION_ATTACHED;
    uint64_t number = attached ? action->attached.link.number : action->expected.link.number;
    uint64_t child = attached ? action->attached.life.number : action->expected.life.number;
    const struct link *link = model_link(&check->model, number);
    bool right = link->child && link->child == child &&
                 (attached ? node == child && link->welcomed : node == link->above);
    if (!right)
        check_broken(check, "I14", "life %" PRIu64 " says that life %" PRIu64 " %s link %" PRIu64,
                     node, child, attached ? "has attached by" : "may attach by", number);
    check->model.lives[node].saying += attached;
}

/* What it has said that is on its way holds it up: until then it is looked for elsewhere. */
void check_heard_of(struct check *check, uint64_t node)
{
    check->model.lives[node].saying--;
    check->model.lives[node].spoke_us = check_now_us(check);
    model_disturb(&check->model, node, check_now_us(check));
}

void check_link(struct check *check, uint64_t node, const xy_action *action)
{
    const xy_message *sent = &action->send.message;
    if (action->kind == XY_ACTION_FORWARD)
        forwarded(check, node, action);
    else if (action->kind == XY_ACTION_EXPECT)
        expected(check, node, action);
    else if (action->kind == XY_ACTION_LET_GO)
        let_go(check, node, action);
    else if (action->kind == XY_ACTION_CONNECT)
        connected(check, node, action);
    else if (action->kind == XY_ACTION_DISCONNECT)
        disconnected(check, node, action);
    else if (sent->kind == XY_REQUEST)
        request_sent(check, action);
    else if (sent->kind == XY_REPLY)
        reply_sent(check, node, sent);
    else if (sent->kind == XY_CHANGE)
        change_sent(check, node, sent);
    else if (sent->kind == XY_STATE)
        check_state_sent(check, node, sent);
    else if (sent->kind == XY_CAST)
        check_cast_passed(check, node, neighbour(check, node, &action->send.to), action);
    else if (sent->kind == XY_MERGED)
        check_cast_answered(check, node, sent);
}

/* All is quiet. */

static void look_at_child(struct check *check, uint64_t node, const xy_child *child)
{
    const struct link *link = model_link(&check->model, child->link);
    const struct life *life = &check->model.lives[link->child];
    bool right = link->child && life->above == node && life->link == child->link && life->alive &&
                 life->stage == STAGE_PRESENT && life->id == child->id &&
                 link->child == child->life.number && link->tag == child->tag;
    if (!right || child->state != XY_CHILD_PRESENT)
        check_broken(check, "I14",
                     "life %" PRIu64 " has life %" PRIu64 " as its child on link %" PRIu64
                     " in state %d",
                     node, child->life.number, child->link, (int)child->state);
}

static size_t living_below(const struct model *model, uint64_t node)
{
    size_t count = 0;
    for (int64_t id = 0; id < model->ids; id++) {
        const struct life *life = &model->lives[model->present[id]];
        count += model->present[id] && life->above == node && life->alive;
    }
    return count;
}

static bool ends_at(const xy_queue_link *link, int end, uint64_t node)
{
    return link->ends[end].at && link->ends[end].at->life.number == node;
}

/* The node, the link and the map say the same. */
static void look_at_parent(struct check *check, uint64_t node)
{
    const xy_node *one = xy_simulation_node(check->world, (xy_life){node});
    const struct life *life = &check->model.lives[node];
    const xy_queue_link *link = xy_simulation_link(check->world, (xy_link_number){life->link});
    if (!one || !life->welcomed || one->parent.link.number != life->link ||
        one->parent.tag != model_link(&check->model, life->link)->tag ||
        model_link(&check->model, one->coming.link.number)->expected)
        check_broken(check, "I14", "life %" PRIu64 " does not know its parent", node);
    else if (!link || !ends_at(link, XY_END_PARENT, life->above) ||
             !ends_at(link, XY_END_CHILD, node))
        check_broken(check, "I14", "life %" PRIu64 " is not linked to its parent", node);
    else if (!is_on_map(check, node, life->link) || life->above != life->wanted)
        check_broken(check, "I14",
                     "life %" PRIu64 " is below life %" PRIu64
                     ", and is wanted below life %" PRIu64,
                     node, life->above, life->wanted);
}

/* Nothing is left of an earlier link; but a node may try to attach to one that is over until it
 * hears of another one. */
void check_old_links(struct check *check)
{
    const struct model *model = &check->model;
    for (uint64_t number = 1; number < model->links_count; number++) {
        const struct life *life = &model->lives[model_of_link(model, number)];
        bool used = model_of_link(model, number) && life->alive &&
                    (life->link == number || life->coming == number);
        if (!used && xy_simulation_link(check->world, (xy_link_number){number}))
            check_broken(check, "I14", "link %" PRIu64 " of life %" PRIu64 " is left", number,
                         model_of_link(model, number));
    }
}

void check_links(struct check *check, uint64_t node)
{
    const xy_subtree *subtree = check_subtree(check, node);
    const xy_children *children = &subtree->children;
    for (const xy_child *child = xy_children_first(children); child;
         child = xy_children_next(child))
        look_at_child(check, node, child);
    if (xy_children_count(children) != living_below(&check->model, node))
        check_broken(check, "I14", "life %" PRIu64 " has %zu children instead of %zu", node,
                     xy_children_count(children), living_below(&check->model, node));
    if (node)
        look_at_parent(check, node);
}
