/* The programs beside this one: the simulator, and the command line. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/bench_clock.h"
#include "bench/bench_network.h"
#include "bench/must.h"
#include "sim/draw.h"

/* A program in the folder of this one, its input and its output. */
struct program {
    pid_t pid;
    FILE *input, *output;
};

static void find(const char *name, char path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    must(length >= 0, "exe");
    path[length] = '\0';
    char *end = strrchr(path, '/') + 1;
    snprintf(end, (size_t)(path + PATH_MAX - end), "%s", name);
}

static struct program begin(const char *name, char *const arguments[])
{
    char path[PATH_MAX];
    int in[2], out[2];
    find(name, path);
    must(pipe(in) == 0 && pipe(out) == 0, "pipe");
    struct program program = {.pid = fork()};
    must(program.pid >= 0, "fork");
    if (program.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[1]);
        close(out[0]);
        execv(path, arguments);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    program.input = fdopen(in[1], "w");
    program.output = fdopen(out[0], "r");
    return program;
}

static void end(struct program *program)
{
    fclose(program->input);
    fclose(program->output);
    waitpid(program->pid, NULL, 0);
}

/* The simulator. */

double events_xylem(const struct setting *setting)
{
    char seeds[32];
    static char name[] = "xylem-sim", option[] = "--seeds";
    char *arguments[] = {name, option, seeds, NULL};
    double events = -1;
    char *line = NULL;
    size_t size = 0;
    snprintf(seeds, sizeof seeds, "1..%zu", setting->nodes);
    struct program program = begin("xylem-sim", arguments);
    while (getline(&line, &size, program.output) > 0) {
        const char *found = strstr(line, "million events a second");
        while (found && found > line && found[-1] != ';')
            found--;
        if (found && sscanf(found, "%*f s, %lf million", &events) != 1)
            events = -1;
    }
    free(line);
    end(&program);
    return events;
}

/* This program, linked dynamically. */

/* What it says in JSON of one of its rows: the median of xylem or of the floor. */
static double ask_dynamic(const char *row, const char *whose)
{
    static char name[] = "xylem-bench-dynamic", only[] = "--only", once[] = "--repeat=1",
                json[] = "--json";
    char asked[64], wanted[64], *line = NULL;
    char *arguments[] = {name, only, asked, once, json, NULL};
    double result = -1;
    size_t size = 0;
    snprintf(asked, sizeof asked, "%s", row);
    snprintf(wanted, sizeof wanted, "\"%s\": {\"median\": ", whose);
    struct program program = begin(name, arguments);
    while (getline(&line, &size, program.output) > 0) {
        const char *found = strstr(line, wanted);
        if (found)
            result = strtod(found + strlen(wanted), NULL);
    }
    free(line);
    end(&program);
    return result;
}

static double start_of(const struct setting *setting, const char *kind, const char *whose)
{
    char row[64];
    snprintf(row, sizeof row, "%s/%s/%zu", kind, setting->transport == XYLEM_IPC ? "ipc" : "tcp",
             setting->nodes);
    return ask_dynamic(row, whose);
}

double dynamic_start_xylem(const struct setting *setting)
{
    return start_of(setting, "start", "xylem");
}

double dynamic_start_floor(const struct setting *setting)
{
    return start_of(setting, "start", "floor");
}

double dynamic_together_xylem(const struct setting *setting)
{
    return start_of(setting, "together", "xylem");
}

double dynamic_together_floor(const struct setting *setting)
{
    return start_of(setting, "together", "floor");
}

/* A plain heap of frames that are on their way, as many as a simulated network has. */

struct arrival {
    double when;
    void *frame;
};

static void push(struct arrival *heap, size_t *count, struct arrival new)
{
    size_t hole = (*count)++;
    for (; hole > 0 && new.when < heap[(hole - 1) / 2].when; hole = (hole - 1) / 2)
        heap[hole] = heap[(hole - 1) / 2];
    heap[hole] = new;
}

static struct arrival pop(struct arrival *heap, size_t *count)
{
    struct arrival first = heap[0], last = heap[--*count];
    size_t hole = 0, child;
    while ((child = 2 * hole + 1) < *count) {
        child += child + 1 < *count && heap[child + 1].when < heap[child].when;
        if (heap[child].when >= last.when)
            break;
        heap[hole] = heap[child];
        hole = child;
    }
    heap[hole] = last;
    return first;
}

/* The first frame arrives, and another one leaves. */
double events_floor(const struct setting *setting)
{
    enum { WAITING = 100, ROUNDS = 3000000 };
    static const char message[64] = "a frame of xylem is about as long";
    struct arrival heap[WAITING] = {{0}};
    size_t count = 0;
    xy_draw draw = xy_draw_stream(1, 0);
    (void)setting;
    for (int i = 0; i < WAITING; i++)
        push(heap, &count, (struct arrival){(double)i, malloc(sizeof message)});
    double begun = clock_now();
    for (int i = 0; i < ROUNDS; i++) {
        struct arrival now = pop(heap, &count);
        free(now.frame);
        now.when += (double)xy_draw_below(&draw, 1000);
        now.frame = malloc(sizeof message);
        must(now.frame != NULL, "memory");
        memcpy(now.frame, message, sizeof message);
        push(heap, &count, now);
    }
    double result = ROUNDS / (clock_now() - begun) / 1e6;
    while (count > 0)
        free(pop(heap, &count).frame);
    return result;
}

/* The command line: how long it takes to show what there is. */

static double show(const struct setting *setting, const char *command)
{
    static char name[] = "xylem";
    char *arguments[] = {name, NULL};
    char *line = NULL;
    size_t size = 0;
    int64_t *ids = random_ids(setting->nodes);
    struct program program = begin("xylem", arguments);
    for (size_t i = 0; i < setting->nodes; i++)
        fprintf(program.input, "create %lld\n", (long long)ids[i]);
    fflush(program.input);
    for (size_t i = 0; i < setting->nodes; i++)
        must(getline(&line, &size, program.output) > 3 && line[0] == 'O', "create");
    double begun = clock_now();
    fprintf(program.input, "%s\nend\n", command); /* the second is an error, on a line of its own */
    fflush(program.input);
    while (getline(&line, &size, program.output) > 0 && strncmp(line, "Error", 5) != 0)
        ;
    double result = 1e3 * (clock_now() - begun);
    free(line);
    free(ids);
    end(&program);
    return result;
}

double all_xylem(const struct setting *setting)
{
    return show(setting, "all");
}

double tree_xylem(const struct setting *setting)
{
    return show(setting, "tree");
}
