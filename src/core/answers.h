/* answers: those that a node has given and that the controlling node may not have, and which
 * requests have come to the node: so each is done once, however often it comes.
 *
 * The controlling node numbers requests in their order, and sends them again in that order. So all
 * numbers up to the highest one that has come have come.
 */
#ifndef XY_ANSWERS_H
#define XY_ANSWERS_H

#include "core/buffer.h"
#include "core/message.h"
#include "core/table.h"

/* How much is kept, in bytes, each answer with XY_REQUEST_COST more. The oldest give way. One that
 * is larger alone is not kept. */
#define XY_ANSWERS_MAX (1024 * 1024)

typedef struct xy_kept {
    xy_slot slot; /* its key is the number of the request */
    uint64_t tag;
    int status;
    xy_buffer text;
} xy_kept;

/* All zero are none. */
typedef struct xy_answers {
    xy_table table;
    uint64_t seen; /* the highest number of a request that has come whole, or was refused */
    bool wanted;   /* answers are to be kept, as the latest request says */
} xy_answers;

/* What a request says of answers: whether they are to be kept; and all up to `keep` numbers before
 * it have been answered: their answers are forgotten. */
void xy_answers_hear(xy_answers *answers, const xy_message *request);

/* A request has come whole, or was refused; whether it has, before now. */
void xy_answers_note(xy_answers *answers, uint64_t request);
bool xy_answers_seen(const xy_answers *answers, uint64_t request);

/* Keeps a copy of an answer, if it is wanted, there is memory and it is not too large. Of two of
 * one request it keeps the first. */
void xy_answers_keep(xy_answers *answers, xy_number request, int status, const void *text,
                     size_t size);

/* The answer of a request, or NULL: it was not kept. */
const xy_kept *xy_answers_find(const xy_answers *answers, uint64_t request);

void xy_answers_clear(xy_answers *answers);

#endif
