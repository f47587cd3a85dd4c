#include "cli/reply.h"

struct reply reply_to(const struct command *command)
{
    return (struct reply){
        .command = command->name, .id = command->id, .job = command->job, .kept = TEXT_EMPTY};
}

void reply_clear(struct reply *reply)
{
    text_clear(&reply->kept);
}

void reply_fail(struct reply *reply, int error, const char *text, const char *detail)
{
    reply->kind = REPLY_ERROR;
    reply->error = error;
    reply->text = text;
    reply->detail = detail;
}

void reply_no_memory(struct reply *reply)
{
    reply_fail(reply, XYLEM_NO_MEMORY, xylem_strerror(XYLEM_NO_MEMORY), NULL);
}
