/* sum: adds up: N K1 ... KN. */
#include <inttypes.h>
#include <stdio.h>

#include "service/service.h"
#include "service/words.h"

enum { LOOK_UP_EVERY = 1 << 16 }; /* numbers */

static int too_large(xylem_work *work)
{
    static const char text[] = "the sum is too large";
    int error = xylem_work_reply(work, text, sizeof text - 1);
    return error ? error : XYLEM_FAILED;
}

static int show(xylem_work *work, int64_t sum)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRId64, sum);
    return xylem_work_reply(work, text, (size_t)length);
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    int64_t count, number, sum = 0;
    xy_word word;
    (void)state;
    if (!xy_word_take(&text, &word) || !xy_word_number(word, &count))
        return XYLEM_BAD_SUBCOMMAND;
    for (int64_t i = 0; i < count; i++) {
        if (i % LOOK_UP_EVERY == 0 && !xylem_work_wanted(work))
            return XYLEM_CANCELLED;
        if (!xy_word_take(&text, &word) || !xy_word_number(word, &number))
            return XYLEM_BAD_SUBCOMMAND;
        if (__builtin_add_overflow(sum, number, &sum))
            return too_large(work);
    }
    return xy_words_over(text) && count >= 0 ? show(work, sum) : XYLEM_BAD_SUBCOMMAND;
}

const xylem_service xy_sum = {"sum", NULL, exec, NULL, true};
