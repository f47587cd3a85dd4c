/* The map of a network, against a plain array. */
#include "unit.h"

#include "../shortage.h"
#include "topology/map.h"

enum { IDS = 32, NONE = -1 };

/* What the map should be: of each place in the order of ids, whether it is taken, by which life,
 * and where it is in each tree: its parent, and its rank among all in the order of coming. */
typedef struct places {
    bool present[IDS], attached[IDS];
    uint64_t life[IDS];
    struct {
        int parent[IDS];
        uint64_t rank[IDS];
    } tree[2];
    uint64_t latest;
} places;

static int64_t id_of(int place)
{
    return place == IDS - 1 ? INT64_MAX : place * ((INT64_MAX - 1) / IDS);
}

static bool model_has(const places *model, int place, xy_tree tree)
{
    return model->present[place] && (tree == XY_WANTED || model->attached[place]);
}

static bool model_is_below(const places *model, int top, int place, xy_tree tree)
{
    while (place != NONE && place != top)
        place = model->tree[tree].parent[place];
    return place == top;
}

static size_t model_depth(const places *model, int place, xy_tree tree)
{
    size_t depth = 0;
    while ((place = model->tree[tree].parent[place]) != NONE)
        depth++;
    return depth;
}

/* The next place from `place` on, in steps of one up or down; NONE when there is none. */
static int model_towards(const places *model, int place, int step)
{
    while (place >= 0 && place < IDS && !model->present[place])
        place += step;
    return place >= 0 && place < IDS ? place : NONE;
}

/* The child of a parent that comes next after `rank`. */
static int model_next_child(const places *model, int parent, uint64_t rank, xy_tree tree)
{
    const uint64_t *ranks = model->tree[tree].rank;
    int next = NONE;
    for (int i = 0; i < IDS; i++)
        if (model_has(model, i, tree) && model->tree[tree].parent[i] == parent && ranks[i] > rank &&
            (next == NONE || ranks[i] < ranks[next]))
            next = i;
    return next;
}

static xy_map_node *node_at(const xy_map *map, int place)
{
    return place == NONE ? NULL : xy_map_find(map, id_of(place));
}

static const xy_place *top_of(const xy_map *map, xy_tree tree)
{
    return tree == XY_WANTED ? &map->wanted : &map->linked;
}

/* The children of a node, or of the controlling node, in both directions. */
static void expect_children(const xy_map *map, const places *model, int parent, xy_tree tree)
{
    const xy_map_node *node = node_at(map, parent), *before = NULL;
    const xy_place *family = node ? xy_map_place(node, tree) : top_of(map, tree);
    const xy_map_node *child = family->first_child;
    size_t count = 0;
    for (int at = NONE;
         (at = model_next_child(model, parent, at == NONE ? 0 : model->tree[tree].rank[at],
                                tree)) != NONE;) {
        assert_non_null(child);
        assert_true(child->id == id_of(at));
        assert_ptr_equal(xy_map_place(child, tree)->previous, before);
        before = child;
        child = xy_map_place(child, tree)->next;
        count++;
    }
    assert_null(child);
    assert_ptr_equal(family->last_child, before);
    assert_int_equal(family->children, count);
}

/* A walk from `top` (NONE: of the whole map) meets each node once, each before its children and
 * those in their order. */
static void expect_walk(const xy_map *map, int top, size_t size, xy_tree tree)
{
    xy_map_node *start = top == NONE ? top_of(map, tree)->first_child : node_at(map, top);
    const xy_map_node *deepest[IDS + 1] = {NULL}; /* of each depth the one that was met last */
    size_t met = 0;
    for (xy_map_node *n = start; n;
         n = top == NONE ? xy_map_after(n, tree) : xy_map_below(start, n, tree)) {
        const xy_place *place = xy_map_place(n, tree);
        const size_t depth = xy_map_depth(n, tree);
        assert_true(met++ < size);
        assert_true(n == start || depth == 0 || place->parent == deepest[depth - 1]);
        assert_true(n == start || !place->previous || place->previous == deepest[depth]);
        deepest[depth] = n;
    }
    assert_int_equal(met, size);
}

static void expect_node(const xy_map *map, const places *model, int place, xy_tree tree)
{
    const xy_map_node *node = node_at(map, place);
    size_t size = 0;
    assert_ptr_equal(xy_map_place(node, tree)->parent,
                     node_at(map, model->tree[tree].parent[place]));
    assert_int_equal(xy_map_depth(node, tree), model_depth(model, place, tree));
    for (int i = 0; i < IDS; i++)
        if (model->present[i]) {
            const bool is_below = model_is_below(model, place, i, tree);
            size += is_below;
            assert_int_equal(xy_map_is_below(node, node_at(map, i), tree), is_below);
        }
    expect_children(map, model, place, tree);
    expect_walk(map, place, size, tree);
}

/* A whole tree: in that of links those below one that is not attached are not met from above. */
static void expect_tree(const xy_map *map, const places *model, xy_tree tree)
{
    size_t reached = 0;
    for (int place = 0; place < IDS; place++) {
        int top = place;
        if (!model->present[place])
            continue;
        expect_node(map, model, place, tree);
        while (model->tree[tree].parent[top] != NONE)
            top = model->tree[tree].parent[top];
        reached += model_has(model, top, tree);
    }
    expect_children(map, model, NONE, tree);
    expect_walk(map, NONE, reached, tree);
}

/* The list is exactly of those that are not where they are wanted. */
static void expect_unsettled(const xy_map *map, const places *model)
{
    const xy_map_node *previous = NULL;
    size_t count = 0;
    for (const xy_map_node *n = map->unsettled; n; n = n->next_unsettled) {
        assert_true(n->unsettled);
        assert_ptr_equal(n->previous_unsettled, previous);
        assert_true(count++ < IDS);
        previous = n;
    }
    for (int i = 0; i < IDS; i++)
        if (model->present[i]) {
            const bool is_unsettled = !model->attached[i] || model->tree[XY_WANTED].parent[i] !=
                                                                 model->tree[XY_LINKED].parent[i];
            assert_int_equal(node_at(map, i)->unsettled, is_unsettled);
            count -= is_unsettled;
        }
    assert_int_equal(count, 0);
}

static void expect_order(const xy_map *map, const places *model, int place)
{
    const xy_map_node *node = node_at(map, place);
    const xy_map_node *lower = node_at(map, model_towards(model, place - 1, -1));
    const xy_map_node *higher = node_at(map, model_towards(model, place + 1, 1));
    assert_ptr_equal(xy_map_lower(map, id_of(place)), lower);
    assert_ptr_equal(xy_map_higher(map, id_of(place)), higher);
    if (node) {
        assert_ptr_equal(node->lower, lower);
        assert_ptr_equal(node->higher, higher);
    }
}

static void expect_all(const xy_map *map, const places *model)
{
    size_t count = 0;
    for (int place = 0; place < IDS; place++) {
        const xy_map_node *node = node_at(map, place);
        expect_order(map, model, place);
        assert_int_equal(node != NULL, model->present[place]);
        if (!node)
            continue;
        assert_ptr_equal(xy_map_of_life(map, (xy_life){model->life[place]}), node);
        assert_int_equal(node->attached, model->attached[place]);
        count++;
    }
    assert_int_equal(map->count, count);
    assert_ptr_equal(map->lowest, node_at(map, model_towards(model, 0, 1)));
    assert_ptr_equal(map->highest, node_at(map, model_towards(model, IDS - 1, -1)));
    expect_tree(map, model, XY_WANTED);
    expect_tree(map, model, XY_LINKED);
    expect_unsettled(map, model);
}

/* Before another one: all that come after it come one later. */
static void model_enter(places *model, int place, int parent, int before, xy_tree tree)
{
    uint64_t *ranks = model->tree[tree].rank, rank = ++model->latest;
    if (before != NONE) {
        rank = ranks[before];
        for (int i = 0; i < IDS; i++)
            ranks[i] += ranks[i] >= rank;
    }
    model->tree[tree].parent[place] = parent;
    ranks[place] = rank;
}

static void model_unlink(places *model, int place)
{
    model->attached[place] = false;
    model->tree[XY_LINKED].parent[place] = NONE;
}

static void add(xy_map *map, places *model, int place, int parent)
{
    model_enter(model, place, parent, NONE, XY_WANTED);
    model_unlink(model, place);
    model->present[place] = true;
    model->life[place] = ++model->latest;
    xy_map_node *node =
        xy_map_add(map, id_of(place), (xy_life){model->life[place]}, node_at(map, parent));
    assert_non_null(node);
    assert_int_equal(node->stage, XY_STAGE_STARTING);
    node->address = xy_allocate(1, 8);
}

static void prune(xy_map *map, places *model, int top)
{
    bool pruned[IDS];
    xy_map_prune(map, node_at(map, top));
    for (int i = 0; i < IDS; i++)
        pruned[i] = model->present[i] && model_is_below(model, top, i, XY_WANTED);
    for (int i = 0; i < IDS; i++) {
        const int parent = model->tree[XY_LINKED].parent[i];
        if (pruned[i])
            assert_null(xy_map_of_life(map, (xy_life){model->life[i]}));
        if (pruned[i])
            model->present[i] = false;
        else if (model->present[i] && model->attached[i] && parent != NONE && pruned[parent])
            model_unlink(model, i);
    }
}

static void revive(xy_map *map, places *model, int place)
{
    const xy_life before = {model->life[place]};
    model->life[place] = ++model->latest;
    xy_map_revive(map, node_at(map, place), (xy_life){model->life[place]});
    assert_null(xy_map_of_life(map, before));
}

/* A parent that is there, or NONE. */
static int any_parent(const places *model, uint64_t *random)
{
    int parent = (int)(unit_random(random) % IDS);
    return model->present[parent] ? parent : NONE;
}

/* Wants a node elsewhere, before any of the children there or as the last. */
static void want(xy_map *map, places *model, int place, int parent, uint64_t *random)
{
    int before = (int)(unit_random(random) % IDS);
    if (parent != NONE && model_is_below(model, place, parent, XY_WANTED))
        return;
    if (!model->present[before] || model->tree[XY_WANTED].parent[before] != parent ||
        before == place)
        before = NONE;
    xy_map_want(map, node_at(map, place), node_at(map, parent), node_at(map, before));
    model_enter(model, place, parent, before, XY_WANTED);
}

/* Links one that is not attached where it is wanted, or elsewhere; unlinks one that is. */
static void relink(xy_map *map, places *model, int place, int parent, uint64_t *random)
{
    if (model->attached[place]) {
        xy_map_unlink(map, node_at(map, place));
        model_unlink(model, place);
        return;
    }
    if (unit_random(random) % 2)
        parent = model->tree[XY_WANTED].parent[place];
    if (parent != NONE && model_is_below(model, place, parent, XY_LINKED))
        return;
    xy_map_link(map, node_at(map, place), node_at(map, parent));
    model_enter(model, place, parent, NONE, XY_LINKED);
    model->attached[place] = true;
}

static void empty(xy_map *map)
{
    while (map->wanted.first_child)
        xy_map_prune(map, map->wanted.first_child);
    assert_null(map->ids);
    assert_null(map->lives);
    assert_null(map->wanted.last_child);
    assert_null(map->linked.first_child);
    assert_null(map->linked.last_child);
    assert_null(map->unsettled);
    assert_null(map->lowest);
    assert_null(map->highest);
    assert_null(map->index);
    assert_int_equal(map->count, 0);
    assert_int_equal(map->wanted.children, 0);
    assert_int_equal(map->linked.children, 0);
    assert_int_equal(shortage.outstanding, 0);
}

static void test_against_an_array(void **state)
{
    uint64_t random = unit_seed();
    places model = {.latest = 0};
    xy_map map = {0};
    (void)state;
    memory_is_back();
    for (int round = 0; round < 4000; round++) {
        const int place = (int)(unit_random(&random) % IDS), parent = any_parent(&model, &random);
        const uint32_t what = unit_random(&random) % 16;
        if (!model.present[place])
            add(&map, &model, place, parent);
        else if (what < 2)
            prune(&map, &model, place);
        else if (what < 4)
            revive(&map, &model, place);
        else if (what < 8)
            want(&map, &model, place, parent, &random);
        else
            relink(&map, &model, place, parent, &random);
        expect_all(&map, &model);
    }
    empty(&map);
}

static void test_order_from_above(void **state)
{
    static const int64_t ids[] = {50, 25, 75, 30, 10, 60, 90},
                         parents[] = {-1, 50, 50, 25, 25, 75, 75},
                         order[] = {50, 25, 30, 10, 75, 60, 90, 7};
    xy_map map = {0};
    size_t i = 0;
    (void)state;
    for (size_t k = 0; k < 7; k++)
        assert_non_null(xy_map_add(&map, ids[k], (xy_life){k + 1}, xy_map_find(&map, parents[k])));
    xy_map_add(&map, 7, (xy_life){8}, NULL);
    for (xy_map_node *n = map.wanted.first_child; n; n = xy_map_after(n, XY_WANTED))
        assert_int_equal(n->id, order[i++]);
    assert_int_equal(i, 8);
    xy_map_node *left = xy_map_find(&map, 25);
    i = 1;
    for (xy_map_node *n = left; n; n = xy_map_below(left, n, XY_WANTED))
        assert_int_equal(n->id, order[i++]);
    assert_int_equal(i, 4);
    assert_false(xy_map_is_below(left, map.wanted.first_child, XY_WANTED));
    assert_false(xy_map_is_below(left, xy_map_find(&map, 60), XY_WANTED));
    empty(&map);
}

/* Chains are as deep as they are long, and their ids come in order: neither makes anything here
 * slow, or deep in the stack. */

enum { CHAIN = 20000 };

/* How many steps the search for an id takes. */
static size_t steps_to(const xy_map *map, int64_t id)
{
    size_t steps = 1;
    for (const xy_map_node *n = map->index; n->id != id; n = id < n->id ? n->left : n->right)
        steps++;
    return steps;
}

/* Random search trees of so many have a depth of 33 to 38, those that are not random one of 20000.
 */
static void expect_shallow(const xy_map *map)
{
    for (const xy_map_node *n = map->lowest; n; n = n->higher)
        assert_true(steps_to(map, n->id) < 60);
}

static xy_map_node *make_chain(xy_map *map, int64_t from, int64_t step)
{
    xy_map_node *node = NULL;
    for (int64_t i = 0; i < CHAIN; i++) {
        xy_map_node *parent = node;
        node = xy_map_add(map, from + i * step, (xy_life){(uint64_t)i + 1}, parent);
        assert_non_null(node);
        xy_map_link(map, node, parent);
    }
    return node;
}

static void expect_long(const xy_map *map, int64_t from, int64_t step, xy_tree tree)
{
    xy_map_node *first = top_of(map, tree)->first_child;
    int64_t met = 0;
    for (xy_map_node *n = first; n; n = xy_map_below(first, n, tree))
        assert_true(n->id == from + met++ * step);
    assert_int_equal(met, map->count);
}

static void expect_chain(int64_t from, int64_t step)
{
    xy_map map = {0};
    const xy_map_node *end = make_chain(&map, from, step);
    assert_int_equal(xy_map_depth(end, XY_WANTED), CHAIN - 1);
    assert_int_equal(xy_map_depth(end, XY_LINKED), CHAIN - 1);
    assert_null(map.unsettled);
    expect_shallow(&map);
    expect_long(&map, from, step, XY_WANTED);
    expect_long(&map, from, step, XY_LINKED);
    xy_map_prune(&map, xy_map_find(&map, from + CHAIN / 2 * step));
    assert_int_equal(map.count, CHAIN / 2);
    assert_null(xy_map_find(&map, from + CHAIN / 2 * step));
    expect_shallow(&map);
    expect_long(&map, from, step, XY_WANTED);
    expect_long(&map, from, step, XY_LINKED);
    empty(&map);
}

static void test_chain(void **state)
{
    (void)state;
    memory_is_back();
    expect_chain(0, 1);
    expect_chain(INT64_MAX, -1);
}

/* What the index looks like depends on which ids are there, not on how they came there: so coming
 * and going make it no deeper. */
static void test_index(void **state)
{
    uint64_t random = unit_seed(), life = 0;
    xy_map map = {0}, fresh = {0};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        const int64_t id = unit_random(&random) % 1000;
        xy_map_node *node = xy_map_find(&map, id);
        if (node)
            xy_map_prune(&map, node);
        else
            xy_map_add(&map, id, (xy_life){++life}, NULL);
    }
    for (const xy_map_node *n = map.lowest; n; n = n->higher)
        xy_map_add(&fresh, n->id, n->life, NULL);
    for (const xy_map_node *n = map.lowest; n; n = n->higher)
        assert_int_equal(steps_to(&map, n->id), steps_to(&fresh, n->id));
    while (fresh.wanted.first_child)
        xy_map_prune(&fresh, fresh.wanted.first_child);
    empty(&map);
}

static void test_extreme_ids(void **state)
{
    xy_map map = {0};
    (void)state;
    memory_is_back();
    assert_null(xy_map_lower(&map, 0));
    assert_null(xy_map_higher(&map, 0));
    xy_map_node *highest = xy_map_add(&map, INT64_MAX, (xy_life){1}, NULL);
    xy_map_node *lowest = xy_map_add(&map, 0, (xy_life){UINT64_MAX}, NULL);
    assert_ptr_equal(xy_map_higher(&map, 0), highest);
    assert_ptr_equal(xy_map_lower(&map, INT64_MAX), lowest);
    assert_null(xy_map_lower(&map, 0));
    assert_null(xy_map_higher(&map, INT64_MAX));
    assert_ptr_equal(xy_map_of_life(&map, (xy_life){UINT64_MAX}), lowest);
    assert_null(xy_map_find(&map, 1));
    assert_null(xy_map_of_life(&map, (xy_life){2}));
    empty(&map);
}

/* Lives that come together in some chains of a table. */
static xy_life new_life(uint64_t *latest)
{
    return (xy_life){++*latest * 0x9e3779b97f4a7c15};
}

/* New lives need no memory, be there few nodes or many. */
static void test_revive_without_memory(void **state)
{
    uint64_t life = 0;
    xy_map map = {0};
    (void)state;
    for (int64_t id = 0; id < 100; id++) {
        assert_non_null(xy_map_add(&map, id, new_life(&life), NULL));
        memory_fails(1, SIZE_MAX);
        for (int64_t other = 0; other <= id; other++)
            xy_map_revive(&map, xy_map_find(&map, other), new_life(&life));
        for (const xy_map_node *n = map.lowest; n; n = n->higher)
            assert_ptr_equal(xy_map_of_life(&map, n->life), n);
        assert_int_equal(shortage.calls, 0);
        memory_is_back();
    }
    empty(&map);
}

/* A new life numbers its asks anew. */
static void test_asks_of_a_new_life(void **state)
{
    uint64_t life = 0;
    xy_map map = {0};
    (void)state;
    xy_map_node *node = xy_map_add(&map, 7, new_life(&life), NULL);
    node->asks = xy_allocate(1, sizeof *node->asks);
    assert_true(xy_window_take(node->asks, 1));
    xy_map_revive(&map, node, new_life(&life));
    assert_null(node->asks);
    empty(&map);
}

/* Without memory nothing has changed. The tables grow on the way, so every call for memory fails
 * once: then the same node is added with memory. */
static void test_shortage(void **state)
{
    places model = {.latest = 0};
    xy_map map = {0};
    size_t failed = 0;
    (void)state;
    for (int place = 0; place < IDS; place++) {
        const int parent = place == 0 ? NONE : (place - 1) / 2;
        xy_map_node *above = node_at(&map, parent);
        for (size_t call = 1; call < 16; call++) {
            memory_fails(call, SIZE_MAX);
            xy_map_node *node =
                xy_map_add(&map, id_of(place), (xy_life){model.latest + 100}, above);
            bool ran_out = shortage.failed > 0;
            memory_is_back();
            failed += node == NULL;
            if (node)
                xy_map_prune(&map, node);
            else
                assert_true(ran_out);
            assert_null(xy_map_of_life(&map, (xy_life){model.latest + 100}));
            expect_all(&map, &model);
        }
        add(&map, &model, place, parent);
        expect_all(&map, &model);
    }
    assert_true(failed >= IDS + 4); /* the first node needs both tables, too */
    empty(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_order_from_above),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_extreme_ids),
        cmocka_unit_test(test_revive_without_memory),
        cmocka_unit_test(test_asks_of_a_new_life),
        cmocka_unit_test(test_shortage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
