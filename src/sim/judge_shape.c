/* What the controlling node knows, and what is left when all is quiet: I1, I7 and I8. */
#include "sim/judge.h"

#include <inttypes.h>

/* The tree. */

static bool agrees(const struct life *life, const xy_tree_node *node)
{
    static const xy_stage stages[] = {[STAGE_ASKED] = XY_STAGE_STARTING,
                                      [STAGE_PRESENT] = XY_STAGE_PRESENT,
                                      [STAGE_ENDING] = XY_STAGE_ENDING};
    return life->stage != STAGE_OVER && stages[life->stage] == node->stage &&
           (life->stage != STAGE_PRESENT || life->available == node->available);
}

static void look_at_node(struct judge *judge, const xy_tree_node *node, const xy_tree_node *parent)
{
    const struct model *model = &judge->model;
    uint64_t life = model_find(model, node->id);
    const struct life *one = &model->lives[life];
    uint64_t above = parent ? parent->incarnation : 0;
    if (!life || life != node->incarnation || one->above != above || node->parent != parent)
        judge_broken(judge, "I1", "node %" PRId64 " (life %" PRIu64 ") is in the wrong place",
                     node->id, node->incarnation);
    else if (!agrees(one, node))
        judge_broken(judge, "I1", "node %" PRId64 " (life %" PRIu64 ") is not what it should be",
                     node->id, node->incarnation);
    else if (one->stage == STAGE_PRESENT && one->available && !model->lives[above].available)
        judge_broken(judge, "I4", "node %" PRId64 " is available, and nobody above it is",
                     node->id);
}

/* Returns how many nodes there are; each is between the bounds that those above it set. */
static size_t look_below(struct judge *judge, const xy_tree_node *node, const xy_tree_node *parent,
                         int64_t least, int64_t most)
{
    if (!node)
        return 0;
    if (node->id < least || node->id > most)
        judge_broken(judge, "I1", "the tree is not sorted at node %" PRId64, node->id);
    look_at_node(judge, node, parent);
    return 1 + look_below(judge, node->children[XY_LEFT], node, least, node->id - 1) +
           look_below(judge, node->children[XY_RIGHT], node, node->id + 1, most);
}

void judge_tree(struct judge *judge)
{
    const xy_tree *tree = &judge->controller->tree;
    size_t found = look_below(judge, tree->root, NULL, 0, INT64_MAX);
    if (!judge->closing && (found != judge->model.entered || found != tree->count))
        judge_broken(judge, "I1", "the tree has %zu nodes, %zu should be there", found,
                     judge->model.entered);
}

/* All is quiet. */

static void look_at_child(struct judge *judge, uint64_t node, const xy_child *child)
{
    bool known = child->incarnation < judge->model.count;
    const struct life *life = &judge->model.lives[known ? child->incarnation : 0];
    bool right = child->state == XY_CHILD_NONE ||
                 (known && life->above == node && life->stage == STAGE_PRESENT &&
                  child->state == (life->alive ? XY_CHILD_READY : XY_CHILD_GONE));
    if (!right)
        judge_broken(judge, "I1", "life %" PRIu64 " has child %" PRId64 " in state %d", node,
                     child->id, (int)child->state);
}

static void look_at_branch(struct judge *judge, uint64_t node, const xy_branch *branch)
{
    for (int i = 0; i < XY_CHILDREN_MAX; i++)
        look_at_child(judge, node, &branch->family.children[i]);
    if (branch->pending.count > 0 || branch->out->count > 0)
        judge_broken(judge, "I7", "life %" PRIu64 " still has %zu requests and %zu actions", node,
                     branch->pending.count, branch->out->count);
}

static bool has_child(const xy_branch *branch, uint64_t node)
{
    for (int i = 0; branch && i < XY_CHILDREN_MAX; i++)
        if (branch->family.children[i].state == XY_CHILD_READY &&
            branch->family.children[i].incarnation == node)
            return true;
    return false;
}

static const xy_branch *branch_of(const struct judge *judge, uint64_t node)
{
    return node == XY_PARENT ? &judge->controller->branch
                             : xy_simulation_branch(judge->world, node);
}

static void look_at_life(struct judge *judge, uint64_t node)
{
    const struct life *life = &judge->model.lives[node];
    bool lives = xy_simulation_lives(judge->world, node);
    if (life->stage != STAGE_PRESENT || life->available != lives || lives == life->doomed)
        judge_broken(judge, "I8", "node %" PRId64 " (life %" PRIu64 ") is %s, and %s", life->id,
                     node, lives ? "alive" : "dead",
                     life->stage != STAGE_PRESENT ? "not present"
                     : life->available            ? "available"
                                                  : "unavailable");
    else if (lives && !has_child(branch_of(judge, life->above), node))
        judge_broken(judge, "I1", "life %" PRIu64 " is no child of its parent", node);
    if (lives && life->working)
        judge_broken(judge, "I7", "life %" PRIu64 " still does request %" PRIu64, node,
                     life->working);
    if (lives)
        look_at_branch(judge, node, xy_simulation_branch(judge->world, node));
}

/* Whoever was created and is over has been forgotten, so that nothing of it is kept. */
static void look_at_those_over(struct judge *judge)
{
    for (size_t i = 1; i < judge->model.count; i++) {
        const struct life *life = &judge->model.lives[i];
        if (life->answered && life->stage == STAGE_OVER && !life->forgotten)
            judge_broken(judge, "I7", "life %zu is over, and was not forgotten", i);
    }
}

void judge_quiet(struct judge *judge)
{
    const struct model *model = &judge->model;
    size_t living = 0;
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id]) {
            look_at_life(judge, model->present[id]);
            living += model->lives[model->present[id]].alive;
        }
    look_at_those_over(judge);
    look_at_branch(judge, XY_PARENT, &judge->controller->branch);
    xy_census census = xy_simulation_census(judge->world);
    if (judge->ledger.waiting > 0)
        judge_broken(judge, "I8", "%zu requests have no answer", judge->ledger.waiting);
    if (census.living != living)
        judge_broken(judge, "I5", "%zu nodes live, %zu should", census.living, living);
    if (census.on_their_way > 2 * living) /* beats */
        judge_broken(judge, "I7", "%zu frames are still on their way", census.on_their_way);
}

void judge_end(struct judge *judge)
{
    xy_census census = xy_simulation_census(judge->world);
    if (!judge->world->ops->stopped(judge->world))
        judge_broken(judge, "I7", "the network does not end");
    else if (census.living > 0 || judge->ledger.waiting > 0)
        judge_broken(judge, "I7", "%zu nodes and %zu requests outlive the network", census.living,
                     judge->ledger.waiting);
}
