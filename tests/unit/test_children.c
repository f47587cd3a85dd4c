/* What a node knows of its children: by link and tag, in order, by the time of their silence. */
#include "machines.h"

#include "core/children.h"

static xy_child *expect_child(xy_children *children, uint64_t link)
{
    xy_expectation expectation = expectation_of(link, (int64_t)link + 100, link + 1000);
    xy_child *child = xy_children_expect(children, &expectation);
    assert_non_null(child);
    return child;
}

static void test_a_child_that_may_attach(void **state)
{
    xy_children children = {0};
    (void)state;
    assert_null(xy_children_find(&children, (xy_link_number){1}));
    assert_null(xy_children_first(&children));
    xy_child *child = expect_child(&children, 1);
    assert_int_equal(child->state, XY_CHILD_EXPECTED);
    assert_true(child->id == 101 && child->life.number == 1001);
    assert_peer(xy_child_peer(child), child_on(1));
    assert_ptr_equal(xy_children_find(&children, (xy_link_number){1}), child);
    assert_null(xy_children_find(&children, (xy_link_number){2}));
    assert_int_equal(xy_children_count(&children), 1);
    assert_null(children.present); /* it has not been heard */
    xy_children_clear(&children);
    assert_int_equal(xy_children_count(&children), 0);
}

/* A second expectation of a link changes nothing of the first. */
static void test_expected_twice(void **state)
{
    xy_children children = {0};
    (void)state;
    xy_child *child = expect_child(&children, 1);
    xy_expectation other = expectation_of(1, 7, 8);
    other.child.tag = 9;
    assert_ptr_equal(xy_children_expect(&children, &other), child);
    assert_true(child->id == 101 && child->life.number == 1001 && child->tag == tag_of(1));
    assert_int_equal(xy_children_count(&children), 1);
    xy_children_clear(&children);
}

/* Few are found in another way than many. */
static void test_few_and_many(void **state)
{
    enum { MANY = 12 };
    xy_children children = {0};
    (void)state;
    for (uint64_t link = 1; link <= MANY; link++) {
        expect_child(&children, link);
        for (uint64_t each = 1; each <= link; each++)
            assert_true(xy_children_find(&children, (xy_link_number){each})->link == each);
        assert_null(xy_children_find(&children, (xy_link_number){link + 1}));
    }
    for (uint64_t link = MANY; link > 0; link--) {
        xy_children_forget(&children, xy_children_find(&children, (xy_link_number){link}));
        assert_int_equal(xy_children_count(&children), link - 1);
        for (uint64_t each = 1; each < link; each++)
            assert_true(xy_children_find(&children, (xy_link_number){each})->link == each);
        assert_null(xy_children_find(&children, (xy_link_number){link}));
    }
    xy_children_clear(&children);
}

static void test_known_by_name(void **state)
{
    xy_children children = {0};
    (void)state;
    xy_child *child = expect_child(&children, 1);
    expect_child(&children, 2);
    xy_peer peer = child_on(1);
    assert_ptr_equal(xy_children_known(&children, &peer), child);
    peer.tag = tag_of(2); /* a name is a link with its own tag */
    assert_null(xy_children_known(&children, &peer));
    peer = child_on(3);
    assert_null(xy_children_known(&children, &peer));
    peer = parent_on(1);
    assert_null(xy_children_known(&children, &peer));
    peer.role = XY_STRANGER;
    assert_null(xy_children_known(&children, &peer));
    xy_children_clear(&children);
}

static void test_secrets(void **state)
{
    xy_children children = {0};
    (void)state;
    xy_child *child = expect_child(&children, 1);
    uint8_t secret[XY_SECRET_SIZE + 1] = {0};
    memcpy(secret, secret_of_child, XY_SECRET_SIZE);
    for (size_t size = 0; size <= sizeof secret; size++)
        assert_int_equal(xy_child_proves(child, secret, size), size == XY_SECRET_SIZE);
    for (size_t i = 0; i < XY_SECRET_SIZE; i++)
        for (int bit = 0; bit < 8; bit++) {
            secret[i] ^= (uint8_t)(1 << bit);
            assert_false(xy_child_proves(child, secret, XY_SECRET_SIZE));
            secret[i] ^= (uint8_t)(1 << bit);
        }
    xy_children_clear(&children);
}

static void assert_present(const xy_children *children, const uint64_t *links)
{
    const xy_child *child = children->present;
    for (; *links; links++, child = child->next) {
        assert_non_null(child);
        assert_true(child->link == *links);
        assert_int_equal(child->state, XY_CHILD_PRESENT);
    }
    assert_null(child);
}

/* The one first heard from longest ago is the first that may be silent for too long. */
static void test_the_order_of_hearing(void **state)
{
    xy_children children = {0};
    xy_child *child[5];
    (void)state;
    for (uint64_t link = 1; link <= 4; link++)
        child[link] = expect_child(&children, link);
    xy_children_heard(&children, child[2], 10);
    xy_children_heard(&children, child[1], 20);
    xy_children_heard(&children, child[3], 20);
    assert_present(&children, (uint64_t[]){2, 1, 3, 0});
    assert_true(children.present->deadline_ms == 10);
    xy_children_heard(&children, child[2], 30);
    assert_present(&children, (uint64_t[]){1, 3, 2, 0});
    xy_children_heard(&children, child[3], 40);
    xy_children_heard(&children, child[3], 41);
    assert_present(&children, (uint64_t[]){1, 2, 3, 0});
    xy_children_silent(&children, child[2]);
    assert_int_equal(child[2]->state, XY_CHILD_SILENT);
    assert_present(&children, (uint64_t[]){1, 3, 0});
    xy_children_heard(&children, child[2], 50); /* back */
    assert_present(&children, (uint64_t[]){1, 3, 2, 0});
    xy_children_forget(&children, child[1]);
    assert_present(&children, (uint64_t[]){3, 2, 0});
    xy_children_silent(&children, child[3]);
    xy_children_forget(&children, child[3]);
    xy_children_forget(&children, child[4]);
    assert_present(&children, (uint64_t[]){2, 0});
    assert_int_equal(xy_children_count(&children), 1);
    xy_children_clear(&children);
}

static void test_the_order_of_coming(void **state)
{
    enum { MANY = 1000 };
    xy_children children = {0};
    uint64_t link = 0;
    (void)state;
    for (uint64_t i = 1; i <= MANY; i++)
        expect_child(&children, i * 7919);
    for (xy_child *child = xy_children_first(&children); child; child = xy_children_next(child))
        assert_true(child->link == ++link * 7919);
    assert_int_equal(link, MANY);
    for (uint64_t i = 1; i <= MANY; i += 2)
        xy_children_forget(&children, xy_children_find(&children, (xy_link_number){i * 7919}));
    link = 0;
    for (xy_child *child = xy_children_first(&children); child; child = xy_children_next(child))
        assert_true(child->link == (link += 2) * 7919);
    assert_int_equal(xy_children_count(&children), MANY / 2);
    xy_children_clear(&children);
    assert_null(children.present);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_child_that_may_attach),
        cmocka_unit_test(test_expected_twice),
        cmocka_unit_test(test_few_and_many),
        cmocka_unit_test(test_known_by_name),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_the_order_of_hearing),
        cmocka_unit_test(test_the_order_of_coming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
