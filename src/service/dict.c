/* dict: keeps numbers by name: NAME VALUE, NAME. Its arguments are what it begins with. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/service.h"
#include "service/word.h"

typedef struct item {
    char *name;
    int64_t value;
} item;

typedef struct dictionary {
    void *root; /* of items, by name: see tsearch */
} dictionary;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const item *)a)->name, ((const item *)b)->name);
}

static void free_item(void *which)
{
    item *gone = which;
    free(gone->name);
    free(gone);
}

static void close(void *state)
{
    dictionary *all = state;
    tdestroy(all->root, free_item);
    free(all);
}

/* The name is the item's from then on, and freed when there is no memory. */
static item *make_item(char *name, int64_t value)
{
    item *made = malloc(sizeof *made);
    if (made)
        *made = (item){name, value};
    else
        free(name);
    return made;
}

static int put(dictionary *all, char *name, int64_t value)
{
    item *new = make_item(name, value);
    item **found = new ? tsearch(new, &all->root, by_name) : NULL;
    if (found && *found != new)
        (*found)->value = value;
    if (new && (!found || *found != new))
        free_item(new);
    return found ? XYLEM_OK : XYLEM_NO_MEMORY;
}

static int reply_missing(const char *name, xylem_work *work)
{
    char *text = NULL;
    int length = asprintf(&text, "'%s' not found", name);
    if (length < 0)
        return XYLEM_NO_MEMORY;
    int error = xylem_work_reply(work, text, (size_t)length);
    free(text);
    return error ? error : XYLEM_FAILED;
}

static int get(const dictionary *all, char *name, xylem_work *work)
{
    item *const *found = tfind(&(item){.name = name}, &all->root, by_name);
    if (!found)
        return reply_missing(name, work);
    return xy_service_show(work, (*found)->value, "");
}

static int look_up(const dictionary *all, xy_word word, xylem_work *work)
{
    char *name = xy_word_copy(word, NULL);
    int status = name ? get(all, name, work) : XYLEM_NO_MEMORY;
    free(name);
    return status;
}

static int keep(dictionary *all, xy_word word, int64_t value)
{
    char *name = xy_word_copy(word, NULL);
    return name ? put(all, name, value) : XYLEM_NO_MEMORY;
}

static int refuse(xylem_work *work)
{
    return xy_service_refuse(work, &xy_dict, "NAME NUMBER, NAME");
}

static int exec(void *state, xylem_work *work)
{
    const char *text = xylem_work_text(work, NULL);
    xy_word name, word;
    int64_t value;
    if (!xy_word_take(&text, &name))
        return refuse(work);
    if (!xy_word_take(&text, &word))
        return look_up(state, name, work);
    if (!xy_word_number(word, &value) || !xy_words_over(text))
        return refuse(work);
    return keep(state, name, value);
}

/* NAME NUMBER, and so on. */
static int keep_all(dictionary *all, const char *text)
{
    int64_t value;
    int error = XYLEM_OK;
    for (xy_word name, word; !error && xy_word_take(&text, &name);)
        error = xy_word_take(&text, &word) && xy_word_number(word, &value) ? keep(all, name, value)
                                                                           : XYLEM_INVALID;
    return error;
}

static int open_with(void **state, xylem_context *context)
{
    dictionary *all = calloc(1, sizeof *all);
    int error = all ? keep_all(all, xylem_context_arguments(context, NULL)) : XYLEM_NO_MEMORY;
    if (error && all)
        close(all);
    *state = error ? NULL : all;
    return error;
}

const xylem_service xy_dict =
    XYLEM_SERVICE(.name = "dict", .open_with = open_with, .exec = exec, .close = close,
                  .release = close, .combine = xy_service_add);
