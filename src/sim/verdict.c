#include "sim/verdict.h"

#include <stdarg.h>
#include <stdio.h>

void verdict_broken(struct verdict *verdict, const char *invariant, int64_t now_us,
                    const char *format, ...)
{
    va_list arguments;
    if (verdict->broken)
        return;
    verdict->broken = invariant;
    verdict->at_us = now_us;
    va_start(arguments, format);
    vsnprintf(verdict->text, sizeof verdict->text, format, arguments);
    va_end(arguments);
}
