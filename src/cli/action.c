#include "cli/action.h"

#include <limits.h>
#include <string.h>

#include "cli/escape.h"
#include "cli/file.h"
#include "cli/session.h"

xylem_create_options action_create_options(const struct command *command)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.parent = command->parent;
    options.fresh = command->fresh;
    if (command->text.length > 0)
        options.service = text_string(&command->text);
    if (command->arguments.length > 0) {
        options.arguments = text_string(&command->arguments);
        options.arguments_size = command->arguments.length;
    }
    return options;
}

int action_create(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_create_set(session, command, reply);
    xylem_create_options options = action_create_options(command);
    reply->kind = REPLY_CREATED;
    return xylem_create_with(session->network, command->id, &options, &reply->pid);
}

int action_remove(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_remove_set(session, command, reply);
    reply->kind = REPLY_DONE;
    return xylem_remove(session->network, command->id);
}

int action_move(struct session *session, const struct command *command, struct reply *reply)
{
    reply->kind = REPLY_DONE;
    return xylem_move(session->network, command->id, command->parent);
}

static void cannot_read(struct reply *reply, const char *name, const char *reason)
{
    text_add_string(&reply->kept, "cannot read ");
    escape_add(&reply->kept, name, strlen(name), PATH_MAX);
    if (reply->kept.failed)
        reply_error(reply, XYLEM_NO_MEMORY);
    else
        reply_fail(reply, COMMAND_CANNOT_READ, text_string(&reply->kept), reason);
}

bool action_text(const struct command *command, struct text *content, struct reply *reply)
{
    const char *name = text_string(&command->text), *reason;
    if (!command->from_file) {
        text_add(content, name, command->text.length);
        if (content->failed)
            reply_error(reply, XYLEM_NO_MEMORY);
        return !content->failed;
    }
    int error = file_read(name, XYLEM_TEXT_MAX, content, &reason);
    if (error == COMMAND_CANNOT_READ)
        cannot_read(reply, name, reason);
    else if (error)
        reply_error(reply, error);
    return !error;
}

int action_exec(struct session *session, const struct command *command, struct reply *reply)
{
    struct text text = TEXT_EMPTY;
    int error = XYLEM_OK;
    if (command->set.length > 0)
        return action_exec_set(session, command, reply);
    if (command->background)
        return action_start(session, command, reply);
    if (action_text(command, &text, reply)) {
        reply->kind = REPLY_ANSWER;
        error = xylem_exec_bytes(session->network, command->id, text_string(&text), text.length,
                                 &reply->answer, NULL);
    }
    text_clear(&text);
    return error;
}

int action_heartbeat(struct session *session, const struct command *command, struct reply *reply)
{
    reply->kind = REPLY_DONE;
    return xylem_heartbeat(session->network, command->ms);
}

/* Only these errors say something about the node. */
int action_ping(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_ping_set(session, command, reply);
    int error = xylem_ping(session->network, command->id);
    reply->kind = REPLY_REACHED;
    reply->reached = !error;
    return error == XYLEM_UNAVAILABLE || error == XYLEM_NOT_FOUND ? XYLEM_OK : error;
}

int action_ping_all(struct session *session, const struct command *command, struct reply *reply)
{
    (void)command;
    reply->kind = REPLY_UNREACHED;
    return xylem_ping_all(session->network, &reply->ids, &reply->count);
}

/* All nodes; without nodes it is an error. */
static int list(struct session *session, enum reply_kind kind, struct reply *reply)
{
    reply->kind = kind;
    int error = xylem_list(session->network, &reply->nodes, &reply->count);
    return error || reply->count > 0 ? error : XYLEM_NOT_FOUND;
}

int action_all(struct session *session, const struct command *command, struct reply *reply)
{
    (void)command;
    return list(session, REPLY_LIST, reply);
}

int action_tree(struct session *session, const struct command *command, struct reply *reply)
{
    (void)command;
    return list(session, REPLY_TREE, reply);
}

int action_info(struct session *session, const struct command *command, struct reply *reply)
{
    const xylem_node *node;
    int error = xylem_info(session->network, command->id, &node);
    reply->kind = REPLY_FACTS;
    if (error)
        return error;
    reply_add_fact(reply, "parent", FACT_ID, node->parent);
    reply_add_fact(reply, "children", FACT_NUMBER, (int64_t)node->children);
    reply_add_fact(reply, "depth", FACT_NUMBER, (int64_t)node->depth);
    reply_add_fact(reply, "available", FACT_BOOL, node->available);
    reply_add_fact(reply, "pid", FACT_ID, node->pid);
    reply_add_fact(reply, "life", FACT_NUMBER, (int64_t)node->life);
    reply_add_text_fact(reply, "service", node->service);
    reply_add_fact(reply, "requests", FACT_NUMBER, (int64_t)node->requests);
    reply_add_fact(reply, "heard_ms", FACT_MS, node->heard_ms);
    reply_add_fact(reply, "restarts", FACT_NUMBER, node->restarts);
    return XYLEM_OK;
}

int action_status(struct session *session, const struct command *command, struct reply *reply)
{
    const xylem_counts *counts;
    int error = xylem_status(session->network, &counts);
    (void)command;
    reply->kind = REPLY_FACTS;
    if (error)
        return error;
    reply_add_fact(reply, "nodes", FACT_NUMBER, (int64_t)counts->nodes);
    reply_add_fact(reply, "depth", FACT_NUMBER, (int64_t)counts->depth);
    reply_add_fact(reply, "unavailable", FACT_NUMBER, (int64_t)counts->unavailable);
    reply_add_fact(reply, "requests", FACT_NUMBER, (int64_t)counts->requests);
    reply_add_fact(reply, "false_silences", FACT_NUMBER, (int64_t)counts->false_silences);
    reply_add_fact(reply, "moves", FACT_NUMBER, (int64_t)counts->moves);
    reply_add_fact(reply, "repairs", FACT_NUMBER, (int64_t)counts->repairs);
    reply_add_fact(reply, "restarts", FACT_NUMBER, (int64_t)counts->restarts);
    reply_add_fact(reply, "without_parent_ms", FACT_MS, counts->adrift_ms);
    return XYLEM_OK;
}

int action_kill(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_signal_set(session, command, reply, xylem_kill);
    reply->kind = REPLY_DONE;
    return xylem_kill(session->network, command->id);
}

int action_pause(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_signal_set(session, command, reply, xylem_pause);
    reply->kind = REPLY_DONE;
    return xylem_pause(session->network, command->id);
}

int action_resume(struct session *session, const struct command *command, struct reply *reply)
{
    if (command->set.length > 0)
        return action_signal_set(session, command, reply, xylem_resume);
    reply->kind = REPLY_DONE;
    return xylem_resume(session->network, command->id);
}

int action_help(struct session *session, const struct command *command, struct reply *reply)
{
    (void)session;
    reply->kind = REPLY_HELP;
    reply->topic = command->topic;
    return XYLEM_OK;
}

int action_exit(struct session *session, const struct command *command, struct reply *reply)
{
    (void)command;
    session_end_network(session);
    reply->kind = REPLY_DONE;
    return XYLEM_OK;
}

void action_run(struct session *session, const struct command *command, struct reply *reply)
{
    int error = XYLEM_OK;
    if (command->text.failed)
        reply_error(reply, XYLEM_NO_MEMORY);
    else if (command->bad)
        reply_fail(reply, command->error, text_string(&command->text), NULL);
    else
        error = command->type->run(session, command, reply);
    if (error)
        reply_fail_of_network(reply, error, xylem_reason(session->network));
}
