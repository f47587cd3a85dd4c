/* What the services know of the neighbours of their nodes: I22. */
#include "sim/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/need.h"

static int64_t id_of(const struct model *model, uint64_t life)
{
    return life ? model->lives[life].id : XYLEM_CONTROLLER;
}

static bool is_child(const struct model *model, int64_t id, uint64_t of)
{
    const struct life *life = &model->lives[model->present[id]];
    return model->present[id] && life->alive && life->above == of;
}

/* When all is quiet it is what is so, and what the map says: see check_links. */
void check_neighbours(struct check *check, uint64_t node)
{
    const struct model *model = &check->model;
    const xylem_context *context = xy_simulation_context(check->world, (xy_life){node});
    size_t count = xylem_context_children(context, NULL, 0), found = 0;
    int64_t *ids = need(calloc(count + 1, sizeof *ids));
    int64_t parent = id_of(model, model->lives[node].above);
    xylem_context_children(context, ids, count);
    for (int64_t id = 0; id < model->ids; id++)
        if (is_child(model, id, node)) {
            if (found >= count || ids[found] != id)
                check_broken(check, "I22", "life %" PRIu64 " does not know its child %" PRId64,
                             node, id);
            found++;
        }
    if (found != count)
        check_broken(check, "I22", "life %" PRIu64 " knows %zu children instead of %zu", node,
                     count, found);
    if (xylem_context_parent(context) != parent)
        check_broken(check, "I22",
                     "life %" PRIu64 " takes node %" PRId64 " for its parent, not %" PRId64, node,
                     xylem_context_parent(context), parent);
    free(ids);
}
