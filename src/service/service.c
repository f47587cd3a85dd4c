#include "service/service.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/calls.h"
#include "service/program.h"
#include "service/word.h"

/* What cannot be loaded is not closed, which might save it. */
static bool load(const xylem_service *service, const xylem_context *context, void *state,
                 xy_error *error)
{
    if (!service->load || !context->birth.has_saved)
        return true;
    const xy_birth *birth = &context->birth;
    int status =
        service->load(state, birth->saved ? (const char *)birth->saved : "", birth->saved_size);
    if (!status)
        return true;
    xy_service_release(service, state);
    return xy_error_set(error, XYLEM_CANNOT_START,
                        "the service '%s' cannot load the state that it has saved: %s (the option "
                        "fresh begins without it)",
                        service->name, xylem_strerror(status));
}

bool xy_service_open(const xylem_service *service, xylem_context *context, const xy_host *host,
                     void **state, xy_error *error)
{
    const char *command = xy_service_command(service);
    *state = NULL;
    if (command)
        return xy_program_open(service->name, command, host, state, error);
    int status = service->open_with ? service->open_with(state, context)
                 : service->open    ? service->open(state)
                                    : XYLEM_OK;
    return status ? xy_error_code(error, status) : load(service, context, *state, error);
}

void xy_service_close(const xylem_service *service, void *state)
{
    if (service->close)
        service->close(state);
}

void xy_service_release(const xylem_service *service, void *state)
{
    if (service->release)
        service->release(state);
}

int xy_service_error(int status)
{
    static const int of_services[] = {XYLEM_OK, XYLEM_BAD_SUBCOMMAND, XYLEM_TOO_LONG,
                                      XYLEM_NO_MEMORY};
    for (size_t i = 0; i < sizeof of_services / sizeof *of_services; i++)
        if (status == of_services[i])
            return status;
    return XYLEM_FAILED;
}

bool xy_service_takes_long(const xylem_service *service, size_t size)
{
    return service->takes_long && (service->quick_size == 0 || size > service->quick_size);
}

int xy_service_do(const xylem_service *service, void *state, xylem_work *work)
{
    int status = xy_service_error(service->exec(state, work));
    xy_work_forget_answer(work);
    return status;
}

void xy_work_forget(xylem_work *work)
{
    if (work->token)
        xy_tokens_drop(work->tokens, work->token);
    if (work->tokens)
        xy_tokens_drop_parts(work->tokens, work->request);
    work->token = NULL;
}

/* What was sent comes before the reply. */
static int gather(xylem_work *work)
{
    int error = work->tokens
                    ? xy_tokens_gather(work->tokens, work->request, &work->reply, &work->reply_size)
                    : XYLEM_OK;
    if (!error)
        return XYLEM_OK;
    free(work->reply);
    work->reply = NULL;
    work->reply_size = 0;
    return error;
}

/* A token that has been answered by now gives the reply. Only now the node can hear of a later one.
 */
bool xy_work_settle(xylem_work *work, int *status)
{
    xy_token_answer answer;
    xylem_token *token = work->token;
    if (!*status && !token)
        *status = gather(work);
    if (*status || !token) {
        xy_work_forget(work);
        return false;
    }
    work->token = NULL;
    free(work->reply);
    work->reply = NULL;
    work->reply_size = 0;
    if (!xy_tokens_settle(work->tokens, token, &answer))
        return true;
    *status = answer.status;
    work->reply = answer.text;
    work->reply_size = answer.size;
    return false;
}

/* Saving. */

static void warn(const xylem_service *service, const xylem_context *context, int status)
{
    char text[XY_REASON_SIZE];
    snprintf(text, sizeof text,
             "the service '%s' cannot save its state: %s; the state that was saved before stays",
             service->name, xylem_strerror(status));
    xylem_context_log(context, XYLEM_LOG_WARNING, text);
}

static bool is_another(const xylem_context *context, const xylem_work *work)
{
    const xy_birth *birth = &context->birth;
    const void *before = context->saved ? context->saved : (const char *)birth->saved;
    size_t size = context->saved ? context->saved_size : birth->saved_size;
    bool any = context->saved || birth->has_saved;
    return !any || size != work->reply_size || (size > 0 && memcmp(before, work->reply, size) != 0);
}

/* Takes it out of the work, with a NUL also if it is empty. */
static int keep(xylem_context *context, xylem_work *work)
{
    int error = work->reply ? XYLEM_OK : xylem_work_reply(work, NULL, 0);
    if (error)
        return error;
    free(context->saved);
    context->saved = work->reply;
    context->saved_size = work->reply_size;
    work->reply = NULL;
    xy_birth_clear_saved(&context->birth);
    return XYLEM_OK;
}

bool xy_service_save(const xylem_service *service, void *state, xylem_context *context,
                     int64_t now_ms)
{
    xylem_work work = {.text = "", .now_ms = now_ms, .context = context};
    if (!service->save)
        return false;
    int status = xy_service_error(service->save(state, &work));
    if (!status && work.reply_size > XYLEM_STATE_MAX)
        status = XYLEM_TOO_LONG;
    bool another = !status && is_another(context, &work);
    if (another)
        status = keep(context, &work);
    if (status)
        warn(service, context, status);
    free(work.reply);
    return another && !status;
}

int xy_service_combine(const char *name, const uint8_t *texts, size_t a_size, size_t b_size,
                       xylem_work *work)
{
    static const char none[] = "the service does not combine answers here";
    const xylem_service *service = xy_service_named(name);
    const char *a = (const char *)texts, *b = a + a_size + 1;
    if (service && service->combine)
        return xy_service_error(service->combine(a, a_size, b, b_size, work));
    int error = xylem_work_reply(work, none, sizeof none - 1);
    return error ? error : XYLEM_FAILED;
}

int xy_service_excerpt(const char *text)
{
    enum { LONGEST = 64 }; /* bytes */
    size_t length = strnlen(text, LONGEST + 1);
    if (length > LONGEST)
        length = LONGEST;
    while (text[length] && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
        length--; /* not in the middle of a character */
    return (int)length;
}

int xy_service_show(xylem_work *work, int64_t number, const char *unit)
{
    char text[32];
    char *end = text + sizeof text, *at = end;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    assert(strlen(unit) <= sizeof text - sizeof "-9223372036854775808");
    for (size_t rest = strlen(unit); rest > 0; rest--)
        *--at = unit[rest - 1];
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        *--at = '-';
    return xylem_work_reply(work, at, (size_t)(end - at));
}

int xy_service_add(const char *a, size_t a_size, const char *b, size_t b_size, xylem_work *work)
{
    static const char text[] = "the sum is too large";
    int64_t one, other, sum;
    const xy_word words[] = {{a, a_size, false}, {b, b_size, false}};
    if (a_size == 0 || b_size == 0)
        return xylem_work_reply(work, a_size > 0 ? a : b, a_size > 0 ? a_size : b_size);
    if (!xy_word_number(words[0], &one) || !xy_word_number(words[1], &other))
        return XYLEM_BAD_SUBCOMMAND;
    if (!__builtin_add_overflow(one, other, &sum))
        return xy_service_show(work, sum, "");
    int error = xylem_work_reply(work, text, sizeof text - 1);
    return error ? error : XYLEM_FAILED;
}

int xy_service_refuse(xylem_work *work, const xylem_service *service, const char *takes)
{
    char text[XY_REASON_SIZE];
    int shown = xy_service_excerpt(work->text);
    int length = snprintf(text, sizeof text, "'%.*s%s' (%s takes %s)", shown, work->text,
                          work->text[shown] ? "..." : "", service->name, takes);
    assert(length > 0 && length < (int)sizeof text);
    xylem_work_reply(work, text, (size_t)length); /* without memory it goes without saying */
    return XYLEM_BAD_SUBCOMMAND;
}

const char *xylem_work_text(const xylem_work *work, size_t *size)
{
    if (size)
        *size = work->size;
    return work->text;
}

int64_t xylem_work_now(const xylem_work *work)
{
    return work->now_ms;
}

xylem_context *xylem_work_context(const xylem_work *work)
{
    return work->context;
}

int xylem_work_reply(xylem_work *work, const void *reply, size_t size)
{
    if (size > XYLEM_TEXT_MAX)
        return XYLEM_TOO_LONG;
    char *copy = malloc(size + 1);
    if (!copy)
        return XYLEM_NO_MEMORY;
    if (size > 0)
        memcpy(copy, reply, size);
    copy[size] = '\0';
    free(work->reply);
    work->reply = copy;
    work->reply_size = size;
    return XYLEM_OK;
}

xylem_token *xylem_work_defer(xylem_work *work)
{
    if (!work || !work->tokens || work->token)
        return NULL;
    work->token = xy_tokens_add(work->tokens, work->request, work->streams);
    if (work->token && !xylem_work_wanted(work)) /* in this order: one of the two sees it */
        xy_tokens_cancel(work->tokens, work->request);
    return work->token;
}

/* Room is told of by a callback, which ends the waiting. */
int xylem_work_send(xylem_work *work, const void *chunk, size_t size)
{
    if (!work || !work->tokens || (!chunk && size > 0))
        return XYLEM_INVALID;
    for (;;) {
        int error = xylem_work_wanted(work)
                        ? xy_tokens_send(work->tokens, work->request, work->streams, chunk, size)
                        : XYLEM_CANCELLED;
        if (error != XYLEM_BUSY || !work->rest || work->within)
            return error;
        work->rest(work, INT32_MAX, true);
    }
}

int xylem_work_ask(xylem_work *work, const char *set, const void *text, size_t size,
                   int64_t timeout_ms, xylem_answered callback, void *owner)
{
    const xy_asking asking = {.request = work->request,
                              .set = set,
                              .text = text,
                              .size = size,
                              .callback = callback,
                              .owner = owner};
    return xy_context_ask(work->context, &asking, timeout_ms);
}

bool xylem_work_wanted(const xylem_work *work)
{
    return !work->wanted || work->wanted(work);
}

static bool rest(xylem_work *work, int64_t ms, bool awaits)
{
    return work->rest && work->rest(work, ms > 0 ? ms : 0, awaits);
}

bool xylem_work_rest(xylem_work *work, int64_t ms)
{
    return rest(work, ms, false);
}

bool xylem_work_await(xylem_work *work, int64_t ms)
{
    return rest(work, ms, true);
}
