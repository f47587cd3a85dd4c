#include "program/stream.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void stream_check(FILE *stream, const char *name)
{
    if (fflush(stream) == 0 && !ferror(stream))
        return;
    if (errno != EPIPE)
        fprintf(stderr, "%s: cannot write %s: %s\n", program_invocation_short_name, name,
                strerror(errno ? errno : EIO));
    _exit(EXIT_FAILURE); /* exit would come here once more */
}

static void check_output(void)
{
    stream_check(stdout, "its output");
}

void stream_check_output(void)
{
    signal(SIGXFSZ, SIG_IGN);
    if (atexit(check_output) != 0)
        _exit(EXIT_FAILURE);
}
