/* token: requests that are answered later: see xylem_work_defer.
 *
 * The tokens of a node are shared by the node and by all threads that may answer: any of them may
 * end one, also after the node. What there is of them is freed when the node has let go and the
 * last token has been ended.
 */
#ifndef XY_TOKEN_H
#define XY_TOKEN_H

#include "core/chunks.h"
#include "xylem.h"

/* How many tokens a node may have that were not ended, or whose answers it has not taken. */
#define XY_TOKENS_MAX 1024

typedef struct xy_tokens xy_tokens;

/* What the world of the node does about its tokens. Not called after xy_tokens_close. */
typedef struct xy_token_host {
    /* Makes sure that the node can be woken up, before the first token; false: it cannot. By the
     * thread that is in `exec`. NULL: it always can. */
    bool (*prepare)(void *owner);

    /* There is an answer to take, or a part of one. By any thread, which holds a lock of the
     * tokens. */
    void (*ring)(void *owner);

    /* Whether this thread may answer; NULL: each may. */
    bool (*may_answer)(void *owner);
    void *owner;
} xy_token_host;

/* An answer that has come. */
typedef struct xy_token_answer {
    xy_number request;
    int status;
    char *text; /* `size` bytes and a final NUL; the taker's, who frees it; or NULL */
    size_t size;
} xy_token_answer;

/* None yet. NULL when there is no memory. */
xy_tokens *xy_tokens_new(const xy_token_host *host);

/* The node ends: no answer is wanted any more, and none is taken. */
void xy_tokens_close(xy_tokens *tokens);

/* The node is over. Sets the pointer to NULL. */
void xy_tokens_let_go(xy_tokens **tokens);

/* Makes the token of a request whose work is under way; `streams`: its answer may come in parts.
 * NULL: there are too many, or there is no memory, or the node cannot be woken up. */
xylem_token *xy_tokens_add(xy_tokens *tokens, xy_number request, bool streams);

/* The work of a token is over, which is answered now, true; or is going to be answered. */
bool xy_tokens_settle(xy_tokens *tokens, xylem_token *token, xy_token_answer *answer);

/* The work of a token is over, and has an answer of its own. */
void xy_tokens_drop(xy_tokens *tokens, xylem_token *token);

/* The answer to this request is not wanted any more. */
void xy_tokens_cancel(xy_tokens *tokens, xy_number request);

/* Takes an answer that has come, the oldest first; false when there is none. */
bool xy_tokens_take(xy_tokens *tokens, xy_token_answer *answer);

/* What is sent before the answer: see outflow. Sends a chunk for a request that is worked on:
 * errors as with xylem_work_send. Takes out the oldest chunk, which is the caller's; NULL: there is
 * none. */
int xy_tokens_send(xy_tokens *tokens, xy_number request, bool streams, const void *bytes,
                   size_t size);
xy_chunk *xy_tokens_take_chunk(xy_tokens *tokens);

/* Whether there is a chunk to take. Takes no lock. */
bool xy_tokens_send_any(const xy_tokens *tokens);

/* So much of that was taken by the program. Whether something waited for room. */
bool xy_tokens_taken(xy_tokens *tokens, uint64_t request, size_t cost);

/* Work that was not deferred is over: see xy_outflows_end. With an error what was put together is
 * dropped. */
int xy_tokens_gather(xy_tokens *tokens, xy_number request, char **text, size_t *size);
void xy_tokens_drop_parts(xy_tokens *tokens, xy_number request);

/* Whether an answer may come, or has come. Takes no lock. */
bool xy_tokens_any(const xy_tokens *tokens);

#endif
