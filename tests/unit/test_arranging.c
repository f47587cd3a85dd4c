/* Shapes whose nodes leave and join again: by examples, and at random against plain models. */
#include "unit.h"

#include "../shortage.h"
#include "topology/topology.h"

enum { NONE = -1, IDS = 150, SEEDS = 4, STEPS = 2500 };

static uint64_t latest_life;

/* The parents of all nodes as they were, to see how many of those that stay are wanted elsewhere.
 */
typedef struct before {
    bool joined[IDS];
    const xy_map_node *parent[IDS];
} before;

static before remember(const xy_map *map)
{
    before all = {{false}, {NULL}};
    for (const xy_map_node *n = map->lowest; n; n = n->higher) {
        all.joined[n->id] = n->joined;
        all.parent[n->id] = n->wanted.parent;
    }
    return all;
}

static int moved_since(const xy_map *map, const before *all)
{
    int moved = 0;
    for (const xy_map_node *n = map->lowest; n; n = n->higher)
        moved += n->joined && all->joined[n->id] && n->wanted.parent != all->parent[n->id];
    return moved;
}

static int64_t id_of(const xy_map_node *node)
{
    return node ? node->id : NONE;
}

static xy_map_node *add(xy_map *map, const xy_topology *topology, int64_t id, int64_t parent)
{
    const xy_wish wish = {parent == NONE ? XY_WISH_CONTROLLER : XY_WISH_NODE, parent};
    xy_map_node *place;
    assert_int_equal(topology->place(map, id, &wish, &place), XYLEM_OK);
    xy_map_node *node = xy_map_add(map, id, (xy_life){++latest_life}, place);
    assert_non_null(node);
    topology->join(map, node);
    return node;
}

/* One that leaves keeps its parent, or is taken off the map. */
static void leave(xy_map *map, const xy_topology *topology, int64_t id, bool stays)
{
    xy_map_node *node = xy_map_find(map, id), *parent = node->wanted.parent;
    topology->leave(map, node);
    assert_ptr_equal(node->wanted.parent, parent);
    assert_null(node->wanted.first_child);
    if (!stays)
        xy_map_prune(map, node);
}

static void empty(xy_map *map)
{
    while (map->wanted.first_child)
        xy_map_prune(map, map->wanted.first_child);
    assert_int_equal(map->count, 0);
    assert_int_equal(map->joined, 0);
    assert_int_equal(shortage.outstanding, 0);
}

/* What holds in every shape: every node is found once from above, those that have joined below such
 * ones, and those that have not below them. */
static void expect_sound(const xy_map *map)
{
    size_t count = 0, joined = 0;
    for (xy_map_node *n = map->wanted.first_child; n; n = xy_map_after(n, XY_WANTED)) {
        assert_true(count++ < map->count);
        joined += n->joined;
        assert_true(!n->wanted.parent || n->wanted.parent->joined);
    }
    assert_int_equal(count, map->count);
    assert_int_equal(joined, map->joined);
}

/* The list is exactly of those that are not where they are wanted. */
static void expect_unsettled(const xy_map *map)
{
    size_t count = 0;
    for (const xy_map_node *n = map->unsettled; n; n = n->next_unsettled)
        assert_true(count++ < map->count);
    for (const xy_map_node *n = map->lowest; n; n = n->higher) {
        assert_int_equal(n->unsettled, !n->attached || n->linked.parent != n->wanted.parent);
        count -= n->unsettled;
    }
    assert_int_equal(count, 0);
}

/* Some node attaches where it is wanted, unless that is below it; or is attached no longer. */
static void relink(xy_map *map, uint64_t *random)
{
    xy_map_node *node = xy_map_find(map, unit_random(random) % IDS);
    if (!node)
        return;
    if (node->attached)
        xy_map_unlink(map, node);
    if (unit_random(random) % 4 &&
        (!node->wanted.parent || !xy_map_is_below(node, node->wanted.parent, XY_LINKED)))
        xy_map_link(map, node, node->wanted.parent);
}

/* A walk of random joins and leaves. After each of them `check` does the same with its model, and
 * compares; `moved` is how many nodes that stay are wanted elsewhere. */

typedef struct shape_trial {
    const xy_topology *topology;
    void (*check)(const xy_map *map, void *model, bool joins, int64_t id, int moved);
    int64_t (*wish)(void *model, uint64_t *random, int64_t id); /* the parent; or NULL */
    void *model;
} shape_trial;

static void step(const shape_trial *trial, xy_map *map, uint64_t *random, bool grows)
{
    const int64_t id = unit_random(random) % IDS;
    xy_map_node *node = xy_map_find(map, id);
    const before all = remember(map);
    const bool joins = !node || !node->joined;
    if (joins != grows && unit_random(random) % 4)
        return;
    if (!node)
        add(map, trial->topology, id, trial->wish ? trial->wish(trial->model, random, id) : NONE);
    else if (joins && unit_random(random) % 3 == 0)
        xy_map_prune(map, node);
    else if (joins)
        trial->topology->join(map, node);
    else
        leave(map, trial->topology, id, unit_random(random) % 2);
    node = xy_map_find(map, id);
    expect_sound(map);
    if ((node && node->joined) != all.joined[id])
        trial->check(map, trial->model, joins, id, moved_since(map, &all));
}

static void follow(const shape_trial *trial, size_t size)
{
    const char *given = getenv("SEED");
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t random = given ? strtoull(given, NULL, 10) : seed;
        xy_map map = {0};
        size_t most = 0, least = IDS;
        printf("SEED=%llu\n", (unsigned long long)random);
        memset(trial->model, 0xff, size); /* all NONE */
        for (int i = 0; i < STEPS; i++) {
            step(trial, &map, &random, i / 500 % 2 == 0);
            relink(&map, &random);
            expect_unsettled(&map);
            most = map.joined > most ? map.joined : most;
            least = i > 500 && map.joined < least ? map.joined : least;
        }
        assert_true(most > IDS / 2 && least < IDS / 4);
        empty(&map);
    }
}

/* Shapes as texts: 2(1,3) is a node with two children; in a sorted tree 2(-,3) is one with a right
 * child only. Nodes that have not joined are not shown. */

static char text[1000];

static void write_text(const char *more)
{
    const size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s", more);
}

static void write_id(int64_t id)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)id);
    write_text(digits);
}

static void write_children(const xy_map_node *child, const xy_map_node *parent, bool sorted)
{
    bool first = true;
    for (; child; child = child->wanted.next) {
        if (!child->joined)
            continue;
        if (parent || !first)
            write_text(!parent ? " " : first ? "(" : ",");
        if (sorted && parent && first && child->id > parent->id)
            write_text("-,");
        write_id(child->id);
        write_children(child->wanted.first_child, child, sorted);
        first = false;
    }
    if (parent && !first)
        write_text(")");
}

/* The children of sorted trees come in the order of ids in the text. */
static void sort_children(xy_map *map)
{
    for (xy_map_node *n = map->lowest; n; n = n->higher)
        xy_map_want(map, n, n->wanted.parent, NULL);
}

static void expect_shape(xy_map *map, const xy_topology *topology, const char *wanted)
{
    if (topology->sorted)
        sort_children(map);
    text[0] = '\0';
    write_children(map->wanted.first_child, NULL, topology->sorted);
    assert_string_equal(text, wanted);
    expect_sound(map);
}

static void add_all(xy_map *map, const xy_topology *topology, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(map, topology, ids[i], NONE);
}

#define ADD_ALL(map, topology, ...)                                                                \
    add_all(map, topology, (const int64_t[]){__VA_ARGS__},                                         \
            sizeof(const int64_t[]){__VA_ARGS__} / sizeof(int64_t))

/* Sorted. */

static void test_bst(void **state)
{
    const xy_topology *bst = &xy_topology_bst;
    xy_map map = {0};
    (void)state;
    ADD_ALL(&map, bst, 50, 20, 80, 10, 30, 70, 90, 25, 40);
    expect_shape(&map, bst, "50(20(10,30(25,40)),80(70,90))");
    leave(&map, bst, 90, true);
    leave(&map, bst, 80, true); /* one subtree, and one that has left */
    expect_shape(&map, bst, "50(20(10,30(25,40)),70)");
    assert_int_equal(id_of(xy_map_find(&map, 90)->wanted.parent), 50);
    leave(&map, bst, 20, false); /* two */
    expect_shape(&map, bst, "50(10(-,30(25,40)),70)");
    leave(&map, bst, 50, true);
    expect_shape(&map, bst, "10(-,30(25,40(-,70)))");
    bst->join(&map, xy_map_find(&map, 90));
    bst->join(&map, xy_map_find(&map, 50));
    bst->join(&map, xy_map_find(&map, 80));
    expect_shape(&map, bst, "10(-,30(25,40(-,70(50,90(80)))))");
    empty(&map);
}

/* Of each id that has joined its parent and its two sides. */
typedef struct sorted {
    int parent[IDS], side[IDS][2], root;
} sorted;

static int *sorted_link(sorted *tree, int parent, int id)
{
    return parent == NONE ? &tree->root : &tree->side[parent][id > parent];
}

/* Puts a subtree (NONE: an empty one) where an id is, or would be. */
static void sorted_put(sorted *tree, int parent, int id, int top)
{
    *sorted_link(tree, parent, id) = top;
    if (top != NONE)
        tree->parent[top] = parent;
}

static void sorted_join(sorted *tree, int id)
{
    int parent = NONE;
    for (int at = tree->root; at != NONE; at = tree->side[at][id > at])
        parent = at;
    sorted_put(tree, parent, id, id);
}

static void sorted_leave(sorted *tree, int id)
{
    const int left = tree->side[id][0], right = tree->side[id][1];
    int highest = left;
    if (left != NONE && right != NONE) {
        while (tree->side[highest][1] != NONE)
            highest = tree->side[highest][1];
        sorted_put(tree, highest, right, right);
    }
    sorted_put(tree, tree->parent[id], id, left != NONE ? left : right);
    tree->side[id][0] = tree->side[id][1] = NONE;
}

static void check_bst(const xy_map *map, void *model, bool joins, int64_t id, int moved)
{
    sorted *tree = model;
    (joins ? sorted_join : sorted_leave)(tree, (int)id);
    for (const xy_map_node *n = map->lowest; n; n = n->higher)
        if (n->joined)
            assert_int_equal(id_of(n->wanted.parent), tree->parent[n->id]);
    assert_true(moved <= (joins ? 0 : 2));
}

static void test_bst_at_random(void **state)
{
    sorted model;
    const shape_trial trial = {&xy_topology_bst, check_bst, NULL, &model};
    (void)state;
    follow(&trial, sizeof model);
}

/* Sorted and balanced. */

static void expect_avl(const char *wanted, const int64_t *ids, size_t count)
{
    xy_map map = {0};
    add_all(&map, &xy_topology_avl, ids, count);
    expect_shape(&map, &xy_topology_avl, wanted);
    empty(&map);
}

#define EXPECT_AVL(wanted, ...)                                                                    \
    expect_avl(wanted, (const int64_t[]){__VA_ARGS__},                                             \
               sizeof(const int64_t[]){__VA_ARGS__} / sizeof(int64_t))

static void test_avl_joins(void **state)
{
    (void)state;
    EXPECT_AVL("20(10,30)", 10, 20, 30);
    EXPECT_AVL("20(10,30)", 30, 20, 10);
    EXPECT_AVL("20(10,30)", 10, 30, 20);
    EXPECT_AVL("20(10,30)", 30, 10, 20);
    EXPECT_AVL("30(20(10,25),40(-,50))", 20, 10, 30, 25, 40, 50);
    EXPECT_AVL("20(10(5),30(25,40))", 30, 20, 40, 10, 25, 5);
    EXPECT_AVL("20(10(5,15),30(-,40))", 30, 10, 40, 5, 20, 15);
    EXPECT_AVL("30(20(10),40(35,50))", 20, 10, 40, 30, 50, 35);
}

static void test_avl_leaves(void **state)
{
    const xy_topology *avl = &xy_topology_avl;
    xy_map map = {0};
    (void)state;
    ADD_ALL(&map, avl, 50, 20, 80, 10, 30, 70, 90, 25, 40, 95);
    expect_shape(&map, avl, "50(20(10,30(25,40)),80(70,90(-,95)))");
    leave(&map, avl, 20, true); /* 25 is next, and its place is empty */
    expect_shape(&map, avl, "50(25(10,30(-,40)),80(70,90(-,95)))");
    leave(&map, avl, 25, true); /* 30 is next, and below it */
    expect_shape(&map, avl, "50(30(10,40),80(70,90(-,95)))");
    leave(&map, avl, 70, true); /* too high on the right */
    expect_shape(&map, avl, "50(30(10,40),90(80,95))");
    assert_int_equal(id_of(xy_map_find(&map, 70)->wanted.parent), 80);
    leave(&map, avl, 50, false); /* the root: 80 is next, and one that has left was below it */
    expect_shape(&map, avl, "80(30(10,40),90(-,95))");
    leave(&map, avl, 90, false);
    leave(&map, avl, 95, false);
    expect_shape(&map, avl, "30(10,80(40))");
    avl->join(&map, xy_map_find(&map, 70));
    expect_shape(&map, avl, "30(10,70(40,80))");
    avl->join(&map, xy_map_find(&map, 20));
    avl->join(&map, xy_map_find(&map, 25));
    expect_shape(&map, avl, "30(20(10,25),70(40,80))");
    empty(&map);
}

static const xy_map_node *side_of(const xy_map_node *node, bool right)
{
    const xy_map_node *found = NULL;
    for (const xy_map_node *n = node->wanted.first_child; n; n = n->wanted.next)
        if (n->joined && (n->id > node->id) == right) {
            assert_null(found);
            found = n;
        }
    return found;
}

/* Looks at a tree in the order of its ids; its height. */
static int expect_avl_tree(const xy_map_node *node, int64_t *latest, size_t *count)
{
    if (!node)
        return 0;
    const int left = expect_avl_tree(side_of(node, false), latest, count);
    assert_true(node->id > *latest);
    *latest = node->id;
    ++*count;
    const int right = expect_avl_tree(side_of(node, true), latest, count);
    assert_in_range(left - right + 1, 0, 2);
    assert_int_equal(node->height, 1 + (left > right ? left : right));
    return node->height;
}

static const xy_map_node *only_top(const xy_map *map)
{
    const xy_map_node *top = NULL;
    for (const xy_map_node *n = map->wanted.first_child; n; n = n->wanted.next)
        if (n->joined) {
            assert_null(top);
            top = n;
        }
    return top;
}

/* The fewest nodes that a tree of this height has: height <= 1.44 log2 (n + 2). */
static size_t fewest(int height)
{
    size_t lower = 0, own = height > 0;
    for (int i = 1; i < height; i++) {
        const size_t next = 1 + own + lower;
        lower = own;
        own = next;
    }
    return own;
}

static void check_avl(const xy_map *map, void *model, bool joins, int64_t id, int moved)
{
    int64_t latest = NONE;
    size_t count = 0;
    const int height = expect_avl_tree(only_top(map), &latest, &count);
    (void)model;
    (void)id;
    assert_int_equal(count, map->joined);
    assert_true(fewest(height) <= map->joined);
    assert_true(moved <= (joins ? 5 : 4 + 5 * height));
}

static void test_avl_at_random(void **state)
{
    char none;
    const shape_trial trial = {&xy_topology_avl, check_avl, NULL, &none};
    (void)state;
    follow(&trial, sizeof none);
}

/* Balanced. */

static void test_balanced(void **state)
{
    const xy_topology *balanced = &xy_topology_balanced;
    xy_map map = {0};
    (void)state;
    ADD_ALL(&map, balanced, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect_shape(&map, balanced, "1(2(4(8),6),3(5(9),7))");
    leave(&map, balanced, 2, true); /* a left one: 9 came last */
    expect_shape(&map, balanced, "1(9(4(8),6),3(5,7))");
    leave(&map, balanced, 9, true); /* 8 is below it */
    expect_shape(&map, balanced, "1(8(4,6),3(5,7))");
    leave(&map, balanced, 3, true); /* a right one, whose last child came last */
    expect_shape(&map, balanced, "1(8(4,6),7(5))");
    leave(&map, balanced, 7, true); /* one with a single child */
    expect_shape(&map, balanced, "1(8(4),6(5))");
    balanced->join(&map, xy_map_find(&map, 2));
    expect_shape(&map, balanced, "1(8(4,2),6(5))");
    leave(&map, balanced, 1, true); /* the top */
    expect_shape(&map, balanced, "2(8(4),6(5))");
    leave(&map, balanced, 5, false); /* the one that came last */
    expect_shape(&map, balanced, "2(8(4),6)");
    for (size_t i = 0; i < 4; i++)
        leave(&map, balanced, (const int64_t[]){8, 2, 6, 4}[i], true);
    expect_shape(&map, balanced, "");
    balanced->join(&map, xy_map_find(&map, 7));
    expect_shape(&map, balanced, "7");
    empty(&map);
}

/* Which id is in which place, numbered from 1 in the order in which they are filled. */
typedef struct numbered {
    int64_t at[IDS + 1];
} numbered;

/* Looks at a subtree whose places are `number`, number + stride, number + 2 stride ...; its size.
 */
static size_t expect_numbered(const xy_map_node *node, const numbered *model, size_t number,
                              size_t stride)
{
    size_t sizes[2] = {0, 0}, children = 0;
    assert_true(number <= IDS);
    assert_int_equal(node->id, model->at[number]);
    for (const xy_map_node *n = node->wanted.first_child; n; n = n->wanted.next)
        if (n->joined) {
            assert_true(children < 2);
            sizes[children] =
                expect_numbered(n, model, number + stride * (children + 1), 2 * stride);
            children++;
        }
    assert_true(sizes[0] == sizes[1] || sizes[0] == sizes[1] + 1);
    return 1 + sizes[0] + sizes[1];
}

static void check_balanced(const xy_map *map, void *model, bool joins, int64_t id, int moved)
{
    numbered *all = model;
    const xy_map_node *top = only_top(map);
    size_t number = 1;
    if (joins) {
        all->at[map->joined] = id;
    } else {
        while (all->at[number] != id)
            number++;
        all->at[number] = all->at[map->joined + 1];
    }
    assert_int_equal(top ? expect_numbered(top, all, 1, 1) : 0, map->joined);
    assert_true(moved <= (joins ? 0 : 3));
}

static void test_balanced_at_random(void **state)
{
    numbered model;
    const shape_trial trial = {&xy_topology_balanced, check_balanced, NULL, &model};
    (void)state;
    follow(&trial, sizeof model);
}

/* Lists and trees: those below one that leaves take its place. */

static void test_list(void **state)
{
    const xy_topology *list = &xy_topology_list;
    xy_map map = {0};
    xy_map_node *found;
    (void)state;
    ADD_ALL(&map, list, 1, 2);
    for (int64_t id = 11; id <= 13; id++)
        add(&map, list, id, id == 11 ? 1 : id - 1);
    expect_shape(&map, list, "1(11(12(13))) 2");
    leave(&map, list, 12, true);
    expect_shape(&map, list, "1(11(13)) 2");
    leave(&map, list, 1, true); /* 2 stays the newest list */
    expect_shape(&map, list, "11(13) 2");
    assert_int_equal(list->place(&map, 30, &(xy_wish){.kind = XY_WISH_ANY}, &found), XYLEM_OK);
    assert_int_equal(id_of(found), 2);
    leave(&map, list, 2, true); /* and is none any more */
    assert_int_equal(list->place(&map, 30, &(xy_wish){.kind = XY_WISH_ANY}, &found), XYLEM_OK);
    assert_int_equal(id_of(found), 13);
    list->join(&map, xy_map_find(&map, 12));
    list->join(&map, xy_map_find(&map, 1));
    expect_shape(&map, list, "11(13(12)) 1");
    leave(&map, list, 13, true); /* the end, although one that has left is below it */
    leave(&map, list, 12, true);
    add(&map, list, 14, 11);
    expect_shape(&map, list, "11(14) 1");
    assert_int_equal(list->place(&map, 30, &(xy_wish){XY_WISH_NODE, 12}, &found),
                     XYLEM_PARENT_UNAVAILABLE);
    empty(&map);
}

static void test_tree(void **state)
{
    const xy_topology *tree = &xy_topology_tree;
    xy_map map = {0};
    xy_map_node *found;
    (void)state;
    ADD_ALL(&map, tree, 1, 2, 3);
    for (int64_t id = 21; id <= 23; id++)
        add(&map, tree, id, 2);
    add(&map, tree, 30, 22);
    expect_shape(&map, tree, "1 2(21,22(30),23) 3");
    leave(&map, tree, 22, true);
    leave(&map, tree, 2, true); /* with its children, in their order */
    expect_shape(&map, tree, "1 21 30 23 3");
    tree->join(&map, xy_map_find(&map, 22));
    expect_shape(&map, tree, "1 21 30 22 23 3");
    assert_int_equal(tree->place(&map, 9, &(xy_wish){XY_WISH_NODE, 2}, &found),
                     XYLEM_PARENT_UNAVAILABLE);
    empty(&map);
}

/* Of each id its parent, when it is on the map, and which have joined: 1, or another number. */
typedef struct given {
    int parent[IDS], joined[IDS];
} given;

static int given_child(const given *model, int parent)
{
    for (int id = 0; id < IDS; id++)
        if (model->joined[id] == 1 && model->parent[id] == parent)
            return id;
    return NONE;
}

static int end_of_list(const given *model, int list)
{
    for (int next = list; next != NONE; next = given_child(model, next))
        list = next;
    return list;
}

static int64_t wish_of_tree(void *state, uint64_t *random, int64_t id)
{
    given *model = state;
    const int wish = (int)(unit_random(random) % IDS);
    model->parent[id] = model->joined[wish] == 1 ? wish : NONE;
    return model->parent[id];
}

static int64_t wish_of_list(void *state, uint64_t *random, int64_t id)
{
    given *model = state;
    model->parent[id] = end_of_list(model, (int)wish_of_tree(state, random, id));
    return model->parent[id];
}

static void check_given(const xy_map *map, given *model, bool joins, int64_t id, int moved)
{
    int children = 0;
    model->joined[id] = joins;
    for (int child = 0; child < IDS; child++)
        if (model->parent[child] == id) {
            children += model->joined[child] == 1;
            model->parent[child] = model->parent[id];
        }
    for (const xy_map_node *n = map->lowest; n; n = n->higher)
        assert_int_equal(id_of(n->wanted.parent), model->parent[n->id]);
    assert_int_equal(moved, children);
}

static void check_tree(const xy_map *map, void *model, bool joins, int64_t id, int moved)
{
    check_given(map, model, joins, id, moved);
}

static void check_list(const xy_map *map, void *state, bool joins, int64_t id, int moved)
{
    given *model = state;
    if (joins)
        model->parent[id] = end_of_list(model, model->parent[id]);
    check_given(map, model, joins, id, moved);
    assert_true(moved <= 1);
}

static void test_list_at_random(void **state)
{
    given model;
    const shape_trial trial = {&xy_topology_list, check_list, wish_of_list, &model};
    (void)state;
    follow(&trial, sizeof model);
}

static void test_tree_at_random(void **state)
{
    given model;
    const shape_trial trial = {&xy_topology_tree, check_tree, wish_of_tree, &model};
    (void)state;
    follow(&trial, sizeof model);
}

/* A test that fails leaves its map behind, which is not the fault of the next one. */
static int forget(void **state)
{
    (void)state;
    shortage.outstanding = 0;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bst, forget),
        cmocka_unit_test_setup(test_bst_at_random, forget),
        cmocka_unit_test_setup(test_avl_joins, forget),
        cmocka_unit_test_setup(test_avl_leaves, forget),
        cmocka_unit_test_setup(test_avl_at_random, forget),
        cmocka_unit_test_setup(test_balanced, forget),
        cmocka_unit_test_setup(test_balanced_at_random, forget),
        cmocka_unit_test_setup(test_list, forget),
        cmocka_unit_test_setup(test_list_at_random, forget),
        cmocka_unit_test_setup(test_tree, forget),
        cmocka_unit_test_setup(test_tree_at_random, forget),
    };
    memory_is_back();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
