/* The formats of the output. These functions add to the output; the caller commits it. */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include "cli/output.h"
#include "cli/reply.h"
#include "xylem.h"

struct format {
    /* Shows any reply but REPLY_NOTHING. */
    void (*reply)(const struct reply *reply, struct output *output);
    void (*notice)(const xylem_event *event, const xylem_options *options, struct output *output);
    void (*job)(const struct job *job, const struct reply *result, struct output *output);
};

extern const struct format format_text; /* for a person */
extern const struct format format_json; /* for a program: src/cli/output.schema.json */

#endif
