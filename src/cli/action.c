#include "cli/action.h"

#include <inttypes.h>

typedef int action(xylem *network, const struct command *command, struct text *reply);

/* The commonest reply: done, or not. */
static int done(int error, struct text *reply)
{
    if (!error)
        text_add_string(reply, "OK");
    return error;
}

static int create(xylem *network, const struct command *command, struct text *reply)
{
    int64_t pid = 0;
    int error = xylem_create(network, command->id, &pid);
    if (!error)
        text_format(reply, "OK: %" PRId64, pid);
    return error;
}

static int remove_node(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_remove(network, command->id), reply);
}

static int exec(xylem *network, const struct command *command, struct text *reply)
{
    const char *answer = "";
    int error = xylem_exec(network, command->id, text_string(&command->text), &answer);
    if (!error) {
        text_add_string(reply, "OK: ");
        text_add_printable(reply, answer);
    }
    return error;
}

static int heartbeat(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_heartbeat(network, command->ms), reply);
}

static int ping(xylem *network, const struct command *command, struct text *reply)
{
    int error = xylem_ping(network, command->id);
    if (error == XYLEM_INTERRUPTED)
        return error;
    text_add_string(reply, error ? "OK: -1" : "OK: 1");
    return XYLEM_OK;
}

int action_list(xylem *network, const xylem_node **nodes, size_t *count)
{
    int error = xylem_list(network, nodes, count);
    return error || *count > 0 ? error : XYLEM_NOT_FOUND;
}

static int all(xylem *network, const struct command *command, struct text *reply)
{
    (void)command;
    const xylem_node *nodes;
    size_t count;
    int error = action_list(network, &nodes, &count);
    for (size_t i = 0; !error && i < count; i++)
        text_format(reply, "%s%" PRId64, i > 0 ? " " : "", nodes[i].id);
    return error;
}

static int wait_for_node(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_wait(network, command->id, command->available, command->ms), reply);
}

static int kill_node(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_kill(network, command->id), reply);
}

static int pause_node(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_pause(network, command->id), reply);
}

static int resume(xylem *network, const struct command *command, struct text *reply)
{
    return done(xylem_resume(network, command->id), reply);
}

static int help(xylem *network, const struct command *command, struct text *reply)
{
    (void)network;
    text_add_string(reply, text_string(&command->text));
    return XYLEM_OK;
}

static action *const actions[COMMAND_KINDS] = {
    [COMMAND_CREATE] = create,       [COMMAND_REMOVE] = remove_node, [COMMAND_EXEC] = exec,
    [COMMAND_HEARTBEAT] = heartbeat, [COMMAND_PING] = ping,          [COMMAND_ALL] = all,
    [COMMAND_WAIT] = wait_for_node,  [COMMAND_KILL] = kill_node,     [COMMAND_PAUSE] = pause_node,
    [COMMAND_RESUME] = resume,       [COMMAND_HELP] = help,
};

int action_run(xylem *network, const struct command *command, struct text *reply)
{
    return actions[command->kind](network, command, reply);
}
