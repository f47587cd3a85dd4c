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
    const char *service = command->text.length > 0 ? text_string(&command->text) : NULL;
    reply->kind = REPLY_CREATED;
    return xylem_create_with(network, command->id, service, &reply->pid);
}

static int remove_node(xylem *network, const struct command *command, struct reply *reply)
{
    return done(xylem_remove(network, command->id), reply);
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

bool action_text(const struct command *command, struct text *content, struct reply *reply)
{
    const char *name = text_string(&command->text), *reason;
    if (!command->from_file) {
        text_add(content, name, command->text.length);
        if (content->failed)
            reply_no_memory(reply);
        return !content->failed;
    }
    int error = file_read(name, XYLEM_TEXT_MAX, content, &reason);
    if (error == FAULT_CANNOT_READ)
        cannot_read(reply, name, reason);
    else if (error)
        reply_fail(reply, error, xylem_strerror(error), NULL);
    return !error;
}

static int exec(xylem *network, const struct command *command, struct reply *reply)
{
    struct text text = TEXT_EMPTY;
    int error = XYLEM_OK;
    if (action_text(command, &text, reply)) {
        reply->kind = REPLY_ANSWER;
        error = xylem_exec_bytes(network, command->id, text_string(&text), text.length,
                                 &reply->answer, NULL);
    }
    text_clear(&text);
    return error;
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
    [COMMAND_BAD] = bad,          [COMMAND_CREATE] = create,       [COMMAND_REMOVE] = remove_node,
    [COMMAND_EXEC] = exec,        [COMMAND_HEARTBEAT] = heartbeat, [COMMAND_PING] = ping,
    [COMMAND_ALL] = all,          [COMMAND_TREE] = tree,           [COMMAND_KILL] = kill_node,
    [COMMAND_PAUSE] = pause_node, [COMMAND_RESUME] = resume,       [COMMAND_HELP] = help,
};

static void explain(const xylem *network, int error, struct reply *reply)
{
    const char *reason = xylem_reason(network);
    if (error == XYLEM_FAILED && *reason)
        reply_fail(reply, error, reason, NULL);
    else
        reply_fail(reply, error, xylem_strerror(error),
                   error == XYLEM_CANNOT_START && *reason ? reason : NULL);
}

bool action_run(xylem *network, const struct command *command, struct reply *reply)
{
    int error = actions[command->kind](network, command, reply);
    if (error && error != XYLEM_INTERRUPTED)
        explain(network, error, reply);
    return error != XYLEM_INTERRUPTED;
}
