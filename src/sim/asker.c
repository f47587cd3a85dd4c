#include "sim/asker.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

#include "service/service.h"
#include "sim/check.h"
#include "sim/need.h"
#include "sim/own.h"

/* A piece of work that asks. It stays until the end of its node, so that it is seen if it is called
 * back after its end. */
struct inquiry {
    struct inquiry *next, *prev;
    struct asker *of;
    xylem_token *token; /* of the quick service, until it is answered */
    uint64_t request;
    unsigned left; /* answers that have not come */
};

/* One ask: its number in this life. */
struct asking {
    struct asking *next, *prev;
    struct inquiry *of;
    uint64_t number;
};

struct asker {
    xylem_context *context;
    struct inquiry *all;
    struct asking *asked; /* that have not been answered */
    uint64_t count;       /* how many there were */
};

bool asker_is(const char *service)
{
    return strcmp(service, ASKER_NAME) == 0 || strcmp(service, LONG_ASKER_NAME) == 0;
}

static uint64_t life_of(const struct asker *asker)
{
    return xylem_context_life(asker->context);
}

/* Answers. */

/* Ends its token, with an answer that says how many asks there were. */
static void answer(struct inquiry *one)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%" PRIu64, one->of->count);
    bool wanted = xylem_token_wanted(one->token);
    if (own_told)
        check_token(own_told, life_of(one->of), one->request, wanted);
    int error = xylem_token_reply(&one->token, XYLEM_OK, text, (size_t)size);
    if (own_told && (error != (wanted ? XYLEM_OK : XYLEM_CANCELLED) || one->token))
        check_broken(own_told, "I20", "the token of request %" PRIu64 " is ended: %s", one->request,
                     xylem_strerror(error));
    else if (own_told && wanted)
        check_given(own_told, life_of(one->of), one->request,
                    check_digest(XYLEM_OK, text, (size_t)size));
}

static size_t count_ids(const xylem_outcome *const *outcomes, size_t count)
{
    size_t ids = 0;
    for (size_t i = 0; i < count; i++)
        ids += outcomes[i]->count;
    return ids;
}

static void answered(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                     size_t count, void *owner)
{
    struct asking *asking = owner;
    struct inquiry *one = asking->of;
    if (own_told && context != one->of->context)
        check_broken(own_told, "I20", "life %" PRIu64 " is called for another one",
                     xylem_context_life(context));
    else if (own_told)
        check_ask_called(own_told, life_of(one->of), asking->number, error,
                         count_ids(outcomes, count));
    DL_DELETE(one->of->asked, asking);
    free(asking);
    one->left--;
    if (one->left == 0 && one->token)
        answer(one);
}

/* Asking. */

static void ask(struct inquiry *one, xylem_work *work, const char *set, const char *text)
{
    struct asker *asker = one->of;
    uint64_t number = xylem_context_random(asker->context);
    int64_t ms = number % 4 == 0 ? 1 + (int64_t)(number >> 8 & 0x7ff) : -1;
    struct asking *new = need(malloc(sizeof *new));
    *new = (struct asking){.of = one, .number = asker->count + 1};
    int error = one->token && number & 1 << 20
                    ? xylem_token_ask(one->token, asker->context, set, text, strlen(text), ms,
                                      answered, new)
                    : xylem_work_ask(work, set, text, strlen(text), ms, answered, new);
    if (error) {
        if (own_told)
            check_broken(own_told, "I20", "life %" PRIu64 " cannot ask: %s", life_of(asker),
                         xylem_strerror(error));
        free(new);
        return;
    }
    DL_APPEND(asker->asked, new);
    asker->count++;
    one->left++;
}

/* Of the service that takes long. */
static int wait(struct inquiry *one, xylem_work *work)
{
    enum { AT_ONCE_MS = 700 };
    bool wanted = true;
    while (wanted && one->left > 0) {
        wanted = xylem_work_await(work, AT_ONCE_MS);
        if (own_told)
            check_awaited(own_told, life_of(one->of), one->request, wanted);
    }
    return wanted ? xylem_work_reply(work, "done", 4) : XYLEM_CANCELLED;
}

static int begin(struct asker *asker, xylem_work *work, char mode, char *set)
{
    char *text = strchr(set, ' ');
    struct inquiry *one = need(calloc(1, sizeof *one));
    one->of = asker;
    one->request = own_told ? own_told->model.lives[life_of(asker)].working : 0;
    DL_APPEND(asker->all, one);
    *text++ = '\0';
    if (mode != 'r' && !work->rest)
        one->token = xylem_work_defer(work);
    ask(one, work, set, text);
    if (mode == 'b')
        ask(one, work, set, text);
    if (mode == 'r')
        return xylem_work_reply(work, "asked", 5);
    return work->rest ? wait(one, work) : one->token ? XYLEM_OK : XYLEM_FAILED;
}

static int exec(void *state, xylem_work *work)
{
    size_t size;
    const char *text = xylem_work_text(work, &size);
    bool asks = size < 100 && strlen(text) == size && size > 2 && strchr("wbr", text[0]) &&
                text[1] == ' ' && strchr(text + 2, ' ');
    if (!asks)
        return xylem_work_reply(work, text, size);
    char *copy = need(strdup(text + 2));
    int status = begin(state, work, text[0], copy);
    free(copy);
    return status;
}

/* The state. */

static int open(void **state, xylem_context *context)
{
    struct asker *asker = need(calloc(1, sizeof *asker));
    asker->context = context;
    *state = asker;
    own_opened();
    return XYLEM_OK;
}

static void end(struct asker *asker)
{
    struct inquiry *one, *next;
    struct asking *asking, *other;
    DL_FOREACH_SAFE(asker->asked, asking, other)
    {
        free(asking);
    }
    DL_FOREACH_SAFE(asker->all, one, next)
    {
        if (one->token)
            answer(one);
        free(one);
    }
    free(asker);
}

static void close(void *state)
{
    own_closed();
    end(state);
}

static void release(void *state)
{
    own_released();
    end(state);
}

void asker_register(void)
{
    static const xylem_service service =
        XYLEM_SERVICE(.name = ASKER_NAME, .exec = exec, .close = close, .release = release,
                      .open_with = open);
    own_register(&service, LONG_ASKER_NAME);
}
