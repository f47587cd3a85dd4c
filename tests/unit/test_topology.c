/* The shapes of a network: each against a plain description of its rule. */
#include "unit.h"

#include "../shortage.h"
#include "topology/topology.h"

enum { NONE = -1 };

static uint64_t latest_life;

static const xy_wish any = {.kind = XY_WISH_ANY}, below_controller = {.kind = XY_WISH_CONTROLLER};

static xy_wish below(int64_t id)
{
    return (xy_wish){.kind = XY_WISH_NODE, .id = id};
}

/* Adds a node where its topology wants it, and it joins. */
static xy_map_node *add(xy_map *map, const xy_topology *topology, int64_t id, xy_wish wish)
{
    xy_map_node *parent;
    assert_int_equal(topology->place(map, id, &wish, &parent), XYLEM_OK);
    xy_map_node *node = xy_map_add(map, id, (xy_life){++latest_life}, parent);
    assert_non_null(node);
    topology->join(map, node);
    if (!topology->arranges)
        assert_ptr_equal(node->wanted.parent, parent);
    return node;
}

static void expect_parent(const xy_map *map, const xy_topology *topology, int64_t id, xy_wish wish,
                          int64_t parent)
{
    xy_map_node *found = map->wanted.last_child; /* anything */
    assert_int_equal(topology->place(map, id, &wish, &found), XYLEM_OK);
    if (parent == NONE)
        assert_null(found);
    else
        assert_int_equal(found ? found->id : NONE, parent);
}

static void expect_error(const xy_map *map, const xy_topology *topology, int64_t id, xy_wish wish,
                         int error)
{
    xy_map_node *parent;
    assert_int_equal(topology->place(map, id, &wish, &parent), error);
}

static void empty(xy_map *map)
{
    while (map->wanted.first_child)
        xy_map_prune(map, map->wanted.first_child);
    assert_int_equal(map->count, 0);
    assert_int_equal(map->joined, 0);
    assert_int_equal(shortage.outstanding, 0);
}

static void test_names(void **state)
{
    static const char *const names[] = {"bst", "avl", "balanced", "list", "tree"};
    size_t count = 0;
    (void)state;
    while (xy_topologies[count])
        count++;
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(xy_topologies[i]->name, names[i]);
        assert_ptr_equal(xy_topology_named(names[i]), xy_topologies[i]);
        assert_int_equal(xy_topologies[i]->sorted, i < 2);
        assert_int_equal(xy_topologies[i]->arranges, i == 1 || i == 2);
        assert_int_equal(xy_topologies[i]->given, i == 4);
    }
    assert_null(xy_topology_named(""));
    assert_null(xy_topology_named("bs"));
    assert_null(xy_topology_named("lists"));
    assert_null(xy_topology_named("BST"));
}

/* Sorted. */

enum { IDS = 64 };

/* A sorted tree that has left and right: of each id its parent and its two sides. */
typedef struct sorted {
    bool present[IDS];
    int side[IDS][2], parent[IDS];
    int root;
} sorted;

static int sorted_parent(const sorted *tree, int id)
{
    int parent = NONE;
    for (int at = tree->root; at != NONE; at = tree->side[at][id > at])
        parent = at;
    return parent;
}

static void sorted_link(sorted *tree, int parent, int id, int what)
{
    if (parent == NONE)
        tree->root = what;
    else
        tree->side[parent][id > parent] = what;
}

static void sorted_add(sorted *tree, int id)
{
    const int parent = sorted_parent(tree, id);
    sorted_link(tree, parent, id, id);
    tree->present[id] = true;
    tree->parent[id] = parent;
    tree->side[id][0] = tree->side[id][1] = NONE;
}

static void sorted_prune(sorted *tree, int top)
{
    const int parent = tree->parent[top];
    for (int id = 0; id < IDS; id++) {
        int at = id;
        while (tree->present[id] && at != NONE && at != top)
            at = tree->parent[at];
        if (tree->present[id] && at == top && id != top)
            tree->present[id] = false;
        else if (tree->present[id] && at == top)
            sorted_link(tree, parent, top, NONE);
    }
    tree->present[top] = false;
}

static void test_bst(void **state)
{
    uint64_t random = unit_seed();
    sorted tree = {.root = NONE};
    xy_map map = {0};
    (void)state;
    memory_is_back();
    for (int round = 0; round < 20000; round++) {
        const int id = (int)(unit_random(&random) % IDS);
        if (!tree.present[id]) {
            expect_parent(&map, &xy_topology_bst, id, any, sorted_parent(&tree, id));
            add(&map, &xy_topology_bst, id, any);
            sorted_add(&tree, id);
        } else if (unit_random(&random) % 4 == 0) {
            xy_map_prune(&map, xy_map_find(&map, id));
            sorted_prune(&tree, id);
        }
        for (int other = 0; other < IDS; other++)
            assert_int_equal(xy_map_find(&map, other) != NULL, tree.present[other]);
        assert_true(map.wanted.children <= 1);
    }
    empty(&map);
}

static void test_bst_extremes(void **state)
{
    xy_map map = {0};
    (void)state;
    add(&map, &xy_topology_bst, 50, any);
    add(&map, &xy_topology_bst, INT64_MAX, any);
    add(&map, &xy_topology_bst, 0, any);
    expect_parent(&map, &xy_topology_bst, INT64_MAX - 1, any, INT64_MAX);
    expect_parent(&map, &xy_topology_bst, 1, any, 0);
    expect_parent(&map, &xy_topology_bst, 49, any, 0);
    expect_parent(&map, &xy_topology_bst, 51, any, INT64_MAX);
    empty(&map);
}

/* Balanced. */

static size_t size_of(xy_map_node *top)
{
    size_t size = 0;
    for (xy_map_node *n = top; n; n = xy_map_below(top, n, XY_WANTED))
        size++;
    return size;
}

/* The two subtrees of every node differ by one node at most, and the first is not the smaller one.
 */
static void expect_balance(xy_map *map)
{
    for (xy_map_node *n = map->wanted.first_child; n; n = xy_map_after(n, XY_WANTED)) {
        const size_t left = size_of(n->wanted.first_child);
        const size_t right = n->wanted.children == 2 ? size_of(n->wanted.last_child) : 0;
        assert_true(n->wanted.children <= 2);
        assert_true(left == right || left == right + 1);
    }
}

static void test_balanced_grows(void **state)
{
    uint64_t random = unit_seed();
    xy_map map = {0};
    size_t depth = 0;
    (void)state;
    for (size_t count = 1; count <= 600; count++) {
        int64_t id = unit_random(&random);
        while (xy_map_find(&map, id))
            id++;
        const xy_map_node *node = add(&map, &xy_topology_balanced, id, any);
        assert_int_equal(map.wanted.children, 1);
        expect_balance(&map);
        const size_t own = xy_map_depth(node, XY_WANTED);
        depth = own > depth ? own : depth;
        assert_true(count >= (size_t)1 << depth); /* no deeper than a full tree */
    }
    empty(&map);
}

/* The order of the first nodes: the smallest subtree, the left one of equals. */
static void test_balanced_order(void **state)
{
    static const int64_t parents[] = {NONE, 1, 1, 2, 3, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7};
    xy_map map = {0};
    (void)state;
    for (int64_t i = 0; i < 15; i++) {
        expect_parent(&map, &xy_topology_balanced, i + 1, any, parents[i]);
        add(&map, &xy_topology_balanced, i + 1, any);
    }
    expect_parent(&map, &xy_topology_balanced, 16, any, 8);
    empty(&map);
}

/* These choose the parent themselves, whatever is wished. */
static void test_wishes_that_are_not_used(void **state)
{
    static const xy_topology *const topologies[] = {&xy_topology_bst, &xy_topology_avl,
                                                    &xy_topology_balanced};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        xy_map map = {0};
        expect_parent(&map, topologies[i], 20, below(7), NONE);
        add(&map, topologies[i], 20, below(7));
        add(&map, topologies[i], 10, below_controller);
        add(&map, topologies[i], 30, below(10));
        assert_int_equal(map.wanted.first_child->wanted.children, 2);
        expect_parent(&map, topologies[i], 5, below(30), 10);
        expect_parent(&map, topologies[i], 5, below(5), 10);
        expect_parent(&map, topologies[i], 5, below(99), 10);
        expect_parent(&map, topologies[i], 5, below(-7), 10);
        expect_parent(&map, topologies[i], 5, below_controller, 10);
        empty(&map);
    }
}

/* Lists. */

static void test_list(void **state)
{
    xy_map map = {0};
    (void)state;
    expect_parent(&map, &xy_topology_list, 5, any, NONE);
    expect_error(&map, &xy_topology_list, 5, below(5), XYLEM_PARENT_NOT_FOUND);
    add(&map, &xy_topology_list, 5, any);
    add(&map, &xy_topology_list, 3, any);
    expect_parent(&map, &xy_topology_list, 9, any, 3);
    add(&map, &xy_topology_list, 20, below_controller); /* a second list: the newest */
    expect_parent(&map, &xy_topology_list, 9, any, 20);
    add(&map, &xy_topology_list, 9, below(3));
    expect_parent(&map, &xy_topology_list, 1, any, 20);
    add(&map, &xy_topology_list, 1, any);
    expect_parent(&map, &xy_topology_list, 2, any, 1);
    expect_parent(&map, &xy_topology_list, 2, below_controller, NONE);
    expect_parent(&map, &xy_topology_list, 2, below(9), 9);
    expect_error(&map, &xy_topology_list, 2, below(3), XYLEM_PARENT_HAS_CHILD);
    expect_error(&map, &xy_topology_list, 2, below(20), XYLEM_PARENT_HAS_CHILD);
    expect_error(&map, &xy_topology_list, 2, below(2), XYLEM_PARENT_NOT_FOUND);
    xy_map_prune(&map, xy_map_find(&map, 3)); /* 9 goes with it */
    expect_parent(&map, &xy_topology_list, 2, below(5), 5);
    expect_error(&map, &xy_topology_list, 2, below(9), XYLEM_PARENT_NOT_FOUND);
    xy_map_prune(&map, xy_map_find(&map, 20)); /* the newest of those that are left */
    expect_parent(&map, &xy_topology_list, 2, any, 5);
    empty(&map);
    expect_parent(&map, &xy_topology_list, 2, any, NONE);
}

static void test_lists_at_random(void **state)
{
    uint64_t random = unit_seed();
    xy_map map = {0};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        const int64_t id = unit_random(&random) % IDS, wished = unit_random(&random) % IDS;
        xy_map_node *node = xy_map_find(&map, id), *parent = xy_map_find(&map, wished);
        if (node && unit_random(&random) % 4 == 0)
            xy_map_prune(&map, node);
        else if (!node && !parent)
            expect_error(&map, &xy_topology_list, id, below(wished), XYLEM_PARENT_NOT_FOUND);
        else if (!node && parent->wanted.first_child)
            expect_error(&map, &xy_topology_list, id, below(wished), XYLEM_PARENT_HAS_CHILD);
        else if (!node)
            assert_ptr_equal(add(&map, &xy_topology_list, id, below(wished))->wanted.parent,
                             parent);
        if (!xy_map_find(&map, id))
            add(&map, &xy_topology_list, id, unit_random(&random) % 4 ? any : below_controller);
        for (xy_map_node *n = map.wanted.first_child; n; n = xy_map_after(n, XY_WANTED))
            assert_true(n->wanted.children <= 1);
    }
    empty(&map);
}

/* Trees. */

static void test_tree(void **state)
{
    xy_map map = {0};
    (void)state;
    expect_parent(&map, &xy_topology_tree, 5, any, NONE);
    expect_error(&map, &xy_topology_tree, 5, below(5), XYLEM_PARENT_NOT_FOUND);
    add(&map, &xy_topology_tree, 5, any);
    add(&map, &xy_topology_tree, 0, below_controller);
    for (int64_t id = 10; id < 20; id++)
        add(&map, &xy_topology_tree, id, below(5));
    assert_int_equal(xy_map_find(&map, 5)->wanted.children, 10);
    expect_parent(&map, &xy_topology_tree, 30, below(15), 15);
    expect_parent(&map, &xy_topology_tree, 30, any, NONE);
    expect_parent(&map, &xy_topology_tree, 30, below_controller, NONE);
    expect_error(&map, &xy_topology_tree, 30, below(30), XYLEM_PARENT_NOT_FOUND);
    xy_map_prune(&map, xy_map_find(&map, 15));
    expect_error(&map, &xy_topology_tree, 30, below(15), XYLEM_PARENT_NOT_FOUND);
    expect_parent(&map, &xy_topology_tree, 30, below(14), 14);
    empty(&map);
}

/* A node that ends, one that is dead and one that starts still have their place. */
static void test_stages(void **state)
{
    (void)state;
    for (size_t i = 0; xy_topologies[i]; i++) {
        xy_map map = {0};
        xy_map_node *node = add(&map, xy_topologies[i], 10, any);
        const bool is_tree = xy_topologies[i] == &xy_topology_tree;
        expect_parent(&map, xy_topologies[i], 20, is_tree ? below(10) : any, 10);
        node->stage = XY_STAGE_ENDING;
        node->dead = true;
        expect_parent(&map, xy_topologies[i], 20, is_tree ? below(10) : any, 10);
        add(&map, xy_topologies[i], 20, is_tree ? below(10) : any)->stage = XY_STAGE_ENDING;
        if (xy_topologies[i] == &xy_topology_list)
            expect_error(&map, &xy_topology_list, 30, below(10), XYLEM_PARENT_HAS_CHILD);
        empty(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_bst),
        cmocka_unit_test(test_bst_extremes),   cmocka_unit_test(test_balanced_grows),
        cmocka_unit_test(test_balanced_order), cmocka_unit_test(test_wishes_that_are_not_used),
        cmocka_unit_test(test_list),           cmocka_unit_test(test_lists_at_random),
        cmocka_unit_test(test_tree),           cmocka_unit_test(test_stages),
    };
    memory_is_back();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
