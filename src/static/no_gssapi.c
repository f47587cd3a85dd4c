/* What Debian's libzmq.a wants of GSSAPI, of which there is no static library. Only sockets with
 * GSSAPI options come here, and xylem has none.
 */
#include <stdlib.h>

#define ABSENT(name) \
    void name(void); \
    void name(void)  \
    {                \
        abort();     \
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
