#include "cli/charset.h"

#include <langinfo.h>
#include <locale.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_utf8(const char *codeset)
{
    return strncasecmp(codeset, "UTF-8", 5) == 0 || strncasecmp(codeset, "utf8", 4) == 0;
}

/* As in en_US.UTF-8@euro. */
static bool is_named_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *name = getenv(names[i]);
        if (!name || !*name)
            continue;
        const char *codeset = strchr(name, '.');
        return codeset && is_utf8(codeset + 1);
    }
    return false;
}

bool charset_is_utf8(void)
{
    return setlocale(LC_CTYPE, "") ? is_utf8(nl_langinfo(CODESET)) : is_named_utf8();
}
