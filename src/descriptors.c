#include "descriptors.h"

#include <dirent.h>
#include <sys/resource.h>

#include "report/hooks.h"
#include "report/listener.h"

/* Loop, log, signals, and some that we were started with: where /proc is missing. */
enum { USUAL = 32 };

/* The state file: its lock, the file, the one that replaces it, their folder. */
enum { STATE_FILE = 4 };

/* The log file: the one that is opened anew, and how that ends. */
enum { LOG_FILE = 2 };

static size_t count_open(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return USUAL;
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count - 3; /* ".", ".." and the directory's own */
}

/* The usual soft limit is 1024. */
static size_t raise_limit(void)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

void descriptors_init(struct descriptors *descriptors)
{
    size_t limit = raise_limit(), spare = 4 + limit / 32;
    *descriptors = (struct descriptors){limit, count_open() + (spare < 32 ? spare : 32)};
}

size_t descriptors_left(const struct descriptors *descriptors, const struct descriptors_use *use)
{
    size_t taken = descriptors->base + (use->state_file ? STATE_FILE : 0) +
                   (use->log_file ? LOG_FILE : 0) + (use->hooks ? HOOKS_DESCRIPTORS : 0) +
                   (use->listener > 0 ? LISTENER_DESCRIPTORS + use->listener : 0);
    return descriptors->limit > taken ? descriptors->limit - taken : 1;
}

size_t descriptors_for_listener(const struct descriptors *descriptors,
                                const struct descriptors_use *use)
{
    size_t quarter = descriptors_left(descriptors, use) / 4;
    if (quarter < 1)
        return 1;
    return quarter < LISTENER_CONNECTIONS ? quarter : LISTENER_CONNECTIONS;
}
