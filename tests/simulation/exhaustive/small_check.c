#include "small_check.h"

#include <string.h>

#include "core/outcomes.h"

const char *broken;

void must(bool holds, const char *what)
{
    if (!holds && !broken)
        broken = what;
}

/* One that is being started again is there to be removed, and for nothing else. */
static xy_map_node *find_present(const world *w, int64_t id, bool remove)
{
    xy_map_node *node = xy_map_find(&w->controller.map, id);
    bool present =
        node && (node->stage == XY_STAGE_PRESENT || (node->stage == XY_STAGE_RESTARTING && remove));
    return present ? node : NULL;
}

/* Commands. */

static void doom_one(world *w, issued *one, const xy_map_node *node)
{
    one->below |= 1u << node->life.number;
    w->lives[node->life.number].doomed = true;
}

/* Where the shape arranges itself a node is removed alone. */
static void doom(world *w, issued *one, xy_map_node *top)
{
    if (w->controller.topology->arranges && one->kind == XY_COMMAND_REMOVE)
        doom_one(w, one, top);
    else
        for (xy_map_node *node = top; node; node = xy_map_below(top, node, XY_WANTED))
            doom_one(w, one, node);
}

void check_issue(world *w, issued *one, const xy_command *command)
{
    xy_map_node *node = find_present(w, command->id, command->kind == XY_COMMAND_REMOVE);
    const xy_map_node *to = find_present(w, command->parent, false);
    *one = (issued){.kind = command->kind,
                    .target = node ? node->life.number : 0,
                    .to = to ? to->life.number : 0,
                    .due_ms = w->now_ms + TIMEOUT_MS,
                    .asked = command->id_count};
    for (size_t i = 0; i < command->id_count; i++) {
        const xy_map_node *asked = find_present(w, command->ids[i], true);
        one->targets[command->ids[i]] = asked ? asked->life.number : 0;
    }
    if (command->kind == XY_COMMAND_CREATE)
        one->target = 0;
    if (command->kind == XY_COMMAND_REMOVE && node)
        doom(w, one, node);
    if (command->kind == XY_COMMAND_CLOSE)
        for (xy_map_node *top = w->controller.map.wanted.first_child; top; top = top->wanted.next)
            doom(w, one, top);
}

void check_parts(world *w, const issued *cast)
{
    uint64_t number = (uint64_t)(cast - w->commands);
    must(w->controller.command < COMMANDS, "too many commands");
    for (uint64_t part = number + 1; part <= w->controller.command && part < COMMANDS; part++)
        w->commands[part] = (issued){.kind = XY_COMMAND_CAST, .cast = number, .answers = 1};
}

/* The route of a request ends at its node, since a link is never used twice. */
void check_hear(world *w, uint64_t who, const xy_frame *heard)
{
    xy_message message;
    bool read = xy_message_decode(&message, heard->bytes, heard->size);
    must(read, "a frame that is no message");
    if (!read || message.kind != XY_REQUEST || message.route_offset < message.route_size)
        return;
    must(message.life.number == who, "a request comes to another node");
    if (message.code == XY_PING && message.number.request < COMMANDS)
        w->commands[message.number.request].done++;
}

static void check_cast_work(issued *cast, uint64_t who)
{
    size_t id = 1;
    while (id <= cast->asked && cast->targets[id] != who)
        id++;
    must(id <= cast->asked, "work for a life that the cast does not ask");
    if (id <= cast->asked)
        must(++cast->works[id] == 1, "work of a cast that is done twice");
}

void check_work(world *w, uint64_t who, uint64_t command)
{
    issued *one = &w->commands[command];
    if (one->kind == XY_COMMAND_CAST) {
        check_cast_work(&w->commands[one->cast ? one->cast : command], who);
        must(command > w->lives[who].latest_work, "work that is done out of order");
        w->lives[who].latest_work = command;
        return;
    }
    must(one->kind == XY_COMMAND_EXEC && one->target == who, "work for another life");
    must(++one->done == 1, "work that is done twice");
    must(command > w->lives[who].latest_work, "work that is done out of order");
    w->lives[who].latest_work = command;
}

static bool none_lives(const world *w, unsigned lives)
{
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if ((lives >> who & 1u) && world_lives(w, who))
            return false;
    return true;
}

static void check_created(const world *w, const issued *one, const xy_action *reply)
{
    const life *child = &w->lives[one->target];
    if (reply->reply.status == XYLEM_OK) {
        must(one->target != 0 && child->attached, "created, but it never lived");
        must(reply->reply.value == PID_BASE + (int64_t)one->target,
             "created, with the pid of another");
    } else {
        must(one->target == 0 || child->doomed || w->late, "not created, without a cause");
    }
}

static void check_removed(const world *w, const issued *one, int status)
{
    if (status == XYLEM_INTERRUPTED && w->controller.closing)
        return;
    must((status == XYLEM_OK) == (one->target != 0), "a removal with the wrong reply");
    must(none_lives(w, one->below) || w->now_ms >= one->due_ms, "removed, and it lives");
}

/* Where there is repair what hangs holds up no other for long. */
static bool has_cause(const world *w, uint64_t who)
{
    const life *of = &w->lives[who];
    bool repairs = w->controller.repair != XY_REPAIR_NONE;
    return who == 0 || of->doomed || of->hung || (repairs ? w->early : w->late);
}

/* Asks. */

void check_ask(world *w, uint64_t who, const xy_frame *heard)
{
    xy_message message;
    bool ask = who == 0 && xy_message_decode(&message, heard->bytes, heard->size) &&
               message.kind == XY_ASK;
    w->asker = ask ? message.life.number : 0;
    w->ask = ask ? message.number.request : 0;
}

void check_ask_made(world *w, uint64_t before)
{
    uint64_t request = w->controller.command;
    life *asker = &w->lives[w->asker];
    if (request == before)
        return;
    must(w->asker != 0 && request == before + 1, "a request that was not asked for");
    must(request < COMMANDS && w->ask <= asker->asks, "too many commands");
    if (broken)
        return;
    must(asker->asked[w->ask].request == 0, "a request is made twice for one ask");
    int64_t id = (int64_t)asker->asked[w->ask].other;
    const xy_map_node *other = find_present(w, id, false);
    asker->asked[w->ask].request = request;
    asker->asked[w->ask].other = other ? other->life.number : 0;
    w->commands[request] =
        (issued){.kind = XY_COMMAND_EXEC, .target = asker->asked[w->ask].other, .answers = 1};
}

/* In time, once, and with what the other one has answered, unless there is a cause. */
void check_ask_answered(world *w, uint64_t who, const xy_action *action)
{
    const life *asker = &w->lives[who];
    uint64_t ask = action->answered.ask;
    must(ask > 0 && ask <= asker->asks && asker->asked[ask].work.request, "an ask answered twice");
    if (broken)
        return;
    uint64_t request = asker->asked[ask].request, other = asker->asked[ask].other;
    if (action->answered.status == XYLEM_OK)
        must(request && w->commands[request].done == 1, "an answer of none that was asked");
    else
        must(has_cause(w, who) || !request || has_cause(w, other) || w->late,
             "an ask without an answer");
    must(request || w->late || has_cause(w, who), "an ask that was not heard");
}

static void check_asked(const world *w, const issued *one, int status)
{
    bool sent_once = one->kind == XY_COMMAND_EXEC || !w->moving;
    if (status == XYLEM_OK)
        must(sent_once ? one->done == 1 : one->done > 0, "an answer of none that was asked");
    else
        must(has_cause(w, one->target), "refused without a cause");
}

/* A node that is over takes along what those below it have answered it. */
static bool may_miss(const world *w, uint64_t who)
{
    bool lost = false;
    for (uint64_t one = 1; one <= w->lives_count; one++)
        lost |= w->lives[one].state == LIFE_OVER;
    return has_cause(w, who) || w->late || lost;
}

/* Each node is named once; one that has answered has done it, and one that has not has a cause. */
static void check_cast(const world *w, const issued *one, const xy_action *reply)
{
    xy_outcome outcome;
    bool named[CAST_IDS + 1] = {false};
    bool closing = w->controller.closing && reply->reply.status == XYLEM_INTERRUPTED;
    must(closing || reply->reply.size > 0, "a cast without outcomes");
    xy_outcomes outcomes = xy_outcomes_read(reply->reply.text, reply->reply.size);
    while (xy_outcomes_next(&outcomes, &outcome))
        while (xy_outcomes_id(&outcomes, &outcome)) {
            bool asked = outcome.id > 0 && outcome.id <= (int64_t)one->asked;
            must(asked && !named[outcome.id], "a cast names a node twice, or another one");
            if (!asked)
                return;
            named[outcome.id] = true;
            if (outcome.status == XYLEM_OK)
                must(one->works[outcome.id] == 1, "an answer of none that was asked by the cast");
            else
                must(may_miss(w, one->targets[outcome.id]), "a cast misses a node without a cause");
        }
    for (size_t id = 1; id <= one->asked && !closing; id++)
        must(named[id], "a cast does not name a node");
}

/* A later move takes the place of one that is under way. */
static bool is_replaced(const world *w, const issued *one)
{
    for (const issued *later = one + 1; later <= &w->commands[w->controller.command]; later++)
        if (later->kind == XY_COMMAND_MOVE && later->target == one->target)
            return true;
    return false;
}

static bool is_below(const world *w, const issued *one)
{
    const xy_map_node *node = xy_map_of_life(&w->controller.map, (xy_life){one->target});
    const xy_map_node *to = xy_map_of_life(&w->controller.map, (xy_life){one->to});
    return node && to && xy_map_is_below(node, to, XY_WANTED);
}

/* A move fails when one of the two is not there. */
static void check_moved(const world *w, const issued *one, int status)
{
    if ((status == XYLEM_INTERRUPTED && is_replaced(w, one)) ||
        (status == XYLEM_PARENT_IS_BELOW && is_below(w, one)))
        return;
    const xy_map_node *node = xy_map_of_life(&w->controller.map, (xy_life){one->target});
    bool there = node && node->attached && node->linked.parent == node->wanted.parent;
    bool hangs = node && node->silent; /* it has moved, and hangs since */
    if (status == XYLEM_OK)
        must(there || hangs, "moved, and it is elsewhere");
    else
        must(has_cause(w, one->target) || has_cause(w, one->to) || w->late,
             "not moved, without a cause");
}

void check_reply(world *w, const xy_action *reply)
{
    uint64_t number = reply->reply.command;
    int status = reply->reply.status;
    bool asked = number > 0 && number <= w->controller.command;
    must(asked, "a reply to nothing");
    if (!asked)
        return;
    issued *one = &w->commands[number];
    one->status = status;
    must(++one->answers == 1, "a second reply");
    if (one->kind == XY_COMMAND_CREATE)
        check_created(w, one, reply);
    else if (one->kind == XY_COMMAND_REMOVE)
        check_removed(w, one, status);
    else if (one->kind == XY_COMMAND_EXEC || one->kind == XY_COMMAND_PING)
        check_asked(w, one, status);
    else if (one->kind == XY_COMMAND_MOVE)
        check_moved(w, one, status);
    else if (one->kind == XY_COMMAND_CAST)
        check_cast(w, one, reply);
}

void check_notice(const world *w, const xy_action *notice)
{
    const xy_map_node *node = xy_map_find(&w->controller.map, notice->notice.id);
    uint64_t of = notice->notice.life.number;
    bool again = w->controller.repair == XY_REPAIR_RESTART; /* the next life may have begun */
    must(node && (again ? node->life.number >= of : node->life.number == of),
         "a notice of a node that does not exist");
    must(notice->notice.kind != XY_NOTICE_UNAVAILABLE || has_cause(w, of), "a false alarm");
}

/* Always. */

/* How many have joined. */
static size_t joined(const xy_place *place)
{
    size_t count = 0;
    for (const xy_map_node *child = place->first_child; child; child = child->wanted.next)
        count += child->joined;
    return count;
}

static size_t height(const xy_map_node *node)
{
    size_t highest = 0;
    for (const xy_map_node *child = node->wanted.first_child; child; child = child->wanted.next) {
        size_t one = child->joined ? height(child) : 0;
        highest = one > highest ? one : highest;
    }
    return highest + 1;
}

static bool is_level(const xy_map_node *node)
{
    size_t heights[2] = {0};
    for (const xy_map_node *child = node->wanted.first_child; child; child = child->wanted.next)
        if (child->joined)
            heights[child->id > node->id] = height(child);
    return heights[0] <= heights[1] + 1 && heights[1] <= heights[0] + 1;
}

/* The shape of the map: where a node may be in it. */
static bool is_in_order(const world *w, const xy_map_node *node)
{
    const xy_topology *topology = w->controller.topology;
    if (topology == &xy_topology_list)
        return joined(&node->wanted) <= 1;
    if (topology == &xy_topology_balanced)
        return joined(&node->wanted) <= 2 && joined(&w->controller.map.wanted) <= 1;
    if (topology == &xy_topology_avl && !is_level(node))
        return false;
    if (topology->sorted)
        for (const xy_map_node *below = node, *above = node->wanted.parent; above;
             below = above, above = above->wanted.parent)
            if ((node->id < above->id) != (below->id < above->id))
                return false;
    return true;
}

static void check_map(const world *w)
{
    int64_t last = XY_NO_ID;
    for (xy_map_node *node = w->controller.map.lowest; node; node = node->higher) {
        must(node->id > last, "the map is not sorted");
        must(!node->joined || is_in_order(w, node), "a node is in a place where it may not be");
        last = node->id;
    }
}

/* How many nodes may give it requests: one that it has left for another may not. */
static int parents_of(const world *w, uint64_t who)
{
    int parents = 0;
    uint64_t link = w->lives[who].node.parent.link.number;
    for (uint64_t above = 0; above <= w->lives_count; above++) {
        if (!world_lives(w, above))
            continue;
        const xy_children *children = &world_subtree(w, above)->children;
        for (xy_child *child = xy_children_first(children); child; child = xy_children_next(child))
            parents += child->life.number == who && child->state != XY_CHILD_EXPECTED &&
                       (!w->moving || child->link == link);
    }
    return parents;
}

static void check_child(const world *w, uint64_t who, const xy_child *child)
{
    const life *of = &w->lives[child->life.number];
    must(of->state != LIFE_NONE && of->id == child->id && (w->moving || of->parent == who),
         "a child of another parent");
}

static bool is_in_a_circle(const world *w, uint64_t who)
{
    uint64_t above = who;
    for (uint64_t steps = 0; steps <= w->lives_count && above != 0 && above != LIVES; steps++)
        above = world_parent(w, above);
    return above != 0 && above != LIVES;
}

void check_always(const world *w)
{
    check_map(w);
    for (uint64_t who = 0; who <= w->lives_count; who++) {
        if (!world_lives(w, who))
            continue;
        must(parents_of(w, who) <= 1, "a node has two parents");
        must(who == 0 || !is_in_a_circle(w, who), "a node is below itself");
        const xy_children *children = &world_subtree(w, who)->children;
        for (xy_child *child = xy_children_first(children); child; child = xy_children_next(child))
            check_child(w, who, child);
    }
}

/* When all is quiet. */

static bool all_are_heard(const world *w, uint64_t who)
{
    const xy_children *children = &world_subtree(w, who)->children;
    for (xy_child *child = xy_children_first(children); child; child = xy_children_next(child))
        if (child->state == XY_CHILD_SILENT)
            return false;
    return true;
}

static bool is_settled(const world *w)
{
    if (xy_requests_count(&w->controller.requests) + xy_requests_count(&w->controller.waits) > 0)
        return false;
    for (uint64_t who = 0; who <= w->lives_count; who++)
        if (world_lives(w, who) && (w->lives[who].paused || !all_are_heard(w, who)))
            return false;
    return true;
}

static bool lives_with_all_above(const world *w, const xy_map_node *node)
{
    while (node && node->attached && world_lives(w, node->life.number))
        node = node->linked.parent;
    return !node;
}

/* The link of a node is as the map says, at both ends. */
static void check_link(const world *w, const xy_map_node *node)
{
    uint64_t parent = node->linked.parent ? node->linked.parent->life.number : 0;
    const life *of = &w->lives[node->life.number];
    const xy_queue_link *link = xy_queue_links_find(&w->links, node->peer.link);
    const xy_child *child = xy_children_known(&world_subtree(w, parent)->children, &node->peer);
    must(link && link->tag == node->peer.tag &&
             link->ends[XY_END_PARENT].at == &w->lives[parent].end &&
             link->ends[XY_END_CHILD].at == &of->end,
         "a node is not attached as the map says");
    must(of->node.parent.link.number == node->peer.link.number && of->node.coming.link.number == 0,
         "a node does not know its link");
    must(child && child->state == XY_CHILD_PRESENT, "a node that its parent does not know");
}

static void check_node(const world *w, const xy_map_node *node)
{
    uint64_t who = node->life.number;
    const xy_map_node *wanted = node->wanted.parent;
    bool lives = world_lives(w, who);
    must(node->stage == XY_STAGE_PRESENT, "a node is still on its way");
    must(w->moving || w->lives[who].parent == (wanted ? wanted->life.number : 0),
         "a node is below another than the map says");
    must(node->available == lives, lives ? "a living node is unavailable" : "an unnoticed death");
    must(node->dead == !lives, "a death of which the map does not know");
    must(!lives || (node->linked.parent == wanted && !node->adrift && !node->unsettled),
         "a node is not where it is wanted");
    must(!lives || node->attaching == XY_NOT_ATTACHING, "a node is still on its way elsewhere");
    must(lives == lives_with_all_above(w, node), "a node lives below one that is dead");
    if (lives && !broken)
        check_link(w, node);
}

/* Nothing is left of links that are not on the map. */
static void check_links(const world *w)
{
    size_t living = 0, known = 0;
    for (uint64_t who = 1; who <= w->lives_count; who++) {
        const xy_map_node *node = xy_map_of_life(&w->controller.map, (xy_life){who});
        must(!world_lives(w, who) || node, "a node lives that is not on the map");
        living += world_lives(w, who);
    }
    for (uint64_t who = 0; who <= w->lives_count; who++)
        if (world_lives(w, who))
            known += xy_children_count(&world_subtree(w, who)->children);
    must(w->links.count == living, "there is a link that is not on the map");
    must(known == living, "a place is kept for none");
}

static void check_command(const world *w, const issued *one)
{
    must(one->answers == 1, "a command without a reply");
    if (one->kind == XY_COMMAND_CREATE && one->status == XYLEM_OK)
        must(w->lives[one->target].doomed || world_lives(w, one->target),
             "a node has died by itself");
    else if (one->kind == XY_COMMAND_CREATE)
        must(one->target == 0 || !world_lives(w, one->target), "not created, and it lives");
    else if (one->kind == XY_COMMAND_REMOVE && one->status == XYLEM_OK)
        must(none_lives(w, one->below), "removed, and it lives on");
}

/* What waits for its time: asks whose work is over, where word of that has not come, and the work
 * itself. */
static size_t given_up_late(const world *w)
{
    size_t count = 0;
    for (uint64_t who = 1; who <= w->lives_count; who++) {
        const xy_node *node = &w->lives[who].node;
        const xy_ask *ask = world_lives(w, who) ? xy_asks_first(&node->asks) : NULL;
        for (; ask; ask = xy_asks_next(ask))
            if (!xy_requests_find(&w->controller.requests, ask->work.request))
                count += 1 + xy_work_queue_has(&node->work, ask->work.request);
    }
    return count;
}

static void check_network(const world *w)
{
    bool closed = w->controller.closing;
    for (xy_map_node *node = w->controller.map.lowest; node && !closed; node = node->higher)
        check_node(w, node);
    if (!closed)
        check_links(w);
    else
        must(w->controller.closed && w->lives[0].driver.stopped && none_lives(w, ~1u),
             "closed, and a node lives");
    must(closed || xy_requests_count(&w->controller.errands) == 0, "an errand is not done");
    must(w->queue.promised == given_up_late(w), "an answer is promised that nothing waits for");
}

void check_quiet(const world *w, bool over)
{
    bool retries = w->controller.retry_ms != XY_NEVER;
    if (retries || !is_settled(w)) {
        must(w->late || retries, "a command waits for time to pass");
        must(!over, "the end, and something is open");
        return;
    }
    check_network(w);
    for (uint64_t number = 1; number <= w->controller.command; number++)
        check_command(w, &w->commands[number]);
}
