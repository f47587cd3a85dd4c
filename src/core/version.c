#include "xylem.h"

const char *xylem_version(void)
{
    return XYLEM_VERSION;
}
