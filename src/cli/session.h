/* Runs commands against a network and writes the replies. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "cli/format.h"
#include "cli/jobs.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/terminal.h"
#include "cli/wait.h"
#include "xylem.h"

struct session {
    xylem *network; /* NULL once it has been ended */
    struct jobs jobs;
    int64_t timeout_ms; /* how long `wait` waits if nothing else is said */
    struct output output;
    const struct format *format; /* how replies are shown */
    struct terminal *terminal;   /* NULL: there is nobody at a terminal */
    bool stop_on_error;
    bool over;   /* no more commands are wanted */
    bool failed; /* some reply was an error */
};

/* Waits until a descriptor is readable, and shows what the network has to tell meanwhile. */
struct waiter session_waiter(struct session *session);

/* Runs all commands of the source, or until something ends the session; then ends the network. */
void session_run(struct session *session, struct source *source);

#endif
