/* sleeping: whether the first thread of the program waits, for tests that wake it up from another.
 */
#ifndef XY_TEST_SLEEPING_H
#define XY_TEST_SLEEPING_H

#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* As far as the kernel says. */
static inline bool main_thread_sleeps(void)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)getpid());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
    fclose(file);
    return state == 'S';
}

#endif
