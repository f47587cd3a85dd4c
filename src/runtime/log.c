#include "runtime/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/machine.h"

static size_t prefix(char *line, size_t size, const xy_log *log, enum xylem_log_level level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    char node[32] = "";
    if (log->id != XY_NO_ID)
        snprintf(node, sizeof node, "node %" PRId64 ": ", log->id);
    return (size_t)snprintf(line, size, "xylem: %s%s: ", node, names[level]);
}

void xy_log_line(const xy_log *log, enum xylem_log_level level, const char *format, ...)
{
    if (level > log->level)
        return;
    char line[512];
    size_t length = prefix(line, sizeof line, log, level);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    while (line[length])
        length++;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* nobody is left to tell */
}
