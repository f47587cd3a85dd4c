/* Numbers as seven bits a byte. */
#include "unit.h"

#include "../shortage.h"
#include "core/varint.h"

static int set_up(void **state)
{
    (void)state;
    memory_is_back();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_is_back();
    assert_int_equal(shortage.outstanding, 0);
    return 0;
}

static const struct {
    uint64_t number;
    size_t size;
    uint8_t bytes[XY_VARINT_MAX];
} known[] = {{0, 1, {0}},
             {1, 1, {1}},
             {127, 1, {127}},
             {128, 2, {128, 1}},
             {300, 2, {172, 2}},
             {16383, 2, {255, 127}},
             {16384, 3, {128, 128, 1}},
             {UINT32_MAX, 5, {255, 255, 255, 255, 15}},
             {UINT64_MAX, 10, {255, 255, 255, 255, 255, 255, 255, 255, 255, 1}}};

static void test_bytes(void **state)
{
    uint8_t bytes[XY_VARINT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint8_t *at = known[i].bytes;
        uint64_t number;
        assert_int_equal(xy_varint_put(NULL, known[i].number), known[i].size);
        assert_int_equal(xy_varint_put(bytes, known[i].number), known[i].size);
        assert_memory_equal(bytes, known[i].bytes, known[i].size);
        assert_true(xy_varint_get(&at, at + known[i].size, &number));
        assert_true(number == known[i].number);
        assert_ptr_equal(at, known[i].bytes + known[i].size);
    }
}

/* What is not all there is not read, and nothing is moved on. */
static void test_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        for (size_t size = 0; size < known[i].size; size++) {
            const uint8_t *at = known[i].bytes;
            uint64_t number;
            assert_false(xy_varint_get(&at, at + size, &number));
            assert_ptr_equal(at, known[i].bytes);
        }
}

static void test_without_end(void **state)
{
    uint8_t bytes[XY_VARINT_MAX + 1];
    const uint8_t *at = bytes;
    uint64_t number;
    (void)state;
    memset(bytes, 255, sizeof bytes);
    assert_false(xy_varint_get(&at, bytes + sizeof bytes, &number));
    bytes[XY_VARINT_MAX] = 0;
    assert_false(xy_varint_get(&at, bytes + sizeof bytes, &number));
}

static bool is_within(uint64_t number, uint64_t most)
{
    uint8_t bytes[XY_VARINT_MAX];
    const uint8_t *at = bytes;
    uint64_t read;
    size_t size = xy_varint_put(bytes, number);
    return xy_varint_get_within(&at, bytes + size, most, &read);
}

static void test_bound(void **state)
{
    (void)state;
    assert_true(is_within(0, 0) && is_within(300, 300) && is_within(UINT64_MAX, UINT64_MAX));
    assert_false(is_within(1, 0) || is_within(301, 300) || is_within(UINT64_MAX, UINT64_MAX - 1));
}

static void test_random_ones(void **state)
{
    uint64_t seed = unit_seed();
    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint8_t bytes[XY_VARINT_MAX];
        const uint8_t *at = bytes;
        uint64_t high = unit_random(&seed), read;
        uint64_t number = (high << 32 | unit_random(&seed)) >> unit_random(&seed) % 64;
        size_t size = xy_varint_put(bytes, number);
        assert_true(xy_varint_get(&at, bytes + size, &read));
        assert_true(read == number && at == bytes + size);
    }
}

/* Small ones of either sign are short. */
static void test_differences(void **state)
{
    static const uint64_t differences[] = {
        0, 1, 63, 64, UINT64_MAX, UINT64_MAX - 63, 1000000, INT64_MAX, (uint64_t)INT64_MAX + 1};
    (void)state;
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        assert_true(xy_varint_to_difference(xy_varint_of_difference(differences[i])) ==
                    differences[i]);
    assert_true(xy_varint_of_difference(0) == 0 && xy_varint_of_difference(UINT64_MAX) == 1);
    assert_int_equal(xy_varint_put(NULL, xy_varint_of_difference(UINT64_MAX - 63)), 1);
    assert_int_equal(xy_varint_put(NULL, xy_varint_of_difference(63)), 1);
}

static void test_buffer(void **state)
{
    xy_buffer buffer = {0};
    (void)state;
    assert_true(xy_varint_add(&buffer, 300) && xy_varint_add(&buffer, 5));
    assert_int_equal(buffer.size, 3);
    assert_memory_equal(buffer.bytes, ((uint8_t[]){172, 2, 5, 0}), 4);
    memory_fails(1, SIZE_MAX);
    size_t size = buffer.size;
    while (xy_varint_add(&buffer, UINT64_MAX))
        size = buffer.size;
    assert_int_equal(buffer.size, size);
    memory_is_back();
    xy_buffer_clear(&buffer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bytes),       TEST(test_cut_off),     TEST(test_without_end), TEST(test_bound),
        TEST(test_random_ones), TEST(test_differences), TEST(test_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
