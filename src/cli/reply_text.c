/* Replies for a person: a line each, as a rule. */
#include <inttypes.h>
#include <string.h>

#include "cli/drawing.h"
#include "cli/format.h"

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
    text_add_printable(&output->pending, reply->answer);
    text_add_string(&output->pending, "\n");
}

static void show_begun(const struct reply *reply, struct output *output)
{
    text_format(&output->pending, "OK: job %" PRId64 "\n", reply->job);
}

static void show_jobs(const struct reply *reply, struct output *output)
{
    for (const struct job *job = reply->jobs->first; job && output_spill(output); job = job->next) {
        text_format(&output->pending, "Job %" PRId64 ": node %" PRId64 ": ", job->number, job->id);
        text_add_printable(&output->pending, text_string(&job->text));
        text_add_string(&output->pending, "\n");
    }
}

static void show_reached(const struct reply *reply, struct output *output)
{
    text_add_string(&output->pending, reply->reached ? "OK: 1\n" : "OK: -1\n");
}

static void show_list(const struct reply *reply, struct output *output)
{
    for (size_t i = 0; i < reply->count && output_spill(output); i++) {
        if (i > 0)
            text_add_string(&output->pending, " ");
        text_add_number(&output->pending, reply->nodes[i].id);
    }
    text_add_string(&output->pending, "\n");
}

/* Piece by piece: the picture of a deep tree is much larger than the tree. */
static void show_tree(const struct reply *reply, struct output *output)
{
    struct drawing drawing;
    if (drawing_begin(&drawing, reply->nodes, reply->count)) {
        while (output_spill(output) && drawing_next(&drawing, &output->pending))
            ;
        drawing_end(&drawing);
    } else {
        output->pending.failed = true;
    }
}

/* The purpose stands beside the usage, or below one that is too long for that. */
static void show_help_of(enum command_kind kind, struct output *output)
{
    enum { COLUMN = 28 };
    const char *usage = command_usage(kind);
    const char *between = strlen(usage) < COLUMN ? "" : "\n";
    text_format(&output->pending, "%-*s%s", COLUMN, usage, between);
    text_format(&output->pending, "%*s%s\n", *between ? COLUMN : 0, "", command_purpose(kind));
}

static void show_help(const struct reply *reply, struct output *output)
{
    for (enum command_kind kind = COMMAND_BAD + 1; kind < COMMAND_KINDS; kind++)
        if (reply->topic == COMMAND_BAD || reply->topic == kind)
            show_help_of(kind, output);
}

static void show_error(const struct reply *reply, struct output *output)
{
    begin_colour(output, "\033[31m");
    text_add_string(&output->pending, "Error: ");
    text_add_printable(&output->pending, reply->text);
    if (reply->detail) {
        text_add_string(&output->pending, ": ");
        text_add_printable(&output->pending, reply->detail);
    }
    end_colour(output);
    text_add_string(&output->pending, "\n");
}

static void show_reply(const struct reply *reply, struct output *output)
{
    static void (*const shows[REPLY_KINDS])(const struct reply *, struct output *) = {
        [REPLY_DONE] = show_done,     [REPLY_CREATED] = show_created,
        [REPLY_ANSWER] = show_answer, [REPLY_REACHED] = show_reached,
        [REPLY_LIST] = show_list,     [REPLY_TREE] = show_tree,
        [REPLY_HELP] = show_help,     [REPLY_ERROR] = show_error,
        [REPLY_JOB] = show_begun,     [REPLY_JOBS] = show_jobs,
    };
    shows[reply->kind](reply, output);
}

static void show_notice(const xylem_event *event, struct output *output)
{
    const char *news =
        event->kind == XYLEM_NODE_AVAILABLE ? "is available again" : "is unavailable now";
    begin_colour(output, "\033[33m");
    text_format(&output->pending, "Heartbeat: node %" PRId64 " %s", event->id, news);
    end_colour(output);
    text_add_string(&output->pending, "\n");
}

static void show_job(const struct job *job, const struct reply *result, struct output *output)
{
    text_format(&output->pending, "Job %" PRId64 ": ", job->number);
    show_reply(result, output);
}

const struct format format_text = {show_reply, show_notice, show_job};
