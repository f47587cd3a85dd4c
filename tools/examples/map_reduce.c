/* Map and reduce: 64 nodes count the words of a text, each in a piece of it. Another node cuts the
 * text into pieces, asks the 64, adds up what they reply, and answers.
 *
 *     map_reduce thread|ipc|tcp|simulated [FILE]
 *
 * The node that asks does not wait: it defers its answer (xylem_work_defer), and its callback gives
 * it when the last piece has come (xylem_token_reply). Meanwhile it could do other work. When the
 * node ends, no callback comes any more: so the state knows all that is under way, and ends it.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>

#include "world.h"

enum { NODES = 64, ASKER = 1000, MOST_FREQUENT = 3 };

static const char standard[] =
    "A tree of nodes has one root, and each other node has one parent. A node that dies takes the "
    "way to all nodes below it away. So a tree that is to live must be watched, and what has lost "
    "its parent must get another one. A parent watches its children by their heartbeats: a child "
    "that is silent for too long is given up. A node that was given up may come back, and then it "
    "finds the tree as it is now, not as it was. One node decides who is whose parent. All others "
    "only report what they see, and so two nodes never disagree for long.";

/* Words and how often each has come, in the order of the alphabet. */

typedef struct word_counts {
    struct one {
        char *word;
        long count;
    } * all;
    size_t size;
} word_counts;

static void add(word_counts *counts, const char *word, size_t length, long count)
{
    size_t from = 0, to = counts->size;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strncmp(counts->all[middle].word, word, length);
        if (order == 0)
            order = counts->all[middle].word[length] != '\0';
        if (order == 0) {
            counts->all[middle].count += count;
            return;
        }
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    counts->all = realloc(counts->all, (counts->size + 1) * sizeof *counts->all);
    memmove(counts->all + from + 1, counts->all + from,
            (counts->size - from) * sizeof *counts->all);
    counts->all[from] = (struct one){calloc(length + 1, 1), count};
    memcpy(counts->all[from].word, word, length);
    counts->size++;
}

static bool is_letter(char c)
{
    return isalpha((unsigned char)c);
}

static void count_words(word_counts *counts, const char *text, size_t size)
{
    char word[64];
    size_t length = 0;
    for (size_t i = 0; i <= size; i++) {
        bool letter = i < size && is_letter(text[i]);
        if (letter && length < sizeof word)
            word[length++] = (char)tolower((unsigned char)text[i]);
        if (!letter && length > 0)
            add(counts, word, length, 1);
        if (!letter)
            length = 0;
    }
}

/* One a line: "tree 3". The caller frees it. */
static char *write_counts(const word_counts *counts, size_t *size)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, size);
    for (size_t i = 0; i < counts->size; i++)
        fprintf(file, "%s %ld\n", counts->all[i].word, counts->all[i].count);
    fclose(file);
    return text;
}

static void read_counts(word_counts *counts, const char *text)
{
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        size_t length = strcspn(text, " ");
        add(counts, text, length, strtol(text + length, NULL, 10));
    }
}

static void clear(word_counts *counts)
{
    for (size_t i = 0; i < counts->size; i++)
        free(counts->all[i].word);
    free(counts->all);
    *counts = (word_counts){NULL, 0};
}

/* The service of the 64: the words of a piece. */

static int map(void *state, xylem_work *work)
{
    word_counts counts = {NULL, 0};
    size_t size;
    const char *text = xylem_work_text(work, &size);
    (void)state;
    count_words(&counts, text, size);
    char *reply = write_counts(&counts, &size);
    int error = xylem_work_reply(work, reply, size);
    free(reply);
    clear(&counts);
    return error;
}

/* The service of the one that asks them. Its state is what is under way. */

typedef struct word_sum {
    struct word_sum *next;
    struct word_sum **first; /* the state */
    xylem_token *token;
    word_counts counts;
    int left;  /* pieces whose words have not come */
    int error; /* the first one */
} word_sum;

static void take_out(word_sum *sum)
{
    word_sum **at = sum->first;
    while (*at != sum)
        at = &(*at)->next;
    *at = sum->next;
}

static void finish(word_sum *sum)
{
    size_t size;
    char *text = write_counts(&sum->counts, &size);
    const char *failed = xylem_strerror(sum->error);
    if (sum->error)
        xylem_token_reply(&sum->token, XYLEM_FAILED, failed, strlen(failed));
    else
        xylem_token_reply(&sum->token, XYLEM_OK, text, size);
    free(text);
    clear(&sum->counts);
    take_out(sum);
    free(sum);
}

static void answered(xylem_context *context, int error, const xylem_outcome *const *outcomes,
                     size_t count, void *owner)
{
    word_sum *sum = owner;
    (void)context;
    if (error && !sum->error)
        sum->error = error;
    if (!error && count == 1)
        read_counts(&sum->counts, outcomes[0]->text);
    if (--sum->left == 0)
        finish(sum);
}

static void ask(word_sum *sum, xylem_work *work, int node, const char *piece, size_t size)
{
    char set[16];
    snprintf(set, sizeof set, "%d", node);
    int error = xylem_work_ask(work, set, piece, size, -1, answered, sum);
    if (error && !sum->error)
        sum->error = error;
    sum->left += !error;
}

static int reduce(void *state, xylem_work *work)
{
    size_t size, from = 0;
    const char *text = xylem_work_text(work, &size);
    word_sum *new = calloc(1, sizeof *new);
    new->first = state;
    new->next = *new->first;
    *new->first = new;
    new->token = xylem_work_defer(work);
    for (int node = 0; node < NODES; node++) {
        size_t to = size * ((size_t)node + 1) / NODES;
        while (to < size && is_letter(text[to])) /* not in the middle of a word */
            to++;
        if (to > from)
            ask(new, work, node, text + from, to - from);
        from = to > from ? to : from;
    }
    if (new->left == 0)
        finish(new);
    return XYLEM_OK;
}

static int open_sums(void **state)
{
    *state = calloc(1, sizeof(word_sum *));
    return *state ? XYLEM_OK : XYLEM_NO_MEMORY;
}

/* The tokens are not wanted any more, and have to be ended. */
static void end_sums(void *state)
{
    for (word_sum **first = state; *first;) {
        (*first)->error = XYLEM_CANCELLED;
        finish(*first);
    }
    free(state);
}

static const xylem_service services[] = {
    XYLEM_SERVICE(.name = "map", .exec = map),
    XYLEM_SERVICE(.name = "reduce", .open = open_sums, .exec = reduce, .close = end_sums,
                  .release = end_sums),
};

/* The program. */

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (size_t got = 1; got > 0; *size += got) {
        char *longer = realloc(text, *size + 65537);
        if (!longer) {
            fputs("out of memory\n", stderr);
            exit(EXIT_FAILURE);
        }
        text = longer;
        got = fread(text + *size, 1, 65536, file);
    }
    fclose(file);
    return text;
}

static void show(const word_counts *counts)
{
    long words = 0, below = 0;
    for (size_t i = 0; i < counts->size; i++)
        words += counts->all[i].count;
    printf("%ld words, %zu different ones\n", words, counts->size);
    for (int place = 0; place < MOST_FREQUENT; place++) {
        const struct one *most = NULL;
        for (size_t i = 0; i < counts->size; i++)
            if ((!below || counts->all[i].count < below) &&
                (!most || counts->all[i].count > most->count))
                most = &counts->all[i];
        if (most)
            printf("%s: %ld\n", most->word, most->count);
        below = most ? most->count : 1;
    }
}

/* Whether the nodes have counted what this program counts by itself. */
static bool is_right(const char *reply, const char *text, size_t size)
{
    word_counts counts = {NULL, 0};
    size_t length;
    count_words(&counts, text, size);
    char *wanted = write_counts(&counts, &length);
    bool right = strcmp(reply, wanted) == 0;
    free(wanted);
    clear(&counts);
    return right;
}

static int create(xylem *network, int64_t id, const char *service)
{
    xylem_create_options options = XYLEM_CREATE_OPTIONS;
    options.service = service;
    return xylem_create_with(network, id, &options, NULL);
}

static int use(xylem *network, const char *text, size_t size)
{
    word_counts counts = {NULL, 0};
    const char *reply;
    int error = create(network, ASKER, "reduce");
    for (int64_t id = 0; !error && id < NODES; id++)
        error = create(network, id, "map");
    if (!error)
        error = xylem_exec_bytes(network, ASKER, text, size, &reply, NULL);
    if (error)
        return error;
    read_counts(&counts, reply);
    show(&counts);
    puts(is_right(reply, text, size) ? "as one program counts them" : "WRONG");
    clear(&counts);
    return XYLEM_OK;
}

int main(int argc, char **argv)
{
    xylem_options options = XYLEM_OPTIONS;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (xylem_register(&services[i]))
            return EXIT_FAILURE;
    xylem_worker(argc, argv);
    options.topology = "balanced";
    options.timeout_ms = 30000;
    xylem *network = open_network(argv, options);
    size_t size = 0;
    char *given = argc > 2 ? read_file(argv[2], &size) : NULL;
    int error = use(network, given ? given : standard, given ? size : sizeof standard - 1);
    free(given);
    return close_network(network, error);
}
