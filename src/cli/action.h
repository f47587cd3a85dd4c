/* What each command does, and what it replies. */
#ifndef CLI_ACTION_H
#define CLI_ACTION_H

#include <stdbool.h>

#include "cli/command_table.h"
#include "cli/reply.h"

/* Runs a command, also a bad one, and makes its reply. */
void action_run(struct session *session, const struct command *command, struct reply *reply);

/* Calls of the network. */
command_run action_create, action_remove, action_move, action_exec, action_heartbeat, action_ping,
    action_ping_all, action_all, action_tree, action_info, action_status, action_kill, action_pause,
    action_resume;

/* What `create` says of a node; its texts are the command's. */
xylem_create_options action_create_options(const struct command *command);

/* The same for a set of nodes. */
command_run action_create_set, action_remove_set, action_ping_set, action_exec_set;
int action_signal_set(struct session *session, const struct command *command, struct reply *reply,
                      int (*call)(xylem *network, int64_t id));

/* Commands about jobs; action_start is `exec` with `&`. */
command_run action_start, action_jobs, action_cancel;

/* Commands that wait: what happens meanwhile is shown meanwhile. */
command_run action_sleep, action_wait;

command_run action_help, action_exit;

/* The text that `exec` has for the service. False if it cannot be had: the reply says why. The
 * caller clears the content. */
bool action_text(const struct command *command, struct text *content, struct reply *reply);

/* The result of a job that is finished, as a reply to its `exec`; lasts as long as the job. */
struct reply action_job_result(const struct job *job);

#endif
