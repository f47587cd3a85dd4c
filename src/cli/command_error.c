#include "cli/command_error.h"

#include <ctype.h>
#include <string.h>

static const char *const names[COMMAND_ERROR_COUNT] = {
#define ERROR_NAME(name, text) [name] = #name,
    XYLEM_ERRORS(ERROR_NAME)
#undef ERROR_NAME
#define COMMAND_ERROR_NAME(name) [name] = #name,
        COMMAND_ERRORS(COMMAND_ERROR_NAME)
#undef COMMAND_ERROR_NAME
};

void command_error_add_code(struct text *text, int error)
{
    for (const char *letter = strchr(names[error], '_') + 1; *letter; letter++)
        text_add(text, &(char){(char)tolower((unsigned char)*letter)}, 1);
}
