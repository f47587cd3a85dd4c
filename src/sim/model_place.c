/* Where a new node belongs in each shape, by a rule of the model's own: it knows only which life is
 * below which, and in which order the lives began.
 */
#include "core/controller.h"
#include "sim/model.h"

const char *const shape_names[SHAPES] = {[SHAPE_BST] = "bst",
                                         [SHAPE_AVL] = "avl",
                                         [SHAPE_BALANCED] = "balanced",
                                         [SHAPE_LIST] = "list",
                                         [SHAPE_TREE] = "tree"};

/* The lives directly below one: how many, and the first and the last of them; 0: none. */
struct below {
    size_t count;
    uint64_t oldest, newest;
};

static struct below below(const struct model *model, uint64_t above)
{
    struct below found = {0};
    for (int64_t id = 0; id < model->ids; id++) {
        uint64_t one = model->present[id];
        if (!one || model->lives[one].wanted != above)
            continue;
        found.oldest = found.count == 0 || one < found.oldest ? one : found.oldest;
        found.newest = one > found.newest ? one : found.newest;
        found.count++;
    }
    return found;
}

/* Sorted: down from the root, to the left or to the right, until the way ends. */
static uint64_t end_of_search(const struct model *model, int64_t id)
{
    uint64_t at = below(model, 0).oldest, next = at;
    while (next) {
        struct below children = below(model, at = next);
        bool left = id < model->lives[at].id;
        bool older = (model->lives[children.oldest].id < model->lives[at].id) == left;
        bool newer = (model->lives[children.newest].id < model->lives[at].id) == left;
        next = older ? children.oldest : newer ? children.newest : 0;
    }
    return at;
}

/* List: at the end of the one whose first node is the newest. */
static uint64_t end_of_list(const struct model *model)
{
    uint64_t at = 0;
    for (uint64_t next; (next = below(model, at).newest) != 0;)
        at = next;
    return at;
}

int model_place(const struct model *model, int64_t id, int64_t wish, uint64_t *above)
{
    bool given = model->shape == SHAPE_LIST || model->shape == SHAPE_TREE;
    *above = 0;
    if (model->shape == SHAPE_BST)
        *above = end_of_search(model, id);
    if (model->shape == SHAPE_LIST && wish == XY_PARENT_ANY)
        *above = end_of_list(model);
    if (!given || wish < 0)
        return XYLEM_OK;
    *above = model_find(model, wish);
    if (*above == 0)
        return XYLEM_PARENT_NOT_FOUND;
    bool taken = below(model, *above).count > 0;
    return model->shape == SHAPE_LIST && taken ? XYLEM_PARENT_HAS_CHILD : XYLEM_OK;
}
