/* What static libraries want that is not there, or must not be used. */
#include <stdlib.h>

/* Debian has no static library of GSSAPI, which its libzmq.a wants. Only sockets that are given
 * options of GSSAPI come here, and xylem's are not. */

#define ABSENT(name)                                                                               \
    void name(void);                                                                               \
    void name(void)                                                                                \
    {                                                                                              \
        abort();                                                                                   \
    }

ABSENT(gss_accept_sec_context)
ABSENT(gss_acquire_cred)
ABSENT(gss_delete_sec_context)
ABSENT(gss_display_name)
ABSENT(gss_import_name)
ABSENT(gss_init_sec_context)
ABSENT(gss_release_buffer)
ABSENT(gss_release_cred)
ABSENT(gss_release_name)
ABSENT(gss_unwrap)
ABSENT(gss_wrap)

/* The C library would load shared libraries into a static program to answer these. libzmq calls
 * them for PGM, and for filters by the names of users and groups, which xylem's sockets are not
 * given. */

ABSENT(endnetent)
ABSENT(getgrgid)
ABSENT(gethostbyname)
ABSENT(getnetent)
ABSENT(getpwuid)
ABSENT(setnetent)

extern void *const GSS_C_NT_HOSTBASED_SERVICE, *const GSS_C_NT_USER_NAME;
void *const GSS_C_NT_HOSTBASED_SERVICE, *const GSS_C_NT_USER_NAME;
