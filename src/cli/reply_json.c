/* Replies for a program: one object each, in one line. */
#include <string.h>

#include "cli/command_table.h"
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
        json_id(json, NULL, reply->nodes[i]->id);
    json_end_array(json);
}

static void add_parent(struct json *json, int64_t parent)
{
    if (parent < 0)
        json_null(json, "parent");
    else
        json_id(json, "parent", parent);
}

static void add_node(struct json *json, const xylem_node *node)
{
    json_begin_object(json, NULL);
    json_id(json, "id", node->id);
    add_parent(json, node->parent);
    json_id(json, "pid", node->pid);
    json_number(json, "depth", (int64_t)node->depth);
    json_bool(json, "available", node->available);
    json_end_object(json);
}

static void add_tree(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "nodes");
    for (size_t i = 0; i < reply->count && output_spill(output); i++)
        add_node(json, reply->nodes[i]);
    json_end_array(json);
}

static void add_command(struct json *json, const struct command_type *type)
{
    json_begin_object(json, NULL);
    add_string(json, "usage", type->usage);
    add_string(json, "purpose", type->purpose);
    add_string(json, "details", type->details);
    json_begin_array(json, "replies");
    for (size_t i = 0; type->replies[i].reply; i++) {
        json_begin_object(json, NULL);
        add_string(json, "reply", type->replies[i].reply);
        add_string(json, "meaning", type->replies[i].meaning);
        json_end_object(json);
    }
    json_end_array(json);
    add_string(json, "example", type->example);
    json_end_object(json);
}

static void add_help(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    json_begin_array(json, "commands");
    for (const struct command_type *type = command_types; type->name; type++)
        if (!reply->topic || reply->topic == type)
            add_command(json, type);
    json_end_array(json);
}

static void add_error(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    struct text code = TEXT_EMPTY;
    struct text whole = TEXT_EMPTY;
    command_error_add_code(&code, reply->error);
    text_add_string(&whole, reply->text);
    if (reply->detail) {
        text_add_string(&whole, ": ");
        text_add_string(&whole, reply->detail);
    }
    json->text->failed |= code.failed || whole.failed;
    json_begin_object(json, "error");
    add_string(json, "code", text_string(&code));
    add_string(json, "text", text_string(&whole));
    if (reply->file) {
        add_string(json, "file", reply->file);
        json_number(json, "line", reply->line);
    }
    json_end_object(json);
    text_clear(&code);
    text_clear(&whole);
}

static void add_result(struct json *json, const struct outcome_group *group, bool answers,
                       struct output *output)
{
    const struct outcome *one = group->first;
    struct reply failure = {.kind = REPLY_ERROR};
    json_begin_object(json, NULL);
    json_begin_array(json, "ids");
    for (size_t i = 0; i < group->count && output_spill(output); i++)
        json_id(json, NULL, group->first[i].id);
    json_end_array(json);
    json_bool(json, "ok", one->status == XYLEM_OK);
    if (one->status) {
        reply_fail_of_network(&failure, one->status, one->text);
        add_error(json, &failure, output);
    } else if (answers) {
        json_bool(json, "combined", one->combined);
        add_string(json, "reply", one->text);
    }
    json_end_object(json);
}

static void add_set(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "results");
    for (size_t i = 0; i < reply->outcomes.groups_count && output_spill(output); i++)
        add_result(json, &reply->outcomes.groups[i], reply->outcomes.answers, output);
    json_end_array(json);
}

static void add_jobs(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "jobs");
    for (const struct job *job = reply->jobs->all; job && output_spill(output);
         job = job->hh.next) {
        json_begin_object(json, NULL);
        json_number(json, "job", job->number);
        json_id(json, "id", job->id);
        add_string(json, "text", text_string(&job->text));
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_created(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    json_id(json, "pid", reply->pid);
}

static void add_answer(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    add_string(json, "reply", reply->answer);
}

static void add_reached(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    json_bool(json, "reached", reply->reached);
}

static void add_unreached(struct json *json, const struct reply *reply, struct output *output)
{
    json_begin_array(json, "unavailable");
    for (size_t i = 0; i < reply->count && output_spill(output); i++)
        json_id(json, NULL, reply->ids[i]);
    json_end_array(json);
}

static void add_fact(struct json *json, const struct fact *fact)
{
    if (fact->kind == FACT_TEXT)
        add_string(json, fact->name, fact->text);
    else if (fact->kind == FACT_BOOL)
        json_bool(json, fact->name, fact->number);
    else if (fact->kind == FACT_ID && fact->number < 0)
        json_null(json, fact->name);
    else if (fact->kind == FACT_ID)
        json_id(json, fact->name, fact->number);
    else
        json_number(json, fact->name, fact->number);
}

static void add_facts(struct json *json, const struct reply *reply, struct output *output)
{
    (void)output;
    for (size_t i = 0; i < reply->count; i++)
        add_fact(json, &reply->facts[i]);
}

static void add_content(struct json *json, const struct reply *reply, struct output *output)
{
    static void (*const adds[REPLY_KINDS])(struct json *, const struct reply *, struct output *) = {
        [REPLY_CREATED] = add_created, [REPLY_ANSWER] = add_answer,
        [REPLY_REACHED] = add_reached, [REPLY_UNREACHED] = add_unreached,
        [REPLY_LIST] = add_list,       [REPLY_TREE] = add_tree,
        [REPLY_FACTS] = add_facts,     [REPLY_HELP] = add_help,
        [REPLY_JOBS] = add_jobs,       [REPLY_ERROR] = add_error,
        [REPLY_SET] = add_set,
    };
    if (adds[reply->kind]) /* otherwise the members that all replies have say everything */
        adds[reply->kind](json, reply, output);
}

static struct json begin(struct output *output)
{
    struct json json = {.text = &output->pending, .id_strings = output->id_strings};
    json_begin_object(&json, NULL);
    return json;
}

static void show_reply(const struct reply *reply, struct output *output)
{
    struct json json = begin(output);
    if (reply->command)
        add_string(&json, "command", reply->command);
    else
        json_null(&json, "command");
    if (reply->id >= 0)
        json_id(&json, "id", reply->id);
    if (reply->job > 0)
        json_number(&json, "job", reply->job);
    json_bool(&json, "ok", !reply_is_error(reply));
    add_content(&json, reply, output);
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

static void add_cause(struct json *json, const xylem_event *event)
{
    static const char *const causes[] = {
        [XYLEM_NO_CAUSE] = "unknown",    [XYLEM_EXITED] = "exited",
        [XYLEM_SIGNALLED] = "signalled", [XYLEM_SILENT] = "silent",
        [XYLEM_ANCESTOR] = "ancestor",   [XYLEM_NO_AGENT] = "no_agent"};
    add_string(json, "cause", causes[event->cause]);
    if (event->cause == XYLEM_EXITED)
        json_number(json, "status", event->number);
    if (event->cause == XYLEM_SIGNALLED)
        json_number(json, "signal", event->number);
    json_id(json, "origin", event->origin);
}

static void add_restarts(struct json *json, const xylem_event *event, const xylem_options *options)
{
    json_number(json, "restarts", event->number);
    json_number(json, "restarts_max", options->restarts);
    json_number(json, "restart_window_ms", options->restart_window_ms);
}

static void show_notice(const xylem_event *event, const xylem_options *options,
                        struct output *output)
{
    static const char *const names[] = {
        [XYLEM_NODE_UNAVAILABLE] = "unavailable", [XYLEM_NODE_AVAILABLE] = "available",
        [XYLEM_NODE_ADOPTED] = "adopted",         [XYLEM_NODE_RESTARTED] = "restarted",
        [XYLEM_NODE_RETIRED] = "retired",         [XYLEM_PUBLISHED] = "published"};
    struct json json = begin(output);
    add_string(&json, "notice", names[event->kind]);
    json_id(&json, "id", event->id);
    json_number(&json, "life", (int64_t)event->life);
    if (event->kind == XYLEM_NODE_ADOPTED)
        add_parent(&json, event->parent);
    if (event->kind == XYLEM_NODE_RESTARTED || event->kind == XYLEM_NODE_RETIRED)
        add_restarts(&json, event, options);
    if (event->kind == XYLEM_NODE_UNAVAILABLE)
        add_cause(&json, event);
    if (event->kind == XYLEM_PUBLISHED) {
        add_string(&json, "topic", event->topic);
        json_string(&json, "text", event->bytes, event->bytes_size);
    }
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

static void show_job(const struct job *job, const struct reply *result, struct output *output)
{
    struct json json = begin(output);
    add_string(&json, "notice", "job");
    json_number(&json, "job", job->number);
    json_id(&json, "id", job->id);
    json_bool(&json, "ok", result->kind != REPLY_ERROR);
    add_content(&json, result, output);
    json_end_object(&json);
    text_add_string(&output->pending, "\n");
}

const struct format format_json = {show_reply, show_notice, show_job};
