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
    xylem *network; /* NULL after its end */
    struct jobs jobs;
    const xylem_options *options; /* of the network */
    struct output output;
    const struct format *format; /* how replies are shown */
    struct terminal *terminal;   /* NULL: it is not a terminal session */
    const char *file;            /* that the commands come from; NULL: none */
    int64_t line;                /* of the latest command */
    bool stop_on_error;
    bool interrupted; /* the rest of the line is dropped */
    bool over;        /* no more commands are run */
    bool failed;      /* some reply was an error */
};

/* Waits until a descriptor is readable, and shows news meanwhile. */
struct waiter session_waiter(struct session *session);

/* Shows the notices and the results of jobs that have come. */
void session_show_news(struct session *session);

/* Ends the network. Jobs that are under way end with it, and their results are shown. */
void session_end_network(struct session *session);

/* Whether no more commands are run: after `exit`, a signal, or a failure of the output. */
bool session_is_over(struct session *session);

/* Runs all commands of the source, or until something ends the session; then ends the network. */
void session_run(struct session *session, struct source *source);

#endif
