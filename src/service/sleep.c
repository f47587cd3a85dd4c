/* sleep: answers later: MS. */
#include "service/service.h"
#include "service/word.h"

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_sleep, "MS");
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    int64_t ms;
    xy_word word;
    (void)state;
    if (!xy_word_take(&text, &word) || !xy_word_number(word, &ms) || ms < 0 || !xy_words_over(text))
        return refuse(work);
    return xylem_work_rest(work, ms) ? XYLEM_OK : XYLEM_CANCELLED;
}

const xylem_service xy_sleep = XYLEM_SERVICE(.name = "sleep", .exec = exec, .takes_long = true);
