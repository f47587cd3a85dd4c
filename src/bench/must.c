#include "bench/must.h"

#include <stdio.h>
#include <stdlib.h>

void give_up(const char *what, const char *why)
{
    fprintf(stderr, "xylem-bench: step '%s' failed: %s\n", what, why);
    exit(EXIT_FAILURE);
}
