/* counts: what a process has in use, counted before and after something that must leave nothing.
 */
#ifndef XY_TEST_COUNTS_H
#define XY_TEST_COUNTS_H

#include "unit.h"

#include <dirent.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { COUNTS_CEILING_MS = 10000 };

typedef struct counts {
    size_t descriptors, threads, children, files;
    size_t worker; /* descriptors of another process */
} counts;

static inline int64_t counts_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The entries of a folder; 0 when there is none. */
static inline size_t count_entries(const char *path)
{
    size_t count = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* The entries of a folder and of the folders in it. */
static inline size_t count_files(const char *path)
{
    size_t count = count_entries(path);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char below[512];
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        count += entry->d_name[0] != '.' && entry->d_type == DT_DIR ? count_entries(below) : 0;
    }
    if (dir)
        closedir(dir);
    return count;
}

/* Children that live, and those that have not been waited for. */
static inline size_t count_children(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[300], line[512];
        int parent = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
        const char *end = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        count += end && sscanf(end, ") %*c %d", &parent) == 1 && parent == getpid();
        if (file)
            fclose(file);
    }
    if (dir)
        closedir(dir);
    return count;
}

/* `folder` may be NULL, and `worker` 0. */
static inline counts count_all(const char *folder, int64_t worker)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%lld/fd", (long long)worker);
    return (counts){.descriptors = count_entries("/proc/self/fd"),
                    .threads = count_entries("/proc/self/task"),
                    .children = count_children(),
                    .files = folder ? count_files(folder) : 0,
                    .worker = worker ? count_entries(path) : 0};
}

static inline bool counts_within(counts a, counts b)
{
    return a.descriptors <= b.descriptors && a.threads <= b.threads && a.children <= b.children &&
           a.files <= b.files && a.worker <= b.worker;
}

static inline void print_counts(const char *when, counts all)
{
    print_message("%s: %zu descriptors, %zu threads, %zu children, %zu files, %zu of the worker\n",
                  when, all.descriptors, all.threads, all.children, all.files, all.worker);
}

/* Waits until no more is in use than before. What has been told to end takes its time: `help`,
 * unless NULL, lets it go on. */
static inline void expect_counts(counts before, const char *folder, int64_t worker,
                                 void (*help)(void *), void *context)
{
    static bool failed; /* what was left then is left for good: later tests need not wait */
    int64_t until_ms = failed ? 0 : counts_now_ms() + COUNTS_CEILING_MS;
    counts after;
    while (!counts_within(after = count_all(folder, worker), before)) {
        if (counts_now_ms() > until_ms) {
            print_counts("before", before);
            print_counts("after", after);
            failed = true;
            fail();
        }
        if (help)
            help(context);
        else
            sched_yield();
    }
}

#endif
