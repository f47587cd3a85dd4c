#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

const char *xylem_strerror(int error)
{
    static const char *const texts[] = {
#define XYLEM_ERROR_TEXT(name, text) text,
        XYLEM_ERRORS(XYLEM_ERROR_TEXT)
#undef XYLEM_ERROR_TEXT
    };
    return error >= 0 && error < XY_ERROR_COUNT ? texts[error] : "unknown error";
}

bool xy_error_set(xy_error *error, int code, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    error->code = code;
    vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    return false;
}

bool xy_error_code(xy_error *error, int code)
{
    return xy_error_set(error, code, "%s", xylem_strerror(code));
}
