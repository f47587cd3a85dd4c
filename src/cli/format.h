/* The ways to show what the program has to say. Whoever shows something gathers it in the output,
 * and commits the output afterwards. */
#ifndef CLI_FORMAT_H
#define CLI_FORMAT_H

#include "cli/output.h"
#include "cli/reply.h"
#include "xylem.h"

struct format {
    /* Shows any reply but REPLY_NOTHING. */
    void (*reply)(const struct reply *reply, struct output *output);
    void (*notice)(const xylem_event *event, struct output *output);
    void (*job)(const struct job *job, const struct reply *result, struct output *output);
};

extern const struct format format_text; /* for a person */
extern const struct format format_json; /* for a program: src/cli/output.schema.json */

#endif
