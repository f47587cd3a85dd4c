/* need: a test without memory cannot go on. */
#ifndef SIM_NEED_H
#define SIM_NEED_H

#include <stdio.h>
#include <stdlib.h>

static inline void *need(void *memory)
{
    if (memory)
        return memory;
    fputs("xylem-sim: not enough memory\n", stderr);
    exit(EXIT_FAILURE);
}

#endif
