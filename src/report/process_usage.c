#include "report/process_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"

/* Ten thousand of them take tens of milliseconds to be counted, in which no poll could be sent. */
enum { COUNTED_FDS_MAX = 256 };

static int64_t measure_cpu(void)
{
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) != 0)
        return -1;
    return cpu.tv_sec * SECOND + cpu.tv_nsec;
}

/* proc(5): sizes in pages, the first two are those. */
static void measure_memory(struct process_usage *usage)
{
    char text[128];
    long long virtual, resident;
    int64_t page = sysconf(_SC_PAGESIZE);
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    bool known = sscanf(text, "%lld %lld", &virtual, &resident) == 2;
    usage->virtual = known ? virtual * page : -1;
    usage->resident = known ? resident * page : -1;
}

/* Less ".", ".." and the directory itself. */
static int64_t count_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int64_t entries = 0;
    if (directory == NULL)
        return -1;
    while (entries <= COUNTED_FDS_MAX + 3 && readdir(directory) != NULL)
        entries++;
    closedir(directory);
    return entries <= COUNTED_FDS_MAX + 3 ? entries - 3 : -1;
}

/* The size of the folder is their number since Linux 6.2, and was 0 before. */
static int64_t measure_fds(void)
{
    struct stat folder;
    if (stat("/proc/self/fd", &folder) != 0)
        return -1;
    return folder.st_size > 0 ? folder.st_size : count_fds();
}

static int64_t measure_fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    return limit.rlim_cur > INT64_MAX ? INT64_MAX : (int64_t)limit.rlim_cur;
}

void process_usage_measure(struct process_usage *usage)
{
    usage->cpu = measure_cpu();
    measure_memory(usage);
    usage->open_fds = measure_fds();
    usage->max_fds = measure_fd_limit();
}
