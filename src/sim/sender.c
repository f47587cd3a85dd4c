#include "sim/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/service.h"
#include "sim/check.h"
#include "sim/need.h"

enum { HEAD_MAX = 48 };

static struct check *told;

bool sender_is(const char *service)
{
    return strcmp(service, SENDER_NAME) == 0 || strcmp(service, QUICK_SENDER_NAME) == 0;
}

static int write_head(char head[HEAD_MAX], uint64_t request, uint64_t place)
{
    return snprintf(head, HEAD_MAX, "%" PRIu64 " %" PRIu64 " ", request, place);
}

bool sender_has_sent(uint64_t request, uint64_t place, const void *bytes, size_t size)
{
    char head[HEAD_MAX];
    size_t length = (size_t)write_head(head, request, place);
    const char *last = (const char *)bytes + size - 1;
    return size >= length && memcmp(bytes, head, length) == 0 &&
           (size == length || *last == (char)('a' + place % 26));
}

/* What is published: a large event now and then. */

enum { TOPIC_SIZE = sizeof "topic", SMALL = 40, LARGE = 30000, EACH = 8 };

static size_t size_of(uint64_t place)
{
    return place % EACH ? SMALL : LARGE;
}

size_t sender_cost(uint64_t count)
{
    return count * XY_CHUNK_COST(TOPIC_SIZE + SMALL) + count / EACH * (LARGE - SMALL);
}

bool sender_has_published(uint64_t life, uint64_t place, const void *bytes, size_t size)
{
    char head[HEAD_MAX];
    int length = write_head(head, life, place);
    const char *text = (const char *)bytes + TOPIC_SIZE;
    return size == TOPIC_SIZE + size_of(place) && strcmp(bytes, "topic") == 0 &&
           memcmp(text, head, (size_t)length) == 0;
}

static void publish(xylem_context *context)
{
    static char bytes[LARGE];
    uint64_t life = xylem_context_life(context);
    uint64_t place = told ? told->model.lives[life].offered + 1 : 1;
    write_head(bytes, life, place);
    if (!xylem_context_publish(context, "topic", bytes, size_of(place)) && told)
        told->model.lives[life].offered++;
}

/* The bytes are its own: another work sends while this one waits. */
static int send(xylem_work *work, uint64_t request, uint64_t place, size_t size)
{
    char head[HEAD_MAX];
    size_t length = (size_t)write_head(head, request, place);
    size = size > length ? size : length;
    char *bytes = need(malloc(size));
    memset(bytes, 'a' + (char)(place % 26), size);
    memcpy(bytes, head, length);
    int error = xylem_work_send(work, bytes, size);
    free(bytes);
    return error;
}

static int exec(void *state, xylem_work *work)
{
    unsigned count, size, ms;
    char text[48];
    uint64_t life = xylem_context_life(xylem_work_context(work));
    uint64_t request = told ? told->model.lives[life].working : 0, sent = 0;
    int error = XYLEM_OK;
    (void)state;
    if (sscanf(xylem_work_text(work, NULL), "s %u %u %u", &count, &size, &ms) != 3)
        return xylem_work_reply(work, "", 0);
    while (sent < count && !error) {
        if (ms > 0 && work->rest)
            xylem_work_rest(work, ms);
        error = send(work, request, sent + 1, size);
        publish(xylem_work_context(work));
        sent += !error;
    }
    if (error == XYLEM_CANCELLED)
        return error;
    return xylem_work_reply(work, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, sent));
}

void sender_begin(struct check *check)
{
    static const xylem_service services[] = {
        XYLEM_SERVICE(.name = SENDER_NAME, .exec = exec, .takes_long = true),
        XYLEM_SERVICE(.name = QUICK_SENDER_NAME, .exec = exec)};
    for (size_t i = 0; i < 2; i++)
        if (!xy_service_named(services[i].name))
            xylem_register(&services[i]);
    told = check;
}

void sender_hush(void)
{
    told = NULL;
}
