/* steps: the input of a harness, read as a row of small numbers, and the steps that they stand for.
 *
 * A number is the low half of a byte, so that a script can be written by hand: 0 to 9 are digits,
 * and the steps of a machine are letters, @ and P for 0, A for 1 and so on up to O for 15.
 */
#ifndef XY_FUZZ_STEPS_H
#define XY_FUZZ_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The place of a letter in the table of a harness: [STEP('H')] = say_hello. */
#define STEP(letter) ((letter)&15)

typedef void step_function(void);

struct script {
    const uint8_t *at, *end;
};

static inline bool script_over(const struct script *script)
{
    return script->at == script->end;
}

static inline uint8_t script_byte(struct script *script)
{
    return script_over(script) ? 0 : *script->at++;
}

static inline unsigned script_number(struct script *script)
{
    return script_byte(script) & 15;
}

/* Up to `most` bytes as they are. */
static inline size_t script_bytes(struct script *script, size_t most, const uint8_t **bytes)
{
    size_t left = (size_t)(script->end - script->at);
    size_t size = most < left ? most : left;
    *bytes = script->at;
    script->at += size;
    return size;
}

/* A time in milliseconds, from nothing to the longest there is. */
static inline int64_t script_ms(struct script *script)
{
    static const int64_t times[16] = {0,   1,   10,   20,   50,   99,    100,     101,
                                      399, 400, 1000, 4000, 5000, 60000, 1 << 30, INT32_MAX};
    return times[script_number(script)];
}

/* An id: 0 to 14, or the largest there is. */
static inline int64_t script_id(struct script *script)
{
    unsigned number = script_number(script);
    return number < 15 ? number : INT64_MAX;
}

/* Takes steps from a table of 16 until the script is over, or something has ended. */
static inline void script_run(struct script *script, step_function *const steps[16],
                              const bool *ended, step_function *check)
{
    while (!script_over(script) && !*ended) {
        steps[script_number(script)]();
        check();
    }
}

#endif
