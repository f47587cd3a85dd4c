#include "core/random.h"

static uint64_t rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void mix(uint64_t v[4], int rounds)
{
    for (int i = 0; i < rounds; i++) {
        v[0] += v[1], v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0], v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1], v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2], v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static void take_in(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    mix(v, 2);
    v[0] ^= word;
}

/* Of a message of two words: the stream and the place. Its last block is its length, 16 bytes. */
uint64_t xy_random_at(const xy_random *random, xy_stream stream, uint64_t place)
{
    uint64_t v[4] = {random->key[0] ^ 0x736f6d6570736575, random->key[1] ^ 0x646f72616e646f6d,
                     random->key[0] ^ 0x6c7967656e657261, random->key[1] ^ 0x7465646279746573};
    take_in(v, stream);
    take_in(v, place);
    take_in(v, (uint64_t)16 << 56);
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
