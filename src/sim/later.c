#include "sim/later.h"

#include <inttypes.h>
#include <string.h>
#include <utlist.h>

#include "service/service.h"
#include "sim/check.h"
#include "sim/need.h"
#include "sim/own.h"

/* What was deferred, or a timer that was cancelled at once: then it has no token. It stays until
 * the end of its node, so that it is seen if it is called back after its end. */
struct pending {
    struct pending *next, *prev;
    struct node *of;
    xylem_token *token;
    uint64_t request;
    uint64_t timer; /* that answers; 0: there is none */
    int64_t ms, set_us;
    bool over;
};

struct node {
    xylem_context *context;
    struct pending *all;
};

bool later_is(const char *service)
{
    return strcmp(service, LATER_NAME) == 0 || strcmp(service, LONG_LATER_NAME) == 0;
}

static uint64_t life_of(const struct node *node)
{
    return xylem_context_life(node->context);
}

static int64_t now_us(void)
{
    return own_told ? check_now_us(own_told) : 0;
}

/* Tokens. */

static void look_at(const struct pending *one)
{
    if (own_told && one->token)
        check_token(own_told, life_of(one->of), one->request, xylem_token_wanted(one->token));
    if (own_told && one->timer && !one->over)
        check_timer(own_told, life_of(one->of), one->ms, one->set_us, false);
}

/* Ends its token, with an answer that nothing else gives. */
static void answer(struct pending *one)
{
    enum { LARGE = 300 * 1024 };
    static char text[LARGE];
    uint64_t number = xylem_context_random(one->of->context);
    size_t size = number % 64 == 0 ? LARGE : number % 100;
    int status = number >> 32 & 3 ? XYLEM_OK : XYLEM_FAILED;
    bool wanted = xylem_token_wanted(one->token);
    look_at(one);
    memset(text, 'a' + (char)(number % 26), size);
    int error = xylem_token_reply(&one->token, status, text, size);
    one->over = true;
    if (own_told && (error != (wanted ? XYLEM_OK : XYLEM_CANCELLED) || one->token))
        check_broken(own_told, "I12", "the token of request %" PRIu64 " is ended: %s", one->request,
                     xylem_strerror(error));
    else if (own_told && wanted)
        check_given(own_told, life_of(one->of), one->request, check_digest(status, text, size));
}

static void on_timer(xylem_context *context, void *owner)
{
    struct pending *one = owner;
    if (own_told && (one->over || context != one->of->context))
        check_broken(own_told, "I12", "life %" PRIu64 " is called by a timer that was cancelled",
                     xylem_context_life(context));
    else if (own_told)
        check_timer(own_told, life_of(one->of), one->ms, one->set_us, true);
    if (one->over)
        return;
    one->timer = 0;
    answer(one);
}

static struct pending *add(struct node *node, xylem_token *token, uint64_t request)
{
    struct pending *new = need(calloc(1, sizeof *new));
    *new = (struct pending){.of = node, .token = token, .request = request};
    DL_APPEND(node->all, new);
    return new;
}

static int set_timer(struct pending *one, int64_t ms)
{
    one->ms = ms;
    one->set_us = now_us();
    return xylem_context_timer(one->of->context, ms, on_timer, one, &one->timer);
}

/* Work. */

static int defer(struct node *node, xylem_work *work, uint64_t request, uint64_t number)
{
    xylem_token *token = xylem_work_defer(work);
    int64_t ms = 1 + (int64_t)(number >> 16 & 0xffff) % (16 << (number >> 40) % 9);
    if (!token)
        return XYLEM_FAILED; /* there are too many */
    struct pending *new = add(node, token, request);
    switch (number >> 8 & 7) {
    case 0: /* it is never answered */
        return XYLEM_OK;
    case 1:
        answer(new);
        return XYLEM_OK;
    case 2:
        return XYLEM_BAD_SUBCOMMAND;
    case 3:
        set_timer(new, 1 + ms / 2);
        xylem_context_timer_cancel(node->context, new->timer);
        new = add(node, NULL, request); /* which would be called by a timer that goes on */
        *new = (struct pending){.next = new->next, .prev = new->prev, .of = node, .over = true};
        set_timer(new, ms);
        xylem_context_timer_cancel(node->context, new->timer);
        return set_timer(new->prev, ms);
    default:
        return set_timer(new, ms);
    }
}

/* Looks at those that were deferred before, and ends some of them. */
static void look_at_all(struct node *node, uint64_t number)
{
    struct pending *each;
    DL_FOREACH(node->all, each)
    {
        if (each->over)
            continue;
        look_at(each);
        number = number * 6364136223846793005u + 1442695040888963407u;
        if (number >> 61 > 0 && (each->timer || xylem_token_wanted(each->token)))
            continue;
        xylem_context_timer_cancel(node->context, each->timer);
        answer(each);
    }
}

static int exec(void *state, xylem_work *work)
{
    struct node *node = state;
    uint64_t life = life_of(node), number = xylem_context_random(node->context);
    uint64_t request = own_told ? own_told->model.lives[life].working : 0;
    int64_t since_us = now_us(), ms = 1 + (int64_t)(number >> 4 & 0xff);
    size_t size;
    const char *text = xylem_work_text(work, &size);
    look_at_all(node, number);
    if (number % 3 == 0 && xylem_work_context(work) == node->context && work->rest) {
        bool wanted = xylem_work_rest(work, ms);
        if (own_told)
            check_rested(own_told, life, request, wanted, ms, since_us);
    }
    return number % 8 == 1 ? xylem_work_reply(work, text, size)
                           : defer(node, work, request, number);
}

/* The state. */

static int open(void **state, xylem_context *context)
{
    struct node *node = need(calloc(1, sizeof *node));
    node->context = context;
    *state = node;
    own_opened();
    return XYLEM_OK;
}

static void end(struct node *node)
{
    struct pending *each, *next;
    DL_FOREACH_SAFE(node->all, each, next)
    {
        if (each->token) {
            each->timer = 0;
            answer(each);
        }
        free(each);
    }
    free(node);
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

void later_register(void)
{
    static const xylem_service service =
        XYLEM_SERVICE(.name = LATER_NAME, .exec = exec, .close = close, .release = release,
                      .open_with = open);
    own_register(&service, LONG_LATER_NAME);
}
