/* Which nodes a cast asks: what is made is what is read. */
#include "unit.h"

#include "../shortage.h"
#include "core/plan.h"
#include "core/varint.h"

enum { NODES = 200 };

/* A tree whose plan is made; then it is read, node by node, as the nodes themselves do it. */
typedef struct fixture {
    xy_plan_node nodes[NODES];
    size_t count;
    uint32_t positions[NODES]; /* those that are wanted */
    size_t asked;
    size_t reached; /* while it is read */
    xy_buffer plan;
    size_t levels;
} fixture;

static int set_up(void **state)
{
    *state = calloc(1, sizeof(fixture));
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    memory_is_back();
    xy_buffer_clear(&f->plan);
    free(f);
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static const xy_plan_head head = {.base = 7, .time_ms = 5000, .step_ms = 30, .service = "sum"};

/* Those below one follow it at once. */
static void add(fixture *f, size_t parent, bool asked)
{
    uint64_t link = 1000 + 977 * f->count;
    f->positions[f->count] = head.base + (uint32_t)f->asked;
    f->asked += asked;
    f->nodes[f->count++] = (xy_plan_node){.parent = parent, .link = link, .asked = asked};
}

static bool make(fixture *f)
{
    uint8_t bytes[100];
    xy_buffer_clear(&f->plan);
    return xy_buffer_add(&f->plan, bytes, xy_plan_put_head(bytes, &head)) &&
           xy_plan_make(&f->plan, f->nodes, f->count, &f->levels);
}

static uint32_t asked_below(const fixture *f, size_t top)
{
    uint32_t count = f->nodes[top].asked;
    for (size_t i = top + 1; i < f->count; i++) {
        size_t above = f->nodes[i].parent;
        while (above != XY_PLAN_TOP && above > top)
            above = f->nodes[above].parent;
        count += above == top && f->nodes[i].asked;
    }
    return count;
}

static size_t children_of(const fixture *f, size_t parent)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++)
        count += f->nodes[i].parent == parent;
    return count;
}

/* As the plan of a child is put together by its parent. */
static size_t plan_of(const xy_plan_child *child, uint8_t *bytes)
{
    xy_plan_head below = head;
    below.base = child->base;
    size_t size = xy_plan_put_head(bytes, &below);
    memcpy(bytes + size, child->section, child->size);
    return size + child->size;
}

static void expect_head(const xy_plan *plan, uint32_t base)
{
    assert_int_equal(plan->head.base, base);
    assert_int_equal(plan->head.time_ms, head.time_ms);
    assert_int_equal(plan->head.step_ms, head.step_ms);
    assert_string_equal(plan->head.service, head.service);
}

static void expect_children(fixture *f, xy_plan *plan, size_t parent);

static void expect_node(fixture *f, const xy_plan_child *child, size_t place)
{
    static uint8_t bytes[NODES][20 * NODES];
    xy_plan plan;
    assert_true(child->link.number == f->nodes[place].link);
    assert_int_equal(child->base, f->positions[place]);
    assert_int_equal(child->count, asked_below(f, place));
    assert_true(xy_plan_read(&plan, bytes[place], plan_of(child, bytes[place])));
    expect_head(&plan, child->base);
    assert_int_equal(plan.asked, f->nodes[place].asked);
    expect_children(f, &plan, place);
}

static void expect_children(fixture *f, xy_plan *plan, size_t parent)
{
    xy_plan_child child;
    assert_int_equal(plan->children, children_of(f, parent));
    for (size_t i = 0; i < f->count; i++)
        if (f->nodes[i].parent == parent) {
            assert_true(xy_plan_next(plan, &child));
            f->reached++;
            expect_node(f, &child, i);
        }
    assert_false(xy_plan_next(plan, &child));
    assert_ptr_equal(plan->at, plan->end);
}

static void expect_all(fixture *f, size_t levels)
{
    xy_plan plan;
    assert_true(make(f));
    assert_int_equal(f->levels, levels);
    assert_true(xy_plan_read(&plan, f->plan.bytes, f->plan.size));
    expect_head(&plan, head.base);
    assert_false(plan.asked);
    f->reached = 0;
    expect_children(f, &plan, XY_PLAN_TOP);
    assert_int_equal(f->reached, f->count);
}

/* Trees. */

static void test_no_nodes(void **state)
{
    expect_all(*state, 0);
}

static void test_chain(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < 60; i++)
        add(f, i ? i - 1 : XY_PLAN_TOP, i % 3 == 2);
    expect_all(f, 60);
}

static void test_star(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < NODES; i++)
        add(f, XY_PLAN_TOP, true);
    expect_all(f, 1);
}

static void test_star_below_one_that_is_not_asked(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < NODES; i++)
        add(f, i ? 0 : XY_PLAN_TOP, i > 0);
    expect_all(f, 2);
}

/* In the order of a walk: the next one is below one of those that are above the latest, or below
 * that itself. */
static size_t random_tree(fixture *f, size_t count, uint64_t *seed)
{
    size_t levels = 0, depth[NODES];
    f->count = f->asked = 0;
    for (size_t i = 0; i < count; i++) {
        size_t parent = i ? i - 1 : XY_PLAN_TOP;
        while (parent != XY_PLAN_TOP && unit_random(seed) % 3 == 0)
            parent = f->nodes[parent].parent;
        depth[i] = parent == XY_PLAN_TOP ? 1 : depth[parent] + 1;
        levels = depth[i] > levels ? depth[i] : levels;
        add(f, parent, unit_random(seed) % 2 == 0);
    }
    return levels;
}

static void test_random_trees(void **state)
{
    fixture *f = *state;
    uint64_t seed = unit_seed();
    for (int i = 0; i < 100; i++) {
        size_t levels = random_tree(f, unit_random(&seed) % NODES, &seed);
        expect_all(f, levels);
    }
}

/* Heads. */

static bool read_again(const xy_plan_head *written, xy_plan *plan)
{
    static uint8_t bytes[100];
    size_t size = xy_plan_put_head(bytes, written);
    assert_int_equal(xy_plan_put_head(NULL, written), size);
    bytes[size] = 1;
    return xy_plan_read(plan, bytes, size + 1);
}

static void test_heads(void **state)
{
    static const xy_plan_head some[] = {
        {0, 0, 0, ""},
        {XY_PLAN_NODES_MAX, UINT32_MAX, UINT32_MAX, "0123456789012345678901234567890"}};
    xy_plan plan;
    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        assert_true(read_again(&some[i], &plan));
        assert_int_equal(plan.head.base, some[i].base);
        assert_int_equal(plan.head.time_ms, some[i].time_ms);
        assert_int_equal(plan.head.step_ms, some[i].step_ms);
        assert_string_equal(plan.head.service, some[i].service);
        assert_true(plan.asked && plan.next == some[i].base + 1);
    }
    assert_false(read_again(&(xy_plan_head){XY_PLAN_NODES_MAX + 1, 0, 0, ""}, &plan));
}

/* A name that is too long, or longer than what is there. */
static void test_names(void **state)
{
    uint8_t bytes[XY_SERVICE_NAME_SIZE + 5] = {0, 0, 0, XY_SERVICE_NAME_SIZE};
    xy_plan plan;
    (void)state;
    assert_false(xy_plan_read(&plan, bytes, sizeof bytes));
    bytes[3]--;
    memset(bytes + 4, 'x', XY_SERVICE_NAME_SIZE - 1);
    assert_true(xy_plan_read(&plan, bytes, sizeof bytes));
    assert_int_equal(strlen(plan.head.service), XY_SERVICE_NAME_SIZE - 1);
    assert_false(xy_plan_read(&plan, bytes, XY_SERVICE_NAME_SIZE + 2));
}

/* What is malformed. */

/* How many children are read, in all; each is in the bytes. */
static size_t read_all(const uint8_t *bytes, size_t size)
{
    xy_plan plan;
    xy_plan_child child;
    size_t children = 0;
    if (!xy_plan_read(&plan, bytes, size))
        return 0;
    while (xy_plan_next(&plan, &child)) {
        assert_true(child.section >= bytes && child.size <= size);
        assert_true(child.section + child.size <= bytes + size);
        children++;
    }
    return children;
}

/* Each cut loses the last child, or more. */
static void test_cut_off(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < 20; i++)
        add(f, i % 4 ? i - i % 4 : XY_PLAN_TOP, true);
    assert_true(make(f));
    assert_int_equal(read_all(f->plan.bytes, f->plan.size), 5);
    for (size_t size = 0; size < f->plan.size; size++) {
        uint8_t *bytes = malloc(size + 1); /* so that a sanitizer sees what is read beyond */
        memcpy(bytes, f->plan.bytes, size);
        bytes = realloc(bytes, size ? size : 1);
        assert_true(read_all(bytes, size) < 5);
        free(bytes);
    }
}

static void test_noise(void **state)
{
    uint64_t seed = unit_seed();
    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[40];
        size_t size = unit_random(&seed) % sizeof bytes;
        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)(unit_random(&seed) % (i % 2 ? 4 : 256));
        assert_true(read_all(bytes, size) <= sizeof bytes);
    }
}

static void test_a_section_beyond_the_end(void **state)
{
    uint8_t bytes[] = {0, 0, 0, 0, 2, 9, 1, 2, 1, 0};
    xy_plan plan;
    xy_plan_child child;
    (void)state;
    assert_true(xy_plan_read(&plan, bytes, sizeof bytes) && xy_plan_next(&plan, &child));
    assert_true(child.link.number == 9 && child.count == 1 && child.size == 2);
    bytes[7]++;
    assert_true(xy_plan_read(&plan, bytes, sizeof bytes));
    assert_false(xy_plan_next(&plan, &child));
}

/* More children than there are bytes. */
static void test_too_many_children(void **state)
{
    const uint8_t bytes[] = {0, 0, 0, 0, 127, 1};
    xy_plan plan;
    (void)state;
    assert_false(xy_plan_read(&plan, bytes, sizeof bytes));
}

static void test_no_memory(void **state)
{
    fixture *f = *state;
    random_tree(f, 50, &(uint64_t){1});
    memory_fails(1, SIZE_MAX);
    assert_false(xy_plan_make(&f->plan, f->nodes, f->count, &f->levels));
    assert_int_equal(f->plan.size, 0);
    memory_is_back();
    assert_true(make(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_nodes),     TEST(test_chain),
        TEST(test_star),         TEST(test_star_below_one_that_is_not_asked),
        TEST(test_random_trees), TEST(test_heads),
        TEST(test_names),        TEST(test_cut_off),
        TEST(test_noise),        TEST(test_a_section_beyond_the_end),
        TEST(test_no_memory),    TEST(test_too_many_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
