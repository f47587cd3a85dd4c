/* Replies for a person: one line each, as a rule. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cli/command_table.h"
#include "cli/format.h"
#include "cli/tree_view.h"
#include "cli/wrap.h"

static void begin_colour(struct output *output, const char *colour)
{
    if (output->coloured)
        text_add_string(&output->pending, colour);
}

static void end_colour(struct output *output)
{
    if (output->coloured)
        text_add_string(&output->pending, "\033[0m");
}

/* Text that does not come from this program. */
static void add_foreign(struct output *output, const char *string)
{
    if (output->ascii)
        text_add_printable_ascii(&output->pending, string);
    else
        text_add_printable(&output->pending, string);
}

static void show_done(const struct reply *reply, struct output *output)
{
    (void)reply;
    text_add_string(&output->pending, "OK\n");
}

static void show_created(const struct reply *reply, struct output *output)
{
    text_format(&output->pending, "OK: %" PRId64 "\n", reply->pid);
}

static void show_answer(const struct reply *reply, struct output *output)
{
    text_add_string(&output->pending, *reply->answer ? "OK: " : "OK");
    add_foreign(output, reply->answer);
    text_add_string(&output->pending, "\n");
}

static void show_started(const struct reply *reply, struct output *output)
{
    text_format(&output->pending, "OK: job %" PRId64 "\n", reply->job);
}

static void show_jobs(const struct reply *reply, struct output *output)
{
    for (const struct job *job = reply->jobs->all; job && output_spill(output);
         job = job->hh.next) {
        text_format(&output->pending, "Job %" PRId64 ": node %" PRId64 ": ", job->number, job->id);
        add_foreign(output, text_string(&job->text));
        text_add_string(&output->pending, "\n");
    }
}

static void show_reached(const struct reply *reply, struct output *output)
{
    text_add_string(&output->pending, reply->reached ? "OK: 1\n" : "OK: -1\n");
}

static void show_unreached(const struct reply *reply, struct output *output)
{
    text_add_string(&output->pending, reply->count > 0 ? "OK: " : "OK: -1");
    for (size_t i = 0; i < reply->count && output_spill(output); i++) {
        if (i > 0)
            text_add_string(&output->pending, ";");
        text_add_number(&output->pending, reply->ids[i]);
    }
    text_add_string(&output->pending, "\n");
}

static void show_list(const struct reply *reply, struct output *output)
{
    for (size_t i = 0; i < reply->count && output_spill(output); i++) {
        if (i > 0)
            text_add_string(&output->pending, " ");
        text_add_number(&output->pending, reply->nodes[i]->id);
    }
    text_add_string(&output->pending, "\n");
}

/* Piece by piece: the picture of a deep tree is much larger than the tree. */
static void show_tree(const struct reply *reply, struct output *output)
{
    struct tree_view view;
    if (tree_view_begin(&view, reply->nodes, reply->count, output->ascii)) {
        while (output_spill(output) && tree_view_next(&view, &output->pending))
            ;
        tree_view_end(&view);
    } else {
        output->pending.failed = true;
    }
}

/* A fact in text: how long its name is, without the unit. */
static size_t label_length(const struct fact *fact)
{
    return strlen(fact->name) - (fact->kind == FACT_MS ? strlen("_ms") : 0);
}

static void add_label(struct output *output, const struct fact *fact, size_t column)
{
    size_t length = label_length(fact);
    for (size_t i = 0; i < length; i++)
        text_add(&output->pending, fact->name[i] == '_' ? " " : &fact->name[i], 1);
    text_format(&output->pending, ":%*s", (int)(column - length), "");
}

static void show_fact(const struct fact *fact, struct output *output, size_t column)
{
    add_label(output, fact, column);
    if (fact->kind == FACT_TEXT)
        add_foreign(output, fact->text);
    else if (fact->kind == FACT_BOOL)
        text_add_string(&output->pending, fact->number ? "yes" : "no");
    else
        text_add_number(&output->pending, fact->number);
    text_add_string(&output->pending, fact->kind == FACT_MS ? " ms\n" : "\n");
}

static void show_facts(const struct reply *reply, struct output *output)
{
    size_t longest = 0;
    for (size_t i = 0; i < reply->count; i++)
        if (label_length(&reply->facts[i]) > longest)
            longest = label_length(&reply->facts[i]);
    if (reply->id >= 0)
        show_fact(&(struct fact){.name = "id", .kind = FACT_ID, .number = reply->id}, output,
                  longest + 1);
    for (size_t i = 0; i < reply->count; i++)
        show_fact(&reply->facts[i], output, longest + 1);
}

/* The right text stands beside the left one, or below it if that is too long, or if the terminal is
 * narrow. */
static void add_row(struct output *output, size_t margin, const char *left, const char *right)
{
    enum { COLUMN = 28, NARROW = 60, INDENT = 4 };
    size_t columns = output_columns(output);
    size_t indent = columns < NARROW ? margin + INDENT : COLUMN;
    bool beside = columns >= NARROW && margin + strlen(left) < COLUMN;
    text_format(&output->pending, "%*s", (int)margin, "");
    if (!beside)
        wrap_add(&output->pending, left, margin, margin + INDENT, columns);
    text_format(&output->pending, "%-*s", (int)(beside ? indent - margin : indent),
                beside ? left : "");
    wrap_add(&output->pending, right, indent, indent, columns);
}

static void explain(const struct command_type *type, struct output *output)
{
    enum { MARGIN = 2 };
    struct text *text = &output->pending;
    text_add_string(text, "\n");
    wrap_add(text, type->details, 0, 0, output_columns(output));
    if (type->replies[0].reply)
        text_add_string(text, "\nReplies:\n");
    for (size_t i = 0; type->replies[i].reply; i++)
        add_row(output, MARGIN, type->replies[i].reply, type->replies[i].meaning);
    text_add_string(text, "\nExample:\n");
    for (const char *line = type->example; *line; line += strcspn(line, "\n") + 1)
        text_format(text, "%*s%.*s\n", MARGIN, "", (int)strcspn(line, "\n"), line);
}

static void show_help(const struct reply *reply, struct output *output)
{
    for (const struct command_type *type = command_types; type->name; type++)
        if (!reply->topic || reply->topic == type)
            add_row(output, 0, type->usage, type->purpose);
    if (reply->topic)
        explain(reply->topic, output);
}

/* 1-3,7 */
static void add_ids(struct output *output, const struct outcome_group *group)
{
    for (size_t i = 0, run; i < group->count && output_spill(output); i += run) {
        const struct outcome *first = &group->first[i];
        run = outcomes_run(first, group->count - i);
        if (i > 0)
            text_add_string(&output->pending, ",");
        text_add_number(&output->pending, first->id);
        if (run > 1)
            text_format(&output->pending, "-%" PRId64, first[run - 1].id);
    }
}

static void add_failure(struct output *output, const struct outcome_group *group)
{
    const struct outcome *one = group->first;
    struct reply reply;
    reply_fail_of_network(&reply, one->status, one->text);
    add_ids(output, group);
    text_add_string(&output->pending, ": ");
    add_foreign(output, reply.text);
    if (reply.detail) {
        text_add_string(&output->pending, ": ");
        add_foreign(output, reply.detail);
    }
}

static void add_success(struct output *output, const struct outcome_group *group, bool answers)
{
    if (answers && !group->first->combined)
        add_ids(output, group);
    else
        text_format(&output->pending, "%zu node%s", group->count, group->count == 1 ? "" : "s");
    if (answers && *group->first->text) {
        text_add_string(&output->pending, ": ");
        add_foreign(output, group->first->text);
    }
}

/* Error: 7,9: Already exists; OK: 48 nodes */
static void show_set(const struct reply *reply, struct output *output)
{
    const struct outcomes *outcomes = &reply->outcomes;
    bool failed = outcomes_have_failed(outcomes), succeeded = false;
    if (failed)
        begin_colour(output, "\033[31m");
    text_add_string(&output->pending, failed ? "Error: " : "");
    for (size_t i = 0; i < outcomes->groups_count && output_spill(output); i++) {
        const struct outcome_group *group = &outcomes->groups[i];
        bool success = group->first->status == XYLEM_OK;
        text_add_string(&output->pending, i > 0 ? "; " : "");
        text_add_string(&output->pending, success && !succeeded ? "OK: " : "");
        succeeded = succeeded || success;
        if (success)
            add_success(output, group, outcomes->answers);
        else
            add_failure(output, group);
    }
    if (failed)
        end_colour(output);
    text_add_string(&output->pending, "\n");
}

static void show_error(const struct reply *reply, struct output *output)
{
    begin_colour(output, "\033[31m");
    text_add_string(&output->pending, "Error: ");
    if (reply->file) {
        add_foreign(output, reply->file);
        text_format(&output->pending, ":%" PRId64 ": ", reply->line);
    }
    add_foreign(output, reply->text);
    if (reply->detail) {
        text_add_string(&output->pending, ": ");
        add_foreign(output, reply->detail);
    }
    end_colour(output);
    text_add_string(&output->pending, "\n");
}

static void show_reply(const struct reply *reply, struct output *output)
{
    static void (*const shows[REPLY_KINDS])(const struct reply *, struct output *) = {
        [REPLY_DONE] = show_done,
        [REPLY_CREATED] = show_created,
        [REPLY_ANSWER] = show_answer,
        [REPLY_REACHED] = show_reached,
        [REPLY_LIST] = show_list,
        [REPLY_TREE] = show_tree,
        [REPLY_HELP] = show_help,
        [REPLY_ERROR] = show_error,
        [REPLY_JOB] = show_started,
        [REPLY_JOBS] = show_jobs,
        [REPLY_UNREACHED] = show_unreached,
        [REPLY_FACTS] = show_facts,
        [REPLY_SET] = show_set,
    };
    assert(reply->kind > REPLY_NOTHING && reply->kind < REPLY_KINDS);
    shows[reply->kind](reply, output);
}

static void add_adoption(struct output *output, const xylem_event *event)
{
    text_format(&output->pending, "Repair: node %" PRId64 " is below ", event->id);
    if (event->parent < 0)
        text_add_string(&output->pending, "the controlling node");
    else
        text_add_number(&output->pending, event->parent);
    text_add_string(&output->pending, " now");
}

static void add_window(struct output *output, const xylem_options *options)
{
    enum { SECOND_MS = 1000 };
    bool seconds = options->restart_window_ms % SECOND_MS == 0;
    text_format(&output->pending, " within %" PRId64 " %s",
                options->restart_window_ms / (seconds ? SECOND_MS : 1), seconds ? "s" : "ms");
}

static void add_restart(struct output *output, const xylem_event *event,
                        const xylem_options *options)
{
    bool retired = event->kind == XYLEM_NODE_RETIRED;
    text_format(&output->pending, "Repair: node %" PRId64 " was started again ", event->id);
    if (retired)
        text_format(&output->pending, "too often (%d", event->number);
    else
        text_format(&output->pending, "(%d of %d", event->number, options->restarts);
    add_window(output, options);
    text_add_string(&output->pending, retired ? ") and stays ended" : ")");
}

static void add_availability(struct output *output, const xylem_event *event)
{
    const char *news =
        event->kind == XYLEM_NODE_AVAILABLE ? "is available again" : "is unavailable now";
    text_format(&output->pending, "Heartbeat: node %" PRId64 " %s", event->id, news);
}

/* In one line; its NULs are shown, too. */
static void add_published(struct output *output, const xylem_event *event)
{
    const char *at = event->bytes, *end = event->bytes + event->bytes_size;
    text_format(&output->pending, "Published: node %" PRId64 ": ", event->id);
    add_foreign(output, event->topic);
    text_add_string(&output->pending, ": ");
    for (add_foreign(output, at); (at += strlen(at)) < end; add_foreign(output, ++at))
        text_add_string(&output->pending, "?");
}

static void show_notice(const xylem_event *event, const xylem_options *options,
                        struct output *output)
{
    begin_colour(output, "\033[33m");
    if (event->kind == XYLEM_NODE_ADOPTED)
        add_adoption(output, event);
    else if (event->kind == XYLEM_NODE_RESTARTED || event->kind == XYLEM_NODE_RETIRED)
        add_restart(output, event, options);
    else if (event->kind == XYLEM_PUBLISHED)
        add_published(output, event);
    else
        add_availability(output, event);
    end_colour(output);
    text_add_string(&output->pending, "\n");
}

static void show_job(const struct job *job, const struct reply *result, struct output *output)
{
    text_format(&output->pending, "Job %" PRId64 ": ", job->number);
    show_reply(result, output);
}

const struct format format_text = {show_reply, show_notice, show_job};
