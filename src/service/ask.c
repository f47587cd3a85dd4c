/* ask: asks other nodes: SET TEXT. It replies with the answer of the one that it asked, or with the
 * answers of all: "1-3,7: 0 ms; 8: 5 ms", errors first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/buffer.h"
#include "core/memory.h"
#include "service/service.h"
#include "service/word.h"

/* Writing. */

static bool add_text(xy_buffer *buffer, const char *text)
{
    return xy_buffer_add(buffer, text, strlen(text));
}

static bool add_ids(xy_buffer *buffer, const xylem_outcome *outcome)
{
    bool added = true;
    for (size_t i = 0, next; i < outcome->count && added; i = next) {
        char text[64];
        next = i + 1;
        while (next < outcome->count && outcome->ids[next] == outcome->ids[next - 1] + 1)
            next++;
        int size = snprintf(text, sizeof text, "%s%" PRId64, i > 0 ? "," : "", outcome->ids[i]);
        if (next - i > 1)
            snprintf(text + size, sizeof text - (size_t)size, "%s%" PRId64,
                     next - i > 2 ? "-" : ",", outcome->ids[next - 1]);
        added = add_text(buffer, text);
    }
    return added;
}

/* Its answer, or its error and the explanation of that. What a service says of its failure is
 * enough. */
static bool add_answer(xy_buffer *buffer, const xylem_outcome *outcome)
{
    bool said = !outcome->error || (outcome->error == XYLEM_FAILED && outcome->text_size > 0);
    const char *error = said ? "" : xylem_strerror(outcome->error);
    const char *between = !said && outcome->text_size > 0 ? ": " : "";
    return add_text(buffer, error) && add_text(buffer, between) &&
           xy_buffer_add(buffer, outcome->text, outcome->text_size);
}

static bool add_outcome(xy_buffer *buffer, const xylem_outcome *outcome)
{
    return (buffer->size == 0 || add_text(buffer, "; ")) && add_ids(buffer, outcome) &&
           add_text(buffer, ": ") && add_answer(buffer, outcome);
}

static bool write_all(xy_buffer *buffer, const xylem_outcome *const *outcomes, size_t count)
{
    bool written = true;
    if (count == 1 && outcomes[0]->count == 1)
        return add_answer(buffer, outcomes[0]);
    for (int failed = 1; failed >= 0; failed--)
        for (size_t i = 0; i < count && written; i++)
            if ((outcomes[i]->error != XYLEM_OK) == failed)
                written = add_outcome(buffer, outcomes[i]);
    return written;
}

/* Asking. */

/* What is asked in the name of a request that is answered later. */
typedef struct inquiry {
    struct inquiry *next, *prev;
    struct inquiry **all; /* of its node: the state */
    xylem_token *token;
} inquiry;

/* It answers its request, or has no answer any more. */
static void end_inquiry(inquiry *one, int status, const xy_buffer *text)
{
    if (xylem_token_reply(&one->token, status, text->bytes, text->size))
        xylem_token_reply(&one->token, XYLEM_NO_MEMORY, NULL, 0); /* ends it in any case */
    DL_DELETE(*one->all, one);
    xy_release(one);
}

static inquiry *begin_inquiry(inquiry **all, xylem_work *work)
{
    inquiry *new = xy_allocate(1, sizeof *new);
    if (!new)
        return NULL;
    new->all = all;
    new->token = xylem_work_defer(work);
    if (new->token) {
        DL_APPEND(*all, new);
        return new;
    }
    xy_release(new);
    return NULL;
}

static void answered(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                     size_t count, void *owner)
{
    xy_buffer text = {0};
    (void)context;
    bool written = count > 0 ? write_all(&text, outcomes, count)
                             : add_text(&text, error ? xylem_strerror(error) : "");
    int status = !written ? XYLEM_NO_MEMORY : error ? XYLEM_FAILED : XYLEM_OK;
    if (!written)
        xy_buffer_clear(&text);
    end_inquiry(owner, status, &text);
    xy_buffer_clear(&text);
}

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_ask_others, "SET TEXT");
}

static int explain(xylem_work *work, int error)
{
    const char *text = xylem_strerror(error);
    xylem_work_reply(work, text, strlen(text)); /* without memory it goes without saying */
    return XYLEM_FAILED;
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    xy_word word;
    if (!xy_word_take(&text, &word))
        return refuse(work);
    char *set = xy_word_copy(word, NULL);
    text += strspn(text, " ");
    inquiry *new = set ? begin_inquiry(state, work) : NULL;
    int error =
        new ? xylem_work_ask(work, set, text, strlen(text), -1, answered, new) : XYLEM_NO_MEMORY;
    free(set);
    if (!error)
        return XYLEM_OK;
    if (new)
        end_inquiry(new, XYLEM_FAILED, &(xy_buffer){0});
    return error == XYLEM_INVALID ? refuse(work) : explain(work, error);
}

/* The state: what has not been answered, and is not any more when the node ends. */

static int open(void **state)
{
    *state = xy_allocate(1, sizeof(inquiry *));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static void release(void *state)
{
    for (inquiry **all = state; *all;)
        end_inquiry(*all, XYLEM_FAILED, &(xy_buffer){0});
    xy_release(state);
}

const xylem_service xy_ask_others =
    XYLEM_SERVICE(.name = "ask", .open = open, .exec = exec, .close = release, .release = release);
