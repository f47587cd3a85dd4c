#include "judge.h"

const char *broken;

void must(bool holds, const char *what)
{
    if (!holds && !broken)
        broken = what;
}

/* Commands. */

static void doom(world *w, order *o, xy_tree_node *top)
{
    for (xy_tree_node *node = top; node; node = xy_tree_below(top, node)) {
        o->below |= 1u << node->incarnation;
        w->lives[node->incarnation].doomed = true;
    }
}

void judge_issue(world *w, order *o, const xy_command *command)
{
    xy_tree_node *node = xy_tree_find(&w->controller.tree, command->id);
    const xy_tree_node *parent = xy_tree_parent_for(&w->controller.tree, command->id);
    bool present = node && node->stage == XY_STAGE_PRESENT;
    *o = (order){.kind = command->kind};
    if (command->kind == XY_COMMAND_CREATE)
        o->parent = parent ? parent->incarnation : XY_PARENT;
    else
        o->target = present ? node->incarnation : 0;
    if (command->kind == XY_COMMAND_REMOVE && present)
        doom(w, o, node);
    if (command->kind == XY_COMMAND_CLOSE)
        doom(w, o, w->controller.tree.root);
}

void judge_hear(world *w, uint64_t who, const frame *heard)
{
    xy_message message;
    bool read = xy_message_decode(&message, heard->bytes, heard->size);
    must(read, "a frame that is no message");
    if (!read || message.kind != XY_REQUEST || message.code != XY_PING)
        return;
    order *o = &w->orders[message.request];
    o->done += o->target == who;
}

void judge_work(world *w, uint64_t who, const xy_message *request)
{
    order *o = &w->orders[request->request];
    must(o->kind == XY_COMMAND_EXEC && o->target == who, "work for another life");
    must(++o->done == 1, "work that is done twice");
}

void judge_stop(const world *w, uint64_t who)
{
    for (uint64_t below = 1; below <= w->lives_count; below++)
        must(w->lives[below].parent != who || !world_lives(w, below),
             "a node ends before those below it");
}

static bool none_lives(const world *w, unsigned lives)
{
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if ((lives >> who & 1u) && world_lives(w, who))
            return false;
    return true;
}

static void judge_created(const world *w, const order *o, const xy_message *reply)
{
    const life *child = &w->lives[o->target];
    if (reply->status == XYLEM_OK) {
        must(o->target != 0 && child->opened, "created, but it never lived");
        must(reply->value == PID_BASE + (int64_t)o->target, "created, with the pid of another");
    } else {
        must(o->target == 0 || child->doomed || w->lives[o->parent].doomed || w->late,
             "not created, without a cause");
    }
}

static void judge_removed(const world *w, const order *o, const xy_message *reply)
{
    if (reply->status == XYLEM_INTERRUPTED && w->controller.closing)
        return;
    must((reply->status == XYLEM_OK) == (o->target != 0), "a removal with the wrong reply");
    must(none_lives(w, o->below), "removed, and it lives");
}

static void judge_asked(const world *w, const order *o, const xy_message *reply)
{
    if (reply->status == XYLEM_OK)
        must(o->done == 1, "an answer of nobody who was asked");
    else
        must(o->target == 0 || w->lives[o->target].doomed || w->late, "refused without a cause");
}

void judge_reply(world *w, const xy_message *reply)
{
    bool asked = reply->request > 0 && reply->request <= w->controller.request;
    must(asked, "a reply to nothing");
    if (!asked)
        return;
    order *o = &w->orders[reply->request];
    o->status = reply->status;
    must(++o->answers == 1, "a second reply");
    if (o->kind == XY_COMMAND_CREATE)
        judge_created(w, o, reply);
    else if (o->kind == XY_COMMAND_REMOVE)
        judge_removed(w, o, reply);
    else if (o->kind == XY_COMMAND_EXEC || o->kind == XY_COMMAND_PING)
        judge_asked(w, o, reply);
}

void judge_notice(const world *w, const xy_message *notice)
{
    const xy_tree_node *node = xy_tree_find(&w->controller.tree, notice->id);
    must(node != NULL, "a notice of a node that does not exist");
    must(!node || notice->value || w->lives[node->incarnation].doomed || w->late, "a false alarm");
}

/* Always. */

static void judge_place(const world *w, uint64_t who)
{
    const life *of = &w->lives[who];
    const life *below = of;
    for (uint64_t above = of->parent; above != XY_PARENT; above = w->lives[above].parent) {
        must(xy_side_of(of->id, w->lives[above].id) == xy_side_of(below->id, w->lives[above].id),
             "a node is on the wrong side");
        must(world_lives(w, above), "a node outlives its parent");
        below = &w->lives[above];
    }
}

static void judge_child(const world *w, uint64_t who, const xy_child *child)
{
    const life *of = &w->lives[child->incarnation];
    if (child->state == XY_CHILD_NONE)
        return;
    must(of->state != LIFE_NONE && of->id == child->id && of->parent == who,
         "a child of another parent");
    must(child != world_branch(w, who)->family.children ||
             child->incarnation != child[1].incarnation || child[1].state == XY_CHILD_NONE,
         "a child in two places");
}

static const xy_child *child_of(const world *w, uint64_t parent, uint64_t incarnation)
{
    return xy_family_find((xy_family *)(uintptr_t)&world_branch(w, parent)->family, incarnation);
}

/* What waits for a child that cannot answer would wait for its deadline. */
static void judge_pending(const world *w, uint64_t who)
{
    const xy_branch *branch = world_branch(w, who);
    for (size_t i = 0; i < branch->pending.count; i++) {
        const xy_child *child = child_of(w, who, xy_pending_at(&branch->pending, i)->peer);
        must(child && child->state == XY_CHILD_READY, "a request waits for somebody who is away");
    }
}

static void judge_tree(const world *w)
{
    int64_t last = XY_NO_ID;
    xy_tree_node *root = w->controller.tree.root;
    for (xy_tree_node *node = xy_tree_first(root); node; node = xy_tree_next(root, node)) {
        must(node->id > last, "the tree is not sorted");
        last = node->id;
    }
}

void judge_always(const world *w)
{
    judge_tree(w);
    for (uint64_t who = XY_PARENT; who <= w->lives_count; who++) {
        if (!world_lives(w, who))
            continue;
        if (who != XY_PARENT)
            judge_place(w, who);
        judge_pending(w, who);
        for (int i = 0; i < XY_CHILDREN_MAX; i++)
            judge_child(w, who, &world_branch(w, who)->family.children[i]);
    }
}

/* When all is quiet. */

static bool is_settled(const world *w)
{
    if (w->controller.waiting.count > 0)
        return false;
    for (uint64_t who = XY_PARENT; who <= w->lives_count; who++) {
        const xy_branch *branch = world_branch(w, who);
        if (!world_lives(w, who))
            continue;
        if (branch->pending.count > 0 || w->lives[who].paused ||
            xy_family_count(&branch->family, XY_CHILD_BORN) > 0 ||
            xy_family_count(&branch->family, XY_CHILD_LOST) > 0 ||
            xy_family_count(&branch->family, XY_CHILD_ENDING) > 0)
            return false;
    }
    return true;
}

static void judge_node(const world *w, const xy_tree_node *node)
{
    uint64_t parent = node->parent ? node->parent->incarnation : XY_PARENT;
    bool lives = world_lives(w, node->incarnation);
    must(node->stage == XY_STAGE_PRESENT, "a node is still on its way");
    must(node->available == lives, lives ? "a living node is unavailable" : "an unnoticed death");
    if (!lives)
        return;
    const xy_child *child = child_of(w, parent, node->incarnation);
    must(child && child->state == XY_CHILD_READY, "a node that its parent does not know");
}

/* A child that is gone keeps its place only as long as the controlling node knows of it. */
static void judge_family(const world *w, uint64_t who)
{
    for (int i = 0; i < XY_CHILDREN_MAX; i++) {
        const xy_child *child = &world_branch(w, who)->family.children[i];
        const xy_tree_node *node = xy_tree_find(&w->controller.tree, child->id);
        if (child->state == XY_CHILD_NONE)
            continue;
        must((child->state == XY_CHILD_READY) == world_lives(w, child->incarnation),
             "a parent is wrong about its child");
        must(node && node->incarnation == child->incarnation, "a place is kept for nobody");
    }
}

static void judge_life(const world *w, uint64_t who)
{
    const xy_tree_node *node = xy_tree_find(&w->controller.tree, w->lives[who].id);
    must(node && node->incarnation == who, "a node lives that the controlling node does not know");
    judge_family(w, who);
}

static void judge_order(const world *w, const order *o)
{
    must(o->answers == 1, "a command without a reply");
    if (o->kind == XY_COMMAND_CREATE && o->status == XYLEM_OK)
        must(w->lives[o->target].doomed || world_lives(w, o->target), "a node has died by itself");
    else if (o->kind == XY_COMMAND_CREATE)
        must(o->target == 0 || !world_lives(w, o->target), "not created, and it lives");
    else if (o->kind == XY_COMMAND_REMOVE && o->status == XYLEM_OK)
        must(none_lives(w, o->below), "removed, and it lives on");
}

/* A network that was closed does not keep its map. */
static void judge_network(const world *w)
{
    xy_tree_node *root = w->controller.closing ? NULL : w->controller.tree.root;
    for (xy_tree_node *node = xy_tree_first(root); node; node = xy_tree_next(root, node))
        judge_node(w, node);
    for (uint64_t who = 1; who <= w->lives_count; who++)
        if (world_lives(w, who))
            judge_life(w, who);
    must(!w->controller.closing || (w->controller.closed && none_lives(w, ~0u)),
         "closed, and somebody lives");
}

void judge_quiet(const world *w, bool over)
{
    if (!is_settled(w)) {
        must(w->late, "somebody waits for time to pass");
        must(!over, "the end, and something is open");
        return;
    }
    judge_network(w);
    for (uint64_t request = 1; request <= w->controller.request; request++)
        judge_order(w, &w->orders[request]);
}
