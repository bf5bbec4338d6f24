#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_socket(const char *directory, const char *name)
{
    char path[64];
    char target[16] = "";

    snprintf(path, sizeof(path), "%s/%.20s", directory, name);
    return readlink(path, target, sizeof(target) - 1) > 0 && strncmp(target, "socket:", 7) == 0;
}

static bool is_descriptor(const char *directory, const char *name)
{
    (void)directory;
    return name[0] != '.';
}

static size_t count(int pid, bool (*counts)(const char *directory, const char *name))
{
    char path[32];
    size_t count = 0;
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    directory = opendir(path);
    if (directory == NULL)
        return 0;
    while ((entry = readdir(directory)) != NULL)
        count += counts(path, entry->d_name);
    closedir(directory);
    return count;
}

size_t usage_sockets(int pid)
{
    return count(pid, is_socket);
}

size_t usage_descriptors(int pid)
{
    return count(pid, is_descriptor);
}

size_t usage_resident(int pid)
{
    char path[32];
    unsigned long pages = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

int64_t usage_cpu_ns(int pid)
{
    char path[32];
    long user = 0;
    long system = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
               &system) != 2)
        user = system = 0;
    fclose(file);
    return (int64_t)(user + system) * (1000000000 / sysconf(_SC_CLK_TCK));
}

bool usage_is_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}
