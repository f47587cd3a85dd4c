/* What the controlling node knows, and what is left when all is quiet: I1, I7 and I8. */
#include "sim/check.h"

#include <inttypes.h>

/* The map. */

static bool agrees(const struct life *life, const xy_map_node *node)
{
    if (life->stage == STAGE_PRESENT && node->stage == XY_STAGE_RESTARTING)
        return life->restarted && !life->available && !node->available;
    static const xy_stage stages[] = {[STAGE_ASKED] = XY_STAGE_STARTING,
                                      [STAGE_PRESENT] = XY_STAGE_PRESENT,
                                      [STAGE_ENDING] = XY_STAGE_ENDING};
    if (life->stage == STAGE_ASKED && node->stage == XY_STAGE_ENDING)
        return true; /* it has failed, and is answered when its end is known */
    return life->stage != STAGE_OVER && stages[life->stage] == node->stage &&
           (life->stage != STAGE_PRESENT || life->available == node->available);
}

/* Where a node is wanted. Where the shape moves nodes, or those below a node that fails go on, that
 * is for the map to say; in a tree it changes when the user moves a node, and when one that
 * attached after its time cannot go back, because the one before is dead or unavailable: then it
 * stays. */
static void look_at_place(struct check *check, const xy_map_node *node)
{
    struct life *life = &check->model.lives[node->life.number];
    uint64_t wanted = node->wanted.parent ? node->wanted.parent->life.number : 0;
    const xy_map_node *before = xy_map_of_life(&check->controller->map, (xy_life){life->wanted});
    bool stays = node->attached && node->wanted.parent == node->linked.parent &&
                 (!before || !before->reachable || !check->model.lives[life->wanted].alive);
    bool moved = life->moves > 0 || life->moved_us == check_now_us(check) || stays;
    if (wanted == life->wanted)
        return;
    if (check->predicts && !moved)
        check_broken(check, "I1",
                     "node %" PRId64 " (life %" PRIu64 ") is wanted below life %" PRIu64
                     ", not %" PRIu64,
                     node->id, node->life.number, wanted, life->wanted);
    life->wanted = wanted;
    check->shaped = false;
}

/* Who it is attached to. */
static void look_at_link(struct check *check, const xy_map_node *node)
{
    const struct link *link = model_link(&check->model, node->peer.link.number);
    const xy_map_node *parent = node->linked.parent;
    bool right = link->child == node->life.number && link->tag == node->peer.tag &&
                 link->above == (parent ? parent->life.number : 0) && link->connected;
    if (node->attached && node->available && node->stage == XY_STAGE_PRESENT && !right)
        check_broken(check, "I14",
                     "node %" PRId64 " (life %" PRIu64 ") is on link %" PRIu64
                     ", which is that of life %" PRIu64 " below life %" PRIu64,
                     node->id, node->life.number, node->peer.link.number, link->child, link->above);
    else if (node->attached && node->available && parent && !parent->available)
        check_broken(check, "I4", "node %" PRId64 " is available, but its parent is not", node->id);
}

static void look_at_node(struct check *check, const xy_map_node *node)
{
    uint64_t life = model_find(&check->model, node->id);
    const struct life *one = &check->model.lives[life];
    if (!life || life != node->life.number) {
        check_broken(check, "I1", "node %" PRId64 " has life %" PRIu64 ", not %" PRIu64, node->id,
                     node->life.number, life);
        return;
    }
    if (!agrees(one, node))
        check_broken(check, "I1", "node %" PRId64 " (life %" PRIu64 ") is in stage %d, not %d, %s",
                     node->id, life, (int)node->stage, (int)one->stage,
                     node->available ? "available" : "unavailable");
    look_at_place(check, node);
    look_at_link(check, node);
}

void check_map(struct check *check)
{
    const xy_map *map = &check->controller->map;
    size_t found = 0;
    for (xy_map_node *node = map->wanted.first_child; node; node = xy_map_after(node, XY_WANTED)) {
        look_at_node(check, node);
        found++;
    }
    if (!check->closing && (found != check->model.entered || found != map->count))
        check_broken(check, "I1", "the map has %zu nodes, %zu should be there", found,
                     check->model.entered);
    if (!check->shaped)
        check_shape(check);
    check->shaped = true;
}

/* All is quiet. */

static void look_at_work(struct check *check, uint64_t node)
{
    const struct life *life = &check->model.lives[node];
    const xy_node *one = xy_simulation_node(check->world, (xy_life){node});
    check_asks_quiet(check, node);
    check_streams_quiet(check, node);
    if (life->working)
        check_broken(check, "I7", "life %" PRIu64 " still does request %" PRIu64, node,
                     life->working);
    else if (one && (one->work.running.request || xy_assemblies_count(&one->work.waiting) > 0 ||
                     xy_assemblies_count(&one->work.arriving) > 0 || one->work.promises > 0))
        check_broken(check, "I7", "life %" PRIu64 " still has work that waits", node);
}

/* The latest interval has come to all nodes. */
static void look_at_interval(struct check *check, uint64_t node)
{
    const xy_subtree *subtree = check_subtree(check, node);
    int64_t interval_ms = check->controller->subtree.detector.interval_ms;
    if (subtree->version != check->controller->subtree.version ||
        subtree->detector.interval_ms != interval_ms)
        check_broken(check, "I8", "life %" PRIu64 " has the interval %" PRId64 " ms, not %" PRId64,
                     node, subtree->detector.interval_ms, interval_ms);
}

/* Whether nothing has ended a node, or one above it. */
static bool should_live(const struct model *model, uint64_t node)
{
    const struct life *life = &model->lives[node];
    return !life->doomed && !life->mishap && life->given_up_us == 0;
}

static void look_at_life(struct check *check, uint64_t node)
{
    const struct life *life = &check->model.lives[node];
    bool lives = xy_simulation_lives(check->world, (xy_life){node});
    if (life->stage != STAGE_PRESENT || life->available != lives)
        check_broken(check, "I8", "node %" PRId64 " (life %" PRIu64 ") is %s, but %s", life->id,
                     node, lives ? "alive" : "dead",
                     life->stage != STAGE_PRESENT ? "not present"
                     : life->available            ? "available"
                                                  : "unavailable");
    else if (!lives && check->plan->repair == XY_REPAIR_RESTART && !life->retired)
        check_broken(check, "I16", "node %" PRId64 " (life %" PRIu64 ") is not started again",
                     life->id, node);
    else if (lives != life->alive || lives != should_live(&check->model, node))
        check_broken(check, "I5", "node %" PRId64 " (life %" PRIu64 ") is %s, but should not be",
                     life->id, node, lives ? "alive" : "dead");
    else if (lives)
        check_links(check, node);
    if (lives)
        check_neighbours(check, node);
    if (lives)
        look_at_work(check, node);
    if (lives)
        look_at_interval(check, node);
}

/* The end of each life has been reported, unless it is on the map and alive. */
static void look_at_lives(struct check *check)
{
    const struct model *model = &check->model;
    for (uint64_t i = 1; i < model->count; i++) {
        const struct life *life = &model->lives[i];
        if (life->told_start && !life->reported && (life->stage == STAGE_OVER || !life->alive))
            check_broken(check, "I7", "life %" PRIu64 " is not reported to be over", i);
        if (life->alive && life->stage == STAGE_OVER)
            check_broken(check, "I5", "life %" PRIu64 " is over, but lives", i);
    }
}

static void look_at_controller(struct check *check)
{
    const xy_controller *controller = check->controller;
    size_t requests = xy_requests_count(&controller->requests);
    size_t arriving = xy_assemblies_count(&controller->arriving);
    check_links(check, 0);
    check_old_links(check);
    check_height(check);
    if (requests + arriving > 0 || xy_requests_count(&controller->waits) > 0)
        check_broken(check, "I7", "%zu requests and %zu replies are still under way", requests,
                     arriving);
    if (check->history.waiting > 0)
        check_broken(check, "I8", "%zu commands have no answer", check->history.waiting);
}

void check_quiet(struct check *check)
{
    const struct model *model = &check->model;
    size_t living = 0;
    for (int64_t id = 0; id < model->ids; id++)
        if (model->present[id]) {
            look_at_life(check, model->present[id]);
            living += model->lives[model->present[id]].alive;
        }
    look_at_lives(check);
    look_at_controller(check);
    xy_stats stats = xy_simulation_stats(check->world);
    if (stats.living != living || stats.starting > 0 || stats.remains > 0)
        check_broken(check, "I5", "%zu nodes live, %zu should", stats.living, living);
    if (stats.on_their_way > 2 * living) /* heartbeats */
        check_broken(check, "I7", "%zu frames are still on their way", stats.on_their_way);
}

/* Lives that were killed, and forgotten because the launcher did not say in time that they are
 * over.
 */
static size_t killed_late(const struct check *check)
{
    const struct model *model = &check->model;
    size_t count = 0;
    for (uint64_t i = 1; i < model->count; i++)
        count += model->lives[i].told_kill && !model->lives[i].reported &&
                 model->lives[i].stage == STAGE_OVER;
    return count;
}

void check_end(struct check *check)
{
    xy_stats stats = xy_simulation_stats(check->world);
    if (!check->world->ops->stopped(check->world))
        check_broken(check, "I7", "the network does not end");
    else if (stats.living + stats.starting > killed_late(check) || check->history.waiting > 0)
        check_broken(check, "I7", "%zu nodes and %zu commands outlive the network", stats.living,
                     check->history.waiting);
}
