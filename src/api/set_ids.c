#include "api/set_ids.h"

#include <stdlib.h>

#include "core/ids.h"

struct place {
    int64_t id;
    size_t order;
};

struct places {
    struct place *at;
    size_t count, capacity;
    size_t order; /* of the next one */
};

static bool add(struct places *places, int64_t id)
{
    if (places->count == places->capacity) {
        size_t capacity = 2 * places->capacity + 16;
        struct place *at = realloc(places->at, capacity * sizeof *at);
        if (!at)
            return false;
        places->at = at;
        places->capacity = capacity;
    }
    places->at[places->count++] = (struct place){id, places->order++};
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    if (one->id != other->id)
        return one->id < other->id ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

static int by_order(const void *a, const void *b)
{
    const struct place *one = a, *other = b;
    return one->order < other->order ? -1 : 1;
}

/* By depth, and then by id. */
struct sorted {
    const xylem_node *node;
};

static int by_depth(const void *a, const void *b)
{
    const xylem_node *one = ((const struct sorted *)a)->node;
    const xylem_node *other = ((const struct sorted *)b)->node;
    if (one->depth != other->depth)
        return one->depth < other->depth ? -1 : 1;
    return one->id < other->id ? -1 : 1;
}

/* Nodes of one depth are in ascending order, and so are those of them that are below the top. */
static bool add_below(struct places *places, int64_t top, const struct sorted *sorted, size_t count)
{
    int64_t *above = malloc((count + 1) * sizeof *above),
            *here = malloc((count + 1) * sizeof *here);
    size_t above_count = 0, here_count = 0, depth = 0;
    bool done = above && here && add(places, top);
    for (size_t i = 0; i < count && done; i++) {
        if (sorted[i].node->depth != depth) {
            int64_t *swapped = above;
            above = here;
            here = swapped;
            above_count = here_count;
            here_count = 0;
            depth = sorted[i].node->depth;
        }
        bool below = xy_ids_has(above, above_count, sorted[i].node->parent);
        if (below)
            done = add(places, sorted[i].node->id);
        if (below || sorted[i].node->id == top)
            here[here_count++] = sorted[i].node->id;
    }
    free(above);
    free(here);
    return done;
}

static bool ascend(const struct places *places)
{
    size_t i = 1;
    while (i < places->count && places->at[i - 1].id < places->at[i].id)
        i++;
    return i >= places->count;
}

/* Keeps the first of each id. */
static void remove_repeated(struct places *places)
{
    size_t kept = 0;
    if (ascend(places))
        return;
    qsort(places->at, places->count, sizeof *places->at, by_id);
    for (size_t i = 0; i < places->count; i++)
        if (kept == 0 || places->at[kept - 1].id != places->at[i].id)
            places->at[kept++] = places->at[i];
    places->count = kept;
    qsort(places->at, kept, sizeof *places->at, by_order);
}

static bool add_set(struct places *places, const xy_set *set, const xylem_node *const *nodes,
                    const struct sorted *sorted, size_t count)
{
    bool done = true;
    for (size_t i = 0; set->all && i < count && done; i++)
        done = add(places, nodes[i]->id);
    for (size_t i = 0; i < set->count && done; i++) {
        const xy_set_item *item = &set->items[i];
        if (item->below)
            done = add_below(places, item->from, sorted, count);
        if (places->count > XY_SET_IDS_MAX)
            remove_repeated(places); /* many may name the same subtree */
        for (int64_t left = item->to - item->from; !item->below && left >= 0 && done; left--)
            done = add(places, item->to - left);
    }
    return done;
}

static bool has_subtrees(const xy_set *set)
{
    size_t i = 0;
    while (i < set->count && !set->items[i].below)
        i++;
    return i < set->count;
}

int64_t *xy_set_ids(const xy_set *set, const xylem_node *const *nodes, size_t count,
                    size_t *ids_count)
{
    struct places places = {.at = NULL};
    struct sorted *sorted = malloc((count + 1) * sizeof *sorted);
    for (size_t i = 0; sorted && i < count; i++)
        sorted[i].node = nodes[i];
    if (sorted && has_subtrees(set))
        qsort(sorted, count, sizeof *sorted, by_depth);
    bool done = sorted && add_set(&places, set, nodes, sorted, count);
    int64_t *ids = done ? malloc((places.count + 1) * sizeof *ids) : NULL;
    if (ids && places.count > 0)
        remove_repeated(&places);
    for (size_t i = 0; ids && i < places.count; i++)
        ids[i] = places.at[i].id;
    *ids_count = ids ? places.count : 0;
    free(sorted);
    free(places.at);
    return ids;
}
