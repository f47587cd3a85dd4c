/* What static libraries want that is not there, or must not be used. */
#include <netdb.h>
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

extern void *const GSS_C_NT_HOSTBASED_SERVICE, *const GSS_C_NT_USER_NAME;
void *const GSS_C_NT_HOSTBASED_SERVICE, *const GSS_C_NT_USER_NAME;

/* libpgm asks for the number of its protocol whenever libzmq begins. The C library would load
 * shared libraries into a static program to answer that; without an answer the usual number is
 * taken. */
int getprotobyname_r(const char *name, struct protoent *into, char *buffer, size_t size,
                     struct protoent **result)
{
    (void)name, (void)into, (void)buffer, (void)size;
    *result = NULL;
    return 0;
}
