/* Numbers that cannot be guessed: the same at the same place, and unlike everywhere else. */
#include "unit.h"

#include "core/random.h"

enum { STREAMS = XY_STREAM_SERVICE + 1, PLACES = 5000 };

/* SipHash-2-4, written from the paper byte by byte. */

static uint64_t turn(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void rounds(uint64_t v[4], int count)
{
    for (; count > 0; count--) {
        v[0] += v[1];
        v[1] = turn(v[1], 13) ^ v[0];
        v[0] = turn(v[0], 32);
        v[2] += v[3];
        v[3] = turn(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = turn(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = turn(v[1], 17) ^ v[2];
        v[2] = turn(v[2], 32);
    }
}

static uint64_t siphash(uint64_t k0, uint64_t k1, const uint8_t *bytes, size_t size)
{
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    for (size_t block = 0; block <= size / 8; block++) {
        uint64_t word = block == size / 8 ? (uint64_t)size << 56 : 0;
        for (size_t i = 8 * block; i < size && i < 8 * block + 8; i++)
            word |= (uint64_t)bytes[i] << 8 * (i % 8);
        v[3] ^= word;
        rounds(v, 2);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static const xy_random paper = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}}; /* its appendix A */

/* The stream and the place, each 8 bytes, the lowest first. */
static void test_it_is_the_function_of_the_paper(void **state)
{
    uint8_t bytes[16];
    (void)state;
    for (uint8_t i = 0; i < 16; i++)
        bytes[i] = i;
    assert_true(siphash(paper.key[0], paper.key[1], bytes, 15) == 0xa129ca6149be45e5);
    for (int stream = 0; stream < STREAMS; stream++)
        for (uint64_t place = 1; place < UINT64_MAX / 3; place *= 3) {
            for (int i = 0; i < 8; i++) {
                bytes[i] = (uint8_t)(i == 0 ? stream : 0);
                bytes[8 + i] = (uint8_t)(place >> 8 * i);
            }
            assert_true(xy_random_at(&paper, (xy_stream)stream, place) ==
                        siphash(paper.key[0], paper.key[1], bytes, 16));
        }
}

static int compare(const void *a, const void *b)
{
    const uint64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void test_no_number_comes_twice(void **state)
{
    static uint64_t all[2 * STREAMS * PLACES];
    static const xy_random randoms[] = {{{1, 2}}, {{2, 1}}};
    size_t count = 0;
    (void)state;
    for (size_t key = 0; key < 2; key++)
        for (int stream = 0; stream < STREAMS; stream++)
            for (uint64_t place = 0; place < PLACES; place++)
                all[count++] = xy_random_at(&randoms[key], (xy_stream)stream, place);
    qsort(all, count, sizeof *all, compare);
    for (size_t i = 1; i < count; i++)
        assert_true(all[i] != all[i - 1]);
}

static void test_the_same_place_gives_the_same(void **state)
{
    xy_random one = {{5, 6}}, other = {{5, 6}};
    (void)state;
    uint64_t number = xy_random_at(&one, XY_STREAM_LINK, 9);
    xy_random_at(&one, XY_STREAM_LINK, 10);
    assert_true(xy_random_at(&one, XY_STREAM_LINK, 9) == number);
    assert_true(xy_random_at(&other, XY_STREAM_LINK, 9) == number);
}

/* Each bit of the place, and of each half of the key, turns about half of the bits. */
static void test_each_bit_counts(void **state)
{
    xy_random random = {{0x0123456789abcdef, 0xfedcba9876543210}};
    uint64_t base = xy_random_at(&random, XY_STREAM_REQUEST, 1);
    (void)state;
    for (int bit = 0; bit < 3 * 64; bit++) {
        xy_random turned = random;
        uint64_t place = 1;
        *(bit < 64 ? &place : &turned.key[bit / 64 - 1]) ^= UINT64_C(1) << bit % 64;
        uint64_t changed = base ^ xy_random_at(&turned, XY_STREAM_REQUEST, place);
        assert_in_range(__builtin_popcountll(changed), 10, 54);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_the_function_of_the_paper),
        cmocka_unit_test(test_no_number_comes_twice),
        cmocka_unit_test(test_the_same_place_gives_the_same),
        cmocka_unit_test(test_each_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
