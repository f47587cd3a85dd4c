#include "cli/action.h"

#include <limits.h>
#include <string.h>

#include "cli/file.h"
#include "cli/shown.h"

/* Returns XYLEM_OK when the reply says all, also that something has failed; or an error of the
 * network that the reply does not tell of yet. */
typedef int action(xylem *network, const struct command *command, struct reply *reply);

/* The commonest reply: done, or not. */
static int done(int error, struct reply *reply)
{
    reply->kind = REPLY_DONE;
    return error;
}

static int create(xylem *network, const struct command *command, struct reply *reply)
{
    reply->kind = REPLY_CREATED;
    return xylem_create(network, command->id, &reply->pid);
}

static int remove_node(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_remove(network, command->id), reply);
}

static int exec_text(xylem *network, int64_t id, const char *text, struct reply *reply)
{
    reply->kind = REPLY_ANSWER;
    return xylem_exec(network, id, text, &reply->answer);
}

static void cannot_read(struct reply *reply, const char *name, const char *reason)
{
    text_add_string(&reply->kept, "cannot read ");
    shown_add(&reply->kept, name, strlen(name), PATH_MAX);
    if (reply->kept.failed)
        reply_no_memory(reply);
    else
        reply_fail(reply, FAULT_CANNOT_READ, text_string(&reply->kept), reason);
}

static int exec_file(xylem *network, int64_t id, const char *name, struct reply *reply)
{
    struct text content = TEXT_EMPTY;
    const char *reason;
    int error = file_read(name, XYLEM_TEXT_MAX, &content, &reason);
    if (!error)
        error = exec_text(network, id, text_string(&content), reply);
    text_clear(&content);
    if (error != FAULT_CANNOT_READ)
        return error;
    cannot_read(reply, name, reason);
    return XYLEM_OK;
}

static int exec(xylem *network, const struct command *command, struct reply *reply)
{
    const char *text = text_string(&command->text);
    return (command->from_file ? exec_file : exec_text)(network, command->id, text, reply);
}

static int heartbeat(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_heartbeat(network, command->ms), reply);
}

static int ping(xylem *network, const struct command *command, struct reply *reply)
{
    int error = xylem_ping(network, command->id);
    reply->kind = REPLY_REACHED;
    reply->reached = !error;
    return error == XYLEM_INTERRUPTED ? error : XYLEM_OK;
}

/* All nodes; there must be some. */
static int list(xylem *network, enum reply_kind kind, struct reply *reply)
{
    reply->kind = kind;
    int error = xylem_list(network, &reply->nodes, &reply->count);
    return error || reply->count > 0 ? error : XYLEM_NOT_FOUND;
}

static int all(xylem *network, const struct command *command, struct reply *reply)
{
    (void)command;
    return list(network, REPLY_LIST, reply);
}

static int tree(xylem *network, const struct command *command, struct reply *reply)
{
    (void)command;
    return list(network, REPLY_TREE, reply);
}

static int wait_for_node(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_wait(network, command->id, command->available, command->ms), reply);
}

static int kill_node(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_kill(network, command->id), reply);
}

static int pause_node(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_pause(network, command->id), reply);
}

static int resume(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_resume(network, command->id), reply);
}

static int help(xylem *network, const struct command *command, struct reply *reply)
{
    (void)network;
    reply->kind = REPLY_HELP;
    reply->topic = command->topic;
    return XYLEM_OK;
}

static int bad(xylem *network, const struct command *command, struct reply *reply)
{
    (void)network;
    reply_fail(reply, command->fault, text_string(&command->text), NULL);
    return XYLEM_OK;
}

static action *const actions[COMMAND_KINDS] = {
    [COMMAND_BAD] = bad,        [COMMAND_CREATE] = create,       [COMMAND_REMOVE] = remove_node,
    [COMMAND_EXEC] = exec,      [COMMAND_HEARTBEAT] = heartbeat, [COMMAND_PING] = ping,
    [COMMAND_ALL] = all,        [COMMAND_TREE] = tree,           [COMMAND_WAIT] = wait_for_node,
    [COMMAND_KILL] = kill_node, [COMMAND_PAUSE] = pause_node,    [COMMAND_RESUME] = resume,
    [COMMAND_HELP] = help,
};

static void explain(const xylem *network, int error, struct reply *reply)
{
    const char *reason = xylem_reason(network);
    bool helpful = error == XYLEM_CANNOT_START && *reason;
    reply_fail(reply, error, xylem_strerror(error), helpful ? reason : NULL);
}

bool action_run(xylem *network, const struct command *command, struct reply *reply)
{
    int error = actions[command->kind](network, command, reply);
    if (error && error != XYLEM_INTERRUPTED)
        explain(network, error, reply);
    return error != XYLEM_INTERRUPTED;
}
