#include "xylem.h"

const char *xylem_strerror(int error)
{
    static const char *const texts[] = {
#define XYLEM_ERROR_TEXT(name, text) text,
        XYLEM_ERRORS(XYLEM_ERROR_TEXT)
#undef XYLEM_ERROR_TEXT
    };
    return error >= 0 && error < XYLEM_ERROR_COUNT ? texts[error] : "unknown error";
}
