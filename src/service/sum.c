/* sum: adds up: N K1 ... KN. */
#include "service/service.h"
#include "service/word.h"

enum { LOOK_UP_EVERY = 1 << 16 }; /* numbers */

static int too_large(xylem_work *work)
{
    static const char text[] = "the sum is too large";
    int error = xylem_work_reply(work, text, sizeof text - 1);
    return error ? error : XYLEM_FAILED;
}

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_sum, "N and then N numbers");
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    int64_t count, number, sum = 0;
    xy_word word;
    (void)state;
    if (!xy_word_take(&text, &word) || !xy_word_number(word, &count))
        return refuse(work);
    for (int64_t i = 0; i < count; i++) {
        if (i % LOOK_UP_EVERY == 0 && !xylem_work_wanted(work))
            return XYLEM_CANCELLED;
        if (!xy_word_take(&text, &word) || !xy_word_number(word, &number))
            return refuse(work);
        if (__builtin_add_overflow(sum, number, &sum))
            return too_large(work);
    }
    return xy_words_over(text) && count >= 0 ? xy_service_show(work, sum, "") : refuse(work);
}

const xylem_service xy_sum = XYLEM_SERVICE(.name = "sum", .exec = exec, .takes_long = true,
                                           .combine = xy_service_add, .quick_size = XY_QUICK_SIZE);
