/* The characters that the user's locale has. */
#ifndef CLI_CHARSET_H
#define CLI_CHARSET_H

#include <stdbool.h>

/* Whether the character set is UTF-8. The first of LC_ALL, LC_CTYPE and LANG that is set names the
 * locale; the name of a locale that is not installed counts too. Sets the locale of LC_CTYPE. */
bool charset_is_utf8(void);

#endif
