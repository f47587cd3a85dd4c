/* fuzz: what every harness includes. Built with libFuzzer a harness is given inputs without end;
 * built with replay.c it is an ordinary test, which is given each file of its corpus.
 */
#ifndef XY_FUZZ_H
#define XY_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Like assert, but in every build. */
#define must(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))

_Noreturn static inline void fuzz_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
