#include "cli/fault.h"

#include <ctype.h>
#include <string.h>

static const char *const names[FAULT_COUNT] = {
#define ERROR_NAME(name, text) [name] = #name,
    XYLEM_ERRORS(ERROR_NAME)
#undef ERROR_NAME
#define FAULT_NAME(name) [name] = #name,
        FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

void fault_add_code(struct text *text, int fault)
{
    for (const char *letter = strchr(names[fault], '_') + 1; *letter; letter++)
        text_add(text, &(char){(char)tolower((unsigned char)*letter)}, 1);
}
