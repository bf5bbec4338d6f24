/*
 * A disk that hangs, for a program into which this library is loaded before all
 * others: nothing that is to be synced ever is.
 */
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
