/* unit: what every unit test includes. */
#ifndef XY_TEST_UNIT_H
#define XY_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A program ends at its first failure: what that has left open would make later tests fail, or
 * wait for ever. With CMOCKA_TEST_ABORT=0 it goes on. */
__attribute__((constructor)) static void unit_end_at_first_failure(void)
{
    setenv("CMOCKA_TEST_ABORT", "1", 0);
}

/* A seed from the environment variable SEED, or a new one; printed, so that a failure can be
 * replayed: SEED=N build/release/tests/NAME. */
static inline uint64_t unit_seed(void)
{
    const char *given = getenv("SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)(uintptr_t)&given ^ 0x9e3779b9u;
    printf("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* Random enough for tests. */
static inline uint32_t unit_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

#endif
