#include "cli/reply.h"

#include <assert.h>

#include "cli/command_table.h"

struct reply reply_to(const struct command *command)
{
    const char *name = command->type ? command->type->name : NULL;
    return (struct reply){
        .command = name, .id = command->id, .job = command->job, .kept = TEXT_EMPTY};
}

void reply_clear(struct reply *reply)
{
    text_clear(&reply->kept);
    outcomes_clear(&reply->outcomes);
}

bool reply_is_error(const struct reply *reply)
{
    return reply->kind == REPLY_ERROR ||
           (reply->kind == REPLY_SET && outcomes_have_failed(&reply->outcomes));
}

void reply_fail(struct reply *reply, int error, const char *text, const char *detail)
{
    reply->kind = REPLY_ERROR;
    reply->error = error;
    reply->text = text;
    reply->detail = detail;
}

void reply_fail_of_network(struct reply *reply, int error, const char *reason)
{
    if (error == XYLEM_FAILED && *reason)
        reply_fail(reply, error, reason, NULL);
    else
        reply_fail(reply, error, xylem_strerror(error), *reason ? reason : NULL);
}

void reply_error(struct reply *reply, int error)
{
    reply_fail(reply, error, xylem_strerror(error), NULL);
}

static void add_fact(struct reply *reply, struct fact fact)
{
    assert(reply->count < FACTS_MAX);
    reply->facts[reply->count++] = fact;
}

void reply_add_fact(struct reply *reply, const char *name, enum fact_kind kind, int64_t number)
{
    add_fact(reply, (struct fact){.name = name, .kind = kind, .number = number});
}

void reply_add_text_fact(struct reply *reply, const char *name, const char *text)
{
    add_fact(reply, (struct fact){.name = name, .kind = FACT_TEXT, .text = text});
}
