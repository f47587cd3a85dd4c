/* Replies for a program: an object each, in one line. */
#include <string.h>

#include "cli/format.h"
#include "cli/json.h"

static void add_string(struct json *json, const char *key, const char *string)
{
    json_string(json, key, string, strlen(string));
}

static void add_list(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "nodes");
    for (size_t i = 0; i < reply->count && output_spill(output); i++)
        json_number(json, NULL, reply->nodes[i].id);
    json_end_array(json);
}

static void add_node(struct json *json, const xylem_node *node)
{
    json_begin_object(json, NULL);
    json_number(json, "id", node->id);
    if (node->parent < 0)
        json_null(json, "parent");
    else
        json_number(json, "parent", node->parent);
    json_number(json, "pid", node->pid);
    json_number(json, "depth", (int64_t)node->depth);
    json_bool(json, "available", node->available);
    json_end_object(json);
}

static void add_tree(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "nodes");
    for (size_t i = 0; i < reply->count && output_spill(output); i++)
        add_node(json, &reply->nodes[i]);
    json_end_array(json);
}

static void add_help(struct json *json, const struct reply *reply)
{
    json_begin_array(json, "commands");
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++) {
        if (reply->topic != COMMAND_BAD && reply->topic != kind)
            continue;
        json_begin_object(json, NULL);
        add_string(json, "usage", command_usage(kind));
        add_string(json, "purpose", command_purpose(kind));
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_error(struct json *json, const struct reply *reply)
{
    struct text code = TEXT_EMPTY;
    struct text whole = TEXT_EMPTY;
    fault_add_code(&code, reply->error);
    text_add_string(&whole, reply->text);
    if (reply->detail) {
        text_add_string(&whole, ": ");
        text_add_string(&whole, reply->detail);
    }
    json->text->failed |= code.failed || whole.failed;
    json_begin_object(json, "error");
    add_string(json, "code", text_string(&code));
    add_string(json, "text", text_string(&whole));
    json_end_object(json);
    text_clear(&code);
    text_clear(&whole);
}

static void add_jobs(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "jobs");
    for (const struct job *job = reply->jobs->first; job && output_spill(output); job = job->next) {
        json_begin_object(json, NULL);
        json_number(json, "job", job->number);
        json_number(json, "id", job->id);
        add_string(json, "text", text_string(&job->text));
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_content(struct json *json, const struct reply *reply, struct output *output)
{
    switch (reply->kind) {
    case REPLY_CREATED:
        json_number(json, "pid", reply->pid);
        break;
    case REPLY_ANSWER:
        add_string(json, "reply", reply->answer);
        break;
    case REPLY_REACHED:
        json_bool(json, "reached", reply->reached);
        break;
    case REPLY_LIST:
        add_list(json, reply, output);
        break;
    case REPLY_TREE:
        add_tree(json, reply, output);
        break;
    case REPLY_HELP:
        add_help(json, reply);
        break;
    case REPLY_JOBS:
        add_jobs(json, reply, output);
        break;
    case REPLY_ERROR:
        add_error(json, reply);
        break;
    default: /* done, or begun, and that is all */
        break;
    }
}

static void show_reply(const struct reply *reply, struct output *output)
{
    struct json json = {.text = &output->pending};
    json_begin_object(&json, NULL);
    if (reply->command)
        add_string(&json, "command", reply->command);
    else
        json_null(&json, "command");
    if (reply->id >= 0)
        json_number(&json, "id", reply->id);
    if (reply->job > 0)
        json_number(&json, "job", reply->job);
    json_bool(&json, "ok", reply->kind != REPLY_ERROR);
    add_content(&json, reply, output);
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

static void show_notice(const xylem_event *event, struct output *output)
{
    struct json json = {.text = &output->pending};
    json_begin_object(&json, NULL);
    add_string(&json, "notice", event->kind == XYLEM_NODE_AVAILABLE ? "available" : "unavailable");
    json_number(&json, "id", event->id);
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

static void show_job(const struct job *job, const struct reply *result, struct output *output)
{
    struct json json = {.text = &output->pending};
    json_begin_object(&json, NULL);
    add_string(&json, "notice", "job");
    json_number(&json, "job", job->number);
    json_number(&json, "id", job->id);
    json_bool(&json, "ok", result->kind != REPLY_ERROR);
    add_content(&json, result, output);
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

const struct format format_json = {show_reply, show_notice, show_job};
