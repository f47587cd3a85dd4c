/* replay: gives a harness every file of the folders that are named. */
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

static size_t size_of(FILE *file)
{
    must(fseek(file, 0, SEEK_END) == 0);
    long size = ftell(file);
    must(size >= 0);
    rewind(file);
    return (size_t)size;
}

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    must(file);
    size_t size = size_of(file);
    uint8_t *bytes = malloc(size ? size : 1); /* of its own: who reads beyond it is found out */
    must(bytes && fread(bytes, 1, size, file) == size);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

static int replay_folder(const char *folder)
{
    int count = 0;
    DIR *entries = opendir(folder);
    must(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        fprintf(stderr, "%s\n", path); /* the last one shown is the one that failed */
        replay(path);
        count++;
    }
    closedir(entries);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
