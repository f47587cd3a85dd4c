/* Rings and buffers: they grow, keep what they have, and own it. */
#include "unit.h"

#include "../shortage.h"
#include "core/buffer.h"
#include "core/ring.h"

static int set_up(void **state)
{
    (void)state;
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

/* From each place where it may begin. */
static void test_a_ring_keeps_its_order(void **state)
{
    (void)state;
    for (int begin = 0; begin < 9; begin++) {
        xy_ring ring = {.item_size = sizeof(int)};
        int item, popped = 0, pushed = 0;
        for (; pushed < begin; pushed++) {
            assert_true(xy_ring_push(&ring, &pushed));
            if (pushed > 0) {
                assert_true(xy_ring_pop(&ring, &item));
                assert_int_equal(item, popped++);
            }
        }
        for (; pushed < 100; pushed++)
            assert_true(xy_ring_push(&ring, &pushed));
        for (size_t i = 0; i < ring.count; i++)
            assert_int_equal(*(int *)xy_ring_at(&ring, i), popped + (int)i);
        while (xy_ring_pop(&ring, &item))
            assert_int_equal(item, popped++);
        assert_int_equal(popped, 100);
        assert_false(xy_ring_pop(&ring, &item));
        xy_ring_clear(&ring);
        assert_true(xy_ring_push(&ring, &item)); /* and it can be used again */
        xy_ring_clear(&ring);
    }
}

static void test_a_ring_without_memory(void **state)
{
    xy_ring ring = {.item_size = sizeof(int)};
    int item = 7;
    (void)state;
    memory_fails(1, SIZE_MAX);
    assert_false(xy_ring_push(&ring, &item));
    memory_is_back();
    assert_true(xy_ring_reserve(&ring, 20));
    memory_fails(1, SIZE_MAX);
    for (int i = 0; i < 20; i++)
        assert_true(xy_ring_push(&ring, &i));
    while (xy_ring_push(&ring, &item))
        ;
    assert_false(xy_ring_reserve(&ring, ring.capacity + 1));
    for (int i = 0; i < 20; i++) {
        assert_true(xy_ring_pop(&ring, &item));
        assert_int_equal(item, i);
    }
    xy_ring_clear(&ring);
}

static void test_a_buffer_is_a_string(void **state)
{
    xy_buffer buffer = {0};
    char wanted[2000] = "";
    (void)state;
    for (int i = 0; i < 300; i++) {
        char text[8];
        int length = snprintf(text, sizeof text, "%d,", i);
        strcat(wanted, text);
        assert_true(xy_buffer_add(&buffer, text, (size_t)length));
        assert_int_equal(buffer.size, strlen(wanted));
        assert_string_equal((char *)buffer.bytes, wanted);
    }
    xy_buffer_drop(&buffer, 4); /* "0,1," */
    assert_string_equal((char *)buffer.bytes, wanted + 4);
    assert_int_equal(buffer.size, strlen(wanted + 4));
    xy_buffer_drop(&buffer, buffer.size);
    assert_int_equal(buffer.size, 0);
    assert_true(xy_buffer_add(&buffer, "x", 1));
    assert_string_equal((char *)buffer.bytes, "x");
    xy_buffer_clear(&buffer);
    assert_null(buffer.bytes);
    xy_buffer_clear(&buffer);
}

static void test_bytes_are_given_away(void **state)
{
    xy_buffer buffer = {0};
    (void)state;
    assert_true(xy_buffer_add(&buffer, "text", 4));
    uint8_t *bytes = xy_buffer_take(&buffer);
    assert_string_equal((char *)bytes, "text");
    assert_true(!buffer.bytes && buffer.size == 0 && buffer.capacity == 0);
    xy_release(bytes);
}

static void test_a_buffer_without_memory(void **state)
{
    xy_buffer buffer = {0};
    (void)state;
    memory_fails(1, SIZE_MAX);
    assert_false(xy_buffer_add(&buffer, "text", 4));
    memory_is_back();
    assert_true(xy_buffer_reserve(&buffer, 10));
    memory_fails(1, SIZE_MAX);
    assert_true(xy_buffer_add(&buffer, "0123456789", 10));
    while (xy_buffer_add(&buffer, "x", 1))
        ;
    assert_memory_equal(buffer.bytes, "0123456789", 10);
    assert_int_equal(buffer.bytes[buffer.size], 0);
    xy_buffer_clear(&buffer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_ring_keeps_its_order),  TEST(test_a_ring_without_memory),
        TEST(test_a_buffer_is_a_string),    TEST(test_bytes_are_given_away),
        TEST(test_a_buffer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
