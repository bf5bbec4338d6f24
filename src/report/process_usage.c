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

/* Some entries of a folder at a time: readdir(3) has the kernel make a thousand for the first one.
 */
static ssize_t read_entries(int fd, int64_t *entries)
{
    _Alignas(struct dirent64) char bytes[1024];
    ssize_t length = getdents64(fd, bytes, sizeof bytes);
    for (ssize_t at = 0; at < length; at += ((const struct dirent64 *)(bytes + at))->d_reclen)
        ++*entries;
    return length;
}

/* Less ".", ".." and the directory itself. */
static int64_t count_fds(void)
{
    int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t entries = 0;
    ssize_t length = -1;
    if (fd < 0)
        return -1;
    while (entries <= COUNTED_FDS_MAX + 3 && (length = read_entries(fd, &entries)) > 0)
        ;
    close(fd);
    return length == 0 ? entries - 3 : -1;
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
