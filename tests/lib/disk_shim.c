/*
 * A disk that hangs, for a program into which this library is loaded before all
 * others: nothing that is to be synced ever is; and while there is a file
 * $DISK_SHIM_HOLD, no write to a regular file comes back, nor does opening $DISK_SHIM_PATH.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void hang(void)
{
    for (;;)
        pause();
}

int fsync(int fd)
{
    (void)fd;
    hang();
}

int fdatasync(int fd)
{
    (void)fd;
    hang();
}

static void wait_for_disk(void)
{
    const struct timespec pause_time = {0, 1000000};
    const char *hold = getenv("DISK_SHIM_HOLD");

    while (hold != NULL && access(hold, F_OK) == 0)
        nanosleep(&pause_time, NULL);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    struct stat info;

    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        wait_for_disk();
    return syscall(SYS_write, fd, bytes, length);
}

int open(const char *path, int flags, ...)
{
    const char *slow = getenv("DISK_SHIM_PATH");
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0)
        mode = va_arg(args, mode_t);
    va_end(args);
    if (slow != NULL && strcmp(path, slow) == 0)
        wait_for_disk();
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
