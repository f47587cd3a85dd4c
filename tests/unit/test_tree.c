/* The sorted binary tree, against a plain array. */
#include "unit.h"

#include "core/tree.h"

enum { IDS = 64 };

static void assert_ascending(const xy_tree *tree)
{
    int64_t last = -1;
    size_t count = 0;
    for (xy_tree_node *n = xy_tree_first(tree->root); n; n = xy_tree_next(tree->root, n)) {
        assert_true(n->id > last);
        last = n->id;
        count++;
    }
    assert_int_equal(count, tree->count);
}

static void assert_linked(const xy_tree *tree)
{
    size_t count = 0;
    for (xy_tree_node *n = tree->root; n; n = xy_tree_below(tree->root, n)) {
        count++;
        assert_int_equal(n->depth, n->parent ? n->parent->depth + 1 : 0);
        if (n->parent)
            assert_ptr_equal(n->parent->children[xy_side_of(n->id, n->parent->id)], n);
        else
            assert_ptr_equal(tree->root, n);
    }
    assert_int_equal(count, tree->count);
}

static bool is_below(const xy_tree_node *node, const xy_tree_node *top)
{
    while (node && node != top)
        node = node->parent;
    return node != NULL;
}

static void prune(xy_tree *tree, xy_tree_node *top, bool present[IDS])
{
    for (int64_t id = 0; id < IDS; id++)
        if (present[id] && is_below(xy_tree_find(tree, id), top))
            present[id] = false;
    xy_tree_prune(tree, top);
}

static void test_against_an_array(void **state)
{
    uint64_t random = unit_seed();
    bool present[IDS] = {false};
    xy_tree tree = {0};
    (void)state;
    for (int round = 0; round < 20000; round++) {
        int64_t id = unit_random(&random) % IDS;
        xy_tree_node *node = xy_tree_find(&tree, id);
        assert_int_equal(node != NULL, present[id]);
        if (node && unit_random(&random) % 4 == 0) {
            prune(&tree, node, present);
        } else {
            xy_tree_node *parent = xy_tree_parent_for(&tree, id);
            xy_tree_node *added = xy_tree_insert(&tree, id, 7);
            assert_int_equal(added != NULL, !present[id]);
            if (added)
                assert_ptr_equal(added->parent, parent);
            present[id] = true;
        }
        assert_ascending(&tree);
        assert_linked(&tree);
    }
    if (tree.root)
        xy_tree_prune(&tree, tree.root);
    assert_null(tree.root);
    assert_int_equal(tree.count, 0);
}

static void test_order_from_above(void **state)
{
    static const int64_t ids[] = {50, 25, 75, 10, 30, 60, 90},
                         order[] = {50, 25, 10, 30, 75, 60, 90};
    xy_tree tree = {0};
    size_t i = 0;
    (void)state;
    for (size_t k = 0; k < 7; k++)
        xy_tree_insert(&tree, ids[k], k + 1);
    for (xy_tree_node *n = tree.root; n; n = xy_tree_below(tree.root, n))
        assert_int_equal(n->id, order[i++]);
    assert_int_equal(i, 7);
    xy_tree_node *right = xy_tree_find(&tree, 75);
    i = 4;
    for (xy_tree_node *n = right; n; n = xy_tree_below(right, n))
        assert_int_equal(n->id, order[i++]);
    assert_int_equal(i, 7);
    xy_tree_prune(&tree, tree.root);
}

static void test_chain(void **state)
{
    xy_tree tree = {0};
    (void)state;
    for (int64_t id = 0; id < 10000; id++)
        assert_non_null(xy_tree_insert(&tree, INT64_MAX - id, 1));
    assert_int_equal(xy_tree_first(tree.root)->depth, 9999);
    assert_ascending(&tree);
    xy_tree_find(&tree, INT64_MAX - 10)->dead = true;
    assert_true(xy_tree_is_dead(xy_tree_first(tree.root)));
    assert_false(xy_tree_is_dead(xy_tree_find(&tree, INT64_MAX - 9)));
    xy_tree_prune(&tree, xy_tree_find(&tree, INT64_MAX - 10));
    assert_int_equal(tree.count, 10);
    xy_tree_prune(&tree, tree.root);
}

static void test_extreme_ids(void **state)
{
    xy_tree tree = {0};
    (void)state;
    assert_non_null(xy_tree_insert(&tree, INT64_MAX, 1));
    assert_non_null(xy_tree_insert(&tree, 0, 2));
    assert_null(xy_tree_insert(&tree, 0, 3));
    assert_ptr_equal(tree.root->children[XY_LEFT], xy_tree_find(&tree, 0));
    assert_null(xy_tree_find(&tree, 1));
    xy_tree_prune(&tree, tree.root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_order_from_above),
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_extreme_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
