#include "service/token.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/memory.h"
#include "core/requests.h"
#include "service/calls.h"
#include "service/outflow.h"
#include "service/service.h"

struct xylem_token {
    xylem_token *prev, *next; /* in one of the lists */
    xy_tokens *of;
    bool held;    /* by the program, which has not ended it */
    bool working; /* its work has not returned */
    bool wanted;
    bool streams; /* the answer may come in parts */
    xy_token_answer answer;
};

struct xy_tokens {
    xy_token_host host;
    pthread_mutex_t mutex; /* guards the rest */
    xylem_token *open;     /* those that are held, or whose work has not returned */
    xylem_token *answered; /* in the order of their answers, until the node takes them */
    size_t count;          /* of both */
    size_t cost;           /* of the answers, in bytes */
    xy_outflows outflows;  /* what is sent before the answers */
    atomic_bool sends;     /* there are chunks that the node has not taken */
    atomic_bool any;       /* the count is not 0 */
    bool closed, let_go;
};

/* Freeing, with the mutex. */

/* It is in no list any more. */
static void free_token(xylem_token *token)
{
    xy_tokens *tokens = token->of;
    atomic_store(&tokens->any, --tokens->count > 0);
    free(token->answer.text);
    xy_release(token);
}

static void free_if_unused(xylem_token *token)
{
    if (token->held || token->working)
        return;
    DL_DELETE(token->of->open, token);
    free_token(token);
}

static size_t cost_of(const xylem_token *token)
{
    return XY_REQUEST_COST + token->answer.size;
}

/* The answer, and what it has cost, are the caller's. */
static xy_token_answer take_first(xy_tokens *tokens)
{
    xylem_token *first = tokens->answered;
    xy_token_answer answer = first->answer;
    tokens->cost -= cost_of(first);
    first->answer.text = NULL;
    DL_DELETE(tokens->answered, first);
    free_token(first);
    return answer;
}

/* Gives the mutex back. */
static void unlock(xy_tokens *tokens)
{
    bool over = tokens->let_go && tokens->count == 0;
    pthread_mutex_unlock(&tokens->mutex);
    if (!over)
        return;
    pthread_mutex_destroy(&tokens->mutex);
    xy_release(tokens);
}

/* The node's side. */

xy_tokens *xy_tokens_new(const xy_token_host *host)
{
    xy_tokens *tokens = xy_allocate(1, sizeof *tokens);
    if (!tokens)
        return NULL;
    tokens->host = *host;
    pthread_mutex_init(&tokens->mutex, NULL);
    return tokens;
}

void xy_tokens_close(xy_tokens *tokens)
{
    xylem_token *each;
    pthread_mutex_lock(&tokens->mutex);
    tokens->closed = true;
    while (tokens->answered) {
        xy_token_answer dropped = take_first(tokens);
        free(dropped.text);
    }
    DL_FOREACH(tokens->open, each)
    {
        each->wanted = false;
    }
    xy_outflows_clear(&tokens->outflows);
    unlock(tokens);
}

void xy_tokens_let_go(xy_tokens **tokens)
{
    xy_tokens *left = *tokens;
    *tokens = NULL;
    if (!left)
        return;
    xy_tokens_close(left);
    pthread_mutex_lock(&left->mutex);
    left->let_go = true;
    unlock(left);
}

static xylem_token *new_token(xy_tokens *tokens, xy_number request, bool streams)
{
    bool room = tokens->count < XY_TOKENS_MAX && !tokens->closed;
    xylem_token *new = room ? xy_allocate(1, sizeof *new) : NULL;
    if (!new)
        return NULL;
    *new = (xylem_token){.of = tokens,
                         .held = true,
                         .working = true,
                         .wanted = true,
                         .streams = streams,
                         .answer = {.request = request}};
    DL_APPEND(tokens->open, new);
    tokens->count++;
    atomic_store(&tokens->any, true);
    return new;
}

xylem_token *xy_tokens_add(xy_tokens *tokens, xy_number request, bool streams)
{
    if (tokens->host.prepare && !tokens->host.prepare(tokens->host.owner))
        return NULL;
    pthread_mutex_lock(&tokens->mutex);
    xylem_token *new = new_token(tokens, request, streams);
    unlock(tokens);
    return new;
}

bool xy_tokens_settle(xy_tokens *tokens, xylem_token *token, xy_token_answer *answer)
{
    pthread_mutex_lock(&tokens->mutex);
    bool answered = !token->held;
    token->working = false;
    if (answered) {
        *answer = token->answer;
        token->answer.text = NULL;
    }
    free_if_unused(token);
    unlock(tokens);
    return answered;
}

void xy_tokens_drop(xy_tokens *tokens, xylem_token *token)
{
    pthread_mutex_lock(&tokens->mutex);
    token->working = token->wanted = false;
    free_if_unused(token);
    unlock(tokens);
}

void xy_tokens_cancel(xy_tokens *tokens, xy_number request)
{
    xylem_token *each;
    if (!xy_tokens_any(tokens))
        return;
    pthread_mutex_lock(&tokens->mutex);
    DL_FOREACH(tokens->open, each)
    {
        if (each->answer.request.request == request.request &&
            each->answer.request.tag == request.tag)
            each->wanted = false;
    }
    unlock(tokens);
}

bool xy_tokens_take(xy_tokens *tokens, xy_token_answer *answer)
{
    if (!xy_tokens_any(tokens))
        return false;
    pthread_mutex_lock(&tokens->mutex);
    bool any = tokens->answered;
    if (any)
        *answer = take_first(tokens);
    unlock(tokens);
    return any;
}

bool xy_tokens_any(const xy_tokens *tokens)
{
    return atomic_load(&tokens->any);
}

/* What is sent before the answers. */

static int send(xy_tokens *tokens, xy_number request, bool streams, const void *bytes, size_t size)
{
    int error = xy_outflows_send(&tokens->outflows, request, streams, bytes, size);
    if (tokens->outflows.ready && !atomic_exchange(&tokens->sends, true))
        tokens->host.ring(tokens->host.owner);
    return error;
}

int xy_tokens_send(xy_tokens *tokens, xy_number request, bool streams, const void *bytes,
                   size_t size)
{
    pthread_mutex_lock(&tokens->mutex);
    int error = tokens->closed ? XYLEM_CANCELLED : send(tokens, request, streams, bytes, size);
    unlock(tokens);
    return error;
}

xy_chunk *xy_tokens_take_chunk(xy_tokens *tokens)
{
    if (!atomic_load(&tokens->sends))
        return NULL;
    pthread_mutex_lock(&tokens->mutex);
    xy_chunk *first = xy_outflows_take(&tokens->outflows);
    atomic_store(&tokens->sends, tokens->outflows.ready != NULL);
    unlock(tokens);
    return first;
}

bool xy_tokens_send_any(const xy_tokens *tokens)
{
    return atomic_load(&tokens->sends);
}

bool xy_tokens_taken(xy_tokens *tokens, uint64_t request, size_t cost)
{
    pthread_mutex_lock(&tokens->mutex);
    bool waited = xy_outflows_taken(&tokens->outflows, request, cost);
    unlock(tokens);
    return waited;
}

int xy_tokens_gather(xy_tokens *tokens, xy_number request, char **text, size_t *size)
{
    pthread_mutex_lock(&tokens->mutex);
    int error = xy_outflows_end(&tokens->outflows, request, text, size);
    xy_outflows_drop(&tokens->outflows, request);
    unlock(tokens);
    return error;
}

void xy_tokens_drop_parts(xy_tokens *tokens, xy_number request)
{
    pthread_mutex_lock(&tokens->mutex);
    xy_outflows_drop(&tokens->outflows, request);
    unlock(tokens);
}

/* The program's side. */

bool xylem_token_wanted(const xylem_token *token)
{
    if (!token)
        return false;
    pthread_mutex_lock(&token->of->mutex);
    bool wanted = token->wanted;
    pthread_mutex_unlock(&token->of->mutex);
    return wanted;
}

static char *copy_of(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy && size > 0)
        memcpy(copy, bytes, size);
    if (copy)
        copy[size] = '\0';
    return copy;
}

/* Why a token cannot be answered, which stays as it is; the mutex is held. */
static int refusal(const xylem_token *token, size_t size)
{
    const xy_tokens *tokens = token->of;
    if (!token->wanted)
        return XYLEM_OK;
    if (tokens->host.may_answer && !tokens->host.may_answer(tokens->host.owner))
        return XYLEM_INVALID;
    return xy_in_flight_fits(tokens->cost, XY_REQUEST_COST + size, XY_IN_FLIGHT_MAX) ? XYLEM_OK
                                                                                     : XYLEM_BUSY;
}

/* The work of one that is still under way takes the answer when it returns. */
static void give(xylem_token *token)
{
    xy_tokens *tokens = token->of;
    token->held = false;
    if (token->working)
        return;
    DL_DELETE(tokens->open, token);
    DL_APPEND(tokens->answered, token);
    tokens->cost += cost_of(token);
    tokens->host.ring(tokens->host.owner);
}

/* Ends a token with an answer, which is taken or freed; the mutex is held. */
static int end_token(xylem_token *token, xy_token_answer *answer)
{
    xy_outflows *outflows = &token->of->outflows;
    int error = refusal(token, answer->size);
    if (!error && token->wanted && !answer->status)
        error = xy_outflows_end(outflows, token->answer.request, &answer->text, &answer->size);
    if (error)
        return error;
    xy_outflows_drop(outflows, token->answer.request);
    if (token->wanted) {
        token->answer.status = answer->status;
        token->answer.text = answer->text;
        token->answer.size = answer->size;
        give(token);
        return XYLEM_OK;
    }
    token->held = false;
    free_if_unused(token);
    return XYLEM_CANCELLED;
}

int xylem_token_ask(const xylem_token *token, xylem_context *context, const char *set,
                    const void *text, size_t size, int64_t timeout_ms, xylem_answered callback,
                    void *owner)
{
    if (!token)
        return XYLEM_INVALID;
    const xy_asking asking = {.request = token->answer.request,
                              .set = set,
                              .text = text,
                              .size = size,
                              .callback = callback,
                              .owner = owner};
    return xy_context_ask(context, &asking, timeout_ms);
}

int xylem_token_send(const xylem_token *token, const void *chunk, size_t size)
{
    if (!token || (!chunk && size > 0))
        return XYLEM_INVALID;
    xy_tokens *tokens = token->of;
    int error = XYLEM_CANCELLED;
    pthread_mutex_lock(&tokens->mutex);
    if (tokens->host.may_answer && token->wanted && !tokens->host.may_answer(tokens->host.owner))
        error = XYLEM_INVALID;
    else if (token->wanted)
        error = send(tokens, token->answer.request, token->streams, chunk, size);
    unlock(tokens);
    return error;
}

int xylem_token_reply(xylem_token **token, int error, const void *reply, size_t size)
{
    if (!token || !*token || (!reply && size > 0))
        return XYLEM_INVALID;
    if (size > XYLEM_TEXT_MAX)
        return XYLEM_TOO_LONG;
    xy_token_answer answer = {.status = xy_service_error(error), .size = size};
    if (xylem_token_wanted(*token) && !(answer.text = copy_of(reply, size)))
        return XYLEM_NO_MEMORY;
    xy_tokens *tokens = (*token)->of;
    pthread_mutex_lock(&tokens->mutex);
    int result = end_token(*token, &answer);
    unlock(tokens);
    if (result)
        free(answer.text);
    if (!result || result == XYLEM_CANCELLED)
        *token = NULL;
    return result;
}
